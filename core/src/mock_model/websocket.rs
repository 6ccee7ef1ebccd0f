//! Answers over a WebSocket.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine as _;
use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use http::{HeaderMap, HeaderValue, header};
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{CloseCode, Data, OpCode};
use tokio_tungstenite::tungstenite::protocol::frame::{CloseFrame, Frame, FrameHeader, Utf8Bytes};
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message};

use super::journal::{HandshakeRecord, Request, Transport};
use super::realtime;
use super::script::{Answer, Handshake};
use super::server::{ConnectionDropped, Response, Shared, head, plain};
use super::step::{Close, Move, Step, moves};

/// Answers the handshake and, if it is accepted, serves the connection in the background.
pub(super) async fn handshake(
    shared: Arc<Shared>,
    connection: usize,
    mut request: hyper::Request<Incoming>,
) -> Result<Response, ConnectionDropped> {
    let headers = Arc::new(request.headers().clone());
    let path = request.uri().to_string();
    let way = shared.with_script(|script| {
        let next = script.handshakes.pop_front();
        next.unwrap_or_else(|| script.default_handshake.clone())
    });
    shared.journal.write(|records| {
        records.handshakes.push(HandshakeRecord {
            connection,
            path: path.clone(),
            headers: headers.clone(),
            at: Instant::now(),
        });
    });
    let response = match answer(&way, &headers).await? {
        Ok(response) => response,
        Err(refusal) => return Ok(refusal),
    };
    let upgraded = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        let Some(socket) = opened(upgraded).await else {
            return;
        };
        shared.journal.write(|records| records.opened += 1);
        let session = WebSocketSession {
            socket,
            shared,
            connection,
            path,
            headers,
            waiting: VecDeque::new(),
            split: 0,
            fragments: 0,
            silent: false,
        };
        session.run(way).await;
    });
    Ok(response)
}

/// Answers the handshake of a voice conversation and, if it is accepted, serves the connection in the background.
pub(super) async fn realtime_handshake(
    shared: Arc<Shared>,
    connection: usize,
    mut request: hyper::Request<Incoming>,
) -> Result<Response, ConnectionDropped> {
    let headers = Arc::new(request.headers().clone());
    let path = request.uri().to_string();
    let record = HandshakeRecord {
        connection,
        path: path.clone(),
        headers: headers.clone(),
        at: Instant::now(),
    };
    let (number, session, more) = realtime::begin(&shared, record);
    let response = match answer(&session.handshake, &headers).await? {
        Ok(response) => response,
        Err(refusal) => return Ok(refusal),
    };
    let upgraded = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        if let Some(socket) = opened(upgraded).await {
            realtime::serve(socket, shared, number, session, &path, more).await;
        }
    });
    Ok(response)
}

/// The answer to a handshake: an acceptance, or a refusal.
async fn answer(
    way: &Handshake,
    headers: &HeaderMap,
) -> Result<Result<Response, Response>, ConnectionDropped> {
    tokio::time::sleep(Duration::from_millis(way.delay_ms)).await;
    if way.drop {
        return Err(ConnectionDropped);
    }
    let key = headers.get("sec-websocket-key");
    if let Some(status) = way.status.or_else(|| key.is_none().then_some(400)) {
        return Ok(Err(plain(Answer {
            status,
            headers: way.headers.clone(),
            body: way.body.clone(),
            ..Answer::default()
        })));
    }
    let accept = derive_accept_key(key.map(HeaderValue::as_bytes).unwrap_or_default());
    let nothing = Empty::new().map_err(|never| match never {}).boxed_unsync();
    let mut response = head(101, None, &way.headers, nothing);
    let out = response.headers_mut();
    out.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    out.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    if let Ok(accept) = HeaderValue::try_from(accept) {
        out.insert("sec-websocket-accept", accept);
    }
    Ok(Ok(response))
}

/// The WebSocket of an accepted handshake.
async fn opened(upgraded: hyper::upgrade::OnUpgrade) -> Option<WebSocketStream<TokioIo<Upgraded>>> {
    let upgraded = upgraded.await.ok()?;
    let config = WebSocketConfig::default()
        .max_message_size(None)
        .max_frame_size(None);
    Some(WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, Some(config)).await)
}

