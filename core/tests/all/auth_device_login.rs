//! Signing in with a code that the user types on another device.

use serde_json::json;

use crate::auth::auth_json;
use crate::auth_login::fixture;
use crate::authority::Reply;

#[tokio::test]
async fn a_device_login_signs_in_when_the_user_has_typed_the_code() {
    let (authority, home, manager) = fixture();
    let started = manager.start_device_login().await.unwrap();
    assert_eq!(started.user_code, "ABCD-1234");
    assert_eq!(
        started.verification_url,
        format!("{}/codex/device", authority.url())
    );
    authority.arrived("POST /api/accounts/deviceauth/token", 2).await;
    authority.approve_device("ws");
    assert_eq!(started.outcome.await, Ok(()));
    assert_eq!(manager.auth().await.unwrap().account_id(), Some("ws"));
    assert_eq!(auth_json(home.path())["OPENAI_API_KEY"], json!(null));
    let asked = &authority.seen("POST /api/accounts/deviceauth/token")[0].body;
    assert_eq!(
        asked,
        &json!({"device_auth_id": "device-1", "user_code": "ABCD-1234"})
    );
    let exchange = &authority.seen("POST /oauth/token")[0].body;
    assert_eq!(
        exchange["redirect_uri"],
        format!("{}/deviceauth/callback", authority.url())
    );
}

#[tokio::test]
async fn a_device_login_that_the_authority_does_not_offer_is_refused() {
    for (status, words) in [
        (404, "the login server offers no device codes"),
        (
            500,
            "failed to request device code: device code request failed with status 500",
        ),
        (
            200,
            "failed to request device code: the authority's answer cannot be read",
        ),
    ] {
        let (authority, _home, manager) = fixture();
        authority.always(
            "POST /api/accounts/deviceauth/usercode",
            Reply::new(status, json!({})),
        );
        let error = manager.start_device_login().await.unwrap_err().to_string();
        assert!(error.starts_with(words), "{error}");
    }
}

#[tokio::test]
async fn a_device_login_that_fails_later_is_told() {
    let (authority, _home, manager) = fixture();
    let replies = [
        Reply::new(404, json!({})),
        Reply::new(403, json!({})),
        Reply::new(400, json!({})),
    ];
    authority.script("POST /api/accounts/deviceauth/token", replies);
    let started = manager.start_device_login().await.unwrap();
    assert_eq!(
        started.outcome.await,
        Err("device auth failed with status 400 Bad Request".to_owned())
    );
    assert_eq!(authority.seen("POST /api/accounts/deviceauth/token").len(), 3);
}

#[tokio::test]
async fn a_cancelled_device_login_asks_no_more() {
    let (authority, _home, manager) = fixture();
    let started = manager.start_device_login().await.unwrap();
    authority.arrived("POST /api/accounts/deviceauth/token", 1).await;
    assert!(manager.cancel_login(started.id));
    assert_eq!(started.outcome.await, Err("Login was not completed".to_owned()));
    assert_eq!(manager.auth().await, None);
}
