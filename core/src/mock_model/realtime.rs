//! A voice server: calls are created, WebSockets carry conversations or join calls, and events follow a script.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use http::Method;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

use super::script::{Answer, Handshake};
use super::server::Shared;
use super::step::Close;

/// The answer to an offer, unless the script has another.
const SDP: &str = "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=mock\r\nt=0 0\r\n";

/// What the mock model does with voice. Without a script, calls are created, WebSockets are accepted, and sessions are
/// confirmed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RealtimeScript {
    /// How the creation of calls goes, in the order in which they come; the ones after the last go well.
    pub calls: VecDeque<RealtimeCall>,
    /// How WebSockets go, in the order in which they come; the ones after the last follow `default_session`.
    pub sessions: VecDeque<RealtimeSession>,
    /// A WebSocket that isn't in the list.
    pub default_session: RealtimeSession,
}

/// How the creation of one call goes.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RealtimeCall {
    /// Milliseconds before the answer.
    pub delay_ms: u64,
    /// HTTP status.
    pub status: u16,
    /// `Location`, which names the call; null leaves it out.
    pub location: Option<String>,
    /// The answer to the offer, or the body of a refusal.
    pub body: Value,
}

impl Default for RealtimeCall {
    fn default() -> Self {
        Self {
            delay_ms: 0,
            status: 201,
            location: Some("/v1/realtime/calls/rtc_mock".into()),
            body: SDP.into(),
        }
    }
}

/// How one WebSocket of a conversation goes.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RealtimeSession {
    /// Its beginning.
    pub handshake: Handshake,
    /// What is done then, one after the other. Frames of the client are read and recorded all the time.
    pub steps: Vec<RealtimeStep>,
    /// Leaves out the `session.started` and `session.updated` that are otherwise sent.
    pub bare: bool,
}

/// One step of a conversation.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RealtimeStep {
    /// An event as it is.
    Send(Value),
    /// An event over and over.
    Repeat(RealtimeRepeat),
    /// Text that goes out as it is.
    Text(String),
    /// Waits for a frame of the client of this type that no step has waited for; `pong` is the answer to a ping.
    Expect(String),
    /// A pause in milliseconds.
    DelayMs(u64),
    /// A ping frame with this payload.
    Ping(String),
    /// From here on nothing of the client is read.
    StopReading,
    /// Ends the conversation with a close frame.
    Close(Close),
    /// Cuts the connection.
    Drop,
}

/// An event over and over.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RealtimeRepeat {
    /// How often.
    pub times: u32,
    /// Milliseconds between two of them.
    #[serde(default)]
    pub every_ms: u64,
    /// The event.
    pub event: Value,
}

/// A frame that came over a WebSocket of a conversation.
#[derive(Debug, Clone)]
pub struct RealtimeFrame {
    /// Number of the WebSocket, counted from 0.
    pub session: usize,
    /// The JSON; a string if it was none. The answer to a ping is an object of type `pong`.
    pub body: Arc<Value>,
    /// When it came.
    pub at: Instant,
}

/// The steps that are added to a conversation while it runs.
pub(super) type Steps = mpsc::UnboundedSender<RealtimeStep>;

/// Whether a request opens a WebSocket of a conversation.
pub(super) fn is_session(path: &str) -> bool {
    path.ends_with("/realtime") || path.split('/').any(|part| part == "live")
}

/// Whether a request creates a call.
pub(super) fn is_call(method: &Method, path: &str) -> bool {
    method == Method::POST && (path.ends_with("/realtime/calls") || path.ends_with("/live"))
}

/// The answer to the creation of a call.
pub(super) fn call(shared: &Shared) -> Answer {
    let call = shared.with_script(|script| script.realtime.calls.pop_front());
    let call = call.unwrap_or_default();
    let mut headers = BTreeMap::new();
    headers.extend(call.location.map(|location| ("location".to_owned(), location)));
    Answer {
        delay_ms: call.delay_ms,
        status: call.status,
        headers,
        body: Some(call.body),
        ..Answer::default()
    }
}

