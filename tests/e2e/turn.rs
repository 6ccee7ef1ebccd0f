//! Turns: what is announced in which order, and what the model is asked (docs/contract/turns.md#turn-start, docs/contract/turns.md#sequence, docs/contract/turns.md#reasoning).

mod citations;
mod control;
mod errors;
mod overrides;
mod plans;
mod raw_events;
mod retries;
mod sent_back;
mod settings;
mod stream_fuzz;
mod tool_output;
mod web_search;

use codex_core::mock_model::{Answer, Complete, MockModel, Reason, Say, Step};
use serde_json::{Value, json};

use crate::support::{App, Home};

#[tokio::test]
async fn a_plain_turn_announces_its_parts_in_order() {
    let model = MockModel::start(Answer::new().say_in("Hello there", 2));
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    let turn = app.run_turn(&thread, "Hi").await;
    assert_eq!(turn.status(), "completed");
    assert_eq!(
        turn.turn_methods(),
        [
            "turn/started",
            "item/started",
            "item/completed",
            "item/started",
            "item/agentMessage/delta",
            "item/agentMessage/delta",
            "item/completed",
            "turn/completed",
        ]
    );
    let statuses: Vec<_> = turn
        .all("thread/status/changed")
        .iter()
        .map(|params| &params["status"]["type"])
        .collect();
    assert_eq!(statuses, ["active", "idle"]);
    let methods = turn.methods();
    let place = |method| methods.iter().position(|found| *found == method).unwrap();
    assert!(place("thread/status/changed") < place("turn/started"));
    assert!(place("thread/tokenUsage/updated") < place("turn/completed"));
    assert!(
        methods.ends_with(&["thread/status/changed", "turn/completed"]),
        "{methods:?}"
    );

    assert_eq!(turn.items().len(), 2);
    let user = turn.items_of("userMessage").pop().unwrap();
    assert_eq!(user["content"][0]["text"], "Hi");
    let message = turn.items_of("agentMessage").pop().unwrap();
    assert_eq!(message["text"], "Hello there");
    assert_eq!(turn.streamed("item/agentMessage/delta"), "Hello there");
    let ids: Vec<_> = turn
        .all("item/agentMessage/delta")
        .iter()
        .map(|params| &params["itemId"])
        .collect();
    assert_eq!(ids, [&message["id"], &message["id"]]);
    assert_eq!(turn.turn["itemsView"], "summary");
    assert_eq!(turn.turn["items"][0]["text"], "Hello there");
    assert!(turn.turn["durationMs"].is_u64());
}

#[tokio::test]
async fn the_answer_to_turn_start_precedes_every_notification_of_the_turn() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    let turn = app.run_turn(&thread, "Hi").await;
    let answer = turn
        .frames
        .iter()
        .position(|frame| frame.json.get("result").is_some())
        .unwrap();
    let first = turn
        .frames
        .iter()
        .position(|frame| frame.params()["turnId"].is_string())
        .unwrap();
    let started = turn
        .frames
        .iter()
        .position(|frame| frame.method() == "turn/started")
        .unwrap();
    assert!(answer < started && answer < first);
    let result = &turn.frames[answer].json["result"]["turn"];
    assert_eq!(result["status"], "inProgress");
    assert_eq!(
        (&result["items"], &result["itemsView"]),
        (&json!([]), &json!("notLoaded"))
    );
    assert_eq!(result["id"], turn.id.as_str());
}

#[tokio::test]
async fn the_model_is_asked_with_instructions_tools_and_the_users_words() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    app.run_turn(&thread, "Count the files").await;
    let requests = model.requests();
    let body = &requests[0].body;
    assert_eq!(body["model"], "gpt-5.2-codex");
    assert_eq!((&body["stream"], &body["store"]), (&json!(true), &json!(false)));
    assert_eq!(body["prompt_cache_key"], thread.as_str());
    assert_eq!(body["tool_choice"], "auto");
    assert!(
        body["instructions"].as_str().is_some_and(|text| text.len() > 200),
        "{body}"
    );
    assert!(
        body["tools"]
            .as_array()
            .unwrap()
            .iter()
            .any(|tool| tool["name"] == "exec_command")
    );
    let last = requests[0].input().last().unwrap();
    assert_eq!(
        (&last["role"], &last["content"][0]["text"]),
        (&json!("user"), &json!("Count the files"))
    );
    let context = body["input"].to_string();
    assert!(context.contains("<environment_context>"));
    assert!(context.contains(home.work().to_str().unwrap()));
    assert_eq!(requests[0].header("accept"), Some("text/event-stream"));
    assert_eq!(requests[0].header("thread-id"), Some(thread.as_str()));
    assert_eq!(requests[0].header("originator"), Some("e2e"));
    assert_eq!(requests[0].header("authorization"), None);
}

