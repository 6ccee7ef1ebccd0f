//! What waits to be written to one connection.
//!
//! Pushing never blocks. When the writer is behind, text of one item is merged into the entry that waits already, so
//! that a slow reader costs memory in the size of the text, not of its frames; everything else is kept as it is. Above
//! a high-water mark the queue calls itself congested, and whoever produces is expected to wait; output of commands,
//! which may be endless, has a lower mark.

mod writer;

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use codex_app_server_protocol::Dialect;
use codex_core::{ThreadId, Traffic};
use tokio::sync::{Notify, OwnedSemaphorePermit};

use crate::events::delta::Delta;

pub(crate) use writer::write;

/// Bytes from which on a queue is congested; it is drained below half of that.
pub(crate) const HIGH_WATER: usize = 4 * 1024 * 1024;

/// The same for output of commands. What waits in front of a model's text delays it: this much is written within
/// milliseconds.
const OUTPUT_HIGH_WATER: usize = 256 * 1024;

/// The same for sound: a client that does not read it costs no more than this.
const SOUND_HIGH_WATER: usize = 1536 * 1024;

/// All kinds of traffic.
const TRAFFIC: [Traffic; 3] = [Traffic::Model, Traffic::Output, Traffic::Sound];

/// Bytes of text that waits in one piece at most: it is made into JSON as a whole.
const MERGED: usize = 64 * 1024;

/// Bytes of the frame around a piece of text, roughly.
const DELTA_FRAME: usize = 256;

/// One message that waits.
#[derive(Debug)]
pub(crate) enum Entry {
    /// A whole frame in the plain dialect, without line end.
    Frame {
        /// The thread whose order it belongs to; `None`: it may matter to any thread.
        thread: Option<ThreadId>,
        /// JSON.
        json: Bytes,
    },
    /// Text, made into a frame when it is written.
    Delta(Delta),
    /// A frame in the plain dialect that may be large, and is made while it is written.
    Pieces(Pieces),
}

/// A frame without line end, piece by piece. Making one may block.
pub(crate) struct Pieces {
    pieces: Box<dyn Iterator<Item = Vec<u8>> + Send>,
    /// The request is in progress until its answer is written, and not only made: each one that waits holds files open.
    slot: Option<OwnedSemaphorePermit>,
}

impl std::fmt::Debug for Pieces {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Pieces")
    }
}

impl Entry {
    fn thread(&self) -> Option<ThreadId> {
        match self {
            Self::Frame { thread, .. } => *thread,
            Self::Delta(delta) => Some(delta.thread),
            Self::Pieces(_) => None,
        }
    }

    fn bytes(&self) -> usize {
        match self {
            Self::Frame { json, .. } => json.len() + 1,
            Self::Delta(delta) => delta.text.len() + DELTA_FRAME,
            // One piece at a time is in memory.
            Self::Pieces(_) => 0,
        }
    }
}

/// The queue of one connection.
#[derive(Debug)]
pub(crate) struct Outgoing {
    /// Held for moments only; the pushing side are the threads' actors, the taking side is the writer.
    queue: Mutex<Queue>,
    pushed: Notify,
    congested: AtomicBool,
    /// As `congested`, for output of commands.
    output_congested: AtomicBool,
    /// As `congested`, for sound.
    sound_congested: AtomicBool,
    json_rpc_2: AtomicBool,
    broken: AtomicBool,
    /// Told when this queue is drained or broken. Shared by all queues of the process.
    relieved: Arc<Notify>,
}

#[derive(Debug, Default)]
struct Queue {
    entries: VecDeque<Entry>,
    /// Number of the first entry, counted from the beginning of the connection.
    first: u64,
    /// Number of the last waiting entry of each thread.
    last_of: HashMap<ThreadId, u64>,
    /// Nothing is merged into entries before this one.
    barrier: u64,
    /// Bytes that are not written yet, those that the writer works on among them.
    bytes: usize,
    /// The writer waits for the reader.
    behind: bool,
    closed: bool,
}

