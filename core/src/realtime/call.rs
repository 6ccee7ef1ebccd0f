//! Calls: WebRTC conversations that the client holds with the server, and that we join.

use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::LOCATION;
use opentelemetry::KeyValue;
use serde_json::{Value, json};

use super::address;
use super::host::Host;
use super::options::Options;
use super::session_config::call_session;
use crate::model::side_channel::Post;
use crate::net::body::BodyLimit;
use crate::net::server_message;
use crate::telemetry;

/// The answer to an offer.
const SDP: BodyLimit = BodyLimit {
    bytes: 1 << 20,
    time: Duration::from_secs(15),
};

const BOUNDARY: &str = "codex-realtime-call-boundary";
const MULTIPART: &str = "multipart/form-data; boundary=codex-realtime-call-boundary";

/// A call that was created.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) id: String,
    /// The server's session description.
    pub(super) sdp: String,
}

/// Creates a call with the client's offer.
pub(super) async fn create(
    host: &Host,
    options: &Options,
    context: Option<&str>,
    offer: &str,
) -> Result<Call, String> {
    let began = Instant::now();
    let made = post(host, options, context, offer).await;
    let success = [KeyValue::new("success", made.is_ok())];
    telemetry::count("codex.realtime.call", &success);
    telemetry::duration("codex.realtime.call.duration_ms", began.elapsed(), &success);
    let elapsed_ms = began.elapsed().as_millis();
    match &made {
        Ok(call) => tracing::info!(call = call.id, elapsed_ms, "realtime call created"),
        Err(_) => tracing::info!(elapsed_ms, "realtime call could not be created"),
    }
    made
}

async fn post(host: &Host, options: &Options, context: Option<&str>, offer: &str) -> Result<Call, String> {
    let version = options.version;
    let root = match &options.call_base_url {
        Some(base) => base.trim_end_matches('/').to_owned(),
        None => host.channel.provider_url("").await.map_err(words)?,
    };
    let is_backend = root.contains("/backend-api");
    let path = address::call_path(version, is_backend);
    let url = match &options.call_base_url {
        Some(_) => format!("{root}/{path}"),
        None => host.channel.provider_url(path).await.map_err(words)?,
    };
    let url = address::call(&url, version, is_backend)?;
    let session = call_session(options, context);
    let (content_type, content) = if is_backend {
        (
            "application/json",
            json!({"sdp": offer, "session": session}).to_string(),
        )
    } else {
        (MULTIPART, multipart(offer, &session))
    };
    let headers = address::headers(options);
    let request = Post {
        url: &url,
        headers,
        content_type,
        content: Bytes::from(content),
        limit: SDP,
        retry_metric: "codex.realtime.call_retry",
    };
    let answer = host.channel.post(&request).await;
    let answer = answer.map_err(|failed| words(failed.error))?;
    let location = answer.headers.get(LOCATION);
    let location = location.ok_or_else(|| broken("realtime call response missing Location"))?;
    let location = String::from_utf8_lossy(location.as_bytes());
    let Some(id) = address::call_id(&location) else {
        let shown = server_message::clean_up_to(&location, 200);
        return Err(broken(&format!(
            "realtime call Location does not contain a call id: {shown}"
        )));
    };
    let sdp = String::from_utf8(answer.body)
        .map_err(|_| broken("the answer to the offer of a realtime call is not UTF-8"))?;
    Ok(Call {
        id: id.to_owned(),
        sdp,
    })
}

fn multipart(offer: &str, session: &Value) -> String {
    let mut body = String::with_capacity(offer.len() + 4096);
    for (name, kind, content) in [
        ("sdp", "application/sdp", offer),
        ("session", "application/json", &session.to_string()),
    ] {
        for part in [
            "--",
            BOUNDARY,
            "\r\nContent-Disposition: form-data; name=\"",
            name,
            "\"\r\nContent-Type: ",
            kind,
            "\r\n\r\n",
            content,
            "\r\n",
        ] {
            body.push_str(part);
        }
    }
    body + "--" + BOUNDARY + "--\r\n"
}

/// What a server does that it must not do, for the client.
pub(super) fn broken(what: &str) -> String {
    words(crate::model::ModelError::disconnected(what))
}

/// An error of the transport, for the client.
pub(super) fn words(error: crate::model::ModelError) -> String {
    error.error.message
}
