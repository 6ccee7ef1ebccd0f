//! The files of threads (docs/contract/storage.md#compression).

use codex_app_server_protocol::rpc::NoParams;
use codex_app_server_protocol::{RolloutCompress, RolloutCompressResponse};
use codex_core::config::Config;
use codex_core::history::COLD;

use crate::rpc::error::RpcResult;
use crate::server::{RequestContext, Router};

/// Registers the handlers of this family.
pub(crate) fn register(router: &mut Router) {
    router.on::<RolloutCompress, _, _>(compress);
}

/// Answers at once: the work may take minutes.
async fn compress(cx: RequestContext, _: NoParams) -> RpcResult<RolloutCompressResponse> {
    let store = cx.server.engine.store().clone();
    let source = cx.server.config.clone();
    cx.server.runtime.spawn(async move {
        // Where the configuration can't be read, what holds without it does.
        let config = Config::load_home(&source).await.ok();
        let age = config
            .and_then(|config| config.rollout_compress_after)
            .unwrap_or(COLD);
        match store.compress_cold(age).await {
            Ok(files) => tracing::info!(files, "files of threads at rest were compressed"),
            Err(error) => tracing::warn!(%error, "files of threads at rest were not compressed"),
        }
    });
    Ok(RolloutCompressResponse {})
}
