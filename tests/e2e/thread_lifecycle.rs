//! Threads that come back, branch off and go (docs/contract/threads.md#thread-resume, docs/contract/threads.md#thread-fork, docs/contract/threads.md#managing-threads).

use codex_core::mock_model::{Answer, MockModel};
use serde_json::{Value, json};

use crate::support::{App, Config, Home};

pub(crate) struct Fixture {
    pub(crate) model: MockModel,
    pub(crate) home: Home,
    pub(crate) app: App,
    pub(crate) id: String,
    /// The thread's turns.
    pub(crate) turns: Vec<String>,
}

/// A thread with turns of these texts.
pub(crate) async fn with_turns(texts: &[&str]) -> Fixture {
    let answers: Vec<Answer> = (0..40)
        .map(|n| Answer::new().say(&format!("answer {n}")))
        .collect();
    let model = MockModel::start(answers);
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let id = app.start_thread(json!({})).await;
    let mut turns = Vec::new();
    for text in texts {
        turns.push(app.run_turn(&id, text).await.id);
    }
    Fixture {
        model,
        home,
        app,
        id,
        turns,
    }
}

pub(crate) fn texts(thread: &Value) -> Vec<String> {
    let turns = thread["turns"].as_array().unwrap();
    let said = |turn: &Value| {
        turn["items"][0]["content"][0]["text"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    turns.iter().map(said).collect()
}

pub(crate) async fn read(app: &App, id: &str) -> Value {
    let read = app
        .call("thread/read", json!({"threadId": id, "includeTurns": true}))
        .await;
    read["thread"].clone()
}

#[tokio::test]
async fn a_thread_has_no_file_before_its_first_turn() {
    let f = with_turns(&[]).await;
    assert!(!f.home.codex().join("sessions").exists());
    let error = f
        .app
        .call_err("thread/read", json!({"threadId": f.id, "includeTurns": true}))
        .await;
    assert_eq!(
        (error.code, error.message.as_str()),
        (-32601, "list_turns is not supported yet")
    );
    let listed = f.app.call("thread/list", json!({})).await;
    assert_eq!(listed["data"], json!([]));
    f.app
        .call("thread/name/set", json!({"threadId": f.id, "name": " A name "}))
        .await;
    let named = f.app.wait_for("thread/name/updated").await;
    assert_eq!(named["threadName"], "A name");
    let thread = read(&f.app, &f.id).await;
    assert_eq!(thread["name"], "A name");
    assert!(std::path::Path::new(thread["path"].as_str().unwrap()).exists());
    f.app.stop().await;
}

#[tokio::test]
async fn forks_branch_off_where_they_are_told() {
    let f = with_turns(&["one", "two", "three"]).await;
    let fork = |more: Value| {
        let mut params = json!({"threadId": f.id});
        params
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        params
    };
    let whole = f.app.call("thread/fork", fork(json!({}))).await;
    assert_eq!(texts(&whole["thread"]), ["one", "two", "three"]);
    assert_eq!(whole["thread"]["forkedFromId"], f.id.as_str());
    assert_eq!(whole["thread"]["preview"], "one");
    let behind = f
        .app
        .call("thread/fork", fork(json!({"lastTurnId": f.turns[1]})))
        .await;
    assert_eq!(texts(&behind["thread"]), ["one", "two"]);
    let before = f
        .app
        .call("thread/fork", fork(json!({"beforeTurnId": f.turns[1]})))
        .await;
    assert_eq!(texts(&before["thread"]), ["one"]);
    let both = fork(json!({"beforeTurnId": f.turns[1], "lastTurnId": f.turns[1]}));
    let error = f.app.call_err("thread/fork", both).await;
    assert_eq!(
        error.message,
        "`beforeTurnId` cannot be combined with `lastTurnId`"
    );
    let error = f
        .app
        .call_err("thread/fork", fork(json!({"lastTurnId": "nope"})))
        .await;
    assert_eq!(error.message, "turn not found: nope");
    let error = f
        .app
        .call_err("thread/fork", fork(json!({"ephemeral": true})))
        .await;
    assert_eq!(
        error.message,
        "ephemeral paginated thread/fork requires `excludeTurns: true`"
    );
    // A fork of a fork, in the middle of what it took over.
    let id = behind["thread"]["id"].as_str().unwrap();
    f.app.run_turn(id, "in the fork").await;
    let second = f
        .app
        .call("thread/fork", json!({"threadId": id, "lastTurnId": f.turns[0]}))
        .await;
    assert_eq!(texts(&second["thread"]), ["one"]);
    let second_id = second["thread"]["id"].as_str().unwrap();
    f.app.run_turn(second_id, "on its own").await;
    assert_eq!(texts(&read(&f.app, second_id).await), ["one", "on its own"]);
    assert_eq!(texts(&read(&f.app, id).await), ["one", "two", "in the fork"]);
    // In memory: the model knows, no file does.
    let memory = f
        .app
        .call(
            "thread/fork",
            fork(json!({"ephemeral": true, "excludeTurns": true})),
        )
        .await;
    assert_eq!(memory["thread"]["path"], Value::Null);
    let memory = memory["thread"]["id"].as_str().unwrap();
    assert_eq!(f.app.run_turn(memory, "here").await.status(), "completed");
    let input = f.model.requests().last().unwrap().body["input"].to_string();
    assert!(input.contains("three") && input.contains("here"));
    f.app.stop().await;
}

#[tokio::test]
async fn in_a_fork_a_turn_that_runs_on_elsewhere_has_no_end() {
    let model = MockModel::start([Answer::new().half("I begin").hang(), Answer::from("ok")]);
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    let _running = app.start_turn(&thread, "Go").await;
    app.wait_for("item/agentMessage/delta").await;
    let fork = app.call("thread/fork", json!({"threadId": thread})).await;
    let id = fork["thread"]["id"].as_str().unwrap().to_owned();
    let read = read(&app, &id).await;
    for told in [&fork["thread"], &read] {
        let turn = &told["turns"][0];
        assert_eq!(turn["status"], "interrupted", "{turn}");
        assert_eq!(
            (&turn["completedAt"], &turn["durationMs"]),
            (&Value::Null, &Value::Null)
        );
    }
    assert_eq!(app.run_turn(&id, "Go on").await.status(), "completed");
}

#[tokio::test]
async fn a_fork_from_before_the_first_turn_is_known_by_its_own_first_message() {
    let f = with_turns(&["one", "two"]).await;
    let before = json!({"threadId": f.id, "beforeTurnId": f.turns[0]});
    let fork = f.app.call("thread/fork", before).await["thread"].clone();
    assert_eq!(fork["preview"], "");
    let id = fork["id"].as_str().unwrap();
    f.app.run_turn(id, "its own").await;
    let further = f.app.call("thread/fork", json!({"threadId": id})).await["thread"].clone();
    assert_eq!(further["preview"], "its own");
    let previews = async |app: &App| -> Vec<Value> {
        let listed = app.call("thread/list", json!({})).await;
        let rows = listed["data"].as_array().unwrap().iter();
        let mut all: Vec<_> = rows.map(|row| row["preview"].clone()).collect();
        all.sort_by_key(ToString::to_string);
        all
    };
    let expected = [json!("its own"), json!("its own"), json!("one")];
    assert_eq!(previews(&f.app).await, expected);
    f.app.stop().await;
    let app = App::start(&f.home).await;
    assert_eq!(previews(&app).await, expected, "by their files, too");
    app.stop().await;
}

#[tokio::test]
async fn threads_go_to_the_archive_and_come_back() {
    let f = with_turns(&["one"]).await;
    let ids = |listed: &Value| -> Vec<String> {
        let rows = listed["data"].as_array().unwrap();
        rows.iter()
            .map(|row| row["id"].as_str().unwrap().to_owned())
            .collect()
    };
    f.app.call("thread/archive", json!({"threadId": f.id})).await;
    f.app.wait_for("thread/archived").await;
    assert!(ids(&f.app.call("thread/list", json!({})).await).is_empty());
    assert_eq!(
        ids(&f.app.call("thread/list", json!({"archived": true})).await),
        std::slice::from_ref(&f.id)
    );
    let error = f.app.call_err("thread/archive", json!({"threadId": f.id})).await;
    assert_eq!(error.message, format!("no rollout found for thread id {}", f.id));
    let error = f.app.call_err("thread/resume", json!({"threadId": f.id})).await;
    assert!(
        error
            .message
            .starts_with(&format!("session {} is archived.", f.id))
    );
    assert_eq!(texts(&read(&f.app, &f.id).await), ["one"]);
    let back = f.app.call("thread/unarchive", json!({"threadId": f.id})).await;
    assert_eq!(back["thread"]["id"], f.id.as_str());
    f.app.wait_for("thread/unarchived").await;
    let error = f
        .app
        .call_err("thread/unarchive", json!({"threadId": f.id}))
        .await;
    assert_eq!(
        error.message,
        format!("no archived rollout found for thread id {}", f.id)
    );
    f.app.call("thread/resume", json!({"threadId": f.id})).await;
    f.app.run_turn(&f.id, "two").await;
    assert_eq!(texts(&read(&f.app, &f.id).await), ["one", "two"]);
    f.app.stop().await;
}

#[tokio::test]
async fn what_forks_build_upon_is_not_removed() {
    let f = with_turns(&["one"]).await;
    let fork = f.app.call("thread/fork", json!({"threadId": f.id})).await;
    let fork = fork["thread"]["id"].as_str().unwrap();
    let error = f.app.call_err("thread/delete", json!({"threadId": f.id})).await;
    let expected = format!(
        "cannot delete thread {}: forked history still references it",
        f.id
    );
    assert_eq!(error.message, expected);
    assert_eq!(f.app.run_turn(&f.id, "still loaded").await.status(), "completed");
    f.app.call("thread/delete", json!({"threadId": fork})).await;
    f.app
        .wait_where("thread/deleted", |params| params["threadId"] == fork)
        .await;
    f.app.call("thread/delete", json!({"threadId": f.id})).await;
    let error = f.app.call_err("thread/read", json!({"threadId": f.id})).await;
    assert_eq!(error.message, format!("thread not loaded: {}", f.id));
    let error = f.app.call_err("thread/resume", json!({"threadId": f.id})).await;
    assert_eq!(error.message, format!("no rollout found for thread id {}", f.id));
    f.app.stop().await;
}

#[tokio::test]
async fn a_loaded_thread_is_resumed_as_it_is() {
    let f = with_turns(&["one"]).await;
    let again = f
        .app
        .call(
            "thread/resume",
            json!({"threadId": f.id, "model": "other", "excludeTurns": true}),
        )
        .await;
    assert_ne!(again["model"], "other");
    assert_eq!(again["thread"]["turns"], json!([]));
    let page = f
        .app
        .call(
            "thread/resume",
            json!({"threadId": f.id, "excludeTurns": true, "initialTurnsPage": {"limit": 1, "itemsView": "full"}}),
        )
        .await;
    assert_eq!(page["initialTurnsPage"]["data"][0]["id"], f.turns[0].as_str());
    f.app.stop().await;
}

#[tokio::test]
async fn what_was_not_chosen_for_a_thread_is_not_chosen_by_a_configuration_that_came_later() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({"model": "gpt-5.5"})).await;
    app.run_turn(&thread, "one").await;
    app.stop().await;
    let top =
        "service_tier = \"fast\"\nmodel_reasoning_summary = \"concise\"\nmodel_reasoning_effort = \"high\"";
    let later = Config {
        top: top.into(),
        ..Config::default()
    };
    home.configure(&model, &later);
    for (overrides, effort) in [
        (json!({}), Value::Null),
        (json!({"model": "gpt-5.6-terra"}), json!("high")),
        (
            json!({"model": "gpt-5.6-terra", "config": {"model_reasoning_effort": "low"}}),
            json!("low"),
        ),
    ] {
        let app = App::start(&home).await;
        let mut params = overrides.clone();
        params["threadId"] = thread.clone().into();
        let resumed = app.call("thread/resume", params).await;
        assert_eq!(resumed["reasoningEffort"], effort, "{overrides}");
        assert!(resumed["serviceTier"].is_null(), "{overrides}");
        if effort.is_null() {
            app.run_turn(&thread, "two").await;
            let request = model.requests().pop().unwrap();
            assert!(request.body.get("service_tier").is_none());
            assert!(request.body["reasoning"].get("summary").is_none());
        }
        app.stop().await;
    }
}

