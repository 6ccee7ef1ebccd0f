//! From the JSON of one stream event to [`ResponseEvent`]s (model-and-auth section 1.4), the same for both transports.
//!
//! Text deltas are by far the most frequent events: one pass over the JSON, nothing parsed that is not needed, one
//! allocation for the text.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::{Arc, OnceLock};

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::failure::{self, ApiError};
use super::rate_limits;
use super::{KnownItem, ModelError, ResponseEvent, ResponseItem};
use crate::{TokenUsage, telemetry};

/// Kinds of items that are ignored if they can't be read; others are kept as they came.
const KNOWN_KINDS: [&str; 7] = [
    "message",
    "reasoning",
    "function_call",
    "function_call_output",
    "custom_tool_call",
    "custom_tool_call_output",
    "web_search_call",
];

/// Parses the events of one response.
#[derive(Debug, Default)]
pub struct EventParser {
    /// Response header `x-codex-safety-buffering-faster-model`.
    pub(super) faster_model: Option<String>,
    /// Set on WebSocket, where events carry what HTTP has a status line and headers for.
    pub(super) websocket: Option<WebSocketScope>,
}

/// What events of a WebSocket refer to.
#[derive(Debug)]
pub(super) struct WebSocketScope {
    /// Routing state of the turn (model-and-auth section 3.1).
    pub(super) turn_state: Arc<OnceLock<String>>,
    /// Address, for error messages.
    pub(super) url: String,
}

#[derive(Deserialize)]
struct Frame<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow, default)]
    delta: Cow<'a, str>,
    #[serde(borrow)]
    item: Option<&'a RawValue>,
    #[serde(borrow)]
    response: Option<&'a RawValue>,
    #[serde(borrow)]
    metadata: Option<&'a RawValue>,
    #[serde(borrow)]
    headers: Option<&'a RawValue>,
    #[serde(borrow)]
    safety_buffering: Option<&'a RawValue>,
    summary_index: Option<i64>,
    content_index: Option<i64>,
}

impl EventParser {
    /// Parses one event and appends what it means. An error ends the response. What is not understood is ignored.
    pub fn parse(&mut self, data: &[u8], out: &mut VecDeque<ResponseEvent>) -> Result<(), ModelError> {
        let Ok(frame) = serde_json::from_slice::<Frame<'_>>(data) else {
            return Ok(());
        };
        if let Some(event) = frame.safety_buffering.and_then(|raw| self.safety_buffering(raw)) {
            out.push_back(event);
        }
        match frame.kind.as_ref() {
            "response.output_text.delta" => out.push_back(ResponseEvent::TextDelta(frame.delta.into_owned())),
            "response.reasoning_summary_text.delta" => {
                if let Some(summary_index) = frame.summary_index {
                    let delta = frame.delta.into_owned();
                    out.push_back(ResponseEvent::ReasoningSummaryDelta { delta, summary_index });
                }
            }
            "response.reasoning_text.delta" => {
                if let Some(content_index) = frame.content_index {
                    let delta = frame.delta.into_owned();
                    out.push_back(ResponseEvent::ReasoningDelta { delta, content_index });
                }
            }
            "response.reasoning_summary_part.added" => {
                if let Some(summary_index) = frame.summary_index {
                    out.push_back(ResponseEvent::ReasoningPartAdded { summary_index });
                }
            }
            "response.output_item.added" => {
                out.extend(frame.item.and_then(item).map(ResponseEvent::ItemAdded));
            }
            "response.output_item.done" => out.extend(frame.item.and_then(item).map(ResponseEvent::ItemDone)),
            "response.created" => {
                out.extend(
                    frame
                        .response
                        .and_then(server_model)
                        .map(ResponseEvent::ServerModel),
                );
                out.push_back(ResponseEvent::Created);
            }
            "response.completed" => out.push_back(completed(frame.response)?),
            "response.failed" => return Err(failure::failed(response_error(frame.response))),
            "response.incomplete" => return Err(failure::incomplete(&incomplete_reason(frame.response))),
            "response.metadata" => self.metadata(&frame, out),
            "responsesapi.websocket_timing" => timing(data),
            "error" => {
                if let Some(scope) = &self.websocket
                    && let Some(error) = failure::error_frame(data, &scope.url)
                {
                    return Err(error);
                }
            }
            "codex.rate_limits" => {
                out.extend(rate_limits::from_event(data).map(|limit| ResponseEvent::RateLimits(vec![limit])));
            }
            _ => {}
        }
        Ok(())
    }

    fn metadata(&self, frame: &Frame<'_>, out: &mut VecDeque<ResponseEvent>) {
        if let Some(headers) = frame.headers {
            if let Some(scope) = &self.websocket
                && let Some(value) = header_in(headers, "x-codex-turn-state")
            {
                // The first value of a turn stays.
                let _ = scope.turn_state.set(value);
            }
            out.extend(header_in(headers, "openai-model").map(ResponseEvent::ServerModel));
        }
        let Some(metadata) = frame.metadata else {
            return;
        };
        let Ok(Value::Object(mut metadata)) = serde_json::from_str(metadata.get()) else {
            return;
        };
        let verifications = verifications(metadata.get("openai_verification_recommendation"));
        if !verifications.is_empty() {
            out.push_back(ResponseEvent::Verification(verifications));
        }
        if let Some(moderation) = metadata.remove("openai_chatgpt_moderation_metadata") {
            out.push_back(ResponseEvent::Moderation(moderation));
        }
    }

    fn safety_buffering(&self, raw: &RawValue) -> Option<ResponseEvent> {
        #[derive(Deserialize)]
        struct SafetyBuffering {
            #[serde(default)]
            use_cases: Vec<String>,
            #[serde(default)]
            reasons: Vec<String>,
            retry_model: Option<String>,
        }
        let told: SafetyBuffering = serde_json::from_str(raw.get()).ok()?;
        Some(ResponseEvent::SafetyBuffering {
            use_cases: told.use_cases,
            reasons: told.reasons,
            faster_model: told.retry_model.or_else(|| self.faster_model.clone()),
        })
    }
}

