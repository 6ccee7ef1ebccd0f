//! Tool calls and approvals.

use codex_core::mock_model::{Answer, MockModel};
use serde_json::{Value, json};

use super::{command, home_with, hook, messages, prints, run, runs, says, told};
use crate::auto_review::DENY;
use crate::support::{App, Config, Frame, Home, TurnRun};

const BOTH: [&str; 2] = ["PreToolUse", "PostToolUse"];

/// A model that calls a tool and then is done.
fn calling(name: &str, arguments: Value) -> MockModel {
    MockModel::start([Answer::new().call("c1", name, arguments), Answer::from("Done")])
}

/// A home with a hook before tools, named `PreToolUse`, and one after them.
async fn watching(model: &MockModel, config: Config) -> Home {
    let hooks: String = BOTH.iter().map(|event| hook(event, event, "")).collect();
    home_with(model, config, &hooks).await
}

async fn turn(home: &Home) -> TurnRun {
    let (app, thread) = App::with_thread(home).await;
    let turn = app.run_turn(&thread, "Go").await;
    assert_eq!((turn.status(), turn.text().as_str()), ("completed", "Done"));
    app.stop().await;
    turn
}

fn details(event: &str, mut members: Value) -> Value {
    members["hookEventName"] = event.into();
    json!({"hookSpecificOutput": members})
}

#[tokio::test]
async fn hooks_see_a_command_before_and_after_it_runs() {
    let model = calling("exec_command", json!({"cmd": "echo hello"}));
    let home = watching(&model, Config::default()).await;
    says(
        &home,
        "PreToolUse",
        &prints(&details("PreToolUse", json!({"additionalContext": "before"}))),
    );
    says(
        &home,
        "PostToolUse",
        &prints(&details("PostToolUse", json!({"additionalContext": "after"}))),
    );
    let turn = turn(&home).await;
    assert_eq!(
        runs(&turn),
        [
            run("preToolUse", "completed", &[("context", "before")]),
            run("postToolUse", "completed", &[("context", "after")]),
        ]
    );
    let file = home.codex().join("config.toml").display().to_string();
    assert_eq!(
        turn.all("hook/started")[0]["run"]["id"],
        format!("pre-tool-use:0:{file}:c1")
    );
    let before = &told(&home, "PreToolUse")[0];
    assert_eq!(
        (
            &before["tool_name"],
            &before["tool_input"],
            &before["tool_use_id"]
        ),
        (&json!("Bash"), &json!({"command": "echo hello"}), &json!("c1"))
    );
    assert_eq!(told(&home, "PostToolUse")[0]["tool_response"], "hello\n");
    let input = model.requests()[1].input().to_vec();
    let tail: Vec<_> = input
        .iter()
        .rev()
        .take(3)
        .map(|item| item["type"].as_str().unwrap())
        .collect();
    assert_eq!(tail, ["function_call_output", "message", "message"]);
    let context = messages(&input, "developer");
    assert_eq!(context[context.len() - 2..], ["before", "after"]);
}

#[tokio::test]
async fn hooks_are_told_where_a_command_runs() {
    let model = calling("exec_command", json!({"cmd": "pwd", "workdir": "sub/../sub"}));
    let home = watching(&model, Config::default()).await;
    let sub = home.work().join("sub");
    std::fs::create_dir(&sub).unwrap();
    turn(&home).await;
    for event in BOTH {
        assert_eq!(told(&home, event)[0]["cwd"], json!(sub), "{event}");
    }
}

#[tokio::test]
async fn a_hook_blocks_a_command_and_the_model_is_told_why() {
    for script in [
        prints(&details(
            "PreToolUse",
            json!({"permissionDecision": "deny", "permissionDecisionReason": "not now"}),
        )),
        prints(&json!({"decision": "block", "reason": "not now"})),
        "echo not now >&2; exit 2".to_owned(),
    ] {
        let model = calling("exec_command", json!({"cmd": "touch done"}));
        let home = watching(&model, Config::default()).await;
        says(&home, "PreToolUse", &script);
        let turn = turn(&home).await;
        assert_eq!(
            runs(&turn),
            [run("preToolUse", "blocked", &[("feedback", "not now")])]
        );
        assert_eq!(turn.items_of("commandExecution").len(), 0);
        assert!(!home.work().join("done").exists());
        assert_eq!(
            model.requests()[1].tool_output("c1"),
            Some("Command blocked by PreToolUse hook: not now. Command: touch done")
        );
    }
}

