//! From what a server or the network says to a [`ModelError`] (docs/contract/model-http.md#errors): codes, and streams that end
//! otherwise than they should. Answers with a status are in `status_failure.rs`.

use serde_json::Value;

use super::api_error::ApiError;
pub(super) use super::status_failure::{error_event, status};
use super::{ModelError, retry_after};
use crate::net::server_message;
use crate::net::server_message::MAX_WORDS;
use crate::{ErrorKind, TurnError};

const CONTEXT_FULL: &str = "Codex ran out of room in the model's context window. Start a new thread or clear earlier \
                            history before retrying.";
pub(super) const INSUFFICIENT_QUOTA: &str = "insufficient_quota";
pub(super) const QUOTA_EXCEEDED: &str = "Quota exceeded. Check your plan and billing details.";
pub(super) const UPGRADE_TO_PLUS: &str =
    "To use Codex with your ChatGPT plan, upgrade to Plus: https://chatgpt.com/explore/plus.";
const CYBER_RISK: &str = "This request has been flagged for possible cybersecurity risk.";
const BIO_RISK: &str = "This content was flagged for possible biological risk.";
const AT_CAPACITY: &str = "Selected model is at capacity. Please try a different model.";
const POLICY_CAPACITY: &str = "Policy-restricted capacity is unavailable. Please try again later.";
pub(super) const FLEX_CAPACITY: &str = "Flex capacity unavailable.";

impl ModelError {
    /// An error that another attempt can't mend.
    pub(crate) fn terminal(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            error: TurnError {
                message: message.into(),
                kind,
                details: None,
                misalignment: None,
            },
            retryable: false,
            retry_after: None,
            no_connection: false,
            no_answer: false,
            needs_http: false,
            request_retry: None,
            rate_limits: Vec::new(),
        }
    }

    /// An error that another attempt may mend.
    pub(crate) fn transient(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            retryable: true,
            ..Self::terminal(kind, message)
        }
    }

    /// The stream ended too early.
    pub(crate) fn disconnected(cause: impl std::fmt::Display) -> Self {
        Self::transient(
            ErrorKind::Other,
            format!("stream disconnected before completion: {cause}"),
        )
    }

    /// Keeps what the server said where the message is a sentence of ours.
    pub(super) fn with_details(mut self, words: String) -> Self {
        if !words.is_empty() && !self.error.message.contains(&words) {
            self.error.details = Some(words);
        }
        self
    }

    /// The server could not be reached.
    /// `url` is shown: without secrets.
    pub(crate) fn unreachable(url: &str, cause: impl std::fmt::Display) -> Self {
        Self {
            no_connection: true,
            ..Self::transient(
                ErrorKind::HttpConnectionFailed { status: None },
                format!("Connection failed: error sending request for url ({url}): {cause}"),
            )
        }
    }

    /// The HTTP status that the error tells, if there is one. An internal error of the server has a kind of its own,
    /// which tells none.
    pub(super) fn status(&self) -> Option<u16> {
        match self.error.kind {
            ErrorKind::HttpConnectionFailed { status }
            | ErrorKind::ResponseStreamConnectionFailed { status }
            | ErrorKind::ResponseStreamDisconnected { status }
            | ErrorKind::ResponseTooManyFailedAttempts { status } => status,
            _ => None,
        }
    }
}

/// Codes and types of errors that another attempt may mend, for servers that tell no status.
const PASSING: [&str; 17] = [
    "api_error",
    "gateway_timeout",
    "internal_error",
    "internal_server_error",
    "overloaded",
    "overloaded_error",
    "previous_response_not_found",
    "rate_limit_error",
    "rate_limit_exceeded",
    "request_timeout",
    "server_error",
    "server_overloaded",
    "service_unavailable",
    "slow_down",
    "temporarily_unavailable",
    "timeout",
    "websocket_connection_limit_reached",
];

