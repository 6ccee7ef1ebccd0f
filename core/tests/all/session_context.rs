//! What the model is told: settings, surroundings, tools, and a history whose beginning never changes.

use std::collections::BTreeMap;

use codex_core::mock_model::{Answer, Request, Script};
use codex_core::*;
use serde_json::{Value, json};

use crate::session_probe::{Probe, assert_told, assert_told_first, say};

/// Texts of a message's parts.
fn texts(item: &Value) -> Vec<&str> {
    let parts = item["content"].as_array().unwrap();
    parts.iter().filter_map(|part| part["text"].as_str()).collect()
}

fn input(request: &Request) -> Vec<Value> {
    request.input().to_vec()
}

async fn turn(probe: &Probe, text: &str, settings: SettingsPatch) -> Vec<String> {
    let from = probe.lines().len();
    probe.turn_with(StartTurn {
        input: vec![say(text)],
        settings,
        ..StartTurn::default()
    });
    probe.until_turn_end(from).await
}

#[tokio::test]
async fn the_first_request_tells_everything_once() {
    let probe = Probe::start_with(
        [Answer::new().say("ok"), Answer::new().say("ok")],
        "",
        StartThread {
            developer_instructions: Some("be kind".into()),
            ..StartThread::default()
        },
    )
    .await;
    std::fs::write(probe.work().join("AGENTS.md"), "use tabs").unwrap();
    probe.run("one").await;
    probe.run("two").await;
    let requests = probe.model.requests();
    let body = &requests[0].body;
    assert!(
        body["instructions"]
            .as_str()
            .unwrap()
            .starts_with("You are a coding agent.")
    );
    assert_eq!(body["tools"][0]["name"], "exec_command");
    assert_eq!(body["reasoning"], json!({"effort": "medium"}));
    assert_eq!(body["prompt_cache_key"], probe.thread.id().to_string());
    let first = input(&requests[0]);
    assert_eq!(first[0]["role"], "developer");
    let developer = texts(&first[0]);
    assert_eq!(developer[0], "be kind");
    assert!(developer[1].starts_with("<permissions instructions>"));
    assert_eq!(first[1]["role"], "user");
    let user = texts(&first[1]);
    assert!(user[0].contains("<INSTRUCTIONS>\nuse tabs\n</INSTRUCTIONS>"));
    assert!(user[1].starts_with("<environment_context>\n  <cwd>"));
    assert!(user[1].contains("type=\"disabled\""));
    assert_eq!(texts(&first[2]), ["one"]);
    assert_eq!(input(&requests[1])[3..].len(), 2, "nothing is told again");
}

#[tokio::test]
async fn each_request_begins_with_the_one_before() {
    let probe = Probe::start([
        Answer::new()
            .reason("hm")
            .call("a", "exec_command", json!({"cmd": "echo one"})),
        Answer::new().say("done"),
        Answer::new().say("more"),
    ])
    .await;
    probe.run("one").await;
    turn(
        &probe,
        "two",
        SettingsPatch {
            model: Some("gpt-5.5-2026-11-01".into()),
            ..SettingsPatch::default()
        },
    )
    .await;
    let requests = probe.model.requests();
    assert_eq!(requests.len(), 3);
    for pair in requests.windows(2) {
        let (before, after) = (input(&pair[0]), input(&pair[1]));
        assert_eq!(before[..], after[..before.len()]);
        assert_eq!(pair[0].body["tools"], pair[1].body["tools"]);
        assert_eq!(pair[0].body["instructions"], pair[1].body["instructions"]);
    }
}

