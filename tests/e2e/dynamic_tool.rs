//! Tools that the client carries out (docs/contract/tools.md#dynamic-tools).

use codex_core::mock_model::{Answer, MockModel};
use serde_json::{Value, json};

use crate::support::{App, Home, TurnRun};

fn tool(name: &str) -> Value {
    json!({"type": "function", "name": name, "description": "Looks", "inputSchema": {"type": "object"}})
}

/// Runs a turn in which the model calls a tool and the client answers with this. Gives what the model read.
async fn call(answer: Result<Value, i64>) -> (TurnRun, Value) {
    let model = MockModel::start([
        Answer::new().call("c1", "look", json!({"at": "x"})),
        Answer::from("Seen"),
    ]);
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({"dynamicTools": [tool("look")]})).await;
    let running = app.start_turn(&thread, "Look").await;
    let request = app.server_request("item/tool/call").await;
    let turn_id = request.params["turnId"].clone();
    assert_eq!(
        request.params,
        json!({"threadId": thread, "turnId": turn_id, "callId": "c1", "namespace": null, "tool": "look",
               "arguments": {"at": "x"}})
    );
    match answer {
        Ok(result) => app.respond(&request, result).await,
        Err(code) => app.respond_error(&request, code, "no").await,
    }
    let turn = app.end_of(running).await;
    assert_eq!(turn.status(), "completed");
    assert!(
        turn.all("serverRequest/resolved").is_empty(),
        "the item says that it is over"
    );
    let body = model.requests()[1].body.clone();
    let input = body["input"].as_array().unwrap();
    let output = input
        .iter()
        .find(|item| item["type"] == "function_call_output")
        .unwrap();
    let output = output["output"].clone();
    app.stop().await;
    (turn, output)
}

#[tokio::test]
async fn the_client_carries_out_its_tools_and_the_model_reads_what_came_of_it() {
    let content = json!([{"type": "inputText", "text": "a cat"}]);
    let (turn, output) = call(Ok(json!({"contentItems": content, "success": true}))).await;
    assert_eq!(output, "a cat");
    let item = turn.items_of("dynamicToolCall")[0];
    assert_eq!(
        (
            &item["id"],
            &item["tool"],
            &item["status"],
            &item["success"],
            &item["contentItems"],
            &item["arguments"]
        ),
        (
            &json!("c1"),
            &json!("look"),
            &json!("completed"),
            &json!(true),
            &content,
            &json!({"at": "x"})
        )
    );
    assert!(item["durationMs"].is_u64());
}

#[tokio::test]
async fn images_reach_the_model_if_they_are_some() {
    let png = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==";
    let content = json!([
        {"type": "inputText", "text": "two"},
        {"type": "inputImage", "imageUrl": png},
        {"type": "inputImage", "imageUrl": "data:image/png;base64,bm9uZQ=="},
    ]);
    let (turn, output) = call(Ok(json!({"contentItems": content, "success": false}))).await;
    assert_eq!(
        output,
        json!([
            {"type": "input_text", "text": "two"},
            {"type": "input_image", "image_url": png, "detail": "high"},
            {"type": "input_text", "text": "An image was left out here: it is no PNG, JPEG, GIF or WebP image"},
        ])
    );
    assert_eq!(turn.items_of("dynamicToolCall")[0]["status"], "failed");
}

#[tokio::test]
async fn what_lies_elsewhere_fails_the_call_and_the_model_reads_why() {
    for (content, why) in [
        (
            json!({"type": "inputImage", "imageUrl": "HTTPS://example.com/a.png"}),
            "remote image URLs are not supported; use an inline data URL instead",
        ),
        (
            json!({"type": "inputAudio", "audioUrl": "https://example.com/a.wav"}),
            "audio URLs must use an inline data URL",
        ),
    ] {
        let content = json!([{"type": "inputText", "text": "a"}, content]);
        let (turn, output) = call(Ok(json!({"contentItems": content, "success": true}))).await;
        assert_eq!(output, why);
        let item = turn.items_of("dynamicToolCall")[0];
        assert_eq!(
            (&item["status"], &item["success"]),
            (&json!("failed"), &json!(false))
        );
        assert_eq!(item["contentItems"], json!([{"type": "inputText", "text": why}]));
    }
}

