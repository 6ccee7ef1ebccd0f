//! Plans that the user has approved (docs/contract/turns.md#plans).

use std::path::Path;

use codex_app_server_protocol::{
    ThreadPrepareApprovedPlan, ThreadPrepareApprovedPlanParams, ThreadPrepareApprovedPlanResponse,
};
use codex_core::Op;

use crate::rpc::error::RpcError;
use crate::rpc::responder::Responder;
use crate::server::{RequestContext, Router};

/// What the next turn is to begin with.
const PROMPT: &str = "Implement the plan.";

/// Registers the handlers of this family.
pub(crate) fn register(router: &mut Router) {
    router.on_deferred::<ThreadPrepareApprovedPlan, _, _>(prepare);
}

async fn prepare(
    cx: RequestContext,
    params: ThreadPrepareApprovedPlanParams,
    responder: Responder<ThreadPrepareApprovedPlan>,
) {
    let thread = match cx.server.thread(&params.thread_id) {
        Ok(thread) => thread,
        Err(error) => return responder.send(Err(error)),
    };
    if let Some(path) = params.attachment_path
        && !Path::new(&path).is_absolute()
    {
        return responder.send(Err(RpcError::params("attachmentPath must be an absolute path")));
    }
    if params.markdown.trim().is_empty() {
        return responder.send(Err(RpcError::invalid("The approved plan is empty.")));
    }
    thread.submit(Op::PrepareApprovedPlan {
        plan: params.markdown,
        reply: responder.reply(|()| ThreadPrepareApprovedPlanResponse {
            prompt: PROMPT.to_owned(),
        }),
    });
}
