//! Commands that may run, or may not.

use serde_json::json;

use super::{Bench, command, output, text};
use crate::tools::ToolEnd;
use crate::{ApprovalDecision, ApprovalPolicy, CallStatus, CommandSource, Event, SandboxPolicy};

#[tokio::test]
async fn within_limits_every_command_is_asked_for() {
    let sandbox = SandboxPolicy::ReadOnly {
        network_access: false,
    };
    let mut bench = Bench::new(sandbox, ApprovalPolicy::OnRequest);
    let running = tokio::spawn(
        bench
            .exec(json!({"cmd": "echo hi", "sandbox_permissions": "use_default", "justification": "may I?"})),
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
    assert_eq!(question.command[1..], ["-c", "echo hi"]);
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
        output(bench.exec(json!({"cmd": "echo hi"})).await),
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
        let running = tokio::spawn(bench.exec(json!({"cmd": "echo hi"})));
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
    let running = tokio::spawn(bench.exec(json!({"cmd": "echo hi"})));
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
    let said = text(bench.exec(json!({"cmd": "ls"})).await);
    assert!(
        said.contains("Rejected(") && said.contains("no sandbox"),
        "{said}"
    );
    assert_eq!(bench.completed().await.0.status, CallStatus::Declined);
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
