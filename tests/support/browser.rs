//! A browser as far as a login needs one: it fetches a page and says what came.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// What came for an address.
#[derive(Debug, Clone)]
pub struct Page {
    /// HTTP status.
    pub status: u16,
    /// Header `location`.
    pub location: Option<String>,
    /// Everything behind the headers.
    pub body: String,
}

/// Fetches an `http://` address. Redirects are not followed.
pub async fn get(url: &str) -> Page {
    let rest = url.strip_prefix("http://").unwrap();
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let mut stream = TcpStream::connect(host).await.unwrap();
    let request = format!("GET /{path} HTTP/1.1\r\nhost: {host}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let header = |line: &str| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("location").then(|| value.to_owned())
    };
    Page {
        status: head.split(' ').nth(1).unwrap().parse().unwrap(),
        location: head.lines().find_map(header),
        body: body.to_owned(),
    }
}

/// The user comes back from the authority: fetches the address and the page that it leads to on the same listener.
pub async fn come_back(callback: &str) -> Page {
    let page = get(callback).await;
    let origin = callback.split("/auth/").next().unwrap();
    match &page.location {
        Some(location) if location.starts_with('/') => get(&format!("{origin}{location}")).await,
        _ => page,
    }
}
