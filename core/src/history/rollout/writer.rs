//! The writer of rollouts: takes the entries of all logs and writes them as whole lines, those of one log in their order.
//!
//! Whatever touches the disk is done on threads of the writer, and may take as long as it likes: it holds up the log
//! that it is for, and no other.

use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::oneshot;

use super::layout::Layout;
use super::lock::WriterLock;
use super::log_file;
use super::log_file::LogFile;
use super::meta::SessionMeta;
use super::syncing::Syncing;
use super::workers::{Work, Workers};
use crate::history::Entry;
use crate::history::rollout::codec::encode::Encoder;

/// What may wait for the disk in all logs together, in bytes; more is lost, and said so.
const QUEUE_LIMIT: usize = 64 << 20;
/// How often a disk that failed is tried again.
const RETRY: Duration = Duration::from_secs(1);
/// Entries of a log that is stuck may wait in this number before they become lines, which are counted.
const LOOSE: usize = 64;

/// Told when something can't be saved.
pub type OnWarning = Arc<dyn Fn(String) + Send + Sync>;

/// The writer. Its threads start with the first log that has something to write.
#[derive(Clone, Default)]
pub struct LogWriter {
    pub(crate) shared: Arc<Shared>,
}

pub(crate) struct Shared {
    writing: Workers<Log>,
    pub(crate) syncing: Workers<Syncing>,
    /// Bytes that wait for the disk.
    waiting: AtomicUsize,
}

impl Default for Shared {
    fn default() -> Self {
        Self {
            writing: Workers::new("history"),
            syncing: Workers::new("history-sync"),
            waiting: AtomicUsize::new(0),
        }
    }
}

impl std::fmt::Debug for LogWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LogWriter")
    }
}

/// One log as the writer sees it.
pub(crate) struct Log {
    writer: LogWriter,
    pub(crate) path: PathBuf,
    pub(crate) on_warning: OnWarning,
    inbox: Mutex<Inbox>,
    /// Held while entries become lines. Never while the disk is waited for.
    lines: Mutex<Lines>,
    /// Held by the thread that writes, for as long as the disk takes.
    disk: Mutex<LogFile>,
    /// Why not everything is saved.
    problem: Mutex<Option<String>>,
    syncing: Arc<Syncing>,
    /// The file is there.
    pub(crate) made: AtomicBool,
    /// Those who wait have given up: the disk does not answer.
    pub(crate) stuck: AtomicBool,
    /// Bytes that could not be written before the log was closed.
    pub(crate) lost: AtomicUsize,
    /// Entries handed over.
    pub(crate) appended: AtomicU64,
    /// Entries that the writer is done with.
    pub(crate) written: AtomicU64,
}

/// What is to be done.
#[derive(Default)]
struct Inbox {
    entries: Vec<(DateTime<Utc>, Vec<Entry>)>,
    todo: Todo,
    /// A thread works on it, or will.
    busy: bool,
}

#[derive(Default)]
struct Todo {
    materialise: bool,
    sync: bool,
    /// Told when everything before has been tried.
    waiting: Vec<oneshot::Sender<()>>,
    close: Option<oneshot::Sender<()>>,
}

/// Lines that are not in the file yet.
pub(crate) struct Lines {
    pub(crate) encoder: Encoder,
    /// The first line, until it is written.
    meta: Option<Box<SessionMeta>>,
    /// Settings that were told before there was a reason to make the file.
    early: Vec<(DateTime<Utc>, Entry)>,
    bytes: Vec<u8>,
    /// Entries that have become lines.
    encoded: u64,
    /// Some were lost.
    gap: bool,
}

/// How a log begins.
pub(crate) struct Beginning {
    pub(crate) layout: Layout,
    pub(crate) path: PathBuf,
    pub(crate) encoder: Encoder,
    /// The first line of a file that is yet to be made.
    pub(crate) meta: Option<Box<SessionMeta>>,
    /// The file, if it is there.
    pub(crate) file: Option<Arc<File>>,
    pub(crate) lock: Option<WriterLock>,
    /// The last line has no end.
    pub(crate) torn: bool,
    pub(crate) on_warning: OnWarning,
}

impl Log {
    pub(crate) fn new(writer: &LogWriter, beginning: Beginning) -> Arc<Self> {
        let Beginning {
            layout,
            path,
            encoder,
            meta,
            file,
            lock,
            torn,
            on_warning,
        } = beginning;
        let bytes = if torn { vec![b'\n'] } else { Vec::new() };
        writer.shared.waiting.fetch_add(bytes.len(), Ordering::Relaxed);
        Arc::new_cyclic(|log| Self {
            writer: writer.clone(),
            path,
            on_warning,
            inbox: Mutex::default(),
            made: AtomicBool::new(file.is_some()),
            lines: Mutex::new(Lines {
                encoder,
                meta,
                early: Vec::new(),
                bytes,
                encoded: 0,
                gap: false,
            }),
            disk: Mutex::new(LogFile::new(layout, file, lock)),
            problem: Mutex::default(),
            syncing: Arc::new(Syncing::new(log.clone())),
            stuck: AtomicBool::new(false),
            lost: AtomicUsize::new(0),
            appended: AtomicU64::new(0),
            written: AtomicU64::new(0),
        })
    }

