//! The one door for benches: text of a thread on its way to a client, without an engine and without a transport.

use std::sync::Arc;

use codex_core::{DeltaKind, Event, EventSink, ThreadId};
use tokio::io::AsyncWrite;

use crate::client::handle::{Client, ClientProfile};
use crate::client::outgoing::{self, Attachment};
use crate::client::transport::framing::Framing;
use crate::events::publisher::Publisher;
use crate::subscriptions::Subscriptions;

/// A thread and a client that watches it.
pub struct DeltaPath {
    events: Publisher<Subscriptions>,
    client: Arc<Client>,
    thread: ThreadId,
    turn_id: Arc<str>,
    item_id: Arc<str>,
}

impl DeltaPath {
    /// A client that reads from `output`. Call it within a tokio runtime.
    pub fn new(output: impl AsyncWrite + Send + Unpin + 'static) -> Self {
        let subscriptions = Subscriptions::new();
        let client = subscriptions.connect();
        client.set_profile(ClientProfile {
            originator: "bench".to_owned(),
            user_agent: "bench".to_owned(),
            experimental: false,
            attests: false,
            opt_out: ["thread/started".to_owned()].into(),
        });
        let attachment = Attachment::first(&client.outgoing);
        tokio::spawn(outgoing::write(attachment, output, Framing::Lines));
        let thread = ThreadId::new();
        subscriptions.watch(thread, &client);
        Self {
            events: Publisher::new(subscriptions),
            client,
            thread,
            turn_id: codex_core::new_id().into(),
            item_id: "msg_0123456789abcdef0123456789abcdef".into(),
        }
    }

    /// The model said this.
    pub fn say(&self, text: &str) {
        self.events.emit(
            self.thread,
            Event::Delta {
                turn_id: Arc::clone(&self.turn_id),
                item_id: Arc::clone(&self.item_id),
                kind: DeltaKind::AgentMessage,
                text: text.to_owned(),
            },
        );
    }

    /// Resolves when all of it is written.
    pub async fn written(&self) {
        while self.client.outgoing.waiting() > 0 {
            tokio::task::yield_now().await;
        }
    }
}
