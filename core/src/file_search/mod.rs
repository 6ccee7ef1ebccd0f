//! Search for files by parts of their paths, for clients that complete what is typed (docs/contract/services.md#search-for-files).
//!
//! A folder is walked once, with what is ignored left out, and kept as long as somebody searches it: all paths in a few
//! blocks of text, with a mask of the characters of each, so that a keystroke looks at little: that is the crate
//! `codex-path-matcher`. The folders are watched meanwhile; what changed is noticed with the next search, which shows what
//! is known at once and then walks again.
//!
//! | file | what |
//! |---|---|
//! | `walk.rs` | from a folder to blocks |
//! | `name_watch.rs` | whether anything has come or gone since |
//! | `session.rs` | a search that follows what is typed |
//!
//! Walks run on two threads at most. Two queries at most are matched at a time, each on a thread, and on a second one where there
//! is much to look at. Nothing of it is on the runtime thread.

mod name_watch;
mod session;
mod walk;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use codex_path_matcher::{Earlier, Finder, Found, Query, Source, Waiter};
use tokio::sync::{Semaphore, mpsc};
use tokio_util::sync::CancellationToken;

use self::name_watch::NameWatches;
use self::walk::Walk;
use crate::sys::processor::OffCallersProcessor;

pub use codex_path_matcher::{FoundFile, MAX_RESULTS};
pub use session::{SearchSession, SearchUpdate};

/// Folders of a search at most; what comes after them is left out.
pub const MAX_ROOTS: usize = 64;

/// A walk that nobody uses is forgotten after this long.
const KEPT: Duration = Duration::from_secs(10);
/// A walk whose folders could not all be watched is believed for so long, or as long as [`UNWATCHED_TIMES`] says.
const UNWATCHED_AGE: Duration = Duration::from_secs(2);
/// It is believed for so many times the time it took, so that walking is not all that is done.
const UNWATCHED_TIMES: u32 = 20;
/// And any walk: contents of ignore files are not watched.
const AGE: Duration = Duration::from_secs(60);
/// Queries that are matched at the same time.
const MATCHERS: usize = 2;
/// Who has waited so long for the best matches takes the best so far, and again after twice as long each time.
const PATIENCE: Duration = Duration::from_millis(2);

/// What searches share.
#[derive(Default)]
pub struct FileSearch {
    /// Walks that are kept. Held for moments.
    kept: Mutex<Kept>,
    names: Arc<NameWatches>,
    /// What has the room for matching, and is not used now. Held for moments.
    finders: Mutex<Vec<Finder>>,
}

#[derive(Default)]
struct Kept {
    walks: HashMap<PathBuf, (Arc<Walk>, Instant)>,
    /// Somebody will look for those that are not used.
    sweeps: bool,
}

impl std::fmt::Debug for FileSearch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FileSearch")
    }
}

impl FileSearch {
    /// The best matches in these folders, by score, then by path. Nothing for an empty query, and of folders that can't
    /// be read; nothing, too, once it is cancelled.
    pub async fn search(
        self: &Arc<Self>,
        roots: &[PathBuf],
        query: &str,
        cancel: &CancellationToken,
    ) -> Vec<FoundFile> {
        let Some(query) = Query::parse(query) else {
            return Vec::new();
        };
        let search = async {
            let began = Instant::now();
            let mut walks = self.walks(roots).await;
            loop {
                for walk in &walks {
                    walk.completed().await;
                }
                match self.newer(roots, &walks, began).await {
                    Some(newer) => walks = newer,
                    None => break,
                }
            }
            self.matching(
                Arc::new(query),
                walks,
                Earlier::default(),
                cancel.child_token(),
                None,
            )
            .await
            .files
        };
        tokio::select! {
            found = search => found,
            () = cancel.cancelled() => Vec::new(),
        }
    }

    /// A walk of each folder that is, as far as is known, up to date; it may have just begun. Folders that are named
    /// twice are walked once.
    async fn walks(self: &Arc<Self>, roots: &[PathBuf]) -> Vec<Arc<Walk>> {
        // Mostly nothing has happened, which is known at once; events may be many.
        if !self.names.is_quiet() {
            let names = Arc::clone(&self.names);
            let drained = tokio::task::spawn_blocking(move || names.drain()).await;
            if let Err(error) = drained {
                tracing::error!(%error, "changes in folders that are searched were not heard");
            }
        }
        let roots = roots.iter().take(MAX_ROOTS);
        roots.map(|root| self.walk(root)).collect()
    }

