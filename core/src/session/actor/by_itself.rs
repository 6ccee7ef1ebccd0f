//! What a thread does while no turn runs, and what begins by itself: notes, questions beside the thread, the next message of
//! the queue, the next step towards the goal.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::super::queue::to_turn;
use super::super::turn::{TurnPlan, TurnTask};
use super::super::{memory, sample};
use super::Actor;
use crate::goal_tracker::Continuation;
use crate::memory::{Memories, Notes};
use crate::{Error, Event, Reply, Result, Sample, SampleRequest, StartTurn, Turn};

impl Actor {
    /// Has the model note what later threads should know, if there is anything new and that is wanted.
    pub(super) async fn take_notes(&mut self) {
        if self.services.draining.is_on() {
            return;
        }
        let (state, services) = (&mut self.state, &self.services);
        let last_turn = state
            .last_turn
            .clone()
            .filter(|_| state.unnoted.since().is_some());
        state.unnoted.noted();
        let is_stored = services.outbox.log().path().is_some();
        let (Some(turn_id), Some(_), true) = (last_turn, services.config.notes_after, is_stored) else {
            return;
        };
        let thread = state.info.id;
        // Where it can't be told, it may be a thread that is left out.
        if services.store.makes_memories(thread).await != Ok(true) {
            return;
        }
        let mut settings = (*state.settings).clone();
        if let Some(model) = &services.config.notes_model {
            settings.model.clone_from(model);
            settings.effort = None;
        }
        let request = SampleRequest {
            without_mcp: false,
            expected_turn_id: turn_id,
            prompt: String::new(),
            while_running: false,
            effort: None,
            client_metadata: BTreeMap::new(),
            turn_trigger: None,
            cancel: CancellationToken::new(),
        };
        let about = Notes {
            thread,
            title: state.preview(),
            cwd: settings.cwd.clone(),
            text: String::new(),
        };
        let job = state.sample_job(services, request, &settings);
        self.session.load(&self.services, job.window).await;
        let memories = Memories::new(&services.config.codex_home);
        tokio::spawn(memory::note(
            job,
            self.session.history.snapshot(),
            memories,
            about,
        ));
    }

    /// Asks the model something beside the thread.
    pub(super) async fn sample(&mut self, request: SampleRequest, reply: Reply<Sample>) {
        let state = &self.state;
        let refused = if let Err(error) = sample::check(&request, &self.services.outbox) {
            Some(error)
        } else if state.last_turn.as_ref() != Some(&request.expected_turn_id) {
            Some(Error::invalid(
                "sample source turn must be the latest finished turn",
            ))
        } else {
            None
        };
        if let Some(error) = refused {
            return reply.send(Err(error));
        }
        let job = state.sample_job(&self.services, request, &state.settings);
        self.session.load(&self.services, job.window).await;
        let history = self.session.history.snapshot();
        tokio::spawn(async move { reply.send(job.run(history).await) });
    }

    /// The turn that begins now that nothing runs and nobody asks for anything: the next message of the queue, else the
    /// next step towards the goal. `None` also when the process is about to end.
    pub(super) async fn turn_by_itself(&mut self) -> Option<TurnPlan> {
        let nobody_asks = self.deferred.is_empty() && self.mailbox.is_empty();
        if !nobody_asks || self.services.draining.is_on() || !std::mem::take(&mut self.may_begin_alone) {
            return None;
        }
        if self.services.queue.is_due()
            && let Some(plan) = self.queued_turn(None, None).await
        {
            return Some(plan);
        }
        let goals = &self.services.goals;
        let Continuation { items, follows } = tokio::select! {
            biased;
            // What is kept is read once, and others may be at the database: whoever asks for something need not wait.
            Some(mail) = self.mailbox.recv() => {
                self.deferred.push_back(*mail);
                self.may_begin_alone = true;
                return None;
            }
            next = goals.continuation(self.state.settings.collaboration_mode) => next?,
        };
        // The process may be about to end since the database was asked.
        if self.services.draining.is_on() {
            goals.hold().await;
            return None;
        }
        let start = StartTurn {
            turn_trigger: Some("goal".to_owned()),
            parent_turn_id: follows.as_ref().map(|turn| turn.id.to_string()),
            root_turn_id: follows.map(|turn| turn.root_id.to_string()),
            ..StartTurn::default()
        };
        let plan = self.state.start_turn(start, Reply::ignore());
        if plan.is_none() {
            goals.hold().await;
        }
        let task = TurnTask::Goal(items);
        plan.map(|plan| TurnPlan { task, ..plan })
    }

    /// The turn that a message of the queue becomes: the first, or the one of this id. A message that can't become one is
    /// dropped with a warning.
    pub(super) async fn queued_turn(
        &mut self,
        id: Option<&str>,
        reply: Option<Reply<Turn>>,
    ) -> Option<TurnPlan> {
        let queue = &self.services.queue;
        let taken = match queue.take(id).await {
            Ok(Some(taken)) => Ok(taken),
            Ok(None) => Err(Error::invalid(match id {
                Some(id) => format!("queued submission not found: {id}"),
                None => "queue is empty".to_owned(),
            })),
            Err(error) => Err(error),
        };
        let outbox = self.services.outbox.clone();
        match (taken, reply) {
            (Ok(taken), Some(reply)) => {
                let queue = Arc::clone(queue);
                let reply = Reply::new(move |started: Result<Turn>| {
                    if started.is_err() {
                        queue.forget_taken();
                    }
                    reply.send(started);
                    queue.tell();
                });
                self.state.start_turn(to_turn(taken), reply)
            }
            // The process may be about to end since the database was asked.
            (Ok(taken), None) if self.services.draining.is_on() => {
                if let Err(error) = queue.put_back(taken).await {
                    tracing::warn!(%error, "a queued message could not be put back; the next process does that");
                }
                None
            }
            (Ok(taken), None) => {
                queue.tell();
                let dropped = Arc::clone(queue);
                let reply = Reply::new(move |started: Result<Turn>| {
                    if let Err(error) = started {
                        dropped.forget_taken();
                        outbox.emit(Event::Warning(format!("A queued message was dropped: {error}")));
                    }
                });
                self.state.start_turn(to_turn(taken), reply)
            }
            (Err(error), Some(reply)) => {
                reply.send(Err(error));
                None
            }
            (Err(error), None) => {
                tracing::debug!(%error, "no queued message begins a turn");
                None
            }
        }
    }
}
