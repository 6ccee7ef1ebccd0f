//! What items are made of: messages, commands, files.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use crate::path::{AbsolutePathBuf, LegacyAppPathString};
/// What one hook said to the model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HookPromptFragment {
    /// The run of the hook.
    pub hook_run_id: String,
    /// The text.
    pub text: String,
}

/// How a message of the agent reaches the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum AgentMessageDelivery {
    /// When the user comes back; the agent does not wait.
    Async,
}

/// Memories that a message rests on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MemoryCitation {
    /// The memories.
    pub entries: Vec<MemoryCitationEntry>,
    /// Threads that they come from.
    pub thread_ids: Vec<String>,
}

/// A place in the memories.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MemoryCitationEntry {
    /// First line, from 1.
    pub line_start: u32,
    /// Last line.
    pub line_end: u32,
    /// What it says.
    pub note: String,
    /// Its file, below the folder of memories.
    pub path: String,
}

/// What moderation did with a message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AgentMessageModeration {
    /// Whether it did anything.
    pub moderated: bool,
    /// What to show in its place.
    pub display: Option<AgentMessageDisplay>,
}

/// How a moderated message is shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "mode", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum AgentMessageDisplay {
    /// As it is.
    Show {
        /// Version of this form.
        version: DisplayVersion,
        /// Whether to point at trusted contacts.
        trusted_contacts: TrustedContacts,
        /// What to show beside it.
        annotation: Option<AnswerAnnotation>,
    },
    /// Something else is shown in its place.
    Hide {
        /// Version of this form.
        version: DisplayVersion,
        /// What is shown.
        replacement: AnswerReplacement,
    },
    /// Only that it is withheld is shown, and why.
    Block {
        /// Version of this form.
        version: DisplayVersion,
        /// Why.
        reason: BlockReason,
    },
}

/// The version of [`AgentMessageDisplay`]: always 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct DisplayVersion;

impl TryFrom<u8> for DisplayVersion {
    type Error = String;

    fn try_from(version: u8) -> Result<Self, String> {
        match version {
            1 => Ok(Self),
            other => Err(format!("version {other} of the display is not known")),
        }
    }
}

impl From<DisplayVersion> for u8 {
    fn from(_: DisplayVersion) -> Self {
        1
    }
}

impl JsonSchema for DisplayVersion {
    fn schema_name() -> Cow<'static, str> {
        "DisplayVersion".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "integer", "format": "uint8", "minimum": 0, "enum": [1]})
    }
}

/// Whether to point at trusted contacts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum TrustedContacts {
    /// If the user has any.
    Check,
    /// No.
    Skip,
}

/// What is shown beside a message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum AnswerAnnotation {
    /// A helpline.
    WellbeingHelpline {
        /// What gave rise to it.
        subject: HelplineSubject,
    },
}

/// What gave rise to showing a helpline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum HelplineSubject {
    /// What the agent said.
    Answer,
    /// What the user said.
    Prompt,
}

/// What is shown in place of a message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum AnswerReplacement {
    /// A helpline, because of what the user said.
    WellbeingPromptHelpline,
}

/// Why a message is withheld.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum BlockReason {
    /// To protect somebody.
    Protection {
        /// Kind of protection, in words of the model server.
        protection_type: String,
    },
    /// As a cyber-security risk.
    Cyber {
        /// Whether verified access would lift the block.
        trusted_access: Option<bool>,
    },
}

/// What a message of the agent is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MessagePhase {
    /// A remark on the way.
    Commentary,
    /// Part of the answer.
    PartialAnswer,
    /// The answer.
    FinalAnswer,
}

/// A question that the user may answer later.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AsyncUserInputQuestion {
    /// The question.
    pub title: String,
    /// Answers to choose from.
    pub options: Option<Vec<String>>,
}

/// What a part of a command line does, as far as can be told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "camelCase")]
pub enum CommandAction {
    /// Reads a file.
    Read {
        /// The part of the command line.
        command: String,
        /// Name of the file.
        name: String,
        /// The file, absolute.
        path: LegacyAppPathString,
    },
    /// Lists files.
    ListFiles {
        /// The part of the command line.
        command: String,
        /// Where.
        path: Option<String>,
    },
    /// Searches.
    Search {
        /// The part of the command line.
        command: String,
        /// Where.
        path: Option<String>,
        /// What for.
        query: Option<String>,
    },
    /// Something else.
    Unknown {
        /// The part of the command line.
        command: String,
    },
}

/// Who started a command.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum CommandExecutionSource {
    /// The agent.
    #[default]
    Agent,
    /// The user, by `thread/shellCommand`.
    UserShell,
    /// The agent, in a terminal that stays.
    UnifiedExecStartup,
    /// The agent, by writing into such a terminal.
    UnifiedExecInteraction,
}

/// How a command stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum CommandExecutionStatus {
    /// It runs.
    InProgress,
    /// It ended with exit code 0.
    Completed,
    /// It ended otherwise, or could not start.
    Failed,
    /// It was not allowed to run.
    Declined,
}

/// A change of one file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FileUpdateChange {
    /// The change as a unified diff; all of the text of a new or deleted file.
    pub diff: String,
    /// What kind of change.
    pub kind: PatchChangeKind,
    /// The file.
    pub path: String,
}

/// A kind of change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "camelCase")]
pub enum PatchChangeKind {
    /// The file is new.
    Add,
    /// The file goes.
    Delete,
    /// The file changes.
    Update {
        /// Its new path, if it moves.
        move_path: Option<String>,
    },
}

/// How a change of files stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum PatchApplyStatus {
    /// It is under way.
    InProgress,
    /// It was made.
    Completed,
    /// It could not be made.
    Failed,
    /// It was not allowed.
    Declined,
}

/// What the model did on the web.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "camelCase")]
pub enum WebSearchAction {
    /// It searched.
    Search {
        /// What for, when there were several.
        queries: Option<Vec<String>>,
        /// What for.
        query: Option<String>,
    },
    /// It opened a page.
    OpenPage {
        /// The page.
        url: Option<String>,
    },
    /// It searched in a page.
    FindInPage {
        /// What for.
        pattern: Option<String>,
        /// The page.
        url: Option<String>,
    },
    /// Something else.
    Other,
}

/// Why there is no image.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum ImageGenerationFailure {
    /// The account's limit is reached.
    UsageLimitExceeded {
        /// Which limit.
        limit_id: String,
        /// When it ends, in Unix seconds.
        resets_at: Option<i64>,
    },
}

/// An image that another was made from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ImageGenerationInputImage {
    /// Its file.
    pub path: AbsolutePathBuf,
    /// Hash of its content, in hexadecimal.
    pub sha256: String,
}
