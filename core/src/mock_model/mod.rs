//! A scripted Responses server for demos, tests and authors of clients.
//!
//! It speaks HTTP with server-sent events and WebSocket on one address, answers model requests from a [`Script`] and
//! records what it was asked. It runs in a thread of its own, so a program under test can't starve it, and it can't
//! be starved by the program.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use codex_core::mock_model::{Answer, MockModel};
//! use serde_json::json;
//!
//! let model = MockModel::start([
//!     Answer::new().call("call-1", "exec_command", json!({"cmd": "ls"})),
//!     Answer::new().say_in("There are two files.", 4),
//! ]);
//! println!("point the client at {}", model.base_url());
//! let requests = model.wait_for_requests(2).await?;
//! assert!(requests[1].tool_output("call-1").is_some());
//! # Ok(()) }
//! ```
//!
//! Where to look:
//!
//! * what is answered: `script` (scripts and how their files are read), `step` (steps of an answer, short forms), `answer`
//!   (answers built in Rust)
//! * what is expected of requests, and what they were: `condition`, `journal`
//! * how it travels: `server` (connections and routes), `sse`, `websocket`, `encoding` (compressed bodies)
//! * voice: `realtime`

mod answer;
mod condition;
mod encoding;
mod journal;
mod realtime;
mod script;
mod server;
mod sse;
mod step;
mod websocket;

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;

use tokio::sync::oneshot;

pub use condition::Condition;
pub use encoding::Encoding;
pub use journal::{HandshakeRecord, Request, Transport, WaitError};
pub use realtime::{
    RealtimeCall, RealtimeFrame, RealtimeRepeat, RealtimeScript, RealtimeSession, RealtimeStep,
};
pub use script::{Answer, Handshake, Models, Route, Script, ScriptError};
pub use step::{Call, Close, Complete, CustomCall, Fail, Flood, Reason, Say, Step};

use server::Shared;

