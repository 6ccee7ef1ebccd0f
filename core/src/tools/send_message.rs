//! `send_message_to_user_async`: tells the user something without ending the turn
//! (docs/contract/tools.md#messages-to-the-user).

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{CallContext, Tool, ToolCall, ToolEnd, arguments};
use crate::{Item, ItemBody, MessageDelivery, MessagePhase};

/// Tells the user something.
#[derive(Debug)]
pub(crate) struct SendMessage;

#[derive(Debug, Deserialize)]
struct Arguments {
    message: String,
}

impl Tool for SendMessage {
    fn name(&self) -> &'static str {
        super::SEND_MESSAGE
    }

    fn spec(&self) -> Value {
        json!({
            "type": "function",
            "name": self.name(),
            "description": "Sends the user a message that is complete in itself while you go on working: a result that is \
                ready before the rest, or news that should not wait for the end. The user may read it much later and need \
                not answer.",
            "strict": false,
            "parameters": {
                "type": "object",
                "properties": {
                    "message": {"type": "string", "description": "What to tell the user, in Markdown."},
                },
                "required": ["message"],
                "additionalProperties": false,
            },
        })
    }

    fn run(&self, cx: CallContext, call: ToolCall) -> BoxFuture<'_, ToolEnd> {
        async move {
            let message = match arguments::<Arguments>(&call) {
                Ok(Arguments { message }) => message,
                Err(end) => return end,
            };
            if message.trim().is_empty() {
                return ToolEnd::text("message must not be empty");
            }
            let item = Item {
                id: call.call_id,
                started_at_ms: Some(crate::now_ms()),
                completed_at_ms: None,
                body: ItemBody::AgentMessage {
                    text: message,
                    phase: Some(MessagePhase::FinalAnswer),
                    delivery: Some(MessageDelivery::Async),
                    memory_citation: None,
                },
            };
            cx.outbox.item_at_once(&cx.turn_id, item).await;
            cx.record.succeeded(ToolEnd::text("{\"accepted\":true}"))
        }
        .boxed()
    }
}
