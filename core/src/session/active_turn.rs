//! The running turn as the actor sees it.

use std::sync::Arc;

use serde_json::Value;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::actor::{End, ThreadMessage};
use super::inbox::{TurnInbox, TurnInput, TurnMessage};
use super::notify::{TurnComplete, notify};
use super::state::ThreadState;
use super::turn::{TurnPlan, TurnTask};
use super::turn_end::{Outcome, TurnResult, TurnTimes};
use super::user_shell::{self, ShellCommand, ShellContext};
use super::{Services, realtime, sample};
use crate::exec::OutputLimit;
use crate::goal_tracker::TurnEnd;
use crate::realtime::Handoff;
use crate::{
    Error, Event, ItemBody, ItemsView, Op, Reply, Sample, SampleRequest, StartTurn, ThreadSettings, Turn,
    TurnError, TurnOperation, TurnStatus,
};

/// See the module.
pub(super) struct ActiveTurn {
    id: Arc<str>,
    root_id: String,
    /// See [`TurnTask::refuses_input_as`](super::turn::TurnTask::refuses_input_as).
    refuses_input_as: Option<&'static str>,
    /// It is there to sum up the history.
    is_compaction: bool,
    /// What its log lines belong to.
    span: tracing::Span,
    started_at: i64,
    began: Instant,
    mail: mpsc::UnboundedSender<TurnMessage>,
    /// See [`TurnInbox`].
    cancel: CancellationToken,
    hurry: CancellationToken,
    replaced: CancellationToken,
    /// Answered when the turn has stopped.
    interrupts: Vec<Reply<()>>,
    /// The thread is to end then.
    end: Option<End>,
    /// What it runs with.
    settings: Arc<ThreadSettings>,
    /// When it is given up, once the process ends.
    patience: Option<Instant>,
    /// What the model gets of one output at most.
    output_limit: OutputLimit,
    /// What its answer has to follow.
    output_schema: Option<Value>,
}

impl ActiveTurn {
    /// A turn that begins, and what reaches it from outside.
    pub(super) fn new(plan: &TurnPlan) -> (Self, TurnInbox) {
        let (mail, inbox) = mpsc::unbounded_channel();
        let turn = Self {
            id: Arc::clone(&plan.id),
            root_id: plan.root_id.clone(),
            refuses_input_as: plan.task.refuses_input_as(),
            is_compaction: matches!(plan.task, TurnTask::Compact),
            span: tracing::info_span!("turn", id = %plan.id),
            started_at: plan.started_at,
            began: Instant::now(),
            mail,
            cancel: CancellationToken::new(),
            hurry: CancellationToken::new(),
            replaced: CancellationToken::new(),
            interrupts: Vec::new(),
            end: None,
            settings: Arc::clone(&plan.settings),
            patience: None,
            output_limit: plan.request.output_limit,
            output_schema: plan.request.output_schema().cloned(),
        };
        let inbox = TurnInbox {
            mail: inbox,
            cancel: turn.cancel.clone(),
            hurry: turn.hurry.clone(),
            replaced: turn.replaced.clone(),
            waiting: Vec::new(),
        };
        (turn, inbox)
    }

    /// A turn of which no more is known than what was told. `None`: nothing was told of its start.
    pub(super) fn of(told: Turn, settings: Arc<ThreadSettings>) -> Option<Self> {
        Some(Self {
            span: tracing::info_span!("turn", id = %told.id),
            root_id: told.root_turn_id.unwrap_or_else(|| told.id.clone()),
            id: told.id.into(),
            refuses_input_as: None,
            is_compaction: false,
            started_at: told.started_at?,
            began: Instant::now(),
            mail: mpsc::unbounded_channel().0,
            cancel: CancellationToken::new(),
            hurry: CancellationToken::new(),
            replaced: CancellationToken::new(),
            interrupts: Vec::new(),
            end: None,
            settings,
            patience: None,
            output_limit: OutputLimit::default(),
            output_schema: None,
        })
    }

    /// What its log lines belong to.
    pub(super) fn span(&self) -> &tracing::Span {
        &self.span
    }

    /// Whether it has been asked to stop.
    pub(super) fn is_stopping(&self) -> bool {
        self.cancel.is_cancelled()
    }

