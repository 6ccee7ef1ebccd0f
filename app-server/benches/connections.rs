//! What many connections cost each other, over WebSockets.
//!
//! `cargo bench -p codex-app-server --bench connections`. `CONNECTIONS` (1,000) are open, `SILENT` (100) of them watch a
//! thread and read nothing while its turn streams `STREAMED_MB` (12); `RETURNS` (1,000) is how often a client is torn off
//! and comes back within one streaming turn; `E2E_PROGRAM` measures another program.
//!
//! Fails if an idle connection takes more than 100 KiB, if those that read nothing add more than 5 ms to the median of a
//! request or of a notification of the others, or if a client that comes back misses a message or gets one twice.

#![expect(clippy::unwrap_used, reason = "what can't be set up can't be measured")]
#![expect(clippy::print_stdout, reason = "that is what it is for")]

#[expect(dead_code, unreachable_pub, reason = "shared with other benches")]
mod common;

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use codex_core::mock_model::{Answer, MockModel};
use futures_util::{SinkExt as _, StreamExt as _};
use rustix::process::{Resource, getrlimit, setrlimit};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

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
        loop {
            match self.socket.next().await?.ok()? {
                Message::Text(text) => return Some(serde_json::from_str(&text).unwrap()),
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

    async fn start_turn(&mut self, thread: &str) -> String {
        let input = json!([{"type": "text", "text": "Talk"}]);
        let started = self
            .call("turn/start", json!({"threadId": thread, "input": input}))
            .await;
        started["turn"]["id"].as_str().unwrap().to_owned()
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

/// Runs a long turn that these watch, while others ask; those who are silent read nothing of it.
async fn stream(daemon: &Daemon, idle: &mut [Connection], silent: usize) -> Delays {
    let mut talker = Connection::ready(daemon).await;
    let thread = talker.start_thread().await;
    let mut readers = vec![talker];
    let mut sleepers = Vec::new();
    for number in 0..READERS + silent {
        let mut watcher = Connection::ready(daemon).await;
        watcher.call("thread/resume", json!({"threadId": thread})).await;
        if number < READERS {
            readers.push(watcher);
        } else {
            sleepers.push(watcher);
        }
    }
    let turn = readers[0].start_turn(&thread).await;
    let mut reading = tokio::task::JoinSet::new();
    for mut reader in readers {
        let turn = turn.clone();
        reading.spawn(async move {
            let mut late = Vec::new();
            while let Some(message) = reader.next().await {
                if let Some(emitted) = message["emittedAtMs"].as_f64() {
                    late.push((now() - emitted).max(0.0));
                }
                if message["method"] == "turn/completed" && message["params"]["turn"]["id"] == *turn {
                    return late;
                }
            }
            panic!("one that reads was cut off");
        });
    }
    let mut delays = Delays::default();
    let asking = async {
        loop {
            for connection in &mut *idle {
                let began = Instant::now();
                connection.call("thread/loaded/list", json!({})).await;
                delays.requests.push(ms(began.elapsed()));
            }
        }
    };
    let all_read = async {
        let mut late = Vec::new();
        while let Some(one) = reading.join_next().await {
            late.extend(one.unwrap());
        }
        late
    };
    let late = tokio::select! {
        late = all_read => late,
        () = asking => unreachable!(),
    };
    delays.notifications = late;
    drop(sleepers);
    // The connection whose answer was not waited for has it before the next one's.
    delays
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
    let daemon = Daemon::start(Launch::new(&home)).await;
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
    let alone = stream(&daemon, &mut idle, 0).await;
    alone.print("all read");
    let beside = stream(&daemon, &mut idle, silent).await;
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
