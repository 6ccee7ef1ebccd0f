//! Items of the Responses API: what is sent as `input` and comes back as `output`, and what rollout files keep.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::MessagePhase;

/// An item of the Responses API (platform.openai.com/docs/api-reference/responses). Kinds that we don't know are
/// kept as they came, so that a history survives a round trip.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ResponseItem {
    /// A kind that the engine looks into.
    Known(KnownItem),
    /// Any other kind.
    Other(Value),
}

/// Kinds of items that the engine looks into.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum KnownItem {
    /// A message of the user, of a developer or of the model.
    Message {
        /// Identifier.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<String>,
        /// `user`, `developer`, `system` or `assistant`.
        role: String,
        /// Parts.
        content: Vec<ContentItem>,
        /// Commentary or answer.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        phase: Option<MessagePhase>,
    },
    /// Reasoning of the model.
    Reasoning {
        /// Identifier.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<String>,
        /// Summary sections.
        #[serde(default)]
        summary: Vec<SummaryPart>,
        /// Raw reasoning.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        content: Option<Vec<ReasoningContent>>,
        /// Opaque reasoning, handed back to the server.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        encrypted_content: Option<String>,
    },
    /// A call of a function tool.
    FunctionCall {
        /// Identifier.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<String>,
        /// Tool name.
        name: String,
        /// Namespace of the tool.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        namespace: Option<String>,
        /// JSON text.
        arguments: String,
        /// What the output refers to.
        call_id: String,
    },
    /// The output of a function tool.
    FunctionCallOutput {
        /// Identifier.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<String>,
        /// The call.
        call_id: String,
        /// Text or parts.
        output: FunctionOutput,
    },
    /// A call of a free-form tool.
    CustomToolCall {
        /// Identifier.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<String>,
        /// Tool name.
        name: String,
        /// Free text.
        input: String,
        /// What the output refers to.
        call_id: String,
    },
    /// The output of a free-form tool.
    CustomToolCallOutput {
        /// Identifier.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<String>,
        /// The call.
        call_id: String,
        /// Text or parts.
        output: FunctionOutput,
    },
    /// A web search by the server.
    WebSearchCall {
        /// Identifier.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<String>,
        /// `in_progress` or `completed`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        status: Option<String>,
        /// What was done.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        action: Option<Value>,
    },
}

/// A part of a message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ContentItem {
    /// Text to the model.
    InputText {
        /// The text.
        text: String,
    },
    /// An image to the model.
    InputImage {
        /// `data:` URL.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        image_url: Option<String>,
        /// Provider file id.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        file_id: Option<String>,
        /// `auto`, `low`, `high` or `original`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        detail: Option<String>,
    },
    /// Text of the model.
    OutputText {
        /// The text.
        text: String,
    },
    /// Any other part, such as audio or a refusal.
    #[serde(untagged)]
    Other(Value),
}

/// A section of a reasoning summary.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum SummaryPart {
    /// The only kind.
    SummaryText {
        /// The text.
        text: String,
    },
}

/// A part of raw reasoning.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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
}

/// Output of a tool.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum FunctionOutput {
    /// Text.
    Text(String),
    /// Parts, as `input_text` and `input_image`.
    Parts(Vec<ContentItem>),
}
