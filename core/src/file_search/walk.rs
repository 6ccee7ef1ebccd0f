//! From a folder to blocks of paths.
//!
//! What is ignored is left out: by `.ignore`, and within a repository by `.gitignore`, `.git/info/exclude` and the user's
//! ignore file of git. Hidden files are not; links are followed, but not in circles. Names that are no UTF-8 are left out:
//! JSON has none. A walk ends at a million entries, after 30 s, or when the file system gives nothing for 10 s; what it
//! has found by then is what is searched.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use codex_path_matcher::{Chunk, ChunkBuilder};
use ignore::{DirEntry, ParallelVisitor, ParallelVisitorBuilder, WalkBuilder, WalkState};
use tokio::sync::{Semaphore, watch};

use super::name_watch::{NameWatches, WalkedFolders};
use super::{AGE, UNWATCHED_AGE, UNWATCHED_TIMES};
use crate::sys::heap;

/// Entries of a walk at most.
const MAX_ENTRIES: usize = 1_000_000;
/// Bytes of paths of a walk at most.
const MAX_TEXT: usize = 128 << 20;
/// Threads that walk, for the whole daemon.
const WALKERS: usize = 2;
/// How long a walk takes at most.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long it may find nothing.
const STUCK: Duration = Duration::from_secs(10);
/// From so many entries on it takes longer to look up their pages than to match them.
const MANY: usize = 20_000;
/// What a thread has found is shown at least this often.
const SHOWN: Duration = Duration::from_millis(10);

/// A walk of one folder, going on or done. Dropping the last reference ends it.
#[derive(Debug)]
pub(super) struct Walk {
    root: PathBuf,
    began: Instant,
    /// How long it took.
    took: OnceLock<Duration>,
    /// Shared by the threads that walk and those that match. Held for moments.
    chunks: Mutex<Vec<Arc<Chunk>>>,
    entries: AtomicUsize,
    text: AtomicUsize,
    /// Stop: enough was found, it takes too long, or nobody wants it.
    stopped: AtomicBool,
    done: watch::Sender<bool>,
    folders: WalkedFolders,
}

impl Walk {
    /// Begins to walk. Call it within a tokio runtime.
    pub(super) fn begin(root: PathBuf, names: Arc<NameWatches>) -> Arc<Self> {
        let walk = Arc::new(Self {
            root,
            began: Instant::now(),
            took: OnceLock::new(),
            chunks: Mutex::default(),
            entries: AtomicUsize::new(0),
            text: AtomicUsize::new(0),
            stopped: AtomicBool::new(false),
            done: watch::Sender::new(false),
            folders: WalkedFolders::new(names),
        });
        tokio::spawn(supervise(Arc::clone(&walk)));
        walk
    }

    /// The folder.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// What was found so far.
    pub(super) fn chunks(&self) -> Vec<Arc<Chunk>> {
        self.lock().clone()
    }

    /// Whether all was found.
    pub(super) fn is_complete(&self) -> bool {
        *self.done.borrow()
    }

    /// Resolves when all was found.
    pub(super) async fn completed(&self) {
        // The sender is ours.
        let _ = self.done.subscribe().wait_for(|done| *done).await;
    }

    /// Whether it shows the folder as it is, as far as is known, or goes on.
    pub(super) fn is_fit(&self) -> bool {
        if !self.is_complete() {
            return true;
        }
        let age = self.began.elapsed();
        let believed = if self.folders.are_all_watched() {
            AGE
        } else {
            let took = self.took.get().copied().unwrap_or_default();
            (took * UNWATCHED_TIMES).clamp(UNWATCHED_AGE, AGE)
        };
        age < believed && !self.folders.changed()
    }

