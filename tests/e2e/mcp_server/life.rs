//! When servers are started and ended.

use codex_core::mock_model::{Answer, MockModel};
use serde_json::json;

use super::{call_of, home_with, item, output, stands, texts, with_server};
use crate::support::{App, Config, Home, Launch, alive, mcp, wait_until_dead};

#[tokio::test]
async fn many_threads_share_one_process_of_each_server_and_none_is_left() {
    let model = MockModel::start("Hello");
    let home = Home::empty();
    let names = ["a", "b", "c", "d", "tiny"];
    let extra: String = names
        .iter()
        .map(|name| mcp::table(name, home.path(), ""))
        .collect();
    home.configure(
        &model,
        &Config {
            extra,
            ..Config::default()
        },
    );
    let app = App::start(&home).await;
    for _ in 0..20 {
        let thread = app.start_thread(json!({})).await;
        for name in names {
            app.wait_where("mcpServer/startupStatus/updated", |params| {
                params["threadId"] == thread.as_str() && params["name"] == name && params["status"] == "ready"
            })
            .await;
        }
    }
    let running: Vec<i32> = names
        .iter()
        .flat_map(|name| mcp::processes(name, home.path()))
        .collect();
    assert_eq!(running.len(), 5, "one process of each");
    assert!(running.iter().all(|process| alive(*process)));
    app.stop().await;
    for process in running {
        wait_until_dead(process).await;
    }
}

#[tokio::test]
async fn a_server_that_ends_by_itself_is_started_again_once() {
    let model = MockModel::start([
        call_of("c1", "die", &json!({})),
        call_of("c2", "echo", &json!({})),
        Answer::from("Done"),
        call_of("c3", "die", &json!({})),
        Answer::from("Done"),
        Answer::from("Done"),
    ]);
    let home = home_with(&model, Config::default(), "");
    let (app, thread) = with_server(&home).await;
    let turn = app.run_turn(&thread, "Go").await;
    let items = turn.items_of("mcpToolCall");
    let error = items[0]["error"]["message"].as_str().unwrap();
    assert!(
        error.contains("Transport closed") && error.contains("`tiny`"),
        "{error}"
    );
    assert_eq!((&items[1]["status"], items.len()), (&json!("completed"), 2));
    stands(&app, &thread, "ready").await;
    app.run_turn(&thread, "Go").await;
    let failed = stands(&app, &thread, "failed").await;
    assert!(
        failed["error"].as_str().unwrap().contains("has ended"),
        "{failed}"
    );
    assert_eq!(mcp::processes("tiny", home.path()).len(), 2);
    // The model is told that its tools are gone.
    app.run_turn(&thread, "Go").await;
    let request = model.requests().last().unwrap().body.clone();
    assert!(!request["tools"].to_string().contains("mcp__tiny"));
    assert!(
        request["input"].to_string().contains("can't be used now"),
        "{request}"
    );
    // A reload starts it again.
    app.call("config/mcpServer/reload", serde_json::Value::Null).await;
    stands(&app, &thread, "ready").await;
    assert_eq!(mcp::processes("tiny", home.path()).len(), 3);
    app.stop().await;
}

#[tokio::test]
async fn none_is_left_when_the_daemon_is_killed() {
    let model = MockModel::start("Hello");
    let home = home_with(&model, Config::default(), "");
    let (app, _) = with_server(&home).await;
    let process = mcp::processes("tiny", home.path())[0];
    app.signal(rustix::process::Signal::KILL);
    app.exit().await;
    wait_until_dead(process).await;
}

#[tokio::test]
async fn an_idle_server_is_ended_and_started_again_when_it_is_needed() {
    let model = MockModel::start([call_of("c1", "echo", &json!({})), Answer::from("Done")]);
    let home = home_with(&model, Config::default(), "");
    let app = Launch::new(&home).env("CODEX_MCP_IDLE_MS", "300").start().await;
    let thread = app.start_thread(json!({})).await;
    stands(&app, &thread, "ready").await;
    wait_until_dead(mcp::processes("tiny", home.path())[0]).await;
    let turn = app.run_turn(&thread, "Go").await;
    assert_eq!(texts(&output(&model, "c1")), ["echo {}"]);
    assert_eq!(item(&turn)["status"], "completed");
    assert_eq!(mcp::processes("tiny", home.path()).len(), 2);
    assert_eq!(
        turn.all("mcpServer/startupStatus/updated").len(),
        0,
        "nobody need know"
    );
    app.stop().await;
}

#[tokio::test]
async fn a_server_that_cannot_be_used_costs_itself_only() {
    let model = MockModel::start([call_of("c1", "echo", &json!({})), Answer::from("Done")]);
    let broken = "[mcp_servers.missing]\ncommand = \"/no/such/program\"\n[mcp_servers.wrong]\nargs = [\"x\"]\n\
                  [mcp_servers.hangs]\ncommand = \"sleep\"\nargs = [\"60\"]\nstartup_timeout_sec = 0.2\n\
                  [mcp_servers.off]\ncommand = \"/no/such/program\"\nenabled = false\n\
                  [mcp_servers.token]\nurl = \"http://127.0.0.1:9/\"\nbearer_token_env_var = \"NOPE_X\"\n";
    let config = Config {
        extra: broken.to_owned(),
        ..Config::default()
    };
    let home = home_with(&model, config, "");
    let (app, thread) = App::with_thread(&home).await;
    for (name, told) in [
        ("missing", "MCP startup failed"),
        ("wrong", "invalid transport"),
        ("hangs", "MCP client for `hangs` timed out after 0.2 seconds"),
        (
            "token",
            "Environment variable NOPE_X for MCP server 'token' is not set",
        ),
    ] {
        let failed = app
            .wait_where("mcpServer/startupStatus/updated", |params| {
                params["name"] == name && params["status"] == "failed"
            })
            .await;
        let error = failed["error"].as_str().unwrap();
        assert!(error.contains(told), "{error}");
    }
    let turn = app.run_turn(&thread, "Go").await;
    assert_eq!(item(&turn)["status"], "completed");
    let told: Vec<_> = app
        .frames()
        .iter()
        .filter(|frame| frame.method() == "mcpServer/startupStatus/updated")
        .filter(|frame| frame.params()["name"] == "off")
        .map(|frame| frame.params().clone())
        .collect();
    assert!(told.is_empty(), "{told:?}");
    app.stop().await;
}

