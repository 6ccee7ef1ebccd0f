//! What a mock model answers: scripts, answers, handshakes, routes, and how a script file is read.

use std::collections::{BTreeMap, VecDeque};

use serde::Deserialize;
use serde_json::Value;

use super::condition::Condition;
use super::encoding::Encoding;
use super::realtime::{RealtimeCall, RealtimeScript, RealtimeSession};
use super::step::Step;

/// Everything that a mock model will do. In a file it is JSON; see the README for the format.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Script {
    /// Answers to model requests. A request takes the first one whose `when` agrees (one without `when` always does).
    pub answers: VecDeque<Answer>,
    /// The answer when no other is left: a message that says `ok`, unless set.
    pub default: Option<Answer>,
    /// WebSocket handshakes in the order in which they arrive; the ones after the last follow `default_handshake`.
    pub handshakes: VecDeque<Handshake>,
    /// A handshake that isn't in the list: accepted, unless set.
    pub default_handshake: Handshake,
    /// What `GET …/models` answers; 404 without it.
    pub models: Option<Models>,
    /// What is done with voice.
    pub realtime: RealtimeScript,
    /// Answers to any other request.
    pub routes: Vec<Route>,
}

/// A script that can't be used.
#[derive(Debug, thiserror::Error)]
pub enum ScriptError {
    /// The file can't be read.
    #[error("can't read the script {path}: {source}")]
    Read {
        /// The file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// The text is no script. Says where: the member (`answers[1].steps[0]`), the line and the column.
    #[error("not a valid script, at `{member}`: {source}")]
    Parse {
        /// The member at which reading stopped.
        member: String,
        /// What is wrong there, with line and column.
        source: serde_json::Error,
    },
}

impl Script {
    /// A script in which every request gets the default answer.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads the text of a script file. Unknown members are refused.
    pub fn from_json(text: &str) -> Result<Self, ScriptError> {
        let mut reader = serde_json::Deserializer::from_str(text);
        let script = serde_path_to_error::deserialize(&mut reader).map_err(|error| ScriptError::Parse {
            member: error.path().to_string(),
            source: error.into_inner(),
        })?;
        reader.end().map_err(|source| ScriptError::Parse {
            member: ".".to_owned(),
            source,
        })?;
        Ok(script)
    }

    /// Reads a script file.
    pub fn from_file(path: &std::path::Path) -> Result<Self, ScriptError> {
        let text = std::fs::read_to_string(path).map_err(|source| ScriptError::Read {
            path: path.display().to_string(),
            source,
        })?;
        Self::from_json(&text)
    }

    /// Adds an answer.
    #[must_use]
    pub fn then(mut self, answer: impl Into<Answer>) -> Self {
        self.answers.push_back(answer.into());
        self
    }

    /// Sets the answer for when no other is left.
    #[must_use]
    pub fn otherwise(mut self, answer: impl Into<Answer>) -> Self {
        self.default = Some(answer.into());
        self
    }

    /// Adds a handshake.
    #[must_use]
    pub fn handshake(mut self, handshake: Handshake) -> Self {
        self.handshakes.push_back(handshake);
        self
    }

    /// Sets how every handshake goes that isn't in the list.
    #[must_use]
    pub fn every_handshake(mut self, handshake: Handshake) -> Self {
        self.default_handshake = handshake;
        self
    }

    /// Adds how the creation of a call goes.
    #[must_use]
    pub fn call(mut self, call: RealtimeCall) -> Self {
        self.realtime.calls.push_back(call);
        self
    }

    /// Adds how a WebSocket of a voice conversation goes.
    #[must_use]
    pub fn session(mut self, session: RealtimeSession) -> Self {
        self.realtime.sessions.push_back(session);
        self
    }

    /// Sets what `GET …/models` answers.
    #[must_use]
    pub fn models(mut self, body: Value, etag: Option<&str>) -> Self {
        self.models = Some(Models {
            body,
            etag: etag.map(str::to_owned),
        });
        self
    }

