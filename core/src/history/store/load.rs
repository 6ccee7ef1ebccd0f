//! Taking stored threads up again.

use std::fs::OpenOptions;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{AllTurns, ReadStateHandle, StoredThread, ThreadStore, pages};
use crate::history::read::branch;
use crate::history::read::branch::{Branch, ForkPoint};
use crate::history::read::chain::{History, unreadable};
use crate::history::read::replay::{self, ReadLimit, RestoredHistory};
use crate::history::read::tail;
use crate::history::read::tail::Tail;
use crate::history::rollout::layout::{is_compressed, other_form};
use crate::history::rollout::lock::WriterLock;
use crate::history::rollout::source;
use crate::history::{SessionMeta, private};
use crate::{Error, HistoryMode, Result, ThreadId, ThreadTokenUsage};
use futures_util::future::BoxFuture;

/// How long a thread's lock may take in all.
const LOCKING: Duration = Duration::from_secs(10);
/// Bytes that are written at once.
const BUFFER: usize = 256 << 10;

/// A thread that this process may write, with how it stands.
pub(crate) struct LockedThread {
    pub(crate) stored: StoredThread,
    pub(crate) lock: WriterLock,
    pub(crate) meta: SessionMeta,
    pub(crate) tail: Tail,
    pub(crate) history: History,
    pub(crate) reading: ReadStateHandle,
}

/// Turns of a thread that is taken up, as many as were asked for.
#[derive(Debug, Default)]
pub(crate) struct TakenTurns {
    pub(crate) all: AllTurns,
    pub(crate) page: Option<super::TurnsPage>,
    pub(crate) turns_cursor: Option<String>,
    pub(crate) items_cursor: Option<String>,
}

impl ThreadStore {
    /// Locks a thread and reads how it stands.
    pub(crate) async fn take(&self, stored: StoredThread) -> Result<LockedThread> {
        let store = self.clone();
        let lock = self.lock(stored.info.id).await?;
        super::run(move || {
            let id = stored.info.id;
            let mut stored = stored;
            // Another process may have gone on with it until now.
            if let Some(now) = store.inner.state().find(id)?
                && now.info.archived == stored.info.archived
            {
                stored = now;
            }
            // Nobody compresses or expands it any more.
            let plain = if is_compressed(&stored.path) {
                other_form(&stored.path)
            } else {
                stored.path
            };
            let packed = other_form(&plain);
            stored.path = if !plain.exists() && packed.exists() {
                expand(&packed)?
            } else {
                plain
            };
            stored.info.path = Some(stored.path.clone());
            let history = store.inner.open(&stored.path)?;
            let tail = tail::read(&history).map_err(unreadable)?;
            Ok(LockedThread {
                reading: store.reading(id),
                meta: history.meta.clone(),
                stored,
                lock,
                tail,
                history,
            })
        })
        .await
    }

    /// Locks a thread for writing, moving or removing it.
    pub(crate) async fn lock(&self, id: ThreadId) -> Result<WriterLock> {
        let layout = self.layout().clone();
        let locking =
            super::run(move || WriterLock::take_when_ours_is_free(&layout, id).map_err(Error::from));
        // A lock that comes later is let go again.
        tokio::time::timeout(LOCKING, locking).await.unwrap_or_else(|_| {
            Err(Error::internal(format!(
                "the writer lock of thread {id} can't be taken: {} has not answered for {} s. Check that the file \
                 system works, and try again",
                self.layout().locks().display(),
                LOCKING.as_secs()
            )))
        })
    }

    /// Removes a file that could not be begun.
    pub(crate) async fn discard(&self, path: PathBuf) {
        let removed = super::run(move || std::fs::remove_file(&path).map_err(unwritable)).await;
        if let Err(error) = removed {
            tracing::debug!(%error, "there was no file to remove");
        }
    }

    /// Reads a thread up to a cut.
    pub(crate) async fn branch(&self, path: PathBuf, at: ForkPoint) -> Result<Branch> {
        let store = self.clone();
        super::run(move || {
            let history = store.inner.open(&path)?;
            branch::cut(history, &at)
        })
        .await
    }

