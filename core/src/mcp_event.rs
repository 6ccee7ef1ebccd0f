//! What a thread tells and asks of MCP servers (docs/contract/mcp.md).

use std::sync::Arc;

use serde_json::Value;
use tokio::sync::oneshot;

/// How an MCP server stands for a thread.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum McpServerStatus {
    /// It is being started.
    Starting,
    /// Its tools can be used.
    Ready,
    /// They can't.
    Failed {
        /// Why.
        error: String,
        /// The user was signed in there, and has to sign in again.
        sign_in_again: bool,
    },
}

/// A question about an MCP server, or of one.
#[derive(Debug)]
pub struct McpElicitation {
    /// Number of the request; see [`crate::CommandApproval::approval`].
    pub request: i64,
    /// Its turn, if it belongs to one.
    pub turn_id: Option<Arc<str>>,
    /// The server.
    pub server: String,
    /// `_meta`; may be null.
    pub meta: Value,
    /// What is asked.
    pub kind: McpElicitationKind,
    /// Where the answer goes.
    pub answer: oneshot::Sender<McpAnswer>,
}

/// What is asked.
#[derive(Debug, Clone, PartialEq)]
pub enum McpElicitationKind {
    /// To fill in a form.
    Form {
        /// What for.
        message: String,
        /// JSON Schema of the form, as the server wrote it.
        schema: Value,
    },
    /// To visit a page.
    Url {
        /// What for.
        message: String,
        /// The page.
        url: String,
        /// The server's name for the question.
        elicitation_id: String,
    },
}

/// What the user answered.
#[derive(Debug, Clone, PartialEq)]
pub struct McpAnswer {
    /// What they do.
    pub action: McpAction,
    /// The form, filled in; may be null.
    pub content: Value,
    /// `_meta`; may be null.
    pub meta: Value,
}

/// What the user does about a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum McpAction {
    /// Says yes.
    Accept,
    /// Says no.
    Decline,
    /// Says nothing.
    Cancel,
}
