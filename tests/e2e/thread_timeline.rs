//! All that happened in a thread, in one sequence (docs/contract/threads.md#reading).

use codex_core::mock_model::{Answer, MockModel};
use serde_json::{Value, json};

use crate::support::{App, Home, Launch};

/// What an entry is: its type, and for items theirs.
fn kind(entry: &Value) -> &str {
    match entry["type"].as_str().unwrap() {
        "item" => entry["item"]["type"].as_str().unwrap(),
        other => other,
    }
}

/// A program with a thread that has had a turn with a command and one that failed; with the turns' ids.
async fn with_two_turns() -> (MockModel, Home, App, String, [String; 2]) {
    let model = MockModel::start([
        Answer::new().call("c1", "exec_command", json!({"cmd": "echo hi"})),
        Answer::from("one"),
        Answer::status(400),
    ]);
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let id = app.start_thread(json!({})).await;
    let first = app.run_turn(&id, "first").await;
    let second = app.run_turn(&id, "second").await;
    assert_eq!((first.status(), second.status()), ("completed", "failed"));
    (model, home, app, id, [first.id, second.id])
}

#[tokio::test]
async fn turns_and_items_are_told_in_the_order_in_which_they_happened() {
    let (_model, _home, app, id, turns) = with_two_turns().await;
    let page = app.call("thread/timeline/list", json!({"threadId": id})).await;
    assert_eq!(page["nextCursor"], Value::Null);
    assert_eq!(page["activeRealtimeSessionAtPageStart"], Value::Null);
    let entries = page["data"].as_array().unwrap();
    let kinds: Vec<_> = entries.iter().map(kind).collect();
    assert_eq!(
        kinds,
        [
            "turnStarted",
            "userMessage",
            "commandExecution",
            "agentMessage",
            "turnCompleted",
            "turnStarted",
            "userMessage",
            "turnCompleted",
        ]
    );
    let positions: Vec<_> = entries.iter().map(|entry| entry["position"].as_u64()).collect();
    assert!(positions.is_sorted_by(|a, b| a < b), "{positions:?}");
    let of_turn = |turn: &String| entries.iter().filter(|entry| entry["turnId"] == **turn).count();
    assert_eq!((of_turn(&turns[0]), of_turn(&turns[1])), (5, 3));
    let ended: Vec<_> = entries
        .iter()
        .filter(|entry| kind(entry) == "turnCompleted")
        .collect();
    assert_eq!(ended[0]["status"], "completed");
    assert!(ended[0]["startedAt"].is_i64() && ended[0]["durationMs"].is_i64());
    assert_eq!(ended[1]["status"], "failed");
    assert!(ended[1]["error"]["message"].is_string());
    app.stop().await;
}

#[tokio::test]
async fn pages_go_back_in_time_and_each_is_in_order() {
    let (_model, home, app, id, _) = with_two_turns().await;
    let whole = app.call("thread/timeline/list", json!({"threadId": id})).await;
    app.stop().await;
    // Read from the file: nothing is loaded.
    let app = App::start(&home).await;
    let mut entries: Vec<Value> = Vec::new();
    let mut cursor = Value::Null;
    loop {
        let params = json!({"threadId": id, "limit": 3, "cursor": cursor});
        let page = app.call("thread/timeline/list", params).await;
        let mut rows = page["data"].as_array().unwrap().clone();
        assert!(rows.len() <= 3);
        rows.append(&mut entries);
        entries = rows;
        cursor = page["nextCursor"].clone();
        if cursor.is_null() {
            break;
        }
    }
    assert_eq!(json!(entries), whole["data"]);
    let params = json!({"threadId": id, "cursor": "zz"});
    let error = app.call_err("thread/timeline/list", params).await;
    assert_eq!(
        (error.code, error.message.as_str()),
        (-32600, "invalid cursor: zz")
    );
    app.stop().await;
}

#[tokio::test]
async fn a_timeline_needs_a_file_and_the_experimental_api() {
    let home = Home::empty();
    let app = App::start(&home).await;
    let id = app.start_thread(json!({"ephemeral": true})).await;
    let error = app
        .call_err("thread/timeline/list", json!({"threadId": id}))
        .await;
    assert_eq!(
        (error.code, error.message.as_str()),
        (-32601, "ephemeral threads do not support thread/timeline/list")
    );
    app.stop().await;
    let app = Launch::new(&home).spawn();
    app.initialize(json!({})).await;
    let error = app
        .call_err("thread/timeline/list", json!({"threadId": id}))
        .await;
    assert_eq!(
        (error.code, error.message.as_str()),
        (-32600, "thread/timeline/list requires experimentalApi capability")
    );
    app.stop().await;
}
