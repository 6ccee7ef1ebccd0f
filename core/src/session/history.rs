//! What the model has been told and has said, in memory.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::exec::{OutputLimit, cut_output};
use crate::history::{Entry, LoadHistory, ReadLimit, ThreadLog};
use crate::model::item_size::ItemSize;
use crate::model::{ContentItem, ContextWindow, Extra, KnownItem, ResponseItem, message_origin, pairing};
use crate::outbox::Outbox;
use crate::{Event, TokenUsage, ToolOutput, new_id};

/// The Responses items of a thread, oldest first. Between two compactions it only grows at its end, so that the input of
/// each request starts with the input of the one before: servers cache that prefix.
#[derive(Default)]
pub(crate) struct ModelHistory {
    /// What was before, until it is needed.
    stored: Option<LoadHistory>,
    items: Vec<ResponseItem>,
    /// Calls before this index have their outputs.
    checked: usize,
    /// Items before this index come from a compaction.
    replaced: usize,
    /// Of all items.
    size: ItemSize,
    /// Of those that came in since a server has counted them.
    uncounted: ItemSize,
    log: ThreadLog,
    /// What the model gets of the output of a tool.
    limit: OutputLimit,
    /// Who hears of every item.
    raw: Option<RawEvents>,
}

/// What became of reading a history.
pub(crate) struct LoadedHistory {
    /// The window in which it ends.
    pub(crate) window: Option<ContextWindow>,
    /// Its oldest part is missing, and with it what the model was told at first.
    pub(crate) cut: bool,
    /// For the user.
    pub(crate) warning: Option<String>,
}

/// Tells a client what the model's history consists of.
struct RawEvents {
    outbox: Outbox,
    /// Empty between turns.
    turn_id: Arc<str>,
}

impl ModelHistory {
    /// An empty history that writes what it is given into the thread's log.
    pub(crate) fn new(log: ThreadLog) -> Self {
        Self {
            stored: None,
            items: Vec::new(),
            checked: 0,
            replaced: 0,
            size: ItemSize::default(),
            uncounted: ItemSize::default(),
            log,
            limit: OutputLimit::default(),
            raw: None,
        }
    }

    /// A history that goes on.
    pub(crate) fn resumed(log: ThreadLog, stored: LoadHistory) -> Self {
        Self {
            stored: Some(stored),
            ..Self::new(log)
        }
    }

    /// Reads what was before, if that has not been done, as far as a window of so many tokens may hold it: must come
    /// before anything is added.
    pub(crate) async fn load(&mut self, window: i64) -> Option<LoadedHistory> {
        let load = self.stored.take()?;
        Some(match load(ReadLimit::for_window(window)).await {
            Ok(restored) => {
                self.checked = restored.items.len();
                self.replaced = restored.replaced;
                self.size = ItemSize::of_all(&restored.items);
                self.items = restored.items;
                LoadedHistory {
                    window: restored.window,
                    cut: restored.cut,
                    warning: None,
                }
            }
            Err(error) => LoadedHistory {
                window: None,
                cut: true,
                warning: Some(format!(
                    "What was said before in this thread can't be read, and the model won't know of it: {error}"
                )),
            },
        })
    }

    /// From now on, every item and response is told.
    pub(crate) fn tell_raw_events(&mut self, outbox: Outbox) {
        let turn_id = "".into();
        self.raw = Some(RawEvents { outbox, turn_id });
    }

    /// Tells an item that a server has sent and that does not become a part of the history.
    pub(crate) fn tell_aside(&self, item: &ResponseItem) {
        if let Some(raw) = &self.raw {
            raw.outbox.emit(Event::RawItem {
                turn_id: Arc::clone(&raw.turn_id),
                item: Box::new(item.clone()),
            });
        }
    }

    /// What comes now belongs to this turn.
    pub(crate) fn turn_began(&mut self, turn_id: &Arc<str>) {
        if let Some(raw) = &mut self.raw {
            raw.turn_id = Arc::clone(turn_id);
        }
    }

    /// What comes now belongs to no turn.
    pub(crate) fn turn_ended(&mut self) {
        self.turn_began(&"".into());
    }

    /// A response is complete. Its counts include all items so far.
    pub(crate) fn response_completed(&mut self, id: &str, usage: Option<TokenUsage>, as_sent: Option<Value>) {
        if usage.is_some() {
            self.uncounted = ItemSize::default();
        }
        if let Some(raw) = &self.raw {
            raw.outbox.emit(Event::RawResponse {
                turn_id: Arc::clone(&raw.turn_id),
                response_id: id.to_owned(),
                usage,
                usage_as_sent: as_sent,
            });
        }
    }