/// Serves an open WebSocket.
pub(super) async fn serve(
    socket: WebSocketStream<TokioIo<Upgraded>>,
    shared: Arc<Shared>,
    number: usize,
    session: RealtimeSession,
    path: &str,
    mut more: mpsc::UnboundedReceiver<RealtimeStep>,
) {
    let (mut sink, mut stream) = socket.split();
    let mut steps = VecDeque::from(session.steps);
    let is_live = path.contains("/live?");
    if is_live && !session.bare {
        steps.push_front(RealtimeStep::Send(
            json!({"type": "session.started", "session": {"id": "sess_mock"}}),
        ));
    }
    let mut seen: VecDeque<String> = VecDeque::new();
    let mut due: Option<Instant> = None;
    let mut is_reading = true;
    let mut repeat: Option<RealtimeRepeat> = None;
    loop {
        if due.is_some_and(|due| due <= Instant::now()) {
            due = None;
        }
        if due.is_none() {
            if let Some(mut left) = repeat.take().filter(|left| left.times > 0) {
                if sink.send(Message::text(left.event.to_string())).await.is_err() {
                    return;
                }
                left.times -= 1;
                if left.every_ms > 0 {
                    due = Some(Instant::now() + Duration::from_millis(left.every_ms));
                }
                repeat = Some(left);
                tokio::task::yield_now().await;
                continue;
            }
            let is_ready = match steps.front() {
                None => false,
                Some(RealtimeStep::Expect(kind)) => {
                    let at = seen.iter().position(|seen| seen == kind);
                    at.is_some_and(|at| seen.remove(at).is_some())
                }
                Some(_) => true,
            };
            if is_ready && let Some(step) = steps.pop_front() {
                let sent = match step {
                    RealtimeStep::Send(event) => sink.send(Message::text(event.to_string())).await,
                    RealtimeStep::Text(text) => sink.send(Message::text(text)).await,
                    RealtimeStep::Ping(text) => sink.send(Message::Ping(text.into())).await,
                    RealtimeStep::Repeat(all) => {
                        repeat = Some(all);
                        Ok(())
                    }
                    RealtimeStep::DelayMs(ms) => {
                        due = Some(Instant::now() + Duration::from_millis(ms));
                        Ok(())
                    }
                    RealtimeStep::StopReading => {
                        is_reading = false;
                        Ok(())
                    }
                    RealtimeStep::Expect(_) => Ok(()),
                    RealtimeStep::Drop => return,
                    RealtimeStep::Close(close) => {
                        let _ = sink.send(Message::Close(Some(close.frame()))).await;
                        let theirs = async { while let Some(Ok(_)) = stream.next().await {} };
                        let _ = tokio::time::timeout(Duration::from_secs(2), theirs).await;
                        return;
                    }
                };
                if sent.is_err() {
                    return;
                }
                continue;
            }
        }
        let until = due.unwrap_or_else(Instant::now);
        tokio::select! {
            message = stream.next(), if is_reading => {
                let body: Value = match message {
                    Some(Ok(Message::Text(text))) => {
                        serde_json::from_str(&text).unwrap_or_else(|_| Value::String(text.to_string()))
                    }
                    Some(Ok(Message::Pong(_))) => json!({"type": "pong"}),
                    Some(Ok(Message::Close(_)) | Err(_)) | None => {
                        shared.journal.write(|records| records.realtime_ended += 1);
                        return;
                    }
                    Some(Ok(_)) => continue,
                };
                let kind = body["type"].as_str().unwrap_or_default().to_owned();
                shared.journal.write(|records| {
                    records.realtime_frames.push(RealtimeFrame {
                        session: number,
                        body: Arc::new(body),
                        at: Instant::now(),
                    });
                });
                if kind == "session.update" && !session.bare {
                    steps.push_front(RealtimeStep::Send(json!({"type": "session.updated", "session": {"id": "sess_mock"}})));
                }
                seen.push_back(kind);
            }
            Some(step) = more.recv() => steps.push_back(step),
            () = tokio::time::sleep_until(until.into()), if due.is_some() => {}
        }
    }
}

/// What a WebSocket is to do, and its number; from now on it is known to have come.
pub(super) fn begin(
    shared: &Shared,
    record: super::journal::HandshakeRecord,
) -> (usize, RealtimeSession, mpsc::UnboundedReceiver<RealtimeStep>) {
    let session = shared.with_script(|script| {
        let next = script.realtime.sessions.pop_front();
        next.unwrap_or_else(|| script.realtime.default_session.clone())
    });
    let (steps, more) = mpsc::unbounded_channel();
    let number = shared.journal.write(|records| {
        records.realtime_handshakes.push(record);
        records.realtime_steps.push(steps);
        records.realtime_handshakes.len() - 1
    });
    (number, session, more)
}
