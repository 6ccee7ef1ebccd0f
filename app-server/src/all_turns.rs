//! Answers with all turns of a thread: those of a large one are read, turned into JSON and written piece by piece, so
//! that neither the turns nor the answer are ever in memory as a whole.

use std::sync::Arc;

use codex_app_server_protocol::{self as wire, Warning, WarningNotification};
use codex_core::history::AllTurns;
use tokio::sync::OwnedSemaphorePermit;
use uuid::Uuid;

use crate::convert::turn;
use crate::error::{RpcError, RpcResult};
use crate::peer::Peer;

/// Bytes of a piece, about.
const PIECE: usize = 256 << 10;

/// Turns that take their place in an answer when it is written.
pub(crate) struct LaterTurns {
    turns: AllTurns,
    /// The turn that keeps the place, as JSON. Its id is like no other, so that it can't be mistaken.
    place: Vec<u8>,
}

impl LaterTurns {
    /// The turns, and what stands in their place until then.
    pub(crate) fn new(turns: AllTurns) -> RpcResult<(wire::Turn, Self)> {
        let stand_in = wire::Turn {
            id: Uuid::new_v4().to_string(),
            items: Vec::new(),
            status: wire::TurnStatus::Completed,
            completed_at: None,
            duration_ms: None,
            error: None,
            items_view: wire::TurnItemsView::NotLoaded,
            root_turn_id: None,
            started_at: None,
        };
        let mut place = Vec::new();
        let written = stand_in.write_json(&mut place);
        written.map_err(|error| RpcError::internal(format!("the turns can't be written: {error}")))?;
        Ok((stand_in, Self { turns, place }))
    }
}

/// Turns for an answer: all of them if they are in memory, else what keeps their place, and what takes it later.
pub(crate) fn for_answer(turns: AllTurns) -> RpcResult<(Vec<wire::Turn>, Option<LaterTurns>)> {
    if !turns.is_read() {
        let (stand_in, later) = LaterTurns::new(turns)?;
        return Ok((vec![stand_in], Some(later)));
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
    /// Puts turns into a frame, where their place is kept.
    pub(crate) fn new(
        mut frame: Vec<u8>,
        later: LaterTurns,
        peer: Arc<Peer>,
        slot: Option<OwnedSemaphorePermit>,
    ) -> Self {
        let found = memchr::memmem::find(&frame, &later.place);
        let rest = found.map_or_else(Vec::new, |at| frame.split_off(at + later.place.len()));
        frame.truncate(found.unwrap_or(frame.len()));
        Self {
            piece: frame,
            rest,
            turns: later.turns,
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
