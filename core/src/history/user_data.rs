//! `app-server-data.sqlite`: what users made and no other file holds. Goals, queued messages, sections, projects,
//! attachments, read marks, changed metadata, and threads that had no turn yet.
//!
//! The file is never set aside or overwritten: where it is damaged, or of a newer version, every use says so. What an
//! index of an older version holds of all this is taken over once.

use std::fs::{self, OpenOptions};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags, params_from_iter};

use super::database::{
    Database, DatabaseError, Fault, Tables, beside, connect, fault, immediate, set_user_version, user_version,
};
use crate::history::index::db::DERIVED_ONLY;
use crate::sys::files::owner_only;

const VERSION: i64 = 1;

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS patches(thread_id TEXT PRIMARY KEY, patch TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS goals(thread_id TEXT PRIMARY KEY, goal TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS queued(
        thread_id TEXT NOT NULL, id TEXT NOT NULL, position INTEGER NOT NULL, submission TEXT NOT NULL,
        PRIMARY KEY(thread_id, id)) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS dequeued(
        thread_id TEXT NOT NULL, id TEXT NOT NULL, position INTEGER NOT NULL, submission TEXT NOT NULL,
        PRIMARY KEY(thread_id, id)) WITHOUT ROWID;
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
    CREATE TABLE IF NOT EXISTS projects(
        id TEXT PRIMARY KEY, name TEXT NOT NULL, roots TEXT NOT NULL, metadata TEXT NOT NULL,
        created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, position INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS project_keys(key TEXT PRIMARY KEY, project_id TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS project_members(thread_id TEXT PRIMARY KEY, project_id TEXT NOT NULL) WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS members_of_projects ON project_members(project_id);
    CREATE TABLE IF NOT EXISTS unstarted(
        thread_id TEXT PRIMARY KEY, kept_at INTEGER NOT NULL, thread TEXT NOT NULL) WITHOUT ROWID;
";

/// Tables that an old index may hold, with their columns.
const MOVED: [(&str, &[&str]); 6] = [
    ("patches", &["thread_id", "patch"]),
    ("goals", &["thread_id", "goal"]),
    ("unread", &["thread_id", "from_start", "turn_id", "revision"]),
    ("sections", &["id", "name", "appearance", "position"]),
    (
        "section_members",
        &["thread_id", "section_id", "position", "entered_at"],
    ),
    (
        "attachments",
        &[
            "id",
            "thread_id",
            "attachment_type",
            "identity_key",
            "payload",
            "created_at",
        ],
    ),
];

/// Tables with rows of a thread.
const OF_THREADS: [&str; 9] = [
    "patches",
    "goals",
    "queued",
    "dequeued",
    "unread",
    "section_members",
    "project_members",
    "attachments",
    "unstarted",
];

struct UserTables {
    /// The index, which may be an old one.
    index: PathBuf,
}

impl Tables for UserTables {
    const VERSION: i64 = VERSION;
    const LOCK_WAIT: Duration = Duration::from_secs(2);
    const SYNCHRONOUS: &'static str = "FULL";

    fn migrate(&self, db: &Connection, _from: i64) -> rusqlite::Result<i64> {
        db.execute_batch(SCHEMA)?;
        Ok(VERSION)
    }

    fn opened(&self, db: &Connection) -> Result<(), DatabaseError> {
        match take_over(db, &self.index) {
            Err(error @ DatabaseError::Busy(_)) => Err(error),
            Err(error) => {
                tracing::warn!(%error, "what users made could not be taken over from the index; it stays there");
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    /// What it held is still open: it is written anew.
    fn vanished(&self, db: &Connection, path: &Path) -> Result<(), DatabaseError> {
        let failed = |error: std::io::Error| DatabaseError::Failed {
            path: path.to_path_buf(),
            why: format!("it was deleted and can't be written anew: {error}"),
        };
        let new_file = |path: &Path| {
            let mut options = OpenOptions::new();
            options.write(true).create(true).truncate(false);
            owner_only(&mut options).open(path)
        };
        // Of several processes one does it.
        let lock = new_file(&beside(path, ".lock")).map_err(failed)?;
        lock.lock().map_err(failed)?;
        if path.exists() {
            return Ok(());
        }
        let draft = beside(path, ".new");
        new_file(&draft)
            .and_then(|file| file.set_len(0))
            .map_err(failed)?;
        db.execute("VACUUM INTO ?1", [&*draft.to_string_lossy()])
            .map_err(|error| fault(path, &error))?;
        // What is left of the deleted file's log must not be taken for the new one's.
        for suffix in ["-wal", "-shm"] {
            let _ = fs::remove_file(beside(path, suffix));
        }
        fs::rename(&draft, path).map_err(failed)?;
        tracing::warn!(path = %path.display(), "a database was deleted while it was open; it was written anew");
        Ok(())
    }
}

/// What users made in one home.
pub(crate) struct UserData {
    db: Database<UserTables>,
    index: PathBuf,
}

impl UserData {
    /// The database at `path`, beside the index. Touches nothing.
    pub(crate) fn new(path: PathBuf, index: PathBuf) -> Self {
        let tables = UserTables { index: index.clone() };
        Self {
            db: Database::new(path, tables),
            index,
        }
    }

    /// Opens the file, and takes over what an old index holds.
    pub(crate) fn open(&mut self) -> Result<(), DatabaseError> {
        self.db.read(|_| Ok(()))
    }

    /// Whether there may be something.
    fn exists(&self) -> bool {
        self.db.exists() || self.index.exists()
    }

    /// Reads; nothing is found where there is no file, and none is made then.
    pub(crate) fn read<T: Default>(
        &mut self,
        work: impl Fn(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, DatabaseError> {
        if !self.exists() {
            return Ok(T::default());
        }
        self.mended(|db| db.read(|db| Ok(work(db)?)))
    }

    /// As [`UserData::read`], for what is shown beside something else, and left out where it can't be had.
    pub(crate) fn glance<T: Default>(&mut self, work: impl Fn(&Connection) -> rusqlite::Result<T>) -> T {
        if self.db.pauses() {
            return T::default();
        }
        self.read(work).unwrap_or_else(|error| {
            tracing::debug!(%error, "what users made is left out");
            T::default()
        })
    }

    /// Changes something: all of it or, where `work` fails, nothing. Nobody else writes meanwhile.
    pub(crate) fn write<T>(
        &mut self,
        work: impl Fn(&Connection) -> Result<T, Fault>,
    ) -> Result<T, DatabaseError> {
        self.mended(|db| db.write(&work))
    }

    /// As [`UserData::write`]; where there is no file, there is nothing to remove, and none is made.
    pub(crate) fn remove<T: Default>(
        &mut self,
        work: impl Fn(&Connection) -> Result<T, Fault>,
    ) -> Result<T, DatabaseError> {
        if !self.exists() {
            return Ok(T::default());
        }
        self.write(work)
    }

    /// A table that is missing is made, and the others stay as they are.
    fn mended<T>(
        &mut self,
        work: impl Fn(&mut Database<UserTables>) -> Result<T, DatabaseError>,
    ) -> Result<T, DatabaseError> {
        match work(&mut self.db) {
            Err(DatabaseError::Misshapen { .. }) => {
                self.db.write(|db| Ok(db.execute_batch(SCHEMA)?))?;
                work(&mut self.db)
            }
            other => other,
        }
    }
}

/// Removes everything that was made for a thread.
pub(crate) fn forget_thread(db: &Connection, thread: &str) -> rusqlite::Result<()> {
    for table in OF_THREADS {
        db.execute(&format!("DELETE FROM {table} WHERE thread_id = ?1"), [thread])?;
    }
    Ok(())
}

/// Copies what users made from an index of an older version, and gives the index a version that says so. Of several
/// processes one does it. What was made since wins.
fn take_over(data: &Connection, index: &Path) -> Result<(), DatabaseError> {
    if !index.is_file() || data.is_readonly("main").map_err(|e| fault(index, &e))? {
        return Ok(());
    }
    let wrap = |error: rusqlite::Error| fault(index, &error);
    let old = connect(index, UserTables::LOCK_WAIT, OpenFlags::empty()).map_err(wrap)?;
    if !is_old(&old).map_err(wrap)? {
        return Ok(());
    }
    let copy = immediate(data).map_err(wrap)?;
    let marked = if old.is_readonly("main").map_err(wrap)? {
        None
    } else {
        Some(immediate(&old).map_err(wrap)?)
    };
    if !is_old(&old).map_err(wrap)? || (marked.is_none() && !is_empty(&copy).map_err(wrap)?) {
        return Ok(());
    }
    let mut whole = true;
    for (table, columns) in MOVED {
        match copy_rows(&old, &copy, table, columns) {
            Ok(0) => {}
            Ok(rows) => tracing::info!(table, rows, "taken over from the index"),
            Err(error) => match fault(index, &error) {
                // An index that never had the table.
                DatabaseError::Misshapen { .. } => {}
                DatabaseError::Damaged { .. } => {
                    tracing::warn!(table, %error, "a part of what users made can't be read from the index");
                    whole = false;
                }
                other => return Err(other),
            },
        }
    }
    copy.commit().map_err(wrap)?;
    if let Some(marked) = marked {
        // What can't be read stays where it is. What was copied is removed, so that an older program that still runs
        // doesn't go on with it unseen.
        let moved = MOVED.iter().filter(|_| whole);
        for (table, _) in moved {
            marked
                .execute_batch(&format!("DROP TABLE IF EXISTS {table}"))
                .map_err(wrap)?;
        }
        set_user_version(&marked, DERIVED_ONLY).map_err(wrap)?;
        marked.commit().map_err(wrap)?;
    }
    Ok(())
}

fn is_old(index: &Connection) -> rusqlite::Result<bool> {
    Ok((1..DERIVED_ONLY).contains(&user_version(index)?))
}

fn is_empty(data: &Connection) -> rusqlite::Result<bool> {
    for (table, _) in MOVED {
        let some = data.query_row(&format!("SELECT EXISTS(SELECT 1 FROM {table})"), [], |r| r.get(0))?;
        if some {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Copies as many rows as can be read. Gives how many they are.
fn copy_rows(from: &Connection, to: &Connection, table: &str, columns: &[&str]) -> rusqlite::Result<usize> {
    let names = columns.join(", ");
    let marks = vec!["?"; columns.len()].join(", ");
    let mut select = from.prepare(&format!("SELECT {names} FROM {table}"))?;
    let mut insert = to.prepare(&format!(
        "INSERT OR IGNORE INTO {table}({names}) VALUES ({marks})"
    ))?;
    let mut rows = select.query([])?;
    let mut copied = 0;
    while let Some(row) = rows.next()? {
        let values = (0..columns.len())
            .map(|column| row.get::<_, Value>(column))
            .collect::<rusqlite::Result<Vec<_>>>()?;
        copied += insert.execute(params_from_iter(values))?;
    }
    Ok(copied)
}
