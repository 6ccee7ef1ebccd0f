//! Which output item of a response an event is about.
//!
//! Several items may be open at once. Servers name them by `output_index` and by `item_id`; gateways leave out either,
//! or both, change an identifier between the beginning and the end of an item, use one twice, or tell an item twice.
//! Here each item gets a number, in the order in which they begin.

use super::fingerprint;
use super::{KnownItem, ModelError, ResponseItem};
use crate::ErrorKind;

/// Most items that one response may have.
const MAX_ITEMS: usize = 4096;
/// Most bytes that are kept of calls and texts whose end has not come.
pub(super) const MAX_KEPT: usize = 64 << 20;

/// What an event says of the item that it is about.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Address<'a> {
    pub(super) index: Option<i64>,
    /// Empty if it has none.
    pub(super) id: &'a str,
}

/// Kinds of items as far as events differ by them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Message,
    Reasoning,
    WebSearch,
    FunctionCall,
    CustomToolCall,
    Other,
}

/// An output item as far as it has come.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) kind: Kind,
    index: Option<i64>,
    id: String,
    call_id: String,
    pub(super) open: bool,
    /// What it consists of, once it is complete.
    content: u64,
    /// As it was announced, while a call is open.
    pub(super) announced: Option<ResponseItem>,
    /// Text has been given out.
    pub(super) streamed: bool,
    /// The input of an open call; the text of an open message that has been told in whole parts only.
    pub(super) held: String,
    /// Part of the message that `held` ends with.
    held_part: Option<i64>,
}

/// The output items of one response.
#[derive(Debug, Default)]
pub(super) struct OutputItems {
    entries: Vec<Entry>,
    /// Where the last delta went: the next one nearly always goes there too.
    last: usize,
    /// Bytes in `held` of all entries.
    kept: usize,
}

impl Kind {
    pub(super) fn of(item: &ResponseItem) -> Self {
        match item {
            ResponseItem::Known(KnownItem::Message { .. }) => Self::Message,
            ResponseItem::Known(KnownItem::Reasoning { .. }) => Self::Reasoning,
            ResponseItem::Known(KnownItem::WebSearchCall { .. }) => Self::WebSearch,
            ResponseItem::Known(KnownItem::FunctionCall { .. }) => Self::FunctionCall,
            ResponseItem::Known(KnownItem::CustomToolCall { .. }) => Self::CustomToolCall,
            _ => Self::Other,
        }
    }

    fn is_call(self) -> bool {
        matches!(self, Self::FunctionCall | Self::CustomToolCall)
    }
}

impl Entry {
    fn is_at(&self, index: Option<i64>) -> bool {
        index.is_some() && self.index == index
    }

    /// Nothing known of the indices says that it is another item.
    fn may_be_at(&self, index: Option<i64>) -> bool {
        index.is_none() || self.index.is_none() || self.index == index
    }

    fn has_id(&self, id: &str) -> bool {
        !id.is_empty() && self.id == id
    }

    fn has_call_id(&self, call_id: &str) -> bool {
        !call_id.is_empty() && self.call_id == call_id
    }
}

impl OutputItems {
    /// All items, by their numbers.
    pub(super) fn entries(&mut self) -> &mut [Entry] {
        &mut self.entries
    }

    pub(super) fn any_open(&self) -> bool {
        self.entries.iter().any(|entry| entry.open)
    }

    /// Items that are complete.
    pub(super) fn done_count(&self) -> usize {
        self.entries.iter().filter(|entry| !entry.open).count()
    }

    /// The open item of this kind that a delta belongs to.
    pub(super) fn of_delta(&mut self, kind: Kind, at: Address<'_>) -> Option<usize> {
        if let Some(entry) = self.entries.get(self.last)
            && entry.open
            && entry.kind == kind
            && entry.id == at.id
            && entry.may_be_at(at.index)
        {
            return Some(self.last);
        }
        let open = || {
            let all = self.entries.iter().enumerate().rev();
            all.filter(|(_, entry)| entry.open && entry.kind == kind)
        };
        let found = open()
            .find(|(_, entry)| entry.has_id(at.id) && entry.may_be_at(at.index))
            .or_else(|| open().find(|(_, entry)| entry.is_at(at.index)))
            .or_else(|| open().find(|(_, entry)| entry.has_id(at.id)))
            .or_else(|| {
                // A delta that comes too late belongs to nobody.
                if self.entries.iter().any(|entry| entry.has_id(at.id)) {
                    return None;
                }
                let mut all = open();
                open()
                    .find(|(_, entry)| entry.may_be_at(at.index))
                    .or_else(|| all.next().filter(|_| all.next().is_none()))
            })
            .map(|(number, _)| number)?;
        self.last = found;
        Some(found)
    }

