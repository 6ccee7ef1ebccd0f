//! Requests from us to clients that wait for an answer (docs/contract/items-and-approvals.md#server-requests).

use std::collections::BTreeMap;

use bytes::Bytes;
use codex_app_server_protocol::ErrorObject;
use codex_core::ThreadId;
use serde_json::value::RawValue;

/// Who is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Audience {
    /// Whoever watches the thread, now or later. The first answer counts.
    Thread(ThreadId),
    /// One connection, for as long as it lives.
    Client(u64),
}

/// What a client answered.
pub(crate) type ClientReply = Result<Box<RawValue>, ErrorObject>;

/// What to do with an answer. Must not block.
pub(crate) type OnReply = Box<dyn FnOnce(ClientReply) + Send>;

/// One question that waits.
pub(crate) struct PendingRequest {
    /// Who is asked.
    pub(crate) audience: Audience,
    /// The engine's number for it, by which it can be withdrawn.
    pub(crate) number: Option<u64>,
    /// The request, for those who come later.
    pub(crate) json: Bytes,
    /// Where the answer goes.
    pub(crate) on_answer: OnReply,
}

/// All questions that wait. Ids count from 0, once for the whole process.
#[derive(Default)]
pub(crate) struct PendingRequests {
    next: i64,
    waiting: BTreeMap<i64, PendingRequest>,
}

impl PendingRequests {
    /// A fresh id.
    pub(crate) fn next_id(&mut self) -> i64 {
        let id = self.next;
        self.next += 1;
        id
    }

    /// Puts a question on the table.
    pub(crate) fn insert(&mut self, id: i64, question: PendingRequest) {
        self.waiting.insert(id, question);
    }

    /// The question with this id.
    pub(crate) fn get(&self, id: i64) -> Option<&PendingRequest> {
        self.waiting.get(&id)
    }

    /// Takes a question off the table.
    pub(crate) fn remove(&mut self, id: i64) -> Option<PendingRequest> {
        self.waiting.remove(&id)
    }

    /// The id of the question that the engine knows by this number.
    pub(crate) fn by_number(&self, number: u64) -> Option<i64> {
        let found = self
            .waiting
            .iter()
            .find(|(_, question)| question.number == Some(number));
        found.map(|(id, _)| *id)
    }

    /// Who is asked something.
    pub(crate) fn audiences(&self) -> impl Iterator<Item = Audience> {
        self.waiting.values().map(|question| question.audience)
    }

    /// The questions that watchers of this thread are asked, oldest first.
    pub(crate) fn of_thread(&self, thread: ThreadId) -> impl Iterator<Item = &PendingRequest> {
        let audience = Audience::Thread(thread);
        self.waiting
            .values()
            .filter(move |question| question.audience == audience)
    }

    /// Takes the questions to a connection that has ended off the table.
    pub(crate) fn remove_of_client(&mut self, client: u64) -> Vec<PendingRequest> {
        let of_client = |question: &PendingRequest| question.audience == Audience::Client(client);
        let ids: Vec<_> = self
            .waiting
            .iter()
            .filter(|(_, q)| of_client(q))
            .map(|(id, _)| *id)
            .collect();
        ids.into_iter()
            .filter_map(|id| self.waiting.remove(&id))
            .collect()
    }
}
