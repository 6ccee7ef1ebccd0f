//! Summing up threads (docs/contract/turns.md#compaction).

use codex_app_server_protocol::{ThreadCompactStart, ThreadCompactStartParams, ThreadCompactStartResponse};
use codex_core::Op;

use crate::rpc::responder::Responder;
use crate::server::{RequestContext, Router};

/// Registers the handlers of this family.
pub(crate) fn register(router: &mut Router) {
    router.on_deferred::<ThreadCompactStart, _, _>(start);
}

async fn start(
    cx: RequestContext,
    params: ThreadCompactStartParams,
    responder: Responder<ThreadCompactStart>,
) {
    match cx.server.thread(&params.thread_id) {
        Ok(thread) => thread.submit(Op::Compact {
            reply: responder.reply(|()| ThreadCompactStartResponse {}),
        }),
        Err(error) => responder.send(Err(error)),
    }
}
