//! What may run without asking, and what commands do as far as their words tell.
//!
//! Where to look: the decision is [`assess`], for patches [`assess_patch`] in `patch_policy`; `command_actions` (what a command does, for people who watch), `script`
//! (shell scripts as simple commands).

mod command_actions;
mod patch_policy;
mod script;

pub(crate) use command_actions::command_actions;
pub(crate) use patch_policy::{PatchDecision, WritableRoots, assess_patch};

use crate::{ApprovalPolicy, SandboxPolicy, ThreadSettings};

/// Whether a command may run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ExecDecision {
    /// It may.
    Run,
    /// If the user allows it.
    Ask,
    /// It may not; the model is told why.
    Refuse(String),
}

/// Decides about a command (docs/contract/safety.md#policies). `escalated`: the model asks to leave the sandbox.
///
/// There is no sandbox of ours yet, so where limits are set, every command needs the user's word.
pub(crate) fn assess(settings: &ThreadSettings, escalated: bool) -> ExecDecision {
    let unlimited = match settings.sandbox_policy {
        SandboxPolicy::DangerFullAccess | SandboxPolicy::ExternalSandbox { .. } => true,
        SandboxPolicy::ReadOnly { .. } | SandboxPolicy::WorkspaceWrite { .. } => false,
    };
    match &settings.approval_policy {
        ApprovalPolicy::Never if escalated => ExecDecision::Refuse(
            "approval policy is Never; reject command — you cannot ask for escalated permissions if the approval \
             policy is Never"
                .to_owned(),
        ),
        ApprovalPolicy::Never if !unlimited => ExecDecision::Refuse(rejected(
            "this system has no sandbox to run the command in, and the approval policy is Never, so nobody can be \
             asked to allow it. Work without commands, or tell the user that they need another approval policy or \
             full access",
        )),
        ApprovalPolicy::Granular(granular) if !unlimited && !granular.sandbox_approval => ExecDecision::Refuse(rejected(
            "approval required by policy, but AskForApproval::Granular.sandbox_approval is false",
        )),
        ApprovalPolicy::Untrusted => ExecDecision::Ask,
        _ if unlimited => ExecDecision::Run,
        _ => ExecDecision::Ask,
    }
}

/// How the model is told that a command was not run.
pub(crate) fn rejected(reason: &str) -> String {
    not_created(&format!("Rejected({reason:?})"))
}

/// How the model is told that a command could not be started.
pub(crate) fn not_created(message: &str) -> String {
    format!("exec_command failed: CreateProcess {{ message: {message:?} }}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rejections_read_as_clients_and_models_know_them() {
        assert_eq!(
            rejected("rejected by user"),
            r#"exec_command failed: CreateProcess { message: "Rejected(\"rejected by user\")" }"#
        );
    }
}
