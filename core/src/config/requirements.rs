//! What the administrator demands: `requirements.toml`, and what `managed_config.toml` implies
//! (docs/contract/configuration.md#requirements). `Requirements::check` decides, wherever a value enters.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;
use toml::{Table, Value};

use super::error::{problem_in_file, range_in};
use super::file::{File, read_cached};
use super::layers::{LayerSource, Layers, resolve_paths};
use super::locate::range_of;
use super::managed_keys::managed_keys;
use super::read::masked;
use super::required_rules::{RequiredRule, RulesToml};
use super::{ConfigError, ConfigProblem, LoginMethod, WebSearchMode};
use crate::{ApprovalPolicy, ApprovalsReviewer, SandboxMode};

/// Keys of `requirements.toml` that have a meaning in the contract release. Others are reported: a demand that nobody
/// understands is a demand that nobody meets.
const KNOWN: [&str; 40] = [
    "additional_developer_instructions",
    "allow_appshots",
    "allow_browser_and_computer_use",
    "allow_login_shell",
    "allow_managed_hooks_only",
    "allow_remote_control",
    "allowed_approval_policies",
    "allowed_approvals_reviewers",
    "allowed_login_methods",
    "allowed_permission_profiles",
    "allowed_sandbox_modes",
    "allowed_web_search_modes",
    "allowed_windows_sandbox_implementations",
    "application",
    "apps",
    "auto_review",
    "browser_use",
    "chatgpt_base_url",
    "check_for_update_on_startup",
    "cli_auth_credentials_store",
    "computer_use",
    "default_permissions",
    "enforce_residency",
    "experimental_network",
    "features",
    "feedback",
    "guardian_policy_config",
    "hooks",
    "in_app_browser",
    "log_dir",
    "mcp_servers",
    "model_catalog_json",
    "model_provider",
    "model_providers",
    "models",
    "otel",
    "permissions",
    "plugins",
    "rules",
    "sqlite_home",
];

/// What an administrator demands of every configuration. The default demands nothing.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Requirements {
    /// `requirements.toml`, if there is one.
    pub(super) file: Option<PathBuf>,
    /// As written.
    table: Table,
    /// Keys that it sets; see `managed_keys.rs`. Paths are absolute.
    pub(super) managed_keys: Table,
    /// As understood.
    pub(super) toml: RequirementsToml,
    /// What it demands of commands.
    rules: Vec<RequiredRule>,
    /// `managed_config.toml`, if it demands something.
    managed: Option<PathBuf>,
    managed_approval: Option<ApprovalPolicy>,
    managed_sandbox: Option<SandboxMode>,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(super) struct RequirementsToml {
    pub(super) allowed_approval_policies: Option<Vec<PolicyKind>>,
    pub(super) allowed_approvals_reviewers: Option<Vec<ApprovalsReviewer>>,
    pub(super) allowed_sandbox_modes: Option<Vec<SandboxMode>>,
    pub(super) allowed_web_search_modes: Option<Vec<WebSearchMode>>,
    pub(super) allowed_permission_profiles: Option<BTreeMap<String, bool>>,
    pub(super) default_permissions: Option<String>,
    pub(super) allowed_login_methods: Option<Vec<LoginMethod>>,
    pub(super) features: BTreeMap<String, bool>,
    /// Permission profiles of the administrator.
    pub(super) permissions: Table,
    pub(super) additional_developer_instructions: Option<String>,
    rules: Option<RulesToml>,
}

/// An approval policy without its details.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum PolicyKind {
    Untrusted,
    #[serde(alias = "on-failure")]
    OnRequest,
    Never,
    Granular,
}

impl PolicyKind {
    pub(super) fn of(policy: &ApprovalPolicy) -> Self {
        match policy {
            ApprovalPolicy::Untrusted => Self::Untrusted,
            ApprovalPolicy::OnRequest => Self::OnRequest,
            ApprovalPolicy::Never => Self::Never,
            ApprovalPolicy::Granular(_) => Self::Granular,
        }
    }

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Untrusted => "untrusted",
            Self::OnRequest => "on-request",
            Self::Never => "never",
            Self::Granular => "granular",
        }
    }

    /// The policy that replaces one that is not allowed.
    pub(super) fn policy(self) -> ApprovalPolicy {
        match self {
            Self::Untrusted => ApprovalPolicy::Untrusted,
            Self::OnRequest => ApprovalPolicy::OnRequest,
            Self::Never => ApprovalPolicy::Never,
            // Of all granular policies, the one that asks for everything.
            Self::Granular => ApprovalPolicy::Granular(crate::GranularApproval {
                sandbox_approval: true,
                rules: true,
                mcp_elicitations: true,
                skill_approval: true,
                request_permissions: true,
            }),
        }
    }
}

