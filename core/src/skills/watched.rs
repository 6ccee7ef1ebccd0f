//! Which folders are watched, for whom, and what has happened in them.

use std::collections::{HashMap, HashSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use tokio::sync::Notify;

use crate::file_watch::next_arrival;
use crate::sys::{FolderEvent, FolderInterest, FolderWatch, WatchedFolder};

/// Folders that are watched at most: a system has some ten thousand watches for all programs of a user.
const MAX_WATCHES: usize = 30_000;
/// Folders whose owner becomes known in one go.
pub(super) const BATCH: usize = 256;

/// Whether what is known of something must be looked at again.
#[derive(Debug, Default)]
pub(super) struct Outdated(AtomicBool);

impl Outdated {
    /// It must.
    pub(super) fn set(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    /// It is looked at now: what happens from here on counts.
    pub(super) fn clear(&self) {
        self.0.store(false, Ordering::SeqCst);
    }

    /// Whether it must.
    pub(super) fn is_set(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// The watch of a catalogue, opened when it is first needed.
#[derive(Default)]
pub(super) struct Watched {
    watch: OnceLock<Option<FolderWatch>>,
    /// Threads that watch tell of folders here, and whoever asks takes events. Held for moments.
    folders: Mutex<Folders>,
    /// Something has changed since it was last asked for.
    news: AtomicBool,
    /// Told of that.
    told: Arc<Notify>,
}

#[derive(Default)]
struct Folders {
    owners: HashMap<WatchedFolder, Vec<Weak<Outdated>>>,
    /// Names that are awaited in folders, and for which paths.
    awaited: HashMap<WatchedFolder, HashSet<OsString>>,
    awaited_paths: HashSet<PathBuf>,
}

impl Watched {
    /// The watch; `None` if the system has none to give.
    pub(super) fn watch(&self) -> Option<&FolderWatch> {
        let open = || {
            FolderWatch::new()
                .inspect_err(|error| tracing::debug!(%error, "folders of skills can't be watched"))
                .ok()
        };
        self.watch.get_or_init(open).as_ref()
    }

    fn lock(&self) -> MutexGuard<'_, Folders> {
        self.folders.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Watches folders for this owner. Gives of each whether its changes will be told from the end of this call on: what
    /// has happened to it before is for the caller to find out.
    pub(super) fn add(&self, folders: &[PathBuf], owner: &Arc<Outdated>) -> Vec<bool> {
        let watched = folders.chunks(BATCH).flat_map(|some| self.add_some(some, owner));
        watched.collect()
    }

    fn add_some(&self, folders: &[PathBuf], owner: &Arc<Outdated>) -> Vec<bool> {
        let left = MAX_WATCHES.saturating_sub(self.lock().owners.len());
        let Some(watch) = self.watch().filter(|_| left >= folders.len()) else {
            return vec![false; folders.len()];
        };
        // Not under the lock: a file system may hang.
        let add = |folder: &PathBuf| watch.add(folder, FolderInterest::Changes).ok();
        let added: Vec<_> = folders.iter().map(add).collect();
        let mut known = self.lock();
        for id in added.iter().flatten() {
            let owners = known.owners.entry(*id).or_default();
            if !owners
                .iter()
                .any(|known| Weak::as_ptr(known) == Arc::as_ptr(owner))
            {
                owners.push(Arc::downgrade(owner));
            }
        }
        added.iter().map(Option::is_some).collect()
    }

    /// Waits for something to come into being: it is news when the next part of its path does.
    pub(super) fn await_arrival(&self, path: &Path) {
        let Some(watch) = self.watch() else { return };
        if self.lock().awaited_paths.contains(path) {
            return;
        }
        let Some((above, name)) = next_arrival(path) else {
            return;
        };
        let mut folders = self.lock();
        if let Ok(id) = watch.add(above, FolderInterest::Arrivals) {
            folders.awaited.entry(id).or_default().insert(name.to_owned());
            folders.awaited_paths.insert(path.to_owned());
        }
    }

    /// Resolves when something has changed.
    pub(super) fn told(&self) -> Arc<Notify> {
        Arc::clone(&self.told)
    }

    /// Takes what has happened so far, and tells the owners. Never waits. False: there is no watch.
    pub(super) fn drain(&self) -> bool {
        let Some(watch) = self.watch.get().and_then(Option::as_ref) else {
            return false;
        };
        let mut folders = self.lock();
        let mut news = false;
        watch.take(|event| news |= folders.hear(event));
        drop(folders);
        if news {
            self.tell();
        }
        true
    }

    /// Something has changed.
    pub(super) fn tell(&self) {
        self.news.store(true, Ordering::SeqCst);
        self.told.notify_one();
    }

    /// Whether anything has changed since this was last asked.
    pub(super) fn take_news(&self) -> bool {
        self.news.swap(false, Ordering::SeqCst)
    }

    /// Ends watches whose owners are gone.
    pub(super) fn forget_the_dead(&self) {
        let Some(watch) = self.watch() else { return };
        let mut folders = self.lock();
        let Folders { owners, awaited, .. } = &mut *folders;
        owners.retain(|id, owners| {
            owners.retain(|owner| owner.strong_count() > 0);
            let lives = !owners.is_empty();
            if !lives && !awaited.contains_key(id) {
                watch.remove(*id);
            }
            lives
        });
    }
}

impl Folders {
    /// Whether this is news.
    fn hear(&mut self, event: FolderEvent) -> bool {
        match event {
            FolderEvent::Changed(id, name) => {
                let mut news = false;
                let owners = self.owners.get(&id).into_iter().flatten();
                for owner in owners.filter_map(Weak::upgrade) {
                    owner.set();
                    news = true;
                }
                let awaited = self.awaited.get(&id).zip(name);
                if awaited.is_some_and(|(names, name)| names.contains(&name)) {
                    // What is awaited in what has come is for the next look to find out.
                    self.awaited_paths.clear();
                    news = true;
                }
                news
            }
            FolderEvent::Ended(id) => {
                let awaited = self.awaited.remove(&id).is_some();
                if awaited {
                    self.awaited_paths.clear();
                }
                let owners = self.owners.remove(&id).unwrap_or_default();
                let mut news = awaited;
                for owner in owners.iter().filter_map(Weak::upgrade) {
                    owner.set();
                    news = true;
                }
                news
            }
            FolderEvent::Lost => {
                let owners = self.owners.values().flatten();
                owners.filter_map(Weak::upgrade).for_each(|owner| owner.set());
                self.awaited_paths.clear();
                true
            }
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn what_happens_in_a_folder_is_known_at_once_and_arrivals_are_news() {
        let dir = tempfile::tempdir().expect("a folder");
        let folder = dir.path().join("skills");
        let watched = Watched::default();
        assert!(!watched.drain(), "nothing is opened before it is needed");
        watched.await_arrival(&folder.join("deep/er"));
        std::fs::write(dir.path().join("other"), "").expect("a file");
        watched.drain();
        assert!(!watched.take_news());
        std::fs::create_dir(&folder).expect("a folder");
        watched.drain();
        assert!(watched.take_news() && !watched.take_news());

        let owner = Arc::<Outdated>::default();
        assert_eq!(watched.add(std::slice::from_ref(&folder), &owner), [true]);
        std::fs::write(folder.join("x"), "1").expect("a file");
        watched.drain();
        assert!(owner.is_set());
        owner.clear();
        let _ = std::fs::read(folder.join("x"));
        watched.drain();
        assert!(!owner.is_set(), "reading changes nothing");
        std::fs::remove_dir_all(&folder).expect("removed");
        watched.drain();
        assert!(owner.is_set());
        drop(owner);
        watched.forget_the_dead();
        assert!(watched.lock().owners.is_empty());
    }

    #[test]
    fn lost_events_make_everything_outdated() {
        let watched = Watched::default();
        let dir = tempfile::tempdir().expect("a folder");
        let owner = Arc::<Outdated>::default();
        assert_eq!(watched.add(&[dir.path().to_owned()], &owner), [true]);
        assert!(watched.lock().hear(FolderEvent::Lost));
        assert!(owner.is_set());
    }
}
