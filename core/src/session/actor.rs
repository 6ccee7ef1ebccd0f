//! The actor of one thread: owns its state, takes its mail, runs its turns.

mod by_itself;
mod inject;

use std::collections::VecDeque;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout};
use tracing::Instrument;

use super::active_turn::ActiveTurn;
use super::guardian;
use super::plan::approved_plan;
use super::state::ThreadState;
use super::turn::{self, TurnPlan, TurnTask};
use super::turn_end::{TurnResult, given_up};
use super::user_shell::ShellCommand;
use super::{ConversationState, Services};
use crate::busy::Busy;
use crate::config::Config;
use crate::realtime::Handoff;
use crate::{Error, ErrorKind, Event, Op, Reply, Result, StartTurn, Turn, TurnError, TurnOperation};

/// How long the commands of a thread may take to end with it, if the process goes on.
const COMMANDS_END: Duration = Duration::from_millis(500);

/// What a thread can be sent.
#[derive(Debug)]
pub(crate) enum ThreadMessage {
    /// An operation.
    Op(Op),
    /// How many clients watch the thread.
    Subscribers(usize),
    /// As [`Op::Shutdown`], because the process ends at this time: nothing is told any more, and what is to be kept is
    /// written before commands are waited for.
    Quit(Instant),
    /// Something that the user should know.
    Warning(String),
    /// The configuration was read again.
    Config(Arc<Config>),
    /// There may be something to do that nobody has to ask for.
    Wake,
    /// The voice conversation has work for the agent.
    Handoff(Handoff),
}

/// In a box: a mailbox has room for 32 of them from the start.
pub(crate) type Mail = Box<ThreadMessage>;

/// Takes a thread out of the engine. Gives `false` when there is new mail, and the thread has to stay.
pub(crate) type Unload = Box<dyn Fn(&mpsc::UnboundedReceiver<Mail>) -> bool + Send + Sync>;

/// Takes a thread out of the engine whatever mail there is.
pub(crate) type Remove = Box<dyn Fn() + Send + Sync>;

/// Why a thread ends.
pub(super) enum End {
    /// Nobody watches it.
    Idle,
    /// Somebody asked for it.
    Asked(Reply<()>),
    /// The process ends at this time.
    Quit(Instant),
    /// A fault of ours.
    Fault,
}

impl End {
    /// For the log.
    fn reason(&self) -> &'static str {
        match self {
            Self::Idle => "nobody watches it",
            Self::Asked(_) => "asked for",
            Self::Quit(_) => "the process ends",
            Self::Fault => "internal error",
        }
    }
}

/// The actor. The turn that runs is a future that it polls together with its mailbox, the mailbox first: everything
/// that can be asked of a thread is answered at any moment, in the order in which it was asked, and without locks.
///
/// The mailbox is not bounded by itself: it holds no more than the requests that the server lets be in flight.
pub(crate) struct Actor {
    pub(crate) mailbox: mpsc::UnboundedReceiver<Mail>,
    pub(crate) services: Services,
    pub(crate) session: ConversationState,
    pub(crate) state: ThreadState,
    pub(crate) unload: Unload,
    pub(crate) remove: Remove,
    /// Came in while a turn was being stopped; taken after it.
    pub(crate) deferred: VecDeque<ThreadMessage>,
    /// Nothing runs any more, or something came up: a turn may begin by itself.
    pub(super) may_begin_alone: bool,
    /// The turn that runs. Kept here, so that it has an end also after a fault.
    pub(super) active: Option<ActiveTurn>,
}

impl Actor {
    /// Lives until the thread is unloaded or shut down. A fault of ours costs its thread and no other: the thread then
    /// ends as any other does, and can be resumed.
    ///
    /// An actor lives in this future for days, so what it needs only now and then is kept in boxes of their own.
    pub(crate) async fn run(mut self: Box<Self>) {
        let end = match AssertUnwindSafe(self.serve()).catch_unwind().await {
            Ok(end) => end,
            Err(_) => {
                tracing::error!(thread = %self.state.info.id, "the thread's actor panicked; the thread is closed");
                (self.remove)();
                End::Fault
            }
        };
        Box::pin(self.end(end)).await;
    }

