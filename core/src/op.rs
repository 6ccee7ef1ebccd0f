//! What can be asked of a thread.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::model::{FunctionOutput, ResponseItem};
use crate::{
    Assessment, Error, RealtimeInput, Result, ReviewTarget, SettingsPatch, StartRealtime, ThreadInfo,
    ThreadSettings, TokenUsage, Turn, UserInput,
};

/// A promise to answer one request. Called where the answer belongs in the order of the thread's events; what is
/// dropped unanswered is answered with an error.
pub struct Reply<T>(Option<Box<dyn FnOnce(Result<T>) + Send>>);

impl<T> Reply<T> {
    /// Wraps what to do with the answer. It must not block.
    pub fn new(answer: impl FnOnce(Result<T>) + Send + 'static) -> Self {
        Self(Some(Box::new(answer)))
    }

    /// Nobody wants to know.
    pub fn ignore() -> Self {
        Self(None)
    }

    /// Answers.
    pub fn send(mut self, answer: Result<T>) {
        if let Some(f) = self.0.take() {
            f(answer);
        }
    }
}

impl<T: Send + 'static> Reply<T> {
    /// A reply together with the future of its answer, for callers that wait.
    pub fn channel() -> (Self, impl Future<Output = Result<T>> + Send) {
        let (tx, rx) = tokio::sync::oneshot::channel();
        let reply = Self::new(move |answer| drop(tx.send(answer)));
        (reply, async move {
            rx.await.unwrap_or_else(|_| Err(Error::ThreadEnded))
        })
    }
}

impl<T> Drop for Reply<T> {
    fn drop(&mut self) {
        if let Some(f) = self.0.take() {
            f(Err(Error::ThreadEnded));
        }
    }
}

impl<T> std::fmt::Debug for Reply<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Reply")
    }
}

/// An operation on a loaded thread. Carried out in the order of submission.
#[derive(Debug)]
pub enum Op {
    /// Starts a turn, or steers the regular turn that is running. Answers with the turn.
    StartTurn {
        /// Input and one-turn choices.
        start: Box<StartTurn>,
        /// Answered as soon as the turn has its id.
        reply: Reply<Turn>,
    },
    /// Adds input to the running turn. Answers with its id.
    Steer {
        /// The turn that the client believes to be running.
        expected_turn_id: String,
        /// Input.
        input: Vec<UserInput>,
        /// Echoed in the user message item.
        client_user_message_id: Option<String>,
        /// Context of the client.
        additional_context: BTreeMap<String, ContextEntry>,
        /// What the rest of the turn's requests tell of the client.
        metadata: ClientMetadata,
        /// Answered when the input is taken.
        reply: Reply<String>,
    },
    /// Stops the running turn; an empty id stops whatever runs.
    Interrupt {
        /// The turn that the client believes to be running.
        turn_id: String,
        /// Answered when the turn has stopped.
        reply: Reply<()>,
    },
    /// Changes settings outside of a turn.
    UpdateSettings {
        /// What to change.
        patch: Box<SettingsPatch>,
        /// Answered when done.
        reply: Reply<()>,
    },
    /// Appends Responses items to the history without a turn.
    InjectItems {
        /// The items.
        items: Vec<Value>,
        /// A turn that runs does not end before its model has read them.
        is_urgent: bool,
        /// Answered when stored.
        reply: Reply<()>,
    },
    /// Sums up the history, as a turn of its own; a turn that runs is interrupted.
    Compact {
        /// Answered when it is about to begin.
        reply: Reply<()>,
    },
    /// Runs a command of the user: in the running turn, or as a turn of its own. The model reads what came of it.
    ShellCommand {
        /// What the user's shell runs.
        command: String,
        /// It is ended after this time; after an hour by default.
        timeout: Option<Duration>,
        /// Answered when it is about to start.
        reply: Reply<()>,
    },
    /// Starts a queued message: the first, or the one of this id. Answers with the turn.
    StartQueued {
        /// The message.
        id: Option<String>,
        /// Answered as soon as the turn has its id.
        reply: Reply<Turn>,
    },
    /// Changes settings for the rest of the running turn only. Answers whether that turn runs.
    UpdateTurnSettings {
        /// The turn that the client believes to be running.
        turn_id: String,
        /// What to change.
        patch: Box<SettingsPatch>,
        /// Answered when the turn's next request will have them.
        reply: Reply<bool>,
    },
    /// Asks the model something about the thread, which stays as it is.
    Sample {
        /// What is asked.
        request: Box<SampleRequest>,
        /// Answered when the model has answered.
        reply: Reply<Sample>,
    },
    /// One more, or one less, question that the client itself has open with the user. Answers how many there are.
    CountQuestions {
        /// One more; else one less.
        more: bool,
        /// Answered at once.
        reply: Reply<u64>,
    },
    /// Reviews changes in a turn of its own. A running turn is interrupted first.
    StartReview {
        /// What to review, checked.
        target: ReviewTarget,
        /// Answered with the turn, which holds the hint as its one item, when it begins.
        reply: Reply<Turn>,
    },
    /// Puts a plan that the user has approved into the history, between turns.
    PrepareApprovedPlan {
        /// The plan.
        plan: String,
        /// Answered when stored.
        reply: Reply<()>,
    },
    /// Has the call at the end of the history reviewed, between turns.
    ReviewLastCall {
        /// Answered with the call's id and the verdict; with none if the call needs no approval.
        reply: Reply<(String, Option<Assessment>)>,
    },
    /// Starts a voice conversation; one that runs is ended.
    StartRealtime {
        /// What it is to be.
        start: Box<StartRealtime>,
        /// Answered at once: what comes of it is told.
        reply: Reply<()>,
    },
    /// Hands something over to the voice conversation.
    AppendRealtime {
        /// What.
        input: RealtimeInput,
        /// Answered at once.
        reply: Reply<()>,
    },
    /// Ends the voice conversation.
    StopRealtime {
        /// Answered at once: the end is told.
        reply: Reply<()>,
    },
    /// Tells how things stand, with the running turn if asked for.
    Snapshot {
        /// With all turns that are in memory.
        include_turns: bool,
        /// Answered at once.
        reply: Reply<ThreadSnapshot>,
    },
    /// Ends the thread: a running turn is recorded as interrupted, children are killed, files are synced.
    Shutdown {
        /// Answered when all is stored.
        reply: Reply<()>,
    },
}

