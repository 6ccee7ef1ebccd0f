//! Processes that a client runs beside all threads, without a sandbox (docs/contract/services.md#processes).

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::AbsolutePathBuf;
use crate::shape::double_option;

crate::rpc::methods! {
    client ProcessSpawn "process/spawn" (ProcessSpawnParams) -> ProcessSpawnResponse, experimental, in None, "Starts a process beside all threads, without a sandbox.";
    client ProcessWriteStdin "process/writeStdin" (ProcessWriteStdinParams) -> ProcessWriteStdinResponse, experimental, in None, "Writes to the standard input of a process, and can close it.";
    client ProcessKill "process/kill" (ProcessKillParams) -> ProcessKillResponse, experimental, in None, "Ends a process at once.";
    client ProcessResizePty "process/resizePty" (ProcessResizePtyParams) -> ProcessResizePtyResponse, experimental, in None, "Changes the terminal size of a process.";
    notify ProcessOutputDelta "process/outputDelta" (ProcessOutputDeltaNotification), stable, "A process has written something. Sent to the connection that runs it.";
    notify ProcessExited "process/exited" (ProcessExitedNotification), stable, "A process has ended. Sent to the connection that ran it.";
}

/// A process to start.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProcessSpawnParams {
    /// Program and arguments; not empty.
    pub command: Vec<String>,
    /// Folder to run it in.
    pub cwd: AbsolutePathBuf,
    /// The client's name for it; one connection can't use it twice at a time.
    pub process_handle: String,
    /// Variables to set, or with null to unset, on top of those that the configuration lets through.
    pub env: Option<BTreeMap<String, Option<String>>>,
    /// Milliseconds after which it is ended; 10000 if absent, none if null.
    #[serde(default, with = "double_option", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<i64>")]
    pub timeout_ms: Option<Option<i64>>,
    /// Bytes of output that are kept or passed on per stream; 1048576 if absent, all if null.
    #[serde(default, with = "double_option", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<usize>")]
    pub output_bytes_cap: Option<Option<usize>>,
    /// It runs in a terminal, which takes the place of its three streams.
    #[serde(default)]
    pub tty: bool,
    /// Size of the terminal; 24 rows and 80 columns by default.
    pub size: Option<ProcessTerminalSize>,
    /// Its standard input can be written to; otherwise it is empty, unless there is a terminal.
    #[serde(default)]
    pub stream_stdin: bool,
    /// Its output comes as `process/outputDelta`, and is not in `process/exited`.
    #[serde(default)]
    pub stream_stdout_stderr: bool,
}

/// Rows and columns, in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProcessTerminalSize {
    /// Lines, at least 1.
    pub rows: u16,
    /// Characters in a line, at least 1.
    pub cols: u16,
}

/// It runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProcessSpawnResponse {}

/// Something for the standard input of a process. One of the two has to be there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProcessWriteStdinParams {
    /// Its name.
    pub process_handle: String,
    /// Bytes to write, in base64.
    pub delta_base64: Option<String>,
    /// Close the input, after what is to be written.
    #[serde(default)]
    pub close_stdin: bool,
}

/// The process has taken it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProcessWriteStdinResponse {}

/// A process to end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProcessKillParams {
    /// Its name.
    pub process_handle: String,
}

/// It is being ended; `process/exited` tells how it ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProcessKillResponse {}

/// Another size for a terminal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProcessResizePtyParams {
    /// Its name.
    pub process_handle: String,
    /// The new size.
    pub size: ProcessTerminalSize,
}

/// Done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProcessResizePtyResponse {}

/// Which stream of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ProcessOutputStream {
    /// Standard output, or the terminal.
    Stdout,
    /// Standard error.
    Stderr,
}

/// Output of a process.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProcessOutputDeltaNotification {
    /// Its name.
    pub process_handle: String,
    /// Where it was written.
    pub stream: ProcessOutputStream,
    /// What was written, in base64; 64 KiB at most.
    pub delta_base64: String,
    /// The cap is reached: no more of this stream follows.
    pub cap_reached: bool,
}

/// A process has ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProcessExitedNotification {
    /// Its name.
    pub process_handle: String,
    /// Its exit code: 128 + n after signal n, 124 if it took too long.
    pub exit_code: i32,
    /// Others held its pipes for more than 2 s after its end, and what they write is lost.
    pub output_drain_timed_out: Option<bool>,
    /// What it wrote to standard output or its terminal; empty if that was streamed.
    pub stdout: String,
    /// It wrote more than the cap.
    pub stdout_cap_reached: bool,
    /// What it wrote to standard error; empty if that was streamed.
    pub stderr: String,
    /// It wrote more than the cap.
    pub stderr_cap_reached: bool,
}
