//! JSON-RPC with one server, whatever carries it: requests with their answers, what the server tells of them, and what it
//! asks (Model Context Protocol 2025-06-18, "Base protocol").

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::future::BoxFuture;
use serde_json::{Map, Value, json};
use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

use super::error::CallError;
use super::message;

/// Messages that may wait until the server takes them.
pub(super) const WAITING: usize = 256;
/// Requests that may be in flight at one server.
const MAX_IN_FLIGHT: usize = 1024;
/// Questions of one server that may be open.
const MAX_QUESTIONS: usize = 32;

const METHOD_NOT_FOUND: i64 = -32601;
const INTERNAL_ERROR: i64 = -32603;

/// Who waits for a call, as its server knows them.
pub(crate) trait CallHost: Send + Sync {
    /// The server says how far it is.
    fn progress(&self, message: String);

    /// The server asks the user something: parameters of `elicitation/create`. Gives the answer.
    fn elicit(&self, params: Value) -> BoxFuture<'static, Value>;
}

/// A message to the server.
#[derive(Debug)]
pub(super) struct Outgoing {
    /// All of it.
    pub(super) message: Value,
    /// Its id, if an answer is to come, and what is cancelled once nobody waits for that.
    pub(super) request: Option<(u64, CancellationToken)>,
}

/// Our end of the conversation. Cheap to clone.
#[derive(Clone)]
pub(super) struct Peer(Arc<Shared>);

struct Shared {
    out: mpsc::Sender<Outgoing>,
    /// A lock, because calls of all threads and the reader come to it; held for a few instructions.
    state: Mutex<State>,
    /// Why it is over.
    closed: watch::Sender<Option<String>>,
    /// The server has forgotten the session: nothing is asked any more, and what is in flight ends by itself.
    session_lost: CancellationToken,
    /// The server has other tools now.
    tools_changed: Notify,
}

#[derive(Default)]
struct State {
    next: u64,
    next_token: u64,
    pending: BTreeMap<u64, Pending>,
    next_question: u64,
    /// Questions of the server that are open: their ids, and what is cancelled if it withdraws them.
    questions: BTreeMap<u64, (Value, CancellationToken)>,
}

struct Pending {
    /// What steps of it are told by.
    token: u64,
    answer: oneshot::Sender<Result<Value, CallError>>,
    host: Option<Arc<dyn CallHost>>,
    /// Cancelled once nobody waits for it any more.
    over: CancellationToken,
}

impl Peer {
    /// One that sends over this channel.
    pub(super) fn new(out: mpsc::Sender<Outgoing>) -> Self {
        Self(Arc::new(Shared {
            out,
            state: Mutex::default(),
            closed: watch::Sender::new(None),
            session_lost: CancellationToken::new(),
            tools_changed: Notify::new(),
        }))
    }

    /// Sends a request and waits for its answer as long as it takes. If the future is dropped, the server is told that
    /// nobody waits any more. `host` hears of it meanwhile.
    pub(super) async fn request(
        &self,
        method: &str,
        mut params: Map<String, Value>,
        host: Option<Arc<dyn CallHost>>,
    ) -> Result<Value, CallError> {
        let (answer, reply) = oneshot::channel();
        // The one request that can't be cancelled, and that nothing is told of.
        let is_first = method == "initialize";
        let over = CancellationToken::new();
        let (id, token) = {
            let mut state = self.state();
            if let Some(why) = &*self.0.closed.borrow() {
                return Err(CallError::Closed(why.clone()));
            }
            if self.0.session_lost.is_cancelled() {
                return Err(CallError::SessionLost);
            }
            if state.pending.len() >= MAX_IN_FLIGHT {
                return Err(CallError::Busy);
            }
            let (id, token) = (state.next, state.next_token);
            state.next += 1;
            state.next_token += u64::from(!is_first);
            let pending = Pending {
                token,
                answer,
                host,
                over: over.clone(),
            };
            state.pending.insert(id, pending);
            (id, token)
        };
        let mut open = Open {
            peer: self,
            id,
            over,
            cancels: !is_first,
        };
        if !is_first && let Value::Object(meta) = params.entry("_meta").or_insert_with(|| json!({})) {
            meta.insert("progressToken".to_owned(), token.into());
        }
        let message = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
        let sent = self.0.out.try_send(Outgoing {
            message,
            request: Some((id, open.over.clone())),
        });
        let result = match sent {
            Ok(()) => reply.await.unwrap_or_else(|_| Err(self.closed_error())),
            Err(mpsc::error::TrySendError::Full(_)) => Err(CallError::Busy),
            Err(mpsc::error::TrySendError::Closed(_)) => Err(self.closed_error()),
        };
        open.cancels = false;
        result
    }

