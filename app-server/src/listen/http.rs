//! What is said in HTTP before a WebSocket is open: health, refusals, the upgrade (RFC 6455 §4.2).

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use chrono::Utc;
use http::header::{AUTHORIZATION, CONNECTION, ORIGIN, UPGRADE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::auth::Policy;
use crate::client::handle::Identity;

/// Bytes of the head of a request at most.
const MAX_HEAD: usize = 16 * 1024;

/// Headers of a request at most.
const MAX_HEADERS: usize = 64;

const KEY: HeaderName = HeaderName::from_static("sec-websocket-key");
const VERSION: HeaderName = HeaderName::from_static("sec-websocket-version");
const ACCEPT: HeaderName = HeaderName::from_static("sec-websocket-accept");

/// Tells clients of Unix sockets how long a frame may be; longer messages are to be sent in fragments.
const MAX_UNFRAGMENTED: (HeaderName, HeaderValue) = (
    HeaderName::from_static("x-codex-websocket-max-unfragmented-message-bytes"),
    HeaderValue::from_static("16777216"),
);

/// A stream in both directions.
pub(super) trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Duplex for S {}

/// Who is let in, and how.
pub(super) struct Gate {
    /// Who may connect.
    pub(super) policy: Policy,
    /// The listener is a Unix socket: no health routes, and a header of its own.
    pub(super) is_unix: bool,
    /// Room for connections.
    pub(super) places: Arc<Semaphore>,
}

/// A WebSocket that is open.
pub(super) struct Opened {
    /// The stream behind the handshake.
    pub(super) stream: Box<dyn Duplex>,
    /// What came right behind the handshake.
    pub(super) read_already: Vec<u8>,
    /// Who has connected.
    pub(super) identity: Identity,
    /// Its place among the connections.
    pub(super) place: OwnedSemaphorePermit,
}

/// Answers requests until one opens a WebSocket. `None`: the other side has gone without.
pub(super) async fn handshake(stream: Box<dyn Duplex>, gate: &Gate) -> Option<Opened> {
    // What the service lets in, which hyper keeps to itself.
    let admitted = Mutex::new(None);
    let service = service_fn(|request: Request<Incoming>| {
        let response = match answer(request.method(), request.uri().path(), request.headers(), gate) {
            Ok(Answer::Open(response, identity, place)) => {
                *admitted.lock().unwrap_or_else(PoisonError::into_inner) = Some((identity, place));
                response
            }
            Ok(Answer::Healthy) => Response::new(Full::default()),
            Err((status, text)) => {
                let mut response = Response::new(Full::from(text));
                *response.status_mut() = status;
                response
            }
        };
        async { Ok::<_, Infallible>(response) }
    });
    let connection = http1::Builder::new()
        .max_buf_size(MAX_HEAD)
        .max_headers(MAX_HEADERS)
        .serve_connection(TokioIo::new(stream), service)
        .without_shutdown();
    let parts = match connection.await {
        Ok(parts) => parts,
        Err(error) => {
            tracing::debug!(%error, "a connection broke before it was a WebSocket");
            return None;
        }
    };
    let (stream, read_already) = (parts.io.into_inner(), parts.read_buf.to_vec());
    let (identity, place) = admitted.into_inner().unwrap_or_else(PoisonError::into_inner)?;
    Some(Opened {
        stream,
        read_already,
        identity,
        place,
    })
}

enum Answer {
    Healthy,
    Open(Response<Full<Bytes>>, Identity, OwnedSemaphorePermit),
}

fn answer(
    method: &Method,
    path: &str,
    headers: &HeaderMap,
    gate: &Gate,
) -> Result<Answer, (StatusCode, &'static str)> {
    // Browsers send this. No page on the web is a client of ours.
    if headers.contains_key(ORIGIN) {
        return Err((StatusCode::FORBIDDEN, ""));
    }
    let refuse = |text| Err((StatusCode::BAD_REQUEST, text));
    if !gate.is_unix && matches!(path, "/healthz" | "/readyz") {
        return match *method {
            Method::GET | Method::HEAD => Ok(Answer::Healthy),
            _ => Err((StatusCode::METHOD_NOT_ALLOWED, "")),
        };
    }
    if *method != Method::GET {
        return Err((StatusCode::METHOD_NOT_ALLOWED, "Request method must be `GET`"));
    }
    if !names(headers, &CONNECTION, "upgrade") {
        return refuse("Connection header did not include 'upgrade'");
    }
    if !names(headers, &UPGRADE, "websocket") {
        return refuse("`Upgrade` header did not include 'websocket'");
    }
    let Some(key) = headers.get(KEY) else {
        return refuse("`Sec-WebSocket-Key` header missing");
    };
    if headers.get(VERSION).is_none_or(|version| version != "13") {
        return refuse("`Sec-WebSocket-Version` header did not include '13'");
    }
    let identity = gate
        .policy
        .identify(headers.get(AUTHORIZATION), Utc::now().timestamp());
    let Some(identity) = identity else {
        return Err((StatusCode::UNAUTHORIZED, "a valid bearer token is required"));
    };
    let Ok(place) = Arc::clone(&gate.places).try_acquire_owned() else {
        return Err((
            StatusCode::SERVICE_UNAVAILABLE,
            "too many connections; try again later",
        ));
    };
    let mut response = Response::new(Full::default());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let out = response.headers_mut();
    out.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    out.insert(UPGRADE, HeaderValue::from_static("websocket"));
    let accept = derive_accept_key(key.as_bytes());
    let Ok(accept) = HeaderValue::try_from(accept) else {
        return refuse("`Sec-WebSocket-Key` header is unusable");
    };
    out.insert(ACCEPT, accept);
    if gate.is_unix {
        out.insert(MAX_UNFRAGMENTED.0, MAX_UNFRAGMENTED.1);
    }
    Ok(Answer::Open(response, identity, place))
}

/// Whether a header lists this word.
fn names(headers: &HeaderMap, name: &HeaderName, word: &str) -> bool {
    let values = headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok());
    values
        .flat_map(|value| value.split(','))
        .any(|listed| listed.trim().eq_ignore_ascii_case(word))
}
