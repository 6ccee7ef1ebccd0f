//! Calls of tools by the model.

use codex_core::mock_model::{Answer, MockModel};
use serde_json::{Value, json};

use super::{call_of, home_with, item, output, stands, texts, with_server};
use crate::support::{App, Config, Home, mcp};

#[tokio::test]
async fn tools_reach_the_model_and_what_comes_of_a_call_reaches_model_and_client() {
    let model = MockModel::start([call_of("c1", "echo", &json!({"a": 1})), Answer::from("Done")]);
    let home = home_with(&model, Config::default(), "");
    let (app, thread) = App::with_thread(&home).await;
    // The first request waits for the server, which has only just begun to start.
    let turn = app.run_turn(&thread, "Go").await;
    stands(&app, &thread, "starting").await;
    stands(&app, &thread, "ready").await;
    assert_eq!(turn.status(), "completed");
    let tools = model.requests()[0].body["tools"].as_array().unwrap().clone();
    let namespace = tools.iter().find(|tool| tool["name"] == "mcp__tiny").unwrap();
    assert_eq!(
        (&namespace["type"], &namespace["description"]),
        (&json!("namespace"), &json!("Tools in the mcp__tiny namespace."))
    );
    let names: Vec<_> = namespace["tools"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tool| &tool["name"])
        .collect();
    assert_eq!(
        names,
        [
            "ask", "data", "die", "echo", "fail", "hang", "refuse", "steps", "write_it"
        ]
    );
    let echo = &namespace["tools"][3];
    assert_eq!(
        *echo,
        json!({"type": "function", "name": "echo", "description": "Does echo.", "strict": false,
               "parameters": {"type": "object", "properties": {}}})
    );
    assert!(tools.iter().any(|tool| tool["name"] == "read_mcp_resource"));
    let item = item(&turn);
    assert_eq!(
        (
            &item["id"],
            &item["server"],
            &item["tool"],
            &item["status"],
            &item["arguments"],
            &item["readOnlyHint"]
        ),
        (
            &json!("c1"),
            &json!("tiny"),
            &json!("echo"),
            &json!("completed"),
            &json!({"a": 1}),
            &json!(true)
        )
    );
    assert_eq!(
        item["result"]["content"],
        json!([{"type": "text", "text": "echo {\"a\":1}"}])
    );
    assert_eq!(texts(&output(&model, "c1")), ["echo {\"a\":1}"]);
    // What the server was told.
    let got: Vec<Value> = mcp::logged("tiny", home.path(), "got")
        .iter()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let methods: Vec<_> = got
        .iter()
        .map(|message| message["method"].as_str().unwrap())
        .collect();
    assert_eq!(
        methods,
        [
            "initialize",
            "notifications/initialized",
            "tools/list",
            "tools/call"
        ]
    );
    let meta = &got[3]["params"]["_meta"];
    assert_eq!(
        (&meta["threadId"], &meta["callId"], &meta["progressToken"]),
        (&json!(thread), &json!("c1"), &json!(1))
    );
    // It is in the file, too.
    let read = app
        .call("thread/read", json!({"threadId": thread, "includeTurns": true}))
        .await;
    let items = read["thread"]["turns"][0]["items"].as_array().unwrap();
    let stored = items.iter().find(|item| item["type"] == "mcpToolCall").unwrap();
    assert_eq!(
        (&stored["result"], &stored["readOnlyHint"]),
        (&item["result"], &json!(true))
    );
    app.stop().await;
}

#[tokio::test]
async fn calls_that_fail_say_why_to_client_and_model() {
    let model = MockModel::start([
        call_of("c1", "fail", &json!({})),
        call_of("c2", "refuse", &json!({})),
        call_of("c3", "hang", &json!({})),
        call_of("c4", "nope", &json!({})),
        call_of("c5", "data", &json!({})),
        Answer::from("Done"),
    ]);
    let home = home_with(&model, Config::default(), "tool_timeout_sec = 0.3");
    let (app, thread) = with_server(&home).await;
    let turn = app.run_turn(&thread, "Go").await;
    let items = turn.items_of("mcpToolCall");
    let errors: Vec<_> = items
        .iter()
        .map(|item| item["error"]["message"].as_str())
        .collect();
    let failed = |tool: &str, why: &str| {
        format!("tool call error: tool call failed for `tiny/{tool}`\n\nCaused by:\n    {why}")
    };
    let refused = failed("refuse", "Mcp error: -32050: refused({\"x\":1})");
    let late = failed("hang", "timed out awaiting tools/call after 300ms");
    assert_eq!(errors, [None, Some(refused.as_str()), Some(late.as_str()), None]);
    assert_eq!(items[0]["status"], "failed");
    assert_eq!(items[0]["result"]["content"][0]["text"], "it failed");
    assert_eq!(texts(&output(&model, "c1")), ["it failed"]);
    assert_eq!(texts(&output(&model, "c3")), [late]);
    assert_eq!(output(&model, "c4"), "unsupported call: mcp__tinynope");
    let data = output(&model, "c5");
    assert!(data.as_str().unwrap().ends_with("\nOutput:\n{\"n\":1}"), "{data}");
    app.stop().await;
}

