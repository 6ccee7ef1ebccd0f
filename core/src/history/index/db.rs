//! `app-server-index.sqlite`: what was read from rollouts, so that it isn't read again.
//!
//! Every caller works without it. Tables that are missing or of another shape are made anew; a file that is damaged is
//! set aside, never overwritten; one of a newer version is left alone. Up to version 4 the file held what users made as
//! well: that is moved to [`crate::history::user_data`] before anything else is done to such a file.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, params};

use super::rows::{Row, Stamp};
use crate::history::database::{Database, DatabaseError, Tables, beside};
use crate::history::read::turn_index::TurnIndex;
use crate::history::user_data::UserData;

/// From this version on there is nothing in the file that users made.
pub(crate) const DERIVED_ONLY: i64 = 5;

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS rows(
        path TEXT PRIMARY KEY, size INTEGER NOT NULL, mtime_ms INTEGER NOT NULL, inode INTEGER NOT NULL,
        row TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS turn_maps(path TEXT PRIMARY KEY, end INTEGER NOT NULL, map TEXT NOT NULL) WITHOUT ROWID;
";

const DROP: &str = "DROP TABLE IF EXISTS rows; DROP TABLE IF EXISTS turn_maps;";

struct DerivedTables {
    /// Where what users made belongs.
    user_data: PathBuf,
    index: PathBuf,
}

impl Tables for DerivedTables {
    const VERSION: i64 = DERIVED_ONLY;
    /// It is quicker to read the files.
    const LOCK_WAIT: Duration = Duration::from_millis(500);
    const SYNCHRONOUS: &'static str = "NORMAL";

    fn found_old(&self, _version: i64) -> Result<(), DatabaseError> {
        let moved = UserData::new(self.user_data.clone(), self.index.clone()).open();
        match moved {
            Err(error @ DatabaseError::Busy(_)) => Err(error),
            Err(error) => {
                tracing::warn!(%error, "what users made stays in the index");
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    fn migrate(&self, db: &Connection, from: i64) -> rusqlite::Result<i64> {
        db.execute_batch(SCHEMA)?;
        // Only the one who has moved what users made gives an old file its new version.
        Ok(if from == 0 { Self::VERSION } else { from })
    }
}

/// The index of one home.
pub(crate) struct Index {
    db: Database<DerivedTables>,
}

impl Index {
    /// The index at `path`, beside the database of what users made. Touches nothing.
    pub(crate) fn new(path: PathBuf, user_data: PathBuf) -> Self {
        let tables = DerivedTables {
            user_data,
            index: path.clone(),
        };
        Self {
            db: Database::new(path, tables),
        }
    }

    fn read<T>(&mut self, work: impl Fn(&Connection) -> rusqlite::Result<T>) -> Result<T, DatabaseError> {
        self.cured(|db| db.read(|db| Ok(work(db)?)))
    }

    fn write<T>(&mut self, work: impl Fn(&Connection) -> rusqlite::Result<T>) -> Result<T, DatabaseError> {
        self.cured(|db| db.write(|db| Ok(work(db)?)))
    }

    /// Failures that come from the file are cured once.
    fn cured<T>(
        &mut self,
        work: impl Fn(&mut Database<DerivedTables>) -> Result<T, DatabaseError>,
    ) -> Result<T, DatabaseError> {
        if self.db.pauses() {
            return Err(DatabaseError::Busy(self.db.path().to_path_buf()));
        }
        match work(&mut self.db) {
            Err(DatabaseError::Misshapen { why, .. }) => {
                tracing::warn!(why, "the tables of the index are made anew");
                let made = self
                    .db
                    .write(|db| Ok(db.execute_batch(DROP).and_then(|()| db.execute_batch(SCHEMA))?));
                match made {
                    // Something else has the name of a table.
                    Err(DatabaseError::Misshapen { .. }) => self.set_aside()?,
                    other => other?,
                }
            }
            Err(DatabaseError::Damaged { .. }) => self.set_aside()?,
            other => return other,
        }
        work(&mut self.db)
    }

    /// Whether there is a database to ask.
    pub(crate) fn exists(&self) -> bool {
        self.db.exists()
    }

    /// A row that is still true.
    pub(crate) fn row(&mut self, path: &Path, now: Stamp) -> Option<Row> {
        let key = path.to_str()?;
        let found = self
            .read(|db| {
                db.prepare_cached("SELECT size, mtime_ms, inode, row FROM rows WHERE path = ?1")?
                    .query_row([key], |r| {
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
        (row.is_current() && found.0.covers(now, row.is_complete())).then_some(row)
    }

    /// Keeps rows, if the database takes them.
    pub(crate) fn keep_rows(&mut self, rows: &[(PathBuf, Stamp, Row)]) {
        if rows.is_empty() {
            return;
        }
        let kept = self.write(|db| {
            let mut insert = db.prepare_cached("INSERT OR REPLACE INTO rows VALUES (?1, ?2, ?3, ?4, ?5)")?;
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
            Ok(())
        });
        if let Err(error) = kept {
            tracing::debug!(%error, "rows of lists were not kept");
        }
    }

    /// Where the turns of a file lay when it was last looked at.
    pub(crate) fn turn_index(&mut self, path: &Path) -> Option<TurnIndex> {
        let key = path.to_str()?;
        let map = self.read(|db| {
            db.prepare_cached("SELECT map FROM turn_maps WHERE path = ?1")?
                .query_row([key], |r| r.get::<_, String>(0))
                .optional()
        });
        serde_json::from_str(&map.ok()??).ok()
    }

    /// How much of a file has been looked through for its turns, in bytes.
    pub(crate) fn mapped(&mut self, path: &Path) -> u64 {
        let Some(path) = path.to_str() else { return 0 };
        let end = self.read(|db| {
            db.prepare_cached("SELECT end FROM turn_maps WHERE path = ?1")?
                .query_row([path], |r| r.get::<_, i64>(0))
                .optional()
        });
        end.ok().flatten().map_or(0, i64::cast_unsigned)
    }

    /// Keeps where the turns of a file lie, if the database takes it.
    pub(crate) fn keep_turn_index(&mut self, path: &Path, map: &TurnIndex) {
        let (Some(path), Ok(text)) = (path.to_str(), serde_json::to_string(map)) else {
            return;
        };
        let end = map.end().cast_signed();
        let kept = self.write(|db| {
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
        self.read(|db| {
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
            let _ = self.write(|db| {
                db.execute("DELETE FROM rows WHERE path = ?1", [path])?;
                db.execute("DELETE FROM turn_maps WHERE path = ?1", [path])
            });
        }
    }

    /// Moves a damaged file out of the way with all that belongs to it: what an old one holds may still be rescued.
    fn set_aside(&mut self) -> Result<(), DatabaseError> {
        self.db.close();
        let path = self.db.path();
        let aside = path.with_extension(format!("sqlite.broken-{}", crate::now_ms()));
        tracing::warn!(to = %aside.display(), "the index is damaged; it is set aside and made anew");
        for suffix in ["-wal", "-shm", ""] {
            match fs::rename(beside(path, suffix), beside(&aside, suffix)) {
                // Another process was quicker, or there is none.
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(DatabaseError::Failed {
                        path: path.to_path_buf(),
                        why: format!("it is damaged and can't be set aside: {error}"),
                    });
                }
                _ => {}
            }
        }
        Ok(())
    }
}
