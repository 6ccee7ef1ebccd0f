//! When a thread goes on over HTTP.

use std::time::Duration;

use codex_core::mock_model::{Answer, Handshake, MockModel, Script, Step, Transport};
use serde_json::json;

use crate::model_support::{prompt, sample, text, transports, turn, user, websocket_client};

fn http_only(status: u16) -> Script {
    Script::new().every_handshake(Handshake::refuse(status))
}

#[tokio::test]
async fn by_426_is_at_once_and_silent() {
    let model = MockModel::start(http_only(426));
    let client = websocket_client(&model, "");
    let outcome = sample(&mut turn(&client, "t1"), &prompt(vec![user("hi")])).await;
    assert!(
        outcome.notices.is_empty() && outcome.warnings.is_empty(),
        "{outcome:?}"
    );
    assert_eq!(text(&outcome.events()), "ok");
    assert_eq!(model.handshakes().len(), 1);
    assert_eq!(transports(&model), [Transport::Http]);
}

#[tokio::test]
async fn without_retries_comes_after_exactly_two_attempts() {
    for delay_ms in [0, 300] {
        let refusal = Handshake {
            delay_ms,
            ..Handshake::refuse(503)
        };
        let model = MockModel::start(Script::new().every_handshake(refusal));
        let client = websocket_client(&model, "stream_max_retries = 0");
        client.preconnect([]);
        let outcome = sample(&mut turn(&client, "t1"), &prompt(vec![user("hi")])).await;
        assert!(outcome.notices.is_empty(), "{outcome:?}");
        assert_eq!(outcome.warnings.len(), 1);
        assert!(outcome.warnings[0].starts_with("Falling back from WebSockets to HTTPS transport. "));
        assert_eq!(text(&outcome.events()), "ok");
        assert_eq!(model.handshakes().len(), 2);
        assert_eq!(transports(&model), [Transport::Http]);
    }
}

#[tokio::test]
async fn comes_after_one_attempt_more_than_retries() {
    let model = MockModel::start(http_only(503));
    let client = websocket_client(&model, "stream_max_retries = 2");
    client.preconnect([]);
    let outcome = sample(&mut turn(&client, "t1"), &prompt(vec![user("hi")])).await;
    // The first notice is left out: most connections come back at once.
    assert_eq!(outcome.notices, ["Reconnecting... 2/2"]);
    assert_eq!(outcome.warnings.len(), 1);
    outcome.events();
    assert_eq!(model.handshakes().len(), 4);
}

#[tokio::test]
async fn comes_whatever_is_wrong_with_the_handshake() {
    let ways = [
        Handshake::refuse(404),
        Handshake {
            drop: true,
            ..Handshake::default()
        },
        Handshake::delayed(8000),
    ];
    for way in ways {
        let model = MockModel::start(Script::new().every_handshake(way.clone()));
        let settings = "stream_max_retries = 1\nwebsocket_connect_timeout_ms = 200";
        let client = websocket_client(&model, settings);
        let outcome = sample(&mut turn(&client, "t1"), &prompt(vec![user("hi")])).await;
        assert_eq!(outcome.warnings.len(), 1, "{way:?}");
        outcome.events();
        assert_eq!(model.handshakes().len(), 2, "{way:?}");
        assert_eq!(transports(&model), [Transport::Http]);
    }
}

#[tokio::test]
async fn is_for_the_rest_of_the_threads_life() {
    let model = MockModel::start(http_only(503));
    let client = websocket_client(&model, "stream_max_retries = 0");
    let first = sample(&mut turn(&client, "t1"), &prompt(vec![user("hi")])).await;
    assert_eq!(first.warnings.len(), 1);
    client.preconnect([]);
    let second = sample(&mut turn(&client, "t2"), &prompt(vec![user("hi")])).await;
    assert!(second.warnings.is_empty());
    second.events();
    assert_eq!(model.handshakes().len(), 1);
    assert_eq!(transports(&model), [Transport::Http, Transport::Http]);
}

#[tokio::test]
async fn of_one_thread_leaves_the_others_alone() {
    let model = MockModel::start(Script::new().handshake(Handshake::refuse(426)));
    let [one, two] = [websocket_client(&model, ""), websocket_client(&model, "")];
    sample(&mut turn(&one, "t1"), &prompt(vec![user("hi")]))
        .await
        .events();
    sample(&mut turn(&two, "t1"), &prompt(vec![user("hi")]))
        .await
        .events();
    assert_eq!(transports(&model), [Transport::Http, Transport::WebSocket]);
}

