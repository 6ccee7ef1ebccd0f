//! `app-server-index.sqlite`: rows of lists, derived from the rollouts, and what users gave to threads.
//!
//! Opened when it is first needed. Every caller works without it: rows are read from the files then. A file that is
//! no database is set aside, never overwritten; one of a newer version is left alone.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, OptionalExtension, params};

use super::row::{Row, Stamp};
use super::turn_map::TurnMap;

/// Raised when tables change in a way that older programs can't live with.
const VERSION: i64 = 4;

/// The first part is derived and may be dropped at any time; the second part is the only place of its contents.
const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS rows(
        path TEXT PRIMARY KEY, size INTEGER NOT NULL, mtime_ms INTEGER NOT NULL, inode INTEGER NOT NULL,
        row TEXT NOT NULL) WITHOUT ROWID;
    DROP TABLE IF EXISTS turn_maps;
    CREATE TABLE IF NOT EXISTS turn_maps(path TEXT PRIMARY KEY, end INTEGER NOT NULL, map TEXT NOT NULL) WITHOUT ROWID;

    CREATE TABLE IF NOT EXISTS patches(thread_id TEXT PRIMARY KEY, patch TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS goals(thread_id TEXT PRIMARY KEY, goal TEXT NOT NULL) WITHOUT ROWID;
    DROP TABLE IF EXISTS read_states;
    CREATE TABLE IF NOT EXISTS unread(
        thread_id TEXT PRIMARY KEY, from_start INTEGER NOT NULL, turn_id TEXT, revision TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS sections(
        id TEXT PRIMARY KEY, name TEXT NOT NULL, appearance TEXT, position INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS section_members(
        thread_id TEXT PRIMARY KEY, section_id TEXT NOT NULL, position REAL NOT NULL, entered_at INTEGER NOT NULL)
        WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS attachments(
        id TEXT PRIMARY KEY, thread_id TEXT NOT NULL, attachment_type TEXT NOT NULL, identity_key TEXT NOT NULL,
        payload TEXT NOT NULL, created_at INTEGER NOT NULL,
        UNIQUE(thread_id, attachment_type, identity_key)) WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS attachment_owners ON attachments(attachment_type, identity_key);
";

/// Why something can't be kept.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// A newer program has changed the tables.
    #[error("the index {} was written by a newer version of this program; it is left alone", .0.display())]
    Newer(PathBuf),
    /// The database refused.
    #[error("the index {path} can't be used: {source}", path = path.display())]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// Why.
        source: rusqlite::Error,
    },
    /// The file could not be set aside.
    #[error("the broken index {path} could not be set aside: {source}", path = path.display())]
    SetAside {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// The index of one home.
pub(crate) struct Index {
    path: PathBuf,
    open: Option<Open>,
    /// Why it can't be used, with the stamp of the file that was tried: it is tried again when that changes.
    refused: Option<(Option<Stamp>, String)>,
}

struct Open {
    db: Connection,
    /// The file that is open, to notice when another one lies in its place.
    identity: Option<(u64, u64)>,
}

impl Index {
    /// The index at `path`. Touches nothing.
    pub(crate) fn new(path: PathBuf) -> Self {
        Self {
            path,
            open: None,
            refused: None,
        }
    }

    /// Works with the database. Failures that come from a broken file are cured once by setting it aside.
    pub(crate) fn with<T>(
        &mut self,
        work: impl Fn(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, IndexError> {
        let db = self.connection()?;
        match work(db) {
            Ok(value) => Ok(value),
            Err(error) if is_broken(&error) => {
                self.set_aside()?;
                work(self.connection()?).map_err(|e| self.refused_by(e))
            }
            Err(error) => Err(self.refused_by(error)),
        }
    }

    /// Whether there is a database to ask.
    pub(crate) fn exists(&self) -> bool {
        self.open.is_some() || self.path.exists()
    }

    /// A row that is still true.
    pub(crate) fn row(&mut self, path: &Path, now: Stamp) -> Option<Row> {
        let key = path.to_str()?.to_owned();
        let found = self
            .with(|db| {
                db.prepare_cached("SELECT size, mtime_ms, inode, row FROM rows WHERE path = ?1")?
                    .query_row([&key], |r| {
                        let stamp = Stamp {
                            size: r.get::<_, i64>(0)?.cast_unsigned(),
                            mtime_ms: r.get(1)?,
                            inode: r.get::<_, i64>(2)?.cast_unsigned(),
                        };
                        Ok((stamp, r.get::<_, String>(3)?))
                    })
                    .optional()
            })
            .ok()??;
        let row: Row = serde_json::from_str(&found.1).ok()?;
        found.0.covers(now, row.preview.is_some()).then_some(row)
    }

    /// Keeps rows, if the database takes them.
    pub(crate) fn keep_rows(&mut self, rows: &[(PathBuf, Stamp, Row)]) {
        if rows.is_empty() {
            return;
        }
        let kept = self.with(|db| {
            let transaction = db.unchecked_transaction()?;
            {
                let mut insert =
                    transaction.prepare_cached("INSERT OR REPLACE INTO rows VALUES (?1, ?2, ?3, ?4, ?5)")?;
                for (path, stamp, row) in rows {
                    if let (Some(path), Ok(row)) = (path.to_str(), serde_json::to_string(row)) {
                        insert.execute(params![
                            path,
                            stamp.size.cast_signed(),
                            stamp.mtime_ms,
                            stamp.inode.cast_signed(),
                            row
                        ])?;
                    }
                }
            }
            transaction.commit()
        });
        if let Err(error) = kept {
            tracing::debug!(%error, "rows of lists were not kept");
        }
    }

    /// Where the turns of a file lay when it was last looked at.
    pub(crate) fn turn_map(&mut self, path: &Path) -> Option<TurnMap> {
        let key = path.to_str()?.to_owned();
        let map = self.with(|db| {
            db.prepare_cached("SELECT map FROM turn_maps WHERE path = ?1")?
                .query_row([&key], |r| r.get::<_, String>(0))
                .optional()
        });
        serde_json::from_str(&map.ok()??).ok()
    }

    /// How much of a file has been looked through for its turns, in bytes.
    pub(crate) fn mapped(&mut self, path: &Path) -> u64 {
        let Some(path) = path.to_str() else { return 0 };
        let end = self.with(|db| {
            db.prepare_cached("SELECT end FROM turn_maps WHERE path = ?1")?
                .query_row([path], |r| r.get::<_, i64>(0))
                .optional()
        });
        end.ok().flatten().map_or(0, i64::cast_unsigned)
    }

    /// Keeps where the turns of a file lie, if the database takes it.
    pub(crate) fn keep_turn_map(&mut self, path: &Path, map: &TurnMap) {
        let (Some(path), Ok(text)) = (path.to_str(), serde_json::to_string(map)) else {
            return;
        };
        let end = map.end().cast_signed();
        let kept = self.with(|db| {
            db.prepare_cached("INSERT OR REPLACE INTO turn_maps VALUES (?1, ?2, ?3)")?
                .execute(params![path, end, text])
        });
        if let Err(error) = kept {
            tracing::debug!(%error, "the places of turns were not kept");
        }
    }

    /// Paths of rows in their order, behind one.
    pub(crate) fn row_paths(&mut self, behind: &str, count: usize) -> Vec<String> {
        if !self.exists() {
            return Vec::new();
        }
        self.with(|db| {
            db.prepare_cached("SELECT path FROM rows WHERE path > ?1 ORDER BY path LIMIT ?2")?
                .query_map(params![behind, i64::try_from(count).unwrap_or(i64::MAX)], |r| {
                    r.get(0)
                })?
                .collect()
        })
        .unwrap_or_default()
    }

    /// Forgets what is known of a file that is gone.
    pub(crate) fn drop_row(&mut self, path: &Path) {
        if let Some(path) = path.to_str() {
            let _ = self.with(|db| {
                db.execute("DELETE FROM rows WHERE path = ?1", [path])?;
                db.execute("DELETE FROM turn_maps WHERE path = ?1", [path])
            });
        }
    }

    fn refused_by(&self, source: rusqlite::Error) -> IndexError {
        IndexError::Sqlite {
            path: self.path.clone(),
            source,
        }
    }

    /// The open database; opened again when another file lies in its place.
    fn connection(&mut self) -> Result<&Connection, IndexError> {
        let identity = identity(&self.path);
        if let Some(open) = &self.open
            && open.identity != identity
        {
            if identity.is_none() {
                // The file was deleted, but what it held is still open: it is written anew.
                let saved = self
                    .path
                    .to_str()
                    .is_some_and(|path| open.db.execute("VACUUM INTO ?1", [path]).is_ok());
                tracing::info!(saved, "the index was deleted");
            }
            self.open = None;
        }
        if self.open.is_none() {
            let stamp = Stamp::of(&self.path);
            if let Some((tried, why)) = &self.refused
                && *tried == stamp
            {
                return Err(IndexError::Sqlite {
                    path: self.path.clone(),
                    source: rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(14), Some(why.clone())),
                });
            }
            match self.try_open() {
                Ok(open) => {
                    self.refused = None;
                    self.open = Some(open);
                }
                Err(error) => {
                    tracing::warn!(%error, "working without the index");
                    self.refused = Some((Stamp::of(&self.path), error.to_string()));
                    return Err(error);
                }
            }
        }
        match &self.open {
            Some(open) => Ok(&open.db),
            None => Err(self.refused_by(rusqlite::Error::InvalidQuery)),
        }
    }

    fn try_open(&mut self) -> Result<Open, IndexError> {
        match open(&self.path) {
            Ok(open) => Ok(open),
            Err(IndexError::Sqlite { source, .. }) if is_broken(&source) => {
                self.set_aside()?;
                open(&self.path)
            }
            Err(other) => Err(other),
        }
    }

    /// Moves a broken file out of the way.
    fn set_aside(&mut self) -> Result<(), IndexError> {
        self.open = None;
        let aside = self
            .path
            .with_extension(format!("sqlite.broken-{}", crate::now_ms()));
        tracing::warn!(to = %aside.display(), "the index is broken; it is set aside and made anew");
        fs::rename(&self.path, &aside).map_err(|source| IndexError::SetAside {
            path: self.path.clone(),
            source,
        })?;
        for suffix in ["-wal", "-shm"] {
            let mut name = self.path.clone().into_os_string();
            name.push(suffix);
            let _ = fs::remove_file(name);
        }
        Ok(())
    }
}

fn open(path: &Path) -> Result<Open, IndexError> {
    let wrap = |source| IndexError::Sqlite {
        path: path.to_path_buf(),
        source,
    };
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(path, flags).map_err(wrap)?;
    db.busy_timeout(Duration::from_secs(2)).map_err(wrap)?;
    let version: i64 = db
        .query_row("PRAGMA user_version", [], |r| r.get(0))
        .map_err(wrap)?;
    if version > VERSION {
        return Err(IndexError::Newer(path.to_path_buf()));
    }
    // A read-only file still answers.
    if !db.is_readonly("main").map_err(wrap)? {
        db.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -1024;",
        )
        .map_err(wrap)?;
        if version < VERSION {
            db.execute_batch(SCHEMA).map_err(wrap)?;
            db.pragma_update(None, "user_version", VERSION).map_err(wrap)?;
        }
    }
    Ok(Open {
        db,
        identity: identity(path),
    })
}

fn identity(path: &Path) -> Option<(u64, u64)> {
    fs::metadata(path).ok().map(|meta| (meta.dev(), meta.ino()))
}

/// Whether the file itself is at fault.
fn is_broken(error: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
    let broken_code = error
        .sqlite_error_code()
        .is_some_and(|code| matches!(code, DatabaseCorrupt | NotADatabase));
    // Tables that are missing or of another shape: somebody else's database.
    broken_code
        || matches!(error, rusqlite::Error::SqliteFailure(_, Some(text))
            if text.contains("no such table") || text.contains("no such column"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(index: &mut Index) -> Result<i64, IndexError> {
        index.with(|db| db.query_row("SELECT count(*) FROM goals", [], |r| r.get(0)))
    }

    fn put(index: &mut Index) -> Result<usize, IndexError> {
        index.with(|db| db.execute("INSERT INTO goals VALUES ('a', '{}')", []))
    }

    #[test]
    fn garbage_is_set_aside() {
        let home = tempfile::tempdir().expect("a folder");
        let path = home.path().join("app-server-index.sqlite");
        fs::write(
            &path,
            "not a database, but long enough to be looked at as one".repeat(40),
        )
        .expect("writable");
        let mut index = Index::new(path);
        assert_eq!(count(&mut index).expect("made anew"), 0);
        let names: Vec<_> = fs::read_dir(home.path()).expect("readable").flatten().collect();
        assert!(
            names
                .iter()
                .any(|n| n.file_name().to_string_lossy().contains("broken"))
        );
    }

    #[test]
    fn a_newer_version_is_left_alone() {
        let home = tempfile::tempdir().expect("a folder");
        let path = home.path().join("app-server-index.sqlite");
        let db = Connection::open(&path).expect("a database");
        db.pragma_update(None, "user_version", VERSION + 1)
            .expect("writable");
        drop(db);
        let before = fs::read(&path).expect("readable");
        let mut index = Index::new(path.clone());
        assert!(count(&mut index).is_err());
        assert_eq!(fs::read(&path).expect("readable"), before);
        fs::remove_file(&path).expect("removable");
        assert_eq!(count(&mut index).expect("a new one"), 0);
    }

    #[test]
    fn what_users_gave_survives_a_deleted_file() {
        let home = tempfile::tempdir().expect("a folder");
        let path = home.path().join("app-server-index.sqlite");
        let mut index = Index::new(path.clone());
        put(&mut index).expect("kept");
        for suffix in ["", "-wal", "-shm"] {
            let _ = fs::remove_file(format!("{}{suffix}", path.display()));
        }
        assert_eq!(count(&mut index).expect("written anew"), 1);
    }

    #[test]
    fn garbage_under_an_open_index_is_set_aside() {
        let home = tempfile::tempdir().expect("a folder");
        let path = home.path().join("app-server-index.sqlite");
        let mut index = Index::new(path.clone());
        put(&mut index).expect("kept");
        let _ = fs::remove_file(format!("{}-wal", path.display()));
        fs::write(home.path().join("x"), "garbage ".repeat(4000)).expect("writable");
        fs::rename(home.path().join("x"), &path).expect("writable");
        assert_eq!(count(&mut index).expect("made anew"), 0);
    }
}
