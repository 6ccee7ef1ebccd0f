//! Messages that wait for their turn, as the users' database keeps them (docs/contract/threads.md#queue).

use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use rusqlite::{Connection, OptionalExtension, params};
use serde::{Deserialize, Serialize};

use super::{ThreadStore, TurnsQuery};
use crate::history::database::Fault;
use crate::history::rollout::codec::input::FileInput;
use crate::{Error, Item, ItemBody, ItemsView, Result, ThreadId, UserInput, new_id};

/// Most messages of one thread.
const MAX_QUEUED: i64 = 1000;

/// Turns in which a message is looked for that was taken out of the queue.
const RECENT_TURNS: usize = 20;

/// A message that waits for its turn.
#[derive(Debug, Clone, PartialEq)]
pub struct QueuedSubmission {
    /// Its name.
    pub id: String,
    /// What the user says.
    pub input: Vec<UserInput>,
    /// Comes back as `clientId` of the user message item.
    pub client_user_message_id: String,
    /// The client's metadata of the turn that it becomes.
    pub client_metadata: Option<BTreeMap<String, String>>,
}

/// What a change of a queue gives, and whether it changed anything.
pub type QueueChange<T> = BoxFuture<'static, Result<(T, bool)>>;

/// A page of a queue.
#[derive(Debug, Clone, PartialEq)]
pub struct QueuePage {
    /// Messages in order.
    pub submissions: Vec<QueuedSubmission>,
    /// Where the next page begins.
    pub next: Option<usize>,
}

/// As the database keeps it.
#[derive(Serialize, Deserialize)]
struct Kept {
    input: Vec<FileInput>,
    client_user_message_id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    client_metadata: Option<BTreeMap<String, String>>,
}

impl QueuedSubmission {
    /// A message that nobody has queued yet.
    pub fn new(
        input: Vec<UserInput>,
        client_user_message_id: String,
        client_metadata: Option<BTreeMap<String, String>>,
    ) -> Self {
        Self {
            id: new_id(),
            input,
            client_user_message_id,
            client_metadata,
        }
    }

    fn to_json(&self) -> Result<String> {
        let kept = Kept {
            input: self.input.iter().map(Into::into).collect(),
            client_user_message_id: self.client_user_message_id.clone(),
            client_metadata: self.client_metadata.clone(),
        };
        serde_json::to_string(&kept).map_err(|error| Error::internal(error.to_string()))
    }

    /// `None` for what can't be read.
    fn of_row(id: String, json: &str) -> Option<Self> {
        let kept: Kept = serde_json::from_str(json).ok()?;
        Some(Self {
            id,
            input: kept.input.into_iter().filter_map(FileInput::into_input).collect(),
            client_user_message_id: kept.client_user_message_id,
            client_metadata: kept.client_metadata,
        })
    }
}

impl ThreadStore {
    /// Queues a message behind all others.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] if a thousand wait already.
    pub fn queue(&self, thread: ThreadId, submission: QueuedSubmission) -> QueueChange<QueuedSubmission> {
        let store = self.clone();
        async move {
            let json = submission.to_json()?;
            let (key, id) = (thread.to_string(), submission.id.clone());
            store
                .blocking(move |state| {
                    Ok(state.data.write(|db| {
                        let (count, last): (i64, i64) = db.query_row(
                            "SELECT COUNT(*), COALESCE(MAX(position), 0) FROM queued WHERE thread_id = ?1",
                            [&key],
                            |r| Ok((r.get(0)?, r.get(1)?)),
                        )?;
                        if count >= MAX_QUEUED {
                            return Err(Fault::Refused(Error::invalid(format!(
                                "the queue is full: {MAX_QUEUED} messages wait already"
                            ))));
                        }
                        db.execute(
                            "INSERT INTO queued(thread_id, id, position, submission) VALUES (?1, ?2, ?3, ?4)",
                            params![key, id, last + 1, json],
                        )?;
                        Ok(())
                    })?)
                })
                .await?;
            Ok((submission, true))
        }
        .boxed()
    }

