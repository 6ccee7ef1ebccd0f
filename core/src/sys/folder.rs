//! Open folders: what is done to their entries is done to this folder, wherever its name leads by then.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{AtFlags, FileType, Gid, Mode, OFlags, RawMode, Stat, Uid};
use rustix::io::Errno;

/// Permission bits of a file that only files of the same owner may keep: they lend the owner's rights.
const LENDING: RawMode = 0o7000;

/// How folders are opened: not to be listed, only to reach what is in them, where the system knows the difference.
#[cfg(target_os = "linux")]
pub(super) const FOLDER: OFlags = OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);
#[cfg(not(target_os = "linux"))]
pub(super) const FOLDER: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

/// An open folder. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Folder(Arc<OwnedFd>);

/// What an entry of a folder is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EntryKind {
    /// A regular file.
    File,
    /// A symbolic link.
    Link,
    /// A folder.
    Folder,
    /// A pipe, socket or device.
    Special,
}

/// What there is to know of an entry without opening it. Links are not followed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct EntryState {
    /// What it is.
    pub(crate) kind: EntryKind,
    stat: Stat,
}

impl Folder {
    /// Opens the folder at an absolute path. Fails if any part of the path is a link.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let root = rustix::fs::open("/", FOLDER, Mode::empty())?;
        let below = path.strip_prefix("/").map_err(|_| io::ErrorKind::InvalidInput)?;
        Self(Arc::new(root)).below(below)
    }

    /// Opens a folder below this one. Fails if any part of the path is a link, or leads out.
    pub(crate) fn below(&self, path: &Path) -> io::Result<Self> {
        if path.as_os_str().is_empty() {
            return Ok(self.clone());
        }
        let folder = super::system::open_folder_below(&self.0, path)?;
        Ok(Self(Arc::new(folder)))
    }

    /// An entry; `None` if there is none of this name.
    pub(crate) fn entry(&self, name: &OsStr) -> io::Result<Option<EntryState>> {
        match rustix::fs::statat(&self.0, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(EntryState::new(stat))),
            Err(Errno::NOENT) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Opens a file for reading, without waiting for anybody. A link is not followed; the file may be of any kind.
    pub(crate) fn open_file(&self, name: &OsStr) -> io::Result<File> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        Ok(rustix::fs::openat(&self.0, name, flags, Mode::empty())?.into())
    }

    /// Makes a file and opens it for writing. Fails if there is anything of this name. `private`: only its owner may use
    /// it; else everybody, as far as the umask allows.
    pub(crate) fn create_file(&self, name: &OsStr, private: bool) -> io::Result<File> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mode = Mode::from_raw_mode(if private { 0o600 } else { 0o666 });
        Ok(rustix::fs::openat(&self.0, name, flags, mode)?.into())
    }

    /// Makes a folder, as far as the umask allows for everybody.
    pub(crate) fn create_folder(&self, name: &OsStr) -> io::Result<()> {
        Ok(rustix::fs::mkdirat(&self.0, name, Mode::from_raw_mode(0o777))?)
    }

    /// Makes a folder for its owner only.
    pub(crate) fn create_private_folder(&self, name: &OsStr) -> io::Result<()> {
        Ok(rustix::fs::mkdirat(&self.0, name, Mode::from_raw_mode(0o700))?)
    }

    /// Makes a symbolic link.
    pub(crate) fn create_link(&self, name: &OsStr, target: &Path) -> io::Result<()> {
        Ok(rustix::fs::symlinkat(target, &self.0, name)?)
    }

    /// What a symbolic link says.
    pub(crate) fn link_target(&self, name: &OsStr) -> io::Result<PathBuf> {
        let target = rustix::fs::readlinkat(&self.0, name, Vec::new())?;
        Ok(super::files::path_of_bytes(target.as_bytes()).to_owned())
    }

    /// Gives an entry another name, in place of what has that name.
    pub(crate) fn rename(&self, from: &OsStr, to: &OsStr) -> io::Result<()> {
        Ok(rustix::fs::renameat(&self.0, from, &self.0, to)?)
    }

    /// Removes an entry that is no folder.
    pub(crate) fn remove(&self, name: &OsStr) -> io::Result<()> {
        Ok(rustix::fs::unlinkat(&self.0, name, AtFlags::empty())?)
    }

    /// Removes an empty folder.
    pub(crate) fn remove_folder(&self, name: &OsStr) -> io::Result<()> {
        Ok(rustix::fs::unlinkat(&self.0, name, AtFlags::REMOVEDIR)?)
    }
}

impl From<FileType> for EntryKind {
    fn from(kind: FileType) -> Self {
        match kind {
            FileType::RegularFile => Self::File,
            FileType::Symlink => Self::Link,
            FileType::Directory => Self::Folder,
            _ => Self::Special,
        }
    }
}

impl EntryState {
    fn new(stat: Stat) -> Self {
        let kind = FileType::from_raw_mode(stat.st_mode).into();
        Self { kind, stat }
    }

    /// Gives an open file the owner, the group and the permissions of this one. Where we may not give it away, it is
    /// ours and lends nobody our rights.
    pub(crate) fn apply_to(&self, file: &File) -> io::Result<()> {
        let now = rustix::fs::fstat(file)?;
        let (owner, group) = (Uid::from_raw(self.stat.st_uid), Gid::from_raw(self.stat.st_gid));
        let mut mode = self.stat.st_mode & 0o7777;
        if (now.st_uid, now.st_gid) != (self.stat.st_uid, self.stat.st_gid)
            && rustix::fs::fchown(file, Some(owner), Some(group)).is_err()
        {
            mode &= !LENDING;
            // The group alone may be one of ours.
            let _ = rustix::fs::fchown(file, None, Some(group));
        }
        rustix::fs::fchmod(file, Mode::from_raw_mode(mode))?;
        Ok(())
    }
}

/// How the system says that there is no such file.
pub(crate) fn no_such_file() -> io::Error {
    Errno::NOENT.into()
}

/// Opens a folder below an open one part by part, for systems that can't do it at once. No link is followed.
pub(super) fn walk(base: &OwnedFd, path: &Path) -> io::Result<OwnedFd> {
    let mut folder = rustix::fs::openat(base, ".", FOLDER, Mode::empty())?;
    for part in path.components() {
        let Component::Normal(name) = part else {
            return Err(io::ErrorKind::InvalidInput.into());
        };
        folder = rustix::fs::openat(&folder, name, FOLDER | OFlags::NOFOLLOW, Mode::empty())?;
    }
    Ok(folder)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn no_way_to_a_folder_leads_over_a_link_or_out() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().canonicalize().expect("its real path");
        std::fs::create_dir_all(path.join("root/deep/er")).expect("folders");
        std::fs::create_dir(path.join("outside")).expect("a folder");
        symlink("../outside", path.join("root/out")).expect("a link");
        symlink("deep", path.join("root/in")).expect("a link");
        let root = Folder::open(&path.join("root")).expect("opens");
        for open in [
            (|folder: &Folder, path: &Path| folder.below(path).map(drop))
                as fn(&Folder, &Path) -> io::Result<()>,
            |folder, path| walk(&folder.0, path).map(drop),
        ] {
            assert!(open(&root, Path::new("deep/er")).is_ok());
            for wrong in [
                "out",
                "in/er",
                "../outside",
                "deep/../../outside",
                "/tmp",
                "missing",
            ] {
                assert!(open(&root, Path::new(wrong)).is_err(), "{wrong}");
            }
        }
        assert!(Folder::open(&path.join("root/in/er")).is_err());
    }
}
