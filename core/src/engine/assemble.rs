//! What a thread consists of.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::mpsc;

use super::files::ThreadFiles;
use super::providers::{provider, provider_of_resumed};
use super::{Engine, StartedThread};
use crate::agents::AgentPlace;
use crate::config::{Config, ConfigOverride, installation_id};
use crate::exec::{ExecOptions, ExecSessions};
use crate::exec_policy::RulesProblem;
use crate::goal_tracker::GoalTracker;
use crate::history::store::ReadStateHandle;
use crate::history::{
    BaseInstructions, LogPosition, NewLog, OnWarning, Provenance, SessionMeta, ThreadLog, WriterLock,
};
use crate::hooks::{HookOrigin, HookPlace, SessionStartSource, ThreadHooks};
use crate::mcp::{McpOrigin, ThreadMcp};
use crate::model::{ContextWindow, ModelClient, ModelClientOptions, ThreadLineage};
use crate::outbox::Outbox;
use crate::patch::PatchState;
use crate::realtime::{Host, Realtime};
use crate::safety::ThreadApprovals;
use crate::session::{
    ConversationState, DelegateHost, Guardian, Mail, MessageQueue, Services, ThreadMessage, ThreadState,
    Unnoted,
};
use crate::skills::ThreadSkills;
use crate::tools::ImageService;
use crate::{DynamicTools, Result, ThreadId, ThreadInfo, ThreadSettings, features, telemetry, tools};

impl Engine {
    /// Reads what a thread in this folder must know from files. `with_project`: also what the project says to models.
    pub(super) async fn read_files(
        &self,
        cwd: PathBuf,
        overrides: Vec<ConfigOverride>,
        with_project: bool,
    ) -> Result<ThreadFiles> {
        ThreadFiles::read(
            &self.options.config,
            &self.home_rules,
            &self.models,
            cwd,
            overrides,
            with_project,
        )
        .await
    }

    /// The log of a thread whose file is yet to be made.
    pub(super) fn create_log(
        &self,
        id: ThreadId,
        path: PathBuf,
        meta: SessionMeta,
        lock: Option<WriterLock>,
        on_warning: OnWarning,
    ) -> ThreadLog {
        let layout = self.store().layout().clone();
        let position = LogPosition::default();
        let log = NewLog {
            layout,
            id,
            path,
            meta,
            position,
            lock,
            on_warning,
        };
        ThreadLog::create(&self.writer, log)
    }

