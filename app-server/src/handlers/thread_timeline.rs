//! All that happened in a thread, in one sequence.

use codex_app_server_protocol::{
    ThreadTimelineEntry, ThreadTimelineList, ThreadTimelineListParams, ThreadTimelineListResponse, TurnStatus,
};
use codex_core::ThreadOperation;
use codex_core::history::TimelineEntry;

use crate::convert::{item, realtime, turn};
use crate::rpc::error::RpcResult;
use crate::server::{RequestContext, Router, parse_thread_id};

/// Rows of a page where the client names no number.
const DEFAULT_LIMIT: usize = 25;
/// And at most.
const MAX_LIMIT: usize = 100;

/// Registers the handlers of this family.
pub(crate) fn register(router: &mut Router) {
    router.on::<ThreadTimelineList, _, _>(list);
}

async fn list(cx: RequestContext, params: ThreadTimelineListParams) -> RpcResult<ThreadTimelineListResponse> {
    let id = parse_thread_id(&params.thread_id)?;
    let limit = params
        .limit
        .map_or(DEFAULT_LIMIT, |limit| (limit as usize).clamp(1, MAX_LIMIT));
    let engine = &cx.server.engine;
    let path = engine.readable(id, ThreadOperation::ListTimeline).await?;
    let page = engine.store().timeline(id, path, params.cursor, limit).await?;
    Ok(ThreadTimelineListResponse {
        active_realtime_session_at_page_start: page.conversation,
        data: page
            .entries
            .into_iter()
            .map(|(position, what)| entry(position, what))
            .collect(),
        next_cursor: page.next_cursor,
    })
}

fn entry(position: u64, what: TimelineEntry) -> ThreadTimelineEntry {
    match what {
        TimelineEntry::TurnStarted(turn) => ThreadTimelineEntry::TurnStarted {
            position,
            turn_id: turn.id,
            started_at: turn.started_at,
        },
        TimelineEntry::Item { turn_id, item } => ThreadTimelineEntry::Item {
            turn_id,
            item: item::to_wire(*item),
            position,
        },
        TimelineEntry::Realtime(item) => ThreadTimelineEntry::Realtime {
            item: realtime::item(item),
            position,
        },
        TimelineEntry::TurnCompleted(ended) => {
            let ended = turn::to_wire(ended);
            ThreadTimelineEntry::TurnCompleted {
                position,
                status: TurnStatus::clone(&ended.status),
                turn_id: ended.id,
                completed_at: ended.completed_at,
                duration_ms: ended.duration_ms,
                error: ended.error,
                started_at: ended.started_at,
            }
        }
    }
}
