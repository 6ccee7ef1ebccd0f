//! What many connections cost each other, over WebSockets.
//!
//! `cargo bench -p codex-app-server --bench connections`. `CONNECTIONS` (1,000) are open, `SILENT` (100) of them watch a
//! thread and read nothing while its turn streams `STREAMED_MB` (12); `RETURNS` (1,000) is how often a client is torn off
//! and comes back within one streaming turn; `E2E_PROGRAM` measures another program.
//!
//! What measures runs on threads of its own, one that asks and one that reads, and makes no sense of large messages; else
//! a message of 12 MB to a hundred connections would seem to hold up what is only not read yet.
//!
//! Fails if an idle connection takes more than 100 KiB, if those that read nothing add more than 5 ms to the median of a
//! request or of a notification of the others, or if a client that comes back misses a message or gets one twice.

#![expect(clippy::unwrap_used, reason = "what can't be set up can't be measured")]
#![expect(clippy::print_stdout, reason = "that is what it is for")]

#[expect(dead_code, unreachable_pub, reason = "shared with other benches")]
mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use codex_core::mock_model::{Answer, MockModel};
use futures_util::{SinkExt as _, StreamExt as _};
use rustix::process::{Resource, getrlimit, setrlimit};
use serde_json::{Value, json};
use tokio::runtime::Builder;
use tokio::sync::oneshot;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

use common::support::{Daemon, Home, Launch, Socket};
use common::{kib, median, ms, number};

/// What an idle connection may take, in KiB.
const IDLE: f64 = 100.0;
/// What those that read nothing may add, in milliseconds.
const ADDED: f64 = 5.0;
/// Bytes of a delta of the long turn.
const DELTA: usize = 4096;
/// Others that watch the long turn, and read.
const READERS: usize = 5;
/// Connections that ask meanwhile.
const ASKERS: usize = 50;
/// Bytes at each end of a message in which it is told what it is and when it was made.
const ENDS: usize = 256;
const RECONNECT: &str = "codex-app-server/reconnect";

/// A connection of which each message is read when it is wanted.
struct Connection {
    socket: Socket,
    id: i64,
}

impl Connection {
    async fn open(daemon: &Daemon) -> Self {
        Self {
            socket: daemon.open(&[]).await.unwrap().0,
            id: 0,
        }
    }

    /// Opens and initializes.
    async fn ready(daemon: &Daemon) -> Self {
        let mut connection = Self::open(daemon).await;
        connection.initialize(json!({"experimentalApi": true})).await;
        connection
    }

    async fn initialize(&mut self, capabilities: Value) -> Value {
        let client = json!({"name": "bench", "version": "1"});
        let params = json!({"clientInfo": client, "capabilities": capabilities});
        self.call("initialize", params).await
    }

    async fn send(&mut self, method: &str, params: Value) -> i64 {
        self.id += 1;
        let frame = json!({"id": self.id, "method": method, "params": params});
        self.socket.send(Message::text(frame.to_string())).await.unwrap();
        self.id
    }

    /// The next message; `None` at the end.
    async fn next(&mut self) -> Option<Value> {
        let text = self.next_text().await?;
        Some(serde_json::from_str(&text).unwrap())
    }

    /// The next message as it is.
    async fn next_text(&mut self) -> Option<Utf8Bytes> {
        loop {
            match self.socket.next().await?.ok()? {
                Message::Text(text) => return Some(text),
                Message::Close(_) => return None,
                _ => {}
            }
        }
    }

    async fn call(&mut self, method: &str, params: Value) -> Value {
        let id = self.send(method, params).await;
        loop {
            let mut message = self.next().await.unwrap();
            if message["id"] == id && message["method"].is_null() {
                assert!(message["error"].is_null(), "{method}: {message}");
                return message["result"].take();
            }
        }
    }

    async fn start_thread(&mut self) -> String {
        let started = self.call("thread/start", json!({})).await;
        started["thread"]["id"].as_str().unwrap().to_owned()
    }
}

/// How late things come while a turn streams.
#[derive(Debug, Default)]
struct Delays {
    /// From a request to its answer, on connections that watch nothing.
    requests: Vec<f64>,
    /// From when a notification was made until it was read, to the millisecond.
    notifications: Vec<f64>,
}

impl Delays {
    fn print(&self, what: &str) {
        let of = |times: &[f64]| {
            let mut times = times.to_vec();
            times.sort_by(f64::total_cmp);
            let high = times.get(times.len() * 95 / 100).copied().unwrap_or_default();
            (
                median(&times),
                high,
                times.last().copied().unwrap_or_default(),
                times.len(),
            )
        };
        for (kind, times) in [
            ("a request", &self.requests),
            ("a notification", &self.notifications),
        ] {
            let (middle, high, most, count) = of(times);
            println!("{what:22} {kind:15} {middle:8.2} {high:8.2} {most:8.2}  of {count}");
        }
    }
}

