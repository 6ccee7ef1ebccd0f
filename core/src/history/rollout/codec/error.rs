//! Turn errors as rollout files keep them.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{ErrorKind, Misalignment, TurnError};

/// The `error` member of a `task_complete` event.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct FileError {
    #[serde(default)]
    message: String,
    #[serde(default)]
    codex_error_info: Value,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    additional_details: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    misalignment: Option<Misalignment>,
}

impl From<&TurnError> for FileError {
    fn from(error: &TurnError) -> Self {
        Self {
            message: error.message.clone(),
            codex_error_info: kind_to_value(error.kind),
            additional_details: error.details.clone(),
            misalignment: error.misalignment.clone(),
        }
    }
}

impl From<FileError> for TurnError {
    fn from(error: FileError) -> Self {
        Self {
            message: error.message,
            kind: kind_from_value(&error.codex_error_info),
            details: error.additional_details,
            misalignment: error.misalignment,
        }
    }
}

const PLAIN: [(&str, ErrorKind); 18] = [
    ("context_window_exceeded", ErrorKind::ContextWindowExceeded),
    ("session_budget_exceeded", ErrorKind::SessionBudgetExceeded),
    ("usage_limit_exceeded", ErrorKind::UsageLimitExceeded),
    ("rate_limit_exceeded", ErrorKind::RateLimitExceeded),
    ("flex_unavailable", ErrorKind::FlexUnavailable),
    ("server_overloaded", ErrorKind::ServerOverloaded),
    ("model_not_found", ErrorKind::ModelNotFound),
    (
        "policy_capacity_unavailable",
        ErrorKind::PolicyCapacityUnavailable,
    ),
    ("cyber_policy", ErrorKind::CyberPolicy),
    ("bio_policy", ErrorKind::BioPolicy),
    (
        "misalignment_policy_violation",
        ErrorKind::MisalignmentPolicyViolation,
    ),
    ("too_many_denials", ErrorKind::TooManyDenials),
    ("inference_hook_denied", ErrorKind::InferenceHookDenied),
    ("internal_server_error", ErrorKind::InternalServerError),
    ("unauthorized", ErrorKind::Unauthorized),
    ("bad_request", ErrorKind::BadRequest),
    ("sandbox_error", ErrorKind::SandboxError),
    ("other", ErrorKind::Other),
];

fn kind_to_value(kind: ErrorKind) -> Value {
    let http = |name: &str, status: Option<u16>| json!({ name: { "http_status_code": status } });
    match kind {
        ErrorKind::HttpConnectionFailed { status } => http("http_connection_failed", status),
        ErrorKind::ResponseStreamConnectionFailed { status } => {
            http("response_stream_connection_failed", status)
        }
        ErrorKind::ResponseStreamDisconnected { status } => http("response_stream_disconnected", status),
        ErrorKind::ResponseTooManyFailedAttempts { status } => {
            http("response_too_many_failed_attempts", status)
        }
        ErrorKind::ActiveTurnNotSteerable { turn_kind } => {
            json!({ "active_turn_not_steerable": { "turn_kind": turn_kind } })
        }
        plain => PLAIN
            .iter()
            .find(|(_, k)| *k == plain)
            .map_or(Value::Null, |(name, _)| Value::from(*name)),
    }
}

fn kind_from_value(value: &Value) -> ErrorKind {
    if let Some(name) = value.as_str() {
        return PLAIN
            .iter()
            .find(|(n, _)| *n == name)
            .map_or(ErrorKind::Other, |(_, kind)| *kind);
    }
    let Some((name, detail)) = value.as_object().and_then(|o| o.iter().next()) else {
        return ErrorKind::Other;
    };
    let status = detail
        .get("http_status_code")
        .and_then(Value::as_u64)
        .and_then(|s| u16::try_from(s).ok());
    match name.as_str() {
        "http_connection_failed" => ErrorKind::HttpConnectionFailed { status },
        "response_stream_connection_failed" => ErrorKind::ResponseStreamConnectionFailed { status },
        "response_stream_disconnected" => ErrorKind::ResponseStreamDisconnected { status },
        "response_too_many_failed_attempts" => ErrorKind::ResponseTooManyFailedAttempts { status },
        "active_turn_not_steerable" => ErrorKind::ActiveTurnNotSteerable {
            turn_kind: match detail.get("turn_kind").and_then(Value::as_str) {
                Some("compact") => "compact",
                _ => "review",
            },
        },
        _ => ErrorKind::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_survives() {
        let mut kinds: Vec<ErrorKind> = PLAIN.iter().map(|(_, kind)| *kind).collect();
        for status in [None, Some(503)] {
            kinds.extend([
                ErrorKind::HttpConnectionFailed { status },
                ErrorKind::ResponseStreamConnectionFailed { status },
                ErrorKind::ResponseStreamDisconnected { status },
                ErrorKind::ResponseTooManyFailedAttempts { status },
            ]);
        }
        kinds.push(ErrorKind::ActiveTurnNotSteerable { turn_kind: "compact" });
        for kind in kinds {
            assert_eq!(kind_from_value(&kind_to_value(kind)), kind);
        }
        assert_eq!(kind_from_value(&json!("changes")), ErrorKind::Other);
        assert_eq!(kind_from_value(&Value::Null), ErrorKind::Other);
    }
}
