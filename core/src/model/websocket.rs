//! The Responses API over WebSocket (docs/contract/model-websocket.md): one connection per thread, one request at a time.

use std::collections::VecDeque;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use futures_util::{FutureExt, SinkExt, StreamExt};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri};
use opentelemetry::KeyValue;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error as WsError, Message};

use super::auth_recovery::AuthRecoveryListener;
use super::client::Shared;
use super::event_parser::{EventParser, WebSocketScope};
use super::fingerprint::Exchange;
use super::http_stream::{self, MAX_RESPONSE_BYTES};
use super::setup::{ClientSetup, Recovery};
use super::sse::MAX_EVENT_BYTES;
use super::turn_metadata::RequestIdentity;
use super::{ModelError, Prompt, ResponseEvent, failure, headers, retry_after};
use crate::net::connector;
use crate::net::connector::Connected;
use crate::net::server_message;
use crate::telemetry;
use crate::url_redaction::redact_url;

/// What the servers call the version of this protocol.
const PROTOCOL: (HeaderName, HeaderValue) = (
    HeaderName::from_static("openai-beta"),
    HeaderValue::from_static("responses_websockets=2026-02-06"),
);
/// A silent stream is pinged this often, in milliseconds.
pub(super) const PING_INTERVAL_MS: u64 = 30_000;
/// So many pings without any sign of life in return mean that the connection is lost.
const MAX_MISSED_PONGS: u32 = 2;
/// Deltas are short: a small buffer keeps idle threads cheap. It grows for longer messages.
const READ_BUFFER: usize = 8 << 10;

/// Why there is no connection.
#[derive(Debug)]
pub(super) enum ConnectFailure {
    /// The server answers 426: it wants HTTP.
    UpgradeRequired,
    /// Anything else.
    Failed(Box<ModelError>),
}

impl ConnectFailure {
    pub(super) fn failed(error: ModelError) -> Self {
        Self::Failed(Box::new(error))
    }
}

/// What the server said at the handshake. It holds for every request on the connection.
#[derive(Debug, Clone, Default)]
pub(super) struct Greeting {
    server_model: Option<String>,
    reasoning_included: bool,
    models_etag: Option<String>,
    faster_model: Option<String>,
    /// Routing state for the turn that adopts a preconnected connection.
    pub(super) turn_state: Option<String>,
}

/// An open connection with what the next request needs to know of it.
#[derive(Debug)]
pub(super) struct Connection {
    socket: WebSocketStream<Connected>,
    /// Address without secrets, for errors.
    shown_url: String,
    pub(super) greeting: Greeting,
    /// The last request that was answered in full.
    last: Option<Exchange>,
}

/// Opens a connection. The only place that does: preconnects and turns come here. 401 goes to auth recovery.
#[tracing::instrument(level = "debug", skip_all)]
pub(super) async fn connect_websocket(
    shared: &Shared,
    identity: &RequestIdentity,
    prompt: Option<&Prompt>,
    listener: &AuthRecoveryListener,
) -> Result<Connection, ConnectFailure> {
    let mut setup = shared
        .current_client_setup()
        .await
        .map_err(ConnectFailure::failed)?;
    let mut recovery = Recovery::default();
    let mut reauth = false;
    loop {
        let started = Instant::now();
        let limit = shared.options.provider.websocket_connect_timeout;
        let mut headers = headers::build(shared, &setup, identity, prompt).map_err(ConnectFailure::failed)?;
        headers::attest(&mut headers, shared, &setup).await;
        let answer = tokio::time::timeout(limit, handshake(&setup, headers)).await;
        measure_connect(started, matches!(answer, Ok(Ok(_))), reauth);
        let (status, error) = match answer {
            Ok(Ok(connection)) => {
                tracing::info!(
                    transport = "websocket",
                    host = setup.host(),
                    duration_ms = started.elapsed().as_millis(),
                    "model connection opened"
                );
                if let Some(etag) = &connection.greeting.models_etag {
                    shared.heard_models_etag(etag);
                }
                return Ok(connection);
            }
            Ok(Err(refused)) => refused,
            Err(_) => (None, ModelError::disconnected("request timed out")),
        };
        match status {
            Some(StatusCode::UPGRADE_REQUIRED) => return Err(ConnectFailure::UpgradeRequired),
            Some(StatusCode::UNAUTHORIZED) => match shared.recover(&mut recovery, &setup, listener).await {
                Ok(Some(next)) => {
                    setup = next;
                    reauth = true;
                }
                Ok(None) => return Err(ConnectFailure::failed(error)),
                Err(error) => return Err(ConnectFailure::failed(error)),
            },
            // The server can be reached, and says that it is too much or that the request is wrong: HTTP would not help.
            Some(StatusCode::TOO_MANY_REQUESTS | StatusCode::BAD_REQUEST) => {
                return Err(ConnectFailure::failed(error));
            }
            // Whatever it is, HTTP may do better.
            _ => {
                return Err(ConnectFailure::failed(ModelError {
                    retryable: true,
                    ..error
                }));
            }
        }
    }
}

