//! From the JSON of one stream event to [`ResponseEvent`]s (docs/contract/model-http.md#stream-events), the same for both transports.
//!
//! Text deltas are by far the most frequent events: one pass over the JSON, nothing parsed that is not needed, one
//! allocation for the text. What breaks the rules of JSON is mended and taken from the start again.
//!
//! The rule for everything else: a member that can't be read costs that member, never the event; what is lost is told.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::{Arc, OnceLock};

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;
use serde_json::value::RawValue;

use super::completion::End;
use super::event_metadata::{header_in, metadata, safety_buffering, server_model, timing};
use super::lenient::{self, Index, Text};
use super::output_items::{self, Address, Kind, OutputItems};
use super::{ModelError, ResponseEvent, ResponseItem, failure, output_reader, rate_limits};

pub(super) const UNREADABLE_EVENT: &str =
    "The model server sent an event that can't be read; a part of the answer may be missing.";
pub(super) const UNREADABLE_ITEM: &str =
    "The model server sent a part of its answer that can't be read, and it was left out.";

/// Parses the events of one response.
#[derive(Debug, Default)]
pub struct EventParser {
    /// Response header `x-codex-safety-buffering-faster-model`.
    faster_model: Option<String>,
    /// Set on WebSocket, where events carry what HTTP has a status line and headers for.
    websocket: Option<WebSocketScope>,
    pub(super) items: OutputItems,
    /// Text that came without a message.
    pub(super) stray: String,
    /// What was lost so far.
    pub(super) lost: Vec<&'static str>,
    /// What the server has of this response is not just what we have of it.
    pub(super) differs: bool,
    /// `[DONE]` has come.
    done_mark: bool,
}

/// What events of a WebSocket refer to.
#[derive(Debug)]
pub(super) struct WebSocketScope {
    /// Routing state of the turn (docs/contract/model-http.md#turn-state).
    pub(super) turn_state: Arc<OnceLock<String>>,
    /// Address, for error messages.
    pub(super) url: String,
}

#[derive(Deserialize)]
struct Frame<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow, default)]
    delta: Text<'a>,
    #[serde(borrow, default)]
    item_id: Text<'a>,
    #[serde(default)]
    output_index: Index,
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
    #[serde(default)]
    summary_index: Index,
    #[serde(default)]
    content_index: Index,
}

/// Members of the events that bring something whole.
#[derive(Default, Deserialize)]
struct Whole<'a> {
    #[serde(borrow, default)]
    text: Text<'a>,
    #[serde(borrow, default)]
    refusal: Text<'a>,
    #[serde(borrow)]
    arguments: Option<&'a RawValue>,
    #[serde(borrow)]
    input: Option<&'a RawValue>,
    #[serde(borrow)]
    part: Option<&'a RawValue>,
}

impl EventParser {
    pub(super) fn new(faster_model: Option<String>, websocket: Option<WebSocketScope>) -> Self {
        Self {
            faster_model,
            websocket,
            ..Self::default()
        }
    }

    /// Parses one event and appends what it means. An error ends the response. What is not understood is ignored; what
    /// is understood and can't be read is told when the response ends.
    pub fn parse(&mut self, data: &[u8], out: &mut VecDeque<ResponseEvent>) -> Result<(), ModelError> {
        self.parse_named(b"", data, out)
    }