#[tokio::test]
async fn a_hook_changes_what_runs() {
    let model = calling("exec_command", json!({"cmd": "touch done", "login": false}));
    let home = watching(&model, Config::default()).await;
    let updated = json!({"permissionDecision": "allow", "updatedInput": {"command": "echo instead"}});
    says(&home, "PreToolUse", &prints(&details("PreToolUse", updated)));
    let turn = turn(&home).await;
    let item = turn.items_of("commandExecution")[0];
    assert!(
        item["command"].as_str().unwrap().ends_with("-c 'echo instead'"),
        "{item}"
    );
    assert_eq!(item["aggregatedOutput"], "instead\n");
    assert!(!home.work().join("done").exists());
    assert_eq!(
        told(&home, "PostToolUse")[0]["tool_input"],
        json!({"command": "echo instead"})
    );

    let model = calling("exec_command", json!({"cmd": "touch done"}));
    let home = watching(&model, Config::default()).await;
    let updated = json!({"permissionDecision": "allow", "updatedInput": {"cmd": "x"}});
    says(&home, "PreToolUse", &prints(&details("PreToolUse", updated)));
    self::turn(&home).await;
    assert_eq!(
        model.requests()[1].tool_output("c1"),
        Some("hook returned updatedInput without string field `command`")
    );
}

#[tokio::test]
async fn what_a_hook_can_not_say_fails_and_the_command_runs() {
    for (output, why) in [
        (
            details("PreToolUse", json!({"permissionDecision": "ask"})),
            "unsupported permissionDecision:ask",
        ),
        (json!({"continue": false}), "unsupported continue:false"),
    ] {
        let model = calling("exec_command", json!({"cmd": "touch done"}));
        let home = watching(&model, Config::default()).await;
        says(&home, "PreToolUse", &prints(&output));
        let turn = turn(&home).await;
        let why = format!("PreToolUse hook returned {why}");
        assert_eq!(runs(&turn)[0], run("preToolUse", "failed", &[("error", &why)]));
        assert!(home.work().join("done").exists());
    }
}

#[tokio::test]
async fn a_hook_replaces_the_output_of_a_command() {
    for (script, status, entry) in [
        (
            prints(&json!({"decision": "block", "reason": "look again"})),
            "blocked",
            ("feedback", "look again"),
        ),
        (
            "echo look again >&2; exit 2".to_owned(),
            "blocked",
            ("feedback", "look again"),
        ),
        (
            prints(&json!({"continue": false, "stopReason": "look again"})),
            "stopped",
            ("stop", "look again"),
        ),
    ] {
        let model = calling("exec_command", json!({"cmd": "echo hello"}));
        let home = watching(&model, Config::default()).await;
        says(&home, "PostToolUse", &script);
        let turn = turn(&home).await;
        assert_eq!(runs(&turn)[1], run("postToolUse", status, &[entry]));
        assert_eq!(model.requests()[1].tool_output("c1"), Some("look again"));
    }
}

#[tokio::test]
async fn each_hook_that_replaces_the_output_is_heard() {
    let stop = prints(&json!({"continue": false}));
    let model = calling("exec_command", json!({"cmd": "echo hello"}));
    let hooks = command("PostToolUse", "echo first >&2; exit 2", "")
        + &command("PostToolUse", &stop, "")
        + &command("PostToolUse", "echo last >&2; exit 2", "");
    let home = home_with(&model, Config::default(), &hooks).await;
    turn(&home).await;
    assert_eq!(
        model.requests()[1].tool_output("c1"),
        Some("first\n\nPostToolUse hook stopped execution\n\nlast")
    );
}

