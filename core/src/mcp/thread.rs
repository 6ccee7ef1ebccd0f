//! The servers of one thread: what is configured for it, how each stands, and what its model is offered.

mod allowed;
mod reload;
mod request;

use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

pub(crate) use self::request::call_params;
use super::error::{SignInNeed, StartError};
use super::manager::McpManager;
use super::oauth::SignIn;
use super::offer::McpOffer;
use super::server::{McpServer, ServerState};
use super::thread_server::{Status, ThreadServer, servers_of};
use crate::config::{Config, ConfigOverride, ConfigSource, McpHttp, McpTransport};
use crate::outbox::Outbox;
use crate::{Event, McpServerStatus, ThreadId};

/// A server that failed so long ago is started again for a thread that is new.
pub(super) const AGAIN: Duration = Duration::from_secs(5);

/// Where the configuration of a thread is read from.
#[derive(Debug, Clone)]
pub(crate) struct McpOrigin {
    /// The configuration of the process.
    pub(crate) source: ConfigSource,
    /// What was laid over it for the thread.
    pub(crate) overrides: Vec<ConfigOverride>,
    /// The thread's folder.
    pub(crate) cwd: PathBuf,
    /// The thread.
    pub(crate) thread: ThreadId,
    /// The session that it belongs to.
    pub(crate) session_id: String,
}

/// See the module.
pub(crate) struct ThreadMcp {
    manager: Arc<McpManager>,
    /// `None`: of a conversation that has no servers.
    place: Option<(McpOrigin, Outbox)>,
    /// A lock, because calls run side by side; held for a few instructions.
    state: Mutex<State>,
    /// Changes with the status of any server.
    changed: watch::Sender<u64>,
    /// What follows the servers. Locked as above.
    followers: Mutex<JoinSet<()>>,
}

struct State {
    config: Arc<Config>,
    servers: BTreeMap<String, Arc<ThreadServer>>,
    /// What is offered, if nothing has changed since.
    offer: Option<Arc<McpOffer>>,
    /// The last one.
    last: Arc<McpOffer>,
    /// When the servers were started, until the first request has waited for them.
    waited_since: Option<Instant>,
    /// Tools that the user has allowed for as long as the thread is loaded.
    allowed: HashSet<(String, String)>,
    /// Nobody follows the servers any more.
    closed: bool,
}

impl ThreadMcp {
    /// Those of a configuration. None is started.
    pub(crate) fn new(
        manager: Arc<McpManager>,
        config: Arc<Config>,
        origin: McpOrigin,
        outbox: Outbox,
    ) -> Arc<Self> {
        let servers = servers_of(&config);
        Self::with(manager, config, servers, Some((origin, outbox)))
    }

    /// Of a conversation that has none.
    pub(crate) fn none(config: Arc<Config>) -> Arc<Self> {
        let manager = McpManager::new(config.codex_home.clone());
        Self::with(manager, config, BTreeMap::new(), None)
    }

    pub(super) fn with(
        manager: Arc<McpManager>,
        config: Arc<Config>,
        servers: BTreeMap<String, Arc<ThreadServer>>,
        place: Option<(McpOrigin, Outbox)>,
    ) -> Arc<Self> {
        Arc::new(Self {
            manager,
            place,
            state: Mutex::new(State {
                config,
                servers,
                offer: None,
                last: Arc::default(),
                waited_since: None,
                allowed: HashSet::new(),
                closed: false,
            }),
            changed: watch::Sender::new(0),
            followers: Mutex::default(),
        })
    }

    /// Starts the servers while the caller goes on, and tells of each how it stands.
    pub(crate) fn start(self: &Arc<Self>) {
        let servers: Vec<_> = {
            let mut state = self.state();
            if state.servers.is_empty() {
                return;
            }
            state.waited_since = Some(Instant::now());
            state.servers.values().map(Arc::clone).collect()
        };
        for server in servers {
            self.start_one(&server);
        }
    }

    fn start_one(self: &Arc<Self>, server: &Arc<ThreadServer>) {
        match &server.config {
            Ok(config) if !config.enabled => return,
            Ok(_) => {}
            Err(why) => {
                let error = StartError::of_config(&server.name, why);
                self.set(server, &Status::Failed(Arc::new(error)));
                return;
            }
        }
        if self.state().closed {
            return;
        }
        self.set(server, &Status::Starting);
        // It belongs to the thread from now on, not only once the task runs.
        let found = self.find_server(server);
        let mut followers = self.followers();
        while followers.try_join_next().is_some() {}
        let task = followers.spawn(follow(Arc::downgrade(self), Arc::clone(server), found));
        drop(followers);
        server.follow_with(Some(task));
    }

