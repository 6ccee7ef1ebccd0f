//! Questions to the model beside a thread (docs/contract/turns.md#samples).

use codex_core::mock_model::{Answer, MockModel};
use serde_json::json;

use crate::support::{App, Home};

#[tokio::test]
async fn a_sample_knows_the_thread_and_the_thread_knows_nothing_of_it() {
    let model = MockModel::start([
        Answer::from("Four"),
        Answer::from("A sum"),
        Answer::new().call("c1", "exec_command", json!({"cmd": "touch made"})),
        Answer::from("Six"),
    ]);
    let home = Home::new(&model);
    let (app, thread) = App::with_thread(&home).await;
    let turn = app.run_turn(&thread, "Two and two?").await;
    let mark = app.mark();
    let params =
        json!({"threadId": thread, "expectedTurnId": turn.id, "prompt": "What was that?", "effort": "low"});
    let sample = app.call("thread/sample", params).await;
    assert_eq!(
        (&sample["sourceTurnId"], &sample["text"]),
        (&json!(turn.id), &json!("A sum"))
    );
    assert!(sample["responseId"].is_string() && sample["outputTokens"].is_i64());
    let params = json!({"threadId": thread, "expectedTurnId": turn.id, "prompt": "Do something"});
    let silent = app.call("thread/sample", params).await;
    assert!(silent["text"].is_null(), "a tool that was called does not run");
    assert!(!home.work().join("made").exists());
    assert!(app.notified_since(mark).is_empty());
    app.run_turn(&thread, "Three and three?").await;
    let requests = model.requests();
    let asked = requests[1].body["input"].to_string();
    assert!(asked.contains("Two and two?") && asked.contains("Four") && asked.contains("What was that?"));
    assert_eq!(requests[1].body["reasoning"]["effort"], "low");
    let next = requests[3].body["input"].to_string();
    assert!(!next.contains("What was that?") && !next.contains("A sum"));
    app.stop().await;
}

#[tokio::test]
async fn a_sample_beside_a_running_turn_is_allowed_if_asked_for() {
    let model = MockModel::start([
        Answer::new().say("Begun").wait(200).half("More").hang(),
        Answer::from("It works"),
    ]);
    let home = Home::new(&model);
    let (app, thread) = App::with_thread(&home).await;
    let running = app.start_turn(&thread, "Work").await;
    model.wait_for_requests(1).await.unwrap();
    let params = |more: bool| {
        json!({"threadId": thread, "expectedTurnId": running.id, "prompt": "How is it?",
            "allowInProgressTurn": more})
    };
    let error = app.call_err("thread/sample", params(false)).await;
    assert_eq!(error.message, "sample source must be idle");
    let sample = app.call("thread/sample", params(true)).await;
    assert_eq!(sample["text"], "It works");
    assert!(model.requests()[1].body["input"].to_string().contains("Work"));
    app.interrupt(&thread, running).await;
    app.stop().await;
}

#[tokio::test]
async fn a_sample_can_be_given_up() {
    let model = MockModel::start([Answer::from("Four"), Answer::new().half("Hm").hang()]);
    let home = Home::new(&model);
    let (app, thread) = App::with_thread(&home).await;
    let turn = app.run_turn(&thread, "Two and two?").await;
    let params = json!({"threadId": thread, "expectedTurnId": turn.id, "prompt": "Why?"});
    let request = app.request("thread/sample", params).await;
    model.wait_for_requests(2).await.unwrap();
    app.call("thread/sample/cancel", json!({"requestId": 99999}))
        .await;
    app.call("thread/sample/cancel", json!({"requestId": request}))
        .await;
    let error = app.response(request).await.unwrap_err();
    assert_eq!((error.code, error.message.as_str()), (-32603, "sample canceled"));
    app.stop().await;
}

#[tokio::test]
async fn samples_that_make_no_sense_are_refused() {
    let model = MockModel::start([
        Answer::from("Four"),
        Answer::status(400).body(json!({"error": {"message": "no"}})),
    ]);
    let home = Home::new(&model);
    let (app, thread) = App::with_thread(&home).await;
    let turn = app.run_turn(&thread, "Two and two?").await;
    let memory = app.start_thread(json!({"ephemeral": true})).await;
    let nobody = "01900000-0000-7000-8000-000000000000";
    let prompt = "thread/sample requires expectedTurnId and a prompt of at most 4000 bytes";
    let cases = [
        (
            &*thread,
            "nope",
            "x".to_owned(),
            "sample source turn must be the latest finished turn",
        ),
        (&thread, &turn.id, String::new(), prompt),
        (&thread, &turn.id, "x".repeat(4001), prompt),
        (
            &memory,
            "x",
            "x".to_owned(),
            "sample source must be a persistent root thread",
        ),
        (
            nobody,
            "x",
            "x".to_owned(),
            "thread/sample requires a loaded source",
        ),
    ];
    for (thread, turn, prompt, message) in cases {
        let params = json!({"threadId": thread, "expectedTurnId": turn, "prompt": prompt});
        let error = app.call_err("thread/sample", params).await;
        assert_eq!((error.code, error.message.as_str()), (-32600, message));
    }
    let params = json!({"threadId": thread, "expectedTurnId": turn.id, "prompt": "x"});
    assert_eq!(app.call_err("thread/sample", params).await.code, -32603);
    app.stop().await;
}
