//! News of a thread's goal.

use codex_app_server_protocol::{ThreadGoalClearedNotification, ThreadGoalUpdatedNotification};
use codex_core::{Goal, ThreadId};

use crate::convert::goal::to_wire;

/// `thread/goal/updated`
pub(crate) fn updated(thread: ThreadId, turn_id: Option<&str>, goal: &Goal) -> ThreadGoalUpdatedNotification {
    ThreadGoalUpdatedNotification {
        thread_id: thread.to_string(),
        turn_id: turn_id.map(str::to_owned),
        goal: to_wire(goal),
    }
}

/// `thread/goal/cleared`
pub(crate) fn cleared(thread: ThreadId) -> ThreadGoalClearedNotification {
    ThreadGoalClearedNotification {
        thread_id: thread.to_string(),
    }
}
