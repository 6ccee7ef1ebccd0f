//! Commands of the model, through the engine.

use codex_core::mock_model::Answer;
use serde_json::json;

use crate::fifo::{Ear, Gate};
use crate::session_probe::Probe;

#[tokio::test]
async fn a_flood_waits_for_a_slow_reader_and_loses_nothing() {
    let script = "read _ < go; seq 1 200000; touch done";
    let call = json!({"cmd": script, "login": false, "yield_time_ms": 30_000});
    let probe = Probe::start([
        Answer::new().call("c", "exec_command", call),
        Answer::new().say("ok"),
    ])
    .await;
    let mut go = Gate::new(probe.work().join("go"));
    probe.turn("hi");
    probe.wait(0, |line| line.starts_with("started command c")).await;
    probe.congest(true);
    go.open();
    // The command would be through long before this, which is more than twenty times the work, if its pipe were not
    // full.
    let more = tokio::process::Command::new("seq")
        .args(["1", "5000000"])
        .output();
    assert_eq!(more.await.unwrap().stdout.len(), 38_888_896);
    assert!(!probe.work().join("done").exists(), "nobody takes the output");
    probe.congest(false);
    probe.until_turn_end(0).await;
    assert!(probe.work().join("done").exists());
    let output = probe.model.requests()[1].tool_output("c").unwrap().to_owned();
    assert!(
        output.contains("Process exited with code 0\nOriginal token count: 322224\n"),
        "{output}"
    );
    assert!(output.ends_with("199999\n200000\n"));
}

#[tokio::test]
async fn a_command_can_be_followed_in_the_next_turn() {
    let script = "echo begin; read _ < go; echo end";
    let call = json!({"cmd": script, "login": false, "yield_time_ms": 250});
    let probe = Probe::start([
        Answer::new().call("c", "exec_command", call),
        Answer::new().say("ok"),
    ])
    .await;
    let mut go = Gate::new(probe.work().join("go"));
    let lines = probe.run("one").await;
    assert!(
        !lines.iter().any(|line| line.starts_with("completed command")),
        "{lines:#?}"
    );
    let output = probe.model.requests()[1].tool_output("c").unwrap().to_owned();
    let session = output
        .lines()
        .find_map(|line| line.strip_prefix("Process running with session ID "));
    let look = json!({"session_id": session.unwrap().parse::<u32>().unwrap(), "yield_time_ms": 20_000});
    probe.model.push(Answer::new().call("d", "write_stdin", look));
    probe.model.push(Answer::new().say("ok"));
    go.open();
    let lines = probe.run("two").await;
    assert!(
        lines
            .iter()
            .any(|line| line == "completed command c Completed exit=Some(0)"),
        "{lines:#?}"
    );
    let output = probe.model.requests()[3].tool_output("d").unwrap().to_owned();
    assert!(output.ends_with("Output:\nend\n"), "{output}");
}

#[tokio::test]
async fn a_child_that_keeps_printing_in_the_background_does_not_hold_up_its_command() {
    // It prints so little that the pipe's length is no limit before the call's patience ends.
    let script = "(while :; do echo x || exit; sleep 0.01; done) & echo $! > pid; echo begun";
    let call = json!({"cmd": script, "login": false, "yield_time_ms": 30_000});
    let probe = Probe::start([
        Answer::new().call("c", "exec_command", call),
        Answer::new().say("ok"),
    ])
    .await;
    let mut pid = Ear::new(probe.work().join("pid"));
    probe.run("hi").await;
    let output = probe.model.requests()[1].tool_output("c").unwrap().to_owned();
    assert!(output.contains("Process exited with code 0\n"), "{output}");
    assert!(output.contains("begun\n"), "{output}");
    assert_eq!(pid.pids(1).await.len(), 1);
}

#[tokio::test]
async fn all_that_a_command_wrote_itself_is_read_though_others_hold_its_pipe() {
    let script = "sleep 60 & seq 1 12000";
    let call = json!({"cmd": script, "login": false, "yield_time_ms": 30_000, "max_output_tokens": 50_000});
    let config = "tool_output_token_limit = 50000";
    let answers = [
        Answer::new().call("c", "exec_command", call),
        Answer::new().say("ok"),
    ];
    let probe = Probe::start_with(answers, config, codex_core::StartThread::default()).await;
    probe.turn("hi");
    probe.wait(0, |line| line.starts_with("started command c")).await;
    // Longer than anybody waits for an ended command's pipe.
    probe.congest(true);
    let busy = tokio::process::Command::new("seq")
        .args(["1", "3000000"])
        .output();
    busy.await.unwrap();
    probe.congest(false);
    probe.until_turn_end(0).await;
    let output = probe.model.requests()[1].tool_output("c").unwrap().to_owned();
    assert!(output.ends_with("11999\n12000\n"), "{output}");
}
