//! The log of one thread.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::layout::Layout;
use super::lock::WriterLock;
use super::meta::SessionMeta;
use super::workers::PATIENCE;
use super::writer::{Beginning, Log, LogWriter, OnWarning};
use crate::ThreadId;
use crate::history::rollout::codec::encode::Encoder;
use crate::history::{Entry, private};

/// How long a disk may take before the thread goes on without it.
const DEADLINE: Duration = Duration::from_secs(5);

/// The log of one thread. Appending hands the entries to the writer and returns; the writer keeps the order.
#[derive(Debug, Clone, Default)]
pub struct ThreadLog {
    log: Option<Arc<Log>>,
    /// See [`ThreadLog::first_window_id`].
    first_window_id: Option<Arc<str>>,
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
        let window = new.meta.context_window.as_ref();
        let first_window_id = window.map(|window| window.window_id.as_str().into());
        let beginning = Beginning {
            layout: new.layout,
            path: new.path,
            encoder,
            meta: Some(Box::new(new.meta)),
            file: None,
            lock: new.lock,
            torn: false,
            on_warning: new.on_warning,
        };
        Self {
            log: Some(Log::new(writer, beginning)),
            first_window_id,
        }
    }

    /// A log that goes on with an existing file.
    pub fn resume(writer: &LogWriter, resumed: ResumedLog) -> std::io::Result<Self> {
        let file = private::open(std::fs::OpenOptions::new().append(true), &resumed.path)?;
        let mut encoder = Encoder::new(resumed.id, resumed.session_id, resumed.position);
        encoder.ordinals = resumed.ordinals;
        let beginning = Beginning {
            layout: resumed.layout,
            path: resumed.path,
            encoder,
            meta: None,
            file: Some(Arc::new(file)),
            lock: Some(resumed.lock),
            torn: resumed.torn,
            on_warning: resumed.on_warning,
        };
        Ok(Self {
            log: Some(Log::new(writer, beginning)),
            first_window_id: None,
        })
    }

    /// The file, which need not exist yet; `None` for ephemeral threads.
    pub fn path(&self) -> Option<&PathBuf> {
        self.log.as_ref().map(|log| &log.path)
    }

    /// The context window that the file begins with; `None` for a log that goes on with a file.
    pub fn first_window_id(&self) -> Option<&str> {
        self.first_window_id.as_deref()
    }

    /// Whether the file has been made.
    pub fn is_materialised(&self) -> bool {
        self.log
            .as_ref()
            .is_some_and(|log| log.made.load(Ordering::Relaxed))
    }

    /// Appends. An entry is with the operating system before anything that the caller does after
    /// [`ThreadLog::flushed`] resolves.
    pub fn append(&self, entries: Vec<Entry>) {
        if let Some(log) = &self.log
            && !entries.is_empty()
        {
            log.append(entries);
        }
    }

    /// Makes the file, if it isn't there, with nothing but its first line. Resolves when that is done, or can't be.
    pub async fn materialise(&self) {
        if let Some(log) = &self.log {
            patiently(log, log.materialise()).await;
        }
    }

    /// Resolves when everything appended so far has been handed to the operating system. While the disk fails, it
    /// resolves when that is known; a disk that does not answer is waited for five seconds once, and then not before it
    /// has answered.
    pub async fn flushed(&self) {
        if let Some(log) = &self.log
            && log.written.load(Ordering::Acquire) != log.appended.load(Ordering::Relaxed)
            && !log.stuck.load(Ordering::Relaxed)
        {
            patiently(log, log.barrier()).await;
        }
    }

    /// Why not everything that was appended is saved; `None` if it is, as far as has been tried.
    pub fn problem(&self) -> Option<String> {
        self.log.as_ref()?.problem()
    }

    /// Asks for the file to be synced to the disk; does not wait. Requests that come while a sync is under way are
    /// answered by one more.
    pub fn sync(&self) {
        if let Some(log) = &self.log {
            log.sync();
        }
    }

    /// Writes what waits, syncs the file, and lets others have the thread. Nothing may be appended afterwards. The
    /// error says what was not saved, and why; if the disk does not answer, that is after five seconds.
    pub async fn close(&self) -> Result<(), String> {
        let Some(log) = &self.log else {
            return Ok(());
        };
        let answered = patiently(log, log.close()).await;
        let lost = log.lost.load(Ordering::Relaxed);
        if answered && lost == 0 {
            return Ok(());
        }
        let why = log.problem().unwrap_or_else(|| "the disk was full".into());
        let path = log.path.display();
        Err(if answered {
            format!("The last {lost} bytes of the history of this thread are not saved to {path}: {why}.")
        } else {
            format!("The end of the history of this thread may not be saved to {path}: {why}.")
        })
    }

    /// How far the log has got, once everything is written.
    pub fn position(&self) -> LogPosition {
        self.log
            .as_ref()
            .map_or_else(LogPosition::default, |log| log.lines().encoder.position())
    }
}

/// Waits for the writer until the deadline. `true`: it is done.
async fn patiently(log: &Log, mut wait: oneshot::Receiver<()>) -> bool {
    let began = Instant::now();
    while tokio::time::timeout(PATIENCE, &mut wait).await.is_err() {
        if began.elapsed() > DEADLINE {
            log.give_up(DEADLINE);
            return false;
        }
        log.hurry();
    }
    true
}
