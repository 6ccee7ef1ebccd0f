//! A local authority and account backend: real HTTP on the loopback interface, with refresh tokens that are good for
//! one use. Runs on a thread of its own, so that any kind of test can use it.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::convert::Infallible;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::sync::watch;

/// The longest that a test waits for one thing.
const PATIENCE: Duration = Duration::from_secs(20);

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Seen {
    /// Method and path, such as `POST /oauth/token`.
    pub route: String,
    /// Query parameters.
    pub query: HashMap<String, String>,
    /// Headers, names in lower case.
    pub headers: HashMap<String, String>,
    /// Body: JSON, or a form as an object of texts.
    pub body: Value,
}

/// An answer that a test prescribes.
#[derive(Debug, Clone)]
pub struct Reply {
    status: u16,
    body: Value,
    headers: Vec<(String, String)>,
}

/// Tokens of a user.
#[derive(Debug, Clone)]
pub struct Tokens {
    /// Identity token.
    pub id: String,
    /// Bearer token.
    pub access: String,
    /// Good for one refresh.
    pub refresh: String,
    /// Workspace.
    pub account: String,
}

/// The double.
#[derive(Debug)]
pub struct Authority {
    shared: Arc<Shared>,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    url: String,
    state: Mutex<State>,
    changed: Condvar,
    /// Routes whose requests wait.
    held: watch::Sender<HashSet<String>>,
}

#[derive(Debug, Default)]
struct State {
    seen: Vec<Seen>,
    scripted: BTreeMap<String, VecDeque<Reply>>,
    fixed: BTreeMap<String, Reply>,
    serial: u64,
    /// Life of access tokens in seconds.
    token_life: i64,
    valid_access: HashSet<String>,
    /// Refresh tokens: the workspace, and whether it was used.
    refresh: HashMap<String, (String, bool)>,
    /// Codes of browser logins: challenge, redirect address and workspace.
    codes: HashMap<String, (String, String, String)>,
    /// Workspace of whoever typed the device's code.
    device_grant: Option<String>,
    device_verifier: String,
}

impl Reply {
    /// JSON with a status.
    pub fn new(status: u16, body: Value) -> Self {
        Self {
            status,
            body,
            headers: Vec::new(),
        }
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }
}

