//! The voice conversation as the thread's actor sees it: what clients want of it, and what it wants of the agent.

use super::Services;
use super::actor::Actor;
use super::state::ThreadState;
use super::turn::TurnPlan;
use crate::realtime::{Handoff, Realtime, Workspace};
use crate::{Event, Op, Reply, Result, StartTurn, Turn, UserInput};

/// Why turns begin that a hand-off has begun, in their metadata.
const TRIGGER: &str = "realtime";

/// What the voice model hands over, as input of a turn.
pub(super) fn input(handoff: &Handoff) -> Vec<UserInput> {
    vec![UserInput::plain(handoff.text.clone())]
}

impl ThreadState {
    /// Carries out an operation on the voice conversation. Answers first: what comes of it is told.
    pub(super) fn realtime(&self, op: Op, services: &Services) {
        match op {
            Op::StartRealtime { start, reply } => match Realtime::check(&start) {
                Ok(()) => {
                    reply.send(Ok(()));
                    let workspace = Workspace {
                        cwd: self.settings.cwd.clone(),
                        roots: self.settings.workspace_roots.clone(),
                    };
                    services.realtime.start(&start, &self.config.realtime, workspace);
                }
                Err(error) => reply.send(Err(error)),
            },
            Op::AppendRealtime { input, reply } => services.realtime.append(input, reply),
            Op::StopRealtime { reply } => {
                reply.send(Ok(()));
                services.realtime.stop();
            }
            // Nobody hands over others.
            _ => {}
        }
    }
}

impl Actor {
    /// The turn that a hand-off becomes. `None`: it can't become one, or the process is about to end.
    pub(super) fn handed_off(&mut self, handoff: &Handoff) -> Option<TurnPlan> {
        if self.services.draining.is_on() {
            self.services.realtime.handoff_refused(&handoff.id);
            return None;
        }
        let outbox = self.services.outbox.clone();
        let reply = Reply::new(move |started: Result<Turn>| {
            if let Err(error) = started {
                outbox.emit(Event::Warning(format!(
                    "What the voice model handed over could not become a turn: {error}"
                )));
            }
        });
        let start = StartTurn {
            input: input(handoff),
            turn_trigger: Some(TRIGGER.to_owned()),
            ..StartTurn::default()
        };
        let Some(plan) = self.state.start_turn(start, reply) else {
            self.services.realtime.handoff_refused(&handoff.id);
            return None;
        };
        self.services.realtime.handoff_taken(&handoff.id, &plan.id);
        Some(TurnPlan {
            is_handoff: true,
            ..plan
        })
    }
}
