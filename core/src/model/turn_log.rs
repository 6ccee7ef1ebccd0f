//! What a turn's requests cost: counted as they go, told at the turn's end as one line of the debug log and as metrics
//! (docs/contract/telemetry.md).

use std::sync::Mutex;
use std::time::{Duration, Instant};

use opentelemetry::KeyValue;

use super::client::lock;
use super::{ModelError, ResponseEvent};
use crate::TokenUsage;
use crate::telemetry;

/// Counts of one turn. Shared by the turn and its streams; locked for moments only.
#[derive(Debug)]
pub(super) struct TurnLog {
    began: Instant,
    counts: Mutex<Counts>,
    /// The turn as a span.
    span: telemetry::Span,
}

#[derive(Debug, Default)]
struct Counts {
    requests: u32,
    failures: u32,
    events: u64,
    /// From the turn's start to the first item of an answer.
    first_token: Option<Duration>,
    /// From the turn's start to the first text.
    first_text: Option<Duration>,
    tokens: TokenUsage,
}

impl TurnLog {
    /// A turn begins.
    pub(super) fn new(turn_id: &str) -> Self {
        let turn_id = turn_id.to_owned();
        Self {
            began: Instant::now(),
            counts: Mutex::default(),
            span: telemetry::Span::start("codex.turn", || vec![KeyValue::new("turn_id", turn_id)]),
        }
    }

    /// `traceparent` of the turn, if traces are exported.
    pub(super) fn traceparent(&self) -> Option<String> {
        self.span.traceparent()
    }

    /// A request goes out, as a span of its own.
    pub(super) fn request(&self, transport: &'static str) -> telemetry::Span {
        lock(&self.counts).requests += 1;
        self.span.child("codex.model_request", || {
            vec![KeyValue::new("transport", transport)]
        })
    }

    /// An event came, or an error in its place.
    pub(super) fn event(&self, metric: EventMetric, event: &Result<ResponseEvent, ModelError>) {
        if telemetry::metrics_on() {
            let attributes = [
                KeyValue::new("kind", kind(event)),
                KeyValue::new("success", event.is_ok()),
            ];
            telemetry::count(metric.count, &attributes);
            telemetry::duration(metric.duration, metric.waited, &attributes);
        }
        let mut counts = lock(&self.counts);
        counts.events += 1;
        match event {
            Ok(ResponseEvent::ItemAdded { .. } | ResponseEvent::ItemDone { .. }) => {
                counts.first_token.get_or_insert_with(|| self.began.elapsed());
            }
            Ok(ResponseEvent::TextDelta { .. }) => {
                counts.first_text.get_or_insert_with(|| self.began.elapsed());
            }
            Ok(ResponseEvent::Completed {
                usage: Some(usage), ..
            }) => counts.tokens += *usage,
            Ok(_) => {}
            Err(_) => counts.failures += 1,
        }
    }
}

/// How the metrics of a transport's events are called, and how long this one was waited for.
#[derive(Debug, Clone, Copy)]
pub(super) struct EventMetric {
    pub(super) count: &'static str,
    pub(super) duration: &'static str,
    pub(super) waited: Duration,
}

fn kind(event: &Result<ResponseEvent, ModelError>) -> &'static str {
    match event {
        Ok(ResponseEvent::Created) => "response.created",
        Ok(ResponseEvent::ItemAdded { .. }) => "response.output_item.added",
        Ok(ResponseEvent::ItemDone { .. }) => "response.output_item.done",
        Ok(ResponseEvent::TextDelta { .. }) => "response.output_text.delta",
        Ok(ResponseEvent::ToolInputDelta { .. }) => "response.custom_tool_call_input.delta",
        Ok(ResponseEvent::ReasoningPartAdded { .. }) => "response.reasoning_summary_part.added",
        Ok(ResponseEvent::ReasoningSummaryDelta { .. }) => "response.reasoning_summary_text.delta",
        Ok(ResponseEvent::ReasoningDelta { .. }) => "response.reasoning_text.delta",
        Ok(ResponseEvent::RateLimits(_)) => "codex.rate_limits",
        Ok(ResponseEvent::Completed { .. }) => "response.completed",
        Ok(
            ResponseEvent::ServerModel(_)
            | ResponseEvent::Verification(_)
            | ResponseEvent::Moderation(_)
            | ResponseEvent::SafetyBuffering { .. }
            | ResponseEvent::ReasoningIncluded
            | ResponseEvent::Notice(_),
        ) => "response.metadata",
        Err(_) => "error",
    }
}

impl Drop for TurnLog {
    fn drop(&mut self) {
        let took = self.began.elapsed();
        let counts = std::mem::take(&mut *lock(&self.counts));
        if counts.requests == 0 {
            return;
        }
        let ms = |time: Option<Duration>| time.map(|t| t.as_secs_f64() * 1000.0);
        tracing::debug!(
            duration_ms = ms(Some(took)),
            requests = counts.requests,
            failures = counts.failures,
            events = counts.events,
            first_token_ms = ms(counts.first_token),
            first_text_ms = ms(counts.first_text),
            input_tokens = counts.tokens.input_tokens,
            cached_input_tokens = counts.tokens.cached_input_tokens,
            output_tokens = counts.tokens.output_tokens,
            "the model's part of a turn has ended"
        );
        if !telemetry::metrics_on() {
            return;
        }
        telemetry::count("codex.conversation.turn.count", &[]);
        telemetry::duration("codex.turn.e2e_duration_ms", took, &[]);
        if let Some(time) = counts.first_token {
            telemetry::duration("codex.turn.ttft.duration_ms", time, &[]);
        }
        if let Some(time) = counts.first_text {
            telemetry::duration("codex.turn.ttfm.duration_ms", time, &[]);
        }
        let tokens = counts.tokens;
        for (kind, count) in [
            ("input", tokens.input_tokens),
            ("cached_input", tokens.cached_input_tokens),
            ("cache_write_input", tokens.cache_write_input_tokens),
            ("output", tokens.output_tokens),
            ("reasoning_output", tokens.reasoning_output_tokens),
            ("total", tokens.total_tokens),
        ] {
            let attributes = [KeyValue::new("token_type", kind)];
            let count = u32::try_from(count).unwrap_or_default();
            telemetry::record("codex.turn.token_usage", f64::from(count), &attributes);
        }
    }
}
