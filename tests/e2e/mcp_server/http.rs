//! Servers over streamable HTTP.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use codex_core::mock_model::{Answer, MockModel};
use serde_json::{Value, json};

use super::{call_of, item, output, stands, texts};
use crate::support::{App, Config, Home, Launch};

/// A request: its first line, its headers in lower case, and its body.
pub(super) type Seen = (String, Vec<String>, Value);

/// What a server is asked.
pub(super) struct Request {
    pub(super) first: String,
    pub(super) headers: Vec<String>,
    pub(super) body: Value,
    /// The sessions that have begun.
    pub(super) sessions: usize,
    /// `http://host:port`
    pub(super) origin: String,
}

/// A server on a port of its own.
pub(super) struct Server {
    pub(super) url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Server {
    /// One that answers like this.
    pub(super) fn start(answer: fn(&Request) -> String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let url = format!("{origin}/mcp");
        let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
        let kept = Arc::clone(&seen);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (kept, origin) = (Arc::clone(&kept), origin.clone());
                std::thread::spawn(move || {
                    let _ = serve(stream.unwrap(), &kept, &origin, answer);
                });
            }
        });
        Self { url, seen }
    }

    pub(super) fn seen(&self, start: &str) -> Vec<Seen> {
        let seen = self.seen.lock().unwrap();
        seen.iter()
            .filter(|(line, ..)| line.starts_with(start))
            .cloned()
            .collect()
    }
}

fn serve(
    stream: TcpStream,
    kept: &Mutex<Vec<Seen>>,
    origin: &str,
    answer: fn(&Request) -> String,
) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut stream = stream;
    loop {
        let mut first = String::new();
        if reader.read_line(&mut first)? == 0 {
            return Ok(());
        }
        let (mut headers, mut length) = (Vec::new(), 0);
        loop {
            let mut line = String::new();
            reader.read_line(&mut line)?;
            let line = line.trim().to_owned();
            if line.is_empty() {
                break;
            }
            if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            headers.push(line);
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        let message: Value = serde_json::from_slice(&body).unwrap_or_default();
        let sessions = {
            let mut kept = kept.lock().unwrap();
            kept.push((first.trim().to_owned(), headers.clone(), message.clone()));
            kept.iter()
                .filter(|(.., message)| message["method"] == "initialize")
                .count()
        };
        let text = answer(&Request {
            first,
            headers,
            body: message,
            sessions,
            origin: origin.to_owned(),
        });
        stream.write_all(text.as_bytes())?;
    }
}

pub(super) fn reply(kind: &str, more: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\n{more}content-length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// Offers a tool. The first session that calls it is forgotten.
pub(super) fn offer(request: &Request) -> String {
    let Request {
        first,
        body: message,
        sessions,
        ..
    } = request;
    let sessions = *sessions;
    if first.starts_with("GET") {
        return "HTTP/1.1 405 Method Not Allowed\r\ncontent-length: 0\r\n\r\n".to_owned();
    }
    if first.starts_with("DELETE") {
        return "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".to_owned();
    }
    let id = &message["id"];
    match message["method"].as_str() {
        Some("initialize") => {
            let result = json!({"protocolVersion": "2025-06-18", "capabilities": {"tools": {}},
                                "serverInfo": {"name": "web", "version": "2"}});
            let body = json!({"jsonrpc": "2.0", "id": id, "result": result}).to_string();
            reply(
                "application/json",
                &format!("mcp-session-id: s{sessions}\r\n"),
                &body,
            )
        }
        Some("tools/list") => {
            let tool = json!({"name": "echo", "inputSchema": {"type": "object"},
                              "annotations": {"readOnlyHint": true}});
            let body = json!({"jsonrpc": "2.0", "id": id, "result": {"tools": [tool]}});
            reply(
                "text/event-stream",
                "",
                &format!(": hi\n\nevent: message\ndata: {body}\n\n"),
            )
        }
        Some("tools/call") if sessions == 1 => {
            "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n".to_owned()
        }
        Some("tools/call") => {
            let step = json!({"jsonrpc": "2.0", "method": "notifications/progress", "params": {
                "progressToken": message["params"]["_meta"]["progressToken"], "progress": 1, "total": 2}});
            let content = json!([{"type": "text", "text": "from the web"}]);
            let body = json!({"jsonrpc": "2.0", "id": id, "result": {"content": content}});
            reply(
                "text/event-stream",
                "",
                &format!("data: {step}\n\ndata: {body}\n\n"),
            )
        }
        _ => "HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n".to_owned(),
    }
}

#[tokio::test]
async fn a_server_is_reached_over_http_and_a_lost_session_is_begun_anew() {
    let server = Server::start(offer);
    let model = MockModel::start([call_of("c1", "echo", &json!({})), Answer::from("Done")]);
    let home = Home::empty();
    let extra = format!(
        "[mcp_servers.tiny]\nurl = {:?}\nbearer_token_env_var = \"TOKEN_X\"\n[mcp_servers.tiny.http_headers]\nX-Own = \
         \"own\"\n",
        server.url
    );
    home.configure(
        &model,
        &Config {
            extra,
            ..Config::default()
        },
    );
    let app = Launch::new(&home).env("TOKEN_X", "t0ken").start().await;
    let thread = app.start_thread(json!({})).await;
    stands(&app, &thread, "ready").await;
    let turn = app.run_turn(&thread, "Go").await;
    assert_eq!(item(&turn)["status"], "completed", "{}", item(&turn));
    assert_eq!(turn.all("item/mcpToolCall/progress")[0]["message"], "1/2");
    assert_eq!(texts(&output(&model, "c1")), ["from the web"]);
    let listed = app
        .call("mcpServerStatus/list", json!({"threadId": thread}))
        .await;
    let entry = &listed["data"][0];
    assert_eq!(entry["authStatus"], "bearerToken");
    assert_eq!(entry["httpOrigin"], server.url.trim_end_matches("/mcp"));
    app.stop().await;
    let posts = server.seen("POST");
    let has = |seen: &Seen, header: &str| seen.1.iter().any(|line| line.eq_ignore_ascii_case(header));
    for post in &posts {
        assert!(
            has(post, "authorization: Bearer t0ken") && has(post, "x-own: own"),
            "{post:?}"
        );
        assert!(
            has(post, "accept: text/event-stream, application/json"),
            "{post:?}"
        );
        assert!(has(post, "user-agent: codex-mcp-client/0.171.0"), "{post:?}");
    }
    assert!(has(&posts[2], "mcp-session-id: s1") && has(&posts[2], "mcp-protocol-version: 2025-06-18"));
    assert!(has(posts.last().unwrap(), "mcp-session-id: s2"));
    assert_eq!(server.seen("DELETE").len(), 1, "it takes leave");
    assert!(!server.seen("GET").is_empty());
}

#[tokio::test]
async fn a_server_that_is_not_there_fails_alone() {
    let model = MockModel::start("Hello");
    let home = Home::empty();
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let extra = format!("[mcp_servers.tiny]\nurl = \"http://127.0.0.1:{port}/mcp\"\n");
    home.configure(
        &model,
        &Config {
            extra,
            ..Config::default()
        },
    );
    let (app, thread) = App::with_thread(&home).await;
    let failed = stands(&app, &thread, "failed").await;
    assert!(
        failed["error"]
            .as_str()
            .unwrap()
            .starts_with("MCP client for `tiny` failed to start")
    );
    assert_eq!(app.run_turn(&thread, "Hi").await.text(), "Hello");
    app.stop().await;
}
