//! Threads whose last turns are taken back (docs/contract/threads.md#thread-revert).

use std::fs;
use std::path::{Path, PathBuf};

use codex_core::mock_model::Answer;
use serde_json::{Value, json};

use crate::support::App;
use crate::thread_lifecycle::{read, texts, with_turns};

#[tokio::test]
async fn a_revert_drops_turns_and_the_thread_goes_on() {
    let f = with_turns(&["one", "two", "three"]).await;
    let mark = f.app.mark();
    let params = json!({"threadId": f.id, "beforeTurnId": f.turns[1]});
    let reverted = f.app.call("thread/revert", params).await;
    assert_eq!(reverted["thread"]["id"], f.id.as_str());
    f.app.wait_for("thread/reverted").await;
    let mut statuses = f.app.notified_since(mark);
    statuses.retain(|method| method != "warning");
    assert_eq!(
        statuses,
        [
            "thread/status/changed",
            "thread/status/changed",
            "thread/reverted"
        ]
    );
    f.app.run_turn(&f.id, "other two").await;
    assert_eq!(texts(&read(&f.app, &f.id).await), ["one", "other two"]);
    let input = f.model.requests().last().unwrap().body["input"].to_string();
    assert!(input.contains("one") && input.contains("other two") && !input.contains("three"));
    let error = f
        .app
        .call_err(
            "thread/revert",
            json!({"threadId": f.id, "beforeTurnId": f.turns[2]}),
        )
        .await;
    assert_eq!(error.message, format!("turn not found: {}", f.turns[2]));
    f.app.stop().await;
    let app = App::start(&f.home).await;
    assert_eq!(texts(&read(&app, &f.id).await), ["one", "other two"]);
    let listed = app.call("thread/list", json!({})).await;
    assert_eq!(listed["data"].as_array().unwrap().len(), 1);
    app.stop().await;
}

#[tokio::test]
async fn a_failure_is_still_to_be_seen_when_its_turn_is_reverted() {
    let f = with_turns(&["one", "two"]).await;
    f.model.edit(|script| script.answers.clear());
    f.model.push(Answer::status(400));
    let failed = f.app.run_turn(&f.id, "three").await;
    assert_eq!(failed.status(), "failed");
    let status = json!({"type": "systemError"});
    for before in [&failed.id, &f.turns[1]] {
        let params = json!({"threadId": f.id, "beforeTurnId": before});
        let reverted = f.app.call("thread/revert", params).await;
        assert_eq!(reverted["thread"]["status"], status);
        assert_eq!(read(&f.app, &f.id).await["status"], status);
    }
    f.model.push("fine again");
    f.app.run_turn(&f.id, "four").await;
    assert_eq!(read(&f.app, &f.id).await["status"]["type"], "idle");
    let params = json!({"threadId": f.id, "beforeTurnId": f.turns[0]});
    let reverted = f.app.call("thread/revert", params).await;
    assert_eq!(reverted["thread"]["status"]["type"], "idle");
    f.app.stop().await;
}

/// The file that a thread goes on with.
async fn file(app: &App, id: &str) -> PathBuf {
    read(app, id).await["path"].as_str().unwrap().into()
}

/// What stands behind the thread's identifier in the name of a file that a revert has begun.
fn revert_of(file: &Path) -> Option<&str> {
    let name = file.file_stem()?.to_str()?;
    name.split_once('_').map(|(_, revert)| revert)
}

/// The file that this one builds upon, as it names it.
fn base_of(file: &Path) -> Value {
    let text = fs::read_to_string(file).unwrap();
    let meta: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    meta["payload"]["history_base"]["thread_id"].clone()
}

async fn revert(app: &App, id: &str, turn: &str) -> PathBuf {
    let params = json!({"threadId": id, "beforeTurnId": turn});
    app.call("thread/revert", params).await;
    file(app, id).await
}

#[tokio::test]
async fn what_builds_upon_a_file_that_a_revert_has_begun_names_that_revert() {
    let f = with_turns(&["one", "two", "three"]).await;
    let first = revert(&f.app, &f.id, &f.turns[1]).await;
    assert_eq!(base_of(&first), f.id.as_str());
    f.app.run_turn(&f.id, "four").await;
    let five = f.app.run_turn(&f.id, "five").await;
    let second = revert(&f.app, &f.id, &five.id).await;
    assert_eq!(base_of(&second), revert_of(&first).unwrap());
    f.app.run_turn(&f.id, "six").await;
    let fork = f.app.call("thread/fork", json!({"threadId": f.id})).await;
    let fork = fork["thread"]["id"].as_str().unwrap();
    let forked = f.app.run_turn(fork, "seven").await;
    let forked_file = file(&f.app, fork).await;
    assert_eq!(base_of(&forked_file), revert_of(&second).unwrap());
    revert(&f.app, fork, &forked.id).await;
    f.app.run_turn(fork, "eight").await;
    let third = revert(&f.app, &f.id, &f.turns[0]).await;
    assert_eq!(
        base_of(&third),
        f.id.as_str(),
        "what lies before the first revert"
    );
    f.app.stop().await;

    let app = App::start(&f.home).await;
    assert_eq!(texts(&read(&app, fork).await), ["one", "four", "six", "eight"]);
    assert_eq!(read(&app, fork).await["preview"], "one");
    app.call("thread/resume", json!({"threadId": fork})).await;
    app.run_turn(fork, "nine").await;
    let input = f.model.requests().last().unwrap().body["input"].to_string();
    for (text, is_sent) in [
        ("one", true),
        ("two", false),
        ("four", true),
        ("five", false),
        ("six", true),
        ("eight", true),
    ] {
        assert_eq!(input.contains(&format!("\"{text}\"")), is_sent, "{text}: {input}");
    }
    let refused = app.call_err("thread/delete", json!({"threadId": f.id})).await;
    assert!(
        refused.message.ends_with("forked history still references it"),
        "{refused:?}"
    );
    app.stop().await;
}

#[tokio::test]
async fn a_history_that_names_the_thread_where_it_builds_upon_a_revert_is_read_as_it_was() {
    let f = with_turns(&["one", "two"]).await;
    let first = revert(&f.app, &f.id, &f.turns[1]).await;
    let three = f.app.run_turn(&f.id, "three").await;
    let four = f.app.run_turn(&f.id, "four").await;
    let second = revert(&f.app, &f.id, &four.id).await;
    f.app.stop().await;
    // As earlier versions of this program wrote it.
    let text = fs::read_to_string(&second).unwrap();
    let (meta, rest) = text.split_once('\n').unwrap();
    let mut meta: Value = serde_json::from_str(meta).unwrap();
    assert_eq!(base_of(&second), revert_of(&first).unwrap());
    meta["payload"]["history_base"]["thread_id"] = f.id.as_str().into();
    fs::write(&second, format!("{meta}\n{rest}")).unwrap();

    let app = App::start(&f.home).await;
    assert_eq!(texts(&read(&app, &f.id).await), ["one", "three"]);
    assert_eq!(read(&app, &f.id).await["turns"][1]["id"], three.id.as_str());
    app.stop().await;
}