#[tokio::test]
async fn long_texts_lose_their_middle_and_nothing_else_is_said() {
    let text = |text: &str| json!({"type": "inputText", "text": text});
    let content = json!([text(&"a".repeat(60_000))]);
    let (_, output) = call(Ok(json!({"contentItems": content, "success": true}))).await;
    let half = "a".repeat(6_000);
    assert_eq!(output, format!("{half}…12000 tokens truncated…{half}"));
    let content = json!([text(""), text(&"a".repeat(12_000)), text("b"), text("c")]);
    let (_, output) = call(Ok(json!({"contentItems": content, "success": true}))).await;
    assert_eq!(
        output,
        json!([
            {"type": "input_text", "text": "a".repeat(12_000)},
            {"type": "input_text", "text": "[omitted 2 text items ...]"},
        ])
    );
}

#[tokio::test]
async fn what_is_no_answer_fails_the_call_alone() {
    let (turn, output) = call(Err(-32000)).await;
    assert_eq!(output, "dynamic tool request failed");
    assert_eq!(turn.items_of("dynamicToolCall")[0]["status"], "failed");
    let (turn, output) = call(Ok(json!({"content": 1}))).await;
    assert_eq!(output, "dynamic tool response was invalid");
    assert_eq!(turn.items_of("dynamicToolCall")[0]["status"], "failed");
}

#[tokio::test]
async fn an_interrupt_withdraws_the_call() {
    let model = MockModel::start([Answer::new().call("c1", "look", json!({})), Answer::from("Next")]);
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({"dynamicTools": [tool("look")]})).await;
    let running = app.start_turn(&thread, "Look").await;
    app.server_request("item/tool/call").await;
    let turn = app.interrupt(&thread, running).await;
    assert_eq!(turn.status(), "interrupted");
    let item = turn.items_of("dynamicToolCall")[0];
    assert_eq!(
        (&item["status"], &item["contentItems"], &item["success"]),
        (&json!("failed"), &json!([]), &json!(false))
    );
    assert_eq!(app.run_turn(&thread, "Go on").await.text(), "Next");
    app.stop().await;
}

#[tokio::test]
async fn both_formats_are_offered_to_the_model_and_survive_a_restart() {
    let model = MockModel::start(["One", "Two"]);
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let legacy = json!([{"name": "old", "description": "d", "inputSchema": {"type": "object"}}]);
    app.start_thread(json!({"dynamicTools": legacy})).await;
    let group = json!({"type": "namespace", "name": "ide", "description": "d", "tools": [tool("open")]});
    let thread = app
        .start_thread(json!({"dynamicTools": [tool("exec_command"), group]}))
        .await;
    app.run_turn(&thread, "Hi").await;
    app.stop().await;
    let app = App::start(&home).await;
    app.call("thread/resume", json!({"threadId": thread})).await;
    app.run_turn(&thread, "Hi again").await;
    app.stop().await;
    for request in model.requests() {
        let tools = request.body["tools"].as_array().unwrap();
        let named = |name: &str| {
            tools
                .iter()
                .filter(|tool| tool["name"] == name)
                .collect::<Vec<_>>()
        };
        assert_eq!(
            named("exec_command").len(),
            1,
            "the client's takes the place of ours"
        );
        assert_eq!(named("exec_command")[0]["description"], "Looks");
        assert_eq!(named("ide")[0]["tools"][0]["name"], "open");
    }
}

