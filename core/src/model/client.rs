//! The session-scoped client and its turn-scoped session.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use opentelemetry::KeyValue;
use serde_json::Value;

use super::fingerprint::Exchange;
use super::http::{self, HttpStream};
use super::preconnect::Slot;
use super::provider_auth::CommandTokens;
use super::rate_limits::RateLimitTracker;
use super::request::{self, Frame};
use super::retry::RetryBudget;
use super::setup::{self, ClientSetup};
use super::turn_log::{EventMetric, TurnLog};
use super::turn_metadata::{CompactionMetadata, ContextWindow, RequestIdentity, RequestKind, ThreadLineage};
use super::websocket::{self, ConnectFailure, Connection, Limits, WebSocketResponse, connect_websocket};
use super::{ModelCatalog, ModelError, Provider, ResponseEvent, ResponseItem};
use crate::auth::AuthManager;
use crate::git::Look;
use crate::telemetry;
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

/// Session-scoped client: provider, account, connection and fallback state of one thread. Dropping it closes the
/// connection.
#[derive(Debug)]
pub struct ModelClient {
    shared: Arc<Shared>,
}

/// What the sessions of a client share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) options: ModelClientOptions,
    pub(super) lineage: ThreadLineage,
    pub(super) tokens: CommandTokens,
    /// Locked for moments only: a turn's stream and the next turn may touch it.
    limits: Mutex<RateLimitTracker>,
    /// Locked for moments only.
    window: Mutex<ContextWindow>,
    /// The WebSocket, while no request uses it.
    slot: Slot,
    /// The thread has given up WebSockets for the rest of its life in this process.
    fallen_back: AtomicBool,
    /// Milliseconds; only tests change it.
    ping_every: AtomicU64,
    /// Is told when a server names another list of models.
    catalog: OnceLock<Arc<ModelCatalog>>,
}

impl Shared {
    /// Account and address for a request, the same way for every transport.
    pub(super) async fn current_client_setup(&self) -> Result<ClientSetup, ModelError> {
        setup::current_client_setup(&self.options, &self.tokens).await
    }

    pub(super) fn window(&self) -> ContextWindow {
        lock(&self.window).clone()
    }

    /// Whether the next request goes over WebSocket.
    pub(super) fn uses_websocket(&self) -> bool {
        let wanted = self.options.provider.supports_websockets || self.options.prefer_websockets;
        wanted && !self.fallen_back.load(Ordering::Relaxed)
    }

    /// From now on HTTP only.
    pub(super) fn fall_back(&self) {
        tracing::info!("falling back to HTTP");
        let from = KeyValue::new("from_wire_api", "responses_websocket");
        telemetry::count("codex.transport.fallback_to_http", &[from]);
        self.fallen_back.store(true, Ordering::Relaxed);
        self.slot.clear();
    }

    /// A server said which list of models is current.
    pub(super) fn heard_models_etag(&self, etag: &str) {
        if let Some(catalog) = self.catalog.get() {
            catalog.heard_etag(etag, &self.options.provider, &self.options.user_agent);
        }
    }

    fn limits(&self) -> Limits {
        Limits {
            idle: self.options.provider.stream_idle_timeout,
            ping_every: Duration::from_millis(self.ping_every.load(Ordering::Relaxed)),
        }
    }

    /// `prompt_cache_key`: a review shares its parent's cache.
    pub(super) fn cache_key(&self) -> String {
        match (&self.lineage.subagent, &self.lineage.parent_thread_id) {
            (Some(kind), Some(parent)) if kind == "review" => parent.clone(),
            _ => self.options.thread_id.to_string(),
        }
    }
}

