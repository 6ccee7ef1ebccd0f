//! Servers of the Model Context Protocol, as clients ask for them (docs/contract/mcp.md#methods).

use std::sync::Arc;

use futures_util::future::join_all;
use serde_json::{Map, Value};

use super::assemble::Assembled;
use super::{Engine, ThreadHandle};
use crate::mcp::{DirectError, LoginStarted, McpLogin, ServerReport, ThreadMcp};
use crate::plugins::load_with_mcp_servers;
use crate::{Error, Result};

impl Engine {
    /// Has all loaded threads read again which servers there are. Those that are new or have changed are started, as are
    /// those that have failed.
    pub async fn reload_mcp_servers(&self) {
        let handles = self.handles();
        join_all(handles.iter().map(|handle| handle.mcp.reload())).await;
    }

    /// What is known of the servers of the configuration, or of the one of this name; `full`: with their resources. Those
    /// that don't run are started, and ended then.
    pub async fn mcp_servers(&self, name: Option<&str>, full: bool) -> Result<Vec<ServerReport>> {
        let servers = self.servers_apart().await?;
        Ok(servers.0.report(name, full, false).await)
    }

    /// Whether a server of a thread, or of the configuration, belongs to a plugin.
    pub async fn is_of_plugin(&self, thread: Option<&ThreadHandle>, server: &str) -> Result<bool> {
        let found = match thread {
            Some(thread) => thread.mcp.server(server),
            None => self.servers_apart().await?.0.server(server),
        };
        Ok(found.is_some_and(|server| server.plugin().is_some()))
    }

    /// Reads a resource of a server of the configuration, which is started for it if need be.
    pub async fn read_mcp_resource(
        &self,
        server: &str,
        uri: &str,
        meta: Option<Map<String, Value>>,
    ) -> Result<std::result::Result<Vec<Value>, DirectError>> {
        let servers = self.servers_apart().await?;
        Ok(servers.0.read_resource(server, uri, meta).await)
    }

    /// Begins to sign in to a server of a thread, or of the configuration. `on_end` hears how it ended; loaded threads use
    /// the server from then on. The error says why it can't begin.
    pub async fn sign_in_to_mcp_server(
        self: &Arc<Self>,
        thread: Option<&ThreadHandle>,
        login: McpLogin,
        on_end: impl FnOnce(std::result::Result<(), String>) + Send + 'static,
    ) -> Result<std::result::Result<LoginStarted, DirectError>> {
        let apart;
        let servers = match thread {
            Some(thread) => &thread.mcp,
            None => {
                apart = self.servers_apart().await?;
                &apart.0
            }
        };
        let (engine, name) = (Arc::downgrade(self), login.name.clone());
        let began = servers
            .begin_login(login, move |ended| {
                if let (Ok(()), Some(engine)) = (&ended, engine.upgrade()) {
                    let handles = engine.handles();
                    for handle in handles {
                        handle.mcp.restart(&name);
                    }
                }
                on_end(ended);
            })
            .await;
        Ok(began)
    }

    /// The servers of the configuration, of no thread.
    async fn servers_apart(&self) -> Result<Apart> {
        let source = &self.options.config;
        let config = load_with_mcp_servers(source, source.codex_home.clone(), Vec::new())
            .await
            .map_err(|error| Error::unreadable_config(&error))?;
        let servers = ThreadMcp::apart(Arc::clone(&self.mcp), config);
        Ok(Apart(servers))
    }
}

/// Servers of no thread. They are let go of with this, also when nobody waits for what was asked any more.
struct Apart(Arc<ThreadMcp>);

impl Drop for Apart {
    fn drop(&mut self) {
        self.0.release_all();
    }
}

impl ThreadHandle {
    /// What is known of its servers, or of the one of this name, once none is being started any more.
    pub async fn mcp_servers(&self, name: Option<&str>, full: bool) -> Vec<ServerReport> {
        self.mcp.report(name, full, true).await
    }

    /// Calls a tool of a server. Nobody is asked whether it may, and no item is told.
    pub async fn call_mcp_tool(
        &self,
        server: &str,
        tool: &str,
        arguments: Value,
        meta: Option<Value>,
    ) -> std::result::Result<Value, DirectError> {
        self.mcp.call_for_client(server, tool, arguments, meta).await
    }

    /// Reads a resource of a server.
    pub async fn read_mcp_resource(
        &self,
        server: &str,
        uri: &str,
        meta: Option<Map<String, Value>>,
    ) -> std::result::Result<Vec<Value>, DirectError> {
        self.mcp.read_resource(server, uri, meta).await
    }
}

impl Assembled {
    /// The same with the MCP servers started without which it can't be.
    pub(super) async fn with_required_servers(self) -> Result<Self> {
        let started = self.services.mcp.start_required().await;
        started.map(|()| self).map_err(|why| {
            Error::internal(format!(
                "error creating thread: Fatal error: Failed to initialize session: {why}"
            ))
        })
    }
}
