//! The goal of a loaded thread: kept, told, counted, and what follows from it (docs/contract/threads.md#goals).

mod state;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Mutex as AsyncMutex, watch};
use tokio::time::Instant;

use self::state::{Counts, RunningTurn, State, hidden};
use crate::agents::TurnOrigin;
use crate::history::{Entry, ThreadStore};
use crate::instructions;
use crate::model::ResponseItem;
use crate::outbox::Outbox;
use crate::{
    Error, ErrorKind, Event, Goal, GoalPatch, GoalStatus, ModeKind, Reply, Result, ThreadId, TokenUsage,
    now_s,
};

/// How a turn ended, as far as its goal is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TurnEnd {
    /// It did what it was there for.
    Completed,
    /// Somebody stopped it.
    Interrupted,
    /// It failed.
    Failed(ErrorKind),
}

/// A turn that begins by itself, for the goal.
#[derive(Debug)]
pub(crate) struct Continuation {
    /// What the model is told in it.
    pub(crate) items: Vec<ResponseItem>,
    /// The turn that it follows upon, unless the user stands behind the goal.
    pub(crate) follows: Option<TurnOrigin>,
}

/// Keeps the goal of one loaded thread, and counts what its turns spend on it.
pub(crate) struct GoalTracker {
    thread: ThreadId,
    store: ThreadStore,
    outbox: Outbox,
    /// Goals are switched on, and the thread is one that can have them.
    enabled: bool,
    /// Most tokens that a goal may be given.
    max_budget: Option<i64>,
    /// Nothing is kept that has not been read.
    is_loaded: AtomicBool,
    /// Held while the database is written: changes of the client, of the model and of a turn's end come one after the other,
    /// and are told in that order.
    state: AsyncMutex<State>,
    /// A lock, because a turn counts while others look at the goal. Held for a few instructions.
    counts: Mutex<Counts>,
    /// A response streams in: what it costs is not known yet.
    responding: watch::Sender<bool>,
}

impl GoalTracker {
    /// The tracker of a thread. `enabled`: it may have a goal; `max_budget`: most tokens that one may be given.
    pub(crate) fn new(
        thread: ThreadId,
        store: ThreadStore,
        outbox: Outbox,
        enabled: bool,
        max_budget: Option<i64>,
    ) -> Arc<Self> {
        Arc::new(Self {
            thread,
            store,
            outbox,
            enabled,
            max_budget,
            is_loaded: AtomicBool::new(false),
            state: AsyncMutex::default(),
            counts: Mutex::default(),
            responding: watch::Sender::new(false),
        })
    }

    /// The thread is new: nothing is kept that would have to be read.
    pub(crate) fn is_of_new_thread(&self) {
        self.is_loaded.store(true, Ordering::Relaxed);
    }

    /// The goal as it stands, with what the running turn has spent so far.
    pub(crate) async fn goal(&self) -> Result<Option<Goal>> {
        let state = self.loaded().await?;
        Ok(state.goal.clone())
    }

    /// The user sets or changes the goal. Answers once it is stored, then tells.
    pub(crate) async fn set(&self, patch: GoalPatch, reply: Reply<Goal>) {
        match self.changed_by_user(&patch).await {
            Ok((goal, _state)) => {
                self.record(&goal);
                // Lists know the thread by it from now on.
                self.outbox.log().flushed().await;
                reply.send(Ok(goal.clone()));
                self.emit(None, goal);
            }
            Err(error) => reply.send(Err(error)),
        }
    }

    async fn changed_by_user(&self, patch: &GoalPatch) -> Result<(Goal, tokio::sync::MutexGuard<'_, State>)> {
        let mut state = self.loaded().await?;
        self.tell_progress(&mut state);
        let before = state.goal.clone();
        let goal = Goal::patched(before.as_ref(), self.thread, patch, now_s())?.within(self.max_budget)?;
        self.save(&mut state, Some(goal.clone())).await?;
        state.is_held = false;
        state.idle_turns = 0;
        state.turns_alone = 0;
        state.follows = None;
        state.is_changed |= state.turn.is_some()
            && goal.is_active()
            && before.is_some_and(|before| before.objective != goal.objective);
        Ok((goal, state))
    }

