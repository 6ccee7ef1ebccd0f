//! When to try again (docs/contract/model-http.md#retries, docs/contract/differences.md#d17).

use std::time::Duration;

use super::{ModelError, RetryDecision, retry_after};
use crate::{ErrorKind, TurnError};

const FIRST_DELAY: Duration = Duration::from_millis(200);
/// First wait after no connection could be made.
const FIRST_NETWORK_DELAY: Duration = Duration::from_secs(5);
/// Longest wait that we choose ourselves.
const MAX_OWN_DELAY: Duration = Duration::from_secs(30);
/// Longest wait that the client is not told of.
pub(super) const QUIET_WAIT: Duration = Duration::from_secs(3);
/// Longest wait that a server may ask for.
const MAX_WAIT: Duration = Duration::from_secs(10 * 60);

/// Wait before retry `n` (from 1): 200 ms, doubled each time up to 30 s, give or take a tenth.
pub(super) fn backoff(n: u32) -> Duration {
    let doubled = FIRST_DELAY.saturating_mul(1 << n.saturating_sub(1).min(10));
    jitter(doubled.min(MAX_OWN_DELAY))
}

fn network_backoff(n: u32) -> Duration {
    let doubled = FIRST_NETWORK_DELAY.saturating_mul(1 << n.saturating_sub(1).min(10));
    jitter(doubled.min(MAX_OWN_DELAY))
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
    /// `quiet_first`: the first notice is left out, unless the wait is long.
    pub(super) fn spend(&mut self, error: &ModelError, max: u32, quiet_first: bool) -> Option<RetryDecision> {
        if let Some(too_long) = too_long(error) {
            return Some(RetryDecision::GiveUp(too_long));
        }
        if self.used >= max {
            return None;
        }
        self.used += 1;
        let own = if error.no_connection {
            network_backoff(self.used)
        } else {
            backoff(self.used)
        };
        let delay = error.retry_after.unwrap_or(own);
        log(error, (self.used, max), delay);
        let quiet = quiet_first && self.used == 1 && delay <= QUIET_WAIT;
        Some(RetryDecision::Retry {
            notice: (!quiet).then(|| notice(error, (self.used, max), delay)),
            delay,
        })
    }
}

/// What to do when the same request may be sent again after a longer wait.
pub(super) fn again(error: &ModelError, retry: (u32, u32)) -> RetryDecision {
    let delay = error.retry_after.unwrap_or_else(|| backoff(retry.0));
    match too_long(error) {
        Some(too_long) => RetryDecision::GiveUp(too_long),
        None => {
            log(error, retry, delay);
            RetryDecision::Retry {
                notice: Some(notice(error, retry, delay)),
                delay,
            }
        }
    }
}

/// Notes that attempt `n` of `max` failed and that the next one follows. The kind of error only: servers quote what
/// they were sent.
pub(super) fn log(error: &ModelError, (n, max): (u32, u32), delay: Duration) {
    let reason = match &error.error.kind {
        _ if error.no_connection => "no connection".to_owned(),
        ErrorKind::Other => "the response broke off".to_owned(),
        kind => format!("{kind:?}"),
    };
    tracing::info!(
        retry = n,
        max,
        delay_ms = delay.as_millis(),
        reason,
        status = error.status(),
        "model request failed and is tried again"
    );
}

/// The turn's end, if the server asks for more patience than anybody has.
fn too_long(error: &ModelError) -> Option<TurnError> {
    let delay = error.retry_after.filter(|delay| *delay > MAX_WAIT)?;
    let mut told = error.error.clone();
    told.message = format!(
        "{}. The server asks to wait {} before the next attempt, longer than {}. Try again later.",
        told.message.trim_end_matches('.'),
        retry_after::in_words(delay),
        retry_after::in_words(MAX_WAIT)
    );
    Some(told)
}

/// What went wrong, with the server's own words.
pub(super) fn cause(error: &ModelError) -> String {
    let message = &error.error.message;
    match &error.error.details {
        Some(more) => format!("{}: {more}", message.trim_end_matches('.')),
        None => message.clone(),
    }
}

/// What the client is told of retry `n` of `max`. A wait of more than a few seconds is told with its length.
fn notice(error: &ModelError, (n, max): (u32, u32), delay: Duration) -> TurnError {
    let mut message = if error.no_connection {
        "Reconnecting... waiting for network".to_owned()
    } else {
        format!("Reconnecting... {n}/{max}")
    };
    let mut details = cause(error);
    if delay > QUIET_WAIT {
        let length = retry_after::in_words(delay);
        if !error.no_connection {
            message = format!("{message} in {length}");
        }
        details = format!(
            "{}; the next attempt is in {length}",
            details.trim_end_matches('.')
        );
    }
    TurnError {
        message,
        kind: ErrorKind::ResponseStreamDisconnected {
            status: error.status(),
        },
        details: Some(details),
        misalignment: None,
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
        assert!(network_backoff(9) <= MAX_OWN_DELAY.mul_f64(1.1));
        assert!(backoff(100) <= MAX_OWN_DELAY.mul_f64(1.1));
    }

    fn asking(seconds: u64) -> ModelError {
        ModelError {
            retry_after: Some(Duration::from_secs(seconds)),
            ..ModelError::disconnected("busy.")
        }
    }

    #[test]
    fn a_longer_wait_is_told_with_its_length() {
        let told = |seconds, quiet| match RetryBudget::default().spend(&asking(seconds), 5, quiet) {
            Some(RetryDecision::Retry { notice, delay }) => {
                assert_eq!(delay, Duration::from_secs(seconds));
                notice.map(|notice| (notice.message, notice.details.unwrap_or_default()))
            }
            other => panic!("{other:?}"),
        };
        assert_eq!(told(3, false).unwrap().0, "Reconnecting... 1/5");
        assert_eq!(told(3, true), None);
        for quiet in [false, true] {
            let (message, details) = told(90, quiet).unwrap();
            assert_eq!(message, "Reconnecting... 1/5 in 90 s");
            assert!(
                details.ends_with("busy; the next attempt is in 90 s"),
                "{details}"
            );
        }
    }

    #[test]
    fn more_than_ten_minutes_end_the_turn_with_the_reason() {
        assert!(matches!(
            RetryBudget::default().spend(&asking(600), 1, false),
            Some(RetryDecision::Retry { .. })
        ));
        for decision in [
            RetryBudget::default().spend(&asking(601), 1, true),
            RetryBudget::default().spend(&asking(u64::MAX), 0, false),
            Some(again(&asking(601), (1, 4))),
        ] {
            let Some(RetryDecision::GiveUp(error)) = decision else {
                panic!("{decision:?}");
            };
            assert!(
                error.message.contains("busy. The server asks to wait"),
                "{}",
                error.message
            );
        }
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
