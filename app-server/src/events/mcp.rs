//! News and questions of tool servers (docs/contract/mcp.md).

use codex_app_server_protocol::{
    McpServerElicitationAction, McpServerElicitationRequest, McpServerStartupFailureReason,
    McpServerStartupState, McpServerStatusUpdatedNotification, McpToolCallProgressNotification,
};
use codex_core::{McpAction, McpAnswer, McpElicitation, McpServerStatus, ThreadId};

use super::delivery::Delivery;
use crate::convert::mcp;

/// `mcpServer/startupStatus/updated`
pub(super) fn status(
    thread: ThreadId,
    name: String,
    of_plugin: bool,
    status: McpServerStatus,
) -> McpServerStatusUpdatedNotification {
    let (status, error, failure_reason) = match status {
        McpServerStatus::Starting => (McpServerStartupState::Starting, None, None),
        McpServerStatus::Ready => (McpServerStartupState::Ready, None, None),
        McpServerStatus::Failed { error, sign_in_again } => (
            McpServerStartupState::Failed,
            Some(error),
            sign_in_again.then_some(McpServerStartupFailureReason::ReauthenticationRequired),
        ),
    };
    McpServerStatusUpdatedNotification {
        thread_id: Some(thread.to_string()),
        name,
        environment_id: mcp::environment_of(of_plugin),
        status,
        error,
        failure_reason,
    }
}

/// `item/mcpToolCall/progress`
pub(super) fn progress(
    thread: ThreadId,
    turn_id: &str,
    item_id: &str,
    message: String,
) -> McpToolCallProgressNotification {
    McpToolCallProgressNotification {
        thread_id: thread.to_string(),
        turn_id: turn_id.to_owned(),
        item_id: item_id.to_owned(),
        message,
    }
}

/// Asks those who watch the thread. After a refusal to answer, or an answer that is not understood, there is none.
pub(super) fn ask(delivery: &impl Delivery, thread: ThreadId, question: McpElicitation) {
    let McpElicitation {
        request,
        turn_id,
        server,
        meta,
        kind,
        answer,
    } = question;
    let Some(params) = mcp::elicitation_to_wire(thread, turn_id.as_deref(), server, meta, kind) else {
        tracing::warn!("a question of an MCP server has a form that clients can't show");
        return;
    };
    delivery.ask::<McpServerElicitationRequest>(thread, request, &params, move |reply| match reply {
        Ok(response) => {
            let answered = McpAnswer {
                action: match response.action {
                    McpServerElicitationAction::Accept => McpAction::Accept,
                    McpServerElicitationAction::Decline => McpAction::Decline,
                    McpServerElicitationAction::Cancel => McpAction::Cancel,
                },
                content: response.content,
                meta: response.meta,
            };
            // The turn may be over.
            drop(answer.send(answered));
        }
        Err(error) => tracing::warn!(%error, "a question of an MCP server got no answer"),
    });
}