    /// The user drops the goal. Answers whether there was one, then tells.
    pub(crate) async fn clear(&self, reply: Reply<bool>) {
        let cleared = async {
            let mut state = self.loaded().await?;
            self.tell_progress(&mut state);
            let existed = state.goal.is_some();
            if existed {
                self.save(&mut state, None).await?;
                state.is_changed = false;
                state.is_due = false;
                state.told = None;
            }
            Ok((existed, state))
        };
        match cleared.await {
            Ok((existed, _state)) => {
                reply.send(Ok(existed));
                if existed {
                    self.outbox.emit(Event::GoalCleared);
                }
            }
            Err(error) => reply.send(Err(error)),
        }
    }

    /// The model sets a goal. There must be none that is still to be reached. What the response that sets it costs is not
    /// spent on it.
    pub(crate) async fn create(&self, objective: &str, budget: Option<i64>) -> Result<Goal> {
        self.response_known().await;
        let mut state = self.loaded().await?;
        self.count(&mut state);
        let goal = Goal::new(self.thread, objective, budget, now_s())?.within(self.max_budget)?;
        if state
            .goal
            .as_ref()
            .is_some_and(|goal| goal.status != GoalStatus::Complete)
        {
            return Err(Error::invalid(
                "this thread has a goal that is not complete; complete it before you create another one",
            ));
        }
        self.save(&mut state, Some(goal.clone())).await?;
        state.rest = Duration::ZERO;
        state.told = None;
        state.is_due = true;
        state.follows = state.turn.as_ref().map(|turn| turn.origin.clone());
        self.tell(state.turn_id(), goal.clone());
        Ok(goal)
    }

    /// The model says how the goal stands. Waits until it is known what the response that says so has cost.
    pub(crate) async fn update(&self, status: GoalStatus) -> Result<Goal> {
        if !matches!(
            status,
            GoalStatus::Complete | GoalStatus::Blocked | GoalStatus::Paused
        ) {
            return Err(Error::invalid(
                "update_goal takes complete, blocked or, if the user asked for it, paused; other statuses are set by the \
                 user and the system",
            ));
        }
        self.response_known().await;
        let mut state = self.loaded().await?;
        self.tell_progress(&mut state);
        let mut goal = state
            .goal
            .clone()
            .ok_or_else(|| Error::invalid("this thread has no goal that could be updated"))?;
        goal.set_status(status);
        goal.updated_at = now_s();
        self.save(&mut state, Some(goal.clone())).await?;
        self.tell(state.turn_id(), goal.clone());
        Ok(goal)
    }

    /// Resolves when it is known what the response that streams in has cost.
    async fn response_known(&self) {
        // Fails only if the sender is dropped, and that is ours.
        let _ = self
            .responding
            .subscribe()
            .wait_for(|responding| !responding)
            .await;
    }

    /// A round of tool calls is over: tells what has been spent.
    pub(crate) async fn calls_over(&self) {
        let mut state = self.state.lock().await;
        self.tell_progress(&mut state);
    }

    /// A turn begins.
    pub(crate) async fn turn_began(&self, origin: TurnOrigin) {
        let mut state = self.state.lock().await;
        let began_alone = std::mem::take(&mut state.begins_alone);
        if began_alone {
            state.follows = state.follows.is_some().then(|| origin.clone());
        } else {
            state.idle_turns = 0;
            state.turns_alone = 0;
            state.follows = None;
            state.user_spoke = true;
        }
        *self.counts() = Counts::default();
        state.turn = Some(RunningTurn {
            origin,
            counted: Instant::now(),
            began_alone,
        });
    }

    /// A request goes out.
    pub(crate) fn response_began(&self) {
        self.responding.send_replace(true);
    }

    /// Its response is over; these are its token counts, if they are known, and whether it called tools.
    pub(crate) fn response_over(&self, usage: Option<TokenUsage>, called_tools: bool) {
        let mut counts = self.counts();
        counts.called_tools |= called_tools;
        if let Some(usage) = usage {
            let uncached = usage
                .input_tokens
                .saturating_sub(usage.cached_input_tokens)
                .max(0);
            let spent = uncached.saturating_add(usage.output_tokens.max(0));
            counts.tokens = counts.tokens.saturating_add(spent);
        }
        drop(counts);
        self.responding.send_replace(false);
    }

