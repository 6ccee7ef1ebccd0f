//! The mock model, asked by ordinary clients.

use std::time::{Duration, Instant};

use codex_core::mock_model::{Answer, Condition, Handshake, MockModel, Script, ScriptError, Step};
use futures_util::{SinkExt, StreamExt};
use proptest::prelude::*;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::{Error, Message, client::IntoClientRequest};
use tokio_tungstenite::{WebSocketStream, client_async};

fn client() -> reqwest::Client {
    // Fails from the second call on: it is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().build().unwrap()
}

async fn post(model: &MockModel, body: &Value) -> reqwest::Response {
    let client = client();
    let url = format!("{}/responses", model.base_url());
    client.post(url).body(body.to_string()).send().await.unwrap()
}

async fn ask(model: &MockModel) -> String {
    post(model, &json!({"input": []})).await.text().await.unwrap()
}

/// The JSON of each event in an SSE body.
fn events(body: &str) -> Vec<Value> {
    body.lines()
        .filter_map(|line| line.strip_prefix("data: "))
        .map(|json| serde_json::from_str(json).unwrap())
        .collect()
}

fn kinds(events: &[Value]) -> Vec<&str> {
    events
        .iter()
        .map(|event| event["type"].as_str().unwrap())
        .collect()
}

fn text(events: &[Value]) -> String {
    events
        .iter()
        .filter_map(|event| event["delta"].as_str())
        .collect()
}

type Socket = WebSocketStream<TcpStream>;

async fn connect(model: &MockModel) -> Result<Socket, Error> {
    let request = format!("ws://{}/v1/responses", model.address())
        .into_client_request()
        .unwrap();
    let stream = TcpStream::connect(model.address()).await.unwrap();
    Ok(client_async(request, stream).await?.0)
}

async fn create(socket: &mut Socket) {
    let frame = json!({"type": "response.create", "input": []}).to_string();
    socket.send(Message::text(frame)).await.unwrap();
}

/// Events up to the one that ends a response.
async fn response(socket: &mut Socket) -> Vec<Value> {
    let mut events = Vec::new();
    loop {
        if let Message::Text(text) = socket.next().await.unwrap().unwrap() {
            let event: Value = serde_json::from_str(&text).unwrap();
            let kind = event["type"].as_str().unwrap().to_owned();
            events.push(event);
            if matches!(kind.as_str(), "response.completed" | "response.failed" | "error") {
                return events;
            }
        }
    }
}

#[tokio::test]
async fn answers_are_taken_in_order_and_then_the_default() {
    let model = MockModel::start(Script::from(["one", "two"]).otherwise("three"));
    for wanted in ["one", "two", "three", "three"] {
        assert_eq!(text(&events(&ask(&model).await)), wanted);
    }
    assert_eq!(model.requests().len(), 4);
}

#[tokio::test]
async fn a_message_is_streamed_between_created_and_completed() {
    let model = MockModel::start(Answer::new().say_in("abcdef", 3));
    let events = events(&ask(&model).await);
    assert_eq!(
        kinds(&events),
        [
            "response.created",
            "response.output_item.added",
            "response.output_text.delta",
            "response.output_text.delta",
            "response.output_text.delta",
            "response.output_item.done",
            "response.completed"
        ]
    );
    let of_kind = |kind: &str| events.iter().find(|event| event["type"] == kind).unwrap();
    let done = of_kind("response.output_item.done");
    assert_eq!(done["item"]["content"][0]["text"], "abcdef");
    let completed = of_kind("response.completed");
    assert_eq!(completed["response"]["usage"]["total_tokens"], 15);
}

#[tokio::test]
async fn a_condition_chooses_the_answer() {
    let model = MockModel::start([
        Answer::from("sunny").when(Condition::input("weather")).always(),
        Answer::from("plain"),
    ]);
    let weather = json!({"input": [{"type": "message", "content": [{"text": "the weather?"}]}]});
    for _ in 0..2 {
        assert!(
            post(&model, &weather)
                .await
                .text()
                .await
                .unwrap()
                .contains("sunny")
        );
    }
    assert!(ask(&model).await.contains("plain"));
    assert_eq!(model.answers_left(), 0);
}

