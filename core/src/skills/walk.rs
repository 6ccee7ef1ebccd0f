//! Searches a root for skills. What is in it may be anything: loops, pipes, trees without an end. So depth, number of
//! folders and time are bounded, every folder is looked at once, and what can't be read costs only itself.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::thread::{Builder, Scope};

use super::listing::RootListing;
use super::queue::{Batch, Folder, FolderQueue};
use super::roots::SkillRoot;
use super::seen::Seen;
use super::skill_file::{Candidate, Origin};
use super::visit::{Found, Place, SKILL, Visitor};

/// Threads that search a root together, once it is large.
const THREADS: usize = 2;

/// What a search has found, and what it has looked at.
#[derive(Debug, Default)]
pub(super) struct Searched {
    pub(super) listing: RootListing,
    pub(super) seen: Seen,
}

impl Searched {
    fn failed(root: &SkillRoot, message: String) -> Self {
        let seen = Seen {
            has_gaps: true,
            ..Seen::default()
        };
        Self {
            listing: RootListing::failed(&root.path, message),
            seen,
        }
    }
}

/// Where a root is, without links; `None`: there is none. Fails if it can't be looked at, or must not be.
pub(super) fn locate(root: &SkillRoot) -> Result<Option<Place<'_>>, String> {
    let path = match root.path.canonicalize() {
        Ok(path) => path,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(format!("failed to read folder: {error}")),
    };
    let boundary = root.boundary.as_deref().map(Path::canonicalize).transpose();
    let place = Place {
        path,
        boundary: boundary.map_err(|error| format!("failed to read folder: {error}"))?,
        origin: Origin {
            scope: root.scope,
            prefix: root.prefix.as_deref(),
            plugin_id: root.plugin_id.as_deref(),
        },
    };
    match place.leads_out(&place.path) {
        Some(outside) => Err(outside.to_string()),
        None => Ok(Some(place)),
    }
}

/// Searches a root. Blocks; a thread of its own does it.
pub(super) fn search(root: &SkillRoot) -> Searched {
    match locate(root) {
        Ok(Some(place)) => search_in(root, &place),
        Ok(None) => Searched::default(),
        Err(message) => Searched::failed(root, message),
    }
}

