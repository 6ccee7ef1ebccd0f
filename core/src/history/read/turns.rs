//! From lines to turns and items (docs/contract/storage.md#lines).

use serde::Deserialize;
use serde_json::value::RawValue;

use super::turn_assigner::{LineItem, Numbering, TurnAssigner, TurnAssignment, TurnHead};
use crate::history::rollout::codec::error::FileError;
use crate::history::rollout::codec::item;
use crate::history::rollout::legacy;
use crate::history::rollout::legacy::LegacyItem;
use crate::history::rollout::line::{EventKind, Kind, Line};
use crate::history::rollout::meta::lenient;
use crate::{HistoryMode, Item, ItemBody, ItemsView, MessagePhase, Turn, TurnStatus};

/// A turn with its place in the history.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PlacedTurn {
    /// Ordinal of its first line; the line's number in legacy files.
    pub(crate) ordinal: u64,
    /// The turn with all items.
    pub(crate) turn: Turn,
    /// Ordinals of the items' lines.
    pub(crate) item_ordinals: Vec<u64>,
    numbering: Numbering,
}

/// Builds turns from lines that come in their order.
pub(crate) struct Projector {
    assigner: TurnAssigner,
    turns: Vec<PlacedTurn>,
}

impl Projector {
    /// From the beginning of a history.
    pub(crate) fn new(mode: HistoryMode) -> Self {
        Self {
            assigner: TurnAssigner::new(mode),
            turns: Vec::new(),
        }
    }

    /// From the beginning of a turn in the middle of a paginated history: items of others are dropped.
    pub(crate) fn partial() -> Self {
        Self::over(Vec::new())
    }

    /// Goes on with turns that are there already; items of others are dropped.
    pub(crate) fn over(turns: Vec<PlacedTurn>) -> Self {
        let mut assigner = TurnAssigner::partial();
        for placed in &turns {
            assigner.open(placed.ordinal, placed.turn.id.clone(), false);
        }
        Self { assigner, turns }
    }

    /// A turn has begun, somewhere before.
    pub(crate) fn begin(&mut self, id: &str) {
        self.assigner.open(0, id.to_owned(), false);
    }

    /// Takes the next line; `number` is its number in the history.
    pub(crate) fn take(&mut self, number: u64, line: &Line<'_>) {
        let sorted = self.assigner.sort(number, line);
        let heads = self.assigner.turns();
        match sorted {
            TurnAssignment::Nowhere => {}
            TurnAssignment::TakenBack(left) => self.turns.truncate(left),
            TurnAssignment::Turn { index, numbered } => {
                let known = self.turns.len();
                self.turns.extend(heads.iter().skip(known).map(PlacedTurn::begin));
                self.turns[index].take(number, line, numbered);
            }
        }
    }

    /// The turns. What has no end was interrupted.
    pub(crate) fn finish(self) -> Vec<PlacedTurn> {
        self.turns
    }
}

impl PlacedTurn {
    /// A turn of which nothing is known but its beginning.
    pub(crate) fn begin(head: &TurnHead) -> Self {
        Self {
            ordinal: head.ordinal,
            turn: Turn {
                id: head.id.clone(),
                root_turn_id: None,
                status: if head.implicit {
                    TurnStatus::Completed
                } else {
                    TurnStatus::Interrupted
                },
                items: Vec::new(),
                items_view: ItemsView::Full,
                error: None,
                started_at: None,
                completed_at: None,
                duration_ms: None,
            },
            item_ordinals: Vec::new(),
            numbering: Numbering::default(),
        }
    }

    /// Takes a line that belongs to the turn. `number` is its number in the history, `numbered` the number of numbered
    /// items before it. `true`: the line tells a numbered item.
    pub(crate) fn take(&mut self, number: u64, line: &Line<'_>, numbered: usize) -> bool {
        let Kind::Event(kind) = line.kind else {
            return false;
        };
        let place = line.ordinal.unwrap_or(number);
        let told = self.numbering.step(kind);
        match kind {
            EventKind::TaskStarted => self.started(line),
            EventKind::TaskComplete => self.complete(line),
            EventKind::TurnAborted => self.aborted(line),
            EventKind::ItemCompleted => {
                if let Some((turn_id, item)) = completed_item(line)
                    && turn_id == self.turn.id
                {
                    self.push(place, item);
                }
            }
            other => {
                if let Some(item) = legacy::item(other, line) {
                    self.legacy_item(place, item, told, numbered);
                }
            }
        }
        told == LineItem::Numbered
    }

    fn started(&mut self, line: &Line<'_>) {
        #[derive(Deserialize)]
        struct Started {
            #[serde(default, deserialize_with = "lenient")]
            root_turn_id: Option<String>,
            #[serde(default, deserialize_with = "lenient")]
            started_at: Option<i64>,
        }
        if let Some(event) = line.payload::<Started>() {
            self.turn.root_turn_id = event.root_turn_id;
            self.turn.started_at = event.started_at;
        }
    }

