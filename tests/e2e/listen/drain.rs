//! The end of a daemon: turns that run may end, and their end is told before connections close.

use std::time::Duration;

use codex_core::mock_model::{Answer, MockModel};
use rustix::process::Signal;
use serde_json::json;

use crate::support::{Daemon, Gate, Home, Launch};

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
