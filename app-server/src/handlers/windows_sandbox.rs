//! The sandbox of Windows, which this system has not (docs/contract/services.md#other-methods).

use codex_app_server_protocol::{
    WindowsSandboxReadiness, WindowsSandboxReadinessResponse, WindowsSandboxReadinessStatus,
    WindowsSandboxSetupCompleted, WindowsSandboxSetupCompletedNotification, WindowsSandboxSetupMode,
    WindowsSandboxSetupStart, WindowsSandboxSetupStartParams, WindowsSandboxSetupStartResponse,
    rpc::NoParams,
};

use crate::rpc::error::RpcResult;
use crate::rpc::responder::Responder;
use crate::server::{RequestContext, Router};

/// Registers the handlers of this family.
pub(crate) fn register(router: &mut Router) {
    router.on::<WindowsSandboxReadiness, _, _>(readiness);
    router.on_deferred::<WindowsSandboxSetupStart, _, _>(start_setup);
}

async fn readiness(_: RequestContext, _: NoParams) -> RpcResult<WindowsSandboxReadinessResponse> {
    Ok(WindowsSandboxReadinessResponse {
        status: WindowsSandboxReadinessStatus::NotConfigured,
    })
}

/// Begins, and fails.
async fn start_setup(
    cx: RequestContext,
    params: WindowsSandboxSetupStartParams,
    responder: Responder<WindowsSandboxSetupStart>,
) {
    responder.send(Ok(WindowsSandboxSetupStartResponse { started: true }));
    let kind = match params.mode {
        WindowsSandboxSetupMode::Elevated => "elevated",
        WindowsSandboxSetupMode::Unelevated => "legacy",
    };
    cx.client
        .notify::<WindowsSandboxSetupCompleted>(&WindowsSandboxSetupCompletedNotification {
            error: Some(format!(
                "{kind} Windows sandbox setup is only supported on Windows"
            )),
            mode: params.mode,
            success: false,
        });
}
