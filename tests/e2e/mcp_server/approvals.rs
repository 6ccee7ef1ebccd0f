//! Questions whether a tool may run, and questions of servers.

use codex_core::mock_model::{Answer, MockModel};
use serde_json::{Value, json};

use super::{call_of, home_with, item, output, texts, with_server};
use crate::support::{App, Config};

const ASKED: &str = "mcpServer/elicitation/request";

fn model_that_writes(times: usize) -> MockModel {
    let calls = (0..times).flat_map(|_| [call_of("c1", "write_it", &json!({"a": 1})), Answer::from("Done")]);
    MockModel::start(calls.collect::<Vec<_>>())
}

/// Runs a turn in which one question is answered like this.
async fn answer(app: &App, thread: &str, answer: Value) -> crate::support::TurnRun {
    let running = app.start_turn(thread, "Go").await;
    let request = app.server_request(ASKED).await;
    app.respond(&request, answer).await;
    app.end_of(running).await
}

#[tokio::test]
async fn a_tool_that_may_change_something_is_asked_for() {
    let model = model_that_writes(4);
    let home = home_with(&model, Config::asking(), "");
    let (app, thread) = with_server(&home).await;
    let running = app.start_turn(&thread, "Go").await;
    let request = app.server_request(ASKED).await;
    let params = &request.params;
    assert_eq!(
        params["message"],
        "Allow the tiny MCP server to run tool \"write-it\"?"
    );
    assert_eq!(
        (&params["mode"], &params["serverName"]),
        (&json!("form"), &json!("tiny"))
    );
    assert_eq!(
        params["requestedSchema"],
        json!({"type": "object", "properties": {}})
    );
    assert_eq!(
        params["_meta"],
        json!({"codex_approval_kind": "mcp_tool_call", "persist": ["session", "always"],
               "tool_name": "write-it", "tool_description": "Writes.", "tool_params": {"a": 1},
               "tool_params_display": [{"name": "a", "value": 1, "display_name": "a"}]})
    );
    app.respond(&request, json!({"action": "decline"})).await;
    let turn = app.end_of(running).await;
    assert_eq!(
        (&item(&turn)["status"], turn.status()),
        (&json!("failed"), "completed")
    );
    assert_eq!(item(&turn)["error"]["message"], "user rejected MCP tool call");
    assert_eq!(texts(&output(&model, "c1")), ["user rejected MCP tool call"]);
    let turn = answer(&app, &thread, json!({"action": "cancel"})).await;
    assert_eq!(item(&turn)["error"]["message"], "user cancelled MCP tool call");
    let session = json!({"action": "accept", "content": null, "_meta": {"persist": "session"}});
    let turn = answer(&app, &thread, session).await;
    assert_eq!(item(&turn)["status"], "completed");
    // Once allowed, it is not asked for again.
    assert_eq!(item(&app.run_turn(&thread, "Again").await)["status"], "completed");
    app.stop().await;
}

#[tokio::test]
async fn where_the_configuration_says_that_a_tool_is_asked_for_it_is_each_time() {
    for mode in ["prompt", "writes"] {
        let model = model_that_writes(2);
        let more = format!("default_tools_approval_mode = \"{mode}\"");
        let home = home_with(&model, Config::asking(), &more);
        let (app, thread) = with_server(&home).await;
        for _ in 0..2 {
            let running = app.start_turn(&thread, "Go").await;
            let request = app.server_request(ASKED).await;
            assert_eq!(request.params["_meta"]["persist"], Value::Null, "{mode}");
            let session = json!({"action": "accept", "content": null, "_meta": {"persist": "session"}});
            app.respond(&request, session).await;
            assert_eq!(item(&app.end_of(running).await)["status"], "completed");
        }
        app.stop().await;
    }
}

#[tokio::test]
async fn a_tool_that_is_allowed_for_good_is_so_in_the_file() {
    let model = model_that_writes(2);
    let home = home_with(&model, Config::asking(), "");
    let (app, thread) = with_server(&home).await;
    let always = json!({"action": "accept", "_meta": {"persist": "always"}});
    assert_eq!(item(&answer(&app, &thread, always).await)["status"], "completed");
    app.stop().await;
    let text = std::fs::read_to_string(home.codex().join("config.toml")).unwrap();
    assert!(
        text.contains("[mcp_servers.tiny.tools.write-it]\napproval_mode = \"approve\""),
        "{text}"
    );
    let (app, thread) = with_server(&home).await;
    assert_eq!(item(&app.run_turn(&thread, "Again").await)["status"], "completed");
    app.stop().await;
}

