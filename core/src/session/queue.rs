//! What the user wants to say next: messages that become turns, one after the other, when nothing runs
//! (docs/contract/threads.md#queue).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Mutex as AsyncMutex;

use super::input;
use crate::history::{QueueChange, QueuePage, QueuedSubmission, ThreadStore};
use crate::outbox::Outbox;
use crate::{Error, Event, Reply, Result, StartTurn, ThreadId, UserInput};

/// The queue of one loaded thread. The database holds it; this knows whether there is anything to look for.
pub(crate) struct MessageQueue {
    thread: ThreadId,
    store: ThreadStore,
    outbox: Outbox,
    /// There may be something in the queue.
    is_filled: AtomicBool,
    /// What an earlier process took out and did not record has been put back.
    is_restored: AtomicBool,
    /// The turn of a message that was taken out is not recorded yet.
    has_taken: AtomicBool,
    /// Nothing begins by itself until a turn has ended that nobody stopped.
    is_paused: AtomicBool,
    /// Changes come one after the other, and are told in that order. Held while the database works.
    order: AsyncMutex<()>,
}

impl MessageQueue {
    /// The queue of a thread that goes on: what was queued before waits for the end of a turn.
    pub(crate) fn new(thread: ThreadId, store: ThreadStore, outbox: Outbox) -> Arc<Self> {
        Arc::new(Self {
            thread,
            store,
            outbox,
            is_filled: AtomicBool::new(true),
            is_restored: AtomicBool::new(false),
            has_taken: AtomicBool::new(false),
            is_paused: AtomicBool::new(true),
            order: AsyncMutex::default(),
        })
    }

    /// The thread is new: nothing is kept that would have to be looked for.
    pub(crate) fn is_of_new_thread(&self) {
        self.is_filled.store(false, Ordering::Relaxed);
        self.is_restored.store(true, Ordering::Relaxed);
        self.is_paused.store(false, Ordering::Relaxed);
    }

    /// Puts back what an earlier process took out of the queue and did not record. Before anybody looks at the queue.
    async fn restore(&self) -> Result<()> {
        if !self.is_restored.load(Ordering::Relaxed)
            && let Some(path) = self.outbox.log().path()
        {
            self.store.restore_dequeued(self.thread, path.clone()).await?;
            self.is_restored.store(true, Ordering::Relaxed);
        }
        Ok(())
    }

    /// A page of the messages that wait, from this place on.
    pub(crate) async fn page(&self, from: usize, limit: usize) -> Result<QueuePage> {
        let _order = self.order.lock().await;
        self.restore().await?;
        self.store.queued(self.thread, from, limit).await
    }

    /// Changes the queue. Answers, then tells.
    pub(crate) async fn change<T: Send + 'static>(
        &self,
        change: impl FnOnce(&ThreadStore, ThreadId) -> QueueChange<T>,
        reply: Reply<T>,
    ) {
        let _order = self.order.lock().await;
        if let Err(error) = self.restore().await {
            return reply.send(Err(error));
        }
        match change(&self.store, self.thread).await {
            Ok((answer, is_changed)) => {
                if is_changed {
                    self.is_filled.store(true, Ordering::Relaxed);
                }
                reply.send(Ok(answer));
                if is_changed {
                    self.outbox.emit(Event::QueueChanged);
                }
            }
            Err(error) => reply.send(Err(error)),
        }
    }

    /// A turn has ended.
    pub(crate) fn turn_ended(&self, interrupted: bool) {
        self.is_paused.store(interrupted, Ordering::Relaxed);
    }

    /// Whether the next message is to become a turn now that nothing runs.
    pub(crate) fn is_due(&self) -> bool {
        self.is_filled.load(Ordering::Relaxed) && !self.is_paused.load(Ordering::Relaxed)
    }

    /// Takes the first message, or the one of this id, out of the queue. `None`: there is none.
    pub(crate) async fn take(&self, id: Option<&str>) -> Result<Option<QueuedSubmission>> {
        if id.is_none() && !self.is_filled.load(Ordering::Relaxed) {
            return Ok(None);
        }
        let _order = self.order.lock().await;
        self.restore().await?;
        let taken = self.store.take_queued(self.thread, id.map(str::to_owned)).await?;
        self.has_taken.fetch_or(taken.is_some(), Ordering::Relaxed);
        if taken.is_none() && id.is_none() {
            self.is_filled.store(false, Ordering::Relaxed);
        }
        Ok(taken)
    }

    /// What was taken out becomes no turn: it is the first message again.
    pub(crate) async fn put_back(&self, taken: QueuedSubmission) -> Result<()> {
        let _order = self.order.lock().await;
        self.store.put_back_dequeued(self.thread, taken.id).await
    }

    /// The turn of a message that was taken out is recorded, or will never be. Does not wait for the database.
    pub(crate) fn forget_taken(self: &Arc<Self>) {
        if self.has_taken.swap(false, Ordering::Relaxed) {
            let queue = Arc::clone(self);
            tokio::spawn(async move {
                let _order = queue.order.lock().await;
                if !queue.has_taken.load(Ordering::Relaxed)
                    && let Err(error) = queue.store.forget_dequeued(queue.thread).await
                {
                    tracing::debug!(%error, "that a queued message is recorded could not be noted");
                }
            });
        }
    }

    /// Tells that the queue is another one now.
    pub(crate) fn tell(&self) {
        self.outbox.emit(Event::QueueChanged);
    }
}

impl std::fmt::Debug for MessageQueue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "MessageQueue({})", self.thread)
    }
}

/// Whether this may become the input of a turn.
pub(crate) fn check(said: &[UserInput]) -> Result<()> {
    if said.is_empty() {
        return Err(Error::invalid(
            "only user input can be added to the user-message queue",
        ));
    }
    input::check(said)
}

/// The turn that a queued message becomes.
pub(crate) fn to_turn(queued: QueuedSubmission) -> StartTurn {
    let mut start = StartTurn {
        input: queued.input,
        client_user_message_id: Some(queued.client_user_message_id),
        turn_trigger: Some("queue".to_owned()),
        ..StartTurn::default()
    };
    start.settings.client_metadata = queued.client_metadata;
    start
}
