//! Files as Unix systems know them.

use std::ffi::OsStr;
use std::fs::{self, DirBuilder, File, FileType, Metadata, OpenOptions, Permissions};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, FileExt, FileTypeExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use rustix::fs::{AtFlags, OFlags, RenameFlags};

pub(crate) use super::system::{is_kernel_file, is_kernel_path, is_local, place_of};

/// Permissions of files that are their owner's only.
const PRIVATE_FILE: u32 = 0o600;
/// Permissions of folders that are their owner's only.
const PRIVATE_FOLDER: u32 = 0o700;

/// What tells a file apart from all others that exist at the same time, whatever they are called: device and inode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct FileId {
    /// The file system.
    pub(crate) device: u64,
    /// The file on it.
    pub(crate) inode: u64,
}

/// What tells a file apart from all others.
pub(crate) fn file_id(metadata: &Metadata) -> FileId {
    FileId {
        device: metadata.dev(),
        inode: metadata.ino(),
    }
}

/// When the content was changed: Unix seconds, and nanoseconds.
pub(crate) fn modified(metadata: &Metadata) -> (i64, i64) {
    (metadata.mtime(), metadata.mtime_nsec())
}

/// When content, name or permissions were changed, which nobody can set: Unix seconds, and nanoseconds.
pub(crate) fn changed(metadata: &Metadata) -> (i64, i64) {
    (metadata.ctime(), metadata.ctime_nsec())
}

/// What tells versions of a file apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FileVersion {
    /// Which file it is.
    pub(crate) id: FileId,
    /// In bytes.
    pub(crate) size: u64,
    /// See [`modified`].
    pub(crate) modified: (i64, i64),
    /// See [`changed`].
    pub(crate) changed: (i64, i64),
}

/// What a file is like.
pub(crate) fn version(metadata: &Metadata) -> FileVersion {
    FileVersion {
        id: file_id(metadata),
        size: metadata.len(),
        modified: modified(metadata),
        changed: changed(metadata),
    }
}

/// As [`version`], of what is at a path below an open folder. A link at its end is not followed.
pub(super) fn version_at(folder: &File, path: &Path) -> io::Result<FileVersion> {
    let stat = rustix::fs::statat(folder, path, AtFlags::SYMLINK_NOFOLLOW)?;
    // The types of these differ by system.
    let number = |number: i128| i64::try_from(number).unwrap_or_default();
    let size = |number: i128| u64::try_from(number).unwrap_or_default();
    let time = |seconds: i128, nanos: i128| (number(seconds), number(nanos));
    Ok(FileVersion {
        id: FileId {
            device: size(stat.st_dev.into()),
            inode: size(stat.st_ino.into()),
        },
        size: size(stat.st_size.into()),
        modified: time(stat.st_mtime.into(), stat.st_mtime_nsec.into()),
        changed: time(stat.st_ctime.into(), stat.st_ctime_nsec.into()),
    })
}

/// When the file of this name in an open folder was changed, in Unix milliseconds, and whether every change of it is a
/// change in this folder: it is a regular file and has no other name. Links are followed.
pub(crate) fn modified_in(folder: &File, name: &str) -> Option<(i64, bool)> {
    let mut stat = rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW).ok()?;
    let kind = rustix::fs::FileType::from_raw_mode(stat.st_mode);
    if kind == rustix::fs::FileType::Symlink {
        stat = rustix::fs::statat(folder, name, AtFlags::empty()).ok()?;
    }
    let ms = i64::try_from(stat.st_mtime_nsec).unwrap_or_default() / 1_000_000;
    let plain = kind == rustix::fs::FileType::RegularFile && stat.st_nlink == 1;
    Some((stat.st_mtime * 1000 + ms, plain))
}

/// Whether an open file has no name any more.
pub(crate) fn is_deleted(metadata: &Metadata) -> bool {
    metadata.nlink() == 0
}