    /// Sets the limit of outputs; the history keeps those that are up to a fifth longer.
    pub(crate) fn limit_outputs(&mut self, limit: OutputLimit) {
        self.limit = limit;
    }

    /// Adds items in order. Those without an identifier get one where they need it.
    pub(crate) fn push(&mut self, items: impl IntoIterator<Item = ResponseItem>) {
        let first = self.items.len();
        let max_output = self.limit.in_history();
        let mut told = Vec::new();
        for item in items {
            let original = self.raw.is_some().then(|| item.clone());
            let item = finish(item, max_output);
            told.extend(original.map(|original| as_told(original, &item)));
            let size = ItemSize::of(&item);
            self.size += size;
            self.uncounted += size;
            self.items.push(item);
        }
        let entries: Vec<_> = self.items[first..].iter().cloned().map(Entry::Response).collect();
        if !entries.is_empty() {
            self.log.append(entries);
        }
        if let Some(raw) = &self.raw {
            for item in told {
                raw.outbox.emit(Event::RawItem {
                    turn_id: Arc::clone(&raw.turn_id),
                    item: Box::new(item),
                });
            }
        }
    }

    /// Adds the output of a tool that the client ran: there was no call of the model, so it is told by the tool's name.
    pub(crate) fn push_tool_output(&mut self, id: &str, handed_in: ToolOutput) {
        let ToolOutput {
            name,
            namespace,
            mut output,
            retain,
        } = handed_in;
        cut_output(&mut output, self.limit.bytes());
        let mut item = json!({"type": "function_call_output", "id": id, "name": name, "output": output});
        if let Some(namespace) = namespace {
            item["namespace"] = namespace.into();
        }
        let mut item = ResponseItem::Other(item);
        if retain {
            message_origin::retain(&mut item);
        }
        self.push([item]);
    }

    /// Gives the items away for the time of a request, which needs them as its own; [`ModelHistory::restore_items`] returns
    /// them. Saves a copy of the whole history per request. Every call has its output by then.
    pub(crate) fn take_items(&mut self) -> Vec<ResponseItem> {
        self.close_calls();
        std::mem::take(&mut self.items)
    }

    /// A copy that can be sent as it is, while a turn may go on: every call has an output.
    pub(crate) fn snapshot(&self) -> Vec<ResponseItem> {
        let mut items = self.items.clone();
        pairing::close_calls(&mut items, self.checked);
        items
    }

    /// See [`ModelHistory::take_items`].
    pub(crate) fn restore_items(&mut self, items: Vec<ResponseItem>) {
        self.items = items;
    }

    /// Answers calls that have no output, and forgets outputs of no call. The file has neither: whoever reads it does the
    /// same.
    pub(crate) fn close_calls(&mut self) {
        // There are none while they are lent.
        if self.items.len() < self.checked {
            return;
        }
        let added = pairing::close_calls(&mut self.items, self.checked);
        self.size += added;
        self.uncounted += added;
        self.checked = self.items.len();
    }

    /// Replaces everything. Gives the items as they are now, for the log: they are not written.
    pub(crate) fn replace(&mut self, items: Vec<ResponseItem>) -> Vec<ResponseItem> {
        // Of what is replaced, outputs have been cut already.
        self.items = items.into_iter().map(|item| finish(item, usize::MAX)).collect();
        self.checked = self.items.len();
        self.replaced = self.items.len();
        self.size = ItemSize::of_all(&self.items);
        self.uncounted = ItemSize::default();
        self.items.clone()
    }

    /// All items; none while they are lent.
    pub(crate) fn items(&self) -> &[ResponseItem] {
        &self.items
    }

    /// Whether there is anything that a summary could be shorter than: what a model said or did. What users say and what
    /// surrounds it is kept anyway.
    pub(crate) fn has_work(&self) -> bool {
        self.items.iter().any(|item| match item {
            ResponseItem::Known(KnownItem::Message { role, .. }) => role == "assistant",
            ResponseItem::Known(_) => true,
            // Context of the client comes as the output of no call.
            ResponseItem::Other(value) => value["type"] != "function_call_output",
        })
    }

    /// How many of the first items come from a compaction.
    pub(crate) fn replaced(&self) -> usize {
        self.replaced
    }

    /// About how many tokens it has.
    pub(crate) fn tokens(&self) -> i64 {
        to_i64(self.size)
    }

    /// The same of what came in since the last response that had counts.
    pub(crate) fn uncounted_tokens(&self) -> i64 {
        to_i64(self.uncounted)
    }
}

fn to_i64(size: ItemSize) -> i64 {
    i64::try_from(size.tokens()).unwrap_or(i64::MAX)
}

