//! From lines to the model's history: what is sent as `input` when a thread goes on.

use std::io;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::chain::History;
use crate::history::rollout::line::{EventKind, Kind, Line};
use crate::model::{ContentItem, Extra, KnownItem, ResponseItem, pairing};

/// The model's history. Reads from the last compaction on: what was before it is not looked at.
pub(crate) fn model_history(history: &History) -> io::Result<Vec<ResponseItem>> {
    // Newest first, so that the walk can end at a compaction.
    let mut items = Vec::new();
    let mut dropped_turns = 0usize;
    let mut legacy_summary = None;
    history.each_back(|line| match line.kind {
        Kind::Response => {
            if dropped_turns == 0
                && let Some(item) = line.payload::<ResponseItem>()
            {
                // Before a summary only what the user said is kept: the rest may be much.
                if legacy_summary.is_none() || opens_turn(&item) {
                    items.push(item);
                }
            } else if dropped_turns > 0 && line.payload().is_some_and(|item| opens_turn(&item)) {
                dropped_turns -= 1;
            }
            true
        }
        Kind::Event(EventKind::RolledBack) => {
            #[derive(Deserialize)]
            struct RolledBack {
                num_turns: usize,
            }
            dropped_turns += line.payload::<RolledBack>().map_or(0, |event| event.num_turns);
            true
        }
        Kind::Compacted => match compaction(line) {
            Some(Compaction::Replaced(mut replacement)) => {
                replacement.reverse();
                items.extend(replacement);
                false
            }
            Some(Compaction::Summary(message)) if legacy_summary.is_none() => {
                // Older files: the user's messages so far, then the summary.
                legacy_summary = Some((items.len(), message));
                true
            }
            _ => true,
        },
        _ => true,
    })?;
    if let Some((after, message)) = legacy_summary {
        let before = items.split_off(after);
        items.push(user_message(message));
        items.extend(before.into_iter().filter(opens_turn));
    }
    items.reverse();
    fill_missing_outputs(&mut items);
    Ok(items)
}

enum Compaction {
    Replaced(Vec<ResponseItem>),
    Summary(String),
}

fn compaction(line: &Line<'_>) -> Option<Compaction> {
    #[derive(Deserialize)]
    struct Compacted<'a> {
        #[serde(default)]
        message: String,
        #[serde(borrow, default)]
        replacement_history: Option<&'a RawValue>,
    }
    let event: Compacted<'_> = line.payload()?;
    let replaced = event
        .replacement_history
        .and_then(|raw| serde_json::from_str::<Option<Vec<ResponseItem>>>(raw.get()).ok()?);
    Some(match replaced {
        Some(items) => Compaction::Replaced(items),
        None => Compaction::Summary(event.message),
    })
}

fn user_message(text: String) -> ResponseItem {
    ResponseItem::Known(KnownItem::Message {
        id: None,
        role: "user".into(),
        content: vec![ContentItem::input_text(text)],
        phase: None,
        extra: Extra::new(),
    })
}

/// Whether the item is a message that the user wrote, not context put in by a program.
fn opens_turn(item: &ResponseItem) -> bool {
    let ResponseItem::Known(KnownItem::Message { role, content, .. }) = item else {
        return false;
    };
    role == "user" && !content.iter().any(is_context)
}

/// Context is wrapped in a tag of its own.
fn is_context(part: &ContentItem) -> bool {
    const TAGS: [&str; 6] = [
        "<environment_context",
        "<user_instructions",
        "<turn_aborted",
        "<user_shell_command",
        "<codex_internal_context",
        "# AGENTS.md instructions",
    ];
    match part {
        ContentItem::InputText { text, .. } => TAGS.iter().any(|tag| text.trim_start().starts_with(tag)),
        _ => false,
    }
}

