//! The folders of a root that are yet to be looked at, for the threads that do so; and how many they may be.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::sys::readable_folder::ReadableFolder;

/// Folders of a root.
const MAX_FOLDERS: usize = 20_000;
/// Entries of all folders of a root.
const MAX_ENTRIES: usize = 400_000;
/// How long the search of a root may take.
const MAX_TIME: Duration = Duration::from_secs(4);
/// So many folders are taken at once.
pub(super) const BATCH: usize = 32;

/// A folder to be looked at.
#[derive(Debug)]
pub(super) struct Folder {
    /// The root, open, if it lies in that and no link leads to it.
    pub(super) parent: Option<Arc<ReadableFolder>>,
    /// As it was found.
    pub(super) found: PathBuf,
    /// Without links.
    pub(super) path: PathBuf,
    /// Folders above it, below the root.
    pub(super) depth: usize,
}

impl Folder {
    /// Opens it.
    pub(super) fn open(&self) -> std::io::Result<ReadableFolder> {
        match (&self.parent, self.path.file_name()) {
            (Some(parent), Some(name)) => parent.folder(name),
            _ => ReadableFolder::open(&self.path),
        }
    }
}

/// Folders that wait.
#[derive(Debug)]
pub(super) struct FolderQueue {
    /// Threads take folders from here and put new ones here. Held for moments.
    waiting: Mutex<Waiting>,
    more: Condvar,
    /// In all folders that were looked at.
    entries: AtomicUsize,
    began: Instant,
}

#[derive(Debug, Default)]
struct Waiting {
    /// The next one is the last: what is in a folder comes before what is beside it, so that few wait.
    folders: Vec<Folder>,
    /// Batches that are being looked at.
    busy: usize,
    taken: usize,
    /// Why the rest is left out.
    problem: Option<String>,
}

impl Waiting {
    /// Leaves out the rest.
    fn give_up(&mut self, why: &str) {
        self.folders.clear();
        self.problem = Some(format!("not all of it was searched for skills: {why}"));
    }
}

fn too_many_entries() -> String {
    format!("it has more than {MAX_ENTRIES} files")
}

/// Folders that one thread looks at. The queue is not at its end before this is dropped.
pub(super) struct Batch<'a> {
    queue: &'a FolderQueue,
    /// The folders.
    pub(super) folders: Vec<Folder>,
}

impl FolderQueue {
    /// With these folders. Time counts from now on.
    pub(super) fn new(folders: Vec<Folder>) -> Self {
        Self {
            waiting: Mutex::new(Waiting {
                folders,
                ..Waiting::default()
            }),
            more: Condvar::new(),
            entries: AtomicUsize::new(0),
            began: Instant::now(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next folders, once there are any; `None`: there will be no more.
    pub(super) fn take(&self) -> Option<Batch<'_>> {
        let is_waited_for = |waiting: &mut Waiting| waiting.folders.is_empty() && waiting.busy > 0;
        let waiting = self.more.wait_while(self.lock(), is_waited_for);
        let mut waiting = waiting.unwrap_or_else(PoisonError::into_inner);
        if !waiting.folders.is_empty() {
            self.keep_bounds(&mut waiting);
        }
        let count = BATCH.min(MAX_FOLDERS - waiting.taken);
        let rest = waiting.folders.len().saturating_sub(count);
        let folders = waiting.folders.split_off(rest);
        if folders.is_empty() {
            return None;
        }
        waiting.taken += folders.len();
        waiting.busy += 1;
        Some(Batch { queue: self, folders })
    }

    /// Leaves out what is too much.
    fn keep_bounds(&self, waiting: &mut Waiting) {
        if waiting.taken == MAX_FOLDERS {
            waiting.give_up(&format!("it has more than {MAX_FOLDERS} folders"));
        } else if self.entries.load(Ordering::Relaxed) > MAX_ENTRIES {
            waiting.give_up(&too_many_entries());
        } else if self.is_late() {
            let limit = MAX_TIME.as_secs();
            waiting.give_up(&format!("its search takes longer than {limit} s"));
        }
    }

    /// Whether the time is over.
    pub(super) fn is_late(&self) -> bool {
        self.began.elapsed() > MAX_TIME
    }

    /// Whether there is work for another thread.
    pub(super) fn is_long(&self) -> bool {
        self.lock().folders.len() > BATCH
    }

    /// How many entries a folder may have.
    pub(super) fn entries_left(&self) -> usize {
        MAX_ENTRIES.saturating_sub(self.entries.load(Ordering::Relaxed))
    }

    /// A folder had so many entries, of which so many could be taken.
    pub(super) fn count_entries(&self, entries: usize, most: usize) {
        self.entries.fetch_add(entries, Ordering::Relaxed);
        if entries > most {
            self.lock().give_up(&too_many_entries());
        }
    }

    /// Adds folders.
    pub(super) fn add(&self, folders: &mut Vec<Folder>) {
        if !folders.is_empty() {
            self.lock().folders.append(folders);
            self.more.notify_all();
        }
    }

    /// Why the search ended before it was complete, if so.
    pub(super) fn problem(self) -> Option<String> {
        let waiting = self.waiting.into_inner();
        waiting.unwrap_or_else(PoisonError::into_inner).problem
    }
}

impl Drop for Batch<'_> {
    fn drop(&mut self) {
        let mut waiting = self.queue.lock();
        waiting.busy -= 1;
        if waiting.busy == 0 && waiting.folders.is_empty() {
            self.queue.more.notify_all();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folders(count: usize) -> Vec<Folder> {
        let folder = |n| Folder {
            parent: None,
            found: format!("/{n}").into(),
            path: format!("/{n}").into(),
            depth: 0,
        };
        (0..count).map(folder).collect()
    }

    #[test]
    fn no_more_is_given_than_a_root_may_hold_and_it_is_told() {
        let queue = FolderQueue::new(folders(MAX_FOLDERS + 1));
        let taken = std::iter::from_fn(|| queue.take().map(|batch| batch.folders.len()));
        assert_eq!(taken.sum::<usize>(), MAX_FOLDERS);
        assert!(
            queue
                .problem()
                .is_some_and(|why| why.contains("more than 20000 folders"))
        );

        let queue = FolderQueue::new(folders(2 * BATCH));
        assert!(queue.is_long());
        drop(queue.take());
        assert_eq!(queue.entries_left(), MAX_ENTRIES);
        queue.count_entries(MAX_ENTRIES + 1, MAX_ENTRIES);
        assert_eq!(queue.entries_left(), 0);
        assert!(queue.take().is_none());
        assert!(queue.problem().is_some_and(|why| why.contains("files")));

        let queue = FolderQueue::new(folders(1));
        drop(queue.take().expect("a batch"));
        assert!(queue.take().is_none() && queue.problem().is_none());
    }

    #[test]
    fn whoever_finds_nothing_waits_for_what_others_may_find() {
        let queue = FolderQueue::new(folders(1));
        let first = queue.take().expect("a batch");
        std::thread::scope(|scope| {
            let other = scope.spawn(|| {
                let batches = std::iter::from_fn(|| queue.take().map(|batch| batch.folders.len()));
                batches.sum::<usize>()
            });
            queue.add(&mut folders(3));
            drop(first);
            assert_eq!(other.join().expect("no panic"), 3);
        });
    }
}