    /// Tells the server something. What it does not take is lost.
    pub(super) fn notify(&self, method: &str, params: Option<Value>) {
        let mut message = json!({"jsonrpc": "2.0", "method": method});
        if let Some(params) = params {
            message["params"] = params;
        }
        self.send(message);
    }

    fn send(&self, message: Value) {
        let request = None;
        if self.0.out.try_send(Outgoing { message, request }).is_err() {
            tracing::debug!("an MCP server does not read what it is told");
        }
    }

    /// Reads and takes a message of the server, as [`Self::deliver`] does.
    pub(super) async fn read(&self, text: Vec<u8>, origin: Option<u64>) -> bool {
        match message::read(text).await {
            message::Read::Message(message) => self.deliver(message, origin),
            message::Read::TooLarge(id) => {
                self.fail(id, CallError::too_large());
                true
            }
            message::Read::Noise => false,
        }
    }

    /// Takes a message of the server. `origin`: the request on whose stream it came, where there is such a thing. Gives
    /// whether it is a message at all.
    pub(super) fn deliver(&self, message: Value, origin: Option<u64>) -> bool {
        let mut message = match message {
            Value::Object(message) => message,
            // Several in one, as an earlier revision had it.
            Value::Array(all) => {
                let mut is_answer = false;
                for one in all {
                    is_answer |= self.deliver(one, origin);
                }
                return is_answer;
            }
            _ => return false,
        };
        let method = match message.remove("method") {
            Some(Value::String(method)) => Some(method),
            _ => None,
        };
        let id = message.remove("id").filter(|id| id.is_number() || id.is_string());
        match (method, id) {
            (Some(method), Some(id)) => {
                self.asked(&method, id, message.remove("params").unwrap_or_default(), origin);
                true
            }
            (Some(method), None) => {
                self.told(&method, message.get("params").unwrap_or(&Value::Null));
                true
            }
            (None, Some(id)) => self.answered(&id, message),
            (None, None) => false,
        }
    }

    fn answered(&self, id: &Value, mut message: Map<String, Value>) -> bool {
        let result = match (message.remove("error"), message.remove("result")) {
            (Some(error), _) if !error.is_null() => Err(CallError::of_rpc(error)),
            (_, Some(result)) if result.is_object() || result.is_null() => Ok(result),
            (_, Some(_)) => Err(CallError::Transport(
                "the server's result is no object".to_owned(),
            )),
            _ => return false,
        };
        // Some servers send numbers back as texts.
        let number = id.as_u64().or_else(|| id.as_str()?.parse().ok());
        let Some(pending) = number.and_then(|id| self.state().pending.remove(&id)) else {
            tracing::debug!("an MCP server answers what nobody waits for");
            return true;
        };
        // Whoever asked may be gone.
        let _ = pending.answer.send(result);
        true
    }

    /// A request can't get an answer any more.
    pub(super) fn fail(&self, id: u64, error: CallError) {
        if let Some(pending) = self.state().pending.remove(&id) {
            let _ = pending.answer.send(Err(error));
        }
    }

    fn told(&self, method: &str, params: &Value) {
        match method {
            "notifications/progress" => {
                let host = {
                    let state = self.state();
                    let token = &params["progressToken"];
                    let token = token.as_u64().or_else(|| token.as_str()?.parse().ok());
                    let mut pending = state.pending.values();
                    pending
                        .find(|pending| Some(pending.token) == token)
                        .and_then(|pending| pending.host.clone())
                };
                if let Some(host) = host {
                    host.progress(progress_text(params));
                }
            }
            "notifications/cancelled" => {
                let id = &params["requestId"];
                let state = self.state();
                let mut questions = state.questions.values();
                if let Some((_, withdrawn)) = questions.find(|(asked, _)| asked == id) {
                    withdrawn.cancel();
                }
            }
            "notifications/tools/list_changed" => self.0.tools_changed.notify_one(),
            "notifications/message" => tracing::debug!(%params, "an MCP server says"),
            _ => {}
        }
    }

    fn asked(&self, method: &str, id: Value, params: Value, origin: Option<u64>) {
        let result = match method {
            "ping" => Ok(json!({})),
            "roots/list" => Ok(json!({"roots": []})),
            "elicitation/create" => return self.elicit(id, params, origin),
            _ => Err((METHOD_NOT_FOUND, method.to_owned())),
        };
        self.reply(&id, result);
    }