/// The API refuses calls without outputs: those that were cut off get one. Outputs without a call go.
pub(crate) fn fill_missing_outputs(items: &mut Vec<ResponseItem>) {
    let unpaired = pairing::unpaired(items);
    if unpaired == pairing::Unpaired::default() {
        return;
    }
    let mut filled = Vec::with_capacity(items.len() + unpaired.calls.len());
    for (place, item) in items.drain(..).enumerate() {
        if unpaired.outputs.binary_search(&place).is_ok() {
            continue;
        }
        let missing = unpaired
            .calls
            .binary_search(&place)
            .ok()
            .and_then(|_| pairing::aborted(&item));
        filled.push(item);
        filled.extend(missing);
    }
    *items = filled;
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use serde_json::{Value, json};

    use super::*;
    use crate::ThreadId;
    use crate::history::read::chain::FindRollouts;

    struct Alone;

    impl FindRollouts for Alone {
        fn rollouts(&self, _: ThreadId) -> Vec<PathBuf> {
            Vec::new()
        }
    }

    /// What the model is told of a file with these lines.
    fn told(lines: &[(&str, Value)]) -> Vec<String> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("rollout.jsonl");
        let meta = json!({"id": ThreadId::new(), "timestamp": "2026-10-01T12:00:00.000Z", "cwd": "/"});
        let first = ("session_meta", meta);
        let lines = std::iter::once(&first).chain(lines).map(|(kind, payload)| {
            json!({"timestamp": "2026-10-01T12:00:00.000Z", "type": kind, "payload": payload}).to_string()
        });
        std::fs::write(&path, lines.collect::<Vec<_>>().join("\n")).expect("a file");
        let history = History::open(&path, &Alone).expect("a history");
        let text = |item: &ResponseItem| match item {
            ResponseItem::Known(KnownItem::Message { content, .. }) => match content.first() {
                Some(ContentItem::InputText { text, .. } | ContentItem::OutputText { text, .. }) => {
                    text.clone()
                }
                _ => String::new(),
            },
            _ => "?".into(),
        };
        let items = model_history(&history).expect("readable");
        items.iter().map(text).collect()
    }

    fn user(text: &str) -> (&'static str, Value) {
        let content = json!([{"type": "input_text", "text": text}]);
        (
            "response_item",
            json!({"type": "message", "role": "user", "content": content}),
        )
    }

    fn model(text: &str) -> (&'static str, Value) {
        let content = json!([{"type": "output_text", "text": text}]);
        (
            "response_item",
            json!({"type": "message", "role": "assistant", "content": content}),
        )
    }

    #[test]
    fn before_a_summary_the_user_alone_has_spoken() {
        let summary = |message| ("compacted", json!({"message": message}));
        let call = json!({"type": "function_call", "call_id": "c", "name": "x", "arguments": "{}"});
        let lines = [
            user("<environment_context>here</environment_context>"),
            user("one"),
            model("first"),
            summary("old"),
            user("two"),
            ("response_item", call),
            summary("sum"),
            user("three"),
            model("third"),
        ];
        assert_eq!(told(&lines), ["one", "two", "sum", "three", "third"]);
        let replacement = json!([user("kept").1, model("dropped").1]);
        let replaced = (
            "compacted",
            json!({"message": "", "replacement_history": replacement}),
        );
        let lines = [
            user("one"),
            replaced,
            user("two"),
            model("second"),
            summary("sum"),
        ];
        assert_eq!(told(&lines), ["kept", "two", "sum"]);
    }

    #[test]
    fn every_call_has_one_output_also_where_identifiers_recur() {
        let items = |list: Value| -> Vec<ResponseItem> { serde_json::from_value(list).expect("items") };
        let call = json!({"type": "function_call", "call_id": "c", "name": "n", "arguments": "{}"});
        let done = json!({"type": "function_call_output", "call_id": "c", "output": "x"});
        let aborted = json!({"type": "function_call_output", "call_id": "c", "output": "aborted"});
        let shell = json!({"type": "local_shell_call", "call_id": "s", "action": {"type": "exec"}});
        let of_shell = json!({"type": "function_call_output", "call_id": "s", "output": "y"});
        let mut stored = items(json!([call, done, done, call, shell, of_shell, call, done]));
        fill_missing_outputs(&mut stored);
        assert_eq!(
            stored,
            items(json!([call, done, call, aborted, shell, of_shell, call, done]))
        );
    }

    #[test]
    fn a_replacement_hides_what_was_before_it() {
        let replaced = (
            "compacted",
            json!({"message": "", "replacement_history": [user("sum").1]}),
        );
        let lines = [user("one"), model("first"), replaced, user("two")];
        assert_eq!(told(&lines), ["sum", "two"]);
    }
}
