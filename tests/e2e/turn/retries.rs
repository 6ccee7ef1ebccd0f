//! What is tried again, how often, and what the client is told (docs/contract/model-http.md#retries).

use std::time::{Duration, Instant};

use codex_core::mock_model::{Answer, MockModel};
use serde_json::json;
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};

use crate::support::{App, Config, Home, TurnRun};

fn retrying(model: &MockModel, request_retries: u32, stream_retries: u32) -> Home {
    let config = Config {
        request_retries,
        stream_retries,
        ..Config::default()
    };
    Home::with(model, &config)
}

#[tokio::test]
async fn a_broken_stream_is_tried_again_with_a_notice() {
    let model = MockModel::start([Answer::new().half("half").cut(), Answer::from("whole")]);
    let home = retrying(&model, 0, 2);
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    let turn = app.run_turn(&thread, "Hi").await;
    assert_eq!(turn.status(), "completed");
    let notice = turn.all("error")[0];
    assert_eq!(notice["willRetry"], true);
    assert_eq!(notice["error"]["message"], "Reconnecting... 1/2");
    assert_eq!(
        notice["error"]["codexErrorInfo"],
        json!({"responseStreamDisconnected": {"httpStatusCode": null}})
    );
    let details = notice["error"]["additionalDetails"].as_str().unwrap();
    assert!(
        details.starts_with("stream disconnected before completion"),
        "{details}"
    );
    assert!(turn.turn["error"].is_null());
    assert_eq!(
        model.requests()[0].input(),
        model.requests()[1].input(),
        "the half message isn't sent"
    );
}

#[tokio::test]
async fn a_half_message_is_completed_as_shown_and_comes_again_under_its_id() {
    let item = |text: &str| {
        json!({"type": "message", "role": "assistant", "id": "msg-1",
        "content": [{"type": "output_text", "text": text}]})
    };
    let half = Answer::new()
        .event(json!({"type": "response.output_item.added", "item": item("")}))
        .event(json!({"type": "response.output_text.delta", "item_id": "msg-1", "delta": "hal"}))
        .cut();
    let whole = Answer::new().event(json!({"type": "response.output_item.done", "item": item("whole")}));
    let model = MockModel::start([half, whole]);
    let home = retrying(&model, 0, 1);
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    let turn = app.run_turn(&thread, "Hi").await;
    let told = |method: &str| -> Vec<_> {
        let messages = turn.all(method).into_iter().map(|params| &params["item"]);
        let messages = messages.filter(|item| item["type"] == "agentMessage");
        messages
            .map(|item| (item["id"].clone(), item["text"].clone()))
            .collect()
    };
    assert_eq!(
        told("item/started"),
        [(json!("msg-1"), json!("")), (json!("msg-1"), json!("whole"))]
    );
    assert_eq!(
        told("item/completed"),
        [(json!("msg-1"), json!("hal")), (json!("msg-1"), json!("whole"))]
    );
}

/// A door to the model that slams in the face of the first request: it is read, and the connection ends.
async fn slamming_door(model: &MockModel) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    let behind = model.address();
    tokio::spawn(async move {
        let (mut first, _) = listener.accept().await.unwrap();
        let mut head = [0; 1024];
        assert!(first.read(&mut head).await.unwrap() > 0);
        drop(first);
        let (mut next, _) = listener.accept().await.unwrap();
        let mut model = TcpStream::connect(behind).await.unwrap();
        // It ends when one of them has gone.
        let _ = tokio::io::copy_bidirectional(&mut next, &mut model).await;
    });
    url
}

#[tokio::test]
async fn a_connection_that_ends_before_the_answer_is_tried_again_without_a_notice() {
    let model = MockModel::start("fine");
    let home = Home::empty();
    let config = Config {
        request_retries: 1,
        ..Config::default()
    };
    home.configure_url(&slamming_door(&model).await, &config);
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    let turn = app.run_turn(&thread, "Hi").await;
    assert_eq!((turn.status(), &*turn.text()), ("completed", "fine"));
    assert!(turn.all("error").is_empty());
}

