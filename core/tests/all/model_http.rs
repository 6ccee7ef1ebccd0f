//! The Responses API over HTTP, against the mock model.

use std::time::{Duration, Instant};

use codex_core::ErrorKind;
use codex_core::config::Provider;
use codex_core::mock_model::{Answer, Close, MockModel, Step};
use codex_core::model::{ModelClient, ResponseEvent, TurnIdentity};
use serde_json::{Value, json};

use crate::model_support::{ask, client, collect, options, prompt, provider, sample, text, turn, user};

const NO_RETRIES: &str = "request_max_retries = 0\nstream_max_retries = 0";

#[tokio::test]
async fn a_response_streams_in() {
    let model = MockModel::start(Answer::new().reason("because").say_in("hello world", 3));
    let events = ask(&mut turn(&client(&model, ""), "t1"), &prompt(vec![user("hi")]))
        .await
        .unwrap();
    assert_eq!(text(&events), "hello world");
    assert!(matches!(
        events.last(),
        Some(ResponseEvent::Completed { usage: Some(_), .. })
    ));
    assert!(
        events
            .iter()
            .any(|e| matches!(e, ResponseEvent::ReasoningSummaryDelta { .. }))
    );
}

#[tokio::test]
async fn the_bytes_may_come_in_any_pieces() {
    let model = MockModel::start(Answer::new().step(Step::Split(3)).say_in("hällo wörld", 4));
    let events = ask(&mut turn(&client(&model, ""), "t1"), &prompt(vec![user("hi")]))
        .await
        .unwrap();
    assert_eq!(text(&events), "hällo wörld");
}

#[tokio::test]
async fn a_request_says_who_sends_it() {
    let model = MockModel::start(Answer::new());
    let options = options(provider(
        &model,
        "query_params = { v = '1' }\nhttp_headers = { x-own = 'yes' }\nenv_http_headers = { x-unset = 'NO_SUCH_VARIABLE' }
         experimental_bearer_token = 'tok'",
    ));
    let id = options.thread_id.to_string();
    let client = ModelClient::new(options);
    ask(&mut turn(&client, "t1"), &prompt(vec![user("hi")]))
        .await
        .unwrap();

    let requests = model.requests();
    let request = &requests[0];
    assert_eq!(request.path, "/v1/responses?v=1");
    for (name, value) in [
        ("accept", "text/event-stream"),
        ("content-type", "application/json"),
        ("authorization", "Bearer tok"),
        ("originator", "tester"),
        ("user-agent", "tester/1"),
        ("session-id", id.as_str()),
        ("thread-id", id.as_str()),
        ("x-client-request-id", id.as_str()),
        ("x-codex-beta-features", "remote_compaction_v2"),
        ("x-own", "yes"),
    ] {
        assert_eq!(request.header(name), Some(value), "{name}");
    }
    assert_eq!(
        request.header("x-codex-window-id"),
        Some(format!("{id}:0").as_str())
    );
    for name in [
        "x-unset",
        "version",
        "content-encoding",
        "x-codex-turn-state",
        "x-codex-routing-hint",
    ] {
        assert_eq!(request.header(name), None, "{name}");
    }
    let metadata: Value = serde_json::from_str(request.header("x-codex-turn-metadata").unwrap()).unwrap();
    assert_eq!(metadata["turn_id"], "t1");
    assert_eq!(metadata["request_kind"], "turn");
    assert_eq!(metadata["model"], "mock-model");
    assert_eq!(request.body["prompt_cache_key"], id);
    assert_eq!(request.body["client_metadata"]["turn_id"], "t1");
    assert_eq!(
        request.body["client_metadata"]["x-codex-turn-metadata"].as_str(),
        request.header("x-codex-turn-metadata")
    );
}

