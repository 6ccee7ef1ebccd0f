//! Plans inside of messages (docs/contract/turns.md#plans).

use codex_core::mock_model::{Answer, MockModel};
use serde_json::{Value, json};

use crate::support::{App, Home};

fn mode(mode: &str) -> Value {
    let settings =
        json!({"model": "gpt-5.2-codex", "developer_instructions": null, "reasoning_effort": null});
    json!({"collaborationMode": {"mode": mode, "settings": settings}})
}

#[tokio::test]
async fn in_plan_mode_a_proposed_plan_is_an_item_of_its_own() {
    let text = "Intro\n<proposed_plan>\n1. look\n2. leap\n</proposed_plan>\nOutro";
    let model = MockModel::start(Answer::new().say_in(text, 9).always());
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
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

#[tokio::test]
async fn a_response_has_one_plan_and_no_blank_message_around_it() {
    let plan = |text: &str| format!("\n\n<proposed_plan>\n{text}\n</proposed_plan>\n\n");
    let model = MockModel::start([
        Answer::new().say_in(&plan("one"), 5),
        Answer::new()
            .say_in(&plan("two"), 5)
            .say_in(&format!("{}end", plan("three")), 5),
    ]);
    let home = Home::new(&model);
    let (app, thread) = App::with_thread(&home).await;
    let turn = app.run_turn_with(&thread, "Plan it", mode("plan")).await;
    assert_eq!(turn.items_of("plan")[0]["text"], "one\n");
    assert!(turn.items_of("agentMessage").is_empty());
    assert!(turn.all("item/agentMessage/delta").is_empty());

    let turn = app.run_turn(&thread, "Again").await;
    let plans = turn.items_of("plan");
    assert_eq!((plans.len(), &plans[0]["text"]), (1, &json!("two\n")));
    assert_eq!(turn.text(), "\n\n\nend");
    assert_eq!(turn.streamed("item/agentMessage/delta"), "\n\n\nend");
}
