//! Namespace `multi_agent_v1`: agents are named by their threads' ids.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde::Deserialize;
use serde_json::{Value, json};

use super::input::{self, Piece};
use super::{CollabItem, DEFAULT_WAIT, MAX_WAIT, MIN_WAIT, call_of, origin, receiver};
use crate::agents::{AgentInfo, AgentInput, AgentTarget, Inherit, SendToAgent, SpawnAgent, ThreadAgents};
use crate::tools::{CallContext, Tool, ToolCall, ToolEnd, arguments, exec_command};
use crate::{AgentStatus, CollabCallStatus, CollabReceiver, CollabTool, CollabToolCall, ThreadId};

/// The namespace.
pub(super) const NAMESPACE: &str = "multi_agent_v1";

/// One of the tools.
#[derive(Debug, Clone, Copy)]
pub(super) enum AgentById {
    Close,
    Resume,
    Send,
    Spawn,
    Wait,
}

impl AgentById {
    /// All of them, in the order in which models see them.
    pub(super) const ALL: [Self; 5] = [Self::Close, Self::Resume, Self::Send, Self::Spawn, Self::Wait];

    /// The one of this name.
    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tool| tool.name() == name)
    }
}

impl Tool for AgentById {
    fn name(&self) -> &'static str {
        match self {
            Self::Close => "close_agent",
            Self::Resume => "resume_agent",
            Self::Send => "send_input",
            Self::Spawn => "spawn_agent",
            Self::Wait => "wait_agent",
        }
    }

    fn namespace(&self) -> Option<&'static str> {
        Some(NAMESPACE)
    }

    fn spec(&self) -> Value {
        super::spec::by_id(*self, None)
    }

    fn runs_alone(&self) -> bool {
        true
    }

    fn run(&self, cx: CallContext, call: ToolCall) -> BoxFuture<'_, ToolEnd> {
        async move {
            match self.carry_out(&cx, &call).await {
                Ok(output) => cx.record.succeeded(ToolEnd::text(output.to_string())),
                Err(end) => end,
            }
        }
        .boxed()
    }
}

impl AgentById {
    async fn carry_out(self, cx: &CallContext, call: &ToolCall) -> Result<Value, ToolEnd> {
        let agents = super::agents_of(cx, NAMESPACE, call)?;
        match self {
            Self::Spawn => spawn(cx, &agents, call).await,
            Self::Send => send(cx, &agents, call).await,
            Self::Wait => wait(cx, &agents, call).await,
            Self::Close => close(cx, &agents, call).await,
            Self::Resume => resume(cx, &agents, call).await,
        }
    }
}

#[derive(Debug, Deserialize)]
struct Spawn {
    #[serde(default)]
    message: Option<String>,
    #[serde(default)]
    items: Option<Vec<Piece>>,
    #[serde(default)]
    agent_type: Option<String>,
    #[serde(default)]
    fork_context: bool,
    #[serde(default)]
    model: Option<String>,
    #[serde(default)]
    reasoning_effort: Option<String>,
}

async fn spawn(cx: &CallContext, agents: &ThreadAgents, call: &ToolCall) -> Result<Value, ToolEnd> {
    let arguments: Spawn = arguments(call)?;
    let (input, prompt) =
        input::read(arguments.message, arguments.items, &cx.settings.cwd).map_err(ToolEnd::text)?;
    let set = |word: Option<String>| word.filter(|word| !word.trim().is_empty());
    let (model, effort) = (set(arguments.model), set(arguments.reasoning_effort));
    let role = set(arguments.agent_type);
    let mut item = CollabItem::start(
        cx,
        agents,
        &call.call_id,
        CollabToolCall {
            prompt: Some(prompt),
            // As in the contract release, until the agent is there.
            model: Some(model.clone().unwrap_or_default()),
            effort: Some(effort.clone().unwrap_or_else(|| "medium".to_owned())),
            ..call_of(CollabTool::SpawnAgent)
        },
    );
    if arguments.fork_context && role.is_some() {
        item.end(CollabCallStatus::Failed).await;
        return Err(ToolEnd::text(
            "an agent that knows the conversation has the type of the one that starts it: leave out agent_type or fork_context",
        ));
    }
    let spawned = agents.control.spawn(SpawnAgent {
        by: agents.place.clone(),
        config: cx.config.clone(),
        settings: cx.settings.clone(),
        turn: origin(cx),
        task: None,
        role,
        model,
        effort,
        inherit: if arguments.fork_context {
            Inherit::UserMessages
        } else {
            Inherit::Nothing
        },
        task_input: AgentInput::User(input),
    });
    match spawned.await {
        Ok(spawned) => {
            let agent = spawned.info;
            item.call.receivers = vec![agent.receiver()];
            item.call.model = Some(spawned.model);
            item.call.effort = Some(spawned.effort.unwrap_or_else(|| "medium".to_owned()));
            item.end_with(agent.id, AgentStatus::PendingInit).await;
            // What is stopped starts nothing more.
            if !cx.cancel.is_cancelled() {
                (spawned.begin)();
            }
            Ok(json!({"agent_id": agent.id, "nickname": agent.nickname}))
        }
        Err(error) => {
            item.end(CollabCallStatus::Failed).await;
            Err(ToolEnd::text(error.to_string()))
        }
    }
}

