//! Bearer tokens printed by a provider's command (model-and-auth section 1.1).

use std::process::Stdio;
use std::time::{Duration, Instant};

use tokio::process::Command;
use tokio::sync::Mutex;

use super::provider::AuthCommand;
use crate::auth::Secret;

/// The token of a provider's command, kept for as long as the provider says.
#[derive(Debug, Default)]
pub(super) struct CommandTokens {
    /// Locked while the command runs, so that it runs once for all who wait.
    kept: Mutex<Option<Kept>>,
}

#[derive(Debug)]
struct Kept {
    token: Secret,
    since: Instant,
}

impl CommandTokens {
    /// The token; `None` if the command fails: the request then goes out without, and the server says what is
    /// missing.
    pub(super) async fn get(&self, command: &AuthCommand) -> Option<Secret> {
        let life = Duration::from_millis(command.refresh_interval_ms);
        let mut kept = self.kept.lock().await;
        if let Some(kept) = kept.as_ref()
            && (life.is_zero() || kept.since.elapsed() < life)
        {
            return Some(kept.token.clone());
        }
        *kept = None;
        match run(command).await {
            Ok(token) => {
                *kept = Some(Kept {
                    token: token.clone(),
                    since: Instant::now(),
                });
                Some(token)
            }
            Err(why) => {
                tracing::warn!(
                    command = command.command,
                    "no token from the provider's auth command: {why}"
                );
                None
            }
        }
    }

    /// The next [`Self::get`] runs the command.
    pub(super) async fn forget(&self) {
        *self.kept.lock().await = None;
    }
}

async fn run(command: &AuthCommand) -> Result<Secret, String> {
    let mut process = Command::new(&command.command);
    process
        .args(&command.args)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    if let Some(cwd) = &command.cwd {
        process.current_dir(cwd);
    }
    let limit = Duration::from_millis(command.timeout_ms);
    let output = tokio::time::timeout(limit, process.output())
        .await
        .map_err(|_| format!("it took longer than {} ms", command.timeout_ms))?
        .map_err(|e| e.to_string())?;
    if !output.status.success() {
        return Err(output.status.to_string());
    }
    let token = String::from_utf8(output.stdout).map_err(|_| "its output is not UTF-8".to_owned())?;
    match token.trim() {
        "" => Err("it printed nothing".to_owned()),
        token => Ok(Secret::new(token)),
    }
}
