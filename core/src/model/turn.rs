//! The scope of one turn.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use opentelemetry::KeyValue;

use super::auth_recovery::AuthRecoveryListener;
use super::client::Shared;
use super::fingerprint::Exchange;
use super::http;
use super::redact_addresses::redact_addresses;
use super::request::{self, Frame};
use super::response::{ResponseStream, Source};
use super::retry::{self, RetryBudget};
use super::turn_log::TurnLog;
use super::turn_metadata::{CompactionMetadata, RequestIdentity, RequestKind};
use super::websocket::{ConnectFailure, Connection, WebSocketResponse, connect_websocket};
use super::{ModelError, Prompt, TurnIdentity};
use crate::git::{GitProbe, RepositoryContext};
use crate::{TurnError, telemetry};

/// Retries of a request that sums up the history on the server, whatever the provider's are.
const MAX_REMOTE_COMPACTION_RETRIES: u32 = 2;

/// Turn-scoped session: made at the start of a turn, dropped at its end.
#[derive(Debug)]
pub struct ModelClientSession {
    shared: Arc<Shared>,
    identity: TurnIdentity,
    /// What git says of the turn's folders.
    look: GitProbe,
    log: Arc<TurnLog>,
    /// Routing state of the server: the first value of a turn stays to its end (docs/contract/model-http.md#turn-state).
    turn_state: Arc<OnceLock<String>>,
    budget: RetryBudget,
    /// Retries that the request in hand has used, while the turn waits for the next one.
    request_retries: AtomicU32,
    /// Told when credentials are obtained again.
    auth_recovery: AuthRecoveryListener,
}

impl ModelClientSession {
    pub(super) fn new(shared: Arc<Shared>, identity: TurnIdentity) -> Self {
        let folders = identity.workspace_roots.iter().chain([&identity.cwd]);
        Self {
            look: GitProbe::at(folders.map(PathBuf::as_path)),
            log: Arc::new(TurnLog::new(&identity.turn_id)),
            shared,
            identity,
            turn_state: Arc::default(),
            budget: RetryBudget::default(),
            request_retries: AtomicU32::new(0),
            auth_recovery: AuthRecoveryListener::default(),
        }
    }

    /// Has this told when credentials that were refused are obtained again for one of the next requests.
    pub(crate) fn on_auth_recovery(&mut self, listener: AuthRecoveryListener) {
        self.auth_recovery = listener;
    }

    pub(super) fn auth_recovery_listener(&self) -> &AuthRecoveryListener {
        &self.auth_recovery
    }

    /// What the next requests tell of the client.
    pub(crate) fn set_client_metadata(&mut self, metadata: BTreeMap<String, String>) {
        self.identity.client_metadata = metadata;
    }

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
            Ok(Some(response)) => Ok(Source::WebSocket(Box::new(response))),
            Ok(None) => self.open_http(prompt, kind).await,
            Err(ConnectFailure::UpgradeRequired) => {
                self.shared.fall_back("the server wants HTTP");
                self.open_http(prompt, kind).await
            }
            Err(ConnectFailure::Failed(error)) => Err(*error),
        };
        let source = opened.map_err(|mut error| {
            span.fail(&error.error.message);
            error.rate_limits = self.shared.changed_limits(error.rate_limits);
            error
        })?;
        Ok(ResponseStream::new(
            Arc::clone(&self.shared),
            Arc::clone(&self.log),
            span,
            source,
        ))
    }

    async fn open_http(&self, prompt: &Prompt, kind: &RequestKind) -> Result<Source, ModelError> {
        // Kept out of the turn's own future, which every busy thread holds.
        let stream = Box::pin(http::open(self, prompt, kind)).await?;
        Ok(Source::Http(Box::new(stream)))
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
            .map_err(ConnectFailure::failed)?;
        let mut connection = match shared.slot.adopt().await {
            Some(connection) => connection,
            // The preconnect that was waited for got a 426.
            None if !shared.uses_websocket() => return Ok(None),
            None => {
                // Rare and large: kept out of the turn's own future.
                let mut own = Box::pin(self.connect(&identity, prompt)).await?;
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
            .map_err(ConnectFailure::failed)?;
        let sent = connection
            .send(frame, exchange, &self.turn_state, shared.stream_limits())
            .await;
        sent.map(Some).map_err(ConnectFailure::failed)
    }

    async fn connect(
        &self,
        identity: &RequestIdentity,
        prompt: &Prompt,
    ) -> Result<Connection, ConnectFailure> {
        let listener = self.auth_recovery_listener();
        connect_websocket(&self.shared, identity, Some(prompt), listener).await
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

    /// What the model is told of the repositories of the turn's folders, after a wait for git of 250 ms at most. `None`: it is
    /// not known in time.
    pub(crate) async fn git_context(&self) -> Option<Vec<RepositoryContext>> {
        self.look.context_in_time().await
    }

    /// What to do about a failed attempt (docs/contract/turns.md#turn-errors, docs/contract/model-http.md#retries, docs/contract/model-websocket.md#fallback-to-http).
    pub fn on_failure(&mut self, error: &ModelError) -> RetryDecision {
        let max = self.shared.options.provider.stream_max_retries;
        self.decide(error, max)
    }

    /// As [`Self::on_failure`], for a request that sums up the history on the server: it is tried three times at most.
    pub fn on_remote_compaction_failure(&mut self, error: &ModelError) -> RetryDecision {
        self.decide(error, MAX_REMOTE_COMPACTION_RETRIES)
    }

    fn decide(&mut self, error: &ModelError, max: u32) -> RetryDecision {
        let error = &redact_addresses(error, &self.shared.options.provider);
        if let Some(retry) = error.request_retry {
            return retry::again(error, retry);
        }
        self.set_request_retries(0);
        let websocket = self.shared.uses_websocket();
        if !error.retryable {
            return RetryDecision::GiveUp(error.error.clone());
        }
        let needs_http = websocket && error.needs_http;
        if !needs_http && let Some(again) = self.budget.spend(error, max, websocket) {
            return again;
        }
        // A server that says "too many" says the same over HTTP.
        if websocket && error.status() != Some(429) {
            self.shared.fall_back("attempts over WebSocket failed");
            self.budget.reset();
            return RetryDecision::FallBack {
                warning: format!(
                    "Falling back from WebSockets to HTTPS transport. {}",
                    retry::cause(error)
                ),
            };
        }
        RetryDecision::GiveUp(error.error.clone())
    }

    /// A request has been answered in full: the retry budget is fresh again.
    pub fn on_success(&mut self) {
        self.budget.reset();
        self.set_request_retries(0);
    }

    pub(super) fn request_retries(&self) -> u32 {
        self.request_retries.load(Ordering::Relaxed)
    }

    pub(super) fn set_request_retries(&self, used: u32) {
        self.request_retries.store(used, Ordering::Relaxed);
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
    /// Go on over HTTP at once.
    FallBack {
        /// Goes out as `warning`: why.
        warning: String,
    },
    /// The turn ends.
    GiveUp(TurnError),
}