#[tokio::test]
async fn a_loaded_thread_is_not_resumed_from_another_file() {
    let Fixture { home, app, id, .. } = with_turns(&["one"]).await;
    let path = read(&app, &id).await["path"].as_str().unwrap().to_owned();
    let copy = home.work().join("copy.jsonl");
    std::fs::copy(&path, &copy).unwrap();
    let link = home.work().join("link.jsonl");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    let nobody = "01900000-0000-7000-8000-000000000000";
    let missing = format!("{path}x");
    let copy = copy.to_str().unwrap();
    for (thread, requested) in [(id.as_str(), missing.as_str()), (&id, copy), (nobody, copy)] {
        let params = json!({"threadId": thread, "path": requested});
        let error = app.call_err("thread/resume", params).await;
        let words = format!(
            "cannot resume running thread {id} with stale path: requested `{requested}`, active `{path}`"
        );
        assert_eq!((error.code, error.message), (-32600, words));
    }
    for (thread, requested) in [
        (id.as_str(), link.to_str().unwrap()),
        (nobody, &path),
        (&id, &path),
    ] {
        let params = json!({"threadId": thread, "path": requested});
        let resumed = app.call("thread/resume", params).await;
        assert_eq!(resumed["thread"]["path"], path);
    }
    for method in ["thread/resume", "thread/fork"] {
        let params = json!({"threadId": "", "path": home.work()});
        assert_eq!(app.call_err(method, params).await.code, -32600, "{method}");
    }
    app.stop().await;
}

