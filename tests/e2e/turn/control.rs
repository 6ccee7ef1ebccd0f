//! Steering and interrupting turns (docs/contract/turns.md#interrupt, docs/contract/turns.md#steer; docs/contract/differences.md#d10, docs/contract/differences.md#d16).

use codex_core::mock_model::{Answer, MockModel};
use serde_json::json;

use crate::support::{App, Config, Frame, Home, wait_until_dead};

fn text(text: &str) -> serde_json::Value {
    json!([{"type": "text", "text": text}])
}

#[tokio::test]
async fn a_start_in_a_running_turn_that_says_nothing_or_wants_another_schema_is_refused() {
    let model = MockModel::start([Answer::new().half("I begin").hang(), Answer::from("ok")]);
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    let schema = json!({"type": "object"});
    let running = app
        .start_turn_with(&thread, "Go", json!({"outputSchema": schema}))
        .await;
    app.wait_for("item/agentMessage/delta").await;
    for (input, schema, why) in [
        (json!([]), &schema, "EmptyInput"),
        (
            text("x"),
            &json!({"type": "string"}),
            "ActiveTurnOutputSchemaMismatch",
        ),
    ] {
        let params = json!({"threadId": thread, "input": input, "outputSchema": schema});
        let error = app.call_err("turn/start", params).await;
        assert_eq!(error.code, -32603);
        assert!(error.message.contains(why), "{}", error.message);
    }
    let params = json!({"threadId": thread, "input": text("more"), "outputSchema": schema});
    let answer = app.call("turn/start", params).await;
    assert_eq!(answer["turn"]["id"], running.id.as_str());
    let turn = app.end_of(running).await;
    assert_eq!(turn.items_of("userMessage").len(), 2);
    assert_eq!(model.requests().len(), 2);
}

#[tokio::test]
async fn a_steer_stops_the_stream_and_the_turn_goes_on_with_it() {
    let model = MockModel::start([Answer::new().half("I begin").hang(), Answer::from("As you wish")]);
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    let running = app.start_turn(&thread, "Write a poem").await;
    app.wait_for("item/agentMessage/delta").await;
    let answer = app
        .call(
            "turn/steer",
            json!({"threadId": thread, "expectedTurnId": running.id, "input": text("No, a song")}),
        )
        .await;
    assert_eq!(answer["turnId"], running.id.as_str());
    let turn = app.end_of(running).await;
    assert_eq!(turn.status(), "completed");
    let users: Vec<_> = turn
        .items_of("userMessage")
        .iter()
        .map(|item| item["content"][0]["text"].clone())
        .collect();
    assert_eq!(users, ["Write a poem", "No, a song"]);
    let requests = model.requests();
    assert_eq!(requests.len(), 2);
    let sent = requests[1].body["input"].to_string();
    assert!(sent.contains("No, a song"));
    assert_eq!(turn.all("turn/started").len(), 1);
}

#[tokio::test]
async fn the_half_message_of_a_steered_stream_is_completed_as_an_item_but_not_sent_back() {
    let model = MockModel::start([Answer::new().half("Half a senten").hang(), Answer::from("Fine")]);
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    let running = app.start_turn(&thread, "Go").await;
    app.wait_for("item/agentMessage/delta").await;
    app.call(
        "turn/steer",
        json!({"threadId": thread, "expectedTurnId": running.id, "input": text("Stop that")}),
    )
    .await;
    let turn = app.end_of(running).await;
    let messages: Vec<_> = turn
        .items_of("agentMessage")
        .iter()
        .map(|item| item["text"].clone())
        .collect();
    assert_eq!(messages, ["Half a senten", "Fine"]);
    assert!(
        !model.requests()[1].body["input"]
            .to_string()
            .contains("Half a senten")
    );
}

#[tokio::test]
async fn turn_start_during_a_turn_steers_it() {
    let model = MockModel::start([Answer::new().half("I begin").hang(), Answer::from("Both then")]);
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    let running = app.start_turn(&thread, "One").await;
    app.wait_for("item/agentMessage/delta").await;
    let answer = app
        .call("turn/start", json!({"threadId": thread, "input": text("Two")}))
        .await;
    assert_eq!(answer["turn"]["id"], running.id.as_str());
    let turn = app.end_of(running).await;
    assert_eq!(turn.status(), "completed");
    assert_eq!(turn.all("turn/started").len(), 1);
    assert_eq!(turn.items_of("userMessage").len(), 2);
}

