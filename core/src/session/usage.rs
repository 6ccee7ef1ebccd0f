//! Token counts of a thread.

use crate::{ThreadTokenUsage, TokenUsage};

/// The counts of a thread and of its running turn.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Usage {
    thread: ThreadTokenUsage,
    turn: TokenUsage,
}

impl Usage {
    /// The counts of a thread that goes on.
    pub(crate) fn restored(thread: ThreadTokenUsage) -> Self {
        Self {
            thread,
            turn: TokenUsage::default(),
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
    }

    /// The server says that the window is full: the counts must say so too, so that the history is summed up before
    /// the next request.
    pub(crate) fn fill_window(&mut self) {
        let Some(window) = self.thread.model_context_window else {
            return;
        };
        let only_total = |total_tokens| TokenUsage {
            total_tokens,
            ..TokenUsage::default()
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