    /// Other walks, where those that are complete have not seen all that was there at this time.
    async fn newer(
        self: &Arc<Self>,
        roots: &[PathBuf],
        walks: &[Arc<Walk>],
        time: Instant,
    ) -> Option<Vec<Arc<Walk>>> {
        if walks.iter().all(|walk| walk.began_after(time)) {
            return None;
        }
        let now = self.walks(roots).await;
        let same = now.iter().zip(walks).all(|(one, other)| Arc::ptr_eq(one, other));
        (!same).then_some(now)
    }

    fn walk(self: &Arc<Self>, root: &Path) -> Arc<Walk> {
        let mut kept = self.lock();
        if let Some((walk, used)) = kept.walks.get_mut(root)
            && walk.is_fit()
        {
            *used = Instant::now();
            return Arc::clone(walk);
        }
        let walk = Walk::begin(root.to_owned(), Arc::clone(&self.names));
        kept.walks
            .insert(root.to_owned(), (Arc::clone(&walk), Instant::now()));
        if !std::mem::replace(&mut kept.sweeps, true) {
            tokio::spawn(Arc::clone(self).sweep());
        }
        walk
    }

    /// Matches, on another thread. `early` takes the best so far where that takes long.
    async fn matching(
        self: &Arc<Self>,
        query: Arc<Query>,
        walks: Vec<Arc<Walk>>,
        earlier: Earlier,
        cancel: CancellationToken,
        early: Option<mpsc::UnboundedSender<Vec<FoundFile>>>,
    ) -> Found {
        static PLACES: Semaphore = Semaphore::const_new(MATCHERS);
        let Ok(place) = PLACES.acquire().await else {
            return Found::default();
        };
        let search = Arc::clone(self);
        let work = move || {
            let mut waiter = MatchWaiter {
                began: Instant::now(),
                patience: PATIENCE,
                cancel,
                early,
            };
            let mut finder = locked(&search.finders).pop().unwrap_or_else(new_finder);
            let found = finder.find(&query, &sources(&walks), &earlier, &mut waiter);
            locked(&search.finders).push(finder);
            drop(place);
            found
        };
        let found = tokio::task::spawn_blocking(work).await;
        found.unwrap_or_else(|error| {
            tracing::error!(%error, "a search for files failed");
            Found::default()
        })
    }

    /// Forgets walks that are not used, until there are none.
    async fn sweep(self: Arc<Self>) {
        loop {
            tokio::time::sleep(KEPT).await;
            let mut kept = self.lock();
            kept.walks.retain(|_, (walk, used)| {
                // Whoever else holds it is a session.
                used.elapsed() < KEPT || Arc::strong_count(walk) > 1
            });
            if kept.walks.is_empty() {
                kept.sweeps = false;
                kept.walks.shrink_to_fit();
                *locked(&self.finders) = Vec::new();
                return;
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        locked(&self.kept)
    }
}

/// Nothing is done under a lock that can panic halfway.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn new_finder() -> Finder {
    Finder::new(|| Box::new(OffCallersProcessor::default()))
}

/// Who waits for the best matches.
struct MatchWaiter {
    began: Instant,
    /// When it takes the best so far, counted from then.
    patience: Duration,
    cancel: CancellationToken,
    /// Takes them, if they are wanted.
    early: Option<mpsc::UnboundedSender<Vec<FoundFile>>>,
}

impl Waiter for MatchWaiter {
    fn gone(&self) -> Arc<dyn Fn() -> bool + Send + Sync> {
        let cancel = self.cancel.clone();
        Arc::new(move || cancel.is_cancelled())
    }

    fn is_impatient(&self) -> bool {
        self.early.is_some() && self.began.elapsed() >= self.patience
    }

    fn take(&mut self, files: Vec<FoundFile>) {
        self.patience *= 2;
        if let Some(early) = &self.early {
            // Nobody listens who doesn't wait any more.
            let _ = early.send(files);
        }
    }
}

/// What is known of folders. What lies in two of them counts for the inner one.
fn sources(walks: &[Arc<Walk>]) -> Vec<Source> {
    let inner = |outer: &Path, index: usize| {
        let others = walks.iter().enumerate();
        let inside = others.filter_map(|(other, walk)| {
            let below = walk.root().strip_prefix(outer).ok()?;
            let twin = below.as_os_str().is_empty();
            (other != index && (!twin || other < index)).then(|| below.to_str().map(str::to_owned))?
        });
        inside.collect::<Vec<_>>()
    };
    let sources = walks.iter().enumerate();
    sources
        .map(|(index, walk)| Source {
            chunks: walk.chunks(),
            covered: inner(walk.root(), index),
        })
        .collect()
}