#[tokio::test]
async fn a_request_tells_of_the_repositories_that_the_turn_works_in() {
    let model = MockModel::start(Answer::new());
    let roots = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    for root in &roots {
        let init = std::process::Command::new("git")
            .args(["init", "-q"])
            .arg(root.path())
            .status();
        assert!(init.unwrap().success());
    }
    let client = client(&model, "");
    let folders = || roots.iter().map(tempfile::TempDir::path);
    client.preconnect(folders());
    // The first answer of git may take longer on a busy machine than a request waits.
    let told = |n: usize| {
        let requests = model.requests();
        let metadata: Value =
            serde_json::from_str(requests[n].header("x-codex-turn-metadata").unwrap()).unwrap();
        metadata["workspaces"].clone()
    };
    for n in 0..50 {
        let identity = TurnIdentity {
            turn_id: n.to_string(),
            cwd: roots[0].path().join("."),
            workspace_roots: folders().map(Into::into).collect(),
            ..TurnIdentity::default()
        };
        ask(&mut client.turn(identity), &prompt(vec![user("hi")]))
            .await
            .unwrap();
        if !told(n).is_null() {
            let told = told(n);
            assert_eq!(told.as_object().unwrap().len(), 2);
            assert_eq!(told[roots[1].path().to_str().unwrap()]["has_changes"], false);
            return;
        }
    }
    panic!("git never answered");
}

#[tokio::test]
async fn a_compaction_starts_a_new_window() {
    let model = MockModel::start(Answer::new());
    let client = client(&model, "");
    ask(&mut turn(&client, "t1"), &prompt(vec![user("hi")]))
        .await
        .unwrap();
    client.start_window();
    ask(&mut turn(&client, "t2"), &prompt(vec![user("hi")]))
        .await
        .unwrap();
    let windows: Vec<String> = model
        .requests()
        .iter()
        .map(|r| {
            r.header("x-codex-window-id")
                .unwrap()
                .rsplit(':')
                .next()
                .unwrap()
                .to_owned()
        })
        .collect();
    assert_eq!(windows, ["0", "1"]);
}

#[tokio::test]
async fn requests_share_a_connection() {
    let model = MockModel::start(Answer::new().say("a").always());
    let client = client(&model, "");
    for n in 0..3 {
        ask(&mut turn(&client, &format!("t{n}")), &prompt(vec![user("hi")]))
            .await
            .unwrap();
        // The end of the body follows the last event.
        tokio::time::timeout(Duration::from_millis(50), std::future::pending::<()>())
            .await
            .unwrap_err();
    }
    assert!(model.requests().iter().all(|r| r.connection == 0));
}

#[tokio::test]
async fn server_errors_are_tried_again_inside_the_request() {
    let model = MockModel::start([
        Answer::status(502).body("bad gateway"),
        Answer::status(503).header("retry-after", "0"),
        Answer::new().say("ok"),
    ]);
    let events = ask(
        &mut turn(&client(&model, "request_max_retries = 2"), "t1"),
        &prompt(vec![user("hi")]),
    )
    .await
    .unwrap();
    assert_eq!(text(&events), "ok");
    assert_eq!(model.requests().len(), 3);
}

#[tokio::test]
async fn a_request_gives_up_when_its_retries_are_used_up() {
    let model = MockModel::start(Answer::status(500).header("retry-after", "0").always());
    let outcome = sample(
        &mut turn(
            &client(&model, "request_max_retries = 1\nstream_max_retries = 2"),
            "t1",
        ),
        &prompt(vec![user("hi")]),
    )
    .await;
    assert_eq!(model.requests().len(), 6);
    assert_eq!(outcome.notices, ["Reconnecting... 1/2", "Reconnecting... 2/2"]);
    assert!(outcome.delays.iter().all(Duration::is_zero));
    assert!(outcome.error().contains("high demand"));
}

