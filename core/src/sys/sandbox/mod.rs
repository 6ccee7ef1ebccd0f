//! The sandbox as Linux makes it: a mode of our own program that confines itself and then becomes the command.
//!
//! Three processes. The *launcher* is what the daemon starts: it makes the namespaces and the view of the disk, and
//! waits. The *init* is the first process of the new process namespace: it takes over what loses its parent, decides
//! about the calls that the filter sends to it, and when it ends, for whatever reason, the kernel ends everything in
//! the namespace. The *command* drops its rights, puts itself under Landlock and seccomp, and executes.
//!
//! # Where to look
//!
//! | file | what |
//! |---|---|
//! | `plan.rs` | what the launcher is told |
//! | `launcher.rs`, `init.rs`, `command.rs` | the three processes, in this order |
//! | `fork_server.rs` | a process that forks launchers, which is faster than to start one |
//! | `waiting.rs` | such a launcher, which waits for its command |
//! | `mounts.rs` | the view of the disk |
//! | `confinement.rs` | capabilities, limits, Landlock |
//! | `filter.rs` | the seccomp filter |
//! | `supervisor/` | decisions about calls that create names, connect or bind |
//! | `syscalls.rs` | calls without a safe wrapper: nearly all of this crate's `unsafe` code |

mod command;
mod confinement;
mod filter;
pub(crate) mod fork_server;
mod init;
mod launcher;
mod mounts;
pub(crate) mod plan;
mod supervisor;
mod syscalls;
pub(crate) mod waiting;

pub(crate) use command::HELD;
pub(crate) use launcher::{FORK_SERVER, launcher_main};
