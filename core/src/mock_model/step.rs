//! The steps of an answer, and how short forms become Responses events.

use std::borrow::Cow;
use std::time::Duration;

use base64::Engine as _;
use serde::Deserialize;
use serde_json::{Value, json};

/// One step of an answer.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// A Responses event as it is.
    Event(Value),
    /// A message of the model.
    Say(Say),
    /// Reasoning with a summary.
    Reason(Reason),
    /// A call of a function tool.
    Call(Call),
    /// A call of a tool with free-form input.
    CustomCall(CustomCall),
    /// `response.completed`; put at the end by itself unless the answer is `bare` or ends otherwise.
    Complete(Complete),
    /// `response.failed`.
    Fail(Fail),
    /// An error frame with `status`, `error` and `headers`; over HTTP an event of type `error`.
    Error(Value),
    /// A pause in milliseconds; everything before it is on the wire by then.
    DelayMs(u64),
    /// Nothing more, with the connection open, until the client leaves.
    Hang,
    /// Cuts the connection: no end of body, no close frame.
    Drop,
    /// Ends the stream in an orderly way: a close frame, or the end of the body.
    Close(Close),
    /// From here on, bytes go out in pieces of this size with 1 ms after each; 0 ends it.
    Split(usize),
    /// Text that goes out as it is: SSE bytes, or the payload of a text frame.
    Text(String),
    /// Bytes, in Base64, that go out as they are, UTF-8 or not: SSE bytes, or the payload of a text frame.
    Base64(String),
    /// A text over and over, without end: SSE bytes, or frames of one message that never ends.
    Flood(Flood),
    /// A ping frame with this payload; over HTTP a comment line.
    Ping(String),
    /// From here on until the answer is over, frames of the client are not read: pings stay without pongs.
    /// WebSocket only.
    Silence,
    /// A binary frame with this payload. WebSocket only.
    Binary(String),
    /// A text frame whose header claims this many bytes, without the payload. WebSocket only.
    Oversized(u64),
    /// From here on, messages are sent as so many frames each; 0 and 1 end it. WebSocket only.
    Fragments(usize),
}

impl Step {
    /// Bytes that go out as they are.
    pub fn bytes(bytes: &[u8]) -> Self {
        Self::Base64(base64::engine::general_purpose::STANDARD.encode(bytes))
    }
}

/// A message of the model: `response.output_item.added`, deltas, `response.output_item.done`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Say {
    /// The text.
    pub text: String,
    /// Number of deltas; 0 sends the finished item only.
    #[serde(default = "one")]
    pub deltas: usize,
    /// Says the text so many times, with `deltas` deltas for each.
    #[serde(default = "one")]
    pub repeat: usize,
    /// Milliseconds before each delta.
    #[serde(default)]
    pub delay_ms: u64,
    /// `commentary` or `final_answer`.
    #[serde(default)]
    pub phase: Option<String>,
    /// Item id; made up if not given.
    #[serde(default)]
    pub id: Option<String>,
    /// Leaves out `response.output_item.done`: the message stays half.
    #[serde(default)]
    pub unfinished: bool,
}

impl Say {
    /// A text in one delta.
    pub fn new(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            deltas: 1,
            repeat: 1,
            delay_ms: 0,
            phase: None,
            id: None,
            unfinished: false,
        }
    }
}

/// Reasoning of the model.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reason {
    /// The summary, one section.
    pub summary: String,
    /// Number of deltas; 0 sends the finished item only.
    #[serde(default = "one")]
    pub deltas: usize,
    /// Raw reasoning, one delta, before the summary.
    #[serde(default)]
    pub raw: Option<String>,
    /// Milliseconds before each delta.
    #[serde(default)]
    pub delay_ms: u64,
    /// Item id; made up if not given.
    #[serde(default)]
    pub id: Option<String>,
}

impl Reason {
    /// A summary in one delta.
    pub fn new(summary: &str) -> Self {
        Self {
            summary: summary.to_owned(),
            deltas: 1,
            raw: None,
            delay_ms: 0,
            id: None,
        }
    }
}

/// A call of a function tool.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Call {
    /// Tool.
    pub name: String,
    /// Arguments: a string goes out as it is, anything else as JSON text.
    pub arguments: Value,
    /// Call id; made up if not given.
    #[serde(default)]
    pub id: Option<String>,
}

/// A call of a tool with free-form input.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CustomCall {
    /// Tool.
    pub name: String,
    /// Its input.
    pub input: String,
    /// Call id; made up if not given.
    #[serde(default)]
    pub id: Option<String>,
}

/// How a response completes.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Complete {
    /// Response id; made up if not given.
    pub id: Option<String>,
    /// All tokens of the input.
    pub input_tokens: u64,
    /// Tokens of the input that came from the cache.
    pub cached_tokens: u64,
    /// Tokens of the output.
    pub output_tokens: u64,
    /// Tokens of the output that were reasoning.
    pub reasoning_tokens: u64,
    /// `false` makes the client ask again.
    pub end_turn: Option<bool>,
    /// Leaves the numbers out.
    pub no_usage: bool,
    /// Counts the request instead of `input_tokens`: a token for every four bytes of its input.
    pub count_input: bool,
}