    /// Builds what a thread consists of.
    pub(super) fn assemble(&self, draft: Draft, mut session: ConversationState) -> Result<Assembled> {
        let Draft {
            info,
            mut settings,
            files:
                ThreadFiles {
                    config,
                    overrides,
                    models,
                    doc,
                    memories,
                    rules,
                    rules_problems,
                    hooks,
                    ..
                },
            instructions,
            developer_instructions,
            user_agent,
            log,
            reading,
            settings_untold,
            raw_events,
            dynamic_tools,
            skill_roots,
            begins_as,
        } = draft;
        let id = info.id;
        let is_ephemeral = info.ephemeral;
        let provider = match begins_as {
            SessionStartSource::Resume => provider_of_resumed(&config, &settings.model_provider),
            _ => provider(&config, &settings.model_provider),
        }?;
        let constrained = config.constrain(&mut settings);
        let warnings = config
            .unknown_settings
            .iter()
            .chain(&config.warnings)
            .chain(&config.unstable_features)
            .cloned()
            .chain(constrained)
            .chain(doc.warnings)
            .chain(hooks.0.warnings.iter().cloned())
            .collect();
        let origin = HookOrigin {
            source: self.options.config.clone(),
            overrides: overrides.clone(),
        };
        let overrides_of_servers = overrides.clone();
        let place = AgentPlace {
            thread: id,
            session_id: info.session_id.clone(),
            ephemeral: info.ephemeral,
            overrides,
            instructions: Arc::clone(&instructions),
            developer_instructions: developer_instructions.clone(),
            originator: info.originator.clone().unwrap_or_default(),
            user_agent: user_agent.clone(),
            ..AgentPlace::of_source(&info.source, Arc::clone(&models))
        };
        let sink = if place.spawn.is_some() {
            self.agents.sink()
        } else {
            Arc::clone(&self.options.sink)
        };
        let reading = reading.map(|reading| reading.kept_if(info.has_read_state()));
        let outbox = Outbox::new(id, sink, log, reading, info.status.clone(), info.ephemeral);
        if raw_events {
            session.history.tell_raw_events(outbox.clone());
        }
        let mcp = ThreadMcp::new(
            Arc::clone(&self.mcp),
            Arc::clone(&config),
            McpOrigin {
                source: self.options.config.clone(),
                overrides: overrides_of_servers,
                cwd: settings.cwd.clone(),
                thread: id,
                session_id: info.session_id.clone(),
            },
            outbox.clone(),
        );
        let hooks = ThreadHooks::new(
            origin,
            self.hook_place(&info, &place),
            outbox.clone(),
            Arc::clone(&mcp),
            hooks,
            begins_as,
        );
        let lineage = lineage(&info, &place, settings_untold);
        let agents = self.agents.of_thread(place);
        let options = ModelClientOptions {
            thread_id: id,
            session_id: info.session_id.clone(),
            provider,
            auth: Arc::clone(&self.options.auth),
            originator: info.originator.clone().unwrap_or_default(),
            user_agent,
            installation_id: self.installation_id(),
            compress_requests: config.features.enabled(features::ENABLE_REQUEST_COMPRESSION),
            prefer_websockets: models.find(&settings.model).0.prefer_websockets,
            process_mode: config.process_mode,
        };
        let skills = ThreadSkills::new(Arc::clone(&self.skills), Arc::clone(&config), skill_roots);
        let delegates = Arc::new(DelegateHost {
            config: Arc::clone(&config),
            client: options.clone(),
            models: Arc::clone(&models),
            rules: rules.clone(),
            writer: self.writer.clone(),
            store: self.store().clone(),
            agents: Arc::clone(&agents),
            ephemeral: info.ephemeral,
            skills: Arc::clone(&skills),
        });
        let client = ModelClient::with_lineage(options, lineage);
        client.inform(&models);
        if let Some(window) = outbox.log().first_window_id() {
            client.restore_window(ContextWindow::first(window.to_owned()));
        }
        let exec = ExecSessions::new(ExecOptions {
            thread_id: id,
            session_id: info.session_id.clone(),
            codex_home: config.codex_home.clone(),
            environment: config.shell_environment_policy.clone(),
            allow_login_shell: config.allow_login_shell,
            max_poll: config.background_terminal_max_timeout,
        });
        let patches = Arc::new(PatchState::new(config.codex_home.clone()));
        let images = ImageService::new(
            client.side_channel(),
            config.codex_home.clone(),
            id,
            config.features.enabled(features::IMAGE_GENERATION),
        );
        let tools = tools::built_in(&config);
        let developer_instructions = developer_instructions.or_else(|| config.developer_instructions.clone());
        let state = ThreadState {
            info,
            settings: Arc::new(settings),
            settings_untold,
            config: Arc::clone(&config),
            models,
            dynamic_tools: dynamic_tools.clone(),
            instruction_sources: doc.sources,
            subscribers: 0,
            outbox: outbox.clone(),
            agents: Arc::clone(&agents),
            mcp: Arc::clone(&mcp),
            images: Arc::clone(&images),
            parent_turn_id: None,
            turn_trigger: None,
            client_metadata: BTreeMap::new(),
            unnoted: Unnoted::default(),
            last_turn: None,
            questions: 0,
            said: Vec::new(),
            warned_of: None,
        };
        let store = self.store();
        let has_goals = !is_ephemeral && config.features.enabled(features::GOALS);
        let realtime = Realtime::new(Host {
            thread: id,
            channel: client.side_channel(),
            store: store.clone(),
            outbox: outbox.clone(),
        });
        let guardian = Some(Guardian::new(Arc::clone(&delegates), outbox.clone()));
        let services = Services {
            goals: GoalTracker::new(
                id,
                store.clone(),
                outbox.clone(),
                has_goals,
                config.max_goal_token_budget,
            ),
            queue: MessageQueue::new(id, store.clone(), outbox.clone()),
            skills,
            realtime,
            outbox,
            config,
            client,
            tools,
            exec,
            dynamic_tools,
            patches,
            approvals: ThreadApprovals::new(rules),
            agents,
            instructions,
            developer_instructions,
            memories,
            store: store.clone(),
            delegates,
            guardian,
            hooks,
            mcp,
            images,
            draining: Arc::clone(&self.draining),
        };
        Ok(Assembled {
            state,
            services,
            session,
            warnings,
            rules_problems,
        })
    }

