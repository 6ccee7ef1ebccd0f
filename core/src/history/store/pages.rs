//! Turns and items of a stored thread (docs/contract/threads.md#reading).

use super::cursor::{PlaceCursor, Scope, TurnCursor};
use super::mark_running;
use crate::history::read::chain::{History, LinePosition, unreadable};
use crate::history::read::turn_index::TurnIndex;
use crate::history::read::turns::{PlacedTurn, Projector, completed_item, reduce};
use crate::history::rollout::line::{EventKind, Kind, Line, Room, Text};
use crate::{Error, HistoryMode, Item, ItemsView, Result, ThreadId, ThreadOperation, Turn};

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

/// Whether a turn is in the history. Reads back to where it begins.
pub(super) fn has_turn(history: &History, turn_id: &str) -> Result<bool> {
    let mut found = false;
    history
        .each_back(|line| {
            found = line.kind == Kind::Event(EventKind::TaskStarted)
                && line.text_member("turn_id").as_deref() == Some(turn_id);
            !found
        })
        .map_err(unreadable)?;
    Ok(found)
}

/// The last turns, oldest first, read from the end; `true` if there are earlier ones. Paginated histories only.
pub(crate) fn last_turns(history: &History, count: usize) -> Result<(Vec<PlacedTurn>, bool)> {
    let mut lines: Vec<Vec<u8>> = Vec::new();
    let mut starts = 0;
    let mut more = false;
    history
        .each_back(|line| {
            if line.kind == Kind::Event(EventKind::TaskStarted) {
                more = starts == count;
                starts += 1;
            }
            if is_of_turn(line) && !more {
                lines.push(line.bytes().to_vec());
            }
            !more
        })
        .map_err(unreadable)?;
    Ok((projected(&lines, more), more))
}

/// Whether a line is one of those that turns are made of.
fn is_of_turn(line: &Line<'_>) -> bool {
    matches!(
        line.kind,
        Kind::Event(
            EventKind::TaskStarted
                | EventKind::ItemCompleted
                | EventKind::TaskComplete
                | EventKind::TurnAborted
        )
    )
}

/// The turns that these lines make, oldest first. The lines are newest first; `partial`: there are earlier ones.
fn projected(lines: &[Vec<u8>], partial: bool) -> Vec<PlacedTurn> {
    let mut projector = if partial {
        Projector::partial()
    } else {
        Projector::new(HistoryMode::Paginated)
    };
    for bytes in lines.iter().rev() {
        if let Some(line) = Line::parse(Text::new(bytes, &Room::new())) {
            projector.take(0, &line);
        }
    }
    projector.finish()
}

/// The turns before a place in a paginated history, oldest first; `true` if there are earlier ones.
fn turns_before(history: &History, cursor: &PlaceCursor, count: usize) -> Result<(Vec<PlacedTurn>, bool)> {
    let end = if cursor.include_anchor {
        next_start(history, cursor.rollout_ordinal)?
    } else {
        history.place_of(cursor.rollout_ordinal).map_err(unreadable)?
    };
    let Some(end) = end else {
        return last_turns(history, count);
    };
    let (mut found, earlier) = last_turns(&history.cut(end), count)?;
    // Items of a turn may come when later turns are under way.
    let mut late = Vec::new();
    history
        .each_from(end, |line| {
            if line.kind == Kind::Event(EventKind::ItemCompleted)
                && let Some(turn_id) = line.text_member("turn_id")
                && found.iter().any(|placed| placed.turn.id == *turn_id)
            {
                late.push(line.bytes().to_vec());
            }
            true
        })
        .map_err(unreadable)?;
    if !late.is_empty() {
        let mut projector = Projector::over(found);
        for text in &late {
            if let Some(line) = Line::parse(Text::new(text, &Room::new())) {
                projector.take(0, &line);
            }
        }
        found = projector.finish();
    }
    Ok((found, earlier))
}