#[tokio::test]
async fn who_gets_all_turns_of_a_loaded_thread_is_told_its_token_counts() {
    let f = with_turns(&["one", "two"]).await;
    for (method, all_turns) in [
        ("thread/resume", true),
        ("thread/resume", false),
        ("thread/fork", true),
        ("thread/fork", false),
    ] {
        let mark = f.app.mark();
        let params = json!({"threadId": f.id, "excludeTurns": !all_turns});
        let answer = f.app.call(method, params).await;
        let id = &answer["thread"]["id"];
        let last = if method == "thread/resume" {
            f.app.wait_for("thread/goal/cleared").await;
            "thread/goal/cleared"
        } else {
            f.app
                .wait_where("thread/started", |started| started["thread"]["id"] == *id)
                .await;
            "thread/started"
        };
        let expected = if all_turns {
            vec!["deprecationNotice", "thread/tokenUsage/updated", last]
        } else {
            vec![last]
        };
        let mut told = f.app.notified_since(mark);
        // A fork with an unknown model is told so, too.
        told.retain(|method| method != "warning");
        assert_eq!(told, expected, "{method}");
        let frames = f.app.frames();
        let usage = frames[mark..]
            .iter()
            .find(|frame| frame.method() == "thread/tokenUsage/updated");
        assert_eq!(usage.is_some(), all_turns);
        if let Some(usage) = usage {
            assert_eq!(usage.params()["threadId"], *id);
            assert_eq!(usage.params()["turnId"], f.turns[1].as_str());
        }
    }
    f.app.stop().await;
}