#[derive(Debug, Deserialize)]
struct Send {
    target: String,
    #[serde(default)]
    message: Option<String>,
    #[serde(default)]
    items: Option<Vec<Piece>>,
    #[serde(default)]
    interrupt: bool,
}

async fn send(cx: &CallContext, agents: &ThreadAgents, call: &ToolCall) -> Result<Value, ToolEnd> {
    let arguments: Send = arguments(call)?;
    let (input, prompt) =
        input::read(arguments.message, arguments.items, &cx.settings.cwd).map_err(ToolEnd::text)?;
    let id = agent_id(&arguments.target)?;
    let found = find(agents, id);
    let item = CollabItem::start(
        cx,
        agents,
        &call.call_id,
        CollabToolCall {
            receivers: vec![receiver(id, found.as_ref())],
            prompt: Some(prompt),
            ..call_of(CollabTool::SendInput)
        },
    );
    let Some(agent) = found else {
        item.end_with(id, AgentStatus::NotFound).await;
        return Err(not_found(id));
    };
    let is_redirected = arguments.interrupt && agent.status == AgentStatus::Running;
    let sent = agents.control.send(
        id,
        SendToAgent {
            input: AgentInput::User(input),
            turn: origin(cx),
            interrupt: is_redirected,
            max_threads: cx.config.agents.max_threads,
        },
    );
    match sent.await {
        Ok(turn_id) => {
            let status = if is_redirected {
                AgentStatus::Interrupted
            } else {
                agent.status
            };
            item.end_with(id, status).await;
            Ok(json!({"submission_id": turn_id}))
        }
        Err(error) => {
            item.end(CollabCallStatus::Failed).await;
            Err(ToolEnd::text(error.to_string()))
        }
    }
}

#[derive(Debug, Deserialize)]
struct Wait {
    #[serde(default)]
    targets: Vec<String>,
    #[serde(default)]
    timeout_ms: Option<f64>,
}

