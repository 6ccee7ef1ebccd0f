//! `exec_command`: runs a command in a shell (docs/contract/tools.md#commands-of-the-model).

mod approval;
mod arguments;
mod spec;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::Value;

use self::approval::ApprovalOutcome;
use self::arguments::Arguments;
use super::{CallContext, PlannedCall, Tool, ToolCall, ToolEnd, arguments as read_arguments, patch_in_shell};
use crate::exec::{Chunk, Launch, choose_shell, shell_flag, tokens};
use crate::safety::{CommandRequest, Confinement, ExecDecision, Question, Wish, rejected};
use crate::{AdditionalPermissions, CallStatus, CommandExecution, CommandSource, Item, ItemBody};

/// Runs a command in a shell.
#[derive(Debug)]
pub(crate) struct ExecCommand {
    /// The model may ask for more than the sandbox allows.
    pub(crate) permissions: bool,
}

/// How long a call waits for its command: at least, at most, and when the model doesn't say.
const PATIENCE: (u64, u64, u64) = (250, 30_000, 10_000);

/// How long an interrupted command may take to end before it is forced.
const GRACE: Duration = Duration::from_secs(2);

impl Tool for ExecCommand {
    fn name(&self) -> &'static str {
        "exec_command"
    }

    fn spec(&self) -> Value {
        spec::spec(self.name(), self.permissions)
    }

    fn plan<'a>(&'a self, cx: &'a CallContext, call: &'a ToolCall) -> BoxFuture<'a, PlannedCall> {
        plan(cx, call, self.permissions).boxed()
    }

    fn run(&self, cx: CallContext, call: ToolCall) -> BoxFuture<'_, ToolEnd> {
        async move {
            match read_arguments(&call) {
                Ok(arguments) => run(cx, call.call_id, arguments, self.permissions).await,
                Err(end) => end,
            }
        }
        .boxed()
    }
}

/// The command as it is to be assessed.
fn request(
    cx: &CallContext,
    arguments: &Arguments,
    cwd: PathBuf,
    permissions: bool,
) -> Result<Arc<CommandRequest>, ToolEnd> {
    let wish = arguments.wish(permissions, &cwd)?;
    let login = match arguments.login {
        Some(true) if !cx.exec.allow_login_shell() => {
            return Err(ToolEnd::text(
                "exec_command failed: login shells are disabled by the configuration; call it again with login=false",
            ));
        }
        login => login.unwrap_or(cx.exec.allow_login_shell()),
    };
    let shell = choose_shell(arguments.shell.as_deref(), &cx.settings.workspace_roots);
    Ok(Arc::new(CommandRequest {
        argv: vec![shell, shell_flag(login).to_owned(), arguments.cmd.clone()],
        terminal: arguments.tty,
        cwd,
        wish,
        prefix_rule: arguments.prefix_rule.clone(),
        granted: cx.approvals.granted(&cx.turn_id),
        settings: Arc::clone(&cx.settings),
        // Where it can't be made, the command is refused and the user told so once; see `ExecSessions::start`.
        sandbox: true,
        path: cx.exec.search_path(),
    }))
}

/// Where a command runs.
fn folder(cx: &CallContext, arguments: &Arguments) -> PathBuf {
    match &arguments.workdir {
        Some(folder) if !folder.as_os_str().is_empty() => cx.resolve(folder),
        _ => cx.settings.cwd.clone(),
    }
}

/// See [`Tool::plan`].
async fn plan(cx: &CallContext, call: &ToolCall, permissions: bool) -> PlannedCall {
    let arguments: Arguments = match read_arguments(call) {
        Ok(arguments) => arguments,
        Err(end) => return PlannedCall::Refused(end.into_text()),
    };
    let request = match request(cx, &arguments, folder(cx, &arguments), permissions) {
        Ok(request) => request,
        Err(end) => return PlannedCall::Refused(end.into_text()),
    };
    match approval::assess(cx, &request).await.decision {
        ExecDecision::Run(_) => PlannedCall::NoApproval,
        ExecDecision::Refuse(why) => PlannedCall::Refused(why),
        ExecDecision::Ask(question) if approval::is_allowed(cx, &request, &question) => {
            PlannedCall::NoApproval
        }
        ExecDecision::Ask(question) => {
            let (action, details) =
                approval::planned(&request, &question, arguments.justification.as_deref());
            PlannedCall::NeedsApproval(action, details)
        }
    }
}

