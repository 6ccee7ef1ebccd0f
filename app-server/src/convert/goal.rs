//! Goals of threads.

use codex_app_server_protocol::{ThreadGoal, ThreadGoalStatus};
use codex_core::{Goal, GoalStatus};

/// Towards the client.
pub(crate) fn to_wire(goal: &Goal) -> ThreadGoal {
    ThreadGoal {
        thread_id: goal.thread_id.clone(),
        created_at: goal.created_at,
        objective: goal.objective.clone(),
        status: match goal.status {
            GoalStatus::Active => ThreadGoalStatus::Active,
            GoalStatus::Paused => ThreadGoalStatus::Paused,
            GoalStatus::Blocked => ThreadGoalStatus::Blocked,
            GoalStatus::UsageLimited => ThreadGoalStatus::UsageLimited,
            GoalStatus::BudgetLimited => ThreadGoalStatus::BudgetLimited,
            GoalStatus::Complete => ThreadGoalStatus::Complete,
        },
        time_used_seconds: goal.time_used_seconds,
        tokens_used: goal.tokens_used,
        updated_at: goal.updated_at,
        token_budget: goal.token_budget,
    }
}

/// From the client.
pub(crate) fn status_from_wire(status: ThreadGoalStatus) -> GoalStatus {
    match status {
        ThreadGoalStatus::Active => GoalStatus::Active,
        ThreadGoalStatus::Paused => GoalStatus::Paused,
        ThreadGoalStatus::Blocked => GoalStatus::Blocked,
        ThreadGoalStatus::UsageLimited => GoalStatus::UsageLimited,
        ThreadGoalStatus::BudgetLimited => GoalStatus::BudgetLimited,
        ThreadGoalStatus::Complete => GoalStatus::Complete,
    }
}
