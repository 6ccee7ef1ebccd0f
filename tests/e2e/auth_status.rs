//! How clients of earlier days ask who is signed in.

use serde_json::{Value, json};

use super::account::{home, launch, signed_in};
use crate::support::authority::{Authority, Reply};
use crate::support::{App, Home};

const METHOD: &str = "getAuthStatus";

fn status(method: Option<&str>, token: Option<&str>) -> Value {
    json!({"authMethod": method, "authToken": token, "requiresOpenaiAuth": true})
}

#[tokio::test]
async fn the_token_is_given_to_who_asks_for_it() {
    let authority = Authority::start();
    let home = home(&authority, "");
    let app = launch(&home, &authority).start().await;
    let with_token = json!({"includeToken": true});
    assert_eq!(app.call(METHOD, with_token.clone()).await, status(None, None));
    app.call("account/login/start", json!({"type": "apiKey", "apiKey": "sk-1"}))
        .await;
    assert_eq!(app.call(METHOD, json!({})).await, status(Some("apikey"), None));
    let no = json!({"includeToken": false, "refreshToken": null});
    assert_eq!(app.call(METHOD, no).await, status(Some("apikey"), None));
    assert_eq!(
        app.call(METHOD, with_token).await,
        status(Some("apikey"), Some("sk-1"))
    );
    assert_eq!(
        app.call_err(METHOD, json!({"includeToken": 5})).await.code,
        -32602
    );
    app.stop().await;
    assert!(!app.stderr().contains("sk-1"));
}

#[tokio::test]
async fn tokens_are_refreshed_first_if_asked_for() {
    let authority = Authority::start();
    let (_home, app, tokens) = signed_in(&authority).await;
    let with_token = json!({"includeToken": true});
    let chatgpt = |token| status(Some("chatgpt"), token);
    assert_eq!(
        app.call(METHOD, with_token).await,
        chatgpt(Some(tokens.access.as_str()))
    );
    assert!(authority.refreshes().is_empty());
    let fresh = json!({"includeToken": true, "refreshToken": true});
    let renewed = app.call(METHOD, fresh.clone()).await;
    assert_eq!(authority.refreshes().len(), 1);
    assert_ne!(renewed["authToken"], json!(tokens.access));
    // What can't be refreshed for good is told by its method alone.
    let refused = json!({"error": {"code": "refresh_token_invalidated"}});
    authority.always("POST /oauth/token", Reply::new(400, refused));
    assert_eq!(app.call(METHOD, fresh).await, chatgpt(None));
}

#[tokio::test]
async fn a_provider_without_an_account_has_none_to_show() {
    let home = Home::empty();
    home.write_config(
        "model_provider = \"m\"\n[model_providers.m]\nname = \"m\"\nbase_url = \"http://127.0.0.1:9/v1\"\n",
    );
    std::fs::write(home.codex().join("auth.json"), r#"{"OPENAI_API_KEY": "sk-1"}"#).unwrap();
    let app = App::start(&home).await;
    assert_eq!(
        app.call(METHOD, json!({"includeToken": true})).await,
        json!({"authMethod": null, "authToken": null, "requiresOpenaiAuth": false})
    );
}
