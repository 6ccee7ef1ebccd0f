//! When the history of a turn is due to be summed up (docs/contract/context.md#compaction).

use super::super::{Outcome, Turn};
use super::Task;
use crate::config::CompactionScope;
use crate::history::Entry;
use crate::model::item_size::text_tokens;
use crate::session::compaction::{self, Phase, Reason};
use crate::{Event, TurnError, UserInput};

impl Turn<'_> {
    /// Sums up the history before a turn, if that is due or another model is to go on with it.
    pub(in crate::session::turn) async fn compact_before_turn(&mut self) -> Result<(), Outcome> {
        let usage = &self.session.usage;
        let request = &self.plan.request;
        let before = self.session.context.model();
        let phase = Phase::Before;
        if let Some(slug) = before.filter(|slug| *slug != self.plan.settings.model)
            && let (Some(before), Some(next)) =
                (request.model(&slug), request.model(&self.plan.settings.model))
            && self.session.history.has_work()
            && let Some(reason) =
                compaction::reason_of_switch(&before, &next, usage.last_tokens(), request.compaction_limit)
        {
            let model = Some(slug);
            return self.compact(Task { reason, phase, model }).await;
        }
        let input = input_tokens(&self.plan.turn_input.input);
        self.compact_if_longer_by(input, phase).await
    }

    /// Sums up the history before the next request, if that is due.
    pub(in crate::session::turn) async fn compact_if_due(&mut self) -> Result<(), Outcome> {
        let phase = if self.asked { Phase::Within } else { Phase::Before };
        self.compact_if_longer_by(0, phase).await
    }

    /// Sums up the history if that is due once so many tokens have been added.
    async fn compact_if_longer_by(&mut self, more: i64, phase: Phase) -> Result<(), Outcome> {
        let usage = &self.session.usage;
        let request = &self.plan.request;
        let counted = usage.last_tokens();
        let at_limit = !usage.is_estimate() && counted > 0 && self.reaches_limit(counted);
        let too_long =
            self.tokens().saturating_add(more) > request.context_window && self.session.history.has_work();
        if !(usage.is_window_full() || at_limit || too_long) {
            return Ok(());
        }
        if self.session.fruitless_compactions >= compaction::MOST_FRUITLESS {
            self.tell_fruitless();
            return Ok(());
        }
        self.session.fruitless_compactions += 1;
        let task = Task {
            reason: Reason::Limit,
            phase,
            model: None,
        };
        self.compact(task).await
    }

    /// Sums up the history after the last answer of a turn, if the configuration wants that. If it can't be done, the
    /// turn has done its work all the same.
    pub(in crate::session::turn) async fn compact_after_turn(&mut self) -> Result<(), Outcome> {
        let usage = &self.session.usage;
        let is_due = |limit| !usage.is_estimate() && usage.last_tokens() >= limit;
        if !self.plan.request.after_turn_limit.is_some_and(is_due) {
            return Ok(());
        }
        let task = Task {
            reason: Reason::Limit,
            phase: Phase::After,
            model: None,
        };
        match self.compact(task).await {
            Err(Outcome::Failed(error)) => {
                let text = format!(
                    "The history could not be summed up at the end of the turn: {}. Nothing is lost; it is tried again \
                     after the next turn.",
                    error.message.trim_end_matches('.')
                );
                self.services.outbox.emit(Event::Warning(text));
                Ok(())
            }
            // A hook doesn't want it, or anything after it: there is nothing after it.
            Err(Outcome::Interrupted) if self.interrupt_told => {
                self.interrupt_told = false;
                Ok(())
            }
            compacted => compacted,
        }
    }

    /// A server has refused the history for its length: sums it up once, before the turn gives up.
    pub(in crate::session::turn) async fn compact_after_refusal(
        &mut self,
        error: TurnError,
    ) -> Result<(), Outcome> {
        if std::mem::replace(&mut self.overflowed, true) || !self.session.history.has_work() {
            self.window_is_full();
            return Err(Outcome::Failed(error));
        }
        let task = Task {
            reason: Reason::Limit,
            phase: Phase::Within,
            model: None,
        };
        let compacted = self.compact(task).await;
        if matches!(compacted, Err(Outcome::Failed(_))) && !self.session.usage.is_window_full() {
            self.window_is_full();
        }
        compacted
    }

    /// Tokens of the next request, as far as is known.
    pub(super) fn tokens(&self) -> i64 {
        let history = &self.session.history;
        match self.session.usage.last_tokens() {
            0 => history.tokens(),
            counted => counted.saturating_add(history.uncounted_tokens()),
        }
    }

    /// A response has come: whether summing up the history has helped.
    pub(in crate::session::turn) fn note_progress(&mut self) {
        if !self.reaches_limit(self.tokens()) {
            self.session.fruitless_compactions = 0;
        }
    }

    /// Whether a history of so many tokens is to be summed up.
    fn reaches_limit(&self, tokens: i64) -> bool {
        let request = &self.plan.request;
        match request.compaction_scope {
            CompactionScope::Total => tokens >= request.compaction_limit,
            CompactionScope::BodyAfterPrefix => {
                self.session.usage.body(tokens) >= request.compaction_limit
                    || tokens >= request.context_window
            }
        }
    }

    pub(super) fn window_is_full(&mut self) {
        let usage = &mut self.session.usage;
        usage.fill_window();
        let counts = Entry::TokenCount(usage.thread());
        self.services.outbox.log().append(vec![counts]);
        self.tell_usage();
    }

    fn tell_fruitless(&mut self) {
        let text = format!(
            "The history of this thread was summed up {} times in a row and still has more than {} tokens. It is not \
             summed up again until it is shorter. Raise model_auto_compact_token_limit or model_context_window in \
             config.toml if the model can take more, or start a new thread.",
            compaction::MOST_FRUITLESS,
            self.plan.request.compaction_limit
        );
        if !self.noticed.contains(&text) {
            self.services.outbox.emit(Event::Warning(text.clone()));
            self.noticed.push(text);
        }
    }
}

/// About how many tokens the user's words have.
fn input_tokens(input: &[UserInput]) -> i64 {
    let tokens = input.iter().map(|part| match part {
        UserInput::Text { text, .. } => text_tokens(text),
        _ => 0,
    });
    i64::try_from(tokens.sum::<usize>()).unwrap_or(i64::MAX)
}
