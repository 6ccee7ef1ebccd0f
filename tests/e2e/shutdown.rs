//! How the program ends (docs/contract/connection.md#end): quickly, with 0, and with all that it started.

use std::process::Stdio;
use std::time::Duration;

use codex_core::mock_model::{Answer, MockModel};
use rustix::process::Signal;
use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};

use super::account::signed_in;
use crate::support::authority::{Authority, Tokens};
use crate::support::{App, Ear, Home, RunningTurn, wait_until_dead};

/// What a parent may have to wait, and something for a busy machine.
const A_SECOND: Duration = Duration::from_millis(1500);

/// A turn with a running command that has a child; returns their process ids.
async fn busy(home: &Home, app: &App) -> (RunningTurn, Vec<i32>) {
    let mut pids = Ear::new(home.work().join("pids"));
    let thread = app.start_thread(json!({})).await;
    let running = app.start_turn(&thread, "Run").await;
    (running, pids.pids(2).await)
}

fn model() -> MockModel {
    let script = "sleep 300 & printf '%s\\n' $$ $! > pids; wait";
    MockModel::start(Answer::new().call(
        "c1",
        "exec_command",
        json!({"cmd": script, "yield_time_ms": 30_000}),
    ))
}

#[tokio::test]
async fn end_of_input_ends_an_idle_program() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    app.run_turn(&thread, "Hi").await;
    assert!(app.stop().await < A_SECOND);
}

#[tokio::test]
async fn end_of_input_before_initialize_ends_the_program() {
    let home = Home::empty();
    let app = crate::support::Launch::new(&home).spawn();
    assert!(app.stop().await < A_SECOND);
    assert!(app.frames().is_empty());
}

#[tokio::test]
async fn end_of_input_takes_running_turns_and_their_commands_along() {
    let model = model();
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let (_running, pids) = busy(&home, &app).await;
    assert!(app.stop().await < A_SECOND);
    for pid in pids {
        wait_until_dead(pid).await;
    }
}

#[tokio::test]
async fn a_turn_is_recorded_as_interrupted_though_its_command_ignores_signals() {
    let script = "trap '' TERM INT HUP; echo $$ > pids; while :; do sleep 0.1; done";
    let model = MockModel::start([
        Answer::new().call(
            "c1",
            "exec_command",
            json!({"cmd": script, "yield_time_ms": 30_000}),
        ),
        Answer::from("Yes"),
    ]);
    let home = Home::new(&model);
    let mut pids = Ear::new(home.work().join("pids"));
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    app.start_turn(&thread, "Run").await;
    let pids = pids.pids(1).await;
    app.stop().await;
    wait_until_dead(pids[0]).await;

    let app = App::start(&home).await;
    let resumed = app.call("thread/resume", json!({"threadId": thread})).await;
    let turn = &resumed["thread"]["turns"][0];
    assert_eq!(turn["status"], "interrupted");
    assert!(turn["completedAt"].is_number(), "{turn}");
    let items = turn["items"].as_array().unwrap();
    assert!(items.iter().any(|item| item["id"] == "c1"), "{items:?}");
    app.run_turn(&thread, "Still there?").await;
    let requests = model.requests();
    let told = requests.last().unwrap().body.to_string();
    assert!(told.contains("<turn_aborted>"), "{told}");
    assert!(requests.last().unwrap().tool_output("c1").is_some());
}

#[tokio::test]
async fn so_is_the_turn_of_a_thread_that_is_just_being_closed() {
    let script = "trap '' TERM INT HUP; echo $$ > pids; while :; do sleep 0.1; done";
    let model = MockModel::start(Answer::new().call(
        "c1",
        "exec_command",
        json!({"cmd": script, "yield_time_ms": 30_000}),
    ));
    let home = Home::new(&model);
    let mut pids = Ear::new(home.work().join("pids"));
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    app.start_turn(&thread, "Run").await;
    pids.pids(1).await;
    // Waits for the command.
    app.request("thread/archive", json!({"threadId": thread})).await;
    app.stop().await;
    let app = App::start(&home).await;
    let turns = app.call("thread/turns/list", json!({"threadId": thread})).await;
    let turn = &turns["data"][0];
    assert_eq!(turn["status"], "interrupted");
    assert!(turn["completedAt"].is_number(), "{turn}");
}

#[tokio::test]
async fn signals_end_the_program_in_the_same_way() {
    for signal in [Signal::TERM, Signal::INT, Signal::HUP] {
        let model = model();
        let home = Home::new(&model);
        let app = App::start(&home).await;
        let (_running, pids) = busy(&home, &app).await;
        app.signal(signal);
        let (status, time) = app.exit().await;
        assert!(status.success(), "{signal:?}: {status}");
        assert!(time < A_SECOND, "{signal:?}: {time:?}");
        for pid in pids {
            wait_until_dead(pid).await;
        }
    }
}

