//! What is refused, and who hears of a thread.

use codex_core::mock_model::MockModel;
use serde_json::{Value, json};

use super::ready;
use crate::support::{App, Home};

#[tokio::test]
async fn what_would_be_unsafe_to_ignore_is_refused() {
    let home = Home::empty();
    let (app, thread) = ready(&home).await;
    let starts = [
        (
            json!({"permissions": ":workspace", "sandbox": "read-only"}),
            "`permissions` cannot be combined with `sandbox`",
        ),
        (
            json!({"environments": [{"environmentId": "zz", "cwd": "/"}]}),
            "unknown turn environment id `zz`",
        ),
        (json!({"environments": []}), "environments must name `local`"),
        (
            json!({"dynamicTools": [{"type": "function", "name": "a", "description": "", "inputSchema": {}}]}),
            "dynamicTools",
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
    let text = |text: &str| json!([{"type": "text", "text": text}]);
    let turns = [
        (
            json!({"threadId": "zz", "input": []}),
            -32600,
            "invalid thread id: ",
        ),
        (
            json!({"threadId": "00000000-0000-0000-0000-000000000000", "input": []}),
            -32600,
            "thread not found: 00000000-0000-0000-0000-000000000000",
        ),
        (
            json!({"threadId": thread, "input": [{"type": "image", "url": "https://example.com/x.png"}]}),
            -32600,
            "remote image URLs are not supported; use an inline data URL instead",
        ),
        (
            json!({"threadId": thread, "input": text(&"x".repeat((1 << 20) + 1))}),
            -32602,
            "Input exceeds the maximum length",
        ),
        (
            json!({"threadId": thread, "input": [], "permissions": ":workspace", "sandboxPolicy": {"type": "readOnly"}}),
            -32600,
            "`permissions` cannot be combined with `sandboxPolicy`",
        ),
        (
            json!({"threadId": thread, "input": [], "runtimeWorkspaceRoots": ["a"]}),
            -32602,
            "Invalid params",
        ),
    ];
    for (params, code, message) in turns {
        let error = app.call_err("turn/start", params).await;
        assert_eq!(error.code, code, "{}", error.message);
        assert!(error.message.starts_with(message), "{}", error.message);
    }
    let steer = json!({"threadId": thread, "expectedTurnId": "x", "input": []});
    assert_eq!(app.call_err("turn/steer", steer).await.code, -32600);
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
    let (app, thread) = ready(&home).await;
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
    let (app, thread) = ready(&home).await;
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
