//! Servers that are being ended, or have failed, and are needed again.

use codex_core::mock_model::MockModel;
use serde_json::json;

use super::{direct, has_logged, stands};
use crate::support::{App, Config, Home, Launch, mcp};

fn home_with_slow(model: &MockModel) -> Home {
    let home = Home::empty();
    let config = Config {
        extra: mcp::slow_to_end("tiny", home.path()),
        ..Config::default()
    };
    home.configure(model, &config);
    home
}

/// What happened to the server first: it ends before it starts again. It may be asked to end more than once.
fn assert_one_after_the_other(home: &Home) {
    let log = std::fs::read_to_string(home.path().join("tiny.log")).unwrap();
    let words = log.lines().map(|line| line.split(' ').next().unwrap());
    let words: Vec<_> = words.filter(|word| *word != "term").collect();
    assert_eq!(&words[..3], ["start", "end", "start"], "{log}");
}

fn let_it_end(home: &Home) {
    std::fs::write(home.path().join("go"), "").unwrap();
}

#[tokio::test]
async fn a_call_that_meets_a_server_that_is_being_ended_waits_and_starts_it_again() {
    let model = MockModel::start("Hello");
    let home = home_with_slow(&model);
    let app = Launch::new(&home).env("CODEX_MCP_IDLE_MS", "200").start().await;
    let thread = app.start_thread(json!({})).await;
    stands(&app, &thread, "ready").await;
    has_logged("tiny", &home, "term").await;
    let calls = [
        app.request("mcpServer/tool/call", direct(&thread, "echo", &json!({})))
            .await,
        app.request("mcpServer/tool/call", direct(&thread, "echo", &json!({})))
            .await,
    ];
    app.call("model/list", json!({})).await;
    let_it_end(&home);
    for call in calls {
        let result = app.response(call).await.expect("it does not fail");
        assert_eq!(result["content"][0]["text"], "echo");
    }
    assert_one_after_the_other(&home);
    app.stop().await;
}

#[tokio::test]
async fn a_thread_that_meets_a_server_that_is_being_ended_waits_and_starts_it_again() {
    let model = MockModel::start("Hello");
    let home = home_with_slow(&model);
    let app = App::start(&home).await;
    // Without a thread it is ended at once.
    app.call("mcpServerStatus/list", json!({})).await;
    has_logged("tiny", &home, "term").await;
    let thread = app.start_thread(json!({"cwd": home.codex()})).await;
    app.call("model/list", json!({})).await;
    let_it_end(&home);
    stands(&app, &thread, "ready").await;
    assert_one_after_the_other(&home);
    app.stop().await;
}

#[tokio::test]
async fn a_start_that_takes_too_long_is_over_before_the_next() {
    let model = MockModel::start("Hello");
    let home = Home::empty();
    let log = home.path().join("tiny.log");
    let script = format!(
        "echo \"start $$\" >> {log}; trap 'sleep 0.3; echo \"end $$\" >> {log}; exit 0' TERM; while :; do sleep 0.01; done",
        log = log.display()
    );
    let table = |more: &str| {
        format!(
            "[mcp_servers.tiny]\ncommand = \"/bin/sh\"\nargs = [\"-c\", {script:?}]\nstartup_timeout_sec = 0.5\n{more}"
        )
    };
    let config = Config {
        extra: table("required = true\n"),
        ..Config::default()
    };
    home.configure(&model, &config);
    let app = App::start(&home).await;
    for _ in 0..2 {
        let error = app.call_err("thread/start", json!({})).await;
        assert!(error.message.contains("timed out"), "{}", error.message);
    }
    app.stop().await;
    let log = std::fs::read_to_string(log).unwrap();
    let words: Vec<_> = log.lines().map(|line| line.split(' ').next().unwrap()).collect();
    assert_eq!(words, ["start", "end", "start", "end"], "{log}");
}

#[tokio::test]
async fn a_required_server_that_failed_is_tried_again_for_the_next_thread() {
    let model = MockModel::start("Hello");
    let home = Home::empty();
    let works = home.path().join("works");
    let script = format!("test -e {} || exit 3; exec \"$0\" \"$@\"", works.display());
    let server = mcp::server("must", home.path());
    let program = server["command"].as_str().unwrap();
    let mut args = vec!["-c", script.as_str(), program];
    args.extend(
        server["args"]
            .as_array()
            .unwrap()
            .iter()
            .map(|arg| arg.as_str().unwrap()),
    );
    let extra = format!(
        "[mcp_servers.must]\ncommand = \"/bin/sh\"\nargs = {args:?}\nrequired = true\nenv = {{ MCP_LOG = {} }}\n",
        server["env"]["MCP_LOG"]
    );
    let config = Config {
        extra,
        ..Config::default()
    };
    home.configure(&model, &config);
    let app = App::start(&home).await;
    let error = app.call_err("thread/start", json!({})).await;
    assert!(
        error
            .message
            .contains("required MCP servers failed to initialize: must: "),
        "{}",
        error.message
    );
    std::fs::write(works, "").unwrap();
    let thread = app.start_thread(json!({})).await;
    app.wait_where("mcpServer/startupStatus/updated", |params| {
        params["threadId"] == thread.as_str() && params["status"] == "ready"
    })
    .await;
    app.stop().await;
}
