//! From lines to turns and items (threads-and-turns section 2.8).

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::error_codec::FileError;
use super::item_codec;
use super::legacy::{self, LegacyItem};
use super::line::{EventKind, Kind, Line};
use crate::{HistoryMode, Item, ItemBody, ItemsView, Turn, TurnStatus};

/// A turn with its place in the history.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PlacedTurn {
    /// Ordinal of its first line; the line's number in legacy files.
    pub(crate) ordinal: u64,
    /// The turn with all items.
    pub(crate) turn: Turn,
    /// Ordinals of the items' lines.
    pub(crate) item_ordinals: Vec<u64>,
}

/// Builds turns from lines that come in their order.
pub(crate) struct Projector {
    legacy: bool,
    /// Items of turns whose beginning was not seen are dropped.
    partial: bool,
    turns: Vec<PlacedTurn>,
    by_id: HashMap<String, usize>,
    /// The turn that items without a turn belong to.
    current: Option<Current>,
    /// Numbered items so far.
    count: usize,
}

#[derive(Clone, Copy)]
struct Current {
    index: usize,
    /// It began with a `task_started`, and ends by itself.
    explicit: bool,
}

impl Projector {
    /// From the beginning of a history.
    pub(crate) fn new(mode: HistoryMode) -> Self {
        Self {
            legacy: mode == HistoryMode::Legacy,
            partial: false,
            turns: Vec::new(),
            by_id: HashMap::new(),
            current: None,
            count: 0,
        }
    }

    /// From the beginning of a turn in the middle of a paginated history.
    pub(crate) fn partial() -> Self {
        Self {
            partial: true,
            ..Self::new(HistoryMode::Paginated)
        }
    }

    /// Goes on with turns that are there already; items of others are dropped.
    pub(crate) fn over(turns: Vec<PlacedTurn>) -> Self {
        let by_id = turns
            .iter()
            .enumerate()
            .map(|(n, placed)| (placed.turn.id.clone(), n))
            .collect();
        Self {
            turns,
            by_id,
            ..Self::partial()
        }
    }

    /// A turn has begun, somewhere before.
    pub(crate) fn begin(&mut self, id: &str) {
        self.open(0, id.to_owned(), TurnStatus::Interrupted);
    }

    /// Takes the next line; `number` is its number in the history.
    pub(crate) fn take(&mut self, number: u64, line: &Line<'_>) {
        let Kind::Event(kind) = line.kind else { return };
        let place = line.ordinal.unwrap_or(number);
        match kind {
            EventKind::TaskStarted => self.started(place, line),
            EventKind::TaskComplete => self.complete(line),
            EventKind::TurnAborted => self.aborted(line),
            EventKind::ItemCompleted => self.item(place, line),
            EventKind::RolledBack => self.rolled_back(line),
            other if self.legacy => {
                if let Some(item) = legacy::item(other, line) {
                    self.legacy_item(place, item);
                }
            }
            _ => {}
        }
    }

    /// The turns. What has no end was interrupted.
    pub(crate) fn finish(self) -> Vec<PlacedTurn> {
        self.turns
    }

    fn open(&mut self, place: u64, id: String, status: TurnStatus) -> usize {
        let index = self.turns.len();
        self.by_id.insert(id.clone(), index);
        self.turns.push(PlacedTurn {
            ordinal: place,
            turn: Turn {
                id,
                root_turn_id: None,
                status,
                items: Vec::new(),
                items_view: ItemsView::Full,
                error: None,
                started_at: None,
                completed_at: None,
                duration_ms: None,
            },
            item_ordinals: Vec::new(),
        });
        index
    }

    fn started(&mut self, place: u64, line: &Line<'_>) {
        #[derive(Deserialize)]
        #[expect(clippy::struct_field_names, reason = "names of the format")]
        struct Started {
            #[serde(default)]
            turn_id: Option<String>,
            #[serde(default)]
            root_turn_id: Option<String>,
            #[serde(default)]
            started_at: Option<i64>,
        }
        let Some(event) = line.payload::<Started>() else {
            return;
        };
        let id = event.turn_id.unwrap_or_else(|| format!("rollout-{place}"));
        let index = match self.by_id.get(&id) {
            Some(index) => *index,
            None => self.open(place, id, TurnStatus::Interrupted),
        };
        let turn = &mut self.turns[index].turn;
        turn.root_turn_id = event.root_turn_id;
        turn.started_at = event.started_at;
        self.current = Some(Current {
            index,
            explicit: true,
        });
    }