    async fn serve(&mut self) -> End {
        loop {
            if let Some(plan) = self.turn_by_itself().await {
                if let Some(end) = Box::pin(self.turn(plan)).await {
                    return end;
                }
                continue;
            }
            let Some(mail) = self.next_mail().await else {
                return End::Idle;
            };
            match mail {
                ThreadMessage::Subscribers(count) => self.state.subscribers = count,
                ThreadMessage::Warning(text) => self.state.outbox().emit(Event::Warning(text)),
                ThreadMessage::Config(config) => self.state.take_up(config),
                ThreadMessage::Wake => self.may_begin_alone = true,
                ThreadMessage::Handoff(handoff) => {
                    if let Some(plan) = self.handed_off(&handoff)
                        && let Some(end) = Box::pin(self.turn(plan)).await
                    {
                        return end;
                    }
                }
                ThreadMessage::Op(Op::Shutdown { reply }) => return End::Asked(reply),
                ThreadMessage::Quit(deadline) => {
                    self.services.realtime.end();
                    self.services.outbox.mute();
                    return End::Quit(deadline);
                }
                ThreadMessage::Op(Op::StartTurn { start, reply }) => {
                    if let Some(plan) = self.state.start_turn(*start, reply)
                        && let Some(end) = Box::pin(self.turn(plan)).await
                    {
                        return end;
                    }
                }
                ThreadMessage::Op(Op::ShellCommand {
                    command,
                    timeout,
                    reply,
                }) => {
                    let task = TurnTask::Shell(ShellCommand { command, timeout });
                    if let Some(end) = self.turn_for(task, reply).await {
                        return end;
                    }
                }
                ThreadMessage::Op(Op::Compact { reply }) => {
                    if let Some(end) = self.turn_for(TurnTask::Compact, reply).await {
                        return end;
                    }
                }
                ThreadMessage::Op(Op::StartReview { target, reply }) => {
                    if let Some(plan) = self.state.start_review(target, reply)
                        && let Some(end) = Box::pin(self.turn(plan)).await
                    {
                        return end;
                    }
                }
                ThreadMessage::Op(Op::Steer { reply, .. }) => {
                    reply.send(Err(Error::NoActiveTurn(TurnOperation::Steer)));
                }
                ThreadMessage::Op(Op::Interrupt { turn_id, reply }) => reply.send(if turn_id.is_empty() {
                    Ok(())
                } else {
                    Err(Error::NoActiveTurn(TurnOperation::Interrupt))
                }),
                ThreadMessage::Op(Op::InjectItems { items, reply, .. }) => {
                    match ThreadState::parse_items(items) {
                        Ok(items) => {
                            Box::pin(self.inject(items)).await;
                            reply.send(Ok(()));
                        }
                        Err(error) => reply.send(Err(error)),
                    }
                }
                ThreadMessage::Op(Op::PrepareApprovedPlan { plan, reply }) => {
                    let window = self.state.context_window();
                    self.session.load(&self.services, window).await;
                    self.session.history.push([approved_plan(&plan)]);
                    self.services.outbox.log().flushed().await;
                    reply.send(Ok(()));
                }
                ThreadMessage::Op(Op::ReviewLastCall { reply }) => {
                    let window = self.state.context_window();
                    self.session.load(&self.services, window).await;
                    let history = self.session.history.items();
                    guardian::review_last_call(&self.services, &self.state, history, reply);
                }
                ThreadMessage::Op(Op::UpdateSettings { patch, reply }) => {
                    self.state.update_settings(&patch, reply);
                }
                ThreadMessage::Op(Op::StartQueued { id, reply }) => {
                    if let Some(plan) = self.queued_turn(id.as_deref(), Some(reply)).await
                        && let Some(end) = Box::pin(self.turn(plan)).await
                    {
                        return end;
                    }
                }
                ThreadMessage::Op(Op::UpdateTurnSettings { patch, reply, .. }) => {
                    reply.send(self.state.check_turn_settings(&patch).map(|()| false));
                }
                ThreadMessage::Op(Op::Sample { request, reply }) => self.sample(*request, reply).await,
                ThreadMessage::Op(Op::CountQuestions { more, reply }) => {
                    reply.send(self.state.count_questions(more, &self.services.exec));
                }
                ThreadMessage::Op(
                    op @ (Op::StartRealtime { .. } | Op::AppendRealtime { .. } | Op::StopRealtime { .. }),
                ) => self.state.realtime(op, &self.services),
                ThreadMessage::Op(Op::Snapshot { include_turns, reply }) => {
                    reply.send(Ok(self.state.snapshot(include_turns)));
                }
            }
        }
    }

