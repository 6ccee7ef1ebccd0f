//! How an agent is started.

use std::sync::Arc;
use std::time::Duration;

use chrono::Local;
use futures_util::FutureExt;
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::super::assemble::{Assembled, Draft, on_warning};
use super::super::new_thread::{new_info, new_meta};
use super::super::resume::world;
use super::super::{Engine, Origin, StartThread};
use super::registry::NewAgent;
use super::start_turn;
use crate::agents::roles::{self, RoleEffect};
use crate::agents::{
    AgentError, AgentInfo, AgentPlace, AgentTarget, Inherit, SpawnAgent, SpawnedAgent, ThreadSpawn, messages,
};
use crate::config::Config;
use crate::history::read::replay::{ReadLimit, RestoredHistory};
use crate::history::store::load::load_later;
use crate::history::{Entry, ForkPoint, SessionMeta, ThreadLog};
use crate::hooks::SessionStartSource;
use crate::model::{KnownItem, ModelInfo, ResponseItem, pairing};
use crate::session::{ConversationState, Mail};
use crate::{
    AgentStatus, DynamicTools, Error, Event, Reply, Result, SandboxPolicy, ThreadId, ThreadInfo,
    ThreadSettings, ThreadStatus,
};

/// How long the start of an agent may take: its caller's turn waits.
const START_TIMEOUT: Duration = Duration::from_secs(15);

/// What an agent knows when it begins.
#[derive(Default)]
struct Inherited {
    /// Items of the model's history.
    items: Vec<ResponseItem>,
    /// What the history says that the model knows of its surroundings.
    world: Option<serde_json::Map<String, Value>>,
}

impl Engine {
    /// Starts an agent, whose turn begins when the caller says so.
    pub(super) async fn spawn_agent(self: &Arc<Self>, spawn: SpawnAgent) -> Result<SpawnedAgent, AgentError> {
        let role = roles::effect(&spawn.config, spawn.role.as_deref()).await?;
        check_choice(&spawn)?;
        let id = ThreadId::new();
        let path = spawn
            .task
            .as_ref()
            .map(|task| format!("{}/{task}", spawn.by.path));
        if let Some(path) = &path
            && !spawn.by.ephemeral
        {
            let target = AgentTarget::Path(path.clone());
            let taken = self.find_agent_at_rest(spawn.by.session_id.clone(), target);
            if taken.await?.is_some() {
                return Err(AgentError::PathTaken(path.clone()));
            }
        }
        let (nickname, aside) = self.agents.registry.reserve(NewAgent {
            id,
            parent: spawn.by.thread,
            session_id: spawn.by.session_id.clone(),
            path: path.clone(),
            role: spawn.role.clone(),
            nicknames: role.nicknames.clone(),
            max: spawn.config.agents.max_threads,
        })?;
        // Until it is there: whatever happens, its place is free again.
        let reserved = Reserved { engine: self, id };
        if let Some(aside) = aside {
            self.put_aside(aside).await;
        }
        let channel = mpsc::unbounded_channel();
        let source = ThreadSpawn {
            parent_thread_id: spawn.by.thread,
            depth: spawn.by.depth + 1,
            agent_path: path.clone(),
            agent_nickname: Some(nickname.clone()),
            agent_role: spawn.role.clone(),
        };
        let prepared = Box::pin(self.prepare_agent(id, &spawn, &role, source, &channel.0));
        let failed = |why: String| AgentError::Failed { what: "spawn", why };
        let mut assembled = match timeout(START_TIMEOUT, prepared).await {
            Ok(Ok(assembled)) => assembled,
            Ok(Err(error)) => return Err(failed(error.to_string())),
            Err(_) => return Err(failed("the new thread was not ready in time".to_owned())),
        };
        assembled.state.subscribers = self.options.sink.spawned(spawn.by.thread, id);
        let settings = Arc::clone(&assembled.state.settings);
        let (model, _) = assembled.state.models.find(&settings.model);
        assembled.state.outbox.emit(Event::Status(ThreadStatus::Idle));
        self.launch(channel, assembled, Origin::Started, || ());
        std::mem::forget(reserved);
        let mut waiting = Waiting {
            engine: Arc::clone(self),
            id,
            begun: false,
        };
        let begin = move || {
            waiting.begun = true;
            let engine = Arc::clone(&waiting.engine);
            let reply = Reply::new(move |started: Result<crate::Turn>| {
                if let Err(error) = started {
                    engine.agents.registry.not_reached(id, &error.to_string());
                }
            });
            if let Some(handle) = waiting.engine.thread(id) {
                handle.deliver(start_turn(spawn.task_input, &spawn.turn, reply));
            }
        };
        Ok(SpawnedAgent {
            info: AgentInfo {
                id,
                path,
                nickname: Some(nickname),
                role: spawn.role,
                status: AgentStatus::PendingInit,
            },
            model: settings.model.clone(),
            effort: settings
                .effort
                .clone()
                .or_else(|| model.default_reasoning_level.clone()),
            begin: Box::new(begin),
        })
    }

