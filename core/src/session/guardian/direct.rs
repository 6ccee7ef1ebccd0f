//! Reviews that a client asks for: of the call at the end of a thread's history, as if it were to be carried out now.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use super::Guardian;
use crate::approval_review::ReviewRequest;
use crate::exec::OutputLimit;
use crate::hooks::ThreadHooks;
use crate::model::{KnownItem, ResponseItem};
use crate::session::Services;
use crate::session::state::ThreadState;
use crate::tools::{CallContext, CallRecord, PlannedCall, ToolCall};
use crate::{Assessment, Error, Reply, Result};

/// Has the last item of a history reviewed. The answer comes from a task of its own: the thread goes on meanwhile.
pub(in crate::session) fn review_last_call(
    services: &Services,
    state: &ThreadState,
    history: &[ResponseItem],
    reply: Reply<(String, Option<Assessment>)>,
) {
    let call = match last_call(history) {
        Ok(call) => call,
        Err(error) => return reply.send(Err(error)),
    };
    let Some(guardian) = services.guardian.clone() else {
        return reply.send(Err(Error::invalid("approvals are not reviewed here")));
    };
    guardian.heard(history);
    let cx = CallContext {
        outbox: services.outbox.clone(),
        // Of no turn.
        turn_id: "".into(),
        settings: Arc::clone(&state.settings),
        output_limit: OutputLimit::default(),
        image_detail: "high",
        cancel: CancellationToken::new(),
        exec: Arc::clone(&services.exec),
        patches: Arc::clone(&services.patches),
        dynamic: services.dynamic_tools.clone(),
        approvals: Arc::clone(&services.approvals),
        config: Arc::clone(&services.config),
        root_turn_id: "".into(),
        agents: None,
        goals: Arc::clone(&services.goals),
        reviewer: None,
        guardian: None,
        hooks: ThreadHooks::none(),
        record: CallRecord::default(),
        mcp: Arc::clone(&services.mcp),
        images: None,
        turn_started_at_ms: 0,
    };
    let tools = services.tools.clone();
    let review = async move {
        let planned = tools.plan(&cx, &call).await;
        reply.send(
            assess(&guardian, &cx, &call, planned)
                .await
                .map(|verdict| (call.call_id, verdict)),
        );
    };
    tokio::spawn(review.in_current_span());
}

async fn assess(
    guardian: &Guardian,
    cx: &CallContext,
    call: &ToolCall,
    planned: PlannedCall,
) -> Result<Option<Assessment>> {
    let (action, details) = match planned {
        PlannedCall::NoApproval => return Ok(None),
        PlannedCall::NeedsApproval(action, details) => (action, details),
        PlannedCall::Refused(why) => return Err(Error::invalid(why)),
        PlannedCall::Unavailable => {
            return Err(Error::invalid("the requested tool is unavailable on this thread"));
        }
        PlannedCall::Unsupported => return Err(Error::invalid("unsupported tool for direct review")),
    };
    let request = ReviewRequest {
        turn_id: Arc::clone(&cx.turn_id),
        item_id: call.call_id.as_str().into(),
        action,
        details,
        settings: Arc::clone(&cx.settings),
        cancel: cx.cancel.clone(),
    };
    guardian.assess(&request).await.map(Some).map_err(Error::internal)
}

/// The call that a history ends with.
fn last_call(history: &[ResponseItem]) -> Result<ToolCall> {
    let (name, namespace, arguments, call_id, custom) = match history.last() {
        None => {
            return Err(Error::invalid(
                "expected a final plaintext exec_command, apply_patch, request_permissions, or MCP call",
            ));
        }
        Some(ResponseItem::Known(KnownItem::FunctionCall {
            name,
            namespace,
            arguments,
            call_id,
            ..
        })) => (name, namespace.clone(), arguments, call_id, false),
        Some(ResponseItem::Known(KnownItem::CustomToolCall {
            name, input, call_id, ..
        })) => (name, None, input, call_id, true),
        Some(_) => return Err(no_call()),
    };
    if call_id.is_empty() {
        return Err(no_call());
    }
    Ok(ToolCall {
        call_id: call_id.clone(),
        name: name.clone(),
        namespace,
        arguments: arguments.clone(),
        custom,
    })
}

fn no_call() -> Error {
    Error::invalid(
        "expected a completed plaintext exec_command, apply_patch, request_permissions, or MCP call with a nonempty \
         call ID",
    )
}
