//! Turns: what is announced in which order, and what the model is asked.

use codex_core::mock_model::{Answer, MockModel};
use serde_json::json;

use crate::support::{App, Home};

#[tokio::test]
async fn a_plain_turn_announces_its_parts_in_order() {
    let model = MockModel::start(Answer::new().say_in("Hello there", 2));
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    let turn = app.run_turn(&thread, "Hi").await;
    assert_eq!(turn.status(), "completed");
    assert_eq!(
        turn.turn_methods(),
        [
            "turn/started",
            "item/started",
            "item/completed",
            "item/started",
            "item/agentMessage/delta",
            "item/agentMessage/delta",
            "item/completed",
            "turn/completed",
        ]
    );
    assert_eq!(turn.text(), "Hello there");
    assert_eq!(turn.streamed("item/agentMessage/delta"), "Hello there");
    app.stop().await;
}
