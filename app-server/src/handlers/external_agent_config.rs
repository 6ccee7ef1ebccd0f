//! Taking over what users have set up for another agent (docs/contract/services.md#imports).

use std::path::PathBuf;
use std::time::Duration;

use codex_app_server_protocol::{
    ExternalAgentConfigDetect, ExternalAgentConfigDetectParams, ExternalAgentConfigDetectResponse,
    ExternalAgentConfigImport, ExternalAgentConfigImportCompleted,
    ExternalAgentConfigImportCompletedNotification, ExternalAgentConfigImportHistoriesRead,
    ExternalAgentConfigImportHistoriesReadResponse, ExternalAgentConfigImportHistoryRecord,
    ExternalAgentConfigImportHistoryRecordParams, ExternalAgentConfigImportHistoryRecordResponse,
    ExternalAgentConfigImportItemTypeFailure, ExternalAgentConfigImportItemTypeSuccess,
    ExternalAgentConfigImportParams, ExternalAgentConfigImportProgress,
    ExternalAgentConfigImportProgressNotification, ExternalAgentConfigImportResponse,
    ExternalAgentConfigImportTypeResult, ExternalAgentConfigMigrationItem, NoParams,
};
use codex_core::external_agent::{self, ImportHistory, ImportRecord, ImportRequest};
use codex_core::external_file::in_background;
use codex_core::now_ms;
use uuid::Uuid;

use crate::convert::external_agent_config::{
    failure_from_wire, offer_to_wire, record_to_wire, request_from_wire, success_from_wire,
};
use crate::rpc::error::{RpcError, RpcResult};
use crate::rpc::responder::Responder;
use crate::server::{RequestContext, Router};

/// How long the files of the other agent may take to be looked at.
const DETECT_TIMEOUT: Duration = Duration::from_secs(15);
/// How long one item may take.
const IMPORT_TIMEOUT: Duration = Duration::from_secs(60);
/// Another agent that clients know and we don't.
const UNKNOWN_SOURCE: &str = "cursor";

/// Registers the handlers of this family.
pub(crate) fn register(router: &mut Router) {
    router.on::<ExternalAgentConfigDetect, _, _>(detect);
    router.on_deferred::<ExternalAgentConfigImport, _, _>(import);
    router.on::<ExternalAgentConfigImportHistoryRecord, _, _>(record_history);
    router.on::<ExternalAgentConfigImportHistoriesRead, _, _>(read_histories);
}

async fn detect(
    cx: RequestContext,
    params: ExternalAgentConfigDetectParams,
) -> RpcResult<ExternalAgentConfigDetectResponse> {
    let mut response = ExternalAgentConfigDetectResponse {
        items: Vec::new(),
        connectors: Vec::new(),
    };
    if params.migration_source.as_deref() == Some(UNKNOWN_SOURCE) {
        return Ok(response);
    }
    let here = std::env::current_dir().map_err(|error| RpcError::internal(error.to_string()))?;
    let cwds: Vec<PathBuf> = params
        .cwds
        .into_iter()
        .flatten()
        .map(|cwd| here.join(cwd))
        .collect();
    let home = cx.server.config.codex_home.clone();
    let looking = move || external_agent::detect(&home, params.include_home, &cwds);
    let offers = in_background(DETECT_TIMEOUT, looking)
        .await
        .map_err(|error| RpcError::internal(format!("the files of the other agent: {error}")))?;
    response.items = offers.into_iter().map(offer_to_wire).collect();
    Ok(response)
}

async fn import(
    cx: RequestContext,
    params: ExternalAgentConfigImportParams,
    responder: Responder<ExternalAgentConfigImport>,
) {
    let import_id = Uuid::new_v4().to_string();
    responder.send(Ok(ExternalAgentConfigImportResponse {
        import_id: import_id.clone(),
    }));
    if params.migration_items.is_empty() {
        return;
    }
    // Later requests of this family wait, so they find what it has done.
    let mut results: Vec<ExternalAgentConfigImportTypeResult> = Vec::new();
    for item in &params.migration_items {
        let result = import_item(&cx, item).await;
        match results
            .iter_mut()
            .find(|known| known.item_type == result.item_type)
        {
            Some(known) => {
                known.successes.extend(result.successes.iter().cloned());
                known.failures.extend(result.failures.iter().cloned());
            }
            None => results.push(result.clone()),
        }
        cx.client.notify::<ExternalAgentConfigImportProgress>(
            &ExternalAgentConfigImportProgressNotification {
                import_id: import_id.clone(),
                item_type_results: vec![result],
            },
        );
    }
    let record = ImportRecord {
        import_id: import_id.clone(),
        provider_id: params.provider_id,
        completed_at_ms: now_ms(),
        successes: results
            .iter()
            .flat_map(|result| result.successes.iter().cloned().map(success_from_wire))
            .collect(),
        failures: results
            .iter()
            .flat_map(|result| result.failures.iter().cloned().map(failure_from_wire))
            .collect(),
    };
    if let Err(error) = keep(&cx, record).await {
        tracing::warn!(%error, "an import could not be noted");
    }
    cx.client
        .notify::<ExternalAgentConfigImportCompleted>(&ExternalAgentConfigImportCompletedNotification {
            import_id,
            item_type_results: results,
        });
}

