//! MCP servers of plugins.

use std::path::PathBuf;

use codex_core::mock_model::Answer;
use serde_json::{Value, json};

use super::install;
use crate::marketplace::{local, marketplace, plugin, started, write};
use crate::support::{App, Home};

/// A marketplace with the plugin `tools`, which has the server `tiny`; gives its list.
fn with_server(home: &Home) -> PathBuf {
    let folder = home.path().join("market");
    let list = marketplace(&folder, "my-market", &json!([local("tools", "./tools")]));
    let manifest = json!({"name": "tools", "interface": {"displayName": "Nice\nTools"}});
    plugin(&folder.join("tools"), "tools", &manifest);
    let server = json!({"mcpServers": {"tiny": {
        "command": std::env::current_exe().unwrap(),
        "args": ["mcp_server::serve", "--exact", "--ignored", "--nocapture"],
        "env": {"MCP_LOG": home.path().join("tiny.log")},
    }}});
    write(&folder.join("tools"), ".mcp.json", &server.to_string());
    list
}

/// Names of a thread's servers, and how they run.
async fn servers(app: &App, thread: &str) -> Vec<(String, String)> {
    let listed = app
        .call("mcpServerStatus/list", json!({"threadId": thread}))
        .await;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let servers = listed["data"].as_array().unwrap().iter();
    servers
        .map(|server| (text(&server["name"]), text(&server["runtimeStatus"])))
        .collect()
}

#[tokio::test]
async fn a_loaded_thread_has_the_servers_of_what_is_installed_until_it_is_removed() {
    let (_model, home, app) = started().await;
    let list = with_server(&home);
    let thread = app.start_thread(json!({})).await;
    assert_eq!(servers(&app, &thread).await, []);
    install(&app, &list, "tools").await;
    app.wait_where("mcpServer/startupStatus/updated", |params| {
        params["threadId"] == json!(thread) && params["status"] == "ready"
    })
    .await;
    let running = [("tiny".to_owned(), "connected".to_owned())];
    assert_eq!(servers(&app, &thread).await, running);
    let listed = app
        .call("mcpServerStatus/list", json!({"threadId": thread}))
        .await;
    let tools = listed["data"][0]["tools"].as_object().unwrap();
    for (name, tool) in tools {
        let description = tool["description"].as_str().unwrap();
        let end = "It comes with the plugin `NiceTools`.";
        assert!(description.ends_with(end), "{name}: {description}");
    }
    app.call("plugin/uninstall", json!({"pluginId": "tools@my-market"}))
        .await;
    // The answer comes ahead of what follows from it; a request later both are through.
    app.call("config/mcpServer/reload", json!({})).await;
    assert_eq!(servers(&app, &thread).await, []);
    app.stop().await;
}

#[tokio::test]
async fn a_server_of_a_plugin_can_be_switched_off_and_lose_tools() {
    let (_model, home, app) = started().await;
    let list = with_server(&home);
    install(&app, &list, "tools").await;
    let set = async |key: &str, value: Value| {
        let path = format!("plugins.\"tools@my-market\".mcp_servers.tiny.{key}");
        let params = json!({"keyPath": path, "value": value, "mergeStrategy": "replace"});
        app.call("config/value/write", params).await;
    };
    set("enabled_tools", json!(["echo"])).await;
    let thread = app.start_thread(json!({})).await;
    let listed = app
        .call("mcpServerStatus/list", json!({"threadId": thread}))
        .await;
    let tools: Vec<_> = listed["data"][0]["tools"].as_object().unwrap().keys().collect();
    assert_eq!(tools, ["echo"]);
    set("enabled", json!(false)).await;
    let thread = app.start_thread(json!({})).await;
    let off = [("tiny".to_owned(), "disabled".to_owned())];
    assert_eq!(servers(&app, &thread).await, off);
    app.stop().await;
}