fn measure_connect(started: Instant, success: bool, reauth: bool) {
    let attributes = [KeyValue::new("success", success), KeyValue::new("reauth", reauth)];
    telemetry::count("codex.websocket.connect", &attributes);
    telemetry::duration(
        "codex.websocket.connect.duration_ms",
        started.elapsed(),
        &attributes,
    );
}

async fn handshake(
    setup: &ClientSetup,
    headers: HeaderMap,
) -> Result<Connection, (Option<StatusCode>, ModelError)> {
    let (name, value) = PROTOCOL;
    let mut headers = headers;
    headers.insert(name, value);
    let (socket, answered) = open(&setup.url, headers).await?;
    Ok(Connection {
        socket,
        shown_url: redact_url(&setup.url.replacen("http", "ws", 1)),
        greeting: Greeting::new(&answered),
        last: None,
    })
}

/// Opens a WebSocket at an `http` or `https` address: name, proxy, TLS, handshake. Gives the headers of the answer, too.
/// The error comes with the status of a server that refuses.
pub(super) async fn open(
    address: &str,
    headers: HeaderMap,
) -> Result<(WebSocketStream<Connected>, HeaderMap), (Option<StatusCode>, ModelError)> {
    let invalid = |cause: String| {
        let message = format!(
            "the address `{}` of the model server is not valid: {cause}",
            redact_url(address)
        );
        (None, ModelError::transient(crate::ErrorKind::Other, message))
    };
    let url: Uri = address
        .parse()
        .map_err(|e: http::uri::InvalidUri| invalid(e.to_string()))?;
    let ws_url = address.replacen("http", "ws", 1);
    let mut request = ws_url
        .as_str()
        .into_client_request()
        .map_err(|e| invalid(e.to_string()))?;
    let shown_url = redact_url(&ws_url);
    request.headers_mut().extend(headers);

    let stream = connector::connect(&url).await.map_err(|e| {
        (
            None,
            ModelError::disconnected(format!("failed to connect to {shown_url}: {e}")),
        )
    })?;
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(0)
        .max_message_size(Some(MAX_EVENT_BYTES))
        .max_frame_size(Some(MAX_EVENT_BYTES));
    match tokio_tungstenite::client_async_with_config(request, stream, Some(config)).await {
        Ok((socket, response)) => Ok((socket, response.into_parts().0.headers)),
        Err(WsError::Http(response)) => {
            let status = response.status();
            let body = response.body().as_deref().unwrap_or_default();
            Err((
                Some(status),
                failure::status(status, response.headers(), body, &shown_url),
            ))
        }
        Err(error) => Err((None, ModelError::disconnected(error))),
    }
}

impl Greeting {
    fn new(headers: &HeaderMap) -> Self {
        let text = |name: &str| Some(headers.get(name)?.to_str().ok()?.to_owned());
        Self {
            server_model: text("openai-model"),
            reasoning_included: headers.contains_key("x-reasoning-included"),
            models_etag: text("x-models-etag"),
            faster_model: text("x-codex-safety-buffering-faster-model"),
            turn_state: text("x-codex-turn-state"),
        }
    }
}

