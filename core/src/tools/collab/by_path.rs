//! Namespace `collaboration`: agents have paths, and write to each other.

use std::fmt::Write as _;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde::Deserialize;
use serde_json::{Value, json};

use super::input::EMPTY;
use super::{CollabItem, DEFAULT_WAIT, MAX_WAIT, MIN_WAIT, call_of, origin};
use crate::agents::messages::{self, MessageKind};
use crate::agents::{
    AgentInfo, AgentInput, AgentTarget, Inherit, SendToAgent, SpawnAgent, ThreadAgents, Woken,
};
use crate::tools::{CallContext, Tool, ToolCall, ToolEnd, arguments, exec_command};
use crate::{
    AgentStatus, CollabCallStatus, CollabTool, Item, ItemBody, SubAgentActivity, SubAgentActivityKind,
    ThreadId,
};

/// The namespace.
pub(super) const NAMESPACE: &str = "collaboration";

/// The path of the thread that the user talks to.
const ROOT: &str = "/root";

/// What names of tasks consist of, as models are told.
const TASK_NAME: &str = "agent_name must use only lowercase letters, digits, and underscores";

/// One of the tools.
#[derive(Debug, Clone, Copy)]
pub(super) enum AgentByPath {
    FollowUp,
    Interrupt,
    List,
    SendMessage,
    Spawn,
    Wait,
}

impl AgentByPath {
    /// All of them, in the order in which models see them.
    pub(super) const ALL: [Self; 6] = [
        Self::FollowUp,
        Self::Interrupt,
        Self::List,
        Self::SendMessage,
        Self::Spawn,
        Self::Wait,
    ];

    /// The one of this name.
    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tool| tool.name() == name)
    }
}

impl Tool for AgentByPath {
    fn name(&self) -> &'static str {
        match self {
            Self::FollowUp => "followup_task",
            Self::Interrupt => "interrupt_agent",
            Self::List => "list_agents",
            Self::SendMessage => "send_message",
            Self::Spawn => "spawn_agent",
            Self::Wait => "wait_agent",
        }
    }

    fn namespace(&self) -> Option<&'static str> {
        Some(NAMESPACE)
    }

    fn spec(&self) -> Value {
        super::spec::by_path(*self, None)
    }

    fn runs_alone(&self) -> bool {
        true
    }

    fn run(&self, cx: CallContext, call: ToolCall) -> BoxFuture<'_, ToolEnd> {
        async move {
            match self.carry_out(&cx, &call).await {
                Ok(output) => cx.record.succeeded(ToolEnd::text(output)),
                Err(end) => end,
            }
        }
        .boxed()
    }
}

impl AgentByPath {
    async fn carry_out(self, cx: &CallContext, call: &ToolCall) -> Result<String, ToolEnd> {
        let agents = super::agents_of(cx, NAMESPACE, call)?;
        match self {
            Self::Spawn => spawn(cx, &agents, call).await,
            Self::FollowUp => follow_up(cx, &agents, call).await,
            Self::SendMessage => send_message(cx, &agents, call).await,
            Self::Wait => wait(cx, &agents, call).await,
            Self::List => list(&agents, call),
            Self::Interrupt => interrupt(cx, &agents, call).await,
        }
    }
}

#[derive(Debug, Deserialize)]
struct Spawn {
    task_name: String,
    message: String,
    #[serde(default)]
    fork_turns: Option<String>,
    #[serde(default)]
    agent_type: Option<String>,
    #[serde(default)]
    model: Option<String>,
    #[serde(default)]
    reasoning_effort: Option<String>,
}

