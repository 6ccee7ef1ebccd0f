//! Namespace `multi_agent_v1`.

use codex_core::mock_model::{Answer, MockModel};
use serde_json::{Value, json};

use super::{
    agent_says, calls, end_of_turn, item, of_agent, of_root, output, requests_of_agents, requests_of_root,
    root_says, spawn, told_of,
};
use crate::support::{App, Config, Home};

#[tokio::test]
async fn a_collab_agent_is_a_thread_of_its_own() {
    let model = MockModel::start([agent_says("Done")]);
    let home = Home::new(&model);
    let (app, thread) = App::with_thread(&home).await;
    let agent = spawn(&app, &model, &thread, "s1", json!({"message": "Look around"})).await;
    let turn = end_of_turn(&app, &agent).await;
    assert_eq!(
        (&turn["status"], &turn["items"][0]["text"]),
        (&json!("completed"), &json!("Done"))
    );

    let item = item(&app, "s1").await;
    assert_eq!(item["type"], "collabAgentToolCall");
    assert_eq!(
        (&item["tool"], &item["prompt"]),
        (&json!("spawnAgent"), &json!("Look around"))
    );
    assert_eq!(
        (&item["senderThreadId"], &item["model"]),
        (&json!(thread), &json!("gpt-5.2-codex"))
    );
    assert_eq!(
        item["agentsStates"],
        json!({&agent: {"status": "pendingInit", "message": null}})
    );
    let told = output(&model, "s1");
    assert_eq!(told["agent_id"], agent.as_str());
    assert!(told["nickname"].is_string());

    let frames = app.frames();
    let of_agent = told_of(&frames, &agent);
    assert_eq!(of_agent[0], "thread/status/changed");
    assert!(
        of_agent.iter().any(|method| method == "item/agentMessage/delta"),
        "{of_agent:?}"
    );
    let started: Vec<_> = frames
        .iter()
        .filter(|frame| frame.method() == "thread/started")
        .map(|frame| frame.params()["thread"]["id"].clone())
        .collect();
    assert_eq!(started, [json!(thread)], "agents are not announced");

    let request = &requests_of_agents(&model)[0];
    assert_eq!(request.header("x-codex-parent-thread-id"), Some(thread.as_str()));
    assert_eq!(request.header("session-id"), Some(thread.as_str()));
    assert_eq!(request.header("thread-id"), Some(agent.as_str()));
    assert_eq!(request.body["prompt_cache_key"], thread.as_str());
    let metadata: Value = serde_json::from_str(request.header("x-codex-turn-metadata").unwrap()).unwrap();
    assert_eq!(metadata["subagent_kind"], "thread_spawn");
    let parent_turn = requests_of_root(&model)[0].body["client_metadata"]["turn_id"].clone();
    assert_eq!(
        (&metadata["parent_turn_id"], &metadata["root_turn_id"]),
        (&parent_turn, &parent_turn)
    );
    assert_eq!(
        request.body["instructions"],
        requests_of_root(&model)[0].body["instructions"]
    );
    let tools = request.body["tools"].as_array().unwrap();
    assert!(
        tools.iter().all(|tool| tool["name"] != "multi_agent_v1"),
        "agents start no agents"
    );

    let read = app
        .call("thread/read", json!({"threadId": agent, "includeTurns": true}))
        .await["thread"]
        .clone();
    assert_eq!(
        (&read["parentThreadId"], &read["sessionId"]),
        (&json!(thread), &json!(thread))
    );
    assert_eq!(
        (&read["agentNickname"], &read["preview"]),
        (&told["nickname"], &json!("Look around"))
    );
    let spawned = &read["source"]["subAgent"]["thread_spawn"];
    assert_eq!(
        (&spawned["parent_thread_id"], &spawned["depth"]),
        (&json!(thread), &json!(1))
    );
    assert_eq!(read["turns"][0]["items"][1]["text"], "Done");
    app.stop().await;
}

#[tokio::test]
async fn collab_agents_work_over_websockets() {
    let model = MockModel::start([agent_says("Done")]);
    let config = Config {
        websockets: true,
        ..Config::default()
    };
    let home = Home::with(&model, &config);
    let (app, thread) = App::with_thread(&home).await;
    // Over a WebSocket, headers come with the handshake: of each thread its own.
    let agent = spawn(&app, &model, &thread, "s1", json!({"message": "Look around"})).await;
    assert_eq!(end_of_turn(&app, &agent).await["status"], "completed");
    app.stop().await;
}

