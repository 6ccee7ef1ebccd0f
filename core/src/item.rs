//! Items: what a turn is made of, as clients see it and as rollout files keep it.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;

use crate::{CollabToolCall, ReviewOutput, ReviewTarget, SubAgentActivity};

/// One piece of a user's message, also as it is shown back to the client.
#[derive(Debug, Clone, PartialEq)]
pub enum UserInput {
    /// Text with optional marks of the client's editor.
    Text {
        /// The text.
        text: String,
        /// Marked ranges.
        elements: Vec<TextElement>,
    },
    /// An inline image, as a data URL.
    Image {
        /// `data:` URL.
        url: String,
        /// `auto`, `low`, `high` or `original`.
        detail: Option<String>,
    },
    /// An image uploaded to the provider's file store.
    ImageFile {
        /// Provider file id.
        file_id: String,
        /// As above.
        detail: Option<String>,
    },
    /// An image file on this machine.
    LocalImage {
        /// Its path.
        path: PathBuf,
        /// As above.
        detail: Option<String>,
    },
    /// Inline audio, as a data URL.
    Audio {
        /// `data:` URL.
        url: String,
    },
    /// Audio uploaded to the provider's file store.
    AudioFile {
        /// Provider file id.
        file_id: String,
    },
    /// An audio file on this machine.
    LocalAudio {
        /// Its path.
        path: PathBuf,
    },
    /// A skill chosen by the user.
    Skill {
        /// Its name.
        name: String,
        /// Its SKILL.md.
        path: PathBuf,
    },
    /// A file or app that the user pointed at.
    Mention {
        /// What was shown.
        name: String,
        /// What it points to.
        path: String,
    },
}

impl UserInput {
    /// Text without marks.
    pub(crate) fn plain(text: String) -> Self {
        Self::Text {
            text,
            elements: Vec::new(),
        }
    }

    /// What is said in words.
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Self::Text { text, .. } => Some(text),
            _ => None,
        }
    }

    /// What lists show of a message: its text without blanks around it, else what it consists of. `None` if there is
    /// nothing to show.
    pub(crate) fn preview(message: &[Self]) -> Option<String> {
        let text: String = message.iter().filter_map(Self::text).collect();
        let text = text.trim();
        if !text.is_empty() {
            return Some(text.to_owned());
        }
        message.iter().find_map(|part| match part {
            Self::Image { .. } | Self::ImageFile { .. } | Self::LocalImage { .. } => {
                Some("[Image]".to_owned())
            }
            Self::Audio { .. } | Self::AudioFile { .. } | Self::LocalAudio { .. } => {
                Some("[Audio]".to_owned())
            }
            Self::Text { .. } | Self::Skill { .. } | Self::Mention { .. } => None,
        })
    }
}

/// A marked range of a text input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextElement {
    /// First byte.
    pub start: u64,
    /// One past the last byte.
    pub end: u64,
    /// What the client shows in its place.
    pub placeholder: Option<String>,
}

/// Which part of its answer a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MessagePhase {
    /// On the way.
    Commentary,
    /// A part of the answer.
    PartialAnswer,
    /// The answer.
    FinalAnswer,
}

/// How a message reaches the user, if not as a part of the conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MessageDelivery {
    /// Whenever the user looks; the agent goes on.
    Async,
}

/// Which memories a message rests on.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MemoryCitation {
    /// Places in files of memories.
    pub entries: Vec<MemoryCitationEntry>,
    /// Threads that they come from.
    pub rollout_ids: Vec<String>,
}

/// A place in a file of memories.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MemoryCitationEntry {
    /// The file, below the folder of memories.
    pub path: String,
    /// First line, from 1.
    pub line_start: u32,
    /// Last line.
    pub line_end: u32,
    /// What it says.
    pub note: String,
}

/// One item of a turn.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// Identifier, unique within its turn (docs/contract/items-and-approvals.md#item-ids).
    pub id: String,
    /// Unix milliseconds; `None` where history does not tell.
    pub started_at_ms: Option<i64>,
    /// Unix milliseconds.
    pub completed_at_ms: Option<i64>,
    /// What it is.
    pub body: ItemBody,
}

