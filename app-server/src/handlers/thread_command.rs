//! Commands of a thread that no model call is about (docs/contract/turns.md#shell-commands-of-the-user,
//! docs/contract/tools.md#background-terminals).

use std::time::Duration;

use codex_app_server_protocol::{
    LegacyAppPathString, ThreadBackgroundTerminal, ThreadBackgroundTerminalsClean,
    ThreadBackgroundTerminalsCleanParams, ThreadBackgroundTerminalsCleanResponse,
    ThreadBackgroundTerminalsList, ThreadBackgroundTerminalsListParams,
    ThreadBackgroundTerminalsListResponse, ThreadBackgroundTerminalsTerminate,
    ThreadBackgroundTerminalsTerminateParams, ThreadBackgroundTerminalsTerminateResponse, ThreadShellCommand,
    ThreadShellCommandParams, ThreadShellCommandResponse,
};
use codex_core::{BackgroundTerminal, Op, ThreadHandle};

use crate::rpc::error::{RpcError, RpcResult};
use crate::rpc::responder::Responder;
use crate::server::{RequestContext, Router};

/// Registers the handlers of this family.
pub(crate) fn register(router: &mut Router) {
    router.on_deferred::<ThreadShellCommand, _, _>(shell_command);
    router.on::<ThreadBackgroundTerminalsList, _, _>(list);
    router.on::<ThreadBackgroundTerminalsTerminate, _, _>(terminate);
    router.on::<ThreadBackgroundTerminalsClean, _, _>(clean);
}

async fn shell_command(
    cx: RequestContext,
    params: ThreadShellCommandParams,
    responder: Responder<ThreadShellCommand>,
) {
    match checked(&cx, &params) {
        Ok((thread, timeout)) => thread.submit(Op::ShellCommand {
            command: params.command,
            timeout,
            reply: responder.reply(|()| ThreadShellCommandResponse {}),
        }),
        Err(error) => responder.send(Err(error)),
    }
}

fn checked(
    cx: &RequestContext,
    params: &ThreadShellCommandParams,
) -> RpcResult<(ThreadHandle, Option<Duration>)> {
    let thread = cx.server.thread(&params.thread_id)?;
    if params.command.trim().is_empty() {
        return Err(RpcError::invalid("command must not be empty"));
    }
    let timeout = params.timeout_ms.map(|milliseconds| -> RpcResult<_> {
        let milliseconds = u64::try_from(milliseconds).map_err(|_| {
            RpcError::params(format!(
                "thread/shellCommand timeoutMs must be non-negative, got {milliseconds}"
            ))
        })?;
        Ok(Duration::from_millis(milliseconds))
    });
    Ok((thread, timeout.transpose()?))
}

async fn list(
    cx: RequestContext,
    params: ThreadBackgroundTerminalsListParams,
) -> RpcResult<ThreadBackgroundTerminalsListResponse> {
    let thread = cx.server.thread(&params.thread_id)?;
    // The cursor is the number of the last command of the page before.
    let after = match params.cursor.as_deref() {
        None => 0,
        Some(cursor) => cursor
            .parse::<u32>()
            .map_err(|_| RpcError::invalid(format!("invalid cursor: {cursor}")))?,
    };
    let limit = params.limit.map_or(usize::MAX, |limit| limit.max(1) as usize);
    let mut data: Vec<_> = thread.background_terminals().await;
    data.retain(|terminal| terminal.process_id.parse::<u32>().is_ok_and(|id| id > after));
    let next_cursor = (data.len() > limit).then(|| data[limit - 1].process_id.clone());
    data.truncate(limit);
    Ok(ThreadBackgroundTerminalsListResponse {
        data: data.iter().map(to_wire).collect(),
        next_cursor,
    })
}

fn to_wire(terminal: &BackgroundTerminal) -> ThreadBackgroundTerminal {
    ThreadBackgroundTerminal {
        item_id: terminal.item_id.clone(),
        process_id: terminal.process_id.clone(),
        command: terminal.command.clone(),
        cwd: LegacyAppPathString::from(terminal.cwd.as_path()),
        os_pid: terminal.os_pid,
        cpu_percent: terminal.usage.map(|usage| usage.cpu_percent),
        rss_kb: terminal.usage.map(|usage| usage.rss_kib),
    }
}

async fn terminate(
    cx: RequestContext,
    params: ThreadBackgroundTerminalsTerminateParams,
) -> RpcResult<ThreadBackgroundTerminalsTerminateResponse> {
    let thread = cx.server.thread(&params.thread_id)?;
    if let Err(error) = params.process_id.parse::<i32>() {
        return Err(RpcError::invalid(format!(
            "invalid background terminal process id: {error}"
        )));
    }
    let terminated = thread.terminate_background_terminal(&params.process_id).await;
    Ok(ThreadBackgroundTerminalsTerminateResponse { terminated })
}

async fn clean(
    cx: RequestContext,
    params: ThreadBackgroundTerminalsCleanParams,
) -> RpcResult<ThreadBackgroundTerminalsCleanResponse> {
    cx.server
        .thread(&params.thread_id)?
        .clean_background_terminals()
        .await;
    Ok(ThreadBackgroundTerminalsCleanResponse {})
}
