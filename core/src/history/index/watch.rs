//! Tells when rollouts change, so that the index follows without being asked.
//!
//! It saves work, it proves nothing: events may be lost, come late, or not come at all where there is nothing to watch
//! with. Lists look at the files themselves.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use notify::event::ModifyKind;
use notify::{ErrorKind, Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};

use crate::history::rollout::layout::RolloutName;

/// Folders that are watched at most, the newest first: systems have few watches to give, and old days hardly change.
const MAX_FOLDERS: usize = 512;
/// Paths that are remembered at most; of more, everything is looked at again.
const MAX_PATHS: usize = 4096;

/// A watch over folders. Ends when it is dropped.
pub(crate) struct Watch {
    watcher: RecommendedWatcher,
    watched: HashSet<PathBuf>,
    changes: Arc<Mutex<WatchedChanges>>,
    /// There were no more watches to be had.
    refused: bool,
}

/// What happened since it was last asked for.
#[derive(Debug, Default)]
pub(crate) struct WatchedChanges {
    /// Rollouts that changed, came or went.
    pub(crate) rollouts: HashSet<PathBuf>,
    /// Other files and folders that came or went.
    pub(crate) others: HashSet<PathBuf>,
    /// Something came or went.
    pub(crate) moved: bool,
    /// Events were lost.
    pub(crate) lost: bool,
}

impl Watch {
    /// A watch over nothing so far; `None` if the system has none to give. `wake` is called, on a thread of the watch,
    /// when there are changes and there were none before.
    pub(crate) fn new(wake: impl Fn() + Send + 'static) -> Option<Self> {
        let changes: Arc<Mutex<WatchedChanges>> = Arc::default();
        let heard = Arc::clone(&changes);
        let watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
            let mut changes = lock(&heard);
            let quiet = changes.is_empty();
            changes.hear(event);
            let wanted = quiet && !changes.is_empty();
            drop(changes);
            if wanted {
                wake();
            }
        });
        match watcher {
            Ok(watcher) => Some(Self {
                watcher,
                watched: HashSet::new(),
                changes,
                refused: false,
            }),
            Err(error) => {
                tracing::debug!(%error, "sessions can't be watched; lists look at the files themselves");
                None
            }
        }
    }

    /// Takes the changes.
    pub(crate) fn changes(&self) -> WatchedChanges {
        std::mem::take(&mut *lock(&self.changes))
    }

    /// Watches these folders (those that come first, if they are too many) and no others. Gives those that were not
    /// watched before.
    pub(crate) fn follow(&mut self, folders: &[PathBuf]) -> Vec<PathBuf> {
        let folders = &folders[..folders.len().min(MAX_FOLDERS)];
        let wanted: HashSet<&PathBuf> = folders.iter().collect();
        let watcher = &mut self.watcher;
        self.watched.retain(|folder| {
            let stays = wanted.contains(folder);
            if !stays {
                // It may be gone, and its watch with it.
                let _ = watcher.unwatch(folder);
            }
            stays
        });
        let mut new = Vec::new();
        for folder in folders {
            if self.refused || self.watched.contains(folder) {
                continue;
            }
            match self.watcher.watch(folder, RecursiveMode::NonRecursive) {
                Ok(()) => {
                    self.watched.insert(folder.clone());
                    new.push(folder.clone());
                }
                Err(error) if matches!(error.kind, ErrorKind::MaxFilesWatch) => {
                    tracing::warn!(
                        watched = self.watched.len(),
                        "the system has no more watches for folders; changes in the others are noticed by lists only"
                    );
                    self.refused = true;
                }
                // Not there, or not readable.
                Err(error) => tracing::debug!(folder = %folder.display(), %error, "not watched"),
            }
        }
        new
    }

    /// A folder is gone, or was: what lies in its place from now on has to be watched anew.
    pub(crate) fn forget(&mut self, folder: &Path) {
        if self.watched.remove(folder) {
            let _ = self.watcher.unwatch(folder);
        }
    }
}

impl WatchedChanges {
    fn is_empty(&self) -> bool {
        self.rollouts.is_empty() && !self.moved && !self.lost
    }

    fn hear(&mut self, event: notify::Result<Event>) {
        let Ok(event) = event else {
            self.lost = true;
            return;
        };
        self.lost |= event.need_rescan();
        let moved = match event.kind {
            // Most of these are our own reads.
            EventKind::Access(_) | EventKind::Modify(ModifyKind::Metadata(_)) => return,
            EventKind::Modify(ModifyKind::Data(_)) => false,
            _ => true,
        };
        for path in event.paths {
            let name = path.file_name().and_then(|name| name.to_str());
            if name.and_then(RolloutName::parse).is_some() {
                self.moved |= moved;
                self.rollouts.insert(path);
            } else if moved && path.extension().is_none() {
                self.moved = true;
                self.others.insert(path);
            }
        }
        if self.rollouts.len() + self.others.len() > MAX_PATHS {
            self.lost = true;
            self.rollouts.clear();
            self.others.clear();
        }
    }
}

fn lock(changes: &Mutex<WatchedChanges>) -> MutexGuard<'_, WatchedChanges> {
    changes.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use notify::event::{AccessKind, CreateKind, DataChange, Flag, RemoveKind};

    use super::*;

    const NAME: &str = "rollout-2026-11-21T00-00-00-01996a00-0000-7000-8000-00000000000a.jsonl";

    fn heard(kind: EventKind, path: &str) -> WatchedChanges {
        let mut changes = WatchedChanges::default();
        changes.hear(Ok(Event::new(kind).add_path(path.into())));
        changes
    }

    #[test]
    fn reads_and_other_files_are_no_news() {
        let data = EventKind::Modify(ModifyKind::Data(DataChange::Any));
        let create = EventKind::Create(CreateKind::File);
        assert!(heard(EventKind::Access(AccessKind::Any), NAME).is_empty());
        assert!(heard(data, "/home/app-server-index.sqlite-wal").is_empty());
        assert!(heard(create, "/home/config.toml").is_empty());
        let grown = heard(data, NAME);
        assert!(grown.rollouts.contains(Path::new(NAME)) && !grown.moved);
        assert!(heard(create, NAME).moved);
        let gone = heard(EventKind::Remove(RemoveKind::Folder), "/home/sessions/2026");
        assert!(gone.moved && gone.others.contains(Path::new("/home/sessions/2026")));
    }

    #[test]
    fn lost_and_countless_events_have_everything_looked_at() {
        let mut changes = WatchedChanges::default();
        changes.hear(Ok(Event::new(EventKind::Other).set_flag(Flag::Rescan)));
        assert!(changes.lost);
        let mut changes = WatchedChanges::default();
        for n in 0..=MAX_PATHS {
            let name = NAME.replace("00000000000a", &format!("{n:012x}"));
            changes.hear(Ok(
                Event::new(EventKind::Create(CreateKind::File)).add_path(name.into())
            ));
        }
        assert!(changes.lost && changes.rollouts.is_empty());
    }
}
