//! Lists of steps, and plans that the user has approved (docs/contract/turns.md#plans).

use codex_core::mock_model::{Answer, MockModel};
use serde_json::{Value, json};

use crate::support::{App, Config, Home};

fn with_tool(model: &MockModel) -> Home {
    let config = Config {
        extra: "[tools.update_plan]\nenabled = true\n".to_owned(),
        ..Config::default()
    };
    Home::with(model, &config)
}

fn mode(mode: &str) -> Value {
    let settings =
        json!({"model": "gpt-5.2-codex", "reasoning_effort": null, "developer_instructions": null});
    json!({"collaborationMode": {"mode": mode, "settings": settings}})
}

#[tokio::test]
async fn the_list_of_steps_is_told_and_the_agent_hears_of_mistakes() {
    let steps = json!([{"step": "a", "status": "completed"}, {"step": "b", "status": "in_progress"},
        {"step": "c", "status": "pending"}]);
    let model = MockModel::start([
        Answer::new()
            .call("u1", "update_plan", json!({"explanation": "why", "plan": steps}))
            .call(
                "u2",
                "update_plan",
                json!({"plan": [{"step": "a", "status": "done"}]}),
            )
            .call("u3", "update_plan", json!({"plan": []})),
        Answer::from("ok"),
    ]);
    let home = with_tool(&model);
    let (app, thread) = App::with_thread(&home).await;
    let turn = app.run_turn(&thread, "Go").await;
    let told = turn.all("turn/plan/updated");
    assert_eq!(told.len(), 2);
    let expected = json!({"threadId": thread, "turnId": turn.id, "explanation": "why", "plan": [
        {"step": "a", "status": "completed"}, {"step": "b", "status": "inProgress"}, {"step": "c", "status": "pending"}]});
    assert_eq!(told[0], &expected);
    assert_eq!(
        (&told[1]["explanation"], &told[1]["plan"]),
        (&Value::Null, &json!([]))
    );
    let requests = model.requests();
    let names: Vec<_> = requests[0].body["tools"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tool| tool["name"].clone())
        .collect();
    assert_eq!(names[..3], ["exec_command", "write_stdin", "update_plan"]);
    assert_eq!(requests[1].tool_output("u1"), Some("Plan updated"));
    let wrong = requests[1].tool_output("u2").unwrap();
    assert!(
        wrong.starts_with("failed to parse function arguments: unknown variant `done`"),
        "{wrong}"
    );
}

#[tokio::test]
async fn there_are_no_steps_in_plan_mode_and_without_the_tool() {
    let call = || {
        Answer::new().call(
            "u1",
            "update_plan",
            json!({"plan": [{"step": "a", "status": "pending"}]}),
        )
    };
    let model = MockModel::start([call(), Answer::from("ok")]);
    let home = with_tool(&model);
    let (app, thread) = App::with_thread(&home).await;
    let turn = app.run_turn_with(&thread, "Go", mode("plan")).await;
    assert!(turn.all("turn/plan/updated").is_empty());
    assert_eq!(
        model.requests()[1].tool_output("u1"),
        Some("update_plan is a TODO/checklist tool and is not allowed in Plan mode")
    );

    let model = MockModel::start([call(), Answer::from("ok")]);
    let home = Home::new(&model);
    let (app, thread) = App::with_thread(&home).await;
    app.run_turn(&thread, "Go").await;
    assert_eq!(
        model.requests()[1].tool_output("u1"),
        Some("unsupported call: update_plan")
    );
}

#[tokio::test]
async fn an_approved_plan_is_in_the_next_request() {
    let model = MockModel::start([
        Answer::from("Planned"),
        Answer::from("Doing it"),
        Answer::new().half("…").hang(),
    ]);
    let home = Home::new(&model);
    let (app, thread) = App::with_thread(&home).await;
    app.run_turn_with(&thread, "Plan it", mode("plan")).await;
    let prepare = |markdown: &str| json!({"threadId": thread, "markdown": markdown});
    let method = "thread/prepareApprovedPlan";
    let error = app.call_err(method, prepare(" \n")).await;
    assert_eq!(
        (error.code, error.message.as_str()),
        (-32600, "The approved plan is empty.")
    );
    let relative = json!({"threadId": thread, "markdown": "x", "attachmentPath": "a.md"});
    assert_eq!(app.call_err(method, relative).await.code, -32602);
    let prepared = app.call(method, prepare("# The plan\n\n1. Write it")).await;
    assert_eq!(prepared, json!({"prompt": "Implement the plan."}));
    app.run_turn_with(&thread, "Implement the plan.", mode("default"))
        .await;
    let requests = model.requests();
    let plans = requests[1].input_of("function_call_output");
    assert_eq!(plans.len(), 1);
    assert_eq!(plans[0]["output"], "# The plan\n\n1. Write it");
    assert_eq!(
        (&plans[0]["name"], &plans[0]["namespace"]),
        (&json!("proposed_plan"), &json!("agent"))
    );
    assert!(
        requests[1].body["input"]
            .to_string()
            .contains("You are in the default mode")
    );

    let running = app.start_turn(&thread, "More").await;
    app.wait_for("item/agentMessage/delta").await;
    let error = app.call_err(method, prepare("# Another")).await;
    assert_eq!(
        (error.code, error.message.as_str()),
        (-32600, "The thread already has an active turn.")
    );
    app.interrupt(&thread, running).await;
}
