//! Requests to the authority that hands out tokens (RFC 6749 and RFC 8693, docs/contract/authentication.md#browser-login, docs/contract/authentication.md#other-logins, docs/contract/authentication.md#token-refresh).

use std::time::Duration;

use serde_json::{Value, json};

use super::environment::AuthEnvironment;
use super::http;
use super::refresh::RefreshReason;
use super::stored::{IssuedTokens, StoredAuth};
use crate::auth::{AuthError, Secret};
use crate::net::body;
use crate::net::body::BodyLimit;
use crate::net::server_message;

/// How long the authority may take to renew tokens.
const REFRESH_LIMIT: Duration = Duration::from_secs(30);
/// How long the authority may take to answer while the user waits in the browser.
const EXCHANGE_LIMIT: Duration = Duration::from_secs(30);
/// How long a revocation may keep a logout waiting.
const REVOKE_LIMIT: Duration = Duration::from_secs(10);
/// How much of an answer is read at most, and for how long.
const ANSWER_LIMIT: BodyLimit = BodyLimit {
    bytes: 1024 * 1024,
    time: Duration::from_secs(30),
};

/// What to say when a renewal was refused for no known reason.
pub(crate) const CANNOT_REFRESH: &str =
    "Your access token could not be refreshed. Please log out and sign in again.";

/// Turns a refresh token into new tokens. `client_id`: whom it was handed out to, if that is known.
pub(crate) async fn refresh(
    environment: &AuthEnvironment,
    client_id: Option<&str>,
    refresh_token: &str,
    reason: RefreshReason,
) -> Result<IssuedTokens, AuthError> {
    let body = json!({
        "client_id": client_id.unwrap_or(&environment.client_id),
        "grant_type": "refresh_token",
        "refresh_reason": reason.as_str(),
        "refresh_token": refresh_token,
    });
    let transient = |why: String| AuthError::Transient(format!("Failed to refresh token: {why}"));
    let url = environment.refresh_url();
    let client = http::client(&url).await.map_err(transient)?;
    let request = client.post(url).json(&body).timeout(REFRESH_LIMIT);
    let answer = request
        .send()
        .await
        .map_err(|error| transient(http::failure(error)))?;
    let status = answer.status();
    let body = body_of(answer).await.map_err(transient)?;
    if status.is_success() {
        let issued: IssuedTokens = serde_json::from_slice(&body)
            .map_err(|_| transient("the authority's answer cannot be read".to_owned()))?;
        if issued.access_token.as_deref().is_none_or(str::is_empty) {
            return Err(transient("the authority's answer has no access token".to_owned()));
        }
        return Ok(issued);
    }
    let because = match error_code(&body).as_deref() {
        Some("refresh_token_expired") => "because your refresh token has expired",
        Some("refresh_token_reused") => "because your refresh token was already used",
        Some("refresh_token_invalidated") => "because your refresh token was revoked",
        Some("invalid_grant") => return Err(AuthError::Permanent(CANNOT_REFRESH.to_owned())),
        _ if status == reqwest::StatusCode::UNAUTHORIZED => {
            return Err(AuthError::Permanent(CANNOT_REFRESH.to_owned()));
        }
        _ => return Err(transient(status.to_string())),
    };
    Err(AuthError::Permanent(format!(
        "Your access token could not be refreshed {because}. Please log out and sign in again."
    )))
}

/// Turns the code of a login into tokens. The error is for the user.
pub(crate) async fn exchange_code(
    environment: &AuthEnvironment,
    code: &str,
    redirect_uri: &str,
    verifier: &Secret,
) -> Result<IssuedTokens, String> {
    let form = [
        ("grant_type", "authorization_code"),
        ("client_id", &environment.client_id),
        ("code", code),
        ("redirect_uri", redirect_uri),
        ("code_verifier", verifier.expose()),
    ];
    let body = post_form(environment, &form).await?;
    let issued: IssuedTokens = serde_json::from_slice(&body)
        .map_err(|_| "token endpoint sent an answer that cannot be read".to_owned())?;
    if issued.access_token.is_none() || issued.id_token.is_none() {
        return Err("token endpoint sent an answer without tokens".to_owned());
    }
    Ok(issued)
}

