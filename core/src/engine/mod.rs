//! Starts and finds threads; owns the services that they share.

mod fork;
mod manage;
mod resume;

pub use fork::ForkThread;
pub use manage::RevertedThread;
pub use resume::{ResumeThread, ResumedThread};

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use serde_json::Value;
use tokio::sync::mpsc;

use crate::auth::AuthManager;
use crate::config::{Config, ConfigOverride, ConfigSource, installation_id};
use crate::exec::{ExecOptions, ExecSessions};
use crate::history::{
    BaseInstructions, ContextWindow, Layout, LogPosition, LogWriter, NewLog, OnWarning, Provenance,
    SessionMeta, ThreadLog, ThreadStore, timestamp,
};
use crate::model::{ModelCatalog, ModelClient, ModelClientOptions, ModelInfo, Provider, ThreadLineage};
use crate::project_doc::ProjectDoc;
use crate::session::{Actor, Front, Mail, Outbox, Services, Session, settings};
use crate::tools::{ExecCommand, Tool, ToolSet, WriteStdin};
use crate::{
    CONTRACT_VERSION, Error, Event, EventSink, HistoryMode, Op, Reply, Result, SettingsPatch, ThreadId,
    ThreadInfo, ThreadSettings, ThreadStatus, features, instructions, telemetry,
};

/// How long the end of all threads may take.
const SHUTDOWN_TIME: Duration = Duration::from_millis(800);

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
    /// The client's word for where the thread comes from.
    pub thread_source: Option<String>,
    /// `originator`: name of the client.
    pub originator: String,
    /// `User-Agent` of the client.
    pub user_agent: String,
    /// Tools that the client offers, as the API takes them.
    pub raw_events: bool,
}

/// A thread that was just started, resumed or forked.
#[derive(Debug, Clone)]
pub struct StartedThread {
    /// The thread.
    pub info: ThreadInfo,
    /// Its settings.
    pub settings: ThreadSettings,
    /// Files that project instructions came from.
    pub instruction_sources: Vec<PathBuf>,
}

