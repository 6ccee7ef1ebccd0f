//! Usage and messages of the account (docs/contract/backend.md).

use codex_app_server_protocol::rpc::NoParams;
use codex_app_server_protocol::{
    AccountSecuritySetupRead, AccountSendAddCreditsNudgeEmail, AccountUsageRead,
    AccountWorkspaceMessagesRead, AddCreditsNudgeCreditType, GetAccountSecuritySetupResponse,
    GetAccountTokenUsageParams, GetAccountTokenUsageResponse, GetWorkspaceMessagesResponse,
    SendAddCreditsNudgeEmailParams, SendAddCreditsNudgeEmailResponse,
};

use crate::convert::account;
use crate::rpc::error::RpcResult;
use crate::server::{RequestContext, Router, parse_thread_id};

/// Registers the handlers of this family.
pub(crate) fn register(router: &mut Router) {
    router.on::<AccountUsageRead, _, _>(usage_read);
    router.on::<AccountWorkspaceMessagesRead, _, _>(workspace_messages_read);
    router.on::<AccountSendAddCreditsNudgeEmail, _, _>(send_add_credits_nudge_email);
    router.on::<AccountSecuritySetupRead, _, _>(security_setup_read);
}

async fn usage_read(
    cx: RequestContext,
    params: GetAccountTokenUsageParams,
) -> RpcResult<GetAccountTokenUsageResponse> {
    match params.thread_id {
        Some(id) => {
            let usage = cx.server.backend.thread_usage(parse_thread_id(&id)?).await?;
            Ok(account::thread_usage_to_wire(usage))
        }
        None => Ok(account::token_usage_to_wire(
            cx.server.backend.token_usage().await?,
        )),
    }
}

async fn workspace_messages_read(
    cx: RequestContext,
    _params: NoParams,
) -> RpcResult<GetWorkspaceMessagesResponse> {
    let messages = cx.server.backend.workspace_messages().await?;
    Ok(account::messages_to_wire(messages))
}

async fn send_add_credits_nudge_email(
    cx: RequestContext,
    params: SendAddCreditsNudgeEmailParams,
) -> RpcResult<SendAddCreditsNudgeEmailResponse> {
    let credit_type = match params.credit_type {
        AddCreditsNudgeCreditType::Credits => "credits",
        AddCreditsNudgeCreditType::UsageLimit => "usage_limit",
    };
    let outcome = cx.server.backend.send_add_credits_nudge(credit_type).await?;
    Ok(account::nudge_to_wire(outcome))
}

async fn security_setup_read(
    cx: RequestContext,
    _params: NoParams,
) -> RpcResult<GetAccountSecuritySetupResponse> {
    Ok(account::notice_to_wire(cx.server.backend.security_notice().await))
}
