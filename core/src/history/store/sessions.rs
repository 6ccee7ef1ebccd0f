//! Threads of a session: the one at its root, and those that its agents started.

use serde_json::Value;

use super::{StoredThread, ThreadStore};
use crate::history::index::directory::Rollout;
use crate::{Result, ThreadId};

impl ThreadStore {
    /// The first thread below the root of a session that `is_it` says yes to, by its id and its `source`. The archive
    /// is not looked at. No thread is older than the root that started it, so only later ones are looked at.
    pub(crate) async fn find_in_session(
        &self,
        session_id: String,
        is_it: impl Fn(ThreadId, &Value) -> bool + Send + 'static,
    ) -> Result<Option<StoredThread>> {
        self.blocking(move |state| {
            state.directory.refresh();
            let root = session_id.parse().ok();
            let root = root.and_then(|root| state.directory.all(root).into_iter().next());
            let mut later: Vec<Rollout> = Vec::new();
            state
                .directory
                .walk(false, false, root.map(|root| root.key), None, |rollout| {
                    later.push(rollout.clone());
                    true
                });
            for rollout in later {
                if let Some((_, row)) = state.row(&rollout)
                    && row.meta.session_id.as_ref() == Some(&session_id)
                    && is_it(rollout.key.id, &row.meta.source)
                {
                    state.names.refresh();
                    return state.stored(&rollout).map(Some);
                }
            }
            Ok(None)
        })
        .await
    }
}
