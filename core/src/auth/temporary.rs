//! Replacing auth.json in one step, and removing what writers left behind that died in the middle: their files hold
//! tokens.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::sys::files;

/// A file younger than this may belong to a writer that has not locked it yet.
const YOUNG: Duration = Duration::from_secs(60);

/// Replaces a file in one step, readable by its owner only. A crash leaves the old file or the new one, and perhaps a
/// temporary file that a later [`sweep`] removes.
pub(crate) fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let target = target_of(path);
    let folder = folder_of(&target);
    fs::create_dir_all(folder)?;
    sweep(path);
    let temporary = folder.join(format!(".auth-{}.tmp", uuid::Uuid::new_v4()));
    let written = create_private(&temporary).and_then(|mut file| {
        // Says "alive" to those who sweep. Where files cannot be locked, their age has to do.
        let _ = file.try_lock();
        file.write_all(content)?;
        file.sync_all()?;
        fs::rename(&temporary, &target)?;
        files::sync_folder(folder)
    });
    if written.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    written
}

/// Removes the temporary files beside this file whose writers have died: they are old, and nobody holds their lock.
pub(super) fn sweep(path: &Path) {
    let Ok(entries) = fs::read_dir(folder_of(&target_of(path))) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        if name.to_str().is_some_and(is_temporary) && is_abandoned(&entry.path()) {
            match fs::remove_file(entry.path()) {
                Ok(()) => tracing::info!("removed {}, which a process left behind", name.display()),
                Err(error) => tracing::warn!("{} cannot be removed: {error}", name.display()),
            }
        }
    }
}

/// A link is followed, so that homes whose auth.json lies elsewhere keep their layout.
fn target_of(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

fn folder_of(target: &Path) -> &Path {
    target.parent().unwrap_or(Path::new("."))
}

fn is_temporary(name: &str) -> bool {
    let id = name
        .strip_prefix(".auth-")
        .and_then(|rest| rest.strip_suffix(".tmp"));
    id.is_some_and(|id| uuid::Uuid::try_parse(id).is_ok())
}

fn is_abandoned(path: &Path) -> bool {
    let Ok(metadata) = fs::symlink_metadata(path) else {
        return false;
    };
    let age = metadata
        .modified()
        .ok()
        .and_then(|at| SystemTime::now().duration_since(at).ok());
    if !metadata.is_file() || age.is_none_or(|age| age < YOUNG) {
        return false;
    }
    match File::open(path).map(|file| file.try_lock()) {
        Ok(Err(fs::TryLockError::WouldBlock)) | Err(_) => false,
        Ok(Ok(()) | Err(fs::TryLockError::Error(_))) => true,
    }
}

fn create_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    files::owner_only(&mut options).open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left_behind(folder: &Path, age: Duration) -> (PathBuf, File) {
        let path = folder.join(format!(".auth-{}.tmp", uuid::Uuid::new_v4()));
        let file = create_private(&path).unwrap();
        file.set_modified(SystemTime::now() - age).unwrap();
        (path, file)
    }

    #[test]
    fn what_dead_writers_left_goes_and_what_live_ones_write_stays() {
        let home = tempfile::tempdir().unwrap();
        let (dead, file) = left_behind(home.path(), 2 * YOUNG);
        drop(file);
        let (young, _) = left_behind(home.path(), Duration::ZERO);
        let (live, live_file) = left_behind(home.path(), 2 * YOUNG);
        live_file.lock().unwrap();
        let foreign = home.path().join(".auth-backup.tmp");
        let foreign_file = File::create(&foreign).unwrap();
        foreign_file.set_modified(SystemTime::now() - 2 * YOUNG).unwrap();

        replace(&home.path().join("auth.json"), b"{}").unwrap();
        let left = [&dead, &young, &live, &foreign].map(|path| path.exists());
        assert_eq!(left, [false, true, true, true]);
        drop(live_file);
        sweep(&home.path().join("auth.json"));
        assert!(!live.exists(), "its writer has died meanwhile");
    }

    #[test]
    fn a_link_of_that_name_is_left_alone() {
        let home = tempfile::tempdir().unwrap();
        let (old, file) = left_behind(home.path(), 2 * YOUNG);
        drop(file);
        let kept = home.path().join("kept");
        fs::rename(&old, &kept).unwrap();
        std::os::unix::fs::symlink(&kept, &old).unwrap();
        sweep(&home.path().join("auth.json"));
        assert!(kept.exists() && old.symlink_metadata().is_ok());
    }
}
