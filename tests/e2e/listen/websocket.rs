//! HTTP before the WebSocket, and messages on it.

use std::time::Duration;

use codex_core::mock_model::MockModel;
use futures_util::{SinkExt, StreamExt};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::support::{Daemon, Home, Launch};

/// What comes for these bytes, until the daemon closes or has said a whole head and body.
async fn answer(daemon: &Daemon, request: &str) -> String {
    let mut stream = daemon.stream().await;
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let read = async {
        loop {
            if stream.read_buf(&mut answer).await.unwrap_or(0) == 0 {
                break;
            }
            let text = String::from_utf8_lossy(&answer).into_owned();
            if let Some((head, body)) = text.split_once("\r\n\r\n") {
                let length = head
                    .lines()
                    .find_map(|line| line.strip_prefix("content-length: "));
                if length.is_none_or(|length| body.len() >= length.parse().unwrap()) {
                    break;
                }
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), read)
        .await
        .expect("an answer");
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn health_refusals_and_the_banner_are_as_clients_expect_them() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let daemon = Daemon::start(Launch::new(&home)).await;
    let address = daemon.address();
    let banner = daemon.stderr();
    for line in [
        "codex app-server (WebSockets)".to_owned(),
        format!("  listening on: ws://{address}"),
        format!("  readyz: http://{address}/readyz"),
        format!("  healthz: http://{address}/healthz"),
    ] {
        assert!(banner.lines().any(|other| other == line), "{banner}");
    }
    let upgrade = "connection: keep-alive, Upgrade\r\nupgrade: WebSocket\r\n";
    let key = "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    let version = "sec-websocket-version: 13\r\n";
    for (path, headers, status, text) in [
        ("/healthz", String::new(), "200", ""),
        ("/readyz", String::new(), "200", ""),
        ("/healthz", "origin: http://localhost\r\n".to_owned(), "403", ""),
        ("/", format!("{upgrade}{key}{version}origin: null\r\n"), "403", ""),
        (
            "/",
            String::new(),
            "400",
            "Connection header did not include 'upgrade'",
        ),
        (
            "/",
            "connection: upgrade\r\n".to_owned(),
            "400",
            "`Upgrade` header did not include 'websocket'",
        ),
        (
            "/",
            format!("{upgrade}{version}"),
            "400",
            "`Sec-WebSocket-Key` header missing",
        ),
        (
            "/",
            format!("{upgrade}{key}"),
            "400",
            "`Sec-WebSocket-Version` header did not include '13'",
        ),
        ("/", format!("{upgrade}{key}{version}"), "101", ""),
        ("/", "x: ".to_owned() + &"y".repeat(20_000) + "\r\n", "431", ""),
        ("/", "x: y\r\n".repeat(100), "431", ""),
    ] {
        let request = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\n{headers}\r\n");
        let answer = answer(&daemon, &request).await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{request}{answer}"
        );
        assert!(answer.ends_with(text), "{answer}");
        if status == "101" {
            assert!(
                answer.contains("sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
                "{answer}"
            );
            assert!(!answer.contains("x-codex-"), "{answer}");
        }
    }
    let post = answer(&daemon, "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n").await;
    assert!(post.starts_with("HTTP/1.1 405 "), "{post}");
}

#[tokio::test]
async fn a_message_may_have_lines_and_fragments_and_what_is_none_is_answered() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let daemon = Daemon::listen(Launch::new(&home), "ws://[::1]:0").await;
    assert!(daemon.address().starts_with("[::1]:"));
    let client = daemon.connect().await;
    let pretty = json!({"id": "pretty", "method": "thread/loaded/list", "params": {}});
    client
        .message(Message::text(serde_json::to_string_pretty(&pretty).unwrap()))
        .await;
    client
        .wait_frame("answer", |frame| frame.json["id"] == "pretty")
        .await;
    client.message(Message::text("not json")).await;
    let refused = client
        .wait_frame("error", |frame| frame.json["error"]["code"] == -32700)
        .await;
    assert_eq!(refused.json["id"], Value::Null);
    client.message(Message::binary(pretty.to_string())).await;
    let refused = client
        .wait_frame("error", |frame| frame.json["error"]["code"] == -32600)
        .await;
    assert_eq!(refused.json["id"], Value::Null);
    client.message(Message::text(" \n")).await;
    client.call("thread/loaded/list", json!({})).await;
    let answers = client
        .frames()
        .into_iter()
        .filter(|frame| !frame.is_notification());
    assert_eq!(answers.count(), 5, "{:?}", client.frames());
    client.message(Message::Close(None)).await;
    assert_eq!(client.closed().await, 1000);
}