    /// Reads turns of a history that is being taken up.
    pub(crate) async fn taken_turns(
        &self,
        history: History,
        id: ThreadId,
        all: bool,
        page: Option<super::TurnsQuery>,
    ) -> Result<TakenTurns> {
        let inner = std::sync::Arc::clone(&self.inner);
        super::run(move || {
            let history = history.shown();
            let map = all.then(|| inner.turn_index(&history)).transpose()?;
            let page = match page {
                Some(query) => Some(pages::turns(&history, id, &query, || match &map {
                    Some(map) => Ok(map.clone()),
                    None => inner.turn_index(&history),
                })?),
                None => None,
            };
            let mut taken = TakenTurns {
                page,
                ..TakenTurns::default()
            };
            let last = if let Some(map) = map {
                let last = map.turns().len().checked_sub(1);
                let last = last.map(|last| map.turn(&history, last, &mut Vec::new()));
                let last = last.transpose().map_err(unreadable)?;
                taken.all = AllTurns::of(history.clone(), map)?;
                last
            } else {
                pages::last_turn(&history)?
            };
            (taken.turns_cursor, taken.items_cursor) = pages::end_cursors(&history, id, last.as_ref());
            Ok(taken)
        })
        .await
    }

    /// The last token counts of a history, and the turn that they were told in.
    pub(crate) async fn last_usage(&self, history: History) -> Result<Option<(String, ThreadTokenUsage)>> {
        super::run(move || tail::usage(&history).map_err(unreadable)).await
    }

    /// Copies a legacy thread up to a cut into a new file, behind a meta line of its own.
    pub(crate) async fn copy_legacy(
        &self,
        history: History,
        first_line: Vec<u8>,
        to: PathBuf,
    ) -> Result<History> {
        let store = self.clone();
        super::run(move || {
            let draft = to.with_extension("draft");
            let copied = copy(&history, &first_line, &draft, &to);
            if let Err(error) = copied {
                let _ = std::fs::remove_file(&draft);
                return Err(error);
            }
            store.inner.open(&to)
        })
        .await
    }
}

/// Reads what a thread's model was told and said before, as far as the limit says.
pub(crate) type LoadHistory =
    Box<dyn FnOnce(ReadLimit) -> BoxFuture<'static, Result<RestoredHistory>> + Send>;

/// Reads the model's history when it is asked for.
pub(crate) fn load_later(history: History) -> LoadHistory {
    Box::new(move |limit| {
        Box::pin(super::run(move || {
            replay::model_history(&history, limit).map_err(unreadable)
        }))
    })
}

/// Writes a legacy file anew: under another name until it is whole.
fn copy(history: &History, first_line: &[u8], draft: &Path, to: &Path) -> Result<()> {
    let folder = to.parent().unwrap_or_else(|| Path::new("/"));
    let mut changed = private::create_folders(folder).map_err(unwritable)?;
    let mut options = OpenOptions::new();
    let file = private::open(options.write(true).create(true).truncate(true), draft).map_err(unwritable)?;
    let mut file = BufWriter::with_capacity(BUFFER, file);
    file.write_all(first_line).map_err(unwritable)?;
    for source in &history.segments {
        let mut lines = source.forward(0);
        while let Some((_, line)) = lines.next().map_err(unreadable)? {
            file.write_all(&line).map_err(unwritable)?;
            file.write_all(b"\n").map_err(unwritable)?;
        }
    }
    let file = file
        .into_inner()
        .map_err(|error| unwritable(error.into_error()))?;
    file.sync_data().map_err(unwritable)?;
    std::fs::rename(draft, to).map_err(unwritable)?;
    changed.push(folder.to_path_buf());
    for folder in changed {
        private::sync_folder(&folder).map_err(unwritable)?;
    }
    Ok(())
}

#[expect(clippy::needless_pass_by_value, reason = "passed to map_err")]
fn unwritable(error: std::io::Error) -> Error {
    Error::internal(format!("the new thread can't be saved: {error}"))
}

/// Replaces a compressed file by a plain one.
fn expand(path: &Path) -> Result<PathBuf> {
    let plain = path.with_extension("");
    let draft = path.with_extension("expanding");
    let expand = || {
        let compressed = private::open_to_read(path)?;
        let mut options = OpenOptions::new();
        let file = private::open(options.write(true).create(true).truncate(true), &draft)?;
        let mut file = BufWriter::with_capacity(BUFFER, file);
        source::expand(&compressed, &mut file)?;
        let file = file.into_inner().map_err(std::io::IntoInnerError::into_error)?;
        // The thread has not changed.
        file.set_modified(compressed.metadata()?.modified()?)?;
        file.sync_all()?;
        std::fs::rename(&draft, &plain)?;
        if let Some(folder) = plain.parent() {
            private::sync_folder(folder)?;
        }
        std::fs::remove_file(path)
    };
    expand().map_err(|error: std::io::Error| {
        let _ = std::fs::remove_file(&draft);
        Error::internal(format!("{} can't be decompressed: {error}", path.display()))
    })?;
    Ok(plain)
}

/// Whether settings in the file count: programs of the legacy time did not mean them to.
pub(crate) fn settings_count(meta: &SessionMeta, tail: &Tail) -> bool {
    meta.history_mode == Some(HistoryMode::Paginated) || tail.settings.model_provider.is_some()
}
