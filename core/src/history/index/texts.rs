//! `app-server-search.sqlite`: in which rollouts a term may occur, so that a search need not read all of them.
//!
//! Derived from the files, and never more than a filter: what it names is read. It holds hashes of runs of characters
//! (see [`super::grams`]) and no text. A full-text table without content of its own (FTS5, `content=''`) keeps which
//! documents have which; a document is a stretch of a file with up to [`DOCUMENT`] bytes of text. What lists ask for is
//! in another one (see [`super::titles`]). A damaged file is
//! removed and made anew, one of a newer version is left alone, and one that has reached [`LARGEST`] takes nothing more.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, params};

use super::rows::Stamp;
use super::titles::{self, TitleQuery};
use crate::ThreadId;
use crate::history::database::{Database, DatabaseError, Tables, beside};

/// Text of a document, in bytes.
pub(crate) const DOCUMENT: usize = 256 << 10;
/// Size of the database from which on it takes nothing more, in bytes.
const LARGEST: i64 = 512 << 20;
/// Documents of a file, as many as their numbers have room for.
const DOCUMENTS: i64 = 1 << 16;
/// Files that may hold a term; where there are more, a search soon finds enough by reading.
const MANY: usize = 16 << 10;

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS generation(id INTEGER NOT NULL);
    DELETE FROM generation;
    INSERT INTO generation VALUES (random());
    CREATE TABLE IF NOT EXISTS files(
        id INTEGER PRIMARY KEY AUTOINCREMENT, path TEXT NOT NULL UNIQUE, thread TEXT NOT NULL, size INTEGER NOT NULL,
        mtime_ms INTEGER NOT NULL, inode INTEGER NOT NULL, end INTEGER NOT NULL, ranges INTEGER NOT NULL,
        tail INTEGER NOT NULL);
    CREATE TABLE IF NOT EXISTS documents(
        id INTEGER PRIMARY KEY, start INTEGER NOT NULL, end INTEGER NOT NULL, weight INTEGER NOT NULL);
    CREATE VIRTUAL TABLE IF NOT EXISTS grams USING fts5(
        words, content='', contentless_delete=1, detail=none, tokenize='ascii');
";

struct TextTables;

impl Tables for TextTables {
    /// 2: what counts as the same character is another than in 1. 3: titles and folders. 4: goals.
    const VERSION: i64 = 4;
    /// It is quicker to read the files.
    const LOCK_WAIT: Duration = Duration::from_millis(250);
    const SYNCHRONOUS: &'static str = "NORMAL";

    fn migrate(&self, db: &Connection, from: i64) -> rusqlite::Result<i64> {
        if from > 0 {
            // Made anew from the files.
            db.execute_batch(
                "DROP TABLE IF EXISTS grams; DROP TABLE IF EXISTS titles; DROP TABLE IF EXISTS documents;
                 DROP TABLE IF EXISTS files;",
            )?;
        }
        db.execute_batch(SCHEMA)?;
        db.execute_batch(titles::SCHEMA)?;
        Ok(Self::VERSION)
    }
}

/// The index of texts of one home.
pub(crate) struct TextIndex {
    db: Database<TextTables>,
}

/// What is known of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct IndexedFile {
    pub(crate) id: i64,
    /// The file as it was when it was indexed.
    pub(crate) stamp: Stamp,
    /// Documents cover its lines up to here.
    pub(crate) end: u64,
    /// Hash of what lies before that.
    pub(crate) tail: i64,
    /// Its documents say where in the file they are. Else they say that they are somewhere in its history.
    pub(crate) ranges: bool,
    /// Its last document.
    pub(crate) last: Option<Document>,
}

/// A stretch of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Document {
    pub(crate) id: i64,
    pub(crate) start: u64,
    pub(crate) end: u64,
    /// Bytes of its text.
    pub(crate) weight: u64,
}

/// A document to be added.
#[derive(Debug, Default)]
pub(crate) struct NewDocument {
    pub(crate) start: u64,
    pub(crate) end: u64,
    pub(crate) weight: u64,
    pub(crate) words: String,
}

