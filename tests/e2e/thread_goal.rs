//! Goals of threads (docs/contract/threads.md#goals).

use codex_core::mock_model::MockModel;
use serde_json::{Value, json};

use crate::support::{App, Home};

/// A program with a thread that has had a turn.
async fn with_thread() -> (MockModel, Home, App, String) {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let id = app.start_thread(json!({})).await;
    app.run_turn(&id, "Hi").await;
    (model, home, app, id)
}

async fn goal(app: &App, id: &str) -> Value {
    app.call("thread/goal/get", json!({"threadId": id})).await["goal"].clone()
}

#[tokio::test]
async fn a_goal_is_created_patched_read_and_cleared() {
    let (_model, _home, app, id) = with_thread().await;
    assert_eq!(goal(&app, &id).await, Value::Null);

    let params = json!({"threadId": id, "objective": "  Ship it \n"});
    let created = app.call("thread/goal/set", params).await["goal"].clone();
    for (member, value) in [
        ("threadId", json!(id)),
        ("objective", json!("Ship it")),
        ("status", json!("active")),
        ("tokenBudget", Value::Null),
        ("tokensUsed", json!(0)),
        ("timeUsedSeconds", json!(0)),
    ] {
        assert_eq!(created[member], value, "{member}");
    }
    assert_eq!(created["createdAt"], created["updatedAt"]);
    let told = app.wait_for("thread/goal/updated").await;
    assert_eq!(told, json!({"threadId": id, "turnId": null, "goal": created}));

    // What a patch doesn't name stays; a null budget is no budget.
    let params = json!({"threadId": id, "status": "paused", "tokenBudget": 1000});
    let patched = app.call("thread/goal/set", params).await["goal"].clone();
    assert_eq!(
        (&patched["objective"], &patched["status"], &patched["tokenBudget"]),
        (&json!("Ship it"), &json!("paused"), &json!(1000))
    );
    assert_eq!(app.wait_for("thread/goal/updated").await["goal"], patched);
    let params = json!({"threadId": id, "tokenBudget": null});
    let patched = app.call("thread/goal/set", params).await["goal"].clone();
    assert_eq!(
        (&patched["status"], &patched["tokenBudget"]),
        (&json!("paused"), &Value::Null)
    );
    assert_eq!(patched["createdAt"], created["createdAt"]);
    assert_eq!(goal(&app, &id).await, patched);

    let clear = || app.call("thread/goal/clear", json!({"threadId": id}));
    assert_eq!(clear().await, json!({"cleared": true}));
    assert_eq!(app.wait_for("thread/goal/cleared").await, json!({"threadId": id}));
    assert_eq!(goal(&app, &id).await, Value::Null);
    let mark = app.mark();
    assert_eq!(clear().await, json!({"cleared": false}));
    assert_eq!(goal(&app, &id).await, Value::Null);
    assert!(app.notified_since(mark).is_empty(), "there was nothing to clear");
    app.stop().await;
}

#[tokio::test]
async fn goals_that_make_no_sense_are_refused() {
    let (_model, _home, app, id) = with_thread().await;
    let nobody = "01900000-0000-7000-8000-000000000000";
    let memory = app.start_thread(json!({"ephemeral": true})).await;
    let refusals = [
        (
            json!({"threadId": id, "status": "complete"}),
            format!("cannot update goal for thread {id}: no goal exists"),
        ),
        (
            json!({"threadId": id, "objective": " \n"}),
            "goal objective must not be empty".to_owned(),
        ),
        (
            json!({"threadId": id, "objective": "ü".repeat(4001)}),
            "goal objective must be at most 4000 characters".to_owned(),
        ),
        (
            json!({"threadId": id, "objective": "x", "tokenBudget": 0}),
            "goal budgets must be positive when provided".to_owned(),
        ),
        (
            json!({"threadId": nobody, "objective": "x"}),
            format!("thread not found: {nobody}"),
        ),
        (
            json!({"threadId": memory, "objective": "x"}),
            format!("ephemeral thread does not support goals: {memory}"),
        ),
    ];
    for (params, message) in refusals {
        let error = app.call_err("thread/goal/set", params).await;
        assert_eq!((error.code, error.message), (-32600, message));
    }
    for method in ["thread/goal/get", "thread/goal/clear"] {
        let error = app.call_err(method, json!({"threadId": nobody})).await;
        assert_eq!(error.message, format!("thread not found: {nobody}"));
    }
    assert_eq!(goal(&app, &id).await, Value::Null);
    let longest = json!({"threadId": id, "objective": "ü".repeat(4000)});
    app.call("thread/goal/set", longest).await;
    app.stop().await;
}

#[tokio::test]
async fn a_goal_outlives_the_process_and_is_told_to_whoever_resumes() {
    let (_model, home, app, id) = with_thread().await;
    let params = json!({"threadId": id, "objective": "Ship it", "status": "blocked"});
    let set = app.call("thread/goal/set", params).await["goal"].clone();
    let read = app.call("thread/read", json!({"threadId": id})).await;
    let path = read["thread"]["path"].as_str().unwrap().to_owned();
    app.stop().await;
    let rollout = std::fs::read_to_string(path).unwrap();
    assert!(rollout.contains("thread_goal_updated") && rollout.contains("Ship it"));

    let app = App::start(&home).await;
    assert_eq!(goal(&app, &id).await, set, "known without being loaded");
    let resume = json!({"threadId": id, "excludeTurns": true});
    app.call("thread/resume", resume.clone()).await;
    assert_eq!(app.wait_for("thread/goal/updated").await["goal"], set);
    app.call("thread/goal/clear", json!({"threadId": id})).await;
    app.stop().await;

    let app = App::start(&home).await;
    app.call("thread/resume", resume).await;
    assert_eq!(app.wait_for("thread/goal/cleared").await, json!({"threadId": id}));
    app.stop().await;
}

#[tokio::test]
async fn one_who_unsubscribed_hears_nothing_of_goals() {
    let (_model, _home, app, id) = with_thread().await;
    app.call("thread/unsubscribe", json!({"threadId": id})).await;
    let mark = app.mark();
    app.call("thread/goal/set", json!({"threadId": id, "objective": "x"}))
        .await;
    app.call("thread/goal/clear", json!({"threadId": id})).await;
    assert_eq!(goal(&app, &id).await, Value::Null);
    assert!(app.notified_since(mark).is_empty());
    app.stop().await;
}
