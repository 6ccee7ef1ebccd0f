//! Takes messages out of the byte stream of a WebSocket's client (RFC 6455).

use std::io::{self, Cursor};

use codex_core::external_file::without_bom;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::time::{Instant, timeout_at};
use tokio_tungstenite::tungstenite::protocol::frame::FrameHeader;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Control, Data, OpCode};

use super::lines::is_blank;
use super::pace::{Pace, Pause};
use super::room::{Pool, Room};
use super::{Departure, Message};

/// Bytes asked for at a time, while no large message comes in: each idle connection holds this much.
const CHUNK: usize = 2 * 1024;

/// The same for the payload of a large message.
const LARGE_CHUNK: usize = 64 * 1024;

/// A buffer that has grown beyond this is given back when its message is done.
const KEEP: usize = 4 * 1024;

/// Longest payload of a ping, a pong or a close.
const MAX_CONTROL: u64 = 125;

/// Reads messages. What was read of one stays in here, so that dropping the future of [`FrameReader::next`] loses
/// nothing.
#[derive(Debug)]
pub(crate) struct FrameReader<R> {
    source: R,
    decoder: Decoder,
    /// How fast the message comes that takes room from others.
    pace: Option<Pace>,
}

/// The state between two reads.
#[derive(Debug)]
struct Decoder {
    /// What was read and not looked at.
    buffer: Vec<u8>,
    /// Everything before has been looked at.
    start: usize,
    /// The frame whose payload is being read.
    frame: Option<Frame>,
    /// The message that the data frames so far belong to.
    message: Option<Kind>,
    /// Its payload so far, or that of the message which was handed out.
    payload: Vec<u8>,
    /// Room for that.
    room: Room,
    /// Its payload has been handed out.
    handed_out: bool,
    /// Payload of a control frame.
    control: Vec<u8>,
    limit: usize,
}

#[derive(Debug)]
struct Frame {
    opcode: OpCode,
    is_final: bool,
    mask: [u8; 4],
    /// Bytes of the payload that are still to come.
    left: u64,
    /// Bytes of the payload that were read.
    read: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Binary,
    TooLong,
    NoRoom,
}

/// What a [`Decoder`] has found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Found {
    Message(Kind),
    Ping,
    Left(Departure),
}

impl<R: AsyncRead + Unpin> FrameReader<R> {
    /// Reads messages of at most `limit` bytes; all readers together hold what the pool has.
    pub(crate) fn new(source: R, read_already: Vec<u8>, limit: usize, pool: &'static Pool) -> Self {
        Self {
            source,
            decoder: Decoder::new(read_already, limit, Room::new(pool)),
            pace: None,
        }
    }

    /// Messages that begin from now on may have so many bytes.
    pub(crate) fn set_limit(&mut self, limit: usize) {
        self.decoder.limit = limit;
    }

    /// See [`MessageReader::pause`](super::MessageReader::pause).
    pub(super) fn pause(&mut self) -> Pause<'_> {
        Pause::new(self.pace.as_mut())
    }

    /// The next message that is not blank.
    pub(crate) async fn next(&mut self) -> io::Result<Message<'_>> {
        let found = loop {
            match self.decoder.find() {
                Some(found) => break found,
                None => match self.fill_in_time().await? {
                    Some(0) => break Found::Left(Departure::Vanished),
                    Some(_) => {}
                    None => {
                        self.decoder.forget();
                        break Found::Left(Departure::Stalled);
                    }
                },
            }
        };
        // A ping may come within a message.
        if !matches!(found, Found::Ping) {
            self.pace = None;
        }
        Ok(self.decoder.show(found))
    }

    /// Reads and forgets until the other side has closed.
    pub(crate) async fn drain(&mut self) {
        self.decoder.forget();
        loop {
            self.decoder.buffer.clear();
            match self.source.read_buf(&mut self.decoder.buffer).await {
                Ok(0) | Err(_) => return,
                Ok(_) => {}
            }
        }
    }

    /// Reads. `None`: a message that takes room from others does not come fast enough.
    async fn fill_in_time(&mut self) -> io::Result<Option<usize>> {
        if !self.decoder.room.is_taken() {
            self.pace = None;
            return self.fill().await.map(Some);
        }
        let (now, come) = (Instant::now(), self.decoder.payload.len());
        let pace = self.pace.get_or_insert_with(|| Pace::new(now, come));
        let until = pace.until(now, come);
        match timeout_at(until, self.fill()).await {
            Ok(read) => read.map(Some),
            Err(_) => Ok(None),
        }
    }

    async fn fill(&mut self) -> io::Result<usize> {
        let decoder = &mut self.decoder;
        decoder.make_room();
        self.source.read_buf(&mut decoder.buffer).await
    }
}

impl Decoder {
    fn new(buffer: Vec<u8>, limit: usize, room: Room) -> Self {
        Self {
            buffer,
            start: 0,
            frame: None,
            message: None,
            payload: Vec::new(),
            room,
            handed_out: false,
            control: Vec::new(),
            limit,
        }
    }

    /// Nothing more is looked at.
    fn forget(&mut self) {
        self.buffer = Vec::with_capacity(CHUNK);
        self.start = 0;
        self.payload = Vec::new();
        self.room.give_back();
    }

    /// The message is done.
    fn clear(&mut self) {
        self.payload.clear();
        self.payload.shrink_to(KEEP);
        self.room.give_back();
    }

    fn make_room(&mut self) {
        self.buffer.drain(..self.start);
        self.start = 0;
        let left = self.frame.as_ref().map_or(0, |frame| frame.left);
        let chunk = usize::try_from(left).map_or(LARGE_CHUNK, |left| left.clamp(CHUNK, LARGE_CHUNK));
        if self.buffer.is_empty() && self.buffer.capacity() > chunk {
            self.buffer = Vec::with_capacity(chunk);
        } else {
            self.buffer.reserve(chunk);
        }
    }

