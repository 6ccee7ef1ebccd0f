//! What happened in the voice conversations of threads, loaded or not.

use super::Engine;
use crate::history::{RealtimePage, RealtimeQuery};
use crate::{Result, ThreadId};

impl Engine {
    /// A page of the items of voice conversations. Threads without a file, and unknown ones, have none that could be told.
    pub async fn realtime_items(
        &self,
        id: ThreadId,
        query: RealtimeQuery,
        cursor: Option<String>,
        limit: usize,
    ) -> Result<RealtimePage> {
        let path = match self.thread(id) {
            Some(handle) => {
                let log = handle.log();
                log.flushed().await;
                log.path().filter(|_| log.is_materialised()).cloned()
            }
            None => self.store().find(id).await?.map(|stored| stored.path),
        };
        match path {
            Some(path) => self.store().realtime_items(id, path, query, cursor, limit).await,
            None => Ok(RealtimePage::default()),
        }
    }
}
