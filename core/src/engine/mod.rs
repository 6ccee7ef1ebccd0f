//! Starts and finds threads; owns the services that they share.
//!
//! Where to look:
//!
//! * beginning: `assemble` (what a thread consists of, from its configuration), `new_thread` (what is known of it at its start), `files` (what must be read for that)
//! * `resume`, `fork`, `unstarted` (threads that had no turn yet), and `manage` (read, list, rename, archive, delete,
//!   revert)
//! * `agents` (threads that the models of other threads start)
//! * `mcp`: tool servers, `hooks`: hooks, as clients ask for them
//! * `thread_work`: goals and queues, `realtime`: what was said, of loaded threads and others
//! * `claims` (one at a time for each thread), `actors` (what lives, found or not)

mod actors;
mod agents;
mod archive;
mod assemble;
mod claims;
mod files;
mod fork;
mod hooks;
mod manage;
mod mcp;
mod new_thread;
mod realtime;
mod reload;
mod resume;
mod saved_settings;
mod thread_work;
mod unstarted;

pub use fork::ForkThread;
pub use manage::RevertedThread;
pub use resume::{ResumeThread, ResumedThread};

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::join_all;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};
use tracing::Instrument;

use self::actors::Actors;
use self::agents::EngineAgents;
use self::assemble::{Assembled, provider};
use self::claims::Claims;
use crate::agents::ThreadAgents;
use crate::auth::AuthManager;
use crate::config::{Config, ConfigOverride, ConfigSource};
use crate::exec::ExecSessions;
use crate::exec_policy::store::HomeRules;
use crate::exec_policy::{self, RulesProblem};
use crate::external_file::{READ_TIMEOUT, in_background};
use crate::goal_tracker::GoalTracker;
use crate::history::{Layout, LogWriter, MetadataPatch, ThreadLog, ThreadStore};
use crate::hooks::ThreadHooks;
use crate::mcp::{McpManager, ThreadMcp};
use crate::model::{ModelCatalog, ModelInfo};
use crate::outbox::Outbox;
use crate::plugins::Plugins;
use crate::session::{Actor, Draining, Mail, MessageQueue, Remove, ThreadMessage, Unload};
use crate::skills::SkillCatalog;
use crate::{
    BackgroundTerminal, DynamicTools, Error, Event, EventSink, HistoryMode, HookEvent, Op, Reply, Result,
    SettingsPatch, ThreadId, ThreadInfo, ThreadSettings, instructions, telemetry,
};

/// How much of the time that the end may take is kept for writing down what the store has in memory only.
const SAVING_TIME: Duration = Duration::from_millis(200);

/// What an engine is made of.
pub struct EngineOptions {
    /// Where configuration comes from.
    pub config: ConfigSource,
    /// Takes the events of all threads.
    pub sink: Arc<dyn EventSink>,
    /// Accounts of this home.
    pub auth: Arc<AuthManager>,
}

/// What thread/start asks for.
#[derive(Debug, Clone, Default)]
pub struct StartThread {
    /// Settings that differ from the configuration.
    pub settings: SettingsPatch,
    /// Overrides of the configuration for this thread.
    pub config: Vec<ConfigOverride>,
    /// Replaces the built-in base instructions.
    pub base_instructions: Option<String>,
    /// Goes into the developer message.
    pub developer_instructions: Option<String>,
    /// Lives in memory only.
    pub ephemeral: bool,
    /// The project that it belongs to, which must exist.
    pub project: Option<String>,
    /// How its history is stored.
    pub history_mode: HistoryMode,
    /// The client's mark on it.
    pub daybreak: Option<bool>,
    /// Further folders with skills, absolute.
    pub skill_roots: Vec<PathBuf>,
    /// It takes the place of one that the user has cleared away; hooks are told so.
    pub after_clear: bool,
    /// The client's word for where the thread comes from.
    pub thread_source: Option<String>,
    /// `originator`: name of the client.
    pub originator: String,
    /// `User-Agent` of the client.
    pub user_agent: String,
    /// Tools that the client carries out.
    pub dynamic_tools: DynamicTools,
    /// Tells every item of the model's history, and every response, besides what it means.
    pub raw_events: bool,
}