#[tokio::test]
async fn changed_settings_stay_and_are_told() {
    let probe = Probe::start(Script::new().otherwise(Answer::new().say("ok"))).await;
    probe.run("one").await;
    let patch = SettingsPatch {
        effort: Some("high".into()),
        ..SettingsPatch::default()
    };
    let lines = turn(&probe, "two", patch).await;
    assert_told_first(
        &lines,
        &[
            "settings model=gpt-5.5 effort=Some(\"high\")",
            "turn/start -> InProgress",
            "status active",
        ],
    );
    probe.run("three").await;
    let patch = SettingsPatch {
        model: Some("gpt-5.5-2026-11-01".into()),
        sandbox_policy: Some(SandboxPolicy::default()),
        ..SettingsPatch::default()
    };
    turn(&probe, "four", patch).await;
    let requests = probe.model.requests();
    let effort = |index: usize| requests[index].body["reasoning"]["effort"].clone();
    assert_eq!(
        (effort(0), effort(1), effort(2)),
        (json!("medium"), json!("high"), json!("high"))
    );
    assert_eq!(effort(3), "high", "it stays with another model");
    assert_eq!(requests[3].body["model"], "gpt-5.5-2026-11-01");
    let before = requests[2].input().len() + 1;
    let news = &input(&requests[3])[before..];
    let developer = texts(&news[0]);
    assert!(developer[0].starts_with("<model_switch>"));
    assert!(developer[1].contains("`read-only`"));
    let user = texts(&news[1]);
    assert!(
        user[0].starts_with("<environment_context>\n  <current_date>"),
        "{user:?}"
    );
    assert_eq!(texts(&news[2]), ["four"]);
    let patch = SettingsPatch {
        approval_policy: Some(ApprovalPolicy::OnRequest),
        ..SettingsPatch::default()
    };
    turn(&probe, "five", patch).await;
    let requests = probe.model.requests();
    let before = requests[3].input().len() + 1;
    let news = &input(&requests[4])[before..];
    assert!(texts(&news[0])[0].contains("`read-only`"));
    assert_eq!(texts(&news[1]), ["five"]);
}

#[tokio::test]
async fn another_folder_brings_its_own_instructions() {
    let probe = Probe::start(Script::new().otherwise(Answer::new().say("ok"))).await;
    let other = probe.work().join("other");
    std::fs::create_dir(&other).unwrap();
    std::fs::write(probe.work().join("AGENTS.md"), "old rules").unwrap();
    std::fs::write(other.join("AGENTS.md"), "new rules").unwrap();
    probe.run("one").await;
    let patch = SettingsPatch {
        cwd: Some(other.clone()),
        ..SettingsPatch::default()
    };
    turn(&probe, "two", patch).await;
    let requests = probe.model.requests();
    let news = &input(&requests[1])[requests[0].input().len() + 1..];
    // What it may do does not depend on the folder here, and is not told again.
    let user = texts(&news[0]);
    assert!(user[0].contains("replace all") && user[0].contains("new rules"));
    assert!(user[1].contains(&format!("<cwd>{}</cwd>", other.display())));
    let snapshot = probe.snapshot().await;
    assert_eq!(snapshot.settings.workspace_roots, [other]);
}

#[tokio::test]
async fn plan_mode_is_told_when_it_begins_and_ends() {
    let probe = Probe::start(Script::new().otherwise(Answer::new().say("ok"))).await;
    probe.run("one").await;
    let mode = |mode, instructions: Option<&str>| SettingsPatch {
        collaboration_mode: Some(CollaborationMode {
            mode,
            settings: CollaborationSettings {
                model: "gpt-5.5".into(),
                reasoning_effort: Some("high".into()),
                developer_instructions: instructions.map(str::to_owned),
            },
        }),
        ..SettingsPatch::default()
    };
    turn(&probe, "two", mode(ModeKind::Plan, Some("PLAN!"))).await;
    turn(&probe, "three", mode(ModeKind::Default, None)).await;
    let requests = probe.model.requests();
    assert_eq!(requests[1].body["reasoning"]["effort"], "high");
    let news = |index: usize| input(&requests[index])[requests[index - 1].input().len() + 1].clone();
    assert_eq!(
        texts(&news(1)),
        ["<collaboration_mode>PLAN!</collaboration_mode>"]
    );
    assert!(texts(&news(2))[0].contains("default mode"));
}

