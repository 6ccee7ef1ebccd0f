//! Model servers that send too much, too slowly, in other codings, or something else than a stream.

use std::time::{Duration, Instant};

use codex_core::ErrorKind;
use codex_core::mock_model::{Answer, Close, Encoding, Handshake, MockModel, Script, Step};
use codex_core::model::{ModelError, ResponseEvent};
use serde_json::json;

use crate::model_support::{ask, client, collect, items, prompt, sample, text, turn, user, websocket_client};

const NO_RETRIES: &str = "request_max_retries = 0\nstream_max_retries = 0";
/// What a deadline of some seconds may take on a busy machine.
const GENEROUS: Duration = Duration::from_secs(18);

async fn error_of(answer: Answer) -> ModelError {
    let model = MockModel::start(answer.always());
    let error = ask(
        &mut turn(&client(&model, NO_RETRIES), "t1"),
        &prompt(vec![user("hi")]),
    )
    .await;
    error.unwrap_err()
}

#[tokio::test]
async fn every_request_asks_for_zstd_and_gzip() {
    let model = MockModel::start(Answer::new());
    ask(&mut turn(&client(&model, ""), "t1"), &prompt(vec![user("hi")]))
        .await
        .unwrap();
    assert_eq!(model.requests()[0].header("accept-encoding"), Some("zstd,gzip"));
}

#[tokio::test]
async fn an_encoded_stream_is_decoded_event_by_event_as_it_arrives() {
    for encoding in [Encoding::Gzip, Encoding::Zstd] {
        let model = MockModel::start(Answer::new().encoded(encoding).half("early").hang());
        let client = client(&model, "");
        let mut session = turn(&client, "t1");
        let mut stream = session.stream(&prompt(vec![user("hi")])).await.unwrap();
        let mut seen = Vec::new();
        while text(&seen) != "early" {
            let event = tokio::time::timeout(GENEROUS, stream.next())
                .await
                .expect("nothing came");
            seen.push(event.unwrap().unwrap());
        }
        drop(stream);
        model.push(
            Answer::new()
                .encoded(encoding)
                .say_in("the whole answer", 5)
                .split(3),
        );
        let events = ask(&mut session, &prompt(vec![user("hi")])).await.unwrap();
        assert_eq!(text(&events), "the whole answer", "{encoding:?}");
    }
}

#[tokio::test]
async fn an_encoded_error_body_has_its_words() {
    for encoding in [Encoding::Gzip, Encoding::Zstd] {
        for status in [400, 404, 429] {
            let body = json!({"error": {"message": "no such plan"}});
            let error = error_of(Answer::status(status).encoded(encoding).body(body)).await;
            assert!(
                error.error.message.contains("no such plan"),
                "{}",
                error.error.message
            );
        }
    }
}

#[tokio::test]
async fn a_body_that_cannot_be_decoded_is_worth_a_retry() {
    for coding in ["gzip", "zstd", "br"] {
        let error = error_of(Answer::new().header("content-encoding", coding).say("plain")).await;
        assert!(error.retryable, "{coding}");
        let message = error.error.message;
        assert!(
            message.starts_with(
                "stream disconnected before completion: Transport error: network error: error decoding response body"
            ),
            "{message}"
        );
    }
}

#[tokio::test]
async fn a_small_body_that_decodes_to_a_huge_one_is_bounded() {
    for encoding in [Encoding::Gzip, Encoding::Zstd] {
        let error = error_of(Answer::status(400).encoded(encoding).bare().flood("boom ", 0)).await;
        assert!(error.error.message.starts_with("boom boom"));
        assert!(error.error.message.len() <= 2048);
        let line = format!("data: {}\n", "boom".repeat(500));
        let error = error_of(Answer::new().encoded(encoding).bare().flood(&line, 0)).await;
        assert!(
            error.error.message.contains("more than 32 MiB"),
            "{}",
            error.error.message
        );
    }
}

#[tokio::test]
async fn an_event_without_end_is_refused() {
    let long = "x".repeat(2000);
    for text in [format!("data: {long}\n"), format!(": {long}\n"), long] {
        let error = error_of(Answer::new().bare().text("data: a\n").flood(&text, 0)).await;
        assert!(
            error.error.message.contains("more than 32 MiB"),
            "{}",
            error.error.message
        );
    }
}

#[tokio::test]
async fn a_websocket_message_without_end_is_refused() {
    let model = MockModel::start(Answer::new().flood(&"x".repeat(1 << 16), 0).always());
    let client = websocket_client(&model, NO_RETRIES);
    let started = Instant::now();
    let error = ask(&mut turn(&client, "t1"), &prompt(vec![user("hi")]))
        .await
        .unwrap_err();
    assert!(
        error.error.message.contains("too long"),
        "{}",
        error.error.message
    );
    assert!(started.elapsed() < GENEROUS);
}

