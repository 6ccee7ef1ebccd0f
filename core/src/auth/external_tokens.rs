//! ChatGPT tokens that the parent application owns. They live in memory only; the parent renews them when asked.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use super::account::Account;
use super::claims::Claims;
use super::refresh::{RefreshReason, Refresher};
use crate::auth::{AuthError, AuthManager, CodexAuth, Secret};
use crate::config::LoginMethod;
use crate::{Error, LoginKind};

/// How long the parent may take to answer.
const PARENT_LIMIT: Duration = Duration::from_secs(10);

/// The parent application, as it is asked for new tokens.
pub trait ExternalTokenProvider: Send + Sync + 'static {
    /// Asks for tokens in place of those that are not accepted any more. An error is told to the user: words that say
    /// why there are none, without secrets. Dropping the future withdraws the question.
    fn refresh(
        &self,
        previous_account_id: Option<String>,
    ) -> BoxFuture<'static, Result<ExternalTokens, String>>;
}

/// Tokens as the parent application gives them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExternalTokens {
    /// Bearer token; a JSON Web Token.
    pub access_token: Secret,
    /// Workspace.
    pub account_id: String,
    /// Plan; if absent, the token's claims tell it.
    pub plan_type: Option<String>,
}

impl fmt::Debug for dyn ExternalTokenProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ExternalTokenProvider")
    }
}

/// Checked tokens of the parent application.
#[derive(Debug)]
pub(crate) struct ParentAuth {
    tokens: ExternalTokens,
    claims: Claims,
}

impl ParentAuth {
    /// Checks that the bearer token can be read.
    fn new(mut tokens: ExternalTokens) -> Result<Self, &'static str> {
        tokens.access_token = Secret::trimmed(tokens.access_token.expose());
        let claims = Claims::decode(tokens.access_token.expose()).ok_or("invalid ID token format")?;
        Ok(Self { tokens, claims })
    }

    pub(crate) fn credentials(&self) -> CodexAuth {
        CodexAuth::ChatGptAuthTokens {
            access_token: self.tokens.access_token.clone(),
            account_id: self.tokens.account_id.clone(),
            plan_type: self.plan_type(),
        }
    }

    pub(crate) fn account(&self) -> Account {
        Account::ChatGpt {
            email: self.claims.email.clone(),
            plan_type: self.plan_type(),
            user_id: self.claims.user_id.clone(),
            account_id: Some(self.tokens.account_id.clone()),
            parent_owned: true,
        }
    }

    pub(crate) fn expires_at(&self) -> Option<i64> {
        self.claims.expires_at
    }

    fn plan_type(&self) -> Option<String> {
        self.tokens
            .plan_type
            .clone()
            .or_else(|| self.claims.plan_type.clone())
    }
}

impl AuthManager {
    /// Signs in with tokens of the parent application, or replaces them.
    pub async fn login_with_parent_tokens(&self, tokens: ExternalTokens) -> crate::Result<()> {
        let settings = self.settings().await;
        if settings.forced_login == Some(LoginMethod::Api) {
            return Err(Error::LoginDisabled(LoginKind::External));
        }
        let workspaces = &settings.forced_workspaces;
        if !workspaces.is_empty() && !workspaces.contains(&tokens.account_id) {
            return Err(Error::WorkspaceNotAllowed {
                allowed: workspaces.clone(),
                received: tokens.account_id,
            });
        }
        let auth = ParentAuth::new(tokens)
            .map_err(|reason| Error::internal(format!("failed to set external auth: {reason}")))?;
        self.abandon_login().await;
        self.set_parent_owned(Some(auth));
        Ok(())
    }
}

/// Renews by asking the parent application.
pub(crate) struct ParentRefresher {
    pub(crate) parent: Option<Arc<dyn ExternalTokenProvider>>,
}

impl Refresher for ParentRefresher {
    fn refresh(
        &self,
        manager: Arc<AuthManager>,
        used: CodexAuth,
        _reason: RefreshReason,
    ) -> BoxFuture<'static, Result<CodexAuth, AuthError>> {
        let parent = self.parent.clone();
        async move {
            let previous = used.account_id().map(str::to_owned);
            let tokens = ask(parent, previous).await.map_err(AuthError::Permanent)?;
            let forced = manager.settings().await.forced_workspaces;
            check_owner(&tokens.account_id, used.account_id(), &forced).map_err(AuthError::Permanent)?;
            let auth = ParentAuth::new(tokens).map_err(|_| {
                AuthError::Permanent(
                    "The application that signed you in sent an access token that cannot be read. Please sign in again."
                        .to_owned(),
                )
            })?;
            let fresh = auth.credentials();
            // A logout or another login while the parent was asked is stronger than its answer.
            if manager.in_memory().as_ref() != Some(&used) {
                return Err(AuthError::Permanent(
                    "The sign-in changed while its tokens were renewed. Please try again.".to_owned(),
                ));
            }
            manager.set_parent_owned(Some(auth));
            Ok(fresh)
        }
        .boxed()
    }
}

async fn ask(
    parent: Option<Arc<dyn ExternalTokenProvider>>,
    previous: Option<String>,
) -> Result<ExternalTokens, String> {
    let Some(parent) = parent else {
        return Err(
            "No application is connected that could renew the access token. Please sign in again.".to_owned(),
        );
    };
    match tokio::time::timeout(PARENT_LIMIT, parent.refresh(previous)).await {
        Ok(Ok(tokens)) => Ok(tokens),
        Ok(Err(why)) => Err(format!("auth refresh request failed: {why}")),
        Err(_) => Err(format!(
            "auth refresh request timed out after {}s",
            PARENT_LIMIT.as_secs()
        )),
    }
}

/// Foreign tokens are never used.
fn check_owner(account_id: &str, previous: Option<&str>, forced: &[String]) -> Result<(), String> {
    if !forced.is_empty() && !forced.iter().any(|id| id == account_id) {
        let forced = forced.join(", ");
        return Err(format!(
            "Login is restricted to workspace(s) {forced}, but current credentials belong to {account_id}"
        ));
    }
    // With a list of workspaces the parent may move among them.
    if forced.is_empty() && previous.is_some_and(|previous| previous != account_id) {
        return Err(
            "The application that signed you in sent tokens of another account. Please sign in again."
                .to_owned(),
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::check_owner;

    #[test]
    fn tokens_of_another_account_are_foreign_unless_the_settings_list_it() {
        let forced = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>();
        assert!(check_owner("a", Some("a"), &[]).is_ok());
        assert!(check_owner("b", Some("a"), &[]).is_err());
        assert!(check_owner("b", Some("a"), &forced(&["a", "b"])).is_ok());
        assert!(check_owner("c", Some("a"), &forced(&["a", "b"])).is_err());
    }
}
