//! Stored threads: finding, listing and reading them, and what users give to them.
//!
//! Where to look:
//!
//! * lists: `list`, `cursor`, `index_refresh` (keeps rows ready), `search`, `text_index` and `title_index` (where searches and lists need not look), `coverage` (what these know), `last_settings` (the model that a thread was left with)
//! * one thread: `pages` (turns and items), `all_turns`, `timeline`, `sessions` (threads that belong together), `realtime`, `load` (for resuming), `unstarted` (had no turn yet)
//! * changes: `manage` (name, metadata, archive, delete), `sections` with `places`, `projects`, `attachments`, `read_state` with
//!   `read_marks`, `queue`; `storage` (what all of them take on the disk, and compressing)

mod all_turns;
mod attachments;
mod coverage;
mod cursor;
mod index_refresh;
mod last_settings;
mod list;
pub(crate) mod load;
mod manage;
mod pages;
mod places;
mod projects;
mod queue;
mod read_marks;
mod read_state;
mod realtime;
mod search;
mod sections;
mod sessions;
mod shared_state;
mod storage;
mod text_index;
mod timeline;
mod title_index;
pub(crate) mod unstarted;

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::HashMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, MutexGuard};

pub use all_turns::AllTurns;
pub use attachments::Attachment;
pub use list::{ListPage, ListQuery, SortKey, SourceKind};
pub use manage::MetadataPatch;
pub use pages::{ItemRow, ItemsPage, ItemsQuery, PageStart, TurnsPage, TurnsQuery};
pub use queue::{QueueChange, QueuePage, QueuedSubmission};
use read_marks::ReadMarkCache;
pub(crate) use read_marks::ReadStateHandle;
pub use realtime::{RealtimeCoverage, RealtimePage, RealtimeQuery};
pub use search::Occurrence;
pub use sections::Section;
use shared_state::SharedState;
pub use storage::{COLD, StorageFigures};
pub use timeline::{Timeline, TimelineEntry};
use unstarted::Unstarted;

use uuid::Uuid;

use super::user_data::UserData;
use crate::history::index::db::Index;
use crate::history::index::directory::{Rollout, RolloutDirectory};
use crate::history::index::names::Names;
use crate::history::index::rows::{Row, Stamp};
use crate::history::index::watch::Watch;
use crate::history::read::chain::{FindRollouts, History, HistoryError};
use crate::history::read::{head, turns};
use crate::history::rollout::layout::{self, Layout, other_form};
use crate::history::rollout::meta::HistoryBase;
use crate::sys::files;
use crate::{Error, Result, ThreadId, ThreadInfo};

/// Rows kept in memory, in bytes of rough size; more are found in the index.
const ROWS_IN_MEMORY: usize = 4 << 20;

/// The stored threads of one home. Cheap to clone; opens nothing before it is asked.
#[derive(Clone)]
pub struct ThreadStore {
    inner: Arc<Inner>,
}

struct Inner {
    layout: Layout,
    default_provider: String,
    state: SharedState,
    marks: Arc<ReadMarkCache>,
    unstarted: Arc<Unstarted>,
    warming: AtomicBool,
    compressing: AtomicBool,
    texts: text_index::Texts,
    last_settings: last_settings::LastSettingsCache,
}

struct State {
    layout: Layout,
    directory: RolloutDirectory,
    names: Names,
    index: Index,
    data: UserData,
    rows: RowCache,
    /// Set once the first list has been answered.
    watch: Option<Watch>,
    /// From which index of texts the directory knows which files it covers.
    covered_by: Option<i64>,
    marks: Arc<ReadMarkCache>,
    unstarted: Arc<Unstarted>,
    default_provider: String,
}

/// Rows in memory, and those that the index hasn't got yet.
#[derive(Default)]
struct RowCache {
    rows: HashMap<PathBuf, (Stamp, Arc<Row>)>,
    weight: usize,
    fresh: Vec<(PathBuf, Stamp, Row)>,
}

/// A thread at rest.
#[derive(Debug, Clone)]
pub struct StoredThread {
    /// Everything but its turns.
    pub info: ThreadInfo,
    /// Its newest file.
    pub path: PathBuf,
}

