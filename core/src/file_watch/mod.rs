//! Watches over single files and folders, for clients (docs/contract/services.md#watches).
//!
//! All watches of the daemon share one watch of the system, opened with the first of them, and one thread that waits for
//! it. A path is watched by its folder, so that it may come, go and be replaced; what is a folder is watched itself as
//! well, its entries but not theirs. Where the folder is missing, the nearest one above it is watched for what comes.
//! So any number of paths of one folder costs one watch of the system, and nothing is done while nothing changes.
//!
//! | file | what |
//! |---|---|
//! | `table.rs` | which folder is watched for whom, and what has happened |

mod table;

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::runtime::Handle;

use self::table::{News, Role, Table};
use crate::external_file;
use crate::sys::{FolderInterest, FolderWatch};

/// Changes are told this long after the first of them, in one go.
const QUIET: Duration = Duration::from_millis(200);
/// How long a look at a path may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// Watches of all clients.
const MAX_WATCHES: usize = 100_000;
/// Paths that are remembered for a watch; of more, the watched path itself is told.
const MAX_PATHS: usize = 4096;

/// Why something can't be watched.
#[derive(Debug, Clone, thiserror::Error)]
pub enum FileWatchError {
    /// The system has no watches to give, or none at all.
    #[error("the system cannot watch files: {0}")]
    Unavailable(String),
    /// Too many.
    #[error("{MAX_WATCHES} paths are watched, the most that can be; end some watches first")]
    TooMany,
    /// It can't be looked at.
    #[error("{0}")]
    Path(String),
}

/// Told of what has changed: paths, sorted, each once.
type Tell = Arc<dyn Fn(Vec<PathBuf>) + Send + Sync>;

/// All watches of the daemon.
#[derive(Default)]
pub struct FileWatches {
    open: OnceLock<Result<Arc<Shared>, String>>,
}

/// A watch over one path. Dropping it ends it.
pub struct FileWatch {
    shared: Weak<Shared>,
    key: u64,
}

impl std::fmt::Debug for FileWatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FileWatch({})", self.key)
    }
}

/// What watches, the thread that waits and the tasks that tell have in common.
struct Shared {
    watch: FolderWatch,
    runtime: Handle,
    /// The thread that takes events, and whoever begins and ends watches. Held for moments.
    table: Mutex<Table<Watched>>,
}

/// Whom a watch tells, and of what.
struct Watched {
    tell: Tell,
    /// What has changed since it was last told.
    changed: BTreeSet<PathBuf>,
    /// More than is remembered.
    overflowed: bool,
    /// It will be told soon.
    scheduled: bool,
    /// Its path may be something else now, or lie elsewhere.
    moved: bool,
    /// There was something at its path when that was last looked at.
    existed: bool,
}

impl FileWatches {
    /// Watches a path, there or not, until the result is dropped. `tell` is called with what has changed, not more
    /// often than every 200 ms. Call it within a tokio runtime.
    ///
    /// # Errors
    ///
    /// The system can't watch it, or there are too many watches.
    pub async fn watch(
        &self,
        path: PathBuf,
        tell: impl Fn(Vec<PathBuf>) + Send + Sync + 'static,
    ) -> Result<FileWatch, FileWatchError> {
        let shared = Arc::clone(self.open()?);
        let watched = Watched {
            tell: Arc::new(tell),
            changed: BTreeSet::new(),
            overflowed: false,
            scheduled: false,
            moved: false,
            existed: false,
        };
        let key = shared
            .lock()
            .add(path.clone(), watched, MAX_WATCHES)
            .ok_or(FileWatchError::TooMany)?;
        let watch = FileWatch {
            shared: Arc::downgrade(&shared),
            key,
        };
        let armed = external_file::in_background(PATIENCE, move || shared.arm(key, &path)).await;
        match armed {
            Ok(Ok(_)) => Ok(watch),
            Ok(Err(error)) => Err(FileWatchError::Unavailable(error.to_string())),
            Err(error) => Err(FileWatchError::Path(error.to_string())),
        }
    }

    fn open(&self) -> Result<&Arc<Shared>, FileWatchError> {
        let open = || {
            let shared = Arc::new(Shared {
                watch: FolderWatch::new().map_err(|error| error.to_string())?,
                runtime: Handle::current(),
                table: Mutex::default(),
            });
            let heard = Arc::downgrade(&shared);
            let waits = shared
                .watch
                .on_event(move || heard.upgrade().is_some_and(|shared| shared.hear()));
            waits.map_err(|error| error.to_string())?;
            Ok(shared)
        };
        let opened = self.open.get_or_init(open).as_ref();
        opened.map_err(|error| FileWatchError::Unavailable(error.clone()))
    }
}

impl std::fmt::Debug for FileWatches {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FileWatches")
    }
}

impl Drop for FileWatch {
    fn drop(&mut self) {
        if let Some(shared) = self.shared.upgrade() {
            let mut table = shared.lock();
            for folder in table.remove(self.key) {
                shared.watch.remove(folder);
            }
        }
    }
}

