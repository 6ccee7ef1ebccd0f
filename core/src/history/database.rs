//! An SQLite file: opened when it is first needed, and again when another file lies in its place.
//!
//! Only refusals that last are remembered, as long as the file stays what it is: one of a newer version, or one that is
//! no database. What may pass (a lock, an error of the disk, a full disk) is an error of that one use.

use std::fs::{self, OpenOptions};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior};

use crate::history::index::rows::Stamp;
use crate::history::private::create_folders;
use crate::sys::files::{self, FileId};
use crate::{DatabaseProblem, Error};

/// After a lock was waited for in vain, lookups that can do without an answer are not tried for this long: each of them
/// might wait again.
const PAUSE: Duration = Duration::from_secs(2);
/// Between two tries to open a file that another process is just making.
const OPEN_AGAIN: Duration = Duration::from_millis(20);

/// The tables of a file.
pub(crate) trait Tables {
    /// Raised when tables change in a way that older programs can't live with.
    const VERSION: i64;
    /// How long to wait for a lock.
    const LOCK_WAIT: Duration;
    /// `FULL`: what was committed survives a power failure. `NORMAL`: it survives the end of the process.
    const SYNCHRONOUS: &'static str;

    /// Called with a file that older programs wrote, before its tables are changed.
    fn found_old(&self, _version: i64) -> Result<(), DatabaseError> {
        Ok(())
    }

    /// Makes the tables, or brings those of version `from` up to date. Nobody else writes meanwhile. Gives the version
    /// that the file has then.
    fn migrate(&self, db: &Connection, from: i64) -> rusqlite::Result<i64>;

    /// Called when the file has been opened and its tables are up to date.
    fn opened(&self, _db: &Connection) -> Result<(), DatabaseError> {
        Ok(())
    }

    /// Called when the file that is open was deleted.
    fn vanished(&self, _db: &Connection, _path: &Path) -> Result<(), DatabaseError> {
        Ok(())
    }
}

/// Why a database did not do what was asked.
#[derive(Debug, Clone, thiserror::Error)]
pub enum DatabaseError {
    /// A newer program has changed the tables.
    #[error(
        "the database {} was written by a newer version of this program and is left alone; use that version, or move \
         the file away together with those whose names begin like it",
        .0.display()
    )]
    Newer(PathBuf),
    /// The file is no database, or parts of it are unreadable.
    #[error(
        "the database {path} is damaged and was not changed ({why}); restore a backup, or move it away together with \
         the files whose names begin like it",
        path = path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// SQLite's words.
        why: String,
    },
    /// The tables are not those that this version knows.
    #[error("the database {path} does not have the expected tables ({why}); restore a backup", path = path.display())]
    Misshapen {
        /// The file.
        path: PathBuf,
        /// SQLite's words.
        why: String,
    },
    /// Another process holds a lock.
    #[error("the database {} is in use by another process; try again", .0.display())]
    Busy(PathBuf),
    /// No space is left.
    #[error("the database {} can't be written: the disk is full; free some space and try again", .0.display())]
    Full(PathBuf),
    /// The file can't be opened, read or written.
    #[error("the database {path} cannot be used: {why}; try again once that is fixed", path = path.display())]
    Failed {
        /// The file.
        path: PathBuf,
        /// SQLite's words.
        why: String,
    },
    /// The database would do it, but it makes no sense.
    #[error(transparent)]
    Refused(Error),
}

impl DatabaseError {
    fn new(path: &Path, error: &rusqlite::Error) -> Self {
        let path = path.to_path_buf();
        let (code, why) = match error {
            rusqlite::Error::SqliteFailure(failure, text) => {
                (failure.code, text.clone().unwrap_or_else(|| failure.to_string()))
            }
            rusqlite::Error::SqlInputError { error, msg, .. } => (error.code, msg.clone()),
            // Values of other types than were written.
            other => (ErrorCode::Unknown, other.to_string()),
        };
        match code {
            ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => Self::Damaged { path, why },
            // Our statements are right for our tables.
            ErrorCode::Unknown | ErrorCode::ConstraintViolation | ErrorCode::TypeMismatch => {
                Self::Misshapen { path, why }
            }
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Self::Busy(path),
            ErrorCode::DiskFull => Self::Full(path),
            _ => Self::Failed { path, why },
        }
    }

    fn problem(&self) -> DatabaseProblem {
        match self {
            Self::Newer(_) => DatabaseProblem::Newer,
            Self::Damaged { .. } => DatabaseProblem::Damaged,
            Self::Misshapen { .. } => DatabaseProblem::Misshapen,
            Self::Busy(_) => DatabaseProblem::Busy,
            Self::Full(_) => DatabaseProblem::Full,
            Self::Failed { .. } | Self::Refused(_) => DatabaseProblem::Failed,
        }
    }

