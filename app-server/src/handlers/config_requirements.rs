//! What the administrator demands (docs/contract/configuration.md#requirements).

use codex_app_server_protocol::{ConfigRequirementsRead, ConfigRequirementsReadResponse, NoParams};
use codex_core::config::Config;

use super::config::unreadable;
use crate::convert::requirements::to_wire;
use crate::rpc::error::RpcResult;
use crate::server::{RequestContext, Router};

/// Registers the handlers of this family.
pub(crate) fn register(router: &mut Router) {
    router.on::<ConfigRequirementsRead, _, _>(read);
}

async fn read(cx: RequestContext, _: NoParams) -> RpcResult<ConfigRequirementsReadResponse> {
    let config = Config::load_home(&cx.server.config)
        .await
        .map_err(|error| unreadable(&error))?;
    Ok(ConfigRequirementsReadResponse {
        requirements: to_wire(&config.requirements).map(Box::new),
        supports_independent_speed_modes: Some(true),
    })
}
