//! Goals of threads (docs/contract/threads.md#goals).

use codex_core::mock_model::{Answer, MockModel, Request};
use serde_json::{Value, json};

use crate::support::{App, Config, Frame, Gate, Home};

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

    let params = json!({"threadId": id, "objective": "  Ship it \n", "status": "paused"});
    let created = app.call("thread/goal/set", params).await["goal"].clone();
    for (member, value) in [
        ("threadId", json!(id)),
        ("objective", json!("Ship it")),
        ("status", json!("paused")),
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
    let params = json!({"threadId": id, "status": "blocked", "tokenBudget": 1000});
    let patched = app.call("thread/goal/set", params).await["goal"].clone();
    assert_eq!(
        (&patched["objective"], &patched["status"], &patched["tokenBudget"]),
        (&json!("Ship it"), &json!("blocked"), &json!(1000))
    );
    assert_eq!(app.wait_for("thread/goal/updated").await["goal"], patched);
    let params = json!({"threadId": id, "tokenBudget": null});
    let patched = app.call("thread/goal/set", params).await["goal"].clone();
    assert_eq!(
        (&patched["status"], &patched["tokenBudget"]),
        (&json!("blocked"), &Value::Null)
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
    let longest = json!({"threadId": id, "objective": "ü".repeat(4000), "status": "paused"});
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
async fn one_who_unsubscribed_hears_of_goals_all_the_same() {
    let (_model, _home, app, id) = with_thread().await;
    app.call("thread/unsubscribe", json!({"threadId": id})).await;
    let mark = app.mark();
    let goal_at_rest = json!({"threadId": id, "objective": "x", "status": "paused"});
    app.call("thread/goal/set", goal_at_rest).await;
    app.call("thread/goal/clear", json!({"threadId": id})).await;
    assert_eq!(goal(&app, &id).await, Value::Null);
    assert_eq!(
        app.notified_since(mark),
        ["thread/goal/updated", "thread/goal/cleared"]
    );
    app.stop().await;
}

/// An answer that calls one tool.
fn call(id: &str, tool: &str, arguments: Value) -> Answer {
    Answer::new().call(id, tool, arguments)
}

/// A program with a thread in which nothing was said.
async fn idle(model: &MockModel, config: &Config) -> (Home, App, String) {
    let home = Home::with(model, config);
    let app = App::start(&home).await;
    let id = app.start_thread(json!({})).await;
    (home, app, id)
}

/// The goal as it is told next, once it stands like this.
async fn told(app: &App, status: &str) -> Value {
    let updated = app
        .wait_where("thread/goal/updated", |params| params["goal"]["status"] == status)
        .await;
    updated["goal"].clone()
}

/// What a request tells of the goal: `objective` or `continue` for each item, in order.
fn goal_items(request: &Request) -> Vec<&str> {
    let kind = |item: &&Value| {
        if item["name"] == "goal_objective" {
            return Some("objective");
        }
        let text = item["content"][0]["text"].as_str().unwrap_or_default();
        text.starts_with("<codex_internal_context source=\"goal\">")
            .then_some("continue")
    };
    request.input().iter().filter_map(|item| kind(&item)).collect()
}

#[tokio::test]
async fn an_active_goal_starts_turns_until_the_model_says_that_it_is_reached() {
    let model = MockModel::start([
        Answer::from("One"),
        call("c1", "get_goal", json!({})),
        call("c2", "update_goal", json!({"status": "complete"})),
        Answer::from("Done"),
    ]);
    let (_home, app, id) = idle(&model, &Config::default()).await;
    let set = json!({"threadId": id, "objective": "Ship it"});
    app.wait_for("thread/started").await;
    app.wait_for("warning").await;
    let mark = app.mark();
    let goal = app.call("thread/goal/set", set).await["goal"].clone();
    assert_eq!(
        (&goal["status"], &goal["tokensUsed"]),
        (&json!("active"), &json!(0))
    );
    let complete = told(&app, "complete").await;
    let used = complete["tokensUsed"].as_i64().unwrap();
    assert!(used > 0, "{complete}");
    app.wait_where("turn/completed", |params| {
        params["turn"]["items"][0]["text"] == "Done"
    })
    .await;
    let methods = app.notified_since(mark);
    let count = |method: &str| methods.iter().filter(|found| *found == method).count();
    assert_eq!((count("turn/started"), count("turn/completed")), (2, 2));
    assert_eq!(
        methods[0], "thread/goal/updated",
        "before the first turn: {methods:?}"
    );
    let is_user = |frame: &Frame| frame.params()["item"]["type"] == "userMessage";
    assert!(!app.frames().iter().any(is_user), "nobody has said anything");

    let requests = model.requests();
    assert_eq!(requests.len(), 4);
    assert_eq!(goal_items(&requests[0]), ["objective", "continue"]);
    assert_eq!(goal_items(&requests[1]), ["objective", "continue", "continue"]);
    let output = requests[2].tool_output("c1").unwrap();
    let begin = format!(
        "{{\"goal\":{{\"threadId\":\"{id}\",\"objective\":\"Ship it\",\"status\":\"active\",\"tokensUsed\":"
    );
    assert!(output.starts_with(&begin), "{output}");
    let output: Value = serde_json::from_str(output).unwrap();
    assert_eq!(
        (&output["remainingTokens"], &output["completionBudgetReport"]),
        (&Value::Null, &Value::Null)
    );
    assert!(output["goal"].get("tokenBudget").is_none());
    let output: Value = serde_json::from_str(requests[3].tool_output("c2").unwrap()).unwrap();
    assert_eq!(output["goal"]["status"], "complete");
    assert_eq!(
        output["goal"]["tokensUsed"], used,
        "with the response that says so"
    );
    assert!(output["completionBudgetReport"].is_null(), "it has no budget");
    for pair in requests.windows(2) {
        let begin = &pair[1].input()[..pair[0].input().len()];
        assert_eq!(begin, pair[0].input(), "the server's cache holds");
    }
    app.stop().await;
}

#[tokio::test]
async fn a_goal_of_the_model_is_worked_for_from_the_next_turn_on() {
    let model = MockModel::start([
        call("c0", "update_goal", json!({"status": "complete"})),
        call(
            "c1",
            "create_goal",
            json!({"objective": "Tidy up", "token_budget": 1_000_000}),
        ),
        call("c2", "create_goal", json!({"objective": "Another"})),
        call("c3", "update_goal", json!({"status": "active"})),
        Answer::from("I have a goal"),
        call("c4", "update_goal", json!({"status": "blocked"})),
        Answer::from("I am stuck"),
    ]);
    let (_home, app, id) = idle(&model, &Config::default()).await;
    let turn = app.run_turn(&id, "Set a goal").await;
    assert_eq!(turn.status(), "completed");
    let first = turn.all("thread/goal/updated")[0];
    assert_eq!(first["turnId"], turn.id.as_str());
    assert_eq!(first["goal"]["tokenBudget"], 1_000_000);
    let blocked = told(&app, "blocked").await;
    assert_eq!(blocked["objective"], "Tidy up");
    let requests = model.requests();
    let output = |request: usize, id: &str| requests[request].tool_output(id).unwrap().to_owned();
    assert!(output(1, "c0").contains("no goal"));
    assert!(output(2, "c1").contains("\"remainingTokens\":1000000"));
    assert_eq!(
        goal_items(&requests[2]),
        ["objective"],
        "beside the tool's output"
    );
    assert!(output(3, "c2").contains("not complete"));
    assert!(output(4, "c3").contains("complete, blocked or"));
    assert_eq!(goal_items(&requests[5]), ["objective", "continue"]);
    app.stop().await;
}

#[tokio::test]
async fn the_turn_that_passes_the_budget_ends_well_and_is_the_last() {
    let model = MockModel::start("Working");
    let (_home, app, id) = idle(&model, &Config::default()).await;
    let set = json!({"threadId": id, "objective": "Ship it", "tokenBudget": 40});
    app.call("thread/goal/set", set).await;
    let limited = told(&app, "budgetLimited").await;
    assert!(limited["tokensUsed"].as_i64().unwrap() >= 40);
    let last = app.wait_for("turn/completed").await;
    assert_eq!(last["turn"]["status"], "completed");
    let again = json!({"threadId": id, "status": "active"});
    let goal = app.call("thread/goal/set", again).await["goal"].clone();
    assert_eq!(goal["status"], "budgetLimited", "there is nothing left to spend");
    for status in ["paused", "blocked"] {
        let rest = json!({"threadId": id, "status": status});
        let goal = app.call("thread/goal/set", rest).await["goal"].clone();
        assert_eq!(goal["status"], "budgetLimited", "{status}");
    }
    // What the user has done goes on its account.
    let turn = app.run_turn(&id, "Go on").await;
    let counted = turn.all("thread/goal/updated").last().unwrap()["goal"].clone();
    assert_eq!(counted["status"], "budgetLimited");
    assert!(counted["tokensUsed"].as_i64() > limited["tokensUsed"].as_i64());
    app.stop().await;
}

#[tokio::test]
async fn a_turn_that_fails_blocks_the_goal() {
    let refusal = Answer::status(400).body(json!({"error": {"message": "no"}}));
    let limit = json!({"error": {"type": "usage_limit_reached", "message": "x", "resets_in_seconds": 100}});
    let model = MockModel::start([refusal, Answer::status(429).body(limit)]);
    let (_home, app, id) = idle(&model, &Config::default()).await;
    app.call("thread/goal/set", json!({"threadId": id, "objective": "Ship it"}))
        .await;
    told(&app, "blocked").await;
    let failed = app.wait_for("turn/completed").await;
    assert_eq!(failed["turn"]["status"], "failed");
    app.call("thread/goal/set", json!({"threadId": id, "status": "active"}))
        .await;
    told(&app, "usageLimited").await;
    app.stop().await;
}

/// A thread whose goal has begun a turn that goes on until somebody says something, and is reached later: the model, the
/// home, the program, the thread and the turn.
async fn at_work() -> (MockModel, Home, App, String, Value) {
    let model = MockModel::start([
        Answer::new().half("I begin").hang(),
        Answer::from("As you say"),
        call("c1", "update_goal", json!({"status": "complete"})),
        Answer::from("Done"),
    ]);
    let (home, app, id) = idle(&model, &Config::default()).await;
    app.call("thread/goal/set", json!({"threadId": id, "objective": "Ship it"}))
        .await;
    let turn = app.wait_for("turn/started").await["turn"]["id"].clone();
    app.wait_for("item/agentMessage/delta").await;
    (model, home, app, id, turn)
}

#[tokio::test]
async fn an_interrupted_goal_waits_for_the_end_of_another_turn() {
    let (model, _home, app, id, turn) = at_work().await;
    app.call("turn/interrupt", json!({"threadId": id, "turnId": turn}))
        .await;
    let ended = app.wait_for("turn/completed").await;
    assert_eq!(ended["turn"]["status"], "interrupted");
    assert_eq!(goal(&app, &id).await["status"], "active");
    let mark = app.mark();
    app.call("thread/read", json!({"threadId": id})).await;
    assert!(!app.notified_since(mark).contains(&"turn/started".to_owned()));
    app.run_turn(&id, "Go on").await;
    told(&app, "complete").await;
    let requests = model.requests();
    assert_eq!(
        goal_items(&requests[2]),
        ["objective", "continue", "objective", "continue"],
        "the user has said something since"
    );
    app.stop().await;
}

#[tokio::test]
async fn a_goal_is_told_again_after_a_steer() {
    let (model, _home, app, id, turn) = at_work().await;
    let input = json!([{"type": "text", "text": "With care"}]);
    let steer = json!({"threadId": id, "expectedTurnId": turn, "input": input});
    app.call("turn/steer", steer).await;
    told(&app, "complete").await;
    assert_eq!(
        goal_items(&model.requests()[2]),
        ["objective", "continue", "objective", "continue"]
    );
    app.stop().await;
}

/// What a request says of where its turn comes from: trigger, parent and root.
fn origin(request: &Request) -> [Value; 3] {
    let metadata = request.header("x-codex-turn-metadata").unwrap();
    let metadata: Value = serde_json::from_str(metadata).unwrap();
    let told = &request.body["client_metadata"];
    assert_eq!(told["parent_turn_id"], metadata["parent_turn_id"]);
    ["turn_trigger", "parent_turn_id", "root_turn_id"].map(|key| metadata[key].clone())
}

#[tokio::test]
async fn turns_for_a_goal_say_so_and_follow_upon_the_turn_in_which_the_model_has_set_it() {
    let model = MockModel::start([
        call("c1", "create_goal", json!({"objective": "Tidy up"})),
        Answer::from("I have a goal"),
        Answer::from("Working"),
        call("c2", "update_goal", json!({"status": "paused"})),
        Answer::from("Resting"),
        call("c3", "update_goal", json!({"status": "complete"})),
        Answer::from("Done"),
    ]);
    let (_home, app, id) = idle(&model, &Config::default()).await;
    app.run_turn(&id, "Set a goal").await;
    told(&app, "paused").await;
    app.wait_where("turn/completed", |params| {
        params["turn"]["items"][0]["text"] == "Resting"
    })
    .await;
    app.call("thread/goal/set", json!({"threadId": id, "status": "active"}))
        .await;
    told(&app, "complete").await;
    let requests = model.requests();
    let turn = |n: usize| requests[n].body["client_metadata"]["turn_id"].clone();
    let (goal, none) = (json!("goal"), Value::Null);
    assert_eq!(origin(&requests[0]), [none.clone(), none.clone(), turn(0)]);
    assert_eq!(origin(&requests[2]), [goal.clone(), turn(0), turn(0)]);
    assert_eq!(origin(&requests[3]), [goal.clone(), turn(2), turn(0)]);
    assert_eq!(
        origin(&requests[5]),
        [goal, none, turn(5)],
        "the user has set it going"
    );
    let read = app.call("thread/read", json!({"threadId": id})).await;
    let file = std::fs::read_to_string(read["thread"]["path"].as_str().unwrap()).unwrap();
    let lines = file
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let kept: Vec<Value> = lines
        .filter(|line| line["payload"]["type"] == "task_started")
        .map(|line| line["payload"]["turn_attribution"].clone())
        .collect();
    for (attribution, request) in std::iter::zip(&kept, [0, 2, 3, 5]) {
        let kept = ["turn_trigger", "parent_turn_id", "root_turn_id"].map(|key| attribution[key].clone());
        assert_eq!(kept, origin(&requests[request]));
    }
    assert_eq!(kept.len(), 4);
    app.stop().await;
}

#[tokio::test]
async fn a_new_objective_reaches_the_running_turn() {
    let model = MockModel::start([
        Answer::new().say("Slow").wait(300),
        call("c1", "update_goal", json!({"status": "complete"})),
        Answer::from("Done"),
    ]);
    let (_home, app, id) = idle(&model, &Config::default()).await;
    app.call("thread/goal/set", json!({"threadId": id, "objective": "Ship it"}))
        .await;
    model.wait_for_requests(1).await.unwrap();
    app.call(
        "thread/goal/set",
        json!({"threadId": id, "objective": "Ship that"}),
    )
    .await;
    let complete = told(&app, "complete").await;
    assert_eq!(complete["objective"], "Ship that");
    let requests = model.requests();
    assert_eq!(
        goal_items(&requests[1]),
        ["objective", "continue", "continue"],
        "in the same turn"
    );
    let last = requests[1].input().last().unwrap();
    let told = last["content"][0]["text"].as_str().unwrap();
    assert!(told.contains("<objective>\nShip that\n</objective>"), "{told}");
    app.stop().await;
}

#[tokio::test]
async fn a_turn_of_the_user_hears_of_a_goal_that_is_changed_in_it_but_not_of_a_new_one() {
    for before in [None, Some(json!({"objective": "Ship it", "status": "paused"}))] {
        let wait = json!({"cmd": "read _ < gate", "login": false, "yield_time_ms": 20_000});
        let model = MockModel::start([
            call("c1", "exec_command", wait),
            Answer::from("Done with this"),
            call("c2", "update_goal", json!({"status": "complete"})),
            Answer::from("Done"),
        ]);
        let (home, app, id) = idle(&model, &Config::default()).await;
        let mut gate = Gate::new(home.work().join("gate"));
        let is_changed = before.is_some();
        if let Some(mut goal) = before {
            goal["threadId"] = json!(id);
            app.call("thread/goal/set", goal).await;
        }
        app.start_turn(&id, "Go").await;
        app.wait_where("item/started", |params| params["item"]["id"] == "c1")
            .await;
        let goal = json!({"threadId": id, "objective": "Ship that", "status": "active"});
        app.call("thread/goal/set", goal).await;
        gate.open();
        told(&app, "complete").await;
        let requests = model.requests();
        let in_turn: &[&str] = if is_changed { &["continue"] } else { &[] };
        assert_eq!(goal_items(&requests[1]), in_turn);
        assert_eq!(
            goal_items(&requests[2]),
            [in_turn, &["objective", "continue"]].concat(),
            "in a turn of its own"
        );
        app.stop().await;
    }
}

#[tokio::test]
async fn a_goal_goes_on_when_its_thread_is_taken_up_again() {
    let model = MockModel::start([Answer::new().half("I begin").hang()]);
    let (home, app, id) = idle(&model, &Config::default()).await;
    app.call("thread/goal/set", json!({"threadId": id, "objective": "Ship it"}))
        .await;
    app.wait_for("item/agentMessage/delta").await;
    app.stop().await;
    model.push(call("c1", "update_goal", json!({"status": "complete"})));
    model.push("Done");
    let app = App::start(&home).await;
    app.call("thread/resume", json!({"threadId": id, "excludeTurns": true}))
        .await;
    let snapshot = app.wait_for("thread/goal/updated").await;
    assert_eq!(
        (&snapshot["turnId"], &snapshot["goal"]["status"]),
        (&Value::Null, &json!("active"))
    );
    told(&app, "complete").await;
    app.stop().await;
}

#[tokio::test]
async fn a_model_that_only_talks_is_stopped() {
    let model = MockModel::start("Nearly there");
    let (_home, app, id) = idle(&model, &Config::default()).await;
    app.call("thread/goal/set", json!({"threadId": id, "objective": "Ship it"}))
        .await;
    told(&app, "blocked").await;
    assert_eq!(model.requests().len(), 20);
    app.stop().await;
}

#[tokio::test]
async fn nothing_begins_by_itself_in_plan_mode_or_without_the_feature() {
    let model = MockModel::start("ok");
    let (_home, app, id) = idle(&model, &Config::default()).await;
    let mode = json!({"mode": "plan", "settings": {"model": "gpt-5.5"}});
    app.call(
        "thread/settings/update",
        json!({"threadId": id, "collaborationMode": mode}),
    )
    .await;
    app.call("thread/goal/set", json!({"threadId": id, "objective": "Ship it"}))
        .await;
    app.call("thread/read", json!({"threadId": id})).await;
    app.stop().await;

    let without = Config {
        extra: "[features]\ngoals = false\n".to_owned(),
        ..Config::default()
    };
    let (_home, app, id) = idle(&model, &without).await;
    let error = app
        .call_err("thread/goal/set", json!({"threadId": id, "objective": "Ship it"}))
        .await;
    assert_eq!(error.message, "goals feature is disabled");
    app.run_turn(&id, "Hi").await;
    let requests = model.requests();
    assert_eq!(requests.len(), 1);
    assert!(!requests[0].body["tools"].to_string().contains("get_goal"));
    app.stop().await;
}

#[tokio::test]
async fn a_thread_that_begins_with_a_goal_is_known_by_it() {
    let model = MockModel::start("ok");
    let (_home, app, id) = idle(&model, &Config::default()).await;
    let set = json!({"threadId": id, "objective": " Ship the needle ", "status": "paused"});
    app.call("thread/goal/set", set).await;
    let read = async || {
        let read = app.call("thread/read", json!({"threadId": id})).await;
        read["thread"]["preview"].clone()
    };
    assert_eq!(read().await, "Ship the needle");
    for params in [json!({}), json!({"searchTerm": "needle"})] {
        let page = app.call("thread/list", params).await;
        assert_eq!(page["data"][0]["id"], id.as_str());
        assert_eq!(page["data"][0]["preview"], "Ship the needle");
        assert!(page["readStates"][&id].is_object(), "{page}");
    }
    let found = app.call("thread/search", json!({"searchTerm": "NEEDLE"})).await;
    assert_eq!(found["data"][0]["thread"]["id"], id.as_str());
    app.run_turn(&id, "Words of the user").await;
    assert_eq!(read().await, "Ship the needle");
    let page = app.call("thread/list", json!({})).await;
    assert_eq!(page["data"][0]["preview"], "Ship the needle");
    app.stop().await;
}

#[tokio::test]
async fn goals_of_threads_that_are_not_loaded_are_told_too() {
    let (_model, home, app, id) = with_thread().await;
    app.stop().await;
    let app = App::start(&home).await;
    let mark = app.mark();
    let set = json!({"threadId": id, "objective": "x", "status": "paused"});
    let set = app.call("thread/goal/set", set).await["goal"].clone();
    let told = app.wait_for("thread/goal/updated").await;
    assert_eq!(told, json!({"threadId": id, "turnId": null, "goal": set}));
    app.call("thread/goal/clear", json!({"threadId": id})).await;
    assert_eq!(app.wait_for("thread/goal/cleared").await, json!({"threadId": id}));
    app.call("thread/goal/clear", json!({"threadId": id})).await;
    assert_eq!(
        app.notified_since(mark),
        ["thread/goal/updated", "thread/goal/cleared"]
    );
    app.stop().await;
}

#[tokio::test]
async fn what_was_spent_is_told_before_a_goal_is_changed() {
    let command = json!({"cmd": "read _ < gate", "login": false, "yield_time_ms": 20_000});
    let model = MockModel::start([
        call("c1", "exec_command", command.clone()),
        call("c2", "update_goal", json!({"status": "complete"})),
        Answer::from("Done"),
    ]);
    let (home, app, id) = idle(&model, &Config::default()).await;
    let mut gate = Gate::new(home.work().join("gate"));
    app.call("thread/goal/set", json!({"threadId": id, "objective": "x"}))
        .await;
    app.wait_where("item/started", |params| params["item"]["id"] == "c1")
        .await;
    let mark = app.mark();
    let change = json!({"threadId": id, "tokenBudget": 1_000_000});
    app.call("thread/goal/set", change).await;
    gate.open();
    app.wait_for("turn/completed").await;
    let frames = app.frames();
    // Progress has a turn, what the user has done has none.
    let story: Vec<_> = frames[mark..]
        .iter()
        .filter_map(|frame| match frame.method() {
            "thread/goal/updated" => {
                let params = frame.params();
                let status = params["goal"]["status"].as_str().unwrap();
                Some(format!("{status} {}", params["turnId"].is_string()))
            }
            "thread/tokenUsage/updated" => Some("usage".to_owned()),
            _ if frame.json["result"]["goal"].is_object() => Some("answer".to_owned()),
            _ => None,
        })
        .collect();
    assert_eq!(story[..3], ["active true", "answer", "active false"], "{story:?}");
    let complete = story.iter().position(|told| told == "complete true").unwrap();
    assert_eq!(story[complete - 1], "active true", "{story:?}");
    app.stop().await;
}

#[tokio::test]
async fn counts_of_a_round_of_calls_come_before_its_token_usage() {
    let model = MockModel::start([
        call("c1", "exec_command", json!({"cmd": "true", "login": false})),
        call("c2", "update_goal", json!({"status": "complete"})),
        Answer::from("Done"),
    ]);
    let (_home, app, id) = idle(&model, &Config::default()).await;
    let mark = app.mark();
    app.call("thread/goal/set", json!({"threadId": id, "objective": "x"}))
        .await;
    app.wait_for("turn/completed").await;
    let frames = app.frames();
    let methods: Vec<_> = frames[mark..]
        .iter()
        .skip_while(|frame| frame.params()["item"]["id"] != "c1")
        .map(Frame::method)
        .filter(|method| method.starts_with("thread/"))
        .collect();
    assert_eq!(
        methods[..2],
        ["thread/goal/updated", "thread/tokenUsage/updated"],
        "{methods:?}"
    );
    app.stop().await;
}

#[tokio::test]
async fn the_response_that_creates_a_goal_is_not_spent_on_it() {
    let model = MockModel::start([
        call("c1", "create_goal", json!({"objective": "Tidy up"})),
        Answer::from("I have a goal"),
        call("c2", "update_goal", json!({"status": "complete"})),
        Answer::from("Done"),
    ]);
    let (_home, app, id) = idle(&model, &Config::default()).await;
    let turn = app.run_turn(&id, "Set a goal").await;
    let used: Vec<_> = turn
        .all("thread/goal/updated")
        .iter()
        .map(|params| params["goal"]["tokensUsed"].as_i64().unwrap())
        .collect();
    let usage = turn.all("thread/tokenUsage/updated");
    let last = &usage.last().unwrap()["tokenUsage"]["last"];
    let spent = last["inputTokens"].as_i64().unwrap() - last["cachedInputTokens"].as_i64().unwrap()
        + last["outputTokens"].as_i64().unwrap();
    assert_eq!(used, [0, spent], "of the second response only");
    app.stop().await;
}

#[tokio::test]
async fn archived_threads_do_no_work() {
    let (_model, _home, app, id) = with_thread().await;
    let set = json!({"threadId": id, "objective": "x", "status": "paused"});
    app.call("thread/goal/set", set.clone()).await;
    app.call("thread/archive", json!({"threadId": id})).await;
    let named = json!({"threadId": id});
    let queued = json!({"threadId": id, "clientUserMessageId": "q",
        "input": [{"type": "text", "text": "q"}]});
    for (method, params) in [
        ("thread/goal/get", named.clone()),
        ("thread/goal/set", set),
        ("thread/goal/clear", named.clone()),
        ("thread/queue/list", named.clone()),
        ("thread/queue/add", queued),
        ("thread/name/set", json!({"threadId": id, "name": "n"})),
        (
            "thread/memoryMode/set",
            json!({"threadId": id, "mode": "disabled"}),
        ),
        ("thread/timeline/list", named.clone()),
        ("thread/fork", json!({"threadId": id, "excludeTurns": true})),
    ] {
        let error = app.call_err(method, params).await;
        assert_eq!(error.code, -32600, "{method}");
        let words = format!("session {id} is archived.");
        assert!(error.message.starts_with(&words), "{method}: {}", error.message);
    }
    app.call("thread/unarchive", named).await;
    assert_eq!(goal(&app, &id).await["objective"], "x");
    app.stop().await;
}
