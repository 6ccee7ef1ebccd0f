//! What clients attach to threads.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

crate::rpc::methods! {
    client ThreadAttachmentAdd "thread/attachment/add" (ThreadAttachmentAddParams) -> ThreadAttachmentAddResponse, stable, in Thread, "Attaches something to a thread.";
    client ThreadAttachmentList "thread/attachment/list" (ThreadAttachmentListParams) -> ThreadAttachmentListResponse, stable, in Thread, "Lists what is attached to a thread.";
    client ThreadAttachmentOwnerList "thread/attachmentOwner/list" (ThreadAttachmentOwnerListParams) -> ThreadAttachmentOwnerListResponse, stable, in None, "Lists the threads that something is attached to.";
    client ThreadAttachmentRemove "thread/attachment/remove" (ThreadAttachmentRemoveParams) -> ThreadAttachmentRemoveResponse, stable, in Thread, "Removes an attachment from a thread.";
    notify ThreadAttachmentUpdated "thread/attachment/updated" (ThreadAttachmentUpdatedNotification), stable, "An attachment was added to a thread or removed.";
}

/// Something that a client attached to a thread.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadAttachment {
    /// Its id.
    pub id: String,
    /// Kind of attachment, in words of the client.
    pub attachment_type: String,
    /// When it was made, in Unix seconds.
    pub created_at: i64,
    /// What makes it the same attachment, in words of the client.
    pub identity_key: String,
    /// The attachment itself, any JSON.
    pub payload: Value,
}

/// Attaches something to a thread.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadAttachmentAddParams {
    /// The thread.
    pub thread_id: String,
    /// Kind of attachment, in words of the client.
    pub attachment_type: String,
    /// What makes it the same attachment, in words of the client.
    pub identity_key: String,
    /// The attachment itself, any JSON.
    pub payload: Value,
}

/// The attachment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadAttachmentAddResponse {
    /// The attachment.
    pub attachment: ThreadAttachment,
    /// Whether it is new.
    pub outcome: ThreadAttachmentAddOutcome,
}

/// Whether an attachment is new.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ThreadAttachmentAddOutcome {
    /// It is new.
    Created,
    /// It was there; nothing changed.
    Existing,
}

/// Which page of a thread's attachments.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadAttachmentListParams {
    /// The thread.
    pub thread_id: String,
    /// Where the last page ended (`nextCursor`); absent for the first page.
    pub cursor: Option<String>,
    /// Most entries of a page.
    pub limit: Option<u32>,
}

/// A page of attachments.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadAttachmentListResponse {
    /// The page.
    pub data: Vec<ThreadAttachment>,
    /// Where the next page begins; null on the last page.
    pub next_cursor: Option<String>,
}

/// Removes an attachment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadAttachmentRemoveParams {
    /// The thread.
    pub thread_id: String,
    /// Kind of attachment, in words of the client.
    pub attachment_type: String,
    /// What makes it the same attachment, in words of the client.
    pub identity_key: String,
}

/// It is gone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ThreadAttachmentRemoveResponse {}

/// Which threads have this attachment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadAttachmentOwnerListParams {
    /// Kind of attachment, in words of the client.
    pub attachment_type: String,
    /// What makes it the same attachment, in words of the client.
    pub identity_key: String,
    /// Whether to look among archived threads instead of the others.
    pub archived: Option<bool>,
    /// Where the last page ended (`nextCursor`); absent for the first page.
    pub cursor: Option<String>,
    /// Most entries of a page.
    pub limit: Option<u32>,
}

/// A page of threads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadAttachmentOwnerListResponse {
    /// The page.
    pub data: Vec<ThreadAttachmentOwner>,
    /// Where the next page begins; null on the last page.
    pub next_cursor: Option<String>,
}

/// A thread that has an attachment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadAttachmentOwner {
    /// The thread.
    pub thread_id: String,
    /// Whether it is archived.
    pub archived: bool,
}

/// An attachment was added or removed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadAttachmentUpdatedNotification {
    /// The thread.
    pub thread_id: String,
    /// The attachment.
    pub attachment_id: String,
    /// Kind of attachment, in words of the client.
    pub attachment_type: String,
    /// What makes it the same attachment, in words of the client.
    pub identity_key: String,
    /// What happened.
    pub operation: ThreadAttachmentOperation,
}

/// What happened to an attachment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ThreadAttachmentOperation {
    /// It was added.
    Created,
    /// It was removed.
    Deleted,
}
