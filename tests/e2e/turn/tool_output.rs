//! The output of a tool that the client ran by itself, in place of what a user says (docs/contract/turns.md#turn-start).

use codex_core::mock_model::{Answer, MockModel};
use serde_json::{Value, json};

use crate::support::{App, Home};
use crate::thread_compact::compact;

fn handed_in(thread: &str, output: &Value) -> Value {
    json!({"threadId": thread, "input": [], "toolOutput": output})
}

#[tokio::test]
async fn the_model_and_the_client_are_told_of_it() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let (app, thread) = App::with_thread(&home).await;
    app.run_turn(&thread, "Hi").await;
    let parts = json!([{"type": "input_text", "text": "42"}]);
    for (output, is_told) in [
        (
            json!({"name": "weather", "namespace": "ns", "output": "sunny"}),
            json!({"type": "functionCallOutput", "name": "weather", "namespace": "ns", "output": "sunny"}),
        ),
        (
            json!({"name": "sum", "output": parts, "retain": false}),
            json!({"type": "functionCallOutput", "name": "sum", "namespace": null, "output": parts}),
        ),
    ] {
        let turn = app.run_turn_with(&thread, "", handed_in(&thread, &output)).await;
        assert_eq!(turn.text(), "ok");
        let kinds: Vec<_> = turn.items().iter().map(|item| item["type"].clone()).collect();
        assert_eq!(kinds, ["functionCallOutput", "agentMessage"]);
        let mut item = turn.items()[0].clone();
        let members = item.as_object_mut().unwrap();
        let id = members.remove("id").unwrap();
        assert!(members.remove("startedAtMs").unwrap().is_i64());
        assert!(members.remove("completedAtMs").unwrap().is_i64());
        assert_eq!(item, is_told);
        let started = turn.all("item/started")[0]["item"]["id"].clone();
        assert_eq!(started, id);
        // The model made no call, so it is told the tool's name.
        let requests = model.requests();
        let mut last = requests.last().unwrap().input().last().unwrap().clone();
        last.as_object_mut().unwrap().remove("id");
        let mut expected = output.clone();
        expected.as_object_mut().unwrap().remove("retain");
        expected["type"] = json!("function_call_output");
        assert_eq!(last, expected);
    }
    // It is stored, and the model keeps knowing it.
    let read = |thread: &Value| -> Vec<Value> {
        let turns = thread["turns"].as_array().unwrap();
        let items = turns.iter().flat_map(|turn| turn["items"].as_array().unwrap());
        items
            .filter(|item| item["type"] == "functionCallOutput")
            .map(|item| item["output"].clone())
            .collect()
    };
    app.stop().await;
    let app = App::start(&home).await;
    let resumed = app.call("thread/resume", json!({"threadId": thread})).await;
    assert_eq!(read(&resumed["thread"]), [json!("sunny"), parts]);
    app.run_turn(&thread, "And now?").await;
    let requests = model.requests();
    let outputs: Vec<_> = requests
        .last()
        .unwrap()
        .input()
        .iter()
        .filter(|item| item["type"] == "function_call_output")
        .map(|item| item["name"].clone())
        .collect();
    assert_eq!(outputs, ["weather", "sum"]);
}

#[tokio::test]
async fn what_no_model_could_be_given_is_refused() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let (app, thread) = App::with_thread(&home).await;
    let text = json!([{"type": "text", "text": "Hi"}]);
    let both = json!({"threadId": thread, "input": text, "toolOutput": {"name": "t", "output": "x"}});
    let image = json!([{"type": "input_image", "image_url": "https://example.com/x.png"}]);
    let long = "x".repeat((1 << 20) + 1);
    for (params, code, words) in [
        (
            both,
            -32600,
            "`toolOutput` cannot be combined with nonempty `input`",
        ),
        (
            handed_in(&thread, &json!({"name": "", "output": "x"})),
            -32600,
            "`toolOutput.name` must not be empty",
        ),
        (
            handed_in(&thread, &json!({"name": "t", "output": 5})),
            -32602,
            "output",
        ),
        (handed_in(&thread, &json!({"name": "t"})), -32602, "output"),
        (
            handed_in(&thread, &json!({"name": "t", "output": image})),
            -32600,
            "image",
        ),
        (
            handed_in(&thread, &json!({"name": "t", "output": long})),
            -32602,
            "1048576",
        ),
    ] {
        let error = app.call_err("turn/start", params).await;
        assert_eq!(error.code, code, "{}", error.message);
        assert!(error.message.contains(words), "{}", error.message);
    }
    assert!(model.requests().is_empty());
}

