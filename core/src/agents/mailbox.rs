//! What wakes an agent that waits for others.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::watch;

/// Counts what came in for an agent. What it says is in the agent's history, not here.
#[derive(Debug)]
pub(crate) struct Mailbox {
    /// Messages that came in so far.
    arrived: watch::Sender<u64>,
    /// How many of them the model has been sent, or was told to be there.
    seen: AtomicU64,
    /// How often the user has said more to a running turn.
    steered: watch::Sender<u64>,
    /// How much of that the model has been sent.
    heard: AtomicU64,
}

/// Why a wait is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Woken {
    /// There are messages.
    Messages,
    /// The user has said more.
    Steered,
}

impl Default for Mailbox {
    fn default() -> Self {
        Self {
            arrived: watch::Sender::new(0),
            seen: AtomicU64::new(0),
            steered: watch::Sender::new(0),
            heard: AtomicU64::new(0),
        }
    }
}

impl Mailbox {
    /// A message is on its way into the history.
    pub(crate) fn message_arrived(&self) {
        self.arrived.send_modify(|count| *count += 1);
    }

    /// The user has said more to the running turn.
    pub(crate) fn steered(&self) {
        self.steered.send_modify(|count| *count += 1);
    }

    /// The model is being sent everything that came in so far.
    pub(crate) fn all_seen(&self) {
        self.seen.store(*self.arrived.borrow(), Ordering::Relaxed);
        self.heard.store(*self.steered.borrow(), Ordering::Relaxed);
    }

    /// Resolves when there is a message that the model doesn't know of, or the user says more.
    pub(crate) async fn woken(&self) -> Woken {
        let mut arrived = self.arrived.subscribe();
        let seen = self.seen.load(Ordering::Relaxed);
        tokio::select! {
            biased;
            () = self.user_speaks() => Woken::Steered,
            // The sender lives as long as we do.
            _ = arrived.wait_for(|count| *count > seen) => {
                self.seen.store(*self.arrived.borrow(), Ordering::Relaxed);
                Woken::Messages
            }
        }
    }

    /// Resolves when the user has said more than the model has been sent.
    pub(crate) async fn user_speaks(&self) {
        let heard = self.heard.load(Ordering::Relaxed);
        // The sender lives as long as we do.
        let _ = self.steered.subscribe().wait_for(|count| *count > heard).await;
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn a_collab_wait_ends_with_what_is_new_to_the_model() {
        let mailbox = Mailbox::default();
        assert_eq!(mailbox.woken().now_or_never(), None);
        mailbox.message_arrived();
        assert_eq!(mailbox.woken().now_or_never(), Some(Woken::Messages));
        assert_eq!(mailbox.woken().now_or_never(), None, "it was told of that");
        mailbox.message_arrived();
        mailbox.all_seen();
        assert_eq!(mailbox.woken().now_or_never(), None, "it has been sent that");
    }

    #[test]
    fn a_collab_wait_does_not_miss_the_user() {
        let mailbox = Mailbox::default();
        mailbox.steered();
        assert_eq!(mailbox.woken().now_or_never(), Some(Woken::Steered));
        mailbox.all_seen();
        assert_eq!(mailbox.user_speaks().now_or_never(), None);
    }
}