/// The connection is over.
enum End {
    /// The client left, in the middle of an answer.
    Gone,
    /// The script says so.
    Scripted,
}

impl From<Error> for End {
    fn from(_: Error) -> Self {
        Self::Gone
    }
}

impl From<std::io::Error> for End {
    fn from(_: std::io::Error) -> Self {
        Self::Gone
    }
}

struct WebSocketSession {
    socket: WebSocketStream<TokioIo<Upgraded>>,
    shared: Arc<Shared>,
    connection: usize,
    path: String,
    headers: Arc<HeaderMap>,
    /// Requests that came while another was being answered.
    waiting: VecDeque<Utf8Bytes>,
    split: usize,
    fragments: usize,
    silent: bool,
}

impl WebSocketSession {
    async fn run(mut self, way: Handshake) {
        if way.close {
            let _ = self.close(Close::default()).await;
            return;
        }
        let mut answers = 0;
        loop {
            if way.drop_after == Some(answers) {
                return;
            }
            let Some(text) = self.request().await else { return };
            let at = Instant::now();
            let body = serde_json::from_str(&text).unwrap_or_else(|_| Value::String(text.to_string()));
            let (number, answer) = self.shared.take(Request {
                transport: Transport::WebSocket,
                connection: self.connection,
                method: "GET".to_owned(),
                path: self.path.clone(),
                headers: self.headers.clone(),
                body: Arc::new(body),
                at,
                answered: Arc::default(),
            });
            match self.play(answer, number).await {
                Ok(()) => {
                    self.shared.journal.answered(number);
                    answers += 1;
                }
                Err(End::Scripted) => return,
                Err(End::Gone) => {
                    self.shared.journal.write(|records| records.cancelled += 1);
                    return;
                }
            }
            self.silent = false;
        }
    }

    /// The next request; `None` when the client has left.
    async fn request(&mut self) -> Option<Utf8Bytes> {
        if let Some(text) = self.waiting.pop_front() {
            return Some(text);
        }
        loop {
            match self.socket.next().await? {
                Ok(Message::Text(text)) => return Some(text),
                Ok(Message::Close(_)) | Err(_) => return None,
                Ok(_) => {}
            }
        }
    }

    async fn play(&mut self, answer: Answer, number: usize) -> Result<(), End> {
        self.wait(Duration::from_millis(answer.delay_ms)).await?;
        if !(200..300).contains(&answer.status) {
            let mut frame = json!({"type": "error", "status": answer.status, "headers": answer.headers});
            match answer.body {
                Some(Value::Object(body)) => frame
                    .as_object_mut()
                    .into_iter()
                    .for_each(|to| to.extend(body.clone())),
                Some(Value::String(text)) => frame["error"] = json!({"message": text}),
                _ => frame["error"] = json!({}),
            }
            self.text(frame.to_string()).await?;
            return Ok(self.socket.flush().await?);
        }
        for next in moves(answer.steps, answer.bare, number) {
            match next {
                Move::Event(_, json) => self.text(json).await?,
                Move::Wait(time) => self.wait(time).await?,
                Move::Special(step) => self.special(step).await?,
            }
        }
        Ok(self.socket.flush().await?)
    }