/// Names of the outputs that the model was told of in its last request.
fn told_outputs(model: &MockModel) -> Vec<String> {
    let requests = model.requests();
    let input = requests.last().unwrap().input();
    assert!(!format!("{input:?}").contains("retain_across_windows"));
    let outputs = input.iter().filter(|item| item["type"] == "function_call_output");
    outputs
        .map(|item| item["name"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn what_is_to_stay_is_there_after_the_history_was_summed_up() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let (app, thread) = App::with_thread(&home).await;
    app.run_turn(&thread, "Hi").await;
    for (name, retain) in [("kept", true), ("dropped", false)] {
        let output = json!({"name": name, "output": "42", "retain": retain});
        app.run_turn_with(&thread, "", handed_in(&thread, &output)).await;
    }
    compact(&app, &thread).await;
    app.run_turn(&thread, "And now?").await;
    assert_eq!(told_outputs(&model), ["kept"]);
    app.stop().await;

    let app = App::start(&home).await;
    app.call("thread/resume", json!({"threadId": thread})).await;
    compact(&app, &thread).await;
    app.run_turn(&thread, "Still?").await;
    assert_eq!(told_outputs(&model), ["kept"]);
    app.stop().await;
}

#[tokio::test]
async fn what_another_program_was_given_to_stay_stays() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let (app, thread) = App::with_thread(&home).await;
    app.run_turn(&thread, "Hi").await;
    let output = json!({"name": "kept", "output": "42", "retain": true});
    app.run_turn_with(&thread, "", handed_in(&thread, &output)).await;
    let read = app.call("thread/read", json!({"threadId": thread})).await;
    let path = read["thread"]["path"].as_str().unwrap().to_owned();
    app.stop().await;
    // Others note it beside the item only.
    let text = std::fs::read_to_string(&path).unwrap();
    let note = r#""internal_chat_message_metadata_passthrough":{"retain_across_windows":true}"#;
    let members = [format!("{note},"), format!(",{note}")];
    let beside = text.replacen(&members[0], "", 1).replacen(&members[1], "", 1);
    assert!(
        beside.len() < text.len() && beside.contains("retain_across_windows"),
        "{text}"
    );
    std::fs::write(&path, beside).unwrap();

    let app = App::start(&home).await;
    app.call("thread/resume", json!({"threadId": thread})).await;
    compact(&app, &thread).await;
    app.run_turn(&thread, "And now?").await;
    assert_eq!(told_outputs(&model), ["kept"]);
    app.stop().await;
}

#[tokio::test]
async fn a_long_output_is_cut_for_the_model() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let (app, thread) = App::with_thread(&home).await;
    let output = json!({"name": "t", "output": "x".repeat(1 << 20)});
    let turn = app.run_turn_with(&thread, "", handed_in(&thread, &output)).await;
    assert_eq!(turn.items()[0]["output"], output["output"]);
    let requests = model.requests();
    let told = requests[0].input().last().unwrap()["output"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(
        told.len() < 1 << 17 && told.contains("tokens truncated"),
        "{}",
        told.len()
    );
}

#[tokio::test]
async fn it_reaches_the_turn_that_runs() {
    let model = MockModel::start([
        Answer::new().call(
            "c1",
            "exec_command",
            json!({"cmd": "sleep 0.5; echo done", "yield_time_ms": 5000}),
        ),
        Answer::from("ok"),
    ]);
    let home = Home::new(&model);
    let (app, thread) = App::with_thread(&home).await;
    let running = app.start_turn(&thread, "Hi").await;
    app.wait_where("item/started", |params| {
        params["item"]["type"] == "commandExecution"
    })
    .await;
    let output = json!({"name": "t", "output": "late"});
    let answer = app.call("turn/start", handed_in(&thread, &output)).await;
    assert_eq!(answer["turn"]["id"], json!(running.id));
    let turn = app.end_of(running).await;
    assert_eq!(turn.items_of("functionCallOutput")[0]["output"], "late");
    let requests = model.requests();
    let last = requests[1].input().iter().any(|item| item["output"] == "late");
    assert!(last, "{:?}", requests[1].input());
}
