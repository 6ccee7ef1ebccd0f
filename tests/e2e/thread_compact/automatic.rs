//! Histories that are summed up because they are about to become too long.

use codex_core::mock_model::{Answer, MockModel, Script};
use serde_json::{Value, json};

use super::{metadata, sealed, told, with_tokens};
use crate::support::{App, Config, Gate, Home};

fn limited(limit: u64) -> Config {
    Config {
        top: format!("model_auto_compact_token_limit = {limit}"),
        ..Config::default()
    }
}

#[tokio::test]
async fn before_a_turn_the_summary_comes_before_the_users_words() {
    let model = MockModel::start([
        with_tokens(Answer::new().say("first answer"), 50_000),
        Answer::new().say("what was done"),
        Answer::new().say("second answer"),
    ]);
    let home = Home::with(&model, &limited(50_000));
    let (app, thread) = App::with_thread(&home).await;
    app.run_turn(&thread, "one").await;
    let turn = app.run_turn(&thread, "two").await;
    assert_eq!(turn.status(), "completed");
    let items: Vec<_> = turn
        .items()
        .iter()
        .map(|item| item["type"].as_str().unwrap())
        .collect();
    assert_eq!(items, ["contextCompaction", "userMessage", "agentMessage"]);
    let requests = model.requests();
    assert_eq!(told(&requests[1]).last().unwrap(), "sum up");
    assert_eq!(
        metadata(&requests[1])["compaction"],
        json!({"trigger": "auto", "reason": "context_limit", "implementation": "responses", "phase": "pre_turn",
            "strategy": "memento"})
    );
    assert_eq!(metadata(&requests[1])["model"], Value::Null);
    assert_eq!(
        told(&requests[2]),
        ["rules", "place", "one", "summary: what was done", "two"]
    );
}

#[tokio::test]
async fn without_a_limit_nine_tenths_of_the_window_are_the_limit() {
    let model = MockModel::start([
        with_tokens(Answer::new().say("below"), 17_994),
        with_tokens(Answer::new().say("at the limit"), 17_995),
        Answer::new().say("what was done"),
    ]);
    let config = Config {
        top: "model_context_window = 20000".to_owned(),
        ..Config::default()
    };
    let home = Home::with(&model, &config);
    let (app, thread) = App::with_thread(&home).await;
    app.run_turn(&thread, "one").await;
    let turn = app.run_turn(&thread, "two").await;
    assert!(turn.items_of("contextCompaction").is_empty());
    let turn = app.run_turn(&thread, "three").await;
    assert_eq!(turn.items_of("contextCompaction").len(), 1);
}

#[tokio::test]
async fn between_requests_the_turn_goes_on_behind_the_summary() {
    let call = Answer::new().call("c1", "exec_command", json!({"cmd": "echo hi"}));
    let model = MockModel::start([
        with_tokens(call, 50_000),
        Answer::new().say("what was done"),
        Answer::new().say("all done"),
    ]);
    let home = Home::with(&model, &limited(50_000));
    let (app, thread) = App::with_thread(&home).await;
    let turn = app.run_turn(&thread, "one").await;
    assert_eq!(turn.status(), "completed");
    let items: Vec<_> = turn
        .items()
        .iter()
        .map(|item| item["type"].as_str().unwrap())
        .collect();
    assert_eq!(
        items,
        [
            "userMessage",
            "commandExecution",
            "contextCompaction",
            "agentMessage"
        ]
    );
    let requests = model.requests();
    assert!(requests[1].tool_output("c1").is_some(), "with the tool's output");
    assert_eq!(metadata(&requests[1])["compaction"]["phase"], "mid_turn");
    assert_eq!(
        told(&requests[2]),
        ["rules", "place", "one", "summary: what was done"]
    );
    assert_eq!(
        metadata(&requests[2])["window_number"],
        1,
        "the same turn, the next window"
    );
    assert_eq!(
        metadata(&requests[2])["turn_id"],
        metadata(&requests[0])["turn_id"]
    );
}

