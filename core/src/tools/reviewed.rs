//! Calls that a model judges in the user's place (docs/contract/agents.md#automatic-review).

use std::sync::Arc;

use serde_json::Value;

use super::{CallContext, ToolEnd};
use crate::approval_review::{ApprovalReviewer, ReviewRequest, ReviewVerdict};
use crate::model::FunctionOutput;
use crate::{Event, ReviewedAction};

impl CallContext {
    /// Who judges everything that the turn does, because the user has granted it permissions on that condition.
    pub(super) fn strict_reviewer(&self) -> Option<&Arc<dyn ApprovalReviewer>> {
        let is_strict = |_: &&_| self.approvals.is_reviewed_strictly(&self.turn_id);
        self.guardian.as_ref().filter(is_strict)
    }
}

/// Has an action judged. `details` is all that there is to know of it. Ends in time when the turn is interrupted.
pub(super) async fn judge(
    cx: &CallContext,
    reviewer: &Arc<dyn ApprovalReviewer>,
    call_id: &str,
    action: ReviewedAction,
    details: Value,
) -> ReviewVerdict {
    let request = ReviewRequest {
        turn_id: Arc::clone(&cx.turn_id),
        item_id: call_id.into(),
        action,
        details,
        settings: Arc::clone(&cx.settings),
        cancel: cx.cancel.clone(),
    };
    Arc::clone(reviewer).review(request).await
}

/// The end of a call that was rejected, once all has been told of it. `stop`: why it ends the turn, too.
pub(super) fn rejected(cx: &CallContext, output: String, stop: Option<String>) -> ToolEnd {
    let output = FunctionOutput::Text(output);
    let Some(why) = stop else {
        return ToolEnd::Output(output);
    };
    cx.outbox.emit(Event::GuardianWarning(why));
    ToolEnd::StopTurn(output)
}
