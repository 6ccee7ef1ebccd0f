//! Signing in and out (docs/contract/authentication.md#browser-login, docs/contract/authentication.md#device-login, docs/contract/authentication.md#other-logins).
//!
//! Where to look:
//!
//! * with the browser: `browser`, `server` (what it is answered that comes back), `listener`, `caller` (who may speak to that),
//!   `connections`, `port`, `pages`, `pkce`
//! * with a code: `device`
//! * with an API key, and signing out: this file

mod browser;
mod caller;
mod connections;
mod device;
pub(crate) mod listener;
mod pages;
mod pkce;
mod port;
mod server;

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use chrono::Utc;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use uuid::Uuid;

pub use browser::{BrowserLogin, StartedBrowserLogin};
pub use device::StartedDeviceLogin;
pub use server::LoginPage;

pub(crate) use self::pkce::{Pkce, random_text};
use super::CREDENTIALS_LOCK;
use super::claims::Claims;
use super::environment::AuthSettings;
use super::stored::{IssuedTokens, StoredAuth};
use super::token_endpoint;
use super::{AuthManager, Secret};
use crate::config::{CredentialsStore, LoginMethod};
use crate::home_lock::HomeLock;
use crate::{Error, Field, LoginKind, Result};

/// How long a login or logout waits for a renewal in another process before it writes regardless.
const WRITE_PATIENCE: Duration = Duration::from_secs(5);

/// Why a login ends that was cancelled.
const NOT_COMPLETED: &str = "Login was not completed";

/// A login that waits for the user.
#[derive(Debug)]
pub(crate) struct ActiveLogin {
    id: Uuid,
    cancel: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

/// How a login ends: resolves once, with words for the user if it failed.
#[derive(Debug)]
pub struct LoginOutcome(oneshot::Receiver<Result<(), String>>);

impl Future for LoginOutcome {
    type Output = Result<(), String>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0)
            .poll(context)
            .map(|ended| ended.unwrap_or_else(|_| Err(NOT_COMPLETED.to_owned())))
    }
}

impl AuthManager {
    /// Signs in with an API key.
    pub async fn login_with_api_key(&self, key: &Secret) -> Result<()> {
        let settings = self.settings().await;
        if settings.forced_login == Some(LoginMethod::Chatgpt) {
            return Err(Error::LoginDisabled(LoginKind::ApiKey));
        }
        self.refuse_while_parent_owned()?;
        let key = key.expose().trim();
        if key.is_empty() {
            return Err(Error::Empty(Field::ApiKey));
        }
        Secret::new(key)
            .authorization("The API key")
            .map_err(|unfit| Error::invalid(unfit.to_string()))?;
        self.abandon_login().await;
        self.store_login(StoredAuth::api_key_login(key), &settings)
            .await
            .map_err(|error| Error::internal(format!("failed to save api key: {error}")))
    }

    /// Ends a login that waits for the user. `false`: there is none of this id.
    pub fn cancel_login(&self, id: Uuid) -> bool {
        let mut slot = self.login.lock().unwrap_or_else(PoisonError::into_inner);
        match slot.take_if(|active| active.id == id) {
            Some(active) => active.cancel.send(()).is_ok(),
            None => false,
        }
    }

    /// Signs out: ends a login in progress and deletes every store. The future that comes back revokes managed tokens,
    /// best effort and within 10 s; nobody is signed in any more while it runs.
    pub async fn logout(&self) -> Result<impl Future<Output = ()> + Send + use<>> {
        self.abandon_login().await;
        let settings = self.settings().await;
        self.set_parent_owned(None);
        let _lock = self.write_lock(&settings).await;
        let stored = self.storage.load(settings.store).await;
        let deleted = self.storage.delete(settings.store).await;
        self.reload().await;
        deleted.map_err(|error| Error::internal(format!("logout failed: {error}")))?;
        let environment = self.options.environment.clone();
        Ok(async move {
            if let Some(stored) = stored.filter(|stored| stored.access_token().is_some()) {
                token_endpoint::revoke(&environment, &stored).await;
            }
        })
    }

    /// Ends the login that waits for the user, and waits until its port is free.
    pub(crate) async fn abandon_login(&self) {
        let active = self.login.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(active) = active {
            let _ = active.cancel.send(());
            let _ = active.task.await;
        }
    }

