//! Writes a queue to its stream. Nobody else touches the stream.

use std::borrow::Cow;
use std::future::poll_fn;
use std::io;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use codex_app_server_protocol::Dialect;
use futures_util::FutureExt;
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::task::{spawn_blocking, yield_now};
use tokio::time::{Instant, Sleep, sleep, timeout};

use super::attachment::Attachment;
use super::entry::{Entry, Message, Pieces};
use super::queue::Batch;
use crate::client::transport::framing::{self, Framing, MAX_FRAGMENT, Part};
use crate::events::delta;

/// Frames are collected up to about this many bytes for one write.
const BATCH: usize = 64 * 1024;

/// A buffer that has grown beyond this is given back.
const KEEP: usize = 256 * 1024;

/// The same for sockets, of which there may be many.
const KEEP_PER_SOCKET: usize = 4 * 1024;

/// How far an answer is ahead of the news behind it. Many clients subscribe to news when they have dealt with the answer,
/// or wait for both in different places: what they read together with it, they miss.
const HEAD_START: Duration = Duration::from_micros(400);

/// How far it is at most, if the client does not get at reading it, as on a busy machine.
pub(super) const MAX_HEAD_START: Duration = Duration::from_millis(20);

/// How often it is looked whether the client has read it.
const LOOK: Duration = Duration::from_micros(200);

/// How long a client at the other end of a socket may take nothing while much waits for it.
const STALLED: Duration = Duration::from_secs(30);

/// Writes what is pushed until the queue is closed, another connection takes over or the reader has gone. Gives the
/// stream back, for whoever takes over.
pub(crate) async fn write<S>(queue: Attachment, stream: S, framing: Framing) -> io::Result<S>
where
    S: AsyncWrite + Unpin,
{
    write_within(STALLED, queue, stream, framing).await
}

/// As [`write`]. `patience`: how long a client may take nothing while much waits for it.
pub(super) async fn write_within<S>(
    patience: Duration,
    queue: Attachment,
    stream: S,
    framing: Framing,
) -> io::Result<S>
where
    S: AsyncWrite + Unpin,
{
    let mut writer = Writer {
        queue: &queue,
        patience,
        stream,
        framing,
        dialect: Dialect::Plain,
        buffer: Vec::new(),
        scratch: Vec::new(),
        answered: None,
    };
    let written = AssertUnwindSafe(writer.write_all()).catch_unwind().await;
    // Whoever waits for the queue must not wait for a writer that is gone.
    let written = written.unwrap_or_else(|_| Err(io::Error::other("the writer panicked")));
    if written.is_err() {
        queue.set_broken();
    }
    written.map(|()| writer.stream)
}

struct Writer<'a, S> {
    queue: &'a Attachment,
    /// How long the other side may take nothing while much waits.
    patience: Duration,
    stream: S,
    framing: Framing,
    dialect: Dialect,
    /// Collects frames.
    buffer: Vec<u8>,
    /// A frame that is made to be counted.
    scratch: Vec<u8>,
    /// When the last thing that was written was an answer.
    answered: Option<Instant>,
}