    /// Whether it stays so until somebody changes the file.
    pub(crate) fn is_permanent(&self) -> bool {
        matches!(
            self,
            Self::Newer(_) | Self::Damaged { .. } | Self::Misshapen { .. }
        )
    }
}

impl From<DatabaseError> for Error {
    fn from(error: DatabaseError) -> Self {
        match error {
            DatabaseError::Refused(error) => error,
            other => Self::Database {
                problem: other.problem(),
                message: other.to_string(),
            },
        }
    }
}

/// Why work with an open database ended early.
pub(crate) enum Fault {
    /// A newer program has changed the tables meanwhile.
    Newer,
    Sqlite(rusqlite::Error),
    /// It makes no sense: nothing is changed.
    Refused(Error),
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Refused(error)
    }
}

/// See the module.
pub(crate) struct Database<T> {
    path: PathBuf,
    tables: T,
    open: Option<Open>,
    /// Why it can't be used, with the stamp of the file that was tried.
    refused: Option<(Option<Stamp>, DatabaseError)>,
    /// When a lock was waited for in vain.
    locked: Option<Instant>,
}

struct Open {
    db: Connection,
    /// The file that is open, to notice when another one lies in its place.
    identity: Option<FileId>,
}

impl<T: Tables> Database<T> {
    /// The database at `path`. Touches nothing.
    pub(crate) fn new(path: PathBuf, tables: T) -> Self {
        Self {
            path,
            tables,
            open: None,
            refused: None,
            locked: None,
        }
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether there is a file to ask.
    pub(crate) fn exists(&self) -> bool {
        self.open.is_some() || self.path.exists()
    }

    /// Whether a lock was waited for in vain a moment ago.
    pub(crate) fn pauses(&self) -> bool {
        self.locked.is_some_and(|at| at.elapsed() < PAUSE)
    }

    /// Reads.
    pub(crate) fn read<R>(
        &mut self,
        work: impl FnOnce(&Connection) -> Result<R, Fault>,
    ) -> Result<R, DatabaseError> {
        let db = self.connection()?;
        let done = check_version::<T>(db).and_then(|()| work(db));
        self.done(done)
    }

    /// Changes something: all of it or, where `work` fails, nothing. Nobody else writes meanwhile.
    pub(crate) fn write<R>(
        &mut self,
        work: impl FnOnce(&Connection) -> Result<R, Fault>,
    ) -> Result<R, DatabaseError> {
        let db = self.connection()?;
        let all = || {
            let transaction = immediate(db)?;
            check_version::<T>(&transaction)?;
            let done = work(&transaction)?;
            transaction.commit()?;
            Ok(done)
        };
        let done = all();
        self.done(done)
    }

    /// Lets go of the file.
    pub(crate) fn close(&mut self) {
        self.open = None;
    }

    fn done<R>(&mut self, done: Result<R, Fault>) -> Result<R, DatabaseError> {
        let error = match done {
            Ok(value) => {
                self.locked = None;
                return Ok(value);
            }
            Err(Fault::Refused(error)) => return Err(DatabaseError::Refused(error)),
            Err(Fault::Newer) => {
                self.open = None;
                let error = DatabaseError::Newer(self.path.clone());
                self.refuse(&error);
                error
            }
            Err(Fault::Sqlite(error)) => DatabaseError::new(&self.path, &error),
        };
        if matches!(error, DatabaseError::Busy(_)) {
            self.locked = Some(Instant::now());
        }
        if matches!(error, DatabaseError::Failed { .. }) {
            // The disk may have gone and come back.
            self.open = None;
        }
        Err(error)
    }

    fn refuse(&mut self, error: &DatabaseError) {
        tracing::warn!("{error}");
        self.refused = Some((Stamp::of(&self.path), error.clone()));
    }

    /// The open database; opened again when another file lies in its place.
    fn connection(&mut self) -> Result<&Connection, DatabaseError> {
        let identity = identity(&self.path);
        if let Some(open) = &self.open
            && open.identity != identity
        {
            if identity.is_none() {
                self.tables.vanished(&open.db, &self.path)?;
            }
            self.open = None;
        }
        let open = match self.open.take() {
            Some(open) => open,
            None => self.open_file()?,
        };
        Ok(&self.open.insert(open).db)
    }

    fn open_file(&mut self) -> Result<Open, DatabaseError> {
        if let Some((tried, why)) = &self.refused
            && *tried == Stamp::of(&self.path)
        {
            return Err(why.clone());
        }
        // A file that two processes make at the same time is locked at moments when SQLite doesn't wait.
        let deadline = Instant::now() + T::LOCK_WAIT;
        let opened = loop {
            match self.try_open() {
                Err(DatabaseError::Busy(_)) if Instant::now() < deadline => std::thread::sleep(OPEN_AGAIN),
                other => break other,
            }
        };
        match &opened {
            Ok(_) => (self.refused, self.locked) = (None, None),
            Err(error) if error.is_permanent() => self.refuse(error),
            Err(DatabaseError::Busy(_)) => self.locked = Some(Instant::now()),
            Err(_) => {}
        }
        opened
    }

    fn try_open(&self) -> Result<Open, DatabaseError> {
        let path = &self.path;
        let wrap = |error: rusqlite::Error| DatabaseError::new(path, &error);
        if let Some(folder) = path.parent() {
            create_folders(folder).map_err(|error| DatabaseError::Failed {
                path: path.clone(),
                why: error.to_string(),
            })?;
        }
        make_private(path);
        let db = connect(path, T::LOCK_WAIT, OpenFlags::SQLITE_OPEN_CREATE).map_err(wrap)?;
        let version = user_version(&db).map_err(wrap)?;
        if version > T::VERSION {
            return Err(DatabaseError::Newer(path.clone()));
        }
        if version > 0 && version < T::VERSION {
            self.tables.found_old(version)?;
        }
        // A read-only file still answers.
        if !db.is_readonly("main").map_err(wrap)? {
            db.execute_batch(&format!(
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = {}; PRAGMA cache_size = -1024;",
                T::SYNCHRONOUS
            ))
            .map_err(wrap)?;
            if version < T::VERSION {
                self.bring_up_to_date(&db)?;
            }
        }
        self.tables.opened(&db)?;
        Ok(Open {
            db,
            identity: identity(path),
        })
    }

    /// Another process may be doing the same: whoever comes second finds it done.
    fn bring_up_to_date(&self, db: &Connection) -> Result<(), DatabaseError> {
        let wrap = |error: rusqlite::Error| DatabaseError::new(&self.path, &error);
        let transaction = immediate(db).map_err(wrap)?;
        let from = user_version(&transaction).map_err(wrap)?;
        if from > T::VERSION {
            return Err(DatabaseError::Newer(self.path.clone()));
        }
        if from < T::VERSION {
            let version = self.tables.migrate(&transaction, from).map_err(wrap)?;
            set_user_version(&transaction, version).map_err(wrap)?;
        }
        transaction.commit().map_err(wrap)
    }
}

/// Opens a file for reading and writing.
pub(crate) fn connect(path: &Path, lock_wait: Duration, more: OpenFlags) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | more;
    let db = Connection::open_with_flags(path, flags)?;
    db.busy_timeout(lock_wait)?;
    Ok(db)
}

