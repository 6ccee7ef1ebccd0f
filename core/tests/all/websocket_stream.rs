//! Requests and responses on a WebSocket, and the life of the connection.

use std::sync::Arc;
use std::time::{Duration, Instant};

use codex_core::ErrorKind;
use codex_core::mock_model::{Answer, Close, Handshake, MockModel, Request, Script, Step};
use codex_core::model::{Prompt, ResponseEvent, ResponseItem};
use codex_core::test_support;
use serde_json::{Value, json};

use crate::model_support::{ask, item, items, prompt, sample, text, turn, user, websocket_client};

/// Ids of the responses that requests went on from, and how many items each sent.
fn frames(model: &MockModel) -> Vec<(Option<String>, usize)> {
    let frame = |r: &Request| {
        let previous = r.body["previous_response_id"].as_str().map(str::to_owned);
        (previous, r.input().len())
    };
    model.requests().iter().map(frame).collect()
}

fn answered(id: &str, text: &str) -> Answer {
    let message = json!({"type": "message", "role": "assistant", "id": format!("m-{id}"),
        "content": [{"type": "output_text", "text": text}]});
    Answer::events([
        json!({"type": "response.created", "response": {"id": id}}),
        json!({"type": "response.output_item.done", "item": message}),
        json!({"type": "response.completed", "response": {"id": id}}),
    ])
}

fn tool_output(call: &str) -> ResponseItem {
    item(json!({"type": "function_call_output", "call_id": call, "output": "done"}))
}

#[tokio::test]
async fn a_frame_carries_what_a_body_carries() {
    let model = MockModel::start(Script::new());
    let client = websocket_client(&model, "");
    ask(&mut turn(&client, "t1"), &prompt(vec![user("hi")]))
        .await
        .unwrap();
    let body = &model.requests()[0].body;
    assert_eq!(body["type"], "response.create");
    assert_eq!(body["model"], "mock-model");
    assert_eq!(body["instructions"], "be good");
    assert_eq!(body["input"][0]["content"][0]["text"], "hi");
    assert!(body["previous_response_id"].is_null());
    let started = body["client_metadata"]["x-codex-ws-stream-request-start-ms"]
        .as_str()
        .unwrap();
    assert!(started.parse::<i64>().unwrap() > 1_600_000_000_000);
}

#[tokio::test]
async fn only_news_are_sent_while_the_history_grows() {
    let model = MockModel::start([
        answered("r1", "calling").call("c1", "t", json!({})),
        answered("r2", "two"),
        answered("r3", "three"),
    ]);
    let client = websocket_client(&model, "");
    let mut history = vec![user("hi")];
    let mut session = turn(&client, "t1");
    let events = ask(&mut session, &prompt(history.clone())).await.unwrap();
    history.extend(items(&events));
    history.push(tool_output("c1"));
    let events = ask(&mut session, &prompt(history.clone())).await.unwrap();
    history.extend(items(&events));
    history.push(user("again"));
    ask(&mut turn(&client, "t2"), &prompt(history)).await.unwrap();
    assert_eq!(
        frames(&model),
        [(None, 1), (Some("r1".into()), 1), (Some("r2".into()), 1)]
    );
    assert_eq!(model.handshakes().len(), 1);
}

#[tokio::test]
async fn the_rest_may_be_empty() {
    let model = MockModel::start([answered("r1", "one"), answered("r2", "two")]);
    let client = websocket_client(&model, "");
    let mut session = turn(&client, "t1");
    let mut history = vec![user("hi")];
    history.extend(items(&ask(&mut session, &prompt(history.clone())).await.unwrap()));
    ask(&mut session, &prompt(history)).await.unwrap();
    assert_eq!(frames(&model)[1], (Some("r1".into()), 0));
}

async fn second_request(change: impl FnOnce(&mut Prompt)) -> (Option<String>, usize) {
    let model = MockModel::start([answered("r1", "one"), answered("r2", "two")]);
    let client = websocket_client(&model, "");
    let mut session = turn(&client, "t1");
    let mut next = prompt(vec![user("hi")]);
    let events = ask(&mut session, &next).await.unwrap();
    next.input.extend(items(&events));
    next.input.push(user("more"));
    change(&mut next);
    ask(&mut session, &next).await.unwrap();
    assert_eq!(model.handshakes().len(), 1, "the connection stays");
    frames(&model).remove(1)
}

#[tokio::test]
async fn everything_is_sent_when_something_else_changed() {
    assert_eq!(second_request(|_| {}).await, (Some("r1".into()), 1));
    assert_eq!(second_request(|p| p.model = "other".into()).await, (None, 3));
    assert_eq!(
        second_request(|p| p.effort = Some("high".into())).await,
        (None, 3)
    );
    assert_eq!(
        second_request(|p| p.tools = vec![Arc::new(json!({}).into())].into()).await,
        (None, 3)
    );
    assert_eq!(second_request(|p| p.instructions = "x".into()).await, (None, 3));
    assert_eq!(second_request(|p| drop(p.input.remove(0))).await, (None, 2));
    assert_eq!(second_request(|p| p.input[0] = user("other")).await, (None, 3));
}

