//! Changes of a thread without a turn (docs/contract/threads.md#managing-threads).

use codex_core::mock_model::MockModel;
use serde_json::{Value, json};

use crate::support::{App, Home, Launch};

async fn with_thread() -> (MockModel, Home, App, String) {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let id = app.start_thread(json!({})).await;
    app.run_turn(&id, "Hi").await;
    (model, home, app, id)
}

#[tokio::test]
async fn git_facts_are_patched_member_by_member_and_kept() {
    let (_model, home, app, id) = with_thread().await;
    let patch = async |app: &App, git: Value| {
        let params = json!({"threadId": id, "gitInfo": git});
        let answer = app.call("thread/metadata/update", params).await;
        answer["thread"]["gitInfo"].clone()
    };
    let mark = app.mark();
    let url = "https://example.com/x.git";
    let full = json!({"sha": "abc", "branch": " main ", "originUrl": url});
    assert_eq!(
        patch(&app, full).await,
        json!({"sha": "abc", "branch": "main", "originUrl": url})
    );
    let cleared = json!({"sha": "abc", "branch": null, "originUrl": url});
    assert_eq!(patch(&app, json!({"branch": null})).await, cleared);
    assert!(app.notified_since(mark).is_empty(), "nobody is told");
    app.stop().await;
    let app = App::start(&home).await;
    let read = app.call("thread/read", json!({"threadId": id})).await;
    assert_eq!(read["thread"]["gitInfo"], cleared);
    assert_eq!(read["thread"]["status"]["type"], "notLoaded");
    let other = json!({"sha": "def", "branch": null, "originUrl": url});
    assert_eq!(patch(&app, json!({"sha": "def"})).await, other);
    app.stop().await;
}

#[tokio::test]
async fn updates_that_say_nothing_are_refused() {
    let (_model, _home, app, id) = with_thread().await;
    let empty = json!({"threadId": id, "projectId": ""});
    let answer = app.call("thread/metadata/update", empty).await;
    assert_eq!(answer["thread"]["id"], json!(id));
    let memory = app.start_thread(json!({"ephemeral": true})).await;
    let nobody = "01900000-0000-7000-8000-000000000000";
    let refusals = [
        (
            json!({"threadId": id}),
            "thread metadata update must include at least one field".to_owned(),
        ),
        (
            json!({"threadId": id, "gitInfo": {}}),
            "gitInfo must include at least one field".to_owned(),
        ),
        (
            json!({"threadId": id, "gitInfo": {"sha": " "}}),
            "gitInfo.sha must not be empty".to_owned(),
        ),
        (
            json!({"threadId": id, "projectId": "p1"}),
            "project not found: p1".to_owned(),
        ),
        (
            json!({"threadId": nobody, "gitInfo": {"sha": "x"}}),
            format!("thread not found: {nobody}"),
        ),
        (
            json!({"threadId": memory, "gitInfo": {"sha": "x"}}),
            format!("ephemeral thread does not support metadata updates: {memory}"),
        ),
    ];
    for (params, message) in refusals {
        let error = app.call_err("thread/metadata/update", params).await;
        assert_eq!((error.code, error.message), (-32600, message));
    }
    app.stop().await;
}

#[tokio::test]
async fn changed_settings_are_told_once_and_count_from_the_next_turn() {
    let (model, _home, app, id) = with_thread().await;
    let mark = app.mark();
    let params = json!({"threadId": id, "model": "gpt-5.1", "effort": "high"});
    let update = || app.call("thread/settings/update", params.clone());
    assert_eq!(update().await, json!({}));
    let told = app.wait_for("thread/settings/updated").await;
    assert_eq!(
        (
            &told["threadSettings"]["model"],
            &told["threadSettings"]["effort"]
        ),
        (&json!("gpt-5.1"), &json!("high"))
    );
    assert_eq!(update().await, json!({}), "again, which changes nothing");
    let turn = app.run_turn(&id, "more").await;
    assert_eq!(turn.status(), "completed");
    let told = app.notified_since(mark);
    let times = told.iter().filter(|method| *method == "thread/settings/updated");
    assert_eq!(times.count(), 1);
    let request = model.requests().last().unwrap().body.clone();
    assert_eq!(
        (&request["model"], &request["reasoning"]["effort"]),
        (&json!("gpt-5.1"), &json!("high"))
    );
    app.stop().await;
}

#[tokio::test]
async fn clients_without_experimental_api_are_not_told_of_settings() {
    let model = MockModel::start(["one", "two"]);
    let home = Home::new(&model);
    let app = Launch::new(&home).spawn();
    app.initialize(json!({})).await;
    let thread = app.start_thread(json!({})).await;
    let params = json!({"threadId": thread, "input": [{"type": "text", "text": "one"}], "effort": "low"});
    app.call("turn/start", params).await;
    app.wait_for("turn/completed").await;
    let told = app.notified_since(0);
    assert!(
        !told.iter().any(|method| method == "thread/settings/updated"),
        "{told:?}"
    );
    app.stop().await;
}

#[tokio::test]
async fn the_daybreak_mark_is_kept_and_goes_to_forks() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let started = app.call("thread/start", json!({"daybreakEnabled": true})).await;
    assert_eq!(started["thread"]["daybreakEnabled"], true);
    let id = started["thread"]["id"].as_str().unwrap().to_owned();
    app.run_turn(&id, "Hi").await;
    let fork = app.call("thread/fork", json!({"threadId": id})).await;
    assert_eq!(fork["thread"]["daybreakEnabled"], true);
    let change = json!({"threadId": id, "daybreakEnabled": false, "gitInfo": {"branch": "b"}});
    let changed = app.call("thread/metadata/update", change).await;
    assert_eq!(
        (
            &changed["thread"]["daybreakEnabled"],
            &changed["thread"]["gitInfo"]["branch"]
        ),
        (&json!(false), &json!("b"))
    );
    let plain = app.call("thread/start", json!({})).await;
    assert_eq!(plain["thread"]["daybreakEnabled"], Value::Null);
    app.stop().await;

    let app = App::start(&home).await;
    let resumed = app.call("thread/resume", json!({"threadId": id})).await;
    assert_eq!(resumed["thread"]["daybreakEnabled"], false);
    let list = app.call("thread/list", json!({})).await;
    let marks = list["data"].as_array().unwrap().iter();
    let marks: Vec<_> = marks.map(|thread| &thread["daybreakEnabled"]).collect();
    assert_eq!(marks, [true, false], "the fork's, and the thread's");
    app.stop().await;
}