    /// As [`Self::parse`], for an event whose kind may stand in the `event` field of SSE only.
    pub(super) fn parse_named(
        &mut self,
        name: &[u8],
        data: &[u8],
        out: &mut VecDeque<ResponseEvent>,
    ) -> Result<(), ModelError> {
        // From text: its strings need not be looked at for UTF-8 one by one.
        if data.trim_ascii_start().first() == Some(&b'{')
            && let Ok(text) = str::from_utf8(data)
            && let Ok(frame) = serde_json::from_str::<Frame<'_>>(text)
        {
            return self.event(frame, name, data, out);
        }
        if let Some(map) = lenient::object(data) {
            self.differs = true;
            let mended = Value::Object(map).to_string();
            return match serde_json::from_str::<Frame<'_>>(&mended) {
                Ok(frame) => self.event(frame, name, mended.as_bytes(), out),
                Err(_) => Ok(()),
            };
        }
        if name == b"error" {
            return Err(failure::error_event(data, self.url()));
        }
        let text = data.trim_ascii();
        if text == b"[DONE]" {
            self.done_mark = true;
        } else if text.starts_with(b"{") {
            self.lose(UNREADABLE_EVENT);
        }
        Ok(())
    }

    /// As [`Self::parse_named`], for an event behind which the stream ended at once: it may be a part of one only.
    pub(super) fn parse_last(
        &mut self,
        name: &[u8],
        data: &[u8],
        out: &mut VecDeque<ResponseEvent>,
    ) -> Result<(), ModelError> {
        let whole = serde_json::from_slice::<IgnoredAny>(data).is_ok() || !data.starts_with(b"{");
        if whole {
            self.parse_named(name, data, out)
        } else {
            Ok(())
        }
    }

    /// The stream has ended in order. If the server has said in another way than by `response.completed` that the answer
    /// is complete, it is.
    pub(super) fn end_of_stream(&mut self, out: &mut VecDeque<ResponseEvent>) -> Result<(), ModelError> {
        if self.done_mark && self.items.done_count() > 0 {
            return self.end(End::Completed, None, out);
        }
        Ok(())
    }

    /// Whether a next request may go on from this response, on the server's side.
    pub(super) fn can_be_continued(&self) -> bool {
        !self.differs
    }

    fn event(
        &mut self,
        frame: Frame<'_>,
        name: &[u8],
        data: &[u8],
        out: &mut VecDeque<ResponseEvent>,
    ) -> Result<(), ModelError> {
        if let Some(told) = frame.safety_buffering {
            out.extend(safety_buffering(told, self.faster_model.as_deref()));
        }
        let named = if frame.kind.0.is_empty() {
            str::from_utf8(name).unwrap_or_default()
        } else {
            &frame.kind.0
        };
        let at = Address {
            index: frame.output_index.0,
            id: &frame.item_id.0,
        };
        match named {
            "response.output_text.delta" | "response.refusal.delta" => self.text(at, frame.delta.0, out),
            "response.reasoning_summary_text.delta" => {
                if let (Some(summary_index), Some(number)) = (frame.summary_index.0, self.reasoning(at)) {
                    let delta = frame.delta.0.into_owned();
                    out.push_back(ResponseEvent::ReasoningSummaryDelta {
                        number,
                        delta,
                        summary_index,
                    });
                }
                Ok(())
            }
            "response.reasoning_text.delta" => {
                if let (Some(content_index), Some(number)) = (frame.content_index.0, self.reasoning(at)) {
                    let delta = frame.delta.0.into_owned();
                    out.push_back(ResponseEvent::ReasoningDelta {
                        number,
                        delta,
                        content_index,
                    });
                }
                Ok(())
            }
            "response.reasoning_summary_part.added" => {
                if let (Some(summary_index), Some(number)) = (frame.summary_index.0, self.reasoning(at)) {
                    out.push_back(ResponseEvent::ReasoningPartAdded {
                        number,
                        summary_index,
                    });
                }
                Ok(())
            }
            "response.output_item.added" => self.item_added(frame.item, at, out),
            "response.output_item.done" => self.item_done(frame.item, at, out),
            "response.function_call_arguments.delta" => {
                self.input(Kind::FunctionCall, at, &frame.delta.0).map(drop)
            }
            "response.custom_tool_call_input.delta" => {
                let number = self.input(Kind::CustomToolCall, at, &frame.delta.0)?;
                out.extend(number.map(|number| ResponseEvent::ToolInputDelta {
                    number,
                    delta: frame.delta.0.into_owned(),
                }));
                Ok(())
            }
            "response.output_text.done"
            | "response.refusal.done"
            | "response.content_part.done"
            | "response.function_call_arguments.done"
            | "response.custom_tool_call_input.done" => self.whole(named, at, frame.content_index.0, data),
            "response.completed" | "response.done" => {
                self.end(End::Completed, whole_response(&frame, data), out)
            }
            "response.incomplete" => self.end(End::Incomplete, whole_response(&frame, data), out),
            "response.failed" => self.end(End::Failed, whole_response(&frame, data), out),
            named => self.aside(named, &frame, data, out),
        }
    }

    /// Events that are no part of the answer.
    fn aside(
        &mut self,
        named: &str,
        frame: &Frame<'_>,
        data: &[u8],
        out: &mut VecDeque<ResponseEvent>,
    ) -> Result<(), ModelError> {
        match named {
            "response.created" => {
                let model = frame.response.and_then(server_model);
                out.extend(model.map(ResponseEvent::ServerModel));
                out.push_back(ResponseEvent::Created);
            }
            "response.metadata" => {
                if let Some(headers) = frame.headers {
                    if let Some(scope) = &self.websocket
                        && let Some(value) = header_in(headers, "x-codex-turn-state")
                    {
                        // The first value of a turn stays.
                        let _ = scope.turn_state.set(value);
                    }
                    out.extend(header_in(headers, "openai-model").map(ResponseEvent::ServerModel));
                }
                out.extend(frame.metadata.into_iter().flat_map(metadata));
            }
            "responsesapi.websocket_timing" => timing(data),
            "error" => return Err(failure::error_event(data, self.url())),
            "codex.rate_limits" => {
                out.extend(rate_limits::from_event(data).map(|limit| ResponseEvent::RateLimits(vec![limit])));
            }
            _ if frame.kind.0.is_empty() && !named.starts_with("response.") => {
                return self.nameless(data, out);
            }
            _ => {}
        }
        Ok(())
    }

    /// An object that doesn't say what it is: a whole response, an error, or nothing of ours.
    fn nameless(&mut self, data: &[u8], out: &mut VecDeque<ResponseEvent>) -> Result<(), ModelError> {
        let Some(map) = lenient::object(data) else {
            return Ok(());
        };
        if map.get("error").is_some_and(|error| !error.is_null()) {
            return Err(failure::error_event(data, self.url()));
        }
        let running = map
            .get("status")
            .is_some_and(|status| status == "in_progress" || status == "queued");
        if map.get("object").is_some_and(|object| object == "response")
            && map.get("output").is_some_and(Value::is_array)
            && !running
        {
            let response = str::from_utf8(data)
                .ok()
                .and_then(|text| serde_json::from_str(text).ok());
            return self.end(End::Completed, response, out);
        }
        Ok(())
    }

    /// The address as it may be shown.
    fn url(&self) -> &str {
        self.websocket.as_ref().map_or("", |scope| &scope.url)
    }

    fn text(
        &mut self,
        at: Address<'_>,
        delta: Cow<'_, str>,
        out: &mut VecDeque<ResponseEvent>,
    ) -> Result<(), ModelError> {
        if delta.is_empty() {
            return Ok(());
        }
        if let Some(number) = self.items.of_delta(Kind::Message, at) {
            self.items.entries()[number].streamed = true;
            out.push_back(ResponseEvent::TextDelta {
                number,
                delta: delta.into_owned(),
            });
            return Ok(());
        }
        self.stray(&delta)
    }

    /// Text without a message is kept, in case that none comes.
    fn stray(&mut self, text: &str) -> Result<(), ModelError> {
        if self
            .items
            .entries()
            .iter()
            .any(|entry| entry.kind == Kind::Message)
        {
            return Ok(());
        }
        if self.stray.len() + text.len() > output_items::MAX_KEPT {
            return Err(output_items::too_much("too much text"));
        }
        self.stray.push_str(text);
        Ok(())
    }

    fn reasoning(&mut self, at: Address<'_>) -> Option<usize> {
        self.items.of_delta(Kind::Reasoning, at)
    }

    fn input(&mut self, kind: Kind, at: Address<'_>, delta: &str) -> Result<Option<usize>, ModelError> {
        let number = self.items.of_delta(kind, at);
        if let Some(number) = number {
            self.items.hold(number, delta)?;
        }
        Ok(number)
    }

    /// A text or the input of a call in one piece. It is of use only if the item itself doesn't come.
    fn whole(
        &mut self,
        named: &str,
        at: Address<'_>,
        part: Option<i64>,
        data: &[u8],
    ) -> Result<(), ModelError> {
        let whole: Whole<'_> = serde_json::from_slice(data).unwrap_or_default();
        let written = |raw: Option<&RawValue>| match serde_json::from_str(raw?.get()).ok()? {
            Value::Null => None,
            Value::String(text) => Some(text),
            other => Some(other.to_string()),
        };
        let call = match named {
            "response.function_call_arguments.done" => Some((Kind::FunctionCall, written(whole.arguments))),
            "response.custom_tool_call_input.done" => Some((Kind::CustomToolCall, written(whole.input))),
            _ => None,
        };
        if let Some((kind, input)) = call {
            return match (self.items.of_delta(kind, at), input) {
                (Some(number), Some(input)) => self.items.hold_all(number, &input),
                _ => Ok(()),
            };
        }
        let inner: Whole<'_> = whole
            .part
            .and_then(|part| serde_json::from_str(part.get()).ok())
            .unwrap_or_default();
        let texts = [whole.text, whole.refusal, inner.text, inner.refusal];
        let Some(text) = texts.iter().find(|text| !text.0.is_empty()) else {
            return Ok(());
        };
        match self.items.of_delta(Kind::Message, at) {
            Some(number) => self.items.hold_part(number, part, &text.0),
            None if self.stray.is_empty() => self.stray(&text.0),
            None => Ok(()),
        }
    }

    fn item_added(
        &mut self,
        item: Option<&RawValue>,
        at: Address<'_>,
        out: &mut VecDeque<ResponseEvent>,
    ) -> Result<(), ModelError> {
        // One that can't be read may be complete when it is done.
        let Some(mut item) = item.and_then(|raw| output_reader::read(raw.get())) else {
            return Ok(());
        };
        let id = output_items::item_id(&item).unwrap_or(at.id).to_owned();
        let at = Address { id: &id, ..at };
        if let Some(number) = self.items.begin(at, &mut item)? {
            out.push_back(ResponseEvent::ItemAdded { number, item });
        }
        Ok(())
    }

    fn item_done(
        &mut self,
        item: Option<&RawValue>,
        at: Address<'_>,
        out: &mut VecDeque<ResponseEvent>,
    ) -> Result<(), ModelError> {
        let Some(item) = item.and_then(|raw| output_reader::read(raw.get())) else {
            self.lose(UNREADABLE_ITEM);
            return Ok(());
        };
        self.complete(item, at, out)
    }

    /// An item has come as a whole.
    pub(super) fn complete(
        &mut self,
        mut item: ResponseItem,
        at: Address<'_>,
        out: &mut VecDeque<ResponseEvent>,
    ) -> Result<(), ModelError> {
        if is_unreadable(&item) {
            self.lose(UNREADABLE_ITEM);
        }
        let id = output_items::item_id(&item).unwrap_or(at.id).to_owned();
        let at = Address { id: &id, ..at };
        if let Some(number) = self.items.end(at, &mut item)? {
            out.push_back(ResponseEvent::ItemDone { number, item });
        }
        Ok(())
    }

    pub(super) fn lose(&mut self, what: &'static str) {
        self.differs = true;
        if !self.lost.contains(&what) {
            self.lost.push(what);
        }
    }
}

/// The `response` member; servers that name their events by SSE only may send its content alone.
fn whole_response<'a>(frame: &Frame<'a>, data: &'a [u8]) -> Option<&'a RawValue> {
    let response = frame.response.filter(|raw| raw.get() != "null");
    response.or_else(|| serde_json::from_str(str::from_utf8(data).ok()?).ok())
}

/// Whether an item is of a kind that we know, but makes no sense.
fn is_unreadable(item: &ResponseItem) -> bool {
    const KNOWN: [&str; 7] = [
        "message",
        "reasoning",
        "function_call",
        "function_call_output",
        "custom_tool_call",
        "custom_tool_call_output",
        "web_search_call",
    ];
    match item {
        ResponseItem::Known(_) => false,
        ResponseItem::Other(value) => value["type"].as_str().is_none_or(|kind| KNOWN.contains(&kind)),
    }
}

#[cfg(test)]
mod tests;
