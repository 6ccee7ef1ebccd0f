//! One connection: takes its requests in the order in which they were read, and its answers at once.

use std::io;
use std::sync::Arc;
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

use crate::client::handle::{Client, MAX_IN_PROGRESS};
use crate::client::outgoing;
use crate::client::pending_requests::ClientReply;
use crate::client::transport::lines::{Line, LineReader, MAX_LINE};
use crate::rpc::request_log::beginning;
use crate::rpc::responder::PendingResponse;
use crate::rpc::scheduler::RequestQueue;
use crate::server::{RequestContext, Server};

mod backlog;

use backlog::{Backlog, Waiting};

/// How long requests that were read before the end may take to be answered.
const LAST_ANSWERS: Duration = Duration::from_millis(150);

/// A connection whose input has ended. What is pushed to it is still written.
pub(crate) struct Ending {
    client: Arc<Client>,
    writer: tokio::task::JoinHandle<io::Result<()>>,
}

/// Serves one connection until its input ends, its output breaks, or `stop` resolves; then waits a moment for requests
/// in progress.
pub(crate) async fn serve<R, W>(
    server: &Arc<Server>,
    input: R,
    output: W,
    stop: impl Future<Output = ()>,
) -> Ending
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Send + Unpin + 'static,
{
    let client = server.subscriptions.connect();
    let writer = server
        .runtime
        .spawn(outgoing::write(Arc::clone(&client.outgoing), output));
    let connection = Connection {
        server: Arc::clone(server),
        client: Arc::clone(&client),
    };
    let reason = tokio::select! {
        biased;
        () = stop => "the server stops",
        () = client.outgoing.broken() => "the client reads no more",
        ended = connection.read(input) => match ended {
            Ok(()) => "end of input",
            Err(error) => {
                tracing::warn!(%error, "reading failed");
                "reading failed"
            }
        }
    };
    let in_progress = client.slots.acquire_many(MAX_IN_PROGRESS);
    if tokio::time::timeout(LAST_ANSWERS, in_progress).await.is_err() {
        tracing::info!("requests are still in progress at the end of the connection");
    }
    tracing::info!(client = client.id, reason, "connection ended");
    Ending { client, writer }
}

impl Ending {
    /// Writes what waits, within this time, and forgets the connection.
    pub(crate) async fn finish(mut self, server: &Server, within: Duration) {
        server.disconnect(&self.client);
        self.client.outgoing.close();
        if tokio::time::timeout(within, &mut self.writer).await.is_err() {
            tracing::info!("the client did not read the last messages in time");
            self.writer.abort();
        }
    }
}

struct Connection {
    server: Arc<Server>,
    client: Arc<Client>,
}

impl Connection {
    /// Takes lines in their order, but for answers to what we have asked: these are taken at once. While one is
    /// expected, lines are read ahead of requests that have to wait, since what they wait for may be that answer.
    async fn read(&self, input: impl AsyncRead + Unpin) -> io::Result<()> {
        let mut lines = LineReader::new(input, MAX_LINE);
        let mut backlog = Backlog::default();
        let mut ended = false;
        loop {
            tokio::select! {
                biased;
                slot = self.room(), if !backlog.is_empty() => match backlog.pop() {
                    Some(Waiting::Text(line)) => self.take(&line, slot).await,
                    Some(Waiting::TooLong) => self.refuse_long_line(),
                    None => {}
                },
                line = self.next_line(&mut lines, &backlog), if !ended => match line? {
                    Line::Text(line) => self.receive(line, &mut backlog).await,
                    Line::TooLong if self.is_free(&backlog) => self.refuse_long_line(),
                    Line::TooLong => backlog.push(Waiting::TooLong),
                    Line::End => {
                        ended = true;
                        self.server.subscriptions.input_ended(&self.client);
                    }
                },
                else => return Ok(()),
            }
        }
    }

    /// The next line, when it may be read. A client that does not read its answers is not read from, and while
    /// requests wait for room nothing is read either, unless an answer is expected.
    async fn next_line<'a, R: AsyncRead + Unpin>(
        &self,
        lines: &'a mut LineReader<R>,
        backlog: &Backlog,
    ) -> io::Result<Line<'a>> {
        let answer_expected = async {
            if backlog.is_full() {
                std::future::pending::<()>().await;
            }
            self.server.subscriptions.answer_expected(self.client.id).await;
        };
        tokio::select! {
            biased;
            () = self.client.outgoing.drained(Traffic::Model), if backlog.is_empty() => {}
            () = answer_expected => {}
        }
        lines.next().await
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
            Frame::Notification { method, .. } => {
                tracing::debug!(method = beginning(&method), "notification");
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
        answer.slot = slot;

        let cx = RequestContext {
            server: Arc::clone(&self.server),
            client: Arc::clone(&self.client),
        };
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

    fn refuse_long_line(&self) {
        let message = format!("Invalid request: a line is longer than {MAX_LINE} bytes");
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
