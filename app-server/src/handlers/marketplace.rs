//! Marketplaces of plugins (docs/contract/services.md#plugins).

use codex_app_server_protocol::{
    AbsolutePathBuf, MarketplaceAdd, MarketplaceAddParams, MarketplaceAddResponse, MarketplaceRemove,
    MarketplaceRemoveParams, MarketplaceRemoveResponse, MarketplaceUpgrade, MarketplaceUpgradeErrorInfo,
    MarketplaceUpgradeParams, MarketplaceUpgradeResponse,
};
use codex_core::plugins::MarketplaceToAdd;

use crate::rpc::error::RpcResult;
use crate::server::{RequestContext, Router};

/// Registers the handlers of this family.
pub(crate) fn register(router: &mut Router) {
    router.on::<MarketplaceAdd, _, _>(add);
    router.on::<MarketplaceRemove, _, _>(remove);
    router.on::<MarketplaceUpgrade, _, _>(upgrade);
}

async fn add(cx: RequestContext, params: MarketplaceAddParams) -> RpcResult<MarketplaceAddResponse> {
    let wanted = MarketplaceToAdd {
        source: params.source,
        ref_name: params.ref_name,
        sparse_paths: params.sparse_paths.unwrap_or_default(),
    };
    let added = cx.server.engine.plugins().add_marketplace(wanted).await?;
    Ok(MarketplaceAddResponse {
        already_added: added.already_added,
        installed_root: AbsolutePathBuf::from_path(&added.root),
        marketplace_name: added.name,
    })
}

async fn remove(cx: RequestContext, params: MarketplaceRemoveParams) -> RpcResult<MarketplaceRemoveResponse> {
    let plugins = cx.server.engine.plugins();
    let removed = plugins.remove_marketplace(params.marketplace_name).await?;
    Ok(MarketplaceRemoveResponse {
        marketplace_name: removed.name,
        installed_root: removed.root.as_deref().map(AbsolutePathBuf::from_path),
    })
}

async fn upgrade(
    cx: RequestContext,
    params: MarketplaceUpgradeParams,
) -> RpcResult<MarketplaceUpgradeResponse> {
    let plugins = cx.server.engine.plugins();
    let done = plugins.upgrade_marketplaces(params.marketplace_name).await?;
    Ok(MarketplaceUpgradeResponse {
        errors: done
            .errors
            .into_iter()
            .map(|(marketplace_name, message)| MarketplaceUpgradeErrorInfo {
                marketplace_name,
                message,
            })
            .collect(),
        selected_marketplaces: done.selected,
        upgraded_roots: done
            .upgraded
            .iter()
            .map(|root| AbsolutePathBuf::from_path(root))
            .collect(),
    })
}
