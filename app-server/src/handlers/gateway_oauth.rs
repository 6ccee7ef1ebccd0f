//! Signing in at the gateway of a model provider, which none of ours has (docs/contract/services.md#other-methods).

use codex_app_server_protocol::error::{ErrorObject, INVALID_REQUEST};
use codex_app_server_protocol::rpc::NoParams;
use codex_app_server_protocol::{
    GatewayOAuthCancel, GatewayOAuthCancelResponse, GatewayOAuthLogin, GatewayOAuthLoginParams,
    GatewayOAuthLoginResponse, GatewayOAuthRead, GatewayOAuthReadParams, GatewayOAuthReadResponse,
};
use codex_core::Error;
use codex_core::config::Config;
use serde_json::json;

use crate::rpc::error::{RpcError, RpcResult};
use crate::server::{RequestContext, Router};

/// Registers the handlers of this family.
pub(crate) fn register(router: &mut Router) {
    router.on::<GatewayOAuthRead, _, _>(read);
    router.on::<GatewayOAuthLogin, _, _>(login);
    router.on::<GatewayOAuthCancel, _, _>(cancel);
}

async fn read(cx: RequestContext, params: GatewayOAuthReadParams) -> RpcResult<GatewayOAuthReadResponse> {
    let (provider_id, provider_name) = provider(&cx, params.model_provider).await?;
    Ok(GatewayOAuthReadResponse {
        error: None,
        provider_id,
        provider_name,
        required: false,
        status: None,
        supports_device_auth: false,
    })
}

async fn login(cx: RequestContext, params: GatewayOAuthLoginParams) -> RpcResult<GatewayOAuthLoginResponse> {
    provider(&cx, params.model_provider).await?;
    Err(RpcError::invalid(
        "The selected provider does not use gateway OAuth",
    ))
}

/// There is never one that runs.
async fn cancel(_: RequestContext, _: NoParams) -> RpcResult<GatewayOAuthCancelResponse> {
    Ok(GatewayOAuthCancelResponse {})
}

/// Identifier and name of a provider, or of the configured one.
async fn provider(cx: &RequestContext, id: Option<String>) -> RpcResult<(String, String)> {
    let config = Config::load_home(&cx.server.config).await.map_err(Error::from)?;
    let id = id.unwrap_or_else(|| config.model_provider.clone());
    let mut known = config.provider_summaries().into_iter();
    let Some(found) = known.find(|provider| provider.id == id) else {
        let message = format!(
            "This chat uses model provider “{id}”, which is no longer configured. Restore this provider’s \
             configuration to continue."
        );
        let data = json!({"type": "modelProviderNotConfigured", "modelProvider": id});
        return Err(RpcError(
            ErrorObject::new(INVALID_REQUEST, message).with_data(&data),
        ));
    };
    Ok((found.id, found.name))
}
