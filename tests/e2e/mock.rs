//! A method for tests of clients (docs/contract/services.md#other-methods).

use codex_core::mock_model::MockModel;
use serde_json::json;

use crate::support::{App, Home, Launch};

#[tokio::test]
async fn a_value_is_sent_back_to_clients_with_the_capability() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let app = App::start(&home).await;
    for value in [json!("x"), json!(null)] {
        let echoed = app.call("mock/experimentalMethod", json!({"value": value})).await;
        assert_eq!(echoed, json!({"echoed": value}));
    }
    app.stop().await;
    let app = Launch::new(&home).spawn();
    app.initialize(json!({})).await;
    let error = app
        .call_err("mock/experimentalMethod", json!({"value": "x"}))
        .await;
    assert_eq!(
        (error.code, error.message.as_str()),
        (
            -32600,
            "mock/experimentalMethod requires experimentalApi capability"
        )
    );
    app.stop().await;
}