async fn run(cx: CallContext, call_id: String, arguments: Arguments, permissions: bool) -> ToolEnd {
    let cwd = folder(&cx, &arguments);
    let request = match request(&cx, &arguments, cwd.clone(), permissions) {
        Ok(request) => request,
        Err(end) => return end,
    };
    if let Some(end) = patch_in_shell::intercept(&cx, &call_id, &arguments.cmd, &cwd).await {
        return end;
    }
    let argv = request.argv.clone();
    let begin = tokio::time::Instant::now();
    let assessment = tokio::select! {
        biased;
        assessment = approval::assess(&cx, &request) => assessment,
        () = cx.cancel.cancelled() => return aborted(begin.elapsed()),
    };
    let item = Item {
        id: call_id,
        started_at_ms: Some(crate::now_ms()),
        completed_at_ms: None,
        body: ItemBody::CommandExecution(CommandExecution {
            actions: assessment.actions,
            command: argv.clone(),
            cwd: cwd.clone(),
            process_id: None,
            source: CommandSource::Agent,
            status: CallStatus::InProgress,
            aggregated_output: None,
            exit_code: None,
            duration: None,
        }),
    };

    let asked = matches!(assessment.decision, ExecDecision::Ask(_));
    let justification = arguments.justification;
    let outcome = match (assessment.decision, cx.strict_reviewer()) {
        (ExecDecision::Refuse(reason), _) => {
            cx.outbox.item_started(&cx.turn_id, item.clone());
            approval::decline(&cx, item).await;
            return ToolEnd::text(reason);
        }
        (ExecDecision::Run(confinement), None) => ApprovalOutcome::Unasked(confinement),
        (ExecDecision::Run(confinement), Some(reviewer)) => {
            let question = Question::unasked(confinement);
            approval::review(&cx, reviewer, &request, question, &item, justification).await
        }
        (ExecDecision::Ask(question), Some(reviewer)) => {
            match approval::forbidden_by_hook(&cx, &item, justification.as_deref()).await {
                Some(end) => ApprovalOutcome::Over(end),
                None => approval::review(&cx, reviewer, &request, question, &item, justification).await,
            }
        }
        (ExecDecision::Ask(question), None) if approval::is_allowed(&cx, &request, &question) => {
            ApprovalOutcome::Unasked(question.confinement)
        }
        (ExecDecision::Ask(question), None) => {
            approval::ask(&cx, &request, question, &item, justification).await
        }
    };
    let (announced, confinement) = match outcome {
        ApprovalOutcome::Unasked(confinement) => (false, confinement),
        ApprovalOutcome::Run(confinement) => (true, confinement),
        ApprovalOutcome::Over(end) => return end,
    };
    // The sandbox that makes a safe command harmless is opened for nothing.
    let mut permissions = match confinement {
        Confinement::ReadOnly => AdditionalPermissions::default(),
        Confinement::Policy | Confinement::None => request.granted.clone(),
    };
    if let Wish::Additional(wanted) = &request.wish {
        permissions.add(wanted);
    }

    // What the user lets run because nothing runs without them is no exception.
    let outside = confinement == Confinement::None && (!asked || request.wish == Wish::Escalated);
    let launch = Launch {
        outside,
        argv,
        cwd,
        for_model: true,
        turn_id: cx.turn_id.clone(),
        item: item.clone(),
        terminal: arguments.tty,
        announced,
        confinement,
        permissions,
        settings: Arc::clone(&cx.settings),
    };
    let session = match cx.exec.start(&cx.outbox, launch).await {
        Ok(session) => session,
        Err(error) => {
            let reason = format!("Failed to create unified exec process: {error}");
            fail(&cx, item, announced, &reason).await;
            return ToolEnd::text(rejected(&reason));
        }
    };
    let (least, most, default) = PATIENCE;
    let patience = Duration::from_millis(arguments.yield_time_ms.unwrap_or(default).clamp(least, most));
    let chunk = session.look(patience, &cx.cancel).await;
    if chunk.cancelled {
        session.end(GRACE).await;
        cx.exec.forget(session.id());
        return aborted(chunk.wall_time);
    }
    if chunk.exit_code.is_some() {
        cx.exec.forget(session.id());
        cx.record.command_ended(&session, &chunk.text);
    }
    report(&cx, &chunk, session.id(), arguments.max_output_tokens)
}

/// What the model gets of a look at a command.
pub(super) fn report(cx: &CallContext, chunk: &Chunk, session: u32, max_tokens: Option<usize>) -> ToolEnd {
    let limit = cx.output_limit.lowered(max_tokens);
    let state = match chunk.exit_code {
        Some(code) => format!("Process exited with code {code}"),
        None => format!("Process running with session ID {session}"),
    };
    ToolEnd::text(format!(
        "Chunk ID: {}\nWall time: {:.4} seconds\n{state}\nOriginal token count: {}\nOutput:\n{}",
        chunk_id(),
        chunk.wall_time.as_secs_f64(),
        tokens(chunk.bytes),
        chunk.within(limit),
    ))
}

/// What the model gets of a call that was interrupted.
pub(super) fn aborted(after: Duration) -> ToolEnd {
    ToolEnd::text(format!(
        "Wall time: {:.1} seconds\naborted by user",
        after.as_secs_f64()
    ))
}

async fn fail(cx: &CallContext, mut item: Item, announced: bool, reason: &str) {
    if let ItemBody::CommandExecution(command) = &mut item.body {
        command.source = CommandSource::UnifiedExecStartup;
    }
    if !announced {
        cx.outbox.item_started(&cx.turn_id, item.clone());
    }
    if let ItemBody::CommandExecution(command) = &mut item.body {
        command.not_started(reason);
    }
    cx.outbox.item_completed(&cx.turn_id, item).await;
}

/// Six random hexadecimal digits.
fn chunk_id() -> String {
    format!("{:06x}", getrandom::u32().unwrap_or_default() & 0xff_ffff)
}
