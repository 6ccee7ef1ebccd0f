//! Threads with more than one file: each revert begins another one.

use uuid::Uuid;

use super::{Key, Rollout, RolloutDirectory};
use crate::ThreadId;

impl RolloutDirectory {
    /// The files that a history may build upon that names this identifier, the likeliest first: those of the thread, whose
    /// first file has its identifier, or the one that this revert has begun.
    pub(crate) fn bases(&mut self, id: Uuid) -> Vec<Rollout> {
        self.list_all();
        let begun = self
            .reverted
            .values()
            .flatten()
            .find(|key| key.revert == Some(id));
        let Some(key) = begun.copied() else {
            let of_thread = self.all(ThreadId(id));
            if of_thread.is_empty() {
                return self.strays.find(&self.layout, |key| key.revert == Some(id));
            }
            return of_thread;
        };
        let places = [false, true].map(|archived| self.rollout(key, archived));
        places.into_iter().flatten().collect()
    }

    /// The files that reverts have left behind, of all threads.
    pub(crate) fn left_by_reverts(&mut self) -> Vec<Rollout> {
        self.list_all();
        let left = self
            .reverted
            .values()
            .flatten()
            .filter(|key| !self.is_newest(**key));
        let places = left.flat_map(|key| [false, true].map(|archived| self.rollout(*key, archived)));
        places.flatten().collect()
    }

    pub(super) fn is_newest(&self, key: Key) -> bool {
        self.reverted
            .get(&key.id)
            .is_none_or(|keys| keys.iter().max() == Some(&key))
    }

    pub(super) fn note_reverts(&mut self, key: Key) {
        if key.revert.is_some() {
            let first = if self.reverted.contains_key(&key.id) {
                None
            } else {
                self.single(key.id)
            };
            let keys = self.reverted.entry(key.id).or_default();
            keys.extend(first.filter(|first| *first != key));
            if !keys.contains(&key) {
                keys.push(key);
            }
            keys.sort_unstable();
            keys.dedup();
        } else if let Some(keys) = self.reverted.get_mut(&key.id)
            && !keys.contains(&key)
        {
            keys.push(key);
            keys.sort_unstable();
        }
    }
}
