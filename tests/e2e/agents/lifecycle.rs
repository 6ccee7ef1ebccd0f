//! Agents whose parents are interrupted, moved, removed, killed or brought back.

use codex_core::mock_model::{Answer, MockModel};
use rustix::process::Signal;
use serde_json::{Value, json};

use super::{
    agent_says, call_in, calls, end_of_turn, item, of_agent, of_root, output, requests_of_agents, root_says,
    spawn,
};
use crate::support::{App, Config, Frame, Home};

/// Moments at which the program is killed; CODEX_TEST_KILLS sets another number.
const KILLS: u64 = 12;
/// Milliseconds after the first request in which they lie.
const SPAN: u64 = 36;

#[tokio::test]
async fn an_interrupt_of_the_parent_ends_its_collab_agents() {
    let model = MockModel::start([
        Answer::new().hang().when(of_agent()),
        calls("s1", "spawn_agent", &json!({"message": "Hang"})),
        Answer::new().hang().when(of_root()),
    ]);
    let home = Home::new(&model);
    let (app, thread) = App::with_thread(&home).await;
    let running = app.start_turn(&thread, "Start one").await;
    let agent = item(&app, "s1").await["receiverThreadIds"][0]
        .as_str()
        .unwrap()
        .to_owned();
    model.wait_for_requests(3).await.unwrap();
    assert_eq!(app.interrupt(&thread, running).await.status(), "interrupted");
    assert_eq!(end_of_turn(&app, &agent).await["status"], "interrupted");

    model.push(calls("w1", "wait_agent", &json!({"targets": [agent]})));
    model.push(root_says("Seen"));
    app.run_turn(&thread, "How is it?").await;
    assert_eq!(output(&model, "w1")["status"], json!({&agent: "interrupted"}));
    app.stop().await;
}

#[tokio::test]
async fn an_interrupt_ends_a_collab_wait() {
    let model = MockModel::start([Answer::new().hang().when(of_agent())]);
    let home = Home::new(&model);
    let (app, thread) = App::with_thread(&home).await;
    let agent = spawn(&app, &model, &thread, "s1", json!({"message": "Hang"})).await;
    model.push(calls(
        "w1",
        "wait_agent",
        &json!({"targets": [agent], "timeout_ms": 600_000}),
    ));
    let running = app.start_turn(&thread, "Wait").await;
    app.wait_where("item/started", |params| params["item"]["id"] == "w1")
        .await;
    assert_eq!(app.interrupt(&thread, running).await.status(), "interrupted");
    assert_eq!(item(&app, "w1").await["status"], "interrupted");
    app.stop().await;
}

