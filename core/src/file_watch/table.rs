//! Which folder is watched for whom, and what an event means to them.

use std::collections::{HashMap, HashSet};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use crate::sys::{FolderEvent, WatchedFolder};

/// What a folder is to a watch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Role {
    /// It is what is watched: everything in it counts.
    Whole,
    /// The entry of this name is what is watched.
    Entry(OsString),
    /// When the entry of this name comes, what is watched may follow.
    Arrival(OsString),
}

/// All watches, and the folders that are watched for them.
#[derive(Debug)]
pub(super) struct Table<W> {
    watches: HashMap<u64, Entry<W>>,
    folders: HashMap<WatchedFolder, Folder>,
    next: u64,
}

#[derive(Debug)]
struct Entry<W> {
    path: PathBuf,
    watched: W,
    folders: Vec<(WatchedFolder, Role)>,
}

/// Whom a folder matters to.
#[derive(Debug, Default)]
struct Folder {
    whole: HashSet<u64>,
    entries: HashMap<OsString, HashSet<u64>>,
    arrivals: HashMap<OsString, HashSet<u64>>,
}

/// What follows from events.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct News {
    /// Watches, and the paths that they are to be told.
    pub(super) changed: Vec<(u64, PathBuf)>,
    /// Watches whose paths must be looked at again.
    pub(super) moved: HashSet<u64>,
}

impl<W> Default for Table<W> {
    fn default() -> Self {
        Self {
            watches: HashMap::new(),
            folders: HashMap::new(),
            next: 0,
        }
    }
}

impl<W> Table<W> {
    /// A new watch, of which nothing is watched yet. `None`: there are as many as there may be.
    pub(super) fn add(&mut self, path: PathBuf, watched: W, most: usize) -> Option<u64> {
        if self.watches.len() >= most {
            return None;
        }
        self.next += 1;
        let entry = Entry {
            path,
            watched,
            folders: Vec::new(),
        };
        self.watches.insert(self.next, entry);
        Some(self.next)
    }

    /// Ends a watch. Gives the folders that matter to nobody any more.
    pub(super) fn remove(&mut self, key: u64) -> Vec<WatchedFolder> {
        let mut folders = self.disarm(key);
        self.watches.remove(&key);
        folders.retain(|folder| self.is_idle(*folder));
        folders
    }

    /// What is watched, and for whom.
    pub(super) fn get_mut(&mut self, key: u64) -> Option<(&Path, &mut W)> {
        let entry = self.watches.get_mut(&key)?;
        Some((&entry.path, &mut entry.watched))
    }

    /// A folder matters to a watch, if that has not ended.
    pub(super) fn connect(&mut self, key: u64, folder: WatchedFolder, role: Role) {
        let Some(entry) = self.watches.get_mut(&key) else {
            self.folders.entry(folder).or_default();
            return;
        };
        let interest = self.folders.entry(folder).or_default();
        match &role {
            Role::Whole => interest.whole.insert(key),
            Role::Entry(name) => interest.entries.entry(name.clone()).or_default().insert(key),
            Role::Arrival(name) => interest.arrivals.entry(name.clone()).or_default().insert(key),
        };
        entry.folders.push((folder, role));
    }

    /// No folder matters to a watch. Gives those that did.
    pub(super) fn disarm(&mut self, key: u64) -> Vec<WatchedFolder> {
        let Some(entry) = self.watches.get_mut(&key) else {
            return Vec::new();
        };
        let connected = std::mem::take(&mut entry.folders);
        for (folder, role) in &connected {
            let Some(interest) = self.folders.get_mut(folder) else {
                continue;
            };
            match role {
                Role::Whole => {
                    interest.whole.remove(&key);
                }
                Role::Entry(name) => forget(&mut interest.entries, name, key),
                Role::Arrival(name) => forget(&mut interest.arrivals, name, key),
            }
        }
        connected.into_iter().map(|(folder, _)| folder).collect()
    }

    /// Whether a folder matters to nobody; it is forgotten then.
    pub(super) fn is_idle(&mut self, folder: WatchedFolder) -> bool {
        let idle = self.folders.get(&folder).is_none_or(|interest| {
            interest.whole.is_empty() && interest.entries.is_empty() && interest.arrivals.is_empty()
        });
        if idle {
            self.folders.remove(&folder);
        }
        idle
    }

