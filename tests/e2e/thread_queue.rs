//! Messages that wait for their turn (docs/contract/threads.md#queue).

use std::time::Duration;

use codex_core::mock_model::{Answer, MockModel};
use serde_json::{Value, json};

use crate::support::{App, Home};

fn text(text: &str) -> Value {
    json!([{"type": "text", "text": text}])
}

/// Queues a message; its id.
async fn add(app: &App, thread: &str, name: &str) -> String {
    let params = json!({"threadId": thread, "clientUserMessageId": name, "input": text(name)});
    let queued = app.call("thread/queue/add", params).await["queuedSubmission"].clone();
    assert_eq!(queued["clientUserMessageId"], name);
    queued["id"].as_str().unwrap().to_owned()
}

/// Names of the messages that wait.
async fn waiting(app: &App, thread: &str) -> Vec<String> {
    let list = app.call("thread/queue/list", json!({"threadId": thread})).await;
    let names = list["data"].as_array().unwrap().iter();
    names
        .map(|queued| queued["clientUserMessageId"].as_str().unwrap().to_owned())
        .collect()
}

/// Waits until a message has become the item of a turn.
async fn said(app: &App, name: &str) {
    app.wait_where("item/completed", |params| {
        params["item"]["type"] == "userMessage" && params["item"]["clientId"] == name
    })
    .await;
}

async fn start() -> (MockModel, Home, App, String) {
    let model = MockModel::start(Vec::<Answer>::new());
    model.set_default("ok");
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    (model, home, app, thread)
}

#[tokio::test]
async fn an_idle_thread_begins_at_once_and_a_busy_one_when_its_turn_has_ended() {
    let (model, _home, app, thread) = start().await;
    model.push(Answer::new().half("Busy").hang());
    add(&app, &thread, "one").await;
    said(&app, "one").await;
    assert!(waiting(&app, &thread).await.is_empty());
    app.wait_for("item/agentMessage/delta").await;
    add(&app, &thread, "two").await;
    add(&app, &thread, "three").await;
    assert_eq!(waiting(&app, &thread).await, ["two", "three"]);
    let error = app
        .call_err("thread/queue/start", json!({"threadId": thread}))
        .await;
    assert_eq!(error.message, "thread already has an active or pending turn");

    // A steer ends the answer that hangs; then comes what waits, in order.
    let mark = app.mark();
    app.call("turn/start", json!({"threadId": thread, "input": text("Go on")}))
        .await;
    said(&app, "two").await;
    said(&app, "three").await;
    app.wait_for("turn/completed").await;
    let methods = app.notified_since(mark);
    let place = |method: &str, from: usize| {
        from + methods[from..]
            .iter()
            .position(|found| found == method)
            .unwrap_or_else(|| panic!("{method} in {methods:?}"))
    };
    let ended = place("turn/completed", 0);
    let taken = place("thread/queue/changed", ended);
    assert!(taken < place("turn/started", ended), "{methods:?}");
    app.stop().await;
}

