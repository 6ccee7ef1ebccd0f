//! Signing in with the browser.

use std::sync::Arc;
use std::time::Duration;

use codex_core::auth::{
    AuthManager, AuthOptions, AuthSettings, BrowserLogin, LoginPage, Secret, StartedBrowserLogin,
};
use codex_core::config::LoginMethod;
use codex_core::{Error, LoginKind};
use tempfile::TempDir;
use tokio::net::TcpListener;
use url::Url;
use uuid::Uuid;

use crate::auth::{auth_json, environment, manager, manager_with};
use crate::authority::Authority;
use crate::browser::{come_back, get};

pub(crate) fn fixture() -> (Authority, TempDir, Arc<AuthManager>) {
    let (authority, home) = (Authority::start(), tempfile::tempdir().unwrap());
    let manager = manager(home.path(), &authority);
    (authority, home, manager)
}

pub(crate) async fn begin(manager: &AuthManager) -> StartedBrowserLogin {
    let login = BrowserLogin {
        originator: "my app".to_owned(),
        ..BrowserLogin::default()
    };
    manager.start_browser_login(login).await.unwrap()
}

/// Where the listener of a login waits.
pub(crate) fn callback_of(auth_url: &str) -> String {
    let url = Url::parse(auth_url).unwrap();
    let found = url.query_pairs().find(|(key, _)| key == "redirect_uri");
    found.unwrap().1.into_owned()
}

/// A port that is free now.
async fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

fn manager_on(home: &TempDir, authority: &Authority, login_ports: Vec<u16>) -> Arc<AuthManager> {
    AuthManager::with_options(AuthOptions {
        codex_home: home.path().to_owned(),
        settings: Arc::new(AuthSettings::default),
        environment: codex_core::auth::AuthEnvironment {
            login_ports,
            ..environment(authority)
        },
    })
}

#[tokio::test]
async fn the_address_for_the_browser_has_all_its_parts() {
    let (authority, _home, manager) = fixture();
    let started = begin(&manager).await;
    let url = Url::parse(&started.auth_url).unwrap();
    assert_eq!(
        &url[..url::Position::AfterPath],
        format!("{}/oauth/authorize", authority.url())
    );
    let query: std::collections::HashMap<_, _> = url.query_pairs().into_owned().collect();
    for (key, value) in [
        ("response_type", "code"),
        ("client_id", "app_EMoamEEZ73f0CkXaXp7hrann"),
        ("code_challenge_method", "S256"),
        (
            "scope",
            "openid profile email offline_access api.connectors.read api.connectors.invoke",
        ),
        ("id_token_add_organizations", "true"),
        ("codex_cli_simplified_flow", "true"),
        ("originator", "my app"),
    ] {
        assert_eq!(query[key], value, "{key}");
    }
    assert!(query["redirect_uri"].starts_with("http://127.0.0.1:"));
    assert!(query["redirect_uri"].ends_with("/auth/callback"));
    assert_eq!((query["code_challenge"].len(), query["state"].len()), (43, 43));
    assert!(!query.contains_key("allowed_workspace_id"));
}

#[tokio::test]
async fn a_browser_login_signs_in_and_ends_with_a_page() {
    let (authority, home, manager) = fixture();
    let started = begin(&manager).await;
    let page = come_back(&authority.approve(&started.auth_url, "ws")).await;
    assert_eq!(page.status, 200);
    assert!(page.body.contains("Signed in"), "{}", page.body);
    assert_eq!(started.outcome.await, Ok(()));
    let auth = manager.auth().await.unwrap();
    assert_eq!(auth.account_id(), Some("ws"));
    let stored = auth_json(home.path());
    assert_eq!(stored["auth_mode"], "chatgpt");
    assert_eq!(stored["OPENAI_API_KEY"], "sk-exchanged-key");
    assert_eq!(stored["tokens"]["account_id"], "ws");
    assert_eq!(stored["tokens"]["access_token"], auth.bearer().expose());
    // The listener is gone.
    assert!(
        tokio::net::TcpStream::connect(callback_of(&started.auth_url).split('/').nth(2).unwrap())
            .await
            .is_err()
    );
}