/// Milliseconds since the beginning of 1970.
fn now() -> f64 {
    ms(SystemTime::now().duration_since(UNIX_EPOCH).unwrap())
}

/// Runs on a thread of its own.
fn apart<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> oneshot::Receiver<T> {
    let (sender, done) = oneshot::channel();
    std::thread::spawn(move || {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        // Whoever wanted it has failed.
        let _ = sender.send(runtime.block_on(work));
    });
    done
}

/// What both ends of a message say.
fn ends(text: &str) -> [String; 2] {
    let bytes = text.as_bytes();
    let (begin, end) = (
        &bytes[..bytes.len().min(ENDS)],
        &bytes[bytes.len().saturating_sub(ENDS)..],
    );
    [begin, end].map(|part| String::from_utf8_lossy(part).into_owned())
}

/// When a message was made, in milliseconds since the beginning of 1970.
fn emitted(ends: &[String; 2]) -> Option<f64> {
    let told = |part: &String| {
        let (_, number) = part.split_once("\"emittedAtMs\":")?;
        // What is cut off is told at the other end.
        number[..number.find([',', '}'])?].parse().ok()
    };
    ends.iter().find_map(told)
}

/// Asks on connections of its own until it is stopped. Gives how long each answer took.
async fn keep_asking(daemon: Arc<Daemon>, begun: oneshot::Sender<()>, stopped: Arc<AtomicBool>) -> Vec<f64> {
    let mut askers = Vec::new();
    for _ in 0..ASKERS {
        askers.push(Connection::ready(&daemon).await);
    }
    begun.send(()).unwrap();
    let mut times = Vec::new();
    while !stopped.load(Ordering::Relaxed) {
        for asker in &mut askers {
            let began = Instant::now();
            asker.call("thread/loaded/list", json!({})).await;
            times.push(ms(began.elapsed()));
        }
    }
    times
}

/// Starts a thread, which is told, and a turn once it may go on, and reads what comes of it. Gives how late that was.
async fn watch(
    daemon: Arc<Daemon>,
    begun: oneshot::Sender<String>,
    go_on: oneshot::Receiver<()>,
) -> Vec<f64> {
    let mut talker = Connection::ready(&daemon).await;
    let thread = talker.start_thread().await;
    begun.send(thread.clone()).unwrap();
    let mut readers = Vec::new();
    for _ in 0..READERS {
        let mut reader = Connection::ready(&daemon).await;
        reader.call("thread/resume", json!({"threadId": thread})).await;
        readers.push(reader);
    }
    go_on.await.unwrap();
    let input = json!([{"type": "text", "text": "Talk"}]);
    talker
        .send("turn/start", json!({"threadId": thread, "input": input}))
        .await;
    readers.push(talker);
    let reading = readers.into_iter().map(|mut reader| async move {
        let mut late = Vec::new();
        while let Some(text) = reader.next_text().await {
            let ends = ends(&text);
            late.extend(emitted(&ends).map(|emitted| (now() - emitted).max(0.0)));
            if ends[0].contains("\"turn/completed\"") {
                return late;
            }
        }
        panic!("one that reads was cut off");
    });
    futures_util::future::join_all(reading).await.concat()
}

/// Runs a long turn that some watch, while others ask; those who are silent read nothing of it.
async fn stream(daemon: &Arc<Daemon>, silent: usize) -> Delays {
    let (begun, thread) = oneshot::channel();
    let (go_on, may_go_on) = oneshot::channel();
    let watching = apart(watch(Arc::clone(daemon), begun, may_go_on));
    let thread = thread.await.unwrap();
    let mut sleepers = Vec::new();
    for _ in 0..silent {
        let mut sleeper = Connection::ready(daemon).await;
        sleeper.call("thread/resume", json!({"threadId": thread})).await;
        sleepers.push(sleeper);
    }
    let stopped = Arc::new(AtomicBool::new(false));
    let (begun, asked) = oneshot::channel();
    let asking = apart(keep_asking(Arc::clone(daemon), begun, Arc::clone(&stopped)));
    asked.await.unwrap();
    go_on.send(()).unwrap();
    let notifications = watching.await.unwrap();
    stopped.store(true, Ordering::Relaxed);
    let requests = asking.await.unwrap();
    drop(sleepers);
    Delays {
        requests,
        notifications,
    }
}

