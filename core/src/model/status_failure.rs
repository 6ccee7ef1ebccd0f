//! HTTP answers that are no success, and the error events that stand for one (docs/contract/model-http.md#errors, docs/contract/model-websocket.md#error-frames).

use std::time::SystemTime;

use base64::Engine as _;
use http::{HeaderMap, StatusCode};
use serde_json::Value;

use super::api_error::ApiError;
use super::failure::{FLEX_CAPACITY, INSUFFICIENT_QUOTA, QUOTA_EXCEEDED, UPGRADE_TO_PLUS, of_code, told};
use super::{ModelError, rate_limits, retry_after, usage_limit};
use crate::ErrorKind;
use crate::net::server_message;
use crate::net::server_message::MAX_WORDS;

/// How much of the body of an unexpected status is shown, in bytes.
const MAX_BODY_SHOWN: usize = 1000;
const HIGH_DEMAND: &str = "We’re currently experiencing high demand, which may cause temporary errors.";

/// An HTTP answer that is not a success, or the error frame of a WebSocket that stands for one. `url` is shown: without
/// secrets.
pub(super) fn status(status: StatusCode, headers: &HeaderMap, body: &[u8], url: &str) -> ModelError {
    let parsed: Option<Value> = serde_json::from_slice(body).ok();
    let error = parsed.as_ref().and_then(ApiError::find).unwrap_or_default();
    let words = server_message::of_bytes(body, MAX_WORDS);
    let known = || of_code(&error).unwrap_or_else(|| ModelError::terminal(ErrorKind::Other, words.clone()));
    let mut result = match (status.as_u16(), error.code()) {
        (
            400,
            "context_length_exceeded"
            | "cyber_policy"
            | "bio_policy"
            | "misalignment_policy_violation"
            | "model_not_found"
            | "content_policy_violation",
        )
        | (403, "misalignment_policy_violation" | "model_not_found" | "inference_hook_denied")
        | (404, "model_not_found")
        | (503, "server_is_overloaded" | "policy_capacity_unavailable" | "slow_down") => known(),
        (400, _) if memchr::memmem::find(body, b"does not represent a valid image").is_some() => {
            ModelError::terminal(
                ErrorKind::BadRequest,
                "Invalid image in your last message. Please remove it and try again.",
            )
        }
        (400, _) if words.is_empty() => ModelError::terminal(
            ErrorKind::Other,
            format!(
                "the server refused the request and did not say why: status 400 Bad Request{}",
                at(url)
            ),
        ),
        (400, _) => ModelError::terminal(ErrorKind::Other, words),
        (429, _) => too_many_requests(&error, headers, &words),
        (500, _) => ModelError::transient(ErrorKind::InternalServerError, HIGH_DEMAND).with_details(
            match error.words() {
                said if said.is_empty() => words,
                said => said,
            },
        ),
        (300..=399, _) => redirected(status, headers, url),
        _ => unexpected(status, headers, &error, body, url),
    };
    // Server errors are tried again within the request, also those that end the turn if they stay.
    if result.retryable || status.is_server_error() {
        result.retry_after = retry_after::in_headers(headers, SystemTime::now()).or(result.retry_after);
    }
    result
}

/// Redirects are not followed: they would carry the conversation and custom headers to another server.
fn redirected(status: StatusCode, headers: &HeaderMap, url: &str) -> ModelError {
    let code = status.as_u16();
    let reason = status.canonical_reason().unwrap_or("<unknown status code>");
    let to = header_text(headers, "location").map_or_else(String::new, |to| {
        format!(
            " to {}",
            server_message::clean(&crate::url_redaction::redact_url(&to))
        )
    });
    ModelError::terminal(
        ErrorKind::HttpConnectionFailed { status: Some(code) },
        format!(
            "unexpected status {code} {reason}: the server redirects{to}, url: {url}. Redirects are not followed; set \
             the provider's base_url to the address that is meant."
        ),
    )
}

