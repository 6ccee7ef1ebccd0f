//! What a thread sends to its provider beside its turns: the same account, headers, TLS, proxies and connections, other
//! addresses. Voice conversations go this way.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, StatusCode};
use tokio_tungstenite::WebSocketStream;

use super::ModelClientOptions as Options;
use super::auth_recovery::AuthRecoveryListener;
use super::client::Shared;
use super::redact_addresses::redact_addresses;
use super::setup::{ClientSetup, Recovery};
use super::{ModelError, headers, http as requests, retry, websocket};
use crate::auth::{AuthMode, CodexAuth, Secret};
use crate::config::OPENAI_BASE_URL;
use crate::net::body::{self, BodyLimit};
use crate::net::connector::Connected;
use crate::telemetry;

/// The way out. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct SideChannel {
    shared: Arc<Shared>,
}

/// An open WebSocket.
pub(crate) type Socket = WebSocketStream<Connected>;

/// A request.
pub(crate) struct Post<'a> {
    pub(crate) url: &'a str,
    /// Beside those that all requests have.
    pub(crate) headers: HeaderMap,
    pub(crate) content_type: &'static str,
    pub(crate) content: Bytes,
    /// Of the answer.
    pub(crate) limit: BodyLimit,
    /// What counts further attempts.
    pub(crate) retry_metric: &'static str,
}

/// The answer to a request.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

/// Why something could not be sent.
#[derive(Debug)]
pub(crate) struct SideError {
    /// The server refuses with this status.
    pub(crate) status: Option<StatusCode>,
    /// In words.
    pub(crate) error: ModelError,
}

impl From<ModelError> for SideError {
    fn from(error: ModelError) -> Self {
        Self { status: None, error }
    }
}

/// Which credentials may go along.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Credentials {
    /// Those of the provider or the account; none if there are none.
    Any,
    /// An API key and nothing else: the error says these words if there is none.
    ApiKey(&'static str),
}

impl SideChannel {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// Where an API path of the provider is, with the provider's query parameters.
    pub(crate) async fn provider_url(&self, path: &str) -> Result<String, ModelError> {
        let setup = self.shared.current_client_setup().await?;
        let mode = setup.account.as_ref().map_or(AuthMode::ApiKey, CodexAuth::mode);
        Ok(self.shared.options.provider.url(path, mode.openai_base_url()))
    }

    /// The same, for those who bring an API key.
    pub(crate) fn api_url(&self, path: &str) -> String {
        self.shared.options.provider.url(path, OPENAI_BASE_URL)
    }

    /// Whether requests go in the name of a ChatGPT account, as far as the stored credentials have been read.
    pub(crate) fn is_chatgpt(&self) -> bool {
        let Options { provider, auth, .. } = &self.shared.options;
        let account = provider.uses_account().then(|| auth.in_memory()).flatten();
        account.is_some_and(|account| account.mode() == AuthMode::ChatGpt)
    }

    /// Reads the stored credentials if requests need them and nothing has done so yet.
    pub(crate) async fn know_account(&self) {
        let Options { provider, auth, .. } = &self.shared.options;
        if provider.uses_account() {
            auth.account().await;
        }
    }

    /// Whether the provider is OpenAI.
    pub(crate) fn is_openai(&self) -> bool {
        self.shared.options.provider.is_openai()
    }

    /// How often a request is tried again.
    pub(crate) fn max_retries(&self) -> u32 {
        self.shared.options.provider.request_max_retries
    }

    /// How long to wait before attempt `n` after the first.
    pub(crate) fn backoff(n: u32) -> Duration {
        retry::backoff(n)
    }

