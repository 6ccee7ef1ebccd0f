//! What a running command may do, compared with what a new one might.

use std::path::PathBuf;
use std::sync::Arc;

use crate::safety::Confinement;
use crate::{AdditionalPermissions, ProfileRules, SandboxPolicy, ThreadSettings};

/// What a command was started with.
#[derive(Debug, Clone)]
pub(super) struct StartedWith {
    /// It was to run outside of the sandbox that its thread had.
    outside: bool,
    policy: SandboxPolicy,
    workspace: Vec<PathBuf>,
    rules: Option<Arc<ProfileRules>>,
    permissions: AdditionalPermissions,
}

/// How the limits of a command that runs compare with those of one that would be started now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum InputLimits {
    /// It can do nothing that a new one could not.
    AsNow,
    /// It was let out of the sandbox.
    Outside,
    /// Its thread had no sandbox then.
    NoSandbox,
    /// Its sandbox lets it do something that a new one does not.
    Different,
}

impl StartedWith {
    pub(super) fn new(
        settings: &ThreadSettings,
        confinement: Confinement,
        outside: bool,
        permissions: &AdditionalPermissions,
    ) -> Self {
        let policy = match confinement {
            Confinement::ReadOnly => SandboxPolicy::ReadOnly {
                network_access: false,
            },
            Confinement::Policy | Confinement::None => settings.sandbox_policy.clone(),
        };
        let limited = !matches!(
            policy,
            SandboxPolicy::DangerFullAccess | SandboxPolicy::ExternalSandbox { .. }
        );
        Self {
            outside: outside && limited,
            policy,
            workspace: settings.workspace().map(ToOwned::to_owned).collect(),
            rules: settings.profile_rules.clone(),
            permissions: permissions.clone(),
        }
    }

    /// Compares it with what holds now.
    pub(super) fn compare(&self, now: &ThreadSettings, granted: &AdditionalPermissions) -> InputLimits {
        match (&now.sandbox_policy, &self.policy) {
            (SandboxPolicy::DangerFullAccess, _) => return InputLimits::AsNow,
            (SandboxPolicy::ExternalSandbox { .. }, _) if self.policy == now.sandbox_policy => {
                return InputLimits::AsNow;
            }
            _ if self.outside => return InputLimits::Outside,
            (_, SandboxPolicy::DangerFullAccess) => return InputLimits::NoSandbox,
            _ => {}
        }
        let is_least = self.policy
            == SandboxPolicy::ReadOnly {
                network_access: false,
            };
        let same_workspace = || self.workspace.iter().eq(now.workspace());
        let same_policy = self.policy == now.sandbox_policy
            && (!matches!(self.policy, SandboxPolicy::WorkspaceWrite { .. }) || same_workspace());
        let same_rules = self.rules == now.profile_rules && (self.rules.is_none() || same_workspace());
        let granted_still =
            self.permissions == AdditionalPermissions::default() || self.permissions == *granted;
        if (is_least || same_policy) && same_rules && granted_still {
            InputLimits::AsNow
        } else {
            InputLimits::Different
        }
    }
}
