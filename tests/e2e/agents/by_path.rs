//! Namespace `collaboration`.

use codex_core::mock_model::{Answer, MockModel};
use serde_json::{Value, json};

use super::{
    agent_says, call_in, end_of_turn, item, of_agent, of_root, output, requests_of_agents, requests_of_root,
    root_says,
};
use crate::support::{App, Config, Home, TurnRun};

/// A home whose model names agents by paths.
fn home(model: &MockModel) -> Home {
    let config = Config {
        model: "gpt-6.2-sol".to_owned(),
        ..Config::default()
    };
    Home::with(model, &config)
}

fn calls(id: &str, name: &str, arguments: &Value) -> Answer {
    call_in(
        Answer::new().when(of_root()),
        "collaboration",
        id,
        name,
        arguments,
    )
}

/// A thread that has started an agent, which is done.
struct Family {
    model: MockModel,
    home: Home,
    app: App,
    thread: String,
    /// That in which it has started the agent.
    turn: TurnRun,
    agent: String,
}

/// A thread that has started the agent `kid`.
async fn with_kid() -> Family {
    let model = MockModel::start([
        calls(
            "s1",
            "spawn_agent",
            &json!({"task_name": "kid", "message": "x", "fork_turns": "none"}),
        ),
        root_says("Started"),
        agent_says("Done"),
    ]);
    let home = home(&model);
    let (app, thread) = App::with_thread(&home).await;
    let turn = app.run_turn(&thread, "Start an agent").await;
    let agent = item(&app, "s1").await["agentThreadId"]
        .as_str()
        .unwrap()
        .to_owned();
    end_of_turn(&app, &agent).await;
    Family {
        model,
        home,
        app,
        thread,
        turn,
        agent,
    }
}

fn texts(message: &Value) -> String {
    let parts = message["content"].as_array().unwrap().iter();
    let text = |part: &Value| {
        part["text"]
            .as_str()
            .or(part["encrypted_content"].as_str())
            .unwrap()
            .to_owned()
    };
    parts.map(text).collect()
}

#[tokio::test]
async fn collab_agents_with_paths_know_the_conversation_and_write_back() {
    let model = MockModel::start([
        calls(
            "s1",
            "spawn_agent",
            &json!({"task_name": "kid", "message": "Look around"}),
        ),
        calls("w1", "wait_agent", &json!({"timeout_ms": 20000})),
        root_says("All done"),
        Answer::new().wait(300).say("Found it").when(of_agent()),
    ]);
    let home = home(&model);
    let (app, thread) = App::with_thread(&home).await;
    app.run_turn(&thread, "Start an agent").await;
    assert_eq!(output(&model, "s1"), json!({"task_name": "/root/kid"}));
    assert_eq!(
        output(&model, "w1"),
        json!({"message": "Wait completed.", "timed_out": false})
    );

    let started = item(&app, "s1").await;
    assert_eq!(
        (&started["type"], &started["kind"]),
        (&json!("subAgentActivity"), &json!("started"))
    );
    assert_eq!(
        (&started["agentPath"], &started["model"]),
        (&json!("/root/kid"), &json!("gpt-6.2-sol"))
    );
    let agent = started["agentThreadId"].as_str().unwrap().to_owned();
    let turn = end_of_turn(&app, &agent).await;
    let id = format!("subagent-completed-{}", turn["id"].as_str().unwrap());
    let completed = item(&app, &id).await;
    assert_eq!(
        (&completed["kind"], &completed["agentThreadId"]),
        (&json!("completed"), &json!(agent))
    );
    let waited = item(&app, "w1").await;
    assert_eq!(
        (&waited["tool"], &waited["receiverThreadIds"]),
        (&json!("wait"), &json!([]))
    );

    let last = requests_of_root(&model).pop().unwrap();
    let mail = last.input_of("agent_message");
    assert_eq!(mail.len(), 1);
    assert_eq!(
        (&mail[0]["author"], &mail[0]["recipient"]),
        (&json!("/root/kid"), &json!("/root"))
    );
    assert_eq!(
        texts(mail[0]),
        "Message Type: FINAL_ANSWER\nTask name: /root\nSender: /root/kid\nPayload:\nFound it"
    );
    let first = &requests_of_root(&model)[0];
    let roles = |request: &codex_core::mock_model::Request, tag: &str| {
        let developer = request
            .input_of("message")
            .into_iter()
            .filter(|message| message["role"] == "developer");
        developer
            .filter(|message| texts(message).starts_with(tag))
            .count()
    };
    assert_eq!(
        (
            roles(first, "<multi_agent_role>"),
            roles(first, "<multi_agent_mode>")
        ),
        (1, 1)
    );

    let request = &requests_of_agents(&model)[0];
    let metadata: Value = serde_json::from_str(request.header("x-codex-turn-metadata").unwrap()).unwrap();
    assert_eq!(metadata["agent_name"], "/root/kid");
    let task = request.input().last().unwrap();
    assert_eq!(task["type"], "agent_message");
    assert_eq!(
        texts(task),
        "Message Type: NEW_TASK\nTask name: /root/kid\nSender: /root\nPayload:\nLook around"
    );
    assert_eq!(task["content"][1]["type"], "encrypted_content");
    let words: Vec<_> = request.input_of("message").into_iter().map(texts).collect();
    assert!(words.contains(&"Start an agent".to_owned()));
    assert_eq!(
        roles(request, "<multi_agent_role>"),
        2,
        "another role than the parent's"
    );
    assert_eq!(request.tool_output("s1"), Some("aborted"));
    let of_root = first.input();
    assert_eq!(
        &request.input()[..of_root.len()],
        of_root,
        "what the server has cached stays as it is"
    );

    let read = app
        .call("thread/read", json!({"threadId": agent, "includeTurns": true}))
        .await["thread"]
        .clone();
    assert_eq!(
        read["source"]["subAgent"]["thread_spawn"]["agent_path"],
        "/root/kid"
    );
    assert_eq!(
        (&read["preview"], &read["forkedFromId"]),
        (&json!(""), &json!(thread))
    );
    assert_eq!(read["canAcceptDirectInput"], false);
    assert_eq!(read["turns"].as_array().unwrap().len(), 1);
    let listed = app.call("thread/list", json!({"parentThreadId": thread})).await;
    assert_eq!(listed["data"][0]["id"], agent.as_str());
    app.stop().await;
}

