//! What items are made of: tools of others, and other agents.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The app that a tool belongs to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct McpToolCallAppContext {
    /// Id of the app.
    pub connector_id: String,
    /// What the tool does there.
    pub action_name: Option<String>,
    /// Name of the app.
    pub app_name: Option<String>,
    /// The account's link to it.
    pub link_id: Option<String>,
    /// What to show for it.
    pub resource_uri: Option<String>,
}

/// Why a tool failed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct McpToolCallError {
    /// What happened and what can be done, for people.
    pub message: String,
}

/// What to show for a tool call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct McpAppUi {
    /// How the model would like it to be shown.
    pub preferred_model_display_mode: McpAppDisplayMode,
    /// The resource to show.
    pub resource_uri: String,
}

/// How a tool call is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum McpAppDisplayMode {
    /// In the conversation.
    Inline,
    /// On the whole screen.
    Fullscreen,
}

/// What a tool returned.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct McpToolCallResult {
    /// Content blocks, as in the Model Context Protocol.
    pub content: Vec<Value>,
    /// Metadata of the server.
    #[serde(rename = "_meta")]
    pub meta: Option<Value>,
    /// The same as data.
    pub structured_content: Option<Value>,
}

/// How a tool call stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum McpToolCallStatus {
    /// It runs.
    InProgress,
    /// It returned.
    Completed,
    /// It failed.
    Failed,
}

/// A piece of what a tool of the client returned.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum DynamicToolCallOutputContentItem {
    /// Text.
    InputText {
        /// The text.
        text: String,
    },
    /// An image.
    InputImage {
        /// A `data:` URL.
        image_url: String,
    },
    /// Audio.
    InputAudio {
        /// A `data:` URL.
        audio_url: String,
    },
}

/// How a tool call stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum DynamicToolCallStatus {
    /// It runs.
    InProgress,
    /// It returned.
    Completed,
    /// It failed.
    Failed,
}

/// How another agent stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CollabAgentState {
    /// How it stands.
    pub status: CollabAgentStatus,
    /// Its last words.
    pub message: Option<String>,
}

/// How another agent stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum CollabAgentStatus {
    /// It is being started.
    PendingInit,
    /// It works.
    Running,
    /// It was interrupted.
    Interrupted,
    /// It is done.
    Completed,
    /// It failed.
    Errored,
    /// It was closed.
    Shutdown,
    /// There is no such agent.
    NotFound,
}

/// How a call that deals with another agent stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum CollabAgentToolCallStatus {
    /// It runs.
    InProgress,
    /// It returned.
    Completed,
    /// It failed.
    Failed,
    /// It was interrupted.
    Interrupted,
}

/// A way to deal with another agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum CollabAgentTool {
    /// Start one.
    SpawnAgent,
    /// Say something to one.
    SendInput,
    /// Bring one back.
    ResumeAgent,
    /// Wait for some.
    Wait,
    /// Close one.
    CloseAgent,
    /// Send one a message.
    SendMessage,
    /// Give one another task.
    FollowupTask,
    /// Interrupt one.
    InterruptAgent,
    /// See which there are.
    ListAgents,
}

/// What happened to another agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum SubAgentActivityKind {
    /// It began.
    Started,
    /// It was spoken to.
    Interacted,
    /// It was interrupted.
    Interrupted,
    /// It ended.
    Completed,
}
