//! Whether a command may run, as far as the user has a say in it (docs/contract/items-and-approvals.md#command-approval).

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::super::{CallContext, ToolEnd, hooked, reviewed};
use super::aborted;
use crate::approval_review::{ApprovalReviewer, ReviewVerdict};
use crate::external_file::{READ_TIMEOUT, in_background};
use crate::model::FunctionOutput;
use crate::outbox::CommandQuestion;
use crate::safety::{AllowedCommand, Assessment, CommandRequest, Confinement, Question, Wish, rejected};
use crate::{AdditionalPermissions, ApprovalDecision, Event, Item, ItemBody, ReviewedAction};

/// How long a rule that the user has added may take to be written.
const WRITE_TIMEOUT: Duration = Duration::from_secs(5);

/// Decides about a command: in the order of the calls, and off the runtime's thread where files must be looked at.
pub(super) async fn assess(cx: &CallContext, request: &Arc<CommandRequest>) -> Assessment {
    let _turn = cx.approvals.my_turn().await;
    if let Some(assessment) = request.assess_at_once(cx.approvals.rules()) {
        return assessment;
    }
    let (work, rules) = (Arc::clone(request), cx.approvals.rules().clone());
    match in_background(READ_TIMEOUT, move || work.assess(&rules)).await {
        Ok(assessment) => assessment,
        Err(error) => {
            tracing::warn!("the programs of a command could not be looked at: {error}");
            request.assess_without_files(cx.approvals.rules())
        }
    }
}

/// How a question about a command ended.
pub(super) enum ApprovalOutcome {
    /// No user or reviewer has been asked: it runs like this, and is announced when it does.
    Unasked(Confinement),
    /// It runs like this, and its item has been announced.
    Run(Confinement),
    /// Nothing more is to be told of it: the turn was interrupted, and the command has neither run nor been declined; or its
    /// end has been told.
    Over(ToolEnd),
}

/// Whether the user has allowed this command for the session.
pub(super) fn is_allowed(cx: &CallContext, request: &CommandRequest, question: &Question) -> bool {
    cx.approvals.is_allowed(&allowed(request, question))
}

/// Asks the user, or whoever judges in their place. The command's item is announced with the question, and completed if it is
/// declined.
pub(super) async fn ask(
    cx: &CallContext,
    request: &Arc<CommandRequest>,
    question: Question,
    item: &Item,
    justification: Option<String>,
) -> ApprovalOutcome {
    let ItemBody::CommandExecution(command) = &item.body else {
        return ApprovalOutcome::Run(question.confinement);
    };
    match hooked::decide_command(cx, &item.id, command, justification.as_deref()).await {
        Some(Ok(())) if question.for_user => {}
        Some(Ok(())) => return ApprovalOutcome::Unasked(question.confinement),
        Some(Err(reason)) => return ApprovalOutcome::Over(ToolEnd::text(rejected(&reason))),
        None => {}
    }
    if let Some(reviewer) = cx.reviewer.as_ref().filter(|_| !question.for_user) {
        return review(cx, reviewer, request, question, item, justification).await;
    }
    let begin = tokio::time::Instant::now();
    let asked = CommandQuestion {
        turn_id: cx.turn_id.clone(),
        item_id: item.id.as_str().into(),
        item: Some(item.clone()),
        input_call: None,
        reason: question.reason.clone().or(justification),
        command: command.command.clone(),
        cwd: command.cwd.clone(),
        actions: command.actions.clone(),
        proposed_rule: question.proposed_rule.clone(),
        additional_permissions: match &request.wish {
            Wish::Additional(permissions) => Some(permissions.clone()),
            Wish::Default | Wish::Escalated => None,
        },
    };
    let Some(decision) = cx.outbox.approve_command(asked, &cx.cancel).await else {
        return ApprovalOutcome::Over(aborted(begin.elapsed()));
    };
    let by_user = || FunctionOutput::Text(rejected("rejected by user"));
    match decision {
        ApprovalDecision::Accept => ApprovalOutcome::Run(question.confinement),
        ApprovalDecision::AcceptWithRule(words) if ApprovalDecision::is_rule(&words) => {
            ApprovalOutcome::Run(add_rule(cx, request, words, question.confinement).await)
        }
        ApprovalDecision::AcceptForSession => {
            cx.approvals.allow(allowed(request, &question));
            ApprovalOutcome::Run(question.confinement)
        }
        ApprovalDecision::Decline => ApprovalOutcome::Over(ToolEnd::Output(by_user())),
        ApprovalDecision::Cancel => ApprovalOutcome::Over(ToolEnd::StopTurn(by_user())),
        // A rule without words would allow everything.
        ApprovalDecision::AcceptWithRule(_) | ApprovalDecision::Failed => {
            ApprovalOutcome::Over(ToolEnd::text(rejected("approval request failed")))
        }
    }
}

