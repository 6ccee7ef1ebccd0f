//! The writer lock of a thread, shared with every other program on the same home.
//!
//! `thread-writer-locks/<id>.lock` is held with an exclusive `flock` as long as a process has the thread loaded.
//! Making and removing lock files happens under `.coordination.lock`, so that nobody locks a file that is just being
//! removed.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::layout::Layout;
use crate::ThreadId;

/// Threads that this process holds. For the whole process, as the locks themselves are.
static OURS: Mutex<BTreeSet<ThreadId>> = Mutex::new(BTreeSet::new());

/// Why a thread could not be locked.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process has it.
    #[error("thread {0} already has an active writer")]
    Held(ThreadId),
    /// The lock file could not be made.
    #[error("the writer lock of thread {id} could not be taken: {source}")]
    Io {
        /// The thread.
        id: ThreadId,
        /// Why.
        source: io::Error,
    },
}

/// A thread that this process may write. Dropping it lets others have it.
#[derive(Debug)]
pub struct WriterLock {
    id: ThreadId,
    path: PathBuf,
    coordination: PathBuf,
    _file: File,
}

impl WriterLock {
    /// Takes the lock or says at once that it is held. Blocks for the time of a few system calls.
    pub fn take(layout: &Layout, id: ThreadId) -> Result<Self, LockError> {
        let io = |source| LockError::Io { id, source };
        let folder = layout.locks();
        std::fs::create_dir_all(&folder).map_err(io)?;
        let coordination = folder.join(".coordination.lock");
        let guard = open(&coordination).map_err(io)?;
        guard.lock().map_err(io)?;
        let path = folder.join(format!("{id}.lock"));
        let file = open(&path).map_err(io)?;
        match file.try_lock() {
            Ok(()) => {
                OURS.lock().unwrap_or_else(PoisonError::into_inner).insert(id);
                Ok(Self {
                    id,
                    path,
                    coordination,
                    _file: file,
                })
            }
            Err(TryLockError::WouldBlock) => Err(LockError::Held(id)),
            Err(TryLockError::Error(source)) => Err(io(source)),
        }
    }

    /// As [`WriterLock::take`], but waits for up to a second while it is this process that still holds it, because it
    /// is just closing the thread.
    pub(crate) fn take_when_ours_is_free(layout: &Layout, id: ThreadId) -> Result<Self, LockError> {
        let ours = || OURS.lock().unwrap_or_else(PoisonError::into_inner).contains(&id);
        for _ in 0..50 {
            match Self::take(layout, id) {
                Err(LockError::Held(_)) if ours() => std::thread::sleep(Duration::from_millis(20)),
                other => return other,
            }
        }
        Self::take(layout, id)
    }

    /// Whether some process, this one included, has the thread.
    pub fn is_held(layout: &Layout, id: ThreadId) -> bool {
        let path = layout.locks().join(format!("{id}.lock"));
        File::open(path).is_ok_and(|file| matches!(file.try_lock(), Err(TryLockError::WouldBlock)))
    }
}

impl Drop for WriterLock {
    fn drop(&mut self) {
        OURS.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&self.id);
        // Removing is tidiness only: a file that stays behind locks nobody out.
        if let Ok(guard) = open(&self.coordination)
            && guard.lock().is_ok()
        {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_writer_at_a_time() {
        let home = tempfile::tempdir().expect("a folder");
        let layout = Layout::new(home.path());
        let id = ThreadId::new();
        let held = WriterLock::take(&layout, id).expect("free");
        assert!(matches!(WriterLock::take(&layout, id), Err(LockError::Held(_))));
        assert!(WriterLock::is_held(&layout, id));
        drop(held);
        assert!(!WriterLock::is_held(&layout, id));
        assert!(!layout.locks().join(format!("{id}.lock")).exists());
        WriterLock::take(&layout, id).expect("free again");
    }
}
