//! What administrators demand of commands (docs/contract/configuration.md#requirements, docs/contract/safety.md#rules).

use std::fs;

use codex_core::mock_model::{Answer, MockModel};
use serde_json::{Value, json};

use crate::support::{App, Config, Home, Launch};

const REQUEST: &str = "item/commandExecution/requestApproval";

/// A model that runs these scripts one after the other, as c0, c1, …, and then says something.
fn model(scripts: &[&str]) -> MockModel {
    let calls = scripts.iter().enumerate();
    let calls = calls
        .map(|(at, script)| Answer::new().call(&format!("c{at}"), "exec_command", json!({"cmd": script})));
    MockModel::start(calls.chain([Answer::from("Seen")]).collect::<Vec<_>>())
}

fn output(model: &MockModel, call: usize) -> String {
    let requests = model.requests();
    let output = requests[call + 1].tool_output(&format!("c{call}"));
    output.unwrap().to_owned()
}

/// A home whose user allows `touch` and `date`.
fn home(model: &MockModel, config: &Config) -> Home {
    let home = Home::with(model, config);
    fs::create_dir(home.codex().join("rules")).unwrap();
    let allowed = "prefix_rule(['touch'])\nprefix_rule(['date', '-u'])\n";
    fs::write(home.codex().join("rules/user.rules"), allowed).unwrap();
    home
}

async fn start(home: &Home, files: &[(&str, &str)]) -> App {
    let folder = home.path().join("etc");
    fs::create_dir_all(folder.join("rules")).unwrap();
    for (name, text) in files {
        fs::write(folder.join(name), text).unwrap();
    }
    let launch = Launch::new(home).env("CODEX_TEST_SYSTEM_FOLDER", folder);
    launch.start().await
}

const REQUIREMENTS: &str = r#"
[rules]
prefix_rules = [
    { pattern = [{ token = "touch" }], decision = "forbidden", justification = "No traces" },
    { pattern = [{ any_of = ["date", "cal"] }], decision = "prompt" },
    { pattern = [{ token = "whoami" }], decision = "forbidden" },
]
"#;

#[tokio::test]
async fn what_is_demanded_of_commands_holds_over_what_the_user_allows() {
    let model = model(&["touch a", "ls && /usr/bin/touch a", "whoami", "date -u"]);
    let config = Config {
        approval_policy: "on-request".into(),
        sandbox_mode: "danger-full-access".into(),
        ..Config::default()
    };
    let home = home(&model, &config);
    let app = start(&home, &[("requirements.toml", REQUIREMENTS)]).await;
    let file = home.path().join("etc/requirements.toml");
    let by = format!(" (demanded by {})", file.display());
    let thread = app.start_thread(json!({})).await;
    let running = app.start_turn(&thread, "Go").await;
    let asked = app.server_request(REQUEST).await;
    assert_eq!(asked.params["itemId"], "c3");
    let reason = asked.params["reason"].as_str().unwrap();
    assert!(
        reason.ends_with(&format!("requires approval by policy{by}")),
        "{reason}"
    );
    app.respond(&asked, json!({"decision": "accept"})).await;
    app.end_of(running).await;
    for (call, why) in [
        (0, "rejected: No traces"),
        (1, "rejected: No traces"),
        (2, "policy forbids commands starting with `whoami`"),
    ] {
        let told = output(&model, call);
        assert!(told.contains(&format!("{why}{by}")), "{told}");
    }
    assert!(!home.work().join("a").exists());
    assert!(output(&model, 3).contains("exited with code 0"));
    app.stop().await;
}

