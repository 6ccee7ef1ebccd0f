//! Permission profiles of the user's own (docs/contract/safety.md#permission-profiles).

use codex_core::mock_model::{Answer, MockModel};
use serde_json::{Value, json};

use crate::support::{App, Config, Home};

/// A home whose profile `mine` lets the agent write in the workspace and in `data`, but not in `docs`, and not read
/// `keys`.
fn home(model: &MockModel) -> Home {
    let home = Home::empty();
    for folder in ["data", "elsewhere", "work/docs", "work/keys"] {
        std::fs::create_dir_all(home.path().join(folder)).unwrap();
    }
    std::fs::write(home.work().join("keys/secret"), "hunter2\n").unwrap();
    std::fs::write(home.work().join("docs/page"), "old\n").unwrap();
    write_profile(&home, model, "none");
    home
}

fn write_profile(home: &Home, model: &MockModel, keys: &str) {
    let data = home.path().join("data");
    let extra = format!(
        "[permissions.mine]\nextends = \":workspace\"\n[permissions.mine.filesystem]\n\"{}\" = \"write\"\n\
         \":project_roots\" = {{ \".\" = \"write\", docs = \"read\", keys = \"{keys}\" }}\n\
         \":slash_tmp\" = \"read\"\n\":tmpdir\" = \"read\"\n",
        data.display()
    );
    let config = Config {
        top: "default_permissions = \"mine\"".into(),
        extra,
        ..Config::default()
    };
    home.configure(model, &config);
}

fn patch(name: &str) -> String {
    format!("*** Begin Patch\n*** Add File: {name}\n+new\n*** End Patch\n")
}

fn exec(script: &str) -> Value {
    json!({"cmd": script, "login": false})
}

#[tokio::test]
async fn a_profile_that_does_not_let_everything_be_read_names_what_can() {
    let look = "cat ../elsewhere/secret; cat ../data/given && cat docs/page && echo x > made && ls / > /dev/null; \
                ls ../elsewhere; cat /etc/passwd > /dev/null && echo fine";
    let model = MockModel::start([
        Answer::new().call("c1", "exec_command", exec(look)).call(
            "v1",
            "view_image",
            json!({"path": "../elsewhere/secret"}),
        ),
        Answer::from("Done"),
    ]);
    let home = home(&model);
    std::fs::write(home.path().join("elsewhere/secret"), "hunter2\n").unwrap();
    std::fs::write(home.path().join("data/given"), "given\n").unwrap();
    let extra = format!(
        "[permissions.mine.filesystem]\n\":minimal\" = \"read\"\n{:?} = \"read\"\n\":workspace_roots\" = \"write\"\n",
        home.path().join("data")
    );
    let config = Config {
        top: "default_permissions = \"mine\"".into(),
        extra,
        ..Config::default()
    };
    home.configure(&model, &config);
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    app.run_turn(&thread, "Work").await;
    app.stop().await;
    let requests = model.requests();
    let told = requests[1].tool_output("c1").unwrap();
    assert!(!told.contains("hunter2"), "{told}");
    for text in ["given", "old", "fine", "Permission denied"] {
        assert!(told.contains(text), "{text}: {told}");
    }
    assert!(home.work().join("made").exists());
    assert!(
        requests[1]
            .tool_output("v1")
            .unwrap()
            .contains("permission denied")
    );
    let context = requests[0].body["input"].to_string();
    assert!(context.contains("<special>:minimal</special>") && !context.contains("<special>:root</special>"));
}