#[tokio::test]
async fn a_collab_wait_gives_the_last_words_and_the_parent_is_told_once() {
    let model = MockModel::start([Answer::new().wait(300).say("Found it").when(of_agent())]);
    let home = Home::new(&model);
    let (app, thread) = App::with_thread(&home).await;
    let agent = spawn(&app, &model, &thread, "s1", json!({"message": "Look around"})).await;
    model.push(calls(
        "w1",
        "wait_agent",
        &json!({"targets": [agent], "timeout_ms": 20000}),
    ));
    model.push(root_says("Seen"));
    app.run_turn(&thread, "Wait for it").await;
    assert_eq!(
        output(&model, "w1"),
        json!({"status": {&agent: {"completed": "Found it"}}, "timed_out": false})
    );
    let item = item(&app, "w1").await;
    assert_eq!(
        (&item["tool"], &item["status"]),
        (&json!("wait"), &json!("completed"))
    );
    assert_eq!(
        item["agentsStates"],
        json!({&agent: {"status": "completed", "message": "Found it"}})
    );
    assert_eq!(item["receiverThreadIds"], json!([agent]));

    model.push(root_says("Again"));
    app.run_turn(&thread, "And now?").await;
    let last = requests_of_root(&model).pop().unwrap();
    let notes: Vec<String> = last
        .input_of("message")
        .iter()
        .filter_map(|message| message["content"][0]["text"].as_str())
        .filter(|text| text.starts_with("<subagent_notification>"))
        .map(str::to_owned)
        .collect();
    let [note] = notes.as_slice() else {
        panic!("{notes:?}");
    };
    let inner = note
        .trim_start_matches("<subagent_notification>")
        .trim_end_matches("</subagent_notification>");
    let news: Value = serde_json::from_str(inner).unwrap();
    assert_eq!(
        news,
        json!({"agent_path": agent, "status": {"completed": "Found it"}})
    );
    app.stop().await;
}

#[tokio::test]
async fn a_collab_wait_ends_with_its_time() {
    let model = MockModel::start([Answer::new().hang().when(of_agent())]);
    let home = Home::new(&model);
    let (app, thread) = App::with_thread(&home).await;
    let agent = spawn(&app, &model, &thread, "s1", json!({"message": "Take your time"})).await;
    // The shortest wait is ten seconds.
    model.push(calls(
        "w1",
        "wait_agent",
        &json!({"targets": [agent], "timeout_ms": 1}),
    ));
    model.push(root_says("Seen"));
    app.run_turn(&thread, "Wait for it").await;
    assert_eq!(output(&model, "w1"), json!({"status": {}, "timed_out": true}));
    assert_eq!(item(&app, "w1").await["agentsStates"], json!({}));
    app.stop().await;
}

#[tokio::test]
async fn a_collab_wait_names_all_agents_when_it_begins_and_those_that_have_ended_when_it_is_over() {
    let model = MockModel::start([
        Answer::new().hang().when(of_agent().and_input("Slow")),
        Answer::from("Fast").when(of_agent().and_input("Quick")),
    ]);
    let home = Home::new(&model);
    let (app, thread) = App::with_thread(&home).await;
    let slow = spawn(&app, &model, &thread, "s1", json!({"message": "Slow"})).await;
    let fast = spawn(&app, &model, &thread, "s2", json!({"message": "Quick"})).await;
    end_of_turn(&app, &fast).await;
    let targets = json!([fast, slow, fast]);
    model.push(calls("w1", "wait_agent", &json!({"targets": targets})));
    model.push(root_says("Seen"));
    app.run_turn(&thread, "Wait for them").await;
    let began = app.frames().into_iter().find(|frame| {
        frame.is_notification() && frame.method() == "item/started" && frame.params()["item"]["id"] == "w1"
    });
    let began = began.unwrap().params()["item"].clone();
    assert_eq!(
        began["receiverThreadIds"],
        json!([fast, slow]),
        "in the order of the call"
    );
    assert_eq!(item(&app, "w1").await["receiverThreadIds"], json!([fast]));
    app.stop().await;
}

