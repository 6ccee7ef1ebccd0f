//! Whether anything has come into the folders of a walk, or gone, since they were walked.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use tokio::runtime::Handle;

use crate::sys::{FolderEvent, FolderInterest, FolderWatch, WatchedFolder};

/// Folders that are watched, for all walks: this part of what all programs of a user may watch together, within bounds.
const PART: usize = 4;
const MIN_FOLDERS: usize = 16_384;
const MAX_FOLDERS: usize = 65_536;
/// Folders that are remembered in which something happened before it was known whose they are.
const MAX_UNCLAIMED: usize = 1024;
/// So many watches are ended at once, wherever that is.
const FEW: usize = 64;

/// The watch of all walks, opened when it is first needed.
#[derive(Default)]
pub(super) struct NameWatches {
    watch: OnceLock<Option<FolderWatch>>,
    /// How many folders are watched at most, found out when it is first needed.
    most: OnceLock<usize>,
    /// Threads that walk tell of folders here, and searches take events. Held for moments.
    table: Mutex<Table>,
}

#[derive(Default)]
struct Table {
    /// Whom to tell of each folder.
    owners: HashMap<WatchedFolder, Vec<Arc<AtomicBool>>>,
    unclaimed: HashSet<WatchedFolder>,
    /// More happened than is remembered.
    lost: bool,
}

/// The folders of one walk. Dropping it ends their watches.
pub(super) struct WalkedFolders {
    names: Arc<NameWatches>,
    changed: Arc<AtomicBool>,
    /// Not all folders could be watched.
    partly: AtomicBool,
    count: AtomicUsize,
    ids: Mutex<Vec<WatchedFolder>>,
}

impl std::fmt::Debug for WalkedFolders {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "WalkedFolders({})", self.count.load(Ordering::Relaxed))
    }
}

impl NameWatches {
    fn watch(&self) -> Option<&FolderWatch> {
        let open = || {
            FolderWatch::new()
                .inspect_err(|error| tracing::debug!(%error, "folders that are searched can't be watched"))
                .ok()
        };
        self.watch.get_or_init(open).as_ref()
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// These folders don't matter to this owner any more.
    fn forget(&self, ids: Vec<WatchedFolder>, owner: &Arc<AtomicBool>) {
        let Some(Some(watch)) = self.watch.get() else {
            return;
        };
        let mut table = self.lock();
        for id in ids {
            let Some(owners) = table.owners.get_mut(&id) else {
                continue;
            };
            owners.retain(|known| !Arc::ptr_eq(known, owner));
            if owners.is_empty() {
                table.owners.remove(&id);
                watch.remove(id);
            }
        }
        if table.owners.is_empty() {
            table.owners.shrink_to_fit();
            table.unclaimed.clear();
            table.lost = false;
        }
    }

    /// How many folders are watched at most. Reads a small file the first time.
    fn most(&self) -> usize {
        let most = || {
            let of_all = FolderWatch::most().map_or(0, |most| most / PART);
            of_all.clamp(MIN_FOLDERS, MAX_FOLDERS)
        };
        *self.most.get_or_init(most)
    }

    /// Whether nothing has happened that was not taken. Never waits.
    pub(super) fn is_quiet(&self) -> bool {
        self.watch
            .get()
            .and_then(Option::as_ref)
            .is_none_or(FolderWatch::is_quiet)
    }

    /// Takes what has happened so far. Never waits.
    pub(super) fn drain(&self) {
        let Some(Some(watch)) = self.watch.get() else {
            return;
        };
        let mut table = self.lock();
        watch.take(|event| table.hear(&event));
    }
}

impl Table {
    fn hear(&mut self, event: &FolderEvent) {
        let tell = |owners: &Vec<Arc<AtomicBool>>| {
            for owner in owners {
                owner.store(true, Ordering::SeqCst);
            }
        };
        match event {
            FolderEvent::Changed(id, _) => match self.owners.get(id) {
                Some(owners) => tell(owners),
                None if self.unclaimed.len() < MAX_UNCLAIMED => {
                    self.unclaimed.insert(*id);
                }
                None => self.lost = true,
            },
            FolderEvent::Ended(id) => {
                self.unclaimed.remove(id);
                if let Some(owners) = self.owners.remove(id) {
                    tell(&owners);
                }
            }
            FolderEvent::Lost => self.owners.values().for_each(tell),
        }
    }
}

impl WalkedFolders {
    pub(super) fn new(names: Arc<NameWatches>) -> Self {
        Self {
            names,
            changed: Arc::default(),
            partly: AtomicBool::new(false),
            count: AtomicUsize::new(0),
            ids: Mutex::default(),
        }
    }

    /// A folder is about to be read. Blocks as reading does.
    pub(super) fn add(&self, folder: &Path) {
        let Some(watch) = self.names.watch() else {
            self.partly.store(true, Ordering::Relaxed);
            return;
        };
        let most = self.names.most();
        if self.names.lock().owners.len() >= most {
            self.partly.store(true, Ordering::Relaxed);
            return;
        }
        let Ok(id) = watch.add(folder, FolderInterest::Names) else {
            self.partly.store(true, Ordering::Relaxed);
            return;
        };
        self.count.fetch_add(1, Ordering::Relaxed);
        let mut table = self.names.lock();
        let owners = table.owners.entry(id).or_default();
        if !owners.iter().any(|owner| Arc::ptr_eq(owner, &self.changed)) {
            owners.push(Arc::clone(&self.changed));
        }
        if table.unclaimed.remove(&id) || table.lost {
            self.changed.store(true, Ordering::SeqCst);
        }
        drop(table);
        self.ids.lock().unwrap_or_else(PoisonError::into_inner).push(id);
    }

    /// Whether anything has come or gone, as far as events were taken.
    pub(super) fn changed(&self) -> bool {
        self.changed.load(Ordering::SeqCst)
    }

    /// Whether that is known of all folders.
    pub(super) fn are_all_watched(&self) -> bool {
        !self.partly.load(Ordering::Relaxed)
    }
}

impl Drop for WalkedFolders {
    fn drop(&mut self) {
        let ids = std::mem::take(self.ids.get_mut().unwrap_or_else(PoisonError::into_inner));
        let (names, owner) = (Arc::clone(&self.names), Arc::clone(&self.changed));
        match Handle::try_current() {
            // Thousands of them take a while.
            Ok(runtime) if ids.len() > FEW => drop(runtime.spawn_blocking(move || names.forget(ids, &owner))),
            _ => names.forget(ids, &owner),
        }
    }
}
