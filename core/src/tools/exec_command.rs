//! `exec_command`: runs a command in a shell (docs/contract/tools.md#commands-of-the-model).

use std::path::PathBuf;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{CallContext, Tool, ToolCall, ToolEnd, arguments, patch_in_shell};
use crate::exec::{Chunk, Launch, choose_shell, shell_flag, tokens};
use crate::model::FunctionOutput;
use crate::outbox::CommandQuestion;
use crate::safety::{self, ExecDecision, command_actions, rejected};
use crate::{ApprovalDecision, CallStatus, CommandExecution, CommandSource, Item, ItemBody, SandboxPolicy};

/// Runs a command in a shell.
#[derive(Debug)]
pub(crate) struct ExecCommand;

/// How long a call waits for its command: at least, at most, and when the model doesn't say.
const PATIENCE: (u64, u64, u64) = (250, 30_000, 10_000);

/// How long an interrupted command may take to end before it is forced.
const GRACE: Duration = Duration::from_secs(2);

#[derive(Debug, Deserialize)]
struct Arguments {
    cmd: String,
    workdir: Option<PathBuf>,
    shell: Option<String>,
    login: Option<bool>,
    #[serde(default)]
    tty: bool,
    yield_time_ms: Option<u64>,
    max_output_tokens: Option<usize>,
    #[serde(default)]
    sandbox_permissions: Option<SandboxPermissions>,
    justification: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum SandboxPermissions {
    UseDefault,
    RequireEscalated,
}

impl Tool for ExecCommand {
    fn name(&self) -> &'static str {
        "exec_command"
    }

    fn spec(&self) -> Value {
        let text = |description: &str| json!({"type": "string", "description": description});
        let number = |description: &str| json!({"type": "number", "description": description});
        json!({
            "type": "function",
            "name": self.name(),
            "description": "Runs a command in a shell and returns what it printed (stdout and stderr in one) with \
                its exit code. A command that takes longer than `yield_time_ms` keeps running: you get what it has \
                printed so far and a session ID to look again with `write_stdin`. Standard input is empty unless the \
                command gets a terminal (`tty`).",
            "strict": false,
            "parameters": {
                "type": "object",
                "properties": {
                    "cmd": text("The shell command to run."),
                    "workdir": text("Folder to run it in, absolute or relative to the working folder, which is the \
                        default. Use it instead of `cd`."),
                    "shell": text("Shell to run it with. Default: the user's shell."),
                    "login": {
                        "type": "boolean",
                        "description": "Whether the shell reads the user's profile (`-lc`) or not (`-c`). Default: true.",
                    },
                    "tty": {
                        "type": "boolean",
                        "description": "Whether the command gets a terminal, so that `write_stdin` can type at it. Use it \
                            for programs that ask questions or need a terminal. Default: false.",
                    },
                    "yield_time_ms": number("How long to wait for the command, in milliseconds, from 250 to 30000. \
                        Default: 10000. It returns sooner if the command ends sooner."),
                    "max_output_tokens": number("Most tokens of output to return; a longer one loses its middle. \
                        Default: 10000."),
                    "sandbox_permissions": {
                        "type": "string",
                        "enum": ["use_default", "require_escalated"],
                        "description": "`require_escalated` asks to run the command without the sandbox's limits; \
                            give a `justification`. Default: `use_default`.",
                    },
                    "justification": text("With `require_escalated`: one short question to the user that says what \
                        the command is for."),
                    "prefix_rule": {
                        "type": "array",
                        "items": {"type": "string"},
                        "description": "With `require_escalated`: the first words of the command, if similar \
                            commands should be allowed in future, such as [\"cargo\", \"test\"].",
                    },
                },
                "required": ["cmd"],
                "additionalProperties": false,
            },
        })
    }

    fn run(&self, cx: CallContext, call: ToolCall) -> BoxFuture<'_, ToolEnd> {
        async move {
            match arguments(&call) {
                Ok(arguments) => run(cx, call.call_id, arguments).await,
                Err(end) => end,
            }
        }
        .boxed()
    }
}

