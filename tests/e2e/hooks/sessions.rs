//! The beginning and the end of a thread, and interrupts.

use codex_core::mock_model::{Answer, MockModel};
use serde_json::json;

use super::{completed, exists, home_with, hook, messages, prints, run, runs, says, summary, told};
use crate::support::{App, Config};

/// Why a thread began to work, time by time.
fn sources(home: &crate::support::Home) -> Vec<String> {
    let inputs = told(home, "start");
    inputs
        .iter()
        .map(|input| input["source"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn hooks_hear_why_a_thread_begins_to_work() {
    let model = MockModel::start("ok");
    let hooks = hook("SessionStart", "start", "")
        + "[[hooks.SessionStart]]\nmatcher = 'resume|clear'\nhooks = [{type = 'command', command = 'echo again'}]\n";
    let home = home_with(&model, Config::default(), &hooks).await;
    says(&home, "start", "echo 'Welcome.'");
    let (app, thread) = App::with_thread(&home).await;
    let turn = app.run_turn(&thread, "Hi").await;
    assert_eq!(
        runs(&turn),
        [run("sessionStart", "completed", &[("context", "Welcome.")])]
    );
    assert_eq!(turn.all("hook/started")[0]["run"]["scope"], "thread");
    let roles: Vec<_> = model.requests()[0]
        .input()
        .iter()
        .rev()
        .take(2)
        .map(|item| item["role"].clone())
        .collect();
    assert_eq!(roles, ["user", "developer"], "it comes before what the user says");
    let input = &told(&home, "start")[0];
    assert!(
        input.get("turn_id").is_none() && input["permission_mode"] == "bypassPermissions",
        "{input}"
    );
    assert_eq!(runs(&app.run_turn(&thread, "Hi").await), []);

    let forked = app.call("thread/fork", json!({"threadId": thread})).await;
    let fork = forked["thread"]["id"].as_str().unwrap().to_owned();
    app.run_turn(&fork, "Hi").await;
    app.stop().await;
    let app = App::start(&home).await;
    app.call("thread/resume", json!({"threadId": thread})).await;
    let turn = app.run_turn(&thread, "Hi").await;
    assert_eq!(runs(&turn).len(), 2);
    app.call("thread/compact/start", json!({"threadId": thread}))
        .await;
    app.wait_for("turn/completed").await;
    app.run_turn(&thread, "Hi").await;
    assert_eq!(sources(&home), ["startup", "fork", "resume", "compact"]);
    app.stop().await;
}

#[tokio::test]
async fn hooks_hear_that_the_user_cleared_the_conversation_before() {
    let model = MockModel::start("ok");
    let hooks = hook("SessionStart", "start", "")
        + "[[hooks.SessionStart]]\nmatcher = 'clear'\nhooks = [{type = 'command', command = 'echo again'}]\n";
    let home = home_with(&model, Config::default(), &hooks).await;
    let app = App::start(&home).await;
    for (params, count) in [
        (json!({"sessionStartSource": "clear"}), 2),
        (json!({"sessionStartSource": "startup"}), 1),
        (json!({}), 1),
    ] {
        let thread = app.start_thread(params).await;
        assert_eq!(runs(&app.run_turn(&thread, "Hi").await).len(), count);
    }
    assert_eq!(sources(&home), ["clear", "startup", "startup"]);
    app.stop().await;
}

#[tokio::test]
async fn a_hook_that_stops_the_start_ends_the_turn() {
    let model = MockModel::start("ok");
    let home = home_with(&model, Config::default(), &hook("SessionStart", "start", "")).await;
    says(
        &home,
        "start",
        &prints(&json!({"continue": false, "stopReason": "closed"})),
    );
    let (app, thread) = App::with_thread(&home).await;
    let turn = app.run_turn(&thread, "Hi").await;
    assert_eq!(
        runs(&turn),
        [run("sessionStart", "stopped", &[("stop", "closed")])]
    );
    assert_eq!(
        (turn.status(), turn.items().len(), model.requests().len()),
        ("completed", 0, 0)
    );
    app.run_turn(&thread, "Hi again").await;
    assert_eq!(messages(model.requests()[0].input(), "user"), ["Hi again"]);
    app.stop().await;
}

#[tokio::test]
async fn hooks_hear_of_the_end_of_a_thread_once() {
    let model = MockModel::start("ok");
    let home = home_with(
        &model,
        Config::default(),
        &hook("SessionEnd", "end", "timeout = 3"),
    )
    .await;
    let (app, thread) = App::with_thread(&home).await;
    app.run_turn(&thread, "Hi").await;
    app.call("thread/archive", json!({"threadId": thread})).await;
    let run = completed(&app, "sessionEnd").await;
    assert_eq!(summary(&run), super::run("sessionEnd", "completed", &[]));
    assert_eq!((&run["threadId"], &run["turnId"]), (&json!(thread), &json!(null)));
    let inputs = told(&home, "end");
    assert_eq!(inputs.len(), 1);
    assert_eq!(
        (&inputs[0]["reason"], &inputs[0]["session_id"]),
        (&json!("other"), &json!(thread))
    );
    assert!(inputs[0].get("model").is_none());

    let other = app.start_thread(json!({})).await;
    app.stop().await;
    let inputs = told(&home, "end");
    assert_eq!(
        inputs.len(),
        2,
        "the end of the program is the end of its threads"
    );
    assert_eq!(inputs[1]["session_id"], other.as_str());
}

#[tokio::test]
async fn hooks_hear_of_an_interrupt_before_clients_do() {
    let model = MockModel::start([Answer::new().half("Wai").hang()]);
    let home = home_with(
        &model,
        Config::default(),
        &hook("Interrupt", "stopped", "timeout = 3"),
    )
    .await;
    let (app, thread) = App::with_thread(&home).await;
    let running = app.start_turn(&thread, "Hi").await;
    app.wait_for("item/agentMessage/delta").await;
    let turn = app.interrupt(&thread, running).await;
    assert_eq!(turn.status(), "interrupted");
    assert_eq!(runs(&turn), [run("interrupt", "completed", &[])]);
    assert_eq!(told(&home, "stopped")[0]["turn_id"], turn.id.as_str());
    app.stop().await;
}

#[tokio::test]
async fn an_interrupt_ends_hooks_that_run() {
    let model = MockModel::start("ok");
    let home = home_with(&model, Config::default(), &hook("UserPromptSubmit", "slow", "")).await;
    says(
        &home,
        "slow",
        "echo $$ > \"$HOME/pid.new\"; mv \"$HOME/pid.new\" \"$HOME/pid\"; sleep 600",
    );
    let (app, thread) = App::with_thread(&home).await;
    let running = app.start_turn(&thread, "Hi").await;
    exists(&home.path().join("pid")).await;
    let pid = std::fs::read_to_string(home.path().join("pid"))
        .unwrap()
        .trim()
        .parse()
        .unwrap();
    let turn = app.interrupt(&thread, running).await;
    assert_eq!(turn.status(), "interrupted");
    crate::support::wait_until_dead(pid).await;
    assert_eq!(runs(&turn)[0].1, "failed", "every run that has begun ends");
    assert_eq!(model.requests().len(), 0);
    app.stop().await;
}

#[tokio::test]
async fn the_end_of_the_program_ends_hooks_that_run() {
    let model = MockModel::start("ok");
    let home = home_with(&model, Config::default(), &hook("Stop", "slow", "async = true")).await;
    says(
        &home,
        "slow",
        "echo $$ > \"$HOME/pid.new\"; mv \"$HOME/pid.new\" \"$HOME/pid\"; sleep 600",
    );
    let (app, thread) = App::with_thread(&home).await;
    app.run_turn(&thread, "Hi").await;
    exists(&home.path().join("pid")).await;
    let pid = std::fs::read_to_string(home.path().join("pid"))
        .unwrap()
        .trim()
        .parse()
        .unwrap();
    app.stop().await;
    crate::support::wait_until_dead(pid).await;
}

#[tokio::test]
async fn nobody_waits_for_hooks_that_say_so() {
    let model = MockModel::start([
        Answer::new().call(
            "c1",
            "exec_command",
            json!({"cmd": "while ! [ -e go ]; do sleep 0.05; done"}),
        ),
        Answer::from("Done"),
    ]);
    let hooks = hook("PreToolUse", "later", "async = true");
    let home = home_with(&model, Config::default(), &hooks).await;
    let work = home.work().display().to_string();
    let deny =
        json!({"hookSpecificOutput": {"hookEventName": "PreToolUse", "additionalContext": "by the way"}});
    says(
        &home,
        "later",
        &format!("{}touch '{work}/go'; exec >&-", prints(&deny)),
    );
    let (app, thread) = App::with_thread(&home).await;
    let turn = app.run_turn(&thread, "Go").await;
    assert_eq!(
        (turn.status(), runs(&turn)),
        ("completed", vec![]),
        "clients don't hear of them"
    );
    let in_history = async {
        loop {
            app.run_turn(&thread, "And?").await;
            let last = model.requests().last().unwrap().input().to_vec();
            if messages(&last, "developer")
                .iter()
                .any(|text| text == "by the way")
            {
                return;
            }
        }
    };
    let patience = std::time::Duration::from_secs(20);
    tokio::time::timeout(patience, in_history)
        .await
        .expect("what it said");
    app.stop().await;
}
