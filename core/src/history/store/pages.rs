//! Turns and items of a stored thread (threads-and-turns section 2.8).

use super::cursor::{PlaceCursor, Scope, TurnCursor};
use super::mark_running;
use crate::history::chain::History;
use crate::history::line::{EventKind, Kind, Line};
use crate::history::project::{PlacedTurn, Projector, reduce};
use crate::{Error, HistoryMode, Item, ItemsView, Result, ThreadId, Turn};

/// Which turns.
#[derive(Debug, Clone)]
pub struct TurnsQuery {
    /// Turns of a page, 1 to 100.
    pub limit: usize,
    /// Where to go on.
    pub cursor: Option<String>,
    /// Newest first.
    pub descending: bool,
    /// How many of their items.
    pub view: ItemsView,
    /// The turn that runs now.
    pub running: Option<String>,
}

/// A page of turns.
#[derive(Debug, Clone, Default)]
pub struct TurnsPage {
    /// The turns.
    pub turns: Vec<Turn>,
    /// Goes on behind the last one; `None` at the end.
    pub next_cursor: Option<String>,
    /// Begins with the first one, for the opposite order.
    pub backwards_cursor: Option<String>,
}

/// Which items.
#[derive(Debug, Clone)]
pub struct ItemsQuery {
    /// Items of a page, 1 to 100.
    pub limit: usize,
    /// Where to go on.
    pub start: PageStart,
    /// Newest first.
    pub descending: bool,
    /// Of this turn only.
    pub turn_id: Option<String>,
}

/// Where a page of items begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PageStart {
    /// At the end that the order begins with.
    End,
    /// Where a cursor says.
    Cursor(String),
    /// With this item.
    Item(String),
}

/// A page of items.
#[derive(Debug, Clone, Default)]
pub struct ItemsPage {
    /// The items.
    pub rows: Vec<ItemRow>,
    /// Goes on behind the last one; `None` at the end.
    pub next_cursor: Option<String>,
    /// Begins with the first one, for the opposite order.
    pub backwards_cursor: Option<String>,
}

/// An item with its place.
#[derive(Debug, Clone)]
pub struct ItemRow {
    /// Its turn.
    pub turn_id: String,
    /// The item.
    pub item: Item,
    /// Ordinal of its line.
    pub ordinal: u64,
}

/// All turns, oldest first.
pub(super) fn all_turns(history: &History, running: Option<&str>) -> Result<Vec<Turn>> {
    let mut placed = project(history)?;
    mark_running(&mut placed, running);
    Ok(placed.into_iter().map(|p| p.turn).collect())
}

/// All turns with their places.
pub(crate) fn project(history: &History) -> Result<Vec<PlacedTurn>> {
    let mut projector = Projector::new(history.mode());
    history
        .each(|number, line| projector.take(number, line))
        .map_err(unreadable)?;
    Ok(projector.finish())
}

#[expect(clippy::needless_pass_by_value, reason = "passed to map_err")]
fn unreadable(error: std::io::Error) -> Error {
    Error::internal(format!("failed to read thread: {error}"))
}

/// The last turns, oldest first, read from the end; `true` if there are earlier ones. Paginated histories only.
pub(crate) fn last_turns(history: &History, count: usize) -> Result<(Vec<PlacedTurn>, bool)> {
    let mut lines: Vec<Vec<u8>> = Vec::new();
    let mut starts = 0;
    let mut more = false;
    history
        .each_back(|line| {
            let wanted = match line.kind {
                Kind::Event(EventKind::TaskStarted) => {
                    more = starts == count;
                    starts += 1;
                    true
                }
                Kind::Event(EventKind::ItemCompleted | EventKind::TaskComplete | EventKind::TurnAborted) => {
                    true
                }
                _ => false,
            };
            if wanted && !more {
                lines.push(line.text().as_bytes().to_vec());
            }
            !more
        })
        .map_err(unreadable)?;
    let mut projector = if more {
        Projector::partial()
    } else {
        Projector::new(HistoryMode::Paginated)
    };
    for bytes in lines.iter().rev() {
        if let Some(line) = Line::parse(bytes) {
            projector.take(0, &line);
        }
    }
    Ok((projector.finish(), more))
}

