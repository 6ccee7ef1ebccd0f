//! The owner of the credentials of one home.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::{Duration, Instant};

use chrono::Utc;
use http::HeaderValue;
use tokio_util::sync::CancellationToken;

use super::account::Account;
use super::attestation::{self, AttestationProvider};
use super::environment::{AuthOptions, AuthSettings};
use super::external_tokens::{ExternalTokenProvider, ParentAuth, ParentRefresher};
use super::loaded::{Loaded, RENEW_AHEAD_S, same_owner};
use super::login::ActiveLogin;
use super::managed::ManagedRefresher;
use super::recovery::UnauthorizedRecovery;
use super::refresh::{Flight, RefreshReason, Refresher};
use super::storage::Storage;
use super::stored::StoredAuth;
use super::{AuthError, CodexAuth, Secret};
use crate::ThreadId;
use crate::external_file::{READ_TIMEOUT, in_background};

/// After an attempt to renew ahead of time, the same token is left in peace for so long. Keeps a wrong clock, or an
/// authority that hands out short-lived tokens, from costing a renewal per request.
const RENEW_PAUSE: Duration = Duration::from_secs(60);

const SIGNED_IN_ELSEWHERE: &str = "Your access token could not be refreshed because you have since logged out or signed \
                                   in to another account. Please sign in again.";

/// Owner of the credentials of one home. Nothing is read before it is asked for.
#[derive(Debug)]
pub struct AuthManager {
    pub(super) options: AuthOptions,
    pub(super) storage: Storage,
    pub(super) flight: Arc<Flight>,
    /// The process ends: no token is renewed any more.
    pub(super) ending: CancellationToken,
    /// The login that waits for the user. A lock, since login, cancel and logout come from several connections.
    pub(super) login: Mutex<Option<ActiveLogin>>,
    /// Who owns the tokens of the parent application. Set once by the server.
    parent: Mutex<Option<Arc<dyn ExternalTokenProvider>>>,
    /// Who proves what the parent application is. Set once by the server.
    attestation: OnceLock<Arc<dyn AttestationProvider>>,
    /// Read for every request, written here only. Never held while waiting.
    state: Mutex<State>,
    me: Weak<Self>,
}

#[derive(Debug, Default)]
struct State {
    /// Tokens of the parent application; they win over what is stored.
    parent_owned: Option<ParentAuth>,
    /// Whether the store has been read.
    is_read: bool,
    /// What the store held when it was last read.
    loaded: Option<Loaded>,
    /// Which read or write of the store `loaded` is from, in the order in which reads begin and writes end.
    revision: u64,
    /// The last one that was begun.
    last_revision: u64,
    /// Credentials that the authority will never renew, and why.
    refused: Option<(StoredAuth, String)>,
    /// The settings as they were last read.
    settings: Option<AuthSettings>,
    /// The token that was last renewed ahead of time, or came out of it.
    renewed: Option<(Secret, Instant)>,
}

impl AuthManager {
    /// A manager for a home, with default settings and the environment of the process.
    pub fn new(codex_home: PathBuf) -> Arc<Self> {
        Self::with_options(AuthOptions::new(codex_home))
    }

    /// A manager for a home.
    pub fn with_options(options: AuthOptions) -> Arc<Self> {
        Arc::new_cyclic(|me| Self {
            storage: Storage::new(options.codex_home.clone()),
            options,
            flight: Arc::default(),
            ending: CancellationToken::new(),
            login: Mutex::default(),
            parent: Mutex::default(),
            attestation: OnceLock::new(),
            state: Mutex::default(),
            me: me.clone(),
        })
    }

    /// Tells who renews tokens that the parent application owns.
    pub fn set_external_token_provider(&self, parent: Arc<dyn ExternalTokenProvider>) {
        *self.parent.lock().unwrap_or_else(PoisonError::into_inner) = Some(parent);
    }

    /// Tells who proves what the parent application is. The first call counts.
    pub fn set_attestation_provider(&self, provider: Arc<dyn AttestationProvider>) {
        let _ = self.attestation.set(provider);
    }

    /// The header that proves what the application is which works with one of these threads, or that says why there is no
    /// proof. `None`: no such application offers one. Only for requests to the servers of ChatGPT.
    pub(crate) async fn attestation(
        &self,
        threads: impl IntoIterator<Item = ThreadId>,
    ) -> Option<HeaderValue> {
        let provider = self.attestation.get()?;
        let asked = threads.into_iter().find_map(|thread| provider.attest(thread))?;
        attestation::header(asked.await)
    }

    /// The credentials to use now, renewed first if they are about to expire. `None`: nobody is signed in.
    ///
    /// If renewing fails, the old credentials are given: the server decides whether they still count.
    pub async fn auth(&self) -> Option<CodexAuth> {
        let current = self.current().await?;
        let Some(reason) = self.due_reason(&current) else {
            return Some(current);
        };
        let renewed = self.renew(&current, reason).await;
        let usable = renewed.ok().flatten().unwrap_or(current);
        self.state().renewed = Some((usable.bearer().clone(), Instant::now()));
        Some(usable)
    }

