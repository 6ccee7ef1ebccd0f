//! `config/mcpServer/reload`

use codex_core::mock_model::{Answer, MockModel};
use serde_json::{Value, json};

use super::{call_of, direct, home_with, item, stands, with_server};
use crate::support::{App, Config, alive, mcp, wait_until_dead};

#[tokio::test]
async fn a_reload_starts_what_is_new_and_keeps_what_runs() {
    let model = MockModel::start("Hello");
    let home = home_with(&model, Config::default(), "");
    let (app, thread) = with_server(&home).await;
    let mut text = std::fs::read_to_string(home.codex().join("config.toml")).unwrap();
    text.push_str(&mcp::table("more", home.path(), ""));
    home.write_config(&text);
    assert_eq!(app.call("config/mcpServer/reload", Value::Null).await, json!({}));
    stands(&app, &thread, "ready").await;
    app.wait_where("mcpServer/startupStatus/updated", |params| {
        params["name"] == "more" && params["status"] == "ready"
    })
    .await;
    assert_eq!(mcp::processes("tiny", home.path()).len(), 1);
    let more = mcp::processes("more", home.path())[0];
    let kept = text.split("[mcp_servers.more]").next().unwrap().to_owned();
    home.write_config(&kept);
    app.call("config/mcpServer/reload", Value::Null).await;
    wait_until_dead(more).await;
    app.stop().await;
}

#[tokio::test]
async fn what_is_launched_the_same_runs_on_while_other_settings_change() {
    let model = MockModel::start([call_of("c1", "write_it", &json!({})), Answer::from("Done")]);
    let home = home_with(&model, Config::asking(), "tool_timeout_sec = 77");
    let (app, thread) = with_server(&home).await;
    let process = mcp::processes("tiny", home.path())[0];
    let file = home.codex().join("config.toml");
    let text = std::fs::read_to_string(file).unwrap();
    let settings = "disabled_tools = [\"fail\"]\ndefault_tools_approval_mode = \"approve\"";
    home.write_config(&text.replace("tool_timeout_sec = 77", settings));
    for _ in 0..3 {
        app.call("config/mcpServer/reload", Value::Null).await;
        stands(&app, &thread, "ready").await;
    }
    let error = app
        .call_err("mcpServer/tool/call", direct(&thread, "fail", &json!({})))
        .await;
    assert_eq!(error.message, "tool 'fail' is disabled for MCP server 'tiny'");
    // Nobody is asked any more.
    let turn = app.run_turn(&thread, "Go").await;
    assert_eq!(item(&turn)["status"], "completed", "{}", item(&turn));
    assert_eq!(mcp::processes("tiny", home.path()), [process]);
    assert!(alive(process));
    app.stop().await;
}

#[tokio::test]
async fn a_thread_hears_no_more_of_a_server_that_it_no_longer_has() {
    let model = MockModel::start("Hello");
    let home = home_with(&model, Config::default(), "");
    let app = App::start(&home).await;
    let own = json!({"config": {"mcp_servers.tiny": mcp::server("tiny", home.path())}});
    let keeps = app.start_thread(own).await;
    stands(&app, &keeps, "ready").await;
    let loses = app.start_thread(json!({})).await;
    stands(&app, &loses, "ready").await;
    let file = home.codex().join("config.toml");
    let text = std::fs::read_to_string(file).unwrap();
    home.write_config(text.split("[mcp_servers.tiny]").next().unwrap());
    app.call("config/mcpServer/reload", Value::Null).await;
    stands(&app, &keeps, "ready").await;
    assert_eq!(mcp::processes("tiny", home.path()).len(), 1, "they share it");
    let mark = app.mark();
    app.call_err("mcpServer/tool/call", direct(&keeps, "die", &json!({})))
        .await;
    stands(&app, &keeps, "starting").await;
    stands(&app, &keeps, "ready").await;
    app.call("model/list", json!({})).await;
    let frames = app.frames();
    let told = frames[mark..]
        .iter()
        .filter(|frame| frame.method() == "mcpServer/startupStatus/updated")
        .filter(|frame| frame.params()["threadId"] == loses.as_str());
    assert_eq!(told.count(), 0);
    app.stop().await;
}

#[tokio::test]
async fn a_write_that_reloads_starts_and_ends_servers_of_loaded_threads() {
    let model = MockModel::start("Hello");
    let home = home_with(&model, Config::default(), "");
    let (app, thread) = with_server(&home).await;
    let write = async |key: &str, value: Value| {
        let edit = json!({"keyPath": key, "value": value, "mergeStrategy": "replace"});
        let params = json!({"edits": [edit], "reloadUserConfig": true});
        app.call("config/batchWrite", params).await;
    };
    write("mcp_servers.more", mcp::server("more", home.path())).await;
    app.wait_where("mcpServer/startupStatus/updated", |params| {
        params["name"] == "more" && params["status"] == "ready"
    })
    .await;
    app.run_turn(&thread, "Hi").await;
    let request = model.requests()[0].body["tools"].to_string();
    assert!(request.contains("mcp__more"), "{request}");
    let more = mcp::processes("more", home.path())[0];
    write("mcp_servers.more.enabled", json!(false)).await;
    wait_until_dead(more).await;
    app.run_turn(&thread, "Hi").await;
    let request = model.requests()[1].body["tools"].to_string();
    assert!(!request.contains("mcp__more"), "{request}");
    app.stop().await;
}