    /// Starts the servers without which the thread can't be, and waits for them. The error names those that fail.
    pub(crate) async fn start_required(&self) -> Result<(), String> {
        let required: Vec<_> = {
            let state = self.state();
            let is_required = |server: &&Arc<ThreadServer>| {
                server
                    .config
                    .as_ref()
                    .is_ok_and(|config| config.enabled && config.required)
            };
            state
                .servers
                .values()
                .filter(is_required)
                .map(Arc::clone)
                .collect()
        };
        if required.is_empty() {
            return Ok(());
        }
        let results = join_all(required.iter().map(|server| async {
            let found = self
                .find_server(server)
                .map_err(|why| StartError::of_config(&server.name, &why));
            let started = match found {
                Ok(mcp) => {
                    // Why it failed for others may be over.
                    mcp.forgive();
                    let started = mcp.connect(server.startup_timeout()).await;
                    started.map_err(|error| (*error).clone())
                }
                Err(error) => Err(error),
            };
            started.err().map(|error| {
                let cause = error.cause.strip_prefix("MCP startup failed: ");
                format!("{}: {}", server.name, cause.unwrap_or(&error.cause))
            })
        }));
        let failed: Vec<_> = results.await.into_iter().flatten().collect();
        if failed.is_empty() {
            return Ok(());
        }
        Err(format!(
            "required MCP servers failed to initialize: {}",
            failed.join(", ")
        ))
    }

    /// Waits until every server has started, or failed, before the first request of the thread; not longer than the
    /// configuration says.
    pub(crate) async fn settle(&self) {
        let until = {
            let mut state = self.state();
            let Some(since) = state.waited_since.take() else {
                return;
            };
            since + state.config.mcp_startup_grace
        };
        let _ = timeout_at(until, self.all_started()).await;
    }

    fn any_starting(&self) -> bool {
        let state = self.state();
        let mut servers = state.servers.values();
        !state.closed && servers.any(|server| server.status() == Status::Starting)
    }

    /// What is offered to the model now.
    pub(crate) fn offer(&self) -> Arc<McpOffer> {
        let mut state = self.state();
        if let Some(offer) = &state.offer {
            return Arc::clone(offer);
        }
        let used: Vec<_> = state
            .servers
            .values()
            .filter(|server| !server.is_disabled())
            .map(|server| (Arc::clone(server), server.catalog()))
            .collect();
        let mut offer = McpOffer::of(state.last.version, &used);
        offer.missing = used
            .iter()
            .filter_map(|(server, _)| match server.status() {
                Status::Failed(error) => Some((server.name.clone(), error.text.clone())),
                _ => None,
            })
            .collect();
        let last = &state.last;
        if offer.namespaces != last.namespaces || offer.missing != last.missing || offer.any != last.any {
            offer.version += 1;
        }
        let offer = Arc::new(offer);
        state.last = Arc::clone(&offer);
        state.offer = Some(Arc::clone(&offer));
        offer
    }

    /// A server that is used, by its name.
    pub(crate) fn server(&self, name: &str) -> Option<Arc<ThreadServer>> {
        let server = self.state().servers.get(name).map(Arc::clone)?;
        (!server.is_disabled()).then_some(server)
    }

    /// Those that are used and have not failed.
    pub(crate) fn connected(&self) -> Vec<Arc<ThreadServer>> {
        let mut all = self.all();
        all.retain(|server| server.catalog().is_some());
        all
    }

    /// The thread and its session, as servers are told.
    pub(crate) fn identity(&self) -> (String, String) {
        self.place.as_ref().map_or_else(Default::default, |(origin, _)| {
            (origin.thread.to_string(), origin.session_id.clone())
        })
    }

    /// All servers, by name.
    pub(crate) fn all(&self) -> Vec<Arc<ThreadServer>> {
        self.state().servers.values().map(Arc::clone).collect()
    }

    /// Waits until no server is being started.
    pub(crate) async fn all_started(&self) {
        let mut changed = self.changed.subscribe();
        // The sender is ours.
        let _ = changed.wait_for(|_| !self.any_starting()).await;
    }

    /// The manager of all servers.
    pub(super) fn manager(&self) -> &Arc<McpManager> {
        &self.manager
    }

    /// The configuration that holds for the servers.
    pub(super) fn config(&self) -> Arc<Config> {
        Arc::clone(&self.state().config)
    }

