//! Commands that the user runs in a thread (docs/contract/turns.md#shell-commands-of-the-user): without a sandbox and without
//! questions. The model reads what came of them.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use super::history::message;
use crate::exec::{ExecSessions, Launch, OutputLimit, aborted_output, shell_flag, user_shell};
use crate::model::ResponseItem;
use crate::outbox::Outbox;
use crate::safety::{Confinement, command_actions};
use crate::{
    AdditionalPermissions, CallStatus, CommandExecution, CommandSource, Item, ItemBody, ThreadSettings,
    new_id, now_ms,
};

/// How long a command of the user may take, unless they say otherwise.
const PATIENCE: Duration = Duration::from_secs(60 * 60);

/// How long a command that is interrupted or takes too long may take to end before it is forced.
const GRACE: Duration = Duration::from_secs(2);

/// A command of the user.
#[derive(Debug)]
pub(crate) struct ShellCommand {
    /// What the shell runs.
    pub(crate) command: String,
    /// It is ended after this time; after an hour by default.
    pub(crate) timeout: Option<Duration>,
}

/// What a command of the user runs with.
pub(crate) struct ShellContext {
    pub(crate) exec: Arc<ExecSessions>,
    pub(crate) outbox: Outbox,
    pub(crate) turn_id: Arc<str>,
    pub(crate) settings: Arc<ThreadSettings>,
    pub(crate) output_limit: OutputLimit,
    /// Cancelled when the turn is interrupted.
    pub(crate) cancel: CancellationToken,
}

/// A command that runs; its result is what the model reads of it.
pub(crate) type RunningShellCommand = JoinHandle<ResponseItem>;

/// Starts a command.
pub(crate) fn start(cx: ShellContext, command: ShellCommand) -> RunningShellCommand {
    tokio::spawn(run(cx, command).in_current_span())
}

async fn run(cx: ShellContext, shell: ShellCommand) -> ResponseItem {
    let ShellCommand { command, timeout } = shell;
    let cwd = cx.settings.cwd.clone();
    let argv = vec![
        user_shell(),
        shell_flag(cx.exec.allow_login_shell()).to_owned(),
        command.clone(),
    ];
    let item = Item {
        id: new_id(),
        started_at_ms: Some(now_ms()),
        completed_at_ms: None,
        body: ItemBody::CommandExecution(CommandExecution {
            actions: command_actions(&command, &cwd),
            command: argv.clone(),
            cwd: cwd.clone(),
            process_id: None,
            source: CommandSource::UserShell,
            status: CallStatus::InProgress,
            aggregated_output: None,
            exit_code: None,
            duration: None,
        }),
    };
    let launch = Launch {
        argv,
        cwd,
        turn_id: Arc::clone(&cx.turn_id),
        item: item.clone(),
        for_model: false,
        terminal: false,
        announced: false,
        // It is the user's own.
        outside: false,
        confinement: Confinement::None,
        permissions: AdditionalPermissions::default(),
        settings: Arc::clone(&cx.settings),
    };
    let session = match cx.exec.start(&cx.outbox, launch).await {
        Ok(session) => session,
        Err(error) => {
            let reason = format!("The command could not be started: {error}");
            fail(&cx, item, &reason).await;
            return result(&command, -1, Duration::ZERO, &reason);
        }
    };
    let mut chunk = session.look(timeout.unwrap_or(PATIENCE), &cx.cancel).await;
    if chunk.exit_code.is_none() {
        if chunk.cancelled {
            session.abort(GRACE).await;
        } else {
            session.end(GRACE).await;
        }
        chunk.exit_code = session.exit_code();
        // It may have ended by itself at the last moment.
        if chunk.cancelled && chunk.exit_code.is_none_or(|code| code < 0) {
            chunk.text = aborted_output(chunk.text);
        }
    }
    cx.exec.forget(session.id());
    result(
        &command,
        chunk.exit_code.unwrap_or(-1),
        chunk.wall_time,
        &chunk.within(cx.output_limit),
    )
}

/// What the model reads of a command.
fn result(command: &str, exit_code: i32, duration: Duration, output: &str) -> ResponseItem {
    let text = format!(
        "<user_shell_command>\n<command>\n{command}\n</command>\n<result>\nExit code: {exit_code}\nDuration: {:.4} \
         seconds\nOutput:\n{output}\n</result>\n</user_shell_command>",
        duration.as_secs_f64(),
    );
    message("user", [text])
}

async fn fail(cx: &ShellContext, mut item: Item, reason: &str) {
    cx.outbox.item_started(&cx.turn_id, item.clone());
    if let ItemBody::CommandExecution(command) = &mut item.body {
        command.not_started(reason);
    }
    cx.outbox.item_completed(&cx.turn_id, item).await;
}
