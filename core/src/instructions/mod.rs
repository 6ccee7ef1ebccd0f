//! What the model is told by us: the base instructions, and the texts about permissions, modes and changes of them;
//! `goal`, `memory`, `realtime`: those about goals, memories and voice conversations.

mod goal;
mod memory;

mod approval_review;
mod plugin;
mod realtime;
mod review;

use std::fmt::Write as _;
use std::path::PathBuf;

pub(crate) use self::goal::{goal_budget_spent, goal_changed, goal_continuation, goal_report};
pub(crate) use self::memory::{NO_NOTES, memories, take_notes};
pub(crate) use approval_review::{
    ACTION_APPROVED, ANSWER_AGAIN, action_approved, action_denied, action_not_reviewed, approval_reviewer,
};
pub(crate) use plugin::mentioned_plugin;
pub(crate) use realtime::{
    REALTIME_ENDED, REALTIME_STARTED, REALTIME_VOICE, realtime_delegation, realtime_notice,
    realtime_startup_context,
};
pub(crate) use review::{REVIEW_INTERRUPTED, REVIEWER, review_action, review_request};

use crate::{ApprovalPolicy, ModeKind, SandboxPolicy};

/// The base instructions: how the agent works. Sent with every request of a thread, unchanged over its life.
pub(crate) const BASE: &str = include_str!("base.md");

const PLAN_MODE: &str = include_str!("plan_mode.md");
const DEFAULT_MODE: &str = include_str!("default_mode.md");

/// Asks for a summary of a conversation that has become too long.
pub(crate) const COMPACT: &str = include_str!("compact.md");

const SUMMARY: &str = include_str!("summary.md");

/// A summary as the model reads it that goes on with it. It is marked as what programs write: `codex` would take it for words
/// of the user otherwise.
pub(crate) fn summary(text: &str) -> String {
    format!("<codex_internal_context source=\"compaction\">\n{SUMMARY}{text}\n</codex_internal_context>")
}

/// What stands for a summary that nobody has written.
pub(crate) const NO_SUMMARY: &str = "(There is no summary: nothing was said that could be passed on.)";

/// Stands in the history for an image that is not sent again.
pub(crate) const IMAGE_LEFT_OUT: &str = "[an image that the user attached; it is no longer shown]";

/// What the sandbox and the approval policy mean for the model.
/// `reads_all`: no permission profile limits reading.
pub(crate) fn permissions(
    sandbox: &SandboxPolicy,
    approvals: &ApprovalPolicy,
    roots: &[PathBuf],
    reads_all: bool,
) -> String {
    let mut text = String::from("<permissions instructions>\n");
    text.push_str(&sandbox_text(sandbox, roots, reads_all));
    text.push('\n');
    text.push_str(&approval_text(
        approvals,
        matches!(sandbox, SandboxPolicy::DangerFullAccess),
    ));
    text.push_str("\n</permissions instructions>");
    text
}

fn sandbox_text(sandbox: &SandboxPolicy, roots: &[PathBuf], reads_all: bool) -> String {
    let read = if reads_all {
        "all files"
    } else {
        "only the files that the permission profile lists and those of the system"
    };
    let (mode, network) = match sandbox {
        SandboxPolicy::DangerFullAccess => {
            return "Sandbox mode is `danger-full-access`: commands run without a sandbox and may read and write \
                    everything that the user may, and use the network. Nothing catches a mistake; take care."
                .into();
        }
        SandboxPolicy::ExternalSandbox { network_access } => (
            "The application runs you in a sandbox of its own: commands may write where that allows it."
                .to_owned(),
            *network_access,
        ),
        SandboxPolicy::ReadOnly { network_access } => (
            format!(
                "Sandbox mode is `read-only`: commands may read {read} and write none, not even temporary ones."
            ),
            *network_access,
        ),
        SandboxPolicy::WorkspaceWrite {
            writable_roots,
            network_access,
            exclude_tmpdir_env_var,
            exclude_slash_tmp,
        } => {
            let mut places: Vec<_> = roots
                .iter()
                .chain(writable_roots)
                .map(|root| format!("`{}`", root.display()))
                .collect();
            if !exclude_slash_tmp {
                places.push("`/tmp`".into());
            }
            if !exclude_tmpdir_env_var {
                places.push("`$TMPDIR`".into());
            }
            let text = format!(
                "Sandbox mode is `workspace-write`: commands may read {read}, and write below {}. The folders \
                 `.git`, `.agents`, `.codex` and `.aws` inside of these are read-only.",
                places.join(", ")
            );
            (text, *network_access)
        }
    };
    let network = if network {
        "The network may be used."
    } else {
        "There is no network."
    };
    format!("{mode} {network}")
}

