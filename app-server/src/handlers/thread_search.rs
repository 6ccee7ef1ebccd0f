//! Search in threads (docs/contract/threads.md#search).

use codex_app_server_protocol::{
    SortDirection, ThreadSearch, ThreadSearchCancel, ThreadSearchCancelParams, ThreadSearchCancelResponse,
    ThreadSearchOccurrence, ThreadSearchOccurrences, ThreadSearchOccurrencesParams,
    ThreadSearchOccurrencesResponse, ThreadSearchParams, ThreadSearchPartial,
    ThreadSearchPartialNotification, ThreadSearchResponse, ThreadSearchResult, ThreadSearchSortKey,
    ThreadSearchStream, ThreadSearchStreamCancel, ThreadSearchTextRange,
};
use codex_core::history::{ListQuery, SortKey};
use codex_core::{Error as CoreError, ThreadInfo, ThreadOperation};
use tokio_util::sync::CancellationToken;

use super::thread_list::{current_creator, source_kinds};
use crate::client::searches::{Running, SearchKind};
use crate::convert::thread;
use crate::rpc::error::{RpcError, RpcResult};
use crate::rpc::responder::Responder;
use crate::server::{RequestContext, Router, parse_thread_id};

/// Rows of a page where the client names no number.
const DEFAULT_LIMIT: usize = 25;
/// And at most.
const MAX_LIMIT: usize = 100;

/// Longest text that `thread/search/stream` looks for, in bytes.
const MAX_STREAMED_TERM: usize = 65_536;

/// Registers the handlers of this family.
pub(crate) fn register(router: &mut Router) {
    router.on_deferred::<ThreadSearch, _, _>(search);
    router.on_deferred::<ThreadSearchStream, _, _>(search_stream);
    router.on::<ThreadSearchCancel, _, _>(cancel);
    router.on::<ThreadSearchStreamCancel, _, _>(cancel_stream);
    router.on::<ThreadSearchOccurrences, _, _>(occurrences);
}

fn page(limit: Option<u32>) -> usize {
    limit.map_or(DEFAULT_LIMIT, |limit| (limit as usize).clamp(1, MAX_LIMIT))
}

async fn search(cx: RequestContext, params: ThreadSearchParams, responder: Responder<ThreadSearch>) {
    let running = responder
        .request_id()
        .map(|id| cx.client.searches.begin(SearchKind::Whole, id.clone()));
    let token = running
        .as_ref()
        .map_or_else(CancellationToken::new, Running::token);
    let found = find(&cx, params, &token, |_, _| ()).await;
    responder.send(found.map_err(Into::into));
}

/// Searches, and tells this connection of each thread as soon as it is found.
async fn search_stream(
    cx: RequestContext,
    params: ThreadSearchParams,
    responder: Responder<ThreadSearchStream>,
) {
    if params.search_term.len() > MAX_STREAMED_TERM {
        return responder.send(Err(RpcError::params(format!(
            "thread/search/stream searchTerm exceeds {MAX_STREAMED_TERM} UTF-8 bytes"
        ))));
    }
    let Some(id) = responder.request_id().cloned() else {
        return;
    };
    let running = cx.client.searches.begin(SearchKind::Stream, id.clone());
    let tell = |info: &ThreadInfo, snippet: &str| {
        cx.client
            .notify::<ThreadSearchPartial>(&ThreadSearchPartialNotification {
                request_id: id.clone(),
                data: vec![result(info, snippet.to_owned())],
            });
    };
    let found = find(&cx, params, &running.token(), tell).await;
    responder.send(found.map_err(|error| match error {
        CoreError::InvalidCursor(cursor) => RpcError::params(format!("invalid cursor: {cursor}")),
        error => error.into(),
    }));
}

async fn cancel(
    cx: RequestContext,
    params: ThreadSearchCancelParams,
) -> RpcResult<ThreadSearchCancelResponse> {
    cx.client.searches.cancel(SearchKind::Whole, &params.request_id);
    Ok(ThreadSearchCancelResponse {})
}

async fn cancel_stream(
    cx: RequestContext,
    params: ThreadSearchCancelParams,
) -> RpcResult<ThreadSearchCancelResponse> {
    cx.client.searches.cancel(SearchKind::Stream, &params.request_id);
    Ok(ThreadSearchCancelResponse {})
}

async fn find(
    cx: &RequestContext,
    params: ThreadSearchParams,
    cancel: &CancellationToken,
    tell: impl FnMut(&ThreadInfo, &str) + Send,
) -> Result<ThreadSearchResponse, CoreError> {
    let query = ListQuery {
        limit: page(params.limit),
        cursor: params.cursor,
        sort: match params.sort_key {
            None | Some(ThreadSearchSortKey::CreatedAt) => SortKey::Created,
            Some(ThreadSearchSortKey::UpdatedAt) => SortKey::Updated,
            Some(ThreadSearchSortKey::RecencyAt) => SortKey::Recency,
        },
        descending: params.sort_direction != Some(SortDirection::Asc),
        archived: params.archived.unwrap_or_default(),
        sources: source_kinds(params.source_kinds),
        include_attached: params.include_attached_threads,
        creator: current_creator(cx, params.current_account_only).await,
        ..ListQuery::default()
    };
    let (found, snippets) = cx
        .server
        .engine
        .search_threads(query, &params.search_term, cancel, tell)
        .await?;
    Ok(ThreadSearchResponse {
        data: found
            .threads
            .iter()
            .zip(snippets)
            .map(|(info, snippet)| result(info, snippet))
            .collect(),
        backwards_cursor: found.backwards_cursor,
        next_cursor: found.next_cursor,
    })
}

fn result(info: &ThreadInfo, snippet: String) -> ThreadSearchResult {
    ThreadSearchResult {
        snippet,
        thread: thread::to_list_row(info),
    }
}

async fn occurrences(
    cx: RequestContext,
    params: ThreadSearchOccurrencesParams,
) -> RpcResult<ThreadSearchOccurrencesResponse> {
    let id = parse_thread_id(&params.thread_id)?;
    let engine = &cx.server.engine;
    let path = engine.readable(id, ThreadOperation::SearchOccurrences).await?;
    let (found, next_cursor) = engine
        .store()
        .occurrences(id, path, params.search_term, params.cursor, page(params.limit))
        .await?;
    let place = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    Ok(ThreadSearchOccurrencesResponse {
        data: found
            .into_iter()
            .map(|found| ThreadSearchOccurrence {
                turn_id: found.turn_id,
                item_id: found.item_id,
                snippet: found.snippet,
                snippet_match_range: ThreadSearchTextRange {
                    start: place(found.start),
                    end: place(found.end),
                },
                turn_cursor: found.turn_cursor,
            })
            .collect(),
        next_cursor,
    })
}