#[tokio::test]
async fn choices_for_one_turn_do_not_stay() {
    let probe = Probe::start(Script::new().otherwise(Answer::new().say("ok"))).await;
    let entry = |value: &str, trusted| ContextEntry {
        value: value.into(),
        trusted,
        name: None,
    };
    let context = BTreeMap::from([
        ("app".to_owned(), entry("v", true)),
        ("sel".to_owned(), entry("x", false)),
    ]);
    let start = || StartTurn {
        input: vec![say("one")],
        output_schema: Some(json!({"type": "object"})),
        service_tier_for_turn: Some("flex".into()),
        additional_context: context.clone(),
        turn_trigger: Some("button".into()),
        settings: SettingsPatch {
            client_metadata: Some(BTreeMap::from([("mine".to_owned(), "1".to_owned())])),
            ..SettingsPatch::default()
        },
        ..StartTurn::default()
    };
    probe.turn_with(start());
    probe.until_turn_end(0).await;
    let from = probe.lines().len();
    probe.turn_with(start());
    probe.until_turn_end(from).await;
    probe.run("three").await;
    let requests = probe.model.requests();
    assert_eq!(
        requests[0].body["text"]["format"]["schema"],
        json!({"type": "object"})
    );
    assert_eq!(requests[0].body["service_tier"], "flex");
    let metadata = |index: usize| {
        let text = requests[index].body["client_metadata"]["x-codex-turn-metadata"]
            .as_str()
            .unwrap();
        let metadata: Value = serde_json::from_str(text).unwrap();
        (metadata["mine"].clone(), metadata["turn_trigger"].clone())
    };
    assert_eq!(metadata(0), (json!("1"), json!("button")));
    assert_eq!(metadata(2), (Value::Null, Value::Null));
    assert_eq!(requests[2].body["text"].get("format"), None);
    assert_eq!(requests[2].body.get("service_tier"), None);
    let sent = input(&requests[2]);
    assert_eq!(
        sent.iter()
            .filter(|item| item.to_string().contains("<app>v</app>"))
            .count(),
        1
    );
    let untrusted: Vec<_> = sent
        .iter()
        .filter(|item| item["type"] == "function_call_output")
        .collect();
    assert_eq!(untrusted.len(), 1, "what did not change is not sent again");
    assert_eq!(
        (&untrusted[0]["name"], &untrusted[0]["output"]),
        (&json!("sel"), &json!("x"))
    );
}

#[tokio::test]
async fn injected_items_join_the_history() {
    let probe = Probe::start([Answer::new().say("ok")]).await;
    let inject = |items| {
        let (reply, answer) = Reply::channel();
        probe.thread.submit(Op::InjectItems {
            items,
            is_urgent: true,
            reply,
        });
        answer
    };
    let known =
        json!({"type": "message", "role": "user", "content": [{"type": "input_text", "text": "earlier"}]});
    let unknown = json!({"type": "novelty", "payload": 1});
    inject(vec![known, unknown]).await.unwrap();
    assert_eq!(inject(vec![]).await.unwrap_err(), Error::Empty(Field::Items));
    let error = inject(vec![json!(5)]).await.unwrap_err();
    assert!(matches!(error, Error::InvalidItem { index: 0, .. }), "{error}");
    probe.run("hi").await;
    let requests = probe.model.requests();
    let input = requests[0].input();
    let place = |text| input.iter().position(|item| texts(item) == [text]);
    assert!(place("earlier").is_some() && place("earlier") < place("hi"));
    assert!(
        requests[0].input_of("novelty").is_empty(),
        "what we don't know is kept, not sent"
    );
}

#[tokio::test]
async fn parallel_calls_answer_in_call_order() {
    let calls = Answer::new()
        .call(
            "slow",
            "exec_command",
            json!({"cmd": "sleep 0.6; echo slow", "yield_time_ms": 5000}),
        )
        .call(
            "quick",
            "exec_command",
            json!({"cmd": "echo quick", "yield_time_ms": 5000}),
        )
        .call("none", "no_such_tool", json!({}));
    let probe = Probe::start([calls, Answer::new().say("ok")]).await;
    let lines = probe.run("hi").await;
    let at = |start: &str| {
        lines
            .iter()
            .position(|l| l.starts_with(start))
            .unwrap_or_else(|| panic!("{lines:#?}"))
    };
    assert!(at("completed command quick") < at("completed command slow"));
    assert!(
        at("completed command slow") < at("usage"),
        "counts come after the tools"
    );
    let requests = probe.model.requests();
    let outputs: Vec<_> = requests[1].input_of("function_call_output");
    let ids: Vec<_> = outputs
        .iter()
        .map(|output| output["call_id"].as_str().unwrap())
        .collect();
    assert_eq!(ids, ["slow", "quick", "none"]);
    assert_eq!(outputs[2]["output"], "unsupported call: no_such_tool");
}