#[tokio::test]
async fn the_program_dies_with_its_parent_though_its_input_stays_open() {
    let model = model();
    let home = Home::new(&model);
    // A shell starts the program, tells its pid and is killed; a pipe of ours keeps the program's input open.
    let program = env!("CARGO_BIN_EXE_codex-app-server");
    let mut shell = tokio::process::Command::new("/bin/sh")
        .args(["-c", "exec 3<&0; \"$0\" <&3 3<&- & echo $! >&2; wait", program])
        .env("HOME", home.path())
        .env("CODEX_HOME", home.codex())
        .current_dir(home.work())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut stdin = shell.stdin.take().unwrap();
    let mut lines = BufReader::new(shell.stdout.take().unwrap()).lines();
    let mut pid = String::new();
    BufReader::new(shell.stderr.take().unwrap())
        .read_line(&mut pid)
        .await
        .unwrap();
    let pid: i32 = pid.trim().parse().unwrap();
    let mut answers = std::collections::HashMap::new();
    for frame in [
        json!({"method": "initialize", "id": 1, "params": {"clientInfo": {"name": "e2e", "version": "1"}}}),
        json!({"method": "thread/start", "id": 2, "params": {}}),
    ] {
        stdin.write_all(format!("{frame}\n").as_bytes()).await.unwrap();
        loop {
            let line = lines.next_line().await.unwrap().unwrap();
            let json: serde_json::Value = serde_json::from_str(&line).unwrap();
            if json["id"] == frame["id"] {
                answers.insert(frame["method"].to_string(), json);
                break;
            }
        }
    }
    let thread = &answers["\"thread/start\""]["result"]["thread"]["id"];
    let input = json!([{"type": "text", "text": "Run"}]);
    let mut pids = Ear::new(home.work().join("pids"));
    let start = json!({"method": "turn/start", "id": 3, "params": {"threadId": thread, "input": input}});
    stdin.write_all(format!("{start}\n").as_bytes()).await.unwrap();
    let pids = pids.pids(2).await;
    shell.kill().await.unwrap();
    wait_until_dead(pid).await;
    for pid in pids {
        wait_until_dead(pid).await;
    }
}

/// What is logged when the end waits for tokens.
const WAITS: &str = "the shutdown waits for them";

/// A program that renews its tokens, at an authority that takes its time.
async fn renewing(authority: &Authority) -> (Home, App, Tokens) {
    let (home, app, tokens) = signed_in(authority).await;
    authority.expire(&tokens.access);
    authority.hold("POST /oauth/token");
    let thread = app.start_thread(json!({})).await;
    app.start_turn(&thread, "hi").await;
    authority.arrived("POST /oauth/token", 1).await;
    (home, app, tokens)
}

#[tokio::test]
async fn tokens_that_are_being_renewed_at_the_end_are_kept() {
    for signal in [None, Some(Signal::TERM), Some(Signal::HUP)] {
        let authority = Authority::start();
        let (home, app, tokens) = renewing(&authority).await;
        match signal {
            None => app.close_stdin().await,
            Some(signal) => app.signal(signal),
        }
        app.stderr_contains(WAITS).await;
        authority.release("POST /oauth/token");
        let (status, _) = app.exit().await;
        assert!(status.success(), "{signal:?}: {status}");
        let stored = std::fs::read(home.codex().join("auth.json")).unwrap();
        let stored: serde_json::Value = serde_json::from_slice(&stored).unwrap();
        let refresh = stored["tokens"]["refresh_token"].as_str().unwrap();
        assert_ne!(refresh, tokens.refresh, "{signal:?}: the old one is used up");
    }
}

#[tokio::test]
async fn an_authority_that_never_answers_does_not_keep_the_program_alive() {
    let authority = Authority::start();
    let (_home, app, _) = renewing(&authority).await;
    app.stop().await;
    assert!(app.stderr().contains("the token endpoint did not answer in time"));
}

#[tokio::test]
async fn a_second_signal_ends_the_program_whatever_it_waits_for() {
    let authority = Authority::start();
    let (_home, app, _) = renewing(&authority).await;
    app.close_stdin().await;
    app.stderr_contains(WAITS).await;
    app.signal(Signal::TERM);
    app.signal(Signal::INT);
    let (status, time) = app.exit().await;
    assert_eq!(status.code(), Some(1));
    assert!(time < A_SECOND, "{time:?}");
}
