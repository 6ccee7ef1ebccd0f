//! Starts and finds threads; owns the services that they share.
//!
//! Where to look:
//!
//! * beginning: `start` (new threads), `new_thread` (what is known of one at its start), `files` (what must be read for
//!   that), `providers`, `assemble` (what a thread consists of), `handle` (how others reach it)
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
mod handle;
mod hooks;
mod manage;
mod mcp;
mod new_thread;
mod providers;
mod realtime;
mod reload;
mod resume;
mod saved_settings;
mod start;
mod thread_work;
mod unstarted;

pub use fork::ForkThread;
pub use handle::ThreadHandle;
pub use manage::RevertedThread;
pub use resume::{ResumeThread, ResumedThread};
pub use start::{StartThread, StartedThread};

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::join_all;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};
use tracing::Instrument;

use self::actors::Actors;
use self::agents::EngineAgents;
use self::assemble::Assembled;
use self::claims::Claims;
use self::providers::provider;
use crate::auth::AuthManager;
use crate::config::{Config, ConfigSource};
use crate::exec_policy::store::HomeRules;
use crate::exec_policy::{self, RulesProblem};
use crate::external_file::{READ_TIMEOUT, in_background};
use crate::history::{Layout, LogWriter, ThreadStore};
use crate::mcp::McpManager;
use crate::model::{ModelCatalog, ModelInfo};
use crate::plugins::Plugins;
use crate::session::{Actor, Draining, Mail, Remove, ThreadMessage, Unload};
use crate::skills::SkillCatalog;
use crate::{Error, Event, EventSink, HookEvent, Result, ThreadId, ThreadSettings, instructions, telemetry};

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
