//! Whether the model may type at a command that runs with fewer limits than commands have now
//! (docs/contract/safety.md#input-for-running-commands).

use std::sync::Arc;

use serde_json::json;

use super::super::exec_command::aborted;
use super::super::{CallContext, ToolEnd, reviewed};
use crate::approval_review::{ApprovalReviewer, ReviewVerdict};
use crate::exec::{CommandSession, InputLimits};
use crate::model::FunctionOutput;
use crate::outbox::CommandQuestion;
use crate::{ApprovalDecision, ApprovalPolicy, CommandAction, ReviewedAction};

/// Asks the user, if there is a reason to. `Err`: nothing may be typed.
pub(super) async fn check(
    cx: &CallContext,
    call_id: &str,
    session: &CommandSession,
    chars: &str,
) -> Result<(), ToolEnd> {
    if let Some(reviewer) = cx.strict_reviewer() {
        let reason = "everything in this turn is reviewed";
        return review(cx, reviewer, call_id, session, chars, reason).await;
    }
    let reason = match session.input_limits(&cx.settings, &cx.approvals.granted(&cx.turn_id)) {
        InputLimits::AsNow => return Ok(()),
        InputLimits::Outside => "it was started outside of the sandbox",
        InputLimits::NoSandbox => "it runs without a sandbox",
        InputLimits::Different => "it runs with other permissions than commands have now",
    };
    let rejected = |why: &str| Err(ToolEnd::text(format!("write_stdin rejected: {why}")));
    match &cx.settings.approval_policy {
        ApprovalPolicy::Never => {
            return rejected("approval required by policy, but AskForApproval is set to Never");
        }
        ApprovalPolicy::Granular(granular) if !granular.sandbox_approval => {
            return rejected(
                "approval required by policy, but AskForApproval::Granular.sandbox_approval is false",
            );
        }
        ApprovalPolicy::Untrusted | ApprovalPolicy::OnRequest | ApprovalPolicy::Granular(_) => {}
    }
    if let Some(reviewer) = &cx.reviewer {
        return review(cx, reviewer, call_id, session, chars, reason).await;
    }
    let words = ["write_stdin", "--session-id", &session.id().to_string(), chars].map(str::to_owned);
    let line = shlex::try_join(words.iter().map(String::as_str)).unwrap_or_else(|_| words.join(" "));
    let begin = tokio::time::Instant::now();
    let asked = CommandQuestion {
        turn_id: Arc::clone(&cx.turn_id),
        item_id: Arc::clone(session.item_id()),
        item: None,
        input_call: Some(call_id.into()),
        reason: Some(format!(
            "Types at a command that is running: {reason}. The folder is the one that it was started in; where it is \
             now, and what it would do with the input, is not known."
        )),
        command: words.into(),
        cwd: session.cwd().clone(),
        actions: vec![CommandAction::Unknown { command: line }],
        proposed_rule: None,
        additional_permissions: None,
    };
    let Some(decision) = cx.outbox.approve_command(asked, &cx.cancel).await else {
        return Err(aborted(begin.elapsed()));
    };
    match decision {
        // Asked again each time: what is typed differs.
        ApprovalDecision::Accept | ApprovalDecision::AcceptForSession => Ok(()),
        ApprovalDecision::Decline => rejected("rejected by user"),
        ApprovalDecision::Cancel => Err(ToolEnd::StopTurn(FunctionOutput::Text(
            "write_stdin rejected: rejected by user".to_owned(),
        ))),
        ApprovalDecision::AcceptWithRule(_) | ApprovalDecision::Failed => rejected("approval request failed"),
    }
}

/// Has a model judge in the user's place.
async fn review(
    cx: &CallContext,
    reviewer: &Arc<dyn ApprovalReviewer>,
    call_id: &str,
    session: &CommandSession,
    chars: &str,
    reason: &str,
) -> Result<(), ToolEnd> {
    let begin = tokio::time::Instant::now();
    let action = ReviewedAction::Input {
        call_id: call_id.to_owned(),
        process_id: session.id().to_string(),
        stdin: chars.to_owned(),
        cwd: session.cwd().clone(),
    };
    let details = json!({
        "tool": "write_stdin",
        "session_id": session.id(),
        "of_call": &**session.item_id(),
        "typed": chars,
        "started_in": session.cwd(),
        "why_it_needs_approval": reason,
    });
    match reviewed::judge(cx, reviewer, session.item_id(), action, details).await {
        ReviewVerdict::Approved => Ok(()),
        ReviewVerdict::Rejected { text, stop } => Err(reviewed::rejected(
            cx,
            format!("write_stdin rejected: {text}"),
            stop,
        )),
        ReviewVerdict::Aborted => Err(aborted(begin.elapsed())),
    }
}
