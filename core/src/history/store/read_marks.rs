//! How far loaded threads were read, in memory: a turn's end waits for no database.
//!
//! A change is in force at once and written down soon after. Another process may change what is kept meanwhile; then
//! the end of a turn is laid over that, and a user's word replaces it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::history::store::ThreadStore;
use crate::{ReadState, ThreadId, ThreadSettings};

/// The state of one loaded thread, as long as this lives.
pub(crate) struct ReadStateHandle {
    store: ThreadStore,
    id: ThreadId,
    /// The ends of turns count.
    is_kept: bool,
}

impl ReadStateHandle {
    /// `kept`: what the database keeps. What is in memory already is newer. The caller holds the lock of the database, unless
    /// the thread is new.
    pub(super) fn new(store: &ThreadStore, id: ThreadId, kept: Option<ReadState>) -> Self {
        let mut marks = store.inner.marks.lock();
        let mark = marks.entry(id).or_insert_with(|| ReadMark::new(id, kept));
        mark.holders += 1;
        Self {
            store: store.clone(),
            id,
            is_kept: true,
        }
    }

    /// The same for a thread of which it may not be kept how far it was read, see [`crate::ThreadInfo::has_read_state`].
    pub(crate) fn kept_if(mut self, is_kept: bool) -> Self {
        self.is_kept = is_kept;
        self
    }

    /// The state in force.
    pub(crate) fn state(&self) -> ReadState {
        let state = self.store.inner.marks.get(self.id);
        state.unwrap_or_else(|| ReadState::initial(self.id))
    }

    /// A turn has ended and is to be read: gives the state that is in force now, if one is kept, and has it written down.
    /// Does not wait.
    pub(crate) fn turn_ended(&self, turn_id: &str) -> Option<ReadState> {
        let inner = &self.store.inner;
        let state = self.is_kept.then(|| inner.marks.turn_ended(self.id, turn_id));
        inner.unstarted.begun(self.id);
        if !inner.marks.saving.swap(true, Ordering::AcqRel) {
            let inner = Arc::clone(inner);
            tokio::task::spawn_blocking(move || {
                if let Err(error) = inner.state().save() {
                    tracing::debug!(%error, "how far threads were read is not saved yet");
                }
            });
        }
        state
    }

    /// The settings are others now, and no history knows of them.
    pub(crate) fn settings_changed(&self, settings: &Arc<ThreadSettings>) {
        self.store.unstarted_settings(self.id, settings);
    }
}

impl Drop for ReadStateHandle {
    fn drop(&mut self) {
        self.store.inner.unstarted.release(self.id);
        self.store.inner.marks.release(self.id);
    }
}

/// The states in memory: those of loaded threads, and those that are still to be written down.
#[derive(Default)]
pub(super) struct ReadMarkCache {
    /// A lock because actors and blocking threads meet here; held for a few instructions.
    marks: Mutex<HashMap<ThreadId, ReadMark>>,
    /// Somebody is about to write down what changed.
    saving: AtomicBool,
}

/// One state.
#[derive(Clone)]
pub(super) struct ReadMark {
    state: ReadState,
    /// What the database held when it was last seen.
    kept: Option<String>,
    change: Option<Change>,
    /// The thread is loaded, so many times: one that is unloaded may overlap with its next life.
    holders: usize,
}

/// What the database does not know yet.
#[derive(Clone)]
enum Change {
    /// Turns ended; the first of them.
    Turn(String),
    /// The user's word.
    Word,
}

impl ReadMark {
    fn new(id: ThreadId, kept: Option<ReadState>) -> Self {
        Self {
            kept: kept.as_ref().map(|state| state.revision.clone()),
            state: kept.unwrap_or_else(|| ReadState::initial(id)),
            change: None,
            holders: 0,
        }
    }

    /// The state to write, where the database now keeps `kept`.
    pub(super) fn over(&self, kept: Option<ReadState>) -> ReadState {
        match (&self.change, kept) {
            (Some(Change::Turn(turn)), Some(kept)) if Some(&kept.revision) != self.kept.as_ref() => {
                kept.after_turn(turn)
            }
            _ => self.state.clone(),
        }
    }
}

impl ReadMarkCache {
    fn lock(&self) -> MutexGuard<'_, HashMap<ThreadId, ReadMark>> {
        self.marks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The state in memory.
    pub(super) fn get(&self, id: ThreadId) -> Option<ReadState> {
        self.lock().get(&id).map(|mark| mark.state.clone())
    }

