//! Whether a tool of a server may run (docs/contract/mcp.md#approvals).

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::super::{CallContext, ToolCall, ToolEnd, hooked, reviewed};
use crate::approval_review::ReviewVerdict;
use crate::config::McpApprovalMode;
use crate::mcp::McpTool;
use crate::outbox::McpQuestion;
use crate::{ApprovalPolicy, Event, McpAction, McpElicitationKind, ReviewedAction, SandboxPolicy};

/// What was decided about a call.
pub(super) enum Approval {
    /// It may run.
    Given,
    /// It may not, and the turn goes on.
    Refused(String),
    /// Nothing more is to be done for it. Without an error, nothing more is told of its item.
    Over { end: ToolEnd, error: Option<String> },
}

/// Whether a call needs anybody's approval.
pub(super) fn is_asked(cx: &CallContext, tool: &McpTool) -> bool {
    let is_allowed = || is_remembered(tool) && cx.mcp.is_allowed(tool.server.name(), &tool.name);
    needs_approval(tool) && !is_allowed()
}

/// Decides about a call, whose item has been told.
pub(super) async fn decide(cx: &CallContext, call: &ToolCall, tool: &McpTool, arguments: &Value) -> Approval {
    let begin = Instant::now();
    let strict = cx.strict_reviewer();
    // Where everything is reviewed, so is what was allowed for the session.
    if !(is_asked(cx, tool) || (strict.is_some() && needs_approval(tool))) {
        return Approval::Given;
    }
    match &cx.settings.approval_policy {
        ApprovalPolicy::Never if cx.settings.sandbox_policy == SandboxPolicy::DangerFullAccess => {
            return Approval::Given;
        }
        ApprovalPolicy::Never => {
            let why = "MCP tool call requires approval, but approval policy is never";
            return Approval::Refused(why.to_owned());
        }
        // Granular policies switch off what servers ask, not this.
        _ => {}
    }
    match hooked::decide_mcp(cx, call, arguments).await {
        Some(Ok(())) if strict.is_none() => return Approval::Given,
        Some(Err(reason)) => return Approval::Refused(reason),
        Some(Ok(())) | None => {}
    }
    if let Some(reviewer) = strict.or(cx.reviewer.as_ref()) {
        let (action, details) = planned(tool, arguments);
        return match reviewed::judge(cx, reviewer, &call.call_id, action, details).await {
            ReviewVerdict::Approved => Approval::Given,
            ReviewVerdict::Rejected { text, stop } => {
                let error = Some(text.clone());
                let end = reviewed::rejected(cx, text, stop);
                Approval::Over { end, error }
            }
            ReviewVerdict::Aborted => aborted(begin.elapsed()),
        };
    }
    ask(cx, tool, arguments).await
}

async fn ask(cx: &CallContext, tool: &McpTool, arguments: &Value) -> Approval {
    let begin = Instant::now();
    let (server, name) = (tool.server.name(), &tool.name);
    let shown: Vec<_> = arguments
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, value)| json!({"name": name, "value": value, "display_name": name}))
        .collect();
    let mut meta = json!({
        "codex_approval_kind": "mcp_tool_call",
        "tool_name": name,
        "tool_params": arguments,
        "tool_params_display": shown,
    });
    if is_remembered(tool) {
        meta["persist"] = json!(["session", "always"]);
    }
    if !tool.annotations.is_null() {
        meta["tool_annotations"] = tool.annotations.clone();
    }
    if let Some(description) = &tool.description {
        meta["tool_description"] = description.as_str().into();
    }
    let question = McpQuestion {
        turn_id: Some(Arc::clone(&cx.turn_id)),
        server: server.to_owned(),
        meta,
        kind: McpElicitationKind::Form {
            message: format!("Allow the {server} MCP server to run tool \"{name}\"?"),
            schema: json!({"type": "object", "properties": {}}),
        },
    };
    let answer = tokio::select! {
        biased;
        () = cx.cancel.cancelled() => return aborted(begin.elapsed()),
        answer = cx.outbox.ask_for_mcp(question) => answer,
    };
    match answer {
        Some(answer) if answer.action == McpAction::Accept => {
            let lasts = answer.meta["persist"].as_str().filter(|_| is_remembered(tool));
            match lasts {
                Some("session") => cx.mcp.allow(server, name),
                Some("always") => {
                    if let Err(why) = cx.mcp.allow_always(server, name).await {
                        cx.outbox.emit(Event::Warning(format!(
                            "The approval of the tool `{name}` of the MCP server `{server}` could not be written to \
                             config.toml, so it holds only as long as the thread is loaded: {why}"
                        )));
                    }
                }
                _ => {}
            }
            Approval::Given
        }
        Some(answer) if answer.action == McpAction::Cancel => {
            Approval::Refused("user cancelled MCP tool call".to_owned())
        }
        Some(_) => Approval::Refused("user rejected MCP tool call".to_owned()),
        None => Approval::Refused("the approval request for the MCP tool call failed".to_owned()),
    }
}

fn aborted(elapsed: Duration) -> Approval {
    Approval::Over {
        end: super::aborted(elapsed),
        error: None,
    }
}

/// Whether an approval may hold for more than one call: not where the configuration says that the user is to be asked.
fn is_remembered(tool: &McpTool) -> bool {
    mode_of(tool) == McpApprovalMode::Auto
}

fn mode_of(tool: &McpTool) -> McpApprovalMode {
    let mode = tool.server.config().map(|config| config.approval_of(&tool.name));
    mode.unwrap_or_default()
}

/// Whether the user has to be asked before a tool runs, as the configuration and the tool's annotations say.
fn needs_approval(tool: &McpTool) -> bool {
    let hint = |name: &str| tool.annotations[name].as_bool();
    let reads = hint("readOnlyHint") == Some(true);
    match mode_of(tool) {
        McpApprovalMode::Approve => false,
        McpApprovalMode::Prompt => true,
        McpApprovalMode::Writes => !reads,
        McpApprovalMode::Auto => {
            let is_harmless = hint("destructiveHint") == Some(false) && hint("openWorldHint") == Some(false);
            !reads && !is_harmless
        }
    }
}

/// A call as it is judged.
pub(super) fn planned(tool: &McpTool, arguments: &Value) -> (ReviewedAction, Value) {
    let server = tool.server.name();
    let details = json!({
        "tool": "mcp_tool_call",
        "server": server,
        "tool_name": tool.name,
        "tool_description": tool.description,
        "annotations": tool.annotations,
        "arguments": arguments,
    });
    let title = tool.annotations["title"].as_str().map(str::to_owned);
    let action = ReviewedAction::McpToolCall {
        server: server.to_owned(),
        tool: tool.name.clone(),
        title,
    };
    (action, details)
}