    /// Whether it began at this time or later, so that it has seen everything that was there by then.
    pub(super) fn began_after(&self, time: Instant) -> bool {
        self.began >= time
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Arc<Chunk>>> {
        self.chunks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Walks. Blocks. `same` is this walk, for what must own it.
    fn run(&self, same: Arc<Self>, threads: usize) {
        if !self.root.is_dir() {
            return;
        }
        // Before it is read, as every folder: what comes later is noticed.
        self.folders.add(&self.root);
        let mut builder = WalkBuilder::new(&self.root);
        builder.hidden(false).follow_links(true).threads(threads);
        // Called when an entry is read, and so before a folder is; files need not go any further.
        builder.filter_entry(move |entry| same.take(entry));
        builder.build_parallel().visit(&mut Visitors { walk: self });
    }

    /// Takes an entry, on the thread that read it. Whether there may be more in it.
    fn take(&self, entry: &DirEntry) -> bool {
        if self.stopped.load(Ordering::Relaxed) {
            return false;
        }
        let is_folder = entry.file_type().is_some_and(|kind| kind.is_dir());
        if is_folder && entry.depth() > 0 {
            self.folders.add(entry.path());
        }
        if let Some(path) = below(&self.root, entry.path()) {
            FOUND.with_borrow_mut(|found| {
                found.chunk.push(path, is_folder);
                let waits = found.chunk.len() % 64 == 63 && found.shown.elapsed() >= SHOWN;
                if waits || found.chunk.is_full() {
                    found.show(self);
                }
            });
        }
        is_folder
    }

    fn show(&self, chunk: ChunkBuilder) {
        if chunk.is_empty() {
            return;
        }
        let entries = self.entries.fetch_add(chunk.len(), Ordering::Relaxed) + chunk.len();
        let text = self.text.fetch_add(chunk.bytes(), Ordering::Relaxed) + chunk.bytes();
        let chunk = Arc::new(chunk.finish());
        self.lock().push(chunk);
        let full = entries >= MAX_ENTRIES || text >= MAX_TEXT;
        if full && !self.stopped.swap(true, Ordering::Relaxed) {
            tracing::warn!(root = %self.root.display(), entries, "a folder has more files than are searched");
        }
    }
}

/// Sees to it that a walk runs when there is room, and ends.
async fn supervise(walk: Arc<Walk>) {
    static PLACES: Semaphore = Semaphore::const_new(WALKERS);
    let Ok(place) = PLACES.acquire().await else { return };
    // Another walk may get the second place while this one goes on.
    let other = PLACES.try_acquire().ok();
    let threads = 1 + usize::from(other.is_some());
    let (walking, same) = (Arc::clone(&walk), Arc::clone(&walk));
    let mut job = tokio::task::spawn_blocking(move || {
        let walked = catch_unwind(AssertUnwindSafe(|| walking.run(same, threads)));
        if walked.is_err() {
            tracing::error!(root = %walking.root.display(), "a walk panicked");
        }
    });
    let (mut seen, mut last) = (0, Instant::now());
    let began = Instant::now();
    while tokio::time::timeout(Duration::from_secs(1), &mut job)
        .await
        .is_err()
    {
        let found = walk.entries.load(Ordering::Relaxed);
        if found != seen {
            (seen, last) = (found, Instant::now());
        }
        // Three references are this one and the two of the walking thread.
        let unwanted = Arc::strong_count(&walk) <= 3;
        if unwanted || last.elapsed() > STUCK || began.elapsed() > PATIENCE {
            walk.stopped.store(true, Ordering::Relaxed);
            // One that hangs is left to itself, and others get its place.
            let _ = tokio::time::timeout(Duration::from_secs(1), &mut job).await;
            tracing::warn!(root = %walk.root.display(), entries = found, "a walk was given up");
            break;
        }
    }
    // Only here.
    let _ = walk.took.set(walk.began.elapsed());
    walk.done.send_replace(true);
    drop((place, other));
    if walk.entries.load(Ordering::Relaxed) >= MANY {
        let joined = tokio::task::spawn_blocking(heap::join_pages).await;
        tracing::debug!(bytes = joined.unwrap_or_default(), "pages were joined");
    }
}

/// A path in the folder that is walked, relative to it. `None`: it is no UTF-8.
fn below<'p>(root: &Path, path: &'p Path) -> Option<&'p str> {
    let path = path.as_os_str().as_encoded_bytes();
    let rest = path.strip_prefix(root.as_os_str().as_encoded_bytes())?;
    std::str::from_utf8(rest.strip_prefix(b"/").unwrap_or(rest)).ok()
}

thread_local! {
    static FOUND: RefCell<Found> = RefCell::new(Found { chunk: ChunkBuilder::default(), shown: Instant::now() });
}

/// What a thread that walks has found since it has last shown something. It walks once and ends.
struct Found {
    chunk: ChunkBuilder,
    shown: Instant,
}

impl Found {
    fn show(&mut self, walk: &Walk) {
        walk.show(std::mem::take(&mut self.chunk));
        self.shown = Instant::now();
    }
}

struct Visitors<'w> {
    walk: &'w Walk,
}

/// Sees only folders, after they were read. Dropped on the thread that walks, when that ends.
struct Visitor<'w> {
    walk: &'w Walk,
}

impl<'w> ParallelVisitorBuilder<'w> for Visitors<'w> {
    fn build(&mut self) -> Box<dyn ParallelVisitor + 'w> {
        Box::new(Visitor { walk: self.walk })
    }
}

impl ParallelVisitor for Visitor<'_> {
    fn visit(&mut self, entry: Result<DirEntry, ignore::Error>) -> WalkState {
        if self.walk.stopped.load(Ordering::Relaxed) {
            return WalkState::Quit;
        }
        // What can't be read, leads nowhere or in a circle costs itself only.
        if let Ok(entry) = entry
            && entry.depth() == 0
        {
            // It is in no folder that was read.
            self.walk.take(&entry);
        }
        WalkState::Continue
    }
}

impl Drop for Visitor<'_> {
    fn drop(&mut self) {
        // Gone already where the thread is as well.
        let _ = FOUND.try_with(|found| {
            if let Ok(mut found) = found.try_borrow_mut() {
                found.show(self.walk);
            }
        });
    }
}