#[tokio::test]
async fn a_request_that_is_not_as_expected_fails_and_is_reported() {
    let model =
        MockModel::start(Answer::from("hi").expect(Condition::body(json!({"reasoning": {"effort": "low"}}))));
    let response = post(&model, &json!({"reasoning": {"effort": "high"}})).await;
    assert_eq!(response.status(), 400);
    assert!(response.text().await.unwrap().contains("body.reasoning.effort"));
    assert_eq!(
        model.mismatches(),
        [r#"request 1: `body.reasoning.effort` is "high", not "low""#]
    );
}

#[tokio::test]
async fn status_headers_and_body_are_as_scripted() {
    let model = MockModel::start(
        Answer::status(429)
            .header("retry-after", "2")
            .body(json!({"error": {"type": "usage_limit_reached"}})),
    );
    let response = post(&model, &json!({})).await;
    assert_eq!(response.status(), 429);
    assert_eq!(response.headers()["retry-after"], "2");
    assert_eq!(
        response.json::<Value>().await.unwrap()["error"]["type"],
        "usage_limit_reached"
    );
}

#[tokio::test]
async fn a_cut_connection_ends_the_body_with_an_error_after_what_was_sent() {
    let model = MockModel::start(Answer::new().say("half").cut());
    let mut response = post(&model, &json!({})).await;
    let mut seen = Vec::new();
    let error = loop {
        match response.chunk().await {
            Ok(Some(bytes)) => seen.extend(bytes),
            Ok(None) => panic!("an orderly end"),
            Err(error) => break error,
        }
    };
    assert!(error.is_body() || error.is_decode());
    assert_eq!(text(&events(&String::from_utf8(seen).unwrap())), "half");
}

#[tokio::test]
async fn a_client_that_leaves_is_noticed() {
    let model = MockModel::start(Answer::new().say("…").hang());
    let response = post(&model, &json!({})).await;
    drop(response);
    model.wait_for_cancelled(1).await.unwrap();
}

#[tokio::test]
async fn split_bytes_make_up_the_same_answer() {
    let model = MockModel::start(Answer::new().split(7).say_in("naïve €uro text", 4));
    assert_eq!(text(&events(&ask(&model).await)), "naïve €uro text");
}

#[tokio::test]
async fn compressed_bodies_are_recorded_as_json() {
    let model = MockModel::start(Script::new());
    let body = zstd::stream::encode_all(&b"{\"model\":\"m\"}"[..], 3).unwrap();
    let client = client();
    let url = format!("{}/responses", model.base_url());
    let request = client.post(url).header("content-encoding", "zstd").body(body);
    request.send().await.unwrap();
    let requests = model.wait_for_requests(1).await.unwrap();
    assert_eq!(*requests[0].body, json!({"model": "m"}));
    assert_eq!(requests[0].header("content-encoding"), Some("zstd"));
}

#[tokio::test]
async fn models_and_routes_are_served_and_other_paths_are_not_found() {
    let model = MockModel::start(Script::new().models(json!({"models": []}), Some("\"v1\"")).route(
        "POST",
        "/oauth/token",
        [Answer::status(500), Answer::new().body(json!({"id": 1}))],
    ));
    let client = client();
    let models = client
        .get(format!("{}/models?x=1", model.base_url()))
        .send()
        .await
        .unwrap();
    assert_eq!(models.headers()["etag"], "\"v1\"");
    let token = format!("http://{}/oauth/token", model.address());
    for status in [500, 200, 200] {
        assert_eq!(client.post(&token).send().await.unwrap().status(), status);
    }
    assert_eq!(client.get(&token).send().await.unwrap().status(), 404);
    assert_eq!(model.wait_for_others(5).await.unwrap()[1].path, "/oauth/token");
}

#[tokio::test]
async fn a_burst_of_fifty_thousand_deltas_comes_whole() {
    let script = json!({"answers": [{"steps": [{"say": {"text": "word ", "repeat": 50_000}}]}]});
    let model = MockModel::start(Script::from_json(&script.to_string()).unwrap());
    let body = ask(&model).await;
    assert_eq!(body.matches("output_text.delta\n").count(), 50_000);
}

#[tokio::test]
async fn a_websocket_answers_request_after_request_on_one_connection() {
    let model = MockModel::start(["one", "two"]);
    let mut socket = connect(&model).await.unwrap();
    for wanted in ["one", "two"] {
        create(&mut socket).await;
        assert_eq!(text(&response(&mut socket).await), wanted);
    }
    let requests = model.requests();
    assert_eq!((requests[0].connection, requests[1].connection), (0, 0));
    assert_eq!(requests[1].body["type"], "response.create");
    assert_eq!(model.handshakes().len(), 1);
}

#[tokio::test]
async fn handshakes_are_delayed_refused_dropped_and_closed_as_scripted() {
    let script = Script::new()
        .handshake(Handshake::delayed(50).header("x-codex-turn-state", "ts-1"))
        .handshake(Handshake::refuse(426))
        .handshake(Handshake {
            drop: true,
            ..Handshake::default()
        })
        .handshake(Handshake {
            close: true,
            ..Handshake::default()
        });
    let model = MockModel::start(script);
    let start = Instant::now();
    connect(&model).await.unwrap();
    assert!(start.elapsed() >= Duration::from_millis(50));
    match connect(&model).await {
        Err(Error::Http(response)) => assert_eq!(response.status(), 426),
        other => panic!("{other:?}"),
    }
    assert!(connect(&model).await.is_err());
    let mut socket = connect(&model).await.unwrap();
    assert!(matches!(socket.next().await, Some(Ok(Message::Close(Some(_))))));
    assert_eq!(model.wait_for_handshakes(4).await.unwrap().len(), 4);
}

#[tokio::test]
async fn split_and_fragmented_frames_make_up_the_same_message() {
    let model = MockModel::start([
        Answer::new().split(3).say("naïve"),
        Answer::new().step(Step::Fragments(4)).say("naïve"),
        Answer::new().step(Step::Fragments(3)).split(5).say("naïve"),
    ]);
    let mut socket = connect(&model).await.unwrap();
    for _ in 0..3 {
        create(&mut socket).await;
        assert_eq!(text(&response(&mut socket).await), "naïve");
    }
}

#[tokio::test]
async fn a_websocket_sends_pings_binary_frames_and_error_frames() {
    let model = MockModel::start([
        Answer::new()
            .step(Step::Ping("p".into()))
            .step(Step::Binary("b".into())),
        Answer::status(429)
            .header("retry-after", "1")
            .body(json!({"error": {"type": "x"}})),
    ]);
    let mut socket = connect(&model).await.unwrap();
    create(&mut socket).await;
    let mut seen = Vec::new();
    for _ in 0..4 {
        seen.push(socket.next().await.unwrap().unwrap());
    }
    assert!(seen.contains(&Message::Ping("p".into())) && seen.contains(&Message::Binary("b".into())));
    create(&mut socket).await;
    let error = response(&mut socket).await.pop().unwrap();
    assert_eq!(
        error,
        json!({"type": "error", "status": 429, "headers": {"retry-after": "1"}, "error": {"type": "x"}})
    );
}

#[tokio::test]
async fn a_silent_websocket_leaves_pings_without_pongs_and_others_answer_them() {
    let model = MockModel::start([
        Answer::new().wait(200),
        Answer::new().step(Step::Silence).wait(200),
    ]);
    for ponged in [true, false] {
        let mut socket = connect(&model).await.unwrap();
        create(&mut socket).await;
        socket.send(Message::Ping("p".into())).await.unwrap();
        let mut seen = Vec::new();
        while seen.len() < 2 + usize::from(ponged) {
            seen.push(socket.next().await.unwrap().unwrap());
        }
        assert_eq!(seen.contains(&Message::Pong("p".into())), ponged);
    }
}

#[tokio::test]
async fn an_oversized_frame_is_refused_by_the_client_from_its_header() {
    let model = MockModel::start(Answer::new().step(Step::Oversized(1 << 40)).hang());
    let mut socket = connect(&model).await.unwrap();
    create(&mut socket).await;
    let error = loop {
        if let Err(error) = socket.next().await.unwrap() {
            break error;
        }
    };
    assert!(matches!(error, Error::Capacity(_)), "{error}");
}

#[tokio::test]
async fn connections_are_cut_or_closed_between_answers() {
    let model = MockModel::start([
        Answer::from("one"),
        Answer::new()
            .say("two")
            .complete(codex_core::mock_model::Complete::default())
            .close(),
    ]);
    model.push_handshake(Handshake {
        drop_after: Some(1),
        ..Handshake::default()
    });
    let mut socket = connect(&model).await.unwrap();
    create(&mut socket).await;
    response(&mut socket).await;
    assert!(matches!(socket.next().await, Some(Err(_)) | None));
    let mut socket = connect(&model).await.unwrap();
    create(&mut socket).await;
    response(&mut socket).await;
    assert!(matches!(socket.next().await, Some(Ok(Message::Close(Some(_))))));
}

#[test]
fn a_wrong_script_is_refused_with_member_and_line() {
    let error =
        Script::from_json("{\"answers\": [\n  {\"steps\": [{\"say\": {\"txt\": \"hi\"}}]}\n]}").unwrap_err();
    let message = error.to_string();
    assert!(matches!(error, ScriptError::Parse { .. }));
    for part in ["answers[0].steps[0].say", "unknown field `txt`", "line 2"] {
        assert!(message.contains(part), "{message}");
    }
    for wrong in [
        "{\"answer\": []}",
        "{} x",
        "{\"answers\": [{\"steps\": [\"stop\"]}]}",
    ] {
        assert!(Script::from_json(wrong).is_err(), "{wrong}");
    }
}

proptest! {
    #[test]
    fn no_text_makes_the_script_reader_panic(text in "[\\[\\]{}\":, a-z0-9_]{0,60}") {
        let _ = Script::from_json(&text);
    }
}
