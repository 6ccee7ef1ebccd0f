//! Signing in to servers (docs/contract/mcp.md#signing-in): OAuth 2.1 with PKCE, as the Model Context Protocol asks for it
//! ("Authorization").
//!
//! Where to look: `discovery` (who signs in for a server), `login` (the browser's way), `callback`
//! (what it is answered that comes back), `store` (where tokens are kept), and
//! here: tokens that are sent, and renewed in time.

mod callback;
mod discovery;
mod login;
mod store;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tokio_util::sync::{CancellationToken, DropGuard};

use self::discovery::Authority;
pub use self::login::LoginStarted;
pub(super) use self::login::{LoginOptions, begin};
use super::error::SignInNeed;
use super::http::Tokens;
use crate::config::{CredentialsStore, McpHttp, McpOauth};
use crate::hex::hex;
use crate::home_lock::HomeLock;
use crate::now_ms;
use crate::secret::Secret;

/// The file that is locked, so that of all daemons of a home one renews tokens at a time. It is not the lock of the
/// account's credentials, which does not wait for servers.
const LOCK: &str = "mcp-oauth.lock";
/// Tokens that end so soon are renewed.
const AHEAD_MS: i64 = 30_000;
/// How long another daemon may take to renew tokens of this home.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long no renewal is tried again after one that failed.
const AFTER_FAILURE: Duration = Duration::from_secs(30);

/// The tokens of a home.
#[derive(Debug)]
pub(super) struct Credentials {
    codex_home: PathBuf,
    /// Those that somebody has. A lock, because threads come from anywhere; held for a few instructions.
    known: Mutex<Vec<Arc<SignIn>>>,
}

/// The tokens of one server.
pub(super) struct SignIn {
    codex_home: PathBuf,
    name: String,
    url: String,
    store: CredentialsStore,
    client: McpOauth,
    resource: Option<String>,
    /// `None`: nobody has looked yet. Held while tokens are renewed, so that one does it for all.
    tokens: tokio::sync::Mutex<Option<Option<StoredTokens>>>,
    /// There were tokens.
    is_known: AtomicBool,
    /// When a renewal failed last. Held for a few instructions.
    renewal_failed: Mutex<Option<Instant>>,
    /// The login that is under way: what ends it, and what is cancelled when it has. Held until an older one has ended.
    login: tokio::sync::Mutex<Option<(CancellationToken, CancellationToken)>>,
    /// Itself, for tasks that outlive who began them.
    itself: Weak<SignIn>,
}

/// As they are kept; other programs read and write the same.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct StoredTokens {
    server_name: String,
    server_url: String,
    #[serde(default)]
    issuer: Option<String>,
    client_id: String,
    access_token: String,
    /// Unix milliseconds.
    #[serde(default)]
    expires_at: Option<i64>,
    #[serde(default)]
    refresh_token: Option<String>,
    #[serde(default)]
    scopes: Vec<String>,
}

/// What an authority hands out.
#[derive(Deserialize)]
struct Issued {
    access_token: String,
    #[serde(default)]
    expires_in: Option<f64>,
    #[serde(default)]
    refresh_token: Option<String>,
    #[serde(default)]
    scope: Option<String>,
}

impl Credentials {
    pub(super) fn new(codex_home: PathBuf) -> Arc<Self> {
        Arc::new(Self {
            codex_home,
            known: Mutex::default(),
        })
    }

    /// The tokens of a server: the same for all who have configured the same. Nothing is read yet.
    pub(super) fn sign_in(&self, name: &str, http: &McpHttp, store: CredentialsStore) -> Arc<SignIn> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let is_same = |other: &&Arc<SignIn>| {
            other.name == name
                && other.url == http.url
                && other.store == store
                && other.client == http.oauth
                && other.resource == http.oauth_resource
        };
        if let Some(known) = known.iter().find(is_same) {
            return Arc::clone(known);
        }
        known.retain(|other| Arc::strong_count(other) > 1);
        let sign_in = Arc::new_cyclic(|itself| SignIn {
            codex_home: self.codex_home.clone(),
            name: name.to_owned(),
            url: http.url.clone(),
            store,
            client: http.oauth.clone(),
            resource: http.oauth_resource.clone(),
            tokens: tokio::sync::Mutex::new(None),
            is_known: AtomicBool::new(false),
            renewal_failed: Mutex::default(),
            login: tokio::sync::Mutex::default(),
            itself: Weak::clone(itself),
        });
        known.push(Arc::clone(&sign_in));
        sign_in
    }
}

