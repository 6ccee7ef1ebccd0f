//! What may run without asking, and what commands do as far as their words tell
//! (docs/contract/safety.md#policies).
//!
//! Where to look: [`CommandRequest::assess`] decides about commands, [`assess_patch`] in `patch_policy` about patches;
//! `verdict` (what is known of a command), `shell` (shell scripts as commands), `safe` and `dangerous` (lists),
//! `approvals` (what the user allowed in a thread), `ground` (what the agent may have written), `command_actions` (what a
//! command does, for people who watch). Rules are in `crate::exec_policy`.

mod approvals;
mod assess;
mod command_actions;
mod dangerous;
mod ground;
mod patch_policy;
mod safe;
mod shell;
mod verdict;

pub(crate) use self::approvals::{AllowedCommand, ThreadApprovals};
pub(crate) use self::assess::{Assessment, CommandRequest, Confinement, ExecDecision, Question, Wish};
pub(crate) use self::command_actions::command_actions;
pub(crate) use self::patch_policy::{PatchDecision, WritableRoots, assess_patch};

/// How the model is told that a command was not run.
pub(crate) fn rejected(reason: &str) -> String {
    not_created(&format!("Rejected({reason:?})"))
}

/// How the model is told that a command could not be started.
pub(crate) fn not_created(message: &str) -> String {
    format!("exec_command failed: CreateProcess {{ message: {message:?} }}")
}

#[cfg(test)]
mod corpus;
#[cfg(test)]
mod tests;
