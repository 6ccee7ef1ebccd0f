//! The program as a child process, and a client that speaks to it.

use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use rustix::process::Pid;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::Mutex;

use super::frames::{Frame, Frames, PATIENCE};
use super::home::Home;
use super::process::ends_within;

/// How the program is started.
#[derive(Debug)]
pub struct Launch {
    command: Command,
    stderr: PathBuf,
}

/// A running program. Dropping it ends the program, and fails the test if a line was no JSON.
#[derive(Debug)]
pub struct App {
    child: Mutex<Child>,
    pid: i32,
    stdin: Mutex<Option<ChildStdin>>,
    frames: Arc<Frames>,
    next_id: AtomicI64,
    stderr: PathBuf,
}

/// The error of a refused request.
#[derive(Debug, Clone, PartialEq)]
pub struct RpcError {
    /// JSON-RPC code.
    pub code: i64,
    /// Text.
    pub message: String,
    /// Data, null if there is none.
    pub data: Value,
}

/// A question of the program.
#[derive(Debug, Clone)]
pub struct ServerRequest {
    /// To answer it by.
    pub id: Value,
    /// Its parameters.
    pub params: Value,
}

/// The last notification that every client gets after `initialize`.
pub const LAST_OF_START: &str = "remoteControl/status/changed";

/// Whether a client with these parameters of `initialize` gets [`LAST_OF_START`].
pub fn hears_of_start(params: &Value) -> bool {
    let opted_out = params["capabilities"]["optOutNotificationMethods"].as_array();
    !opted_out.is_some_and(|methods| methods.iter().any(|method| method == LAST_OF_START))
}

impl Launch {
    /// The program with this home, no arguments and a small environment.
    pub fn new(home: &Home) -> Self {
        // E2E_PROGRAM compares another program: its path and first arguments, separated by spaces.
        let other = std::env::var("E2E_PROGRAM").ok();
        let mut words = other
            .as_deref()
            .unwrap_or(env!("CARGO_BIN_EXE_codex-app-server"))
            .split(' ');
        let mut command = Command::new(words.next().unwrap_or_default());
        command.args(words);
        let kept = ["PATH", "LANG", "TERM", "USER", "TMPDIR"];
        let kept = kept
            .iter()
            .filter_map(|name| Some((name, std::env::var_os(name)?)));
        command
            .env_clear()
            .envs(kept)
            .env("HOME", home.path())
            .env("CODEX_HOME", home.codex())
            .env("RUST_LOG", "warn")
            .current_dir(home.work());
        Self {
            command,
            stderr: home.path().join("stderr.log"),
        }
    }

    /// Adds arguments.
    #[must_use]
    pub fn args(mut self, args: &[&str]) -> Self {
        self.command.args(args);
        self
    }

    /// Sets a variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl AsRef<std::ffi::OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Starts the program from a shell that does this first.
    #[must_use]
    pub fn after(mut self, first: &str) -> Self {
        let command = self.command.as_std();
        let mut shell = Command::new("/bin/sh");
        let script = format!("{first}; exec \"$@\"");
        shell
            .args(["-c", &script, "sh"])
            .arg(command.get_program())
            .args(command.get_args());
        shell.env_clear();
        for (name, value) in command.get_envs() {
            if let Some(value) = value {
                shell.env(name, value);
            }
        }
        if let Some(folder) = command.get_current_dir() {
            shell.current_dir(folder);
        }
        self.command = shell;
        self
    }

    /// The command itself, for tests that want other streams than pipes, or to read them by themselves. Standard
    /// streams are as those of the test.
    pub fn into_command(mut self) -> Command {
        self.command.kill_on_drop(true);
        self.command
    }