/// A poisoned lock only means that a holder panicked between two assignments of plain data.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl ModelClient {
    /// A client; nothing is opened.
    pub fn new(options: ModelClientOptions) -> Self {
        Self::with_lineage(options, ThreadLineage::default())
    }

    /// A client of a thread that comes from somewhere.
    pub fn with_lineage(options: ModelClientOptions, lineage: ThreadLineage) -> Self {
        Self {
            shared: Arc::new(Shared {
                options,
                lineage,
                tokens: CommandTokens::default(),
                limits: Mutex::default(),
                window: Mutex::default(),
                slot: Slot::default(),
                fallen_back: AtomicBool::new(false),
                ping_every: AtomicU64::new(websocket::PING_INTERVAL_MS),
                catalog: OnceLock::new(),
            }),
        }
    }

    /// Opens the connection in the background, if the provider's transport has one. Handshake only: nothing is sent
    /// before a turn starts. Best effort: a failure is a debug log. The next request takes the connection, or waits
    /// for it if it is in flight. Call it when a thread is started, resumed or forked, inside of the runtime.
    ///
    /// `folders` are those of the thread: git is asked about them already now, so that the first turn need not wait.
    pub fn preconnect<'a>(&self, folders: impl IntoIterator<Item = &'a Path>) {
        let look = Look::at(folders);
        if self.shared.uses_websocket() {
            self.shared.slot.preconnect(&self.shared, look);
        }
    }

    /// Tells a catalogue what servers say of their lists of models. The first call counts.
    pub fn inform(&self, catalog: &Arc<ModelCatalog>) {
        let _ = self.shared.catalog.set(Arc::clone(catalog));
    }

    /// How long a WebSocket stream may be silent before it is pinged. For tests.
    pub(crate) fn set_ping_interval(&self, interval: Duration) {
        let ms = u64::try_from(interval.as_millis()).unwrap_or(u64::MAX);
        self.shared.ping_every.store(ms, Ordering::Relaxed);
    }

    /// The history was summed up: what follows is a new context window.
    pub fn start_window(&self) {
        let mut window = lock(&self.shared.window);
        let number = window.number + 1;
        *window = ContextWindow {
            number,
            ..ContextWindow::default()
        };
    }

    /// The scope of one turn.
    pub fn turn(&self, identity: TurnIdentity) -> ModelClientSession {
        let folders = identity.workspace_roots.iter().chain([&identity.cwd]);
        let look = Look::at(folders.map(PathBuf::as_path));
        ModelClientSession {
            shared: Arc::clone(&self.shared),
            look,
            log: Arc::new(TurnLog::new(&identity.turn_id)),
            identity,
            turn_state: Arc::default(),
            budget: RetryBudget::default(),
        }
    }
}

impl Drop for ModelClient {
    fn drop(&mut self) {
        self.shared.slot.clear();
    }
}

/// Turn-scoped session: made at the start of a turn, dropped at its end.
#[derive(Debug)]
pub struct ModelClientSession {
    shared: Arc<Shared>,
    identity: TurnIdentity,
    /// What git says of the turn's folders.
    look: Look,
    log: Arc<TurnLog>,
    /// Routing state of the server: the first value of a turn stays to its end (model-and-auth section 3.1).
    turn_state: Arc<OnceLock<String>>,
    budget: RetryBudget,
}

impl ModelClientSession {
    /// Sends one request. Resolves when the server has accepted it; request-level retries happen inside.
    /// Dropping the future or the stream cancels the request.
    pub async fn stream(&mut self, prompt: &Prompt) -> Result<ResponseStream, ModelError> {
        self.open(prompt, &RequestKind::Turn).await
    }

    /// As [`Self::stream`], for a request that sums up the history.
    pub async fn stream_compaction(
        &mut self,
        prompt: &Prompt,
        why: CompactionMetadata,
    ) -> Result<ResponseStream, ModelError> {
        self.open(prompt, &RequestKind::Compaction(why)).await
    }

    async fn open(&mut self, prompt: &Prompt, kind: &RequestKind) -> Result<ResponseStream, ModelError> {
        let websocket = self.shared.uses_websocket();
        let mut span = self.log.request(if websocket { "websocket" } else { "http" });
        let opened = match self.open_websocket(prompt, kind).await {
            Ok(Some(response)) => Ok(Source::WebSocket(response)),
            Ok(None) => http::open(self, prompt, kind).await.map(Source::Http),
            Err(ConnectFailure::UpgradeRequired) => {
                self.shared.fall_back();
                http::open(self, prompt, kind).await.map(Source::Http)
            }
            Err(ConnectFailure::Failed(error)) => Err(error),
        };
        let source = opened.inspect_err(|error| span.fail(&error.error.message))?;
        Ok(ResponseStream {
            shared: Arc::clone(&self.shared),
            log: Arc::clone(&self.log),
            span,
            source: Box::new(source),
            ended: false,
        })
    }