#[tokio::test]
async fn pings_are_answered_and_violations_end_the_connection() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let daemon = Daemon::start(Launch::new(&home)).await;
    let (mut socket, _) = daemon.open(&[]).await.unwrap();
    socket.send(Message::Ping("are you there?".into())).await.unwrap();
    let pong = socket.next().await.unwrap().unwrap();
    assert_eq!(pong, Message::Pong("are you there?".into()));
    // A frame without a mask.
    let mut stream = socket.into_inner();
    stream.write_all(&[0x81, 2, b'h', b'i']).await.unwrap();
    let mut rest = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut rest)).await;
    read.expect("the end").unwrap();
    assert_eq!(rest, [0x88, 2, 3, 0xea], "closed with 1002");
    daemon.connect().await.call("thread/loaded/list", json!({})).await;
}

#[tokio::test]
async fn a_message_that_is_too_long_is_refused_and_the_next_one_is_served() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let daemon = Daemon::start(Launch::new(&home)).await;
    let client = daemon.connect().await;
    let before = daemon.memory();
    client.message(Message::text(" ".repeat((64 << 20) + 1))).await;
    let refused = client
        .wait_frame("error", |frame| frame.json["error"]["code"] == -32600)
        .await;
    let text = refused.json["error"]["message"].as_str().unwrap();
    assert!(text.contains("longer than 67108864 bytes"), "{text}");
    client.call("thread/loaded/list", json!({})).await;
    // Whatever of the program itself has come into memory meanwhile, it is less than the message.
    let grown = daemon.memory().saturating_sub(before);
    assert!(grown < 32 << 10, "{grown} KiB");
}

#[tokio::test]
async fn before_a_client_has_initialized_its_messages_are_short() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let daemon = Daemon::start(Launch::new(&home)).await;
    let (mut socket, _) = daemon.open(&[]).await.unwrap();
    let mut say = async |name: String| {
        let client = json!({"name": "long", "title": name, "version": "1"});
        let initialize = json!({"id": 1, "method": "initialize", "params": {"clientInfo": client}});
        socket.send(Message::text(initialize.to_string())).await.unwrap();
        let answer = tokio::time::timeout(Duration::from_secs(20), socket.next()).await;
        let answer = answer.expect("an answer").unwrap().unwrap();
        serde_json::from_str::<Value>(answer.to_text().unwrap()).unwrap()
    };
    let refused = say("x".repeat(1 << 20)).await;
    assert_eq!(refused["error"]["code"], -32600);
    let text = refused["error"]["message"].as_str().unwrap();
    assert!(
        text.contains("longer than 1048576 bytes, before the client has initialized"),
        "{text}"
    );
    // The connection goes on, and afterwards they may be longer.
    assert!(say("x".to_owned()).await["result"].is_object());
    let client = daemon.connect().await;
    client.message(Message::text(" ".repeat(2 << 20))).await;
    client.call("thread/loaded/list", json!({})).await;
}

#[tokio::test]
async fn a_large_message_that_does_not_go_on_ends_its_connection_with_the_reason() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let daemon = Daemon::start(Launch::new(&home)).await;
    let (mut socket, _) = daemon.open(&[]).await.unwrap();
    let client = json!({"name": "slow", "version": "1"});
    let initialize = json!({"id": 1, "method": "initialize", "params": {"clientInfo": client}});
    socket.send(Message::text(initialize.to_string())).await.unwrap();
    socket.next().await.unwrap().unwrap();
    // The first mebibyte of sixteen, in one frame that is not masked by anything.
    let mut stream = socket.into_inner();
    let mut begun = vec![0x81, 0xff];
    begun.extend((16_u64 << 20).to_be_bytes());
    begun.extend([0; 4]);
    begun.extend(vec![b' '; 1 << 20]);
    stream.write_all(&begun).await.unwrap();
    let mut rest = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(60), stream.read_to_end(&mut rest)).await;
    read.expect("the end").unwrap();
    let text = String::from_utf8_lossy(&rest);
    assert!(
        text.contains("does not go on: less than 65536 bytes of it have come in 30 s"),
        "{text}"
    );
    assert!(rest.ends_with(&[0x88, 2, 3, 0xf0]), "closed with 1008");
    daemon.connect().await.call("thread/loaded/list", json!({})).await;
}

