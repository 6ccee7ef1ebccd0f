//! Model providers (docs/contract/services.md#model-providers).

use codex_app_server_protocol::{
    ConfigWriteResponse, ModelProviderCapabilitiesRead, ModelProviderCapabilitiesReadParams,
    ModelProviderCapabilitiesReadResponse, ModelProviderConfigWrite, ModelProviderConfigWriteParams,
    ModelProviderConfigWriteResponse, ModelProviderDefaultSet, ModelProviderDefaultSetParams,
    ModelProviderList, ModelProviderListParams, ModelProviderListResponse, ProviderSettingsPatch,
};
use codex_core::config::{ConfigEdit, ConfigEdits, ConfigWriteError, ProviderPatch, WebSearchMode};

use super::config::{of_home, write};
use crate::convert::config::provider_to_wire;
use crate::rpc::error::{RpcError, RpcResult};
use crate::server::{RequestContext, Router};

/// Registers the handlers of this family.
pub(crate) fn register(router: &mut Router) {
    router.on::<ModelProviderList, _, _>(list);
    router.on::<ModelProviderCapabilitiesRead, _, _>(read_capabilities);
    router.on::<ModelProviderConfigWrite, _, _>(write_config);
    router.on::<ModelProviderDefaultSet, _, _>(set_default);
}

async fn list(cx: RequestContext, _: ModelProviderListParams) -> RpcResult<ModelProviderListResponse> {
    let config = of_home(&cx).await?;
    Ok(ModelProviderListResponse {
        data: config
            .provider_summaries()
            .into_iter()
            .map(provider_to_wire)
            .collect(),
        can_change_default: config.can_change_provider(),
        default_provider_id: config.model_provider.clone(),
    })
}

async fn read_capabilities(
    cx: RequestContext,
    _: ModelProviderCapabilitiesReadParams,
) -> RpcResult<ModelProviderCapabilitiesReadResponse> {
    let config = of_home(&cx).await?;
    Ok(ModelProviderCapabilitiesReadResponse {
        // What it can make is known only when it is asked for it.
        image_generation: true,
        web_search: config.web_search != Some(WebSearchMode::Disabled),
    })
}

async fn write_config(
    cx: RequestContext,
    params: ModelProviderConfigWriteParams,
) -> RpcResult<ModelProviderConfigWriteResponse> {
    let ProviderSettingsPatch::CustomGateway {
        provider_id,
        name,
        base_url,
        env_key,
    } = params.settings
    else {
        let message = "This server only knows providers of the type `customGateway`.";
        return Err(ConfigWriteError::Validation(message.to_owned()).into());
    };
    let patch = ProviderPatch {
        id: provider_id,
        name,
        base_url,
        env_key,
    };
    let (id, edits) = of_home(&cx).await?.provider_edits(patch)?;
    let edits = ConfigEdits {
        edits,
        ..ConfigEdits::default()
    };
    write(&cx, edits).await?;
    let all = of_home(&cx).await?.provider_summaries();
    let provider = all.into_iter().find(|provider| provider.id == id);
    let provider =
        provider.ok_or_else(|| RpcError::internal(format!("the provider {id} was removed meanwhile")))?;
    Ok(ModelProviderConfigWriteResponse {
        provider: provider_to_wire(provider),
    })
}

async fn set_default(
    cx: RequestContext,
    params: ModelProviderDefaultSetParams,
) -> RpcResult<ConfigWriteResponse> {
    let config = of_home(&cx).await?;
    let id = params.provider_id;
    let refused = |message: String| Err(ConfigWriteError::Validation(message).into());
    if config.check_provider(&id).is_err() {
        return refused(format!("Model provider `{id}` is not configured."));
    }
    if !config.can_change_provider() && id != config.model_provider {
        return refused("The model provider is set by the administrator and cannot be changed.".to_owned());
    }
    let edit = ConfigEdit {
        key_path: "model_provider".to_owned(),
        value: id.into(),
        upsert: false,
    };
    let edits = ConfigEdits {
        edits: vec![edit],
        ..ConfigEdits::default()
    };
    write(&cx, edits).await
}
