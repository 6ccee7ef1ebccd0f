//! The hooks of a thread.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use futures_util::future::join_all;
use tokio::task::JoinSet;

use super::catalog::HookCatalog;
use super::command;
use super::definition::Hook;
use super::mcp_tool;
use super::output::Verdict;
use super::report::{HookReport, limited};
use super::request::{HookMoment, HookPlace, HookRequest};
use super::running::RunningHooks;
use crate::config::{ConfigOverride, ConfigSource};
use crate::external_file::{READ_TIMEOUT, in_background};
use crate::mcp::ThreadMcp;
use crate::outbox::Outbox;
use crate::{Event, HookEvent, HookHandler, HookList};

/// Hooks of a thread that nobody waits for and that may run at the same time.
const MAX_IN_BACKGROUND: usize = 32;

/// Texts of such hooks that are kept for the next request.
const MAX_CONTEXTS: usize = 64;

/// What hooks are told of a conversation beside the thread's own. The thread neither begins nor ends with it.
const OF_DELEGATES: [HookEvent; 8] = [
    HookEvent::UserPromptSubmit,
    HookEvent::PreModelRequest,
    HookEvent::PostModelRequest,
    HookEvent::PreToolUse,
    HookEvent::PermissionRequest,
    HookEvent::PostToolUse,
    HookEvent::PreCompact,
    HookEvent::PostCompact,
];

/// Why a thread begins to work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SessionStartSource {
    /// It is new.
    Startup,
    /// It is new, and takes the place of one that the user has cleared away.
    Clear,
    /// It goes on from its file.
    Resume,
    /// It goes on from another thread.
    Fork,
    /// Its history was summed up.
    Compact,
}

impl SessionStartSource {
    /// Its name for hooks.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Startup => "startup",
            Self::Clear => "clear",
            Self::Resume => "resume",
            Self::Fork => "fork",
            Self::Compact => "compact",
        }
    }
}

/// Where hooks are read from.
#[derive(Debug, Clone)]
pub(crate) struct HookOrigin {
    /// The configuration of the process.
    pub(crate) source: ConfigSource,
    /// What was laid over it for the thread.
    pub(crate) overrides: Vec<ConfigOverride>,
}

/// See the module.
pub(crate) struct ThreadHooks {
    /// `None`: there are none, and there never will be.
    thread: Option<Thread>,
    /// A lock, because the tool calls of a turn run side by side; held for a few instructions.
    state: Arc<Mutex<State>>,
    /// Hooks that nobody waits for. They end with this. Locked as above.
    background: Mutex<JoinSet<()>>,
}

struct Thread {
    origin: Arc<HookOrigin>,
    place: HookPlace,
    outbox: Outbox,
    mcp: Arc<ThreadMcp>,
    /// They stay as they are.
    is_delegate: bool,
}

#[derive(Default)]
struct State {
    catalog: Arc<HookCatalog>,
    /// The folder that it was read for.
    cwd: PathBuf,
    /// What the next turn begins with.
    start: Option<SessionStartSource>,
    /// What hooks have said for the model, and the history does not have yet.
    contexts: Vec<String>,
    /// The end of the thread has been told to hooks.
    over: bool,
}

impl State {
    fn add(&mut self, contexts: impl IntoIterator<Item = String>) {
        let room = MAX_CONTEXTS.saturating_sub(self.contexts.len());
        self.contexts.extend(contexts.into_iter().take(room));
    }
}

impl ThreadHooks {
    /// Those of a thread, as they were read for a folder.
    pub(crate) fn new(
        origin: HookOrigin,
        place: HookPlace,
        outbox: Outbox,
        mcp: Arc<ThreadMcp>,
        (catalog, cwd): (HookCatalog, PathBuf),
        start: SessionStartSource,
    ) -> Arc<Self> {
        Arc::new(Self {
            thread: Some(Thread {
                origin: Arc::new(origin),
                place,
                outbox,
                mcp,
                is_delegate: false,
            }),
            state: Arc::new(Mutex::new(State {
                catalog: Arc::new(catalog),
                cwd,
                start: Some(start),
                ..State::default()
            })),
            background: Mutex::default(),
        })
    }

