//! Verification that the user is present: there is nothing to do it with (docs/contract/services.md#other-methods).

use codex_app_server_protocol::error::{ErrorObject, INTERNAL_ERROR};
use codex_app_server_protocol::{
    UserVerificationCancel, UserVerificationCancelParams, UserVerificationCancelResponse,
    UserVerificationDelete, UserVerificationDeleteParams, UserVerificationDeleteResponse,
    UserVerificationEnroll, UserVerificationEnrollParams, UserVerificationEnrollResponse,
    UserVerificationStatus, UserVerificationStatusParams, UserVerificationStatusResponse,
    UserVerificationUnavailableReason, UserVerificationVerify, UserVerificationVerifyParams,
    UserVerificationVerifyResponse,
};
use serde_json::json;

use crate::rpc::error::{RpcError, RpcResult};
use crate::server::{RequestContext, Router};

/// Why nothing of it can be done, for people.
const UNAVAILABLE: &str = "User verification is not available in this build or account.";

/// Registers the handlers of this family.
pub(crate) fn register(router: &mut Router) {
    router.on::<UserVerificationStatus, _, _>(status);
    router.on::<UserVerificationEnroll, _, _>(enroll);
    router.on::<UserVerificationDelete, _, _>(delete);
    router.on::<UserVerificationVerify, _, _>(verify);
    router.on::<UserVerificationCancel, _, _>(cancel);
}

fn unavailable() -> RpcError {
    let mut error = ErrorObject::new(INTERNAL_ERROR, UNAVAILABLE);
    error.data = Some(json!({"type": "unavailable", "reason": "providerUnavailable"}));
    RpcError(error)
}

async fn status(
    _: RequestContext,
    _: UserVerificationStatusParams,
) -> RpcResult<UserVerificationStatusResponse> {
    Ok(UserVerificationStatusResponse {
        credential_id: None,
        unavailable_message: Some(UNAVAILABLE.to_owned()),
        unavailable_reason: Some(UserVerificationUnavailableReason::ProviderUnavailable),
    })
}

async fn enroll(
    _: RequestContext,
    _: UserVerificationEnrollParams,
) -> RpcResult<UserVerificationEnrollResponse> {
    Err(unavailable())
}

async fn delete(
    _: RequestContext,
    _: UserVerificationDeleteParams,
) -> RpcResult<UserVerificationDeleteResponse> {
    Err(unavailable())
}

async fn verify(
    _: RequestContext,
    _: UserVerificationVerifyParams,
) -> RpcResult<UserVerificationVerifyResponse> {
    Err(unavailable())
}

/// There is never one that runs.
async fn cancel(
    _: RequestContext,
    _: UserVerificationCancelParams,
) -> RpcResult<UserVerificationCancelResponse> {
    Ok(UserVerificationCancelResponse {})
}
