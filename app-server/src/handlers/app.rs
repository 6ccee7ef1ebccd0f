//! Apps (docs/contract/services.md#apps). They belong to accounts whose services are not reached from here: there are none.

use codex_app_server_protocol::{
    AppInstalled, AppList, AppRead, AppsInstalledParams, AppsInstalledResponse, AppsListParams,
    AppsListResponse, AppsReadParams, AppsReadResponse,
};

use crate::rpc::error::RpcResult;
use crate::server::{RequestContext, Router, parse_thread_id};

/// Registers the handlers of this family.
pub(crate) fn register(router: &mut Router) {
    router.on::<AppRead, _, _>(read);
    router.on::<AppList, _, _>(list);
    router.on::<AppInstalled, _, _>(installed);
}

fn check_thread(id: Option<&String>) -> RpcResult<()> {
    id.map(|id| parse_thread_id(id)).transpose().map(drop)
}

async fn read(_: RequestContext, params: AppsReadParams) -> RpcResult<AppsReadResponse> {
    check_thread(params.thread_id.as_ref())?;
    Ok(AppsReadResponse {
        apps: Vec::new(),
        missing_app_ids: params.app_ids,
    })
}

async fn list(_: RequestContext, params: AppsListParams) -> RpcResult<AppsListResponse> {
    check_thread(params.thread_id.as_ref())?;
    Ok(AppsListResponse {
        data: Vec::new(),
        next_cursor: None,
    })
}

async fn installed(_: RequestContext, params: AppsInstalledParams) -> RpcResult<AppsInstalledResponse> {
    check_thread(params.thread_id.as_ref())?;
    Ok(AppsInstalledResponse { apps: Vec::new() })
}
