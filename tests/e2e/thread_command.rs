//! Commands of the user in a thread, and commands in the background (docs/contract/turns.md#shell-commands-of-the-user,
//! docs/contract/tools.md#background-terminals).

use codex_core::mock_model::{Answer, MockModel};
use serde_json::json;

use crate::support::{App, Gate, Home, alive, wait_until_dead};

#[tokio::test]
async fn a_command_of_the_user_is_a_turn_of_its_own_and_the_model_reads_of_it() {
    let model = MockModel::start(Answer::from("I see"));
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({"sandbox": "read-only"})).await;
    let params = json!({"threadId": thread, "command": "echo hi; touch made; exit 2"});
    assert_eq!(app.call("thread/shellCommand", params).await, json!({}));
    let started = app.wait_for("turn/started").await;
    let item = app
        .wait_where("item/completed", |params| {
            params["item"]["type"] == "commandExecution"
        })
        .await;
    assert_eq!(item["turnId"], started["turn"]["id"]);
    let item = &item["item"];
    assert_eq!(
        (
            &item["source"],
            &item["processId"],
            &item["status"],
            &item["exitCode"],
            &item["aggregatedOutput"]
        ),
        (
            &json!("userShell"),
            &json!(null),
            &json!("failed"),
            &json!(2),
            &json!("hi\n")
        )
    );
    let ended = app.wait_for("turn/completed").await;
    assert_eq!(ended["turn"]["status"], "completed");
    assert!(home.work().join("made").exists(), "users have no sandbox");
    assert!(model.requests().is_empty(), "the model was not asked");

    app.run_turn(&thread, "What happened?").await;
    let request = model.requests()[0].body.to_string();
    assert!(
        request.contains("<user_shell_command>\\n<command>\\necho hi; touch made; exit 2\\n</command>\\n<result>\\nExit code: 2\\nDuration: "),
        "{request}"
    );
    assert!(
        request.contains(" seconds\\nOutput:\\nhi\\n\\n</result>\\n</user_shell_command>"),
        "{request}"
    );
    let blank = json!({"threadId": thread, "command": " "});
    assert_eq!(app.call_err("thread/shellCommand", blank).await.code, -32600);
    app.stop().await;
}

#[tokio::test]
async fn in_a_turn_it_belongs_to_the_turn_and_is_heard_before_that_ends() {
    let call = json!({"cmd": "read _ < first", "login": false, "yield_time_ms": 20_000});
    let model = MockModel::start([
        Answer::new().call("c1", "exec_command", call),
        Answer::from("Thinking"),
        Answer::from("I see"),
    ]);
    let home = Home::new(&model);
    let mut first = Gate::new(home.work().join("first"));
    let mut second = Gate::new(home.work().join("second"));
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    let running = app.start_turn(&thread, "Go").await;
    app.wait_where("item/started", |params| params["item"]["id"] == "c1")
        .await;
    let params = json!({"threadId": thread, "command": "echo begun; read _ < second; echo late"});
    app.call("thread/shellCommand", params).await;
    app.wait_where("item/commandExecution/outputDelta", |params| {
        params["delta"] == "begun\n"
    })
    .await;
    first.open();
    app.wait_where("item/completed", |params| params["item"]["text"] == "Thinking")
        .await;
    second.open();
    let turn = app.end_of(running).await;
    assert_eq!(
        (turn.status(), turn.items_of("commandExecution").len()),
        ("completed", 2)
    );
    let requests = model.requests();
    assert_eq!(requests.len(), 3);
    assert!(!requests[1].body.to_string().contains("user_shell_command"));
    assert!(
        requests[2].body.to_string().contains("begun\\nlate\\n"),
        "{}",
        requests[2].body
    );
    app.stop().await;
}

