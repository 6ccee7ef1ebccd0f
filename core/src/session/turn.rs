//! One turn: requests to the model, its answers, its tool calls, until it has nothing more to do.

mod auth_recovery;
mod begin;
mod compaction;
mod events;
mod hooks;
mod retry;
mod review;
mod shells;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};

pub(super) use self::auth_recovery::auth_recovery_listener;
use self::hooks::{RequestEnd, SAMPLING, TurnHooks};
use super::calls::Calls;
use super::history::message;
use super::inbox::{StreamInterrupt, TurnInbox, TurnInput, TurnMessage};
use super::message::MessageContext;
use super::request::Request;
use super::stream::{ResponseItems, TakenIds};
use super::turn_end::{Outcome, TurnResult};
use super::user_shell::{RunningShellCommand, ShellCommand};
use super::{ConversationState, Services};
use crate::features;
use crate::history::Entry;
use crate::model::{ModelClientSession, ModelError, Prompt, RateLimitSnapshot, ResponseItem};
use crate::net::client::network;
use crate::{ErrorKind, Event, Item, ModeKind, ReviewTarget, ThreadSettings, TokenUsage};

/// What a turn is to do.
#[derive(Debug)]
pub(crate) struct TurnPlan {
    pub(crate) id: Arc<str>,
    pub(crate) root_id: String,
    /// The turn that it was started from, by the word of whoever started it.
    pub(crate) parent_id: Option<String>,
    /// Why it was started: the client's word, or that of what begins by itself.
    pub(crate) trigger: Option<String>,
    pub(crate) started_at: i64,
    pub(crate) settings: Arc<ThreadSettings>,
    /// The settings are new since the last turn; the history must know.
    pub(crate) new_settings: bool,
    pub(crate) request: Request,
    pub(crate) turn_input: TurnInput,
    pub(crate) task: TurnTask,
    /// The voice conversation has begun it.
    pub(crate) is_handoff: bool,
}

/// What a turn is there for.
#[derive(Debug)]
pub(crate) enum TurnTask {
    /// To answer the user.
    Regular,
    /// To run a command of the user.
    Shell(ShellCommand),
    /// To sum up the history.
    Compact,
    /// To work for the thread's goal: nobody has asked for it just now. This is what the model is told.
    Goal(Vec<ResponseItem>),
    /// To review changes.
    Review(ReviewTarget),
}

impl TurnTask {
    /// What a turn of this kind is called where it refuses input that comes while it runs. `None`: it takes it.
    pub(crate) fn refuses_input_as(&self) -> Option<&'static str> {
        match self {
            Self::Regular | Self::Shell(_) | Self::Goal(_) => None,
            Self::Compact => Some("compact"),
            Self::Review(_) => Some("review"),
        }
    }
}

/// How a response ended.
struct Completed {
    response_id: String,
    usage: Option<TokenUsage>,
    end_turn: Option<bool>,
    /// Why the turn can't go on.
    failure: Option<Box<ModelError>>,
}

/// Runs a turn to its end. It is told apart from the actor's own state on purpose: the actor answers its mailbox
/// while it polls this.
pub(crate) async fn run(
    services: &Services,
    session: &mut ConversationState,
    plan: TurnPlan,
    client: ModelClientSession,
    inbox: TurnInbox,
) -> TurnResult {
    let prompt = plan.request.prompt(services, &plan.settings);
    let mut turn = Turn {
        services,
        session,
        plan,
        client,
        prompt,
        inbox,
        began: Instant::now(),
        last_message: None,
        answer: None,
        answered: false,
        first_token: None,
        rerouted: false,
        verified: false,
        limits: Vec::new(),
        taken_ids: TakenIds::new(),
        noticed: Vec::new(),
        shells: FuturesUnordered::new(),
        asked: false,
        overflowed: false,
        interrupt_told: false,
        hooks: TurnHooks::default(),
    };
    let outcome = turn.run_to_end().await;
    turn.session.history.turn_ended();
    TurnResult {
        outcome,
        last_message: turn.last_message,
        answer: turn.answer,
        answered: turn.answered,
        first_token: turn.first_token,
        usage: turn.session.usage.turn(),
        diff: services.patches.turn_ended(&turn.plan.id),
    }
}

