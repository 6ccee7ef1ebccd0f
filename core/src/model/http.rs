//! The Responses API over HTTP: one POST, answered by server-sent events (model-and-auth sections 1.1 to 1.7).

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::FutureExt;
use http::header::{ACCEPT, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use http::{StatusCode, header};
use opentelemetry::KeyValue;

use super::client::Shared;
use super::event_parser::EventParser;
use super::network::network;
use super::setup::{ClientSetup, Recovery};
use super::sse::SseDecoder;
use super::turn_metadata::{RequestIdentity, RequestKind};
use super::{
    ModelClientSession, ModelError, Prompt, ResponseEvent, compression, failure, headers, rate_limits,
    request, retry,
};
use crate::{ErrorKind, telemetry};

const TURN_STATE: HeaderName = HeaderName::from_static("x-codex-turn-state");
/// How much of an error's body is read.
const MAX_ERROR_BODY: usize = 1 << 20;
/// How long the end of a complete response is waited for, so that its connection can be used again.
const DRAIN_TIME: Duration = Duration::from_millis(500);

/// Sends a request until the server has taken it. Tried again here are only 5xx and connections that can't be made;
/// everything else is for the turn to decide, where the user sees it.
#[tracing::instrument(name = "http_request", level = "debug", skip_all, fields(model = prompt.model))]
pub(super) async fn open(
    session: &ModelClientSession,
    prompt: &Prompt,
    kind: &RequestKind,
) -> Result<HttpStream, ModelError> {
    let shared = session.shared();
    let mut setup = shared.current_client_setup().await?;
    let mut recovery = Recovery::default();
    let mut retries = 0;
    let identity = session.request_identity(kind, prompt).await?;
    let metadata = identity.client_metadata(shared, session.identity());
    let body = request::encode(
        prompt,
        &shared.cache_key(),
        Some(&metadata),
        &request::Frame::default(),
    )?;
    let body = Body::new(shared, &setup, body).await;
    loop {
        let headers = request_headers(session, &setup, &identity, prompt, &body);
        let started = Instant::now();
        let answer = send(shared, &setup, headers, body.bytes.clone()).await;
        measure(started, answer.as_ref().ok());
        let error = match answer {
            Ok(response) if response.status().is_success() => return Ok(HttpStream::new(session, response)),
            Ok(response) => {
                let status = response.status();
                let error = error_of(response, &setup.url).await;
                if status == StatusCode::UNAUTHORIZED
                    && let Some(next) = recovery.next(&setup, &shared.options, &shared.tokens).await?
                {
                    setup = next;
                    continue;
                }
                if !status.is_server_error() {
                    return Err(error);
                }
                error
            }
            Err(error) if error.no_connection => error,
            Err(error) => return Err(error),
        };
        if retries >= shared.options.provider.request_max_retries {
            return Err(error);
        }
        retries += 1;
        tracing::debug!(retries, "request failed, trying again: {}", error.error.message);
        tokio::time::sleep(error.retry_after.unwrap_or_else(|| retry::backoff(retries))).await;
    }
}

fn measure(started: Instant, answer: Option<&reqwest::Response>) {
    if !telemetry::metrics_on() {
        return;
    }
    let status = answer.map(reqwest::Response::status);
    let attributes = [
        KeyValue::new(
            "status",
            status.map_or_else(|| "none".to_owned(), |s| s.as_u16().to_string()),
        ),
        KeyValue::new("success", status.is_some_and(|s| s.is_success())),
    ];
    telemetry::count("codex.api_request", &attributes);
    telemetry::duration("codex.api_request.duration_ms", started.elapsed(), &attributes);
}

/// A body as it goes over the wire.
struct Body {
    bytes: Bytes,
    compressed: bool,
}

impl Body {
    async fn new(shared: &Shared, setup: &ClientSetup, plain: Vec<u8>) -> Self {
        if shared.options.compress_requests && shared.options.provider.is_openai() && setup.is_chatgpt() {
            let (bytes, compressed) = compression::compress(plain).await;
            return Self {
                bytes: bytes.into(),
                compressed,
            };
        }
        Self {
            bytes: plain.into(),
            compressed: false,
        }
    }
}

fn request_headers(
    session: &ModelClientSession,
    setup: &ClientSetup,
    identity: &RequestIdentity,
    prompt: &Prompt,
    body: &Body,
) -> HeaderMap {
    let mut headers = headers::build(session.shared(), setup, identity, Some(prompt));
    headers.insert(ACCEPT, HeaderValue::from_static("text/event-stream"));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if body.compressed {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("zstd"));
    }
    if let Some(state) = session
        .turn_state()
        .get()
        .and_then(|s| HeaderValue::from_str(s).ok())
    {
        headers.insert(TURN_STATE, state);
    }
    headers
}

