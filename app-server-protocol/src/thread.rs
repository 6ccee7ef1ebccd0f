//! Threads: start, status, settings and token counts (docs/contract/threads.md#thread-start, docs/contract/threads.md#status, docs/contract/threads.md#subscriptions).

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::capability::{DynamicToolSpec, SelectedCapabilityRoot};
use crate::origin::ThreadSource;
use crate::path::{AbsolutePathBuf, LegacyAppPathString};
use crate::policy::{ActivePermissionProfile, ApprovalsReviewer, AskForApproval, SandboxMode, SandboxPolicy};
use crate::settings::{MultiAgentMode, Personality, ReasoningEffort, ThreadSettings, TurnEnvironmentParams};
use crate::shape::double_option;
use crate::thread_data::{Thread, ThreadHistoryMode, ThreadStatus};

crate::rpc::methods! {
    client ThreadStart "thread/start" (ThreadStartParams) -> ThreadStartResponse, stable, in None, "Starts a thread and subscribes the caller to it.";
    client ThreadLoadedList "thread/loaded/list" (ThreadLoadedListParams) -> ThreadLoadedListResponse, stable, in None, "Lists the loaded threads.";
    client ThreadUnsubscribe "thread/unsubscribe" (ThreadUnsubscribeParams) -> ThreadUnsubscribeResponse, stable, in Thread, "Stops notifications about a thread's turns on this connection.";
    notify ThreadStarted "thread/started" (ThreadStartedNotification), stable, "A thread was started or forked.";
    notify ThreadStatusChanged "thread/status/changed" (ThreadStatusChangedNotification), stable, "A thread's status changed.";
    notify ThreadClosed "thread/closed" (ThreadClosedNotification), stable, "A thread was unloaded.";
    notify ThreadTokenUsageUpdated "thread/tokenUsage/updated" (ThreadTokenUsageUpdatedNotification), stable, "A thread's token counts changed.";
    notify ThreadSettingsUpdated "thread/settings/updated" (ThreadSettingsUpdatedNotification), stable, "A thread's settings changed.";
}

/// What a new thread begins with. All is optional; what is absent comes from the configuration.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadStartParams {
    /// Take the provider's default model when it does not know `model`. Accepted; without effect.
    #[serde(default)]
    #[schemars(extend("x-experimental" = true))]
    pub allow_provider_model_fallback: bool,
    /// When to ask before a command runs or a file changes.
    pub approval_policy: Option<AskForApproval>,
    /// Who answers approval requests.
    pub approvals_reviewer: Option<ApprovalsReviewer>,
    /// Replaces the built-in instructions of the model.
    pub base_instructions: Option<String>,
    /// Settings on top of the configuration files, as dotted keys.
    pub config: Option<BTreeMap<String, Value>>,
    /// Working folder; a relative one counts from the server's.
    pub cwd: Option<String>,
    /// The client's mark that the thread uses extended cyber access; kept and shown, without effect on requests.
    #[schemars(extend("x-experimental" = true))]
    pub daybreak_enabled: Option<bool>,
    /// Instructions of the application, added to the built-in ones.
    pub developer_instructions: Option<String>,
    /// Tools that the client carries out (`item/tool/call`).
    #[schemars(extend("x-experimental" = true))]
    #[serde(default, deserialize_with = "crate::capability::dynamic_tools")]
    pub dynamic_tools: Option<Vec<DynamicToolSpec>>,
    /// Where commands run.
    #[schemars(extend("x-experimental" = true))]
    pub environments: Option<Vec<TurnEnvironmentParams>>,
    /// Keep the thread in memory only.
    pub ephemeral: Option<bool>,
    /// Also send what the model server sends, as `rawResponseItem/completed` and `rawResponse/completed`.
    #[serde(default)]
    #[schemars(extend("x-experimental" = true))]
    pub experimental_raw_events: bool,
    /// How the history is kept; absent for `paginated`. `legacy` is for programs that read the file and know nothing else.
    #[schemars(extend("x-experimental" = true))]
    pub history_mode: Option<ThreadHistoryMode>,
    /// Has no effect; lets clients test the gate of experimental parameters.
    #[schemars(extend("x-experimental" = true))]
    pub mock_experimental_field: Option<String>,
    /// Model slug.
    pub model: Option<String>,
    /// Provider id, as in the configuration.
    pub model_provider: Option<String>,
    /// Whether the model may start other agents on its own. Accepted; without effect.
    #[schemars(extend("x-experimental" = true))]
    pub multi_agent_mode: Option<MultiAgentMode>,
    /// Permission profile, by name; not together with a sandbox.
    #[schemars(extend("x-experimental" = true))]
    pub permissions: Option<String>,
    /// Accepted and kept; without effect.
    pub personality: Option<Personality>,
    /// The project that the thread belongs to.
    #[schemars(extend("x-experimental" = true))]
    pub project_id: Option<String>,
    /// Workspace roots, absolute.
    #[schemars(extend("x-experimental" = true))]
    pub runtime_workspace_roots: Option<Vec<AbsolutePathBuf>>,
    /// What commands may touch.
    pub sandbox: Option<SandboxMode>,
    /// Further folders that skills of this thread come from, at most 64.
    #[schemars(extend("x-experimental" = true))]
    pub selected_capability_roots: Option<Vec<SelectedCapabilityRoot>>,
    /// Name of the service that the thread works for. Accepted; without effect.
    pub service_name: Option<String>,
    /// Service tier; null chooses the default one, absent keeps the configured one.
    #[serde(default, with = "double_option", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub service_tier: Option<Option<String>>,
    /// Why the thread is started, for hooks.
    pub session_start_source: Option<ThreadStartSource>,
    /// What the thread is for, in words of the client.
    pub thread_source: Option<ThreadSource>,
}

