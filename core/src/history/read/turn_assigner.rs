//! Which turn a line belongs to, found out without reading items (docs/contract/threads.md#reading).

use std::collections::HashMap;

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use crate::HistoryMode;
use crate::history::rollout::line::{EventKind, Kind, Line};

/// Sorts lines, which come in their order, into turns. Can be put by and gone on with.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct TurnAssigner {
    legacy: bool,
    /// Items of turns whose beginning was not seen belong nowhere.
    partial: bool,
    turns: Vec<TurnHead>,
    #[serde(skip)]
    by_id: HashMap<String, usize>,
    /// The turn that items without a turn belong to.
    current: Option<Current>,
    /// Numbered items so far.
    numbered: usize,
}

/// A turn, as far as sorting tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "KeptHead", into = "KeptHead")]
pub(crate) struct TurnHead {
    pub(crate) id: String,
    /// Ordinal of its first line; the line's number in legacy files.
    pub(crate) ordinal: u64,
    /// A user's message began it, and it ends with the next one.
    pub(crate) implicit: bool,
    /// Numbered items in it.
    numbered: usize,
    numbering: Numbering,
}

/// A [`TurnHead`] as it is kept: there may be many thousands.
type KeptHead = (String, u64, bool, usize, bool);

impl From<KeptHead> for TurnHead {
    fn from((id, ordinal, implicit, numbered, reasons): KeptHead) -> Self {
        Self {
            id,
            ordinal,
            implicit,
            numbered,
            numbering: Numbering { reasons },
        }
    }
}

impl From<TurnHead> for KeptHead {
    fn from(head: TurnHead) -> Self {
        let reasons = head.numbering.reasons;
        (head.id, head.ordinal, head.implicit, head.numbered, reasons)
    }
}

/// Which lines of a legacy turn tell a numbered item. Follows from the kinds of its lines alone, so that the numbers
/// are the same whether or not the lines before were read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Numbering {
    /// Another reasoning section goes on with the last item.
    reasons: bool,
}

/// What a line tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LineItem {
    /// No item.
    Nothing,
    /// An item with an identifier of its own.
    Named,
    /// An item that is numbered.
    Numbered,
    /// More of the last item.
    More,
}

impl Numbering {
    /// Takes the next line of the turn.
    pub(crate) fn step(&mut self, kind: EventKind) -> LineItem {
        let told = match kind {
            EventKind::AgentReasoning | EventKind::AgentReasoningRaw if self.reasons => {
                return LineItem::More;
            }
            EventKind::UserMessage
            | EventKind::AgentMessage
            | EventKind::ContextCompacted
            | EventKind::EnteredReview
            | EventKind::ExitedReview
            | EventKind::AgentReasoning
            | EventKind::AgentReasoningRaw => LineItem::Numbered,
            EventKind::PatchEnd
            | EventKind::McpEnd
            | EventKind::WebSearchEnd
            | EventKind::ViewImage
            | EventKind::ItemCompleted => LineItem::Named,
            _ => return LineItem::Nothing,
        };
        self.reasons = matches!(kind, EventKind::AgentReasoning | EventKind::AgentReasoningRaw);
        told
    }
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Current {
    index: usize,
    /// It began with a `task_started`, and ends by itself.
    explicit: bool,
}

/// Where a line belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TurnAssignment {
    /// To no turn.
    Nowhere,
    /// To the turn with this index.
    Turn {
        index: usize,
        /// How many numbered items there are before this line.
        numbered: usize,
    },
    /// It took back turns: so many are left.
    TakenBack(usize),
}

impl TurnAssigner {
    /// From the beginning of a history.
    pub(crate) fn new(mode: HistoryMode) -> Self {
        Self {
            legacy: mode == HistoryMode::Legacy,
            partial: false,
            turns: Vec::new(),
            by_id: HashMap::new(),
            current: None,
            numbered: 0,
        }
    }

    /// From the beginning of a turn in the middle of a paginated history.
    pub(crate) fn partial() -> Self {
        Self {
            partial: true,
            ..Self::new(HistoryMode::Paginated)
        }
    }

    /// The turns so far, in the order in which they began.
    pub(crate) fn turns(&self) -> &[TurnHead] {
        &self.turns
    }

    /// A turn begins with this ordinal.
    pub(crate) fn open(&mut self, ordinal: u64, id: String, implicit: bool) -> usize {
        let index = self.turns.len();
        self.by_id.insert(id.clone(), index);
        self.turns.push(TurnHead {
            id,
            ordinal,
            implicit,
            numbered: 0,
            numbering: Numbering::default(),
        });
        index
    }

