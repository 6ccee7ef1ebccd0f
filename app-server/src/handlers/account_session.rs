//! Accounts between which the user can switch: there are none (docs/contract/services.md#other-methods).

use codex_app_server_protocol::{AccountSessionList, AccountSessionsListParams, AccountSessionsResponse};

use crate::rpc::error::RpcResult;
use crate::server::{RequestContext, Router};

/// Registers the handlers of this family.
pub(crate) fn register(router: &mut Router) {
    router.on::<AccountSessionList, _, _>(list);
}

/// A home has one account, or none; nothing to switch between.
async fn list(_: RequestContext, _: AccountSessionsListParams) -> RpcResult<AccountSessionsResponse> {
    Ok(AccountSessionsResponse {
        active_session_id: None,
        sessions: Vec::new(),
    })
}
