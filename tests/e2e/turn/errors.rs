//! Turns that fail: which error the client is told, and in which order (docs/contract/model-http.md#errors).

use codex_core::mock_model::{Answer, MockModel};
use serde_json::{Value, json};

use crate::support::{App, Home};

/// Runs one turn for each case in a thread of its own and compares the error.
async fn check(cases: Vec<(&str, Answer, Value, &str)>) {
    let model = MockModel::start("unused");
    model.edit(|script| script.answers.clear());
    let home = Home::new(&model);
    let app = App::start(&home).await;
    for (name, answer, kind, message) in cases {
        model.push(answer);
        let thread = app.start_thread(json!({})).await;
        let before = model.requests().len();
        let turn = app.run_turn(&thread, "Hi").await;
        assert_eq!(turn.status(), "failed", "{name}");
        let methods = turn.methods();
        let end = [
            "thread/status/changed",
            "error",
            "thread/readState/changed",
            "turn/completed",
        ];
        assert!(methods.ends_with(&end), "{name}: {methods:?}");
        let status = &turn.all("thread/status/changed").pop().unwrap()["status"]["type"];
        assert_eq!(status, "systemError", "{name}");
        let notice = turn.all("error")[0];
        assert_eq!(notice["willRetry"], false, "{name}");
        assert_eq!(notice["error"], turn.turn["error"], "{name}");
        assert_eq!(notice["turnId"], turn.id.as_str(), "{name}");
        let error = &turn.turn["error"];
        assert_eq!(error["codexErrorInfo"], kind, "{name}: {error}");
        let text = error["message"].as_str().unwrap();
        assert!(text.contains(message), "{name}: {text:?} lacks {message:?}");
        assert_eq!(model.requests().len(), before + 1, "{name}");
        assert_eq!(
            (&turn.turn["items"], &turn.turn["itemsView"]),
            (&json!([]), &json!("notLoaded")),
            "{name}"
        );
    }
}

fn status(status: u16, error: impl Into<Value>) -> Answer {
    let error: Value = error.into();
    Answer::status(status).body(json!({ "error": error }))
}

#[tokio::test]
async fn http_statuses_have_their_kinds() {
    let connection = |status: u16| json!({"httpConnectionFailed": {"httpStatusCode": status}});
    let plain = |code: u16| Answer::status(code).body("went wrong");
    check(vec![
        (
            "400",
            Answer::status(400).body("the body as it is"),
            json!("other"),
            "the body as it is",
        ),
        (
            "400 context",
            status(400, json!({"code": "context_length_exceeded"})),
            json!("contextWindowExceeded"),
            "",
        ),
        (
            "400 cyber",
            status(400, json!({"code": "cyber_policy", "message": "no"})),
            json!("cyberPolicy"),
            "no",
        ),
        (
            "400 bio",
            status(400, json!({"code": "bio_policy", "message": "no"})),
            json!("bioPolicy"),
            "no",
        ),
        (
            "400 model",
            status(400, json!({"code": "model_not_found", "message": "which?"})),
            json!("modelNotFound"),
            "which?",
        ),
        (
            "404 model",
            status(404, json!({"code": "model_not_found", "message": "which?"})),
            json!("modelNotFound"),
            "which?",
        ),
        (
            "401",
            plain(401),
            connection(401),
            "unexpected status 401 Unauthorized: went wrong, url: http://",
        ),
        (
            "403",
            plain(403),
            connection(403),
            "unexpected status 403 Forbidden: went wrong",
        ),
        (
            "404",
            status(404, json!({"message": "no such thing"})),
            connection(404),
            "404 Not Found: no such thing",
        ),
        (
            "413",
            plain(413),
            connection(413),
            "unexpected status 413 Payload Too Large",
        ),
        (
            "418",
            plain(418).header("x-request-id", "req-7"),
            connection(418),
            "request id: req-7",
        ),
        (
            "429",
            plain(429),
            json!({"responseTooManyFailedAttempts": {"httpStatusCode": 429}}),
            "429 Too Many Requests",
        ),
        (
            "429 limit",
            status(429, json!({"type": "usage_limit_reached", "plan_type": "plus"})),
            json!("usageLimitExceeded"),
            "",
        ),
        (
            "429 not included",
            status(429, json!({"type": "usage_not_included"})),
            json!("usageLimitExceeded"),
            "",
        ),
        (
            "429 quota",
            status(429, json!({"code": "insufficient_quota", "message": "empty"})),
            json!("usageLimitExceeded"),
            "",
        ),
        (
            "429 quota, by its type",
            status(429, json!({"type": "insufficient_quota", "message": "empty"})),
            json!("usageLimitExceeded"),
            "",
        ),
        ("500", plain(500), json!("internalServerError"), ""),
        (
            "503",
            plain(503),
            connection(503),
            "unexpected status 503 Service Unavailable",
        ),
        (
            "503 full",
            status(503, json!({"code": "server_is_overloaded"})),
            json!("serverOverloaded"),
            "",
        ),
        (
            "503 slow down",
            status(503, json!({"code": "slow_down", "message": "too fast"})),
            json!("rateLimitExceeded"),
            "too fast",
        ),
    ])
    .await;
}