    /// Whether lines of this kind tell of turns at all: paginated files repeat items in the events of older ones.
    pub(crate) fn heeds(&self, line: &Line<'_>) -> bool {
        use EventKind::{ItemCompleted, RolledBack, TaskComplete, TaskStarted, TurnAborted};
        match line.kind {
            Kind::Event(TaskStarted | TaskComplete | TurnAborted | ItemCompleted | RolledBack) => true,
            Kind::Event(_) => self.legacy,
            _ => false,
        }
    }

    /// Sorts the next line; `number` is its number in the history.
    pub(crate) fn sort(&mut self, number: u64, line: &Line<'_>) -> TurnAssignment {
        let Kind::Event(kind) = line.kind else {
            return TurnAssignment::Nowhere;
        };
        if !self.heeds(line) {
            return TurnAssignment::Nowhere;
        }
        if self.by_id.len() < self.turns.len() {
            // Gone on with after a rest.
            let ids = self
                .turns
                .iter()
                .enumerate()
                .map(|(n, turn)| (turn.id.clone(), n));
            self.by_id = ids.collect();
        }
        let place = line.ordinal.unwrap_or(number);
        let numbered = self.numbered;
        let index = match kind {
            EventKind::TaskStarted => self.started(place, line),
            EventKind::TaskComplete | EventKind::TurnAborted => self.ended(line),
            EventKind::ItemCompleted => self.item(place, line),
            EventKind::RolledBack => return self.rolled_back(line),
            other => self.legacy_item(place, other, line),
        };
        match index {
            Some(index) => TurnAssignment::Turn { index, numbered },
            None => TurnAssignment::Nowhere,
        }
    }

    fn started(&mut self, place: u64, line: &Line<'_>) -> Option<usize> {
        let _: IgnoredAny = line.payload()?;
        let id = line.text_member("turn_id");
        let id = id.map_or_else(|| format!("rollout-{place}"), std::borrow::Cow::into_owned);
        let index = match self.by_id.get(&id) {
            Some(index) => *index,
            None => self.open(place, id, false),
        };
        self.current = Some(Current {
            index,
            explicit: true,
        });
        Some(index)
    }

    /// The turn that ends: the named one, or the current one where no name is given.
    fn ended(&mut self, line: &Line<'_>) -> Option<usize> {
        if !line.is_whole() {
            return None;
        }
        let index = match line.text_member("turn_id") {
            Some(id) => self.by_id.get(id.as_ref()).copied(),
            None => self.current.map(|current| current.index),
        }?;
        if self.current.is_some_and(|current| current.index == index) {
            self.current = None;
        }
        Some(index)
    }

    fn item(&mut self, place: u64, line: &Line<'_>) -> Option<usize> {
        let turn_id = line.text_member("turn_id")?;
        let index = match self.by_id.get(turn_id.as_ref()) {
            Some(index) => *index,
            None if self.partial => return None,
            None => {
                let _: IgnoredAny = line.payload()?;
                self.open(place, turn_id.into_owned(), false)
            }
        };
        self.turns[index].numbering.step(EventKind::ItemCompleted);
        Some(index)
    }

    fn legacy_item(&mut self, place: u64, kind: EventKind, line: &Line<'_>) -> Option<usize> {
        if Numbering::default().step(kind) == LineItem::Nothing || !line.is_whole() {
            return None;
        }
        let index = match self.current {
            Some(current) if current.explicit || kind != EventKind::UserMessage => current.index,
            _ => {
                let _: IgnoredAny = line.payload()?;
                let index = self.open(place, format!("rollout-{place}"), true);
                self.current = Some(Current {
                    index,
                    explicit: false,
                });
                index
            }
        };
        let turn = &mut self.turns[index];
        if turn.numbering.step(kind) == LineItem::Numbered {
            turn.numbered += 1;
            self.numbered += 1;
        }
        Some(index)
    }

    fn rolled_back(&mut self, line: &Line<'_>) -> TurnAssignment {
        #[derive(Deserialize)]
        struct RolledBack {
            num_turns: usize,
        }
        let Some(event) = line.payload::<RolledBack>() else {
            return TurnAssignment::Nowhere;
        };
        let left = self.turns.len().saturating_sub(event.num_turns);
        for dropped in self.turns.drain(left..) {
            self.numbered -= dropped.numbered;
            self.by_id.remove(&dropped.id);
        }
        self.current = None;
        TurnAssignment::TakenBack(left)
    }
}
