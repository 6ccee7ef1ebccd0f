//! Choices of turn/start: some stay, some are for one turn (docs/contract/turns.md#turn-start).

use codex_core::mock_model::{Answer, MockModel};
use serde_json::json;

use crate::support::{App, Home};

#[tokio::test]
async fn model_and_effort_stay_for_later_turns() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    let choices = json!({"model": "gpt-5.1", "effort": "high", "summary": "detailed"});
    let turn = app.run_turn_with(&thread, "one", choices).await;
    let settings = turn.all("thread/settings/updated");
    assert_eq!(settings.len(), 1, "told once");
    let methods = turn.methods();
    let place = |method| methods.iter().position(|found| *found == method).unwrap();
    assert!(place("thread/settings/updated") < place("turn/started"));
    let next = app.run_turn(&thread, "two").await;
    assert!(next.all("thread/settings/updated").is_empty());
    for request in model.requests() {
        assert_eq!(request.body["model"], "gpt-5.1");
        assert_eq!(request.body["reasoning"]["effort"], "high");
    }
    let other = app
        .run_turn_with(&thread, "three", json!({"model": "gpt-5.5"}))
        .await;
    let told = other.all("thread/settings/updated")[0];
    assert_eq!(told["threadSettings"]["effort"], "high", "{told}");
    let request = model.requests().pop().unwrap();
    assert_eq!(request.body["model"], "gpt-5.5");
    assert_eq!(request.body["reasoning"]["effort"], "high");
}

#[tokio::test]
async fn the_effort_ultra_is_sent_as_the_catalogue_says_else_as_the_strongest_that_the_model_has() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({"model": "gpt-5.6-sol"})).await;
    for choices in [json!({"effort": "ultra"}), json!({"model": "gpt-5.5"})] {
        app.run_turn_with(&thread, "go", choices).await;
    }
    let sent: Vec<_> = model
        .requests()
        .iter()
        .map(|request| request.body["reasoning"]["effort"].clone())
        .collect();
    // The history is summed up by the first model for the second one.
    assert_eq!(sent, ["max", "max", "xhigh"]);
    for (model_of_choice, expected) in [("gpt-6.1-sol", "xhigh"), ("gpt-6-sol", "max")] {
        let thread = app.start_thread(json!({"model": model_of_choice})).await;
        for (chosen, sent) in [("ultra", expected), ("max", "max")] {
            app.run_turn_with(&thread, "go", json!({"effort": chosen})).await;
            let request = model.requests().pop().unwrap();
            assert_eq!(request.body["reasoning"]["effort"], sent, "{model_of_choice}");
        }
    }
}

#[tokio::test]
async fn the_old_name_of_a_service_tier_is_told_and_sent_as_the_new_one() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let started = app
        .call("thread/start", json!({"model": "gpt-5.5", "serviceTier": "fast"}))
        .await;
    assert_eq!(started["serviceTier"], "priority");
    let thread = started["thread"]["id"].as_str().unwrap();
    app.run_turn(thread, "one").await;
    let turn = app
        .run_turn_with(thread, "two", json!({"serviceTier": "flex"}))
        .await;
    let told = turn.all("thread/settings/updated")[0];
    assert_eq!(told["threadSettings"]["serviceTier"], "flex");
    let turn = app
        .run_turn_with(thread, "three", json!({"serviceTier": "fast"}))
        .await;
    let told = turn.all("thread/settings/updated")[0];
    assert_eq!(told["threadSettings"]["serviceTier"], "priority");
    let sent: Vec<_> = model
        .requests()
        .iter()
        .map(|request| request.body["service_tier"].clone())
        .collect();
    assert_eq!(sent, ["priority", "flex", "priority"]);
}

#[tokio::test]
async fn a_service_tier_that_the_model_is_not_offered_in_is_told_and_not_sent_until_another_model_has_it() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let start = json!({"model": "nobody-knows", "serviceTier": "priority"});
    let started = app.call("thread/start", start).await;
    assert!(started["serviceTier"].is_null(), "{started}");
    let thread = started["thread"]["id"].as_str().unwrap();
    let warning = app
        .wait_where("warning", |params| {
            params["message"]
                .as_str()
                .is_some_and(|text| text.contains("service tier"))
        })
        .await;
    let message = warning["message"].as_str().unwrap();
    assert!(
        message.contains("`priority`") && message.contains("`nobody-knows`"),
        "{message}"
    );
    app.run_turn(thread, "one").await;
    for (name, more) in [
        ("two", json!({"serviceTierForTurn": "flex"})),
        ("three", json!({"serviceTierForTurn": "none-has-it"})),
        ("four", json!({"model": "gpt-5.5"})),
    ] {
        app.run_turn_with(thread, name, more).await;
    }
    let sent: Vec<_> = model
        .requests()
        .iter()
        .map(|request| request.body.get("service_tier").cloned())
        .collect();
    assert_eq!(sent, [None, Some("flex".into()), None, Some("priority".into())]);
}

