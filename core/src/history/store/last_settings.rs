//! How threads that are not loaded were left: what their histories tell of last. Rows of lists know how they began.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::{Inner, StoredThread, ThreadStore, present, run};
use crate::history::index::rows::Stamp;
use crate::history::read::tail;
use crate::history::rollout::layout::is_compressed;
use crate::history::rollout::source::Source;
use crate::{HistoryMode, ThreadInfo, ThreadStatus};

/// Threads of which it is kept how they were left.
const KEPT: usize = 4096;

/// What is known of the ends of files, as long as they stay as they are. A lock, because threads are read side by side;
/// held for a look.
#[derive(Default)]
pub(super) struct LastSettingsCache(Mutex<HashMap<PathBuf, (Stamp, LastSettings)>>);

/// What the end of a history tells. `None`: nothing, or too far back.
#[derive(Debug, Clone, Default)]
struct LastSettings {
    cwd: Option<PathBuf>,
    model: Option<String>,
    /// Belongs to the model.
    effort: Option<String>,
    /// Too.
    model_provider: Option<String>,
}

impl ThreadStore {
    /// A stored thread with the folder, model and effort that its history tells of last.
    pub(crate) async fn as_left(&self, stored: StoredThread) -> ThreadInfo {
        let mut threads = [stored.info];
        let ends = self.last_settings_of(&threads).await;
        for (at, end) in ends {
            let thread = &mut threads[at];
            thread.cwd = end.cwd.clone().unwrap_or_else(|| thread.cwd.clone());
            if let Some(provider) = &end.model_provider {
                thread.model_provider.clone_from(provider);
            }
            end.tell_model(thread);
        }
        let [thread] = threads;
        thread
    }

    /// Gives the threads of a list that are not loaded the model and effort that their histories tell of last. Their folder and
    /// provider stay those with which they began: by them lists are filtered.
    pub(crate) async fn tell_last_models(&self, threads: &mut [ThreadInfo]) {
        for (at, end) in self.last_settings_of(threads).await {
            let thread = &mut threads[at];
            let is_of_it = |provider: &String| *provider == thread.model_provider;
            if end.model_provider.as_ref().is_none_or(is_of_it) {
                end.tell_model(thread);
            }
        }
    }

    /// The ends of those of these threads that are not loaded, by their places. Legacy files tell of no settings.
    async fn last_settings_of(&self, threads: &[ThreadInfo]) -> Vec<(usize, LastSettings)> {
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
            let ends = wanted
                .into_iter()
                .map(|(at, path)| (at, store.inner.last_settings_at(&path)));
            Ok(ends.collect())
        });
        looking.await.unwrap_or_default()
    }
}

impl LastSettings {
    fn tell_model(self, thread: &mut ThreadInfo) {
        if self.model.is_some() {
            thread.model = self.model;
            thread.effort = self.effort;
        }
    }
}

impl Inner {
    /// The end of the history whose newest file this is. One that can't be read tells nothing, and one that is compressed
    /// would have to be expanded.
    fn last_settings_at(&self, path: &Path) -> LastSettings {
        let Some((path, stamp)) = present(path).filter(|(path, _)| !is_compressed(path)) else {
            return LastSettings::default();
        };
        let kept = || {
            self.last_settings
                .0
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
        };
        if let Some((then, end)) = kept().get(&*path)
            && *then == stamp
        {
            return end.clone();
        }
        let end = match read_last_settings(&path) {
            Ok(end) => end,
            Err(error) => {
                tracing::debug!(%error, "the end of a history can't be read");
                return LastSettings::default();
            }
        };
        let mut ends = kept();
        if ends.len() >= KEPT {
            ends.clear();
        }
        ends.insert(path.into_owned(), (stamp, end.clone()));
        end
    }
}

/// Of the newest file alone: its first lines tell as much as those before it.
fn read_last_settings(path: &Path) -> io::Result<LastSettings> {
    let saved = tail::last_settings(&Source::open(path)?)?.unwrap_or_default();
    Ok(LastSettings {
        cwd: saved.cwd,
        model: saved.model,
        effort: saved.effort,
        model_provider: saved.model_provider,
    })
}