struct Turn<'a> {
    services: &'a Services,
    session: &'a mut ConversationState,
    plan: TurnPlan,
    client: ModelClientSession,
    prompt: Prompt,
    inbox: TurnInbox,
    began: Instant,
    last_message: Option<Item>,
    /// The last message that is meant to be read.
    answer: Option<Item>,
    answered: bool,
    first_token: Option<Duration>,
    rerouted: bool,
    verified: bool,
    /// Limits that came with the response; told after its token counts.
    limits: Vec<RateLimitSnapshot>,
    /// Identifiers that items of the turn have.
    taken_ids: TakenIds,
    /// What the user has been told of losses.
    noticed: Vec<String>,
    /// Commands of the user that run.
    shells: FuturesUnordered<RunningShellCommand>,
    /// The model has been asked.
    asked: bool,
    /// The history was summed up because a server refused it for its length.
    overflowed: bool,
    /// The history says already that the turn was interrupted.
    interrupt_told: bool,
    /// What hooks have to say of it.
    hooks: TurnHooks,
}

impl Turn<'_> {
    async fn run_to_end(&mut self) -> Outcome {
        let outcome = match self.begin().await {
            Ok(()) => self.work().await,
            Err(outcome) => Err(outcome),
        };
        if let Err(outcome) = &outcome {
            self.give_up(outcome).await;
        }
        outcome.err().unwrap_or(Outcome::Completed)
    }

    /// Works until the model has nothing more to do, and nobody has anything more for it.
    async fn work(&mut self) -> Result<(), Outcome> {
        match std::mem::replace(&mut self.plan.task, TurnTask::Regular) {
            TurnTask::Regular => {}
            // Rare and large: kept out of the future that every busy thread holds.
            TurnTask::Review(target) => return Box::pin(self.review(target)).await,
            TurnTask::Shell(command) => {
                self.start_shell(command);
                self.finish_shells().await?;
                if !self.inbox.has_steer() {
                    self.drain_inbox().await;
                    return Ok(());
                }
                self.begin_conversation_late().await?;
            }
            TurnTask::Compact => return self.compact_as_asked().await,
            TurnTask::Goal(items) => self.session.history.push(items),
        }
        while !self.hooks.refused {
            if self.sample().await? || (self.inbox.has_urgent() && !self.hooks.refused) {
                continue;
            }
            if self.hooks.refused {
                break;
            }
            if self.any_shell() {
                self.finish_shells().await?;
                continue;
            }
            let news = self.services.goals.news(true).await;
            if !news.is_empty() {
                self.session.history.push(news);
                continue;
            }
            if !self.may_stop().await? || self.inbox.has_urgent() {
                continue;
            }
            self.compact_after_turn().await?;
            if !self.inbox.has_urgent() {
                break;
            }
        }
        if self.any_shell() {
            self.finish_shells().await?;
        }
        self.drain_inbox().await;
        Ok(())
    }

    /// Leaves a history that the next turn can go on with. What the user said and the model did not hear stays in it.
    async fn give_up(&mut self, outcome: &Outcome) {
        self.hooks.resting = true;
        self.session.history.close_calls();
        // Those of an interrupted turn are aborted, which is quick; those of a failed one go on to their end.
        while self.any_shell() {
            let result = self.shells.next().await;
            self.session.history.push(result.and_then(Result::ok));
        }
        while self.inbox.has_steer() {
            self.drain_inbox().await;
        }
        self.drain_inbox().await;
        if matches!(outcome, Outcome::Interrupted) {
            // An interrupt between two requests has not been noticed by anybody else.
            self.services.outbox.turn_stops();
            if !self.interrupt_told && !self.inbox.replaced.is_cancelled() {
                let marker = self.services.interrupt_marker(self.plan.request.agents);
                self.session.history.push(marker);
            }
            self.tell_interrupt().await;
        }
    }

    /// Takes what has come in since the last request.
    async fn drain_inbox(&mut self) {
        self.inbox.take_mail();
        self.services.agents.mailbox.all_seen();
        for mail in std::mem::take(&mut self.inbox.waiting) {
            match mail {
                TurnMessage::Steer(mut turn_input) | TurnMessage::Queued(mut turn_input) => {
                    if let Some(metadata) = turn_input.metadata.take() {
                        self.client.set_client_metadata(metadata);
                    }
                    self.hear(turn_input).await;
                    self.services.goals.user_spoke().await;
                }
                TurnMessage::Inject { items, .. } => self.session.history.push(items),
                TurnMessage::Snapshot(answer) => {
                    // Nobody may be there any more.
                    let _ = answer.send(self.session.history.snapshot());
                }
                TurnMessage::Settings(new) => {
                    let plan = &mut self.plan;
                    plan.settings = new.settings;
                    plan.request = new.request.with_choices_of(&mut plan.request, new.new_tier);
                    self.prompt = plan.request.prompt(self.services, &plan.settings);
                }
                TurnMessage::Shell(running) => self.shells.push(running),
            }
        }
        while let Some(Some(ended)) = self.shells.next().now_or_never() {
            self.session.history.push(ended.ok());
        }
    }

    /// One request and what follows from it. `true`: another one is needed.
    async fn sample(&mut self) -> Result<bool, Outcome> {
        // What has come in meanwhile is newer than what is summed up: it goes behind the summary, as it is.
        self.compact_if_due().await?;
        self.drain_inbox().await;
        if self.hooks.refused {
            return Ok(false);
        }
        self.tell_of_servers().await;
        self.compact_if_due().await?;
        if !self.begin_session().await? {
            return Ok(false);
        }
        self.hear_waiting_hooks();
        let approved = self.services.approvals.take_news();
        self.session
            .history
            .push(approved.map(|text| message("developer", [text])));
        self.asked = true;
        let news = self.services.goals.news(false).await;
        self.session.history.push(news);
        match self.request().await {
            Ok(more) => {
                self.client.on_success();
                self.model_request_over();
                Ok(more)
            }
            Err(StreamInterrupt::Steered) => {
                self.model_request_over();
                Ok(true)
            }
            Err(StreamInterrupt::Interrupted) => Err(Outcome::Interrupted),
            Err(StreamInterrupt::Failed(error)) => self.failed(&error).await.map(|()| true),
        }
    }

    /// Takes up what MCP servers and the account offer now; the first turn of a thread waits for the servers a little.
    /// `true`: that is something else than before.
    async fn take_up_servers(&mut self) -> bool {
        let mcp = &self.services.mcp;
        tokio::select! {
            biased;
            () = self.inbox.cancel.cancelled() => return false,
            ((), ()) = futures_util::future::join(mcp.settle(), self.services.images.know_account()) => {}
        }
        let plan = &mut self.plan;
        let Some(request) = plan.request.with_servers(self.services, &plan.settings) else {
            return false;
        };
        plan.request = request;
        self.prompt = plan.request.prompt(self.services, &plan.settings);
        true
    }

    /// The same in the middle of a turn, of which the model is told what is new.
    async fn tell_of_servers(&mut self) {
        if !self.take_up_servers().await {
            return;
        }
        let (config, tools) = (&self.services.config, self.plan.request.unseen_tools());
        let news = self.session.context.update_tools(config, tools).await;
        self.session.history.push(news.messages);
        self.services
            .outbox
            .log()
            .append(news.state.into_iter().collect());
    }

    /// Sends the history, and takes the answer with all its tool calls.
    async fn request(&mut self) -> Result<bool, StreamInterrupt> {
        let attempt = self.before_model_request(SAMPLING).await?;
        let mut calls = Calls::new(self.inbox.cancel.child_token());
        self.services.goals.response_began();
        self.prompt.input = self.session.history.take_items();
        let opened = self
            .inbox
            .watch(&mut calls, self.client.stream(&self.prompt))
            .await;
        self.session
            .history
            .restore_items(std::mem::take(&mut self.prompt.input));
        for warning in network().take_warnings() {
            self.services.outbox.emit(Event::Warning(warning));
        }
        // What was said before is stored before anything comes of it.
        self.services.outbox.settled().await;
        let opened =
            opened.and_then(|opened| opened.map_err(|error| StreamInterrupt::Failed(Box::new(error))));
        let mut stream = match opened {
            Ok(stream) => stream,
            Err(mut cut) => {
                self.take_limits(&mut cut);
                if matches!(&cut, StreamInterrupt::Failed(error) if error.error.kind == ErrorKind::UsageLimitExceeded)
                {
                    self.tell_known_usage();
                }
                self.tell_limits();
                self.after_model_request(attempt, &RequestEnd::of(None, Some(&cut)));
                return Err(cut);
            }
        };

        let place = MessageContext {
            outbox: self.services.outbox.clone(),
            turn_id: Arc::clone(&self.plan.id),
            plan_mode: self.plan.settings.collaboration_mode == ModeKind::Plan,
            planned: AtomicBool::new(false),
            patch_previews: self
                .services
                .config
                .features
                .enabled(features::APPLY_PATCH_STREAMING_EVENTS),
        };
        let mut items = ResponseItems::new(place, std::mem::take(&mut self.taken_ids));
        let (completed, mut cut) = match self.take_events(&mut stream, &mut items, &mut calls).await {
            Ok(completed) => (Some(completed), None),
            Err(cut) => (None, Some(cut)),
        };
        // Ends the request where it was cut.
        drop(stream);
        let usage = completed.as_ref().and_then(|completed| completed.usage);
        self.services
            .goals
            .response_over(usage.map(TokenUsage::bounded), calls.any());
        // Of an interrupted turn, nobody waits for the ends of items.
        if matches!(cut, Some(StreamInterrupt::Steered | StreamInterrupt::Failed(_))) {
            items.cut().await;
        }
        self.taken_ids = items.into_taken();
        let end = RequestEnd::of(completed.as_ref(), cut.as_ref());
        if matches!(cut, Some(StreamInterrupt::Interrupted)) {
            self.after_model_request(attempt, &end);
        } else {
            let cancelled = self.inbox.cancel.clone();
            let told = self.tell_of_model_request(attempt, &end);
            tokio::select! {
                biased;
                () = cancelled.cancelled() => cut = Some(StreamInterrupt::Interrupted),
                _ = async { tokio::join!(calls.all(), told) } => {}
            }
            if calls.stopped() {
                cut = Some(StreamInterrupt::Interrupted);
            }
        }
        if matches!(cut, Some(StreamInterrupt::Interrupted)) {
            self.services.outbox.turn_stops();
            calls.stop(&self.inbox.hurry).await;
        }
        let any_calls = calls.any();
        self.hear_waiting_hooks();
        self.session.history.push(calls.into_outputs());
        if let Some(cut) = &mut cut {
            self.take_limits(cut);
        }
        if any_calls && cut.is_none() {
            self.services.goals.calls_over().await;
        }
        let not_ended = completed
            .as_ref()
            .is_some_and(|completed| completed.end_turn == Some(false));
        let failure = match completed {
            Some(completed) => self.count(completed),
            // The response is over.
            None => {
                self.tell_known_usage();
                None
            }
        };
        self.tell_limits();
        match cut.or(failure.map(StreamInterrupt::Failed)) {
            Some(cut) => Err(cut),
            None => Ok(any_calls || not_ended),
        }
    }

    /// Counts the tokens of a complete response, and tells. Gives the reason why the turn can't go on, if there is one.
    fn count(&mut self, completed: Completed) -> Option<Box<ModelError>> {
        if let Some(usage) = completed.usage.map(TokenUsage::bounded) {
            let counts = &mut self.session.usage;
            counts.add(usage);
            self.services.outbox.log().append(vec![Entry::TokenUsage {
                response_id: completed.response_id,
                usage,
                turn_usage: counts.turn(),
                thread_usage: counts.thread(),
            }]);
            self.tell_usage();
        } else {
            self.tell_known_usage();
        }
        self.note_progress();
        completed.failure
    }

    /// Tells the counts as they were, as clients of the contract release know it.
    fn tell_known_usage(&self) {
        if self.session.usage.any() {
            self.tell_usage();
        }
    }

    fn tell_usage(&self) {
        self.services.outbox.emit(Event::TokenUsage {
            turn_id: Arc::clone(&self.plan.id),
            usage: self.session.usage.thread(),
        });
    }

    /// Keeps what a refusal says of the account's limits, to be told.
    fn take_limits(&mut self, cut: &mut StreamInterrupt) {
        if let StreamInterrupt::Failed(error) = cut {
            self.limits.append(&mut error.rate_limits);
        }
    }

    fn tell_limits(&mut self) {
        for limit in self.limits.drain(..) {
            self.services.outbox.emit(Event::RateLimits(Box::new(limit)));
        }
    }
}