/// What has been read of a file.
pub(crate) struct Indexed<'a> {
    pub(crate) path: &'a Path,
    pub(crate) thread: ThreadId,
    /// What was known before, if that stays but for its last document.
    pub(crate) kept: Option<IndexedFile>,
    pub(crate) stamp: Stamp,
    pub(crate) end: u64,
    pub(crate) tail: i64,
    pub(crate) ranges: bool,
    /// What lists may ask for.
    pub(crate) title_words: String,
    pub(crate) documents: Vec<NewDocument>,
}

/// Which database answered: it may be deleted, and made anew, at any time.
pub(crate) type Generation = i64;

/// Some of what a database knows.
#[derive(Debug, Default)]
pub(crate) struct KnownFiles {
    pub(crate) generation: Option<Generation>,
    /// Path of each file, and the modification time for which it is covered.
    pub(crate) files: Vec<(String, i64)>,
}

/// Where a term may occur.
#[derive(Debug, Default)]
pub(crate) struct TextMatches {
    pub(crate) generation: Generation,
    pub(crate) threads: HashSet<ThreadId>,
    /// Documents, in the order of their numbers.
    documents: Vec<i64>,
}

impl TextIndex {
    /// The index at `path`. Touches nothing.
    pub(crate) fn new(path: PathBuf) -> Self {
        Self {
            db: Database::new(path, TextTables),
        }
    }

    /// Whether there is a database to ask.
    pub(crate) fn exists(&self) -> bool {
        self.db.exists()
    }

