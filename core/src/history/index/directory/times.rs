//! When the files of a directory were changed, and which of them the index of texts covers.

use std::ops::Bound::{Excluded, Unbounded};
use std::path::Path;

use super::{Key, Rollout, RolloutDirectory, key};
use crate::history::index::file_times::UNKNOWN;
use crate::history::rollout::layout::RolloutName;

impl RolloutDirectory {
    /// When the newest file of each thread was changed last, in Unix milliseconds, as the file system says now.
    pub(crate) fn changes(&mut self, archived: bool) -> Vec<(i64, Key)> {
        self.list_all();
        self.bring_times_up_to_date(archived);
        let all = self.map(archived).iter();
        let known = all.filter(|(key, entry)| entry.modified_ms != UNKNOWN && self.is_newest(**key));
        known.map(|(key, entry)| (entry.modified_ms, *key)).collect()
    }

    /// Threads whose newest file the index of texts does not cover as it is now.
    pub(crate) fn uncovered(&mut self, archived: bool) -> Vec<(i64, Key)> {
        self.list_all();
        self.bring_times_up_to_date(archived);
        let all = self.map(archived).iter();
        let wanted = all.filter(|(key, entry)| !entry.is_covered() && self.is_newest(**key));
        wanted.map(|(key, entry)| (entry.modified_ms, *key)).collect()
    }

    /// Notes that the index of texts covers a file as it was when it was changed last at this time.
    pub(crate) fn set_covered(&mut self, path: &Path, modified_ms: i64) {
        let name = RolloutName::of(path);
        let folder = path.parent().and_then(|folder| self.by_path.get(folder));
        if let (Some(name), Some(index)) = (name, folder) {
            let map = if self.folders[*index].archived {
                &mut self.archived
            } else {
                &mut self.files
            };
            // If its folder has changed since it was listed, it is taken over by the next listing.
            let before = self.folders[*index].before.iter_mut();
            let entry = map.get_mut(&key(&name)).or_else(|| {
                let mut before = before.filter(|(before, _)| *before == key(&name));
                before.next().map(|(_, entry)| entry)
            });
            if let Some(entry) = entry
                && entry.folder == *index
                && entry.compressed == name.compressed
            {
                entry.covered_ms = modified_ms;
            }
        }
    }

    /// Takes back everything that [`Self::set_covered`] has noted.
    pub(crate) fn forget_covered(&mut self) {
        for entry in self.files.values_mut().chain(self.archived.values_mut()) {
            entry.covered_ms = UNKNOWN;
        }
        for (_, entry) in self.folders.iter_mut().flat_map(|folder| &mut folder.before) {
            entry.covered_ms = UNKNOWN;
        }
    }

    /// All files, also those that a revert has left behind, newest first; archived ones last.
    pub(crate) fn every_file(&mut self) -> Vec<Rollout> {
        self.list_all();
        let mut all = Vec::with_capacity(self.files.len() + self.archived.len());
        for archived in [false, true] {
            let keys = self.map(archived).keys().rev();
            all.extend(keys.filter_map(|key| self.rollout(*key, archived)));
        }
        all
    }

    /// Asks when so many files were changed, in the order of beginnings, after `behind`, as far as that is not
    /// known. Gives the last of them; `None`: there are no more.
    pub(crate) fn ask_times(&mut self, archived: bool, behind: Option<Key>, count: usize) -> Option<Key> {
        let folders: Vec<(&Path, usize)> = self
            .folders
            .iter()
            .map(|folder| (folder.path.as_path(), folder.keys.len()))
            .collect();
        let map = if archived {
            &mut self.archived
        } else {
            &mut self.files
        };
        let from = (behind.map_or(Unbounded, Excluded), Unbounded);
        let last = map.range(from).take(count).last().map(|(key, _)| *key);
        self.times.ask(&folders, map.range_mut(from).take(count));
        last
    }

    fn bring_times_up_to_date(&mut self, archived: bool) {
        let folders: Vec<(&Path, usize)> = self
            .folders
            .iter()
            .map(|folder| (folder.path.as_path(), folder.keys.len()))
            .collect();
        let heard = self.times.take_changes();
        heard.apply(&folders, &mut self.files, &mut self.archived);
        let map = if archived {
            &mut self.archived
        } else {
            &mut self.files
        };
        self.times.ask(&folders, map.iter_mut());
    }
}
