//! What happens to settings that requirements don't allow: those of a configuration and of a new or resumed thread fall
//! back to what is allowed, and somebody is told; changes by a client are refused.

use std::sync::Arc;

use super::permissions;
use super::requirement_check::{Setting, Violation, allowed, word};
use super::requirements::Requirements;
use super::{Config, WebSearchMode};
use crate::{
    ApprovalPolicy, ApprovalsReviewer, PermissionProfileRef, ProfileRules, SandboxMode, SandboxPolicy,
    ThreadSettings,
};

/// The settings that requirements are mostly about.
struct Permissions {
    approval_policy: ApprovalPolicy,
    approvals_reviewer: ApprovalsReviewer,
    sandbox_policy: SandboxPolicy,
    permission_profile: Option<PermissionProfileRef>,
    profile_rules: Option<Arc<ProfileRules>>,
}

impl Config {
    /// Whether a client may change settings so: the first thing that stands in the way. What stays as it is has been
    /// looked at before.
    pub fn check_change(&self, from: &ThreadSettings, to: &ThreadSettings) -> Result<(), Violation> {
        let check = |setting| self.requirements.check(setting);
        if from.approval_policy != to.approval_policy {
            check(Setting::ApprovalPolicy(&to.approval_policy))?;
        }
        if from.approvals_reviewer != to.approvals_reviewer {
            check(Setting::ApprovalsReviewer(to.approvals_reviewer))?;
        }
        if from.permission_profile != to.permission_profile
            && let Some(profile) = &to.permission_profile
        {
            check(Setting::PermissionProfile(&profile.id))?;
        }
        if from.sandbox_policy != to.sandbox_policy {
            check(Setting::Sandbox(&to.sandbox_policy))?;
            if to.permission_profile.is_none() {
                check(Setting::PermissionProfile(permissions::built_in_of(
                    &to.sandbox_policy,
                )))?;
            }
        }
        Ok(())
    }

    /// Brings the settings of a thread that begins or comes back within what is allowed, and says what it changed.
    #[must_use]
    pub fn constrain(&self, settings: &mut ThreadSettings) -> Vec<String> {
        if self.requirements.is_empty() {
            return Vec::new();
        }
        let mut permissions = Permissions {
            approval_policy: settings.approval_policy.clone(),
            approvals_reviewer: settings.approvals_reviewer,
            sandbox_policy: settings.sandbox_policy.clone(),
            permission_profile: settings.permission_profile.clone(),
            profile_rules: settings.profile_rules.clone(),
        };
        let told = self.constrain_permissions(&mut permissions);
        settings.approval_policy = permissions.approval_policy;
        settings.approvals_reviewer = permissions.approvals_reviewer;
        settings.sandbox_policy = permissions.sandbox_policy;
        settings.permission_profile = permissions.permission_profile;
        settings.profile_rules = permissions.profile_rules;
        told
    }

    fn constrain_permissions(&self, settings: &mut Permissions) -> Vec<String> {
        let requirements = &self.requirements;
        let mut told = Vec::new();
        if let Err(violation) = requirements.check(Setting::ApprovalPolicy(&settings.approval_policy))
            && let Some((kinds, ..)) = requirements.policies()
            && let Some(first) = kinds.first()
        {
            settings.approval_policy = first.policy();
            told.push(fallen_back(&violation, first.as_str()));
        }
        if let Err(violation) = requirements.check(Setting::ApprovalsReviewer(settings.approvals_reviewer))
            && let Some(first) = requirements
                .toml
                .allowed_approvals_reviewers
                .iter()
                .flatten()
                .next()
        {
            settings.approvals_reviewer = *first;
            told.push(fallen_back(&violation, &word(first)));
        }
        let profile = match &settings.permission_profile {
            Some(profile) => profile.id.clone(),
            None => permissions::built_in_of(&settings.sandbox_policy).to_owned(),
        };
        if let Err(violation) = requirements.check(Setting::PermissionProfile(&profile)) {
            let name = default_profile(requirements);
            if let Ok(chosen) = self.sandbox_of_profile(name) {
                settings.sandbox_policy = chosen.policy;
                settings.permission_profile = Some(chosen.reference);
                settings.profile_rules = chosen.rules;
                told.push(fallen_back(&violation, name));
            } else {
                // There is no such profile: what may do least holds.
                settings.sandbox_policy = self.sandbox_of_mode(SandboxMode::ReadOnly);
                (settings.permission_profile, settings.profile_rules) = (None, None);
                told.push(fallen_back(&violation, &word(&SandboxMode::ReadOnly)));
            }
        }
        if let Err(violation) = requirements.check(Setting::Sandbox(&settings.sandbox_policy))
            && let Some((modes, ..)) = requirements.modes()
        {
            let mode = if modes.contains(&SandboxMode::ReadOnly) {
                SandboxMode::ReadOnly
            } else {
                modes.first().copied().unwrap_or(SandboxMode::ReadOnly)
            };
            settings.sandbox_policy = self.sandbox_of_mode(mode);
            (settings.permission_profile, settings.profile_rules) = (None, None);
            told.push(fallen_back(&violation, &word(&mode)));
        }
        told
    }