    /// A page of a thread's queue, from this place on. What can't be read is left out.
    pub async fn queued(&self, thread: ThreadId, from: usize, limit: usize) -> Result<QueuePage> {
        let key = thread.to_string();
        let rows = self
            .blocking(move |state| {
                Ok(state.data.read(|db| {
                    let mut select = db.prepare_cached(
                        "SELECT id, submission FROM queued WHERE thread_id = ?1 ORDER BY position LIMIT ?2 OFFSET ?3",
                    )?;
                    let to_number = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
                    let rows = select.query_map(
                        params![key, to_number(limit.saturating_add(1)), to_number(from)],
                        |r| Ok((r.get::<_, String>(0)?, r.get::<_, String>(1)?)),
                    )?;
                    rows.collect::<rusqlite::Result<Vec<_>>>()
                })?)
            })
            .await?;
        let next = (rows.len() > limit).then(|| from.saturating_add(limit));
        let submissions = rows
            .into_iter()
            .take(limit)
            .filter_map(|(id, json)| QueuedSubmission::of_row(id, &json));
        Ok(QueuePage {
            submissions: submissions.collect(),
            next,
        })
    }

    /// Gives a queued message other words.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] if no message of this id waits.
    pub fn update_queued(
        &self,
        thread: ThreadId,
        id: String,
        input: Vec<UserInput>,
        client_metadata: Option<BTreeMap<String, String>>,
    ) -> QueueChange<QueuedSubmission> {
        let store = self.clone();
        async move {
            let key = thread.to_string();
            let found = store.blocking({
                let (key, id) = (key.clone(), id.clone());
                move |state| Ok(state.data.read(|db| row(db, &key, Some(&id)))?)
            });
            let found = found
                .await?
                .and_then(|(id, json)| QueuedSubmission::of_row(id, &json));
            let missing = || Error::invalid(format!("queued submission not found: {id}"));
            let old = found.ok_or_else(missing)?;
            let new = QueuedSubmission {
                input,
                client_metadata: client_metadata.or(old.client_metadata),
                ..old
            };
            let json = new.to_json()?;
            let rows = {
                let id = id.clone();
                store.blocking(move |state| {
                    Ok(state.data.write(|db| {
                        Ok(db.execute(
                            "UPDATE queued SET submission = ?3 WHERE thread_id = ?1 AND id = ?2",
                            params![key, id, json],
                        )?)
                    })?)
                })
            };
            if rows.await? == 0 {
                return Err(missing());
            }
            Ok((new, true))
        }
        .boxed()
    }

    /// Takes a message out of the queue for good. Gives whether it was there.
    pub fn delete_queued(&self, thread: ThreadId, id: String) -> QueueChange<bool> {
        let store = self.clone();
        async move {
            let key = thread.to_string();
            let deleted = store.blocking(move |state| {
                Ok(state.data.remove(|db| {
                    let is_there = row(db, &key, Some(&id))?.is_some();
                    delete_row(db, "queued", &key, &id)?;
                    Ok(is_there)
                })?)
            });
            let deleted = deleted.await?;
            Ok((deleted, deleted))
        }
        .boxed()
    }

    /// Puts the messages into another order, which must name each once.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] if it does not.
    pub fn reorder_queued(&self, thread: ThreadId, ids: Vec<String>) -> QueueChange<()> {
        let store = self.clone();
        async move {
            let key = thread.to_string();
            store
                .blocking(move |state| {
                    Ok(state.data.write(|db| {
                        let mut select = db.prepare_cached("SELECT id FROM queued WHERE thread_id = ?1")?;
                        let rows = select.query_map([&key], |r| r.get::<_, String>(0))?;
                        let mut kept = rows.collect::<rusqlite::Result<Vec<_>>>()?;
                        let mut named = ids.clone();
                        kept.sort_unstable();
                        named.sort_unstable();
                        if kept != named {
                            return Err(Fault::Refused(Error::invalid(
                                "queue reorder must include every queued submission exactly once",
                            )));
                        }
                        for (position, id) in (1_i64..).zip(&ids) {
                            db.execute(
                                "UPDATE queued SET position = ?3 WHERE thread_id = ?1 AND id = ?2",
                                params![key, id, position],
                            )?;
                        }
                        Ok(())
                    })?)
                })
                .await?;
            Ok(((), true))
        }
        .boxed()
    }

