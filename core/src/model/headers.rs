//! The one builder of request headers, for HTTP requests and WebSocket handshakes (docs/contract/model-http.md#request-headers, docs/contract/model-websocket.md#when-it-is-used).

use http::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue, USER_AGENT};

use super::client::Shared;
use super::setup::{self, ClientSetup};
use super::turn_metadata::RequestIdentity;
use super::{ModelError, Prompt};
use crate::auth::{CodexAuth, Secret};

/// Features that the server is told about: it may then answer with items of the second compaction format, which
/// histories keep as they come.
const BETA_FEATURES: &str = "remote_compaction_v2";

const ATTESTATION: HeaderName = HeaderName::from_static("x-oai-attestation");

/// The headers that all transports send. An error names the configured header that can't be sent.
pub(super) fn build(
    shared: &Shared,
    setup: &ClientSetup,
    identity: &RequestIdentity,
    prompt: Option<&Prompt>,
) -> Result<HeaderMap, ModelError> {
    let options = &shared.options;
    let mut headers = identity_of_thread(shared);
    headers.named("x-client-request-id", &options.thread_id.to_string());
    headers.named("x-codex-window-id", &identity.window_id);
    headers.named("x-codex-turn-metadata", &identity.turn_metadata);
    headers.named("x-codex-beta-features", BETA_FEATURES);
    if let Some(subagent) = &shared.lineage.subagent {
        headers.named("x-openai-subagent", subagent);
    }
    if let Some(parent) = &shared.lineage.parent_thread_id {
        headers.named("x-codex-parent-thread-id", parent);
    }
    account(&mut headers, setup);
    if let Some(prompt) = prompt
        && options.provider.is_openai()
        && setup.is_chatgpt()
    {
        let tier = prompt.service_tier.as_deref().map(|tier| format!(";tier={tier}"));
        let hint = format!("model={}{}", prompt.model, tier.unwrap_or_default());
        headers.named("x-codex-routing-hint", &hint);
    }
    of_provider(&mut headers, shared)?;
    Ok(headers.0)
}

/// The headers of everything that a thread sends to its provider beside its turns: who it is, with which credentials.
pub(super) fn beside_turns(shared: &Shared, setup: &ClientSetup) -> Result<HeaderMap, ModelError> {
    let mut headers = identity_of_thread(shared);
    account(&mut headers, setup);
    of_provider(&mut headers, shared)?;
    Ok(headers.0)
}

/// Adds the proof of what the application is, which only the servers of ChatGPT get. Asked anew for every request.
pub(super) async fn attest(headers: &mut HeaderMap, shared: &Shared, setup: &ClientSetup) {
    let options = &shared.options;
    if !options.provider.is_openai() || !setup.is_chatgpt() {
        return;
    }
    // Who watches a thread also stands for the conversations beside it, which nobody watches.
    let parent = shared.lineage.parent_thread_id.as_ref();
    let threads = [Some(options.thread_id), parent.and_then(|id| id.parse().ok())];
    if let Some(proof) = options.auth.attestation(threads.into_iter().flatten()).await {
        headers.insert(ATTESTATION, proof);
    }
}

fn identity_of_thread(shared: &Shared) -> Headers {
    let options = &shared.options;
    let mut headers = Headers(HeaderMap::with_capacity(24));
    headers.set(USER_AGENT, &options.user_agent);
    headers.named("originator", &options.originator);
    headers.named("session-id", &options.session_id);
    headers.named("thread-id", &options.thread_id.to_string());
    headers
}

/// The user's own words in the config have the last say.
fn of_provider(headers: &mut Headers, shared: &Shared) -> Result<(), ModelError> {
    let provider = &shared.options.provider;
    for (name, value) in &provider.http_headers {
        let source = format!("`model_providers.{}.http_headers.{name}`", provider.id);
        headers.configured(name, value, &source)?;
    }
    for (name, variable) in &provider.env_http_headers {
        let Some(value) = std::env::var_os(variable) else {
            continue;
        };
        let source = format!(
            "The environment variable `{variable}` (`model_providers.{}.env_http_headers.{name}`)",
            provider.id
        );
        // What is not UTF-8 can't be sent either; the replacement character makes it an error.
        let value = value.to_string_lossy();
        if !value.trim().is_empty() {
            headers.configured(name, &Secret::trimmed(&value), &source)?;
        }
    }
    Ok(())
}

fn account(headers: &mut Headers, setup: &ClientSetup) {
    if let Some(value) = &setup.authorization {
        headers.0.insert(AUTHORIZATION, value.clone());
    }
    if let Some(id) = setup.account.as_ref().and_then(CodexAuth::account_id) {
        headers.named("chatgpt-account-id", id);
    }
    if let Some(CodexAuth::ChatGpt { is_fedramp: true, .. }) = setup.account {
        headers.named("x-openai-fedramp", "true");
    }
}

struct Headers(HeaderMap);

impl Headers {
    fn set(&mut self, name: HeaderName, value: &str) {
        if let Some(value) = header_value(value) {
            self.0.insert(name, value);
        }
    }

    fn named(&mut self, name: &'static str, value: &str) {
        self.set(HeaderName::from_static(name), value);
    }

    /// A header from the configuration. Its value stays out of debug output.
    fn configured(&mut self, name: &str, value: &Secret, source: &str) -> Result<(), ModelError> {
        let value = value.header_value("", source).map_err(setup::unfit)?;
        let name = HeaderName::try_from(name)
            .map_err(|_| setup::unfit(format!("{source} has a name that no HTTP header can have.")))?;
        self.0.insert(name, value);
        Ok(())
    }
}

/// A value that may stand in a header; what doesn't fit becomes `_`.
fn header_value(text: &str) -> Option<HeaderValue> {
    if let Ok(value) = HeaderValue::from_str(text) {
        return Some(value);
    }
    let fitting: String = text
        .chars()
        .map(|c| if c.is_control() { '_' } else { c })
        .collect();
    HeaderValue::from_str(&fitting).ok()
}
