//! Requests from us to clients that wait for an answer (docs/contract/items-and-approvals.md#server-requests).

use std::collections::BTreeMap;

use bytes::Bytes;
use codex_app_server_protocol::ErrorObject;
use codex_core::ThreadId;
use serde_json::value::RawValue;

/// Who is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Audience {
    /// Whoever watches the thread, now or later, or has watched it while the request waited. The first answer counts.
    Thread(ThreadId),
    /// One connection, for as long as it lives.
    Client(u64),
}

/// What a client answered.
pub(crate) type ClientReply = Result<Box<RawValue>, ErrorObject>;

/// What to do with an answer. Must not block.
pub(crate) type OnReply = Box<dyn FnOnce(ClientReply) + Send>;

/// One request that waits.
pub(crate) struct PendingRequest {
    /// Who is asked.
    pub(crate) audience: Audience,
    /// The connections that were asked as watchers of the thread and have left it since: they may still answer.
    pub(crate) left: Vec<u64>,
    /// The request, for those who come later.
    pub(crate) json: Bytes,
    /// Where the answer goes.
    pub(crate) on_reply: OnReply,
    /// Whether those who watch the thread hear of its end.
    pub(crate) told_when_resolved: bool,
}

/// All requests that wait, by id. Ids come from [`codex_core::new_request_id`].
#[derive(Default)]
pub(crate) struct PendingRequests {
    waiting: BTreeMap<i64, PendingRequest>,
}

impl PendingRequests {
    /// Adds a request.
    pub(crate) fn insert(&mut self, id: i64, request: PendingRequest) {
        self.waiting.insert(id, request);
    }

    /// The request with this id.
    pub(crate) fn get(&self, id: i64) -> Option<&PendingRequest> {
        self.waiting.get(&id)
    }

    /// Removes a request.
    pub(crate) fn remove(&mut self, id: i64) -> Option<PendingRequest> {
        self.waiting.remove(&id)
    }

    /// The requests to the watchers of this thread, oldest first.
    pub(crate) fn of_thread(&self, thread: ThreadId) -> impl Iterator<Item = (i64, &PendingRequest)> {
        let audience = Audience::Thread(thread);
        self.all()
            .filter(move |(_, request)| request.audience == audience)
    }

    /// All requests with their ids, oldest first.
    pub(crate) fn all(&self) -> impl Iterator<Item = (i64, &PendingRequest)> {
        self.waiting.iter().map(|(id, request)| (*id, request))
    }

    /// A connection does not watch this thread any more; what it was asked until now it may still answer.
    pub(crate) fn left_thread(&mut self, thread: ThreadId, client: u64) {
        let audience = Audience::Thread(thread);
        for request in self
            .waiting
            .values_mut()
            .filter(|request| request.audience == audience)
        {
            if !request.left.contains(&client) {
                request.left.push(client);
            }
        }
    }

    /// No more answers come from this connection. Removes the requests to it alone.
    pub(crate) fn remove_of_client(&mut self, client: u64) -> Vec<PendingRequest> {
        for request in self.waiting.values_mut() {
            request.left.retain(|left| *left != client);
        }
        let of_client = |request: &PendingRequest| request.audience == Audience::Client(client);
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
