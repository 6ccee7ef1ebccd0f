//! A root that was searched: what was found, whether it still holds, and how that is known.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use super::index::SkillIndex;
use super::listing::RootListing;
use super::roots::SkillRoot;
use super::seen::Seen;
use super::walk::{self, Searched};
use super::watched::{BATCH, Outdated, Watched};
use crate::sys::files::FileId;

/// File systems on local disks count time in steps of this length at most.
const TIME_STEP: Duration = Duration::from_millis(20);
/// To look at so many folders takes so long that what was looked at just now is not looked at again until it is settled.
const LARGE: usize = 256;
/// How long that is taken on trust at most.
const TRUST_TIME: Duration = Duration::from_millis(200);

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
    /// All that it has looked at, until it is watched.
    seen: Arc<Seen>,
    /// What of that must be looked at to know whether it still holds; the system tells changes of the rest. `None`: it
    /// does not yet.
    unwatched: Option<Seen>,
    /// When all of it was looked at last.
    looked_at: Instant,
    /// Whether somebody was given this without looking. [`KnownRoot::settle`] tells if that was wrong.
    is_trusted: bool,
    /// Somebody was given another list without looking when this one held already.
    has_misled: bool,
    /// It is written down for the next process.
    is_kept: bool,
}

impl Search {
    fn holds(&self, id: FileId, outdated: &Outdated) -> bool {
        let is_current = |unwatched: &Seen| unwatched.is_current();
        self.id == id && !outdated.is_set() && self.unwatched.as_ref().is_some_and(is_current)
    }

    /// As [`Self::holds`], where nothing is watched yet, if there is much and it was looked at just now.
    fn is_trusted(&mut self, id: FileId, outdated: &Outdated) -> bool {
        let is_fresh = self.unwatched.is_none()
            && self.id == id
            && !outdated.is_set()
            && self.seen.folders.len() >= LARGE
            && self.looked_at.elapsed() < TRUST_TIME;
        self.is_trusted |= is_fresh;
        is_fresh
    }

    /// As [`Self::holds`], where nothing is watched yet: by looking at everything once more.
    fn is_unchanged(&mut self, id: FileId) -> bool {
        let is_checked = self.unwatched.is_none() && self.id == id;
        let is_unchanged =
            is_checked && !self.seen.has_young(self.began, TIME_STEP) && self.seen.is_current();
        if is_unchanged {
            self.looked_at = Instant::now();
        }
        is_unchanged
    }
}

impl KnownRoot {
    fn lock(&self) -> MutexGuard<'_, Option<Search>> {
        self.search.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was found, if it still holds, or did just now, and nobody searches at this moment. `id`: the folder that is
    /// there.
    pub(super) fn current(&self, id: FileId) -> Option<Arc<RootListing>> {
        let mut search = self.search.try_lock().ok()?;
        let search = search.as_mut()?;
        let holds = search.holds(id, &self.outdated) || search.is_trusted(id, &self.outdated);
        holds.then(|| Arc::clone(&search.listing))
    }

    /// Searches it, unless what is known still holds. `reload`: in any case. What has not changed stays the same list.
    /// Gives also whether it was searched, so that it is to be settled.
    pub(super) fn search(
        &self,
        root: &SkillRoot,
        id: FileId,
        reload: bool,
        index: &SkillIndex,
    ) -> (Arc<RootListing>, bool) {
        let mut last = self.lock();
        if let Some(search) = last.as_mut().filter(|_| !reload) {
            let outdated = &self.outdated;
            if search.holds(id, outdated) || search.is_trusted(id, outdated) || search.is_unchanged(id) {
                return (Arc::clone(&search.listing), false);
            }
        }
        self.outdated.clear();
        let began = SystemTime::now();
        let is_first = last.is_none() && !reload;
        let kept = is_first.then(|| index.load(root)).flatten();
        let is_kept = kept.is_some();
        let Searched { listing, seen } = kept.unwrap_or_else(|| walk::search(root));
        let (listing, has_misled) = match last.take() {
            Some(last) if *last.listing == listing => (last.listing, last.has_misled),
            Some(last) => (Arc::new(listing), last.has_misled || last.is_trusted),
            None => (Arc::new(listing), false),
        };
        *last = Some(Search {
            id,
            began,
            listing: Arc::clone(&listing),
            seen: Arc::new(seen),
            unwatched: None,
            looked_at: Instant::now(),
            is_trusted: false,
            has_misled,
            is_kept,
        });
        (listing, true)
    }

    /// Has the system tell of changes from now on, unless it does so already, and writes down what was found. Whoever
    /// asks meanwhile does not wait for it. `correct` is called if somebody may have been given what did not hold.
    pub(super) fn settle(
        &self,
        root: &SkillRoot,
        watched: &Watched,
        index: &SkillIndex,
        correct: impl FnOnce(),
    ) {
        let (seen, began) = match &*self.lock() {
            Some(search) if search.unwatched.is_none() => (Arc::clone(&search.seen), search.began),
            _ => return,
        };
        let folders: Vec<_> = seen.paths().collect();
        let mut are_watched = Vec::with_capacity(folders.len());
        for some in folders.chunks(BATCH) {
            // Whoever asks just now goes first.
            drop(self.lock());
            are_watched.extend(watched.add(some, &self.outdated));
        }
        let is_current = seen.is_current();
        watched.drain();
        let (listing, has_misled) = {
            let mut last = self.lock();
            // Another search may have come between; it is settled for itself.
            let same = last.as_mut().filter(|search| Arc::ptr_eq(&search.seen, &seen));
            let Some(search) = same else { return };
            // What has changed between reading and watching, or may have without looking different.
            if !is_current || seen.has_young(began, TIME_STEP) {
                self.outdated.set();
            }
            search.unwatched = Some(seen.without(&are_watched));
            search.seen = Arc::default();
            let was_trusted = std::mem::take(&mut search.is_trusted);
            let has_misled = std::mem::take(&mut search.has_misled) || was_trusted && self.outdated.is_set();
            let is_kept = std::mem::replace(&mut search.is_kept, true);
            let listing = (!is_kept && !self.outdated.is_set()).then(|| Arc::clone(&search.listing));
            (listing, has_misled)
        };
        if !is_current || has_misled {
            watched.tell();
        }
        if has_misled {
            correct();
        }
        let Some(listing) = listing else { return };
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
        let search = || known.search(&root, id, false, &index).0;
        let settle = || known.settle(&root, &watched, &index, || ());
        skill("first");
        assert_eq!(search().skills[0].description, "first");
        assert!(known.current(id).is_none(), "it is not watched yet");
        skill("other");
        let other = search();
        assert_eq!(other.skills[0].description, "other");
        settle();
        assert!(Arc::ptr_eq(&other, &search()));
        watched.take_news();

        let changes: [(&str, &str); 3] = [
            ("a/agents/openai.yaml", "interface: {display_name: A}"),
            ("a/agents/openai.yaml", "interface: {display_name: B}"),
            ("a/b/c", "nothing"),
        ];
        for (path, text) in changes {
            // First once all is watched, then before it is.
            settle();
            watched.drain();
            let before = search();
            write(path, text);
            watched.drain();
            let after = search();
            assert_eq!(Arc::ptr_eq(&before, &after), text == "nothing");
        }
        search();
        write("a/agents/openai.yaml", "interface: {display_name: C}");
        settle();
        assert!(watched.take_news());
        let shown = search().skills[0].interface.clone().expect("an interface");
        assert_eq!(shown.display_name.as_deref(), Some("C"));
    }
}