    /// An item begins. `None`: it has been announced before.
    pub(super) fn begin(
        &mut self,
        at: Address<'_>,
        item: &mut ResponseItem,
    ) -> Result<Option<usize>, ModelError> {
        let kind = Kind::of(item);
        let known = self.entries.iter().any(|entry| {
            let same_id = entry.has_id(at.id) && entry.may_be_at(at.index);
            let same_place = entry.is_at(at.index) && (entry.id.is_empty() || at.id.is_empty());
            entry.open && entry.kind == kind && (same_id || same_place)
        });
        if known {
            return Ok(None);
        }
        let number = self.insert(at, item)?;
        if kind.is_call() {
            self.entries[number].announced = Some(item.clone());
        }
        Ok(Some(number))
    }

    /// An item is complete. `None`: it was before, and this is the same again.
    pub(super) fn end(
        &mut self,
        at: Address<'_>,
        item: &mut ResponseItem,
    ) -> Result<Option<usize>, ModelError> {
        let kind = Kind::of(item);
        let content = fingerprint::hash(item);
        let open = self.open_one(kind, at, call_id(item));
        let again = self.entries.iter().any(|entry| {
            let named = entry.has_id(at.id) || entry.has_call_id(call_id(item)) || entry.is_at(at.index);
            let other_id = !at.id.is_empty() && !entry.id.is_empty() && entry.id != at.id;
            let same = entry.kind == kind && entry.content == content && named;
            !entry.open && same && !other_id && entry.may_be_at(at.index)
        });
        if again && (kind.is_call() || open.is_none()) {
            if let Some(open) = open {
                self.close(open, content);
            }
            return Ok(None);
        }
        let number = match open {
            Some(number) => {
                self.entries[number].call_id = String::new();
                let used = self.with_unique_call_id(item);
                self.entries[number].call_id = used;
                number
            }
            None => self.insert(at, item)?,
        };
        self.close(number, content);
        Ok(Some(number))
    }

    /// Whether one of the complete items is this one of the list at the response's end. `taken` marks those that have
    /// been found to be another one of the list. The passes go from what is certain (0) to what is likely (3).
    pub(super) fn is_complete(
        &self,
        taken: &mut [bool],
        pass: usize,
        index: usize,
        item: &ResponseItem,
    ) -> bool {
        let kind = Kind::of(item);
        let content = fingerprint::hash(item);
        let position = i64::try_from(index).ok();
        let found = self.entries.iter().zip(taken.iter()).position(|(entry, taken)| {
            !taken
                && !entry.open
                && entry.kind == kind
                && match pass {
                    0 => {
                        let id = item_id(item).unwrap_or_default();
                        entry.has_id(id) || entry.has_call_id(call_id(item))
                    }
                    1 => entry.content == content,
                    2 => entry.is_at(position),
                    _ => true,
                }
        });
        if let Some(taken) = found.and_then(|found| taken.get_mut(found)) {
            *taken = true;
        }
        found.is_some()
    }

    /// Keeps more of the input of a call, or of a message's text. `part` is the part of the message.
    pub(super) fn hold(&mut self, number: usize, text: &str) -> Result<(), ModelError> {
        self.kept += text.len();
        if self.kept > MAX_KEPT {
            return Err(too_much(&format!("more than {} MiB of calls", MAX_KEPT >> 20)));
        }
        if let Some(entry) = self.entries.get_mut(number) {
            entry.held.push_str(text);
        }
        Ok(())
    }

    /// The whole input of a call has come.
    pub(super) fn hold_all(&mut self, number: usize, text: &str) -> Result<(), ModelError> {
        if let Some(entry) = self.entries.get_mut(number) {
            self.kept -= entry.held.len();
            entry.held.clear();
        }
        self.hold(number, text)
    }

