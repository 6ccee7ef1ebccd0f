//! Text of items as it grows. This is the busiest path of the program: one frame for each piece of text that a model
//! sends.

use std::sync::Arc;

use codex_app_server_protocol::wire::encode_notification;
use codex_app_server_protocol::{
    AgentMessageDelta, AgentMessageDeltaNotification, CommandExecutionOutputDelta,
    CommandExecutionOutputDeltaNotification, Dialect, Notification, PlanDelta, PlanDeltaNotification,
    ReasoningSummaryTextDelta, ReasoningSummaryTextDeltaNotification, ReasoningTextDelta,
    ReasoningTextDeltaNotification,
};
use codex_core::{DeltaKind, ThreadId};

/// A piece of text of one item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Delta {
    /// Its thread.
    pub(crate) thread: ThreadId,
    /// Its turn.
    pub(crate) turn_id: Arc<str>,
    /// Its item.
    pub(crate) item_id: Arc<str>,
    /// Which text of the item.
    pub(crate) kind: DeltaKind,
    /// What comes next.
    pub(crate) text: String,
    /// When the first of it came, in Unix milliseconds.
    pub(crate) emitted_at_ms: i64,
}

impl Delta {
    /// Whether this is more of the text that `earlier` is a piece of.
    pub(crate) fn continues(&self, earlier: &Self) -> bool {
        self.kind == earlier.kind
            && self.thread == earlier.thread
            && self.item_id == earlier.item_id
            && self.turn_id == earlier.turn_id
    }

    /// The notification that carries it.
    pub(crate) fn method(&self) -> &'static str {
        match self.kind {
            DeltaKind::AgentMessage => AgentMessageDelta::METHOD,
            DeltaKind::ReasoningSummary { .. } => ReasoningSummaryTextDelta::METHOD,
            DeltaKind::ReasoningContent { .. } => ReasoningTextDelta::METHOD,
            DeltaKind::CommandOutput => CommandExecutionOutputDelta::METHOD,
            DeltaKind::Plan => PlanDelta::METHOD,
        }
    }
}

/// Writes the notification.
pub(crate) fn encode(delta: Delta, dialect: Dialect, out: &mut Vec<u8>) {
    let item_id = (*delta.item_id).to_owned();
    let thread_id = delta.thread.to_string();
    let turn_id = (*delta.turn_id).to_owned();
    let at = delta.emitted_at_ms;
    match delta.kind {
        DeltaKind::AgentMessage => {
            let params = AgentMessageDeltaNotification {
                delta: delta.text,
                item_id,
                thread_id,
                turn_id,
            };
            write::<AgentMessageDelta>(&params, at, dialect, out);
        }
        DeltaKind::ReasoningSummary { summary_index } => {
            let params = ReasoningSummaryTextDeltaNotification {
                delta: delta.text,
                item_id,
                summary_index,
                thread_id,
                turn_id,
            };
            write::<ReasoningSummaryTextDelta>(&params, at, dialect, out);
        }
        DeltaKind::ReasoningContent { content_index } => {
            let params = ReasoningTextDeltaNotification {
                content_index,
                delta: delta.text,
                item_id,
                thread_id,
                turn_id,
            };
            write::<ReasoningTextDelta>(&params, at, dialect, out);
        }
        DeltaKind::CommandOutput => {
            let params = CommandExecutionOutputDeltaNotification {
                delta: delta.text,
                item_id,
                thread_id,
                turn_id,
            };
            write::<CommandExecutionOutputDelta>(&params, at, dialect, out);
        }
        DeltaKind::Plan => {
            let params = PlanDeltaNotification {
                delta: delta.text,
                item_id,
                thread_id,
                turn_id,
            };
            write::<PlanDelta>(&params, at, dialect, out);
        }
    }
}

fn write<N: Notification>(params: &N::Params, emitted_at_ms: i64, dialect: Dialect, out: &mut Vec<u8>) {
    match encode_notification(out, dialect, N::METHOD, params, Some(emitted_at_ms)) {
        Ok(()) => out.push(b'\n'),
        Err(e) => tracing::error!(method = N::METHOD, error = %e, "text cannot be written as JSON"),
    }
}