/// The end of a command that needs approval and that a hook forbids. A hook's consent is not asked for.
pub(super) async fn forbidden_by_hook(
    cx: &CallContext,
    item: &Item,
    justification: Option<&str>,
) -> Option<ToolEnd> {
    let ItemBody::CommandExecution(command) = &item.body else {
        return None;
    };
    let decision = hooked::decide_command(cx, &item.id, command, justification).await?;
    let reason = decision.err()?;
    Some(ToolEnd::text(rejected(&reason)))
}

/// Has a model judge in the user's place. The command's item is announced.
pub(super) async fn review(
    cx: &CallContext,
    reviewer: &Arc<dyn ApprovalReviewer>,
    request: &CommandRequest,
    question: Question,
    item: &Item,
    justification: Option<String>,
) -> ApprovalOutcome {
    let begin = tokio::time::Instant::now();
    cx.outbox.item_started(&cx.turn_id, item.clone());
    let (action, details) = planned(request, &question, justification.as_deref());
    match reviewed::judge(cx, reviewer, &item.id, action, details).await {
        ReviewVerdict::Approved => ApprovalOutcome::Run(question.confinement),
        ReviewVerdict::Rejected { text, stop } => {
            decline(cx, item.clone()).await;
            ApprovalOutcome::Over(reviewed::rejected(cx, rejected(&text), stop))
        }
        ReviewVerdict::Aborted => ApprovalOutcome::Over(aborted(begin.elapsed())),
    }
}

/// A command as it is judged.
pub(super) fn planned(
    request: &CommandRequest,
    question: &Question,
    justification: Option<&str>,
) -> (ReviewedAction, Value) {
    let asks_for = match &request.wish {
        Wish::Default => json!("use_default"),
        Wish::Escalated => json!("require_escalated"),
        Wish::Additional(permissions) => json!({
            "read": permissions.read,
            "write": permissions.write,
            "network": permissions.network,
        }),
    };
    let details = json!({
        "tool": "exec_command",
        "command": request.argv,
        "cwd": request.cwd,
        "asks_for": asks_for,
        "runs_without_sandbox": question.confinement == Confinement::None,
        "justification": justification,
        "why_it_needs_approval": question.reason,
    });
    let action = ReviewedAction::Command {
        command: request.argv.clone(),
        cwd: request.cwd.clone(),
    };
    (action, details)
}

/// The item of a command that does not run.
pub(super) async fn decline(cx: &CallContext, mut item: Item) {
    item.body.decline();
    cx.outbox.item_completed(&cx.turn_id, item).await;
}

/// Adds a rule of the user, and says how the command runs now: outside of the sandbox, if the rules allow it.
async fn add_rule(
    cx: &CallContext,
    request: &Arc<CommandRequest>,
    words: Vec<String>,
    otherwise: Confinement,
) -> Confinement {
    let (work, rules) = (Arc::clone(request), cx.approvals.rules().clone());
    let prefix = words.clone();
    let added = in_background(WRITE_TIMEOUT, move || {
        (rules.allow(&words), work.is_allowed(&rules))
    })
    .await;
    if added.is_ok() {
        cx.approvals.allowed_prefix(prefix);
    }
    let (problem, is_allowed) = match added {
        Ok((Ok(()), is_allowed)) => (None, is_allowed),
        Ok((Err(error), is_allowed)) => {
            let lasts = "could not be written to rules/default.rules, so it holds only until the server ends";
            (Some(format!("The rule {lasts}: {error}")), is_allowed)
        }
        Err(error) => (Some(format!("The rule could not be added: {error}")), false),
    };
    if let Some(problem) = problem {
        cx.outbox.emit(Event::Warning(problem));
    }
    if is_allowed { Confinement::None } else { otherwise }
}

fn allowed(request: &CommandRequest, question: &Question) -> AllowedCommand {
    AllowedCommand {
        shell: request.argv.first().cloned().unwrap_or_default(),
        script: request.script().to_owned(),
        terminal: request.terminal,
        cwd: request.cwd.clone(),
        confinement: question.confinement,
        permissions: match &request.wish {
            Wish::Additional(permissions) => permissions.clone(),
            Wish::Default | Wish::Escalated => AdditionalPermissions::default(),
        },
    }
}
