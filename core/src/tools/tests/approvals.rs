//! Commands that may run, or may not.

use serde_json::json;

use super::{Bench, command, output, text};
use crate::tools::ToolEnd;
use crate::{ApprovalDecision, ApprovalPolicy, CallStatus, CommandSource, Event, SandboxPolicy};

#[tokio::test]
async fn a_command_that_is_asked_for_runs_once_it_is_allowed() {
    let mut bench = Bench::new(SandboxPolicy::DangerFullAccess, ApprovalPolicy::Untrusted);
    let script = "mkdir -p made; echo hi";
    let running = tokio::spawn(
        bench.exec(json!({"cmd": script, "sandbox_permissions": "use_default", "justification": "may I?"})),
    );
    let started = loop {
        if let Event::ItemStarted { item, .. } = bench.event().await {
            break command(item.body);
        }
    };
    assert_eq!((started.source, started.process_id), (CommandSource::Agent, None));
    let question = bench.question().await;
    assert_eq!(
        (&*question.item_id, question.reason.as_deref()),
        ("c1", Some("may I?"))
    );
    assert_eq!(question.command[1..], ["-c", script]);
    assert_eq!(question.cwd, bench.path());
    question
        .answer
        .send(ApprovalDecision::AcceptForSession)
        .expect("waits");
    assert_eq!(output(running.await.expect("no panic")), "hi\n");
    let mut more = Vec::new();
    while let Ok(event) = bench.events.try_recv() {
        more.push(event);
    }
    assert!(
        !more
            .iter()
            .any(|event| matches!(event, Event::ItemStarted { .. })),
        "started once"
    );
    let completed = more.into_iter().find_map(|event| match event {
        Event::ItemCompleted { item, .. } => Some(command(item.body)),
        _ => None,
    });
    let completed = completed.expect("completed");
    assert_eq!(completed.source, CommandSource::UnifiedExecStartup);
    assert!(completed.process_id.is_some());

    assert_eq!(
        output(bench.exec(json!({"cmd": script})).await),
        "hi\n",
        "not asked again"
    );
}

#[tokio::test]
async fn a_refused_command_has_a_declined_item() {
    for (decision, said, stops) in [
        (ApprovalDecision::Decline, "rejected by user", false),
        (ApprovalDecision::Cancel, "rejected by user", true),
        (ApprovalDecision::Failed, "approval request failed", false),
    ] {
        let mut bench = Bench::new(SandboxPolicy::DangerFullAccess, ApprovalPolicy::Untrusted);
        let running = tokio::spawn(bench.exec(json!({"cmd": "mkdir made"})));
        bench.question().await.answer.send(decision).expect("waits");
        let end = running.await.expect("no panic");
        assert_eq!(matches!(end, ToolEnd::StopTurn(_)), stops);
        assert_eq!(
            text(end),
            format!("exec_command failed: CreateProcess {{ message: \"Rejected(\\\"{said}\\\")\" }}")
        );
        let (completed, _) = bench.completed().await;
        assert_eq!(
            (completed.status, completed.source),
            (CallStatus::Declined, CommandSource::Agent)
        );
    }
}

#[tokio::test]
async fn an_interrupt_withdraws_the_question() {
    let mut bench = Bench::new(SandboxPolicy::DangerFullAccess, ApprovalPolicy::Untrusted);
    let running = tokio::spawn(bench.exec(json!({"cmd": "mkdir made"})));
    let question = bench.question().await;
    bench.cx.cancel.cancel();
    assert!(text(running.await.expect("no panic")).ends_with("aborted by user"));
    assert!(
        matches!(bench.event().await, Event::ApprovalWithdrawn { approval } if approval == question.approval)
    );
    assert!(bench.events.try_recv().is_err(), "nobody has declined it");
}

#[tokio::test]
async fn a_justification_needs_something_to_justify() {
    let bench = Bench::free();
    let said = text(
        bench
            .exec(json!({"cmd": "echo hi", "justification": "may I?"}))
            .await,
    );
    assert!(
        said.starts_with("`justification` goes with an explicit `sandbox_permissions`"),
        "{said}"
    );
}

#[tokio::test]
async fn where_nobody_may_be_asked_limits_mean_no() {
    let sandbox = SandboxPolicy::ReadOnly {
        network_access: false,
    };
    let mut bench = Bench::new(sandbox, ApprovalPolicy::Never);
    // These tests have no launcher, so there is no sandbox: nothing runs without one, and the user hears of it once.
    for _ in 0..2 {
        let said = text(bench.exec(json!({"cmd": "ls"})).await);
        assert!(
            said.contains("Rejected(") && said.contains("can't be sandboxed here"),
            "{said}"
        );
    }
    let mut warnings = 0;
    let mut failed = 0;
    while let Ok(event) = bench.events.try_recv() {
        match event {
            Event::Warning(_) => warnings += 1,
            Event::ItemCompleted { item, .. } => {
                assert_eq!(command(item.body).status, CallStatus::Failed);
                failed += 1;
            }
            _ => {}
        }
    }
    assert_eq!((warnings, failed), (1, 2));
    let said = text(
        bench
            .exec(json!({"cmd": "ls", "sandbox_permissions": "require_escalated"}))
            .await,
    );
    assert_eq!(
        said,
        "approval policy is Never; reject command — you cannot ask for escalated permissions if the approval policy \
         is Never"
    );
    assert_eq!(bench.completed().await.0.status, CallStatus::Declined);
}
