//! From what a server or the network says to a [`ModelError`] (model-and-auth section 1.5).

use std::time::SystemTime;

use base64::Engine as _;
use http::{HeaderMap, StatusCode};
use serde::Deserialize;

use super::{ModelError, rate_limits, retry_after, usage_limit};
use crate::{ErrorKind, Misalignment, TurnError};

/// How much of an unknown error body is shown, in bytes.
const MAX_BODY_SHOWN: usize = 1000;

const CONTEXT_FULL: &str = "Codex ran out of room in the model's context window. Start a new thread or clear earlier \
                            history before retrying.";
const UPGRADE_TO_PLUS: &str =
    "To use Codex with your ChatGPT plan, upgrade to Plus: https://chatgpt.com/explore/plus.";
const CYBER_RISK: &str = "This request has been flagged for possible cybersecurity risk.";
const BIO_RISK: &str = "This content was flagged for possible biological risk.";
const AT_CAPACITY: &str = "Selected model is at capacity. Please try a different model.";
const POLICY_CAPACITY: &str = "Policy-restricted capacity is unavailable. Please try again later.";
const FLEX_CAPACITY: &str = "Flex capacity unavailable.";
const HIGH_DEMAND: &str = "We’re currently experiencing high demand, which may cause temporary errors.";

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

    /// The server could not be reached.
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

/// The `error` object of the Responses API. Everything may be missing.
#[derive(Debug, Default, Deserialize)]
pub(super) struct ApiError {
    code: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    message: Option<String>,
    plan_type: Option<String>,
    resets_at: Option<i64>,
    misalignment: Option<ApiMisalignment>,
}

#[derive(Debug, Deserialize)]
struct ApiMisalignment {
    error_type: Option<String>,
    detailed_explanation: Option<String>,
    steer: Option<ApiSteer>,
    review_target: Option<String>,
}

#[derive(Debug, Deserialize)]
struct ApiSteer {
    message: Option<String>,
}

#[derive(Deserialize)]
struct ErrorBody {
    error: Option<ApiError>,
}

impl ApiError {
    fn code(&self) -> &str {
        self.code.as_deref().unwrap_or_default()
    }

    fn text(&self) -> String {
        self.message.clone().unwrap_or_default()
    }

    fn context_full() -> ModelError {
        ModelError::terminal(ErrorKind::ContextWindowExceeded, CONTEXT_FULL)
    }

    fn cyber(&self) -> ModelError {
        self.flagged(ErrorKind::CyberPolicy, CYBER_RISK)
    }

    fn bio(&self) -> ModelError {
        self.flagged(ErrorKind::BioPolicy, BIO_RISK)
    }

    /// Refused by a policy, in the server's words if there are any.
    fn flagged(&self, kind: ErrorKind, otherwise: &str) -> ModelError {
        let text = self.message.as_deref().filter(|m| !m.trim().is_empty());
        ModelError::terminal(kind, text.unwrap_or(otherwise))
    }

    fn misaligned(self) -> ModelError {
        let mut error = ModelError::terminal(ErrorKind::MisalignmentPolicyViolation, self.text());
        error.error.misalignment = self.misalignment.map(|m| Misalignment {
            error_type: m.error_type,
            detailed_explanation: m.detailed_explanation,
            steer_message: m.steer.and_then(|s| s.message),
            review_target: m.review_target,
        });
        error
    }
}

