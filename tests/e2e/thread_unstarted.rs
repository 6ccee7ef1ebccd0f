//! Threads that had no turn yet: they have no file, and come back all the same.

use codex_core::mock_model::{Answer, MockModel};
use serde_json::{Value, json};

use crate::support::{App, Home, Launch};

fn home() -> (MockModel, Home) {
    let answers: Vec<Answer> = (0..10)
        .map(|n| Answer::new().say(&format!("answer {n}")))
        .collect();
    let model = MockModel::start(answers);
    let home = Home::new(&model);
    (model, home)
}

/// A home where threads have been started with these parameters, before a restart. Gives the answers.
async fn started(params: &[Value]) -> (MockModel, Home, Vec<Value>) {
    let (model, home) = home();
    let app = App::start(&home).await;
    let mut answers = Vec::new();
    for params in params {
        answers.push(app.call("thread/start", params.clone()).await);
    }
    app.stop().await;
    (model, home, answers)
}

fn id(answer: &Value) -> &str {
    answer["thread"]["id"].as_str().unwrap()
}

fn has_rollouts(home: &Home) -> bool {
    home.codex().join("sessions").exists()
}

#[tokio::test]
async fn a_thread_without_a_turn_is_resumed_after_a_restart_as_it_was_started() {
    let folder = tempfile::tempdir().unwrap();
    let params = json!({
        "model": "gpt-5.2", "approvalPolicy": "untrusted", "sandbox": "read-only", "cwd": folder.path(),
        "baseInstructions": "Speak like a pirate.", "developerInstructions": "Be brief.", "threadSource": "review",
    });
    let (model, home, answers) = started(&[params]).await;
    let first = &answers[0];
    assert!(!has_rollouts(&home));
    let app = App::start(&home).await;
    assert_eq!(app.call("thread/list", json!({})).await["data"], json!([]));
    let again = app.call("thread/resume", json!({"threadId": id(first)})).await;
    for member in [
        "id",
        "sessionId",
        "path",
        "createdAt",
        "cwd",
        "threadSource",
        "originator",
        "preview",
    ] {
        assert_eq!(again["thread"][member], first["thread"][member], "{member}");
    }
    for member in [
        "model",
        "modelProvider",
        "approvalPolicy",
        "sandbox",
        "cwd",
        "runtimeWorkspaceRoots",
    ] {
        assert_eq!(again[member], first[member], "{member}");
    }
    assert_eq!(again["thread"]["status"]["type"], "idle");
    assert_eq!(again["thread"]["turns"], json!([]));
    assert!(!has_rollouts(&home));
    // Once more, without a turn.
    app.stop().await;
    let app = App::start(&home).await;
    app.call("thread/resume", json!({"threadId": id(first)})).await;
    assert!(!has_rollouts(&home));
    // Its first turn makes it an ordinary thread.
    assert_eq!(app.run_turn(id(first), "hello").await.status(), "completed");
    let request = model.requests().last().unwrap().body.clone();
    assert_eq!(request["instructions"], "Speak like a pirate.");
    assert_eq!(request["model"], "gpt-5.2");
    assert!(request["input"].to_string().contains("Be brief."));
    assert!(std::path::Path::new(first["thread"]["path"].as_str().unwrap()).exists());
    app.stop().await;
    let app = App::start(&home).await;
    let listed = app.call("thread/list", json!({})).await;
    assert_eq!(listed["data"][0]["id"], id(first));
    let params = json!({"threadId": id(first), "excludeTurns": true});
    let again = app.call("thread/resume", params).await;
    assert_eq!(again["model"], "gpt-5.2");
    assert_eq!(app.run_turn(id(first), "more").await.status(), "completed");
    app.stop().await;
}

