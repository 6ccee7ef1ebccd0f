//! Streams of a model that no server should send.

use std::collections::HashMap;

use codex_core::mock_model::{Answer, MockModel, Step};
use serde_json::{Map, Value, json};

use crate::numbers::Numbers;
use crate::support::{App, Config, Home, TurnRun};

/// Streams that one process of the daemon gets.
const PER_PROGRAM: u64 = 20;
/// Most that it may hold after them, in KiB.
const MAX_RESIDENT: u64 = 300 * 1024;

/// `E2E_FUZZ_STREAMS` and `E2E_FUZZ_SEED` choose how many streams and which.
#[tokio::test]
async fn mutated_streams_over_http_end_every_turn_once_and_leave_nothing_open() {
    fuzz(false).await;
}

#[tokio::test]
async fn mutated_streams_over_websocket_end_every_turn_once_and_leave_nothing_open() {
    fuzz(true).await;
}

async fn fuzz(websockets: bool) {
    let (mut left, mut numbers) = Numbers::of_environment("E2E_FUZZ_STREAMS", 60);
    while left > 0 {
        let some = left.min(PER_PROGRAM);
        left -= some;
        batch(websockets, some, &mut numbers).await;
    }
}

/// Some streams for one process.
async fn batch(websockets: bool, streams: u64, numbers: &mut Numbers) {
    let model = MockModel::start("unused");
    model.edit(|script| script.answers.clear());
    model.set_default("ok");
    let config = Config {
        websockets,
        provider: "stream_idle_timeout_ms = 5000".to_owned(),
        ..Config::default()
    };
    let home = Home::with(&model, &config);
    let app = App::start(&home).await;
    for _ in 0..streams {
        let seed = numbers.clone();
        let answer = if websockets {
            websocket(numbers)
        } else {
            sse(numbers)
        };
        // After a failure, a thread stays with HTTP.
        let thread = app.start_thread(json!({})).await;
        model.push(answer.clone());
        let turn = app.run_turn(&thread, "Hi").await;
        check(&turn, &format!("{seed:?}: {answer:?}"));
        // What has not been taken, after a first request that failed.
        model.edit(|script| script.answers.clear());
        let again = app.run_turn(&thread, "And now?").await;
        assert_eq!(
            again.status(),
            "completed",
            "{seed:?}: {answer:?}: {:?}",
            again.turn
        );
        check(&again, &format!("{seed:?}, next: {answer:?}"));
    }
    let ends = app
        .frames()
        .into_iter()
        .filter(|frame| frame.method() == "turn/completed");
    assert_eq!(ends.count() as u64, 2 * streams, "one end for each turn");
    let resident = resident(app.pid());
    assert!(resident < MAX_RESIDENT, "{resident} KiB");
    let log = app.stderr();
    assert!(!log.contains("panicked"), "{log}");
    app.stop().await;
}

/// A turn has one end, a reason if it failed, and every item that began has ended; deltas belong to open items.
fn check(turn: &TurnRun, what: &str) {
    match turn.status() {
        "completed" => assert_eq!(turn.turn["error"], Value::Null, "{what}"),
        "failed" => {
            let message = turn.turn["error"]["message"].as_str();
            assert!(message.is_some_and(|message| !message.is_empty()), "{what}");
        }
        other => panic!("{other}: {what}"),
    }
    let mut open: HashMap<&str, i64> = HashMap::new();
    for frame in &turn.frames {
        let params = frame.params();
        let id = params["item"]["id"].as_str().unwrap_or_default();
        match frame.method() {
            "item/started" => *open.entry(id).or_default() += 1,
            "item/completed" => *open.entry(id).or_default() -= 1,
            method if method.starts_with("item/") && method.ends_with("elta") => {
                let id = params["itemId"].as_str().unwrap_or_default();
                assert!(
                    open.get(id).is_some_and(|open| *open > 0),
                    "{method} of {id:?}: {what}"
                );
            }
            _ => {}
        }
        assert!(open.values().all(|open| (0..=1).contains(open)), "{id:?}: {what}");
    }
    assert!(open.values().all(|open| *open == 0), "{open:?}: {what}");
}

/// Resident memory of a process in KiB.
fn resident(pid: i32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().split(' ').next()?.parse().ok())
        .unwrap_or(0)
}