#[tokio::test]
async fn collab_agents_are_archived_and_deleted_with_their_parent() {
    let model = MockModel::start([agent_says("Done"), Answer::new().hang().when(of_agent())]);
    let home = Home::new(&model);
    let (app, thread) = App::with_thread(&home).await;
    let done = spawn(&app, &model, &thread, "s1", json!({"message": "One"})).await;
    end_of_turn(&app, &done).await;
    let busy = spawn(&app, &model, &thread, "s2", json!({"message": "Two"})).await;
    // A thread is listed once its file tells what was said to it.
    app.wait_where("item/completed", |params| params["threadId"] == busy.as_str())
        .await;
    let listed = app.call("thread/list", json!({"parentThreadId": thread})).await;
    assert_eq!(listed["data"].as_array().unwrap().len(), 2);
    let by_kind = app
        .call("thread/list", json!({"sourceKinds": ["subAgentThreadSpawn"]}))
        .await;
    assert_eq!(by_kind["data"].as_array().unwrap().len(), 2);
    let ordinary = app.call("thread/list", json!({})).await;
    assert_eq!(
        ordinary["data"].as_array().unwrap().len(),
        1,
        "agents are not among the user's threads"
    );

    app.call("thread/archive", json!({"threadId": thread})).await;
    let mut archived = Vec::new();
    for _ in 0..3 {
        archived.push(
            app.wait_for("thread/archived").await["threadId"]
                .as_str()
                .unwrap()
                .to_owned(),
        );
    }
    assert_eq!(archived[0], thread);
    assert!(archived.contains(&done) && archived.contains(&busy));
    assert_eq!(end_of_turn(&app, &busy).await["status"], "interrupted");

    app.call("thread/unarchive", json!({"threadId": thread})).await;
    let mut back = Vec::new();
    for _ in 0..3 {
        back.push(app.wait_for("thread/unarchived").await["threadId"].clone());
    }
    assert_eq!(back[0], json!(thread));
    assert!(back.contains(&json!(done)) && back.contains(&json!(busy)));
    let kinds = json!(["vscode", "subAgent"]);
    let left = json!({"archived": true, "sourceKinds": kinds});
    assert_eq!(app.call("thread/list", left).await["data"], json!([]));
    let listed = app.call("thread/list", json!({"sourceKinds": kinds})).await;
    assert_eq!(listed["data"].as_array().unwrap().len(), 3);

    app.call("thread/delete", json!({"threadId": thread})).await;
    let mut deleted = Vec::new();
    for _ in 0..3 {
        deleted.push(
            app.wait_for("thread/deleted").await["threadId"]
                .as_str()
                .unwrap()
                .to_owned(),
        );
    }
    assert_eq!(deleted[0], thread);
    assert!(deleted.contains(&done) && deleted.contains(&busy));
    app.stop().await;
}

#[tokio::test]
async fn it_is_not_kept_how_far_users_have_read_collab_agents() {
    let model = MockModel::start([agent_says("Done"), agent_says("More")]);
    let home = Home::new(&model);
    let (app, thread) = App::with_thread(&home).await;
    let agent = spawn(&app, &model, &thread, "s1", json!({"message": "One"})).await;
    end_of_turn(&app, &agent).await;
    app.run_turn(&agent, "Hello").await;
    let told = app.frames().into_iter().filter(Frame::is_notification);
    let told = told.filter(|frame| frame.method() == "thread/readState/changed");
    assert!(
        told.clone()
            .all(|frame| frame.params()["threadId"] == thread.as_str())
    );
    assert_eq!(told.count(), 1);
    let kinds = json!({"sourceKinds": ["vscode", "subAgent"]});
    let listed = app.call("thread/list", kinds).await;
    assert_eq!(listed["data"].as_array().unwrap().len(), 2);
    let states = listed["readStates"].as_object().unwrap();
    assert_eq!(states.keys().collect::<Vec<_>>(), [&thread]);
    let read = app.call("thread/read", json!({"threadId": agent})).await;
    assert_eq!(read["readState"], Value::Null);
    let mark = json!({"threadId": agent, "expectedRevision": "x", "operation": {"type": "read"}});
    let error = app.call_err("thread/readState/update", mark).await;
    assert_eq!(error.message, "thread read state unavailable");
    app.stop().await;
}

#[tokio::test]
async fn collab_agents_come_back_after_a_restart() {
    let model = MockModel::start([agent_says("One"), agent_says("Two")]);
    let home = Home::new(&model);
    let (app, thread) = App::with_thread(&home).await;
    let agent = spawn(&app, &model, &thread, "s1", json!({"message": "First"})).await;
    end_of_turn(&app, &agent).await;
    app.stop().await;

    let app = App::start(&home).await;
    let resumed = app.call("thread/resume", json!({"threadId": thread})).await;
    let items = resumed["thread"]["turns"][0]["items"].as_array().unwrap();
    let kept = items.iter().find(|item| item["id"] == "s1").unwrap();
    assert_eq!(
        (&kept["type"], &kept["tool"]),
        (&json!("collabAgentToolCall"), &json!("spawnAgent"))
    );
    assert_eq!(kept["agentsStates"][&agent]["status"], "pendingInit");
    let read = app.call("thread/read", json!({"threadId": agent})).await;
    assert_eq!(read["thread"]["status"]["type"], "notLoaded");
    model.push(calls(
        "i1",
        "send_input",
        &json!({"target": agent, "message": "Lost"}),
    ));
    model.push(calls("r1", "resume_agent", &json!({"id": agent})));
    model.push(calls(
        "i2",
        "send_input",
        &json!({"target": agent, "message": "Second"}),
    ));
    model.push(calls("w1", "wait_agent", &json!({"targets": [agent]})));
    model.push(root_says("Seen"));
    app.run_turn(&thread, "Bring it back").await;
    assert_eq!(output(&model, "i1"), format!("agent with id {agent} not found"));
    assert_eq!(
        output(&model, "w1")["status"],
        json!({&agent: {"completed": "Two"}})
    );
    let turn = end_of_turn(&app, &agent).await;
    assert_eq!(
        turn["status"], "completed",
        "its turn is told to the clients of the parent"
    );
    let request = requests_of_agents(&model).pop().unwrap();
    assert_eq!(request.header("session-id"), Some(thread.as_str()));
    assert!(
        request
            .input_of("message")
            .iter()
            .any(|message| message["content"][0]["text"] == "First")
    );
    app.stop().await;
}

