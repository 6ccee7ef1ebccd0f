//! Reviews of changes (docs/contract/agents.md#review).

use codex_app_server_protocol as wire;
use codex_app_server_protocol::{ReviewStart, ReviewStartParams, ReviewStartResponse};
use codex_core::{Op, ReviewTarget, ThreadHandle};

use crate::convert::turn;
use crate::rpc::error::RpcResult;
use crate::rpc::responder::Responder;
use crate::server::{RequestContext, Router};

/// Registers the handlers of this family.
pub(crate) fn register(router: &mut Router) {
    router.on_deferred::<ReviewStart, _, _>(start);
}

async fn start(cx: RequestContext, params: ReviewStartParams, responder: Responder<ReviewStart>) {
    match checked(&cx, params) {
        Ok((thread, target)) => {
            let review_thread_id = thread.id().to_string();
            thread.submit(Op::StartReview {
                target,
                reply: responder.reply(|started| ReviewStartResponse {
                    turn: turn::to_wire(started),
                    review_thread_id,
                }),
            });
        }
        Err(error) => responder.send(Err(error)),
    }
}

fn checked(cx: &RequestContext, params: ReviewStartParams) -> RpcResult<(ThreadHandle, ReviewTarget)> {
    let thread = cx.server.thread(&params.thread_id)?;
    let target = match params.target {
        wire::ReviewTarget::UncommittedChanges => ReviewTarget::UncommittedChanges,
        wire::ReviewTarget::BaseBranch { branch } => ReviewTarget::BaseBranch { branch },
        wire::ReviewTarget::Commit { sha, title } => ReviewTarget::Commit { sha, title },
        wire::ReviewTarget::Custom { instructions } => ReviewTarget::Custom { instructions },
    };
    Ok((thread, target.checked()?))
}
