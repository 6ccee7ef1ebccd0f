//! The one place that decides whether a value is allowed.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use super::WebSearchMode;
use super::requirements::{PolicyKind, Requirements};
use crate::{ApprovalPolicy, ApprovalsReviewer, SandboxMode, SandboxPolicy};

/// A value that wants to enter.
#[derive(Debug, Clone, Copy)]
pub enum Setting<'a> {
    /// When to ask.
    ApprovalPolicy(&'a ApprovalPolicy),
    /// Whom to ask.
    ApprovalsReviewer(ApprovalsReviewer),
    /// What commands may touch.
    Sandbox(&'a SandboxPolicy),
    /// A permission profile, by name.
    PermissionProfile(&'a str),
    /// Whether and where to search the web.
    WebSearch(WebSearchMode),
    /// A feature, by its present name, and whether it is on.
    Feature(&'a str, bool),
}

/// A value that is not allowed: which requirement says so, and where it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The setting.
    pub key: &'static str,
    /// What it was to be.
    pub value: String,
    /// What it may be.
    pub allowed: Vec<String>,
    /// The requirement.
    pub requirement: &'static str,
    /// The administrator's file.
    pub file: PathBuf,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "invalid value for `{}`: `{}` is not in the allowed set [{}] (set by `{}` in {})",
            self.key,
            self.value,
            self.allowed.join(", "),
            self.requirement,
            self.file.display()
        )
    }
}

impl Requirements {
    /// Decides whether a value may enter. The refusal names the requirement and where it is written.
    pub fn check(&self, setting: Setting<'_>) -> Result<(), Violation> {
        let file = || self.file.clone().unwrap_or_default();
        match setting {
            Setting::ApprovalPolicy(policy) => match self.policies() {
                Some((kinds, requirement, file)) if !kinds.contains(&PolicyKind::of(policy)) => {
                    Err(Violation {
                        key: "approval_policy",
                        value: PolicyKind::of(policy).as_str().to_owned(),
                        allowed: kinds.into_iter().map(|kind| kind.as_str().to_owned()).collect(),
                        requirement,
                        file: file.to_owned(),
                    })
                }
                _ => Ok(()),
            },
            Setting::ApprovalsReviewer(reviewer) => match &self.toml.allowed_approvals_reviewers {
                Some(allowed) if !allowed.contains(&reviewer) => Err(Violation {
                    key: "approvals_reviewer",
                    value: word(&reviewer),
                    allowed: allowed.iter().map(word).collect(),
                    requirement: "allowed_approvals_reviewers",
                    file: file(),
                }),
                _ => Ok(()),
            },
            Setting::Sandbox(policy) => match self.modes() {
                Some((modes, requirement, file)) if !modes.contains(&mode_of(policy)) => Err(Violation {
                    key: "sandbox_mode",
                    value: word(&mode_of(policy)),
                    allowed: modes.iter().map(word).collect(),
                    requirement,
                    file: file.to_owned(),
                }),
                _ => Ok(()),
            },
            Setting::PermissionProfile(name) => match &self.toml.allowed_permission_profiles {
                Some(profiles) if profiles.get(name) != Some(&true) => Err(Violation {
                    key: "default_permissions",
                    value: name.to_owned(),
                    allowed: allowed(profiles).map(ToOwned::to_owned).collect(),
                    requirement: "allowed_permission_profiles",
                    file: file(),
                }),
                _ => Ok(()),
            },
            Setting::WebSearch(mode) => match self.web_search_modes() {
                Some(modes) if !modes.contains(&mode) => Err(Violation {
                    key: "web_search",
                    value: word(&mode),
                    allowed: modes.iter().map(word).collect(),
                    requirement: "allowed_web_search_modes",
                    file: file(),
                }),
                _ => Ok(()),
            },
            Setting::Feature(key, on) => match self.pinned(key) {
                Some(pinned) if pinned != on => Err(Violation {
                    key: "features",
                    value: format!("features.{key}={on}"),
                    allowed: self
                        .toml
                        .features
                        .iter()
                        .map(|(key, on)| format!("{key}={on}"))
                        .collect(),
                    requirement: "features",
                    file: file(),
                }),
                _ => Ok(()),
            },
        }
    }

    /// How a feature is pinned, by its present name.
    pub(super) fn pinned(&self, key: &str) -> Option<bool> {
        let present =
            |name: &str| crate::features::find(name).map_or(key == name, |feature| feature.key == key);
        let mut pins = self.toml.features.iter();
        pins.find(|(name, _)| present(name)).map(|(_, on)| *on)
    }
}

/// The profiles that are allowed.
pub(super) fn allowed(profiles: &BTreeMap<String, bool>) -> impl Iterator<Item = &str> {
    profiles
        .iter()
        .filter(|(_, on)| **on)
        .map(|(name, _)| name.as_str())
}

/// The mode that a policy comes closest to. A sandbox of others is none of ours.
fn mode_of(policy: &SandboxPolicy) -> SandboxMode {
    match policy {
        SandboxPolicy::ReadOnly { .. } => SandboxMode::ReadOnly,
        SandboxPolicy::WorkspaceWrite { .. } => SandboxMode::WorkspaceWrite,
        SandboxPolicy::DangerFullAccess | SandboxPolicy::ExternalSandbox { .. } => {
            SandboxMode::DangerFullAccess
        }
    }
}

/// The word of a unit variant in configuration files.
pub(super) fn word<T: serde::Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}
