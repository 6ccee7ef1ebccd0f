//! Threads at rest: rollout files (the truth), the index derived from them, and what users made besides.

pub(crate) mod branch;
mod catalogue;
mod chain;
mod database;
mod encode;
mod error_codec;
mod head;
mod index;
mod input_codec;
mod item_codec;
pub(crate) mod layout;
mod legacy;
mod line;
mod lock;
mod log;
mod log_file;
mod meta;
mod names;
mod private;
mod project;
mod repair;
mod replay;
mod row;
mod settings_codec;
mod sorter;
mod source;
pub(crate) mod store;
mod strays;
mod syncing;
pub(crate) mod tail;
mod turn_map;
mod user_data;
mod watch;
mod workers;
mod writer;

use serde_json::Value;

pub use branch::Cut;
pub(crate) use chain::History;
pub use chain::HistoryError;
pub(crate) use encode::{first_line, timestamp};
pub use layout::{Layout, RolloutName};
pub use lock::{LockError, WriterLock};
pub use log::{LogPosition, NewLog, ResumedLog, ThreadLog};
pub use meta::{BaseInstructions, ContextWindow, HistoryBase, MetaGit, Provenance, SessionMeta};
pub use settings_codec::SavedSettings;
pub use store::{
    AllTurns, Attachment, Happening, ItemRow, ItemsPage, ItemsQuery, ListPage, ListQuery, MetadataPatch,
    Occurrence, PageStart, ReadState, Section, SortKey, SourceKind, StoredThread, ThreadStore, Timeline,
    TurnsPage, TurnsQuery, Unread,
};
pub use writer::{LogWriter, OnWarning};

use crate::model::ResponseItem;
use crate::{Item, ThreadTokenUsage, TokenUsage};

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
    /// The model's history was summed up: what came before is replaced.
    Compacted {
        /// The summary.
        message: String,
        /// The new history.
        replacement_history: Vec<ResponseItem>,
    },
    /// The goal was set or changed, on the wire's form.
    Goal(Value),
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