#[tokio::test]
async fn what_the_user_says_before_a_summary_is_made_goes_behind_it() {
    let call = Answer::new().call("c1", "exec_command", json!({"cmd": "echo started; read _ < go"}));
    let model = MockModel::start([
        with_tokens(call, 50_000),
        Answer::new().say("what was done"),
        Answer::new().say("all done"),
    ]);
    let home = Home::with(&model, &limited(50_000));
    let (app, thread) = App::with_thread(&home).await;
    let mut gate = Gate::new(home.work().join("go"));
    let running = app.start_turn(&thread, "one").await;
    app.wait_for("item/commandExecution/outputDelta").await;
    let steer = json!({"threadId": thread, "expectedTurnId": running.id,
        "input": [{"type": "text", "text": "and hurry"}]});
    app.call("turn/steer", steer).await;
    gate.open();
    let turn = app.end_of(running).await;
    assert_eq!(turn.status(), "completed");
    let items: Vec<_> = turn
        .items()
        .iter()
        .map(|item| item["type"].as_str().unwrap())
        .collect();
    assert_eq!(
        items,
        [
            "userMessage",
            "commandExecution",
            "contextCompaction",
            "userMessage",
            "agentMessage"
        ]
    );
    let requests = model.requests();
    assert!(requests[1].tool_output("c1").is_some());
    assert!(!told(&requests[1]).contains(&"and hurry".to_owned()));
    assert_eq!(
        told(&requests[2]),
        ["rules", "place", "one", "summary: what was done", "and hurry"]
    );
}

#[tokio::test]
async fn outputs_that_would_not_fit_are_summed_up_before_they_are_sent() {
    let call = Answer::new().call(
        "c1",
        "exec_command",
        json!({"cmd": "head -c 60000 /dev/zero | tr '\\0' x"}),
    );
    let model = MockModel::start([
        with_tokens(call, 17_000),
        Answer::new().say("what was done"),
        Answer::new().say("all done"),
    ]);
    let config = Config {
        top: "model_context_window = 20000\ntool_output_token_limit = 5000".to_owned(),
        ..Config::default()
    };
    let home = Home::with(&model, &config);
    let (app, thread) = App::with_thread(&home).await;
    let turn = app.run_turn(&thread, "one").await;
    assert_eq!(turn.items_of("contextCompaction").len(), 1);
    let requests = model.requests();
    assert_eq!(
        told(&requests[2]),
        ["rules", "place", "one", "summary: what was done"]
    );
}

#[tokio::test]
async fn a_history_that_is_refused_for_its_length_is_summed_up_once() {
    let refused = || Answer::new().fail("context_length_exceeded", "too long");
    let model = MockModel::start([
        Answer::new().say("first answer"),
        refused(),
        Answer::new().say("what was done"),
        Answer::new().say("second answer"),
        refused(),
        Answer::new().say("what was done since"),
        refused(),
    ]);
    let home = Home::new(&model);
    let (app, thread) = App::with_thread(&home).await;
    app.run_turn(&thread, "one").await;
    let turn = app.run_turn(&thread, "two").await;
    assert_eq!(
        (turn.status(), turn.text().as_str()),
        ("completed", "second answer")
    );
    assert!(!turn.methods().contains(&"error"), "{:?}", turn.methods());
    assert_eq!(
        told(&model.requests()[3]),
        ["one", "rules", "place", "two", "summary: what was done"]
    );
    let turn = app.run_turn(&thread, "three").await;
    assert_eq!(turn.status(), "failed");
    assert_eq!(turn.turn["error"]["codexErrorInfo"], "contextWindowExceeded");
    assert_eq!(model.requests().len(), 7, "once, and no more");
    let turn = app.run_turn(&thread, "four").await;
    assert_eq!(turn.items()[0]["type"], "contextCompaction", "first of all");
}

#[tokio::test]
async fn another_format_is_left_behind_with_the_model_that_wrote_it() {
    let model = MockModel::start([
        Answer::new().say("first answer"),
        sealed(),
        Answer::new().say("second answer"),
        Answer::new().say("third answer"),
    ]);
    let config = Config {
        model: "gpt-6.2-sol".to_owned(),
        ..Config::default()
    };
    let home = super::remote_home(&model, &config);
    let (app, thread) = App::with_thread(&home).await;
    app.run_turn(&thread, "one").await;
    let turn = app
        .run_turn_with(&thread, "two", json!({"model": "gpt-5.5"}))
        .await;
    assert_eq!(turn.items()[0]["type"], "contextCompaction");
    let requests = model.requests();
    let models: Vec<_> = requests.iter().map(|request| &request.body["model"]).collect();
    assert_eq!(models, ["gpt-6.2-sol", "gpt-6.2-sol", "gpt-5.5"]);
    let described = metadata(&requests[1]);
    assert_eq!(described["compaction"]["reason"], "comp_hash_changed");
    assert_eq!(described["compaction"]["phase"], "pre_turn");
    // The switch is told behind the summary.
    assert_eq!(
        told(&requests[2]),
        ["rules", "place", "one", "compaction", "rules", "two"]
    );
    let turn = app.run_turn(&thread, "three").await;
    assert!(turn.items_of("contextCompaction").is_empty());
}