#[tokio::test]
async fn tools_without_a_type_may_name_their_namespaces() {
    let model = MockModel::start(["Done"]);
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let old = |name: &str, namespace: Value| json!({"name": name, "namespace": namespace, "description": "d", "inputSchema": {"type": "object"}});
    let tools = json!([
        old("open", json!("ide")),
        old("alone", Value::Null),
        old("shut", json!("ide"))
    ]);
    let thread = app.start_thread(json!({"dynamicTools": tools})).await;
    app.run_turn(&thread, "Hi").await;
    app.stop().await;
    let requests = model.requests();
    let told = |name: &str| {
        let tools = requests[0].body["tools"].as_array().unwrap();
        tools.iter().find(|tool| tool["name"] == name).unwrap().clone()
    };
    let members = told("ide")["tools"].as_array().unwrap().clone();
    let names: Vec<_> = members
        .iter()
        .map(|tool| tool["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["open", "shut"]);
    assert_eq!(told("alone")["type"], "function");
}

#[tokio::test]
async fn names_that_can_t_be_are_refused() {
    let home = Home::empty();
    let app = App::start(&home).await;
    let mut untyped = tool("b");
    untyped.as_object_mut().unwrap().remove("type");
    let cases = [
        (
            json!([tool("a b")]),
            "dynamic tool name must match ^[a-zA-Z0-9_-]+$ to match Responses API: a b",
        ),
        (json!([tool("a"), tool("a")]), "duplicate dynamic tool name: a"),
        (json!([tool("mcp__x")]), "dynamic tool name is reserved: mcp__x"),
        (
            json!([tool("a"), untyped]),
            "dynamic tools must use either canonical or legacy format consistently",
        ),
    ];
    for (tools, message) in cases {
        let error = app.call_err("thread/start", json!({"dynamicTools": tools})).await;
        assert!(error.message.contains(message), "{}", error.message);
    }
    app.stop().await;
}

#[tokio::test]
async fn deferred_tools_are_shown_once_the_model_has_searched_for_them() {
    let search = json!({
        "type": "tool_search_call", "call_id": "s1", "execution": "client", "status": "completed",
        "arguments": {"query": "open a file in the editor"},
    });
    let open = json!({
        "type": "function_call", "call_id": "c1", "namespace": "ide", "name": "open", "arguments": "{}",
    });
    let done = |item: Value| json!({"type": "response.output_item.done", "output_index": 0, "item": item});
    let model = MockModel::start([
        Answer::new().event(done(search)),
        Answer::new().event(done(open)),
        Answer::from("Done"),
        Answer::from("Again"),
    ]);
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let mut deferred = tool("open");
    deferred["deferLoading"] = json!(true);
    let group = |tools: Value| json!({"type": "namespace", "name": "ide", "description": "The editor.", "tools": tools});
    let error = app
        .call_err("thread/start", json!({"dynamicTools": [deferred.clone()]}))
        .await;
    assert_eq!(
        error.message,
        "deferred dynamic tool must include a namespace: open"
    );
    let tools = json!([group(json!([deferred, tool("shut")]))]);
    let thread = app
        .start_thread(json!({"model": "gpt-5.5", "dynamicTools": tools}))
        .await;
    let running = app.start_turn(&thread, "Open it").await;
    let request = app.server_request("item/tool/call").await;
    assert_eq!(
        (&request.params["namespace"], &request.params["tool"]),
        (&json!("ide"), &json!("open"))
    );
    app.respond(
        &request,
        json!({"contentItems": [{"type": "inputText", "text": "opened"}], "success": true}),
    )
    .await;
    assert_eq!(app.end_of(running).await.text(), "Done");
    app.run_turn(&thread, "And again").await;
    app.stop().await;
    let requests = model.requests();
    let shown = &requests[0].body["tools"];
    let names: Vec<_> = shown
        .as_array()
        .unwrap()
        .iter()
        .map(|tool| &tool["type"])
        .collect();
    assert!(names.contains(&&json!("tool_search")), "{shown}");
    let text = shown.to_string();
    assert!(text.contains("\"shut\"") && !text.contains("\"open\""), "{text}");
    let input = requests[0].body["input"].to_string();
    assert_eq!(input.matches("- ide: The editor.").count(), 1, "{input}");
    let output = &requests[1].body["input"].as_array().unwrap().last().unwrap();
    assert_eq!(
        (
            &output["type"],
            &output["call_id"],
            &output["tools"][0]["tools"][0]["name"]
        ),
        (&json!("tool_search_output"), &json!("s1"), &json!("open"))
    );
    assert_eq!(output["tools"][0]["tools"][0]["defer_loading"], true);
    let last = requests[3].body["input"].to_string();
    assert_eq!(last.matches("- ide: The editor.").count(), 1, "it is told once");
    assert_eq!(requests[3].body["tools"], *shown, "the prefix of requests stays");
}

#[tokio::test]
async fn a_model_can_tell_the_user_something_in_the_middle_of_a_turn() {
    let model = MockModel::start([
        Answer::new().call(
            "c1",
            "send_message_to_user_async",
            json!({"message": "Half done."}),
        ),
        Answer::new().call("c2", "send_message_to_user_async", json!({"message": " "})),
        Answer::from("All done."),
        Answer::from("Other"),
    ]);
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({"model": "gpt-6.2-sol"})).await;
    let turn = app.run_turn(&thread, "Work").await;
    let told = turn.items_of("agentMessage")[0].clone();
    assert_eq!(
        (&told["id"], &told["text"], &told["delivery"], &told["phase"]),
        (
            &json!("c1"),
            &json!("Half done."),
            &json!("async"),
            &json!("final_answer")
        )
    );
    assert_eq!(turn.items_of("agentMessage")[1]["text"], "All done.");
    let read = app
        .call("thread/read", json!({"threadId": thread, "includeTurns": true}))
        .await;
    assert!(
        read["thread"]["turns"][0]["items"]
            .as_array()
            .unwrap()
            .contains(&told)
    );
    let other = app.start_thread(json!({"model": "gpt-5.5"})).await;
    app.run_turn(&other, "Work").await;
    app.stop().await;
    let requests = model.requests();
    let outputs: Vec<_> = requests[2].body["input"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|item| item["type"] == "function_call_output")
        .map(|item| item["output"].clone())
        .collect();
    assert_eq!(outputs, ["{\"accepted\":true}", "message must not be empty"]);
    let offered = |index: usize| requests[index].body["tools"].to_string().contains("send_message");
    assert!(offered(0) && !offered(3));
}

/// What models are told of a schema. `None`: a thread with such a tool is refused.
async fn told(app: &App, model: &MockModel, schema: Value) -> Option<Value> {
    let mut tool = tool("look");
    tool["inputSchema"] = schema;
    let started = app
        .try_call("thread/start", json!({"dynamicTools": [tool]}))
        .await;
    let thread = started
        .map_err(|error| assert_eq!(error.code, -32600, "{error:?}"))
        .ok()?;
    app.run_turn(thread["thread"]["id"].as_str().unwrap(), "Look")
        .await;
    let requests = model.requests();
    let tools = requests.last().unwrap().body["tools"]
        .as_array()
        .cloned()
        .unwrap();
    let tool = tools.into_iter().find(|tool| tool["name"] == "look").unwrap();
    Some(tool["parameters"].clone())
}

#[tokio::test]
async fn models_are_told_of_schemas_as_far_as_their_servers_understand_them() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let object = |a: Value| json!({"type": "object", "properties": {"a": a}});
    for (given, expected) in [
        (
            json!({"type": "array"}),
            json!({"type": "array", "items": {"type": "string"}}),
        ),
        (
            json!({"prefixItems": [{"type": "string"}]}),
            json!({"type": "array", "items": {"type": "string"}}),
        ),
        (json!(true), json!({"type": "string"})),
        (
            json!({"const": "c", "title": "T"}),
            json!({"type": "string", "enum": ["c"]}),
        ),
        (
            json!({"type": "string", "format": "date", "description": "D"}),
            json!({"type": "string", "description": "D"}),
        ),
        (json!({"type": "odd"}), json!({})),
        (
            json!({"type": ["string", "odd", "null"]}),
            json!({"type": ["string", "null"]}),
        ),
        (
            json!({"required": ["b"]}),
            json!({"type": "object", "required": ["b"], "properties": {}}),
        ),
        (
            json!({"anyOf": [{"minLength": 1}, {"enum": ["x"]}]}),
            json!({"anyOf": [{}, {"type": "string", "enum": ["x"]}]}),
        ),
        (
            json!({"type": "number", "minimum": 1, "default": 2}),
            json!({"type": "number"}),
        ),
        // Names of members are no keywords.
        (object(json!({"type": "string"}))["properties"].clone(), json!({})),
    ] {
        assert_eq!(
            told(&app, &model, object(given.clone())).await,
            Some(object(expected)),
            "{given}"
        );
    }
    for schema in [
        json!(null),
        json!(1),
        json!("x"),
        json!({"enum": "x"}),
        json!({"items": []}),
        json!({"anyOf": [null]}),
    ] {
        assert_eq!(told(&app, &model, object(schema.clone())).await, None, "{schema}");
    }
    assert_eq!(
        told(&app, &model, json!({})).await,
        Some(json!({"type": "object", "properties": {}}))
    );
    // Only definitions that lead somewhere, also those that lead to one another.
    let mut schema = object(json!({"$ref": "#/$defs/one"}));
    let one = object(json!({"$ref": "#/$defs/two"}));
    schema["$defs"] = json!({"one": one, "two": {"type": "string"}, "three": {"$ref": "#/$defs/three"}});
    let mut expected = schema.clone();
    expected["$defs"].as_object_mut().unwrap().remove("three");
    assert_eq!(told(&app, &model, schema).await, Some(expected));
    for reference in ["#/$defs/none", "https://example.com/schema", "#/$defs/a/b"] {
        let schema = object(json!({"$ref": reference}));
        assert_eq!(
            told(&app, &model, schema).await,
            Some(object(json!({}))),
            "{reference}"
        );
    }
    let chain: serde_json::Map<_, _> = (0..3000)
        .map(|n| (n.to_string(), json!({"$ref": format!("#/$defs/{}", n + 1)})))
        .collect();
    let chain = json!({"$ref": "#/$defs/0", "$defs": chain});
    assert_eq!(
        told(&app, &model, chain).await,
        Some(json!({"type": "object", "properties": {}})),
        "it is too long for definitions, and each leads to the last one, which is not there"
    );
    app.stop().await;
}

#[tokio::test]
async fn long_schemas_are_told_without_descriptions_and_then_without_what_lies_deep() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let nested = |inner: Value| json!({"type": "object", "properties": {"description": inner}});
    let described = |bytes: usize| json!({"type": "string", "description": "x".repeat(bytes)});
    let overhead = nested(described(0)).to_string().len();
    let fits = nested(described(5000 - overhead));
    assert_eq!(told(&app, &model, fits.clone()).await, Some(fits));
    let plain = nested(json!({"type": "string"}));
    assert_eq!(
        told(&app, &model, nested(described(5001 - overhead))).await,
        Some(plain.clone())
    );
    let deep = nested(nested(nested(plain)));
    let all = |schema: Value| {
        let members: serde_json::Map<_, _> = (0..60).map(|n| (format!("p{n}"), schema.clone())).collect();
        json!({"type": "object", "properties": members})
    };
    assert_eq!(
        told(&app, &model, all(deep)).await,
        Some(all(nested(nested(json!({})))))
    );
    app.stop().await;
}