/// A thread that was just started, resumed or forked.
#[derive(Debug, Clone)]
pub struct StartedThread {
    /// The thread.
    pub info: ThreadInfo,
    /// Its settings.
    pub settings: ThreadSettings,
    /// The service tier that it works with: the one of its settings, unless its model isn't offered in that.
    pub service_tier: Option<String>,
    /// Files that project instructions came from.
    pub instruction_sources: Vec<PathBuf>,
}

impl StartedThread {
    fn new(
        info: ThreadInfo,
        settings: ThreadSettings,
        instruction_sources: Vec<PathBuf>,
        models: &ModelCatalog,
    ) -> Self {
        let (model, _) = models.find(&settings.model);
        let service_tier = settings.service_tier.clone();
        Self {
            info,
            service_tier: service_tier.filter(|tier| !model.lacks_tier(tier)),
            settings,
            instruction_sources,
        }
    }
}

/// The engine of one process.
pub struct Engine {
    options: EngineOptions,
    threads: Arc<Threads>,
    /// Those of the threads, and those that are ending.
    actors: Actors,
    models: Arc<ModelCatalog>,
    /// The base instructions of all threads that have no others.
    base_instructions: Arc<str>,
    /// The `installation_id` file's content.
    installation_id: OnceLock<String>,
    /// Writes the histories of all threads.
    writer: LogWriter,
    /// Stored threads.
    store: OnceLock<ThreadStore>,
    /// Who is at work on a thread as a whole.
    claims: Claims,
    /// The rules about commands of all threads.
    home_rules: Arc<HomeRules>,
    /// The agents that threads have started.
    agents: Arc<EngineAgents>,
    /// Skills of this home.
    skills: Arc<SkillCatalog>,
    /// Plugins of this home.
    plugins: Arc<Plugins>,
    /// MCP servers of all threads.
    mcp: Arc<McpManager>,
    /// Whether anything may still begin by itself.
    draining: Arc<Draining>,
}

/// The loaded threads. A lock, because threads leave by themselves, and clients look them up from anywhere; held for
/// a few instructions. Identifiers sort by time of creation.
#[derive(Default)]
struct Threads(Mutex<BTreeMap<ThreadId, ThreadHandle>>);

impl Threads {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<ThreadId, ThreadHandle>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Engine {
    /// An engine. Reads nothing and opens nothing before it is asked to.
    pub fn new(options: EngineOptions) -> Arc<Self> {
        let models = ModelCatalog::new(options.config.codex_home.clone(), Arc::clone(&options.auth));
        let skills = SkillCatalog::new(options.config.codex_home.clone());
        Arc::new_cyclic(|engine| Self {
            agents: EngineAgents::new(Weak::clone(engine), Arc::clone(&options.sink)),
            home_rules: HomeRules::new(
                options.config.codex_home.clone(),
                options.config.system_folder.clone(),
            ),
            plugins: Plugins::new(options.config.clone(), Arc::clone(&skills)),
            skills,
            mcp: McpManager::new(options.config.codex_home.clone()),
            models,
            options,
            threads: Arc::default(),
            actors: Actors::default(),
            base_instructions: instructions::BASE.into(),
            installation_id: OnceLock::new(),
            writer: LogWriter::default(),
            store: OnceLock::new(),
            claims: Claims::default(),
            draining: Arc::default(),
        })
    }

    /// Stored threads of this home.
    pub fn store(&self) -> &ThreadStore {
        self.store.get_or_init(|| {
            let source = &self.options.config;
            // Files that don't tell their provider were written with whatever was configured.
            let config = Config::load(source, &source.codex_home, &[]).ok();
            let layout = Layout::new(source.codex_home.clone());
            let Some(config) = config else {
                return ThreadStore::new(layout, "openai");
            };
            let layout = match &config.sqlite_home {
                Some(folder) => layout.with_databases(folder.clone()),
                None => layout,
            };
            ThreadStore::new(layout, config.model_provider.as_str())
        })
    }

    /// Skills of this home.
    pub fn skills(&self) -> &Arc<SkillCatalog> {
        &self.skills
    }

    /// Plugins of this home.
    pub fn plugins(&self) -> &Arc<Plugins> {
        &self.plugins
    }

