//! Commands that run.

use std::time::{Duration, Instant};

use serde_json::json;

use super::fifo::Gate;
use super::process::wait_until_dead;
use super::{Bench, command, is_alive, output, session_id, text};
use crate::{CallStatus, CommandSource, Event};

#[tokio::test]
async fn a_command_streams_and_ends_with_its_exit_code() {
    let mut bench = Bench::free();
    let end = bench.exec(json!({"cmd": "echo out; echo err >&2; exit 3"})).await;
    let Event::ItemStarted { turn_id, item } = bench.event().await else {
        panic!("the item comes first");
    };
    assert_eq!((&*turn_id, item.id.as_str()), ("t1", "c1"));
    let started = command(item.body);
    assert_eq!(started.source, CommandSource::UnifiedExecStartup);
    assert_eq!(started.status, CallStatus::InProgress);
    assert!(
        started
            .process_id
            .expect("a session")
            .parse::<u32>()
            .expect("a number")
            >= 1000
    );
    assert_eq!(started.command[1..], ["-c", "echo out; echo err >&2; exit 3"]);
    let (completed, deltas) = bench.completed().await;
    assert_eq!(deltas, "out\nerr\n");
    assert_eq!(completed.aggregated_output.as_deref(), Some("out\nerr\n"));
    assert_eq!(
        (completed.status, completed.exit_code),
        (CallStatus::Failed, Some(3))
    );
    let text = text(end);
    let lines: Vec<_> = text.lines().collect();
    assert!(
        lines[0].starts_with("Chunk ID: ") && lines[0].len() == 16,
        "{text}"
    );
    assert!(
        lines[1].starts_with("Wall time: ") && lines[1].ends_with(" seconds"),
        "{text}"
    );
    assert_eq!(
        lines[2..],
        [
            "Process exited with code 3",
            "Original token count: 2",
            "Output:",
            "out",
            "err"
        ]
    );
}

#[tokio::test]
async fn a_silent_success_has_no_output() {
    let mut bench = Bench::free();
    assert_eq!(output(bench.exec(json!({"cmd": "cat"})).await), "");
    let (completed, _) = bench.completed().await;
    assert_eq!(
        (completed.status, completed.exit_code),
        (CallStatus::Completed, Some(0))
    );
    assert_eq!(completed.aggregated_output, None);
}

#[tokio::test]
async fn a_command_runs_in_its_folder_with_its_environment() {
    let bench = Bench::free();
    std::fs::create_dir(bench.path().join("sub")).expect("mkdir");
    let script = "pwd; echo $CODEX_TOOL_CALL_ID $TERM $PAGER";
    let out = output(bench.exec(json!({"cmd": script, "workdir": "sub"})).await);
    let sub = bench.path().join("sub").canonicalize().expect("there");
    assert_eq!(out, format!("{}\nc1 dumb cat\n", sub.display()));
}

#[tokio::test]
async fn a_command_that_cannot_start_has_a_failed_item() {
    let mut bench = Bench::free();
    let said = text(bench.exec(json!({"cmd": "ls", "workdir": "nowhere"})).await);
    assert_eq!(
        said,
        "exec_command failed: CreateProcess { message: \"Rejected(\\\"Failed to create unified exec process: \
         No such file or directory (os error 2)\\\")\" }"
    );
    let (completed, _) = bench.completed().await;
    assert_eq!(
        (completed.status, completed.exit_code),
        (CallStatus::Failed, Some(-1))
    );
    assert_eq!(
        (completed.process_id, completed.source),
        (None, CommandSource::UnifiedExecStartup)
    );
    let output = completed.aggregated_output.expect("says why");
    assert_eq!(
        output,
        "Failed to create unified exec process: No such file or directory (os error 2)"
    );
}

#[tokio::test]
async fn signals_count_from_128() {
    let bench = Bench::free();
    let said = text(bench.exec(json!({"cmd": "kill -KILL $$"})).await);
    assert!(said.contains("Process exited with code 137"), "{said}");
}