#[tokio::test]
async fn a_question_stops_only_its_command() {
    let call = |id: &str| Answer::new().call(id, "exec_command", json!({"cmd": "touch x"}));
    let start = StartThread {
        settings: SettingsPatch {
            approval_policy: Some(ApprovalPolicy::Untrusted),
            sandbox_mode: Some(SandboxMode::ReadOnly),
            ..SettingsPatch::default()
        },
        ..StartThread::default()
    };
    let probe = Probe::start_with(
        [call("a"), call("b"), Answer::new().say("ok"), call("c")],
        "",
        start,
    )
    .await;
    probe.turn("hi");
    let mut from = 0;
    for (id, decision) in [("a", ApprovalDecision::Accept), ("b", ApprovalDecision::Decline)] {
        let question = format!("question {id}");
        probe.wait(from, |line| line.starts_with(&question)).await;
        from = probe.lines().len();
        probe.answer(decision);
    }
    let lines = probe.until_turn_end(0).await;
    let story = [
        "status active, waiting on approval",
        "started command a InProgress exit=None",
        "question a None",
        "status active",
        "completed command a Completed exit=Some(0)",
    ];
    assert_told(&lines, &story);
    assert!(lines.contains(&"completed command b Declined exit=None".to_owned()));
    assert!(lines.last().unwrap().starts_with("turn Completed"));
    assert!(probe.work().join("x").exists());

    let from = probe.lines().len();
    probe.turn("again");
    probe.wait(from, |line| line.starts_with("question c")).await;
    probe.answer(ApprovalDecision::Cancel);
    let lines = probe.until_turn_end(from).await;
    assert!(lines.contains(&"completed command c Declined exit=None".to_owned()));
    assert_eq!(lines.last().unwrap(), "turn Interrupted []");
}

#[tokio::test]
async fn threads_that_cannot_be_started_say_why() {
    let probe = Probe::start(Script::new()).await;
    let start = |start: StartThread| {
        let engine = probe.engine.clone();
        async move {
            let (reply, answer) = Reply::channel();
            engine.start_thread(start, reply).await;
            answer.await.map(|started| started.settings.model).unwrap_err()
        }
    };
    let with = |settings| StartThread {
        settings,
        ..StartThread::default()
    };
    let error = start(with(SettingsPatch {
        model_provider: Some("zzz".into()),
        ..SettingsPatch::default()
    }));
    assert_eq!(
        error.await,
        Error::Config("Model provider `zzz` not found".into())
    );
    let error = start(with(SettingsPatch {
        permissions: Some(":workspace".into()),
        sandbox_mode: Some(SandboxMode::ReadOnly),
        ..SettingsPatch::default()
    }));
    assert_eq!(error.await, Error::PermissionsConflict(SandboxSetting::Mode));
    let error = start(with(SettingsPatch {
        permissions: Some(":nope".into()),
        ..SettingsPatch::default()
    }));
    let error = error.await;
    assert!(
        matches!(&error, Error::Config(why) if why.contains("unknown built-in profile `:nope`")),
        "{error}"
    );
    let error = start(with(SettingsPatch {
        model: Some(String::new()),
        ..SettingsPatch::default()
    }));
    assert_eq!(error.await, Error::NoModel);
    assert_eq!(probe.engine.loaded().len(), 1);
}

#[tokio::test]
async fn a_started_thread_names_its_instruction_files() {
    let probe = Probe::start(Script::new()).await;
    let file = probe.work().join("AGENTS.md");
    std::fs::write(&file, "x".repeat(40_000)).unwrap();
    let (reply, answer) = Reply::channel();
    let start = StartThread {
        settings: SettingsPatch {
            cwd: Some(probe.work().join("sub/..")),
            ..SettingsPatch::default()
        },
        ephemeral: true,
        ..StartThread::default()
    };
    probe.engine.start_thread(start, reply).await;
    let started = answer.await.unwrap();
    assert_eq!(started.instruction_sources, [file]);
    assert_eq!(started.settings.cwd, probe.work());
    assert!(started.info.ephemeral);
    assert_eq!(started.info.path, None);
    assert!(probe.lines()[0].contains("raise project_doc_max_bytes"));
    assert_eq!(probe.engine.loaded(), [probe.thread.id(), started.info.id]);
}

#[tokio::test]
async fn an_unknown_model_is_warned_of_after_the_answer() {
    let start = StartThread {
        settings: SettingsPatch {
            model: Some("my-own-model".into()),
            ..SettingsPatch::default()
        },
        ..StartThread::default()
    };
    let probe = Probe::start_with([Answer::new().say("ok")], "", start).await;
    assert!(probe.lines()[0].starts_with("warning The model `my-own-model` is unknown"));
    probe.run("hi").await;
    let body = &probe.model.requests()[0].body;
    assert_eq!(body["model"], "my-own-model");
    assert_eq!(body["reasoning"], json!({"summary": "auto"}));
    assert_eq!(body.get("text"), None);
}
