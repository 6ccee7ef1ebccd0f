//! Writing, making and removing.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::PathBuf;

use super::{ClientFileError, Done, change};
use crate::sys::files;

/// Writes a whole file; one that is there has this content afterwards. It is written in place, so that links, owners and
/// permissions stay, and watchers see one file.
///
/// # Errors
///
/// It can't be opened or written. What was there before is lost then, as far as the file was opened.
pub async fn write(path: PathBuf, bytes: Vec<u8>) -> Done<()> {
    change(move || {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        let mut file = files::without_waiting(&mut options).open(&path)?;
        file.write_all(&bytes)?;
        Ok(())
    })
    .await
}

/// Makes a folder; `recursive`: with all above it, and one that is there is no error.
///
/// # Errors
///
/// It can't be made.
pub async fn create_folder(path: PathBuf, recursive: bool) -> Done<()> {
    change(move || {
        if recursive {
            fs::create_dir_all(&path)?;
        } else {
            fs::create_dir(&path)?;
        }
        Ok(())
    })
    .await
}

/// Removes a file, a link (not what it leads to) or a folder; `recursive`: a full one, too; `force`: nothing there is no
/// error.
///
/// # Errors
///
/// It can't be removed. Some of what was in it may be gone then.
pub async fn remove(path: PathBuf, recursive: bool, force: bool) -> Done<()> {
    change(move || {
        if path.parent().is_none() {
            return Err(ClientFileError::RemovesEverything);
        }
        let metadata = match fs::symlink_metadata(&path) {
            Err(error) if force && error.kind() == io::ErrorKind::NotFound => return Ok(()),
            looked => looked?,
        };
        let removed = if !metadata.is_dir() {
            fs::remove_file(&path)
        } else if recursive {
            fs::remove_dir_all(&path)
        } else {
            fs::remove_dir(&path)
        };
        match removed {
            // Somebody else was faster.
            Err(error) if force && error.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => Ok(removed?),
        }
    })
    .await
}
