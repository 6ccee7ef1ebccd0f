//! Clients that come back after their connection is gone (docs/contract/connection.md#coming-back).

use codex_core::mock_model::{Answer, MockModel};
use serde_json::{Value, json};

use crate::support::{Client, Config, Daemon, Gate, Home, Launch};

const EXTENSION: &str = "codex-app-server/reconnect";

fn capabilities(extension: Value) -> Value {
    let mut extensions = json!({});
    extensions[EXTENSION] = extension;
    json!({"experimentalApi": true, "extensions": extensions})
}

/// A client that may come back, and its token.
async fn connect(daemon: &Daemon) -> (Client, String) {
    let client = daemon.client().await;
    let opened = client.initialize(capabilities(json!({}))).await;
    let session = &opened["extensions"][EXTENSION];
    assert_eq!(
        (&session["resumed"], &session["cursor"]),
        (&json!(false), &json!(0))
    );
    let token = session["token"].as_str().unwrap().to_owned();
    (client, token)
}

/// Comes back; gives what the daemon says about that.
async fn come_back(daemon: &Daemon, token: &str, cursor: u64) -> (Client, Value) {
    let client = daemon.client().await;
    client.ids_from(1000);
    let opened = client
        .initialize(capabilities(json!({"token": token, "cursor": cursor})))
        .await;
    (client, opened["extensions"][EXTENSION].clone())
}

/// Numbers of all frames that have one.
fn numbers(client: &Client) -> Vec<u64> {
    client
        .frames()
        .iter()
        .filter_map(|frame| frame.json["seq"].as_u64())
        .collect()
}

#[tokio::test]
async fn what_a_client_missed_is_told_in_order_and_nothing_twice() {
    let text = "word ".repeat(400);
    let mut answer = Answer::new();
    for _ in 0..20 {
        answer = answer.say_in(&text, 100);
    }
    let model = MockModel::start(answer);
    let home = Home::new(&model);
    let daemon = Daemon::start(Launch::new(&home)).await;
    let (mut client, token) = connect(&daemon).await;
    let thread = client.start_thread(json!({})).await;
    let turn = client.start_turn(&thread, "Talk").await;
    let mut seen = Vec::new();
    let mut said = String::new();
    let mut full = String::new();
    let mut ended = false;
    let mut returns = 0;
    while !ended {
        client.wait_frame("more", |_| true).await;
        for frame in client.frames() {
            let Some(number) = frame.json["seq"].as_u64() else {
                continue;
            };
            if seen.last().is_some_and(|last| number <= *last) {
                continue;
            }
            seen.push(number);
            match frame.method() {
                "item/agentMessage/delta" => said.push_str(frame.params()["delta"].as_str().unwrap()),
                "item/completed" if frame.params()["item"]["type"] == "agentMessage" => {
                    full.push_str(frame.params()["item"]["text"].as_str().unwrap());
                }
                "turn/completed" => ended = frame.params()["turn"]["id"] == turn.as_str(),
                _ => {}
            }
        }
        drop(client);
        let session;
        (client, session) = come_back(&daemon, &token, *seen.last().unwrap_or(&0)).await;
        assert_eq!(
            (&session["resumed"], &session["missed"]),
            (&json!(true), &json!(false)),
            "{session}"
        );
        returns += 1;
    }
    assert!(returns > 1);
    assert_eq!(seen, (1..=seen.len() as u64).collect::<Vec<_>>());
    assert_eq!(said.len(), 20 * text.len());
    assert_eq!(said, full);
}

#[tokio::test]
async fn open_questions_are_asked_again_and_requests_are_answered_after_the_return() {
    let arguments =
        json!({"cmd": "echo ran", "sandbox_permissions": "require_escalated", "justification": "I need it"});
    let model = MockModel::start([
        Answer::new().call("c1", "exec_command", arguments),
        Answer::from("Seen"),
    ]);
    let home = Home::with(&model, &Config::asking());
    let mut gate = Gate::new(home.work().join("gate"));
    let daemon = Daemon::start(Launch::new(&home)).await;
    let (client, token) = connect(&daemon).await;
    let thread = client.start_thread(json!({})).await;
    let turn = client.start_turn(&thread, "Run").await;
    let asked = client
        .server_request("item/commandExecution/requestApproval")
        .await;
    let exec = json!({"command": ["sh", "-c", "read _ < gate; echo late"], "sandboxPolicy": {"type": "dangerFullAccess"}});
    let request = client.request("command/exec", exec).await;
    client.call("thread/loaded/list", json!({})).await;
    let cursor = *numbers(&client).last().unwrap();
    drop(client);

    let (client, session) = come_back(&daemon, &token, cursor).await;
    assert_eq!(session["inProgress"], json!([request]));
    let again = client
        .server_request("item/commandExecution/requestApproval")
        .await;
    assert_eq!((&again.id, &again.params), (&asked.id, &asked.params));
    drop(client);
    // It was not asked twice because it came back twice.
    let (client, _) = come_back(&daemon, &token, cursor).await;
    let again = client
        .server_request("item/commandExecution/requestApproval")
        .await;
    client.respond(&again, json!({"decision": "accept"})).await;
    client.respond(&again, json!({"decision": "cancel"})).await;
    gate.open();
    assert_eq!(client.response(request).await.unwrap()["stdout"], "late\n");
    assert_eq!(client.end_of(&turn).await["status"], "completed");
    let asked = client.frames().iter().filter(|frame| frame.is_request()).count();
    assert_eq!(asked, 1);
}