/// A transaction that nobody else writes beside.
pub(crate) fn immediate(db: &Connection) -> rusqlite::Result<Transaction<'_>> {
    Transaction::new_unchecked(db, TransactionBehavior::Immediate)
}

/// The version of a file's tables.
pub(crate) fn user_version(db: &Connection) -> rusqlite::Result<i64> {
    db.prepare_cached("PRAGMA user_version")?
        .query_row([], |r| r.get(0))
}

/// Sets the version of a file's tables.
pub(crate) fn set_user_version(db: &Connection, version: i64) -> rusqlite::Result<()> {
    db.pragma_update(None, "user_version", version)
}

/// Tells what a failure means.
pub(crate) fn fault(path: &Path, error: &rusqlite::Error) -> DatabaseError {
    DatabaseError::new(path, error)
}

/// A newer program may have come while the file was open.
fn check_version<T: Tables>(db: &Connection) -> Result<(), Fault> {
    if user_version(db)? > T::VERSION {
        return Err(Fault::Newer);
    }
    Ok(())
}

/// Sees to it that nobody but the user reads the file: what SQLite puts beside it gets the same mode. What can't be
/// done is told by the opening that follows.
fn make_private(path: &Path) {
    if let Some(folder) = path.parent()
        && !folder.exists()
    {
        let _ = files::owner_only_folders().recursive(true).create(folder);
    }
    let made = files::owner_only(OpenOptions::new().write(true).create_new(true)).open(path);
    if made.is_ok() {
        return;
    }
    for suffix in ["", "-wal", "-shm"] {
        files::hide_from_others(&beside(path, suffix));
    }
}

/// A file that belongs to the database.
pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.to_path_buf().into_os_string();
    name.push(suffix);
    name.into()
}

fn identity(path: &Path) -> Option<FileId> {
    fs::metadata(path).ok().map(|meta| files::file_id(&meta))
}
