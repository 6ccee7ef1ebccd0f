//! Processes that a client runs beside all threads (docs/contract/services.md#processes).

use std::sync::Arc;

use codex_app_server_protocol::{
    ProcessExited, ProcessExitedNotification, ProcessKill, ProcessKillParams, ProcessKillResponse,
    ProcessOutputDelta, ProcessOutputDeltaNotification, ProcessOutputStream, ProcessResizePty,
    ProcessResizePtyParams, ProcessResizePtyResponse, ProcessSpawn, ProcessSpawnParams, ProcessSpawnResponse,
    ProcessWriteStdin, ProcessWriteStdinParams, ProcessWriteStdinResponse,
};
use codex_core::config::Config;
use codex_core::{
    ClientCommand, Error as CoreError, ProcessControl, ProcessControlled, ProcessStream, SandboxPolicy,
};

use crate::client::handle::Client;
use crate::client::processes::{OutputSink, RunningProcess};
use crate::convert::client_process::{delta, input, output_cap, terminal, terminal_size, text, timeout};
use crate::rpc::error::{RpcError, RpcResult};
use crate::rpc::responder::Responder;
use crate::server::{RequestContext, Router};

/// Registers the handlers of this family.
pub(crate) fn register(router: &mut Router) {
    router.on_deferred::<ProcessSpawn, _, _>(spawn);
    router.on::<ProcessWriteStdin, _, _>(write);
    router.on::<ProcessResizePty, _, _>(resize);
    router.on::<ProcessKill, _, _>(kill);
}

async fn spawn(cx: RequestContext, params: ProcessSpawnParams, responder: Responder<ProcessSpawn>) {
    let handle = params.process_handle.clone();
    let prepared = match begin(&cx, &handle) {
        Ok(begun) => prepare(&cx, params).await.map(|command| (command, begun)),
        Err(error) => Err(error),
    };
    match prepared {
        Ok((command, (running, controlled))) => {
            let client = Arc::clone(&cx.client);
            // The request is answered long before the process ends.
            cx.server
                .runtime
                .spawn(follow(client, handle, command, running, controlled, responder));
        }
        Err(error) => responder.send(Err(error)),
    }
}

fn begin(cx: &RequestContext, handle: &str) -> RpcResult<(RunningProcess, ProcessControlled)> {
    if handle.is_empty() {
        return Err(RpcError::invalid("processHandle must not be empty"));
    }
    // Before anything is waited for: whatever the client sends next finds it.
    cx.client
        .processes
        .begin(Some(handle.to_owned()))
        .ok_or_else(|| RpcError::invalid(format!("duplicate active process handle: {handle:?}")))
}

async fn prepare(cx: &RequestContext, params: ProcessSpawnParams) -> RpcResult<ClientCommand> {
    if params.command.is_empty() {
        return Err(RpcError::invalid("command must not be empty"));
    }
    let timeout = timeout("process/spawn", params.timeout_ms)?;
    let size = params.size.map(|size| (size.rows, size.cols));
    let terminal = terminal("process/spawn", params.tty, size)?;
    let cwd = params.cwd.as_path().to_owned();
    let config = Config::load_or_last(&cx.server.config, cwd.clone()).await;
    let config = config.map_err(CoreError::from)?;
    Ok(ClientCommand {
        argv: params.command,
        sandbox_folder: cwd.clone(),
        cwd,
        environment: config.shell_environment_policy.clone(),
        variables: params.env.unwrap_or_default(),
        timeout,
        output_cap: output_cap(params.output_bytes_cap),
        terminal,
        stream_input: params.stream_stdin,
        stream_output: params.stream_stdout_stderr || params.tty,
        sandbox: SandboxPolicy::DangerFullAccess,
        profile: None,
        codex_home: config.codex_home.clone(),
    })
}

async fn follow(
    client: Arc<Client>,
    handle: String,
    command: ClientCommand,
    running: RunningProcess,
    controlled: ProcessControlled,
    responder: Responder<ProcessSpawn>,
) {
    let teller = Arc::clone(&client);
    let process_handle = handle.clone();
    let sink = OutputSink::new(
        Arc::clone(&client.outgoing),
        move |stream, bytes: &[u8], cap_reached| tell(&teller, &process_handle, stream, bytes, cap_reached),
    );
    let mut responder = Some(responder);
    let answer = |answer| {
        if let Some(responder) = responder.take() {
            responder.send(answer);
        }
    };
    let exit = {
        let mut answer = answer;
        let started = || answer(Ok(ProcessSpawnResponse {}));
        match command.run(controlled, &sink, started).await {
            Ok(exit) => exit,
            Err(error) => {
                return answer(Err(RpcError::internal(format!(
                    "failed to spawn process: {error}"
                ))));
            }
        }
    };
    // The name is free before the client hears of the end.
    drop(running);
    client.notify::<ProcessExited>(&ProcessExitedNotification {
        process_handle: handle,
        exit_code: exit.exit_code,
        output_drain_timed_out: Some(exit.drain_timed_out),
        stdout: text(exit.stdout.bytes),
        stdout_cap_reached: exit.stdout.cap_reached,
        stderr: text(exit.stderr.bytes),
        stderr_cap_reached: exit.stderr.cap_reached,
    });
}

fn tell(client: &Client, handle: &str, stream: ProcessStream, bytes: &[u8], cap_reached: bool) {
    client.notify::<ProcessOutputDelta>(&ProcessOutputDeltaNotification {
        process_handle: handle.to_owned(),
        stream: match stream {
            ProcessStream::Stdout => ProcessOutputStream::Stdout,
            ProcessStream::Stderr => ProcessOutputStream::Stderr,
        },
        delta_base64: delta(bytes),
        cap_reached,
    });
}

async fn write(cx: RequestContext, params: ProcessWriteStdinParams) -> RpcResult<ProcessWriteStdinResponse> {
    let bytes = input("process/writeStdin", params.delta_base64, params.close_stdin)?;
    let written = find(&cx, &params.process_handle)?
        .write(bytes, params.close_stdin)
        .await;
    written?;
    Ok(ProcessWriteStdinResponse {})
}

async fn resize(cx: RequestContext, params: ProcessResizePtyParams) -> RpcResult<ProcessResizePtyResponse> {
    let size = terminal_size("process/resizePty", (params.size.rows, params.size.cols))?;
    let resized = find(&cx, &params.process_handle)?.resize(size).await;
    resized?;
    Ok(ProcessResizePtyResponse {})
}

async fn kill(cx: RequestContext, params: ProcessKillParams) -> RpcResult<ProcessKillResponse> {
    find(&cx, &params.process_handle)?.terminate();
    Ok(ProcessKillResponse {})
}

fn find(cx: &RequestContext, handle: &str) -> RpcResult<ProcessControl> {
    cx.client
        .processes
        .get(handle)
        .ok_or_else(|| RpcError::invalid(format!("no active process for process handle {handle:?}")))
}
