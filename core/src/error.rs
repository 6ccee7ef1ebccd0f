//! What can go wrong at the boundary of the engine: kinds that callers tell apart. How clients are told, with which
//! words and codes, is for the caller; `Display` is for logs.

use std::path::PathBuf;

use crate::{ReadState, ThreadId};

/// Result of an engine operation.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A refused or failed operation.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Error {
    // Threads.
    /// Neither a loaded nor a stored thread has this id.
    #[error("thread not found: {0}")]
    ThreadNotFound(ThreadId),
    /// No thread with this id is loaded, and none is stored that could be read instead.
    #[error("thread not loaded: {0}")]
    NotLoaded(ThreadId),
    /// The thread has no rollout file outside of the archive.
    #[error("no rollout found for thread id {0}")]
    RolloutNotFound(ThreadId),
    /// The thread has no rollout file in the archive.
    #[error("no archived rollout found for thread id {0}")]
    ArchivedRolloutNotFound(ThreadId),
    /// A thread was named by its rollout file, and there is no such file.
    #[error("there is no rollout file at {}", .0.display())]
    NoRolloutAt(PathBuf),
    /// A loaded thread was named together with a file that isn't its own.
    #[error("the thread {thread} is loaded from {}, and not from {}", active.display(), requested.display())]
    StalePath {
        /// The thread.
        thread: ThreadId,
        /// The file that was named.
        requested: PathBuf,
        /// The thread's file.
        active: PathBuf,
    },
    /// Neither an id nor a path says which thread is meant.
    #[error("no thread was named")]
    NoThreadNamed,
    /// The thread has to be taken out of the archive first.
    #[error("thread {0} is archived")]
    Archived(ThreadId),
    /// The thread lives in memory only, and the operation needs a file.
    #[error("thread {thread} is ephemeral and can't do this: {operation:?}")]
    Ephemeral {
        /// The thread.
        thread: ThreadId,
        /// What was asked of it.
        operation: ThreadOperation,
    },
    /// The thread has no file yet, or never will have one.
    #[error("thread {thread} has no file, which this needs: {operation:?}")]
    NotPersisted {
        /// The thread.
        thread: ThreadId,
        /// What was asked of it.
        operation: ThreadOperation,
    },
    /// Threads of this kind, or threads without a file, can't do that.
    #[error("not supported for this thread: {0:?}")]
    Unsupported(ThreadOperation),
    /// Another process writes the thread, or this one does not let go of it.
    #[error("thread {thread} is being written by {}", writer(holder.as_ref()))]
    Locked {
        /// The thread.
        thread: ThreadId,
        /// The process, where the system tells.
        holder: Option<Holder>,
    },
    /// A thread can't be deleted while another one is attached to it.
    #[error("thread {attached} is attached to it")]
    HasAttachedThread {
        /// The attached thread.
        attached: ThreadId,
    },
    /// A thread can't be deleted while the history of a fork builds upon its files.
    #[error("the history of a fork builds upon thread {0}")]
    HasForks(ThreadId),
    /// Ephemeral forks of paginated threads can't be answered with their turns.
    #[error("an ephemeral fork can't be given with its turns")]
    EphemeralForkWithTurns,
    /// The thread's file does not say which folder it works in, and the caller neither.
    #[error("the thread's file does not tell its working folder")]
    NoWorkingFolder,
    /// The mark was moved by somebody else since the caller looked at it.
    #[error("the read state has changed")]
    ReadStateConflict {
        /// How far the thread is read now.
        current: ReadState,
    },
    /// The thread ended before it could answer.
    #[error("the thread has ended")]
    ThreadEnded,

    // Turns and items.
    /// No turn runs that could be steered or interrupted.
    #[error("no turn runs: {0:?}")]
    NoActiveTurn(TurnOperation),
    /// The caller means another turn than the one that runs.
    #[error("turn {expected} is not the one that runs, which is {active}: {operation:?}")]
    StaleTurn {
        /// The turn that the caller means.
        expected: String,
        /// The turn that runs.
        active: String,
        /// What was asked of it.
        operation: TurnOperation,
    },
    /// Only other agents speak to the agent.
    #[error("thread {0} is an agent that only other agents speak to")]
    NoDirectInput(ThreadId),
    /// The turn that runs takes no input.
    #[error("a {kind} turn takes no input while it runs")]
    NotSteerable {
        /// `review` or `compact`.
        kind: &'static str,
        /// The input came as that of a new turn.
        by_start: bool,
    },
    /// The thread has no such turn.
    #[error("turn not found: {0}")]
    TurnNotFound(String),
    /// The thread has no such item.
    #[error("item not found: {0}")]
    ItemNotFound(String),

    // Values.
    /// Something must not be empty.
    #[error("must not be empty: {0:?}")]
    Empty(Field),
    /// The cursor is not one that this list has given.
    #[error("invalid cursor: {0}")]
    InvalidCursor(String),
    /// The input is longer than any turn may begin with.
    #[error("the input has {actual} characters, {max} are allowed")]
    InputTooLarge {
        /// Characters that are allowed.
        max: usize,
        /// Characters that came.
        actual: usize,
    },
    /// Images and sounds must be part of the input; addresses are not fetched.
    #[error("a remote address was given: {0:?}")]
    RemoteMedia(Media),
    /// An item for the model's history can't be read.
    #[error("item {index} can't be read: {reason}")]
    InvalidItem {
        /// Counted from 0.
        index: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// No model is chosen, and the provider has none.
    #[error("no model is available")]
    NoModel,
    /// A permission profile and another word on the sandbox were given at once.
    #[error("a permission profile does not go together with {0:?}")]
    PermissionsConflict(SandboxSetting),
    /// Sections: a place before a thread was named, but no section.
    #[error("a place in a section needs the section")]
    PlaceWithoutSection,
    /// The thread can't be moved there: the section does not exist.
    #[error("there is no section {0} to move to")]
    NoSuchTargetSection(String),
    /// The thread that another one is to be put before is elsewhere.
    #[error("thread {thread} is not in section {section}")]
    NotInSection {
        /// The thread.
        thread: String,
        /// The section.
        section: String,
    },
    /// No section has this id.
    #[error("section not found: {0}")]
    SectionNotFound(String),
    /// Projects.
    #[error(transparent)]
    Project(#[from] crate::ProjectError),
    /// The section that is always there stays as it is.
    #[error("the built-in section can't be changed: {0:?}")]
    BuiltInSection(SectionOperation),
    /// Another value is not what it should be; the text says which and why.
    #[error("{0}")]
    Invalid(String),
    /// The search was given up because the caller wanted that.
    #[error("the search was cancelled")]
    SearchCancelled,

    // Configuration.
    /// The configuration can't be used; the text says where it is wrong and why.
    #[error("failed to load configuration: {0}")]
    Config(String),
    /// The configuration has no such provider.
    #[error("the model provider `{0}` is not configured")]
    ModelProviderNotConfigured(String),

    // Accounts.
    /// The configuration forbids this way to sign in.
    #[error("this way to sign in is disabled: {0:?}")]
    LoginDisabled(LoginKind),
    /// The parent application owns the tokens; no other login may replace them.
    #[error("the parent application owns the account's tokens")]
    ExternalAuthActive,
    /// The configuration restricts logins to other workspaces.
    #[error("workspace {received:?} is none of {allowed:?}")]
    WorkspaceNotAllowed {
        /// Workspaces of the configuration.
        allowed: Vec<String>,
        /// The workspace of the tokens.
        received: String,
    },
    /// The authority knows no device codes.
    #[error("the login server offers no device codes")]
    NoDeviceLogin,
    /// Only ChatGPT accounts can do that.
    #[error("a ChatGPT account is needed {purpose}")]
    ChatgptRequired {
        /// Somebody is signed in, in another way.
        signed_in: bool,
        /// Words that go on: `to read token usage`.
        purpose: &'static str,
    },

    // Faults of ours or of the machine.
    /// A database of the home did not do what was asked.
    #[error("{message}")]
    Database {
        /// What kind of trouble it is.
        problem: DatabaseProblem,
        /// Which database, what happened and what can be done.
        message: String,
    },
    /// The thread's files can't be read; the text says which and why.
    #[error("{0}")]
    UnreadableHistory(String),
    /// The end of the thread's history is in memory only, because its file can't be written.
    #[error("the history of thread {thread} can't be saved: {why}")]
    HistoryNotSaved {
        /// The thread.
        thread: ThreadId,
        /// Why.
        why: String,
    },
    /// Anything else; the text says what happened and what can be done.
    #[error("{0}")]
    Internal(String),
}

/// A process that holds a lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// Its number.
    pub pid: i32,
    /// Its name.
    pub name: String,
}

