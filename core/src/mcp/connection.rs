//! A conversation with a server that has begun: the handshake, and what it offers.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Map, Value, json};

use super::error::{CallError, StartError};
use super::http::HttpServer;
use super::launch::Launch;
use super::peer::Peer;
use super::stdio::StdioServer;
use crate::CONTRACT_VERSION;

/// The revision of the protocol that is asked for.
const PROTOCOL: &str = "2025-06-18";
/// Pages of a list, and entries of all of them, at most.
const MAX_PAGES: usize = 100;
const MAX_ENTRIES: usize = 4096;

const METHOD_NOT_FOUND: i64 = -32601;

/// What a server says of itself, and its tools.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Catalog {
    /// `serverInfo`
    pub server_info: Value,
    /// `capabilities`
    pub capabilities: Value,
    /// How to use it, for the model.
    pub instructions: Option<String>,
    /// Its tools as it describes them. Each has a name, and a schema of its input.
    pub tools: Vec<Value>,
    /// `_meta` of the list of tools.
    pub tools_meta: Option<Value>,
}

/// See the module. It is over when this is dropped.
pub(super) struct Connection {
    pub(super) peer: Peer,
    link: Link,
    /// A lock, because servers change their tools; held for a copy.
    catalog: Mutex<Arc<Catalog>>,
}

enum Link {
    Stdio(StdioServer),
    Http(HttpServer),
}

impl Connection {
    /// Starts a server, or reaches it, and learns what it offers. The caller sets the limit of time.
    pub(super) async fn open(name: &str, launch: &Launch) -> Result<Self, StartError> {
        let failed = |why: String| StartError::new(name, why);
        let (peer, link) = match launch {
            Launch::Stdio(launch) => {
                let (peer, server) = StdioServer::start(name, launch).map_err(failed)?;
                (peer, Link::Stdio(server))
            }
            Launch::Http(launch) => {
                let (peer, server) = launch.start(name).await?;
                (peer, Link::Http(server))
            }
        };
        let connection = Self {
            peer,
            link,
            catalog: Mutex::default(),
        };
        match connection.handshake().await {
            Ok(catalog) => {
                connection.set_catalog(catalog);
                Ok(connection)
            }
            Err((step, error)) => {
                connection.end().await;
                Err(match (step, error) {
                    (_, CallError::NotSignedIn(_)) => StartError::not_signed_in(name, launch.was_signed_in()),
                    (step, CallError::Closed(_)) => failed(format!(
                        "handshaking with MCP server failed: connection closed: {step}"
                    )),
                    (_, error) => failed(format!("handshaking with MCP server failed: {error}")),
                })
            }
        }
    }

    async fn handshake(&self) -> Result<Catalog, (&'static str, CallError)> {
        let mut capabilities = json!({"elicitation": {"form": {}, "url": {}}});
        if matches!(self.link, Link::Stdio(_)) {
            capabilities["experimental"] = json!({"codex/auth-change": {}});
        }
        let params = object(json!({
            "protocolVersion": PROTOCOL,
            "capabilities": capabilities,
            "clientInfo": {"name": "codex-mcp-client", "title": "Codex", "version": CONTRACT_VERSION},
        }));
        let said = self.peer.request("initialize", params, None).await;
        let mut said = said.map_err(|error| ("initialize response", error))?;
        self.peer.notify("notifications/initialized", None);
        if let Link::Http(server) = &self.link {
            server.opened(said["protocolVersion"].as_str().unwrap_or(PROTOCOL));
        }
        let catalog = Catalog {
            server_info: taken(&mut said, "serverInfo"),
            capabilities: taken(&mut said, "capabilities"),
            instructions: said["instructions"].as_str().map(str::to_owned),
            ..Catalog::default()
        };
        self.with_tools(catalog)
            .await
            .map_err(|error| ("tools/list response", error))
    }

    async fn with_tools(&self, catalog: Catalog) -> Result<Catalog, CallError> {
        let (tools, tools_meta) = match self.list("tools/list", "tools").await {
            Err(CallError::Rpc {
                code: METHOD_NOT_FOUND,
                ..
            }) => Default::default(),
            listed => listed?,
        };
        let mut names = HashSet::new();
        let is_tool = |tool: &Value| {
            let name = tool["name"].as_str().filter(|name| !name.is_empty());
            // A tool that can't be read costs that tool.
            name.is_some_and(|name| names.insert(name.to_owned())) && tool["inputSchema"].is_object()
        };
        Ok(Catalog {
            tools: tools.into_iter().filter(is_tool).collect(),
            tools_meta,
            ..catalog
        })
    }

    /// Asks for its tools again.
    pub(super) async fn reload(&self) -> Result<(), CallError> {
        let catalog = (*self.catalog()).clone();
        let catalog = self.with_tools(catalog).await?;
        self.set_catalog(catalog);
        Ok(())
    }

    /// All pages of a list, and the `_meta` of the first.
    pub(super) async fn list(
        &self,
        method: &str,
        member: &str,
    ) -> Result<(Vec<Value>, Option<Value>), CallError> {
        let mut entries = Vec::new();
        let mut meta = None;
        let mut cursor = Value::Null;
        for page in 0..MAX_PAGES {
            let mut params = Map::new();
            if !cursor.is_null() {
                params.insert("cursor".to_owned(), cursor);
            }
            let mut said = self.peer.request(method, params, None).await?;
            if let Value::Array(page) = taken(&mut said, member) {
                entries.extend(page);
            }
            if page == 0 {
                meta = Some(taken(&mut said, "_meta")).filter(|meta| !meta.is_null());
            }
            cursor = taken(&mut said, "nextCursor");
            if !cursor.is_string() || entries.len() >= MAX_ENTRIES {
                break;
            }
        }
        entries.truncate(MAX_ENTRIES);
        Ok((entries, meta))
    }

    /// What it offers.
    pub(super) fn catalog(&self) -> Arc<Catalog> {
        Arc::clone(&self.catalog.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn set_catalog(&self, catalog: Catalog) {
        *self.catalog.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(catalog);
    }

    /// Ends it, and the server's process.
    pub(super) async fn end(&self) {
        match &self.link {
            Link::Stdio(server) => server.end().await,
            Link::Http(server) => server.end().await,
        }
    }
}

/// Takes a member out of what a server says; null if there is none, or if that is no object.
pub(crate) fn taken(said: &mut Value, member: &str) -> Value {
    said.get_mut(member).map(Value::take).unwrap_or_default()
}

/// The members of an object.
pub(super) fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}
