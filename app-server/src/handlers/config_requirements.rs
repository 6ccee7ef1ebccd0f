//! What the administrator demands (docs/contract/configuration.md#requirements).

use codex_app_server_protocol::{ConfigRequirementsRead, ConfigRequirementsReadResponse, NoParams};

use super::config::of_home;
use crate::convert::requirements::to_wire;
use crate::rpc::error::RpcResult;
use crate::server::{RequestContext, Router};

/// Registers the handlers of this family.
pub(crate) fn register(router: &mut Router) {
    router.on::<ConfigRequirementsRead, _, _>(read);
}

async fn read(cx: RequestContext, _: NoParams) -> RpcResult<ConfigRequirementsReadResponse> {
    let config = of_home(&cx).await?;
    Ok(ConfigRequirementsReadResponse {
        requirements: to_wire(&config.requirements).map(Box::new),
        supports_independent_speed_modes: Some(true),
    })
}