impl Authority {
    /// Starts listening.
    pub fn start() -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state = State {
            token_life: 3600,
            ..State::default()
        };
        let shared = Arc::new(Shared {
            url,
            state: Mutex::new(state),
            changed: Condvar::new(),
            held: watch::channel(HashSet::new()).0,
        });
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let thread = std::thread::spawn({
            let shared = Arc::clone(&shared);
            move || {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build()
                    .unwrap();
                runtime.block_on(async {
                    tokio::select! {
                        () = accept(listener, shared) => {}
                        _ = stopped => {}
                    }
                });
            }
        });
        Self {
            shared,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    /// Address, without a slash at the end.
    pub fn url(&self) -> &str {
        &self.shared.url
    }

    /// The variables that point a program here.
    pub fn variables(&self) -> Vec<(&'static str, String)> {
        let url = self.url();
        vec![
            ("CODEX_APP_SERVER_LOGIN_ISSUER", url.to_owned()),
            ("CODEX_REFRESH_TOKEN_URL_OVERRIDE", format!("{url}/oauth/token")),
            ("CODEX_REVOKE_TOKEN_URL_OVERRIDE", format!("{url}/oauth/revoke")),
            ("CODEX_APP_SERVER_LOGIN_PORT", "0".to_owned()),
        ]
    }

    /// Life of the access tokens that are handed out from now on.
    pub fn token_life(&self, seconds: i64) {
        self.shared.state().token_life = seconds;
    }

    /// New tokens of a user of this workspace.
    pub fn issue(&self, account: &str) -> Tokens {
        let mut state = self.shared.state();
        state.issue(account)
    }

    /// Refuses a bearer token from now on.
    pub fn expire(&self, access: &str) {
        self.shared.state().valid_access.remove(access);
    }

    /// Accepts a bearer token that was made elsewhere.
    pub fn accept(&self, access: &str) {
        self.shared.state().valid_access.insert(access.to_owned());
    }

    /// Answers the next requests of a route in this way, one each.
    pub fn script(&self, route: &str, replies: impl IntoIterator<Item = Reply>) {
        let mut state = self.shared.state();
        state
            .scripted
            .entry(route.to_owned())
            .or_default()
            .extend(replies);
    }

    /// Answers all requests of a route in this way.
    pub fn always(&self, route: &str, reply: Reply) {
        self.shared.state().fixed.insert(route.to_owned(), reply);
    }

    /// Keeps the requests of a route waiting until it is released.
    pub fn hold(&self, route: &str) {
        self.shared.held.send_modify(|held| {
            held.insert(route.to_owned());
        });
    }

    /// Lets the requests of a route go on.
    pub fn release(&self, route: &str) {
        self.shared.held.send_modify(|held| {
            held.remove(route);
        });
    }

    /// All requests of a route so far.
    pub fn seen(&self, route: &str) -> Vec<Seen> {
        self.shared.state().of(route)
    }

    /// All requests so far.
    pub fn all_seen(&self) -> Vec<Seen> {
        self.shared.state().seen.clone()
    }

    /// Refreshes that reached the authority.
    pub fn refreshes(&self) -> Vec<Seen> {
        let mut seen = self.seen("POST /oauth/token");
        seen.retain(|seen| seen.body["grant_type"] == "refresh_token");
        seen
    }

    /// Waits until a route has had so many requests. Blocks the thread.
    pub fn wait_for(&self, route: &str, count: usize) -> Vec<Seen> {
        let deadline = Instant::now() + PATIENCE;
        let mut state = self.shared.state();
        loop {
            let seen = state.of(route);
            if seen.len() >= count {
                return seen;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "{route}: {} of {count} requests", seen.len());
            state = self.shared.changed.wait_timeout(state, left).unwrap().0;
        }
    }

    /// As [`Authority::wait_for`], without blocking the thread.
    pub async fn arrived(&self, route: &str, count: usize) -> Vec<Seen> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let seen = self.seen(route);
            if seen.len() >= count {
                return seen;
            }
            assert!(
                Instant::now() < deadline,
                "{route}: {} of {count} requests",
                seen.len()
            );
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// The user signs in at this address as a member of this workspace: where the authority sends the browser.
    pub fn approve(&self, auth_url: &str, account: &str) -> String {
        let query = query_of(auth_url.split_once('?').unwrap().1);
        let mut state = self.shared.state();
        state.serial += 1;
        let code = format!("code-{}", state.serial);
        let grant = (
            query["code_challenge"].clone(),
            query["redirect_uri"].clone(),
            account.to_owned(),
        );
        state.codes.insert(code.clone(), grant);
        format!("{}?code={code}&state={}", query["redirect_uri"], query["state"])
    }

    /// The user types the device's code as a member of this workspace.
    pub fn approve_device(&self, account: &str) {
        self.shared.state().device_grant = Some(account.to_owned());
    }

    /// Writes an auth.json with these tokens into a home, as an older login would have.
    pub fn write_auth_json(codex_home: &Path, tokens: &Tokens) {
        let content = json!({
            "auth_mode": "chatgpt",
            "OPENAI_API_KEY": null,
            "tokens": {
                "id_token": tokens.id,
                "access_token": tokens.access,
                "refresh_token": tokens.refresh,
                "account_id": tokens.account,
            },
            "last_refresh": "2026-01-01T00:00:00Z",
        });
        std::fs::write(codex_home.join("auth.json"), content.to_string()).unwrap();
    }
}

impl Drop for Authority {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// A JSON Web Token with these claims. Nobody checks its signature.
pub fn jwt(claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.c2lnbmF0dXJl", part(&json!({"alg": "none"})), part(claims))
}

/// A bearer token of a workspace that ends at this time (Unix seconds). The serial makes it unlike others.
pub fn access_token(account: &str, serial: u64, expires_at: i64) -> String {
    jwt(&json!({
        "exp": expires_at,
        "jti": format!("access-{serial}"),
        "https://api.openai.com/profile": {"email": format!("{account}@example.com")},
        "https://api.openai.com/auth": {
            "chatgpt_account_id": account,
            "chatgpt_plan_type": "pro",
            "chatgpt_user_id": format!("user-{account}"),
        },
    }))
}

/// Unix seconds, now.
pub fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    i64::try_from(since.unwrap().as_secs()).unwrap()
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl State {
    fn of(&self, route: &str) -> Vec<Seen> {
        self.seen
            .iter()
            .filter(|seen| seen.route == route)
            .cloned()
            .collect()
    }

    fn issue(&mut self, account: &str) -> Tokens {
        self.serial += 1;
        let serial = self.serial;
        let access = access_token(account, serial, now() + self.token_life);
        let refresh = format!("refresh-{serial}-{account}");
        self.valid_access.insert(access.clone());
        self.refresh.insert(refresh.clone(), (account.to_owned(), false));
        let id = jwt(&json!({
            "email": format!("{account}@example.com"),
            "https://api.openai.com/auth": {
                "chatgpt_account_id": account,
                "chatgpt_plan_type": "pro",
                "chatgpt_user_id": format!("user-{account}"),
            },
        }));
        Tokens {
            id,
            access,
            refresh,
            account: account.to_owned(),
        }
    }

    fn answer(&mut self, seen: &Seen) -> Reply {
        if let Some(reply) = self.scripted.get_mut(&seen.route).and_then(VecDeque::pop_front) {
            return reply;
        }
        if let Some(reply) = self.fixed.get(&seen.route) {
            return reply.clone();
        }
        match seen.route.as_str() {
            "POST /oauth/token" => self.token(&seen.body),
            "POST /oauth/revoke" => self.revoke(&seen.body),
            "POST /api/accounts/deviceauth/usercode" => Reply::new(
                200,
                json!({"device_auth_id": "device-1", "user_code": "ABCD-1234", "interval": "0"}),
            ),
            "POST /api/accounts/deviceauth/token" => self.device_token(),
            _ if self.is_signed_in(seen) => Self::backend(seen),
            _ => Reply::new(
                401,
                json!({"error": {"message": "the bearer token is not accepted"}}),
            ),
        }
    }

    fn token(&mut self, body: &Value) -> Reply {
        let refused = |code: &str| Reply::new(400, json!({"error": {"code": code, "message": code}}));
        match body["grant_type"].as_str() {
            Some("refresh_token") => {
                let known = body["refresh_token"]
                    .as_str()
                    .and_then(|token| self.refresh.get_mut(token));
                match known {
                    Some((_, used)) if *used => refused("refresh_token_reused"),
                    Some((account, used)) => {
                        *used = true;
                        let account = account.clone();
                        issued(&self.issue(&account))
                    }
                    None => refused("refresh_token_invalidated"),
                }
            }
            Some("authorization_code") => {
                let grant = body["code"].as_str().and_then(|code| self.codes.remove(code));
                let Some((challenge, redirect_uri, account)) = grant else {
                    return Reply::new(
                        400,
                        json!({"error": "invalid_grant", "error_description": "unknown code"}),
                    );
                };
                let verifier = body["code_verifier"].as_str().unwrap_or_default();
                let proof = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()));
                let right_proof = proof == challenge;
                let right_place = redirect_uri.is_empty() || body["redirect_uri"] == redirect_uri.as_str();
                if !right_proof || !right_place {
                    return Reply::new(
                        400,
                        json!({"error": "invalid_grant", "error_description": "bad proof"}),
                    );
                }
                issued(&self.issue(&account))
            }
            Some("urn:ietf:params:oauth:grant-type:token-exchange") => {
                Reply::new(200, json!({"access_token": "sk-exchanged-key"}))
            }
            _ => Reply::new(400, json!({"error": "unsupported_grant_type"})),
        }
    }