/// What an item is.
#[derive(Debug, Clone, PartialEq)]
pub enum ItemBody {
    /// What the user said.
    UserMessage {
        /// `clientUserMessageId` of the request.
        client_id: Option<String>,
        /// The inputs.
        content: Vec<UserInput>,
    },
    /// What the model said.
    AgentMessage {
        /// The text.
        text: String,
        /// Commentary or answer, where the model tells.
        phase: Option<MessagePhase>,
        /// How it reaches the user; `None` is the usual way.
        delivery: Option<MessageDelivery>,
        /// Memories that it rests on, where the model names them.
        memory_citation: Option<MemoryCitation>,
    },
    /// What the model thought.
    Reasoning {
        /// Summary sections.
        summary: Vec<String>,
        /// Raw reasoning, where the model shows it.
        content: Vec<String>,
    },
    /// A plan proposed in plan mode.
    Plan {
        /// The text.
        text: String,
    },
    /// A command that was run, or was to be run.
    CommandExecution(CommandExecution),
    /// A patch.
    FileChange {
        /// Changes, sorted by path.
        changes: Vec<FileChange>,
        /// How it went.
        status: CallStatus,
        /// Output of the patch tool.
        stdout: Option<String>,
        /// Errors of the patch tool.
        stderr: Option<String>,
    },
    /// A call of an MCP tool.
    McpToolCall {
        /// Server name.
        server: String,
        /// Tool name as the server spells it.
        tool: String,
        /// Arguments.
        arguments: Value,
        /// The server says whether it changes anything.
        read_only_hint: Option<bool>,
        /// The plugin that the server belongs to.
        plugin_id: Option<String>,
        /// How it went.
        status: CallStatus,
        /// Result as the server gave it: `content`, `structuredContent`, `_meta`.
        result: Option<Value>,
        /// What went wrong.
        error: Option<String>,
        /// How long it took.
        duration: Option<Duration>,
    },
    /// A call of a tool that the client offers.
    DynamicToolCall {
        /// Namespace, if any.
        namespace: Option<String>,
        /// Tool name.
        tool: String,
        /// Arguments.
        arguments: Value,
        /// How it went.
        status: CallStatus,
        /// Output parts, as JSON.
        content_items: Option<Vec<Value>>,
        /// What the client said of it.
        success: Option<bool>,
        /// How long it took.
        duration: Option<Duration>,
    },
    /// The client handed in the output of a tool that it ran by itself.
    FunctionCallOutput {
        /// Name of the tool.
        name: String,
        /// Its namespace.
        namespace: Option<String>,
        /// Text, or a list of parts in the form of the Responses API.
        output: Value,
    },
    /// A web search by the model's server.
    WebSearch {
        /// Query text.
        query: String,
        /// What was done.
        action: WebSearchAction,
        /// Results, as JSON.
        results: Option<Vec<Value>>,
    },
    /// An image that the model looked at.
    ImageView {
        /// Its path.
        path: PathBuf,
    },
    /// An image that was made for the model.
    ImageGeneration(ImageGeneration),
    /// The history was summed up.
    ContextCompaction,
    /// A review began.
    EnteredReviewMode {
        /// What is reviewed; `None` where history tells the hint only.
        target: Option<ReviewTarget>,
        /// The same in a few words.
        review: String,
    },
    /// A review ended.
    ExitedReviewMode {
        /// The review; `None` if there was no result.
        output: Option<ReviewOutput>,
    },
    /// A hook's words to the model.
    HookPrompt {
        /// `(hook run id, text)`.
        fragments: Vec<(String, String)>,
    },
    /// A call of a tool that deals with other agents.
    CollabAgentToolCall(CollabToolCall),
    /// News of another agent.
    SubAgentActivity(SubAgentActivity),
}

impl ItemBody {
    /// Whether this is something that the model says to be read, not only on the way to it.
    pub(crate) fn is_answer(&self) -> bool {
        matches!(self, Self::AgentMessage { text, phase, .. }
            if *phase != Some(MessagePhase::Commentary) && !text.trim().is_empty())
    }

    /// The command does not run, because somebody said so.
    pub(crate) fn decline(&mut self) {
        if let Self::CommandExecution(command) = self {
            command.status = CallStatus::Declined;
        }
    }
}