    /// A whole part of a message has come, perhaps once more.
    pub(super) fn hold_part(
        &mut self,
        number: usize,
        part: Option<i64>,
        text: &str,
    ) -> Result<(), ModelError> {
        match self.entries.get_mut(number) {
            Some(entry) if !entry.streamed && (entry.held.is_empty() || entry.held_part < part) => {
                entry.held_part = part;
                self.hold(number, text)
            }
            _ => Ok(()),
        }
    }

    /// The open item that a complete one was announced as.
    fn open_one(&self, kind: Kind, at: Address<'_>, call_id: &str) -> Option<usize> {
        let open = || {
            let all = self.entries.iter().enumerate();
            all.filter(|(_, entry)| entry.open && entry.kind == kind)
        };
        let other_call =
            |entry: &Entry| !call_id.is_empty() && !entry.call_id.is_empty() && entry.call_id != call_id;
        let mut rest = open().filter(|(_, entry)| !other_call(entry) && entry.may_be_at(at.index));
        open()
            .find(|(_, entry)| entry.has_id(at.id) && entry.may_be_at(at.index) && !other_call(entry))
            .or_else(|| open().find(|(_, entry)| entry.has_call_id(call_id)))
            .or_else(|| open().find(|(_, entry)| entry.is_at(at.index) && !other_call(entry)))
            .or_else(|| open().find(|(_, entry)| entry.has_id(at.id) && !other_call(entry)))
            .or_else(|| rest.next().filter(|_| rest.next().is_none()))
            .map(|(number, _)| number)
    }

    fn close(&mut self, number: usize, content: u64) {
        let entry = &mut self.entries[number];
        entry.open = false;
        entry.content = content;
        entry.announced = None;
        self.kept -= entry.held.len();
        entry.held = String::new();
    }

    fn insert(&mut self, at: Address<'_>, item: &mut ResponseItem) -> Result<usize, ModelError> {
        if self.entries.len() == MAX_ITEMS {
            return Err(too_much(&format!("more than {MAX_ITEMS} items")));
        }
        let call_id = self.with_unique_call_id(item);
        self.entries.push(Entry {
            kind: Kind::of(item),
            index: at.index,
            id: at.id.to_owned(),
            call_id,
            open: true,
            content: 0,
            announced: None,
            streamed: false,
            held: String::new(),
            held_part: None,
        });
        Ok(self.entries.len() - 1)
    }

    /// Gives a call an identifier that no other one of the response has: outputs and questions refer to it. Returns the
    /// one that the server gave.
    fn with_unique_call_id(&self, item: &mut ResponseItem) -> String {
        let given = call_id(item).to_owned();
        let ResponseItem::Known(
            KnownItem::FunctionCall { call_id, .. } | KnownItem::CustomToolCall { call_id, .. },
        ) = item
        else {
            return given;
        };
        let same = self
            .entries
            .iter()
            .filter(|entry| entry.has_call_id(&given))
            .count();
        if same > 0 {
            *call_id = format!("{given}_{}", same + 1);
        }
        given
    }
}

/// The identifier of an item.
pub(super) fn item_id(item: &ResponseItem) -> Option<&str> {
    match item {
        ResponseItem::Known(
            KnownItem::Message { id, .. }
            | KnownItem::Reasoning { id, .. }
            | KnownItem::FunctionCall { id, .. }
            | KnownItem::FunctionCallOutput { id, .. }
            | KnownItem::CustomToolCall { id, .. }
            | KnownItem::CustomToolCallOutput { id, .. }
            | KnownItem::WebSearchCall { id, .. },
        ) => id.as_deref(),
        ResponseItem::Other(value) => value["id"].as_str(),
    }
}

fn call_id(item: &ResponseItem) -> &str {
    match item {
        ResponseItem::Known(
            KnownItem::FunctionCall { call_id, .. } | KnownItem::CustomToolCall { call_id, .. },
        ) => call_id,
        _ => "",
    }
}