    /// Runs a turn that is there for something else than the user's words. Answers when it begins.
    async fn turn_for(&mut self, task: TurnTask, reply: Reply<()>) -> Option<End> {
        let reply = Reply::new(|turn: Result<Turn>| reply.send(turn.map(drop)));
        let plan = self.state.start_turn(StartTurn::default(), reply)?;
        Box::pin(self.turn(TurnPlan { task, ..plan })).await
    }

    /// The next thing to do while no turn runs. `None`: the thread is to end.
    async fn next_mail(&mut self) -> Option<ThreadMessage> {
        if let Some(mail) = self.deferred.pop_front() {
            return Some(mail);
        }
        let config = Arc::clone(&self.services.config);
        let delay = config.thread_unload_delay;
        loop {
            let watched = self.state.subscribers > 0;
            // A time that no clock can hold never comes.
            let since = self.state.unnoted.since();
            let note_at = config.notes_after.and_then(|after| since?.checked_add(after));
            let note_at = note_at.filter(|_| !self.services.draining.is_on());
            tokio::select! {
                biased;
                mail = self.mailbox.recv() => return mail.map(|mail| *mail),
                () = sleep_until(note_at.unwrap_or_else(Instant::now)), if note_at.is_some() => {
                    self.take_notes().await;
                }
                () = tokio::time::sleep(delay), if !watched => {
                    self.take_notes().await;
                    // What only memory knows is kept as long as the process lives.
                    let saved = self.services.outbox.log().problem().is_none();
                    if saved && (self.unload)(&self.mailbox) {
                        return None;
                    }
                }
            }
        }
    }

    /// Runs a turn, and answers the mailbox meanwhile. Gives why the thread is to end, if that came in.
    async fn turn(&mut self, plan: TurnPlan) -> Option<End> {
        let Self {
            mailbox,
            services,
            session,
            state,
            deferred,
            active,
            ..
        } = self;
        let _busy = Busy::begin();
        let mut client = services.client.turn(state.identity(&plan));
        client.on_auth_recovery(turn::auth_recovery_listener(&services.outbox, &plan));
        let (turn, inbox) = ActiveTurn::new(&plan);
        let span = turn.span().clone();
        tracing::info!(
            parent: &span,
            model = plan.settings.model,
            provider = plan.settings.model_provider,
            "turn started"
        );
        let turn = active.insert(turn);
        let result = {
            let work = turn::run(services, session, plan, client, inbox).instrument(span.clone());
            let mut work = std::pin::pin!(work);
            let mut open = true;
            loop {
                let patience = turn.patience();
                tokio::select! {
                    biased;
                    mail = mailbox.recv(), if open => match mail.map(|mail| *mail) {
                        Some(mail) if turn.is_stopping() && waits_for_next_turn(&mail) => {
                            deferred.push_back(mail);
                        }
                        Some(ThreadMessage::Op(Op::Compact { reply })) => {
                            reply.send(Ok(()));
                            turn.stop_for_another();
                            let reply = Reply::ignore();
                            deferred.push_back(ThreadMessage::Op(Op::Compact { reply }));
                        }
                        Some(ThreadMessage::Handoff(handoff)) if services.draining.is_on() => {
                            services.realtime.handoff_refused(&handoff.id);
                        }
                        Some(mail @ ThreadMessage::Handoff(_)) if turn.refuses_input() => {
                            deferred.push_back(mail);
                        }
                        Some(mail @ ThreadMessage::Op(Op::StartReview { .. })) => {
                            turn.stop_for_another();
                            deferred.push_back(mail);
                        }
                        Some(mail) => turn.take(mail, state, services),
                        // Nobody can reach the thread any more, and so nobody wants its work.
                        None => {
                            open = false;
                            turn.stop();
                        }
                    },
                    result = &mut work => break Some(result),
                    () = sleep_until(patience.unwrap_or_else(Instant::now)), if patience.is_some() => break None,
                }
            }
        };
        let result = result.unwrap_or_else(|| {
            tracing::warn!(parent: &span, "a turn did not stop in time; it is given up");
            given_up(session, services)
        });
        let turn = active.take()?;
        self.may_begin_alone = true;
        turn.end(result, state, services).instrument(span).await
    }

