//! How a turn ended.

use std::time::Duration;

use super::ConversationState;
use super::history::message;
use crate::instructions::TURN_ABORTED;
use crate::{Item, TokenUsage, TurnError};

/// How a turn ended.
#[derive(Debug)]
pub(crate) struct TurnResult {
    pub(crate) outcome: Outcome,
    /// The last message of the model.
    pub(crate) last_message: Option<Item>,
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

impl TurnResult {
    fn without_message(outcome: Outcome) -> Self {
        Self {
            outcome,
            last_message: None,
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

/// Leaves a history that can be gone on with, of a turn that did not stop when it was asked to.
pub(crate) fn given_up(session: &mut ConversationState) -> TurnResult {
    session.history.close_calls();
    session.history.push([message("user", [TURN_ABORTED.to_owned()])]);
    session.history.turn_ended();
    TurnResult {
        usage: session.usage.turn(),
        ..TurnResult::without_message(Outcome::Interrupted)
    }
}
