//! What threads work for by themselves: goals (docs/contract/threads.md#goals), queued messages
//! (docs/contract/threads.md#queue) and memories (docs/contract/agents.md#memory), of loaded threads and of others.

use std::collections::BTreeMap;

use super::Engine;
use crate::config::Config;
use crate::history::{MetadataPatch, QueueChange, QueuePage, QueuedSubmission, ThreadStore};
use crate::memory::Memories;
use crate::session::check_queued;
use crate::{
    Error, Event, Goal, GoalPatch, Reply, Result, ThreadId, ThreadOperation, UserInput, goal_tracker, now_s,
};

impl Engine {
    /// The goal of a thread.
    ///
    /// # Errors
    ///
    /// There is no such thread, it can't have a goal, or the goal can't be read.
    pub async fn goal(&self, id: ThreadId) -> Result<Option<Goal>> {
        match self.thread(id) {
            Some(handle) => handle.goals.goal().await,
            None => {
                self.at_work(id).await?;
                goal_tracker::read(self.store(), id).await
            }
        }
    }

    /// The goal of a thread that is about to be taken up, if it exists.
    ///
    /// # Errors
    ///
    /// What is kept can't be read.
    pub async fn goal_at_resume(&self, id: ThreadId) -> Result<Option<Goal>> {
        match self.thread(id) {
            Some(handle) => Ok(handle.goals.goal().await.unwrap_or_default()),
            None => goal_tracker::read(self.store(), id).await,
        }
    }

    /// Sets or changes the goal of a thread. The answer comes first, then the event. A loaded thread that is idle then goes to
    /// work for it.
    pub async fn set_goal(&self, id: ThreadId, patch: GoalPatch, reply: Reply<Goal>) {
        if let Some(handle) = self.thread(id) {
            handle.goals.set(patch, reply).await;
            handle.wake();
            return;
        }
        let changed = async {
            self.at_work(id).await?;
            let current = goal_tracker::read(self.store(), id).await?;
            let config = Config::load_home(&self.options.config).await?;
            let goal =
                Goal::patched(current.as_ref(), id, &patch, now_s())?.within(config.max_goal_token_budget)?;
            self.store().set_goal(id, Some(goal.to_value())).await?;
            Ok(goal)
        };
        let changed: Result<Goal> = changed.await;
        let told = changed.as_ref().ok().cloned().map(Box::new);
        reply.send(changed);
        if let Some(goal) = told {
            self.options.sink.emit(id, Event::Goal { turn_id: None, goal });
        }
    }

    /// Drops the goal of a thread. Answers whether there was one.
    pub async fn clear_goal(&self, id: ThreadId, reply: Reply<bool>) {
        if let Some(handle) = self.thread(id) {
            return handle.goals.clear(reply).await;
        }
        let cleared = async {
            self.at_work(id).await?;
            self.store().set_goal(id, None).await
        };
        let cleared: Result<bool> = cleared.await;
        let existed = cleared.as_ref().is_ok_and(|existed| *existed);
        reply.send(cleared);
        if existed {
            self.options.sink.emit(id, Event::GoalCleared);
        }
    }

    /// What is remembered of threads.
    pub fn memories(&self) -> Memories {
        Memories::new(&self.options.config.codex_home)
    }

    /// What is remembered of a thread.
    ///
    /// # Errors
    ///
    /// There is no such thread, or it can't be read.
    pub async fn memory_of(&self, id: ThreadId) -> Result<Option<String>> {
        if self.thread(id).is_none() {
            self.known(id).await?;
        }
        self.memories().of(id).await
    }

    /// Says whether memories are made of a thread.
    ///
    /// # Errors
    ///
    /// There is no such thread, it is ephemeral, or that can't be kept.
    pub async fn set_memory_mode(&self, id: ThreadId, enabled: bool) -> Result<()> {
        match self.thread(id) {
            Some(handle) if handle.log().path().is_none() => {
                return Err(Error::Ephemeral {
                    thread: id,
                    operation: ThreadOperation::UpdateMetadata,
                });
            }
            None if !self.is_known(id).await? => return Err(Error::RolloutNotFound(id)),
            None => self.not_archived(id).await?,
            Some(_) => {}
        }
        let patch = MetadataPatch {
            without_memories: Some(!enabled),
            ..MetadataPatch::default()
        };
        self.store().patch_metadata(id, patch).await
    }

