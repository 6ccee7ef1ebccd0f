//! The listener that the browser comes back to, and who else may speak to it.

use std::time::Duration;

use crate::auth_login::{begin, callback_of, fixture};
use crate::browser::come_back;

/// Sends a request as it is, and gives what comes back.
async fn raw(url: &str, request: &str) -> String {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let mut stream = tokio::net::TcpStream::connect(url.split('/').nth(2).unwrap())
        .await
        .unwrap();
    let _ = stream.write_all(request.as_bytes()).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn no_web_page_can_cancel_a_login_or_speak_for_the_browser() {
    let (authority, _home, manager) = fixture();
    let started = begin(&manager).await;
    let url = callback_of(&started.auth_url);
    let host = url.split('/').nth(2).unwrap();
    let good = authority.approve(&started.auth_url, "ws");
    let callback = good.split_once(host).unwrap().1;
    for path in ["/cancel", callback] {
        for (method, headers) in [
            ("GET", "Host: evil.example\r\n".to_owned()),
            ("GET", String::new()),
            ("GET", format!("Host: {host}\r\nOrigin: https://evil.example\r\n")),
            ("GET", format!("Host: {host}\r\nOrigin: null\r\n")),
            (
                "POST",
                format!("Host: {host}\r\nOrigin: https://evil.example\r\nContent-Length: 0\r\n"),
            ),
            (
                "GET",
                format!("Host: {host}\r\nSec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: no-cors\r\n"),
            ),
        ] {
            let answer = raw(&url, &format!("{method} {path} HTTP/1.1\r\n{headers}\r\n")).await;
            assert!(
                answer.starts_with("HTTP/1.1 4"),
                "{method} {path} {headers}: {answer}"
            );
        }
    }
    let link = format!("Host: {host}\r\nSec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\n");
    let answer = raw(&url, &format!("GET /cancel HTTP/1.1\r\n{link}\r\n")).await;
    assert!(answer.starts_with("HTTP/1.1 403"), "{answer}");
    assert!(authority.all_seen().is_empty());

    // The way that browsers take from the authority.
    let answer = raw(
        &url,
        &format!("GET {callback} HTTP/1.1\r\n{link}Sec-Fetch-Dest: document\r\n\r\n"),
    )
    .await;
    assert!(answer.starts_with("HTTP/1.1 302"), "{answer}");
    let answer = raw(&url, &format!("GET /success HTTP/1.1\r\n{link}\r\n")).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert_eq!(started.outcome.await, Ok(()));
}

#[tokio::test]
async fn connections_that_send_nothing_or_too_much_do_not_keep_the_browser_out() {
    use tokio::io::AsyncWriteExt as _;
    let (authority, _home, manager) = fixture();
    let started = begin(&manager).await;
    let url = callback_of(&started.auth_url);
    let mut idle = Vec::new();
    for _ in 0..200 {
        let mut stream = tokio::net::TcpStream::connect(url.split('/').nth(2).unwrap())
            .await
            .unwrap();
        stream
            .write_all(b"GET /cancel HTTP/1.1\r\nHost: 127")
            .await
            .unwrap();
        idle.push(stream);
    }
    let endless = format!(
        "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: {}\r\n\r\n",
        "x".repeat(1 << 20)
    );
    assert!(!raw(&url, &endless).await.starts_with("HTTP/1.1 2"));
    come_back(&authority.approve(&started.auth_url, "ws")).await;
    assert_eq!(started.outcome.await, Ok(()));
    let mut dropped = 0;
    for mut stream in idle {
        let mut nothing = [0];
        let read = tokio::io::AsyncReadExt::read(&mut stream, &mut nothing);
        dropped += usize::from(tokio::time::timeout(Duration::from_secs(20), read).await.is_ok());
    }
    assert_eq!(dropped, 200);
}