    /// What the model must be told before the turn's next request. `at_end`: there is none unless this is worth one.
    pub(crate) async fn news(&self, at_end: bool) -> Vec<ResponseItem> {
        let mut state = self.state.lock().await;
        let mut news = Vec::new();
        if !at_end {
            self.tell_progress(&mut state);
            let is_spent = std::mem::take(&mut state.is_spent_untold);
            if is_spent
                && state
                    .goal
                    .as_ref()
                    .is_some_and(|goal| goal.status == GoalStatus::BudgetLimited)
            {
                news.push(hidden(instructions::goal_budget_spent()));
            }
        }
        let Some(goal) = state.goal.clone().filter(Goal::is_active) else {
            return news;
        };
        if !at_end && std::mem::take(&mut state.is_due) {
            news.extend(state.untold_objective());
        }
        if std::mem::take(&mut state.is_changed) {
            news.push(hidden(instructions::goal_changed(&goal.objective)));
        }
        news
    }

    /// The user has said something in the running turn.
    pub(crate) async fn user_spoke(&self) {
        self.state.lock().await.user_spoke = true;
    }

    /// The history was summed up: an objective that was told is to be told again, in the running turn too if the model has
    /// been asked something in it.
    pub(crate) async fn history_replaced(&self, in_mid_turn: bool) {
        let mut state = self.state.lock().await;
        state.is_due |= state.told.take().is_some() && in_mid_turn;
    }

    /// A turn has ended.
    pub(crate) async fn turn_ended(self: &Arc<Self>, end: TurnEnd) {
        let mut state = self.state.lock().await;
        let was_active = state.goal.as_ref().is_some_and(Goal::is_active);
        let was_counted = state.goal.as_ref().is_some_and(Goal::is_counted);
        let called_tools = self.counts().called_tools;
        let is_counted = self.count(&mut state);
        let turn = state.turn.take();
        state.is_held = end == TurnEnd::Interrupted;
        state.is_changed = false;
        state.is_due = false;
        state.is_spent_untold = false;
        let began_alone = turn.as_ref().is_some_and(|turn| turn.began_alone);
        let turn_id = turn.map(|turn| turn.origin.id);
        // Of one that is not worked on there is nothing to tell but its counts.
        if !was_counted || !was_active && !is_counted {
            return;
        }
        let mut stop = match end {
            TurnEnd::Failed(ErrorKind::UsageLimitExceeded) => Some((GoalStatus::UsageLimited, None)),
            TurnEnd::Failed(_) => Some((GoalStatus::Blocked, None)),
            TurnEnd::Completed | TurnEnd::Interrupted => None,
        };
        if began_alone && end == TurnEnd::Completed {
            stop = state.without_progress(called_tools);
        }
        let is_stopped = stop.is_some();
        let Some(goal) = &mut state.goal else { return };
        let mut warning = None;
        if let (Some((status, why)), true) = (stop, goal.is_active()) {
            goal.status = status;
            goal.updated_at = now_s();
            warning = why;
        }
        let goal = goal.clone();
        if is_counted || is_stopped || end != TurnEnd::Interrupted {
            self.tell(turn_id, goal);
            if let Some(warning) = warning {
                self.outbox.emit(Event::Warning(warning));
            }
            state.is_unsaved = true;
            let tracker = Arc::clone(self);
            tokio::spawn(async move { tracker.flush().await });
        }
    }

    /// The turn that the goal wants to begin now that nothing runs.
    pub(crate) async fn continuation(&self, mode: ModeKind) -> Option<Continuation> {
        if !self.enabled || mode == ModeKind::Plan {
            return None;
        }
        let mut state = self.loaded().await.ok()?;
        let goal = state.goal.clone().filter(Goal::is_active)?;
        if state.is_held {
            return None;
        }
        state.begins_alone = true;
        if std::mem::take(&mut state.user_spoke) {
            state.told = None;
        }
        let mut items: Vec<_> = state.untold_objective().into_iter().collect();
        items.push(hidden(instructions::goal_continuation(&goal)));
        Some(Continuation {
            items,
            follows: state.follows.clone(),
        })
    }

