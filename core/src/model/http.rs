//! The Responses API over HTTP: one POST, answered by server-sent events (docs/contract/model-http.md). The
//! answer is `http_stream.rs`.

use std::time::Instant;

use bytes::Bytes;
use http::StatusCode;
use http::header::{ACCEPT, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use opentelemetry::KeyValue;

use super::client::Shared;
use super::http_stream::HttpStream;
use super::setup::{ClientSetup, Recovery};
use super::turn_metadata::{RequestIdentity, RequestKind};
use super::{ModelClientSession, ModelError, Prompt, compression, failure, headers, request, retry};
use crate::net::body;
use crate::net::client::{error_chain, network};
use crate::{ErrorKind, telemetry};

pub(super) const TURN_STATE: HeaderName = HeaderName::from_static("x-codex-turn-state");

/// Sends a request until the server has taken it. Tried again here are only 5xx, connections that can't be made, and
/// those that end before the answer begins; everything else is for the turn to decide, where the user sees it.
#[tracing::instrument(name = "http_request", level = "debug", skip_all, fields(model = prompt.model))]
pub(super) async fn open(
    session: &ModelClientSession,
    prompt: &Prompt,
    kind: &RequestKind,
) -> Result<HttpStream, ModelError> {
    let shared = session.shared();
    let mut setup = shared.current_client_setup().await?;
    let mut recovery = Recovery::default();
    let identity = session.request_identity(kind, prompt).await?;
    let metadata = identity.client_metadata(shared, session.identity());
    let body = request::encode(
        prompt,
        &shared.cache_key(),
        Some(&metadata),
        &request::Frame::default(),
    )?;
    let body = Body::new(shared, &setup, body).await;
    // Retries go on where a longer wait interrupted them.
    let mut retries = session.request_retries();
    loop {
        let mut headers = request_headers(session, &setup, &identity, prompt, &body)?;
        headers::attest(&mut headers, shared, &setup).await;
        let started = Instant::now();
        let answer = send(shared, &setup, headers, body.bytes.clone()).await;
        measure(started, answer.as_ref().ok());
        if let Ok(response) = &answer {
            tracing::info!(
                transport = "http",
                host = setup.host(),
                status = response.status().as_u16(),
                duration_ms = started.elapsed().as_millis(),
                "model server answered"
            );
        }
        let error = match answer {
            Ok(response) if response.status().is_success() => return HttpStream::new(session, response),
            Ok(response) => {
                let status = response.status();
                let error = error_of(response, &setup).await;
                if status == StatusCode::UNAUTHORIZED
                    && let Some(next) = shared
                        .recover(&mut recovery, &setup, session.auth_recovery_listener())
                        .await?
                {
                    setup = next;
                    continue;
                }
                if !status.is_server_error() {
                    return Err(error);
                }
                error
            }
            Err(error) if error.no_connection || error.no_answer => error,
            Err(error) => return Err(error),
        };
        let max = shared.options.provider.request_max_retries;
        if retries >= max {
            return Err(error);
        }
        retries += 1;
        let delay = error.retry_after.unwrap_or_else(|| retry::backoff(retries));
        if delay > retry::QUIET_WAIT {
            // The turn waits, where the user sees it and can stop it.
            session.set_request_retries(retries);
            return Err(ModelError {
                retryable: true,
                retry_after: Some(delay),
                request_retry: Some((retries, max)),
                ..error
            });
        }
        retry::log(&error, (retries, max), delay);
        tokio::time::sleep(delay).await;
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
) -> Result<HeaderMap, ModelError> {
    let mut headers = headers::build(session.shared(), setup, identity, Some(prompt))?;
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
    Ok(headers)
}

pub(super) async fn send(
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
                    "the address `{}` of the model server is not valid: {}",
                    setup.shown_url(),
                    error_chain(&e.without_url())
                ),
            )
        })?;
    let idle = shared.options.provider.stream_idle_timeout;
    match tokio::time::timeout(idle, client.execute(request)).await {
        Ok(Ok(response)) => Ok(response),
        Ok(Err(e)) if e.is_connect() => Err(ModelError::unreachable(
            &setup.shown_url(),
            error_chain(&e.without_url()),
        )),
        // Servers that end a connection they kept open do it at any moment, also while a request is on its way.
        Ok(Err(e)) => Err(ModelError {
            no_answer: true,
            ..broken(e)
        }),
        Err(_) => Err(ModelError::disconnected(
            "idle timeout waiting for the server's answer",
        )),
    }
}

pub(super) async fn error_of(response: reqwest::Response, setup: &ClientSetup) -> ModelError {
    let status = response.status();
    let headers = response.headers().clone();
    let body = body::read_start(response, body::ERROR_BODY).await;
    failure::status(status, &headers, &body, &setup.shown_url())
}

pub(super) fn broken(error: reqwest::Error) -> ModelError {
    ModelError::disconnected(format!(
        "Transport error: network error: {}",
        error_chain(&error.without_url())
    ))
}
