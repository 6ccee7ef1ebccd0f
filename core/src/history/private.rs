//! Files and folders for their owner's eyes only, whatever the umask says: histories hold what users said and what
//! commands printed.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use crate::external_file;
use crate::sys::files;
pub(crate) use crate::sys::files::sync_folder;

/// Makes a folder, and those above it that are missing. Those that are there stay as they are. Gives the folders that
/// have got a new entry, for [`sync_folder`].
pub(crate) fn create_folders(path: &Path) -> io::Result<Vec<PathBuf>> {
    let missing: Vec<&Path> = path
        .ancestors()
        .take_while(|folder| !folder.as_os_str().is_empty() && !folder.is_dir())
        .collect();
    for folder in missing.iter().rev() {
        match files::create_owner_only_folder(folder) {
            Ok(()) => {}
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
    let file = files::without_waiting(files::owner_only(options)).open(path)?;
    let meta = file.metadata()?;
    if !meta.is_file() {
        return Err(not_regular());
    }
    files::make_owner_only(&file, &meta)?;
    Ok(file)
}

/// Opens a regular file for reading. Never waits for the other end of a pipe.
pub(crate) fn open_to_read(path: &Path) -> io::Result<File> {
    Ok(external_file::open(path)?.0)
}

fn not_regular() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file")
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{MetadataExt, PermissionsExt};

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
