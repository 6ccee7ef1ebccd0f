//! One connection: takes its requests in the order in which they were read, and its answers at once.

use std::io;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use codex_app_server_protocol::rpc::ScopeKey;
use codex_app_server_protocol::wire::{self, Decoded, encode_error};
use codex_app_server_protocol::{
    Dialect, ErrorObject, Frame, Initialize, Request, RequestId, error, methods,
};
use codex_core::Traffic;
use serde_json::value::RawValue;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::OwnedSemaphorePermit;
use tracing::Instrument;

use crate::client::handle::{Client, MAX_IN_PROGRESS, Slot};
use crate::client::outgoing::{self, Attachment};
use crate::client::pending_requests::ClientReply;
use crate::client::transport::framing::Framing;
use crate::client::transport::{
    Departure, LEAST_PROGRESS, MAX_FIRST_MESSAGE, MAX_MESSAGE, Message, MessageReader, PATIENCE,
};
use crate::rpc::request_log::beginning;
use crate::rpc::responder::PendingResponse;
use crate::rpc::scheduler::RequestQueue;
use crate::server::{RequestContext, Server};

mod backlog;
mod draining;
mod end;
mod reconnect;

use backlog::{Backlog, Waiting};
pub(crate) use end::Ending;
use reconnect::Return;

/// How long requests that were read before the end may take to be answered.
const LAST_ANSWERS: Duration = Duration::from_millis(150);

/// Serves one connection until its input ends, its output breaks, or `stop` resolves; then waits a moment for requests
/// in progress. When the client turns out to be one that has come back, the connection goes on as that one.
pub(crate) async fn serve<R, W>(
    server: &Arc<Server>,
    mut client: Arc<Client>,
    mut messages: MessageReader<R>,
    output: W,
    stop: impl Future<Output = ()>,
) -> Ending<R, W>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Send + Unpin + 'static,
{
    let framing = match &messages {
        MessageReader::Lines(_) => Framing::Lines,
        MessageReader::Frames(_) => Framing::WebSocket,
    };
    let mut attachment = Attachment::first(&client.outgoing);
    let spawn = |attachment: &Attachment, output| {
        server
            .runtime
            .spawn(outgoing::write(attachment.clone(), output, framing))
    };
    let mut writer = spawn(&attachment, output);
    let mut stop = std::pin::pin!(stop);
    let departure = loop {
        let connection = Connection {
            server: Arc::clone(server),
            client: Arc::clone(&client),
            returned: OnceLock::new(),
        };
        let (reason, departure) = tokio::select! {
            biased;
            () = &mut stop => ("the server stops", None),
            () = attachment.detached() => ("the client reads no more", Some(Departure::Vanished)),
            ended = connection.read(&mut messages) => match ended {
                Ok(departure) => ("end of input", Some(departure)),
                Err(error) => {
                    tracing::warn!(%error, "reading failed");
                    ("reading failed", Some(Departure::Vanished))
                }
            }
        };
        if let Some(returned) = connection.take_return() {
            // What the newcomer was told, it shall read before.
            client.outgoing.close(None);
            server.disconnect(&client);
            client = returned.client;
            attachment = returned.attachment;
            match writer.await {
                Ok(Ok(output)) => {
                    writer = spawn(&attachment, output);
                    if departure.is_none() {
                        break None;
                    }
                    continue;
                }
                other => {
                    writer = server
                        .runtime
                        .spawn(async { other.unwrap_or_else(|e| Err(e.into())) });
                }
            }
            break Some(Departure::Vanished);
        }
        tracing::info!(client = client.id, reason, "connection ended");
        break departure;
    };
    if departure.is_none() || !client.outgoing.has_journal() {
        let in_progress = client.slots.acquire_many(MAX_IN_PROGRESS);
        if tokio::time::timeout(LAST_ANSWERS, in_progress).await.is_err() {
            tracing::info!("requests are still in progress at the end of the connection");
        }
    }
    Ending {
        client,
        attachment,
        writer,
        messages,
        departure,
    }
}

/// There is too much of all sockets.
fn overloaded() -> ErrorObject {
    ErrorObject::new(error::OVERLOADED, "Server overloaded; retry later.")
}

struct Connection {
    server: Arc<Server>,
    client: Arc<Client>,
    /// The client is one that has come back.
    returned: OnceLock<Return>,
}

