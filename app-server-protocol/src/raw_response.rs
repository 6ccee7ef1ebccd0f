//! What passes between us and the model, for clients that asked for it by `experimentalRawEvents`
//! (docs/contract/connection.md#capabilities). These notifications are part of the contract but of no schema, so they are not in the
//! table of methods.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Notification, TokenUsageBreakdown};

/// The model's history grew by an item.
#[derive(Debug, Clone, Copy)]
pub struct RawResponseItemCompleted;

impl Notification for RawResponseItemCompleted {
    const METHOD: &'static str = "rawResponseItem/completed";
    type Params = RawResponseItemCompletedNotification;
}

/// A response of the model is complete.
#[derive(Debug, Clone, Copy)]
pub struct RawResponseCompleted;

impl Notification for RawResponseCompleted {
    const METHOD: &'static str = "rawResponse/completed";
    type Params = RawResponseCompletedNotification;
}

/// An item of the model's history.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RawResponseItemCompletedNotification {
    /// The item, as the Responses API writes it.
    pub item: Value,
    /// Its thread.
    pub thread_id: String,
    /// The turn that caused it; empty between turns.
    pub turn_id: String,
}

/// A complete response.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RawResponseCompletedNotification {
    /// The server's name for it.
    pub response_id: String,
    /// Its thread.
    pub thread_id: String,
    /// Its turn.
    pub turn_id: String,
    /// Token counts; null if the server told none.
    pub usage: Option<TokenUsageBreakdown>,
    /// Token counts as the server wrote them.
    pub usage_metadata: Option<RawUsage>,
}

/// Token counts as the server wrote them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RawUsage {
    /// What it cost, where the server says so.
    pub amount: Option<Value>,
    /// The counts.
    pub metadata: Value,
}