    async fn special(&mut self, step: Step) -> Result<(), End> {
        match step {
            Step::Text(text) => self.text(text).await?,
            Step::Base64(text) => {
                let bytes = base64::engine::general_purpose::STANDARD.decode(text);
                let frame = Frame::message(bytes.unwrap_or_default(), OpCode::Data(Data::Text), true);
                self.socket.send(Message::Frame(frame)).await?;
            }
            Step::Ping(text) => self.socket.send(Message::Ping(text.into())).await?,
            Step::Binary(text) => self.socket.send(Message::Binary(text.into())).await?,
            Step::Split(bytes) => self.split = bytes,
            Step::Fragments(frames) => self.fragments = frames,
            Step::Silence => self.silent = true,
            Step::Oversized(bytes) => self.oversized(bytes).await?,
            Step::Flood(flood) => {
                // Frames of one message, none of them the last.
                let mut kind = Data::Text;
                loop {
                    self.wait(Duration::from_millis(flood.delay_ms)).await?;
                    let frame = Frame::message(flood.text.clone(), OpCode::Data(kind), false);
                    self.socket.send(Message::Frame(frame)).await?;
                    kind = Data::Continue;
                }
            }
            Step::Hang => {
                self.socket.flush().await?;
                loop {
                    self.wait(Duration::from_secs(3600)).await?;
                }
            }
            Step::Drop => {
                self.socket.flush().await?;
                return Err(End::Scripted);
            }
            Step::Close(close) => {
                self.close(close).await?;
                return Err(End::Scripted);
            }
            // Already turned into events.
            _ => {}
        }
        Ok(())
    }

    /// Lets time pass with everything on the wire, reading what the client sends unless silent.
    async fn wait(&mut self, time: Duration) -> Result<(), End> {
        if time.is_zero() {
            return Ok(());
        }
        self.socket.flush().await?;
        let end = tokio::time::sleep(time);
        tokio::pin!(end);
        loop {
            let message = tokio::select! {
                () = &mut end => return Ok(()),
                message = self.socket.next(), if !self.silent => message,
            };
            match message {
                Some(Ok(Message::Text(text))) => self.waiting.push_back(text),
                Some(Ok(Message::Close(_)) | Err(_)) | None => return Err(End::Gone),
                Some(Ok(_)) => {}
            }
        }
    }

    /// Sends a text message, in one frame or several, whole or in pieces of bytes.
    async fn text(&mut self, text: String) -> Result<(), End> {
        if self.fragments < 2 && self.split == 0 {
            return Ok(self.socket.feed(Message::text(text)).await?);
        }
        let bytes = Bytes::from(text);
        let size = bytes.len().div_ceil(self.fragments.max(1)).max(1);
        let parts: Vec<Bytes> = (0..bytes.len().div_ceil(size))
            .map(|index| bytes.slice(index * size..bytes.len().min((index + 1) * size)))
            .collect();
        let last = parts.len().saturating_sub(1);
        for (index, part) in parts.into_iter().enumerate() {
            let kind = if index == 0 { Data::Text } else { Data::Continue };
            let frame = Frame::message(part, OpCode::Data(kind), index == last);
            if self.split == 0 {
                self.socket.feed(Message::Frame(frame)).await?;
                continue;
            }
            let mut wire = Vec::new();
            frame.format(&mut wire)?;
            self.raw(&wire, self.split).await?;
        }
        Ok(())
    }

    /// The header of a text frame with this length and nothing behind it.
    async fn oversized(&mut self, bytes: u64) -> Result<(), End> {
        let header = FrameHeader {
            opcode: OpCode::Data(Data::Text),
            ..FrameHeader::default()
        };
        let mut wire = Vec::new();
        header.format(bytes, &mut wire)?;
        self.raw(&wire, wire.len()).await
    }

    /// Writes bytes past the WebSocket layer.
    async fn raw(&mut self, wire: &[u8], piece: usize) -> Result<(), End> {
        self.socket.flush().await?;
        for bytes in wire.chunks(piece.max(1)) {
            self.socket.get_mut().write_all(bytes).await?;
            self.socket.get_mut().flush().await?;
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        Ok(())
    }

    /// Sends a close frame and waits a little for the client's.
    async fn close(&mut self, close: Close) -> Result<(), End> {
        self.socket.close(Some(close.frame())).await?;
        let theirs = async { while let Some(Ok(_)) = self.socket.next().await {} };
        let _ = tokio::time::timeout(Duration::from_secs(2), theirs).await;
        Ok(())
    }
}

impl Close {
    /// The frame.
    pub(super) fn frame(self) -> CloseFrame {
        CloseFrame {
            code: CloseCode::from(self.code.unwrap_or(1000)),
            reason: self.reason.into(),
        }
    }
}