#[tokio::test]
async fn has_a_fresh_budget() {
    let script = http_only(503).otherwise(Answer::status(500));
    let model = MockModel::start(script);
    let client = websocket_client(&model, "stream_max_retries = 2\nrequest_max_retries = 0");
    let outcome = sample(&mut turn(&client, "t1"), &prompt(vec![user("hi")])).await;
    assert_eq!(
        outcome.notices,
        [
            "Reconnecting... 2/2",
            "Reconnecting... 1/2",
            "Reconnecting... 2/2"
        ]
    );
    assert_eq!(outcome.warnings.len(), 1);
    assert_eq!((model.handshakes().len(), model.requests().len()), (3, 3));
    outcome.error();
}

#[tokio::test]
async fn is_no_answer_to_429() {
    let model = MockModel::start(http_only(429));
    let client = websocket_client(&model, "");
    client.preconnect([]);
    let outcome = sample(&mut turn(&client, "t1"), &prompt(vec![user("hi")])).await;
    assert!(
        outcome.notices.is_empty() && outcome.warnings.is_empty(),
        "{outcome:?}"
    );
    assert!(
        outcome
            .error()
            .starts_with("exceeded retry limit, last status: 429")
    );
    assert_eq!((model.handshakes().len(), model.requests().len()), (2, 0));
}

#[tokio::test]
async fn is_no_answer_to_a_handshake_that_is_called_a_bad_request() {
    let model = MockModel::start(http_only(400));
    let client = websocket_client(&model, "");
    let outcome = sample(&mut turn(&client, "t1"), &prompt(vec![user("hi")])).await;
    assert!(outcome.warnings.is_empty(), "{outcome:?}");
    outcome.error();
    assert_eq!((model.handshakes().len(), model.requests().len()), (1, 0));
}

#[tokio::test]
async fn comes_when_the_stream_dies_each_time() {
    let dying = || Answer::new().bare().say("half").step(Step::Drop);
    let model = MockModel::start([dying(), dying(), dying()]);
    let client = websocket_client(&model, "stream_max_retries = 2");
    client.preconnect([]);
    let outcome = sample(&mut turn(&client, "t1"), &prompt(vec![user("hi")])).await;
    assert_eq!(outcome.notices, ["Reconnecting... 2/2"]);
    assert_eq!(outcome.warnings.len(), 1);
    outcome.events();
    // The preconnect is the first of them.
    assert_eq!(model.handshakes().len(), 3);
    let ws = Transport::WebSocket;
    assert_eq!(transports(&model), [ws, ws, ws, Transport::Http]);
}

#[tokio::test]
async fn comes_when_nobody_is_let_in() {
    let model = MockModel::start(http_only(401));
    let settings = "stream_max_retries = 1\nauth = { command = 'echo', args = ['tok'] }";
    let client = websocket_client(&model, settings);
    let outcome = sample(&mut turn(&client, "t1"), &prompt(vec![user("hi")])).await;
    assert_eq!(outcome.warnings.len(), 1);
    outcome.events();
    // Each attempt asks the command once more.
    assert_eq!(model.handshakes().len(), 4);
}

#[tokio::test]
async fn is_spared_when_the_budget_lasts() {
    let limit =
        json!({"type": "error", "status": 400, "error": {"code": "websocket_connection_limit_reached"}});
    let model = MockModel::start([
        Answer::new().bare().step(Step::Error(limit)),
        Answer::new().bare().step(Step::Drop),
        Answer::new().say("made it"),
    ]);
    let client = websocket_client(&model, "stream_max_retries = 2");
    let outcome = sample(&mut turn(&client, "t1"), &prompt(vec![user("hi")])).await;
    assert!(outcome.warnings.is_empty());
    assert!(outcome.delays.iter().all(|d| *d < Duration::from_secs(1)));
    assert_eq!(text(&outcome.events()), "made it");
    assert_eq!(model.handshakes().len(), 3);
}

#[tokio::test]
async fn budget_is_fresh_after_each_answer() {
    let dying = || Answer::new().bare().step(Step::Drop);
    let model = MockModel::start([dying(), Answer::new(), dying(), Answer::new()]);
    let client = websocket_client(&model, "stream_max_retries = 1");
    let mut session = turn(&client, "t1");
    for _ in 0..2 {
        let outcome = sample(&mut session, &prompt(vec![user("hi")])).await;
        assert!(outcome.warnings.is_empty());
        outcome.events();
    }
}
