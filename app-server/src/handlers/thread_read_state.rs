//! How far users have read threads (docs/contract/threads.md#read-state).

use codex_app_server_protocol::{
    ThreadReadStateChanged, ThreadReadStateOperation, ThreadReadStateUpdate, ThreadReadStateUpdateParams,
    ThreadReadStateUpdateResponse,
};

use crate::events;
use crate::rpc::error::RpcResult;
use crate::rpc::responder::Responder;
use crate::server::{RequestContext, Router, thread_id_param};

/// Registers the handlers of this family.
pub(crate) fn register(router: &mut Router) {
    router.on_deferred::<ThreadReadStateUpdate, _, _>(update);
}

/// Marks a thread. All who may use what is experimental are told first, then the answer comes.
async fn update(
    cx: RequestContext,
    params: ThreadReadStateUpdateParams,
    responder: Responder<ThreadReadStateUpdate>,
) {
    responder.send(mark(&cx, &params).await);
}

async fn mark(
    cx: &RequestContext,
    params: &ThreadReadStateUpdateParams,
) -> RpcResult<ThreadReadStateUpdateResponse> {
    let id = thread_id_param(&params.thread_id)?;
    let engine = &cx.server.engine;
    engine.check_read_state(id).await?;
    let read = params.operation == ThreadReadStateOperation::Read;
    let state = engine
        .store()
        .mark_read(id, &params.expected_revision, read)
        .await?;
    let news = events::thread::read_state_changed(id, state);
    cx.server
        .subscriptions
        .broadcast::<ThreadReadStateChanged>(Some(id), &news);
    engine.store().save().await;
    Ok(ThreadReadStateUpdateResponse {
        read_state: news.read_state,
    })
}
