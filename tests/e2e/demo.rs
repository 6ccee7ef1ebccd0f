//! The sub-commands for people: `demo` and `mock-model`.

use std::process::Stdio;
use std::time::Duration;

use codex_core::mock_model::{MockModel, Script};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

use crate::support::{App, Config, Home};

fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_codex-app-server"));
    command.stdin(Stdio::null()).kill_on_drop(true);
    command
}

#[tokio::test]
async fn the_demo_passes_and_shows_every_frame_without_colours_when_nobody_watches() {
    let folder = tempfile::tempdir().unwrap();
    let run = program().arg("demo").env("TMPDIR", folder.path()).output();
    let output = tokio::time::timeout(Duration::from_secs(30), run)
        .await
        .unwrap()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        output.status.success(),
        "{text}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    for part in [
        "→ turn/start",
        "← turn/completed  completed",
        "← turn/completed  interrupted",
        "← item/fileChange/requestApproval",
        "+Hello from the demo!",
        "sending the greeting to 192.0.2.1",
        "All as expected",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert!(!text.contains('\x1b') && !text.contains("← warning"), "{text}");
    assert_eq!(
        std::fs::read_dir(folder.path()).unwrap().count(),
        0,
        "nothing is left behind"
    );
}

#[tokio::test]
async fn the_demo_fails_when_something_is_off() {
    let run = program().arg("demo").env("TMPDIR", "/no/such/folder").output();
    let output = tokio::time::timeout(Duration::from_secs(30), run)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(!output.stderr.is_empty());
}

#[tokio::test]
async fn a_script_file_serves_a_client_and_reports_what_it_did_not_expect() {
    let home = Home::empty();
    let script = home.path().join("script.json");
    let answers = json!({"answers": [
        {"expect": {"input_contains": ["Hi"]}, "steps": [{"say": {"text": "Hello", "deltas": 2}}]},
        {"expect": {"input_contains": ["something else"]}, "steps": [{"say": {"text": "never"}}]},
    ]});
    std::fs::write(&script, answers.to_string()).unwrap();
    let mut model = program()
        .args(["mock-model", "--script"])
        .arg(&script)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut address = String::new();
    BufReader::new(model.stdout.take().unwrap())
        .read_line(&mut address)
        .await
        .unwrap();
    home.configure_url(address.trim(), &Config::default());
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    assert_eq!(app.run_turn(&thread, "Hi").await.text(), "Hello");
    let turn = app.run_turn(&thread, "Hi again").await;
    assert_eq!(turn.status(), "failed");
    assert!(
        turn.turn["error"]["message"]
            .as_str()
            .unwrap()
            .contains("mock_model_mismatch")
    );
    let mut errors = BufReader::new(model.stderr.take().unwrap()).lines();
    let line = errors.next_line().await.unwrap().unwrap();
    assert_eq!(line, "request 2: `input` doesn't contain \"something else\"");
    let pid = Pid::from_raw(model.id().unwrap().cast_signed()).unwrap();
    kill_process(pid, Signal::TERM).unwrap();
    assert_eq!(model.wait().await.unwrap().code(), Some(1));
}

#[tokio::test]
async fn a_script_file_with_a_mistake_is_refused_with_its_place() {
    let home = Home::empty();
    let script = home.path().join("script.json");
    std::fs::write(&script, "{\n  \"answers\": [{\"step\": []}]\n}").unwrap();
    let output = program()
        .args(["mock-model", "--script"])
        .arg(&script)
        .output()
        .await
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let error = String::from_utf8(output.stderr).unwrap();
    for part in ["answers[0]", "unknown field `step`", "line 2"] {
        assert!(error.contains(part), "{error}");
    }
}

#[tokio::test]
async fn the_example_script_of_the_readme_works() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let text = std::fs::read_to_string(root.join("examples/greeting.json")).unwrap();
    let readme = std::fs::read_to_string(root.join("README.md")).unwrap();
    assert!(
        readme.contains(&text),
        "README.md shows examples/greeting.json as it is"
    );
    let model = MockModel::start(Script::from_json(&text).unwrap());
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    let turn = app.run_turn(&thread, "Write a greeting").await;
    assert_eq!(turn.text(), "I'll write it.Done.");
    assert_eq!(
        std::fs::read_to_string(home.work().join("greeting.txt")).unwrap(),
        "hello\n"
    );
    assert_eq!(app.run_turn(&thread, "And again").await.status(), "failed");
    assert_eq!(
        app.run_turn(&thread, "And again").await.text(),
        "Nothing more in the script."
    );
    assert!(model.mismatches().is_empty());
}
