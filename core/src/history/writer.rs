//! The writer of rollouts: one thread of the process takes the entries of all logs, in order, and writes whole lines.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::oneshot;

use super::Entry;
use super::encode::Encoder;
use super::layout::Layout;
use super::lock::WriterLock;
use super::meta::SessionMeta;

/// What may wait for the disk per log, in bytes; more is lost, and said so.
const QUEUE_LIMIT: usize = 64 << 20;
/// How often a disk that failed is tried again.
const RETRY: Duration = Duration::from_secs(1);
/// Stack of the helper threads: they call nothing deep.
const STACK: usize = 256 << 10;

/// Told when something can't be saved.
pub type OnWarning = Arc<dyn Fn(String) + Send + Sync>;

/// The writer. Its thread starts with the first log that has something to write.
#[derive(Clone, Default)]
pub struct LogWriter {
    queue: Arc<Mutex<Option<Sender<Job>>>>,
}

impl std::fmt::Debug for LogWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LogWriter")
    }
}

/// Work for the writer's thread.
pub(super) enum Job {
    /// Write these.
    Append(Arc<Log>, DateTime<Utc>, Vec<Entry>),
    /// Make the file though there is nothing but its first line.
    Materialise(Arc<Log>),
    /// Everything before this has been tried.
    Barrier(oneshot::Sender<()>),
    /// Ask for a sync.
    Sync(Arc<Log>),
    /// Write what waits, sync, unlock.
    Close(Arc<Log>, oneshot::Sender<()>),
}

impl LogWriter {
    pub(super) fn send(&self, job: Job) {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let job = match queue.as_ref() {
            Some(queue) => match queue.send(job) {
                Ok(()) => return,
                Err(refused) => refused.0,
            },
            None => job,
        };
        let (tx, rx) = channel();
        let started = std::thread::Builder::new()
            .name("history".into())
            .stack_size(STACK)
            .spawn(move || run(&rx));
        match started {
            Ok(_) => {
                let _ = tx.send(job);
                *queue = Some(tx);
            }
            Err(error) => tracing::error!(%error, "the writer of thread histories could not be started"),
        }
    }
}

/// One log as the writer sees it.
pub(super) struct Log {
    key: u64,
    target: Mutex<Target>,
    on_warning: OnWarning,
    /// Entries handed over.
    pub(super) appended: AtomicU64,
    /// Entries that the writer is done with.
    pub(super) written: AtomicU64,
}

/// Where a log's lines go. Behind a lock only because the log is shared; nobody but the writer's thread works with
/// it while jobs are under way.
pub(super) struct Target {
    pub(super) layout: Layout,
    pub(super) path: PathBuf,
    pub(super) encoder: Encoder,
    /// The first line, until it is written.
    pub(super) meta: Option<Box<SessionMeta>>,
    /// The file, once it exists.
    pub(super) file: Option<Arc<File>>,
    pub(super) lock: Option<WriterLock>,
    /// Settings that were told before there was a reason to make the file.
    pub(super) early: Vec<(DateTime<Utc>, Entry)>,
    /// Lines that are not in the file yet.
    pub(super) waiting: Vec<u8>,
    failing: bool,
    gap: bool,
    gone: bool,
}

impl Target {
    pub(super) fn new(layout: Layout, path: PathBuf, encoder: Encoder) -> Self {
        Self {
            layout,
            path,
            encoder,
            meta: None,
            file: None,
            lock: None,
            early: Vec::new(),
            waiting: Vec::new(),
            failing: false,
            gap: false,
            gone: false,
        }
    }
}

impl Log {
    pub(super) fn new(target: Target, on_warning: OnWarning) -> Arc<Self> {
        static KEYS: AtomicU64 = AtomicU64::new(0);
        Arc::new(Self {
            key: KEYS.fetch_add(1, Ordering::Relaxed),
            target: Mutex::new(target),
            on_warning,
            appended: AtomicU64::new(0),
            written: AtomicU64::new(0),
        })
    }

    pub(super) fn target(&self) -> MutexGuard<'_, Target> {
        self.target.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn append(&self, at: DateTime<Utc>, entries: Vec<Entry>) {
        let target = &mut *self.target();
        let count = entries.len() as u64;
        for entry in entries {
            if target.file.is_none() && target.meta.is_some() && matches!(entry, Entry::SettingsApplied(_)) {
                target.early.push((at, entry));
                continue;
            }
            begin(target, at);
            if target.waiting.len() > QUEUE_LIMIT {
                target.gap = true;
                continue;
            }
            target.encoder.entry(&mut target.waiting, at, &entry);
        }
        self.flush(target);
        self.written.fetch_add(count, Ordering::Release);
    }

    fn materialise(&self) {
        let target = &mut *self.target();
        begin(target, Utc::now());
        self.flush(target);
    }

    /// Writes what waits; tells once if that fails.
    fn flush(&self, target: &mut Target) {
        match write(target) {
            Ok(()) => {
                if std::mem::take(&mut target.failing) && std::mem::take(&mut target.gap) {
                    (self.on_warning)(
                        "The history of this thread is being saved again, but a part of it was lost because too much \
                         had to wait for the disk."
                            .into(),
                    );
                }
            }
            Err(error) if !target.failing => {
                target.failing = true;
                (self.on_warning)(format!(
                    "The history of this thread can't be saved to {}: {error}. The thread goes on; what happens \
                     meanwhile is kept in memory and saved when the disk takes it again.",
                    target.path.display()
                ));
            }
            Err(_) => {}
        }
    }

