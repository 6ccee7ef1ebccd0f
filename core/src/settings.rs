//! The settings of a thread: what a client may choose at its start and change with a turn.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::ProfileRules;

/// The one environment that there is: this machine.
pub const LOCAL_ENVIRONMENT: &str = "local";

/// When the user is asked before something runs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ApprovalPolicy {
    /// Everything but commands known to be harmless is asked for.
    #[serde(alias = "unless-trusted")]
    Untrusted,
    /// The model asks when it wants to leave the sandbox.
    #[default]
    #[serde(alias = "on-failure")]
    OnRequest,
    /// Nobody is asked; what would need a question is refused.
    Never,
    /// Each kind of question is switched on or off.
    Granular(GranularApproval),
}

/// The switches of [`ApprovalPolicy::Granular`]: whether a kind of question may be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct GranularApproval {
    /// Questions that let a command leave the sandbox.
    pub sandbox_approval: bool,
    /// Questions caused by a rule with the decision `prompt`.
    pub rules: bool,
    /// Questions of MCP servers.
    pub mcp_elicitations: bool,
    /// Questions before a skill's script runs.
    #[serde(default)]
    pub skill_approval: bool,
    /// Questions of the `request_permissions` tool.
    #[serde(default)]
    pub request_permissions: bool,
}

/// Who answers questions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApprovalsReviewer {
    /// The client's user.
    #[default]
    User,
    /// A reviewing model.
    #[serde(alias = "guardian_subagent")]
    AutoReview,
}

/// What a command may touch. Rollout encoding: `{"type":"workspace-write",…}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum SandboxPolicy {
    /// No limits.
    DangerFullAccess,
    /// Read everything, write nothing.
    ReadOnly {
        /// Whether the network may be used.
        #[serde(default)]
        network_access: bool,
    },
    /// The parent application has put us into a sandbox of its own.
    ExternalSandbox {
        /// Whether the network may be used.
        #[serde(default)]
        network_access: bool,
    },
    /// Read everything, write below the workspace roots.
    WorkspaceWrite {
        /// Further writable folders.
        #[serde(default)]
        writable_roots: Vec<PathBuf>,
        /// Whether the network may be used.
        #[serde(default)]
        network_access: bool,
        /// Leave `$TMPDIR` out of the writable folders.
        #[serde(default)]
        exclude_tmpdir_env_var: bool,
        /// Leave `/tmp` out of the writable folders.
        #[serde(default)]
        exclude_slash_tmp: bool,
    },
}

/// Names directly in a writable folder that stay as they are: what lies there decides what programs do, or is secret.
pub(crate) const PROTECTED_NAMES: [&str; 4] = [".git", ".agents", ".codex", ".aws"];

impl SandboxPolicy {
    /// What servers are told of it: what commands are confined by, and the mode as config.toml has it.
    pub(crate) fn words(&self) -> (&'static str, &'static str) {
        match self {
            Self::DangerFullAccess => ("none", "danger-full-access"),
            Self::ExternalSandbox { .. } => ("external", "external-sandbox"),
            Self::ReadOnly { .. } => ("seccomp", "read-only"),
            Self::WorkspaceWrite { .. } => ("seccomp", "workspace-write"),
        }
    }

    /// The policy of a command that may leave the sandbox. A sandbox of others can't be left.
    pub(crate) fn without_limits(&self) -> Self {
        match self {
            Self::ExternalSandbox { .. } => self.clone(),
            _ => Self::DangerFullAccess,
        }
    }
}

impl Default for SandboxPolicy {
    fn default() -> Self {
        Self::ReadOnly {
            network_access: false,
        }
    }
}

/// The short form of a sandbox policy, as in config.toml and thread/start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SandboxMode {
    /// [`SandboxPolicy::ReadOnly`].
    ReadOnly,
    /// [`SandboxPolicy::WorkspaceWrite`] with the details of `[sandbox_workspace_write]`.
    WorkspaceWrite,
    /// [`SandboxPolicy::DangerFullAccess`].
    DangerFullAccess,
}

