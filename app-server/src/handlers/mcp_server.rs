//! Tool servers (docs/contract/mcp.md#methods).

use codex_app_server_protocol::{
    ErrorObject, ListMcpServerStatusParams, ListMcpServerStatusResponse, McpResourceReadParams,
    McpResourceReadResponse, McpServerRefresh, McpServerRefreshResponse, McpServerResourceRead,
    McpServerStatusDetail, McpServerStatusList, McpServerToolCall, McpServerToolCallParams,
    McpServerToolCallResponse, NoParams,
};
use codex_core::mcp::{CallError, DirectError};
use serde_json::{Map, Value};

use crate::convert::mcp;
use crate::rpc::error::{RpcError, RpcResult};
use crate::server::{RequestContext, Router};

/// Registers the handlers of this family.
pub(crate) fn register(router: &mut Router) {
    router.on::<McpServerStatusList, _, _>(list);
    router.on::<McpServerToolCall, _, _>(call);
    router.on::<McpServerResourceRead, _, _>(read);
    router.on::<McpServerRefresh, _, _>(reload);
}

async fn list(
    cx: RequestContext,
    params: ListMcpServerStatusParams,
) -> RpcResult<ListMcpServerStatusResponse> {
    let name = params.server_name.as_deref();
    if params.environment_id.is_some() {
        if name.is_none() || params.thread_id.is_none() {
            return Err(RpcError::invalid(
                "environmentId requires serverName and threadId",
            ));
        }
        // There are no servers of single environments.
        return Ok(ListMcpServerStatusResponse {
            data: Vec::new(),
            next_cursor: None,
        });
    }
    let full = params.detail != Some(McpServerStatusDetail::ToolsAndAuthOnly);
    let servers = match &params.thread_id {
        Some(id) => cx.server.thread(id)?.mcp_servers(name, full).await,
        None => cx.server.engine.mcp_servers(name, full).await?,
    };
    let total = servers.len();
    let start = match &params.cursor {
        None => 0,
        Some(cursor) => cursor
            .parse::<usize>()
            .map_err(|_| RpcError::invalid(format!("invalid cursor: {cursor}")))?,
    };
    if start > total {
        return Err(RpcError::invalid(format!(
            "cursor {start} exceeds total MCP servers {total}"
        )));
    }
    let limit = params.limit.map_or(usize::MAX, |limit| {
        usize::try_from(limit.max(1)).unwrap_or(usize::MAX)
    });
    let data: Vec<_> = servers
        .into_iter()
        .skip(start)
        .take(limit)
        .map(mcp::report_to_wire)
        .collect();
    let end = start + data.len();
    Ok(ListMcpServerStatusResponse {
        data,
        next_cursor: (end < total).then(|| end.to_string()),
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
    no_environment(&server, environment_id.as_deref())?;
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
    no_environment(server, params.environment_id.as_deref())?;
    let read = match &params.thread_id {
        Some(id) => {
            cx.server
                .thread(id)?
                .read_mcp_resource(server, uri, params.meta)
                .await
        }
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
    cx.server.engine.reload_mcp_servers().await;
    Ok(McpServerRefreshResponse {})
}

/// There are no servers of single environments.
fn no_environment(server: &str, environment: Option<&str>) -> RpcResult<()> {
    match environment {
        None => Ok(()),
        Some(environment) => Err(RpcError::internal(format!(
            "unknown MCP server '{server} (environment {environment})'"
        ))),
    }
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
