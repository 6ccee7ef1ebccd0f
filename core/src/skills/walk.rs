//! Searches a root for skills. What is in it may be anything: loops, pipes, trees without an end. So depth, number of
//! folders and time are bounded, every folder is looked at once, and what can't be read costs only itself.

use std::collections::HashSet;
use std::fs::{DirEntry, FileType};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::roots::SkillRoot;
use super::skill_file::{self, Candidate, Origin};
use super::stamp::Stamp;
use super::{Skill, SkillProblem};
use crate::external_file::FileError;
use crate::sys::files::{FileId, file_id};

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
/// From so many skills on, more than one thread reads.
const MANY: usize = 256;
/// Threads that read.
const READERS: usize = 4;

/// What a root holds.
#[derive(Debug, Default)]
pub(super) struct RootListing {
    pub(super) skills: Vec<Arc<Skill>>,
    pub(super) problems: Vec<SkillProblem>,
    /// What nobody tells changes of, as it was.
    unwatched: Vec<(PathBuf, Option<Stamp>)>,
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
            .all(|(path, stamp)| Stamp::of(path) == *stamp)
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
    seen: HashSet<FileId>,
    /// Folders, and links to folders: those come last, so that what they lead to is known by its own name.
    folders: Vec<Folder>,
    links: Vec<Folder>,
    entries: usize,
    candidates: Vec<Candidate>,
    listing: RootListing,
}

/// Searches a root. `watch` is told every folder before it is read, and says whether changes in it will be told.
/// Blocks; a thread of its own does it.
pub(super) fn search(root: &SkillRoot, watch: &mut dyn FnMut(&Path) -> bool) -> RootListing {
    let began = Instant::now();
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
    let mut count = 0;
    while let Some(folder) = walk.folders.pop().or_else(|| walk.links.pop()) {
        count += 1;
        let too_much = if count > MAX_FOLDERS {
            Some(format!("it has more than {MAX_FOLDERS} folders"))
        } else if walk.entries > MAX_ENTRIES {
            Some(format!("it has more than {MAX_ENTRIES} files"))
        } else if began.elapsed() > MAX_TIME {
            Some(format!("its search takes longer than {} s", MAX_TIME.as_secs()))
        } else {
            None
        };
        if let Some(why) = too_much {
            let message = format!("not all of it was searched for skills: {why}");
            walk.problem(&root.path, message);
            break;
        }
        walk.visit(&folder);
    }
    let candidates = std::mem::take(&mut walk.candidates);
    let mut listing = walk.listing;
    read_all(candidates, root, &mut listing);
    listing
}

impl Walk<'_> {
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
        let entries = std::fs::metadata(&folder.path).and_then(|metadata| {
            let is_new = self.seen.insert(file_id(&metadata));
            if !is_new {
                return Ok(None);
            }
            let watched = (self.watch)(&folder.path);
            let stamp = (!watched).then(|| Stamp::of(&folder.path));
            let mut entries = Vec::new();
            for entry in std::fs::read_dir(&folder.path)? {
                entries.push(entry?);
                self.entries += 1;
                if self.entries > MAX_ENTRIES {
                    break;
                }
            }
            Ok(Some((entries, stamp)))
        });
        let (mut entries, stamp) = match entries {
            Ok(Some(read)) => read,
            Ok(None) => return,
            Err(error) => {
                return self.problem(&folder.found, format!("failed to read folder: {error}"));
            }
        };
        if let Some(stamp) = stamp {
            self.listing.unwatched.push((folder.path.clone(), stamp));
        }
        // The same order each time; folders are taken from the end.
        entries.sort_by_key(DirEntry::file_name);
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
                self.listing.unwatched.push((path.clone(), Stamp::of(&path)));
            }
            if unwatched && has_side_file {
                let side = folder.path.join("agents/openai.yaml");
                let stamp = Stamp::of(&side);
                self.listing.unwatched.push((side, stamp));
            }
            self.candidates.push(Candidate {
                found,
                path,
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

/// Reads what was found.
fn read_all(candidates: Vec<Candidate>, root: &SkillRoot, listing: &mut RootListing) {
    let origin = Origin {
        scope: root.scope,
        prefix: root.prefix.as_deref(),
        plugin_id: root.plugin_id.as_deref(),
    };
    let mut seen = HashSet::new();
    let mut candidates = candidates;
    candidates.retain(|candidate| seen.insert(candidate.path.clone()));
    let mut add = |read: Result<Skill, SkillProblem>| match read {
        Ok(skill) => listing.skills.push(Arc::new(skill)),
        Err(problem) if listing.problems.len() < MAX_PROBLEMS => listing.problems.push(problem),
        Err(_) => {}
    };
    if candidates.len() < MANY {
        for candidate in candidates {
            add(skill_file::read(candidate, origin));
        }
        return;
    }
    let share = candidates.len().div_ceil(READERS);
    let shares: Vec<Vec<_>> = {
        let mut left = candidates.into_iter();
        (0..READERS)
            .map(|_| left.by_ref().take(share).collect())
            .collect()
    };
    let read = std::thread::scope(|scope| {
        let readers: Vec<_> = shares
            .into_iter()
            .map(|share| {
                scope.spawn(move || {
                    let read = share
                        .into_iter()
                        .map(|candidate| skill_file::read(candidate, origin));
                    read.collect::<Vec<_>>()
                })
            })
            .collect();
        // One that panics costs what it would have read.
        let done = readers.into_iter().filter_map(|reader| reader.join().ok());
        done.flatten().collect::<Vec<_>>()
    });
    for one in read {
        add(one);
    }
}
