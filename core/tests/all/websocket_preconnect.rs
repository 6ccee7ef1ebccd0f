//! The connection that is opened before the first turn needs it.

use std::time::{Duration, Instant};

use codex_core::config::Provider;
use codex_core::mock_model::{Answer, Handshake, MockModel, Script, Transport};
use codex_core::model::ModelClient;
use codex_core::test_support;
use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use tokio_tungstenite::tungstenite::Message;

use crate::model_support::{
    ask, client, options, prompt, provider, sample, text, transports, turn, user, websocket_client,
};

/// Longer than anything here takes by itself: what does not wait for it is seen.
const HANDSHAKE_MS: u64 = 300;

/// Connects, and waits for the end of that. Whether there is a connection.
async fn preconnected(client: &ModelClient) -> bool {
    client.preconnect([]);
    test_support::preconnected(client).await
}

#[tokio::test]
async fn sends_nothing_before_a_turn() {
    let model = MockModel::start(Script::new());
    let client = websocket_client(&model, "");
    assert!(preconnected(&client).await);
    assert_eq!((model.handshakes().len(), model.requests().len()), (1, 0));
}

#[tokio::test]
async fn gives_its_connection_to_the_first_turn() {
    let model = MockModel::start(Answer::new().say("hi"));
    let client = websocket_client(&model, "");
    assert!(preconnected(&client).await);
    let events = ask(&mut turn(&client, "t1"), &prompt(vec![user("hi")]))
        .await
        .unwrap();
    assert_eq!(text(&events), "hi");
    assert_eq!(model.handshakes().len(), 1);
    assert_eq!(transports(&model), [Transport::WebSocket]);
    assert_eq!(model.requests()[0].connection, model.handshakes()[0].connection);
}

#[tokio::test]
async fn spares_the_first_turn_the_handshake() {
    let model = MockModel::start(Script::new().every_handshake(Handshake::delayed(HANDSHAKE_MS)));
    let client = websocket_client(&model, "");
    assert!(preconnected(&client).await);
    let started = Instant::now();
    ask(&mut turn(&client, "t1"), &prompt(vec![user("hi")]))
        .await
        .unwrap();
    let took = model.requests()[0].at.duration_since(started);
    assert!(took < Duration::from_millis(HANDSHAKE_MS / 2), "{took:?}");
}

#[tokio::test]
async fn does_not_hold_up_the_start_of_a_thread() {
    let model = MockModel::start(Script::new().every_handshake(Handshake::delayed(5000)));
    let client = websocket_client(&model, "");
    let started = Instant::now();
    client.preconnect([]);
    assert!(started.elapsed() < Duration::from_millis(2500));
    model.wait_for_handshakes(1).await.unwrap();
}

#[tokio::test]
async fn opens_one_connection_however_often_it_is_asked() {
    let model = MockModel::start(Script::new().every_handshake(Handshake::delayed(100)));
    let client = websocket_client(&model, "");
    client.preconnect([]);
    client.preconnect([]);
    assert!(preconnected(&client).await);
    client.preconnect([]);
    ask(&mut turn(&client, "t1"), &prompt(vec![user("hi")]))
        .await
        .unwrap();
    assert_eq!(model.handshakes().len(), 1);
}

#[tokio::test]
async fn is_left_to_later_turns_once_it_is_used() {
    let model = MockModel::start(Script::new());
    let client = websocket_client(&model, "");
    assert!(preconnected(&client).await);
    for id in ["t1", "t2", "t3"] {
        ask(&mut turn(&client, id), &prompt(vec![user(id)]))
            .await
            .unwrap();
    }
    assert_eq!(model.handshakes().len(), 1);
    assert!(
        model
            .requests()
            .iter()
            .all(|r| r.connection == model.handshakes()[0].connection)
    );
}

