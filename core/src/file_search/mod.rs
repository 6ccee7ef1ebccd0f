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
//! Walks run on two threads at most and matching on two, for the whole daemon; nothing of it is on the runtime thread.

mod name_watch;
mod session;
mod walk;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use codex_path_matcher::{Earlier, Found, Query, Source, find};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use self::name_watch::NameWatches;
use self::walk::Walk;

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
/// Threads that match.
const MATCHERS: usize = 2;

/// What searches share.
#[derive(Default)]
pub struct FileSearch {
    /// Walks that are kept. Held for moments.
    kept: Mutex<Kept>,
    names: Arc<NameWatches>,
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
            let earlier = Earlier::default();
            matching(Arc::new(query), walks, earlier, MATCHERS, cancel.child_token())
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
                return;
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Matches, on so many other threads at most.
async fn matching(
    query: Arc<Query>,
    walks: Vec<Arc<Walk>>,
    earlier: Earlier,
    threads: usize,
    cancel: CancellationToken,
) -> Found {
    static PLACES: Semaphore = Semaphore::const_new(MATCHERS);
    let Ok(place) = PLACES.acquire().await else {
        return Found::default();
    };
    // A large search takes the other place as well, if it is free.
    let other = (threads > 1).then(|| PLACES.try_acquire().ok()).flatten();
    let work = move || {
        let threads = 1 + usize::from(other.is_some());
        let found = find(&query, &sources(&walks), &earlier, threads, &|| {
            cancel.is_cancelled()
        });
        drop((place, other));
        found
    };
    let found = tokio::task::spawn_blocking(work).await;
    found.unwrap_or_else(|error| {
        tracing::error!(%error, "a search for files failed");
        Found::default()
    })
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