async fn run(cx: CallContext, call_id: String, arguments: Arguments) -> ToolEnd {
    if arguments.justification.is_some() && arguments.sandbox_permissions.is_none() {
        return ToolEnd::text(
            "`justification` goes with an explicit `sandbox_permissions`: call it again with \
             `sandbox_permissions: \"require_escalated\"` to run the command outside of the sandbox, or without \
             `justification`",
        );
    }
    let login = match arguments.login {
        Some(true) if !cx.exec.allow_login_shell() => {
            return ToolEnd::text(
                "exec_command failed: login shells are disabled by the configuration; call it again with login=false",
            );
        }
        login => login.unwrap_or(cx.exec.allow_login_shell()),
    };
    let cwd = match &arguments.workdir {
        Some(folder) => cx.settings.cwd.join(folder),
        None => cx.settings.cwd.clone(),
    };
    if let Some(end) = patch_in_shell::intercept(&cx, &call_id, &arguments.cmd, &cwd).await {
        return end;
    }
    let shell = choose_shell(arguments.shell.as_deref(), &cx.settings.workspace_roots);
    let argv = vec![shell, shell_flag(login).to_owned(), arguments.cmd.clone()];
    let item = Item {
        id: call_id,
        started_at_ms: Some(crate::now_ms()),
        completed_at_ms: None,
        body: ItemBody::CommandExecution(CommandExecution {
            actions: command_actions(&arguments.cmd, &cwd),
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

    let escalated = arguments.sandbox_permissions == Some(SandboxPermissions::RequireEscalated);
    let announced = match safety::assess(&cx.settings, escalated) {
        ExecDecision::Run => false,
        ExecDecision::Refuse(reason) => {
            cx.outbox.item_started(&cx.turn_id, item.clone());
            decline(&cx, item).await;
            return ToolEnd::text(reason);
        }
        ExecDecision::Ask if cx.exec.is_allowed(&(argv.clone(), cwd.clone())) => false,
        ExecDecision::Ask => match ask(&cx, &item, arguments.justification).await {
            ApprovalOutcome::Run => true,
            ApprovalOutcome::End(end) => {
                decline(&cx, item).await;
                return end;
            }
            // The command has neither run nor been declined: nothing is to be told of it.
            ApprovalOutcome::Interrupted(after) => return aborted(after),
        },
    };

    let launch = Launch {
        argv,
        cwd,
        for_model: true,
        turn_id: cx.turn_id.clone(),
        item: item.clone(),
        terminal: arguments.tty,
        announced,
        policy: matches!(cx.settings.sandbox_policy, SandboxPolicy::ExternalSandbox { .. })
            .then(|| cx.settings.sandbox_policy.clone()),
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
        limit.cut(&chunk.text),
    ))
}

/// What the model gets of a call that was interrupted.
pub(super) fn aborted(after: Duration) -> ToolEnd {
    ToolEnd::text(format!(
        "Wall time: {:.1} seconds\naborted by user",
        after.as_secs_f64()
    ))
}

enum ApprovalOutcome {
    Run,
    End(ToolEnd),
    /// The turn was interrupted after this time.
    Interrupted(Duration),
}

async fn ask(cx: &CallContext, item: &Item, reason: Option<String>) -> ApprovalOutcome {
    let ItemBody::CommandExecution(command) = &item.body else {
        return ApprovalOutcome::Run;
    };
    let begin = tokio::time::Instant::now();
    let question = cx.outbox.approve_command(CommandQuestion {
        turn_id: cx.turn_id.clone(),
        item_id: item.id.as_str().into(),
        item: Some(item.clone()),
        reason,
        command: command.command.clone(),
        cwd: command.cwd.clone(),
        actions: command.actions.clone(),
        proposed_rule: None,
    });
    let decision = tokio::select! {
        biased;
        () = cx.cancel.cancelled() => return ApprovalOutcome::Interrupted(begin.elapsed()),
        decision = question => decision,
    };
    let by_user = || FunctionOutput::Text(rejected("rejected by user"));
    match decision {
        // There are no rules yet, so a rule allows no more than this command.
        ApprovalDecision::Accept | ApprovalDecision::AcceptWithRule(_) => ApprovalOutcome::Run,
        ApprovalDecision::AcceptForSession => {
            cx.exec.allow((command.command.clone(), command.cwd.clone()));
            ApprovalOutcome::Run
        }
        ApprovalDecision::Decline => ApprovalOutcome::End(ToolEnd::Output(by_user())),
        ApprovalDecision::Cancel => ApprovalOutcome::End(ToolEnd::StopTurn(by_user())),
        ApprovalDecision::Failed => ApprovalOutcome::End(ToolEnd::text(rejected("approval request failed"))),
    }
}

async fn decline(cx: &CallContext, mut item: Item) {
    if let ItemBody::CommandExecution(command) = &mut item.body {
        command.status = CallStatus::Declined;
    }
    cx.outbox.item_completed(&cx.turn_id, item).await;
}

async fn fail(cx: &CallContext, mut item: Item, announced: bool, reason: &str) {
    if let ItemBody::CommandExecution(command) = &mut item.body {
        command.source = CommandSource::UnifiedExecStartup;
    }
    if !announced {
        cx.outbox.item_started(&cx.turn_id, item.clone());
    }
    if let ItemBody::CommandExecution(command) = &mut item.body {
        command.status = CallStatus::Failed;
        command.exit_code = Some(-1);
        command.aggregated_output = Some(reason.to_owned());
        command.duration = Some(Duration::ZERO);
    }
    cx.outbox.item_completed(&cx.turn_id, item).await;
}

/// Six random hexadecimal digits.
fn chunk_id() -> String {
    format!("{:06x}", getrandom::u32().unwrap_or_default() & 0xff_ffff)
}
