//! The commands of the model: their environment, their output, and their end with their thread.

mod environment;
mod output_limit;
mod session;
mod sessions;
mod text;

pub(crate) use output_limit::OutputLimit;
pub(crate) use session::Chunk;
pub(crate) use sessions::{ExecOptions, ExecSessions, Launch};
pub(crate) use text::tokens;
