//! What hooks have to say of tool calls (docs/contract/hooks.md#tools).

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Map, Value, json};

use super::apply_patch::patch_text;
use super::{CallContext, ToolCall, ToolEnd, ToolSet};
use crate::exec::CommandSession;
use crate::hooks::{HookMoment, HookReport, HookRequest};
use crate::{CommandExecution, HookEvent, patch};

/// What hooks know the shell as.
const SHELL: &str = "Bash";

/// As hooks call patches.
const PATCH: &str = "apply_patch";

/// What hooks that were written for other agents know patches as.
const PATCH_NAMES: [&str; 2] = ["Edit", "Write"];

/// What a call that went well has to tell hooks. Does nothing where no hook wants to know.
#[derive(Debug, Clone, Default)]
pub(crate) struct CallRecord(Option<Arc<Mutex<Option<Success>>>>);

#[derive(Debug)]
enum Success {
    /// Of the call itself: what it gave.
    Call(Value),
    /// Of a command, which an earlier call may have started.
    Command {
        call_id: String,
        command: String,
        output: String,
    },
}

impl CallRecord {
    fn new() -> Self {
        Self(Some(Arc::default()))
    }

    /// The call has gone well.
    pub(crate) fn succeeded(&self, end: ToolEnd) -> ToolEnd {
        if let ToolEnd::Output(output) = &end {
            self.note(|| Success::Call(serde_json::to_value(output).unwrap_or_default()));
        }
        end
    }

    /// The call has gone well, and gave this.
    pub(crate) fn gave(&self, response: Value, end: ToolEnd) -> ToolEnd {
        self.note(|| Success::Call(response));
        end
    }

    /// A command has ended, with this output since it was last looked at.
    pub(crate) fn command_ended(&self, session: &CommandSession, output: &str) {
        self.note(|| Success::Command {
            call_id: session.item_id().to_string(),
            command: session.command().get(2).cloned().unwrap_or_default(),
            output: output.to_owned(),
        });
    }

    fn note(&self, success: impl FnOnce() -> Success) {
        if let Some(record) = &self.0 {
            *record.lock().unwrap_or_else(PoisonError::into_inner) = Some(success());
        }
    }

    fn take(&self) -> Option<Success> {
        self.0
            .as_ref()?
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }
}

/// Whether any hook wants to know of calls.
pub(super) fn is_watched(cx: &CallContext) -> bool {
    cx.hooks.any(HookEvent::PreToolUse) || cx.hooks.any(HookEvent::PostToolUse)
}

/// A call as hooks see it.
struct SeenCall {
    name: String,
    input: Value,
    /// The text that runs, of commands and patches.
    command: Option<String>,
    /// Where it runs, if it says so.
    workdir: Option<PathBuf>,
}

/// Carries out one call with the hooks around it.
pub(super) async fn run(tools: ToolSet, mut cx: CallContext, mut call: ToolCall) -> ToolEnd {
    let mut seen = if tools.has(&cx, &call) { see(&call) } else { None };
    if let Some(before) = &seen {
        let request = request(HookEvent::PreToolUse, before, &call.call_id, None);
        let Some(report) = ask(&cx, &request, before.workdir.as_deref()).await else {
            return ToolEnd::text("aborted by user");
        };
        if let Some(reason) = report.blocked {
            return ToolEnd::text(match &before.command {
                Some(command) => format!("Command blocked by PreToolUse hook: {reason}. Command: {command}"),
                None => format!(
                    "Tool call blocked by PreToolUse hook: {reason}. Tool: {}",
                    before.name
                ),
            });
        }
        if let Some(input) = report.updated_input {
            match with_input(&mut call, before, &input) {
                Ok(changed) => seen = Some(changed),
                Err(why) => return ToolEnd::text(why),
            }
        }
    }
    cx.record = CallRecord::new();
    let end = tools.run(cx.clone(), call.clone()).await;
    let ToolEnd::Output(_) = &end else { return end };
    let Some(success) = cx.record.take().filter(|_| !cx.cancel.is_cancelled()) else {
        return end;
    };
    let after = match success {
        Success::Call(response) => {
            let Some(seen) = &seen else { return end };
            let response = as_told(&seen.name, response);
            request(HookEvent::PostToolUse, seen, &call.call_id, Some(response))
        }
        Success::Command {
            call_id,
            command,
            output,
        } => {
            let seen = with_command(SHELL, command);
            request(HookEvent::PostToolUse, &seen, &call_id, Some(output.into()))
        }
    };
    let workdir = seen.as_ref().and_then(|seen| seen.workdir.as_deref());
    let Some(report) = ask(&cx, &after, workdir).await else {
        return end;
    };
    if report.feedback.is_empty() {
        return end;
    }
    ToolEnd::text(report.feedback.join("\n\n"))
}

/// Runs the hooks of an event of this call. `None`: the turn was interrupted. `workdir`: where it runs, if that is not the
/// working folder; hooks are told, and run in the working folder.
async fn ask(cx: &CallContext, request: &HookRequest, workdir: Option<&Path>) -> Option<HookReport> {
    let mut moment = HookMoment::in_turn(&cx.turn_id, &cx.settings);
    moment.told_cwd = workdir.map(|workdir| cx.resolve(workdir));
    let mut report = tokio::select! {
        biased;
        () = cx.cancel.cancelled() => return None,
        report = cx.hooks.run(&moment, request) => report,
    };
    cx.hooks.add_contexts(std::mem::take(&mut report.contexts));
    Some(report)
}

