//! What commands may touch by default: sandbox mode, named profiles, trusted projects
//! (docs/contract/threads.md#thread-start).

use std::sync::Arc;

use toml::Table;

use super::permission_profiles;
use super::requirement_check::Setting;
use super::requirements::Requirements;
use super::schema::{ConfigToml, TrustLevel, WorkspaceWriteToml};
use crate::{ApprovalPolicy, PermissionProfileRef, ProfileRules, SandboxMode, SandboxPolicy};

/// The permission profiles that are always there, with the sandbox mode that each stands for.
pub const BUILT_IN_PROFILES: [(&str, SandboxMode); 3] = [
    (":read-only", SandboxMode::ReadOnly),
    (":workspace", SandboxMode::WorkspaceWrite),
    (":danger-full-access", SandboxMode::DangerFullAccess),
];

/// Permissions that hold when nobody says otherwise.
pub(super) struct Defaults {
    pub(super) approval_policy: ApprovalPolicy,
    pub(super) sandbox_policy: SandboxPolicy,
    pub(super) profile: Option<PermissionProfileRef>,
    pub(super) rules: Option<Arc<ProfileRules>>,
    /// There are profiles to choose from, and nothing says which: whoever starts a thread has to.
    pub(super) is_undecided: bool,
}

/// What a permission profile means for a thread.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChosenProfile {
    /// The policy that it comes closest to.
    pub policy: SandboxPolicy,
    /// What clients are told of it.
    pub reference: PermissionProfileRef,
    /// What it says beyond the policy. `None` for built-in ones.
    pub rules: Option<Arc<ProfileRules>>,
}

/// Settles the defaults, or says what stands in the way.
pub(super) fn defaults(
    toml: &ConfigToml,
    trust: Option<TrustLevel>,
    requirements: &Requirements,
) -> Result<Defaults, String> {
    if toml.approval_policy == Some(ApprovalPolicy::Untrusted) {
        return Err("approval_policy = \"untrusted\" is no longer supported; remove this setting".to_owned());
    }
    let approval_policy = toml.approval_policy.clone().unwrap_or(match trust {
        Some(TrustLevel::Untrusted) => ApprovalPolicy::Untrusted,
        Some(TrustLevel::Trusted) | None => ApprovalPolicy::OnRequest,
    });
    let (sandbox_policy, profile, rules) = if let Some(mode) = toml.sandbox_mode {
        may_fall_back(toml, mode, requirements)?;
        (policy(mode, &toml.sandbox_workspace_write), None, None)
    } else if let Some(name) = &toml.default_permissions {
        let profiles = all(toml.permissions.clone(), requirements);
        let chosen = named(name, Some(&profiles))
            .map_err(|reason| format!("default_permissions refers to {reason}"))?;
        (chosen.policy, Some(chosen.reference), chosen.rules)
    } else {
        let (id, mode) = match trust {
            Some(_) => (":workspace", SandboxMode::WorkspaceWrite),
            None => (":read-only", SandboxMode::ReadOnly),
        };
        let policy = policy(mode, &toml.sandbox_workspace_write);
        (policy, Some(reference(id)), None)
    };
    Ok(Defaults {
        approval_policy,
        sandbox_policy,
        profile,
        rules,
        is_undecided: toml.permissions.is_some()
            && toml.default_permissions.is_none()
            && toml.sandbox_mode.is_none(),
    })
}

/// A mode that is not allowed falls back to one that may do less. Where nobody is ever asked, that would leave a thread
/// that can do nothing: the user has to choose.
fn may_fall_back(toml: &ConfigToml, mode: SandboxMode, requirements: &Requirements) -> Result<(), String> {
    let violation = requirements.check(Setting::Sandbox(&policy(mode, &toml.sandbox_workspace_write)));
    match violation {
        Err(violation)
            if toml.approval_policy == Some(ApprovalPolicy::Never)
                && requirements
                    .check(Setting::ApprovalPolicy(&ApprovalPolicy::Never))
                    .is_ok() =>
        {
            Err(format!(
                "approval_policy = \"never\" can't be used with a sandbox that is not allowed: {violation}; choose another \
                 sandbox_mode, or an approval_policy that asks, such as \"on-request\""
            ))
        }
        _ => Ok(()),
    }
}

/// The sandbox that a mode stands for.
pub(super) fn policy(mode: SandboxMode, details: &WorkspaceWriteToml) -> SandboxPolicy {
    match mode {
        SandboxMode::ReadOnly => SandboxPolicy::ReadOnly {
            network_access: false,
        },
        SandboxMode::DangerFullAccess => SandboxPolicy::DangerFullAccess,
        SandboxMode::WorkspaceWrite => SandboxPolicy::WorkspaceWrite {
            writable_roots: details.writable_roots.clone(),
            network_access: details.network_access,
            exclude_tmpdir_env_var: details.exclude_tmpdir_env_var,
            exclude_slash_tmp: details.exclude_slash_tmp,
        },
    }
}

/// The built-in profile that a sandbox stands for.
pub(super) fn built_in_of(policy: &SandboxPolicy) -> &'static str {
    match policy {
        SandboxPolicy::ReadOnly { .. } => ":read-only",
        SandboxPolicy::WorkspaceWrite { .. } => ":workspace",
        SandboxPolicy::DangerFullAccess | SandboxPolicy::ExternalSandbox { .. } => ":danger-full-access",
    }
}

/// The profiles that may be named: those of the configuration, and those of the administrator, which count more.
pub(super) fn all(configured: Option<Table>, requirements: &Requirements) -> Table {
    let mut profiles = configured.unwrap_or_default();
    profiles.extend(requirements.toml.permissions.clone());
    profiles
}

/// The sandbox of a profile, which may be one of the user's own.
pub(super) fn named(name: &str, own: Option<&Table>) -> Result<ChosenProfile, String> {
    match BUILT_IN_PROFILES.iter().find(|(id, _)| *id == name) {
        Some((id, mode)) => Ok(ChosenProfile {
            policy: policy(*mode, &WorkspaceWriteToml::default()),
            reference: reference(id),
            rules: None,
        }),
        None if name.starts_with(':') => Err(format!("unknown built-in profile `{name}`")),
        None => {
            let none = Table::new();
            let profile = permission_profiles::profile(own.unwrap_or(&none), name)?;
            Ok(ChosenProfile {
                policy: profile.policy,
                reference: PermissionProfileRef {
                    id: name.to_owned(),
                    extends: profile.extends,
                },
                rules: Some(Arc::new(profile.rules)).filter(|rules| !rules.is_empty()),
            })
        }
    }
}

fn reference(id: &str) -> PermissionProfileRef {
    PermissionProfileRef {
        id: id.to_owned(),
        extends: None,
    }
}