impl Requirements {
    /// Reads them. A file that can't be used is an error: what it demands is not known.
    pub(super) fn load(folder: Option<&Path>, layers: &Layers) -> Result<Arc<Self>, ConfigError> {
        let file = Self::read(folder)?;
        Self::of(file.as_deref(), layers)
    }

    /// Their file, as it is now, in the administrator's folder.
    pub(super) fn read(folder: Option<&Path>) -> Result<Option<Arc<File>>, ConfigError> {
        match folder {
            Some(folder) => read_cached(&folder.join("requirements.toml")),
            None => Ok(None),
        }
    }

    /// What follows from their file and from the layers.
    pub(super) fn of(file: Option<&File>, layers: &Layers) -> Result<Arc<Self>, ConfigError> {
        let mut requirements = match file {
            Some(file) => Self::of_file(file)?,
            None => Self::default(),
        };
        for layer in layers.enabled() {
            if let (LayerSource::Managed { file: path }, Some(file)) = (&layer.source, &layer.file) {
                requirements.managed = Some(path.clone());
                let value = |key: &str| file.table.get(key).cloned();
                requirements.managed_approval =
                    value("approval_policy").and_then(|policy| policy.try_into().ok());
                requirements.managed_sandbox = value("sandbox_mode").and_then(|mode| mode.try_into().ok());
            }
        }
        Ok(Arc::new(requirements))
    }

    fn of_file(file: &File) -> Result<Self, ConfigError> {
        let toml = toml::from_str::<RequirementsToml>(&file.text)
            .map_err(|error| ConfigError::File(problem_in_file(&file.path, &file.text, &error)))?;
        let wrong = |key: &str, message: &str| {
            ConfigError::File(ConfigProblem {
                path: Some(file.path.clone()),
                range: range_of(&file.text, &[key]).map(|range| range_in(&file.text, range)),
                message: message.to_owned(),
            })
        };
        let empty = [
            (
                "allowed_approval_policies",
                toml.allowed_approval_policies.as_ref().map(Vec::len),
            ),
            (
                "allowed_approvals_reviewers",
                toml.allowed_approvals_reviewers.as_ref().map(Vec::len),
            ),
            (
                "allowed_login_methods",
                toml.allowed_login_methods.as_ref().map(Vec::len),
            ),
        ];
        if let Some((key, _)) = empty.into_iter().find(|(_, length)| *length == Some(0)) {
            return Err(wrong(key, &format!("{key} must allow something")));
        }
        let modes = toml.allowed_sandbox_modes.as_ref();
        if modes.is_some_and(|modes| !modes.contains(&SandboxMode::ReadOnly)) {
            let message =
                "allowed_sandbox_modes must include \"read-only\": it is what everything falls back to";
            return Err(wrong("allowed_sandbox_modes", message));
        }
        if let Some(profiles) = &toml.allowed_permission_profiles {
            let allows = |name: &str| profiles.get(name) == Some(&true);
            let default = toml.default_permissions.as_deref();
            if !(default.is_some_and(allows) || allows(":read-only") && allows(":workspace")) {
                let message = "default_permissions must name a profile that allowed_permission_profiles allows, unless \
                               that allows both `:workspace` and `:read-only`";
                return Err(wrong("allowed_permission_profiles", message));
            }
        }
        let rules = toml.rules.as_ref().map(RulesToml::rules).transpose();
        let rules = rules.map_err(|message| wrong("rules", &message))?;
        let mut managed_keys = managed_keys(&file.table);
        resolve_paths(&mut managed_keys, file.path.parent().unwrap_or(&file.path));
        Ok(Self {
            file: Some(file.path.clone()),
            table: file.table.clone(),
            managed_keys,
            rules: rules.unwrap_or_default(),
            toml,
            ..Self::default()
        })
    }

