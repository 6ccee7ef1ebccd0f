//! Hooks: commands of the user that run at events (docs/contract/hooks.md).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::path::{AbsolutePathBuf, LegacyAppPathString};

crate::rpc::methods! {
    client HooksList "hooks/list" (HooksListParams) -> HooksListResponse, stable, in GlobalRead("config"), "Lists hooks, and whether they may run.";
    notify HookStarted "hook/started" (HookStartedNotification), stable, "A hook began to run.";
    notify HookCompleted "hook/completed" (HookCompletedNotification), stable, "A hook has run.";
}

/// Which hooks to list: those of folders, or those of a thread.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HooksListParams {
    /// Folders; the server's own if there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cwds: Vec<String>,
    /// A loaded thread.
    #[serde(default)]
    pub thread_id: Option<String>,
}

/// The hooks, folder by folder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct HooksListResponse {
    /// One entry for each folder.
    pub data: Vec<HooksListEntry>,
}

/// The hooks of a folder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct HooksListEntry {
    /// The folder.
    pub cwd: String,
    /// Why the configuration can't be read.
    pub errors: Vec<HookErrorInfo>,
    /// The hooks in the order in which they run.
    pub hooks: Vec<HookMetadata>,
    /// What is wrong with single hooks.
    pub warnings: Vec<String>,
}

/// Why the hooks of a folder can't be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HookErrorInfo {
    /// What is wrong.
    pub message: String,
    /// The folder.
    pub path: String,
}

/// A configured hook.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HookMetadata {
    /// Names it: file, event, position.
    pub key: String,
    /// When it runs.
    pub event_name: HookEventName,
    /// What it does.
    #[serde(flatten)]
    pub handler: HookMetadataHandler,
    /// What it is limited to.
    pub matcher: Option<String>,
    /// How long it may take, in seconds.
    pub timeout_sec: u64,
    /// What to show while it runs.
    pub status_message: Option<String>,
    /// Tokens of its context that reach the model.
    pub additional_context_limit: Option<usize>,
    /// The file that it is in.
    pub source_path: AbsolutePathBuf,
    /// The layer that it is in.
    pub source: HookSource,
    /// The plugin that it belongs to.
    pub plugin_id: Option<String>,
    /// The environment that it runs in; null is this machine.
    pub environment_id: Option<String>,
    /// Its place among all hooks.
    pub display_order: i64,
    /// It is not switched off.
    pub enabled: bool,
    /// The administrator has set it up.
    pub is_managed: bool,
    /// Identifies what it does: a client that trusts it keeps this in `hooks.state`.
    pub current_hash: String,
    /// Whether it may run.
    pub trust_status: HookTrustStatus,
}

/// What a hook does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "handlerType", rename_all = "camelCase")]
pub enum HookMetadataHandler {
    /// Runs a command.
    Command {
        /// The command.
        command: String,
        /// Nobody waits for it.
        #[serde(default, rename = "async")]
        is_async: bool,
    },
    /// Calls a tool of an MCP server.
    McpTool {
        /// The server.
        server: String,
        /// The tool.
        tool: String,
    },
    /// Asks a model; not supported.
    Prompt {},
    /// Asks an agent; not supported.
    Agent {},
}

/// When hooks run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum HookEventName {
    /// Before a request to the model.
    PreModelRequest,
    /// After it.
    PostModelRequest,
    /// Before a tool runs.
    PreToolUse,
    /// Before an approval is asked for.
    PermissionRequest,
    /// After a tool has run.
    PostToolUse,
    /// Before the history is summed up.
    PreCompact,
    /// After it.
    PostCompact,
    /// When a thread begins to work.
    SessionStart,
    /// When a thread is unloaded.
    SessionEnd,
    /// When the user says something.
    UserPromptSubmit,
    /// When an agent begins to work.
    SubagentStart,
    /// When it has nothing more to do.
    SubagentStop,
    /// When the model has nothing more to do.
    Stop,
    /// When a turn is interrupted.
    Interrupt,
}

/// Where a hook comes from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum HookSource {
    /// The machine.
    System,
    /// The user's home.
    User,
    /// The project.
    Project,
    /// Device management.
    Mdm,
    /// The command line, or the client.
    SessionFlags,
    /// A plugin.
    Plugin,
    /// Requirements of the account.
    CloudRequirements,
    /// Configuration of the account.
    CloudManagedConfig,
    /// A file of the administrator.
    LegacyManagedConfigFile,
    /// Device management.
    LegacyManagedConfigMdm,
    /// Not known.
    #[default]
    Unknown,
}

/// Whether a hook may run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum HookTrustStatus {
    /// Yes: the administrator has set it up.
    Managed,
    /// No: nobody has said so.
    Untrusted,
    /// Yes: the user trusts it as it is.
    Trusted,
    /// No: it has changed since the user trusted it.
    Modified,
}

/// A hook began to run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HookStartedNotification {
    /// The thread.
    pub thread_id: String,
    /// The turn; null outside of turns.
    pub turn_id: Option<String>,
    /// The run.
    pub run: HookRunSummary,
}

/// A hook has run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HookCompletedNotification {
    /// The thread.
    pub thread_id: String,
    /// The turn; null outside of turns.
    pub turn_id: Option<String>,
    /// The run.
    pub run: HookRunSummary,
}

/// A run of a hook.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HookRunSummary {
    /// Names it, within its turn.
    pub id: String,
    /// When the hook runs.
    pub event_name: HookEventName,
    /// What it is.
    pub handler_type: HookHandlerType,
    /// Whether somebody waits for it.
    pub execution_mode: HookExecutionMode,
    /// What it belongs to.
    pub scope: HookScope,
    /// The file that the hook is in.
    pub source_path: LegacyAppPathString,
    /// The layer that the hook is in.
    #[serde(default)]
    pub source: HookSource,
    /// The hook's place among all hooks.
    pub display_order: i64,
    /// How it stands.
    pub status: HookRunStatus,
    /// What to show while it runs.
    pub status_message: Option<String>,
    /// Unix seconds.
    pub started_at: i64,
    /// Unix seconds.
    pub completed_at: Option<i64>,
    /// How long it took.
    pub duration_ms: Option<i64>,
    /// What came of it.
    pub entries: Vec<HookOutputEntry>,
}

/// What a hook is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum HookHandlerType {
    /// A command.
    Command,
    /// The call of a tool of an MCP server.
    McpTool,
    /// A question to a model.
    Prompt,
    /// A question to an agent.
    Agent,
}

/// Whether somebody waits for a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum HookExecutionMode {
    /// Yes.
    Sync,
    /// No.
    Async,
}

/// What a run belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum HookScope {
    /// The thread as a whole.
    Thread,
    /// One turn.
    Turn,
}

/// How a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum HookRunStatus {
    /// It is not over.
    Running,
    /// It went well.
    Completed,
    /// It failed, which changes nothing.
    Failed,
    /// It forbids what was about to be done.
    Blocked,
    /// It ends the work.
    Stopped,
}

/// A line about a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HookOutputEntry {
    /// What it is.
    pub kind: HookOutputEntryKind,
    /// The text.
    pub text: String,
}

/// What a line about a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum HookOutputEntryKind {
    /// For the user.
    Warning,
    /// Why the work ends.
    Stop,
    /// Why something was forbidden.
    Feedback,
    /// For the model.
    Context,
    /// Why it failed.
    Error,
}
