//! Keeps rows ready: reads the beginnings of files before lists ask for them, and follows what changes.
//!
//! Begins with the first list of a process, never at its start.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::runtime::Handle;

use super::all_turns::WORTH_KEEPING;
use crate::history::index::watch::Watch;
use crate::history::read::chain::History;
use crate::history::rollout::layout::is_compressed;
use crate::history::store::{Inner, State, ThreadStore};

/// Files whose beginnings are read while others wait.
const BATCH: usize = 32;
/// Rows that are looked at in the index while others wait.
const ROWS: usize = 512;
/// Bytes of large threads that are looked through for their turns at most.
const MAPPED: u64 = 4 << 30;
/// What happens within this time is looked at together.
const SETTLE: Duration = Duration::from_millis(250);

impl ThreadStore {
    /// Called after lists. The first one has all beginnings read in the background, and has the folders watched from
    /// then on. `fresh`: there are rows that the index hasn't got.
    pub(super) fn refresh_index(&self, fresh: bool) {
        let inner = Arc::clone(&self.inner);
        if !inner.warming.swap(true, Ordering::AcqRel) {
            let runtime = Handle::current();
            tokio::task::spawn_blocking(move || {
                let large = inner.read_all();
                inner.drop_vanished();
                inner.watch(runtime.clone());
                inner.map_turns(large);
                inner.texts_changed(&runtime);
            });
        } else if fresh {
            tokio::task::spawn_blocking(move || inner.state().keep_fresh());
        }
    }
}

impl Inner {
    /// Reads the beginnings of all files that have changed. Gives the large ones with their size, newest first.
    fn read_all(&self) -> Vec<(PathBuf, u64)> {
        let mut large = Vec::new();
        let mut start = None;
        loop {
            let mut state = self.state();
            let mut batch = Vec::with_capacity(BATCH);
            state.directory.walk(false, true, start, None, |rollout| {
                batch.push(rollout.clone());
                batch.len() < BATCH
            });
            let Some(last) = batch.last() else { break };
            start = Some(last.key);
            for rollout in batch {
                if let Some((stamp, _)) = state.row(&rollout)
                    && stamp.size >= WORTH_KEEPING
                {
                    large.push((rollout.path, stamp.size));
                }
            }
            if state.rows.fresh.len() >= 256 {
                state.keep_fresh();
            }
            drop(state);
            self.state.give_way();
        }
        self.state().keep_fresh();
        large
    }

    /// Finds out where the turns of large threads lie, so that they open at once. Compressed ones would have to be
    /// decompressed for it.
    fn map_turns(self: &Arc<Self>, large: Vec<(PathBuf, u64)>) {
        let mut left = MAPPED;
        for (path, size) in large {
            let mut state = self.state();
            let new = size.saturating_sub(state.index.mapped(&path));
            if new < WORTH_KEEPING || new > left || is_compressed(&path) {
                continue;
            }
            drop(state);
            let history = self.open(&path).map(History::shown);
            left -= new;
            if let Err(error) = history.and_then(|history| self.turn_index(&history)) {
                tracing::debug!(path = %path.display(), %error, "its turns are not known yet");
            }
        }
    }

    /// Drops the rows of files that are gone.
    fn drop_vanished(&self) {
        self.list_all();
        let mut behind = String::new();
        loop {
            let mut state = self.state();
            let paths = state.index.row_paths(&behind, ROWS);
            let Some(last) = paths.last() else { return };
            behind.clone_from(last);
            for path in paths.iter().map(Path::new) {
                if state.directory.find(path).is_none() {
                    state.forget_row(path);
                }
            }
            drop(state);
            self.state.give_way();
        }
    }

    /// Watches the folders of rollouts from now on.
    fn watch(self: &Arc<Self>, runtime: Handle) {
        let weak = Arc::downgrade(self);
        let wake = move || {
            let weak = weak.clone();
            let handle = runtime.clone();
            runtime.spawn(async move {
                tokio::time::sleep(SETTLE).await;
                tokio::task::spawn_blocking(move || {
                    if let Some(inner) = weak.upgrade() {
                        inner.follow();
                        inner.texts_changed(&handle);
                    }
                });
            });
        };
        let Some(mut watch) = Watch::new(wake) else { return };
        let mut state = self.state();
        // What changed while nobody watched, and what was made before its folder was.
        let mut changed = state.directory.refresh();
        while !watch.follow(state.directory.tree()).is_empty() {
            changed |= state.directory.refresh();
        }
        state.watch = Some(watch);
        drop(state);
        if changed {
            self.read_all();
        }
    }

    /// Looks at what changed.
    fn follow(&self) {
        let mut state = self.state();
        let Some(watch) = &mut state.watch else { return };
        let changes = watch.changes();
        for folder in &changes.others {
            watch.forget(folder);
        }
        let mut paths: Vec<PathBuf> = changes.rollouts.into_iter().collect();
        if changes.moved || changes.lost {
            paths.extend(state.find_new());
        }
        drop(state);
        for batch in paths.chunks(BATCH) {
            let mut state = self.state();
            let mut gone = Vec::new();
            for path in batch {
                if !state.look_at(path) && !path.exists() {
                    gone.push(path.as_path());
                }
            }
            drop(state);
            if !gone.is_empty() {
                self.texts.index().forget(&gone);
            }
            self.state.give_way();
        }
        self.state().keep_fresh();
        if changes.lost {
            tracing::debug!("events of the file system were lost; all files are looked at");
            self.read_all();
            self.drop_vanished();
        }
    }
}

impl State {
    /// Finds folders and files that came and went. Gives what lies in new folders.
    fn find_new(&mut self) -> Vec<PathBuf> {
        let mut new = Vec::new();
        loop {
            self.directory.refresh();
            let Some(watch) = &mut self.watch else { break };
            // Folders may be made between a look and the watch that would have told.
            let more: Vec<PathBuf> = watch.follow(self.directory.tree());
            if more.is_empty() {
                break;
            }
            new.extend(more);
        }
        self.directory.list_all();
        let within = new.iter().flat_map(|folder| self.directory.within(folder));
        within.map(|rollout| rollout.path).collect()
    }

    /// Brings the row of a file up to date. `false`: it is gone.
    fn look_at(&mut self, path: &Path) -> bool {
        let found = self.directory.find(path);
        match &found {
            Some(rollout) => {
                self.row(rollout);
            }
            None => self.forget_row(path),
        }
        found.is_some()
    }

    fn forget_row(&mut self, path: &Path) {
        self.rows.remove(path);
        if self.index.exists() {
            self.index.drop_row(path);
        }
    }
}
