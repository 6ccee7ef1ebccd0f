//! How messages are told apart in a stream of bytes on its way to a client.

use tokio_tungstenite::tungstenite::protocol::frame::FrameHeader;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Control, Data, OpCode};

/// Bytes of one frame of a WebSocket at most; longer messages are sent in fragments. The reference's own client takes 16
/// MiB.
pub(crate) const MAX_FRAGMENT: usize = 4 * 1024 * 1024;

/// What is around a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Framing {
    /// A line end behind it.
    Lines,
    /// A WebSocket's text frame.
    WebSocket,
}

/// Which part of a message a frame holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// All of it.
    Whole,
    /// The first one of several.
    First,
    /// One in between.
    Middle,
    /// The last one.
    Last,
}

/// Begins a text frame whose payload has this many bytes.
pub(crate) fn text(out: &mut Vec<u8>, length: usize, part: Part) {
    let opcode = match part {
        Part::Whole | Part::First => Data::Text,
        Part::Middle | Part::Last => Data::Continue,
    };
    let is_final = matches!(part, Part::Whole | Part::Last);
    head(out, OpCode::Data(opcode), is_final, length);
}

/// Answers a ping with this payload.
pub(crate) fn pong(out: &mut Vec<u8>, payload: &[u8]) {
    head(out, OpCode::Control(Control::Pong), true, payload.len());
    out.extend_from_slice(payload);
}

/// Closes the WebSocket.
pub(crate) fn close(out: &mut Vec<u8>, code: u16) {
    head(out, OpCode::Control(Control::Close), true, 2);
    out.extend_from_slice(&code.to_be_bytes());
}

fn head(out: &mut Vec<u8>, opcode: OpCode, is_final: bool, length: usize) {
    let header = FrameHeader {
        is_final,
        opcode,
        ..FrameHeader::default()
    };
    // Writing to memory does not fail.
    drop(header.format(length as u64, out));
}
