//! Turns, and why they fail.

use codex_app_server_protocol as wire;
use codex_core::{ErrorKind, ItemsView, Misalignment, Turn, TurnError, TurnStatus};

use super::item;

/// Towards the client.
pub(crate) fn to_wire(turn: Turn) -> wire::Turn {
    wire::Turn {
        id: turn.id,
        items: turn.items.into_iter().map(item::to_wire).collect(),
        status: match turn.status {
            TurnStatus::InProgress => wire::TurnStatus::InProgress,
            TurnStatus::Completed => wire::TurnStatus::Completed,
            TurnStatus::Interrupted => wire::TurnStatus::Interrupted,
            TurnStatus::Failed => wire::TurnStatus::Failed,
        },
        completed_at: turn.completed_at,
        duration_ms: turn.duration_ms,
        error: turn.error.map(error_to_wire),
        items_view: match turn.items_view {
            ItemsView::NotLoaded => wire::TurnItemsView::NotLoaded,
            ItemsView::Summary => wire::TurnItemsView::Summary,
            ItemsView::Full => wire::TurnItemsView::Full,
        },
        root_turn_id: turn.root_turn_id,
        started_at: turn.started_at,
    }
}

/// Towards the client.
pub(crate) fn error_to_wire(error: TurnError) -> wire::TurnError {
    wire::TurnError {
        message: error.message,
        additional_details: error.details,
        codex_error_info: Some(kind_to_wire(error.kind)),
        misalignment: error.misalignment.map(misalignment_to_wire),
    }
}

fn kind_to_wire(kind: ErrorKind) -> wire::CodexErrorInfo {
    match kind {
        ErrorKind::ContextWindowExceeded => wire::CodexErrorInfo::ContextWindowExceeded,
        ErrorKind::SessionBudgetExceeded => wire::CodexErrorInfo::SessionBudgetExceeded,
        ErrorKind::UsageLimitExceeded => wire::CodexErrorInfo::UsageLimitExceeded,
        ErrorKind::RateLimitExceeded => wire::CodexErrorInfo::RateLimitExceeded,
        ErrorKind::FlexUnavailable => wire::CodexErrorInfo::FlexUnavailable,
        ErrorKind::ServerOverloaded => wire::CodexErrorInfo::ServerOverloaded,
        ErrorKind::ModelNotFound => wire::CodexErrorInfo::ModelNotFound,
        ErrorKind::PolicyCapacityUnavailable => wire::CodexErrorInfo::PolicyCapacityUnavailable,
        ErrorKind::CyberPolicy => wire::CodexErrorInfo::CyberPolicy,
        ErrorKind::BioPolicy => wire::CodexErrorInfo::BioPolicy,
        ErrorKind::MisalignmentPolicyViolation => wire::CodexErrorInfo::MisalignmentPolicyViolation,
        ErrorKind::TooManyDenials => wire::CodexErrorInfo::TooManyDenials,
        ErrorKind::InferenceHookDenied => wire::CodexErrorInfo::InferenceHookDenied,
        ErrorKind::InternalServerError => wire::CodexErrorInfo::InternalServerError,
        ErrorKind::Unauthorized => wire::CodexErrorInfo::Unauthorized,
        ErrorKind::BadRequest => wire::CodexErrorInfo::BadRequest,
        ErrorKind::SandboxError => wire::CodexErrorInfo::SandboxError,
        ErrorKind::Other => wire::CodexErrorInfo::Other,
        ErrorKind::HttpConnectionFailed { status } => wire::CodexErrorInfo::HttpConnectionFailed {
            http_status_code: status,
        },
        ErrorKind::ResponseStreamConnectionFailed { status } => {
            wire::CodexErrorInfo::ResponseStreamConnectionFailed {
                http_status_code: status,
            }
        }
        ErrorKind::ResponseStreamDisconnected { status } => {
            wire::CodexErrorInfo::ResponseStreamDisconnected {
                http_status_code: status,
            }
        }
        ErrorKind::ResponseTooManyFailedAttempts { status } => {
            wire::CodexErrorInfo::ResponseTooManyFailedAttempts {
                http_status_code: status,
            }
        }
        ErrorKind::ActiveTurnNotSteerable { turn_kind } => wire::CodexErrorInfo::ActiveTurnNotSteerable {
            turn_kind: match turn_kind {
                "review" => wire::NonSteerableTurnKind::Review,
                _ => wire::NonSteerableTurnKind::Compact,
            },
        },
    }
}

fn misalignment_to_wire(found: Misalignment) -> wire::MisalignmentErrorDetails {
    wire::MisalignmentErrorDetails {
        detailed_explanation: found.detailed_explanation,
        error_type: found.error_type,
        review_target: found.review_target,
        steer: found
            .steer_message
            .map(|message| wire::MisalignmentSteer { message }),
    }
}
