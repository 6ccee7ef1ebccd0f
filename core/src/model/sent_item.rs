//! Items of a history as requests have them (docs/contract/model-http.md#request-body).

use serde::{Serialize, Serializer};
use serde_json::Value;

use super::items::{
    ContentItem, Extra, FunctionOutput, KnownItem, ReasoningContent, ResponseItem, SummaryPart,
};
use crate::MessagePhase;

/// An item as it is sent: ids that the server gave are not echoed.
pub(super) struct SentItem<'a>(pub(super) &'a ResponseItem);

impl Serialize for SentItem<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            ResponseItem::Known(item) => Sent::from(item).serialize(serializer),
            ResponseItem::Other(Value::Object(map)) => {
                let is_picture = map
                    .get("type")
                    .is_some_and(|kind| kind == "image_generation_call");
                let is_sent = |key: &str| match key {
                    "type" | "status" | "revised_prompt" | "result" => true,
                    // What else a server says of a picture, it does not take back.
                    _ => !is_picture && key != "id" && !key.starts_with("internal_"),
                };
                serializer.collect_map(map.iter().filter(|(key, _)| is_sent(key)))
            }
            ResponseItem::Other(value) => value.serialize(serializer),
        }
    }
}

/// [`KnownItem`] by reference, without the server's ids.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Sent<'a> {
    Message {
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<&'a str>,
        role: &'a str,
        content: &'a [ContentItem],
        #[serde(skip_serializing_if = "Option::is_none")]
        phase: Option<MessagePhase>,
        #[serde(flatten)]
        extra: SentExtra<'a>,
    },
    Reasoning {
        summary: &'a [SummaryPart],
        #[serde(skip_serializing_if = "Option::is_none")]
        content: Option<&'a [ReasoningContent]>,
        #[serde(skip_serializing_if = "Option::is_none")]
        encrypted_content: Option<&'a str>,
        #[serde(flatten)]
        extra: SentExtra<'a>,
    },
    FunctionCall {
        name: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        namespace: Option<&'a str>,
        arguments: &'a str,
        call_id: &'a str,
        #[serde(flatten)]
        extra: SentExtra<'a>,
    },
    FunctionCallOutput {
        call_id: &'a str,
        output: &'a FunctionOutput,
        #[serde(flatten)]
        extra: SentExtra<'a>,
    },
    CustomToolCall {
        name: &'a str,
        input: &'a str,
        call_id: &'a str,
        #[serde(flatten)]
        extra: SentExtra<'a>,
    },
    CustomToolCallOutput {
        call_id: &'a str,
        output: &'a FunctionOutput,
        #[serde(flatten)]
        extra: SentExtra<'a>,
    },
    WebSearchCall {
        #[serde(skip_serializing_if = "Option::is_none")]
        status: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        action: Option<&'a Value>,
        #[serde(flatten)]
        extra: SentExtra<'a>,
    },
}

/// Members that we don't know go back as they came, but for those that programs keep for themselves.
struct SentExtra<'a>(&'a Extra);

impl Serialize for SentExtra<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().filter(|(name, _)| !name.starts_with("internal_")))
    }
}

impl<'a> From<&'a KnownItem> for Sent<'a> {
    fn from(item: &'a KnownItem) -> Self {
        match item {
            KnownItem::Message {
                id,
                role,
                content,
                phase,
                extra,
            } => Self::Message {
                id: id.as_deref().filter(|_| role != "assistant"),
                role,
                content,
                phase: *phase,
                extra: SentExtra(extra),
            },
            KnownItem::Reasoning {
                summary,
                encrypted_content,
                extra,
                ..
            } => Self::Reasoning {
                summary,
                content: item.raw_reasoning(),
                encrypted_content: encrypted_content.as_deref(),
                extra: SentExtra(extra),
            },
            KnownItem::FunctionCall {
                name,
                namespace,
                arguments,
                call_id,
                extra,
                ..
            } => Self::FunctionCall {
                name,
                namespace: namespace.as_deref(),
                arguments,
                call_id,
                extra: SentExtra(extra),
            },
            KnownItem::FunctionCallOutput {
                call_id,
                output,
                extra,
                ..
            } => Self::FunctionCallOutput {
                call_id,
                output,
                extra: SentExtra(extra),
            },
            KnownItem::CustomToolCall {
                name,
                input,
                call_id,
                extra,
                ..
            } => Self::CustomToolCall {
                name,
                input,
                call_id,
                extra: SentExtra(extra),
            },
            KnownItem::CustomToolCallOutput {
                call_id,
                output,
                extra,
                ..
            } => Self::CustomToolCallOutput {
                call_id,
                output,
                extra: SentExtra(extra),
            },
            KnownItem::WebSearchCall {
                status,
                action,
                extra,
                ..
            } => Self::WebSearchCall {
                status: status.as_deref(),
                action: action.as_ref(),
                extra: SentExtra(extra),
            },
        }
    }
}
