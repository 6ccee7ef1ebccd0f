//! What a thread tells the world.

mod approval;

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde_json::Value;
use tokio::sync::oneshot;

use crate::config::Deprecation;
use crate::exec_policy::RulesProblem;
use crate::history::ReadState;
use crate::model::{RateLimitSnapshot, ResponseItem};
use crate::{
    AdditionalPermissions, ApprovalReview, CommandAction, FileChange, Goal, HookRun, Item, McpElicitation,
    McpServerStatus, PermissionGrant, RealtimeEvent, ThreadId, ThreadSettings, ThreadStatus,
    ThreadTokenUsage, TokenUsage, Turn, TurnError,
};

pub use approval::ApprovalDecision;

/// Takes the events of all threads. One for an engine, given at its start.
///
/// `emit` is called by a thread's actor and must not block: it hands the event on (to the queues of the connections
/// that watch the thread) and returns. What one thread emits, and what it answers through a [`crate::Reply`], comes in
/// one order, and must leave the process in that order.
pub trait EventSink: Send + Sync + 'static {
    /// Takes one event.
    fn emit(&self, thread: ThreadId, event: Event);

    /// An agent of the thread `parent` has started, or brought back, the thread `child`, of which nothing has been told
    /// yet: those who watch the parent watch the child from now on. Gives how many clients watch the child.
    fn spawned(&self, parent: ThreadId, child: ThreadId) -> usize {
        let _ = (parent, child);
        0
    }

    /// Whether somebody who watches the thread reads too slowly for more of this.
    fn congested(&self, thread: ThreadId, traffic: Traffic) -> bool;

    /// Resolves when `congested` is false again. The actor waits here before it takes more from the model, and a
    /// command before more of its output is read.
    fn drained(&self, thread: ThreadId, traffic: Traffic) -> BoxFuture<'static, ()>;
}

/// What is produced only as fast as it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Traffic {
    /// What a model writes: little, and people wait for it.
    Model,
    /// What commands print: without end, and as fast as it is taken. It leaves room for everything else.
    Output,
    /// What a voice says: it is of no use later, and what is too much is dropped.
    Sound,
}

