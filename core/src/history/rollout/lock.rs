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
use std::time::{Duration, Instant};

use super::layout::Layout;
use crate::history::private;
use crate::sys::lock_holder;
use crate::{Error, Holder, ThreadId};

/// How long others may hold `.coordination.lock` before that is an error: they need a few system calls.
pub(crate) const PATIENCE: Duration = Duration::from_secs(2);
/// How long a lock file's removal may wait for it.
const TIDYING: Duration = Duration::from_millis(10);

/// Threads that this process holds. For the whole process, as the locks themselves are.
static OURS: Mutex<BTreeSet<ThreadId>> = Mutex::new(BTreeSet::new());

/// Why a thread could not be locked.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process has it.
    #[error("thread {id} already has an active writer: {}", told(holder.as_ref()))]
    Held {
        /// The thread.
        id: ThreadId,
        /// The process, where the system tells.
        holder: Option<Holder>,
    },
    /// Another process has held the lock of all lock files for longer than it takes to make one.
    #[error(
        "the writer lock of thread {id} can't be taken: {} has held {} for {} s. Try again; if this persists, end the process that holds it",
        holder.as_ref().map_or_else(|| "another process".to_owned(), |Holder { pid, name }| format!("process {pid} ({name})")),
        path.display(),
        PATIENCE.as_secs()
    )]
    Stuck {
        /// The thread.
        id: ThreadId,
        /// The lock of all lock files.
        path: PathBuf,
        /// The process, where the system tells.
        holder: Option<Holder>,
    },
    /// The lock file could not be made.
    #[error("the writer lock of thread {id} could not be taken: {source}")]
    Io {
        /// The thread.
        id: ThreadId,
        /// Why.
        source: io::Error,
    },
}

impl From<LockError> for Error {
    fn from(error: LockError) -> Self {
        match error {
            LockError::Held { id, holder } => Self::Locked { thread: id, holder },
            LockError::Stuck { .. } | LockError::Io { .. } => Self::internal(error.to_string()),
        }
    }
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
    /// Takes the lock or says that it is held. Waits for two seconds at most while another process makes or removes a
    /// lock file.
    pub fn take(layout: &Layout, id: ThreadId) -> Result<Self, LockError> {
        Self::take_within(layout, id, PATIENCE)
    }

    /// Likewise, with another longest wait.
    pub(crate) fn take_within(layout: &Layout, id: ThreadId, patience: Duration) -> Result<Self, LockError> {
        let io = |source| LockError::Io { id, source };
        let folder = layout.locks();
        private::create_folders(&folder).map_err(io)?;
        let coordination = folder.join(".coordination.lock");
        let guard = open(&coordination).map_err(io)?;
        if !lock_within(&guard, patience).map_err(io)? {
            return Err(LockError::Stuck {
                id,
                holder: lock_holder(&guard),
                path: coordination,
            });
        }
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
            Err(TryLockError::WouldBlock) => Err(LockError::Held {
                id,
                holder: lock_holder(&file),
            }),
            Err(TryLockError::Error(source)) => Err(io(source)),
        }
    }

    /// As [`WriterLock::take`], but waits for up to a second while it is this process that still holds it, because it
    /// is just closing the thread; or nobody who is known: what a process had just begun to start when it was killed holds
    /// its locks until it has become another program.
    pub(crate) fn take_when_ours_is_free(layout: &Layout, id: ThreadId) -> Result<Self, LockError> {
        let ours = || OURS.lock().unwrap_or_else(PoisonError::into_inner).contains(&id);
        for _ in 0..50 {
            match Self::take(layout, id) {
                Err(LockError::Held { ref holder, .. }) if holder.is_none() || ours() => {
                    std::thread::sleep(Duration::from_millis(20));
                }
                other => return other,
            }
        }
        Self::take(layout, id)
    }

    /// Whether some process, this one included, has the thread.
    pub fn is_held(layout: &Layout, id: ThreadId) -> bool {
        let path = layout.locks().join(format!("{id}.lock"));
        private::open_to_read(&path)
            .is_ok_and(|file| matches!(file.try_lock(), Err(TryLockError::WouldBlock)))
    }
}

