//! Runs of hooks (docs/contract/hooks.md).

use codex_app_server_protocol::{HookCompletedNotification, HookStartedNotification};
use codex_core::{HookRun, ThreadId};

use crate::convert::hook::run_to_wire;

/// `hook/started`
pub(super) fn started(thread: ThreadId, turn_id: Option<&str>, run: HookRun) -> HookStartedNotification {
    HookStartedNotification {
        thread_id: thread.to_string(),
        turn_id: turn_id.map(str::to_owned),
        run: run_to_wire(run),
    }
}

/// `hook/completed`
pub(super) fn completed(thread: ThreadId, turn_id: Option<&str>, run: HookRun) -> HookCompletedNotification {
    HookCompletedNotification {
        thread_id: thread.to_string(),
        turn_id: turn_id.map(str::to_owned),
        run: run_to_wire(run),
    }
}
