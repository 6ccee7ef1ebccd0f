//! Who is signed in, as shown to the user.

use super::stored::StoredAuth;
use super::{AuthMode, CodexAuth};

/// The account in use. Holds nothing secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Account {
    /// An API key; it has no name.
    ApiKey,
    /// A ChatGPT account.
    ChatGpt {
        /// E-mail address, if the tokens tell it.
        email: Option<String>,
        /// Plan, as the tokens or the parent application name it.
        plan_type: Option<String>,
        /// User, if the tokens tell it.
        user_id: Option<String>,
        /// Workspace.
        account_id: Option<String>,
        /// Whether the parent application owns the tokens.
        parent_owned: bool,
    },
}

impl Account {
    /// Its kind.
    pub fn mode(&self) -> AuthMode {
        match self {
            Self::ApiKey => AuthMode::ApiKey,
            Self::ChatGpt { .. } => AuthMode::ChatGpt,
        }
    }

    pub(crate) fn of_stored(stored: &StoredAuth) -> Option<Self> {
        match stored.credentials()? {
            CodexAuth::ApiKey { .. } => Some(Self::ApiKey),
            CodexAuth::ChatGpt {
                account_id,
                plan_type,
                ..
            } => {
                let claims = stored.claims();
                Some(Self::ChatGpt {
                    email: claims.email,
                    plan_type,
                    user_id: claims.user_id,
                    account_id,
                    parent_owned: false,
                })
            }
            CodexAuth::ChatGptAuthTokens { .. } => None,
        }
    }
}
