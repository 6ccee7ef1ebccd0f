//! The model's side of a conversation, as the Responses API has it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::input::{FunctionCallOutputBody, ImageDetail};
use crate::item_parts::MessagePhase;
use crate::settings::ReasoningEffort;
use crate::shape::either;
/// A piece of the model's conversation, as the Responses API has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ResponseItem {
    /// More tools.
    AdditionalTools {
        /// Its id.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<String>,
        /// Who speaks.
        role: String,
        /// Definitions of the tools.
        tools: Vec<Value>,
    },
    /// A message.
    Message {
        /// Its id.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<String>,
        /// Its pieces.
        content: Vec<ContentItem>,
        /// Who speaks.
        role: String,
        /// Content that only the model server can read.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        encrypted_content: Option<String>,
        /// Metadata that travels along.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        internal_chat_message_metadata_passthrough: Option<InternalChatMessageMetadataPassthrough>,
        /// Whether it is a remark on the way or the answer.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        phase: Option<MessagePhase>,
        /// How it stands.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        status: Option<String>,
    },
    /// A message between agents.
    AgentMessage {
        /// Its id.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<String>,
        /// Who wrote it.
        author: String,
        /// Its pieces.
        content: Vec<AgentMessageInputContent>,
        /// Whom it is for.
        recipient: String,
        /// Metadata that travels along.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        internal_chat_message_metadata_passthrough: Option<InternalChatMessageMetadataPassthrough>,
    },
    /// Thoughts.
    Reasoning {
        /// Its id.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<String>,
        /// Their summary.
        summary: Vec<ReasoningItemReasoningSummary>,
        /// The thoughts themselves.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        content: Option<Vec<ReasoningItemContent>>,
        /// Content that only the model server can read.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        encrypted_content: Option<String>,
        /// Metadata that travels along.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        internal_chat_message_metadata_passthrough: Option<InternalChatMessageMetadataPassthrough>,
    },
    /// A command, in a former form.
    LocalShellCall {
        /// Its id.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<String>,
        /// The command.
        action: LocalShellAction,
        /// How it stands.
        status: LocalShellStatus,
        /// Ties a call to its output.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        call_id: Option<String>,
        /// Content that only the model server can read.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        encrypted_content: Option<String>,
        /// Metadata that travels along.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        internal_chat_message_metadata_passthrough: Option<InternalChatMessageMetadataPassthrough>,
    },
    /// A call of a function.
    FunctionCall {
        /// Its id.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<String>,
        /// Its arguments, as JSON text.
        arguments: String,
        /// Ties a call to its output.
        call_id: String,
        /// Its name.
        name: String,
        /// Content that only the model server can read.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        encrypted_content: Option<String>,
        /// Arguments that only the model server can read.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        encrypted_function_args: Option<Vec<String>>,
        /// Metadata that travels along.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        internal_chat_message_metadata_passthrough: Option<InternalChatMessageMetadataPassthrough>,
        /// Namespace of the tool, if it has one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        namespace: Option<String>,
        /// How it stands.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        status: Option<String>,
    },
    /// A search for tools.
    ToolSearchCall {
        /// Its id.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<String>,
        /// Its arguments.
        arguments: Value,
        /// Where the search runs.
        execution: String,
        /// Ties a call to its output.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        call_id: Option<String>,
        /// Content that only the model server can read.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        encrypted_content: Option<String>,
        /// Metadata that travels along.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        internal_chat_message_metadata_passthrough: Option<InternalChatMessageMetadataPassthrough>,
        /// How it stands.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        status: Option<String>,
    },
    /// What a function returned.
    FunctionCallOutput {
        /// Its id.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<String>,
        /// The output.
        output: FunctionCallOutputBody,
        /// Ties a call to its output.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        call_id: Option<String>,
        /// Metadata that travels along.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        internal_chat_message_metadata_passthrough: Option<InternalChatMessageMetadataPassthrough>,
        /// Its name.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
        /// Namespace of the tool, if it has one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        namespace: Option<String>,
    },
    /// A call of a tool that takes plain text.
    CustomToolCall {
        /// Its id.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<String>,
        /// Ties a call to its output.
        call_id: String,
        /// The text.
        input: String,
        /// Its name.
        name: String,
        /// Content that only the model server can read.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        encrypted_content: Option<String>,
        /// Metadata that travels along.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        internal_chat_message_metadata_passthrough: Option<InternalChatMessageMetadataPassthrough>,
        /// Namespace of the tool, if it has one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        namespace: Option<String>,
        /// How it stands.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        status: Option<String>,
    },
    /// What such a tool returned.
    CustomToolCallOutput {
        /// Its id.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<String>,
        /// Ties a call to its output.
        call_id: String,
        /// The output.
        output: FunctionCallOutputBody,
        /// Metadata that travels along.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        internal_chat_message_metadata_passthrough: Option<InternalChatMessageMetadataPassthrough>,
        /// Its name.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
    },
    /// Tools that were found.
    ToolSearchOutput {
        /// Its id.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<String>,
        /// Where the search runs.
        execution: String,
        /// How it stands.
        status: String,
        /// Definitions of the tools.
        tools: Vec<Value>,
        /// Ties a call to its output.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        call_id: Option<String>,
        /// Metadata that travels along.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        internal_chat_message_metadata_passthrough: Option<InternalChatMessageMetadataPassthrough>,
    },
    /// A search of the web.
    WebSearchCall {
        /// Its id.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<String>,
        /// What was done there.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        action: Option<ResponsesApiWebSearchAction>,
        /// Content that only the model server can read.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        encrypted_content: Option<String>,
        /// Metadata that travels along.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        internal_chat_message_metadata_passthrough: Option<InternalChatMessageMetadataPassthrough>,
        /// How it stands.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        status: Option<String>,
    },
    /// An image that the model made.
    ImageGenerationCall {
        /// Its id.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<String>,
        /// The image, in Base64.
        result: String,
        /// How it stands.
        status: String,
        /// Content that only the model server can read.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        encrypted_content: Option<String>,
        /// Metadata that travels along.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        internal_chat_message_metadata_passthrough: Option<InternalChatMessageMetadataPassthrough>,
        /// What was drawn, in words of the model.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        revised_prompt: Option<String>,
    },
    /// A history that was summed up.
    Compaction {
        /// Its id.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<String>,
        /// Content that only the model server can read.
        encrypted_content: String,
        /// Metadata that travels along.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        internal_chat_message_metadata_passthrough: Option<InternalChatMessageMetadataPassthrough>,
    },
    /// A change of the model's settings.
    ConfigurationUpdate {
        /// How hard it thinks from here on.
        reasoning: ConfigurationReasoning,
    },
    /// A wish to sum up the history.
    CompactionTrigger,
    /// A history that was summed up, in a former form.
    ContextCompaction {
        /// Its id.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<String>,
        /// Content that only the model server can read.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        encrypted_content: Option<String>,
        /// Metadata that travels along.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        internal_chat_message_metadata_passthrough: Option<InternalChatMessageMetadataPassthrough>,
    },
    /// Something of a later release.
    #[serde(other)]
    Other,
}

