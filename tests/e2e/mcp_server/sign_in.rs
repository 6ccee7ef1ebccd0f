//! Signing in to servers.

use std::io::{Read, Write};
use std::net::TcpStream;

use codex_core::mock_model::{Answer, MockModel};
use serde_json::{Value, json};

use super::http::{Request, Server, offer, reply};
use super::{call_of, item, stands};
use crate::support::authority::query_of;
use crate::support::{App, Config, Home};

/// Asks for a sign-in, and is its own authority.
fn guarded(request: &Request) -> String {
    let (first, origin) = (&request.first, &request.origin);
    let json = |value: Value| reply("application/json", "", &value.to_string());
    let has = |header: &str| {
        request
            .headers
            .iter()
            .any(|line| line.eq_ignore_ascii_case(header))
    };
    if first.contains("/.well-known/oauth-protected-resource") {
        return json(
            json!({"resource": format!("{origin}/mcp"), "authorization_servers": [origin],
                           "scopes_supported": ["read", "write"]}),
        );
    }
    if first.contains("/.well-known/oauth-authorization-server") {
        return json(
            json!({"issuer": origin, "authorization_endpoint": format!("{origin}/authorize"),
                           "token_endpoint": format!("{origin}/token"),
                           "registration_endpoint": format!("{origin}/register")}),
        );
    }
    if first.contains("/register") {
        return json(json!({"client_id": "client-1"}));
    }
    if first.contains("/token") {
        return json(
            json!({"access_token": "first", "refresh_token": "again", "expires_in": 3600, "scope": "read"}),
        );
    }
    if !has("authorization: Bearer first") {
        return format!(
            "HTTP/1.1 401 Unauthorized\r\nwww-authenticate: Bearer \
             resource_metadata=\"{origin}/.well-known/oauth-protected-resource/mcp\"\r\ncontent-length: 0\r\n\r\n"
        );
    }
    offer(&Request {
        sessions: 2,
        first: first.clone(),
        headers: Vec::new(),
        body: request.body.clone(),
        origin: String::new(),
    })
}

#[tokio::test]
async fn users_sign_in_to_a_server_that_asks_for_it() {
    let server = Server::start(guarded);
    let model = MockModel::start([call_of("c1", "echo", &json!({})), Answer::from("Done")]);
    let home = Home::empty();
    let config = Config {
        top: "mcp_oauth_credentials_store = \"file\"".to_owned(),
        extra: format!("[mcp_servers.tiny]\nurl = {:?}\n", server.url),
        ..Config::default()
    };
    home.configure(&model, &config);
    let (app, thread) = App::with_thread(&home).await;
    let failed = stands(&app, &thread, "failed").await;
    assert_eq!(
        (&failed["error"], &failed["failureReason"]),
        (
            &json!("The tiny MCP server is not logged in. Run `codex mcp login tiny`."),
            &Value::Null
        )
    );
    let listed = app
        .call("mcpServerStatus/list", json!({"threadId": thread}))
        .await;
    let entry = &listed["data"][0];
    assert_eq!(
        (&entry["authStatus"], &entry["runtimeStatus"]),
        (&json!("notLoggedIn"), &json!("authenticationRequired"))
    );
    let unknown = app.call_err("mcpServer/oauth/login", json!({"name": "zz"})).await;
    assert_eq!(
        (unknown.code, unknown.message.as_str()),
        (-32600, "No MCP server named 'zz' found.")
    );
    let login = app.call("mcpServer/oauth/login", json!({"name": "tiny"})).await;
    let page = login["authorizationUrl"].as_str().unwrap().to_owned();
    let parameters = query_of(page.split_once('?').unwrap().1);
    let query = |name: &str| parameters[name].clone();
    assert_eq!(
        (query("client_id"), query("scope")),
        ("client-1".to_owned(), "read write".to_owned())
    );
    assert_eq!(
        (query("code_challenge_method"), query("resource")),
        ("S256".to_owned(), server.url.clone())
    );
    let back = format!("{}?code=abc&state={}", query("redirect_uri"), query("state"));
    assert!(
        back.starts_with("http://127.0.0.1:") && back.contains("/callback/"),
        "{back}"
    );
    visit(&back);
    let completed = app.wait_for("mcpServer/oauthLogin/completed").await;
    assert_eq!(
        completed,
        json!({"name": "tiny", "threadId": null, "loginId": login["loginId"], "success": true})
    );
    stands(&app, &thread, "ready").await;
    let turn = app.run_turn(&thread, "Go").await;
    assert_eq!(item(&turn)["status"], "completed", "{}", item(&turn));
    let file = home.codex().join(".credentials.json");
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&file).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    let kept: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    let (key, kept) = kept.as_object().unwrap().iter().next().unwrap();
    assert!(key.starts_with("tiny|"), "{key}");
    assert_eq!(
        (&kept["client_id"], &kept["refresh_token"]),
        (&json!("client-1"), &json!("again"))
    );
    let listed = app
        .call("mcpServerStatus/list", json!({"threadId": thread}))
        .await;
    assert_eq!(listed["data"][0]["authStatus"], "oAuth");
    app.stop().await;
}

