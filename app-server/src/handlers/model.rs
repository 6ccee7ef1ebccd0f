//! Models to choose from (docs/contract/services.md#models).

use codex_app_server_protocol::{ModelList, ModelListParams, ModelListResponse};

use super::page;
use crate::convert::model;
use crate::rpc::error::RpcResult;
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
    let (page, next_cursor) = page::of(params.cursor.as_deref(), params.limit, models.len(), "models")?;
    let first_shown = models.iter().position(|m| !model::is_hidden(m));
    let page = models[page.clone()].iter().zip(page.start..);
    Ok(ModelListResponse {
        data: page
            .map(|(m, place)| model::to_wire(m, Some(place) == first_shown))
            .collect(),
        next_cursor,
    })
}
