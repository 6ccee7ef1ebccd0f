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
