//! Tool servers (docs/contract/mcp.md#methods).

use std::sync::Arc;
use std::time::Duration;

use codex_app_server_protocol::{
    ErrorObject, ListMcpServerStatusParams, ListMcpServerStatusResponse, McpResourceReadParams,
    McpResourceReadResponse, McpServerEventStreamStart, McpServerEventStreamStartParams,
    McpServerEventStreamStartResponse, McpServerEventStreamStop, McpServerEventStreamStopParams,
    McpServerEventStreamStopResponse, McpServerOauthClientRegistration, McpServerOauthLogin,
    McpServerOauthLoginCompleted, McpServerOauthLoginCompletedNotification, McpServerOauthLoginParams,
    McpServerOauthLoginResponse, McpServerRefresh, McpServerRefreshResponse, McpServerResourceRead,
    McpServerStatusDetail, McpServerStatusList, McpServerToolCall, McpServerToolCallParams,
    McpServerToolCallResponse, NoParams,
};
use codex_core::ThreadHandle;
use codex_core::mcp::{CallError, DirectError, McpLogin};
use serde_json::{Map, Value};

use super::config::of_home;
use super::page;
use crate::convert::mcp;
use crate::rpc::error::{RpcError, RpcResult};
use crate::server::{RequestContext, Router};

/// The server through which accounts have hosted apps; there are no such accounts here.
const HOSTED_APPS: &str = "codex_apps";
/// How long a user may take to sign in, unless the client says how long.
const SIGN_IN_LIMIT: Duration = Duration::from_secs(300);

/// Registers the handlers of this family.
pub(crate) fn register(router: &mut Router) {
    router.on::<McpServerStatusList, _, _>(list);
    router.on::<McpServerToolCall, _, _>(call);
    router.on::<McpServerResourceRead, _, _>(read);
    router.on::<McpServerRefresh, _, _>(reload);
    router.on::<McpServerOauthLogin, _, _>(sign_in);
    router.on::<McpServerEventStreamStart, _, _>(start_event_stream);
    router.on::<McpServerEventStreamStop, _, _>(stop_event_stream);
}

async fn list(
    cx: RequestContext,
    params: ListMcpServerStatusParams,
) -> RpcResult<ListMcpServerStatusResponse> {
    let name = params.server_name.as_deref();
    if params.environment_id.is_some() && (name.is_none() || params.thread_id.is_none()) {
        return Err(RpcError::invalid(
            "environmentId requires serverName and threadId",
        ));
    }
    let full = params.detail != Some(McpServerStatusDetail::ToolsAndAuthOnly);
    let servers = match &params.thread_id {
        Some(id) => cx.server.thread(id)?.mcp_servers(name, full).await,
        None => cx.server.engine.mcp_servers(name, full).await?,
    };
    let servers: Vec<_> = servers
        .into_iter()
        .filter(|server| is_in_environment(server.plugin.is_some(), params.environment_id.as_deref()))
        .collect();
    let cursor = params.cursor.as_deref();
    let (page, next_cursor) = page::of(cursor, params.limit, servers.len(), "MCP servers")?;
    let servers = servers.into_iter().skip(page.start).take(page.len());
    Ok(ListMcpServerStatusResponse {
        data: servers.map(mcp::report_to_wire).collect(),
        next_cursor,
    })
}

async fn call(cx: RequestContext, params: McpServerToolCallParams) -> RpcResult<McpServerToolCallResponse> {
    let thread = cx.server.thread(&params.thread_id)?;
    let McpServerToolCallParams {
        thread_id,
        server,
        tool,
        arguments,
        environment_id,
        meta,
    } = params;
    check_environment(&cx, Some(&thread), &server, environment_id.as_deref()).await?;
    let mut meta = match meta {
        Value::Object(meta) => meta,
        _ => Map::new(),
    };
    meta.insert("threadId".to_owned(), thread_id.into());
    let called = thread
        .call_mcp_tool(&server, &tool, arguments, Some(Value::Object(meta)))
        .await;
    Ok(mcp::result_to_wire(called.map_err(error)?))
}

async fn read(cx: RequestContext, params: McpResourceReadParams) -> RpcResult<McpResourceReadResponse> {
    let (server, uri) = (&params.server, &params.uri);
    if params.origin_call_id.is_some() && params.thread_id.is_none() {
        return Err(RpcError::invalid("originCallId requires threadId"));
    }
    let thread = params
        .thread_id
        .as_deref()
        .map(|id| cx.server.thread(id))
        .transpose()?;
    check_environment(&cx, thread.as_ref(), server, params.environment_id.as_deref()).await?;
    let read = match &thread {
        Some(thread) => thread.read_mcp_resource(server, uri, params.meta).await,
        None => {
            cx.server
                .engine
                .read_mcp_resource(server, uri, params.meta)
                .await?
        }
    };
    Ok(McpResourceReadResponse {
        contents: mcp::contents_to_wire(read.map_err(error)?),
        origin_call_id: params.origin_call_id,
    })
}

