//! Threads that come back, branch off and go (docs/contract/threads.md).

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::origin::ThreadSource;
use crate::page::SortDirection;
use crate::path::{AbsolutePathBuf, LegacyAppPathString};
use crate::policy::{ActivePermissionProfile, ApprovalsReviewer, AskForApproval, SandboxMode, SandboxPolicy};
use crate::response_item::ResponseItem;
use crate::settings::{CollaborationMode, MultiAgentMode, Personality, ReasoningEffort};
use crate::shape::double_option;
use crate::thread_data::Thread;
use crate::turn_data::{Turn, TurnItemsView};

crate::rpc::methods! {
    client ThreadResume "thread/resume" (ThreadResumeParams) -> ThreadResumeResponse, stable, in ThreadOrPath, "Loads a stored thread and subscribes the caller to it.";
    client ThreadFork "thread/fork" (ThreadForkParams) -> ThreadForkResponse, stable, in ThreadOrPath, "Forks a thread and subscribes the caller to the new one.";
    client ThreadRevert "thread/revert" (ThreadRevertParams) -> ThreadRevertResponse, stable, in Thread, "Drops a turn and everything after it.";
    client ThreadArchive "thread/archive" (ThreadArchiveParams) -> ThreadArchiveResponse, stable, in Thread, "Archives a thread.";
    client ThreadUnarchive "thread/unarchive" (ThreadUnarchiveParams) -> ThreadUnarchiveResponse, stable, in Thread, "Takes a thread out of the archive.";
    client ThreadDelete "thread/delete" (ThreadDeleteParams) -> ThreadDeleteResponse, stable, in Thread, "Deletes a thread permanently.";
    notify ThreadReverted "thread/reverted" (ThreadRevertedNotification), stable, "Turns of a thread were dropped.";
    notify ThreadArchived "thread/archived" (ThreadArchivedNotification), stable, "A thread was archived.";
    notify ThreadUnarchived "thread/unarchived" (ThreadUnarchivedNotification), stable, "A thread was taken out of the archive.";
    notify ThreadDeleted "thread/deleted" (ThreadDeletedNotification), stable, "A thread was deleted.";
}

/// Brings a thread back. Settings that are absent stay as they were.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadResumeParams {
    /// The thread.
    pub thread_id: String,
    /// When to ask before a command runs or a file changes.
    pub approval_policy: Option<AskForApproval>,
    /// Who answers approval requests.
    pub approvals_reviewer: Option<ApprovalsReviewer>,
    /// Replaces the built-in instructions of the model.
    pub base_instructions: Option<String>,
    /// Settings on top of the configuration files, as dotted keys.
    pub config: Option<BTreeMap<String, Value>>,
    /// Working folder.
    pub cwd: Option<String>,
    /// Instructions of the application, added to the built-in ones.
    pub developer_instructions: Option<String>,
    /// Leave `thread.turns` empty; page through them instead.
    #[serde(default)]
    pub exclude_turns: bool,
    /// Begin a new thread with these items in place of a stored one.
    #[schemars(extend("x-experimental" = true))]
    pub history: Option<Vec<ResponseItem>>,
    /// Also send a page of turns.
    #[schemars(extend("x-experimental" = true))]
    pub initial_turns_page: Option<ThreadResumeInitialTurnsPageParams>,
    /// Model slug.
    pub model: Option<String>,
    /// Provider id, as in the configuration.
    pub model_provider: Option<String>,
    /// The thread's file, where `threadId` is empty.
    #[schemars(extend("x-experimental" = "nonEmpty"))]
    pub path: Option<String>,
    /// Permission profile, by name; not together with a sandbox.
    #[schemars(extend("x-experimental" = true))]
    pub permissions: Option<String>,
    /// Accepted and kept; without effect.
    pub personality: Option<Personality>,
    /// Workspace roots, absolute.
    #[schemars(extend("x-experimental" = true))]
    pub runtime_workspace_roots: Option<Vec<AbsolutePathBuf>>,
    /// What commands may touch.
    pub sandbox: Option<SandboxMode>,
    /// Service tier; null is the default one.
    #[serde(default, with = "double_option", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub service_tier: Option<Option<String>>,
}

