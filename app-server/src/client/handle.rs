//! The client at the other end of one connection.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use bytes::Bytes;
use codex_app_server_protocol::wire::encode_notification;
use codex_app_server_protocol::{Dialect, ErrorObject, Notification, Request, RequestId};
use codex_core::{ThreadId, now_ms};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

use super::files::ClientFiles;
use super::outgoing::Outgoing;
use super::pending_requests::ClientReply;
use super::processes::Processes;
use super::searches::Searches;
use crate::events::delivery::ReplyProblem;

/// Requests of one connection that may be in progress; then reading stops until one is answered.
pub(crate) const MAX_IN_PROGRESS: u32 = 128;

/// Room among the requests in progress, those of one connection and those of all sockets.
#[derive(Debug)]
pub(crate) struct Slot {
    _connection: OwnedSemaphorePermit,
    _sockets: Option<OwnedSemaphorePermit>,
}

impl Slot {
    /// A slot of a connection; `sockets`: one of all sockets, if the connection is such.
    pub(crate) fn new(connection: OwnedSemaphorePermit, sockets: Option<OwnedSemaphorePermit>) -> Self {
        Self {
            _connection: connection,
            _sockets: sockets,
        }
    }
}

/// Who is at the other end of a socket, as far as its authentication says. Not shown to anybody.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Identity(String);

impl Identity {
    /// An identity, told from others by this text.
    pub(crate) fn new(name: impl Into<String>) -> Self {
        Self(name.into())
    }
}

/// One connected client.
pub(crate) struct Client {
    /// Number of the connection.
    pub(crate) id: u64,
    /// What waits to be written to it.
    pub(crate) outgoing: Arc<Outgoing>,
    /// Room for requests in progress.
    pub(crate) slots: Arc<Semaphore>,
    /// Its searches that run.
    pub(crate) searches: Searches,
    /// What it watches and searches of files.
    pub(crate) files: ClientFiles,
    /// Its commands (command/exec) that run.
    pub(crate) commands: Arc<Processes>,
    /// Its processes (process/spawn) that run.
    pub(crate) processes: Arc<Processes>,
    /// Who it is, if it is at the other end of a socket.
    pub(crate) identity: Option<Identity>,
    profile: OnceLock<ClientProfile>,
    /// What it holds until it has said who it is. A lock, since that happens in a task of its own; held for moments only.
    until_initialized: Mutex<Option<Box<dyn Send>>>,
    /// Its input has ended: no answers will come.
    input_ended: AtomicBool,
    /// Requests that are not answered yet, of a client that may come back. A lock, since they end in tasks of their own;
    /// held for moments only.
    in_progress: Mutex<Vec<RequestId>>,
}

/// What a client said of itself in `initialize`.
#[derive(Debug)]
pub(crate) struct ClientProfile {
    /// Its name, as threads record it.
    pub(crate) originator: String,
    /// Our user agent on its behalf.
    pub(crate) user_agent: String,
    /// It may use what is experimental.
    pub(crate) experimental: bool,
    /// It can answer `attestation/generate`.
    pub(crate) attests: bool,
    /// Notifications that it does not want.
    pub(crate) opt_out: HashSet<String>,
}

/// Why a request to a client has no result.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub(crate) enum ClientRequestError {
    /// The client refused.
    #[error("the client refused: {0}")]
    Refused(ErrorObject),
    /// The answer is not what the method asks for.
    #[error("the client's response is malformed: {0}")]
    NotUnderstood(String),
    /// No answer in time.
    #[error("the client did not respond in time")]
    TimedOut,
    /// The client has gone, or the request was withdrawn.
    #[error("no client is connected that could respond")]
    Gone,
}

impl ReplyProblem for ClientRequestError {
    fn is_malformed(&self) -> bool {
        matches!(self, Self::NotUnderstood(_))
    }
}

impl Client {
    /// A client that has just connected. `relieved` is told when its queue is drained or broken; `identity`: who it is,
    /// if it is at the other end of a socket.
    pub(crate) fn new(id: u64, relieved: Arc<Notify>, identity: Option<Identity>) -> Self {
        Self {
            id,
            outgoing: Arc::new(Outgoing::new(relieved, identity.is_some())),
            slots: Arc::new(Semaphore::new(MAX_IN_PROGRESS as usize)),
            searches: Searches::default(),
            files: ClientFiles::default(),
            commands: Arc::default(),
            processes: Arc::default(),
            identity,
            profile: OnceLock::new(),
            until_initialized: Mutex::default(),
            input_ended: AtomicBool::new(false),
            in_progress: Mutex::default(),
        }
    }