/// Codes that say the same by whatever way they come. `None`: nothing is known of the code.
pub(super) fn of_code(error: &ApiError) -> Option<ModelError> {
    let words = error.words();
    let blank = error.message.is_none();
    let fixed = |kind, sentence: &str| ModelError::terminal(kind, sentence).with_details(error.text());
    Some(match error.code() {
        "context_length_exceeded" => fixed(ErrorKind::ContextWindowExceeded, CONTEXT_FULL),
        INSUFFICIENT_QUOTA => fixed(ErrorKind::UsageLimitExceeded, QUOTA_EXCEEDED),
        "usage_not_included" => fixed(ErrorKind::UsageLimitExceeded, UPGRADE_TO_PLUS),
        "cyber_policy" if blank => ModelError::terminal(ErrorKind::CyberPolicy, CYBER_RISK),
        "cyber_policy" => ModelError::terminal(ErrorKind::CyberPolicy, words),
        "bio_policy" if blank => ModelError::terminal(ErrorKind::BioPolicy, BIO_RISK),
        "bio_policy" => ModelError::terminal(ErrorKind::BioPolicy, words),
        "misalignment_policy_violation" => misaligned(error),
        "content_policy_violation" | "invalid_prompt" => ModelError::terminal(ErrorKind::Other, words),
        "model_not_found" => ModelError::terminal(ErrorKind::ModelNotFound, words),
        "inference_hook_denied" => ModelError::terminal(ErrorKind::InferenceHookDenied, words),
        "access_program_not_enabled" => {
            ModelError::terminal(ErrorKind::HttpConnectionFailed { status: None }, words)
        }
        "server_is_overloaded" => fixed(ErrorKind::ServerOverloaded, AT_CAPACITY),
        "policy_capacity_unavailable" => fixed(ErrorKind::PolicyCapacityUnavailable, POLICY_CAPACITY),
        "flex_unavailable" => fixed(ErrorKind::FlexUnavailable, FLEX_CAPACITY),
        "rate_limit_exceeded" | "slow_down" => ModelError {
            retry_after: retry_after::in_text(&words),
            ..ModelError::transient(
                ErrorKind::RateLimitExceeded,
                format!("rate limit exceeded: {}", error.text()),
            )
        },
        _ => return None,
    })
}

fn misaligned(error: &ApiError) -> ModelError {
    let mut result = ModelError::terminal(ErrorKind::MisalignmentPolicyViolation, error.words());
    result.error.misalignment.clone_from(&error.misalignment);
    result
}

/// A `response.failed` event. `error` is `response.error`.
pub(super) fn failed(error: Option<ApiError>) -> ModelError {
    let error = error.unwrap_or_default();
    of_code(&error).unwrap_or_else(|| {
        let words = error.words();
        ModelError::disconnected(if words.is_empty() {
            "response.failed event received"
        } else {
            &words
        })
    })
}

/// A `response.incomplete` event: the answer is over, and another attempt would be paid for again.
pub(super) fn incomplete(reason: &str) -> ModelError {
    let reason = server_message::clean_up_to(reason, 200);
    ModelError::terminal(
        ErrorKind::Other,
        format!("Incomplete response returned, reason: {reason}"),
    )
}

/// A body that came with a success but is no stream, or the text of an event that can't be understood otherwise. An
/// error in JSON has the server's words; of anything else the text itself is shown.
pub(super) fn not_a_stream(content_type: Option<&str>, body: &[u8]) -> ModelError {
    let parsed: Option<Value> = serde_json::from_slice(body).ok();
    if let Some(error) = parsed.as_ref().and_then(ApiError::find) {
        return told(&error, body);
    }
    let what = match content_type {
        Some(kind) => format!(" ({})", server_message::clean_up_to(kind, 100)),
        None => String::new(),
    };
    let shown = server_message::of_bytes(body, MAX_WORDS);
    let shown = if shown.is_empty() { "an empty body" } else { &shown };
    ModelError::terminal(
        ErrorKind::Other,
        format!("the model server answered with something that is no event stream{what}: {shown}"),
    )
}

