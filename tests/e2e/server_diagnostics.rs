//! Diagnostics (docs/contract/services.md#other-methods).

use codex_core::mock_model::MockModel;
use serde_json::json;

use crate::support::{App, Home};

#[tokio::test]
async fn the_server_tells_how_much_memory_it_takes_and_how_busy_it_is() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let (app, thread) = App::with_thread(&home).await;
    let answer = app.call("server/diagnostics", json!({})).await;
    assert_eq!(answer["process"]["id"], app.pid());
    assert!(answer["process"]["residentMemoryBytes"].as_u64().unwrap() > 1 << 20);
    let gauge = |name: &str| {
        let gauges = answer["gauges"].as_array().unwrap().iter();
        let found = gauges.filter(|gauge| gauge["name"] == name);
        found
            .map(|gauge| gauge["value"].as_u64().unwrap())
            .collect::<Vec<_>>()
    };
    assert_eq!(gauge("app.requests.in_flight"), [1]);
    assert_eq!(gauge("app.requests.queued"), [0]);
    assert_eq!(gauge("app.connections"), [1]);
    assert_eq!(gauge("core.threads.live"), [1]);
    assert_eq!(gauge("storage.rollouts"), [0]);
    app.run_turn(&thread, "Hi").await;
    let answer = app.call("server/diagnostics", json!({})).await;
    let stored = |name: &str| {
        let mut gauges = answer["gauges"].as_array().unwrap().iter();
        gauges.find(|gauge| gauge["name"] == name).unwrap()["value"]
            .as_u64()
            .unwrap()
    };
    assert_eq!(stored("storage.rollouts"), 1);
    assert!(stored("storage.rollout_bytes") > 100);
    app.stop().await;
}
