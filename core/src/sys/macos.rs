//! What Linux answers by `/proc`, on systems without it: macOS and its relatives. Written from the documentation; not
//! built or tested here.
//!
//! What is lost, without calls that this crate forbids itself (`unsafe`):
//! - There is no list of processes. The orphan reaper ends process groups, but not a process that left its group and
//!   lost its parent; and a group whose number was given to others after all its members ended can't be told from
//!   its successor.
//! - Nobody tells which process holds a lock, or whether what was written to a socket has been read.
//! - Nobody says where a thread is to run.
//! - Changes in folders are not told as they happen; whoever wants to know of them looks.
//! - There is no keyring yet: `cli_auth_credentials_store = "keyring"` fails, `"auto"` uses `auth.json`.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use keyring_core::api::CredentialStore;
use rustix::fs::{Dir, FileType};

use super::folder;
use super::process::{Process, Signal, signal_process};
use super::{FolderEvent, FolderInterest, WatchedFolder};
use crate::Holder;

/// Memory that this process occupies, in bytes: nobody tells.
pub(crate) fn resident_memory() -> Option<u64> {
    None
}

/// Whether the other end of a local socket has read all that was written: nobody tells.
pub fn is_all_read(_socket: impl AsFd) -> Option<bool> {
    None
}

/// Where an open file is now, without links. Fails if that can't be told.
pub(crate) fn place_of(file: &File) -> io::Result<PathBuf> {
    let place = rustix::fs::getpath(file)?;
    Ok(OsStr::from_bytes(place.to_bytes()).into())
}

/// Whether the kernel makes a file up: there is no file system for that. Devices are no regular files anyway.
pub(crate) fn is_kernel_file(_: &File) -> bool {
    false
}

/// Whether all changes of a file system are made on this machine: not known.
pub(crate) fn is_local(_: &File) -> bool {
    false
}

/// Whether the kernel makes up what is at an absolute path without links.
pub(crate) fn is_kernel_path(path: &Path) -> bool {
    path.starts_with("/dev")
}

/// Opens a folder below an open one; no link is followed, and nothing leads out.
pub(super) fn open_folder_below(base: &OwnedFd, path: &Path) -> io::Result<OwnedFd> {
    folder::walk(base, path)
}

/// Tells the entries of an open folder, as the system does, until `each` gives false.
pub(super) fn read_entries(folder: &File, mut each: impl FnMut(&OsStr, FileType) -> bool) -> io::Result<()> {
    for entry in Dir::read_from(folder)? {
        let entry = entry?;
        if !each(OsStr::from_bytes(entry.file_name().to_bytes()), entry.file_type()) {
            break;
        }
    }
    Ok(())
}

/// A process that can be ended, by its number. Whoever holds this must be the parent: the number stays taken until the
/// parent has asked how the process ended, and for the moment after that it may hit another process of this user.
#[derive(Debug)]
pub(crate) struct ProcessHandle(i32);

impl ProcessHandle {
    /// Of a child that has not been waited for.
    pub(crate) fn of_child(id: u32) -> Option<Self> {
        i32::try_from(id).ok().filter(|id| *id > 1).map(Self)
    }

    /// Ends it at once. One that has ended by itself is no error.
    pub(crate) fn kill(&self) {
        let _ = signal_process(self.0, Signal::Kill);
    }
}

/// The file of our own program; after an update that replaced it, the new one.
pub(super) fn own_program() -> io::Result<PathBuf> {
    std::env::current_exe()
}

/// A process by its number: nobody tells.
pub(crate) fn find_process(_: i32) -> Option<Process> {
    None
}

/// All processes: nobody tells.
pub(crate) fn all_processes() -> BTreeMap<i32, Process> {
    BTreeMap::new()
}

/// Whether a process was started with this variable: nobody tells.
/// Nobody tells.
pub(crate) fn usage(_: i32) -> Option<super::process::ResourceUsage> {
    None
}

/// Nobody tells.
pub(crate) fn has_variable(_: &Process, _: &str) -> bool {
    false
}

/// The process that holds a lock on this file: nobody tells, for locks by `flock`.
pub(crate) fn lock_holder(_: &File) -> Option<Holder> {
    None
}

/// The keyring: none yet.
pub(crate) fn keyring_store() -> Result<Arc<CredentialStore>, String> {
    Err("this build has no keyring for this system; set cli_auth_credentials_store to \"file\"".to_owned())
}

/// A watch over folders; this system has none to give.
#[derive(Debug)]
pub(crate) struct FolderWatch(Infallible);

impl FolderWatch {
    /// Always fails.
    pub(crate) fn new() -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Watches a folder.
    pub(crate) fn add(&self, _: &Path, _: FolderInterest) -> io::Result<WatchedFolder> {
        match self.0 {}
    }

    /// Whether nothing has happened.
    pub(crate) fn is_quiet(&self) -> bool {
        match self.0 {}
    }

    /// How many folders may be watched.
    pub(crate) fn most() -> Option<usize> {
        None
    }

    /// Ends the watch over a folder.
    pub(crate) fn remove(&self, _: WatchedFolder) {
        match self.0 {}
    }

    /// Takes everything that has happened so far.
    pub(crate) fn take(&self, _: impl FnMut(FolderEvent)) {
        match self.0 {}
    }

    /// Calls this when there is something to take.
    pub(crate) fn on_event(&self, _: impl FnMut() -> bool + Send + 'static) -> io::Result<()> {
        match self.0 {}
    }
}