    /// Adds a route, for instance for a token endpoint. The last of the replies is given for ever.
    #[must_use]
    pub fn route(mut self, method: &str, path: &str, replies: impl IntoIterator<Item = Answer>) -> Self {
        self.routes.push(Route {
            method: method.to_owned(),
            path: path.to_owned(),
            replies: replies.into_iter().collect(),
        });
        self
    }
}

impl<A: Into<Answer>> From<A> for Script {
    fn from(answer: A) -> Self {
        Self::new().then(answer)
    }
}

impl<A: Into<Answer>> From<Vec<A>> for Script {
    fn from(answers: Vec<A>) -> Self {
        Self {
            answers: answers.into_iter().map(Into::into).collect(),
            ..Self::default()
        }
    }
}

impl<A: Into<Answer>, const N: usize> From<[A; N]> for Script {
    fn from(answers: [A; N]) -> Self {
        Vec::from(answers).into()
    }
}

/// The answer to one model request, over HTTP or WebSocket.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Answer {
    /// Which requests may take this answer.
    pub when: Option<Condition>,
    /// What the request that takes this answer must contain. If it doesn't, the request fails with status 400 and
    /// the difference is reported.
    pub expect: Option<Condition>,
    /// Stays in the list after use.
    pub always: bool,
    /// Milliseconds before the status line (HTTP) or the first frame (WebSocket).
    pub delay_ms: u64,
    /// HTTP status. Over a WebSocket any but 2xx is sent as an error frame.
    pub status: u16,
    /// Response headers. Over a WebSocket they are part of error frames only.
    pub headers: BTreeMap<String, String>,
    /// Content coding of the body. HTTP only.
    pub encoding: Option<Encoding>,
    /// Body of an answer without steps: a string goes out as it is, anything else as JSON.
    pub body: Option<Value>,
    /// What is streamed.
    pub steps: Vec<Step>,
    /// Leaves out the `response.created` and `response.completed` that are otherwise put around the steps.
    pub bare: bool,
}

impl Default for Answer {
    fn default() -> Self {
        Self {
            when: None,
            expect: None,
            always: false,
            delay_ms: 0,
            status: 200,
            headers: BTreeMap::new(),
            encoding: None,
            body: None,
            steps: Vec::new(),
            bare: false,
        }
    }
}

/// How one WebSocket handshake goes.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Handshake {
    /// Milliseconds before the answer.
    pub delay_ms: u64,
    /// Refuses with this status.
    pub status: Option<u16>,
    /// Response headers, also of an accepted handshake.
    pub headers: BTreeMap<String, String>,
    /// Body of a refusal.
    pub body: Option<Value>,
    /// Cuts the connection without an answer.
    pub drop: bool,
    /// Accepts, then closes at once.
    pub close: bool,
    /// Cuts the connection after so many answers (0: right after the handshake), without a close frame.
    pub drop_after: Option<usize>,
}

impl Handshake {
    /// A refusal.
    pub fn refuse(status: u16) -> Self {
        Self {
            status: Some(status),
            ..Self::default()
        }
    }

    /// Accepted after a while.
    pub fn delayed(delay_ms: u64) -> Self {
        Self {
            delay_ms,
            ..Self::default()
        }
    }

    /// Adds a response header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.insert(name.to_owned(), value.to_owned());
        self
    }
}

/// What `GET …/models` answers.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Models {
    /// The whole body, normally `{"models": […]}`.
    pub body: Value,
    /// `ETag` header, sent as it is.
    #[serde(default)]
    pub etag: Option<String>,
}

/// Answers to requests that are not for the model.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// `GET`, `POST`, …
    pub method: String,
    /// The whole path, without query.
    pub path: String,
    /// One for each request; the last is given for ever. Steps are streamed without any that are not in the script.
    pub replies: VecDeque<Answer>,
}
