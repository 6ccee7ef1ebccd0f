//! Routing state of the server over WebSocket: it belongs to one turn.

use codex_core::mock_model::{Answer, Handshake, MockModel, Script, Step, Transport};
use codex_core::model::CompactionMetadata;
use serde_json::json;

use crate::model_support::{ask, collect, prompt, sample, transports, turn, user, websocket_client};

const KEY: &str = "x-codex-turn-state";

fn state(value: &str) -> Answer {
    Answer::new().event(json!({"type": "response.metadata", "headers": {KEY: value}}))
}

fn sent(model: &MockModel) -> Vec<Option<String>> {
    let requests = model.requests();
    let values = requests.iter().map(|r| match r.transport {
        Transport::WebSocket => r.body["client_metadata"][KEY].as_str(),
        Transport::Http => r.header(KEY),
    });
    values.map(|v| v.map(str::to_owned)).collect()
}

fn some(value: &str) -> Option<String> {
    value.to_owned().into()
}

#[tokio::test]
async fn goes_with_every_later_request_of_the_turn() {
    let model = MockModel::start([state("one"), state("two"), Answer::new()]);
    let client = websocket_client(&model, "");
    let mut session = turn(&client, "t1");
    for _ in 0..3 {
        ask(&mut session, &prompt(vec![user("hi")])).await.unwrap();
    }
    assert_eq!(sent(&model), [None, some("one"), some("one")]);
    assert_eq!(model.handshakes().len(), 1);
}

#[tokio::test]
async fn is_gone_with_the_next_turn_on_the_same_connection() {
    let model = MockModel::start([state("one"), Answer::new(), Answer::new()]);
    let client = websocket_client(&model, "");
    for id in ["t1", "t2", "t3"] {
        ask(&mut turn(&client, id), &prompt(vec![user("hi")]))
            .await
            .unwrap();
    }
    assert_eq!(sent(&model), [None, None, None]);
    assert_eq!(model.handshakes().len(), 1);
}

#[tokio::test]
async fn survives_a_new_connection() {
    let model = MockModel::start([state("one").bare().step(Step::Drop), Answer::new()]);
    let client = websocket_client(&model, "");
    sample(&mut turn(&client, "t1"), &prompt(vec![user("hi")]))
        .await
        .events();
    assert_eq!(sent(&model), [None, some("one")]);
    assert_eq!(model.handshakes().len(), 2);
}

#[tokio::test]
async fn survives_the_fallback_to_http() {
    let model = MockModel::start([state("one").bare().step(Step::Drop), Answer::new()]);
    let client = websocket_client(&model, "stream_max_retries = 0");
    sample(&mut turn(&client, "t1"), &prompt(vec![user("hi")]))
        .await
        .events();
    assert_eq!(transports(&model), [Transport::WebSocket, Transport::Http]);
    assert_eq!(sent(&model), [None, some("one")]);
}

#[tokio::test]
async fn of_the_preconnect_seeds_the_first_turn_only() {
    let greeting = Handshake::delayed(300).header(KEY, "early");
    let model = MockModel::start(Script::new().every_handshake(greeting).then(state("late")));
    let client = websocket_client(&model, "");
    client.preconnect([]);
    let mut first = turn(&client, "t1");
    for _ in 0..2 {
        ask(&mut first, &prompt(vec![user("hi")])).await.unwrap();
    }
    ask(&mut turn(&client, "t2"), &prompt(vec![user("hi")]))
        .await
        .unwrap();
    assert_eq!(sent(&model), [some("early"), some("early"), None]);
    assert_eq!(model.handshakes().len(), 1);
}

#[tokio::test]
async fn is_not_taken_from_the_turns_own_handshake() {
    let greeting = Handshake::default().header(KEY, "early");
    let model = MockModel::start(Script::new().every_handshake(greeting));
    let client = websocket_client(&model, "");
    let mut session = turn(&client, "t1");
    for _ in 0..2 {
        ask(&mut session, &prompt(vec![user("hi")])).await.unwrap();
    }
    assert_eq!(sent(&model), [None, None]);
}

#[tokio::test]
async fn is_taken_from_the_events_headers_only() {
    let elsewhere = Answer::new()
        .event(json!({"type": "response.metadata", "metadata": {KEY: "no"}, "headers": {"x-other": "no"}}))
        .event(json!({"type": "response.created", "response": {"id": "r", "headers": {KEY: "no"}}}));
    let model = MockModel::start([elsewhere, Answer::new()]);
    let client = websocket_client(&model, "");
    let mut session = turn(&client, "t1");
    for _ in 0..2 {
        ask(&mut session, &prompt(vec![user("hi")])).await.unwrap();
    }
    assert_eq!(sent(&model), [None, None]);
}

#[tokio::test]
async fn is_sent_with_a_compaction_in_the_turn() {
    let model = MockModel::start([state("one"), Answer::new()]);
    let client = websocket_client(&model, "");
    let mut session = turn(&client, "t1");
    ask(&mut session, &prompt(vec![user("hi")])).await.unwrap();
    let why = CompactionMetadata {
        trigger: "auto",
        reason: "context_limit",
        implementation: "responses",
        phase: "mid_turn",
        strategy: "memento",
    };
    let stream = session
        .stream_compaction(&prompt(vec![user("sum up")]), why)
        .await
        .unwrap();
    collect(stream).await.unwrap();
    assert_eq!(sent(&model), [None, some("one")]);
    let metadata = model.requests()[1].body["client_metadata"]["x-codex-turn-metadata"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(
        metadata.contains(r#""request_kind":"compaction","compaction":{"trigger":"auto""#),
        "{metadata}"
    );
}
