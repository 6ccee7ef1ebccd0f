//! Accounts: who pays for a request, and how credentials stay fresh. All refresh and reload logic is in
//! [`AuthManager`]; nobody else changes credentials.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

/// A text that must not be seen: `Debug` and `Display` hide it, and it is not serialised by accident.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Hides a text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself. Only for the wire and for auth.json.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Credentials, as plain data.
#[derive(Debug, Clone, PartialEq)]
pub enum CodexAuth {
    /// An API key.
    ApiKey {
        /// The key.
        key: Secret,
    },
    /// ChatGPT tokens that we manage.
    ChatGpt {
        /// Bearer token.
        access_token: Secret,
        /// Workspace.
        account_id: Option<String>,
        /// Plan, as the claims name it.
        plan_type: Option<String>,
        /// The account's flag.
        is_fedramp: bool,
    },
    /// ChatGPT tokens that the parent application manages.
    ChatGptAuthTokens {
        /// Bearer token.
        access_token: Secret,
        /// Workspace.
        account_id: String,
        /// Plan, as the parent or the claims name it.
        plan_type: Option<String>,
    },
}

/// Kind of credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthMode {
    /// An API key.
    ApiKey,
    /// ChatGPT tokens, whoever manages them.
    ChatGpt,
}

impl CodexAuth {
    /// Which kind it is.
    pub fn mode(&self) -> AuthMode {
        match self {
            Self::ApiKey { .. } => AuthMode::ApiKey,
            Self::ChatGpt { .. } | Self::ChatGptAuthTokens { .. } => AuthMode::ChatGpt,
        }
    }

    /// What goes behind `Bearer `.
    pub fn bearer(&self) -> &Secret {
        match self {
            Self::ApiKey { key } => key,
            Self::ChatGpt { access_token, .. } | Self::ChatGptAuthTokens { access_token, .. } => access_token,
        }
    }

    /// What goes into `chatgpt-account-id`.
    pub fn account_id(&self) -> Option<&str> {
        match self {
            Self::ApiKey { .. } => None,
            Self::ChatGpt { account_id, .. } => account_id.as_deref(),
            Self::ChatGptAuthTokens { account_id, .. } => Some(account_id),
        }
    }
}

/// Owner of the credentials of one home.
#[derive(Debug)]
pub struct AuthManager {}

impl AuthManager {
    /// A manager for a home. Nothing is read before it is asked for.
    pub fn new(_codex_home: PathBuf) -> Arc<Self> {
        Arc::new(Self {})
    }

    /// The credentials to use now, refreshed first if they are about to expire. `None`: nobody is signed in.
    pub async fn auth(&self) -> Option<CodexAuth> {
        None
    }

    /// What to do after a 401 that was answered to these credentials.
    pub fn recover(self: &Arc<Self>, _used: &CodexAuth) -> UnauthorizedRecovery {
        UnauthorizedRecovery {}
    }
}

/// The steps after a 401, one at a time.
#[derive(Debug)]
pub struct UnauthorizedRecovery {}

impl UnauthorizedRecovery {
    /// The next step: credentials to try again with, or `None` when there is no step left.
    pub async fn next(&mut self) -> Result<Option<CodexAuth>, AuthError> {
        Ok(None)
    }
}

/// Why credentials could not be had. The message says what the user can do; it never holds a secret.
#[derive(Debug, Clone, thiserror::Error)]
pub enum AuthError {
    /// Trying again will not help; the turn fails as `unauthorized`.
    #[error("{0}")]
    Permanent(String),
    /// Trying again may help.
    #[error("{0}")]
    Transient(String),
}