/// Where the turn after the one at this ordinal begins.
fn next_start(history: &History, ordinal: u64) -> Result<Option<LinePosition>> {
    let Some(start) = history.place_of(ordinal).map_err(unreadable)? else {
        return Ok(None);
    };
    let mut next = None;
    history
        .each_from(start, |line| {
            let begins = line.kind == Kind::Event(EventKind::TaskStarted) && line.ordinal > Some(ordinal);
            if begins {
                next = line.ordinal;
            }
            !begins
        })
        .map_err(unreadable)?;
    match next {
        Some(next) => history.place_of(next).map_err(unreadable),
        None => Ok(None),
    }
}

/// Pages that begin no further from the end than this are read from there backwards.
const NEAR: u64 = 8 << 20;

/// A page of turns. Near the end of a paginated history it is read backwards; else `map` says where its turns lie.
pub(super) fn turns(
    history: &History,
    id: ThreadId,
    query: &TurnsQuery,
    map: impl FnOnce() -> Result<TurnIndex>,
) -> Result<TurnsPage> {
    let limit = query.limit.clamp(1, 100);
    let legacy = history.mode() == HistoryMode::Legacy;
    let cursor = match &query.cursor {
        Some(text) if !legacy => Some(PlaceCursor::parse(text, id, Scope::Turns)?),
        _ => None,
    };
    let far = |cursor: &PlaceCursor| -> Result<bool> {
        let place = history.place_of(cursor.rollout_ordinal).map_err(unreadable)?;
        Ok(place.is_some_and(|place| history.bytes_behind(place) > NEAR))
    };
    let backwards = !legacy && query.descending && !cursor.as_ref().map_or(Ok(false), far)?;
    let (mut page, more) = if backwards {
        turns_from_end(history, cursor.as_ref(), limit)?
    } else {
        mapped_turns(history, query, cursor.as_ref(), limit, &map()?)?
    };
    mark_running(&mut page, query.running.as_deref());
    let cursor_at = |placed: &PlacedTurn, include_anchor: bool| {
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
    let next_cursor = page.last().filter(|_| more).map(|last| cursor_at(last, false));
    let backwards_cursor = page.first().map(|first| cursor_at(first, true));
    for placed in &mut page {
        reduce(placed, query.view);
    }
    Ok(TurnsPage {
        turns: page.into_iter().map(|p| p.turn).collect(),
        next_cursor,
        backwards_cursor,
    })
}

/// The turns of a page whose places are known, in the order asked for; `true` if there are more behind them.
fn mapped_turns(
    history: &History,
    query: &TurnsQuery,
    cursor: Option<&PlaceCursor>,
    limit: usize,
    map: &TurnIndex,
) -> Result<(Vec<PlacedTurn>, bool)> {
    let heads = map.turns();
    let mut order: Vec<usize> = (0..heads.len()).collect();
    if query.descending {
        order.reverse();
    }
    let start = match (cursor, query.cursor.as_deref()) {
        (_, None) => 0,
        (Some(cursor), _) => {
            let behind = |n: &usize| is_behind(heads[*n].ordinal, cursor, query.descending);
            order.iter().position(behind).unwrap_or(order.len())
        }
        (None, Some(text)) => {
            let cursor = TurnCursor::parse(text)?;
            let at = order.iter().position(|n| heads[*n].id == cursor.turn_id);
            let at = at.ok_or_else(|| Error::InvalidCursor(text.to_owned()))?;
            at + usize::from(!cursor.include_anchor)
        }
    };
    let page = order.iter().skip(start).take(limit);
    let mut buffer = Vec::new();
    let page: std::io::Result<Vec<_>> = page.map(|n| map.turn(history, *n, &mut buffer)).collect();
    Ok((page.map_err(unreadable)?, order.len() - start > limit))
}

/// The turns of a page of a paginated history, newest first, read backwards; `true` if there are earlier ones.
fn turns_from_end(
    history: &History,
    cursor: Option<&PlaceCursor>,
    limit: usize,
) -> Result<(Vec<PlacedTurn>, bool)> {
    let (mut found, earlier) = match cursor {
        None => last_turns(history, limit)?,
        Some(cursor) => {
            let (mut found, earlier) = turns_before(history, cursor, limit)?;
            found.retain(|placed| is_behind(placed.ordinal, cursor, true));
            (found, earlier)
        }
    };
    found.reverse();
    let more = earlier || found.len() > limit;
    found.truncate(limit);
    Ok((found, more))
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

/// Items lie in the file in the order in which they are listed: no more is read than is returned.
pub(super) fn items(history: &History, id: ThreadId, query: &ItemsQuery) -> Result<ItemsPage> {
    if history.mode() == HistoryMode::Legacy {
        return Err(Error::Unsupported(ThreadOperation::ListItems));
    }
    let limit = query.limit.clamp(1, 100);
    let anchor = match &query.start {
        PageStart::End => None,
        PageStart::Cursor(text) => {
            let cursor = PlaceCursor::parse(text, id, Scope::ItemsByCreatedAtOrdinal)?;
            Some((cursor.rollout_ordinal, cursor.include_anchor))
        }
        PageStart::Item(wanted) => Some((item_ordinal(history, wanted, query.turn_id.as_deref())?, true)),
    };
    let place = match anchor {
        Some((ordinal, _)) => history.place_of(ordinal).map_err(unreadable)?,
        None => None,
    };
    let mut rows: Vec<ItemRow> = Vec::with_capacity(limit + 1);
    let mut take = |line: &Line<'_>| {
        let fits = |ordinal: u64| match anchor {
            Some((at, included)) if ordinal == at => included,
            Some((at, _)) => (ordinal < at) == query.descending,
            None => true,
        };
        if let Some(row) = item_row(line)
            && fits(row.ordinal)
            && query.turn_id.as_ref().is_none_or(|wanted| *wanted == row.turn_id)
        {
            rows.push(row);
        }
        rows.len() <= limit
    };
    match (query.descending, place) {
        (false, None) => history.each_from(LinePosition::START, &mut take),
        (false, Some(place)) => history.each_from(place, &mut take),
        (true, None) => history.each_back(&mut take),
        // The anchor itself may belong to the page.
        (true, Some(place)) => history
            .cut_behind(place)
            .map_err(unreadable)?
            .each_back(&mut take),
    }
    .map_err(unreadable)?;
    let cursor = |row: &ItemRow, include_anchor| {
        PlaceCursor::new(id, Scope::ItemsByCreatedAtOrdinal, row.ordinal, include_anchor).text()
    };
    let more = rows.len() > limit;
    rows.truncate(limit);
    Ok(ItemsPage {
        next_cursor: rows.last().filter(|_| more).map(|row| cursor(row, false)),
        backwards_cursor: rows.first().map(|row| cursor(row, true)),
        rows,
    })
}

/// The item of a line.
fn item_row(line: &Line<'_>) -> Option<ItemRow> {
    if line.kind != Kind::Event(EventKind::ItemCompleted) {
        return None;
    }
    let (turn_id, item) = completed_item(line)?;
    Some(ItemRow {
        turn_id,
        item,
        ordinal: line.ordinal?,
    })
}

/// Where an item is.
fn item_ordinal(history: &History, wanted: &str, turn_id: Option<&str>) -> Result<u64> {
    let mut found = None;
    let mention = memchr::memmem::Finder::new(wanted);
    history
        .each_from(LinePosition::START, |line| {
            // Most lines don't mention it.
            if mention.find(line.bytes()).is_some()
                && let Some(row) = item_row(line)
                && row.item.id == wanted
                && turn_id.is_none_or(|turn_id| row.turn_id == turn_id)
            {
                found = Some(row.ordinal);
            }
            found.is_none()
        })
        .map_err(unreadable)?;
    found.ok_or_else(|| Error::ItemNotFound(wanted.to_owned()))
}

/// The last turn, read from the end; of a legacy history, which would have to be read whole for it, nothing.
pub(crate) fn last_turn(history: &History) -> Result<Option<PlacedTurn>> {
    if history.mode() == HistoryMode::Legacy {
        return Ok(None);
    }
    // Where it begins is not looked for in a page of turns, which would read on to the turn before.
    let mut lines: Vec<Vec<u8>> = Vec::new();
    let mut begins = false;
    history
        .each_back(|line| {
            begins = line.kind == Kind::Event(EventKind::TaskStarted);
            if is_of_turn(line) {
                lines.push(line.bytes().to_vec());
            }
            !begins
        })
        .map_err(unreadable)?;
    Ok(projected(&lines, begins).pop())
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