#[tokio::test]
async fn everything_is_sent_when_the_response_had_no_id() {
    let model = MockModel::start([answered("", "one"), answered("r2", "two")]);
    let client = websocket_client(&model, "");
    let mut session = turn(&client, "t1");
    let mut history = vec![user("hi")];
    history.extend(items(&ask(&mut session, &prompt(history.clone())).await.unwrap()));
    ask(&mut session, &prompt(history)).await.unwrap();
    assert_eq!(frames(&model)[1], (None, 2));
}

#[tokio::test]
async fn a_new_connection_gets_everything() {
    let gone = json!({"type": "error", "status": 400, "error": {"code": "previous_response_not_found"}});
    let model = MockModel::start([
        answered("r1", "one"),
        Answer::new().bare().step(Step::Error(gone)),
        answered("r2", "two"),
    ]);
    let client = websocket_client(&model, "");
    let mut session = turn(&client, "t1");
    let mut history = vec![user("hi")];
    history.extend(items(&ask(&mut session, &prompt(history.clone())).await.unwrap()));
    let outcome = sample(&mut session, &prompt(history)).await;
    assert!(outcome.notices.is_empty());
    outcome.events();
    assert_eq!(frames(&model)[1..], [(Some("r1".into()), 0), (None, 2)]);
    assert_eq!(model.handshakes().len(), 2);
}

#[tokio::test]
async fn an_interrupted_response_takes_its_connection_with_it() {
    let model = MockModel::start([Answer::new().say("half").step(Step::Hang), answered("r2", "two")]);
    let client = websocket_client(&model, "");
    let mut session = turn(&client, "t1");
    let mut stream = session.stream(&prompt(vec![user("hi")])).await.unwrap();
    stream.next().await.unwrap().unwrap();
    drop(stream);
    model.wait_for_cancelled(1).await.unwrap();
    ask(&mut turn(&client, "t2"), &prompt(vec![user("hi"), user("again")]))
        .await
        .unwrap();
    assert_eq!(frames(&model)[1], (None, 2));
    assert_eq!(model.handshakes().len(), 2);
}

#[tokio::test]
async fn a_server_that_hangs_up_between_turns_goes_unnoticed() {
    let model = MockModel::start(Script::new().handshake(Handshake {
        drop_after: Some(1),
        ..Handshake::default()
    }));
    let client = websocket_client(&model, "stream_max_retries = 0");
    ask(&mut turn(&client, "t1"), &prompt(vec![user("hi")]))
        .await
        .unwrap();
    test_support::kept_connection_ended(&client).await;
    let outcome = sample(&mut turn(&client, "t2"), &prompt(vec![user("hi")])).await;
    assert!(
        outcome.notices.is_empty() && outcome.warnings.is_empty(),
        "{outcome:?}"
    );
    outcome.events();
    assert_eq!(model.handshakes().len(), 2);
}

#[tokio::test]
async fn messages_may_come_in_pieces() {
    for step in [Step::Split(3), Step::Fragments(4)] {
        let model = MockModel::start(Answer::new().step(step).say_in("hällo wörld", 3));
        let client = websocket_client(&model, "");
        let events = ask(&mut turn(&client, "t1"), &prompt(vec![user("hi")]))
            .await
            .unwrap();
        assert_eq!(text(&events), "hällo wörld");
    }
}

#[tokio::test]
async fn what_breaks_a_stream_is_told() {
    for (step, cause) in [
        (Step::Binary("x".into()), "unexpected binary websocket event"),
        (Step::Oversized(1 << 40), "too long"),
        (
            Step::Close(Close::default()),
            "websocket closed by server before response.completed",
        ),
        (
            Step::Drop,
            "WebSocket protocol error: Connection reset without closing handshake",
        ),
    ] {
        let model = MockModel::start(Answer::new().bare().step(step));
        let client = websocket_client(&model, "");
        let error = ask(&mut turn(&client, "t1"), &prompt(vec![user("hi")]))
            .await
            .unwrap_err();
        assert!(error.retryable);
        assert!(error.error.message.contains(cause), "{}", error.error.message);
    }
}

#[tokio::test]
async fn a_live_but_thinking_server_is_not_cut_off() {
    let model = MockModel::start(Answer::new().wait(1500).say("thought"));
    let client = websocket_client(&model, "stream_idle_timeout_ms = 400");
    test_support::set_ping_interval(&client, Duration::from_millis(100));
    let events = ask(&mut turn(&client, "t1"), &prompt(vec![user("hi")]))
        .await
        .unwrap();
    assert_eq!(text(&events), "thought");
}