#[tokio::test]
async fn the_next_request_begins_with_all_of_the_one_before() {
    let model = MockModel::start([Answer::from("First answer"), Answer::from("Second answer")]);
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    app.run_turn(&thread, "one").await;
    app.run_turn(&thread, "two").await;
    let requests = model.requests();
    let (first, second) = (requests[0].input(), requests[1].input());
    assert_eq!(second[..first.len()], *first);
    let rest: Vec<_> = second[first.len()..]
        .iter()
        .map(|item| (&item["role"], &item["content"][0]["text"]))
        .collect();
    assert_eq!(
        rest,
        [
            (&json!("assistant"), &json!("First answer")),
            (&json!("user"), &json!("two"))
        ]
    );
    for fixed in ["instructions", "tools", "prompt_cache_key", "model"] {
        assert_eq!(requests[0].body[fixed], requests[1].body[fixed], "{fixed}");
    }
}

#[tokio::test]
async fn reasoning_is_an_item_with_sections_and_raw_text() {
    let reason = Reason {
        deltas: 3,
        raw: Some("deep thought".into()),
        ..Reason::new("I should look first")
    };
    let model = MockModel::start(Answer::new().step(Step::Reason(reason)).say("Done"));
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    let turn = app.run_turn(&thread, "Think").await;
    let kinds: Vec<_> = turn.turn_methods();
    let reasoning: Vec<_> = kinds
        .iter()
        .filter(|method| method.starts_with("item/reasoning/"))
        .collect();
    assert_eq!(
        reasoning,
        [
            &"item/reasoning/textDelta",
            &"item/reasoning/summaryPartAdded",
            &"item/reasoning/summaryTextDelta",
            &"item/reasoning/summaryTextDelta",
            &"item/reasoning/summaryTextDelta",
        ]
    );
    assert_eq!(
        turn.streamed("item/reasoning/summaryTextDelta"),
        "I should look first"
    );
    assert_eq!(turn.all("item/reasoning/summaryTextDelta")[0]["summaryIndex"], 0);
    assert_eq!(turn.all("item/reasoning/textDelta")[0]["contentIndex"], 0);
    let item = turn.items_of("reasoning")[0];
    assert_eq!(item["id"], "rs-1-0");
    assert_eq!(
        (&item["summary"], &item["content"]),
        (&json!(["I should look first"]), &json!(["deep thought"]))
    );

    app.run_turn(&thread, "Again").await;
    let requests = model.requests();
    let back = requests[1].input_of("reasoning");
    assert_eq!(back[0]["encrypted_content"], "sealed-rs-1-0");
}

#[tokio::test]
async fn a_remark_is_not_the_answer_of_a_turn() {
    // What the model says, the answer in `turn/completed`, the answer in summaries.
    type Said = (Option<&'static str>, &'static str);
    let cases: [(&[Said], Option<&str>, Option<&str>); 6] = [
        (
            &[(Some("final_answer"), "a"), (Some("commentary"), "b")],
            Some("a"),
            Some("a"),
        ),
        (&[(Some("commentary"), "b")], None, None),
        (&[(None, "a"), (Some("commentary"), "b")], Some("a"), Some("a")),
        (&[(Some("final_answer"), "a"), (None, "b")], Some("b"), Some("a")),
        (&[(None, "")], None, Some("")),
        (&[(None, " \n")], None, Some(" \n")),
    ];
    for (said, answer, summary) in cases {
        let script = said
            .iter()
            .fold(Answer::new(), |script, (phase, text)| match phase {
                Some(phase) => script.say_as(phase, text),
                None => script.say(text),
            });
        let model = MockModel::start(script);
        let home = Home::new(&model);
        let (app, thread) = App::with_thread(&home).await;
        let turn = app.run_turn(&thread, "Go").await;
        let items = turn.turn["items"].as_array().unwrap();
        assert_eq!(
            items.first().map(|item| item["text"].as_str().unwrap()),
            answer,
            "{said:?}"
        );
        let view = if answer.is_some() { "summary" } else { "notLoaded" };
        assert_eq!(turn.turn["itemsView"], view, "{said:?}");
        let page = app.call("thread/turns/list", json!({"threadId": thread})).await;
        let items = page["data"][0]["items"].as_array().unwrap();
        assert_eq!(items[0]["type"], "userMessage");
        assert_eq!(
            items.get(1).map(|item| item["text"].as_str().unwrap()),
            summary,
            "{said:?}"
        );
        app.stop().await;
    }
}