#[tokio::test]
async fn threads_of_others_are_no_collab_agents() {
    let model = MockModel::start([root_says("Hi")]);
    let home = Home::new(&model);
    let (app, thread) = App::with_thread(&home).await;
    let other = app.start_thread(json!({})).await;
    app.run_turn(&other, "Hello").await;
    model.push(calls("r1", "resume_agent", &json!({"id": other})));
    model.push(calls("c1", "close_agent", &json!({"target": other})));
    model.push(root_says("Seen"));
    app.run_turn(&thread, "Take it").await;
    for call in ["r1", "c1"] {
        assert_eq!(output(&model, call), format!("agent with id {other} not found"));
    }
    app.stop().await;
}

#[tokio::test]
async fn a_client_may_talk_to_a_collab_agent_by_id() {
    let model = MockModel::start([agent_says("One"), agent_says("Two")]);
    let home = Home::new(&model);
    let (app, thread) = App::with_thread(&home).await;
    let agent = spawn(&app, &model, &thread, "s1", json!({"message": "First"})).await;
    end_of_turn(&app, &agent).await;
    assert_eq!(app.run_turn(&agent, "Hello").await.text(), "Two");
    app.stop().await;
}

#[tokio::test]
async fn twenty_collab_agents_work_at_the_same_time() {
    let mut all = Answer::new().when(of_root());
    for number in 0..20 {
        let task = json!({"message": format!("Task {number}")});
        all = call_in(all, "multi_agent_v1", &format!("s{number}"), "spawn_agent", &task);
    }
    let model = MockModel::start([
        all,
        root_says("Started"),
        Answer::from("Done").when(of_agent()).always(),
    ]);
    let config = Config {
        extra: "[agents]\nmax_threads = 20".to_owned(),
        ..Config::default()
    };
    let home = Home::with(&model, &config);
    let (app, thread) = App::with_thread(&home).await;
    app.run_turn(&thread, "Start twenty").await;
    let mut names = std::collections::HashSet::new();
    for number in 0..20 {
        let item = item(&app, &format!("s{number}")).await;
        let agent = item["receiverThreadIds"][0].as_str().unwrap().to_owned();
        assert_eq!(end_of_turn(&app, &agent).await["status"], "completed");
        names.insert(output(&model, &format!("s{number}"))["nickname"].to_string());
    }
    assert_eq!(names.len(), 20, "each has a name of its own");
    app.stop().await;
}