    /// Whether any folder is watched for this watch.
    pub(super) fn is_armed(&self, key: u64) -> bool {
        self.watches
            .get(&key)
            .is_some_and(|entry| !entry.folders.is_empty())
    }

    /// What follows from an event.
    pub(super) fn hear(&mut self, event: FolderEvent, news: &mut News) {
        match event {
            FolderEvent::Changed(folder, Some(name)) => {
                let Some(interest) = self.folders.get(&folder) else {
                    return;
                };
                for key in &interest.whole {
                    if let Some(entry) = self.watches.get(key) {
                        news.changed.push((*key, entry.path.join(&name)));
                    }
                }
                for key in interest.entries.get(&name).into_iter().flatten() {
                    if let Some(entry) = self.watches.get(key) {
                        news.changed.push((*key, entry.path.clone()));
                        news.moved.insert(*key);
                    }
                }
                news.moved
                    .extend(interest.arrivals.get(&name).into_iter().flatten());
            }
            FolderEvent::Changed(folder, None) => {
                let Some(interest) = self.folders.get(&folder) else {
                    return;
                };
                self.told_itself(&interest.whole, news);
                news.moved.extend(interest.everyone());
            }
            FolderEvent::Ended(folder) => {
                if let Some(interest) = self.folders.remove(&folder) {
                    self.told_itself(&interest.whole, news);
                    news.moved.extend(interest.everyone());
                }
            }
            FolderEvent::Lost => {
                for (key, entry) in &self.watches {
                    news.changed.push((*key, entry.path.clone()));
                    news.moved.insert(*key);
                }
            }
        }
    }

    fn told_itself(&self, keys: &HashSet<u64>, news: &mut News) {
        for key in keys {
            if let Some(entry) = self.watches.get(key) {
                news.changed.push((*key, entry.path.clone()));
            }
        }
    }
}

impl Folder {
    fn everyone(&self) -> impl Iterator<Item = u64> + '_ {
        let named = self.entries.values().chain(self.arrivals.values()).flatten();
        self.whole.iter().chain(named).copied()
    }
}

fn forget(interested: &mut HashMap<OsString, HashSet<u64>>, name: &OsStr, key: u64) {
    if let Some(keys) = interested.get_mut(name) {
        keys.remove(&key);
        if keys.is_empty() {
            interested.remove(name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(table: &mut Table<()>, event: FolderEvent) -> News {
        let mut news = News::default();
        table.hear(event, &mut news);
        news
    }

    #[test]
    fn an_event_reaches_those_whom_it_matters_to() {
        let mut table = Table::default();
        let folder = table.add("/d".into(), (), 9).expect("room");
        let file = table.add("/d/f".into(), (), 9).expect("room");
        let absent = table.add("/d/a/b".into(), (), 9).expect("room");
        table.connect(folder, 1, Role::Whole);
        table.connect(file, 1, Role::Entry("f".into()));
        table.connect(absent, 1, Role::Arrival("a".into()));
        let news = heard(&mut table, FolderEvent::Changed(1, Some("f".into())));
        assert_eq!(news.changed, [(folder, "/d/f".into()), (file, "/d/f".into())]);
        let news = heard(&mut table, FolderEvent::Changed(1, Some("a".into())));
        assert_eq!(news.changed, [(folder, PathBuf::from("/d/a"))]);
        assert!(news.moved.contains(&absent));
        assert!(table.remove(file).is_empty() && table.remove(absent).is_empty());
        assert_eq!(heard(&mut table, FolderEvent::Lost).changed.len(), 1);
        assert_eq!(table.remove(folder), [1]);
        assert!(table.folders.is_empty());
        let news = heard(&mut table, FolderEvent::Changed(1, Some("f".into())));
        assert_eq!(news, News::default());
    }

    #[test]
    fn there_is_a_limit() {
        let mut table = Table::default();
        assert!(table.add("/a".into(), (), 1).is_some());
        assert!(table.add("/b".into(), (), 1).is_none());
    }
}
