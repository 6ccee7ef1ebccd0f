//! What passes between us and the model.

use codex_app_server_protocol::{
    RawResponseCompletedNotification, RawResponseItemCompletedNotification, RawUsage,
};
use codex_core::model::ResponseItem;
use codex_core::{ThreadId, TokenUsage};
use serde_json::Value;

use crate::convert::thread::breakdown;

/// `rawResponseItem/completed`
pub(super) fn item(
    thread: ThreadId,
    turn_id: &str,
    item: &ResponseItem,
) -> RawResponseItemCompletedNotification {
    RawResponseItemCompletedNotification {
        // Items come from JSON, or consist of texts.
        item: serde_json::to_value(item).unwrap_or_default(),
        thread_id: thread.to_string(),
        turn_id: turn_id.to_owned(),
    }
}

/// `rawResponse/completed`
pub(super) fn response(
    thread: ThreadId,
    turn_id: &str,
    response_id: String,
    usage: Option<TokenUsage>,
    as_sent: Option<Value>,
) -> RawResponseCompletedNotification {
    RawResponseCompletedNotification {
        response_id,
        thread_id: thread.to_string(),
        turn_id: turn_id.to_owned(),
        usage: usage.as_ref().map(breakdown),
        usage_metadata: as_sent.map(|metadata| RawUsage {
            amount: None,
            metadata,
        }),
    }
}