    /// Sends a request over the thread's WebSocket. `None`: the thread uses HTTP.
    async fn open_websocket(
        &self,
        prompt: &Prompt,
        kind: &RequestKind,
    ) -> Result<Option<WebSocketResponse>, ConnectFailure> {
        let shared = &self.shared;
        if !shared.uses_websocket() {
            return Ok(None);
        }
        let identity = self
            .request_identity(kind, prompt)
            .await
            .map_err(ConnectFailure::Failed)?;
        let mut connection = match shared.slot.adopt().await {
            Some(connection) => connection,
            // The preconnect that was waited for got a 426.
            None if !shared.uses_websocket() => return Ok(None),
            None => {
                let mut own = connect_websocket(shared, &identity, Some(prompt)).await?;
                // Only a preconnect has routing state before its first turn.
                own.greeting.turn_state = None;
                own
            }
        };
        if let Some(state) = connection.greeting.turn_state.take() {
            // The first value of a turn stays.
            let _ = self.turn_state.set(state);
        }
        let (frame, exchange) = self
            .frame(&connection, &identity, prompt)
            .map_err(ConnectFailure::Failed)?;
        let sent = connection
            .send(frame, exchange, &self.turn_state, shared.limits())
            .await;
        sent.map(Some).map_err(ConnectFailure::Failed)
    }

    /// The frame of a request on this connection, and what the next one has to know of it.
    fn frame(
        &self,
        connection: &Connection,
        identity: &RequestIdentity,
        prompt: &Prompt,
    ) -> Result<(Vec<u8>, Exchange), ModelError> {
        let mut metadata = identity.client_metadata(&self.shared, &self.identity);
        metadata.push(("x-codex-ws-stream-request-start-ms", crate::now_ms().to_string()));
        metadata.extend(
            self.turn_state
                .get()
                .map(|state| ("x-codex-turn-state", state.clone())),
        );
        let key = self.shared.cache_key();
        let exchange = Exchange::new(prompt, &key)?;
        let (previous_response_id, skip) = connection.continuation(&exchange).unzip();
        let mode = if skip.is_some() { "incremental" } else { "full" };
        telemetry::count(
            "codex.websocket.continuation",
            &[KeyValue::new("mode", mode), KeyValue::new("phase", "generation")],
        );
        metadata.extend(
            self.log
                .traceparent()
                .map(|parent| ("ws_request_header_traceparent", parent)),
        );
        let frame = Frame {
            kind: Some("response.create"),
            previous_response_id,
            skip: skip.unwrap_or(0),
        };
        Ok((request::encode(prompt, &key, Some(&metadata), &frame)?, exchange))
    }

    /// What to do about a failed attempt (threads-and-turns section 3.8, model-and-auth sections 1.6 and 2.5).
    pub fn on_failure(&mut self, error: &ModelError) -> RetryDecision {
        let max = self.shared.options.provider.stream_max_retries;
        let websocket = self.shared.uses_websocket();
        if !error.retryable {
            return RetryDecision::GiveUp(error.error.clone());
        }
        if let Some(again) = self.budget.spend(error, max, websocket) {
            return again;
        }
        // A server that says "too many" says the same over HTTP.
        if websocket && error.status() != Some(429) {
            self.shared.fall_back();
            self.budget.reset();
            return RetryDecision::FallBack {
                warning: Some(format!(
                    "Falling back from WebSockets to HTTPS transport. {}",
                    error.error.message
                )),
            };
        }
        RetryDecision::GiveUp(error.error.clone())
    }

    /// A request has been answered in full: the retry budget is fresh again.
    pub fn on_success(&mut self) {
        self.budget.reset();
    }