/// A running mock model. Dropping it closes every connection and ends its thread.
#[derive(Debug)]
pub struct MockModel {
    address: SocketAddr,
    shared: Arc<Shared>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl MockModel {
    /// Starts on a free port of 127.0.0.1.
    ///
    /// # Panics
    /// When the machine has no free port or can't start a thread.
    pub fn start(script: impl Into<Script>) -> Self {
        #[expect(clippy::expect_used, reason = "nobody can go on without a loopback port")]
        Self::listen(script, (Ipv4Addr::LOCALHOST, 0).into()).expect("a free port on 127.0.0.1")
    }

    /// Starts on this address; port 0 takes a free one.
    pub fn listen(script: impl Into<Script>, address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared::new(script.into()));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let (stop, stopped) = oneshot::channel();
        let serving = shared.clone();
        let thread = std::thread::Builder::new()
            .name("mock-model".to_owned())
            .spawn(move || {
                runtime.block_on(async {
                    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else {
                        return;
                    };
                    tokio::select! {
                        () = server::serve(listener, serving) => {}
                        _ = stopped => {}
                    }
                });
            })?;
        Ok(Self {
            address,
            shared,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `base_url` for a provider: `http://127.0.0.1:<port>/v1`.
    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// Adds an answer behind those that are left.
    pub fn push(&self, answer: impl Into<Answer>) {
        self.shared
            .with_script(|script| script.answers.push_back(answer.into()));
    }

    /// Sets the answer for when no other is left.
    pub fn set_default(&self, answer: impl Into<Answer>) {
        self.shared
            .with_script(|script| script.default = Some(answer.into()));
    }

    /// Adds a handshake behind those that are left.
    pub fn push_handshake(&self, handshake: Handshake) {
        self.shared
            .with_script(|script| script.handshakes.push_back(handshake));
    }

    /// Sets how every handshake goes that isn't in the list.
    pub fn set_default_handshake(&self, handshake: Handshake) {
        self.shared
            .with_script(|script| script.default_handshake = handshake);
    }

    /// Changes the script in any other way.
    pub fn edit(&self, change: impl FnOnce(&mut Script)) {
        self.shared.with_script(change);
    }

    /// Model requests so far, over both transports.
    pub fn requests(&self) -> Vec<Request> {
        self.shared.journal.records().requests.clone()
    }

    /// Requests that were not for the model: the models list, routes, unknown paths.
    pub fn others(&self) -> Vec<Request> {
        self.shared.journal.records().others.clone()
    }

    /// WebSocket handshakes so far, refused ones too.
    pub fn handshakes(&self) -> Vec<HandshakeRecord> {
        self.shared.journal.records().handshakes.clone()
    }

    /// WebSockets of voice conversations that were asked for so far, refused ones too.
    pub fn realtime_handshakes(&self) -> Vec<HandshakeRecord> {
        self.shared.journal.records().realtime_handshakes.clone()
    }

    /// What came over WebSockets of voice conversations so far.
    pub fn realtime_frames(&self) -> Vec<RealtimeFrame> {
        self.shared.journal.records().realtime_frames.clone()
    }

    /// Adds a step to the WebSocket of this number, behind those that are left. Nothing happens if it has ended.
    pub fn realtime_step(&self, session: usize, step: RealtimeStep) {
        if let Some(steps) = self.shared.journal.records().realtime_steps.get(session) {
            let _ = steps.send(step);
        }
    }

    /// Waits, at most 10 s, until so many WebSockets of voice conversations were asked for, and returns all so far.
    pub async fn wait_for_realtime_handshakes(
        &self,
        count: usize,
    ) -> Result<Vec<HandshakeRecord>, WaitError> {
        let wait = self.shared.journal.wait("voice websockets", count, |records| {
            records.realtime_handshakes.len()
        });
        wait.await?;
        Ok(self.realtime_handshakes())
    }

    /// Waits, at most 10 s, until so many frames came over WebSockets of voice conversations, and returns all so far.
    pub async fn wait_for_realtime_frames(&self, count: usize) -> Result<Vec<RealtimeFrame>, WaitError> {
        let wait = self
            .shared
            .journal
            .wait("voice frames", count, |records| records.realtime_frames.len());
        wait.await?;
        Ok(self.realtime_frames())
    }

    /// Waits, at most 10 s, until the client has ended so many WebSockets of voice conversations.
    pub async fn wait_for_realtime_ends(&self, count: usize) -> Result<(), WaitError> {
        self.shared
            .journal
            .wait("ends of voice websockets", count, |records| {
                records.realtime_ended
            })
            .await
    }

    /// Requests that were not what the script expects, in words.
    pub fn mismatches(&self) -> Vec<String> {
        self.shared.journal.records().mismatches.clone()
    }

    /// Number of answers that were left before their end.
    pub fn cancelled(&self) -> usize {
        self.shared.journal.records().cancelled
    }

    /// Number of answers in the list that no request has taken yet.
    pub fn answers_left(&self) -> usize {
        self.shared
            .with_script(|script| script.answers.iter().filter(|answer| !answer.always).count())
    }

    /// Waits, at most 10 s, until so many model requests have come, and returns all so far.
    pub async fn wait_for_requests(&self, count: usize) -> Result<Vec<Request>, WaitError> {
        let wait = self
            .shared
            .journal
            .wait("model requests", count, |records| records.requests.len());
        wait.await?;
        Ok(self.requests())
    }

    /// Waits, at most 10 s, until so many other requests have come, and returns all so far.
    pub async fn wait_for_others(&self, count: usize) -> Result<Vec<Request>, WaitError> {
        let wait = self
            .shared
            .journal
            .wait("other requests", count, |records| records.others.len());
        wait.await?;
        Ok(self.others())
    }

    /// Waits, at most 10 s, until so many handshakes have come, and returns all so far.
    pub async fn wait_for_handshakes(&self, count: usize) -> Result<Vec<HandshakeRecord>, WaitError> {
        let wait = self
            .shared
            .journal
            .wait("handshakes", count, |records| records.handshakes.len());
        wait.await?;
        Ok(self.handshakes())
    }

    /// Waits, at most 10 s, until so many handshakes have led to a connection.
    pub async fn wait_for_websockets(&self, count: usize) -> Result<(), WaitError> {
        self.shared
            .journal
            .wait("websockets", count, |records| records.opened)
            .await
    }

    /// Waits, at most 10 s, until so many answers were left before their end.
    pub async fn wait_for_cancelled(&self, count: usize) -> Result<(), WaitError> {
        self.shared
            .journal
            .wait("cancelled answers", count, |records| records.cancelled)
            .await
    }

    /// Waits, without a bound, for mismatch number `index` (counted from 0), and says what it is.
    pub async fn mismatch(&self, index: usize) -> String {
        loop {
            if let Some(text) = self.mismatches().into_iter().nth(index) {
                return text;
            }
            let wait = self
                .shared
                .journal
                .wait("mismatches", index + 1, |records| records.mismatches.len());
            // The bound of one wait only paces this loop.
            let _ = wait.await;
        }
    }
}

impl Drop for MockModel {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic there has been printed already.
            let _ = thread.join();
        }
    }
}