    /// Opens a WebSocket at an `http` or `https` address, within the provider's limit of time. 401 goes to auth recovery.
    pub(crate) async fn open(
        &self,
        url: &str,
        extra: &HeaderMap,
        credentials: Credentials,
    ) -> Result<Socket, SideError> {
        let mut setup = self.setup(credentials).await?;
        let mut recovery = Recovery::default();
        let limit = self.shared.options.provider.websocket_connect_timeout;
        loop {
            let mut headers = headers::beside_turns(&self.shared, &setup)?;
            headers::attest(&mut headers, &self.shared, &setup).await;
            headers.extend(extra.clone());
            let (status, error) = match tokio::time::timeout(limit, websocket::open(url, headers)).await {
                Ok(Ok((socket, _))) => return Ok(socket),
                Ok(Err(refused)) => refused,
                Err(_) => (None, ModelError::disconnected("request timed out")),
            };
            match self.recover(&mut recovery, status, &setup).await? {
                Some(next) => setup = next,
                None => return Err(SideError { status, error }),
            }
        }
    }

    /// Sends a request, and reads its answer within its limit. 5xx and connections that can't be made are tried again,
    /// 401 goes to auth recovery.
    pub(crate) async fn post(&self, request: &Post<'_>) -> Result<Answer, SideError> {
        let mut setup = ClientSetup {
            url: request.url.to_owned(),
            ..self.setup(Credentials::Any).await?
        };
        let mut recovery = Recovery::default();
        let mut retries = 0;
        loop {
            let mut headers = headers::beside_turns(&self.shared, &setup)?;
            headers::attest(&mut headers, &self.shared, &setup).await;
            headers.extend(request.headers.clone());
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(request.content_type));
            let sent = requests::send(&self.shared, &setup, headers, request.content.clone());
            let (status, error) = match sent.await {
                Ok(response) if response.status().is_success() => {
                    let headers = response.headers().clone();
                    let read = body::read(response, request.limit).await;
                    let body = read.map_err(|error| ModelError::disconnected(error.to_string()))?;
                    return Ok(Answer { headers, body });
                }
                Ok(response) => {
                    let status = response.status();
                    (Some(status), requests::error_of(response, &setup).await)
                }
                Err(error) => (None, error),
            };
            if let Some(next) = self.recover(&mut recovery, status, &setup).await? {
                setup = ClientSetup {
                    url: setup.url,
                    ..next
                };
                continue;
            }
            let may_pass = status.map_or(error.no_connection, |status| status.is_server_error());
            if !may_pass || retries >= self.max_retries() {
                let error = redact_addresses(&error, &self.shared.options.provider);
                return Err(SideError { status, error });
            }
            retries += 1;
            let delay = retry::backoff(retries);
            retry::log(&error, (retries, self.max_retries()), delay);
            telemetry::count(request.retry_metric, &[]);
            tokio::time::sleep(delay).await;
        }
    }

    async fn setup(&self, credentials: Credentials) -> Result<ClientSetup, ModelError> {
        let setup = self.shared.current_client_setup().await?;
        let Credentials::ApiKey(missing) = credentials else {
            return Ok(setup);
        };
        if setup.authorization.is_some() && !setup.is_chatgpt() {
            return Ok(setup);
        }
        let key = std::env::var("OPENAI_API_KEY").ok();
        let key = key.filter(|key| !key.trim().is_empty() && self.is_openai());
        let Some(key) = key else {
            return Err(ModelError::terminal(crate::ErrorKind::Other, missing));
        };
        let secret = Secret::trimmed(&key);
        let header = secret.authorization("The environment variable `OPENAI_API_KEY`");
        let header =
            header.map_err(|error| ModelError::terminal(crate::ErrorKind::Other, error.to_string()))?;
        Ok(ClientSetup {
            account: None,
            authorization: Some(header),
            ..setup
        })
    }

    async fn recover(
        &self,
        recovery: &mut Recovery,
        status: Option<StatusCode>,
        refused: &ClientSetup,
    ) -> Result<Option<ClientSetup>, ModelError> {
        if status != Some(StatusCode::UNAUTHORIZED) {
            return Ok(None);
        }
        let nobody = AuthRecoveryListener::default();
        self.shared.recover(recovery, refused, &nobody).await
    }
}
