//! Names that users gave to threads: `session_index.jsonl`, shared with other programs; the latest line wins.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use chrono::Utc;
use serde::{Deserialize, Serialize};

use super::rows::Stamp;
use crate::ThreadId;
use crate::history::private;
use crate::history::rollout::lock::{PATIENCE, lock_within};
use crate::history::rollout::repair;
use crate::history::rollout::source::Source;
use crate::sys::files::write_all_at;

/// The names of one home, read again as far as the file has grown.
pub(crate) struct Names {
    path: PathBuf,
    read: Option<Stamp>,
    by_id: HashMap<ThreadId, String>,
}

#[derive(Serialize, Deserialize)]
struct Line<'a> {
    id: ThreadId,
    #[serde(borrow)]
    thread_name: std::borrow::Cow<'a, str>,
    #[serde(default)]
    updated_at: String,
}

impl Names {
    /// Names in the file at `path`. Touches nothing.
    pub(crate) fn new(path: PathBuf) -> Self {
        Self {
            path,
            read: None,
            by_id: HashMap::new(),
        }
    }

    /// The name of a thread as of the last refresh.
    pub(crate) fn get(&self, id: ThreadId) -> Option<&String> {
        self.by_id.get(&id)
    }

    /// Threads whose name holds a part, as of the last refresh.
    pub(crate) fn containing<'a>(&'a self, part: &'a str) -> impl Iterator<Item = ThreadId> + 'a {
        let named = self.by_id.iter();
        named
            .filter(move |(_, name)| name.contains(part))
            .map(|(id, _)| *id)
    }

    /// Reads what has been added.
    pub(crate) fn refresh(&mut self) {
        let now = Stamp::of(&self.path);
        if now == self.read {
            return;
        }
        let from = match (self.read, now) {
            (Some(old), Some(now)) if old.inode == now.inode && now.size > old.size => old.size,
            _ => {
                self.by_id.clear();
                0
            }
        };
        self.read = None;
        let Some(mut stamp) = now else { return };
        let Ok(source) = Source::open(&self.path) else {
            return;
        };
        let mut lines = source.forward(from);
        stamp.size = from;
        while let Ok(Some((offset, bytes))) = lines.next() {
            // A line that is being written is read when it is whole.
            let end = offset + bytes.len() as u64;
            if end == source.len() {
                break;
            }
            stamp.size = end + 1;
            if let Some((id, name)) = named(&bytes) {
                // What was taken back has no name.
                match name {
                    Some(name) => self.by_id.insert(id, name),
                    None => self.by_id.remove(&id),
                };
            }
        }
        self.read = Some(stamp);
    }

    /// Notes what [`append`] or [`erase`] has done.
    pub(crate) fn note(&mut self, id: ThreadId, name: Option<String>) {
        match name {
            Some(name) => self.by_id.insert(id, name),
            None => self.by_id.remove(&id),
        };
    }
}

/// Adds a name to the file at `path`.
pub(crate) fn append(path: &Path, id: ThreadId, name: &str) -> io::Result<()> {
    let _lock = lock(path)?;
    let line = Line {
        id,
        thread_name: name.into(),
        updated_at: Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Nanos, true),
    };
    let mut bytes = serde_json::to_vec(&line)?;
    bytes.push(b'\n');
    let mut file = private::open(OpenOptions::new().create(true).append(true), path)?;
    if ends_torn(path) {
        bytes.insert(0, b'\n');
    }
    file.write_all(&bytes)
}

/// Blanks the lines of a thread out. Nothing moves in the file: other programs add lines to it at any moment, and know
/// nothing of our lock.
pub(crate) fn erase(path: &Path, id: ThreadId) -> io::Result<()> {
    let source = match Source::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        source => source?,
    };
    let _lock = lock(path)?;
    let file = private::open(OpenOptions::new().write(true), path)?;
    let mut lines = source.forward(0);
    while let Some((offset, bytes)) = lines.next()? {
        if named(&bytes).is_some_and(|(other, _)| other == id) {
            write_all_at(&file, &vec![b' '; bytes.len()], offset)?;
        }
    }
    file.sync_data()
}

/// Whom a line names, and how.
fn named(bytes: &[u8]) -> Option<(ThreadId, Option<String>)> {
    let read = |bytes: &[u8]| {
        let line: Line<'_> = serde_json::from_slice(bytes).ok()?;
        let name = line.thread_name.into_owned();
        Some((line.id, Some(name).filter(|name| !name.is_empty())))
    };
    let bytes = bytes.trim_ascii();
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    read(bytes).or_else(|| read(&repair::line(bytes)?))
}

/// Our processes write one after the other.
fn lock(path: &Path) -> io::Result<File> {
    if let Some(home) = path.parent() {
        private::create_folders(home)?;
    }
    let lock_path = path.with_extension("jsonl.lock");
    let mut options = OpenOptions::new();
    let lock = private::open(options.create(true).truncate(false).write(true), &lock_path)?;
    if lock_within(&lock, PATIENCE)? {
        Ok(lock)
    } else {
        Err(io::Error::other(format!(
            "another process has held {} for {} s; try again",
            lock_path.display(),
            PATIENCE.as_secs()
        )))
    }
}

fn ends_torn(path: &Path) -> bool {
    Source::open(path).is_ok_and(|source| source.is_torn().unwrap_or(false))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_latest_line_wins_and_others_may_write() {
        let home = tempfile::tempdir().expect("a folder");
        let path = home.path().join("session_index.jsonl");
        let (a, b) = (ThreadId::new(), ThreadId::new());
        append(&path, a, "one").expect("writable");
        append(&path, b, "two").expect("writable");
        let mut other = Names::new(path.clone());
        other.refresh();
        assert_eq!(other.get(a).map(String::as_str), Some("one"));
        append(&path, a, "three").expect("writable");
        let mut file = OpenOptions::new().append(true).open(&path).expect("writable");
        file.write_all(b"{\"torn").expect("writable");
        other.refresh();
        assert_eq!(other.get(a).map(String::as_str), Some("three"));
        append(&path, a, "four").expect("writable");
        erase(&path, b).expect("writable");
        let mut other = Names::new(path.clone());
        other.refresh();
        assert_eq!(other.get(a).map(String::as_str), Some("four"));
        assert_eq!(other.get(b), None);
        assert!(fs::read_to_string(&path).expect("readable").contains("{\"torn\n"));
    }

    /// A program that has the file open adds its line whatever we do.
    #[test]
    fn a_line_that_is_added_while_others_are_erased_stays() {
        let home = tempfile::tempdir().expect("a folder");
        let path = home.path().join("session_index.jsonl");
        let (a, b, c) = (ThreadId::new(), ThreadId::new(), ThreadId::new());
        append(&path, a, "one").expect("writable");
        append(&path, b, "a secret").expect("writable");
        let mut other = OpenOptions::new().append(true).open(&path).expect("writable");
        erase(&path, b).expect("writable");
        let line = format!("{{\"id\":\"{c}\",\"thread_name\":\"three\"}}\n");
        other.write_all(line.as_bytes()).expect("writable");
        let mut names = Names::new(path.clone());
        names.refresh();
        assert_eq!(names.get(a).map(String::as_str), Some("one"));
        assert_eq!(names.get(b), None);
        assert_eq!(names.get(c).map(String::as_str), Some("three"));
        assert!(!fs::read_to_string(&path).expect("readable").contains("secret"));
    }
}