    /// Hands entries over.
    pub(crate) fn append(self: &Arc<Self>, entries: Vec<Entry>) {
        self.appended.fetch_add(entries.len() as u64, Ordering::Relaxed);
        let loose = self.ask(|inbox| {
            inbox.entries.push((Utc::now(), entries));
            inbox.entries.len()
        });
        if loose > LOOSE && self.stuck.load(Ordering::Relaxed) {
            self.encode(false, None);
        }
    }

    /// Has the file made though there is nothing but its first line. Resolves when that has been tried.
    pub(crate) fn materialise(self: &Arc<Self>) -> oneshot::Receiver<()> {
        let (done, wait) = oneshot::channel();
        self.ask(|inbox| {
            inbox.todo.materialise = true;
            inbox.todo.waiting.push(done);
        });
        wait
    }

    /// Resolves when everything handed over so far has been tried.
    pub(crate) fn barrier(self: &Arc<Self>) -> oneshot::Receiver<()> {
        let (done, wait) = oneshot::channel();
        self.ask(|inbox| inbox.todo.waiting.push(done));
        wait
    }

    /// Has the file synced some time.
    pub(crate) fn sync(self: &Arc<Self>) {
        self.ask(|inbox| inbox.todo.sync = true);
    }

    /// Has everything written and synced, and the thread let go. Resolves when that has been tried.
    pub(crate) fn close(self: &Arc<Self>) -> oneshot::Receiver<()> {
        let (done, wait) = oneshot::channel();
        self.ask(|inbox| inbox.todo.close = Some(done));
        wait
    }

    /// For those who wait: sees to it that nobody else holds this log up.
    pub(crate) fn hurry(&self) {
        self.writer.shared.writing.relieve();
        self.writer.shared.syncing.relieve();
    }

    /// Notes that those who wait give up, and tells so once.
    pub(crate) fn give_up(&self, after: Duration) {
        if !self.stuck.swap(true, Ordering::Relaxed) {
            self.failed(&format!(
                "the file system has not answered for {} s",
                after.as_secs()
            ));
        }
    }