#[tokio::test]
async fn a_response_without_counts_repeats_those_that_are_known() {
    let bare = json!({"type": "response.completed", "response": {"id": "r"}});
    let message = json!({"type": "response.output_item.done", "item": {"type": "message", "id": "m",
        "role": "assistant", "content": [{"type": "output_text", "text": "b"}]}});
    let limit = json!({"error": {"type": "usage_limit_reached", "message": "x"}});
    let model = MockModel::start([
        Answer::from("a"),
        Answer::events([message, bare]),
        Answer::status(429).body(limit),
    ]);
    let home = Home::new(&model);
    let (app, thread) = App::with_thread(&home).await;
    let counted = app.run_turn(&thread, "One").await;
    let counts = counted.all("thread/tokenUsage/updated")[0]["tokenUsage"].clone();
    for text in ["Two", "Three"] {
        let turn = app.run_turn(&thread, text).await;
        let told = turn.all("thread/tokenUsage/updated");
        assert_eq!(told.len(), 1, "{text}");
        assert_eq!(told[0]["tokenUsage"], counts, "{text}");
    }
    app.stop().await;
}

#[tokio::test]
async fn several_messages_are_several_items_with_their_phases() {
    let model = MockModel::start(
        Answer::new()
            .say_as("commentary", "Looking")
            .say_as("final_answer", "Found it"),
    );
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    let turn = app.run_turn(&thread, "Look").await;
    let messages: Vec<_> = turn
        .items_of("agentMessage")
        .iter()
        .map(|item| (item["text"].as_str().unwrap(), item["phase"].as_str().unwrap()))
        .collect();
    assert_eq!(
        messages,
        [("Looking", "commentary"), ("Found it", "final_answer")]
    );
    assert_eq!(turn.turn["items"].as_array().unwrap().len(), 1);
    assert_eq!(turn.turn["items"][0]["text"], "Found it");
    app.run_turn(&thread, "Again").await;
    let requests = model.requests();
    let sent: Vec<_> = requests[1]
        .input()
        .iter()
        .filter(|item| item["role"] == "assistant")
        .collect();
    assert_eq!(
        (&sent[0]["phase"], &sent[1]["phase"]),
        (&json!("commentary"), &json!("final_answer"))
    );
}

#[tokio::test]
async fn a_message_that_comes_whole_still_starts_and_completes() {
    let say = Say {
        deltas: 0,
        ..Say::new("All at once")
    };
    let model = MockModel::start(Answer::new().step(Step::Say(say)));
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    let turn = app.run_turn(&thread, "Hi").await;
    let started = turn.all("item/started");
    assert_eq!(started[1]["item"]["text"], "All at once");
    assert_eq!(turn.text(), "All at once");
    assert!(turn.all("item/agentMessage/delta").is_empty());
}

#[tokio::test]
async fn parallel_calls_are_answered_in_the_order_of_the_calls() {
    let model = MockModel::start([
        Answer::new()
            .call("slow", "exec_command", json!({"cmd": "sleep 0.3; echo slow"}))
            .call("quick", "exec_command", json!({"cmd": "echo quick"})),
        Answer::from("Both ran"),
    ]);
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    let turn = app.run_turn(&thread, "Run both").await;
    assert_eq!(turn.text(), "Both ran");
    let requests = model.requests();
    let tail: Vec<_> = requests[1].input().iter().rev().take(4).rev().collect();
    let shape: Vec<_> = tail
        .iter()
        .map(|item| (item["type"].as_str().unwrap(), item["call_id"].as_str().unwrap()))
        .collect();
    assert_eq!(
        shape,
        [
            ("function_call", "slow"),
            ("function_call", "quick"),
            ("function_call_output", "slow"),
            ("function_call_output", "quick")
        ]
    );
    let done: Vec<_> = turn
        .items_of("commandExecution")
        .iter()
        .map(|item| item["id"].as_str().unwrap())
        .collect();
    assert_eq!(
        done,
        ["quick", "slow"],
        "the quick one does not wait for the slow one"
    );
}

#[tokio::test]
async fn a_response_that_does_not_end_the_turn_is_followed_by_another_request() {
    let more = Complete {
        end_turn: Some(false),
        ..Complete::default()
    };
    let model = MockModel::start([
        Answer::new().say("part one").complete(more),
        Answer::from("part two"),
    ]);
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    let turn = app.run_turn(&thread, "Go").await;
    assert_eq!(turn.status(), "completed");
    assert_eq!(turn.text(), "part onepart two");
    let requests = model.requests();
    assert_eq!(requests.len(), 2);
    assert_eq!(
        requests[1].input().last().unwrap()["content"][0]["text"],
        "part one"
    );
}

