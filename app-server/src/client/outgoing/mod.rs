//! What waits to be written to one client.
//!
//! Pushing never blocks. When the writer is behind, text of one item is merged into the entry that waits already, so
//! that a slow reader costs memory in the size of the text, not of its frames; everything else is kept as it is. Above
//! a high-water mark the queue calls itself congested, and whoever produces is expected to wait; output of commands,
//! which may be endless, has a lower mark. A client at the other end of a socket for which nobody waits is cut off: soon if
//! it reads nothing, later if it only reads slowly (`queue`). Answers that it has asked for don't count for that as long as
//! it reads: while much waits, no request of it begins.
//!
//! A connection is *attached* to the queue while its writer takes from it. The queue of a client that may come back is
//! *parked* in between (see `reconnect`): what is pushed then is bounded, and the oldest is given up.

mod attachment;
mod entry;
mod journal;
mod queue;
mod writer;

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use bytes::Bytes;
use codex_app_server_protocol::{Dialect, RequestId};
use codex_core::{ThreadId, Traffic};
use tokio::sync::Notify;

use super::handle::Slot;
use crate::events::delta::Delta;
use entry::{Frame, Message, Role};
use queue::Queue;

pub(crate) use attachment::Attachment;
pub(crate) use entry::{Entry, Pieces};
pub(crate) use journal::{Resumption, lost_answer};
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

/// The queue of one client.
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
    /// Bytes that the other side, or the system on its behalf, has taken.
    taken: AtomicU64,
    broken: AtomicBool,
    parked: AtomicBool,
    /// The client may come back.
    journaled: AtomicBool,
    /// Told when this queue is broken, or another connection takes over.
    detached: Notify,
    /// Told when this queue is drained or broken. Shared by all queues of the process.
    relieved: Arc<Notify>,
    /// The client is at the other end of a socket.
    remote: bool,
    /// Tells whether the client has read what was written, where that can be known.
    gauge: OnceLock<Gauge>,
}

/// Whether all is read that was written.
struct Gauge(Box<dyn Fn() -> bool + Send + Sync>);

impl std::fmt::Debug for Gauge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Gauge")
    }
}

impl Outgoing {
    /// An empty queue that tells `relieved` when producers may go on.
    pub(crate) fn new(relieved: Arc<Notify>, remote: bool) -> Self {
        Self {
            queue: Mutex::default(),
            pushed: Notify::new(),
            congested: AtomicBool::new(false),
            output_congested: AtomicBool::new(false),
            sound_congested: AtomicBool::new(false),
            json_rpc_2: AtomicBool::new(false),
            taken: AtomicU64::new(0),
            broken: AtomicBool::new(false),
            parked: AtomicBool::new(false),
            journaled: AtomicBool::new(false),
            detached: Notify::new(),
            relieved,
            remote,
            gauge: OnceLock::new(),
        }
    }

    /// From now on, this tells whether the client has read what was written.
    pub(crate) fn set_gauge(&self, is_read: impl Fn() -> bool + Send + Sync + 'static) {
        // There is one standard output.
        drop(self.gauge.set(Gauge(Box::new(is_read))));
    }

    /// Queues a frame that the client has not asked for. `thread`: the thread whose order it belongs to; `None`: any
    /// thread's.
    pub(crate) fn push(&self, thread: Option<ThreadId>, json: impl Into<Bytes>) {
        self.add_frame(thread, json.into(), Role::News);
    }

    /// Queues a frame with what the client has asked for under a name of its own.
    pub(crate) fn push_result(&self, json: impl Into<Bytes>) {
        self.add_frame(None, json.into(), Role::Result);
    }

    /// Queues the answer to a request of the client.
    pub(crate) fn push_answer(&self, request: RequestId, json: impl Into<Bytes>) {
        self.add_frame(None, json.into(), Role::Answer(request));
    }

    /// Queues a request to the client that has this id.
    pub(crate) fn push_question(&self, thread: Option<ThreadId>, id: i64, json: Bytes) {
        self.add_frame(thread, json, Role::Question(id));
    }

    fn add_frame(&self, thread: Option<ThreadId>, json: Bytes, role: Role) {
        self.add(Entry::Message(Message::Frame(Frame { thread, json, role })));
    }

    /// Queues the answer to a request that is made while it is written, and keeps `slot` until then.
    pub(crate) fn push_pieces(
        &self,
        request: RequestId,
        pieces: impl Iterator<Item = Vec<u8>> + Send + 'static,
        slot: Option<Slot>,
    ) {
        self.add(Entry::Pieces(Pieces {
            maker: Box::new(pieces),
            slot,
            request,
        }));
    }

    /// Queues text of an item.
    pub(crate) fn push_delta(&self, delta: Delta) {
        self.add(Entry::Message(Message::Delta(delta)));
    }

    /// Answers a ping. Only the last one needs an answer.
    pub(crate) fn pong(&self, payload: &[u8]) {
        self.lock().pong = Some(payload.to_vec());
        self.pushed.notify_one();
    }

    /// Nothing more will be pushed; the writer ends when it has written what waits. `code`: how a WebSocket is closed
    /// then; `None`: it stays open.
    pub(crate) fn close(&self, code: Option<u16>) {
        let mut queue = self.lock();
        queue.closed = true;
        queue.close_code = code;
        drop(queue);
        self.pushed.notify_one();
    }