#[tokio::test]
async fn commands_patches_and_images_keep_to_the_profile() {
    let model = MockModel::start([
        Answer::new()
            .call(
                "c1",
                "exec_command",
                exec("cat keys/secret; echo x > docs/page; echo x > ../elsewhere/a; echo ok"),
            )
            .call(
                "c2",
                "exec_command",
                exec("echo x > made && echo x > ../data/made && cat docs/page && echo fine"),
            )
            .custom_call("p1", "apply_patch", &patch("docs/new"))
            .custom_call("p2", "apply_patch", &patch("keys/new"))
            .custom_call("p3", "apply_patch", &patch("../elsewhere/new"))
            .custom_call("p4", "apply_patch", &patch("../data/new"))
            .call("v1", "view_image", json!({"path": "keys/secret"}))
            .call("v2", "view_image", json!({"path": "docs/page"})),
        Answer::from("Done"),
    ]);
    let home = home(&model);
    let app = App::start(&home).await;
    let started = app.call("thread/start", json!({"permissions": "mine"})).await;
    assert_eq!(
        started["activePermissionProfile"],
        json!({"id": "mine", "extends": ":workspace"})
    );
    assert_eq!(started["sandbox"]["type"], "workspaceWrite");
    let thread = started["thread"]["id"].as_str().unwrap().to_owned();
    let turn = app.run_turn(&thread, "Work").await;
    assert_eq!(turn.status(), "completed");
    app.stop().await;
    let requests = model.requests();
    let told = |call: &str| requests[1].tool_output(call).unwrap().to_owned();
    let denied = told("c1");
    assert!(!denied.contains("hunter2") && denied.contains("ok"), "{denied}");
    let allowed = told("c2");
    assert!(allowed.contains("old") && allowed.contains("fine"), "{allowed}");
    for (call, why) in [
        ("p1", "rejected by user approval settings"),
        ("p2", "the permission profile denies access"),
        ("p3", "rejected by user approval settings"),
        ("v1", "permission denied"),
        ("v2", "unable to view image"),
    ] {
        assert!(told(call).contains(why), "{call}: {}", told(call));
    }
    assert!(told("p4").contains("Success"), "{}", told("p4"));
    assert_eq!(
        std::fs::read_to_string(home.work().join("docs/page")).unwrap(),
        "old\n"
    );
    for (path, is_there) in [
        ("work/made", true),
        ("data/made", true),
        ("data/new", true),
        ("elsewhere/a", false),
        ("elsewhere/new", false),
        ("work/docs/new", false),
        ("work/keys/new", false),
    ] {
        assert_eq!(home.path().join(path).exists(), is_there, "{path}");
    }
    let context = requests[0].body["input"].to_string();
    let keys = home.work().join("keys");
    assert!(
        context.contains(&format!(
            "<entry access=\\\"deny\\\" escalatable=\\\"false\\\"><path>{}</path>",
            keys.display()
        )),
        "{context}"
    );
}

#[tokio::test]
async fn profiles_without_a_default_are_refused_only_where_nothing_says_what_holds() {
    let model = MockModel::start("ok");
    for (top, refused) in [("", true), ("sandbox_mode = \"read-only\"", false)] {
        let home = home_of(&model, top, "trusted");
        let file = home.codex().join("config.toml");
        let text = std::fs::read_to_string(&file).unwrap();
        std::fs::write(file, text + "[permissions.mine]\nextends = \":workspace\"\n").unwrap();
        let app = App::start(&home).await;
        for (choice, expected) in [
            (json!({"permissions": "mine"}), (Some("mine"), "workspaceWrite")),
            (
                json!({"permissions": ":read-only"}),
                (Some(":read-only"), "readOnly"),
            ),
            (
                json!({"sandbox": "danger-full-access"}),
                (None, "dangerFullAccess"),
            ),
        ] {
            let started = app.call("thread/start", choice.clone()).await;
            assert_eq!(chosen(&started), expected, "{choice}");
        }
        if refused {
            let error = app.call_err("thread/start", json!({})).await;
            assert!(error.message.contains("default_permissions"), "{}", error.message);
        } else {
            let started = app.call("thread/start", json!({})).await;
            assert_eq!(chosen(&started), (None, "readOnly"));
        }
        app.stop().await;
    }
}

#[tokio::test]
async fn a_resumed_thread_keeps_to_what_the_profile_says_now() {
    let look = || Answer::new().call("c1", "exec_command", exec("cat keys/secret; echo end"));
    let model = MockModel::start([look(), Answer::from("1"), look(), Answer::from("2")]);
    let home = home(&model);
    write_profile(&home, &model, "read");
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({"permissions": "mine"})).await;
    app.run_turn(&thread, "Look").await;
    app.stop().await;
    write_profile(&home, &model, "none");
    let app = App::start(&home).await;
    app.call("thread/resume", json!({"threadId": thread})).await;
    app.run_turn(&thread, "Look").await;
    app.stop().await;
    let requests = model.requests();
    let text = |request: usize| requests[request].tool_output("c1").unwrap().to_owned();
    assert!(text(1).contains("hunter2"), "{}", text(1));
    let later = requests[3].body["input"].as_array().unwrap().iter().rev();
    let later = later
        .clone()
        .find(|item| item["type"] == "function_call_output")
        .unwrap();
    let later = later["output"].to_string();
    assert!(later.contains("end") && !later.contains("hunter2"), "{later}");

    let gone = Config::default();
    home.configure(&model, &gone);
    let app = App::start(&home).await;
    let error = app.call_err("thread/resume", json!({"threadId": thread})).await;
    assert!(error.message.contains("unknown profile `mine`"), "{error:?}");
    app.call(
        "thread/resume",
        json!({"threadId": thread, "sandbox": "read-only"}),
    )
    .await;
    app.stop().await;
}

