use super::super::KnownItem;
use super::*;
use crate::TokenUsage;

fn parse(data: &str) -> Vec<ResponseEvent> {
    let mut out = VecDeque::new();
    EventParser::default().parse(data.as_bytes(), &mut out).unwrap();
    out.into()
}

/// The events after a message and a reasoning have begun.
fn parse_open(data: &str) -> Vec<ResponseEvent> {
    let mut parser = EventParser::default();
    let mut out = VecDeque::new();
    for item in [
        r#"{"type":"message","id":"m"}"#,
        r#"{"type":"reasoning","id":"r"}"#,
    ] {
        let added = format!(r#"{{"type":"response.output_item.added","item":{item}}}"#);
        parser.parse(added.as_bytes(), &mut out).unwrap();
    }
    out.clear();
    parser.parse(data.as_bytes(), &mut out).unwrap();
    out.into()
}

fn text_delta(delta: &str) -> ResponseEvent {
    ResponseEvent::TextDelta {
        number: 0,
        delta: delta.into(),
    }
}

#[test]
fn reads_deltas() {
    assert_eq!(
        parse_open(r#"{"type":"response.output_text.delta","item_id":"m","content_index":0,"delta":"a\nb"}"#),
        [text_delta("a\nb")]
    );
    assert_eq!(
        parse_open(r#"{"type":"response.reasoning_summary_text.delta","summary_index":2,"delta":"x"}"#),
        [ResponseEvent::ReasoningSummaryDelta {
            number: 1,
            delta: "x".into(),
            summary_index: 2
        }]
    );
    assert!(parse_open(r#"{"type":"response.reasoning_text.delta","delta":"no index"}"#).is_empty());
    assert!(parse(r#"{"type":"response.output_text.delta","delta":"no item"}"#).is_empty());
}

#[test]
fn a_member_that_cannot_be_read_costs_that_member() {
    for (event, text) in [
        (
            r#"{"type":"response.output_text.delta","item_id":null,"output_index":"0","delta":"a"}"#,
            "a",
        ),
        (
            r#"{"type":"response.output_text.delta","item_id":7,"content_index":{},"delta":"a"}"#,
            "a",
        ),
        (
            r#"{"type":"response.output_text.delta","item":null,"headers":null,"delta":5}"#,
            "5",
        ),
        (
            r#"{"type":"response.output_text.delta","summary_index":1.5,"delta":"half \ud83d"}"#,
            "half \u{fffd}",
        ),
        (
            r#"{"type":"response.output_text.delta","logprobs":NaN,"delta":"a"}"#,
            "a",
        ),
        (
            "{\"type\":\"response.output_text.delta\",\"delta\":\"a\tb\"}",
            "a\tb",
        ),
    ] {
        assert_eq!(parse_open(event), [text_delta(text)], "{event}");
    }
    let item = r#""item":{"type":"message","id":"m","role":null,"phase":"musing","content":"hi"}"#;
    for other in [
        r#""delta":null"#,
        r#""delta":{}"#,
        r#""response":7"#,
        r#""summary_index":"x""#,
        r#""x":"\udead""#,
    ] {
        let event = format!(r#"{{"type":"response.output_item.done",{other},{item}}}"#);
        assert!(
            matches!(&parse(&event)[..], [ResponseEvent::ItemDone {
                item: ResponseItem::Known(KnownItem::Message { content, .. }), ..
            }] if content[0].said() == Some("hi")),
            "{event}"
        );
    }
}

#[test]
fn an_event_may_have_its_name_from_sse_only() {
    let item = br#"{"item":{"type":"message","content":"hi"}}"#;
    let mut out = VecDeque::new();
    let mut parser = EventParser::default();
    parser
        .parse_named(b"response.output_item.done", item, &mut out)
        .unwrap();
    parser
        .parse_named(b"response.completed", br#"{"id":"r1","usage":null}"#, &mut out)
        .unwrap();
    assert!(matches!(out[0], ResponseEvent::ItemDone { .. }));
    assert!(matches!(&out[1], ResponseEvent::Completed { response_id, .. } if response_id == "r1"));
}

#[test]
fn an_event_that_cannot_be_read_at_all_is_told_once_and_at_the_end() {
    let mut out = VecDeque::new();
    let mut parser = EventParser::default();
    for data in [
        "{\"type\":\"response.outp",
        "{",
        "keep-alive",
        "[DONE]",
        r#"{"type":"response.completed"}"#,
    ] {
        parser.parse(data.as_bytes(), &mut out).unwrap();
    }
    assert_eq!(out[0], ResponseEvent::Notice(UNREADABLE_EVENT.into()));
    assert!(matches!(out[1], ResponseEvent::Completed { .. }));
    assert_eq!(out.len(), 2);
}

#[test]
fn done_at_the_end_of_the_stream_completes_what_has_been_delivered() {
    let item = br#"{"type":"response.output_item.done","item":{"type":"message","content":"hi"}}"#;
    for (events, complete) in [
        (vec![&item[..], b"[DONE]"], true),
        (vec![&item[..]], false),
        (vec![&b"[DONE]"[..]], false),
    ] {
        let mut out = VecDeque::new();
        let mut parser = EventParser::default();
        for event in events {
            parser.parse(event, &mut out).unwrap();
        }
        parser.end_of_stream(&mut out).unwrap();
        assert_eq!(
            matches!(out.back(), Some(ResponseEvent::Completed { .. })),
            complete
        );
    }
}

#[test]
fn ignores_what_it_does_not_understand() {
    for data in [
        "[DONE]",
        "{",
        "null",
        r#"{"type":"response.surprise","delta":{"a":1}}"#,
    ] {
        assert!(parse(data).is_empty(), "{data}");
    }
}

#[test]
fn keeps_items_of_unknown_kinds() {
    let events = parse(r#"{"type":"response.output_item.done","item":{"type":"novelty","x":1}}"#);
    assert!(
        matches!(&events[..], [ResponseEvent::ItemDone { item: ResponseItem::Other(v), .. }] if v["x"] == 1)
    );
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
            end_turn: Some(false),
            failure: None,
        }]
    );
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
        let data = format!(r#"{{"type":"response.metadata","headers":{{"x-codex-turn-state":"{value}"}}}}"#);
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
    let data = r#"{"type":"response.created","safety_buffering":{"use_cases":["u"]}}"#;
    parser.parse(data.as_bytes(), &mut out).unwrap();
    assert!(matches!(&out[0], ResponseEvent::SafetyBuffering { faster_model: Some(m), .. } if m == "fast"));
    assert_eq!(out.len(), 2);
    assert!(parse(r#"{"type":"x","safety_buffering":null}"#).is_empty());
}
