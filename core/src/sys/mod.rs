//! Everything that differs from one operating system to the next. The rest of this crate names no system, and uses
//! neither `std::os::unix` nor `rustix`.
//!
//! Linux is built and tested. macOS (and its relatives) is written from the documentation and not built here. Another
//! system needs a file beside these two with the same functions, and its own `files` and `process`.
//!
//! # Where to look
//!
//! | file | what |
//! |---|---|
//! | `files.rs` | identity, times and modes of files; creation for the owner only; opening without waiting; folder sync |
//! | `folder.rs` | open folders, and what is done to their entries without following links |
//! | `readable_folder.rs` | open folders that are read: their entries, and what is in those |
//! | `process.rs` | signals, groups and sessions, pipes of children, our own program as a child |
//! | `processor.rs` | where threads run |
//! | `heap.rs` | memory that the allocator keeps for later, and the pages that it lies in; `heap_unknown.rs` where it doesn't tell |
//! | `socket.rs` | what was written and not read, on Linux |
//! | `terminal.rs` | pseudo-terminals |
//! | `linux.rs` | process table, holder of a lock, files of the kernel, keyring: by `/proc`, pidfd and D-Bus |
//! | `inotify.rs` | changes in folders, on Linux |
//! | `sandbox/` | the sandbox of Linux: the launcher that confines commands |
//! | `macos.rs` | the same questions where nobody answers them; says what is lost |

#[cfg(not(unix))]
compile_error!(
    "codex-core does not support this system yet. core/src/sys lacks for it: processes (groups or job objects, signals, \
     the orphan reaper's pipe, output pipes), files (identity, owner-only creation, opening without waiting, positioned \
     reads, folder sync), the holder of a lock, and the keyring."
);

#[cfg(unix)]
pub(crate) mod files;
#[cfg(unix)]
pub(crate) mod folder;
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub(crate) mod heap;
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
#[path = "heap_unknown.rs"]
pub(crate) mod heap;
#[cfg(target_os = "linux")]
mod inotify;
#[cfg(target_os = "linux")]
mod linux;
#[cfg(all(unix, not(target_os = "linux")))]
mod macos;
#[cfg(unix)]
pub(crate) mod process;
pub(crate) mod processor;
#[cfg(unix)]
pub(crate) mod readable_folder;
#[cfg(target_os = "linux")]
pub(crate) mod sandbox;
#[cfg(target_os = "linux")]
mod socket;
#[cfg(unix)]
pub(crate) mod terminal;

use std::ffi::OsString;

#[cfg(target_os = "linux")]
use linux as system;
#[cfg(all(unix, not(target_os = "linux")))]
use macos as system;

#[cfg(target_os = "linux")]
pub(crate) use inotify::FolderWatch;
#[cfg(all(unix, not(target_os = "linux")))]
pub(crate) use macos::FolderWatch;
#[cfg(all(unix, not(target_os = "linux")))]
pub use macos::is_all_read;
#[cfg(target_os = "linux")]
pub use socket::is_all_read;
pub(crate) use system::{keyring_store, lock_holder, resident_memory};

/// What of a watched folder matters.
#[derive(Debug, Clone, Copy)]
pub(crate) enum FolderInterest {
    /// Its entries come, go, or have other content.
    Changes,
    /// Which entries it has, and not what is in them.
    Names,
    /// Only entries that come.
    Arrivals,
}

/// Identifies a folder that is watched. Two paths of one folder have the same.
pub(crate) type WatchedFolder = i32;

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum FolderEvent {
    /// In this folder, to the entry of this name; `None`: to the folder itself.
    Changed(WatchedFolder, Option<OsString>),
    /// This folder is not watched any more.
    Ended(WatchedFolder),
    /// More than the system keeps: anything may have happened.
    Lost,
}

/// Version of the operating system's kernel, such as `6.8.0`.
pub(crate) fn kernel_version() -> String {
    let name = rustix::system::uname();
    name.release().to_string_lossy().into_owned()
}
