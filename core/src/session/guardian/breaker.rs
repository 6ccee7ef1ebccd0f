//! When denials stop a turn: an agent that keeps asking for what it can't have gets nowhere.

use std::collections::VecDeque;
use std::sync::Arc;

/// Denials in a row that stop a turn.
const IN_A_ROW: usize = 3;

/// How many of a turn's reviews count.
const WINDOW: usize = 50;

/// Denials among these that stop a turn.
const IN_WINDOW: usize = 10;

/// The reviews of a turn.
#[derive(Debug, Default)]
pub(super) struct CircuitBreaker {
    turn_id: Option<Arc<str>>,
    in_a_row: usize,
    /// Whether they were denied, the last one last.
    recent: VecDeque<bool>,
    /// Why the turn was stopped.
    stopped: Option<String>,
}

impl CircuitBreaker {
    /// Counts a review; one that failed is no denial. Gives why the turn is to stop, if it is.
    pub(super) fn reviewed(&mut self, turn_id: &Arc<str>, denied: bool) -> Option<String> {
        if self.turn_id.as_ref() != Some(turn_id) {
            *self = Self {
                turn_id: Some(Arc::clone(turn_id)),
                ..Self::default()
            };
        }
        self.in_a_row = if denied { self.in_a_row + 1 } else { 0 };
        self.recent.push_back(denied);
        if self.recent.len() > WINDOW {
            self.recent.pop_front();
        }
        let in_window = self.recent.iter().filter(|denied| **denied).count();
        if denied && (self.in_a_row >= IN_A_ROW || in_window >= IN_WINDOW) {
            self.stopped = Some(format!(
                "Automatic approval review rejected too many approval requests for this turn ({} consecutive, \
                 {in_window} in the last {WINDOW} reviews); interrupting the turn.",
                self.in_a_row
            ));
            return self.stopped.clone();
        }
        None
    }

    /// Why this turn was stopped, if it was.
    pub(super) fn stopped(&self, turn_id: &str) -> Option<String> {
        let is_it = self.turn_id.as_deref() == Some(turn_id);
        self.stopped.clone().filter(|_| is_it)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_denials_in_a_row_stop_a_turn() {
        let mut breaker = CircuitBreaker::default();
        let turn: Arc<str> = "t".into();
        for denied in [true, true, false, true, true] {
            assert_eq!(breaker.reviewed(&turn, denied), None);
        }
        let why = breaker.reviewed(&turn, true).expect("the turn stops");
        assert!(why.contains("(3 consecutive, 5 in the last 50 reviews)"), "{why}");
        assert_eq!(
            breaker.reviewed(&"u".into(), true),
            None,
            "the next turn begins anew"
        );
    }

    #[test]
    fn many_denials_among_approvals_stop_a_turn_too() {
        let mut breaker = CircuitBreaker::default();
        let turn: Arc<str> = "t".into();
        let denials = (0..).take_while(|round| {
            let stopped = breaker.reviewed(&turn, true).is_some();
            assert_eq!(breaker.reviewed(&turn, false), None, "an approval stops nothing");
            !stopped && *round < 100
        });
        assert_eq!(denials.count() + 1, IN_WINDOW);
    }
}
