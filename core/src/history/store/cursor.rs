//! Cursors of pages: opaque to clients, in the reference's form so that either program takes the other's.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Error, Result, ThreadId};

/// A place in a list of threads: a time, and a thread where it is exact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ListCursor {
    pub(super) at_ms: i64,
    pub(super) id: Option<ThreadId>,
}

impl ListCursor {
    pub(super) fn parse(text: &str) -> Result<Self> {
        let invalid = || Error::InvalidCursor(text.to_owned());
        let (time, id) = match text.split_once('|') {
            Some((time, id)) => (time, Some(ThreadId(Uuid::parse_str(id).map_err(|_| invalid())?))),
            None => (text, None),
        };
        let at = DateTime::parse_from_rfc3339(time).map_err(|_| invalid())?;
        Ok(Self {
            at_ms: at.timestamp_millis(),
            id,
        })
    }
}

impl std::fmt::Display for ListCursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let at = DateTime::<Utc>::from_timestamp_millis(self.at_ms).unwrap_or_default();
        f.write_str(&at.to_rfc3339_opts(SecondsFormat::Millis, true))?;
        match self.id {
            Some(id) => write!(f, "|{id}"),
            None => Ok(()),
        }
    }
}

/// A place in a section.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct PositionCursor {
    pub(super) position: f64,
    pub(super) id: ThreadId,
}

impl PositionCursor {
    pub(super) fn parse(text: &str) -> Result<Self> {
        let parse = || {
            let (position, id) = text.split_once('|')?;
            Some(Self {
                position: position.parse().ok()?,
                id: ThreadId(Uuid::parse_str(id).ok()?),
            })
        };
        parse().ok_or_else(|| Error::InvalidCursor(text.to_owned()))
    }

    pub(super) fn order(&self, other: &Self) -> std::cmp::Ordering {
        self.position
            .total_cmp(&other.position)
            .then(self.id.cmp(&other.id))
    }
}

impl std::fmt::Display for PositionCursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}|{}", self.position, self.id)
    }
}

/// A place among the turns or items of a thread.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PlaceCursor {
    requested_thread_id: ThreadId,
    pub(super) rollout_ordinal: u64,
    pub(super) include_anchor: bool,
    scope: Scope,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub(super) enum Scope {
    Turns,
    ItemsByCreatedAtOrdinal,
}

impl PlaceCursor {
    pub(super) fn new(thread: ThreadId, scope: Scope, ordinal: u64, include_anchor: bool) -> Self {
        Self {
            requested_thread_id: thread,
            rollout_ordinal: ordinal,
            include_anchor,
            scope,
        }
    }

    pub(super) fn parse(text: &str, thread: ThreadId, scope: Scope) -> Result<Self> {
        serde_json::from_str::<Self>(text)
            .ok()
            .filter(|cursor| cursor.requested_thread_id == thread && cursor.scope == scope)
            .ok_or_else(|| Error::InvalidCursor(text.to_owned()))
    }

    pub(super) fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// A place among the turns of a legacy thread.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TurnCursor {
    pub(super) turn_id: String,
    pub(super) include_anchor: bool,
}

impl TurnCursor {
    pub(super) fn parse(text: &str) -> Result<Self> {
        serde_json::from_str(text).map_err(|_| Error::InvalidCursor(text.to_owned()))
    }

    pub(super) fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_survive() {
        let id = ThreadId::new();
        for cursor in [
            ListCursor {
                at_ms: 1_795_216_219_942,
                id: Some(id),
            },
            ListCursor {
                at_ms: 1_795_216_219_942,
                id: None,
            },
        ] {
            assert_eq!(ListCursor::parse(&cursor.to_string()).expect("a cursor"), cursor);
        }
        assert!(ListCursor::parse("bad").is_err());
        let place = PlaceCursor::new(id, Scope::Turns, 21, false);
        assert_eq!(
            PlaceCursor::parse(&place.text(), id, Scope::Turns).expect("a cursor"),
            place
        );
        assert!(PlaceCursor::parse(&place.text(), id, Scope::ItemsByCreatedAtOrdinal).is_err());
        assert!(PlaceCursor::parse(&place.text(), ThreadId::new(), Scope::Turns).is_err());
    }
}