/// A piece of a message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ContentItem {
    /// Text that was said to the model.
    InputText {
        /// The text.
        text: String,
    },
    /// An image that was shown to the model.
    #[schemars(transform = either("image_url", "file_id"))]
    InputImage {
        /// A `data:` URL.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        image_url: Option<String>,
        /// Id in the provider's file store, in place of `image_url`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        file_id: Option<String>,
        /// How closely the model looks at it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        detail: Option<ImageDetail>,
    },
    /// Audio that was played to the model.
    #[schemars(transform = either("audio_url", "file_id"))]
    InputAudio {
        /// A `data:` URL.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        audio_url: Option<String>,
        /// Id in the provider's file store, in place of `audio_url`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        file_id: Option<String>,
    },
    /// Text of the model.
    OutputText {
        /// The text.
        text: String,
        /// Marks on the text, as the model server gives them.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        annotations: Option<Vec<Value>>,
        /// Probabilities, as the model server gives them.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        logprobs: Option<Vec<Value>>,
    },
}

/// Metadata that travels with an item.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct InternalChatMessageMetadataPassthrough {
    /// The turn that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub turn_id: Option<String>,
}

/// A piece of a message between agents.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum AgentMessageInputContent {
    /// Text.
    InputText {
        /// The text.
        text: String,
    },
    /// Text that only the model server can read.
    EncryptedContent {
        /// Content that only the model server can read.
        encrypted_content: String,
    },
}

/// A piece of the model's thoughts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ReasoningItemContent {
    /// A thought.
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

/// A section of a summary of thoughts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ReasoningItemReasoningSummary {
    /// Text.
    SummaryText {
        /// The text.
        text: String,
    },
}

/// A command, in a former form.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "camelCase")]
pub enum LocalShellAction {
    /// Run it.
    Exec {
        /// Argument vector.
        command: Vec<String>,
        /// Environment.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        env: Option<BTreeMap<String, String>>,
        /// Most time that it may take, in milliseconds.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        timeout_ms: Option<u64>,
        /// Who it runs as.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        user: Option<String>,
        /// Working folder.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        working_directory: Option<String>,
    },
}

/// How such a command stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LocalShellStatus {
    /// It ended.
    Completed,
    /// It runs.
    InProgress,
    /// It was broken off.
    Incomplete,
}

/// What the model did on the web.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ResponsesApiWebSearchAction {
    /// It searched.
    Search {
        /// What for, when there were several.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        queries: Option<Vec<String>>,
        /// What for.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        query: Option<String>,
    },
    /// It opened a page.
    OpenPage {
        /// The page.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        url: Option<String>,
    },
    /// It searched in a page.
    FindInPage {
        /// What for.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pattern: Option<String>,
        /// The page.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        url: Option<String>,
    },
    /// Something else.
    Other,
}

/// How hard the model thinks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConfigurationReasoning {
    /// How hard.
    pub effort: ReasoningEffort,
}
