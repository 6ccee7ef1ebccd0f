//! Rules about commands, and commands that are asked for whatever the sandbox can do (docs/contract/safety.md).

use codex_core::mock_model::{Answer, MockModel};
use serde_json::{Value, json};

use crate::support::{App, Config, Home, ServerRequest};

const REQUEST: &str = "item/commandExecution/requestApproval";

/// A model that runs these commands one after the other, as c0, c1, …, in every turn, and then says something.
fn model(turns: &[&[Value]]) -> MockModel {
    let answers = turns.iter().flat_map(|commands| {
        let calls = commands.iter().enumerate();
        calls
            .map(|(at, arguments)| Answer::new().call(&format!("c{at}"), "exec_command", arguments.clone()))
            .chain([Answer::from("Seen")])
    });
    MockModel::start(answers.collect::<Vec<_>>())
}

fn command(script: &str) -> Value {
    json!({"cmd": script})
}

fn home(model: &MockModel, approval: &str, sandbox: &str, rules: &str) -> Home {
    let config = Config {
        approval_policy: approval.into(),
        sandbox_mode: sandbox.into(),
        ..Config::default()
    };
    let home = Home::with(model, &config);
    std::fs::create_dir(home.codex().join("rules")).unwrap();
    if !rules.is_empty() {
        std::fs::write(home.codex().join("rules/user.rules"), rules).unwrap();
    }
    home
}

fn output(model: &MockModel, request: usize, call: &str) -> String {
    model.requests()[request].tool_output(call).unwrap().to_owned()
}

/// A thread in which every command is asked for that no rule allows, whatever the sandbox can do.
async fn untrusted(app: &App) -> String {
    app.start_thread(json!({"approvalPolicy": "untrusted"})).await
}

async fn question(app: &App) -> ServerRequest {
    app.server_request(REQUEST).await
}

#[tokio::test]
async fn rules_allow_ask_and_forbid() {
    let rules = r#"
prefix_rule(pattern=["touch"])
prefix_rule(pattern=["ls"], decision="prompt", justification="Look first")
prefix_rule(pattern=["date"], decision="forbidden")
prefix_rule(pattern=["whoami"], decision="forbidden", justification="No names")
"#;
    let model = model(&[&[
        command("touch a && touch b"),
        command("ls -la"),
        command("true; date -u"),
        command("echo $(whoami)"),
        json!({"cmd": "touch c > d", "sandbox_permissions": "require_escalated"}),
    ]]);
    let home = home(&model, "on-request", "read-only", rules);
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    let running = app.start_turn(&thread, "Go").await;
    let asked = question(&app).await;
    assert!(
        home.work().join("a").exists() && home.work().join("b").exists(),
        "allowed"
    );
    assert_eq!(asked.params["itemId"], "c1");
    let reason = asked.params["reason"].as_str().unwrap();
    assert!(
        reason.starts_with('`') && reason.ends_with("ls -la'` requires approval: Look first"),
        "{reason}"
    );
    assert!(asked.params["proposedExecpolicyAmendment"].is_null());
    assert_eq!(asked.params["availableDecisions"], json!(["accept", "cancel"]));
    app.respond(&asked, json!({"decision": "accept"})).await;
    let asked = question(&app).await;
    assert_eq!(
        asked.params["itemId"], "c4",
        "a script with a redirection is not what the rule allows"
    );
    app.respond(&asked, json!({"decision": "decline"})).await;
    let turn = app.end_of(running).await;
    assert_eq!(turn.status(), "completed");
    let forbidden = output(&model, 3, "c2");
    assert!(forbidden.contains("Rejected("), "{forbidden}");
    assert!(
        forbidden.contains("policy forbids commands starting with `date`"),
        "{forbidden}"
    );
    let forbidden = output(&model, 4, "c3");
    assert!(forbidden.contains("rejected: No names"), "{forbidden}");
    let statuses: Vec<_> = turn
        .items_of("commandExecution")
        .iter()
        .map(|item| item["status"].clone())
        .collect();
    assert_eq!(
        statuses,
        ["completed", "completed", "declined", "declined", "declined"]
    );
}

