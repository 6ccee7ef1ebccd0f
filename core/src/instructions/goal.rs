//! What the model is told of the thread's goal.

use crate::Goal;
use crate::xml::escape;

const CONTINUATION: &str = include_str!("goal_continuation.md");

/// A turn begins by itself, because a goal is active.
pub(crate) fn goal_continuation(goal: &Goal) -> String {
    let budget = match (goal.token_budget, goal.remaining_tokens()) {
        (Some(budget), Some(left)) => format!("the budget is {budget} tokens, {left} are left"),
        _ => "there is no budget".to_owned(),
    };
    let spent = format!(
        "So far {} tokens and {} seconds were spent on it; {budget}.",
        goal.tokens_used, goal.time_used_seconds
    );
    internal(&format!("{}\n\n{spent}", CONTINUATION.trim_end()))
}

/// The user changed the objective while a turn works for it.
pub(crate) fn goal_changed(objective: &str) -> String {
    let objective = escape(objective);
    internal(&format!(
        "The user has just changed the objective of the active goal. It says what they want to have at the end, and \
         replaces the old one:\n\n<objective>\n{objective}\n</objective>\n\nKeep what you have done so far where it \
         serves the new objective, leave the rest, and go on with the new one now.",
    ))
}

/// The budget ran out in the middle of a turn.
pub(crate) fn goal_budget_spent() -> String {
    internal(
        "The token budget of the goal is spent. Begin nothing new. Bring what you are doing to a state that can be left, \
         then end the turn with what has been reached, what is missing, and the next step. Don't mark the goal complete \
         unless it is.",
    )
}

/// For the model's report, once the goal is reached.
pub(crate) fn goal_report(goal: &Goal) -> String {
    let budget = goal
        .token_budget
        .map(|budget| format!(" of a budget of {budget}"))
        .unwrap_or_default();
    format!(
        "The goal is reached. In your last message, tell the user what it took: {} tokens{budget}, and {} seconds.",
        goal.tokens_used, goal.time_used_seconds
    )
}

fn internal(text: &str) -> String {
    format!("<codex_internal_context source=\"goal\">\n{text}\n</codex_internal_context>")
}
