//! A thread and its metadata.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::origin::{SessionSource, ThreadSource};
use crate::path::AbsolutePathBuf;
use crate::settings::{ReasoningEffort, ThreadEnvironment};
use crate::shape::require;
use crate::turn_data::Turn;

/// A conversation with its metadata.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(transform = require("projectId"))]
pub struct Thread {
    /// Its id, a UUID.
    pub id: String,
    /// Release of the server that made it.
    pub cli_version: String,
    /// When it was made, in Unix seconds.
    pub created_at: i64,
    /// Working folder, absolute.
    pub cwd: AbsolutePathBuf,
    /// Lives in memory only.
    pub ephemeral: bool,
    /// Provider id, as in the configuration.
    pub model_provider: String,
    /// First user message, shortened; empty before there is one.
    pub preview: String,
    /// The project that the thread belongs to.
    pub project_id: Option<String>,
    /// Id that all threads of a family of sub-agents share.
    pub session_id: String,
    /// Which kind of program made it.
    pub source: SessionSource,
    /// How it stands.
    pub status: ThreadStatus,
    /// Its turns, in answers that promise them; else empty.
    pub turns: Vec<Turn>,
    /// When it last changed, in Unix seconds.
    pub updated_at: i64,
    /// Nickname, if it is a sub-agent.
    pub agent_nickname: Option<String>,
    /// Role, if it is a sub-agent.
    pub agent_role: Option<String>,
    /// The thread that it belongs to as a hidden child.
    #[schemars(extend("x-experimental" = true))]
    pub attached_to_thread_id: Option<String>,
    /// Whether a client may start turns in it; null when it is not loaded.
    #[schemars(extend("x-experimental" = true))]
    pub can_accept_direct_input: Option<bool>,
    /// The client's mark that it uses extended cyber access; absent where none was given.
    #[schemars(extend("x-experimental" = true))]
    pub daybreak_enabled: Option<bool>,
    /// Where its commands run; null when it is not loaded.
    #[schemars(extend("x-experimental" = true))]
    pub environments: Option<Vec<ThreadEnvironment>>,
    /// Further members of this server; none at present.
    #[schemars(extend("x-experimental" = true))]
    pub extra: Option<ThreadExtra>,
    /// The thread that it was forked from.
    pub forked_from_id: Option<String>,
    /// The repository that it was made in.
    pub git_info: Option<GitInfo>,
    /// How the history is kept.
    #[serde(default)]
    pub history_mode: ThreadHistoryMode,
    /// Model slug, the one of the last turn when it is not loaded.
    pub model: Option<String>,
    /// Name that the user gave it.
    pub name: Option<String>,
    /// Program that made it, `clientInfo.name`.
    pub originator: Option<String>,
    /// The thread whose agent started it.
    pub parent_thread_id: Option<String>,
    /// Its file.
    pub path: Option<String>,
    /// How hard the model thinks; null is its default.
    pub reasoning_effort: Option<ReasoningEffort>,
    /// When it was last of interest to the user, in Unix seconds.
    pub recency_at: Option<i64>,
    /// The section that the user put it in.
    pub section: Option<ThreadSection>,
    /// When it was put there, in Unix seconds.
    pub section_entered_at: Option<i64>,
    /// What the thread is for, in words of the client.
    pub thread_source: Option<ThreadSource>,
}

/// How a thread's history is kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ThreadHistoryMode {
    /// One file that is read as a whole.
    #[default]
    Legacy,
    /// Numbered lines that can be read page by page.
    Paginated,
}

/// Further members of a thread.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ThreadExtra {}

/// A commit of a repository.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GitInfo {
    /// Branch.
    pub branch: Option<String>,
    /// URL of the remote `origin`.
    pub origin_url: Option<String>,
    /// Commit hash.
    pub sha: Option<String>,
}

/// A section of the user's list of threads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadSection {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// How it is shown.
    pub appearance: Option<ThreadSectionAppearance>,
}

/// How a section is shown.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadSectionAppearance {
    /// Colour, in words of the client.
    pub color: Option<String>,
    /// Icon, in words of the client.
    pub icon: Option<String>,
}

/// How a thread stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum ThreadStatus {
    /// Only its file exists.
    NotLoaded,
    /// Loaded, no turn is running.
    Idle,
    /// Loaded, its last turn failed.
    SystemError,
    /// A turn is running.
    Active {
        /// What it waits for, if anything.
        active_flags: Vec<ThreadActiveFlag>,
    },
}

/// What a running turn waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ThreadActiveFlag {
    /// For an approval.
    WaitingOnApproval,
    /// For an answer of the user.
    WaitingOnUserInput,
}
