//! Writes a queue to its stream. Nobody else touches the stream.

use std::future::poll_fn;
use std::io;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use codex_app_server_protocol::Dialect;
use futures_util::FutureExt;
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::task::spawn_blocking;

use super::{Entry, Outgoing, Pieces};
use crate::events::delta;

/// Frames are collected up to about this many bytes for one write.
const BATCH: usize = 64 * 1024;

/// A buffer that has grown beyond this is given back.
const KEEP: usize = 256 * 1024;

/// Writes what is pushed until the queue is closed or the reader has gone.
pub(crate) async fn write(queue: Arc<Outgoing>, mut stream: impl AsyncWrite + Unpin) -> io::Result<()> {
    let written = AssertUnwindSafe(write_all(&queue, &mut stream))
        .catch_unwind()
        .await;
    // Whoever waits for the queue must not wait for a writer that is gone.
    let written = written.unwrap_or_else(|_| Err(io::Error::other("the writer panicked")));
    if written.is_err() {
        queue.set_broken();
    }
    written
}

async fn write_all(queue: &Outgoing, stream: &mut (impl AsyncWrite + Unpin)) -> io::Result<()> {
    let mut buffer = Vec::new();
    while let Some(entries) = queue.take().await {
        let dialect = queue.dialect();
        let mut counted = 0;
        let mut entries = entries.into_iter().peekable();
        while let Some(entry) = entries.next() {
            counted += entry.bytes();
            match entry {
                Entry::Delta(text) => delta::encode(text, dialect, &mut buffer),
                Entry::Frame { json, .. } => {
                    let rest = begin(&json, dialect, &mut buffer);
                    if rest.len() < BATCH {
                        buffer.extend_from_slice(rest);
                    } else {
                        // Too large to be copied.
                        send(queue, stream, &buffer).await?;
                        buffer.clear();
                        send(queue, stream, rest).await?;
                    }
                    buffer.push(b'\n');
                }
                Entry::Pieces(pieces) => {
                    send_pieces(queue, stream, pieces, dialect, &mut buffer).await?;
                }
            }
            if buffer.len() >= BATCH || entries.peek().is_none() {
                send(queue, stream, &buffer).await?;
                buffer.clear();
                buffer.shrink_to(KEEP);
                queue.written(std::mem::take(&mut counted));
            }
        }
        stream.flush().await?;
    }
    Ok(())
}

/// Sends a line piece by piece: while one is on its way, the next one is made, elsewhere because that may block.
async fn send_pieces(
    queue: &Outgoing,
    stream: &mut (impl AsyncWrite + Unpin),
    pieces: Pieces,
    dialect: Dialect,
    buffer: &mut Vec<u8>,
) -> io::Result<()> {
    let Pieces { pieces, slot } = pieces;
    let make = |mut pieces: Box<dyn Iterator<Item = Vec<u8>> + Send>| {
        spawn_blocking(move || pieces.next().map(|piece| (piece, pieces)))
    };
    let mut making = make(pieces);
    let mut begun = false;
    while let Some((piece, pieces)) = making.await? {
        making = make(pieces);
        let rest = if std::mem::replace(&mut begun, true) {
            &piece[..]
        } else {
            begin(&piece, dialect, buffer)
        };
        send(queue, stream, buffer).await?;
        buffer.clear();
        send(queue, stream, rest).await?;
    }
    send(queue, stream, b"\n").await?;
    drop(slot);
    Ok(())
}

/// Begins a frame in a dialect; gives what is left of it.
fn begin<'a>(json: &'a [u8], dialect: Dialect, out: &mut Vec<u8>) -> &'a [u8] {
    match (dialect, json) {
        (Dialect::JsonRpc2, [b'{', rest @ ..]) => {
            out.extend_from_slice(b"{\"jsonrpc\":\"2.0\",");
            rest
        }
        _ => json,
    }
}

async fn send(queue: &Outgoing, stream: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) -> io::Result<()> {
    let mut rest = bytes;
    let mut behind = false;
    let sent = poll_fn(|cx| {
        while !rest.is_empty() {
            match Pin::new(&mut *stream).poll_write(cx, rest) {
                Poll::Ready(Ok(0)) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Poll::Ready(Ok(n)) => rest = &rest[n..],
                Poll::Ready(Err(e)) => return Poll::Ready(Err(e)),
                Poll::Pending => {
                    if !std::mem::replace(&mut behind, true) {
                        queue.set_behind(true);
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
