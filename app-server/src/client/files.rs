//! What one client watches and searches, by the names that it gave.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use codex_core::file_search::SearchSession;
use codex_core::file_watch::FileWatch;
use tokio_util::sync::CancellationToken;

/// Searches that follow what is typed, of one client at most.
pub(crate) const MAX_SESSIONS: usize = 64;

/// Watches and searches.
#[derive(Debug, Default)]
pub(crate) struct ClientFiles {
    /// Held for moments; requests of one name run one after the other.
    named: Mutex<Named>,
}

#[derive(Debug, Default)]
struct Named {
    /// Without a watch: it is about to begin.
    watches: HashMap<String, Option<FileWatch>>,
    sessions: HashMap<String, SearchSession>,
    searches: HashMap<String, (u64, CancellationToken)>,
    begun: u64,
    /// The connection has ended.
    closed: bool,
}

/// A search under a name; dropping this tells that it has ended.
#[derive(Debug)]
pub(crate) struct NamedSearch<'a> {
    files: &'a ClientFiles,
    name: String,
    number: u64,
    /// Says when it is given up.
    pub(crate) token: CancellationToken,
}

impl ClientFiles {
    /// A watch of this name is about to begin. False: there is one.
    pub(crate) fn reserve_watch(&self, name: &str) -> bool {
        let mut named = self.lock();
        let free = !named.watches.contains_key(name);
        if free {
            named.watches.insert(name.to_owned(), None);
        }
        free
    }

    /// The watch of this name has begun; `None`: it could not.
    pub(crate) fn set_watch(&self, name: &str, watch: Option<FileWatch>) {
        let mut named = self.lock();
        if named.closed || watch.is_none() {
            named.watches.remove(name);
        } else {
            named.watches.insert(name.to_owned(), watch);
        }
    }

    /// Ends the watch of this name, if there is one.
    pub(crate) fn end_watch(&self, name: &str) {
        let ended = self.lock().watches.remove(name);
        drop(ended);
    }

    /// Begins a search of this name, in place of one that there is. False: there are too many.
    pub(crate) fn set_session(&self, name: String, begin: impl FnOnce() -> SearchSession) -> bool {
        let mut named = self.lock();
        if named.closed || (named.sessions.len() >= MAX_SESSIONS && !named.sessions.contains_key(&name)) {
            return named.closed;
        }
        let session = begin();
        named.sessions.insert(name, session);
        true
    }

    /// Does something with the search of this name; false if there is none.
    pub(crate) fn with_session(&self, name: &str, act: impl FnOnce(&SearchSession)) -> bool {
        self.lock().sessions.get(name).map(act).is_some()
    }

    /// Whether there is a search of this name.
    pub(crate) fn has_session(&self, name: &str) -> bool {
        self.lock().sessions.contains_key(name)
    }

    /// Ends the search of this name, if there is one.
    pub(crate) fn end_session(&self, name: &str) {
        self.lock().sessions.remove(name);
    }

    /// A search begins; one of the same name is given up.
    pub(crate) fn begin_search(&self, name: String) -> NamedSearch<'_> {
        let mut named = self.lock();
        named.begun += 1;
        let number = named.begun;
        let token = CancellationToken::new();
        if named.closed {
            token.cancel();
        }
        let before = named.searches.insert(name.clone(), (number, token.clone()));
        if let Some((_, before)) = before {
            before.cancel();
        }
        drop(named);
        NamedSearch {
            files: self,
            name,
            number,
            token,
        }
    }

    /// Ends all: nobody is there for them.
    pub(crate) fn end_all(&self) {
        let mut named = self.lock();
        named.closed = true;
        let watches = std::mem::take(&mut named.watches);
        named.sessions.clear();
        for (_, token) in named.searches.values() {
            token.cancel();
        }
        drop(named);
        drop(watches);
    }

    fn lock(&self) -> MutexGuard<'_, Named> {
        self.named.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for NamedSearch<'_> {
    fn drop(&mut self) {
        let mut named = self.files.lock();
        if named
            .searches
            .get(&self.name)
            .is_some_and(|(number, _)| *number == self.number)
        {
            named.searches.remove(&self.name);
        }
    }
}
