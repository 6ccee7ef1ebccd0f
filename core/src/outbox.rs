//! The way out of a thread.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use crate::history::store::ReadStateHandle;
use crate::history::{Entry, ThreadLog};
use crate::{
    AdditionalPermissions, ApprovalDecision, ClientToolCall, ClientToolReply, CommandAction, CommandApproval,
    DeltaKind, Event, EventSink, FileChangeApproval, Item, ItemsView, PermissionGrant, PermissionsApproval,
    ThreadId, ThreadSettings, ThreadStatus, Turn, TurnStatus, UserAnswers, UserInputRequest, UserQuestion,
    new_request_id, now_ms,
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

/// A question whether a command may run: [`CommandApproval`] without its number and sender.
#[derive(Debug)]
pub(crate) struct CommandQuestion {
    /// Its turn.
    pub(crate) turn_id: Arc<str>,
    /// The command's item.
    pub(crate) item_id: Arc<str>,
    /// The item, if it has not been announced: it is started between the change of the status and the question.
    pub(crate) item: Option<Item>,
    /// The model's justification, or the rule's.
    pub(crate) reason: Option<String>,
    /// Argument vector.
    pub(crate) command: Vec<String>,
    /// Working folder.
    pub(crate) cwd: std::path::PathBuf,
    /// What its parts do.
    pub(crate) actions: Vec<CommandAction>,
    /// A rule that would allow it in future.
    pub(crate) proposed_rule: Option<Vec<String>>,
    /// What it would be allowed beyond its sandbox.
    pub(crate) additional_permissions: Option<AdditionalPermissions>,
}

/// A question whether the model may have permissions: [`PermissionsApproval`] without its number and sender.
#[derive(Debug)]
pub(crate) struct PermissionsQuestion {
    /// Its turn.
    pub(crate) turn_id: Arc<str>,
    /// Id of the call.
    pub(crate) item_id: Arc<str>,
    /// Why, in the model's words.
    pub(crate) reason: Option<String>,
    /// Working folder of the turn.
    pub(crate) cwd: std::path::PathBuf,
    /// What it asks for.
    pub(crate) permissions: AdditionalPermissions,
}

/// A call of a tool that the client carries out: [`ClientToolCall`] without its number and sender.
#[derive(Debug)]
pub(crate) struct ClientToolQuestion {
    /// Its turn.
    pub(crate) turn_id: Arc<str>,
    /// The model's id of the call.
    pub(crate) call_id: String,
    /// Namespace of the tool.
    pub(crate) namespace: Option<String>,
    /// Name of the tool.
    pub(crate) tool: String,
    /// Arguments.
    pub(crate) arguments: serde_json::Value,
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
                state: Mutex::new(state),
            }),
        }
    }

    /// Tells an event.
    pub(crate) fn emit(&self, event: Event) {
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
        self.emit(Event::ItemStarted {
            turn_id: Arc::clone(turn_id),
            item: Box::new(item),
        });
    }

    /// Tells that an item is complete, now unless it says when. It is stored before anybody hears of it.
    pub(crate) async fn item_completed(&self, turn_id: &Arc<str>, mut item: Item) {
        let completed = *item.completed_at_ms.get_or_insert_with(now_ms);
        item.started_at_ms.get_or_insert(completed);
        self.shared.log.append(vec![Entry::ItemCompleted {
            turn_id: turn_id.to_string(),
            item: Box::new(item.clone()),
        }]);
        self.shared.log.flushed().await;
        if let Some(turn) = self.state().turns.iter_mut().rfind(|turn| *turn.id == **turn_id) {
            turn.items.push(item.clone());
        }
        self.emit(Event::ItemCompleted {
            turn_id: Arc::clone(turn_id),
            item: Box::new(item),
        });
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
    pub(crate) async fn ready(&self) {
        let Shared { sink, thread_id, .. } = &*self.shared;
        while sink.congested(*thread_id) {
            sink.drained(*thread_id).await;
        }
    }

    /// Asks whether a command may run, and waits for the answer as long as it takes. If the future is dropped, the
    /// question is withdrawn.
    pub(crate) async fn approve_command(&self, question: CommandQuestion) -> ApprovalDecision {
        let CommandQuestion {
            turn_id,
            item_id,
            item,
            reason,
            command,
            cwd,
            actions,
            proposed_rule,
            additional_permissions,
        } = question;
        let started = item.map(|item| (Arc::clone(&turn_id), item));
        let decision = self.ask(Waiting::Approval, started, |approval, answer| {
            Event::CommandApproval(Box::new(CommandApproval {
                approval,
                turn_id,
                item_id,
                started_at_ms: now_ms(),
                reason,
                command,
                cwd,
                actions,
                proposed_rule,
                additional_permissions,
                answer,
            }))
        });
        decision.await.unwrap_or(ApprovalDecision::Failed)
    }

    /// Asks whether files may be changed, and tells of the item that says how. Waits as [`Self::approve_command`] does.
    pub(crate) async fn approve_file_change(&self, turn_id: &Arc<str>, item: Item) -> ApprovalDecision {
        let item_id = item.id.as_str().into();
        let turn_id = Arc::clone(turn_id);
        let started = Some((Arc::clone(&turn_id), item));
        let decision = self.ask(Waiting::Approval, started, |approval, answer| {
            Event::FileChangeApproval(Box::new(FileChangeApproval {
                approval,
                turn_id,
                item_id,
                started_at_ms: now_ms(),
                answer,
            }))
        });
        decision.await.unwrap_or(ApprovalDecision::Failed)
    }

    /// Asks the user questions of the model. Waits as [`Self::approve_command`] does. `None`: nobody could answer.
    pub(crate) async fn ask_user(
        &self,
        turn_id: &Arc<str>,
        call_id: &str,
        questions: Vec<UserQuestion>,
    ) -> Option<UserAnswers> {
        let (turn_id, call_id) = (Arc::clone(turn_id), call_id.to_owned());
        self.ask(Waiting::UserInput, None, |request, answer| {
            Event::UserInput(Box::new(UserInputRequest {
                request,
                turn_id,
                call_id,
                questions,
                answer,
            }))
        })
        .await
    }

    /// Asks for permissions. Waits as [`Self::approve_command`] does.
    pub(crate) async fn request_permissions(&self, question: PermissionsQuestion) -> PermissionGrant {
        let PermissionsQuestion {
            turn_id,
            item_id,
            reason,
            cwd,
            permissions,
        } = question;
        let grant = self.ask(Waiting::Approval, None, |approval, answer| {
            Event::PermissionsApproval(Box::new(PermissionsApproval {
                approval,
                turn_id,
                item_id,
                started_at_ms: now_ms(),
                reason,
                cwd,
                permissions,
                answer,
            }))
        });
        grant.await.unwrap_or_default()
    }

    /// Asks a question, and waits for its answer. `None`: there will be none. An item that is given is started between
    /// the change of the status and the question.
    async fn ask<T>(
        &self,
        waiting: Waiting,
        started: Option<(Arc<str>, Item)>,
        question: impl FnOnce(i64, oneshot::Sender<T>) -> Event,
    ) -> Option<T> {
        let (answer, decision) = oneshot::channel();
        let mut open = OpenQuestion::new(self, waiting);
        if let Some((turn_id, item)) = started {
            self.item_started(&turn_id, item);
        }
        self.emit(question(open.approval, answer));
        let decision = decision.await.ok();
        open.answered = true;
        decision
    }

    /// Has the client carry out a tool call. If the future is dropped, the request is withdrawn.
    pub(crate) async fn call_client_tool(&self, call: ClientToolQuestion) -> ClientToolReply {
        let (answer, reply) = oneshot::channel();
        let mut open = OpenRequest {
            outbox: self.clone(),
            request: new_request_id(),
            answered: false,
        };
        let ClientToolQuestion {
            turn_id,
            call_id,
            namespace,
            tool,
            arguments,
        } = call;
        self.emit(Event::ClientToolCall(Box::new(ClientToolCall {
            request: open.request,
            turn_id,
            call_id,
            namespace,
            tool,
            arguments,
            answer,
        })));
        let reply = reply.await.unwrap_or(ClientToolReply::Failed);
        open.answered = true;
        reply
    }

    /// Withdraws a request: at once, or after the end of the turn that is being stopped.
    fn withdraw(&self, approval: i64) {
        let mut state = self.state();
        if state.stopping {
            state.withdrawn.push(approval);
        } else {
            drop(state);
            self.emit(Event::ApprovalWithdrawn { approval });
        }
    }

    /// Keeps settings that the history is told of by the first turn only.
    pub(crate) fn settings_untold(&self, settings: &Arc<ThreadSettings>) {
        if let Some(reading) = &self.shared.reading {
            reading.settings_changed(settings);
        }
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

    /// Tells that the running turn ended: what its patches changed, what is unread and the status (where it failed: the
    /// status, the error, the changes, what is unread), the turn, withdrawn questions. `turn` comes without items; its
    /// last agent message is added where the turn went well. There is something to read after an answer and after a
    /// failure.
    pub(crate) fn turn_ended(
        &self,
        mut turn: Turn,
        last_message: Option<Item>,
        answered: bool,
        diff: Option<String>,
    ) {
        if let Some(error) = &turn.error {
            self.set_base(ThreadStatus::SystemError);
            self.emit(Event::Error {
                turn_id: turn.id.as_str().into(),
                error: error.clone(),
                will_retry: false,
            });
        }
        if let Some(diff) = diff {
            let turn_id = turn.id.as_str().into();
            self.emit(Event::TurnDiff { turn_id, diff });
        }
        if let Some(reading) = &self.shared.reading
            && (answered || turn.error.is_some())
        {
            self.emit(Event::ReadState(reading.turn_ended(&turn.id)));
        }
        if turn.error.is_none() {
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
        if let Some(message) = last_message {
            turn.items = vec![message];
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

    /// Tells that the thread is not loaded any more.
    pub(crate) fn not_loaded(&self) {
        self.set_base(ThreadStatus::NotLoaded);
    }

    /// Tells that the thread was unloaded for want of watchers. Nothing may follow.
    pub(crate) fn closed(&self) {
        self.not_loaded();
        self.emit(Event::Closed);
    }

    /// The turns held in memory with all their completed items, the running one last.
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

/// A question that waits for its answer; the thread's status says so as long as this lives.
struct OpenQuestion {
    outbox: Outbox,
    waiting: Waiting,
    approval: i64,
    answered: bool,
}

impl OpenQuestion {
    fn new(outbox: &Outbox, waiting: Waiting) -> Self {
        outbox.change_status(|state| *state.open(waiting) += 1);
        Self {
            outbox: outbox.clone(),
            waiting,
            approval: new_request_id(),
            answered: false,
        }
    }
}

impl Drop for OpenQuestion {
    fn drop(&mut self) {
        if !self.answered {
            self.outbox.withdraw(self.approval);
        }
        let waiting = self.waiting;
        self.outbox.change_status(|state| *state.open(waiting) -= 1);
    }
}

/// A request that waits for its answer, and that the thread's status says nothing of.
struct OpenRequest {
    outbox: Outbox,
    request: i64,
    answered: bool,
}

impl Drop for OpenRequest {
    fn drop(&mut self) {
        if !self.answered {
            self.outbox.withdraw(self.request);
        }
    }
}
