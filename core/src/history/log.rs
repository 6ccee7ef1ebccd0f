//! The log of one thread.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use chrono::Utc;
use tokio::sync::oneshot;

use super::Entry;
use super::encode::Encoder;
use super::layout::Layout;
use super::lock::WriterLock;
use super::meta::SessionMeta;
use super::writer::{Job, Log, LogWriter, OnWarning, Target};
use crate::ThreadId;

/// The log of one thread. Appending hands the entries to the writer and returns; the writer keeps the order.
#[derive(Debug, Clone, Default)]
pub struct ThreadLog {
    open: Option<Open>,
}

#[derive(Debug, Clone)]
struct Open {
    writer: LogWriter,
    log: Arc<Log>,
    path: Arc<PathBuf>,
}

/// A log that begins a file.
pub struct NewLog {
    /// The home.
    pub layout: Layout,
    /// The thread.
    pub id: ThreadId,
    /// Where the file will be.
    pub path: PathBuf,
    /// Its first line. Repository state is added when the file is made, unless it is given.
    pub meta: SessionMeta,
    /// Where the counts begin: zero, or the end of the history that the meta line points to.
    pub position: LogPosition,
    /// The lock, if it has been taken; else it is taken with the first line.
    pub lock: Option<WriterLock>,
    /// Told when something can't be saved.
    pub on_warning: OnWarning,
}

/// A log that goes on with a file.
pub struct ResumedLog {
    /// The home.
    pub layout: Layout,
    /// The thread.
    pub id: ThreadId,
    /// `session_id` of its meta line.
    pub session_id: String,
    /// The file.
    pub path: PathBuf,
    /// The lock, already taken.
    pub lock: WriterLock,
    /// Where the counts go on.
    pub position: LogPosition,
    /// The last line has no end: one is added before the next line.
    pub torn: bool,
    /// The file has ordinals.
    pub ordinals: bool,
    /// Told when something can't be saved.
    pub on_warning: OnWarning,
}

/// How far a history has got.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LogPosition {
    /// Ordinal of the next line.
    pub ordinal: u64,
    /// Response items so far.
    pub sequence: u64,
    /// Place of the last item that the model had seen when it was last asked.
    pub sampled_through: u64,
}

impl ThreadLog {
    /// A log that keeps nothing, for ephemeral threads.
    pub fn none() -> Self {
        Self::default()
    }

    /// A log whose file is made by the first entry; settings alone don't make it. Touches nothing yet.
    pub fn create(writer: &LogWriter, new: NewLog) -> Self {
        let session_id = new.meta.session_id.clone().unwrap_or_else(|| new.id.to_string());
        let mut encoder = Encoder::new(new.id, session_id, new.position);
        encoder.ordinals = new.meta.history_mode == Some(crate::HistoryMode::Paginated);
        let mut target = Target::new(new.layout, new.path.clone(), encoder);
        target.meta = Some(Box::new(new.meta));
        target.lock = new.lock;
        Self::over(writer, target, new.path, new.on_warning)
    }

    /// A log that goes on with an existing file.
    pub fn resume(writer: &LogWriter, resumed: ResumedLog) -> std::io::Result<Self> {
        let file = std::fs::OpenOptions::new().append(true).open(&resumed.path)?;
        let mut encoder = Encoder::new(resumed.id, resumed.session_id, resumed.position);
        encoder.ordinals = resumed.ordinals;
        let mut target = Target::new(resumed.layout, resumed.path.clone(), encoder);
        target.file = Some(Arc::new(file));
        target.lock = Some(resumed.lock);
        if resumed.torn {
            target.waiting.push(b'\n');
        }
        Ok(Self::over(writer, target, resumed.path, resumed.on_warning))
    }

    fn over(writer: &LogWriter, target: Target, path: PathBuf, on_warning: OnWarning) -> Self {
        Self {
            open: Some(Open {
                writer: writer.clone(),
                log: Log::new(target, on_warning),
                path: Arc::new(path),
            }),
        }
    }

    /// The file, which need not exist yet; `None` for ephemeral threads.
    pub fn path(&self) -> Option<&PathBuf> {
        self.open.as_ref().map(|open| &*open.path)
    }

    /// Whether the file has been made.
    pub fn is_materialised(&self) -> bool {
        self.open.as_ref().is_some_and(|open| {
            let target = open.log.target();
            target.file.is_some()
        })
    }

    /// Appends. An entry is with the operating system before anything that the caller does after
    /// [`ThreadLog::flushed`] resolves.
    pub fn append(&self, entries: Vec<Entry>) {
        if let Some(open) = &self.open
            && !entries.is_empty()
        {
            open.log
                .appended
                .fetch_add(entries.len() as u64, Ordering::Relaxed);
            open.writer
                .send(Job::Append(Arc::clone(&open.log), Utc::now(), entries));
        }
    }

    /// Makes the file, if it isn't there, with nothing but its first line. Resolves when that is done, or can't be.
    pub async fn materialise(&self) {
        if let Some(open) = &self.open {
            open.writer.send(Job::Materialise(Arc::clone(&open.log)));
            barrier(&open.writer).await;
        }
    }

    /// Resolves when everything appended so far has been handed to the operating system. While the disk fails, it
    /// resolves when that is known.
    pub async fn flushed(&self) {
        if let Some(open) = &self.open
            && open.log.written.load(Ordering::Acquire) != open.log.appended.load(Ordering::Relaxed)
        {
            barrier(&open.writer).await;
        }
    }

    /// Asks for the file to be synced to the disk; does not wait. Requests that come while a sync is under way are
    /// answered by one more.
    pub fn sync(&self) {
        if let Some(open) = &self.open {
            open.writer.send(Job::Sync(Arc::clone(&open.log)));
        }
    }

    /// Writes what waits, syncs the file, and lets others have the thread. Nothing may be appended afterwards.
    pub async fn close(&self) {
        if let Some(open) = &self.open {
            let (done, wait) = oneshot::channel();
            open.writer.send(Job::Close(Arc::clone(&open.log), done));
            let _ = wait.await;
        }
    }

    /// How far the log has got, once everything is written.
    pub fn position(&self) -> LogPosition {
        self.open.as_ref().map_or_else(LogPosition::default, |open| {
            let target = open.log.target();
            target.encoder.position()
        })
    }
}

async fn barrier(writer: &LogWriter) {
    let (done, wait) = oneshot::channel();
    writer.send(Job::Barrier(done));
    let _ = wait.await;
}