/// The engine of one process.
pub struct Engine {
    options: EngineOptions,
    threads: Arc<Threads>,
    models: Arc<ModelCatalog>,
    /// The base instructions of all threads that have no others.
    base_instructions: Arc<str>,
    /// The `installation_id` file's content.
    installation_id: OnceLock<String>,
    /// The shell tools and what the model is told of them.
    shell_tools: OnceLock<(ToolSet, Arc<Vec<Value>>)>,
    /// Writes the histories of all threads.
    writer: LogWriter,
    /// Stored threads.
    store: OnceLock<ThreadStore>,
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
        Arc::new(Self {
            models,
            options,
            threads: Arc::default(),
            base_instructions: instructions::BASE.into(),
            installation_id: OnceLock::new(),
            shell_tools: OnceLock::new(),
            writer: LogWriter::default(),
            store: OnceLock::new(),
        })
    }

    /// Stored threads of this home.
    pub fn store(&self) -> &ThreadStore {
        self.store.get_or_init(|| {
            let source = &self.options.config;
            // Files that don't tell their provider were written with whatever was configured.
            let config = Config::load(source, &source.codex_home, &[]).ok();
            let provider = config.map_or_else(|| "openai".into(), |config| config.model_provider);
            ThreadStore::new(Layout::new(source.codex_home.clone()), provider)
        })
    }

    /// Starts a thread. `reply` is called before the thread's first event.
    #[expect(
        clippy::unused_async,
        reason = "the caller must be ready to wait: threads may have to be locked"
    )]
    pub async fn start_thread(&self, start: StartThread, reply: Reply<StartedThread>) {
        let channel = mpsc::unbounded_channel();
        match self.prepare(start, &channel.0) {
            Ok(assembled) => {
                let started = assembled.started();
                self.launch(channel, assembled, || reply.send(Ok(started)));
            }
            Err(error) => reply.send(Err(error)),
        }
    }

    /// The models of a provider (the configured one, unless named) in the order of lists. Asks the server for its list
    /// if the last answer is old.
    pub async fn list_models(
        &self,
        provider_id: Option<&str>,
        user_agent: &str,
        hidden: bool,
    ) -> Result<Vec<Arc<ModelInfo>>> {
        let config = Config::load(&self.options.config, ".".as_ref(), &[])?;
        let id = provider_id.unwrap_or(&config.model_provider);
        let provider = provider(&config, id).map_err(|error| {
            if provider_id.is_none() || config.model_providers.contains_key(id) {
                return error;
            }
            Error::Refused {
                message: format!(
                    "The model provider `{id}` is not configured. Add [model_providers.{id}] to config.toml, or \
                     choose another one."
                ),
                data: serde_json::json!({"type": "modelProviderNotConfigured", "modelProvider": id}),
            }
        })?;
        Ok(self.models.list(&provider, user_agent, hidden).await)
    }

    /// Puts a thread into the world: it is found from now on, then `answer` is called, then its first events follow.
    fn launch(&self, (mail, mailbox): MailChannel, assembled: Assembled, answer: impl FnOnce()) {
        let Assembled {
            front,
            services,
            session,
            warnings,
        } = assembled;
        let id = front.info.id;
        let log = services.outbox.log().clone();
        self.threads.lock().insert(id, ThreadHandle { id, mail, log });
        answer();
        telemetry::thread_started(front.info.git.is_some());
        front.warn_of_unknown_model();
        for warning in warnings {
            front.outbox.emit(Event::Warning(warning));
        }
        let folders = front.settings.workspace_roots.iter().chain([&front.settings.cwd]);
        services.client.preconnect(folders.map(PathBuf::as_path));
        let threads = Arc::clone(&self.threads);
        let unload = move |mailbox: &mpsc::UnboundedReceiver<Mail>| {
            let mut threads = threads.lock();
            let idle = mailbox.is_empty();
            if idle {
                threads.remove(&id);
            }
            idle
        };
        let outbox = services.outbox.clone();
        let actor = Actor::new(mailbox, services, session, front, Box::new(unload));
        let threads = Arc::clone(&self.threads);
        tokio::spawn(async move {
            // A fault of ours costs its thread and no other, and clients hear of it.
            if std::panic::AssertUnwindSafe(actor.run())
                .catch_unwind()
                .await
                .is_err()
            {
                tracing::error!(%id, "the thread's actor panicked");
                threads.lock().remove(&id);
                outbox.closed();
            }
        });
    }

    /// Reads the configuration and builds everything that a new thread consists of.
    fn prepare(&self, start: StartThread, mail: &mpsc::UnboundedSender<Mail>) -> Result<Assembled> {
        let source = &self.options.config;
        let cwd = settings::absolute(start.settings.cwd.as_deref().unwrap_or_else(|| ".".as_ref()))?;
        let config = Config::load(source, &cwd, &start.config)?;
        export(&config);
        let model = config
            .model
            .clone()
            .unwrap_or_else(|| self.models.default_model());
        let mut settings = settings::initial(&config, model, cwd, &start.settings)?;
        if let Some(provider) = &start.settings.model_provider {
            settings.model_provider.clone_from(provider);
        }
        let id = ThreadId::new();
        let (instructions, custom) = self.base_instructions(start.base_instructions.clone(), &config)?;
        let now = chrono::Local::now();
        let info = new_info(id, &start, &settings, now.timestamp());
        let (log, info) = if start.ephemeral {
            (ThreadLog::none(), info)
        } else {
            let path = self.store().layout().rollout(id, now);
            let log = NewLog {
                layout: self.store().layout().clone(),
                id,
                path: path.clone(),
                meta: new_meta(&info, &settings, &instructions, custom, now.to_utc()),
                position: LogPosition::default(),
                on_warning: on_warning(mail),
            };
            let info = ThreadInfo {
                path: Some(path),
                ..info
            };
            (ThreadLog::create(&self.writer, log), info)
        };
        let session = Session::new(log.clone());
        let draft = Draft {
            info,
            settings,
            config,
            instructions,
            developer_instructions: start.developer_instructions,
            user_agent: start.user_agent,
            log,
            settings_untold: true,
        };
        self.assemble(draft, session)
    }

    /// Builds what a thread consists of.
    fn assemble(&self, draft: Draft, session: Session) -> Result<Assembled> {
        let Draft {
            info,
            settings,
            config,
            instructions,
            developer_instructions,
            user_agent,
            log,
            settings_untold,
        } = draft;
        let id = info.id;
        let provider = provider(&config, &settings.model_provider)?;
        let doc = ProjectDoc::load(&config, &settings.cwd);
        let outbox = Outbox::new(id, Arc::clone(&self.options.sink), log, info.ephemeral);
        let lineage = lineage(&info, settings_untold);
        let options = ModelClientOptions {
            thread_id: id,
            session_id: info.session_id.clone(),
            provider,
            auth: Arc::clone(&self.options.auth),
            originator: info.originator.clone().unwrap_or_default(),
            user_agent,
            installation_id: self.installation_id(),
            compress_requests: config.features.enabled(features::ENABLE_REQUEST_COMPRESSION),
            prefer_websockets: self.models.find(&settings.model).0.prefer_websockets,
        };
        let client = ModelClient::with_lineage(options, lineage);
        client.inform(&self.models);
        let exec = ExecSessions::new(ExecOptions {
            thread_id: id,
            session_id: info.session_id.clone(),
            codex_home: config.codex_home.clone(),
            environment: config.shell_environment_policy.clone(),
            allow_login_shell: config.allow_login_shell,
            max_poll: config.background_terminal_max_timeout,
        });
        let (tools, tool_specs) = self.tools(&config);
        let developer_instructions = developer_instructions.or_else(|| config.developer_instructions.clone());
        let config = Arc::new(config);
        let front = Front {
            info,
            settings: Arc::new(settings),
            settings_untold,
            config: Arc::clone(&config),
            models: Arc::clone(&self.models),
            instruction_sources: doc.sources,
            subscribers: 0,
            outbox: outbox.clone(),
            parent_turn_id: None,
            turn_trigger: None,
            client_metadata: BTreeMap::new(),
        };
        let services = Services {
            outbox,
            config,
            client,
            tools,
            tool_specs,
            exec,
            instructions,
            developer_instructions,
        };
        Ok(Assembled {
            front,
            services,
            session,
            warnings: doc.warnings,
        })
    }

    /// The client's instructions, else the file that the user configured, else our own. `true`: not our own.
    fn base_instructions(&self, given: Option<String>, config: &Config) -> Result<(Arc<str>, bool)> {
        if let Some(given) = given {
            return Ok((given.into(), true));
        }
        let Some(path) = &config.model_instructions_file else {
            return Ok((Arc::clone(&self.base_instructions), false));
        };
        let text = std::fs::read_to_string(path).map_err(|error| {
            Error::invalid(format!(
                "failed to load configuration: model_instructions_file {}: {error}",
                path.display()
            ))
        })?;
        Ok((text.trim().into(), true))
    }

    /// The tools of a thread with this configuration.
    fn tools(&self, config: &Config) -> (ToolSet, Arc<Vec<Value>>) {
        if config.features.enabled(features::SHELL_TOOL) {
            let (tools, specs) = self.shell_tools.get_or_init(|| {
                let shell: [Arc<dyn Tool>; 2] = [Arc::new(ExecCommand), Arc::new(WriteStdin)];
                let tools = ToolSet::new(shell);
                let specs = Arc::new(tools.specs());
                (tools, specs)
            });
            (tools.clone(), Arc::clone(specs))
        } else {
            (ToolSet::default(), Arc::default())
        }
    }

    /// Identifies this home to servers; a home that can't be written gets one for the life of the process.
    fn installation_id(&self) -> String {
        let read = || {
            installation_id(&self.options.config.codex_home).unwrap_or_else(|error| {
                tracing::warn!("no installation id could be kept: {error}");
                crate::new_id()
            })
        };
        self.installation_id.get_or_init(read).clone()
    }

    /// A loaded thread.
    pub fn thread(&self, id: ThreadId) -> Option<ThreadHandle> {
        self.threads.lock().get(&id).cloned()
    }

    /// Ids of the loaded threads, oldest first.
    pub fn loaded(&self) -> Vec<ThreadId> {
        self.threads.lock().keys().copied().collect()
    }

    /// Ends all threads: turns are recorded as interrupted, children killed, files synced. Bounded to 800 ms. Nothing
    /// is told any more.
    pub async fn shutdown(&self) {
        let threads = std::mem::take(&mut *self.threads.lock());
        let ends = threads.into_values().map(|thread| {
            let (reply, ended) = Reply::channel();
            let _ = thread.mail.send(Mail::Quit(reply));
            ended
        });
        let all = futures_util::future::join_all(ends);
        if tokio::time::timeout(SHUTDOWN_TIME, all).await.is_err() {
            tracing::warn!("some threads did not end in time");
        }
        telemetry::flush().await;
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine")
            .field("loaded", &self.threads.lock().len())
            .finish_non_exhaustive()
    }
}

