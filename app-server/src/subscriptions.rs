//! Who is connected, who watches which thread, and what we have asked them. Takes the events of all threads and hands
//! them to the right connections.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use codex_app_server_protocol::wire::encode_request;
use codex_app_server_protocol::{
    Dialect, Notification, Request, RequestId, ServerRequestResolved, ServerRequestResolvedNotification,
};
use codex_core::{Event, EventSink, ThreadId};
use futures_util::future::BoxFuture;
use tokio::sync::Notify;

use crate::client::handle::{Client, SharedFrame};
use crate::client::outgoing::Delta;
use crate::client::pending_requests::{Audience, ClientReply, OnReply, PendingRequest, PendingRequests};
use crate::events;

/// The meeting point of threads and connections.
pub(crate) struct Subscriptions {
    /// Read and changed by the actors of all threads and by all connections, for moments only.
    state: Arc<Mutex<State>>,
    /// Told when a queue is drained or broken, a thread gains or loses a watcher, or a question is asked.
    relieved: Arc<Notify>,
}

#[derive(Default)]
struct State {
    next_client: u64,
    clients: Vec<Arc<Client>>,
    watchers: HashMap<ThreadId, Vec<Arc<Client>>>,
    questions: PendingRequests,
}

impl State {
    fn watchers(&self, thread: ThreadId) -> &[Arc<Client>] {
        self.watchers.get(&thread).map_or(&[], Vec::as_slice)
    }

    /// Whether a question waits for the answer of this connection.
    fn is_asked(&self, client: u64) -> bool {
        self.questions.audiences().any(|audience| match audience {
            Audience::Thread(thread) => self.watchers(thread).iter().any(|other| other.id == client),
            Audience::Client(asked) => asked == client,
        })
    }

    fn congested(&self, thread: ThreadId) -> bool {
        self.watchers(thread)
            .iter()
            .any(|client| client.outgoing.congested())
    }
}