    /// The state of a thread of which the database keeps `kept`. The caller holds the lock of the database.
    pub(super) fn learn(&self, id: ThreadId, kept: Option<ReadState>) -> ReadState {
        let mut marks = self.lock();
        let Some(mark) = marks.get_mut(&id) else {
            return kept.unwrap_or_else(|| ReadState::initial(id));
        };
        if mark.change.is_none() {
            *mark = ReadMark {
                holders: mark.holders,
                ..ReadMark::new(id, kept)
            };
        }
        mark.state.clone()
    }

    /// Puts a user's word in force if the state is the expected one, else gives the state. The caller holds a
    /// [`ReadStateHandle`].
    pub(super) fn replace(
        &self,
        id: ThreadId,
        expected: &str,
        new: ReadState,
    ) -> Result<ReadState, ReadState> {
        let mut marks = self.lock();
        let mark = marks.get(&id).cloned();
        let mark = mark.unwrap_or_else(|| ReadMark::new(id, None));
        if mark.state.revision != expected {
            return Err(mark.state);
        }
        let state = new.clone();
        let change = Some(Change::Word);
        marks.insert(
            id,
            ReadMark {
                state,
                change,
                ..mark
            },
        );
        Ok(new)
    }

    fn turn_ended(&self, id: ThreadId, turn_id: &str) -> ReadState {
        let mut marks = self.lock();
        let mark = marks.entry(id).or_insert_with(|| ReadMark::new(id, None));
        mark.state = mark.state.after_turn(turn_id);
        mark.change
            .get_or_insert_with(|| Change::Turn(turn_id.to_owned()));
        mark.state.clone()
    }

    fn release(&self, id: ThreadId) {
        let mut marks = self.lock();
        if let Some(mark) = marks.get_mut(&id) {
            mark.holders = mark.holders.saturating_sub(1);
            if mark.holders == 0 && mark.change.is_none() {
                marks.remove(&id);
            }
        }
    }

    /// What is still to be written down. Whoever changes something from now on must ask for that again.
    pub(super) fn take_changed(&self) -> Vec<(ThreadId, ReadMark)> {
        self.saving.store(false, Ordering::Release);
        let marks = self.lock();
        let changed = marks.iter().filter(|(_, mark)| mark.change.is_some());
        changed.map(|(id, mark)| (*id, mark.clone())).collect()
    }

    /// `written` is in the database now, made of `mark`. The caller holds the lock of the database.
    pub(super) fn kept(&self, id: ThreadId, mark: &ReadMark, written: ReadState) {
        let mut marks = self.lock();
        let Some(now) = marks.get_mut(&id) else { return };
        now.kept = Some(written.revision.clone());
        if now.state.revision == mark.state.revision {
            now.state = written;
            now.change = None;
            if now.holders == 0 {
                marks.remove(&id);
            }
        }
    }

    /// The thread is gone.
    pub(super) fn forget(&self, id: ThreadId) {
        self.lock().remove(&id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Unread;

    fn turn(id: &str) -> Unread {
        Unread::Turn(id.to_owned())
    }

    #[test]
    fn what_another_process_marked_is_not_undone_by_the_end_of_a_turn() {
        let marks = ReadMarkCache::default();
        let id = ThreadId::new();
        let first = marks.turn_ended(id, "one");
        assert_eq!(first.first_unread, Some(turn("one")));
        let changed = marks.take_changed();
        marks.kept(id, &changed[0].1, changed[0].1.over(None));
        // The thread is not loaded: nothing has to stay.
        assert!(marks.get(id).is_none());
        marks.learn(id, Some(first.clone()));
        marks.lock().insert(id, ReadMark::new(id, Some(first)));
        assert_eq!(marks.turn_ended(id, "two").first_unread, Some(turn("one")));
        let elsewhere = ReadState::new(None);
        let changed = marks.take_changed();
        let written = changed[0].1.over(Some(elsewhere));
        assert_eq!(written.first_unread, Some(turn("two")));
    }

    #[test]
    fn a_stale_revision_is_refused_with_the_state() {
        let marks = ReadMarkCache::default();
        let id = ThreadId::new();
        let known = ReadState::new(Some(turn("one")));
        marks.lock().insert(id, ReadMark::new(id, Some(known.clone())));
        let refused = marks.replace(id, "other", ReadState::new(None));
        assert_eq!(refused, Err(known.clone()));
        let read = marks.replace(id, &known.revision, ReadState::new(None));
        assert_eq!(read.expect("it was as expected").first_unread, None);
        assert_eq!(marks.take_changed().len(), 1);
    }
}
