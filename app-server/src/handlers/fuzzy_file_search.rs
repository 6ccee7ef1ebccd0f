//! Search for files by parts of their names (docs/contract/services.md#search-for-files).

use std::path::PathBuf;
use std::sync::Arc;

use codex_app_server_protocol::{
    FuzzyFileSearch, FuzzyFileSearchMatchType, FuzzyFileSearchParams, FuzzyFileSearchResponse,
    FuzzyFileSearchResult, FuzzyFileSearchSessionCompleted, FuzzyFileSearchSessionCompletedNotification,
    FuzzyFileSearchSessionStart, FuzzyFileSearchSessionStartParams, FuzzyFileSearchSessionStartResponse,
    FuzzyFileSearchSessionStop, FuzzyFileSearchSessionStopParams, FuzzyFileSearchSessionStopResponse,
    FuzzyFileSearchSessionUpdate, FuzzyFileSearchSessionUpdateParams, FuzzyFileSearchSessionUpdateResponse,
    FuzzyFileSearchSessionUpdated, FuzzyFileSearchSessionUpdatedNotification,
};
use codex_core::file_search::{FoundFile, MAX_ROOTS, SearchUpdate};
use tokio_util::sync::CancellationToken;

use crate::client::files::MAX_SESSIONS;
use crate::rpc::error::{RpcError, RpcResult};
use crate::rpc::responder::Responder;
use crate::server::{RequestContext, Router};

/// Registers the handlers of this family.
pub(crate) fn register(router: &mut Router) {
    router.on::<FuzzyFileSearch, _, _>(search);
    router.on_deferred::<FuzzyFileSearchSessionStart, _, _>(start);
    router.on_deferred::<FuzzyFileSearchSessionUpdate, _, _>(update);
    router.on::<FuzzyFileSearchSessionStop, _, _>(stop);
}

async fn search(cx: RequestContext, params: FuzzyFileSearchParams) -> RpcResult<FuzzyFileSearchResponse> {
    let roots = folders(&params.roots)?;
    let search = &cx.server.file_search;
    let found = match params.cancellation_token {
        Some(name) => {
            let named = cx.client.files.begin_search(name);
            search.search(&roots, &params.query, &named.token).await
        }
        None => {
            let token = CancellationToken::new();
            search.search(&roots, &params.query, &token).await
        }
    };
    Ok(FuzzyFileSearchResponse {
        files: results(&params.roots, found),
    })
}

/// Begins a session. The answer comes before the first results.
async fn start(
    cx: RequestContext,
    params: FuzzyFileSearchSessionStartParams,
    responder: Responder<FuzzyFileSearchSessionStart>,
) {
    let id = params.session_id;
    let roots = match check(&id, &params.roots) {
        Ok(roots) => roots,
        Err(error) => return responder.send(Err(error)),
    };
    let client = Arc::downgrade(&cx.client);
    let session_id = id.clone();
    let tell = move |update: SearchUpdate| {
        let Some(client) = client.upgrade() else { return };
        let session_id = session_id.clone();
        match update {
            SearchUpdate::Found { query, files } => {
                client.notify_result::<FuzzyFileSearchSessionUpdated>(
                    &FuzzyFileSearchSessionUpdatedNotification {
                        files: results(&params.roots, files),
                        query,
                        session_id,
                    },
                );
            }
            SearchUpdate::Completed => {
                client.notify_result::<FuzzyFileSearchSessionCompleted>(
                    &FuzzyFileSearchSessionCompletedNotification { session_id },
                );
            }
        }
    };
    // Nothing is told before this task waits for something.
    let begun = cx
        .client
        .files
        .set_session(id, || cx.server.file_search.session(roots, tell));
    responder.send(if begun {
        Ok(FuzzyFileSearchSessionStartResponse {})
    } else {
        Err(RpcError::invalid(format!(
            "a connection has at most {MAX_SESSIONS} fuzzy file search sessions; stop one first"
        )))
    });
}

fn check(id: &str, roots: &[String]) -> RpcResult<Vec<PathBuf>> {
    if id.is_empty() {
        return Err(RpcError::invalid("sessionId must not be empty"));
    }
    if roots.is_empty() {
        return Err(RpcError::internal(
            "failed to start fuzzy file search session: at least one search directory is required",
        ));
    }
    folders(roots)
}

async fn update(
    cx: RequestContext,
    params: FuzzyFileSearchSessionUpdateParams,
    responder: Responder<FuzzyFileSearchSessionUpdate>,
) {
    let id = params.session_id;
    if !cx.client.files.has_session(&id) {
        let message = format!("fuzzy file search session not found: {id}");
        return responder.send(Err(RpcError::invalid(message)));
    }
    responder.send(Ok(FuzzyFileSearchSessionUpdateResponse {}));
    cx.client
        .files
        .with_session(&id, |session| session.update(params.query));
}

async fn stop(
    cx: RequestContext,
    params: FuzzyFileSearchSessionStopParams,
) -> RpcResult<FuzzyFileSearchSessionStopResponse> {
    cx.client.files.end_session(&params.session_id);
    Ok(FuzzyFileSearchSessionStopResponse {})
}

/// The folders that are meant. Relative ones are below the server's.
fn folders(roots: &[String]) -> RpcResult<Vec<PathBuf>> {
    if roots.len() > MAX_ROOTS {
        return Err(RpcError::params(format!(
            "at most {MAX_ROOTS} roots are searched at once"
        )));
    }
    if roots.iter().all(|root| root.starts_with('/')) {
        return Ok(roots.iter().map(PathBuf::from).collect());
    }
    let here = std::env::current_dir()
        .map_err(|error| RpcError::internal(format!("the server has no working folder: {error}")))?;
    Ok(roots.iter().map(|root| here.join(root)).collect())
}

fn results(roots: &[String], found: Vec<FoundFile>) -> Vec<FuzzyFileSearchResult> {
    let result = |file: FoundFile| FuzzyFileSearchResult {
        file_name: file.name().to_owned(),
        indices: Some(file.indices),
        match_type: if file.is_folder {
            FuzzyFileSearchMatchType::Directory
        } else {
            FuzzyFileSearchMatchType::File
        },
        root: roots.get(file.root).cloned().unwrap_or_default(),
        path: file.path,
        score: file.score,
    };
    found.into_iter().map(result).collect()
}