#[tokio::test]
async fn a_hosted_page_ends_the_login_at_once() {
    let (authority, _home, manager) = fixture();
    let login = BrowserLogin {
        page: LoginPage::Hosted("chatgpt"),
        ..BrowserLogin::default()
    };
    let started = manager.start_browser_login(login).await.unwrap();
    let page = get(&authority.approve(&started.auth_url, "ws")).await;
    let expected = "https://chatgpt.com/codex/open-app?source=login&app_brand=chatgpt";
    assert_eq!((page.status, page.location.as_deref()), (302, Some(expected)));
    assert_eq!(started.outcome.await, Ok(()));
}

#[tokio::test]
async fn a_wrong_state_is_refused_and_the_login_goes_on() {
    let (authority, _home, manager) = fixture();
    let started = begin(&manager).await;
    let callback = callback_of(&started.auth_url);
    for query in [
        "",
        "?code=c",
        "?code=c&state=wrong",
        "?error=access_denied&state=wrong",
    ] {
        let page = get(&format!("{callback}{query}")).await;
        assert_eq!(
            (page.status, page.body.as_str()),
            (400, "State mismatch"),
            "{query}"
        );
    }
    assert!(authority.all_seen().is_empty());
    come_back(&authority.approve(&started.auth_url, "ws")).await;
    assert_eq!(started.outcome.await, Ok(()));
}

#[tokio::test]
async fn what_the_authority_refuses_is_told() {
    for (query, words) in [
        (
            "error=access_denied",
            "Login server error: Sign-in failed: access_denied",
        ),
        (
            "error=x&error_description=Not+%3Cyou%3E",
            "Login server error: Sign-in failed: Not <you>",
        ),
        (
            "error=access_denied&error_description=missing_codex_entitlement",
            "Login server error: Codex is not enabled for your workspace. Contact your workspace administrator to \
             request access to Codex.",
        ),
        (
            "",
            "Login server error: Missing authorization code. Sign-in could not be completed.",
        ),
        (
            "code=unknown",
            "Login server error: Token exchange failed: token endpoint returned status 400 Bad Request: unknown code",
        ),
    ] {
        let (_authority, home, manager) = fixture();
        let started = begin(&manager).await;
        let url = Url::parse(&started.auth_url).unwrap();
        let state = url
            .query_pairs()
            .find(|(key, _)| key == "state")
            .unwrap()
            .1
            .into_owned();
        let page = get(&format!(
            "{}?state={state}&{query}",
            callback_of(&started.auth_url)
        ))
        .await;
        assert_eq!(page.status, 200);
        assert!(
            page.body.contains("Sign-in failed") && !page.body.contains("<you>"),
            "{}",
            page.body
        );
        assert_eq!(started.outcome.await, Err(words.to_owned()));
        assert!(!home.path().join("auth.json").exists());
    }
}

#[tokio::test]
async fn a_slow_authority_does_not_keep_the_login_from_being_cancelled() {
    let (authority, home, manager) = fixture();
    let started = begin(&manager).await;
    authority.hold("POST /oauth/token");
    let callback = authority.approve(&started.auth_url, "ws");
    let browser =
        tokio::spawn(async move { tokio::time::timeout(Duration::from_secs(20), fetch(&callback)).await });
    authority.arrived("POST /oauth/token", 1).await;
    assert!(manager.cancel_login(started.id));
    assert_eq!(
        started.outcome.await,
        Err("Login server error: Login was not completed".to_owned())
    );
    authority.release("POST /oauth/token");
    browser.await.unwrap().unwrap();
    assert_eq!(manager.auth().await, None);
    assert!(!home.path().join("auth.json").exists());
}