#[tokio::test]
async fn what_a_rule_asks_for_is_refused_where_nobody_may_be_asked() {
    let model = model(&[&[command("ls")], &[command("ls")]]);
    let home = home(
        &model,
        "never",
        "danger-full-access",
        "prefix_rule(['ls'], 'prompt')",
    );
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    app.run_turn(&thread, "Go").await;
    assert!(
        output(&model, 1, "c0").contains("approval required by policy, but AskForApproval is set to Never")
    );
    let granular = json!({"granular": {"sandbox_approval": true, "rules": false, "mcp_elicitations": true}});
    let thread = app.start_thread(json!({"approvalPolicy": granular})).await;
    app.run_turn(&thread, "Go").await;
    assert!(
        output(&model, 3, "c0")
            .contains("approval required by policy rule, but AskForApproval::Granular.rules is false")
    );
}

#[tokio::test]
async fn a_rule_that_the_user_adds_holds_at_once_everywhere_and_after_a_restart() {
    let asked = json!({"cmd": "touch first", "sandbox_permissions": "require_escalated",
        "justification": "May I?", "prefix_rule": ["touch"]});
    let model = model(&[
        &[asked, command("touch second")],
        &[command("touch third")],
        &[command("touch fourth")],
    ]);
    let home = home(&model, "on-request", "read-only", "");
    let app = App::start(&home).await;
    let other = app.start_thread(json!({})).await;
    let thread = app.start_thread(json!({})).await;
    let running = app.start_turn(&thread, "Go").await;
    let request = question(&app).await;
    assert_eq!(request.params["proposedExecpolicyAmendment"], json!(["touch"]));
    let accept = json!({"acceptWithExecpolicyAmendment": {"execpolicy_amendment": ["touch"]}});
    assert_eq!(
        request.params["availableDecisions"],
        json!(["accept", accept, "cancel"])
    );
    app.respond(&request, json!({"decision": accept})).await;
    let turn = app.end_of(running).await;
    assert_eq!(turn.frames.iter().filter(|frame| frame.is_request()).count(), 1);
    let heard = model.requests();
    let input = heard.last().unwrap().input();
    let told: Vec<_> = input
        .iter()
        .filter(|item| item["role"] == "developer" && item.to_string().contains("- [\\\"touch\\\"]"))
        .collect();
    assert_eq!(told.len(), 1, "the model is told once: {input:?}");
    let text = std::fs::read_to_string(home.codex().join("rules/default.rules")).unwrap();
    assert_eq!(text, "prefix_rule(pattern=[\"touch\"], decision=\"allow\")\n");
    let turn = app.run_turn(&other, "Go").await;
    assert!(turn.frames.iter().all(|frame| !frame.is_request()));
    app.stop().await;

    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    let turn = app.run_turn(&thread, "Go").await;
    assert!(turn.frames.iter().all(|frame| !frame.is_request()));
    for file in ["first", "second", "third", "fourth"] {
        assert!(home.work().join(file).exists(), "{file}");
    }
}

#[tokio::test]
async fn only_rules_that_say_what_they_allow_are_proposed() {
    let cases = [
        (command("touch /opt/x"), json!(["touch", "/opt/x"])),
        (command("touch a && mkdir b"), json!(["touch", "a"])),
        (command("git"), Value::Null),
        (command("bash"), Value::Null),
        (command("rm -f a"), Value::Null),
        (command("./here"), Value::Null),
        (
            json!({"cmd": "touch a", "prefix_rule": ["mkdir"]}),
            json!(["touch", "a"]),
        ),
        (
            json!({"cmd": "bash a.sh", "prefix_rule": ["bash"]}),
            json!(["bash", "a.sh"]),
        ),
        (
            json!({"cmd": "touch a > b", "login": false, "shell": "/bin/sh"}),
            json!(["/bin/sh", "-c", "touch a > b"]),
        ),
    ];
    let commands: Vec<_> = cases.iter().map(|(arguments, _)| arguments.clone()).collect();
    let model = model(&[&commands]);
    let home = home(&model, "on-request", "read-only", "");
    let app = App::start(&home).await;
    let thread = untrusted(&app).await;
    let running = app.start_turn(&thread, "Go").await;
    for (arguments, proposed) in &cases {
        let request = question(&app).await;
        let params = &request.params;
        assert_eq!(&params["proposedExecpolicyAmendment"], proposed, "{arguments}");
        let count = params["availableDecisions"].as_array().unwrap().len();
        assert_eq!(count, if proposed.is_null() { 2 } else { 3 }, "{arguments}");
        app.respond(&request, json!({"decision": "decline"})).await;
    }
    app.end_of(running).await;
}

