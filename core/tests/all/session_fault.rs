//! A fault of ours in the middle of a turn.

use codex_core::mock_model::Answer;
use codex_core::*;
use rustix::process::{Pid, test_kill_process};
use serde_json::json;

use crate::fifo::Ear;
use crate::session_probe::Probe;

/// Resumes the probe's thread, in the same process.
async fn resume(probe: &mut Probe) -> Vec<Turn> {
    let (reply, resumed) = Reply::channel();
    let resume = ResumeThread {
        id: Some(probe.thread.id()),
        all_turns: true,
        ..ResumeThread::default()
    };
    probe.engine.resume_thread(resume, reply).await;
    let resumed = resumed.await.unwrap();
    probe.thread = probe.engine.thread(probe.thread.id()).unwrap();
    probe.thread.set_subscribers(1);
    resumed.turns.map(Result::unwrap).collect()
}

#[tokio::test]
async fn a_panic_ends_the_turn_and_its_commands_and_the_thread_can_be_resumed() {
    let script = "sleep 300 & printf '%s\\n' $$ $! > pids; wait";
    let call = json!({"cmd": script, "login": false, "yield_time_ms": 250});
    let mut probe = Probe::start([
        Answer::new().call("c", "exec_command", call),
        Answer::new().say("oops"),
        Answer::new().say("better"),
    ])
    .await;
    let mut pids = Ear::new(probe.work().join("pids"));
    probe.recorder.trap("delta");
    probe.turn("one");
    let pids = pids.pids(2).await;
    probe.wait(0, |line| line == "closed").await;

    let lines = probe.lines();
    let at = |begin: &str| {
        let at = lines.iter().position(|line| line.starts_with(begin));
        at.unwrap_or_else(|| panic!("{begin} in {lines:#?}"))
    };
    assert!(at("completed command c Failed") < at("error An internal error"));
    assert!(at("error An internal error") < at("turn Failed"));
    assert!(at("turn Failed") < at("status NotLoaded"));
    assert!(probe.engine.loaded().is_empty());
    for pid in pids {
        let gone = async {
            while test_kill_process(Pid::from_raw(pid).unwrap()).is_ok() {
                tokio::task::yield_now().await;
            }
        };
        let gone = tokio::time::timeout(std::time::Duration::from_secs(10), gone).await;
        gone.expect("the command has ended");
    }

    let turns = resume(&mut probe).await;
    assert_eq!(turns.len(), 1);
    assert_eq!(turns[0].status, TurnStatus::Failed);
    let error = turns[0].error.as_ref().unwrap();
    assert!(
        error.message.contains("internal error of codex-app-server"),
        "{error:?}"
    );
    let lines = probe.run("two").await;
    assert!(lines.last().unwrap().starts_with("turn Completed"), "{lines:#?}");
}

#[tokio::test]
async fn a_panic_before_the_turn_is_under_way_gives_it_an_end_too() {
    let mut probe = Probe::start([Answer::new().say("ok")]).await;
    probe.recorder.trap("turn started");
    probe.turn("one");
    probe.wait(0, |line| line == "closed").await;
    let lines = probe.lines();
    assert!(
        lines.iter().any(|line| line.starts_with("turn Failed")),
        "{lines:#?}"
    );
    let turns = resume(&mut probe).await;
    assert!(
        turns.iter().all(|turn| turn.status == TurnStatus::Failed),
        "{turns:?}"
    );
    probe.run("two").await;
}

#[tokio::test]
async fn a_panic_over_the_output_of_a_command_ends_the_command_only() {
    let call = json!({"cmd": "echo x; sleep 300", "login": false, "yield_time_ms": 30_000});
    let probe = Probe::start([
        Answer::new().call("c", "exec_command", call),
        Answer::new().say("ok"),
    ])
    .await;
    probe.recorder.trap("output");
    let lines = probe.run("one").await;
    let told = |begin: &str| lines.iter().any(|line| line.starts_with(begin));
    assert!(told("completed command c Failed exit=Some(-1)"), "{lines:#?}");
    assert!(told("turn Completed"), "{lines:#?}");
}