/// Of something that may be missing: the nearest folder above that is there, and which of its entries leads on.
pub(crate) fn next_arrival(path: &Path) -> Option<(&Path, &OsStr)> {
    let mut parts = path.ancestors().zip(path.ancestors().skip(1));
    let (part, above) = parts.find(|(_, above)| above.is_dir())?;
    Some((above, part.file_name()?))
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Table<Watched>> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins to watch the folders that matter to a path as it is now. Tells whether there has come something, or has
    /// gone, since it was last looked at. Blocks.
    fn arm(&self, key: u64, path: &Path) -> io::Result<bool> {
        let mut folders = Vec::new();
        // What hangs does so here, while nobody is kept waiting.
        if path.is_dir() {
            folders.push((path.to_owned(), Role::Whole));
        } else if let Ok(target) = path.canonicalize()
            && target != path
            && let (Some(above), Some(name)) = (target.parent(), target.file_name())
        {
            // A link to a file: the file lies elsewhere.
            folders.push((above.to_owned(), Role::Entry(name.to_owned())));
        }
        if let Some((above, name)) = next_arrival(path) {
            let role = if path.parent() == Some(above) {
                Role::Entry(name.to_owned())
            } else {
                Role::Arrival(name.to_owned())
            };
            folders.push((above.to_owned(), role));
        }
        let mut table = self.lock();
        let mut touched = table.disarm(key);
        let mut failed = None;
        for (folder, role) in folders {
            // Between the look and this it may have gone; the folder above tells of it.
            match self.watch.add(&folder, FolderInterest::Changes) {
                Ok(id) => {
                    table.connect(key, id, role);
                    touched.push(id);
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => failed = Some(error),
            }
        }
        for folder in touched {
            if table.is_idle(folder) {
                self.watch.remove(folder);
            }
        }
        match failed {
            Some(error) if !table.is_armed(key) => Err(error),
            _ => {
                // Looked at again, now that nothing is missed any more.
                let exists = path.symlink_metadata().is_ok();
                let before = table
                    .get_mut(key)
                    .map(|(_, watched)| std::mem::replace(&mut watched.existed, exists));
                Ok(before.is_some_and(|existed| existed != exists))
            }
        }
    }

    /// Takes what has happened. False: nobody will want to know any more.
    fn hear(self: &Arc<Self>) -> bool {
        let mut table = self.lock();
        let mut news = News::default();
        self.watch.take(|event| table.hear(event, &mut news));
        let mut due = Vec::new();
        for (key, path) in news.changed {
            let Some((watched_path, watched)) = table.get_mut(key) else {
                continue;
            };
            if watched.changed.len() >= MAX_PATHS {
                watched.overflowed = true;
                watched.changed.clear();
            }
            if watched.overflowed {
                watched.changed.insert(watched_path.to_owned());
            } else {
                watched.changed.insert(path);
            }
            if !std::mem::replace(&mut watched.scheduled, true) {
                due.push(key);
            }
        }
        let mut arrived = Vec::new();
        for key in news.moved {
            let Some((path, watched)) = table.get_mut(key) else {
                continue;
            };
            if watched.scheduled {
                watched.moved = true;
            } else {
                // Nothing to tell yet: what is watched may follow at once.
                arrived.push((key, path.to_owned()));
            }
        }
        drop(table);
        if !due.is_empty() {
            self.runtime.spawn(tell_soon(Arc::clone(self), due));
        }
        if !arrived.is_empty() {
            let shared = Arc::clone(self);
            self.runtime.spawn(async move { shared.arm_again(arrived).await });
        }
        true
    }

    async fn tell(self: Arc<Self>, keys: Vec<u64>) {
        tokio::time::sleep(QUIET).await;
        let mut moved = Vec::new();
        for key in &keys {
            if let Some((path, watched)) = self.lock().get_mut(*key)
                && std::mem::take(&mut watched.moved)
            {
                moved.push((*key, path.to_owned()));
            }
        }
        // First, so that whoever looks when it is told misses nothing that comes later.
        if !moved.is_empty() {
            self.arm_again(moved).await;
        }
        for key in keys {
            let told = self.lock().get_mut(key).map(|(_, watched)| {
                watched.scheduled = false;
                watched.overflowed = false;
                let changed = std::mem::take(&mut watched.changed);
                (Arc::clone(&watched.tell), changed)
            });
            if let Some((tell, changed)) = told {
                tell(changed.into_iter().collect());
            }
        }
    }

    /// The paths may be something else now, or lie elsewhere.
    async fn arm_again(self: &Arc<Self>, paths: Vec<(u64, PathBuf)>) {
        let shared = Arc::clone(self);
        let work = move || {
            let mut due = Vec::new();
            for (key, path) in paths {
                match shared.arm(key, &path) {
                    Ok(false) => {}
                    Ok(true) => {
                        if let Some((_, watched)) = shared.lock().get_mut(key) {
                            watched.changed.insert(path);
                            if !std::mem::replace(&mut watched.scheduled, true) {
                                due.push(key);
                            }
                        }
                    }
                    Err(error) => tracing::debug!(path = %path.display(), %error, "no longer watched"),
                }
            }
            due
        };
        match external_file::in_background(PATIENCE, work).await {
            Ok(due) if due.is_empty() => {}
            Ok(due) => drop(self.runtime.spawn(tell_soon(Arc::clone(self), due))),
            Err(error) => tracing::debug!(%error, "paths can't be watched again"),
        }
    }
}

/// Tells these watches what has changed, after a while. (A type of its own: telling may lead to more of it.)
fn tell_soon(shared: Arc<Shared>, keys: Vec<u64>) -> BoxFuture<'static, ()> {
    shared.tell(keys).boxed()
}
