//! Reviews of approvals by a model, as far as clients have a say in them (docs/contract/agents.md#automatic-review).

use codex_app_server_protocol::{
    ThreadApproveGuardianDeniedAction, ThreadApproveGuardianDeniedActionParams,
    ThreadApproveGuardianDeniedActionResponse, ThreadGuardianReview, ThreadGuardianReviewParams,
    ThreadGuardianReviewResponse,
};
use codex_core::{Op, ThreadHandle};
use serde::Deserialize;
use serde_json::Value;

use crate::convert::assessment;
use crate::rpc::error::{RpcError, RpcResult};
use crate::rpc::responder::Responder;
use crate::server::{RequestContext, Router};

/// Registers the handlers of this family.
pub(crate) fn register(router: &mut Router) {
    router.on_deferred::<ThreadApproveGuardianDeniedAction, _, _>(approve);
    router.on_deferred::<ThreadGuardianReview, _, _>(review);
}

/// A denial as clients tell it: in the words of rollout files, or in those of `item/autoApprovalReview/completed`.
#[derive(Debug, Deserialize)]
struct DenialEvent {
    #[serde(rename = "id", alias = "reviewId")]
    _id: String,
    status: Status,
    action: Value,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Status {
    #[serde(alias = "inProgress")]
    InProgress,
    Approved,
    Denied,
    #[serde(alias = "timedOut")]
    TimedOut,
    Aborted,
}

/// Kinds of actions.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Action {
    Command {},
    Execve {},
    #[serde(alias = "writeStdin")]
    WriteStdin {},
    #[serde(alias = "applyPatch")]
    ApplyPatch {},
    #[serde(alias = "networkAccess")]
    NetworkAccess {},
    #[serde(alias = "mcpToolCall")]
    McpToolCall {},
    #[serde(alias = "requestPermissions")]
    RequestPermissions {},
}

async fn approve(
    cx: RequestContext,
    params: ThreadApproveGuardianDeniedActionParams,
    responder: Responder<ThreadApproveGuardianDeniedAction>,
) {
    let done = |()| ThreadApproveGuardianDeniedActionResponse {};
    match denied(&cx, params) {
        Ok((thread, Some(action))) => thread.approve_denied_action(&action, responder.reply(done)),
        // There is nothing to approve.
        Ok((_, None)) => responder.send(Ok(done(()))),
        Err(error) => responder.send(Err(error)),
    }
}

/// The thread, and the action if it was denied.
fn denied(
    cx: &RequestContext,
    params: ThreadApproveGuardianDeniedActionParams,
) -> RpcResult<(ThreadHandle, Option<Value>)> {
    let thread = cx.server.thread(&params.thread_id)?;
    let wrong =
        |error: serde_json::Error| RpcError::invalid(format!("invalid Guardian denial event: {error}"));
    let mut event = params.event;
    // The notification has it one level deeper.
    if event.get("status").is_none()
        && let Some(status) = event.pointer("/review/status").cloned()
        && let Some(event) = event.as_object_mut()
    {
        event.insert("status".to_owned(), status);
    }
    let event: DenialEvent = serde_json::from_value(event).map_err(wrong)?;
    Action::deserialize(&event.action).map_err(wrong)?;
    Ok((thread, (event.status == Status::Denied).then_some(event.action)))
}

async fn review(
    cx: RequestContext,
    params: ThreadGuardianReviewParams,
    responder: Responder<ThreadGuardianReview>,
) {
    match cx.server.thread(&params.thread_id) {
        Ok(thread) => thread.submit(Op::ReviewLastCall {
            reply: responder.reply(|(call_id, verdict)| ThreadGuardianReviewResponse {
                call_id,
                assessment: Option::map(verdict, assessment::to_wire),
            }),
        }),
        Err(error) => responder.send(Err(error)),
    }
}
