//! How a turn ended.

use std::time::Duration;

use tokio::time::Instant;

use super::{ConversationState, Services};
use crate::history::Entry;
use crate::{Item, ItemBody, TokenUsage, TurnError, now_s};

/// How a turn ended.
#[derive(Debug)]
pub(crate) struct TurnResult {
    pub(crate) outcome: Outcome,
    /// The last message of the model.
    pub(crate) last_message: Option<Item>,
    /// The last one that is meant to be read.
    pub(crate) answer: Option<Item>,
    /// The model said something that is meant to be read.
    pub(crate) answered: bool,
    /// Time from the turn's start to the first event of an answer.
    pub(crate) first_token: Option<Duration>,
    /// Sum of its responses.
    pub(crate) usage: TokenUsage,
    /// What its patches changed; `None` if all is as it was.
    pub(crate) diff: Option<String>,
}

#[derive(Debug)]
pub(crate) enum Outcome {
    Completed,
    Interrupted,
    Failed(TurnError),
}

/// When a turn began and ended.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TurnTimes {
    /// Unix seconds.
    pub(crate) started_at: i64,
    /// Unix seconds.
    pub(crate) completed_at: i64,
    /// Milliseconds between them.
    pub(crate) duration_ms: i64,
}

impl TurnTimes {
    /// Of a turn that ends now.
    pub(crate) fn until_now(started_at: i64, began: Instant) -> Self {
        Self {
            started_at,
            completed_at: now_s(),
            duration_ms: milliseconds(began.elapsed()),
        }
    }
}

impl TurnResult {
    /// How the history notes it.
    pub(crate) fn entry(&self, turn_id: &str, times: TurnTimes) -> Entry {
        let TurnTimes {
            started_at,
            completed_at,
            duration_ms,
        } = times;
        let error = match &self.outcome {
            Outcome::Interrupted => {
                return Entry::TurnAborted {
                    turn_id: turn_id.to_owned(),
                    started_at,
                    completed_at: Some(completed_at),
                    duration_ms: Some(duration_ms),
                };
            }
            Outcome::Completed => None,
            Outcome::Failed(error) => Some(error.clone()),
        };
        Entry::TurnCompleted {
            turn_id: turn_id.to_owned(),
            last_agent_message: self.last_text().map(str::to_owned),
            error,
            started_at,
            completed_at,
            duration_ms,
            time_to_first_token_ms: self.first_token.map(milliseconds),
        }
    }

    /// Text of the last message of the model.
    pub(crate) fn last_text(&self) -> Option<&str> {
        match &self.last_message.as_ref()?.body {
            ItemBody::AgentMessage { text, .. } => Some(text),
            _ => None,
        }
    }

    fn without_message(outcome: Outcome) -> Self {
        Self {
            outcome,
            last_message: None,
            answer: None,
            answered: false,
            first_token: None,
            usage: TokenUsage::default(),
            diff: None,
        }
    }

    /// Of a turn of which nothing is left but that it failed.
    pub(crate) fn failed(error: TurnError) -> Self {
        Self::without_message(Outcome::Failed(error))
    }
}

fn milliseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// Leaves a history that can be gone on with, of a turn that did not stop when it was asked to.
pub(crate) fn given_up(session: &mut ConversationState, services: &Services) -> TurnResult {
    session.history.close_calls();
    session.history.push(services.interrupt_marker(None));
    session.history.turn_ended();
    TurnResult {
        usage: session.usage.turn(),
        ..TurnResult::without_message(Outcome::Interrupted)
    }
}