#[tokio::test]
async fn a_working_collab_agent_that_is_closed_is_told_as_shut_down_and_comes_back_as_interrupted() {
    let model = MockModel::start([Answer::new().half("I begin").hang().when(of_agent())]);
    let home = Home::new(&model);
    let (app, thread) = App::with_thread(&home).await;
    let agent = spawn(&app, &model, &thread, "s1", json!({"message": "Hang"})).await;
    app.wait_where("item/agentMessage/delta", |params| {
        params["threadId"] == agent.as_str()
    })
    .await;
    model.push(calls("c1", "close_agent", &json!({"target": agent})));
    model.push(calls("r1", "resume_agent", &json!({"id": agent})));
    model.push(root_says("Seen"));
    app.run_turn(&thread, "Close it").await;
    assert_eq!(output(&model, "c1"), json!({"previous_status": "running"}));
    assert_eq!(output(&model, "r1"), json!({"status": "interrupted"}));
    let told = requests_of_root(&model).pop().unwrap().body["input"].to_string();
    let note = json!({"agent_path": agent, "status": "shutdown"}).to_string();
    let quoted = json!(note).to_string();
    assert!(told.contains(quoted.trim_matches('"')), "{told}");
    app.stop().await;
}

#[tokio::test]
async fn the_user_does_not_wait_for_collab_agents() {
    let model = MockModel::start([Answer::new().hang().when(of_agent())]);
    let home = Home::new(&model);
    let (app, thread) = App::with_thread(&home).await;
    let agent = spawn(&app, &model, &thread, "s1", json!({"message": "Take your time"})).await;
    model.push(calls(
        "w1",
        "wait_agent",
        &json!({"targets": [agent], "timeout_ms": 3_600_000}),
    ));
    model.push(root_says("Here I am"));
    let running = app.start_turn(&thread, "Wait for it").await;
    app.wait_where("item/started", |params| params["item"]["id"] == "w1")
        .await;
    app.call(
        "turn/steer",
        json!({"threadId": thread, "expectedTurnId": running.id, "input": [{"type": "text", "text": "Are you there?"}]}),
    )
    .await;
    let turn = app.end_of(running).await;
    assert!(turn.text().contains("Here I am"));
    app.stop().await;
}

#[tokio::test]
async fn a_collab_agent_goes_on_when_it_is_spoken_to_and_comes_back_when_it_is_closed() {
    let model = MockModel::start([agent_says("One"), agent_says("Two"), agent_says("Three")]);
    let home = Home::new(&model);
    let (app, thread) = App::with_thread(&home).await;
    let agent = spawn(&app, &model, &thread, "s1", json!({"message": "First"})).await;
    end_of_turn(&app, &agent).await;

    model.push(calls(
        "i1",
        "send_input",
        &json!({"target": agent, "message": "Second"}),
    ));
    model.push(calls("w1", "wait_agent", &json!({"targets": [agent]})));
    model.push(calls("c1", "close_agent", &json!({"target": agent})));
    model.push(calls("w2", "wait_agent", &json!({"targets": [agent]})));
    model.push(calls(
        "i2",
        "send_input",
        &json!({"target": agent, "message": "Lost"}),
    ));
    model.push(calls("r1", "resume_agent", &json!({"id": agent})));
    model.push(calls(
        "i3",
        "send_input",
        &json!({"target": agent, "message": "Third"}),
    ));
    model.push(calls("w3", "wait_agent", &json!({"targets": [agent]})));
    model.push(root_says("Seen"));
    app.run_turn(&thread, "Go on").await;

    let second = end_of_turn(&app, &agent).await;
    assert_eq!(output(&model, "i1"), json!({"submission_id": second["id"]}));
    assert_eq!(
        output(&model, "w1")["status"],
        json!({&agent: {"completed": "Two"}})
    );
    assert_eq!(
        output(&model, "c1"),
        json!({"previous_status": {"completed": "Two"}})
    );
    assert_eq!(
        output(&model, "w2"),
        json!({"status": {&agent: "not_found"}, "timed_out": false})
    );
    assert_eq!(output(&model, "i2"), format!("agent with id {agent} not found"));
    assert_eq!(output(&model, "r1"), json!({"status": "pending_init"}));
    assert_eq!(
        output(&model, "w3")["status"],
        json!({&agent: {"completed": "Three"}})
    );
    let gone = json!({&agent: {"status": "notFound", "message": null}});
    for call in ["w2", "i2"] {
        let item = item(&app, call).await;
        assert_eq!(
            (&item["status"], &item["agentsStates"]),
            (&json!("failed"), &gone),
            "{call}"
        );
    }
    let statuses: Vec<Value> = app
        .frames()
        .iter()
        .filter(|frame| {
            frame.method() == "thread/status/changed" && frame.params()["threadId"] == agent.as_str()
        })
        .map(|frame| frame.params()["status"]["type"].clone())
        .collect();
    assert_eq!(
        statuses,
        [
            "idle",
            "active",
            "idle",
            "active",
            "idle",
            "notLoaded",
            "idle",
            "active",
            "idle"
        ]
    );
    let third = &requests_of_agents(&model)[2];
    let said: Vec<_> = third
        .input_of("message")
        .iter()
        .map(|m| m["content"][0]["text"].clone())
        .collect();
    for words in ["First", "One", "Second", "Two", "Third"] {
        assert!(said.contains(&json!(words)), "{words} in {said:?}");
    }
    app.stop().await;
}

