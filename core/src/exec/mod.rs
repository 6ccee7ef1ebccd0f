//! The commands of the model: their environment, their output, and their end with their thread.
//!
//! Where to look:
//!
//! * `sessions` (the commands of a thread), `session` (one command), `environment` (its variables)
//! * `text` (decoding, and what is kept), `output_limit` (what the model gets)
//! * how processes are started and ended: `crate::process`

mod environment;
mod output_limit;
mod session;
mod sessions;
mod text;

pub(crate) use output_limit::OutputLimit;
pub(crate) use session::Chunk;
pub(crate) use sessions::{ExecOptions, ExecSessions, Launch};
pub(crate) use text::tokens;
