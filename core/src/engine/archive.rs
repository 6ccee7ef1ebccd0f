//! Moves threads to the archive and back, and removes them (docs/contract/threads.md#managing-threads).

use super::Engine;
use super::manage::check_saved;
use crate::{Error, Result, ThreadId, ThreadInfo, ThreadOperation};

impl Engine {
    /// Archives a thread and all that its agents spawned. Loaded ones are ended. Gives which they were.
    pub async fn archive_thread(&self, id: ThreadId) -> Result<Vec<ThreadId>> {
        let missing = || Error::RolloutNotFound(id);
        match self.thread(id) {
            Some(handle) if handle.log().path().is_none() => return Err(missing()),
            Some(handle) => handle.log().materialise().await,
            None => match self.store().find(id).await? {
                Some(stored) if !stored.info.archived => {}
                None if self.make_file_of_unstarted(id).await? => {}
                _ => return Err(missing()),
            },
        }
        let family = self.store().family(id).await?;
        let mut archived = Vec::new();
        for member in family {
            let _claim = self.claims.claim(member).await;
            match self.thread(member).as_ref().map_or(Ok(()), check_saved) {
                Err(error) if member == id => return Err(error),
                Err(_) => continue,
                Ok(()) => self.unload(member).await,
            }
            let lock = match self.store().lock(member).await {
                Ok(lock) => lock,
                Err(error) if member == id => return Err(error),
                Err(_) => continue,
            };
            match self.store().archive(member).await {
                Ok(()) => archived.push(member),
                Err(error) if member == id => return Err(error),
                Err(_) => {}
            }
            drop(lock);
        }
        Ok(archived)
    }

    /// Takes a thread out of the archive, and with it all that its agents spawned. Gives the thread, and which others
    /// came back; those that can't be moved stay.
    pub async fn unarchive_thread(&self, id: ThreadId) -> Result<(ThreadInfo, Vec<ThreadId>)> {
        let info = self.unarchive_one(id).await?;
        let mut below = self.store().family(id).await?;
        below.retain(|member| *member != id);
        let mut others = Vec::new();
        for member in below {
            match self.unarchive_one(member).await {
                Ok(_) => others.push(member),
                // One that is not in the archive is where it belongs.
                Err(Error::ArchivedRolloutNotFound(_)) => {}
                Err(error) => tracing::warn!(%error, %member, "the thread of an agent stays in the archive"),
            }
        }
        Ok((info, others))
    }

    async fn unarchive_one(&self, id: ThreadId) -> Result<ThreadInfo> {
        let _claim = self.claims.claim(id).await;
        // Whoever holds the lock of a thread that is in use need not be asked.
        let stored = self.store().find(id).await?;
        if stored.is_none_or(|stored| !stored.info.archived) {
            return Err(Error::ArchivedRolloutNotFound(id));
        }
        let lock = self.store().lock(id).await?;
        let stored = self.store().unarchive(id).await?;
        drop(lock);
        Ok(self.store().as_left(stored).await)
    }

    /// Removes a thread and all that its agents spawned for ever. Loaded ones are ended. Gives which they were, the
    /// thread first. Agents whose history forks build upon stay.
    pub async fn delete_thread(&self, id: ThreadId) -> Result<Vec<ThreadId>> {
        if let Some(handle) = self.thread(id) {
            // One that had no turn yet is known by its file, like any other.
            if handle.log().path().is_some() {
                handle.log().materialise().await;
            }
            // What clients were told may be on its way to the file.
            handle.log().flushed().await;
            let kept = handle.log().path().is_some() && handle.log().is_materialised();
            if !kept {
                return Err(Error::NotPersisted {
                    thread: id,
                    operation: ThreadOperation::Delete,
                });
            }
        } else if !self.is_known(id).await? {
            return Err(Error::RolloutNotFound(id));
        }
        self.store().check_delete(id).await?;
        // Those below first: whatever happens in between, nobody is left without a parent.
        let mut below = self.store().family(id).await?;
        below.retain(|member| *member != id);
        let mut deleted = Vec::new();
        for member in below.into_iter().rev() {
            if self.store().check_delete(member).await.is_ok() && self.delete_one(member).await.is_ok() {
                deleted.push(member);
            }
        }
        self.delete_one(id).await?;
        deleted.push(id);
        deleted.reverse();
        Ok(deleted)
    }

    async fn delete_one(&self, id: ThreadId) -> Result<()> {
        let _claim = self.claims.claim(id).await;
        self.unload(id).await;
        let lock = self.store().lock(id).await?;
        let deleted = self.store().delete(id).await;
        drop(lock);
        deleted
    }
}