/// Which page of turns comes with the answer.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadResumeInitialTurnsPageParams {
    /// How much of the items to send; absent for a summary.
    pub items_view: Option<TurnItemsView>,
    /// Most entries of a page.
    pub limit: Option<u32>,
    /// In which direction; absent for the method's own default.
    pub sort_direction: Option<SortDirection>,
}

/// The thread, and the settings in force.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadResumeResponse {
    /// When to ask before a command runs or a file changes.
    pub approval_policy: AskForApproval,
    /// Who answers approval requests.
    pub approvals_reviewer: ApprovalsReviewer,
    /// Working folder.
    pub cwd: AbsolutePathBuf,
    /// Model slug.
    pub model: String,
    /// Provider id, as in the configuration.
    pub model_provider: String,
    /// What commands may touch.
    pub sandbox: SandboxPolicy,
    /// The thread.
    pub thread: Thread,
    /// The permission profile in force; null when the sandbox was chosen directly.
    #[schemars(extend("x-experimental" = true))]
    pub active_permission_profile: Option<ActivePermissionProfile>,
    /// Plan or default mode, with what goes with it.
    pub collaboration_mode: Option<CollaborationMode>,
    /// Plugins that are switched off for this thread.
    #[serde(default)]
    pub disabled_plugin_ids: Vec<String>,
    /// The page that was asked for.
    #[schemars(extend("x-experimental" = true))]
    pub initial_turns_page: Option<TurnsPage>,
    /// Files that project instructions were read from.
    #[serde(default)]
    pub instruction_sources: Vec<LegacyAppPathString>,
    /// Where `thread/items/list` continues backwards.
    pub items_backwards_cursor: Option<String>,
    /// Whether the model may start other agents on its own.
    #[serde(default)]
    #[schemars(extend("x-experimental" = true))]
    pub multi_agent_mode: MultiAgentMode,
    /// How hard the model thinks; null is its default.
    pub reasoning_effort: Option<ReasoningEffort>,
    /// Workspace roots, absolute.
    #[serde(default)]
    #[schemars(extend("x-experimental" = true))]
    pub runtime_workspace_roots: Vec<AbsolutePathBuf>,
    /// Service tier; null is the default one.
    pub service_tier: Option<String>,
    /// Where `thread/turns/list` continues backwards.
    pub turns_backwards_cursor: Option<String>,
}

/// A page of turns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TurnsPage {
    /// The page.
    pub data: Vec<Turn>,
    /// Where the page before begins, for a request in the opposite direction.
    pub backwards_cursor: Option<String>,
    /// Where the next page begins; null on the last page.
    pub next_cursor: Option<String>,
}

/// Makes a thread that begins with the history of another. Settings that are absent are those of the other.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadForkParams {
    /// The other thread.
    pub thread_id: String,
    /// When to ask before a command runs or a file changes.
    pub approval_policy: Option<AskForApproval>,
    /// Who answers approval requests.
    pub approvals_reviewer: Option<ApprovalsReviewer>,
    /// Make it a hidden child of the other.
    #[serde(default)]
    #[schemars(extend("x-experimental" = true))]
    pub attach_to_source: bool,
    /// Replaces the built-in instructions of the model.
    pub base_instructions: Option<String>,
    /// End the history before this turn.
    #[schemars(extend("x-experimental" = true))]
    pub before_turn_id: Option<String>,
    /// Settings on top of the configuration files, as dotted keys.
    pub config: Option<BTreeMap<String, Value>>,
    /// Working folder.
    pub cwd: Option<String>,
    /// Do not go on with the goal by itself. Forks have no goal; refused together with `attachToSource`.
    #[serde(default)]
    #[schemars(extend("x-experimental" = true))]
    pub defer_goal_continuation: bool,
    /// Instructions of the application, added to the built-in ones.
    pub developer_instructions: Option<String>,
    /// Keep the new thread in memory only.
    #[serde(default)]
    pub ephemeral: bool,
    /// Leave `thread.turns` empty; page through them instead.
    #[serde(default)]
    pub exclude_turns: bool,
    /// Predict without tool servers. Refused: predictions are not supported.
    #[serde(default)]
    #[schemars(extend("x-experimental" = true))]
    pub experimental_disable_prediction_mcp: bool,
    /// Predict what the user will say next. Refused: predictions are not supported.
    #[serde(default)]
    #[schemars(extend("x-experimental" = true))]
    pub experimental_prediction_mode: bool,
    /// End the history with this turn.
    pub last_turn_id: Option<String>,
    /// Model slug.
    pub model: Option<String>,
    /// Provider id, as in the configuration.
    pub model_provider: Option<String>,
    /// The other thread's file, where `threadId` is empty.
    #[schemars(extend("x-experimental" = "nonEmpty"))]
    pub path: Option<String>,
    /// Permission profile, by name; not together with a sandbox.
    #[schemars(extend("x-experimental" = true))]
    pub permissions: Option<String>,
    /// Workspace roots, absolute.
    #[schemars(extend("x-experimental" = true))]
    pub runtime_workspace_roots: Option<Vec<AbsolutePathBuf>>,
    /// What commands may touch.
    pub sandbox: Option<SandboxMode>,
    /// Service tier; null is the default one.
    #[serde(default, with = "double_option", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub service_tier: Option<Option<String>>,
    /// What the thread is for, in words of the client.
    pub thread_source: Option<ThreadSource>,
}