/// A command.
#[derive(Debug, Clone, PartialEq)]
pub struct CommandExecution {
    /// Argument vector.
    pub command: Vec<String>,
    /// Working folder, absolute.
    pub cwd: PathBuf,
    /// Id of its terminal session, as text.
    pub process_id: Option<String>,
    /// Who started it.
    pub source: CommandSource,
    /// What its parts do.
    pub actions: Vec<CommandAction>,
    /// How it stands.
    pub status: CallStatus,
    /// Output; `None` if there was none.
    pub aggregated_output: Option<String>,
    /// Exit code; 128 + n for signal n.
    pub exit_code: Option<i32>,
    /// How long it took.
    pub duration: Option<Duration>,
}

impl CommandExecution {
    /// It could not be started, for this reason.
    pub(crate) fn not_started(&mut self, reason: &str) {
        self.status = CallStatus::Failed;
        self.exit_code = Some(-1);
        self.aggregated_output = Some(reason.to_owned());
        self.duration = Some(Duration::ZERO);
    }
}

/// Who started a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CommandSource {
    /// The model; not started yet, or declined.
    Agent,
    /// The user, by thread/shellCommand.
    UserShell,
    /// The model.
    UnifiedExecStartup,
    /// The model, writing into a running session.
    UnifiedExecInteraction,
}

/// What a part of a command does, as far as it can be told from its words (docs/contract/items-and-approvals.md#commands).
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum CommandAction {
    /// Reads a file.
    Read {
        /// The part.
        #[serde(rename = "cmd")]
        command: String,
        /// File name.
        name: String,
        /// Absolute path.
        path: PathBuf,
    },
    /// Lists files.
    ListFiles {
        /// The part.
        #[serde(rename = "cmd")]
        command: String,
        /// Where.
        path: Option<String>,
    },
    /// Searches.
    Search {
        /// The part.
        #[serde(rename = "cmd")]
        command: String,
        /// For what.
        query: Option<String>,
        /// Where.
        path: Option<String>,
    },
    /// Something else.
    Unknown {
        /// The part, or the whole script.
        #[serde(rename = "cmd")]
        command: String,
    },
}

/// An image that was made, or was to be made; its members are those of files, too.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ImageGeneration {
    /// How it stands: a word of the server's, `in_progress`, `completed` or `failed` from here.
    pub status: String,
    /// What was to be drawn; not known before the end.
    #[serde(default)]
    pub revised_prompt: Option<String>,
    /// The image in base64; empty until there is one.
    #[serde(default)]
    pub result: String,
    /// Whether its background is transparent, if the server has said so.
    #[serde(default)]
    pub transparent_background: Option<bool>,
    /// Why there is none, as JSON.
    #[serde(default)]
    pub failure: Option<Value>,
    /// Where it was saved, absolute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub saved_path: Option<PathBuf>,
    /// Files that it was made from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub input_images: Vec<InputImage>,
    /// Its id at the server.
    #[serde(default)]
    pub generation_id: Option<String>,
}

/// A file that an image was made from.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct InputImage {
    /// Absolute path.
    pub path: PathBuf,
    /// Hash of its content, in hexadecimal.
    pub sha256: String,
}

/// How a call stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallStatus {
    /// Running.
    InProgress,
    /// Went well.
    Completed,
    /// Went wrong.
    Failed,
    /// Not allowed.
    Declined,
}

/// A change of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileChange {
    /// Absolute path.
    pub path: PathBuf,
    /// What kind.
    pub kind: FileChangeKind,
    /// New content, old content, or unified hunks with one line of context.
    pub diff: String,
}

/// Kind of a file change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileChangeKind {
    /// New file.
    Add,
    /// Deleted file.
    Delete,
    /// Changed file.
    Update {
        /// New place.
        move_path: Option<PathBuf>,
    },
}

/// What a web search did.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum WebSearchAction {
    /// A search.
    Search {
        /// Main query.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        query: Option<String>,
        /// All queries.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        queries: Option<Vec<String>>,
    },
    /// A page was opened.
    OpenPage {
        /// Its address.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        url: Option<String>,
    },
    /// A page was searched.
    FindInPage {
        /// Its address.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        url: Option<String>,
        /// What for.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pattern: Option<String>,
    },
    /// Anything else.
    #[serde(other)]
    Other,
}
