//! Searches a root for skills. What is in it may be anything: loops, pipes, trees without an end. So depth, number of
//! folders and time are bounded, every folder is looked at once, and what can't be read costs only itself.

use std::collections::HashSet;
use std::fs::{DirEntry, FileType};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::{Scope, ScopedJoinHandle};
use std::time::{Duration, Instant};

use super::roots::SkillRoot;
use super::skill_file::{self, Candidate, Origin};
use super::{Skill, SkillProblem};
use crate::external_file::FileError;
use crate::file_stamp::FileStamp;

/// Folders below a root, one in the other.
const MAX_DEPTH: usize = 6;
/// Folders of a root.
const MAX_FOLDERS: usize = 20_000;
/// Entries of all folders of a root.
const MAX_ENTRIES: usize = 400_000;
/// Problems that are told of a root.
const MAX_PROBLEMS: usize = 200;
/// How long the search of a root may take.
const MAX_TIME: Duration = Duration::from_secs(4);
/// So many skills are read at once.
const BATCH: usize = 128;
/// Threads that read while folders are searched, once there is more than one batch.
const READERS: usize = 2;

/// What a root holds.
#[derive(Debug, Default)]
pub(super) struct RootListing {
    pub(super) skills: Vec<Arc<Skill>>,
    pub(super) problems: Vec<SkillProblem>,
    /// What nobody tells changes of, as it was.
    unwatched: Vec<(PathBuf, Option<FileStamp>)>,
}

impl RootListing {
    /// Of a root that can't be searched.
    pub(super) fn failed(root: &Path, message: String) -> Self {
        Self {
            problems: vec![SkillProblem {
                path: root.to_owned(),
                message,
            }],
            ..Self::default()
        }
    }

    /// Whether what is not watched is as it was. Blocks.
    pub(super) fn is_current(&self) -> bool {
        self.unwatched
            .iter()
            .all(|(path, stamp)| FileStamp::of(path) == *stamp)
    }
}

/// A folder to be looked at.
struct Folder {
    /// As it was found.
    found: PathBuf,
    /// Without links.
    path: PathBuf,
    depth: usize,
}

struct Walk<'a> {
    boundary: Option<PathBuf>,
    watch: &'a mut dyn FnMut(&Path) -> bool,
    /// Folders without links that were looked at.
    seen: HashSet<PathBuf>,
    /// Folders, and links to folders: those come last, so that what they lead to is known by its own name.
    folders: Vec<Folder>,
    links: Vec<Folder>,
    entries: usize,
    /// Files to be read, and links to such files.
    candidates: Vec<Candidate>,
    linked: Vec<Candidate>,
    listing: RootListing,
}

/// Searches a root. `watch` is told every folder before it is read, and says whether changes in it will be told.
/// Blocks; a thread of its own does it.
pub(super) fn search(root: &SkillRoot, watch: &mut dyn FnMut(&Path) -> bool) -> RootListing {
    let start = root.path.canonicalize().and_then(|path| {
        let boundary = root.boundary.as_deref().map(Path::canonicalize).transpose()?;
        Ok((path, boundary))
    });
    let (path, boundary) = match start {
        Ok(start) => start,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return RootListing::default(),
        Err(error) => return RootListing::failed(&root.path, format!("failed to read folder: {error}")),
    };
    let mut walk = Walk {
        boundary,
        watch,
        seen: HashSet::new(),
        folders: Vec::new(),
        links: Vec::new(),
        entries: 0,
        candidates: Vec::new(),
        linked: Vec::new(),
        listing: RootListing::default(),
    };
    if let Some(outside) = walk.leads_out(&path) {
        return RootListing::failed(&root.path, outside.to_string());
    }
    walk.folders.push(Folder {
        found: root.path.clone(),
        path,
        depth: 0,
    });
    let origin = Origin {
        scope: root.scope,
        prefix: root.prefix.as_deref(),
        plugin_id: root.plugin_id.as_deref(),
    };
    let found = std::thread::scope(|scope| {
        let mut reading = Reading::new(scope, origin);
        walk.run(&root.path, &mut reading);
        reading.finish(std::mem::take(&mut walk.candidates))
    });
    let mut listing = walk.listing;
    for read in found {
        match read {
            Ok(skill) => listing.skills.push(Arc::new(skill)),
            Err(problem) if listing.problems.len() < MAX_PROBLEMS => listing.problems.push(problem),
            Err(_) => {}
        }
    }
    listing
}