/// A `response.failed` event. `error` is `response.error`.
pub(super) fn failed(error: Option<ApiError>) -> ModelError {
    let Some(error) = error else {
        return ModelError::disconnected("response.failed event received");
    };
    let text = error.text();
    match error.code() {
        "context_length_exceeded" => ApiError::context_full(),
        "insufficient_quota" => ModelError::terminal(
            ErrorKind::UsageLimitExceeded,
            "Quota exceeded. Check your plan and billing details.",
        ),
        "usage_not_included" => ModelError::terminal(ErrorKind::UsageLimitExceeded, UPGRADE_TO_PLUS),
        "cyber_policy" => error.cyber(),
        "bio_policy" => error.bio(),
        "misalignment_policy_violation" => error.misaligned(),
        "content_policy_violation" | "invalid_prompt" => ModelError::terminal(ErrorKind::Other, text),
        "model_not_found" => ModelError::terminal(ErrorKind::ModelNotFound, text),
        "inference_hook_denied" => ModelError::terminal(ErrorKind::InferenceHookDenied, text),
        "access_program_not_enabled" => {
            ModelError::terminal(ErrorKind::HttpConnectionFailed { status: None }, text)
        }
        "server_is_overloaded" => ModelError::terminal(ErrorKind::ServerOverloaded, AT_CAPACITY),
        "policy_capacity_unavailable" => {
            ModelError::terminal(ErrorKind::PolicyCapacityUnavailable, POLICY_CAPACITY)
        }
        "flex_unavailable" => ModelError::terminal(ErrorKind::FlexUnavailable, FLEX_CAPACITY),
        "rate_limit_exceeded" | "slow_down" => ModelError {
            retry_after: retry_after::in_text(&text),
            ..ModelError::transient(
                ErrorKind::RateLimitExceeded,
                format!("rate limit exceeded: {text}"),
            )
        },
        _ => ModelError::disconnected(text),
    }
}

/// A `response.incomplete` event: the answer is over, and another attempt would be paid for again.
pub(super) fn incomplete(reason: &str) -> ModelError {
    ModelError::terminal(
        ErrorKind::Other,
        format!("Incomplete response returned, reason: {reason}"),
    )
}

/// An HTTP answer that is not a success, or the error frame of a WebSocket that stands for one.
pub(super) fn status(status: StatusCode, headers: &HeaderMap, body: &[u8], url: &str) -> ModelError {
    let text = String::from_utf8_lossy(body);
    let error = serde_json::from_slice::<ErrorBody>(body)
        .ok()
        .and_then(|b| b.error)
        .unwrap_or_default();
    let mut result = match (status.as_u16(), error.code()) {
        (400, "context_length_exceeded") => ApiError::context_full(),
        (400, "cyber_policy") => error.cyber(),
        (400, "bio_policy") => error.bio(),
        (400 | 403, "misalignment_policy_violation") => error.misaligned(),
        (400 | 403, "model_not_found") => ModelError::terminal(ErrorKind::ModelNotFound, error.text()),
        (400, "content_policy_violation") => ModelError::terminal(ErrorKind::Other, error.text()),
        (400, _) if text.contains("does not represent a valid image") => ModelError::terminal(
            ErrorKind::BadRequest,
            "Invalid image in your last message. Please remove it and try again.",
        ),
        (400, _) => ModelError::terminal(ErrorKind::Other, text),
        (403, "inference_hook_denied") => ModelError::terminal(ErrorKind::InferenceHookDenied, error.text()),
        (429, _) => too_many_requests(&error, headers),
        (500, _) => ModelError::transient(ErrorKind::InternalServerError, HIGH_DEMAND),
        (503, "server_is_overloaded" | "slow_down") => {
            ModelError::terminal(ErrorKind::ServerOverloaded, AT_CAPACITY)
        }
        (503, "policy_capacity_unavailable") => {
            ModelError::terminal(ErrorKind::PolicyCapacityUnavailable, POLICY_CAPACITY)
        }
        _ => unexpected(status, headers, &error, &text, url),
    };
    // Server errors are tried again within the request, also those that end the turn if they stay.
    if result.retryable || status.is_server_error() {
        result.retry_after = retry_after::in_headers(headers, SystemTime::now());
    }
    result
}

/// The error frame of a WebSocket: an HTTP answer in one JSON object (section 2.4). One without a status says nothing.
pub(super) fn error_frame(frame: &[u8], url: &str) -> Option<ModelError> {
    #[derive(Deserialize)]
    struct ErrorFrame {
        #[serde(alias = "status_code")]
        status: Option<u16>,
        #[serde(default)]
        headers: serde_json::Map<String, serde_json::Value>,
        error: Option<ApiError>,
    }
    let parsed: ErrorFrame = serde_json::from_slice(frame).ok()?;
    let code = StatusCode::from_u16(parsed.status?).ok()?;
    let error = parsed.error.unwrap_or_default();
    if matches!(
        error.code(),
        "websocket_connection_limit_reached" | "previous_response_not_found"
    ) {
        // A new connection and the full input mend both.
        let text = error.message.as_deref().unwrap_or(error.code());
        return Some(ModelError::disconnected(text));
    }
    let headers: HeaderMap = parsed
        .headers
        .iter()
        .filter_map(|(name, value)| {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            Some((
                http::HeaderName::try_from(name).ok()?,
                http::HeaderValue::try_from(value).ok()?,
            ))
        })
        .collect();
    Some(status(code, &headers, frame, url))
}