/// Why a database did not do what was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DatabaseProblem {
    /// A newer program has changed its tables; it is left alone.
    Newer,
    /// It is no database, or parts of it are unreadable; it is left as it is.
    Damaged,
    /// It has other tables than expected.
    Misshapen,
    /// Another process uses it at the moment.
    Busy,
    /// The disk is full.
    Full,
    /// It can't be opened, read or written.
    Failed,
}

/// What was asked of a thread as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ThreadOperation {
    /// All of its turns.
    ReadTurns,
    /// A page of its turns.
    ListTurns,
    /// A page of its items.
    ListItems,
    /// One of its items.
    ReadItem,
    /// Where in it something is said.
    SearchOccurrences,
    /// A page of its timeline.
    ListTimeline,
    /// A change of its metadata.
    UpdateMetadata,
    /// How far it was read.
    ReadState,
    /// To drop its last turns.
    Revert,
    /// To delete it.
    Delete,
}

/// What was asked of the running turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TurnOperation {
    /// To take more input.
    Steer,
    /// To stop.
    Interrupt,
}

/// What was asked of a section.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SectionOperation {
    /// Another name.
    Rename,
    /// To be deleted.
    Delete,
}

/// Something that must not be empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// Name of a thread.
    ThreadName,
    /// Input of a steered turn.
    Input,
    /// Items for the model's history.
    Items,
    /// The history that a thread is to begin with.
    History,
    /// What threads are searched for.
    SearchTerm,
    /// What one thread is searched for.
    OccurrenceTerm,
    /// Name of a section.
    SectionName,
    /// Type of an attachment.
    AttachmentType,
    /// Key of an attachment.
    AttachmentKey,
    /// The key that makes a repeated request harmless.
    IdempotencyKey,
    /// An API key.
    ApiKey,
    /// The branch that a review compares with.
    Branch,
    /// The commit that is reviewed.
    Sha,
    /// What a review is to look at.
    Instructions,
}

/// What a remote address stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Media {
    /// A picture.
    Image,
    /// Sound.
    Audio,
}

/// What says how commands are confined, besides a permission profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SandboxSetting {
    /// A whole policy.
    Policy,
    /// One of the modes.
    Mode,
}

/// A way to sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoginKind {
    /// With an API key.
    ApiKey,
    /// With a ChatGPT account.
    Chatgpt,
    /// With tokens of the parent application.
    External,
}

impl Error {
    /// A value that is not what it should be, with words on which and why.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::Invalid(message.into())
    }

    /// A fault of ours or of the machine.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::Internal(message.into())
    }

    /// A configuration that can't be read, where somebody has asked for what is in it.
    pub fn unreadable_config(why: &dyn std::fmt::Display) -> Self {
        Self::internal(format!("failed to read configuration layers: {why}"))
    }
}

fn writer(holder: Option<&Holder>) -> String {
    holder.map_or_else(
        || "another process".to_owned(),
        |Holder { pid, name }| format!("process {pid} ({name})"),
    )
}
