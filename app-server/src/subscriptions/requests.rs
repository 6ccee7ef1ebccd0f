//! Requests to clients: to the watchers of a thread, whose first answer counts, or to one client alone.

use std::sync::Arc;
use std::time::Duration;

use codex_app_server_protocol::wire::encode_request;
use codex_app_server_protocol::{
    Dialect, DynamicToolCall, Request, RequestId, ServerRequestResolved, ServerRequestResolvedNotification,
};
use codex_core::{ThreadId, new_request_id};

use super::{State, Subscriptions};
use crate::client::handle::{Client, ClientRequestError, SharedFrame, read_reply};
use crate::client::pending_requests::{Audience, ClientReply, OnReply, PendingRequest};

impl Subscriptions {
    /// Asks one client, and waits for its answer at most this long.
    pub(crate) async fn request<R: Request>(
        &self,
        client: &Client,
        params: &R::Params,
        patience: Duration,
    ) -> Result<R::Response, ClientRequestError> {
        let (tx, rx) = tokio::sync::oneshot::channel();
        let id = new_request_id();
        let _forget = Forget(self, id);
        let on_reply = move |reply| drop(tx.send(reply));
        self.send_request::<R>(Audience::Client(client.id), id, params, Box::new(on_reply));
        match tokio::time::timeout(patience, rx).await {
            Ok(Ok(reply)) => read_reply::<R>(reply),
            Ok(Err(_)) => Err(ClientRequestError::Gone),
            Err(_) => Err(ClientRequestError::TimedOut),
        }
    }

    /// Sends a request. If nobody can ever answer it, `on_reply` is dropped.
    pub(super) fn send_request<R: Request>(
        &self,
        audience: Audience,
        id: i64,
        params: &R::Params,
        on_reply: OnReply,
    ) {
        let mut json = Vec::with_capacity(512);
        let request_id = RequestId::Integer(id);
        if let Err(e) = encode_request(&mut json, Dialect::Plain, &request_id, R::METHOD, params) {
            tracing::error!(method = R::METHOD, error = %e, "a request cannot be written as JSON");
            return;
        }
        let request = PendingRequest {
            audience,
            left: Vec::new(),
            json: json.into(),
            on_reply,
            // The item of a tool call says that it is over.
            told_when_resolved: R::METHOD != DynamicToolCall::METHOD,
        };
        let mut state = self.lock();
        match audience {
            Audience::Thread(thread) => {
                for client in state.watchers(thread) {
                    client
                        .outgoing
                        .push_question(Some(thread), id, request.json.clone());
                }
            }
            Audience::Client(asked) => {
                let listens = |client: &&Arc<Client>| client.id == asked && !client.input_has_ended();
                let Some(client) = state.clients.iter().find(listens) else {
                    return;
                };
                client.outgoing.push_question(None, id, request.json.clone());
            }
        }
        state.requests.insert(id, request);
        drop(state);
        self.relieved.notify_waiters();
    }

    /// Sends the requests to the watchers of a thread that wait for an answer, with their old ids, to one who came later.
    pub(crate) fn repeat_requests(&self, thread: ThreadId, client: &Client) {
        for (id, request) in self.lock().requests.of_thread(thread) {
            client
                .outgoing
                .push_question(Some(thread), id, request.json.clone());
        }
    }

    /// Sends the requests that wait for an answer of this client, with their old ids, to one that has come back. Those
    /// that it is sent anyway are not sent twice.
    pub(crate) fn ask_again(&self, client: &Client) {
        let state = self.lock();
        let still_to_come = client.outgoing.questions();
        for (id, request) in state.requests.all() {
            if !still_to_come.contains(&id) && state.is_in(request.audience, client.id) {
                let thread = match request.audience {
                    Audience::Thread(thread) => Some(thread),
                    Audience::Client(_) => None,
                };
                client.outgoing.push_question(thread, id, request.json.clone());
            }
        }
    }

    /// A client has answered. The first answer counts; those who were asked too are told that it is settled.
    pub(crate) fn answered(&self, client: &Client, id: Option<&RequestId>, reply: ClientReply) {
        let mut state = self.lock();
        let request = match id {
            Some(RequestId::Integer(id)) if state.was_asked(client, *id) => state.settle(*id),
            _ => None,
        };
        drop(state);
        if let Some(request) = request {
            (request.on_reply)(reply);
        } else {
            tracing::warn!(?id, "a client answered what it was not asked, or too late");
        }
    }

    /// Resolves when an answer of this connection is expected.
    pub(crate) async fn answer_expected(&self, client: u64) {
        loop {
            let changed = self.relieved.notified();
            if self.lock().is_asked(client) {
                return;
            }
            changed.await;
        }
    }
}

impl State {
    /// Whether a request waits for the answer of this connection.
    fn is_asked(&self, client: u64) -> bool {
        let mut requests = self.requests.all();
        requests.any(|(_, request)| self.may_answer(request, client))
    }

    /// Whether this request waits, and this connection may answer it.
    fn was_asked(&self, client: &Client, id: i64) -> bool {
        let request = self.requests.get(id);
        request.is_some_and(|request| self.may_answer(request, client.id))
    }

    fn may_answer(&self, request: &PendingRequest, client: u64) -> bool {
        request.left.contains(&client) || self.is_in(request.audience, client)
    }

    fn is_in(&self, audience: Audience, client: u64) -> bool {
        match audience {
            Audience::Thread(thread) => self.watchers(thread).iter().any(|other| other.id == client),
            Audience::Client(asked) => asked == client,
        }
    }

    /// Removes a request and tells the watchers of its thread. What is removed must be dropped without the lock.
    pub(super) fn settle(&mut self, id: i64) -> Option<PendingRequest> {
        let request = self.requests.remove(id)?;
        if let Audience::Thread(thread) = request.audience
            && request.told_when_resolved
        {
            let params = ServerRequestResolvedNotification {
                thread_id: thread.to_string(),
                request_id: RequestId::Integer(id),
            };
            let mut frame = SharedFrame::<ServerRequestResolved>::new(Some(thread), &params);
            for client in self.watchers(thread) {
                frame.send_to(client);
            }
        }
        Some(request)
    }
}

/// Removes a request when nobody waits for its answer any more.
struct Forget<'a>(&'a Subscriptions, i64);

impl Drop for Forget<'_> {
    fn drop(&mut self) {
        let request = self.0.lock().requests.remove(self.1);
        drop(request);
    }
}