#[tokio::test]
async fn two_missed_pongs_are_a_lost_connection() {
    let model = MockModel::start(Answer::new().step(Step::Silence).step(Step::Hang));
    let client = websocket_client(&model, "");
    test_support::set_ping_interval(&client, Duration::from_millis(100));
    let started = Instant::now();
    let error = ask(&mut turn(&client, "t1"), &prompt(vec![user("hi")]))
        .await
        .unwrap_err();
    assert!(
        error.error.message.contains("no longer answers"),
        "{}",
        error.error.message
    );
    assert!(error.retryable);
    let took = started.elapsed();
    assert!(
        (Duration::from_millis(300)..Duration::from_secs(2)).contains(&took),
        "{took:?}"
    );
}

#[tokio::test]
async fn the_idle_time_out_holds_for_servers_that_do_not_pong() {
    let model = MockModel::start(Answer::new().step(Step::Silence).step(Step::Hang));
    let client = websocket_client(&model, "stream_idle_timeout_ms = 250");
    test_support::set_ping_interval(&client, Duration::from_millis(200));
    let error = ask(&mut turn(&client, "t1"), &prompt(vec![user("hi")]))
        .await
        .unwrap_err();
    assert!(
        error
            .error
            .message
            .ends_with("idle timeout waiting for websocket")
    );
}

#[tokio::test]
async fn pings_of_the_server_are_answered_and_mean_nothing_else() {
    let model = MockModel::start(
        Answer::new()
            .step(Step::Ping("a".into()))
            .say("x")
            .step(Step::Ping("b".into())),
    );
    let client = websocket_client(&model, "");
    let events = ask(&mut turn(&client, "t1"), &prompt(vec![user("hi")]))
        .await
        .unwrap();
    assert_eq!(text(&events), "x");
}

#[tokio::test]
async fn an_error_frame_is_like_an_http_answer() {
    let limit = Answer::status(429)
        .header("x-codex-primary-used-percent", "100")
        .header("x-codex-active-limit", "codex_other")
        .header("x-codex-other-limit-name", "gpt-z")
        .body(json!({"error": {"type": "usage_limit_reached"}}));
    let model = MockModel::start(limit);
    let client = websocket_client(&model, "");
    let error = ask(&mut turn(&client, "t1"), &prompt(vec![user("hi")]))
        .await
        .unwrap_err();
    assert_eq!(error.error.kind, ErrorKind::UsageLimitExceeded);
    assert!(error.error.message.contains("gpt-z"), "{}", error.error.message);
    assert_eq!(error.rate_limits.len(), 1);
    assert!(!error.retryable);
}

#[tokio::test]
async fn limits_come_as_an_event() {
    let event = |used: i64| {
        Answer::new().event(json!({"type": "codex.rate_limits", "plan_type": "plus",
            "rate_limits": {"primary": {"used_percent": used, "window_minutes": 300, "reset_at": 1}}}))
    };
    let model = MockModel::start([event(1), event(1), event(2)]);
    let client = websocket_client(&model, "");
    let mut told = Vec::new();
    for id in ["t1", "t2", "t3"] {
        let events = ask(&mut turn(&client, id), &prompt(vec![user("hi")]))
            .await
            .unwrap();
        told.extend(events.into_iter().filter_map(|e| match e {
            ResponseEvent::RateLimits(limits) => Some(limits[0].primary.unwrap().used_percent),
            _ => None,
        }));
    }
    assert_eq!(told, [1.0, 2.0]);
}

#[tokio::test]
async fn what_the_handshake_said_holds_for_every_request() {
    let greeting = Handshake::default()
        .header("openai-model", "other")
        .header("x-reasoning-included", "1");
    let model = MockModel::start(Script::new().every_handshake(greeting));
    let client = websocket_client(&model, "");
    for id in ["t1", "t2"] {
        let events = ask(&mut turn(&client, id), &prompt(vec![user("hi")]))
            .await
            .unwrap();
        assert!(
            events.contains(&ResponseEvent::ServerModel("other".into())),
            "{id}"
        );
        assert!(events.contains(&ResponseEvent::ReasoningIncluded), "{id}");
    }
    assert_eq!(model.handshakes().len(), 1);
}

#[tokio::test]
async fn bodies_are_never_compressed() {
    let model = MockModel::start(Script::new());
    let client = websocket_client(&model, "");
    ask(
        &mut turn(&client, "t1"),
        &prompt(vec![user(&"long ".repeat(2000))]),
    )
    .await
    .unwrap();
    assert!(matches!(&*model.requests()[0].body, Value::Object(_)));
    assert_eq!(model.handshakes()[0].header("content-encoding"), None);
}