/// Times that the server measured.
fn timing(event: &[u8]) {
    const METRICS: [(&str, &str); 6] = [
        (
            "responses_duration_excl_engine_and_client_tool_time_ms",
            "codex.responses_api_overhead.duration_ms",
        ),
        (
            "engine_service_total_ms",
            "codex.responses_api_inference_time.duration_ms",
        ),
        (
            "engine_iapi_ttft_ms",
            "codex.responses_api_engine_iapi_ttft.duration_ms",
        ),
        (
            "engine_service_ttft_ms",
            "codex.responses_api_engine_service_ttft.duration_ms",
        ),
        (
            "engine_iapi_tbt_ms",
            "codex.responses_api_engine_iapi_tbt.duration_ms",
        ),
        (
            "engine_service_tbt_ms",
            "codex.responses_api_engine_service_tbt.duration_ms",
        ),
    ];
    #[derive(Deserialize)]
    struct Timing {
        timing_metrics: serde_json::Map<String, Value>,
    }
    if !telemetry::metrics_on() {
        return;
    }
    if let Ok(timing) = serde_json::from_slice::<Timing>(event) {
        for (key, name) in METRICS {
            if let Some(ms) = timing.timing_metrics.get(key).and_then(Value::as_f64) {
                telemetry::record(name, ms, &[]);
            }
        }
    }
}

/// The known recommendations, under their names on the client's wire.
fn verifications(list: Option<&Value>) -> Vec<String> {
    list.and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter(|name| name.as_str() == Some("trusted_access_for_cyber"))
        .map(|_| "trustedAccessForCyber".to_owned())
        .collect()
}

/// Reads an item; `None` if its kind is known but its content makes no sense.
fn item(raw: &RawValue) -> Option<ResponseItem> {
    if let Ok(known) = serde_json::from_str::<KnownItem>(raw.get()) {
        return Some(ResponseItem::Known(known));
    }
    let value: Value = serde_json::from_str(raw.get()).ok()?;
    let kind = value.get("type")?.as_str()?;
    (!KNOWN_KINDS.contains(&kind)).then_some(ResponseItem::Other(value))
}

/// A header in a JSON object of headers. Names are compared without regard to case; a list gives its first value.
fn header_in(headers: &RawValue, name: &str) -> Option<String> {
    let Ok(Value::Object(headers)) = serde_json::from_str(headers.get()) else {
        return None;
    };
    let value = headers.iter().find(|(k, _)| k.eq_ignore_ascii_case(name))?.1;
    let text = match value {
        Value::Array(values) => values.first()?.as_str()?,
        other => other.as_str()?,
    };
    Some(text.to_owned())
}