pub(super) fn too_much(what: &str) -> ModelError {
    ModelError::terminal(
        ErrorKind::Other,
        format!("the model server sent {what} in one response; the rest was not taken"),
    )
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn at(index: impl Into<Option<i64>>, id: &str) -> Address<'_> {
        Address {
            index: index.into(),
            id,
        }
    }

    fn message(id: &str, text: &str) -> ResponseItem {
        ResponseItem::from(json!({"type": "message", "role": "assistant", "id": id, "content": text}))
    }

    #[expect(
        clippy::needless_pass_by_value,
        reason = "tests give it what they have just made"
    )]
    fn call(call_id: &str, arguments: Value) -> ResponseItem {
        ResponseItem::from(
            json!({"type": "function_call", "call_id": call_id, "name": "n", "arguments": arguments}),
        )
    }

    fn begin(items: &mut OutputItems, at: Address<'_>) -> Option<usize> {
        items.begin(at, &mut message(at.id, "")).unwrap()
    }

    fn end(items: &mut OutputItems, at: Address<'_>, mut item: ResponseItem) -> Option<usize> {
        items.end(at, &mut item).unwrap()
    }

    #[test]
    fn items_that_overlap_are_told_apart_by_either_name() {
        for (a, b) in [
            (at(0, "a"), at(1, "b")),
            (at(None, "a"), at(None, "b")),
            (at(0, ""), at(1, "")),
            (at(0, "same"), at(1, "same")),
        ] {
            let mut items = OutputItems::default();
            assert_eq!(begin(&mut items, a), Some(0));
            assert_eq!(begin(&mut items, b), Some(1));
            assert_eq!(begin(&mut items, a), None, "announced twice");
            assert_eq!(items.of_delta(Kind::Message, a), Some(0));
            assert_eq!(items.of_delta(Kind::Message, b), Some(1));
            assert_eq!(items.of_delta(Kind::Reasoning, a), None);
            assert_eq!(end(&mut items, b, message(b.id, "two")), Some(1));
            assert_eq!(items.of_delta(Kind::Message, a), Some(0));
            assert_eq!(end(&mut items, a, message(a.id, "one")), Some(0));
            assert!(!items.any_open());
        }
    }

    #[test]
    fn an_identifier_may_change_on_the_way() {
        let mut items = OutputItems::default();
        assert_eq!(begin(&mut items, at(0, "a")), Some(0));
        assert_eq!(items.of_delta(Kind::Message, at(0, "b")), Some(0));
        assert_eq!(items.of_delta(Kind::Message, at(None, "b")), Some(0));
        assert_eq!(end(&mut items, at(0, "c"), message("c", "x")), Some(0));
        assert_eq!(begin(&mut items, at(None, "a2")), Some(1));
        assert_eq!(end(&mut items, at(None, "c2"), message("c2", "y")), Some(1));
        assert_eq!(items.of_delta(Kind::Message, at(None, "a2")), None, "too late");
    }

    #[test]
    fn what_is_told_twice_counts_once() {
        let mut items = OutputItems::default();
        assert_eq!(end(&mut items, at(0, "a"), message("a", "x")), Some(0));
        assert_eq!(end(&mut items, at(0, "a"), message("a", "x")), None);
        assert_eq!(
            end(&mut items, at(0, "a"), message("a", "more")),
            Some(1),
            "not the same"
        );
        assert_eq!(end(&mut items, at(None, ""), call("c", json!({}))), Some(2));
        assert_eq!(end(&mut items, at(None, ""), call("c", json!({}))), None);
    }

    #[test]
    fn calls_with_one_identifier_get_one_each() {
        let mut items = OutputItems::default();
        let mut first = call("c", json!({"a": 1}));
        let mut second = call("c", json!({"a": 2}));
        assert_eq!(items.end(at(0, ""), &mut first).unwrap(), Some(0));
        assert_eq!(items.end(at(1, ""), &mut second).unwrap(), Some(1));
        assert_eq!((call_id(&first), call_id(&second)), ("c", "c_2"));
    }

    #[test]
    fn the_number_of_items_is_bounded() {
        let mut items = OutputItems::default();
        for _ in 0..MAX_ITEMS {
            items.begin(at(None, ""), &mut call("", json!({}))).unwrap();
        }
        assert!(items.begin(at(None, ""), &mut call("", json!({}))).is_err());
    }
}
