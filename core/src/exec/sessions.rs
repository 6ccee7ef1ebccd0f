//! The commands of one thread.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::ThreadId;
use crate::config::ShellEnvironmentPolicy;

/// What is the same for all commands of a thread.
#[derive(Debug, Clone)]
pub(crate) struct ExecOptions {
    /// The thread.
    pub(crate) thread_id: ThreadId,
    /// Root of its tree of sub-agents.
    pub(crate) session_id: String,
    /// `CODEX_HOME`.
    pub(crate) codex_home: PathBuf,
    /// Which variables commands get.
    pub(crate) environment: ShellEnvironmentPolicy,
    /// Whether the model may ask for a login shell.
    pub(crate) allow_login_shell: bool,
    /// How long an empty poll may wait.
    pub(crate) max_poll: Duration,
}

/// The commands of one thread: those that run, and what the user allowed.
#[derive(Debug)]
pub(crate) struct ExecSessions {
    options: ExecOptions,
}

impl ExecSessions {
    /// No commands yet.
    pub(crate) fn new(options: ExecOptions) -> Arc<Self> {
        Arc::new(Self { options })
    }
}