#[tokio::test]
async fn only_collab_agents_speak_to_collab_agents_with_paths() {
    let Family {
        model,
        home: _home,
        app,
        agent,
        ..
    } = with_kid().await;
    let input = json!([{"type": "text", "text": "Hello"}]);
    for (method, params) in [
        ("turn/start", json!({"threadId": agent, "input": input})),
        (
            "turn/steer",
            json!({"threadId": agent, "expectedTurnId": "x", "input": input}),
        ),
        (
            "thread/inject_items",
            json!({"threadId": agent, "items": [{"type": "message", "role": "user", "content": []}]}),
        ),
        (
            "thread/shellCommand",
            json!({"threadId": agent, "command": "true"}),
        ),
    ] {
        let error = app.call_err(method, params).await;
        assert_eq!(
            error.message, "direct app-server input is not allowed for multi-agent v2 sub-agents",
            "{method}"
        );
    }
    let request = &requests_of_agents(&model)[0];
    assert!(
        request.input_of("function_call").is_empty(),
        "it knows its task only"
    );
    app.stop().await;
}

#[tokio::test]
async fn collab_agents_with_paths_are_messaged_listed_and_interrupted() {
    let model = MockModel::start([
        calls(
            "s1",
            "spawn_agent",
            &json!({"task_name": "kid", "message": "One", "fork_turns": "none"}),
        ),
        calls("w1", "wait_agent", &json!({})),
        calls("m1", "send_message", &json!({"target": "kid", "message": "Note"})),
        calls(
            "f1",
            "followup_task",
            &json!({"target": "/root/kid", "message": "Two"}),
        ),
        calls("l1", "list_agents", &json!({})),
        calls("x1", "interrupt_agent", &json!({"target": "kid"})),
        calls("l2", "list_agents", &json!({"path_prefix": "kid"})),
        root_says("Seen"),
        agent_says("Done"),
        Answer::new().hang().when(of_agent()),
    ]);
    let home = home(&model);
    let (app, thread) = App::with_thread(&home).await;
    app.run_turn(&thread, "Start an agent").await;
    for call in ["m1", "f1"] {
        assert_eq!(output(&model, call), "");
        assert_eq!(item(&app, call).await["kind"], "interacted");
    }
    let team = output(&model, "l1")["agents"].clone();
    assert_eq!(team[0], json!({"agent_name": "/root", "agent_status": "running"}));
    assert_eq!(team[1]["agent_name"], "/root/kid");
    assert_eq!(item(&app, "x1").await["kind"], "interrupted");
    let left = output(&model, "l2");
    assert_eq!(
        left,
        json!({"agents": [{"agent_name": "/root/kid", "agent_status": "interrupted"}]})
    );
    let requests = requests_of_agents(&model);
    let mail: Vec<_> = requests[1]
        .input_of("agent_message")
        .into_iter()
        .map(texts)
        .collect();
    assert_eq!(
        mail,
        [
            "Message Type: NEW_TASK\nTask name: /root/kid\nSender: /root\nPayload:\nOne",
            "Message Type: MESSAGE\nTask name: /root/kid\nSender: /root\nPayload:\nNote",
            "Message Type: NEW_TASK\nTask name: /root/kid\nSender: /root\nPayload:\nTwo",
        ]
    );
    app.stop().await;
}

