//! Threads: what a start refuses, who hears of them, and when they are unloaded (docs/contract/threads.md#thread-start,
//! docs/contract/threads.md#subscriptions).

use codex_core::mock_model::{Answer, MockModel};
use serde_json::{Value, json};

use crate::support::{App, Config, Home};

#[tokio::test]
async fn what_would_be_unsafe_to_ignore_is_refused() {
    let home = Home::empty();
    let app = App::start(&home).await;
    let starts = [
        (
            json!({"permissions": ":workspace", "sandbox": "read-only"}),
            "`permissions` cannot be combined with `sandbox`",
        ),
        (
            json!({"environments": [{"environmentId": "zz", "cwd": "/"}]}),
            "unknown turn environment id `zz`",
        ),
        (
            json!({"environments": [{"environmentId": "local", "cwd": "/"}, {"environmentId": "local", "cwd": "/"}]}),
            "duplicate turn environment id `local`",
        ),
        (
            json!({"dynamicTools": [{"type": "function", "name": "a b", "description": "", "inputSchema": {}}]}),
            "dynamic tool name must match",
        ),
        (json!({"projectId": "p1"}), "project not found: p1"),
        (json!({"model": ""}), "No models are available."),
        (
            json!({"modelProvider": "zzz"}),
            "failed to load configuration: Model provider `zzz` not found",
        ),
    ];
    for (params, message) in starts {
        let error = app.call_err("thread/start", params.clone()).await;
        assert_eq!(error.code, -32600, "{params}");
        assert!(error.message.starts_with(message), "{params}: {}", error.message);
    }
}

#[tokio::test]
async fn commands_and_files_are_out_of_reach_of_a_thread_without_an_environment() {
    let model = MockModel::start([
        Answer::new().call("c1", "exec_command", json!({"cmd": "echo ran > ran"})),
        Answer::from("Done"),
        Answer::from("Back"),
    ]);
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let started = app.call("thread/start", json!({"environments": []})).await;
    assert_eq!(started["thread"]["environments"], json!([]));
    assert_eq!(started["runtimeWorkspaceRoots"], json!([]));
    let thread = started["thread"]["id"].as_str().unwrap().to_owned();
    let turn = app.run_turn(&thread, "Hi").await;
    assert_eq!(turn.status(), "completed");
    assert!(!home.work().join("ran").exists());
    let first = model.requests()[0].body["input"].to_string();
    assert!(
        first.contains("<current_date>") && !first.contains("<cwd>"),
        "{first}"
    );
    let second = model.requests()[1].body["input"].to_string();
    assert!(second.contains("this thread has no environment"), "{second}");

    // It can be given one later.
    let local = json!([{"environmentId": "local", "cwd": home.work()}]);
    let turn = json!({"threadId": thread, "input": [{"type": "text", "text": "Now"}], "environments": local});
    app.call("turn/start", turn).await;
    app.wait_for("turn/completed").await;
    let third = model.requests()[2].body["input"].to_string();
    assert!(third.contains("<cwd>"), "{third}");
    app.stop().await;
}

#[tokio::test]
async fn a_relative_folder_counts_from_that_of_the_program() {
    let model = MockModel::start(["Done"]);
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let at = |folder: &str| std::path::absolute(home.work().join(folder)).unwrap();
    for (given, folder) in [
        ("", at("")),
        (".", at("")),
        ("sub/./x", at("sub/x")),
        ("../other", home.path().join("other")),
    ] {
        let started = app.call("thread/start", json!({"cwd": given})).await;
        assert_eq!(
            started["cwd"],
            folder.to_str().unwrap().trim_end_matches('/'),
            "{given:?}"
        );
    }
    let thread = app.start_thread(json!({})).await;
    app.run_turn_with(&thread, "Go", json!({"cwd": "sub"})).await;
    let resumed = app
        .call("thread/resume", json!({"threadId": thread, "excludeTurns": true}))
        .await;
    assert_eq!(resumed["cwd"], at("sub").to_str().unwrap());
    app.stop().await;
}