    fn complete(&mut self, line: &Line<'_>) {
        #[derive(Deserialize)]
        struct Complete<'a> {
            #[serde(default, deserialize_with = "lenient")]
            root_turn_id: Option<String>,
            #[serde(borrow, default)]
            error: Option<&'a RawValue>,
            #[serde(default, deserialize_with = "lenient")]
            started_at: Option<i64>,
            #[serde(default, deserialize_with = "lenient")]
            completed_at: Option<i64>,
            #[serde(default, deserialize_with = "lenient")]
            duration_ms: Option<i64>,
        }
        let Some(event) = line.payload::<Complete<'_>>() else {
            return;
        };
        let turn = &mut self.turn;
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
            #[serde(default, deserialize_with = "lenient")]
            started_at: Option<i64>,
            #[serde(default, deserialize_with = "lenient")]
            completed_at: Option<i64>,
            #[serde(default, deserialize_with = "lenient")]
            duration_ms: Option<i64>,
        }
        if let Some(event) = line.payload::<Aborted>() {
            let turn = &mut self.turn;
            turn.status = TurnStatus::Interrupted;
            turn.started_at = turn.started_at.or(event.started_at);
            turn.completed_at = event.completed_at;
            turn.duration_ms = event.duration_ms;
        }
    }

    /// An item that comes twice is told anew.
    fn push(&mut self, place: u64, item: Item) {
        if let Some(old) = self.turn.items.iter_mut().find(|old| old.id == item.id) {
            *old = item;
            return;
        }
        self.turn.items.push(item);
        self.item_ordinals.push(place);
    }

    fn legacy_item(&mut self, place: u64, item: LegacyItem, told: LineItem, numbered: usize) {
        let last = self.turn.items.last_mut().map(|item| &mut item.body);
        let last = last.filter(|_| told == LineItem::More);
        let (id, body) = match (item, last) {
            (LegacyItem::Summary(text), Some(ItemBody::Reasoning { summary, .. })) => {
                return summary.push(text);
            }
            (LegacyItem::Content(text), Some(ItemBody::Reasoning { content, .. })) => {
                return content.push(text);
            }
            (LegacyItem::Named(id, body), _) => (Some(id), body),
            (LegacyItem::Numbered(body), _) => (None, body),
            (LegacyItem::Summary(text), _) => (None, reasoning(vec![text], Vec::new())),
            (LegacyItem::Content(text), _) => (None, reasoning(Vec::new(), vec![text])),
        };
        let item = Item {
            id: id.unwrap_or_else(|| format!("item-{}", numbered + usize::from(told == LineItem::Numbered))),
            started_at_ms: None,
            completed_at_ms: None,
            body,
        };
        self.push(place, item);
    }
}

fn reasoning(summary: Vec<String>, content: Vec<String>) -> ItemBody {
    ItemBody::Reasoning { summary, content }
}

/// The item that an `item_completed` event tells, with its turn.
pub(crate) fn completed_item(line: &Line<'_>) -> Option<(String, Item)> {
    #[derive(Deserialize)]
    #[expect(clippy::struct_field_names, reason = "names of the format")]
    struct Completed<'a> {
        turn_id: String,
        #[serde(borrow)]
        item: &'a RawValue,
        #[serde(default, deserialize_with = "lenient")]
        started_at_ms: Option<i64>,
        #[serde(default, deserialize_with = "lenient")]
        completed_at_ms: Option<i64>,
    }
    let event: Completed<'_> = line.payload()?;
    let item = Item {
        started_at_ms: event.started_at_ms,
        completed_at_ms: event.completed_at_ms,
        ..item::decode(event.item.get())?
    };
    Some((event.turn_id, item))
}

/// Leaves of a turn's items what the view shows: of a summary the first user message and the answer.
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
            let agent = answer(&turn.items);
            let mut index = 0;
            turn.items.retain(|_| {
                index += 1;
                Some(index - 1) == user || Some(index - 1) == agent
            });
            placed.item_ordinals.clear();
        }
    }
}

/// Which item of a turn is its answer: the last message that says so, else the last one that is no commentary.
fn answer(items: &[Item]) -> Option<usize> {
    let is_final = |item: &Item| {
        matches!(
            item.body,
            ItemBody::AgentMessage {
                phase: Some(MessagePhase::FinalAnswer),
                delivery: None,
                ..
            }
        )
    };
    let may_be = |item: &Item| matches!(&item.body, ItemBody::AgentMessage { phase, .. } if *phase != Some(MessagePhase::Commentary));
    let last = items.iter().rposition(is_final);
    last.or_else(|| items.iter().rposition(may_be))
}
