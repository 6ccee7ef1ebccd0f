//! Files and folders for their owner's eyes only, whatever the umask says: histories hold what users said and what
//! commands printed.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

use crate::external_file;

/// Permissions of files.
const FILE: u32 = 0o600;
/// Permissions of folders.
const FOLDER: u32 = 0o700;

/// Makes a folder, and those above it that are missing. Those that are there stay as they are. Gives the folders that
/// have got a new entry, for [`sync_folder`].
pub(crate) fn create_folders(path: &Path) -> io::Result<Vec<PathBuf>> {
    let missing: Vec<&Path> = path
        .ancestors()
        .take_while(|folder| !folder.as_os_str().is_empty() && !folder.is_dir())
        .collect();
    for folder in missing.iter().rev() {
        match DirBuilder::new().mode(FOLDER).create(folder) {
            // The umask may have taken the owner's own permissions.
            Ok(()) => fs::set_permissions(folder, Permissions::from_mode(FOLDER))?,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && folder.is_dir() => {}
            Err(error) => return Err(error),
        }
    }
    let parents = missing.iter().filter_map(|folder| folder.parent());
    Ok(parents.map(Path::to_path_buf).collect())
}

/// Opens a regular file for writing, with these options. One that is created is its owner's only; one that others may
/// read and that is ours becomes so. Never waits for the other end of a pipe.
pub(crate) fn open(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    let file = options.mode(FILE).custom_flags(nonblocking()).open(path)?;
    let meta = file.metadata()?;
    if !meta.is_file() {
        return Err(not_regular());
    }
    if meta.mode() & 0o777 != FILE && meta.uid() == rustix::process::geteuid().as_raw() {
        file.set_permissions(Permissions::from_mode(FILE))?;
    }
    Ok(file)
}

/// Opens a regular file for reading. Never waits for the other end of a pipe.
pub(crate) fn open_to_read(path: &Path) -> io::Result<File> {
    Ok(external_file::open(path)?.0)
}

/// Makes the entries of a folder last: without that a power failure may take files that were synced themselves.
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

fn nonblocking() -> i32 {
    OFlags::NONBLOCK.bits().cast_signed()
}

fn not_regular() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).expect("it is there").mode() & 0o777
    }

    #[test]
    fn what_is_made_is_its_owners_only_and_new_entries_are_told() {
        let home = tempfile::tempdir().expect("a folder");
        let folder = home.path().join("a/b");
        let changed = create_folders(&folder).expect("writable");
        assert_eq!(changed, [home.path().join("a"), home.path().to_path_buf()]);
        assert_eq!((mode(&home.path().join("a")), mode(&folder)), (0o700, 0o700));
        assert!(create_folders(&folder).expect("there").is_empty());
        let path = folder.join("f");
        open(OpenOptions::new().create(true).append(true), &path).expect("writable");
        assert_eq!(mode(&path), 0o600);
        fs::set_permissions(&path, Permissions::from_mode(0o644)).expect("ours");
        open(OpenOptions::new().append(true), &path).expect("writable");
        assert_eq!(mode(&path), 0o600);
    }

    #[test]
    fn devices_and_pipes_are_refused_at_once() {
        let home = tempfile::tempdir().expect("a folder");
        let pipe = home.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.expect("a program").success());
        open_to_read(&pipe).expect_err("a pipe");
        open(OpenOptions::new().append(true), &pipe).expect_err("a pipe");
        open_to_read("/dev/zero".as_ref()).expect_err("a device");
        open_to_read(home.path()).expect_err("a folder");
    }
}
