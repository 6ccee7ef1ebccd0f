//! Processes that a client runs for itself, beside all threads (docs/contract/services.md#processes).

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::io::AsyncReadExt;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::confinement::{CommandSandbox, start, tmpdir};
use super::environment::Environment;
use crate::config::ShellEnvironmentPolicy;
use crate::process::end_in_background;
use crate::process::launcher::{Launched, Output};
use crate::process::stdio::{ChildInput, ChildOutput};
use crate::sandbox::SandboxError;
use crate::sys::process::{Signal, exit_code};
use crate::sys::terminal::TerminalSize;
use crate::{AdditionalPermissions, ProfileRules, SandboxPolicy};

/// Bytes of one read, and of one piece of streamed output, at most.
const READ: usize = 64 * 1024;

/// How long the pipes of a process that has ended are read, if others still hold them.
const DRAIN: Duration = Duration::from_secs(2);

/// The exit code of a process that took too long, as that of timeout(1).
const TIMED_OUT: i32 = 124;

/// A process to run.
#[derive(Debug)]
pub struct ClientCommand {
    /// Program, looked up in `PATH` unless it is a path, and arguments.
    pub argv: Vec<String>,
    /// Folder to run in.
    pub cwd: PathBuf,
    /// Which of our variables it gets.
    pub environment: ShellEnvironmentPolicy,
    /// Variables to set, or to leave out.
    pub variables: BTreeMap<String, Option<String>>,
    /// It is ended after this time.
    pub timeout: Option<Duration>,
    /// Bytes of each stream that are kept or passed on; what follows is read and dropped.
    pub output_cap: Option<usize>,
    /// It runs in a terminal of this size, which takes the place of all three streams.
    pub terminal: Option<TerminalSize>,
    /// Its standard input can be written to; empty otherwise. A terminal can always be written to.
    pub stream_input: bool,
    /// Its output is passed on as it comes, instead of being kept.
    pub stream_output: bool,
    /// What it may touch.
    pub sandbox: SandboxPolicy,
    /// What a permission profile says beyond the policy.
    pub profile: Option<Arc<ProfileRules>>,
    /// The folder that the sandbox's policy calls the workspace.
    pub sandbox_folder: PathBuf,
    /// `CODEX_HOME`, which no sandbox lets it change.
    pub codex_home: PathBuf,
}

/// Why a process did not start.
#[derive(Debug, thiserror::Error)]
pub enum ClientCommandError {
    /// The sandbox that it was to run in can't be made here.
    #[error("{0}")]
    Sandbox(#[from] SandboxError),
    /// The system refused.
    #[error("{0}")]
    Spawn(#[from] io::Error),
}

/// Which stream some output belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProcessStream {
    /// Standard output, or the terminal.
    Stdout,
    /// Standard error.
    Stderr,
}

/// Takes the output of a process as it comes.
pub trait ProcessSink: Send + Sync {
    /// Some output, 64 KiB at most. `cap_reached`: no more of this stream will follow.
    fn output(&self, stream: ProcessStream, bytes: &[u8], cap_reached: bool);

    /// Resolves when more may come.
    fn ready(&self) -> BoxFuture<'_, ()>;
}

/// How a process ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessExit {
    /// 128 + n after signal n; 124 if it took too long.
    pub exit_code: i32,
    /// What it wrote to standard output or its terminal.
    pub stdout: CapturedOutput,
    /// What it wrote to standard error.
    pub stderr: CapturedOutput,
    /// Others held its pipes for longer than 2 s after its end; what they write is lost.
    pub drain_timed_out: bool,
}

/// What a process wrote to one stream.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CapturedOutput {
    /// What was kept of it: nothing if it was passed on.
    pub bytes: Vec<u8>,
    /// It was more than the cap.
    pub cap_reached: bool,
}

