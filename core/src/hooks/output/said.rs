//! What a hook prints: text, or JSON as its event has it.

use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::Value;

use super::Verdict;
use crate::{HookEntryKind, HookEvent};

/// What the hooks of an event are called where their output can't be read.
fn output_name(event: HookEvent) -> &'static str {
    match event {
        HookEvent::PreToolUse => "pre-tool-use",
        HookEvent::PermissionRequest => "permission-request",
        HookEvent::PostToolUse => "post-tool-use",
        HookEvent::PreCompact => "PreCompact hook",
        HookEvent::PostCompact => "PostCompact hook",
        HookEvent::SessionStart => "session start",
        HookEvent::UserPromptSubmit => "user prompt submit",
        HookEvent::SubagentStart => "subagent start",
        HookEvent::SubagentStop => "subagent stop hook",
        HookEvent::Stop => "stop hook",
        HookEvent::Interrupt => "interrupt hook",
        HookEvent::PreModelRequest | HookEvent::PostModelRequest => "model request",
        HookEvent::SessionEnd => "session end",
    }
}

/// What a hook that went well has printed.
pub(super) fn said(event: HookEvent, output: &str) -> Verdict {
    let text = output.trim();
    if text.is_empty() {
        return Verdict::default();
    }
    if !text.starts_with(['{', '[']) {
        return plain(event, text);
    }
    let read = match event {
        HookEvent::PreToolUse => before_tool(text),
        HookEvent::PermissionRequest => approval(text),
        HookEvent::PostToolUse => after_tool(text),
        HookEvent::UserPromptSubmit => prompt(text),
        HookEvent::SessionStart | HookEvent::SubagentStart => start(event, text),
        HookEvent::Stop | HookEvent::SubagentStop => stop(event, text),
        HookEvent::PreCompact | HookEvent::PostCompact => compaction(event, text),
        HookEvent::Interrupt => leave(text),
        HookEvent::PreModelRequest | HookEvent::PostModelRequest | HookEvent::SessionEnd => {
            Some(Verdict::default())
        }
    };
    read.unwrap_or_else(|| invalid(event))
}

fn invalid(event: HookEvent) -> Verdict {
    Verdict::failed(format!(
        "hook returned invalid {} JSON output",
        output_name(event)
    ))
}

/// Text that is no JSON.
fn plain(event: HookEvent, text: &str) -> Verdict {
    let mut verdict = Verdict::default();
    match event {
        HookEvent::UserPromptSubmit | HookEvent::SessionStart => verdict.add_context(Some(text.to_owned())),
        HookEvent::Stop | HookEvent::SubagentStop => return invalid(event),
        HookEvent::Interrupt => {
            verdict.fail(format!("{} hook returned non-JSON stdout", event.name()));
        }
        _ => {}
    }
    verdict
}

/// What every hook may say.
#[derive(Debug, Default)]
struct Common {
    goes_on: Option<bool>,
    stop_reason: Option<String>,
    suppress_output: Option<bool>,
    system_message: Option<String>,
}

impl Common {
    fn begin(self) -> (Verdict, Self) {
        let mut verdict = Verdict::default();
        if let Some(message) = &self.system_message {
            verdict.note(HookEntryKind::Warning, message.clone());
        }
        (verdict, self)
    }

    /// What can't be said of an event that only decides about one tool.
    fn unsupported(&self) -> Option<&'static str> {
        if self.goes_on == Some(false) {
            Some("continue:false")
        } else if self.stop_reason.is_some() {
            Some("stopReason")
        } else if self.suppress_output == Some(true) {
            Some("suppressOutput")
        } else {
            None
        }
    }
}

