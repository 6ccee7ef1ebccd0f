//! Models to choose from (docs/contract/services.md#models).

use codex_app_server_protocol::{ModelList, ModelListParams, ModelListResponse};

use crate::convert::model;
use crate::rpc::error::{RpcError, RpcResult};
use crate::server::{RequestContext, Router};

/// Registers the handlers of this family.
pub(crate) fn register(router: &mut Router) {
    router.on::<ModelList, _, _>(list);
}

/// A page of models. The cursor is the number of models before the page.
async fn list(cx: RequestContext, params: ModelListParams) -> RpcResult<ModelListResponse> {
    let user_agent = cx
        .client
        .profile()
        .map_or("", |session| session.user_agent.as_str());
    let provider = params.model_provider.as_deref();
    let hidden = params.include_hidden.unwrap_or(false);
    let models = cx.server.engine.list_models(provider, user_agent, hidden).await?;
    let total = models.len();
    let start = match params.cursor {
        None => 0,
        Some(cursor) => cursor
            .parse::<usize>()
            .map_err(|_| RpcError::invalid(format!("invalid cursor: {cursor}")))?,
    };
    if start > total {
        return Err(RpcError::invalid(format!(
            "cursor {start} exceeds total models {total}"
        )));
    }
    let room = params
        .limit
        .map_or(total, |limit| usize::try_from(limit.max(1)).unwrap_or(total));
    let end = start.saturating_add(room).min(total);
    let first_shown = models.iter().position(|m| !model::is_hidden(m));
    let page = models[start..end].iter().zip(start..);
    Ok(ModelListResponse {
        data: page
            .map(|(m, place)| model::to_wire(m, Some(place) == first_shown))
            .collect(),
        next_cursor: (end < total).then(|| end.to_string()),
    })
}