/// What the tokens of a server are kept by.
fn key_of(name: &str, url: &str) -> String {
    let url = serde_json::Value::from(url);
    let identity = format!(r#"{{"type":"http","url":{url},"headers":{{}}}}"#);
    let mut digest = hex(&Sha256::digest(identity.as_bytes()));
    digest.truncate(16);
    format!("{name}|{digest}")
}

impl SignIn {
    fn key(&self) -> String {
        key_of(&self.name, &self.url)
    }

    fn home(&self) -> &Path {
        &self.codex_home
    }

    /// Whether there were tokens when somebody looked last.
    pub(super) fn is_known(&self) -> bool {
        self.is_known.load(Ordering::Relaxed)
    }

    /// Whether the server, which wants credentials, says how to sign in. Asks it; where that can't be told, it may.
    pub(super) async fn need(&self) -> SignInNeed {
        match Authority::of_server(&self.url).await {
            Err(not_said) if !not_said.is_passing => SignInNeed::NotOffered,
            _ => SignInNeed::First,
        }
    }

    /// Whether the server answers with anything but an error of its own. Asks it.
    pub(super) async fn is_reachable(&self) -> bool {
        discovery::is_reachable(&self.url).await
    }

    /// Whether a user is signed in.
    pub(super) async fn is_signed_in(&self) -> bool {
        let mut tokens = self.tokens.lock().await;
        self.loaded_again(&mut tokens).await.is_some()
    }

    async fn loaded<'a>(&self, tokens: &'a mut Option<Option<StoredTokens>>) -> &'a mut Option<StoredTokens> {
        if tokens.is_none() {
            *tokens = Some(store::read(self).await);
        }
        let loaded = tokens.get_or_insert_default();
        self.is_known.store(loaded.is_some(), Ordering::Relaxed);
        loaded
    }

    /// As [`Self::loaded`]; where nobody was signed in, somebody may be now, by another program.
    async fn loaded_again<'a>(
        &self,
        tokens: &'a mut Option<Option<StoredTokens>>,
    ) -> &'a mut Option<StoredTokens> {
        if matches!(tokens, Some(None)) {
            *tokens = None;
        }
        self.loaded(tokens).await
    }

    /// A login begins; one that is under way ends. Gives what ends the new one, and what it drops when it has.
    async fn replace_login(&self) -> (CancellationToken, DropGuard) {
        let mut login = self.login.lock().await;
        if let Some((stop, over)) = login.take() {
            stop.cancel();
            over.cancelled().await;
        }
        let (stop, over) = (CancellationToken::new(), CancellationToken::new());
        *login = Some((stop.clone(), over.clone()));
        (stop, over.drop_guard())
    }

    /// The user has signed in.
    async fn keep(&self, new: StoredTokens) -> Result<(), String> {
        let mut tokens = self.tokens.lock().await;
        store::write(self, &new).await?;
        self.is_known.store(true, Ordering::Relaxed);
        *self.renewal_failed() = None;
        *tokens = Some(Some(new));
        Ok(())
    }

    /// Renews tokens, unless another daemon has done so. False: they can't be renewed. An authority that has taken the old
    /// refresh token has to be heard to the end, so this runs in a task that nobody cancels.
    async fn renew(&self, tokens: &mut Option<StoredTokens>) -> bool {
        let Some(old) = tokens.clone() else { return false };
        // Whoever waits in vain goes on without.
        let _lock = HomeLock::take(self.home(), LOCK, PATIENCE).await;
        if let Some(stored) = store::read(self).await
            && stored.access_token != old.access_token
        {
            *tokens = Some(stored);
            return true;
        }
        let failed = *self.renewal_failed();
        if failed.is_some_and(|failed| failed.elapsed() < AFTER_FAILURE) {
            return false;
        }
        let is_renewed = self.renew_at_authority(old, tokens).await;
        *self.renewal_failed() = (!is_renewed).then(Instant::now);
        is_renewed
    }

    async fn renew_at_authority(&self, old: StoredTokens, tokens: &mut Option<StoredTokens>) -> bool {
        let Some(refresh) = &old.refresh_token else {
            return false;
        };
        let authority = match Authority::of_issuer(&self.url, old.issuer.as_deref()).await {
            Ok(authority) => authority,
            Err(error) => {
                tracing::warn!(
                    server = self.name,
                    "tokens of an MCP server can't be renewed: {error}"
                );
                return false;
            }
        };
        let form = [
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh.as_str()),
            ("resource", self.resource()),
        ];
        match authority.issue(&self.client, &old.client_id, &form).await {
            Ok(issued) => {
                let new = old.renewed(issued);
                if let Err(error) = store::write(self, &new).await {
                    tracing::warn!(
                        server = self.name,
                        "new tokens of an MCP server can't be kept: {error}"
                    );
                }
                *tokens = Some(new);
                true
            }
            Err(error) => {
                tracing::warn!(
                    server = self.name,
                    "tokens of an MCP server can't be renewed: {error}"
                );
                false
            }
        }
    }

    fn renewal_failed(&self) -> MutexGuard<'_, Option<Instant>> {
        self.renewal_failed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The token to send, renewed if it ends soon.
    async fn token_in_time(&self) -> Option<Secret> {
        let mut tokens = self.tokens.lock().await;
        let tokens = self.loaded(&mut tokens).await;
        if tokens.as_ref().is_some_and(StoredTokens::ends_soon) {
            // A server may still take the old one.
            self.renew(tokens).await;
        }
        tokens.as_ref().map(|tokens| Secret::new(&*tokens.access_token))
    }

    /// Whether there is another token than this one, which the server refuses.
    async fn has_another(&self, refused: Option<Secret>) -> bool {
        let mut tokens = self.tokens.lock().await;
        let tokens = self.loaded_again(&mut tokens).await;
        let now = tokens.as_ref().map(|tokens| tokens.access_token.as_str());
        if now.is_some() && now != refused.as_ref().map(Secret::expose) {
            return true;
        }
        self.renew(tokens).await
    }

    /// What the tokens are for.
    fn resource(&self) -> &str {
        self.resource.as_deref().unwrap_or(&self.url)
    }
}

