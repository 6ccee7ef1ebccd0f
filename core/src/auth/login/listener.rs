//! A listener on this machine that a browser comes back to: few connections at a time, short requests in a short time, and
//! only those that the user and the authority send here. What is answered is up to [`Answers`].

use std::convert::Infallible;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{
    CACHE_CONTROL, CONNECTION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue, LOCATION,
};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use super::connections::{Connections, HeadRead};
use super::{caller, pages};

/// How long the last answer may take to reach the browser.
const LAST_ANSWER_LIMIT: Duration = Duration::from_secs(1);
/// How long a browser may take to send the head of its request.
const HEAD_LIMIT: Duration = Duration::from_secs(10);
/// How long a connection may last: longer than the authority may take to turn a code into tokens and an API key.
const CONNECTION_LIMIT: Duration = Duration::from_secs(120);
/// How much of the head of a request is read at most.
const HEAD_BYTES: usize = 32 * 1024;
/// Pause after a connection could not be taken.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// What browsers are answered.
pub(crate) trait Answers: Send + Sync + 'static {
    /// Whether only ourselves, the user's address bar and programs may ask for this path, but no page of the web.
    fn is_ours_alone(&self, path: &str) -> bool;

    /// A name by which requests may call this machine beside those that always mean it.
    fn host(&self) -> Option<&str> {
        None
    }

    /// Answers a request that may be made.
    fn answer(&self, request: &Request<Incoming>) -> impl Future<Output = Response<Full<Bytes>>> + Send;
}

/// Answers browsers until the end is told.
pub(crate) async fn run<A: Answers, T>(
    listener: TcpListener,
    answers: Arc<A>,
    mut ended: mpsc::Receiver<T>,
) -> T {
    let mut connections = Connections::default();
    let outcome = loop {
        tokio::select! {
            accepted = accept(&listener) => {
                connections.add(|head_read| serve(accepted, head_read, Arc::clone(&answers)));
            }
            () = connections.one_ended() => {}
            Some(outcome) = ended.recv() => break outcome,
        }
    };
    drop(listener);
    let _ = tokio::time::timeout(LAST_ANSWER_LIMIT, connections.all_ended()).await;
    outcome
}

/// The next connection. What keeps one from being taken (no file descriptors left, a peer that hung up) passes, so it
/// is tried again.
async fn accept(listener: &TcpListener) -> TcpStream {
    let mut told = false;
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
            Err(error) => {
                if !std::mem::replace(&mut told, true) {
                    tracing::warn!("the login listener cannot take a connection and tries again: {error}");
                }
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn serve<A: Answers>(stream: TcpStream, head_read: HeadRead, answers: Arc<A>) {
    let service = service_fn(move |request: Request<Incoming>| {
        head_read.set();
        let answers = Arc::clone(&answers);
        async move { Ok::<_, Infallible>(answer_checked(&*answers, &request).await) }
    });
    let connection = hyper::server::conn::http1::Builder::new()
        .keep_alive(false)
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_LIMIT)
        .max_buf_size(HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), service);
    match tokio::time::timeout(CONNECTION_LIMIT, connection).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!("a connection to the login listener broke: {error}"),
        Err(_) => tracing::debug!("a connection to the login listener took too long"),
    }
}

async fn answer_checked<A: Answers>(answers: &A, request: &Request<Incoming>) -> Response<Full<Bytes>> {
    let (method, uri, headers) = (request.method(), request.uri(), request.headers());
    let only_ourselves = answers.is_ours_alone(uri.path());
    if let Err(why) = caller::check(method, uri, headers, only_ourselves, answers.host()) {
        tracing::warn!("the login listener refused a request: {why}");
        return text(StatusCode::FORBIDDEN, "Forbidden");
    }
    answers.answer(request).await
}

/// A page with this title, and a paragraph for each line.
pub(crate) fn page(title: &str, lines: &[&str]) -> Response<Full<Bytes>> {
    html(pages::page(title, lines))
}

pub(super) fn html(page: String) -> Response<Full<Bytes>> {
    respond(StatusCode::OK, "text/html; charset=utf-8", page)
}

/// A few words.
pub(crate) fn text(status: StatusCode, text: &'static str) -> Response<Full<Bytes>> {
    respond(status, "text/plain; charset=utf-8", text)
}

pub(super) fn redirect(to: &str) -> Response<Full<Bytes>> {
    let mut response = respond(StatusCode::FOUND, "text/plain; charset=utf-8", "");
    if let Ok(location) = HeaderValue::from_str(to) {
        response.headers_mut().insert(LOCATION, location);
    }
    response
}

fn respond(status: StatusCode, kind: &'static str, body: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    headers.insert(
        CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'"),
    );
    response
}
