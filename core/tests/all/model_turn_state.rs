//! The turn state of the Responses API over HTTP; `websocket_turn_state` has that over WebSocket.

use codex_core::mock_model::{Answer, MockModel, Step};
use serde_json::json;

use crate::model_support::{ask, client, prompt, sample, turn, user};

const HEADER: &str = "x-codex-turn-state";

fn sent(model: &MockModel) -> Vec<Option<String>> {
    model
        .requests()
        .iter()
        .map(|r| r.header(HEADER).map(str::to_owned))
        .collect()
}

#[tokio::test]
async fn over_http_the_first_value_goes_with_every_later_request_of_the_turn() {
    let model = MockModel::start([
        Answer::new().header(HEADER, "one"),
        Answer::new().header(HEADER, "two"),
        Answer::new(),
    ]);
    let client = client(&model, "");
    let mut session = turn(&client, "t1");
    for _ in 0..3 {
        ask(&mut session, &prompt(vec![user("hi")])).await.unwrap();
    }
    assert_eq!(sent(&model), [None, Some("one".into()), Some("one".into())]);
}

#[tokio::test]
async fn over_http_the_next_turn_starts_without() {
    let model = MockModel::start(Answer::new().header(HEADER, "one").always());
    let client = client(&model, "");
    for id in ["t1", "t2"] {
        ask(&mut turn(&client, id), &prompt(vec![user("hi")]))
            .await
            .unwrap();
    }
    assert_eq!(sent(&model), [None, None]);
}

#[tokio::test]
async fn over_http_it_is_sent_with_retries() {
    let model = MockModel::start([
        Answer::new()
            .header(HEADER, "one")
            .bare()
            .say("half")
            .step(Step::Drop),
        Answer::status(503).header("retry-after", "0"),
        Answer::new(),
    ]);
    let client = client(&model, "stream_max_retries = 1\nrequest_max_retries = 1");
    sample(&mut turn(&client, "t1"), &prompt(vec![user("hi")]))
        .await
        .events();
    assert_eq!(sent(&model), [None, Some("one".into()), Some("one".into())]);
}

#[tokio::test]
async fn over_http_the_metadata_event_does_not_count() {
    let event = json!({"type": "response.metadata", "headers": {HEADER: "x"}});
    let model = MockModel::start(Answer::new().event(event).always());
    let client = client(&model, "");
    let mut session = turn(&client, "t1");
    for _ in 0..2 {
        ask(&mut session, &prompt(vec![user("hi")])).await.unwrap();
    }
    assert_eq!(sent(&model), [None, None]);
}