    fn complete(&mut self, line: &Line<'_>) {
        #[derive(Deserialize)]
        struct Complete<'a> {
            #[serde(default)]
            turn_id: Option<String>,
            #[serde(default)]
            root_turn_id: Option<String>,
            #[serde(borrow, default)]
            error: Option<&'a RawValue>,
            #[serde(default)]
            started_at: Option<i64>,
            #[serde(default)]
            completed_at: Option<i64>,
            #[serde(default)]
            duration_ms: Option<i64>,
        }
        let Some(event) = line.payload::<Complete<'_>>() else {
            return;
        };
        let Some(index) = self.ending(event.turn_id.as_deref()) else {
            return;
        };
        let turn = &mut self.turns[index].turn;
        turn.status = TurnStatus::Completed;
        if let Some(raw) = event.error
            && raw.get() != "null"
        {
            turn.status = TurnStatus::Failed;
            turn.error = serde_json::from_str::<FileError>(raw.get()).ok().map(Into::into);
        }
        turn.root_turn_id = turn.root_turn_id.take().or(event.root_turn_id);
        turn.started_at = turn.started_at.or(event.started_at);
        turn.completed_at = event.completed_at;
        turn.duration_ms = event.duration_ms;
    }

    fn aborted(&mut self, line: &Line<'_>) {
        #[derive(Deserialize)]
        struct Aborted {
            #[serde(default)]
            turn_id: Option<String>,
            #[serde(default)]
            started_at: Option<i64>,
            #[serde(default)]
            completed_at: Option<i64>,
            #[serde(default)]
            duration_ms: Option<i64>,
        }
        let Some(event) = line.payload::<Aborted>() else {
            return;
        };
        let Some(index) = self.ending(event.turn_id.as_deref()) else {
            return;
        };
        let turn = &mut self.turns[index].turn;
        turn.status = TurnStatus::Interrupted;
        turn.started_at = turn.started_at.or(event.started_at);
        turn.completed_at = event.completed_at;
        turn.duration_ms = event.duration_ms;
    }

    /// The turn that ends: the named one, or the current one where no name is given.
    fn ending(&mut self, id: Option<&str>) -> Option<usize> {
        let index = match id {
            Some(id) => self.by_id.get(id).copied(),
            None => self.current.map(|c| c.index),
        }?;
        if self.current.is_some_and(|c| c.index == index) {
            self.current = None;
        }
        Some(index)
    }

    fn item(&mut self, place: u64, line: &Line<'_>) {
        let Some((turn_id, item)) = completed_item(line) else {
            return;
        };
        let index = match self.by_id.get(&turn_id) {
            Some(index) => *index,
            None if self.partial => return,
            None => self.open(place, turn_id, TurnStatus::Interrupted),
        };
        self.push(index, place, item);
    }

    /// An item that comes twice is told anew.
    fn push(&mut self, index: usize, place: u64, item: Item) {
        let turn = &mut self.turns[index];
        if let Some(old) = turn.turn.items.iter_mut().find(|old| old.id == item.id) {
            *old = item;
            return;
        }
        self.count += usize::from(is_numbered(&item));
        turn.turn.items.push(item);
        turn.item_ordinals.push(place);
    }

    fn legacy_item(&mut self, place: u64, item: LegacyItem) {
        let opens = matches!(item, LegacyItem::Numbered(ItemBody::UserMessage { .. }));
        let index = match self.current {
            Some(current) if current.explicit || !opens => current.index,
            _ => {
                let index = self.open(place, format!("rollout-{place}"), TurnStatus::Completed);
                self.current = Some(Current {
                    index,
                    explicit: false,
                });
                index
            }
        };
        let next_id = format!("item-{}", self.count + 1);
        let last = self.turns[index].turn.items.last_mut().map(|item| &mut item.body);
        let (id, body) = match item {
            LegacyItem::Named(id, body) => (id, body),
            LegacyItem::Numbered(body) => (next_id, body),
            LegacyItem::Summary(text) => {
                if let Some(ItemBody::Reasoning { summary, .. }) = last {
                    summary.push(text);
                    return;
                }
                (
                    next_id,
                    ItemBody::Reasoning {
                        summary: vec![text],
                        content: Vec::new(),
                    },
                )
            }
            LegacyItem::Content(text) => {
                if let Some(ItemBody::Reasoning { content, .. }) = last {
                    content.push(text);
                    return;
                }
                (
                    next_id,
                    ItemBody::Reasoning {
                        summary: Vec::new(),
                        content: vec![text],
                    },
                )
            }
        };
        let item = Item {
            id,
            started_at_ms: None,
            completed_at_ms: None,
            body,
        };
        self.push(index, place, item);
    }

    fn rolled_back(&mut self, line: &Line<'_>) {
        #[derive(Deserialize)]
        struct RolledBack {
            num_turns: usize,
        }
        let Some(event) = line.payload::<RolledBack>() else {
            return;
        };
        let keep = self.turns.len().saturating_sub(event.num_turns);
        for dropped in self.turns.drain(keep..) {
            self.count -= dropped.turn.items.iter().filter(|item| is_numbered(item)).count();
            self.by_id.remove(&dropped.turn.id);
        }
        self.current = None;
    }
}

/// The item that an `item_completed` event tells, with its turn.
pub(crate) fn completed_item(line: &Line<'_>) -> Option<(String, Item)> {
    #[derive(Deserialize)]
    #[expect(clippy::struct_field_names, reason = "names of the format")]
    struct Completed<'a> {
        turn_id: String,
        #[serde(borrow)]
        item: &'a RawValue,
        #[serde(default)]
        started_at_ms: Option<i64>,
        #[serde(default)]
        completed_at_ms: Option<i64>,
    }
    let event: Completed<'_> = line.payload()?;
    let item = Item {
        started_at_ms: event.started_at_ms,
        completed_at_ms: event.completed_at_ms,
        ..item_codec::decode(event.item.get())?
    };
    Some((event.turn_id, item))
}

/// Whether a legacy item got its number from us.
fn is_numbered(item: &Item) -> bool {
    item.id.starts_with("item-")
}

/// Leaves of a turn's items what the view shows: of a summary the first user message and the last agent message.
pub(crate) fn reduce(placed: &mut PlacedTurn, view: ItemsView) {
    let turn = &mut placed.turn;
    turn.items_view = view;
    match view {
        ItemsView::Full => {}
        ItemsView::NotLoaded => {
            turn.items.clear();
            placed.item_ordinals.clear();
        }
        ItemsView::Summary => {
            let user = turn
                .items
                .iter()
                .position(|item| matches!(item.body, ItemBody::UserMessage { .. }));
            let agent = turn
                .items
                .iter()
                .rposition(|item| matches!(item.body, ItemBody::AgentMessage { .. }));
            let mut index = 0;
            turn.items.retain(|_| {
                index += 1;
                Some(index - 1) == user || Some(index - 1) == agent
            });
            placed.item_ordinals.clear();
        }
    }
}
