//! Commands of the user that run in a turn.

use std::sync::Arc;

use futures_util::StreamExt;

use super::{Outcome, Turn};
use crate::session::calls::Calls;
use crate::session::inbox::{StreamInterrupt, TurnMessage};
use crate::session::user_shell::{self, ShellCommand, ShellContext};

impl Turn<'_> {
    /// Starts the command that the turn is there for.
    pub(super) fn start_shell(&mut self, command: ShellCommand) {
        let cx = ShellContext {
            exec: Arc::clone(&self.services.exec),
            outbox: self.services.outbox.clone(),
            turn_id: Arc::clone(&self.plan.id),
            settings: Arc::clone(&self.plan.settings),
            output_limit: self.plan.request.output_limit,
            cancel: self.inbox.cancel.child_token(),
        };
        self.shells.push(user_shell::start(cx, command));
    }

    /// Whether a command of the user runs, or has ended without the model having heard of it.
    pub(super) fn any_shell(&mut self) -> bool {
        self.inbox.take_mail();
        for mail in std::mem::take(&mut self.inbox.waiting) {
            match mail {
                TurnMessage::Shell(running) => self.shells.push(running),
                other => self.inbox.waiting.push(other),
            }
        }
        !self.shells.is_empty()
    }

    /// Waits for the commands of the user, or until the user says more, and takes their results into the history.
    pub(super) async fn finish_shells(&mut self) -> Result<(), Outcome> {
        while !self.shells.is_empty() {
            let mut no_calls = Calls::new(self.inbox.cancel.clone());
            match self.inbox.watch(&mut no_calls, self.shells.next()).await {
                Ok(result) => self.session.history.push(result.and_then(Result::ok)),
                Err(StreamInterrupt::Steered) => return Ok(()),
                Err(_) => return Err(Outcome::Interrupted),
            }
        }
        Ok(())
    }
}
