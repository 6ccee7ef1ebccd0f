//! A response as it streams in, the same for both transports.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::client::Shared;
use super::http_stream::HttpStream;
use super::turn_log::{EventMetric, TurnLog};
use super::websocket::WebSocketResponse;
use super::{ModelError, ResponseEvent};
use crate::config::ProcessMode;
use crate::telemetry;

/// A response as it comes in.
#[derive(Debug)]
pub struct ResponseStream {
    shared: Arc<Shared>,
    log: Arc<TurnLog>,
    span: telemetry::Span,
    source: Source,
    /// The last event or an error has come in.
    ended: bool,
    /// Where parts count only with the whole: those that wait for it.
    held: Option<VecDeque<ResponseEvent>>,
}

/// Where it comes from.
#[derive(Debug)]
pub(super) enum Source {
    Http(Box<HttpStream>),
    WebSocket(Box<WebSocketResponse>),
}

impl Source {
    fn metric(&self, waited: Duration) -> EventMetric {
        let (count, duration) = match self {
            Self::Http(_) => ("codex.sse_event", "codex.sse_event.duration_ms"),
            Self::WebSocket(_) => ("codex.websocket.event", "codex.websocket.event.duration_ms"),
        };
        EventMetric {
            count,
            duration,
            waited,
        }
    }

    async fn next(&mut self) -> Result<ResponseEvent, ModelError> {
        match self {
            Self::Http(stream) => stream.next().await,
            Self::WebSocket(stream) => stream.next().await,
        }
    }

    fn try_next(&mut self) -> Option<Result<ResponseEvent, ModelError>> {
        match self {
            Self::Http(stream) => stream.try_next(),
            Self::WebSocket(stream) => stream.try_next(),
        }
    }
}

impl ResponseStream {
    pub(super) fn new(shared: Arc<Shared>, log: Arc<TurnLog>, span: telemetry::Span, source: Source) -> Self {
        let held = match shared.options.process_mode {
            ProcessMode::Streaming => None,
            ProcessMode::AfterCompleteResponse => Some(VecDeque::new()),
        };
        Self {
            shared,
            log,
            span,
            source,
            ended: false,
            held,
        }
    }

    /// The next event. `None` never comes before [`ResponseEvent::Completed`] or an error. Cancel-safe.
    pub async fn next(&mut self) -> Option<Result<ResponseEvent, ModelError>> {
        while !self.ended {
            let waiting = Instant::now();
            let event = self.source.next().await;
            self.log.event(self.source.metric(waiting.elapsed()), &event);
            if let Some(event) = self.pass(event).and_then(|event| self.hold(event)) {
                return Some(event);
            }
        }
        self.released()
    }

    /// An event that has already arrived, without waiting: lets the caller take a burst in one go.
    pub fn try_next(&mut self) -> Option<Result<ResponseEvent, ModelError>> {
        while !self.ended {
            let event = self.source.try_next()?;
            self.log.event(self.source.metric(Duration::ZERO), &event);
            if let Some(event) = self.pass(event).and_then(|event| self.hold(event)) {
                return Some(event);
            }
        }
        self.released()
    }

    /// Keeps parts of the response until it is complete, where that is wanted.
    fn hold(
        &mut self,
        event: Result<ResponseEvent, ModelError>,
    ) -> Option<Result<ResponseEvent, ModelError>> {
        let Some(held) = &mut self.held else {
            return Some(event);
        };
        match event {
            Ok(
                part @ (ResponseEvent::ItemAdded { .. }
                | ResponseEvent::ItemDone { .. }
                | ResponseEvent::TextDelta { .. }
                | ResponseEvent::ReasoningPartAdded { .. }
                | ResponseEvent::ReasoningSummaryDelta { .. }
                | ResponseEvent::ReasoningDelta { .. }
                | ResponseEvent::Completed { .. }),
            ) => {
                held.push_back(part);
                None
            }
            Err(error) => {
                held.clear();
                Some(Err(error))
            }
            Ok(_) => Some(event),
        }
    }

    /// What was held, one by one.
    fn released(&mut self) -> Option<Result<ResponseEvent, ModelError>> {
        self.held.as_mut()?.pop_front().map(Ok)
    }

    /// What the caller gets to see of an event; `None` if it is no news.
    fn pass(
        &mut self,
        event: Result<ResponseEvent, ModelError>,
    ) -> Option<Result<ResponseEvent, ModelError>> {
        match event {
            Ok(ResponseEvent::RateLimits(limits)) => {
                let changed = self.shared.changed_limits(limits);
                (!changed.is_empty()).then_some(Ok(ResponseEvent::RateLimits(changed)))
            }
            Ok(ResponseEvent::Completed { ref response_id, .. }) => {
                self.ended = true;
                match &mut self.source {
                    Source::Http(stream) => stream.finish(),
                    Source::WebSocket(stream) => {
                        if let Some(connection) = stream.finish(response_id) {
                            self.shared.slot.keep(connection);
                        }
                    }
                }
                Some(event)
            }
            Err(mut error) => {
                self.ended = true;
                self.span.fail(&error.error.message);
                if let Source::WebSocket(stream) = &mut self.source {
                    stream.fail();
                }
                error.rate_limits = self.shared.changed_limits(error.rate_limits);
                Some(Err(error))
            }
            Ok(_) => Some(event),
        }
    }
}
