//! Turns as clients see them, why they fail, and the tokens that they cost.

use serde::{Deserialize, Serialize};

use crate::Item;

/// How a turn stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TurnStatus {
    /// Running.
    InProgress,
    /// Ended well.
    Completed,
    /// Stopped by the user or by our end.
    Interrupted,
    /// Ended with an error.
    Failed,
}

/// How many of its items a turn object carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ItemsView {
    /// None.
    NotLoaded,
    /// First user message and last agent message, or only the latter.
    Summary,
    /// All.
    Full,
}

/// A turn as clients see it.
#[derive(Debug, Clone, PartialEq)]
pub struct Turn {
    /// Identifier.
    pub id: String,
    /// Identifier of the turn at the root of a tree of sub-agents; its own for ordinary turns.
    pub root_turn_id: Option<String>,
    /// Status.
    pub status: TurnStatus,
    /// Items, as many as `items_view` says.
    pub items: Vec<Item>,
    /// Which items are here.
    pub items_view: ItemsView,
    /// Why it failed.
    pub error: Option<TurnError>,
    /// Unix seconds.
    pub started_at: Option<i64>,
    /// Unix seconds.
    pub completed_at: Option<i64>,
    /// Milliseconds.
    pub duration_ms: Option<i64>,
}

/// Why a turn failed, or why a request is tried again.
#[derive(Debug, Clone, PartialEq)]
pub struct TurnError {
    /// What happened and what to do.
    pub message: String,
    /// Kind of error, for programs.
    pub kind: ErrorKind,
    /// Further text, such as the cause of a retry.
    pub details: Option<String>,
    /// Details of a misalignment refusal, as the server sent them.
    pub misalignment: Option<Misalignment>,
}

/// Details of a misalignment refusal.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Misalignment {
    /// Kind, in the server's words.
    pub error_type: Option<String>,
    /// Explanation.
    pub detailed_explanation: Option<String>,
    /// Message that would steer the model back.
    pub steer_message: Option<String>,
    /// What should be reviewed.
    pub review_target: Option<String>,
}

/// Kinds of turn errors: the contract's `CodexErrorInfo` (docs/contract/model-http.md#errors).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The model's context window is full.
    ContextWindowExceeded,
    /// A session budget is used up.
    SessionBudgetExceeded,
    /// A plan's or account's limit is reached.
    UsageLimitExceeded,
    /// Too many requests for now.
    RateLimitExceeded,
    /// No flex capacity.
    FlexUnavailable,
    /// The model is at capacity.
    ServerOverloaded,
    /// No such model.
    ModelNotFound,
    /// No capacity for a policy-restricted request.
    PolicyCapacityUnavailable,
    /// Refused as a cyber-security risk.
    CyberPolicy,
    /// Refused as a biological risk.
    BioPolicy,
    /// Refused as misaligned.
    MisalignmentPolicyViolation,
    /// The reviewer of approvals refused too often.
    TooManyDenials,
    /// An inference hook refused.
    InferenceHookDenied,
    /// HTTP 500.
    InternalServerError,
    /// No valid credentials.
    Unauthorized,
    /// HTTP 400 of a known kind.
    BadRequest,
    /// The sandbox could not be set up.
    SandboxError,
    /// Anything else.
    Other,
    /// An HTTP error status, or no connection.
    HttpConnectionFailed {
        /// Status, if one was received.
        status: Option<u16>,
    },
    /// The response stream could not be opened.
    ResponseStreamConnectionFailed {
        /// Status, if one was received.
        status: Option<u16>,
    },
    /// The response stream broke.
    ResponseStreamDisconnected {
        /// Status, if one was received.
        status: Option<u16>,
    },
    /// The retry budget is used up.
    ResponseTooManyFailedAttempts {
        /// Last status.
        status: Option<u16>,
    },
    /// The running turn takes no steering.
    ActiveTurnNotSteerable {
        /// `review` or `compact`.
        turn_kind: &'static str,
    },
}

/// Token counts of one response, or their sum.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TokenUsage {
    /// All input tokens, cached ones among them.
    pub input_tokens: i64,
    /// Input tokens read from the cache.
    pub cached_input_tokens: i64,
    /// Input tokens written to the cache.
    pub cache_write_input_tokens: i64,
    /// All output tokens, reasoning among them.
    pub output_tokens: i64,
    /// Reasoning tokens.
    pub reasoning_output_tokens: i64,
    /// Total as the server counts.
    pub total_tokens: i64,
}

/// Largest count that is kept: clients read numbers as doubles, which are exact up to 2^53.
const MAX_TOKENS: i64 = 1 << 53;

impl TokenUsage {
    /// The counts as they can be worked with, whatever a server says: none is negative or absurdly large.
    #[must_use]
    pub(crate) fn bounded(self) -> Self {
        let bounded = |count: i64| count.clamp(0, MAX_TOKENS);
        Self {
            input_tokens: bounded(self.input_tokens),
            cached_input_tokens: bounded(self.cached_input_tokens),
            cache_write_input_tokens: bounded(self.cache_write_input_tokens),
            output_tokens: bounded(self.output_tokens),
            reasoning_output_tokens: bounded(self.reasoning_output_tokens),
            total_tokens: bounded(self.total_tokens),
        }
    }
}

impl std::ops::AddAssign for TokenUsage {
    fn add_assign(&mut self, other: Self) {
        let add = |count: &mut i64, more: i64| *count = count.saturating_add(more).clamp(0, MAX_TOKENS);
        add(&mut self.input_tokens, other.input_tokens);
        add(&mut self.cached_input_tokens, other.cached_input_tokens);
        add(&mut self.cache_write_input_tokens, other.cache_write_input_tokens);
        add(&mut self.output_tokens, other.output_tokens);
        add(&mut self.reasoning_output_tokens, other.reasoning_output_tokens);
        add(&mut self.total_tokens, other.total_tokens);
    }
}

/// Token usage of a thread.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThreadTokenUsage {
    /// Sum over all responses.
    #[serde(rename = "total_token_usage")]
    pub total: TokenUsage,
    /// The last response.
    #[serde(rename = "last_token_usage")]
    pub last: TokenUsage,
    /// Usable tokens of the model's window.
    pub model_context_window: Option<i64>,
}