    /// What the client said of itself; `None` before `initialize`.
    pub(crate) fn profile(&self) -> Option<&ClientProfile> {
        self.profile.get()
    }

    /// Remembers what the client said of itself. False if it had done so before.
    pub(crate) fn set_profile(&self, profile: ClientProfile) -> bool {
        drop(self.until_initialized().take());
        self.profile.set(profile).is_ok()
    }

    /// Keeps this until the client has said what it is, or has gone.
    pub(crate) fn hold_until_initialized(&self, held: impl Send + 'static) {
        *self.until_initialized() = Some(Box::new(held));
    }

    fn until_initialized(&self) -> MutexGuard<'_, Option<Box<dyn Send>>> {
        self.until_initialized
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether its input has ended, so that it can answer nothing any more.
    pub(crate) fn input_has_ended(&self) -> bool {
        self.input_ended.load(Ordering::Relaxed)
    }

    pub(crate) fn set_input_ended(&self) {
        self.input_ended.store(true, Ordering::Relaxed);
    }

    /// A request of this id is in progress.
    pub(crate) fn request_began(&self, id: &RequestId) {
        if self.outgoing.has_journal() {
            self.requests().push(id.clone());
        }
    }

    /// The answer to a request of this id waits to be written.
    pub(crate) fn request_ended(&self, id: &RequestId) {
        if self.outgoing.has_journal() {
            let mut requests = self.requests();
            if let Some(at) = requests.iter().position(|other| other == id) {
                requests.swap_remove(at);
            }
        }
    }

    /// The requests that are not answered yet, if the client may come back.
    pub(crate) fn requests(&self) -> MutexGuard<'_, Vec<RequestId>> {
        self.in_progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the client wants to hear of this.
    pub(crate) fn wants(&self, method: &str) -> bool {
        self.profile()
            .is_some_and(|profile| !profile.opt_out.contains(method))
    }

    /// Whether the client may use what is experimental.
    pub(crate) fn is_experimental(&self) -> bool {
        self.profile().is_some_and(|profile| profile.experimental)
    }

    /// Tells the client something that belongs to no thread.
    pub(crate) fn notify<N: Notification>(&self, params: &N::Params) {
        if self.wants(N::METHOD) {
            self.outgoing.push(None, frame::<N>(params));
        }
    }

    /// The same of what it has asked for under a name that it chose, as an id of a search.
    pub(crate) fn notify_result<N: Notification>(&self, params: &N::Params) {
        if self.wants(N::METHOD) {
            self.outgoing.push_result(frame::<N>(params));
        }
    }
}

/// Reads the answer to a request.
pub(crate) fn read_reply<R: Request>(outcome: ClientReply) -> Result<R::Response, ClientRequestError> {
    match outcome {
        Ok(result) => {
            serde_json::from_str(result.get()).map_err(|e| ClientRequestError::NotUnderstood(e.to_string()))
        }
        Err(error) => Err(ClientRequestError::Refused(error)),
    }
}

/// A notification as JSON.
pub(crate) fn frame<N: Notification>(params: &N::Params) -> Bytes {
    let mut json = Vec::with_capacity(256);
    if let Err(e) = encode_notification(&mut json, Dialect::Plain, N::METHOD, params, Some(now_ms())) {
        tracing::error!(method = N::METHOD, error = %e, "a notification cannot be written as JSON");
    }
    json.into()
}

/// A notification of a thread as JSON, made when the first one wants it and shared by all.
pub(crate) struct SharedFrame<'a, N: Notification> {
    thread: Option<ThreadId>,
    params: &'a N::Params,
    json: Option<Bytes>,
}

impl<'a, N: Notification> SharedFrame<'a, N> {
    pub(crate) fn new(thread: Option<ThreadId>, params: &'a N::Params) -> Self {
        Self {
            thread,
            params,
            json: None,
        }
    }

    /// Queues it for a client, if that wants it.
    pub(crate) fn send_to(&mut self, client: &Client) {
        if client.wants(N::METHOD) {
            let json = self.json.get_or_insert_with(|| frame::<N>(self.params));
            client.outgoing.push(self.thread, json.clone());
        }
    }
}
