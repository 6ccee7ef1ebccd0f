//! What follows when the configuration changes while threads are loaded, and what threads themselves change in it.

use std::path::Path;

use super::Engine;
use crate::config::{self, Config, TrustLevel};
use crate::session::ThreadMessage;
use crate::{Op, Reply, SandboxPolicy, ThreadSettings};

impl Engine {
    /// Has all loaded threads take up the configuration as it is now, as far as they can; see
    /// docs/contract/configuration.md#reload. One that can't be read is told as a warning of the thread.
    pub async fn reload_config(&self) {
        let handles = self.handles();
        for handle in handles {
            let (reply, snapshot) = Reply::channel();
            handle.submit(Op::Snapshot {
                include_turns: false,
                reply,
            });
            let Ok(snapshot) = snapshot.await else { continue };
            let overrides = handle.agents.place.overrides.clone();
            let cwd = snapshot.settings.cwd;
            let mail = match Config::load_in_background(&self.options.config, cwd, overrides).await {
                Ok(config) => ThreadMessage::Config(config),
                Err(error) => {
                    ThreadMessage::Warning(format!("The configuration could not be read again: {error}"))
                }
            };
            // A thread that has ended needs none.
            let _ = handle.mail.send(Box::new(mail));
        }
    }

    /// Marks the project of a folder as trusted, because a client starts a thread there that may write, and nobody has
    /// said yet whether it is trusted. `true`: it is trusted from now on.
    pub(super) async fn trust(&self, cwd: &Path, config: &Config, settings: &ThreadSettings) -> bool {
        let may_write = match settings.sandbox_policy {
            SandboxPolicy::WorkspaceWrite { .. } | SandboxPolicy::DangerFullAccess => true,
            SandboxPolicy::ReadOnly { .. } | SandboxPolicy::ExternalSandbox { .. } => false,
        };
        if config.trust.is_some() || !may_write {
            return false;
        }
        match config::set_trust(&self.options.config, cwd.to_owned(), TrustLevel::Trusted).await {
            Ok(is_said) => is_said,
            Err(error) => {
                tracing::warn!(%error, "the project could not be marked as trusted");
                false
            }
        }
    }
}
