//! The end of a daemon: turns that run may end, and their end is told before connections close.

use std::time::Duration;

use codex_core::mock_model::{Answer, MockModel};
use rustix::process::Signal;
use serde_json::json;

use crate::support::{Client, Daemon, Frame, Gate, Home, Launch};

/// A model whose first turn runs a command that waits for the gate.
fn model() -> MockModel {
    let arguments = json!({"cmd": "echo begun; read _ < gate; echo done", "yield_time_ms": 30_000});
    MockModel::start([
        Answer::new().call("c1", "exec_command", arguments),
        Answer::from("Done"),
    ])
}

#[tokio::test]
async fn after_a_signal_turns_end_in_peace_and_new_work_is_refused() {
    let model = model();
    let home = Home::new(&model);
    let mut gate = Gate::new(home.work().join("gate"));
    let daemon = Daemon::start(Launch::new(&home)).await;
    let client = daemon.connect().await;
    let idle = daemon.connect().await;
    let thread = client.start_thread(json!({})).await;
    let turn = client.start_turn(&thread, "Run").await;
    client.wait_for("item/commandExecution/outputDelta").await;
    daemon.signal(Signal::TERM);
    // Until the signal has arrived, requests are granted.
    let refused = loop {
        match idle.try_call("thread/start", json!({})).await {
            Ok(_) => tokio::task::yield_now().await,
            Err(error) => break error,
        }
    };
    assert_eq!(refused.code, -32600);
    assert_eq!(refused.message, "Server is draining; retry after reconnecting");
    assert_eq!(refused.data, json!({"reason": "serverShuttingDown"}));
    let late = daemon.connect().await;
    late.call("thread/read", json!({"threadId": thread})).await;
    let steer = json!({"threadId": thread, "expectedTurnId": turn, "input": [{"type": "text", "text": "x"}]});
    assert_eq!(
        late.try_call("turn/steer", steer).await.unwrap_err().data["reason"],
        "serverShuttingDown"
    );
    gate.open();
    assert_eq!(client.end_of(&turn).await["status"], "completed");
    for client in [client, idle, late] {
        assert_eq!(client.closed().await, 1001);
    }
    assert_eq!(daemon.exit().await.code(), Some(0));
}

#[tokio::test]
async fn a_second_signal_ends_it_at_once() {
    let model = model();
    let home = Home::new(&model);
    let _gate = Gate::new(home.work().join("gate"));
    let daemon = Daemon::start(Launch::new(&home)).await;
    let client = daemon.connect().await;
    let thread = client.start_thread(json!({})).await;
    client.start_turn(&thread, "Run").await;
    client.wait_for("item/commandExecution/outputDelta").await;
    daemon.signal(Signal::INT);
    while client.try_call("thread/start", json!({})).await.is_ok() {}
    daemon.signal(Signal::INT);
    assert_eq!(daemon.exit().await.code(), Some(1));
}

#[tokio::test]
async fn an_idle_daemon_lives_without_clients_and_ends_at_once() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let daemon = Daemon::start(Launch::new(&home)).await;
    drop(daemon.connect().await);
    let client = daemon.connect().await;
    let began = std::time::Instant::now();
    daemon.signal(Signal::TERM);
    assert_eq!(client.closed().await, 1001);
    assert_eq!(daemon.exit().await.code(), Some(0));
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
}

/// Lets the turn that runs end after a signal, and gives what the model was asked until the daemon had ended.
async fn drained(daemon: Daemon, model: &MockModel, gate: &mut Gate, client: Client, turn: &str) -> usize {
    daemon.signal(Signal::TERM);
    while client.try_call("thread/start", json!({})).await.is_ok() {}
    gate.open();
    assert_eq!(client.end_of(turn).await["status"], "completed");
    assert_eq!(client.closed().await, 1001);
    let begun = |frame: &Frame| frame.method() == "turn/started" && frame.params()["turn"]["id"] != turn;
    assert!(!client.frames().iter().any(begun), "a turn has begun by itself");
    assert_eq!(daemon.exit().await.code(), Some(0));
    model.requests().len()
}

#[tokio::test]
async fn after_a_signal_queued_messages_wait_for_the_next_daemon() {
    let model = model();
    let home = Home::new(&model);
    let mut gate = Gate::new(home.work().join("gate"));
    let daemon = Daemon::start(Launch::new(&home)).await;
    let client = daemon.connect().await;
    let thread = client.start_thread(json!({})).await;
    let turn = client.start_turn(&thread, "Run").await;
    client.wait_for("item/commandExecution/outputDelta").await;
    for name in ["one", "two"] {
        let input = json!([{"type": "text", "text": name}]);
        let params = json!({"threadId": thread, "clientUserMessageId": name, "input": input});
        client.call("thread/queue/add", params).await;
    }
    assert_eq!(drained(daemon, &model, &mut gate, client, &turn).await, 2);
    let daemon = Daemon::start(Launch::new(&home)).await;
    let client = daemon.connect().await;
    let list = client
        .call("thread/queue/list", json!({"threadId": thread}))
        .await;
    let names: Vec<_> = list["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|queued| &queued["clientUserMessageId"])
        .collect();
    assert_eq!(names, ["one", "two"]);
}

#[tokio::test]
async fn after_a_signal_a_goal_is_left_to_the_next_daemon() {
    let model = model();
    let home = Home::new(&model);
    let mut gate = Gate::new(home.work().join("gate"));
    let daemon = Daemon::start(Launch::new(&home)).await;
    let client = daemon.connect().await;
    let thread = client.start_thread(json!({})).await;
    let turn = client.start_turn(&thread, "Run").await;
    client.wait_for("item/commandExecution/outputDelta").await;
    let goal = json!({"threadId": thread, "objective": "Ship it", "status": "active"});
    client.call("thread/goal/set", goal).await;
    // The turn hears of its goal in its second request.
    assert_eq!(drained(daemon, &model, &mut gate, client, &turn).await, 2);
    let daemon = Daemon::start(Launch::new(&home)).await;
    let client = daemon.connect().await;
    model.set_default("ok");
    client.call("thread/resume", json!({"threadId": thread})).await;
    client.wait_for("turn/started").await;
    client
        .call("thread/goal/clear", json!({"threadId": thread}))
        .await;
}
