//! Calls of tools that the client carries out (docs/contract/tools.md#dynamic-tools).

use std::time::Instant;

use serde_json::{Value, json};

use super::{CallContext, ToolCall, ToolEnd};
use crate::image_data::{self, Bounds, NO_AUDIO, left_out};
use crate::model::{ContentItem, Extra, FunctionOutput};
use crate::outbox::ClientToolQuestion;
use crate::{CallStatus, ClientToolContent, ClientToolReply, Item, ItemBody};

/// Has the client carry out a call.
pub(super) async fn run(cx: CallContext, call: ToolCall) -> ToolEnd {
    let arguments: Value = match super::arguments(&call) {
        Ok(arguments) => arguments,
        Err(end) => return end,
    };
    let begin = Instant::now();
    let item = Item {
        id: call.call_id.clone(),
        started_at_ms: Some(crate::now_ms()),
        completed_at_ms: None,
        body: ItemBody::DynamicToolCall {
            namespace: call.namespace.clone(),
            tool: call.name.clone(),
            arguments: arguments.clone(),
            status: CallStatus::InProgress,
            content_items: None,
            success: None,
            duration: None,
        },
    };
    cx.outbox.item_started(&cx.turn_id, item.clone());
    let question = ClientToolQuestion {
        turn_id: cx.turn_id.clone(),
        call_id: call.call_id,
        namespace: call.namespace,
        tool: call.name,
        arguments,
    };
    let reply = tokio::select! {
        biased;
        () = cx.cancel.cancelled() => None,
        reply = cx.outbox.call_client_tool(question) => Some(reply),
    };
    let is_cut = reply.is_none();
    let (content, success) = match reply {
        None => (Vec::new(), false),
        Some(ClientToolReply::Done { content, success }) => match content.iter().find_map(refused) {
            Some(why) => (failure(why), false),
            None => (content, success),
        },
        Some(ClientToolReply::Failed) => (failure("dynamic tool request failed"), false),
        Some(ClientToolReply::NotUnderstood) => (failure("dynamic tool response was invalid"), false),
    };
    let mut item = item;
    if let ItemBody::DynamicToolCall {
        status,
        content_items,
        success: told,
        duration,
        ..
    } = &mut item.body
    {
        *status = if success {
            CallStatus::Completed
        } else {
            CallStatus::Failed
        };
        *content_items = Some(content.iter().map(ClientToolContent::to_json).collect());
        *told = Some(success);
        *duration = Some(begin.elapsed());
    }
    cx.outbox.item_completed(&cx.turn_id, item).await;
    if is_cut {
        return super::exec_command::aborted(begin.elapsed());
    }
    tokio::select! {
        biased;
        output = output(&cx, content) => cx.record.succeeded(ToolEnd::Output(output)),
        () = cx.cancel.cancelled() => super::exec_command::aborted(begin.elapsed()),
    }
}

/// Why an answer can't be taken: what lies elsewhere, nobody fetches.
fn refused(content: &ClientToolContent) -> Option<&'static str> {
    let is_remote = |url: &str| {
        let scheme = url.split_once("://").map(|(scheme, _)| scheme);
        scheme.is_some_and(|scheme| {
            ["http", "https"]
                .iter()
                .any(|known| scheme.eq_ignore_ascii_case(known))
        })
    };
    match content {
        ClientToolContent::Image(url) if is_remote(url) => {
            Some("remote image URLs are not supported; use an inline data URL instead")
        }
        ClientToolContent::Audio(url) if !url.starts_with("data:") => {
            Some("audio URLs must use an inline data URL")
        }
        _ => None,
    }
}

fn failure(text: &str) -> Vec<ClientToolContent> {
    vec![ClientToolContent::Text(text.to_owned())]
}

/// What the model gets, however long it is: text, or a list if there is more.
async fn output(cx: &CallContext, content: Vec<ClientToolContent>) -> FunctionOutput {
    if let [ClientToolContent::Text(text)] = content.as_slice() {
        return FunctionOutput::Text(text.clone());
    }
    let mut parts = Vec::with_capacity(content.len());
    for part in content {
        parts.push(match part {
            ClientToolContent::Text(text) => ContentItem::input_text(text),
            ClientToolContent::Image(url) => {
                match image_data::fit_url(url, Bounds::of_detail(cx.image_detail)).await {
                    Ok(url) => ContentItem::InputImage {
                        image_url: Some(url),
                        file_id: None,
                        detail: Some(cx.image_detail.to_owned()),
                        extra: Extra::new(),
                    },
                    Err(reason) => ContentItem::input_text(left_out(&reason)),
                }
            }
            ClientToolContent::Audio(_) => ContentItem::input_text(NO_AUDIO.to_owned()),
        });
    }
    FunctionOutput::Parts(parts)
}

impl ClientToolContent {
    /// As clients and files know it.
    fn to_json(&self) -> Value {
        match self {
            Self::Text(text) => json!({"type": "inputText", "text": text}),
            Self::Image(url) => json!({"type": "inputImage", "imageUrl": url}),
            Self::Audio(url) => json!({"type": "inputAudio", "audioUrl": url}),
        }
    }
}
