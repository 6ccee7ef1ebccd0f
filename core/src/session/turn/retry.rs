//! What follows from a request that failed.

use std::sync::Arc;
use std::time::Duration;

use super::{Outcome, Turn};
use crate::model::{ModelError, RetryDecision};
use crate::session::calls::Calls;
use crate::session::inbox::StreamInterrupt;
use crate::{ErrorKind, Event, TurnError};

impl Turn<'_> {
    /// A request failed: waits until it may be tried again, or ends the turn.
    pub(super) async fn failed(&mut self, error: &ModelError) -> Result<(), Outcome> {
        match self.client.on_failure(error) {
            RetryDecision::GiveUp(error) if error.kind == ErrorKind::ContextWindowExceeded => {
                self.compact_after_refusal(error).await
            }
            RetryDecision::GiveUp(error) => Err(Outcome::Failed(error)),
            RetryDecision::FallBack { warning } => {
                self.services.outbox.emit(Event::Warning(warning));
                Ok(())
            }
            RetryDecision::Retry { notice, delay } => {
                self.tell_retry(notice);
                self.wait(delay).await
            }
        }
    }

    /// Tells of an attempt that failed and will be made again.
    pub(super) fn tell_retry(&self, notice: Option<TurnError>) {
        if let Some(error) = notice {
            self.services.outbox.emit(Event::Error {
                turn_id: Arc::clone(&self.plan.id),
                error,
                will_retry: true,
            });
        }
    }

    /// Waits before another attempt. What the user says meanwhile is shown at once.
    async fn wait(&mut self, delay: Duration) -> Result<(), Outcome> {
        // A deadline that no clock can hold is far away.
        let sleep = tokio::time::sleep(delay);
        tokio::pin!(sleep);
        loop {
            let mut no_calls = Calls::new(self.inbox.cancel.clone());
            match self.inbox.watch(&mut no_calls, sleep.as_mut()).await {
                Ok(()) => return Ok(()),
                Err(StreamInterrupt::Steered) => self.drain_inbox().await,
                Err(_) => return Err(Outcome::Interrupted),
            }
        }
    }
}