/// As [`search`], where it is known where the root is.
pub(super) fn search_in(root: &SkillRoot, place: &Place<'_>) -> Searched {
    let top = Folder {
        parent: None,
        found: root.path.clone(),
        path: place.path.clone(),
        depth: 0,
    };
    let walk = Walk {
        place,
        queue: FolderQueue::new(vec![top]),
    };
    let mut visitor = Visitor::new(place);
    let others = std::thread::scope(|scope| {
        let mut helpers = Vec::new();
        let mut may_help = 1..THREADS;
        while let Some(batch) = walk.queue.take() {
            walk.visit(batch, &mut visitor, None);
            if !may_help.is_empty() && walk.queue.is_long() {
                // A system that has no more threads to give does without.
                helpers.extend(may_help.by_ref().filter_map(|_| walk.help(scope).ok()));
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
    let Found {
        mut listing,
        mut seen,
        ..
    } = visitor.found;
    if let Some(why) = walk.queue.problem() {
        listing.problem(&root.path, why);
        seen.has_gaps = true;
    }
    Searched {
        listing: listing.finish(),
        seen,
    }
}

struct Walk<'a> {
    place: &'a Place<'a>,
    queue: FolderQueue,
}

type Helper<'scope> = std::thread::ScopedJoinHandle<'scope, Found>;

impl Walk<'_> {
    /// Has another thread look at folders, until there are no more.
    fn help<'scope>(&'scope self, scope: &'scope Scope<'scope, '_>) -> std::io::Result<Helper<'scope>> {
        let look = move || {
            let mut visitor = Visitor::new(self.place);
            while let Some(batch) = self.queue.take() {
                self.visit(batch, &mut visitor, None);
            }
            visitor.found
        };
        Builder::new()
            .name("skill-search".into())
            .spawn_scoped(scope, look)
    }

    /// Looks at some folders; not at those that were `looked_at`.
    fn visit(
        &self,
        mut batch: Batch<'_>,
        visitor: &mut Visitor<'_>,
        mut looked_at: Option<&mut HashSet<PathBuf>>,
    ) {
        if let Some(looked_at) = &mut looked_at {
            batch
                .folders
                .retain(|folder| looked_at.insert(folder.path.clone()));
        }
        while let Some(folder) = batch.folders.pop() {
            if self.queue.is_late() {
                // It is for the queue to tell.
                visitor.found.folders.push(folder);
                break;
            }
            let most = self.queue.entries_left();
            let entries = visitor.visit(&folder, most);
            self.queue.count_entries(entries, most);
        }
        self.queue.add(&mut visitor.found.folders);
    }

    /// Looks at what links lead to: last, so that it is known by its own name if it is below the root.
    fn follow_links(&self, visitor: &mut Visitor<'_>) {
        if visitor.found.links.is_empty() && visitor.found.linked.is_empty() {
            return;
        }
        let mut looked_at: HashSet<PathBuf> = visitor.found.seen.paths().collect();
        // The same order each time.
        visitor.found.links.sort_by(|a, b| b.found.cmp(&a.found));
        while let Some(link) = visitor.found.links.pop() {
            self.queue.add(&mut vec![link]);
            while let Some(batch) = self.queue.take() {
                self.visit(batch, visitor, Some(&mut looked_at));
            }
        }
        // A link to a file that was found by itself adds nothing.
        let mut linked = std::mem::take(&mut visitor.found.linked);
        linked.sort_by(|a, b| a.found.cmp(&b.found));
        let is_new = |linked: &Candidate| {
            let known = linked.path.file_name().is_some_and(|name| name == SKILL)
                && linked
                    .path
                    .parent()
                    .is_some_and(|folder| looked_at.contains(folder));
            !known && looked_at.insert(linked.path.clone())
        };
        for linked in linked.into_iter().filter(is_new) {
            visitor.read_linked(linked);
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

    #[test]
    fn changes_are_seen_by_looking() {
        let dir = tempfile::tempdir().expect("a folder");
        let a = dir.path().join("a");
        skill(&a, "first");
        let look = || search(&root(dir.path()));
        let Searched { listing, seen } = look();
        assert_eq!(listing.skills[0].name, "plugin:a");
        assert_eq!(listing.skills[0].plugin_id.as_deref(), Some("plugin@market"));
        assert!(seen.is_current() && !seen.has_gaps);
        let side = |text: &str| std::fs::write(a.join("agents/openai.yaml"), text).expect("a file");
        let changes: [&dyn Fn(); 6] = [
            &|| skill(&a, "another text"),
            &|| skill(&dir.path().join("b/c"), "new"),
            &|| std::fs::create_dir(a.join("agents")).expect("a folder"),
            &|| side("interface: {}"),
            &|| side("interface: {display_name: A}"),
            &|| std::fs::remove_dir_all(dir.path().join("b")).expect("removed"),
        ];
        for change in changes {
            let seen = look().seen;
            assert!(seen.is_current());
            change();
            assert!(!seen.is_current());
        }
        let seen = look().seen;
        assert!(!seen.has_gaps);
        let watched = seen.without(&vec![true; seen.folders.len()]);
        skill(&a, "told by the watch");
        assert!(watched.is_current() && !seen.is_current());
    }

    #[test]
    fn what_is_beside_a_skill_is_read_through_links_only_inside_of_the_boundary() {
        let dir = tempfile::tempdir().expect("a folder");
        let top = dir.path().canonicalize().expect("its real path");
        let inside = top.join("project");
        let side = |folder: &Path, name: &str| {
            std::fs::create_dir_all(folder).expect("folders");
            let text = format!("interface: {{display_name: {name}}}");
            std::fs::write(folder.join("openai.yaml"), text).expect("a file");
        };
        side(&inside.join("shared"), "inside");
        side(&top.join("secret"), "outside");
        let skills = inside.join("skills");
        let link = |to: &Path, at: PathBuf| std::os::unix::fs::symlink(to, at).expect("a link");
        for name in ["a", "b", "c", "d"] {
            skill(&skills.join(name), "d");
        }
        link(&inside.join("shared"), skills.join("a/agents"));
        link(&top.join("secret"), skills.join("b/agents"));
        for (name, to) in [("c", inside.join("shared")), ("d", top.join("secret"))] {
            std::fs::create_dir(skills.join(name).join("agents")).expect("a folder");
            link(
                &to.join("openai.yaml"),
                skills.join(name).join("agents/openai.yaml"),
            );
        }
        let root = SkillRoot {
            boundary: Some(inside.clone()),
            ..root(&skills)
        };
        let Searched { listing, seen } = search(&root);
        let shown = |skill: &std::sync::Arc<crate::skills::Skill>| skill.interface.is_some();
        assert_eq!(
            listing.skills.iter().map(shown).collect::<Vec<_>>(),
            [true, false, true, false]
        );
        let watched = seen.without(&vec![true; seen.folders.len()]);
        side(&inside.join("shared"), "another");
        assert!(!watched.is_current(), "what links lead to is looked at again");
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
        let Searched { listing, seen } = search(&root(&top));
        assert!(listing.problems.is_empty(), "{:?}", listing.problems);
        assert_eq!(listing.skills.len(), 601);
        assert!(listing.skills.is_sorted_by_key(|skill| &skill.path));
        let far = listing.skills.iter().find(|skill| !skill.path.starts_with(&top));
        assert_eq!(
            far.map(|skill| &skill.found),
            Some(&top.join("a-link/far/SKILL.md"))
        );
        // The links to files are looked at again by themselves.
        assert_eq!(seen.linked.len(), 2);
        let mut watched: Vec<_> = seen.paths().collect();
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
        let listing = search(&root(dir.path())).listing;
        assert_eq!((listing.skills.len(), listing.problems.len()), (1, 0));
        let nothing = search(&root(&dir.path().join("none"))).listing;
        assert!(nothing.skills.is_empty() && nothing.problems.is_empty());
    }
}
