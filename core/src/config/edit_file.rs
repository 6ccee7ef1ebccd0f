//! Changes of a `config.toml`: comments, order and everything else in it stay as they are.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::path::Path;
use std::time::{Duration, Instant};

use toml_edit::{DocumentMut, TomlError};

use crate::external_file::read_text;
use crate::sys::files::owner_only;

/// Largest config.toml, in bytes.
const MAX_FILE: usize = 1 << 20;
/// How long another writer is waited for.
const PATIENCE: Duration = Duration::from_secs(3);
/// How often a lock that is held is tried again.
const TRY_AGAIN: Duration = Duration::from_millis(10);

/// Why a file can't be changed.
#[derive(Debug, thiserror::Error)]
pub enum ConfigEditError {
    /// The file can't be read or written.
    #[error("config.toml: {0}")]
    Io(#[from] io::Error),
    /// It is no TOML.
    #[error("config.toml can't be changed because it is no valid TOML: {0}")]
    Toml(String),
    /// Something in it is not what it must be.
    #[error("config.toml: {0}")]
    Shape(&'static str),
    /// Another program changes it all the time.
    #[error("config.toml is being changed by another program; try again")]
    Busy,
}

/// Changes a `config.toml`, which need not exist, under the lock of this home. Blocks.
pub(crate) fn edit_file(
    codex_home: &Path,
    path: &Path,
    change: impl FnOnce(&mut DocumentMut) -> Result<(), ConfigEditError>,
) -> Result<(), ConfigEditError> {
    let _lock = lock(codex_home)?;
    // A link stays one; what it leads to is changed.
    let real = path.canonicalize();
    let path = real.as_deref().unwrap_or(path);
    let text = match read_text(path, MAX_FILE) {
        Ok(text) => text,
        Err(error) if error.is_missing() => String::new(),
        Err(error) => return Err(io::Error::from(error).into()),
    };
    let mut document: DocumentMut = text
        .parse()
        .map_err(|error: TomlError| ConfigEditError::Toml(error.message().to_owned()))?;
    change(&mut document)?;
    let new = document.to_string();
    if new != text {
        replace(path, &new)?;
    }
    Ok(())
}

fn lock(codex_home: &Path) -> Result<File, ConfigEditError> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    let file = owner_only(&mut options).open(codex_home.join("config.lock"))?;
    let deadline = Instant::now() + PATIENCE;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if Instant::now() < deadline => std::thread::sleep(TRY_AGAIN),
            Err(TryLockError::WouldBlock) => return Err(ConfigEditError::Busy),
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
    }
}

/// Puts a text in the place of a file, all of it or nothing.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let draft = path.with_file_name(format!(".config.toml.{}", uuid::Uuid::new_v4()));
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    let mut file = owner_only(&mut options).open(&draft)?;
    let written = file.write_all(text.as_bytes()).and_then(|()| {
        if let Ok(old) = std::fs::metadata(path) {
            file.set_permissions(old.permissions())?;
        }
        file.sync_all()?;
        std::fs::rename(&draft, path)
    });
    if written.is_err() {
        let _ = std::fs::remove_file(&draft);
    }
    written
}
