//! Processes that a client runs beside all threads, without a sandbox (docs/contract/services.md#processes).

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use crate::support::{App, Ear, Home, wait_until_dead};

fn spawn(home: &Home, handle: &str, script: &str, more: Value) -> Value {
    let mut params =
        json!({"command": ["/bin/sh", "-c", script], "cwd": home.work(), "processHandle": handle});
    if let Value::Object(more) = more {
        params.as_object_mut().unwrap().extend(more);
    }
    params
}

async fn exited(app: &App, handle: &str) -> Value {
    app.wait_where("process/exited", |params| params["processHandle"] == handle)
        .await
}

#[tokio::test]
async fn a_process_is_answered_at_once_and_its_end_is_told() {
    let home = Home::empty();
    let app = App::start(&home).await;
    let params = spawn(&home, "a", "echo out; echo err >&2; exit 4", json!({}));
    assert_eq!(app.call("process/spawn", params).await, json!({}));
    assert_eq!(
        exited(&app, "a").await,
        json!({"processHandle": "a", "exitCode": 4, "outputDrainTimedOut": false, "stdout": "out\n",
               "stdoutCapReached": false, "stderr": "err\n", "stderrCapReached": false})
    );
    let params = spawn(&home, "a", "printf 12345", json!({"outputBytesCap": 3}));
    app.call("process/spawn", params).await;
    let second = exited(&app, "a").await;
    assert_eq!(
        (&second["stdout"], &second["stdoutCapReached"]),
        (&json!("123"), &json!(true))
    );
    app.stop().await;
}

#[tokio::test]
async fn a_process_can_be_written_to_and_killed() {
    let home = Home::empty();
    let app = App::start(&home).await;
    let more =
        json!({"streamStdin": true, "streamStdoutStderr": true, "timeoutMs": null, "outputBytesCap": null});
    app.call("process/spawn", spawn(&home, "cat", "cat", more.clone()))
        .await;
    let error = app
        .call_err("process/spawn", spawn(&home, "cat", "cat", more))
        .await;
    assert_eq!(
        (error.code, error.message.as_str()),
        (-32600, "duplicate active process handle: \"cat\"")
    );
    let write = json!({"processHandle": "cat", "deltaBase64": BASE64_STANDARD.encode("echo")});
    assert_eq!(app.call("process/writeStdin", write).await, json!({}));
    let delta = app.wait_for("process/outputDelta").await;
    assert_eq!(
        delta,
        json!({"processHandle": "cat", "stream": "stdout", "deltaBase64": BASE64_STANDARD.encode("echo"),
               "capReached": false})
    );
    assert_eq!(
        app.call("process/kill", json!({"processHandle": "cat"})).await,
        json!({})
    );
    let end = exited(&app, "cat").await;
    assert_eq!((&end["exitCode"], &end["stdout"]), (&json!(137), &json!("")));
    app.stop().await;
}

#[tokio::test]
async fn a_terminal_can_be_resized() {
    let home = Home::empty();
    let app = App::start(&home).await;
    let script = "trap 'stty size; exit' WINCH; echo ready; while :; do sleep 0.1; done";
    app.call(
        "process/spawn",
        spawn(
            &home,
            "t",
            script,
            json!({"tty": true, "streamStdoutStderr": true}),
        ),
    )
    .await;
    app.wait_for("process/outputDelta").await;
    let size = json!({"processHandle": "t", "size": {"rows": 33, "cols": 77}});
    assert_eq!(app.call("process/resizePty", size).await, json!({}));
    let delta = app.wait_for("process/outputDelta").await;
    assert_eq!(delta["deltaBase64"], BASE64_STANDARD.encode("33 77\r\n"));
    exited(&app, "t").await;
    app.stop().await;
}

#[tokio::test]
async fn who_holds_the_pipes_of_an_ended_process_is_not_waited_for() {
    let home = Home::empty();
    let mut pids = Ear::new(home.work().join("pids"));
    let app = App::start(&home).await;
    let script = "(setsid sh -c 'echo $$ >> pids; exec sleep 300' &); read _ < pids; echo done";
    let script = script.replace("read _ < pids; ", "sleep 0.2; ");
    let params = spawn(&home, "d", &script, json!({"timeoutMs": null}));
    app.call("process/spawn", params).await;
    let pids = pids.pids(1).await;
    let end = exited(&app, "d").await;
    assert_eq!(
        (&end["outputDrainTimedOut"], &end["stdout"]),
        (&json!(true), &json!("done\n"))
    );
    wait_until_dead(pids[0]).await;
    app.stop().await;
}

#[tokio::test]
async fn mistakes_are_named() {
    let home = Home::empty();
    let app = App::start(&home).await;
    let params = spawn(&home, "", "true", json!({}));
    let error = app.call_err("process/spawn", params).await;
    assert_eq!(
        (error.code, error.message.as_str()),
        (-32600, "processHandle must not be empty")
    );
    let params = json!({"command": ["/no/such"], "cwd": home.work(), "processHandle": "x"});
    let error = app.call_err("process/spawn", params).await;
    assert_eq!(
        (error.code, error.message.as_str()),
        (
            -32603,
            "failed to spawn process: No such file or directory (os error 2)"
        )
    );
    let params = json!({"command": ["true"], "cwd": "relative", "processHandle": "x"});
    assert_eq!(app.call_err("process/spawn", params).await.code, -32602);
    for (method, more) in [
        ("process/writeStdin", json!({"closeStdin": true})),
        ("process/kill", json!({})),
        ("process/resizePty", json!({"size": {"rows": 1, "cols": 1}})),
    ] {
        let mut params = more;
        params["processHandle"] = "gone".into();
        let error = app.call_err(method, params).await;
        assert_eq!(
            (error.code, error.message.as_str()),
            (-32600, "no active process for process handle \"gone\"")
        );
    }
    app.stop().await;
}

#[tokio::test]
async fn a_terminal_streams_its_output_by_itself() {
    let home = Home::empty();
    let app = App::start(&home).await;
    let params = spawn(&home, "t", "echo ready", json!({"tty": true}));
    app.call("process/spawn", params).await;
    let delta = app.wait_for("process/outputDelta").await;
    assert_eq!(delta["deltaBase64"], BASE64_STANDARD.encode("ready\r\n"));
    assert_eq!(exited(&app, "t").await["stdout"], "");
    app.stop().await;
}
