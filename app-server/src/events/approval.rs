//! Requests whether something may be done (docs/contract/items-and-approvals.md#server-requests).

use codex_app_server_protocol::{
    CommandExecutionApprovalDecision as Decision, CommandExecutionApprovalKind,
    CommandExecutionRequestApproval, CommandExecutionRequestApprovalParams, FileChangeApprovalDecision,
    FileChangeRequestApproval, FileChangeRequestApprovalParams, LegacyAppPathString,
    PermissionsRequestApproval, PermissionsRequestApprovalParams, Request,
};
use codex_core::{
    ApprovalDecision, CommandApproval, FileChangeApproval, LOCAL_ENVIRONMENT, PermissionGrant,
    PermissionsApproval, ThreadId,
};
use tokio::sync::oneshot;

use super::delivery::Delivery;
use crate::convert::{command, permission};

/// Asks whether a command may run.
pub(super) fn ask_about_command(delivery: &impl Delivery, thread: ThreadId, question: CommandApproval) {
    let (params, id) = (command_params(thread, &question), question.approval);
    ask::<CommandExecutionRequestApproval>(delivery, thread, id, &params, question.answer, |response| {
        decision_from_wire(response.decision)
    });
}

/// Asks whether files may be changed.
pub(super) fn ask_about_file_change(
    delivery: &impl Delivery,
    thread: ThreadId,
    question: FileChangeApproval,
) {
    let params = FileChangeRequestApprovalParams {
        thread_id: thread.to_string(),
        turn_id: question.turn_id.to_string(),
        item_id: question.item_id.to_string(),
        started_at_ms: question.started_at_ms,
        grant_root: None,
        reason: None,
    };
    let (id, answer) = (question.approval, question.answer);
    ask::<FileChangeRequestApproval>(delivery, thread, id, &params, answer, |response| {
        match response.decision {
            FileChangeApprovalDecision::Accept => ApprovalDecision::Accept,
            FileChangeApprovalDecision::AcceptForSession => ApprovalDecision::AcceptForSession,
            FileChangeApprovalDecision::Decline => ApprovalDecision::Decline,
            FileChangeApprovalDecision::Cancel => ApprovalDecision::Cancel,
        }
    });
}

/// Asks those who watch the thread. A refusal to answer, or an answer that is not understood, declines.
fn ask<R: Request>(
    delivery: &impl Delivery,
    thread: ThreadId,
    id: i64,
    params: &R::Params,
    answer: oneshot::Sender<ApprovalDecision>,
    decide: fn(R::Response) -> ApprovalDecision,
) {
    delivery.ask::<R>(thread, id, params, move |reply| {
        let decision = match reply {
            Ok(response) => decide(response),
            Err(error) => {
                tracing::warn!(%error, "an approval request failed");
                ApprovalDecision::Failed
            }
        };
        // The turn may be over.
        drop(answer.send(decision));
    });
}

/// Asks those who watch the thread. A refusal to answer, or an answer that is not understood, grants nothing.
pub(super) fn ask_for_permissions(delivery: &impl Delivery, thread: ThreadId, question: PermissionsApproval) {
    let params = PermissionsRequestApprovalParams {
        thread_id: thread.to_string(),
        turn_id: question.turn_id.to_string(),
        item_id: question.item_id.to_string(),
        environment_id: Some(LOCAL_ENVIRONMENT.to_owned()),
        started_at_ms: question.started_at_ms,
        cwd: LegacyAppPathString::from(question.cwd.as_path()),
        reason: question.reason,
        permissions: permission::request_to_wire(&question.permissions),
    };
    let answer = question.answer;
    delivery.ask::<PermissionsRequestApproval>(thread, question.approval, &params, move |reply| {
        let grant = match reply {
            Ok(response) => PermissionGrant {
                permissions: permission::granted_from_wire(response.permissions),
                scope: permission::scope_from_wire(response.scope),
                strict_review: response.strict_auto_review.unwrap_or_default(),
            },
            Err(error) => {
                tracing::warn!(%error, "a request for permissions failed");
                PermissionGrant::default()
            }
        };
        // The turn may be over.
        drop(answer.send(grant));
    });
}

/// `item/commandExecution/requestApproval`
fn command_params(thread: ThreadId, question: &CommandApproval) -> CommandExecutionRequestApprovalParams {
    let amendment = question.proposed_rule.clone();
    // A rule would not cover the permissions.
    let with_rule = amendment
        .clone()
        .filter(|_| question.additional_permissions.is_none())
        .map(|execpolicy_amendment| Decision::AcceptWithExecpolicyAmendment { execpolicy_amendment });
    let decisions = [Some(Decision::Accept), with_rule, Some(Decision::Cancel)];
    CommandExecutionRequestApprovalParams {
        item_id: question.item_id.to_string(),
        started_at_ms: question.started_at_ms,
        thread_id: thread.to_string(),
        turn_id: question.turn_id.to_string(),
        additional_permissions: question
            .additional_permissions
            .as_ref()
            .map(permission::additional_to_wire),
        approval_id: question.input_call.as_deref().map(str::to_owned),
        available_decisions: Some(decisions.into_iter().flatten().collect()),
        command: Some(command::line(&question.command)),
        command_actions: Some(
            question
                .actions
                .iter()
                .cloned()
                .map(command::action_to_wire)
                .collect(),
        ),
        cwd: Some(LegacyAppPathString::from(question.cwd.as_path())),
        environment_id: Some(LOCAL_ENVIRONMENT.to_owned()),
        kind: match question.input_call {
            Some(_) => CommandExecutionApprovalKind::WriteStdin,
            None => CommandExecutionApprovalKind::Command,
        },
        network_approval_context: None,
        proposed_execpolicy_amendment: amendment,
        proposed_network_policy_amendments: None,
        reason: question.reason.clone(),
    }
}

fn decision_from_wire(decision: Decision) -> ApprovalDecision {
    match decision {
        Decision::Accept => ApprovalDecision::Accept,
        Decision::AcceptForSession => ApprovalDecision::AcceptForSession,
        Decision::AcceptWithExecpolicyAmendment { execpolicy_amendment } => {
            ApprovalDecision::AcceptWithRule(execpolicy_amendment)
        }
        // It answers another question than was asked.
        Decision::ApplyNetworkPolicyAmendment { .. } => ApprovalDecision::Failed,
        Decision::Decline => ApprovalDecision::Decline,
        Decision::Cancel => ApprovalDecision::Cancel,
    }
}