impl ThreadStore {
    /// The threads below `layout`. `default_provider` stands in for files that don't tell their provider.
    pub fn new(layout: Layout, default_provider: impl Into<String>) -> Self {
        let default_provider = default_provider.into();
        let marks: Arc<ReadMarkCache> = Arc::default();
        let unstarted: Arc<Unstarted> = Arc::default();
        Self {
            inner: Arc::new(Inner {
                state: SharedState::new(State {
                    directory: RolloutDirectory::new(layout.clone()),
                    names: Names::new(layout.names()),
                    index: Index::new(layout.index(), layout.user_data()),
                    data: UserData::new(layout.user_data(), layout.index()),
                    rows: RowCache::default(),
                    watch: None,
                    covered_by: None,
                    marks: Arc::clone(&marks),
                    unstarted: Arc::clone(&unstarted),
                    layout: layout.clone(),
                    default_provider: default_provider.clone(),
                }),
                texts: text_index::Texts::new(layout.text_index()),
                layout,
                default_provider,
                marks,
                unstarted,
                warming: AtomicBool::new(false),
                compressing: AtomicBool::new(false),
                last_settings: last_settings::LastSettingsCache::default(),
            }),
        }
    }

    /// Where the files are.
    pub fn layout(&self) -> &Layout {
        &self.inner.layout
    }

    /// The provider of threads whose files don't tell it.
    pub fn default_provider(&self) -> &str {
        &self.inner.default_provider
    }

    /// A page of threads (docs/contract/threads.md#thread-list).
    pub async fn list(&self, mut query: ListQuery) -> Result<ListPage> {
        query.follow_links().await;
        self.narrow(&mut query).await;
        let (page, fresh) = self
            .blocking(move |state| {
                let mut page = list::list(state, &query)?;
                let ids: Vec<ThreadId> = page.threads.iter().map(|info| info.id).collect();
                page.read_states = state.read_states(&ids);
                Ok((page, !state.rows.fresh.is_empty()))
            })
            .await?;
        self.refresh_index(fresh);
        Ok(page)
    }

    /// A stored thread; `None` if there is none.
    pub async fn find(&self, id: ThreadId) -> Result<Option<StoredThread>> {
        self.blocking(move |state| state.find(id)).await
    }

    /// The thread that a rollout belongs to; relative paths count from the home of the user.
    pub async fn find_path(&self, path: PathBuf) -> Result<StoredThread> {
        self.blocking(
            move |state| match present(&path).filter(|(path, _)| !path.is_dir()) {
                Some((path, _)) => state.find_path(&path),
                None => Err(Error::NoRolloutAt(path)),
            },
        )
        .await
    }

    /// Whether two paths lead to one rollout, in whichever form it is; relative ones count from the home of the user.
    pub(crate) async fn is_one_rollout(&self, one: PathBuf, other: PathBuf) -> Result<bool> {
        self.blocking(move |_| {
            let file = |path: &Path| std::fs::metadata(in_either_form(path)).ok();
            let ids = [file(&one), file(&other)].map(|file| Some(files::file_id(&file?)));
            Ok(one == other || other_form(&one) == other || (ids[0].is_some() && ids[0] == ids[1]))
        })
        .await
    }

    /// All turns of a thread with all items, oldest first.
    pub async fn turns(&self, path: PathBuf) -> Result<AllTurns> {
        let inner = Arc::clone(&self.inner);
        self.shown_history(path, move |history| {
            AllTurns::of(history.clone(), inner.turn_index(history)?)
        })
        .await
    }

    /// A page of turns (docs/contract/threads.md#reading).
    pub async fn turns_page(&self, id: ThreadId, path: PathBuf, query: TurnsQuery) -> Result<TurnsPage> {
        let inner = Arc::clone(&self.inner);
        self.shown_history(path, move |history| {
            pages::turns(history, id, &query, || inner.turn_index(history))
        })
        .await
    }

    /// A page of items (docs/contract/threads.md#reading).
    pub async fn items_page(&self, id: ThreadId, path: PathBuf, query: ItemsQuery) -> Result<ItemsPage> {
        self.shown_history(path, move |history| pages::items(history, id, &query))
            .await
    }

