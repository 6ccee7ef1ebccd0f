//! The listening side: connections, and what each request is for.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use http_body_util::{BodyExt, Full, combinators::UnsyncBoxBody};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpListener;

use super::encoding::Encoding;
use super::journal::{Journal, Request, Transport};
use super::script::{Answer, Script};
use super::step::Step;
use super::{realtime, sse, websocket};

pub(super) type Body = UnsyncBoxBody<Bytes, io::Error>;
pub(super) type Response = hyper::Response<Body>;

/// What all connections share.
#[derive(Debug, Default)]
pub(super) struct Shared {
    pub(super) journal: Journal,
    script: Mutex<Script>,
    connections: AtomicUsize,
}

/// The connection is to be cut without an answer.
#[derive(Debug, thiserror::Error)]
#[error("cut by the script")]
pub(super) struct ConnectionDropped;

impl Shared {
    pub(super) fn new(script: Script) -> Self {
        Self {
            script: Mutex::new(script),
            ..Self::default()
        }
    }

    pub(super) fn with_script<R>(&self, change: impl FnOnce(&mut Script) -> R) -> R {
        // The script is changed in single steps, so it is whole even after a panic elsewhere.
        change(&mut self.script.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Records a model request and takes its answer and its number, counted from 1.
    pub(super) fn take(&self, request: Request) -> (usize, Answer) {
        let answer = self.with_script(|script| {
            let agrees = |answer: &Answer| {
                answer
                    .when
                    .as_ref()
                    .is_none_or(|when| when.mismatch(&request).is_none())
            };
            match script.answers.iter().position(agrees) {
                Some(index) if script.answers[index].always => script.answers.get(index).cloned(),
                Some(index) => script.answers.remove(index),
                None => script.default.clone(),
            }
        });
        let mut answer = answer.unwrap_or_else(|| "ok".into());
        for step in &mut answer.steps {
            if let Step::Complete(complete) = step
                && complete.count_input
            {
                let bytes = request.body["input"].to_string().len();
                complete.input_tokens = u64::try_from(bytes.div_ceil(4)).unwrap_or(u64::MAX);
            }
        }
        let mismatch = answer
            .expect
            .as_ref()
            .and_then(|expect| expect.mismatch(&request));
        let number = self.journal.write(|records| {
            records.requests.push(request);
            let number = records.requests.len();
            if let Some(text) = &mismatch {
                records.mismatches.push(format!("request {number}: {text}"));
            }
            number
        });
        if let Some(text) = mismatch {
            answer = Answer::status(400).body(serde_json::json!({
                "error": {"code": "mock_model_mismatch", "message": format!("request {number}: {text}")},
            }));
        }
        (number, answer)
    }
}

/// Accepts connections until dropped.
pub(super) async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    loop {
        let Ok((socket, _)) = listener.accept().await else {
            // Out of file descriptors, most likely: give others time to close some.
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        let _ = socket.set_nodelay(true);
        let shared = shared.clone();
        let connection = shared.connections.fetch_add(1, Ordering::Relaxed);
        let service = service_fn(move |request| handle(shared.clone(), connection, request));
        let serving = hyper::server::conn::http1::Builder::new()
            .serve_connection(TokioIo::new(socket), service)
            .with_upgrades();
        tokio::spawn(async move {
            // A client that leaves or a connection that the script cuts.
            let _ = serving.await;
        });
    }
}

async fn handle(
    shared: Arc<Shared>,
    connection: usize,
    request: hyper::Request<Incoming>,
) -> Result<Response, ConnectionDropped> {
    let path = request.uri().path().to_owned();
    if path.ends_with("/responses") {
        if is_upgrade(request.headers()) {
            return websocket::handshake(shared, connection, request).await;
        }
        if request.method() == Method::POST {
            let request = read(request, connection).await;
            let (number, answer) = shared.take(request);
            tokio::time::sleep(Duration::from_millis(answer.delay_ms)).await;
            if answer.steps.is_empty() && (answer.body.is_some() || !(200..300).contains(&answer.status)) {
                return Ok(plain(answer));
            }
            return Ok(sse::respond(answer, number, shared));
        }
    }
    if is_upgrade(request.headers()) && realtime::is_session(&path) {
        return websocket::realtime_handshake(shared, connection, request).await;
    }
    let is_call = realtime::is_call(request.method(), &path);
    let request = read(request, connection).await;
    let reply = shared.with_script(|script| {
        let models = script
            .models
            .as_ref()
            .filter(|_| request.method == "GET" && path.ends_with("/models"));
        if let Some(models) = models {
            let answer = Answer::new().body(models.body.clone());
            return Some(match &models.etag {
                Some(etag) => answer.header("etag", etag),
                None => answer,
            });
        }
        let route = script
            .routes
            .iter_mut()
            .find(|route| route.method == request.method && route.path == path)?;
        next(&mut route.replies)
    });
    let reply = reply.or_else(|| is_call.then(|| realtime::call(&shared)));
    shared.journal.write(|records| records.others.push(request));
    let reply = reply.unwrap_or_else(|| {
        Answer::status(404).body(serde_json::json!({"error": {"message": "the script has no such path"}}))
    });
    tokio::time::sleep(Duration::from_millis(reply.delay_ms)).await;
    if reply.steps.iter().any(|step| matches!(step, Step::Drop)) {
        return Err(ConnectionDropped);
    }
    if reply.steps.iter().any(|step| matches!(step, Step::Hang)) {
        std::future::pending::<()>().await;
    }
    if !reply.steps.is_empty() {
        let bare = Answer { bare: true, ..reply };
        return Ok(sse::respond(bare, 0, shared));
    }
    Ok(plain(reply))
}

/// The next of a list whose last entry stays.
fn next<T: Clone>(list: &mut VecDeque<T>) -> Option<T> {
    if list.len() > 1 {
        list.pop_front()
    } else {
        list.front().cloned()
    }
}

fn is_upgrade(headers: &HeaderMap) -> bool {
    let upgrade = headers.get(header::UPGRADE).and_then(|value| value.to_str().ok());
    upgrade.is_some_and(|value| value.eq_ignore_ascii_case("websocket"))
}

/// Reads the body of a request, undoing zstd.
async fn read(request: hyper::Request<Incoming>, connection: usize) -> Request {
    let (head, body) = request.into_parts();
    let mut bytes = match body.collect().await {
        Ok(body) => body.to_bytes(),
        Err(_) => Bytes::new(),
    };
    let at = Instant::now();
    let encoding = head.headers.get(header::CONTENT_ENCODING);
    if encoding.is_some_and(|value| value == "zstd")
        && let Ok(plain) = zstd::stream::decode_all(&bytes[..])
    {
        bytes = plain.into();
    }
    let body = match serde_json::from_slice(&bytes) {
        Ok(value) => value,
        Err(_) if bytes.is_empty() => Value::Null,
        Err(_) => Value::String(String::from_utf8_lossy(&bytes).into_owned()),
    };
    Request {
        transport: Transport::Http,
        connection,
        method: head.method.to_string(),
        path: head.uri.to_string(),
        headers: Arc::new(head.headers),
        body: Arc::new(body),
        at,
        answered: Arc::default(),
    }
}

/// A response with a body of known length.
pub(super) fn plain(answer: Answer) -> Response {
    let (kind, bytes) = match answer.body {
        None => (None, Bytes::new()),
        Some(Value::String(text)) => (Some("text/plain"), text.into()),
        Some(value) => (Some("application/json"), value.to_string().into()),
    };
    let bytes = match answer.encoding {
        Some(encoding) => encoding.encode(&bytes).into(),
        None => bytes,
    };
    let body = Full::new(bytes)
        .map_err(|never: Infallible| match never {})
        .boxed_unsync();
    let mut response = head(answer.status, kind, &answer.headers, body);
    tell_encoding(&mut response, answer.encoding);
    response
}

/// Says how the body is encoded.
pub(super) fn tell_encoding(response: &mut Response, encoding: Option<Encoding>) {
    if let Some(encoding) = encoding {
        let value = HeaderValue::from_static(encoding.name());
        response.headers_mut().insert(header::CONTENT_ENCODING, value);
    }
}

/// A response with these headers. Those that can't be sent are left out.
pub(super) fn head(
    status: u16,
    kind: Option<&'static str>,
    headers: &std::collections::BTreeMap<String, String>,
    body: Body,
) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let out = response.headers_mut();
    if let Some(kind) = kind {
        out.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    }
    for (name, value) in headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            out.insert(name, value);
        }
    }
    response
}