async fn spawn(cx: &CallContext, agents: &ThreadAgents, call: &ToolCall) -> Result<String, ToolEnd> {
    let arguments: Spawn = arguments(call)?;
    let task = arguments.task_name;
    if !is_task_name(&task) {
        return Err(ToolEnd::text(TASK_NAME));
    }
    if arguments.message.trim().is_empty() {
        return Err(ToolEnd::text(EMPTY));
    }
    let inherit = inherit(arguments.fork_turns.as_deref())?;
    let set = |word: Option<String>| word.filter(|word| !word.trim().is_empty());
    let own = &agents.place.path;
    let path = format!("{own}/{task}");
    let spawned = agents.control.spawn(SpawnAgent {
        by: agents.place.clone(),
        config: cx.config.clone(),
        settings: cx.settings.clone(),
        turn: origin(cx),
        task: Some(task),
        role: set(arguments.agent_type),
        model: set(arguments.model),
        effort: set(arguments.reasoning_effort),
        inherit,
        task_input: AgentInput::Agent(messages::between(
            MessageKind::NewTask,
            own,
            &path,
            &arguments.message,
        )),
    });
    let spawned = spawned.await.map_err(|error| ToolEnd::text(error.to_string()))?;
    let news = SubAgentActivity {
        kind: SubAgentActivityKind::Started,
        thread_id: spawned.info.id.to_string(),
        path: path.clone(),
        model: Some(spawned.model),
        effort: spawned.effort,
    };
    tell(cx, call, news).await;
    // What is stopped starts nothing more.
    if !cx.cancel.is_cancelled() {
        (spawned.begin)();
    }
    Ok(json!({"task_name": path}).to_string())
}

/// How much of the conversation a new agent knows. A number of turns is taken for all of them, as in the contract release.
fn inherit(turns: Option<&str>) -> Result<Inherit, ToolEnd> {
    let turns = turns.map_or("all", str::trim).to_ascii_lowercase();
    match (turns.as_str(), turns.parse::<usize>()) {
        ("all", _) | (_, Ok(1..)) => Ok(Inherit::Everything),
        ("none", _) => Ok(Inherit::Nothing),
        _ => Err(ToolEnd::text("fork_turns must be `none` or `all`")),
    }
}

#[derive(Debug, Deserialize)]
struct Message {
    target: String,
    message: String,
}

async fn follow_up(cx: &CallContext, agents: &ThreadAgents, call: &ToolCall) -> Result<String, ToolEnd> {
    let arguments: Message = arguments(call)?;
    if arguments.message.trim().is_empty() {
        return Err(ToolEnd::text(EMPTY));
    }
    let (agent, path) = match target(agents, &arguments.target).await? {
        Target::Root(_) => return Err(ToolEnd::text("Follow-up tasks can't target the root agent")),
        Target::Agent(agent, path) => (agent, path),
    };
    // Its parent may be at rest, and could not bring it back.
    bring_back(cx, agents, &agent).await?;
    let own = &agents.place.path;
    let message = messages::between(MessageKind::NewTask, own, &path, &arguments.message);
    let sent = agents.control.send(
        agent.id,
        SendToAgent {
            input: AgentInput::Agent(message),
            turn: origin(cx),
            interrupt: false,
            max_threads: cx.config.agents.max_threads,
        },
    );
    sent.await.map_err(|error| ToolEnd::text(error.to_string()))?;
    tell(cx, call, activity(SubAgentActivityKind::Interacted, &agent, path)).await;
    Ok(String::new())
}

async fn send_message(cx: &CallContext, agents: &ThreadAgents, call: &ToolCall) -> Result<String, ToolEnd> {
    let arguments: Message = arguments(call)?;
    if arguments.message.trim().is_empty() {
        return Err(ToolEnd::text(EMPTY));
    }
    let own = &agents.place.path;
    match target(agents, &arguments.target).await? {
        Target::Root(root) => {
            let message = messages::between(MessageKind::Message, own, ROOT, &arguments.message);
            agents.control.leave_message(root, message);
            let news = SubAgentActivity {
                kind: SubAgentActivityKind::Interacted,
                thread_id: root.to_string(),
                path: ROOT.to_owned(),
                model: None,
                effort: None,
            };
            tell(cx, call, news).await;
        }
        Target::Agent(agent, path) => {
            bring_back(cx, agents, &agent).await?;
            let message = messages::between(MessageKind::Message, own, &path, &arguments.message);
            agents.control.leave_message(agent.id, message);
            tell(cx, call, activity(SubAgentActivityKind::Interacted, &agent, path)).await;
        }
    }
    Ok(String::new())
}

