//! Hooks as clients see them: what is configured, and what became of a run (docs/contract/hooks.md).

use std::path::PathBuf;

use serde::Deserialize;

/// When hooks run. The order is that in which hooks are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
pub enum HookEvent {
    /// A request is about to be sent to the model.
    PreModelRequest,
    /// A response of the model is over, however it ended.
    PostModelRequest,
    /// A tool is about to run.
    PreToolUse,
    /// Somebody is about to be asked for an approval.
    PermissionRequest,
    /// A tool has run.
    PostToolUse,
    /// The history is about to be summed up.
    PreCompact,
    /// The history has been summed up.
    PostCompact,
    /// A thread begins to work: its first turn, or the first after it was summed up.
    SessionStart,
    /// A thread is unloaded.
    SessionEnd,
    /// The user has said something.
    UserPromptSubmit,
    /// An agent that a model has started begins to work.
    SubagentStart,
    /// Such an agent has nothing more to do.
    SubagentStop,
    /// The model has nothing more to do.
    Stop,
    /// A turn was interrupted.
    Interrupt,
}

impl HookEvent {
    /// All of them.
    pub const ALL: [Self; 14] = [
        Self::PreModelRequest,
        Self::PostModelRequest,
        Self::PreToolUse,
        Self::PermissionRequest,
        Self::PostToolUse,
        Self::PreCompact,
        Self::PostCompact,
        Self::SessionStart,
        Self::SessionEnd,
        Self::UserPromptSubmit,
        Self::SubagentStart,
        Self::SubagentStop,
        Self::Stop,
        Self::Interrupt,
    ];

    /// Its name in files and in the input of hooks.
    pub fn name(self) -> &'static str {
        match self {
            Self::PreModelRequest => "PreModelRequest",
            Self::PostModelRequest => "PostModelRequest",
            Self::PreToolUse => "PreToolUse",
            Self::PermissionRequest => "PermissionRequest",
            Self::PostToolUse => "PostToolUse",
            Self::PreCompact => "PreCompact",
            Self::PostCompact => "PostCompact",
            Self::SessionStart => "SessionStart",
            Self::SessionEnd => "SessionEnd",
            Self::UserPromptSubmit => "UserPromptSubmit",
            Self::SubagentStart => "SubagentStart",
            Self::SubagentStop => "SubagentStop",
            Self::Stop => "Stop",
            Self::Interrupt => "Interrupt",
        }
    }

    /// Its name in the keys and hashes of hooks.
    pub fn snake_name(self) -> &'static str {
        match self {
            Self::PreModelRequest => "pre_model_request",
            Self::PostModelRequest => "post_model_request",
            Self::PreToolUse => "pre_tool_use",
            Self::PermissionRequest => "permission_request",
            Self::PostToolUse => "post_tool_use",
            Self::PreCompact => "pre_compact",
            Self::PostCompact => "post_compact",
            Self::SessionStart => "session_start",
            Self::SessionEnd => "session_end",
            Self::UserPromptSubmit => "user_prompt_submit",
            Self::SubagentStart => "subagent_start",
            Self::SubagentStop => "subagent_stop",
            Self::Stop => "stop",
            Self::Interrupt => "interrupt",
        }
    }

    /// Whether a run belongs to the thread as a whole, not to one turn of it.
    pub fn is_of_thread(self) -> bool {
        matches!(self, Self::SessionStart | Self::SessionEnd | Self::SubagentStart)
    }
}

/// Which layer of the configuration a hook comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HookSource {
    /// The machine's administrator.
    System,
    /// The user's home.
    User,
    /// The project, which the user trusts.
    Project,
    /// The command line, or the client that started the thread.
    SessionFlags,
    /// A plugin that the user has installed.
    Plugin,
}

/// What a hook does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HookHandler {
    /// Runs a command in a shell.
    Command {
        /// The command.
        command: String,
        /// Nobody waits for it, and it can't hold anything up.
        is_async: bool,
    },
    /// Calls a tool of an MCP server.
    McpTool {
        /// The server.
        server: String,
        /// The tool.
        tool: String,
        /// What it is called with.
        input: serde_json::Value,
    },
}

/// Whether a hook may run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HookTrust {
    /// The administrator has set it up.
    Managed,
    /// The user has not said that it may.
    Untrusted,
    /// The user trusts it as it is.
    Trusted,
    /// The user trusted another version of it.
    Modified,
}

/// A configured hook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookDescription {
    /// Names it: file, event and position.
    pub key: String,
    /// When it runs.
    pub event: HookEvent,
    /// What it does.
    pub handler: HookHandler,
    /// What it is limited to, as written; `None` where its event has nothing to match.
    pub matcher: Option<String>,
    /// How long it may take, in seconds.
    pub timeout_s: u64,
    /// What clients show while it runs.
    pub status_message: Option<String>,
    /// Tokens of its context that reach the model; 0 is no limit.
    pub context_limit: Option<u64>,
    /// The file that it is in.
    pub source_path: PathBuf,
    /// The layer that it is in.
    pub source: HookSource,
    /// The plugin that it belongs to, `plugin@marketplace`.
    pub plugin_id: Option<String>,
    /// Its place among all hooks, from 0.
    pub display_order: i64,
    /// The user has not switched it off.
    pub enabled: bool,
    /// Identifies what it does; see [`HookTrust`].
    pub current_hash: String,
    /// Whether it may run.
    pub trust: HookTrust,
}

/// The hooks of a folder, and what is wrong with them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HookList {
    /// The hooks in the order in which they run.
    pub hooks: Vec<HookDescription>,
    /// What is wrong with single hooks.
    pub warnings: Vec<String>,
    /// Why the configuration can't be read.
    pub errors: Vec<String>,
}

/// How a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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

/// What a line about a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HookEntryKind {
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

/// A line about a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookEntry {
    /// What it is.
    pub kind: HookEntryKind,
    /// The text.
    pub text: String,
}

/// A run of a hook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookRun {
    /// Names it, within its turn.
    pub id: String,
    /// When it runs.
    pub event: HookEvent,
    /// Whether it is the call of an MCP server's tool, not a command.
    pub is_mcp_tool: bool,
    /// The file that the hook is in.
    pub source_path: PathBuf,
    /// The layer that the hook is in.
    pub source: HookSource,
    /// The hook's place among all hooks.
    pub display_order: i64,
    /// How it stands.
    pub status: HookRunStatus,
    /// What clients show while it runs.
    pub status_message: Option<String>,
    /// Unix milliseconds.
    pub started_at_ms: i64,
    /// Unix milliseconds.
    pub completed_at_ms: Option<i64>,
    /// What came of it.
    pub entries: Vec<HookEntry>,
}
