//! What is remembered from one thread to the next (docs/contract/agents.md#memory).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

crate::rpc::methods! {
    client ThreadMemoryModeSet "thread/memoryMode/set" (ThreadMemoryModeSetParams) -> ThreadMemoryModeSetResponse, experimental, in Thread, "Says whether memories are made of a thread.";
    client ThreadMemoryRead "thread/memory/read" (ThreadMemoryReadParams) -> ThreadMemoryReadResponse, experimental, in Thread, "Reads what is remembered of a thread.";
    client MemoryStatus "memory/status" (MemoryStatusParams) -> MemoryStatusResponse, experimental, in Global("memory"), "Tells of how many threads something is remembered.";
    client MemoryReset "memory/reset" () -> MemoryResetResponse, experimental, in Global("memory"), "Removes what is remembered of threads.";
}

/// Says whether memories are made of a thread.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadMemoryModeSetParams {
    /// The thread.
    pub thread_id: String,
    /// Whether memories are made of it.
    pub mode: ThreadMemoryMode,
}

/// Whether memories are made of a thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ThreadMemoryMode {
    /// They are, where memories are switched on.
    Enabled,
    /// None are made from now on.
    Disabled,
}

/// It is kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ThreadMemoryModeSetResponse {}

/// Asks what is remembered of a thread.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadMemoryReadParams {
    /// The thread.
    pub thread_id: String,
}

/// What is remembered of a thread.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadMemoryReadResponse {
    /// Markdown; null if it is nothing.
    pub summary: Option<String>,
}

/// Asks of how many threads something is remembered.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MemoryStatusParams {
    /// Accepted; without effect.
    pub min_consolidated_threads: Option<u32>,
}

/// Of how many threads something is remembered.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MemoryStatusResponse {
    /// Threads of which something is remembered.
    pub v2_consolidated_threads: u32,
    /// Always true: nothing has to be prepared.
    pub v2_ready: bool,
}

/// It is removed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MemoryResetResponse {}