async fn send(
    shared: &Shared,
    setup: &ClientSetup,
    headers: HeaderMap,
    body: Bytes,
) -> Result<reqwest::Response, ModelError> {
    let url = &setup.url;
    let client = network()
        .http_client(url)
        .await
        .map_err(|e| ModelError::terminal(ErrorKind::Other, e.to_string()))?;
    let request = client
        .post(url)
        .headers(headers)
        .body(body)
        .build()
        .map_err(|e| {
            ModelError::terminal(
                ErrorKind::Other,
                format!(
                    "the address `{url}` of the model server is not valid: {}",
                    chain(&e)
                ),
            )
        })?;
    let idle = shared.options.provider.stream_idle_timeout;
    match tokio::time::timeout(idle, client.execute(request)).await {
        Ok(Ok(response)) => Ok(response),
        Ok(Err(e)) if e.is_connect() => Err(ModelError::unreachable(url, chain(&e.without_url()))),
        Ok(Err(e)) => Err(ModelError::disconnected(format!(
            "Transport error: network error: {}",
            chain(&e.without_url())
        ))),
        Err(_) => Err(ModelError::disconnected(
            "idle timeout waiting for the server's answer",
        )),
    }
}

/// An error with its causes: reqwest keeps the telling part at the end of the chain.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(e) = cause {
        let next = e.to_string();
        if !text.contains(&next) {
            text.push_str(": ");
            text.push_str(&next);
        }
        cause = e.source();
    }
    text
}

async fn error_of(mut response: reqwest::Response, url: &str) -> ModelError {
    let mut body = Vec::new();
    while body.len() < MAX_ERROR_BODY {
        match tokio::time::timeout(Duration::from_secs(10), response.chunk()).await {
            Ok(Ok(Some(chunk))) => body.extend_from_slice(&chunk),
            _ => break,
        }
    }
    failure::status(response.status(), response.headers(), &body, url)
}

/// A response that streams in over HTTP.
#[derive(Debug)]
pub(super) struct HttpStream {
    /// Taken away when the response is complete.
    response: Option<reqwest::Response>,
    decoder: SseDecoder,
    parser: EventParser,
    events: VecDeque<ResponseEvent>,
    idle: Duration,
}

impl HttpStream {
    fn new(session: &ModelClientSession, response: reqwest::Response) -> Self {
        let headers = response.headers();
        let text = |name: &str| Some(headers.get(name)?.to_str().ok()?.to_owned());
        if let Some(state) = text(TURN_STATE.as_str()) {
            // The first value of a turn stays.
            let _ = session.turn_state().set(state);
        }
        if let Some(etag) = text("x-models-etag") {
            session.shared().heard_models_etag(&etag);
        }
        let mut events = VecDeque::new();
        events.extend(text("openai-model").map(ResponseEvent::ServerModel));
        if headers.contains_key("x-reasoning-included") {
            events.push_back(ResponseEvent::ReasoningIncluded);
        }
        let limits = rate_limits::from_headers(headers);
        if !limits.is_empty() {
            events.push_back(ResponseEvent::RateLimits(limits));
        }
        Self {
            parser: EventParser::new(text("x-codex-safety-buffering-faster-model"), None),
            response: Some(response),
            decoder: SseDecoder::new(),
            events,
            idle: session.shared().options.provider.stream_idle_timeout,
        }
    }

    /// The next event. Cancel-safe: what has been read stays in the decoder.
    pub(super) async fn next(&mut self) -> Result<ResponseEvent, ModelError> {
        loop {
            if let Some(event) = self.decoded()? {
                return Ok(event);
            }
            let Some(response) = &mut self.response else {
                return Err(closed());
            };
            let chunk = tokio::time::timeout(self.idle, response.chunk())
                .await
                .map_err(|_| ModelError::disconnected("idle timeout waiting for SSE"))?;
            self.take(chunk)?;
        }
    }

    /// An event that is here already.
    pub(super) fn try_next(&mut self) -> Option<Result<ResponseEvent, ModelError>> {
        loop {
            if let Some(event) = self.decoded().transpose() {
                return Some(event);
            }
            let chunk = self.response.as_mut()?.chunk().now_or_never()?;
            if let Err(e) = self.take(chunk) {
                return Some(Err(e));
            }
        }
    }

    fn take(&mut self, chunk: reqwest::Result<Option<Bytes>>) -> Result<(), ModelError> {
        match chunk {
            Ok(Some(chunk)) => self.decoder.push(&chunk).map_err(ModelError::disconnected),
            Ok(None) => {
                self.parser.end_of_stream(&mut self.events)?;
                if self.events.is_empty() {
                    Err(closed())
                } else {
                    Ok(())
                }
            }
            Err(e) => Err(ModelError::disconnected(format!(
                "Transport error: network error: {}",
                chain(&e.without_url())
            ))),
        }
    }

    fn decoded(&mut self) -> Result<Option<ResponseEvent>, ModelError> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Ok(Some(event));
            }
            let Some(data) = self.decoder.next_data() else {
                return Ok(None);
            };
            self.parser.parse(data, &mut self.events)?;
        }
    }

    /// The response is complete: its connection goes back to the pool as soon as the server ends the body.
    pub(super) fn finish(&mut self) {
        let Some(mut response) = self.response.take() else {
            return;
        };
        if response
            .headers()
            .get(header::CONNECTION)
            .is_some_and(|v| v == "close")
        {
            return;
        }
        tokio::spawn(tokio::time::timeout(DRAIN_TIME, async move {
            while let Ok(Some(_)) = response.chunk().await {}
        }));
    }
}

fn closed() -> ModelError {
    ModelError::disconnected("stream closed before response.completed")
}
