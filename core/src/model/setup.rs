//! Who sends a request and where it goes: one place for all transports.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};

use http::HeaderValue;

use super::auth_recovery::{AuthRecovery, AuthRecoveryListener};
use super::provider_auth::CommandTokens;
use super::{ModelClientOptions, ModelError};
use crate::ErrorKind;
use crate::auth::{AuthError, AuthMode, CodexAuth, Secret, UnauthorizedRecovery};
use crate::config::{AuthCommand, OPENAI_BASE_URL, Provider};
use crate::url_redaction::redact_url;

/// What the token of a provider's command is called in errors.
pub(super) const COMMAND_TOKEN: &str = "The token that the provider's auth command printed";

/// The account and the address for one request.
#[derive(Clone)]
pub(super) struct ClientSetup {
    /// The account's credentials, if the request carries them.
    pub(super) account: Option<CodexAuth>,
    /// `Authorization`, marked as sensitive; `None`: the request goes to a server that wants none.
    pub(super) authorization: Option<HeaderValue>,
    /// Address of the Responses API. It may hold secrets.
    pub(super) url: String,
}

impl ClientSetup {
    /// Whether the request goes to OpenAI in the name of a ChatGPT account.
    pub(super) fn is_chatgpt(&self) -> bool {
        self.account
            .as_ref()
            .is_some_and(|a| a.mode() == AuthMode::ChatGpt)
    }

    /// The host of the address, for the log.
    pub(super) fn host(&self) -> Option<String> {
        let url = url::Url::parse(&self.url).ok()?;
        url.host_str().map(ToOwned::to_owned)
    }

    /// The address as it may be shown.
    pub(super) fn shown_url(&self) -> String {
        redact_url(&self.url)
    }
}

impl fmt::Debug for ClientSetup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientSetup")
            .field("account", &self.account)
            .field("url", &self.shown_url())
            .finish_non_exhaustive()
    }
}

/// Resolves account and provider. Precedence of credentials: `env_key`, fixed bearer token, command, account
/// (docs/contract/model-http.md#providers).
pub(super) async fn current_client_setup(
    options: &ModelClientOptions,
    tokens: &CommandTokens,
) -> Result<ClientSetup, ModelError> {
    let provider = &options.provider;
    let setup = |authorization: Option<HeaderValue>| ClientSetup {
        account: None,
        authorization,
        url: provider.url("responses", OPENAI_BASE_URL),
    };
    if let Some(name) = &provider.env_key {
        let source = format!("The environment variable `{name}`");
        return Ok(setup(Some(authorization(&env_key(name, provider)?, &source)?)));
    }
    if let Some(token) = &provider.bearer_token {
        let source = format!("`model_providers.{}.experimental_bearer_token`", provider.id);
        return Ok(setup(Some(authorization(token, &source)?)));
    }
    if let Some(command) = &provider.auth_command {
        return Ok(setup(of_command(tokens, command).await?));
    }
    if !provider.requires_openai_auth {
        return Ok(setup(None));
    }
    let account = options.auth.auth().await;
    with_account(provider, account)
}

/// The header of a secret; one that can't be sent ends the turn.
fn authorization(secret: &Secret, source: &str) -> Result<HeaderValue, ModelError> {
    secret.authorization(source).map_err(unfit)
}

/// What a secret that can't be sent means for a turn.
pub(super) fn unfit(error: impl fmt::Display) -> ModelError {
    ModelError::terminal(ErrorKind::Other, error.to_string())
}

async fn of_command(
    tokens: &CommandTokens,
    command: &AuthCommand,
) -> Result<Option<HeaderValue>, ModelError> {
    match tokens.get(command).await {
        Some(token) => authorization(&token, COMMAND_TOKEN).map(Some),
        None => Ok(None),
    }
}

fn with_account(provider: &Provider, account: Option<CodexAuth>) -> Result<ClientSetup, ModelError> {
    let authorization = account.as_ref().map(CodexAuth::authorization).transpose();
    let mode = account.as_ref().map_or(AuthMode::ApiKey, CodexAuth::mode);
    Ok(ClientSetup {
        authorization: authorization.map_err(unfit)?,
        url: provider.url("responses", mode.openai_base_url()),
        account,
    })
}

fn env_key(name: &str, provider: &Provider) -> Result<Secret, ModelError> {
    let value = std::env::var_os(name).unwrap_or_default();
    let Some(key) = value.to_str() else {
        return Err(unfit(format!(
            "The environment variable `{name}` cannot be sent in an HTTP header: it is not valid UTF-8. Set it again."
        )));
    };
    if !key.trim().is_empty() {
        return Ok(Secret::trimmed(key));
    }
    let mut message = format!("Missing environment variable: `{name}`.");
    if let Some(how) = &provider.env_key_instructions {
        message.push(' ');
        message.push_str(how);
    }
    Err(ModelError::terminal(ErrorKind::Other, message))
}

/// What is tried after each 401 of one request (docs/contract/authentication.md#unauthorized).
#[derive(Debug, Default)]
pub(super) enum Recovery {
    /// Nothing was tried yet.
    #[default]
    Untried,
    /// The account's steps.
    Account(UnauthorizedRecovery),
    /// Nothing is left to try.
    Spent,
}

impl Recovery {
    /// Credentials to try again with, or `None` if the 401 stands. `listener` is told when they are obtained again: not
    /// of those that somebody else has stored meanwhile.
    pub(super) async fn next(
        &mut self,
        refused: &ClientSetup,
        options: &ModelClientOptions,
        tokens: &CommandTokens,
        listener: &AuthRecoveryListener,
    ) -> Result<Option<ClientSetup>, ModelError> {
        if let Self::Untried = self {
            let Some(account) = &refused.account else {
                *self = Self::Spent;
                let Some(command) = &options.provider.auth_command else {
                    return Ok(None);
                };
                listener.tell(AuthRecovery::Started);
                tokens.forget().await;
                let authorization = of_command(tokens, command).await?;
                if authorization.is_some() {
                    listener.tell(AuthRecovery::Completed);
                }
                return Ok(Some(ClientSetup {
                    authorization,
                    ..refused.clone()
                }));
            };
            *self = Self::Account(options.auth.recover(account));
        }
        let Self::Account(steps) = self else {
            return Ok(None);
        };
        let is_renewed = AtomicBool::new(false);
        let before_renewal = || {
            is_renewed.store(true, Ordering::Relaxed);
            listener.tell(AuthRecovery::Started);
        };
        match steps.next_telling(&before_renewal).await {
            Ok(Some(account)) => {
                let setup = with_account(&options.provider, Some(account))?;
                if is_renewed.load(Ordering::Relaxed) {
                    listener.tell(AuthRecovery::Completed);
                }
                Ok(Some(setup))
            }
            Ok(None) => {
                *self = Self::Spent;
                Ok(None)
            }
            Err(AuthError::Permanent(message)) => Err(ModelError::terminal(ErrorKind::Unauthorized, message)),
            Err(AuthError::Transient(message)) => Err(ModelError::transient(ErrorKind::Other, message)),
        }
    }
}
