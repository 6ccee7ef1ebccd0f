//! Everything that the program wrote, and waiting for more.

use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::ChildStdout;
use tokio::sync::Notify;

use super::app::{RpcError, ServerRequest};

/// The longest that a test waits for one thing.
pub const PATIENCE: Duration = Duration::from_secs(40);

/// A line of the program.
#[derive(Debug, Clone)]
pub struct Frame {
    /// What it says.
    pub json: Value,
}

impl Frame {
    /// `method`, or an empty text for a response.
    pub fn method(&self) -> &str {
        self.json["method"].as_str().unwrap_or_default()
    }

    /// Whether it is a notification.
    pub fn is_notification(&self) -> bool {
        self.json.get("method").is_some() && self.json.get("id").is_none()
    }

    /// Whether it is a request of the server.
    pub fn is_request(&self) -> bool {
        self.json.get("method").is_some() && self.json.get("id").is_some()
    }

    /// `params`.
    pub fn params(&self) -> &Value {
        &self.json["params"]
    }
}

/// All lines so far. A waiting test takes the first line that fits and that nobody has taken.
#[derive(Debug, Default)]
pub struct Frames {
    lines: Mutex<Lines>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct Lines {
    frames: Vec<Frame>,
    taken: Vec<bool>,
    bad: Vec<String>,
    ended: bool,
}

impl Frames {
    /// Waits for the answer to a request.
    pub async fn response(&self, id: &Value) -> Result<Value, RpcError> {
        let what = format!("answer to request {id}");
        let is_answer = |frame: &Frame| frame.json.get("method").is_none() && frame.json["id"] == *id;
        let (_, mut frame) = self.take(&what, is_answer).await;
        match frame.json.get("error") {
            None => Ok(frame.json["result"].take()),
            Some(error) => Err(RpcError {
                code: error["code"].as_i64().unwrap(),
                message: error["message"].as_str().unwrap().to_owned(),
                data: error["data"].clone(),
            }),
        }
    }

    /// Waits for a question of the program.
    pub async fn server_request(&self, method: &str) -> ServerRequest {
        let right = |frame: &Frame| frame.is_request() && frame.method() == method;
        let (_, mut frame) = self.take(method, right).await;
        ServerRequest {
            id: frame.json["id"].take(),
            params: frame.json["params"].take(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Lines> {
        self.lines
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Reads the program's output to its end.
    pub async fn read(&self, stdout: ChildStdout) {
        let mut lines = BufReader::with_capacity(1 << 16, stdout);
        let mut line = Vec::new();
        while matches!(lines.read_until(b'\n', &mut line).await, Ok(1..)) {
            if line.ends_with(b"\n") {
                self.push(&line);
            } else {
                self.push(b"a line without an end");
            }
            line.clear();
        }
        self.set_ended();
    }

    /// Takes a frame that was read.
    pub fn push(&self, frame: &[u8]) {
        let mut all = self.lock();
        match serde_json::from_slice(frame) {
            Ok(json) => {
                all.frames.push(Frame { json });
                all.taken.push(false);
            }
            Err(_) => all
                .bad
                .push(String::from_utf8_lossy(frame).chars().take(300).collect()),
        }
        drop(all);
        self.changed.notify_waiters();
    }

    /// Nothing more will come.
    pub fn set_ended(&self) {
        self.lock().ended = true;
        self.changed.notify_waiters();
    }

    /// All frames so far.
    pub fn all(&self) -> Vec<Frame> {
        self.lock().frames.clone()
    }

    /// Number of frames so far.
    pub fn len(&self) -> usize {
        self.lock().frames.len()
    }

    /// Lines that are not JSON.
    pub fn bad(&self) -> Vec<String> {
        self.lock().bad.clone()
    }

    /// Takes the first frame that fits, waiting for it at most [`PATIENCE`].
    pub async fn take(&self, what: &str, fits: impl Fn(&Frame) -> bool) -> (usize, Frame) {
        let found = async {
            let mut next = 0;
            loop {
                let changed = self.changed.notified();
                tokio::pin!(changed);
                changed.as_mut().enable();
                {
                    let mut lines = self.lock();
                    for index in next..lines.frames.len() {
                        if !lines.taken[index] && fits(&lines.frames[index]) {
                            lines.taken[index] = true;
                            return Some((index, lines.frames[index].clone()));
                        }
                    }
                    next = lines.frames.len();
                    if lines.ended {
                        return None;
                    }
                }
                changed.await;
            }
        };
        match tokio::time::timeout(PATIENCE, found).await {
            Ok(Some(found)) => found,
            Ok(None) => panic!("the program ended while the test waited for {what}"),
            Err(tokio::time::error::Elapsed { .. }) => panic!("no {what} within {} s", PATIENCE.as_secs()),
        }
    }

    /// Waits for the end of the output, at most [`PATIENCE`].
    pub async fn end(&self) {
        let ended = async {
            loop {
                let changed = self.changed.notified();
                tokio::pin!(changed);
                changed.as_mut().enable();
                if self.lock().ended {
                    return;
                }
                changed.await;
            }
        };
        let ended = tokio::time::timeout(PATIENCE, ended).await;
        ended.expect("the program closes its output");
    }

    /// The last frames in short form, for the report of a failed test.
    pub fn tail(&self) -> String {
        let lines = self.lock();
        let start = lines.frames.len().saturating_sub(40);
        let shorten = |frame: &Frame| frame.json.to_string().chars().take(400).collect::<String>();
        lines.frames[start..]
            .iter()
            .map(shorten)
            .collect::<Vec<_>>()
            .join("\n")
    }
}