#[tokio::test]
async fn its_settings_are_those_of_the_last_change_and_may_be_changed_when_it_is_resumed() {
    let (_model, home) = home();
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({"approvalPolicy": "never"})).await;
    let params = json!({"threadId": thread, "approvalPolicy": "on-request", "effort": "high"});
    app.call("thread/settings/update", params).await;
    app.stop().await;
    let app = App::start(&home).await;
    let again = app.call("thread/resume", json!({"threadId": thread})).await;
    assert_eq!(again["approvalPolicy"], "on-request");
    assert_eq!(again["reasoningEffort"], "high");
    app.stop().await;
    let app = App::start(&home).await;
    let params = json!({"threadId": thread, "approvalPolicy": "untrusted"});
    let again = app.call("thread/resume", params).await;
    assert_eq!(again["approvalPolicy"], "untrusted");
    assert_eq!(again["reasoningEffort"], "high");
    app.stop().await;
    let app = App::start(&home).await;
    let again = app.call("thread/resume", json!({"threadId": thread})).await;
    assert_eq!(again["approvalPolicy"], "untrusted");
    app.stop().await;
}

#[tokio::test]
async fn it_is_known_by_the_path_that_its_start_told() {
    let (_model, home, answers) = started(&[json!({})]).await;
    let app = App::start(&home).await;
    let path = &answers[0]["thread"]["path"];
    for _ in 0..2 {
        let again = app
            .call("thread/resume", json!({"threadId": "", "path": path}))
            .await;
        assert_eq!(id(&again), id(&answers[0]));
    }
    app.stop().await;
}

#[tokio::test]
async fn without_being_loaded_it_is_read_named_and_described() {
    let (_model, home, answers) = started(&[json!({})]).await;
    let thread = id(&answers[0]);
    let app = App::start(&home).await;
    let read = app.call("thread/read", json!({"threadId": thread})).await;
    assert_eq!(read["thread"]["status"]["type"], "notLoaded");
    assert_eq!(read["thread"]["path"], answers[0]["thread"]["path"]);
    assert_eq!(read["readState"], Value::Null);
    let error = app
        .call_err("thread/read", json!({"threadId": thread, "includeTurns": true}))
        .await;
    assert_eq!(
        (error.code, error.message.as_str()),
        (-32601, "list_turns is not supported yet")
    );
    let params = json!({"threadId": thread, "expectedRevision": "", "operation": {"type": "read"}});
    let error = app.call_err("thread/readState/update", params).await;
    assert_eq!(error.message, "thread read state unavailable");
    app.call("thread/name/set", json!({"threadId": thread, "name": "Later"}))
        .await;
    let git = json!({"branch": "main"});
    let params = json!({"threadId": thread, "gitInfo": git});
    let patched = app.call("thread/metadata/update", params).await;
    assert_eq!(patched["thread"]["gitInfo"]["branch"], "main");
    let params = json!({"threadId": thread, "objective": "ship it"});
    app.call("thread/goal/set", params).await;
    assert!(!has_rollouts(&home));
    app.stop().await;
    let app = App::start(&home).await;
    let again = app.call("thread/resume", json!({"threadId": thread})).await;
    assert_eq!(again["thread"]["name"], "Later");
    let goal = app.wait_for("thread/goal/updated").await;
    assert_eq!(goal["goal"]["objective"], "ship it");
    app.stop().await;
}

#[tokio::test]
async fn it_is_archived_and_deleted_like_any_other() {
    let (_model, home, answers) = started(&[json!({}), json!({})]).await;
    let app = App::start(&home).await;
    let (first, second) = (id(&answers[0]), id(&answers[1]));
    app.call("thread/archive", json!({"threadId": first})).await;
    app.wait_for("thread/archived").await;
    let error = app.call_err("thread/resume", json!({"threadId": first})).await;
    assert!(error.message.contains("is archived"), "{}", error.message);
    app.call("thread/unarchive", json!({"threadId": first})).await;
    app.call("thread/resume", json!({"threadId": first})).await;
    app.call("thread/delete", json!({"threadId": second})).await;
    app.wait_for("thread/deleted").await;
    for _ in 0..2 {
        let error = app.call_err("thread/resume", json!({"threadId": second})).await;
        assert_eq!(error.message, format!("no rollout found for thread id {second}"));
    }
    let error = app.call_err("thread/delete", json!({"threadId": second})).await;
    assert_eq!(error.message, format!("no rollout found for thread id {second}"));
    app.stop().await;
}