impl<S: AsyncWrite + Unpin> Writer<'_, S> {
    async fn write_all(&mut self) -> io::Result<()> {
        while let Some(batch) = self.queue.take().await {
            self.dialect = self.queue.dialect();
            self.write_batch(batch).await?;
            self.stream.flush().await?;
            self.scratch = Vec::new();
        }
        if self.framing == Framing::WebSocket
            && let Some(code) = self.queue.close_code()
        {
            framing::close(&mut self.buffer, code);
            self.flush_buffer().await?;
            self.stream.flush().await?;
            self.stream.shutdown().await?;
        }
        Ok(())
    }

    async fn write_batch(&mut self, batch: Batch) -> io::Result<()> {
        if let Some(payload) = batch.pong {
            framing::pong(&mut self.buffer, &payload);
        }
        for json in batch.preamble {
            self.frame(&json, None).await?;
        }
        let mut number = batch.first;
        let mut counted = 0;
        let mut answers = batch.entries.iter().filter(|entry| entry.is_answer()).count();
        let mut entries = batch.entries.into_iter().peekable();
        while let Some(entry) = entries.next() {
            counted += entry.bytes();
            let is_answer = entry.is_answer();
            if is_answer {
                answers -= 1;
            } else if answers == 0 && !entry.is_result() {
                self.give_head_start().await;
            }
            match entry {
                Entry::Message(Message::Delta(text))
                    if self.framing == Framing::Lines && number.is_none() =>
                {
                    delta::encode(text, self.dialect, &mut self.buffer);
                }
                Entry::Message(Message::Delta(text)) => {
                    let mut json = std::mem::take(&mut self.scratch);
                    json.clear();
                    delta::encode(text, Dialect::Plain, &mut json);
                    self.frame(json.trim_ascii_end(), number).await?;
                    self.scratch = json;
                }
                Entry::Message(Message::Frame(frame)) => self.frame(&frame.json, number).await?,
                Entry::Pieces(pieces) => self.pieces(pieces, number).await?,
            }
            number = number.map(|number| number + 1);
            if is_answer && answers == 0 {
                self.flush_buffer().await?;
                self.stream.flush().await?;
                self.answered = Some(Instant::now());
            }
            if self.buffer.len() >= BATCH || entries.peek().is_none() {
                self.flush_buffer().await?;
                self.queue.written(std::mem::take(&mut counted));
            }
        }
        self.flush_buffer().await
    }

    /// Waits until the client has had time to take the answer that was written last. Who has asked the next thing, has
    /// taken it, or does not wait for it.
    async fn give_head_start(&mut self) {
        let Some(answered) = self.answered.take() else {
            return;
        };
        let is_ahead = |elapsed| elapsed >= HEAD_START && (elapsed >= MAX_HEAD_START || self.queue.is_read());
        // Timers are up to two milliseconds late, so whatever is pushed meanwhile is taken as an occasion to look again.
        while !is_ahead(answered.elapsed()) {
            let rest = HEAD_START.saturating_sub(answered.elapsed()).max(LOOK);
            if timeout(rest, self.queue.more_to_write()).await == Ok(true) {
                break;
            }
        }
        // Whoever has pushed it may have sent a request to a model as well: that goes first.
        yield_now().await;
    }

    /// Writes a frame that is whole.
    async fn frame(&mut self, json: &[u8], number: Option<u64>) -> io::Result<()> {
        let (head, rest) = begin(json, self.dialect, number);
        match self.framing {
            Framing::Lines => {
                self.buffer.extend_from_slice(&head);
                self.bytes(rest).await?;
                self.buffer.push(b'\n');
            }
            Framing::WebSocket if head.len() + rest.len() <= MAX_FRAGMENT => {
                framing::text(&mut self.buffer, head.len() + rest.len(), Part::Whole);
                self.buffer.extend_from_slice(&head);
                self.bytes(rest).await?;
            }
            Framing::WebSocket => {
                framing::text(&mut self.buffer, head.len(), Part::First);
                self.buffer.extend_from_slice(&head);
                let mut chunks = rest.chunks(MAX_FRAGMENT).peekable();
                while let Some(chunk) = chunks.next() {
                    let part = if chunks.peek().is_some() {
                        Part::Middle
                    } else {
                        Part::Last
                    };
                    framing::text(&mut self.buffer, chunk.len(), part);
                    self.bytes(chunk).await?;
                }
            }
        }
        Ok(())
    }

    /// Writes a frame piece by piece: while one is on its way, the next one is made, elsewhere because that may block.
    async fn pieces(&mut self, pieces: Pieces, number: Option<u64>) -> io::Result<()> {
        let Pieces { maker, slot, .. } = pieces;
        let make = |mut pieces: Box<dyn Iterator<Item = Vec<u8>> + Send>| {
            spawn_blocking(move || pieces.next().map(|piece| (piece, pieces)))
        };
        let mut making = make(maker);
        let mut begun = false;
        while let Some((piece, pieces)) = making.await? {
            making = make(pieces);
            let first = !std::mem::replace(&mut begun, true);
            let (head, rest) = if first {
                begin(&piece, self.dialect, number)
            } else {
                (Cow::default(), &piece[..])
            };
            if self.framing == Framing::WebSocket {
                let part = if first { Part::First } else { Part::Middle };
                framing::text(&mut self.buffer, head.len() + rest.len(), part);
            }
            self.buffer.extend_from_slice(&head);
            self.bytes(rest).await?;
            self.flush_buffer().await?;
        }
        match self.framing {
            Framing::Lines => self.buffer.push(b'\n'),
            Framing::WebSocket => framing::text(&mut self.buffer, 0, Part::Last),
        }
        self.flush_buffer().await?;
        drop(slot);
        Ok(())
    }

    /// Adds bytes to the buffer, or sends them at once if they are too many to be copied.
    async fn bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        if bytes.len() < BATCH {
            self.buffer.extend_from_slice(bytes);
            return Ok(());
        }
        self.flush_buffer().await?;
        send(self.queue, self.patience, &mut self.stream, bytes).await
    }

    async fn flush_buffer(&mut self) -> io::Result<()> {
        send(self.queue, self.patience, &mut self.stream, &self.buffer).await?;
        self.buffer.clear();
        self.buffer.shrink_to(match self.framing {
            Framing::Lines => KEEP,
            Framing::WebSocket => KEEP_PER_SOCKET,
        });
        Ok(())
    }
}

