//! Where a history is cut: for forks and reverts (docs/contract/threads.md#thread-fork, docs/contract/threads.md#thread-revert).

use super::chain::{History, HistoryError, read_meta, unreadable};
use super::tail;
use super::tail::Tail;
use crate::history::rollout::layout::RolloutName;
use crate::history::rollout::line::{EventKind, Kind, Line};
use crate::history::rollout::meta::HistoryBase;
use crate::{Error, HistoryMode, Result};

/// Where to cut.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ForkPoint {
    /// Nowhere: everything stays.
    End,
    /// Before this turn.
    Before(String),
    /// Behind this turn.
    Behind(String),
}

/// A history up to its cut.
pub(crate) struct Branch {
    /// What is left.
    pub(crate) history: History,
    /// How it stands at the cut.
    pub(crate) tail: Tail,
    /// The same as a meta line says it.
    pub(crate) base: HistoryBase,
}

struct Start {
    turn_id: String,
    segment: usize,
    offset: u64,
    ordinal: u64,
}

/// Cuts a history.
pub(crate) fn cut(history: History, at: &ForkPoint) -> Result<Branch> {
    let place = match at {
        ForkPoint::End => None,
        ForkPoint::Before(turn) => {
            let mut starts = starts(&history)?.into_iter();
            let start = starts.find(|start| start.turn_id == *turn);
            Some(start.ok_or_else(|| not_found(turn))?)
        }
        ForkPoint::Behind(turn) => {
            let mut starts = starts(&history)?
                .into_iter()
                .skip_while(|start| start.turn_id != *turn);
            starts.next().ok_or_else(|| not_found(turn))?;
            starts.next()
        }
    };
    let mut history = history;
    let mut ordinal = None;
    if let Some(place) = place {
        history.segments.truncate(place.segment + 1);
        history = history.until(place.offset);
        ordinal = Some(place.ordinal);
    } else {
        let end = history.whole_lines().map_err(unreadable)?;
        history = history.until(end);
    }
    let tail = tail::read(&history).map_err(unreadable)?;
    if matches!(at, ForkPoint::Behind(turn) if tail.last_turn.as_ref().is_some_and(|(id, ended)| id == turn && !ended))
    {
        let ForkPoint::Behind(turn) = at else {
            return Err(Error::internal("no turn"));
        };
        return Err(not_found(turn));
    }
    let newest = history
        .newest()
        .ok_or_else(|| Error::internal("the history has no file"))?;
    let meta = read_meta(newest)?;
    let thread_id = meta
        .id
        .ok_or_else(|| Error::from(HistoryError::without_id(newest.path())))?;
    let name = RolloutName::of(newest.path());
    let base = HistoryBase {
        file_id: name.and_then(|name| name.revert).unwrap_or(thread_id.0),
        end_ordinal_exclusive: ordinal.unwrap_or(tail.position.ordinal),
        end_byte_offset: newest.len(),
    };
    Ok(Branch { history, tail, base })
}

fn not_found(turn: &str) -> Error {
    Error::TurnNotFound(turn.to_owned())
}

/// Where the turns begin, in their order.
fn starts(history: &History) -> Result<Vec<Start>> {
    let legacy = history.mode() == HistoryMode::Legacy;
    let mut starts: Vec<Start> = Vec::new();
    let mut number = 0;
    // The user's words come before the event that opens an old turn.
    let mut words: Option<u64> = None;
    let mut explicit = false;
    for (segment, source) in history.segments.iter().enumerate() {
        let mut lines = source.forward(0);
        while let Some((offset, bytes)) = lines.next().map_err(unreadable)? {
            let Some(line) = Line::parse(bytes) else { continue };
            let ordinal = line.ordinal.unwrap_or(number);
            number += 1;
            let before = words.take();
            let opened = match line.kind {
                Kind::Event(EventKind::TaskStarted) => {
                    explicit = true;
                    line.text_member("turn_id").map(|id| (id.into_owned(), offset))
                }
                Kind::Event(EventKind::TaskComplete | EventKind::TurnAborted) => {
                    explicit = false;
                    None
                }
                Kind::Event(EventKind::UserMessage) if legacy && !explicit => {
                    Some((format!("rollout-{ordinal}"), before.unwrap_or(offset)))
                }
                Kind::Response => {
                    words = Some(offset);
                    None
                }
                _ => None,
            };
            if let Some((turn_id, offset)) = opened
                && starts.iter().all(|start| start.turn_id != turn_id)
            {
                starts.push(Start {
                    turn_id,
                    segment,
                    offset,
                    ordinal,
                });
            }
        }
    }
    Ok(starts)
}