impl StoredTokens {
    fn renewed(self, issued: Issued) -> Self {
        Self {
            access_token: issued.access_token,
            expires_at: expiry(issued.expires_in),
            refresh_token: issued.refresh_token.or(self.refresh_token),
            scopes: issued.scope.as_deref().map_or(self.scopes, words),
            ..self
        }
    }

    fn ends_soon(&self) -> bool {
        self.expires_at.is_some_and(|end| end - AHEAD_MS <= now_ms())
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "what doesn't fit becomes the largest number"
)]
fn expiry(seconds: Option<f64>) -> Option<i64> {
    seconds.map(|seconds| now_ms().saturating_add((seconds * 1000.0) as i64))
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

impl Tokens for SignIn {
    fn access(&self) -> BoxFuture<'_, Option<Secret>> {
        async {
            {
                let mut tokens = self.tokens.lock().await;
                let tokens = self.loaded(&mut tokens).await;
                if !tokens.as_ref().is_some_and(StoredTokens::ends_soon) {
                    return tokens.as_ref().map(|tokens| Secret::new(&*tokens.access_token));
                }
            }
            let itself = self.itself.upgrade()?;
            let renewing = tokio::spawn(async move { itself.token_in_time().await });
            renewing.await.ok().flatten()
        }
        .boxed()
    }

    fn refused(&self, token: Option<Secret>) -> BoxFuture<'_, bool> {
        async move {
            let Some(itself) = self.itself.upgrade() else {
                return false;
            };
            let renewing = tokio::spawn(async move { itself.has_another(token).await });
            renewing.await.unwrap_or(false)
        }
        .boxed()
    }
}

impl PartialEq for SignIn {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

impl std::fmt::Debug for SignIn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SignIn")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_those_of_the_contract() {
        let key = key_of("h", "https://example.com/mcp");
        assert!(key.starts_with("h|") && key.len() == 18, "{key}");
        assert_ne!(key, key_of("h", "https://example.com/mcp2"));
    }

    #[test]
    fn what_is_renewed_keeps_what_the_authority_leaves_out() {
        let old = StoredTokens {
            server_name: "h".into(),
            server_url: "u".into(),
            issuer: None,
            client_id: "c".into(),
            access_token: "a".into(),
            expires_at: Some(0),
            refresh_token: Some("r".into()),
            scopes: vec!["x".into()],
        };
        assert!(old.ends_soon());
        let issued = serde_json::from_str(r#"{"access_token":"b","expires_in":3600}"#).expect("tokens");
        let new = old.renewed(issued);
        assert!(!new.ends_soon());
        assert_eq!(
            (new.access_token.as_str(), new.refresh_token.as_deref()),
            ("b", Some("r"))
        );
        assert_eq!(new.scopes, ["x"]);
    }
}