#[tokio::test]
async fn an_interrupt_ends_it() {
    let home = Home::empty();
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    let params = json!({"threadId": thread, "command": "echo $$; sleep 300"});
    app.call("thread/shellCommand", params).await;
    let delta = app.wait_for("item/commandExecution/outputDelta").await;
    let pid: i32 = delta["delta"].as_str().unwrap().trim().parse().unwrap();
    app.call("turn/interrupt", json!({"threadId": thread, "turnId": ""}))
        .await;
    let ended = app.wait_for("turn/completed").await;
    assert_eq!(ended["turn"]["status"], "interrupted");
    wait_until_dead(pid).await;
    app.stop().await;
}

/// A program with a thread in which a command of the user runs that has said `begun` and does not end when it is asked to.
async fn with_stubborn_command(home: &Home) -> (App, String) {
    let app = App::start(home).await;
    let thread = app.start_thread(json!({})).await;
    let command = "trap '' TERM; echo begun; sleep 300 & wait; sleep 300";
    app.call(
        "thread/shellCommand",
        json!({"threadId": thread, "command": command}),
    )
    .await;
    app.wait_for("item/commandExecution/outputDelta").await;
    (app, thread)
}

/// What the model reads of it.
const ABORTED: [&str; 2] = [
    "</command>\\n<result>\\nExit code: -1\\nDuration: ",
    "\\nOutput:\\nbegun\\ncommand aborted by user\\n</result>",
];

#[tokio::test]
async fn one_that_is_interrupted_is_told_as_aborted_with_what_it_had_said() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let (app, thread) = with_stubborn_command(&home).await;
    app.call("turn/interrupt", json!({"threadId": thread, "turnId": ""}))
        .await;
    let ended = app.wait_for("turn/completed").await;
    assert_eq!(ended["turn"]["status"], "interrupted");
    let frames = app.frames();
    let completed = frames.iter().find(|frame| frame.method() == "item/completed");
    let item = &completed.unwrap().params()["item"];
    assert_eq!(
        (&item["status"], &item["exitCode"], &item["aggregatedOutput"]),
        (
            &json!("failed"),
            &json!(-1),
            &json!("begun\ncommand aborted by user")
        )
    );
    app.run_turn(&thread, "What happened?").await;
    let request = model.requests()[0].body.to_string();
    assert!(ABORTED.iter().all(|part| request.contains(part)), "{request}");
    app.stop().await;
}

#[tokio::test]
async fn one_that_the_end_of_the_daemon_aborts_is_told_to_the_model_later() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let (app, thread) = with_stubborn_command(&home).await;
    app.stop().await;
    let app = App::start(&home).await;
    app.call("thread/resume", json!({"threadId": thread, "excludeTurns": true}))
        .await;
    app.run_turn(&thread, "What happened?").await;
    let request = model.requests()[0].body.to_string();
    assert!(ABORTED.iter().all(|part| request.contains(part)), "{request}");
    app.stop().await;
}

#[tokio::test]
async fn the_model_is_told_of_its_surroundings_once_it_is_asked_something() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    let run = async |command: &str| {
        app.call(
            "thread/shellCommand",
            json!({"threadId": thread, "command": command}),
        )
        .await;
        app.wait_for("turn/completed").await;
    };
    run("true").await;
    app.run_turn(&thread, "One").await;
    let elsewhere = home.path().display().to_string();
    app.call(
        "thread/settings/update",
        json!({"threadId": thread, "cwd": elsewhere}),
    )
    .await;
    run("pwd").await;
    app.run_turn(&thread, "Two").await;
    let request = model.requests().pop().unwrap();
    let kinds = request.input().iter().map(|item| {
        let text = item["content"][0]["text"].as_str().unwrap_or_default();
        let known = ["<user_shell_command>", "<environment_context>", "One", "Two"];
        let kind = known.into_iter().find(|start| text.starts_with(start));
        kind.unwrap_or(item["role"].as_str().unwrap_or_default())
    });
    assert_eq!(
        kinds.collect::<Vec<_>>(),
        [
            "<user_shell_command>",
            "developer",
            "<environment_context>",
            "One",
            "assistant",
            "<user_shell_command>",
            "<environment_context>",
            "Two"
        ],
        "what it may do has not changed with the folder"
    );
    app.stop().await;
}