    /// Starts a thread. `reply` is called before the thread's first event.
    pub async fn start_thread(&self, start: StartThread, reply: Reply<StartedThread>) {
        let channel = mpsc::unbounded_channel();
        let developer_instructions = start.developer_instructions.clone();
        let assembled = match self.prepare(start, &channel.0).await {
            Ok(assembled) => assembled.with_required_servers().await,
            Err(error) => Err(error),
        };
        match assembled {
            Ok(assembled) => {
                let started = assembled.started();
                if let Err(error) = self.note_metadata(&started.info).await {
                    return reply.send(Err(error));
                }
                let keepsake = self.keepsake(&assembled, developer_instructions);
                self.launch(channel, assembled, Origin::Started, || reply.send(Ok(started)));
                if let Some(keepsake) = keepsake {
                    self.keep_unstarted(keepsake);
                }
            }
            Err(error) => reply.send(Err(error)),
        }
    }

    /// Notes what clients have given to a new thread, and its file doesn't tell.
    async fn note_metadata(&self, info: &ThreadInfo) -> Result<()> {
        if info.ephemeral {
            return Ok(());
        }
        if info.project.is_some() {
            self.store().assign_project(info.id, info.project.clone()).await?;
        }
        if info.daybreak.is_some() {
            let patch = MetadataPatch {
                daybreak: info.daybreak,
                ..MetadataPatch::default()
            };
            self.store().patch_metadata(info.id, patch).await?;
        }
        Ok(())
    }

    /// Reads the rules about commands of this home, and tells what is wrong with them.
    pub async fn check_rules(&self) -> Vec<RulesProblem> {
        exec_policy::report(&self.home_rules).await
    }

    /// The models of a provider (the configured one, unless named) in the order of lists. Asks the server for its list
    /// if the last answer is old.
    pub async fn list_models(
        &self,
        provider_id: Option<&str>,
        user_agent: &str,
        hidden: bool,
    ) -> Result<Vec<Arc<ModelInfo>>> {
        let config = Config::load_or_last(&self.options.config, ".".into()).await?;
        let id = provider_id.unwrap_or(&config.model_provider);
        let provider = provider(&config, id).map_err(|error| {
            if provider_id.is_none() || config.model_providers.contains_key(id) {
                return error;
            }
            Error::ModelProviderNotConfigured(id.to_owned())
        })?;
        let path = config.model_catalog.clone();
        let own = in_background(READ_TIMEOUT, move || files::own_models(path.as_deref())).await;
        let own = own.map_err(|error| Error::Config(format!("model_catalog_json: {error}")))?;
        let models = self.models.with_own(own?);
        Ok(models.list(&provider, user_agent, hidden).await)
    }

    /// Puts a thread into the world: it is found from now on, then `answer` is called, then its first events follow.
    fn launch(
        &self,
        (mail, mailbox): MailChannel,
        assembled: Assembled,
        origin: Origin,
        answer: impl FnOnce(),
    ) {
        let Assembled {
            mut state,
            services,
            session,
            warnings,
            rules_problems,
        } = assembled;
        let id = state.info.id;
        let quit = mail.downgrade();
        if matches!(origin, Origin::Started | Origin::ForkedFrom(_)) {
            services.goals.is_of_new_thread();
            services.queue.is_of_new_thread();
        }
        let voice = mail.downgrade();
        services.realtime.hand_off_to(Arc::new(move |handoff| {
            if let Some(mail) = voice.upgrade() {
                let _ = mail.send(Box::new(ThreadMessage::Handoff(handoff)));
            }
        }));
        let handle = ThreadHandle {
            id,
            mail,
            outbox: services.outbox.clone(),
            exec: Arc::clone(&services.exec),
            agents: Arc::clone(&services.agents),
            goals: Arc::clone(&services.goals),
            queue: Arc::clone(&services.queue),
            hooks: Arc::clone(&services.hooks),
            mcp: Arc::clone(&services.mcp),
        };
        if let Some(spawn) = &services.agents.place.spawn {
            self.agents.loaded(id, spawn, &state.info.session_id);
        }
        self.threads.lock().insert(id, handle);
        answer();
        telemetry::thread_started(state.info.git.is_some());
        let span = tracing::info_span!(parent: None, "thread", %id);
        origin.log(&span, &state.settings);
        for problem in rules_problems {
            state.outbox.emit(Event::RulesProblem(Box::new(problem)));
        }
        for deprecation in &state.config.deprecations {
            state.outbox.emit(Event::Deprecated(deprecation.clone()));
        }
        for warning in warnings {
            state.outbox.emit(Event::Warning(warning));
        }
        state.warn_of_missing_tier();
        state.warn_of_unknown_model();
        span.in_scope(|| services.client.preconnect(state.settings.workspace()));
        services.skills.prepare(&state.settings.cwd);
        services.mcp.start();
        let threads = Arc::clone(&self.threads);
        let unload = move |mailbox: &mpsc::UnboundedReceiver<Mail>| {
            let mut threads = threads.lock();
            let idle = mailbox.is_empty();
            if idle {
                threads.remove(&id);
            }
            idle
        };
        let threads = Arc::clone(&self.threads);
        let remove = move || drop(threads.lock().remove(&id));
        let ways_out = (Box::new(unload) as Unload, Box::new(remove) as Remove);
        let actor = Actor::new(mailbox, services, session, state, ways_out);
        self.actors
            .start(quit, Box::new(actor).run().instrument(span).boxed());
    }

