//! Items about other agents: calls of the tools that deal with them, and news of them
//! (docs/contract/agents.md#sub-agents).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// How an agent stands, in the words that models and files know: a word, or an object with one member.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AgentStatus {
    /// It is loaded, and its turn has not begun yet.
    #[default]
    PendingInit,
    /// A turn of it runs.
    Running,
    /// Its last turn was interrupted.
    Interrupted,
    /// Its last turn went well: its last words, if there were any.
    Completed(Option<String>),
    /// Its last turn failed: why.
    Errored(String),
    /// It was closed.
    Shutdown,
    /// There is no such agent.
    NotFound,
}

impl AgentStatus {
    /// Whether nothing more comes of it unless somebody speaks to it.
    pub fn is_final(&self) -> bool {
        !matches!(self, Self::PendingInit | Self::Running)
    }

    /// Whether a call that finds an agent like this counts as failed.
    pub(crate) fn is_failure(&self) -> bool {
        matches!(self, Self::Errored(_) | Self::NotFound)
    }

    /// As the tools tell the model.
    pub(crate) fn to_json(&self) -> serde_json::Value {
        serde_json::to_value(self).unwrap_or_default()
    }
}

/// A call of a tool that deals with other agents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CollabToolCall {
    /// Which tool.
    pub tool: CollabTool,
    /// How the call stands.
    pub status: CollabCallStatus,
    /// Thread of the agent that calls.
    pub sender: String,
    /// The agents that it is about.
    pub receivers: Vec<CollabReceiver>,
    /// What is said to them.
    pub prompt: Option<String>,
    /// Model of a new agent; empty while none has been chosen.
    pub model: Option<String>,
    /// Reasoning effort of a new agent.
    pub effort: Option<String>,
    /// How the agents stand, by thread.
    pub states: BTreeMap<String, AgentStatus>,
}

/// An agent that a call is about.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CollabReceiver {
    /// Its thread.
    pub thread_id: String,
    /// Its nickname.
    #[serde(default, rename = "agent_nickname", skip_serializing_if = "Option::is_none")]
    pub nickname: Option<String>,
    /// Its role.
    #[serde(default, rename = "agent_role", skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
}

/// The tools that deal with other agents and have items.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CollabTool {
    /// Start one.
    SpawnAgent,
    /// Say something to one.
    SendInput,
    /// Bring one back.
    ResumeAgent,
    /// Wait for some.
    Wait,
    /// Close one.
    CloseAgent,
    /// Send one a message.
    SendMessage,
    /// Give one another task.
    FollowupTask,
    /// Interrupt one.
    InterruptAgent,
    /// See which there are.
    ListAgents,
}

/// How a call stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CollabCallStatus {
    /// It runs.
    InProgress,
    /// It went well.
    Completed,
    /// It went wrong, or an agent that it found had failed.
    Failed,
    /// The turn was interrupted.
    Interrupted,
}

/// News of another agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubAgentActivity {
    /// What happened.
    pub kind: SubAgentActivityKind,
    /// Its thread.
    pub thread_id: String,
    /// Its place below the root: `/root/task`.
    pub path: String,
    /// Its model, when it began.
    pub model: Option<String>,
    /// Its reasoning effort, when it began.
    pub effort: Option<String>,
}

/// What happened to another agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SubAgentActivityKind {
    /// It began.
    Started,
    /// It was spoken to.
    Interacted,
    /// It was interrupted.
    Interrupted,
    /// Its turn is over.
    Completed,
}