#[tokio::test]
async fn a_refusal_is_final() {
    for (answer, kind) in [
        (Answer::status(400).body("bad"), ErrorKind::Other),
        (
            Answer::status(429),
            ErrorKind::ResponseTooManyFailedAttempts { status: Some(429) },
        ),
        (
            Answer::status(429).body(json!({"error": {"type": "usage_limit_reached", "plan_type": "pro"}})),
            ErrorKind::UsageLimitExceeded,
        ),
        (
            Answer::status(503).body(json!({"error": {"code": "server_is_overloaded"}})),
            ErrorKind::ServerOverloaded,
        ),
    ] {
        let model = MockModel::start(answer.always());
        let error = ask(
            &mut turn(&client(&model, NO_RETRIES), "t1"),
            &prompt(vec![user("hi")]),
        )
        .await
        .unwrap_err();
        assert_eq!((error.error.kind, error.retryable), (kind, false));
        assert_eq!(model.requests().len(), 1, "{kind:?}");
    }
}

#[tokio::test]
async fn the_limits_behind_a_refusal_come_with_it() {
    let model = MockModel::start(
        Answer::status(429)
            .header("x-codex-primary-used-percent", "100")
            .header("x-codex-primary-window-minutes", "300")
            .body(json!({"error": {"type": "usage_limit_reached"}})),
    );
    let error = ask(&mut turn(&client(&model, ""), "t1"), &prompt(vec![user("hi")]))
        .await
        .unwrap_err();
    assert_eq!(error.rate_limits.len(), 1);
}

#[tokio::test]
async fn limits_are_told_when_they_change() {
    let used = |percent: &str| Answer::new().header("x-codex-primary-used-percent", percent);
    let model = MockModel::start([used("10"), used("10"), used("11"), Answer::new()]);
    let client = client(&model, "");
    let mut told = Vec::new();
    for n in 0..4 {
        let events = ask(&mut turn(&client, &format!("t{n}")), &prompt(vec![user("hi")]))
            .await
            .unwrap();
        told.push(
            events
                .iter()
                .filter(|e| matches!(e, ResponseEvent::RateLimits(_)))
                .count(),
        );
    }
    assert_eq!(told, [1, 0, 1, 0]);
}

#[tokio::test]
async fn a_stream_that_breaks_is_worth_a_retry() {
    for (answer, cause) in [
        (Answer::new().bare().say("half").step(Step::Drop), "network error"),
        (
            Answer::new()
                .bare()
                .say("half")
                .step(Step::Close(Close::default())),
            "stream closed before response.completed",
        ),
    ] {
        let model = MockModel::start(answer);
        let error = ask(
            &mut turn(&client(&model, NO_RETRIES), "t1"),
            &prompt(vec![user("hi")]),
        )
        .await
        .unwrap_err();
        assert!(error.retryable);
        assert!(
            error
                .error
                .message
                .starts_with("stream disconnected before completion: ")
        );
        assert!(error.error.message.contains(cause), "{}", error.error.message);
    }
}

#[tokio::test]
async fn a_silent_stream_is_given_up() {
    let model = MockModel::start(Answer::new().say("half").step(Step::Hang));
    let client = client(&model, "stream_idle_timeout_ms = 200");
    let error = ask(&mut turn(&client, "t1"), &prompt(vec![user("hi")]))
        .await
        .unwrap_err();
    assert!(
        error.error.message.ends_with("idle timeout waiting for SSE"),
        "{}",
        error.error.message
    );
    assert!(error.retryable);
}

#[tokio::test]
async fn comments_keep_a_stream_alive() {
    let mut answer = Answer::new();
    for _ in 0..6 {
        answer = answer.wait(100).step(Step::Ping("still here".into()));
    }
    let model = MockModel::start(answer.say("done"));
    let client = client(&model, "stream_idle_timeout_ms = 300");
    let events = ask(&mut turn(&client, "t1"), &prompt(vec![user("hi")]))
        .await
        .unwrap();
    assert_eq!(text(&events), "done");
}

