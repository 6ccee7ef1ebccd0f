//! Threads at rest: rollout files (the truth) and the index derived from them.

use serde_json::Value;

use crate::model::ResponseItem;
use crate::{Item, ThreadTokenUsage, TokenUsage};

/// One entry of a thread's history, in the order in which it happened (threads-and-turns section 9.2).
#[derive(Debug, Clone, PartialEq)]
pub enum Entry {
    /// An item of the model's history.
    Response(ResponseItem),
    /// A turn began.
    TurnStarted {
        /// Turn id.
        turn_id: String,
        /// Root of the client's tree of turns.
        root_turn_id: String,
        /// Unix seconds.
        started_at: i64,
        /// Usable tokens of the model's window.
        model_context_window: Option<i64>,
        /// `plan` or `default`.
        mode: crate::ModeKind,
    },
    /// The settings that a turn runs with.
    TurnContext {
        /// Turn id.
        turn_id: String,
        /// All settings.
        settings: Box<crate::ThreadSettings>,
    },
    /// Settings changed.
    SettingsApplied(Box<crate::ThreadSettings>),
    /// A snapshot, or a change, of the context that the model has been told.
    WorldState {
        /// All of it, not only what changed.
        full: bool,
        /// Name to value.
        state: Value,
    },
    /// An item of a turn is complete.
    ItemCompleted {
        /// Turn id.
        turn_id: String,
        /// All of it.
        item: Box<Item>,
    },
    /// Token counts of one response.
    TokenUsage {
        /// Id of the response.
        response_id: String,
        /// Its counts.
        usage: TokenUsage,
        /// The turn's sum.
        turn_usage: TokenUsage,
        /// The thread's counts.
        thread_usage: ThreadTokenUsage,
    },
    /// A turn ended well, or failed.
    TurnCompleted {
        /// Turn id.
        turn_id: String,
        /// Text of the last agent message.
        last_agent_message: Option<String>,
        /// Why it failed.
        error: Option<crate::TurnError>,
        /// Unix seconds.
        started_at: i64,
        /// Unix seconds.
        completed_at: i64,
        /// Milliseconds.
        duration_ms: i64,
        /// Milliseconds to the first token of the answer.
        time_to_first_token_ms: Option<i64>,
    },
    /// A turn was interrupted.
    TurnAborted {
        /// Turn id.
        turn_id: String,
        /// Unix seconds.
        started_at: i64,
        /// Unix seconds.
        completed_at: i64,
        /// Milliseconds.
        duration_ms: i64,
    },
}

/// The log of one thread. Appending hands the entries to the writer and returns; the writer keeps the order.
#[derive(Debug, Clone, Default)]
pub struct ThreadLog {}

impl ThreadLog {
    /// A log that keeps nothing, for ephemeral threads.
    pub fn none() -> Self {
        Self {}
    }

    /// Appends. An entry is with the operating system before anything that the caller does after
    /// [`ThreadLog::flushed`] resolves.
    pub fn append(&self, _entries: Vec<Entry>) {}

    /// Resolves when everything appended so far has been handed to the operating system.
    pub async fn flushed(&self) {}

    /// Asks for the file to be synced to the disk; does not wait.
    pub fn sync(&self) {}
}