    /// The turn that was to begin could not.
    pub(crate) async fn hold(&self) {
        let mut state = self.state.lock().await;
        state.begins_alone = false;
        state.is_held = true;
    }

    /// Writes down what only memory knows.
    pub(crate) async fn flush(&self) {
        let mut state = self.state.lock().await;
        if state.is_unsaved {
            let goal = state.goal.clone();
            if let Err(error) = self.save(&mut state, goal).await {
                tracing::warn!(%error, "what was spent on a goal is not saved yet");
            }
        }
    }

    /// The state, after what is kept has been read.
    async fn loaded(&self) -> Result<tokio::sync::MutexGuard<'_, State>> {
        if !self.enabled {
            return Err(Error::invalid(if self.outbox.log().path().is_none() {
                format!("ephemeral thread does not support goals: {}", self.thread)
            } else {
                "goals feature is disabled".to_owned()
            }));
        }
        let mut state = self.state.lock().await;
        if !self.is_loaded.load(Ordering::Relaxed) {
            state.goal = read(&self.store, self.thread).await?;
            self.is_loaded.store(true, Ordering::Relaxed);
        }
        Ok(state)
    }

    /// Keeps the goal, and only then counts it as the thread's.
    async fn save(&self, state: &mut State, goal: Option<Goal>) -> Result<()> {
        let value = goal.as_ref().map(Goal::to_value);
        self.store.set_goal(self.thread, value).await?;
        state.goal = goal;
        state.is_unsaved = false;
        Ok(())
    }

    /// Takes what the running turn has spent into the goal, if that is counted. Gives whether that changed it.
    fn count(&self, state: &mut State) -> bool {
        let tokens = std::mem::take(&mut self.counts().tokens);
        let Some(turn) = &mut state.turn else { return false };
        let now = Instant::now();
        let time = now.duration_since(std::mem::replace(&mut turn.counted, now));
        let Some(goal) = state.goal.as_mut().filter(|goal| goal.is_counted()) else {
            return false;
        };
        state.rest += time;
        let seconds = state.rest.as_secs();
        state.rest -= Duration::from_secs(seconds);
        if tokens == 0 && seconds == 0 {
            return false;
        }
        goal.tokens_used = goal.tokens_used.saturating_add(tokens);
        goal.time_used_seconds = goal.time_used_seconds.saturating_add_unsigned(seconds);
        goal.updated_at = now_s();
        let was_active = goal.is_active();
        goal.heed_budget();
        state.is_spent_untold |= was_active && !goal.is_active();
        state.is_unsaved = true;
        true
    }

    /// Takes what the running turn has spent into the goal, and tells if that changed it.
    fn tell_progress(&self, state: &mut State) {
        if self.count(state)
            && let Some(goal) = state.goal.clone()
        {
            self.tell(state.turn_id(), goal);
        }
    }

    /// First the history, then the clients.
    fn tell(&self, turn_id: Option<Arc<str>>, goal: Goal) {
        self.record(&goal);
        self.emit(turn_id, goal);
    }

    fn record(&self, goal: &Goal) {
        self.outbox.known_by(&goal.objective);
        self.outbox.log().append(vec![Entry::Goal(goal.to_value())]);
    }

    fn emit(&self, turn_id: Option<Arc<str>>, goal: Goal) {
        self.outbox.emit(Event::Goal {
            turn_id,
            goal: Box::new(goal),
        });
    }

    fn counts(&self) -> std::sync::MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for GoalTracker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "GoalTracker({})", self.thread)
    }
}

/// The goal that is kept of a thread. One that can't be read counts as none.
pub(crate) async fn read(store: &ThreadStore, thread: ThreadId) -> Result<Option<Goal>> {
    let goal = store.goal(thread).await?;
    Ok(goal.and_then(|goal| serde_json::from_value(goal).ok()))
}
