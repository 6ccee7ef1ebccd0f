//! News of turns.

use codex_app_server_protocol::{
    TurnCompletedNotification, TurnDiffUpdatedNotification, TurnPlanStep, TurnPlanStepStatus,
    TurnPlanUpdatedNotification, TurnStartedNotification,
};
use codex_core::{PlanStep, PlanStepStatus, ThreadId, Turn};

use crate::convert;

/// `turn/started`
pub(super) fn started(thread: ThreadId, turn: Turn) -> TurnStartedNotification {
    TurnStartedNotification {
        thread_id: thread.to_string(),
        turn: convert::turn::to_wire(turn),
    }
}

/// `turn/completed`
pub(super) fn completed(thread: ThreadId, turn: Turn) -> TurnCompletedNotification {
    TurnCompletedNotification {
        thread_id: thread.to_string(),
        turn: convert::turn::to_wire(turn),
    }
}

/// `turn/diff/updated`
pub(super) fn diff_updated(thread: ThreadId, turn_id: &str, diff: String) -> TurnDiffUpdatedNotification {
    TurnDiffUpdatedNotification {
        thread_id: thread.to_string(),
        turn_id: turn_id.to_owned(),
        diff,
    }
}

/// `turn/plan/updated`
pub(super) fn plan_updated(
    thread: ThreadId,
    turn_id: &str,
    explanation: Option<String>,
    steps: Vec<PlanStep>,
) -> TurnPlanUpdatedNotification {
    let to_wire = |step: PlanStep| TurnPlanStep {
        step: step.step,
        status: match step.status {
            PlanStepStatus::Pending => TurnPlanStepStatus::Pending,
            PlanStepStatus::InProgress => TurnPlanStepStatus::InProgress,
            PlanStepStatus::Completed => TurnPlanStepStatus::Completed,
        },
    };
    TurnPlanUpdatedNotification {
        thread_id: thread.to_string(),
        turn_id: turn_id.to_owned(),
        plan: steps.into_iter().map(to_wire).collect(),
        explanation,
    }
}