/// Visits a page as a browser would.
fn visit(page: &str) {
    let answer = ask(page, "GET", None);
    assert!(answer.contains("You are signed in"), "{answer}");
}

/// What a page answers to this method, with this host in place of its own.
fn ask(page: &str, method: &str, host: Option<&str>) -> String {
    let (place, target) = page.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut stream = TcpStream::connect(place).unwrap();
    let host = host.unwrap_or(place);
    // All at once: who is refused for the first line must not be cut off in the second.
    let request = format!("{method} /{target} HTTP/1.1\r\nhost: {host}\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// A server that asks for a sign-in, and a program that knows it.
async fn asking_for_sign_in() -> (Server, MockModel, Home, App) {
    let server = Server::start(guarded);
    let model = MockModel::start("Hello");
    let home = Home::empty();
    let config = Config {
        top: "mcp_oauth_credentials_store = \"file\"".to_owned(),
        extra: format!("[mcp_servers.tiny]\nurl = {:?}\n", server.url),
        ..Config::default()
    };
    home.configure(&model, &config);
    let app = App::start(&home).await;
    (server, model, home, app)
}

/// Begins a login; gives its id and where the browser comes back to, with the state.
async fn begin(app: &App) -> (Value, String, String) {
    let login = app.call("mcpServer/oauth/login", json!({"name": "tiny"})).await;
    let page = login["authorizationUrl"].as_str().unwrap().to_owned();
    let mut parameters = query_of(page.split_once('?').unwrap().1);
    let mut take = |name: &str| parameters.remove(name).unwrap();
    (login["loginId"].clone(), take("redirect_uri"), take("state"))
}

#[tokio::test]
async fn only_the_browser_of_the_user_ends_a_sign_in() {
    let (_server, _model, _home, app) = asking_for_sign_in().await;
    let (id, back, state) = begin(&app).await;
    let page = format!("{back}?code=abc&state={state}");
    let root = back.split("/callback").next().unwrap().to_owned();
    for (page, method, host, status) in [
        // A name of somebody else that leads here.
        (page.clone(), "GET", Some("evil.example"), "403"),
        (page.clone(), "POST", None, "403"),
        (format!("{root}/other?code=abc&state={state}"), "GET", None, "404"),
        (format!("{back}?code=abc&state=other"), "GET", None, "400"),
    ] {
        let answer = ask(&page, method, host);
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}")),
            "{method} {page}: {answer}"
        );
    }
    let long = format!("{back}?code=abc&state=other&x={}", "x".repeat(64 << 10));
    assert!(!ask(&long, "GET", None).starts_with("HTTP/1.1 2"));
    // Connections that say nothing hold up nobody.
    let place = root.strip_prefix("http://").unwrap();
    let silent: Vec<_> = (0..50).map(|_| TcpStream::connect(place).unwrap()).collect();
    visit(&page);
    drop(silent);
    let completed = app.wait_for("mcpServer/oauthLogin/completed").await;
    assert_eq!(
        (&completed["loginId"], &completed["success"]),
        (&id, &json!(true))
    );
    app.stop().await;
}