#[tokio::test]
async fn settings_that_come_with_a_steer_are_told_behind_its_answer() {
    let model = MockModel::start([Answer::new().half("I begin").hang(), Answer::from("Both then")]);
    let home = Home::new(&model);
    let (app, thread) = App::with_thread(&home).await;
    let running = app.start_turn(&thread, "One").await;
    app.wait_for("item/agentMessage/delta").await;
    let params = json!({"threadId": thread, "input": text("Two"), "effort": "low"});
    let id = app.request("turn/start", params).await;
    app.response(id).await.unwrap();
    app.wait_for("thread/settings/updated").await;
    let frames = app.frames();
    let at = |fits: &dyn Fn(&Frame) -> bool| frames.iter().position(fits).unwrap();
    let answered = at(&|frame| frame.json["id"] == id && frame.method().is_empty());
    let updated = at(&|frame| frame.method() == "thread/settings/updated");
    assert!(answered < updated, "{frames:?}");
    app.end_of(running).await;
}

#[tokio::test]
async fn a_steer_during_a_command_follows_its_output() {
    let model = MockModel::start([
        Answer::new().call(
            "c1",
            "exec_command",
            json!({"cmd": "sleep 0.3; echo started; sleep 0.5; echo finished"}),
        ),
        Answer::from("Done"),
    ]);
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    let running = app.start_turn(&thread, "Run").await;
    app.wait_for("item/commandExecution/outputDelta").await;
    app.call(
        "turn/steer",
        json!({"threadId": thread, "expectedTurnId": running.id, "input": text("And hurry")}),
    )
    .await;
    let turn = app.end_of(running).await;
    assert_eq!(turn.status(), "completed");
    let requests = model.requests();
    assert!(requests[1].tool_output("c1").unwrap().contains("finished"));
    assert_eq!(
        requests[1].input().last().unwrap()["content"][0]["text"],
        "And hurry"
    );
}

#[tokio::test]
async fn steers_that_make_no_sense_are_refused() {
    let model = MockModel::start(Answer::new().half("…").hang());
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    let steer = |id: &str, input| json!({"threadId": thread, "expectedTurnId": id, "input": input});
    let error = app.call_err("turn/steer", steer("x", text("a"))).await;
    assert_eq!(
        (error.code, error.message.as_str()),
        (-32600, "no active turn to steer")
    );
    let error = app.call_err("turn/steer", steer("x", json!([]))).await;
    assert_eq!(error.message, "no active turn to steer", "whatever the input");
    let running = app.start_turn(&thread, "Hi").await;
    app.wait_for("turn/started").await;
    let error = app.call_err("turn/steer", steer("x", text("a"))).await;
    assert_eq!(
        error.message,
        format!("expected active turn id `x` but found `{}`", running.id)
    );
    let error = app.call_err("turn/steer", steer(&running.id, json!([]))).await;
    assert_eq!(
        (error.code, error.message.as_str()),
        (-32600, "input must not be empty")
    );
    app.interrupt(&thread, running).await;
}

#[tokio::test]
async fn an_interrupt_in_mid_stream_ends_the_turn_and_the_next_one_works() {
    let model = MockModel::start([Answer::new().half("I beg").hang(), Answer::from("Welcome back")]);
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    let running = app.start_turn(&thread, "Hi").await;
    app.wait_for("item/agentMessage/delta").await;
    let turn = app.interrupt(&thread, running).await;
    assert_eq!(turn.status(), "interrupted");
    assert!(turn.turn["error"].is_null());
    assert_eq!(
        (&turn.turn["items"], &turn.turn["itemsView"]),
        (&json!([]), &json!("notLoaded"))
    );
    let answer = turn
        .frames
        .iter()
        .rposition(|frame| frame.json.get("result").is_some())
        .unwrap();
    assert!(
        answer < turn.frames.len() - 1,
        "the answer comes before turn/completed"
    );
    model.wait_for_cancelled(1).await.unwrap();
    let next = app.run_turn(&thread, "Again").await;
    assert_eq!(
        (next.status(), next.text().as_str()),
        ("completed", "Welcome back")
    );
    let sent = model.requests()[1].body["input"].to_string();
    assert!(sent.contains("<turn_aborted>"));
}

#[tokio::test]
async fn an_interrupt_before_the_model_answers_is_just_as_good() {
    let model = MockModel::start([Answer::from("late").delayed(20_000), Answer::from("ok")]);
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    let running = app.start_turn(&thread, "Hi").await;
    model.wait_for_requests(1).await.unwrap();
    assert_eq!(app.interrupt(&thread, running).await.status(), "interrupted");
    assert_eq!(app.run_turn(&thread, "Again").await.status(), "completed");
}

#[tokio::test]
async fn an_interrupt_ends_the_running_command_and_all_below_it() {
    let model = MockModel::start([
        Answer::new().call(
            "c1",
            "exec_command",
            json!({"cmd": "sleep 300 & echo $! > pid; sleep 0.3; echo ready; wait"}),
        ),
        Answer::from("ok"),
    ]);
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    let running = app.start_turn(&thread, "Run").await;
    app.wait_for("item/commandExecution/outputDelta").await;
    let pid: i32 = std::fs::read_to_string(home.work().join("pid"))
        .unwrap()
        .trim()
        .parse()
        .unwrap();
    let turn = app.interrupt(&thread, running).await;
    assert_eq!(turn.status(), "interrupted");
    wait_until_dead(pid).await;
    app.run_turn(&thread, "Next").await;
    let requests = model.requests();
    let output = requests[1].tool_output("c1").unwrap();
    assert!(output.contains("aborted by user"), "{output}");
}