#[tokio::test]
async fn collab_input_waits_for_the_end_of_a_step_unless_it_interrupts() {
    let model = MockModel::start([
        Answer::new().wait(500).say("One").when(of_agent()),
        agent_says("Two"),
        Answer::new().hang().when(of_agent()),
        agent_says("Three"),
    ]);
    let home = Home::new(&model);
    let (app, thread) = App::with_thread(&home).await;
    let agent = spawn(&app, &model, &thread, "s1", json!({"message": "First"})).await;
    model.push(calls(
        "i1",
        "send_input",
        &json!({"target": agent, "message": "Second"}),
    ));
    model.push(root_says("Said"));
    app.run_turn(&thread, "Say more").await;
    let turn = end_of_turn(&app, &agent).await;
    assert_eq!(
        (&turn["status"], &turn["items"][0]["text"]),
        (&json!("completed"), &json!("Two"))
    );
    assert_eq!(
        output(&model, "i1"),
        json!({"submission_id": turn["id"]}),
        "the same turn goes on"
    );

    model.push(calls(
        "i2",
        "send_input",
        &json!({"target": agent, "message": "Hang"}),
    ));
    model.push(root_says("Sent"));
    app.run_turn(&thread, "Redirect it").await;
    // It is to hang before it is interrupted.
    let hangs = async {
        while requests_of_agents(&model).len() < 3 {
            tokio::task::yield_now().await;
        }
    };
    let patience = std::time::Duration::from_secs(20);
    tokio::time::timeout(patience, hangs).await.expect("a request");
    model.push(calls(
        "i3",
        "send_input",
        &json!({"target": agent, "message": "No, this", "interrupt": true}),
    ));
    model.push(calls("w1", "wait_agent", &json!({"targets": [agent]})));
    model.push(root_says("Seen"));
    app.run_turn(&thread, "No").await;
    assert_eq!(end_of_turn(&app, &agent).await["status"], "interrupted");
    assert_eq!(
        output(&model, "w1")["status"],
        json!({&agent: {"completed": "Three"}})
    );
    assert_eq!(
        item(&app, "i3").await["agentsStates"][&agent]["status"],
        "interrupted"
    );
    app.stop().await;
}

#[tokio::test]
async fn the_failure_of_a_collab_agent_is_told() {
    let model = MockModel::start([Answer::status(400).body("no such luck").when(of_agent())]);
    let home = Home::new(&model);
    let (app, thread) = App::with_thread(&home).await;
    let agent = spawn(&app, &model, &thread, "s1", json!({"message": "Try"})).await;
    let turn = end_of_turn(&app, &agent).await;
    assert_eq!(turn["status"], "failed");
    model.push(calls("w1", "wait_agent", &json!({"targets": [agent]})));
    model.push(calls("c1", "close_agent", &json!({"target": agent})));
    model.push(root_says("Seen"));
    app.run_turn(&thread, "How is it?").await;
    let message = turn["error"]["message"].clone();
    assert_eq!(
        output(&model, "w1")["status"],
        json!({&agent: {"errored": message}})
    );
    assert_eq!(
        output(&model, "c1")["previous_status"],
        json!({"errored": message})
    );
    for call in ["w1", "c1"] {
        let item = item(&app, call).await;
        assert_eq!(item["status"], "failed");
        assert_eq!(
            item["agentsStates"][&agent],
            json!({"status": "errored", "message": message})
        );
    }
    app.stop().await;
}

