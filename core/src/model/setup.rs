//! Who sends a request and where it goes: one place for all transports.

use http::HeaderValue;

use super::ModelError;
use super::provider_auth::CommandTokens;
use super::{ModelClientOptions, Provider};
use crate::ErrorKind;
use crate::auth::{AuthError, AuthMode, CodexAuth, Secret, UnauthorizedRecovery};

/// The account and the address for one request.
#[derive(Debug, Clone)]
pub(super) struct ClientSetup {
    /// The account's credentials, if the request carries them.
    pub(super) account: Option<CodexAuth>,
    /// What goes behind `Bearer `.
    pub(super) bearer: Option<Secret>,
    /// Address of the Responses API.
    pub(super) url: String,
}

impl ClientSetup {
    /// Whether the request goes to OpenAI in the name of a ChatGPT account.
    pub(super) fn is_chatgpt(&self) -> bool {
        self.account
            .as_ref()
            .is_some_and(|a| a.mode() == AuthMode::ChatGpt)
    }

    /// `Authorization`, marked as sensitive.
    pub(super) fn authorization(&self) -> Option<HeaderValue> {
        let bearer = self.bearer.as_ref()?;
        let mut value = HeaderValue::try_from(format!("Bearer {}", bearer.expose())).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

/// Resolves account and provider. Precedence of credentials: `env_key`, fixed bearer token, command, account
/// (model-and-auth section 1.1).
pub(super) async fn current_client_setup(
    options: &ModelClientOptions,
    tokens: &CommandTokens,
) -> Result<ClientSetup, ModelError> {
    let provider = &options.provider;
    let setup = |bearer: Option<Secret>| ClientSetup {
        account: None,
        bearer,
        url: provider.url("responses", None),
    };
    if let Some(name) = &provider.env_key {
        return Ok(setup(Some(env_key(name, provider)?)));
    }
    if let Some(token) = &provider.bearer_token {
        return Ok(setup(Some(token.clone())));
    }
    if let Some(command) = &provider.auth_command {
        return Ok(setup(tokens.get(command).await));
    }
    if !provider.requires_openai_auth {
        return Ok(setup(None));
    }
    let account = options.auth.auth().await;
    Ok(with_account(provider, account))
}

fn with_account(provider: &Provider, account: Option<CodexAuth>) -> ClientSetup {
    ClientSetup {
        bearer: account.as_ref().map(|a| a.bearer().clone()),
        url: provider.url("responses", account.as_ref().map(CodexAuth::mode)),
        account,
    }
}

fn env_key(name: &str, provider: &Provider) -> Result<Secret, ModelError> {
    match std::env::var(name) {
        Ok(key) if !key.trim().is_empty() => Ok(Secret::new(key)),
        _ => {
            let mut message = format!("Missing environment variable: `{name}`.");
            if let Some(how) = &provider.env_key_instructions {
                message.push(' ');
                message.push_str(how);
            }
            Err(ModelError::terminal(ErrorKind::Other, message))
        }
    }
}

/// What is tried after each 401 of one request (model-and-auth section 4.5).
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
    /// Credentials to try again with, or `None` if the 401 stands.
    pub(super) async fn next(
        &mut self,
        refused: &ClientSetup,
        options: &ModelClientOptions,
        tokens: &CommandTokens,
    ) -> Result<Option<ClientSetup>, ModelError> {
        if let Self::Untried = self {
            let Some(account) = &refused.account else {
                *self = Self::Spent;
                let Some(command) = &options.provider.auth_command else {
                    return Ok(None);
                };
                tokens.forget().await;
                return Ok(Some(ClientSetup {
                    bearer: tokens.get(command).await,
                    ..refused.clone()
                }));
            };
            *self = Self::Account(options.auth.recover(account));
        }
        let Self::Account(steps) = self else {
            return Ok(None);
        };
        match steps.next().await {
            Ok(Some(account)) => Ok(Some(with_account(&options.provider, Some(account)))),
            Ok(None) => {
                *self = Self::Spent;
                Ok(None)
            }
            Err(AuthError::Permanent(message)) => Err(ModelError::terminal(ErrorKind::Unauthorized, message)),
            Err(AuthError::Transient(message)) => Err(ModelError::transient(ErrorKind::Other, message)),
        }
    }
}