#[tokio::test]
async fn forks_for_predictions_are_refused() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let (app, thread) = App::with_thread(&home).await;
    app.run_turn(&thread, "Hi").await;
    for (more, words) in [
        (
            json!({"experimentalPredictionMode": true}),
            "`experimentalPredictionMode` requires `ephemeral: true`",
        ),
        (
            json!({"experimentalPredictionMode": true, "ephemeral": true}),
            "predictions are not supported",
        ),
        (
            json!({"experimentalDisablePredictionMcp": true}),
            "predictions are not supported",
        ),
    ] {
        let mut params = json!({"threadId": thread});
        params
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        let error = app.call_err("thread/fork", params).await;
        assert_eq!(error.code, -32600);
        assert!(error.message.contains(words), "{}", error.message);
    }
}

#[tokio::test]
async fn what_cannot_be_combined_is_refused() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let (app, thread) = App::with_thread(&home).await;
    app.run_turn(&thread, "Hi").await;
    for member in ["ephemeral", "deferGoalContinuation"] {
        let params = json!({"threadId": thread, "attachToSource": true, member: true});
        let error = app.call_err("thread/fork", params).await;
        assert_eq!(
            (error.code, error.message.as_str()),
            (
                -32600,
                "attachToSource cannot be combined with ephemeral or deferGoalContinuation"
            )
        );
    }
    let message =
        json!({"type": "message", "role": "user", "content": [{"type": "input_text", "text": "x"}]});
    let params = json!({"threadId": thread, "history": [message]});
    let error = app.call_err("thread/resume", params).await;
    let words = format!("cannot resume thread {thread} with history while it is already running");
    assert_eq!((error.code, error.message), (-32600, words));
    for (method, params) in [
        (
            "turn/start",
            json!({"threadId": thread, "input": [], "effort": ""}),
        ),
        (
            "thread/settings/update",
            json!({"threadId": thread, "effort": ""}),
        ),
    ] {
        let error = app.call_err(method, params).await;
        assert_eq!(error.code, -32602);
        assert!(
            error.message.contains("reasoning_effort must not be empty"),
            "{}",
            error.message
        );
    }
    let error = app.call_err("thread/start", json!({"model": " "})).await;
    assert!(
        error.message.starts_with("No models are available."),
        "{}",
        error.message
    );
}

