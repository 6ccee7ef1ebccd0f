//! What is known of the goal of a loaded thread, and of the turns that work for it.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;

use crate::agents::TurnOrigin;
use crate::model::{ContentItem, Extra, KnownItem, ResponseItem};
use crate::{Goal, GoalStatus, new_id};

/// Turns in a row that began by themselves and called no tool, after which the goal counts as blocked.
const MAX_IDLE_TURNS: u32 = 20;
/// Turns in a row that began by themselves, after which the goal rests until the user says something.
const MAX_TURNS_ALONE: u32 = 500;

#[derive(Default)]
pub(super) struct State {
    pub(super) goal: Option<Goal>,
    /// Time that is not in the goal yet: less than a second.
    pub(super) rest: Duration,
    pub(super) turn: Option<RunningTurn>,
    /// The objective that the model was told last.
    pub(super) told: Option<String>,
    /// Somebody stopped the last turn: nothing begins by itself until another one has ended.
    pub(super) is_held: bool,
    /// The next turn begins by itself.
    pub(super) begins_alone: bool,
    pub(super) idle_turns: u32,
    pub(super) turns_alone: u32,
    /// The user has said something since: the objective is to be told again when the next turn begins by itself.
    pub(super) user_spoke: bool,
    /// The turn that the next one which begins by itself follows upon, and its root: the model has set the goal there, or
    /// that one followed upon such a turn. `None`: the user stands behind the goal.
    pub(super) follows: Option<TurnOrigin>,
    /// The running turn is to hear of the objective with its next request.
    pub(super) is_due: bool,
    /// The user has changed the objective under a running turn.
    pub(super) is_changed: bool,
    /// Its budget was spent in the running turn, and the model has not heard of it.
    pub(super) is_spent_untold: bool,
    /// The database does not know the last counts.
    pub(super) is_unsaved: bool,
}

pub(super) struct RunningTurn {
    pub(super) origin: TurnOrigin,
    /// Up to when its time is counted.
    pub(super) counted: Instant,
    pub(super) began_alone: bool,
}

/// What a turn has spent since the last count.
#[derive(Default)]
pub(super) struct Counts {
    pub(super) tokens: i64,
    pub(super) called_tools: bool,
}

impl State {
    pub(super) fn turn_id(&self) -> Option<Arc<str>> {
        self.turn.as_ref().map(|turn| Arc::clone(&turn.origin.id))
    }

    /// The objective, unless it is what the model was told last. As the output of a tool, so that the model takes it for the
    /// user's wish and not for orders that outrank others.
    pub(super) fn untold_objective(&mut self) -> Option<ResponseItem> {
        let objective = &self.goal.as_ref()?.objective;
        if self.told.as_ref() == Some(objective) {
            return None;
        }
        self.told = Some(objective.clone());
        self.user_spoke = false;
        Some(ResponseItem::Other(json!({
            "type": "function_call_output",
            "id": format!("fco_{}", new_id()),
            "name": "goal_objective",
            "namespace": "agent",
            "output": objective,
        })))
    }

    /// A turn that began by itself has ended well: whether the next one may, too.
    pub(super) fn without_progress(&mut self, called_tools: bool) -> Option<(GoalStatus, Option<String>)> {
        self.turns_alone += 1;
        self.idle_turns = if called_tools { 0 } else { self.idle_turns + 1 };
        if self.idle_turns >= MAX_IDLE_TURNS {
            self.idle_turns = 0;
            let warning = format!(
                "The goal is blocked: the agent used no tool in {MAX_IDLE_TURNS} turns in a row. Say what it is to do, or \
                 set the goal to active again."
            );
            return Some((GoalStatus::Blocked, Some(warning)));
        }
        if self.turns_alone >= MAX_TURNS_ALONE {
            self.turns_alone = 0;
            let warning = format!(
                "The goal is paused after {MAX_TURNS_ALONE} turns without a word of the user. Set it to active again to \
                 go on."
            );
            return Some((GoalStatus::Paused, Some(warning)));
        }
        None
    }
}

/// A message of the user that clients don't see.
pub(super) fn hidden(text: String) -> ResponseItem {
    ResponseItem::Known(KnownItem::Message {
        id: None,
        role: "user".into(),
        content: vec![ContentItem::input_text(text)],
        phase: None,
        extra: Extra::new(),
    })
}
