//! Threads of a session: the one at its root, and those that its agents started.

use std::sync::Arc;

use serde_json::Value;

use super::{Inner, StoredThread, ThreadStore, run};
use crate::history::index::directory::Rollout;
use crate::{Result, ThreadId};

/// Threads that are looked at while others wait.
const BATCH: usize = 32;

impl ThreadStore {
    /// The first thread below the root of a session that `is_it` says yes to, by its id and its `source`. The archive
    /// is not looked at. No thread is older than the root that started it, so only later ones are looked at.
    pub(crate) async fn find_in_session(
        &self,
        session_id: String,
        is_it: impl Fn(ThreadId, &Value) -> bool + Send + 'static,
    ) -> Result<Option<StoredThread>> {
        let inner = Arc::clone(&self.inner);
        run(move || inner.find_in_session(&session_id, is_it)).await
    }
}

impl Inner {
    /// Others get their turn after each batch: there may be many threads.
    fn find_in_session(
        &self,
        session_id: &str,
        is_it: impl Fn(ThreadId, &Value) -> bool,
    ) -> Result<Option<StoredThread>> {
        let mut state = self.state();
        state.directory.refresh();
        let root = session_id.parse().ok();
        let root = root.and_then(|root| state.directory.all(root).into_iter().next());
        let mut last = root.map(|root| root.key);
        drop(state);
        loop {
            let mut state = self.state();
            let mut batch: Vec<Rollout> = Vec::with_capacity(BATCH);
            state.directory.walk(false, false, last, None, |rollout| {
                batch.push(rollout.clone());
                batch.len() < BATCH
            });
            last = batch.last().map(|rollout| rollout.key);
            if last.is_none() {
                return Ok(None);
            }
            let mut of_session = Vec::new();
            for rollout in batch {
                if let Some((_, row)) = state.row(&rollout)
                    && row.meta.session_id.as_deref() == Some(session_id)
                {
                    of_session.push((rollout, row));
                }
            }
            drop(state);
            let found = of_session
                .into_iter()
                .find(|(rollout, row)| is_it(rollout.key.id, &row.meta.source));
            if let Some((rollout, _)) = found {
                let mut state = self.state();
                state.names.refresh();
                return state.stored(&rollout).map(Some);
            }
            self.state.give_way();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::mpsc;
    use std::time::Duration;

    use serde_json::json;

    use super::*;
    use crate::history::rollout::layout::Layout;

    #[tokio::test]
    async fn others_are_answered_while_the_threads_of_a_session_are_looked_through() {
        let home = tempfile::tempdir().expect("a folder");
        let layout = Layout::new(home.path());
        let root = ThreadId::new();
        let mut ids = vec![root];
        ids.extend((0..3 * BATCH).map(|_| ThreadId::new()));
        for (number, id) in ids.iter().enumerate() {
            let path = layout.rollout(*id, chrono::Local::now());
            let meta = json!({"timestamp": "2026-10-01T12:00:00.000Z", "type": "session_meta", "payload": {
                "id": id, "session_id": root, "timestamp": "2026-10-01T12:00:00.000Z", "cwd": "/", "originator": "test",
                "cli_version": "0.171.0", "source": {"number": number}}});
            fs::create_dir_all(path.parent().expect("a folder")).expect("writable");
            fs::write(path, format!("{meta}\n")).expect("writable");
        }
        let store = ThreadStore::new(layout, "mock");
        let (asked, asks) = mpsc::channel();
        let (answer, answered) = mpsc::channel();
        let (other, last) = (store.clone(), ids[3 * BATCH]);
        let runtime = tokio::runtime::Handle::current();
        std::thread::spawn(move || {
            while asks.recv().is_ok() {
                let found = runtime.block_on(other.find(root));
                let _ = answer.send(found.is_ok_and(|found| found.is_some()));
            }
        });
        let is_it = move |id, source: &Value| {
            asked.send(()).expect("somebody asks");
            let answered = answered.recv_timeout(Duration::from_secs(30));
            assert!(answered.is_ok_and(|found| found), "another has waited");
            id == last && source["number"] == 3 * BATCH
        };
        let found = store.find_in_session(root.to_string(), is_it).await;
        let found = found.expect("readable").expect("it is there");
        assert_eq!(found.info.id, last);
    }
}
