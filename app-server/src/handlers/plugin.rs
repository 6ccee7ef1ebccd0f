//! Plugins (docs/contract/services.md#plugins).

use std::path::PathBuf;

use codex_app_server_protocol::{
    AbsolutePathBuf, PluginInstall, PluginInstallParams, PluginInstallResponse, PluginInstalled,
    PluginInstalledParams, PluginInstalledResponse, PluginList, PluginListMarketplaceKind, PluginListParams,
    PluginListResponse, PluginRead, PluginReadParams, PluginReadResponse, PluginReconcile,
    PluginReconcileParams, PluginReconcileResponse, PluginSearch, PluginSearchParams, PluginSearchResponse,
    PluginSearchResult, PluginUninstall, PluginUninstallParams, PluginUninstallResponse,
};
use codex_core::plugins::{FoundPlugin, PluginListing};

use super::config::answer_and_reload;
use super::page;
use super::plugin_share::needs_account;
use crate::convert::plugin::{
    auth_to_wire, detail_to_wire, load_error_to_wire, marketplace_to_wire, summary_to_wire,
};
use crate::rpc::error::{RpcError, RpcResult};
use crate::rpc::responder::Responder;
use crate::server::{RequestContext, Router};

/// Plugins of a page where the client names no number.
const DEFAULT_LIMIT: usize = 50;
/// And at most.
const MAX_LIMIT: usize = 200;

/// Registers the handlers of this family.
pub(crate) fn register(router: &mut Router) {
    router.on::<PluginList, _, _>(list);
    router.on::<PluginSearch, _, _>(search);
    router.on::<PluginInstalled, _, _>(installed);
    router.on::<PluginReconcile, _, _>(reconcile);
    router.on::<PluginRead, _, _>(read);
    router.on_deferred::<PluginInstall, _, _>(install);
    router.on_deferred::<PluginUninstall, _, _>(uninstall);
}

async fn listing(cx: &RequestContext, cwds: Option<Vec<AbsolutePathBuf>>) -> RpcResult<PluginListing> {
    let folders: Vec<PathBuf> = cwds.into_iter().flatten().map(PathBuf::from).collect();
    Ok(cx.server.engine.plugins().list(folders).await?)
}

async fn list(cx: RequestContext, params: PluginListParams) -> RpcResult<PluginListResponse> {
    let local = params
        .marketplace_kinds
        .is_none_or(|kinds| kinds.contains(&PluginListMarketplaceKind::Local));
    let found = if local {
        listing(&cx, params.cwds).await?
    } else {
        // The others are those of accounts.
        PluginListing::default()
    };
    Ok(PluginListResponse {
        marketplaces: found.marketplaces.into_iter().map(marketplace_to_wire).collect(),
        featured_plugin_ids: Vec::new(),
        marketplace_load_errors: found.errors.into_iter().map(load_error_to_wire).collect(),
    })
}

async fn installed(cx: RequestContext, params: PluginInstalledParams) -> RpcResult<PluginInstalledResponse> {
    let mut found = listing(&cx, params.cwds).await?;
    let suggested = params.install_suggestion_plugin_names.unwrap_or_default();
    for marketplace in &mut found.marketplaces {
        let wanted = |plugin: &FoundPlugin| plugin.installed || suggested.contains(&plugin.name);
        marketplace.plugins.retain(wanted);
    }
    found
        .marketplaces
        .retain(|marketplace| !marketplace.plugins.is_empty());
    Ok(PluginInstalledResponse {
        marketplaces: found.marketplaces.into_iter().map(marketplace_to_wire).collect(),
        marketplace_load_errors: found.errors.into_iter().map(load_error_to_wire).collect(),
    })
}

