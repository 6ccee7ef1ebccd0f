//! The browser's way: an address to visit, and a listener on this machine that it comes back to.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use url::Url;

use super::discovery::Authority;
use super::{SignIn, StoredTokens, expiry, words};
use crate::auth::random_text;
use crate::new_id;

/// How long a browser may take to send its request, and how long that may be, in bytes.
const HEAD_TIME: Duration = Duration::from_secs(10);
const HEAD: usize = 16 << 10;

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
    let port = sign_in.client.callback_port.or(options.port).unwrap_or(0);
    let listener = TcpListener::bind(("127.0.0.1", port)).await;
    let listener = listener.map_err(|error| format!("port {port} can't be listened on: {error}"))?;
    let port = listener.local_addr().map_err(|error| error.to_string())?.port();
    let mut id = URL_SAFE_NO_PAD.encode(Sha256::digest(sign_in.url.as_bytes()));
    id.truncate(12);
    let path = format!("/callback/{id}");
    let callback = sign_in.client.callback_url.clone().or(options.callback_url);
    let redirect = callback.unwrap_or_else(|| format!("http://127.0.0.1:{port}{path}"));
    let client_id = match &sign_in.client.client_id {
        Some(id) => id.clone(),
        None => authority.register(&redirect).await?,
    };
    let (verifier, state) = (random_text::<32>()?, random_text::<32>()?);
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
            .append_pair(
                "code_challenge",
                &URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes())),
            )
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
    tokio::spawn(async move {
        let exchange = async {
            let code = code_of(&listener, &state, authority.issuer.as_deref()).await?;
            let form = [
                ("grant_type", "authorization_code"),
                ("code", code.as_str()),
                ("redirect_uri", redirect.as_str()),
                ("code_verifier", verifier.as_str()),
                ("resource", sign_in.resource()),
            ];
            let issued = authority.issue(&sign_in.client, &client_id, &form).await;
            let issued = issued.map_err(|why| format!("the code could not be turned into tokens: {why}"))?;
            let tokens = StoredTokens {
                server_name: sign_in.name.clone(),
                server_url: sign_in.url.clone(),
                issuer: authority.issuer.clone(),
                client_id: client_id.clone(),
                access_token: issued.access_token,
                expires_at: expiry(issued.expires_in),
                refresh_token: issued.refresh_token,
                scopes: issued.scope.as_deref().map_or(scopes, words),
            };
            sign_in.keep(tokens).await
        };
        let ended = tokio::time::timeout(options.limit, exchange).await;
        on_end(ended.unwrap_or_else(|_| Err("timed out waiting for OAuth callback".to_owned())));
    });
    Ok(started)
}

/// Waits until the browser brings a code with the right state.
async fn code_of(listener: &TcpListener, state: &str, issuer: Option<&str>) -> Result<String, String> {
    loop {
        let Ok((mut stream, _)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(200)).await;
            continue;
        };
        let target = tokio::time::timeout(HEAD_TIME, target_of(&mut stream)).await;
        let Some(target) = target.ok().flatten() else {
            continue;
        };
        let outcome = outcome_of(&target, state, issuer);
        let (status, text) = match &outcome {
            None => ("404 Not Found", "There is nothing here."),
            Some(Ok(_)) => ("200 OK", "You are signed in. You can close this window."),
            Some(Err(_)) => ("200 OK", "Signing in has failed. You can close this window."),
        };
        let body = format!("<!doctype html><meta charset=utf-8><title>Codex</title><p>{text}</p>");
        let head = format!(
            "HTTP/1.1 {status}\r\ncontent-type: text/html; charset=utf-8\r\ncontent-length: {}\r\nconnection: \
             close\r\n\r\n",
            body.len()
        );
        let _ = stream.write_all(format!("{head}{body}").as_bytes()).await;
        let _ = stream.shutdown().await;
        if let Some(outcome) = outcome {
            return outcome;
        }
    }
}

/// What a browser asks for, with its query.
async fn target_of(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    let mut buffer = [0; 1024];
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        let length = stream.read(&mut buffer).await.ok()?;
        head.extend_from_slice(&buffer[..length]);
        if length == 0 || head.len() > HEAD {
            return None;
        }
    }
    let text = String::from_utf8_lossy(&head);
    let mut words = text.lines().next()?.split(' ');
    (words.next()? == "GET").then_some(())?;
    Some(words.next()?.to_owned())
}

/// What a request means for the login with this authority. `None`: nothing.
fn outcome_of(target: &str, state: &str, issuer: Option<&str>) -> Option<Result<String, String>> {
    let (_, query) = target.split_once('?')?;
    let mut code = None;
    let mut error = None;
    let mut is_ours = false;
    let mut is_other = false;
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        match &*name {
            "state" => is_ours = value == state,
            "iss" => {
                is_other =
                    issuer.is_some_and(|issuer| issuer.trim_end_matches('/') != value.trim_end_matches('/'));
            }
            "code" => code = Some(value.into_owned()),
            "error" => error = Some(value.into_owned()),
            _ => {}
        }
    }
    if !is_ours {
        return None;
    }
    if is_other {
        return Some(Err(
            "another authority has answered than was asked (`iss`)".to_owned()
        ));
    }
    if let Some(error) = error {
        let error: String = error.chars().filter(|c| !c.is_control()).take(200).collect();
        return Some(Err(format!("OAuth provider returned `{error}`")));
    }
    code.map(Ok)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_browser_that_was_sent_brings_a_code() {
        assert_eq!(
            outcome_of(
                "/callback/x?code=c&state=s&iss=https://i/",
                "s",
                Some("https://i")
            ),
            Some(Ok("c".to_owned()))
        );
        assert_eq!(
            outcome_of("/callback/x?error=access_denied&state=s", "s", None),
            Some(Err("OAuth provider returned `access_denied`".to_owned()))
        );
        let other = outcome_of("/callback/x?code=c&state=s&iss=https://o", "s", Some("https://i"));
        assert!(other.is_some_and(|outcome| outcome.is_err()));
        for other in ["/callback/x?code=c&state=t", "/callback/x", "/callback?state=s"] {
            assert_eq!(outcome_of(other, "s", None), None, "{other}");
        }
    }
}
