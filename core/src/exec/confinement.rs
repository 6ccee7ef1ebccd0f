//! How a command is confined: from the policy of its thread to the sandbox that it starts in.

use std::path::{Path, PathBuf};

use crate::SandboxPolicy;
use crate::sandbox::{SandboxError, SandboxLayers, SandboxPlan, SandboxRequest, availability};

/// Where the limits of a command are counted from.
#[derive(Debug, Clone)]
pub(crate) struct CommandSandbox {
    /// What it may touch.
    pub(crate) policy: SandboxPolicy,
    /// The folder that the policy calls the workspace, absolute.
    pub(crate) folder: PathBuf,
    /// Further folders of the workspace, absolute.
    pub(crate) workspace_roots: Vec<PathBuf>,
    /// `CODEX_HOME`, absolute.
    pub(crate) codex_home: PathBuf,
}

impl CommandSandbox {
    /// The sandbox of a command with this `TMPDIR`. `None`: the policy sets no limits.
    pub(super) async fn plan(self, tmpdir: Option<PathBuf>) -> Result<Option<SandboxPlan>, SandboxError> {
        if self.is_unlimited() {
            return Ok(None);
        }
        let available = availability().await;
        let resolving = move || {
            let home = std::env::home_dir();
            SandboxPlan::resolve(&SandboxRequest {
                policy: &self.policy,
                cwd: &self.folder,
                workspace_roots: &self.workspace_roots,
                codex_home: &self.codex_home,
                home: home.as_deref().filter(|home| home.is_absolute()),
                tmpdir: tmpdir.as_deref().filter(|tmpdir| tmpdir.is_absolute()),
                writable: &[],
                read_only: &[],
                deny_read: &[],
                network: false,
                layers: SandboxLayers::default(),
            })
        };
        // Looks at the folders on the disk.
        let resolved = tokio::task::spawn_blocking(resolving).await;
        let plan = resolved.unwrap_or_else(|fault| {
            Err(SandboxError::WorkingFolder {
                path: PathBuf::new(),
                reason: fault.to_string(),
            })
        })?;
        plan.map(|plan| plan.fit(available)).transpose()
    }

    fn is_unlimited(&self) -> bool {
        matches!(
            self.policy,
            SandboxPolicy::DangerFullAccess | SandboxPolicy::ExternalSandbox { .. }
        )
    }

    /// Whether the policy lets commands use no network.
    pub(super) fn network_disabled(&self) -> bool {
        match self.policy {
            SandboxPolicy::DangerFullAccess => false,
            SandboxPolicy::ExternalSandbox { network_access }
            | SandboxPolicy::ReadOnly { network_access }
            | SandboxPolicy::WorkspaceWrite { network_access, .. } => !network_access,
        }
    }
}

/// The value of `TMPDIR` among these variables.
pub(super) fn tmpdir(variables: &[(std::ffi::OsString, std::ffi::OsString)]) -> Option<PathBuf> {
    let found = variables.iter().rfind(|(name, _)| name == "TMPDIR");
    found.map(|(_, value)| Path::new(value).to_owned())
}
