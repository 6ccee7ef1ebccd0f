//! Threads at rest: rollout files (the truth), the index derived from them, and what users made besides.
//!
//! Where to look:
//!
//! * `rollout`: the files, line by line; writing them, and who may
//! * `read`: from lines to turns, items and the model's history
//! * `index`: what is derived from files, so that lists need not read all of them
//! * `store`: what clients ask for: lists, pages, search, sections, attachments, read marks
//! * `user_data` (what users made besides), `database` (SQLite files), `private` (files for their owner only)

mod database;
pub(crate) mod index;
mod private;
pub(crate) mod read;
pub(crate) mod rollout;
pub(crate) mod store;
mod user_data;

use serde_json::Value;

pub(crate) use read::replay::ReadLimit;
pub(crate) use store::load::LoadHistory;

pub use read::branch::ForkPoint;
pub(crate) use read::chain::History;
pub use read::chain::HistoryError;
pub(crate) use rollout::codec::encode::{first_line, timestamp};
pub use rollout::codec::settings::SavedSettings;
pub use rollout::layout::{Layout, RolloutName};
pub use rollout::lock::{LockError, WriterLock};
pub use rollout::log::{LogPosition, NewLog, ResumedLog, ThreadLog};
pub use rollout::meta::{BaseInstructions, ContextWindow, HistoryBase, MetaGit, Provenance, SessionMeta};
pub use rollout::writer::{LogWriter, OnWarning};
pub use store::{
    AllTurns, Attachment, COLD, ItemRow, ItemsPage, ItemsQuery, ListPage, ListQuery, MetadataPatch,
    Occurrence, PageStart, QueueChange, QueuePage, QueuedSubmission, RealtimeCoverage, RealtimePage,
    RealtimeQuery, Section, SortKey, SourceKind, StorageFigures, StoredThread, ThreadStore, Timeline,
    TimelineEntry, TurnsPage, TurnsQuery,
};

pub use crate::thread_info::{ReadState, Unread};

use crate::model::ContextWindow as ModelWindow;
use crate::model::ResponseItem;
use crate::{Item, ThreadTokenUsage, TokenUsage};

/// A summary in place of a history (docs/contract/context.md#compaction).
#[derive(Debug, Clone, PartialEq)]
pub struct Compaction {
    /// The summary as the model reads it; empty if only its server can.
    pub message: String,
    /// The new history.
    pub replacement_history: Vec<ResponseItem>,
    /// The window that begins.
    pub window: ModelWindow,
    /// The response that the summary came with.
    pub response_id: String,
    /// Its counts, those of the turn, and those of the thread.
    pub usage: Option<(TokenUsage, TokenUsage, ThreadTokenUsage)>,
    /// The model of the thread.
    pub model: String,
    /// What that model's server can read of other models' summaries.
    pub comp_hash: Option<String>,
    /// Tools that the client carries out, as it gave them.
    pub dynamic_tools: Value,
}

/// One entry of a thread's history, in the order in which it happened (docs/contract/storage.md#lines).
#[derive(Debug, Clone, PartialEq)]
pub enum Entry {
    /// An item of the model's history.
    Response(ResponseItem),
    /// An item that the client put into the model's history.
    Injected(ResponseItem),
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
        /// Why it was started, if anybody said so.
        trigger: Option<String>,
        /// The turn that it was started from.
        parent_turn_id: Option<String>,
    },
    /// The settings that a turn runs with.
    TurnContext {
        /// Turn id.
        turn_id: String,
        /// All settings.
        settings: Box<crate::ThreadSettings>,
        /// How its agents are named: `v1` by ids, `v2` by paths.
        multi_agent_version: &'static str,
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
    /// Token counts that are no response's: estimates.
    TokenCount(ThreadTokenUsage),
    /// The model's history was summed up: what came before is replaced.
    Compacted(Box<Compaction>),
    /// An item of a voice conversation is complete.
    Realtime(Box<crate::RealtimeItem>),
    /// The goal was set or changed, as JSON.
    Goal(Value),
    /// A turn was interrupted.
    TurnAborted {
        /// Turn id.
        turn_id: String,
        /// Unix seconds.
        started_at: i64,
        /// Unix seconds; `None`: it runs on elsewhere.
        completed_at: Option<i64>,
        /// Milliseconds.
        duration_ms: Option<i64>,
    },
}