impl Connection {
    /// The response that the next request may go on from (docs/contract/model-websocket.md#frames): its id, and how many items of the input the
    /// server has already.
    pub(super) fn continuation(&self, exchange: &Exchange) -> Option<(&str, usize)> {
        self.last.as_ref()?.continued_by(exchange)
    }

    /// Sends a request. `exchange` describes it.
    pub(super) async fn send(
        mut self,
        frame: Vec<u8>,
        exchange: Exchange,
        turn_state: &Arc<OnceLock<String>>,
        limits: Limits,
    ) -> Result<WebSocketResponse, ModelError> {
        // Valid UTF-8: it comes from the JSON writer.
        let text = String::from_utf8(frame).map_err(ModelError::disconnected)?;
        self.last = None;
        let started = Instant::now();
        let sent = tokio::time::timeout(limits.idle, self.socket.send(Message::text(text))).await;
        let success = [KeyValue::new("success", matches!(sent, Ok(Ok(()))))];
        telemetry::count("codex.websocket.request", &success);
        telemetry::duration("codex.websocket.request.duration_ms", started.elapsed(), &success);
        match sent {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return Err(ModelError::disconnected(error)),
            Err(_) => return Err(ModelError::disconnected("idle timeout waiting for websocket")),
        }
        let mut events = VecDeque::new();
        events.extend(self.greeting.server_model.clone().map(ResponseEvent::ServerModel));
        if self.greeting.reasoning_included {
            events.push_back(ResponseEvent::ReasoningIncluded);
        }
        let scope = WebSocketScope {
            turn_state: Arc::clone(turn_state),
            url: self.shown_url.clone(),
        };
        let parser = EventParser::new(self.greeting.faster_model.clone(), Some(scope));
        Ok(WebSocketResponse {
            connection: Some(self),
            parser,
            events,
            exchange,
            limits,
            alive_at: Instant::now(),
            pinged_at: None,
            missed_pongs: 0,
            polled_at: Instant::now(),
            received: 0,
        })
    }

    /// Resolves when the connection can't be used any more. Answers the server's pings meanwhile.
    pub(super) async fn end_of_idleness(&mut self) -> String {
        loop {
            match self.socket.next().await {
                Some(Ok(Message::Ping(_))) => {
                    // Queued by the read; goes out with the flush.
                    if let Err(error) = self.socket.flush().await {
                        return error.to_string();
                    }
                }
                Some(Ok(Message::Close(_))) | None => return "closed by the server".to_owned(),
                Some(Ok(_)) => {}
                Some(Err(error)) => return error.to_string(),
            }
        }
    }

    /// Whether the connection has not ended as far as is known without waiting.
    pub(super) fn is_alive(&mut self) -> bool {
        self.end_of_idleness().now_or_never().is_none()
    }

    /// Says goodbye; does not wait for the answer for long.
    pub(super) async fn close(mut self) {
        let _ = tokio::time::timeout(Duration::from_secs(1), self.socket.close(None)).await;
    }
}

/// How long a response may be silent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// For servers that answer nothing, not even pings.
    pub(super) idle: Duration,
    /// When to ping.
    pub(super) ping_every: Duration,
}

/// A response that streams in over a WebSocket.
#[derive(Debug)]
pub(super) struct WebSocketResponse {
    /// Taken away when the response is complete or has failed.
    connection: Option<Connection>,
    parser: EventParser,
    events: VecDeque<ResponseEvent>,
    exchange: Exchange,
    limits: Limits,
    /// When the last frame came.
    alive_at: Instant,
    /// When the last ping went out, if nothing has come since.
    pinged_at: Option<Instant>,
    /// Pings since the last frame.
    missed_pongs: u32,
    /// When the caller last waited.
    polled_at: Instant,
    /// Bytes of all events so far.
    received: usize,
}

