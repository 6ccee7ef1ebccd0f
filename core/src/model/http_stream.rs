//! The answer to a request over HTTP: server-sent events, or whatever a server sends instead of them.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use http::header::{self, HeaderMap};
use tokio::time::Instant;

use super::event_parser::EventParser;
use super::http::{TURN_STATE, broken};
use super::sse::{EventTooLong, MAX_EVENT_BYTES, SseDecoder};
use super::{ModelClientSession, ModelError, ResponseEvent, failure, rate_limits, whole_answer};
use crate::ErrorKind;
use crate::net::body;

/// How long the end of a complete response is waited for, so that its connection can be used again.
const DRAIN_TIME: Duration = Duration::from_millis(500);
/// Most that one response may hold, in bytes after decompression. It bounds what a turn keeps of it.
pub(super) const MAX_RESPONSE_BYTES: usize = 256 << 20;
/// How much is kept of a body in which no event has been found yet, to show it.
const SHOWN_START: usize = 4096;
/// Up to this size, a JSON body is looked at after each piece: some servers leave the connection open behind it.
const SMALL_ANSWER: usize = 256 << 10;

/// A response that streams in over HTTP.
#[derive(Debug)]
pub(super) struct HttpStream {
    /// Taken away when the response is complete.
    response: Option<reqwest::Response>,
    form: Form,
    parser: EventParser,
    events: VecDeque<ResponseEvent>,
    idle: Duration,
    /// Bytes so far.
    received: usize,
}

/// What kind of body it is. Servers don't always say the truth about it in their headers.
#[derive(Debug)]
enum Form {
    /// Nothing but blanks has come.
    Unknown,
    /// Events.
    Stream {
        decoder: SseDecoder,
        /// The body up to the first event.
        start: Vec<u8>,
        /// An event has been found.
        any: bool,
    },
    /// JSON or HTML in one piece.
    Whole {
        body: Vec<u8>,
        /// When it is taken as it is, complete or not.
        until: Option<Instant>,
    },
}

impl HttpStream {
    pub(super) fn new(session: &ModelClientSession, response: reqwest::Response) -> Result<Self, ModelError> {
        let headers = response.headers();
        // What can be decoded has been, and has lost this header.
        if let Some(coding) = text(headers, "content-encoding").filter(|coding| coding != "identity") {
            return Err(ModelError::disconnected(format!(
                "Transport error: network error: error decoding response body: the content coding `{coding}` is not \
                 supported"
            )));
        }
        if let Some(state) = text(headers, TURN_STATE.as_str()) {
            // The first value of a turn stays.
            let _ = session.turn_state().set(state);
        }
        if let Some(etag) = text(headers, "x-models-etag") {
            session.shared().heard_models_etag(&etag);
        }
        let mut events = VecDeque::new();
        events.extend(text(headers, "openai-model").map(ResponseEvent::ServerModel));
        if headers.contains_key("x-reasoning-included") {
            events.push_back(ResponseEvent::ReasoningIncluded);
        }
        let limits = rate_limits::from_headers(headers);
        if !limits.is_empty() {
            events.push_back(ResponseEvent::RateLimits(limits));
        }
        Ok(Self {
            parser: EventParser::new(text(headers, "x-codex-safety-buffering-faster-model"), None),
            response: Some(response),
            form: Form::Unknown,
            events,
            idle: session.shared().options.provider.stream_idle_timeout,
            received: 0,
        })
    }

    /// The next event. Cancel-safe: what has been read stays here.
    pub(super) async fn next(&mut self) -> Result<ResponseEvent, ModelError> {
        loop {
            if let Some(event) = self.decoded()? {
                return Ok(event);
            }
            let Some(response) = &mut self.response else {
                return Err(closed());
            };
            let idle = Instant::now() + self.idle;
            let until = match &self.form {
                Form::Whole {
                    until: Some(until), ..
                } => idle.min(*until),
                _ => idle,
            };
            match tokio::time::timeout_at(until, response.chunk()).await {
                Ok(chunk) => self.take(chunk)?,
                Err(_) if matches!(self.form, Form::Whole { .. }) => self.end()?,
                Err(_) => return Err(ModelError::disconnected("idle timeout waiting for SSE")),
            }
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
            Ok(Some(chunk)) => self.body(&chunk),
            Ok(None) => self.end(),
            Err(error) => {
                // What lacks only its blank line has come all the same.
                self.last_event()?;
                if self.events.is_empty() {
                    return Err(broken(error));
                }
                self.response = None;
                Ok(())
            }
        }
    }

