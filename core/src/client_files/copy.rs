//! Copies of files, folders and links.

use std::fs::{self, File, FileType, Metadata, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use super::{ClientFileError, Done, change};
use crate::sys::files;

/// Copies a file with its permissions, a link as a link, or, if `recursive`, a folder with everything in it. What is in a
/// folder and neither of these is left out. Folders that are there are filled, files that are there are overwritten.
///
/// # Errors
///
/// The source is nothing that is copied, the copy of a folder would contain itself, or the system says no; some of a
/// folder may be copied then.
pub async fn copy(source: PathBuf, target: PathBuf, recursive: bool) -> Done<()> {
    change(move || {
        let metadata = fs::symlink_metadata(&source)?;
        let kind = metadata.file_type();
        if !kind.is_dir() {
            let is_copied = copy_leaf(&source, &target, kind)?;
            return is_copied.then_some(()).ok_or(ClientFileError::NotCopied);
        }
        if !recursive {
            return Err(ClientFileError::CopyNeedsRecursive);
        }
        if leads_into(&source, &target)? {
            return Err(ClientFileError::CopyIntoItself);
        }
        fs::create_dir_all(&target)?;
        copy_folder(source, target)
    })
    .await
}

/// Copies what is in a folder. Keeps its own list of folders: they may be nested deeper than a stack is.
fn copy_folder(source: PathBuf, target: PathBuf) -> Done<()> {
    let mut folders = vec![(source, target)];
    while let Some((source, target)) = folders.pop() {
        for entry in fs::read_dir(&source)? {
            let entry = entry?;
            let kind = entry.file_type()?;
            let copy = target.join(entry.file_name());
            if kind.is_dir() {
                fs::create_dir_all(&copy)?;
                folders.push((entry.path(), copy));
            } else {
                copy_leaf(&entry.path(), &copy, kind)?;
            }
        }
    }
    Ok(())
}

/// Copies a file or a link. False: it is neither.
fn copy_leaf(source: &Path, target: &Path, kind: FileType) -> Done<bool> {
    if kind.is_symlink() {
        files::symlink(&fs::read_link(source)?, target)?;
    } else if kind.is_file() {
        copy_file(source, target)?;
    } else {
        return Ok(false);
    }
    Ok(true)
}

fn copy_file(source: &Path, target: &Path) -> Done<()> {
    let from = files::without_waiting(OpenOptions::new().read(true)).open(source)?;
    let metadata = from.metadata()?;
    if !metadata.is_file() {
        return Err(ClientFileError::NotCopied);
    }
    let same = |other: &Metadata| files::file_id(other) == files::file_id(&metadata);
    if fs::metadata(target).is_ok_and(|target| same(&target)) {
        // Opening it for writing would empty it.
        return Ok(());
    }
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    let to = files::without_waiting(&mut options).open(target)?;
    if to.metadata()?.is_file() {
        to.set_permissions(metadata.permissions())?;
    }
    whole(&from, &to)?;
    Ok(())
}

/// Copies bytes, in the kernel where it can.
fn whole(mut from: &File, mut to: &File) -> io::Result<u64> {
    io::copy(&mut from, &mut to)
}

/// Whether a path lies in a folder, also where links lead there. The path need not exist.
fn leads_into(folder: &Path, path: &Path) -> io::Result<bool> {
    let folder = folder.canonicalize()?;
    for above in path.ancestors() {
        match above.canonicalize() {
            Ok(found) => return Ok(found.starts_with(&folder)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(false)
}
