//! What is known of a thread besides its turns.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use uuid::Uuid;

use crate::ThreadId;

/// What a thread is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ThreadStatus {
    /// Known from its file only.
    NotLoaded,
    /// Waiting for input.
    Idle,
    /// Its last turn failed.
    SystemError,
    /// A turn is running.
    Active {
        /// The turn waits for an approval.
        waiting_on_approval: bool,
        /// The turn waits for an answer of the user.
        waiting_on_user_input: bool,
    },
}

impl ThreadStatus {
    /// Running, not waiting for anybody.
    pub const ACTIVE: Self = Self::Active {
        waiting_on_approval: false,
        waiting_on_user_input: false,
    };
}

/// How a thread's history is stored.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HistoryMode {
    /// Without ordinals, and with lines of its own per kind of item; for programs that read nothing else.
    Legacy,
    /// With ordinals and a line per completed item.
    #[default]
    Paginated,
}

/// State of the repository around a thread's folder when it was started.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GitInfo {
    /// Commit id.
    pub sha: Option<String>,
    /// Branch name.
    pub branch: Option<String>,
    /// Address of the remote `origin`.
    pub origin_url: Option<String>,
}

/// Everything that a list row or a thread object shows, save its turns.
#[derive(Debug, Clone, PartialEq)]
pub struct ThreadInfo {
    /// Identifier.
    pub id: ThreadId,
    /// Identifier of the root of its tree of sub-agents; its own for ordinary threads.
    pub session_id: String,
    /// The thread that it was forked from.
    pub forked_from: Option<ThreadId>,
    /// The thread whose agent spawned it.
    pub parent: Option<ThreadId>,
    /// The thread that it is attached to as a hidden child.
    pub attached_to: Option<ThreadId>,
    /// First user text, or empty.
    pub preview: String,
    /// User-given name.
    pub name: Option<String>,
    /// Lives in memory only.
    pub ephemeral: bool,
    /// How it is stored.
    pub history_mode: HistoryMode,
    /// Model slug, if known.
    pub model: Option<String>,
    /// Reasoning effort, if known.
    pub effort: Option<String>,
    /// Provider id.
    pub model_provider: String,
    /// Unix seconds.
    pub created_at: i64,
    /// Unix seconds.
    pub updated_at: i64,
    /// Unix seconds of the last user activity.
    pub recency_at: Option<i64>,
    /// What it is doing.
    pub status: ThreadStatus,
    /// Its rollout file; `None` for ephemeral threads.
    pub path: Option<PathBuf>,
    /// Working folder.
    pub cwd: PathBuf,
    /// Workspace roots; empty when not loaded.
    pub workspace_roots: Vec<PathBuf>,
    /// Commands and files are within its reach.
    pub has_environment: bool,
    /// Version that wrote its first line.
    pub cli_version: String,
    /// Name of the client that started it.
    pub originator: Option<String>,
    /// `source` of its session meta, as stored (`"vscode"`, `"cli"`, `{"subagent":…}`).
    pub source: serde_json::Value,
    /// `thread_source` of its session meta.
    pub thread_source: Option<String>,
    /// Repository state.
    pub git: Option<GitInfo>,
    /// Nickname of a sub-agent.
    pub agent_nickname: Option<String>,
    /// Role of a sub-agent.
    pub agent_role: Option<String>,
    /// Archived.
    pub archived: bool,
    /// The section of the user's list that it is in.
    pub section: Option<SectionPlace>,
    /// The project that it belongs to.
    pub project: Option<String>,
    /// Who started it; `None`: nobody who was signed in with an account.
    pub creator: Option<ThreadCreator>,
    /// The client's mark on it, which the server keeps and shows.
    pub daybreak: Option<bool>,
}

impl ThreadInfo {
    /// Whether it is kept how far users have read it: not where another thread started it, for which that one speaks.
    pub fn has_read_state(&self) -> bool {
        self.source.get("subagent").is_none()
    }
}

/// The user of an account who started a thread, as far as that is known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ThreadCreator {
    /// User.
    pub user_id: Option<String>,
    /// Workspace.
    pub account_id: Option<String>,
}

/// A thread's place in a section of the user's list.
#[derive(Debug, Clone, PartialEq)]
pub struct SectionPlace {
    /// The section.
    pub id: String,
    /// Its name.
    pub name: String,
    /// How it is shown, as JSON.
    pub appearance: Option<serde_json::Value>,
    /// Threads are ordered by this.
    pub position: f64,
    /// When the thread was put there, in Unix seconds.
    pub entered_at: i64,
}

/// How far a thread was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadState {
    /// What comes next; `None`: all was read.
    pub first_unread: Option<Unread>,
    /// Changes with every change of the state.
    pub revision: String,
}

/// The first thing that was not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unread {
    /// Everything, by the user's word.
    ThreadStart,
    /// A turn.
    Turn(String),
}

impl ReadState {
    /// Of a thread of which nothing is kept.
    pub(crate) fn initial(id: ThreadId) -> Self {
        Self {
            first_unread: None,
            revision: format!("initial:{id}"),
        }
    }

    /// A changed state.
    pub(crate) fn new(first_unread: Option<Unread>) -> Self {
        Self {
            first_unread,
            revision: Uuid::new_v4().to_string(),
        }
    }

    /// This state after the end of a turn in which there is something to read.
    pub(crate) fn after_turn(&self, turn_id: &str) -> Self {
        let unread = self.first_unread.clone();
        Self::new(unread.or_else(|| Some(Unread::Turn(turn_id.to_owned()))))
    }
}
