//! What the configuration says of when histories are summed up.

use codex_core::mock_model::{Answer, MockModel};
use serde_json::json;

use super::{metadata, told, with_tokens};
use crate::support::{App, Config, Home, TurnRun};

fn home(model: &MockModel, top: &str) -> Home {
    let config = Config {
        top: top.to_owned(),
        ..Config::default()
    };
    Home::with(model, &config)
}

fn kinds(turn: &TurnRun) -> Vec<&str> {
    let items = turn.items().into_iter();
    items.filter_map(|item| item["type"].as_str()).collect()
}

#[tokio::test]
async fn what_the_first_request_of_a_window_had_need_not_count_for_the_limit() {
    let model = MockModel::start([
        with_tokens(Answer::new().say("first"), 600),
        with_tokens(Answer::new().say("below"), 1594),
        with_tokens(Answer::new().say("at the limit"), 1595),
        Answer::new().say("what was done"),
        with_tokens(Answer::new().say("a new window"), 1700),
        with_tokens(Answer::new().say("below again"), 2000),
    ]);
    let home = home(
        &model,
        "model_auto_compact_token_limit = 1000\nmodel_auto_compact_token_limit_scope = \"body_after_prefix\"",
    );
    let (app, thread) = App::with_thread(&home).await;
    for text in ["one", "two", "three"] {
        let turn = app.run_turn(&thread, text).await;
        assert_eq!(kinds(&turn), ["userMessage", "agentMessage"], "{text}");
    }
    let turn = app.run_turn(&thread, "four").await;
    assert_eq!(kinds(&turn), ["contextCompaction", "userMessage", "agentMessage"]);
    for text in ["five", "six"] {
        let turn = app.run_turn(&thread, text).await;
        assert_eq!(kinds(&turn), ["userMessage", "agentMessage"], "{text}");
    }
}

#[tokio::test]
async fn a_full_window_is_a_limit_whatever_counts() {
    let model = MockModel::start([
        with_tokens(Answer::new().say("first"), 15_000),
        with_tokens(Answer::new().say("below"), 18_500),
        with_tokens(Answer::new().say("full"), 18_995),
        Answer::new().say("what was done"),
    ]);
    let home = home(
        &model,
        "model_context_window = 20000\nmodel_auto_compact_token_limit_scope = \"body_after_prefix\"",
    );
    let (app, thread) = App::with_thread(&home).await;
    app.run_turn(&thread, "one").await;
    app.run_turn(&thread, "two").await;
    let turn = app.run_turn(&thread, "three").await;
    assert!(turn.items_of("contextCompaction").is_empty());
    let turn = app.run_turn(&thread, "four").await;
    assert_eq!(turn.items_of("contextCompaction").len(), 1);
}

/// Half of what can be used of this window is 9,500 tokens.
const AT_HALF: &str = "model_context_window = 20000\nmodel_post_turn_compact_threshold_percent = 50";

#[tokio::test]
async fn a_turn_may_end_with_a_summary() {
    let model = MockModel::start([
        with_tokens(Answer::new().say("below"), 9_494),
        with_tokens(Answer::new().say("at the limit"), 9_495),
        Answer::new().say("what was done"),
        Answer::new().say("third answer"),
    ]);
    let home = home(&model, AT_HALF);
    let (app, thread) = App::with_thread(&home).await;
    let turn = app.run_turn(&thread, "one").await;
    assert_eq!(kinds(&turn), ["userMessage", "agentMessage"]);
    let turn = app.run_turn(&thread, "two").await;
    assert_eq!(turn.status(), "completed");
    assert_eq!(kinds(&turn), ["userMessage", "agentMessage", "contextCompaction"]);
    assert_eq!(
        metadata(&model.requests()[2])["compaction"],
        json!({"trigger": "auto", "reason": "context_limit", "implementation": "responses", "phase": "post_turn",
            "strategy": "memento"})
    );
    let turn = app.run_turn(&thread, "three").await;
    assert_eq!(kinds(&turn), ["userMessage", "agentMessage"]);
    assert_eq!(
        told(&model.requests()[3]),
        ["one", "rules", "place", "two", "summary: what was done", "three"]
    );
}

#[tokio::test]
async fn a_turn_is_completed_though_its_history_cannot_be_summed_up() {
    let model = MockModel::start([
        with_tokens(Answer::new().say("first answer"), 9_495),
        Answer::status(400).body(json!({"error": {"message": "not today"}})),
        Answer::new().say("second answer"),
    ]);
    let home = home(&model, AT_HALF);
    let (app, thread) = App::with_thread(&home).await;
    let turn = app.run_turn(&thread, "one").await;
    assert_eq!(turn.status(), "completed");
    assert!(turn.all("error").is_empty());
    let warning = turn.all("warning").pop().unwrap().to_string();
    assert!(
        warning.contains("could not be summed up") && warning.contains("not today"),
        "{warning}"
    );
    app.run_turn(&thread, "two").await;
    assert_eq!(
        told(&model.requests()[2]),
        ["rules", "place", "one", "model: first answer", "two"]
    );
}

#[tokio::test]
async fn who_says_more_while_a_turn_ends_with_a_summary_is_answered() {
    let model = MockModel::start([
        with_tokens(Answer::new().say("first answer"), 9_495),
        Answer::new().wait(300).say("what was done"),
        Answer::new().say("second answer"),
    ]);
    let home = home(&model, AT_HALF);
    let (app, thread) = App::with_thread(&home).await;
    let running = app.start_turn(&thread, "one").await;
    app.wait_where("item/started", |params| {
        params["item"]["type"] == "contextCompaction"
    })
    .await;
    let input = json!([{"type": "text", "text": "one more"}]);
    let params = json!({"threadId": thread, "expectedTurnId": running.id, "input": input});
    app.call("turn/steer", params).await;
    let turn = app.end_of(running).await;
    assert_eq!(turn.status(), "completed");
    assert_eq!(
        kinds(&turn),
        [
            "userMessage",
            "agentMessage",
            "contextCompaction",
            "userMessage",
            "agentMessage"
        ]
    );
    assert_eq!(
        told(&model.requests()[2]),
        ["rules", "place", "one", "summary: what was done", "one more"]
    );
}

#[tokio::test]
async fn a_part_of_the_window_is_no_more_than_all_of_it() {
    let model = MockModel::start("ok");
    let home = home(&model, "model_post_turn_compact_threshold_percent = 101");
    let app = App::start(&home).await;
    let error = app.call_err("thread/start", json!({})).await;
    assert!(
        error.message.contains("must be between 0 and 100"),
        "{}",
        error.message
    );
}
