//! One request to the backend: its address, its headers, what its failure is called (docs/contract/backend.md#requests).

use std::time::Duration;

use reqwest::Method;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, USER_AGENT};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::Backend;
use crate::auth::{CodexAuth, read_body, transport_failure};
use crate::net::server_message;
use crate::url_redaction::redact_url;

/// How long the backend may take.
pub(super) const LIMIT: Duration = Duration::from_secs(30);
/// How much of an unexpected answer is told, in bytes.
const TOLD: usize = 1000;

/// What is asked.
pub(super) struct Call {
    pub(super) method: Method,
    pub(super) url: String,
    pub(super) body: Option<Value>,
    pub(super) limit: Duration,
}

/// What came.
pub(super) struct BackendResponse {
    pub(super) status: u16,
    what: String,
    url: String,
    content_type: String,
    body: Vec<u8>,
}

impl Call {
    /// Reads something.
    pub(super) fn get(url: String) -> Self {
        Self {
            method: Method::GET,
            url,
            body: None,
            limit: LIMIT,
        }
    }

    /// Sends something.
    pub(super) fn post(url: String, body: Value) -> Self {
        Self {
            method: Method::POST,
            url,
            body: Some(body),
            limit: LIMIT,
        }
    }
}

impl BackendResponse {
    /// Whether the backend did what it was asked.
    pub(super) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The answer as data, or words for what came instead.
    pub(super) fn decode<T: DeserializeOwned>(&self) -> Result<T, String> {
        if !self.is_success() {
            return Err(self.failure());
        }
        serde_json::from_slice(&self.body).map_err(|error| {
            let (url, kind) = (&self.url, &self.content_type);
            format!(
                "Decode error for {url}: {error}; content-type={kind}; body={}",
                self.told()
            )
        })
    }

    /// Words for a refusal.
    pub(super) fn failure(&self) -> String {
        format!(
            "{}; content-type={}; body={}",
            self.what,
            self.content_type,
            self.told()
        )
    }

    fn told(&self) -> String {
        server_message::of_bytes(&self.body, TOLD)
    }
}

impl Backend {
    /// Address of a path whose place depends on the style of the base address.
    pub(super) async fn url(&self, path: &str) -> String {
        let base = self.base().await;
        let style = if base.contains("/backend-api") {
            "wham"
        } else {
            "api/codex"
        };
        format!("{base}/{style}/{path}")
    }

    /// The base address, without a slash at its end.
    pub(super) async fn base(&self) -> String {
        base_of(&self.auth.chatgpt_base_url().await)
    }

    /// Sends a request with these credentials; after a 401 with those that replace them.
    pub(super) async fn send(&self, call: &Call, auth: &CodexAuth) -> Result<BackendResponse, String> {
        let mut answer = self.send_once(call, auth).await?;
        let mut recovery = self.auth.recover(auth);
        while answer.status == 401 {
            match recovery.next().await.map_err(|error| error.to_string())? {
                Some(auth) => answer = self.send_once(call, &auth).await?,
                None => break,
            }
        }
        Ok(answer)
    }

    /// Sends a request with these credentials.
    pub(super) async fn send_once(&self, call: &Call, auth: &CodexAuth) -> Result<BackendResponse, String> {
        let shown_url = redact_url(&call.url);
        let what = format!("{} {shown_url}", call.method);
        let failed = |why: String| format!("{what} failed: {why}");
        let client = crate::auth::http_client(&call.url).await.map_err(failed)?;
        let authorization = auth.authorization().map_err(|unfit| failed(unfit.to_string()))?;
        let mut request = client
            .request(call.method.clone(), &call.url)
            .header(AUTHORIZATION, authorization)
            .timeout(call.limit);
        if let Some(user_agent) = self.user_agent.get() {
            request = request.header(USER_AGENT, user_agent);
        }
        if let Some(account_id) = auth.account_id() {
            request = request.header("chatgpt-account-id", account_id);
        }
        if auth.is_fedramp() {
            request = request.header("x-openai-fedramp", "true");
        }
        if let Some(body) = &call.body {
            request = request.json(body);
        }
        let response = request
            .send()
            .await
            .map_err(|error| failed(transport_failure(error)))?;
        let status = response.status();
        let content_type = response.headers().get(CONTENT_TYPE);
        Ok(BackendResponse {
            status: status.as_u16(),
            what: failed(status.to_string()),
            url: shown_url.clone(),
            content_type: content_type
                .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
                .unwrap_or_default(),
            body: read_body(response).await.map_err(failed)?,
        })
    }
}

/// The hosts of ChatGPT have their backend below a path.
fn base_of(configured: &str) -> String {
    let base = configured.trim_end_matches('/');
    match base {
        "https://chatgpt.com" | "https://chat.openai.com" => format!("{base}/backend-api"),
        _ => base.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::base_of;

    #[test]
    fn hosts_of_chatgpt_get_their_path() {
        assert_eq!(base_of("https://chatgpt.com/"), "https://chatgpt.com/backend-api");
        assert_eq!(
            base_of("https://chatgpt.com/backend-api/"),
            "https://chatgpt.com/backend-api"
        );
        assert_eq!(base_of("http://127.0.0.1:1/x/"), "http://127.0.0.1:1/x");
    }
}