#[tokio::test]
async fn a_thread_whose_provider_is_gone_is_refused_with_its_name() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let (app, thread) = App::with_thread(&home).await;
    app.run_turn(&thread, "Hi").await;
    app.stop().await;
    let text = std::fs::read_to_string(home.codex().join("config.toml")).unwrap();
    let text = text.replace("model_provider = \"mock\"", "model_provider = \"other\"");
    home.write_config(&text.replace("[model_providers.mock]", "[model_providers.other]"));
    let app = App::start(&home).await;
    let resume = json!({"threadId": thread, "excludeTurns": true});
    let error = app.call_err("thread/resume", resume).await;
    assert_eq!(error.code, -32600);
    assert_eq!(
        error.data,
        json!({"type": "modelProviderNotConfigured", "modelProvider": "mock"})
    );
    app.stop().await;
}

#[tokio::test]
async fn a_fork_of_a_thread_whose_provider_is_gone_goes_on_with_the_configured_one() {
    for history_mode in ["paginated", "legacy"] {
        let model = MockModel::start("ok");
        let home = Home::new(&model);
        let app = App::start(&home).await;
        let source = app
            .start_thread(json!({"model": "gpt-5.5", "historyMode": history_mode}))
            .await;
        app.run_turn_with(&source, "Hi", json!({"effort": "low"})).await;
        app.stop().await;
        let text = std::fs::read_to_string(home.codex().join("config.toml")).unwrap();
        let text = text.replace("model_provider = \"mock\"", "model_provider = \"other\"");
        home.write_config(&text.replace("[model_providers.mock]", "[model_providers.other]"));
        let app = App::start(&home).await;
        for ephemeral in [false, true] {
            let fork = json!({"threadId": source, "excludeTurns": true, "ephemeral": ephemeral});
            let forked = app.call("thread/fork", fork).await;
            assert_eq!(forked["modelProvider"], "other", "{history_mode}");
            assert_eq!(
                (&forked["model"], &forked["reasoningEffort"]),
                (&json!("gpt-5.2-codex"), &Value::Null),
                "the model was the other provider's"
            );
            let fork = forked["thread"]["id"].as_str().unwrap();
            let turn = app.run_turn(fork, "Go on").await;
            assert_eq!(turn.status(), "completed");
        }
        let request = model.requests().pop().unwrap();
        assert_eq!(request.body["model"], "gpt-5.2-codex");
        assert!(request.body.to_string().contains("\"Hi\""), "its history");
        app.stop().await;
    }
}