#[tokio::test]
async fn a_rule_without_words_is_no_answer() {
    let model = model(&[&[command("touch a"), command("touch a")]]);
    let home = home(&model, "on-request", "read-only", "");
    let app = App::start(&home).await;
    let thread = untrusted(&app).await;
    let running = app.start_turn(&thread, "Go").await;
    for words in [json!([]), json!([""])] {
        let request = question(&app).await;
        let decision = json!({"acceptWithExecpolicyAmendment": {"execpolicy_amendment": words}});
        app.respond(&request, json!({"decision": decision})).await;
    }
    app.end_of(running).await;
    assert!(output(&model, 1, "c0").contains("approval request failed"));
    assert!(!home.work().join("a").exists() && !home.codex().join("rules/default.rules").exists());
}

#[tokio::test]
async fn a_rule_that_cannot_be_kept_is_told_and_holds_until_the_end() {
    let model = model(&[&[command("touch a"), command("touch a")]]);
    let home = home(&model, "on-request", "read-only", "");
    std::fs::create_dir(home.codex().join("rules/default.rules")).unwrap();
    let app = App::start(&home).await;
    let thread = untrusted(&app).await;
    let running = app.start_turn(&thread, "Go").await;
    let request = question(&app).await;
    let decision = request.params["availableDecisions"][1].clone();
    app.respond(&request, json!({"decision": decision})).await;
    let turn = app.end_of(running).await;
    assert_eq!(turn.frames.iter().filter(|frame| frame.is_request()).count(), 1);
    let warned = turn.all("warning");
    assert!(
        warned
            .iter()
            .any(|params| params.to_string().contains("default.rules")),
        "{warned:?}"
    );
}

#[tokio::test]
async fn a_broken_file_of_rules_is_told_with_its_line() {
    let model = model(&[&[command("date"), command("touch a")]]);
    let rules = "prefix_rule(['date'], 'forbidden')\nprefix_rule(['touch'])\nprefix_rule(pattern=[)\n";
    let home = home(&model, "on-request", "read-only", rules);
    let app = App::start(&home).await;
    let warning = app.wait_for("configWarning").await;
    let path = home.codex().join("rules/user.rules");
    let summary = warning["summary"].as_str().unwrap();
    assert!(summary.contains(&format!("{}:3", path.display())), "{summary}");
    assert_eq!(warning["path"], path.to_str().unwrap());
    assert_eq!(warning["range"]["start"]["line"], 3);
    let mark = app.mark();
    let thread = untrusted(&app).await;
    let running = app.start_turn(&thread, "Go").await;
    let request = question(&app).await;
    assert_eq!(
        request.params["itemId"], "c1",
        "what it forbids is not asked for, what it allows is"
    );
    assert!(
        !app.notified_since(mark).contains(&"configWarning".to_owned()),
        "told once"
    );
    app.respond(&request, json!({"decision": "decline"})).await;
    app.end_of(running).await;
    assert!(output(&model, 1, "c0").contains("policy forbids"));
}

#[tokio::test]
async fn rules_of_a_folder_hold_where_the_user_trusts_it() {
    for trusted in [true, false] {
        let model = model(&[&[command("touch a")]]);
        let home = Home::empty();
        let work = home.work();
        let trust = format!("[projects.\"{}\"]\ntrust_level = \"trusted\"\n", work.display());
        let config = Config {
            extra: if trusted { trust } else { String::new() },
            ..Config::asking()
        };
        home.configure(&model, &config);
        std::fs::create_dir_all(work.join(".codex/rules")).unwrap();
        std::fs::write(work.join(".codex/rules/a.rules"), "prefix_rule(['touch'])").unwrap();
        std::fs::write(work.join(".codex/rules/b.rules"), "what?").unwrap();
        let app = App::start(&home).await;
        let mark = app.mark();
        let thread = untrusted(&app).await;
        let running = app.start_turn(&thread, "Go").await;
        if !trusted {
            let request = question(&app).await;
            app.respond(&request, json!({"decision": "decline"})).await;
        }
        app.end_of(running).await;
        assert_eq!(work.join("a").exists(), trusted);
        assert_eq!(
            app.notified_since(mark).contains(&"configWarning".to_owned()),
            trusted
        );
    }
}

