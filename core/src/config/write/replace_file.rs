//! Replacing a file that others may write at the same time, so that nothing of anybody is lost.
//!
//! Daemons of one home wait for each other by a lock. Editors know no locks: the new file is exchanged with the old one
//! in one step, and what comes out is compared with what was read. If somebody saved in between, theirs is put back at
//! once, and the changes are made again, upon it. A file that is empty or broken for a moment is being written: it is
//! read again.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use toml::Table;

use super::ConfigWriteError;
use crate::config::file::MAX_FILE;
use crate::external_file::{self, FileError};
use crate::sys::files::{exchange, owner_only, owner_only_folders};

/// How long to wait for other daemons of the home.
const LOCK_PATIENCE: Duration = Duration::from_secs(4);
/// How often a lock that is held is tried again.
const TRY_AGAIN: Duration = Duration::from_millis(3);
/// How long a file may be empty or broken before it counts as that.
const SETTLING: Duration = Duration::from_millis(200);
/// How often others may write in between before we give up.
const MAX_ATTEMPTS: usize = 100;

type Change<'a> = &'a mut dyn FnMut(&str) -> Result<String, ConfigWriteError>;

/// Replaces the text of `file` by what `change` makes of it, through links. `change` may be called more than once. The
/// file's permissions stay; a new file is its owner's only. If nothing changes, the file is not touched.
pub(super) fn replace(home: &Path, file: &Path, change: Change<'_>) -> Result<(), ConfigWriteError> {
    let failed = |message: String| ConfigWriteError::File {
        path: file.to_owned(),
        message,
    };
    let _lock = lock(home).map_err(failed)?;
    let target = target_of(file).map_err(|error| failed(error.to_string()))?;
    let leads_to = Some(target.clone()).filter(|target| target != file);
    Replacing {
        temporary: temporary_beside(&target),
        target,
    }
    .run(change)
    .map_err(|error| match error {
        Failure::Refused(error) => error,
        Failure::Io(error) => failed(match leads_to {
            Some(target) => format!("{error} (it is a link to {})", target.display()),
            None => error.to_string(),
        }),
    })
}

enum Failure {
    Refused(ConfigWriteError),
    Io(FileError),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Io(error.into())
    }
}

struct Replacing {
    target: PathBuf,
    temporary: PathBuf,
}

impl Drop for Replacing {
    fn drop(&mut self) {
        // It is there only if something went wrong, or holds what was replaced.
        let _ = fs::remove_file(&self.temporary);
    }
}

impl Replacing {
    fn run(&self, change: Change<'_>) -> Result<(), Failure> {
        for attempt in 0..MAX_ATTEMPTS {
            let found = settled(&self.target)?;
            let new = changed(found.as_deref().unwrap_or_default(), change)?;
            if found.as_deref().unwrap_or_default() == new {
                return Ok(());
            }
            let file = self.write_temporary(&new)?;
            // The slow part comes first, unless somebody saves faster than it goes.
            if attempt == 0 {
                file.sync_all()?;
            }
            if read(&self.target)? != found {
                continue;
            }
            let is_done = match &found {
                Some(found) => self.exchange_for(found, &new)?,
                None => self.create()?,
            };
            if is_done {
                file.sync_all()?;
                return Ok(());
            }
        }
        Err(io::Error::other("it changes all the time").into())
    }