#[tokio::test]
async fn servers_of_a_plugin_are_those_of_threads() {
    let (model, home, app) = started().await;
    model.push(
        Answer::new().event(json!({"type": "response.output_item.done", "item": {
            "type": "function_call", "call_id": "c1", "namespace": "mcp__tiny", "name": "echo",
            "arguments": "{\"text\":\"x\"}",
        }})),
    );
    let list = with_server(&home);
    install(&app, &list, "tools").await;
    let thread = app.start_thread(json!({})).await;
    let status = app
        .wait_where("mcpServer/startupStatus/updated", |params| {
            params["threadId"] == json!(thread) && params["name"] == "tiny" && params["status"] == "ready"
        })
        .await;
    assert_eq!(status["environmentId"], "local");
    let servers = app
        .call("mcpServerStatus/list", json!({"threadId": thread}))
        .await;
    assert_eq!(servers["data"][0]["name"], "tiny", "{servers}");
    assert_eq!(servers["data"][0]["pluginId"], "tools@my-market", "{servers}");
    let apart = app.call("mcpServerStatus/list", json!({})).await;
    assert_eq!(apart["data"][0]["pluginId"], "tools@my-market", "{apart}");
    assert_eq!(apart["data"][0]["environmentId"], "local", "{apart}");
    for (environment, count) in [("local", 1), ("other", 0)] {
        let one = json!({"threadId": thread, "serverName": "tiny", "environmentId": environment});
        let listed = app.call("mcpServerStatus/list", one).await;
        assert_eq!(listed["data"].as_array().unwrap().len(), count, "{environment}");
    }
    let call = |environment: &str| {
        json!({"threadId": thread, "server": "tiny", "tool": "echo", "arguments": {"text": "x"},
            "environmentId": environment})
    };
    app.call("mcpServer/tool/call", call("local")).await;
    let error = app.call_err("mcpServer/tool/call", call("other")).await;
    assert!(
        error.message.contains("tiny (environment other)"),
        "{}",
        error.message
    );
    app.run_turn(&thread, "Go").await;
    let of_plugin = |item: &Value| {
        assert_eq!(
            (&item["pluginId"], &item["environmentId"]),
            (&json!("tools@my-market"), &json!("local")),
            "{item}"
        );
    };
    let is_call = |params: &Value| params["item"]["type"] == "mcpToolCall";
    of_plugin(&app.wait_where("item/started", is_call).await["item"]);
    of_plugin(&app.wait_where("item/completed", is_call).await["item"]);
    let params = json!({"threadId": thread, "includeTurns": true});
    let stored = app.call("thread/read", params).await["thread"]["turns"][0]["items"].clone();
    let stored = stored.as_array().unwrap().clone();
    of_plugin(stored.iter().find(|item| item["type"] == "mcpToolCall").unwrap());

    let link = json!([{"type": "text", "text": "With [@tools](plugin://tools@my-market)"}]);
    let picked = json!([{"type": "text", "text": "Go"},
        {"type": "mention", "name": "tools", "path": "plugin://tools@my-market"}]);
    let other = json!([{"type": "text", "text": "@tools [tools](plugin://tools@my-market)"},
        {"type": "mention", "name": "x", "path": "plugin://x@my-market"}]);
    for (input, is_named) in [(link, true), (picked, true), (other, false)] {
        model.push(Answer::from("ok"));
        app.run_turn_with(&thread, "", json!({"input": input})).await;
        let requests = model.requests();
        let last = requests.last().unwrap().input().last().unwrap();
        if is_named {
            assert_eq!(last["role"], "developer", "{last}");
            assert_eq!(
                last["content"][0]["text"],
                "The user names the plugin `NiceTools`, which brings:\n- Skills, whose names begin with `tools:`.\n\
                 - MCP servers of this session: `tiny`.\nPrefer these for the task where they fit."
            );
        } else {
            assert_eq!(last["role"], "user", "{last}");
        }
    }
    app.stop().await;
}
