//! Search in threads (config-and-services §7).

use codex_app_server_protocol::{
    SortDirection, ThreadSearch, ThreadSearchOccurrence, ThreadSearchOccurrences,
    ThreadSearchOccurrencesParams, ThreadSearchOccurrencesResponse, ThreadSearchParams, ThreadSearchResponse,
    ThreadSearchResult, ThreadSearchSortKey, ThreadSearchTextRange,
};
use codex_core::history::{ListQuery, SortKey};

use super::thread_list::source_kinds;
use crate::convert::thread;
use crate::dispatch::{Cx, Router};
use crate::error::RpcResult;
use crate::server::parse_thread_id;

/// Rows of a page where the client names no number.
const DEFAULT_LIMIT: usize = 25;
/// And at most.
const MAX_LIMIT: usize = 100;

/// Registers the handlers of this family.
pub(crate) fn register(router: &mut Router) {
    router.on::<ThreadSearch, _, _>(search);
    router.on::<ThreadSearchOccurrences, _, _>(occurrences);
}

fn page(limit: Option<u32>) -> usize {
    limit.map_or(DEFAULT_LIMIT, |limit| (limit as usize).clamp(1, MAX_LIMIT))
}

async fn search(cx: Cx, params: ThreadSearchParams) -> RpcResult<ThreadSearchResponse> {
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
        ..ListQuery::default()
    };
    let (found, snippets) = cx
        .server
        .engine
        .search_threads(query, &params.search_term)
        .await?;
    Ok(ThreadSearchResponse {
        data: found
            .threads
            .iter()
            .zip(snippets)
            .map(|(info, snippet)| ThreadSearchResult {
                snippet,
                thread: thread::to_wire(info),
            })
            .collect(),
        backwards_cursor: found.backwards_cursor,
        next_cursor: found.next_cursor,
    })
}

async fn occurrences(
    cx: Cx,
    params: ThreadSearchOccurrencesParams,
) -> RpcResult<ThreadSearchOccurrencesResponse> {
    let id = parse_thread_id(&params.thread_id)?;
    let engine = &cx.server.engine;
    let path = engine.readable(id, "thread/searchOccurrences").await?;
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
