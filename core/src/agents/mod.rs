//! Agents that start other agents: what tools may ask for, and what a thread knows of its place in a tree of agents.
//! Every agent is a thread; the engine carries out what is asked here (`engine::agents`).
//!
//! Where to look: [`AgentControl`] (what can be done), [`ThreadAgents`] (a thread's side of it), `mailbox` (what wakes an
//! agent that waits), `messages` (what agents read of each other), `roles` (kinds of agents).

mod mailbox;
pub(crate) mod messages;
pub(crate) mod roles;

use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub(crate) use self::mailbox::{Mailbox, Woken};
use crate::config::{Config, ConfigOverride};
use crate::model::{ModelCatalog, ModelInfo, ResponseItem};
use crate::{AgentStatus, CollabReceiver, ThreadId, ThreadSettings, UserInput, features};

/// How deep agents with paths may nest unless the configuration says how deep.
const DEFAULT_PATH_DEPTH: u32 = 8;

/// What can be done with agents. All of it answers within seconds, but for waiting.
pub(crate) trait AgentControl: Send + Sync {
    /// Starts an agent.
    fn spawn(&self, spawn: SpawnAgent) -> BoxFuture<'static, Result<SpawnedAgent, AgentError>>;

    /// An agent of this session, if it is open.
    fn find(&self, session_id: &str, target: &AgentTarget) -> Option<AgentInfo>;

    /// An agent of this session that has a path and is at rest: an earlier process has left it, or its thread was
    /// unloaded. Its status is `NotFound`, until [`Self::resume`] brings it back.
    fn find_at_rest(
        &self,
        session_id: &str,
        target: AgentTarget,
    ) -> BoxFuture<'static, Result<Option<AgentInfo>, AgentError>>;

    /// The agents of a session that are open, by path.
    fn list(&self, session_id: &str) -> Vec<AgentInfo>;

    /// How the thread at the root of a session stands.
    fn root_status(&self, session_id: &str) -> AgentStatus;

    /// Says something to an agent, which begins a turn unless one runs. Gives the id of that turn.
    fn send(&self, to: ThreadId, send: SendToAgent) -> BoxFuture<'static, Result<String, AgentError>>;

    /// Leaves a message with an agent, or with the thread at the root: it is read at the next opportunity.
    fn leave_message(&self, to: ThreadId, message: ResponseItem);

    /// Resolves when one of these agents has come to an end, or there is no such agent.
    fn ended(&self, agents: &[ThreadId]) -> BoxFuture<'static, ()>;

    /// Closes an agent and all below it. Gives how it stood.
    fn close(&self, agent: ThreadId) -> BoxFuture<'static, Result<AgentStatus, AgentError>>;

    /// Brings an agent back that is closed, put aside or at rest; one whose thread is loaded stays as it is.
    fn resume(
        &self,
        agent: ThreadId,
        by: Arc<AgentPlace>,
        config: Arc<Config>,
    ) -> BoxFuture<'static, Result<AgentInfo, AgentError>>;

    /// Ends the running turn of an agent.
    fn interrupt(&self, agent: ThreadId) -> BoxFuture<'static, ()>;

    /// Ends the running turns of all agents below a thread. Does not wait.
    fn interrupt_descendants(&self, thread: ThreadId);
}

/// Why something can't be done with an agent; the texts are for the model.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AgentError {
    /// As many agents work as may.
    #[error("collab spawn failed: agent thread limit reached")]
    LimitReached,
    /// There is no such agent.
    #[error("agent with id {0} not found")]
    NotFound(ThreadId),
    /// The path of the new agent is taken.
    #[error("agent path `{0}` already exists")]
    PathTaken(String),
    /// There is no such role.
    #[error("unknown agent_type '{0}'")]
    UnknownRole(String),
    /// The model or the effort of the new agent can't be had; the text says why.
    #[error("{0}")]
    Unsupported(String),
    /// A thread could not be started or reached; the text says why.
    #[error("collab {what} failed: {why}")]
    Failed {
        /// What was to be done, a word.
        what: &'static str,
        /// Why it was not.
        why: String,
    },
}