    /// A loaded thread.
    pub fn thread(&self, id: ThreadId) -> Option<ThreadHandle> {
        self.threads.lock().get(&id).cloned()
    }

    /// The loaded threads.
    fn handles(&self) -> Vec<ThreadHandle> {
        self.threads.lock().values().cloned().collect()
    }

    /// Ids of the loaded threads, oldest first.
    pub fn loaded(&self) -> Vec<ThreadId> {
        self.threads.lock().keys().copied().collect()
    }

    /// The process is about to end: turns that run go on, and nothing begins by itself any more. Goals and queued messages
    /// stay as they are stored, for the next process. Turns that clients ask for still begin: it is for the caller to
    /// refuse them.
    pub fn drain(&self) {
        self.draining.begin();
    }

    /// Whether the process is about to end; see [`Self::drain`].
    pub fn is_draining(&self) -> bool {
        self.draining.is_on()
    }

    /// Ends all threads within this time: turns are recorded as interrupted first, then children are ended and files
    /// synced. Nothing is told any more. Hooks that are to hear of it may take their own time, three seconds at most.
    pub async fn shutdown(&self, within: Duration) {
        self.drain();
        // Nobody finds them any more; they are reached as long as this is kept.
        let threads = std::mem::take(&mut *self.threads.lock());
        let hooks: Vec<_> = threads
            .values()
            .filter(|thread| thread.hooks.any(HookEvent::SessionEnd))
            .map(|thread| Arc::clone(&thread.hooks))
            .collect();
        let told = join_all(hooks.iter().map(|hooks| hooks.end_session(true)));
        let servers = self.mcp.shutdown(Instant::now() + within);
        tokio::join!(told, self.end_threads(within), servers);
        drop(threads);
    }