    /// Works on a thread's history.
    pub(crate) async fn history<T: Send + 'static>(
        &self,
        path: PathBuf,
        work: impl FnOnce(&History) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.opened(path, |history| history, work).await
    }

    /// Works on a thread's history as clients see it.
    pub(crate) async fn shown_history<T: Send + 'static>(
        &self,
        path: PathBuf,
        work: impl FnOnce(&History) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.opened(path, History::shown, work).await
    }

    async fn opened<T: Send + 'static>(
        &self,
        path: PathBuf,
        part: fn(History) -> History,
        work: impl FnOnce(&History) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let inner = Arc::clone(&self.inner);
        run(move || work(&part(inner.open(&path)?))).await
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut State) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let inner = Arc::clone(&self.inner);
        run(move || work(&mut inner.state())).await
    }
}

impl std::fmt::Debug for ThreadStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ThreadStore")
            .field("home", &self.inner.layout.home())
            .field("default_provider", &self.inner.default_provider)
            .finish_non_exhaustive()
    }
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }

    /// Opens the history that ends with the file at `path`. The lock is held for finding its files only: reading, and
    /// decompressing, may take long.
    fn open(&self, path: &Path) -> Result<History> {
        let find = Lookup {
            store: self,
            is_refreshed: Cell::new(false),
        };
        Ok(History::open(&in_either_form(path), &find)?)
    }
}

async fn run<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|_| {
        Err(Error::internal(
            "the work on stored threads was cut short; try again",
        ))
    })
}

impl From<HistoryError> for Error {
    fn from(error: HistoryError) -> Self {
        Self::UnreadableHistory(error.to_string())
    }
}

impl State {
    fn find(&mut self, id: ThreadId) -> Result<Option<StoredThread>> {
        let Some(rollout) = self.directory.newest(id).or_else(|| {
            // A listing in the moment in which a file is compressed may show neither of its forms.
            self.directory
                .refresh()
                .then(|| self.directory.newest(id))
                .flatten()
        }) else {
            return Ok(None);
        };
        self.names.refresh();
        self.stored(&rollout).map(Some)
    }

    fn find_path(&mut self, path: &Path) -> Result<StoredThread> {
        let source = crate::history::rollout::source::Source::open_head(path, 4 << 20).map_err(|source| {
            HistoryError::Io {
                path: path.to_path_buf(),
                source,
            }
        })?;
        let meta = crate::history::read::chain::read_meta(&source)?;
        let id = meta.id.or_else(|| named(path));
        let id = id.ok_or_else(|| HistoryError::without_id(path))?;
        self.directory.refresh();
        let other = other_form(path);
        let mut rollouts = self.directory.all(id).into_iter();
        if let Some(rollout) = rollouts.find(|rollout| rollout.path == path || rollout.path == other) {
            self.names.refresh();
            return self.stored(&rollout);
        }
        // A file outside of the home.
        let begun_ms =
            chrono::DateTime::parse_from_rfc3339(&meta.timestamp).map_or(0, |at| at.timestamp_millis());
        let rollout = Rollout {
            key: crate::history::index::directory::Key {
                begun_ms,
                id,
                revert: None,
            },
            path: path.to_path_buf(),
            archived: false,
        };
        self.stored(&rollout)
    }

    /// The thread of a file, as it is at rest.
    fn stored(&mut self, rollout: &Rollout) -> Result<StoredThread> {
        let rollout = &Rollout {
            path: in_either_form(&rollout.path).into_owned(),
            ..rollout.clone()
        };
        let Some((stamp, row)) = self.row(rollout) else {
            head::read(&rollout.path)?;
            return Err(Error::UnreadableHistory(format!(
                "failed to read thread: {} can't be read",
                rollout.path.display()
            )));
        };
        let info = row.info(rollout, stamp, &self.default_provider);
        Ok(StoredThread {
            info: self.with_user_metadata(info),
            path: rollout.path.clone(),
        })
    }

    /// The row of a file: from memory, from the index, or from the file; `None` if it can't be read.
    fn row(&mut self, rollout: &Rollout) -> Option<(Stamp, Arc<Row>)> {
        let (path, now) = present(&rollout.path)?;
        if let Some((stamp, row)) = self.rows.rows.get(&*path)
            && stamp.covers(now, row.is_complete())
        {
            return Some((now, Arc::clone(row)));
        }
        let known = if self.index.exists() {
            self.index.row(&path, now)
        } else {
            None
        };
        let row = if let Some(row) = known {
            Arc::new(row)
        } else {
            let mut row = Row::from(head::read(&path).ok()?);
            if let Some(base) = row.meta.history_base {
                row.preview = self.base_preview(rollout.key.id, base, &path).or(row.preview);
            }
            self.rows.fresh.push((path.to_path_buf(), now, row.clone()));
            Arc::new(row)
        };
        self.rows.put(path.into_owned(), now, Arc::clone(&row));
        Some((now, row))
    }

