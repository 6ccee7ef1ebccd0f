//! Which threads have a turn that runs, for an end of the process that waits for them.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use codex_core::ThreadId;
use tokio::sync::Notify;

/// The threads whose turn has been told to have started, and not to have ended.
#[derive(Debug, Default)]
pub(crate) struct RunningTurns {
    /// Changed by the actors of all threads, for moments only.
    threads: Mutex<HashSet<ThreadId>>,
    ended: Notify,
}

impl RunningTurns {
    /// Resolves when no turn runs.
    pub(crate) async fn none(&self) {
        loop {
            let ended = self.ended.notified();
            if self.count() == 0 {
                return;
            }
            ended.await;
        }
    }

    /// How many run.
    pub(crate) fn count(&self) -> usize {
        self.threads.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    pub(super) fn set(&self, thread: ThreadId, running: bool) {
        let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        if running {
            threads.insert(thread);
        } else {
            threads.remove(&thread);
            drop(threads);
            self.ended.notify_waiters();
        }
    }
}