fn server_model(response: &RawValue) -> Option<String> {
    #[derive(Deserialize)]
    struct Response<'a> {
        #[serde(borrow)]
        headers: Option<&'a RawValue>,
    }
    let response: Response<'_> = serde_json::from_str(response.get()).ok()?;
    header_in(response.headers?, "openai-model")
}

fn response_error(response: Option<&RawValue>) -> Option<ApiError> {
    #[derive(Deserialize)]
    struct Response {
        error: Option<ApiError>,
    }
    serde_json::from_str::<Response>(response?.get()).ok()?.error
}

fn incomplete_reason(response: Option<&RawValue>) -> String {
    #[derive(Deserialize)]
    struct Response {
        incomplete_details: Option<Details>,
    }
    #[derive(Deserialize)]
    struct Details {
        reason: Option<String>,
    }
    response
        .and_then(|raw| serde_json::from_str::<Response>(raw.get()).ok())
        .and_then(|r| r.incomplete_details?.reason)
        .unwrap_or_else(|| "unknown".to_owned())
}

fn completed(response: Option<&RawValue>) -> Result<ResponseEvent, ModelError> {
    #[derive(Deserialize)]
    struct Response {
        id: String,
        usage: Option<Value>,
        end_turn: Option<bool>,
    }
    #[derive(Deserialize)]
    struct Usage {
        input_tokens: i64,
        input_tokens_details: Option<InputDetails>,
        output_tokens: i64,
        output_tokens_details: Option<OutputDetails>,
        total_tokens: i64,
    }
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct InputDetails {
        cached_tokens: i64,
        cache_write_tokens: i64,
    }
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct OutputDetails {
        reasoning_tokens: i64,
    }
    let text = response.map_or("null", RawValue::get);
    let broken = |e| ModelError::disconnected(format!("failed to parse ResponseCompleted: {e}"));
    let response: Response = serde_json::from_str(text).map_err(broken)?;
    let usage: Option<Usage> = match &response.usage {
        Some(usage) => Some(Usage::deserialize(usage).map_err(broken)?),
        None => None,
    };
    Ok(ResponseEvent::Completed {
        response_id: response.id,
        usage: usage.map(|u| {
            let input = u.input_tokens_details.unwrap_or_default();
            TokenUsage {
                input_tokens: u.input_tokens,
                cached_input_tokens: input.cached_tokens,
                cache_write_input_tokens: input.cache_write_tokens,
                output_tokens: u.output_tokens,
                reasoning_output_tokens: u.output_tokens_details.unwrap_or_default().reasoning_tokens,
                total_tokens: u.total_tokens,
            }
        }),
        usage_as_sent: response.usage,
        end_turn: response.end_turn,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(data: &str) -> Vec<ResponseEvent> {
        let mut out = VecDeque::new();
        EventParser::default().parse(data.as_bytes(), &mut out).unwrap();
        out.into()
    }

    fn parse_error(data: &str) -> ModelError {
        EventParser::default()
            .parse(data.as_bytes(), &mut VecDeque::new())
            .unwrap_err()
    }

    #[test]
    fn reads_deltas() {
        assert_eq!(
            parse(r#"{"type":"response.output_text.delta","item_id":"m","content_index":0,"delta":"a\nb"}"#),
            [ResponseEvent::TextDelta("a\nb".into())]
        );
        assert_eq!(
            parse(r#"{"type":"response.reasoning_summary_text.delta","summary_index":2,"delta":"x"}"#),
            [ResponseEvent::ReasoningSummaryDelta {
                delta: "x".into(),
                summary_index: 2
            }]
        );
        assert!(parse(r#"{"type":"response.reasoning_text.delta","delta":"no index"}"#).is_empty());
    }

    #[test]
    fn ignores_what_it_does_not_understand() {
        for data in [
            "[DONE]",
            "{",
            "null",
            r#"{"type":"error","error":{"message":"x"}}"#,
            r#"{"type":"response.surprise","delta":{"a":1}}"#,
            r#"{"type":"response.output_item.done","item":{"type":"message","role":7}}"#,
        ] {
            assert!(parse(data).is_empty(), "{data}");
        }
    }

    #[test]
    fn keeps_items_of_unknown_kinds() {
        let events = parse(r#"{"type":"response.output_item.done","item":{"type":"novelty","x":1}}"#);
        assert!(matches!(&events[..], [ResponseEvent::ItemDone(ResponseItem::Other(v))] if v["x"] == 1));
    }

    #[test]
    fn reads_usage_and_end_turn() {
        let events = parse(
            r#"{"type":"response.completed","response":{"id":"r","end_turn":false,"usage":{"input_tokens":10,
            "input_tokens_details":{"cached_tokens":4,"cache_write_tokens":1},"output_tokens":5,
            "output_tokens_details":{"reasoning_tokens":2},"total_tokens":15}}}"#,
        );
        let usage = TokenUsage {
            input_tokens: 10,
            cached_input_tokens: 4,
            cache_write_input_tokens: 1,
            output_tokens: 5,
            reasoning_output_tokens: 2,
            total_tokens: 15,
        };
        assert_eq!(
            events,
            [ResponseEvent::Completed {
                response_id: "r".into(),
                usage: Some(usage),
                usage_as_sent: Some(serde_json::json!({
                    "input_tokens": 10,
                    "input_tokens_details": {"cached_tokens": 4, "cache_write_tokens": 1},
                    "output_tokens": 5,
                    "output_tokens_details": {"reasoning_tokens": 2},
                    "total_tokens": 15,
                })),
                end_turn: Some(false)
            }]
        );
    }

    #[test]
    fn a_completion_that_cannot_be_read_is_worth_a_retry() {
        let error = parse_error(r#"{"type":"response.completed","response":{}}"#);
        assert!(error.retryable);
        assert!(error.error.message.contains("failed to parse ResponseCompleted"));
    }

    #[test]
    fn an_incomplete_response_is_final_only_when_it_is_too_long() {
        let incomplete = |reason: &str| {
            parse_error(&format!(
                r#"{{"type":"response.incomplete","response":{{"incomplete_details":{{"reason":"{reason}"}}}}}}"#
            ))
        };
        assert!(!incomplete("max_output_tokens").retryable);
        assert!(incomplete("content_filter").retryable);
    }

    #[test]
    fn metadata_tell_verification_moderation_and_model() {
        let events = parse(
            r#"{"type":"response.metadata","headers":{"OpenAI-Model":"m2"},"metadata":{
            "openai_verification_recommendation":["trusted_access_for_cyber","other"],
            "openai_chatgpt_moderation_metadata":{"a":1}}}"#,
        );
        assert_eq!(events[0], ResponseEvent::ServerModel("m2".into()));
        assert_eq!(
            events[1],
            ResponseEvent::Verification(vec!["trustedAccessForCyber".into()])
        );
        assert_eq!(events[2], ResponseEvent::Moderation(serde_json::json!({"a": 1})));
    }

    #[test]
    fn turn_state_is_taken_once_and_only_where_it_is_asked_for() {
        let state = Arc::new(OnceLock::new());
        let mut parser = EventParser {
            websocket: Some(WebSocketScope {
                turn_state: Arc::clone(&state),
                url: String::new(),
            }),
            ..EventParser::default()
        };
        for value in ["one", "two"] {
            let data =
                format!(r#"{{"type":"response.metadata","headers":{{"x-codex-turn-state":"{value}"}}}}"#);
            parser.parse(data.as_bytes(), &mut VecDeque::new()).unwrap();
        }
        assert_eq!(state.get().map(String::as_str), Some("one"));
    }

    #[test]
    fn safety_buffering_may_ride_on_any_event() {
        let mut parser = EventParser {
            faster_model: Some("fast".into()),
            ..EventParser::default()
        };
        let mut out = VecDeque::new();
        let data =
            r#"{"type":"response.output_text.delta","delta":"x","safety_buffering":{"use_cases":["u"]}}"#;
        parser.parse(data.as_bytes(), &mut out).unwrap();
        assert!(
            matches!(&out[0], ResponseEvent::SafetyBuffering { faster_model: Some(m), .. } if m == "fast")
        );
        assert_eq!(out.len(), 2);
        assert!(parse(r#"{"type":"x","safety_buffering":null}"#).is_empty());
    }
}