#[tokio::test]
async fn an_internal_error_of_the_server_tells_no_status_in_its_notice() {
    for (status, told) in [(500, json!(null)), (503, json!(503))] {
        let model = MockModel::start([Answer::status(status).body("busy"), Answer::from("ok")]);
        let home = retrying(&model, 0, 1);
        let app = App::start(&home).await;
        let thread = app.start_thread(json!({})).await;
        let turn = app.run_turn(&thread, "Hi").await;
        assert_eq!(
            turn.all("error")[0]["error"]["codexErrorInfo"],
            json!({"responseStreamDisconnected": {"httpStatusCode": told}})
        );
    }
}

#[tokio::test]
async fn token_counts_are_told_again_when_a_stream_breaks() {
    let model = MockModel::start([
        Answer::new().half("half").cut(),
        Answer::from("one"),
        Answer::new().half("half").cut(),
        Answer::from("two"),
    ]);
    let home = retrying(&model, 0, 1);
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    let first = app.run_turn(&thread, "Hi").await;
    let counts = |turn: &TurnRun| -> Vec<_> {
        let told = turn.all("thread/tokenUsage/updated").into_iter();
        told.map(|params| params["tokenUsage"].clone()).collect()
    };
    let first = counts(&first);
    assert_eq!(first.len(), 1, "nothing was counted before");
    let second = counts(&app.run_turn(&thread, "More").await);
    assert_eq!(second.len(), 2);
    assert_eq!(second[0], first[0], "what was counted so far");
}

#[tokio::test]
async fn retries_end_with_the_error_of_the_last_attempt() {
    let model = MockModel::start("unused");
    model.edit(|script| script.answers.clear());
    model.set_default(Answer::new().close());
    let home = retrying(&model, 0, 2);
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    let turn = app.run_turn(&thread, "Hi").await;
    let messages: Vec<_> = turn
        .all("error")
        .iter()
        .map(|params| params["error"]["message"].clone())
        .collect();
    let (last, notices) = messages.split_last().unwrap();
    assert_eq!(notices, ["Reconnecting... 1/2", "Reconnecting... 2/2"]);
    assert_ne!(last, "Reconnecting... 2/2");
    assert_eq!(turn.status(), "failed");
    assert_eq!(model.requests().len(), 3);
}

#[tokio::test]
async fn finished_calls_are_kept_when_the_stream_breaks_behind_them() {
    let model = MockModel::start([
        Answer::new()
            .call("c1", "exec_command", json!({"cmd": "echo once >> ran.txt"}))
            .cut(),
        Answer::from("done"),
    ]);
    let home = retrying(&model, 0, 1);
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    let turn = app.run_turn(&thread, "Hi").await;
    assert_eq!((turn.status(), turn.text().as_str()), ("completed", "done"));
    assert!(model.requests()[1].tool_output("c1").is_some());
    assert_eq!(
        std::fs::read_to_string(home.work().join("ran.txt")).unwrap(),
        "once\n"
    );
}

#[tokio::test]
async fn server_errors_are_tried_again_quietly_at_the_request_level() {
    let model = MockModel::start([Answer::status(502), Answer::status(500), Answer::from("at last")]);
    let home = retrying(&model, 2, 0);
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    let turn = app.run_turn(&thread, "Hi").await;
    assert_eq!((turn.status(), turn.text().as_str()), ("completed", "at last"));
    assert!(turn.all("error").is_empty());
}

#[tokio::test]
async fn too_many_requests_is_final_unless_the_server_says_when_to_come_back() {
    let model = MockModel::start([
        Answer::status(429).header("retry-after", "1"),
        Answer::from("patience"),
        Answer::status(429),
    ]);
    let home = retrying(&model, 0, 1);
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    let start = Instant::now();
    let turn = app.run_turn(&thread, "Hi").await;
    assert_eq!((turn.status(), turn.text().as_str()), ("completed", "patience"));
    assert!(
        start.elapsed() >= Duration::from_millis(950),
        "{:?}",
        start.elapsed()
    );
    let turn = app.run_turn(&thread, "Again").await;
    assert_eq!(turn.status(), "failed");
    assert_eq!(model.requests().len(), 3);
}