#[tokio::test]
async fn of_hooks_that_change_the_input_the_last_to_end_counts() {
    let model = calling("exec_command", json!({"cmd": "touch done"}));
    let becomes = |text: &str| {
        let command = format!("echo {text}");
        let updated = json!({"permissionDecision": "allow", "updatedInput": {"command": command}});
        prints(&details("PreToolUse", updated))
    };
    let wait = "until [ -s \"$HOME/quick\" ]; do sleep 0.05; done; \
                while kill -0 \"$(cat \"$HOME/quick\")\" 2>/dev/null; do sleep 0.05; done\n";
    let mark = "echo $$ > \"$HOME/quick.new\"; mv \"$HOME/quick.new\" \"$HOME/quick\"\n";
    let hooks = command("PreToolUse", &format!("{wait}{}", becomes("slow")), "")
        + &command("PreToolUse", &format!("{mark}{}", becomes("quick")), "");
    let home = home_with(&model, Config::default(), &hooks).await;
    let turn = turn(&home).await;
    assert_eq!(turn.items_of("commandExecution")[0]["aggregatedOutput"], "slow\n");
    let hooks = command("PreToolUse", &format!("{mark}{}", becomes("quick")), "")
        + &command("PreToolUse", &format!("{wait}{}", becomes("slow")), "");
    let model = calling("exec_command", json!({"cmd": "touch done"}));
    let home = home_with(&model, Config::default(), &hooks).await;
    let turn = self::turn(&home).await;
    assert_eq!(turn.items_of("commandExecution")[0]["aggregatedOutput"], "slow\n");
}

#[tokio::test]
async fn hooks_after_a_command_run_when_it_has_ended() {
    let script = "echo started; while ! [ -e go ]; do sleep 0.05; done; echo ended";
    let model = MockModel::start([Answer::new().call(
        "c1",
        "exec_command",
        json!({"cmd": script, "yield_time_ms": 250}),
    )]);
    let home = watching(&model, Config::default()).await;
    let (app, thread) = App::with_thread(&home).await;
    let first = app.run_turn(&thread, "Go").await;
    assert_eq!(runs(&first), [run("preToolUse", "completed", &[])]);
    let output = model.requests()[1].tool_output("c1").unwrap().to_owned();
    let number = output
        .split("session ID ")
        .nth(1)
        .unwrap()
        .lines()
        .next()
        .unwrap()
        .to_owned();
    std::fs::write(home.work().join("go"), "").unwrap();
    let arguments = json!({"session_id": number.parse::<u32>().unwrap(), "yield_time_ms": 10_000});
    model.push(Answer::new().call("c2", "write_stdin", arguments));
    model.push(Answer::from("Done"));
    let second = app.run_turn(&thread, "Look").await;
    assert_eq!(runs(&second), [run("postToolUse", "completed", &[])]);
    let after = &told(&home, "PostToolUse")[0];
    assert_eq!(
        (&after["tool_use_id"], &after["tool_input"]["command"]),
        (&json!("c1"), &json!(script))
    );
    assert!(
        after["tool_response"].as_str().unwrap().ends_with("ended\n"),
        "{after}"
    );
    app.stop().await;
}

#[tokio::test]
async fn hooks_know_patches_and_other_tools_by_their_names() {
    let patch = "*** Begin Patch\n*** Add File: new\n+x\n*** End Patch";
    let model = MockModel::start([
        Answer::new().custom_call("p1", "apply_patch", patch),
        Answer::new().custom_call("p2", "apply_patch", "no patch"),
        Answer::new().call("v1", "view_image", json!({"path": "nowhere.png"})),
        Answer::new().call("x1", "nonesuch", json!({})),
        Answer::new().call("x2", "exec_command", json!("{bad")),
        Answer::from("Done"),
    ]);
    let config = Config {
        model: "gpt-5.5".to_owned(),
        ..Config::default()
    };
    let hooks = "[[hooks.PreToolUse]]\nmatcher = 'Write|Edit'\nhooks = [{type = 'command', command = 'sh $HOME/hook edit'}]\n\
        [[hooks.PreToolUse]]\nmatcher = 'view_.*'\nhooks = [{type = 'command', command = 'sh $HOME/hook view'}]\n\
        [[hooks.PreToolUse]]\nmatcher = 'Bash'\nhooks = [{type = 'command', command = 'sh $HOME/hook bash'}]\n"
        .to_owned() + &hook("PostToolUse", "after", "");
    let home = home_with(&model, config, &hooks).await;
    turn(&home).await;
    let edits = told(&home, "edit");
    assert_eq!(edits.len(), 1);
    assert_eq!(
        (&edits[0]["tool_name"], &edits[0]["tool_input"]),
        (&json!("apply_patch"), &json!({"command": patch}))
    );
    assert_eq!(
        told(&home, "view")[0]["tool_input"],
        json!({"path": "nowhere.png"})
    );
    assert_eq!(told(&home, "bash").len(), 0);
    let after: Vec<_> = told(&home, "after")
        .iter()
        .map(|input| input["tool_use_id"].clone())
        .collect();
    assert_eq!(after, ["p1"], "what has failed was told by the tool");
}