#[derive(Debug, Deserialize)]
struct Wait {
    #[serde(default)]
    timeout_ms: Option<f64>,
}

async fn wait(cx: &CallContext, agents: &ThreadAgents, call: &ToolCall) -> Result<String, ToolEnd> {
    let arguments: Wait = arguments(call)?;
    let too_long = || ToolEnd::text(format!("timeout_ms must be at most {}", MAX_WAIT.as_millis()));
    let (time, too_short) = match arguments.timeout_ms {
        None => (DEFAULT_WAIT, false),
        Some(wanted) => {
            // What is no time at all counts as none.
            let wanted = Duration::try_from_secs_f64(wanted.max(0.0) / 1000.0).map_err(|_| too_long())?;
            if wanted > MAX_WAIT {
                return Err(too_long());
            }
            (wanted.max(MIN_WAIT), wanted < MIN_WAIT)
        }
    };
    let begin = std::time::Instant::now();
    let item = CollabItem::start(cx, agents, &call.call_id, call_of(CollabTool::Wait));
    let woken = tokio::select! {
        biased;
        () = cx.cancel.cancelled() => {
            item.end(CollabCallStatus::Interrupted).await;
            return Err(exec_command::aborted(begin.elapsed()));
        }
        woken = agents.mailbox.woken() => Some(woken),
        () = tokio::time::sleep(time) => None,
    };
    item.end(CollabCallStatus::Completed).await;
    let mut message = match woken {
        Some(Woken::Messages) => "Wait completed.".to_owned(),
        Some(Woken::Steered) => "Wait ended early: the user has said more.".to_owned(),
        None => "Wait timed out.".to_owned(),
    };
    if let Some(wanted) = arguments.timeout_ms.filter(|_| too_short) {
        // Writing to a String can't fail.
        let _ = write!(
            message,
            "\n\nRequested timeout of {wanted:.0}ms was clamped to the minimum of {}ms.",
            MIN_WAIT.as_millis()
        );
    }
    Ok(json!({"message": message, "timed_out": woken.is_none()}).to_string())
}

#[derive(Debug, Deserialize)]
struct List {
    #[serde(default)]
    path_prefix: Option<String>,
}

