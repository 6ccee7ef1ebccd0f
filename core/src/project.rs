//! Projects of the user: what belongs together (docs/contract/threads.md#projects).

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::ThreadId;

/// Bytes of what is kept of a project at most.
pub(crate) const MAX_SIZE: usize = 1 << 20;

/// A project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    /// Identifier.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its folders.
    pub roots: Vec<PathBuf>,
    /// Names and values of clients.
    pub metadata: BTreeMap<String, String>,
    /// When it was made, in Unix seconds.
    pub created_at: i64,
    /// When it was changed, in Unix seconds.
    pub updated_at: i64,
    /// When a thread of it was changed last, in Unix seconds; `None` if it has none.
    pub recency_at: Option<i64>,
    /// Its place in the user's order.
    pub(crate) position: i64,
}

/// A project that is to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewProject {
    /// A name for the wish: the same one makes no second project.
    pub key: String,
    /// Its name.
    pub name: String,
    /// Its folders, each once.
    pub roots: Vec<PathBuf>,
    /// Names and values of clients.
    pub metadata: BTreeMap<String, String>,
    /// Threads that belong to it.
    pub threads: Vec<ThreadId>,
}

/// What of a project is to change.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProjectPatch {
    /// Its name.
    pub name: Option<String>,
    /// Its folders, each once.
    pub roots: Option<Vec<PathBuf>>,
    /// Names and values of clients; they take the place of all there are.
    pub metadata: Option<BTreeMap<String, String>>,
}

/// The order of a list of projects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProjectOrder {
    /// As the user has put them.
    Position,
    /// By the last change of a thread; projects without threads come last.
    Recency,
}

/// Why something can't be done with projects. Clients are shown these words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProjectError {
    /// No project has this id.
    #[error("project not found: {0}")]
    NotFound(String),
    /// No project has this id; another one should come before it.
    #[error("before project not found: {0}")]
    BeforeNotFound(String),
    /// It should come before itself.
    #[error("project {0} cannot be moved before itself")]
    BeforeItself(String),
    /// A name is blank.
    #[error("project name must not be empty")]
    NoName,
    /// A wish has no name.
    #[error("idempotencyKey must not be empty")]
    NoKey,
    /// The project of this wish was deleted.
    #[error("idempotency key refers to deleted project: {0}")]
    KeyOfDeleted(String),
    /// A folder is named twice.
    #[error("duplicate project root: {}", .0.display())]
    DuplicateRoot(PathBuf),
    /// A thread is named twice.
    #[error("duplicate thread id: {0}")]
    DuplicateThread(ThreadId),
    /// No such thread is stored.
    #[error("thread not found: {0}")]
    ThreadNotFound(String),
    /// Not a cursor of this list.
    #[error("invalid project cursor: malformed or mismatched sort anchor")]
    Cursor,
    /// Name, folders and metadata are more than is kept.
    #[error("a project has at most {MAX_SIZE} bytes of name, roots and metadata")]
    TooLarge,
}
