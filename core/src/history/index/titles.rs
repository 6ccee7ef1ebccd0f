//! What a list may ask for of the index of texts: parts of titles, and working folders.
//!
//! A full-text table of its own, with a row for each file: the runs of one, two and three characters of its title, and a
//! word that stands for its folder. As everything in that index it is a filter: what it names is looked at.

use std::path::Path;

use rusqlite::{Connection, params};

use super::grams;

pub(super) const SCHEMA: &str = "
    CREATE VIRTUAL TABLE IF NOT EXISTS titles USING fts5(
        words, content='', contentless_delete=1, detail=none, tokenize='ascii');
";

/// Folders that are asked for at most.
const MAX_FOLDERS: usize = 32;

/// A question about titles and folders.
#[derive(Debug, Clone)]
pub(crate) struct TitleQuery(String);

impl TitleQuery {
    /// Threads whose title has this part, and whose folder is one of these; none of them: any. `None`: these may be all
    /// threads.
    pub(crate) fn new<'a>(
        part: Option<&str>,
        folders: impl ExactSizeIterator<Item = &'a Path>,
    ) -> Option<Self> {
        let mut all = Vec::new();
        if let Some(words) = part.and_then(grams::of_part) {
            all.extend(words.split(' ').map(str::to_owned));
        }
        if (1..=MAX_FOLDERS).contains(&folders.len()) {
            let any: Vec<String> = folders.map(grams::of_folder).collect();
            all.push(format!("({})", any.join(" OR ")));
        }
        (!all.is_empty()).then(|| Self(all.join(" AND ")))
    }
}

/// What the table holds of a thread.
pub(crate) fn words(title: Option<&str>, folder: &Path) -> String {
    let mut words = grams::of_title(title.unwrap_or_default());
    if !words.is_empty() {
        words.push(' ');
    }
    words.push_str(&grams::of_folder(folder));
    words
}

/// The threads of which a file may fit; `None`: more than so many files do.
pub(super) fn matching(
    db: &Connection,
    query: &TitleQuery,
    most: usize,
) -> rusqlite::Result<Option<Vec<String>>> {
    let limit = i64::try_from(most).unwrap_or(i64::MAX).saturating_add(1);
    let threads = db
        .prepare_cached(
            "SELECT files.thread FROM titles JOIN files ON files.id = titles.rowid WHERE titles MATCH ?1 LIMIT ?2",
        )?
        .query_map(params![query.0, limit], |row| row.get(0))?
        .collect::<rusqlite::Result<Vec<String>>>()?;
    Ok((threads.len() <= most).then_some(threads))
}

/// Keeps what is known of a file, instead of what was.
pub(super) fn keep(db: &Connection, file: i64, words: &str) -> rusqlite::Result<()> {
    remove(db, file)?;
    db.prepare_cached("INSERT INTO titles(rowid, words) VALUES (?1, ?2)")?
        .execute(params![file, words])?;
    Ok(())
}

/// Forgets a file.
pub(super) fn remove(db: &Connection, file: i64) -> rusqlite::Result<()> {
    db.prepare_cached("DELETE FROM titles WHERE rowid = ?1")?
        .execute([file])?;
    Ok(())
}
