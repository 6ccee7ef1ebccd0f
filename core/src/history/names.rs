//! Names that users gave to threads: `session_index.jsonl`, shared with other programs; the latest line wins.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use chrono::Utc;
use serde::{Deserialize, Serialize};

use super::row::Stamp;
use crate::ThreadId;

/// How long another process may hold the lock.
const LOCK_WAIT: Duration = Duration::from_secs(2);
const LOCK_AGAIN: Duration = Duration::from_millis(20);

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
        let Ok(file) = File::open(&self.path) else { return };
        let mut bytes = vec![0; usize::try_from(stamp.size.saturating_sub(from)).unwrap_or(0)];
        if file.read_exact_at(&mut bytes, from).is_err() {
            return;
        }
        // A line that is being written is read when it is whole.
        let whole = memchr::memrchr(b'\n', &bytes).map_or(0, |end| end + 1);
        for line in bytes[..whole].split(|b| *b == b'\n') {
            if let Ok(line) = serde_json::from_slice::<Line<'_>>(line) {
                self.by_id.insert(line.id, line.thread_name.into_owned());
            }
        }
        stamp.size = from + whole as u64;
        self.read = Some(stamp);
    }

    /// Adds a name.
    pub(crate) fn set(&mut self, id: ThreadId, name: &str) -> io::Result<()> {
        let _lock = self.lock()?;
        let line = Line {
            id,
            thread_name: name.into(),
            updated_at: Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Nanos, true),
        };
        let mut bytes = serde_json::to_vec(&line)?;
        bytes.push(b'\n');
        let mut file = OpenOptions::new().create(true).append(true).open(&self.path)?;
        if ends_torn(&self.path) {
            bytes.insert(0, b'\n');
        }
        file.write_all(&bytes)?;
        self.by_id.insert(id, name.to_owned());
        Ok(())
    }

    /// Removes the lines of a thread. All others stay as they are.
    pub(crate) fn remove(&mut self, id: ThreadId) -> io::Result<()> {
        self.refresh();
        if self.by_id.remove(&id).is_none() {
            return Ok(());
        }
        let _lock = self.lock()?;
        let mut old = File::open(&self.path)?;
        let mut lines = Vec::new();
        old.read_to_end(&mut lines)?;
        let new = self.path.with_extension("jsonl.new");
        let mut file = File::create(&new)?;
        file.set_permissions(old.metadata()?.permissions())?;
        file.write_all(&without(&lines, id))?;
        file.sync_all()?;
        fs::rename(&new, &self.path)?;
        // Programs that don't know of our lock may have added a line meanwhile, to the file that has just been replaced.
        let mut late = Vec::new();
        old.read_to_end(&mut late)?;
        if !late.is_empty() {
            let mut file = OpenOptions::new().append(true).open(&self.path)?;
            file.write_all(&without(&late, id))?;
        }
        Ok(())
    }

    /// Other programs write the file too.
    fn lock(&self) -> io::Result<File> {
        if let Some(home) = self.path.parent() {
            fs::create_dir_all(home)?;
        }
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(self.path.with_extension("jsonl.lock"))?;
        let deadline = Instant::now() + LOCK_WAIT;
        loop {
            match lock.try_lock() {
                Ok(()) => return Ok(lock),
                Err(TryLockError::WouldBlock) if Instant::now() < deadline => std::thread::sleep(LOCK_AGAIN),
                Err(TryLockError::WouldBlock) => {
                    return Err(io::Error::new(
                        io::ErrorKind::WouldBlock,
                        format!("{} is in use by another process; try again", self.path.display()),
                    ));
                }
                Err(TryLockError::Error(error)) => return Err(error),
            }
        }
    }
}

/// The lines but those of a thread.
fn without(lines: &[u8], id: ThreadId) -> Vec<u8> {
    let mut kept = Vec::with_capacity(lines.len());
    for line in lines.split_inclusive(|b| *b == b'\n') {
        let other = serde_json::from_slice::<Line<'_>>(line.trim_ascii()).map_or(true, |line| line.id != id);
        if other {
            kept.extend_from_slice(line);
        }
    }
    kept
}

fn ends_torn(path: &Path) -> bool {
    let Ok(file) = File::open(path) else { return false };
    let Ok(meta) = file.metadata() else { return false };
    let mut last = [0];
    meta.len() > 0 && file.read_exact_at(&mut last, meta.len() - 1).is_ok() && last[0] != b'\n'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_line_wins_and_others_may_write() {
        let home = tempfile::tempdir().expect("a folder");
        let path = home.path().join("session_index.jsonl");
        let (a, b) = (ThreadId::new(), ThreadId::new());
        let mut names = Names::new(path.clone());
        names.set(a, "one").expect("writable");
        names.set(b, "two").expect("writable");
        let mut other = Names::new(path.clone());
        other.refresh();
        assert_eq!(other.get(a).map(String::as_str), Some("one"));
        names.set(a, "three").expect("writable");
        let mut file = OpenOptions::new().append(true).open(&path).expect("writable");
        file.write_all(b"{\"torn").expect("writable");
        other.refresh();
        assert_eq!(other.get(a).map(String::as_str), Some("three"));
        names.set(a, "four").expect("writable");
        names.remove(b).expect("writable");
        other.refresh();
        assert_eq!(other.get(a).map(String::as_str), Some("four"));
        assert_eq!(other.get(b), None);
        assert!(fs::read_to_string(&path).expect("readable").contains("{\"torn\n"));
    }

    #[test]
    fn a_lock_that_is_never_given_back_is_an_error() {
        let home = tempfile::tempdir().expect("a folder");
        let mut names = Names::new(home.path().join("session_index.jsonl"));
        let id = ThreadId::new();
        names.set(id, "one").expect("writable");
        let held = File::open(home.path().join("session_index.jsonl.lock")).expect("it is there");
        held.lock().expect("free");
        let error = names.set(id, "two").expect_err("held");
        assert!(error.to_string().contains("try again"), "{error}");
        drop(held);
        names.set(id, "two").expect("free again");
    }
}
