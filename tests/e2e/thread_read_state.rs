//! How far threads were read (docs/contract/threads.md#read-state): who is told, when, and what is kept.

use codex_core::mock_model::{Answer, MockModel};
use serde_json::{Value, json};

use crate::support::{App, Home, Launch};

const CHANGED: &str = "thread/readState/changed";

struct Fixture {
    model: MockModel,
    home: Home,
    app: App,
    id: String,
}

async fn with_thread() -> Fixture {
    with_answers((0..20).map(|n| Answer::new().say(&format!("answer {n}")))).await
}

async fn with_answers(answers: impl IntoIterator<Item = Answer>) -> Fixture {
    let answers: Vec<Answer> = answers.into_iter().collect();
    let model = MockModel::start(answers);
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let id = app.start_thread(json!({})).await;
    Fixture { model, home, app, id }
}

fn turn(id: &str) -> Value {
    json!({"type": "turn", "turnId": id})
}

/// What thread/read tells; thread/list must tell the same of a thread that it lists.
async fn state(app: &App, id: &str) -> Value {
    let read = app.call("thread/read", json!({"threadId": id})).await;
    let listed = app.call("thread/list", json!({})).await;
    if let Some(state) = listed["readStates"].get(id) {
        assert_eq!(*state, read["readState"]);
    }
    read["readState"].clone()
}

/// Marks a thread: gives the new state, of which watchers have been told before the answer.
async fn mark(app: &App, id: &str, operation: &str) -> Value {
    let now = state(app, id).await;
    let mark = app.mark();
    let params =
        json!({"threadId": id, "expectedRevision": now["revision"], "operation": {"type": operation}});
    let request = app.request("thread/readState/update", params).await;
    let marked = app.response(request).await.unwrap()["readState"].clone();
    assert_ne!(marked["revision"], now["revision"]);
    let frames = app.frames();
    let told = frames[mark..].iter().position(|frame| frame.method() == CHANGED);
    let answered = frames[mark..]
        .iter()
        .position(|frame| frame.json["id"] == json!(request));
    if let Some(told) = told {
        assert_eq!(
            frames[mark + told].params(),
            &json!({"threadId": id, "readState": marked})
        );
        assert!(told < answered.unwrap());
    }
    marked
}

/// The state told at the end of a turn.
fn told(run: &crate::support::TurnRun) -> Value {
    let told = run.all(CHANGED);
    assert_eq!(told.len(), 1);
    told[0]["readState"].clone()
}

#[tokio::test]
async fn only_what_has_to_be_read_makes_a_thread_unread() {
    let call = || Answer::new().call("c1", "exec_command", json!({"cmd": "true"}));
    // What the model answers, and whether that is to be read.
    let turns = [
        ("nothing", vec![Answer::new()], false),
        ("a blank", vec![Answer::new().say(" \n")], false),
        ("a command", vec![call(), Answer::new()], false),
        (
            "commentary",
            vec![Answer::new().say_as("commentary", "see")],
            false,
        ),
        (
            "an answer",
            vec![Answer::new().say_as("final_answer", "this")],
            true,
        ),
        ("words first", vec![call().say("this"), Answer::new()], true),
        ("a failure", vec![Answer::status(400)], true),
        ("a late failure", vec![call(), Answer::status(400)], true),
    ];
    let f = with_answers(turns.iter().flat_map(|(_, answers, _)| answers.clone())).await;
    for (name, _, unread) in turns {
        let run = f.app.run_turn(&f.id, name).await;
        assert_eq!(run.all(CHANGED).len(), usize::from(unread), "{name}");
        if unread {
            assert_eq!(told(&run)["firstUnread"], turn(&run.id), "{name}");
            mark(&f.app, &f.id, "read").await;
        }
        assert_eq!(state(&f.app, &f.id).await["firstUnread"], Value::Null, "{name}");
    }
    // Interrupted before anything was said to its end, and after.
    f.model.push(Answer::new().half("I beg").hang());
    let running = f.app.start_turn(&f.id, "half").await;
    let begun = |delta: &Value| delta["delta"] == "I beg";
    f.app.wait_where("item/agentMessage/delta", begun).await;
    assert!(f.app.interrupt(&f.id, running).await.all(CHANGED).is_empty());
    f.model.push(Answer::new().say("This is it").hang());
    let running = f.app.start_turn(&f.id, "whole").await;
    let said = |item: &Value| item["item"]["text"] == "This is it";
    f.app.wait_where("item/completed", said).await;
    let run = f.app.interrupt(&f.id, running).await;
    assert_eq!(told(&run)["firstUnread"], turn(&run.id));
    f.app.stop().await;
}

