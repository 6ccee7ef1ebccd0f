//! From lines to the model's history: what is sent as `input` when a thread goes on.

use std::io;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::chain::History;
use crate::history::rollout::line::{EventKind, Kind, Line};
use crate::model::item_size::ItemSize;
use crate::model::{ContextWindow, ResponseItem, message_origin, pairing};

/// Bytes of a request that nobody needs to go beyond: servers refuse it.
const MOST_BYTES: usize = 24 << 20;
/// Most estimated tokens that are read: more than any model's window holds.
const MOST_TOKENS: usize = 4 << 20;

/// How much of a history is read, from its end: a window may hold more than an estimate says, and not everything that
/// is too much.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ReadLimit {
    /// Tokens of the model's window.
    window: usize,
}

impl ReadLimit {
    /// For a model with this window, in tokens.
    pub(crate) fn for_window(tokens: i64) -> Self {
        Self {
            window: usize::try_from(tokens).unwrap_or(0).min(MOST_TOKENS),
        }
    }

    /// Whether a history of this size may be sent as a whole. Estimates are high: a server may count half of it.
    fn allows(self, size: ItemSize) -> bool {
        size.tokens() <= self.window.saturating_mul(2).max(MIN_TOKENS) && size.bytes() <= MOST_BYTES
    }

    /// Whether a part of this size is certain to fit.
    fn fits(self, size: ItemSize) -> bool {
        size.tokens() <= (self.window / 10 * 9).max(MIN_TOKENS) && size.bytes() <= MOST_BYTES
    }
}

/// However small a window is said to be, this much is read.
const MIN_TOKENS: usize = 4_000;

/// What the model was told and said.
#[derive(Debug, Default)]
pub(crate) struct RestoredHistory {
    /// Oldest first.
    pub(crate) items: Vec<ResponseItem>,
    /// How many of the first items come from the last compaction.
    pub(crate) replaced: usize,
    /// The window that this compaction began, if it says so; else the one that the file begins with.
    pub(crate) window: Option<ContextWindow>,
    /// There was more than could be sent: the oldest part is missing.
    pub(crate) cut: bool,
}

/// The model's history. Reads from the last compaction on: what was before it is not looked at.
pub(crate) fn model_history(history: &History, limit: ReadLimit) -> io::Result<RestoredHistory> {
    // Newest first, so that the walk can end at a compaction.
    let mut items = Vec::new();
    let mut size = ItemSize::default();
    let mut dropped_turns = 0usize;
    let mut legacy_summary = None;
    let mut restored = RestoredHistory::default();
    history.each_back(|line| match line.kind {
        Kind::Response => {
            if dropped_turns == 0
                && let Some(mut item) = line.payload::<ResponseItem>()
            {
                if message_origin::is_handed_in(&item) && is_retained(line) {
                    message_origin::retain(&mut item);
                }
                // Before a summary only what the user said is kept: the rest may be much.
                if legacy_summary.is_none() || message_origin::is_of_user(&item) {
                    size += ItemSize::of(&item);
                    restored.cut = !items.is_empty() && !limit.allows(size);
                    if !restored.cut {
                        items.push(item);
                    }
                }
            } else if dropped_turns > 0
                && line
                    .payload()
                    .is_some_and(|item| message_origin::is_of_user(&item))
            {
                dropped_turns -= 1;
            }
            !restored.cut
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
            Some(Compacted::Replaced(mut replacement, window)) => {
                replacement.reverse();
                if legacy_summary.is_none() {
                    restored.replaced = replacement.len();
                    restored.window = window;
                }
                items.extend(replacement);
                false
            }
            Some(Compacted::Summary(message)) if legacy_summary.is_none() => {
                // Older files: the user's messages so far, then the summary.
                legacy_summary = Some((items.len(), message));
                true
            }
            _ => true,
        },
        _ => true,
    })?;
    if restored.cut {
        keep_what_fits(&mut items, limit);
    }
    if let Some((after, message)) = legacy_summary {
        let before = items.split_off(after.min(items.len()));
        items.push(message_origin::summary(message));
        items.extend(before.into_iter().filter(message_origin::is_of_user));
    }
    items.reverse();
    pairing::close_calls(&mut items, 0);
    restored.replaced = restored.replaced.min(items.len());
    if restored.window.is_none() && !restored.cut {
        let first = history.meta.context_window.as_ref();
        restored.window = first.map(|window| ContextWindow::first(window.window_id.clone()));
    }
    restored.items = items;
    Ok(restored)
}

/// Keeps the newest items of a history, newest first, that are certain to fit; one at least.
fn keep_what_fits(items: &mut Vec<ResponseItem>, limit: ReadLimit) {
    let mut size = ItemSize::default();
    let fitting = items
        .iter()
        .take_while(|item| {
            size += ItemSize::of(item);
            limit.fits(size)
        })
        .count();
    items.truncate(fitting.max(1));
    items.shrink_to_fit();
}

enum Compacted {
    Replaced(Vec<ResponseItem>, Option<ContextWindow>),
    Summary(String),
}

