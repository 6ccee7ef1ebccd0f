//! Searches a root for skills. What is in it may be anything: loops, pipes, trees without an end. So depth, number of
//! folders and time are bounded, every folder is looked at once, and what can't be read costs only itself.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::thread::Scope;

use super::listing::RootListing;
use super::queue::{Batch, Folder, FolderQueue};
use super::roots::SkillRoot;
use super::skill_file::{Candidate, Origin};
use super::visit::{Found, Place, Visitor};

/// Threads that search a root together, once it is large.
const THREADS: usize = 2;

/// Is told folders before they are read, and says of each whether changes in it will be told.
pub(super) type Watch<'a> = &'a (dyn Fn(&[&Path]) -> Vec<bool> + Sync);

/// Searches a root. Blocks; a thread of its own does it.
pub(super) fn search(root: &SkillRoot, watch: Watch<'_>) -> RootListing {
    let start = root.path.canonicalize().and_then(|path| {
        let boundary = root.boundary.as_deref().map(Path::canonicalize).transpose()?;
        Ok((path, boundary))
    });
    let (path, boundary) = match start {
        Ok(start) => start,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return RootListing::default(),
        Err(error) => return RootListing::failed(&root.path, format!("failed to read folder: {error}")),
    };
    let place = Place {
        boundary,
        origin: Origin {
            scope: root.scope,
            prefix: root.prefix.as_deref(),
            plugin_id: root.plugin_id.as_deref(),
        },
    };
    if let Some(outside) = place.leads_out(&path) {
        return RootListing::failed(&root.path, outside.to_string());
    }
    let top = Folder {
        parent: None,
        found: root.path.clone(),
        path,
        depth: 0,
    };
    let walk = Walk {
        place: &place,
        watch,
        queue: FolderQueue::new(vec![top]),
    };
    let mut visitor = Visitor::new(&place);
    let others = std::thread::scope(|scope| {
        let mut helpers = Vec::new();
        while let Some(batch) = walk.queue.take() {
            walk.visit(batch, &mut visitor, None);
            if helpers.is_empty() && walk.queue.is_long() {
                helpers.extend((1..THREADS).map(|_| walk.help(scope)));
            }
        }
        // What a helper that has panicked has found is lost.
        let found = helpers.into_iter().filter_map(|helper| helper.join().ok());
        found.collect::<Vec<_>>()
    });
    for found in others {
        visitor.found.add(found);
    }
    walk.follow_links(&mut visitor);
    let mut listing = visitor.found.listing;
    if let Some(why) = walk.queue.problem() {
        listing.problem(&root.path, why);
    }
    listing.finish()
}

struct Walk<'a> {
    place: &'a Place<'a>,
    watch: Watch<'a>,
    queue: FolderQueue,
}

type Helper<'scope> = std::thread::ScopedJoinHandle<'scope, Found>;