    /// More of the body.
    fn body(&mut self, chunk: &[u8]) -> Result<(), ModelError> {
        self.received = self.received.saturating_add(chunk.len());
        if self.received > MAX_RESPONSE_BYTES {
            return Err(too_long());
        }
        if matches!(self.form, Form::Unknown) {
            self.form = Form::of(chunk);
        }
        match &mut self.form {
            Form::Unknown => Ok(()),
            Form::Stream { decoder, start, any } => {
                if !*any && start.len() < SHOWN_START {
                    start.extend_from_slice(&chunk[..chunk.len().min(SHOWN_START - start.len())]);
                }
                decoder.push(chunk).map_err(ModelError::disconnected)
            }
            Form::Whole { body, until } => {
                let max = if until.is_some() {
                    body::ERROR_BODY.bytes
                } else {
                    MAX_EVENT_BYTES
                };
                if body.len() + chunk.len() > max {
                    return match until {
                        Some(_) => self.end(),
                        None => Err(ModelError::disconnected(EventTooLong)),
                    };
                }
                body.extend_from_slice(chunk);
                if body.len() <= SMALL_ANSWER && whole_answer::is_complete(body) {
                    return self.end();
                }
                Ok(())
            }
        }
    }

    /// The last event of a body may lack its blank line.
    fn last_event(&mut self) -> Result<(), ModelError> {
        if let Form::Stream { decoder, .. } = &mut self.form
            && let Some((name, data)) = decoder.finish()
        {
            self.parser.parse_last(name, data, &mut self.events)?;
        }
        Ok(())
    }

    /// The body is over.
    fn end(&mut self) -> Result<(), ModelError> {
        self.last_event()?;
        let content_type = self
            .response
            .take()
            .and_then(|r| text(r.headers(), "content-type"));
        match std::mem::replace(&mut self.form, Form::Unknown) {
            Form::Unknown => Err(closed()),
            Form::Whole { body, .. } => {
                whole_answer::take(&body, content_type.as_deref(), &mut self.parser, &mut self.events)
            }
            Form::Stream { start, any, .. } => {
                self.parser.end_of_stream(&mut self.events)?;
                if !self.events.is_empty() {
                    return Ok(());
                }
                if !any && !whole_answer::looks_like_events(&start) {
                    return Err(failure::not_a_stream(content_type.as_deref(), &start));
                }
                Err(closed())
            }
        }
    }

    fn decoded(&mut self) -> Result<Option<ResponseEvent>, ModelError> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Ok(Some(event));
            }
            let Form::Stream { decoder, start, any } = &mut self.form else {
                return Ok(None);
            };
            let Some((name, data)) = decoder.next_event() else {
                return Ok(None);
            };
            if !std::mem::replace(any, true) {
                *start = Vec::new();
            }
            self.parser.parse_named(name, data, &mut self.events)?;
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

impl Form {
    /// By the first character that is no blank.
    fn of(chunk: &[u8]) -> Self {
        let chunk = chunk.strip_prefix(b"\xef\xbb\xbf").unwrap_or(chunk);
        match chunk.iter().find(|byte| !byte.is_ascii_whitespace()) {
            None => Self::Unknown,
            Some(b'{' | b'[') => Self::Whole {
                body: Vec::new(),
                until: None,
            },
            // A page for people. Nobody waits for more of it than can be shown.
            Some(b'<') => Self::Whole {
                body: Vec::new(),
                until: Some(Instant::now() + body::ERROR_BODY.time),
            },
            Some(_) => Self::Stream {
                decoder: SseDecoder::new(),
                start: Vec::new(),
                any: false,
            },
        }
    }
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    Some(headers.get(name)?.to_str().ok()?.to_owned())
}

fn closed() -> ModelError {
    ModelError::disconnected("stream closed before response.completed")
}

/// A response without end would be without end again.
pub(super) fn too_long() -> ModelError {
    ModelError::terminal(
        ErrorKind::Other,
        format!(
            "the model server sent more than {} MiB in one response",
            MAX_RESPONSE_BYTES >> 20
        ),
    )
}