#[tokio::test]
async fn hooks_are_asked_about_tools_of_clients() {
    let model = calling("lookup", json!({"key": 1}));
    let home = watching(&model, Config::default()).await;
    says(&home, "PreToolUse", "echo no lookups >&2; exit 2");
    let app = App::start(&home).await;
    let tool = json!({"name": "lookup", "description": "d", "inputSchema": {"type": "object"}});
    let thread = app.start_thread(json!({"dynamicTools": [tool]})).await;
    app.run_turn(&thread, "Go").await;
    assert_eq!(
        model.requests()[1].tool_output("c1"),
        Some("Tool call blocked by PreToolUse hook: no lookups. Tool: lookup")
    );
    assert_eq!(told(&home, "PreToolUse")[0]["tool_input"], json!({"key": 1}));
    app.stop().await;
}

#[tokio::test]
async fn a_hook_decides_about_an_approval_in_the_clients_place() {
    let escalated =
        json!({"cmd": "touch done", "sandbox_permissions": "require_escalated", "justification": "need it"});
    let decision = |decision: Value| prints(&details("PermissionRequest", json!({"decision": decision})));
    for (script, status, entries, done) in [
        (decision(json!({"behavior": "allow"})), "completed", vec![], true),
        (
            decision(json!({"behavior": "deny", "message": "no"})),
            "blocked",
            vec![("feedback", "no")],
            false,
        ),
        (
            "echo no >&2; exit 2".to_owned(),
            "blocked",
            vec![("feedback", "no")],
            false,
        ),
    ] {
        let model = calling("exec_command", escalated.clone());
        let home = home_with(&model, Config::asking(), &hook("PermissionRequest", "ask", "")).await;
        says(&home, "ask", &script);
        let turn = turn(&home).await;
        assert_eq!(runs(&turn), [run("permissionRequest", status, &entries)]);
        assert!(!turn.frames.iter().any(Frame::is_request), "no client is asked");
        assert_eq!(home.work().join("done").exists(), done);
        assert_eq!(turn.items_of("commandExecution").len(), usize::from(done));
        if done {
            let started = turn.all("item/started").into_iter();
            let mut items = started.map(|params| &params["item"]);
            let item = items.find(|item| item["type"] == "commandExecution").unwrap();
            assert_eq!(item["source"], "unifiedExecStartup");
            assert!(item["processId"].is_string(), "it is told when it runs: {item}");
        }
        let input = &told(&home, "ask")[0];
        assert_eq!(
            (
                &input["tool_name"],
                &input["tool_input"],
                &input["permission_mode"]
            ),
            (
                &json!("Bash"),
                &json!({"command": "touch done", "description": "need it"}),
                &json!("default")
            )
        );
        let output = model.requests()[1].tool_output("c1").unwrap().to_owned();
        assert_eq!(output.contains("Rejected(\\\"no\\\")"), !done, "{output}");
    }
}

