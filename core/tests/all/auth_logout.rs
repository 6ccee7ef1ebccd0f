//! Signing out.

use std::sync::Arc;

use codex_core::auth::{AuthError, Secret};
use serde_json::json;

use crate::auth::{home, manager, recovered};
use crate::authority::{Authority, Reply};

#[tokio::test]
async fn a_refresh_that_ends_after_a_logout_signs_nobody_in() {
    let (authority, home) = (Authority::start(), home());
    Authority::write_auth_json(home.path(), &authority.issue("ws"));
    let manager = manager(home.path(), &authority);
    let used = manager.auth().await.unwrap();
    authority.hold("POST /oauth/token");
    let turn = tokio::spawn({
        let manager = Arc::clone(&manager);
        let old = used.bearer().expose().to_owned();
        async move { recovered(&manager, &used, |token| token != old).await }
    });
    authority.arrived("POST /oauth/token", 1).await;
    // As another program does it, that does not know our lock.
    std::fs::remove_file(home.path().join("auth.json")).unwrap();
    authority.release("POST /oauth/token");
    assert!(matches!(turn.await.unwrap(), Err(AuthError::Permanent(_))));
    assert!(!home.path().join("auth.json").exists());
    assert_eq!(manager.auth().await, None);
}

#[tokio::test]
async fn logout_revokes_and_deletes() {
    let (authority, home) = (Authority::start(), home());
    let tokens = authority.issue("ws");
    Authority::write_auth_json(home.path(), &tokens);
    let manager = manager(home.path(), &authority);
    manager.logout().await.unwrap().await;
    assert_eq!(manager.auth().await, None);
    assert!(!home.path().join("auth.json").exists());
    let expected = json!({
        "token": tokens.refresh, "token_type_hint": "refresh_token", "client_id": "app_EMoamEEZ73f0CkXaXp7hrann",
    });
    assert_eq!(authority.seen("POST /oauth/revoke")[0].body, expected);
    manager.logout().await.unwrap().await;
    assert_eq!(authority.all_seen().len(), 1);
}

#[tokio::test]
async fn logout_works_when_the_authority_does_not() {
    let (authority, home) = (Authority::start(), home());
    Authority::write_auth_json(home.path(), &authority.issue("ws"));
    authority.always("POST /oauth/revoke", Reply::new(500, json!("down")));
    let manager = manager(home.path(), &authority);
    manager.logout().await.unwrap().await;
    assert!(!home.path().join("auth.json").exists());
}

#[tokio::test]
async fn an_api_key_is_not_revoked() {
    let (authority, home) = (Authority::start(), home());
    let manager = manager(home.path(), &authority);
    manager.login_with_api_key(&Secret::new("sk-1")).await.unwrap();
    manager.logout().await.unwrap().await;
    assert!(authority.all_seen().is_empty());
}
