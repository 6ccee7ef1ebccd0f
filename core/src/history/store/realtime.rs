//! What happened in the voice conversations of a thread (docs/contract/realtime.md#list).

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::ThreadStore;
use crate::history::read::chain::{History, LinePosition, unreadable};
use crate::history::rollout::codec::realtime::FileRealtimeItem;
use crate::history::rollout::line::{Kind, Line};
use crate::{Error, HistoryMode, RealtimeItem, Result, ThreadId};

/// Which items of voice conversations.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RealtimeQuery {
    /// Of this conversation only.
    pub session_id: Option<String>,
    /// In the order of the history, not by when they were observed.
    pub by_position: bool,
    /// Only behind this position.
    pub after_position: Option<u64>,
    /// Only from this time on, in Unix milliseconds.
    pub from_observed_at_ms: Option<i64>,
    /// Only before this time, in Unix milliseconds.
    pub to_observed_at_ms: Option<i64>,
    /// The item of this id only.
    pub item_id: Option<String>,
    /// The history must reach this far.
    pub required_through: Option<u64>,
    /// Only before this position.
    pub snapshot_end: Option<u64>,
}

/// A page of items, oldest first.
#[derive(Debug, Clone, Default)]
pub struct RealtimePage {
    /// The items, with their positions.
    pub items: Vec<(u64, RealtimeItem)>,
    /// Goes on behind the last one; `None` at the end.
    pub next_cursor: Option<String>,
    /// Where the history ends for this list.
    pub snapshot_end: u64,
    /// How far the history reaches.
    pub read_through: u64,
    /// What the page is worth.
    pub coverage: RealtimeCoverage,
}

/// What a page is worth.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum RealtimeCoverage {
    /// There is no history that could tell.
    #[default]
    Unsupported,
    /// What was asked for is not there yet.
    Pending,
    /// All of it.
    Ready,
}

#[derive(Serialize, Deserialize)]
struct Cursor {
    thread_id: ThreadId,
    query: RealtimeQuery,
    snapshot_end: u64,
    observed_at_ms: i64,
    position: u64,
}

impl ThreadStore {
    /// A page of the items of voice conversations.
    pub async fn realtime_items(
        &self,
        id: ThreadId,
        path: PathBuf,
        query: RealtimeQuery,
        cursor: Option<String>,
        limit: usize,
    ) -> Result<RealtimePage> {
        self.history(path, move |history| page(history, id, &query, cursor, limit))
            .await
    }
}

fn page(
    history: &History,
    id: ThreadId,
    query: &RealtimeQuery,
    cursor: Option<String>,
    limit: usize,
) -> Result<RealtimePage> {
    let cursor = match cursor {
        None => None,
        Some(text) => {
            let cursor: Cursor =
                serde_json::from_str(&text).map_err(|_| Error::invalid("invalid realtime cursor"))?;
            if cursor.thread_id != id || cursor.query != *query {
                return Err(Error::invalid("realtime cursor does not match this query"));
            }
            Some(cursor)
        }
    };
    if history.mode() == HistoryMode::Legacy {
        return Ok(RealtimePage::default());
    }
    let mut found = Vec::new();
    let mut read_through = 0;
    let mut take = |line: &Line<'_>| {
        if let Some(position) = line.ordinal {
            read_through = read_through.max(position + 1);
            if let Some(item) = item(line) {
                found.push((position, item));
            }
        }
        true
    };
    history
        .each_from(LinePosition::START, &mut take)
        .map_err(unreadable)?;
    let cut = cursor
        .as_ref()
        .map(|cursor| cursor.snapshot_end)
        .or(query.snapshot_end);
    let snapshot_end = cut.unwrap_or(read_through);
    let empty = |coverage| RealtimePage {
        snapshot_end,
        read_through,
        coverage,
        ..RealtimePage::default()
    };
    let is_short = query
        .required_through
        .is_some_and(|position| position >= read_through);
    if is_short || snapshot_end > read_through {
        return Ok(empty(RealtimeCoverage::Pending));
    }
    found.retain(|(position, item)| {
        let at = item.observed_at_ms;
        let fits =
            |wanted: &Option<String>, value: &String| wanted.as_ref().is_none_or(|wanted| wanted == value);
        *position < snapshot_end
            && query.after_position.is_none_or(|after| *position > after)
            && fits(&query.session_id, &item.session_id)
            && fits(&query.item_id, &item.id)
            && query
                .from_observed_at_ms
                .is_none_or(|from| at.is_some_and(|at| at >= from))
            && query
                .to_observed_at_ms
                .is_none_or(|to| at.is_some_and(|at| at < to))
    });
    if query.item_id.is_some() && found.is_empty() {
        return Ok(empty(RealtimeCoverage::Pending));
    }
    // Items without a time come first, as they do in the histories of older programs.
    let key = |(position, item): &(u64, RealtimeItem)| {
        let at = item.observed_at_ms.filter(|_| !query.by_position).unwrap_or(0);
        (at, *position)
    };
    found.sort_by_key(key);
    if let Some(cursor) = &cursor {
        found.retain(|row| key(row) > (cursor.observed_at_ms, cursor.position));
    }
    let more = found.len() > limit;
    found.truncate(limit);
    let last = found.last().filter(|_| more).map(key);
    let next_cursor = last.and_then(|(observed_at_ms, position)| {
        serde_json::to_string(&Cursor {
            thread_id: id,
            query: query.clone(),
            snapshot_end,
            observed_at_ms,
            position,
        })
        .ok()
    });
    Ok(RealtimePage {
        items: found,
        next_cursor,
        snapshot_end,
        read_through,
        coverage: RealtimeCoverage::Ready,
    })
}

/// The item of a line, if it is one.
pub(super) fn item(line: &Line<'_>) -> Option<RealtimeItem> {
    if line.kind != Kind::Realtime {
        return None;
    }
    Some(line.payload::<FileRealtimeItem>()?.into())
}