#[tokio::test]
async fn loaded_threads_are_listed_page_by_page() {
    let home = Home::empty();
    let app = App::start(&home).await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(app.start_thread(json!({})).await);
    }
    let list = |params: Value| app.call("thread/loaded/list", params);
    assert_eq!(list(json!({})).await, json!({"data": ids, "nextCursor": null}));
    assert_eq!(
        list(json!({"limit": 0})).await,
        json!({"data": [ids[0]], "nextCursor": ids[0]})
    );
    let page = list(json!({"limit": 2, "cursor": ids[0]})).await;
    assert_eq!(page, json!({"data": [ids[1], ids[2]], "nextCursor": null}));
    assert_eq!(
        app.call_err("thread/loaded/list", json!({"cursor": "zz"}))
            .await
            .message,
        "invalid cursor: zz"
    );
}

#[tokio::test]
async fn one_who_unsubscribed_hears_of_the_thread_but_not_of_its_turns() {
    let model = MockModel::start("Hello");
    let home = Home::new(&model);
    let (app, thread) = App::with_thread(&home).await;
    let unsubscribe = || app.call("thread/unsubscribe", json!({"threadId": thread}));
    assert_eq!(unsubscribe().await, json!({"status": "unsubscribed"}));
    assert_eq!(unsubscribe().await, json!({"status": "notSubscribed"}));
    let none = json!({"threadId": "00000000-0000-0000-0000-000000000000"});
    assert_eq!(
        app.call("thread/unsubscribe", none).await,
        json!({"status": "notLoaded"})
    );

    let mark = app.mark();
    let input = json!([{"type": "text", "text": "Hi"}]);
    app.call("turn/start", json!({"threadId": thread, "input": input}))
        .await;
    app.wait_where("thread/status/changed", |params| {
        params["status"]["type"] == "idle"
    })
    .await;
    let methods = app.notified_since(mark);
    assert!(
        methods
            .iter()
            .all(|method| method == "thread/status/changed" || method == "thread/readState/changed"),
        "{methods:?}"
    );
}

#[tokio::test]
async fn thread_start_is_answered_before_the_thread_is_announced() {
    let home = Home::empty();
    let (app, thread) = App::with_thread(&home).await;
    let frames = app.frames();
    let answer = frames
        .iter()
        .position(|frame| frame.json["result"]["thread"]["id"] == thread.as_str());
    let announced = frames.iter().position(|frame| frame.method() == "thread/started");
    let announced = match announced {
        Some(at) => at,
        None => {
            app.wait_frame("thread/started", |frame| frame.method() == "thread/started")
                .await
                .0
        }
    };
    assert!(answer.unwrap() < announced);
}

#[tokio::test]
async fn a_thread_that_nobody_watches_is_unloaded_after_the_configured_time() {
    let model = MockModel::start("Hello");
    let top = "thread_unload_delay_secs = 0".to_owned();
    let config = Config {
        top,
        ..Config::default()
    };
    let home = Home::with(&model, &config);
    let (app, thread) = App::with_thread(&home).await;
    app.run_turn(&thread, "Hi").await;
    let mark = app.mark();
    app.call("thread/unsubscribe", json!({"threadId": thread})).await;
    assert_eq!(app.wait_for("thread/closed").await, json!({"threadId": thread}));
    assert_eq!(
        app.notified_since(mark),
        ["thread/status/changed", "thread/closed"]
    );
    let frames = app.frames();
    let status = frames
        .iter()
        .rfind(|frame| frame.method() == "thread/status/changed");
    assert_eq!(
        status.unwrap().params(),
        &json!({"threadId": thread, "status": {"type": "notLoaded"}})
    );
    let loaded = app.call("thread/loaded/list", json!({})).await;
    assert_eq!(loaded["data"], json!([]));
    // It comes back when it is resumed.
    app.call("thread/resume", json!({"threadId": thread})).await;
    assert_eq!(app.run_turn(&thread, "More").await.status(), "completed");
}