impl Subscriptions {
    /// Subscriptions without any connection.
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            state: Arc::default(),
            relieved: Arc::default(),
        })
    }

    /// A new connection.
    pub(crate) fn connect(self: &Arc<Self>) -> Arc<Client> {
        let mut state = self.lock();
        let client = Arc::new(Client::new(state.next_client, self, Arc::clone(&self.relieved)));
        state.next_client += 1;
        state.clients.push(Arc::clone(&client));
        client
    }

    /// A connection has ended. Requests to it alone are dropped, those to the watchers of a thread stay. Gives the
    /// threads that it watched.
    pub(crate) fn disconnect(&self, client: &Client) -> Vec<ThreadId> {
        let mut state = self.lock();
        state.clients.retain(|other| other.id != client.id);
        let mut left = Vec::new();
        state.watchers.retain(|thread, watchers| {
            let before = watchers.len();
            watchers.retain(|other| other.id != client.id);
            if watchers.len() < before {
                left.push(*thread);
            }
            !watchers.is_empty()
        });
        let dropped = state.questions.remove_of_client(client.id);
        drop(state);
        drop(dropped);
        self.relieved.notify_waiters();
        left
    }

    /// The connections that have been initialised, oldest first.
    pub(crate) fn initialized(&self) -> Vec<Arc<Client>> {
        let state = self.lock();
        let ready = state.clients.iter();
        ready
            .filter(|client| client.profile().is_some() && !client.input_has_ended())
            .cloned()
            .collect()
    }

    /// No more answers can come from this connection: questions to it alone are dropped.
    pub(crate) fn input_ended(&self, client: &Client) {
        let mut state = self.lock();
        client.set_input_ended();
        let dropped = state.questions.remove_of_client(client.id);
        drop(state);
        drop(dropped);
    }

    /// Resolves when this connection is asked something.
    pub(crate) async fn answer_expected(&self, client: u64) {
        loop {
            let changed = self.relieved.notified();
            if self.lock().is_asked(client) {
                return;
            }
            changed.await;
        }
    }

    /// Subscribes a connection to a thread, unless it has ended meanwhile.
    pub(crate) fn watch(&self, thread: ThreadId, client: &Arc<Client>) {
        let mut state = self.lock();
        let watches = |others: &[Arc<Client>]| others.iter().any(|other| other.id == client.id);
        if watches(&state.clients) && !watches(state.watchers(thread)) {
            state.watchers.entry(thread).or_default().push(Arc::clone(client));
            drop(state);
            self.relieved.notify_waiters();
        }
    }

    /// Ends a subscription. False if there was none.
    pub(crate) fn unwatch(&self, thread: ThreadId, client: &Client) -> bool {
        let mut state = self.lock();
        let Some(watchers) = state.watchers.get_mut(&thread) else {
            return false;
        };
        let before = watchers.len();
        watchers.retain(|other| other.id != client.id);
        let left = watchers.len();
        if left == 0 {
            state.watchers.remove(&thread);
        }
        drop(state);
        self.relieved.notify_waiters();
        left < before
    }

    /// How many connections watch a thread.
    pub(crate) fn watchers(&self, thread: ThreadId) -> usize {
        self.lock().watchers(thread).len()
    }

    /// Sends the questions of a thread that wait for an answer, with their old ids, to one who came later.
    pub(crate) fn repeat_requests(&self, thread: ThreadId, client: &Client) {
        for question in self.lock().questions.of_thread(thread) {
            client.outgoing.push(Some(thread), question.json.clone());
        }
    }

    /// Tells every initialised connection. `thread`: the thread whose order it belongs to.
    pub(crate) fn broadcast<N: Notification>(&self, thread: Option<ThreadId>, params: &N::Params) {
        let mut frame = SharedFrame::<N>::new(thread, params);
        for client in &self.lock().clients {
            frame.send_to(client);
        }
    }

    /// Tells those who watch the thread.
    pub(crate) fn tell<N: Notification>(&self, thread: ThreadId, params: &N::Params) {
        let mut frame = SharedFrame::<N>::new(Some(thread), params);
        for client in self.lock().watchers(thread) {
            frame.send_to(client);
        }
    }

    /// Tells every initialised connection that may use what is experimental.
    pub(crate) fn broadcast_experimental<N: Notification>(&self, thread: ThreadId, params: &N::Params) {
        let mut frame = SharedFrame::<N>::new(Some(thread), params);
        for client in &self.lock().clients {
            if client.profile().is_some_and(|session| session.experimental) {
                frame.send_to(client);
            }
        }
    }

    /// Hands text of an item to those who watch the thread.
    pub(crate) fn tell_delta(&self, method: &str, delta: Delta) {
        let state = self.lock();
        if let Some((last, others)) = state.watchers(delta.thread).split_last() {
            for client in others.iter().filter(|client| client.wants(method)) {
                client.outgoing.push_delta(delta.clone());
            }
            if last.wants(method) {
                last.outgoing.push_delta(delta);
            }
        }
    }

    /// Asks a question. `number`: the engine's number for it. Gives its id.
    pub(crate) fn ask<R: Request>(
        &self,
        audience: Audience,
        number: Option<u64>,
        params: &R::Params,
        on_answer: OnReply,
    ) -> i64 {
        let mut state = self.lock();
        let id = state.questions.next_id();
        let mut json = Vec::with_capacity(512);
        if let Err(e) = encode_request(
            &mut json,
            Dialect::Plain,
            &RequestId::Integer(id),
            R::METHOD,
            params,
        ) {
            tracing::error!(method = R::METHOD, error = %e, "a question cannot be written as JSON");
            return id;
        }
        let question = PendingRequest {
            audience,
            number,
            json: json.into(),
            on_answer,
        };
        match audience {
            Audience::Thread(thread) => {
                for client in state.watchers(thread) {
                    client.outgoing.push(Some(thread), question.json.clone());
                }
            }
            Audience::Client(asked) => {
                let listens = |client: &&Arc<Client>| client.id == asked && !client.input_has_ended();
                let Some(client) = state.clients.iter().find(listens) else {
                    // Dropping what waits for the answer says that none will come.
                    return id;
                };
                client.outgoing.push(None, question.json.clone());
            }
        }
        state.questions.insert(id, question);
        drop(state);
        self.relieved.notify_waiters();
        id
    }

    /// A client has answered. The first answer counts; those who were asked too are told that it is settled.
    pub(crate) fn answered(&self, client: &Client, id: Option<&RequestId>, outcome: ClientReply) {
        let mut state = self.lock();
        let question = match id {
            Some(RequestId::Integer(id)) => {
                let asked = state
                    .questions
                    .get(*id)
                    .is_some_and(|question| match question.audience {
                        Audience::Thread(thread) => {
                            state.watchers(thread).iter().any(|other| other.id == client.id)
                        }
                        Audience::Client(asked) => asked == client.id,
                    });
                asked.then(|| state.settle(*id)).flatten()
            }
            _ => None,
        };
        drop(state);
        if let Some(question) = question {
            (question.on_answer)(outcome);
        } else {
            tracing::warn!(?id, "a client answered what it was not asked, or too late");
        }
    }

    /// The engine needs no answer any more to the question that it knows by this number.
    pub(crate) fn withdraw(&self, number: u64) {
        let mut state = self.lock();
        let id = state.questions.by_number(number);
        let question = id.and_then(|id| state.settle(id));
        drop(state);
        drop(question);
    }

    /// Nobody waits for the answer to this question any more.
    pub(crate) fn forget(&self, id: i64) {
        let question = self.lock().questions.remove(id);
        drop(question);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Takes a question off the table and tells the watchers of its thread.
    fn settle(&mut self, id: i64) -> Option<PendingRequest> {
        let question = self.questions.remove(id)?;
        if let Audience::Thread(thread) = question.audience {
            let params = ServerRequestResolvedNotification {
                thread_id: thread.to_string(),
                request_id: RequestId::Integer(id),
            };
            let mut frame = SharedFrame::<ServerRequestResolved>::new(Some(thread), &params);
            for client in self.watchers(thread) {
                frame.send_to(client);
            }
        }
        Some(question)
    }
}

impl EventSink for Subscriptions {
    fn emit(&self, thread: ThreadId, event: Event) {
        events::publish(self, thread, event);
    }

    fn congested(&self, thread: ThreadId) -> bool {
        self.lock().congested(thread)
    }

    fn drained(&self, thread: ThreadId) -> BoxFuture<'static, ()> {
        let (state, relieved) = (Arc::clone(&self.state), Arc::clone(&self.relieved));
        Box::pin(async move {
            loop {
                let notified = relieved.notified();
                if !state
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .congested(thread)
                {
                    return;
                }
                notified.await;
            }
        })
    }
}

#[cfg(test)]
mod tests;
