//! All that happened in a thread, in one sequence, and single items of it.

use serde::{Deserialize, Serialize};

use super::ThreadStore;
use super::pages::ItemRow;
use super::realtime;
use crate::history::read::chain::{History, LinePosition, unreadable};
use crate::history::read::turns::{Projector, completed_item};
use crate::history::rollout::line::{EventKind, Kind, Line};
use crate::{
    Error, HistoryMode, Item, RealtimeItem, RealtimeItemBody, Result, ThreadId, ThreadOperation, Turn,
};
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
    /// Something happened in a voice conversation.
    Realtime(RealtimeItem),
    /// A turn ended. Without its items.
    TurnCompleted(Turn),
}

/// A page of what happened, oldest first.
#[derive(Debug, Clone, Default)]
pub struct Timeline {
    /// What happened, with its ordinal.
    pub entries: Vec<(u64, TimelineEntry)>,
    /// The voice conversation that ran when the page begins.
    pub conversation: Option<String>,
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
        self.shown_history(path, move |history| timeline(history, id, cursor, limit))
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
    let mut conversation = OpenConversation::default();
    cut.each_back(|line| {
        if entries.len() > limit {
            return conversation.look(line);
        }
        if let Some(ordinal) = line.ordinal
            && let Some(happening) = happening(line)
        {
            entries.push((ordinal, happening));
        }
        if entries.len() > limit
            && let Some((_, TimelineEntry::Realtime(item))) = entries.last()
        {
            conversation.found(item);
        }
        entries.len() <= limit || conversation.is_sought(&entries[..limit])
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
        conversation: conversation.at_start(&entries),
        next_cursor: oldest.and_then(|cursor| serde_json::to_string(&cursor).ok()),
        entries,
    })
}

/// Lines that are looked at to find out whether a conversation ran.
const MAX_LOOKED_AT: usize = 2000;

/// Finds the conversation that ran when a page begins.
#[derive(Default)]
struct OpenConversation {
    looked_at: usize,
    /// What was found before the page.
    found: Option<Option<String>>,
}

impl OpenConversation {
    /// Looks at a line before the page, from the newest on. `true`: nothing is known yet.
    fn look(&mut self, line: &Line<'_>) -> bool {
        self.looked_at += 1;
        if let Some(item) = realtime::item(line) {
            self.found(&item);
        }
        self.found.is_none() && self.looked_at < MAX_LOOKED_AT
    }

    /// This is the newest item of a conversation before the page.
    fn found(&mut self, item: &RealtimeItem) {
        let has_ended = matches!(item.body, RealtimeItemBody::SessionClosed { .. });
        self.found = Some((!has_ended).then(|| item.session_id.clone()));
    }

    /// Whether the page, newest entry first, does not tell by itself.
    fn is_sought(&self, page: &[(u64, TimelineEntry)]) -> bool {
        let tells = |(_, entry): &(u64, TimelineEntry)| matches!(entry, TimelineEntry::Realtime(_));
        self.found.is_none() && !page.iter().any(tells)
    }

    /// The conversation that ran when this page, oldest entry first, begins.
    fn at_start(self, page: &[(u64, TimelineEntry)]) -> Option<String> {
        let first = page.iter().find_map(|(_, entry)| match entry {
            TimelineEntry::Realtime(item) => Some(item),
            _ => None,
        });
        match first {
            None => self.found.flatten(),
            Some(item) if item.body == RealtimeItemBody::SessionStarted => None,
            Some(item) => Some(item.session_id.clone()),
        }
    }
}

fn happening(line: &Line<'_>) -> Option<TimelineEntry> {
    if let Some(item) = realtime::item(line) {
        return Some(TimelineEntry::Realtime(item));
    }
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
