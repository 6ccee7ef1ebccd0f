//! Keeps a provider's secrets out of errors, also where the server itself repeats them.

use crate::TurnError;
use crate::config::{OPENAI_BASE_URL, Provider};
use crate::model::ModelError;
use crate::url_redaction::redact_url;

/// Shorter texts are no secrets, and would be found in the middle of words.
const SHORTEST_SECRET: usize = 6;
/// What stands where a secret was.
const CONCEALED: &str = "redacted";
/// Parts of names of headers whose values are secret. Others hold names of teams and the like.
const SECRET_HEADERS: [&str; 6] = ["auth", "cookie", "key", "password", "secret", "token"];

/// The error as it may be shown.
pub(super) fn redact_addresses(error: &ModelError, provider: &Provider) -> ModelError {
    let mut shown = error.clone();
    let secrets = secrets(provider);
    let TurnError {
        message,
        details,
        misalignment,
        ..
    } = &mut shown.error;
    let misalignment = misalignment.iter_mut().flat_map(|told| {
        [
            &mut told.error_type,
            &mut told.detailed_explanation,
            &mut told.steer_message,
            &mut told.review_target,
        ]
    });
    let texts = [message].into_iter().chain(details).chain(misalignment.flatten());
    for text in texts {
        for secret in &secrets {
            if text.contains(secret) {
                *text = text.replace(secret, CONCEALED);
            }
        }
    }
    shown
}

/// All secrets of a provider, the longest first: one may be a part of another.
fn secrets(provider: &Provider) -> Vec<String> {
    let variable = |name: &String| std::env::var(name).ok();
    let is_secret = |name: &str| {
        let name = name.to_ascii_lowercase();
        SECRET_HEADERS.iter().any(|part| name.contains(part))
    };
    let shown_url = redact_url(&provider.url("", OPENAI_BASE_URL));
    let of_query = provider.query_params.iter().filter_map(|(name, value)| {
        let harmless = shown_url.contains(&format!("{name}={}", value.expose()));
        (!harmless).then(|| value.expose().to_owned())
    });
    let of_headers = provider.http_headers.iter().filter(|(name, _)| is_secret(name));
    let of_env_headers = provider
        .env_http_headers
        .iter()
        .filter(|(name, _)| is_secret(name));
    let of_address = provider.base_url.as_deref().and_then(|base| {
        let url = url::Url::parse(base).ok()?;
        Some([
            url.username().to_owned(),
            url.password().unwrap_or_default().to_owned(),
        ])
    });
    let mut all: Vec<String> = provider
        .env_key
        .iter()
        .filter_map(variable)
        .chain(
            provider
                .bearer_token
                .iter()
                .map(|token| token.expose().to_owned()),
        )
        .chain(of_query)
        .chain(of_headers.map(|(_, value)| value.expose().to_owned()))
        .chain(of_env_headers.filter_map(|(_, name)| variable(name)))
        .chain(of_address.into_iter().flatten())
        .map(|secret| secret.trim().to_owned())
        .filter(|secret| secret.len() >= SHORTEST_SECRET)
        .collect();
    all.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_repeats_of_our_secrets_is_not_shown() {
        let table = "name = 'X'\nbase_url = 'http://user01:pass01@h/v1'\nexperimental_bearer_token = 'sk-123456'\n\
                     query_params = { api-version = '2024-05-01', sig = 'signature' }\n\
                     http_headers = { X-Api-Key = 'header-key', X-Team = 'platform' }";
        let provider = Provider::from_config("x", &table.parse().unwrap()).unwrap();
        let error = ModelError::disconnected(
            "no sk-123456, signature, header-key, user01, pass01; platform 2024-05-01",
        );
        assert_eq!(
            redact_addresses(&error, &provider).error.message,
            "stream disconnected before completion: no redacted, redacted, redacted, redacted, redacted; platform \
             2024-05-01"
        );
    }
}