/// What something is that is neither a regular file nor a folder, in words.
pub(crate) fn special_kind(kind: FileType) -> &'static str {
    if kind.is_fifo() {
        "a pipe"
    } else if kind.is_socket() {
        "a socket"
    } else {
        "a device"
    }
}

/// Lets the owner of a file execute it if another file may be executed.
pub(crate) fn copy_executable(from: &Metadata, to: &File) -> io::Result<()> {
    if from.mode() & 0o111 == 0 {
        return Ok(());
    }
    to.set_permissions(Permissions::from_mode(PRIVATE_FILE | 0o100))
}

/// Whether something is a socket, which can't be opened as a file.
pub(crate) fn is_socket(kind: FileType) -> bool {
    kind.is_socket()
}

/// Makes a symbolic link.
pub(crate) fn symlink(leads_to: &Path, link: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(leads_to, link)
}

/// A path as other programs write it into files: any bytes.
pub(crate) fn path_of_bytes(bytes: &[u8]) -> &Path {
    Path::new(OsStr::from_bytes(bytes))
}

/// Files that are created by this are their owner's only, from the first moment.
pub(crate) fn owner_only(options: &mut OpenOptions) -> &mut OpenOptions {
    options.mode(PRIVATE_FILE)
}

/// Files that are created by this can be read by everybody, as far as the umask allows.
pub(crate) fn readable_by_all(options: &mut OpenOptions) -> &mut OpenOptions {
    options.mode(0o644)
}

/// Opening waits for nobody: not for the other end of a pipe, and no terminal becomes ours by it.
pub(crate) fn without_waiting(options: &mut OpenOptions) -> &mut OpenOptions {
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    options.custom_flags(flags.bits().cast_signed())
}

/// Makes folders that are their owner's only, as far as the umask leaves the owner's own permissions.
pub(crate) fn owner_only_folders() -> DirBuilder {
    let mut builder = DirBuilder::new();
    builder.mode(PRIVATE_FOLDER);
    builder
}

/// Makes a folder that is its owner's only, whatever the umask says.
pub(crate) fn create_owner_only_folder(path: &Path) -> io::Result<()> {
    owner_only_folders().create(path)?;
    fs::set_permissions(path, Permissions::from_mode(PRIVATE_FOLDER))
}

/// Makes an open file its owner's only, if it is ours.
pub(crate) fn make_owner_only(file: &File, metadata: &Metadata) -> io::Result<()> {
    if metadata.mode() & 0o777 != PRIVATE_FILE && metadata.uid() == rustix::process::geteuid().as_raw() {
        file.set_permissions(Permissions::from_mode(PRIVATE_FILE))?;
    }
    Ok(())
}

/// Takes a regular file's permissions from all but its owner. What can't be done stays undone.
pub(crate) fn hide_from_others(path: &Path) {
    if let Ok(metadata) = fs::metadata(path)
        && metadata.is_file()
        && metadata.mode() & 0o077 != 0
    {
        let _ = fs::set_permissions(path, Permissions::from_mode(metadata.mode() & 0o700));
    }
}

/// Makes the entries of a folder last: without that a power failure may take files that were synced themselves.
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// Exchanges two files in one step: nobody ever sees neither of them.
pub(crate) fn exchange(one: &Path, other: &Path) -> io::Result<()> {
    Ok(rustix::fs::renameat_with(
        rustix::fs::CWD,
        one,
        rustix::fs::CWD,
        other,
        RenameFlags::EXCHANGE,
    )?)
}

/// Reads from a place in a file, and leaves its cursor where it is.
pub(crate) fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    file.read_at(buffer, offset)
}

/// Writes to a place in a file, and leaves its cursor where it is.
pub(crate) fn write_all_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
    file.write_all_at(bytes, offset)
}

/// Whether there is a regular file that somebody may execute. Links are followed.
pub(crate) fn is_executable(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.is_file() && metadata.mode() & 0o111 != 0)
}

/// Opening fails where the last part of the path is a link.
pub(crate) fn without_following(options: &mut OpenOptions) -> &mut OpenOptions {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    options.custom_flags(flags.bits().cast_signed())
}
