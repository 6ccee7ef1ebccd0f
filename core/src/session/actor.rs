//! The actor of one thread: owns its state, takes its mail, runs its turns.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::desk::{Say, TurnMail};
use super::front::Front;
use super::turn::{self, Outcome, TurnPlan, TurnResult};
use super::{Services, Session};
use crate::history::Entry;
use crate::{Error, Event, ItemsView, Op, Reply, Turn, TurnStatus, now_s};

/// What a thread can be sent.
#[derive(Debug)]
pub(crate) enum Mail {
    /// An operation.
    Op(Op),
    /// How many clients watch the thread.
    Subscribers(usize),
    /// As [`Op::Shutdown`], because the process ends: nothing is told any more.
    Quit(Reply<()>),
    /// Something that the user should know.
    Warning(String),
}

/// Takes a thread out of the engine. Gives `false` when there is new mail, and the thread has to stay.
pub(crate) type Unload = Box<dyn Fn(&mpsc::UnboundedReceiver<Mail>) -> bool + Send + Sync>;

/// The actor. The turn that runs is a future that it polls together with its mailbox, the mailbox first: everything
/// that can be asked of a thread is answered at any moment, in the order in which it was asked, and without locks.
///
/// The mailbox is not bounded by itself: it holds no more than the requests that the server lets be in flight.
pub(crate) struct Actor {
    pub(crate) mailbox: mpsc::UnboundedReceiver<Mail>,
    pub(crate) services: Services,
    pub(crate) session: Session,
    pub(crate) front: Front,
    pub(crate) unload: Unload,
    /// Came in while a turn was being stopped; taken after it.
    pub(crate) deferred: VecDeque<Mail>,
}

impl Actor {
    /// Lives until the thread is unloaded or shut down.
    pub(crate) async fn run(mut self) {
        let shutdown = loop {
            let Some(mail) = self.next_mail().await else {
                break None;
            };
            match mail {
                Mail::Subscribers(count) => self.front.subscribers = count,
                Mail::Warning(text) => self.front.outbox().emit(Event::Warning(text)),
                Mail::Op(Op::Shutdown { reply }) => break Some(reply),
                Mail::Quit(reply) => {
                    self.services.outbox.mute();
                    break Some(reply);
                }
                Mail::Op(Op::StartTurn { start, reply }) => {
                    if let Some(plan) = self.front.start_turn(*start, reply)
                        && let Some(reply) = Box::pin(self.turn(plan)).await
                    {
                        break Some(reply);
                    }
                }
                Mail::Op(Op::Steer { reply, .. }) => {
                    reply.send(Err(Error::invalid("no active turn to steer")));
                }
                Mail::Op(Op::Interrupt { turn_id, reply }) => reply.send(if turn_id.is_empty() {
                    Ok(())
                } else {
                    Err(Error::invalid("no active turn to interrupt"))
                }),
                Mail::Op(Op::InjectItems { items, reply }) => match Front::parse_items(items) {
                    Ok(items) => {
                        if let Some(warning) = self.session.history.load().await {
                            self.services.outbox.emit(Event::Warning(warning));
                        }
                        self.session.history.push(items);
                        self.services.outbox.log().flushed().await;
                        reply.send(Ok(()));
                    }
                    Err(error) => reply.send(Err(error)),
                },
                Mail::Op(Op::UpdateSettings { patch, reply }) => self.front.update_settings(&patch, reply),
                Mail::Op(Op::Snapshot { include_turns, reply }) => {
                    reply.send(Ok(self.front.snapshot(include_turns)));
                }
            }
        };
        self.end(shutdown).await;
    }

    /// The next thing to do while no turn runs. `None`: the thread is to end.
    async fn next_mail(&mut self) -> Option<Mail> {
        if let Some(mail) = self.deferred.pop_front() {
            return Some(mail);
        }
        let delay = self.services.config.thread_unload_delay;
        loop {
            let watched = self.front.subscribers > 0;
            tokio::select! {
                biased;
                mail = self.mailbox.recv() => return mail,
                () = tokio::time::sleep(delay), if !watched => {
                    if (self.unload)(&self.mailbox) {
                        return None;
                    }
                }
            }
        }
    }

    /// Runs a turn, and answers the mailbox meanwhile. Gives the reply of a shutdown that came in.
    async fn turn(&mut self, plan: TurnPlan) -> Option<Reply<()>> {
        let Self {
            mailbox,
            services,
            session,
            front,
            deferred,
            ..
        } = self;
        let (turn_mail, inbox) = mpsc::unbounded_channel();
        let cancel = CancellationToken::new();
        let mut turn = ActiveTurn {
            id: Arc::clone(&plan.id),
            root_id: plan.root_id.clone(),
            started_at: plan.started_at,
            began: Instant::now(),
            mail: turn_mail,
            interrupts: Vec::new(),
            shutdown: None,
        };
        let client = services.client.turn(front.identity(&plan));
        let mut work = std::pin::pin!(turn::run(services, session, plan, client, inbox, cancel.clone()));
        let mut open = true;
        let result = loop {
            tokio::select! {
                biased;
                mail = mailbox.recv(), if open => match mail {
                    Some(mail) if cancel.is_cancelled() && waits_for_next_turn(&mail) => {
                        deferred.push_back(mail);
                    }
                    Some(mail) => turn.take(mail, front, &cancel),
                    // Nobody can reach the thread any more, and so nobody wants its work.
                    None => {
                        open = false;
                        cancel.cancel();
                    }
                },
                result = &mut work => break result,
            }
        };
        turn.end(result, front).await
    }

