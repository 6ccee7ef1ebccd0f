//! Control from other devices, which is never on (docs/contract/services.md#other-methods).

use codex_app_server_protocol::rpc::NoParams;
use codex_app_server_protocol::{
    Notification, RemoteControlConnectionStatus, RemoteControlStatusChanged,
    RemoteControlStatusChangedNotification, RemoteControlStatusRead, RemoteControlStatusReadResponse,
};
use codex_core::{config, external_file};

use crate::rpc::error::{RpcError, RpcResult};
use crate::server::{RequestContext, Router};

/// Registers the handlers of this family.
pub(crate) fn register(router: &mut Router) {
    router.on::<RemoteControlStatusRead, _, _>(read_status);
}

/// Tells a client that has just been initialized that control from other devices is off. Without an identifier of the
/// home there is nothing to tell.
pub(super) async fn announce(cx: &RequestContext) {
    if !cx.client.wants(RemoteControlStatusChanged::METHOD) {
        return;
    }
    match installation_id(cx).await {
        Ok(installation_id) => {
            cx.client
                .notify::<RemoteControlStatusChanged>(&RemoteControlStatusChangedNotification {
                    environment_id: None,
                    installation_id,
                    server_name: server_name(),
                    status: RemoteControlConnectionStatus::Disabled,
                });
        }
        Err(error) => tracing::warn!(%error, "the home has no identifier"),
    }
}

async fn read_status(cx: RequestContext, _: NoParams) -> RpcResult<RemoteControlStatusReadResponse> {
    let failed = |error: String| RpcError::internal(format!("the home has no identifier: {error}"));
    Ok(RemoteControlStatusReadResponse {
        environment_id: None,
        installation_id: installation_id(&cx).await.map_err(failed)?,
        server_name: server_name(),
        status: RemoteControlConnectionStatus::Disabled,
    })
}

async fn installation_id(cx: &RequestContext) -> Result<String, String> {
    let home = cx.server.config.codex_home.clone();
    let id = external_file::in_background(external_file::READ_TIMEOUT, move || {
        config::installation_id(&home)
    });
    let id = id.await.map_err(|error| error.to_string())?;
    id.map_err(|error| error.to_string())
}

fn server_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}
