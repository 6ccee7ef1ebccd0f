//! All that happened in a thread, voice sessions included.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::realtime_item::ThreadRealtimeItem;
use crate::thread_item::ThreadItem;
use crate::turn_data::{TurnError, TurnStatus};

crate::rpc::methods! {
    client ThreadTimelineList "thread/timeline/list" (ThreadTimelineListParams) -> ThreadTimelineListResponse, experimental, in None, "Lists what happened in a thread, newest page first.";
}

/// Which page of all that happened in a thread.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadTimelineListParams {
    /// The thread.
    pub thread_id: String,
    /// Where the last page ended (`nextCursor`); absent for the first page.
    pub cursor: Option<String>,
    /// Most entries of a page.
    pub limit: Option<u32>,
}

/// A page of what happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadTimelineListResponse {
    /// The page.
    pub data: Vec<ThreadTimelineEntry>,
    /// The voice session that was open when the page begins.
    pub active_realtime_session_at_page_start: Option<String>,
    /// Where the next page begins; null on the last page.
    pub next_cursor: Option<String>,
}

/// Something that happened in a thread.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[expect(clippy::large_enum_variant, reason = "entries travel one at a time")]
pub enum ThreadTimelineEntry {
    /// An item.
    Item {
        /// The turn.
        turn_id: String,
        /// The item.
        item: ThreadItem,
        /// Place in the history; grows.
        position: u64,
    },
    /// Something in a voice session.
    Realtime {
        /// What happened there.
        item: ThreadRealtimeItem,
        /// Place in the history; grows.
        position: u64,
    },
    /// A turn began.
    TurnStarted {
        /// Place in the history; grows.
        position: u64,
        /// The turn.
        turn_id: String,
        /// When, in Unix seconds.
        started_at: Option<i64>,
    },
    /// A turn ended.
    TurnCompleted {
        /// Place in the history; grows.
        position: u64,
        /// How it stands.
        status: TurnStatus,
        /// The turn.
        turn_id: String,
        /// When it ended, in Unix seconds.
        completed_at: Option<i64>,
        /// How long it took, in milliseconds.
        duration_ms: Option<i64>,
        /// What went wrong, if anything.
        error: Option<TurnError>,
        /// When it began, in Unix seconds.
        started_at: Option<i64>,
    },
}
