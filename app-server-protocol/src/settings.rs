//! Settings of a thread that stay from turn to turn.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de};

use crate::path::{AbsolutePathBuf, LegacyAppPathString};
use crate::policy::{ActivePermissionProfile, ApprovalsReviewer, AskForApproval, SandboxPolicy};

/// Settings of a thread that stay from turn to turn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadSettings {
    /// When to ask before a command runs or a file changes.
    pub approval_policy: AskForApproval,
    /// Who answers approval requests.
    pub approvals_reviewer: ApprovalsReviewer,
    /// Plan or default mode, with what goes with it.
    pub collaboration_mode: CollaborationMode,
    /// Working folder, absolute.
    pub cwd: AbsolutePathBuf,
    /// Model slug.
    pub model: String,
    /// Provider id, as in the configuration.
    pub model_provider: String,
    /// What commands may touch.
    pub sandbox_policy: SandboxPolicy,
    /// The permission profile in force; null when the sandbox was chosen directly.
    pub active_permission_profile: Option<ActivePermissionProfile>,
    /// Plugins that are switched off for this thread.
    #[serde(default)]
    pub disabled_plugin_ids: Vec<String>,
    /// How hard the model thinks; null is its default.
    pub effort: Option<ReasoningEffort>,
    /// Where commands run.
    #[schemars(extend("x-experimental" = true))]
    pub environments: Option<Vec<ThreadEnvironment>>,
    /// Whether the model may start other agents on its own.
    #[serde(default)]
    #[schemars(extend("x-experimental" = true))]
    pub multi_agent_mode: MultiAgentMode,
    /// Accepted and kept; without effect.
    pub personality: Option<Personality>,
    /// Service tier; null is the default one.
    pub service_tier: Option<String>,
    /// How much of its reasoning the model sums up.
    pub summary: Option<ReasoningSummary>,
}

/// Whether the model may start other agents on its own.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum MultiAgentMode {
    /// Only when the user asks for it.
    #[default]
    ExplicitRequestOnly,
    /// Whenever it helps.
    Proactive,
    /// As these instructions say.
    Custom(String),
}

/// How the model talks. Without effect since models lost the choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Personality {
    /// No choice.
    None,
    /// Warm.
    Friendly,
    /// To the point.
    Pragmatic,
}

/// How hard the model thinks: one of the words that the model lists, such as `low`, `medium` or `high`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct ReasoningEffort(pub String);

impl<'de> Deserialize<'de> for ReasoningEffort {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = String::deserialize(deserializer)?;
        if word.is_empty() {
            return Err(de::Error::custom("reasoning_effort must not be empty"));
        }
        Ok(Self(word))
    }
}

/// How much of its reasoning the model sums up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ReasoningSummary {
    /// The model decides.
    Auto,
    /// A little.
    Concise,
    /// Much.
    Detailed,
    /// Nothing.
    None,
}

/// Plan or default mode, with what goes with it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CollaborationMode {
    /// Which mode.
    pub mode: ModeKind,
    /// What goes with it.
    pub settings: Settings,
}

/// A way of working together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ModeKind {
    /// Think and propose; change nothing.
    Plan,
    /// Do the work.
    // The others are modes of earlier releases.
    #[serde(
        alias = "code",
        alias = "custom",
        alias = "execute",
        alias = "pair_programming"
    )]
    Default,
}

/// What goes with a collaboration mode.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Settings {
    /// Model slug.
    pub model: String,
    /// Instructions of the mode; null is the built-in text.
    pub developer_instructions: Option<String>,
    /// How hard the model thinks; null is its default.
    pub reasoning_effort: Option<ReasoningEffort>,
}

/// An environment that commands of a thread may run in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TurnEnvironmentParams {
    /// Working folder.
    pub cwd: LegacyAppPathString,
    /// The environment; the machine of the server is `local`.
    pub environment_id: String,
    /// Its workspace roots.
    pub runtime_workspace_roots: Option<Vec<LegacyAppPathString>>,
}

/// An environment that commands of a thread run in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadEnvironment {
    /// Working folder.
    pub cwd: LegacyAppPathString,
    /// The environment; the machine of the server is `local`.
    pub environment_id: String,
    /// Workspace roots, absolute.
    pub runtime_workspace_roots: Vec<LegacyAppPathString>,
}

/// A programme of extended cyber access.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum CyberAccessProgram {
    /// None.
    Standard,
    /// For defenders.
    DaybreakBlue,
    /// For testers.
    DaybreakRed,
}
