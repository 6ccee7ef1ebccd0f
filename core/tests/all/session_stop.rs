//! Steering and interrupting a turn, and the end of threads.

use std::time::{Duration, Instant};

use codex_core::mock_model::Answer;
use codex_core::*;
use serde_json::json;

use crate::session_probe::{Probe, assert_told, assert_told_first, assert_told_last, say};

/// Streams half a message and goes silent.
fn half() -> Answer {
    Answer::new()
        .event(json!({"type": "response.output_item.added",
            "item": {"type": "message", "id": "m", "role": "assistant", "content": []}}))
        .event(json!({"type": "response.output_text.delta", "delta": "half"}))
        .hang()
}

/// Waits for the half message of [`half`], and gives the turn's id.
async fn half_way(probe: &Probe, from: usize) -> String {
    probe.wait(from, |line| line == "delta m half").await;
    probe.active_turn().await
}

#[tokio::test]
async fn a_steer_cuts_the_stream_and_keeps_what_was_seen() {
    let probe = Probe::start([half(), Answer::new().say("steered"), Answer::new().say("next")]).await;
    probe.turn("one");
    let turn = half_way(&probe, 0).await;
    probe.steer("nonsense", "x");
    probe.steer(&turn, "two");
    let lines = probe.until_turn_end(0).await;
    let story = [
        format!(
            "turn/steer -> error: {:?}",
            Error::StaleTurn {
                expected: "nonsense".into(),
                active: turn.clone(),
                operation: TurnOperation::Steer,
            }
        ),
        "turn/steer -> ok".to_owned(),
        "completed message m 'half'".to_owned(),
        "started user two".to_owned(),
        "completed user two".to_owned(),
        "started message msg-2-0 ''".to_owned(),
    ];
    assert_told(&lines, &story);
    probe.model.wait_for_cancelled(1).await.unwrap();
    let requests = probe.model.requests();
    let sent = requests[1].input_of("message");
    assert_eq!(sent.len(), 4, "what was cut is not sent: {sent:?}");
    probe.steer(&turn, "late");
    probe
        .wait(0, |line| line == "turn/steer -> error: NoActiveTurn(Steer)")
        .await;
}

#[tokio::test]
async fn a_start_during_a_turn_steers_it() {
    let probe = Probe::start([half(), Answer::new().say("ok")]).await;
    probe.turn("one");
    let turn = half_way(&probe, 0).await;
    let (reply, answer) = Reply::channel();
    let start = Box::new(StartTurn {
        input: vec![say("two")],
        client_user_message_id: Some("mine".into()),
        settings: SettingsPatch {
            effort: Some("high".into()),
            ..SettingsPatch::default()
        },
        ..StartTurn::default()
    });
    probe.thread.submit(Op::StartTurn { start, reply });
    let answer = answer.await.unwrap();
    assert_eq!(answer.id, turn);
    assert_eq!(answer.started_at, None);
    let lines = probe.until_turn_end(0).await;
    assert!(lines.contains(&"completed user (mine) two".to_owned()));
    assert_eq!(
        lines
            .iter()
            .filter(|line| line.starts_with("turn started"))
            .count(),
        1
    );
    assert!(lines.iter().any(|line| line.starts_with("settings")));
    let requests = probe.model.requests();
    assert_eq!(
        requests[1].body["reasoning"]["effort"], "medium",
        "settings count from the next turn"
    );
}

#[tokio::test]
async fn a_steer_waits_for_the_output_of_a_running_tool() {
    let call = Answer::new().call(
        "c",
        "exec_command",
        json!({"cmd": "sleep 0.7; echo done", "yield_time_ms": 5000}),
    );
    let probe = Probe::start([call, Answer::new().say("ok")]).await;
    probe.turn("one");
    probe.wait(0, |line| line.starts_with("started command")).await;
    let turn = probe.active_turn().await;
    probe.steer(&turn, "two");
    probe.steer(&turn, "three");
    let lines = probe.until_turn_end(0).await;
    let at = |line: &str| {
        lines
            .iter()
            .position(|l| l == line)
            .unwrap_or_else(|| panic!("{line} in {lines:#?}"))
    };
    assert!(at("completed command c Completed exit=Some(0)") < at("started user two"));
    assert!(at("completed user two") < at("started user three"));
    let requests = probe.model.requests();
    assert_eq!(requests.len(), 2);
    let kinds: Vec<_> = requests[1]
        .input()
        .iter()
        .rev()
        .take(4)
        .map(|item| item["type"].clone())
        .collect();
    assert_eq!(
        kinds,
        ["message", "message", "function_call_output", "function_call"]
    );
    assert!(requests[1].tool_output("c").unwrap().contains("done"));
}

#[tokio::test]
async fn an_interrupt_ends_the_stream_at_once() {
    let probe = Probe::start([half(), Answer::new().say("next")]).await;
    probe.interrupt("");
    probe.interrupt("any");
    probe.turn("one");
    let turn = half_way(&probe, 0).await;
    probe.interrupt("other");
    probe.interrupt(&turn);
    let lines = probe.until_turn_end(0).await;
    assert_told_first(
        &lines,
        &[
            "turn/interrupt -> ok",
            "turn/interrupt -> error: NoActiveTurn(Interrupt)",
        ],
    );
    let story = [
        format!(
            "turn/interrupt -> error: {:?}",
            Error::StaleTurn {
                expected: "other".into(),
                active: turn.clone(),
                operation: TurnOperation::Interrupt,
            }
        ),
        "turn/interrupt -> ok".to_owned(),
        "status Idle".to_owned(),
        "turn Interrupted []".to_owned(),
    ];
    assert_told_last(&lines, &story);
    probe.run("two").await;
    let requests = probe.model.requests();
    let sent = requests[1].input_of("message");
    let marker = sent[sent.len() - 2]["content"][0]["text"].as_str().unwrap();
    assert!(marker.starts_with("<turn_aborted>"), "{sent:?}");
    assert!(!requests[1].body.to_string().contains("half"));
}