/// Is torn off and comes back so often within one turn. Gives how many messages came.
async fn come_back(daemon: &Daemon, returns: usize) -> usize {
    let extension = |value: Value| {
        let mut extensions = json!({});
        extensions[RECONNECT] = value;
        json!({"experimentalApi": true, "extensions": extensions})
    };
    let mut client = Connection::open(daemon).await;
    let opened = client.initialize(extension(json!({}))).await;
    let token = opened["extensions"][RECONNECT]["token"]
        .as_str()
        .unwrap()
        .to_owned();
    let mut seen: u64 = 0;
    let take = |seen: &mut u64, message: &Value| {
        if let Some(number) = message["seq"].as_u64() {
            assert_eq!(number, *seen + 1, "a message is missing or came twice: {message}");
            *seen = number;
        }
    };
    let start = client.send("thread/start", json!({})).await;
    let mut thread = Value::Null;
    while thread.is_null() {
        let message = client.next().await.unwrap();
        take(&mut seen, &message);
        if message["id"] == start && message["method"].is_null() {
            thread = message["result"]["thread"]["id"].clone();
        }
    }
    let input = json!([{"type": "text", "text": "Go on"}]);
    let began = client
        .send("turn/start", json!({"threadId": thread, "input": input}))
        .await;
    let mut turn = Value::Null;
    for number in 0..returns {
        // One message at least, and now and then some more.
        for _ in 0..=number % 7 {
            let message = client.next().await.unwrap();
            take(&mut seen, &message);
            if message["id"] == began && message["method"].is_null() {
                turn = message["result"]["turn"]["id"].clone();
            }
        }
        client = Connection::open(daemon).await;
        client.id = 1000;
        let session = client
            .initialize(extension(json!({"token": token, "cursor": seen})))
            .await;
        let session = &session["extensions"][RECONNECT];
        assert_eq!(
            (&session["resumed"], &session["missed"]),
            (&json!(true), &json!(false)),
            "{session}"
        );
    }
    assert!(!turn.is_null(), "the turn's start was answered");
    client
        .send("turn/interrupt", json!({"threadId": thread, "turnId": turn}))
        .await;
    loop {
        let message = client.next().await.unwrap();
        take(&mut seen, &message);
        if message["method"] == "turn/completed" {
            return usize::try_from(seen).unwrap();
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit).unwrap();
    let connections = number("CONNECTIONS", 1_000);
    let silent = number("SILENT", 100);
    let deltas = (number("STREAMED_MB", 12) << 20) / DELTA;
    let returns = number("RETURNS", 1_000);

    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let daemon = Arc::new(Daemon::start(Launch::new(&home)).await);
    // What the first of all takes is not theirs.
    let mut idle = vec![Connection::ready(&daemon).await];
    let before = daemon.memory();
    let began = Instant::now();
    while idle.len() < connections.saturating_sub(silent).max(1) {
        idle.push(Connection::ready(&daemon).await);
    }
    let opened = ms(began.elapsed());
    let grown = kib(daemon.memory().saturating_sub(before));
    let each = grown / kib(u64::try_from(idle.len()).unwrap());
    println!(
        "{} idle connections: {each:.1} KiB each, opened in {opened:.0} ms",
        idle.len()
    );

    model.set_default(Answer::new().say_in(&"x".repeat(deltas * DELTA), deltas));
    println!("while a turn streams                     median      p95      max, ms");
    let alone = stream(&daemon, 0).await;
    alone.print("all read");
    let beside = stream(&daemon, silent).await;
    beside.print(&format!("{silent} read nothing"));
    println!("memory: {:.1} MiB", kib(daemon.memory()) / 1024.0);

    // Not faster than one who comes back again and again can read: what is too much would be missed.
    let paced = (0..4_000).fold(Answer::new(), |answer, _| {
        answer.say_in(&"word ".repeat(10), 10).wait(20)
    });
    model.set_default(paced.hang());
    let began = Instant::now();
    let messages = come_back(&daemon, returns).await;
    println!(
        "{returns} returns within a turn: {messages} messages, none missing, none twice; {:.2} ms each",
        ms(began.elapsed()) / kib(u64::try_from(returns.max(1)).unwrap())
    );

    assert!(each <= IDLE, "an idle connection takes too much memory");
    for (alone, beside) in [
        (&alone.requests, &beside.requests),
        (&alone.notifications, &beside.notifications),
    ] {
        let added = median(beside) - median(alone);
        assert!(
            added <= ADDED,
            "those who read nothing cost the others {added:.1} ms"
        );
    }
}
