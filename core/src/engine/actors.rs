//! The actors that live, whether or not their thread can still be found.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::future::BoxFuture;
use tokio::sync::mpsc::WeakUnboundedSender;
use tokio::time::{Instant, timeout_at};
use tokio_util::task::TaskTracker;

use crate::session::{Mail, ThreadMessage};

/// All actors of an engine. A thread that is being closed is found no more, but its actor has things to write still.
#[derive(Debug, Default)]
pub(super) struct Actors {
    tasks: TaskTracker,
    /// How to reach them. A lock, because actors end by themselves; held for a few instructions.
    mail: Arc<Mutex<Mailboxes>>,
}

impl Actors {
    /// Lets an actor live.
    pub(super) fn start(&self, mail: WeakUnboundedSender<Mail>, actor: BoxFuture<'static, ()>) {
        let all = Arc::clone(&self.mail);
        let number = {
            let mut all = lock(&all);
            let number = all.last().map_or(0, |(number, _)| number + 1);
            all.push((number, mail));
            number
        };
        self.tasks.spawn(async move {
            actor.await;
            lock(&all).retain(|(other, _)| *other != number);
        });
    }

    /// Tells them all that the process ends at this time, and waits for their end until then. False if there are some
    /// left.
    pub(super) async fn quit(&self, deadline: Instant) -> bool {
        let all: Vec<_> = lock(&self.mail).clone();
        for mail in all.into_iter().filter_map(|(_, mail)| mail.upgrade()) {
            // One that has just ended has no mailbox.
            let _ = mail.send(Box::new(ThreadMessage::Quit(deadline)));
        }
        self.tasks.close();
        timeout_at(deadline, self.tasks.wait()).await.is_ok()
    }
}

type Mailboxes = Vec<(u64, WeakUnboundedSender<Mail>)>;

fn lock(mail: &Mutex<Mailboxes>) -> MutexGuard<'_, Mailboxes> {
    mail.lock().unwrap_or_else(PoisonError::into_inner)
}