    /// Looks at what was read. `None`: more is needed.
    fn find(&mut self) -> Option<Found> {
        if std::mem::take(&mut self.handed_out) {
            self.clear();
        }
        loop {
            if self.frame.is_none() {
                match self.head() {
                    Ok(Some(frame)) => self.frame = Some(frame),
                    Ok(None) => return None,
                    Err(departure) => return Some(Found::Left(departure)),
                }
            }
            let frame = self.payload_of_frame()?;
            match frame.opcode {
                OpCode::Control(Control::Ping) => return Some(Found::Ping),
                OpCode::Control(Control::Close) => return Some(Found::Left(departure(&self.control))),
                OpCode::Data(_) if frame.is_final => {
                    if let Some(kind) = self.message.take() {
                        if kind == Kind::Text && is_blank(&self.payload) {
                            self.clear();
                            continue;
                        }
                        self.handed_out = true;
                        return Some(Found::Message(kind));
                    }
                }
                OpCode::Data(_) | OpCode::Control(_) => {}
            }
        }
    }

    fn show(&self, found: Found) -> Message<'_> {
        match found {
            Found::Message(Kind::Text) => Message::Text(without_bom(&self.payload)),
            Found::Message(Kind::Binary) => Message::Binary,
            Found::Message(Kind::TooLong) => Message::TooLong,
            Found::Message(Kind::NoRoom) => Message::NoRoom,
            Found::Ping => Message::Ping(&self.control),
            Found::Left(departure) => Message::End(departure),
        }
    }

    /// Reads the head of a frame. `None`: more is needed.
    fn head(&mut self) -> Result<Option<Frame>, Departure> {
        let mut cursor = Cursor::new(self.buffer.get(self.start..).unwrap_or_default());
        let parsed = FrameHeader::parse(&mut cursor).map_err(|_| Departure::Violated)?;
        let Some((header, length)) = parsed else {
            return Ok(None);
        };
        self.start += usize::try_from(cursor.position()).unwrap_or_default();
        let Some(mask) = header.mask else {
            return Err(Departure::Violated);
        };
        if header.rsv1 || header.rsv2 || header.rsv3 {
            return Err(Departure::Violated);
        }
        match header.opcode {
            OpCode::Control(Control::Reserved(_)) | OpCode::Data(Data::Reserved(_)) => {
                return Err(Departure::Violated);
            }
            OpCode::Control(_) if !header.is_final || length > MAX_CONTROL => {
                return Err(Departure::Violated);
            }
            OpCode::Control(_) => self.control.clear(),
            OpCode::Data(data) => {
                let kind = match (data, self.message) {
                    (Data::Text, None) => Kind::Text,
                    (Data::Binary, None) => Kind::Binary,
                    (Data::Continue, Some(kind)) => kind,
                    _ => return Err(Departure::Violated),
                };
                let total = (self.payload.len() as u64).saturating_add(length);
                if total > self.limit as u64 {
                    self.payload = Vec::new();
                    self.room.give_back();
                    self.message = Some(Kind::TooLong);
                } else {
                    self.message = Some(kind);
                }
            }
        }
        Ok(Some(Frame {
            opcode: header.opcode,
            is_final: header.is_final,
            mask,
            left: length,
            read: 0,
        }))
    }

    /// Takes what there is of the payload of the frame. Gives the frame when it is complete.
    fn payload_of_frame(&mut self) -> Option<Frame> {
        let frame = self.frame.as_mut()?;
        let there = self.buffer.get(self.start..).unwrap_or_default();
        let count = usize::try_from(frame.left).map_or(there.len(), |left| left.min(there.len()));
        let there = there.get(..count).unwrap_or_default();
        let is_text = self.message == Some(Kind::Text) && matches!(frame.opcode, OpCode::Data(_));
        if is_text && !self.room.grow(self.payload.len() + count) {
            self.payload = Vec::new();
            self.room.give_back();
            self.message = Some(Kind::NoRoom);
        }
        let target = match frame.opcode {
            OpCode::Control(_) => Some(&mut self.control),
            OpCode::Data(_) => (self.message == Some(Kind::Text)).then_some(&mut self.payload),
        };
        if let Some(target) = target {
            unmask(there, frame.mask, frame.read, target);
        }
        self.start += count;
        // Only where it is in the mask counts.
        frame.read = (frame.read + count) % 4;
        frame.left -= count as u64;
        if frame.left > 0 {
            return None;
        }
        self.frame.take()
    }
}

/// Appends a part of a payload. `from`: how much of the payload came before.
fn unmask(bytes: &[u8], mut mask: [u8; 4], from: usize, out: &mut Vec<u8>) {
    mask.rotate_left(from % 4);
    let begin = out.len();
    out.extend_from_slice(bytes);
    let Some(added) = out.get_mut(begin..) else { return };
    let mut words = added.chunks_exact_mut(4);
    for word in &mut words {
        for (byte, mask) in word.iter_mut().zip(mask) {
            *byte ^= mask;
        }
    }
    for (byte, mask) in words.into_remainder().iter_mut().zip(mask) {
        *byte ^= mask;
    }
}

/// What a close frame says.
fn departure(payload: &[u8]) -> Departure {
    match payload {
        [] => Departure::Left(None),
        [high, low, reason @ ..] => {
            let code = u16::from_be_bytes([*high, *low]);
            let is_allowed = matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999);
            if is_allowed && std::str::from_utf8(reason).is_ok() {
                Departure::Left(Some(code))
            } else {
                Departure::Violated
            }
        }
        [_] => Departure::Violated,
    }
}

#[cfg(test)]
mod tests;