    fn revoke(&mut self, body: &Value) -> Reply {
        if let Some(token) = body["token"].as_str() {
            self.refresh.remove(token);
        }
        Reply::new(200, json!({}))
    }

    fn device_token(&mut self) -> Reply {
        let Some(account) = self.device_grant.take() else {
            return Reply::new(403, json!({"error": "authorization_pending"}));
        };
        self.serial += 1;
        let code = format!("code-{}", self.serial);
        self.device_verifier = format!("verifier-{}", self.serial);
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(self.device_verifier.as_bytes()));
        self.codes
            .insert(code.clone(), (challenge.clone(), String::new(), account));
        let grant = json!({
            "authorization_code": code, "code_challenge": challenge, "code_verifier": self.device_verifier,
        });
        Reply::new(200, grant)
    }

    fn is_signed_in(&self, seen: &Seen) -> bool {
        let bearer = seen
            .headers
            .get("authorization")
            .and_then(|value| value.strip_prefix("Bearer "));
        bearer.is_some_and(|bearer| self.valid_access.contains(bearer))
    }

    /// What a signed-in account may ask.
    fn backend(seen: &Seen) -> Reply {
        let account = seen
            .headers
            .get("chatgpt-account-id")
            .cloned()
            .unwrap_or_default();
        match seen.route.split_once(' ').unwrap().1 {
            path if path.ends_with("/accounts/check") => Reply::new(
                200,
                json!({"accounts": [{
                    "id": account, "name": "Workspace", "account_routing_override": "us",
                    "workspace_backend_origin": "https://backend.example.com",
                }]}),
            ),
            path if path.ends_with("/responses") => {
                let message = json!({"type": "message", "role": "assistant", "id": "msg-1",
                    "content": [{"type": "output_text", "text": "Hello"}]});
                let usage = json!({"input_tokens": 1, "output_tokens": 1, "total_tokens": 2});
                let events = [
                    json!({"type": "response.created", "response": {"id": "resp-1"}}),
                    json!({"type": "response.output_item.done", "item": message}),
                    json!({"type": "response.completed", "response": {"id": "resp-1", "usage": usage}}),
                ];
                let stream = events.map(|event| format!("data: {event}\n\n")).concat();
                Reply::new(200, Value::String(stream)).header("content-type", "text/event-stream")
            }
            _ => Reply::new(404, json!({"error": {"message": "no such thing"}})),
        }
    }
}

