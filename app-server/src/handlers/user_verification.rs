//! Verification that the user is present: there is nothing to do it with (docs/contract/services.md#other-methods).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use codex_app_server_protocol::error::{ErrorObject, INTERNAL_ERROR, INVALID_PARAMS};
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

/// Most of a challenge, in bytes.
const MAX_CHALLENGE: usize = 4096;

/// Registers the handlers of this family.
pub(crate) fn register(router: &mut Router) {
    router.on::<UserVerificationStatus, _, _>(status);
    router.on::<UserVerificationEnroll, _, _>(enroll);
    router.on::<UserVerificationDelete, _, _>(delete);
    router.on::<UserVerificationVerify, _, _>(verify);
    router.on::<UserVerificationCancel, _, _>(cancel);
}

fn refused(message: impl Into<String>) -> RpcError {
    let mut error = ErrorObject::new(INVALID_PARAMS, message);
    error.data = Some(json!({"type": "invalidRequest", "reason": "invalidParams"}));
    RpcError(error)
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
    params: UserVerificationVerifyParams,
) -> RpcResult<UserVerificationVerifyResponse> {
    let challenge = URL_SAFE_NO_PAD.decode(&params.challenge);
    if !challenge.is_ok_and(|bytes| (1..=MAX_CHALLENGE).contains(&bytes.len())) {
        return Err(refused(format!(
            "challenge must be 1 to {MAX_CHALLENGE} bytes in base64url without padding"
        )));
    }
    if params.title.is_empty() {
        return Err(refused("title must not be empty"));
    }
    Err(unavailable())
}

/// There is never one that runs.
async fn cancel(
    _: RequestContext,
    _: UserVerificationCancelParams,
) -> RpcResult<UserVerificationCancelResponse> {
    Ok(UserVerificationCancelResponse {})
}