/// A message with one text part per given text.
pub(crate) fn message(role: &str, texts: impl IntoIterator<Item = String>) -> ResponseItem {
    let content = texts.into_iter().map(ContentItem::input_text);
    ResponseItem::Known(KnownItem::Message {
        id: None,
        role: role.into(),
        content: content.collect(),
        phase: None,
        extra: Extra::new(),
    })
}

/// Gives items the identifiers that they are sent with, and cuts long outputs. What the model wrote and thought is
/// sent back without the server's identifier, its calls with it.
fn finish(mut item: ResponseItem, max_output: usize) -> ResponseItem {
    let ResponseItem::Known(known) = &mut item else {
        return item;
    };
    match known {
        KnownItem::Message { id, role, .. } if role != "assistant" => {
            id.get_or_insert_with(|| format!("msg_{}", new_id()));
        }
        KnownItem::FunctionCallOutput { id, output, .. } => {
            id.get_or_insert_with(|| format!("fco_{}", new_id()));
            cut_output(output, max_output);
        }
        KnownItem::CustomToolCallOutput { id, output, .. } => {
            id.get_or_insert_with(|| format!("ctco_{}", new_id()));
            cut_output(output, max_output);
        }
        KnownItem::FunctionCall { id, .. } => {
            id.get_or_insert_with(|| format!("fc_{}", new_id()));
        }
        KnownItem::CustomToolCall { id, .. } => {
            id.get_or_insert_with(|| format!("ctc_{}", new_id()));
        }
        KnownItem::Message { id, .. }
        | KnownItem::Reasoning { id, .. }
        | KnownItem::WebSearchCall { id, .. } => *id = None,
    }
    item
}

/// An item with the identifier that the server or we gave it, whichever there is.
fn as_told(original: ResponseItem, finished: &ResponseItem) -> ResponseItem {
    match finished {
        ResponseItem::Known(
            KnownItem::Message { id: None, .. }
            | KnownItem::Reasoning { id: None, .. }
            | KnownItem::WebSearchCall { id: None, .. },
        ) => original,
        finished => finished.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::FunctionOutput;

    fn call(call_id: &str) -> ResponseItem {
        ResponseItem::Known(KnownItem::FunctionCall {
            id: Some("fc_server".into()),
            name: "exec_command".into(),
            namespace: None,
            arguments: "{}".into(),
            call_id: call_id.into(),
            extra: Extra::new(),
        })
    }

    #[test]
    fn open_calls_are_answered_once_and_in_order() {
        let mut history = ModelHistory::default();
        let answer = pairing::output("b".into(), false, FunctionOutput::Text("done".into()));
        history.push([call("a"), call("b"), call("c"), answer]);
        history.close_calls();
        history.close_calls();
        let outputs: Vec<_> = history
            .items()
            .iter()
            .filter_map(|item| match item {
                ResponseItem::Known(KnownItem::FunctionCallOutput { call_id, output, .. }) => {
                    Some((call_id.as_str(), output.clone()))
                }
                _ => None,
            })
            .collect();
        let text = |text: &str| FunctionOutput::Text(text.into());
        assert_eq!(
            outputs,
            [
                ("a", text("aborted")),
                ("c", text("aborted")),
                ("b", text("done"))
            ]
        );
    }

    #[test]
    fn a_call_that_comes_again_has_its_own_output() {
        let mut history = ModelHistory::default();
        let answer = || pairing::output("a".into(), false, FunctionOutput::Text("done".into()));
        history.push([call("a"), answer(), call("a")]);
        let sent = history.take_items();
        assert_eq!(sent.len(), 4);
        assert!(
            matches!(&sent[3], ResponseItem::Known(KnownItem::FunctionCallOutput { output, .. })
            if *output == FunctionOutput::Text("aborted".into()))
        );
        history.restore_items(sent);
        history.push([answer()]);
        assert_eq!(
            history.take_items().len(),
            4,
            "an output that comes too late has no call"
        );
    }

    #[test]
    fn calls_keep_their_ids_and_our_messages_get_one() {
        let mut history = ModelHistory::default();
        let reasoning = ResponseItem::Known(KnownItem::Reasoning {
            id: Some("rs_server".into()),
            summary: Vec::new(),
            content: None,
            encrypted_content: None,
            extra: Extra::new(),
        });
        history.push([reasoning, call("a"), message("user", ["hi".to_owned()])]);
        match history.items() {
            [
                ResponseItem::Known(KnownItem::Reasoning { id: None, .. }),
                ResponseItem::Known(KnownItem::FunctionCall { id: Some(call), .. }),
                ResponseItem::Known(KnownItem::Message {
                    id: Some(message), ..
                }),
            ] => {
                assert_eq!(call, "fc_server");
                assert!(message.starts_with("msg_"));
            }
            other => panic!("{other:?}"),
        }
    }
}