    /// Puts ours in the place of what was found there. `false`: something else was there, and is again.
    fn exchange_for(&self, found: &[u8], new: &[u8]) -> Result<bool, Failure> {
        match exchange(&self.temporary, &self.target) {
            Ok(()) => {}
            // Somebody removed it.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(_) => {
                // A file system that can't exchange files: this is as close as it gets.
                fs::rename(&self.temporary, &self.target)?;
                return Ok(true);
            }
        }
        if read(&self.temporary)?.as_deref() == Some(found) {
            return Ok(true);
        }
        // Somebody saved in between. Theirs comes back at once, before anybody builds upon ours.
        exchange(&self.temporary, &self.target)?;
        if read(&self.temporary)?.as_deref() != Some(new) {
            // And saved once more since: that is the newest.
            exchange(&self.temporary, &self.target)?;
        }
        Ok(false)
    }

    /// Puts ours where nothing was. `false`: now there is something.
    fn create(&self) -> Result<bool, Failure> {
        match fs::hard_link(&self.temporary, &self.target) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            // A file system without hard links.
            Err(_) => {
                fs::rename(&self.temporary, &self.target)?;
                Ok(true)
            }
        }
    }

    fn write_temporary(&self, bytes: &[u8]) -> Result<File, Failure> {
        // A link may lead to where nothing is yet.
        if let Some(folder) = self.target.parent().filter(|folder| !folder.exists()) {
            owner_only_folders().recursive(true).create(folder)?;
        }
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        // A rest of a process that died is overwritten, but never a link followed.
        let _ = fs::remove_file(&self.temporary);
        let mut file = owner_only(&mut options).open(&self.temporary)?;
        if let Ok(metadata) = fs::metadata(&self.target) {
            file.set_permissions(metadata.permissions())?;
        }
        file.write_all(bytes)?;
        Ok(file)
    }
}

/// What a text becomes, with the mark at its start if it has one.
fn changed(bytes: &[u8], change: Change<'_>) -> Result<Vec<u8>, Failure> {
    let plain = external_file::without_bom(bytes);
    let text = std::str::from_utf8(plain).map_err(|_| Failure::Io(FileError::NotUtf8))?;
    let new = change(text).map_err(Failure::Refused)?;
    let mark = &bytes[..bytes.len() - plain.len()];
    Ok([mark, new.as_bytes()].concat())
}

/// The file's content, once nobody is in the middle of writing it. `None`: there is none.
fn settled(path: &Path) -> Result<Option<Vec<u8>>, Failure> {
    let until = Instant::now() + SETTLING;
    loop {
        let found = read(path)?;
        let is_whole = found.as_deref().is_none_or(|bytes| {
            let text = std::str::from_utf8(external_file::without_bom(bytes));
            text.is_ok_and(|text| !text.is_empty() && text.parse::<Table>().is_ok())
        });
        if is_whole || Instant::now() >= until {
            return Ok(found);
        }
        thread::sleep(TRY_AGAIN);
    }
}

fn read(path: &Path) -> Result<Option<Vec<u8>>, Failure> {
    match external_file::read(path, MAX_FILE) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.is_missing() => Ok(None),
        Err(error) => Err(Failure::Io(error)),
    }
}

/// Where a path leads; the file itself need not be there.
fn target_of(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..40 {
        match fs::read_link(&path) {
            Ok(to) => path = path.parent().unwrap_or(Path::new("/")).join(to),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(path),
            // No link.
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => return Ok(path),
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::other("too many links"))
}

fn temporary_beside(target: &Path) -> PathBuf {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let next = NEXT.fetch_add(1, Ordering::Relaxed);
    let mut name = std::ffi::OsString::from(".");
    name.push(target.file_name().unwrap_or_default());
    name.push(format!(".{}-{next}.tmp", std::process::id()));
    target.with_file_name(name)
}

/// Keeps other daemons of the home from writing until it is dropped. The system frees it when its holder dies.
fn lock(home: &Path) -> Result<File, String> {
    let path = home.join("config.lock");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    let file = owner_only(&mut options)
        .open(&path)
        .map_err(|error| format!("{}: {error}", path.display()))?;
    let until = Instant::now() + LOCK_PATIENCE;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if Instant::now() < until => thread::sleep(TRY_AGAIN),
            Err(TryLockError::WouldBlock) => {
                return Err("another daemon of this home is writing it; try again".to_owned());
            }
            Err(TryLockError::Error(error)) => return Err(format!("{}: {error}", path.display())),
        }
    }
}