/// Why something could not be done to a process.
#[derive(Debug, thiserror::Error)]
pub enum ProcessControlError {
    /// It was closed before, or was never open.
    #[error("stdin is already closed")]
    InputClosed,
    /// Nothing can be written to it.
    #[error("stdin streaming is not enabled for this process")]
    NoInput,
    /// It has no terminal.
    #[error("failed to resize PTY: process is not attached to a PTY")]
    NoTerminal,
    /// The process has ended.
    #[error("the process has ended")]
    Ended,
    /// The system refused.
    #[error("{0}")]
    Io(#[from] io::Error),
}

/// Acts on a process while it runs. Can be made, and used, before it starts.
#[derive(Debug, Clone)]
pub struct ProcessControl {
    requests: mpsc::UnboundedSender<InputRequest>,
    terminate: CancellationToken,
}

/// The other end of a [`ProcessControl`].
#[derive(Debug)]
pub struct ProcessControlled {
    requests: mpsc::UnboundedReceiver<InputRequest>,
    terminate: CancellationToken,
}

#[derive(Debug)]
struct InputRequest {
    what: InputChange,
    done: oneshot::Sender<Result<(), ProcessControlError>>,
}

#[derive(Debug)]
enum InputChange {
    Write { bytes: Vec<u8>, close: bool },
    Resize(TerminalSize),
}

impl ProcessControl {
    /// For a process to be started.
    pub fn new() -> (Self, ProcessControlled) {
        let (sender, requests) = mpsc::unbounded_channel();
        let terminate = CancellationToken::new();
        let controlled = ProcessControlled {
            requests,
            terminate: terminate.clone(),
        };
        let control = Self {
            requests: sender,
            terminate,
        };
        (control, controlled)
    }

    /// Writes to its standard input, after everything that was written before, and then closes that if `close`. Waits
    /// for the process to take it.
    pub async fn write(&self, bytes: Vec<u8>, close: bool) -> Result<(), ProcessControlError> {
        self.request(InputChange::Write { bytes, close }).await
    }

    /// Changes the size of its terminal.
    pub async fn resize(&self, size: TerminalSize) -> Result<(), ProcessControlError> {
        self.request(InputChange::Resize(size)).await
    }

    /// Ends it at once, with all that it started.
    pub fn terminate(&self) {
        self.terminate.cancel();
    }

