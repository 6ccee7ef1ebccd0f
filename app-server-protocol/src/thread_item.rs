//! One thing that was said or done in a turn.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::input::{FunctionCallOutputBody, UserInput};
use crate::item_parts::{
    AgentMessageDelivery, AgentMessageModeration, AsyncUserInputQuestion, CommandAction,
    CommandExecutionSource, CommandExecutionStatus, FileUpdateChange, HookPromptFragment,
    ImageGenerationFailure, ImageGenerationInputImage, MemoryCitation, MessagePhase, PatchApplyStatus,
    WebSearchAction,
};
use crate::item_tools::{
    CollabAgentState, CollabAgentTool, CollabAgentToolCallStatus, DynamicToolCallOutputContentItem,
    DynamicToolCallStatus, McpAppUi, McpToolCallAppContext, McpToolCallError, McpToolCallResult,
    McpToolCallStatus, SubAgentActivityKind,
};
use crate::path::{AbsolutePathBuf, LegacyAppPathString};
use crate::settings::ReasoningEffort;
use crate::shape::either;

/// One thing that was said or done in a turn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadItem {
    /// What it is.
    #[serde(flatten)]
    pub kind: ThreadItemKind,
    /// When it began, in Unix milliseconds.
    pub started_at_ms: Option<i64>,
    /// When it ended, in Unix milliseconds; null until then.
    pub completed_at_ms: Option<i64>,
}