#[tokio::test]
async fn a_thread_does_not_start_without_a_server_that_is_required() {
    let model = MockModel::start("Hello");
    let home = Home::empty();
    let extra = "[mcp_servers.must]\ncommand = \"/no/such/program\"\nrequired = true\n".to_owned();
    home.configure(
        &model,
        &Config {
            extra,
            ..Config::default()
        },
    );
    let app = App::start(&home).await;
    let error = app.call_err("thread/start", json!({})).await;
    assert_eq!(error.code, -32603);
    let text = "error creating thread: Fatal error: Failed to initialize session: required MCP servers failed to \
                initialize: must: ";
    assert!(error.message.starts_with(text), "{}", error.message);
    app.stop().await;
}

#[tokio::test]
async fn servers_get_few_variables_and_their_own() {
    let model = MockModel::start("Hello");
    let home = Home::empty();
    let out = home.path().join("env");
    let script = format!("env > {}; sleep 60", out.display());
    let extra = format!(
        "[mcp_servers.env]\ncommand = \"/bin/sh\"\nargs = [\"-c\", {script:?}]\nenv_vars = [\"KEPT\", {{ name = \
         \"FAR\", source = \"remote\" }}]\nenv = {{ OWN = \"own\" }}\n"
    );
    home.configure(
        &model,
        &Config {
            extra,
            ..Config::default()
        },
    );
    let app = Launch::new(&home)
        .env("KEPT", "kept")
        .env("FAR", "far")
        .env("SECRET_KEY", "hush")
        .start()
        .await;
    app.start_thread(json!({})).await;
    let text = loop {
        let text = std::fs::read_to_string(&out).unwrap_or_default();
        if text.contains("PWD=") && text.contains("OWN=own") {
            break text;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    };
    assert!(text.contains("KEPT=kept") && text.contains("HOME="), "{text}");
    for absent in ["FAR", "SECRET_KEY", "CODEX_HOME", "RUST_LOG"] {
        assert!(!text.contains(&format!("{absent}=")), "{text}");
    }
    app.stop().await;
}

/// A server that answers its requests, in order, with these lines.
fn answering(name: &str, answers: &[&str]) -> String {
    let mut script = String::new();
    for answer in answers {
        script += "while read -r line; do case \"$line\" in *'\"id\"'*) break;; esac; done; echo '";
        script += answer;
        script += "'; ";
    }
    script.push_str("sleep 60");
    format!("[mcp_servers.{name}]\ncommand = \"/bin/sh\"\nargs = [\"-c\", {script:?}]\n")
}

#[tokio::test]
async fn answers_of_a_wrong_shape_cost_what_was_asked_only() {
    let model = MockModel::start("Hello");
    let home = Home::empty();
    let begin = r#"{"jsonrpc":"2.0","id":0,"result":{"protocolVersion":"2025-06-18","capabilities":{}}}"#;
    let extra = [
        answering("text", &[r#"{"jsonrpc":"2.0","id":0,"result":"ok"}"#]),
        answering("error", &[r#"{"jsonrpc":"2.0","id":0,"error":"go away"}"#]),
        answering(
            "list",
            &[
                begin,
                r#"{"jsonrpc":"2.0","id":1,"result":{"tools":[]}}"#,
                r#"{"jsonrpc":"2.0","id":2,"result":[1]}"#,
                r#"{"jsonrpc":"2.0","id":3,"result":{"contents":[]}}"#,
            ],
        ),
    ]
    .concat();
    home.configure(
        &model,
        &Config {
            extra,
            ..Config::default()
        },
    );
    let (app, thread) = App::with_thread(&home).await;
    for (name, told) in [("text", "the server's result is no object"), ("error", "go away")] {
        let failed = app
            .wait_where("mcpServer/startupStatus/updated", |params| {
                params["name"] == name && params["status"] == "failed"
            })
            .await;
        let error = failed["error"].as_str().unwrap();
        assert!(error.contains(told), "{error}");
    }
    app.wait_where("mcpServer/startupStatus/updated", |params| {
        params["name"] == "list" && params["status"] == "ready"
    })
    .await;
    let read = json!({"threadId": thread, "server": "list", "uri": "mem://a"});
    let error = app.call_err("mcpServer/resource/read", read.clone()).await;
    assert!(
        error.message.contains("the server's result is no object"),
        "{}",
        error.message
    );
    let read = app.call("mcpServer/resource/read", read).await;
    assert_eq!(read["contents"], json!([]));
    app.stop().await;
}
