//! How far users have read threads (docs/contract/threads.md#read-state).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

crate::rpc::methods! {
    client ThreadReadStateUpdate "thread/readState/update" (ThreadReadStateUpdateParams) -> ThreadReadStateUpdateResponse, experimental, in Thread, "Marks a thread as read or unread.";
    notify ThreadReadStateChanged "thread/readState/changed" (ThreadReadStateChangedNotification), stable, "The read state of a thread changed.";
}

/// What the user has read of a thread.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadReadState {
    /// Changes with every change; what updates are checked against.
    pub revision: String,
    /// Where the unread part begins; null when all is read.
    pub first_unread: Option<ThreadUnreadPosition>,
}

/// Where the unread part of a thread begins.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum ThreadUnreadPosition {
    /// With its beginning.
    ThreadStart,
    /// With a turn.
    Turn {
        /// The turn.
        turn_id: String,
    },
}

/// Marks a thread as read or unread.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadReadStateUpdateParams {
    /// The thread.
    pub thread_id: String,
    /// The revision that the client knows; another one is refused.
    pub expected_revision: String,
    /// What to do.
    pub operation: ThreadReadStateOperation,
}

/// What to do with a read state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "camelCase")]
pub enum ThreadReadStateOperation {
    /// All is read.
    Read,
    /// All is unread.
    Unread,
}

/// What is in force now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadReadStateUpdateResponse {
    /// What the user has read of it.
    pub read_state: ThreadReadState,
}

/// What the user has read of a thread changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadReadStateChangedNotification {
    /// The thread.
    pub thread_id: String,
    /// What the user has read of it.
    pub read_state: ThreadReadState,
}
