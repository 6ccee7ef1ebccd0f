//! Accounts: who pays for a request, and how credentials stay fresh. All refresh and reload logic is in
//! [`AuthManager`]; nobody else changes credentials (docs/contract/authentication.md).
//!
//! Where to look:
//!
//! * who is signed in: `manager` (owner of the credentials), `account`, `loaded`, `claims` (of a token)
//! * staying signed in: `refresh` (one renewal for all who wait), `managed` (our own tokens), `external_tokens` (those of
//!   the parent application), `recovery` (after a 401), `token_endpoint`, `http`
//! * at rest: `storage` (file, keyring or memory), `stored` (auth.json), `temporary` (replacing it), `keyring`
//! * signing in and out: `login`
//! * what the parent application is: `attestation`
//! * `environment`: settings and addresses

mod account;
mod attestation;
mod claims;
mod environment;
mod external_tokens;
mod http;
mod keyring;
mod loaded;
mod login;
mod managed;
mod manager;
mod recovery;
mod refresh;
mod storage;
mod stored;
mod temporary;
mod token_endpoint;

pub(crate) use keyring::with_entry as with_keyring_entry;
pub(crate) use temporary::replace as replace_private_file;

pub use account::Account;
pub use attestation::{AttestationFailure, AttestationProvider};
pub use environment::{AuthEnvironment, AuthOptions, AuthSettings};
pub use external_tokens::{ExternalTokenProvider, ExternalTokens};
pub(crate) use http::{client as http_client, failure as transport_failure};
pub use login::{BrowserLogin, LoginOutcome, LoginPage, StartedBrowserLogin, StartedDeviceLogin};
pub(crate) use login::{Pkce, listener as login_listener, random_text};
pub use manager::AuthManager;
pub use recovery::UnauthorizedRecovery;
pub(crate) use token_endpoint::body_of as read_body;

use crate::config::OPENAI_BASE_URL;
pub use crate::secret::Secret;

/// The lock of the account's credentials, in the home.
const CREDENTIALS_LOCK: &str = "auth.lock";

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

impl AuthMode {
    /// Root of the `openai` provider's API for such credentials, unless another one is configured.
    pub fn openai_base_url(self) -> &'static str {
        match self {
            Self::ApiKey => OPENAI_BASE_URL,
            Self::ChatGpt => "https://chatgpt.com/backend-api/codex",
        }
    }
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

    /// The value of `Authorization`.
    pub(crate) fn authorization(&self) -> Result<::http::HeaderValue, crate::secret::UnfitSecret> {
        self.bearer().authorization(match self {
            Self::ApiKey { .. } => "The API key of the account (OPENAI_API_KEY in auth.json)",
            Self::ChatGpt { .. } => "The access token in auth.json",
            Self::ChatGptAuthTokens { .. } => "The access token of the parent application",
        })
    }

    /// What goes into `chatgpt-account-id`.
    pub fn account_id(&self) -> Option<&str> {
        match self {
            Self::ApiKey { .. } => None,
            Self::ChatGpt { account_id, .. } => account_id.as_deref(),
            Self::ChatGptAuthTokens { account_id, .. } => Some(account_id),
        }
    }

    /// Whether `x-openai-fedramp: true` goes along.
    pub fn is_fedramp(&self) -> bool {
        matches!(self, Self::ChatGpt { is_fedramp: true, .. })
    }
}

/// Why credentials could not be had. The message says what the user can do; it never holds a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuthError {
    /// Trying again will not help; the turn fails as `unauthorized`.
    #[error("{0}")]
    Permanent(String),
    /// Trying again may help.
    #[error("{0}")]
    Transient(String),
}