/// Something that happened in a thread.
#[derive(Debug)]
pub enum Event {
    /// The status changed. For every connection, subscribed or not.
    Status(ThreadStatus),
    /// The settings changed.
    Settings(Box<ThreadSettings>),
    /// The goal was set or changed.
    Goal {
        /// The turn that changed it, if one did.
        turn_id: Option<Arc<str>>,
        /// The goal.
        goal: Box<Goal>,
    },
    /// The goal was dropped.
    GoalCleared,
    /// Messages were queued, changed, moved or taken.
    QueueChanged,
    /// A turn began. Items are not loaded.
    TurnStarted(Box<Turn>),
    /// How far users have read it changed.
    ReadState(ReadState),
    /// Something happened in the voice conversation.
    Realtime(Box<RealtimeEvent>),
    /// A turn ended. Carries its last agent message.
    TurnCompleted(Box<Turn>),
    /// An item began.
    ItemStarted {
        /// Its turn.
        turn_id: Arc<str>,
        /// As far as known.
        item: Box<Item>,
    },
    /// An item is complete.
    ItemCompleted {
        /// Its turn.
        turn_id: Arc<str>,
        /// All of it.
        item: Box<Item>,
    },
    /// More text of an item.
    Delta {
        /// Its turn.
        turn_id: Arc<str>,
        /// Its item.
        item_id: Arc<str>,
        /// Which text.
        kind: DeltaKind,
        /// What comes next.
        text: String,
    },
    /// A section of a reasoning summary begins.
    ReasoningPartAdded {
        /// Its turn.
        turn_id: Arc<str>,
        /// Its item.
        item_id: Arc<str>,
        /// Number of the section, from 0.
        summary_index: i64,
    },
    /// A hook began to run.
    HookStarted {
        /// The turn, if there is one.
        turn_id: Option<Arc<str>>,
        /// The run.
        run: Box<HookRun>,
    },
    /// A hook has run.
    HookCompleted {
        /// The turn, if there is one.
        turn_id: Option<Arc<str>>,
        /// The run.
        run: Box<HookRun>,
    },
    /// Somebody wrote into a running command.
    TerminalInteraction {
        /// The turn of the writer.
        turn_id: Arc<str>,
        /// The command's item.
        item_id: Arc<str>,
        /// Terminal session.
        process_id: String,
        /// What was written.
        stdin: String,
    },
    /// Token counts changed.
    TokenUsage {
        /// The turn that caused it.
        turn_id: Arc<str>,
        /// All counts.
        usage: ThreadTokenUsage,
    },
    /// The model's history grew by an item. Only told in threads that were started with `raw_events`.
    RawItem {
        /// The turn that caused it; empty between turns.
        turn_id: Arc<str>,
        /// The item, as it is sent to the model.
        item: Box<ResponseItem>,
    },
    /// A response of the model is complete. Only told in threads that were started with `raw_events`.
    RawResponse {
        /// Its turn.
        turn_id: Arc<str>,
        /// The server's name for it.
        response_id: String,
        /// Token counts.
        usage: Option<TokenUsage>,
        /// Token counts as the server wrote them.
        usage_as_sent: Option<Value>,
    },
    /// News of one rate limit. Sent per limit that changed.
    RateLimits(Box<RateLimitSnapshot>),
    /// A request failed; it is tried again, or the turn ends.
    Error {
        /// Its turn.
        turn_id: Arc<str>,
        /// Why.
        error: TurnError,
        /// Whether it is tried again.
        will_retry: bool,
    },
    /// The server has refused the credentials of a request, and they are obtained again.
    AuthRecovery {
        /// Its turn.
        turn_id: Arc<str>,
        /// Id of the provider.
        provider: String,
        /// For people.
        message: String,
        /// There are new ones; else it begins.
        is_completed: bool,
    },
    /// Something the user should know; nothing stops.
    Warning(String),
    /// Something that is configured is on its way out.
    Deprecated(Deprecation),
    /// The server answered with another model than was asked for.
    ModelRerouted {
        /// Its turn.
        turn_id: Arc<str>,
        /// Asked for.
        from: String,
        /// Answered.
        to: String,
    },
    /// The server recommends a verification of the account (`trustedAccessForCyber`).
    ModelVerification {
        /// Its turn.
        turn_id: Arc<str>,
        /// Names as clients know them.
        verifications: Vec<String>,
    },
    /// Moderation data of the server, as it came.
    ModerationMetadata {
        /// Its turn.
        turn_id: Arc<str>,
        /// Any JSON.
        metadata: Value,
    },
    /// The server buffers its answer for safety checks.
    SafetyBuffering {
        /// Its turn.
        turn_id: Arc<str>,
        /// Model that was asked.
        model: String,
        /// Use cases, as the server names them.
        use_cases: Vec<String>,
        /// Reasons, as the server names them.
        reasons: Vec<String>,
        /// A model that would answer faster.
        faster_model: Option<String>,
    },
    /// What the patches of a running turn have changed, all together.
    TurnDiff {
        /// The turn.
        turn_id: Arc<str>,
        /// In the style of git; empty if everything is as it was before the turn.
        diff: String,
    },
    /// The agent's list of steps.
    PlanUpdated {
        /// Its turn.
        turn_id: Arc<str>,
        /// Why it changed.
        explanation: Option<String>,
        /// All of them.
        steps: Vec<PlanStep>,
    },
    /// A model judges an action in the user's place, or has done so.
    ApprovalReview(Box<ApprovalReview>),
    /// What the user should know of such a review.
    GuardianWarning(String),
    /// A patch as far as the model has written it.
    PatchPreview {
        /// Its turn.
        turn_id: Arc<str>,
        /// The item that it will have.
        item_id: Arc<str>,
        /// What it changes so far. Paths are as written.
        changes: Vec<FileChange>,
    },
    /// A file of rules about commands is wrong.
    RulesProblem(Box<RulesProblem>),
    /// May this command run? Answered through the sender; dropping it declines.
    CommandApproval(Box<CommandApproval>),
    /// May these files be changed? Answered through the sender; dropping it declines.
    FileChangeApproval(Box<FileChangeApproval>),
    /// May the model have these permissions? Answered through the sender; dropping it refuses.
    PermissionsApproval(Box<PermissionsApproval>),
    /// The client is to carry out a tool of its own. Answered through the sender; dropping it fails the call.
    ClientToolCall(Box<ClientToolCall>),
    /// The model asks the user. Answered through the sender; dropping it gives no answer.
    UserInput(Box<UserInputRequest>),
    /// The question with this number needs no answer any more.
    ApprovalWithdrawn {
        /// The number of the question.
        approval: i64,
    },
    /// An MCP server stands in another way.
    McpServerStatus {
        /// Its name in the configuration.
        name: String,
        /// It belongs to a plugin.
        of_plugin: bool,
        /// How it stands.
        status: McpServerStatus,
    },
    /// An MCP server says how far a call is.
    McpProgress {
        /// The call's turn.
        turn_id: Arc<str>,
        /// The call's item.
        item_id: Arc<str>,
        /// The server's words.
        message: String,
    },
    /// An MCP server asks the user something, or may a tool of it run? Answered through the sender; dropping it gives no
    /// answer.
    McpElicitation(Box<McpElicitation>),
    /// The thread was unloaded; nothing follows.
    Closed,
}

/// A step of the agent's work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanStep {
    /// What is done.
    pub step: String,
    /// How it stands.
    pub status: PlanStepStatus,
}

/// How a step stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlanStepStatus {
    /// Not begun.
    Pending,
    /// Begun.
    InProgress,
    /// Done.
    Completed,
}

