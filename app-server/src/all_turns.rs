//! Answers with all turns of a thread: those of a large one are read, turned into JSON and written piece by piece, so
//! that neither the turns nor the answer are ever in memory as a whole.

use std::sync::Arc;

use codex_app_server_protocol::{self as wire, Warning, WarningNotification};
use codex_core::history::AllTurns;
use tokio::sync::OwnedSemaphorePermit;

use crate::convert::turn;
use crate::error::RpcResult;
use crate::peer::Peer;

/// Bytes of a piece, about.
const PIECE: usize = 256 << 10;

/// Where the turns go in an answer that was made without them. In a string the quotes would be escaped.
const PLACE: &[u8] = b"\"turns\":[]";

/// Turns that are in memory as the answer has them, and all turns where they are not.
pub(crate) fn in_memory(turns: AllTurns) -> RpcResult<(Vec<wire::Turn>, Option<AllTurns>)> {
    if !turns.is_read() {
        return Ok((Vec::new(), Some(turns)));
    }
    let turns: codex_core::Result<Vec<_>> = turns.map(|read| read.map(turn::to_wire)).collect();
    Ok((turns?, None))
}

/// An answer in pieces: what comes before the turns, the turns, and the rest.
pub(crate) struct AnswerWithTurns {
    /// What is not given yet.
    piece: Vec<u8>,
    rest: Vec<u8>,
    turns: AllTurns,
    first: bool,
    done: bool,
    peer: Arc<Peer>,
    /// The request is in progress until its answer is written: each one that waits holds files open.
    _slot: Option<OwnedSemaphorePermit>,
}

impl AnswerWithTurns {
    /// Puts turns into a frame that has an empty list of turns.
    pub(crate) fn new(
        mut frame: Vec<u8>,
        turns: AllTurns,
        peer: Arc<Peer>,
        slot: Option<OwnedSemaphorePermit>,
    ) -> Self {
        let place = memchr::memmem::find(&frame, PLACE).map_or(frame.len(), |at| at + PLACE.len() - 1);
        let rest = frame.split_off(place);
        Self {
            piece: frame,
            rest,
            turns,
            first: true,
            done: false,
            peer,
            _slot: slot,
        }
    }

    fn append(&mut self, turn: codex_core::Turn) -> serde_json::Result<()> {
        let whole = self.piece.len();
        if !std::mem::take(&mut self.first) {
            self.piece.push(b',');
        }
        let written = turn::to_wire(turn).write_json(&mut self.piece);
        if written.is_err() {
            self.piece.truncate(whole);
        }
        written
    }

    /// The answer has begun: it ends in good form, and the client is told what is missing.
    fn give_up(&self, why: &str) {
        tracing::error!(why, "turns of an answer could not be read");
        self.peer.notify::<Warning>(&WarningNotification {
            thread_id: None,
            message: format!("The list of turns that was just given is not complete: {why}"),
        });
    }
}

impl Iterator for AnswerWithTurns {
    type Item = Vec<u8>;

    fn next(&mut self) -> Option<Vec<u8>> {
        while !self.done && self.piece.len() < PIECE {
            let failed = match self.turns.next() {
                Some(Ok(turn)) => self.append(turn).err().map(|error| error.to_string()),
                Some(Err(error)) => Some(error.to_string()),
                None => {
                    self.done = true;
                    None
                }
            };
            if let Some(why) = failed {
                self.give_up(&why);
                self.done = true;
            }
            if self.done {
                self.piece.append(&mut self.rest);
            }
        }
        let piece = std::mem::take(&mut self.piece);
        (!piece.is_empty()).then_some(piece)
    }
}