/// An `error` event of either transport, with a status or without.
pub(super) fn error_event(event: &[u8], url: &str) -> ModelError {
    error_frame(event, url).unwrap_or_else(|| {
        let body = serde_json::from_slice::<ErrorBody>(event);
        failed(body.ok().and_then(|body| body.error))
    })
}

fn too_many_requests(error: &ApiError, headers: &HeaderMap) -> ModelError {
    let limits = rate_limits::from_headers(headers);
    match error.kind.as_deref() {
        Some("usage_limit_reached") => ModelError {
            rate_limits: limits,
            ..ModelError::terminal(
                ErrorKind::UsageLimitExceeded,
                usage_limit::message(
                    headers,
                    error.plan_type.as_deref(),
                    error.resets_at,
                    chrono::Local::now(),
                ),
            )
        },
        Some("usage_not_included") => ModelError::terminal(ErrorKind::UsageLimitExceeded, UPGRADE_TO_PLUS),
        _ if error.code() == "flex_unavailable" => {
            ModelError::terminal(ErrorKind::FlexUnavailable, FLEX_CAPACITY)
        }
        _ => {
            let mut message = "exceeded retry limit, last status: 429 Too Many Requests".to_owned();
            if let Some(id) = header(headers, "x-request-id").or_else(|| header(headers, "cf-ray")) {
                message.push_str(", request id: ");
                message.push_str(&id);
            }
            ModelError {
                retryable: headers.contains_key(http::header::RETRY_AFTER),
                rate_limits: limits,
                ..ModelError::terminal(
                    ErrorKind::ResponseTooManyFailedAttempts { status: Some(429) },
                    message,
                )
            }
        }
    }
}

fn unexpected(
    status: StatusCode,
    headers: &HeaderMap,
    error: &ApiError,
    body: &str,
    url: &str,
) -> ModelError {
    let code = status.as_u16();
    let reason = status.canonical_reason().unwrap_or("<unknown status code>");
    let mut message = if code == 403 && body.contains("Cloudflare") && body.contains("blocked") {
        format!(
            "Access blocked by Cloudflare. This usually happens when connecting from a restricted region (status \
             {code} {reason}), url: {url}"
        )
    } else {
        let said = match error.message.as_deref() {
            Some(message) if !message.is_empty() => message,
            _ if body.trim().is_empty() => "Unknown error",
            _ => shorten(body),
        };
        format!("unexpected status {code} {reason}: {said}, url: {url}")
    };
    let mut add = |label: &str, value: Option<String>| {
        if let Some(value) = value {
            message.extend([", ", label, ": ", &value]);
        }
    };
    add("cf-ray", header(headers, "cf-ray"));
    add(
        "request id",
        header(headers, "x-request-id").or_else(|| header(headers, "x-oai-request-id")),
    );
    add("auth error", header(headers, "x-openai-authorization-error"));
    add("auth error code", auth_error_code(headers));
    ModelError::transient(ErrorKind::HttpConnectionFailed { status: Some(code) }, message)
}

fn shorten(body: &str) -> &str {
    let mut end = body.len().min(MAX_BODY_SHOWN);
    while !body.is_char_boundary(end) {
        end -= 1;
    }
    &body[..end]
}

fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    Some(headers.get(name)?.to_str().ok()?.to_owned())
}