/// A permission profile that was chosen by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PermissionProfileRef {
    /// Its name; built-in ones start with a colon.
    pub id: String,
    /// The profile that it is based on.
    pub extends: Option<String>,
}

/// How much of its reasoning the model sums up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ReasoningSummary {
    /// The model decides.
    Auto,
    /// Short.
    Concise,
    /// Long.
    Detailed,
    /// None at all.
    None,
}

/// How the model talks. Accepted and kept; without effect, as in the contract release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Personality {
    /// No choice.
    None,
    /// Warm.
    Friendly,
    /// To the point.
    Pragmatic,
}

/// Plan or default mode with the model settings that go with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CollaborationMode {
    /// Which mode.
    pub mode: ModeKind,
    /// What the mode sets.
    pub settings: CollaborationSettings,
}

/// The collaboration modes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModeKind {
    /// Think and propose, change nothing.
    Plan,
    /// Do the work.
    #[default]
    Default,
}

/// What a collaboration mode sets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CollaborationSettings {
    /// Model slug.
    pub model: String,
    /// Reasoning effort; `None` is the model's default.
    pub reasoning_effort: Option<String>,
    /// Instructions of the mode; `None` is the built-in text.
    pub developer_instructions: Option<String>,
}

/// The name that a service tier has now: clients, and files of earlier releases, may call `priority` by its old name.
pub(crate) fn present_tier(tier: String) -> String {
    if tier == "fast" {
        "priority".to_owned()
    } else {
        tier
    }
}

/// The settings that are in force for a thread and stay from turn to turn.
#[derive(Debug, Clone, PartialEq)]
pub struct ThreadSettings {
    /// Model slug.
    pub model: String,
    /// Provider id in the config.
    pub model_provider: String,
    /// Reasoning effort (any word of the model's list); `None` is the model's default.
    pub effort: Option<String>,
    /// Reasoning summary; `None` is the model's default.
    pub summary: Option<ReasoningSummary>,
    /// Service tier, by its [present name](present_tier); `default` is none.
    pub service_tier: Option<String>,
    /// Working folder, absolute.
    pub cwd: PathBuf,
    /// Workspace roots, absolute; the first one is `cwd` unless chosen otherwise.
    pub workspace_roots: Vec<PathBuf>,
    /// Commands and files are within reach. Not kept in files: a thread that is loaded again has them.
    pub has_environment: bool,
    /// When to ask.
    pub approval_policy: ApprovalPolicy,
    /// Whom to ask.
    pub approvals_reviewer: ApprovalsReviewer,
    /// What commands may touch.
    pub sandbox_policy: SandboxPolicy,
    /// The profile that the sandbox policy came from, if one was chosen by name or by default.
    pub permission_profile: Option<PermissionProfileRef>,
    /// What that profile says beyond the policy. Not kept in files: it is what the configuration says now.
    pub profile_rules: Option<Arc<ProfileRules>>,
    /// Personality, without effect.
    pub personality: Option<Personality>,
    /// Collaboration mode.
    pub collaboration_mode: ModeKind,
    /// Instructions of the collaboration mode; `None` is the built-in text.
    pub mode_instructions: Option<String>,
    /// Plugins that are switched off for this thread.
    pub disabled_plugin_ids: Vec<String>,
}

impl ThreadSettings {
    /// The folders of the workspace.
    pub(crate) fn workspace(&self) -> impl Iterator<Item = &Path> {
        let cwd = [self.cwd.as_path()];
        cwd.into_iter()
            .chain(self.workspace_roots.iter().map(PathBuf::as_path))
    }