#[tokio::test]
async fn long_output_streams_whole_and_is_cut_for_the_model() {
    let mut bench = Bench::free();
    let end = bench
        .exec(json!({"cmd": "seq 1 300000", "max_output_tokens": 100}))
        .await;
    let numbers: Vec<_> = (1..=300_000).map(|n| n.to_string()).collect();
    let all = numbers.join("\n") + "\n";
    let (completed, deltas) = bench.completed().await;
    assert_eq!(deltas, all);
    let kept = completed.aggregated_output.expect("output");
    assert!(kept.len() < 1024 * 1024 + 100 && kept.contains(" bytes omitted ..."));
    let said = text(end);
    assert!(said.contains(&format!("Original token count: {}\n", all.len().div_ceil(4))));
    assert!(
        said.contains("Output:\nWarning: truncated output (original token count: "),
        "{said}"
    );
    assert!(
        said.contains(" tokens truncated…") && said.ends_with("300000\n") && said.len() < 700,
        "{said}"
    );
}

#[tokio::test]
async fn what_is_not_utf8_is_replaced() {
    let mut bench = Bench::free();
    let end = bench
        .exec(json!({"cmd": r"printf 'a\303'; sleep 0.1; printf '\244b\377'"}))
        .await;
    assert_eq!(bench.completed().await.1, "aäb\u{fffd}");
    assert_eq!(output(end), "aäb\u{fffd}");
}

#[tokio::test]
async fn a_long_command_goes_on_and_can_be_followed() {
    let mut bench = Bench::free();
    let mut gate = Gate::new(bench.path().join("gate"));
    let script = "echo begin; read _ < gate; echo end; exit 7";
    let end = bench.exec(json!({"cmd": script, "yield_time_ms": 1})).await;
    let said = text(end.clone());
    assert!(said.ends_with("Output:\nbegin\n"), "{said}");
    let id = session_id(end);
    gate.open();
    bench.cx.turn_id = "t2".into();
    let end = text(bench.call("write_stdin", &json!({"session_id": id})).await);
    assert!(
        end.contains("Process exited with code 7") && end.ends_with("Output:\nend\n"),
        "{end}"
    );
    loop {
        match bench.event().await {
            Event::TerminalInteraction { .. } => panic!("a look is no interaction"),
            Event::ItemCompleted { turn_id, item } => {
                assert_eq!(&*turn_id, "t1", "the item stays with its turn");
                let output = command(item.body).aggregated_output;
                assert_eq!(output.as_deref(), Some("begin\nend\n"));
                break;
            }
            _ => {}
        }
    }
    let gone = text(bench.call("write_stdin", &json!({"session_id": id})).await);
    assert_eq!(gone, format!("write_stdin failed: Unknown process id {id}"));
    let none = text(bench.call("write_stdin", &json!({"session_id": -1})).await);
    assert_eq!(none, "write_stdin failed: Unknown process id -1");
}

#[tokio::test]
async fn a_running_command_can_be_interrupted_but_not_written_to() {
    let mut bench = Bench::free();
    let id = session_id(
        bench
            .exec(json!({"cmd": "exec sleep 60", "yield_time_ms": 1}))
            .await,
    );
    let said = text(
        bench
            .call("write_stdin", &json!({"session_id": id, "chars": "hello\n"}))
            .await,
    );
    assert!(
        said.starts_with("write_stdin failed: stdin is closed for this session"),
        "{said}"
    );
    let call = json!({"session_id": id, "chars": "\u{3}", "yield_time_ms": 10_000});
    let said = text(bench.call("write_stdin", &call).await);
    assert!(said.contains("Process exited with code 130"), "{said}");
    let written = loop {
        if let Event::TerminalInteraction {
            process_id, stdin, ..
        } = bench.event().await
        {
            break (process_id, stdin);
        }
    };
    assert_eq!(written, (id.to_string(), "\u{3}".to_owned()));
}

#[tokio::test]
async fn a_shell_is_found_by_its_name() {
    let mut bench = Bench::free();
    assert_eq!(
        output(bench.exec(json!({"cmd": "echo hi", "shell": "sh"})).await),
        "hi\n"
    );
    let shell = bench.completed().await.0.command[0].clone();
    assert!(shell.starts_with('/') && shell.ends_with("/sh"), "{shell}");
    // One that is not there, or no shell, is the user's.
    for unknown in ["no-such-shell", "/no/such/bash", "python3"] {
        let said = output(bench.exec(json!({"cmd": "echo hi", "shell": unknown})).await);
        assert_eq!(said, "hi\n");
        let shell = bench.completed().await.0.command[0].clone();
        assert!(shell.starts_with('/') && shell.ends_with("sh"), "{shell}");
    }
}

