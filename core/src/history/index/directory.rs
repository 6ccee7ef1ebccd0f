//! Which rollouts there are, by the names of folders and files alone.
//!
//! Names tell the thread and the time of its start, so lists in that order need no database. Folders are listed when
//! they are needed, newest first, and again when their modification time changes.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs;
use std::ops::Bound::{Excluded, Unbounded};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use uuid::Uuid;

use super::file_times::{FileEntry, FileTimes};
use super::strays::Strays;
use crate::ThreadId;
use crate::history::rollout::layout::{Layout, RolloutName, uuid_ms};

mod listing;
mod reverts;
mod times;

use listing::{Listing, modified};

/// Modification times of folders are this coarse: what changed shortly before a listing may be missing in it.
pub(crate) const COARSE: Duration = Duration::from_millis(20);

/// Times that a folder is listed at most when it changes meanwhile.
const LISTINGS: usize = 3;

/// A rollout's place in the order of beginnings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key {
    /// Unix milliseconds of its beginning.
    pub(crate) begun_ms: i64,
    pub(crate) id: ThreadId,
    /// Set for files that a revert has begun.
    pub(crate) revert: Option<Uuid>,
}

/// A rollout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rollout {
    pub(crate) key: Key,
    pub(crate) path: PathBuf,
    pub(crate) archived: bool,
}

struct Folder {
    path: PathBuf,
    archived: bool,
    /// Modification time of the listing; `None` before the first one.
    listed: Option<SystemTime>,
    keys: Vec<Key>,
    /// Files of the last listing, between that and the next one.
    before: Vec<(Key, FileEntry)>,
}

/// The rollouts of one home.
pub(crate) struct RolloutDirectory {
    layout: Layout,
    /// Day folders, oldest first, and the archive at the end of time.
    folders: Vec<Folder>,
    by_path: HashMap<PathBuf, usize>,
    /// All folders in which rollouts, or folders with them, may come: those of days last, newest first.
    tree: Vec<PathBuf>,
    files: BTreeMap<Key, FileEntry>,
    archived: BTreeMap<Key, FileEntry>,
    /// Threads with more than one file.
    reverted: HashMap<ThreadId, Vec<Key>>,
    /// What lies elsewhere, or has another name.
    strays: Strays,
    times: FileTimes,
}

impl RolloutDirectory {
    /// An empty directory. Touches nothing.
    pub(crate) fn new(layout: Layout) -> Self {
        Self {
            layout,
            folders: Vec::new(),
            by_path: HashMap::new(),
            tree: Vec::new(),
            files: BTreeMap::new(),
            archived: BTreeMap::new(),
            reverted: HashMap::new(),
            strays: Strays::default(),
            times: FileTimes::default(),
        }
    }

    /// Notices new and vanished folders, and forgets the listing of those that changed. `true`: there is something to
    /// list.
    pub(crate) fn refresh(&mut self) -> bool {
        self.find_folders();
        let mut changed = false;
        for index in 0..self.folders.len() {
            let folder = &self.folders[index];
            if folder.listed.is_some() && folder.listed != modified(&folder.path) {
                self.forget(index);
            }
            changed |= self.folders[index].listed.is_none();
        }
        changed
    }

    /// Folders to watch, in the order of their worth, as they were found last.
    pub(crate) fn tree(&self) -> &[PathBuf] {
        &self.tree
    }

    /// The rollout at a path, as far as folders have been listed.
    pub(crate) fn find(&self, path: &Path) -> Option<Rollout> {
        let name = RolloutName::of(path)?;
        let folder = self.by_path.get(path.parent()?)?;
        let rollout = self.rollout(key(&name), self.folders[*folder].archived)?;
        (rollout.path == path).then_some(rollout)
    }

    /// The rollouts in a folder, as far as it has been listed.
    pub(crate) fn within(&self, folder: &Path) -> Vec<Rollout> {
        let Some(folder) = self.by_path.get(folder).map(|index| &self.folders[*index]) else {
            return Vec::new();
        };
        let rollouts = folder
            .keys
            .iter()
            .filter_map(|key| self.rollout(*key, folder.archived));
        rollouts
            .filter(|rollout| rollout.path.parent() == Some(&folder.path))
            .collect()
    }

