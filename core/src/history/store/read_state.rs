//! How far users have read (docs/contract/threads.md#read-state).
//!
//! A thread of which nothing is kept counts as read. The end of a turn that has an answer or failed makes it unread,
//! from that turn on, and so does the user's word. What is kept lies in the users'
//! database; of loaded threads it is in memory too, see [`super::read_marks`].

use rusqlite::{Connection, OptionalExtension, params};

use super::read_marks::ReadStateHandle;
use super::{ListPage, State, ThreadStore, pages};
use crate::history::read::chain::History;
use crate::{Error, ReadState, Result, ThreadId, Unread};

impl ThreadStore {
    /// How far a thread was read.
    pub async fn read_state(&self, id: ThreadId) -> Result<ReadState> {
        let mut states = self.blocking(move |state| Ok(state.read_states(&[id]))).await?;
        Ok(states.pop().unwrap_or_else(|| ReadState::initial(id)))
    }

    /// Marks a thread as read or unread, if it is still as the caller believes. The new state is in force when this
    /// resolves; [`ThreadStore::save`] writes it down.
    pub async fn mark_read(&self, id: ThreadId, expected: &str, read: bool) -> Result<ReadState> {
        let store = self.clone();
        // Until the new state is in force, so that no other one comes and goes between the look and the change.
        let _held = super::run(move || {
            let mut state = store.inner.state();
            let known = state.read_states(&[id]).pop();
            Ok(ReadStateHandle::new(&store, id, known))
        })
        .await?;
        let first_unread = (!read).then_some(Unread::ThreadStart);
        self.inner
            .marks
            .replace(id, expected, ReadState::new(first_unread))
            .map_err(|current| Error::ReadStateConflict { current })
    }

    /// Writes down what is in memory only: how far threads were read, and threads that had no turn yet. What can't be
    /// written stays in force as long as the process lives, and is tried again with the next change.
    pub async fn save(&self) {
        if let Err(error) = self.blocking(State::save).await {
            tracing::warn!(%error, "how far threads were read, or threads without a turn, are not saved yet");
        }
    }

    /// Brings the states in a page to what they are at this moment.
    pub(crate) fn refresh_read_states(&self, page: &mut ListPage) {
        for (info, state) in page.threads.iter().zip(&mut page.read_states) {
            if let Some(now) = self.inner.marks.get(info.id) {
                *state = now;
            }
        }
    }

    /// The state of a thread that has just begun.
    pub(crate) fn new_reading(&self, id: ThreadId) -> ReadStateHandle {
        ReadStateHandle::new(self, id, None)
    }

    /// The state of a thread that lost its last turns. Tells it if that changed it: what was to be read next is gone.
    pub(crate) async fn reverted_reading(
        &self,
        id: ThreadId,
        history: History,
    ) -> Result<(ReadStateHandle, Option<ReadState>)> {
        let store = self.clone();
        super::run(move || {
            let reading = store.reading(id);
            let now = reading.state();
            let Some(Unread::Turn(turn)) = &now.first_unread else {
                return Ok((reading, None));
            };
            if pages::has_turn(&history, turn)? {
                return Ok((reading, None));
            }
            let changes = ReadState::new(None);
            let replaced = store.inner.marks.replace(id, &now.revision, changes);
            if let Err(error) = store.inner.state().save() {
                tracing::debug!(%error, "how far a thread was read is not saved yet");
            }
            Ok((reading, replaced.ok()))
        })
        .await
    }

    /// The state of a thread that is taken up. Reads the database.
    pub(super) fn reading(&self, id: ThreadId) -> ReadStateHandle {
        let mut state = self.inner.state();
        let known = state.known_read_state(id);
        ReadStateHandle::new(self, id, known)
    }
}

impl State {
    /// How far threads were read, in their order. Asks the database once for all.
    pub(super) fn read_states(&mut self, ids: &[ThreadId]) -> Vec<ReadState> {
        let kept: Vec<Option<ReadState>> = self
            .data
            .glance(|db| ids.iter().map(|id| kept(db, *id)).collect());
        let mut kept = kept.into_iter();
        ids.iter()
            .map(|id| self.marks.learn(*id, kept.next().flatten()))
            .collect()
    }

    /// What is kept of a thread.
    fn known_read_state(&mut self, id: ThreadId) -> Option<ReadState> {
        // What can't be read is no reason to refuse: nothing is known then.
        self.data.glance(|db| kept(db, id))
    }

    /// Writes down what is in memory only.
    pub(super) fn save(&mut self) -> Result<()> {
        let changed = self.marks.take_changed();
        let unstarted = self.unstarted.take_changed();
        if changed.is_empty() && unstarted.is_empty() {
            return Ok(());
        }
        let written = self.data.write(|db| {
            let mut written = Vec::with_capacity(changed.len());
            for (id, mark) in &changed {
                let state = mark.over(kept(db, *id)?);
                keep(db, *id, &state)?;
                written.push(state);
            }
            unstarted.write(db)?;
            Ok(written)
        })?;
        for ((id, mark), state) in changed.iter().zip(written) {
            self.marks.kept(*id, mark, state);
        }
        self.unstarted.kept(&unstarted);
        self.prune_unstarted()
    }
}

fn kept(db: &Connection, id: ThreadId) -> rusqlite::Result<Option<ReadState>> {
    db.prepare_cached("SELECT from_start, turn_id, revision FROM unread WHERE thread_id = ?1")?
        .query_row([id.to_string()], |row| {
            let turn: Option<String> = row.get(1)?;
            Ok(ReadState {
                first_unread: if row.get(0)? {
                    Some(Unread::ThreadStart)
                } else {
                    turn.map(Unread::Turn)
                },
                revision: row.get(2)?,
            })
        })
        .optional()
}

fn keep(db: &Connection, id: ThreadId, state: &ReadState) -> rusqlite::Result<()> {
    let turn = match &state.first_unread {
        Some(Unread::Turn(turn)) => Some(turn),
        _ => None,
    };
    let from_start = state.first_unread == Some(Unread::ThreadStart);
    db.prepare_cached("INSERT OR REPLACE INTO unread VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![id.to_string(), from_start, turn, state.revision])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::rollout::layout::Layout;

    #[test]
    fn of_two_marks_that_expect_the_same_one_is_refused() {
        let home = tempfile::tempdir().expect("a folder");
        let store = ThreadStore::new(Layout::new(home.path()), "mock");
        let id = ThreadId::new();
        // Looks at the database one after the other.
        let runtime = tokio::runtime::Builder::new_current_thread()
            .max_blocking_threads(1)
            .build()
            .expect("a runtime");
        runtime.block_on(async {
            let before = store.read_state(id).await.expect("a state").revision;
            let mut second = std::pin::pin!(store.mark_read(id, &before, false));
            // It can't look while somebody else is at it.
            let (open, gate) = std::sync::mpsc::channel::<()>();
            let others = tokio::task::spawn_blocking(move || gate.recv());
            assert!(futures_util::poll!(&mut second).is_pending());
            drop(open);
            assert!(others.await.expect("waited").is_err(), "the gate has opened");
            // The second one looks now; it comes to its turn when the first one is written down.
            let first = store.mark_read(id, &before, true).await;
            store.save().await;
            let second = second.await;
            assert_eq!((first.is_ok(), second.is_ok()), (true, false));
            assert!(store.inner.marks.get(id).is_none(), "nothing holds it");
        });
    }
}
