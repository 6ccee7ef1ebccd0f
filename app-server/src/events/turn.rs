//! News of turns.

use codex_app_server_protocol::{TurnCompletedNotification, TurnStartedNotification};
use codex_core::{ThreadId, Turn};

use crate::convert;

/// `turn/started`
pub(super) fn started(thread: ThreadId, turn: Turn) -> TurnStartedNotification {
    TurnStartedNotification {
        thread_id: thread.to_string(),
        turn: convert::turn::to_wire(turn),
    }
}

/// `turn/completed`
pub(super) fn completed(thread: ThreadId, turn: Turn) -> TurnCompletedNotification {
    TurnCompletedNotification {
        thread_id: thread.to_string(),
        turn: convert::turn::to_wire(turn),
    }
}