    /// Whether web searches may be live, where nothing else is said.
    pub(crate) fn allows_live_search(&self) -> bool {
        self.requirements
            .check(Setting::WebSearch(WebSearchMode::Live))
            .is_ok()
    }

    /// Brings what the configuration says within what is allowed. What it changed is told of with the configuration.
    pub(super) fn fall_back(&mut self) {
        let requirements = self.requirements.clone();
        self.warnings.extend(requirements.unknown());
        if requirements.is_empty() {
            return;
        }
        if let Some(mode) = self.web_search
            && let Err(violation) = requirements.check(Setting::WebSearch(mode))
        {
            let first = requirements.web_search_modes().into_iter().flatten().next();
            let mode = first.unwrap_or(WebSearchMode::Disabled);
            self.web_search = Some(mode);
            self.warnings.push(fallen_back(&violation, &word(&mode)));
        }
        if self.web_search.is_none()
            && let Some(modes) = requirements.web_search_modes()
            && !modes.contains(&WebSearchMode::Cached)
        {
            // What holds without a setting is not allowed.
            self.web_search = Some(modes.first().copied().unwrap_or(WebSearchMode::Disabled));
        }
        if let Some([only]) = requirements.login_methods() {
            self.forced_login_method = Some(*only);
        }
        if let Some(more) = &requirements.toml.additional_developer_instructions {
            self.developer_instructions = Some(match self.developer_instructions.take() {
                Some(own) => format!("{own}\n\n{more}"),
                None => more.clone(),
            });
        }
        let mut settings = Permissions {
            approval_policy: self.approval_policy.clone(),
            approvals_reviewer: self.approvals_reviewer,
            sandbox_policy: self.sandbox_policy.clone(),
            permission_profile: self.permission_profile.clone(),
            profile_rules: self.profile_rules.clone(),
        };
        let told = self.constrain_permissions(&mut settings);
        self.warnings.extend(told);
        self.approval_policy = settings.approval_policy;
        self.approvals_reviewer = settings.approvals_reviewer;
        self.sandbox_policy = settings.sandbox_policy;
        self.permission_profile = settings.permission_profile;
        self.profile_rules = settings.profile_rules;
    }

    /// Whether a client may have a command run so: in a sandbox, or in that of a profile.
    pub fn check_command(&self, policy: &SandboxPolicy, profile: Option<&str>) -> Result<(), Violation> {
        let requirements = &self.requirements;
        let profile = profile.unwrap_or_else(|| permissions::built_in_of(policy));
        requirements.check(Setting::PermissionProfile(profile))?;
        requirements.check(Setting::Sandbox(policy))
    }

    /// Whether a permission profile may be chosen.
    pub fn is_profile_allowed(&self, name: &str) -> bool {
        let by_name = self.requirements.check(Setting::PermissionProfile(name)).is_ok();
        by_name
            && self
                .sandbox_of_profile(name)
                .is_ok_and(|chosen| self.requirements.check(Setting::Sandbox(&chosen.policy)).is_ok())
    }
}

/// The profile that replaces one that is not allowed.
fn default_profile(requirements: &Requirements) -> &str {
    if let Some(name) = &requirements.toml.default_permissions {
        return name;
    }
    let profiles = requirements.toml.allowed_permission_profiles.as_ref();
    profiles
        .and_then(|profiles| allowed(profiles).find(|name| *name == ":read-only"))
        .unwrap_or(":read-only")
}

fn fallen_back(violation: &Violation, to: &str) -> String {
    format!(
        "Configured value for `{}` is disallowed by requirements; falling back to required value `{to}`. Details: \
         {violation}",
        violation.key
    )
}