pub(super) fn turns(history: &History, id: ThreadId, query: &TurnsQuery) -> Result<TurnsPage> {
    let limit = query.limit.clamp(1, 100);
    let legacy = history.mode() == HistoryMode::Legacy;
    let from_end = query.descending && query.cursor.is_none() && !legacy;
    let (mut all, earlier) = if from_end {
        last_turns(history, limit)?
    } else {
        (project(history)?, false)
    };
    mark_running(&mut all, query.running.as_deref());
    if query.descending {
        all.reverse();
    }
    let start = match query.cursor.as_deref() {
        None => 0,
        Some(text) if legacy => {
            let cursor = TurnCursor::parse(text)?;
            let at = all.iter().position(|p| p.turn.id == cursor.turn_id);
            let at = at.ok_or_else(|| Error::invalid(format!("invalid cursor: {text}")))?;
            at + usize::from(!cursor.include_anchor)
        }
        Some(text) => {
            let cursor = PlaceCursor::parse(text, id, Scope::Turns)?;
            let behind = |p: &PlacedTurn| is_behind(p.ordinal, &cursor, query.descending);
            all.iter().position(behind).unwrap_or(all.len())
        }
    };
    let cursor = |placed: &PlacedTurn, include_anchor: bool| {
        if legacy {
            let turn_id = placed.turn.id.clone();
            TurnCursor {
                turn_id,
                include_anchor,
            }
            .text()
        } else {
            PlaceCursor::new(id, Scope::Turns, placed.ordinal, include_anchor).text()
        }
    };
    let more = earlier || all.len() - start > limit;
    let mut page: Vec<PlacedTurn> = all.drain(start..).take(limit).collect();
    let next_cursor = page.last().filter(|_| more).map(|last| cursor(last, false));
    let backwards_cursor = page.first().map(|first| cursor(first, true));
    for placed in &mut page {
        reduce(placed, query.view);
    }
    Ok(TurnsPage {
        turns: page.into_iter().map(|p| p.turn).collect(),
        next_cursor,
        backwards_cursor,
    })
}

fn is_behind(ordinal: u64, cursor: &PlaceCursor, descending: bool) -> bool {
    let anchor = cursor.rollout_ordinal;
    ordinal == anchor && cursor.include_anchor
        || if descending {
            ordinal < anchor
        } else {
            ordinal > anchor
        }
}

pub(super) fn items(history: &History, id: ThreadId, query: &ItemsQuery) -> Result<ItemsPage> {
    if history.mode() == HistoryMode::Legacy {
        return Err(Error::Unsupported(
            "thread/items/list is not supported yet".into(),
        ));
    }
    let limit = query.limit.clamp(1, 100);
    let mut rows: Vec<ItemRow> = project(history)?
        .into_iter()
        .filter(|p| query.turn_id.as_ref().is_none_or(|wanted| *wanted == p.turn.id))
        .flat_map(|p| {
            let turn_id = p.turn.id;
            p.turn
                .items
                .into_iter()
                .zip(p.item_ordinals)
                .map(move |(item, ordinal)| ItemRow {
                    turn_id: turn_id.clone(),
                    item,
                    ordinal,
                })
        })
        .collect();
    rows.sort_by_key(|row| row.ordinal);
    if query.descending {
        rows.reverse();
    }
    let start = match &query.start {
        PageStart::End => 0,
        PageStart::Cursor(text) => {
            let cursor = PlaceCursor::parse(text, id, Scope::ItemsByCreatedAtOrdinal)?;
            let behind = |row: &ItemRow| is_behind(row.ordinal, &cursor, query.descending);
            rows.iter().position(behind).unwrap_or(rows.len())
        }
        PageStart::Item(wanted) => rows
            .iter()
            .position(|row| row.item.id == *wanted)
            .ok_or_else(|| Error::invalid(format!("item not found: {wanted}")))?,
    };
    let cursor = |row: &ItemRow, include_anchor| {
        PlaceCursor::new(id, Scope::ItemsByCreatedAtOrdinal, row.ordinal, include_anchor).text()
    };
    let more = rows.len() - start > limit;
    let page: Vec<ItemRow> = rows.drain(start..).take(limit).collect();
    Ok(ItemsPage {
        next_cursor: page.last().filter(|_| more).map(|row| cursor(row, false)),
        backwards_cursor: page.first().map(|row| cursor(row, true)),
        rows: page,
    })
}

/// The last turn, read from the end; of a legacy history, which would have to be read whole for it, nothing.
pub(crate) fn last_turn(history: &History) -> Result<Vec<PlacedTurn>> {
    match history.mode() {
        HistoryMode::Legacy => Ok(Vec::new()),
        HistoryMode::Paginated => Ok(last_turns(history, 1)?.0),
    }
}

/// Cursors that begin at the last turn and at its last item, for going back from there.
pub(crate) fn end_cursors(
    history: &History,
    id: ThreadId,
    last: Option<&PlacedTurn>,
) -> (Option<String>, Option<String>) {
    let Some(last) = last else { return (None, None) };
    if history.mode() == HistoryMode::Legacy {
        let cursor = TurnCursor {
            turn_id: last.turn.id.clone(),
            include_anchor: true,
        };
        return (Some(cursor.text()), None);
    }
    let item = last.item_ordinals.last().copied();
    (
        Some(PlaceCursor::new(id, Scope::Turns, last.ordinal, true).text()),
        item.map(|ordinal| PlaceCursor::new(id, Scope::ItemsByCreatedAtOrdinal, ordinal, true).text()),
    )
}