    /// The server behind it, which may have to be looked for.
    pub(super) fn find_server(&self, server: &ThreadServer) -> Result<Arc<McpServer>, String> {
        if let Some(known) = &server.state().server {
            return Ok(Arc::clone(known));
        }
        let (config, of) = (server.config.clone()?, self.config());
        let cwd = self
            .place
            .as_ref()
            .map_or(&of.codex_home, |(origin, _)| &origin.cwd);
        let found = self.manager.server(&server.name, &config, cwd, &of)?;
        server.state().server = Some(Arc::clone(&found));
        Ok(found)
    }

    /// Follows no server any more. Whoever waits until all have started need not wait longer.
    pub(crate) fn close(&self) {
        self.state().closed = true;
        self.followers().abort_all();
        self.changed.send_modify(|changes| *changes += 1);
    }

    /// A server stands in another way, or offers something else.
    fn seen(&self, server: &ThreadServer, now: &ServerState) {
        let status = match now {
            // It is known to work.
            ServerState::Stopped | ServerState::Stopping | ServerState::Starting { quietly: true } => {
                return;
            }
            ServerState::Starting { quietly: false } => Status::Starting,
            ServerState::Ready(connection) => {
                self.tell_excess(server, "tools", connection.catalog().excess.as_deref());
                Status::Ready
            }
            ServerState::Failed(error) => Status::Failed(Arc::clone(error)),
        };
        self.set(server, &status);
    }

    /// Tells the user once what is left out of a list of a server.
    fn tell_excess(&self, server: &ThreadServer, what: &str, excess: Option<&str>) {
        let Some(excess) = excess else { return };
        let text = format!(
            "The MCP server `{}` lists {excess}; what is beyond that of its {what} is left out.",
            server.name
        );
        if !server.state().told.insert(what.to_owned()) {
            return;
        }
        match &self.place {
            Some((_, outbox)) => outbox.emit(Event::Warning(text)),
            None => tracing::warn!("{text}"),
        }
    }

    /// Who signs in to a server, and how it is reached; `None` for a process.
    pub(super) fn sign_in<'a>(&self, server: &'a ThreadServer) -> Option<(&'a McpHttp, Arc<SignIn>)> {
        match &server.config()?.transport {
            McpTransport::Http(http) => {
                Some((http, self.manager.sign_in(&server.name, http, &self.config())))
            }
            McpTransport::Stdio(_) => None,
        }
    }

    fn set(&self, server: &ThreadServer, status: &Status) {
        let is_new = {
            let mut of_server = server.state();
            let is_new = of_server.status != *status;
            of_server.status = status.clone();
            is_new
        };
        self.state().offer = None;
        if is_new {
            self.tell(server, status);
        }
        self.changed.send_modify(|changes| *changes += 1);
    }

    fn tell(&self, server: &ThreadServer, status: &Status) {
        let Some((_, outbox)) = &self.place else { return };
        let status = match status {
            Status::NotStarted => return,
            Status::Starting => McpServerStatus::Starting,
            Status::Ready => McpServerStatus::Ready,
            Status::Failed(error) => McpServerStatus::Failed {
                error: error.text.clone(),
                sign_in_again: error.sign_in == SignInNeed::Again,
            },
        };
        outbox.emit(Event::McpServerStatus {
            name: server.name.clone(),
            of_plugin: server.plugin().is_some(),
            status,
        });
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn followers(&self) -> MutexGuard<'_, JoinSet<()>> {
        self.followers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for ThreadMcp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ThreadMcp")
            .field("servers", &self.state().servers.len())
            .finish_non_exhaustive()
    }
}

/// Starts a server, and follows how it stands as long as the thread has it.
async fn follow(thread: Weak<ThreadMcp>, server: Arc<ThreadServer>, found: Result<Arc<McpServer>, String>) {
    let mut state = match found {
        Ok(mcp) => {
            mcp.forgive_after(AGAIN);
            mcp.begin(server.startup_timeout());
            mcp.watch()
        }
        Err(why) => {
            let Some(thread) = thread.upgrade() else { return };
            let error = StartError::new(&server.name, why);
            return thread.set(&server, &Status::Failed(Arc::new(error)));
        }
    };
    loop {
        let now = state.borrow_and_update().clone();
        let Some(thread) = thread.upgrade() else { return };
        thread.seen(&server, &now);
        drop((thread, now));
        if state.changed().await.is_err() {
            return;
        }
    }
}