#[tokio::test]
async fn one_command_too_many_ends_the_one_that_nobody_looked_at_for_longest() {
    let bench = Bench::free();
    let start = || tokio::spawn(bench.exec(json!({"cmd": "exec sleep 60", "yield_time_ms": 1})));
    let first: Vec<_> = (0..64).map(|_| start()).collect();
    let mut all = Vec::new();
    for started in first {
        all.push(session_id(started.await.expect("no panic")));
    }
    all.push(session_id(start().await.expect("no panic")));
    let mut gone = 0;
    for id in all {
        let chars = json!({"session_id": id, "chars": "\u{3}", "yield_time_ms": 10_000});
        let said = text(bench.call("write_stdin", &chars).await);
        if said == format!("write_stdin failed: Unknown process id {id}") {
            gone += 1;
        } else {
            assert!(said.contains("Process exited with code 130"), "{said}");
        }
    }
    assert_eq!(gone, 1);
}

#[tokio::test]
async fn what_cannot_be_done_is_said() {
    let bench = Bench::free();
    let said = text(bench.exec(json!({"command": "ls"})).await);
    assert!(
        said.starts_with("failed to parse function arguments: missing field `cmd`"),
        "{said}"
    );
    assert_eq!(
        text(bench.call("nonesuch", &json!({})).await),
        "unsupported call: nonesuch"
    );
}

#[tokio::test]
async fn an_interrupt_ends_the_command_and_completes_its_item() {
    let mut bench = Bench::free();
    let running = bench.exec(json!({"cmd": "sleep 60 & echo $!; wait"}));
    let running = tokio::spawn(running);
    let child = loop {
        if let Event::Delta { text, .. } = bench.event().await {
            break text;
        }
    };
    let begin = Instant::now();
    bench.cx.cancel.cancel();
    let said = text(running.await.expect("no panic"));
    assert!(begin.elapsed() < Duration::from_secs(2), "{:?}", begin.elapsed());
    assert!(
        said.starts_with("Wall time: ") && said.ends_with(" seconds\naborted by user"),
        "{said}"
    );
    let (completed, _) = bench.completed().await;
    assert_eq!(
        (completed.status, completed.exit_code),
        (CallStatus::Failed, Some(-1))
    );
    wait_until_dead(child.trim().parse().expect("a process id")).await;
}

#[tokio::test]
async fn a_command_that_ignores_the_interrupt_is_killed() {
    let mut bench = Bench::free();
    let running =
        tokio::spawn(bench.exec(json!({"cmd": "trap '' TERM; echo on; while :; do sleep 0.1; done"})));
    while !matches!(bench.event().await, Event::Delta { .. }) {}
    bench.cx.cancel.cancel();
    let said = text(running.await.expect("no panic"));
    assert!(said.ends_with("aborted by user"), "{said}");
    assert_eq!(bench.completed().await.0.exit_code, Some(-1));
}

#[tokio::test]
async fn commands_in_the_background_survive_an_interrupt_but_not_the_end() {
    let mut bench = Bench::free();
    let end = bench
        .exec(json!({"cmd": "echo $$; sleep 60 & wait", "yield_time_ms": 1}))
        .await;
    let process = output(end.clone());
    let id = session_id(end);
    let look = tokio::spawn(bench.call("write_stdin", &json!({"session_id": id})));
    bench.cx.cancel.cancel();
    assert!(text(look.await.expect("no panic")).ends_with("aborted by user"));
    assert!(is_alive(&process));
    let begin = Instant::now();
    bench
        .cx
        .exec
        .shutdown(tokio::time::Instant::now() + Duration::from_secs(5))
        .await;
    assert!(begin.elapsed() < Duration::from_secs(4), "{:?}", begin.elapsed());
    assert!(!is_alive(&process));
    assert_eq!(bench.completed().await.0.exit_code, Some(-1));
    let said = text(bench.exec(json!({"cmd": "ls"})).await);
    assert!(
        said.contains("the thread is ending"),
        "no command starts after the end: {said}"
    );
}

#[tokio::test]
async fn what_a_command_leaves_behind_does_not_hold_it_up() {
    let mut bench = Bench::free();
    let begin = Instant::now();
    let end = bench.exec(json!({"cmd": "sleep 60 & echo $!"})).await;
    assert!(begin.elapsed() < Duration::from_secs(5));
    let left = output(end);
    assert_eq!(bench.completed().await.0.exit_code, Some(0));
    assert!(is_alive(&left));
    bench
        .cx
        .exec
        .shutdown(tokio::time::Instant::now() + Duration::from_secs(5))
        .await;
    assert!(!is_alive(&left));
}
