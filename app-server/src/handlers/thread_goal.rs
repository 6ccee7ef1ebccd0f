//! Goals of threads (docs/contract/threads.md#goals): kept, told, and noted in the history.

use codex_app_server_protocol::{
    ThreadGoal, ThreadGoalClear, ThreadGoalClearParams, ThreadGoalClearResponse, ThreadGoalCleared,
    ThreadGoalClearedNotification, ThreadGoalGet, ThreadGoalGetParams, ThreadGoalGetResponse, ThreadGoalSet,
    ThreadGoalSetParams, ThreadGoalSetResponse, ThreadGoalStatus, ThreadGoalUpdated,
    ThreadGoalUpdatedNotification,
};
use codex_core::{ThreadId, now_s};

use crate::rpc::error::{RpcError, RpcResult};
use crate::rpc::responder::Responder;
use crate::server::{RequestContext, Router, parse_thread_id};

/// Longest objective, in characters.
const MAX_OBJECTIVE: usize = 4000;

/// Registers the handlers of this family.
pub(crate) fn register(router: &mut Router) {
    router.on_deferred::<ThreadGoalSet, _, _>(set);
    router.on::<ThreadGoalGet, _, _>(get);
    router.on_deferred::<ThreadGoalClear, _, _>(clear);
}

async fn set(cx: RequestContext, params: ThreadGoalSetParams, responder: Responder<ThreadGoalSet>) {
    match changed(&cx, params).await {
        Ok((id, goal)) => {
            responder.send(Ok(ThreadGoalSetResponse { goal: goal.clone() }));
            let params = ThreadGoalUpdatedNotification {
                thread_id: id.to_string(),
                turn_id: None,
                goal,
            };
            cx.server.subscriptions.tell::<ThreadGoalUpdated>(id, &params);
        }
        Err(error) => responder.send(Err(error)),
    }
}

/// Creates or changes the goal.
async fn changed(cx: &RequestContext, params: ThreadGoalSetParams) -> RpcResult<(ThreadId, ThreadGoal)> {
    let id = stored(cx, &params.thread_id).await?;
    let objective = params.objective.as_deref().map(str::trim);
    if objective == Some("") {
        return Err(RpcError::invalid("goal objective must not be empty"));
    }
    if objective.is_some_and(|text| text.chars().count() > MAX_OBJECTIVE) {
        return Err(RpcError::invalid(
            "goal objective must be at most 4000 characters",
        ));
    }
    if matches!(params.token_budget, Some(Some(budget)) if budget <= 0) {
        return Err(RpcError::invalid("goal budgets must be positive when provided"));
    }
    let now = now_s();
    let mut goal = match (current(cx, id).await?, objective) {
        (Some(goal), _) => goal,
        (None, Some(objective)) => ThreadGoal {
            thread_id: id.to_string(),
            created_at: now,
            objective: objective.to_owned(),
            status: ThreadGoalStatus::Active,
            time_used_seconds: 0,
            tokens_used: 0,
            updated_at: now,
            token_budget: None,
        },
        (None, None) => {
            return Err(RpcError::invalid(format!(
                "cannot update goal for thread {id}: no goal exists"
            )));
        }
    };
    if let Some(objective) = objective {
        objective.clone_into(&mut goal.objective);
    }
    goal.status = params.status.unwrap_or(goal.status);
    goal.token_budget = params.token_budget.unwrap_or(goal.token_budget);
    goal.updated_at = now;
    let value = serde_json::to_value(&goal).map_err(|e| RpcError::internal(e.to_string()))?;
    let engine = &cx.server.engine;
    engine.store().set_goal(id, Some(value.clone())).await?;
    engine.note_goal(id, value);
    Ok((id, goal))
}

async fn get(cx: RequestContext, params: ThreadGoalGetParams) -> RpcResult<ThreadGoalGetResponse> {
    let id = stored(&cx, &params.thread_id).await?;
    Ok(ThreadGoalGetResponse {
        goal: current(&cx, id).await?,
    })
}

async fn clear(cx: RequestContext, params: ThreadGoalClearParams, responder: Responder<ThreadGoalClear>) {
    let cleared = async {
        let id = stored(&cx, &params.thread_id).await?;
        let cleared = cx.server.engine.store().set_goal(id, None).await?;
        Ok::<_, RpcError>((id, cleared))
    };
    match cleared.await {
        Ok((id, cleared)) => {
            responder.send(Ok(ThreadGoalClearResponse { cleared }));
            if cleared {
                let params = ThreadGoalClearedNotification {
                    thread_id: id.to_string(),
                };
                cx.server.subscriptions.tell::<ThreadGoalCleared>(id, &params);
            }
        }
        Err(error) => responder.send(Err(error)),
    }
}

async fn current(cx: &RequestContext, id: ThreadId) -> RpcResult<Option<ThreadGoal>> {
    let goal = cx.server.engine.store().goal(id).await?;
    Ok(goal.and_then(|goal| serde_json::from_value(goal).ok()))
}

/// A thread that can have a goal: one that is stored.
async fn stored(cx: &RequestContext, id: &str) -> RpcResult<ThreadId> {
    let id = parse_thread_id(id)?;
    let info = cx.server.engine.read_thread(id).await?;
    match info {
        Some(info) if info.ephemeral => Err(RpcError::invalid(format!(
            "ephemeral thread does not support goals: {id}"
        ))),
        Some(_) => Ok(id),
        None => Err(RpcError::invalid(format!("thread not found: {id}"))),
    }
}
