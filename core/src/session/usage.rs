//! Token counts of a thread.

use crate::{ThreadTokenUsage, TokenUsage};

/// The counts of a thread and of its running turn.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Usage {
    thread: ThreadTokenUsage,
    turn: TokenUsage,
    /// What the last counts are.
    last: LastCounts,
    /// Input of the first response since the history was summed up, or since the thread was taken up.
    prefix: Option<i64>,
}

/// Where the counts of the last response come from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum LastCounts {
    /// A server has counted.
    #[default]
    Counted,
    /// There has been no response since the history was summed up.
    Estimated,
    /// A server has refused a request for its length.
    Full,
}

impl Usage {
    /// The counts of a thread that goes on.
    pub(crate) fn restored(thread: ThreadTokenUsage) -> Self {
        // Servers count inputs and outputs; what has a total only was made here.
        let last = if is_total_only(&thread.total) {
            LastCounts::Full
        } else if is_total_only(&thread.last) {
            LastCounts::Estimated
        } else {
            LastCounts::Counted
        };
        Self {
            thread,
            last,
            ..Self::default()
        }
    }

    /// A turn begins, with a model of this window.
    pub(crate) fn turn_began(&mut self, window: Option<i64>) {
        self.turn = TokenUsage::default();
        self.thread.model_context_window = window;
    }

    /// A response was counted.
    pub(crate) fn add(&mut self, response: TokenUsage) {
        self.turn += response;
        self.thread.total += response;
        self.thread.last = response;
        self.last = LastCounts::Counted;
        self.prefix.get_or_insert(response.input_tokens);
    }

    /// The history was summed up: it has about so many tokens now.
    pub(crate) fn summed_up(&mut self, tokens: i64) {
        self.thread.last = only_total(tokens);
        self.last = LastCounts::Estimated;
        self.prefix = None;
    }

    /// How many of so many tokens have come since the first request of the window; 0 before its response.
    pub(crate) fn body(&self, tokens: i64) -> i64 {
        self.prefix.map_or(0, |prefix| tokens.saturating_sub(prefix))
    }

    /// Whether there has been no response since the history was summed up.
    pub(crate) fn is_estimate(&self) -> bool {
        self.last == LastCounts::Estimated
    }

    /// Whether a server has refused the last request for its length.
    pub(crate) fn is_window_full(&self) -> bool {
        self.last == LastCounts::Full
    }

    /// Tokens of the last request and its response.
    pub(crate) fn last_tokens(&self) -> i64 {
        self.thread.last.total_tokens
    }

    /// The server says that the window is full: the counts must say so too, so that the history is summed up before
    /// the next request.
    pub(crate) fn fill_window(&mut self) {
        self.last = LastCounts::Full;
        let Some(window) = self.thread.model_context_window else {
            return;
        };
        self.thread.last = only_total(window.saturating_sub(self.thread.total.total_tokens).max(0));
        self.thread.total = only_total(window);
    }

    /// Counts of the thread.
    pub(crate) fn thread(&self) -> ThreadTokenUsage {
        self.thread
    }

    /// Whether there are counts.
    pub(crate) fn any(&self) -> bool {
        self.thread.total.total_tokens > 0
    }

    /// Sum of the running turn.
    pub(crate) fn turn(&self) -> TokenUsage {
        self.turn
    }
}

fn only_total(total_tokens: i64) -> TokenUsage {
    TokenUsage {
        total_tokens,
        ..TokenUsage::default()
    }
}

fn is_total_only(usage: &TokenUsage) -> bool {
    *usage == only_total(usage.total_tokens) && usage.total_tokens > 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response() -> TokenUsage {
        TokenUsage {
            input_tokens: 10,
            output_tokens: 5,
            total_tokens: 15,
            ..TokenUsage::default()
        }
    }

    #[test]
    fn the_body_begins_behind_the_input_of_the_first_response_of_a_window() {
        let mut usage = Usage::default();
        assert_eq!(usage.body(100), 0);
        usage.add(response());
        usage.add(TokenUsage {
            input_tokens: 40,
            ..response()
        });
        assert_eq!(usage.body(100), 90);
        usage.summed_up(30);
        assert_eq!(usage.body(100), 0);
    }

    #[test]
    fn where_counts_come_from_is_known_after_a_restart() {
        let mut usage = Usage::default();
        usage.turn_began(Some(1_000));
        let again = |usage: &Usage| Usage::restored(usage.thread());
        assert!(!again(&usage).is_estimate() && !again(&usage).is_window_full());
        usage.add(response());
        assert!(!again(&usage).is_estimate() && !again(&usage).is_window_full());
        usage.summed_up(300);
        assert!(again(&usage).is_estimate() && usage.is_estimate());
        usage.add(response());
        assert!(!again(&usage).is_estimate());
        usage.fill_window();
        assert!(again(&usage).is_window_full() && usage.is_window_full());
        assert_eq!(usage.last_tokens(), 970);
        usage.add(response());
        assert!(!again(&usage).is_window_full());
    }
}