#[tokio::test]
async fn a_hidden_fork_is_announced_to_nobody_and_listed_by_searches_only() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let (app, thread) = App::with_thread(&home).await;
    app.run_turn(&thread, "Hi").await;
    let mark = app.mark();
    let params = json!({"threadId": thread, "attachToSource": true, "excludeTurns": true});
    let fork = app.call("thread/fork", params).await["thread"]["id"].clone();
    app.run_turn(fork.as_str().unwrap(), "Hi again").await;
    let heard = app.notified_since(mark);
    assert!(heard.iter().any(|method| method == "turn/completed"));
    assert!(
        !heard.iter().any(|method| method == "thread/started"),
        "{heard:?}"
    );
    for term in [json!(null), json!(""), json!(" ")] {
        let params = json!({"includeAttachedThreads": true, "searchTerm": term});
        let error = app.call_err("thread/list", params).await;
        assert_eq!(
            (error.code, error.message.as_str()),
            (-32600, "includeAttachedThreads requires a non-empty searchTerm")
        );
    }
    let params = json!({"includeAttachedThreads": true, "searchTerm": "Hi"});
    let found = app.call("thread/list", params).await;
    let found = found["data"].as_array().unwrap();
    assert!(found.iter().any(|row| row["id"] == fork), "{found:?}");
    app.stop().await;
}

#[tokio::test]
async fn a_thread_that_goes_on_with_another_model_says_so() {
    let f = with_turns(&["one"]).await;
    f.app.stop().await;
    let resume = |model: Value| json!({"threadId": f.id, "model": model});
    let app = App::start(&f.home).await;
    app.call("thread/resume", resume("another-model".into())).await;
    let is_it = |params: &Value| {
        let message = params["message"].as_str().unwrap_or_default();
        message.contains("goes on with `another-model`")
    };
    app.wait_where("warning", is_it).await;
    app.stop().await;

    let app = App::start(&f.home).await;
    let mark = app.mark();
    app.call("thread/resume", resume(Value::Null)).await;
    app.run_turn(&f.id, "two").await;
    let told = &app.frames()[mark..];
    assert!(
        told.iter()
            .all(|frame| !frame.params().to_string().contains("goes on with"))
    );
    app.stop().await;
}

#[tokio::test]
async fn a_hidden_fork_shows_its_own_turns_only_and_its_model_knows_all() {
    let f = with_turns(&["one"]).await;
    let params = json!({"threadId": f.id, "attachToSource": true});
    let fork = f.app.call("thread/fork", params).await["thread"].clone();
    assert_eq!((&fork["turns"], &fork["preview"]), (&json!([]), &json!("one")));
    let id = fork["id"].as_str().unwrap();
    let turn = f.app.run_turn(id, "side").await;
    let check = async |app: &App| {
        assert_eq!(texts(&read(app, id).await), ["side"]);
        let page = app.call("thread/turns/list", json!({"threadId": id})).await;
        assert_eq!(page["data"].as_array().unwrap().len(), 1);
        assert_eq!(page["data"][0]["id"], turn.id.as_str());
        assert_eq!(page["nextCursor"], Value::Null);
        let page = app.call("thread/items/list", json!({"threadId": id})).await;
        let rows = page["data"].as_array().unwrap();
        assert!(
            rows.iter().all(|row| row["turnId"] == turn.id.as_str()),
            "{rows:?}"
        );
        let term = json!({"threadId": id, "searchTerm": "one"});
        let found = app.call("thread/searchOccurrences", term).await;
        assert_eq!(found["data"], json!([]));
    };
    check(&f.app).await;
    let sent = f.model.requests()[1].body.to_string();
    assert!(sent.contains("\"one\"") && sent.contains("answer 0"), "{sent}");
    f.app.stop().await;
    let app = App::start(&f.home).await;
    let resumed = app.call("thread/resume", json!({"threadId": id})).await;
    assert_eq!(texts(&resumed["thread"]), ["side"]);
    check(&app).await;
    app.run_turn(id, "more").await;
    let sent = f.model.requests()[2].body.to_string();
    assert!(sent.contains("answer 0") && sent.contains("answer 1"), "{sent}");
    app.stop().await;
}