fn approval_text(approvals: &ApprovalPolicy, full_access: bool) -> String {
    let escalate = "To run a command outside of the sandbox, call the tool with `sandbox_permissions` set to \
                    `require_escalated` and a `justification`: one short question to the user that says what the \
                    command does and why it is needed. Ask for it when a command that matters has failed because of \
                    the sandbox, or surely would: it needs the network, writes outside of the writable folders, or \
                    opens windows. Where it makes sense, give a `prefix_rule` with the first words of the command, \
                    narrow enough that the user can agree to all commands that begin with them; never just a shell, \
                    an interpreter or `git`. Look for a way inside of the sandbox first, and never work around it \
                    without asking.";
    match approvals {
        ApprovalPolicy::Never => "Approval policy is `never`: nobody can be asked. Don't set `sandbox_permissions`; \
                                  such calls are refused. If a command is refused or fails because of the sandbox, \
                                  find another way, or finish what can be done and report what is left."
            .into(),
        ApprovalPolicy::OnRequest if full_access => {
            "Approval policy is `on-request`: commands run without a question; the user may be asked about dangerous \
             ones."
                .into()
        }
        ApprovalPolicy::OnRequest => {
            format!("Approval policy is `on-request`: commands run in the sandbox without a question. {escalate}")
        }
        ApprovalPolicy::Untrusted => format!(
            "Approval policy is `untrusted`: the user is asked about every command, save for some that are known to \
             only read. Keep commands few and easy to judge. {escalate}"
        ),
        ApprovalPolicy::Granular(allowed) => {
            let mut text = String::from("Approval policy is granular. The user may be asked about: ");
            let kinds = [
                (allowed.sandbox_approval, "leaving the sandbox"),
                (allowed.rules, "commands that a rule singles out"),
                (allowed.mcp_elicitations, "questions of MCP servers"),
                (allowed.skill_approval, "scripts of skills"),
                (allowed.request_permissions, "requests for permissions"),
            ];
            let on: Vec<_> = kinds.iter().filter(|(on, _)| *on).map(|(_, what)| *what).collect();
            text.push_str(if on.is_empty() { "nothing" } else { "" });
            // Writing to a String can't fail.
            let _ = write!(text, "{}. Whatever else would need a question is refused.", on.join(", "));
            if allowed.sandbox_approval {
                text.push(' ');
                text.push_str(escalate);
            }
            text
        }
    }
}

/// The rules of a collaboration mode: the client's, else our own.
pub(crate) fn collaboration_mode(mode: ModeKind, instructions: Option<&str>) -> String {
    let text = instructions.unwrap_or(match mode {
        ModeKind::Plan => PLAN_MODE,
        ModeKind::Default => DEFAULT_MODE,
    });
    format!("<collaboration_mode>{text}</collaboration_mode>")
}

/// The user chose another model in the middle of a thread.
pub(crate) fn model_switch(old: &str, new: &str) -> String {
    format!(
        "<model_switch>\nSo far the assistant in this conversation was the model {old}; the user has switched to you, \
         {new}. Go on with the work as it stands; all instructions still hold.\n</model_switch>"
    )
}

/// The working folder changed, and with it the project's instructions.
pub(crate) fn project_doc_replaced(text: Option<&str>) -> String {
    match text {
        Some(text) => {
            format!("The instructions below replace all AGENTS.md instructions given earlier.\n\n{text}")
        }
        None => {
            "The working folder has changed: the AGENTS.md instructions given earlier no longer apply.".into()
        }
    }
}

/// The user stopped a turn.
pub(crate) const TURN_ABORTED: &str = "<turn_aborted>\nThe user stopped the turn before this on purpose. Commands that \
    were running have been ended and may have done part of their work; commands in the background may still be \
    running. Look at the state of things before you rely on it.\n</turn_aborted>";

/// A turn in a team of agents was stopped, by the user or by another agent.
pub(crate) const TURN_ABORTED_IN_TEAM: &str = "<turn_aborted>\nThe turn before this was stopped on purpose, by the user \
    or by an agent above you. Commands that were running have been ended and may have done part of their work; commands \
    in the background may still be running. Look at the state of things before you rely on it.\n</turn_aborted>";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_texts_are_what_was_last_agreed_upon() {
        let workspace = SandboxPolicy::WorkspaceWrite {
            writable_roots: vec!["/opt/cache".into()],
            network_access: false,
            exclude_tmpdir_env_var: true,
            exclude_slash_tmp: false,
        };
        let roots = [PathBuf::from("/w")];
        let texts = [
            BASE.to_owned(),
            permissions(
                &SandboxPolicy::default(),
                &ApprovalPolicy::OnRequest,
                &roots,
                true,
            ),
            permissions(&workspace, &ApprovalPolicy::Untrusted, &roots, true),
            permissions(
                &SandboxPolicy::DangerFullAccess,
                &ApprovalPolicy::Never,
                &roots,
                true,
            ),
            collaboration_mode(ModeKind::Plan, None),
            collaboration_mode(ModeKind::Default, None),
            COMPACT.to_owned(),
            summary("…"),
        ];
        insta::assert_snapshot!(texts.join("\n\n────────\n\n"));
    }
}
