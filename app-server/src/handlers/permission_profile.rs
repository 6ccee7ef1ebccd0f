//! Permission profiles to choose from (docs/contract/services.md#permission-profiles).

use codex_app_server_protocol::{
    PermissionProfileList, PermissionProfileListParams, PermissionProfileListResponse,
    PermissionProfileSummary,
};
use codex_core::config::Config;

use super::config::{folder, unreadable};
use crate::rpc::error::{RpcError, RpcResult};
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
    let total = profiles.len();
    let start = match params.cursor {
        None => 0,
        Some(cursor) => cursor
            .parse::<usize>()
            .map_err(|_| RpcError::invalid(format!("invalid cursor: {cursor}")))?,
    };
    if start > total {
        return Err(RpcError::invalid(format!(
            "cursor {start} exceeds total permission profiles {total}"
        )));
    }
    let room = params.limit.map_or(total, |limit| limit.max(1) as usize);
    let end = start.saturating_add(room).min(total);
    let page = profiles.into_iter().skip(start).take(end - start);
    Ok(PermissionProfileListResponse {
        data: page
            .map(|(id, description)| PermissionProfileSummary {
                allowed: config.is_profile_allowed(&id),
                id,
                description,
            })
            .collect(),
        next_cursor: (end < total).then(|| end.to_string()),
    })
}
