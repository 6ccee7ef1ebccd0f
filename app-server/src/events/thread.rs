//! News of a thread as a whole.

use codex_app_server_protocol::{
    ThreadClosedNotification, ThreadQueueChangedNotification, ThreadReadStateChangedNotification,
    ThreadSettingsUpdatedNotification, ThreadStatusChangedNotification, ThreadTokenUsageUpdatedNotification,
};
use codex_core::history::ReadState;
use codex_core::{ThreadId, ThreadSettings, ThreadStatus, ThreadTokenUsage};

use crate::convert;

/// `thread/status/changed`
pub(super) fn status_changed(thread: ThreadId, status: &ThreadStatus) -> ThreadStatusChangedNotification {
    ThreadStatusChangedNotification {
        status: convert::thread::status_to_wire(status),
        thread_id: thread.to_string(),
    }
}

/// `thread/readState/changed`
pub(crate) fn read_state_changed(thread: ThreadId, state: ReadState) -> ThreadReadStateChangedNotification {
    ThreadReadStateChangedNotification {
        thread_id: thread.to_string(),
        read_state: convert::thread::read_state_to_wire(state),
    }
}

/// `thread/closed`
pub(super) fn closed(thread: ThreadId) -> ThreadClosedNotification {
    ThreadClosedNotification {
        thread_id: thread.to_string(),
    }
}

/// `thread/queue/changed`
pub(super) fn queue_changed(thread: ThreadId) -> ThreadQueueChangedNotification {
    ThreadQueueChangedNotification {
        thread_id: thread.to_string(),
    }
}

/// `thread/settings/updated`
pub(super) fn settings_updated(
    thread: ThreadId,
    settings: &ThreadSettings,
) -> ThreadSettingsUpdatedNotification {
    ThreadSettingsUpdatedNotification {
        thread_id: thread.to_string(),
        thread_settings: convert::settings::to_wire(settings),
    }
}

/// `thread/tokenUsage/updated`
pub(crate) fn token_usage(
    thread: ThreadId,
    turn_id: &str,
    usage: &ThreadTokenUsage,
) -> ThreadTokenUsageUpdatedNotification {
    ThreadTokenUsageUpdatedNotification {
        thread_id: thread.to_string(),
        token_usage: convert::thread::token_usage_to_wire(usage),
        turn_id: turn_id.to_owned(),
    }
}