#[tokio::test]
async fn the_queue_is_listed_changed_reordered_and_shortened() {
    let (model, _home, app, thread) = start().await;
    model.push(Answer::new().half("Busy").hang());
    app.start_turn(&thread, "Work").await;
    app.wait_for("item/agentMessage/delta").await;
    let one = add(&app, &thread, "one").await;
    let two = add(&app, &thread, "two").await;
    let three = add(&app, &thread, "three").await;
    let page = app
        .call("thread/queue/list", json!({"threadId": thread, "limit": 2}))
        .await;
    assert_eq!(
        (page["data"].as_array().unwrap().len(), &page["nextCursor"]),
        (2, &json!("2"))
    );
    let page = app
        .call(
            "thread/queue/list",
            json!({"threadId": thread, "limit": 2, "cursor": "2"}),
        )
        .await;
    assert_eq!(
        (&page["data"][0]["id"], &page["nextCursor"]),
        (&json!(three), &Value::Null)
    );

    let order = |ids: &[&String]| json!({"threadId": thread, "queuedSubmissionIds": ids});
    app.call("thread/queue/reorder", order(&[&three, &one, &two]))
        .await;
    assert_eq!(waiting(&app, &thread).await, ["three", "one", "two"]);
    let update = json!({"threadId": thread, "queuedSubmissionId": one, "input": text("Other words")});
    let updated = app.call("thread/queue/update", update).await;
    assert_eq!(updated["queuedSubmission"]["input"][0]["text"], "Other words");
    assert_eq!(updated["queuedSubmission"]["clientUserMessageId"], "one");
    let delete = json!({"threadId": thread, "queuedSubmissionId": two});
    let mark = app.mark();
    assert_eq!(
        app.call("thread/queue/delete", delete.clone()).await["deleted"],
        true
    );
    app.wait_for("thread/queue/changed").await;
    assert_eq!(app.call("thread/queue/delete", delete).await["deleted"], false);
    assert!(app.mark() > mark);

    let refusals = [
        (
            "thread/queue/reorder",
            order(&[&three]),
            "queue reorder must include every queued submission exactly once",
        ),
        (
            "thread/queue/reorder",
            order(&[&three, &one, &one]),
            "queue reorder must include every queued submission exactly once",
        ),
        (
            "thread/queue/update",
            json!({"threadId": thread, "queuedSubmissionId": "nope", "input": text("x")}),
            "queued submission not found: nope",
        ),
        (
            "thread/queue/update",
            json!({"threadId": thread, "queuedSubmissionId": one, "input": []}),
            "only user input can be added to the user-message queue",
        ),
        (
            "thread/queue/add",
            json!({"threadId": thread, "clientUserMessageId": "x", "input": []}),
            "only user input can be added to the user-message queue",
        ),
        (
            "thread/queue/add",
            json!({"threadId": thread, "clientUserMessageId": "x", "input": [{"type": "image", "url": "https://x/y.png"}]}),
            "remote image URLs are not supported; use an inline data URL instead",
        ),
        (
            "thread/queue/list",
            json!({"threadId": thread, "cursor": "zz"}),
            "invalid queue pagination cursor: invalid digit found in string",
        ),
    ];
    for (method, params, message) in refusals {
        let error = app.call_err(method, params).await;
        assert_eq!((error.code, error.message.as_str()), (-32600, message));
    }
    assert_eq!(waiting(&app, &thread).await, ["three", "one"]);
    app.stop().await;
}

#[tokio::test]
async fn an_interrupt_pauses_the_queue_until_a_turn_ends() {
    let (model, _home, app, thread) = start().await;
    let error = app
        .call_err("thread/queue/start", json!({"threadId": thread}))
        .await;
    assert_eq!(error.message, "queue is empty");
    model.push(Answer::new().half("Busy").hang());
    let running = app.start_turn(&thread, "Work").await;
    app.wait_for("item/agentMessage/delta").await;
    add(&app, &thread, "one").await;
    let two = add(&app, &thread, "two").await;
    app.interrupt(&thread, running).await;
    add(&app, &thread, "three").await;
    assert_eq!(waiting(&app, &thread).await, ["one", "two", "three"]);

    let start = json!({"threadId": thread, "queuedSubmissionId": two});
    let turn = app.call("thread/queue/start", start).await["turn"].clone();
    assert_eq!(turn["status"], "inProgress");
    for name in ["two", "one", "three"] {
        said(&app, name).await;
    }
    app.stop().await;
}

#[tokio::test]
async fn a_failed_turn_does_not_stop_the_queue() {
    let (model, _home, app, thread) = start().await;
    model.push(
        Answer::status(400)
            .delayed(200)
            .body(json!({"error": {"message": "no"}})),
    );
    app.start_turn(&thread, "Work").await;
    add(&app, &thread, "one").await;
    said(&app, "one").await;
    app.stop().await;
}