impl Connection {
    /// Takes messages in their order, but for answers to what we have asked: these are taken at once. While one is
    /// expected, messages are read ahead of requests that have to wait, since what they wait for may be that answer.
    async fn read(&self, messages: &mut MessageReader<impl AsyncRead + Unpin>) -> io::Result<Departure> {
        let mut backlog = Backlog::default();
        let mut ended = None;
        loop {
            tokio::select! {
                biased;
                slot = self.room(), if !backlog.is_empty() => match backlog.pop() {
                    Some(Waiting::Text(line)) => self.take(&line, slot).await,
                    Some(Waiting::TooLong) => self.refuse_long_message(),
                    Some(Waiting::NoRoom) => self.refuse(None, &overloaded()),
                    None => {}
                },
                message = self.next_message(messages, &backlog), if ended.is_none() => match message? {
                    Message::Text(line) => self.receive(line, &mut backlog).await,
                    Message::TooLong if self.is_free(&backlog) => self.refuse_long_message(),
                    Message::TooLong => backlog.push(Waiting::TooLong),
                    Message::NoRoom if self.is_free(&backlog) => self.refuse(None, &overloaded()),
                    Message::NoRoom => backlog.push(Waiting::NoRoom),
                    Message::Binary => self.refuse_binary(),
                    Message::Ping(payload) => self.client.outgoing.pong(payload),
                    Message::End(departure) => {
                        ended = Some(departure);
                        if departure == Departure::Stalled {
                            self.refuse_stalled_message();
                        }
                        if !self.client.outgoing.has_journal() {
                            self.server.subscriptions.input_ended(&self.client);
                        }
                    }
                },
                else => return Ok(ended.unwrap_or(Departure::Vanished)),
            }
            if self.has_returned() {
                return Ok(Departure::Vanished);
            }
        }
    }