#[tokio::test]
async fn command_exec_takes_a_profile_by_name() {
    let model = MockModel::start(["unused"]);
    let home = home(&model);
    let app = App::start(&home).await;
    let script = "cat keys/secret; echo x > docs/page; echo x > made; echo end";
    let params = json!({"command": ["sh", "-c", script], "permissionProfile": "mine", "cwd": home.work()});
    let done = app.call("command/exec", params).await;
    assert_eq!(done["stdout"], "end\n", "{done}");
    assert!(home.work().join("made").exists());
    let params = json!({"command": ["true"], "permissionProfile": "other"});
    let error = app.call_err("command/exec", params).await;
    assert!(error.message.contains("unknown profile `other`"), "{error:?}");
    app.stop().await;
}

#[tokio::test]
async fn profiles_are_listed_page_by_page_the_built_in_ones_first() {
    let home = Home::empty();
    home.write_config(
        "default_permissions = \"mine\"\n[permissions.mine]\ndescription = \"d\"\nextends = \":workspace\"\n",
    );
    let app = App::start(&home).await;
    let profile =
        |id: &str, description: Option<&str>| json!({"id": id, "description": description, "allowed": true});
    let all = app.call("permissionProfile/list", json!({"cwd": "."})).await;
    let names = [":read-only", ":workspace", ":danger-full-access"];
    let mut expected: Vec<_> = names.into_iter().map(|id| profile(id, None)).collect();
    expected.push(profile("mine", Some("d")));
    assert_eq!(all, json!({"data": expected, "nextCursor": null}));
    let page = app
        .call("permissionProfile/list", json!({"limit": 2, "cursor": "1"}))
        .await;
    assert_eq!(page, json!({"data": expected[1..3], "nextCursor": "3"}));
    for (cursor, message) in [
        ("99", "cursor 99 exceeds total permission profiles 4"),
        ("zz", "invalid cursor: zz"),
    ] {
        let error = app
            .call_err("permissionProfile/list", json!({"cursor": cursor}))
            .await;
        assert_eq!((error.code, error.message.as_str()), (-32600, message));
    }
}

/// A home with these lines on top, and a project at `work` of which the user says this.
fn home_of(model: &MockModel, top: &str, trust: &str) -> Home {
    let home = Home::empty();
    std::fs::create_dir_all(home.work().join(".git")).unwrap();
    let config = Config {
        sandbox_mode: String::new(),
        top: top.into(),
        extra: format!(
            "[projects.{:?}]\ntrust_level = \"{trust}\"\n",
            home.work().to_str().unwrap()
        ),
        ..Config::default()
    };
    home.configure(model, &config);
    let file = home.codex().join("config.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(file, text.replace("sandbox_mode = \"\"\n", "")).unwrap();
    home
}

/// The profile and the sandbox that an answer tells.
fn chosen(answer: &Value) -> (Option<&str>, &str) {
    (
        answer["activePermissionProfile"]["id"].as_str(),
        answer["sandbox"]["type"].as_str().unwrap(),
    )
}

#[tokio::test]
async fn the_highest_layer_chooses_between_mode_and_profile_and_in_one_layer_the_profile_counts() {
    let model = MockModel::start("ok");
    for (top, config, expected) in [
        (
            "sandbox_mode = \"read-only\"\ndefault_permissions = \":workspace\"",
            json!({}),
            (Some(":workspace"), "workspaceWrite"),
        ),
        (
            "sandbox_mode = \"read-only\"",
            json!({"default_permissions": ":workspace"}),
            (Some(":workspace"), "workspaceWrite"),
        ),
        (
            "default_permissions = \":workspace\"",
            json!({"sandbox_mode": "read-only"}),
            (None, "readOnly"),
        ),
        (
            "sandbox_mode = \"danger-full-access\"",
            json!({"sandbox_mode": "workspace-write", "default_permissions": ":read-only"}),
            (Some(":read-only"), "readOnly"),
        ),
    ] {
        let home = home_of(&model, top, "untrusted");
        let app = App::start(&home).await;
        let started = app.call("thread/start", json!({"config": config})).await;
        assert_eq!(chosen(&started), expected, "{top} {config}");
        let read = app.call("config/read", json!({})).await;
        for key in ["sandbox_mode", "default_permissions"] {
            assert_eq!(read["config"][key].is_string(), top.contains(key), "{read}");
        }
        app.stop().await;
    }
}

