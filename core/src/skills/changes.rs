//! Tells that skills have changed, from the first thread on.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::time::sleep;

use super::{FolderSkills, SkillCatalog, SkillQuery};
use crate::external_file::{READ_TIMEOUT, in_background};

/// At least so long lies between two messages.
const BETWEEN: Duration = Duration::from_secs(10);
/// Files seldom change alone: so long others may follow before it is told.
const SETTLING: Duration = Duration::from_millis(300);

impl SkillCatalog {
    /// From now on changes are told. Call it within a tokio runtime.
    pub(crate) fn follow(self: &Arc<Self>) {
        if !self.followed.swap(true, Ordering::SeqCst) {
            tokio::spawn(tell_changes(Arc::downgrade(self)));
        }
    }

    /// Somebody may have been given a list that did not hold. Where changes are not told by themselves, this is.
    pub(super) fn correct(&self) {
        if !self.followed.load(Ordering::SeqCst)
            && let Some(tell) = self.on_change.get()
        {
            tell();
        }
    }

    /// The skills of a folder, for a thread. If they are others than somebody was given before, that is news: nobody else
    /// need have noticed.
    pub(super) async fn of_thread(self: &Arc<Self>, query: &SkillQuery) -> Arc<FolderSkills> {
        let before = self.known_skills(query);
        let now = self.of_folder(query, false).await;
        if before.is_some_and(|before| !Arc::ptr_eq(&before, &now)) {
            self.watched.tell();
        }
        now
    }

    /// Takes notice of changes in all folders that somebody has asked for. Gives whether there are any.
    async fn look_again(self: &Arc<Self>) -> bool {
        let mut changed = false;
        for query in self.known_queries() {
            let before = self.known_skills(&query);
            let now = self.of_folder(&query, false).await;
            changed |= before.is_none_or(|before| !Arc::ptr_eq(&before, &now));
        }
        changed
    }
}

async fn tell_changes(catalog: Weak<SkillCatalog>) {
    let Some(told) = catalog.upgrade().map(|catalog| catalog.watched.told()) else {
        return;
    };
    let is_told = catalog.upgrade().is_some_and(|catalog| {
        let weak = Arc::downgrade(&catalog);
        let take = move || weak.upgrade().is_some_and(|catalog| catalog.watched.drain());
        catalog
            .watched
            .watch()
            .is_some_and(|watch| watch.on_event(take).is_ok())
    });
    loop {
        if is_told {
            told.notified().await;
        } else {
            sleep(BETWEEN).await;
        }
        // Others may follow.
        sleep(SETTLING).await;
        let Some(catalog) = catalog.upgrade() else { return };
        let drained = Arc::clone(&catalog);
        // To watch a folder may take long, and keeps others waiting.
        let _ = in_background(READ_TIMEOUT, move || drained.watched.drain()).await;
        let changed = catalog.watched.take_news();
        // What is new is watched from here on.
        let differs = catalog.look_again().await;
        if !changed && !differs {
            continue;
        }
        if let Some(tell) = catalog.on_change.get() {
            tell();
        }
        drop(catalog);
        sleep(BETWEEN).await;
    }
}
