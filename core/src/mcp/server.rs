//! One server for the whole daemon: started when it is first needed, shared by all threads that have configured the same,
//! ended when nobody has needed it for a while, and started again once if it ends by itself.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Map, Value};
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::connection::{Catalog, Connection};
use super::error::{CallError, StartError};
use super::http::SESSION_LOST;
use super::launch::Launch;
use super::peer::CallHost;

/// A server that has lived for so long may be started again once more.
const FORGIVEN: Duration = Duration::from_secs(600);

/// A start that has failed so long ago may be tried again by those who come anew.
const AGAIN: Duration = Duration::from_secs(5);

/// How a server stands.
#[derive(Clone)]
pub(super) enum ServerState {
    /// Nobody needs it now.
    Stopped,
    /// It is being started.
    Starting {
        /// It is known to work, and nobody need be told.
        quietly: bool,
    },
    /// It answers.
    Ready(Arc<Connection>),
    /// It could not be started, or has ended again and again.
    Failed(Arc<StartError>),
}

/// See the module.
pub(crate) struct McpServer {
    /// Its name in the configuration.
    name: String,
    pub(super) launch: Launch,
    state: watch::Sender<ServerState>,
    /// A lock, because calls of all threads come to it; held for a few instructions.
    usage: Mutex<Usage>,
}

struct Usage {
    /// Requests in flight.
    in_flight: usize,
    last: Instant,
    /// When it was started again because it had ended by itself.
    restarted: Option<Instant>,
    /// When it could not be started.
    start_failed: Option<Instant>,
    /// Ends what runs now.
    stop: CancellationToken,
    /// What it offered when it was last asked.
    catalog: Option<Arc<Catalog>>,
    /// It is never started again.
    over: bool,
}

impl McpServer {
    pub(super) fn new(name: &str, launch: Launch) -> Arc<Self> {
        Arc::new(Self {
            name: name.to_owned(),
            launch,
            state: watch::Sender::new(ServerState::Stopped),
            usage: Mutex::new(Usage {
                in_flight: 0,
                last: Instant::now(),
                restarted: None,
                start_failed: None,
                stop: CancellationToken::new(),
                catalog: None,
                over: false,
            }),
        })
    }

    /// Its name in the configuration.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// What it offered when it was last asked.
    pub(super) fn catalog(&self) -> Option<Arc<Catalog>> {
        self.usage().catalog.clone()
    }

    /// How it stands, from now on.
    pub(super) fn watch(&self) -> watch::Receiver<ServerState> {
        self.state.subscribe()
    }

    /// Starts it if it does not run, within this time. A server that has failed stays so until [`Self::forgive`].
    pub(super) fn begin(self: &Arc<Self>, within: Duration) {
        let stop = {
            let mut usage = self.usage();
            if usage.over {
                return;
            }
            usage.last = Instant::now();
            let quietly = usage.catalog.is_some();
            let begins = self.state.send_if_modified(|state| {
                let begins = matches!(state, ServerState::Stopped);
                if begins {
                    *state = ServerState::Starting { quietly };
                }
                begins
            });
            if !begins {
                return;
            }
            usage.stop = CancellationToken::new();
            usage.stop.clone()
        };
        tokio::spawn(Arc::clone(self).run(within, stop));
    }

    /// A server that has failed may be started again.
    pub(super) fn forgive(&self) {
        {
            let mut usage = self.usage();
            usage.restarted = None;
            usage.start_failed = None;
        }
        self.state.send_if_modified(|state| {
            let failed = matches!(state, ServerState::Failed(_));
            if failed {
                *state = ServerState::Stopped;
            }
            failed
        });
    }

    /// A server that could not be started a while ago may be tried again: somebody needs it who did not then.
    pub(super) fn forgive_failed_start(&self) {
        let failed = self.usage().start_failed;
        if failed.is_some_and(|failed| failed.elapsed() > AGAIN) {
            self.forgive();
        }
    }

    /// The conversation with it, which begins if need be.
    pub(super) async fn connect(
        self: &Arc<Self>,
        within: Duration,
    ) -> Result<Arc<Connection>, Arc<StartError>> {
        let mut state = self.state.subscribe();
        loop {
            let now = state.borrow_and_update().clone();
            match now {
                ServerState::Ready(connection) if !connection.peer.is_closed() => return Ok(connection),
                ServerState::Failed(error) => return Err(error),
                ServerState::Stopped if self.usage().over => {
                    return Err(Arc::new(StartError::new(
                        &self.name,
                        "the server is shutting down",
                    )));
                }
                ServerState::Stopped => self.begin(within),
                // It is being started, or about to be.
                ServerState::Starting { .. } | ServerState::Ready(_) => {
                    // The sender is ours.
                    let _ = state.changed().await;
                }
            }
        }
    }

    /// Asks it something. A session that the server has forgotten is begun anew, once.
    pub(super) async fn request(
        self: &Arc<Self>,
        within: Duration,
        method: &str,
        params: Map<String, Value>,
        host: Option<Arc<dyn CallHost>>,
    ) -> Result<Value, CallError> {
        let _in_use = InUse::new(self);
        let connection = self.connected(within).await?;
        match connection
            .peer
            .request(method, params.clone(), host.clone())
            .await
        {
            Err(CallError::SessionLost) => {
                let connection = self.connected(within).await?;
                connection.peer.request(method, params, host).await
            }
            result => result,
        }
    }