#[tokio::test]
async fn the_end_of_a_turn_makes_a_thread_unread() {
    let say = |text| Answer::new().say(text);
    let f = with_answers([say("1"), say("2"), Answer::status(400), say("4")]).await;
    assert_eq!(state(&f.app, &f.id).await, Value::Null, "there is no file yet");
    let first = f.app.run_turn(&f.id, "one").await;
    let methods = first.methods();
    assert!(
        methods.ends_with(&[CHANGED, "thread/status/changed", "turn/completed"]),
        "{methods:?}"
    );
    assert_eq!(told(&first)["firstUnread"], turn(&first.id));
    assert_eq!(state(&f.app, &f.id).await, told(&first));
    // Unread stays unread from the same place, but the state is another one.
    let second = f.app.run_turn(&f.id, "two").await;
    assert_eq!(told(&second)["firstUnread"], turn(&first.id));
    assert_ne!(told(&second)["revision"], told(&first)["revision"]);
    assert_eq!(mark(&f.app, &f.id, "read").await["firstUnread"], Value::Null);
    // What ended in another way was not read either.
    let failed = f.app.run_turn(&f.id, "three").await;
    assert_eq!(failed.status(), "failed");
    assert_eq!(told(&failed)["firstUnread"], turn(&failed.id));
    assert_eq!(
        mark(&f.app, &f.id, "unread").await["firstUnread"],
        json!({"type": "threadStart"})
    );
    let last = f.app.run_turn(&f.id, "four").await;
    assert_eq!(told(&last)["firstUnread"], json!({"type": "threadStart"}));
    assert_eq!(state(&f.app, &f.id).await, told(&last));
    f.app.stop().await;
}

#[tokio::test]
async fn a_state_outlives_the_process() {
    let f = with_thread().await;
    let first = f.app.run_turn(&f.id, "one").await;
    let kept = told(&first);
    f.app.stop().await;
    let app = App::start(&f.home).await;
    assert_eq!(state(&app, &f.id).await, kept);
    // Not loaded, and nobody watches it: it can be marked, and all are told.
    let read = mark(&app, &f.id, "read").await;
    assert_eq!(app.wait_for(CHANGED).await["readState"], read);
    app.call("thread/resume", json!({"threadId": f.id, "excludeTurns": true}))
        .await;
    assert_eq!(state(&app, &f.id).await, read);
    let second = app.run_turn(&f.id, "two").await;
    assert_eq!(told(&second)["firstUnread"], turn(&second.id));
    app.stop().await;
    // What another process marks counts here, too.
    let app = App::start(&f.home).await;
    app.call("thread/resume", json!({"threadId": f.id, "excludeTurns": true}))
        .await;
    let other = App::start(&f.home).await;
    let marked = mark(&other, &f.id, "read").await;
    assert_eq!(state(&app, &f.id).await, marked);
    other.stop().await;
    app.stop().await;
}

#[tokio::test]
async fn a_mark_that_comes_too_late_is_refused_with_the_state() {
    let f = with_thread().await;
    let first = f.app.run_turn(&f.id, "one").await;
    let second = f.app.run_turn(&f.id, "two").await;
    let params = |revision: &Value| json!({"threadId": f.id, "expectedRevision": revision, "operation": {"type": "read"}});
    let error = f
        .app
        .call_err("thread/readState/update", params(&told(&first)["revision"]))
        .await;
    assert_eq!(
        (error.code, error.message.as_str()),
        (-32600, "read state changed")
    );
    assert_eq!(
        error.data,
        json!({"reason": "readStateConflict", "readState": told(&second)})
    );
    let unknown = "01996a00-0000-7000-8000-00000000000a";
    let params = json!({"threadId": unknown, "expectedRevision": "", "operation": {"type": "read"}});
    let error = f.app.call_err("thread/readState/update", params).await;
    assert_eq!(error.message, format!("thread not loaded: {unknown}"));
    f.app.stop().await;
}