/// The new thread, and the settings in force.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadForkResponse {
    /// When to ask before a command runs or a file changes.
    pub approval_policy: AskForApproval,
    /// Who answers approval requests.
    pub approvals_reviewer: ApprovalsReviewer,
    /// Working folder.
    pub cwd: AbsolutePathBuf,
    /// Model slug.
    pub model: String,
    /// Provider id, as in the configuration.
    pub model_provider: String,
    /// What commands may touch.
    pub sandbox: SandboxPolicy,
    /// The thread.
    pub thread: Thread,
    /// The permission profile in force; null when the sandbox was chosen directly.
    #[schemars(extend("x-experimental" = true))]
    pub active_permission_profile: Option<ActivePermissionProfile>,
    /// Plugins that are switched off for this thread.
    #[serde(default)]
    pub disabled_plugin_ids: Vec<String>,
    /// Files that project instructions were read from.
    #[serde(default)]
    pub instruction_sources: Vec<LegacyAppPathString>,
    /// Whether the model may start other agents on its own.
    #[serde(default)]
    #[schemars(extend("x-experimental" = true))]
    pub multi_agent_mode: MultiAgentMode,
    /// How hard the model thinks; null is its default.
    pub reasoning_effort: Option<ReasoningEffort>,
    /// Workspace roots, absolute.
    #[serde(default)]
    #[schemars(extend("x-experimental" = true))]
    pub runtime_workspace_roots: Vec<AbsolutePathBuf>,
    /// Service tier; null is the default one.
    pub service_tier: Option<String>,
}

/// Forgets the end of a thread's history. Changes of files stay.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadRevertParams {
    /// The thread.
    pub thread_id: String,
    /// The first turn to forget.
    pub before_turn_id: String,
}

/// The shorter thread.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadRevertResponse {
    /// The thread.
    pub thread: Thread,
    /// Where `thread/items/list` continues backwards.
    pub items_backwards_cursor: Option<String>,
    /// Where `thread/turns/list` continues backwards.
    pub turns_backwards_cursor: Option<String>,
}

/// A thread's history became shorter; read it again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadRevertedNotification {
    /// The thread.
    pub thread_id: String,
}

/// Puts a thread, with all that its agents started, out of sight.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadArchiveParams {
    /// The thread.
    pub thread_id: String,
}

/// It is in the archive.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ThreadArchiveResponse {}

/// A thread was archived.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadArchivedNotification {
    /// The thread.
    pub thread_id: String,
}

/// Takes a thread out of the archive.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadUnarchiveParams {
    /// The thread.
    pub thread_id: String,
}

/// It is back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadUnarchiveResponse {
    /// The thread.
    pub thread: Thread,
}

/// A thread came back from the archive.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadUnarchivedNotification {
    /// The thread.
    pub thread_id: String,
}

/// Deletes a thread for good.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadDeleteParams {
    /// The thread.
    pub thread_id: String,
}

/// It is gone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ThreadDeleteResponse {}

/// A thread was deleted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadDeletedNotification {
    /// The thread.
    pub thread_id: String,
}
