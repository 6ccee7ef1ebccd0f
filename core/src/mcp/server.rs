//! One server for the whole daemon: started when it is first needed, shared by all threads that have configured the same,
//! ended when nobody has needed it for a while, and started again once if it ends by itself. `run` is its task.

mod run;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Map, Value};
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::connection::{Catalog, Connection};
use super::error::{CallError, StartError};
use super::launch::Launch;
use super::listing::Listed;
use super::peer::CallHost;

/// How a server stands. Its task (`run`) is alive from `Starting` to `Stopped` or `Failed`, and it alone
/// leaves `Starting`, `Ready` and `Stopping`, but that a stop is noted at once:
///
/// ```text
/// Stopped ──begin──▶ Starting ──▶ Ready ──stop──▶ Stopping ──▶ Stopped, or Starting if somebody needs it again
///                     │  ▲          │
///                     │  └──────────┘ it has ended by itself, or forgotten the session
///                     └────▶ Failed ──forgive──▶ Stopped
/// ```
///
/// In `Stopped` and `Failed` there is no process.
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
    /// It is being ended.
    Stopping,
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
    /// When it has failed.
    failed: Option<Instant>,
    /// Ends what runs now.
    stop: CancellationToken,
    /// It is being ended, but somebody needs it again, who gives it so long to start.
    again: Option<Duration>,
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
                failed: None,
                stop: CancellationToken::new(),
                again: None,
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

    /// Starts it if it does not run, within this time; one that is being ended is started once it has. A server that has
    /// failed stays so until [`Self::forgive`]. False: it is never started again.
    pub(super) fn begin(self: &Arc<Self>, within: Duration) -> bool {
        let stop = {
            let mut usage = self.usage();
            if usage.over {
                return false;
            }
            usage.last = Instant::now();
            let quietly = usage.catalog.is_some();
            let mut begins = false;
            self.state.send_if_modified(|state| {
                match state {
                    ServerState::Stopped => {
                        *state = ServerState::Starting { quietly };
                        begins = true;
                    }
                    ServerState::Stopping => usage.again = Some(within),
                    ServerState::Starting { .. } | ServerState::Ready(_) | ServerState::Failed(_) => {}
                }
                begins
            });
            if !begins {
                return true;
            }
            usage.stop = CancellationToken::new();
            usage.stop.clone()
        };
        tokio::spawn(run::run(Arc::clone(self), within, stop));
        true
    }

    /// A server that has failed may be started again.
    pub(super) fn forgive(&self) {
        let mut usage = self.usage();
        self.state.send_if_modified(|state| {
            let failed = matches!(state, ServerState::Failed(_));
            if failed {
                usage.restarted = None;
                *state = ServerState::Stopped;
            }
            failed
        });
    }

    /// A server that failed so long ago may be started again: somebody needs it who did not then.
    pub(super) fn forgive_after(&self, time: Duration) {
        let failed = self.usage().failed;
        if failed.is_some_and(|failed| failed.elapsed() >= time) {
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
                ServerState::Ready(connection) if !connection.peer.is_over() => return Ok(connection),
                ServerState::Failed(error) => return Err(error),
                ServerState::Stopped | ServerState::Stopping => {
                    if !self.begin(within) {
                        let why = "the server is shutting down";
                        return Err(Arc::new(StartError::new(&self.name, why)));
                    }
                }
                // It is being started, or about to be.
                ServerState::Starting { .. } | ServerState::Ready(_) => {}
            }
            // The sender is ours.
            let _ = state.changed().await;
        }
    }

    /// Asks it something. A session that the server has forgotten is begun anew, once for all who find that out, and each
    /// of them asks once more.
    pub(super) async fn request(
        self: &Arc<Self>,
        within: Duration,
        method: &str,
        params: Map<String, Value>,
        host: Option<Arc<dyn CallHost>>,
    ) -> Result<Value, CallError> {
        let _in_use = InUse::new(self);
        let connection = self.connected(within).await?;
        let result = connection
            .peer
            .request(method, params.clone(), host.clone())
            .await;
        match result {
            Err(CallError::SessionLost) => {
                let connection = self.connected(within).await?;
                connection.peer.request(method, params, host).await
            }
            result => result,
        }
    }

    /// All pages of a list of it; a lost session as in [`Self::request`].
    pub(super) async fn list(
        self: &Arc<Self>,
        within: Duration,
        method: &str,
        member: &str,
    ) -> Result<Listed, CallError> {
        let _in_use = InUse::new(self);
        let connection = self.connected(within).await?;
        match connection.list(method, member).await {
            Err(CallError::SessionLost) => self.connected(within).await?.list(method, member).await,
            listed => listed,
        }
    }

    async fn connected(self: &Arc<Self>, within: Duration) -> Result<Arc<Connection>, CallError> {
        let connected = self.connect(within).await;
        connected.map_err(|error| CallError::Transport(format!("failed to get client: {}", error.cause)))
    }

    /// Ends it; the next need starts it again, unless `forever`.
    pub(super) fn stop(&self, forever: bool) {
        self.stop_with(&mut self.usage(), forever);
    }

    /// Ends it if it runs, and nobody has needed it for so long. Gives whether it does.
    pub(super) fn stop_if_idle(&self, time: Duration) -> bool {
        let is_ready = matches!(*self.state.borrow(), ServerState::Ready(_));
        let mut usage = self.usage();
        let is_idle = is_ready && usage.in_flight == 0 && usage.last.elapsed() >= time;
        if is_idle {
            self.stop_with(&mut usage, false);
        }
        is_idle
    }

    fn stop_with(&self, usage: &mut Usage, forever: bool) {
        usage.over |= forever;
        usage.again = None;
        let runs = self.state.send_if_modified(|state| {
            let runs = matches!(state, ServerState::Starting { .. } | ServerState::Ready(_));
            if runs {
                *state = ServerState::Stopping;
            }
            runs
        });
        if runs {
            usage.stop.cancel();
        }
    }

    /// Resolves when it does not run.
    pub(super) async fn stopped(&self) {
        let mut state = self.state.subscribe();
        let is_over = |state: &ServerState| matches!(state, ServerState::Stopped | ServerState::Failed(_));
        // The sender is ours.
        let _ = state.wait_for(is_over).await;
    }

    /// Whether it runs, or is being started or ended.
    pub(super) fn is_running(&self) -> bool {
        !matches!(
            *self.state.borrow(),
            ServerState::Stopped | ServerState::Failed(_)
        )
    }

    fn usage(&self) -> MutexGuard<'_, Usage> {
        self.usage.lock().unwrap_or_else(PoisonError::into_inner)
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
