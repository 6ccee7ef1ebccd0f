//! What administrators demand (docs/contract/configuration.md#requirements).

use std::fs;

use codex_core::mock_model::MockModel;
use serde_json::{Value, json};

use crate::support::{App, Config, Home, Launch};

async fn start(home: &Home, requirements: &str) -> App {
    let folder = home.path().join("etc");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("requirements.toml"), requirements).unwrap();
    Launch::new(home)
        .env("CODEX_TEST_SYSTEM_FOLDER", folder)
        .start()
        .await
}

const NARROW: &str = "allowed_approval_policies = [\"on-request\"]\n\
    allowed_sandbox_modes = [\"read-only\", \"workspace-write\"]\n\
    allowed_web_search_modes = [\"cached\"]\n[features]\nmemories = false\n";

#[tokio::test]
async fn without_requirements_there_is_nothing_to_read() {
    let home = Home::empty();
    let app = App::start(&home).await;
    assert_eq!(
        app.call("configRequirements/read", Value::Null).await,
        json!({"supportsIndependentSpeedModes": true, "requirements": null})
    );
}

#[tokio::test]
async fn a_file_that_demands_nothing_is_no_demand_and_unknown_features_in_it_are_told() {
    let home = Home::empty();
    for (requirements, unknown) in [
        ("", None),
        ("[features]\n", None),
        ("zz = 1\n", Some("demand nothing: `zz`")),
        (
            "zz = 1\n[features]\nmemories = false\nqq = true\n",
            Some("demand nothing: `zz`, `features.qq`"),
        ),
    ] {
        let app = start(&home, requirements).await;
        if let Some(unknown) = unknown {
            let warning = app.wait_for("configWarning").await["summary"].clone();
            assert!(warning.as_str().unwrap().contains(unknown), "{warning}");
        }
        let read = app.call("configRequirements/read", Value::Null).await;
        assert_eq!(
            read["requirements"].is_null(),
            !requirements.contains("memories"),
            "{read}"
        );
        app.stop().await;
    }
}

#[tokio::test]
async fn what_is_configured_falls_back_to_what_is_allowed_and_that_is_told() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let app = start(&home, NARROW).await;
    let file = home.path().join("etc/requirements.toml");
    let warning = app.wait_for("configWarning").await["summary"].clone();
    assert_eq!(
        warning,
        format!(
            "Configured value for `approval_policy` is disallowed by requirements; falling back to required value \
             `on-request`. Details: invalid value for `approval_policy`: `never` is not in the allowed set [on-request] \
             (set by `allowed_approval_policies` in {})",
            file.display()
        )
    );
    let started = app.call("thread/start", json!({})).await;
    assert_eq!(started["approvalPolicy"], "on-request");
    assert_eq!(started["sandbox"]["type"], "readOnly");
    assert_eq!(app.wait_for("warning").await["message"], warning);
    // A client's choice is no better.
    let started = app
        .call(
            "thread/start",
            json!({"sandbox": "danger-full-access", "approvalPolicy": "never"}),
        )
        .await;
    assert_eq!(
        (&started["approvalPolicy"], &started["sandbox"]["type"]),
        (&json!("on-request"), &json!("readOnly"))
    );
    let read = app.call("configRequirements/read", Value::Null).await["requirements"].clone();
    assert_eq!(read.as_object().unwrap().len(), 34);
    assert_eq!(read["allowedApprovalPolicies"], json!(["on-request"]));
    assert_eq!(
        read["allowedSandboxModes"],
        json!(["read-only", "workspace-write"])
    );
    assert_eq!(read["allowedWebSearchModes"], json!(["cached", "disabled"]));
    assert_eq!(read["featureRequirements"], json!({"memories": false}));
    assert_eq!(read["allowedLoginMethods"], json!(["api", "chatgpt"]));
    let profiles = app.call("permissionProfile/list", json!({})).await;
    let allowed: Vec<_> = profiles["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["allowed"].clone())
        .collect();
    assert_eq!(allowed, [true, true, false]);
}

