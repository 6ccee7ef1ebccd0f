//! How bytes come in and go out. Everything above works on any pair of byte streams.

mod frames;
pub(crate) mod framing;
mod lines;
mod pace;
mod room;
pub mod stdio;

use std::io;

use tokio::io::AsyncRead;

use frames::FrameReader;
use lines::{Line, LineReader};
use room::Pool;

pub(crate) use pace::{LEAST_PROGRESS, PATIENCE, Pause};

/// Longest message that is taken, in bytes.
pub(crate) const MAX_MESSAGE: usize = 64 * 1024 * 1024;

/// Longest message of a socket's client that has not initialized, in bytes: what clients say of themselves takes a few
/// hundred.
pub(crate) const MAX_FIRST_MESSAGE: usize = 1024 * 1024;

/// Bytes of large messages that come in over all sockets at most; a message that would take more is refused.
const MAX_COMING: usize = 256 * 1024 * 1024;

/// One step of a [`MessageReader`].
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Message<'a> {
    /// A message, without a byte order mark; never blank.
    Text(&'a [u8]),
    /// A message of a kind that carries none of ours.
    Binary,
    /// A message was longer than allowed, and is skipped.
    TooLong,
    /// There is no room for so long a message, as others come in. It is skipped.
    NoRoom,
    /// The other side wants to know whether we are there: a pong with this payload is the answer.
    Ping(&'a [u8]),
    /// Nothing more will come.
    End(Departure),
}

/// How the messages of a client have ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Departure {
    /// The stream has ended.
    Vanished,
    /// The client has closed its WebSocket, with this code.
    Left(Option<u16>),
    /// The client has sent what is no WebSocket frame.
    Violated,
    /// A large message has not gone on.
    Stalled,
}

/// Takes messages out of a byte stream.
#[derive(Debug)]
pub(crate) enum MessageReader<R> {
    /// One per line.
    Lines(LineReader<R>),
    /// One per text message of a WebSocket.
    Frames(FrameReader<R>),
}

impl<R: AsyncRead + Unpin> MessageReader<R> {
    /// The messages of a stream of lines.
    pub(crate) fn lines(source: R) -> Self {
        Self::Lines(LineReader::new(source, MAX_MESSAGE))
    }

    /// The messages of a WebSocket whose handshake is done, and whose client has not initialized. `read_already`: what
    /// came behind the handshake.
    pub(crate) fn frames(source: R, read_already: Vec<u8>) -> Self {
        static POOL: Pool = Pool::new(MAX_COMING);
        Self::Frames(FrameReader::new(source, read_already, MAX_FIRST_MESSAGE, &POOL))
    }

    /// Nothing is read, whatever the client sends, until what this gives is dropped.
    pub(crate) fn pause(&mut self) -> Pause<'_> {
        match self {
            Self::Lines(_) => Pause::new(None),
            Self::Frames(frames) => frames.pause(),
        }
    }

    /// The client has initialized, and may send large messages.
    pub(crate) fn initialized(&mut self) {
        if let Self::Frames(frames) = self {
            frames.set_limit(MAX_MESSAGE);
        }
    }

    /// The next message. Dropping the future loses nothing.
    pub(crate) async fn next(&mut self) -> io::Result<Message<'_>> {
        match self {
            Self::Lines(lines) => Ok(match lines.next().await? {
                Line::Text(line) => Message::Text(line),
                Line::TooLong => Message::TooLong,
                Line::End => Message::End(Departure::Vanished),
            }),
            Self::Frames(frames) => frames.next().await,
        }
    }

    /// Reads and forgets what still comes, so that the other side gets all that was written to it: a socket that is
    /// closed with something unread takes back what was sent.
    pub(crate) async fn drain(&mut self) {
        match self {
            Self::Lines(_) => {}
            Self::Frames(frames) => frames.drain().await,
        }
    }
}
