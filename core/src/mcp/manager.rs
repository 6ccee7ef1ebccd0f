//! All servers of the daemon.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::{Instant, sleep, timeout_at};

use super::launch::Launch;
use super::oauth::{Credentials, SignIn};
use super::server::McpServer;
use crate::config::{Config, McpHttp, McpServerConfig};

/// How long a server runs that nobody needs.
const IDLE: Duration = Duration::from_secs(600);
/// How often idle servers are looked for, at most.
const LOOK: Duration = Duration::from_secs(15);

/// Names the variable that changes how long a server runs that nobody needs, in milliseconds: tests can't wait so long.
const IDLE_VARIABLE: &str = "CODEX_MCP_IDLE_MS";

/// See the module. Costs nothing before a server is needed.
pub(crate) struct McpManager {
    /// A lock, because threads come from anywhere; held for a few instructions.
    servers: Mutex<Vec<Arc<McpServer>>>,
    credentials: Arc<Credentials>,
    /// Somebody looks for idle servers.
    looks: AtomicBool,
    /// No server is started any more.
    over: AtomicBool,
}

impl McpManager {
    /// Of a home. Reads nothing.
    pub(crate) fn new(codex_home: PathBuf) -> Arc<Self> {
        Arc::new(Self {
            servers: Mutex::default(),
            credentials: Credentials::new(codex_home),
            looks: AtomicBool::new(false),
            over: AtomicBool::new(false),
        })
    }

    /// Who signs in to a server.
    pub(super) fn sign_in(&self, name: &str, http: &McpHttp, of: &Config) -> Arc<SignIn> {
        self.credentials.sign_in(name, http, of.mcp_credentials_store)
    }

    /// The server of this configuration for those who work in this folder; it need not run. The error says what is
    /// missing.
    pub(super) fn server(
        self: &Arc<Self>,
        name: &str,
        config: &McpServerConfig,
        cwd: &Path,
        of: &Config,
    ) -> Result<Arc<McpServer>, String> {
        let launch = Launch::of(name, config, cwd, |http| self.sign_in(name, http, of))?;
        let mut servers = self.servers();
        let known = servers
            .iter()
            .find(|server| server.name() == name && server.launch == launch);
        if let Some(known) = known {
            return Ok(Arc::clone(known));
        }
        let server = McpServer::new(name, launch);
        if self.over.load(Ordering::Relaxed) {
            // It is never started.
            server.stop(true);
            return Ok(server);
        }
        servers.push(Arc::clone(&server));
        drop(servers);
        self.look_for_idle();
        Ok(server)
    }

    /// Ends a server at once if nobody but the caller knows it. It stays in the list until its process has ended, so that
    /// whoever needs it meanwhile waits for that and starts it again.
    pub(super) fn release(&self, server: &Arc<McpServer>) {
        let mut servers = self.servers();
        let is_running = server.is_running();
        // Ours, that of the list, and that of its own task.
        let known_to = if is_running { 3 } else { 2 };
        if Arc::strong_count(server) > known_to {
            return;
        }
        if is_running {
            server.stop(false);
        } else {
            servers.retain(|other| !Arc::ptr_eq(other, server));
        }
    }

    /// From now on, servers are ended that nobody has needed for a while.
    fn look_for_idle(self: &Arc<Self>) {
        if self.looks.swap(true, Ordering::Relaxed) {
            return;
        }
        let idle = std::env::var(IDLE_VARIABLE)
            .ok()
            .and_then(|time| time.parse().ok())
            .map_or(IDLE, Duration::from_millis);
        let manager = Arc::downgrade(self);
        tokio::spawn(async move {
            loop {
                sleep(LOOK.min(idle)).await;
                if !Weak::upgrade(&manager).is_some_and(|manager| manager.end_idle(idle)) {
                    return;
                }
            }
        });
    }

    /// Ends idle servers, and forgets those that nobody knows. False: there are none, and nobody looks any more.
    fn end_idle(&self, idle: Duration) -> bool {
        let mut servers = self.servers();
        for server in servers.iter() {
            if server.stop_if_idle(idle) {
                tracing::info!(server = server.name(), "an idle MCP server is ended");
            }
        }
        servers.retain(|server| Arc::strong_count(server) > 1 || server.is_running());
        if servers.is_empty() {
            self.looks.store(false, Ordering::Relaxed);
        }
        !servers.is_empty()
    }

    /// Ends all servers, until then at most; what still runs is ended with the process.
    pub(crate) async fn shutdown(&self, end: Instant) {
        self.over.store(true, Ordering::Relaxed);
        let servers = std::mem::take(&mut *self.servers());
        for server in &servers {
            server.stop(true);
        }
        let stopped = join_all(servers.iter().map(|server| server.stopped()));
        if timeout_at(end, stopped).await.is_err() {
            tracing::warn!("some MCP servers did not end in time");
        }
    }

    fn servers(&self) -> MutexGuard<'_, Vec<Arc<McpServer>>> {
        self.servers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for McpManager {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("McpManager")
            .field("servers", &self.servers().len())
            .finish_non_exhaustive()
    }
}
