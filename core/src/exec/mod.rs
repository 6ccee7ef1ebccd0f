//! The commands of the model: their environment, their output, and their end with their thread.
//!
//! Where to look:
//!
//! * `sessions` (the commands of a thread), `session` (one command), `environment` (its variables), `shell` (what runs it)
//! * `text` (decoding, and what is kept), `output_limit` (what the model gets), `cut` (what a history keeps of
//!   it), `waiting` (how long commands are waited for)
//! * `confinement` (the sandbox that a command starts in), `spare` (a launcher that is ready for the next one),
//!   `input_limits` (how the sandbox of a running command compares with one of now)
//! * `client_process` (processes that a client runs beside all threads), `local` (the machine as clients see it)
//! * how processes are started and ended: `crate::process`

mod client_process;
mod confinement;
mod cut;
mod environment;
mod input_limits;
mod local;
mod output_limit;
mod session;
mod sessions;
mod shell;
mod spare;
mod text;
mod waiting;

pub use crate::sys::terminal::TerminalSize;
pub use client_process::{
    CapturedOutput, ClientCommand, ClientCommandError, ProcessControl, ProcessControlError,
    ProcessControlled, ProcessExit, ProcessSink, ProcessStream,
};
pub(crate) use cut::{cut_middle, cut_output, ends};
pub(crate) use input_limits::InputLimits;
pub use local::LocalMachine;
pub(crate) use output_limit::OutputLimit;
pub(crate) use session::{Chunk, CommandSession, aborted_output};
pub use sessions::BackgroundTerminal;
pub(crate) use sessions::{ExecOptions, ExecSessions, Launch};
pub(crate) use shell::{choose_shell, shell_flag, user_shell};
pub(crate) use text::tokens;