fn list(agents: &ThreadAgents, call: &ToolCall) -> Result<String, ToolEnd> {
    let arguments: List = arguments(call)?;
    let session = &agents.place.session_id;
    let root = [(ROOT.to_owned(), agents.control.root_status(session))];
    let others = agents.control.list(session).into_iter();
    let others = others.filter_map(|agent| Some((agent.path?, agent.status)));
    let prefix = arguments.path_prefix;
    let prefix = prefix.map(|prefix| full_path(&agents.place.path, &prefix));
    let prefix = prefix.transpose()?.unwrap_or_default();
    let below = |path: &str| {
        let rest = path.strip_prefix(&*prefix);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let told: Vec<Value> = root
        .into_iter()
        .chain(others)
        .filter(|(path, _)| below(path))
        .map(|(path, status)| json!({"agent_name": path, "agent_status": status.to_json()}))
        .collect();
    Ok(json!({"agents": told}).to_string())
}

#[derive(Debug, Deserialize)]
struct Interrupt {
    target: String,
}

async fn interrupt(cx: &CallContext, agents: &ThreadAgents, call: &ToolCall) -> Result<String, ToolEnd> {
    let arguments: Interrupt = arguments(call)?;
    let (agent, path) = match target(agents, &arguments.target).await? {
        Target::Root(_) => return Err(ToolEnd::text("root is not a spawned agent")),
        Target::Agent(agent, path) => (agent, path),
    };
    if agent.id == agents.place.thread {
        return Err(ToolEnd::text("an agent can't interrupt itself"));
    }
    tell(
        cx,
        call,
        activity(SubAgentActivityKind::Interrupted, &agent, path),
    )
    .await;
    if agent.status == AgentStatus::Running {
        agents.control.interrupt(agent.id).await;
    }
    Ok(json!({"previous_status": agent.status.to_json()}).to_string())
}

/// Who is meant.
enum Target {
    /// The thread that the user talks to.
    Root(ThreadId),
    /// An agent, and its path.
    Agent(AgentInfo, String),
}

/// By path, by a path below the caller, or by the id of a thread. Agents at rest are found, too.
async fn target(agents: &ThreadAgents, name: &str) -> Result<Target, ToolEnd> {
    let place = &agents.place;
    let name = name.trim();
    let (wanted, path) = if let Ok(id) = name.parse() {
        (AgentTarget::Thread(id), name.to_owned())
    } else {
        let path = full_path(&place.path, name)?;
        if path == ROOT {
            let root = place.session_id.parse().unwrap_or(place.thread);
            return Ok(Target::Root(root));
        }
        (AgentTarget::Path(path.clone()), path)
    };
    let control = &agents.control;
    let agent = match control.find(&place.session_id, &wanted) {
        Some(open) => Some(open),
        None => {
            let at_rest = control.find_at_rest(&place.session_id, wanted).await;
            at_rest.map_err(|error| ToolEnd::text(error.to_string()))?
        }
    };
    let agent = agent.ok_or_else(|| ToolEnd::text(format!("live agent path `{path}` not found")))?;
    let path = agent.path.clone().unwrap_or(path);
    Ok(Target::Agent(agent, path))
}

/// The path that the agent `own` means: from the root on, or below itself.
fn full_path(own: &str, text: &str) -> Result<String, ToolEnd> {
    let path = if text.starts_with('/') {
        text.to_owned()
    } else {
        format!("{own}/{text}")
    };
    let names = match path.strip_prefix(ROOT) {
        Some("") => return Ok(path),
        Some(names) => names.strip_prefix('/'),
        None => None,
    };
    let Some(names) = names else {
        return Err(ToolEnd::text(format!("absolute agent paths begin with `{ROOT}`")));
    };
    if let Some(name) = names.split('/').find(|name| !is_task_name(name)) {
        return Err(ToolEnd::text(format!(
            "`{name}` in the agent path `{text}` is no task name: {TASK_NAME}"
        )));
    }
    Ok(path)
}

fn is_task_name(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    !name.is_empty() && name.chars().all(fits)
}

/// Loads the thread of an agent, if it is not loaded.
async fn bring_back(cx: &CallContext, agents: &ThreadAgents, agent: &AgentInfo) -> Result<(), ToolEnd> {
    let resumed = agents
        .control
        .resume(agent.id, agents.place.clone(), cx.config.clone());
    let resumed = resumed.await.map_err(|error| ToolEnd::text(error.to_string()))?;
    tracing::debug!(agent = %resumed.id, "an agent is there to be spoken to");
    Ok(())
}

fn activity(kind: SubAgentActivityKind, agent: &AgentInfo, path: String) -> SubAgentActivity {
    SubAgentActivity {
        kind,
        thread_id: agent.id.to_string(),
        path,
        model: None,
        effort: None,
    }
}

/// Tells clients the news of an agent, as the item of the call.
async fn tell(cx: &CallContext, call: &ToolCall, news: SubAgentActivity) {
    let item = Item {
        id: call.call_id.clone(),
        started_at_ms: None,
        completed_at_ms: None,
        body: ItemBody::SubAgentActivity(news),
    };
    cx.outbox.item_at_once(&cx.turn_id, item).await;
}