/// How a frame begins in a dialect and with a number, and what is left of it.
fn begin(json: &[u8], dialect: Dialect, number: Option<u64>) -> (Cow<'static, [u8]>, &[u8]) {
    let rest = match json {
        [b'{', rest @ ..] if dialect == Dialect::JsonRpc2 || number.is_some() => rest,
        _ => return (Cow::default(), json),
    };
    let start = match dialect {
        Dialect::Plain => "{",
        Dialect::JsonRpc2 => "{\"jsonrpc\":\"2.0\",",
    };
    let head = match number {
        None => Cow::Borrowed(start.as_bytes()),
        Some(number) => Cow::Owned(format!("{start}\"seq\":{number},").into_bytes()),
    };
    (head, rest)
}

/// Sends bytes; gives up a client that takes nothing within `patience` while much waits for it.
async fn send(
    queue: &Attachment,
    patience: Duration,
    stream: &mut (impl AsyncWrite + Unpin),
    bytes: &[u8],
) -> io::Result<()> {
    let mut rest = bytes;
    let mut behind = false;
    let mut stalled: Option<Pin<Box<Sleep>>> = None;
    let sent = poll_fn(|cx| {
        while !rest.is_empty() {
            match Pin::new(&mut *stream).poll_write(cx, rest) {
                Poll::Ready(Ok(0)) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Poll::Ready(Ok(n)) => {
                    rest = &rest[n..];
                    queue.taken(n);
                    stalled = None;
                }
                Poll::Ready(Err(e)) => return Poll::Ready(Err(e)),
                Poll::Pending => {
                    if !std::mem::replace(&mut behind, true) {
                        queue.set_behind(true);
                    }
                    if !queue.is_remote() {
                        return Poll::Pending;
                    }
                    let stalled = stalled.get_or_insert_with(|| Box::pin(sleep(patience)));
                    while stalled.as_mut().poll(cx).is_ready() {
                        if queue.is_loaded() {
                            tracing::warn!("a client has read nothing for long and is cut off");
                            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
                        }
                        stalled.set(sleep(patience));
                    }
                    return Poll::Pending;
                }
            }
        }
        Poll::Ready(Ok(()))
    })
    .await;
    if behind {
        queue.set_behind(false);
    }
    sent
}