#[tokio::test]
async fn changes_that_are_not_allowed_are_refused_wherever_they_enter() {
    let model = MockModel::start("ok");
    let home = Home::with(&model, &Config::asking());
    let app = start(&home, NARROW).await;
    let thread = app.start_thread(json!({})).await;
    let file = home.path().join("etc/requirements.toml").display().to_string();
    let input = json!([{"type": "text", "text": "Hi"}]);
    for (key, value, name) in [
        ("approvalPolicy", json!("never"), "approval_policy"),
        (
            "sandboxPolicy",
            json!({"type": "dangerFullAccess"}),
            "sandbox_mode",
        ),
        ("permissions", json!(":danger-full-access"), "sandbox_mode"),
    ] {
        for method in ["thread/settings/update", "turn/start"] {
            let mut params = json!({"threadId": thread, key: value});
            if method == "turn/start" {
                params["input"] = input.clone();
            }
            let error = app.call_err(method, params).await;
            let start = format!("invalid thread settings override: invalid value for `{name}`: ");
            assert!(error.message.starts_with(&start), "{}", error.message);
            assert!(
                error.message.ends_with(&format!(" in {file})")),
                "{}",
                error.message
            );
        }
    }
    assert_eq!(app.run_turn(&thread, "Hi").await.status(), "completed");
    let write = json!({"keyPath": "features.memories", "value": true, "mergeStrategy": "replace"});
    let error = app.call_err("config/value/write", write).await;
    assert_eq!(
        error.message,
        format!(
            "Invalid configuration: invalid value for `features`: `features.memories=true` is not in the allowed set \
             [memories=false] (set by `features` in {file})"
        )
    );
    app.call(
        "experimentalFeature/enablement/set",
        json!({"enablement": {"memories": true}}),
    )
    .await;
    assert_eq!(
        app.call("config/read", json!({})).await["config"]["features"]["memories"],
        false
    );
}

/// Another file than [`NARROW`]: what holds whatever is configured.
const SET: &str = "model_provider = \"corp\"\nsqlite_home = \"db\"\nallow_login_shell = false\n\
    [feedback]\nenabled = false\n[model_providers.corp]\nname = \"Corp\"\nbase_url = \"http://127.0.0.1:9/v1\"\n\
    [otel]\nenvironment = \"corp\"\n";

#[tokio::test]
async fn what_an_administrator_sets_holds_and_can_not_be_written() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let app = start(&home, SET).await;
    let file = home.path().join("etc/requirements.toml").display().to_string();
    let warning = app.wait_for("configWarning").await["summary"].clone();
    assert_eq!(
        warning,
        format!(
            "Configured value for `model_provider` is overridden by the required value \"corp\" (set by `model_provider` in \
             {file})"
        )
    );
    let read = app.call("config/read", json!({})).await;
    for (key, value) in [
        ("/model_provider", json!("corp")),
        ("/sqlite_home", json!(home.path().join("etc/db"))),
        ("/allow_login_shell", json!(false)),
        ("/feedback/enabled", json!(false)),
        ("/otel/environment", json!("corp")),
    ] {
        assert_eq!(read["config"].pointer(key), Some(&value), "{key}");
    }
    assert!(
        read["origins"].get("model_provider").is_none(),
        "no layer has set it"
    );
    let text = fs::read_to_string(home.codex().join("config.toml")).unwrap();
    for (key, value, refused) in [
        ("model_provider", json!("mock"), "model_provider"),
        ("model_provider", Value::Null, "model_provider"),
        ("feedback.enabled", json!(true), "feedback.enabled"),
        ("otel", json!({"exporter": "none"}), "otel.environment"),
        (
            "model_providers.corp.base_url",
            json!("http://x"),
            "model_providers.corp",
        ),
    ] {
        let write = json!({"keyPath": key, "value": value, "mergeStrategy": "replace"});
        let error = app.call_err("config/value/write", write).await;
        assert_eq!(
            error.message,
            format!(
                "`{refused}` is managed by requirements and cannot be changed (set by `{refused}` in {file})"
            )
        );
        assert_eq!(error.data["config_write_error_code"], "configRequirementReadonly");
    }
    assert_eq!(
        fs::read_to_string(home.codex().join("config.toml")).unwrap(),
        text
    );
    let write = json!({"keyPath": "otel.log_user_prompt", "value": false, "mergeStrategy": "replace"});
    app.call("config/value/write", write).await;
    let launch = Launch::new(&home).args(&["config", "explain", "model_provider"]);
    let launch = launch.env("CODEX_TEST_SYSTEM_FOLDER", home.path().join("etc"));
    let explained = launch.into_command().output().await.unwrap();
    let explained = String::from_utf8(explained.stdout).unwrap();
    assert!(
        explained.starts_with("model_provider = \"corp\"\n"),
        "{explained}"
    );
    assert!(
        explained.contains(&format!("  requirements, {file}:1 = \"corp\"\n")),
        "{explained}"
    );
    assert!(explained.contains("= \"mock\"  (overridden)\n"), "{explained}");
}

