//! Commands that a client runs beside all threads, in the sandbox (docs/contract/services.md#processes).

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::SandboxPolicy;

crate::rpc::methods! {
    client CommandExec "command/exec" (CommandExecParams) -> CommandExecResponse, stable, in None, "Runs a command in the sandbox, beside all threads, and answers when it has ended.";
    client CommandExecWrite "command/exec/write" (CommandExecWriteParams) -> CommandExecWriteResponse, stable, in None, "Writes to the standard input of a running command/exec, and can close it.";
    client CommandExecResize "command/exec/resize" (CommandExecResizeParams) -> CommandExecResizeResponse, stable, in None, "Changes the terminal size of a running command/exec.";
    client CommandExecTerminate "command/exec/terminate" (CommandExecTerminateParams) -> CommandExecTerminateResponse, stable, in None, "Ends a running command/exec.";
    notify CommandExecOutputDelta "command/exec/outputDelta" (CommandExecOutputDeltaNotification), stable, "A command/exec has written something. Sent to the connection that runs it.";
}

/// A command to run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CommandExecParams {
    /// Program and arguments; not empty.
    pub command: Vec<String>,
    /// Folder to run it in, absolute or relative to the server's; the server's own by default.
    pub cwd: Option<String>,
    /// Variables to set, or with null to unset, on top of those that the configuration lets through.
    pub env: Option<BTreeMap<String, Option<String>>>,
    /// Milliseconds after which it is ended; 10000 by default.
    pub timeout_ms: Option<i64>,
    /// It may take as long as it likes.
    #[serde(default)]
    pub disable_timeout: bool,
    /// Bytes of output that are kept or passed on per stream; 1048576 by default.
    pub output_bytes_cap: Option<usize>,
    /// All output is kept or passed on.
    #[serde(default)]
    pub disable_output_cap: bool,
    /// The client's name for it, which `write`, `resize`, `terminate` and `outputDelta` use; one connection can't use it
    /// twice at a time. Needed for a terminal and for streams.
    pub process_id: Option<String>,
    /// It runs in a terminal, which takes the place of its three streams.
    #[serde(default)]
    pub tty: bool,
    /// Size of the terminal; 24 rows and 80 columns by default.
    pub size: Option<CommandExecTerminalSize>,
    /// Its standard input can be written to; otherwise it is empty, unless there is a terminal.
    #[serde(default)]
    pub stream_stdin: bool,
    /// Its output comes as `command/exec/outputDelta`, and is not in the response.
    #[serde(default)]
    pub stream_stdout_stderr: bool,
    /// What it may touch; the configured sandbox by default.
    pub sandbox_policy: Option<SandboxPolicy>,
    /// The same, as the name of a profile.
    #[schemars(extend("x-experimental" = true))]
    pub permission_profile: Option<String>,
}

/// Rows and columns, in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CommandExecTerminalSize {
    /// Lines, at least 1.
    pub rows: u16,
    /// Characters in a line, at least 1.
    pub cols: u16,
}

/// How a command ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CommandExecResponse {
    /// Its exit code: 128 + n after signal n, 124 if it took too long.
    pub exit_code: i32,
    /// What it wrote to standard output or its terminal; empty if that was streamed.
    pub stdout: String,
    /// What it wrote to standard error; empty if that was streamed.
    pub stderr: String,
}

/// Something for the standard input of a command. One of the two has to be there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CommandExecWriteParams {
    /// Its name.
    pub process_id: String,
    /// Bytes to write, in base64.
    pub delta_base64: Option<String>,
    /// Close the input, after what is to be written.
    #[serde(default)]
    pub close_stdin: bool,
}

/// The command has taken it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CommandExecWriteResponse {}

/// Another size for a terminal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CommandExecResizeParams {
    /// Its name.
    pub process_id: String,
    /// The new size.
    pub size: CommandExecTerminalSize,
}

/// Done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CommandExecResizeResponse {}

/// A command to end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CommandExecTerminateParams {
    /// Its name.
    pub process_id: String,
}

/// It is being ended; its own response tells how it ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CommandExecTerminateResponse {}

/// Which stream of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum CommandExecOutputStream {
    /// Standard output, or the terminal.
    Stdout,
    /// Standard error.
    Stderr,
}

/// Output of a command.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CommandExecOutputDeltaNotification {
    /// Its name.
    pub process_id: String,
    /// Where it was written.
    pub stream: CommandExecOutputStream,
    /// What was written, in base64; 64 KiB at most.
    pub delta_base64: String,
    /// The cap is reached: no more of this stream follows.
    pub cap_reached: bool,
}
