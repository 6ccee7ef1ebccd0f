//! Messages that wait for their turn (docs/contract/threads.md#queue).

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::input::UserInput;
use crate::turn_data::Turn;

crate::rpc::methods! {
    client ThreadQueueAdd "thread/queue/add" (ThreadQueueAddParams) -> ThreadQueueAddResponse, experimental, in Thread, "Queues a message for when the thread is idle.";
    client ThreadQueueList "thread/queue/list" (ThreadQueueListParams) -> ThreadQueueListResponse, experimental, in Thread, "Lists the queued messages of a thread.";
    client ThreadQueueUpdate "thread/queue/update" (ThreadQueueUpdateParams) -> ThreadQueueUpdateResponse, experimental, in Thread, "Changes a queued message.";
    client ThreadQueueDelete "thread/queue/delete" (ThreadQueueDeleteParams) -> ThreadQueueDeleteResponse, experimental, in Thread, "Takes a message out of the queue.";
    client ThreadQueueReorder "thread/queue/reorder" (ThreadQueueReorderParams) -> ThreadQueueReorderResponse, experimental, in Thread, "Puts the queued messages into another order.";
    client ThreadQueueStart "thread/queue/start" (ThreadQueueStartParams) -> ThreadQueueStartResponse, experimental, in Thread, "Starts a turn with a queued message now.";
    notify ThreadQueueChanged "thread/queue/changed" (ThreadQueueChangedNotification), stable, "The queue of a thread is another one now.";
}

/// A message that waits for its turn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct QueuedSubmission {
    /// Its name.
    pub id: String,
    /// What the user says.
    pub input: Vec<UserInput>,
    /// Comes back as `clientId` of the user message item.
    pub client_user_message_id: String,
    /// The client's metadata that goes to the model server with its turn.
    pub responsesapi_client_metadata: Option<BTreeMap<String, String>>,
}

/// Queues a message behind all others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadQueueAddParams {
    /// The thread.
    pub thread_id: String,
    /// What the user says.
    pub input: Vec<UserInput>,
    /// Comes back as `clientId` of the user message item.
    pub client_user_message_id: String,
    /// The client's metadata that goes to the model server with its turn.
    pub responsesapi_client_metadata: Option<BTreeMap<String, String>>,
}

/// The message as it is queued.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadQueueAddResponse {
    /// The message.
    pub queued_submission: QueuedSubmission,
}

/// Asks for a page of the queue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadQueueListParams {
    /// The thread.
    pub thread_id: String,
    /// Where the last page ended (`nextCursor`); absent for the first page.
    pub cursor: Option<String>,
    /// Most entries of a page.
    pub limit: Option<u32>,
}

/// A page of the queue, first message first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadQueueListResponse {
    /// The page.
    pub data: Vec<QueuedSubmission>,
    /// Where the next page begins; null on the last page.
    pub next_cursor: Option<String>,
}

/// Gives a queued message other words.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadQueueUpdateParams {
    /// The thread.
    pub thread_id: String,
    /// The message.
    pub queued_submission_id: String,
    /// What the user says now.
    pub input: Vec<UserInput>,
    /// The client's metadata that goes to the model server with its turn; absent or null: as it was.
    pub responsesapi_client_metadata: Option<BTreeMap<String, String>>,
}

/// The message as it is queued now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadQueueUpdateResponse {
    /// The message.
    pub queued_submission: QueuedSubmission,
}

/// Takes a message out of the queue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadQueueDeleteParams {
    /// The thread.
    pub thread_id: String,
    /// The message.
    pub queued_submission_id: String,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadQueueDeleteResponse {
    /// Whether it was queued.
    pub deleted: bool,
}

/// Puts the queued messages into another order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadQueueReorderParams {
    /// The thread.
    pub thread_id: String,
    /// All messages of the queue, each once.
    pub queued_submission_ids: Vec<String>,
}

/// They are in this order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ThreadQueueReorderResponse {}

/// Starts a turn with a queued message. The thread must be idle.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadQueueStartParams {
    /// The thread.
    pub thread_id: String,
    /// The message; absent or null for the first.
    pub queued_submission_id: Option<String>,
}

/// The turn that the message has become.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadQueueStartResponse {
    /// The turn.
    pub turn: Turn,
}

/// The queue of a thread is another one now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadQueueChangedNotification {
    /// The thread.
    pub thread_id: String,
}