type MailChannel = (mpsc::UnboundedSender<Mail>, mpsc::UnboundedReceiver<Mail>);

/// What model servers are told of where a thread comes from.
fn lineage(info: &ThreadInfo, is_new: bool) -> ThreadLineage {
    let initialization = match &info.forked_from {
        // A fork that was resumed later can't be told from one that has just been made.
        Some(_) => None,
        None if is_new => Some("new".to_owned()),
        None => Some("cold_resume".to_owned()),
    };
    ThreadLineage {
        history_initialization: initialization,
        forked_from_thread_id: info.forked_from.as_ref().map(ToString::to_string),
        parent_thread_id: info.parent.as_ref().map(ToString::to_string),
        subagent: None,
        thread_source: info.thread_source.clone(),
    }
}

/// Starts to export telemetry if the configuration asks for it. What can't be done is no reason to refuse a thread.
fn export(config: &Config) {
    if let Err(error) = telemetry::configure(config.otel.as_ref()) {
        tracing::warn!("{error}");
    }
}

/// What decides what a thread consists of.
struct Draft {
    info: ThreadInfo,
    settings: ThreadSettings,
    config: Config,
    instructions: Arc<str>,
    developer_instructions: Option<String>,
    user_agent: String,
    log: ThreadLog,
    /// The history has not been told of the settings.
    settings_untold: bool,
}

