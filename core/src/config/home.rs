//! The home folder and what identifies the installation (docs/contract/configuration.md#environment-variables).

use std::borrow::Cow;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use uuid::Uuid;

use crate::external_file::{FileError, read_text};
use crate::sys::files::readable_by_all;

/// Most of the identifier's file that is read, in bytes.
const MAX_ID: usize = 1 << 10;

/// Why there is no home folder to work in.
#[derive(Debug, thiserror::Error)]
pub enum HomeError {
    /// `CODEX_HOME` names nothing.
    #[error("CODEX_HOME points to {0:?}, but that path does not exist")]
    Missing(PathBuf),
    /// `CODEX_HOME` names something else.
    #[error("CODEX_HOME points to {0:?}, but that path is not a directory")]
    NotADirectory(PathBuf),
    /// Neither `CODEX_HOME` nor a home folder of the user.
    #[error("no home directory found; set CODEX_HOME or HOME")]
    NoHome,
    /// The folder can't be made or looked at.
    #[error("cannot create or access {path}: {source}")]
    Io {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// `CODEX_HOME`, which must be a folder, or else `~/.codex`, which is made when missing. Absolute.
pub fn find_codex_home() -> Result<PathBuf, HomeError> {
    let Some(value) = std::env::var_os("CODEX_HOME").filter(|value| !value.is_empty()) else {
        let home = std::env::home_dir().filter(|home| home.is_absolute());
        let path = home.ok_or(HomeError::NoHome)?.join(".codex");
        return match fs::create_dir_all(&path) {
            Ok(()) => Ok(path),
            Err(source) => Err(HomeError::Io { path, source }),
        };
    };
    let path = PathBuf::from(value);
    match fs::metadata(&path) {
        Ok(found) if found.is_dir() => {}
        Ok(_) => return Err(HomeError::NotADirectory(path)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(HomeError::Missing(path)),
        Err(source) => return Err(HomeError::Io { path, source }),
    }
    std::path::absolute(&path).map_err(|source| HomeError::Io { path, source })
}

/// `CODEX_SQLITE_HOME`, if it is set and not empty. Absolute: a relative one counts from the working folder.
pub(super) fn sqlite_home_of_environment() -> Option<PathBuf> {
    let value = std::env::var_os("CODEX_SQLITE_HOME").filter(|value| !value.is_empty())?;
    std::path::absolute(expand_tilde(Path::new(&value))).ok()
}

/// A path with `~` or `~/` at its start replaced by the user's home folder; as it is if it has none, or if no home is
/// known.
pub fn expand_tilde(path: &Path) -> Cow<'_, Path> {
    let home = std::env::home_dir().filter(|home| home.is_absolute());
    match (path.strip_prefix("~"), home) {
        (Ok(rest), Some(home)) if rest.as_os_str().is_empty() => Cow::Owned(home),
        (Ok(rest), Some(home)) => Cow::Owned(home.join(rest)),
        _ => Cow::Borrowed(path),
    }
}

/// The random identifier of this home, from its file `installation_id`, which is made when missing or unreadable as
/// a UUID. Processes that start at the same time agree on one.
pub fn installation_id(codex_home: &Path) -> io::Result<String> {
    let path = codex_home.join("installation_id");
    let found = read_id(&path);
    if let Some(id) = found? {
        return Ok(id);
    }
    let fresh = Uuid::new_v4();
    let draft = codex_home.join(format!(".installation_id.{fresh}"));
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    let mut file = readable_by_all(&mut options).open(&draft)?;
    let placed = file.write_all(fresh.to_string().as_bytes()).and_then(|()| {
        // A link never replaces: of several processes, the first one wins.
        match fs::hard_link(&draft, &path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => match read_id(&path)? {
                Some(id) => Ok(id),
                None => fs::rename(&draft, &path).map(|()| fresh.to_string()),
            },
            linked => linked.map(|()| fresh.to_string()),
        }
    });
    // Gone already if it was renamed.
    let _ = fs::remove_file(&draft);
    placed
}

fn read_id(path: &Path) -> io::Result<Option<String>> {
    match read_text(path, MAX_ID) {
        Ok(text) => Ok(Uuid::parse_str(text.trim()).ok().map(|id| id.to_string())),
        Err(error) if error.is_missing() => Ok(None),
        Err(FileError::NotUtf8 | FileError::TooLarge(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_installation_id_is_made_once() {
        let home = tempfile::tempdir().expect("temp dir");
        let first = installation_id(home.path()).expect("made");
        assert_eq!(Uuid::parse_str(&first).expect("uuid").get_version_num(), 4);
        assert_eq!(installation_id(home.path()).expect("read"), first);
        assert_eq!(
            fs::read_dir(home.path()).expect("list").count(),
            1,
            "no draft stays behind"
        );
    }

    #[test]
    fn a_damaged_installation_id_is_replaced() {
        let home = tempfile::tempdir().expect("temp dir");
        fs::write(home.path().join("installation_id"), b"\xff\xfe junk").expect("write");
        let id = installation_id(home.path()).expect("made");
        assert_eq!(installation_id(home.path()).expect("read"), id);
    }

    #[test]
    fn processes_that_start_together_agree() {
        let home = tempfile::tempdir().expect("temp dir");
        let ids: Vec<_> = std::thread::scope(|scope| {
            let all: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| installation_id(home.path()).expect("id")))
                .collect();
            all.into_iter().map(|one| one.join().expect("no panic")).collect()
        });
        assert!(ids.iter().all(|id| id == &ids[0]), "{ids:?}");
    }
}