async fn import_item(
    cx: &RequestContext,
    item: &ExternalAgentConfigMigrationItem,
) -> ExternalAgentConfigImportTypeResult {
    let item_type = item.item_type;
    let failure =
        |source: Option<String>, kind: &str, message: String| ExternalAgentConfigImportItemTypeFailure {
            item_type,
            cwd: item.cwd.clone(),
            source,
            error_type: Some(kind.to_owned()),
            sub_error_type: None,
            failure_stage: "import".to_owned(),
            message,
        };
    let mut result = ExternalAgentConfigImportTypeResult {
        item_type,
        successes: Vec::new(),
        failures: Vec::new(),
    };
    let Some(request) = request_from_wire(item) else {
        let message = "things of this type are not taken over".to_owned();
        result.failures.push(failure(None, "unsupported", message));
        return result;
    };
    match run(cx, request).await {
        Ok(outcome) => {
            let imported = outcome.imported.into_iter();
            result
                .successes
                .extend(imported.map(|one| ExternalAgentConfigImportItemTypeSuccess {
                    item_type,
                    cwd: item.cwd.clone(),
                    source: Some(one.source),
                    target: Some(one.target),
                    title: None,
                }));
            let failures = outcome.failures.into_iter();
            result
                .failures
                .extend(failures.map(|one| failure(one.source, "io", one.message)));
        }
        Err(message) => result.failures.push(failure(None, "timeout", message)),
    }
    result
}

async fn run(cx: &RequestContext, request: ImportRequest) -> Result<external_agent::ImportOutcome, String> {
    let home = cx.server.config.codex_home.clone();
    let importing = move || external_agent::import(&home, &request);
    in_background(IMPORT_TIMEOUT, importing)
        .await
        .map_err(|error| error.to_string())
}

async fn keep(cx: &RequestContext, record: ImportRecord) -> Result<(), std::io::Error> {
    let history = ImportHistory::new(&cx.server.config.codex_home);
    in_background(DETECT_TIMEOUT, move || history.add(&record)).await?
}

async fn record_history(
    cx: RequestContext,
    params: ExternalAgentConfigImportHistoryRecordParams,
) -> RpcResult<ExternalAgentConfigImportHistoryRecordResponse> {
    let import_id = Uuid::new_v4().to_string();
    let mut record = ImportRecord {
        import_id: import_id.clone(),
        provider_id: Some(params.provider_id),
        completed_at_ms: now_ms(),
        ..ImportRecord::default()
    };
    for result in params.item_type_results {
        record
            .successes
            .extend(result.successes.into_iter().map(|success| {
                success_from_wire(ExternalAgentConfigImportItemTypeSuccess {
                    item_type: success.item_type,
                    cwd: success.cwd,
                    source: success.source,
                    target: success.target,
                    title: success.title,
                })
            }));
        record
            .failures
            .extend(result.failures.into_iter().map(failure_from_wire));
    }
    match keep(&cx, record).await {
        Ok(()) => Ok(ExternalAgentConfigImportHistoryRecordResponse { import_id }),
        Err(error) if error.kind() == std::io::ErrorKind::InvalidInput => {
            Err(RpcError::params(error.to_string()))
        }
        Err(error) => Err(RpcError::internal(format!(
            "the import could not be noted: {error}"
        ))),
    }
}

async fn read_histories(
    cx: RequestContext,
    _params: NoParams,
) -> RpcResult<ExternalAgentConfigImportHistoriesReadResponse> {
    let history = ImportHistory::new(&cx.server.config.codex_home);
    let records = in_background(DETECT_TIMEOUT, move || history.read())
        .await
        .map_err(|error| RpcError::internal(format!("earlier imports: {error}")))?;
    Ok(ExternalAgentConfigImportHistoriesReadResponse {
        data: records.into_iter().map(record_to_wire).collect(),
        connectors: Vec::new(),
    })
}