    /// Nobody will ever take what waits: it is dropped, with all that it holds.
    pub(crate) fn discard(&self) {
        let mut queue = self.lock();
        queue.closed = true;
        let kept = (queue.take(), queue.journal.take());
        queue.writing = 0;
        drop(queue);
        // Answers in pieces may hold the last handle of their client.
        drop(kept);
    }

    /// Whether more waits than should, for more of this to be added.
    pub(crate) fn congested(&self, traffic: Traffic) -> bool {
        let (congested, _) = self.mark(traffic);
        congested.load(Ordering::Relaxed)
    }

    /// Whether the client is at the other end of a socket.
    pub(crate) fn is_remote(&self) -> bool {
        self.remote
    }

    /// Whether nobody writes for now.
    pub(crate) fn is_parked(&self) -> bool {
        self.parked.load(Ordering::Relaxed)
    }

    /// What says that the queue is congested for this, and from how many bytes on it is.
    fn mark(&self, traffic: Traffic) -> (&AtomicBool, usize) {
        match traffic {
            Traffic::Model => (&self.congested, HIGH_WATER),
            Traffic::Output => (&self.output_congested, OUTPUT_HIGH_WATER),
            Traffic::Sound => (&self.sound_congested, SOUND_HIGH_WATER),
        }
    }

    /// Bytes that are not written yet, or kept for a client that may come back.
    pub(crate) fn waiting(&self) -> usize {
        self.lock().bytes()
    }

    /// Resolves when the queue is not congested.
    pub(crate) async fn drained(&self, traffic: Traffic) {
        loop {
            let relieved = self.relieved.notified();
            // Nobody waits for a client that is away.
            if self.is_parked() || !self.congested(traffic) {
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

    /// From now on frames are numbered, and kept within a bound for a client that comes back.
    pub(crate) fn keep_journal(&self) {
        let mut queue = self.lock();
        let frames = queue.take().into_iter().filter_map(|entry| match entry {
            Entry::Message(Message::Frame(frame)) => Some(frame.json),
            Entry::Message(Message::Delta(_)) | Entry::Pieces(_) => None,
        });
        queue.preamble.extend(frames);
        queue.writing = 0;
        queue.journal = Some(Box::default());
        drop(queue);
        self.journaled.store(true, Ordering::Relaxed);
    }

    /// Whether frames are kept for a client that comes back.
    pub(crate) fn has_journal(&self) -> bool {
        self.journaled.load(Ordering::Relaxed)
    }

    /// The client has seen everything up to this number.
    pub(crate) fn seen(&self, cursor: u64) {
        if let Some(journal) = &mut self.lock().journal {
            journal.seen(cursor);
        }
    }

    /// The requests that a client which has come back has still to get.
    pub(crate) fn questions(&self) -> HashSet<i64> {
        self.lock().questions()
    }

    fn add(&self, entry: Entry) {
        let mut queue = self.lock();
        if queue.closed {
            return;
        }
        if self.remote && queue.is_too_slow(self.taken.load(Ordering::Relaxed)) {
            drop(queue);
            tracing::warn!("a client reads too slowly and is cut off");
            return self.cut_off(entry);
        }
        let was_empty = queue.entries.is_empty();
        self.enqueue(&mut queue, entry);
        drop(queue);
        if was_empty {
            self.pushed.notify_one();
        }
    }

    fn enqueue(&self, queue: &mut Queue, entry: Entry) {
        queue.push(entry);
        queue.bound_parked();
        let bytes = queue.bytes();
        for traffic in TRAFFIC {
            let (congested, high_water) = self.mark(traffic);
            if bytes > high_water {
                congested.store(true, Ordering::Relaxed);
            }
        }
    }

    /// Gives up the connection, and the entries too unless the client may come back.
    fn cut_off(&self, entry: Entry) {
        let mut queue = self.lock();
        if queue.journal.is_some() {
            self.park_queue(&mut queue);
            self.enqueue(&mut queue, entry);
            drop(queue);
            self.tell_broken();
        } else {
            drop(queue);
            self.set_broken();
        }
    }

    fn park_queue(&self, queue: &mut Queue) {
        queue.parked = true;
        queue.behind = true;
        queue.writing = 0;
        queue.pong = None;
        queue.bound_parked();
        self.parked.store(true, Ordering::Relaxed);
        self.unmark(queue.bytes());
        // The writer ends.
        self.pushed.notify_waiters();
    }

    /// Ends congestion where it has ended.
    fn unmark(&self, bytes: usize) {
        for traffic in TRAFFIC {
            let (congested, high_water) = self.mark(traffic);
            if bytes < high_water / 2 && congested.swap(false, Ordering::Relaxed) {
                self.relieved.notify_waiters();
            }
        }
    }

    /// Takes the whole frames that wait, for tests.
    #[cfg(test)]
    pub(crate) fn take_frames(&self) -> Vec<Bytes> {
        let frame = |entry| match entry {
            Entry::Message(Message::Frame(frame)) => Some(frame.json),
            Entry::Message(Message::Delta(_)) | Entry::Pieces(_) => None,
        };
        self.lock().take().into_iter().filter_map(frame).collect()
    }

    /// The other side reads no more.
    fn set_broken(&self) {
        let mut queue = self.lock();
        queue.closed = true;
        let entries = queue.take();
        queue.writing = 0;
        drop(queue);
        // Some hold files, and write a line to the log.
        drop(entries);
        self.unmark(0);
        self.tell_broken();
    }

    /// The connection is given up: nobody waits for it any more.
    fn tell_broken(&self) {
        self.broken.store(true, Ordering::Relaxed);
        self.detached.notify_waiters();
        self.relieved.notify_waiters();
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
