//! Search in threads (docs/contract/threads.md#search).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::page::SortDirection;
use crate::request_id::RequestId;
use crate::thread_data::Thread;
use crate::thread_list::ThreadSourceKind;

crate::rpc::methods! {
    client ThreadSearch "thread/search" (ThreadSearchParams) -> ThreadSearchResponse, experimental, in None, "Finds threads by what was said in them.";
    client ThreadSearchStream "thread/search/stream" (ThreadSearchParams) -> ThreadSearchResponse, experimental, in None, "Finds threads by what was said in them, and reports each match as soon as it is found.";
    client ThreadSearchCancel "thread/search/cancel" (ThreadSearchCancelParams) -> ThreadSearchCancelResponse, experimental, in None, "Cancels a `thread/search`.";
    client ThreadSearchStreamCancel "thread/search/stream/cancel" (ThreadSearchCancelParams) -> ThreadSearchCancelResponse, experimental, in None, "Cancels a `thread/search/stream`.";
    client ThreadSearchOccurrences "thread/searchOccurrences" (ThreadSearchOccurrencesParams) -> ThreadSearchOccurrencesResponse, experimental, in None, "Finds every place in a thread where something was said.";
    notify ThreadSearchPartial "thread/search/partial" (ThreadSearchPartialNotification), stable, "A `thread/search/stream` has found threads; its response will include them, too.";
}

/// Searches the texts of threads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadSearchParams {
    /// What to look for.
    pub search_term: String,
    /// Whether to look among archived threads instead of the others.
    pub archived: Option<bool>,
    /// Only threads that the user who is signed in has started, and those that nobody with an account has.
    #[serde(default)]
    pub current_account_only: bool,
    /// Where the last page ended (`nextCursor`); absent for the first page.
    pub cursor: Option<String>,
    /// Also hidden children of other threads.
    #[serde(default)]
    pub include_attached_threads: bool,
    /// Most entries of a page.
    pub limit: Option<u32>,
    /// In which direction; absent for the method's own default.
    pub sort_direction: Option<SortDirection>,
    /// By what; absent for the time of creation.
    pub sort_key: Option<ThreadSearchSortKey>,
    /// Only threads that came from these; absent for what users see.
    pub source_kinds: Option<Vec<ThreadSourceKind>>,
}

/// What found threads are ordered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ThreadSearchSortKey {
    /// When they were made.
    CreatedAt,
    /// When they last changed.
    UpdatedAt,
    /// When they were last of interest to the user.
    RecencyAt,
}

/// A page of found threads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadSearchResponse {
    /// The page.
    pub data: Vec<ThreadSearchResult>,
    /// Where the page before begins, for a request in the opposite direction.
    pub backwards_cursor: Option<String>,
    /// Where the next page begins; null on the last page.
    pub next_cursor: Option<String>,
}

/// Threads that a running search has found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadSearchPartialNotification {
    /// The request that searches.
    pub request_id: RequestId,
    /// What it has found since the last notification.
    pub data: Vec<ThreadSearchResult>,
}

/// Gives up a search of the same connection. One that is not running, or not any more, is no error.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadSearchCancelParams {
    /// The request that searches.
    pub request_id: RequestId,
}

/// Empty: the search, if it was still running, answers with an error of its own.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ThreadSearchCancelResponse {}

/// A found thread.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadSearchResult {
    /// Text around the match.
    pub snippet: String,
    /// The thread.
    pub thread: Thread,
}

/// Searches the texts of one thread.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadSearchOccurrencesParams {
    /// The thread.
    pub thread_id: String,
    /// What to look for.
    pub search_term: String,
    /// Where the last page ended (`nextCursor`); absent for the first page.
    pub cursor: Option<String>,
    /// Most entries of a page.
    pub limit: Option<u32>,
}

/// A page of matches.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadSearchOccurrencesResponse {
    /// The page.
    pub data: Vec<ThreadSearchOccurrence>,
    /// Where the next page begins; null on the last page.
    pub next_cursor: Option<String>,
}

/// A match.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadSearchOccurrence {
    /// The turn.
    pub turn_id: String,
    /// The item.
    pub item_id: String,
    /// Text around the match.
    pub snippet: String,
    /// Where the match is in `snippet`.
    pub snippet_match_range: ThreadSearchTextRange,
    /// Cursor for `thread/turns/list` that leads to it.
    pub turn_cursor: String,
}

/// A range of a text, in characters (Unicode scalar values).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadSearchTextRange {
    /// First character.
    pub start: u32,
    /// One past the last character.
    pub end: u32,
}
