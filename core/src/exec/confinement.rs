//! How a command is confined: from the policy of its thread to the sandbox that it starts in.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::spare::{Beginning, RunningCommand};
use crate::process::launcher::{Launched, Launcher, Output, Variables};
use crate::sandbox::{SandboxError, SandboxLayers, SandboxPlan, SandboxRequest, availability};
use crate::sys::terminal::TerminalSize;
use crate::{AdditionalPermissions, ProfileRules, SandboxPolicy};

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
    /// What the permission profile says beyond the policy.
    pub(crate) profile: Option<Arc<ProfileRules>>,
    /// What it may do beyond both.
    pub(crate) permissions: AdditionalPermissions,
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
                writable: &self.permissions.write,
                readable: &self.permissions.read,
                profile: self.profile.as_deref(),
                network: self.permissions.network,
                layers: SandboxLayers::default(),
            })
        };
        // Looks at the folders on the disk.
        let resolved = tokio::task::spawn_blocking(resolving).await;
        let plan = resolved.unwrap_or_else(|fault| {
            Err(SandboxError::Unavailable {
                missing: fault.to_string(),
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

    /// Whether commands can use no network.
    pub(super) fn network_disabled(&self) -> bool {
        match self.policy {
            _ if self.permissions.network => false,
            SandboxPolicy::DangerFullAccess => false,
            SandboxPolicy::ExternalSandbox { network_access }
            | SandboxPolicy::ReadOnly { network_access }
            | SandboxPolicy::WorkspaceWrite { network_access, .. } => !network_access,
        }
    }
}

/// Starts a command with all its variables in a folder, within a sandbox if there is a plan for one. `input`: something
/// can be written to it; a terminal always takes something. What comes with it is to be dropped when it has ended.
pub(super) async fn start(
    plan: Option<&SandboxPlan>,
    command: &[String],
    variables: Vec<Variable>,
    folder: &Path,
    terminal: Option<TerminalSize>,
    (output, input): (Output, bool),
) -> io::Result<(Launched, Option<RunningCommand>)> {
    let beginning = plan.and_then(Beginning::new);
    let ready = match (plan, &beginning) {
        (Some(plan), Some(beginning)) if terminal.is_none() => {
            let streams = (output, input);
            beginning.start(plan, command, folder, &variables, streams).await
        }
        _ => None,
    };
    let (launched, namespaces) = if let Some((launched, namespaces)) = ready {
        (launched, Some(namespaces))
    } else {
        let mut launcher = launcher(plan, command, variables, folder, terminal.is_some(), output)?;
        if let Some(size) = terminal {
            launcher = launcher.in_terminal(size);
        } else if input {
            launcher = launcher.with_input();
        }
        (launcher.spawn()?, None)
    };
    Ok((launched, beginning.map(|beginning| beginning.running(namespaces))))
}

/// What starts a command by a launcher of its own, or without one.
fn launcher(
    plan: Option<&SandboxPlan>,
    command: &[String],
    variables: Vec<Variable>,
    folder: &Path,
    terminal: bool,
    output: Output,
) -> io::Result<Launcher> {
    let (program, arguments) = command.split_first().ok_or(io::ErrorKind::InvalidInput)?;
    let Some(plan) = plan else {
        let launcher = Launcher::new(program, arguments, Variables::Only(variables), output);
        return Ok(launcher.in_folder(folder));
    };
    let wrapped = plan.wrap(command, folder, variables, terminal)?;
    let variables = Variables::Only(wrapped.variables);
    Ok(Launcher::new(
        wrapped.program,
        wrapped.arguments,
        variables,
        output,
    ))
}

/// Name and value.
type Variable = (OsString, OsString);

/// The value of `TMPDIR` among these variables.
pub(super) fn tmpdir(variables: &[Variable]) -> Option<PathBuf> {
    let found = variables.iter().rfind(|(name, _)| name == "TMPDIR");
    found.map(|(_, value)| Path::new(value).to_owned())
}