#[tokio::test]
async fn a_client_runs_no_command_outside_of_what_is_allowed() {
    let model = MockModel::start("ok");
    let home = Home::with(&model, &Config::asking());
    let app = start(&home, NARROW).await;
    let file = home.path().join("etc/requirements.toml").display().to_string();
    for (key, value, what) in [
        (
            "sandboxPolicy",
            json!({"type": "dangerFullAccess"}),
            "sandbox policy",
        ),
        (
            "sandboxPolicy",
            json!({"type": "externalSandbox"}),
            "sandbox policy",
        ),
        (
            "permissionProfile",
            json!(":danger-full-access"),
            "permission profile",
        ),
    ] {
        let params = json!({"command": ["touch", "done"], "cwd": home.work(), key: value});
        let error = app.call_err("command/exec", params).await;
        assert_eq!(
            error.message,
            format!(
                "invalid {what}: invalid value for `sandbox_mode`: `danger-full-access` is not in the allowed set \
                 [read-only, workspace-write] (set by `allowed_sandbox_modes` in {file})"
            )
        );
    }
    assert!(!home.work().join("done").exists());
    let params = json!({"command": ["true"], "sandboxPolicy": {"type": "readOnly"}});
    assert_eq!(app.call("command/exec", params).await["exitCode"], 0);
}

#[tokio::test]
async fn profiles_of_an_administrator_are_there_beside_the_users() {
    let model = MockModel::start("ok");
    let home = Home::with(&model, &Config::asking());
    let requirements = "default_permissions = \"corp\"\n[allowed_permission_profiles]\ncorp = true\n\":read-only\" = true\n\
                        [permissions.corp]\ndescription = \"Ours\"\n[permissions.corp.filesystem]\n\":root\" = \"read\"\n";
    let app = start(&home, requirements).await;
    let listed = app.call("permissionProfile/list", json!({})).await;
    let corp = listed["data"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(
        corp,
        json!({"id": "corp", "description": "Ours", "allowed": true})
    );
    let params = json!({"permissions": ":workspace"});
    let started = app.call("thread/start", params).await;
    assert_eq!(started["activePermissionProfile"]["id"], "corp");
    assert_eq!(started["sandbox"]["type"], "readOnly");
    let read = app.call("config/read", json!({})).await;
    assert_eq!(read["config"]["permissions"], Value::Null);
}

#[tokio::test]
async fn who_is_never_asked_may_not_choose_a_sandbox_that_is_not_allowed() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let app = start(
        &home,
        "allowed_sandbox_modes = [\"read-only\", \"workspace-write\"]\n",
    )
    .await;
    let error = app.call_err("thread/start", json!({})).await;
    let file = home.path().join("etc/requirements.toml").display().to_string();
    for part in [
        "approval_policy",
        "`danger-full-access`",
        "`allowed_sandbox_modes`",
        &file,
    ] {
        assert!(error.message.contains(part), "{part} in {}", error.message);
    }
    let write = json!({"keyPath": "sandbox_mode", "value": "workspace-write", "mergeStrategy": "replace"});
    app.call("config/value/write", write).await;
    let started = app.call("thread/start", json!({})).await;
    assert_eq!(started["approvalPolicy"], "never");
    assert_eq!(started["sandbox"]["type"], "workspaceWrite");
}

#[tokio::test]
async fn a_thread_that_comes_back_comes_back_within_what_is_allowed() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    app.run_turn(&thread, "Hi").await;
    app.stop().await;
    let app = start(&home, NARROW).await;
    let resumed = app.call("thread/resume", json!({"threadId": thread})).await;
    assert_eq!(
        (&resumed["approvalPolicy"], &resumed["sandbox"]["type"]),
        (&json!("on-request"), &json!("readOnly"))
    );
}

#[tokio::test]
async fn a_file_that_cannot_be_understood_lets_nobody_do_what_it_may_forbid() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let app = start(&home, "allowed_approval_policies = [\"huh\"]\n").await;
    let error = app.call_err("thread/start", json!({})).await;
    assert!(
        error
            .message
            .contains("requirements.toml:1:30: unknown variant `huh`"),
        "{}",
        error.message
    );
    let error = app.call_err("configRequirements/read", Value::Null).await;
    assert_eq!(error.code, -32603);
}

#[tokio::test]
async fn what_managed_config_says_is_a_requirement() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let folder = home.path().join("etc");
    fs::create_dir_all(&folder).unwrap();
    fs::write(
        folder.join("managed_config.toml"),
        "approval_policy = \"on-request\"\nsandbox_mode = \"read-only\"\n",
    )
    .unwrap();
    let app = Launch::new(&home)
        .env("CODEX_TEST_SYSTEM_FOLDER", folder)
        .start()
        .await;
    let started = app
        .call(
            "thread/start",
            json!({"approvalPolicy": "never", "sandbox": "workspace-write"}),
        )
        .await;
    assert_eq!(
        (&started["approvalPolicy"], &started["sandbox"]["type"]),
        (&json!("on-request"), &json!("readOnly"))
    );
    let read = app.call("configRequirements/read", Value::Null).await["requirements"].clone();
    assert_eq!(read["allowedApprovalPolicies"], json!(["on-request"]));
    assert_eq!(read["allowedSandboxModes"], json!(["read-only"]));
}
