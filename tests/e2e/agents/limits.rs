//! What agents may not do, and how many there may be.

use codex_core::mock_model::{Answer, MockModel};
use serde_json::{Value, json};

use super::{
    agent_says, call_in, calls, end_of_turn, item, of_agent, of_root, output, requests_of_agents, root_says,
    spawn,
};
use crate::support::{App, Config, Home};

#[tokio::test]
async fn collab_calls_that_make_no_sense_are_refused() {
    let unknown = "01a224a4-a8b4-7ec3-849a-537e30b447ff";
    let model = MockModel::start([
        call_in(
            Answer::new(),
            "multi_agent_v1",
            "unknown_tool",
            "dream",
            &json!({}),
        )
        .call("flat", "spawn_agent", json!({"message": "x"})),
        all(&[
            ("empty", "spawn_agent", json!({"message": "  "})),
            ("none", "spawn_agent", json!({})),
            (
                "both",
                "spawn_agent",
                json!({"message": "a", "items": [{"type": "text", "text": "b"}]}),
            ),
            ("no_items", "spawn_agent", json!({"items": []})),
            (
                "role",
                "spawn_agent",
                json!({"message": "a", "agent_type": "zzz"}),
            ),
            ("model", "spawn_agent", json!({"message": "a", "model": "zzz"})),
            (
                "effort",
                "spawn_agent",
                json!({"message": "a", "model": "gpt-5.5", "reasoning_effort": "ultra"}),
            ),
            ("send_bad", "send_input", json!({"target": "zz", "message": "x"})),
            (
                "send_gone",
                "send_input",
                json!({"target": unknown, "message": "x"}),
            ),
            (
                "send_empty",
                "send_input",
                json!({"target": unknown, "message": ""}),
            ),
            ("wait_none", "wait_agent", json!({"targets": []})),
            ("wait_bad", "wait_agent", json!({"targets": ["zz"]})),
            ("wait_gone", "wait_agent", json!({"targets": [unknown]})),
            (
                "wait_zero",
                "wait_agent",
                json!({"targets": [unknown], "timeout_ms": 0}),
            ),
            ("close_gone", "close_agent", json!({"target": unknown})),
            ("resume_gone", "resume_agent", json!({"id": unknown})),
        ]),
        root_says("Seen"),
    ]);
    let home = Home::new(&model);
    let (app, thread) = App::with_thread(&home).await;
    app.run_turn(&thread, "Try everything").await;
    let said = |call: &str| output(&model, call).as_str().unwrap_or_default().to_owned();
    assert_eq!(said("unknown_tool"), "unsupported call: multi_agent_v1dream");
    assert_eq!(said("flat"), "unsupported call: spawn_agent");
    assert_eq!(said("empty"), "Empty message can't be sent to an agent");
    assert_eq!(said("none"), "Provide one of: message or items");
    assert_eq!(said("both"), "Provide either message or items, but not both");
    assert_eq!(said("no_items"), "Items can't be empty");
    assert_eq!(said("role"), "unknown agent_type 'zzz'");
    assert!(said("model").starts_with("Unknown model `zzz` for spawn_agent. Available models: gpt-"));
    assert_eq!(
        said("effort"),
        "Reasoning effort `ultra` is not supported for model `gpt-5.5`. Supported reasoning efforts: low, medium, high, xhigh"
    );
    assert!(said("send_bad").starts_with("invalid agent id zz: "));
    assert_eq!(said("send_gone"), format!("agent with id {unknown} not found"));
    assert_eq!(said("send_empty"), "Empty message can't be sent to an agent");
    assert_eq!(said("wait_none"), "agent ids must be non-empty");
    assert!(said("wait_bad").starts_with("invalid agent id zz: "));
    assert_eq!(
        output(&model, "wait_gone"),
        json!({"status": {unknown: "not_found"}, "timed_out": false})
    );
    assert_eq!(said("wait_zero"), "timeout_ms must be greater than zero");
    assert_eq!(said("close_gone"), format!("agent with id {unknown} not found"));
    assert_eq!(said("resume_gone"), format!("agent with id {unknown} not found"));
    for call in [
        "role",
        "model",
        "send_gone",
        "wait_gone",
        "close_gone",
        "resume_gone",
    ] {
        assert_eq!(item(&app, call).await["status"], "failed", "{call}");
    }
    app.stop().await;
}