    /// Takes the first message, or the one of this id, out of the queue, to become a turn. Of two programs one gets it. It
    /// is kept until [`Self::forget_dequeued`], because the turn is not recorded yet. What can't be read is dropped.
    pub(crate) async fn take_queued(
        &self,
        thread: ThreadId,
        id: Option<String>,
    ) -> Result<Option<QueuedSubmission>> {
        let key = thread.to_string();
        self.blocking(move |state| {
            Ok(state.data.remove(|db| {
                loop {
                    let Some((found, json)) = row(db, &key, id.as_deref())? else {
                        return Ok::<_, Fault>(None);
                    };
                    let taken = QueuedSubmission::of_row(found.clone(), &json);
                    if taken.is_some() {
                        move_row(db, ["queued", "dequeued"], &key, &found)?;
                        return Ok(taken);
                    }
                    delete_row(db, "queued", &key, &found)?;
                    if id.is_some() {
                        return Ok(None);
                    }
                    tracing::warn!(thread = key, "a queued message can't be read; it is dropped");
                }
            })?)
        })
        .await
    }

    /// The turns of what was taken out of the queue are recorded.
    pub(crate) async fn forget_dequeued(&self, thread: ThreadId) -> Result<()> {
        let key = thread.to_string();
        self.blocking(move |state| {
            Ok(state.data.remove(|db| {
                db.execute("DELETE FROM dequeued WHERE thread_id = ?1", [&key])?;
                Ok(())
            })?)
        })
        .await
    }

    /// Puts back what was taken out of the queue and becomes no turn, in front of the others.
    pub(crate) async fn put_back_dequeued(&self, thread: ThreadId, id: String) -> Result<()> {
        let key = thread.to_string();
        self.blocking(move |state| Ok(state.data.remove(|db| Ok(put_in_front(db, &key, &id)?))?))
            .await
    }

    /// Puts back what an earlier process took out of the queue and was killed before it was recorded. The rollout at `path`
    /// tells what was.
    pub(crate) async fn restore_dequeued(&self, thread: ThreadId, path: PathBuf) -> Result<()> {
        let key = thread.to_string();
        let rows = self.blocking({
            let key = key.clone();
            move |state| {
                Ok(state.data.read(|db| {
                    let mut select = db.prepare_cached(
                        "SELECT id, submission FROM dequeued WHERE thread_id = ?1 ORDER BY position DESC",
                    )?;
                    let rows =
                        select.query_map([&key], |r| Ok((r.get::<_, String>(0)?, r.get::<_, String>(1)?)))?;
                    rows.collect::<rusqlite::Result<Vec<_>>>()
                })?)
            }
        });
        let rows = rows.await?;
        if rows.is_empty() {
            return Ok(());
        }
        let recorded = self.last_client_ids(thread, path).await?;
        let is_lost = |(id, json): &(String, String)| {
            let read = QueuedSubmission::of_row(id.clone(), json);
            read.is_some_and(|one| !recorded.contains(&one.client_user_message_id))
        };
        let lost: Vec<String> = rows.into_iter().filter(is_lost).map(|(id, _)| id).collect();
        self.blocking(move |state| {
            Ok(state.data.remove(|db| {
                // The last one first: each goes in front of the others.
                for id in &lost {
                    put_in_front(db, &key, id)?;
                }
                db.execute("DELETE FROM dequeued WHERE thread_id = ?1", [&key])?;
                Ok(())
            })?)
        })
        .await
    }