#[tokio::test]
async fn models_of_one_format_and_unknown_ones_go_on_with_the_history_as_it_is() {
    let model = MockModel::start("ok");
    let config = Config {
        model: "gpt-6.2-sol".to_owned(),
        ..Config::default()
    };
    let home = super::remote_home(&model, &config);
    let (app, thread) = App::with_thread(&home).await;
    app.run_turn(&thread, "one").await;
    for next in ["gpt-5.6-sol", "gpt-of-elsewhere", "gpt-5.5"] {
        let turn = app.run_turn_with(&thread, "more", json!({"model": next})).await;
        assert!(turn.items_of("contextCompaction").is_empty(), "{next}");
    }
    assert_eq!(model.requests().len(), 4);
}

#[tokio::test]
async fn a_smaller_model_gets_a_summary_of_the_larger_one() {
    let model = MockModel::start([
        with_tokens(Answer::new().say("first answer"), 300_000),
        Answer::new().say("what was done"),
        Answer::new().say("second answer"),
        with_tokens(Answer::new().say("third answer"), 1_000),
        Answer::new().say("fourth answer"),
    ]);
    let config = Config {
        model: "gpt-6.1-sol".to_owned(),
        ..Config::default()
    };
    let home = Home::with(&model, &config);
    let (app, thread) = App::with_thread(&home).await;
    app.run_turn(&thread, "one").await;
    app.run_turn_with(&thread, "two", json!({"model": "gpt-6-sol"}))
        .await;
    let requests = model.requests();
    assert_eq!(requests[1].body["model"], "gpt-6.1-sol");
    assert_eq!(metadata(&requests[1])["compaction"]["reason"], "model_downshift");
    assert_eq!(requests[2].body["model"], "gpt-6-sol");
    let turn = app
        .run_turn_with(&thread, "three", json!({"model": "gpt-6.1-sol"}))
        .await;
    assert!(
        turn.items_of("contextCompaction").is_empty(),
        "what fits is left as it is"
    );
}

#[tokio::test]
async fn summing_up_in_vain_ends_after_three_times() {
    let call = |number: usize| {
        let call = Answer::new().call(&format!("c{number}"), "exec_command", json!({"cmd": "true"}));
        with_tokens(call, 60_000)
    };
    let mut answers = vec![call(0)];
    for number in 1..4 {
        answers.push(Answer::new().say("what was done"));
        answers.push(call(number));
    }
    answers.push(Answer::new().say("all done"));
    let model = MockModel::start(answers);
    let home = Home::with(&model, &limited(50_000));
    let (app, thread) = App::with_thread(&home).await;
    let turn = app.run_turn(&thread, "one").await;
    assert_eq!((turn.status(), turn.text().as_str()), ("completed", "all done"));
    assert_eq!(turn.items_of("contextCompaction").len(), 3);
    let warnings = turn.all("warning");
    let told = warnings
        .iter()
        .filter(|warning| warning["message"].as_str().unwrap().contains("3 times in a row"));
    assert_eq!(told.count(), 1, "{warnings:?}");
}

#[tokio::test]
async fn between_compactions_each_request_begins_with_the_one_before_byte_by_byte() {
    let mut script = Script::new();
    for turn in 0..12u64 {
        let id = format!("c{turn}");
        let call = Answer::new()
            .reason("thinking")
            .say_as("commentary", "I look around")
            .call(&id, "exec_command", json!({"cmd": format!("echo {turn}")}));
        let last = with_tokens(
            Answer::new().say("done"),
            if turn % 4 == 3 { 60_000 } else { 10_000 + turn },
        );
        script = script.then(call).then(last);
    }
    let sum_up = codex_core::mock_model::Condition::input("is about to be replaced");
    script
        .answers
        .push_front(Answer::new().say("what was done").when(sum_up).always());
    let model = MockModel::start(script);
    let home = Home::with(&model, &limited(50_000));
    let (app, thread) = App::with_thread(&home).await;
    for turn in 0..12 {
        let settings = if turn == 6 {
            json!({"sandboxPolicy": {"type": "readOnly"}})
        } else {
            json!({})
        };
        app.run_turn_with(&thread, &format!("turn {turn}"), settings)
            .await;
    }
    let requests = model.requests();
    let bytes = |input: &[Value]| input.iter().map(Value::to_string).collect::<Vec<_>>();
    let (mut compactions, mut continued) = (0, 0);
    let mut before: Vec<String> = Vec::new();
    for request in &requests {
        let mut input = bytes(request.input());
        if metadata(request)["request_kind"] == "compaction" {
            input.pop();
            assert!(
                input.starts_with(&before),
                "a summary is asked for behind the history"
            );
            compactions += 1;
            before.clear();
            continue;
        }
        assert!(
            input.starts_with(&before),
            "request {continued} changes what was sent before"
        );
        continued += 1;
        before = input;
    }
    assert_eq!((compactions, continued), (2, 24));
}
