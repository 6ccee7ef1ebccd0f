//! What a turn and a request consist of.

use std::path::PathBuf;
use std::sync::Arc;

use serde_json::Value;

use super::ResponseItem;
use crate::tool_spec::ToolSpec;

/// What identifies the turn in headers and metadata.
#[derive(Debug, Clone, Default)]
pub struct TurnIdentity {
    /// Turn id.
    pub turn_id: String,
    /// Root of the client's tree of turns.
    pub root_turn_id: String,
    /// Parent in the client's tree of turns.
    pub parent_turn_id: Option<String>,
    /// Unix milliseconds.
    pub started_at_ms: i64,
    /// Working folder, for git context.
    pub cwd: PathBuf,
    /// Workspace roots, for git context.
    pub workspace_roots: Vec<PathBuf>,
    /// Sandbox tag, `none` for full access.
    pub sandbox: String,
    /// `read-only`, `workspace-write` or `danger-full-access`.
    pub sandbox_mode: String,
    /// The client's own metadata.
    pub client_metadata: std::collections::BTreeMap<String, String>,
}

/// One request: everything that the turn decides.
#[derive(Debug, Clone)]
pub struct Prompt {
    /// Model slug.
    pub model: String,
    /// Base instructions, set once per thread.
    pub instructions: Arc<str>,
    /// The history.
    pub input: Vec<ResponseItem>,
    /// Tools as the API takes them; the same allocation for every request of a thread while nothing changes.
    pub tools: Arc<Vec<Arc<ToolSpec>>>,
    /// Whether the model may call several tools at once.
    pub parallel_tool_calls: bool,
    /// Effort to send.
    pub effort: Option<String>,
    /// Summary to send; `None` leaves it out.
    pub summary: Option<crate::ReasoningSummary>,
    /// Verbosity to send.
    pub verbosity: Option<String>,
    /// Tier to send.
    pub service_tier: Option<String>,
    /// JSON Schema of the answer.
    pub output_schema: Option<Value>,
}