/// A new agent.
pub(crate) struct SpawnAgent {
    /// Who starts it.
    pub(crate) by: Arc<AgentPlace>,
    /// Configuration of the thread that starts it.
    pub(crate) config: Arc<Config>,
    /// Settings of the turn that starts it.
    pub(crate) settings: Arc<ThreadSettings>,
    /// The turn that starts it, and the root of that.
    pub(crate) turn: TurnOrigin,
    /// Its place below the one that starts it, `None` where agents have no paths.
    pub(crate) task: Option<String>,
    /// Its role.
    pub(crate) role: Option<String>,
    /// Its model, unless it is that of the turn.
    pub(crate) model: Option<String>,
    /// Its reasoning effort.
    pub(crate) effort: Option<String>,
    /// What it knows of the conversation so far.
    pub(crate) inherit: Inherit,
    /// What it is to do.
    pub(crate) task_input: AgentInput,
}

/// How much of the conversation a new agent knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Inherit {
    /// Nothing.
    Nothing,
    /// What the user and we have said.
    UserMessages,
    /// Everything.
    Everything,
}

/// A turn in which something is asked of an agent.
#[derive(Debug, Clone)]
pub(crate) struct TurnOrigin {
    /// The turn.
    pub(crate) id: Arc<str>,
    /// The root of the turns that caused it.
    pub(crate) root_id: Arc<str>,
}

/// What an agent is told.
#[derive(Debug, Clone)]
pub(crate) enum AgentInput {
    /// As a user would.
    User(Vec<UserInput>),
    /// As one agent tells another.
    Agent(ResponseItem),
}

/// Something that is said to an agent.
pub(crate) struct SendToAgent {
    /// What.
    pub(crate) input: AgentInput,
    /// In which turn.
    pub(crate) turn: TurnOrigin,
    /// Its running turn is ended first.
    pub(crate) interrupt: bool,
    /// How many agents may work.
    pub(crate) max_threads: usize,
}

/// How an agent is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum AgentTarget {
    /// By its thread.
    Thread(ThreadId),
    /// By its path.
    Path(String),
}

/// An open agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AgentInfo {
    /// Its thread.
    pub(crate) id: ThreadId,
    /// Its path.
    pub(crate) path: Option<String>,
    /// Its nickname.
    pub(crate) nickname: Option<String>,
    /// Its role.
    pub(crate) role: Option<String>,
    /// How it stands.
    pub(crate) status: AgentStatus,
}

impl AgentInfo {
    /// As items name it.
    pub(crate) fn receiver(&self) -> CollabReceiver {
        CollabReceiver {
            thread_id: self.id.to_string(),
            nickname: self.nickname.clone(),
            role: self.role.clone(),
        }
    }
}

/// An agent that has been started; its turn begins when `begin` is called.
pub(crate) struct SpawnedAgent {
    /// The agent.
    pub(crate) info: AgentInfo,
    /// Its model.
    pub(crate) model: String,
    /// Its reasoning effort: the model's, where none is set.
    pub(crate) effort: Option<String>,
    /// Begins its turn.
    pub(crate) begin: Box<dyn FnOnce() + Send>,
}

/// Where a thread stands in its tree of agents, and what agents below it inherit.
#[derive(Debug)]
pub(crate) struct AgentPlace {
    pub(crate) thread: ThreadId,
    /// The root of the tree.
    pub(crate) session_id: String,
    /// 0 is the root.
    pub(crate) depth: u32,
    /// `/root`, or the path of an agent that has one.
    pub(crate) path: String,
    /// It was started by an agent.
    pub(crate) spawn: Option<ThreadSpawn>,
    /// Lives in memory only.
    pub(crate) ephemeral: bool,
    /// What the models of agents are chosen from.
    pub(crate) models: Arc<ModelCatalog>,
    /// Overrides of the configuration.
    pub(crate) overrides: Vec<ConfigOverride>,
    /// Base instructions.
    pub(crate) instructions: Arc<str>,
    /// Developer instructions that the client gave.
    pub(crate) developer_instructions: Option<String>,
    pub(crate) originator: String,
    pub(crate) user_agent: String,
}

impl AgentPlace {
    /// As far as the `source` of a thread tells.
    pub(crate) fn of_source(source: &Value, models: Arc<ModelCatalog>) -> Self {
        let spawn = ThreadSpawn::of(source);
        let path = spawn.as_ref().and_then(|spawn| spawn.agent_path.clone());
        Self {
            thread: ThreadId(uuid::Uuid::nil()),
            session_id: String::new(),
            depth: spawn.as_ref().map_or(0, |spawn| spawn.depth.max(1)),
            path: path.unwrap_or_else(|| "/root".to_owned()),
            spawn,
            ephemeral: false,
            models,
            overrides: Vec::new(),
            instructions: "".into(),
            developer_instructions: None,
            originator: String::new(),
            user_agent: String::new(),
        }
    }

