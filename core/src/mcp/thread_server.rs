//! A server of one thread: its configuration, and how it stands.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::task::AbortHandle;

use super::connection::Catalog;
use super::error::StartError;
use super::server::McpServer;
use crate::config::{Config, McpServerConfig, PluginOfServer};

/// A server as a thread sees it.
pub(crate) struct ThreadServer {
    pub(super) name: String,
    pub(super) config: Result<Arc<McpServerConfig>, String>,
    /// A lock, because calls run side by side; held for a few instructions.
    state: Mutex<ServerOfThread>,
    /// Held by the call that runs, where only one may.
    serial: tokio::sync::Mutex<()>,
}

pub(super) struct ServerOfThread {
    /// Once it has been looked for.
    pub(super) server: Option<Arc<McpServer>>,
    pub(super) status: Status,
    /// The task that follows it.
    pub(super) follower: Option<AbortHandle>,
    /// What the user has been told of what is left out of its lists.
    pub(super) told: BTreeSet<String>,
}

/// How a server stands for a thread.
#[derive(Clone, PartialEq)]
pub(super) enum Status {
    NotStarted,
    Starting,
    Ready,
    Failed(Arc<StartError>),
}

impl ThreadServer {
    /// Its name in the configuration.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Its configuration, if that can be used.
    pub(crate) fn config(&self) -> Option<&Arc<McpServerConfig>> {
        self.config.as_ref().ok()
    }

    /// The plugin that it belongs to.
    pub(crate) fn plugin(&self) -> Option<&PluginOfServer> {
        self.config()?.plugin.as_ref()
    }

    /// What clients and models are told of a tool of it: its own description, and the plugin that it comes with.
    pub(super) fn description(&self, tool: &Value) -> String {
        let own = tool["description"].as_str().unwrap_or_default();
        let Some(plugin) = self.plugin() else {
            return own.to_owned();
        };
        let own = own.trim_end();
        let end = if own.is_empty() || own.ends_with('.') {
            ""
        } else {
            "."
        };
        let sentence = format!("{own}{end} It comes with the plugin `{}`.", plugin.name);
        sentence.trim_start().to_owned()
    }

    /// Whether the user has switched it off.
    pub(crate) fn is_disabled(&self) -> bool {
        self.config.as_ref().is_ok_and(|config| !config.enabled)
    }

    /// Whether a tool of it, as it describes it, is used.
    pub(super) fn uses(&self, tool: &Value) -> bool {
        let Ok(config) = &self.config else { return false };
        let fits = config
            .input_schema_limit
            .is_none_or(|limit| tool["inputSchema"].to_string().len() <= limit);
        fits && tool["name"].as_str().is_some_and(|name| config.uses(name))
    }

    /// Waits until no other call of the thread runs, where only one may.
    pub(crate) async fn my_turn(&self) -> Option<tokio::sync::MutexGuard<'_, ()>> {
        match &self.config {
            Ok(config) if config.parallel => None,
            _ => Some(self.serial.lock().await),
        }
    }

    /// How long a call may take.
    pub(crate) fn tool_timeout(&self) -> Duration {
        let config = self.config.as_ref();
        config.map_or_else(|_| Duration::from_secs(120), |config| config.tool_timeout)
    }

    /// How long it may take to start.
    pub(super) fn startup_timeout(&self) -> Duration {
        let config = self.config.as_ref();
        config.map_or_else(|_| Duration::from_secs(30), |config| config.startup_timeout)
    }

    /// How it stands.
    pub(super) fn status(&self) -> Status {
        self.state().status.clone()
    }

    /// What it offers, if it can be used. A server that is being started anew still offers what it did.
    pub(super) fn catalog(&self) -> Option<Arc<Catalog>> {
        let state = self.state();
        match state.status {
            Status::Failed(_) => None,
            _ => state.server.as_ref()?.catalog(),
        }
    }

    /// The server behind it, of which it knows nothing any more; nobody follows it.
    pub(super) fn take_server(&self) -> Option<Arc<McpServer>> {
        self.follow_with(None);
        self.take_known()
    }

    /// The server behind it, which has to be looked for again.
    pub(super) fn take_known(&self) -> Option<Arc<McpServer>> {
        self.state().server.take()
    }

    /// From now on, this task follows it, and no other.
    pub(super) fn follow_with(&self, task: Option<AbortHandle>) {
        let old = std::mem::replace(&mut self.state().follower, task);
        if let Some(old) = old {
            old.abort();
        }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, ServerOfThread> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) fn servers_of(config: &Config) -> BTreeMap<String, Arc<ThreadServer>> {
    let servers = config.mcp_servers.iter().map(|(name, config)| {
        let server = ThreadServer {
            name: name.clone(),
            config: config.clone(),
            state: Mutex::new(ServerOfThread {
                server: None,
                status: Status::NotStarted,
                follower: None,
                told: BTreeSet::new(),
            }),
            serial: tokio::sync::Mutex::default(),
        };
        (name.clone(), Arc::new(server))
    });
    servers.collect()
}