type Read = Result<Skill, SkillProblem>;

/// Reads what is found, beside the search if it is much.
struct Reading<'scope, 'env> {
    scope: &'scope Scope<'scope, 'env>,
    origin: Origin<'env>,
    batches: Option<mpsc::Sender<Vec<Candidate>>>,
    readers: Vec<ScopedJoinHandle<'scope, Vec<Read>>>,
}

impl<'scope, 'env> Reading<'scope, 'env> {
    fn new(scope: &'scope Scope<'scope, 'env>, origin: Origin<'env>) -> Self {
        Self {
            scope,
            origin,
            batches: None,
            readers: Vec::new(),
        }
    }

    /// Hands over a batch.
    fn begin(&mut self, batch: Vec<Candidate>) {
        let (scope, origin, readers) = (self.scope, self.origin, &mut self.readers);
        let batches = self.batches.get_or_insert_with(|| {
            let (batches, waiting) = mpsc::channel::<Vec<Candidate>>();
            let waiting = Arc::new(Mutex::new(waiting));
            readers.extend((0..READERS).map(|_| {
                let waiting = Arc::clone(&waiting);
                scope.spawn(move || {
                    let mut read = Vec::new();
                    let next = || waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
                    while let Ok(batch) = next() {
                        read.extend(batch.into_iter().map(|one| skill_file::read(one, origin)));
                    }
                    read
                })
            }));
            batches
        });
        // Readers that have panicked cost what they would have read.
        let _ = batches.send(batch);
    }

    /// Reads the rest, and gives everything.
    fn finish(self, rest: Vec<Candidate>) -> Vec<Read> {
        drop(self.batches);
        let rest = rest.into_iter().map(|one| skill_file::read(one, self.origin));
        let mut all: Vec<Read> = rest.collect();
        all.extend(
            self.readers
                .into_iter()
                .filter_map(|reader| reader.join().ok())
                .flatten(),
        );
        all
    }
}