impl Default for Complete {
    fn default() -> Self {
        Self {
            id: None,
            input_tokens: 10,
            cached_tokens: 0,
            output_tokens: 5,
            reasoning_tokens: 0,
            end_turn: None,
            no_usage: false,
            count_input: false,
        }
    }
}

/// How a response fails.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fail {
    /// `error.code`.
    pub code: String,
    /// `error.message`.
    #[serde(default)]
    pub message: String,
}

/// How a stream is closed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Close {
    /// Close code; 1000 unless given.
    pub code: Option<u16>,
    /// Reason.
    pub reason: String,
}

/// A text without end.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Flood {
    /// The text that is repeated.
    pub text: String,
    /// Milliseconds before each.
    #[serde(default)]
    pub delay_ms: u64,
}

fn one() -> usize {
    1
}

/// What a transport has to carry out.
#[derive(Debug)]
pub(super) enum Move {
    /// An event: its type and its JSON.
    Event(Cow<'static, str>, String),
    /// Wait, with everything before on the wire.
    Wait(Duration),
    /// What differs between the transports.
    Special(Step),
}

type Moves = Box<dyn Iterator<Item = Move> + Send>;

/// The moves of an answer to the request with this number. Made one by one, so that long answers stay small.
pub(super) fn moves(steps: Vec<Step>, bare: bool, number: usize) -> Moves {
    let first = match steps.first() {
        Some(Step::Event(event)) => event["type"] == "response.created",
        _ => false,
    };
    let ended = steps.iter().any(ends);
    let opening = (!bare && !first)
        .then(|| event(&json!({"type": "response.created", "response": {"id": format!("resp-{number}")}})));
    let closing = (!bare && !ended).then(|| completed(Complete::default(), number));
    let steps = steps
        .into_iter()
        .enumerate()
        .flat_map(move |(index, step)| expand(step, number, index));
    Box::new(opening.into_iter().chain(steps).chain(closing))
}

/// Whether the stream ends by this step, so that no `response.completed` is to be added.
fn ends(step: &Step) -> bool {
    match step {
        Step::Event(event) => matches!(
            event["type"].as_str(),
            Some("response.completed" | "response.failed" | "response.incomplete")
        ),
        Step::Complete(_)
        | Step::Fail(_)
        | Step::Error(_)
        | Step::Hang
        | Step::Flood(_)
        | Step::Drop
        | Step::Close(_)
        | Step::Oversized(_) => true,
        _ => false,
    }
}

fn expand(step: Step, number: usize, index: usize) -> Moves {
    let id = |given: Option<String>, kind: &str| given.unwrap_or_else(|| format!("{kind}-{number}-{index}"));
    match step {
        Step::Event(value) => one_move(event(&value)),
        Step::Say(say) => {
            let id = id(say.id.clone(), "msg");
            message(&say, &id)
        }
        Step::Reason(reason) => {
            let id = id(reason.id.clone(), "rs");
            reasoning(reason, &id)
        }
        Step::Call(call) => {
            let arguments = match call.arguments {
                Value::String(text) => text,
                value => value.to_string(),
            };
            one_move(done(&json!({
                "type": "function_call", "call_id": id(call.id, "call"), "name": call.name, "arguments": arguments,
            })))
        }
        Step::CustomCall(call) => one_move(done(&json!({
            "type": "custom_tool_call", "call_id": id(call.id, "call"), "name": call.name, "input": call.input,
        }))),
        Step::Complete(complete) => one_move(completed(complete, number)),
        Step::Fail(fail) => one_move(event(&json!({
            "type": "response.failed",
            "response": {"id": format!("resp-{number}"), "error": {"code": fail.code, "message": fail.message}},
        }))),
        Step::Error(mut frame) => {
            frame["type"] = "error".into();
            one_move(event(&frame))
        }
        Step::DelayMs(ms) => one_move(Move::Wait(Duration::from_millis(ms))),
        special => one_move(Move::Special(special)),
    }
}

fn one_move(one: Move) -> Moves {
    Box::new(std::iter::once(one))
}

fn event(event: &Value) -> Move {
    let kind = event["type"].as_str().unwrap_or("message").to_owned();
    Move::Event(kind.into(), event.to_string())
}

fn done(item: &Value) -> Move {
    event(&json!({"type": "response.output_item.done", "item": item}))
}

fn added(item: &Value) -> Move {
    event(&json!({"type": "response.output_item.added", "item": item}))
}

fn completed(complete: Complete, number: usize) -> Move {
    let mut response = json!({"id": complete.id.unwrap_or_else(|| format!("resp-{number}"))});
    if !complete.no_usage {
        response["usage"] = json!({
            "input_tokens": complete.input_tokens,
            "input_tokens_details": {"cached_tokens": complete.cached_tokens},
            "output_tokens": complete.output_tokens,
            "output_tokens_details": {"reasoning_tokens": complete.reasoning_tokens},
            "total_tokens": complete.input_tokens + complete.output_tokens,
        });
    }
    if let Some(end_turn) = complete.end_turn {
        response["end_turn"] = end_turn.into();
    }
    event(&json!({"type": "response.completed", "response": response}))
}

fn message(say: &Say, id: &str) -> Moves {
    let item = |text: &str| {
        let mut item = json!({
            "type": "message", "role": "assistant", "id": id, "content": [{"type": "output_text", "text": text}],
        });
        if let Some(phase) = &say.phase {
            item["phase"] = phase.as_str().into();
        }
        item
    };
    let end = (!say.unfinished).then(|| done(&item(&say.text.repeat(say.repeat))));
    if say.deltas == 0 {
        return Box::new(end.into_iter());
    }
    let start = added(&item(""));
    let texts: Vec<String> = pieces(&say.text, say.deltas)
        .map(|piece| {
            json!({"type": "response.output_text.delta", "item_id": id, "output_index": 0, "content_index": 0,
                "delta": piece})
            .to_string()
        })
        .collect();
    let delay_ms = say.delay_ms;
    let deltas = (0..say.repeat).flat_map(move |_| {
        texts
            .clone()
            .into_iter()
            .flat_map(move |json| paced(delay_ms, Move::Event("response.output_text.delta".into(), json)))
    });
    Box::new(std::iter::once(start).chain(deltas).chain(end))
}

fn reasoning(reason: Reason, id: &str) -> Moves {
    let mut item = json!({"type": "reasoning", "id": id, "summary": []});
    let start = added(&item);
    item["summary"] = json!([{"type": "summary_text", "text": reason.summary}]);
    item["encrypted_content"] = format!("sealed-{id}").into();
    let raw = reason.raw.map(|text| {
        item["content"] = json!([{"type": "reasoning_text", "text": text}]);
        event(&json!({"type": "response.reasoning_text.delta", "item_id": id, "content_index": 0, "delta": text}))
    });
    let end = done(&item);
    if reason.deltas == 0 {
        return one_move(end);
    }
    let part =
        event(&json!({"type": "response.reasoning_summary_part.added", "item_id": id, "summary_index": 0}));
    let deltas: Vec<Move> = pieces(&reason.summary, reason.deltas)
        .flat_map(|piece| {
            let delta = json!({"type": "response.reasoning_summary_text.delta", "item_id": id, "summary_index": 0,
                "delta": piece});
            paced(reason.delay_ms, event(&delta))
        })
        .collect();
    let start = std::iter::once(start).chain(raw);
    Box::new(
        start
            .chain(std::iter::once(part))
            .chain(deltas)
            .chain(std::iter::once(end)),
    )
}

fn paced(delay_ms: u64, then: Move) -> impl Iterator<Item = Move> {
    let wait = (delay_ms > 0).then(|| Move::Wait(Duration::from_millis(delay_ms)));
    wait.into_iter().chain(std::iter::once(then))
}

/// Cuts a text into so many pieces of about the same number of characters; fewer if it is too short.
fn pieces(text: &str, count: usize) -> impl Iterator<Item = &str> {
    let characters = text.chars().count();
    let count = count.min(characters).max(1);
    let (size, longer) = (characters / count, characters % count);
    let mut rest = text;
    (0..count).map(move |index| {
        let wanted = size + usize::from(index < longer);
        let end = rest.char_indices().nth(wanted).map_or(rest.len(), |(at, _)| at);
        let (piece, after) = rest.split_at(end);
        rest = after;
        piece
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_make_up_the_text_again() {
        for (text, count, expected) in [
            ("abcdef", 3, 3),
            ("äöü", 2, 2),
            ("ab", 9, 2),
            ("", 4, 1),
            ("abcde", 2, 2),
        ] {
            let cut: Vec<_> = pieces(text, count).collect();
            assert_eq!(cut.concat(), text);
            assert_eq!(cut.len(), expected, "{text:?} in {count}");
        }
    }

    #[test]
    fn an_answer_is_framed_by_created_and_completed_unless_it_ends_otherwise() {
        let kinds = |steps: Vec<Step>, bare| -> Vec<String> {
            moves(steps, bare, 1)
                .filter_map(|one| match one {
                    Move::Event(kind, _) => Some(kind.into_owned()),
                    _ => None,
                })
                .collect()
        };
        assert_eq!(kinds(vec![], false), ["response.created", "response.completed"]);
        assert_eq!(kinds(vec![Step::Hang], false), ["response.created"]);
        assert!(kinds(vec![Step::Hang], true).is_empty());
    }
}