#[tokio::test]
async fn failed_responses_have_their_kinds() {
    let failed = |code: &str, message: &str| Answer::new().fail(code, message);
    check(vec![
        (
            "context",
            failed("context_length_exceeded", "long"),
            json!("contextWindowExceeded"),
            "",
        ),
        (
            "quota",
            failed("insufficient_quota", ""),
            json!("usageLimitExceeded"),
            "",
        ),
        (
            "plan",
            failed("usage_not_included", ""),
            json!("usageLimitExceeded"),
            "",
        ),
        (
            "cyber",
            failed("cyber_policy", "flagged"),
            json!("cyberPolicy"),
            "flagged",
        ),
        (
            "bio",
            failed("bio_policy", "flagged"),
            json!("bioPolicy"),
            "flagged",
        ),
        (
            "prompt",
            failed("invalid_prompt", "bad prompt"),
            json!("other"),
            "bad prompt",
        ),
        (
            "model",
            failed("model_not_found", "which?"),
            json!("modelNotFound"),
            "which?",
        ),
        (
            "overloaded",
            failed("server_is_overloaded", ""),
            json!("serverOverloaded"),
            "",
        ),
        (
            "capacity",
            failed("policy_capacity_unavailable", ""),
            json!("policyCapacityUnavailable"),
            "",
        ),
        (
            "flex",
            failed("flex_unavailable", ""),
            json!("flexUnavailable"),
            "",
        ),
        (
            "rate",
            failed("rate_limit_exceeded", "slow down"),
            json!("rateLimitExceeded"),
            "slow down",
        ),
        (
            "unknown",
            failed("server_error", "oh dear"),
            json!("other"),
            "stream disconnected before completion: oh dear",
        ),
    ])
    .await;
}

#[tokio::test]
async fn a_misalignment_error_carries_its_detail() {
    let error = json!({
        "code": "misalignment_policy_violation", "message": "stopped",
        "misalignment": {"error_type": "t", "detailed_explanation": "why", "steer": {"message": "do this"},
            "review_target": "x"},
    });
    let event = json!({"type": "response.failed", "response": {"id": "r", "error": error}});
    let model = MockModel::start(Answer::new().event(event));
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    let turn = app.run_turn(&thread, "Hi").await;
    let error = &turn.turn["error"];
    assert_eq!(error["codexErrorInfo"], "misalignmentPolicyViolation");
    assert_eq!(error["misalignment"]["errorType"], "t");
    assert_eq!(error["misalignment"]["detailedExplanation"], "why");
}

#[tokio::test]
async fn a_refusal_for_the_limit_tells_the_limits_first() {
    let refusal = Answer::status(429)
        .header("x-codex-primary-used-percent", "100")
        .header("x-codex-primary-window-minutes", "300")
        .body(json!({"error": {"type": "usage_limit_reached"}}));
    let model = MockModel::start(refusal);
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    let turn = app.run_turn(&thread, "Hi").await;
    let limits = turn.all("account/rateLimits/updated");
    assert_eq!(limits.len(), 1);
    assert_eq!(limits[0]["rateLimits"]["primary"]["usedPercent"], 100);
    let methods = turn.methods();
    let place = |method| methods.iter().position(|found| *found == method).unwrap();
    assert!(place("account/rateLimits/updated") < place("error"));
}

#[tokio::test]
async fn streams_that_break_off_have_their_causes() {
    let incomplete = |reason: &str| {
        let response = json!({"id": "r", "incomplete_details": {"reason": reason}});
        Answer::new()
            .say("half")
            .event(json!({"type": "response.incomplete", "response": response}))
    };
    let disconnected = "stream disconnected before completion: ";
    check(vec![
        (
            "no end",
            Answer::new().half("half").close(),
            json!("other"),
            "stream closed before response.completed",
        ),
        (
            "cut",
            Answer::new().half("half").cut(),
            json!("other"),
            disconnected,
        ),
        (
            "too long",
            incomplete("max_output_tokens"),
            json!("other"),
            "Incomplete response returned, reason: max_output_tokens",
        ),
        (
            "filtered",
            incomplete("content_filter"),
            json!("other"),
            "Incomplete response returned, reason: content_filter",
        ),
    ])
    .await;
}

#[tokio::test]
async fn a_silent_stream_ends_at_the_idle_limit() {
    let model = MockModel::start(Answer::new().half("half").hang());
    let home = Home::with(
        &model,
        &crate::support::Config {
            provider: "stream_idle_timeout_ms = 300".into(),
            ..Default::default()
        },
    );
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    let turn = app.run_turn(&thread, "Hi").await;
    assert_eq!(turn.status(), "failed");
    let message = turn.turn["error"]["message"].as_str().unwrap();
    assert!(message.contains("idle timeout waiting for SSE"), "{message}");
    model.wait_for_cancelled(1).await.unwrap();
}

#[tokio::test]
async fn a_thread_recovers_after_a_failed_turn() {
    let model = MockModel::start([Answer::status(400).body("no"), Answer::from("better")]);
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    assert_eq!(app.run_turn(&thread, "one").await.status(), "failed");
    let turn = app.run_turn(&thread, "two").await;
    assert_eq!((turn.status(), turn.text().as_str()), ("completed", "better"));
    assert!(turn.turn["error"].is_null());
}