impl Drop for WriterLock {
    fn drop(&mut self) {
        OURS.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&self.id);
        // Removing is tidiness only: a file that stays behind locks nobody out.
        if let Ok(guard) = open(&self.coordination)
            && lock_within(&guard, TIDYING).unwrap_or(false)
        {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

fn told(holder: Option<&Holder>) -> String {
    match holder {
        Some(Holder { pid, name }) => {
            format!("process {pid} ({name}) has it. Close the thread there, or fork it")
        }
        None => "another process has it. Close the thread there, or fork it".into(),
    }
}

/// Locks a file; `false` if others have it all the time.
pub(crate) fn lock_within(file: &File, patience: Duration) -> io::Result<bool> {
    let began = Instant::now();
    let mut pause = Duration::from_millis(1);
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(true),
            Err(TryLockError::Error(error)) if error.kind() != io::ErrorKind::Interrupted => {
                return Err(error);
            }
            Err(_) if began.elapsed() >= patience => return Ok(false),
            Err(_) => std::thread::sleep(pause),
        }
        pause = (pause * 2).min(Duration::from_millis(20));
    }
}

fn open(path: &Path) -> io::Result<File> {
    private::open(OpenOptions::new().create(true).truncate(false).write(true), path)
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
        let refused = WriterLock::take(&layout, id).expect_err("held");
        assert!(matches!(refused, LockError::Held { .. }));
        if cfg!(target_os = "linux") {
            let us = format!("process {} (", std::process::id());
            assert!(refused.to_string().contains(&us), "{refused}");
        }
        assert!(WriterLock::is_held(&layout, id));
        drop(held);
        assert!(!WriterLock::is_held(&layout, id));
        assert!(!layout.locks().join(format!("{id}.lock")).exists());
        WriterLock::take(&layout, id).expect("free again");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_lock_whose_taker_is_dead_is_waited_for() {
        use std::process::{Command, Stdio};

        let home = tempfile::tempdir().expect("a folder");
        let layout = Layout::new(home.path());
        let id = ThreadId::new();
        drop(WriterLock::take(&layout, id).expect("free"));
        let path = layout.locks().join(format!("{id}.lock"));
        // Who takes the lock ends; `cat` has inherited it, and ends with its input.
        let script = format!("exec 8<&0 9>'{}'; flock 9; cat <&8 >/dev/null &", path.display());
        let mut shell = Command::new("/bin/sh")
            .args(["-c", &script])
            .stdin(Stdio::piped())
            .spawn()
            .expect("a shell");
        let input = shell.stdin.take();
        shell.wait().expect("its end");
        let refused = WriterLock::take(&layout, id).expect_err("held");
        assert!(
            matches!(refused, LockError::Held { holder: None, .. }),
            "{refused}"
        );
        let waiting = std::thread::spawn(move || WriterLock::take_when_ours_is_free(&layout, id));
        drop(input);
        waiting.join().expect("an end").expect("free in the end");
    }

    #[test]
    fn a_coordination_lock_that_is_never_let_go_is_an_error_that_names_it() {
        let home = tempfile::tempdir().expect("a folder");
        let layout = Layout::new(home.path());
        let id = ThreadId::new();
        let held = WriterLock::take(&layout, id).expect("free");
        let coordination = open(&layout.locks().join(".coordination.lock")).expect("a file");
        coordination.lock().expect("free");
        let refused = WriterLock::take_within(&layout, ThreadId::new(), Duration::ZERO).expect_err("stuck");
        assert!(matches!(refused, LockError::Stuck { .. }));
        assert!(refused.to_string().contains(".coordination.lock"), "{refused}");
        // Letting go does not wait for it either.
        drop(held);
        assert!(!WriterLock::is_held(&layout, id));
        drop(coordination);
        WriterLock::take(&layout, id).expect("free again");
    }
}