#[tokio::test]
async fn steps_are_told_and_an_interrupt_is_told_to_the_server() {
    let model = MockModel::start([
        call_of("c1", "steps", &json!({})),
        Answer::from("Done"),
        call_of("c2", "hang", &json!({})),
    ]);
    let home = home_with(&model, Config::default(), "");
    let (app, thread) = with_server(&home).await;
    let turn = app.run_turn(&thread, "Go").await;
    let steps = turn.all("item/mcpToolCall/progress");
    let steps: Vec<_> = steps
        .iter()
        .map(|step| (&step["itemId"], &step["message"]))
        .collect();
    let id = json!("c1");
    assert_eq!(
        steps,
        [
            (&id, &json!("step 0")),
            (&id, &json!("step 1")),
            (&id, &json!("step 2"))
        ]
    );
    let running = app.start_turn(&thread, "Hang").await;
    app.wait_where("item/started", |params| params["item"]["id"] == "c2")
        .await;
    let cancelled = || {
        mcp::logged("tiny", home.path(), "got")
            .iter()
            .any(|line| line.contains("notifications/cancelled"))
    };
    let called = || {
        mcp::logged("tiny", home.path(), "got")
            .iter()
            .any(|line| line.contains("\"hang\""))
    };
    until(called).await;
    assert!(!cancelled());
    assert_eq!(app.interrupt(&thread, running).await.status(), "interrupted");
    until(cancelled).await;
    app.stop().await;
}