#[tokio::test]
async fn a_connection_that_only_seems_to_live_is_taken_over() {
    let model = MockModel::start("Hello");
    let home = Home::new(&model);
    let daemon = Daemon::start(Launch::new(&home)).await;
    let (old, token) = connect(&daemon).await;
    let thread = old.start_thread(json!({})).await;
    let (new, session) = come_back(&daemon, &token, 1).await;
    assert_eq!(session["resumed"], true);
    assert_eq!(old.closed().await, 1006);
    let turn = new.start_turn(&thread, "Hi").await;
    assert_eq!(new.end_of(&turn).await["status"], "completed");
}

#[tokio::test]
async fn a_client_that_was_away_for_too_much_is_told_so() {
    let mut answer = Answer::new();
    for _ in 0..12 {
        answer = answer.say_in(&"x".repeat(500 << 10), 5);
    }
    let model = MockModel::start(answer);
    let home = Home::new(&model);
    let daemon = Daemon::start(Launch::new(&home)).await;
    let watcher = daemon.connect().await;
    let (client, token) = connect(&daemon).await;
    let thread = client.start_thread(json!({})).await;
    watcher.call("thread/resume", json!({"threadId": thread})).await;
    let cursor = *numbers(&client).last().unwrap();
    let turn = client.start_turn(&thread, "Talk").await;
    drop(client);
    assert_eq!(watcher.end_of(&turn).await["status"], "completed");
    assert!(daemon.memory() < 150 << 10, "{} KiB", daemon.memory());

    let (client, session) = come_back(&daemon, &token, cursor).await;
    assert_eq!(
        (&session["resumed"], &session["missed"]),
        (&json!(true), &json!(true))
    );
    let snapshot = client.wait_for("codex-app-server/reconnect/snapshot").await;
    assert_eq!(snapshot["threadId"], thread.as_str());
    assert_eq!(snapshot["missedThrough"], session["cursor"]);
    assert_eq!(snapshot["thread"]["id"], thread.as_str());
    // What is left follows without a gap.
    client.end_of(&turn).await;
    let numbers = numbers(&client);
    let first = session["cursor"].as_u64().unwrap() + 1;
    assert_eq!(numbers, (first..first + numbers.len() as u64).collect::<Vec<_>>());
}

#[tokio::test]
async fn tokens_that_are_unknown_or_given_up_begin_anew() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let daemon = Daemon::start(Launch::new(&home)).await;
    let (client, token) = connect(&daemon).await;
    let other = "0".repeat(token.len());
    for (token, cursor) in [(&*other, 0), ("", 0), (&*token, 1000)] {
        let (_, session) = come_back(&daemon, token, cursor).await;
        assert_eq!(session["resumed"], false);
        assert_ne!(session["token"], token);
    }
    // Who closes in another way may come back, and who leaves with 1000 does not.
    client
        .message(tokio_tungstenite::tungstenite::Message::Close(None))
        .await;
    assert_eq!(client.closed().await, 1000);
    let (client, session) = come_back(&daemon, &token, 0).await;
    assert_eq!(session["resumed"], true);
    let normal = tokio_tungstenite::tungstenite::protocol::CloseFrame {
        code: 1000.into(),
        reason: "".into(),
    };
    client
        .message(tokio_tungstenite::tungstenite::Message::Close(Some(normal)))
        .await;
    assert_eq!(client.closed().await, 1000);
    let (_, session) = come_back(&daemon, &token, 0).await;
    assert_eq!(session["resumed"], false);
}

#[tokio::test]
async fn clients_that_do_not_announce_it_see_nothing_of_it() {
    let model = MockModel::start("Hello");
    let home = Home::new(&model);
    let daemon = Daemon::start(Launch::new(&home)).await;
    let client = daemon.client().await;
    let opened = client.initialize(json!({"extensions": {"another": {}}})).await;
    assert_eq!(opened.as_object().unwrap().len(), 4, "{opened}");
    let thread = client.start_thread(json!({})).await;
    let turn = client.start_turn(&thread, "Hi").await;
    client.end_of(&turn).await;
    assert!(numbers(&client).is_empty());
}
