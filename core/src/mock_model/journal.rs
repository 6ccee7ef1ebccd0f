//! What a mock model was asked.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use http::HeaderMap;
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::Notify;

use super::realtime::{RealtimeFrame, Steps};

/// The longest that a test waits for something to arrive.
const PATIENCE: Duration = Duration::from_secs(10);

/// How a request came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// A POST, answered by server-sent events.
    Http,
    /// A frame on a WebSocket.
    WebSocket,
}

/// A recorded request.
#[derive(Debug, Clone)]
pub struct Request {
    /// How it came.
    pub transport: Transport,
    /// Number of the TCP connection, counted from 0.
    pub connection: usize,
    /// `POST`, or `GET` of a WebSocket's handshake.
    pub method: String,
    /// Path with query.
    pub path: String,
    /// Request headers; on a WebSocket those of the handshake.
    pub headers: Arc<HeaderMap>,
    /// The JSON body, decompressed; a string if it was no JSON; null if empty.
    pub body: Arc<Value>,
    /// When it was complete.
    pub at: Instant,
    /// When its answer was.
    pub(super) answered: Arc<OnceLock<Instant>>,
}

impl Request {
    /// When the end of its answer was handed to the connection; `None`: that has not happened.
    pub fn answered_at(&self) -> Option<Instant> {
        self.answered.get().copied()
    }

    /// Value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The items of `input`.
    pub fn input(&self) -> &[Value] {
        self.body["input"].as_array().map_or(&[], Vec::as_slice)
    }

    /// The items of `input` of this type.
    pub fn input_of(&self, kind: &str) -> Vec<&Value> {
        self.input().iter().filter(|item| item["type"] == kind).collect()
    }

    /// Text that the model is given as the result of a tool call.
    pub fn tool_output(&self, call_id: &str) -> Option<&str> {
        let item = self
            .input()
            .iter()
            .find(|item| item["call_id"] == call_id && !item["output"].is_null())?;
        item["output"]
            .as_str()
            .or_else(|| item["output"][0]["text"].as_str())
    }
}

/// A recorded WebSocket handshake.
#[derive(Debug, Clone)]
pub struct HandshakeRecord {
    /// Number of the TCP connection, counted from 0.
    pub connection: usize,
    /// Path with query.
    pub path: String,
    /// Request headers.
    pub headers: Arc<HeaderMap>,
    /// When it arrived.
    pub at: Instant,
}

impl HandshakeRecord {
    /// Value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// Something that was waited for didn't come.
#[derive(thiserror::Error)]
#[error("the mock model waited {} s for {wanted} {what}; {found} arrived", PATIENCE.as_secs())]
pub struct WaitError {
    what: &'static str,
    wanted: usize,
    found: usize,
}

impl std::fmt::Debug for WaitError {
    /// As Display, so that `unwrap` in a test says it in words.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

/// Everything that happened, in order.
#[derive(Debug, Default)]
pub(super) struct Journal {
    records: Mutex<Records>,
    changed: Notify,
}

/// The lists of a [`Journal`].
#[derive(Debug, Default)]
pub(super) struct Records {
    pub(super) requests: Vec<Request>,
    pub(super) others: Vec<Request>,
    pub(super) handshakes: Vec<HandshakeRecord>,
    /// Handshakes that have led to a connection.
    pub(super) opened: usize,
    pub(super) mismatches: Vec<String>,
    /// WebSockets of voice conversations that were asked for.
    pub(super) realtime_handshakes: Vec<HandshakeRecord>,
    /// What came over them.
    pub(super) realtime_frames: Vec<RealtimeFrame>,
    /// Takes more steps for each of them.
    pub(super) realtime_steps: Vec<Steps>,
    /// Those that the client has ended.
    pub(super) realtime_ended: usize,
    /// Answers that a client didn't take to the end.
    pub(super) cancelled: usize,
}

impl Journal {
    pub(super) fn records(&self) -> MutexGuard<'_, Records> {
        // Records are only ever appended to, so a panic elsewhere leaves them whole.
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The answer to request `number`, counted from 1, is complete.
    pub(super) fn answered(&self, number: usize) {
        let records = self.records();
        if let Some(request) = number
            .checked_sub(1)
            .and_then(|index| records.requests.get(index))
        {
            // An answer ends once.
            let _ = request.answered.set(Instant::now());
        }
    }

    pub(super) fn write<R>(&self, change: impl FnOnce(&mut Records) -> R) -> R {
        let result = change(&mut self.records());
        self.changed.notify_waiters();
        result
    }

    /// Waits until `count` reaches `wanted`.
    pub(super) async fn wait(
        &self,
        what: &'static str,
        wanted: usize,
        count: impl Fn(&Records) -> usize,
    ) -> Result<(), WaitError> {
        let reached = async {
            loop {
                let changed = self.changed.notified();
                tokio::pin!(changed);
                changed.as_mut().enable();
                if count(&self.records()) >= wanted {
                    return;
                }
                changed.await;
            }
        };
        tokio::time::timeout(PATIENCE, reached)
            .await
            .map_err(|_| WaitError {
                what,
                wanted,
                found: count(&self.records()),
            })
    }
}