/// One answer with all of these calls.
fn all(calls: &[(&str, &str, Value)]) -> Answer {
    let first = Answer::new().when(of_root());
    calls.iter().fold(first, |answer, (id, name, arguments)| {
        call_in(answer, "multi_agent_v1", id, name, arguments)
    })
}

#[tokio::test]
async fn collab_agents_that_are_done_make_room_for_others() {
    let model = MockModel::start([Answer::new().hang().when(of_agent())]);
    let config = Config {
        extra: "[agents]\nmax_threads = 1".to_owned(),
        ..Config::default()
    };
    let home = Home::with(&model, &config);
    let (app, thread) = App::with_thread(&home).await;
    let first = spawn(&app, &model, &thread, "s1", json!({"message": "Hang"})).await;
    model.push(calls("s2", "spawn_agent", &json!({"message": "No room"})));
    model.push(root_says("Seen"));
    app.run_turn(&thread, "Another one").await;
    assert_eq!(
        output(&model, "s2"),
        "collab spawn failed: agent thread limit reached"
    );
    let refused = item(&app, "s2").await;
    assert_eq!(
        (&refused["status"], &refused["receiverThreadIds"]),
        (&json!("failed"), &json!([]))
    );

    model.push(agent_says("Done"));
    app.call("turn/interrupt", json!({"threadId": first, "turnId": ""}))
        .await;
    end_of_turn(&app, &first).await;
    let second = spawn(&app, &model, &thread, "s3", json!({"message": "There is room"})).await;
    end_of_turn(&app, &second).await;
    // The first one has been put aside, and is back when it is spoken to.
    model.push(agent_says("Here again"));
    model.push(calls(
        "i1",
        "send_input",
        &json!({"target": first, "message": "And you?"}),
    ));
    model.push(calls("w1", "wait_agent", &json!({"targets": [first]})));
    model.push(root_says("Seen"));
    app.run_turn(&thread, "Ask the first").await;
    assert_eq!(
        output(&model, "w1")["status"],
        json!({&first: {"completed": "Here again"}})
    );
    app.stop().await;
}

#[tokio::test]
async fn collab_agents_may_start_agents_where_the_configuration_says_so() {
    let model = MockModel::start([
        call_in(
            Answer::new().when(of_agent()),
            "multi_agent_v1",
            "s2",
            "spawn_agent",
            &json!({"message": "Below"}),
        ),
        Answer::from("Done").when(of_agent()),
        Answer::from("Done").when(of_agent()),
    ]);
    let config = Config {
        extra: "[agents]\nmax_depth = 2".to_owned(),
        ..Config::default()
    };
    let home = Home::with(&model, &config);
    let (app, thread) = App::with_thread(&home).await;
    let agent = spawn(&app, &model, &thread, "s1", json!({"message": "Above"})).await;
    let below = item(&app, "s2").await;
    assert_eq!(
        (&below["status"], &below["senderThreadId"]),
        (&json!("completed"), &json!(agent))
    );
    let below = below["receiverThreadIds"][0].as_str().unwrap().to_owned();
    end_of_turn(&app, &below).await;
    let read = app.call("thread/read", json!({"threadId": below})).await["thread"].clone();
    assert_eq!(
        (&read["parentThreadId"], &read["sessionId"]),
        (&json!(agent), &json!(thread))
    );
    let requests = requests_of_agents(&model);
    let last = requests
        .iter()
        .find(|request| request.header("thread-id") == Some(&below))
        .unwrap();
    let tools = last.body["tools"].as_array().unwrap();
    assert!(tools.iter().all(|tool| tool["name"] != "multi_agent_v1"));
    app.stop().await;
}

#[tokio::test]
async fn without_the_feature_there_are_no_collab_tools() {
    for extra in ["[agents]\nenabled = false", "[features]\nmulti_agent = false"] {
        let model = MockModel::start([
            calls("s1", "spawn_agent", &json!({"message": "x"})),
            root_says("Seen"),
        ]);
        let config = Config {
            extra: extra.to_owned(),
            ..Config::default()
        };
        let home = Home::with(&model, &config);
        let (app, thread) = App::with_thread(&home).await;
        app.run_turn(&thread, "Start one").await;
        assert_eq!(
            output(&model, "s1"),
            "unsupported call: multi_agent_v1spawn_agent"
        );
        let tools = model.requests()[0].body["tools"].as_array().unwrap().clone();
        assert!(tools.iter().all(|tool| tool["name"] != "multi_agent_v1"));
        app.stop().await;
    }
}