    /// The names that clients gave to the user's messages in the last turns.
    async fn last_client_ids(&self, thread: ThreadId, path: PathBuf) -> Result<HashSet<String>> {
        let is_there = self.blocking({
            let path = path.clone();
            move |_| Ok(path.is_file())
        });
        if !is_there.await? {
            // It had no turn yet.
            return Ok(HashSet::new());
        }
        let query = TurnsQuery {
            limit: RECENT_TURNS,
            cursor: None,
            descending: true,
            view: ItemsView::Full,
            running: None,
        };
        let page = self.turns_page(thread, path, query).await?;
        let items = page.turns.into_iter().flat_map(|turn| turn.items);
        let name = |item: Item| match item.body {
            ItemBody::UserMessage { client_id, .. } => client_id,
            _ => None,
        };
        Ok(items.filter_map(name).collect())
    }
}

/// Moves a message from one table to another.
fn move_row(db: &Connection, [from, to]: [&str; 2], thread: &str, id: &str) -> rusqlite::Result<()> {
    db.execute(
        &format!("INSERT OR REPLACE INTO {to} SELECT * FROM {from} WHERE thread_id = ?1 AND id = ?2"),
        [thread, id],
    )?;
    delete_row(db, from, thread, id)
}

/// Puts a message that was taken out before all others of its thread.
fn put_in_front(db: &Connection, thread: &str, id: &str) -> rusqlite::Result<()> {
    move_row(db, ["dequeued", "queued"], thread, id)?;
    db.execute(
        "UPDATE queued SET position =
            (SELECT MIN(position) - 1 FROM queued WHERE thread_id = ?1) WHERE thread_id = ?1 AND id = ?2",
        [thread, id],
    )
    .map(drop)
}

fn delete_row(db: &Connection, table: &str, thread: &str, id: &str) -> rusqlite::Result<()> {
    let sql = format!("DELETE FROM {table} WHERE thread_id = ?1 AND id = ?2");
    db.execute(&sql, [thread, id]).map(drop)
}

/// The first message, or the one of this id.
fn row(db: &Connection, thread: &str, id: Option<&str>) -> rusqlite::Result<Option<(String, String)>> {
    let mut select = db.prepare_cached(
        "SELECT id, submission FROM queued WHERE thread_id = ?1 AND (?2 IS NULL OR id = ?2) ORDER BY position LIMIT 1",
    )?;
    select
        .query_row(params![thread, id], |r| Ok((r.get(0)?, r.get(1)?)))
        .optional()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::Layout;

    async fn names(store: &ThreadStore, thread: ThreadId) -> Vec<String> {
        let page = store.queued(thread, 0, 10).await.expect("readable");
        let waiting = page.submissions.into_iter();
        waiting.map(|one| one.client_user_message_id).collect()
    }

    #[tokio::test]
    async fn what_was_taken_and_not_recorded_waits_again_in_its_place() {
        let home = tempfile::tempdir().expect("a folder");
        let store = || ThreadStore::new(Layout::new(home.path()), "mock");
        let (first, thread) = (store(), ThreadId::new());
        for name in ["one", "two", "three"] {
            let text = UserInput::Text {
                text: name.to_owned(),
                elements: Vec::new(),
            };
            let message = QueuedSubmission::new(vec![text], name.to_owned(), None);
            first.queue(thread, message).await.expect("writable");
        }
        for name in ["one", "two"] {
            let taken = first.take_queued(thread, None).await.expect("writable");
            assert_eq!(taken.expect("there is one").client_user_message_id, name);
        }
        assert_eq!(names(&first, thread).await, ["three"]);
        let next = store();
        let rollout = home.path().join("none.jsonl");
        let restore = || next.restore_dequeued(thread, rollout.clone());
        restore().await.expect("writable");
        assert_eq!(names(&next, thread).await, ["one", "two", "three"]);
        let taken = next.take_queued(thread, None).await.expect("writable");
        let id = taken.expect("there is one").id;
        next.put_back_dequeued(thread, id).await.expect("writable");
        assert_eq!(names(&next, thread).await, ["one", "two", "three"]);
        next.take_queued(thread, None).await.expect("writable");
        next.forget_dequeued(thread).await.expect("writable");
        restore().await.expect("writable");
        assert_eq!(names(&next, thread).await, ["two", "three"]);
    }
}