/// What programs note beside an item.
#[derive(Deserialize)]
struct Noted {
    #[serde(default)]
    retain_across_windows: bool,
}

/// Whether the line says that its item stays when the history is summed up.
fn is_retained(line: &Line<'_>) -> bool {
    #[derive(Deserialize)]
    struct Whole {
        metadata: Noted,
    }
    serde_json::from_slice::<Whole>(line.bytes()).is_ok_and(|line| line.metadata.retain_across_windows)
}

fn compaction(line: &Line<'_>) -> Option<Compacted> {
    #[derive(Deserialize)]
    struct Payload<'a> {
        #[serde(default)]
        message: String,
        #[serde(borrow, default)]
        replacement_history: Option<&'a RawValue>,
        #[serde(borrow, default)]
        replacement_history_metadata: Option<&'a RawValue>,
        #[serde(borrow, default)]
        window_number: Option<&'a RawValue>,
        #[serde(borrow, default)]
        window_id: Option<&'a RawValue>,
        #[serde(borrow, default)]
        previous_window_id: Option<&'a RawValue>,
        #[serde(borrow, default)]
        first_window_id: Option<&'a RawValue>,
    }
    fn read<T: serde::de::DeserializeOwned>(raw: Option<&RawValue>) -> Option<T> {
        serde_json::from_str(raw?.get()).ok()
    }
    let event: Payload<'_> = line.payload()?;
    let Some(mut items) = read::<Option<Vec<ResponseItem>>>(event.replacement_history).flatten() else {
        return Some(Compacted::Summary(event.message));
    };
    let notes = read::<Vec<Noted>>(event.replacement_history_metadata).unwrap_or_default();
    for (item, noted) in items.iter_mut().zip(notes) {
        if noted.retain_across_windows && message_origin::is_handed_in(item) {
            message_origin::retain(item);
        }
    }
    let window = || {
        let id: String = read(event.window_id)?;
        Some(ContextWindow {
            number: read(event.window_number)?,
            previous_id: read(event.previous_window_id),
            first_id: read(event.first_window_id).unwrap_or_else(|| id.clone()),
            id,
        })
    };
    Some(Compacted::Replaced(items, window()))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use serde_json::{Value, json};

    use super::*;
    use crate::ThreadId;
    use crate::history::read::chain::FindRollouts;
    use crate::model::{ContentItem, KnownItem};

    struct Alone;

    impl FindRollouts for Alone {
        fn rollouts(&self, _: uuid::Uuid) -> Vec<PathBuf> {
            Vec::new()
        }
    }

    /// What the model is told of a file with these lines.
    fn told(lines: &[(&str, Value)]) -> Vec<String> {
        restored(lines, ReadLimit::for_window(100_000)).0
    }

    /// The same, and all that is known of it.
    fn restored(lines: &[(&str, Value)], limit: ReadLimit) -> (Vec<String>, RestoredHistory) {
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
        let restored = model_history(&history, limit).expect("readable");
        (restored.items.iter().map(text).collect(), restored)
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
        pairing::close_calls(&mut stored, 0);
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

    #[test]
    fn a_compaction_tells_which_window_it_began() {
        let compacted = |members: Value| {
            let mut payload = json!({"message": "", "replacement_history": [user("sum").1]});
            if let (Value::Object(payload), Value::Object(members)) = (&mut payload, members) {
                payload.extend(members);
            }
            ("compacted", payload)
        };
        let whole = json!({"window_number": 3, "window_id": "w3", "previous_window_id": "w2", "first_window_id": "w0"});
        let limit = ReadLimit::for_window(100_000);
        let (_, found) = restored(&[compacted(whole), user("two")], limit);
        let window = found.window.expect("a window");
        assert_eq!((window.number, &*window.id, &*window.first_id), (3, "w3", "w0"));
        assert_eq!(window.previous_id.as_deref(), Some("w2"));
        assert_eq!((found.replaced, found.items.len()), (1, 2));
        for odd in [
            json!({}),
            json!({"window_number": -1, "window_id": "w"}),
            json!({"window_number": 1, "window_id": {}}),
            json!({"window_number": null, "window_id": null}),
        ] {
            let (told, found) = restored(&[compacted(odd)], limit);
            assert_eq!((told, found.window), (vec!["sum".to_owned()], None));
        }
    }

    #[test]
    fn no_more_is_read_than_a_window_holds() {
        let lines: Vec<_> = (0..200)
            .map(|number| user(&format!("{number} {}", "x".repeat(4_000))))
            .collect();
        let (told, all) = restored(&lines, ReadLimit::for_window(200_000));
        assert_eq!((told.len(), all.cut), (200, false), "an estimate may be too high");
        let (told, part) = restored(&lines, ReadLimit::for_window(50_000));
        assert!(part.cut);
        assert!(ItemSize::of_all(&part.items).tokens() <= 45_000);
        assert!(told.len() > 40, "{}", told.len());
        assert!(told.last().is_some_and(|text| text.starts_with("199 ")));
        let (told, _) = restored(&[user(&"y".repeat(1 << 20))], ReadLimit::for_window(0));
        assert_eq!(told.len(), 1, "the newest item is always there");
    }
}