#[tokio::test]
async fn fails_without_a_word() {
    for way in [
        Handshake::refuse(503),
        Handshake::refuse(429),
        Handshake {
            drop: true,
            ..Handshake::default()
        },
    ] {
        let model = MockModel::start(Script::new().handshake(way));
        let client = websocket_client(&model, "stream_max_retries = 0");
        assert!(!preconnected(&client).await);
        let outcome = sample(&mut turn(&client, "t1"), &prompt(vec![user("hi")])).await;
        assert!(
            outcome.notices.is_empty() && outcome.warnings.is_empty(),
            "{outcome:?}"
        );
        assert_eq!(text(&outcome.events()), "ok");
        assert_eq!(model.handshakes().len(), 2);
        assert_eq!(transports(&model), [Transport::WebSocket]);
    }
}

#[tokio::test]
async fn that_died_while_it_waited_is_noticed_before_use() {
    for way in [
        Handshake {
            close: true,
            ..Handshake::default()
        },
        Handshake {
            drop_after: Some(0),
            ..Handshake::default()
        },
    ] {
        let model = MockModel::start(Script::new().handshake(way));
        let client = websocket_client(&model, "stream_max_retries = 0");
        preconnected(&client).await;
        test_support::kept_connection_ended(&client).await;
        let outcome = sample(&mut turn(&client, "t1"), &prompt(vec![user("hi")])).await;
        assert!(
            outcome.notices.is_empty() && outcome.warnings.is_empty(),
            "{outcome:?}"
        );
        assert_eq!(text(&outcome.events()), "ok");
        assert_eq!(model.handshakes().len(), 2);
    }
}

#[tokio::test]
async fn learns_that_the_server_wants_http() {
    let model = MockModel::start(Script::new().every_handshake(Handshake::refuse(426)));
    let client = websocket_client(&model, "");
    assert!(!preconnected(&client).await);
    let outcome = sample(&mut turn(&client, "t1"), &prompt(vec![user("hi")])).await;
    assert!(
        outcome.notices.is_empty() && outcome.warnings.is_empty(),
        "{outcome:?}"
    );
    outcome.events();
    assert_eq!(model.handshakes().len(), 1);
    assert_eq!(transports(&model), [Transport::Http]);
}

#[tokio::test]
async fn is_not_tried_where_there_are_no_websockets() {
    let model = MockModel::start(Script::new());
    let client = client(&model, "");
    client.preconnect([]);
    ask(&mut turn(&client, "t1"), &prompt(vec![user("hi")]))
        .await
        .unwrap();
    assert_eq!(model.handshakes().len(), 0);
    assert_eq!(transports(&model), [Transport::Http]);
}

#[tokio::test]
async fn is_tried_where_the_model_prefers_websockets() {
    let model = MockModel::start(Script::new());
    let mut options = options(provider(&model, ""));
    options.prefer_websockets = true;
    let client = ModelClient::new(options);
    assert!(preconnected(&client).await);
    ask(&mut turn(&client, "t1"), &prompt(vec![user("hi")]))
        .await
        .unwrap();
    assert_eq!(transports(&model), [Transport::WebSocket]);
    assert_eq!(model.handshakes().len(), 1);
}

#[tokio::test]
async fn says_who_connects_and_is_reused_whatever_the_turn_says() {
    let model = MockModel::start(Script::new());
    let client = websocket_client(
        &model,
        "experimental_bearer_token = 'tok'\nquery_params = { v = '1' }",
    );
    assert!(preconnected(&client).await);
    ask(&mut turn(&client, "t1"), &prompt(vec![user("hi")]))
        .await
        .unwrap();
    let handshake = &model.handshakes()[0];
    assert_eq!(handshake.path, "/v1/responses?v=1");
    for (name, value) in [
        ("openai-beta", "responses_websockets=2026-02-06"),
        ("authorization", "Bearer tok"),
        ("originator", "tester"),
        ("user-agent", "tester/1"),
    ] {
        assert_eq!(handshake.header(name), Some(value), "{name}");
    }
    for name in [
        "session-id",
        "thread-id",
        "x-client-request-id",
        "x-codex-window-id",
    ] {
        assert!(handshake.header(name).is_some(), "{name}");
    }
    for name in ["accept", "content-type", "x-codex-turn-state"] {
        assert_eq!(handshake.header(name), None, "{name}");
    }
    let metadata: Value = serde_json::from_str(handshake.header("x-codex-turn-metadata").unwrap()).unwrap();
    assert_eq!(metadata["turn_id"], "");
    assert_eq!(model.requests()[0].body["client_metadata"]["turn_id"], "t1");
    assert_eq!(model.handshakes().len(), 1);
}