impl Outgoing {
    /// An empty queue that tells `relieved` when producers may go on.
    pub(crate) fn new(relieved: Arc<Notify>) -> Self {
        Self {
            queue: Mutex::default(),
            pushed: Notify::new(),
            congested: AtomicBool::new(false),
            output_congested: AtomicBool::new(false),
            sound_congested: AtomicBool::new(false),
            json_rpc_2: AtomicBool::new(false),
            broken: AtomicBool::new(false),
            relieved,
        }
    }

    /// Queues a frame. `thread`: the thread whose order it belongs to; `None` (answers are such): any thread's.
    pub(crate) fn push(&self, thread: Option<ThreadId>, json: impl Into<Bytes>) {
        self.add(Entry::Frame {
            thread,
            json: json.into(),
        });
    }

    /// Queues a frame that is made while it is written, and keeps `slot` until then.
    pub(crate) fn push_pieces(
        &self,
        pieces: impl Iterator<Item = Vec<u8>> + Send + 'static,
        slot: Option<OwnedSemaphorePermit>,
    ) {
        let pieces = Box::new(pieces);
        self.add(Entry::Pieces(Pieces { pieces, slot }));
    }

    /// Queues text of an item.
    pub(crate) fn push_delta(&self, delta: Delta) {
        self.add(Entry::Delta(delta));
    }

    /// Nothing more will be pushed; the writer ends when it has written what waits.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.pushed.notify_one();
    }

    /// Whether more waits than should, for more of this to be added.
    pub(crate) fn congested(&self, traffic: Traffic) -> bool {
        let (congested, _) = self.mark(traffic);
        congested.load(Ordering::Relaxed)
    }

    /// What says that the queue is congested for this, and from how many bytes on it is.
    fn mark(&self, traffic: Traffic) -> (&AtomicBool, usize) {
        match traffic {
            Traffic::Model => (&self.congested, HIGH_WATER),
            Traffic::Output => (&self.output_congested, OUTPUT_HIGH_WATER),
            Traffic::Sound => (&self.sound_congested, SOUND_HIGH_WATER),
        }
    }

    /// Bytes that are not written yet.
    pub(crate) fn waiting(&self) -> usize {
        self.lock().bytes
    }

    /// Resolves when the queue is not congested.
    pub(crate) async fn drained(&self, traffic: Traffic) {
        loop {
            let relieved = self.relieved.notified();
            if !self.congested(traffic) {
                return;
            }
            relieved.await;
        }
    }

    /// Resolves when the other side has stopped reading for good.
    pub(crate) async fn broken(&self) {
        loop {
            let relieved = self.relieved.notified();
            if self.broken.load(Ordering::Relaxed) {
                return;
            }
            relieved.await;
        }
    }

    /// From now on frames are written in this dialect.
    pub(crate) fn set_dialect(&self, dialect: Dialect) {
        self.json_rpc_2
            .store(dialect == Dialect::JsonRpc2, Ordering::Relaxed);
    }

    /// How frames are written.
    pub(crate) fn dialect(&self) -> Dialect {
        if self.json_rpc_2.load(Ordering::Relaxed) {
            Dialect::JsonRpc2
        } else {
            Dialect::Plain
        }
    }

    fn add(&self, entry: Entry) {
        let mut queue = self.lock();
        if queue.closed {
            return;
        }
        let was_empty = queue.entries.is_empty();
        queue.bytes += entry.bytes();
        match entry {
            Entry::Delta(delta) if queue.behind => {
                if let Some(earlier) = queue.mergeable(&delta) {
                    earlier.text.push_str(&delta.text);
                    queue.bytes -= DELTA_FRAME;
                } else {
                    queue.append(Entry::Delta(delta));
                }
            }
            entry => queue.append(entry),
        }
        for traffic in TRAFFIC {
            let (congested, high_water) = self.mark(traffic);
            if queue.bytes > high_water {
                congested.store(true, Ordering::Relaxed);
            }
        }
        drop(queue);
        if was_empty {
            self.pushed.notify_one();
        }
    }

    /// Takes the whole frames that wait, for tests.
    #[cfg(test)]
    pub(crate) fn take_frames(&self) -> Vec<Bytes> {
        let frame = |entry| match entry {
            Entry::Frame { json, .. } => Some(json),
            Entry::Delta(_) | Entry::Pieces(_) => None,
        };
        self.lock().take().into_iter().filter_map(frame).collect()
    }

    /// Everything that waits. `None` when the queue is closed and empty.
    async fn take(&self) -> Option<VecDeque<Entry>> {
        loop {
            {
                let mut queue = self.lock();
                if !queue.entries.is_empty() {
                    return Some(queue.take());
                }
                if queue.closed {
                    return None;
                }
            }
            self.pushed.notified().await;
        }
    }

    /// The writer has to wait for the reader, or has caught up.
    fn set_behind(&self, behind: bool) {
        self.lock().behind = behind;
    }

    /// The writer is done with entries that counted this many bytes.
    fn written(&self, bytes: usize) {
        let mut queue = self.lock();
        queue.bytes -= bytes;
        let left = queue.bytes;
        drop(queue);
        for traffic in TRAFFIC {
            let (congested, high_water) = self.mark(traffic);
            if left < high_water / 2 && congested.swap(false, Ordering::Relaxed) {
                self.relieved.notify_waiters();
            }
        }
    }

    /// The other side reads no more.
    fn set_broken(&self) {
        let mut queue = self.lock();
        queue.closed = true;
        let entries = queue.take();
        queue.bytes = 0;
        drop(queue);
        // Some hold files, and write a line to the log.
        drop(entries);
        self.congested.store(false, Ordering::Relaxed);
        self.output_congested.store(false, Ordering::Relaxed);
        self.sound_congested.store(false, Ordering::Relaxed);
        self.broken.store(true, Ordering::Relaxed);
        self.relieved.notify_waiters();
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    fn append(&mut self, entry: Entry) {
        let number = self.first + self.entries.len() as u64;
        match entry.thread() {
            Some(thread) => {
                self.last_of.insert(thread, number);
            }
            None => self.barrier = number,
        }
        self.entries.push_back(entry);
    }

    /// The waiting entry that this text can be added to: the last one of its thread.
    fn mergeable(&mut self, delta: &Delta) -> Option<&mut Delta> {
        let number = *self.last_of.get(&delta.thread)?;
        if number < self.barrier {
            return None;
        }
        let at = usize::try_from(number.checked_sub(self.first)?).ok()?;
        match self.entries.get_mut(at) {
            Some(Entry::Delta(earlier))
                if delta.continues(earlier) && earlier.text.len() + delta.text.len() <= MERGED =>
            {
                Some(earlier)
            }
            _ => None,
        }
    }

    fn take(&mut self) -> VecDeque<Entry> {
        self.first += self.entries.len() as u64;
        self.last_of.clear();
        std::mem::take(&mut self.entries)
    }
}

