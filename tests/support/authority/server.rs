//! The double as an HTTP server.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};

use super::{Seen, Shared};

/// Serves all who come, for ever.
pub(super) async fn accept(listener: std::net::TcpListener, shared: Arc<Shared>) {
    let listener = tokio::net::TcpListener::from_std(listener).unwrap();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            let service = hyper::service::service_fn(|request| {
                let shared = Arc::clone(&shared);
                async move { Ok::<_, Infallible>(serve(request, &shared).await) }
            });
            // A client that leaves in the middle is part of many tests.
            let _ = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

async fn serve(request: Request<Incoming>, shared: &Shared) -> Response<Full<Bytes>> {
    let (head, body) = request.into_parts();
    let route = format!("{} {}", head.method, head.uri.path());
    let body = body
        .collect()
        .await
        .map(http_body_util::Collected::to_bytes)
        .unwrap_or_default();
    let headers = head.headers.iter();
    let seen = Seen {
        headers: headers
            .map(|(name, value)| {
                (
                    name.to_string(),
                    String::from_utf8_lossy(value.as_bytes()).into_owned(),
                )
            })
            .collect(),
        body: serde_json::from_slice(&body).unwrap_or_else(|_| form_of(&body)),
        route: route.clone(),
    };
    shared.state().seen.push(seen.clone());
    shared.arrivals.send_replace(());
    let mut held = shared.held.subscribe();
    let _ = held.wait_for(|held| !held.contains(&route)).await;
    let reply = shared.state().answer(&seen);
    let body = match reply.body {
        Value::String(text) => text,
        body => body.to_string(),
    };
    let mut response = Response::builder().status(reply.status);
    if !reply
        .headers
        .iter()
        .any(|(name, _)| name.eq_ignore_ascii_case("content-type"))
    {
        response = response.header("content-type", "application/json");
    }
    for (name, value) in reply.headers {
        response = response.header(name, value);
    }
    response.body(Full::new(Bytes::from(body))).unwrap()
}

fn form_of(body: &[u8]) -> Value {
    json!(query_of(&String::from_utf8_lossy(body)))
}

/// Parameters of a query or form.
pub fn query_of(query: &str) -> HashMap<String, String> {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(key, value)| (decoded(key), decoded(value))).collect()
}

/// Undoes the encoding of forms and queries.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => {
                let hex = [rest.next(), rest.next()].map(Option::unwrap_or_default);
                let hex = std::str::from_utf8(&hex).unwrap_or_default().to_owned();
                bytes.push(u8::from_str_radix(&hex, 16).unwrap_or(b'?'));
            }
            byte => bytes.push(byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