#[tokio::test]
async fn has_its_credentials_renewed_after_a_401() {
    let dir = tempfile::tempdir().unwrap();
    let script = dir.path().join("token.sh");
    std::fs::write(
        &script,
        "echo x >> \"$1/runs\"\necho \"tok-$(wc -l < \"$1/runs\" | tr -d ' ')\"\n",
    )
    .unwrap();
    let settings = format!(
        "auth = {{ command = 'sh', args = ['{}', '{}'] }}",
        script.display(),
        dir.path().display()
    );
    let model = MockModel::start(Script::new().handshake(Handshake::refuse(401)));
    let client = websocket_client(&model, &settings);
    client.preconnect([]);
    model.wait_for_handshakes(2).await.unwrap();
    ask(&mut turn(&client, "t1"), &prompt(vec![user("hi")]))
        .await
        .unwrap();
    let tokens: Vec<_> = model
        .handshakes()
        .iter()
        .map(|h| h.header("authorization").unwrap().to_owned())
        .collect();
    assert_eq!(tokens, ["Bearer tok-1", "Bearer tok-2"]);
}

fn by_hand(listener: &TcpListener) -> ModelClient {
    let base = format!("http://{}", listener.local_addr().unwrap());
    let table = format!("name = 'x'\nbase_url = '{base}'\nsupports_websockets = true");
    ModelClient::new(options(
        Provider::from_config("x", &table.parse().unwrap()).unwrap(),
    ))
}

#[tokio::test]
async fn answers_pings_while_it_waits() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = by_hand(&listener);
    client.preconnect([]);
    let (stream, _) = listener.accept().await.unwrap();
    let mut socket = tokio_tungstenite::accept_async(stream).await.unwrap();
    socket.send(Message::Ping("alive?".into())).await.unwrap();
    let answer = tokio::time::timeout(Duration::from_secs(5), socket.next())
        .await
        .unwrap();
    assert_eq!(answer.unwrap().unwrap(), Message::Pong("alive?".into()));
}

#[tokio::test]
async fn is_closed_when_the_thread_ends() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = by_hand(&listener);
    client.preconnect([]);
    let (stream, _) = listener.accept().await.unwrap();
    let mut socket = tokio_tungstenite::accept_async(stream).await.unwrap();
    // A pong tells that the client has the connection too.
    socket.send(Message::Ping("ready?".into())).await.unwrap();
    socket.next().await.unwrap().unwrap();
    drop(client);
    let last = tokio::time::timeout(Duration::from_secs(5), socket.next())
        .await
        .unwrap();
    assert!(matches!(last, Some(Ok(Message::Close(_)))), "{last:?}");
}

#[tokio::test]
async fn is_broken_off_when_the_thread_ends() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = by_hand(&listener);
    client.preconnect([]);
    let (mut stream, _) = listener.accept().await.unwrap();
    drop(client);
    let mut all = Vec::new();
    tokio::time::timeout(Duration::from_secs(5), stream.read_to_end(&mut all))
        .await
        .unwrap()
        .unwrap();
}

mod websocket_first_turn_waits_for_inflight_preconnect {
    use super::*;

