//! What the reviewer of approvals is told, and what the agent is told of its verdicts.

/// Base instructions of the reviewer.
const REVIEWER: &str = include_str!("approval_review.md");

/// How an action that the user has approved by hand is told to the agent; the reviewer knows it by this, too.
pub(crate) const ACTION_APPROVED: &str = "The user has looked at an action that the automatic approval review had \
    rejected, and approves it by hand. It may be carried out exactly as it was requested, in the same place and for the \
    same purpose; nothing similar is approved with it.";

/// Asks for an answer that can be read.
pub(crate) const ANSWER_AGAIN: &str = "Your answer could not be read. Give the verdict on the planned action again, as \
    one JSON object with the members risk_level, user_authorization, outcome and rationale, and nothing else.";

/// Base instructions of the reviewer, with the user's own rules.
pub(crate) fn approval_reviewer(policy: Option<&str>) -> String {
    match policy.map(str::trim).filter(|policy| !policy.is_empty()) {
        None => REVIEWER.to_owned(),
        Some(policy) => format!(
            "{REVIEWER}\n# Rules of the user\n\nWhere they differ from the rules above, these hold:\n\n{policy}\n"
        ),
    }
}

/// What the agent is told of an action that was denied.
pub(crate) fn action_denied(rationale: &str) -> String {
    format!(
        "This action was rejected by the automatic approval review.\nReason: {rationale}\nDon't try to get the same \
         result by another route. Go on with something safer, or stop and ask the user, who can approve the action \
         once they know the risk."
    )
}

/// What the agent is told of an action that could not be judged.
pub(crate) fn action_not_reviewed(why: &str) -> String {
    format!(
        "{why}\nThe action was not carried out, because the automatic approval review could not be completed. That \
         says nothing about the action itself: ask for it again later, or tell the user."
    )
}

/// What the agent is told of an action that the user has approved by hand.
pub(crate) fn action_approved(action: &serde_json::Value) -> String {
    format!("{ACTION_APPROVED}\n\nApproved action:\n{action:#}")
}
