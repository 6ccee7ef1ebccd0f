//! Servers of the Model Context Protocol (docs/contract/mcp.md).

mod approvals;
mod bounds;
mod calls;
mod http;
mod http_sessions;
mod life;
mod methods;
mod reload;
mod sign_in;
mod stopping;

use codex_core::mock_model::{Answer, MockModel};
use serde_json::{Value, json};

use crate::support::{App, Config, Home, TurnRun, mcp};

/// Not a test: the server that the tests configure, see [`mcp::serve`].
#[test]
#[ignore = "it is the server that the tests start"]
fn serve() {
    mcp::serve();
}

/// A call of a tool of the server `tiny`.
fn call_of(id: &str, tool: &str, arguments: &Value) -> Answer {
    Answer::new().event(json!({"type": "response.output_item.done", "item": {
        "type": "function_call", "call_id": id, "namespace": "mcp__tiny", "name": tool,
        "arguments": arguments.to_string(),
    }}))
}

/// A home with the server `tiny`.
fn home_with(model: &MockModel, config: Config, more: &str) -> Home {
    let home = Home::empty();
    let extra = format!("{}\n{}", config.extra, mcp::table("tiny", home.path(), more));
    home.configure(model, &Config { extra, ..config });
    home
}

/// Waits until the server stands like this for the thread.
async fn stands(app: &App, thread: &str, status: &str) -> Value {
    let is_it = |params: &Value| {
        params["threadId"] == thread && params["name"] == "tiny" && params["status"] == status
    };
    app.wait_where("mcpServer/startupStatus/updated", is_it).await
}

/// Waits until the log of a server has a line that begins with this word.
async fn has_logged(name: &str, home: &Home, word: &str) {
    let seen = async {
        while mcp::logged(name, home.path(), word).is_empty() {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    let limit = std::time::Duration::from_secs(60);
    tokio::time::timeout(limit, seen).await.expect(word);
}

/// A call of a tool as a client asks for it.
fn direct(thread: &str, tool: &str, arguments: &Value) -> Value {
    json!({"threadId": thread, "server": "tiny", "tool": tool, "arguments": arguments})
}

/// A thread whose server has started.
async fn with_server(home: &Home) -> (App, String) {
    let (app, thread) = App::with_thread(home).await;
    stands(&app, &thread, "ready").await;
    (app, thread)
}

/// What the model read of the call at the end of the last request.
fn output(model: &MockModel, id: &str) -> Value {
    let requests = model.requests();
    let input = requests.last().unwrap().body["input"].as_array().unwrap().clone();
    let output = input
        .iter()
        .rfind(|item| item["call_id"] == id && item["output"] != Value::Null);
    output.unwrap()["output"].clone()
}

/// The texts of an output but for the time that the call took.
fn texts(output: &Value) -> Vec<String> {
    let parts = output.as_array().unwrap();
    assert!(
        parts[0]["text"].as_str().unwrap().starts_with("Wall time: "),
        "{output}"
    );
    parts[1..]
        .iter()
        .map(|part| part["text"].as_str().unwrap().to_owned())
        .collect()
}

fn item(turn: &TurnRun) -> &Value {
    turn.items_of("mcpToolCall")[0]
}