    /// The checks before a ChatGPT login.
    fn may_log_in_with_chatgpt(&self, settings: &AuthSettings) -> Result<()> {
        if settings.forced_login == Some(LoginMethod::Api) {
            return Err(Error::LoginDisabled(LoginKind::Chatgpt));
        }
        self.refuse_while_parent_owned()
    }

    fn refuse_while_parent_owned(&self) -> Result<()> {
        if self.is_parent_owned() {
            return Err(Error::ExternalAuthActive);
        }
        Ok(())
    }

    /// Runs a login until it ends, is cancelled or takes too long. Once credentials are stored it is a success, also if
    /// the browser never fetches the last page.
    fn track_login<F>(
        &self,
        id: Uuid,
        limit: Duration,
        cut: AbortMessages,
        signed_in: Arc<AtomicBool>,
        flow: F,
    ) -> LoginOutcome
    where
        F: Future<Output = Result<(), String>> + Send + 'static,
    {
        let (cancel, cancelled) = oneshot::channel();
        let (tell, outcome) = oneshot::channel();
        let manager = self.me();
        // Held over the start, so that the task finds itself in the slot when it ends.
        let mut slot = self.login.lock().unwrap_or_else(PoisonError::into_inner);
        let task = tokio::spawn(async move {
            let ended = tokio::select! {
                ended = flow => ended,
                _ = cancelled => Err(cut.cancelled),
                () = tokio::time::sleep(limit) => Err(cut.timed_out),
            };
            let ended = if signed_in.load(Ordering::Acquire) {
                Ok(())
            } else {
                ended
            };
            if let Some(manager) = manager.upgrade() {
                let mut slot = manager.login.lock().unwrap_or_else(PoisonError::into_inner);
                slot.take_if(|active| active.id == id);
            }
            let _ = tell.send(ended);
        });
        // Two logins that began at once: the later one wins, dropping the earlier one's sender cancels it.
        *slot = Some(ActiveLogin { id, cancel, task });
        LoginOutcome(outcome)
    }

    /// Stores the tokens of a ChatGPT login. The error is for the user.
    async fn finish_chatgpt_login(
        &self,
        issued: &IssuedTokens,
        api_key: Option<&Secret>,
        settings: &AuthSettings,
    ) -> Result<(), String> {
        let environment = &self.options.environment;
        let stored = StoredAuth::chatgpt_login(
            issued,
            api_key.map(Secret::expose),
            &environment.issuer,
            &environment.client_id,
            Utc::now(),
        );
        self.store_login(stored, settings).await
    }

    async fn store_login(&self, stored: StoredAuth, settings: &AuthSettings) -> Result<(), String> {
        let _lock = self.write_lock(settings).await;
        let superseded = self.storage.load(settings.store).await;
        self.storage.save(settings.store, &stored).await?;
        self.replace_stored(Some(stored.clone()), settings);
        if let Some(superseded) = superseded.filter(|old| is_superseded(old, &stored)) {
            let environment = self.options.environment.clone();
            tokio::spawn(async move { token_endpoint::revoke(&environment, &superseded).await });
        }
        Ok(())
    }

    /// The lock of the home, if its holder lets go of it in time; a user's login does not wait for ever.
    async fn write_lock(&self, settings: &AuthSettings) -> Option<HomeLock> {
        if settings.store == CredentialsStore::Ephemeral {
            return None;
        }
        let taken = HomeLock::take(&self.options.codex_home, CREDENTIALS_LOCK, WRITE_PATIENCE).await;
        taken
            .inspect_err(|held| tracing::warn!("credentials are written without the lock: {held}"))
            .ok()
            .flatten()
    }
}

/// What to say when a login is cut short.
struct AbortMessages {
    cancelled: String,
    timed_out: String,
}

/// Whether a login leaves managed tokens behind that nobody will use again.
fn is_superseded(old: &StoredAuth, new: &StoredAuth) -> bool {
    old.access_token().is_some() && old.refresh_token() != new.refresh_token()
}

/// Checks that new tokens belong to a workspace that the settings allow. The error is for the user.
fn check_workspace(issued: &IssuedTokens, forced: &[String]) -> Result<(), String> {
    let claims = issued.id_token.as_deref().and_then(Claims::decode);
    let account_id = claims.and_then(|claims| claims.account_id);
    if forced.is_empty() || account_id.is_some_and(|id| forced.contains(&id)) {
        return Ok(());
    }
    Err(format!(
        "Login is restricted to workspace id(s) {}.",
        forced.join(", ")
    ))
}