/// Why a thread is started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ThreadStartSource {
    /// The client has just been opened.
    Startup,
    /// The user cleared the conversation before.
    Clear,
}

/// The new thread, and the settings in force.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadStartResponse {
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

/// Which page of the loaded threads.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadLoadedListParams {
    /// Where the last page ended (`nextCursor`); absent for the first page.
    pub cursor: Option<String>,
    /// Most entries of a page; absent for all.
    pub limit: Option<u32>,
}

/// Threads that are loaded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadLoadedListResponse {
    /// Their ids.
    pub data: Vec<String>,
    /// Where the next page begins; null on the last page.
    pub next_cursor: Option<String>,
}

/// Which thread's news to stop.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadUnsubscribeParams {
    /// The thread.
    pub thread_id: String,
}

/// What became of the subscription.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadUnsubscribeResponse {
    /// How it stands.
    pub status: ThreadUnsubscribeStatus,
}

/// What became of a subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ThreadUnsubscribeStatus {
    /// The thread is not loaded.
    NotLoaded,
    /// There was none.
    NotSubscribed,
    /// It has ended.
    Unsubscribed,
}

/// A thread was started or forked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadStartedNotification {
    /// The thread.
    pub thread: Thread,
}

/// A thread's status changed. Sent to every connection.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadStatusChangedNotification {
    /// The thread.
    pub thread_id: String,
    /// How it stands.
    pub status: ThreadStatus,
}

/// A thread was unloaded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadClosedNotification {
    /// The thread.
    pub thread_id: String,
}

/// A thread's token counts changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadTokenUsageUpdatedNotification {
    /// The thread.
    pub thread_id: String,
    /// The turn.
    pub turn_id: String,
    /// The counts.
    pub token_usage: ThreadTokenUsage,
}

/// Token counts of a thread.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadTokenUsage {
    /// Of the last request to the model.
    pub last: TokenUsageBreakdown,
    /// Of all requests so far.
    pub total: TokenUsageBreakdown,
    /// Tokens that fit into the model.
    pub model_context_window: Option<i64>,
}

/// Token counts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TokenUsageBreakdown {
    /// Input tokens that came from the model server's cache.
    pub cached_input_tokens: i64,
    /// Input tokens, cached ones included.
    pub input_tokens: i64,
    /// Output tokens, reasoning included.
    pub output_tokens: i64,
    /// Output tokens spent on reasoning.
    pub reasoning_output_tokens: i64,
    /// Input and output.
    pub total_tokens: i64,
    /// Input tokens that were put into the cache.
    #[serde(default)]
    pub cache_write_input_tokens: i64,
}

/// A thread's settings changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadSettingsUpdatedNotification {
    /// The thread.
    pub thread_id: String,
    /// All of them.
    pub thread_settings: ThreadSettings,
}