#[tokio::test]
async fn a_collab_agent_may_know_what_the_user_has_said() {
    let model = MockModel::start([root_says("First answer"), agent_says("Done")]);
    let home = Home::new(&model);
    let (app, thread) = App::with_thread(&home).await;
    app.run_turn(&thread, "First words").await;
    let task = json!({"message": "The task", "fork_context": true});
    let agent = spawn(&app, &model, &thread, "s1", task).await;
    end_of_turn(&app, &agent).await;
    let request = &requests_of_agents(&model)[0];
    let said: Vec<_> = request
        .input_of("message")
        .iter()
        .map(|message| message["content"][0]["text"].as_str().unwrap().to_owned())
        .filter(|text| !text.starts_with('<'))
        .collect();
    assert_eq!(said, ["First words", "Start an agent", "The task"]);
    let contexts = request.input_of("message").len() - said.len();
    let of_root = requests_of_root(&model)[0].input_of("message").len() - 1;
    assert_eq!(contexts, of_root, "the surroundings are told once");
    assert!(request.input_of("function_call").is_empty());

    let read = app
        .call("thread/read", json!({"threadId": agent, "includeTurns": true}))
        .await["thread"]
        .clone();
    assert_eq!(
        (&read["preview"], &read["turns"].as_array().unwrap().len()),
        (&json!("The task"), &1)
    );
    app.stop().await;
}

#[tokio::test]
async fn a_collab_agent_that_knows_the_conversation_has_no_type_of_its_own() {
    let task = json!({"message": "x", "fork_context": true, "agent_type": "explorer"});
    let model = MockModel::start([calls("s1", "spawn_agent", &task), root_says("Seen")]);
    let home = Home::new(&model);
    let (app, thread) = App::with_thread(&home).await;
    app.run_turn(&thread, "Start an agent").await;
    let refusal = output(&model, "s1");
    assert!(
        refusal.as_str().unwrap().contains("leave out agent_type"),
        "{refusal}"
    );
    assert_eq!(item(&app, "s1").await["status"], "failed");
    assert!(requests_of_agents(&model).is_empty());
    app.stop().await;
}

#[tokio::test]
async fn questions_of_collab_agents_reach_the_clients_of_the_parent() {
    let command =
        json!({"cmd": "echo ran", "sandbox_permissions": "require_escalated", "justification": "I need it"});
    let model = MockModel::start([
        Answer::new().call("x1", "exec_command", command).when(of_agent()),
        agent_says("Done"),
    ]);
    let home = Home::with(&model, &Config::asking());
    let (app, thread) = App::with_thread(&home).await;
    let agent = spawn(&app, &model, &thread, "s1", json!({"message": "Run it"})).await;
    let request = app.server_request("item/commandExecution/requestApproval").await;
    assert_eq!(request.params["threadId"], agent.as_str());
    app.respond(&request, json!({"decision": "accept"})).await;
    assert_eq!(end_of_turn(&app, &agent).await["status"], "completed");
    let ran = item(&app, "x1").await;
    assert_eq!(
        (&ran["status"], &ran["aggregatedOutput"]),
        (&json!("completed"), &json!("ran\n"))
    );
    app.stop().await;
}

#[tokio::test]
async fn a_model_that_can_search_finds_the_collab_tools() {
    let search = json!({
        "type": "tool_search_call", "call_id": "s1", "execution": "client", "status": "completed",
        "arguments": {"query": "start another agent"},
    });
    let done = json!({"type": "response.output_item.done", "output_index": 0, "item": search});
    let model = MockModel::start([
        Answer::new().event(done).when(of_root()),
        calls("c1", "spawn_agent", &json!({"message": "Look"})),
        root_says("Started"),
        agent_says("Seen"),
    ]);
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({"model": "gpt-5.5"})).await;
    let turn = app.run_turn(&thread, "Start one").await;
    assert_eq!(turn.items_of("collabAgentToolCall")[0]["status"], "completed");
    app.stop().await;
    let requests = requests_of_root(&model);
    let tools = requests[0].body["tools"].as_array().unwrap();
    assert!(tools.iter().all(|tool| tool["name"] != "multi_agent_v1"));
    assert!(tools.iter().any(|tool| tool["type"] == "tool_search"));
    let input = requests[0].body["input"].to_string();
    assert!(input.contains("- multi_agent_v1: "), "{input}");
    let found = requests[1].body["input"].as_array().unwrap().last().unwrap();
    assert_eq!(found["tools"][0]["name"], "multi_agent_v1");
    assert!(
        found["tools"][0]["tools"].to_string().contains("spawn_agent"),
        "{found}"
    );
}
