//! Bearer tokens that a command prints (`[model_providers.X.auth]`, model-and-auth section 1.1).

use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use super::refresh::{RefreshReason, Refresher};
use super::{AuthError, AuthManager, CodexAuth, Secret};

/// A command whose standard output is a bearer token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderCommand {
    /// Program.
    pub command: String,
    /// Its arguments.
    pub args: Vec<String>,
    /// Where it runs; `None`: where this process runs.
    pub cwd: Option<PathBuf>,
    /// How long it may take.
    pub timeout: Duration,
    /// How long its output is used; zero: until a server answers 401.
    pub refresh_interval: Duration,
}

impl ProviderCommand {
    pub(crate) fn is_fresh(&self, age: Duration) -> bool {
        self.refresh_interval.is_zero() || age < self.refresh_interval
    }

    /// Runs the command. Errors never quote its output.
    pub(crate) async fn run(&self) -> Result<Secret, String> {
        let mut command = tokio::process::Command::new(&self.command);
        command
            .args(&self.args)
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true);
        if let Some(cwd) = &self.cwd {
            command.current_dir(cwd);
        }
        let name = &self.command;
        let output = tokio::time::timeout(self.timeout, command.output())
            .await
            .map_err(|_| {
                format!(
                    "the auth command `{name}` took longer than {} ms",
                    self.timeout.as_millis()
                )
            })?
            .map_err(|error| format!("the auth command `{name}` cannot be run: {error}"))?;
        if !output.status.success() {
            return Err(format!("the auth command `{name}` failed: {}", output.status));
        }
        let text = String::from_utf8(output.stdout)
            .map_err(|_| format!("the auth command `{name}` printed something that is not text"))?;
        match text.trim() {
            "" => Err(format!("the auth command `{name}` printed nothing")),
            token => Ok(Secret::new(token)),
        }
    }
}

/// Renews by running the command again.
pub(crate) struct CommandRefresher {
    pub(crate) command: ProviderCommand,
}

impl Refresher for CommandRefresher {
    fn refresh(
        &self,
        manager: Arc<AuthManager>,
        _used: CodexAuth,
        _reason: RefreshReason,
    ) -> BoxFuture<'static, Result<CodexAuth, AuthError>> {
        let command = self.command.clone();
        async move { manager.run_command(&command).await }.boxed()
    }
}