#[tokio::test]
async fn an_interrupt_ends_running_commands() {
    let call = Answer::new().call(
        "c",
        "exec_command",
        json!({"cmd": "echo $$; sleep 60", "yield_time_ms": 30000}),
    );
    let probe = Probe::start([call, Answer::new().say("next")]).await;
    probe.turn("one");
    probe.wait(0, |line| line.starts_with("started command")).await;
    let began = Instant::now();
    probe.interrupt("");
    let lines = probe.until_turn_end(0).await;
    assert!(began.elapsed() < Duration::from_secs(5));
    let at = |start: &str| {
        lines
            .iter()
            .position(|l| l.starts_with(start))
            .unwrap_or_else(|| panic!("{lines:#?}"))
    };
    assert!(at("completed command c Failed") < at("turn/interrupt -> ok"));
    assert!(at("turn/interrupt -> ok") < at("status Idle"));
    probe.run("two").await;
    let requests = probe.model.requests();
    let output = requests[1].tool_output("c").unwrap();
    assert!(output.contains("aborted by user"), "{output}");
    assert!(
        lines.contains(&"usage total=15 last=15".to_owned()),
        "what was used counts"
    );
}

#[tokio::test]
async fn a_question_is_withdrawn_after_the_interrupted_turn() {
    let call = Answer::new().call("c", "exec_command", json!({"cmd": "touch x"}));
    let asks = SettingsPatch {
        approval_policy: Some(ApprovalPolicy::Untrusted),
        sandbox_mode: Some(SandboxMode::ReadOnly),
        ..SettingsPatch::default()
    };
    let start = StartThread {
        settings: asks,
        ..StartThread::default()
    };
    let probe = Probe::start_with([call], "", start).await;
    probe.turn("one");
    probe.wait(0, |line| line.starts_with("question")).await;
    probe.interrupt("");
    probe.wait(0, |line| line == "withdrawn").await;
    let lines = probe.lines();
    let story = [
        "status active, waiting on approval",
        "started command c InProgress exit=None",
        "question c None",
        "turn/interrupt -> ok",
        "status Idle",
        "turn Interrupted []",
        "withdrawn",
    ];
    let from = lines.iter().position(|line| line == story[0]).unwrap();
    let besides = ["usage", "completed command c Declined"];
    let besides = |line: &&String| besides.iter().any(|start| line.starts_with(start));
    let lines: Vec<_> = lines[from..].iter().filter(|line| !besides(line)).collect();
    assert_eq!(lines, story);
}

#[tokio::test]
async fn an_interrupt_cuts_the_wait_before_a_retry() {
    let busy = Answer::status(429).header("retry-after", "600");
    let probe = Probe::start([busy]).await;
    probe.turn("one");
    probe.wait(0, |line| line.starts_with("error Reconnecting")).await;
    probe.interrupt("");
    let lines = probe.until_turn_end(0).await;
    assert_eq!(lines.last().unwrap(), "turn Interrupted []");
}

#[tokio::test]
async fn what_was_said_behind_a_tool_survives_an_interrupt() {
    let call = Answer::new().call(
        "c",
        "exec_command",
        json!({"cmd": "sleep 60", "yield_time_ms": 30000}),
    );
    let probe = Probe::start([call, Answer::new().say("next")]).await;
    probe.turn("one");
    probe.wait(0, |line| line.starts_with("started command")).await;
    let turn = probe.active_turn().await;
    probe.steer(&turn, "remember this");
    probe.interrupt(&turn);
    probe.turn("two");
    probe.wait(0, |line| line.starts_with("turn Completed")).await;
    let requests = probe.model.requests();
    assert!(requests[1].body.to_string().contains("remember this"));
    assert_eq!(probe.turns().await.len(), 2);
}

#[tokio::test]
async fn a_shutdown_interrupts_turns_and_answers_in_time() {
    let call = Answer::new().call(
        "c",
        "exec_command",
        json!({"cmd": "sleep 60", "yield_time_ms": 30000}),
    );
    let probe = Probe::start([call]).await;
    probe.turn("one");
    probe.wait(0, |line| line.starts_with("started command")).await;
    let began = Instant::now();
    probe.engine.shutdown(Duration::from_secs(1)).await;
    assert!(began.elapsed() < Duration::from_secs(1));
    assert!(probe.engine.loaded().is_empty());
    assert!(
        probe.lines().last().unwrap().starts_with("started command"),
        "nobody listens any more"
    );
    probe.turn("too late");
    probe
        .wait(0, |line| line == "turn/start -> error: ThreadEnded")
        .await;
}

#[tokio::test]
async fn a_thread_that_nobody_watches_is_unloaded() {
    let probe = Probe::start_with(
        [Answer::new().say("ok")],
        "thread_unload_delay_secs = 1",
        StartThread::default(),
    )
    .await;
    probe.run("hi").await;
    assert_eq!(probe.engine.loaded(), [probe.thread.id()]);
    probe.thread.set_subscribers(0);
    probe.wait(0, |line| line == "closed").await;
    let lines = probe.lines();
    assert_told_last(&lines, &["status NotLoaded", "closed"]);
    assert!(probe.engine.loaded().is_empty());
}
