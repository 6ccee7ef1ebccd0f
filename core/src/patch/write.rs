//! Carries out planned changes: file by file, each at once, and none if one fails.

use std::ffi::{OsStr, OsString};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::plan::PlannedChange;
use super::targets::{Place, Targets};
use crate::sys::folder::{EntryKind, EntryState, Folder};

/// A file could not be changed; all others are as they were, unless `not_restored` names them.
#[derive(Debug, thiserror::Error)]
#[error(
    "failed to write {}: {source}. {}",
    path.display(),
    if not_restored.is_empty() {
        "Nothing was changed.".to_owned()
    } else {
        format!("These files could not be put back as they were: {}", not_restored.join(", "))
    }
)]
pub(crate) struct WriteError {
    /// The file.
    path: PathBuf,
    /// Why.
    source: io::Error,
    /// Files that stay changed, and why.
    not_restored: Vec<String>,
}

type Failed = (PathBuf, io::Error);

/// Carries out changes of files that are still as they were planned for. Blocks as long as the file system does.
pub(crate) fn write(changes: &[PlannedChange], targets: &Targets) -> Result<(), WriteError> {
    let mut undo = Undo::default();
    let mut done = changes.iter().try_for_each(|change| check(change, targets));
    if done.is_ok() {
        done = changes
            .iter()
            .try_for_each(|change| carry_out(change, targets, &mut undo));
    }
    done.map_err(|(path, source)| WriteError {
        path,
        source,
        not_restored: undo.restore(),
    })
}

/// That the files of a change are as they were when it was planned: somebody may have decided on it since.
fn check(change: &PlannedChange, targets: &Targets) -> Result<(), Failed> {
    let expect = |path: &Path, text: Option<&str>| {
        let same = match targets.read(path) {
            Ok(now) => text == Some(now.as_str()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => text.is_none(),
            Err(error) => return Err((path.to_owned(), error)),
        };
        let changed =
            || io::Error::other("the file has been changed by somebody else meanwhile; read it again");
        if same {
            Ok(())
        } else {
            Err((path.to_owned(), changed()))
        }
    };
    match change {
        PlannedChange::Add { path, replaced, .. } => expect(path, replaced.as_deref()),
        PlannedChange::Delete { path, content } => expect(path, Some(content)),
        PlannedChange::Update {
            path,
            move_to,
            before,
            replaced,
            ..
        } => {
            expect(path, Some(before))?;
            match move_to {
                Some(to) => expect(to, replaced.as_deref()),
                None => Ok(()),
            }
        }
    }
}

fn carry_out<'a>(change: &'a PlannedChange, targets: &Targets, undo: &mut Undo<'a>) -> Result<(), Failed> {
    let at = |path: &Path, done: io::Result<()>| done.map_err(|error| (path.to_owned(), error));
    match change {
        PlannedChange::Add {
            path,
            content,
            replaced,
        } => {
            let mut write = || undo.replace(targets.get(path)?.file(), content, None, replaced.as_deref());
            at(path, write())
        }
        PlannedChange::Delete { path, content } => {
            let mut remove = || undo.remove(&targets.get(path)?.entry, content);
            at(path, remove())
        }
        PlannedChange::Update {
            path,
            move_to: None,
            before,
            after,
            ..
        } => {
            let mut write = || undo.replace(targets.get(path)?.file(), after, None, Some(before));
            at(path, write())
        }
        PlannedChange::Update {
            path,
            move_to: Some(to),
            before,
            after,
            replaced,
        } => {
            let mut write = || {
                let like = targets.get(path)?.file().state()?;
                undo.replace(targets.get(to)?.file(), after, like, replaced.as_deref())
            };
            at(to, write())?;
            let mut remove = || undo.remove(&targets.get(path)?.entry, before);
            at(path, remove())
        }
    }
}

/// What has been done so far.
#[derive(Default)]
struct Undo<'a> {
    /// Entries as they were, in the order in which they were changed.
    entries: Vec<(PathBuf, Folder, OsString, Before<'a>)>,
    /// Folders that were made, outer ones first, each in the folder that it is in.
    folders: Vec<(Folder, OsString)>,
}

enum Before<'a> {
    Nothing,
    File(&'a str, EntryState),
    Link(PathBuf),
}

impl<'a> Undo<'a> {
    /// Puts a file into its place. It gets the permissions of `like`, else of the file that it replaces.
    fn replace(
        &mut self,
        place: &Place,
        content: &str,
        like: Option<EntryState>,
        replaced: Option<&'a str>,
    ) -> io::Result<()> {
        let folder = self.make_folders(place)?;
        let before = match (folder.entry(&place.name)?, replaced) {
            (None, _) => Before::Nothing,
            (Some(state), Some(text)) if state.kind == EntryKind::File => Before::File(text, state),
            (Some(_), _) => return Err(io::ErrorKind::AlreadyExists.into()),
        };
        let like = match (&like, &before) {
            (Some(like), _) | (None, Before::File(_, like)) => Some(like),
            _ => None,
        };
        replace_file(&folder, &place.name, content.as_bytes(), like)?;
        self.entries
            .push((place.path.clone(), folder, place.name.clone(), before));
        Ok(())
    }

    /// Removes a file with this content, or a link to it.
    fn remove(&mut self, place: &Place, content: &'a str) -> io::Result<()> {
        let before = match place.state()? {
            Some(state) if state.kind == EntryKind::Link => {
                Before::Link(place.folder.link_target(&place.name)?)
            }
            Some(state) => Before::File(content, state),
            None => return Err(io::ErrorKind::NotFound.into()),
        };
        place.folder.remove(&place.name)?;
        self.entries.push((
            place.path.clone(),
            place.folder.clone(),
            place.name.clone(),
            before,
        ));
        Ok(())
    }

    /// The folder of a place. Makes it if need be.
    fn make_folders(&mut self, place: &Place) -> io::Result<Folder> {
        let mut folder = place.folder.clone();
        for name in &place.missing {
            match folder.create_folder(name) {
                Ok(()) => self.folders.push((folder.clone(), name.clone())),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
            folder = folder.below(Path::new(name))?;
        }
        Ok(folder)
    }

    /// Puts everything back. Gives what could not be.
    fn restore(self) -> Vec<String> {
        let mut failed = Vec::new();
        for (path, folder, name, before) in self.entries.into_iter().rev() {
            let restored = match before {
                Before::Nothing => folder.remove(&name),
                Before::File(text, state) => replace_file(&folder, &name, text.as_bytes(), Some(&state)),
                Before::Link(target) => folder.create_link(&name, &target),
            };
            if let Err(error) = restored {
                failed.push(format!("{} ({error})", path.display()));
            }
        }
        for (folder, name) in self.folders.iter().rev() {
            // One that somebody else uses meanwhile stays.
            let _ = folder.remove_folder(name);
        }
        failed
    }
}

/// Writes a file beside its place and renames it, so that nobody ever sees a half of it.
fn replace_file(folder: &Folder, name: &OsStr, content: &[u8], like: Option<&EntryState>) -> io::Result<()> {
    let temporary = OsString::from(format!(".patch-{}.tmp", crate::new_id()));
    let mut file = folder.create_file(&temporary, like.is_some())?;
    let written = file
        .write_all(content)
        .and_then(|()| like.map_or(Ok(()), |like| like.apply_to(&file)))
        .and_then(|()| folder.rename(&temporary, name));
    if written.is_err() {
        let _ = folder.remove(&temporary);
    }
    written
}