    /// Why not everything is saved that was handed over.
    pub(crate) fn problem(&self) -> Option<String> {
        self.problem
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(crate) fn lines(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn inbox(&self) -> MutexGuard<'_, Inbox> {
        self.inbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn disk(&self) -> MutexGuard<'_, LogFile> {
        self.disk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ask<T>(self: &Arc<Self>, ask: impl FnOnce(&mut Inbox) -> T) -> T {
        let mut inbox = self.inbox();
        let asked = ask(&mut inbox);
        let begin = !std::mem::replace(&mut inbox.busy, true);
        drop(inbox);
        if begin {
            self.writer.shared.writing.submit(Arc::clone(self));
        }
        asked
    }

    /// Turns entries into lines; only the first line may be new if `git` is given.
    fn encode(&self, materialise: bool, git: Option<crate::GitInfo>) {
        let mut lines = self.lines();
        let batches = std::mem::take(&mut self.inbox().entries);
        let before = lines.bytes.len();
        if let Some(meta) = &mut lines.meta
            && meta.git.is_none()
        {
            meta.git = git.map(Into::into);
        }
        if materialise {
            lines.begin(Utc::now());
        }
        let mut lost = false;
        for (at, entries) in batches {
            lines.encoded += entries.len() as u64;
            for entry in entries {
                let new = lines.bytes.len() - before;
                let room = new + self.writer.shared.waiting.load(Ordering::Relaxed) <= QUEUE_LIMIT;
                if room {
                    lines.push(at, entry);
                } else {
                    lost |= !std::mem::replace(&mut lines.gap, true);
                }
            }
        }
        let new = lines.bytes.len() - before;
        self.writer.shared.waiting.fetch_add(new, Ordering::Relaxed);
        drop(lines);
        if lost {
            (self.on_warning)(format!(
                "More than {} MiB of histories wait to be saved. What happens in this thread from now on is lost until \
                 {} can be written again.",
                QUEUE_LIMIT >> 20,
                self.path.display()
            ));
        }
    }

    /// Writes what waits. The lock of the lines is not held meanwhile: those who look at the log don't wait.
    fn write(&self) -> io::Result<()> {
        let mut disk = self.disk();
        let mut bytes = std::mem::take(&mut self.lines().bytes);
        if bytes.is_empty() {
            return Ok(());
        }
        let before = bytes.len();
        let failing = self.problem().is_some();
        let id = self.lines().encoder.thread_id();
        let result = disk.prepare(&self.path, id, failing).and_then(|file| {
            self.made.store(true, Ordering::Relaxed);
            log_file::write_all(&file, &mut bytes)
        });
        let written = before - bytes.len();
        self.writer.shared.waiting.fetch_sub(written, Ordering::Relaxed);
        // What came meanwhile comes behind what is left. If nothing is, the buffer goes: a thread at rest holds none.
        if !bytes.is_empty() {
            let mut lines = self.lines();
            bytes.append(&mut lines.bytes);
            lines.bytes = bytes;
        }
        result
    }

    /// Tells once that there is a problem.
    fn failed(&self, why: &str) {
        let mut problem = self.problem.lock().unwrap_or_else(PoisonError::into_inner);
        let told = problem.is_some();
        *problem = Some(why.to_owned());
        drop(problem);
        if !told {
            let id = self.lines().encoder.thread_id();
            tracing::warn!(thread = %id, path = %self.path.display(), why, "history can't be saved");
            (self.on_warning)(format!(
                "The history of this thread can't be saved to {}: {why}. The thread goes on; what happens meanwhile is \
                 kept in memory and saved when the disk takes it again.",
                self.path.display()
            ));
        }
    }

    fn succeeded(&self) {
        let mut problem = self.problem.lock().unwrap_or_else(PoisonError::into_inner);
        let recovered = problem.take().is_some();
        drop(problem);
        if recovered {
            let id = self.lines().encoder.thread_id();
            tracing::info!(thread = %id, "history is saved again");
        }
        if std::mem::take(&mut self.lines().gap) {
            (self.on_warning)(
                "The history of this thread is being saved again, but a part of it was lost because too much had to \
                 wait for the disk."
                    .into(),
            );
        }
    }

    /// The folder of a thread whose first line is to be written, and to tell the state of its repository.
    fn folder_untold(&self, todo: &Todo) -> Option<PathBuf> {
        let meta = self
            .lines()
            .meta
            .as_ref()
            .filter(|meta| meta.git.is_none())?
            .cwd
            .clone();
        let inbox = self.inbox();
        let mut entries = inbox.entries.iter().flat_map(|(_, entries)| entries);
        let begins = todo.materialise || entries.any(|entry| !matches!(entry, Entry::SettingsApplied(_)));
        begins.then_some(meta)
    }

    /// Does everything that is to be done. `true`: not everything could be written.
    fn work_off(&self) -> bool {
        loop {
            let todo = std::mem::take(&mut self.inbox().todo);
            let git = self.folder_untold(&todo).and_then(|cwd| crate::git::info(&cwd));
            self.encode(todo.materialise, git);
            let encoded = self.lines().encoded;
            let written = self.write();
            self.stuck.store(false, Ordering::Relaxed);
            match &written {
                Ok(()) => self.succeeded(),
                Err(error) => self.failed(&error.to_string()),
            }
            self.written.store(encoded, Ordering::Release);
            for done in todo.waiting {
                let _ = done.send(());
            }
            if todo.sync || todo.close.is_some() {
                self.syncing.ask(todo.close, &self.writer);
            }
            let mut inbox = self.inbox();
            if inbox.is_done() {
                inbox.busy = false;
                return written.is_err();
            }
        }
    }

    /// The file, and the folders with entries that a power failure might take.
    pub(crate) fn take_unsynced(&self) -> (Option<Arc<File>>, Vec<PathBuf>) {
        let mut disk = self.disk();
        (disk.file.clone(), std::mem::take(&mut disk.unsynced))
    }

    /// Lets the file and its lock go.
    pub(crate) fn finish(&self) {
        let disk = &mut *self.disk();
        disk.file = None;
        disk.lock = None;
        let lost = std::mem::take(&mut self.lines().bytes).len();
        self.lost.store(lost, Ordering::Relaxed);
        self.writer.shared.waiting.fetch_sub(lost, Ordering::Relaxed);
    }
}

impl Work for Log {
    fn work(self: Arc<Self>) -> Option<Duration> {
        self.work_off().then_some(RETRY)
    }

    fn again(self: Arc<Self>) {
        self.ask(|_| ());
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        let lost = self.lines().bytes.len();
        self.writer.shared.waiting.fetch_sub(lost, Ordering::Relaxed);
    }
}

impl std::fmt::Debug for Log {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Log({})", self.path.display())
    }
}

impl Inbox {
    fn is_done(&self) -> bool {
        let Todo {
            materialise,
            sync,
            waiting,
            close,
        } = &self.todo;
        self.entries.is_empty() && !materialise && !sync && waiting.is_empty() && close.is_none()
    }
}

impl Lines {
    /// Settings alone make no file.
    fn push(&mut self, at: DateTime<Utc>, entry: Entry) {
        if self.meta.is_some() && matches!(entry, Entry::SettingsApplied(_)) {
            self.early.push((at, entry));
            return;
        }
        self.begin(at);
        self.encoder.entry(&mut self.bytes, at, &entry);
    }

    /// Puts the first line, and the settings told before it, in front.
    fn begin(&mut self, at: DateTime<Utc>) {
        let Some(meta) = self.meta.take() else {
            return;
        };
        self.encoder.meta(&mut self.bytes, at, &meta);
        for (at, entry) in std::mem::take(&mut self.early) {
            self.encoder.entry(&mut self.bytes, at, &entry);
        }
    }
}
