//! Agents that agents start (docs/contract/agents.md#sub-agents).

mod by_id;
mod by_path;
mod lifecycle;
mod limits;
mod roles;

use codex_core::mock_model::{Answer, Condition, MockModel, Request};
use serde_json::{Value, json};

use crate::support::{App, Frame};

/// A request of the thread that the user talks to.
fn of_root() -> Condition {
    Condition::default().and_header("x-openai-subagent", None)
}

/// A request of an agent.
fn of_agent() -> Condition {
    Condition::default().and_header("x-openai-subagent", Some("collab_spawn"))
}

/// Adds a call of a tool in a namespace.
fn call_in(answer: Answer, namespace: &str, id: &str, name: &str, arguments: &Value) -> Answer {
    answer.event(json!({
        "type": "response.output_item.done",
        "item": {
            "type": "function_call",
            "namespace": namespace,
            "name": name,
            "call_id": id,
            "arguments": arguments.to_string(),
        },
    }))
}

/// An answer of the root that calls a tool by id.
fn calls(id: &str, name: &str, arguments: &Value) -> Answer {
    call_in(
        Answer::new().when(of_root()),
        "multi_agent_v1",
        id,
        name,
        arguments,
    )
}

/// An answer of the root that says something.
fn root_says(text: &str) -> Answer {
    Answer::from(text).when(of_root())
}

/// An answer of any agent that says something.
fn agent_says(text: &str) -> Answer {
    Answer::from(text).when(of_agent())
}

/// Requests of agents, in the order in which they came.
fn requests_of_agents(model: &MockModel) -> Vec<Request> {
    let all = model.requests().into_iter();
    all.filter(|request| request.header("x-openai-subagent").is_some())
        .collect()
}

/// Requests of the thread that the user talks to.
fn requests_of_root(model: &MockModel) -> Vec<Request> {
    let all = model.requests().into_iter();
    all.filter(|request| request.header("x-openai-subagent").is_none())
        .collect()
}

/// What came of a call, as JSON; text that is none stays text.
fn output(model: &MockModel, call: &str) -> Value {
    let requests = requests_of_root(model);
    let output = requests.iter().find_map(|request| request.tool_output(call));
    let output = output.unwrap_or_else(|| panic!("no output of {call}"));
    serde_json::from_str(output).unwrap_or_else(|_| json!(output))
}

/// The completed item of a call, whether or not it was waited for before.
async fn item(app: &App, call: &str) -> Value {
    let is_it = |frame: &Frame| frame.method() == "item/completed" && frame.params()["item"]["id"] == call;
    let found = app.frames().into_iter().find(is_it);
    let frame = match found {
        Some(frame) => frame,
        None => app.wait_frame("an item", is_it).await.1,
    };
    frame.params()["item"].clone()
}

/// Runs a turn in which the root starts an agent with a task. Gives the agent's id.
async fn spawn(app: &App, model: &MockModel, thread: &str, call: &str, arguments: Value) -> String {
    model.push(calls(call, "spawn_agent", &arguments));
    model.push(root_says("Started"));
    app.run_turn(thread, "Start an agent").await;
    let item = item(app, call).await;
    assert_eq!(item["status"], "completed", "{item}");
    item["receiverThreadIds"][0].as_str().unwrap().to_owned()
}

/// Waits for the end of a turn of this thread that was not waited for before.
async fn end_of_turn(app: &App, thread: &str) -> Value {
    let params = app
        .wait_where("turn/completed", |params| params["threadId"] == thread)
        .await;
    params["turn"].clone()
}

/// Methods of the notifications of a thread so far.
fn told_of(frames: &[Frame], thread: &str) -> Vec<String> {
    let of_thread = frames
        .iter()
        .filter(|frame| frame.is_notification() && frame.params()["threadId"] == thread);
    of_thread.map(|frame| frame.method().to_owned()).collect()
}
