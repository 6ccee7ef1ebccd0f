//! What the user says, and the end of a turn.

use codex_core::mock_model::{Answer, MockModel};
use serde_json::{Value, json};

use super::{exists, home_with, hook, messages, prints, prints_once, run, runs, says, told};
use crate::support::{App, Config};

#[tokio::test]
async fn a_hook_reads_the_prompt_and_adds_to_it() {
    let model = MockModel::start("ok");
    let home = home_with(
        &model,
        Config::default(),
        &hook("UserPromptSubmit", "p", "statusMessage = 'reading'"),
    )
    .await;
    says(&home, "p", "echo ' More to know. '");
    let (app, thread) = App::with_thread(&home).await;
    let turn = app.run_turn(&thread, "Do it").await;
    assert_eq!(
        runs(&turn),
        [run(
            "userPromptSubmit",
            "completed",
            &[("context", "More to know.")]
        )]
    );
    let methods = turn.turn_methods();
    let at = |method: &str| methods.iter().position(|told| *told == method).unwrap();
    assert!(at("turn/started") < at("hook/started") && at("hook/completed") < at("item/started"));
    let started = turn.all("hook/started")[0];
    let file = home.codex().join("config.toml").display().to_string();
    assert_eq!(
        (&started["threadId"], &started["turnId"]),
        (&json!(thread), &json!(turn.id))
    );
    let id = format!("user-prompt-submit:0:{file}");
    assert_eq!(started["run"]["id"], id);
    assert_eq!(
        (&started["run"]["status"], &started["run"]["statusMessage"]),
        (&json!("running"), &json!("reading"))
    );
    assert!(started["run"]["completedAt"].is_null());
    assert!(turn.all("hook/completed")[0]["run"]["durationMs"].is_u64());

    let input = &told(&home, "p")[0];
    let transcript = input["transcript_path"].as_str().unwrap();
    assert!(
        transcript.contains("/sessions/")
            && std::path::Path::new(transcript)
                .extension()
                .is_some_and(|kind| kind == "jsonl"),
        "{input}"
    );
    let work = home.work().display().to_string();
    let expected = json!({
        "session_id": thread,
        "turn_id": turn.id,
        "transcript_path": transcript,
        "cwd": work,
        "hook_event_name": "UserPromptSubmit",
        "model": "gpt-5.2-codex",
        "permission_mode": "bypassPermissions",
        "prompt": "Do it",
    });
    assert_eq!(*input, expected);
    let request = &model.requests()[0];
    assert_eq!(
        messages(request.input(), "developer").last().unwrap(),
        "More to know."
    );
    let roles: Vec<_> = request
        .input()
        .iter()
        .rev()
        .take(2)
        .map(|item| &item["role"])
        .collect();
    assert_eq!(
        roles,
        ["developer", "user"],
        "what a hook adds follows the prompt"
    );
    app.stop().await;
}

async fn preview(app: &App, thread: &str) -> Value {
    let read = app.call("thread/read", json!({"threadId": thread})).await;
    read["thread"]["preview"].clone()
}

#[tokio::test]
async fn a_prompt_that_a_hook_blocks_is_not_heard() {
    let model = MockModel::start("ok");
    let home = home_with(&model, Config::default(), &hook("UserPromptSubmit", "p", "")).await;
    let (app, thread) = App::with_thread(&home).await;
    for (script, status, entry) in [
        ("echo no >&2; exit 2".to_owned(), "blocked", ("feedback", "no")),
        (
            prints(&json!({"decision": "block", "reason": "never"})),
            "blocked",
            ("feedback", "never"),
        ),
        (
            prints(&json!({"continue": false, "stopReason": "halt"})),
            "stopped",
            ("stop", "halt"),
        ),
    ] {
        says(&home, "p", &script);
        let turn = app.run_turn(&thread, "Secret").await;
        assert_eq!(turn.status(), "completed");
        assert_eq!(runs(&turn), [run("userPromptSubmit", status, &[entry])]);
        assert_eq!(turn.items().len(), 0);
        assert_eq!(preview(&app, &thread).await, "", "nothing was said");
    }
    assert_eq!(model.requests().len(), 0);
    let listed = app.call("thread/list", json!({})).await;
    assert_eq!(listed["data"], json!([]));
    says(&home, "p", "exit 0");
    app.run_turn(&thread, "Open").await;
    assert_eq!(messages(model.requests()[0].input(), "user"), ["Open"]);
    assert_eq!(preview(&app, &thread).await, "Open");
    let listed = app.call("thread/list", json!({})).await;
    assert_eq!(listed["data"][0]["preview"], "Open");
    app.stop().await;
}

