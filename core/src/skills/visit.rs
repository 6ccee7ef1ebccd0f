//! Looks at the folders of a root: which skills are in them, and what else may lead to some.

use std::borrow::Cow;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::listing::RootListing;
use super::queue::Folder;
use super::skill_file::{self, Candidate, Origin};
use super::{Skill, SkillProblem};
use crate::external_file::{FileError, FileReader, read_start, text_of};
use crate::file_stamp::FileStamp;
use crate::sys::folder::EntryKind;
use crate::sys::readable_folder::ReadableFolder;

/// Folders below a root, one in the other.
const MAX_DEPTH: usize = 6;
/// What a skill is called.
const SKILL: &str = "SKILL.md";
/// Most of a `SKILL.md` that is read for its front matter, in bytes.
const MAX_FRONT: usize = 64 << 10;

/// What holds for all folders of a root.
pub(super) struct Place<'a> {
    /// Links must not lead out of this folder.
    pub(super) boundary: Option<PathBuf>,
    pub(super) origin: Origin<'a>,
}

impl Place<'_> {
    /// Why something without links must not be looked at.
    pub(super) fn leads_out(&self, path: &Path) -> Option<FileError> {
        if crate::sys::files::is_kernel_path(path) {
            return Some(FileError::Pseudo);
        }
        let boundary = self.boundary.as_deref()?;
        (!path.starts_with(boundary)).then(|| FileError::Outside {
            target: path.to_owned(),
            root: boundary.to_owned(),
        })
    }
}

/// What was found so far.
#[derive(Default)]
pub(super) struct Found {
    pub(super) listing: RootListing,
    /// Folders that were looked at, without links.
    pub(super) visited: Vec<PathBuf>,
    /// Folders in them.
    pub(super) folders: Vec<Folder>,
    /// Links to folders.
    pub(super) links: Vec<Folder>,
    /// Links to files that may be skills.
    pub(super) linked: Vec<Candidate>,
}

impl Found {
    /// Adds what another thread has found.
    pub(super) fn add(&mut self, other: Self) {
        self.listing.add(other.listing);
        self.visited.extend(other.visited);
        self.folders.extend(other.folders);
        self.links.extend(other.links);
        self.linked.extend(other.linked);
    }
}

/// Looks at one folder after the other.
pub(super) struct Visitor<'a> {
    place: &'a Place<'a>,
    reader: FileReader,
    pub(super) found: Found,
}

/// An entry that is not hidden.
struct Entry {
    name: OsString,
    kind: EntryKind,
}

impl<'a> Visitor<'a> {
    /// Has seen nothing yet.
    pub(super) fn new(place: &'a Place<'a>) -> Self {
        Self {
            place,
            reader: FileReader::new(MAX_FRONT),
            found: Found::default(),
        }
    }

    /// Looks at a folder: reads the skill in it, and notes what is to be looked at next. Takes at most so many of its
    /// entries, and gives how many it has, or one more than that.
    pub(super) fn visit(&mut self, folder: Folder, is_watched: bool, max_entries: usize) -> usize {
        let mut count = 0;
        let mut entries = Vec::new();
        let mut stamp = None;
        let opened = folder.open().and_then(|opened| {
            if !is_watched {
                stamp = opened.metadata().ok().as_ref().map(FileStamp::from);
            }
            opened.entries(|name, kind| {
                count += 1;
                if !name.as_encoded_bytes().starts_with(b".") {
                    let name = name.to_owned();
                    entries.push(Entry { name, kind });
                }
                count <= max_entries
            })?;
            Ok(opened)
        });
        let opened = match opened {
            Ok(opened) => Arc::new(opened),
            Err(error) => {
                let message = format!("failed to read folder: {error}");
                self.found.listing.problem(&folder.found, message);
                return count;
            }
        };
        if !is_watched {
            let seen = (folder.path.clone(), stamp);
            self.found.listing.unwatched.push(seen);
        }
        // The same order each time; folders are taken from the end.
        entries.sort_unstable_by(|a, b| b.name.cmp(&a.name));
        let has_side_file = entries.iter().any(|entry| entry.name == "agents");
        for entry in entries {
            if entry.name == SKILL {
                self.skill(&folder, &opened, entry.kind, has_side_file, is_watched);
            } else {
                self.note(&folder, &opened, entry);
            }
        }
        self.found.visited.push(folder.path);
        count
    }