#[tokio::test]
async fn every_thread_resumes_after_a_kill_around_a_collab_spawn() {
    let kills = std::env::var("CODEX_TEST_KILLS").ok();
    let kills = kills.and_then(|number| number.parse().ok()).unwrap_or(KILLS);
    for round in 0..kills {
        let model = MockModel::start([
            calls(
                "s1",
                "spawn_agent",
                &json!({"message": "One", "fork_context": round % 2 == 0}),
            ),
            root_says("Started").always(),
            Answer::new().wait(5).say("Done").when(of_agent()).always(),
        ]);
        let home = Home::new(&model);
        let (app, thread) = App::with_thread(&home).await;
        app.start_turn(&thread, "Start one").await;
        // From the request on, a little later each time.
        model.wait_for_requests(1).await.unwrap();
        let later = std::time::Duration::from_micros(SPAN * 1000 * round / kills);
        tokio::time::timeout(later, app.end_of_output()).await.ok();
        app.signal(Signal::KILL);
        app.exit().await;
        let shown = app.frames();
        let app = App::start(&home).await;
        let all = app
            .call("thread/list", json!({"sourceKinds": ["vscode", "subAgent"]}))
            .await;
        for row in all["data"].as_array().unwrap() {
            let id = row["id"].as_str().unwrap();
            let resumed = app.call("thread/resume", json!({"threadId": id})).await;
            let kept: Vec<Value> = resumed["thread"]["turns"]
                .as_array()
                .unwrap()
                .iter()
                .flat_map(|turn| turn["items"].as_array().unwrap().clone())
                .collect();
            for frame in shown.iter().filter(|frame| frame.method() == "item/completed") {
                let params = frame.params();
                let was_kept = kept.iter().any(|item| item["id"] == params["item"]["id"]);
                assert!(
                    params["threadId"] != id || was_kept,
                    "round {round}: {params} in {kept:?}"
                );
            }
        }
        // Its first words are stored while the model is asked; a kill before that loses what nobody has been told of.
        let resumed = app.try_call("thread/resume", json!({"threadId": thread})).await;
        let is_of_it = |frame: &Frame| {
            frame.method() == "item/completed" && frame.params()["threadId"] == thread.as_str()
        };
        if let Err(error) = resumed {
            assert!(!shown.iter().any(is_of_it), "round {round}: {error:?}");
        } else {
            let turn = app.run_turn(&thread, "Go on").await;
            assert_eq!(turn.status(), "completed", "round {round}");
        }
        app.stop().await;
    }
}

#[tokio::test]
async fn an_interrupted_collab_agent_is_told_so_unless_that_is_switched_off() {
    let call = |id: &str, name: &str, arguments: &Value| {
        call_in(
            Answer::new().when(of_root()),
            "collaboration",
            id,
            name,
            arguments,
        )
    };
    for is_told in [true, false] {
        let model = MockModel::start([Answer::new().hang().when(of_agent()), agent_says("Again")]);
        let config = Config {
            model: "gpt-6.2-sol".to_owned(),
            extra: format!("[agents]\ninterrupt_message = {is_told}"),
            ..Config::default()
        };
        let home = Home::with(&model, &config);
        let (app, thread) = App::with_thread(&home).await;
        let task = json!({"task_name": "kid", "message": "First", "fork_turns": "none"});
        model.push(call("s1", "spawn_agent", &task));
        model.push(root_says("Started"));
        app.run_turn(&thread, "Start an agent").await;
        let agent = item(&app, "s1").await["agentThreadId"]
            .as_str()
            .unwrap()
            .to_owned();
        model.wait_for_requests(3).await.unwrap();
        model.push(call("i1", "interrupt_agent", &json!({"target": "kid"})));
        model.push(call(
            "f1",
            "followup_task",
            &json!({"target": "kid", "message": "Second"}),
        ));
        model.push(root_says("Done"));
        app.run_turn(&thread, "Stop it").await;
        assert_eq!(end_of_turn(&app, &agent).await["status"], "interrupted");
        assert_eq!(end_of_turn(&app, &agent).await["status"], "completed");
        let request = requests_of_agents(&model).pop().unwrap();
        let messages = request.input_of("message").into_iter();
        let markers: Vec<&Value> = messages
            .filter(|message| message["content"].to_string().contains("<turn_aborted>"))
            .map(|message| &message["role"])
            .collect();
        let expected = if is_told { vec!["developer"] } else { Vec::new() };
        assert_eq!(markers, expected, "told: {is_told}");
        app.stop().await;
    }
}