    async fn request(&self, what: InputChange) -> Result<(), ProcessControlError> {
        let (done, outcome) = oneshot::channel();
        self.requests
            .send(InputRequest { what, done })
            .map_err(|_| ProcessControlError::Ended)?;
        outcome.await.unwrap_or(Err(ProcessControlError::Ended))
    }
}

impl ClientCommand {
    /// Runs it to its end; `started` is called when it runs. When the future is dropped, the process is ended.
    pub async fn run(
        self,
        mut controlled: ProcessControlled,
        sink: &dyn ProcessSink,
        started: impl FnOnce(),
    ) -> Result<ProcessExit, ClientCommandError> {
        let environment = Environment::new(self.environment);
        let variables = environment.build_for_client(std::env::vars_os(), self.variables);
        let confinement = CommandSandbox {
            policy: self.sandbox,
            folder: self.sandbox_folder,
            workspace_roots: Vec::new(),
            codex_home: self.codex_home,
            profile: self.profile,
            permissions: AdditionalPermissions::default(),
        };
        let plan = confinement.plan(tmpdir(&variables)).await?;
        let argv = &self.argv;
        if plan.is_some() {
            check_start(argv, &self.cwd).await?;
        }
        let streams = (Output::Separate, self.stream_input);
        let (launched, mut running) =
            start(plan.as_ref(), argv, variables, &self.cwd, self.terminal, streams).await?;
        let Launched {
            mut child,
            group,
            mark,
            output,
            errors,
            input,
        } = launched;
        started();

        let mut stdout = Stream::new(
            ProcessStream::Stdout,
            Some(output),
            self.output_cap,
            self.stream_output,
        );
        let mut stderr = Stream::new(ProcessStream::Stderr, errors, self.output_cap, self.stream_output);
        let deadline = self.timeout.map(|timeout| Instant::now() + timeout);
        let mut input = std::pin::pin!(serve_input(input, &mut controlled.requests));
        let mut killed = false;
        let mut timed_out = false;
        let mut ended = None;
        let mut drain_timed_out = false;
        while ended.is_none() || stdout.is_open() || stderr.is_open() {
            let drained = ended.map(|(_, at): (i32, Instant)| at + DRAIN);
            tokio::select! {
                biased;
                status = child.wait(), if ended.is_none() => {
                    let code = status.ok().and_then(exit_code).unwrap_or(-1);
                    ended = Some((code, Instant::now()));
                    drop(running.take());
                }
                () = controlled.terminate.cancelled(), if !killed && ended.is_none() => killed = true,
                () = sleep_until(deadline.unwrap_or_else(Instant::now)),
                    if deadline.is_some() && !killed && ended.is_none() =>
                {
                    killed = true;
                    timed_out = true;
                }
                () = sleep_until(drained.unwrap_or_else(Instant::now)), if drained.is_some() => {
                    drain_timed_out = true;
                    break;
                }
                () = &mut input, if ended.is_none() => {}
                () = stdout.next(sink), if stdout.is_open() => {}
                () = stderr.next(sink), if stderr.is_open() => {}
            }
            if killed && ended.is_none() {
                group.group().signal(Signal::Kill);
            }
        }
        if killed || drain_timed_out {
            // What has left the group, too.
            end_in_background(group.group(), mark.as_ref(), Duration::ZERO);
        }
        Ok(ProcessExit {
            exit_code: match ended {
                _ if timed_out => TIMED_OUT,
                Some((code, _)) => code,
                None => -1,
            },
            stdout: stdout.captured,
            stderr: stderr.captured,
            drain_timed_out,
        })
    }
}

/// Whether the folder is there, and the program, if it is named by a path: in the system's words, as for a command that is
/// not confined. The launcher that confines one tells it only by its exit code.
async fn check_start(argv: &[String], cwd: &Path) -> io::Result<()> {
    let program = argv.first().ok_or(io::ErrorKind::InvalidInput)?;
    tokio::fs::metadata(cwd).await?;
    if program.contains('/') {
        tokio::fs::metadata(cwd.join(program)).await?;
    }
    Ok(())
}

/// Does what is asked of the input, one after the other; never ends.
async fn serve_input(mut input: Option<ChildInput>, requests: &mut mpsc::UnboundedReceiver<InputRequest>) {
    let streamed = input.is_some();
    let mut within_line = false;
    while let Some(InputRequest { what, done }) = requests.recv().await {
        let outcome = match (what, &mut input) {
            (InputChange::Resize(size), Some(input)) => match input.resize(size) {
                Some(resized) => resized.map_err(Into::into),
                None => Err(ProcessControlError::NoTerminal),
            },
            (InputChange::Resize(_), None) => Err(ProcessControlError::NoTerminal),
            (InputChange::Write { bytes, close }, Some(open)) => {
                let mut written = open.write(&bytes).await;
                within_line = bytes
                    .last()
                    .map_or(within_line, |last| !matches!(last, b'\n' | b'\r'));
                if close && let ChildInput::Terminal(_) = open {
                    // A terminal has no end of its own; this is how people type one. Within a line it ends only that.
                    let end: &[u8] = if within_line {
                        &[b'\n', END_OF_INPUT]
                    } else {
                        &[END_OF_INPUT]
                    };
                    written = written.and(open.write(end).await);
                }
                if close {
                    close_input(&mut input);
                }
                written.map_err(Into::into)
            }
            (InputChange::Write { .. }, None) if streamed => Err(ProcessControlError::InputClosed),
            (InputChange::Write { .. }, None) => Err(ProcessControlError::NoInput),
        };
        // Whoever asked may have gone.
        let _ = done.send(outcome);
    }
    std::future::pending::<()>().await;
}

/// Ctrl-D.
const END_OF_INPUT: u8 = 4;

/// Ends a pipe. A terminal stays, as it can still be resized.
fn close_input(input: &mut Option<ChildInput>) {
    if let Some(ChildInput::Pipe(_)) = input {
        *input = None;
    }
}

/// One stream of a process.
struct Stream {
    which: ProcessStream,
    open: Option<ChildOutput>,
    buffer: Vec<u8>,
    /// Bytes that may still be kept or passed on.
    left: Option<usize>,
    pass_on: bool,
    captured: CapturedOutput,
}

impl Stream {
    fn new(which: ProcessStream, output: Option<ChildOutput>, cap: Option<usize>, pass_on: bool) -> Self {
        Self {
            which,
            buffer: Vec::new(),
            open: output,
            left: cap,
            pass_on,
            captured: CapturedOutput::default(),
        }
    }

    fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Reads what comes next. Cancel-safe.
    async fn next(&mut self, sink: &dyn ProcessSink) {
        let Some(open) = &mut self.open else { return };
        if self.pass_on {
            sink.ready().await;
        }
        self.buffer.resize(READ, 0);
        let length = match open.read(&mut self.buffer).await {
            Ok(0) => {
                self.open = None;
                return;
            }
            Ok(length) => length,
            Err(error) => {
                tracing::warn!(%error, "the output of a process can't be read");
                self.open = None;
                return;
            }
        };
        if self.captured.cap_reached {
            return;
        }
        let kept = self.left.map_or(length, |left| left.min(length));
        self.left = self.left.map(|left| left - kept);
        self.captured.cap_reached = kept < length;
        let bytes = &self.buffer[..kept];
        if self.pass_on {
            sink.output(self.which, bytes, self.captured.cap_reached);
        } else {
            self.captured.bytes.extend_from_slice(bytes);
        }
    }
}
