//! How the server is (docs/contract/services.md#other-methods).

use codex_app_server_protocol::{
    ServerDiagnostics, ServerDiagnosticsGauge, ServerDiagnosticsParams, ServerDiagnosticsProcess,
    ServerDiagnosticsResponse,
};
use codex_core::process;

use crate::client::handle::MAX_IN_PROGRESS;
use crate::rpc::error::RpcResult;
use crate::server::{RequestContext, Router};

/// Registers the handlers of this family.
pub(crate) fn register(router: &mut Router) {
    router.on::<ServerDiagnostics, _, _>(diagnostics);
}

async fn diagnostics(cx: RequestContext, _: ServerDiagnosticsParams) -> RpcResult<ServerDiagnosticsResponse> {
    let clients = cx.server.subscriptions.initialized();
    let in_flight = clients
        .iter()
        .map(|client| (MAX_IN_PROGRESS as usize).saturating_sub(client.slots.available_permits()))
        .sum();
    let gauge = |name: &str, value: usize| ServerDiagnosticsGauge {
        name: name.to_owned(),
        value: value as u64,
    };
    Ok(ServerDiagnosticsResponse {
        gauges: vec![
            gauge("app.connections", clients.len()),
            gauge("app.requests.in_flight", in_flight),
            gauge("app.requests.queued", cx.server.scheduler.waiting()),
            gauge("core.threads.live", cx.server.engine.loaded().len()),
        ],
        process: ServerDiagnosticsProcess {
            id: std::process::id(),
            physical_footprint_bytes: None,
            resident_memory_bytes: process::resident_memory(),
        },
    })
}
