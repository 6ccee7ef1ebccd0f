//! The way out of a thread; `questions`: what it asks its clients; `held`: what waits until something is stored.

mod held;
mod questions;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::future::BoxFuture;

use self::held::HeldEvents;
pub(crate) use self::questions::{ClientToolQuestion, CommandQuestion, McpQuestion, PermissionsQuestion};
use crate::history::store::ReadStateHandle;
use crate::history::{Entry, ThreadLog};
use crate::{
    DeltaKind, ErrorKind, Event, EventSink, Item, ItemBody, ItemsView, ThreadId, ThreadSettings,
    ThreadStatus, Traffic, Turn, TurnError, TurnStatus, UserInput, new_id, now_ms,
};

/// The way out of a thread for whatever works in it: first the log, then the sink.
///
/// It also keeps what several tools may change at the same time: the status flags, and the turns that are held in
/// memory.
#[derive(Clone)]
pub(crate) struct Outbox {
    shared: Arc<Shared>,
}

struct Shared {
    thread_id: ThreadId,
    sink: Arc<dyn EventSink>,
    log: ThreadLog,
    /// How far users have read it; `None` for ephemeral threads.
    reading: Option<ReadStateHandle>,
    /// The process ends: nobody listens any more.
    muted: AtomicBool,
    held: HeldEvents,
    /// A lock, because commands in the background report from tasks of their own, not from the actor's. Held for a
    /// few instructions, never over an await.
    state: Mutex<State>,
}

struct State {
    /// What was told last.
    told: ThreadStatus,
    /// Status without the questions.
    base: ThreadStatus,
    /// Open questions of tools whether they may do something.
    approvals: usize,
    /// Open questions of the model to the user.
    user_inputs: usize,
    /// The turn is being stopped: questions are withdrawn after its end has been told.
    stopping: bool,
    withdrawn: Vec<i64>,
    /// What the user said first, as lists show it.
    preview: Option<String>,
    /// Turns held in memory, the running one last.
    turns: Vec<Turn>,
    /// Ended turns stay in `turns`.
    keep_turns: bool,
}

/// What a question waits for, as the thread's status says it.
#[derive(Debug, Clone, Copy)]
enum Waiting {
    Approval,
    UserInput,
}

impl State {
    /// Number of open questions of this kind.
    fn open(&mut self, waiting: Waiting) -> &mut usize {
        match waiting {
            Waiting::Approval => &mut self.approvals,
            Waiting::UserInput => &mut self.user_inputs,
        }
    }

    fn status(&self) -> ThreadStatus {
        match self.base {
            ThreadStatus::Active { .. } => ThreadStatus::Active {
                waiting_on_approval: self.approvals > 0,
                waiting_on_user_input: self.user_inputs > 0,
            },
            ref other => other.clone(),
        }
    }
}

impl Outbox {
    /// The way out of a thread that stands like `status`. With `keep_turns`, ended turns stay in memory for
    /// [`Outbox::turns`].
    pub(crate) fn new(
        thread_id: ThreadId,
        sink: Arc<dyn EventSink>,
        log: ThreadLog,
        reading: Option<ReadStateHandle>,
        status: ThreadStatus,
        keep_turns: bool,
    ) -> Self {
        let state = State {
            told: status.clone(),
            base: status,
            approvals: 0,
            user_inputs: 0,
            stopping: false,
            withdrawn: Vec::new(),
            preview: None,
            turns: Vec::new(),
            keep_turns,
        };
        Self {
            shared: Arc::new(Shared {
                thread_id,
                sink,
                log,
                reading,
                muted: AtomicBool::new(false),
                held: HeldEvents::default(),
                state: Mutex::new(state),
            }),
        }
    }

    /// Tells an event, after those that were told before.
    pub(crate) fn emit(&self, event: Event) {
        if let Some(event) = self.shared.held.hold(event) {
            self.emit_now(event);
        }
    }

    fn emit_now(&self, event: Event) {
        if self.shared.muted.load(Ordering::Relaxed) {
            return;
        }
        self.shared.sink.emit(self.shared.thread_id, event);
    }

    /// From now on nothing is told, only logged.
    pub(crate) fn mute(&self) {
        self.shared.muted.store(true, Ordering::Relaxed);
    }

    /// Where the thread's history is written.
    pub(crate) fn log(&self) -> &ThreadLog {
        &self.shared.log
    }

