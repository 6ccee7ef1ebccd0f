//! Connections over a pair of streams in memory, with handlers made for the test.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use codex_app_server_protocol::{
    AccountChatgptAuthTokensRefresh, ChatgptAuthTokensRefreshParams, ChatgptAuthTokensRefreshReason,
    NoParams, Request,
};
use codex_core::config::ConfigSource;
use codex_core::history::AllTurns;
use codex_core::{Item, ItemBody, ItemsView, Turn, TurnStatus};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream, Lines, ReadHalf, WriteHalf};
use tokio::sync::Semaphore;

use crate::captured_log;
use crate::connection::*;
use crate::handlers;
use crate::handlers::streamed_turns::{self, LaterTurns};
use crate::rpc::error::RpcError;
use crate::server::Router;

mod sockets;

macro_rules! request {
    ($marker:ident, $method:literal) => {
        struct $marker;
        impl Request for $marker {
            const METHOD: &'static str = $method;
            type Params = NoParams;
            type Response = NoParams;
        }
    };
}

request!(Panic, "test/panic");
request!(Forget, "test/forget");
request!(Wait, "test/wait");
request!(Long, "test/long");
request!(Large, "test/large");

struct Client {
    lines: Lines<BufReader<ReadHalf<DuplexStream>>>,
    output: WriteHalf<DuplexStream>,
}

impl Client {
    /// Connects to a server with these handlers besides the usual ones, and initializes.
    async fn connect(register: impl FnOnce(&mut Router)) -> Self {
        let mut router = handlers::router();
        register(&mut router);
        let home = tempfile::tempdir().unwrap();
        let config = ConfigSource {
            codex_home: home.path().to_owned(),
            ..ConfigSource::default()
        };
        let server = Server::new(config, router);
        let (near, far) = tokio::io::duplex(1 << 16);
        let (input, output) = tokio::io::split(far);
        tokio::spawn(async move { crate::serve(&server, input, output, std::future::pending()).await });
        let (input, output) = tokio::io::split(near);
        let mut client = Self {
            lines: BufReader::new(input).lines(),
            output,
        };
        let info = json!({"clientInfo": {"name": "test", "version": "1"}});
        client.send(0, "initialize", info).await;
        assert_eq!(client.next().await["id"], 0);
        client
    }

    async fn send(&mut self, id: i64, method: &str, params: Value) {
        let line = format!("{}\n", json!({"id": id, "method": method, "params": params}));
        self.output.write_all(line.as_bytes()).await.unwrap();
    }

    async fn answer(&mut self, question: &Value) {
        let tokens = json!({"accessToken": "t", "chatgptAccountId": "a"});
        let line = format!("{}\n", json!({"id": question, "result": tokens}));
        self.output.write_all(line.as_bytes()).await.unwrap();
    }

    async fn next(&mut self) -> Value {
        let line = tokio::time::timeout(Duration::from_secs(10), self.lines.next_line()).await;
        serde_json::from_str(&line.unwrap().unwrap().unwrap()).unwrap()
    }
}

#[tokio::test]
async fn a_handler_that_panics_or_forgets_is_answered_for() {
    let mut client = Client::connect(|router| {
        router.on::<Panic, _, _>(async |_, _| panic!("on purpose"));
        router.on_deferred::<Forget, _, _>(async |_, _, _| ());
    })
    .await;
    client.send(1, Panic::METHOD, Value::Null).await;
    client.send(2, Forget::METHOD, Value::Null).await;
    client.send(3, "thread/loaded/list", Value::Null).await;
    for (id, code) in [(1, json!(-32603)), (2, json!(-32603)), (3, Value::Null)] {
        let answer = client.next().await;
        assert_eq!((&answer["id"], &answer["error"]["code"]), (&json!(id), &code));
    }
}

/// An answer that nobody can write down.
#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
struct Unspeakable {}

impl serde::Serialize for Unspeakable {
    fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        panic!("on purpose")
    }
}

struct Speak;

impl Request for Speak {
    const METHOD: &'static str = "test/speak";
    type Params = NoParams;
    type Response = Unspeakable;
}