    /// Whether it is an agent with a path, which only other agents speak to.
    pub(crate) fn is_path_agent(&self) -> bool {
        self.spawn
            .as_ref()
            .is_some_and(|spawn| spawn.agent_path.is_some())
    }
}

/// Which tools deal with agents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum AgentTools {
    /// Namespace `multi_agent_v1`: agents have ids.
    Ids,
    /// Namespace `collaboration`: agents have paths, and write to each other.
    Paths,
}

impl AgentTools {
    /// The tools that a model is offered in a thread that the user talks to, if any.
    pub(crate) fn of_root(config: &Config, model: &ModelInfo) -> Option<Self> {
        if !config.agents.enabled || !config.features.enabled(features::MULTI_AGENT) {
            return None;
        }
        let has_paths =
            config.features.enabled(features::MULTI_AGENT_V2) || model.multi_agent_version() == Some("v2");
        Some(Self::with_paths(has_paths))
    }

    fn with_paths(has_paths: bool) -> Self {
        if has_paths { Self::Paths } else { Self::Ids }
    }

    /// What files call them.
    pub(crate) fn version(self) -> &'static str {
        match self {
            Self::Ids => "v1",
            Self::Paths => "v2",
        }
    }
}

/// A thread's side of the agents.
pub(crate) struct ThreadAgents {
    pub(crate) place: Arc<AgentPlace>,
    pub(crate) control: Arc<dyn AgentControl>,
    pub(crate) mailbox: Mailbox,
}

impl ThreadAgents {
    /// The tools that a model in this thread is offered, if any.
    pub(crate) fn tools(&self, config: &Config, model: &ModelInfo) -> Option<AgentTools> {
        let of_root = AgentTools::of_root(config, model)?;
        let tools = self.place.spawn.as_ref().map_or(of_root, ThreadSpawn::tools);
        let max_depth = config.agents.max_depth.unwrap_or(match tools {
            AgentTools::Ids => 1,
            AgentTools::Paths => DEFAULT_PATH_DEPTH,
        });
        (self.place.depth < max_depth).then_some(tools)
    }

    /// What a model that is offered these tools is told of its role and of when to start others.
    pub(crate) fn team(&self, tools: Option<AgentTools>) -> Option<[String; 2]> {
        let place = &self.place;
        self.has_paths(tools)
            .then(|| messages::role_and_mode(&place.path, place.spawn.is_none()))
    }

    /// Whether a model that is offered these tools works in a team whose agents have paths.
    pub(crate) fn has_paths(&self, tools: Option<AgentTools>) -> bool {
        self.place.is_path_agent() || tools == Some(AgentTools::Paths)
    }

    /// What files call the agents of a model that is offered these tools.
    pub(crate) fn version(&self, tools: Option<AgentTools>) -> &'static str {
        AgentTools::with_paths(self.has_paths(tools)).version()
    }
}

impl std::fmt::Debug for ThreadAgents {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ThreadAgents({})", self.place.path)
    }
}

/// How a thread that an agent started says so in its first line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ThreadSpawn {
    pub(crate) parent_thread_id: ThreadId,
    #[serde(default)]
    pub(crate) depth: u32,
    #[serde(default)]
    pub(crate) agent_path: Option<String>,
    #[serde(default)]
    pub(crate) agent_nickname: Option<String>,
    #[serde(default)]
    pub(crate) agent_role: Option<String>,
}

impl ThreadSpawn {
    /// Out of the `source` of a thread; `None`: no agent started it.
    pub(crate) fn of(source: &Value) -> Option<Self> {
        Self::deserialize(source.get("subagent")?.get("thread_spawn")?).ok()
    }

    /// The tools of an agent that was started so.
    pub(crate) fn tools(&self) -> AgentTools {
        AgentTools::with_paths(self.agent_path.is_some())
    }

    /// The `source` of its thread.
    pub(crate) fn to_source(&self) -> Value {
        json!({"subagent": {"thread_spawn": self}})
    }
}

/// Whether a thread with this `source` is an agent that only other agents speak to.
pub fn is_path_agent(source: &Value) -> bool {
    ThreadSpawn::of(source).is_some_and(|spawn| spawn.agent_path.is_some())
}
