//! The answer to a request: given exactly once, whatever the handler does.

use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use codex_app_server_protocol::wire::{encode_error, encode_response};
use codex_app_server_protocol::{Dialect, ErrorObject, Request, RequestId};
use codex_core::Reply;
use serde::Serialize;
use tracing::Span;

use super::error::{RpcError, RpcResult};
use super::request_log::{Outcome, RequestLog};
use super::scheduler::QueueTicket;
use crate::client::handle::{Client, Slot};

/// The duty to answer one request. Dropped unanswered (a handler panicked, a task was cancelled) it answers with an
/// internal error.
pub(crate) struct PendingResponse {
    client: Arc<Client>,
    id: Option<RequestId>,
    /// Until the answer is handed over.
    log: Option<RequestLog>,
    /// Room among the requests that a connection may have in progress.
    pub(crate) slot: Option<Slot>,
    /// The place in the queue of the scheduler.
    pub(crate) ticket: Option<QueueTicket>,
}

impl PendingResponse {
    /// The duty to answer this request of this client. It was read just now.
    pub(crate) fn new(client: Arc<Client>, id: RequestId, method: &str) -> Self {
        client.request_began(&id);
        Self {
            client,
            log: Some(RequestLog::new(method, &id)),
            id: Some(id),
            slot: None,
            ticket: None,
        }
    }

    /// Who asks.
    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// The span around all that is done for the request.
    pub(crate) fn span(&self) -> Span {
        let log = self.log.as_ref();
        log.map_or_else(Span::none, |log| log.span().clone())
    }

    /// The request is answered in another way, which needs its id.
    pub(crate) fn into_taken(mut self) -> Option<RequestId> {
        if let Some(log) = &mut self.log {
            log.set_outcome(Ok(()));
        }
        self.id.take()
    }

    /// Refuses.
    pub(crate) fn error(mut self, error: &ErrorObject) {
        self.write_error(error);
    }

    fn write_error(&mut self, error: &ErrorObject) {
        self.write(Err(error.code), |out, id| {
            encode_error(out, Dialect::Plain, Some(id), error)
        });
    }

    /// Grants.
    fn result(mut self, result: &impl Serialize) {
        self.write(Ok(()), |out, id| encode_response(out, Dialect::Plain, id, result));
    }

    /// Grants, with a frame that is made while it is written.
    fn result_in_pieces<P>(mut self, result: &impl Serialize, pieces: impl FnOnce(RequestId, Vec<u8>) -> P)
    where
        P: Iterator<Item = Vec<u8>> + Send + 'static,
    {
        let Some(id) = self.id.clone() else { return };
        let mut json = Vec::with_capacity(4096);
        if encode_response(&mut json, Dialect::Plain, &id, result).is_err() {
            return self.result(result);
        }
        let pieces = pieces(id.clone(), json);
        self.id = None;
        self.client.request_ended(&id);
        let (log, slot) = (self.log.take(), self.slot.take());
        match log {
            Some(mut log) => {
                log.set_outcome(Ok(()));
                self.client.outgoing.push_pieces(id, log.around(pieces), slot);
            }
            None => self.client.outgoing.push_pieces(id, pieces, slot),
        }
    }

    fn write(
        &mut self,
        mut outcome: Outcome,
        encode: impl FnOnce(&mut Vec<u8>, &RequestId) -> serde_json::Result<()>,
    ) {
        let Some(id) = &self.id else { return };
        let mut json = Vec::with_capacity(256);
        // If this panics, the request is still to be answered.
        if let Err(e) = encode(&mut json, id) {
            let error = RpcError::internal(format!("the response cannot be written as JSON: {e}")).0;
            json.clear();
            drop(encode_error(&mut json, Dialect::Plain, Some(id), &error));
            outcome = Err(error.code);
        }
        self.client.request_ended(id);
        if let Some(log) = &mut self.log {
            log.set_outcome(outcome);
        }
        if let Some(id) = self.id.take() {
            self.client.outgoing.push_answer(id, json);
        }
    }
}

impl Drop for PendingResponse {
    fn drop(&mut self) {
        if self.id.is_some() {
            let error = RpcError::internal("the request was dropped before it was answered; try again").0;
            self.write_error(&error);
        }
    }
}

/// A [`PendingResponse`] that knows its type.
pub(crate) struct Responder<M> {
    answer: PendingResponse,
    method: PhantomData<fn(M)>,
}

impl<M: Request> Responder<M> {
    pub(crate) fn new(answer: PendingResponse) -> Self {
        Self {
            answer,
            method: PhantomData,
        }
    }

    /// The request's id.
    pub(crate) fn request_id(&self) -> Option<&RequestId> {
        self.answer.id.as_ref()
    }

    /// Answers.
    pub(crate) fn send(self, answer: RpcResult<M::Response>) {
        match answer {
            Ok(result) => self.answer.result(&result),
            Err(RpcError(error)) => self.answer.error(&error),
        }
    }

    /// Answers with a frame that may be large, and is made while it is written. `pieces` is given the request's id and
    /// the frame with `result` in it, without line end, and says what is written in its place, piece by piece. Making a
    /// piece may block.
    pub(crate) fn send_in_pieces<P>(self, result: &M::Response, pieces: impl FnOnce(RequestId, Vec<u8>) -> P)
    where
        P: Iterator<Item = Vec<u8>> + Send + 'static,
    {
        self.answer.result_in_pieces(result, pieces);
    }

    /// Hands the duty to a thread's actor. `convert` runs where the actor answers.
    pub(crate) fn reply<T>(self, convert: impl FnOnce(T) -> M::Response + Send + 'static) -> Reply<T> {
        Reply::new(move |answer: codex_core::Result<T>| {
            let method = M::METHOD;
            let send = || self.send(answer.map(convert).map_err(RpcError::from));
            // What can't be shown costs this answer, not the thread whose actor gives it.
            if catch_unwind(AssertUnwindSafe(send)).is_err() {
                tracing::error!(method, "the answer could not be made because of a panic");
            }
        })
    }

    /// The request waits for the world outside (a program, a person) and may take long: others need not wait for a
    /// free slot because of it. It keeps its place in its queue.
    pub(crate) fn takes_long(&mut self) {
        self.answer.slot = None;
    }

    /// Others of the queue need not wait for the rest of this request: what it changes, it has changed.
    pub(crate) fn leave_queue(&mut self) {
        self.takes_long();
        self.answer.ticket = None;
    }
}
