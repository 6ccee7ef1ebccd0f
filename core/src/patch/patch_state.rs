//! What a thread remembers of patches.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{Mutex as AsyncMutex, MutexGuard as AsyncMutexGuard};

use super::plan::PlannedChange;
use super::turn_diff::TurnDiff;

/// What a thread remembers of patches: the files that may be changed without asking again, and what the running turn
/// has changed.
#[derive(Debug)]
pub(crate) struct PatchState {
    codex_home: PathBuf,
    /// Held while a patch is checked, asked for and written.
    one_by_one: AsyncMutex<()>,
    /// A lock, because patches are written on another thread than the actor's. Held while a diff is made at most, which
    /// the actor never waits for: it takes the diff when the turn's calls have ended.
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Files that the user allowed to be changed for the whole session, without links.
    allowed: HashSet<PathBuf>,
    turn_id: String,
    diff: TurnDiff,
    /// What was told last.
    told: String,
}

impl PatchState {
    /// Of a thread that has changed nothing yet.
    pub(crate) fn new(codex_home: PathBuf) -> Self {
        Self {
            codex_home,
            one_by_one: AsyncMutex::default(),
            state: Mutex::default(),
        }
    }

    /// `CODEX_HOME`: what is in it decides what the daemon does.
    pub(crate) fn codex_home(&self) -> &Path {
        &self.codex_home
    }

    /// Waits until the patches before have been dealt with: each is checked against the files as the one before leaves
    /// them.
    pub(crate) async fn my_turn(&self) -> AsyncMutexGuard<'_, ()> {
        self.one_by_one.lock().await
    }

    /// Whether the user allowed all of these files for the whole session.
    pub(crate) fn is_allowed(&self, paths: &[PathBuf]) -> bool {
        let state = self.state();
        paths.iter().all(|path| state.allowed.contains(path))
    }

    /// The user allows these files for the whole session.
    pub(crate) fn allow(&self, paths: impl IntoIterator<Item = PathBuf>) {
        self.state().allowed.extend(paths);
    }

    /// A patch has been applied in a turn. Gives what the turn has changed by now; names are relative to `root`, the
    /// repository or the working folder, as the turn's first patch says. `None`: nothing, as before. Takes as long as
    /// comparing files does.
    pub(crate) fn applied(&self, turn_id: &str, changes: &[PlannedChange], root: &Path) -> Option<String> {
        let mut state = self.state();
        if state.turn_id != turn_id {
            turn_id.clone_into(&mut state.turn_id);
            state.diff = TurnDiff::new(root.to_owned());
            state.told.clear();
        }
        state.diff.apply(changes);
        let diff = state.diff.render();
        let is_news = !(diff.is_empty() && state.told.is_empty());
        state.told.clone_from(&diff);
        is_news.then_some(diff)
    }

    /// What a turn that ends has changed; `None` if all is as it was.
    pub(crate) fn turn_ended(&self, turn_id: &str) -> Option<String> {
        let mut state = self.state();
        state.diff = TurnDiff::default();
        let told = std::mem::take(&mut state.told);
        (state.turn_id == turn_id && !told.is_empty()).then_some(told)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
