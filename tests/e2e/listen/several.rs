//! Several clients of one daemon.

use codex_core::mock_model::{Answer, MockModel};
use serde_json::json;

use crate::support::{Client, Config, Daemon, Frame, Home, Launch};

#[tokio::test]
async fn each_connection_has_an_initialize_and_subscriptions_of_its_own() {
    let model = MockModel::start(Answer::new().say("Hello"));
    let home = Home::new(&model);
    let daemon = Daemon::start(Launch::new(&home)).await;
    let first = daemon.client().await;
    let second = daemon.client().await;
    let agent = first.initialize(json!({"experimentalApi": true})).await["userAgent"].clone();
    assert!(agent.as_str().unwrap().starts_with("e2e/"));
    let error = second
        .try_call("thread/loaded/list", json!({}))
        .await
        .unwrap_err();
    assert_eq!((error.code, &*error.message), (-32600, "Not initialized"));
    let info = json!({"clientInfo": {"name": "other", "version": "2"}});
    let agent = second.call("initialize", info).await["userAgent"].clone();
    let agent = agent.as_str().unwrap();
    assert!(
        agent.starts_with("e2e/") && agent.contains("(other; 2)"),
        "{agent}"
    );
    let error = first
        .try_call("initialize", json!({"clientInfo": {"name": "a", "version": "1"}}))
        .await;
    assert_eq!(error.unwrap_err().message, "Already initialized");

    let thread = first.start_thread(json!({})).await;
    second.wait_for("thread/started").await;
    let turn = first.start_turn(&thread, "Hi").await;
    assert_eq!(first.end_of(&turn).await["status"], "completed");
    second.call("thread/loaded/list", json!({})).await;
    let heard: Vec<_> = second
        .frames()
        .iter()
        .map(|frame| frame.method().to_owned())
        .collect();
    assert!(
        !heard
            .iter()
            .any(|method| method.starts_with("turn/") || method.starts_with("item/")),
        "{heard:?}"
    );

    second.call("thread/resume", json!({"threadId": thread})).await;
    let turn = first.start_turn(&thread, "Again").await;
    assert_eq!(second.end_of(&turn).await["status"], "completed");
    assert_eq!(first.end_of(&turn).await["status"], "completed");
}

#[tokio::test]
async fn the_first_answer_counts_and_the_others_are_told() {
    let arguments =
        json!({"cmd": "echo ran", "sandbox_permissions": "require_escalated", "justification": "I need it"});
    let model = MockModel::start([
        Answer::new().call("c1", "exec_command", arguments),
        Answer::from("Seen"),
    ]);
    let home = Home::with(&model, &Config::asking());
    let daemon = Daemon::start(Launch::new(&home)).await;
    let (first, second) = (daemon.connect().await, daemon.connect().await);
    let thread = first.start_thread(json!({})).await;
    let turn = first.start_turn(&thread, "Run").await;
    let asked = first
        .server_request("item/commandExecution/requestApproval")
        .await;
    second.call("thread/resume", json!({"threadId": thread})).await;
    let asked_too = second
        .server_request("item/commandExecution/requestApproval")
        .await;
    assert_eq!(asked.id, asked_too.id);
    second.respond(&asked_too, json!({"decision": "accept"})).await;
    assert_eq!(
        first.wait_for("serverRequest/resolved").await["requestId"],
        asked.id
    );
    first.respond(&asked, json!({"decision": "cancel"})).await;
    assert_eq!(first.end_of(&turn).await["status"], "completed");
}

#[tokio::test]
async fn a_client_that_vanishes_takes_nothing_of_the_others_along() {
    let model = MockModel::start(Answer::new().say_in("one two three four", 4));
    let home = Home::new(&model);
    let daemon = Daemon::start(Launch::new(&home)).await;
    let first = daemon.connect().await;
    let thread = first.start_thread(json!({})).await;
    for _ in 0..20 {
        let other = daemon.connect().await;
        other.call("thread/resume", json!({"threadId": thread})).await;
        drop(other);
    }
    let turn = first.start_turn(&thread, "Hi").await;
    assert_eq!(first.end_of(&turn).await["status"], "completed");
}

/// Two clients, the first of which has a thread with a turn.
async fn two_clients(daemon: &Daemon) -> (Client, Client, String) {
    let (first, second) = (daemon.connect().await, daemon.connect().await);
    let thread = first.start_thread(json!({})).await;
    let turn = first.start_turn(&thread, "Hi").await;
    first.end_of(&turn).await;
    (first, second, thread)
}

#[tokio::test]
async fn a_thread_that_is_archived_has_no_subscribers_any_more() {
    let model = MockModel::start("Hello");
    let home = Home::new(&model);
    let daemon = Daemon::start(Launch::new(&home)).await;
    let (first, second, thread) = two_clients(&daemon).await;
    second.call("thread/archive", json!({"threadId": thread})).await;
    second.call("thread/unarchive", json!({"threadId": thread})).await;
    first.wait_for("thread/unarchived").await;
    let before = first.frames().len();
    second.call("thread/resume", json!({"threadId": thread})).await;
    let turn = second.start_turn(&thread, "Again").await;
    second.end_of(&turn).await;
    first.call("thread/loaded/list", json!({})).await;
    let frames = first.frames();
    let heard: Vec<_> = frames[before..].iter().map(Frame::method).collect();
    assert!(heard.contains(&"thread/status/changed"), "{heard:?}");
    assert!(
        !heard.iter().any(|method| method.starts_with("turn/")),
        "{heard:?}"
    );
}

#[tokio::test]
async fn everybody_is_told_of_goals() {
    let model = MockModel::start("Hello");
    let home = Home::new(&model);
    let daemon = Daemon::start(Launch::new(&home)).await;
    let (first, second, thread) = two_clients(&daemon).await;
    let goal = json!({"threadId": thread, "objective": "Win", "status": "paused"});
    first.call("thread/goal/set", goal).await;
    assert_eq!(
        second.wait_for("thread/goal/updated").await["goal"]["objective"],
        "Win"
    );
    first.call("thread/goal/clear", json!({"threadId": thread})).await;
    second.wait_for("thread/goal/cleared").await;
    // How it stands, when somebody resumes the thread.
    let resume = json!({"threadId": thread, "excludeTurns": true});
    first.call("thread/resume", resume).await;
    second.wait_for("thread/goal/cleared").await;
}
