//! Clients that come back (docs/contract/connection.md#coming-back).

use std::sync::Arc;

use bytes::Bytes;
use codex_app_server_protocol::rpc::decode_params;
use codex_app_server_protocol::wire::{encode_notification, encode_response};
use codex_app_server_protocol::{Dialect, InitializeParams, RequestId};
use codex_core::now_ms;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::Connection;
use crate::client::handle::Client;
use crate::client::outgoing::{Attachment, Resumption, lost_answer};
use crate::convert::thread;
use crate::handlers;
use crate::rpc::responder::PendingResponse;
use crate::server::{RequestContext, Server};
use crate::sessions::{EXTENSION, LOOK, WINDOW, WINDOW_MS};

/// What the client has seen, so that it need not be kept.
const SEEN: &str = "codex-app-server/reconnect/seen";

/// A thread of which notifications are lost.
const SNAPSHOT: &str = "codex-app-server/reconnect/snapshot";

/// A client that has come back, and its new connection.
pub(super) struct Return {
    pub(super) client: Arc<Client>,
    pub(super) attachment: Attachment,
}

impl Connection {
    /// If this `initialize` is that of a client which comes back, its connection goes on as that one, and the request is
    /// answered. Gives the answer back otherwise.
    pub(super) async fn come_back(
        &self,
        cx: &RequestContext,
        params: Option<&RawValue>,
        answer: PendingResponse,
    ) -> Option<PendingResponse> {
        let Some((token, cursor)) = self.wish(params) else {
            return Some(answer);
        };
        let Some(client) = self.server.sessions.find(&token, self.client.identity.as_ref()) else {
            return Some(answer);
        };
        let Some((attachment, resumption)) = Attachment::take_over(&client.outgoing, cursor) else {
            return Some(answer);
        };
        let id = answer.into_taken()?;
        self.server.sessions.came_back(&client);
        client.outgoing.set_dialect(self.client.outgoing.dialect());
        tracing::info!(
            client = client.id,
            missed = resumption.missed,
            "a client has come back"
        );
        // From here on whatever ends this connection finds the client.
        drop(self.returned.set(Return {
            client: Arc::clone(&client),
            attachment: attachment.clone(),
        }));
        let mut frames = vec![answer_of(cx, &client, &id, &token, &resumption)];
        frames.extend(resumption.lost_answers.iter().map(lost_answer));
        if resumption.missed {
            frames.extend(self.snapshots(&client, resumption.cursor).await);
        }
        attachment.push_first(frames);
        self.server.subscriptions.ask_again(&client);
        None
    }

    /// Whether the connection goes on as another client.
    pub(super) fn has_returned(&self) -> bool {
        self.returned.get().is_some()
    }

    /// The client that this connection goes on as.
    pub(super) fn take_return(self) -> Option<Return> {
        self.returned.into_inner()
    }

    /// A notification of the client.
    pub(super) fn notified(&self, method: &str, params: Option<&RawValue>) {
        if method == SEEN
            && let Some(cursor) = params
                .and_then(|params| serde_json::from_str::<Value>(params.get()).ok())
                .and_then(|params| params["cursor"].as_u64())
        {
            self.client.outgoing.seen(cursor);
        }
    }

    /// Token and cursor of an `initialize`, if a new connection over a socket asks to go on as another one.
    fn wish(&self, params: Option<&RawValue>) -> Option<(String, u64)> {
        self.client.identity.as_ref()?;
        if self.client.profile().is_some() {
            return None;
        }
        let params: InitializeParams = decode_params(params).ok()?;
        let wish = params.capabilities?.extensions?.remove(EXTENSION)?;
        let token = wish["token"].as_str()?.to_owned();
        Some((token, wish["cursor"].as_u64().unwrap_or(0)))
    }

    /// What has become of the threads that the client watches.
    async fn snapshots(&self, client: &Client, missed_through: u64) -> Vec<Bytes> {
        let mut frames = Vec::new();
        for id in self.server.subscriptions.watched_by(client) {
            let thread = match self.server.engine.read_thread(id).await {
                Ok(Some(info)) => serde_json::to_value(thread::to_wire(&info)).ok(),
                Ok(None) | Err(_) => None,
            };
            let params =
                json!({"threadId": id.to_string(), "missedThrough": missed_through, "thread": thread});
            let mut json = Vec::with_capacity(512);
            match encode_notification(&mut json, Dialect::Plain, SNAPSHOT, &params, Some(now_ms())) {
                Ok(()) => frames.push(json.into()),
                Err(error) => tracing::error!(%error, "a snapshot cannot be written as JSON"),
            }
        }
        frames
    }
}

/// The connection of a client has ended: the client may come back within the window. False if it can't.
pub(super) fn park(server: &Arc<Server>, client: &Arc<Client>, attachment: &Attachment) -> bool {
    if !attachment.park() {
        return false;
    }
    for given_up in server.sessions.left(client) {
        end_session(server, &given_up, None);
    }
    let (server, client, attachment) = (Arc::clone(server), Arc::clone(client), attachment.clone());
    let runtime = server.runtime.clone();
    runtime.spawn(async move {
        for _ in 0..WINDOW.as_secs() {
            tokio::time::sleep(LOOK).await;
            if !attachment.is_last() {
                return;
            }
            // What is kept grows while turns go on.
            for given_up in server.sessions.look() {
                end_session(&server, &given_up, None);
            }
        }
        if attachment.is_last() && client.outgoing.is_parked() {
            tracing::info!(client = client.id, "a client has not come back");
            end_session(&server, &client, None);
        }
    });
    true
}

/// Nobody comes back as this client.
pub(super) fn end_session(server: &Server, client: &Client, close_code: Option<u16>) {
    server.sessions.close(client);
    server.disconnect(client);
    client.outgoing.close(close_code);
    if client.outgoing.is_parked() {
        client.outgoing.discard();
    }
}

fn answer_of(
    cx: &RequestContext,
    client: &Client,
    id: &RequestId,
    token: &str,
    resumption: &Resumption,
) -> Bytes {
    let extension = json!({
        "token": token,
        "resumed": true,
        "cursor": resumption.cursor,
        "missed": resumption.missed,
        "inProgress": *client.requests(),
        "windowMs": WINDOW_MS,
    });
    let user_agent = client.profile().map(|profile| profile.user_agent.clone());
    let response = handlers::initialized(cx, user_agent.unwrap_or_default(), Some(extension));
    let mut json = Vec::with_capacity(512);
    if let Err(error) = encode_response(&mut json, Dialect::Plain, id, &response) {
        tracing::error!(%error, "an answer cannot be written as JSON");
    }
    json.into()
}
