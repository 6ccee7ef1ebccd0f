//! A turn, and why one fails.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::thread_item::ThreadItem;

/// One round: what the user said and all that the agent did about it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Turn {
    /// Its id, a UUID.
    pub id: String,
    /// Its items, as far as `itemsView` says.
    pub items: Vec<ThreadItem>,
    /// How it stands.
    pub status: TurnStatus,
    /// When it ended, in Unix seconds.
    pub completed_at: Option<i64>,
    /// How long it took, in milliseconds; null while it runs.
    pub duration_ms: Option<i64>,
    /// Why it failed.
    pub error: Option<TurnError>,
    /// How much `items` holds.
    #[serde(default)]
    pub items_view: TurnItemsView,
    /// First turn in the chain of work that led to this one.
    pub root_turn_id: Option<String>,
    /// When it began, in Unix seconds.
    pub started_at: Option<i64>,
}

impl Turn {
    /// Writes it as JSON. Here, and not where it is needed, so that it is compiled once and for speed.
    pub fn write_json(&self, out: &mut Vec<u8>) -> serde_json::Result<()> {
        serde_json::to_writer(out, self)
    }
}

/// How much of a turn's items is there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum TurnItemsView {
    /// None.
    NotLoaded,
    /// The first user message and the last agent message.
    Summary,
    /// All.
    #[default]
    Full,
}

/// How a turn stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum TurnStatus {
    /// It ended well.
    Completed,
    /// It was stopped.
    Interrupted,
    /// It ended with an error.
    Failed,
    /// It runs.
    InProgress,
}

/// Why a turn failed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TurnError {
    /// What happened and what can be done, for people.
    pub message: String,
    /// What the model server said about it.
    pub additional_details: Option<String>,
    /// What kind of failure, for programs.
    pub codex_error_info: Option<CodexErrorInfo>,
    /// The finding of a safety check.
    pub misalignment: Option<MisalignmentErrorDetails>,
}

/// What kind of failure ended a turn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum CodexErrorInfo {
    /// The conversation no longer fits into the model.
    ContextWindowExceeded,
    /// The budget of the session is spent.
    SessionBudgetExceeded,
    /// The account's limit is reached.
    UsageLimitExceeded,
    /// Too many requests.
    RateLimitExceeded,
    /// There is no room in the flexible service tier.
    FlexUnavailable,
    /// The model server has too much to do.
    ServerOverloaded,
    /// The model does not exist, or not for this account.
    ModelNotFound,
    /// The safety check has too much to do.
    PolicyCapacityUnavailable,
    /// The cyber policy of the model server forbids it.
    CyberPolicy,
    /// The model server refused the request as a possible biological risk.
    BioPolicy,
    /// A safety check found the agent off its task.
    MisalignmentPolicyViolation,
    /// The reviewer refused too often.
    TooManyDenials,
    /// The model server failed.
    InternalServerError,
    /// The account is not signed in, or its tokens are no longer good.
    Unauthorized,
    /// The model server did not understand the request.
    BadRequest,
    /// The history could not be shortened.
    ThreadRollbackFailed,
    /// The sandbox could not be set up.
    SandboxError,
    /// A hook forbade the request.
    InferenceHookDenied,
    /// Anything else.
    Other,
    /// The model server could not be reached.
    HttpConnectionFailed {
        /// HTTP status, if there was an answer.
        http_status_code: Option<u16>,
    },
    /// The model server did not start to answer.
    ResponseStreamConnectionFailed {
        /// HTTP status, if there was an answer.
        http_status_code: Option<u16>,
    },
    /// The answer broke off.
    ResponseStreamDisconnected {
        /// HTTP status, if there was an answer.
        http_status_code: Option<u16>,
    },
    /// It was tried again too often.
    ResponseTooManyFailedAttempts {
        /// HTTP status, if there was an answer.
        http_status_code: Option<u16>,
    },
    /// The running turn takes no input.
    ActiveTurnNotSteerable {
        /// What kind of turn is running.
        turn_kind: NonSteerableTurnKind,
    },
}

/// A kind of turn that takes no input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum NonSteerableTurnKind {
    /// A review.
    Review,
    /// A summing-up of the history.
    Compact,
}

/// The finding of a safety check.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MisalignmentErrorDetails {
    /// What was found, in detail.
    pub detailed_explanation: Option<String>,
    /// What kind of finding, in words of the model server.
    pub error_type: Option<String>,
    /// What was checked.
    pub review_target: Option<String>,
    /// What to tell the agent to bring it back.
    pub steer: Option<MisalignmentSteer>,
}

/// What to tell an agent to bring it back to its task.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MisalignmentSteer {
    /// The text.
    pub message: String,
}