#[tokio::test]
async fn an_error_body_that_trickles_is_taken_as_far_as_it_came() {
    for answer in [
        Answer::status(400).bare().text("slow words").flood(".", 100),
        Answer::new().bare().text("<html>slow words").flood(".", 100),
    ] {
        let started = Instant::now();
        let error = error_of(answer).await;
        assert!(
            error.error.message.contains("slow words"),
            "{}",
            error.error.message
        );
        assert!(started.elapsed() < GENEROUS, "{:?}", started.elapsed());
    }
}

#[tokio::test]
async fn what_is_no_stream_is_shown_at_once_and_not_asked_for_again() {
    let retries = "request_max_retries = 3\nstream_max_retries = 3";
    for (answer, words) in [
        (
            Answer::new().body(json!({"error": {"message": "no credit", "code": 402}})),
            "no credit",
        ),
        (Answer::new().body(json!({"detail": "no credit"})), "no credit"),
        (Answer::new().body("<html><title>Sign in</title>"), "Sign in"),
        (
            Answer::new().body("upstream connect error"),
            "upstream connect error",
        ),
        // Left open behind the error.
        (
            Answer::new().bare().text("{\"error\": \"no credit\"}").hang(),
            "no credit",
        ),
        (
            Answer::new()
                .bare()
                .event(json!({"type": "error", "message": "no credit"})),
            "no credit",
        ),
        (
            Answer::new()
                .bare()
                .text("event: error\ndata: {\"message\": \"no credit\"}\n\n")
                .hang(),
            "no credit",
        ),
        (
            Answer::new()
                .bare()
                .text("event: error\ndata: no credit\n\n")
                .hang(),
            "no credit",
        ),
        (
            Answer::new()
                .bare()
                .text("data: {\"error\": {\"message\": \"no credit\"}}\n\n")
                .hang(),
            "no credit",
        ),
        (
            Answer::new()
                .bare()
                .text("data: {\"error\": {\"message\": \"no credit\"}}")
                .close(),
            "no credit",
        ),
    ] {
        let model = MockModel::start(answer.always());
        let outcome = sample(
            &mut turn(&client(&model, retries), "t1"),
            &prompt(vec![user("hi")]),
        )
        .await;
        assert!(outcome.notices.is_empty(), "{words}: {:?}", outcome.notices);
        let error = outcome.error();
        assert!(error.contains(words), "{error}");
        assert_eq!(model.requests().len(), 1, "{words}");
    }
}

#[tokio::test]
async fn an_answer_in_one_piece_is_the_answer() {
    let message = json!({"type": "message", "role": "assistant", "id": "m",
        "content": [{"type": "output_text", "text": "whole"}]});
    let body = json!({"id": "r", "object": "response", "status": "completed", "output": [message],
        "usage": {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2}});
    let open = Answer::new().bare().text(&body.to_string()).hang();
    for answer in [Answer::new().body(body), open] {
        let model = MockModel::start(answer);
        let events = ask(
            &mut turn(&client(&model, NO_RETRIES), "t1"),
            &prompt(vec![user("hi")]),
        )
        .await
        .unwrap();
        assert_eq!(items(&events).len(), 1);
        assert!(matches!(
            events.last(),
            Some(ResponseEvent::Completed { usage: Some(_), .. })
        ));
    }
}

#[tokio::test]
async fn the_last_event_counts_without_its_blank_line() {
    let completed = r#"data: {"type":"response.completed","response":{"id":"r"}}"#;
    let model = MockModel::start(Answer::new().bare().say("hi").text(completed).close());
    let client = client(&model, NO_RETRIES);
    let mut session = turn(&client, "t1");
    let stream = session.stream(&prompt(vec![user("hi")])).await.unwrap();
    let events = collect(stream).await.unwrap();
    assert!(matches!(events.last(), Some(ResponseEvent::Completed { .. })));
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let other = MockModel::start(Answer::new().always());
    for status in [301, 302, 303, 307, 308] {
        let to = format!(
            "{}/responses?token=hush",
            other.base_url().replace("http://", "http://u:hush@")
        );
        let model = MockModel::start(Answer::status(status).header("location", &to).always());
        let outcome = sample(
            &mut turn(&client(&model, "stream_max_retries = 3"), "t1"),
            &prompt(vec![user("hi")]),
        )
        .await;
        let error = outcome.error();
        assert!(error.contains("redirects to http://127.0.0.1:"), "{error}");
        assert!(!error.contains("hush"), "{error}");
        assert_eq!(model.requests().len(), 1);
    }
    assert!(other.requests().is_empty() && other.others().is_empty());
}