    /// Builds everything that the thread of an agent consists of.
    async fn prepare_agent(
        &self,
        id: ThreadId,
        spawn: &SpawnAgent,
        role: &RoleEffect,
        source: ThreadSpawn,
        mail: &mpsc::UnboundedSender<Mail>,
    ) -> Result<Assembled> {
        let by = &spawn.by;
        let overrides = by.overrides.iter().chain(&role.overrides).cloned().collect();
        let cwd = spawn.settings.cwd.clone();
        let files = self
            .read_files(cwd, overrides, spawn.settings.has_environment)
            .await?;
        let mut settings = agent_settings(spawn, role, &files.config);
        let (model, _) = files.models.find(&settings.model);
        // What it works with is known from its start.
        settings.effort = settings.effort.or_else(|| model.default_reasoning_level.clone());
        let window = model.usable_window(files.config.model_context_window);
        let inherited = self.inherited(by, spawn.inherit, window).await?;
        let start = StartThread {
            ephemeral: by.ephemeral,
            thread_source: Some("subagent".to_owned()),
            originator: by.originator.clone(),
            ..StartThread::default()
        };
        let now = Local::now();
        let info = ThreadInfo {
            session_id: by.session_id.clone(),
            parent: Some(by.thread),
            forked_from: (spawn.inherit == Inherit::Everything && !by.ephemeral).then_some(by.thread),
            agent_nickname: source.agent_nickname.clone(),
            agent_role: source.agent_role.clone(),
            source: source.to_source(),
            creator: self.creator().await,
            ..new_info(id, &start, &settings, now.timestamp())
        };
        let (log, reading, info) = if by.ephemeral {
            (ThreadLog::none(), None, info)
        } else {
            let path = self.store().layout().rollout(id, now);
            let base = self.instructions_of(&by.instructions, &settings.model);
            let lines = inherited.items.len() + usize::from(inherited.world.is_some());
            let meta = SessionMeta {
                agent_path: source.agent_path.clone(),
                multi_agent_version: Some(source.tools().version().to_owned()),
                subagent_history_start_ordinal: (lines > 0)
                    .then(|| u64::try_from(lines + 1).unwrap_or(u64::MAX)),
                ..new_meta(&info, Some(base), now.to_utc())
            };
            let log = self.create_log(id, path.clone(), meta, None, on_warning(mail));
            let info = ThreadInfo {
                path: Some(path),
                ..info
            };
            (log, Some(self.store().new_reading(id)), info)
        };
        let mut entries: Vec<Entry> = inherited.items.iter().cloned().map(Entry::Response).collect();
        entries.extend(inherited.world.clone().map(|state| Entry::WorldState {
            full: true,
            state: Value::Object(state),
        }));
        let session = if entries.is_empty() {
            ConversationState::new(log.clone())
        } else {
            log.append(entries);
            let restored = RestoredHistory {
                items: inherited.items,
                ..RestoredHistory::default()
            };
            let load = move |_| std::future::ready(Ok(restored)).boxed();
            ConversationState::resumed(log.clone(), Box::new(load), inherited.world, None)
        };
        let role_speaks = role.sets("developer_instructions");
        let draft = Draft {
            info,
            settings,
            files,
            instructions: Arc::clone(&by.instructions),
            developer_instructions: by.developer_instructions.clone().filter(|_| !role_speaks),
            user_agent: by.user_agent.clone(),
            log,
            reading,
            settings_untold: true,
            raw_events: false,
            dynamic_tools: DynamicTools::default(),
            skill_roots: Vec::new(),
            begins_as: SessionStartSource::Startup,
        };
        self.assemble(draft, session)
    }

