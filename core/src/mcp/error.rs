//! What goes wrong with servers.

use std::time::Duration;

use serde_json::Value;

use super::connection::taken;

/// Longest message of a server that is passed on, in bytes.
const MAX_MESSAGE: usize = 4096;

/// Why a request to a server has no result.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum CallError {
    /// The server refuses.
    #[error("Mcp error: {code}: {message}{}", data_text(.data.as_ref()))]
    Rpc {
        /// Its code.
        code: i64,
        /// Its words.
        message: String,
        /// What else it says.
        data: Option<Value>,
    },
    /// The connection is over.
    #[error("Transport closed: {0}")]
    Closed(String),
    /// The server does not keep up.
    #[error("the server does not read its requests")]
    Busy,
    /// It took too long.
    #[error("timed out awaiting {method} after {}ms", .after.as_millis())]
    TimedOut {
        /// What was asked.
        method: &'static str,
        /// How long it was waited for.
        after: Duration,
    },
    /// The server can't be reached, or what it says can't be read.
    #[error("{0}")]
    Transport(String),
    /// The server has forgotten us: a new conversation has to begin.
    #[error("the session at the server has ended")]
    SessionLost,
    /// Nobody is signed in there.
    #[error("{0}")]
    NotSignedIn(String),
}

impl CallError {
    /// The server answers more than can be taken.
    pub(super) fn too_large() -> Self {
        Self::Transport("the server's answer is too large".to_owned())
    }

    /// The `error` of an answer. What can't be read of it is left out; of one that is no object, all of it is the message.
    pub(super) fn of_rpc(mut error: Value) -> Self {
        let message = match (error.is_object(), taken(&mut error, "message")) {
            (true, Value::String(message)) => message,
            (true, _) => String::new(),
            (false, _) => match error.take() {
                Value::String(message) => message,
                other => other.to_string(),
            },
        };
        Self::Rpc {
            code: error["code"].as_i64().unwrap_or(0),
            message: short(message),
            data: Some(taken(&mut error, "data")).filter(|data| !data.is_null()),
        }
    }
}

/// Why a server could not be started.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct StartError {
    /// For people: what clients are told.
    pub text: String,
    /// The bare reason.
    pub cause: String,
    /// What it has to do with signing in.
    pub sign_in: SignInNeed,
}

/// What a start that has failed has to do with signing in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignInNeed {
    /// Nothing, as far as is known.
    Unknown,
    /// The server asks for credentials, and says that users can't sign in.
    NotOffered,
    /// Signing in would help.
    First,
    /// The user had signed in, and that does not count any more.
    Again,
}

impl StartError {
    /// What clients are told of a server that could not be started, for this reason.
    pub(super) fn new(server: &str, cause: impl Into<String>) -> Self {
        let cause = cause.into();
        Self {
            text: format!("MCP client for `{server}` failed to start: MCP startup failed: {cause}"),
            cause: format!("MCP startup failed: {cause}"),
            sign_in: SignInNeed::Unknown,
        }
    }

    /// The configuration of the server can't be used.
    pub(super) fn of_config(server: &str, why: &str) -> Self {
        Self {
            text: format!("MCP client for `{server}` failed to start: {why}"),
            cause: why.to_owned(),
            sign_in: SignInNeed::Unknown,
        }
    }

    /// The server took too long.
    pub(super) fn timed_out(server: &str, after: Duration) -> Self {
        let seconds = after.as_secs_f64();
        Self {
            text: format!(
                "MCP client for `{server}` timed out after {seconds} seconds. Add or adjust `startup_timeout_sec` in \
                 your config.toml:\n[mcp_servers.{server}]\nstartup_timeout_sec = XX"
            ),
            cause: format!(
                "MCP startup failed: timed out handshaking with MCP server after {}",
                time_text(&after)
            ),
            sign_in: SignInNeed::Unknown,
        }
    }

    /// The server asks for credentials that only its configuration can give.
    pub(super) fn no_sign_in(server: &str) -> Self {
        let cause = "handshaking with MCP server failed: HTTP 401 Unauthorized, and the server does not say how to sign in";
        Self {
            sign_in: SignInNeed::NotOffered,
            ..Self::new(server, cause)
        }
    }

    /// The user has to sign in.
    pub(super) fn not_signed_in(server: &str, sign_in: SignInNeed) -> Self {
        let text = format!("The {server} MCP server is not logged in. Run `codex mcp login {server}`.");
        Self {
            cause: text.clone(),
            text,
            sign_in,
        }
    }
}

/// A text of a server that is shown to people.
pub(super) fn short(mut text: String) -> String {
    text.truncate(crate::char_boundary::floor(&text, MAX_MESSAGE));
    text
}

fn data_text(data: Option<&Value>) -> String {
    data.map_or_else(String::new, |data| short(format!("({data})")))
}

fn time_text(time: &Duration) -> String {
    format!("{time:?}")
}