#[cfg(test)]
mod tests {
    use codex_core::DeltaKind;

    use super::*;

    fn delta(thread: ThreadId, item: &str, text: &str) -> Delta {
        Delta {
            thread,
            turn_id: "turn".into(),
            item_id: item.into(),
            kind: DeltaKind::AgentMessage,
            text: text.to_owned(),
            emitted_at_ms: 1,
        }
    }

    fn queue() -> Outgoing {
        Outgoing::new(Arc::default())
    }

    fn texts(queue: &Outgoing) -> Vec<String> {
        let entries = queue.lock().take();
        let show = |entry: &Entry| match entry {
            Entry::Frame { json, .. } => String::from_utf8_lossy(json).into_owned(),
            Entry::Delta(delta) => delta.text.clone(),
            Entry::Pieces(_) => String::new(),
        };
        entries.iter().map(show).collect()
    }

    #[test]
    fn text_is_merged_only_while_the_writer_is_behind() {
        let (queue, thread) = (queue(), ThreadId::new());
        queue.push_delta(delta(thread, "a", "1"));
        queue.push_delta(delta(thread, "a", "2"));
        queue.set_behind(true);
        queue.push_delta(delta(thread, "a", "3"));
        assert_eq!(texts(&queue), ["1", "23"]);
    }