async fn reload(cx: RequestContext, _: NoParams) -> RpcResult<McpServerRefreshResponse> {
    of_home(&cx).await?;
    cx.server.engine.reload_mcp_servers().await;
    Ok(McpServerRefreshResponse {})
}

async fn sign_in(
    cx: RequestContext,
    params: McpServerOauthLoginParams,
) -> RpcResult<McpServerOauthLoginResponse> {
    let McpServerOauthLoginParams {
        name,
        environment_id,
        client_registration,
        scopes,
        thread_id,
        timeout_secs,
    } = params;
    let unknown = |name: &str| RpcError::invalid(format!("No MCP server named '{name}' found."));
    let thread = thread_id.as_deref().map(|id| cx.server.thread(id)).transpose()?;
    if let Some(environment) = environment_id
        && !is_in_environment(
            cx.server.engine.is_of_plugin(thread.as_ref(), &name).await?,
            Some(&environment),
        )
    {
        return Err(unknown(&format!("{name} (environment {environment})")));
    }
    if client_registration == Some(McpServerOauthClientRegistration::Cimd) {
        return Err(RpcError::invalid(
            "clientRegistration `cimd` is not supported; use `auto` or `dcr`",
        ));
    }
    let limit = match timeout_secs {
        None => SIGN_IN_LIMIT,
        Some(seconds) => u64::try_from(seconds.max(1)).map_or(SIGN_IN_LIMIT, Duration::from_secs),
    };
    let login = McpLogin {
        name: name.clone(),
        scopes,
        limit,
    };
    let (server, completed) = (
        Arc::clone(&cx.server),
        McpServerOauthLoginCompletedNotification {
            name: name.clone(),
            thread_id,
            login_id: None,
            success: false,
            error: None,
        },
    );
    // The answer, which names the sign-in, comes before its end.
    let (id, known_id) = tokio::sync::oneshot::channel::<String>();
    let on_end = move |ended: Result<(), String>| {
        tokio::spawn(async move {
            let completed = McpServerOauthLoginCompletedNotification {
                login_id: known_id.await.ok(),
                success: ended.is_ok(),
                error: ended.err(),
                ..completed
            };
            let clients = &server.subscriptions;
            clients.broadcast::<McpServerOauthLoginCompleted>(None, &completed);
        });
    };
    let started = cx
        .server
        .engine
        .sign_in_to_mcp_server(thread.as_ref(), login, on_end)
        .await?;
    let started = started.map_err(|error| match error {
        DirectError::UnknownServer(name) => unknown(&name),
        error @ DirectError::NoSignIn => RpcError::invalid(error.to_string()),
        error => RpcError::internal(error.to_string()),
    })?;
    // Nobody may wait for it any more.
    let _ = id.send(started.login_id.clone());
    Ok(McpServerOauthLoginResponse {
        authorization_url: started.url,
        login_id: Some(started.login_id),
    })
}

async fn start_event_stream(
    _: RequestContext,
    params: McpServerEventStreamStartParams,
) -> RpcResult<McpServerEventStreamStartResponse> {
    let server = params.server;
    if server == HOSTED_APPS {
        let message =
            format!("failed to start MCP event stream for '{server}': unknown MCP server '{server}'");
        return Err(RpcError::internal(message));
    }
    Err(RpcError::invalid(
        "MCP event subscriptions are only supported for hosted apps",
    ))
}

async fn stop_event_stream(
    _: RequestContext,
    _: McpServerEventStreamStopParams,
) -> RpcResult<McpServerEventStreamStopResponse> {
    // There is none to end.
    Ok(McpServerEventStreamStopResponse {})
}

/// Refuses a server of another environment than the one that is named.
async fn check_environment(
    cx: &RequestContext,
    thread: Option<&ThreadHandle>,
    server: &str,
    environment: Option<&str>,
) -> RpcResult<()> {
    let Some(name) = environment else { return Ok(()) };
    if is_in_environment(cx.server.engine.is_of_plugin(thread, server).await?, environment) {
        return Ok(());
    }
    Err(RpcError::internal(format!(
        "unknown MCP server '{server} (environment {name})'"
    )))
}

/// Whether a server is one of this environment; any is where none is named.
fn is_in_environment(of_plugin: bool, environment: Option<&str>) -> bool {
    environment.is_none_or(|name| mcp::environment_of(of_plugin).as_deref() == Some(name))
}

/// A server's own error as it came, others in our words.
fn error(error: DirectError) -> RpcError {
    match error {
        DirectError::Call(CallError::Rpc { code, message, data }) => {
            RpcError(ErrorObject { code, message, data })
        }
        error => RpcError::internal(error.to_string()),
    }
}
