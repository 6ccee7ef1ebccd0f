//! What was written to a client that may come back, by number (docs/contract/connection.md#coming-back).

use std::collections::VecDeque;

use bytes::Bytes;
use codex_app_server_protocol::wire::encode_error;
use codex_app_server_protocol::{Dialect, ErrorObject, RequestId, error};

use super::entry::{Entry, Frame, Message, Role};

/// Bytes that are kept for one client at most.
pub(crate) const KEPT: usize = 4 * 1024 * 1024;

/// What an entry costs beside its text.
const OVERHEAD: usize = 96;

/// Answers that were given up and are remembered by the ids of their requests, at most.
const LOST_ANSWERS: usize = 256;

/// What was written, oldest first.
#[derive(Debug)]
pub(super) struct Journal {
    kept: VecDeque<Message>,
    bytes: usize,
    /// Number of the next entry.
    next: u64,
    /// Answers that are kept no more.
    lost_answers: VecDeque<(u64, RequestId)>,
    /// What is kept is to be written again.
    replay: bool,
}

/// Where a client that has come back stands.
#[derive(Debug, PartialEq)]
pub(crate) struct Resumption {
    /// Everything after this number follows.
    pub(crate) cursor: u64,
    /// Whether notifications between the client's cursor and this one are lost.
    pub(crate) missed: bool,
    /// Requests whose answers are lost.
    pub(crate) lost_answers: Vec<RequestId>,
}

impl Default for Journal {
    fn default() -> Self {
        Self {
            kept: VecDeque::new(),
            bytes: 0,
            next: 1,
            lost_answers: VecDeque::new(),
            replay: false,
        }
    }
}

impl Journal {
    /// Bytes that are kept.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Numbers entries and keeps them; the oldest are given up for them. Gives the number of the first.
    pub(super) fn keep<'a>(&mut self, entries: impl Iterator<Item = &'a Entry>) -> u64 {
        let first = self.next;
        for entry in entries {
            let kept = match entry {
                Entry::Message(message) => message.clone(),
                // It is too large to be kept.
                Entry::Pieces(pieces) => Message::Frame(Frame {
                    thread: None,
                    json: lost_answer(&pieces.request),
                    role: Role::Answer(pieces.request.clone()),
                }),
            };
            self.bytes += OVERHEAD + kept.length();
            self.next += 1;
            self.kept.push_back(kept);
        }
        while self.bytes > KEPT {
            self.give_up_oldest();
        }
        first
    }

    /// The client has seen everything up to this number: it is kept no more.
    pub(super) fn seen(&mut self, cursor: u64) {
        while self.first() <= cursor
            && let Some(kept) = self.kept.pop_front()
        {
            self.bytes -= OVERHEAD + kept.length();
        }
        self.lost_answers.retain(|(number, _)| *number > cursor);
        if self.kept.is_empty() {
            self.kept = VecDeque::new();
        }
    }

    /// The client has come back and has seen everything up to this number: the rest is written again. `None` if there
    /// has never been such a number.
    pub(super) fn resume(&mut self, cursor: u64) -> Option<Resumption> {
        if cursor >= self.next {
            return None;
        }
        self.seen(cursor);
        let first = self.first();
        self.replay = true;
        Some(Resumption {
            cursor: first - 1,
            missed: cursor + 1 < first,
            lost_answers: self.lost_answers.iter().map(|(_, id)| id.clone()).collect(),
        })
    }

    /// What is to be written again, once; with the number of the first.
    pub(super) fn take_replay(&mut self) -> Option<(u64, VecDeque<Entry>)> {
        let replay = std::mem::take(&mut self.replay) && !self.kept.is_empty();
        replay.then(|| {
            (
                self.first(),
                self.kept.iter().cloned().map(Entry::Message).collect(),
            )
        })
    }

    /// The requests among what is kept.
    pub(super) fn questions(&self) -> impl Iterator<Item = i64> {
        self.kept.iter().filter_map(Message::question)
    }

    /// Number of the oldest entry that is kept, or of the next one.
    fn first(&self) -> u64 {
        self.next - self.kept.len() as u64
    }

    fn give_up_oldest(&mut self) {
        let number = self.first();
        let Some(kept) = self.kept.pop_front() else { return };
        self.bytes -= OVERHEAD + kept.length();
        if let Role::Answer(id) = kept.role() {
            if self.lost_answers.len() == LOST_ANSWERS {
                self.lost_answers.pop_front();
            }
            self.lost_answers.push_back((number, id.clone()));
        }
    }
}

/// Stands for an answer that is kept no more.
pub(crate) fn lost_answer(request: &RequestId) -> Bytes {
    let message =
        "the answer was lost with the connection; the request was carried out: ask for its result again";
    let error = ErrorObject::new(error::INTERNAL_ERROR, message);
    let mut json = Vec::with_capacity(192);
    // Ids and texts can always be written.
    drop(encode_error(&mut json, Dialect::Plain, Some(request), &error));
    json.into()
}
