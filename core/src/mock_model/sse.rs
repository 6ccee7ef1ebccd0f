//! Answers over HTTP as server-sent events.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use bytes::{BufMut, Bytes, BytesMut};
use futures_util::stream;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;
use tokio::sync::mpsc;

use super::encoding::Encoder;
use super::script::Answer;
use super::server::{Response, Shared, head, tell_encoding};
use super::step::{Flood, Move, Step, moves};

/// Events are put together up to this many bytes before they are handed to the connection.
const CHUNK: usize = 32 * 1024;

/// Starts to stream the answer to request `number`.
pub(super) fn respond(answer: Answer, number: usize, shared: Arc<Shared>) -> Response {
    let (sender, mut receiver) = mpsc::channel(4);
    let chunks = stream::poll_fn(move |context| receiver.poll_recv(context));
    let mut response = head(
        answer.status,
        Some("text/event-stream"),
        &answer.headers,
        StreamBody::new(chunks).boxed_unsync(),
    );
    tell_encoding(&mut response, answer.encoding);
    tokio::spawn(async move {
        let writer = Writer {
            sender,
            buffer: BytesMut::new(),
            encoder: answer.encoding.map(Encoder::new),
            split: 0,
        };
        match writer.play(answer, number).await {
            Ok(()) => shared.journal.answered(number),
            Err(Gone) => shared.journal.write(|records| records.cancelled += 1),
        }
    });
    response
}

/// The client left before the answer was over.
struct Gone;

struct Writer {
    sender: mpsc::Sender<io::Result<Frame<Bytes>>>,
    buffer: BytesMut,
    encoder: Option<Encoder>,
    split: usize,
}

impl Writer {
    async fn play(mut self, answer: Answer, number: usize) -> Result<(), Gone> {
        for next in moves(answer.steps, answer.bare, number) {
            match next {
                Move::Event(kind, json) => self.event(&kind, &json),
                Move::Wait(time) => {
                    self.flush().await?;
                    tokio::select! {
                        () = tokio::time::sleep(time) => {}
                        () = self.sender.closed() => return Err(Gone),
                    }
                }
                Move::Special(Step::Text(text)) => self.buffer.put_slice(text.as_bytes()),
                Move::Special(Step::Base64(text)) => {
                    let bytes = base64::engine::general_purpose::STANDARD.decode(text);
                    self.buffer.put_slice(&bytes.unwrap_or_default());
                }
                Move::Special(Step::Flood(flood)) => return self.flood(&flood).await,
                Move::Special(Step::Ping(text)) => self.buffer.put_slice(format!(": {text}\n\n").as_bytes()),
                Move::Special(Step::Split(bytes)) => {
                    self.flush().await?;
                    self.split = bytes;
                }
                Move::Special(Step::Hang) => {
                    self.flush().await?;
                    self.sender.closed().await;
                    return Err(Gone);
                }
                Move::Special(Step::Drop) => {
                    self.flush().await?;
                    self.settle().await;
                    let cut = io::Error::new(io::ErrorKind::ConnectionAborted, "cut by the script");
                    let _ = self.sender.send(Err(cut)).await;
                    return Ok(());
                }
                Move::Special(Step::Close(_)) => break,
                // The rest makes sense on a WebSocket only.
                Move::Special(_) => {}
            }
            if self.buffer.len() >= CHUNK {
                self.flush().await?;
            }
        }
        self.flush().await?;
        let rest = self.encoder.take().map(Encoder::finish);
        self.send(rest.unwrap_or_default().into()).await
    }

    /// Sends a text over and over until the client leaves.
    async fn flood(&mut self, flood: &Flood) -> Result<(), Gone> {
        // A text without pauses goes out in large pieces.
        let times = if flood.delay_ms == 0 {
            CHUNK / flood.text.len().max(1)
        } else {
            1
        };
        let piece = flood.text.repeat(times.max(1));
        loop {
            self.flush().await?;
            tokio::select! {
                () = tokio::time::sleep(Duration::from_millis(flood.delay_ms)), if flood.delay_ms > 0 => {}
                () = self.sender.closed() => return Err(Gone),
                () = std::future::ready(()), if flood.delay_ms == 0 => {}
            }
            self.buffer.put_slice(piece.as_bytes());
        }
    }

    fn event(&mut self, kind: &str, json: &str) {
        for part in ["event: ", kind, "\ndata: ", json, "\n\n"] {
            self.buffer.put_slice(part.as_bytes());
        }
    }

    async fn flush(&mut self) -> Result<(), Gone> {
        let bytes = self.buffer.split().freeze();
        let bytes = match &mut self.encoder {
            Some(encoder) if !bytes.is_empty() => encoder.encode(&bytes).into(),
            _ => bytes,
        };
        self.send(bytes).await
    }

    async fn send(&mut self, mut bytes: Bytes) -> Result<(), Gone> {
        while !bytes.is_empty() {
            let size = match self.split {
                0 => bytes.len(),
                size => size.min(bytes.len()),
            };
            let piece = bytes.split_to(size);
            self.sender.send(Ok(Frame::data(piece))).await.map_err(|_| Gone)?;
            if self.split > 0 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
        Ok(())
    }

    /// Lets the connection write out what it was given: it does so before it asks for more.
    async fn settle(&self) {
        while self.sender.capacity() < self.sender.max_capacity() && !self.sender.is_closed() {
            tokio::task::yield_now().await;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}