    #[test]
    fn nothing_is_merged_across_a_later_message_of_the_same_thread() {
        let (queue, thread, other) = (queue(), ThreadId::new(), ThreadId::new());
        queue.set_behind(true);
        queue.push_delta(delta(thread, "a", "1"));
        queue.push_delta(delta(other, "a", "x"));
        queue.push(Some(other), "other");
        queue.push_delta(delta(thread, "a", "2"));
        queue.push(Some(thread), "done");
        queue.push_delta(delta(thread, "a", "3"));
        queue.push_delta(delta(thread, "b", "4"));
        queue.push_delta(delta(thread, "a", "5"));
        assert_eq!(texts(&queue), ["12", "x", "other", "done", "3", "4", "5"]);
        queue.push_delta(delta(thread, "a", "6"));
        queue.push(None, "answer");
        queue.push_delta(delta(thread, "a", "7"));
        assert_eq!(texts(&queue), ["6", "answer", "7"]);
    }

    #[test]
    fn is_congested_above_the_mark_and_drained_below_half_of_it() {
        let queue = queue();
        queue.push(None, vec![b' '; HIGH_WATER / 2]);
        assert!(!queue.congested(Traffic::Model));
        assert!(queue.congested(Traffic::Output), "output leaves room for others");
        queue.push(None, vec![b' '; HIGH_WATER / 2]);
        assert!(queue.congested(Traffic::Model));
        queue.written(HIGH_WATER / 2);
        assert!(queue.congested(Traffic::Model), "still at half");
        queue.written(HIGH_WATER / 2);
        assert!(!queue.congested(Traffic::Model));
        assert!(!queue.congested(Traffic::Output));
    }

    #[test]
    fn text_is_merged_into_pieces_of_bounded_size() {
        let (queue, thread) = (queue(), ThreadId::new());
        queue.set_behind(true);
        for _ in 0..40 {
            queue.push_delta(delta(thread, "a", &"x".repeat(MERGED / 16)));
        }
        let lengths: Vec<_> = texts(&queue).iter().map(String::len).collect();
        assert_eq!(lengths, [MERGED, MERGED, MERGED / 2]);
    }

    #[tokio::test]
    async fn what_waits_is_written_in_order_and_in_the_dialect_of_the_peer() {
        for (dialect, begin) in [
            (Dialect::Plain, "{"),
            (Dialect::JsonRpc2, "{\"jsonrpc\":\"2.0\","),
        ] {
            let (queue, thread) = (Arc::new(queue()), ThreadId::new());
            queue.set_dialect(dialect);
            let large = format!("\"text\":\"{}\"}}", "x".repeat(200_000));
            queue.push(Some(thread), format!("{{{large}"));
            queue.push_delta(delta(thread, "a", "\"quoted\""));
            queue.push_pieces(["{\"in\":", "\"pieces\"", "}"].map(Vec::from).into_iter(), None);
            queue.push(None, "{\"id\":1}");
            queue.close();
            let mut written = Vec::new();
            write(Arc::clone(&queue), &mut written).await.unwrap();
            let text = String::from_utf8(written).unwrap();
            let lines: Vec<_> = text
                .lines()
                .map(|line| line.strip_prefix(begin).unwrap())
                .collect();
            assert_eq!(
                (lines.len(), lines[0], lines[2], lines[3]),
                (4, large.as_str(), "\"in\":\"pieces\"}", "\"id\":1}")
            );
            assert!(
                lines[1].starts_with("\"method\":\"item/agentMessage/delta\","),
                "{}",
                lines[1]
            );
            assert!(lines[1].contains("\"delta\":\"\\\"quoted\\\"\""), "{}", lines[1]);
            assert_eq!(queue.waiting(), 0);
        }
    }

    #[tokio::test]
    async fn a_reader_that_has_gone_frees_everything() {
        let queue = Arc::new(queue());
        queue.push(None, vec![b' '; HIGH_WATER + 1]);
        let (gone, _) = tokio::io::duplex(64);
        drop(write(Arc::clone(&queue), gone).await);
        queue.broken().await;
        queue.drained(Traffic::Model).await;
        queue.push(None, "late");
        assert!(texts(&queue).is_empty());
    }
}