    /// The newest file of each thread, in the order of beginnings, from `start` (exclusive) on, if given only of these
    /// threads. `take` says whether to go on.
    pub(crate) fn walk(
        &mut self,
        archived: bool,
        descending: bool,
        start: Option<Key>,
        only: Option<&HashSet<ThreadId>>,
        mut take: impl FnMut(&Rollout) -> bool,
    ) {
        if let Some(only) = only {
            // Few of many: none is worth a search for its place.
            self.list_all();
            let map = self.map(archived);
            let bound = start.map_or(Unbounded, Excluded);
            let take = |key: &Key| {
                let wanted = only.contains(&key.id) && self.is_newest(*key);
                !wanted || self.rollout(*key, archived).is_none_or(|rollout| take(&rollout))
            };
            if descending {
                map.range((Unbounded, bound)).rev().map(|(key, _)| key).all(take);
            } else {
                map.range((bound, Unbounded)).map(|(key, _)| key).all(take);
            }
            return;
        }
        // Folders not listed yet, nearest to the start first.
        let mut unlisted: Vec<usize> = (0..self.folders.len())
            .filter(|i| self.folders[*i].archived == archived && self.folders[*i].listed.is_none())
            .collect();
        unlisted.sort_by(|a, b| self.folders[*a].path.cmp(&self.folders[*b].path));
        if !descending {
            self.list_all();
            unlisted.clear();
        }
        let mut at = start;
        loop {
            let next = self.neighbour(archived, descending, at);
            // What could come before `next` must be listed first.
            if let Some(folder) = unlisted.last().copied()
                && next.is_none_or(|key| !self.folders[folder].ends_before(key))
            {
                unlisted.pop();
                self.list(folder);
                continue;
            }
            let Some(key) = next else { return };
            at = Some(key);
            if self.is_newest(key)
                && let Some(rollout) = self.rollout(key, archived)
                && !take(&rollout)
            {
                return;
            }
        }
    }

    /// The newest file of a thread.
    pub(crate) fn newest(&mut self, id: ThreadId) -> Option<Rollout> {
        self.refresh();
        self.all(id).into_iter().next_back()
    }

    /// All files of a thread, oldest first; archived ones come first. Files in unusual places, and with unusual names,
    /// count if there are no others.
    pub(crate) fn all(&mut self, id: ThreadId) -> Vec<Rollout> {
        self.list_all();
        let keys: Vec<Key> = match self.reverted.get(&id) {
            Some(keys) => keys.clone(),
            None => self.single(id).into_iter().collect(),
        };
        let mut found = Vec::new();
        for archived in [true, false] {
            found.extend(keys.iter().filter_map(|key| self.rollout(*key, archived)));
        }
        found.sort_by_key(|r| r.key);
        if found.is_empty() {
            return self.strays.find(&self.layout, |key| key.id == id);
        }
        found
    }

    /// Lists what has not been listed; on two threads, where that is much.
    pub(crate) fn list_all(&mut self) {
        let unlisted = (0..self.folders.len()).filter(|number| self.folders[*number].listed.is_none());
        let unlisted: Vec<(usize, PathBuf)> = unlisted
            .map(|number| (number, self.folders[number].path.clone()))
            .collect();
        listing::read_all(&unlisted, |number, listing| {
            if !self.take(number, listing) {
                self.list(number);
            }
        });
    }

    /// Lists what has not been listed among so many folders, from the one with the number `from` on. Gives the number of
    /// the next one; `None`: there are no more.
    pub(crate) fn list_some(&mut self, from: usize, count: usize) -> Option<usize> {
        let end = self.folders.len().min(from + count);
        for folder in from..end {
            if self.folders[folder].listed.is_none() {
                self.list(folder);
            }
        }
        (end < self.folders.len()).then_some(end)
    }

    /// The one file of a thread that was never reverted.
    fn single(&self, id: ThreadId) -> Option<Key> {
        let guess = uuid_ms(id.0).map(|begun_ms| Key {
            begun_ms,
            id,
            revert: None,
        });
        let known = |key: &Key| self.files.contains_key(key) || self.archived.contains_key(key);
        guess.filter(known).or_else(|| {
            self.files
                .keys()
                .chain(self.archived.keys())
                .find(|key| key.id == id)
                .copied()
        })
    }

    fn map(&self, archived: bool) -> &BTreeMap<Key, FileEntry> {
        if archived { &self.archived } else { &self.files }
    }

    fn neighbour(&self, archived: bool, descending: bool, at: Option<Key>) -> Option<Key> {
        let map = self.map(archived);
        let bound = at.map_or(Unbounded, Excluded);
        if descending {
            map.range((Unbounded, bound)).next_back().map(|(key, _)| *key)
        } else {
            map.range((bound, Unbounded)).next().map(|(key, _)| *key)
        }
    }

    /// The rollout at a place in the order.
    pub(crate) fn rollout(&self, key: Key, archived: bool) -> Option<Rollout> {
        let place = self.map(archived).get(&key)?;
        let mut name = String::with_capacity(128);
        place.write_name(key, &mut name);
        Some(Rollout {
            key,
            path: self.folders[place.folder].path.join(name),
            archived,
        })
    }

