//! Calls of tools that MCP servers offer (docs/contract/mcp.md#calls): `approval` (whether one may run), `host` (what its
//! server tells and asks meanwhile), `output` (what the model reads of it), `ordered` (JSON in it), `resources` (tools
//! of ours about what servers have to read).

mod approval;
mod host;
mod ordered;
mod output;
mod resources;

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use self::approval::Approval;
use self::host::TurnHost;
use super::{CallContext, PlannedCall, ToolCall, ToolEnd};
use crate::mcp::{CallError, McpTool, call_params};
use crate::{ApprovalPolicy, CONTRACT_VERSION, CallStatus, Item, ItemBody};

use self::output::Output;
pub(super) use self::resources::{ResourceTool, specs as resource_specs};

/// What an approval of a call would be about, as things stand.
pub(super) fn plan(cx: &CallContext, call: &ToolCall, tool: &McpTool) -> PlannedCall {
    let Ok(arguments) = read_arguments(call) else {
        return PlannedCall::Refused("the arguments of the MCP call are no JSON".to_owned());
    };
    if approval::is_asked(cx, tool) {
        let (action, details) = approval::planned(tool, &arguments);
        PlannedCall::NeedsApproval(action, details)
    } else {
        PlannedCall::NoApproval
    }
}

/// Has a server carry out a call.
pub(super) async fn run(cx: CallContext, call: ToolCall, tool: McpTool) -> ToolEnd {
    let arguments = match read_arguments(&call) {
        Ok(arguments) => arguments,
        Err(end) => return end,
    };
    let begin = Instant::now();
    let item = item(&call, tool.server.name(), &tool.name, &arguments, Some(&tool));
    cx.outbox.item_started(&cx.turn_id, item.clone());
    let result = match approval::decide(&cx, &call, &tool, &arguments).await {
        Approval::Given => {
            let called = tokio::select! {
                biased;
                () = cx.cancel.cancelled() => return aborted(begin.elapsed()),
                called = call_server(&cx, &call, &tool, arguments) => called,
            };
            called.map_err(|error| {
                let (server, tool) = (tool.server.name(), &tool.name);
                format!("tool call error: tool call failed for `{server}/{tool}`\n\nCaused by:\n    {error}")
            })
        }
        Approval::Refused(why) => Err(why),
        Approval::Over { end, error } => {
            if let Some(why) = error {
                complete(&cx, item, begin, &Err(why)).await;
            }
            return end;
        }
    };
    complete(&cx, item, begin, &result).await;
    let output = Output::of(&cx, &tool);
    let end = tokio::select! {
        biased;
        output = output.read(result.as_ref(), begin.elapsed()) => ToolEnd::Output(output),
        () = cx.cancel.cancelled() => return aborted(begin.elapsed()),
    };
    match result {
        Ok(result) if result["isError"] != true => cx.record.gave(result, end),
        _ => end,
    }
}

/// Calls the tool. The time that the user takes to answer the server's questions does not count.
async fn call_server(
    cx: &CallContext,
    call: &ToolCall,
    tool: &McpTool,
    arguments: Value,
) -> Result<Value, CallError> {
    if !arguments.is_object() {
        let why = format!("MCP tool arguments must be a JSON object, got {arguments}");
        return Err(CallError::Transport(why));
    }
    let _turn = tool.server.my_turn().await;
    let host = TurnHost::new(cx, call, tool.server.name());
    let params = call_params(&tool.name, arguments, Some(meta(cx, call)));
    let asking = std::sync::Arc::clone(&host);
    let asked = cx
        .mcp
        .request_without_limit(&tool.server, "tools/call", params, Some(asking));
    let limit = tool.server.tool_timeout();
    let late = async {
        let mut left = limit;
        while !left.is_zero() {
            cx.exec.timeouts().pass(left).await;
            left = host.rested().await;
        }
    };
    tokio::select! {
        biased;
        result = asked => result.map(output::plain),
        () = late => Err(CallError::TimedOut { method: "tools/call", after: limit }),
    }
}

/// What the server is told of the call beside its arguments.
fn meta(cx: &CallContext, call: &ToolCall) -> Value {
    let settings = &cx.settings;
    let (thread, session) = cx.mcp.identity();
    let (sandbox, sandbox_mode) = settings.sandbox_policy.words();
    json!({
        "callId": call.call_id,
        "itemId": call.call_id,
        "threadId": thread,
        "sessionId": session,
        "windowId": format!("{thread}:0"),
        "x-codex-turn-metadata": {
            "session_id": session,
            "thread_id": thread,
            "turn_id": &*cx.turn_id,
            "root_turn_id": &*cx.root_turn_id,
            "model": settings.model,
            "turn_started_at_unix_ms": cx.turn_started_at_ms,
            "sandbox": sandbox,
            "sandbox_mode": sandbox_mode,
            "codex_version": CONTRACT_VERSION,
        },
    })
}

/// The item of a call that begins. `described`: the tool, if a server offers it.
fn item(call: &ToolCall, server: &str, tool: &str, arguments: &Value, described: Option<&McpTool>) -> Item {
    Item {
        id: call.call_id.clone(),
        started_at_ms: Some(crate::now_ms()),
        completed_at_ms: None,
        body: ItemBody::McpToolCall {
            server: server.to_owned(),
            tool: tool.to_owned(),
            arguments: arguments.clone(),
            read_only_hint: described.and_then(|tool| tool.annotations["readOnlyHint"].as_bool()),
            plugin_id: described.and_then(|tool| Some(tool.server.plugin()?.id.clone())),
            status: CallStatus::InProgress,
            result: None,
            error: None,
            duration: None,
        },
    }
}

/// Tells that a call has ended: with this result of its server, or for this reason.
async fn complete(cx: &CallContext, mut item: Item, begin: Instant, ended: &Result<Value, String>) {
    if let ItemBody::McpToolCall {
        status,
        result,
        error,
        duration,
        ..
    } = &mut item.body
    {
        *status = match ended {
            Ok(result) if result["isError"] != true => CallStatus::Completed,
            _ => CallStatus::Failed,
        };
        match ended {
            Ok(given) => {
                let members = ["content", "structuredContent", "_meta"].into_iter();
                let members = members.filter_map(|name| {
                    let member = given.get(name).filter(|member| !member.is_null())?;
                    Some((name.to_owned(), member.clone()))
                });
                *result = Some(Value::Object(members.collect()));
            }
            Err(why) => *error = Some(why.clone()),
        }
        *duration = Some(begin.elapsed());
    }
    cx.outbox.item_completed(&cx.turn_id, item).await;
}

/// The arguments of a call; none are an empty object.
fn read_arguments(call: &ToolCall) -> Result<Value, ToolEnd> {
    if call.arguments.trim().is_empty() {
        return Ok(json!({}));
    }
    super::arguments(call)
}

/// What the model reads of a call whose turn was interrupted.
pub(super) fn aborted(elapsed: Duration) -> ToolEnd {
    ToolEnd::text(format!("aborted by user after {:.1}s", elapsed.as_secs_f64()))
}

/// Whether servers may ask the user something in a turn with this policy.
fn may_ask(policy: &ApprovalPolicy) -> bool {
    match policy {
        ApprovalPolicy::Never => false,
        ApprovalPolicy::Granular(kinds) => kinds.mcp_elicitations,
        ApprovalPolicy::Untrusted | ApprovalPolicy::OnRequest => true,
    }
}