    pub(super) fn shared(&self) -> &Shared {
        &self.shared
    }

    pub(super) fn identity(&self) -> &TurnIdentity {
        &self.identity
    }

    pub(super) fn turn_state(&self) -> &Arc<OnceLock<String>> {
        &self.turn_state
    }

    /// Who sends a request, and from where. Waits for git for the rest of its 250 ms at most.
    pub(super) async fn request_identity(
        &self,
        kind: &RequestKind,
        prompt: &Prompt,
    ) -> Result<RequestIdentity, ModelError> {
        let workspaces = self.look.in_time().await;
        RequestIdentity::new(
            &self.shared,
            &self.identity,
            kind,
            Some(prompt),
            workspaces.as_ref(),
        )
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
        delay: Duration,
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
pub struct ResponseStream {
    shared: Arc<Shared>,
    log: Arc<TurnLog>,
    span: telemetry::Span,
    source: Box<Source>,
    /// The last event or an error has been given out.
    ended: bool,
}

#[derive(Debug)]
enum Source {
    Http(HttpStream),
    WebSocket(WebSocketResponse),
}

impl Source {
    fn metric(&self, waited: Duration) -> EventMetric {
        let (count, duration) = match self {
            Self::Http(_) => ("codex.sse_event", "codex.sse_event.duration_ms"),
            Self::WebSocket(_) => ("codex.websocket.event", "codex.websocket.event.duration_ms"),
        };
        EventMetric {
            count,
            duration,
            waited,
        }
    }

    async fn next(&mut self) -> Result<ResponseEvent, ModelError> {
        match self {
            Self::Http(stream) => stream.next().await,
            Self::WebSocket(stream) => stream.next().await,
        }
    }

    fn try_next(&mut self) -> Option<Result<ResponseEvent, ModelError>> {
        match self {
            Self::Http(stream) => stream.try_next(),
            Self::WebSocket(stream) => stream.try_next(),
        }
    }
}

impl ResponseStream {
    /// The next event. `None` never comes before [`ResponseEvent::Completed`] or an error. Cancel-safe.
    pub async fn next(&mut self) -> Option<Result<ResponseEvent, ModelError>> {
        while !self.ended {
            let waiting = Instant::now();
            let event = self.source.next().await;
            self.log.event(self.source.metric(waiting.elapsed()), &event);
            if let Some(event) = self.pass(event) {
                return Some(event);
            }
        }
        None
    }

    /// An event that has already arrived, without waiting: lets the caller take a burst in one go.
    pub fn try_next(&mut self) -> Option<Result<ResponseEvent, ModelError>> {
        while !self.ended {
            let event = self.source.try_next()?;
            self.log.event(self.source.metric(Duration::ZERO), &event);
            if let Some(event) = self.pass(event) {
                return Some(event);
            }
        }
        None
    }

    /// What the caller gets to see of an event; `None` if it is no news.
    fn pass(
        &mut self,
        event: Result<ResponseEvent, ModelError>,
    ) -> Option<Result<ResponseEvent, ModelError>> {
        match event {
            Ok(ResponseEvent::RateLimits(limits)) => {
                let changed = lock(&self.shared.limits).changed(limits);
                (!changed.is_empty()).then_some(Ok(ResponseEvent::RateLimits(changed)))
            }
            Ok(ResponseEvent::Completed { ref response_id, .. }) => {
                self.ended = true;
                match &mut *self.source {
                    Source::Http(stream) => stream.finish(),
                    Source::WebSocket(stream) => {
                        if let Some(connection) = stream.finish(response_id) {
                            self.shared.slot.keep(connection);
                        }
                    }
                }
                Some(event)
            }
            Err(mut error) => {
                self.ended = true;
                self.span.fail(&error.error.message);
                if let Source::WebSocket(stream) = &mut *self.source {
                    stream.fail();
                }
                error.rate_limits = lock(&self.shared.limits).changed(error.rate_limits);
                Some(Err(error))
            }
            Ok(_) => Some(event),
        }
    }
}
