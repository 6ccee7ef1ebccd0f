//! Apps (docs/contract/services.md#apps).

use serde_json::json;

use crate::marketplace::{refused, started};

#[tokio::test]
async fn without_an_account_there_are_no_apps() {
    let (_model, _home, app) = started().await;
    let listed = app.call("app/list", json!({"cursor": "9"})).await;
    assert_eq!(listed, json!({"data": [], "nextCursor": null}));
    assert_eq!(app.call("app/installed", json!({})).await, json!({"apps": []}));
    let read = app.call("app/read", json!({"appIds": ["a", "b"]})).await;
    assert_eq!(read, json!({"apps": [], "missingAppIds": ["a", "b"]}));
    for method in ["app/list", "app/installed"] {
        let message = refused(&app, method, json!({"threadId": "zz"})).await;
        assert!(message.starts_with("invalid thread id: "), "{message}");
    }
    app.stop().await;
}

#[tokio::test]
async fn which_apps_there_are_is_not_known_beside_a_configuration_that_can_t_be_read() {
    let (_model, home, app) = started().await;
    let thread = app.start_thread(json!({})).await;
    home.write_config("model = = 1");
    for (method, params) in [
        ("app/list", json!({})),
        ("app/list", json!({"threadId": thread})),
        ("app/read", json!({"appIds": ["a"]})),
        ("app/installed", json!({})),
    ] {
        let error = app.call_err(method, params).await;
        assert_eq!(error.code, -32603, "{method}");
    }
    let of_thread = app.call("app/installed", json!({"threadId": thread})).await;
    assert_eq!(of_thread, json!({"apps": []}));
    app.stop().await;
}
