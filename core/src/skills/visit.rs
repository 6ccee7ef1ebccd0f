//! Looks at the folders of a root: which skills are in them, and what else may lead to some.

use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::fs::Metadata;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::listing::RootListing;
use super::queue::Folder;
use super::seen::{FileKind, Seen, SeenFile};
use super::skill_file::{self, Candidate, Origin};
use super::{Skill, SkillProblem};
use crate::external_file::{FileError, FileReader, read_start, read_text, text_of};
use crate::file_stamp::FileStamp;
use crate::sys::folder::EntryKind;
use crate::sys::readable_folder::ReadableFolder;
use crate::yaml::Yaml;

/// Folders below a root, one in the other.
const MAX_DEPTH: usize = 6;
/// What a skill is called.
pub(super) const SKILL: &str = "SKILL.md";
/// The folder beside it with what clients show.
const AGENTS: &str = "agents";
/// Most of a `SKILL.md` that is read for its front matter, and largest file beside it, in bytes.
const MAX_FRONT: usize = 64 << 10;

/// What holds for all folders of a root.
pub(super) struct Place<'a> {
    /// The root, without links.
    pub(super) path: PathBuf,
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
    /// What was looked at.
    pub(super) seen: Seen,
    /// Folders in it that are yet to be looked at.
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
        self.seen.add(other.seen);
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
        let found = Found {
            seen: Seen::of(&place.path),
            ..Found::default()
        };
        Self {
            place,
            reader: FileReader::new(MAX_FRONT),
            found,
        }
    }

    /// Looks at a folder: reads the skill in it, and notes what is to be looked at next. Takes at most so many of its
    /// entries, and gives how many it has, or one more than that.
    pub(super) fn visit(&mut self, folder: &Folder, max_entries: usize) -> usize {
        let mut count = 0;
        let mut entries = Vec::new();
        let opened = folder.open().and_then(|opened| {
            // Before it is read: what changes meanwhile is noticed later.
            let stamp = FileStamp::from(&opened.metadata()?);
            opened.entries(|name, kind| {
                count += 1;
                if !name.as_encoded_bytes().starts_with(b".") {
                    let name = name.to_owned();
                    entries.push(Entry { name, kind });
                }
                count <= max_entries
            })?;
            Ok((opened, stamp))
        });
        let (opened, stamp) = match opened {
            Ok((opened, stamp)) => (Arc::new(opened), stamp),
            Err(error) => {
                let message = format!("failed to read folder: {error}");
                self.found.listing.problem(&folder.found, message);
                self.found.seen.has_gaps = true;
                let stamp = FileStamp::of(&folder.path);
                self.found.seen.add_folder(&folder.path, stamp, None);
                return count;
            }
        };
        // The same order each time; folders are taken from the end.
        entries.sort_unstable_by(|a, b| b.name.cmp(&a.name));
        let agents = entries.iter().find(|entry| entry.name == AGENTS);
        let agents = agents.map(|agents| agents.kind);
        let mut file = None;
        for entry in entries {
            if entry.name == SKILL {
                file = self.skill(folder, &opened, entry.kind, agents);
            } else {
                self.note(folder, &opened, entry);
            }
        }
        self.found.seen.add_folder(&folder.path, Some(stamp), file);
        count
    }

    /// There is something of the name of a skill. `agents`: what is beside it. Gives the file as it was read, if no link
    /// leads to it.
    fn skill(
        &mut self,
        folder: &Folder,
        opened: &ReadableFolder,
        kind: EntryKind,
        agents: Option<EntryKind>,
    ) -> Option<SeenFile> {
        if kind == EntryKind::Folder {
            return None;
        }
        let agents = agents.filter(|kind| matches!(kind, EntryKind::Folder | EntryKind::Link));
        let found = child(&folder.found, SKILL.as_ref());
        if kind == EntryKind::Link {
            let path = self.resolve(&found)?;
            self.seen_linked(&path);
            self.found.linked.push(Candidate {
                found,
                path,
                has_side_file: agents.is_some(),
            });
            return None;
        }
        let side = agents.and_then(|_| self.side_in(folder, opened));
        let path = child(&folder.path, SKILL.as_ref());
        let candidate = Candidate {
            found,
            path,
            has_side_file: agents.is_some(),
        };
        if kind == EntryKind::File {
            return Some(self.read_in(opened, candidate, side.as_ref()));
        }
        // To be told what it is.
        let stamp = FileStamp::of(&candidate.path);
        self.read_by_path(candidate, side.as_ref());
        Some(SeenFile {
            kind: FileKind::Skill,
            stamp,
        })
    }

    /// Reads the skill in an open folder.
    fn read_in(&mut self, folder: &ReadableFolder, candidate: Candidate, side: Option<&Yaml>) -> SeenFile {
        let mut stamp = None;
        let text = match folder.file(SKILL.as_ref()) {
            Ok(file) => self.reader.read(&file).and_then(|start| {
                stamp = Some(start.stamp);
                start.text()
            }),
            Err(error) => Err(error.into()),
        };
        let stamp = stamp.or_else(|| FileStamp::of(&candidate.path));
        let skill = skill_file::read(candidate, text, side, self.place.origin);
        take(skill, &mut self.found.listing);
        SeenFile {
            kind: FileKind::Skill,
            stamp,
        }
    }

    /// Reads a skill that a link has led to, and what is beside it.
    pub(super) fn read_linked(&mut self, candidate: Candidate) {
        let agents = candidate.path.parent().filter(|_| candidate.has_side_file);
        let side = agents.map(|folder| folder.join(AGENTS).join(FileKind::Side.name()));
        let side = side.and_then(|path| self.side_by_path(&path));
        self.read_by_path(candidate, side.as_ref());
    }

    /// Reads a skill that may be anywhere, and anything.
    fn read_by_path(&mut self, candidate: Candidate, side: Option<&Yaml>) {
        let start = read_start(&candidate.path, MAX_FRONT);
        let text = start.and_then(|start| text_of(start).map(Cow::Owned));
        let skill = skill_file::read(candidate, text, side, self.place.origin);
        take(skill, &mut self.found.listing);
    }

    /// Reads what is beside the skill in an open folder.
    fn side_in(&mut self, folder: &Folder, opened: &ReadableFolder) -> Option<Yaml> {
        let path = folder.path.join(AGENTS);
        let name = FileKind::Side.name();
        let opened = opened.folder(AGENTS.as_ref()).and_then(|agents| {
            let stamp = FileStamp::from(&agents.metadata()?);
            match agents.file(name.as_ref()) {
                Ok(file) => Ok((stamp, Some(file))),
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok((stamp, None)),
                Err(error) => Err(error),
            }
        });
        let Ok((stamp, file)) = opened else {
            // A link leads to it, or it can't be read.
            return self.side_by_path(&path.join(name));
        };
        let start = file.as_ref().map(|file| self.reader.read(file));
        let seen = SeenFile {
            kind: FileKind::Side,
            stamp: match &start {
                Some(Ok(start)) => Some(start.stamp),
                Some(Err(_)) => FileStamp::of(&path.join(name)),
                None => None,
            },
        };
        let side = start.and_then(|start| {
            let text = start.and_then(|start| {
                if start.is_cut {
                    return Err(FileError::TooLarge(MAX_FRONT));
                }
                start.text()
            });
            skill_file::read_side(&path, text)
        });
        self.found.seen.add_folder(&path, Some(stamp), Some(seen));
        side
    }

    /// Reads what is beside a skill, wherever that is.
    fn side_by_path(&mut self, path: &Path) -> Option<Yaml> {
        let Ok(target) = path.canonicalize() else {
            self.seen_linked(path);
            return None;
        };
        if let Some(why) = self.place.leads_out(&target) {
            self.seen_linked(path);
            tracing::debug!(path = %path.display(), %why, "not read");
            return None;
        }
        self.seen_linked(&target);
        skill_file::read_side(path, read_text(&target, MAX_FRONT).map(Cow::Owned))
    }

    /// Something is about to be read that a link leads to.
    fn seen_linked(&mut self, path: &Path) {
        self.found.seen.has_gaps = true;
        let stamp = FileStamp::of(path);
        self.found.seen.linked.push((path.to_owned(), stamp));
    }

    /// Notes a folder that is to be looked at, or what leads to one.
    fn note(&mut self, folder: &Folder, opened: &Arc<ReadableFolder>, entry: Entry) {
        let Entry { name, kind } = entry;
        if folder.depth == MAX_DEPTH || matches!(kind, EntryKind::File | EntryKind::Special) {
            return;
        }
        let found = child(&folder.found, &name);
        let path = child(&folder.path, &name);
        let depth = folder.depth + 1;
        if kind == EntryKind::Folder {
            self.found.folders.push(Folder {
                // Of the root's own folders only: of all, too many would be open.
                parent: (depth == 1).then(|| Arc::clone(opened)),
                found,
                path,
                depth,
            });
            return;
        }
        let target = path.metadata();
        self.found.seen.has_gaps |= !target.as_ref().is_ok_and(Metadata::is_file);
        if target.is_ok_and(|target| target.is_dir())
            && let Some(path) = self.resolve(&found)
        {
            self.found.links.push(Folder {
                parent: None,
                found,
                path,
                depth,
            });
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
        self.found.seen.has_gaps = true;
        None
    }
}

/// As [`Path::join`], of the name of an entry: it takes memory once.
fn child(folder: &Path, name: &OsStr) -> PathBuf {
    let mut path = PathBuf::with_capacity(folder.as_os_str().len() + 1 + name.len());
    path.push(folder);
    path.push(name);
    path
}

fn take(skill: Result<Skill, SkillProblem>, listing: &mut RootListing) {
    match skill {
        Ok(skill) => listing.skills.push(Arc::new(skill)),
        Err(problem) => listing.problem(&problem.path, problem.message),
    }
}
