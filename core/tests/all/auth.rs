//! Accounts: what is stored, and how ChatGPT tokens that we manage stay fresh.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

use codex_core::auth::{
    Account, AuthEnvironment, AuthError, AuthManager, AuthOptions, AuthSettings, CodexAuth, Secret,
};
use codex_core::config::{CredentialsStore, LoginMethod};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::authority::{Authority, Reply, access_token, now};

/// The addresses of a double.
pub(crate) fn environment(authority: &Authority) -> AuthEnvironment {
    AuthEnvironment {
        issuer: authority.url().to_owned(),
        refresh_url: Some(format!("{}/oauth/token", authority.url())),
        chatgpt_base_url: Some(format!("{}/backend-api", authority.url())),
        login_ports: vec![0],
        ..AuthEnvironment::default()
    }
}

/// A manager of a home against a double.
pub(crate) fn manager(home: &Path, authority: &Authority) -> Arc<AuthManager> {
    manager_with(home, authority, AuthSettings::default())
}

/// A manager with settings.
pub(crate) fn manager_with(home: &Path, authority: &Authority, settings: AuthSettings) -> Arc<AuthManager> {
    AuthManager::with_options(AuthOptions {
        codex_home: home.to_owned(),
        settings: Arc::new(move || settings.clone()),
        environment: environment(authority),
    })
}

/// Content of auth.json.
pub(crate) fn auth_json(home: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(home.join("auth.json")).unwrap()).unwrap()
}

pub(crate) fn home() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn bearer(auth: Option<CodexAuth>) -> String {
    auth.unwrap().bearer().expose().to_owned()
}

/// Runs the steps after a 401 until one gives credentials that the authority accepts, or there is none left.
pub(crate) async fn recovered(
    manager: &Arc<AuthManager>,
    used: &CodexAuth,
    good: impl Fn(&str) -> bool,
) -> Result<Option<String>, AuthError> {
    let mut recovery = manager.recover(used);
    while let Some(next) = recovery.next().await? {
        if good(next.bearer().expose()) {
            return Ok(Some(next.bearer().expose().to_owned()));
        }
    }
    Ok(None)
}

#[tokio::test]
async fn nobody_is_signed_in_to_an_empty_home_and_nothing_is_written() {
    let (authority, home) = (Authority::start(), home());
    let manager = manager(home.path(), &authority);
    assert_eq!(manager.auth().await, None);
    assert_eq!(manager.account().await, None);
    assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 0);
    assert!(authority.all_seen().is_empty());
}

