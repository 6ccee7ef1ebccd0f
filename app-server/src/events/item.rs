//! News of items, but for their text, which is in `delta`.

use codex_app_server_protocol::{
    FileChangePatchUpdatedNotification, ItemCompletedNotification, ItemStartedNotification,
    ReasoningSummaryPartAddedNotification, TerminalInteractionNotification,
};
use codex_core::{FileChange, Item, ThreadId};

use crate::convert;

/// `item/started`. `now`: Unix milliseconds, for items that do not tell when they began.
pub(super) fn started(thread: ThreadId, turn_id: &str, item: Item, now: i64) -> ItemStartedNotification {
    ItemStartedNotification {
        started_at_ms: item.started_at_ms.unwrap_or(now),
        item: convert::item::to_wire(item),
        thread_id: thread.to_string(),
        turn_id: turn_id.to_owned(),
    }
}

/// `item/completed`. `now`: Unix milliseconds, for items that do not tell when they ended.
pub(super) fn completed(thread: ThreadId, turn_id: &str, item: Item, now: i64) -> ItemCompletedNotification {
    ItemCompletedNotification {
        completed_at_ms: item.completed_at_ms.unwrap_or(now),
        item: convert::item::to_wire(item),
        thread_id: thread.to_string(),
        turn_id: turn_id.to_owned(),
        content_token_count: None,
    }
}

/// `item/reasoning/summaryPartAdded`
pub(super) fn reasoning_part_added(
    thread: ThreadId,
    turn_id: &str,
    item_id: &str,
    summary_index: i64,
) -> ReasoningSummaryPartAddedNotification {
    ReasoningSummaryPartAddedNotification {
        item_id: item_id.to_owned(),
        summary_index,
        thread_id: thread.to_string(),
        turn_id: turn_id.to_owned(),
    }
}

/// `item/commandExecution/terminalInteraction`
pub(super) fn terminal_interaction(
    thread: ThreadId,
    turn_id: &str,
    item_id: &str,
    process_id: String,
    stdin: String,
) -> TerminalInteractionNotification {
    TerminalInteractionNotification {
        item_id: item_id.to_owned(),
        process_id,
        stdin,
        thread_id: thread.to_string(),
        turn_id: turn_id.to_owned(),
    }
}

/// `item/fileChange/patchUpdated`
pub(super) fn patch_updated(
    thread: ThreadId,
    turn_id: &str,
    item_id: &str,
    changes: Vec<FileChange>,
) -> FileChangePatchUpdatedNotification {
    FileChangePatchUpdatedNotification {
        thread_id: thread.to_string(),
        turn_id: turn_id.to_owned(),
        item_id: item_id.to_owned(),
        changes: changes.into_iter().map(convert::item::file_change).collect(),
    }
}
