//! Running commands: processes, their groups, output caps, and their end with ours.

mod sessions;

pub(crate) use sessions::{ExecOptions, ExecSessions};
