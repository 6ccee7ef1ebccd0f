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
        .map(|client| (MAX_IN_PROGRESS as usize).saturating_sub(client.slots.available_permits()) as u64)
        .sum();
    let connections = clients.len();
    drop(clients);
    let storage = cx.server.engine.store().storage().await?;
    let gauges = [
        ("app.connections", connections as u64),
        ("app.requests.in_flight", in_flight),
        ("app.requests.queued", cx.server.scheduler.waiting() as u64),
        ("core.threads.live", cx.server.engine.loaded().len() as u64),
        ("storage.rollouts", storage.rollouts),
        ("storage.rollout_bytes", storage.rollout_bytes),
        ("storage.compressed_rollouts", storage.compressed_rollouts),
        (
            "storage.compressed_rollout_bytes",
            storage.compressed_rollout_bytes,
        ),
        ("storage.archived_rollouts", storage.archived_rollouts),
        ("storage.index_bytes", storage.index_bytes),
        ("storage.user_data_bytes", storage.user_data_bytes),
    ];
    let gauges = gauges.map(|(name, value)| ServerDiagnosticsGauge {
        name: name.to_owned(),
        value,
    });
    Ok(ServerDiagnosticsResponse {
        gauges: gauges.into(),
        process: ServerDiagnosticsProcess {
            id: std::process::id(),
            physical_footprint_bytes: None,
            resident_memory_bytes: process::resident_memory(),
        },
    })
}