    /// Queues a message of the user. A loaded thread that is idle, and was not stopped, begins with it at once.
    pub async fn queue_message(
        &self,
        id: ThreadId,
        submission: QueuedSubmission,
        reply: Reply<QueuedSubmission>,
    ) {
        if let Err(error) = check_queued(&submission.input) {
            return reply.send(Err(error));
        }
        self.change_queue(id, |store, id| store.queue(id, submission), reply)
            .await;
        if let Some(handle) = self.thread(id) {
            handle.wake();
        }
    }

    /// A page of the messages that wait.
    ///
    /// # Errors
    ///
    /// There is no such thread, it can't have a queue, or the queue can't be read.
    pub async fn queued_messages(&self, id: ThreadId, from: usize, limit: usize) -> Result<QueuePage> {
        self.check_queue(id).await?;
        match self.thread(id) {
            Some(handle) => handle.queue.page(from, limit).await,
            None => self.store().queued(id, from, limit).await,
        }
    }

    /// Gives a queued message other words. Client metadata stays unless it is given.
    pub async fn update_queued_message(
        &self,
        id: ThreadId,
        submission: String,
        input: Vec<UserInput>,
        client_metadata: Option<BTreeMap<String, String>>,
        reply: Reply<QueuedSubmission>,
    ) {
        if let Err(error) = check_queued(&input) {
            return reply.send(Err(error));
        }
        let change = |store: &ThreadStore, id| store.update_queued(id, submission, input, client_metadata);
        self.change_queue(id, change, reply).await;
    }

    /// Takes a message out of the queue. Answers whether it was there.
    pub async fn delete_queued_message(&self, id: ThreadId, submission: String, reply: Reply<bool>) {
        self.change_queue(id, |store, id| store.delete_queued(id, submission), reply)
            .await;
    }

    /// Puts the queued messages into another order, which must name each once.
    pub async fn reorder_queued_messages(&self, id: ThreadId, order: Vec<String>, reply: Reply<()>) {
        self.change_queue(id, |store, id| store.reorder_queued(id, order), reply)
            .await;
    }

    async fn change_queue<T: Send + 'static>(
        &self,
        id: ThreadId,
        change: impl FnOnce(&ThreadStore, ThreadId) -> QueueChange<T>,
        reply: Reply<T>,
    ) {
        if let Err(error) = self.check_queue(id).await {
            return reply.send(Err(error));
        }
        match self.thread(id) {
            Some(handle) => handle.queue.change(change, reply).await,
            None => reply.send(change(self.store(), id).await.map(|(answer, _)| answer)),
        }
    }

    /// Refuses where a queue can't be kept.
    async fn check_queue(&self, id: ThreadId) -> Result<()> {
        match self.thread(id) {
            Some(handle) if handle.log().path().is_none() => Err(Error::invalid(format!(
                "ephemeral thread does not support queued submissions: {id}"
            ))),
            Some(_) => Ok(()),
            None => self.at_work(id).await,
        }
    }

    /// Refuses a thread that is not loaded and can't go to work: it is archived, or there is none.
    async fn at_work(&self, id: ThreadId) -> Result<()> {
        self.known(id).await?;
        self.not_archived(id).await
    }

    /// Refuses a thread that is archived.
    pub(super) async fn not_archived(&self, id: ThreadId) -> Result<()> {
        match self.store().find(id).await? {
            Some(stored) if stored.info.archived => Err(Error::Archived(id)),
            _ => Ok(()),
        }
    }

    /// Refuses a thread that is neither loaded nor stored.
    async fn known(&self, id: ThreadId) -> Result<()> {
        if self.is_known(id).await? {
            return Ok(());
        }
        Err(Error::ThreadNotFound(id))
    }
}
