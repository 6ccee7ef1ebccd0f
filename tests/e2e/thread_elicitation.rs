//! Questions that a client has open with the user by itself (docs/contract/items-and-approvals.md#questions-of-clients).

use codex_core::mock_model::{Answer, MockModel};
use serde_json::json;

use crate::support::{App, Home};

#[tokio::test]
async fn commands_are_waited_for_as_long_as_a_question_of_the_client_is_open() {
    let command = json!({"cmd": "sleep 1; echo late", "yield_time_ms": 250});
    let model = MockModel::start([
        Answer::new().call("c1", "exec_command", command),
        Answer::from("ok"),
    ]);
    let home = Home::new(&model);
    let (app, thread) = App::with_thread(&home).await;
    let more = || app.call("thread/increment_elicitation", json!({"threadId": thread}));
    let less = || app.call("thread/decrement_elicitation", json!({"threadId": thread}));
    assert_eq!(more().await, json!({"count": 1, "paused": true}));
    assert_eq!(more().await, json!({"count": 2, "paused": true}));
    app.run_turn(&thread, "Run it").await;
    let requests = model.requests();
    let output = requests[1].tool_output("c1").unwrap();
    assert!(output.contains("late"), "the time-out did not pass: {output}");
    assert_eq!(less().await, json!({"count": 1, "paused": true}));
    assert_eq!(less().await, json!({"count": 0, "paused": false}));
    let error = app
        .call_err("thread/decrement_elicitation", json!({"threadId": thread}))
        .await;
    assert_eq!(
        (error.code, error.message.as_str()),
        (-32600, "out-of-band elicitation count is already zero")
    );
    app.stop().await;
}