/// An `error` event of either transport. Over WebSocket it may stand for an HTTP answer (docs/contract/model-websocket.md#error-frames). `url` is shown:
/// without secrets.
pub(super) fn error_event(event: &[u8], url: &str) -> ModelError {
    let parsed = serde_json::from_slice::<Value>(event).unwrap_or_default();
    let error = ApiError::find(&parsed).unwrap_or_default();
    if matches!(
        error.code(),
        "websocket_connection_limit_reached" | "previous_response_not_found"
    ) {
        // A new connection and the full input mend both.
        return ModelError::disconnected(error.words());
    }
    // Over HTTP the status has been told before.
    let code = ["status", "status_code"]
        .into_iter()
        .find_map(|name| match parsed.get(name)? {
            Value::Number(number) => number.as_u64().and_then(|code| u16::try_from(code).ok()),
            Value::String(digits) => digits.trim().parse().ok(),
            _ => None,
        });
    match code.and_then(|code| StatusCode::from_u16(code).ok()) {
        Some(code) if !code.is_success() && !code.is_informational() => {
            status(code, &headers_of(&parsed), event, url)
        }
        _ => told(&error, event),
    }
}

/// The headers that an error frame carries. Those that are none are left out.
fn headers_of(frame: &Value) -> HeaderMap {
    let headers = frame.get("headers").and_then(Value::as_object);
    headers
        .into_iter()
        .flatten()
        .filter_map(|(name, value)| {
            let value = match value {
                Value::Array(all) => all.first()?,
                value => value,
            };
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            Some((
                http::HeaderName::try_from(name).ok()?,
                http::HeaderValue::try_from(value).ok()?,
            ))
        })
        .collect()
}

