//! The body of a request (docs/contract/model-http.md#request-body), written straight to bytes in the documented order of fields.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Serialize, Serializer};
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};

use super::items::ResponseItem;
use super::sent_item::SentItem;
use super::{ModelError, Prompt, pairing};
use crate::tool_spec::ToolSpec;
use crate::{ErrorKind, ReasoningSummary};

/// String map that describes the request to the server; its order means nothing.
pub(super) type ClientMetadata = Vec<(&'static str, String)>;

/// What differs between the transports.
#[derive(Debug, Default)]
pub(super) struct Frame<'a> {
    /// `response.create` on WebSocket.
    pub(super) kind: Option<&'static str>,
    /// Goes on where this response ended: only the rest of the input is sent.
    pub(super) previous_response_id: Option<&'a str>,
    /// Items of the input that the server has.
    pub(super) skip: usize,
}

/// Length of the last request of the process: the next one is about as long, and a buffer that need not grow leaves no
/// pieces behind.
static LAST_LENGTH: AtomicUsize = AtomicUsize::new(16 << 10);
/// Beyond this a short request must not pay for a long one.
const MAX_HINT: usize = 64 << 10;

/// Writes a request.
pub(super) fn encode(
    prompt: &Prompt,
    cache_key: &str,
    metadata: Option<&ClientMetadata>,
    frame: &Frame<'_>,
) -> Result<Vec<u8>, ModelError> {
    let unwritten = |error| {
        ModelError::terminal(
            ErrorKind::Other,
            format!("the request could not be written: {error}"),
        )
    };
    let instructions = instructions(&prompt.instructions).map_err(unwritten)?;
    let body = Body {
        kind: frame.kind,
        model: &prompt.model,
        stream: true,
        instructions: instructions.as_deref(),
        service_tier: prompt.service_tier.as_deref(),
        input: Input(prompt.input.get(frame.skip..).unwrap_or_default()),
        tools: &prompt.tools,
        tool_choice: "auto",
        parallel_tool_calls: prompt.parallel_tool_calls,
        reasoning: reasoning(prompt),
        store: false,
        include: ["reasoning.encrypted_content"],
        prompt_cache_key: cache_key,
        text: text(prompt),
        client_metadata: metadata.map(StringMap),
        previous_response_id: frame.previous_response_id,
    };
    let hint = LAST_LENGTH.load(Ordering::Relaxed);
    let mut bytes = Vec::with_capacity(hint + hint / 8);
    serde_json::to_writer(&mut bytes, &body).map_err(unwritten)?;
    LAST_LENGTH.store(bytes.len().min(MAX_HINT), Ordering::Relaxed);
    Ok(bytes)
}

/// Instructions as JSON, if there are any. Nearly all requests of a process have the same: they are written once.
fn instructions(text: &Arc<str>) -> serde_json::Result<Option<Arc<RawValue>>> {
    /// A lock because threads meet here; held for a few instructions.
    static LAST: Mutex<Option<(Arc<str>, Arc<RawValue>)>> = Mutex::new(None);

    if text.is_empty() {
        return Ok(None);
    }
    let last = || LAST.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((known, json)) = &*last()
        && Arc::ptr_eq(known, text)
    {
        return Ok(Some(Arc::clone(json)));
    }
    let json: Arc<RawValue> = to_raw_value(text)?.into();
    *last() = Some((Arc::clone(text), Arc::clone(&json)));
    Ok(Some(json))
}

fn reasoning(prompt: &Prompt) -> Option<Reasoning<'_>> {
    let effort = prompt.effort.as_deref();
    let summary = prompt.summary.filter(|s| *s != ReasoningSummary::None);
    (effort.is_some() || summary.is_some()).then_some(Reasoning { effort, summary })
}