fn issued(tokens: &Tokens) -> Reply {
    let body = json!({"id_token": tokens.id, "access_token": tokens.access, "refresh_token": tokens.refresh});
    Reply::new(200, body)
}

async fn accept(listener: std::net::TcpListener, shared: Arc<Shared>) {
    let listener = tokio::net::TcpListener::from_std(listener).unwrap();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            let service = hyper::service::service_fn(|request| {
                let shared = Arc::clone(&shared);
                async move { Ok::<_, Infallible>(serve(request, &shared).await) }
            });
            // A client that leaves in the middle is part of many tests.
            let _ = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

async fn serve(request: Request<Incoming>, shared: &Shared) -> Response<Full<Bytes>> {
    let (head, body) = request.into_parts();
    let route = format!("{} {}", head.method, head.uri.path());
    let body = body
        .collect()
        .await
        .map(http_body_util::Collected::to_bytes)
        .unwrap_or_default();
    let headers = head.headers.iter();
    let seen = Seen {
        query: query_of(head.uri.query().unwrap_or_default()),
        headers: headers
            .map(|(name, value)| {
                (
                    name.to_string(),
                    String::from_utf8_lossy(value.as_bytes()).into_owned(),
                )
            })
            .collect(),
        body: serde_json::from_slice(&body).unwrap_or_else(|_| form_of(&body)),
        route: route.clone(),
    };
    shared.state().seen.push(seen.clone());
    shared.changed.notify_all();
    let mut held = shared.held.subscribe();
    let _ = held.wait_for(|held| !held.contains(&route)).await;
    let reply = shared.state().answer(&seen);
    let body = match reply.body {
        Value::String(text) => text,
        body => body.to_string(),
    };
    let mut response = Response::builder().status(reply.status);
    if !reply
        .headers
        .iter()
        .any(|(name, _)| name.eq_ignore_ascii_case("content-type"))
    {
        response = response.header("content-type", "application/json");
    }
    for (name, value) in reply.headers {
        response = response.header(name, value);
    }
    response.body(Full::new(Bytes::from(body))).unwrap()
}

fn form_of(body: &[u8]) -> Value {
    json!(query_of(&String::from_utf8_lossy(body)))
}

fn query_of(query: &str) -> HashMap<String, String> {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(key, value)| (decoded(key), decoded(value))).collect()
}

/// Undoes the encoding of forms and queries.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => {
                let hex = [rest.next(), rest.next()].map(Option::unwrap_or_default);
                let hex = std::str::from_utf8(&hex).unwrap_or_default().to_owned();
                bytes.push(u8::from_str_radix(&hex, 16).unwrap_or(b'?'));
            }
            byte => bytes.push(byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
