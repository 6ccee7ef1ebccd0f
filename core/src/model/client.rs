//! The session-scoped client and its turn-scoped session.

use std::sync::Arc;

use serde_json::Value;

use super::{ModelError, Provider, ResponseEvent, ResponseItem};
use crate::auth::AuthManager;
use crate::{ThreadId, TurnError};

/// What a [`ModelClient`] needs to know: values, not the whole configuration.
#[derive(Debug, Clone)]
pub struct ModelClientOptions {
    /// Its thread.
    pub thread_id: ThreadId,
    /// Root of its tree of sub-agents; the thread itself for ordinary threads.
    pub session_id: String,
    /// Where to send requests.
    pub provider: Provider,
    /// Who sends them.
    pub auth: Arc<AuthManager>,
    /// `originator` header: the client's name.
    pub originator: String,
    /// `User-Agent` header.
    pub user_agent: String,
    /// Content of the home's `installation_id` file.
    pub installation_id: String,
    /// Feature `enable_request_compression`.
    pub compress_requests: bool,
    /// WebSockets are preferred by the model or enabled by a feature even if the provider does not say so.
    pub prefer_websockets: bool,
}

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
    pub cwd: std::path::PathBuf,
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
    pub tools: Arc<Vec<Value>>,
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

/// Session-scoped client.
#[derive(Debug)]
pub struct ModelClient {}

impl ModelClient {
    /// A client; nothing is opened.
    pub fn new(_options: ModelClientOptions) -> Self {
        todo!()
    }

    /// Opens the connection in the background, if the provider's transport has one. Handshake only.
    pub fn preconnect(&self) {
        todo!()
    }

    /// The scope of one turn.
    pub fn turn(&self, _identity: TurnIdentity) -> ModelClientSession {
        todo!()
    }
}

/// Turn-scoped session.
#[derive(Debug)]
pub struct ModelClientSession {}

impl ModelClientSession {
    /// Sends one request. Resolves when the server has accepted it; request-level retries happen inside.
    /// Dropping the future or the stream cancels the request.
    pub async fn stream(&mut self, _prompt: &Prompt) -> Result<ResponseStream, ModelError> {
        todo!()
    }

    /// What to do about a failed attempt (threads-and-turns section 3.8, model-and-auth sections 1.6 and 2.5).
    pub fn on_failure(&mut self, _error: &ModelError) -> RetryDecision {
        todo!()
    }

    /// A request has been answered in full: the retry budget is fresh again.
    pub fn on_success(&mut self) {
        todo!()
    }
}

/// What to do about a failed attempt.
#[derive(Debug, Clone, PartialEq)]
pub enum RetryDecision {
    /// Tell the client (unless the notice is left out), wait, try again with the history as it is now.
    Retry {
        /// Goes out as `error{willRetry:true}`.
        notice: Option<TurnError>,
        /// How long to wait.
        delay: std::time::Duration,
    },
    /// Go on over HTTP at once; tell the user, unless the server itself asked for it.
    FallBack {
        /// Goes out as `warning`.
        warning: Option<String>,
    },
    /// The turn ends.
    GiveUp(TurnError),
}

/// A response as it comes in.
#[derive(Debug)]
pub struct ResponseStream {}

impl ResponseStream {
    /// The next event. `None` never comes before [`ResponseEvent::Completed`] or an error. Cancel-safe.
    pub async fn next(&mut self) -> Option<Result<ResponseEvent, ModelError>> {
        todo!()
    }

    /// An event that has already arrived, without waiting: lets the caller take a burst in one go.
    pub fn try_next(&mut self) -> Option<Result<ResponseEvent, ModelError>> {
        todo!()
    }
}
