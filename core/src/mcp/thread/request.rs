//! What a thread asks its servers.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::{Map, Value, json};
use tokio::time::timeout;

use super::ThreadMcp;
use crate::mcp::connection::object;
use crate::mcp::error::CallError;
use crate::mcp::peer::CallHost;
use crate::mcp::thread_server::ThreadServer;

impl ThreadMcp {
    /// Asks a server something, within its time for calls.
    pub(crate) async fn request(
        &self,
        server: &ThreadServer,
        method: &'static str,
        params: Map<String, Value>,
    ) -> Result<Value, CallError> {
        let limit = server.tool_timeout();
        let asked = self.request_without_limit(server, method, params, Some(Arc::new(Declines)));
        match timeout(limit, asked).await {
            Ok(result) => result,
            Err(_) => Err(CallError::TimedOut { method, after: limit }),
        }
    }

    /// Asks a server something, as long as it takes.
    pub(crate) async fn request_without_limit(
        &self,
        server: &ThreadServer,
        method: &'static str,
        params: Map<String, Value>,
        host: Option<Arc<dyn CallHost>>,
    ) -> Result<Value, CallError> {
        let found = self.find_server(server).map_err(CallError::Transport)?;
        found
            .request(server.startup_timeout(), method, params, host)
            .await
    }

    /// All pages of a list of a server, within its time for calls, and no longer than it may take to start: others wait for
    /// it.
    pub(crate) async fn list(
        &self,
        server: &ThreadServer,
        method: &'static str,
        member: &str,
    ) -> Result<Vec<Value>, CallError> {
        let limit = server.tool_timeout().min(server.startup_timeout());
        let found = self.find_server(server).map_err(CallError::Transport)?;
        match timeout(limit, found.list(server.startup_timeout(), method, member)).await {
            Ok(listed) => {
                let listed = listed?;
                self.tell_excess(server, member, listed.excess.as_deref());
                Ok(listed.entries)
            }
            Err(_) => Err(CallError::TimedOut { method, after: limit }),
        }
    }
}

/// Whoever calls tools where nobody can be asked.
struct Declines;

impl CallHost for Declines {
    fn progress(&self, _: String) {}

    fn elicit(&self, _: Value) -> BoxFuture<'static, Value> {
        std::future::ready(json!({"action": "decline"})).boxed()
    }
}

/// Parameters of `tools/call`.
pub(crate) fn call_params(tool: &str, arguments: Value, meta: Option<Value>) -> Map<String, Value> {
    let mut params = object(json!({"name": tool}));
    if !arguments.is_null() {
        params.insert("arguments".to_owned(), arguments);
    }
    if let Some(meta) = meta {
        params.insert("_meta".to_owned(), meta);
    }
    params
}