#[tokio::test]
async fn failures_of_collab_agents_with_paths_are_told_to_the_parent_and_interrupts_to_nobody() {
    let kid = |task: &str| json!({"task_name": task, "message": task, "fork_turns": "none"});
    let refusal = json!({"error": {"message": "no such thing"}});
    let model = MockModel::start([
        calls("s1", "spawn_agent", &kid("fails")),
        // No time at all is the shortest there is.
        calls("w1", "wait_agent", &json!({"timeout_ms": 0})),
        calls("s2", "spawn_agent", &kid("hangs")),
        root_says("Started"),
        Answer::status(400)
            .body(refusal)
            .when(of_agent().and_input("fails")),
        Answer::new().hang().when(of_agent().and_input("hangs")),
    ]);
    let home = home(&model);
    let (app, thread) = App::with_thread(&home).await;
    app.run_turn(&thread, "Start agents").await;
    let waited = output(&model, "w1");
    assert_eq!(waited["timed_out"], false);
    let words = waited["message"].as_str().unwrap();
    assert!(words.contains("0ms") && words.contains("10000ms"), "{words}");
    let agent = item(&app, "s2").await["agentThreadId"]
        .as_str()
        .unwrap()
        .to_owned();
    model.wait_for_requests(6).await.unwrap();
    model.push(calls("x1", "interrupt_agent", &json!({"target": "hangs"})));
    model.push(root_says("Stopped"));
    app.run_turn(&thread, "Stop it").await;
    assert_eq!(end_of_turn(&app, &agent).await["status"], "interrupted");
    model.push(root_says("Seen"));
    app.run_turn(&thread, "And now?").await;
    let last = requests_of_root(&model).pop().unwrap();
    let mail: Vec<_> = last.input_of("agent_message").into_iter().map(texts).collect();
    let [failure] = mail.as_slice() else {
        panic!("{mail:?}");
    };
    assert!(
        failure.contains("Sender: /root/fails") && failure.contains("no such thing"),
        "{failure}"
    );
    let kinds = app.frames().into_iter().filter_map(|frame| {
        let params = (frame.is_notification() && frame.method() == "item/completed")
            .then(|| frame.params().clone())?;
        params["item"]["kind"].as_str().map(str::to_owned)
    });
    assert_eq!(
        kinds.collect::<Vec<_>>(),
        ["started", "started", "interrupted"],
        "nothing was completed"
    );
    app.stop().await;
}

#[tokio::test]
async fn files_tell_that_collab_agents_have_paths_and_where_their_turns_come_from() {
    let Family {
        model: _model,
        home: _home,
        app,
        thread,
        turn,
        agent,
    } = with_kid().await;
    for id in [&thread, &agent] {
        let read = app.call("thread/read", json!({"threadId": id})).await;
        let file = std::fs::read_to_string(read["thread"]["path"].as_str().unwrap()).unwrap();
        let lines: Vec<Value> = file
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let of_kind = |kind: &str| lines.iter().find(|line| line["type"] == kind).unwrap()["payload"].clone();
        let began = lines
            .iter()
            .find(|line| line["payload"]["type"] == "task_started")
            .unwrap();
        let parent = &began["payload"]["turn_attribution"]["parent_turn_id"];
        for kind in ["session_meta", "turn_context"] {
            assert_eq!(of_kind(kind)["multi_agent_version"], "v2", "{kind}");
        }
        let messages = lines
            .windows(2)
            .filter(|lines| lines[1]["payload"]["type"] == "agent_message");
        let begin: Vec<_> = messages
            .map(|lines| (&lines[0]["type"], &lines[0]["payload"]["trigger_turn"]))
            .collect();
        let is_task = *id == agent;
        assert!(!begin.is_empty());
        for found in begin {
            assert_eq!(
                found,
                (&json!("inter_agent_communication_metadata"), &json!(is_task))
            );
        }
        if *id == agent {
            assert_eq!(parent, turn.id.as_str());
            assert!(of_kind("turn_context")["effort"].is_string(), "as it works");
        } else {
            assert_eq!(*parent, Value::Null);
        }
    }
    app.stop().await;
}