    /// The first user text of the thread that a fork builds upon, if that is a part of the fork. What a revert takes away
    /// stays what a thread is known by.
    fn base_preview(&mut self, id: ThreadId, base: HistoryBase, path: &Path) -> Option<String> {
        let (mut id, mut base, mut path) = (id, base, path.to_path_buf());
        // The first ordinal that is no part of the fork, and what is said first in what was looked at so far.
        let (mut end, mut said) = (u64::MAX, None);
        for _ in 0..100 {
            let below = self.directory.bases(base.file_id);
            let below = below.into_iter().find(|rollout| rollout.path != path)?;
            if below.key.id != id {
                end = end.min(base.end_ordinal_exclusive);
            }
            let head = head::read(&below.path).ok()?;
            if head.preview_ordinal.is_none_or(|ordinal| ordinal < end) {
                said = head.preview.or(said);
            }
            let Some(next) = head.meta.history_base else {
                return said;
            };
            (id, base, path) = (below.key.id, next, below.path);
        }
        said
    }

    fn keep_fresh(&mut self) {
        let fresh = std::mem::take(&mut self.rows.fresh);
        self.index.keep_rows(&fresh);
    }
}

/// Finds the other files of a history. Most have none, and need no look at the folders.
struct Lookup<'a> {
    store: &'a Inner,
    is_refreshed: Cell<bool>,
}

impl FindRollouts for Lookup<'_> {
    fn rollouts(&self, file_id: Uuid) -> Vec<PathBuf> {
        let mut state = self.store.state();
        if !self.is_refreshed.replace(true) {
            state.directory.refresh();
        }
        let found = state.directory.bases(file_id);
        drop(state);
        found.into_iter().map(|rollout| rollout.path).collect()
    }
}

impl RowCache {
    fn put(&mut self, path: PathBuf, stamp: Stamp, row: Arc<Row>) {
        if self.weight > ROWS_IN_MEMORY {
            self.rows.clear();
            self.weight = 0;
        }
        self.weight += row.weight() + path.as_os_str().len();
        if let Some((_, old)) = self.rows.insert(path, (stamp, row)) {
            self.weight = self.weight.saturating_sub(old.weight());
        }
    }

    fn remove(&mut self, path: &Path) {
        if let Some((_, old)) = self.rows.remove(path) {
            self.weight = self.weight.saturating_sub(old.weight() + path.as_os_str().len());
        }
    }
}

/// The path of a rollout that may have been compressed or expanded since its path was told.
fn in_either_form(path: &Path) -> Cow<'_, Path> {
    present(path).map_or(Cow::Borrowed(path), |(path, _)| path)
}

/// A rollout in the form in which it is there, and how its file is. At any moment there is one of them, but which one may
/// change between two looks.
fn present(path: &Path) -> Option<(Cow<'_, Path>, Stamp)> {
    if let Some(stamp) = Stamp::of(path) {
        return Some((Cow::Borrowed(path), stamp));
    }
    let is_rollout = |extension: &OsStr| extension == "jsonl" || extension == "zst";
    if !path.extension().is_some_and(is_rollout) {
        return None;
    }
    layout::in_either_form(&other_form(path), |form| {
        let stamp = Stamp::of(form).ok_or(std::io::ErrorKind::NotFound)?;
        Ok((Cow::Owned(form.to_path_buf()), stamp))
    })
    .ok()
}

/// The thread that a file's name tells.
fn named(path: &Path) -> Option<ThreadId> {
    Some(layout::RolloutName::of(path)?.id)
}

/// Marks the running turn among turns from a file, where it looks like one that was cut off.
fn mark_running(turns: &mut [turns::PlacedTurn], running: Option<&str>) {
    if let Some(running) = running
        && let Some(placed) = turns.iter_mut().rfind(|placed| placed.turn.id == running)
    {
        placed.turn.status = crate::TurnStatus::InProgress;
    }
}