#[tokio::test]
async fn retry_after_replaces_the_back_off_of_a_server_error() {
    let model = MockModel::start([Answer::status(503).header("retry-after", "1"), Answer::from("ok")]);
    let home = retrying(&model, 1, 0);
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    let turn = app.run_turn(&thread, "Hi").await;
    assert_eq!(turn.status(), "completed");
    let requests = model.requests();
    let pause = requests[1].at - requests[0].at;
    assert!(pause >= Duration::from_millis(950), "{pause:?}");
}

#[tokio::test]
async fn a_rate_limit_that_names_its_delay_is_waited_for() {
    let limited = Answer::new().fail("rate_limit_exceeded", "Limit reached. Please try again in 0.4s.");
    let model = MockModel::start([limited, Answer::from("ok")]);
    let home = retrying(&model, 0, 1);
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    let turn = app.run_turn(&thread, "Hi").await;
    assert_eq!(turn.status(), "completed");
    let requests = model.requests();
    let pause = requests[1].at - requests[0].at;
    assert!(
        pause >= Duration::from_millis(390) && pause < Duration::from_secs(3),
        "{pause:?}"
    );
}

#[tokio::test]
async fn a_turn_can_be_interrupted_while_it_waits_for_a_retry() {
    let model = MockModel::start(Answer::status(429).header("retry-after", "30"));
    let home = retrying(&model, 0, 3);
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    let running = app.start_turn(&thread, "Hi").await;
    app.wait_for("error").await;
    let start = Instant::now();
    let turn = app.interrupt(&thread, running).await;
    assert_eq!(turn.status(), "interrupted");
    assert!(start.elapsed() < Duration::from_secs(2));
}

#[tokio::test]
async fn a_server_that_is_not_there_is_waited_for_within_the_budget() {
    let gone = {
        let model = MockModel::start("unused");
        let home = retrying(&model, 0, 0);
        drop(model);
        home
    };
    let app = App::start(&gone).await;
    let thread = app.start_thread(json!({})).await;
    let turn = app.run_turn(&thread, "Hi").await;
    assert_eq!(turn.status(), "failed");
    assert!(
        turn.turn["error"]["message"]
            .as_str()
            .is_some_and(|text| !text.is_empty())
    );
}

#[tokio::test]
async fn nothing_is_shown_before_the_response_is_complete_where_that_is_configured() {
    for websockets in [false, true] {
        let model = MockModel::start([
            Answer::new()
                .say("lost")
                .call("c0", "exec_command", json!({"cmd": "touch ran"}))
                .half("half")
                .cut(),
            Answer::new().reason("Think").say_in("one two", 2).call(
                "c1",
                "exec_command",
                json!({"cmd": "echo hi"}),
            ),
            Answer::from("end"),
        ]);
        let config = Config {
            websockets,
            stream_retries: 2,
            extra: "[responses]\nprocess_mode = \"after_complete_response\"".to_owned(),
            ..Config::default()
        };
        let home = Home::with(&model, &config);
        let app = App::start(&home).await;
        let thread = app.start_thread(json!({})).await;
        let turn = app.run_turn(&thread, "Hi").await;
        assert_eq!(turn.status(), "completed");
        assert!(!home.work().join("ran").exists());
        let kinds: Vec<_> = turn.items().iter().map(|item| item["type"].clone()).collect();
        assert_eq!(
            kinds,
            [
                "userMessage",
                "reasoning",
                "agentMessage",
                "commandExecution",
                "agentMessage"
            ]
        );
        let deltas: Vec<_> = turn.all("item/agentMessage/delta");
        let text: String = deltas
            .iter()
            .filter_map(|delta| delta["delta"].as_str())
            .collect();
        assert_eq!(text, "one twoend");
        assert_eq!(turn.all("item/started").len(), kinds.len());
    }
}