#[tokio::test]
async fn rules_beside_the_administrators_configuration_hold_for_everybody() {
    let model = model(&["touch a", "mkdir b", "date -u"]);
    let config = Config {
        approval_policy: "never".into(),
        sandbox_mode: "read-only".into(),
        ..Config::default()
    };
    let home = home(&model, &config);
    let rules = "prefix_rule(['touch'], 'forbidden', 'No traces')\nprefix_rule(['mkdir'])\n";
    let broken = "prefix_rule(['date'], 'forbidden')\nwhat?\n";
    let files = [("rules/a.rules", rules), ("rules/b.rules", broken)];
    let app = start(&home, &files).await;
    let warning = app.wait_for("configWarning").await;
    let path = |name: &str| home.path().join("etc/rules").join(name).display().to_string();
    assert_eq!(warning["path"], path("b.rules"));
    let thread = app.start_thread(json!({})).await;
    app.run_turn(&thread, "Go").await;
    let told = output(&model, 0);
    let why = format!("rejected: No traces (demanded by {})", path("a.rules"));
    assert!(told.contains(&why), "{told}");
    assert!(
        home.work().join("b").exists(),
        "allowed, so outside of the sandbox"
    );
    let told = output(&model, 2);
    assert!(
        told.contains(&path("b.rules")),
        "what stands before the mistake: {told}"
    );
    app.stop().await;
}

#[tokio::test]
async fn what_only_the_user_may_allow_is_asked_of_no_reviewer() {
    let model = model(&["date -u"]);
    let config = Config {
        approval_policy: "on-request".into(),
        sandbox_mode: "read-only".into(),
        top: "approvals_reviewer = \"auto_review\"".to_owned(),
        ..Config::default()
    };
    let home = home(&model, &config);
    let rules = "[[rules.prefix_rules]]\npattern = [{ token = \"date\" }]\ndecision = \"prompt-user\"\n";
    let app = start(&home, &[("requirements.toml", rules)]).await;
    let thread = app.start_thread(json!({})).await;
    let running = app.start_turn(&thread, "Go").await;
    let asked = app.server_request(REQUEST).await;
    app.respond(&asked, json!({"decision": "accept"})).await;
    app.end_of(running).await;
    assert_eq!(model.requests().len(), 2, "nobody else was asked");
    assert!(output(&model, 0).contains("exited with code 0"));
    app.stop().await;
}

#[tokio::test]
async fn demands_that_cannot_be_understood_are_an_error() {
    let touch = "{ token = \"touch\" }";
    let cases = [
        (String::new(), "must not be empty"),
        (
            format!("{{ pattern = [{touch}], decision = \"allow\" }}"),
            "`allow` can't be demanded",
        ),
        (
            format!("{{ pattern = [{touch}], decision = \"deny\" }}"),
            "unknown variant `deny`",
        ),
        (format!("{{ pattern = [{touch}] }}"), "`decision` is missing"),
        (
            "{ pattern = [], decision = \"forbidden\" }".to_owned(),
            "`pattern` must not be empty",
        ),
        (
            "{ decision = \"forbidden\" }".to_owned(),
            "missing field `pattern`",
        ),
        (
            "{ pattern = [\"touch\"], decision = \"forbidden\" }".to_owned(),
            "invalid type",
        ),
        (
            "{ pattern = [{}], decision = \"forbidden\" }".to_owned(),
            "`token` or `any_of` is missing",
        ),
        (
            "{ pattern = [{ any_of = [\"\"] }], decision = \"prompt\" }".to_owned(),
            "a word must not be empty",
        ),
        (
            "{ pattern = [{ token = \"a\", any_of = [\"b\"] }], decision = \"prompt\" }".to_owned(),
            "not both",
        ),
        (
            format!("{{ pattern = [{touch}], decision = \"prompt\", justification = \" \" }}"),
            "say something",
        ),
    ];
    for (rule, part) in cases {
        let model = MockModel::start("ok");
        let home = home(&model, &Config::default());
        let text = format!("[rules]\nprefix_rules = [{rule}]\n");
        let app = start(&home, &[("requirements.toml", &text)]).await;
        let error = app.call_err("thread/start", json!({})).await;
        assert!(error.message.contains(part), "{rule}: {}", error.message);
        let error = app.call_err("configRequirements/read", Value::Null).await;
        assert_eq!(error.code, -32603);
        app.stop().await;
    }
}