    /// Whether the file was deleted under us; told once.
    fn check_gone(&self) {
        let target = &mut *self.target();
        if target.gone {
            return;
        }
        if let Some(file) = &target.file
            && file.metadata().is_ok_and(|meta| meta.nlink() == 0)
        {
            target.gone = true;
            (self.on_warning)(format!(
                "The file of this thread was deleted ({}). The thread goes on, but it won't be found after it is \
                 closed.",
                target.path.display()
            ));
        }
    }
}

impl std::fmt::Debug for Log {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Log({})", self.key)
    }
}

/// Puts the first line, and the settings told before it, in front.
fn begin(target: &mut Target, at: DateTime<Utc>) {
    let Some(meta) = target.meta.take() else {
        return;
    };
    target.encoder.meta(&mut target.waiting, at, &meta);
    for (at, entry) in std::mem::take(&mut target.early) {
        target.encoder.entry(&mut target.waiting, at, &entry);
    }
}

fn write(target: &mut Target) -> io::Result<()> {
    if target.waiting.is_empty() {
        return Ok(());
    }
    if target.lock.is_none() {
        let lock = WriterLock::take(&target.layout, target.encoder.thread_id());
        target.lock = Some(lock.map_err(io::Error::other)?);
    }
    let file = if let Some(file) = &target.file {
        Arc::clone(file)
    } else {
        if let Some(folder) = target.path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o644)
            .open(&target.path)?;
        Arc::clone(target.file.insert(Arc::new(file)))
    };
    let mut done = 0;
    let result = loop {
        match (&*file).write(&target.waiting[done..]) {
            Ok(0) => break Err(io::ErrorKind::WriteZero.into()),
            Ok(n) => {
                done += n;
                if done == target.waiting.len() {
                    break Ok(());
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => break Err(error),
        }
    };
    // What was written of a line stays; the rest of it follows when the disk takes it.
    target.waiting.drain(..done);
    if target.waiting.capacity() > 1 << 16 && target.waiting.len() < 1 << 12 {
        target.waiting.shrink_to(1 << 12);
    }
    result
}

/// The writer's thread.
fn run(jobs: &Receiver<Job>) {
    let syncer = Syncer::default();
    let mut failing: HashMap<u64, Weak<Log>> = HashMap::new();
    loop {
        let job = if failing.is_empty() {
            jobs.recv().map_err(|_| RecvTimeoutError::Disconnected)
        } else {
            jobs.recv_timeout(RETRY)
        };
        match job {
            Ok(Job::Append(log, at, entries)) => {
                log.append(at, entries);
                note(&mut failing, &log);
            }
            Ok(Job::Materialise(log)) => {
                log.materialise();
                note(&mut failing, &log);
            }
            Ok(Job::Barrier(done)) => {
                let _ = done.send(());
            }
            Ok(Job::Sync(log)) => {
                log.check_gone();
                syncer.sync(&log, None);
            }
            Ok(Job::Close(log, done)) => {
                log.flush(&mut log.target());
                failing.remove(&log.key);
                syncer.sync(&log, Some(done));
            }
            Err(RecvTimeoutError::Timeout) => failing.retain(|_, log| {
                log.upgrade().is_some_and(|log| {
                    let target = &mut *log.target();
                    log.flush(target);
                    target.failing
                })
            }),
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

fn note(failing: &mut HashMap<u64, Weak<Log>>, log: &Arc<Log>) {
    if log.target().failing {
        failing.entry(log.key).or_insert_with(|| Arc::downgrade(log));
    }
}

/// Syncs files on a thread of its own, because a slow disk must not hold up the lines of other threads.
#[derive(Default)]
struct Syncer {
    queue: std::cell::OnceCell<Option<Sender<SyncJob>>>,
}

type SyncJob = (Arc<Log>, Option<oneshot::Sender<()>>);

impl Syncer {
    fn sync(&self, log: &Arc<Log>, closing: Option<oneshot::Sender<()>>) {
        let queue = self.queue.get_or_init(|| {
            let (tx, rx) = channel();
            let started = std::thread::Builder::new()
                .name("history-sync".into())
                .stack_size(STACK)
                .spawn(move || sync_all(&rx));
            started.ok().map(|_| tx)
        });
        match queue {
            Some(queue) => drop(queue.send((Arc::clone(log), closing))),
            None => finish(log, closing),
        }
    }
}

/// Takes everything that has been asked for since the last round, so that a file is synced once for many requests.
fn sync_all(jobs: &Receiver<SyncJob>) {
    while let Ok(first) = jobs.recv() {
        let mut round: HashMap<u64, (Arc<Log>, Vec<oneshot::Sender<()>>)> = HashMap::new();
        for (log, closing) in std::iter::once(first).chain(jobs.try_iter()) {
            let (_, waiting) = round.entry(log.key).or_insert_with(|| (log, Vec::new()));
            waiting.extend(closing);
        }
        for (log, waiting) in round.into_values() {
            let file = log.target().file.clone();
            if let Some(file) = file
                && let Err(error) = file.sync_data()
            {
                tracing::warn!(%error, "a thread's history could not be synced");
            }
            for done in waiting {
                finish(&log, Some(done));
            }
        }
    }
}

/// Lets the file and its lock go.
fn finish(log: &Log, closing: Option<oneshot::Sender<()>>) {
    if let Some(done) = closing {
        {
            let target = &mut *log.target();
            target.file = None;
            target.lock = None;
        }
        let _ = done.send(());
    }
}
