//! How far users have read threads (config-and-services §7).

use codex_app_server_protocol::{
    ThreadReadState, ThreadReadStateChanged, ThreadReadStateChangedNotification, ThreadReadStateOperation,
    ThreadReadStateUpdate, ThreadReadStateUpdateParams, ThreadReadStateUpdateResponse, ThreadUnreadPosition,
};
use codex_core::history::{ReadState, Unread};

use crate::answer::Responder;
use crate::dispatch::{Cx, Router};
use crate::error::RpcError;
use crate::server::parse_thread_id;

/// Registers the handlers of this family.
pub(crate) fn register(router: &mut Router) {
    router.on_deferred::<ThreadReadStateUpdate, _, _>(update);
}

/// Marks a thread. The answer comes first, then `thread/readState/changed` for everybody.
async fn update(cx: Cx, params: ThreadReadStateUpdateParams, responder: Responder<ThreadReadStateUpdate>) {
    let marked = async {
        let id = parse_thread_id(&params.thread_id)?;
        let engine = &cx.server.engine;
        let path = engine.readable(id, "thread/readState/update").await?;
        let read = params.operation == ThreadReadStateOperation::Read;
        let state = engine
            .store()
            .mark_read(id, path, &params.expected_revision, read)
            .await?;
        Ok::<_, RpcError>((id, to_wire(state)))
    };
    match marked.await {
        Ok((id, read_state)) => {
            responder.send(Ok(ThreadReadStateUpdateResponse {
                read_state: read_state.clone(),
            }));
            let params = ThreadReadStateChangedNotification {
                thread_id: params.thread_id,
                read_state,
            };
            cx.server
                .hub
                .broadcast::<ThreadReadStateChanged>(Some(id), &params);
        }
        Err(error) => responder.send(Err(error)),
    }
}

/// Towards the client.
pub(super) fn to_wire(state: ReadState) -> ThreadReadState {
    ThreadReadState {
        revision: state.revision,
        first_unread: state.first_unread.map(|unread| match unread {
            Unread::ThreadStart => ThreadUnreadPosition::ThreadStart,
            Unread::Turn(turn_id) => ThreadUnreadPosition::Turn { turn_id },
        }),
    }
}
