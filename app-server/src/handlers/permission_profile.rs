//! Permission profiles to choose from (docs/contract/services.md#permission-profiles).

use codex_app_server_protocol::{
    PermissionProfileList, PermissionProfileListParams, PermissionProfileListResponse,
    PermissionProfileSummary,
};
use codex_core::config::Config;

use super::config::{folder, unreadable};
use super::page;
use crate::rpc::error::RpcResult;
use crate::server::{RequestContext, Router};

/// Registers the handlers of this family.
pub(crate) fn register(router: &mut Router) {
    router.on::<PermissionProfileList, _, _>(list);
}

/// A page of profiles. The cursor is the number of profiles before the page.
async fn list(
    cx: RequestContext,
    params: PermissionProfileListParams,
) -> RpcResult<PermissionProfileListResponse> {
    let source = &cx.server.config;
    let cwd = match &params.cwd {
        Some(cwd) => folder(cwd)?,
        None => source.codex_home.clone(),
    };
    let config = Config::load_in_background(source, cwd, Vec::new())
        .await
        .map_err(|error| unreadable(&error))?;
    let profiles = config.permission_profiles();
    let cursor = params.cursor.as_deref();
    let (page, next_cursor) = page::of(cursor, params.limit, profiles.len(), "permission profiles")?;
    let page = profiles.into_iter().skip(page.start).take(page.len());
    Ok(PermissionProfileListResponse {
        data: page
            .map(|(id, description)| PermissionProfileSummary {
                allowed: config.is_profile_allowed(&id),
                id,
                description,
            })
            .collect(),
        next_cursor,
    })
}
