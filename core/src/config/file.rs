//! Files of the configuration: read when they are needed, parsed again when they changed.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use toml::Table;

use super::error::problem_in_file;
use super::key_warnings::VainKeysOfTable;
use super::locate::key_at;
use super::schema::ConfigToml;
use super::{ConfigError, ConfigProblem};
use crate::external_file::read_text;
use crate::file_stamp::FileStamp;

/// Largest config.toml, in bytes. A megabyte takes some ten milliseconds.
pub(super) const MAX_FILE: usize = 1 << 20;

impl PartialEq for File {
    /// Whether both are the same version of the same file.
    fn eq(&self, other: &Self) -> bool {
        self.stamp == other.stamp && self.path == other.path
    }
}

/// How many files are remembered.
const MAX_KEPT: usize = 8;

/// A file as it was when it had this stamp.
#[derive(Debug)]
pub(crate) struct File {
    pub(super) path: PathBuf,
    stamp: FileStamp,
    pub(super) text: String,
    pub(crate) table: Table,
    /// See [`Self::vain_keys`].
    vain: OnceLock<VainKeysOfTable>,
}

impl File {
    /// Takes a file's text apart.
    fn parse(path: PathBuf, stamp: FileStamp, text: String) -> Result<Self, ConfigError> {
        match text.parse::<Table>() {
            Ok(table) => Ok(Self {
                path,
                stamp,
                text,
                table,
                vain: OnceLock::new(),
            }),
            Err(error) => Err(ConfigError::File(problem_in_file(&path, &text, &error))),
        }
    }

    /// What the file was like before it was read.
    pub(crate) fn stamp(&self) -> FileStamp {
        self.stamp
    }

    /// The keys that it sets in vain. They are looked for once: every start of a thread asks.
    pub(super) fn vain_keys(&self) -> &VainKeysOfTable {
        self.vain.get_or_init(|| VainKeysOfTable::find(&self.table))
    }

    /// What the file says of a wrong type, if it has one.
    pub(super) fn type_error(&self) -> Option<ConfigProblem> {
        let error = toml::from_str::<ConfigToml>(&self.text).err()?;
        let mut problem = problem_in_file(&self.path, &self.text, &error);
        if let Some(key) = error.span().and_then(|span| key_at(&self.text, span.start)) {
            problem.message = format!("{}: {}", key.join("."), problem.message);
        }
        Some(problem)
    }
}

/// The file as it is now, parsed again only if it changed. `None`: there is no file.
///
/// A process has one home, and reads few files beside its `config.toml`: the last ones are all there is to remember.
/// They are kept here rather than in [`super::ConfigSource`], which is a plain value that callers build and copy.
pub(crate) fn read_cached(path: &Path) -> Result<Option<Arc<File>>, ConfigError> {
    static RECENT: Mutex<Vec<Arc<File>>> = Mutex::new(Vec::new());

    let stamp = match fs::metadata(path) {
        Ok(found) => FileStamp::from(&found),
        Err(error) if is_missing(&error) => return Ok(None),
        Err(error) => return Err(unreadable(path, &error)),
    };
    let recent = || RECENT.lock().unwrap_or_else(PoisonError::into_inner);
    let known = recent().iter().find(|file| file.path == path).cloned();
    if let Some(file) = known.filter(|file| file.stamp == stamp) {
        return Ok(Some(file));
    }
    let text = read_text(path, MAX_FILE).map_err(|error| unreadable(path, &error))?;
    let file = Arc::new(File::parse(path.to_owned(), stamp, text)?);
    let mut recent = recent();
    recent.retain(|other| other.path != path);
    if recent.len() >= MAX_KEPT {
        recent.remove(0);
    }
    recent.push(Arc::clone(&file));
    Ok(Some(file))
}

/// A file that can't be read, as a mistake in the configuration.
pub(super) fn unreadable(path: &Path, error: &dyn fmt::Display) -> ConfigError {
    ConfigError::File(ConfigProblem {
        path: Some(path.to_owned()),
        range: None,
        message: error.to_string(),
    })
}

fn is_missing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}
