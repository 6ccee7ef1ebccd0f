//! Collaboration modes to choose from (docs/contract/services.md#collaboration-modes).

use codex_app_server_protocol::{
    CollaborationModeList, CollaborationModeListParams, CollaborationModeListResponse, CollaborationModeMask,
    ModeKind, ReasoningEffort,
};
use codex_core::Error;
use codex_core::config::{Config, DEFAULT_PLAN_EFFORT};

use crate::rpc::error::RpcResult;
use crate::server::{RequestContext, Router};

/// Registers the handlers of this family.
pub(crate) fn register(router: &mut Router) {
    router.on::<CollaborationModeList, _, _>(list);
}

async fn list(
    cx: RequestContext,
    _: CollaborationModeListParams,
) -> RpcResult<CollaborationModeListResponse> {
    let config = Config::load_or_last(&cx.server.config, cx.server.config.codex_home.clone())
        .await
        .map_err(Error::from)?;
    let effort = config.plan_mode_reasoning_effort.clone();
    let mode = |name: &str, mode, effort: Option<String>| CollaborationModeMask {
        name: name.to_owned(),
        mode: Some(mode),
        model: None,
        reasoning_effort: effort.map(ReasoningEffort),
    };
    let plan = effort.unwrap_or_else(|| DEFAULT_PLAN_EFFORT.to_owned());
    Ok(CollaborationModeListResponse {
        data: vec![
            mode("Plan", ModeKind::Plan, Some(plan)),
            mode("Default", ModeKind::Default, None),
        ],
    })
}
