//! Plans inside of messages (docs/contract/turns.md#plans).

use codex_core::mock_model::{Answer, MockModel};
use serde_json::{Value, json};

use crate::support::{App, Home};

#[tokio::test]
async fn in_plan_mode_a_proposed_plan_is_an_item_of_its_own() {
    let text = "Intro\n<proposed_plan>\n1. look\n2. leap\n</proposed_plan>\nOutro";
    let model = MockModel::start(Answer::new().say_in(text, 9).always());
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    let mode = |mode: &str| {
        let settings =
            json!({"model": "gpt-5.2-codex", "developer_instructions": null, "reasoning_effort": null});
        json!({"collaborationMode": {"mode": mode, "settings": settings}})
    };
    let turn = app.run_turn_with(&thread, "Plan it", mode("plan")).await;
    assert_eq!(turn.status(), "completed");
    let plan = turn.items_of("plan")[0];
    assert_eq!(plan["text"], "1. look\n2. leap\n");
    assert_eq!(turn.streamed("item/plan/delta"), "1. look\n2. leap\n");
    let deltas = turn.all("item/plan/delta");
    assert!(deltas.iter().all(|delta| delta["itemId"] == plan["id"]));
    assert_eq!(turn.streamed("item/agentMessage/delta"), "Intro\nOutro");
    assert_eq!(turn.text(), "Intro\nOutro");
    let order: Vec<&Value> = turn.items().iter().map(|item| &item["type"]).collect();
    assert_eq!(order, ["userMessage", "plan", "agentMessage"]);

    let turn = app.run_turn_with(&thread, "Do it", mode("default")).await;
    assert_eq!(turn.text(), text);
    assert!(turn.items_of("plan").is_empty() && turn.all("item/plan/delta").is_empty());
}