/// Fetches an address whose server may hang up.
async fn fetch(url: &str) {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let host = url.split('/').nth(2).unwrap();
    let mut stream = tokio::net::TcpStream::connect(host).await.unwrap();
    let path = url.split_once(host).unwrap().1;
    stream
        .write_all(format!("GET {path} HTTP/1.1\r\nhost: {host}\r\n\r\n").as_bytes())
        .await
        .unwrap();
    let _ = stream.read_to_end(&mut Vec::new()).await;
}

#[tokio::test]
async fn a_browser_that_sends_its_code_twice_is_signed_in_once() {
    let (authority, _home, manager) = fixture();
    let started = begin(&manager).await;
    let callback = authority.approve(&started.auth_url, "ws");
    let (first, second) = tokio::join!(get(&callback), get(&callback));
    assert_eq!(
        (first.location.as_deref(), second.location.as_deref()),
        (Some("/success"), Some("/success"))
    );
    come_back(&callback).await;
    assert_eq!(started.outcome.await, Ok(()));
    let codes = authority.seen("POST /oauth/token");
    assert_eq!(
        codes
            .iter()
            .filter(|seen| seen.body["grant_type"] == "authorization_code")
            .count(),
        1
    );
}

#[tokio::test]
async fn a_cancelled_login_ends_and_frees_its_port() {
    let (_authority, _home, manager) = fixture();
    let started = begin(&manager).await;
    assert!(!manager.cancel_login(Uuid::new_v4()));
    assert!(manager.cancel_login(started.id));
    assert!(!manager.cancel_login(started.id));
    assert_eq!(
        started.outcome.await,
        Err("Login server error: Login was not completed".to_owned())
    );
}

#[tokio::test]
async fn the_cancel_page_ends_the_login() {
    let (_authority, _home, manager) = fixture();
    let started = begin(&manager).await;
    let page = get(&callback_of(&started.auth_url).replace("/auth/callback", "/cancel")).await;
    assert_eq!(page.status, 200);
    assert!(page.body.contains("Login cancelled"));
    assert_eq!(
        started.outcome.await,
        Err("Login server error: Login cancelled".to_owned())
    );
}

#[tokio::test]
async fn other_pages_are_not_found_and_success_is_earned() {
    let (_authority, _home, manager) = fixture();
    let started = begin(&manager).await;
    for path in ["/", "/success", "/favicon.ico"] {
        let page = get(&callback_of(&started.auth_url).replace("/auth/callback", path)).await;
        assert_eq!((page.status, page.body.as_str()), (404, "Not Found"), "{path}");
    }
}

#[tokio::test]
async fn a_second_login_replaces_the_first_on_the_same_port() {
    let (authority, home) = (Authority::start(), tempfile::tempdir().unwrap());
    let port = free_port().await;
    let manager = manager_on(&home, &authority, vec![port]);
    let first = begin(&manager).await;
    let second = begin(&manager).await;
    assert_eq!(
        first.outcome.await,
        Err("Login server error: Login was not completed".to_owned())
    );
    come_back(&authority.approve(&second.auth_url, "ws")).await;
    assert_eq!(second.outcome.await, Ok(()));
}

#[tokio::test]
async fn logins_that_begin_at_once_leave_one_that_goes_on() {
    let (authority, _home, manager) = fixture();
    let (first, second) = tokio::join!(begin(&manager), begin(&manager));
    assert_ne!(first.id, second.id);
    // The later one wins; the other has ended, or ends now that a third begins.
    let third = begin(&manager).await;
    assert!(first.outcome.await.is_err());
    assert!(second.outcome.await.is_err());
    come_back(&authority.approve(&third.auth_url, "ws")).await;
    assert_eq!(third.outcome.await, Ok(()));
}

#[tokio::test]
async fn the_port_of_another_program_is_taken_over() {
    let (authority, home) = (Authority::start(), tempfile::tempdir().unwrap());
    let port = free_port().await;
    let other_home = tempfile::tempdir().unwrap();
    let other = manager_on(&other_home, &authority, vec![port]);
    let theirs = begin(&other).await;
    let manager = manager_on(&home, &authority, vec![port]);
    let ours = begin(&manager).await;
    assert_eq!(
        theirs.outcome.await,
        Err("Login server error: Login cancelled".to_owned())
    );
    assert_eq!(
        callback_of(&ours.auth_url),
        format!("http://127.0.0.1:{port}/auth/callback")
    );
}