/// How a client changes its metadata in a turn's requests.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClientMetadata {
    /// Replaces all of it.
    pub all: Option<BTreeMap<String, String>>,
    /// Is added to it, or to what replaces it.
    pub more: Option<BTreeMap<String, String>>,
}

impl ClientMetadata {
    /// Whether anything changes.
    pub(crate) fn is_empty(&self) -> bool {
        self.all.is_none() && self.more.is_none()
    }

    /// The metadata as it is from now on.
    pub(crate) fn apply(self, metadata: &mut BTreeMap<String, String>) {
        if let Some(all) = self.all {
            *metadata = all;
        }
        metadata.extend(self.more.unwrap_or_default());
    }
}

/// A question to the model beside the thread.
#[derive(Debug)]
pub struct SampleRequest {
    /// The last finished turn or, with `while_running`, the one that runs, as the client believes.
    pub expected_turn_id: String,
    /// What is asked; 4,000 bytes at most.
    pub prompt: String,
    /// A turn may run meanwhile.
    pub while_running: bool,
    /// The model is not offered the tools of MCP servers.
    pub without_mcp: bool,
    /// How hard the model thinks; `None` is as in the thread.
    pub effort: Option<String>,
    /// The client's metadata.
    pub client_metadata: BTreeMap<String, String>,
    /// Why the client asks; goes into the turn metadata.
    pub turn_trigger: Option<String>,
    /// Gives it up.
    pub cancel: CancellationToken,
}

/// What the model said beside the thread.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// The turn up to which it knew the thread.
    pub turn_id: String,
    /// The server's name for the response.
    pub response_id: String,
    /// `None`: it called tools and said nothing.
    pub text: Option<String>,
    /// Token counts, if the server gave any.
    pub usage: Option<TokenUsage>,
}

/// How a loaded thread stands.
#[derive(Debug, Clone)]
pub struct ThreadSnapshot {
    /// The thread.
    pub info: ThreadInfo,
    /// Its settings.
    pub settings: ThreadSettings,
    /// Files that project instructions came from.
    pub instruction_sources: Vec<std::path::PathBuf>,
    /// Its features.
    pub features: crate::features::Features,
    /// Turns held in memory: the running one last; all of an ephemeral thread.
    pub turns: Vec<Turn>,
}

/// Input and choices of turn/start.
#[derive(Debug, Clone, Default)]
pub struct StartTurn {
    /// What the user says. May be empty.
    pub input: Vec<UserInput>,
    /// Choices that stay.
    pub settings: SettingsPatch,
    /// JSON Schema that the answer must follow, this turn only.
    pub output_schema: Option<Value>,
    /// Service tier, this turn only.
    pub service_tier_for_turn: Option<String>,
    /// Context of the client, this turn only (what did not change is not sent again).
    pub additional_context: BTreeMap<String, ContextEntry>,
    /// Echoed in the user message item.
    pub client_user_message_id: Option<String>,
    /// Why the client starts the turn; goes into the turn metadata.
    pub turn_trigger: Option<String>,
    /// Parent turn in the client's tree of turns.
    pub parent_turn_id: Option<String>,
    /// Root turn in the client's tree of turns.
    pub root_turn_id: Option<String>,
    /// The output of a tool that the client ran by itself, instead of what a user says.
    pub tool_output: Option<ToolOutput>,
    /// What another agent says, instead of a user.
    pub agent_message: Option<ResponseItem>,
    /// If a turn runs, the model finishes what it is saying before it hears this.
    pub waits_its_turn: bool,
}

/// The output of a tool that the client ran by itself.
#[derive(Debug, Clone, PartialEq)]
pub struct ToolOutput {
    /// Name of the tool; not empty.
    pub name: String,
    /// Its namespace, if it has one.
    pub namespace: Option<String>,
    /// Text or parts.
    pub output: FunctionOutput,
    /// It stays when the history is summed up.
    pub retain: bool,
}

/// One entry of `additionalContext`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContextEntry {
    /// The text.
    pub value: String,
    /// Given by the application (developer message) or from elsewhere (untrusted, as a tool's output).
    pub trusted: bool,
    /// A name to show, if any.
    pub name: Option<String>,
}
