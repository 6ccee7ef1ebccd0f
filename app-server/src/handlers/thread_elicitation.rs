//! Questions that a client has open with the user by itself (docs/contract/items-and-approvals.md#questions-of-clients).

use codex_app_server_protocol::{
    ThreadDecrementElicitation, ThreadDecrementElicitationParams, ThreadDecrementElicitationResponse,
    ThreadIncrementElicitation, ThreadIncrementElicitationParams, ThreadIncrementElicitationResponse,
};
use codex_core::Op;

use crate::rpc::responder::Responder;
use crate::server::{RequestContext, Router};

/// Registers the handlers of this family.
pub(crate) fn register(router: &mut Router) {
    router.on_deferred::<ThreadIncrementElicitation, _, _>(increment);
    router.on_deferred::<ThreadDecrementElicitation, _, _>(decrement);
}

async fn increment(
    cx: RequestContext,
    params: ThreadIncrementElicitationParams,
    responder: Responder<ThreadIncrementElicitation>,
) {
    match cx.server.thread(&params.thread_id) {
        Ok(thread) => thread.submit(Op::CountQuestions {
            more: true,
            reply: responder.reply(|count| ThreadIncrementElicitationResponse {
                count,
                paused: count > 0,
            }),
        }),
        Err(error) => responder.send(Err(error)),
    }
}

async fn decrement(
    cx: RequestContext,
    params: ThreadDecrementElicitationParams,
    responder: Responder<ThreadDecrementElicitation>,
) {
    match cx.server.thread(&params.thread_id) {
        Ok(thread) => thread.submit(Op::CountQuestions {
            more: false,
            reply: responder.reply(|count| ThreadDecrementElicitationResponse {
                count,
                paused: count > 0,
            }),
        }),
        Err(error) => responder.send(Err(error)),
    }
}
