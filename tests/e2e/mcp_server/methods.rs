//! What clients ask of servers beside turns.

use codex_core::mock_model::MockModel;
use serde_json::{Value, json};

use super::{home_with, with_server};
use crate::support::{Config, mcp, wait_until_dead};

#[tokio::test]
async fn servers_are_listed_with_what_they_offer() {
    let model = MockModel::start("Hello");
    let home = home_with(&model, Config::default(), "disabled_tools = [\"fail\"]");
    let (app, thread) = with_server(&home).await;
    let listed = app
        .call("mcpServerStatus/list", json!({"threadId": thread}))
        .await;
    let server = &listed["data"][0];
    assert_eq!(
        (
            &server["name"],
            &server["runtimeStatus"],
            &server["authStatus"],
            &server["serverInfo"]["name"]
        ),
        (
            &json!("tiny"),
            &json!("connected"),
            &json!("unsupported"),
            &json!("scripted")
        )
    );
    assert_eq!(server["tools"]["echo"]["description"], "Does echo.");
    for absent in ["fail", "array", "list", "two\nlines", &"n".repeat(300)] {
        assert!(server["tools"].get(absent).is_none(), "{absent}");
    }
    assert_eq!(server["resources"], json!([{"uri": "mem://a", "name": "A"}]));
    assert_eq!(
        server["resourceTemplates"],
        json!([{"uriTemplate": "mem://{x}", "name": "T"}])
    );
    assert_eq!(listed["nextCursor"], Value::Null);
    let few = json!({"threadId": thread, "detail": "toolsAndAuthOnly", "serverName": "zz"});
    assert_eq!(app.call("mcpServerStatus/list", few).await["data"], json!([]));
    let error = app
        .call_err("mcpServerStatus/list", json!({"environmentId": "zz"}))
        .await;
    assert_eq!(error.message, "environmentId requires serverName and threadId");
    let error = app
        .call_err("mcpServerStatus/list", json!({"threadId": thread, "cursor": "x"}))
        .await;
    assert_eq!(error.message, "invalid cursor: x");
    app.stop().await;
}

#[tokio::test]
async fn without_a_thread_a_server_is_started_to_be_asked() {
    let model = MockModel::start("Hello");
    let home = home_with(&model, Config::default(), "");
    let app = crate::support::App::start(&home).await;
    let listed = app.call("mcpServerStatus/list", json!({})).await;
    let server = &listed["data"][0];
    assert_eq!(
        (&server["name"], &server["runtimeStatus"]),
        (&json!("tiny"), &Value::Null)
    );
    assert!(server["tools"]["echo"].is_object());
    let read = app
        .call(
            "mcpServer/resource/read",
            json!({"server": "tiny", "uri": "mem://b"}),
        )
        .await;
    assert_eq!(
        read,
        json!({"contents": [{"uri": "mem://b", "text": "hello"}], "originCallId": null})
    );
    let of_call = json!({"server": "tiny", "uri": "mem://b", "originCallId": "c"});
    let error = app.call_err("mcpServer/resource/read", of_call).await;
    assert_eq!(error.message, "originCallId requires threadId");
    for process in mcp::processes("tiny", home.path()) {
        wait_until_dead(process).await;
    }
    assert!(
        app.frames()
            .iter()
            .all(|frame| frame.method() != "mcpServer/startupStatus/updated")
    );
    app.stop().await;
}

#[tokio::test]
async fn clients_call_tools_directly() {
    let model = MockModel::start("Hello");
    let home = home_with(&model, Config::asking(), "disabled_tools = [\"fail\"]");
    let (app, thread) = with_server(&home).await;
    let call =
        |tool: &str| json!({"threadId": thread, "server": "tiny", "tool": tool, "arguments": {"a": 1}});
    let result = app.call("mcpServer/tool/call", call("echo")).await;
    assert_eq!(
        result,
        json!({"content": [{"type": "text", "text": "echo {\"a\":1}"}]})
    );
    // Nobody is asked, and questions of the server are declined.
    let result = app.call("mcpServer/tool/call", call("write-it")).await;
    assert_eq!(result["content"][0]["text"], "written");
    let result = app.call("mcpServer/tool/call", call("ask")).await;
    assert_eq!(result["content"][0]["text"], r#"{"answer":{"action":"decline"}}"#);
    let error = app.call_err("mcpServer/tool/call", call("refuse")).await;
    assert_eq!(
        (error.code, error.message.as_str(), &error.data),
        (-32050, "refused", &json!({"x": 1}))
    );
    let error = app.call_err("mcpServer/tool/call", call("fail")).await;
    assert_eq!(
        (error.code, error.message.as_str()),
        (-32603, "tool 'fail' is disabled for MCP server 'tiny'")
    );
    let unknown = json!({"threadId": thread, "server": "zz", "tool": "x"});
    let error = app.call_err("mcpServer/tool/call", unknown).await;
    assert_eq!(
        (error.code, error.message.as_str()),
        (-32603, "unknown MCP server 'zz'")
    );
    let far = json!({"threadId": thread, "server": "tiny", "tool": "x", "environmentId": "zz"});
    let error = app.call_err("mcpServer/tool/call", far).await;
    assert_eq!(error.message, "unknown MCP server 'tiny (environment zz)'");
    app.stop().await;
}

#[tokio::test]
async fn only_hosted_apps_have_event_streams() {
    let model = MockModel::start("Hello");
    let home = home_with(&model, Config::default(), "");
    let (app, thread) = with_server(&home).await;
    let start = |server: &str| json!({"threadId": thread, "server": server, "name": "x", "arguments": {}, "subscriptionId": "s"});
    for (server, code, text) in [
        (
            "tiny",
            -32600,
            "MCP event subscriptions are only supported for hosted apps",
        ),
        (
            "codex_apps",
            -32603,
            "failed to start MCP event stream for 'codex_apps': unknown MCP server 'codex_apps'",
        ),
    ] {
        let error = app.call_err("mcpServer/event/stream/start", start(server)).await;
        assert_eq!((error.code, error.message.as_str()), (code, text));
    }
    let stop = json!({"subscriptionId": "s"});
    assert_eq!(app.call("mcpServer/event/stream/stop", stop).await, json!({}));
    let error = app.call_err("mcpServer/event/stream/stop", json!({})).await;
    assert_eq!(error.code, -32602);
    app.stop().await;
}

#[tokio::test]
async fn a_sample_has_tools_of_servers_unless_they_are_unwanted() {
    let model = MockModel::start("ok");
    let home = home_with(&model, Config::default(), "");
    let (app, thread) = with_server(&home).await;
    let turn = app.run_turn(&thread, "Go").await;
    for without in [false, true] {
        let params =
            json!({"threadId": thread, "expectedTurnId": turn.id, "prompt": "Well?", "disableMcp": without});
        app.call("thread/sample", params).await;
        let requests = model.requests();
        let tools = requests.last().unwrap().body["tools"].as_array().unwrap();
        let is_there = tools.iter().any(|tool| tool["name"] == "mcp__tiny");
        assert_eq!(is_there, !without);
    }
}
