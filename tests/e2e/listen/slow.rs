//! Clients that read slowly or not at all.

use std::time::Duration;

use codex_core::mock_model::{Answer, MockModel, Script};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::support::{Daemon, Home, Launch, Socket};

/// Opens a WebSocket, initializes and resumes the thread; reads nothing more.
async fn sleeper(daemon: &Daemon, thread: &str) -> Socket {
    let (mut socket, _) = daemon.open(&[]).await.unwrap();
    for frame in [
        json!({"id": 1, "method": "initialize", "params": {"clientInfo": {"name": "slow", "version": "1"}}}),
        json!({"id": 2, "method": "thread/resume", "params": {"threadId": thread}}),
    ] {
        socket.send(Message::text(frame.to_string())).await.unwrap();
    }
    loop {
        if let Message::Text(text) = socket.next().await.unwrap().unwrap()
            && serde_json::from_str::<Value>(&text).unwrap()["id"] == 2
        {
            return socket;
        }
    }
}

/// Opens a WebSocket and initializes; reads nothing more.
async fn silent(daemon: &Daemon) -> Socket {
    let (mut socket, _) = daemon.open(&[]).await.unwrap();
    let client = json!({"name": "slow", "version": "1"});
    let initialize = json!({"id": 0, "method": "initialize", "params": {"clientInfo": client}});
    socket.send(Message::text(initialize.to_string())).await.unwrap();
    socket.next().await.unwrap().unwrap();
    socket
}

/// A turn with this many deltas of 4 KiB.
fn long_answer(deltas: usize) -> Answer {
    Answer::new().say_in(&"x".repeat(deltas * 4096), deltas)
}

#[tokio::test]
async fn a_client_that_reads_nothing_holds_nobody_up_and_is_cut_off() {
    let model = MockModel::start(Script::new().otherwise(long_answer(512)));
    let home = Home::new(&model);
    let daemon = Daemon::start(Launch::new(&home)).await;
    let client = daemon.connect().await;
    let thread = client.start_thread(json!({})).await;
    let mut sleeper = sleeper(&daemon, &thread).await;
    // Each turn brings it 4 MB: the deltas and the item. The other client gets all of it.
    for _ in 0..8 {
        let turn = client.start_turn(&thread, "Talk").await;
        assert_eq!(client.end_of(&turn).await["status"], "completed");
    }
    let mut bytes = 0;
    while let Some(Ok(message)) = sleeper.next().await {
        bytes += message.len();
    }
    assert!(bytes < 30 << 20, "{bytes} bytes were kept for it");
}

#[tokio::test]
async fn a_thread_waits_for_its_only_reader_and_nothing_is_lost() {
    let model = MockModel::start(long_answer(2500));
    let home = Home::new(&model);
    let daemon = Daemon::start(Launch::new(&home)).await;
    let client = daemon.connect().await;
    let thread = client.start_thread(json!({})).await;
    let mut sleeper = sleeper(&daemon, &thread).await;
    client
        .call("thread/unsubscribe", json!({"threadId": thread}))
        .await;
    client.start_turn(&thread, "Talk").await;
    while model.requests().is_empty() {
        tokio::task::yield_now().await;
    }
    // Others go on meanwhile.
    for _ in 0..50 {
        client.call("thread/loaded/list", json!({})).await;
    }
    let mut text = String::new();
    loop {
        let Message::Text(frame) = sleeper.next().await.unwrap().unwrap() else {
            continue;
        };
        let frame: Value = serde_json::from_str(&frame).unwrap();
        match frame["method"].as_str() {
            Some("item/agentMessage/delta") => text.push_str(frame["params"]["delta"].as_str().unwrap()),
            Some("turn/completed") => break,
            _ => {}
        }
    }
    assert_eq!(text.len(), 2500 * 4096);
}

#[tokio::test]
async fn answers_that_a_client_asked_for_all_at_once_wait_until_it_reads_them() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let file = home.work().join("large");
    std::fs::write(&file, vec![b'x'; 300_000]).unwrap();
    let daemon = Daemon::start(Launch::new(&home)).await;
    let client = daemon.connect().await;
    let mut socket = silent(&daemon).await;
    let before = daemon.memory();
    for id in 1..=100 {
        let request = json!({"id": id, "method": "fs/readFile", "params": {"path": file}});
        socket.send(Message::text(request.to_string())).await.unwrap();
    }
    // 40 MB, of which the system holds some.
    let waits = async {
        while daemon.memory() < before + 20 * 1024 {
            client.call("thread/loaded/list", json!({})).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), waits)
        .await
        .expect("they are kept");
    let mut answered = Vec::new();
    while answered.len() < 100 {
        let Message::Text(frame) = socket.next().await.expect("the connection holds").unwrap() else {
            continue;
        };
        let frame: Value = serde_json::from_str(&frame).unwrap();
        if frame["method"].is_string() {
            continue;
        }
        assert_eq!(frame["result"]["dataBase64"].as_str().unwrap().len(), 400_000);
        answered.push(frame["id"].as_i64().unwrap());
    }
    answered.sort_unstable();
    assert_eq!(answered, (1..=100).collect::<Vec<_>>());
}
