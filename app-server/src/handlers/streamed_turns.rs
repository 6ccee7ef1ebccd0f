//! Answers with all turns of a thread: those of a large one are read, turned into JSON and written piece by piece, so
//! that neither the turns nor the answer are ever in memory as a whole.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use codex_app_server_protocol::wire::encode_error;
use codex_app_server_protocol::{self as wire, Dialect, Request, RequestId, Warning, WarningNotification};
use codex_core::history::AllTurns;
use uuid::Uuid;

use crate::client::handle::Client;
use crate::convert::turn;
use crate::rpc::error::{RpcError, RpcResult};
use crate::rpc::responder::Responder;

/// Bytes of a piece, about.
const PIECE: usize = 256 << 10;

type Turns = Box<dyn Iterator<Item = codex_core::Result<codex_core::Turn>> + Send>;

/// Turns that take their place in an answer when it is written.
pub(crate) struct LaterTurns {
    turns: Turns,
    /// The turn that keeps the place, as JSON. Its id is like no other, so that it can't be mistaken.
    place: Vec<u8>,
}

impl LaterTurns {
    /// The turns, and what stands in their place until then.
    pub(crate) fn new(
        turns: impl Iterator<Item = codex_core::Result<codex_core::Turn>> + Send + 'static,
    ) -> RpcResult<(wire::Turn, Self)> {
        let turns = Box::new(turns);
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
        written
            .map_err(|error| RpcError::internal(format!("the turns cannot be written as JSON: {error}")))?;
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

/// Answers with a thread whose turns are to come, if there are any that are not in memory.
pub(crate) fn send<M: Request>(
    client: &Arc<Client>,
    responder: Responder<M>,
    answer: RpcResult<(M::Response, Option<LaterTurns>)>,
) {
    match answer {
        Ok((result, Some(turns))) => responder.send_in_pieces(&result, |id, frame| {
            ResponseWithTurns::new(id, frame, turns, Arc::clone(client))
        }),
        Ok((result, None)) => responder.send(Ok(result)),
        Err(error) => responder.send(Err(error)),
    }
}

/// An answer in pieces: what comes before the turns, the turns, and the rest.
struct ResponseWithTurns {
    id: RequestId,
    /// What is not given yet.
    piece: Vec<u8>,
    rest: Vec<u8>,
    turns: Turns,
    first: bool,
    /// A piece was given.
    begun: bool,
    done: bool,
    client: Arc<Client>,
}

impl ResponseWithTurns {
    /// Puts turns into the frame that answers a request, where their place is kept.
    fn new(id: RequestId, mut frame: Vec<u8>, later: LaterTurns, client: Arc<Client>) -> Self {
        let found = memchr::memmem::find(&frame, &later.place);
        let rest = found.map_or_else(Vec::new, |at| frame.split_off(at + later.place.len()));
        frame.truncate(found.unwrap_or(frame.len()));
        Self {
            id,
            piece: frame,
            rest,
            turns: later.turns,
            first: true,
            begun: false,
            done: false,
            client,
        }
    }

    /// Appends the next turn, or the rest if there is none. What fails leaves the piece as it was.
    fn step(&mut self) -> Result<(), String> {
        let whole = self.piece.len();
        let step = catch_unwind(AssertUnwindSafe(|| self.append()));
        let step =
            step.unwrap_or_else(|_| Err("an internal error occurred while a turn was converted".into()));
        if step.is_err() {
            self.piece.truncate(whole);
        }
        step
    }

    fn append(&mut self) -> Result<(), String> {
        let Some(turn) = self.turns.next() else {
            self.piece.append(&mut self.rest);
            self.done = true;
            return Ok(());
        };
        let turn = turn.map_err(|error| error.to_string())?;
        if !self.first {
            self.piece.push(b',');
        }
        let written = turn::to_wire(turn).write_json(&mut self.piece);
        written.map_err(|error| error.to_string())?;
        self.first = false;
        Ok(())
    }

    /// The answer becomes an error. If it has begun, it ends in good form, and the error stands beside the turns that
    /// there are.
    fn give_up(&mut self, why: &str) {
        tracing::error!(why, "turns of an answer could not be read");
        let error = RpcError::internal(format!("the turns of the thread could not be read: {why}")).0;
        if !self.begun {
            self.piece.clear();
            self.rest.clear();
            drop(encode_error(
                &mut self.piece,
                Dialect::Plain,
                Some(&self.id),
                &error,
            ));
            return;
        }
        let mut json = b",\"error\":".to_vec();
        if serde_json::to_writer(&mut json, &error).is_ok() && self.rest.last() == Some(&b'}') {
            self.rest.pop();
            self.rest.append(&mut json);
            self.rest.push(b'}');
        }
        self.piece.append(&mut self.rest);
        self.client.notify::<Warning>(&WarningNotification {
            thread_id: None,
            message: format!("The list of turns that was just sent is incomplete: {why}"),
        });
    }
}

impl Iterator for ResponseWithTurns {
    type Item = Vec<u8>;

    fn next(&mut self) -> Option<Vec<u8>> {
        while !self.done && self.piece.len() < PIECE {
            if let Err(why) = self.step() {
                self.give_up(&why);
                self.done = true;
            }
        }
        self.begun = true;
        let piece = std::mem::take(&mut self.piece);
        (!piece.is_empty()).then_some(piece)
    }
}

#[cfg(test)]
mod tests {
    use codex_core::{Item, ItemBody, ItemsView, Turn, TurnStatus, UserInput};
    use serde_json::Value;

    use super::*;
    use crate::subscriptions::Subscriptions;

    /// A turn of about this size.
    fn turn(number: usize, bytes: usize) -> Turn {
        let said = UserInput::Text {
            text: "x".repeat(bytes),
            elements: Vec::new(),
        };
        Turn {
            id: format!("turn-{number}"),
            root_turn_id: None,
            status: TurnStatus::Completed,
            items: vec![Item {
                id: "i".into(),
                started_at_ms: None,
                completed_at_ms: None,
                body: ItemBody::UserMessage {
                    client_id: None,
                    content: vec![said],
                },
            }],
            items_view: ItemsView::Full,
            error: None,
            started_at: None,
            completed_at: None,
            duration_ms: None,
        }
    }

    /// The answer with so many turns of this size, and what happens at the next one.
    fn answer(
        turns: usize,
        bytes: usize,
        then: impl Fn() -> codex_core::Result<Turn> + Send + 'static,
    ) -> Value {
        let turns = (0..=turns).map(move |number| {
            if number < turns {
                Ok(turn(number, bytes))
            } else {
                then()
            }
        });
        let (place, later) = LaterTurns::new(turns).expect("a place");
        let mut frame = b"{\"id\":7,\"result\":{\"thread\":{\"turns\":[".to_vec();
        place.write_json(&mut frame).expect("JSON");
        frame.extend_from_slice(b"]}}}");
        let client = Subscriptions::new().connect();
        let pieces = ResponseWithTurns::new(RequestId::from(7), frame, later, client);
        serde_json::from_slice(&pieces.collect::<Vec<_>>().concat()).expect("JSON")
    }

    #[test]
    fn a_panic_in_the_first_piece_makes_the_answer_an_error() {
        let answer = answer(3, 10, || panic!("a turn that can't be shown"));
        assert_eq!(answer["id"], 7);
        assert_eq!(answer["result"], Value::Null);
        assert_eq!(answer["error"]["code"], -32603);
    }

    #[test]
    fn a_panic_in_a_later_piece_ends_the_answer_in_good_form_with_an_error() {
        let answer = answer(3, PIECE, || panic!("a turn that can't be shown"));
        assert_eq!(answer["id"], 7);
        let turns = answer["result"]["thread"]["turns"].as_array().expect("turns");
        assert_eq!(turns.len(), 3);
        assert_eq!(answer["error"]["code"], -32603);
    }

    #[test]
    fn so_does_a_turn_that_cannot_be_read() {
        let unreadable = || Err(codex_core::Error::internal("the file has gone"));
        let first = answer(0, 0, unreadable);
        let text = first["error"]["message"].as_str().expect("text");
        assert!(text.ends_with("could not be read: the file has gone"), "{text}");
        assert!(answer(2, PIECE, unreadable)["error"].is_object());
    }
}