/// An error that a server tells inside of a stream, without a status.
pub(super) fn told(error: &ApiError, whole: &[u8]) -> ModelError {
    if let Some(known) = of_code(error) {
        return known;
    }
    let words = match error.words() {
        words if words.is_empty() => server_message::of_bytes(whole, MAX_WORDS),
        words => words,
    };
    let passing = [&error.code, &error.kind]
        .into_iter()
        .flatten()
        .any(|word| PASSING.contains(&word.to_ascii_lowercase().as_str()))
        || error
            .status
            .is_some_and(|status| status >= 500 || matches!(status, 408 | 429));
    if passing {
        ModelError {
            retry_after: retry_after::in_text(&words),
            ..ModelError::disconnected(words)
        }
    } else {
        ModelError::terminal(ErrorKind::Other, words)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed_with(error: &str) -> ModelError {
        failed(Some(serde_json::from_str(error).unwrap()))
    }

    #[test]
    fn failed_codes_have_their_kinds() {
        for (code, kind, retryable) in [
            ("context_length_exceeded", ErrorKind::ContextWindowExceeded, false),
            ("insufficient_quota", ErrorKind::UsageLimitExceeded, false),
            ("usage_not_included", ErrorKind::UsageLimitExceeded, false),
            ("cyber_policy", ErrorKind::CyberPolicy, false),
            (
                "misalignment_policy_violation",
                ErrorKind::MisalignmentPolicyViolation,
                false,
            ),
            ("content_policy_violation", ErrorKind::Other, false),
            ("bio_policy", ErrorKind::BioPolicy, false),
            ("invalid_prompt", ErrorKind::Other, false),
            ("model_not_found", ErrorKind::ModelNotFound, false),
            ("inference_hook_denied", ErrorKind::InferenceHookDenied, false),
            (
                "access_program_not_enabled",
                ErrorKind::HttpConnectionFailed { status: None },
                false,
            ),
            ("server_is_overloaded", ErrorKind::ServerOverloaded, false),
            (
                "policy_capacity_unavailable",
                ErrorKind::PolicyCapacityUnavailable,
                false,
            ),
            ("flex_unavailable", ErrorKind::FlexUnavailable, false),
            ("rate_limit_exceeded", ErrorKind::RateLimitExceeded, true),
            ("slow_down", ErrorKind::RateLimitExceeded, true),
            ("something_else", ErrorKind::Other, true),
        ] {
            let error = failed_with(&format!(r#"{{"code":"{code}","message":"m"}}"#));
            assert_eq!((error.error.kind, error.retryable), (kind, retryable), "{code}");
        }
        assert_eq!(
            failed(None).error.message,
            "stream disconnected before completion: response.failed event received"
        );
    }

    #[test]
    fn a_blank_refusal_by_a_policy_gets_a_sentence() {
        for (code, sentence) in [("cyber_policy", CYBER_RISK), ("bio_policy", BIO_RISK)] {
            let error = failed_with(&format!(r#"{{"code":"{code}","message":" "}}"#));
            assert_eq!(error.error.message, sentence);
        }
    }

    #[test]
    fn misalignment_details_are_kept() {
        let error = failed_with(
            r#"{"code":"misalignment_policy_violation","message":"no","misalignment":{"error_type":"t",
            "detailed_explanation":"d","steer":{"message":"s"},"review_target":"r"}}"#,
        );
        let details = error.error.misalignment.unwrap();
        assert_eq!(details.steer_message.as_deref(), Some("s"));
        assert_eq!(details.review_target.as_deref(), Some("r"));
    }

    #[test]
    fn a_success_that_is_no_stream_is_final_and_shows_what_came() {
        for (body, shown) in [
            (r#"{"error":{"message":"no credit","code":402}}"#, "no credit"),
            (
                "<html><body>Sign in</body></html>",
                "(text/html): <html><body>Sign in",
            ),
            ("", "an empty body"),
            ("{\"x\":\u{1b}", "{\"x\":"),
        ] {
            let error = not_a_stream(Some("text/html"), body.as_bytes());
            assert!(!error.retryable);
            assert!(error.error.message.contains(shown), "{}", error.error.message);
            assert!(!error.error.message.contains('\u{1b}'));
        }
    }
}
