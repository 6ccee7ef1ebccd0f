//! Search for files by parts of their names.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

crate::rpc::methods! {
    client FuzzyFileSearch "fuzzyFileSearch" (FuzzyFileSearchParams) -> FuzzyFileSearchResponse, stable, "Finds files by parts of their paths.";
    client FuzzyFileSearchSessionStart "fuzzyFileSearch/sessionStart" (FuzzyFileSearchSessionStartParams) -> FuzzyFileSearchSessionStartResponse, experimental, in Handle("sessionId"), "Begins a search that follows what is typed.";
    client FuzzyFileSearchSessionUpdate "fuzzyFileSearch/sessionUpdate" (FuzzyFileSearchSessionUpdateParams) -> FuzzyFileSearchSessionUpdateResponse, experimental, in Handle("sessionId"), "Changes the query of such a search.";
    client FuzzyFileSearchSessionStop "fuzzyFileSearch/sessionStop" (FuzzyFileSearchSessionStopParams) -> FuzzyFileSearchSessionStopResponse, experimental, in Handle("sessionId"), "Ends such a search.";
    notify FuzzyFileSearchSessionUpdated "fuzzyFileSearch/sessionUpdated" (FuzzyFileSearchSessionUpdatedNotification), stable, "What a search has found so far.";
    notify FuzzyFileSearchSessionCompleted "fuzzyFileSearch/sessionCompleted" (FuzzyFileSearchSessionCompletedNotification), stable, "A search has found all there is for its query.";
}

/// What to find, and where.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FuzzyFileSearchParams {
    /// A name for this search: one that still runs under the same name is given up.
    pub cancellation_token: Option<String>,
    /// What to find. Words are separated by spaces; `^`, `$`, `'` and `!` have the meaning that fzf gives them.
    pub query: String,
    /// Folders to search.
    pub roots: Vec<String>,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FuzzyFileSearchResponse {
    /// At most 50, the best first.
    pub files: Vec<FuzzyFileSearchResult>,
}

/// A file or folder that matches.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FuzzyFileSearchResult {
    /// The last part of its path.
    pub file_name: String,
    /// Characters of the path that match, counted from 0.
    pub indices: Option<Vec<u32>>,
    /// What it is.
    pub match_type: FuzzyFileSearchMatchType,
    /// Its path below the root.
    pub path: String,
    /// The root, as it was given.
    pub root: String,
    /// The higher the better.
    pub score: u32,
}

/// What matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum FuzzyFileSearchMatchType {
    /// A file.
    File,
    /// A folder.
    Directory,
}

/// Where to search.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FuzzyFileSearchSessionStartParams {
    /// Folders to search.
    pub roots: Vec<String>,
    /// A name for the search; one of the same name begins anew.
    pub session_id: String,
}

/// It has begun.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FuzzyFileSearchSessionStartResponse {}

/// What to find now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FuzzyFileSearchSessionUpdateParams {
    /// As in `fuzzyFileSearch`.
    pub query: String,
    /// The search.
    pub session_id: String,
}

/// It is searched.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FuzzyFileSearchSessionUpdateResponse {}

/// Which search to end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FuzzyFileSearchSessionStopParams {
    /// The search; an unknown one is none.
    pub session_id: String,
}

/// It has ended.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FuzzyFileSearchSessionStopResponse {}

/// What was found so far.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FuzzyFileSearchSessionUpdatedNotification {
    /// At most 50, the best first. They take the place of those that were told before.
    pub files: Vec<FuzzyFileSearchResult>,
    /// For this query.
    pub query: String,
    /// The search.
    pub session_id: String,
}

/// The last results are those of the whole of the folders.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FuzzyFileSearchSessionCompletedNotification {
    /// The search.
    pub session_id: String,
}