impl WebSocketResponse {
    /// The next event. Cancel-safe: whatever has been read or counted stays in `self`.
    pub(super) async fn next(&mut self) -> Result<ResponseEvent, ModelError> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Ok(event);
            }
            self.watch();
            let ping_at = self.pinged_at.unwrap_or(self.alive_at) + self.limits.ping_every;
            let until = ping_at.min(self.alive_at + self.limits.idle);
            let Some(connection) = &mut self.connection else {
                return Err(closed());
            };
            match tokio::time::timeout_at(until.into(), connection.socket.next()).await {
                Ok(message) => self.take(message)?,
                Err(_) => self.silence().await?,
            }
        }
    }

    /// An event that is here already.
    pub(super) fn try_next(&mut self) -> Option<Result<ResponseEvent, ModelError>> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Some(Ok(event));
            }
            let message = self.connection.as_mut()?.socket.next().now_or_never()?;
            if let Err(error) = self.take(message) {
                return Some(Err(error));
            }
        }
    }

    /// While the caller did not ask, because its own client reads slowly, silence says nothing about the server.
    fn watch(&mut self) {
        if self.polled_at.elapsed() > self.limits.ping_every * 2 {
            self.alive();
        }
        self.polled_at = Instant::now();
    }

    fn alive(&mut self) {
        self.alive_at = Instant::now();
        self.pinged_at = None;
        self.missed_pongs = 0;
    }

    fn take(&mut self, message: Option<Result<Message, WsError>>) -> Result<(), ModelError> {
        self.alive();
        match message {
            Some(Ok(Message::Text(text))) => {
                self.received = self.received.saturating_add(text.len());
                if self.received > MAX_RESPONSE_BYTES {
                    return Err(http_stream::too_long());
                }
                let before = self.events.len();
                self.parser.parse(text.as_bytes(), &mut self.events)?;
                for event in self.events.range(before..) {
                    if let ResponseEvent::ItemDone { item, .. } = event {
                        self.exchange.produced(item);
                    }
                }
                Ok(())
            }
            Some(Ok(Message::Binary(_))) => {
                Err(ModelError::disconnected("unexpected binary websocket event"))
            }
            Some(Ok(Message::Close(Some(frame)))) => Err(closed_because(&frame)),
            Some(Ok(Message::Close(None))) | None => Err(closed()),
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => Ok(()),
            Some(Err(error)) => Err(ModelError::disconnected(error)),
        }
    }

    /// Nothing has come for a while: pings, or gives up.
    async fn silence(&mut self) -> Result<(), ModelError> {
        if self.alive_at.elapsed() >= self.limits.idle {
            return Err(ModelError::disconnected("idle timeout waiting for websocket"));
        }
        if self.missed_pongs >= MAX_MISSED_PONGS {
            return Err(ModelError::disconnected(
                "the server no longer answers on the websocket",
            ));
        }
        self.missed_pongs += 1;
        self.pinged_at = Some(Instant::now());
        let Some(connection) = &mut self.connection else {
            return Err(closed());
        };
        // A send buffer that stays full is a lost connection too.
        let ping = connection.socket.send(Message::Ping(bytes::Bytes::new()));
        match tokio::time::timeout(self.limits.ping_every, ping).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(ModelError::disconnected(error)),
            Err(_) => Err(ModelError::disconnected(
                "the server no longer reads from the websocket",
            )),
        }
    }

    /// The response is complete: the connection for the next request.
    pub(super) fn finish(&mut self, response_id: &str) -> Option<Connection> {
        let mut connection = self.connection.take()?;
        let exchange = std::mem::take(&mut self.exchange);
        connection.last = exchange
            .completed(response_id)
            .filter(|_| self.parser.can_be_continued());
        Some(connection)
    }

    /// The response has failed: the connection goes.
    pub(super) fn fail(&mut self) {
        self.connection = None;
    }
}

fn closed() -> ModelError {
    ModelError::disconnected("websocket closed by server before response.completed")
}

/// The server's own words for why it closed the connection. Any reason may pass, or not hold for HTTP; a request that is
/// too large for one message (1009) stays so on the next connection.
fn closed_because(frame: &CloseFrame) -> ModelError {
    let code = u16::from(frame.code);
    let reason = server_message::clean(&frame.reason);
    let colon = if reason.is_empty() { "" } else { ": " };
    ModelError {
        needs_http: frame.code == CloseCode::Size,
        retry_after: retry_after::in_text(&reason),
        ..ModelError::disconnected(format!(
            "websocket closed by server before response.completed{colon}{reason} (code {code})"
        ))
    }
}
