//! The files of a patch, and the open folders that they are reached from.

use std::collections::{HashMap, HashSet};
use std::ffi::OsString;
use std::io;
use std::path::{Component, Path, PathBuf};

use super::plan::{PlanError, PlannedChange};
use crate::external_file::{self, FileError};
use crate::sys::folder::{EntryKind, EntryState, Folder, no_such_file};

/// Largest file that is read, in bytes.
pub(super) const MAX_FILE: usize = 16 << 20;

/// Folders that may be open for one patch: they stay open while a question waits for its answer.
const MAX_FOLDERS: usize = 128;

/// The files of a patch by the paths that it gives them. Its folders are open.
#[derive(Debug)]
pub(crate) struct Targets {
    files: HashMap<PathBuf, Target>,
}

/// A file that need not exist.
#[derive(Debug)]
pub(super) struct Target {
    /// What has the name: the file, or a link to it.
    pub(super) entry: Place,
    /// Where the link leads.
    linked: Option<Place>,
}

/// A name in an open folder.
#[derive(Debug, Clone)]
pub(super) struct Place {
    /// Absolute, without links.
    pub(super) path: PathBuf,
    /// The folder that it is in, or the nearest one above that exists.
    pub(super) folder: Folder,
    /// The folders between.
    pub(super) missing: Vec<OsString>,
    pub(super) name: OsString,
}

impl Targets {
    /// Finds absolute paths without `.` and `..`, and opens their folders: beneath the root that holds them, if one of
    /// these (absolute and without links) does. Blocks as long as the file system does.
    pub(crate) fn open(paths: &[PathBuf], roots: &[PathBuf]) -> Result<Self, PlanError> {
        let mut opener = Opener {
            roots,
            folders: HashMap::new(),
        };
        let mut files = HashMap::new();
        // Two paths may lead to one file.
        let mut taken = HashSet::new();
        for path in paths {
            let target = opener.target(path).map_err(|source| PlanError::Read {
                path: path.clone(),
                source,
            })?;
            let places = [Some(&target.entry), target.linked.as_ref()];
            if !places
                .into_iter()
                .flatten()
                .all(|place| taken.insert(place.path.clone()))
            {
                return Err(PlanError::Twice(path.clone()));
            }
            files.insert(path.clone(), target);
        }
        Ok(Self { files })
    }

    /// What these changes write, move or remove: paths of the patch, each with where that is, absolute and without links.
    pub(crate) fn touched<'a>(&'a self, changes: &'a [PlannedChange]) -> Vec<(&'a Path, &'a Path)> {
        let entry = |path: &'a Path| self.files.get(path).map(|target| (path, &*target.entry.path));
        let file = |path: &'a Path| self.files.get(path).map(|target| (path, &*target.file().path));
        let places = changes.iter().flat_map(|change| match change {
            PlannedChange::Add { path, .. } => [file(path), None],
            // Of a link, the link.
            PlannedChange::Delete { path, .. } => [entry(path), None],
            PlannedChange::Update { path, move_to, .. } => match move_to {
                Some(to) => [entry(path), file(to)],
                None => [file(path), None],
            },
        });
        places.flatten().collect()
    }

    /// The text of a file. Fails with `NotFound` if there is none, with `IsADirectory` for a folder. Blocks as long as the file system does.
    pub(crate) fn read(&self, path: &Path) -> io::Result<String> {
        let place = self.get(path)?.file();
        let refused = |kind| {
            let why = format!("path `{}` is not a file", path.display());
            io::Error::new(kind, why)
        };
        let not_a_file = || refused(io::ErrorKind::InvalidInput);
        match place.state()?.map(|state| state.kind) {
            None => return Err(no_such_file()),
            Some(EntryKind::File) => {}
            Some(EntryKind::Folder) => return Err(refused(io::ErrorKind::IsADirectory)),
            Some(EntryKind::Link | EntryKind::Special) => return Err(not_a_file()),
        }
        let file = place.folder.open_file(&place.name)?;
        let bytes = external_file::read_open(&file, MAX_FILE).map_err(|error| match error {
            FileError::NotRegular(_) => not_a_file(),
            error => error.into(),
        })?;
        String::from_utf8(bytes)
            .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, FileError::NotUtf8.to_string()))
    }

    pub(super) fn get(&self, path: &Path) -> io::Result<&Target> {
        let missing = || io::Error::other("the file was not opened");
        self.files.get(path).ok_or_else(missing)
    }
}

impl Target {
    /// The file itself, behind a link or not.
    pub(super) fn file(&self) -> &Place {
        self.linked.as_ref().unwrap_or(&self.entry)
    }
}

impl Place {
    /// What is there.
    pub(super) fn state(&self) -> io::Result<Option<EntryState>> {
        if self.missing.is_empty() {
            self.folder.entry(&self.name)
        } else {
            Ok(None)
        }
    }
}

struct Opener<'a> {
    roots: &'a [PathBuf],
    /// By path without links.
    folders: HashMap<PathBuf, Folder>,
}

impl Opener<'_> {
    fn target(&mut self, path: &Path) -> io::Result<Target> {
        let entry = self.place(path)?;
        let is_link = entry.state()?.is_some_and(|state| state.kind == EntryKind::Link);
        let linked = if is_link {
            Some(self.place(&path.canonicalize()?)?)
        } else {
            None
        };
        Ok(Target { entry, linked })
    }

    /// The place of a path. A link in its folders is followed, its last part is not.
    fn place(&mut self, path: &Path) -> io::Result<Place> {
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
            let why = format!("path `{}` is not a file", path.display());
            return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
        };
        for folder in parent.ancestors() {
            let real = match folder.canonicalize() {
                Ok(real) => real,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            };
            let rest = parent.strip_prefix(folder).unwrap_or(Path::new(""));
            let missing: Vec<OsString> = rest
                .components()
                .filter_map(|part| match part {
                    Component::Normal(name) => Some(name.to_owned()),
                    _ => None,
                })
                .collect();
            return Ok(Place {
                path: real.join(rest).join(name),
                folder: self.folder(&real)?,
                missing,
                name: name.to_owned(),
            });
        }
        Err(io::ErrorKind::NotFound.into())
    }

    fn folder(&mut self, real: &Path) -> io::Result<Folder> {
        if let Some(folder) = self.folders.get(real) {
            return Ok(folder.clone());
        }
        if self.folders.len() >= MAX_FOLDERS {
            let why =
                format!("the patch changes files in more than {MAX_FOLDERS} folders; make several of it");
            return Err(io::Error::other(why));
        }
        let root = self.roots.iter().filter(|root| real.starts_with(root));
        let folder = match root.max_by_key(|root| root.as_os_str().len()) {
            Some(root) => Folder::open(root)?.below(real.strip_prefix(root).unwrap_or(real))?,
            None => Folder::open(real)?,
        };
        self.folders.insert(real.to_owned(), folder.clone());
        Ok(folder)
    }
}