    async fn end_threads(&self, within: Duration) {
        let end = Instant::now() + within;
        if !self.actors.quit(end - SAVING_TIME.min(within / 2)).await {
            tracing::warn!("some threads did not end in time");
        }
        if let Some(store) = self.store.get()
            && timeout_at(end, store.save()).await.is_err()
        {
            tracing::warn!(
                "how far threads were read, and threads without a turn, could not be saved in time"
            );
        }
        if timeout_at(end, telemetry::flush()).await.is_err() {
            tracing::warn!("telemetry could not be sent in time");
        }
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine")
            .field("loaded", &self.threads.lock().len())
            .finish_non_exhaustive()
    }
}

/// How a thread came to be loaded.
#[derive(Debug, Clone, Copy)]
enum Origin {
    Started,
    Resumed,
    ForkedFrom(ThreadId),
    Reverted,
}

impl Origin {
    fn log(self, span: &tracing::Span, settings: &ThreadSettings) {
        let (model, provider) = (&settings.model, &settings.model_provider);
        match self {
            Self::Started => tracing::info!(parent: span, model, provider, "thread started"),
            Self::Resumed => tracing::info!(parent: span, model, provider, "thread resumed"),
            Self::ForkedFrom(source) => {
                tracing::info!(parent: span, model, provider, %source, "thread forked");
            }
            Self::Reverted => tracing::info!(parent: span, model, provider, "thread reverted"),
        }
    }
}

type MailChannel = (mpsc::UnboundedSender<Mail>, mpsc::UnboundedReceiver<Mail>);

/// A loaded thread.
#[derive(Debug, Clone)]
pub struct ThreadHandle {
    id: ThreadId,
    mail: mpsc::UnboundedSender<Mail>,
    outbox: Outbox,
    exec: Arc<ExecSessions>,
    agents: Arc<ThreadAgents>,
    goals: Arc<GoalTracker>,
    queue: Arc<MessageQueue>,
    hooks: Arc<ThreadHooks>,
    mcp: Arc<ThreadMcp>,
}

impl ThreadHandle {
    /// Its id.
    pub fn id(&self) -> ThreadId {
        self.id
    }

    /// Where its history is written.
    pub(crate) fn log(&self) -> &ThreadLog {
        self.outbox.log()
    }

    /// Its way out.
    pub(crate) fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    /// Its side of the agents.
    pub(crate) fn agents(&self) -> &ThreadAgents {
        &self.agents
    }

    /// Hands an operation of a client to the thread, in the order of the calls. If the thread has ended, the operation's
    /// reply is answered with an error; so is input for an agent that only other agents speak to.
    pub fn submit(&self, op: Op) {
        if self.agents.place.is_path_agent() {
            self.deliver_without_input(op);
        } else {
            self.deliver(op);
        }
    }

    fn deliver_without_input(&self, op: Op) {
        let refused = Error::NoDirectInput(self.id);
        match op {
            Op::StartTurn { reply, .. } | Op::StartQueued { reply, .. } | Op::StartReview { reply, .. } => {
                reply.send(Err(refused));
            }
            Op::UpdateTurnSettings { reply, .. } => reply.send(Err(refused)),
            Op::Steer { reply, .. } => reply.send(Err(refused)),
            Op::UpdateSettings { reply, .. }
            | Op::InjectItems { reply, .. }
            | Op::Compact { reply }
            | Op::PrepareApprovedPlan { reply, .. }
            | Op::StartRealtime { reply, .. }
            | Op::ShellCommand { reply, .. } => reply.send(Err(refused)),
            other => self.deliver(other),
        }
    }

    /// Hands an operation to the thread, whoever wants it.
    pub(crate) fn deliver(&self, op: Op) {
        // An operation that finds nobody comes back and is dropped, which answers its reply.
        let _ = self.mail.send(Box::new(ThreadMessage::Op(op)));
    }

    /// Something has come up that a turn may begin for by itself.
    fn wake(&self) {
        let _ = self.mail.send(Box::new(ThreadMessage::Wake));
    }

    /// Tells its model, before the next request, that the user approves an action which a review has denied.
    pub fn approve_denied_action(&self, action: &serde_json::Value, reply: Reply<()>) {
        let text = instructions::action_approved(action);
        let content = serde_json::json!([{"type": "input_text", "text": text}]);
        let item = serde_json::json!({"type": "message", "role": "developer", "content": content});
        let items = vec![item];
        self.submit(Op::InjectItems {
            items,
            is_urgent: false,
            reply,
        });
    }

    /// Its commands that run, in the order of their numbers.
    pub async fn background_terminals(&self) -> Vec<BackgroundTerminal> {
        self.exec.background_terminals().await
    }

    /// Ends all its commands that run.
    pub async fn clean_background_terminals(&self) {
        self.exec.terminate_all().await;
    }

    /// Ends the command of this number. False if none of that number runs.
    pub async fn terminate_background_terminal(&self, process_id: &str) -> bool {
        self.exec.terminate(process_id).await
    }

    /// Tells how many clients watch the thread; with none it is unloaded after its idle time.
    pub fn set_subscribers(&self, count: usize) {
        let _ = self.mail.send(Box::new(ThreadMessage::Subscribers(count)));
    }
}
