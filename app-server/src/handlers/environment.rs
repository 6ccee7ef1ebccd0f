//! Machines on which threads can work: this one (docs/contract/services.md#other-methods).

use std::path::Path;

use codex_app_server_protocol::{
    EnvironmentInfo, EnvironmentInfoParams, EnvironmentInfoResponse, EnvironmentShellInfo, EnvironmentStatus,
    EnvironmentStatusKind, EnvironmentStatusParams, EnvironmentStatusResponse, PathUri,
};
use codex_core::{LOCAL_ENVIRONMENT, LocalMachine};

use crate::rpc::error::{RpcError, RpcResult};
use crate::server::{RequestContext, Router};

/// Registers the handlers of this family.
pub(crate) fn register(router: &mut Router) {
    router.on::<EnvironmentInfo, _, _>(info);
    router.on::<EnvironmentStatus, _, _>(status);
}

fn unknown(id: &str) -> String {
    format!("unknown environment id `{id}`")
}

async fn info(_: RequestContext, params: EnvironmentInfoParams) -> RpcResult<EnvironmentInfoResponse> {
    if params.environment_id != LOCAL_ENVIRONMENT {
        return Err(RpcError::invalid(unknown(&params.environment_id)));
    }
    let machine = LocalMachine::now();
    let name = Path::new(&machine.shell).file_name().unwrap_or_default();
    Ok(EnvironmentInfoResponse {
        cwd: machine.folder.map(PathUri),
        shell: EnvironmentShellInfo {
            name: name.to_string_lossy().into_owned(),
            path: machine.shell,
        },
    })
}

async fn status(_: RequestContext, params: EnvironmentStatusParams) -> RpcResult<EnvironmentStatusResponse> {
    let known = params.environment_id == LOCAL_ENVIRONMENT;
    Ok(EnvironmentStatusResponse {
        error: (!known).then(|| unknown(&params.environment_id)),
        status: if known {
            EnvironmentStatusKind::Ready
        } else {
            EnvironmentStatusKind::Unknown
        },
    })
}