/// Whether somebody's hooks decide about an approval in the user's place: `Some(Ok)`: they give it, `Some(Err)`: they don't,
/// for this reason.
async fn decide(
    cx: &CallContext,
    call_id: &str,
    (name, input): (&str, &Value),
    workdir: Option<&Path>,
) -> Option<Result<(), String>> {
    if !cx.hooks.any(HookEvent::PermissionRequest) {
        return None;
    }
    let details = json!({"tool_name": name, "tool_input": input});
    let request = HookRequest::new(HookEvent::PermissionRequest, details)
        .named(name.to_owned())
        .also_named(aliases(name))
        .with_suffix(call_id);
    let report = ask(cx, &request, workdir).await?;
    match report.blocked {
        Some(reason) => Some(Err(reason)),
        None => report.is_allowed.then_some(Ok(())),
    }
}

/// A command about which hooks decide.
pub(super) async fn decide_command(
    cx: &CallContext,
    call_id: &str,
    command: &CommandExecution,
    justification: Option<&str>,
) -> Option<Result<(), String>> {
    let text = command.command.get(2).map_or("", String::as_str);
    let mut input = Map::new();
    input.insert("command".to_owned(), text.into());
    if let Some(why) = justification {
        input.insert("description".to_owned(), why.into());
    }
    decide(cx, call_id, (SHELL, &Value::Object(input)), Some(&command.cwd)).await
}

/// A call of a tool of an MCP server about which hooks decide.
pub(super) async fn decide_mcp(
    cx: &CallContext,
    call: &ToolCall,
    arguments: &Value,
) -> Option<Result<(), String>> {
    decide(cx, &call.call_id, (&mcp_name(call), arguments), None).await
}

/// What hooks know a tool of an MCP server as: `mcp__server__tool`.
fn mcp_name(call: &ToolCall) -> String {
    format!("{}__{}", call.namespace.as_deref().unwrap_or_default(), call.name)
}

/// A patch about which hooks decide.
pub(super) async fn decide_patch(cx: &CallContext, call_id: &str, text: &str) -> Option<Result<(), String>> {
    decide(cx, call_id, (PATCH, &json!({"command": text})), None).await
}

fn request(event: HookEvent, seen: &SeenCall, call_id: &str, response: Option<Value>) -> HookRequest {
    let mut details = json!({
        "tool_name": seen.name,
        "tool_input": seen.input,
        "tool_use_id": call_id,
    });
    if let Some(response) = response {
        details["tool_response"] = response;
    }
    HookRequest::new(event, details)
        .named(seen.name.clone())
        .also_named(aliases(&seen.name))
        .with_suffix(call_id)
}

/// Other names by which hooks may be limited to a tool.
fn aliases(name: &str) -> &'static [&'static str] {
    if name == PATCH { &PATCH_NAMES } else { &[] }
}

/// A call of a tool that takes one text.
fn with_command(name: &str, command: String) -> SeenCall {
    SeenCall {
        name: name.to_owned(),
        input: json!({"command": command}),
        command: Some(command),
        workdir: None,
    }
}

/// A call as hooks see it. `None`: it is none of their business, or can't be read, which its tool will say.
fn see(call: &ToolCall) -> Option<SeenCall> {
    match (call.plain_namespace(), call.name.as_str()) {
        (None, "write_stdin") => None,
        (None, PATCH) => {
            let command = patch_text(&call.arguments);
            patch::parse(&command).ok()?;
            Some(with_command(PATCH, command))
        }
        (None, "exec_command") => {
            let arguments: Value = serde_json::from_str(&call.arguments).ok()?;
            let workdir = arguments.get("workdir").and_then(Value::as_str);
            Some(SeenCall {
                workdir: workdir.filter(|folder| !folder.is_empty()).map(PathBuf::from),
                ..with_command(SHELL, arguments.get("cmd")?.as_str()?.to_owned())
            })
        }
        (Some(namespace), _) if namespace.starts_with("mcp__") => {
            let arguments: Value = match call.arguments.trim() {
                "" => json!({}),
                text => serde_json::from_str(text).ok()?,
            };
            Some(SeenCall {
                name: mcp_name(call),
                input: arguments,
                command: None,
                workdir: None,
            })
        }
        (namespace, name) => {
            let arguments: Value = serde_json::from_str(&call.arguments).ok()?;
            let name = match namespace {
                Some("multi_agent_v1") if name == "spawn_agent" => name.to_owned(),
                namespace => format!("{}{name}", namespace.unwrap_or_default()),
            };
            arguments.is_object().then_some(SeenCall {
                name,
                input: arguments,
                command: None,
                workdir: None,
            })
        }
    }
}

/// Puts other input in the place of a call's own.
fn with_input(call: &mut ToolCall, seen: &SeenCall, input: &Value) -> Result<SeenCall, String> {
    if seen.command.is_none() {
        if !input.is_object() {
            return Err("hook returned updatedInput that is not an object".to_owned());
        }
        call.arguments = input.to_string();
        return see(call).ok_or_else(|| "hook returned updatedInput that the tool can't read".to_owned());
    }
    let command = input.get("command").and_then(Value::as_str);
    let command = command.ok_or("hook returned updatedInput without string field `command`")?;
    if seen.name == SHELL {
        let mut arguments: Value = serde_json::from_str(&call.arguments).unwrap_or_else(|_| json!({}));
        arguments["cmd"] = command.into();
        call.arguments = arguments.to_string();
    } else {
        command.clone_into(&mut call.arguments);
    }
    Ok(with_command(&seen.name, command.to_owned()))
}

/// What a tool gave, as hooks are told of it: tools of goals give objects.
fn as_told(name: &str, response: Value) -> Value {
    let object = response
        .as_str()
        .filter(|_| name.ends_with("_goal"))
        .and_then(|text| serde_json::from_str(text).ok());
    object.unwrap_or(response)
}