    /// Finds the day folders below `sessions/YYYY/MM`, and the archive.
    fn find_folders(&mut self) {
        let sessions = self.layout.sessions();
        let mut folders = Vec::new();
        let mut tree = Vec::new();
        for year in subfolders(&sessions) {
            for month in subfolders(&year) {
                folders.extend(subfolders(&month));
                tree.push(month);
            }
            tree.push(year);
        }
        if tree.is_empty() && !sessions.exists() {
            // The first thread will make it.
            tree.push(self.layout.home().to_path_buf());
        }
        tree.push(sessions);
        tree.push(self.layout.archived());
        // Shortest first, newest first. As text, because there may be thousands, and to compare paths takes long.
        let newest = |a: &PathBuf, b: &PathBuf| b.as_os_str().cmp(a.as_os_str());
        tree.sort_unstable_by(|a, b| {
            let depth = |path: &PathBuf| path.components().count();
            depth(a).cmp(&depth(b)).then_with(|| newest(a, b))
        });
        let stems = tree.len();
        tree.extend(folders.iter().cloned());
        tree[stems..].sort_unstable_by(newest);
        self.tree = tree;
        let present: HashSet<&Path> = folders.iter().map(PathBuf::as_path).collect();
        let gone: Vec<usize> = (0..self.folders.len())
            .filter(|i| !self.folders[*i].archived && !present.contains(self.folders[*i].path.as_path()))
            .collect();
        for index in gone {
            self.forget(index);
            // An empty listing that stays true as long as the folder is away.
            self.folders[index].listed = None;
        }
        for path in folders {
            self.add_folder(path, false);
        }
        self.add_folder(self.layout.archived(), true);
    }

    fn add_folder(&mut self, path: PathBuf, archived: bool) {
        if !self.by_path.contains_key(&path) {
            self.by_path.insert(path.clone(), self.folders.len());
            self.folders.push(Folder {
                path,
                archived,
                listed: None,
                keys: Vec::new(),
                before: Vec::new(),
            });
        }
    }

    fn list(&mut self, index: usize) {
        for _ in 0..LISTINGS {
            let listing = Listing::of(&self.folders[index].path);
            if self.take(index, listing) {
                return;
            }
        }
    }

    /// Takes what a folder was found to hold. Whether that is all: what came while it was listed may be missing.
    fn take(&mut self, index: usize, listing: Listing) -> bool {
        let Listing { before, names, after } = listing;
        self.forget(index);
        let folder = &self.folders[index];
        let (path, archived) = (folder.path.clone(), folder.archived);
        let mut keys = Vec::with_capacity(names.len());
        for (key, begun, compressed) in names {
            let place = FileEntry::new(index, begun, compressed);
            let map = if archived {
                &mut self.archived
            } else {
                &mut self.files
            };
            // Of a file that lies there twice the one that isn't compressed counts.
            if map.get(&key).is_none_or(|old| old.compressed) {
                map.insert(key, place);
            }
            keys.push(key);
            self.note_reverts(key);
        }
        for (key, known) in std::mem::take(&mut self.folders[index].before) {
            let map = if archived {
                &mut self.archived
            } else {
                &mut self.files
            };
            if let Some(entry) = map.get_mut(&key) {
                entry.covered_ms = known.covered_ms;
            } else if before.is_some()
                && let Some(entry) = known.present(key, &path)
            {
                // It was compressed, or expanded, while the folder was listed.
                map.insert(key, entry);
                keys.push(key);
                self.note_reverts(key);
            }
        }
        let folder = &mut self.folders[index];
        folder.keys = keys;
        let settled = before.filter(|at| at.elapsed().is_ok_and(|age| age > COARSE));
        // A folder that changed just now is listed again next time.
        folder.listed = Some(settled.unwrap_or(SystemTime::UNIX_EPOCH));
        if before.is_none() {
            folder.listed = None;
        }
        after == before
    }

    fn forget(&mut self, index: usize) {
        let folder = &mut self.folders[index];
        folder.listed = None;
        let map = if folder.archived {
            &mut self.archived
        } else {
            &mut self.files
        };
        for key in std::mem::take(&mut folder.keys) {
            if let Some(entry) = map.get(&key)
                && entry.folder == index
            {
                folder.before.push((key, *entry));
                map.remove(&key);
            }
            if let Some(keys) = self.reverted.get_mut(&key.id) {
                keys.retain(|k| *k != key);
            }
        }
    }
}

/// Clocks and time zones may shift a file by this against its folder.
const DAY_SLACK_MS: i64 = 26 * 3600 * 1000;

impl Folder {
    /// Whether all of its files began before `key`. Names are in local time: a day of slack covers all zones.
    fn ends_before(&self, key: Key) -> bool {
        self.day_end_ms()
            .is_some_and(|end| end + DAY_SLACK_MS < key.begun_ms)
    }

    /// The end of the day that the folder is named for; `None` for other folders.
    fn day_end_ms(&self) -> Option<i64> {
        let mut parts = self.path.iter().rev();
        let mut number = || parts.next()?.to_str()?.parse::<u32>().ok();
        let (day, month, year) = (number()?, number()?, number()?);
        let date = chrono::NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)?;
        Some(date.and_hms_opt(23, 59, 59)?.and_utc().timestamp_millis())
    }
}

pub(super) fn key(name: &RolloutName) -> Key {
    Key {
        begun_ms: name.begun_ms(),
        id: name.id,
        revert: name.revert,
    }
}

fn subfolders(path: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    let numeric = entries.filter(|e| {
        e.file_name()
            .to_str()
            .is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
    });
    numeric
        .filter(|e| e.file_type().is_ok_and(|t| t.is_dir() || t.is_symlink()))
        .map(|e| e.path())
        .collect()
}
