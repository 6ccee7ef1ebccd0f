//! Failures and warnings.

use codex_app_server_protocol::{DeprecationNoticeNotification, ErrorNotification, WarningNotification};
use codex_core::config::Deprecation;
use codex_core::{ThreadId, TurnError};

use crate::convert;

/// `error`
pub(super) fn error(
    thread: ThreadId,
    turn_id: &str,
    error: TurnError,
    will_retry: bool,
) -> ErrorNotification {
    ErrorNotification {
        error: convert::turn::error_to_wire(error),
        thread_id: thread.to_string(),
        turn_id: turn_id.to_owned(),
        will_retry,
    }
}

/// `deprecationNotice`
pub(super) fn deprecation(what: Deprecation) -> DeprecationNoticeNotification {
    DeprecationNoticeNotification {
        summary: what.summary,
        details: Some(what.details),
    }
}

/// `warning`
pub(super) fn warning(thread: ThreadId, message: String) -> WarningNotification {
    WarningNotification {
        message,
        thread_id: Some(thread.to_string()),
    }
}