    /// When it is given up, if it is to hurry.
    pub(super) fn patience(&self) -> Option<Instant> {
        self.patience
    }

    /// Whether nobody may say anything to it.
    pub(super) fn refuses_input(&self) -> bool {
        self.refuses_input_as.is_some()
    }

    /// Why a turn/start can't join it, as clients know it.
    fn refusal_of(&self, start: &StartTurn) -> Option<&'static str> {
        let says_something =
            !start.input.is_empty() || start.tool_output.is_some() || start.agent_message.is_some();
        if !says_something {
            return Some("EmptyInput");
        }
        let differs = start.output_schema.is_some() && start.output_schema != self.output_schema;
        differs.then_some("ActiveTurnOutputSchemaMismatch")
    }

    /// The voice conversation has more work, or says more about it.
    fn hear_handoff(&self, handoff: &Handoff, state: &mut ThreadState, services: &Services) {
        services.realtime.handoff_taken(&handoff.id, &self.id);
        let input = realtime::input(handoff);
        state.heard(&input);
        self.post(TurnMessage::Steer(TurnInput {
            input,
            ..TurnInput::default()
        }));
        services.agents.mailbox.steered();
    }

    /// Asks it to stop.
    pub(super) fn stop(&self) {
        self.cancel.cancel();
    }

    /// Asks it to stop, because another turn takes its place.
    pub(super) fn stop_for_another(&self) {
        self.replaced.cancel();
        self.stop();
    }

    /// Takes mail of the thread.
    pub(super) fn take(&mut self, mail: ThreadMessage, state: &mut ThreadState, services: &Services) {
        match mail {
            ThreadMessage::Subscribers(count) => state.subscribers = count,
            ThreadMessage::Warning(text) => state.outbox().emit(Event::Warning(text)),
            // The end of the turn is looked at anyway.
            ThreadMessage::Wake => {}
            ThreadMessage::Config(config) => state.take_up(config),
            ThreadMessage::Handoff(handoff) => self.hear_handoff(&handoff, state, services),
            ThreadMessage::Op(Op::Shutdown { reply }) => {
                self.end = Some(End::Asked(reply));
                self.stop();
            }
            ThreadMessage::Quit(deadline) => {
                services.realtime.end();
                state.outbox.mute();
                let now = Instant::now();
                // The rest of the time is for commands, and for the log.
                self.patience = Some(now + deadline.saturating_duration_since(now) / 3);
                if self.end.is_none() {
                    self.end = Some(End::Quit(deadline));
                }
                self.hurry.cancel();
                self.stop();
            }
            ThreadMessage::Op(Op::Interrupt { turn_id, reply }) => {
                if turn_id.is_empty() || *turn_id == *self.id {
                    self.interrupts.push(reply);
                    self.stop();
                    services.agents.control.interrupt_descendants(state.info.id);
                } else {
                    reply.send(Err(Error::StaleTurn {
                        expected: turn_id,
                        active: self.id.to_string(),
                        operation: TurnOperation::Interrupt,
                    }));
                }
            }
            ThreadMessage::Op(Op::StartTurn { start, reply }) => {
                if let Some(kind) = self.refuses_input_as {
                    reply.send(Err(Error::NotSteerable { kind, by_start: true }));
                    return;
                }
                if let Some(why) = self.refusal_of(&start) {
                    reply.send(Err(Error::internal(format!(
                        "failed to submit turn input: {why}"
                    ))));
                    return;
                }
                let waits = start.waits_its_turn;
                if let Some(turn_input) = state.steer_by_start(*start, &self.id, &self.root_id, reply) {
                    if waits {
                        self.post(TurnMessage::Queued(turn_input));
                    } else {
                        self.post(TurnMessage::Steer(turn_input));
                        services.agents.mailbox.steered();
                    }
                }
            }
            ThreadMessage::Op(Op::Steer {
                expected_turn_id,
                input,
                client_user_message_id,
                additional_context,
                metadata,
                reply,
            }) => {
                let mut turn_input = TurnInput {
                    input,
                    client_id: client_user_message_id,
                    additional_context,
                    ..TurnInput::default()
                };
                let refused = self.refuses_input_as.map(|kind| Error::NotSteerable {
                    kind,
                    by_start: false,
                });
                let checked = ThreadState::check_steer(&expected_turn_id, &turn_input, &self.id);
                match checked.and_then(|()| refused.map_or(Ok(()), Err)) {
                    Ok(()) => {
                        reply.send(Ok(self.id.to_string()));
                        state.heard(&turn_input.input);
                        turn_input.metadata = state.changed_metadata(metadata);
                        self.post(TurnMessage::Steer(turn_input));
                        services.agents.mailbox.steered();
                    }
                    Err(error) => reply.send(Err(error)),
                }
            }
            ThreadMessage::Op(Op::InjectItems {
                items,
                is_urgent,
                reply,
            }) => {
                let items = ThreadState::parse_items(items);
                reply.send(items.map(|items| self.post(TurnMessage::Inject { items, is_urgent })));
            }
            ThreadMessage::Op(Op::ShellCommand {
                command,
                timeout,
                reply,
            }) => {
                reply.send(Ok(()));
                let cx = ShellContext {
                    exec: Arc::clone(&services.exec),
                    outbox: services.outbox.clone(),
                    turn_id: Arc::clone(&self.id),
                    settings: Arc::clone(&state.settings),
                    output_limit: self.output_limit,
                    cancel: self.cancel.child_token(),
                };
                let command = ShellCommand { command, timeout };
                self.post(TurnMessage::Shell(
                    self.span.in_scope(|| user_shell::start(cx, command)),
                ));
            }
            // Comes when the turn has ended.
            ThreadMessage::Op(Op::Compact { reply }) => reply.send(Ok(())),
            ThreadMessage::Op(Op::UpdateSettings { patch, reply }) => state.update_settings(&patch, reply),
            ThreadMessage::Op(Op::StartQueued { reply, .. }) => reply.send(Err(Error::invalid(
                "thread already has an active or pending turn",
            ))),
            ThreadMessage::Op(Op::UpdateTurnSettings {
                turn_id,
                patch,
                reply,
            }) => {
                let checked = state.check_turn_settings(&patch);
                let changed = checked.and_then(|()| {
                    (*turn_id == *self.id)
                        .then(|| state.turn_settings(&self.settings, &patch))
                        .transpose()
                });
                reply.send(changed.map(|changed| {
                    let is_here = changed.is_some();
                    if let Some(new) = changed {
                        self.settings = Arc::clone(&new.settings);
                        self.post(TurnMessage::Settings(Box::new(new)));
                    }
                    is_here
                }));
            }
            ThreadMessage::Op(Op::Sample { request, reply }) => self.sample(*request, reply, state, services),
            ThreadMessage::Op(Op::CountQuestions { more, reply }) => {
                reply.send(state.count_questions(more, &services.exec));
            }
            ThreadMessage::Op(
                op @ (Op::StartRealtime { .. } | Op::AppendRealtime { .. } | Op::StopRealtime { .. }),
            ) => state.realtime(op, services),
            ThreadMessage::Op(Op::PrepareApprovedPlan { reply, .. }) => {
                reply.send(Err(Error::invalid("The thread already has an active turn.")));
            }
            ThreadMessage::Op(Op::ReviewLastCall { reply }) => {
                reply.send(Err(Error::invalid("thread has an active turn")));
            }
            // Comes when the turn has ended.
            ThreadMessage::Op(Op::StartReview { reply, .. }) => drop(reply),
            ThreadMessage::Op(Op::Snapshot { include_turns, reply }) => {
                reply.send(Ok(state.snapshot(include_turns)));
            }
        }
    }

    /// Asks the model something beside the turn, as soon as the turn tells how the history stands.
    fn sample(&self, request: SampleRequest, reply: Reply<Sample>, state: &ThreadState, services: &Services) {
        let refused = if let Err(error) = sample::check(&request, &services.outbox) {
            Some(error)
        } else if !request.while_running {
            Some(Error::invalid("sample source must be idle"))
        } else if request.expected_turn_id != *self.id {
            Some(Error::invalid("sample source turn must be the running turn"))
        } else {
            None
        };
        if let Some(error) = refused {
            return reply.send(Err(error));
        }
        let job = state.sample_job(services, request, &self.settings);
        let (tell, history) = oneshot::channel();
        self.post(TurnMessage::Snapshot(tell));
        tokio::spawn(async move {
            reply.send(match history.await {
                Ok(history) => job.run(history).await,
                Err(_) => Err(Error::internal(
                    "the turn ended before the sample could begin; try again",
                )),
            });
        });
    }

    fn post(&self, mail: TurnMessage) {
        if matches!(&mail, TurnMessage::Steer(turn_input) if turn_input.is_empty()) {
            return;
        }
        // The turn holds its end for as long as it runs.
        let _ = self.mail.send(mail);
    }

    /// The turn is over: first the history, then the clients.
    pub(super) async fn end(
        self,
        result: TurnResult,
        state: &mut ThreadState,
        services: &Services,
    ) -> Option<End> {
        let times = TurnTimes::until_now(self.started_at, self.began);
        let entry = result.entry(&self.id, times);
        let TurnTimes {
            completed_at,
            duration_ms,
            ..
        } = times;
        let turn_id = self.id.to_string();
        let (status, error) = match result.outcome {
            Outcome::Completed => (TurnStatus::Completed, None),
            Outcome::Interrupted => {
                let guardian = services.guardian.as_ref();
                let error = guardian.and_then(|guardian| guardian.error_of(&self.id));
                (TurnStatus::Interrupted, error)
            }
            Outcome::Failed(error) => (TurnStatus::Failed, Some(error)),
        };
        tracing::info!(
            ?status,
            duration_ms,
            input_tokens = result.usage.input_tokens,
            cached_input_tokens = result.usage.cached_input_tokens,
            output_tokens = result.usage.output_tokens,
            error = error.as_ref().map(|error| tracing::field::debug(&error.kind)),
            "turn ended"
        );
        services
            .realtime
            .turn_ended(&turn_id, status == TurnStatus::Completed);
        state.last_turn = Some(turn_id.clone());
        state.unnoted.turn_ended();
        services.queue.turn_ended(status == TurnStatus::Interrupted);
        services.goals.turn_ended(turn_end(status, error.as_ref())).await;
        let outbox = state.outbox();
        outbox.log().append(vec![entry]);
        outbox.log().flushed().await;
        outbox.settled().await;
        outbox.log().sync();
        services.queue.forget_taken();
        for reply in self.interrupts {
            reply.send(Ok(()));
        }
        let turn = Turn {
            id: turn_id,
            root_turn_id: Some(self.root_id),
            status,
            items: Vec::new(),
            items_view: ItemsView::NotLoaded,
            error,
            started_at: Some(self.started_at),
            completed_at: Some(completed_at),
            duration_ms: Some(duration_ms),
        };
        if let Some(why) = outbox.log().problem() {
            outbox.emit(Event::Warning(format!(
                "This turn is not saved: {why}. It is kept in memory and saved when the disk takes it."
            )));
        }
        let last_message = result.last_message.filter(|_| status == TurnStatus::Completed);
        let diff = result.diff.filter(|_| status != TurnStatus::Interrupted);
        if status == TurnStatus::Completed
            && !self.is_compaction
            && let Some(program) = &state.config.notify
        {
            let told = TurnComplete {
                thread_id: &state.info.id.to_string(),
                turn_id: &turn.id,
                cwd: &state.settings.cwd,
                client: state.info.originator.as_deref(),
                input_messages: &state.said,
                last_assistant_message: last_message.as_ref().and_then(|item| match &item.body {
                    ItemBody::AgentMessage { text, .. } => Some(text.as_str()),
                    _ => None,
                }),
            };
            notify(program, &told);
        }
        let answer = result.answer.filter(|_| status == TurnStatus::Completed);
        outbox.turn_ended(turn, answer, result.answered, diff);
        state.info.updated_at = completed_at;
        self.end
    }
}

/// How the turn ended, as far as the goal is concerned.
fn turn_end(status: TurnStatus, error: Option<&TurnError>) -> TurnEnd {
    match (status, error) {
        (TurnStatus::Interrupted, _) => TurnEnd::Interrupted,
        (_, Some(error)) => TurnEnd::Failed(error.kind),
        (_, None) => TurnEnd::Completed,
    }
}
