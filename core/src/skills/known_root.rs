//! A root that was searched: what was found, whether it still holds, and how that is known.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use super::index::SkillIndex;
use super::listing::RootListing;
use super::roots::SkillRoot;
use super::seen::Seen;
use super::walk::{self, Searched};
use super::watched::{Outdated, Watched};
use crate::sys::files::FileId;

/// File systems on local disks count time in steps of this length at most.
const TIME_STEP: Duration = Duration::from_millis(20);

/// A root that was searched. All of this blocks.
#[derive(Default)]
pub(super) struct KnownRoot {
    /// Held while it is searched, so that others wait for the result.
    search: Mutex<Option<Search>>,
    outdated: Arc<Outdated>,
}

struct Search {
    /// The folder that was searched.
    id: FileId,
    began: SystemTime,
    listing: Arc<RootListing>,
    /// All that it has looked at, until that is written down.
    seen: Seen,
    /// What of that must be looked at to know whether it still holds; the system tells changes of the rest. `None`: it
    /// has not been asked to.
    unwatched: Option<Seen>,
    /// It is written down for the next process.
    is_kept: bool,
}

impl Search {
    fn holds(&self, id: FileId, outdated: &Outdated) -> bool {
        let is_current = |unwatched: &Seen| unwatched.is_current();
        self.id == id && !outdated.is_set() && self.unwatched.as_ref().is_some_and(is_current)
    }

    /// Has the system tell of changes in what was searched from now on, unless it does so already. Whoever asks before
    /// that waits for it: it takes little longer than to look at everything once more.
    fn watch(&mut self, watched: &Watched, outdated: &Arc<Outdated>) {
        if self.unwatched.is_some() {
            return;
        }
        let folders: Vec<_> = self.seen.paths().collect();
        let are_watched = watched.add(&folders, outdated);
        // What has changed between reading and watching, or may have without looking different.
        if !self.seen.is_current() {
            outdated.set();
            watched.tell();
        } else if self.seen.has_young(self.began, TIME_STEP) {
            outdated.set();
        }
        self.unwatched = Some(self.seen.without(&are_watched));
    }
}

impl KnownRoot {
    fn lock(&self) -> MutexGuard<'_, Option<Search>> {
        self.search.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was found, if it still holds and nobody searches just now. `id`: the folder that is there.
    pub(super) fn current(&self, id: FileId) -> Option<Arc<RootListing>> {
        let search = self.search.try_lock().ok()?;
        let search = search
            .as_ref()
            .filter(|search| search.holds(id, &self.outdated))?;
        Some(Arc::clone(&search.listing))
    }

    /// Searches it, unless what is known still holds. `reload`: in any case. What has not changed stays the same list.
    pub(super) fn search(
        &self,
        root: &SkillRoot,
        id: FileId,
        reload: bool,
        watched: &Watched,
        index: &SkillIndex,
    ) -> Arc<RootListing> {
        let mut last = self.lock();
        if let Some(search) = last.as_mut().filter(|_| !reload) {
            search.watch(watched, &self.outdated);
            if search.holds(id, &self.outdated) {
                return Arc::clone(&search.listing);
            }
        }
        self.outdated.clear();
        let began = SystemTime::now();
        let is_first = last.is_none() && !reload;
        let kept = is_first.then(|| index.load(root)).flatten();
        let is_kept = kept.is_some();
        let Searched { listing, seen } = kept.unwrap_or_else(|| walk::search(root));
        let same = last
            .take()
            .map(|last| last.listing)
            .filter(|last| **last == listing);
        let listing = same.unwrap_or_else(|| Arc::new(listing));
        *last = Some(Search {
            id,
            began,
            listing: Arc::clone(&listing),
            seen,
            unwatched: None,
            is_kept,
        });
        listing
    }

    /// Has the system tell of changes from now on, and writes down what was found.
    pub(super) fn settle(&self, root: &SkillRoot, watched: &Watched, index: &SkillIndex) {
        let (listing, seen, began) = {
            let mut last = self.lock();
            let Some(search) = last.as_mut() else { return };
            search.watch(watched, &self.outdated);
            let seen = std::mem::take(&mut search.seen);
            if std::mem::replace(&mut search.is_kept, true) || self.outdated.is_set() {
                return;
            }
            (Arc::clone(&search.listing), seen, search.began)
        };
        let stored = index.store(root, &listing, &seen, began);
        stored.unwrap_or_else(|error| tracing::debug!(%error, "a list of skills was not kept"));
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::path::Path;

    use super::super::SkillScope;
    use super::*;
    use crate::file_stamp::FileStamp;

    #[test]
    fn what_changes_before_it_is_watched_is_noticed_and_what_does_not_stays_the_same_list() {
        let dir = tempfile::tempdir().expect("a folder");
        let top = dir.path().canonicalize().expect("its real path");
        let root = SkillRoot {
            path: top.clone(),
            scope: SkillScope::User,
            boundary: None,
            prefix: None,
            plugin_id: None,
        };
        let write = |path: &str, text: &str| {
            let path = top.join(path);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
            std::fs::write(path, text).expect("a file");
        };
        let skill = |text: &str| write("a/SKILL.md", &format!("---\nname: a\ndescription: {text}\n---\n"));
        let (known, watched) = (KnownRoot::default(), Watched::default());
        let index = SkillIndex::new(Path::new("/nowhere"));
        let id = FileStamp::of(&top).expect("is there").id();
        let search = || known.search(&root, id, false, &watched, &index);
        skill("first");
        assert_eq!(search().skills[0].description, "first");
        assert!(known.current(id).is_none(), "it is not watched yet");
        skill("other");
        let other = search();
        assert_eq!(other.skills[0].description, "other");
        known.settle(&root, &watched, &index);
        assert!(Arc::ptr_eq(&other, &search()));
        watched.take_news();

        let changes: [(&str, &str); 3] = [
            ("a/agents/openai.yaml", "interface: {display_name: A}"),
            ("a/agents/openai.yaml", "interface: {display_name: B}"),
            ("a/b/c", "nothing"),
        ];
        for (path, text) in changes {
            // First once all is watched, then before it is.
            known.settle(&root, &watched, &index);
            watched.drain();
            let before = search();
            write(path, text);
            watched.drain();
            let after = search();
            assert_eq!(Arc::ptr_eq(&before, &after), text == "nothing");
        }
        search();
        write("a/agents/openai.yaml", "interface: {display_name: C}");
        known.settle(&root, &watched, &index);
        assert!(watched.take_news());
        let shown = search().skills[0].interface.clone().expect("an interface");
        assert_eq!(shown.display_name.as_deref(), Some("C"));
    }
}