    /// What an agent takes over of the conversation of the one that starts it. What lives in memory only can't be read.
    /// No more is read than a window of so many tokens holds.
    async fn inherited(&self, by: &AgentPlace, inherit: Inherit, window: i64) -> Result<Inherited> {
        if inherit == Inherit::Nothing {
            return Ok(Inherited::default());
        }
        let handle = self.thread(by.thread).ok_or(Error::ThreadNotFound(by.thread))?;
        let log = handle.log();
        let Some(path) = log.path().cloned() else {
            return Ok(Inherited::default());
        };
        log.flushed().await;
        let branch = self.store().branch(path, ForkPoint::End).await?;
        let world = world(&branch.tail);
        let mut items = load_later(branch.history)(ReadLimit::for_window(window))
            .await?
            .items;
        match inherit {
            Inherit::UserMessages => items.retain(|item| {
                matches!(item, ResponseItem::Known(KnownItem::Message { role, .. }) if role != "assistant")
            }),
            Inherit::Everything => {
                pairing::close_calls(&mut items, 0);
                items.push(messages::inherited());
            }
            Inherit::Nothing => {}
        }
        Ok(Inherited { items, world })
    }
}

/// Refuses a model that is not known, and an effort that its model does not have.
fn check_choice(spawn: &SpawnAgent) -> Result<(), AgentError> {
    let models = &spawn.by.models;
    let known = models.known();
    let listed = |slugs: Vec<&str>| slugs.join(", ");
    if let Some(model) = &spawn.model
        && *model != spawn.settings.model
        && known.iter().all(|one| one.slug != *model)
    {
        let slugs = known.iter().map(|model| model.slug.as_str()).collect();
        return Err(AgentError::Unsupported(format!(
            "Unknown model `{model}` for spawn_agent. Available models: {}",
            listed(slugs)
        )));
    }
    let slug = spawn.model.as_ref().unwrap_or(&spawn.settings.model);
    let (model, _) = models.find(slug);
    let has = |effort: &String| has_effort(&model, effort);
    if let Some(effort) = spawn.effort.as_ref().filter(|effort| !has(effort)) {
        let efforts = model.supported_reasoning_levels.iter();
        let efforts = efforts.map(|level| level.effort.as_str()).collect();
        return Err(AgentError::Unsupported(format!(
            "Reasoning effort `{effort}` is not supported for model `{slug}`. Supported reasoning efforts: {}",
            listed(efforts)
        )));
    }
    Ok(())
}

/// Frees the place of an agent that could not be started.
struct Reserved<'a> {
    engine: &'a Engine,
    id: ThreadId,
}

impl Drop for Reserved<'_> {
    fn drop(&mut self) {
        self.engine.agents.registry.forget(self.id);
    }
}

/// An agent whose turn has not begun. If it never does, because the turn of its caller was stopped, it counts as
/// interrupted and takes no place.
struct Waiting {
    engine: Arc<Engine>,
    id: ThreadId,
    begun: bool,
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if !self.begun {
            self.engine
                .agents
                .registry
                .turn_ended(self.id, AgentStatus::Interrupted);
        }
    }
}

fn has_effort(model: &ModelInfo, effort: &str) -> bool {
    model
        .supported_reasoning_levels
        .iter()
        .any(|level| level.effort == effort)
}

/// The settings of the turn that starts the agent, with what its role and its caller chose.
fn agent_settings(spawn: &SpawnAgent, role: &RoleEffect, config: &Config) -> ThreadSettings {
    let by_role = |key: &str, value: &Option<String>| value.clone().filter(|_| role.sets(key));
    let mut settings = (*spawn.settings).clone();
    let agents = &config.agents;
    let model = by_role("model", &config.model)
        .or_else(|| spawn.model.clone())
        .or_else(|| agents.default_model.clone());
    let effort = by_role("model_reasoning_effort", &config.model_reasoning_effort)
        .or_else(|| spawn.effort.clone())
        .or_else(|| agents.default_effort.clone());
    if let Some(model) = model.filter(|model| *model != settings.model) {
        settings.model = model;
        settings.effort = None;
    }
    settings.effort = effort.or(settings.effort);
    if role.sets("model_provider") {
        settings.model_provider.clone_from(&config.model_provider);
    }
    if role.sets("sandbox_mode") && width(&config.sandbox_policy) < width(&settings.sandbox_policy) {
        settings.sandbox_policy = config.sandbox_policy.clone();
        settings.permission_profile.clone_from(&config.permission_profile);
    }
    settings
}

/// How much a sandbox allows, compared with others.
fn width(policy: &SandboxPolicy) -> u8 {
    match policy {
        SandboxPolicy::ReadOnly { .. } => 0,
        SandboxPolicy::WorkspaceWrite { .. } => 1,
        SandboxPolicy::ExternalSandbox { .. } => 2,
        SandboxPolicy::DangerFullAccess => 3,
    }
}
