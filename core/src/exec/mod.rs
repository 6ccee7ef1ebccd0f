//! Running commands: processes, their groups, output caps, and their end with ours.

mod environment;
mod group;
mod guard;
mod output_limit;
mod session;
mod sessions;
mod text;

pub use guard::{GUARD_ARGUMENT, enable_guard, guard_main};
pub(crate) use output_limit::OutputLimit;
pub(crate) use session::Chunk;
pub(crate) use sessions::{ExecOptions, ExecSessions, Launch};
pub(crate) use text::tokens;