    /// Passes a question on to whoever waits for the call that it came with; where that is not known, for the last one. It
    /// is over with that call.
    fn elicit(&self, id: Value, params: Value, origin: Option<u64>) {
        let (host, over, question) = {
            let mut state = self.state();
            let can_answer = |pending: &&Pending| pending.host.is_some();
            let exact = origin.and_then(|origin| state.pending.get(&origin));
            let waiting = exact
                .filter(can_answer)
                .or_else(|| state.pending.values().rev().find(can_answer));
            let waiting = waiting.and_then(|pending| Some((pending.host.clone()?, pending.over.clone())));
            let Some((host, over)) = waiting else {
                drop(state);
                return self.reply(&id, Ok(json!({"action": "decline"})));
            };
            if state.questions.len() >= MAX_QUESTIONS {
                drop(state);
                let why = "too many questions are open".to_owned();
                return self.reply(&id, Err((INTERNAL_ERROR, why)));
            }
            let (number, withdrawn) = (state.next_question, CancellationToken::new());
            state.next_question += 1;
            state.questions.insert(number, (id.clone(), withdrawn.clone()));
            let peer = self.clone();
            let question = Question {
                peer,
                number,
                withdrawn,
            };
            (host, over, question)
        };
        tokio::spawn(async move {
            let peer = &question.peer;
            let mut closed = peer.0.closed.subscribe();
            tokio::select! {
                biased;
                _ = closed.wait_for(Option::is_some) => {}
                // The server does not want to know any more.
                () = question.withdrawn.cancelled() => {}
                () = over.cancelled() => peer.reply(&id, Ok(json!({"action": "cancel"}))),
                answer = host.elicit(params) => peer.reply(&id, Ok(answer)),
            }
        });
    }

    fn reply(&self, id: &Value, result: Result<Value, (i64, String)>) {
        self.send(match result {
            Ok(result) => json!({"jsonrpc": "2.0", "id": id, "result": result}),
            Err((code, message)) => {
                json!({"jsonrpc": "2.0", "id": id, "error": {"code": code, "message": message}})
            }
        });
    }

    /// Ends it: all that waits fails for this reason. The first reason counts.
    pub(super) fn close(&self, why: &str) {
        self.0.closed.send_if_modified(|closed| {
            let is_first = closed.is_none();
            if is_first {
                *closed = Some(why.to_owned());
            }
            is_first
        });
        let pending = std::mem::take(&mut self.state().pending);
        for pending in pending.into_values() {
            let _ = pending.answer.send(Err(self.closed_error()));
        }
    }

    /// Resolves when it is over, with the reason.
    pub(super) async fn closed(&self) -> String {
        let mut closed = self.0.closed.subscribe();
        match closed.wait_for(Option::is_some).await {
            Ok(why) => why.clone().unwrap_or_default(),
            // The sender is ours.
            Err(_) => String::new(),
        }
    }

    /// Whether nothing can be asked any more.
    pub(super) fn is_over(&self) -> bool {
        self.0.session_lost.is_cancelled() || self.0.closed.borrow().is_some()
    }

    /// The server has forgotten the session. What is in flight may still get its answer.
    pub(super) fn lose_session(&self) {
        self.0.session_lost.cancel();
    }

    /// Resolves when the server has forgotten the session.
    pub(super) async fn session_lost(&self) {
        self.0.session_lost.cancelled().await;
    }

    /// Resolves when the server says that it has other tools.
    pub(super) async fn tools_changed(&self) {
        self.0.tools_changed.notified().await;
    }

    fn closed_error(&self) -> CallError {
        CallError::Closed(self.0.closed.borrow().clone().unwrap_or_default())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request that waits for its answer.
struct Open<'a> {
    peer: &'a Peer,
    id: u64,
    over: CancellationToken,
    cancels: bool,
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.peer.state().pending.remove(&self.id);
        self.over.cancel();
        if self.cancels {
            let params = json!({"requestId": self.id, "reason": "MCP request cancelled by caller"});
            self.peer.notify("notifications/cancelled", Some(params));
        }
    }
}

/// A question of the server that is open.
struct Question {
    peer: Peer,
    number: u64,
    withdrawn: CancellationToken,
}

impl Drop for Question {
    fn drop(&mut self) {
        self.peer.state().questions.remove(&self.number);
    }
}

/// What is told of a step: the server's words, else its numbers.
fn progress_text(params: &Value) -> String {
    if let Some(message) = params["message"].as_str() {
        return message.to_owned();
    }
    match (&params["progress"], &params["total"]) {
        (done, Value::Number(total)) => format!("{done}/{total}"),
        (done, _) => done.to_string(),
    }
}
