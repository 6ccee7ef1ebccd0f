//! The WebSocket transport as a client of the daemon meets it (docs/contract/model-websocket.md).

use std::time::{Duration, Instant};

use codex_core::mock_model::{Answer, Close, Handshake, MockModel, Script, Step, Transport};
use serde_json::json;

use crate::support::{App, Config, Home, TurnRun};

const HANDSHAKE: Duration = Duration::from_millis(400);

fn home(model: &MockModel) -> Home {
    let config = Config {
        websockets: true,
        ..Config::default()
    };
    Home::with(model, &config)
}

fn slow_handshakes() -> Script {
    let delay = u64::try_from(HANDSHAKE.as_millis()).unwrap();
    Script::new().every_handshake(Handshake::delayed(delay))
}

fn transports(model: &MockModel) -> Vec<Transport> {
    model.requests().iter().map(|request| request.transport).collect()
}

#[tokio::test]
async fn a_thread_starts_without_waiting_for_its_connection() {
    let model = MockModel::start(slow_handshakes());
    let home = home(&model);
    let app = App::start(&home).await;
    let started = Instant::now();
    let thread = app.start_thread(json!({})).await;
    assert!(started.elapsed() < HANDSHAKE);
    model.wait_for_handshakes(1).await.unwrap();
    assert!(model.requests().is_empty(), "nothing is sent before a turn");

    // At once: the turn waits for the handshake that is under way.
    assert_eq!(app.run_turn(&thread, "Hi").await.status(), "completed");
    let waited = model.requests()[0].at.duration_since(model.handshakes()[0].at);
    assert!(waited >= HANDSHAKE, "{waited:?}");
    assert_eq!(app.run_turn(&thread, "More").await.status(), "completed");
    assert_eq!(model.handshakes().len(), 1);
    assert_eq!(transports(&model), [Transport::WebSocket; 2]);
}

#[tokio::test]
async fn a_turn_after_a_while_does_not_pay_for_the_handshake() {
    let model = MockModel::start(slow_handshakes());
    let home = home(&model);
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    model.wait_for_websockets(1).await.unwrap();
    let started = Instant::now();
    app.run_turn(&thread, "Hi").await;
    assert!(model.requests()[0].at.duration_since(started) < HANDSHAKE / 2);
    assert_eq!(model.handshakes().len(), 1);
}

#[tokio::test]
async fn a_broken_websocket_costs_one_warning() {
    let model = MockModel::start(Script::new().every_handshake(Handshake::refuse(503)));
    let home = home(&model);
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    for text in ["Hi", "More"] {
        assert_eq!(app.run_turn(&thread, text).await.status(), "completed");
    }
    let told = app.notified_since(0);
    assert!(!told.iter().any(|method| method == "error"), "{told:?}");
    let warning = app
        .wait_where("warning", |params| {
            params["message"].as_str().unwrap().starts_with("Falling back")
        })
        .await;
    assert_eq!(warning["threadId"], thread);
    assert_eq!(model.handshakes().len(), 2);
    assert_eq!(transports(&model), [Transport::Http; 2]);
}

#[tokio::test]
async fn a_server_that_wants_http_gets_it_without_a_word() {
    let model = MockModel::start(Script::new().every_handshake(Handshake::refuse(426)));
    let home = home(&model);
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({"model": "gpt-5.5"})).await;
    assert_eq!(app.run_turn(&thread, "Hi").await.status(), "completed");
    let told = app.notified_since(0);
    assert!(
        !told.iter().any(|method| method == "error" || method == "warning"),
        "{told:?}"
    );
    assert_eq!(model.handshakes().len(), 1);
}

#[tokio::test]
async fn tools_and_their_outputs_go_over_one_connection() {
    let state = json!({"type": "response.metadata", "headers": {"x-codex-turn-state": "here"}});
    let model = MockModel::start([
        Answer::new()
            .event(state)
            .call("c1", "exec_command", json!({"cmd": "echo hi"})),
        Answer::new().say("done"),
        Answer::new().say("next"),
    ]);
    let home = home(&model);
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    app.run_turn(&thread, "Run it").await;
    app.run_turn(&thread, "Again").await;
    let requests = model.requests();
    assert!(requests[1].tool_output("c1").unwrap().contains("hi"));
    assert_eq!(requests[1].input().len(), 1, "only the output is news");
    let states: Vec<_> = requests
        .iter()
        .map(|r| r.body["client_metadata"]["x-codex-turn-state"].as_str())
        .collect();
    assert_eq!(states, [None, Some("here"), None]);
    assert_eq!(model.handshakes().len(), 1);
}

/// A home whose server closes the next connections in this way, each with the first request on it.
fn closing(code: u16, reason: &str, times: usize) -> (MockModel, Home) {
    let close = Answer::new().bare().step(Step::Close(Close {
        code: Some(code),
        reason: reason.into(),
    }));
    let model = MockModel::start(vec![close; times]);
    let config = Config {
        websockets: true,
        stream_retries: 2,
        ..Config::default()
    };
    let home = Home::with(&model, &config);
    (model, home)
}

/// The warnings that HTTP is used instead.
fn fallbacks(turn: &TurnRun) -> Vec<String> {
    let warnings = turn.all("warning").into_iter();
    let texts = warnings.map(|warning| warning["message"].as_str().unwrap().to_owned());
    texts.filter(|text| text.starts_with("Falling back")).collect()
}

#[tokio::test]
async fn as_many_retries_are_told_whatever_a_server_says_when_it_closes() {
    let (ws, http) = (Transport::WebSocket, Transport::Http);
    for (code, reason) in [(1011, ""), (1011, "out of memory"), (1008, "policy")] {
        let (model, home) = closing(code, reason, 3);
        let app = App::start(&home).await;
        let thread = app.start_thread(json!({})).await;
        let turn = app.run_turn(&thread, "Hi").await;
        assert_eq!(turn.status(), "completed", "{code} {reason}");
        let told: Vec<_> = turn
            .all("error")
            .iter()
            .map(|told| told["error"]["message"].clone())
            .collect();
        assert_eq!(told, ["Reconnecting... 2/2"], "{code} {reason}");
        let warnings = fallbacks(&turn);
        assert_eq!(warnings.len(), 1, "{code} {reason}");
        assert!(warnings[0].contains(reason), "{}", warnings[0]);
        assert_eq!(transports(&model), [ws, ws, ws, http], "{code} {reason}");
    }
}

#[tokio::test]
async fn a_request_that_is_too_large_for_a_message_goes_over_http_at_once() {
    let (model, home) = closing(1009, "too big", 1);
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    let turn = app.run_turn(&thread, "Hi").await;
    assert_eq!(turn.status(), "completed");
    assert!(turn.all("error").is_empty());
    assert_eq!(fallbacks(&turn).len(), 1);
    assert_eq!(transports(&model), [Transport::WebSocket, Transport::Http]);
}

#[tokio::test]
async fn a_handshake_that_is_called_a_bad_request_ends_the_turn() {
    let model = MockModel::start(Script::new().every_handshake(Handshake::refuse(400)));
    let home = home(&model);
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    let turn = app.run_turn(&thread, "Hi").await;
    assert_eq!(turn.status(), "failed");
    assert_eq!(turn.turn["error"]["codexErrorInfo"], "other");
    assert!(model.requests().is_empty());
}