#[tokio::test]
async fn an_answer_that_panics_becomes_an_error_and_harms_nobody_else() {
    static WENT_ON: AtomicUsize = AtomicUsize::new(0);
    let mut client = Client::connect(|router| {
        router.on::<Speak, _, _>(async |_, _| Ok(Unspeakable {}));
        router.on_deferred::<Panic, _, _>(async |_, _, responder| {
            let reply = responder.reply(|()| -> NoParams { panic!("on purpose") });
            // As an actor does.
            reply.send(Ok(()));
            WENT_ON.fetch_add(1, Ordering::SeqCst);
        });
    })
    .await;
    client.send(1, Speak::METHOD, Value::Null).await;
    client.send(2, Panic::METHOD, Value::Null).await;
    client.send(3, "thread/loaded/list", Value::Null).await;
    for (id, code) in [(1, json!(-32603)), (2, json!(-32603)), (3, Value::Null)] {
        let answer = client.next().await;
        assert_eq!((&answer["id"], &answer["error"]["code"]), (&json!(id), &code));
    }
    assert_eq!(WENT_ON.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn too_many_requests_in_progress_wait_and_none_is_lost() {
    static BEGUN: AtomicUsize = AtomicUsize::new(0);
    static GATE: Semaphore = Semaphore::const_new(0);
    let mut client = Client::connect(|router| {
        router.on::<Wait, _, _>(async |_, _| {
            BEGUN.fetch_add(1, Ordering::SeqCst);
            drop(GATE.acquire().await);
            Ok(NoParams {})
        });
    })
    .await;
    let limit = i64::from(MAX_IN_PROGRESS);
    for id in 1..=limit + 50 {
        client.send(id, Wait::METHOD, Value::Null).await;
    }
    client.send(0, "no/such", Value::Null).await;
    let begun = async |count| {
        while BEGUN.load(Ordering::SeqCst) < count {
            tokio::task::yield_now().await;
        }
    };
    begun(MAX_IN_PROGRESS as usize).await;
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert_eq!(BEGUN.load(Ordering::SeqCst), MAX_IN_PROGRESS as usize);
    GATE.add_permits(1);
    let mut answered: Vec<i64> = Vec::new();
    for _ in 0..=limit + 50 {
        answered.push(client.next().await["id"].as_i64().unwrap());
    }
    answered.sort_unstable();
    assert_eq!(answered, (0..=limit + 50).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_request_that_takes_long_does_not_count_among_those_in_progress() {
    let mut client = Client::connect(|router| {
        router.on_deferred::<Long, _, _>(async |_, _, mut responder| {
            responder.takes_long();
            std::future::pending::<()>().await;
            responder.send(Ok(NoParams {}));
        });
    })
    .await;
    for id in 1..=i64::from(MAX_IN_PROGRESS) + 1 {
        client.send(id, Long::METHOD, Value::Null).await;
    }
    client.send(0, "thread/loaded/list", Value::Null).await;
    assert_eq!(client.next().await["result"]["data"], json!([]));
}

#[tokio::test]
async fn an_answer_with_turns_that_is_not_written_counts_among_those_in_progress() {
    static BEGUN: AtomicUsize = AtomicUsize::new(0);
    let mut client = Client::connect(|router| {
        router.on_deferred::<Large, _, _>(async |cx, _, responder| {
            BEGUN.fetch_add(1, Ordering::SeqCst);
            let turns = LaterTurns::new(AllTurns::from(vec![large_turn()]));
            let answer = turns.map(|(_, turns)| (NoParams {}, Some(turns)));
            streamed_turns::send(&cx.client, responder, answer);
        });
    })
    .await;
    let (limit, all) = (MAX_IN_PROGRESS as usize, i64::from(MAX_IN_PROGRESS) + 50);
    for id in 1..=all {
        client.send(id, Large::METHOD, Value::Null).await;
    }
    while BEGUN.load(Ordering::SeqCst) < limit {
        tokio::task::yield_now().await;
    }
    for _ in 0..1000 {
        tokio::task::yield_now().await;
    }
    assert_eq!(BEGUN.load(Ordering::SeqCst), limit, "nobody reads the answers");
    for id in 1..=all {
        let line = client.lines.next_line().await.unwrap().unwrap();
        assert!(line.starts_with(&format!("{{\"id\":{id},")), "{}", &line[..40]);
    }
}

/// A turn that fills the client's pipe.
fn large_turn() -> Turn {
    Turn {
        id: "t".into(),
        root_turn_id: None,
        status: TurnStatus::Completed,
        items: vec![Item {
            id: "i".into(),
            started_at_ms: None,
            completed_at_ms: None,
            body: ItemBody::Reasoning {
                summary: vec!["x".repeat(1 << 17)],
                content: Vec::new(),
            },
        }],
        items_view: ItemsView::Full,
        error: None,
        started_at: None,
        completed_at: None,
        duration_ms: None,
    }
}

request!(Ask, "test/ask");
request!(Bulk, "test/bulk");

/// Asks the client for tokens, and says how that ended.
fn asks(router: &mut Router, ended: &'static AtomicUsize) {
    router.on::<Ask, _, _>(async |cx, _| {
        let params = ChatgptAuthTokensRefreshParams {
            reason: ChatgptAuthTokensRefreshReason::Unauthorized,
            previous_account_id: None,
        };
        let patience = Duration::from_secs(60);
        let answer = cx
            .server
            .subscriptions
            .request::<AccountChatgptAuthTokensRefresh>(&cx.client, &params, patience)
            .await;
        ended.fetch_add(1, Ordering::SeqCst);
        answer
            .map(|_| NoParams {})
            .map_err(|error| RpcError::internal(error.to_string()))
    });
}

async fn reached(counter: &AtomicUsize, count: usize) {
    let reached = async {
        while counter.load(Ordering::SeqCst) < count {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), reached)
        .await
        .unwrap();
}

#[tokio::test]
async fn answers_are_read_behind_requests_that_wait_for_them() {
    static ENDED: AtomicUsize = AtomicUsize::new(0);
    let mut client = Client::connect(|router| asks(router, &ENDED)).await;
    let all = i64::from(MAX_IN_PROGRESS) * 3;
    for id in 1..=all {
        client.send(id, Ask::METHOD, Value::Null).await;
    }
    // Those that are in progress ask; each answer lets one more begin, which asks, too.
    let (mut asked, mut answered) = (0, Vec::new());
    while answered.len() < usize::try_from(all).unwrap() {
        let frame = client.next().await;
        if frame["method"] == AccountChatgptAuthTokensRefresh::METHOD {
            asked += 1;
            client.answer(&frame["id"]).await;
        } else {
            assert_eq!(frame["result"], json!({}));
            answered.push(frame["id"].as_i64().unwrap());
        }
    }
    answered.sort_unstable();
    assert_eq!((asked, answered), (all, (1..=all).collect::<Vec<_>>()));
}

#[tokio::test]
async fn an_answer_is_read_from_a_client_that_does_not_read_what_waits_for_it() {
    static ENDED: AtomicUsize = AtomicUsize::new(0);
    let mut client = Client::connect(|router| {
        asks(router, &ENDED);
        router.on_deferred::<Bulk, _, _>(async |cx, _, responder| {
            let bulk = json!({"method": "test/bulk", "params": "x".repeat(outgoing::HIGH_WATER)});
            cx.client.outgoing.push(None, bulk.to_string());
            responder.send(Ok(NoParams {}));
        });
    })
    .await;
    client.send(1, Ask::METHOD, Value::Null).await;
    let question = client.next().await;
    client.send(2, Bulk::METHOD, Value::Null).await;
    for id in 3..2000 {
        client.send(id, "thread/loaded/list", Value::Null).await;
    }
    client.output.write_all(b"no message\n").await.unwrap();
    client.answer(&question["id"]).await;
    reached(&ENDED, 1).await;
    let mut ids = Vec::new();
    while ids.len() < 2000 {
        let frame = client.next().await;
        if frame.get("method").is_none() {
            ids.push(frame["id"].as_i64());
        }
    }
    ids.sort_unstable();
    let all = std::iter::once(None).chain((1..2000).map(Some));
    assert_eq!(ids, all.collect::<Vec<_>>(), "the rest is answered, too");
}

#[tokio::test]
async fn the_end_of_input_behind_requests_that_wait_for_an_answer_ends_their_wait() {
    static ENDED: AtomicUsize = AtomicUsize::new(0);
    let mut client = Client::connect(|router| asks(router, &ENDED)).await;
    let all = i64::from(MAX_IN_PROGRESS) + 50;
    for id in 1..=all {
        client.send(id, Ask::METHOD, Value::Null).await;
    }
    client.output.shutdown().await.unwrap();
    reached(&ENDED, usize::try_from(all).unwrap()).await;
}

#[tokio::test]
async fn the_log_has_one_line_for_each_request_with_its_outcome_and_no_parameters() {
    captured_log::start();
    let mut client = Client::connect(|router| {
        router.on_deferred::<Forget, _, _>(async |_, _, _| ());
    })
    .await;
    let params = json!({"threadId": "top secret"});
    let requests = [
        ("thread/loaded/list", "ok"),
        ("thread/read", "-32600"),
        ("no/such", "-32601"),
        (Forget::METHOD, "-32603"),
    ];
    for (id, (method, _)) in (1..).zip(requests) {
        // A method without parameters takes none.
        let params = (method != Forget::METHOD).then(|| params.clone());
        client.send(id, method, json!(params)).await;
        client.next().await;
    }
    client.output.shutdown().await.unwrap();
    while client.lines.next_line().await.unwrap().is_some() {}

    let log = captured_log::take();
    for (id, (method, outcome)) in (1..).zip(requests) {
        let span = format!("request{{method=\"{method}\" id={id}}}: ");
        let lines: Vec<_> = log.lines().filter(|line| line.contains(&span)).collect();
        let [line] = &lines[..] else {
            panic!("{} lines of {method} in\n{log}", lines.len())
        };
        assert!(line.contains("DEBUG") && line.contains(" ms="), "{line}");
        assert!(line.contains(outcome), "{line}");
    }
    for line in [
        "client initialized client=0 name=\"test\" version=\"1\"",
        "connection ended client=0 reason=\"end of input\"",
    ] {
        assert!(log.contains(line), "{log}");
    }
    assert!(!log.contains("secret"), "{log}");
}