    /// What to do after a 401 that was answered to these credentials.
    pub fn recover(self: &Arc<Self>, used: &CodexAuth) -> UnauthorizedRecovery {
        UnauthorizedRecovery::new(Arc::clone(self), used.clone())
    }

    /// Who is signed in. `None` also when the authority has refused the stored credentials for good.
    pub async fn account(&self) -> Option<Account> {
        self.current().await?;
        let state = self.state();
        if let Some(parent_owned) = &state.parent_owned {
            return Some(parent_owned.account());
        }
        let stored = &state.loaded.as_ref()?.stored;
        let refused = state
            .refused
            .as_ref()
            .is_some_and(|(refused, _)| refused == stored);
        if refused { None } else { Account::of_stored(stored) }
    }

    /// Renews the credentials because the client asks for it. Tokens of the parent application and API keys stay.
    pub async fn force_refresh(&self) -> Result<(), AuthError> {
        match self.current().await {
            Some(current @ CodexAuth::ChatGpt { .. }) => {
                self.renew(&current, RefreshReason::Forced).await.map(|_| ())
            }
            _ => Ok(()),
        }
    }

    /// The settings as they are now; those that were read last if that takes longer than [`READ_TIMEOUT`]. The first
    /// time it is waited for: where tokens are sent, and where they are kept, must not be guessed.
    pub(crate) async fn settings(&self) -> AuthSettings {
        let last = self.state().settings.clone();
        let patience = if last.is_some() {
            READ_TIMEOUT
        } else {
            Duration::MAX
        };
        let read = Arc::clone(&self.options.settings);
        match in_background(patience, move || read()).await {
            Ok(settings) => {
                self.state().settings = Some(settings.clone());
                settings
            }
            Err(error) => {
                tracing::warn!("account settings are those that were read last: config.toml: {error}");
                last.unwrap_or_default()
            }
        }
    }

    /// Address of the ChatGPT backend: the environment's, else the configuration's.
    pub(crate) async fn chatgpt_base_url(&self) -> String {
        match &self.options.environment.chatgpt_base_url {
            Some(url) => url.clone(),
            None => self.settings().await.chatgpt_base_url,
        }
    }

    /// Renews credentials, together with all who want the same. `None`: this kind cannot be renewed.
    pub(super) async fn renew(
        &self,
        used: &CodexAuth,
        reason: RefreshReason,
    ) -> Result<Option<CodexAuth>, AuthError> {
        let Some(manager) = self.me.upgrade() else {
            return Ok(None);
        };
        let Some(refresher) = self.refresher(used) else {
            return Ok(None);
        };
        let begin = || match self.replacement(used) {
            Some(current) => Ok(current),
            None => Err(refresher.refresh(manager, used.clone(), reason)),
        };
        self.flight.join(used, begin).await.map(Some)
    }

    /// Whether credentials of this kind can be renewed at all.
    pub(super) fn can_renew(&self, auth: &CodexAuth) -> bool {
        self.refresher(auth).is_some()
    }

    /// Who can renew credentials of this kind.
    fn refresher(&self, auth: &CodexAuth) -> Option<Box<dyn Refresher>> {
        match auth {
            CodexAuth::ApiKey { .. } => None,
            CodexAuth::ChatGpt { .. } => Some(Box::new(ManagedRefresher)),
            CodexAuth::ChatGptAuthTokens { .. } => {
                let parent = self.parent.lock().unwrap_or_else(PoisonError::into_inner).clone();
                Some(Box::new(ParentRefresher { parent }))
            }
        }
    }

    /// First step after a 401: credentials of the same account that somebody has put in place of the used ones, or for
    /// managed ones those of the store in any case. `None`: go on with a renewal.
    pub(super) async fn reload_after_401(&self, used: &CodexAuth) -> Result<Option<CodexAuth>, AuthError> {
        match used {
            CodexAuth::ApiKey { .. } => Ok(None),
            CodexAuth::ChatGptAuthTokens { .. } => match self.in_memory() {
                Some(current) if same_owner(used, &current) => {
                    Ok(Some(current).filter(|current| current.bearer() != used.bearer()))
                }
                _ => Err(AuthError::Permanent(SIGNED_IN_ELSEWHERE.to_owned())),
            },
            CodexAuth::ChatGpt { .. } => {
                let reloaded = self.reload_same_owner(used).await?;
                match self.refusal() {
                    Some(message) => Err(AuthError::Permanent(message)),
                    None => Ok(Some(reloaded)),
                }
            }
        }
    }

    /// Reads the store again. An error if it holds another account than that of the used credentials, or none.
    pub(super) async fn reload_same_owner(&self, used: &CodexAuth) -> Result<CodexAuth, AuthError> {
        self.reload().await;
        match self.in_memory() {
            Some(current) if same_owner(used, &current) => Ok(current),
            _ => Err(AuthError::Permanent(SIGNED_IN_ELSEWHERE.to_owned())),
        }
    }

