//! The models endpoint and its cache file (docs/contract/backend.md#models-endpoint).

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::model_info::ModelInfo;
use super::provider_auth::CommandTokens;
use super::setup::COMMAND_TOKEN;
use crate::CONTRACT_VERSION;
use crate::auth::{AuthMode, CodexAuth};
use crate::config::{AuthCommand, Provider};
use crate::derived_file;
use crate::external_file::{self, READ_TIMEOUT, in_background};
use crate::hex::hex;
use crate::net::body;
use crate::net::body::BodyLimit;
use crate::net::client::{error_chain, network};

/// Limit for one question.
const LIMIT: Duration = Duration::from_secs(5);
/// Largest models_cache.json, in bytes.
const MAX_CACHE: usize = 16 << 20;
/// A list is a few hundred kilobytes, most of it instructions.
const LIST_LIMIT: BodyLimit = BodyLimit {
    bytes: 16 << 20,
    time: LIMIT,
};

/// An answer of the endpoint.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Fetched {
    pub(super) models: Vec<Arc<ModelInfo>>,
    pub(super) etag: Option<String>,
    /// When, in Unix seconds.
    pub(super) at: i64,
    /// Whom it was given to: the list depends on the account.
    pub(super) identity: String,
}

/// A question to the endpoint.
#[derive(Debug)]
pub(super) struct ModelsRequest {
    url: String,
    caller: Caller,
    user_agent: String,
    pub(super) identity: String,
}

/// Who asks.
#[derive(Debug)]
enum Caller {
    Account(CodexAuth),
    Command(AuthCommand),
}

#[derive(Deserialize)]
pub(super) struct ModelsResponse {
    pub(super) models: Vec<ModelInfo>,
}

/// `models_cache.json`.
#[derive(Serialize, Deserialize)]
struct CacheFile {
    fetched_at: DateTime<Utc>,
    etag: Option<String>,
    client_version: String,
    #[serde(default)]
    identity: String,
    models: Vec<ModelInfo>,
}

impl ModelsRequest {
    /// A question in the name of a ChatGPT account, or of whoever the provider's auth command signs in. `None`: only
    /// they have a list of their own.
    pub(super) fn new(provider: &Provider, account: Option<CodexAuth>, user_agent: &str) -> Option<Self> {
        let caller = match (account, &provider.auth_command) {
            (Some(account), _) => Caller::Account(account),
            (None, Some(command)) => Caller::Command(command.clone()),
            (None, None) => return None,
        };
        let base = provider.url("models", AuthMode::ChatGpt.openai_base_url());
        let joint = if base.contains('?') { '&' } else { '?' };
        let account_id = match &caller {
            Caller::Account(account) => account.account_id(),
            Caller::Command(_) => None,
        };
        let who = format!("{base}\n{}", account_id.unwrap_or_default());
        Some(Self {
            url: format!("{base}{joint}client_version={CONTRACT_VERSION}"),
            identity: hex(&Sha256::digest(who)),
            caller,
            user_agent: user_agent.to_owned(),
        })
    }
}

/// Asks the endpoint.
pub(super) async fn fetch(request: &ModelsRequest) -> Result<Fetched, String> {
    let client = network()
        .http_client(&request.url)
        .await
        .map_err(|e| e.to_string())?;
    let mut call = client
        .get(&request.url)
        .timeout(LIMIT)
        .header("User-Agent", &request.user_agent)
        .header("version", CONTRACT_VERSION);
    match &request.caller {
        Caller::Account(account) => {
            let authorization = account.authorization().map_err(|unfit| unfit.to_string())?;
            call = call.header("authorization", authorization);
            if let Some(id) = account.account_id() {
                call = call.header("chatgpt-account-id", id);
            }
        }
        Caller::Command(command) => {
            if let Some(token) = CommandTokens::default().get(command).await {
                let authorization = token
                    .authorization(COMMAND_TOKEN)
                    .map_err(|unfit| unfit.to_string())?;
                call = call.header("authorization", authorization);
            }
        }
    }
    let response = call.send().await.map_err(|e| error_chain(&e.without_url()))?;
    if !response.status().is_success() {
        return Err(format!("the server answers {}", response.status()));
    }
    let etag = response
        .headers()
        .get("etag")
        .and_then(|v| v.to_str().ok())
        .map(str::to_owned);
    let body = body::read(response, LIST_LIMIT)
        .await
        .map_err(|e| e.to_string())?;
    let answer = tokio::task::spawn_blocking(move || serde_json::from_slice::<ModelsResponse>(&body))
        .await
        .map_err(|e| e.to_string())?
        .map_err(|e| e.to_string())?;
    if let Some(bad) = answer.models.iter().find(|m| !m.is_complete()) {
        return Err(format!("the model {} comes without instructions", bad.slug));
    }
    Ok(Fetched {
        models: answer.models.into_iter().map(Arc::new).collect(),
        etag,
        at: crate::now_s(),
        identity: request.identity.clone(),
    })
}

fn cache_path(codex_home: &Path) -> PathBuf {
    codex_home.join("models_cache.json")
}

/// What an earlier process was told, if it was told to the same account by the same release.
pub(super) async fn read_cache(codex_home: &Path, request: &ModelsRequest) -> Option<Fetched> {
    let path = cache_path(codex_home);
    let file = in_background(READ_TIMEOUT, move || {
        let text = external_file::read(&path, MAX_CACHE).ok()?;
        serde_json::from_slice::<CacheFile>(external_file::without_bom(&text)).ok()
    })
    .await
    .ok()??;
    let ours = file.client_version == CONTRACT_VERSION && file.identity == request.identity;
    ours.then(|| Fetched {
        models: file.models.into_iter().map(Arc::new).collect(),
        etag: file.etag,
        at: file.fetched_at.timestamp(),
        identity: file.identity,
    })
}

/// Keeps an answer for the next process. A failure costs only the next process a question.
pub(super) async fn write_cache(codex_home: &Path, fetched: &Fetched) {
    let file = CacheFile {
        fetched_at: DateTime::from_timestamp(fetched.at, 0).unwrap_or_default(),
        etag: fetched.etag.clone(),
        client_version: CONTRACT_VERSION.to_owned(),
        identity: fetched.identity.clone(),
        models: fetched.models.iter().map(|m| m.as_ref().clone()).collect(),
    };
    let path = cache_path(codex_home);
    let written = tokio::task::spawn_blocking(move || {
        let text = serde_json::to_vec_pretty(&file)?;
        derived_file::replace(&path, &text)
    })
    .await;
    if let Ok(Err(error)) = written {
        tracing::debug!("models_cache.json could not be written: {error}");
    }
}