#[tokio::test]
async fn a_hook_that_fails_changes_nothing() {
    let model = MockModel::start("ok");
    let hooks = hook("UserPromptSubmit", "p", "timeout = 1");
    let home = home_with(&model, Config::default(), &hooks).await;
    let (app, thread) = App::with_thread(&home).await;
    for (script, why) in [
        ("exit 1", "hook exited with code 1"),
        ("kill -9 $$", "hook exited without a status code"),
        ("sleep 60", "hook timed out after 1s"),
        (
            "echo '{bad'",
            "hook returned invalid user prompt submit JSON output",
        ),
        (
            "exit 2",
            "UserPromptSubmit hook exited with code 2 but did not write a blocking reason to stderr",
        ),
    ] {
        says(&home, "p", script);
        let turn = app.run_turn(&thread, "Go on").await;
        assert_eq!(
            runs(&turn),
            [run("userPromptSubmit", "failed", &[("error", why)])],
            "{script}"
        );
        assert_eq!(
            (turn.status(), turn.text().as_str()),
            ("completed", "ok"),
            "{script}"
        );
    }
    app.stop().await;
}

#[tokio::test]
async fn a_steer_is_checked_as_a_prompt_is() {
    let model = MockModel::start([
        Answer::new().call(
            "c1",
            "exec_command",
            json!({"cmd": "touch began; while ! [ -e go ]; do sleep 0.05; done"}),
        ),
        Answer::from("Done"),
    ]);
    let home = home_with(&model, Config::default(), &hook("UserPromptSubmit", "p", "")).await;
    let (app, thread) = App::with_thread(&home).await;
    let running = app.start_turn(&thread, "First").await;
    exists(&home.work().join("began")).await;
    says(&home, "p", "echo context");
    let steer = json!({"threadId": thread, "expectedTurnId": running.id, "input": [{"type": "text", "text": "Second"}]});
    app.call("turn/steer", steer).await;
    std::fs::write(home.work().join("go"), "").unwrap();
    app.end_of(running).await;
    let prompts: Vec<_> = told(&home, "p")
        .iter()
        .map(|input| input["prompt"].clone())
        .collect();
    assert_eq!(prompts, ["First", "Second"]);
    let request = &model.requests()[1];
    assert_eq!(messages(request.input(), "user"), ["First", "Second"]);
    assert_eq!(messages(request.input(), "developer").last().unwrap(), "context");
    app.stop().await;
}