    /// Tells that an item began, now unless it says when.
    pub(crate) fn item_started(&self, turn_id: &Arc<str>, mut item: Item) {
        item.started_at_ms.get_or_insert_with(now_ms);
        if let ItemBody::UserMessage { content, .. } = &item.body {
            let preview = &mut self.state().preview;
            if preview.is_none() {
                *preview = UserInput::preview(content);
            }
        }
        self.emit(Event::ItemStarted {
            turn_id: Arc::clone(turn_id),
            item: Box::new(item),
        });
    }

    /// Tells that an item is complete, now unless it says when. It is stored before anybody hears of it.
    pub(crate) async fn item_completed(&self, turn_id: &Arc<str>, item: Item) {
        let item = self.log_completed(turn_id, item);
        self.shared.log.flushed().await;
        // One that was completed before, and is told in the background, comes first.
        self.settled().await;
        let event = self.completed(turn_id, item);
        self.emit(event);
    }

    /// Appends a complete item to the log.
    fn log_completed(&self, turn_id: &Arc<str>, mut item: Item) -> Item {
        let completed = *item.completed_at_ms.get_or_insert_with(now_ms);
        item.started_at_ms.get_or_insert(completed);
        self.shared.log.append(vec![Entry::ItemCompleted {
            turn_id: turn_id.to_string(),
            item: Box::new(item.clone()),
        }]);
        item
    }

    /// What is to be told of an item that is stored.
    fn completed(&self, turn_id: &Arc<str>, item: Item) -> Event {
        if let Some(turn) = self.state().turns.iter_mut().rfind(|turn| *turn.id == **turn_id) {
            turn.items.push(item.clone());
        }
        Event::ItemCompleted {
            turn_id: Arc::clone(turn_id),
            item: Box::new(item),
        }
    }

    /// Tells an item that is complete when it begins.
    pub(crate) async fn item_at_once(&self, turn_id: &Arc<str>, item: Item) {
        self.item_started(turn_id, item.clone());
        self.item_completed(turn_id, item).await;
    }

    /// Tells more text of an item.
    pub(crate) fn delta(&self, turn_id: &Arc<str>, item_id: &Arc<str>, kind: DeltaKind, text: String) {
        self.emit(Event::Delta {
            turn_id: Arc::clone(turn_id),
            item_id: Arc::clone(item_id),
            kind,
            text,
        });
    }

    /// Waits while somebody who watches the thread reads too slowly. Whoever produces without end waits here first.
    pub(crate) async fn ready(&self, traffic: Traffic) {
        if self.shared.held.is_long() {
            self.settled().await;
        }
        while self.congested(traffic) {
            self.drained(traffic).await;
        }
    }

    /// See [`EventSink::congested`].
    pub(crate) fn congested(&self, traffic: Traffic) -> bool {
        self.shared.sink.congested(self.shared.thread_id, traffic)
    }