/// What an item is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[expect(clippy::large_enum_variant, reason = "items travel one at a time")]
pub enum ThreadItemKind {
    /// The user said something.
    UserMessage {
        /// Its id.
        id: String,
        /// What was said.
        content: Vec<UserInput>,
        /// The `clientUserMessageId` that the client gave.
        client_id: Option<String>,
    },
    /// A hook said something to the model.
    HookPrompt {
        /// Its id.
        id: String,
        /// What was said, hook by hook.
        fragments: Vec<HookPromptFragment>,
    },
    /// The agent said something.
    AgentMessage {
        /// Its id.
        id: String,
        /// The text.
        text: String,
        /// How it reaches the user; null is the usual way.
        delivery: Option<AgentMessageDelivery>,
        /// Memories that it rests on.
        memory_citation: Option<MemoryCitation>,
        /// What moderation did with it.
        moderation: Option<AgentMessageModeration>,
        /// Whether it is a remark on the way or the answer.
        phase: Option<MessagePhase>,
        /// Questions that the user may answer later.
        questions: Option<Vec<AsyncUserInputQuestion>>,
    },
    /// The client handed in the output of a tool.
    FunctionCallOutput {
        /// Its id.
        id: String,
        /// Name of the tool.
        name: String,
        /// The output.
        output: FunctionCallOutputBody,
        /// Namespace of the tool, if it has one.
        namespace: Option<String>,
    },
    /// The agent proposed a plan.
    Plan {
        /// Its id.
        id: String,
        /// The plan, in Markdown.
        text: String,
    },
    /// The agent thought.
    Reasoning {
        /// Its id.
        id: String,
        /// Raw thoughts, part by part, where the model shows them.
        #[serde(default)]
        content: Vec<String>,
        /// Summary, section by section.
        #[serde(default)]
        summary: Vec<String>,
    },
    /// A command ran.
    CommandExecution {
        /// Its id.
        id: String,
        /// The command line.
        command: String,
        /// What its parts do, as far as can be told.
        command_actions: Vec<CommandAction>,
        /// Working folder.
        cwd: LegacyAppPathString,
        /// How it stands.
        status: CommandExecutionStatus,
        /// What it wrote, both streams as they came; null while it runs or when it was silent.
        aggregated_output: Option<String>,
        /// How long it ran, in milliseconds; null while it runs.
        duration_ms: Option<i64>,
        /// Exit code; null while it runs and when it was refused.
        exit_code: Option<i32>,
        /// Plugin that it belongs to, if it comes from one.
        plugin_id: Option<String>,
        /// Terminal session, while there is one.
        process_id: Option<String>,
        /// Path of the script inside its plugin, if it comes from one.
        script_path: Option<String>,
        /// Who started it.
        #[serde(default)]
        source: CommandExecutionSource,
    },
    /// Files were changed.
    FileChange {
        /// Its id.
        id: String,
        /// What changes, file by file.
        changes: Vec<FileUpdateChange>,
        /// How it stands.
        status: PatchApplyStatus,
    },
    /// A tool of a tool server was called.
    McpToolCall {
        /// Its id.
        id: String,
        /// Its arguments, any JSON.
        arguments: Value,
        /// Name of the tool server.
        server: String,
        /// How it stands.
        status: McpToolCallStatus,
        /// Name of the tool.
        tool: String,
        /// The app that the tool belongs to.
        app_context: Option<McpToolCallAppContext>,
        /// How long it took, in milliseconds; null while it runs.
        duration_ms: Option<i64>,
        /// Environment of the tool server; null for one of the whole thread.
        environment_id: Option<String>,
        /// What went wrong, if anything.
        error: Option<McpToolCallError>,
        /// What to show for it, under its former name.
        #[serde(skip_serializing_if = "Option::is_none")]
        mcp_app_resource_uri: Option<String>,
        /// What to show for it.
        mcp_app_ui: Option<McpAppUi>,
        /// Plugin that it belongs to, if it comes from one.
        plugin_id: Option<String>,
        /// The server says that it changes nothing.
        read_only_hint: Option<bool>,
        /// What it returned.
        result: Option<McpToolCallResult>,
    },
    /// A tool of the client was called.
    DynamicToolCall {
        /// Its id.
        id: String,
        /// Its arguments, any JSON.
        arguments: Value,
        /// How it stands.
        status: DynamicToolCallStatus,
        /// Name of the tool.
        tool: String,
        /// What it returned.
        content_items: Option<Vec<DynamicToolCallOutputContentItem>>,
        /// How long it took, in milliseconds; null while it runs.
        duration_ms: Option<i64>,
        /// Namespace of the tool, if it has one.
        namespace: Option<String>,
        /// Whether it went well.
        success: Option<bool>,
    },
    /// The agent dealt with another agent.
    CollabAgentToolCall {
        /// Its id.
        id: String,
        /// How the other agents stand, by thread id.
        agents_states: BTreeMap<String, CollabAgentState>,
        /// Threads of the agents that it was about.
        receiver_thread_ids: Vec<String>,
        /// Thread of the agent that called.
        sender_thread_id: String,
        /// How it stands.
        status: CollabAgentToolCallStatus,
        /// What it did.
        tool: CollabAgentTool,
        /// Model that was asked for.
        model: Option<String>,
        /// What was said to the other agent.
        prompt: Option<String>,
        /// Reasoning effort that was asked for.
        reasoning_effort: Option<ReasoningEffort>,
    },
    /// Another agent began, went on or ended.
    SubAgentActivity {
        /// Its id.
        id: String,
        /// Where it stands below the root thread.
        agent_path: String,
        /// Its thread.
        agent_thread_id: String,
        /// What happened.
        kind: SubAgentActivityKind,
        /// Its model, when it began.
        model: Option<String>,
        /// Its reasoning effort, when it began.
        reasoning_effort: Option<ReasoningEffort>,
    },
    /// The model searched the web.
    WebSearch {
        /// Its id.
        id: String,
        /// What it looked for.
        query: String,
        /// What it did, in detail.
        action: Option<WebSearchAction>,
        /// What it found, as the model server tells it.
        results: Option<Vec<Value>>,
    },
    /// The agent looked at an image.
    ImageView {
        /// Its id.
        id: String,
        /// Its path.
        path: LegacyAppPathString,
    },
    /// The agent waited.
    Sleep {
        /// Its id.
        id: String,
        /// How long, in milliseconds.
        duration_ms: u64,
    },
    /// The model made an image.
    #[schemars(transform = either("fileId", "result"))]
    ImageGeneration {
        /// Its id.
        id: String,
        /// How it stands.
        status: String,
        /// Why there is none.
        failure: Option<ImageGenerationFailure>,
        /// Id of the image at the model server.
        generation_id: Option<String>,
        /// Images that it was made from.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        input_images: Vec<ImageGenerationInputImage>,
        /// What was drawn, in words of the model.
        revised_prompt: Option<String>,
        /// Where it was saved.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        saved_path: Option<AbsolutePathBuf>,
        /// Whether its background is transparent.
        transparent_background: Option<bool>,
        /// The image in the provider's file store.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        file_id: Option<String>,
        /// The image in Base64, in place of `file_id`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        result: Option<String>,
    },
    /// A review began.
    EnteredReviewMode {
        /// Its id.
        id: String,
        /// What is reviewed.
        review: String,
    },
    /// A review ended.
    ExitedReviewMode {
        /// Its id.
        id: String,
        /// The review.
        review: String,
    },
    /// The history was summed up.
    ContextCompaction {
        /// Its id.
        id: String,
    },
}
