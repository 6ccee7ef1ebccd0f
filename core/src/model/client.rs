//! The scope of one thread's work with a model server.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use opentelemetry::KeyValue;

use super::auth_recovery::AuthRecoveryListener;
use super::preconnect::PreconnectSlot;
use super::provider_auth::CommandTokens;
use super::rate_limits::RateLimitTracker;
use super::setup::{self, ClientSetup, Recovery};
use super::side_channel::SideChannel;
use super::turn_metadata::{ContextWindow, ThreadLineage};
use super::websocket::{self, Limits};
use super::{ModelCatalog, ModelClientSession, ModelError, RateLimitSnapshot, TurnIdentity};
use crate::auth::AuthManager;
use crate::config::{ProcessMode, Provider};
use crate::git::GitProbe;
use crate::{ThreadId, telemetry};

/// What a [`ModelClient`] needs to know: values, not the whole configuration.
#[derive(Debug, Clone)]
pub struct ModelClientOptions {
    /// Its thread.
    pub thread_id: ThreadId,
    /// Root of its tree of sub-agents; the thread itself for ordinary threads.
    pub session_id: String,
    /// Where to send requests.
    pub provider: Arc<Provider>,
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
    /// When the parts of a response are given out.
    pub process_mode: ProcessMode,
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
    pub(super) slot: PreconnectSlot,
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

    /// What to try again with after a 401, see [`Recovery::next`].
    pub(super) async fn recover(
        &self,
        recovery: &mut Recovery,
        refused: &ClientSetup,
        listener: &AuthRecoveryListener,
    ) -> Result<Option<ClientSetup>, ModelError> {
        recovery
            .next(refused, &self.options, &self.tokens, listener)
            .await
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
    pub(super) fn fall_back(&self, reason: &'static str) {
        tracing::info!(
            reason,
            "the thread's model transport falls back from WebSocket to HTTP"
        );
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

    /// What has changed by news of rate limits.
    pub(super) fn changed_limits(&self, news: Vec<RateLimitSnapshot>) -> Vec<RateLimitSnapshot> {
        lock(&self.limits).changed(news)
    }

    /// How long a WebSocket stream may be silent.
    pub(super) fn stream_limits(&self) -> Limits {
        Limits {
            idle: self.options.provider.stream_idle_timeout,
            ping_every: Duration::from_millis(self.ping_every.load(Ordering::Relaxed)),
        }
    }

    /// `prompt_cache_key`: a review shares its parent's cache, agents that of their root, a reviewer of approvals that of its
    /// predecessors.
    pub(super) fn cache_key(&self) -> String {
        match (&self.lineage.subagent, &self.lineage.parent_thread_id) {
            (Some(kind), Some(parent)) if kind == "review" => parent.clone(),
            (Some(kind), Some(_)) if kind == "collab_spawn" => self.options.session_id.clone(),
            (Some(kind), Some(parent)) if kind == "guardian" => format!("{kind}:{parent}"),
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
                slot: PreconnectSlot::default(),
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
    /// `folders` are those of the thread: git is asked about them, because the handshake tells what it says.
    pub fn preconnect<'a>(&self, folders: impl IntoIterator<Item = &'a Path>) {
        if self.shared.uses_websocket() {
            self.shared.slot.preconnect(&self.shared, GitProbe::at(folders));
        }
    }

    /// Tells a catalogue what servers say of their lists of models. The first call counts.
    pub fn inform(&self, catalog: &Arc<ModelCatalog>) {
        let _ = self.shared.catalog.set(Arc::clone(catalog));
    }

    /// Whether a connection waits for the next request; one in flight is waited for. For tests.
    pub(crate) async fn preconnected(&self) -> bool {
        self.shared.slot.settled().await
    }

    /// Waits for the end of the connection that waits for the next request. For tests.
    pub(crate) async fn kept_connection_ended(&self) {
        self.shared.slot.ended().await;
    }

    /// How long a WebSocket stream may be silent before it is pinged. For tests.
    pub(crate) fn set_ping_interval(&self, interval: Duration) {
        let ms = u64::try_from(interval.as_millis()).unwrap_or(u64::MAX);
        self.shared.ping_every.store(ms, Ordering::Relaxed);
    }

    /// The thread goes on in this window.
    pub fn restore_window(&self, window: ContextWindow) {
        *lock(&self.shared.window) = window;
    }

    /// The history was summed up: what follows is a new context window.
    pub fn start_window(&self) -> ContextWindow {
        let mut window = lock(&self.shared.window);
        *window = window.next();
        window.clone()
    }

    /// Whether the server sums up histories itself, into a form that only it can read: OpenAI's does
    /// (docs/contract/context.md#compaction).
    pub fn compacts_remotely(&self) -> bool {
        self.shared.options.provider.name == "OpenAI"
    }

    /// For what the thread sends beside its turns.
    pub(crate) fn side_channel(&self) -> SideChannel {
        SideChannel::new(Arc::clone(&self.shared))
    }

    /// The scope of one turn.
    pub fn turn(&self, identity: TurnIdentity) -> ModelClientSession {
        ModelClientSession::new(Arc::clone(&self.shared), identity)
    }
}

impl Drop for ModelClient {
    fn drop(&mut self) {
        self.shared.slot.clear();
    }
}