#[tokio::test]
async fn forks_begin_read_and_reverts_forget_what_is_gone() {
    let f = with_thread().await;
    let first = f.app.run_turn(&f.id, "one").await;
    mark(&f.app, &f.id, "read").await;
    let second = f.app.run_turn(&f.id, "two").await;
    let third = f.app.run_turn(&f.id, "three").await;
    let fork = f.app.call("thread/fork", json!({"threadId": f.id})).await;
    let fork = fork["thread"]["id"].as_str().unwrap().to_owned();
    let initial = json!({"firstUnread": null, "revision": format!("initial:{fork}")});
    assert_eq!(state(&f.app, &fork).await, initial);
    // What is unread stays in the thread: nothing to tell.
    let revert = async |before: &str| {
        let mark = f.app.mark();
        let params = json!({"threadId": f.id, "beforeTurnId": before});
        f.app.call("thread/revert", params).await;
        f.app
            .wait_frame("thread/reverted", |frame| frame.method() == "thread/reverted")
            .await;
        let mut methods = f.app.notified_since(mark);
        methods.retain(|method| method != "warning");
        methods
    };
    let status = "thread/status/changed";
    assert_eq!(revert(&third.id).await, [status, status, "thread/reverted"]);
    assert_eq!(state(&f.app, &f.id).await["firstUnread"], turn(&second.id));
    assert_eq!(
        revert(&second.id).await,
        [status, CHANGED, status, "thread/reverted"]
    );
    assert_eq!(state(&f.app, &f.id).await["firstUnread"], Value::Null);
    let again = f.app.run_turn(&f.id, "other two").await;
    assert_eq!(told(&again)["firstUnread"], turn(&again.id));
    assert_ne!(again.id, first.id);
    f.app.stop().await;
}

#[tokio::test]
async fn threads_in_memory_have_no_state_and_stable_clients_are_not_told() {
    let f = with_thread().await;
    let memory = f.app.start_thread(json!({"ephemeral": true})).await;
    assert!(f.app.run_turn(&memory, "here").await.all(CHANGED).is_empty());
    assert_eq!(state(&f.app, &memory).await, Value::Null);
    let params = json!({"threadId": memory, "expectedRevision": "", "operation": {"type": "read"}});
    let error = f.app.call_err("thread/readState/update", params).await;
    assert_eq!(error.message, "thread read state unavailable");
    let params = json!({"threadId": "zz", "expectedRevision": "", "operation": {"type": "read"}});
    let error = f.app.call_err("thread/readState/update", params).await;
    assert_eq!(error.code, -32602);
    f.app.stop().await;
    let app = Launch::new(&f.home).spawn();
    app.initialize(json!({})).await;
    let id = app.start_thread(json!({})).await;
    let run = app.run_turn(&id, "one").await;
    assert!(run.all(CHANGED).is_empty());
    assert_eq!(state(&app, &id).await["firstUnread"], turn(&run.id));
    app.stop().await;
}

#[tokio::test]
async fn a_state_that_can_t_be_saved_is_in_force_all_the_same() {
    let model = MockModel::start(
        (0..3)
            .map(|n| Answer::new().say(&format!("answer {n}")))
            .collect::<Vec<_>>(),
    );
    let home = Home::new(&model);
    let database = home.codex().join("app-server-data.sqlite");
    // A folder in the way: not even root can open it as a file.
    std::fs::create_dir(&database).unwrap();
    let app = App::start(&home).await;
    let id = app.start_thread(json!({})).await;
    let f = Fixture { model, home, app, id };
    let first = f.app.run_turn(&f.id, "one").await;
    assert_eq!(state(&f.app, &f.id).await, told(&first));
    let read = mark(&f.app, &f.id, "read").await;
    assert_eq!(state(&f.app, &f.id).await, read);
    // It is saved with the next change after the disk came back.
    std::fs::remove_dir(&database).unwrap();
    let second = f.app.run_turn(&f.id, "two").await;
    assert_eq!(told(&second)["firstUnread"], turn(&second.id));
    f.app.stop().await;
    let app = App::start(&f.home).await;
    assert_eq!(state(&app, &f.id).await, told(&second));
    app.stop().await;
}

#[tokio::test]
async fn a_connection_is_told_though_it_does_not_watch_the_thread() {
    let f = with_thread().await;
    f.app.run_turn(&f.id, "one").await;
    f.app.call("thread/unsubscribe", json!({"threadId": f.id})).await;
    let marked = mark(&f.app, &f.id, "read").await;
    let told = f
        .app
        .wait_where(CHANGED, |params| params["readState"] == marked)
        .await;
    assert_eq!(told["threadId"], f.id.as_str());
}

#[tokio::test]
async fn a_client_without_the_experimental_api_is_not_told() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let app = Launch::new(&home).spawn();
    app.initialize(json!({})).await;
    let id = app.start_thread(json!({})).await;
    assert!(app.run_turn(&id, "one").await.all(CHANGED).is_empty());
}