/// A thread that is ready to run.
struct Assembled {
    front: Front,
    services: Services,
    session: Session,
    warnings: Vec<String>,
}

impl Assembled {
    fn started(&self) -> StartedThread {
        StartedThread {
            info: self.front.info.clone(),
            settings: (*self.front.settings).clone(),
            instruction_sources: self.front.instruction_sources.clone(),
        }
    }
}

/// What is known of a thread at its start.
fn new_info(id: ThreadId, start: &StartThread, settings: &ThreadSettings, now: i64) -> ThreadInfo {
    ThreadInfo {
        id,
        session_id: id.to_string(),
        forked_from: None,
        parent: None,
        attached_to: None,
        preview: String::new(),
        name: None,
        ephemeral: start.ephemeral,
        history_mode: HistoryMode::Paginated,
        model: Some(settings.model.clone()),
        effort: settings.effort.clone(),
        model_provider: settings.model_provider.clone(),
        created_at: now,
        updated_at: now,
        recency_at: Some(now),
        status: ThreadStatus::Idle,
        path: None,
        cwd: settings.cwd.clone(),
        workspace_roots: settings.workspace_roots.clone(),
        cli_version: CONTRACT_VERSION.into(),
        originator: Some(start.originator.clone()),
        source: "vscode".into(),
        thread_source: start.thread_source.clone(),
        git: None,
        agent_nickname: None,
        agent_role: None,
        archived: false,
        section: None,
    }
}

/// The first line of a thread's file.
fn new_meta(
    info: &ThreadInfo,
    settings: &ThreadSettings,
    instructions: &str,
    custom: bool,
    now: chrono::DateTime<chrono::Utc>,
) -> SessionMeta {
    let provenance = if custom {
        Provenance::Custom
    } else {
        Provenance::Model {
            model: settings.model.clone(),
        }
    };
    SessionMeta {
        id: Some(info.id),
        session_id: Some(info.session_id.clone()),
        forked_from_id: info.forked_from,
        attached_to_thread_id: info.attached_to,
        timestamp: timestamp(now),
        cwd: info.cwd.clone(),
        runtime_workspace_roots: Some(info.workspace_roots.clone()),
        originator: info.originator.clone().unwrap_or_default(),
        cli_version: info.cli_version.clone(),
        source: info.source.clone(),
        thread_source: info.thread_source.clone(),
        model_provider: Some(info.model_provider.clone()),
        base_instructions: Some(BaseInstructions {
            text: instructions.to_owned(),
            provenance: Some(provenance),
        }),
        history_mode: Some(HistoryMode::Paginated),
        context_window: Some(ContextWindow {
            window_id: crate::new_id(),
        }),
        ..SessionMeta::default()
    }
}

/// What can't be saved is told by the thread itself, as long as it lives.
fn on_warning(mail: &mpsc::UnboundedSender<Mail>) -> OnWarning {
    let mail = mail.downgrade();
    Arc::new(move |text| {
        if let Some(mail) = mail.upgrade() {
            let _ = mail.send(Mail::Warning(text));
        }
    })
}

/// A provider by its id.
fn provider(config: &Config, id: &str) -> Result<Provider> {
    let failed = |why: &str| Error::invalid(format!("failed to load configuration: {why}"));
    if let Some(table) = config.model_providers.get(id) {
        return Provider::from_config(id, table).map_err(|why| failed(&why));
    }
    let env = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    Provider::built_in(id, config.openai_base_url.clone(), env)
        .ok_or_else(|| failed(&format!("Model provider `{id}` not found")))
}

/// A loaded thread.
#[derive(Debug, Clone)]
pub struct ThreadHandle {
    id: ThreadId,
    mail: mpsc::UnboundedSender<Mail>,
    log: ThreadLog,
}

impl ThreadHandle {
    /// Its id.
    pub fn id(&self) -> ThreadId {
        self.id
    }

    /// Where its history is written.
    pub(crate) fn log(&self) -> &ThreadLog {
        &self.log
    }

    /// Hands an operation to the thread, in the order of the calls. If the thread has ended, the operation's reply
    /// is answered with an error.
    pub fn submit(&self, op: Op) {
        // An operation that finds nobody comes back and is dropped, which answers its reply.
        let _ = self.mail.send(Mail::Op(op));
    }

    /// Tells how many clients watch the thread; with none it is unloaded after its idle time.
    pub fn set_subscribers(&self, count: usize) {
        let _ = self.mail.send(Mail::Subscribers(count));
    }
}
