//! Who is connected and who watches which thread; `subscriptions::requests` is what we have asked them. The events of
//! threads come from above as messages that are ready to be sent (see [`Delivery`]).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use codex_app_server_protocol::{Notification, Request};
use codex_core::{ThreadId, Traffic};
use futures_util::future::BoxFuture;
use tokio::sync::Notify;

use crate::client::handle::{Client, ClientRequestError, Identity, SharedFrame, read_reply};
use crate::client::pending_requests::{Audience, PendingRequests};
use crate::events::delivery::Delivery;
use crate::events::delta::Delta;

mod requests;

/// The meeting point of threads and connections.
pub(crate) struct Subscriptions {
    /// Read and changed by the actors of all threads and by all connections, for moments only.
    state: Arc<Mutex<State>>,
    /// Told when a queue is drained or broken, a thread gains or loses a watcher, or a request is sent.
    relieved: Arc<Notify>,
}

#[derive(Default)]
struct State {
    next_client: u64,
    clients: Vec<Arc<Client>>,
    watchers: HashMap<ThreadId, Vec<Arc<Client>>>,
    requests: PendingRequests,
}

impl State {
    fn watchers(&self, thread: ThreadId) -> &[Arc<Client>] {
        self.watchers.get(&thread).map_or(&[], Vec::as_slice)
    }

    /// Whether the thread is to wait: for a client at the other end of a pipe always, for those at the other end of
    /// sockets only if none of them keeps up. One that may come back is not waited for.
    fn congested(&self, thread: ThreadId, traffic: Traffic) -> bool {
        let mut behind = false;
        let mut keeps_up = false;
        for client in self.watchers(thread) {
            let queue = &client.outgoing;
            if queue.is_parked() {
                continue;
            }
            match (queue.congested(traffic), queue.is_remote()) {
                (true, false) => return true,
                (true, true) => behind = true,
                (false, _) => keeps_up = true,
            }
        }
        behind && !keeps_up
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

    /// A new connection over pipes.
    pub(crate) fn connect(&self) -> Arc<Client> {
        self.connect_as(None)
    }

    /// A new connection. `identity`: who is at the other end, if it is a socket.
    pub(crate) fn connect_as(&self, identity: Option<Identity>) -> Arc<Client> {
        let mut state = self.lock();
        let relieved = Arc::clone(&self.relieved);
        let client = Arc::new(Client::new(state.next_client, relieved, identity));
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
        let dropped = state.requests.remove_of_client(client.id);
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

    /// No more answers can come from this connection: requests to it alone are dropped.
    pub(crate) fn input_ended(&self, client: &Client) {
        let mut state = self.lock();
        client.set_input_ended();
        let dropped = state.requests.remove_of_client(client.id);
        drop(state);
        drop(dropped);
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

    /// Subscribes those who watch a thread to a child of it. Gives how many watch the child.
    pub(crate) fn follow(&self, thread: ThreadId, child: ThreadId) -> usize {
        let mut state = self.lock();
        let watchers = state.watchers(thread).to_vec();
        let of_child = state.watchers(child).to_vec();
        let new = watchers
            .into_iter()
            .filter(|client| of_child.iter().all(|other| other.id != client.id));
        let all: Vec<_> = of_child.iter().cloned().chain(new).collect();
        let count = all.len();
        if count > 0 {
            state.watchers.insert(child, all);
        }
        drop(state);
        self.relieved.notify_waiters();
        count
    }

    /// Ends a subscription. What the connection was asked until now it may still answer. False if there was none.
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
        if left < before {
            state.requests.left_thread(thread, client.id);
        }
        drop(state);
        self.relieved.notify_waiters();
        left < before
    }

    /// Ends all subscriptions to a thread.
    pub(crate) fn unwatch_all(&self, thread: ThreadId) {
        let ended = self.lock().watchers.remove(&thread);
        drop(ended);
        self.relieved.notify_waiters();
    }

    /// The threads that a connection watches.
    pub(crate) fn watched_by(&self, client: &Client) -> Vec<ThreadId> {
        let state = self.lock();
        let watched = state.watchers.iter();
        let mut threads: Vec<_> = watched
            .filter(|(_, watchers)| watchers.iter().any(|other| other.id == client.id))
            .map(|(thread, _)| *thread)
            .collect();
        drop(state);
        threads.sort_unstable();
        threads
    }

    /// How many connections watch a thread.
    pub(crate) fn watchers(&self, thread: ThreadId) -> usize {
        self.lock().watchers(thread).len()
    }

    /// The first of those who watch a thread that can prove what it is, and is there to be asked.
    pub(crate) fn attesting_watcher(&self, thread: ThreadId) -> Option<Arc<Client>> {
        let state = self.lock();
        let mut watchers = state.watchers(thread).iter();
        let attests = |client: &&Arc<Client>| {
            client.profile().is_some_and(|profile| profile.attests)
                && !client.input_has_ended()
                && !client.outgoing.is_parked()
        };
        watchers.find(attests).cloned()
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

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Delivery for Subscriptions {
    type ReplyError = ClientRequestError;

    fn tell<N: Notification>(&self, thread: ThreadId, params: &N::Params) {
        Self::tell::<N>(self, thread, params);
    }

    fn broadcast<N: Notification>(&self, thread: ThreadId, params: &N::Params) {
        Self::broadcast::<N>(self, Some(thread), params);
    }

    fn follow(&self, thread: ThreadId, child: ThreadId) -> usize {
        Self::follow(self, thread, child)
    }

    fn tell_delta(&self, delta: Delta) {
        let method = delta.method();
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

    fn ask<R: Request>(
        &self,
        thread: ThreadId,
        id: i64,
        params: &R::Params,
        on_reply: impl FnOnce(Result<R::Response, ClientRequestError>) + Send + 'static,
    ) {
        let on_reply = move |reply| on_reply(read_reply::<R>(reply));
        self.send_request::<R>(Audience::Thread(thread), id, params, Box::new(on_reply));
    }

    fn withdraw(&self, id: i64) {
        let request = self.lock().settle(id);
        drop(request);
    }

    fn congested(&self, thread: ThreadId, traffic: Traffic) -> bool {
        self.lock().congested(thread, traffic)
    }

    fn drained(&self, thread: ThreadId, traffic: Traffic) -> BoxFuture<'static, ()> {
        let (state, relieved) = (Arc::clone(&self.state), Arc::clone(&self.relieved));
        Box::pin(async move {
            loop {
                let notified = relieved.notified();
                if !state
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .congested(thread, traffic)
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
