//! What a search has looked at, so that whoever asks later can tell whether it would find the same again.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use crate::file_stamp::FileStamp;
use crate::sys::files::path_of_bytes;
use crate::sys::readable_folder::ReadableFolder;

/// Folders and files as they were before they were read.
#[derive(Debug, Clone, Default)]
pub(super) struct Seen {
    /// The root, without links.
    pub(super) root: PathBuf,
    /// The system can tell of changes in these.
    pub(super) folders: Vec<SeenFolder>,
    /// What links lead to, by paths without links: nobody tells of changes there. `None`: it was not there.
    pub(super) linked: Vec<(PathBuf, Option<FileStamp>)>,
    /// The stamps don't tell all: something could not be looked at, or links were followed, which may be changed
    /// anywhere on the way.
    pub(super) has_gaps: bool,
}

/// A folder that was looked at.
#[derive(Debug, Clone)]
pub(super) struct SeenFolder {
    /// From the root on, without links; absolute if it is elsewhere, `.` if it is the root itself.
    pub(super) path: PathBuf,
    pub(super) stamp: Option<FileStamp>,
    /// The file in it that was read.
    pub(super) file: Option<SeenFile>,
}

/// A file that was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SeenFile {
    pub(super) kind: FileKind,
    pub(super) stamp: Option<FileStamp>,
}

/// Files that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum FileKind {
    /// A skill.
    Skill,
    /// What clients show of a skill, and what it needs.
    Side,
}

impl FileKind {
    /// What such a file is called in its folder.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Skill => "SKILL.md",
            Self::Side => "openai.yaml",
        }
    }
}

impl SeenFolder {
    fn is_current(&self, root: &ReadableFolder, path: &mut PathBuf) -> bool {
        if FileStamp::below(root, &self.path) != self.stamp {
            return false;
        }
        let Some(file) = &self.file else { return true };
        path.clear();
        path.push(&self.path);
        path.push(file.kind.name());
        FileStamp::below(root, path) == file.stamp
    }
}

impl Seen {
    /// Nothing yet, of the root at a path without links.
    pub(super) fn of(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
            ..Self::default()
        }
    }

    /// Adds a folder, by its path without links.
    pub(super) fn add_folder(&mut self, path: &Path, stamp: Option<FileStamp>, file: Option<SeenFile>) {
        let path = self.below_root(path).to_owned();
        self.folders.push(SeenFolder { path, stamp, file });
    }

    /// A path without links, from the root on if it is below that.
    fn below_root<'a>(&self, path: &'a Path) -> &'a Path {
        // Compared as bytes: part by part, it takes several times as long.
        let root = self.root.as_os_str().as_encoded_bytes();
        match path.as_os_str().as_encoded_bytes().strip_prefix(root) {
            Some([]) => Path::new("."),
            Some([b'/', below @ ..]) => path_of_bytes(below),
            _ => path,
        }
    }

    /// Whether all of it is as it was. Blocks.
    pub(super) fn is_current(&self) -> bool {
        let folders_are_current = || {
            let root = ReadableFolder::open(&self.root);
            let mut path = PathBuf::new();
            root.is_ok_and(|root| {
                self.folders
                    .iter()
                    .all(|folder| folder.is_current(&root, &mut path))
            })
        };
        (self.folders.is_empty() || folders_are_current())
            && self
                .linked
                .iter()
                .all(|(path, stamp)| FileStamp::of(path) == *stamp)
    }

    /// Whether something had been changed within this time before `now`.
    pub(super) fn has_young(&self, now: SystemTime, age: Duration) -> bool {
        let is_young = |stamp: FileStamp| stamp.is_young(now, age);
        let files = |folder: &SeenFolder| folder.file.and_then(|file| file.stamp);
        let folders = self.folders.iter();
        folders
            .flat_map(|folder| [folder.stamp, files(folder)])
            .flatten()
            .any(is_young)
            || self.linked.iter().filter_map(|(_, stamp)| *stamp).any(is_young)
    }

    /// The folders, absolute.
    pub(super) fn paths(&self) -> impl Iterator<Item = PathBuf> {
        let absolute = |folder: &SeenFolder| match folder.path.as_os_str() {
            root if root == "." => self.root.clone(),
            _ => self.root.join(&folder.path),
        };
        self.folders.iter().map(absolute)
    }

    /// Without the folders of which the system tells changes from now on.
    pub(super) fn without(&self, watched: &[bool]) -> Self {
        let is_watched = watched.iter().copied().chain(std::iter::repeat(false));
        let rest = self
            .folders
            .iter()
            .zip(is_watched)
            .filter(|(_, is_watched)| !is_watched);
        Self {
            root: self.root.clone(),
            folders: rest.map(|(folder, _)| folder.clone()).collect(),
            linked: self.linked.clone(),
            has_gaps: self.has_gaps,
        }
    }

    /// Adds what was seen elsewhere.
    pub(super) fn add(&mut self, more: Self) {
        self.folders.extend(more.folders);
        self.linked.extend(more.linked);
        self.has_gaps |= more.has_gaps;
    }
}