    /// All pages of a list of it.
    pub(super) async fn list(
        self: &Arc<Self>,
        within: Duration,
        method: &str,
        member: &str,
    ) -> Result<Vec<Value>, CallError> {
        let _in_use = InUse::new(self);
        let connection = self.connected(within).await?;
        Ok(connection.list(method, member).await?.0)
    }

    async fn connected(self: &Arc<Self>, within: Duration) -> Result<Arc<Connection>, CallError> {
        let connected = self.connect(within).await;
        connected.map_err(|error| CallError::Transport(format!("failed to get client: {}", error.cause)))
    }

    /// Runs it until it is to stop, or ends again and again.
    async fn run(self: Arc<Self>, within: Duration, stop: CancellationToken) {
        let _fails = FailsOnPanic(&self);
        loop {
            let opening = tokio::time::timeout(within, Connection::open(&self.name, &self.launch));
            let opened = tokio::select! {
                biased;
                () = stop.cancelled() => {
                    self.state.send_replace(ServerState::Stopped);
                    return;
                }
                opened = opening => opened,
            };
            let connection = match opened {
                Ok(Ok(connection)) => Arc::new(connection),
                Ok(Err(error)) => return self.start_failed(error),
                Err(_) => return self.start_failed(StartError::timed_out(&self.name, within)),
            };
            self.usage().catalog = Some(connection.catalog());
            self.state
                .send_replace(ServerState::Ready(Arc::clone(&connection)));
            let Some(why) = self.watch_over(&connection, &stop).await else {
                self.state.send_replace(ServerState::Stopped);
                connection.end().await;
                return;
            };
            if why == SESSION_LOST {
                self.state.send_replace(ServerState::Starting { quietly: true });
                continue;
            }
            if !self.may_restart() {
                return self.failed(StartError::new(&self.name, why));
            }
            tracing::warn!(server = self.name, "an MCP server is started again: {why}");
            self.state.send_replace(ServerState::Starting { quietly: false });
        }
    }

    fn start_failed(&self, error: StartError) {
        self.usage().start_failed = Some(Instant::now());
        self.failed(error);
    }

    fn failed(&self, error: StartError) {
        tracing::warn!(server = self.name, "{error}");
        self.state.send_replace(ServerState::Failed(Arc::new(error)));
    }

    /// Whether it may be started again though it has ended by itself.
    fn may_restart(&self) -> bool {
        let mut usage = self.usage();
        let may = usage.restarted.is_none_or(|last| last.elapsed() > FORGIVEN);
        if may {
            usage.restarted = Some(Instant::now());
        }
        may
    }

    /// Follows a conversation to its end; gives why it is over. `None`: it is to stop.
    async fn watch_over(&self, connection: &Arc<Connection>, stop: &CancellationToken) -> Option<String> {
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => return None,
                why = connection.peer.closed() => return Some(why),
                () = connection.peer.tools_changed() => {}
            }
            let reload = tokio::select! {
                biased;
                () = stop.cancelled() => return None,
                reload = connection.reload() => reload,
            };
            if let Err(error) = reload {
                tracing::warn!(
                    server = self.name,
                    "the tools of an MCP server can't be listed again: {error}"
                );
                continue;
            }
            self.usage().catalog = Some(connection.catalog());
            self.state.send_modify(|_| {});
        }
    }

    /// Ends it; the next need starts it again, unless `forever`.
    pub(super) fn stop(&self, forever: bool) {
        let mut usage = self.usage();
        usage.over |= forever;
        usage.stop.cancel();
    }

    /// Resolves when it does not run.
    pub(super) async fn stopped(&self) {
        let mut state = self.state.subscribe();
        let is_over = |state: &ServerState| matches!(state, ServerState::Stopped | ServerState::Failed(_));
        // The sender is ours.
        let _ = state.wait_for(is_over).await;
    }

    /// When it was last needed, if it runs and nobody needs it now.
    pub(super) fn idle_since(&self) -> Option<Instant> {
        let is_ready = matches!(*self.state.borrow(), ServerState::Ready(_));
        let usage = self.usage();
        (is_ready && usage.in_flight == 0).then_some(usage.last)
    }

    /// Whether it runs, or is being started.
    pub(super) fn is_running(&self) -> bool {
        matches!(
            *self.state.borrow(),
            ServerState::Ready(_) | ServerState::Starting { .. }
        )
    }

    fn usage(&self) -> MutexGuard<'_, Usage> {
        self.usage.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A server whose task has panicked has failed: nobody waits for it in vain.
struct FailsOnPanic<'a>(&'a McpServer);

impl Drop for FailsOnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() && self.0.is_running() {
            self.0
                .failed(StartError::new(&self.0.name, "its task has ended unexpectedly"));
        }
    }
}

/// Somebody needs the server.
struct InUse<'a>(&'a McpServer);

impl<'a> InUse<'a> {
    fn new(server: &'a McpServer) -> Self {
        server.usage().in_flight += 1;
        Self(server)
    }
}

impl Drop for InUse<'_> {
    fn drop(&mut self) {
        let mut usage = self.0.usage();
        usage.in_flight -= 1;
        usage.last = Instant::now();
    }
}
