//! A method without effect, for tests of clients (docs/contract/services.md#other-methods).

use codex_app_server_protocol::{
    MockExperimentalMethod, MockExperimentalMethodParams, MockExperimentalMethodResponse,
};

use crate::rpc::error::RpcResult;
use crate::server::{RequestContext, Router};

/// Registers the handlers of this family.
pub(crate) fn register(router: &mut Router) {
    router.on::<MockExperimentalMethod, _, _>(echo);
}

async fn echo(
    _: RequestContext,
    params: MockExperimentalMethodParams,
) -> RpcResult<MockExperimentalMethodResponse> {
    Ok(MockExperimentalMethodResponse { echoed: params.value })
}
