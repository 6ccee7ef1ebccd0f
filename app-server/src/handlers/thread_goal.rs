//! Goals of threads (docs/contract/threads.md#goals). The engine keeps them, tells them, and works for them.

use codex_app_server_protocol::{
    ThreadGoalClear, ThreadGoalClearParams, ThreadGoalClearResponse, ThreadGoalGet, ThreadGoalGetParams,
    ThreadGoalGetResponse, ThreadGoalSet, ThreadGoalSetParams, ThreadGoalSetResponse,
};
use codex_core::GoalPatch;

use crate::convert::goal::{status_from_wire, to_wire};
use crate::rpc::error::RpcResult;
use crate::rpc::responder::Responder;
use crate::server::{RequestContext, Router, parse_thread_id};

/// Registers the handlers of this family.
pub(crate) fn register(router: &mut Router) {
    router.on_deferred::<ThreadGoalSet, _, _>(set);
    router.on::<ThreadGoalGet, _, _>(get);
    router.on_deferred::<ThreadGoalClear, _, _>(clear);
}

async fn set(cx: RequestContext, params: ThreadGoalSetParams, responder: Responder<ThreadGoalSet>) {
    let id = match parse_thread_id(&params.thread_id) {
        Ok(id) => id,
        Err(error) => return responder.send(Err(error)),
    };
    let patch = GoalPatch {
        objective: params.objective,
        status: params.status.map(status_from_wire),
        token_budget: params.token_budget,
    };
    let reply = responder.reply(|goal| ThreadGoalSetResponse { goal: to_wire(&goal) });
    cx.server.engine.set_goal(id, patch, reply).await;
}

async fn get(cx: RequestContext, params: ThreadGoalGetParams) -> RpcResult<ThreadGoalGetResponse> {
    let id = parse_thread_id(&params.thread_id)?;
    let goal = cx.server.engine.goal(id).await?;
    Ok(ThreadGoalGetResponse {
        goal: goal.as_ref().map(to_wire),
    })
}

async fn clear(cx: RequestContext, params: ThreadGoalClearParams, responder: Responder<ThreadGoalClear>) {
    match parse_thread_id(&params.thread_id) {
        Ok(id) => {
            let reply = responder.reply(|cleared| ThreadGoalClearResponse { cleared });
            cx.server.engine.clear_goal(id, reply).await;
        }
        Err(error) => responder.send(Err(error)),
    }
}