    /// Reads the store again.
    pub(super) async fn reload(&self) {
        let revision = self.next_revision();
        let settings = self.settings().await;
        let stored = self.storage.load(settings.store).await;
        self.set_stored(revision, stored, &settings);
    }

    /// Takes over stored credentials that have just been written, unless the settings forbid them.
    pub(super) fn replace_stored(&self, stored: Option<StoredAuth>, settings: &AuthSettings) {
        self.set_stored(self.next_revision(), stored, settings);
    }

    /// Numbers a read of the store that begins, or a write that has ended.
    pub(super) fn next_revision(&self) -> u64 {
        let mut state = self.state();
        state.last_revision += 1;
        state.last_revision
    }

    /// Takes over the content of the store. What was read before a later write or read has been taken over is old.
    pub(super) fn set_stored(&self, revision: u64, stored: Option<StoredAuth>, settings: &AuthSettings) {
        let loaded = stored.and_then(|stored| Loaded::new(stored, settings));
        let mut state = self.state();
        if revision > state.revision {
            state.revision = revision;
            state.is_read = true;
            state.loaded = loaded;
        }
    }

    /// What the store held when it was last read.
    pub(super) fn stored(&self) -> Option<StoredAuth> {
        Some(self.state().loaded.as_ref()?.stored.clone())
    }

    /// Takes over tokens of the parent application, or drops them.
    pub(super) fn set_parent_owned(&self, tokens: Option<ParentAuth>) {
        self.state().parent_owned = tokens;
    }

    /// Whether the parent application owns the tokens in use.
    pub fn is_parent_owned(&self) -> bool {
        self.state().parent_owned.is_some()
    }

    /// Remembers that these stored credentials can never be renewed.
    pub(super) fn remember_refusal(&self, stored: StoredAuth, message: String) {
        self.state().refused = Some((stored, message));
    }

    /// Why the stored credentials can never be renewed, if that is known.
    pub(super) fn refusal(&self) -> Option<String> {
        let state = self.state();
        let stored = &state.loaded.as_ref()?.stored;
        let (refused, message) = state.refused.as_ref()?;
        (refused == stored).then(|| message.clone())
    }

    /// The credentials in use; reads the store if it has not been read.
    async fn current(&self) -> Option<CodexAuth> {
        let must_load = {
            let state = self.state();
            state.parent_owned.is_none() && !state.is_read
        };
        if must_load {
            self.reload().await;
        }
        self.in_memory()
    }

    /// The credentials in use, as far as the store has been read.
    pub(crate) fn in_memory(&self) -> Option<CodexAuth> {
        let state = self.state();
        if let Some(parent_owned) = &state.parent_owned {
            return Some(parent_owned.credentials());
        }
        Some(state.loaded.as_ref()?.credentials.clone())
    }

    /// Credentials of the same owner that are in use instead of these.
    fn replacement(&self, used: &CodexAuth) -> Option<CodexAuth> {
        self.in_memory()
            .filter(|current| same_owner(used, current) && current.bearer() != used.bearer())
    }

    /// Why the credentials should be renewed before they are used, if they should.
    fn due_reason(&self, current: &CodexAuth) -> Option<RefreshReason> {
        let state = self.state();
        let paused = state
            .renewed
            .as_ref()
            .is_some_and(|(token, at)| token == current.bearer() && at.elapsed() < RENEW_PAUSE);
        let (at, reason) = if let Some(parent_owned) = &state.parent_owned {
            let at = parent_owned.expires_at()?.saturating_sub(RENEW_AHEAD_S);
            (at, RefreshReason::Expiry)
        } else {
            let loaded = state.loaded.as_ref()?;
            let refused = state
                .refused
                .as_ref()
                .is_some_and(|(refused, _)| *refused == loaded.stored);
            loaded.renew.filter(|_| !refused)?
        };
        (!paused && Utc::now().timestamp() >= at).then_some(reason)
    }

    /// This manager, for tasks that must not keep it alive.
    pub(super) fn me(&self) -> Weak<Self> {
        self.me.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::sync::mpsc;

    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn what_was_read_before_a_login_does_not_undo_it() {
        let home = tempfile::tempdir().unwrap();
        let (go_on, reading_may_go_on) = mpsc::channel::<()>();
        let reading_may_go_on = Mutex::new(reading_may_go_on);
        let manager = AuthManager::with_options(AuthOptions {
            settings: Arc::new(move || {
                // Ends when the other end is gone, too.
                let _ = reading_may_go_on.lock().unwrap().recv();
                AuthSettings::default()
            }),
            ..AuthOptions::new(home.path().to_owned())
        });
        let mut reading = pin!(manager.reload());
        assert!(
            reading.as_mut().now_or_never().is_none(),
            "waits for the settings"
        );
        let login = StoredAuth::api_key_login("sk-1");
        manager.replace_stored(Some(login.clone()), &AuthSettings::default());
        drop(go_on);
        reading.await;
        assert_eq!(manager.stored(), Some(login));
        manager.reload().await;
        assert_eq!(manager.stored(), None, "a later read counts");
    }
}
