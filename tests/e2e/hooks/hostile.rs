//! Hooks that misbehave.

use codex_core::mock_model::{Answer, MockModel};
use serde_json::json;

use super::{command, exists, home_with, run, runs};
use crate::support::{App, Config};

#[tokio::test]
async fn a_hook_that_prints_without_end_is_ended() {
    let model = MockModel::start("ok");
    for flood in [
        "cat /dev/zero",
        "yes >&2",
        "line=$(printf %01000d); while :; do echo $line; echo $line >&2; done",
    ] {
        let home = home_with(&model, Config::default(), &command("UserPromptSubmit", flood, "")).await;
        let (app, thread) = App::with_thread(&home).await;
        let turn = app.run_turn(&thread, "Hi").await;
        let why = "hook printed more than 1048576 bytes";
        assert_eq!(
            runs(&turn),
            [run("userPromptSubmit", "failed", &[("error", why)])],
            "{flood}"
        );
        assert_eq!(turn.text(), "ok");
        app.stop().await;
    }
}

#[tokio::test]
async fn a_hook_need_not_read_what_it_is_told() {
    let model = MockModel::start("ok");
    let large = "x".repeat(10 << 20);
    for (deaf, said) in [
        ("echo deaf", "deaf"),
        ("exec <&-; echo closed", "closed"),
        ("head -c 3 >/dev/null; echo some", "some"),
        ("wc -c >/dev/null; echo all", "all"),
    ] {
        let home = home_with(&model, Config::default(), &command("UserPromptSubmit", deaf, "")).await;
        let (app, thread) = App::with_thread(&home).await;
        let text = if deaf.starts_with("wc") { "short" } else { &large };
        let turn = app.run_turn(&thread, &text[..text.len().min(900_000)]).await;
        assert_eq!(
            runs(&turn),
            [run("userPromptSubmit", "completed", &[("context", said)])],
            "{deaf}"
        );
        app.stop().await;
    }
}

#[tokio::test]
async fn what_a_hook_leaves_behind_is_ended_with_it() {
    let model = MockModel::start("ok");
    let leave = "sleep 600 & echo $! > \"$HOME/left.new\"; mv \"$HOME/left.new\" \"$HOME/left\"; exit 0";
    let home = home_with(&model, Config::default(), &command("UserPromptSubmit", leave, "")).await;
    let (app, thread) = App::with_thread(&home).await;
    let turn = app.run_turn(&thread, "Hi").await;
    assert_eq!(runs(&turn), [run("userPromptSubmit", "completed", &[])]);
    let left = home.path().join("left");
    exists(&left).await;
    let pid = std::fs::read_to_string(left).unwrap().trim().parse().unwrap();
    crate::support::wait_until_dead(pid).await;
    app.stop().await;
}

#[tokio::test]
async fn a_hook_that_starts_more_and_more_ends_with_its_time() {
    let model = MockModel::start("ok");
    let fork = "f() { [ $1 -gt 0 ] && { f $(($1 - 1)) & f $(($1 - 1)) & }; exec sleep 600; }; f 4";
    let home = home_with(
        &model,
        Config::default(),
        &command("UserPromptSubmit", fork, "timeout = 1"),
    )
    .await;
    let (app, thread) = App::with_thread(&home).await;
    let turn = app.run_turn(&thread, "Hi").await;
    let why = "hook timed out after 1s";
    assert_eq!(
        runs(&turn),
        [run("userPromptSubmit", "failed", &[("error", why)])]
    );
    app.stop().await;
}

#[tokio::test]
async fn a_slow_hook_holds_up_its_own_thread_only() {
    let model = MockModel::start("ok");
    let slow = "case \"$(cat)\" in *slow*) touch \"$HOME/slow\"; while ! [ -e \"$HOME/go\" ]; do sleep 0.05; done;; esac";
    let home = home_with(&model, Config::default(), &command("UserPromptSubmit", slow, "")).await;
    let (app, thread) = App::with_thread(&home).await;
    let other = app.start_thread(json!({})).await;
    let running = app.start_turn(&thread, "slow").await;
    exists(&home.path().join("slow")).await;
    assert_eq!(app.run_turn(&other, "quick").await.status(), "completed");
    std::fs::write(home.path().join("go"), "").unwrap();
    assert_eq!(app.end_of(running).await.status(), "completed");
    app.stop().await;
}

#[tokio::test]
async fn hooks_of_one_event_run_side_by_side() {
    let model = MockModel::start([Answer::from("ok")]);
    let wait = |mine: &str, theirs: &str| {
        format!("touch \"$HOME/{mine}\"; while ! [ -e \"$HOME/{theirs}\" ]; do sleep 0.05; done; echo {mine}")
    };
    let hooks =
        command("UserPromptSubmit", &wait("a", "b"), "") + &command("UserPromptSubmit", &wait("b", "a"), "");
    let home = home_with(&model, Config::default(), &hooks).await;
    let (app, thread) = App::with_thread(&home).await;
    let turn = app.run_turn(&thread, "Hi").await;
    let contexts: Vec<_> = runs(&turn).into_iter().map(|run| run.2[0].1.clone()).collect();
    assert_eq!(contexts, ["a", "b"], "told in their order");
    app.stop().await;
}

#[tokio::test]
async fn what_a_hook_adds_is_cut_to_what_it_may_add() {
    let model = MockModel::start("ok");
    let words = "i=0; while [ $i -lt 400 ]; do printf 'word '; i=$((i + 1)); done";
    let hooks = command("UserPromptSubmit", words, "additionalContextLimit = 10")
        + &command("UserPromptSubmit", words, "additionalContextLimit = 0");
    let home = home_with(&model, Config::default(), &hooks).await;
    let (app, thread) = App::with_thread(&home).await;
    app.run_turn(&thread, "Hi").await;
    let input = model.requests()[0].input().to_vec();
    let tail: Vec<_> = input
        .iter()
        .rev()
        .take(2)
        .map(|item| item["content"][0]["text"].as_str().unwrap())
        .collect();
    assert!(
        tail[1].starts_with("Warning: truncated output (original token count: ") && tail[1].len() < 200,
        "{}",
        tail[1]
    );
    assert_eq!(tail[0].len(), 1999);
    app.stop().await;
}