#[tokio::test]
async fn nobody_listening_is_told_as_such() {
    let model = MockModel::start(Answer::new());
    let base = model.base_url();
    drop(model);
    let table =
        format!("name = 'gone'\nbase_url = '{base}'\nrequest_max_retries = 0\nstream_max_retries = 1");
    let gone = Provider::from_config("gone", &table.parse().unwrap()).unwrap();
    let client = ModelClient::new(options(gone));
    let mut session = turn(&client, "t1");
    let error = ask(&mut session, &prompt(vec![user("hi")])).await.unwrap_err();
    assert!(error.no_connection && error.retryable);
    assert!(
        error
            .error
            .message
            .starts_with("Connection failed: error sending request")
    );
    let outcome = sample(&mut session, &prompt(vec![user("hi")])).await;
    assert_eq!(outcome.notices, ["Reconnecting... waiting for network"]);
    assert!(outcome.delays[0] >= Duration::from_secs(4));
    assert!(outcome.error().contains("Connection failed"));
}

#[tokio::test]
async fn dropping_the_stream_cancels_the_request() {
    let model = MockModel::start(Answer::new().say("half").step(Step::Hang));
    let client = client(&model, "");
    let mut session = turn(&client, "t1");
    let mut stream = session.stream(&prompt(vec![user("hi")])).await.unwrap();
    stream.next().await.unwrap().unwrap();
    drop(stream);
    model.wait_for_cancelled(1).await.unwrap();
}

#[tokio::test]
async fn a_burst_can_be_taken_without_waiting() {
    let model = MockModel::start(Answer::new().say_in("abcdefgh", 8));
    let client = client(&model, "");
    let mut session = turn(&client, "t1");
    let mut stream = session.stream(&prompt(vec![user("hi")])).await.unwrap();
    let mut events = Vec::new();
    while let Some(event) = stream.next().await {
        events.push(event.unwrap());
        while let Some(event) = stream.try_next() {
            events.push(event.unwrap());
        }
    }
    assert_eq!(text(&events), "abcdefgh");
}

#[tokio::test]
async fn a_missing_key_is_named() {
    let model = MockModel::start(Answer::new());
    let settings = "env_key = 'NO_SUCH_KEY_VARIABLE'\nenv_key_instructions = 'Get one.'";
    let error = ask(
        &mut turn(&client(&model, settings), "t1"),
        &prompt(vec![user("hi")]),
    )
    .await
    .unwrap_err();
    assert_eq!(
        error.error.message,
        "Missing environment variable: `NO_SUCH_KEY_VARIABLE`. Get one."
    );
    assert!(!error.retryable);
}

#[tokio::test]
async fn a_slow_start_of_the_answer_does_not_hold_up_its_stream() {
    let model = MockModel::start(Answer::new().wait(1500).say("late"));
    let client = client(&model, "");
    let started = Instant::now();
    let mut session = turn(&client, "t1");
    let stream = session.stream(&prompt(vec![user("hi")])).await.unwrap();
    assert!(started.elapsed() < Duration::from_millis(1400));
    assert_eq!(text(&collect(stream).await.unwrap()), "late");
}

#[tokio::test]
async fn the_model_that_answers_is_told() {
    let model = MockModel::start(
        Answer::new()
            .header("openai-model", "other")
            .header("x-reasoning-included", "true"),
    );
    let events = ask(&mut turn(&client(&model, ""), "t1"), &prompt(vec![user("hi")]))
        .await
        .unwrap();
    assert!(events.contains(&ResponseEvent::ServerModel("other".into())));
    assert!(events.contains(&ResponseEvent::ReasoningIncluded));
}

#[tokio::test]
async fn a_request_in_flight_takes_little_room_in_its_thread() {
    let model = MockModel::start(Answer::new());
    let client = client(&model, "");
    let mut session = turn(&client, "t1");
    let prompt = prompt(vec![user("hi")]);
    let request = session.stream(&prompt);
    assert!(size_of_val(&request) < 4096, "{}", size_of_val(&request));
    request.await.unwrap();
}
