//! Changes of a thread without a turn: name, metadata, settings, history (docs/contract/threads.md#managing-threads).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::policy::{ApprovalsReviewer, AskForApproval, SandboxPolicy};
use crate::settings::{
    CollaborationMode, MultiAgentMode, Personality, ReasoningEffort, ReasoningSummary, TurnEnvironmentParams,
};
use crate::shape::double_option;
use crate::thread_data::Thread;

crate::rpc::methods! {
    client ThreadSetName "thread/name/set" (ThreadSetNameParams) -> ThreadSetNameResponse, stable, in Thread, "Names a thread.";
    client ThreadMetadataUpdate "thread/metadata/update" (ThreadMetadataUpdateParams) -> ThreadMetadataUpdateResponse, stable, in Thread, "Changes a thread's metadata.";
    client ThreadSettingsUpdate "thread/settings/update" (ThreadSettingsUpdateParams) -> ThreadSettingsUpdateResponse, experimental, in Thread, "Changes settings of a thread without a turn.";
    client ThreadInjectItems "thread/inject_items" (ThreadInjectItemsParams) -> ThreadInjectItemsResponse, stable, in Thread, "Adds items to the model's history without a turn.";
    notify ThreadNameUpdated "thread/name/updated" (ThreadNameUpdatedNotification), stable, "A thread was named.";
}

/// Names a thread.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadSetNameParams {
    /// The thread.
    pub thread_id: String,
    /// The name; blanks around it are cut off.
    pub name: String,
}

/// It has the name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ThreadSetNameResponse {}

/// A thread's name changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadNameUpdatedNotification {
    /// The thread.
    pub thread_id: String,
    /// The new name; absent when it has none any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thread_name: Option<String>,
}

/// Changes a thread's metadata. What is absent stays.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadMetadataUpdateParams {
    /// The thread.
    pub thread_id: String,
    /// The client's mark that it uses extended cyber access; absent where none was given.
    #[schemars(extend("x-experimental" = true))]
    pub daybreak_enabled: Option<bool>,
    /// What it says about its repository.
    pub git_info: Option<ThreadMetadataGitInfoUpdateParams>,
    /// The project that it belongs to; null for none.
    #[serde(default, with = "double_option", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    #[schemars(extend("x-experimental" = true))]
    pub project_id: Option<Option<String>>,
}

/// Changes what a thread says about its repository. What is absent stays, null clears.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadMetadataGitInfoUpdateParams {
    /// Branch.
    #[serde(default, with = "double_option", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub branch: Option<Option<String>>,
    /// URL of the remote `origin`.
    #[serde(default, with = "double_option", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub origin_url: Option<Option<String>>,
    /// Commit hash.
    #[serde(default, with = "double_option", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub sha: Option<Option<String>>,
}

/// The thread with its new metadata.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadMetadataUpdateResponse {
    /// The thread.
    pub thread: Thread,
}

/// Changes a thread's settings without a turn. What is absent stays.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadSettingsUpdateParams {
    /// The thread.
    pub thread_id: String,
    /// When to ask before a command runs or a file changes.
    pub approval_policy: Option<AskForApproval>,
    /// Who answers approval requests.
    pub approvals_reviewer: Option<ApprovalsReviewer>,
    /// Plan or default mode, with what goes with it.
    pub collaboration_mode: Option<CollaborationMode>,
    /// Working folder.
    pub cwd: Option<String>,
    /// Plugins that are switched off for this thread.
    pub disabled_plugin_ids: Option<Vec<String>>,
    /// How hard the model thinks; null is its default.
    pub effort: Option<ReasoningEffort>,
    /// Where commands run.
    pub environments: Option<Vec<TurnEnvironmentParams>>,
    /// Model slug.
    pub model: Option<String>,
    /// Whether the model may start other agents on its own. Accepted; without effect.
    pub multi_agent_mode: Option<MultiAgentMode>,
    /// Permission profile, by name; not together with a sandbox.
    pub permissions: Option<String>,
    /// Accepted and kept; without effect.
    pub personality: Option<Personality>,
    /// What commands may touch.
    pub sandbox_policy: Option<SandboxPolicy>,
    /// Service tier; null chooses the default one, absent changes nothing.
    #[serde(default, with = "double_option", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub service_tier: Option<Option<String>>,
    /// How much of its reasoning the model sums up.
    pub summary: Option<ReasoningSummary>,
}

/// They are in force.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ThreadSettingsUpdateResponse {}

/// Adds to a thread's history without a turn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadInjectItemsParams {
    /// The thread.
    pub thread_id: String,
    /// Items as the Responses API has them.
    pub items: Vec<Value>,
}

/// They are in the history.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ThreadInjectItemsResponse {}
