//! Files and folders that are made: complete or not at all, and never in the place of others.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::external_file;

/// Largest file with words in it, in bytes.
pub(super) const MAX_TEXT: usize = 1 << 20;
/// Files of a folder that is copied.
const MAX_FILES: usize = 2000;
/// Bytes of a folder that is copied.
const MAX_BYTES: usize = 64 << 20;
/// Folders in one another.
const MAX_DEPTH: usize = 8;
/// Entries of a folder that are looked at.
const MAX_ENTRIES: usize = 10_000;

/// Makes a file, with the folders above it. Fails if there is one.
pub(super) fn create(path: &Path, text: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let draft = draft(path);
    let mut file = OpenOptions::new().write(true).create_new(true).open(&draft)?;
    let placed = file
        .write_all(text)
        .and_then(|()| file.sync_all())
        // A link never replaces.
        .and_then(|()| fs::hard_link(&draft, path));
    let _ = fs::remove_file(&draft);
    placed
}

/// Puts a text in the place of a file, which need not exist.
pub(super) fn replace(path: &Path, text: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let real = path.canonicalize();
    let path = real.as_deref().unwrap_or(path);
    let draft = draft(path);
    let mut file = OpenOptions::new().write(true).create_new(true).open(&draft)?;
    let placed = file.write_all(text).and_then(|()| {
        if let Ok(old) = fs::metadata(path) {
            file.set_permissions(old.permissions())?;
        }
        file.sync_all()?;
        fs::rename(&draft, path)
    });
    if placed.is_err() {
        let _ = fs::remove_file(&draft);
    }
    placed
}

fn draft(path: &Path) -> PathBuf {
    path.with_file_name(format!(".import-{}", uuid::Uuid::new_v4()))
}

/// Names of what is in a folder, sorted; links are left out. Nothing if there is no such folder.
pub(super) fn entries(folder: &Path) -> Vec<(String, fs::FileType)> {
    let Ok(read) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut entries: Vec<_> = read
        .take(MAX_ENTRIES)
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let kind = entry.file_type().ok()?;
            let name = entry.file_name().into_string().ok()?;
            (!kind.is_symlink() && !name.starts_with('.')).then_some((name, kind))
        })
        .collect();
    entries.sort_by(|a, b| a.0.cmp(&b.0));
    entries
}

/// Copies a folder with its files; `change` may change what is in them. Links and special files are left out. Fails if there
/// is something at the target, and if it is too much.
pub(super) fn copy_folder(
    from: &Path,
    to: &Path,
    change: &dyn Fn(&Path, Vec<u8>) -> Vec<u8>,
) -> io::Result<()> {
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder)?;
    }
    let draft = draft(to);
    DirBuilder::new().create(&draft)?;
    let mut copy = Copy {
        files: 0,
        bytes: 0,
        change,
    };
    let copied = copy.folder(from, &draft, 0).and_then(|()| {
        if to.symlink_metadata().is_ok() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        // An empty folder that has come meanwhile is the only thing that this replaces.
        fs::rename(&draft, to)
    });
    if copied.is_err() {
        let _ = fs::remove_dir_all(&draft);
    }
    copied
}

struct Copy<'a> {
    files: usize,
    bytes: usize,
    change: &'a dyn Fn(&Path, Vec<u8>) -> Vec<u8>,
}

impl Copy<'_> {
    fn folder(&mut self, from: &Path, to: &Path, depth: usize) -> io::Result<()> {
        let too_much = || io::Error::other("it has too many files to be copied");
        for (name, kind) in entries(from) {
            let (source, target) = (from.join(&name), to.join(&name));
            self.files += 1;
            if self.files > MAX_FILES {
                return Err(too_much());
            }
            if kind.is_dir() {
                if depth == MAX_DEPTH {
                    return Err(too_much());
                }
                DirBuilder::new().create(&target)?;
                self.folder(&source, &target, depth + 1)?;
            } else if kind.is_file() {
                let bytes = external_file::read(&source, MAX_BYTES - self.bytes)?;
                self.bytes += bytes.len();
                let mut file = OpenOptions::new().write(true).create_new(true).open(&target)?;
                file.write_all(&(self.change)(&source, bytes))?;
                // Scripts stay what can be run.
                file.set_permissions(fs::metadata(&source)?.permissions())?;
            }
        }
        Ok(())
    }
}

/// Whether something can be the name of a file that is made.
pub(super) fn is_plain_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 100
        && !name.starts_with('.')
        && name
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | ' '))
}