#[tokio::test]
async fn it_is_deleted_while_it_is_loaded() {
    let (_model, home) = home();
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    app.call("thread/delete", json!({"threadId": thread})).await;
    app.wait_for("thread/deleted").await;
    let error = app.call_err("thread/resume", json!({"threadId": thread})).await;
    assert_eq!(error.message, format!("no rollout found for thread id {thread}"));
    app.stop().await;
}

#[tokio::test]
async fn what_lives_in_memory_only_is_not_kept() {
    let (_model, home, answers) = started(&[json!({"ephemeral": true})]).await;
    assert!(!home.codex().join("app-server-data.sqlite").exists());
    let thread = id(&answers[0]);
    let app = App::start(&home).await;
    let error = app.call_err("thread/resume", json!({"threadId": thread})).await;
    assert_eq!(error.message, format!("no rollout found for thread id {thread}"));
    app.stop().await;
}

#[tokio::test]
async fn it_survives_a_kill_soon_after_its_start() {
    let (_model, home) = home();
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    // Another process knows it as soon as it is written down. It asks again and again, because a start doesn't wait for
    // that, and nothing tells when it is done.
    let other = Launch::new(&home).start().await;
    let written = async {
        loop {
            let read = other.try_call("thread/read", json!({"threadId": thread})).await;
            if read.is_ok() {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    let within = std::time::Duration::from_secs(20);
    tokio::time::timeout(within, written)
        .await
        .expect("it is written down");
    app.signal(rustix::process::Signal::KILL);
    app.exit().await;
    let again = other.call("thread/resume", json!({"threadId": thread})).await;
    assert_eq!(id(&again), thread);
    assert_eq!(other.run_turn(&thread, "go on").await.status(), "completed");
    other.stop().await;
}

#[tokio::test]
async fn of_two_processes_that_resume_it_one_gets_it() {
    let (_model, home, answers) = started(&[json!({})]).await;
    let thread = id(&answers[0]);
    let (first, second) = (App::start(&home).await, App::start(&home).await);
    first.call("thread/resume", json!({"threadId": thread})).await;
    let error = second
        .call_err("thread/resume", json!({"threadId": thread}))
        .await;
    assert!(
        error.message.contains("already has an active writer"),
        "{}",
        error.message
    );
    first.run_turn(thread, "hello").await;
    first.stop().await;
    second.call("thread/resume", json!({"threadId": thread})).await;
    second.run_turn(thread, "and again").await;
    second.stop().await;
}

#[tokio::test]
async fn a_damaged_database_is_named_and_ends_nothing() {
    let (_model, home) = home();
    let database = home.codex().join("app-server-data.sqlite");
    let garbage = "no database ".repeat(1000);
    std::fs::write(&database, &garbage).unwrap();
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    for _ in 0..2 {
        let params = json!({"threadId": thread, "objective": "ship it"});
        let error = app.call_err("thread/goal/set", params).await;
        assert!(
            error.message.contains("app-server-data.sqlite is damaged"),
            "{}",
            error.message
        );
        let error = app.call_err("threadSection/list", json!({})).await;
        assert!(
            error.message.contains("app-server-data.sqlite is damaged"),
            "{}",
            error.message
        );
    }
    assert_eq!(app.run_turn(&thread, "hello").await.status(), "completed");
    let listed = app.call("thread/list", json!({})).await;
    assert_eq!(listed["data"][0]["id"], thread.as_str());
    app.stop().await;
    assert_eq!(std::fs::read_to_string(&database).unwrap(), garbage);
}
