//! A home with stored threads, for the tests of histories.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use codex_core::ThreadId;
use codex_core::history::{Layout, ListQuery, StoredThread, ThreadStore};
use codex_core::{Result, Turn};

use crate::rollouts::{self, Size};

/// A home, and a process that reads its threads.
pub(crate) struct StoredHome {
    home: tempfile::TempDir,
    pub(crate) store: ThreadStore,
}

impl StoredHome {
    pub(crate) fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let store = ThreadStore::new(Layout::new(home.path()), "mock");
        Self { home, store }
    }

    pub(crate) fn path(&self) -> &Path {
        self.home.path()
    }

    pub(crate) fn layout(&self) -> Layout {
        Layout::new(self.home.path())
    }

    /// Another process on the same home.
    pub(crate) fn again(&self) -> ThreadStore {
        ThreadStore::new(self.layout(), "mock")
    }

    /// The same home with another process, started when the first one had ended and this had happened.
    pub(crate) fn restarted_after(self, happens: impl FnOnce()) -> Self {
        let Self { home, store } = self;
        drop(store);
        happens();
        let store = ThreadStore::new(Layout::new(home.path()), "mock");
        Self { home, store }
    }

    /// A stored thread of this size.
    pub(crate) fn thread(&self, size: Size) -> (ThreadId, PathBuf) {
        rollouts::paginated(&self.layout(), 1, size)
    }

    /// The first page of the list of threads, or of the archived ones.
    pub(crate) async fn listed(&self, archived: bool) -> Vec<ThreadId> {
        let query = ListQuery {
            archived,
            ..ListQuery::default()
        };
        let page = self.store.list(query).await.unwrap();
        page.threads.iter().map(|info| info.id).collect()
    }
}

/// Waits until it holds; ten times as long as it may take. It asks again and again, because nothing outside the daemon
/// is told when its index has followed a file.
pub(crate) async fn within_a_second(what: &str, holds: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !holds() {
        assert!(Instant::now() < deadline, "waited in vain: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

pub(crate) async fn find(store: &ThreadStore, id: ThreadId) -> StoredThread {
    store.find(id).await.unwrap().expect("the thread is there")
}

/// All turns of a thread.
pub(crate) async fn turns(store: &ThreadStore, id: ThreadId) -> Vec<Turn> {
    let path = find(store, id).await.path;
    store.turns(path).await.unwrap().map(Result::unwrap).collect()
}

/// All pages of a list, one after the other.
pub(crate) async fn walk(store: &ThreadStore, query: &ListQuery) -> Vec<ThreadId> {
    let mut ids = Vec::new();
    let mut cursor = None;
    loop {
        let page = store
            .list(ListQuery {
                cursor,
                ..query.clone()
            })
            .await
            .unwrap();
        ids.extend(page.threads.iter().map(|info| info.id));
        cursor = page.next_cursor;
        if cursor.is_none() {
            return ids;
        }
        assert!(ids.len() < 10_000, "the pages have no end");
    }
}
