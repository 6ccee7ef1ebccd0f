//! Where a thread comes from.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which kind of program made a thread.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum SessionSource {
    /// The terminal client.
    Cli,
    /// An editor, or any other client of the app-server.
    Vscode,
    /// A script.
    Exec,
    /// A client of the app-server that says so.
    AppServer,
    /// Not known.
    Unknown,
    /// Something else, in its own words.
    Custom(String),
    /// An agent.
    #[serde(alias = "subagent")]
    SubAgent(SubAgentSource),
}

/// Why an agent made a thread.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SubAgentSource {
    /// To review changes.
    Review,
    /// To sum up a history.
    Compact,
    /// To tidy up memories.
    MemoryConsolidation,
    /// Because an agent asked for help.
    ThreadSpawn {
        /// How far below the root thread it is.
        depth: i32,
        /// The thread of the agent that asked.
        parent_thread_id: ThreadId,
        /// Nickname.
        agent_nickname: Option<String>,
        /// Where it stands below its root thread.
        agent_path: Option<AgentPath>,
        /// Role.
        agent_role: Option<String>,
    },
    /// Something else, in its own words.
    Other(String),
}

/// Id of a thread, a UUID.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct ThreadId(pub String);

/// Where an agent stands below its root thread, as in `/root/worker`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct AgentPath(pub String);

/// What a thread is for, in words of the client.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct ThreadSource(pub String);
