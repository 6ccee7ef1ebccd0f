//! Plugins that accounts share (docs/contract/services.md#plugins). The catalogue of an account's plugins is not
//! reached from here, so each of these says what it would take.

use codex_app_server_protocol::{
    PluginShareCheckout, PluginShareCheckoutParams, PluginShareCheckoutResponse, PluginShareDelete,
    PluginShareDeleteParams, PluginShareDeleteResponse, PluginShareList, PluginShareListParams,
    PluginShareListResponse, PluginShareSave, PluginShareSaveParams, PluginShareSaveResponse,
    PluginShareUpdateTargets, PluginShareUpdateTargetsParams, PluginShareUpdateTargetsResponse,
    PluginSkillRead, PluginSkillReadParams, PluginSkillReadResponse,
};

use crate::rpc::error::{RpcError, RpcResult};
use crate::server::{RequestContext, Router};

/// Registers the handlers of this family.
pub(crate) fn register(router: &mut Router) {
    router.on::<PluginSkillRead, _, _>(read_skill);
    router.on::<PluginShareSave, _, _>(save);
    router.on::<PluginShareUpdateTargets, _, _>(update_targets);
    router.on::<PluginShareList, _, _>(list);
    router.on::<PluginShareCheckout, _, _>(checkout);
    router.on::<PluginShareDelete, _, _>(delete);
}

/// What is answered where an account's catalogue would be asked.
pub(super) fn needs_account(action: &str) -> RpcError {
    RpcError::invalid(format!(
        "{action}: chatgpt authentication required for remote plugin catalog"
    ))
}

async fn read_skill(_: RequestContext, _: PluginSkillReadParams) -> RpcResult<PluginSkillReadResponse> {
    Err(needs_account("read remote plugin skill details"))
}

async fn save(_: RequestContext, _: PluginShareSaveParams) -> RpcResult<PluginShareSaveResponse> {
    Err(needs_account("save remote plugin share"))
}

async fn update_targets(
    _: RequestContext,
    _: PluginShareUpdateTargetsParams,
) -> RpcResult<PluginShareUpdateTargetsResponse> {
    Err(needs_account("update remote plugin share targets"))
}

async fn list(_: RequestContext, _: PluginShareListParams) -> RpcResult<PluginShareListResponse> {
    Err(needs_account("list remote plugin shares"))
}

async fn checkout(_: RequestContext, _: PluginShareCheckoutParams) -> RpcResult<PluginShareCheckoutResponse> {
    Err(needs_account("checkout plugin share"))
}

async fn delete(_: RequestContext, _: PluginShareDeleteParams) -> RpcResult<PluginShareDeleteResponse> {
    Err(needs_account("delete remote plugin share"))
}