#[tokio::test]
async fn items_put_in_before_the_first_turn_come_behind_what_the_model_is_told_of_its_surroundings() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    let item =
        json!({"type": "message", "role": "user", "content": [{"type": "input_text", "text": "put in"}]});
    let params = json!({"threadId": thread, "items": [item]});
    app.call("thread/inject_items", params).await;
    app.run_turn(&thread, "said").await;
    app.stop().await;
    let app = App::start(&home).await;
    app.call("thread/resume", json!({"threadId": thread})).await;
    app.run_turn(&thread, "said later").await;

    for request in model.requests() {
        let input = request.input();
        let place = |text: &str| {
            input
                .iter()
                .position(|item| item.to_string().contains(text))
                .unwrap_or_else(|| panic!("{text} in {input:?}"))
        };
        assert!(place("<environment_context>") < place("put in"));
        assert!(place("put in") < place("said"));
        let told = input
            .iter()
            .filter(|item| item.to_string().contains("<environment_context>"));
        assert_eq!(told.count(), 1, "it is told once");
    }
}

#[tokio::test]
async fn items_put_in_while_a_turn_runs_are_read_by_the_model_before_it_ends() {
    let model = MockModel::start([
        Answer::new().say("half done").wait(1000),
        Answer::from("all done"),
    ]);
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    let running = app.start_turn(&thread, "go").await;
    app.wait_for("item/agentMessage/delta").await;
    let content = json!([{"type": "input_text", "text": "put in"}]);
    let item = json!({"type": "message", "role": "developer", "content": content});
    let params = json!({"threadId": thread, "items": [item]});
    app.call("thread/inject_items", params).await;
    let turn = app.end_of(running).await;
    assert_eq!(turn.items_of("agentMessage").len(), 2);
    let requests = model.requests();
    assert_eq!(requests.len(), 2);
    let told: Vec<_> = requests[1].input().iter().rev().take(2).collect();
    assert!(told[0].to_string().contains("put in"), "{told:?}");
    assert!(told[1].to_string().contains("half done"), "{told:?}");
}

#[tokio::test]
async fn a_project_document_that_changed_while_the_thread_was_not_loaded_is_told_once() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let document = home.work().join("AGENTS.md");
    std::fs::write(&document, "first text").unwrap();
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({"cwd": home.work()})).await;
    app.run_turn(&thread, "one").await;
    app.stop().await;
    for (text, expected) in [(Some("second text"), "second text"), (None, "no longer")] {
        match text {
            Some(text) => std::fs::write(&document, text).unwrap(),
            None => std::fs::remove_file(&document).unwrap(),
        }
        let app = App::start(&home).await;
        app.call("thread/resume", json!({"threadId": thread})).await;
        let before = model.requests().pop().unwrap().input().len();
        app.run_turn(&thread, "more").await;
        app.run_turn(&thread, "and more").await;
        let request = model.requests().pop().unwrap();
        let news = request.input()[before..].iter();
        let told = news.filter(|item| item.to_string().contains(expected));
        assert_eq!(told.count(), 1, "{expected}: {:?}", request.input());
        app.stop().await;
    }
}

#[tokio::test]
async fn the_working_folder_stays_and_the_model_is_told() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let other = home.path().join("other");
    std::fs::create_dir(&other).unwrap();
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    app.run_turn(&thread, "one").await;
    app.run_turn_with(&thread, "two", json!({ "cwd": other })).await;
    app.run_turn(&thread, "three").await;
    let requests = model.requests();
    let contexts = |index: usize| {
        requests[index].body["input"]
            .to_string()
            .matches("<environment_context>")
            .count()
    };
    assert_eq!(
        (contexts(0), contexts(1), contexts(2)),
        (1, 2, 2),
        "told when it changes, and only then"
    );
    assert!(
        requests[1].body["input"]
            .to_string()
            .contains(other.to_str().unwrap())
    );
}

#[tokio::test]
async fn an_output_schema_is_for_one_turn() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    let schema = json!({"type": "object", "properties": {"answer": {"type": "string"}}, "required": ["answer"],
        "additionalProperties": false});
    app.run_turn_with(&thread, "one", json!({ "outputSchema": schema }))
        .await;
    app.run_turn(&thread, "two").await;
    let requests = model.requests();
    let format = &requests[0].body["text"]["format"];
    assert_eq!(
        *format,
        json!({"type": "json_schema", "strict": true, "name": "codex_output_schema", "schema": schema})
    );
    assert!(requests[1].body["text"]["format"].is_null());
}