#[tokio::test]
async fn a_hook_has_the_model_go_on_and_clients_see_why() {
    let model = MockModel::start([Answer::from("Done"), Answer::from("Really done")]);
    let hooks = hook("Stop", "s1", "") + &hook("Stop", "s2", "");
    let home = home_with(&model, Config::default(), &hooks).await;
    says(
        &home,
        "s1",
        &prints_once(&json!({"decision": "block", "reason": "Run the <tests> & \"more\""})),
    );
    says(
        &home,
        "s2",
        "case \"$input\" in *active\\\":true*) exit 0;; esac; echo Say why. >&2; exit 2",
    );
    let (app, thread) = App::with_thread(&home).await;
    let turn = app.run_turn(&thread, "Go").await;
    assert_eq!(turn.text(), "DoneReally done");
    let blocked = |why| run("stop", "blocked", &[("feedback", why)]);
    assert_eq!(
        runs(&turn),
        [
            blocked("Run the <tests> & \"more\""),
            blocked("Say why."),
            run("stop", "completed", &[]),
            run("stop", "completed", &[]),
        ]
    );
    let file = home.codex().join("config.toml").display().to_string();
    let item = turn.items_of("hookPrompt")[0];
    assert_eq!(
        item["fragments"],
        json!([
            {"text": "Run the <tests> & \"more\"", "hookRunId": format!("stop:0:{file}")},
            {"text": "Say why.", "hookRunId": format!("stop:1:{file}")},
        ])
    );
    let said = messages(model.requests()[1].input(), "user");
    assert_eq!(
        said[1..],
        [
            format!(
                "<hook_prompt hook_run_id=\"stop:0:{file}\">Run the &lt;tests&gt; &amp; \"more\"</hook_prompt>"
            ),
            format!("<hook_prompt hook_run_id=\"stop:1:{file}\">Say why.</hook_prompt>"),
        ]
    );
    let inputs = told(&home, "s1");
    let asked: Vec<_> = inputs
        .iter()
        .map(|input| {
            (
                input["stop_hook_active"].as_bool().unwrap(),
                input["last_assistant_message"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(asked, [(false, "Done"), (true, "Really done")]);
    app.stop().await;

    // It is in the record: others read it, and the model goes on with it.
    let app = App::start(&home).await;
    let resumed = app.call("thread/resume", json!({"threadId": thread})).await;
    let items = resumed["thread"]["turns"][0]["items"].as_array().unwrap();
    let kinds: Vec<_> = items.iter().map(|item| item["type"].as_str().unwrap()).collect();
    assert_eq!(
        kinds,
        ["userMessage", "agentMessage", "hookPrompt", "agentMessage"]
    );
    assert_eq!(items[2]["fragments"], item["fragments"]);
    app.run_turn(&thread, "More").await;
    assert_eq!(messages(model.requests()[2].input(), "user")[1..3], said[1..]);
    app.stop().await;
}

#[tokio::test]
async fn a_stop_hook_that_never_agrees_is_overruled_after_fifty_rounds() {
    let model = MockModel::start("ok");
    let home = home_with(
        &model,
        Config::default(),
        &super::command("Stop", "echo again >&2; exit 2", ""),
    )
    .await;
    let (app, thread) = App::with_thread(&home).await;
    let turn = app.run_turn(&thread, "Go").await;
    assert_eq!((turn.status(), model.requests().len()), ("completed", 51));
    assert_eq!(turn.items_of("hookPrompt").len(), 50);
    let warnings = turn.all("warning");
    let last = warnings.last().unwrap()["message"].as_str().unwrap();
    assert!(
        last.starts_with("Stop hooks have had the model go on 50 times"),
        "{last}"
    );
    app.stop().await;
}

#[tokio::test]
async fn a_stop_hook_that_ends_the_turn_wins() {
    let model = MockModel::start("ok");
    let hooks = hook("Stop", "s1", "") + &hook("Stop", "s2", "");
    let home = home_with(&model, Config::default(), &hooks).await;
    says(
        &home,
        "s1",
        &prints(&json!({"decision": "block", "reason": "go on"})),
    );
    says(
        &home,
        "s2",
        &prints(&json!({"continue": false, "stopReason": "enough", "systemMessage": "see"})),
    );
    let (app, thread) = App::with_thread(&home).await;
    let turn = app.run_turn(&thread, "Go").await;
    assert_eq!(
        runs(&turn),
        [
            run("stop", "blocked", &[("feedback", "go on")]),
            run("stop", "stopped", &[("warning", "see"), ("stop", "enough")]),
        ]
    );
    assert_eq!(model.requests().len(), 1);
    app.stop().await;
}

#[tokio::test]
async fn what_a_hook_adds_comes_before_skills_that_the_prompt_names() {
    let model = MockModel::start("ok");
    let home = home_with(&model, Config::default(), &hook("UserPromptSubmit", "p", "")).await;
    says(&home, "p", "echo 'More to know.'");
    let folder = home.codex().join("skills/mine");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(
        folder.join("SKILL.md"),
        "---\nname: mine\ndescription: d\n---\nDo it.\n",
    )
    .unwrap();
    let (app, thread) = App::with_thread(&home).await;
    app.run_turn(&thread, "Use $mine").await;
    let requests = model.requests();
    let texts = requests[0].input().iter().rev().take(3).rev();
    let texts: Vec<_> = texts
        .map(|item| item["content"][0]["text"].as_str().unwrap())
        .collect();
    assert_eq!(texts[..2], ["Use $mine", "More to know."]);
    assert!(texts[2].starts_with("<skill>"), "{}", texts[2]);
    app.stop().await;
}
