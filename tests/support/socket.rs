//! The program as a daemon that listens on a socket, and clients that connect to it.

use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::stream::SplitSink;
use futures_util::{SinkExt, StreamExt};
use rustix::process::{Pid, Signal};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, BufReader};
use tokio::net::{TcpStream, UnixStream};
use tokio::process::Child;
use tokio::task::JoinHandle;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::client::Response;
use tokio_tungstenite::tungstenite::http::{HeaderName, HeaderValue};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};

use super::app::{LAST_OF_START, Launch, RpcError, ServerRequest, hears_of_start};
use super::frames::{Frame, Frames, PATIENCE};
use super::process::ends_within;

/// A stream in both directions.
pub trait Duplex: AsyncRead + AsyncWrite + Send + Unpin + std::fmt::Debug {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin + std::fmt::Debug> Duplex for S {}

/// A WebSocket to the daemon.
pub type Socket = WebSocketStream<Box<dyn Duplex>>;

/// A running daemon. Dropping it ends the program.
#[derive(Debug)]
pub struct Daemon {
    child: tokio::sync::Mutex<Child>,
    pid: i32,
    place: Place,
    stderr: Arc<Mutex<String>>,
}

#[derive(Debug, Clone)]
enum Place {
    Tcp(String),
    Unix(PathBuf),
}

impl Daemon {
    /// Starts the program on a free port of the loopback interface.
    pub async fn start(launch: Launch) -> Self {
        Self::listen(launch, "ws://127.0.0.1:0").await
    }