#[tokio::test]
async fn a_program_that_the_agent_may_have_written_is_not_what_a_rule_means() {
    use std::os::unix::fs::PermissionsExt;

    let model = model(&[&[command("./tool"), command("tool"), command("touch ok")]]);
    let home = home(
        &model,
        "on-request",
        "read-only",
        "prefix_rule(['tool'])\nprefix_rule(['touch'])",
    );
    let tool = home.work().join("tool");
    std::fs::write(&tool, "#!/bin/sh\ntouch ran\n").unwrap();
    std::fs::set_permissions(&tool, std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("/usr/bin:/bin:{}", home.work().display());
    let app = crate::support::Launch::new(&home).env("PATH", path).start().await;
    let thread = untrusted(&app).await;
    let running = app.start_turn(&thread, "Go").await;
    for call in ["c0", "c1"] {
        let request = question(&app).await;
        assert_eq!(request.params["itemId"], call);
        assert!(request.params["proposedExecpolicyAmendment"].is_null());
        app.respond(&request, json!({"decision": "decline"})).await;
    }
    app.end_of(running).await;
    assert!(!home.work().join("ran").exists() && home.work().join("ok").exists());
}

#[tokio::test]
async fn forced_removals_are_asked_for_in_full_access_and_refused_where_nobody_may_be_asked() {
    let script = "touch a && env rm -f a";
    let model = model(&[&[command(script)], &[command(script)], &[command(script)]]);
    let home = home(&model, "on-request", "danger-full-access", "");
    let app = App::start(&home).await;
    let granular =
        json!({"granular": {"sandbox_approval": false, "rules": false, "mcp_elicitations": false}});
    for params in [json!({}), json!({"approvalPolicy": granular})] {
        let thread = app.start_thread(params).await;
        let running = app.start_turn(&thread, "Go").await;
        let request = question(&app).await;
        assert_eq!(request.params["availableDecisions"], json!(["accept", "cancel"]));
        app.respond(&request, json!({"decision": "accept"})).await;
        let turn = app.end_of(running).await;
        assert_eq!(turn.items_of("commandExecution")[0]["exitCode"], 0);
    }
    let thread = app.start_thread(json!({"approvalPolicy": "never"})).await;
    let turn = app.run_turn(&thread, "Go").await;
    let told = output(&model, 5, "c0");
    assert!(
        told.contains("rejected: rm -f style commands are not permitted. Use a safer approach"),
        "{told}"
    );
    assert_eq!(turn.items_of("commandExecution")[0]["status"], "declined");
    assert!(!home.work().join("a").exists());
}

#[tokio::test]
async fn granular_policies_ask_what_they_are_set_to_ask() {
    let escalated = json!({"cmd": "touch a", "sandbox_permissions": "require_escalated"});
    let model = model(&[std::slice::from_ref(&escalated), std::slice::from_ref(&escalated)]);
    let home = home(&model, "on-request", "read-only", "");
    let app = App::start(&home).await;
    let granular = |asks: bool| {
        json!({"approvalPolicy": {"granular":
            {"sandbox_approval": asks, "rules": true, "mcp_elicitations": true}}})
    };
    let thread = app.start_thread(granular(false)).await;
    app.run_turn(&thread, "Go").await;
    let told = output(&model, 1, "c0");
    assert!(
        told.contains("AskForApproval::Granular.sandbox_approval is false"),
        "{told}"
    );
    let thread = app.start_thread(granular(true)).await;
    let running = app.start_turn(&thread, "Go").await;
    let request = question(&app).await;
    app.respond(&request, json!({"decision": "accept"})).await;
    app.end_of(running).await;
    assert!(home.work().join("a").exists());
}
