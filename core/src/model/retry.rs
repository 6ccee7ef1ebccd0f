//! When to try again (model-and-auth section 1.6, decisions 17).

use std::time::Duration;

use super::{ModelError, RetryDecision};
use crate::{ErrorKind, TurnError};

const FIRST_DELAY: Duration = Duration::from_millis(200);
/// First wait after no connection could be made.
const FIRST_NETWORK_DELAY: Duration = Duration::from_secs(5);
/// Longest wait that we choose ourselves.
const MAX_NETWORK_DELAY: Duration = Duration::from_secs(30);

/// Wait before retry `n` (from 1): 200 ms, doubled each time, give or take a tenth.
pub(super) fn backoff(n: u32) -> Duration {
    jitter(FIRST_DELAY.saturating_mul(1 << n.saturating_sub(1).min(20)))
}

fn network_backoff(n: u32) -> Duration {
    let doubled = FIRST_NETWORK_DELAY.saturating_mul(1 << n.saturating_sub(1).min(10));
    jitter(doubled.min(MAX_NETWORK_DELAY))
}

/// Keeps many clients from coming back at the same moment. Quality of the randomness does not matter here.
fn jitter(delay: Duration) -> Duration {
    let mut byte = [128u8];
    let _ = getrandom::fill(&mut byte);
    delay.mul_f64(0.9 + 0.2 * f64::from(byte[0]) / 255.0)
}

/// Counts the failures of one sampling request.
#[derive(Debug, Default)]
pub(super) struct RetryBudget {
    used: u32,
}

impl RetryBudget {
    /// A fresh budget.
    pub(super) fn reset(&mut self) {
        self.used = 0;
    }

    /// What to do about a failure, over HTTP or WebSocket. `None`: nothing is left of the budget.
    /// `quiet_first`: the first notice is left out.
    pub(super) fn spend(&mut self, error: &ModelError, max: u32, quiet_first: bool) -> Option<RetryDecision> {
        if self.used >= max {
            return None;
        }
        self.used += 1;
        let own = if error.no_connection {
            network_backoff(self.used)
        } else {
            backoff(self.used)
        };
        let notice = (!quiet_first || self.used > 1).then(|| self.notice(error, max));
        Some(RetryDecision::Retry {
            notice,
            delay: error.retry_after.unwrap_or(own),
        })
    }

    fn notice(&self, error: &ModelError, max: u32) -> TurnError {
        let message = if error.no_connection {
            "Reconnecting... waiting for network".to_owned()
        } else {
            format!("Reconnecting... {}/{max}", self.used)
        };
        TurnError {
            message,
            kind: ErrorKind::ResponseStreamDisconnected {
                status: error.status(),
            },
            details: Some(error.error.message.clone()),
            misalignment: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double() {
        for (n, ms) in [(1, 200), (2, 400), (3, 800), (5, 3200)] {
            let delay = u64::try_from(backoff(n).as_millis()).unwrap();
            assert!((ms * 9 / 10..=ms * 11 / 10).contains(&delay), "{n}: {delay}");
        }
        assert!(network_backoff(9) <= MAX_NETWORK_DELAY.mul_f64(1.1));
    }

    #[test]
    fn the_server_may_choose_the_wait() {
        let error = ModelError {
            retry_after: Some(Duration::ZERO),
            ..ModelError::disconnected("x")
        };
        let decision = RetryBudget::default().spend(&error, 1, false);
        assert!(matches!(
            decision,
            Some(RetryDecision::Retry {
                delay: Duration::ZERO,
                ..
            })
        ));
    }

    #[test]
    fn a_quiet_start_leaves_out_only_the_first_notice() {
        let mut budget = RetryBudget::default();
        let error = ModelError::disconnected("x");
        let notice = |decision| match decision {
            Some(RetryDecision::Retry { notice, .. }) => notice.map(|n: TurnError| n.message),
            _ => panic!("no retry"),
        };
        assert_eq!(notice(budget.spend(&error, 2, true)), None);
        assert_eq!(
            notice(budget.spend(&error, 2, true)).as_deref(),
            Some("Reconnecting... 2/2")
        );
        assert_eq!(budget.spend(&error, 2, true), None);
    }
}
