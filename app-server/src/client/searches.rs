//! The searches and samples of one connection that run, by the ids of their requests, so that they can be given up.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use codex_app_server_protocol::RequestId;
use tokio_util::sync::CancellationToken;

/// Which method searches or samples. Each has a method of its own to give it up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SearchKind {
    /// `thread/search`
    Whole,
    /// `thread/search/stream`
    Stream,
    /// `thread/sample`
    Sample,
}

/// Searches that run.
#[derive(Debug, Default)]
pub(crate) struct Searches {
    /// A lock, since searches begin and end in tasks of their own. Held for moments only.
    running: Mutex<Vec<Entry>>,
}

#[derive(Debug)]
struct Entry {
    kind: SearchKind,
    id: RequestId,
    token: Arc<CancellationToken>,
}

/// A search that runs; dropping this tells that it has ended.
#[derive(Debug)]
pub(crate) struct Running<'a> {
    searches: &'a Searches,
    token: Arc<CancellationToken>,
}

impl Searches {
    /// A search begins.
    pub(crate) fn begin(&self, kind: SearchKind, id: RequestId) -> Running<'_> {
        let token = Arc::new(CancellationToken::new());
        self.lock().push(Entry {
            kind,
            id,
            token: Arc::clone(&token),
        });
        Running {
            searches: self,
            token,
        }
    }

    /// Gives up the search of this request, if it still runs.
    pub(crate) fn cancel(&self, kind: SearchKind, id: &RequestId) {
        for entry in self.lock().iter() {
            if entry.kind == kind && entry.id == *id {
                entry.token.cancel();
            }
        }
    }

    /// Gives up all: nobody is there for their results.
    pub(crate) fn cancel_all(&self) {
        for entry in self.lock().iter() {
            entry.token.cancel();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Entry>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Running<'_> {
    /// Says when it is given up.
    pub(crate) fn token(&self) -> CancellationToken {
        CancellationToken::clone(&self.token)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.searches
            .lock()
            .retain(|entry| !Arc::ptr_eq(&entry.token, &self.token));
    }
}