/// An answer over HTTP: mutated events in mutated framing.
fn sse(numbers: &mut Numbers) -> Answer {
    let mut bytes = Vec::new();
    let end = ["\n", "\r\n", "\r"][numbers.below(3)];
    for event in events(numbers) {
        let name = event["type"].as_str().unwrap_or("message").to_owned();
        let mut event = event;
        let named = numbers.below(4);
        if named == 0 {
            event.as_object_mut().map(|event| event.remove("type"));
        }
        if named < 3 {
            bytes.extend([b"event: ", name.as_bytes(), end.as_bytes()].concat());
        }
        bytes.extend([b"data: ", &payload(&event, numbers)[..], end.as_bytes()].concat());
        match numbers.below(30) {
            0 => {}
            1 => bytes.extend([b": ping", end.as_bytes(), end.as_bytes()].concat()),
            2 => bytes.extend([end.as_bytes(), b"data: [DONE]", end.as_bytes(), end.as_bytes()].concat()),
            _ => bytes.extend(end.as_bytes()),
        }
    }
    if numbers.below(8) == 0 {
        damage(&mut bytes, numbers);
    }
    let answer = Answer::new().bare().step(Step::bytes(&bytes));
    match numbers.below(10) {
        0 => answer.cut(),
        _ => answer.close(),
    }
}

/// An answer over WebSocket.
fn websocket(numbers: &mut Numbers) -> Answer {
    let events = events(numbers);
    let frames = events.iter().map(|event| Step::bytes(&payload(event, numbers)));
    let answer = Answer {
        steps: frames.collect(),
        ..Answer::new().bare()
    };
    match numbers.below(10) {
        0 => answer.cut(),
        _ => answer.close(),
    }
}

/// An event as JSON, sometimes broken.
fn payload(event: &Value, numbers: &mut Numbers) -> Vec<u8> {
    let mut bytes = event.to_string().into_bytes();
    if numbers.below(25) == 0 {
        damage(&mut bytes, numbers);
        bytes.retain(|byte| !matches!(byte, b'\n' | b'\r'));
    }
    bytes
}

fn damage(bytes: &mut Vec<u8>, numbers: &mut Numbers) {
    const PIECES: [&[u8]; 12] = [
        b"{", b"}", b"\"", b"null", b"\xff", b"[", b"1e999", b"\\ud83d", b"\x01", b":", b"NaN", b"\\x",
    ];
    for _ in 0..=numbers.below(3) {
        let at = numbers.below(bytes.len().max(1));
        match numbers.below(4) {
            0 => bytes.truncate(at),
            1 if !bytes.is_empty() => bytes[at] = numbers.next().to_le_bytes()[0],
            _ => drop(bytes.splice(at..at, PIECES[numbers.below(PIECES.len())].iter().copied())),
        }
    }
}

/// The events of a response, with up to five mutations.
fn events(numbers: &mut Numbers) -> Vec<Value> {
    let mut events = whole(numbers.below(5));
    for _ in 0..=numbers.below(5) {
        if events.is_empty() {
            break;
        }
        let at = numbers.below(events.len());
        match numbers.below(8) {
            0 => drop(events.remove(at)),
            1 => events.insert(at, events[at].clone()),
            2 => {
                let other = numbers.below(events.len());
                events.swap(at, other);
            }
            3 => events.insert(at, whole(numbers.below(5)).swap_remove(1)),
            _ => {
                let depth = numbers.below(5);
                mutate(&mut events[at], depth, numbers);
            }
        }
    }
    events
}

/// Changes one member, at this depth or above.
fn mutate(value: &mut Value, depth: usize, numbers: &mut Numbers) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            let name = map
                .keys()
                .nth(numbers.below(map.len()))
                .cloned()
                .unwrap_or_default();
            let inner = map
                .get(&name)
                .is_some_and(|inner| inner.is_object() || inner.is_array());
            if depth > 0 && inner {
                mutate(&mut map[&name], depth - 1, numbers);
            } else {
                change(map, name, numbers);
            }
        }
        Value::Array(list) if !list.is_empty() && depth > 0 => {
            let at = numbers.below(list.len());
            mutate(&mut list[at], depth - 1, numbers);
        }
        other => *other = strange(numbers),
    }
}

fn change(map: &mut Map<String, Value>, name: String, numbers: &mut Numbers) {
    match numbers.below(4) {
        0 => drop(map.remove(&name)),
        1 => {
            map.insert("unknown".to_owned(), strange(numbers));
        }
        _ => {
            map.insert(name, strange(numbers));
        }
    }
}