impl Walk<'_> {
    /// Has another thread look at folders, until there are no more.
    fn help<'scope>(&'scope self, scope: &'scope Scope<'scope, '_>) -> Helper<'scope> {
        scope.spawn(move || {
            let mut visitor = Visitor::new(self.place);
            while let Some(batch) = self.queue.take() {
                self.visit(batch, &mut visitor, None);
            }
            visitor.found
        })
    }

    /// Looks at some folders; not at those that were `seen`.
    fn visit(
        &self,
        mut batch: Batch<'_>,
        visitor: &mut Visitor<'_>,
        mut seen: Option<&mut HashSet<PathBuf>>,
    ) {
        if let Some(seen) = &mut seen {
            batch.folders.retain(|folder| seen.insert(folder.path.clone()));
        }
        let paths: Vec<_> = batch.folders.iter().map(|folder| folder.path.as_path()).collect();
        let mut watched = (self.watch)(&paths).into_iter();
        while let Some(folder) = batch.folders.pop() {
            if self.queue.is_late() {
                // It is for the queue to tell.
                visitor.found.folders.push(folder);
                break;
            }
            let is_watched = watched.next_back().unwrap_or_default();
            let entries = visitor.visit(folder, is_watched, self.queue.entries_left());
            self.queue.count_entries(entries);
        }
        self.queue.add(&mut visitor.found.folders);
    }

    /// Looks at what links lead to: last, so that it is known by its own name if it is below the root.
    fn follow_links(&self, visitor: &mut Visitor<'_>) {
        if visitor.found.links.is_empty() && visitor.found.linked.is_empty() {
            return;
        }
        let mut seen: HashSet<PathBuf> = std::mem::take(&mut visitor.found.visited).into_iter().collect();
        // The same order each time.
        visitor.found.links.sort_by(|a, b| b.found.cmp(&a.found));
        while let Some(link) = visitor.found.links.pop() {
            self.queue.add(&mut vec![link]);
            while let Some(batch) = self.queue.take() {
                self.visit(batch, visitor, Some(&mut seen));
            }
        }
        // A link to a file that was found by itself adds nothing.
        let mut linked = std::mem::take(&mut visitor.found.linked);
        linked.sort_by(|a, b| a.found.cmp(&b.found));
        let is_new = |linked: &Candidate| {
            let known = linked.path.file_name().is_some_and(|name| name == "SKILL.md")
                && linked.path.parent().is_some_and(|folder| seen.contains(folder));
            !known && seen.insert(linked.path.clone())
        };
        for linked in linked.into_iter().filter(is_new) {
            visitor.read_by_path(linked);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::SkillScope;
    use super::*;

    fn root(path: &Path) -> SkillRoot {
        SkillRoot {
            path: path.to_owned(),
            scope: SkillScope::User,
            boundary: None,
            prefix: Some("plugin".to_owned()),
            plugin_id: Some("plugin@market".to_owned()),
        }
    }

    fn skill(folder: &Path, description: &str) {
        std::fs::create_dir_all(folder).expect("folders");
        let text = format!("---\nname: a\ndescription: {description}\n---\n");
        std::fs::write(folder.join("SKILL.md"), text).expect("a file");
    }

    fn all_watched(folders: &[&Path]) -> Vec<bool> {
        vec![true; folders.len()]
    }

    #[test]
    fn without_a_watch_changes_are_seen_by_looking() {
        let dir = tempfile::tempdir().expect("a folder");
        skill(&dir.path().join("a"), "first");
        let look = || search(&root(dir.path()), &|_| Vec::new());
        let listing = look();
        assert_eq!(listing.skills[0].name, "plugin:a");
        assert_eq!(listing.skills[0].plugin_id.as_deref(), Some("plugin@market"));
        assert!(listing.is_current());
        skill(&dir.path().join("a"), "another text");
        assert!(!listing.is_current());
        let listing = look();
        skill(&dir.path().join("b/c"), "new");
        assert!(!listing.is_current());
        let listing = look();
        std::fs::create_dir(dir.path().join("a/agents")).expect("a folder");
        assert!(!listing.is_current());
        let listing = look();
        std::fs::write(dir.path().join("a/agents/openai.yaml"), "interface: {}").expect("a file");
        assert!(!listing.is_current());
        let watched = search(&root(dir.path()), &all_watched);
        skill(&dir.path().join("a"), "told by the watch");
        assert!(watched.is_current());
    }

    #[test]
    fn many_skills_are_found_once_each_and_in_order_whatever_leads_to_them() {
        let (dir, other) = (
            tempfile::tempdir().expect("a folder"),
            tempfile::tempdir().expect("a folder"),
        );
        let top = dir.path().canonicalize().expect("its real path");
        for n in 0..300 {
            skill(&top.join(format!("group{}/{n:03}", n % 7)), "one of many");
            skill(
                &top.join(format!("group{}/{n:03}/inside", n % 7)),
                "one inside of another",
            );
        }
        skill(&other.path().join("far"), "elsewhere");
        let link = |target: &Path, name: &str| {
            std::os::unix::fs::symlink(target, top.join(name)).expect("a link");
        };
        link(other.path(), "a-link");
        link(&top.join("group0"), "b-link");
        std::fs::create_dir(top.join("c")).expect("a folder");
        link(&top.join("group1/001/SKILL.md"), "c/SKILL.md");
        std::fs::create_dir(top.join("d")).expect("a folder");
        link(&other.path().join("far/SKILL.md"), "d/SKILL.md");
        let watched = std::sync::Mutex::new(Vec::new());
        let watch = |folders: &[&Path]| {
            let paths = folders.iter().map(|folder| folder.to_path_buf());
            watched.lock().expect("not poisoned").extend(paths);
            vec![true; folders.len()]
        };
        let listing = search(&root(&top), &watch);
        assert!(listing.problems.is_empty(), "{:?}", listing.problems);
        assert_eq!(listing.skills.len(), 601);
        assert!(listing.skills.is_sorted_by_key(|skill| &skill.path));
        let far = listing.skills.iter().find(|skill| !skill.path.starts_with(&top));
        assert_eq!(
            far.map(|skill| &skill.found),
            Some(&top.join("a-link/far/SKILL.md"))
        );
        // The links to files are looked at again by themselves.
        assert_eq!(listing.unwatched.len(), 2);
        let mut watched = watched.into_inner().expect("not poisoned");
        watched.sort_unstable();
        watched.dedup();
        assert_eq!(watched.len(), 1 + 7 + 600 + 2 + 2);
    }

    #[test]
    fn a_tree_without_an_end_is_given_up_and_what_was_found_stays() {
        let dir = tempfile::tempdir().expect("a folder");
        skill(&dir.path().join("0"), "found");
        for n in 0..3 {
            std::os::unix::fs::symlink(dir.path(), dir.path().join(format!("loop{n}"))).expect("a link");
        }
        let listing = search(&root(dir.path()), &all_watched);
        assert_eq!((listing.skills.len(), listing.problems.len()), (1, 0));
        let nothing = search(&root(&dir.path().join("none")), &all_watched);
        assert!(nothing.skills.is_empty() && nothing.problems.is_empty());
    }
}