#[tokio::test]
async fn where_nobody_may_be_asked_nothing_is_done() {
    let model = model_that_writes(1);
    let config = Config {
        sandbox_mode: "read-only".to_owned(),
        ..Config::default()
    };
    let home = home_with(&model, config, "");
    let (app, thread) = with_server(&home).await;
    let turn = app.run_turn(&thread, "Go").await;
    let why = "MCP tool call requires approval, but approval policy is never";
    assert_eq!(item(&turn)["error"]["message"], why);
    app.stop().await;
}

#[tokio::test]
async fn a_granular_policy_may_forbid_what_servers_ask_and_calls_are_asked_about_still() {
    let model = MockModel::start([
        call_of("c1", "write_it", &json!({"a": 1})),
        Answer::from("Done"),
        call_of("c2", "ask", &json!({})),
        Answer::from("Done"),
    ]);
    let home = home_with(&model, Config::asking(), "");
    let (app, thread) = with_server(&home).await;
    let granular = json!({"granular": {"sandbox_approval": true, "rules": true, "mcp_elicitations": false}});
    app.call(
        "thread/settings/update",
        json!({"threadId": thread, "approvalPolicy": granular}),
    )
    .await;
    let accept = json!({"action": "accept", "content": null});
    let turn = answer(&app, &thread, accept).await;
    assert_eq!(item(&turn)["status"], "completed");
    let turn = app.run_turn(&thread, "Ask").await;
    assert_eq!(
        item(&turn)["result"]["content"][0]["text"],
        r#"{"answer":{"action":"decline"}}"#
    );
    app.stop().await;
}

#[tokio::test]
async fn a_server_asks_the_user_while_a_call_waits() {
    let model = MockModel::start([
        call_of("c1", "ask", &json!({})),
        Answer::from("Done"),
        call_of("c2", "ask", &json!({})),
        Answer::from("Done"),
    ]);
    // The user may take longer than a call.
    let home = home_with(&model, Config::asking(), "tool_timeout_sec = 0.5");
    let (app, thread) = with_server(&home).await;
    let running = app.start_turn(&thread, "Go").await;
    let request = app.server_request(ASKED).await;
    assert_eq!(
        (
            &request.params["message"],
            &request.params["requestedSchema"]["properties"]["name"]["type"]
        ),
        (&json!("Your name?"), &json!("string"))
    );
    let age = request.params["requestedSchema"]["properties"]["age"].clone();
    assert_eq!(age, json!({"type": "integer", "minimum": 0, "maximum": 150}));
    // What tells our own questions is not told of those of others.
    assert_eq!(request.params["_meta"], json!({"hint": [1]}));
    app.wait_where("thread/status/changed", |params| {
        params["status"]["activeFlags"] == json!(["waitingOnApproval"])
    })
    .await;
    tokio::time::sleep(std::time::Duration::from_millis(800)).await;
    app.respond(&request, json!({"action": "accept", "content": {"name": "Bo"}}))
        .await;
    let turn = app.end_of(running).await;
    assert_eq!(
        item(&turn)["result"]["content"][0]["text"],
        r#"{"answer":{"action":"accept","content":{"name":"Bo"}}}"#
    );
    // Without an answer that can be read, it is declined.
    let running = app.start_turn(&thread, "Go").await;
    let request = app.server_request(ASKED).await;
    app.respond_error(&request, -32000, "no").await;
    let turn = app.end_of(running).await;
    assert_eq!(
        item(&turn)["result"]["content"][0]["text"],
        r#"{"answer":{"action":"decline"}}"#
    );
    app.stop().await;
}

#[tokio::test]
async fn a_question_of_a_server_ends_with_its_call() {
    let model = MockModel::start([call_of("c1", "ask", &json!({})), Answer::from("Done")]);
    let home = home_with(&model, Config::asking(), "");
    let (app, thread) = with_server(&home).await;
    let running = app.start_turn(&thread, "Go").await;
    let request = app.server_request(ASKED).await;
    assert_eq!(request.params["_meta"], json!({"hint": [1]}));
    assert_eq!(app.interrupt(&thread, running).await.status(), "interrupted");
    app.wait_for("serverRequest/resolved").await;
    let is_told = async {
        loop {
            let got = crate::support::mcp::logged("tiny", home.path(), "got");
            if got.iter().any(|line| line.contains(r#"{"action":"cancel"}"#)) {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    let patience = std::time::Duration::from_secs(20);
    tokio::time::timeout(patience, is_told)
        .await
        .expect("the server is told");
    app.stop().await;
}