/// Which text of an item grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DeltaKind {
    /// Text of an agent message.
    AgentMessage,
    /// Text of a proposed plan.
    Plan,
    /// Section of a reasoning summary.
    ReasoningSummary {
        /// Number of the section, from 0.
        summary_index: i64,
    },
    /// Raw reasoning.
    ReasoningContent {
        /// Number of the part, from 0.
        content_index: i64,
    },
    /// Output of a command.
    CommandOutput,
}

/// A question whether a command may run.
#[derive(Debug)]
pub struct CommandApproval {
    /// Number of the question ([`crate::new_request_id`]): whoever asks somebody else on its behalf can use it, too.
    pub approval: i64,
    /// Its turn.
    pub turn_id: Arc<str>,
    /// The command's item.
    pub item_id: Arc<str>,
    /// The call that types at the command, which runs already. `None`: it is to be started.
    pub input_call: Option<Arc<str>>,
    /// Unix milliseconds.
    pub started_at_ms: i64,
    /// The model's justification, or the rule's.
    pub reason: Option<String>,
    /// Argument vector.
    pub command: Vec<String>,
    /// Working folder.
    pub cwd: std::path::PathBuf,
    /// What its parts do.
    pub actions: Vec<CommandAction>,
    /// A rule that would allow it in future.
    pub proposed_rule: Option<Vec<String>>,
    /// What it would be allowed beyond its sandbox.
    pub additional_permissions: Option<AdditionalPermissions>,
    /// Where the answer goes.
    pub answer: oneshot::Sender<ApprovalDecision>,
}

/// A question whether files may be changed. The item, which has been told, says which and how.
#[derive(Debug)]
pub struct FileChangeApproval {
    /// Number of the question; see [`CommandApproval::approval`].
    pub approval: i64,
    /// Its turn.
    pub turn_id: Arc<str>,
    /// The patch's item.
    pub item_id: Arc<str>,
    /// Unix milliseconds.
    pub started_at_ms: i64,
    /// Where the answer goes.
    pub answer: oneshot::Sender<ApprovalDecision>,
}

/// A call of a tool that the client carries out.
#[derive(Debug)]
pub struct ClientToolCall {
    /// Number of the request; see [`CommandApproval::approval`].
    pub request: i64,
    /// Its turn.
    pub turn_id: Arc<str>,
    /// The model's id of the call; also that of its item.
    pub call_id: String,
    /// Namespace of the tool.
    pub namespace: Option<String>,
    /// Name of the tool.
    pub tool: String,
    /// Arguments.
    pub arguments: Value,
    /// Where the answer goes.
    pub answer: oneshot::Sender<ClientToolReply>,
}

/// What became of a tool call at the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientToolReply {
    /// It was carried out.
    Done {
        /// What came of it.
        content: Vec<ClientToolContent>,
        /// Whether it went well.
        success: bool,
    },
    /// The client answered with an error, or nobody could answer.
    Failed,
    /// The client's answer is not what the contract asks for.
    NotUnderstood,
}

/// A piece of what came of a tool call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientToolContent {
    /// Text.
    Text(String),
    /// URL of an image.
    Image(String),
    /// URL of a sound.
    Audio(String),
}

/// Questions of the model to the user.
#[derive(Debug)]
pub struct UserInputRequest {
    /// Number of the request; see [`CommandApproval::approval`].
    pub request: i64,
    /// Its turn.
    pub turn_id: Arc<str>,
    /// The model's call.
    pub call_id: String,
    /// What is asked.
    pub questions: Vec<UserQuestion>,
    /// Where the answers go.
    pub answer: oneshot::Sender<UserAnswers>,
}

/// One question of the model to the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserQuestion {
    /// What the answer refers to.
    pub id: String,
    /// A word or two above it.
    pub header: String,
    /// The question.
    pub question: String,
    /// The answer is not to be shown.
    pub is_secret: bool,
    /// Answers to choose from; the user may answer in other words.
    pub options: Vec<UserQuestionOption>,
}

/// An answer to choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserQuestionOption {
    /// A few words.
    pub label: String,
    /// What follows from it.
    pub description: String,
}

/// What the user answered, by the ids of the questions.
pub type UserAnswers = BTreeMap<String, Vec<String>>;

/// A question whether the model may have permissions.
#[derive(Debug)]
pub struct PermissionsApproval {
    /// Number of the question ([`crate::new_request_id`]).
    pub approval: i64,
    /// Its turn.
    pub turn_id: Arc<str>,
    /// Id of the call.
    pub item_id: Arc<str>,
    /// Unix milliseconds.
    pub started_at_ms: i64,
    /// Why, in the model's words.
    pub reason: Option<String>,
    /// Working folder of the turn.
    pub cwd: std::path::PathBuf,
    /// What it asks for.
    pub permissions: AdditionalPermissions,
    /// Where the answer goes. A grant of nothing refuses.
    pub answer: oneshot::Sender<PermissionGrant>,
}