    /// What hooks know of a thread.
    fn hook_place(&self, info: &ThreadInfo, place: &AgentPlace) -> HookPlace {
        let parent = place.spawn.as_ref().and(info.parent);
        let parent = parent.and_then(|parent| self.thread(parent));
        HookPlace {
            thread_id: info.id,
            session_id: info.session_id.clone(),
            transcript: info.path.clone(),
            parent_transcript: parent.and_then(|parent| Some(parent.hooks.transcript()?.to_owned())),
            agent_role: place.spawn.as_ref().map(|_| {
                let role = info.agent_role.clone();
                role.unwrap_or_else(|| "default".to_owned())
            }),
        }
    }

    /// The client's instructions, else the file or the text that the user configured, else our own.
    pub(super) fn base_instructions(&self, given: Option<String>, files: &ThreadFiles) -> Result<Arc<str>> {
        if let Some(given) = given {
            return Ok(given.into());
        }
        match files.instructions()? {
            Some(configured) => Ok(configured),
            None => match &files.config.instructions {
                Some(configured) => Ok(configured.as_str().into()),
                None => Ok(Arc::clone(&self.base_instructions)),
            },
        }
    }

    /// Base instructions as a file keeps them.
    pub(super) fn instructions_of(&self, instructions: &Arc<str>, model: &str) -> BaseInstructions {
        let provenance = if self.are_built_in(instructions) {
            Provenance::Model {
                model: model.to_owned(),
            }
        } else {
            Provenance::Custom
        };
        BaseInstructions {
            text: Arc::clone(instructions),
            provenance: Some(provenance),
        }
    }

    /// Whether these are our own base instructions.
    pub(super) fn are_built_in(&self, instructions: &Arc<str>) -> bool {
        Arc::ptr_eq(instructions, &self.base_instructions)
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
}

/// What model servers are told of where a thread comes from.
fn lineage(info: &ThreadInfo, place: &AgentPlace, is_new: bool) -> ThreadLineage {
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
        subagent: place.spawn.is_some().then(|| "collab_spawn".to_owned()),
        agent_path: place.is_path_agent().then(|| place.path.clone()),
        thread_source: info.thread_source.clone(),
    }
}

/// Starts to export telemetry if the configuration asks for it. What can't be done is no reason to refuse a thread.
pub(super) fn export(config: &Config) {
    if let Err(error) = telemetry::configure(config.otel.as_ref()) {
        tracing::warn!("{error}");
    }
}

/// What decides what a thread consists of.
pub(super) struct Draft {
    pub(super) info: ThreadInfo,
    pub(super) settings: ThreadSettings,
    pub(super) files: ThreadFiles,
    pub(super) instructions: Arc<str>,
    pub(super) developer_instructions: Option<String>,
    pub(super) user_agent: String,
    pub(super) log: ThreadLog,
    /// How far it was read; `None` for ephemeral threads.
    pub(super) reading: Option<ReadStateHandle>,
    /// The history has not been told of the settings.
    pub(super) settings_untold: bool,
    /// The client wants to hear of every item of the model's history.
    pub(super) raw_events: bool,
    /// Tools that the client carries out.
    pub(super) dynamic_tools: DynamicTools,
    /// Folders with skills that the client chose for it.
    pub(super) skill_roots: Vec<PathBuf>,
    /// Why the thread begins to work, as hooks are told.
    pub(super) begins_as: SessionStartSource,
}

/// The dynamic tools of a stored thread. Those that can't be read are left out.
pub(super) fn stored_tools(meta: &SessionMeta) -> DynamicTools {
    let source = meta.dynamic_tools.clone().unwrap_or_default();
    DynamicTools::read_stored(source).unwrap_or_else(|error| {
        tracing::warn!(%error, "the dynamic tools of a stored thread can't be read");
        DynamicTools::default()
    })
}

/// A thread that is ready to run.
pub(super) struct Assembled {
    pub(super) state: ThreadState,
    pub(super) services: Services,
    pub(super) session: ConversationState,
    pub(super) warnings: Vec<String>,
    /// What is wrong with files of rules, unless it was told before.
    pub(super) rules_problems: Vec<RulesProblem>,
}

impl Assembled {
    pub(super) fn started(&self) -> StartedThread {
        let state = &self.state;
        StartedThread {
            ignored_settings: state.config.ignored_settings.clone(),
            ..StartedThread::new(
                state.info.clone(),
                (*state.settings).clone(),
                state.instruction_sources.clone(),
                &state.models,
            )
        }
    }
}

/// What can't be saved is told by the thread itself, as long as it lives.
pub(super) fn on_warning(mail: &mpsc::UnboundedSender<Mail>) -> OnWarning {
    let mail = mail.downgrade();
    Arc::new(move |text| {
        if let Some(mail) = mail.upgrade() {
            let _ = mail.send(Box::new(ThreadMessage::Warning(text)));
        }
    })
}