fn too_many_requests(error: &ApiError, headers: &HeaderMap, body: &str) -> ModelError {
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
            .with_details(error.text())
        },
        Some("usage_not_included") => {
            ModelError::terminal(ErrorKind::UsageLimitExceeded, UPGRADE_TO_PLUS).with_details(error.text())
        }
        kind if kind == Some(INSUFFICIENT_QUOTA) || error.code() == INSUFFICIENT_QUOTA => {
            ModelError::terminal(ErrorKind::UsageLimitExceeded, QUOTA_EXCEEDED).with_details(error.text())
        }
        _ if error.code() == "flex_unavailable" => {
            ModelError::terminal(ErrorKind::FlexUnavailable, FLEX_CAPACITY).with_details(error.text())
        }
        _ => {
            let mut message = "exceeded retry limit, last status: 429 Too Many Requests".to_owned();
            if let Some(id) = header_text(headers, "x-request-id").or_else(|| header_text(headers, "cf-ray"))
            {
                message.push_str(", request id: ");
                message.push_str(&id);
            }
            let said = error.text();
            let said = if said.is_empty() { body } else { &said };
            if !said.is_empty() {
                message.push_str(". The server says: ");
                message.push_str(said);
            }
            ModelError {
                retryable: retry_after::in_headers(headers, SystemTime::now()).is_some(),
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
    body: &[u8],
    url: &str,
) -> ModelError {
    let code = status.as_u16();
    let reason = status.canonical_reason().unwrap_or("<unknown status code>");
    let has = |word: &[u8]| memchr::memmem::find(body, word).is_some();
    let mut message = if code == 403 && has(b"Cloudflare") && has(b"blocked") {
        format!(
            "Access blocked by Cloudflare. This usually happens when connecting from a restricted region (status \
             {code} {reason}){}",
            at(url)
        )
    } else {
        let said = match &error.message {
            Some(message) => message.clone(),
            None => server_message::of_bytes(body, MAX_BODY_SHOWN),
        };
        let said = if said.is_empty() { "Unknown error" } else { &said };
        format!("unexpected status {code} {reason}: {said}{}", at(url))
    };
    let mut add = |label: &str, value: Option<String>| {
        if let Some(value) = value {
            message.extend([", ", label, ": ", &value]);
        }
    };
    add("cf-ray", header_text(headers, "cf-ray"));
    add(
        "request id",
        header_text(headers, "x-request-id").or_else(|| header_text(headers, "x-oai-request-id")),
    );
    add("auth error", header_text(headers, "x-openai-authorization-error"));
    add("auth error code", auth_error_code(headers));
    ModelError::transient(ErrorKind::HttpConnectionFailed { status: Some(code) }, message)
}

/// The address for the end of a message, where it is known.
fn at(url: &str) -> String {
    if url.is_empty() {
        String::new()
    } else {
        format!(", url: {url}")
    }
}

fn header_text(headers: &HeaderMap, name: &str) -> Option<String> {
    Some(server_message::clean_up_to(
        headers.get(name)?.to_str().ok()?,
        500,
    ))
}

/// `x-error-json` is base64 of `{"error":{"code":…}}`.
fn auth_error_code(headers: &HeaderMap) -> Option<String> {
    let json = base64::engine::general_purpose::STANDARD
        .decode(headers.get("x-error-json")?)
        .ok()?;
    ApiError::find(&serde_json::from_slice(&json).ok()?)?.code
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

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
    fn statuses_have_their_kinds() {
        let overloaded = r#"{"error":{"code":"slow_down"}}"#;
        assert_eq!(answer(400, &[], "raw").error.message, "raw");
        assert!(!answer(400, &[], "raw").retryable);
        assert_eq!(answer(500, &[], "").error.kind, ErrorKind::InternalServerError);
        assert_eq!(
            answer(503, &[], overloaded).error.kind,
            ErrorKind::RateLimitExceeded
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
        for unreadable in ["1.5", "-1", "soon", ""] {
            assert!(
                !answer(429, &[("retry-after", unreadable)], "").retryable,
                "{unreadable}"
            );
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
        let error = error_event(frame, "ws://h");
        assert_eq!(error.error.kind, ErrorKind::UsageLimitExceeded);
        assert!(error.error.message.contains("Wait"));
        assert_eq!(error.rate_limits.len(), 1);
    }

    #[test]
    fn connection_errors_in_frames_are_worth_a_retry() {
        for code in [
            "websocket_connection_limit_reached",
            "previous_response_not_found",
        ] {
            let frame = format!(r#"{{"type":"error","status":400,"error":{{"code":"{code}"}}}}"#);
            assert!(error_event(frame.as_bytes(), "ws://h").retryable);
        }
    }

    #[test]
    fn error_events_of_every_shape_have_the_servers_words() {
        for (event, retryable) in [
            (
                r#"{"type":"error","message":"on fire","code":"invalid_key"}"#,
                false,
            ),
            (r#"{"type":"error","error":{"message":"on fire"}}"#, false),
            (r#"{"type":"error","error":"on fire"}"#, false),
            (
                r#"{"type":"error","headers":null,"error":{"message":"on fire","code":null}}"#,
                false,
            ),
            (
                r#"{"type":"error","error":{"type":"server_error","message":"on fire"}}"#,
                true,
            ),
            (r#"{"type":"error","code":529,"message":"on fire"}"#, true),
            (r#"{"type":"error","code":402,"message":"on fire"}"#, false),
            (
                r#"{"type":"error","status":"404","headers":null,"error":{"message":"on fire"}}"#,
                true,
            ),
            (
                r#"{"type":"error","status":400,"headers":[1],"error":{"message":"on fire","code":7}}"#,
                false,
            ),
            (r#"{"error":{"message":"on fire"}}"#, false),
            ("on fire", false),
        ] {
            let error = error_event(event.as_bytes(), "ws://h");
            assert!(
                error.error.message.contains("on fire"),
                "{event}: {}",
                error.error.message
            );
            assert_eq!(error.retryable, retryable, "{event}");
        }
    }

    #[test]
    fn what_the_server_says_is_shown_whatever_the_status() {
        let body = "{\"error\":{\"message\":\"plan \\u001b[1mover\"}}";
        for code in [401, 403, 404, 422, 429, 502, 503] {
            let message = answer(code, &[], body).error.message;
            assert!(message.contains("plan [1mover"), "{code}: {message}");
        }
        assert_eq!(
            answer(500, &[], body).error.details.as_deref(),
            Some("plan [1mover")
        );
        assert!(answer(400, &[], "").error.message.contains("did not say why"));
        assert!(answer(400, &[], &"x".repeat(1 << 20)).error.message.len() <= MAX_WORDS);
        assert!(
            !answer(400, &[], "a\u{7}\r\nb")
                .error
                .message
                .contains(char::is_control)
        );
    }

    #[test]
    fn an_unknown_model_is_final_in_a_frame_too() {
        let frame = br#"{"type":"error","status":404,"error":{"message":"x","code":"model_not_found"}}"#;
        let error = error_event(frame, "ws://h");
        assert_eq!(error.error.kind, ErrorKind::ModelNotFound);
        assert!(!error.retryable);
    }

    #[test]
    fn a_redirect_is_final_and_shown_without_secrets() {
        let error = answer(
            307,
            &[("location", "https://user:hush@other.test/v1?token=hush")],
            "",
        );
        assert!(!error.retryable);
        assert!(
            error.error.message.contains("other.test"),
            "{}",
            error.error.message
        );
        assert!(!error.error.message.contains("hush"), "{}", error.error.message);
    }
}