    /// Ends the thread.
    async fn end(self, shutdown: Option<Reply<()>>) {
        let Self {
            services, mailbox, ..
        } = self;
        let within = std::time::Duration::from_millis(500);
        services
            .exec
            .shutdown(tokio::time::Instant::now() + within)
            .await;
        services.outbox.log().close().await;
        match shutdown {
            Some(reply) => {
                services.outbox.not_loaded();
                reply.send(Ok(()));
            }
            None => services.outbox.closed(),
        }
        // Operations that are still in the mailbox are answered by the drop of their replies.
        drop(mailbox);
    }
}

/// Whether mail that comes while a turn is being stopped is for the time after it.
fn waits_for_next_turn(mail: &Mail) -> bool {
    match mail {
        Mail::Op(
            Op::StartTurn { .. } | Op::Steer { .. } | Op::InjectItems { .. } | Op::UpdateSettings { .. },
        ) => true,
        Mail::Op(Op::Interrupt { .. } | Op::Snapshot { .. } | Op::Shutdown { .. })
        | Mail::Subscribers(_)
        | Mail::Quit(_)
        | Mail::Warning(_) => false,
    }
}

/// The running turn as the actor sees it.
struct ActiveTurn {
    id: Arc<str>,
    root_id: String,
    started_at: i64,
    began: Instant,
    mail: mpsc::UnboundedSender<TurnMail>,
    /// Answered when the turn has stopped.
    interrupts: Vec<Reply<()>>,
    shutdown: Option<Reply<()>>,
}

impl ActiveTurn {
    fn take(&mut self, mail: Mail, front: &mut Front, cancel: &CancellationToken) {
        match mail {
            Mail::Subscribers(count) => front.subscribers = count,
            Mail::Warning(text) => front.outbox().emit(Event::Warning(text)),
            Mail::Op(Op::Shutdown { reply }) => {
                self.shutdown = Some(reply);
                cancel.cancel();
            }
            Mail::Quit(reply) => {
                front.outbox.mute();
                self.shutdown = Some(reply);
                cancel.cancel();
            }
            Mail::Op(Op::Interrupt { turn_id, reply }) => {
                if turn_id.is_empty() || *turn_id == *self.id {
                    self.interrupts.push(reply);
                    cancel.cancel();
                } else {
                    reply.send(Err(Error::invalid(format!(
                        "expected active turn id {turn_id} but found {}",
                        self.id
                    ))));
                }
            }
            Mail::Op(Op::StartTurn { start, reply }) => {
                if let Some(say) = front.steer_by_start(*start, &self.id, &self.root_id, reply) {
                    self.post(TurnMail::Steer(say));
                }
            }
            Mail::Op(Op::Steer {
                expected_turn_id,
                input,
                client_user_message_id,
                additional_context,
                reply,
            }) => {
                let say = Say {
                    input,
                    client_id: client_user_message_id,
                    additional_context,
                };
                match Front::check_steer(&expected_turn_id, &say, &self.id) {
                    Ok(()) => {
                        reply.send(Ok(self.id.to_string()));
                        front.heard(&say.input);
                        self.post(TurnMail::Steer(say));
                    }
                    Err(error) => reply.send(Err(error)),
                }
            }
            Mail::Op(Op::InjectItems { items, reply }) => {
                reply.send(Front::parse_items(items).map(|items| self.post(TurnMail::Inject(items))));
            }
            Mail::Op(Op::UpdateSettings { patch, reply }) => front.update_settings(&patch, reply),
            Mail::Op(Op::Snapshot { include_turns, reply }) => reply.send(Ok(front.snapshot(include_turns))),
        }
    }

    fn post(&self, mail: TurnMail) {
        if matches!(&mail, TurnMail::Steer(say) if say.input.is_empty() && say.additional_context.is_empty())
        {
            return;
        }
        // The turn holds its end for as long as it runs.
        let _ = self.mail.send(mail);
    }

    /// The turn is over: first the history, then the clients.
    async fn end(self, result: TurnResult, front: &mut Front) -> Option<Reply<()>> {
        let completed_at = now_s();
        let duration_ms = i64::try_from(self.began.elapsed().as_millis()).unwrap_or(i64::MAX);
        let turn_id = self.id.to_string();
        let (status, error) = match result.outcome {
            Outcome::Completed => (TurnStatus::Completed, None),
            Outcome::Interrupted => (TurnStatus::Interrupted, None),
            Outcome::Failed(error) => (TurnStatus::Failed, Some(error)),
        };
        let entry = if status == TurnStatus::Interrupted {
            Entry::TurnAborted {
                turn_id: turn_id.clone(),
                started_at: self.started_at,
                completed_at,
                duration_ms,
            }
        } else {
            let to_ms = |first: std::time::Duration| i64::try_from(first.as_millis()).unwrap_or(i64::MAX);
            Entry::TurnCompleted {
                turn_id: turn_id.clone(),
                last_agent_message: result.last_message.as_ref().and_then(|item| match &item.body {
                    crate::ItemBody::AgentMessage { text, .. } => Some(text.clone()),
                    _ => None,
                }),
                error: error.clone(),
                started_at: self.started_at,
                completed_at,
                duration_ms,
                time_to_first_token_ms: result.first_token.map(to_ms),
            }
        };
        let outbox = front.outbox();
        outbox.log().append(vec![entry]);
        outbox.log().flushed().await;
        outbox.log().sync();
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
        let last_message = result.last_message.filter(|_| status == TurnStatus::Completed);
        outbox.turn_ended(turn, last_message, result.answered);
        front.info.updated_at = completed_at;
        self.shutdown
    }
}
