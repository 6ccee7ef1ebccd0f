//! Commands of the model, through the engine.

use std::time::Duration;

use codex_core::mock_model::Answer;
use serde_json::json;

use crate::session_probe::Probe;

#[tokio::test]
async fn a_flood_waits_for_a_slow_reader_and_loses_nothing() {
    let script = "until [ -e go ]; do sleep 0.01; done; seq 1 200000; touch done";
    let call = json!({"cmd": script, "login": false, "yield_time_ms": 30_000});
    let probe = Probe::start([
        Answer::new().call("c", "exec_command", call),
        Answer::new().say("ok"),
    ])
    .await;
    probe.turn("hi");
    probe.wait(0, |line| line.starts_with("started command c")).await;
    probe.congest(true);
    std::fs::write(probe.work().join("go"), "").unwrap();
    // The command needs a few milliseconds for this, unless its pipe is full.
    tokio::time::sleep(Duration::from_millis(300)).await;
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
    let script = "echo begin; until [ -e go ]; do sleep 0.01; done; echo end";
    let call = json!({"cmd": script, "login": false, "yield_time_ms": 250});
    let probe = Probe::start([
        Answer::new().call("c", "exec_command", call),
        Answer::new().say("ok"),
    ])
    .await;
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
    std::fs::write(probe.work().join("go"), "").unwrap();
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
