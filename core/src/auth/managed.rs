//! Renewing ChatGPT tokens that we manage: with the authority, one process of a home at a time.

use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use super::CREDENTIALS_LOCK;
use super::refresh::{RefreshReason, Refresher};
use super::stored::StoredAuth;
use super::token_endpoint;
use super::{AuthError, AuthManager, AuthSettings, CodexAuth};
use crate::config::CredentialsStore;
use crate::home_lock::HomeLock;

/// How long another process may hold the lock: longer than one renewal takes at most.
pub(super) const LOCK_PATIENCE: Duration = Duration::from_secs(45);

/// Renews with the authority.
pub(crate) struct ManagedRefresher;

impl Refresher for ManagedRefresher {
    fn refresh(
        &self,
        manager: Arc<AuthManager>,
        used: CodexAuth,
        reason: RefreshReason,
    ) -> BoxFuture<'static, Result<CodexAuth, AuthError>> {
        async move { manager.renew_managed(&used, reason).await }.boxed()
    }
}

fn is_ending() -> AuthError {
    AuthError::Transient("Failed to refresh token: the server is shutting down".to_owned())
}

impl AuthManager {
    /// Begins no more renewals, and waits at most this long for the one that is under way, until its tokens are stored:
    /// the authority may have taken the old refresh token already. A renewal that has sent nothing yet is given up.
    pub async fn finish_renewal(&self, within: Duration) {
        self.ending.cancel();
        let Some(landing) = self.flight.landing() else {
            return;
        };
        tracing::warn!("account tokens are being renewed; the shutdown waits for them, at most {within:?}");
        if tokio::time::timeout(within, landing).await.is_err() {
            tracing::error!(
                "the token endpoint did not answer in time; if it took the refresh token, you have to sign in again"
            );
        }
    }

    async fn renew_managed(&self, used: &CodexAuth, reason: RefreshReason) -> Result<CodexAuth, AuthError> {
        let settings = self.settings().await;
        // The ephemeral store is not shared, so there is nobody to lock out.
        let _lock = match settings.store {
            CredentialsStore::Ephemeral => None,
            _ => tokio::select! {
                biased;
                () = self.ending.cancelled() => return Err(is_ending()),
                lock = HomeLock::take(&self.options.codex_home, CREDENTIALS_LOCK, LOCK_PATIENCE) => {
                    lock.map_err(|held| AuthError::Transient(held.to_string()))?
                }
            },
        };
        let found = self.reload_same_owner(used).await?;
        if found.bearer() != used.bearer() {
            return Ok(found);
        }
        if let Some(message) = self.refusal() {
            return Err(AuthError::Permanent(message));
        }
        let before = self
            .stored()
            .ok_or_else(|| AuthError::Transient("the stored sign-in changed".to_owned()))?;
        let Some(refresh_token) = before.refresh_token() else {
            return Err(AuthError::Permanent(token_endpoint::CANNOT_REFRESH.to_owned()));
        };
        let environment = &self.options.environment;
        if !environment.may_see_tokens_of(before.issuer()) {
            return Err(AuthError::Permanent(format!(
                "Your access token could not be refreshed because it was issued by {}, but {} is configured as the \
                 issuer. Please log out and sign in again.",
                before.issuer().unwrap_or_default(),
                environment.issuer
            )));
        }
        // From here on the process must not end before the answer is stored: a refresh token is good for one use.
        if self.ending.is_cancelled() {
            return Err(is_ending());
        }
        match token_endpoint::refresh(environment, before.client_id(), refresh_token, reason).await {
            Ok(issued) => {
                let fresh = before.refreshed(&issued, Utc::now());
                self.keep_refreshed(&before, fresh, &settings).await;
                self.in_memory()
                    .filter(|current| current.account_id() == used.account_id())
                    .ok_or_else(|| AuthError::Permanent(token_endpoint::CANNOT_REFRESH.to_owned()))
            }
            Err(AuthError::Permanent(message)) => {
                // A process that does not know our lock may have used the refresh token a moment ago.
                let found = self.reload_same_owner(used).await?;
                if found.bearer() != used.bearer() {
                    return Ok(found);
                }
                self.remember_refusal(before, message.clone());
                Err(AuthError::Permanent(message))
            }
            Err(transient) => Err(transient),
        }
    }

    /// Stores renewed tokens, unless the user has logged out or signed in anew meanwhile. If the store fails, the
    /// tokens are used from memory: the old ones are worth nothing any more.
    async fn keep_refreshed(&self, before: &StoredAuth, fresh: StoredAuth, settings: &AuthSettings) {
        let revision = self.next_revision();
        let now_stored = self.storage.load(settings.store).await;
        if now_stored.as_ref() != Some(before) {
            self.set_stored(revision, now_stored, settings);
            return;
        }
        if let Err(error) = self.storage.save(settings.store, &fresh).await {
            tracing::error!("renewed credentials are kept in memory only: {error}");
        }
        self.replace_stored(Some(fresh), settings);
    }
}