#[tokio::test]
async fn where_a_hook_does_not_decide_the_client_is_asked() {
    let model = calling(
        "exec_command",
        json!({"cmd": "touch done", "sandbox_permissions": "require_escalated"}),
    );
    let home = home_with(&model, Config::asking(), &hook("PermissionRequest", "ask", "")).await;
    let (app, thread) = App::with_thread(&home).await;
    let running = app.start_turn(&thread, "Go").await;
    let request = app.server_request("item/commandExecution/requestApproval").await;
    app.respond(&request, json!({"decision": "accept"})).await;
    let turn = app.end_of(running).await;
    assert_eq!(runs(&turn), [run("permissionRequest", "completed", &[])]);
    assert!(home.work().join("done").exists());
    app.stop().await;
}

#[tokio::test]
async fn a_hook_decides_about_a_patch() {
    let patch = "*** Begin Patch\n*** Add File: new\n+x\n*** End Patch";
    let model = MockModel::start([
        Answer::new().custom_call("p1", "apply_patch", patch),
        Answer::from("Done"),
    ]);
    let config = Config {
        model: "gpt-5.5".to_owned(),
        ..Config::asking()
    };
    let home = home_with(&model, config, &hook("PermissionRequest", "ask", "")).await;
    says(&home, "ask", "echo read only >&2; exit 2");
    let turn = turn(&home).await;
    assert_eq!(turn.items_of("fileChange")[0]["status"], "declined");
    let place = |fits: &dyn Fn(&Frame) -> bool| turn.frames.iter().position(fits).unwrap();
    let item =
        place(&|frame| frame.method() == "item/started" && frame.params()["item"]["type"] == "fileChange");
    let hook = place(&|frame| {
        frame.method() == "hook/started" && frame.params()["run"]["eventName"] == "permissionRequest"
    });
    assert!(item < hook, "clients see what the hook decides about");
    let output = model.requests()[1].input_of("custom_tool_call_output")[0]["output"].clone();
    assert_eq!(output, "read only");
    assert!(!home.work().join("new").exists());
    assert_eq!(told(&home, "ask")[0]["tool_input"], json!({"command": patch}));
}

#[tokio::test]
async fn where_all_is_reviewed_a_hook_can_forbid_and_not_allow() {
    let escalated = |script: &str| json!({"cmd": script, "sandbox_permissions": "require_escalated"});
    let wanted = json!({"permissions": {"network": {"enabled": true}}});
    let model = MockModel::start([
        Answer::new().call("q1", "request_permissions", wanted),
        Answer::new().call("c1", "exec_command", escalated("touch one")),
        Answer::new().call("c2", "exec_command", escalated("touch two")),
        Answer::from(DENY),
        Answer::from("Done"),
    ]);
    let config = Config {
        extra: "[features]\nrequest_permissions_tool = true\n".to_owned(),
        ..Config::asking()
    };
    let home = home_with(&model, config, &hook("PermissionRequest", "ask", "")).await;
    let allowed = prints(&details(
        "PermissionRequest",
        json!({"decision": {"behavior": "allow"}}),
    ));
    let asked = home.path().join("asked-once");
    let asked = asked.display();
    let forbids = format!("if [ ! -e {asked} ]; then touch {asked}; echo no >&2; exit 2; fi");
    says(&home, "ask", &format!("{forbids}; {allowed}"));
    let (app, thread) = App::with_thread(&home).await;
    let running = app.start_turn(&thread, "Go").await;
    let request = app.server_request("item/permissions/requestApproval").await;
    let granted = json!({"network": {"enabled": true}});
    let answer = json!({"permissions": granted, "scope": "turn", "strictAutoReview": true});
    app.respond(&request, answer).await;
    let turn = app.end_of(running).await;
    let output = model.requests()[2].tool_output("c1").unwrap().to_owned();
    assert!(output.contains("Rejected(\\\"no\\\")"), "{output}");
    let reviewed = turn.all("item/autoApprovalReview/completed");
    let targets: Vec<_> = reviewed.iter().map(|params| &params["targetItemId"]).collect();
    assert_eq!(targets, ["c2"], "the hook's consent is not enough");
    assert_eq!(reviewed[0]["review"]["status"], "denied");
    assert!(!home.work().join("one").exists() && !home.work().join("two").exists());
    app.stop().await;
}
