//! Accounts to switch between (docs/contract/services.md#other-methods).

use codex_core::mock_model::MockModel;
use serde_json::json;

use crate::support::{App, Home};

#[tokio::test]
async fn there_are_no_accounts_to_switch_between() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let app = App::start(&home).await;
    for params in [json!({}), json!({"refreshWorkspaceMetadata": true})] {
        let answer = app.call("accountSession/list", params).await;
        assert_eq!(answer, json!({"activeSessionId": null, "sessions": []}));
    }
    app.stop().await;
}
