//! Commands that a client runs beside all threads (docs/contract/services.md#processes).

use std::path::PathBuf;
use std::sync::Arc;

use codex_app_server_protocol::{
    CommandExec, CommandExecOutputDelta, CommandExecOutputDeltaNotification, CommandExecOutputStream,
    CommandExecParams, CommandExecResize, CommandExecResizeParams, CommandExecResizeResponse,
    CommandExecResponse, CommandExecTerminate, CommandExecTerminateParams, CommandExecTerminateResponse,
    CommandExecWrite, CommandExecWriteParams, CommandExecWriteResponse,
};
use codex_core::config::Config;
use codex_core::{ClientCommand, ClientCommandError, Error as CoreError, ProcessControl, ProcessStream};

use crate::client::handle::Client;
use crate::client::processes::OutputSink;
use crate::convert::client_process::{
    Limit, delta, input, output_cap, terminal, terminal_size, text, timeout,
};
use crate::convert::policy;
use crate::rpc::error::{RpcError, RpcResult};
use crate::server::{RequestContext, Router};

/// Registers the handlers of this family.
pub(crate) fn register(router: &mut Router) {
    router.on::<CommandExec, _, _>(exec);
    router.on::<CommandExecWrite, _, _>(write);
    router.on::<CommandExecResize, _, _>(resize);
    router.on::<CommandExecTerminate, _, _>(terminate);
}

async fn exec(cx: RequestContext, params: CommandExecParams) -> RpcResult<CommandExecResponse> {
    check(&params)?;
    let timeout = timeout("command/exec", limit(params.timeout_ms, params.disable_timeout))?;
    let terminal = terminal(
        "command/exec",
        params.tty,
        params.size.map(|size| (size.rows, size.cols)),
    )?;
    // Before anything is waited for: whatever the client sends next finds it.
    let name = params.process_id;
    let Some((running, controlled)) = cx.client.commands.begin(name.clone()) else {
        return Err(RpcError::invalid(format!(
            "duplicate active command/exec process id: {:?}",
            name.unwrap_or_default()
        )));
    };
    let server_folder = std::env::current_dir()
        .map_err(|error| RpcError::internal(format!("the server has no working folder: {error}")))?;
    let cwd = server_folder.join(params.cwd.map(PathBuf::from).unwrap_or_default());
    let config = Config::load_or_last(&cx.server.config, cwd.clone()).await;
    let config = config.map_err(CoreError::from)?;
    let (sandbox, profile, sandbox_folder) = match (params.sandbox_policy, params.permission_profile) {
        (Some(policy), _) => {
            let policy = policy::sandbox_from_wire(policy);
            config
                .check_command(&policy, None)
                .map_err(|violation| RpcError::invalid(format!("invalid sandbox policy: {violation}")))?;
            (policy, None, server_folder)
        }
        (None, Some(profile)) => {
            let named = config.sandbox_of_profile(&profile);
            let chosen =
                named.map_err(|error| RpcError::invalid(format!("invalid permission profile: {error}")))?;
            config
                .check_command(&chosen.policy, Some(&profile))
                .map_err(|violation| RpcError::invalid(format!("invalid permission profile: {violation}")))?;
            (chosen.policy, chosen.rules, cwd.clone())
        }
        (None, None) => (
            config.sandbox_policy.clone(),
            config.profile_rules.clone(),
            cwd.clone(),
        ),
    };
    let command = ClientCommand {
        argv: params.command,
        cwd,
        environment: config.shell_environment_policy.clone(),
        variables: params.env.unwrap_or_default(),
        timeout,
        output_cap: output_cap(limit(params.output_bytes_cap, params.disable_output_cap)),
        terminal,
        stream_input: params.stream_stdin,
        stream_output: params.stream_stdout_stderr || params.tty,
        sandbox,
        profile,
        sandbox_folder,
        codex_home: config.codex_home.clone(),
    };
    let client = Arc::clone(&cx.client);
    let process_id = name.unwrap_or_default();
    let sink = OutputSink::new(
        Arc::clone(&cx.client.outgoing),
        move |stream, bytes: &[u8], cap_reached| tell(&client, &process_id, stream, bytes, cap_reached),
    );
    let exit = command.run(controlled, &sink, || ()).await;
    drop(running);
    let exit = exit.map_err(|error| match error {
        ClientCommandError::Sandbox(_) => RpcError::invalid(error.to_string()),
        ClientCommandError::Spawn(error) => RpcError::internal(format!("failed to spawn command: {error}")),
    })?;
    Ok(CommandExecResponse {
        exit_code: exit.exit_code,
        stdout: text(exit.stdout.bytes),
        stderr: text(exit.stderr.bytes),
    })
}

fn check(params: &CommandExecParams) -> RpcResult<()> {
    if params.command.is_empty() {
        return Err(RpcError::invalid("command must not be empty"));
    }
    if params.sandbox_policy.is_some() && params.permission_profile.is_some() {
        return Err(RpcError::invalid(
            "`permissionProfile` cannot be combined with `sandboxPolicy`",
        ));
    }
    if params.disable_timeout && params.timeout_ms.is_some() {
        return Err(RpcError::params(
            "command/exec cannot set both timeoutMs and disableTimeout",
        ));
    }
    if params.disable_output_cap && params.output_bytes_cap.is_some() {
        return Err(RpcError::params(
            "command/exec cannot set both outputBytesCap and disableOutputCap",
        ));
    }
    let named = params.process_id.as_deref().is_some_and(|name| !name.is_empty());
    if !named && (params.tty || params.stream_stdin || params.stream_stdout_stderr) {
        return Err(RpcError::invalid(
            "command/exec tty or streaming requires a client-supplied processId",
        ));
    }
    Ok(())
}

fn limit<T>(asked: Option<T>, disabled: bool) -> Limit<T> {
    if disabled { Some(None) } else { asked.map(Some) }
}

fn tell(client: &Client, process_id: &str, stream: ProcessStream, bytes: &[u8], cap_reached: bool) {
    client.notify::<CommandExecOutputDelta>(&CommandExecOutputDeltaNotification {
        process_id: process_id.to_owned(),
        stream: match stream {
            ProcessStream::Stdout => CommandExecOutputStream::Stdout,
            ProcessStream::Stderr => CommandExecOutputStream::Stderr,
        },
        delta_base64: delta(bytes),
        cap_reached,
    });
}

async fn write(cx: RequestContext, params: CommandExecWriteParams) -> RpcResult<CommandExecWriteResponse> {
    let bytes = input("command/exec/write", params.delta_base64, params.close_stdin)?;
    let written = find(&cx, &params.process_id)?
        .write(bytes, params.close_stdin)
        .await;
    written?;
    Ok(CommandExecWriteResponse {})
}

async fn resize(cx: RequestContext, params: CommandExecResizeParams) -> RpcResult<CommandExecResizeResponse> {
    let size = terminal_size("command/exec/resize", (params.size.rows, params.size.cols))?;
    let resized = find(&cx, &params.process_id)?.resize(size).await;
    resized?;
    Ok(CommandExecResizeResponse {})
}

async fn terminate(
    cx: RequestContext,
    params: CommandExecTerminateParams,
) -> RpcResult<CommandExecTerminateResponse> {
    find(&cx, &params.process_id)?.terminate();
    Ok(CommandExecTerminateResponse {})
}

fn find(cx: &RequestContext, process_id: &str) -> RpcResult<ProcessControl> {
    cx.client
        .commands
        .get(process_id)
        .ok_or_else(|| RpcError::invalid(format!("no active command/exec for process id {process_id:?}")))
}