    /// See [`EventSink::drained`].
    pub(crate) fn drained(&self, traffic: Traffic) -> BoxFuture<'static, ()> {
        self.shared.sink.drained(self.shared.thread_id, traffic)
    }

    /// Keeps settings that the history is told of by the first turn only.
    pub(crate) fn settings_untold(&self, settings: &Arc<ThreadSettings>) {
        if let Some(reading) = &self.shared.reading {
            reading.settings_changed(settings);
        }
    }

    /// The thread is known by this, unless it is known by something that was said before.
    pub(crate) fn known_by(&self, text: &str) {
        self.state().preview.get_or_insert_with(|| text.to_owned());
    }

    /// What the user said, or set as a goal, first of what was told here, as lists show it.
    pub(crate) fn preview(&self) -> Option<String> {
        self.state().preview.clone()
    }

    /// How the thread stands.
    pub(crate) fn status(&self) -> ThreadStatus {
        self.state().status()
    }

    /// Tells that a turn began: status, then turn.
    pub(crate) fn turn_began(&self, turn: Turn) {
        self.set_base(ThreadStatus::ACTIVE);
        self.state().turns.push(Turn {
            items_view: ItemsView::Full,
            ..turn.clone()
        });
        self.emit(Event::TurnStarted(Box::new(turn)));
    }

    /// The running turn is being stopped: what it withdraws from now on is told after its end.
    pub(crate) fn turn_stops(&self) {
        self.state().stopping = true;
    }

    /// Tells that the running turn fails, where something follows before its end. Once is enough.
    pub(crate) fn turn_fails(&self, turn_id: Arc<str>, error: &TurnError) {
        if self.state().base != ThreadStatus::SystemError {
            self.set_base(ThreadStatus::SystemError);
            self.emit(Event::Error {
                turn_id,
                error: error.clone(),
                will_retry: false,
            });
        }
    }

    /// Tells that the running turn ended: what its patches changed, what is unread and the status (where it failed: the
    /// status, the error, the changes, what is unread), the turn, withdrawn questions. `turn` comes without items; its
    /// answer is added where the turn went well. There is something to read after an answer and after a
    /// failure.
    pub(crate) fn turn_ended(
        &self,
        mut turn: Turn,
        answer: Option<Item>,
        answered: bool,
        diff: Option<String>,
    ) {
        let failed = turn.status == TurnStatus::Failed;
        if let Some(error) = turn.error.as_ref().filter(|_| failed) {
            self.turn_fails(turn.id.as_str().into(), error);
        }
        if let Some(diff) = diff {
            let turn_id = turn.id.as_str().into();
            self.emit(Event::TurnDiff { turn_id, diff });
        }
        if let Some(reading) = &self.shared.reading
            && (answered || failed)
            && let Some(state) = reading.turn_ended(&turn.id)
        {
            self.emit(Event::ReadState(state));
        }
        if !failed {
            self.set_base(ThreadStatus::Idle);
        }
        {
            let mut state = self.state();
            if state.keep_turns {
                if let Some(kept) = state.turns.last_mut().filter(|kept| kept.id == turn.id) {
                    let items = std::mem::take(&mut kept.items);
                    *kept = Turn {
                        items,
                        items_view: ItemsView::Full,
                        ..turn.clone()
                    };
                }
            } else {
                state.turns.clear();
            }
        }
        if let Some(answer) = answer {
            turn.items = vec![answer];
            turn.items_view = ItemsView::Summary;
        }
        self.emit(Event::TurnCompleted(Box::new(turn)));
        let withdrawn = {
            let mut state = self.state();
            state.stopping = false;
            std::mem::take(&mut state.withdrawn)
        };
        for approval in withdrawn {
            self.emit(Event::ApprovalWithdrawn { approval });
        }
    }

    /// Tells that something was asked for which can't be done, and which is no turn's.
    pub(crate) fn refused(&self, why: &str) {
        if self.running().is_none() {
            self.set_base(ThreadStatus::SystemError);
        }
        self.emit(Event::Error {
            turn_id: new_id().into(),
            error: TurnError {
                message: why.to_owned(),
                kind: ErrorKind::BadRequest,
                details: None,
                misalignment: None,
            },
            will_retry: false,
        });
    }

    /// Tells that the thread is not loaded any more.
    pub(crate) fn not_loaded(&self) {
        self.set_base(ThreadStatus::NotLoaded);
    }

    /// Tells that the thread was unloaded for want of watchers. Nothing may follow.
    pub(crate) fn closed(&self) {
        self.not_loaded();
        self.emit(Event::Closed);
    }

    /// The turns held in memory with all their completed items but one that is still being stored, the running one last.
    pub(crate) fn turns(&self) -> Vec<Turn> {
        self.state().turns.clone()
    }

    /// The turn that was told to run.
    pub(crate) fn running(&self) -> Option<Turn> {
        let state = self.state();
        let last = state.turns.last()?;
        (last.status == TurnStatus::InProgress).then(|| Turn {
            items: Vec::new(),
            ..last.clone()
        })
    }

    fn set_base(&self, base: ThreadStatus) {
        self.change_status(|state| state.base = base);
    }

    /// Changes what the status is made of, and tells the status if that made it another one.
    fn change_status(&self, change: impl FnOnce(&mut State)) {
        let news = {
            let mut state = self.state();
            change(&mut state);
            let status = state.status();
            let news = !state.stopping || !matches!(status, ThreadStatus::Active { .. });
            (news && status != state.told).then(|| {
                state.told = status.clone();
                status
            })
        };
        if let Some(status) = news {
            self.emit(Event::Status(status));
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Outbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Outbox({})", self.shared.thread_id)
    }
}