#[tokio::test]
async fn an_api_key_is_kept_in_a_private_file() {
    let (authority, home) = (Authority::start(), home());
    let first = manager(home.path(), &authority);
    first.login_with_api_key(&Secret::new("sk-1")).await.unwrap();
    assert_eq!(bearer(first.auth().await), "sk-1");
    assert_eq!(first.account().await, Some(Account::ApiKey));
    let mode = std::fs::metadata(home.path().join("auth.json"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let stored = auth_json(home.path());
    assert_eq!(
        (&stored["auth_mode"], &stored["OPENAI_API_KEY"]),
        (&json!("apikey"), &json!("sk-1"))
    );
    let second = manager(home.path(), &authority);
    assert_eq!(bearer(second.auth().await), "sk-1");
    assert_eq!(
        recovered(&second, &second.auth().await.unwrap(), |_| true).await,
        Ok(None)
    );
}

#[tokio::test]
async fn a_stored_chatgpt_login_tells_who_it_is_without_the_network() {
    let (authority, home) = (Authority::start(), home());
    let tokens = authority.issue("ws");
    Authority::write_auth_json(home.path(), &tokens);
    let manager = manager(home.path(), &authority);
    assert_eq!(bearer(manager.auth().await), tokens.access);
    assert_eq!(
        manager.account().await,
        Some(Account::ChatGpt {
            email: Some("ws@example.com".to_owned()),
            plan_type: Some("pro".to_owned()),
            user_id: Some("user-ws".to_owned()),
            account_id: Some("ws".to_owned()),
            parent_owned: false,
        })
    );
    assert!(authority.all_seen().is_empty());
}

#[tokio::test]
async fn after_a_401_the_store_is_tried_then_the_authority_then_nothing() {
    let (authority, home) = (Authority::start(), home());
    let tokens = authority.issue("ws");
    Authority::write_auth_json(home.path(), &tokens);
    let manager = manager(home.path(), &authority);
    let used = manager.auth().await.unwrap();
    let mut recovery = manager.recover(&used);
    let reloaded = recovery.next().await.unwrap().unwrap();
    assert_eq!(reloaded.bearer().expose(), tokens.access);
    assert!(authority.refreshes().is_empty());
    let renewed = recovery.next().await.unwrap().unwrap();
    assert_ne!(renewed.bearer().expose(), tokens.access);
    assert_eq!(recovery.next().await, Ok(None));

    let refreshes = authority.refreshes();
    assert_eq!(refreshes.len(), 1);
    let expected = json!({
        "client_id": "app_EMoamEEZ73f0CkXaXp7hrann", "grant_type": "refresh_token",
        "refresh_reason": "unauthorized_recovery", "refresh_token": tokens.refresh,
    });
    assert_eq!(refreshes[0].body, expected);
    let stored = auth_json(home.path());
    assert_eq!(stored["tokens"]["access_token"], renewed.bearer().expose());
    assert_ne!(stored["last_refresh"], "2026-01-01T00:00:00Z");
}

#[tokio::test]
async fn refresh_tokens_go_to_the_issuer_that_is_configured_and_handed_them_out() {
    let (authority, home) = (Authority::start(), home());
    let tokens = authority.issue("ws");
    Authority::write_auth_json(home.path(), &tokens);
    let of_issuer = |issuer: String| {
        AuthManager::with_options(AuthOptions {
            codex_home: home.path().to_owned(),
            settings: Arc::new(AuthSettings::default),
            environment: AuthEnvironment {
                issuer,
                ..AuthEnvironment::default()
            },
        })
    };
    let manager = of_issuer(authority.url().to_owned());
    let used = manager.auth().await.unwrap();
    let renewed = recovered(&manager, &used, |token| token != tokens.access)
        .await
        .unwrap();
    assert!(renewed.is_some());
    assert_eq!(authority.refreshes().len(), 1);

    let mut stored = auth_json(home.path());
    stored["tokens"]["oauth_provenance"] = json!({"issuer": "https://other.example", "client_id": "c"});
    std::fs::write(home.path().join("auth.json"), stored.to_string()).unwrap();
    let manager = of_issuer(authority.url().to_owned());
    let used = manager.auth().await.unwrap();
    let Err(AuthError::Permanent(message)) = recovered(&manager, &used, |_| false).await else {
        panic!("tokens of another issuer are refused");
    };
    assert!(message.contains("issued by https://other.example"), "{message}");
    assert_eq!(authority.refreshes().len(), 1);
}

#[tokio::test]
async fn sixteen_turns_that_meet_a_401_cause_one_refresh() {
    let (authority, home) = (Authority::start(), home());
    let tokens = authority.issue("ws");
    Authority::write_auth_json(home.path(), &tokens);
    let manager = manager(home.path(), &authority);
    let used = manager.auth().await.unwrap();
    authority.hold("POST /oauth/token");
    let turns: Vec<_> = (0..16)
        .map(|_| {
            let (manager, used, old) = (Arc::clone(&manager), used.clone(), tokens.access.clone());
            tokio::spawn(async move { recovered(&manager, &used, |token| token != old).await })
        })
        .collect();
    authority.arrived("POST /oauth/token", 1).await;
    // One gives up while the authority thinks; that must not cost the others their tokens.
    turns[0].abort();
    authority.release("POST /oauth/token");
    let mut renewed = Vec::new();
    for turn in turns.into_iter().skip(1) {
        renewed.push(turn.await.unwrap().unwrap().unwrap());
    }
    renewed.dedup();
    assert_eq!(renewed.len(), 1);
    // A latecomer that still has the old token gets the new one without a question.
    assert_eq!(
        recovered(&manager, &used, |_| true).await.unwrap().unwrap(),
        renewed[0]
    );
    assert_eq!(authority.refreshes().len(), 1);
}

#[tokio::test]
async fn two_processes_of_one_home_cause_one_refresh() {
    let (authority, home) = (Authority::start(), home());
    let tokens = authority.issue("ws");
    Authority::write_auth_json(home.path(), &tokens);
    let managers = [manager(home.path(), &authority), manager(home.path(), &authority)];
    let mut turns = Vec::new();
    authority.hold("POST /oauth/token");
    for manager in managers {
        let used = manager.auth().await.unwrap();
        let old = tokens.access.clone();
        turns.push(tokio::spawn(async move {
            recovered(&manager, &used, |token| token != old).await
        }));
    }
    authority.arrived("POST /oauth/token", 1).await;
    authority.release("POST /oauth/token");
    let mut renewed = Vec::new();
    for turn in turns {
        renewed.push(turn.await.unwrap().unwrap().unwrap());
    }
    assert_eq!(renewed[0], renewed[1]);
    assert_eq!(authority.refreshes().len(), 1);
    assert_eq!(auth_json(home.path())["tokens"]["access_token"], renewed[0]);
}

#[tokio::test]
async fn a_refresh_that_another_program_won_without_our_lock_is_taken_over() {
    let (authority, home) = (Authority::start(), home());
    let tokens = authority.issue("ws");
    Authority::write_auth_json(home.path(), &tokens);
    let manager = manager(home.path(), &authority);
    let used = manager.auth().await.unwrap();
    authority.hold("POST /oauth/token");
    authority.script(
        "POST /oauth/token",
        [Reply::new(
            401,
            json!({"error": {"code": "refresh_token_reused"}}),
        )],
    );
    let turn = tokio::spawn({
        let (manager, old) = (Arc::clone(&manager), tokens.access.clone());
        async move { recovered(&manager, &used, |token| token != old).await }
    });
    authority.arrived("POST /oauth/token", 1).await;
    let theirs = authority.issue("ws");
    Authority::write_auth_json(home.path(), &theirs);
    authority.release("POST /oauth/token");
    assert_eq!(turn.await.unwrap(), Ok(Some(theirs.access)));
}

#[tokio::test]
async fn permanent_failures_are_told_in_words_and_not_tried_again() {
    let cases = [
        (
            400,
            json!({"error": {"code": "refresh_token_expired"}}),
            "has expired",
        ),
        (400, json!({"error": "refresh_token_reused"}), "was already used"),
        (500, json!({"code": "refresh_token_invalidated"}), "was revoked"),
        (401, json!("nope"), "could not be refreshed. Please log out"),
        (
            400,
            json!({"error": "invalid_grant"}),
            "could not be refreshed. Please log out",
        ),
    ];
    for (status, body, words) in cases {
        let (authority, home) = (Authority::start(), home());
        Authority::write_auth_json(home.path(), &authority.issue("ws"));
        authority.script("POST /oauth/token", [Reply::new(status, body)]);
        let manager = manager(home.path(), &authority);
        let used = manager.auth().await.unwrap();
        for _ in 0..2 {
            let error = recovered(&manager, &used, |_| false).await.unwrap_err();
            assert!(
                matches!(&error, AuthError::Permanent(text) if text.contains(words)),
                "{error:?}"
            );
        }
        assert_eq!(authority.refreshes().len(), 1);
        assert_eq!(manager.account().await, None);
        // Signing in anew ends it.
        Authority::write_auth_json(home.path(), &authority.issue("ws"));
        assert!(recovered(&manager, &used, |_| true).await.unwrap().is_some());
        assert!(manager.account().await.is_some());
    }
}

#[tokio::test]
async fn transient_failures_may_be_tried_again() {
    let (authority, home) = (Authority::start(), home());
    Authority::write_auth_json(home.path(), &authority.issue("ws"));
    let broken = [
        Reply::new(503, json!("busy")),
        Reply::new(200, json!("garbage")),
        Reply::new(200, json!({})),
    ];
    authority.script("POST /oauth/token", broken);
    let manager = manager(home.path(), &authority);
    let used = manager.auth().await.unwrap();
    let old = used.bearer().expose().to_owned();
    for words in ["503 Service Unavailable", "cannot be read", "no access token"] {
        let error = recovered(&manager, &used, |token| token != old)
            .await
            .unwrap_err();
        assert!(
            matches!(&error, AuthError::Transient(text) if text.contains(words)),
            "{error:?}"
        );
    }
    assert!(
        recovered(&manager, &used, |token| token != old)
            .await
            .unwrap()
            .is_some()
    );
}

#[tokio::test]
async fn a_login_to_another_account_meanwhile_is_not_used_for_the_old_turn() {
    let (authority, home) = (Authority::start(), home());
    Authority::write_auth_json(home.path(), &authority.issue("ws"));
    let manager = manager(home.path(), &authority);
    let used = manager.auth().await.unwrap();
    Authority::write_auth_json(home.path(), &authority.issue("other"));
    let error = recovered(&manager, &used, |_| true).await.unwrap_err();
    assert!(
        matches!(&error, AuthError::Permanent(text) if text.contains("another account")),
        "{error:?}"
    );
    std::fs::remove_file(home.path().join("auth.json")).unwrap();
    assert!(recovered(&manager, &used, |_| true).await.is_err());
    assert!(authority.refreshes().is_empty());
}

#[tokio::test]
async fn a_token_that_ends_soon_is_renewed_before_it_is_used() {
    let (authority, home) = (Authority::start(), home());
    authority.token_life(299);
    let tokens = authority.issue("ws");
    Authority::write_auth_json(home.path(), &tokens);
    authority.token_life(3600);
    let manager = manager(home.path(), &authority);
    assert_ne!(bearer(manager.auth().await), tokens.access);
    assert_eq!(
        authority.refreshes()[0].body["refresh_reason"],
        "proactive_expiry"
    );
}

#[tokio::test]
async fn a_wrong_clock_does_not_cost_a_refresh_per_request() {
    let (authority, home) = (Authority::start(), home());
    // Seen from here, even new tokens ended an hour ago.
    authority.token_life(-3600);
    Authority::write_auth_json(home.path(), &authority.issue("ws"));
    let manager = manager(home.path(), &authority);
    let first = bearer(manager.auth().await);
    for _ in 0..5 {
        assert_eq!(bearer(manager.auth().await), first);
    }
    assert_eq!(authority.refreshes().len(), 1);
}

#[tokio::test]
async fn a_failed_renewal_ahead_of_time_keeps_the_old_token() {
    let (authority, home) = (Authority::start(), home());
    authority.token_life(200);
    let tokens = authority.issue("ws");
    Authority::write_auth_json(home.path(), &tokens);
    authority.always("POST /oauth/token", Reply::new(500, json!("down")));
    let manager = manager(home.path(), &authority);
    for _ in 0..3 {
        assert_eq!(bearer(manager.auth().await), tokens.access);
    }
    assert_eq!(authority.refreshes().len(), 1);
}

#[tokio::test]
async fn an_old_token_that_does_not_say_when_it_ends_is_renewed_by_age() {
    let (authority, home) = (Authority::start(), home());
    let mut tokens = authority.issue("ws");
    tokens.access = crate::authority::jwt(&json!({"jti": "timeless"}));
    Authority::write_auth_json(home.path(), &tokens);
    let manager = manager(home.path(), &authority);
    assert_ne!(bearer(manager.auth().await), tokens.access);
    assert_eq!(authority.refreshes()[0].body["refresh_reason"], "scheduled");
}

#[tokio::test]
async fn the_client_can_ask_for_a_refresh() {
    let (authority, home) = (Authority::start(), home());
    let tokens = authority.issue("ws");
    Authority::write_auth_json(home.path(), &tokens);
    let manager = manager(home.path(), &authority);
    manager.force_refresh().await.unwrap();
    assert_eq!(authority.refreshes()[0].body["refresh_reason"], "forced");
    assert_ne!(bearer(manager.auth().await), tokens.access);
}

#[tokio::test]
async fn a_stored_login_that_the_settings_forbid_is_not_used() {
    let (authority, home) = (Authority::start(), home());
    Authority::write_auth_json(home.path(), &authority.issue("ws"));
    let with = |settings| manager_with(home.path(), &authority, settings);
    let only_api = with(AuthSettings {
        forced_login: Some(LoginMethod::Api),
        ..AuthSettings::default()
    });
    assert_eq!(only_api.auth().await, None);
    let only_other = with(AuthSettings {
        forced_workspaces: vec!["other".to_owned()],
        ..AuthSettings::default()
    });
    assert_eq!(only_other.auth().await, None);
    let only_this = with(AuthSettings {
        forced_workspaces: vec!["x".to_owned(), "ws".to_owned()],
        ..AuthSettings::default()
    });
    assert!(only_this.auth().await.is_some());
}

#[tokio::test]
async fn the_ephemeral_store_leaves_nothing_behind() {
    let (authority, home) = (Authority::start(), home());
    let settings = AuthSettings {
        store: CredentialsStore::Ephemeral,
        ..AuthSettings::default()
    };
    let first = manager_with(home.path(), &authority, settings.clone());
    first.login_with_api_key(&Secret::new("sk-1")).await.unwrap();
    assert_eq!(bearer(first.auth().await), "sk-1");
    assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 0);
    assert_eq!(manager_with(home.path(), &authority, settings).auth().await, None);
}

#[tokio::test]
async fn a_file_of_another_release_is_used_and_kept_whole() {
    let (authority, home) = (Authority::start(), home());
    let tokens = authority.issue("ws");
    let content = json!({
        "auth_mode": "chatgpt", "OPENAI_API_KEY": "sk-beside", "agent_identity": null, "someday": [1, 2],
        "tokens": {
            "id_token": tokens.id, "access_token": access_token("ws", 99, now() + 60), "account_id": "ws",
            "refresh_token": tokens.refresh, "login_owner_id": "owner",
            "oauth_provenance": {"issuer": authority.url(), "client_id": "theirs"},
        },
        "last_refresh": "2026-11-20T10:00:00.123456789Z",
    });
    std::fs::write(home.path().join("auth.json"), content.to_string()).unwrap();
    let manager = manager(home.path(), &authority);
    let renewed = bearer(manager.auth().await);
    let stored = auth_json(home.path());
    assert_eq!(authority.refreshes()[0].body["client_id"], "theirs");
    assert_eq!(stored["someday"], json!([1, 2]));
    assert_eq!(stored["OPENAI_API_KEY"], "sk-beside");
    assert_eq!(stored["tokens"]["login_owner_id"], "owner");
    assert_eq!(stored["tokens"]["access_token"], renewed);
}
