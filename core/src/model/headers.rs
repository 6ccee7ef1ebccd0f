//! The one builder of request headers, for HTTP requests and WebSocket handshakes (model-and-auth sections 1.2, 2.1).

use http::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue, USER_AGENT};

use super::Prompt;
use super::client::Shared;
use super::setup::ClientSetup;
use super::turn_metadata::RequestIdentity;
use crate::auth::CodexAuth;

/// Features that the server is told about: it may then answer with items of the second compaction format, which
/// histories keep as they come.
const BETA_FEATURES: &str = "remote_compaction_v2";

/// The headers that all transports send.
pub(super) fn build(
    shared: &Shared,
    setup: &ClientSetup,
    identity: &RequestIdentity,
    prompt: Option<&Prompt>,
) -> HeaderMap {
    let options = &shared.options;
    let thread_id = options.thread_id.to_string();
    let mut headers = Headers(HeaderMap::with_capacity(24));
    headers.set(USER_AGENT, &options.user_agent);
    headers.named("originator", &options.originator);
    headers.named("session-id", &options.session_id);
    headers.named("thread-id", &thread_id);
    headers.named("x-client-request-id", &thread_id);
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
    // The user's own words in the config have the last say.
    for (name, value) in &options.provider.http_headers {
        headers.secret(name, value.expose());
    }
    for (name, variable) in &options.provider.env_http_headers {
        if let Some(value) = std::env::var(variable).ok().filter(|v| !v.trim().is_empty()) {
            headers.secret(name, &value);
        }
    }
    headers.0
}

fn account(headers: &mut Headers, setup: &ClientSetup) {
    if let Some(value) = setup.authorization() {
        headers.0.insert(AUTHORIZATION, value);
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
    fn secret(&mut self, name: &str, value: &str) {
        if let (Ok(name), Some(mut value)) = (HeaderName::try_from(name), header_value(value)) {
            value.set_sensitive(true);
            self.0.insert(name, value);
        } else {
            tracing::warn!(header = name, "a configured header is left out: it is not valid");
        }
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