/// Turns an identity token into an API key. Best effort: most accounts have none.
pub(crate) async fn exchange_for_api_key(environment: &AuthEnvironment, id_token: &str) -> Option<Secret> {
    let form = [
        ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
        ("client_id", &environment.client_id),
        ("requested_token", "openai-api-key"),
        ("subject_token", id_token),
        ("subject_token_type", "urn:ietf:params:oauth:token-type:id_token"),
    ];
    let body = post_form(environment, &form).await.ok()?;
    let issued: IssuedTokens = serde_json::from_slice(&body).ok()?;
    issued.access_token.map(Secret::new)
}

/// Tells the authority that the tokens will not be used any more. Failures are logged only.
pub(crate) async fn revoke(environment: &AuthEnvironment, stored: &StoredAuth) {
    if !environment.may_see_tokens_of(stored.issuer()) && environment.revoke_url.is_none() {
        return tracing::warn!("tokens of another issuer than the configured one are not revoked");
    }
    let client_id = stored.client_id().unwrap_or(&environment.client_id);
    let body = match (stored.refresh_token(), stored.access_token()) {
        (Some(token), _) => {
            json!({"token": token, "token_type_hint": "refresh_token", "client_id": client_id})
        }
        (None, Some(token)) => json!({"token": token, "token_type_hint": "access_token"}),
        (None, None) => return,
    };
    let url = environment.revoke_url();
    let Ok(client) = http::client(&url).await else {
        return;
    };
    let request = client.post(&url).json(&body).timeout(REVOKE_LIMIT);
    match request.send().await {
        Ok(answer) if answer.status().is_success() => {}
        Ok(answer) => tracing::warn!("the authority did not revoke the tokens: {}", answer.status()),
        Err(error) => tracing::warn!("the tokens could not be revoked: {}", http::failure(error)),
    }
}

async fn post_form(environment: &AuthEnvironment, form: &[(&str, &str)]) -> Result<Vec<u8>, String> {
    let url = format!("{}/oauth/token", environment.issuer);
    let request = http::client(&url)
        .await?
        .post(url)
        .form(form)
        .timeout(EXCHANGE_LIMIT);
    let answer = request.send().await.map_err(http::failure)?;
    let status = answer.status();
    let body = body_of(answer).await?;
    if status.is_success() {
        return Ok(body);
    }
    Err(format!(
        "token endpoint returned status {status}: {}",
        error_words(&body)
    ))
}

/// The body of an answer, within the limits of all answers of the authority and of the backend.
pub(crate) async fn body_of(answer: reqwest::Response) -> Result<Vec<u8>, String> {
    body::read(answer, ANSWER_LIMIT)
        .await
        .map_err(|error| error.to_string())
}

/// The code of an error answer: `error.code`, the text `error`, or `code`.
fn error_code(body: &[u8]) -> Option<String> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let error = body.get("error");
    let nested = error.and_then(|error| error.get("code"));
    let code = nested
        .or(error)
        .filter(|code| code.is_string())
        .or_else(|| body.get("code"))?;
    code.as_str().map(str::to_owned)
}

/// What an error answer says for people.
fn error_words(body: &[u8]) -> String {
    let parsed: Option<Value> = serde_json::from_slice(body).ok();
    let found = parsed.as_ref().and_then(|body| {
        let message = body.get("error").and_then(|error| error.get("message"));
        body.get("error_description")
            .or(message)
            .and_then(Value::as_str)
            .map(str::to_owned)
    });
    let shown = found
        .or_else(|| error_code(body))
        .unwrap_or_else(|| String::from_utf8_lossy(body).trim().to_owned());
    server_message::clean_up_to(&shown, 500)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_error_code_is_found_in_three_places() {
        for body in [
            r#"{"error":{"code":"x"}}"#,
            r#"{"error":"x"}"#,
            r#"{"code":"x","error":{"message":"m"}}"#,
        ] {
            assert_eq!(error_code(body.as_bytes()).as_deref(), Some("x"), "{body}");
        }
        assert_eq!(error_code(b"<html>"), None);
    }

    #[test]
    fn error_words_prefer_the_description() {
        assert_eq!(
            error_words(br#"{"error":"x","error_description":"because"}"#),
            "because"
        );
        assert_eq!(error_words(br#"{"error":{"message":"m","code":"x"}}"#), "m");
        assert_eq!(error_words(br#"{"error":"x"}"#), "x");
        assert_eq!(error_words(b" plain "), "plain");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn any_answer_has_bounded_words(body in proptest::collection::vec(any::<u8>(), 0..2048)) {
            prop_assert!(error_words(&body).chars().count() <= 500);
            let _ = error_code(&body);
        }
    }
}