    /// There is something of the name of a skill.
    fn skill(
        &mut self,
        folder: &Folder,
        opened: &ReadableFolder,
        kind: EntryKind,
        has_side_file: bool,
        is_watched: bool,
    ) {
        if kind == EntryKind::Folder {
            return;
        }
        let found = folder.found.join(SKILL);
        let path = if kind == EntryKind::Link {
            self.resolve(&found)
        } else {
            Some(folder.path.join(SKILL))
        };
        let Some(path) = path else { return };
        if !is_watched || kind == EntryKind::Link {
            self.stamp(path.clone());
        }
        if !is_watched && has_side_file {
            self.stamp(folder.path.join("agents/openai.yaml"));
        }
        let candidate = Candidate {
            found,
            path,
            has_side_file,
        };
        match kind {
            EntryKind::File => self.read_in(opened, candidate),
            EntryKind::Link => self.found.linked.push(candidate),
            // To be told what it is.
            EntryKind::Special | EntryKind::Folder => self.read_by_path(candidate),
        }
    }

    fn stamp(&mut self, path: PathBuf) {
        let stamp = FileStamp::of(&path);
        self.found.listing.unwatched.push((path, stamp));
    }

    /// Reads the skill in an open folder.
    fn read_in(&mut self, folder: &ReadableFolder, candidate: Candidate) {
        let text = match folder.file(SKILL.as_ref()) {
            Ok(file) => self.reader.read(&file).and_then(|start| start.text()),
            Err(error) => Err(error.into()),
        };
        let skill = skill_file::read(candidate, text, self.place.origin);
        take(skill, &mut self.found.listing);
    }

    /// Reads a skill that may be anywhere, and anything.
    pub(super) fn read_by_path(&mut self, candidate: Candidate) {
        let start = read_start(&candidate.path, MAX_FRONT);
        let text = start.and_then(|start| text_of(start).map(Cow::Owned));
        let skill = skill_file::read(candidate, text, self.place.origin);
        take(skill, &mut self.found.listing);
    }

    /// Notes a folder that is to be looked at, or what leads to one.
    fn note(&mut self, folder: &Folder, opened: &Arc<ReadableFolder>, entry: Entry) {
        let Entry { name, kind } = entry;
        if folder.depth == MAX_DEPTH {
            return;
        }
        let found = folder.found.join(&name);
        let path = folder.path.join(&name);
        let depth = folder.depth + 1;
        match kind {
            EntryKind::Folder => self.found.folders.push(Folder {
                // Of the root's own folders only: of all, too many would be open.
                parent: (depth == 1).then(|| Arc::clone(opened)),
                found,
                path,
                depth,
            }),
            EntryKind::Link if path.is_dir() => {
                if let Some(path) = self.resolve(&found) {
                    self.found.links.push(Folder {
                        parent: None,
                        found,
                        path,
                        depth,
                    });
                }
            }
            EntryKind::Link | EntryKind::File | EntryKind::Special => {}
        }
    }

    /// Where a link leads, if it may.
    fn resolve(&mut self, link: &Path) -> Option<PathBuf> {
        let problem = match link.canonicalize() {
            Ok(target) => match self.place.leads_out(&target) {
                None => return Some(target),
                Some(why) => why.to_string(),
            },
            Err(error) => format!("failed to read file: {error}"),
        };
        self.found.listing.problem(link, problem);
        None
    }
}

fn take(skill: Result<Skill, SkillProblem>, listing: &mut RootListing) {
    match skill {
        Ok(skill) => listing.skills.push(Arc::new(skill)),
        Err(problem) => listing.problem(&problem.path, problem.message),
    }
}