fn text(prompt: &Prompt) -> Option<Text<'_>> {
    let verbosity = prompt.verbosity.as_deref();
    let format = prompt.output_schema.as_ref().map(|schema| Format {
        kind: "json_schema",
        strict: true,
        schema,
        name: "codex_output_schema",
    });
    (verbosity.is_some() || format.is_some()).then_some(Text { verbosity, format })
}

#[derive(Serialize)]
struct Body<'a> {
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    model: &'a str,
    stream: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    instructions: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service_tier: Option<&'a str>,
    input: Input<'a>,
    tools: &'a [Arc<ToolSpec>],
    tool_choice: &'static str,
    parallel_tool_calls: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning: Option<Reasoning<'a>>,
    store: bool,
    include: [&'static str; 1],
    prompt_cache_key: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_metadata: Option<StringMap<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    previous_response_id: Option<&'a str>,
}

#[derive(Serialize)]
struct Reasoning<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    effort: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    summary: Option<ReasoningSummary>,
}

#[derive(Serialize)]
struct Text<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    verbosity: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    format: Option<Format<'a>>,
}

#[derive(Serialize)]
struct Format<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    strict: bool,
    schema: &'a Value,
    name: &'static str,
}

struct StringMap<'a>(&'a ClientMetadata);

impl Serialize for StringMap<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(k, v)| (k, v)))
    }
}

struct Input<'a>(&'a [ResponseItem]);