    /// Those that have a say in a conversation beside the thread's own, which works in its name. They are told and run as
    /// those of the thread. `transcript`: the rollout file of the conversation.
    pub(crate) fn of_delegate(&self, transcript: Option<PathBuf>) -> Arc<Self> {
        let thread = self.thread.as_ref().map(|thread| Thread {
            origin: Arc::clone(&thread.origin),
            place: HookPlace {
                transcript,
                ..thread.place.clone()
            },
            outbox: thread.outbox.clone(),
            mcp: Arc::clone(&thread.mcp),
            is_delegate: true,
        });
        let state = self.state();
        let state = State {
            catalog: Arc::new(state.catalog.only(&OF_DELEGATES)),
            cwd: state.cwd.clone(),
            ..State::default()
        };
        Arc::new(Self {
            thread,
            state: Arc::new(Mutex::new(state)),
            background: Mutex::default(),
        })
    }

    /// Of a conversation that has none.
    pub(crate) fn none() -> Arc<Self> {
        Arc::new(Self {
            thread: None,
            state: Arc::default(),
            background: Mutex::default(),
        })
    }

    /// Whether any hook runs at this event.
    pub(crate) fn any(&self, event: HookEvent) -> bool {
        self.state().catalog.of(event).next().is_some()
    }

    /// Whether it is the thread of an agent that a model has started.
    pub(crate) fn is_of_agent(&self) -> bool {
        self.thread
            .as_ref()
            .is_some_and(|thread| thread.place.agent_role.is_some())
    }

    /// The role of that agent.
    pub(crate) fn agent_role(&self) -> String {
        let place = self.thread.as_ref().map(|thread| &thread.place);
        place
            .and_then(|place| place.agent_role.clone())
            .unwrap_or_default()
    }

    /// The rollout file of the thread that has started the agent.
    pub(crate) fn parent_transcript(&self) -> Option<&Path> {
        self.thread.as_ref()?.place.parent_transcript.as_deref()
    }

    /// Its rollout file.
    pub(crate) fn transcript(&self) -> Option<&Path> {
        self.thread.as_ref()?.place.transcript.as_deref()
    }

    /// Reads them again if their files have changed: what the user has trusted, or switched off, counts from the next
    /// turn on. What can't be read stays as it was.
    pub(crate) async fn refresh(&self, cwd: &Path) {
        let Some(thread) = self.thread.as_ref().filter(|thread| !thread.is_delegate) else {
            return;
        };
        let (catalog, has_moved) = {
            let state = self.state();
            (Arc::clone(&state.catalog), state.cwd != cwd)
        };
        let (origin, known) = (Arc::clone(&thread.origin), Arc::clone(&catalog));
        let here = cwd.to_owned();
        let reading = in_background(READ_TIMEOUT, move || {
            (has_moved || known.is_stale())
                .then(|| HookCatalog::load(&origin.source, &here, &origin.overrides))
        });
        let new = match reading.await {
            Ok(Some(new)) if new.is_broken() => return,
            Ok(Some(new)) => new,
            Ok(None) => return,
            Err(error) => {
                tracing::warn!("the hooks could not be read again: {error}");
                return;
            }
        };
        let new = Arc::new(new);
        {
            let mut state = self.state();
            if !Arc::ptr_eq(&state.catalog, &catalog) {
                // Somebody has read them later.
                return;
            }
            state.catalog = Arc::clone(&new);
            cwd.clone_into(&mut state.cwd);
        }
        for warning in &new.warnings {
            if !catalog.warnings.contains(warning) {
                thread.outbox.emit(Event::Warning(warning.clone()));
            }
        }
    }

    /// The folder that they were read for.
    pub(crate) fn folder(&self) -> PathBuf {
        self.state().cwd.clone()
    }

    /// As clients see them.
    pub(crate) fn list(&self) -> HookList {
        self.state().catalog.list()
    }

    /// The thread begins to work anew.
    pub(crate) fn begin_again(&self, source: SessionStartSource) {
        self.state().start = Some(source);
    }

    /// Why the thread begins to work, if hooks have not been told.
    pub(crate) fn take_start(&self) -> Option<SessionStartSource> {
        self.state().start.take()
    }

    /// Keeps texts for the next request to the model.
    pub(crate) fn add_contexts(&self, contexts: Vec<String>) {
        self.state().add(contexts);
    }

    /// The texts that were kept.
    pub(crate) fn take_contexts(&self) -> Vec<String> {
        std::mem::take(&mut self.state().contexts)
    }

    /// Runs the hooks of an event, and tells of it. They end when this is dropped.
    pub(crate) async fn run(&self, moment: &HookMoment, request: &HookRequest) -> HookReport {
        match &self.thread {
            Some(thread) => self.run_telling(Some(&thread.outbox), moment, request).await,
            None => HookReport::default(),
        }
    }

