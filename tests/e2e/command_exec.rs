//! Commands that a client runs beside all threads (docs/contract/services.md#processes).

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use codex_core::mock_model::MockModel;
use serde_json::{Value, json};

use crate::support::{App, Ear, Home, alive, wait_until_dead};

/// A command without a sandbox.
fn free(mut params: Value) -> Value {
    params["sandboxPolicy"] = json!({"type": "dangerFullAccess"});
    params
}

fn sh(script: &str) -> Value {
    free(json!({"command": ["/bin/sh", "-c", script]}))
}

fn with(mut params: Value, more: Value) -> Value {
    if let Value::Object(more) = more {
        params.as_object_mut().unwrap().extend(more);
    }
    params
}

fn text(delta: &Value) -> String {
    let bytes = BASE64_STANDARD
        .decode(delta["deltaBase64"].as_str().unwrap())
        .unwrap();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// What was streamed so far of one stream.
fn streamed(app: &App, stream: &str) -> String {
    let frames = app.frames();
    let deltas = frames
        .iter()
        .filter(|frame| frame.is_notification() && frame.method() == "command/exec/outputDelta")
        .filter(|frame| frame.params()["stream"] == stream);
    deltas.map(|frame| text(frame.params())).collect()
}

#[tokio::test]
async fn a_command_is_answered_with_its_exit_code_and_both_streams() {
    let home = Home::empty();
    let app = App::start(&home).await;
    let answer = app
        .call("command/exec", sh("echo out; echo err >&2; exit 3"))
        .await;
    assert_eq!(
        answer,
        json!({"exitCode": 3, "stdout": "out\n", "stderr": "err\n"})
    );
    let answer = app.call("command/exec", sh("kill -9 $$")).await;
    assert_eq!(answer["exitCode"], 137);
    let answer = app.call("command/exec", sh("cat; printf 'a\\377b'")).await;
    assert_eq!(answer["stdout"], "aÿb", "no input, and bytes that are not UTF-8");
    let params = with(
        sh("pwd; echo $ADDED $HOME"),
        json!({"cwd": home.work(), "env": {"ADDED": "1", "HOME": null}}),
    );
    let answer = app.call("command/exec", params).await;
    assert_eq!(answer["stdout"], format!("{}\n1\n", home.work().display()));
    app.stop().await;
}

#[tokio::test]
async fn limits_of_time_and_output_hold() {
    let home = Home::empty();
    let app = App::start(&home).await;
    let mut pids = Ear::new(home.work().join("pids"));
    let script = "(setsid sh -c 'echo $$ >> pids; exec sleep 300' &); echo $$ >> pids; echo begun; sleep 300";
    let params = with(sh(script), json!({"cwd": home.work(), "timeoutMs": 1500}));
    let call = app.call("command/exec", params);
    let (answer, pids) = tokio::join!(call, pids.pids(2));
    assert_eq!(
        (&answer["exitCode"], &answer["stdout"]),
        (&json!(124), &json!("begun\n"))
    );
    for pid in pids {
        wait_until_dead(pid).await;
    }
    let params = with(
        sh("printf 1234567890; printf abcdefghij >&2"),
        json!({"outputBytesCap": 4}),
    );
    let answer = app.call("command/exec", params).await;
    assert_eq!(answer, json!({"exitCode": 0, "stdout": "1234", "stderr": "abcd"}));
    let params = with(
        sh("head -c 3000000 /dev/zero | tr '\\0' x"),
        json!({"disableOutputCap": true, "disableTimeout": true}),
    );
    let answer = app.call("command/exec", params).await;
    assert_eq!(answer["stdout"].as_str().unwrap().len(), 3_000_000);
    app.stop().await;
}

#[tokio::test]
async fn a_command_can_be_written_to_and_its_output_streams() {
    let home = Home::empty();
    let app = App::start(&home).await;
    let params = with(
        sh("while read line; do echo got $line; done; echo end >&2"),
        json!({"processId": "p1", "streamStdin": true, "streamStdoutStderr": true}),
    );
    let id = app.request("command/exec", params.clone()).await;
    let error = app.call_err("command/exec", params).await;
    assert_eq!(
        (error.code, error.message.as_str()),
        (-32600, "duplicate active command/exec process id: \"p1\"")
    );
    let write = |text: &str| json!({"processId": "p1", "deltaBase64": BASE64_STANDARD.encode(text)});
    assert_eq!(app.call("command/exec/write", write("one\n")).await, json!({}));
    app.wait_where("command/exec/outputDelta", |delta| text(delta) == "got one\n")
        .await;
    let last = with(write("two\n"), json!({"closeStdin": true}));
    app.call("command/exec/write", last).await;
    let answer = app.response(id).await.unwrap();
    assert_eq!(answer, json!({"exitCode": 0, "stdout": "", "stderr": ""}));
    assert_eq!(streamed(&app, "stdout"), "got one\ngot two\n");
    assert_eq!(streamed(&app, "stderr"), "end\n");
    let error = app.call_err("command/exec/write", write("x")).await;
    assert_eq!(
        (error.code, error.message.as_str()),
        (-32600, "no active command/exec for process id \"p1\"")
    );
    app.stop().await;
}

#[tokio::test]
async fn a_closed_input_takes_no_more() {
    let home = Home::empty();
    let app = App::start(&home).await;
    let params = with(
        sh("cat; sleep 300"),
        json!({"processId": "p", "streamStdin": true}),
    );
    let id = app.request("command/exec", params).await;
    let close = json!({"processId": "p", "closeStdin": true});
    app.call("command/exec/write", close.clone()).await;
    let error = app.call_err("command/exec/write", close).await;
    assert_eq!(
        (error.code, error.message.as_str()),
        (-32600, "stdin is already closed")
    );
    let size = json!({"processId": "p", "size": {"rows": 1, "cols": 1}});
    let error = app.call_err("command/exec/resize", size).await;
    assert_eq!(
        (error.code, error.message.as_str()),
        (-32600, "failed to resize PTY: process is not attached to a PTY")
    );
    assert_eq!(
        app.call("command/exec/terminate", json!({"processId": "p"}))
            .await,
        json!({})
    );
    assert_eq!(app.response(id).await.unwrap()["exitCode"], 137);
    app.stop().await;
}

#[tokio::test]
async fn a_terminal_has_a_size_that_can_change() {
    let home = Home::empty();
    let app = App::start(&home).await;
    let script = "stty size; trap 'stty size; exit 5' WINCH; echo ready; while :; do sleep 0.1; done";
    let params = with(
        sh(script),
        json!({"processId": "t", "tty": true, "size": {"rows": 30, "cols": 90}, "streamStdoutStderr": true}),
    );
    let id = app.request("command/exec", params).await;
    app.wait_where("command/exec/outputDelta", |delta| text(delta).contains("ready"))
        .await;
    let size = json!({"processId": "t", "size": {"rows": 40, "cols": 100}});
    assert_eq!(app.call("command/exec/resize", size).await, json!({}));
    assert_eq!(app.response(id).await.unwrap()["exitCode"], 5);
    assert_eq!(streamed(&app, "stdout"), "30 90\r\nready\r\n40 100\r\n");
    app.stop().await;
}

#[tokio::test]
async fn the_end_of_a_terminals_input_ends_half_a_line_and_no_whole_one() {
    let home = Home::empty();
    let app = App::start(&home).await;
    for (id, typed, read) in [("a", "half", "half"), ("b", "whole\n", "whole")] {
        let script = "stty -echo; echo ready; while read -r line; do echo \"[$line]\"; done";
        let params = with(
            sh(script),
            json!({"processId": id, "tty": true, "streamStdoutStderr": true}),
        );
        let running = app.request("command/exec", params).await;
        app.wait_where("command/exec/outputDelta", |delta| {
            delta["processId"] == id && text(delta).contains("ready")
        })
        .await;
        let last = json!({"processId": id, "deltaBase64": BASE64_STANDARD.encode(typed), "closeStdin": true});
        app.call("command/exec/write", last).await;
        assert_eq!(app.response(running).await.unwrap()["exitCode"], 0, "{typed}");
        let frames = app.frames();
        let output: String = frames
            .iter()
            .filter(|frame| frame.is_notification() && frame.method() == "command/exec/outputDelta")
            .filter(|frame| frame.params()["processId"] == id)
            .map(|frame| text(frame.params()))
            .collect();
        assert_eq!(output, format!("ready\r\n[{read}]\r\n"));
    }
    app.stop().await;
}

#[tokio::test]
async fn a_capped_stream_says_so_once() {
    let home = Home::empty();
    let app = App::start(&home).await;
    let params = with(
        sh("printf 12345; sleep 0.3; printf 67890"),
        json!({"processId": "c", "streamStdoutStderr": true, "outputBytesCap": 7}),
    );
    app.call("command/exec", params).await;
    let frames = app.frames();
    let deltas: Vec<_> = frames
        .iter()
        .filter(|frame| frame.is_notification() && frame.method() == "command/exec/outputDelta")
        .map(|frame| (text(frame.params()), frame.params()["capReached"] == true))
        .collect();
    assert_eq!(deltas, [("12345".to_owned(), false), ("67".to_owned(), true)]);
    app.stop().await;
}

#[tokio::test]
async fn mistakes_are_named() {
    let home = Home::empty();
    let app = App::start(&home).await;
    let cases = [
        (json!({"command": []}), -32600, "command must not be empty"),
        (
            with(sh("true"), json!({"tty": true})),
            -32600,
            "command/exec tty or streaming requires a client-supplied processId",
        ),
        (
            with(sh("true"), json!({"timeoutMs": -5})),
            -32602,
            "command/exec timeoutMs must be non-negative, got -5",
        ),
        (
            with(sh("true"), json!({"timeoutMs": 5, "disableTimeout": true})),
            -32602,
            "command/exec cannot set both timeoutMs and disableTimeout",
        ),
        (
            with(sh("true"), json!({"outputBytesCap": 5, "disableOutputCap": true})),
            -32602,
            "command/exec cannot set both outputBytesCap and disableOutputCap",
        ),
        (
            with(sh("true"), json!({"size": {"rows": 1, "cols": 1}})),
            -32602,
            "command/exec size requires tty: true",
        ),
        (
            with(
                sh("true"),
                json!({"processId": "p", "tty": true, "size": {"rows": 0, "cols": 1}}),
            ),
            -32602,
            "command/exec size rows and cols must be greater than 0",
        ),
        (
            with(sh("true"), json!({"permissionProfile": ":workspace"})),
            -32600,
            "`permissionProfile` cannot be combined with `sandboxPolicy`",
        ),
        (
            json!({"command": ["true"], "permissionProfile": ":nope"}),
            -32600,
            "invalid permission profile: default_permissions refers to unknown built-in profile `:nope`",
        ),
        (
            free(json!({"command": ["/no/such/program"]})),
            -32603,
            "failed to spawn command: No such file or directory (os error 2)",
        ),
        (
            with(sh("true"), json!({"cwd": "/no/such/folder"})),
            -32603,
            "failed to spawn command: No such file or directory (os error 2)",
        ),
    ];
    for (params, code, message) in cases {
        let error = app.call_err("command/exec", params).await;
        assert_eq!((error.code, error.message.as_str()), (code, message));
    }
    let error = app
        .call_err("command/exec/write", json!({"processId": "p"}))
        .await;
    assert_eq!(
        (error.code, error.message.as_str()),
        (-32602, "command/exec/write requires deltaBase64 or closeStdin")
    );
    let bad = json!({"processId": "p", "deltaBase64": "?"});
    let error = app.call_err("command/exec/write", bad).await;
    assert_eq!(error.code, -32602);
    assert!(
        error.message.starts_with("invalid deltaBase64: "),
        "{}",
        error.message
    );
    for method in ["command/exec/terminate", "command/exec/resize"] {
        let params = json!({"processId": "x", "size": {"rows": 1, "cols": 1}});
        let error = app.call_err(method, params).await;
        assert_eq!(
            (error.code, error.message.as_str()),
            (-32600, "no active command/exec for process id \"x\"")
        );
    }
    app.stop().await;
}

#[tokio::test]
async fn commands_end_with_their_connection() {
    let home = Home::empty();
    let mut pids = Ear::new(home.work().join("pids"));
    let app = App::start(&home).await;
    let params = with(
        sh("echo $$ >> pids; exec sleep 300"),
        json!({"cwd": home.work(), "disableTimeout": true}),
    );
    app.request("command/exec", params).await;
    let pids = pids.pids(1).await;
    assert!(alive(pids[0]));
    app.stop().await;
    wait_until_dead(pids[0]).await;
}

#[tokio::test]
async fn limits_of_what_can_be_read_are_refused_where_they_would_not_hold() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let (app, thread) = App::with_thread(&home).await;
    for (policy, member) in [
        (
            json!({"type": "readOnly", "access": {"type": "restricted"}}),
            "readOnly.access",
        ),
        (
            json!({"type": "workspaceWrite", "readOnlyAccess": {"type": "restricted", "readableRoots": []}}),
            "workspaceWrite.readOnlyAccess",
        ),
    ] {
        let words = format!("{member} is no longer supported; use permissionProfile for restricted reads");
        for (method, params) in [
            (
                "command/exec",
                json!({"command": ["true"], "sandboxPolicy": policy}),
            ),
            (
                "turn/start",
                json!({"threadId": thread, "input": [], "sandboxPolicy": policy}),
            ),
        ] {
            let error = app.call_err(method, params).await;
            assert_eq!(error.code, -32602);
            assert!(error.message.contains(&words), "{}", error.message);
        }
    }
    for policy in [
        json!({"type": "readOnly", "access": {"type": "fullAccess"}}),
        json!({"type": "workspaceWrite", "readOnlyAccess": null}),
    ] {
        let params = json!({"threadId": thread, "sandboxPolicy": policy});
        app.call("thread/settings/update", params).await;
        let settings = app.wait_for("thread/settings/updated").await;
        let shown = settings["threadSettings"]["sandboxPolicy"]
            .as_object()
            .unwrap()
            .clone();
        assert_eq!(shown["type"], policy["type"]);
        assert!(!shown.contains_key("access") && !shown.contains_key("readOnlyAccess"));
    }
}

#[tokio::test]
async fn a_terminal_streams_its_output_by_itself() {
    let home = Home::empty();
    let app = App::start(&home).await;
    let params = with(
        sh("echo ready; read x; echo got $x"),
        json!({"processId": "t", "tty": true}),
    );
    let id = app.request("command/exec", params).await;
    app.wait_where("command/exec/outputDelta", |delta| text(delta).contains("ready"))
        .await;
    let line = json!({"processId": "t", "deltaBase64": BASE64_STANDARD.encode("it\n")});
    app.call("command/exec/write", line).await;
    assert_eq!(app.response(id).await.unwrap()["stdout"], "");
    let told = streamed(&app, "stdout");
    assert!(told.ends_with("got it\r\n"), "{told}");
    app.stop().await;
}