    /// Whether nothing is demanded.
    pub fn is_empty(&self) -> bool {
        let demands = |(key, value): (&String, &Value)| {
            KNOWN.contains(&key.as_str()) && value.as_table().is_none_or(|table| !table.is_empty())
        };
        !self.table.iter().any(demands) && self.managed_approval.is_none() && self.managed_sandbox.is_none()
    }

    /// What `requirements.toml` says; secrets are masked.
    pub fn shown(&self) -> serde_json::Map<String, serde_json::Value> {
        match masked(&self.table) {
            serde_json::Value::Object(members) => members,
            _ => serde_json::Map::new(),
        }
    }

    /// Whether an MCP server of this name may be used, whose identity is this key (`command` or `url`) with this value.
    /// Once the administrator lists any, only those may; what can't be read allows nothing.
    pub(super) fn allows_mcp_server(&self, name: &str, (key, value): (&str, &str)) -> bool {
        let Some(servers) = self.table.get("mcp_servers") else {
            return true;
        };
        let identity = servers.get(name).and_then(|server| server.get("identity"));
        identity
            .and_then(|identity| identity.get(key))
            .and_then(Value::as_str)
            == Some(value)
    }

    /// Whether an administrator says which provider to use.
    pub fn chooses_provider(&self) -> bool {
        self.table.contains_key("model_provider")
    }

    /// Whether an administrator defines this provider.
    pub fn defines_provider(&self, id: &str) -> bool {
        let providers = self.table.get("model_providers");
        providers.is_some_and(|providers| providers.get(id).is_some())
    }

    /// The approval policies that are allowed; `None`: all are.
    pub fn approval_policies(&self) -> Option<Vec<ApprovalPolicy>> {
        let kinds = self.policies()?.0;
        Some(kinds.into_iter().map(PolicyKind::policy).collect())
    }

    /// The sandbox modes that are allowed; `None`: all are.
    pub fn sandbox_modes(&self) -> Option<Vec<SandboxMode>> {
        Some(self.modes()?.0)
    }

    /// The ways to search the web that are allowed, `disabled` among them; `None`: all are.
    pub fn web_search_modes(&self) -> Option<Vec<WebSearchMode>> {
        let mut modes = self.toml.allowed_web_search_modes.clone()?;
        if !modes.contains(&WebSearchMode::Disabled) {
            modes.push(WebSearchMode::Disabled);
        }
        Some(modes)
    }

    /// The ways to sign in that are allowed; `None`: all are.
    pub fn login_methods(&self) -> Option<&[LoginMethod]> {
        self.toml.allowed_login_methods.as_deref()
    }

    /// Features that are pinned, by the names in the file.
    pub fn features(&self) -> &BTreeMap<String, bool> {
        &self.toml.features
    }

    /// What is demanded of commands, and the file that says so.
    pub fn command_rules(&self) -> Option<(&[RequiredRule], &Path)> {
        Some((self.rules.as_slice(), self.file.as_deref()?))
    }

    pub(super) fn policies(&self) -> Option<(Vec<PolicyKind>, &'static str, &Path)> {
        if let (Some(kinds), Some(file)) = (&self.toml.allowed_approval_policies, &self.file) {
            return Some((kinds.clone(), "allowed_approval_policies", file));
        }
        let kind = PolicyKind::of(self.managed_approval.as_ref()?);
        Some((vec![kind], "approval_policy", self.managed.as_deref()?))
    }

    pub(super) fn modes(&self) -> Option<(Vec<SandboxMode>, &'static str, &Path)> {
        if let (Some(modes), Some(file)) = (&self.toml.allowed_sandbox_modes, &self.file) {
            return Some((modes.clone(), "allowed_sandbox_modes", file));
        }
        Some((
            vec![self.managed_sandbox?],
            "sandbox_mode",
            self.managed.as_deref()?,
        ))
    }

    /// Says which keys nobody understands.
    pub(super) fn unknown(&self) -> Option<String> {
        let file = self.file.as_ref()?;
        let keys = self.table.keys().filter(|key| !KNOWN.contains(&key.as_str()));
        let features = self.toml.features.keys();
        let features = features.filter(|name| crate::features::find(name).is_none());
        let unknown: Vec<_> = keys
            .map(|key| format!("`{key}`"))
            .chain(features.map(|name| format!("`features.{name}`")))
            .collect();
        (!unknown.is_empty()).then(|| {
            format!(
                "{} has keys that are not known and demand nothing: {}",
                file.display(),
                unknown.join(", ")
            )
        })
    }
}