#[tokio::test]
async fn a_thread_with_the_sandbox_of_the_default_profile_is_told_that_when_it_is_opened_again() {
    let model = MockModel::start("ok");
    for (top, profile) in [
        ("", Some(":workspace")),
        // The thread's own sandbox stays where the default is another one.
        ("default_permissions = \":read-only\"", None),
        ("sandbox_mode = \"danger-full-access\"", None),
    ] {
        let home = home_of(&model, top, "trusted");
        let app = App::start(&home).await;
        let params = json!({"cwd": home.work(), "sandbox": "workspace-write"});
        let started = app.call("thread/start", params).await;
        assert_eq!(chosen(&started), (None, "workspaceWrite"));
        let thread = started["thread"]["id"].as_str().unwrap().to_owned();
        app.run_turn(&thread, "Hi").await;
        let forked = app.call("thread/fork", json!({"threadId": thread})).await;
        assert_eq!(chosen(&forked), (profile, "workspaceWrite"), "{top}");
        app.stop().await;
        let app = App::start(&home).await;
        let resumed = app.call("thread/resume", json!({"threadId": thread})).await;
        assert_eq!(chosen(&resumed), (profile, "workspaceWrite"), "{top}");
        app.stop().await;
    }
}

#[tokio::test]
async fn what_the_configuration_of_a_resume_or_fork_says_comes_before_what_was_saved() {
    let model = MockModel::start("ok");
    let home = home_of(&model, "", "trusted");
    let app = App::start(&home).await;
    let params = json!({"cwd": home.work(), "permissions": ":read-only", "approvalPolicy": "never", "model": "gpt-5.5"});
    let started = app.call("thread/start", params).await;
    let thread = started["thread"]["id"].as_str().unwrap().to_owned();
    app.run_turn(&thread, "Hi").await;
    app.stop().await;
    for method in ["thread/fork", "thread/resume"] {
        for (config, expected) in [
            (json!({}), (Some(":read-only"), "readOnly")),
            (
                json!({"default_permissions": ":workspace"}),
                (Some(":workspace"), "workspaceWrite"),
            ),
            (
                json!({"sandbox_mode": "workspace-write"}),
                (None, "workspaceWrite"),
            ),
        ] {
            let app = App::start(&home).await;
            let again = app
                .call(method, json!({"threadId": thread, "config": config}))
                .await;
            assert_eq!(chosen(&again), expected, "{method} {config}");
            assert_eq!(again["approvalPolicy"], "never");
            app.stop().await;
        }
        let app = App::start(&home).await;
        let config =
            json!({"model": "gpt-5.4", "model_reasoning_effort": "high", "approval_policy": "on-request"});
        let again = app
            .call(method, json!({"threadId": thread, "config": config}))
            .await;
        assert_eq!(again["model"], "gpt-5.4");
        assert_eq!(again["reasoningEffort"], "high");
        assert_eq!(again["approvalPolicy"], "on-request");
        assert_eq!(chosen(&again), (Some(":read-only"), "readOnly"));
        app.stop().await;
    }
}

#[tokio::test]
async fn the_workspace_of_a_profile_has_two_names() {
    let model = MockModel::start("ok");
    let home = home(&model);
    let file = home.codex().join("config.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.contains(":project_roots"));
    home.write_config(&text.replace(":project_roots", ":workspace_roots"));
    let app = App::start(&home).await;
    let exec = |script: &str| json!({"command": ["sh", "-c", script], "cwd": home.work()});
    let mine = app
        .call("command/exec", exec("echo x > made && ! cat keys/secret"))
        .await;
    assert_eq!(mine["exitCode"], 0, "{mine}");
    let docs = app.call("command/exec", exec("echo x > docs/page")).await;
    assert_ne!(docs["exitCode"], 0);
    app.stop().await;
}
