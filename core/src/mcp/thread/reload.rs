//! What follows when the configuration of servers changes, or a user has signed in to one.

use std::sync::Arc;

use super::ThreadMcp;
use crate::mcp::thread_server::{Status, servers_of};
use crate::plugins::load_with_mcp_servers;

impl ThreadMcp {
    /// Reads the configuration again: new servers, those that have changed and those that have failed are started; of the
    /// others it is told that they are ready.
    pub(crate) async fn reload(self: &Arc<Self>) {
        let Some((origin, _)) = &self.place else { return };
        let loaded = load_with_mcp_servers(&origin.source, origin.cwd.clone(), origin.overrides.clone());
        let config = match loaded.await {
            Ok(config) => Arc::new(config),
            Err(error) => {
                tracing::warn!("the MCP servers of a thread could not be read again: {error}");
                return;
            }
        };
        let mut new = servers_of(&config);
        let mut kept = Vec::new();
        let mut gone = Vec::new();
        let mut begin = Vec::new();
        {
            let mut state = self.state();
            for (name, server) in &mut new {
                match state.servers.remove(name) {
                    Some(old) if old.config == server.config => {
                        *server = Arc::clone(&old);
                        kept.push(old);
                    }
                    old => {
                        gone.extend(old);
                        begin.push(Arc::clone(server));
                    }
                }
            }
            gone.extend(std::mem::replace(&mut state.servers, new).into_values());
            state.config = config;
            state.offer = None;
        }
        for server in kept {
            if matches!(server.status(), Status::Failed(_)) {
                if let Some(mcp) = server.take_server() {
                    mcp.forgive();
                }
                begin.push(server);
            } else if server.status() == Status::Ready {
                self.tell(&server.name, &Status::Ready);
            }
        }
        for server in begin {
            self.start_one(server);
        }
        for server in gone {
            let mcp = server.take_server();
            drop(server);
            if let Some(mcp) = mcp {
                self.manager.release(&mcp);
            }
        }
    }

    /// Starts a server anew, once its user has signed in. One that is ready stays as it is.
    pub(crate) fn restart(self: &Arc<Self>, name: &str) {
        let Some(server) = self.server(name) else { return };
        if server.status() == Status::Ready {
            return;
        }
        if let Some(mcp) = server.take_server() {
            mcp.forgive();
        }
        self.start_one(server);
    }
}