    /// Files that are known, in the order of their paths, behind one.
    pub(crate) fn files(&mut self, behind: &str, count: usize) -> Result<KnownFiles, DatabaseError> {
        if !self.exists() {
            return Ok(KnownFiles::default());
        }
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        self.read(|db| {
            let files = db
                .prepare_cached("SELECT path, mtime_ms FROM files WHERE path > ?1 ORDER BY path LIMIT ?2")?
                .query_map(params![behind, count], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect::<rusqlite::Result<_>>()?;
            Ok(KnownFiles {
                generation: Some(generation(db)?),
                files,
            })
        })
    }

    /// What is known of a file.
    pub(crate) fn file(&mut self, path: &Path) -> Option<IndexedFile> {
        let path = path.to_str()?;
        if !self.exists() {
            return None;
        }
        self.read(|db| file(db, path)).ok().flatten()
    }

    /// Where all of these words are; `None`: in so many files that it says little.
    pub(crate) fn matches(&mut self, words: &str) -> Result<Option<TextMatches>, DatabaseError> {
        self.read(|db| {
            let documents = db
                .prepare_cached("SELECT rowid FROM grams WHERE grams MATCH ?1 ORDER BY rowid")?
                .query_map([words], |row| row.get(0))?
                .collect::<rusqlite::Result<Vec<i64>>>()?;
            let mut found = TextMatches {
                generation: generation(db)?,
                documents,
                threads: HashSet::new(),
            };
            let mut files: Vec<i64> = found.documents.iter().map(|id| id / DOCUMENTS).collect();
            files.dedup();
            if files.len() > MANY {
                return Ok(None);
            }
            let mut thread = db.prepare_cached("SELECT thread FROM files WHERE id = ?1")?;
            for file in files {
                let id: Option<String> = thread.query_row([file], |row| row.get(0)).optional()?;
                found
                    .threads
                    .extend(id.and_then(|id| id.parse::<ThreadId>().ok()));
            }
            Ok(Some(found))
        })
    }

    /// Threads whose title and folder may fit, of files that are known; `None`: so many that it says little.
    pub(crate) fn titled(
        &mut self,
        query: &TitleQuery,
    ) -> Result<Option<(Generation, Vec<ThreadId>)>, DatabaseError> {
        self.read(|db| {
            let Some(threads) = titles::matching(db, query, MANY)? else {
                return Ok(None);
            };
            let ids = threads.iter().filter_map(|id| id.parse().ok());
            Ok(Some((generation(db)?, ids.collect())))
        })
    }

    /// Stretches of a file that are among the matches, first to last; `None`: it has been indexed anew meanwhile.
    pub(crate) fn stretches(&mut self, file: &IndexedFile, matches: &TextMatches) -> Option<Vec<(u64, u64)>> {
        let from = matches.documents.partition_point(|id| *id < file.id * DOCUMENTS);
        let until = matches
            .documents
            .partition_point(|id| *id < (file.id + 1) * DOCUMENTS);
        let of_file = &matches.documents[from..until];
        self.read(|db| {
            let mut document =
                db.prepare_cached("SELECT id, start, end, weight FROM documents WHERE id = ?1")?;
            let mut found = Vec::with_capacity(of_file.len());
            for id in of_file {
                let Some(document) = document.query_row([id], read_document).optional()? else {
                    return Ok(None);
                };
                found.push((document.start, document.end));
            }
            Ok(Some(found))
        })
        .ok()
        .flatten()
    }

    /// Keeps what was read of files, unless another process has kept something of a file meanwhile, or the database
    /// is too large: `None`, and nothing more is taken. Gives the database that has got them.
    pub(crate) fn keep(&mut self, files: &[Indexed<'_>]) -> Result<Option<Generation>, DatabaseError> {
        self.write(|db| {
            let pages: i64 = db.query_row("PRAGMA page_count", [], |row| row.get(0))?;
            let free: i64 = db.query_row("PRAGMA freelist_count", [], |row| row.get(0))?;
            let page: i64 = db.query_row("PRAGMA page_size", [], |row| row.get(0))?;
            if (pages - free) * page > LARGEST {
                return Ok(None);
            }
            for indexed in files {
                keep(db, indexed)?;
            }
            Ok(Some(generation(db)?))
        })
    }

    /// Forgets files.
    pub(crate) fn forget(&mut self, paths: &[&Path]) {
        if !self.exists() {
            return;
        }
        let forgotten = self.write(|db| {
            for path in paths {
                let known = path.to_str().map(|path| file(db, path)).transpose()?;
                if let Some(known) = known.flatten() {
                    remove(db, &known)?;
                }
            }
            Ok(())
        });
        if let Err(error) = forgotten {
            tracing::debug!(%error, "files that are gone stay in the index of texts");
        }
    }

    /// A file has another name, and the same text in another form.
    pub(crate) fn renamed(&mut self, from: &Path, to: &Path, stamp: Stamp) {
        let (true, Some(from), Some(to)) = (self.exists(), from.to_str(), to.to_str()) else {
            return;
        };
        let renamed =
            self.write(|db| {
                db.execute(
                "UPDATE OR REPLACE files SET path = ?2, size = ?3, mtime_ms = ?4, inode = ?5 WHERE path = ?1",
                params![from, to, stamp.size.cast_signed(), stamp.mtime_ms, stamp.inode.cast_signed()],
            )
            });
        if let Err(error) = renamed {
            tracing::debug!(%error, "a file will be indexed again under its new name");
        }
    }

    fn read<T>(&mut self, work: impl Fn(&Connection) -> rusqlite::Result<T>) -> Result<T, DatabaseError> {
        self.cured(|db| db.read(|db| Ok(work(db)?)))
    }

    fn write<T>(&mut self, work: impl Fn(&Connection) -> rusqlite::Result<T>) -> Result<T, DatabaseError> {
        self.cured(|db| db.write(|db| Ok(work(db)?)))
    }

    /// What can't be read is removed and made anew, once.
    fn cured<T>(
        &mut self,
        work: impl Fn(&mut Database<TextTables>) -> Result<T, DatabaseError>,
    ) -> Result<T, DatabaseError> {
        if self.db.pauses() {
            return Err(DatabaseError::Busy(self.db.path().to_path_buf()));
        }
        match work(&mut self.db) {
            Err(error @ (DatabaseError::Damaged { .. } | DatabaseError::Misshapen { .. })) => {
                tracing::warn!(%error, "the index of texts is made anew");
                self.db.close();
                for suffix in ["-wal", "-shm", ""] {
                    match fs::remove_file(beside(self.db.path(), suffix)) {
                        Err(gone) if gone.kind() != std::io::ErrorKind::NotFound => return Err(error),
                        _ => {}
                    }
                }
                work(&mut self.db)
            }
            done => done,
        }
    }
}

fn generation(db: &Connection) -> rusqlite::Result<Generation> {
    db.prepare_cached("SELECT id FROM generation")?
        .query_row([], |row| row.get(0))
}

fn file(db: &Connection, path: &str) -> rusqlite::Result<Option<IndexedFile>> {
    let found = db
        .prepare_cached("SELECT id, size, mtime_ms, inode, end, ranges, tail FROM files WHERE path = ?1")?
        .query_row([path], |row| {
            Ok(IndexedFile {
                id: row.get(0)?,
                stamp: Stamp {
                    size: row.get::<_, i64>(1)?.cast_unsigned(),
                    mtime_ms: row.get(2)?,
                    inode: row.get::<_, i64>(3)?.cast_unsigned(),
                },
                end: row.get::<_, i64>(4)?.cast_unsigned(),
                ranges: row.get(5)?,
                tail: row.get(6)?,
                last: None,
            })
        })
        .optional()?;
    let Some(mut found) = found else { return Ok(None) };
    found.last = db
        .prepare_cached(
            "SELECT id, start, end, weight FROM documents WHERE id >= ?1 AND id < ?2 ORDER BY id DESC LIMIT 1",
        )?
        .query_row([found.id * DOCUMENTS, (found.id + 1) * DOCUMENTS], read_document)
        .optional()?;
    Ok(Some(found))
}

fn read_document(row: &rusqlite::Row<'_>) -> rusqlite::Result<Document> {
    Ok(Document {
        id: row.get(0)?,
        start: row.get::<_, i64>(1)?.cast_unsigned(),
        end: row.get::<_, i64>(2)?.cast_unsigned(),
        weight: row.get::<_, i64>(3)?.cast_unsigned(),
    })
}

fn keep(db: &Connection, indexed: &Indexed<'_>) -> rusqlite::Result<()> {
    let Some(path) = indexed.path.to_str() else {
        return Ok(());
    };
    let known = file(db, path)?;
    let (id, mut next) = match (indexed.kept, known) {
        (Some(kept), Some(known)) if kept == known => {
            let mut next = known.id * DOCUMENTS;
            if let Some(last) = known.last {
                next = last.id;
                remove_document(db, last.id)?;
            }
            (Some(known.id), next)
        }
        // Another process was quicker.
        (Some(_), _) => return Ok(()),
        (None, known) => {
            if let Some(known) = known {
                remove(db, &known)?;
            }
            (None, 0)
        }
    };
    let stamp = indexed.stamp;
    db.prepare_cached("INSERT OR REPLACE INTO files VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)")?
        .execute(params![
            id,
            path,
            indexed.thread.to_string(),
            stamp.size.cast_signed(),
            stamp.mtime_ms,
            stamp.inode.cast_signed(),
            indexed.end.cast_signed(),
            indexed.ranges,
            indexed.tail
        ])?;
    let id = id.unwrap_or_else(|| db.last_insert_rowid());
    next = next.max(id * DOCUMENTS);
    titles::keep(db, id, &indexed.title_words)?;
    let mut gram = db.prepare_cached("INSERT INTO grams(rowid, words) VALUES (?1, ?2)")?;
    let mut document = db.prepare_cached("INSERT INTO documents VALUES (?1, ?2, ?3, ?4)")?;
    for new in &indexed.documents {
        let (start, end) = (new.start.cast_signed(), new.end.cast_signed());
        document.execute(params![next, start, end, new.weight.cast_signed()])?;
        gram.execute(params![next, new.words])?;
        next += 1;
    }
    Ok(())
}

fn remove(db: &Connection, known: &IndexedFile) -> rusqlite::Result<()> {
    let documents = db
        .prepare_cached("SELECT id FROM documents WHERE id >= ?1 AND id < ?2")?
        .query_map([known.id * DOCUMENTS, (known.id + 1) * DOCUMENTS], |row| {
            row.get(0)
        })?
        .collect::<rusqlite::Result<Vec<i64>>>()?;
    for id in documents {
        remove_document(db, id)?;
    }
    titles::remove(db, known.id)?;
    db.execute("DELETE FROM files WHERE id = ?1", [known.id])?;
    Ok(())
}

fn remove_document(db: &Connection, id: i64) -> rusqlite::Result<()> {
    db.prepare_cached("DELETE FROM grams WHERE rowid = ?1")?
        .execute([id])?;
    db.prepare_cached("DELETE FROM documents WHERE id = ?1")?
        .execute([id])?;
    Ok(())
}
