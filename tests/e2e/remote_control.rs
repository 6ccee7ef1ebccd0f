//! Control from other devices (docs/contract/services.md#other-methods).

use codex_core::mock_model::MockModel;
use serde_json::json;

use crate::support::{App, Home, Launch};

#[tokio::test]
async fn control_from_other_devices_is_off() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let status = app.call("remoteControl/status/read", json!(null)).await;
    assert_eq!(
        (&status["status"], &status["environmentId"]),
        (&json!("disabled"), &json!(null))
    );
    let id = std::fs::read_to_string(home.codex().join("installation_id")).unwrap();
    assert_eq!(status["installationId"], id.trim());
    assert!(!status["serverName"].as_str().unwrap().is_empty());
    app.stop().await;
}

#[tokio::test]
async fn each_client_is_told_after_it_has_been_initialized_unless_it_does_not_want_to() {
    let home = Home::empty();
    home.write_config("no_such_key = 1");
    let app = Launch::new(&home).spawn();
    let initialize = json!({"clientInfo": {"name": "x", "version": "1"}});
    app.call("initialize", initialize).await;
    let told = app.wait_for("remoteControl/status/changed").await;
    let id = std::fs::read_to_string(home.codex().join("installation_id")).unwrap();
    assert_eq!(
        (&told["status"], &told["environmentId"], &told["installationId"]),
        (&json!("disabled"), &json!(null), &json!(id.trim()))
    );
    assert!(!told["serverName"].as_str().unwrap().is_empty());
    // What is wrong with the configuration comes before.
    let methods = app.notified_since(0);
    assert_eq!(methods, ["configWarning", "remoteControl/status/changed"]);
    assert!(app.frames()[0].json.get("result").is_some());
    app.stop().await;

    let app = Launch::new(&home).spawn();
    app.initialize(json!({"optOutNotificationMethods": ["remoteControl/status/changed"]}))
        .await;
    app.call("thread/loaded/list", json!({})).await;
    app.stop().await;
    assert_eq!(app.notified_since(0), ["configWarning"]);
}
