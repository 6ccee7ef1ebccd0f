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
    /// One that is there.
    Message(Message),
    /// A frame in the plain dialect that may be large, and is made while it is written.
    Pieces(Pieces),
}

/// A message that is there, and may be written more than once.
#[derive(Debug, Clone)]
pub(crate) enum Message {
    /// A whole frame.
    Frame(Frame),
    /// Text, made into a frame when it is written.
    Delta(Delta),
}

/// A whole frame in the plain dialect, without line end.
#[derive(Debug, Clone)]
pub(crate) struct Frame {
    /// The thread whose order it belongs to; `None`: it may matter to any thread.
    pub(super) thread: Option<ThreadId>,
    /// JSON.
    pub(super) json: Bytes,
    /// What it is to the client.
    pub(super) role: Role,
}

/// What a frame is to the client.
#[derive(Debug, Clone)]
pub(super) enum Role {
    /// It is told something.
    News,
    /// It is told what it has asked for under a name that it chose itself: it has waited for that since.
    Result,
    /// It is asked something, under this id.
    Question(i64),
    /// It gets the answer to this request of it.
    Answer(RequestId),
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
            Self::Message(Message::Frame(frame)) => frame.thread,
            Self::Message(Message::Delta(delta)) => Some(delta.thread),
            Self::Pieces(_) => None,
        }
    }

    /// What it counts in the queue.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Message(Message::Frame(frame)) => frame.json.len() + 1,
            Self::Message(Message::Delta(delta)) => delta.text.len() + DELTA_FRAME,
            // One piece at a time is in memory.
            Self::Pieces(_) => 0,
        }
    }

    /// Whether the client has asked for it.
    pub(super) fn is_answer(&self) -> bool {
        match self {
            Self::Message(message) => matches!(message.role(), Role::Answer(_)),
            Self::Pieces(_) => true,
        }
    }

    /// Whether the client waits for it since it has asked, and takes it however close it is behind the answer.
    pub(super) fn is_result(&self) -> bool {
        matches!(self, Self::Message(message) if matches!(message.role(), Role::Result))
    }

    /// The id of the request to the client that it is.
    pub(super) fn question(&self) -> Option<i64> {
        match self {
            Self::Message(message) => message.question(),
            Self::Pieces(_) => None,
        }
    }
}

impl Message {
    /// What it is to the client.
    pub(super) fn role(&self) -> &Role {
        match self {
            Self::Frame(frame) => &frame.role,
            Self::Delta(_) => &Role::News,
        }
    }

    /// The id of the request to the client that it is.
    pub(super) fn question(&self) -> Option<i64> {
        match self.role() {
            Role::Question(id) => Some(*id),
            Role::News | Role::Result | Role::Answer(_) => None,
        }
    }

    /// Bytes of its text.
    pub(super) fn length(&self) -> usize {
        match self {
            Self::Frame(frame) => frame.json.len(),
            Self::Delta(delta) => delta.text.len(),
        }
    }
}