/// Declares the JSON that the hooks of an event print: what every hook may say, and more. Members that are not known make
/// it invalid, as in the contract release: a decision with a typo must not pass for none.
macro_rules! output {
    ($name:ident { $($field:ident: $type:ty),* $(,)? }) => {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields, rename_all = "camelCase")]
        struct $name {
            #[serde(default, rename = "continue")]
            goes_on: Option<bool>,
            #[serde(default)]
            stop_reason: Option<String>,
            #[serde(default)]
            suppress_output: Option<bool>,
            #[serde(default)]
            system_message: Option<String>,
            $(#[serde(default)] $field: Option<$type>,)*
        }

        impl $name {
            fn common(&mut self) -> Common {
                Common {
                    goes_on: self.goes_on,
                    stop_reason: self.stop_reason.take(),
                    suppress_output: self.suppress_output,
                    system_message: self.system_message.take(),
                }
            }
        }
    };
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Block {
    Block,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum ToolDecision {
    Approve,
    Block,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Permission {
    Allow,
    Deny,
    Ask,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct ToolDetails {
    #[serde(rename = "hookEventName")]
    _event: HookEvent,
    permission_decision: Option<Permission>,
    permission_decision_reason: Option<String>,
    updated_input: Option<Value>,
    additional_context: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct ContextDetails {
    #[serde(rename = "hookEventName")]
    _event: HookEvent,
    additional_context: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct ResultDetails {
    #[serde(rename = "hookEventName")]
    _event: HookEvent,
    additional_context: Option<String>,
    #[serde(rename = "updatedMCPToolOutput")]
    updated_mcp_tool_output: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct ApprovalDetails {
    #[serde(rename = "hookEventName")]
    _event: HookEvent,
    decision: Option<ApprovalSaid>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct ApprovalSaid {
    behavior: Behavior,
    message: Option<String>,
    updated_input: Option<IgnoredAny>,
    updated_permissions: Option<IgnoredAny>,
    #[serde(default)]
    interrupt: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Behavior {
    Allow,
    Deny,
}

output!(BeforeTool {
    decision: ToolDecision,
    reason: String,
    hook_specific_output: ToolDetails
});
output!(AfterTool {
    decision: Block,
    reason: String,
    hook_specific_output: ResultDetails
});
output!(Prompt {
    decision: Block,
    reason: String,
    hook_specific_output: ContextDetails
});
output!(Start {
    hook_specific_output: ContextDetails
});
output!(Stop {
    decision: Block,
    reason: String
});
output!(Approval {
    hook_specific_output: ApprovalDetails
});
output!(Compaction {});

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Leave {
    #[serde(default)]
    system_message: Option<String>,
}

fn parse<T: DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_str(text).ok()
}

/// A reason with something in it.
fn reason(reason: Option<String>) -> Option<String> {
    reason.filter(|reason| !reason.trim().is_empty())
}

fn before_tool(text: &str) -> Option<Verdict> {
    let mut output: BeforeTool = parse(text)?;
    let (mut verdict, common) = output.common().begin();
    let (permission, why, updated, context) = match output.hook_specific_output {
        Some(details) => (
            details.permission_decision,
            details.permission_decision_reason,
            details.updated_input,
            details.additional_context,
        ),
        None => (None, None, None, None),
    };
    let problem = match (common.unsupported(), &permission, &output.decision) {
        (Some(what), _, _) => Some(format!("unsupported {what}")),
        (None, Some(Permission::Allow), _) if updated.is_none() => {
            Some("unsupported permissionDecision:allow".to_owned())
        }
        (None, Some(Permission::Ask), _) => Some("unsupported permissionDecision:ask".to_owned()),
        (None, permission, _) if updated.is_some() && !matches!(permission, Some(Permission::Allow)) => {
            Some("updatedInput without permissionDecision:allow".to_owned())
        }
        (None, Some(Permission::Deny), _) if reason(why.clone()).is_none() => {
            Some("permissionDecision:deny without a non-empty permissionDecisionReason".to_owned())
        }
        (None, None, _) if why.is_some() => {
            Some("permissionDecisionReason without permissionDecision".to_owned())
        }
        (None, None, Some(ToolDecision::Approve)) => Some("unsupported decision:approve".to_owned()),
        (None, None, Some(ToolDecision::Block)) if reason(output.reason.clone()).is_none() => {
            Some("decision:block without a non-empty reason".to_owned())
        }
        (None, None, None) if output.reason.is_some() => Some("reason without decision".to_owned()),
        _ => None,
    };
    if let Some(problem) = problem {
        verdict.fail(format!("PreToolUse hook returned {problem}"));
        return Some(verdict);
    }
    verdict.add_context(context);
    match (permission, output.decision) {
        (Some(Permission::Deny), _) => verdict.block(why.unwrap_or_default().trim().to_owned()),
        (None, Some(ToolDecision::Block)) => {
            verdict.block(output.reason.unwrap_or_default().trim().to_owned());
        }
        _ => verdict.updated_input = updated,
    }
    Some(verdict)
}

fn approval(text: &str) -> Option<Verdict> {
    let mut output: Approval = parse(text)?;
    let (mut verdict, common) = output.common().begin();
    let said = output.hook_specific_output.and_then(|details| details.decision);
    let unsupported = common.unsupported().or_else(|| {
        let said = said.as_ref()?;
        if said.updated_input.is_some() {
            Some("updatedInput")
        } else if said.updated_permissions.is_some() {
            Some("updatedPermissions")
        } else if said.interrupt == Some(true) {
            Some("interrupt:true")
        } else {
            None
        }
    });
    if let Some(what) = unsupported {
        verdict.fail(format!("PermissionRequest hook returned unsupported {what}"));
        return Some(verdict);
    }
    match said.map(|said| (said.behavior, said.message)) {
        Some((Behavior::Allow, _)) => verdict.is_allowed = true,
        Some((Behavior::Deny, message)) => {
            let otherwise = || "PermissionRequest hook denied approval".to_owned();
            verdict.block(reason(message).unwrap_or_else(otherwise));
        }
        None => {}
    }
    Some(verdict)
}

fn after_tool(text: &str) -> Option<Verdict> {
    let mut output: AfterTool = parse(text)?;
    let (mut verdict, common) = output.common().begin();
    let (context, updated) = match output.hook_specific_output {
        Some(details) => (details.additional_context, details.updated_mcp_tool_output),
        None => (None, None),
    };
    let why = reason(output.reason.clone());
    let problem = if common.suppress_output == Some(true) {
        Some("unsupported suppressOutput")
    } else if updated.is_some() {
        Some("unsupported updatedMCPToolOutput")
    } else if common.goes_on == Some(false) {
        None
    } else if output.decision.is_some() && why.is_none() {
        Some("decision:block without a non-empty reason")
    } else if output.decision.is_none() && output.reason.is_some() {
        Some("reason without decision")
    } else {
        None
    };
    if let Some(problem) = problem {
        verdict.fail(format!("PostToolUse hook returned {problem}"));
        return Some(verdict);
    }
    verdict.add_context(context);
    if common.goes_on == Some(false) {
        let otherwise = "PostToolUse hook stopped execution".to_owned();
        verdict.blocked = why.or_else(|| common.stop_reason.clone());
        verdict.stop(common.stop_reason, Some(otherwise));
    } else if let (Some(Block::Block), Some(why)) = (output.decision, why) {
        verdict.block(why);
    }
    Some(verdict)
}

fn prompt(text: &str) -> Option<Verdict> {
    let mut output: Prompt = parse(text)?;
    let (mut verdict, common) = output.common().begin();
    let context = output
        .hook_specific_output
        .and_then(|details| details.additional_context);
    let why = reason(output.reason);
    if common.goes_on == Some(false) {
        verdict.add_context(context);
        verdict.stop(common.stop_reason, None);
    } else if output.decision.is_some() && why.is_none() {
        verdict.fail("UserPromptSubmit hook returned decision:block without a non-empty reason");
    } else {
        verdict.add_context(context);
        if let (Some(Block::Block), Some(why)) = (output.decision, why) {
            verdict.block(why);
        }
    }
    Some(verdict)
}

fn start(event: HookEvent, text: &str) -> Option<Verdict> {
    let mut output: Start = parse(text)?;
    let (mut verdict, common) = output.common().begin();
    let context = output
        .hook_specific_output
        .and_then(|details| details.additional_context);
    verdict.add_context(context);
    // Nobody but the agent that started it ends an agent before it begins.
    if common.goes_on == Some(false) && event == HookEvent::SessionStart {
        verdict.stop(common.stop_reason, None);
    }
    Some(verdict)
}

fn stop(event: HookEvent, text: &str) -> Option<Verdict> {
    let mut output: Stop = parse(text)?;
    let (mut verdict, common) = output.common().begin();
    let why = reason(output.reason);
    if common.goes_on == Some(false) {
        verdict.stop(common.stop_reason, None);
    } else if let Some(Block::Block) = output.decision {
        match why {
            Some(why) => verdict.block(why),
            None => verdict.fail(format!(
                "{} hook returned decision:block without a non-empty reason",
                event.name()
            )),
        }
    }
    Some(verdict)
}

fn compaction(event: HookEvent, text: &str) -> Option<Verdict> {
    let mut output: Compaction = parse(text)?;
    let (mut verdict, common) = output.common().begin();
    if common.goes_on == Some(false) {
        let otherwise = format!("{} hook stopped execution", event.name());
        verdict.stop(common.stop_reason, Some(otherwise));
    }
    Some(verdict)
}

fn leave(text: &str) -> Option<Verdict> {
    let output: Leave = parse(text)?;
    let common = Common {
        system_message: output.system_message,
        ..Common::default()
    };
    Some(common.begin().0)
}