#[tokio::test]
async fn usage_is_added_up_over_the_thread() {
    let counted = |input_tokens, output_tokens| Complete {
        input_tokens,
        cached_tokens: 3,
        output_tokens,
        reasoning_tokens: 2,
        ..Complete::default()
    };
    let model = MockModel::start([
        Answer::new().say("one").complete(counted(100, 10)),
        Answer::new().say("two").complete(counted(200, 20)),
        Answer::new().say("three").complete(Complete {
            no_usage: true,
            ..Complete::default()
        }),
    ]);
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    app.run_turn(&thread, "1").await;
    let turn = app.run_turn(&thread, "2").await;
    let usage = &turn.all("thread/tokenUsage/updated")[0]["tokenUsage"];
    assert_eq!(usage["last"]["totalTokens"], 220);
    assert_eq!(usage["total"]["totalTokens"], 330);
    assert_eq!(usage["total"]["inputTokens"], 300);
    assert_eq!(usage["total"]["cachedInputTokens"], 6);
    assert_eq!(usage["total"]["outputTokens"], 30);
    assert_eq!(usage["total"]["reasoningOutputTokens"], 4);
    assert!(usage["modelContextWindow"].as_u64().unwrap() > 100_000);
    let silent = app.run_turn(&thread, "3").await;
    for params in silent.all("thread/tokenUsage/updated") {
        assert_eq!(
            params["tokenUsage"]["total"], usage["total"],
            "nothing to count, nothing counted"
        );
    }
}

#[tokio::test]
async fn an_unknown_tool_is_told_to_the_model_and_the_turn_goes_on() {
    let model = MockModel::start([
        Answer::new().call("c1", "make_coffee", json!({"strength": 3})),
        Answer::new().call("c2", "exec_command", Value::from("{\"cmd\": 5}")),
        Answer::from("Then not"),
    ]);
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    let turn = app.run_turn(&thread, "Coffee").await;
    assert_eq!((turn.status(), turn.text().as_str()), ("completed", "Then not"));
    let requests = model.requests();
    assert_eq!(
        requests[1].tool_output("c1"),
        Some("unsupported call: make_coffee")
    );
    let output = requests[2].tool_output("c2").unwrap();
    assert!(
        output.starts_with("failed to parse function arguments: "),
        "{output}"
    );
}

#[tokio::test]
async fn a_turn_without_input_runs_without_a_user_message() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    let turn = app.run_turn_with(&thread, "", json!({"input": []})).await;
    assert_eq!(turn.status(), "completed");
    assert!(turn.items_of("userMessage").is_empty());
}

#[tokio::test]
async fn the_clients_message_id_is_echoed_in_the_item() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    let turn = app
        .run_turn_with(&thread, "Hi", json!({"clientUserMessageId": "mine-1"}))
        .await;
    assert_eq!(turn.items_of("userMessage")[0]["clientId"], "mine-1");
}

#[tokio::test]
async fn turns_that_cannot_start_are_refused() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    let input = json!([{"type": "text", "text": "Hi"}]);
    let unknown = "01a1fb40-238b-7992-9277-2392524502b6";
    let error = app
        .call_err("turn/start", json!({"threadId": unknown, "input": input}))
        .await;
    assert_eq!(
        (error.code, error.message.as_str()),
        (-32600, format!("thread not found: {unknown}").as_str())
    );
    let error = app
        .call_err("turn/start", json!({"threadId": "nonsense", "input": input}))
        .await;
    assert!(
        error.code == -32600 && error.message.starts_with("invalid thread id"),
        "{error:?}"
    );
    let long = json!([{"type": "text", "text": "x".repeat(1_048_577)}]);
    let error = app
        .call_err("turn/start", json!({"threadId": thread, "input": long}))
        .await;
    assert_eq!(error.code, -32602);
    assert_eq!(error.data["input_error_code"], "input_too_large");
    assert_eq!(
        (&error.data["max_chars"], &error.data["actual_chars"]),
        (&json!(1_048_576), &json!(1_048_577))
    );
    let image = json!([{"type": "image", "url": "https://example.com/a.png"}]);
    let error = app
        .call_err("turn/start", json!({"threadId": thread, "input": image}))
        .await;
    assert_eq!(error.code, -32600);
    assert!(model.requests().is_empty());
}