    /// The next message, when it may be read. A client that does not read its answers is not read from, and while
    /// requests wait for room nothing is read either, unless an answer is expected.
    async fn next_message<'a, R: AsyncRead + Unpin>(
        &self,
        messages: &'a mut MessageReader<R>,
        backlog: &Backlog,
    ) -> io::Result<Message<'a>> {
        let answer_expected = async {
            if backlog.is_full() {
                std::future::pending::<()>().await;
            }
            self.server.subscriptions.answer_expected(self.client.id).await;
        };
        let pause = messages.pause();
        tokio::select! {
            biased;
            () = self.client.outgoing.drained(Traffic::Model), if backlog.is_empty() => {}
            () = answer_expected => {}
        }
        drop(pause);
        if self.client.profile().is_some() {
            messages.initialized();
        }
        messages.next().await
    }

    /// Resolves when a request may begin; gives its place among those in progress.
    async fn room(&self) -> Option<OwnedSemaphorePermit> {
        self.client.outgoing.drained(Traffic::Model).await;
        Arc::clone(&self.client.slots).acquire_owned().await.ok()
    }

    /// Whether nothing has to wait for its turn.
    fn is_free(&self, backlog: &Backlog) -> bool {
        backlog.is_empty() && !self.client.outgoing.congested(Traffic::Model)
    }

    /// A line has been read: takes it, or keeps it for later.
    async fn receive(&self, line: &[u8], backlog: &mut Backlog) {
        let decoded = wire::decode(line);
        match decoded {
            Ok(Decoded {
                frame: Frame::Response { id, result },
                ..
            }) => self.answered(id.as_ref(), Ok(result.to_owned())),
            Ok(Decoded {
                frame: Frame::Error { id, error },
                ..
            }) => self.answered(id.as_ref(), Err(error)),
            decoded if self.is_free(backlog) => match Arc::clone(&self.client.slots).try_acquire_owned() {
                Ok(slot) => self.act(decoded, Some(slot)).await,
                Err(_) => backlog.push(Waiting::Text(line.to_vec())),
            },
            _ => backlog.push(Waiting::Text(line.to_vec())),
        }
    }

    fn answered(&self, id: Option<&RequestId>, outcome: ClientReply) {
        self.server.subscriptions.answered(&self.client, id, outcome);
    }

    async fn take(&self, line: &[u8], slot: Option<OwnedSemaphorePermit>) {
        self.act(wire::decode(line), slot).await;
    }

    /// Does what a message asks for, answers excepted.
    async fn act(&self, decoded: Result<Decoded<'_>, wire::FrameError>, slot: Option<OwnedSemaphorePermit>) {
        let Decoded { frame, dialect } = match decoded {
            Ok(decoded) => decoded,
            Err(e) => {
                tracing::warn!(error = %e, "a line is no message");
                return self.refuse(e.id.as_ref(), &e.error);
            }
        };
        if dialect == Dialect::JsonRpc2 {
            self.client.outgoing.set_dialect(dialect);
        }
        match frame {
            Frame::Request {
                id, method, params, ..
            } => self.request(id, &method, params, slot).await,
            Frame::Notification { method, params } => {
                tracing::debug!(method = beginning(&method), "notification");
                self.notified(&method, params);
            }
            Frame::Response { .. } | Frame::Error { .. } => {}
        }
    }

    /// Begins a request, which has its place among those in progress.
    async fn request(
        &self,
        id: RequestId,
        method: &str,
        params: Option<&RawValue>,
        slot: Option<OwnedSemaphorePermit>,
    ) {
        let mut answer = PendingResponse::new(Arc::clone(&self.client), id, method);
        let span = answer.span();
        let is_initialize = method == Initialize::METHOD;
        if !self.server.router.knows(method) {
            let message = format!("Method not found: {method}");
            return answer.error(&ErrorObject::new(error::METHOD_NOT_FOUND, message));
        }
        if !is_initialize && self.client.profile().is_none() {
            return answer.error(&ErrorObject::new(error::INVALID_REQUEST, "Not initialized"));
        }
        if let Some(refused) = self.refused_while_draining(method) {
            return answer.error(&refused);
        }
        match self.slot(slot) {
            Ok(slot) => answer.slot = slot,
            Err(overloaded) => return answer.error(&overloaded),
        }

        let cx = RequestContext {
            server: Arc::clone(&self.server),
            client: Arc::clone(&self.client),
        };
        if is_initialize {
            answer = match self.come_back(&cx, params, answer).await {
                Some(answer) => answer,
                None => return,
            };
        }
        let queue = methods::find(method)
            .and_then(|info| info.scope.key(params))
            .map(|key: ScopeKey<'_>| RequestQueue::of(key, self.client.id));
        let params = params.map(ToOwned::to_owned);
        if is_initialize {
            // What follows on the wire counts on it.
            let call = self.server.router.call(method, params, cx, answer);
            return call.instrument(span).await;
        }
        match queue {
            None => {
                let call = self.server.router.call(method, params, cx, answer);
                self.server.runtime.spawn(call.instrument(span));
            }
            Some(queue) => {
                let method = method.to_owned();
                self.server.scheduler.enter(queue, move |ticket| {
                    answer.ticket = Some(ticket);
                    let server = Arc::clone(&cx.server);
                    let call = server.router.call(&method, params, cx, answer);
                    server.runtime.spawn(call.instrument(span));
                });
            }
        }
    }

    /// The place of a request among those in progress; an error if there are too many of all sockets.
    fn slot(&self, slot: Option<OwnedSemaphorePermit>) -> Result<Option<Slot>, ErrorObject> {
        let Some(slot) = slot else { return Ok(None) };
        if self.client.identity.is_none() {
            return Ok(Some(Slot::new(slot, None)));
        }
        match Arc::clone(&self.server.socket_slots).try_acquire_owned() {
            Ok(of_all) => Ok(Some(Slot::new(slot, Some(of_all)))),
            Err(_) => Err(overloaded()),
        }
    }

    fn refuse_long_message(&self) {
        let what = if self.client.identity.is_some() {
            "message"
        } else {
            "line"
        };
        let message = if self.client.identity.is_some() && self.client.profile().is_none() {
            format!(
                "Invalid request: a {what} is longer than {MAX_FIRST_MESSAGE} bytes, before the client has \
                 initialized"
            )
        } else {
            format!("Invalid request: a {what} is longer than {MAX_MESSAGE} bytes")
        };
        self.refuse(None, &ErrorObject::new(error::INVALID_REQUEST, message));
    }

    fn refuse_stalled_message(&self) {
        let seconds = PATIENCE.as_secs();
        let message = format!(
            "Invalid request: a message of more than {LEAST_PROGRESS} bytes does not go on: less than {LEAST_PROGRESS} bytes \
             of it have come in {seconds} s, and the connection is closed"
        );
        self.refuse(None, &ErrorObject::new(error::INVALID_REQUEST, message));
    }

    fn refuse_binary(&self) {
        let message = "Invalid request: messages are text frames; a binary frame is not read";
        self.refuse(None, &ErrorObject::new(error::INVALID_REQUEST, message));
    }

    fn refuse(&self, id: Option<&RequestId>, error: &ErrorObject) {
        let mut json = Vec::new();
        if encode_error(&mut json, Dialect::Plain, id, error).is_ok() {
            self.client.outgoing.push(None, json);
        }
    }
}

#[cfg(test)]
mod tests;