#[tokio::test]
async fn commands_in_the_background_are_listed_and_ended() {
    const SLEEPER: &str = "(setsid sh -c 'echo $$ >> strays; exec sleep 300' &); echo $$ >> pids; sleep 300";
    let run = |id: &str| {
        let call = json!({"cmd": SLEEPER, "login": false, "yield_time_ms": 250});
        Answer::new().call(id, "exec_command", call)
    };
    let model = MockModel::start([run("c1"), run("c2"), run("c3"), Answer::from("Run")]);
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    app.run_turn(&thread, "Run").await;
    let list = app
        .call("thread/backgroundTerminals/list", json!({"threadId": thread}))
        .await;
    let all = list["data"].as_array().unwrap().clone();
    assert_eq!((all.len(), &list["nextCursor"]), (3, &json!(null)));
    let mut items: Vec<_> = all.iter().map(|one| one["itemId"].as_str().unwrap()).collect();
    items.sort_unstable();
    assert_eq!(items, ["c1", "c2", "c3"]);
    for one in &all {
        assert_eq!(one["command"], SLEEPER);
        assert!(
            one["rssKb"].as_u64().unwrap() > 0 && one["cpuPercent"].is_number(),
            "{one}"
        );
        assert!(alive(i32::try_from(one["osPid"].as_i64().unwrap()).unwrap()));
    }
    let first = app
        .call(
            "thread/backgroundTerminals/list",
            json!({"threadId": thread, "limit": 2}),
        )
        .await;
    assert_eq!(first["data"].as_array().unwrap().len(), 2);
    let rest = json!({"threadId": thread, "limit": 2, "cursor": first["nextCursor"]});
    let rest = app.call("thread/backgroundTerminals/list", rest).await;
    assert_eq!((&rest["data"][0], &rest["nextCursor"]), (&all[2], &json!(null)));

    let one = json!({"threadId": thread, "processId": all[0]["processId"]});
    let answer = app
        .call("thread/backgroundTerminals/terminate", one.clone())
        .await;
    assert_eq!(answer, json!({"terminated": true}));
    let id = all[0]["itemId"].clone();
    let ended = app
        .wait_where("item/completed", |params| params["item"]["id"] == id)
        .await;
    assert_eq!(
        (&ended["item"]["status"], &ended["item"]["exitCode"]),
        (&json!("failed"), &json!(-1))
    );
    let answer = app.call("thread/backgroundTerminals/terminate", one).await;
    assert_eq!(answer, json!({"terminated": false}));
    for id in ["zz", "", "1.0", " 1", "99999999999"] {
        let wrong = json!({"threadId": thread, "processId": id});
        let error = app.call_err("thread/backgroundTerminals/terminate", wrong).await;
        assert_eq!(error.code, -32600, "{id:?}");
        assert!(
            error
                .message
                .starts_with("invalid background terminal process id: ")
        );
    }
    let answer = app
        .call("thread/backgroundTerminals/clean", json!({"threadId": thread}))
        .await;
    assert_eq!(answer, json!({}));
    let list = app
        .call("thread/backgroundTerminals/list", json!({"threadId": thread}))
        .await;
    assert_eq!(list["data"], json!([]));
    for file in ["pids", "strays"] {
        let pids = std::fs::read_to_string(home.work().join(file)).unwrap();
        for pid in pids.lines() {
            wait_until_dead(pid.parse().unwrap()).await;
        }
    }
    app.stop().await;
}

#[tokio::test]
async fn a_command_that_is_stopped_for_its_time_has_no_exit_code_of_its_own() {
    let home = Home::empty();
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    let params = json!({"threadId": thread, "command": "echo out; sleep 300", "timeoutMs": 300});
    app.call("thread/shellCommand", params).await;
    let ended = app
        .wait_where("item/completed", |params| {
            params["item"]["type"] == "commandExecution"
        })
        .await;
    assert_eq!(ended["item"]["exitCode"], -1);
    app.stop().await;
}
