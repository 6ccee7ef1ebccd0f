//! Control from other devices, which is never on (docs/contract/services.md#other-methods).

use codex_app_server_protocol::rpc::NoParams;
use codex_app_server_protocol::{
    RemoteControlConnectionStatus, RemoteControlStatusRead, RemoteControlStatusReadResponse,
};
use codex_core::{config, external_file};

use crate::rpc::error::{RpcError, RpcResult};
use crate::server::{RequestContext, Router};

/// Registers the handlers of this family.
pub(crate) fn register(router: &mut Router) {
    router.on::<RemoteControlStatusRead, _, _>(read_status);
}

async fn read_status(cx: RequestContext, _: NoParams) -> RpcResult<RemoteControlStatusReadResponse> {
    let home = cx.server.config.codex_home.clone();
    let id = external_file::in_background(external_file::READ_TIMEOUT, move || {
        config::installation_id(&home)
    });
    let failed = |error: String| RpcError::internal(format!("the home has no identifier: {error}"));
    let installation_id = id
        .await
        .map_err(|error| failed(error.to_string()))?
        .map_err(|error| failed(error.to_string()))?;
    Ok(RemoteControlStatusReadResponse {
        environment_id: None,
        installation_id,
        server_name: rustix::system::uname().nodename().to_string_lossy().into_owned(),
        status: RemoteControlConnectionStatus::Disabled,
    })
}