#[tokio::test]
async fn the_queue_outlives_the_process_and_waits_for_a_turn() {
    let (model, home, app, thread) = start().await;
    model.push(Answer::new().half("Busy").hang());
    app.start_turn(&thread, "Work").await;
    app.wait_for("item/agentMessage/delta").await;
    let metadata = json!({"k": "v"});
    let params = json!({"threadId": thread, "clientUserMessageId": "one", "input": text("one"),
        "responsesapiClientMetadata": metadata});
    app.call("thread/queue/add", params).await;
    app.stop().await;

    let app = App::start(&home).await;
    add(&app, &thread, "two").await;
    assert_eq!(
        waiting(&app, &thread).await,
        ["one", "two"],
        "known without being loaded"
    );
    app.call("thread/resume", json!({"threadId": thread, "excludeTurns": true}))
        .await;
    assert_eq!(waiting(&app, &thread).await, ["one", "two"]);
    app.run_turn(&thread, "Hi").await;
    said(&app, "one").await;
    said(&app, "two").await;
    app.wait_for("turn/completed").await;
    let metadata = |request: usize| model.requests()[request].body["client_metadata"].to_string();
    assert!(!metadata(1).contains("\\\"k\\\":\\\"v\\\""));
    assert!(metadata(2).contains("\\\"k\\\":\\\"v\\\""), "{}", metadata(2));
    app.stop().await;
}

#[tokio::test]
async fn messages_come_before_the_goal() {
    let (model, _home, app, thread) = start().await;
    model.push(Answer::new().half("Busy").hang());
    let running = app.start_turn(&thread, "Work").await;
    app.wait_for("item/agentMessage/delta").await;
    app.call(
        "thread/goal/set",
        json!({"threadId": thread, "objective": "Ship it"}),
    )
    .await;
    add(&app, &thread, "one").await;
    model.push("steered");
    model.push("queued");
    model.push(Answer::new().call("c1", "update_goal", json!({"status": "complete"})));
    let steer = json!({"threadId": thread, "expectedTurnId": running.id, "input": text("Go on")});
    app.call("turn/steer", steer).await;
    said(&app, "one").await;
    app.wait_where("thread/goal/updated", |params| {
        params["goal"]["status"] == "complete"
    })
    .await;
    app.stop().await;
}

#[tokio::test]
async fn ephemeral_and_unknown_threads_have_no_queue() {
    let (_model, _home, app, _) = start().await;
    let memory = app.start_thread(json!({"ephemeral": true})).await;
    let nobody = "01900000-0000-7000-8000-000000000000";
    let cases = [
        (
            &*memory,
            format!("ephemeral thread does not support queued submissions: {memory}"),
        ),
        (nobody, format!("thread not found: {nobody}")),
    ];
    for (thread, message) in cases {
        let params = json!({"threadId": thread, "clientUserMessageId": "x", "input": text("x")});
        let error = app.call_err("thread/queue/add", params).await;
        assert_eq!(error.message, message);
        let error = app
            .call_err("thread/queue/list", json!({"threadId": thread}))
            .await;
        assert_eq!(error.message, message);
    }
    app.stop().await;
}

#[tokio::test]
async fn a_message_is_said_once_or_waits_whenever_the_program_is_killed() {
    let (model, home, app, thread) = start().await;
    app.run_turn(&thread, "begin").await;
    app.stop().await;
    for round in 0..12 {
        let app = App::start(&home).await;
        app.call("thread/resume", json!({"threadId": thread})).await;
        model.push(Answer::new().half("Busy").hang());
        let running = app.start_turn(&thread, "Work").await;
        app.wait_for("item/agentMessage/delta").await;
        let name = format!("round {round}");
        add(&app, &thread, &name).await;
        app.interrupt(&thread, running).await;
        app.request("thread/queue/start", json!({"threadId": thread}))
            .await;
        // The moment is what the test is about: any will do.
        tokio::time::sleep(Duration::from_micros(round * 400)).await;
        app.signal(rustix::process::Signal::KILL);
        app.exit().await;

        let app = App::start(&home).await;
        let resumed = app.call("thread/resume", json!({"threadId": thread})).await;
        let turns = resumed["thread"]["turns"].to_string();
        let said_times = turns.matches(&format!("\"clientId\":\"{name}\"")).count();
        let waits = waiting(&app, &thread).await;
        let waits_times = waits.iter().filter(|one| **one == name).count();
        assert_eq!(
            said_times + waits_times,
            1,
            "{name}: in {turns}, and in {waits:?}"
        );
        if !waits.is_empty() {
            app.call("thread/queue/start", json!({"threadId": thread})).await;
            said(&app, &name).await;
            app.wait_for("turn/completed").await;
        }
        app.stop().await;
    }
}