#[tokio::test]
async fn an_interrupt_takes_a_pending_question_back() {
    let model = MockModel::start([
        Answer::new().call(
            "c1",
            "exec_command",
            json!({"cmd": "touch asked", "sandbox_permissions": "require_escalated",
            "justification": "to see"}),
        ),
        Answer::from("ok"),
    ]);
    let home = Home::with(&model, &Config::asking());
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    let running = app.start_turn(&thread, "Run").await;
    let request = app.server_request("item/commandExecution/requestApproval").await;
    let mark = app.mark();
    let turn = app.interrupt(&thread, running).await;
    assert_eq!(turn.status(), "interrupted");
    let resolved = app.wait_for("serverRequest/resolved").await;
    assert_eq!(resolved["requestId"], request.id);
    let order = app.notified_since(mark);
    let place = |method: &str| order.iter().position(|found| found == method).unwrap();
    assert!(
        !order.iter().any(|method| method == "item/completed"),
        "{order:?}"
    );
    assert!(place("thread/status/changed") < place("turn/completed"));
    assert!(place("turn/completed") < place("serverRequest/resolved"));
    // A late answer harms nobody.
    app.respond(&request, json!({"decision": "accept"})).await;
    assert_eq!(app.run_turn(&thread, "Next").await.status(), "completed");
    assert!(!home.work().join("asked").exists());
}

#[tokio::test]
async fn interrupts_that_make_no_sense_are_refused() {
    let model = MockModel::start(Answer::new().half("…").hang());
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    let interrupt = |id: &str| json!({"threadId": thread, "turnId": id});
    let error = app.call_err("turn/interrupt", interrupt("x")).await;
    assert_eq!(
        (error.code, error.message.as_str()),
        (-32600, "no active turn to interrupt")
    );
    assert_eq!(app.call("turn/interrupt", interrupt("")).await, json!({}));
    let running = app.start_turn(&thread, "Hi").await;
    app.wait_for("turn/started").await;
    let error = app.call_err("turn/interrupt", interrupt("x")).await;
    assert_eq!(
        error.message,
        format!("expected active turn id x but found {}", running.id)
    );
    assert_eq!(app.call("turn/interrupt", interrupt("")).await, json!({}));
    assert_eq!(app.end_of(running).await.status(), "interrupted");
}

#[tokio::test]
async fn two_pipelined_turns_keep_their_order() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    let mut ids = Vec::new();
    for number in 0..20 {
        let params = json!({"threadId": thread, "input": text(&format!("message {number}"))});
        ids.push(app.request("turn/start", params).await);
    }
    for id in ids {
        app.response(id).await.unwrap();
    }
    for number in 0..20 {
        let said = app
            .wait_where("item/completed", |params| params["item"]["type"] == "userMessage")
            .await;
        let text = &said["item"]["content"][0]["text"];
        assert_eq!(*text, format!("message {number}"));
    }
}

#[tokio::test]
async fn metadata_of_a_steer_is_told_from_the_next_request_on_to_the_end_of_the_turn() {
    let model = MockModel::start([
        Answer::new().half("I begin").hang(),
        Answer::new().half("I go on").hang(),
        Answer::from("Done"),
        Answer::from("Next"),
    ]);
    let home = Home::new(&model);
    let (app, thread) = App::with_thread(&home).await;
    let metadata = json!({"responsesapiClientMetadata": {"a": "1", "b": "1"}, "turnTrigger": "test"});
    let running = app.start_turn_with(&thread, "Write a poem", metadata).await;
    for change in [
        json!({"responsesapiClientMetadataPatch": {"b": "2"}}),
        json!({"responsesapiClientMetadata": {"c": "3"}}),
    ] {
        app.wait_for("item/agentMessage/delta").await;
        let mut steer = json!({"threadId": thread, "expectedTurnId": running.id, "input": text("No")});
        steer
            .as_object_mut()
            .unwrap()
            .extend(change.as_object().unwrap().clone());
        app.call("turn/steer", steer).await;
    }
    app.end_of(running).await;
    app.run_turn(&thread, "And another").await;
    let told: Vec<_> = model
        .requests()
        .iter()
        .map(|request| {
            let metadata = request.body["client_metadata"]["x-codex-turn-metadata"].as_str();
            let metadata: serde_json::Value = serde_json::from_str(metadata.unwrap()).unwrap();
            ["a", "b", "c", "turn_trigger"].map(|name| metadata[name].as_str().unwrap_or("-").to_owned())
        })
        .collect();
    assert_eq!(
        told,
        [
            ["1", "1", "-", "test"],
            ["1", "2", "-", "test"],
            ["-", "-", "3", "test"],
            ["-", "-", "-", "-"],
        ]
    );
}
