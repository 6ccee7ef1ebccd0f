//! Which hooks there are, and which of them run.

use std::fs;

use codex_core::mock_model::MockModel;
use serde_json::json;

use super::{command, home_with, hook, run, runs, told, trust};
use crate::support::{App, Config, Home};

#[tokio::test]
async fn hooks_are_listed_with_their_state_and_what_is_wrong_with_others() {
    let model = MockModel::start("ok");
    let hooks = "[[hooks.PreToolUse]]\nmatcher = '^Bash$'\n[[hooks.PreToolUse.hooks]]\ntype = 'command'\n\
        command = 'echo a'\ntimeout = 7\nstatusMessage = 'checking'\n[[hooks.PreToolUse.hooks]]\ntype = 'prompt'\n\
        [[hooks.Stop]]\nmatcher = '('\n[[hooks.Stop.hooks]]\ntype = 'mcp_tool'\nserver = 's'\ntool = 't'\n\
        [[hooks.PostToolUse]]\nmatcher = '('\nhooks = [{type = 'command', command = 'x'}]\n";
    let home = Home::with(
        &model,
        &Config {
            extra: hooks.to_owned(),
            ..Config::default()
        },
    );
    let app = App::start(&home).await;
    let work = home.work().display().to_string();
    let listed = app.call("hooks/list", json!({"cwds": [work, "/nowhere"]})).await;
    let (first, second) = (&listed["data"][0], &listed["data"][1]);
    let file = home.codex().join("config.toml").display().to_string();
    assert_eq!(
        first["hooks"][0],
        json!({
            "key": format!("{file}:pre_tool_use:0:0"),
            "eventName": "preToolUse",
            "handlerType": "command",
            "command": "echo a",
            "async": false,
            "matcher": "^Bash$",
            "timeoutSec": 7,
            "statusMessage": "checking",
            "additionalContextLimit": null,
            "sourcePath": file,
            "source": "user",
            "pluginId": null,
            "environmentId": null,
            "displayOrder": 0,
            "enabled": true,
            "isManaged": false,
            "currentHash": "sha256:55212c9467b8db18997dba6957b0f35055b3f0df80e2375259886ef89b7cc569",
            "trustStatus": "untrusted",
        })
    );
    let tool = &first["hooks"][1];
    assert_eq!(
        (&tool["handlerType"], &tool["server"], &tool["tool"]),
        (&json!("mcpTool"), &json!("s"), &json!("t"))
    );
    assert!(tool["matcher"].is_null() && tool.get("async").is_none());
    let warnings = first["warnings"].as_array().unwrap();
    assert_eq!(
        warnings[0],
        format!("skipping prompt hook in {file}: prompt hooks are not supported yet")
    );
    assert!(
        warnings[1]
            .as_str()
            .unwrap()
            .starts_with(&format!("invalid matcher \"(\" in {file}: "))
    );
    assert_eq!(
        (&second["cwd"], &second["hooks"]),
        (&json!("/nowhere"), &first["hooks"])
    );

    let thread = app.start_thread(json!({})).await;
    let told = app.wait_for("warning").await;
    assert_eq!(told["message"], warnings[0]);
    let listed = app.call("hooks/list", json!({"threadId": thread})).await;
    assert_eq!(listed["data"][0]["hooks"], first["hooks"]);
    let both = json!({"threadId": thread, "cwds": ["/"]});
    let error = app.call_err("hooks/list", both).await;
    assert_eq!(
        (error.code, error.message.as_str()),
        (-32600, "specify either threadId or cwds")
    );
    home.write_config("[hooks\n");
    let listed = app.call("hooks/list", json!({"cwds": ["/"]})).await;
    let error = &listed["data"][0]["errors"][0];
    assert_eq!(error["path"], "/");
    assert!(
        error["message"].as_str().unwrap().contains("config.toml:1:"),
        "{error}"
    );
    app.stop().await;
}

#[tokio::test]
async fn only_trusted_hooks_run_and_what_the_user_says_of_them_counts_from_the_next_turn_on() {
    let model = MockModel::start("ok");
    let home = home_with(
        &model,
        Config::default(),
        &hook("UserPromptSubmit", "trusted", ""),
    )
    .await;
    let file = home.codex().join("config.toml");
    let text = fs::read_to_string(&file).unwrap();
    let untrusted = hook("UserPromptSubmit", "untrusted", "");
    home.write_config(&format!("{text}\n{untrusted}"));
    let (app, thread) = App::with_thread(&home).await;
    let turn = app.run_turn(&thread, "Hi").await;
    assert_eq!(runs(&turn), [run("userPromptSubmit", "completed", &[])]);
    assert_eq!(
        (told(&home, "trusted").len(), told(&home, "untrusted").len()),
        (1, 0)
    );

    trust(&home).await;
    let turn = app.run_turn(&thread, "Hi").await;
    assert_eq!(runs(&turn).len(), 2, "both are trusted");
    let text = fs::read_to_string(&file).unwrap();
    home.write_config(&text.replace("hook untrusted", "hook  untrusted"));
    let turn = app.run_turn(&thread, "Hi").await;
    assert_eq!(runs(&turn).len(), 1, "one has changed");
    home.write_config(&text.replace("trusted_hash", "enabled = false\ntrusted_hash"));
    let turn = app.run_turn(&thread, "Hi").await;
    assert_eq!(runs(&turn), []);
    app.stop().await;
}

#[tokio::test]
async fn hooks_of_a_project_run_if_the_project_and_they_are_trusted() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let folder = home.work().join(".codex");
    fs::create_dir_all(&folder).unwrap();
    fs::write(
        folder.join("config.toml"),
        command("UserPromptSubmit", "echo from toml", ""),
    )
    .unwrap();
    let json = json!({"hooks": {"UserPromptSubmit": [{"hooks": [{"type": "command", "command": "echo from json"}]}]}});
    fs::write(folder.join("hooks.json"), json.to_string()).unwrap();
    trust(&home).await;
    let (app, thread) = App::with_thread(&home).await;
    assert_eq!(
        runs(&app.run_turn(&thread, "Hi").await),
        [],
        "the project is not trusted"
    );
    let text = fs::read_to_string(home.codex().join("config.toml")).unwrap();
    let work = home.work().display().to_string();
    home.write_config(&format!("{text}\n[projects.'{work}']\ntrust_level = 'trusted'\n"));
    assert_eq!(
        runs(&app.run_turn(&thread, "Hi").await),
        [],
        "the hooks are not trusted"
    );
    trust(&home).await;
    let turn = app.run_turn(&thread, "Hi").await;
    assert_eq!(
        runs(&turn),
        [
            run("userPromptSubmit", "completed", &[("context", "from json")]),
            run("userPromptSubmit", "completed", &[("context", "from toml")]),
        ]
    );
    app.stop().await;
}

#[tokio::test]
async fn a_hook_that_calls_a_tool_of_a_server_fails_as_there_are_no_servers() {
    let model = MockModel::start("ok");
    let hooks = "[[hooks.UserPromptSubmit]]\nhooks = [{type = 'mcp_tool', server = 's', tool = 't'}]\n";
    let home = home_with(&model, Config::default(), hooks).await;
    let (app, thread) = App::with_thread(&home).await;
    let turn = app.run_turn(&thread, "Hi").await;
    assert_eq!(
        runs(&turn),
        [run(
            "userPromptSubmit",
            "failed",
            &[("error", "unknown MCP server 's'")]
        )]
    );
    assert_eq!(turn.all("hook/completed")[0]["run"]["handlerType"], "mcpTool");
    app.stop().await;
}
