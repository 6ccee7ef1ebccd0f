//! All that happened in a thread, in one sequence, and single items of it.

use serde::{Deserialize, Serialize};

use super::ThreadStore;
use super::pages::ItemRow;
use crate::history::read::chain::{History, LinePosition, unreadable};
use crate::history::read::turns::{Projector, completed_item};
use crate::history::rollout::line::{EventKind, Kind, Line};
use crate::{Error, HistoryMode, Item, Result, ThreadId, ThreadOperation, Turn};
use std::path::PathBuf;

/// Something that happened in a thread.
#[derive(Debug, Clone)]
pub enum TimelineEntry {
    /// A turn began.
    TurnStarted(Turn),
    /// An item was completed.
    Item {
        /// Its turn.
        turn_id: String,
        /// The item.
        item: Box<Item>,
    },
    /// A turn ended. Without its items.
    TurnCompleted(Turn),
}

/// A page of what happened, oldest first.
#[derive(Debug, Clone, Default)]
pub struct Timeline {
    /// What happened, with its ordinal.
    pub entries: Vec<(u64, TimelineEntry)>,
    /// Goes on with what was before; `None` at the beginning.
    pub next_cursor: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Cursor {
    thread_id: ThreadId,
    position: u64,
}

impl ThreadStore {
    /// A page of what happened, from the end, or from where a cursor says, backwards. Paginated threads only.
    pub async fn timeline(
        &self,
        id: ThreadId,
        path: PathBuf,
        cursor: Option<String>,
        limit: usize,
    ) -> Result<Timeline> {
        self.history(path, move |history| timeline(history, id, cursor, limit))
            .await
    }

    /// Items of a turn by their identifiers, in the order of the history. Paginated threads only.
    pub async fn items_by_id(
        &self,
        path: PathBuf,
        turn_id: String,
        ids: Vec<String>,
    ) -> Result<Vec<ItemRow>> {
        self.history(path, move |history| {
            paginated(history, ThreadOperation::ReadItem)?;
            let mut rows: Vec<ItemRow> = Vec::new();
            let mut take = |line: &Line<'_>| {
                if line.kind == Kind::Event(EventKind::ItemCompleted)
                    && line.text_member("turn_id").is_some_and(|id| *id == turn_id)
                    && let Some((turn_id, item)) = completed_item(line)
                    && let Some(ordinal) = line.ordinal
                    && ids.contains(&item.id)
                {
                    rows.retain(|row| row.item.id != item.id);
                    rows.push(ItemRow {
                        turn_id,
                        item,
                        ordinal,
                    });
                }
                true
            };
            history
                .each_from(LinePosition::START, &mut take)
                .map_err(unreadable)?;
            Ok(rows)
        })
        .await
    }
}

fn paginated(history: &History, operation: ThreadOperation) -> Result<()> {
    match history.mode() {
        HistoryMode::Paginated => Ok(()),
        HistoryMode::Legacy => Err(Error::Unsupported(operation)),
    }
}

fn timeline(history: &History, id: ThreadId, cursor: Option<String>, limit: usize) -> Result<Timeline> {
    paginated(history, ThreadOperation::ListTimeline)?;
    let cut = match cursor {
        None => history.clone(),
        Some(text) => {
            let cursor = serde_json::from_str::<Cursor>(&text).ok();
            let cursor = cursor.filter(|cursor| cursor.thread_id == id);
            let cursor = cursor.ok_or(Error::InvalidCursor(text))?;
            match history.place_of(cursor.position).map_err(unreadable)? {
                Some(place) => history.cut(place),
                None => history.clone(),
            }
        }
    };
    let mut entries: Vec<(u64, TimelineEntry)> = Vec::new();
    cut.each_back(|line| {
        if let Some(ordinal) = line.ordinal
            && let Some(happening) = happening(line)
        {
            entries.push((ordinal, happening));
        }
        entries.len() <= limit
    })
    .map_err(unreadable)?;
    let more = entries.len() > limit;
    entries.truncate(limit);
    entries.reverse();
    let oldest = entries.first().filter(|_| more).map(|(position, _)| Cursor {
        thread_id: id,
        position: *position,
    });
    Ok(Timeline {
        next_cursor: oldest.and_then(|cursor| serde_json::to_string(&cursor).ok()),
        entries,
    })
}

fn happening(line: &Line<'_>) -> Option<TimelineEntry> {
    let Kind::Event(kind) = line.kind else { return None };
    Some(match kind {
        EventKind::TaskStarted => TimelineEntry::TurnStarted(turn(line)?),
        EventKind::TaskComplete | EventKind::TurnAborted => TimelineEntry::TurnCompleted(ended(line)?),
        EventKind::ItemCompleted => {
            let (turn_id, item) = completed_item(line)?;
            TimelineEntry::Item {
                turn_id,
                item: Box::new(item),
            }
        }
        _ => return None,
    })
}

fn turn(line: &Line<'_>) -> Option<Turn> {
    let mut projector = Projector::new(HistoryMode::Paginated);
    projector.take(0, line);
    projector.finish().pop().map(|placed| placed.turn)
}

/// The end of a turn tells all that its beginning does.
fn ended(line: &Line<'_>) -> Option<Turn> {
    let id = line.text_member("turn_id")?;
    let mut projector = Projector::new(HistoryMode::Paginated);
    projector.begin(&id);
    projector.take(0, line);
    projector.finish().pop().map(|placed| placed.turn)
}