#[tokio::test]
async fn collab_calls_by_path_that_make_no_sense_are_refused() {
    let mut wrong = Answer::new().when(of_root());
    for (id, name, arguments) in [
        (
            "taken",
            "spawn_agent",
            json!({"task_name": "kid", "message": "x"}),
        ),
        (
            "name",
            "spawn_agent",
            json!({"task_name": "Bad Name", "message": "x"}),
        ),
        ("empty", "spawn_agent", json!({"task_name": "two", "message": ""})),
        (
            "fork",
            "spawn_agent",
            json!({"task_name": "two", "message": "x", "fork_turns": "zz"}),
        ),
        (
            "fork_zero",
            "spawn_agent",
            json!({"task_name": "two", "message": "x", "fork_turns": "0"}),
        ),
        ("gone", "send_message", json!({"target": "none", "message": "x"})),
        (
            "root",
            "followup_task",
            json!({"target": "/root", "message": "x"}),
        ),
        ("stop_root", "interrupt_agent", json!({"target": "/root"})),
        ("stop_gone", "interrupt_agent", json!({"target": "/root/none"})),
        ("long", "wait_agent", json!({"timeout_ms": 3_600_001})),
        ("outside", "list_agents", json!({"path_prefix": "/x"})),
        ("no_name", "list_agents", json!({"path_prefix": "kid/"})),
        ("no_target", "interrupt_agent", json!({"target": "Kid"})),
    ] {
        wrong = call_in(wrong, "collaboration", id, name, &arguments);
    }
    let model = MockModel::start([
        calls(
            "s1",
            "spawn_agent",
            &json!({"task_name": "kid", "message": "x", "fork_turns": " 2 "}),
        ),
        wrong,
        root_says("Seen"),
        Answer::new().hang().when(of_agent()),
    ]);
    let home = home(&model);
    let (app, thread) = App::with_thread(&home).await;
    app.run_turn(&thread, "Try everything").await;
    for (call, words) in [
        ("taken", "agent path `/root/kid` already exists"),
        (
            "name",
            "agent_name must use only lowercase letters, digits, and underscores",
        ),
        ("empty", "Empty message can't be sent to an agent"),
        ("fork", "fork_turns must be `none` or `all`"),
        ("fork_zero", "fork_turns must be `none` or `all`"),
        ("gone", "live agent path `/root/none` not found"),
        ("root", "Follow-up tasks can't target the root agent"),
        ("stop_root", "root is not a spawned agent"),
        ("stop_gone", "live agent path `/root/none` not found"),
        ("long", "timeout_ms must be at most 3600000"),
        ("outside", "absolute agent paths begin with `/root`"),
        (
            "no_name",
            "`` in the agent path `kid/` is no task name: agent_name must use only lowercase letters, digits, and underscores",
        ),
        (
            "no_target",
            "`Kid` in the agent path `Kid` is no task name: agent_name must use only lowercase letters, digits, and underscores",
        ),
    ] {
        assert_eq!(output(&model, call), words, "{call}");
    }
    app.stop().await;
}