#[tokio::test]
async fn a_connection_that_says_nothing_is_given_up() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let daemon = Daemon::start(Launch::new(&home)).await;
    let mut stream = daemon.stream().await;
    stream.write_all(b"GET / HTTP/1.1\r\nhost: ").await.unwrap();
    let mut rest = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut rest)).await;
    assert!(read.is_ok(), "still open after 20 s");
}

#[tokio::test]
async fn an_answer_of_many_megabytes_comes_in_fragments() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let daemon = Daemon::start(Launch::new(&home)).await;
    let client = daemon.connect().await;
    // The name of the method comes back.
    let method = "x".repeat(20 << 20);
    let error = client.try_call(&method, json!({})).await.unwrap_err();
    assert_eq!(error.code, -32601);
    assert!(error.message.len() > 20 << 20);
}

#[tokio::test]
async fn the_program_refuses_what_it_cannot_listen_on() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    for (url, code, text) in [
        (
            "off",
            1,
            "no transport configured; use --listen or enable remote control",
        ),
        (
            "ws://0.0.0.0:0",
            1,
            "refusing to start non-loopback websocket listener 0.0.0.0:0 without auth",
        ),
        (
            "ws://localhost:0",
            2,
            "invalid websocket --listen URL `ws://localhost:0`; expected `ws://IP:PORT`",
        ),
        (
            "http://127.0.0.1:0",
            2,
            "unsupported --listen URL `http://127.0.0.1:0`; expected",
        ),
    ] {
        let output = Launch::new(&home)
            .args(&["--listen", url])
            .into_command()
            .output();
        let output = tokio::time::timeout(Duration::from_secs(20), output)
            .await
            .unwrap()
            .unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{url}: {stderr}");
        assert!(stderr.contains(text), "{url}: {stderr}");
    }
}

#[tokio::test]
async fn a_client_that_is_turned_away_sees_an_http_status() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let daemon = Daemon::start(Launch::new(&home)).await;
    let Err(Error::Http(refused)) = daemon.open(&[("origin", "https://example.com")]).await else {
        panic!("a page on the web was let in")
    };
    assert_eq!(refused.status(), 403);
}

#[tokio::test]
async fn connections_that_say_nothing_keep_neither_health_checks_nor_clients_out() {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit
            .maximum
            .map_or(Some(4096), |maximum| Some(maximum.min(4096))),
        ..limit
    };
    if limit.current.is_some_and(|current| current < 4096) {
        setrlimit(Resource::Nofile, raised).unwrap();
    }
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let daemon = Daemon::start(Launch::new(&home)).await;
    let known = daemon.connect().await;
    let mut silent = Vec::new();
    for _ in 0..600 {
        silent.push(daemon.stream().await);
    }
    let health = format!("GET /healthz HTTP/1.1\r\nhost: {}\r\n\r\n", daemon.address());
    // They would be sent away after ten seconds.
    let served = async {
        assert!(answer(&daemon, &health).await.starts_with("HTTP/1.1 200 "));
        drop(daemon.connect().await);
    };
    tokio::time::timeout(Duration::from_secs(5), served)
        .await
        .expect("nobody waits for those that say nothing");
    let mut first = silent.swap_remove(0);
    assert_eq!(first.read(&mut [0]).await.unwrap_or(0), 0, "the oldest has to go");
    // As do WebSockets whose client does not say who it is.
    let mut sockets = Vec::new();
    for _ in 0..600 {
        sockets.push(daemon.client().await);
    }
    assert_eq!(sockets.swap_remove(0).closed().await, 1001);
    known.call("thread/loaded/list", json!({})).await;
}
