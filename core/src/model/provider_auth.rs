//! Bearer tokens printed by a provider's command (docs/contract/model-http.md#providers).

use std::time::{Duration, Instant};

use tokio::sync::Mutex;

use crate::auth::Secret;
use crate::config::AuthCommand;
use crate::process::capture::Limits;
use crate::process::launcher::{Launcher, Output, Variables};

/// Bytes that a command may print. No server takes a header of this length.
const LONGEST: usize = 64 * 1024;

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
    // The user has set it up as they would run it themselves, so it gets their environment.
    let mut launcher = Launcher::new(
        &command.command,
        &command.args,
        Variables::Inherited,
        Output::Stdout,
    );
    if let Some(folder) = &command.cwd {
        launcher = launcher.in_folder(folder);
    }
    let limits = Limits {
        time: Duration::from_millis(command.timeout_ms),
        output: LONGEST,
    };
    let output = launcher
        .capture(limits)
        .await
        .map_err(|error| error.to_string())?;
    let token = String::from_utf8(output).map_err(|_| "its output is not UTF-8".to_owned())?;
    match token.trim() {
        "" => Err("it printed nothing".to_owned()),
        token => Ok(Secret::new(token)),
    }
}
