//! What comes out of a response stream, and what can go wrong on the way.

use std::time::Duration;

use serde_json::Value;

use super::{RateLimitSnapshot, ResponseItem};
use crate::{TokenUsage, TurnError};

/// One event of a response, the same from both transports.
#[derive(Debug, Clone, PartialEq)]
pub enum ResponseEvent {
    /// The server took the request.
    Created,
    /// An item begins.
    ItemAdded {
        /// Number of the item within the response; several may be open at once.
        number: usize,
        /// As far as it has come.
        item: ResponseItem,
    },
    /// An item is complete.
    ItemDone {
        /// Its number; it may be new.
        number: usize,
        /// All of it.
        item: ResponseItem,
    },
    /// Text of an open message.
    TextDelta {
        /// The message's number.
        number: usize,
        /// The text.
        delta: String,
    },
    /// Input of an open call of a free-form tool. What counts is the complete item.
    ToolInputDelta {
        /// The call's number.
        number: usize,
        /// The text.
        delta: String,
    },
    /// A section of a reasoning summary begins.
    ReasoningPartAdded {
        /// The reasoning's number.
        number: usize,
        /// Number of the section.
        summary_index: i64,
    },
    /// Text of a reasoning summary.
    ReasoningSummaryDelta {
        /// The reasoning's number.
        number: usize,
        /// The text.
        delta: String,
        /// Number of the section.
        summary_index: i64,
    },
    /// Raw reasoning text.
    ReasoningDelta {
        /// The reasoning's number.
        number: usize,
        /// The text.
        delta: String,
        /// Number of the part.
        content_index: i64,
    },
    /// The limits that changed, default one first.
    RateLimits(Vec<RateLimitSnapshot>),
    /// The model that answers, where the server tells.
    ServerModel(String),
    /// Recommended verifications, under their names towards clients.
    Verification(Vec<String>),
    /// Moderation data, as it came.
    Moderation(Value),
    /// The answer is buffered for safety checks.
    SafetyBuffering {
        /// As the server names them.
        use_cases: Vec<String>,
        /// As the server names them.
        reasons: Vec<String>,
        /// A model that would answer faster.
        faster_model: Option<String>,
    },
    /// The server's token counts include reasoning of earlier turns.
    ReasoningIncluded,
    /// Something of the response could not be read and is lost, in words for people.
    Notice(String),
    /// The response is complete; nothing follows.
    Completed {
        /// Its identifier.
        response_id: String,
        /// Token counts.
        usage: Option<TokenUsage>,
        /// Token counts as the server wrote them.
        usage_as_sent: Option<Value>,
        /// `false`: the model wants another request in the same turn.
        end_turn: Option<bool>,
        /// The response is over, and what has come of it counts, but the turn can't go on.
        failure: Option<Box<ModelError>>,
    },
}

/// A failed request or stream.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelError {
    /// What the client is told if the turn ends with it.
    pub error: TurnError,
    /// Whether another attempt may help.
    pub retryable: bool,
    /// How long the server asks to wait.
    pub retry_after: Option<Duration>,
    /// No connection could be made at all (refused, DNS, unreachable).
    pub no_connection: bool,
    /// The connection ended before the server said anything.
    pub no_answer: bool,
    /// Only HTTP may help: another attempt over WebSocket would end as this one.
    pub needs_http: bool,
    /// The same request may be sent again, apart from the stream's retries: which retry this is, and of how many.
    pub request_retry: Option<(u32, u32)>,
    /// Limits that came with the error; announced before it.
    pub rate_limits: Vec<RateLimitSnapshot>,
}
