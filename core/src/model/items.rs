//! Items of the Responses API: what is sent as `input` and comes back as `output`, and what rollout files keep.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::MessagePhase;

/// Members that the engine doesn't know. They are kept, and given back to the server with the item.
pub type Extra = Map<String, Value>;

/// An item of the Responses API (platform.openai.com/docs/api-reference/responses). Kinds that we don't know are
/// kept as they came, so that a history survives a round trip; [`ResponseItem::from`] reads one.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum ResponseItem {
    /// A kind that the engine looks into.
    Known(KnownItem),
    /// Any other kind, and what can't be read.
    Other(Value),
}

impl ResponseItem {
    /// A message of the model with this text.
    pub(crate) fn of_model(text: String) -> Self {
        Self::Known(KnownItem::Message {
            id: None,
            role: "assistant".to_owned(),
            content: vec![ContentItem::output_text(text)],
            phase: None,
            extra: Extra::new(),
        })
    }
}

/// Kinds of items that the engine looks into.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum KnownItem {
    /// A message of the user, of a developer or of the model.
    Message {
        /// Identifier.
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<String>,
        /// `user`, `developer`, `system` or `assistant`.
        role: String,
        /// Parts.
        content: Vec<ContentItem>,
        /// Commentary or answer.
        #[serde(skip_serializing_if = "Option::is_none")]
        phase: Option<MessagePhase>,
        /// What else it has.
        #[serde(flatten)]
        extra: Extra,
    },
    /// Reasoning of the model.
    Reasoning {
        /// Identifier.
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<String>,
        /// Summary sections.
        summary: Vec<SummaryPart>,
        /// Raw reasoning.
        #[serde(skip_serializing_if = "Option::is_none")]
        content: Option<Vec<ReasoningContent>>,
        /// Opaque reasoning, handed back to the server.
        #[serde(skip_serializing_if = "Option::is_none")]
        encrypted_content: Option<String>,
        /// What else it has.
        #[serde(flatten)]
        extra: Extra,
    },
    /// A call of a function tool.
    FunctionCall {
        /// Identifier.
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<String>,
        /// Tool name.
        name: String,
        /// Namespace of the tool.
        #[serde(skip_serializing_if = "Option::is_none")]
        namespace: Option<String>,
        /// JSON text.
        arguments: String,
        /// What the output refers to.
        call_id: String,
        /// What else it has.
        #[serde(flatten)]
        extra: Extra,
    },
    /// The output of a function tool.
    FunctionCallOutput {
        /// Identifier.
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<String>,
        /// The call.
        call_id: String,
        /// Text or parts.
        output: FunctionOutput,
        /// What else it has.
        #[serde(flatten)]
        extra: Extra,
    },
    /// A call of a free-form tool.
    CustomToolCall {
        /// Identifier.
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<String>,
        /// Tool name.
        name: String,
        /// Free text.
        input: String,
        /// What the output refers to.
        call_id: String,
        /// What else it has.
        #[serde(flatten)]
        extra: Extra,
    },
    /// The output of a free-form tool.
    CustomToolCallOutput {
        /// Identifier.
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<String>,
        /// The call.
        call_id: String,
        /// Text or parts.
        output: FunctionOutput,
        /// What else it has.
        #[serde(flatten)]
        extra: Extra,
    },
    /// A web search by the server.
    WebSearchCall {
        /// Identifier.
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<String>,
        /// `in_progress` or `completed`.
        #[serde(skip_serializing_if = "Option::is_none")]
        status: Option<String>,
        /// What was done.
        #[serde(skip_serializing_if = "Option::is_none")]
        action: Option<Value>,
        /// What else it has.
        #[serde(flatten)]
        extra: Extra,
    },
}

impl KnownItem {
    /// The raw reasoning that goes back to the server. Beside the sealed form, which says the same, what is not marked as
    /// reasoning stays behind.
    pub(super) fn raw_reasoning(&self) -> Option<&[ReasoningContent]> {
        let Self::Reasoning {
            content: Some(content),
            encrypted_content,
            ..
        } = self
        else {
            return None;
        };
        let is_raw = |part: &ReasoningContent| matches!(part, ReasoningContent::ReasoningText { .. });
        (encrypted_content.is_none() || content.iter().any(is_raw)).then_some(content)
    }
}

/// A part of a message.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ContentItem {
    /// Text to the model.
    InputText {
        /// The text.
        text: String,
        /// What else it has.
        #[serde(flatten)]
        extra: Extra,
    },
    /// An image to the model.
    InputImage {
        /// `data:` URL.
        #[serde(skip_serializing_if = "Option::is_none")]
        image_url: Option<String>,
        /// Provider file id.
        #[serde(skip_serializing_if = "Option::is_none")]
        file_id: Option<String>,
        /// `auto`, `low`, `high` or `original`.
        #[serde(skip_serializing_if = "Option::is_none")]
        detail: Option<String>,
        /// What else it has.
        #[serde(flatten)]
        extra: Extra,
    },
    /// Text of the model.
    OutputText {
        /// The text.
        text: String,
        /// What else it has.
        #[serde(flatten)]
        extra: Extra,
    },
    /// Any other part, such as audio or a refusal.
    #[serde(untagged)]
    Other(Value),
}

impl ContentItem {
    /// Text to the model.
    pub fn input_text(text: impl Into<String>) -> Self {
        Self::InputText {
            text: text.into(),
            extra: Extra::new(),
        }
    }

    /// Text of the model.
    pub fn output_text(text: impl Into<String>) -> Self {
        Self::OutputText {
            text: text.into(),
            extra: Extra::new(),
        }
    }

    /// What the model says in this part: text, or why it refuses.
    pub(crate) fn said(&self) -> Option<&str> {
        match self {
            Self::OutputText { text, .. } => Some(text),
            Self::Other(part) if part["type"] == "refusal" => part["refusal"].as_str(),
            _ => None,
        }
    }
}

/// A section of a reasoning summary.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum SummaryPart {
    /// The usual kind.
    SummaryText {
        /// The text.
        text: String,
    },
    /// Any other.
    #[serde(untagged)]
    Other(Value),
}

/// A part of raw reasoning.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ReasoningContent {
    /// Raw reasoning.
    ReasoningText {
        /// The text.
        text: String,
    },
    /// Plain text.
    Text {
        /// The text.
        text: String,
    },
    /// Any other.
    #[serde(untagged)]
    Other(Value),
}

/// Output of a tool.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum FunctionOutput {
    /// Text.
    Text(String),
    /// Parts, as `input_text` and `input_image`.
    Parts(Vec<ContentItem>),
}
