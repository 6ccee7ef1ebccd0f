//! How threads that are not loaded were left: what their histories tell of last. Rows of lists know how they began.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::{Inner, StoredThread, ThreadStore, present, run};
use crate::history::index::rows::Stamp;
use crate::history::read::chain::unreadable;
use crate::history::read::tail;
use crate::{HistoryMode, Result, ThreadInfo, ThreadStatus};

/// Threads of which it is kept how they were left.
const KEPT: usize = 4096;

/// What is known of the ends of files, as long as they stay as they are. A lock, because threads are read side by side;
/// held for a look.
#[derive(Default)]
pub(super) struct Ends(Mutex<HashMap<PathBuf, (Stamp, End)>>);

/// What the end of a history tells. `None`: nothing, or too far back.
#[derive(Debug, Clone, Default)]
struct End {
    cwd: Option<PathBuf>,
    model: Option<String>,
    /// Belongs to the model.
    effort: Option<String>,
}

impl ThreadStore {
    /// A stored thread with the folder, model and effort that its history tells of last.
    pub(crate) async fn as_left(&self, stored: StoredThread) -> ThreadInfo {
        let mut threads = [stored.info];
        let ends = self.ends(&threads).await;
        for (at, end) in ends {
            let thread = &mut threads[at];
            thread.cwd = end.cwd.clone().unwrap_or_else(|| thread.cwd.clone());
            end.tell_model(thread);
        }
        let [thread] = threads;
        thread
    }

    /// Gives the threads of a list that are not loaded the model and effort that their histories tell of last. Their folder
    /// stays that in which they began: by it lists are filtered.
    pub(crate) async fn tell_last_models(&self, threads: &mut [ThreadInfo]) {
        for (at, end) in self.ends(threads).await {
            end.tell_model(&mut threads[at]);
        }
    }

    /// The ends of those of these threads that are not loaded, by their places. Legacy files tell of no settings.
    async fn ends(&self, threads: &[ThreadInfo]) -> Vec<(usize, End)> {
        let wanted: Vec<(usize, PathBuf)> = threads
            .iter()
            .enumerate()
            .filter(|(_, thread)| {
                thread.status == ThreadStatus::NotLoaded && thread.history_mode == HistoryMode::Paginated
            })
            .filter_map(|(at, thread)| Some((at, thread.path.clone()?)))
            .collect();
        if wanted.is_empty() {
            return Vec::new();
        }
        let store = self.clone();
        let looking = run(move || {
            let ends = wanted.into_iter().map(|(at, path)| (at, store.inner.end(&path)));
            Ok(ends.collect())
        });
        looking.await.unwrap_or_default()
    }
}

impl End {
    fn tell_model(self, thread: &mut ThreadInfo) {
        if self.model.is_some() {
            thread.model = self.model;
            thread.effort = self.effort;
        }
    }
}

impl Inner {
    /// The end of the history whose newest file this is. One that can't be read tells nothing.
    fn end(&self, path: &Path) -> End {
        let Some((path, stamp)) = present(path) else {
            return End::default();
        };
        let kept = || self.ends.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((then, end)) = kept().get(&*path)
            && *then == stamp
        {
            return end.clone();
        }
        let end = self.read_end(&path).unwrap_or_else(|error| {
            tracing::debug!(%error, "the end of a history can't be read");
            End::default()
        });
        let mut ends = kept();
        if ends.len() >= KEPT {
            ends.clear();
        }
        ends.insert(path.into_owned(), (stamp, end.clone()));
        end
    }

    fn read_end(&self, path: &Path) -> Result<End> {
        let saved = tail::last_settings(&self.open(path)?).map_err(unreadable)?;
        let saved = saved.unwrap_or_default();
        Ok(End {
            cwd: saved.cwd,
            model: saved.model,
            effort: saved.effort,
        })
    }
}
