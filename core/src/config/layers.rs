//! Where configuration comes from: the file of the home, and what lies on top of it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use toml::{Table, Value};

use super::error::{problem_in_file, range_in, without_values};
use super::home::expand_tilde;
use super::locate::{key_at, range_of};
use super::overrides::{layer, merge};
use super::schema::ConfigToml;
use super::{Config, ConfigError, ConfigOverride, ConfigProblem};
use crate::external_file::read_text;
use crate::features::Switches;
use crate::sys::files::{self, FileId};

/// Largest config.toml, in bytes. A megabyte takes some ten milliseconds.
const MAX_FILE: usize = 1 << 20;

/// Where the configuration of a process comes from. Files are read when asked for, not at start.
#[derive(Debug, Clone, Default)]
pub struct ConfigSource {
    /// `CODEX_HOME`.
    pub codex_home: PathBuf,
    /// `-c`, `--enable`, `--disable`, in order.
    pub overrides: Vec<ConfigOverride>,
    /// Features that clients have switched in this process; below all that is configured.
    pub switches: Switches,
}

/// What is wrong with the configuration of the process, for the `configWarning` at the start of a connection
/// (docs/contract/configuration.md#mistakes).
pub fn check(source: &ConfigSource) -> Option<ConfigProblem> {
    match Config::load(source, &source.codex_home, &[]) {
        Err(error) => Some(error.problem()),
        Ok(config) => config.provider_problems.into_values().next(),
    }
}

/// All layers as one.
pub(super) struct Merged {
    /// As written, so that others can read keys that we don't know.
    pub(super) table: Table,
    /// As understood.
    pub(super) toml: ConfigToml,
    /// The file, if there is one.
    pub(super) file: Option<Arc<File>>,
    has_overrides: bool,
}

impl Merged {
    pub(super) fn load(
        source: &ConfigSource,
        cwd: &Path,
        extra: &[ConfigOverride],
    ) -> Result<Self, ConfigError> {
        let file = read_cached(&source.codex_home.join("config.toml"))?;
        let mut table = match &file {
            Some(file) => file.table.clone(),
            None => Table::new(),
        };
        resolve_paths(&mut table, &source.codex_home);
        let has_overrides = !(source.overrides.is_empty() && extra.is_empty());
        if has_overrides {
            for overrides in [&source.overrides, extra] {
                let mut over = layer(overrides);
                resolve_paths(&mut over, cwd);
                merge(&mut table, over);
            }
        }
        match table.clone().try_into::<ConfigToml>() {
            Ok(toml) => Ok(Self {
                table,
                toml,
                file,
                has_overrides,
            }),
            Err(error) => Err(match file.as_deref().and_then(File::type_error) {
                Some(problem) => ConfigError::File(problem),
                None => ConfigError::Override(without_values(error.to_string().trim()).replace('\n', " ")),
            }),
        }
    }

    /// An error that no single place is to blame for: the file's fault if it also has it without the overrides.
    /// `at`: the key that it is about, where there is one.
    pub(super) fn fault(
        &self,
        message: String,
        at: &[String],
        of: impl Fn(&ConfigToml) -> bool,
    ) -> ConfigError {
        let in_file = !self.has_overrides
            || self
                .file
                .as_ref()
                .and_then(|file| file.table.clone().try_into::<ConfigToml>().ok())
                .is_some_and(|toml| of(&toml));
        if in_file {
            let file = self.file.as_deref();
            let range = file.and_then(|file| Some(range_in(&file.text, range_of(&file.text, at)?)));
            ConfigError::File(ConfigProblem {
                path: range.and(file).map(|file| file.path.clone()),
                range,
                message,
            })
        } else {
            ConfigError::Override(message)
        }
    }
}

/// A file as it was when it had this stamp.
#[derive(Debug)]
pub(super) struct File {
    pub(super) path: PathBuf,
    stamp: Stamp,
    pub(super) text: String,
    pub(super) table: Table,
}

impl File {
    /// What the file says of a wrong type, if it has one.
    fn type_error(&self) -> Option<ConfigProblem> {
        let error = toml::from_str::<ConfigToml>(&self.text).err()?;
        let mut problem = problem_in_file(&self.path, &self.text, &error);
        if let Some(key) = error.span().and_then(|span| key_at(&self.text, span.start)) {
            problem.message = format!("{}: {}", key.join("."), problem.message);
        }
        Some(problem)
    }
}

/// Tells versions of a file apart without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    id: FileId,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    fn of(found: &fs::Metadata) -> Self {
        Self {
            id: files::file_id(found),
            size: found.len(),
            modified: files::modified(found),
            changed: files::changed(found),
        }
    }
}

/// The file as it is now, parsed again only if it changed. `None`: there is no file.
///
/// A process has one home, so the last file read is all there is to remember. It is kept here rather than in
/// [`ConfigSource`], which is a plain value that callers build and copy.
pub(super) fn read_cached(path: &Path) -> Result<Option<Arc<File>>, ConfigError> {
    static LAST: Mutex<Option<Arc<File>>> = Mutex::new(None);

    let unreadable = |error: &dyn std::fmt::Display| {
        ConfigError::File(ConfigProblem {
            path: Some(path.to_owned()),
            range: None,
            message: error.to_string(),
        })
    };
    let stamp = match fs::metadata(path) {
        Ok(found) => Stamp::of(&found),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(&error)),
    };
    let last = LAST.lock().unwrap_or_else(PoisonError::into_inner).clone();
    if let Some(file) = last.filter(|file| file.path == path && file.stamp == stamp) {
        return Ok(Some(file));
    }
    let text = read_text(path, MAX_FILE).map_err(|error| unreadable(&error))?;
    let table = text
        .parse::<Table>()
        .map_err(|error| ConfigError::File(problem_in_file(path, &text, &error)))?;
    let file = Arc::new(File {
        path: path.to_owned(),
        stamp,
        text,
        table,
    });
    *LAST.lock().unwrap_or_else(PoisonError::into_inner) = Some(file.clone());
    Ok(Some(file))
}

/// Makes the paths of a layer absolute: `~/` is the user's home, others count from `base`.
fn resolve_paths(table: &mut Table, base: &Path) {
    let resolve = |value: &mut Value| {
        if let Value::String(path) = value {
            let full = base.join(expand_tilde(Path::new(path)));
            if let Some(text) = full.to_str() {
                text.clone_into(path);
            }
        }
    };
    for key in ["model_instructions_file", "experimental_compact_prompt_file"] {
        if let Some(file) = table.get_mut(key) {
            resolve(file);
        }
    }
    if let Some(Value::Array(roots)) = table
        .get_mut("sandbox_workspace_write")
        .and_then(|details| details.get_mut("writable_roots"))
    {
        roots.iter_mut().for_each(resolve);
    }
}
