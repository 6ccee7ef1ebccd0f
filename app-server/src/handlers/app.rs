//! Apps (docs/contract/services.md#apps). They belong to accounts whose services are not reached from here: there are none.
//! Which there would be depends on the configuration: one that can't be read is an error.

use codex_app_server_protocol::{
    AppInstalled, AppList, AppRead, AppsInstalledParams, AppsInstalledResponse, AppsListParams,
    AppsListResponse, AppsReadParams, AppsReadResponse,
};

use super::config::of_home;
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

async fn read(cx: RequestContext, params: AppsReadParams) -> RpcResult<AppsReadResponse> {
    check_thread(params.thread_id.as_ref())?;
    of_home(&cx).await?;
    Ok(AppsReadResponse {
        apps: Vec::new(),
        missing_app_ids: params.app_ids,
    })
}

async fn list(cx: RequestContext, params: AppsListParams) -> RpcResult<AppsListResponse> {
    check_thread(params.thread_id.as_ref())?;
    of_home(&cx).await?;
    Ok(AppsListResponse {
        data: Vec::new(),
        next_cursor: None,
    })
}

async fn installed(cx: RequestContext, params: AppsInstalledParams) -> RpcResult<AppsInstalledResponse> {
    check_thread(params.thread_id.as_ref())?;
    // A thread has a configuration already.
    if params.thread_id.is_none() {
        of_home(&cx).await?;
    }
    Ok(AppsInstalledResponse { apps: Vec::new() })
}
