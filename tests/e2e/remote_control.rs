//! Control from other devices (docs/contract/services.md#other-methods).

use codex_core::mock_model::MockModel;
use serde_json::json;

use crate::support::{App, Home};

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
