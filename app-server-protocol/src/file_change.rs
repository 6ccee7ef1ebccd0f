//! Changes of files: news, and the question whether they may be made.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::item_parts::FileUpdateChange;

crate::rpc::methods! {
    server FileChangeRequestApproval "item/fileChange/requestApproval" (FileChangeRequestApprovalParams) -> FileChangeRequestApprovalResponse, stable, "Asks for approval to change files.";
    notify FileChangePatchUpdated "item/fileChange/patchUpdated" (FileChangePatchUpdatedNotification), stable, "A patch, as far as the model has written it.";
}

/// More output of a change of files.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FileChangeOutputDeltaNotification {
    /// The thread.
    pub thread_id: String,
    /// The turn.
    pub turn_id: String,
    /// The item.
    pub item_id: String,
    /// What comes next.
    pub delta: String,
}

/// A change of files, as far as the model has written it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FileChangePatchUpdatedNotification {
    /// The thread.
    pub thread_id: String,
    /// The turn.
    pub turn_id: String,
    /// The item.
    pub item_id: String,
    /// What changes, file by file.
    pub changes: Vec<FileUpdateChange>,
}

/// Asks whether files may be changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FileChangeRequestApprovalParams {
    /// The thread.
    pub thread_id: String,
    /// The turn.
    pub turn_id: String,
    /// The item.
    pub item_id: String,
    /// When the question came up, in Unix milliseconds.
    pub started_at_ms: i64,
    /// A folder whose files could be changed from now on.
    pub grant_root: Option<String>,
    /// Why it is asked.
    pub reason: Option<String>,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FileChangeRequestApprovalResponse {
    /// The answer.
    pub decision: FileChangeApprovalDecision,
}

/// An answer to the question whether files may be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum FileChangeApprovalDecision {
    /// Yes, this time.
    Accept,
    /// Yes, and from now on for these files in this thread.
    AcceptForSession,
    /// No; the turn goes on.
    Decline,
    /// No; the turn stops.
    Cancel,
}
