//! Hooks (docs/contract/hooks.md).

use codex_app_server_protocol::{
    HookErrorInfo, HooksList, HooksListEntry, HooksListParams, HooksListResponse,
};
use codex_core::HookList;
use futures_util::future::join_all;

use crate::convert::hook::description_to_wire;
use crate::rpc::error::{RpcError, RpcResult};
use crate::server::{RequestContext, Router};

/// Most folders of one request.
const MAX_FOLDERS: usize = 256;

/// Registers the handlers of this family.
pub(crate) fn register(router: &mut Router) {
    router.on::<HooksList, _, _>(list);
}

async fn list(cx: RequestContext, params: HooksListParams) -> RpcResult<HooksListResponse> {
    if let Some(id) = &params.thread_id {
        if !params.cwds.is_empty() {
            return Err(RpcError::invalid("specify either threadId or cwds"));
        }
        let (cwd, hooks) = cx.server.thread(id)?.hooks().await;
        let data = vec![entry(cwd.display().to_string(), hooks)];
        return Ok(HooksListResponse { data });
    }
    if params.cwds.len() > MAX_FOLDERS {
        return Err(RpcError::invalid(format!(
            "hooks/list takes {MAX_FOLDERS} folders at most; ask for the others in another request"
        )));
    }
    let cwds = if params.cwds.is_empty() {
        let here = std::env::current_dir().unwrap_or_else(|_| "/".into());
        vec![here.display().to_string()]
    } else {
        params.cwds
    };
    let entries = cwds.into_iter().map(|cwd| async {
        let hooks = cx.server.engine.hooks_in(cwd.as_str().into()).await;
        entry(cwd, hooks)
    });
    let data = join_all(entries).await;
    Ok(HooksListResponse { data })
}

fn entry(cwd: String, list: HookList) -> HooksListEntry {
    let error = |message| HookErrorInfo {
        message,
        path: cwd.clone(),
    };
    HooksListEntry {
        errors: list.errors.into_iter().map(error).collect(),
        hooks: list.hooks.into_iter().map(description_to_wire).collect(),
        warnings: list.warnings,
        cwd,
    }
}
