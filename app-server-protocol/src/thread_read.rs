//! What is in a thread, whole or page by page (docs/contract/threads.md#reading).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::page::SortDirection;
use crate::shape::is_false;
use crate::thread_data::Thread;
use crate::thread_item::ThreadItem;
use crate::thread_read_state::ThreadReadState;
use crate::turn_data::{Turn, TurnItemsView};

crate::rpc::methods! {
    client ThreadRead "thread/read" (ThreadReadParams) -> ThreadReadResponse, stable, in None, "Reads a thread without loading it.";
    client ThreadTurnsList "thread/turns/list" (ThreadTurnsListParams) -> ThreadTurnsListResponse, stable, in None, "Lists the turns of a thread, page by page.";
    client ThreadItemsRead "thread/items/read" (ThreadItemsReadParams) -> ThreadItemsReadResponse, experimental, in None, "Reads single items of a turn.";
    client ThreadItemsList "thread/items/list" (ThreadItemsListParams) -> ThreadItemsListResponse, stable, in None, "Lists the items of a thread, page by page.";
}

/// Reads a thread without loading it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadReadParams {
    /// The thread.
    pub thread_id: String,
    /// With all its turns.
    #[serde(default)]
    pub include_turns: bool,
}

/// The thread.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadReadResponse {
    /// The thread.
    pub thread: Thread,
    /// What the user has read of it.
    #[schemars(extend("x-experimental" = true))]
    pub read_state: Option<ThreadReadState>,
}

/// Which page of a thread's turns; newest first unless said otherwise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadTurnsListParams {
    /// The thread.
    pub thread_id: String,
    /// Where the last page ended (`nextCursor`); absent for the first page.
    pub cursor: Option<String>,
    /// How much of the items to send; absent for a summary.
    pub items_view: Option<TurnItemsView>,
    /// Most entries of a page, 1 to 100; absent for 25.
    pub limit: Option<u32>,
    /// In which direction; absent for the method's own default.
    pub sort_direction: Option<SortDirection>,
}

/// A page of turns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadTurnsListResponse {
    /// The page.
    pub data: Vec<Turn>,
    /// Where the page before begins, for a request in the opposite direction.
    pub backwards_cursor: Option<String>,
    /// Where the next page begins; null on the last page.
    pub next_cursor: Option<String>,
}

/// Which page of a thread's items; oldest first unless said otherwise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadItemsListParams {
    /// The thread.
    pub thread_id: String,
    /// Only items of this turn.
    pub turn_id: Option<String>,
    /// Where the last page ended (`nextCursor`), or an item to begin at.
    pub cursor: Option<ThreadItemsListCursor>,
    /// Outputs to leave out.
    pub defer_output: Option<ThreadItemOutputDeferral>,
    /// Most entries of a page, 1 to 100; absent for 25.
    pub limit: Option<u32>,
    /// In which direction; absent for the method's own default.
    pub sort_direction: Option<SortDirection>,
}

/// Where a page of items begins.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(
    untagged,
    expecting = "expected a cursor or an anchor such as {\"type\":\"item\",\"itemId\":…}"
)]
pub enum ThreadItemsListCursor {
    /// Where the last page ended.
    Cursor(String),
    /// At an item.
    Anchor(ThreadItemsListAnchor),
}

/// A place among items.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum ThreadItemsListAnchor {
    /// An item.
    Item {
        /// The item.
        item_id: String,
    },
}

/// Outputs to leave out; `thread/items/read` brings them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadItemOutputDeferral {
    /// Those of commands.
    #[serde(default)]
    #[schemars(extend("x-experimental" = true))]
    pub command_execution: bool,
    /// Those of tool calls.
    #[serde(default)]
    #[schemars(extend("x-experimental" = true))]
    pub mcp_tool_call: bool,
}

/// A page of items.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadItemsListResponse {
    /// The page.
    pub data: Vec<ThreadItemEntry>,
    /// Where the page before begins, for a request in the opposite direction.
    pub backwards_cursor: Option<String>,
    /// Where the next page begins; null on the last page.
    pub next_cursor: Option<String>,
}

/// An item with its turn and times.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadItemEntry {
    /// The turn.
    pub turn_id: String,
    /// The item.
    pub item: ThreadItem,
    /// When it ended, in Unix milliseconds.
    pub completed_at_ms: Option<i64>,
    /// Whether its output was left out.
    #[serde(default, skip_serializing_if = "is_false")]
    #[schemars(extend("x-experimental" = true))]
    pub output_deferred: bool,
    /// When it began, in Unix milliseconds.
    pub started_at_ms: Option<i64>,
}

/// Reads single items in full.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadItemsReadParams {
    /// The thread.
    pub thread_id: String,
    /// The turn.
    pub turn_id: String,
    /// The items.
    pub item_ids: Vec<String>,
}

/// The items.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadItemsReadResponse {
    /// The page.
    pub data: Vec<ThreadItemEntry>,
}
