//! An answer in one piece to a request for a stream: some gateways ignore `stream`, others answer with an error or a
//! page for people.

use std::collections::VecDeque;

use serde::de::IgnoredAny;
use serde_json::{Map, Value, json};

use super::event_parser::EventParser;
use super::{ModelError, ResponseEvent, failure, lenient};

/// Whether a body that began as JSON is a whole JSON value.
pub(super) fn is_complete(body: &[u8]) -> bool {
    let end = body.trim_ascii_end().last();
    matches!(end, Some(b'}' | b']')) && serde_json::from_slice::<IgnoredAny>(body.trim_ascii()).is_ok()
}

/// Whether a text has the form of server-sent events, even if none of them is complete.
pub(super) fn looks_like_events(text: &[u8]) -> bool {
    let fields: [&[u8]; 5] = [b":", b"data", b"event", b"id", b"retry"];
    text.split(|byte| matches!(byte, b'\n' | b'\r'))
        .filter(|line| !line.is_empty())
        .all(|line| fields.iter().any(|field| line.starts_with(field)))
}

/// Takes a whole body: a response with its items, a single event or a list of them; anything else is an error with what
/// the server says.
pub(super) fn take(
    body: &[u8],
    content_type: Option<&str>,
    parser: &mut EventParser,
    out: &mut VecDeque<ResponseEvent>,
) -> Result<(), ModelError> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    match lenient::object(body) {
        Some(map) if is_response(&map) => response(&map, parser, out)?,
        Some(map) if map.get("type").is_some_and(Value::is_string) => parser.parse(body, out)?,
        Some(_) => {}
        None => match serde_json::from_slice(body) {
            Ok(Value::Array(events)) => {
                for event in events {
                    parser.parse(event.to_string().as_bytes(), out)?;
                }
            }
            Ok(_) => {}
            // One event per line.
            Err(_) => {
                for line in body
                    .split(|byte| *byte == b'\n')
                    .filter(|line| line.starts_with(b"{"))
                {
                    parser.parse(line, out)?;
                }
            }
        },
    }
    if out.is_empty() {
        return Err(failure::not_a_stream(content_type, body));
    }
    Ok(())
}

fn is_response(map: &Map<String, Value>) -> bool {
    map.get("output").is_some_and(Value::is_array)
        && (map.get("object").is_none_or(|object| object == "response"))
}

/// Tells a response that is there as a whole as the events that it would have been streamed as.
fn response(
    response: &Map<String, Value>,
    parser: &mut EventParser,
    out: &mut VecDeque<ResponseEvent>,
) -> Result<(), ModelError> {
    let status = response.get("status").and_then(Value::as_str);
    let failed = response.get("error").is_some_and(|error| !error.is_null());
    let end = match status {
        Some("failed" | "cancelled") => "response.failed",
        _ if failed => "response.failed",
        Some("incomplete") => "response.incomplete",
        _ => "response.completed",
    };
    let items = response.get("output").and_then(Value::as_array);
    for (index, item) in items.into_iter().flatten().enumerate() {
        let event = json!({"type": "response.output_item.done", "output_index": index, "item": item});
        parser.parse(event.to_string().as_bytes(), out)?;
    }
    let event = json!({"type": end, "response": response});
    parser.parse(event.to_string().as_bytes(), out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Result<Vec<ResponseEvent>, ModelError> {
        let mut out = VecDeque::new();
        take(body.as_bytes(), None, &mut EventParser::default(), &mut out)?;
        Ok(out.into())
    }

    #[test]
    fn a_response_in_one_piece_is_the_answer() {
        let body = json!({
            "id": "resp_1", "object": "response", "status": "completed", "error": null,
            "output": [{"type": "message", "role": "assistant", "id": "m",
                "content": [{"type": "output_text", "text": "hello"}]}],
            "usage": {"input_tokens": 1, "output_tokens": 2, "total_tokens": 3},
        });
        let events = read(&body.to_string()).unwrap();
        assert!(matches!(events[0], ResponseEvent::ItemDone { .. }));
        assert!(
            matches!(&events[1], ResponseEvent::Completed { response_id, .. } if response_id == "resp_1")
        );
    }

    #[test]
    fn a_response_that_failed_says_so() {
        let error =
            read(r#"{"object":"response","status":"failed","output":[],"error":{"message":"no luck"}}"#);
        assert!(error.unwrap_err().error.message.contains("no luck"));
        let cut = r#"{"status":"incomplete","output":[],"incomplete_details":{"reason":"content_filter"}}"#;
        let events = read(cut).unwrap();
        assert!(
            matches!(&events[..], [ResponseEvent::Completed { failure: Some(failure), .. }]
                if failure.error.message.contains("content_filter"))
        );
    }

    #[test]
    fn broken_json_and_events_line_by_line_are_the_answer_too() {
        let message = r#"{"type":"message","content":"half \ud83d"}"#;
        for body in [
            format!(r#"{{"object":"response","output":[{message}],"usage":NaN}}"#),
            format!(
                "{{\"type\":\"response.output_item.done\",\"item\":{message}}}\n{{\"type\":\"response.completed\"}}\n"
            ),
        ] {
            let events = read(&body).unwrap();
            assert!(matches!(events[0], ResponseEvent::ItemDone { .. }), "{body}");
            assert!(
                matches!(events[1], ResponseEvent::Completed { failure: None, .. }),
                "{body}"
            );
        }
    }

    #[test]
    fn anything_else_is_shown() {
        for body in [
            r#"{"choices":[{"text":"hello"}]}"#,
            "<html>hello",
            r#"["hello"]"#,
            "{hello",
        ] {
            let error = read(body).unwrap_err();
            assert!(error.error.message.contains("hello"), "{}", error.error.message);
        }
    }

    #[test]
    fn events_are_told_from_other_texts() {
        assert!(looks_like_events(b": ping\n\nevent: x\ndata: y"));
        assert!(looks_like_events(b""));
        assert!(!looks_like_events(b"upstream connect error"));
    }
}
