//! The account's rate limits (docs/contract/backend.md).

use codex_app_server_protocol::{
    AccountRateLimitResetCreditConsume, AccountRateLimitsRead, ConsumeAccountRateLimitResetCreditParams,
    ConsumeAccountRateLimitResetCreditResponse, GetAccountRateLimitsParams, GetAccountRateLimitsResponse,
};

use crate::convert::account;
use crate::rpc::error::RpcResult;
use crate::server::{RequestContext, Router};

/// Registers the handlers of this family.
pub(crate) fn register(router: &mut Router) {
    router.on::<AccountRateLimitsRead, _, _>(rate_limits_read);
    router.on::<AccountRateLimitResetCreditConsume, _, _>(reset_credit_consume);
}

async fn rate_limits_read(
    cx: RequestContext,
    params: GetAccountRateLimitsParams,
) -> RpcResult<GetAccountRateLimitsResponse> {
    let with_details = !params.exclude_reset_credit_details;
    let found = cx.server.backend.rate_limits(with_details).await?;
    Ok(account::rate_limits_to_wire(found))
}

async fn reset_credit_consume(
    cx: RequestContext,
    params: ConsumeAccountRateLimitResetCreditParams,
) -> RpcResult<ConsumeAccountRateLimitResetCreditResponse> {
    let (key, credit_id) = (&params.idempotency_key, params.credit_id.as_deref());
    let outcome = cx.server.backend.consume_reset_credit(key, credit_id).await?;
    Ok(ConsumeAccountRateLimitResetCreditResponse {
        outcome: account::outcome_to_wire(outcome),
    })
}