#[tokio::test]
async fn a_sign_in_ends_the_one_before() {
    let (_server, _model, _home, app) = asking_for_sign_in().await;
    let (first, ..) = begin(&app).await;
    let (second, back, state) = begin(&app).await;
    let completed = app.wait_for("mcpServer/oauthLogin/completed").await;
    assert_eq!(
        (&completed["loginId"], &completed["error"]),
        (&first, &json!("another sign-in to the server has begun"))
    );
    visit(&format!("{back}?code=abc&state={state}"));
    let completed = app.wait_for("mcpServer/oauthLogin/completed").await;
    assert_eq!(
        (&completed["loginId"], &completed["success"]),
        (&second, &json!(true))
    );
    app.stop().await;
}

/// Asks for credentials, and does not say where there are any.
fn closed(request: &Request) -> String {
    let status = if request.first.contains("/.well-known/") {
        "404 Not Found"
    } else {
        "401 Unauthorized\r\nwww-authenticate: Bearer"
    };
    format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n")
}

#[tokio::test]
async fn a_server_that_does_not_say_how_to_sign_in_has_no_sign_in() {
    let server = Server::start(closed);
    let model = MockModel::start("ok");
    let home = Home::empty();
    let config = Config {
        extra: format!("[mcp_servers.tiny]\nurl = {:?}\n", server.url),
        ..Config::default()
    };
    home.configure(&model, &config);
    let (app, thread) = App::with_thread(&home).await;
    let failed = stands(&app, &thread, "failed").await;
    assert!(!failed.to_string().contains("codex mcp login"), "{failed}");
    assert_eq!(
        auth_and_runtime(&app, &thread).await,
        ("unsupported".into(), "failed".into())
    );
    app.stop().await;
}

#[tokio::test]
async fn a_server_that_can_t_say_how_to_sign_in_may_have_a_sign_in_and_is_not_asked_again() {
    let broken: fn(&Request) -> String = |request| {
        let answer = closed(request);
        answer.replace("404 Not Found", "503 Service Unavailable")
    };
    let silent: fn(&Request) -> String = |request| {
        while request.first.contains("/.well-known/") {
            std::thread::park();
        }
        closed(request)
    };
    for answer in [broken, silent] {
        let server = Server::start(answer);
        let model = MockModel::start("ok");
        let home = Home::empty();
        let config = Config {
            extra: format!("[mcp_servers.tiny]\nurl = {:?}\n", server.url),
            ..Config::default()
        };
        home.configure(&model, &config);
        let (app, thread) = App::with_thread(&home).await;
        let failed = stands(&app, &thread, "failed").await;
        assert!(failed.to_string().contains("codex mcp login"), "{failed}");
        let asked = server.seen("").len();
        for _ in 0..2 {
            assert_eq!(
                auth_and_runtime(&app, &thread).await,
                ("notLoggedIn".into(), "authenticationRequired".into())
            );
        }
        assert_eq!(server.seen("").len(), asked);
        app.stop().await;
    }
}

#[tokio::test]
async fn how_users_sign_in_is_unknown_only_of_servers_that_are_out_of_order() {
    let missing: fn(&Request) -> String = |_| "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n".into();
    let broken: fn(&Request) -> String = |_| "HTTP/1.1 500 Oops\r\ncontent-length: 0\r\n\r\n".into();
    for (answer, auth) in [(missing, "unsupported"), (broken, "unknown")] {
        let server = Server::start(answer);
        let model = MockModel::start("ok");
        let home = Home::empty();
        let config = Config {
            extra: format!("[mcp_servers.tiny]\nurl = {:?}\n", server.url),
            ..Config::default()
        };
        home.configure(&model, &config);
        let (app, thread) = App::with_thread(&home).await;
        stands(&app, &thread, "failed").await;
        assert_eq!(
            auth_and_runtime(&app, &thread).await,
            (auth.into(), "failed".into())
        );
        app.stop().await;
    }
}

/// `authStatus` and `runtimeStatus` of the only server.
async fn auth_and_runtime(app: &App, thread: &str) -> (String, String) {
    let listed = app
        .call("mcpServerStatus/list", json!({"threadId": thread}))
        .await;
    let member = |name: &str| listed["data"][0][name].as_str().unwrap().to_owned();
    (member("authStatus"), member("runtimeStatus"))
}