impl Serialize for Input<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().filter(|item| pairing::is_sent(item)).map(SentItem))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn prompt() -> Prompt {
        Prompt {
            model: "m".into(),
            instructions: "be good".into(),
            input: vec![
                serde_json::from_value(
                    json!({"type":"message","id":"msg_1","role":"user","content":[{"type":"input_text","text":"hi"}]}),
                )
                .unwrap(),
                serde_json::from_value(json!({"type":"message","id":"srv","role":"assistant","phase":"commentary",
                    "content":[{"type":"output_text","text":"yo"}]}))
                .unwrap(),
                serde_json::from_value(json!({"type":"compaction","id":"srv","encrypted_content":"x"})).unwrap(),
            ],
            tools: vec![Arc::new(json!({"type":"function","name":"t"}).into())].into(),
            parallel_tool_calls: true,
            effort: Some("max".into()),
            summary: Some(ReasoningSummary::Auto),
            verbosity: Some("low".into()),
            service_tier: Some("priority".into()),
            output_schema: Some(json!({"type":"object"})),
        }
    }

    #[test]
    fn fields_come_in_the_documented_order() {
        let metadata = vec![("session_id", "s".to_owned())];
        let bytes = encode(&prompt(), "key", Some(&metadata), &Frame::default()).unwrap();
        assert_eq!(
            String::from_utf8(bytes).unwrap(),
            r#"{"model":"m","stream":true,"instructions":"be good","service_tier":"priority","input":["#
                .to_owned()
                + r#"{"type":"message","id":"msg_1","role":"user","content":[{"type":"input_text","text":"hi"}]},"#
                + r#"{"type":"message","role":"assistant","content":[{"type":"output_text","text":"yo"}],"phase":"commentary"},"#
                + r#"{"encrypted_content":"x","type":"compaction"}],"tools":[{"name":"t","type":"function"}],"#
                + r#""tool_choice":"auto","parallel_tool_calls":true,"reasoning":{"effort":"max","summary":"auto"},"#
                + r#""store":false,"include":["reasoning.encrypted_content"],"prompt_cache_key":"key","#
                + r#""text":{"verbosity":"low","format":{"type":"json_schema","strict":true,"schema":{"type":"object"},"#
                + r#""name":"codex_output_schema"}},"client_metadata":{"session_id":"s"}}"#
        );
    }

    #[test]
    fn what_is_not_set_is_left_out() {
        let plain = Prompt {
            instructions: "".into(),
            input: Vec::new(),
            tools: Vec::new().into(),
            effort: None,
            summary: Some(ReasoningSummary::None),
            verbosity: None,
            service_tier: None,
            output_schema: None,
            ..prompt()
        };
        let bytes = encode(&plain, "key", None, &Frame::default()).unwrap();
        let body: Value = serde_json::from_slice(&bytes).unwrap();
        for field in [
            "instructions",
            "service_tier",
            "reasoning",
            "text",
            "client_metadata",
            "previous_response_id",
        ] {
            assert!(body.get(field).is_none(), "{field}");
        }
        assert_eq!(body["tools"], json!([]));
    }

    #[test]
    fn each_request_has_its_own_instructions_whatever_was_written_before() {
        let texts: [Arc<str>; 2] = ["be \"good\"".into(), "be \u{1f600}\n".into()];
        for text in [&texts[0], &texts[1], &texts[0], &texts[0]] {
            let asked = Prompt {
                instructions: Arc::clone(text),
                ..prompt()
            };
            let bytes = encode(&asked, "key", None, &Frame::default()).unwrap();
            let body: Value = serde_json::from_slice(&bytes).unwrap();
            assert_eq!(body["instructions"], **text);
        }
    }

    #[test]
    fn members_that_are_not_known_go_back_and_what_is_not_known_stays_here() {
        let input: Vec<Value> = vec![
            json!({"type": "message", "id": "srv", "role": "assistant", "status": "completed", "internal_note": 1,
                "content": [{"type": "output_text", "text": "yo", "annotations": [{"type": "url_citation"}],
                    "logprobs": []}]}),
            json!({"type": "ghost_snapshot", "ghost_commit": {}}),
            json!("bare"),
            json!({"type": "image_generation_call", "id": "srv", "status": "completed", "size": "1x1",
                "revised_prompt": "a cat", "result": "…"}),
            json!({"type": "image_generation_call", "id": "srv", "status": "failed", "result": null}),
            json!({"type": "reasoning", "id": "srv", "summary": [], "encrypted_content": "e",
                "content": [{"type": "reasoning_text", "text": "raw"}]}),
            json!({"type": "reasoning", "summary": [], "encrypted_content": "e", "content": [{"type": "text", "text": "t"}]}),
            json!({"type": "reasoning", "summary": [], "content": [{"type": "reasoning_text", "text": "open"}]}),
            json!({"type": "web_search_call", "id": "srv", "status": "completed",
                "action": {"type": "search", "query": "q", "sources": [{"url": "u"}]}}),
        ];
        let prompt = Prompt {
            input: input.iter().cloned().map(ResponseItem::from).collect(),
            ..prompt()
        };
        let body: Value =
            serde_json::from_slice(&encode(&prompt, "key", None, &Frame::default()).unwrap()).unwrap();
        assert_eq!(
            body["input"],
            json!([
                {"type": "message", "role": "assistant", "status": "completed",
                    "content": [{"type": "output_text", "text": "yo", "annotations": [{"type": "url_citation"}],
                        "logprobs": []}]},
                {"type": "image_generation_call", "status": "completed", "revised_prompt": "a cat", "result": "…"},
                {"type": "reasoning", "summary": [], "encrypted_content": "e",
                    "content": [{"type": "reasoning_text", "text": "raw"}]},
                {"type": "reasoning", "summary": [], "encrypted_content": "e"},
                {"type": "reasoning", "summary": [], "content": [{"type": "reasoning_text", "text": "open"}]},
                {"type": "web_search_call", "status": "completed",
                    "action": {"type": "search", "query": "q", "sources": [{"url": "u"}]}},
            ])
        );
    }

    #[test]
    fn a_frame_may_send_only_the_rest() {
        let frame = Frame {
            kind: Some("response.create"),
            previous_response_id: Some("r1"),
            skip: 2,
        };
        let body: Value = serde_json::from_slice(&encode(&prompt(), "key", None, &frame).unwrap()).unwrap();
        assert_eq!(body["type"], "response.create");
        assert_eq!(body["previous_response_id"], "r1");
        assert_eq!(body["input"].as_array().unwrap().len(), 1);
    }
}
