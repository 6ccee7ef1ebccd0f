//! What is remembered from one thread to the next (docs/contract/agents.md#memory).

use codex_core::mock_model::{Answer, MockModel};
use serde_json::{Value, json};

use crate::support::{App, Config, Home};

/// Notes are taken as soon as a thread rests.
fn remembering() -> Config {
    Config {
        extra: "[features]\nmemories = true\n[memories]\nmin_rollout_idle_hours = 0\n".to_owned(),
        ..Config::default()
    }
}

/// Waits until something is remembered of a thread.
async fn remembered(app: &App, thread: &str) -> String {
    let asking = async {
        loop {
            let read = app.call("thread/memory/read", json!({"threadId": thread})).await;
            if let Some(text) = read["summary"].as_str() {
                return text.to_owned();
            }
        }
    };
    let patience = std::time::Duration::from_secs(20);
    tokio::time::timeout(patience, asking).await.expect("notes")
}

#[tokio::test]
async fn what_was_noted_of_a_thread_at_rest_is_told_to_later_ones() {
    let model = MockModel::start([
        Answer::from("Done"),
        Answer::from("- Tests run by `just test`.\n- The key is sk-0123456789abcdef0123."),
        Answer::from("I know"),
    ]);
    let home = Home::with(&model, &remembering());
    let (app, thread) = App::with_thread(&home).await;
    app.run_turn(&thread, "How do tests run?").await;
    let summary = remembered(&app, &thread).await;
    assert!(
        summary.contains("just test") && !summary.contains("sk-0123"),
        "{summary}"
    );
    let asked = &model.requests()[1];
    assert!(asked.body["input"].to_string().contains("How do tests run?"));
    let file = home.codex().join(format!("memories/threads/{thread}.md"));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), summary);
    let status = app.call("memory/status", json!({})).await;
    assert_eq!(status, json!({"v2ConsolidatedThreads": 1, "v2Ready": true}));
    for least in [0, 4097] {
        let params = json!({"minConsolidatedThreads": least});
        assert_eq!(app.call_err("memory/status", params).await.code, -32602);
    }

    // What users edit and add is what counts.
    std::fs::write(&file, summary.replace("just test", "just check")).unwrap();
    std::fs::write(home.codex().join("memories/MEMORY.md"), "Be brief.").unwrap();
    let other = app.start_thread(json!({})).await;
    app.call(
        "thread/memoryMode/set",
        json!({"threadId": other, "mode": "disabled"}),
    )
    .await;
    app.run_turn(&other, "Hi").await;
    let told = model.requests()[2].body["input"].to_string();
    assert!(told.contains("<memories>") && told.contains("just check") && told.contains("Be brief."));
    let developer = model.requests()[2].input()[0].clone();
    assert_eq!(developer["role"], "developer");

    for params in [json!([1]), json!({"threadId": thread}), json!("x")] {
        let error = app.call_err("memory/reset", params).await;
        assert_eq!(error.code, -32602, "{}", error.message);
    }
    assert!(file.exists(), "whoever means less than all loses nothing");
    app.call("memory/reset", Value::Null).await;
    assert!(!file.exists());
    let read = app.call("thread/memory/read", json!({"threadId": thread})).await;
    assert_eq!(read, json!({"summary": null}));
    app.stop().await;
    assert_eq!(
        model.requests().len(),
        3,
        "nothing is noted of a thread that is left out"
    );
}

#[tokio::test]
async fn nothing_is_noted_or_told_unless_it_is_switched_on() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    std::fs::create_dir(home.codex().join("memories")).unwrap();
    std::fs::write(home.codex().join("memories/MEMORY.md"), "Be brief.").unwrap();
    let (app, thread) = App::with_thread(&home).await;
    app.run_turn(&thread, "Hi").await;
    let read = app.call("thread/memory/read", json!({"threadId": thread})).await;
    assert_eq!(read, json!({"summary": null}));
    app.stop().await;
    let requests = model.requests();
    assert_eq!(requests.len(), 1);
    assert!(!requests[0].body["input"].to_string().contains("Be brief."));
}

#[tokio::test]
async fn the_mode_is_kept_for_any_thread_that_is_known() {
    let model = MockModel::start("ok");
    let home = Home::with(&model, &remembering());
    let app = App::start(&home).await;
    let fresh = app.start_thread(json!({})).await;
    let set = |thread: &str| json!({"threadId": thread, "mode": "enabled"});
    assert_eq!(app.call("thread/memoryMode/set", set(&fresh)).await, json!({}));
    let nobody = "01900000-0000-7000-8000-000000000000";
    let error = app.call_err("thread/memoryMode/set", set(nobody)).await;
    assert_eq!(error.message, format!("no rollout found for thread id {nobody}"));
    let memory = app.start_thread(json!({"ephemeral": true})).await;
    let error = app.call_err("thread/memoryMode/set", set(&memory)).await;
    assert_eq!(
        error.message,
        format!("ephemeral thread does not support metadata updates: {memory}")
    );
    let error = app
        .call_err("thread/memory/read", json!({"threadId": nobody}))
        .await;
    assert_eq!(error.message, format!("thread not found: {nobody}"));
    app.stop().await;
}