fn strange(numbers: &mut Numbers) -> Value {
    match numbers.below(20) {
        0 | 1 => Value::Null,
        2 => json!(-1),
        3 => json!(1.5),
        4 => json!(u64::MAX),
        5 => json!(1e300),
        6 => json!(""),
        7 => json!("m"),
        8 => json!("0"),
        9 => json!("message"),
        10 => json!([]),
        11 => json!({}),
        12 => json!([{"type": "output_text", "text": "x"}]),
        13 => json!(true),
        14 => json!("x".repeat(20_000)),
        15 => (0..100).fold(json!([]), |inner, _| json!([inner])),
        16 => json!({"text": "x", "type": null}),
        17 => json!("assistant"),
        18 => json!("r"),
        _ => json!(["m", 1, null]),
    }
}

/// A response as it should be. None of its calls does anything.
fn whole(kind: usize) -> Vec<Value> {
    let added = |index: i64, item: &Value| json!({"type": "response.output_item.added", "output_index": index, "item": item});
    let done = |index: i64, item: &Value| json!({"type": "response.output_item.done", "output_index": index, "item": item});
    let text = |index: i64, id: &str, delta: &str| {
        json!({"type": "response.output_text.delta", "output_index": index, "item_id": id, "content_index": 0,
            "delta": delta, "logprobs": []})
    };
    let message = |id: &str, text: &str| {
        json!({"type": "message", "id": id, "role": "assistant", "status": "completed", "phase": "final_answer",
            "content": [{"type": "output_text", "text": text, "annotations": []}]})
    };
    let call = |arguments: &str| {
        json!({"type": "function_call", "id": "fc", "call_id": "c", "name": "no_such_tool",
            "arguments": arguments, "status": "completed"})
    };
    let reasoning = json!({"type": "reasoning", "id": "r", "encrypted_content": "e",
        "summary": [{"type": "summary_text", "text": "hm"}]});
    let mut events =
        vec![json!({"type": "response.created", "response": {"id": "resp", "status": "in_progress"}})];
    let mut output = Vec::new();
    match kind {
        0 => {
            output.push(message("m", "Hello"));
            events.extend([
                added(0, &message("m", "")),
                text(0, "m", "Hel"),
                text(0, "m", "lo"),
                json!({"type": "response.output_text.done", "output_index": 0, "item_id": "m", "text": "Hello"}),
                done(0, &output[0]),
            ]);
        }
        1 => {
            output.extend([message("m", "one"), message("n", "two")]);
            events.extend([
                added(0, &message("m", "")),
                added(1, &message("n", "")),
                text(0, "m", "one"),
                text(1, "n", "two"),
                done(1, &output[1]),
                done(0, &output[0]),
            ]);
        }
        2 => {
            output.extend([reasoning.clone(), call("{\"a\":1}")]);
            events.extend([
                added(0, &json!({"type": "reasoning", "id": "r", "summary": []})),
                json!({"type": "response.reasoning_summary_part.added", "item_id": "r", "summary_index": 0}),
                json!({"type": "response.reasoning_summary_text.delta", "item_id": "r", "summary_index": 0,
                    "delta": "hm"}),
                done(0, &reasoning),
                added(1, &call("")),
                json!({"type": "response.function_call_arguments.delta", "item_id": "fc", "output_index": 1,
                    "delta": "{\"a\":1}"}),
                json!({"type": "response.function_call_arguments.done", "item_id": "fc", "output_index": 1,
                    "arguments": "{\"a\":1}"}),
                done(1, &output[1]),
            ]);
        }
        3 => {
            let search = json!({"type": "web_search_call", "id": "w", "status": "completed",
                "action": {"type": "search", "query": "q", "sources": []}});
            let custom = json!({"type": "custom_tool_call", "id": "ct", "call_id": "d", "name": "no_such_tool", "input": "x"});
            output.extend([search.clone(), custom.clone(), message("m", "found")]);
            events.extend([
                added(0, &search),
                done(0, &search),
                added(1, &custom),
                done(1, &custom),
                done(2, &output[2]),
            ]);
        }
        _ => output.extend([reasoning, message("m", "all at once"), call("{}")]),
    }
    events.push(
        json!({"type": "response.completed", "response": {"id": "resp", "status": "completed",
        "output": output, "usage": {"input_tokens": 5, "input_tokens_details": {"cached_tokens": 1},
        "output_tokens": 3, "output_tokens_details": {"reasoning_tokens": 1}, "total_tokens": 8}}}),
    );
    events
}