#[tokio::test]
async fn a_port_that_is_not_given_up_leads_to_the_next_or_to_an_error() {
    let (authority, home) = (Authority::start(), tempfile::tempdir().unwrap());
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = taken.local_addr().unwrap().port();
    let next = free_port().await;
    let manager = manager_on(&home, &authority, vec![port, next]);
    let started = begin(&manager).await;
    assert_eq!(
        callback_of(&started.auth_url),
        format!("http://127.0.0.1:{next}/auth/callback")
    );
    let manager = manager_on(&home, &authority, vec![port]);
    let error = manager
        .start_browser_login(BrowserLogin::default())
        .await
        .unwrap_err()
        .to_string();
    assert_eq!(
        error,
        format!("failed to start login server: Port 127.0.0.1:{port} is already in use")
    );
}

#[tokio::test]
async fn a_login_to_a_workspace_that_is_not_allowed_stores_nothing() {
    let (authority, home) = (Authority::start(), tempfile::tempdir().unwrap());
    let forced_workspaces = vec!["a".to_owned(), "b".to_owned()];
    let settings = AuthSettings {
        forced_workspaces,
        ..AuthSettings::default()
    };
    let manager = manager_with(home.path(), &authority, settings);
    let started = begin(&manager).await;
    assert!(started.auth_url.contains("allowed_workspace_id=a%2Cb"));
    let page = come_back(&authority.approve(&started.auth_url, "ws")).await;
    assert!(page.body.contains("Login is restricted to workspace id(s) a, b."));
    let words = "Login server error: Login is restricted to workspace id(s) a, b.";
    assert_eq!(started.outcome.await, Err(words.to_owned()));
    assert!(!home.path().join("auth.json").exists());
    let started = begin(&manager).await;
    come_back(&authority.approve(&started.auth_url, "b")).await;
    assert_eq!(started.outcome.await, Ok(()));
}

#[tokio::test]
async fn the_settings_can_forbid_a_way_to_sign_in() {
    let (authority, home) = (Authority::start(), tempfile::tempdir().unwrap());
    let forced = |method| AuthSettings {
        forced_login: Some(method),
        ..AuthSettings::default()
    };
    let api = manager_with(home.path(), &authority, forced(LoginMethod::Api));
    let disabled = Error::LoginDisabled(LoginKind::Chatgpt);
    let browser = api.start_browser_login(BrowserLogin::default()).await;
    assert_eq!(browser.unwrap_err(), disabled);
    assert_eq!(api.start_device_login().await.unwrap_err(), disabled);
    let chatgpt = manager_with(home.path(), &authority, forced(LoginMethod::Chatgpt));
    let error = chatgpt.login_with_api_key(&Secret::new("k")).await.unwrap_err();
    assert_eq!(error, Error::LoginDisabled(LoginKind::ApiKey));
}

#[tokio::test]
async fn logout_and_an_api_key_end_a_login_that_waits() {
    let (_authority, _home, manager) = fixture();
    let started = begin(&manager).await;
    manager.logout().await.unwrap().await;
    assert!(started.outcome.await.is_err());
    let started = begin(&manager).await;
    manager.login_with_api_key(&Secret::new("k")).await.unwrap();
    assert!(started.outcome.await.is_err());
}

#[tokio::test]
async fn tokens_of_the_login_before_are_revoked() {
    let (authority, home, _) = fixture();
    let before = authority.issue("ws");
    Authority::write_auth_json(home.path(), &before);
    let manager = manager(home.path(), &authority);
    let started = begin(&manager).await;
    come_back(&authority.approve(&started.auth_url, "ws")).await;
    assert_eq!(started.outcome.await, Ok(()));
    let revoked = authority.arrived("POST /oauth/revoke", 1).await;
    assert_eq!(revoked[0].body["token"], before.refresh);
}
