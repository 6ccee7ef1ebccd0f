//! The sandbox of commands: what a policy lets them touch, worked out for the folders of a thread, and how a command
//! is started within it (docs/contract/safety.md#sandbox).
//!
//! A [`SandboxPlan`] is made from a [`SandboxRequest`] by reading the disk, so off the runtime's thread. Then
//! [`SandboxPlan::wrap`] turns each command into one that starts our own program as a launcher, which confines itself
//! and becomes the command. [`availability`] says, once per process, what the system can do.
//!
//! Where to look:
//!
//! * `plan` (from a policy to a plan, and from a plan to a command), `roots` (folders that may be written), `places`
//!   (what holds where), `protected` (names that stay as they are), `worktree` (the repository of a linked worktree),
//!   `reading` (what may be read where a profile limits that), `restricted` (what a profile takes away, and its patterns)
//! * `waiting` (launchers that wait for their command)
//! * `availability` (what the system can do), `seatbelt` (the policy as macOS takes it)
//! * how Linux makes it: `crate::sys::sandbox`

mod availability;
mod error;
mod places;
mod plan;
mod protected;
mod reading;
mod restricted;
mod roots;
pub mod seatbelt;
pub(crate) mod waiting;
mod worktree;

use std::ffi::OsString;
use std::process::ExitCode;

pub use availability::{Availability, availability};
pub use error::{LeftOut, SandboxError};
pub use plan::{SandboxLayers, SandboxPlan, SandboxRequest, WrappedCommand};
pub(crate) use reading::ReadLimits;

/// The argument that makes the program a launcher: see [`launcher_main`].
pub const LAUNCHER_ARGUMENT: &str = "--internal-sandbox";

/// The launcher's whole life; `arguments` are those after [`LAUNCHER_ARGUMENT`]. Runs without the rest of the program:
/// before threads, runtime or log. Returns when the command has ended, with its exit code, or with 125 when it could
/// not be confined.
#[cfg(target_os = "linux")]
pub fn launcher_main(arguments: Vec<OsString>) -> ExitCode {
    crate::sys::sandbox::launcher_main(arguments)
}

/// Only Linux has a launcher.
#[cfg(not(target_os = "linux"))]
pub fn launcher_main(_: Vec<OsString>) -> ExitCode {
    ExitCode::from(125)
}
