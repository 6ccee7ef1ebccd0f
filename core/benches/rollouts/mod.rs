//! Makes homes full of stored threads, for benchmarks and tests.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use codex_core::ThreadId;
use codex_core::history::{Layout, RolloutName};
use serde_json::{Value, json};
use uuid::Uuid;

/// One line; `ordinal` is left out of legacy files.
pub(crate) fn line(ordinal: Option<u64>, kind: &str, payload: &Value) -> String {
    let mut text = String::from("{\"timestamp\":\"2026-10-01T12:00:00.000Z\"");
    if let Some(ordinal) = ordinal {
        // Writing to a String can't fail.
        let _ = write!(text, ",\"ordinal\":{ordinal}");
    }
    let _ = writeln!(text, ",\"type\":\"{kind}\",\"payload\":{payload}}}");
    text
}

/// A thread that begins `minute` minutes after a fixed moment, with its identifier.
pub(crate) fn thread_at(minute: i64) -> (ThreadId, chrono::DateTime<chrono::Local>) {
    let begin = chrono::DateTime::from_timestamp(1_790_000_000 + minute * 60, 0).unwrap_or_default();
    let millis = begin.timestamp_millis().cast_unsigned();
    let mut random = [0; 10];
    random[..8].copy_from_slice(&minute.to_be_bytes());
    let id = uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid();
    (ThreadId(id), begin.with_timezone(&chrono::Local))
}

/// How many turns a thread has, and how long the answers are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    /// Turns.
    pub turns: usize,
    /// Bytes of an answer.
    pub answer: usize,
}

/// Writes a thread in the paginated format; gives its file.
pub(crate) fn paginated(layout: &Layout, minute: i64, size: Size) -> (ThreadId, PathBuf) {
    let (id, at) = thread_at(minute);
    let path = layout.rollout(id, at);
    let mut text = String::new();
    let mut ordinal = 0;
    let mut add = |kind: &str, payload: Value| {
        text.push_str(&line(Some(ordinal), kind, &payload));
        ordinal += 1;
    };
    add(
        "session_meta",
        json!({"id": id, "session_id": id, "timestamp": "2026-10-01T12:00:00.000Z", "cwd": "/home/dev/project",
            "originator": "bench", "cli_version": "0.171.0", "source": "vscode", "model_provider": "mock",
            "base_instructions": {"text": "b".repeat(2000)}, "history_mode": "paginated"}),
    );
    for n in 0..size.turns {
        turn(&mut add, id, n, &format!("question {n} of {minute}"), size.answer);
    }
    save(&path, &text);
    (id, path)
}

/// The lines of one turn.
pub(crate) fn turn(add: &mut impl FnMut(&str, Value), id: ThreadId, n: usize, question: &str, answer: usize) {
    let turn_id = format!("turn-{n}");
    let answer = "lorem ipsum dolor sit amet ".repeat(answer.div_ceil(27));
    let item = |item: Value| {
        json!({"type": "item_completed", "thread_id": id, "turn_id": turn_id, "item": item,
            "started_at_ms": 1, "completed_at_ms": 2})
    };
    let said = |role: &str, kind: &str, text: &str| json!({"type": "message", "role": role, "content": [{"type": kind, "text": text}]});
    add(
        "event_msg",
        json!({"type": "task_started", "turn_id": turn_id, "root_turn_id": turn_id, "started_at": 1}),
    );
    add(
        "turn_context",
        json!({"turn_id": turn_id, "cwd": "/home/dev/project", "model": "gpt-5.5"}),
    );
    add("response_item", said("user", "input_text", question));
    add(
        "event_msg",
        item(json!({"type": "UserMessage", "id": format!("u-{n}"),
            "content": [{"type": "text", "text": question, "text_elements": []}]})),
    );
    add(
        "event_msg",
        item(
            json!({"type": "AgentMessage", "id": format!("a-{n}"), "content": [{"type": "Text", "text": answer}]}),
        ),
    );
    add("response_item", said("assistant", "output_text", &answer));
    add(
        "event_msg",
        json!({"type": "task_complete", "turn_id": turn_id, "last_agent_message": null, "started_at": 1,
            "completed_at": 2, "duration_ms": 3}),
    );
}

/// Writes a thread as programs of the year 2025 did; gives its file.
pub(crate) fn legacy(layout: &Layout, minute: i64, size: Size) -> (ThreadId, PathBuf) {
    let (id, at) = thread_at(minute);
    let path = layout.rollout(id, at);
    let mut text = line(
        None,
        "session_meta",
        &json!({"id": id, "timestamp": "2026-10-01T12:00:00.000Z", "cwd": "/home/dev/project",
            "originator": "bench", "cli_version": "0.40.0", "instructions": null}),
    );
    let answer = "lorem ipsum dolor sit amet ".repeat(size.answer.div_ceil(27));
    for n in 0..size.turns {
        let question = format!("question {n} of {minute}");
        for (kind, payload) in [
            (
                "response_item",
                json!({"type": "message", "role": "user", "content": [{"type": "input_text", "text": question}]}),
            ),
            (
                "event_msg",
                json!({"type": "user_message", "message": question, "images": []}),
            ),
            ("event_msg", json!({"type": "agent_message", "message": answer})),
            (
                "response_item",
                json!({"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": answer}]}),
            ),
        ] {
            text.push_str(&line(None, kind, &payload));
        }
    }
    save(&path, &text);
    (id, path)
}

/// A revert's file of a thread, which builds upon `base` (ordinal and offset).
pub(crate) fn reverted(
    layout: &Layout,
    id: ThreadId,
    minute: i64,
    base: (u64, u64),
    question: &str,
) -> PathBuf {
    let (_, at) = thread_at(minute);
    let name = layout.rollout(id, at);
    let revert = uuid::Builder::from_unix_timestamp_millis(at.timestamp_millis().cast_unsigned(), &[7; 10])
        .into_uuid();
    let path = name.with_file_name(format!(
        "{}_{revert}.jsonl",
        name.file_stem().unwrap_or_default().to_string_lossy()
    ));
    save(&path, &based(id, id, base, question));
    debug_assert!(
        path.file_name()
            .and_then(|n| RolloutName::parse(n.to_str()?))
            .is_some()
    );
    path
}

/// Lines of a file of `id` that builds upon a part of `source`'s, with one turn of its own.
pub(crate) fn based(id: ThreadId, source: ThreadId, (ordinal, offset): (u64, u64), question: &str) -> String {
    let mut text = String::new();
    let mut next = ordinal;
    let mut add = |kind: &str, payload: Value| {
        text.push_str(&line(Some(next), kind, &payload));
        next += 1;
    };
    add(
        "session_meta",
        json!({"id": id, "session_id": id, "timestamp": "2026-10-01T12:00:00.000Z", "cwd": "/home/dev/project",
            "originator": "bench", "cli_version": "0.171.0", "source": "vscode", "model_provider": "mock",
            "history_mode": "paginated",
            "history_base": {"thread_id": source, "end_ordinal_exclusive": ordinal, "end_byte_offset": offset}}),
    );
    turn(
        &mut add,
        id,
        1000 + usize::try_from(ordinal).unwrap_or(0),
        question,
        30,
    );
    text
}

fn save(path: &Path, text: &str) {
    let made = path
        .parent()
        .map_or(Ok(()), fs::create_dir_all)
        .and_then(|()| fs::write(path, text));
    assert!(made.is_ok(), "{} can't be written: {made:?}", path.display());
}

/// A random identifier, for names that must not be found.
pub(crate) fn nobody() -> ThreadId {
    ThreadId(Uuid::new_v4())
}