async fn wait(cx: &CallContext, agents: &ThreadAgents, call: &ToolCall) -> Result<Value, ToolEnd> {
    let arguments: Wait = arguments(call)?;
    if arguments.targets.is_empty() {
        return Err(ToolEnd::text("agent ids must be non-empty"));
    }
    let mut ids: Vec<ThreadId> = Vec::new();
    for target in &arguments.targets {
        let id = agent_id(target)?;
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    let time = wait_time(arguments.timeout_ms)
        .ok_or_else(|| ToolEnd::text("timeout_ms must be greater than zero"))?;
    let status = |id: &ThreadId| find(agents, *id).map_or(AgentStatus::NotFound, |agent| agent.status);
    let receivers = ids.iter().map(|id| receiver(*id, find(agents, *id).as_ref()));
    let begin = std::time::Instant::now();
    let mut item = CollabItem::start(
        cx,
        agents,
        &call.call_id,
        CollabToolCall {
            receivers: receivers.collect(),
            ..call_of(CollabTool::Wait)
        },
    );
    let ended = agents.control.ended(&ids);
    tokio::select! {
        biased;
        () = cx.cancel.cancelled() => {
            item.end(CollabCallStatus::Interrupted).await;
            return Err(exec_command::aborted(begin.elapsed()));
        }
        () = ended => {}
        // The user is not to wait for agents.
        () = agents.mailbox.user_speaks() => {}
        () = tokio::time::sleep(time) => {}
    }
    let statuses: BTreeMap<String, AgentStatus> = ids
        .iter()
        .map(|id| (id.to_string(), status(id)))
        .filter(|(_, status)| status.is_final())
        .collect();
    let outcome = if statuses.values().any(AgentStatus::is_failure) {
        CollabCallStatus::Failed
    } else {
        CollabCallStatus::Completed
    };
    let told: serde_json::Map<String, Value> = statuses
        .iter()
        .map(|(id, status)| (id.clone(), status.to_json()))
        .collect();
    let timed_out = statuses.is_empty();
    let has_ended = |agent: &CollabReceiver| statuses.contains_key(&agent.thread_id);
    item.call.receivers.retain(has_ended);
    item.call.states = statuses;
    item.end(outcome).await;
    Ok(json!({"status": told, "timed_out": timed_out}))
}

/// How long a wait may take, by the model's word; `None`: not at all.
fn wait_time(milliseconds: Option<f64>) -> Option<Duration> {
    let Some(milliseconds) = milliseconds else {
        return Some(DEFAULT_WAIT);
    };
    if milliseconds <= 0.0 || milliseconds.is_nan() {
        return None;
    }
    let wanted = Duration::try_from_secs_f64(milliseconds / 1000.0).unwrap_or(MAX_WAIT);
    Some(wanted.clamp(MIN_WAIT, MAX_WAIT))
}

#[derive(Debug, Deserialize)]
struct Close {
    target: String,
}

async fn close(cx: &CallContext, agents: &ThreadAgents, call: &ToolCall) -> Result<Value, ToolEnd> {
    let arguments: Close = arguments(call)?;
    let id = agent_id(&arguments.target)?;
    let found = find(agents, id);
    let item = CollabItem::start(
        cx,
        agents,
        &call.call_id,
        CollabToolCall {
            receivers: vec![receiver(id, found.as_ref())],
            ..call_of(CollabTool::CloseAgent)
        },
    );
    let closed = match found {
        // An agent can't close itself or those above it: they would wait for each other.
        Some(_) if id != agents.place.thread => agents.control.close(id).await.ok(),
        _ => None,
    };
    let Some(before) = closed else {
        item.end_with(id, AgentStatus::NotFound).await;
        return Err(not_found(id));
    };
    let told = before.to_json();
    item.end_with(id, before).await;
    Ok(json!({"previous_status": told}))
}

#[derive(Debug, Deserialize)]
struct Resume {
    id: String,
}

async fn resume(cx: &CallContext, agents: &ThreadAgents, call: &ToolCall) -> Result<Value, ToolEnd> {
    let arguments: Resume = arguments(call)?;
    let id = agent_id(&arguments.id)?;
    let mut item = CollabItem::start(
        cx,
        agents,
        &call.call_id,
        CollabToolCall {
            receivers: vec![receiver(id, None)],
            ..call_of(CollabTool::ResumeAgent)
        },
    );
    let resumed = agents
        .control
        .resume(id, agents.place.clone(), cx.config.clone())
        .await;
    match resumed {
        Ok(agent) => {
            item.call.receivers = vec![agent.receiver()];
            let told = agent.status.to_json();
            item.end_with(id, agent.status).await;
            Ok(json!({"status": told}))
        }
        Err(error) => {
            if error == crate::agents::AgentError::NotFound(id) {
                item.end_with(id, AgentStatus::NotFound).await;
            } else {
                item.end(CollabCallStatus::Failed).await;
            }
            Err(ToolEnd::text(error.to_string()))
        }
    }
}

/// An open agent of this session.
fn find(agents: &ThreadAgents, id: ThreadId) -> Option<AgentInfo> {
    agents
        .control
        .find(&agents.place.session_id, &AgentTarget::Thread(id))
}

fn agent_id(id: &str) -> Result<ThreadId, ToolEnd> {
    id.parse()
        .map_err(|error| ToolEnd::text(format!("invalid agent id {id}: {error}")))
}

fn not_found(id: ThreadId) -> ToolEnd {
    ToolEnd::text(crate::agents::AgentError::NotFound(id).to_string())
}