impl Walk<'_> {
    /// Looks at all folders, within the bounds.
    fn run(&mut self, root: &Path, reading: &mut Reading<'_, '_>) {
        let began = Instant::now();
        let mut count = 0;
        while let Some(folder) = self.folders.pop().or_else(|| self.links.pop()) {
            count += 1;
            let too_much = if count > MAX_FOLDERS {
                Some(format!("it has more than {MAX_FOLDERS} folders"))
            } else if self.entries > MAX_ENTRIES {
                Some(format!("it has more than {MAX_ENTRIES} files"))
            } else if began.elapsed() > MAX_TIME {
                Some(format!("its search takes longer than {} s", MAX_TIME.as_secs()))
            } else {
                None
            };
            if let Some(why) = too_much {
                let message = format!("not all of it was searched for skills: {why}");
                self.problem(root, message);
                break;
            }
            self.visit(&folder);
            if self.candidates.len() >= BATCH {
                let next = Vec::with_capacity(BATCH);
                reading.begin(std::mem::replace(&mut self.candidates, next));
            }
        }
        // A link to a file that was found by itself adds nothing.
        let seen = &mut self.seen;
        self.linked.sort_by(|a, b| a.found.cmp(&b.found));
        let new = self.linked.drain(..).filter(|linked| {
            let known = linked.path.file_name().is_some_and(|name| name == "SKILL.md")
                && linked.path.parent().is_some_and(|folder| seen.contains(folder));
            !known && seen.insert(linked.path.clone())
        });
        self.candidates.extend(new);
    }

    fn problem(&mut self, path: &Path, message: String) {
        if self.listing.problems.len() < MAX_PROBLEMS {
            self.listing.problems.push(SkillProblem {
                path: path.to_owned(),
                message,
            });
        }
    }

    /// Why a place must not be looked at.
    fn leads_out(&self, path: &Path) -> Option<FileError> {
        if crate::sys::files::is_kernel_path(path) {
            return Some(FileError::Pseudo);
        }
        let boundary = self.boundary.as_deref()?;
        (!path.starts_with(boundary)).then(|| FileError::Outside {
            target: path.to_owned(),
            root: boundary.to_owned(),
        })
    }

    fn visit(&mut self, folder: &Folder) {
        if !self.seen.insert(folder.path.clone()) {
            return;
        }
        let watched = (self.watch)(&folder.path);
        let stamp = (!watched).then(|| FileStamp::of(&folder.path));
        let entries = std::fs::read_dir(&folder.path).and_then(|read| {
            let left = MAX_ENTRIES.saturating_sub(self.entries);
            read.take(left + 1).collect::<std::io::Result<Vec<_>>>()
        });
        let mut entries = match entries {
            Ok(entries) => entries,
            Err(error) => {
                return self.problem(&folder.found, format!("failed to read folder: {error}"));
            }
        };
        self.entries += entries.len();
        if let Some(stamp) = stamp {
            self.listing.unwatched.push((folder.path.clone(), stamp));
        }
        // The same order each time; folders are taken from the end.
        entries.sort_by_cached_key(DirEntry::file_name);
        let has_side_file = entries.iter().any(|entry| entry.file_name() == "agents");
        for entry in entries.iter().rev() {
            let Ok(kind) = entry.file_type() else { continue };
            self.take(folder, entry, kind, has_side_file, stamp.is_some());
        }
    }

    fn take(
        &mut self,
        folder: &Folder,
        entry: &DirEntry,
        kind: FileType,
        has_side_file: bool,
        unwatched: bool,
    ) {
        let name = entry.file_name();
        let found = folder.found.join(&name);
        let path = folder.path.join(&name);
        if name == "SKILL.md" {
            if kind.is_dir() {
                return;
            }
            let real = if kind.is_symlink() {
                self.resolve(&found)
            } else {
                Some(path)
            };
            let Some(path) = real else { return };
            if unwatched || kind.is_symlink() {
                self.listing.unwatched.push((path.clone(), FileStamp::of(&path)));
            }
            if unwatched && has_side_file {
                let side = folder.path.join("agents/openai.yaml");
                let stamp = FileStamp::of(&side);
                self.listing.unwatched.push((side, stamp));
            }
            let candidates = if kind.is_symlink() {
                &mut self.linked
            } else {
                &mut self.candidates
            };
            candidates.push(Candidate {
                found,
                path,
                is_plain: kind.is_file(),
                has_side_file,
            });
            return;
        }
        if folder.depth == MAX_DEPTH || name.as_encoded_bytes().starts_with(b".") {
            return;
        }
        let depth = folder.depth + 1;
        if kind.is_dir() {
            self.folders.push(Folder { found, path, depth });
        } else if kind.is_symlink()
            && std::fs::metadata(&path).is_ok_and(|metadata| metadata.is_dir())
            && let Some(path) = self.resolve(&found)
        {
            self.links.push(Folder { found, path, depth });
        }
    }

    /// Where a link leads, if it may.
    fn resolve(&mut self, link: &Path) -> Option<PathBuf> {
        let target = match link.canonicalize() {
            Ok(target) => target,
            Err(error) => {
                self.problem(link, format!("failed to read file: {error}"));
                return None;
            }
        };
        match self.leads_out(&target) {
            None => Some(target),
            Some(why) => {
                self.problem(link, why.to_string());
                None
            }
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
    fn without_a_watch_changes_are_seen_by_looking() {
        let dir = tempfile::tempdir().expect("a folder");
        skill(&dir.path().join("a"), "first");
        let look = || search(&root(dir.path()), &mut |_| false);
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
        let watched = search(&root(dir.path()), &mut |_| true);
        skill(&dir.path().join("a"), "told by the watch");
        assert!(watched.is_current());
    }

    #[test]
    fn a_tree_without_an_end_is_given_up_and_what_was_found_stays() {
        let dir = tempfile::tempdir().expect("a folder");
        skill(&dir.path().join("0"), "found");
        for n in 0..3 {
            std::os::unix::fs::symlink(dir.path(), dir.path().join(format!("loop{n}"))).expect("a link");
        }
        let listing = search(&root(dir.path()), &mut |_| true);
        assert_eq!((listing.skills.len(), listing.problems.len()), (1, 0));
        let nothing = search(&root(&dir.path().join("none")), &mut |_| true);
        assert!(nothing.skills.is_empty() && nothing.problems.is_empty());
    }
}
