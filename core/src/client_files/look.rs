//! What a path leads to, and what is in a folder.

use std::fs::{self, Metadata};
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use super::{ClientFileError, Done, MAX_ENTRIES, look_at};

/// What a path leads to. Links are followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileFacts {
    /// A folder.
    pub is_folder: bool,
    /// A regular file.
    pub is_file: bool,
    /// The path itself is a symbolic link.
    pub is_link: bool,
    /// When it was made, in Unix milliseconds; 0 if the file system doesn't know.
    pub created_ms: i64,
    /// When its content changed last, in Unix milliseconds; 0 if the file system doesn't know.
    pub modified_ms: i64,
}

/// An entry of a folder. Links are followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FolderEntry {
    /// Its name; bytes that are no text are replaced.
    pub name: String,
    /// A folder.
    pub is_folder: bool,
    /// A regular file.
    pub is_file: bool,
}

/// What a path leads to.
///
/// # Errors
///
/// It leads nowhere, or may not be looked at.
pub async fn facts(path: PathBuf) -> Done<FileFacts> {
    look_at(move || {
        let metadata = fs::metadata(&path)?;
        Ok(FileFacts {
            is_folder: metadata.is_dir(),
            is_file: metadata.is_file(),
            is_link: fs::symlink_metadata(&path)?.is_symlink(),
            created_ms: unix_ms(metadata.created().ok()),
            modified_ms: unix_ms(metadata.modified().ok()),
        })
    })
    .await
}

/// What is in a folder, in no order, without links that lead nowhere.
///
/// # Errors
///
/// It is no folder, can't be read, or has more than [`MAX_ENTRIES`] entries.
pub async fn list(path: PathBuf) -> Done<Vec<FolderEntry>> {
    look_at(move || {
        let mut entries = Vec::new();
        for entry in fs::read_dir(&path)? {
            let entry = entry?;
            let mut kind = entry.file_type()?;
            if kind.is_symlink() {
                match fs::metadata(entry.path()).as_ref().map(Metadata::file_type) {
                    Ok(target) => kind = target,
                    Err(_) => continue,
                }
            }
            if entries.len() == MAX_ENTRIES {
                return Err(ClientFileError::TooManyEntries);
            }
            entries.push(FolderEntry {
                name: entry.file_name().to_string_lossy().into_owned(),
                is_folder: kind.is_dir(),
                is_file: kind.is_file(),
            });
        }
        Ok(entries)
    })
    .await
}

fn unix_ms(time: Option<SystemTime>) -> i64 {
    let Some(time) = time else { return 0 };
    let ms = |span: std::time::Duration| i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
    match time.duration_since(UNIX_EPOCH) {
        Ok(since) => ms(since),
        Err(before) => -ms(before.duration()),
    }
}
