//! What is in a thread, whole or page by page (docs/contract/threads.md#reading).

use codex_app_server_protocol::{
    DeprecationNotice, SortDirection, Thread, ThreadItemEntry, ThreadItemsList, ThreadItemsListAnchor,
    ThreadItemsListCursor, ThreadItemsListParams, ThreadItemsListResponse, ThreadItemsRead,
    ThreadItemsReadParams, ThreadItemsReadResponse, ThreadRead, ThreadReadParams, ThreadReadResponse,
    ThreadTurnsList, ThreadTurnsListParams, ThreadTurnsListResponse, TurnItemsView,
};
use codex_core::history::{ItemRow, ItemsQuery, PageStart, TurnsQuery};
use codex_core::{HistoryMode, ItemsView, ThreadOperation};

use super::streamed_turns::{self, LaterTurns};
use super::thread_lifecycle::all_turns_notice;
use crate::convert::{item, thread, turn};
use crate::rpc::error::{RpcError, RpcResult};
use crate::rpc::responder::Responder;
use crate::server::{RequestContext, Router, parse_thread_id};

/// Rows of a page where the client names no number.
const DEFAULT_LIMIT: usize = 25;

/// Items that a client may name at most.
const MAX_ITEM_IDS: usize = 100;

/// Registers the handlers of this family.
pub(crate) fn register(router: &mut Router) {
    router.on_deferred::<ThreadRead, _, _>(read);
    router.on::<ThreadTurnsList, _, _>(turns_list);
    router.on::<ThreadItemsList, _, _>(items_list);
    router.on::<ThreadItemsRead, _, _>(items_read);
}

async fn read(cx: RequestContext, params: ThreadReadParams, responder: Responder<ThreadRead>) {
    streamed_turns::send(&cx.client, responder, read_thread(&cx, params).await);
}

async fn read_thread(
    cx: &RequestContext,
    params: ThreadReadParams,
) -> RpcResult<(ThreadReadResponse, Option<LaterTurns>)> {
    let id = parse_thread_id(&params.thread_id)?;
    let info = cx.server.engine.read_thread(id).await?;
    let info = info.ok_or_else(|| RpcError::invalid(format!("thread not loaded: {id}")))?;
    let (turns, later) = if params.include_turns {
        let turns = cx.server.engine.read_turns(id).await?;
        if info.history_mode == HistoryMode::Paginated {
            cx.client.notify::<DeprecationNotice>(&all_turns_notice());
        }
        streamed_turns::for_answer(turns)?
    } else {
        (Vec::new(), None)
    };
    let is_kept = info.has_read_state() && info.path.as_ref().is_some_and(|path| path.exists());
    let read_state = if is_kept {
        let state = cx.server.engine.store().read_state(id).await?;
        Some(thread::read_state_to_wire(state))
    } else {
        None
    };
    let response = ThreadReadResponse {
        thread: Thread {
            turns,
            ..thread::to_wire(&info)
        },
        read_state,
    };
    Ok((response, later))
}

async fn turns_list(cx: RequestContext, params: ThreadTurnsListParams) -> RpcResult<ThreadTurnsListResponse> {
    let id = parse_thread_id(&params.thread_id)?;
    let query = TurnsQuery {
        limit: params.limit.map_or(DEFAULT_LIMIT, |limit| limit as usize),
        cursor: params.cursor,
        descending: params.sort_direction != Some(SortDirection::Asc),
        view: view(params.items_view),
        running: None,
    };
    let page = cx.server.engine.turns_page(id, query).await?;
    Ok(ThreadTurnsListResponse {
        data: page.turns.into_iter().map(turn::to_wire).collect(),
        backwards_cursor: page.backwards_cursor,
        next_cursor: page.next_cursor,
    })
}

async fn items_list(cx: RequestContext, params: ThreadItemsListParams) -> RpcResult<ThreadItemsListResponse> {
    let id = parse_thread_id(&params.thread_id)?;
    if matches!(params.cursor, Some(ThreadItemsListCursor::Anchor(_))) && params.turn_id.is_none() {
        return Err(RpcError::params(
            "turnId is required when cursor is an item anchor",
        ));
    }
    let query = ItemsQuery {
        limit: params.limit.map_or(DEFAULT_LIMIT, |limit| limit as usize),
        start: match params.cursor {
            None => PageStart::End,
            Some(ThreadItemsListCursor::Cursor(cursor)) => PageStart::Cursor(cursor),
            Some(ThreadItemsListCursor::Anchor(ThreadItemsListAnchor::Item { item_id })) => {
                PageStart::Item(item_id)
            }
        },
        descending: params.sort_direction == Some(SortDirection::Desc),
        turn_id: params.turn_id,
    };
    // `deferOutput` is for threads that are kept elsewhere; what is read from a file comes whole.
    let page = cx.server.engine.items_page(id, query).await?;
    Ok(ThreadItemsListResponse {
        data: page.rows.into_iter().map(entry).collect(),
        backwards_cursor: page.backwards_cursor,
        next_cursor: page.next_cursor,
    })
}

async fn items_read(cx: RequestContext, params: ThreadItemsReadParams) -> RpcResult<ThreadItemsReadResponse> {
    let id = parse_thread_id(&params.thread_id)?;
    if params.item_ids.is_empty() || params.item_ids.len() > MAX_ITEM_IDS {
        return Err(RpcError::invalid(format!(
            "itemIds must contain 1 to {MAX_ITEM_IDS} IDs"
        )));
    }
    let engine = &cx.server.engine;
    let path = engine.readable(id, ThreadOperation::ReadItem).await?;
    let rows = engine
        .store()
        .items_by_id(path, params.turn_id, params.item_ids)
        .await?;
    Ok(ThreadItemsReadResponse {
        data: rows.into_iter().map(entry).collect(),
    })
}

fn entry(row: ItemRow) -> ThreadItemEntry {
    ThreadItemEntry {
        turn_id: row.turn_id,
        completed_at_ms: row.item.completed_at_ms,
        started_at_ms: row.item.started_at_ms,
        output_deferred: false,
        item: item::to_wire(row.item),
    }
}

/// How many items a turn carries; a summary unless the client says otherwise.
pub(super) fn view(view: Option<TurnItemsView>) -> ItemsView {
    match view {
        None | Some(TurnItemsView::Summary) => ItemsView::Summary,
        Some(TurnItemsView::NotLoaded) => ItemsView::NotLoaded,
        Some(TurnItemsView::Full) => ItemsView::Full,
    }
}
