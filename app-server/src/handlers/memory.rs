//! What is remembered from one thread to the next (docs/contract/agents.md#memory).

use codex_app_server_protocol::rpc::NoParams;
use codex_app_server_protocol::{
    MemoryReset, MemoryResetResponse, MemoryStatus, MemoryStatusParams, MemoryStatusResponse,
    ThreadMemoryMode, ThreadMemoryModeSet, ThreadMemoryModeSetParams, ThreadMemoryModeSetResponse,
    ThreadMemoryRead, ThreadMemoryReadParams, ThreadMemoryReadResponse,
};

use crate::rpc::error::{RpcError, RpcResult};
use crate::server::{RequestContext, Router, parse_thread_id};

/// Registers the handlers of this family.
pub(crate) fn register(router: &mut Router) {
    router.on::<ThreadMemoryModeSet, _, _>(set_mode);
    router.on::<ThreadMemoryRead, _, _>(read);
    router.on::<MemoryStatus, _, _>(status);
    router.on::<MemoryReset, _, _>(reset);
}

async fn set_mode(
    cx: RequestContext,
    params: ThreadMemoryModeSetParams,
) -> RpcResult<ThreadMemoryModeSetResponse> {
    let id = parse_thread_id(&params.thread_id)?;
    let enabled = params.mode == ThreadMemoryMode::Enabled;
    cx.server.engine.set_memory_mode(id, enabled).await?;
    Ok(ThreadMemoryModeSetResponse {})
}

async fn read(cx: RequestContext, params: ThreadMemoryReadParams) -> RpcResult<ThreadMemoryReadResponse> {
    let id = parse_thread_id(&params.thread_id)?;
    let summary = cx.server.engine.memory_of(id).await?;
    Ok(ThreadMemoryReadResponse { summary })
}

async fn status(cx: RequestContext, params: MemoryStatusParams) -> RpcResult<MemoryStatusResponse> {
    if params
        .min_consolidated_threads
        .is_some_and(|least| !(1..=4096).contains(&least))
    {
        return Err(RpcError::params(
            "minConsolidatedThreads must be between 1 and 4096",
        ));
    }
    Ok(MemoryStatusResponse {
        v2_consolidated_threads: cx.server.engine.memories().count().await?,
        v2_ready: true,
    })
}

async fn reset(cx: RequestContext, _params: NoParams) -> RpcResult<MemoryResetResponse> {
    cx.server.engine.memories().reset().await?;
    Ok(MemoryResetResponse {})
}
