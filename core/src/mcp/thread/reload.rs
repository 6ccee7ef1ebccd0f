//! What follows when the configuration of servers changes, or a user has signed in to one.

use std::sync::Arc;

use super::ThreadMcp;
use crate::mcp::thread_server::{Status, ThreadServer, servers_of};
use crate::plugins::load_with_mcp_servers;

impl ThreadMcp {
    /// Reads the configuration again: new servers, those that have changed and those that have failed are started; of the
    /// others it is told that they are ready.
    pub(crate) async fn reload(self: &Arc<Self>) {
        let Some((origin, _)) = &self.place else { return };
        let loaded = load_with_mcp_servers(&origin.source, origin.cwd.clone(), origin.overrides.clone());
        let config = match loaded.await {
            Ok(config) => config,
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
        // Those that start are known before others are let go of: what is launched may be the same.
        for server in begin {
            self.start_one(&server);
        }
        for server in kept {
            self.start_again(&server);
        }
        for server in gone {
            if let Some(mcp) = server.take_server() {
                self.manager.release(&mcp);
            }
        }
    }

    /// Starts a server whose table is as it was, if it has failed or something else decides now what is launched. Of one that
    /// is ready it is told.
    fn start_again(self: &Arc<Self>, server: &Arc<ThreadServer>) {
        if server.is_disabled() {
            return;
        }
        let old = server.take_known();
        let is_same = match (&old, self.find_server(server)) {
            (Some(old), Ok(new)) => Arc::ptr_eq(old, &new),
            (None, Err(_)) => true,
            _ => false,
        };
        let failed = matches!(server.status(), Status::Failed(_));
        if is_same && !failed {
            if server.status() == Status::Ready {
                self.tell(server, &Status::Ready);
            }
            return;
        }
        if let Some(old) = old {
            old.forgive();
            self.manager.release(&old);
        }
        self.start_one(server);
    }

    /// Starts a server anew, once its user has signed in. One that is ready stays as it is.
    pub(crate) fn restart(self: &Arc<Self>, name: &str) {
        let Some(server) = self.server(name) else { return };
        if server.status() == Status::Ready {
            return;
        }
        if let Ok(mcp) = self.find_server(&server) {
            mcp.forgive();
        }
        self.start_one(&server);
    }
}