    /// Starts the program on this address (`--listen`), and waits until it listens.
    pub async fn listen(launch: Launch, url: &str) -> Self {
        let mut command = launch.args(&["--listen", url]).into_command();
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let stderr = Arc::<Mutex<String>>::default();
        let (found, address) = tokio::sync::oneshot::channel();
        let mut found = Some(found);
        let all = Arc::clone(&stderr);
        tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                if let Some(address) = line.trim().strip_prefix("listening on: ws://")
                    && let Some(found) = found.take()
                {
                    drop(found.send(address.to_owned()));
                }
                let mut all = all.lock().unwrap_or_else(PoisonError::into_inner);
                all.push_str(&line);
                all.push('\n');
            }
        });
        let pid = child.id().unwrap().cast_signed();
        let place = match url.strip_prefix("unix://") {
            None => {
                let address = tokio::time::timeout(PATIENCE, address).await.unwrap();
                Place::Tcp(address.expect("the program listens"))
            }
            Some(path) => {
                let path = PathBuf::from(path);
                let listens = async {
                    while UnixStream::connect(&path).await.is_err() {
                        tokio::time::sleep(Duration::from_millis(10)).await;
                    }
                };
                tokio::time::timeout(PATIENCE, listens)
                    .await
                    .expect("the program listens");
                Place::Unix(path)
            }
        };
        Self {
            child: tokio::sync::Mutex::new(child),
            pid,
            place,
            stderr,
        }
    }

    /// The address of the listener, `IP:PORT`.
    pub fn address(&self) -> &str {
        match &self.place {
            Place::Tcp(address) => address,
            Place::Unix(_) => "localhost",
        }
    }

    /// A stream to the listener on which nothing has been said.
    pub async fn stream(&self) -> Box<dyn Duplex> {
        match &self.place {
            Place::Tcp(address) => Box::new(TcpStream::connect(address).await.unwrap()),
            Place::Unix(path) => Box::new(UnixStream::connect(path).await.unwrap()),
        }
    }

    /// Opens a WebSocket with these headers.
    pub async fn open(&self, headers: &[(&'static str, &str)]) -> Result<(Socket, Response), Error> {
        let mut request = format!("ws://{}/any/path", self.address())
            .into_client_request()
            .unwrap();
        for (name, value) in headers {
            let value = HeaderValue::from_str(value).unwrap();
            request.headers_mut().insert(HeaderName::from_static(name), value);
        }
        let config = WebSocketConfig::default()
            .max_message_size(None)
            .max_frame_size(Some(16 << 20));
        let stream = self.stream().await;
        tokio_tungstenite::client_async_with_config(request, stream, Some(config)).await
    }

    /// A client that has not said anything.
    pub async fn client(&self) -> Client {
        Client::new(self.open(&[]).await.expect("a WebSocket").0)
    }

    /// A client that is initialized with the experimental API.
    pub async fn connect(&self) -> Client {
        let client = self.client().await;
        client.initialize(json!({"experimentalApi": true})).await;
        client
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        rustix::process::kill_process(Pid::from_raw(self.pid).unwrap(), signal).unwrap();
    }

    /// Waits for the program to end.
    pub async fn exit(&self) -> ExitStatus {
        let mut child = self.child.lock().await;
        let status = tokio::time::timeout(PATIENCE, child.wait()).await;
        status.expect("the program ends").unwrap()
    }

    /// What the program wrote to standard error.
    pub fn stderr(&self) -> String {
        self.stderr.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Resident memory, in KiB.
    pub fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(Path::new("/proc").join(self.pid.to_string()).join("status"));
        let status = status.unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        line.unwrap().trim().trim_end_matches(" kB").parse().unwrap()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if let Some(pid) = Pid::from_raw(self.pid)
            && self
                .child
                .try_lock()
                .is_ok_and(|mut child| matches!(child.try_wait(), Ok(None)))
        {
            // A second one ends it at once.
            for _ in 0..2 {
                let _ = rustix::process::kill_process(pid, Signal::TERM);
            }
            ends_within(self.pid, 1);
        }
        if std::thread::panicking() {
            eprintln!("--- stderr\n{}", self.stderr());
        }
    }
}

/// A client that reads everything as it comes. Dropping it tears the connection down without a word.
#[derive(Debug)]
pub struct Client {
    sink: tokio::sync::Mutex<SplitSink<Socket, Message>>,
    frames: Arc<Frames>,
    closed: Arc<Mutex<Option<u16>>>,
    reader: JoinHandle<()>,
    next_id: AtomicI64,
}

impl Client {
    /// A client on this WebSocket.
    pub fn new(socket: Socket) -> Self {
        let (sink, mut source) = socket.split();
        let frames = Arc::new(Frames::default());
        let closed = Arc::<Mutex<Option<u16>>>::default();
        let reader = tokio::spawn({
            let (frames, closed) = (Arc::clone(&frames), Arc::clone(&closed));
            async move {
                while let Some(Ok(message)) = source.next().await {
                    match message {
                        Message::Text(text) => frames.push(text.as_bytes()),
                        Message::Close(frame) => {
                            let code = frame.map_or(1005, |frame| frame.code.into());
                            *closed.lock().unwrap_or_else(PoisonError::into_inner) = Some(code);
                        }
                        _ => {}
                    }
                }
                frames.set_ended();
            }
        });
        Self {
            sink: tokio::sync::Mutex::new(sink),
            frames,
            closed,
            reader,
            next_id: AtomicI64::new(1),
        }
    }

    /// `initialize` with these capabilities; what follows by itself has come when this ends.
    pub async fn initialize(&self, capabilities: Value) -> Value {
        let client = json!({"name": "e2e", "title": "End to end", "version": "0.1.0"});
        let params = json!({"clientInfo": client, "capabilities": capabilities});
        let hears = hears_of_start(&params);
        let result = self.call("initialize", params).await;
        let resumed = &result["extensions"]["codex-app-server/reconnect"]["resumed"];
        if hears && resumed != true {
            self.wait_for(LAST_OF_START).await;
        }
        result
    }

    /// Sends a message of any kind.
    pub async fn message(&self, message: Message) {
        self.sink.lock().await.send(message).await.unwrap();
    }

    /// Sends one frame.
    pub async fn send(&self, frame: &Value) {
        self.message(Message::text(frame.to_string())).await;
    }

    /// Sends a request without waiting for its answer.
    pub async fn request(&self, method: &str, params: Value) -> i64 {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        self.send(&json!({"method": method, "id": id, "params": params}))
            .await;
        id
    }

    /// Lets ids of requests begin here.
    pub fn ids_from(&self, id: i64) {
        self.next_id.store(id, Ordering::Relaxed);
    }

    /// Waits for the answer to a request.
    pub async fn response(&self, id: i64) -> Result<Value, RpcError> {
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

    /// Starts a thread, and gives its id.
    pub async fn start_thread(&self, params: Value) -> String {
        let result = self.call("thread/start", params).await;
        result["thread"]["id"].as_str().expect("a thread id").to_owned()
    }

    /// Starts a turn, and gives its id.
    pub async fn start_turn(&self, thread: &str, text: &str) -> String {
        let params = json!({"threadId": thread, "input": [{"type": "text", "text": text}]});
        let result = self.call("turn/start", params).await;
        result["turn"]["id"].as_str().expect("a turn id").to_owned()
    }

    /// Waits for the end of a turn, and gives the turn.
    pub async fn end_of(&self, turn: &str) -> Value {
        let ended =
            |frame: &Frame| frame.method() == "turn/completed" && frame.params()["turn"]["id"] == turn;
        let (_, mut frame) = self.frames.take("end of the turn", ended).await;
        frame.json["params"]["turn"].take()
    }

    /// Waits for a notification that this test has not waited for before, and gives its params.
    pub async fn wait_for(&self, method: &str) -> Value {
        let right = |frame: &Frame| frame.is_notification() && frame.method() == method;
        let (_, mut frame) = self.frames.take(method, right).await;
        frame.json["params"].take()
    }

    /// Waits for any frame that fits.
    pub async fn wait_frame(&self, what: &str, fits: impl Fn(&Frame) -> bool) -> Frame {
        self.frames.take(what, fits).await.1
    }

    /// Waits for a question of the program.
    pub async fn server_request(&self, method: &str) -> ServerRequest {
        self.frames.server_request(method).await
    }

    /// Answers a question of the program.
    pub async fn respond(&self, request: &ServerRequest, result: Value) {
        self.send(&json!({"id": request.id, "result": result})).await;
    }

    /// All frames so far.
    pub fn frames(&self) -> Vec<Frame> {
        self.frames.all()
    }

    /// Waits until the connection is closed; says with which code (1006: without one).
    pub async fn closed(&self) -> u16 {
        self.frames.end().await;
        let code = *self.closed.lock().unwrap_or_else(PoisonError::into_inner);
        code.unwrap_or(1006)
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.reader.abort();
        if std::thread::panicking() {
            eprintln!("--- last frames of a client\n{}", self.frames.tail());
        }
    }
}
