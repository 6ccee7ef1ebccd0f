//! One connection's hold on the queue of its client.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use codex_app_server_protocol::Dialect;

use super::Outgoing;
use super::journal::Resumption;
use super::queue::Batch;

/// A connection that is written to. When another one takes over, it gets nothing more.
#[derive(Debug, Clone)]
pub(crate) struct Attachment {
    queue: Arc<Outgoing>,
    number: u64,
}

impl Attachment {
    /// The first connection of a client.
    pub(crate) fn first(queue: &Arc<Outgoing>) -> Self {
        Self {
            queue: Arc::clone(queue),
            number: 0,
        }
    }

    /// A connection of a client that has come back and has seen everything up to this number; an earlier one gets
    /// nothing more. `None` if the client can't come back, or there has never been such a number.
    pub(crate) fn take_over(queue: &Arc<Outgoing>, cursor: u64) -> Option<(Self, Resumption)> {
        let mut state = queue.lock();
        if state.closed {
            return None;
        }
        let resumption = state.journal.as_mut()?.resume(cursor)?;
        state.attachment += 1;
        state.parked = false;
        state.behind = false;
        state.writing = 0;
        state.pong = None;
        state.preamble.clear();
        let (number, bytes) = (state.attachment, state.bytes());
        drop(state);
        queue.parked.store(false, Ordering::Relaxed);
        queue.broken.store(false, Ordering::Relaxed);
        queue.unmark(bytes);
        queue.detached.notify_waiters();
        // The writer of the earlier connection ends.
        queue.pushed.notify_waiters();
        let queue = Arc::clone(queue);
        Some((Self { queue, number }, resumption))
    }

    /// Queues frames without a number that come before anything else.
    pub(crate) fn push_first(&self, frames: impl IntoIterator<Item = Bytes>) {
        let mut state = self.queue.lock();
        if state.attachment == self.number {
            state.preamble.extend(frames);
        }
        drop(state);
        self.queue.pushed.notify_one();
    }

    /// Lets the client come back later: what is pushed from now on is kept within a bound. False if it can't, or has
    /// come back already.
    pub(crate) fn park(&self) -> bool {
        let mut state = self.queue.lock();
        if state.closed || state.journal.is_none() || state.attachment != self.number {
            return false;
        }
        self.queue.park_queue(&mut state);
        drop(state);
        // Nobody waits for it any more.
        self.queue.relieved.notify_waiters();
        true
    }

    /// Whether this connection is the last one of its client.
    pub(crate) fn is_last(&self) -> bool {
        self.queue.lock().attachment == self.number
    }

    /// Resolves when the other side has stopped reading for good, or another connection has taken over.
    pub(crate) async fn detached(&self) {
        loop {
            let detached = self.queue.detached.notified();
            if self.queue.broken.load(Ordering::Relaxed) || !self.is_last() {
                return;
            }
            detached.await;
        }
    }

    /// What is to be written next. `None` when the queue is closed and empty, or another connection has taken over.
    pub(super) async fn take(&self) -> Option<Batch> {
        loop {
            let pushed = self.queue.pushed.notified();
            {
                let mut state = self.queue.lock();
                if state.attachment != self.number || state.parked {
                    return None;
                }
                if let Some(batch) = state.batch() {
                    return Some(batch);
                }
                if state.closed {
                    return None;
                }
            }
            pushed.await;
        }
    }

    /// Resolves when something more is to be written. `true`: an answer waits, or nothing more will be written.
    pub(super) async fn more_to_write(&self) -> bool {
        let pushed = self.queue.pushed.notified();
        let is_urgent = || {
            let state = self.queue.lock();
            state.attachment != self.number || state.parked || state.closed || state.has_answers()
        };
        if is_urgent() {
            return true;
        }
        pushed.await;
        is_urgent()
    }

    /// The code that the WebSocket is to be closed with now that nothing is left.
    pub(super) fn close_code(&self) -> Option<u16> {
        let state = self.queue.lock();
        state
            .close_code
            .filter(|_| state.closed && state.attachment == self.number)
    }

    /// How frames are written.
    pub(super) fn dialect(&self) -> Dialect {
        self.queue.dialect()
    }

    /// The writer has to wait for the reader, or has caught up.
    pub(super) fn set_behind(&self, behind: bool) {
        let mut state = self.queue.lock();
        if state.attachment == self.number && !state.parked {
            state.behind = behind;
        }
    }

    /// The other side has taken this many bytes.
    pub(super) fn taken(&self, bytes: usize) {
        self.queue.taken.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Whether the client is at the other end of a socket.
    pub(super) fn is_remote(&self) -> bool {
        self.queue.remote
    }

    /// Whether the client has read what was written, as far as is known.
    pub(super) fn is_read(&self) -> bool {
        self.queue.gauge.get().is_none_or(|gauge| gauge.0())
    }

    /// Whether so much waits that a client which takes nothing for long is to be given up.
    pub(super) fn is_loaded(&self) -> bool {
        self.queue.lock().is_loaded()
    }

    /// The writer is done with entries that counted this many bytes.
    pub(super) fn written(&self, bytes: usize) {
        let mut state = self.queue.lock();
        if state.attachment != self.number || state.parked {
            return;
        }
        state.writing = state.writing.saturating_sub(bytes);
        let left = state.bytes();
        drop(state);
        self.queue.unmark(left);
    }

    /// The other side reads no more.
    pub(super) fn set_broken(&self) {
        let mut state = self.queue.lock();
        if state.attachment != self.number {
            return;
        }
        if state.journal.is_some() && !state.closed {
            self.queue.park_queue(&mut state);
            drop(state);
            self.queue.tell_broken();
        } else {
            drop(state);
            self.queue.set_broken();
        }
    }
}