    /// Ends the thread: its turn, its commands, its log. Each of them whatever becomes of the others.
    async fn end(self, end: End) {
        let Self {
            services,
            mailbox,
            mut state,
            active,
            ..
        } = self;
        let reason = end.reason();
        services.realtime.end();
        let time = match end {
            // The rest of it is for the log.
            End::Quit(deadline) => deadline.saturating_duration_since(Instant::now()) * 4 / 5,
            End::Idle | End::Asked(_) | End::Fault => COMMANDS_END,
        };
        let commands = services.exec.shutdown(Instant::now() + time);
        let commands = AssertUnwindSafe(commands).catch_unwind();
        let mut asked = None;
        if commands.await.is_err() {
            tracing::error!("ending the commands of a thread panicked");
        }
        // After a fault: a turn that has been told has an end, too.
        if let Some(turn) =
            active.or_else(|| ActiveTurn::of(services.outbox.running()?, Arc::clone(&state.settings)))
        {
            let span = turn.span().clone();
            let ending = turn.end(TurnResult::failed(fault()), &mut state, &services);
            let ending = ending.instrument(span);
            let ending = AssertUnwindSafe(ending);
            match ending.catch_unwind().await {
                Ok(Some(End::Asked(reply))) => asked = Some(reply),
                Ok(_) => {}
                Err(_) => tracing::error!("ending a turn panicked"),
            }
        }
        if timeout(time, services.goals.flush()).await.is_err() {
            tracing::warn!("what was spent on a goal could not be saved in time");
        }
        if let Some(guardian) = &services.guardian {
            guardian.close().await;
        }
        if let Err(lost) = services.outbox.log().close().await {
            tracing::error!("{lost}");
            services.outbox.emit(Event::Warning(lost));
        }
        // Others may have the file by now: hooks take their time.
        if !matches!(end, End::Quit(_)) {
            services.hooks.end_session(false).await;
        }
        services.hooks.close();
        services.mcp.close();
        if let End::Asked(reply) = end {
            asked = Some(reply);
        }
        match asked {
            Some(reply) => {
                services.outbox.not_loaded();
                reply.send(Ok(()));
            }
            None => services.outbox.closed(),
        }
        tracing::info!(reason, "thread unloaded");
        // Operations that are still in the mailbox are answered by the drop of their replies.
        drop(mailbox);
    }
}

/// What is told of a turn that a fault of ours has ended.
fn fault() -> TurnError {
    TurnError {
        message: "An internal error of codex-app-server has ended this turn and closed the thread. Resume the thread \
                  to go on; the server's log says more."
            .into(),
        kind: ErrorKind::Other,
        details: None,
        misalignment: None,
    }
}

/// Whether mail that comes while a turn is being stopped is for the time after it.
fn waits_for_next_turn(mail: &ThreadMessage) -> bool {
    match mail {
        ThreadMessage::Op(
            Op::StartTurn { .. }
            | Op::Steer { .. }
            | Op::ShellCommand { .. }
            | Op::StartReview { .. }
            | Op::PrepareApprovedPlan { .. }
            | Op::ReviewLastCall { .. }
            | Op::InjectItems { .. }
            | Op::Compact { .. }
            | Op::UpdateSettings { .. }
            | Op::StartQueued { .. },
        )
        | ThreadMessage::Handoff(_) => true,
        ThreadMessage::Op(
            Op::Interrupt { .. }
            | Op::UpdateTurnSettings { .. }
            | Op::Sample { .. }
            | Op::CountQuestions { .. }
            | Op::StartRealtime { .. }
            | Op::AppendRealtime { .. }
            | Op::StopRealtime { .. }
            | Op::Snapshot { .. }
            | Op::Shutdown { .. },
        )
        | ThreadMessage::Wake
        | ThreadMessage::Subscribers(_)
        | ThreadMessage::Quit(_)
        | ThreadMessage::Config(_)
        | ThreadMessage::Warning(_) => false,
    }
}
