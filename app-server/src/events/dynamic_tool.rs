//! Requests that clients carry out tools of their own (docs/contract/tools.md#dynamic-tools).

use codex_app_server_protocol::{
    DynamicToolCall, DynamicToolCallOutputContentItem as Content, DynamicToolCallParams,
};
use codex_core::{ClientToolCall, ClientToolContent, ClientToolReply, ThreadId};

use super::delivery::{Delivery, ReplyProblem};

/// Asks those who watch the thread.
pub(super) fn call(delivery: &impl Delivery, thread: ThreadId, call: ClientToolCall) {
    let params = DynamicToolCallParams {
        thread_id: thread.to_string(),
        turn_id: call.turn_id.to_string(),
        call_id: call.call_id,
        namespace: call.namespace,
        tool: call.tool,
        arguments: call.arguments,
    };
    let answer = call.answer;
    delivery.ask::<DynamicToolCall>(thread, call.request, &params, move |reply| {
        let reply = match reply {
            Ok(response) => ClientToolReply::Done {
                content: response
                    .content_items
                    .into_iter()
                    .map(content_from_wire)
                    .collect(),
                success: response.success,
            },
            Err(error) => {
                tracing::warn!(%error, "a dynamic tool call failed");
                if error.is_malformed() {
                    ClientToolReply::NotUnderstood
                } else {
                    ClientToolReply::Failed
                }
            }
        };
        // The turn may be over.
        drop(answer.send(reply));
    });
}

fn content_from_wire(content: Content) -> ClientToolContent {
    match content {
        Content::InputText { text } => ClientToolContent::Text(text),
        Content::InputImage { image_url } => ClientToolContent::Image(image_url),
        Content::InputAudio { audio_url } => ClientToolContent::Audio(audio_url),
    }
}