/// Waits until something holds, at most 10 s.
async fn until(holds: impl Fn() -> bool) {
    let held = async {
        while !holds() {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(10), held)
        .await
        .expect("it holds in time");
}

#[tokio::test]
async fn models_that_search_find_the_tools_and_resources_are_read() {
    let search = json!({"type": "tool_search_call", "call_id": "s", "execution": "client",
                        "arguments": {"query": "echo", "limit": 1}});
    let model = MockModel::start([
        Answer::new().event(json!({"type": "response.output_item.done", "item": search})),
        Answer::new().call("r1", "list_mcp_resources", json!({})),
        Answer::new().call(
            "r2",
            "read_mcp_resource",
            json!({"server": "tiny", "uri": "mem://a"}),
        ),
        Answer::new().call(
            "r3",
            "read_mcp_resource",
            json!({"server": "zz", "uri": "mem://a"}),
        ),
        Answer::from("Done"),
    ]);
    let config = Config {
        model: "gpt-5.5".to_owned(),
        ..Config::default()
    };
    let home = home_with(&model, config, "");
    let (app, thread) = with_server(&home).await;
    let turn = app.run_turn(&thread, "Go").await;
    let request = model.requests()[0].body.to_string();
    assert!(
        request.contains("Deferred tool namespaces:\\n- mcp__tiny\\n"),
        "{request}"
    );
    let tools = model.requests()[0].body["tools"].to_string();
    assert!(
        !tools.contains("mcp__tiny") && tools.contains("tool_search"),
        "{tools}"
    );
    let input = model.requests()[1].body["input"].clone();
    let found = input
        .as_array()
        .unwrap()
        .iter()
        .find(|item| item["type"] == "tool_search_output")
        .unwrap();
    assert_eq!(found["tools"][0]["name"], "mcp__tiny");
    assert_eq!(
        (
            &found["tools"][0]["tools"][0]["name"],
            &found["tools"][0]["tools"][0]["defer_loading"]
        ),
        (&json!("echo"), &json!(true))
    );
    let parsed = |id: &str| serde_json::from_str::<Value>(output(&model, id).as_str().unwrap()).unwrap();
    assert_eq!(
        parsed("r1"),
        json!({"resources": [{"server": "tiny", "uri": "mem://a", "name": "A"}]})
    );
    assert_eq!(
        parsed("r2"),
        json!({"server": "tiny", "uri": "mem://a", "contents": [{"uri": "mem://a", "text": "hello"}]})
    );
    assert_eq!(
        output(&model, "r3"),
        "unknown MCP server 'zz' for the selected environment"
    );
    let items = turn.items_of("mcpToolCall");
    let seen: Vec<_> = items
        .iter()
        .map(|item| (&item["server"], &item["tool"]))
        .collect();
    assert_eq!(
        seen,
        [
            (&json!("codex"), &json!("list_mcp_resources")),
            (&json!("tiny"), &json!("read_mcp_resource")),
        ]
    );
    app.stop().await;
}

#[tokio::test]
async fn clients_see_of_resources_what_the_model_does() {
    let model = MockModel::start([
        Answer::new().call("r1", "list_mcp_resources", json!({"server": ""})),
        Answer::new().call("r2", "list_mcp_resources", json!({"cursor": "c"})),
        Answer::new().call(
            "r3",
            "read_mcp_resource",
            json!({"server": "tiny", "uri": "mem://long"}),
        ),
        Answer::from("Done"),
    ]);
    let home = home_with(&model, Config::default(), "");
    let (app, thread) = with_server(&home).await;
    let turn = app.run_turn(&thread, "Go").await;
    let text = |id: &str| output(&model, id).as_str().unwrap().to_owned();
    assert!(text("r1").contains("mem://a"), "no name stands for all servers");
    let items = turn.items_of("mcpToolCall");
    let statuses: Vec<_> = items.iter().map(|item| &item["status"]).collect();
    assert_eq!(statuses, ["completed", "failed", "completed"]);
    assert_eq!(text("r2"), "cursor can only be used when a server is specified");
    assert_eq!(items[1]["error"]["message"], text("r2"));
    let long = text("r3");
    assert!(long.contains(" tokens truncated…"), "{long}");
    assert_eq!(items[2]["result"]["content"][0]["text"], long);
    app.stop().await;
}

#[tokio::test]
async fn tools_that_are_switched_off_are_not_offered_and_hooks_see_the_others() {
    let model = MockModel::start([call_of("c1", "echo", &json!({"a": 1})), Answer::from("Done")]);
    let deny = "printf '%s' '{\"decision\":\"block\",\"reason\":\"no\"}'";
    let hook = format!(
        "[[hooks.PreToolUse]]\nmatcher = \"^mcp__tiny__echo$\"\n[[hooks.PreToolUse.hooks]]\ntype = \"command\"\n\
         command = '''{deny}'''\n"
    );
    let config = Config {
        extra: hook,
        ..Config::default()
    };
    let home: Home = home_with(
        &model,
        config,
        "enabled_tools = [\"echo\", \"fail\"]\ndisabled_tools = [\"fail\"]",
    );
    let app = with_trusted_hook(&home).await;
    let thread = app.start_thread(json!({})).await;
    stands(&app, &thread, "ready").await;
    let turn = app.run_turn(&thread, "Go").await;
    assert!(turn.items_of("mcpToolCall").is_empty(), "it was blocked");
    assert_eq!(
        output(&model, "c1"),
        "Tool call blocked by PreToolUse hook: no. Tool: mcp__tiny__echo"
    );
    let tools = model.requests()[0].body["tools"].as_array().unwrap().clone();
    let namespace = tools.iter().find(|tool| tool["name"] == "mcp__tiny").unwrap();
    assert_eq!(namespace["tools"].as_array().unwrap().len(), 1);
    app.stop().await;
}

/// The program, whose only hook the user trusts.
async fn with_trusted_hook(home: &Home) -> App {
    let app = App::start(home).await;
    let listed = app.call("hooks/list", json!({"cwds": [home.work()]})).await;
    let hook = &listed["data"][0]["hooks"][0];
    let state = json!({hook["key"].as_str().unwrap(): {"trusted_hash": hook["currentHash"]}});
    let edit = json!({"keyPath": "hooks.state", "value": state, "mergeStrategy": "upsert"});
    app.call("config/value/write", edit).await;
    app
}

#[tokio::test]
async fn a_hook_may_be_a_tool_of_a_server() {
    let model = MockModel::start([
        Answer::new().call("c1", "exec_command", json!({"cmd": "echo hello"})),
        Answer::from("Done"),
    ]);
    let hook = "[[hooks.PreToolUse]]\nmatcher = \"^Bash$\"\n[[hooks.PreToolUse.hooks]]\ntype = \"mcp_tool\"\nserver = \
                \"tiny\"\ntool = \"echo\"\ninput = { q = \"${tool_input.command}\" }\n";
    let config = Config {
        extra: hook.to_owned(),
        ..Config::default()
    };
    let home = home_with(&model, config, "");
    let app = with_trusted_hook(&home).await;
    let thread = app.start_thread(json!({})).await;
    stands(&app, &thread, "ready").await;
    let turn = app.run_turn(&thread, "Go").await;
    let run = turn.all("hook/completed")[0]["run"].clone();
    assert_eq!(
        (&run["handlerType"], &run["status"]),
        (&json!("mcpTool"), &json!("completed")),
        "{run}"
    );
    let got = mcp::logged("tiny", home.path(), "got");
    assert!(
        got.iter()
            .any(|line| line.contains(r#""arguments":{"q":"echo hello"}"#)),
        "{got:?}"
    );
    app.stop().await;
}

#[tokio::test]
async fn the_first_turn_names_servers_that_are_ready_in_time_with_everything_else() {
    let model = MockModel::start("ok");
    let config = Config {
        model: "gpt-5.5".to_owned(),
        extra: "mcp_optional_startup_grace_ms = 60000".to_owned(),
        ..Config::default()
    };
    let home = home_with(&model, config, "");
    let (app, thread) = App::with_thread(&home).await;
    app.run_turn(&thread, "Go").await;
    let requests = model.requests();
    let of_developer = requests[0].input().iter();
    let of_developer: Vec<_> = of_developer
        .filter(|item| item["role"] == "developer")
        .map(Value::to_string)
        .collect();
    assert_eq!(of_developer.len(), 1, "{of_developer:?}");
    assert!(of_developer[0].contains("<permissions") && of_developer[0].contains("- mcp__tiny\\n"));
    app.stop().await;
}
