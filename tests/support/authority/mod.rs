//! A local authority and account backend: real HTTP on the loopback interface, with refresh tokens that are good for
//! one use. Runs on a thread of its own, so that any kind of test can use it.

mod answers;
mod server;
mod tokens;

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::watch;

pub use server::query_of;
pub use tokens::{access_token, jwt, now};

/// The longest that a test waits for one thing.
const PATIENCE: Duration = Duration::from_secs(20);

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Seen {
    /// Method and path, such as `POST /oauth/token`.
    pub route: String,
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
    /// Routes whose requests wait.
    held: watch::Sender<HashSet<String>>,
    /// Changes with every request.
    arrivals: watch::Sender<()>,
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
            held: watch::channel(HashSet::new()).0,
            arrivals: watch::channel(()).0,
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
                        () = server::accept(listener, shared) => {}
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

    /// Waits until a route has had so many requests, and gives them.
    pub async fn arrived(&self, route: &str, count: usize) -> Vec<Seen> {
        let mut arrivals = self.shared.arrivals.subscribe();
        let all = arrivals.wait_for(|()| self.seen(route).len() >= count);
        let arrived = tokio::time::timeout(PATIENCE, all).await.is_ok();
        let seen = self.seen(route);
        assert!(arrived, "{route}: {} of {count} requests", seen.len());
        seen
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

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
