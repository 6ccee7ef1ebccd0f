//! The browser's way: an address to visit, and a listener on this machine that it comes back to.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::FutureExt;
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use url::Url;

use super::callback::Callback;
use super::discovery::Authority;
use super::{SignIn, StoredTokens, expiry, words};
use crate::auth::{Pkce, Secret, login_listener, random_text};
use crate::new_id;

/// A login that has begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginStarted {
    /// The page where the user signs in.
    pub url: String,
    /// Names the login.
    pub login_id: String,
}

/// How to sign in.
#[derive(Debug, Clone)]
pub(in crate::mcp) struct LoginOptions {
    /// What to ask for; `None` is what the server supports.
    pub(in crate::mcp) scopes: Option<Vec<String>>,
    /// How long the user may take.
    pub(in crate::mcp) limit: Duration,
    /// The port to come back to; any if there is none.
    pub(in crate::mcp) port: Option<u16>,
    /// The address to come back to, where it is not ours.
    pub(in crate::mcp) callback_url: Option<String>,
}

/// Begins a login. `on_end` hears how it ended.
pub(in crate::mcp) async fn begin(
    sign_in: Arc<SignIn>,
    options: LoginOptions,
    on_end: impl FnOnce(Result<(), String>) + Send + 'static,
) -> Result<LoginStarted, String> {
    let authority = Authority::of_server(&sign_in.url).await?;
    // One at a time: the user has given up the one before, whose port may be the same.
    let (stop, over) = sign_in.replace_login().await;
    let port = sign_in.client.callback_port.or(options.port).unwrap_or(0);
    let listener = TcpListener::bind(("127.0.0.1", port)).await;
    let listener = listener.map_err(|error| format!("port {port} can't be listened on: {error}"))?;
    let port = listener.local_addr().map_err(|error| error.to_string())?.port();
    let mut id = URL_SAFE_NO_PAD.encode(Sha256::digest(sign_in.url.as_bytes()));
    id.truncate(12);
    let path = format!("/callback/{id}");
    let callback = sign_in.client.callback_url.clone().or(options.callback_url);
    let (paths, host) = Callback::places(&path, callback.as_deref());
    let redirect = callback.unwrap_or_else(|| format!("http://127.0.0.1:{port}{path}"));
    let client_id = match &sign_in.client.client_id {
        Some(id) => id.clone(),
        None => authority.register(&redirect).await?,
    };
    let (pkce, state) = (Pkce::new::<32>()?, random_text::<32>()?);
    let scopes = options
        .scopes
        .unwrap_or_else(|| authority.scopes_supported.clone());
    let mut url = Url::parse(&authority.authorization_endpoint)
        .map_err(|_| "the authority's page is no address".to_owned())?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err("the authority's page is neither http nor https".to_owned());
    }
    {
        let mut query = url.query_pairs_mut();
        query
            .append_pair("response_type", "code")
            .append_pair("client_id", &client_id)
            .append_pair("state", &state)
            .append_pair("code_challenge", &pkce.challenge)
            .append_pair("code_challenge_method", "S256")
            .append_pair("redirect_uri", &redirect)
            .append_pair("resource", sign_in.resource());
        if !scopes.is_empty() {
            query.append_pair("scope", &scopes.join(" "));
        }
    }
    let started = LoginStarted {
        url: url.to_string(),
        login_id: new_id(),
    };
    let (end, ended) = mpsc::channel(1);
    let issuer = authority.issuer.clone();
    let exchange = Exchange {
        sign_in,
        authority,
        client_id,
        redirect,
        verifier: pkce.verifier,
        scopes,
    };
    let callback = Callback {
        paths,
        host,
        state,
        issuer,
        exchange: Mutex::new(Some(Box::new(move |code| exchange.run(code).boxed()))),
        end,
    };
    tokio::spawn(async move {
        let coming_back = login_listener::run(listener, Arc::new(callback), ended);
        let ended = tokio::select! {
            biased;
            () = stop.cancelled() => Err("another sign-in to the server has begun".to_owned()),
            ended = tokio::time::timeout(options.limit, coming_back) => {
                ended.unwrap_or_else(|_| Err("timed out waiting for OAuth callback".to_owned()))
            }
        };
        drop(over);
        on_end(ended);
    });
    Ok(started)
}

/// What a code is turned into tokens with.
struct Exchange {
    sign_in: Arc<SignIn>,
    authority: Authority,
    client_id: String,
    redirect: String,
    verifier: Secret,
    scopes: Vec<String>,
}

impl Exchange {
    async fn run(self, code: String) -> Result<(), String> {
        let sign_in = &self.sign_in;
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code.as_str()),
            ("redirect_uri", self.redirect.as_str()),
            ("code_verifier", self.verifier.expose()),
            ("resource", sign_in.resource()),
        ];
        let issued = self.authority.issue(&sign_in.client, &self.client_id, &form);
        let issued = issued
            .await
            .map_err(|why| format!("the code could not be turned into tokens: {why}"))?;
        let tokens = StoredTokens {
            server_name: sign_in.name.clone(),
            server_url: sign_in.url.clone(),
            issuer: self.authority.issuer,
            client_id: self.client_id,
            access_token: issued.access_token,
            expires_at: expiry(issued.expires_in),
            refresh_token: issued.refresh_token,
            scopes: issued.scope.as_deref().map_or(self.scopes, words),
        };
        sign_in.keep(tokens).await
    }
}
