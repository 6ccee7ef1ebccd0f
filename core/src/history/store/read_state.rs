//! How far users have read (config-and-services section 7).

use std::path::PathBuf;

use rusqlite::{OptionalExtension, params};
use serde_json::json;
use uuid::Uuid;

use super::ThreadStore;
use super::pages;
use crate::{Error, Result, ThreadId};

/// How far a thread was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadState {
    /// What comes next; `None`: all was read.
    pub first_unread: Option<Unread>,
    /// Changes with every change of the state.
    pub revision: String,
}

/// The first thing that was not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unread {
    /// Everything, by the user's word.
    ThreadStart,
    /// A turn.
    Turn(String),
}

/// What is kept.
#[derive(Default, Clone)]
struct Kept {
    read_turn_id: Option<String>,
    unread: bool,
    revision: String,
}

/// Turns that matter for the state.
struct Turns {
    /// The first one that was not read.
    next: Option<String>,
    /// The last one of all.
    last: Option<String>,
}

impl ThreadStore {
    /// How far a thread was read.
    pub async fn read_state(&self, id: ThreadId, path: PathBuf) -> Result<ReadState> {
        let (kept, turns) = self.reading(id, path).await?;
        Ok(state(id, &kept, &turns))
    }

    /// Marks a thread as read or unread, if it is still as the caller believes.
    pub async fn mark_read(
        &self,
        id: ThreadId,
        path: PathBuf,
        expected: &str,
        read: bool,
    ) -> Result<ReadState> {
        let (kept, turns) = self.reading(id, path).await?;
        let now = state(id, &kept, &turns);
        if now.revision != expected {
            return Err(Error::Refused {
                message: "read state changed".into(),
                data: json!({"reason": "readStateConflict", "readState": now.to_wire()}),
            });
        }
        let kept = Kept {
            read_turn_id: turns.last.clone().filter(|_| read),
            unread: !read,
            revision: Uuid::new_v4().to_string(),
        };
        let turns = Turns { next: None, ..turns };
        let result = state(id, &kept, &turns);
        self.blocking(move |state| {
            let key = id.to_string();
            state.index.with(|db| {
                db.execute(
                    "INSERT OR REPLACE INTO read_states VALUES (?1, ?2, ?3, ?4)",
                    params![key, kept.read_turn_id, kept.unread, kept.revision],
                )
            })?;
            Ok(())
        })
        .await?;
        Ok(result)
    }

    /// What is kept of a thread, and how its turns stand to that.
    async fn reading(&self, id: ThreadId, path: PathBuf) -> Result<(Kept, Turns)> {
        let kept = self
            .blocking(move |state| {
                if !state.index.exists() {
                    return Ok(Kept::default());
                }
                let key = id.to_string();
                let kept = state.index.with(|db| {
                    db.prepare_cached(
                        "SELECT read_turn_id, unread, revision FROM read_states WHERE thread_id = ?1",
                    )?
                    .query_row([&key], |r| {
                        Ok(Kept {
                            read_turn_id: r.get(0)?,
                            unread: r.get(1)?,
                            revision: r.get(2)?,
                        })
                    })
                    .optional()
                })?;
                Ok(kept.unwrap_or_default())
            })
            .await?;
        let read = kept.read_turn_id.clone();
        let turns = self
            .history(path, move |history| {
                let (next, last) = pages::unread_turns(history, read.as_deref())?;
                Ok(Turns { next, last })
            })
            .await?;
        Ok((kept, turns))
    }
}

impl ReadState {
    /// The state on the wire's form, for error data.
    pub fn to_wire(&self) -> serde_json::Value {
        let first_unread = self.first_unread.as_ref().map(|unread| match unread {
            Unread::ThreadStart => json!({"type": "threadStart"}),
            Unread::Turn(turn_id) => json!({"type": "turn", "turnId": turn_id}),
        });
        json!({"firstUnread": first_unread, "revision": self.revision})
    }
}

/// The revision follows from what is kept and from the last turn, so that a new turn changes it too.
fn state(id: ThreadId, kept: &Kept, turns: &Turns) -> ReadState {
    let last = turns.last.as_deref().unwrap_or_default();
    let revision = Uuid::new_v5(&id.0, format!("{}|{last}", kept.revision).as_bytes());
    let first_unread = if kept.unread {
        Some(Unread::ThreadStart)
    } else {
        turns.next.clone().map(Unread::Turn)
    };
    ReadState {
        first_unread,
        revision: revision.to_string(),
    }
}