    /// Starts the program; nothing is sent.
    pub fn spawn(mut self) -> App {
        let log = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(&self.stderr)
            .unwrap();
        let mut child = self
            .command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let frames = Arc::new(Frames::default());
        let stdout = child.stdout.take().unwrap();
        tokio::spawn({
            let frames = frames.clone();
            async move { frames.read(stdout).await }
        });
        App {
            pid: child.id().unwrap().cast_signed(),
            stdin: Mutex::new(child.stdin.take()),
            child: Mutex::new(child),
            frames,
            next_id: AtomicI64::new(1),
            stderr: self.stderr,
        }
    }

    /// Starts the program and initializes it with the experimental API.
    pub async fn start(self) -> App {
        let app = self.spawn();
        app.initialize(json!({"experimentalApi": true})).await;
        app
    }
}

impl App {
    /// Starts and initializes the program with this home.
    pub async fn start(home: &Home) -> Self {
        Launch::new(home).start().await
    }

    /// Starts and initializes the program with this home, and starts a thread. Gives its id, too.
    pub async fn with_thread(home: &Home) -> (Self, String) {
        let app = Self::start(home).await;
        let thread = app.start_thread(json!({})).await;
        (app, thread)
    }

    /// `initialize` with these capabilities, then `initialized`; what follows by itself has come when this ends.
    pub async fn initialize(&self, capabilities: Value) -> Value {
        let client = json!({"name": "e2e", "title": "End to end", "version": "0.1.0"});
        let params = json!({"clientInfo": client, "capabilities": capabilities});
        let hears = hears_of_start(&params);
        let result = self.call("initialize", params).await;
        if hears {
            self.wait_for(LAST_OF_START).await;
        }
        self.notify("initialized", Value::Null).await;
        result
    }

    /// Writes bytes as they are.
    pub async fn write(&self, bytes: &[u8]) {
        let mut stdin = self.stdin.lock().await;
        let stdin = stdin.as_mut().expect("standard input is open");
        stdin.write_all(bytes).await.unwrap();
        stdin.flush().await.unwrap();
    }

    /// Writes one frame.
    pub async fn send(&self, frame: &Value) {
        let mut line = frame.to_string();
        line.push('\n');
        self.write(line.as_bytes()).await;
    }

    /// Sends a notification; null leaves `params` out.
    pub async fn notify(&self, method: &str, params: Value) {
        let mut frame = json!({"method": method});
        if !params.is_null() {
            frame["params"] = params;
        }
        self.send(&frame).await;
    }

    /// Sends a request without waiting for its answer; null leaves `params` out.
    pub async fn request(&self, method: &str, params: Value) -> i64 {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let mut frame = json!({"method": method, "id": id});
        if !params.is_null() {
            frame["params"] = params;
        }
        self.send(&frame).await;
        id
    }

    /// Waits for the answer to a request.
    pub async fn response(&self, id: impl Into<Value>) -> Result<Value, RpcError> {
        self.frames.response(&id.into()).await
    }

    /// Sends a request and waits for its answer, whatever it is.
    pub async fn try_call(&self, method: &str, params: Value) -> Result<Value, RpcError> {
        let id = self.request(method, params).await;
        self.response(id).await
    }

    /// Sends a request that must succeed.
    pub async fn call(&self, method: &str, params: Value) -> Value {
        match self.try_call(method, params).await {
            Ok(result) => result,
            Err(error) => panic!("{method} failed: {error:?}"),
        }
    }

    /// Sends a request that must be refused.
    pub async fn call_err(&self, method: &str, params: Value) -> RpcError {
        match self.try_call(method, params).await {
            Ok(result) => panic!("{method} should have failed, but answered {result}"),
            Err(error) => error,
        }
    }

    /// Waits for a notification that this test has not waited for before, and returns its params.
    pub async fn wait_for(&self, method: &str) -> Value {
        self.wait_where(method, |_| true).await
    }

    /// As [`App::wait_for`], for the first one whose params fit.
    pub async fn wait_where(&self, method: &str, fits: impl Fn(&Value) -> bool) -> Value {
        let right =
            |frame: &Frame| frame.is_notification() && frame.method() == method && fits(frame.params());
        let (_, mut frame) = self.frames.take(method, right).await;
        frame.json["params"].take()
    }

