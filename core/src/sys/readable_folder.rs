//! Folders that are read: what is in one is reached by its name in it, so that nothing above is looked up again.

use std::ffi::OsStr;
use std::fs::{File, Metadata};
use std::io;
use std::path::Path;

use rustix::fs::{AtFlags, FileType, Mode, OFlags};

use super::files::FileVersion;
use super::folder::EntryKind;

/// How folders are opened to be read.
const FOLDER: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);
/// How files are opened: without waiting for anybody.
const FILE: OFlags = OFlags::RDONLY
    .union(OFlags::NOFOLLOW)
    .union(OFlags::NONBLOCK)
    .union(OFlags::NOCTTY)
    .union(OFlags::CLOEXEC);

/// A folder that is open to be read.
#[derive(Debug)]
pub(crate) struct ReadableFolder(File);

impl ReadableFolder {
    /// Opens the folder at a path. Fails if it is a link; links on the way to it are followed.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let folder = rustix::fs::open(path, FOLDER, Mode::empty())?;
        Ok(Self(folder.into()))
    }

    /// Opens a folder in this one. Fails if it is a link.
    pub(crate) fn folder(&self, name: &OsStr) -> io::Result<Self> {
        let folder = rustix::fs::openat(&self.0, name, FOLDER, Mode::empty())?;
        Ok(Self(folder.into()))
    }

    /// Opens a file in this folder for reading, without waiting for anybody. A link is not followed; the file may be of
    /// any kind.
    pub(crate) fn file(&self, name: &OsStr) -> io::Result<File> {
        let file = rustix::fs::openat(&self.0, name, FILE, Mode::empty())?;
        Ok(file.into())
    }

    /// What it is like.
    pub(crate) fn metadata(&self) -> io::Result<Metadata> {
        self.0.metadata()
    }

    /// What a file or folder below it is like. A link at the end of the path is not followed; links on the way are. An
    /// absolute path leads where it says.
    pub(crate) fn version_of(&self, path: &Path) -> io::Result<FileVersion> {
        super::files::version_at(&self.0, path)
    }

    /// Whether all changes of its file system are made on this machine.
    pub(crate) fn is_local(&self) -> bool {
        super::files::is_local(&self.0)
    }

    /// Tells its entries, but for itself and the one above, until `each` gives false. To be called once: the next call
    /// goes on behind the last entry.
    pub(crate) fn entries(&self, mut each: impl FnMut(&OsStr, EntryKind) -> bool) -> io::Result<()> {
        super::system::read_entries(&self.0, |name, kind| {
            if name == "." || name == ".." {
                return true;
            }
            // Some file systems don't tell.
            let kind = match kind {
                FileType::Unknown => match rustix::fs::statat(&self.0, name, AtFlags::SYMLINK_NOFOLLOW) {
                    Ok(stat) => FileType::from_raw_mode(stat.st_mode),
                    // It is gone.
                    Err(_) => return true,
                },
                known => known,
            };
            each(name, kind.into())
        })
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn entries_are_told_with_their_kinds_and_reached_by_their_names() {
        let dir = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(dir.path().join("folder")).expect("a folder");
        std::fs::write(dir.path().join("folder/file"), "x").expect("a file");
        symlink("folder", dir.path().join("link")).expect("a link");
        let _socket = std::os::unix::net::UnixListener::bind(dir.path().join("socket")).expect("a socket");
        for n in 0..2000 {
            std::fs::write(dir.path().join(format!("{n}")), "").expect("a file");
        }
        let opened = ReadableFolder::open(dir.path()).expect("opens");
        let mut found = Vec::new();
        let told = opened.entries(|name, kind| {
            found.push((name.to_owned(), kind));
            true
        });
        told.expect("told");
        assert_eq!(found.len(), 2003);
        let kind = |name: &str| {
            let entry = found.iter().find(|(found, _)| found == name);
            entry.expect("an entry").1
        };
        assert_eq!(kind("folder"), EntryKind::Folder);
        assert_eq!(kind("link"), EntryKind::Link);
        assert_eq!(kind("socket"), EntryKind::Special);
        assert_eq!(kind("1999"), EntryKind::File);
        for name in ["folder", "folder/file", "link", "socket"] {
            let known = dir.path().join(name).symlink_metadata().expect("is there");
            let version = opened.version_of(name.as_ref()).expect("is there");
            assert_eq!(version, crate::sys::files::version(&known));
        }
        assert!(opened.version_of("none".as_ref()).is_err());
        let mut text = String::new();
        let folder = opened.folder("folder".as_ref()).expect("opens");
        let mut file = folder.file("file".as_ref()).expect("opens");
        file.read_to_string(&mut text).expect("reads");
        assert_eq!(text, "x");
        assert!(opened.folder("link".as_ref()).is_err() && opened.file("link".as_ref()).is_err());
        assert!(ReadableFolder::open(&dir.path().join("link")).is_err());
        let mut count = 0;
        let opened = ReadableFolder::open(dir.path()).expect("opens");
        let told = opened.entries(|_, _| {
            count += 1;
            count < 10
        });
        assert!(told.is_ok() && count == 10);
    }
}