#[tokio::test]
async fn why_a_websocket_was_closed_is_told() {
    let close = |code, reason: &str| {
        Step::Close(Close {
            code: Some(code),
            reason: reason.into(),
        })
    };
    let closing = || Answer::new().bare().step(close(1008, "account\u{7} suspended"));
    let model = MockModel::start([closing(), closing(), Answer::from("ok")]);
    let client = websocket_client(&model, "stream_max_retries = 1");
    let outcome = sample(&mut turn(&client, "t1"), &prompt(vec![user("hi")])).await;
    assert!(outcome.notices.is_empty(), "{outcome:?}");
    assert!(
        outcome.warnings[0].contains("account suspended (code 1008)"),
        "{outcome:?}"
    );
    outcome.events();
}

#[tokio::test]
async fn an_error_frame_of_any_shape_ends_the_request() {
    for frame in [
        json!({"type": "error", "error": {"message": "no credit"}}),
        json!({"type": "error", "message": "no credit", "headers": null}),
        json!({"type": "error", "status": "400", "headers": null, "error": {"message": "no credit", "code": 7}}),
        json!({"type": "error", "status": null, "error": "no credit"}),
    ] {
        let model = MockModel::start(Answer::new().bare().event(frame.clone()).hang().always());
        let client = websocket_client(&model, NO_RETRIES);
        let error = ask(&mut turn(&client, "t1"), &prompt(vec![user("hi")]))
            .await
            .unwrap_err();
        assert!(
            error.error.message.contains("no credit"),
            "{frame}: {}",
            error.error.message
        );
    }
}

#[tokio::test]
async fn waits_that_a_server_asks_for_are_bounded() {
    for huge in [
        "601",
        "9999999999",
        "18446744073709551615",
        "99999999999999999999999999",
    ] {
        for status in [429, 500, 503] {
            let model = MockModel::start(Answer::status(status).header("retry-after", huge).always());
            let retries = "request_max_retries = 2\nstream_max_retries = 2";
            let outcome = sample(
                &mut turn(&client(&model, retries), "t1"),
                &prompt(vec![user("hi")]),
            )
            .await;
            let error = outcome.error();
            assert!(error.contains("asks to wait"), "{status} {huge}: {error}");
            assert_eq!(model.requests().len(), 1);
        }
    }
}

#[tokio::test]
async fn a_longer_wait_inside_of_a_request_is_left_to_the_turn_and_costs_no_stream_retry() {
    let wait = || Answer::status(503).header("retry-after", "7");
    let model = MockModel::start([wait(), wait(), Answer::new().say("ok")]);
    let client = client(&model, "request_max_retries = 2\nstream_max_retries = 0");
    let outcome = sample(&mut turn(&client, "t1"), &prompt(vec![user("hi")])).await;
    assert_eq!(
        outcome.notices,
        ["Reconnecting... 1/2 in 7 s", "Reconnecting... 2/2 in 7 s"]
    );
    assert_eq!(outcome.delays, [Duration::from_secs(7); 2]);
    assert_eq!(text(&outcome.events()), "ok");
}

#[tokio::test]
async fn a_longer_wait_over_a_websocket_is_told_the_first_time_too() {
    let script = Script::from(Answer::new().say("ok"));
    let model = MockModel::start(script.handshake(Handshake::refuse(429).header("retry-after", "20")));
    let client = websocket_client(&model, "stream_max_retries = 1");
    let outcome = sample(&mut turn(&client, "t1"), &prompt(vec![user("hi")])).await;
    assert_eq!(outcome.notices, ["Reconnecting... 1/1 in 20 s"]);
    outcome.events();
}

#[tokio::test]
async fn an_incomplete_answer_is_final() {
    for reason in ["max_output_tokens", "content_filter", "novelty"] {
        let response = json!({"id": "r", "incomplete_details": {"reason": reason}});
        let event = json!({"type": "response.incomplete", "response": response});
        let model = MockModel::start(Answer::new().half("half").event(event).always());
        let mut session = turn(&client(&model, NO_RETRIES), "t1");
        let events = ask(&mut session, &prompt(vec![user("hi")])).await.unwrap();
        let Some(ResponseEvent::Completed {
            failure: Some(error), ..
        }) = events.last()
        else {
            panic!("{events:?}");
        };
        assert_eq!((error.retryable, &error.error.kind), (false, &ErrorKind::Other));
        assert_eq!(
            error.error.message,
            format!("Incomplete response returned, reason: {reason}")
        );
    }
}
