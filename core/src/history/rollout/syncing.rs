//! Syncs the files of logs to the disk, beside the threads that write lines.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::oneshot;

use super::workers::Work;
use super::writer::{Log, LogWriter};
use crate::history::private;
use crate::sys::files::is_deleted;

/// Syncs the file of a log, once for many requests, on threads of their own: a slow disk must not hold up lines.
pub(crate) struct Syncing {
    log: Weak<Log>,
    state: Mutex<SyncState>,
}

#[derive(Default)]
struct SyncState {
    busy: bool,
    wanted: bool,
    /// Holds the log until it has been let go.
    closing: Option<(Arc<Log>, oneshot::Sender<()>)>,
    /// It has been told that the file is gone, or can't be synced.
    told: bool,
}

impl Syncing {
    pub(crate) fn new(log: Weak<Log>) -> Self {
        Self {
            log,
            state: Mutex::default(),
        }
    }

    /// Has the file synced some time; with `closing`, the file and its lock are let go then, and that is told.
    pub(crate) fn ask(self: &Arc<Self>, closing: Option<oneshot::Sender<()>>, writer: &LogWriter) {
        let mut state = self.state();
        state.wanted = true;
        if let Some(done) = closing
            && let Some(log) = self.log.upgrade()
        {
            state.closing = Some((log, done));
        }
        let begin = !std::mem::replace(&mut state.busy, true);
        drop(state);
        if begin {
            writer.shared.syncing.submit(Arc::clone(self));
        }
    }

    fn state(&self) -> MutexGuard<'_, SyncState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Syncs the file. Tells once what is wrong with it.
    fn sync(&self, log: &Log) {
        let (Some(file), folders) = log.take_unsynced() else {
            return;
        };
        let path = log.path.display();
        let gone = file.metadata().is_ok_and(|meta| is_deleted(&meta));
        let synced = file
            .sync_data()
            .and_then(|()| folders.iter().try_for_each(|folder| private::sync_folder(folder)));
        let wrong = match synced {
            _ if gone => format!(
                "The file of this thread was deleted ({path}). The thread goes on, but it won't be found after it is \
                 closed."
            ),
            Err(error) => format!(
                "The history of this thread ({path}) may not outlast a power failure: {error}. Check the disk."
            ),
            Ok(()) => return,
        };
        if !std::mem::replace(&mut self.state().told, true) {
            (log.on_warning)(wrong);
        }
    }
}

impl Work for Syncing {
    fn work(self: Arc<Self>) -> Option<Duration> {
        loop {
            let mut state = self.state();
            let closing = state.closing.take();
            if !std::mem::take(&mut state.wanted) && closing.is_none() {
                state.busy = false;
                return None;
            }
            drop(state);
            if let Some(log) = self.log.upgrade() {
                self.sync(&log);
            }
            if let Some((log, done)) = closing {
                log.finish();
                let _ = done.send(());
            }
        }
    }

    fn again(self: Arc<Self>) {}
}