#[tokio::test]
async fn collab_agents_with_paths_come_back_by_their_path_after_a_restart() {
    let model = MockModel::start([agent_says("One"), agent_says("Two"), agent_says("Three")]);
    let home = home(&model);
    let (app, thread) = App::with_thread(&home).await;
    let task = json!({"task_name": "kid", "message": "First", "fork_turns": "none"});
    model.push(calls("s1", "spawn_agent", &task));
    model.push(root_says("Started"));
    app.run_turn(&thread, "Start an agent").await;
    let agent = item(&app, "s1").await["agentThreadId"]
        .as_str()
        .unwrap()
        .to_owned();
    end_of_turn(&app, &agent).await;
    app.stop().await;

    let app = App::start(&home).await;
    app.call("thread/resume", json!({"threadId": thread})).await;
    let target = |message: &str| json!({"target": "kid", "message": message});
    for (id, tool, arguments) in [
        ("l1", "list_agents", json!({})),
        ("i1", "interrupt_agent", json!({"target": "/root/kid"})),
        ("s2", "spawn_agent", task),
        (
            "n1",
            "followup_task",
            json!({"target": "/root/kid/none", "message": "x"}),
        ),
        ("m1", "send_message", target("Second")),
        ("l2", "list_agents", json!({})),
        ("f1", "followup_task", target("Third")),
        ("w1", "wait_agent", json!({"timeout_ms": 20000})),
    ] {
        model.push(calls(id, tool, &arguments));
    }
    model.push(root_says("Seen"));
    app.run_turn(&thread, "Go on with it").await;
    let root = json!({"agent_name": "/root", "agent_status": "running"});
    assert_eq!(output(&model, "l1")["agents"], json!([root]), "it is at rest");
    assert_eq!(output(&model, "i1"), json!({"previous_status": "not_found"}));
    assert_eq!(output(&model, "s2"), "agent path `/root/kid` already exists");
    assert_eq!(output(&model, "n1"), "live agent path `/root/kid/none` not found");
    assert_eq!(
        output(&model, "l2")["agents"],
        json!([root, {"agent_name": "/root/kid", "agent_status": "pending_init"}]),
        "a message brings it back and begins no turn"
    );
    assert_eq!(output(&model, "w1")["timed_out"], false);
    for call in ["i1", "m1", "f1"] {
        assert_eq!(item(&app, call).await["agentThreadId"], json!(agent), "{call}");
    }
    assert_eq!(end_of_turn(&app, &agent).await["status"], "completed");
    let request = requests_of_agents(&model).pop().unwrap();
    assert_eq!(request.header("session-id"), Some(thread.as_str()));
    let heard: Vec<String> = request.input_of("agent_message").into_iter().map(texts).collect();
    let words = |text: &String| text.rsplit('\n').next().unwrap_or_default().to_owned();
    assert_eq!(
        heard.iter().map(words).collect::<Vec<_>>(),
        ["First", "Second", "Third"]
    );
    app.stop().await;
}

#[tokio::test]
async fn a_collab_agent_whose_parent_is_at_rest_answers_the_root() {
    let of_kid = || of_agent().and_input("First");
    let of_sub = || of_agent().and_not("First");
    let deep = json!({"task_name": "sub", "message": "Deep", "fork_turns": "none"});
    let model = MockModel::start([
        call_in(
            Answer::new().when(of_kid()),
            "collaboration",
            "k1",
            "spawn_agent",
            &deep,
        ),
        Answer::from("Kid is done").when(of_kid()),
        Answer::from("Sub is done").when(of_sub()),
        Answer::from("Sub is done again").when(of_sub()),
    ]);
    let home = home(&model);
    let (app, thread) = App::with_thread(&home).await;
    let task = json!({"task_name": "kid", "message": "First", "fork_turns": "none"});
    model.push(calls("s1", "spawn_agent", &task));
    model.push(root_says("Started"));
    app.run_turn(&thread, "Start an agent").await;
    let sub = item(&app, "k1").await["agentThreadId"]
        .as_str()
        .unwrap()
        .to_owned();
    end_of_turn(&app, &sub).await;
    app.stop().await;

    let app = App::start(&home).await;
    app.call("thread/resume", json!({"threadId": thread})).await;
    let more = json!({"target": "/root/kid/sub", "message": "More"});
    model.push(calls("f1", "followup_task", &more));
    model.push(calls("w1", "wait_agent", &json!({"timeout_ms": 20000})));
    model.push(root_says("Seen"));
    app.run_turn(&thread, "Go on with it").await;
    assert_eq!(output(&model, "w1")["timed_out"], false);
    let last = requests_of_root(&model).pop().unwrap();
    let answer = last.input_of("agent_message").pop().unwrap().clone();
    assert_eq!(
        (&answer["author"], &answer["recipient"]),
        (&json!("/root/kid/sub"), &json!("/root"))
    );
    assert!(texts(&answer).ends_with("Sub is done again"));
    app.stop().await;
}