async fn search(cx: RequestContext, params: PluginSearchParams) -> RpcResult<PluginSearchResponse> {
    let nothing = PluginSearchResponse {
        data: Vec::new(),
        next_cursor: None,
    };
    // There is no page behind a cursor that is none of ours.
    let Ok(start) = page::start(params.cursor.as_deref()) else {
        return Ok(nothing);
    };
    if params.scope.is_some() {
        // Plugins with a scope are those of accounts.
        return Ok(nothing);
    }
    let limit = params
        .limit
        .map_or(DEFAULT_LIMIT, |limit| (limit as usize).clamp(1, MAX_LIMIT));
    let term = params.search_term.trim().to_lowercase();
    if term.is_empty() {
        // Whoever looks for nothing finds nothing: all plugins are in `plugin/list`.
        return Ok(nothing);
    }
    let found = listing(&cx, params.cwds).await?;
    let fitting = found.marketplaces.into_iter().flat_map(|marketplace| {
        let (name, path) = (marketplace.name, AbsolutePathBuf::from_path(&marketplace.path));
        let of_marketplace = move |plugin| PluginSearchResult {
            marketplace_name: name.clone(),
            marketplace_path: Some(path.clone()),
            plugin: summary_to_wire(plugin),
        };
        marketplace.plugins.into_iter().map(of_marketplace)
    });
    let mut fitting = fitting.filter(|found| fits(found, &term)).skip(start);
    let data: Vec<_> = fitting.by_ref().take(limit).collect();
    let next = start.saturating_add(data.len());
    Ok(PluginSearchResponse {
        next_cursor: fitting.next().map(|_| next.to_string()),
        data,
    })
}

fn fits(found: &PluginSearchResult, term: &str) -> bool {
    let plugin = &found.plugin;
    let interface = plugin.interface.as_ref();
    let shown = [
        interface.and_then(|interface| interface.display_name.as_ref()),
        interface.and_then(|interface| interface.short_description.as_ref()),
    ];
    let mut words = shown
        .into_iter()
        .flatten()
        .chain(&plugin.keywords)
        .chain([&plugin.name]);
    words.any(|word| word.to_lowercase().contains(term))
}

/// There is nothing to do: no account manages plugins.
async fn reconcile(_: RequestContext, _: PluginReconcileParams) -> RpcResult<PluginReconcileResponse> {
    Ok(PluginReconcileResponse {
        changed_plugins: Vec::new(),
        failed_materialization_remote_plugin_ids: Vec::new(),
        failed_remote_plugin_ids: Vec::new(),
    })
}

/// The list of the marketplace that is meant, unless it is one of an account.
fn meant(
    method: &str,
    action: &str,
    path: Option<AbsolutePathBuf>,
    remote: Option<String>,
) -> RpcResult<PathBuf> {
    match (path, remote) {
        (Some(path), None) => Ok(path.into()),
        (None, Some(_)) => Err(needs_account(action)),
        _ => Err(RpcError::invalid(format!(
            "{method} requires exactly one of marketplacePath or remoteMarketplaceName"
        ))),
    }
}

async fn read(cx: RequestContext, params: PluginReadParams) -> RpcResult<PluginReadResponse> {
    let list = meant(
        "plugin/read",
        "read remote plugin details",
        params.marketplace_path,
        params.remote_marketplace_name,
    )?;
    let plugin = cx.server.engine.plugins().read(list, params.plugin_name).await?;
    Ok(PluginReadResponse {
        plugin: detail_to_wire(plugin),
    })
}

/// Installs a plugin. Loaded threads have taken it up when the answer comes; what their MCP servers do then follows it.
async fn install(cx: RequestContext, params: PluginInstallParams, responder: Responder<PluginInstall>) {
    let installed = install_from_list(&cx, params).await;
    let reload = installed.is_ok();
    answer_and_reload(&cx, responder, installed, reload).await;
}

async fn install_from_list(
    cx: &RequestContext,
    params: PluginInstallParams,
) -> RpcResult<PluginInstallResponse> {
    let list = meant(
        "plugin/install",
        "read remote plugin details before install",
        params.marketplace_path,
        params.remote_marketplace_name,
    )?;
    let auth = cx
        .server
        .engine
        .plugins()
        .install(list, params.plugin_name)
        .await?;
    Ok(PluginInstallResponse {
        apps_needing_auth: Vec::new(),
        auth_policy: auth_to_wire(auth),
    })
}

/// Removes a plugin, from loaded threads as well.
async fn uninstall(cx: RequestContext, params: PluginUninstallParams, responder: Responder<PluginUninstall>) {
    let uninstalled = remove(&cx, &params.plugin_id).await;
    let reload = uninstalled.is_ok();
    answer_and_reload(&cx, responder, uninstalled, reload).await;
}

async fn remove(cx: &RequestContext, id: &str) -> RpcResult<PluginUninstallResponse> {
    if cx.server.engine.plugins().uninstall(id).await? {
        return Ok(PluginUninstallResponse {});
    }
    let usual = |c: char| c.is_ascii_alphanumeric() || "_-~".contains(c);
    if id.is_empty() || !id.chars().all(usual) {
        return Err(RpcError::invalid("invalid remote plugin id"));
    }
    Err(needs_account("resolve remote plugin before uninstall"))
}
