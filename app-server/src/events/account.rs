//! What turns find out about the account.

use codex_app_server_protocol::AccountRateLimitsUpdatedNotification;
use codex_core::model::RateLimitSnapshot;

use crate::convert;

/// `account/rateLimits/updated`
pub(super) fn rate_limits(limits: RateLimitSnapshot) -> AccountRateLimitsUpdatedNotification {
    AccountRateLimitsUpdatedNotification {
        rate_limits: convert::account::rate_limit_to_wire(limits),
    }
}