/// `x-error-json` is base64 of `{"error":{"code":…}}`.
fn auth_error_code(headers: &HeaderMap) -> Option<String> {
    let json = base64::engine::general_purpose::STANDARD
        .decode(headers.get("x-error-json")?)
        .ok()?;
    serde_json::from_slice::<ErrorBody>(&json).ok()?.error?.code
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn failed_with(error: &str) -> ModelError {
        failed(Some(serde_json::from_str(error).unwrap()))
    }

    fn answer(code: u16, headers: &[(&'static str, &str)], body: &str) -> ModelError {
        let headers: HeaderMap = headers
            .iter()
            .map(|(k, v)| (k.parse().unwrap(), v.parse().unwrap()))
            .collect();
        status(
            StatusCode::from_u16(code).unwrap(),
            &headers,
            body.as_bytes(),
            "http://h/v1/responses",
        )
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
    fn a_biological_risk_is_told_by_status_400_only() {
        let kind = |code| {
            answer(code, &[], r#"{"error":{"code":"bio_policy","message":"no"}}"#)
                .error
                .kind
        };
        assert_eq!(kind(400), ErrorKind::BioPolicy);
        assert_ne!(kind(403), ErrorKind::BioPolicy);
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
    fn statuses_have_their_kinds() {
        let overloaded = r#"{"error":{"code":"slow_down"}}"#;
        assert_eq!(answer(400, &[], "raw").error.message, "raw");
        assert!(!answer(400, &[], "raw").retryable);
        assert_eq!(answer(500, &[], "").error.kind, ErrorKind::InternalServerError);
        assert_eq!(
            answer(503, &[], overloaded).error.kind,
            ErrorKind::ServerOverloaded
        );
        assert!(answer(503, &[], "busy").retryable);
        assert_eq!(
            answer(429, &[("x-request-id", "r1")], "").error.message,
            "exceeded retry limit, last status: 429 Too Many Requests, request id: r1"
        );
        assert!(!answer(429, &[], "").retryable);
        assert_eq!(
            answer(429, &[("retry-after", "2")], "").retry_after,
            Some(Duration::from_secs(2))
        );
        assert!(answer(429, &[("retry-after", "2")], "").retryable);
    }

    #[test]
    fn an_unexpected_status_tells_everything_known() {
        let code = base64::engine::general_purpose::STANDARD.encode(r#"{"error":{"code":"expired"}}"#);
        let error = answer(
            401,
            &[
                ("cf-ray", "ray"),
                ("x-oai-request-id", "id"),
                ("x-openai-authorization-error", "bad"),
                ("x-error-json", &code),
            ],
            r#"{"error":{"message":"nope"}}"#,
        );
        assert_eq!(
            error.error.message,
            "unexpected status 401 Unauthorized: nope, url: http://h/v1/responses, cf-ray: ray, request id: id, auth \
             error: bad, auth error code: expired"
        );
        assert_eq!(
            answer(599, &[], "").error.message,
            "unexpected status 599 <unknown status code>: Unknown error, url: http://h/v1/responses"
        );
    }

    #[test]
    fn a_long_body_is_cut_at_a_character() {
        let body = "é".repeat(900);
        assert!(answer(404, &[], &body).error.message.len() < 1100);
    }

    #[test]
    fn an_error_frame_is_an_answer_with_a_status() {
        let frame = br#"{"type":"error","status_code":429,"error":{"type":"usage_limit_reached"},
            "headers":{"x-codex-primary-used-percent":100,"x-codex-promo-message":"Wait"}}"#;
        let error = error_frame(frame, "ws://h").unwrap();
        assert_eq!(error.error.kind, ErrorKind::UsageLimitExceeded);
        assert!(error.error.message.contains("Wait"));
        assert_eq!(error.rate_limits.len(), 1);
        assert_eq!(
            error_frame(br#"{"type":"error","error":{"message":"x"}}"#, "ws://h"),
            None
        );
    }

    #[test]
    fn connection_errors_in_frames_are_worth_a_retry() {
        for code in [
            "websocket_connection_limit_reached",
            "previous_response_not_found",
        ] {
            let frame = format!(r#"{{"type":"error","status":400,"error":{{"code":"{code}"}}}}"#);
            assert!(error_frame(frame.as_bytes(), "ws://h").unwrap().retryable);
        }
    }
}