    /// Waits for any frame that fits; says `what` when none comes. Also returns its place among all frames.
    pub async fn wait_frame(&self, what: &str, fits: impl Fn(&Frame) -> bool) -> (usize, Frame) {
        self.frames.take(what, fits).await
    }

    /// Waits for a question of the program.
    pub async fn server_request(&self, method: &str) -> ServerRequest {
        self.frames.server_request(method).await
    }

    /// Answers a question of the program.
    pub async fn respond(&self, request: &ServerRequest, result: Value) {
        self.send(&json!({"id": request.id, "result": result})).await;
    }

    /// Answers a question of the program by an error.
    pub async fn respond_error(&self, request: &ServerRequest, code: i64, message: &str) {
        self.send(&json!({"id": request.id, "error": {"code": code, "message": message}}))
            .await;
    }

    /// All frames so far, taken or not.
    pub fn frames(&self) -> Vec<Frame> {
        self.frames.all()
    }

    /// Number of frames so far: a mark for [`App::frames`].
    pub fn mark(&self) -> usize {
        self.frames.len()
    }

    /// Waits until the program has closed its output: all that it wrote has been read.
    pub async fn end_of_output(&self) {
        self.frames.end().await;
    }

    /// Methods of the notifications from this mark on.
    pub fn notified_since(&self, mark: usize) -> Vec<String> {
        let frames = self.frames();
        let notifications = frames[mark..].iter().filter(|frame| frame.is_notification());
        notifications.map(|frame| frame.method().to_owned()).collect()
    }

    /// What the program wrote to standard error.
    pub fn stderr(&self) -> String {
        std::fs::read_to_string(&self.stderr).unwrap_or_default()
    }

    /// Waits until standard error holds this text.
    pub async fn stderr_contains(&self, text: &str) {
        let found = async {
            while !self.stderr().contains(text) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let in_time = tokio::time::timeout(PATIENCE, found).await.is_ok();
        assert!(in_time, "standard error never holds {text:?}\n{}", self.report());
    }

    /// Number of the process.
    pub fn pid(&self) -> i32 {
        self.pid
    }

    /// Sends a signal.
    pub fn signal(&self, signal: rustix::process::Signal) {
        let pid = Pid::from_raw(self.pid).unwrap();
        rustix::process::kill_process(pid, signal).unwrap();
    }

    /// Closes the program's standard input.
    pub async fn close_stdin(&self) {
        self.stdin.lock().await.take();
    }

    /// Waits for the program to end; says how and after what time.
    pub async fn exit(&self) -> (ExitStatus, Duration) {
        let start = Instant::now();
        let mut child = self.child.lock().await;
        let status = tokio::time::timeout(PATIENCE, child.wait()).await;
        (status.expect("the program ends").unwrap(), start.elapsed())
    }

    /// Closes standard input; the program must end with 0. Says how long that took.
    pub async fn stop(&self) -> Duration {
        self.close_stdin().await;
        let (status, time) = self.exit().await;
        assert!(status.success(), "the program ended with {status}");
        time
    }

    /// Starts a thread in the home's work folder with these parameters on top, and returns its id.
    pub async fn start_thread(&self, params: Value) -> String {
        let result = self.call("thread/start", params).await;
        result["thread"]["id"].as_str().expect("a thread id").to_owned()
    }

    fn report(&self) -> String {
        format!(
            "--- last frames\n{}\n--- stderr\n{}",
            self.frames.tail(),
            self.stderr()
        )
    }
}

impl Drop for App {
    fn drop(&mut self) {
        // An orderly end takes the commands along that the program started.
        if let Ok(mut stdin) = self.stdin.try_lock() {
            stdin.take();
        }
        ends_within(self.pid, 1);
        if std::thread::panicking() {
            eprintln!("{}", self.report());
            return;
        }
        let bad = self.frames.bad();
        assert!(
            bad.is_empty(),
            "lines that are not JSON: {bad:#?}\n{}",
            self.report()
        );
    }
}