    /// As [`Self::run`], while others go on.
    pub(crate) fn run_in_background(self: &Arc<Self>, moment: HookMoment, request: HookRequest) {
        if !self.any(request.event) {
            return;
        }
        let hooks = Arc::downgrade(self);
        self.spawn(async move {
            if let Some(hooks) = hooks.upgrade() {
                hooks.run(&moment, &request).await;
            }
        });
    }

    /// Tells hooks, once, that the thread ends. `quiet`: and nobody else.
    pub(crate) async fn end_session(&self, quiet: bool) {
        let Some(thread) = self
            .thread
            .as_ref()
            .filter(|thread| thread.place.agent_role.is_none())
        else {
            return;
        };
        let cwd = {
            let mut state = self.state();
            if std::mem::replace(&mut state.over, true) {
                return;
            }
            state.cwd.clone()
        };
        let request =
            HookRequest::new(HookEvent::SessionEnd, serde_json::json!({"reason": "other"})).named("other");
        let outbox = (!quiet).then_some(&thread.outbox);
        self.run_telling(outbox, &HookMoment::between_turns(&cwd), &request)
            .await;
    }

    /// Ends the hooks that nobody waits for.
    pub(crate) fn close(&self) {
        self.background().abort_all();
    }

    async fn run_telling(
        &self,
        outbox: Option<&Outbox>,
        moment: &HookMoment,
        request: &HookRequest,
    ) -> HookReport {
        let Some(thread) = &self.thread else {
            return HookReport::default();
        };
        let names = request.all_names();
        let hooks: Vec<_> = self
            .state()
            .catalog
            .of(request.event)
            .filter(|hook| hook.matcher.matches(&names))
            .cloned()
            .collect();
        if hooks.is_empty() {
            return HookReport::default();
        }
        let input = request.input(&thread.place, moment);
        let (later, now): (Vec<_>, Vec<_>) = hooks.into_iter().partition(|hook| hook.is_async());
        for hook in later {
            self.run_later(hook, moment.cwd.clone(), input.clone(), Arc::clone(&thread.mcp));
        }
        let running = RunningHooks::begin(outbox, moment.turn_id.as_ref(), &now, request.suffix.as_deref());
        let verdicts = now.iter().map(|hook| async {
            let verdict = verdict(hook, &moment.cwd, &input, &thread.mcp).await;
            (verdict, Instant::now())
        });
        let (verdicts, ended): (Vec<_>, Vec<_>) = join_all(verdicts).await.into_iter().unzip();
        let ids = running.end(&verdicts);
        let mut report = HookReport::default();
        for (((hook, run), verdict), ended) in now.iter().zip(ids).zip(verdicts).zip(ended) {
            report.add(hook, &run, verdict, ended);
        }
        report
    }

    /// Runs a hook that nobody waits for: it can do nothing but tell the model something.
    fn run_later(&self, hook: Arc<Hook>, cwd: PathBuf, input: String, mcp: Arc<ThreadMcp>) {
        let state = Arc::clone(&self.state);
        self.spawn(async move {
            let verdict = verdict(&hook, &cwd, &input, &mcp).await;
            let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
            state.add(limited(&hook, verdict.context));
        });
    }

    fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        let mut background = self.background();
        while background.try_join_next().is_some() {}
        if background.len() < MAX_IN_BACKGROUND {
            background.spawn(work);
        } else {
            tracing::warn!("a hook was left out: {MAX_IN_BACKGROUND} of this thread run in the background");
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn background(&self) -> MutexGuard<'_, JoinSet<()>> {
        self.background.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for ThreadHooks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ThreadHooks").finish_non_exhaustive()
    }
}

/// Runs one hook to its end.
async fn verdict(hook: &Hook, cwd: &Path, input: &str, mcp: &ThreadMcp) -> Verdict {
    match &hook.description.handler {
        HookHandler::Command { command, .. } => {
            let ended = command::run(command, &hook.variables, cwd, input.to_owned(), hook.timeout()).await;
            Verdict::of(hook.description.event, &ended)
        }
        HookHandler::McpTool {
            server,
            tool,
            input: arguments,
        } => {
            let ended = mcp_tool::run(mcp, (server, tool), arguments, input, hook.timeout()).await;
            Verdict::of(hook.description.event, &ended)
        }
    }
}