    /// Folders below which commands and patches may write, as the settings name them, but for `$TMPDIR`. Some may not
    /// exist. Blocks as long as the file system does.
    pub(crate) fn writable_folders(&self) -> Vec<PathBuf> {
        let mut folders = Vec::new();
        if let SandboxPolicy::WorkspaceWrite {
            writable_roots,
            exclude_slash_tmp,
            ..
        } = &self.sandbox_policy
        {
            folders.extend(self.workspace().map(Path::to_owned));
            folders.extend_from_slice(writable_roots);
            if !exclude_slash_tmp {
                folders.push("/tmp".into());
            }
        }
        if let Some(rules) = &self.profile_rules {
            folders.extend(rules.writable(self.workspace()));
        }
        folders
    }

    /// The policy that says most of what may be written: where a profile lets single folders be written without the
    /// workspace, one with just these roots.
    pub fn nearest_policy(&self) -> SandboxPolicy {
        let named = self.profile_rules.iter();
        let writable_roots: Vec<PathBuf> = named
            .flat_map(|rules| rules.named_writable(self.workspace()))
            .collect();
        match self.sandbox_policy {
            SandboxPolicy::ReadOnly { network_access } if !writable_roots.is_empty() => {
                SandboxPolicy::WorkspaceWrite {
                    exclude_slash_tmp: !writable_roots.iter().any(|root| root == Path::new("/tmp")),
                    exclude_tmpdir_env_var: true,
                    writable_roots,
                    network_access,
                }
            }
            _ => self.sandbox_policy.clone(),
        }
    }

    /// `$TMPDIR` of the daemon, if commands and patches may write there.
    pub(crate) fn writable_tmpdir(&self) -> Option<PathBuf> {
        match self.sandbox_policy {
            SandboxPolicy::WorkspaceWrite {
                exclude_tmpdir_env_var: false,
                ..
            } => std::env::var_os("TMPDIR")
                .map(PathBuf::from)
                .filter(|folder| folder.is_absolute()),
            _ => None,
        }
    }
}

/// Changes to [`ThreadSettings`]: what is `None` stays as it is.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SettingsPatch {
    /// Model slug; a switch keeps the effort unless another one is given.
    pub model: Option<String>,
    /// Provider id (start, resume and fork only).
    pub model_provider: Option<String>,
    /// Reasoning effort.
    pub effort: Option<String>,
    /// Reasoning summary.
    pub summary: Option<ReasoningSummary>,
    /// Service tier; `Some(None)` stores `default`.
    pub service_tier: Option<Option<String>>,
    /// Working folder; relative ones count from the server's.
    pub cwd: Option<PathBuf>,
    /// Workspace roots, absolute.
    pub workspace_roots: Option<Vec<PathBuf>>,
    /// Whether commands and files are within reach.
    pub has_environment: Option<bool>,
    /// When to ask.
    pub approval_policy: Option<ApprovalPolicy>,
    /// Whom to ask.
    pub approvals_reviewer: Option<ApprovalsReviewer>,
    /// Sandbox in full (turn/start).
    pub sandbox_policy: Option<SandboxPolicy>,
    /// Sandbox in short form (thread/start, resume, fork).
    pub sandbox_mode: Option<SandboxMode>,
    /// Permission profile by name; not together with a sandbox.
    pub permissions: Option<String>,
    /// Personality.
    pub personality: Option<Personality>,
    /// Collaboration mode; overrides model and effort.
    pub collaboration_mode: Option<CollaborationMode>,
    /// Plugins that are switched off.
    pub disabled_plugin_ids: Option<Vec<String>>,
    /// The client's own keys for `x-codex-turn-metadata`, of one turn.
    pub client_metadata: Option<BTreeMap<String, String>>,
    /// Adds to them.
    pub client_metadata_patch: Option<BTreeMap<String, String>>,
}

impl SettingsPatch {
    /// Whether it says what commands may touch.
    pub(crate) fn chooses_sandbox(&self) -> bool {
        self.sandbox_policy.is_some() || self.sandbox_mode.is_some() || self.permissions.is_some()
    }
}
