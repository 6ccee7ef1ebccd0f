//! The daemon as a child process, and a client that shows all that is said.

use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use super::folder::Folder;
use super::show::Show;

/// The longest that anything in the demo may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// A conversation with a daemon.
#[derive(Debug)]
pub(super) struct DemoClient {
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Lines<BufReader<ChildStdout>>,
    show: Show,
    started: Instant,
    next_id: i64,
    frames: Vec<Value>,
    /// Frames before this one have been waited for.
    read: usize,
}

impl DemoClient {
    /// Starts this program itself as a daemon.
    pub(super) fn start(folder: &Folder) -> Result<Self> {
        let program = std::env::current_exe().context("cannot find this program's file")?;
        let log = std::fs::File::create(folder.log_path()).context("cannot write the daemon's log")?;
        let kept = ["PATH", "LANG", "TERM", "USER", "TMPDIR"];
        let kept = kept
            .iter()
            .filter_map(|name| Some((name, std::env::var_os(name)?)));
        let started = Instant::now();
        let mut child = Command::new(program)
            .env_clear()
            .envs(kept)
            .env("HOME", folder.path())
            .env("CODEX_HOME", folder.codex_home())
            .current_dir(folder.work())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .context("cannot start the daemon")?;
        let stdout = child.stdout.take().context("the daemon has no output")?;
        Ok(Self {
            stdin: child.stdin.take(),
            child,
            lines: BufReader::new(stdout).lines(),
            show: Show::new(started),
            started,
            next_id: 1,
            frames: Vec::new(),
            read: 0,
        })
    }

    /// When the process was started.
    pub(super) fn started(&self) -> Instant {
        self.started
    }

    /// The screen.
    pub(super) fn show(&self) -> &Show {
        &self.show
    }

    /// All frames of the daemon so far.
    pub(super) fn frames(&self) -> &[Value] {
        &self.frames
    }

    /// Resident memory of the daemon in KiB, where the system tells.
    pub(super) fn memory(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()?)).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        line.split_whitespace().next()?.parse().ok()
    }

    /// Sends a request and waits for its result.
    pub(super) async fn call(&mut self, method: &str, params: Value) -> Result<Value> {
        let id = self.next_id;
        self.next_id += 1;
        self.send(json!({"method": method, "id": id, "params": params}))
            .await?;
        let mut answer = self
            .next_where(&format!("answer to {method}"), |frame| {
                frame.get("method").is_none() && frame["id"] == id
            })
            .await?;
        match answer.get("error") {
            None => Ok(answer["result"].take()),
            Some(error) => bail!("{method} was refused: {}", error["message"]),
        }
    }

    /// Sends a notification without parameters.
    pub(super) async fn notify(&mut self, method: &str) -> Result<()> {
        self.send(json!({ "method": method })).await
    }

    /// Answers a request of the daemon.
    pub(super) async fn answer(&mut self, request: &Value, result: Value) -> Result<()> {
        self.send(json!({"id": request["id"], "result": result})).await
    }

    /// Waits for a notification or request of the daemon whose parameters fit.
    pub(super) async fn until(&mut self, method: &str, fits: impl Fn(&Value) -> bool) -> Result<Value> {
        self.next_where(method, |frame| {
            frame["method"] == method && fits(&frame["params"])
        })
        .await
    }

    /// Closes the daemon's input and waits for its end.
    pub(super) async fn end(&mut self) -> Result<ExitStatus> {
        drop(self.stdin.take());
        let end = tokio::time::timeout(PATIENCE, self.child.wait()).await;
        end.context("the daemon does not end")?
            .context("cannot wait for the daemon")
    }

    async fn send(&mut self, frame: Value) -> Result<()> {
        self.show.sent(&frame);
        let stdin = self.stdin.as_mut().context("the daemon's input is closed")?;
        let line = format!("{frame}\n");
        stdin
            .write_all(line.as_bytes())
            .await
            .context("the daemon does not read")
    }

    async fn next_where(&mut self, what: &str, fits: impl Fn(&Value) -> bool) -> Result<Value> {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            if let Some(frame) = self.frames.get(self.read) {
                self.read += 1;
                if fits(frame) {
                    return Ok(frame.clone());
                }
                continue;
            }
            let line = tokio::time::timeout_at(deadline, self.lines.next_line()).await;
            let line = line.with_context(|| format!("no {what} within {} s", PATIENCE.as_secs()))?;
            let Some(line) = line.context("the daemon's output cannot be read")? else {
                bail!("the daemon ended while the demo waited for {what}");
            };
            let frame = serde_json::from_str(&line).with_context(|| format!("not JSON: {line}"))?;
            self.show.received(&frame);
            self.frames.push(frame);
        }
    }
}
