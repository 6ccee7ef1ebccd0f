//! Reviews of approvals by a model.

use codex_app_server_protocol::{
    AutoReviewDecisionSource, GuardianApprovalReview, GuardianApprovalReviewAction,
    GuardianApprovalReviewStatus, GuardianCommandSource, GuardianWarningNotification,
    ItemGuardianApprovalReviewCompleted, ItemGuardianApprovalReviewCompletedNotification,
    ItemGuardianApprovalReviewStarted, ItemGuardianApprovalReviewStartedNotification, LegacyAppPathString,
};
use codex_core::{ApprovalReview, ReviewStatus, ReviewedAction, ThreadId};

use super::delivery::Delivery;
use crate::convert::{assessment, command, permission};

/// `item/autoApprovalReview/started` or `item/autoApprovalReview/completed`
pub(super) fn tell(delivery: &impl Delivery, thread: ThreadId, review: ApprovalReview) {
    let ApprovalReview {
        id: review_id,
        turn_id,
        item_id,
        started_at_ms,
        completed_at_ms,
        status,
        risk_level,
        user_authorization,
        rationale,
        action,
    } = review;
    let thread_id = thread.to_string();
    let turn_id = turn_id.to_string();
    let target_item_id = Some(item_id.to_string());
    let action = action_to_wire(action);
    let review = GuardianApprovalReview {
        status: match status {
            ReviewStatus::InProgress => GuardianApprovalReviewStatus::InProgress,
            ReviewStatus::Approved => GuardianApprovalReviewStatus::Approved,
            ReviewStatus::Denied => GuardianApprovalReviewStatus::Denied,
            ReviewStatus::TimedOut => GuardianApprovalReviewStatus::TimedOut,
            ReviewStatus::Aborted => GuardianApprovalReviewStatus::Aborted,
        },
        risk_level: risk_level.map(assessment::risk_to_wire),
        user_authorization: user_authorization.map(assessment::authorization_to_wire),
        rationale,
    };
    match completed_at_ms {
        None => delivery.tell::<ItemGuardianApprovalReviewStarted>(
            thread,
            &ItemGuardianApprovalReviewStartedNotification {
                thread_id,
                turn_id,
                review_id,
                target_item_id,
                started_at_ms,
                review,
                action,
            },
        ),
        Some(completed_at_ms) => delivery.tell::<ItemGuardianApprovalReviewCompleted>(
            thread,
            &ItemGuardianApprovalReviewCompletedNotification {
                thread_id,
                turn_id,
                review_id,
                target_item_id,
                started_at_ms,
                completed_at_ms,
                decision_source: AutoReviewDecisionSource::Agent,
                review,
                action,
            },
        ),
    }
}

/// `guardianWarning`
pub(super) fn warning(thread: ThreadId, message: String) -> GuardianWarningNotification {
    GuardianWarningNotification {
        thread_id: thread.to_string(),
        message,
    }
}

fn action_to_wire(action: ReviewedAction) -> GuardianApprovalReviewAction {
    let path = |path: &std::path::PathBuf| LegacyAppPathString::from(path.as_path());
    match action {
        ReviewedAction::Command { command, cwd } => GuardianApprovalReviewAction::Command {
            source: GuardianCommandSource::UnifiedExec,
            command: command::line(&command),
            cwd: path(&cwd),
        },
        ReviewedAction::Patch { cwd, files } => GuardianApprovalReviewAction::ApplyPatch {
            cwd: path(&cwd),
            files: files.iter().map(path).collect(),
        },
        ReviewedAction::Input {
            call_id,
            process_id,
            stdin,
            cwd,
        } => GuardianApprovalReviewAction::WriteStdin {
            approval_id: call_id,
            process_id,
            stdin,
            cwd: path(&cwd),
        },
        ReviewedAction::McpToolCall { server, tool, title } => GuardianApprovalReviewAction::McpToolCall {
            server,
            tool_name: tool,
            connector_id: None,
            connector_name: None,
            tool_title: title,
        },
        ReviewedAction::Permissions { reason, permissions } => {
            GuardianApprovalReviewAction::RequestPermissions {
                reason,
                permissions: permission::request_to_wire(&permissions),
            }
        }
    }
}