#[tokio::test]
async fn a_sandbox_and_policy_choice_stays() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    let choices = json!({"approvalPolicy": "on-request", "sandboxPolicy": {"type": "readOnly"}});
    let turn = app.run_turn_with(&thread, "one", choices).await;
    let settings = turn.all("thread/settings/updated")[0]["threadSettings"].clone();
    assert_eq!(settings["approvalPolicy"], "on-request");
    assert_eq!(settings["sandboxPolicy"]["type"], "readOnly");
    let again = json!({"approvalPolicy": "on-request"});
    let turn = app.run_turn_with(&thread, "two", again).await;
    assert!(
        turn.all("thread/settings/updated").is_empty(),
        "nothing changed, nothing said"
    );
}

#[tokio::test]
async fn additional_context_is_sent_once_while_it_stays_the_same() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    let context = json!({"additionalContext": {"open_file": {"value": "src/lib.rs", "kind": "application"}}});
    app.run_turn_with(&thread, "one", context.clone()).await;
    app.run_turn_with(&thread, "two", context).await;
    let requests = model.requests();
    for request in &requests {
        let input = request.body["input"].to_string();
        assert_eq!(input.matches("<open_file>src/lib.rs</open_file>").count(), 1);
    }
}

#[tokio::test]
async fn context_that_was_left_out_is_sent_again() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let (app, thread) = App::with_thread(&home).await;
    let context = json!({"additionalContext": {"k": {"value": "told", "kind": "application"}}});
    for more in [
        context.clone(),
        context.clone(),
        json!({"additionalContext": {}}),
        context,
    ] {
        app.run_turn_with(&thread, "Go", more).await;
    }
    let requests = model.requests();
    let counts = requests
        .iter()
        .map(|request| request.body.to_string().matches("<k>told</k>").count());
    assert_eq!(counts.collect::<Vec<_>>(), [1, 1, 1, 2]);
}

#[tokio::test]
async fn context_has_names_that_servers_take_and_loses_its_middle_where_it_is_long() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let (app, thread) = App::with_thread(&home).await;
    let untrusted = |value: &str| json!({"value": value, "kind": "untrusted"});
    let long = "x".repeat(5000);
    let context = json!({
        "": untrusted("none"), "a b.c/d_1": untrusted("odd"), "\u{e9}": untrusted("foreign"),
        "long": untrusted(&long), "more": {"value": long, "kind": "application"},
        "whole": untrusted(&"y".repeat(4000)),
    });
    app.run_turn_with(&thread, "Go", json!({"additionalContext": context}))
        .await;
    let requests = model.requests();
    let outputs = requests[0].input_of("function_call_output");
    let named: Vec<_> = outputs
        .iter()
        .map(|item| (item["name"].as_str().unwrap(), item["output"].as_str().unwrap()))
        .collect();
    let half = "x".repeat(2000);
    let cut = format!("{half}…250 tokens truncated…{half}");
    let whole = "y".repeat(4000);
    assert_eq!(
        named,
        [
            ("untrusted_content", "none"),
            ("a_bcd_1", "odd"),
            ("long", &cut),
            ("whole", &whole),
            ("untrusted_content", "foreign"),
        ]
    );
    let trusted = format!("<more>{cut}</more>");
    assert!(requests[0].body.to_string().contains(&trusted));
}

#[tokio::test]
async fn what_would_be_unsafe_to_ignore_is_refused() {
    let home = Home::empty();
    let (app, thread) = App::with_thread(&home).await;
    let text = |text: &str| json!([{"type": "text", "text": text}]);
    let turns = [
        (
            json!({"threadId": "zz", "input": []}),
            -32600,
            "invalid thread id: ",
        ),
        (
            json!({"threadId": "00000000-0000-0000-0000-000000000000", "input": []}),
            -32600,
            "thread not found: 00000000-0000-0000-0000-000000000000",
        ),
        (
            json!({"threadId": thread, "input": [{"type": "image", "url": "https://example.com/x.png"}]}),
            -32600,
            "remote image URLs are not supported; use an inline data URL instead",
        ),
        (
            json!({"threadId": thread, "input": text(&"x".repeat((1 << 20) + 1))}),
            -32602,
            "Input exceeds the maximum length",
        ),
        (
            json!({"threadId": thread, "input": [], "permissions": ":workspace", "sandboxPolicy": {"type": "readOnly"}}),
            -32600,
            "`permissions` cannot be combined with `sandboxPolicy`",
        ),
        (
            json!({"threadId": thread, "input": [], "runtimeWorkspaceRoots": ["a"]}),
            -32602,
            "Invalid params",
        ),
    ];
    for (params, code, message) in turns {
        let error = app.call_err("turn/start", params).await;
        assert_eq!(error.code, code, "{}", error.message);
        assert!(error.message.starts_with(message), "{}", error.message);
    }
    let steer = json!({"threadId": thread, "expectedTurnId": "x", "input": []});
    assert_eq!(app.call_err("turn/steer", steer).await.code, -32600);
}
