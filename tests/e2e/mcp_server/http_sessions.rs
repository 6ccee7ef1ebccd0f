//! Sessions at servers over streamable HTTP, and what they are told.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use codex_core::mock_model::MockModel;
use serde_json::json;

use super::http::{Request, Seen, Server, offer, reply};
use super::{direct, stands};
use crate::support::{App, Config, Home};

async fn with_server(server: &Server, more: &str) -> (MockModel, Home, App, String) {
    let model = MockModel::start("Hello");
    let home = Home::empty();
    let config = Config {
        extra: format!("[mcp_servers.tiny]\nurl = {:?}\n{more}\n", server.url),
        ..Config::default()
    };
    home.configure(&model, &config);
    let (app, thread) = App::with_thread(&home).await;
    stands(&app, &thread, "ready").await;
    (model, home, app, thread)
}

fn method_of((_, _, message): &Seen) -> &str {
    message["method"].as_str().unwrap_or_default()
}

fn count(server: &Server, method: &str) -> usize {
    let seen = server.seen("POST");
    seen.iter().filter(|seen| method_of(seen) == method).count()
}

/// Waits, as a thread, until this is so; not for ever.
fn wait_until(is_so: impl Fn() -> bool) -> bool {
    let end = Instant::now() + Duration::from_secs(8);
    while !is_so() && Instant::now() < end {
        std::thread::sleep(Duration::from_millis(5));
    }
    is_so()
}

/// A session has begun anew.
static RENEWED: AtomicBool = AtomicBool::new(false);

/// Forgets its first session, but for the call `slow`, which it answers once there is another; and the second one when
/// it is called with 9.
fn forgetful(request: &Request) -> String {
    let message = &request.body;
    let has = |session: &str| {
        let header = format!("mcp-session-id: {session}");
        request
            .headers
            .iter()
            .any(|line| line.eq_ignore_ascii_case(&header))
    };
    if message["method"] == "initialize" && request.sessions == 2 {
        RENEWED.store(true, Ordering::SeqCst);
    }
    if message["method"] != "tools/call" {
        return offer(request);
    }
    let argument = &message["params"]["arguments"]["n"];
    let is_lost = if argument == "slow" {
        !wait_until(|| RENEWED.load(Ordering::SeqCst))
    } else {
        has("s1") || (has("s2") && *argument == 9)
    };
    if is_lost {
        return "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n".to_owned();
    }
    let content = json!([{"type": "text", "text": argument.to_string()}]);
    let body = json!({"jsonrpc": "2.0", "id": message["id"], "result": {"content": content}});
    reply("application/json", "", &body.to_string())
}

#[tokio::test]
async fn a_lost_session_is_renewed_once_for_all_calls_that_meet_it() {
    let server = Server::start(forgetful);
    let (_model, _home, app, thread) = with_server(&server, "").await;
    let call =
        |n: serde_json::Value| app.request("mcpServer/tool/call", direct(&thread, "echo", &json!({"n": n})));
    let text = |result: serde_json::Value| result["content"][0]["text"].as_str().unwrap().to_owned();
    let slow = call(json!("slow")).await;
    while count(&server, "tools/call") == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let mut calls = Vec::new();
    for n in 1..=4 {
        calls.push((n, call(json!(n)).await));
    }
    for (n, id) in calls {
        assert_eq!(
            text(app.response(id).await.expect("it is repeated")),
            n.to_string()
        );
    }
    // What was answered meanwhile is not repeated.
    assert_eq!(text(app.response(slow).await.expect("it goes on")), "\"slow\"");
    assert_eq!(
        (count(&server, "initialize"), count(&server, "tools/call")),
        (2, 1 + 2 * 4)
    );
    // And once more, later.
    let again = call(json!(9)).await;
    assert_eq!(text(app.response(again).await.expect("it is repeated")), "9");
    assert_eq!(
        (count(&server, "initialize"), count(&server, "tools/call")),
        (3, 1 + 2 * 4 + 2)
    );
    app.stop().await;
}

/// A call was answered; a notification was taken after that.
static ANSWERED: AtomicBool = AtomicBool::new(false);
static TAKEN: AtomicBool = AtomicBool::new(false);

/// Answers the first call only when it is cancelled, and takes that notification only once another call was answered.
fn slow_to_listen(request: &Request) -> String {
    let message = &request.body;
    match message["method"].as_str() {
        Some("notifications/cancelled") => {
            TAKEN.store(wait_until(|| ANSWERED.load(Ordering::SeqCst)), Ordering::SeqCst);
            "HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n".to_owned()
        }
        Some("tools/call") if message["params"]["arguments"]["n"] == "hang" => {
            wait_until(|| ANSWERED.load(Ordering::SeqCst));
            String::new()
        }
        Some("tools/call") => {
            ANSWERED.store(true, Ordering::SeqCst);
            let body = json!({"jsonrpc": "2.0", "id": message["id"], "result": {"content": []}});
            reply("application/json", "", &body.to_string())
        }
        _ => offer(request),
    }
}

#[tokio::test]
async fn a_server_that_is_slow_to_take_a_notification_holds_up_no_call() {
    let server = Server::start(slow_to_listen);
    let (_model, _home, app, thread) = with_server(&server, "tool_timeout_sec = 1").await;
    let hangs = app
        .call_err(
            "mcpServer/tool/call",
            direct(&thread, "echo", &json!({"n": "hang"})),
        )
        .await;
    assert!(
        hangs.message.contains("timed out awaiting tools/call"),
        "{}",
        hangs.message
    );
    app.call("mcpServer/tool/call", direct(&thread, "echo", &json!({"n": 1})))
        .await;
    assert!(wait_until(|| TAKEN.load(Ordering::SeqCst)), "the call came first");
    app.stop().await;
}
