//! What waits to be written.

use bytes::Bytes;
use codex_app_server_protocol::RequestId;
use codex_core::ThreadId;

use crate::client::handle::Slot;
use crate::events::delta::Delta;

/// Bytes of the frame around a piece of text, roughly.
pub(super) const DELTA_FRAME: usize = 256;

/// One message that waits.
#[derive(Debug)]
pub(crate) enum Entry {
    /// A whole frame in the plain dialect, without line end.
    Frame {
        /// The thread whose order it belongs to; `None`: it may matter to any thread.
        thread: Option<ThreadId>,
        /// JSON.
        json: Bytes,
        /// Its id, if it is a request to the client.
        question: Option<i64>,
    },
    /// Text, made into a frame when it is written.
    Delta(Delta),
    /// A frame in the plain dialect that may be large, and is made while it is written.
    Pieces(Pieces),
}

/// A frame without line end, piece by piece. Making one may block.
pub(crate) struct Pieces {
    /// What makes the pieces.
    pub(super) maker: Box<dyn Iterator<Item = Vec<u8>> + Send>,
    /// The request is in progress until its answer is written, and not only made: each one that waits holds files open.
    pub(super) slot: Option<Slot>,
    /// The request that it answers.
    pub(super) request: RequestId,
}

impl std::fmt::Debug for Pieces {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Pieces")
    }
}

impl Entry {
    pub(super) fn thread(&self) -> Option<ThreadId> {
        match self {
            Self::Frame { thread, .. } => *thread,
            Self::Delta(delta) => Some(delta.thread),
            Self::Pieces(_) => None,
        }
    }

    /// What it counts in the queue.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Frame { json, .. } => json.len() + 1,
            Self::Delta(delta) => delta.text.len() + DELTA_FRAME,
            // One piece at a time is in memory.
            Self::Pieces(_) => 0,
        }
    }
}