    #[tokio::test]
    async fn and_makes_no_handshake_of_its_own() {
        let model = MockModel::start(Script::new().every_handshake(Handshake::delayed(HANDSHAKE_MS)));
        let client = websocket_client(&model, "stream_max_retries = 0");
        client.preconnect([]);
        let outcome = sample(&mut turn(&client, "t1"), &prompt(vec![user("hi")])).await;
        assert!(
            outcome.notices.is_empty() && outcome.warnings.is_empty(),
            "{outcome:?}"
        );
        outcome.events();
        assert_eq!(model.handshakes().len(), 1);
        assert_eq!(transports(&model), [Transport::WebSocket]);
    }

    #[tokio::test]
    async fn and_goes_on_as_soon_as_it_is_there() {
        let model = MockModel::start(Script::new().every_handshake(Handshake::delayed(HANDSHAKE_MS)));
        let client = websocket_client(&model, "");
        client.preconnect([]);
        ask(&mut turn(&client, "t1"), &prompt(vec![user("hi")]))
            .await
            .unwrap();
        let took = model.requests()[0].at.duration_since(model.handshakes()[0].at);
        assert!(took >= Duration::from_millis(HANDSHAKE_MS), "{took:?}");
        assert!(took < Duration::from_millis(HANDSHAKE_MS + 200), "{took:?}");
    }

    #[tokio::test]
    async fn and_connects_itself_when_that_fails() {
        let refusal = Handshake {
            delay_ms: HANDSHAKE_MS,
            ..Handshake::refuse(503)
        };
        let model = MockModel::start(Script::new().handshake(refusal));
        let client = websocket_client(&model, "stream_max_retries = 0");
        client.preconnect([]);
        let outcome = sample(&mut turn(&client, "t1"), &prompt(vec![user("hi")])).await;
        assert!(
            outcome.notices.is_empty() && outcome.warnings.is_empty(),
            "{outcome:?}"
        );
        outcome.events();
        let handshakes = model.handshakes();
        assert_eq!(handshakes.len(), 2);
        let apart = handshakes[1].at.duration_since(handshakes[0].at);
        assert!(apart >= Duration::from_millis(HANDSHAKE_MS), "{apart:?}");
    }

    #[tokio::test]
    async fn but_no_longer_than_the_connect_time_out() {
        let model = MockModel::start(Script::new().handshake(Handshake::delayed(8000)));
        let client = websocket_client(&model, "websocket_connect_timeout_ms = 300");
        client.preconnect([]);
        let started = Instant::now();
        ask(&mut turn(&client, "t1"), &prompt(vec![user("hi")]))
            .await
            .unwrap();
        assert!(started.elapsed() < Duration::from_secs(3));
        assert_eq!(model.handshakes().len(), 2);
        assert_eq!(transports(&model), [Transport::WebSocket]);
    }

    #[tokio::test]
    async fn and_uses_http_when_the_server_wants_that() {
        let refusal = Handshake {
            delay_ms: HANDSHAKE_MS,
            ..Handshake::refuse(426)
        };
        let model = MockModel::start(Script::new().every_handshake(refusal));
        let client = websocket_client(&model, "");
        client.preconnect([]);
        ask(&mut turn(&client, "t1"), &prompt(vec![user("hi")]))
            .await
            .unwrap();
        assert_eq!(model.handshakes().len(), 1);
        assert_eq!(transports(&model), [Transport::Http]);
    }

    #[tokio::test]
    async fn and_may_be_interrupted_meanwhile() {
        let model = MockModel::start(Script::new().handshake(Handshake::delayed(5000)));
        let client = websocket_client(&model, "");
        client.preconnect([]);
        {
            let mut session = turn(&client, "t1");
            let prompt = prompt(vec![user("hi")]);
            let waiting = session.stream(&prompt);
            tokio::time::timeout(Duration::from_millis(100), waiting)
                .await
                .unwrap_err();
        }
        ask(&mut turn(&client, "t2"), &prompt(vec![user("hi")]))
            .await
            .unwrap();
        assert_eq!(model.requests().len(), 1);
        assert_eq!(transports(&model), [Transport::WebSocket]);
    }
}
