//! The sandbox of Windows (docs/contract/services.md#other-methods).

use codex_core::mock_model::MockModel;
use serde_json::json;

use crate::support::{App, Home};

#[tokio::test]
async fn the_sandbox_of_windows_can_not_be_set_up_here() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let status = app.call("windowsSandbox/readiness", json!(null)).await;
    assert_eq!(status, json!({"status": "notConfigured"}));
    for (mode, kind) in [("elevated", "elevated"), ("unelevated", "legacy")] {
        let started = app.call("windowsSandbox/setupStart", json!({"mode": mode})).await;
        assert_eq!(started, json!({"started": true}));
        let completed = app.wait_for("windowsSandbox/setupCompleted").await;
        let error = format!("{kind} Windows sandbox setup is only supported on Windows");
        assert_eq!(completed, json!({"mode": mode, "success": false, "error": error}));
    }
    app.stop().await;
}
