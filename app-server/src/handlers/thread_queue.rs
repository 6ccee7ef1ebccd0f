//! Messages that wait for their turn (docs/contract/threads.md#queue). The engine keeps them, and tells when they change.

use codex_app_server_protocol as wire;
use codex_app_server_protocol::{
    ThreadQueueAdd, ThreadQueueAddParams, ThreadQueueAddResponse, ThreadQueueDelete, ThreadQueueDeleteParams,
    ThreadQueueDeleteResponse, ThreadQueueList, ThreadQueueListParams, ThreadQueueListResponse,
    ThreadQueueReorder, ThreadQueueReorderParams, ThreadQueueReorderResponse, ThreadQueueStart,
    ThreadQueueStartParams, ThreadQueueStartResponse, ThreadQueueUpdate, ThreadQueueUpdateParams,
    ThreadQueueUpdateResponse,
};
use codex_core::Op;
use codex_core::history::QueuedSubmission;

use crate::convert::{input, turn};
use crate::rpc::error::{RpcError, RpcResult};
use crate::rpc::responder::Responder;
use crate::server::{RequestContext, Router, parse_thread_id};

/// Rows of a page where the client names no number.
const DEFAULT_LIMIT: usize = 25;
/// And at most.
const MAX_LIMIT: usize = 100;

/// Registers the handlers of this family.
pub(crate) fn register(router: &mut Router) {
    router.on_deferred::<ThreadQueueAdd, _, _>(add);
    router.on::<ThreadQueueList, _, _>(list);
    router.on_deferred::<ThreadQueueUpdate, _, _>(update);
    router.on_deferred::<ThreadQueueDelete, _, _>(delete);
    router.on_deferred::<ThreadQueueReorder, _, _>(reorder);
    router.on_deferred::<ThreadQueueStart, _, _>(start);
}

async fn add(cx: RequestContext, params: ThreadQueueAddParams, responder: Responder<ThreadQueueAdd>) {
    let taken = parse_thread_id(&params.thread_id).and_then(|id| Ok((id, input::from_wire(params.input)?)));
    match taken {
        Ok((id, said)) => {
            let submission = QueuedSubmission::new(
                said,
                params.client_user_message_id,
                params.responsesapi_client_metadata,
            );
            let reply = responder.reply(|queued| ThreadQueueAddResponse {
                queued_submission: to_wire(queued),
            });
            cx.server.engine.queue_message(id, submission, reply).await;
        }
        Err(error) => responder.send(Err(error)),
    }
}

async fn list(cx: RequestContext, params: ThreadQueueListParams) -> RpcResult<ThreadQueueListResponse> {
    let id = parse_thread_id(&params.thread_id)?;
    let from = params
        .cursor
        .as_deref()
        .unwrap_or("0")
        .parse()
        .map_err(|error| RpcError::invalid(format!("invalid queue pagination cursor: {error}")))?;
    let limit = params
        .limit
        .map_or(DEFAULT_LIMIT, |limit| (limit as usize).clamp(1, MAX_LIMIT));
    let page = cx.server.engine.queued_messages(id, from, limit).await?;
    Ok(ThreadQueueListResponse {
        data: page.submissions.into_iter().map(to_wire).collect(),
        next_cursor: page.next.map(|next| next.to_string()),
    })
}

async fn update(
    cx: RequestContext,
    params: ThreadQueueUpdateParams,
    responder: Responder<ThreadQueueUpdate>,
) {
    let taken = parse_thread_id(&params.thread_id).and_then(|id| Ok((id, input::from_wire(params.input)?)));
    match taken {
        Ok((id, said)) => {
            let reply = responder.reply(|queued| ThreadQueueUpdateResponse {
                queued_submission: to_wire(queued),
            });
            let metadata = params.responsesapi_client_metadata;
            let message = params.queued_submission_id;
            let engine = &cx.server.engine;
            engine
                .update_queued_message(id, message, said, metadata, reply)
                .await;
        }
        Err(error) => responder.send(Err(error)),
    }
}

async fn delete(
    cx: RequestContext,
    params: ThreadQueueDeleteParams,
    responder: Responder<ThreadQueueDelete>,
) {
    match parse_thread_id(&params.thread_id) {
        Ok(id) => {
            let reply = responder.reply(|deleted| ThreadQueueDeleteResponse { deleted });
            let message = params.queued_submission_id;
            cx.server.engine.delete_queued_message(id, message, reply).await;
        }
        Err(error) => responder.send(Err(error)),
    }
}

async fn reorder(
    cx: RequestContext,
    params: ThreadQueueReorderParams,
    responder: Responder<ThreadQueueReorder>,
) {
    match parse_thread_id(&params.thread_id) {
        Ok(id) => {
            let reply = responder.reply(|()| ThreadQueueReorderResponse {});
            let order = params.queued_submission_ids;
            cx.server.engine.reorder_queued_messages(id, order, reply).await;
        }
        Err(error) => responder.send(Err(error)),
    }
}

async fn start(cx: RequestContext, params: ThreadQueueStartParams, responder: Responder<ThreadQueueStart>) {
    match cx.server.thread(&params.thread_id) {
        Ok(thread) => thread.submit(Op::StartQueued {
            id: params.queued_submission_id,
            reply: responder.reply(|started| ThreadQueueStartResponse {
                turn: turn::to_wire(started),
            }),
        }),
        Err(error) => responder.send(Err(error)),
    }
}

fn to_wire(queued: QueuedSubmission) -> wire::QueuedSubmission {
    wire::QueuedSubmission {
        id: queued.id,
        input: queued.input.into_iter().map(input::to_wire).collect(),
        client_user_message_id: queued.client_user_message_id,
        responsesapi_client_metadata: queued.client_metadata,
    }
}
