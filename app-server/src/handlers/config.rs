//! Reading and writing the configuration (docs/contract/configuration.md#reading-and-writing).

use std::path::PathBuf;
use std::sync::Arc;

use codex_app_server_protocol::{
    ConfigBatchWrite, ConfigBatchWriteParams, ConfigRead, ConfigReadParams, ConfigReadResponse,
    ConfigValueWrite, ConfigValueWriteParams, ConfigWriteResponse, MergeStrategy, Request,
};
use codex_core::config::{self, Config, ConfigEdit, ConfigEdits};
use serde_json::Value;

use crate::convert::config::{reading_to_wire, written_to_wire};
use crate::rpc::error::{RpcError, RpcResult};
use crate::rpc::responder::Responder;
use crate::server::{RequestContext, Router};

/// Registers the handlers of this family.
pub(crate) fn register(router: &mut Router) {
    router.on::<ConfigRead, _, _>(read);
    router.on::<ConfigValueWrite, _, _>(write_value);
    router.on_deferred::<ConfigBatchWrite, _, _>(write_batch);
}

async fn read(cx: RequestContext, params: ConfigReadParams) -> RpcResult<ConfigReadResponse> {
    let cwd = params.cwd.as_deref().map(folder).transpose()?;
    let reading = config::read(&cx.server.config, cwd)
        .await
        .map_err(|error| unreadable(&error))?;
    Ok(reading_to_wire(reading, params.include_layers))
}

async fn write_value(cx: RequestContext, params: ConfigValueWriteParams) -> RpcResult<ConfigWriteResponse> {
    let edits = ConfigEdits {
        edits: vec![edit(params.key_path, params.value, params.merge_strategy)],
        file: params.file_path.map(PathBuf::from),
        expected_version: params.expected_version,
    };
    write(&cx, edits).await
}

/// Writes several values. With `reloadUserConfig` loaded threads have taken them up when the answer comes; what their MCP
/// servers do then follows it.
async fn write_batch(
    cx: RequestContext,
    params: ConfigBatchWriteParams,
    responder: Responder<ConfigBatchWrite>,
) {
    let reload = params.reload_user_config;
    let written = write(&cx, batch(params)).await;
    let reload = reload && written.is_ok();
    answer_and_reload(&cx, responder, written, reload).await;
}

/// Answers. With `reload` loaded threads have taken up the configuration before; their MCP servers do afterwards.
pub(super) async fn answer_and_reload<M: Request>(
    cx: &RequestContext,
    responder: Responder<M>,
    answer: RpcResult<M::Response>,
    reload: bool,
) {
    if reload {
        cx.server.engine.reload_config().await;
    }
    responder.send(answer);
    if reload {
        cx.server.engine.reload_mcp_servers().await;
    }
}

fn batch(params: ConfigBatchWriteParams) -> ConfigEdits {
    let edits = params
        .edits
        .into_iter()
        .map(|one| edit(one.key_path, one.value, one.merge_strategy));
    ConfigEdits {
        edits: edits.collect(),
        file: params.file_path.map(PathBuf::from),
        expected_version: params.expected_version,
    }
}

/// Writes into the user's configuration.
pub(super) async fn write(cx: &RequestContext, edits: ConfigEdits) -> RpcResult<ConfigWriteResponse> {
    Ok(written_to_wire(config::write(&cx.server.config, edits).await?))
}

/// A folder that a client names, relative to the server's working folder.
pub(super) fn folder(text: &str) -> RpcResult<PathBuf> {
    // An empty name is the working folder itself.
    let path = if text.is_empty() { "." } else { text };
    std::path::absolute(path).map_err(|error| RpcError::invalid(format!("invalid cwd {text:?}: {error}")))
}

/// A configuration that can't be read.
pub(super) fn unreadable(error: &config::ConfigError) -> RpcError {
    codex_core::Error::unreadable_config(error).into()
}

/// The configuration of the home, for a client that asks for what is in it.
pub(super) async fn of_home(cx: &RequestContext) -> RpcResult<Arc<Config>> {
    let config = Config::load_home(&cx.server.config).await;
    config.map_err(|error| unreadable(&error))
}

fn edit(key_path: String, value: Value, strategy: MergeStrategy) -> ConfigEdit {
    ConfigEdit {
        key_path,
        value,
        upsert: strategy == MergeStrategy::Upsert,
    }
}
