//! Commands of a thread that no model call is about: the user's own, and those that run in the background.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::LegacyAppPathString;

crate::rpc::methods! {
    client ThreadShellCommand "thread/shellCommand" (ThreadShellCommandParams) -> ThreadShellCommandResponse, stable, in Thread, "Runs a command of the user, without a sandbox, in the running turn or as a turn of its own.";
    client ThreadBackgroundTerminalsList "thread/backgroundTerminals/list" (ThreadBackgroundTerminalsListParams) -> ThreadBackgroundTerminalsListResponse, experimental, in None, "Lists the commands of a thread that run.";
    client ThreadBackgroundTerminalsTerminate "thread/backgroundTerminals/terminate" (ThreadBackgroundTerminalsTerminateParams) -> ThreadBackgroundTerminalsTerminateResponse, experimental, in None, "Ends one command of a thread.";
    client ThreadBackgroundTerminalsClean "thread/backgroundTerminals/clean" (ThreadBackgroundTerminalsCleanParams) -> ThreadBackgroundTerminalsCleanResponse, experimental, in None, "Ends all commands of a thread.";
}

/// A command of the user.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadShellCommandParams {
    /// The thread.
    pub thread_id: String,
    /// What the user's shell runs; not blank.
    pub command: String,
    /// Milliseconds after which it is ended; an hour by default.
    pub timeout_ms: Option<i64>,
}

/// It is about to start; its item tells the rest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadShellCommandResponse {}

/// Whose commands to list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadBackgroundTerminalsListParams {
    /// The thread.
    pub thread_id: String,
    /// Where the last page ended (`nextCursor`); absent for the first page.
    pub cursor: Option<String>,
    /// Most entries of a page; all by default.
    pub limit: Option<u32>,
}

/// A page of commands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadBackgroundTerminalsListResponse {
    /// The page.
    pub data: Vec<ThreadBackgroundTerminal>,
    /// Where the next page begins; null on the last page.
    pub next_cursor: Option<String>,
}

/// A command that runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadBackgroundTerminal {
    /// The command's item.
    pub item_id: String,
    /// Its number, as in the item's `processId`.
    pub process_id: String,
    /// The command line.
    pub command: String,
    /// Its folder.
    pub cwd: LegacyAppPathString,
    /// The number of its process in the system.
    pub os_pid: Option<u32>,
    /// Share of one processor that it and its children use, in per cent; null where the system doesn't tell.
    pub cpu_percent: Option<f64>,
    /// Memory that it and its children hold, in KiB; null where the system doesn't tell.
    pub rss_kb: Option<u64>,
}

/// A command to end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadBackgroundTerminalsTerminateParams {
    /// The thread.
    pub thread_id: String,
    /// Its number.
    pub process_id: String,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadBackgroundTerminalsTerminateResponse {
    /// False if no command of this number runs.
    pub terminated: bool,
}

/// Whose commands to end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadBackgroundTerminalsCleanParams {
    /// The thread.
    pub thread_id: String,
}

/// They have ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadBackgroundTerminalsCleanResponse {}
