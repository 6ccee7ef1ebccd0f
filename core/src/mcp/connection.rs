//! A conversation with a server that has begun: the handshake, and what it offers.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Map, Value, json};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::sync::CancellationToken;

use super::error::{CallError, SignInNeed, StartError};
use super::http::HttpServer;
use super::launch::Launch;
use super::listing::{self, Listed, json_size};
use super::offer::FirstNamespace;
use super::peer::Peer;
use super::stdio::StdioServer;
use crate::{CONTRACT_VERSION, char_boundary, tool_schema};

/// The revision of the protocol that is asked for.
const PROTOCOL: &str = "2025-06-18";
/// Longest description of a tool, in bytes; a longer one is cut.
const MAX_DESCRIPTION: usize = 32 << 10;
/// Longest schema of a tool, as JSON in bytes. A tool with a longer one of its input is left out.
const MAX_SCHEMA: usize = 256 << 10;
/// Longest name of a tool, in bytes.
const MAX_NAME: usize = 256;
/// Longest annotations of a tool, as JSON in bytes; it is taken without longer ones.
const MAX_ANNOTATIONS: usize = 16 << 10;
/// Longest revision of the protocol, in bytes.
const MAX_VERSION: usize = 64;
/// Longest `instructions`, in bytes, and whatever else a server says of itself.
const MAX_SAID: usize = 256 << 10;
/// How long it may take to find out whether a server offers a sign-in.
const SIGN_IN_LIMIT: Duration = Duration::from_secs(5);

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
    /// What models are told of the schemas of those that they can be told of, by name.
    pub(crate) told_schemas: HashMap<String, Value>,
    /// `_meta` of the list of tools.
    pub tools_meta: Option<Value>,
    /// It offers more than is taken: for people, what is left out.
    pub excess: Option<String>,
    /// What models are told of it.
    pub(crate) first_namespace: FirstNamespace,
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

/// Why no conversation has begun. There is no process then.
pub(super) enum NotOpened {
    /// It is to stop.
    Stopped,
    /// The server can't be used.
    Failed(StartError),
}

/// How long a start may take.
struct Limit<'a> {
    name: &'a str,
    within: Duration,
    until: Instant,
    stop: &'a CancellationToken,
}

impl Limit<'_> {
    async fn of<T>(&self, step: impl Future<Output = T>) -> Result<T, NotOpened> {
        tokio::select! {
            biased;
            () = self.stop.cancelled() => Err(NotOpened::Stopped),
            done = timeout_at(self.until, step) => {
                done.map_err(|_| NotOpened::Failed(StartError::timed_out(self.name, self.within)))
            }
        }
    }
}

/// What it means that a server wants to know who we are: where it doesn't say how a user can sign in, only its configuration
/// can help. Where that can't be told in time, it may offer a sign-in.
async fn not_signed_in(launch: &Launch, limit: &Limit<'_>) -> NotOpened {
    let need = if launch.was_signed_in() {
        SignInNeed::Again
    } else {
        match timeout(SIGN_IN_LIMIT, limit.of(launch.sign_in_need())).await {
            Ok(Ok(need)) => need,
            Ok(Err(NotOpened::Stopped)) => return NotOpened::Stopped,
            Ok(Err(NotOpened::Failed(_))) | Err(_) => SignInNeed::First,
        }
    };
    NotOpened::Failed(match need {
        SignInNeed::NotOffered | SignInNeed::Unknown => StartError::no_sign_in(limit.name),
        SignInNeed::First | SignInNeed::Again => StartError::not_signed_in(limit.name, need),
    })
}

impl Connection {
    /// Starts a server, or reaches it, and learns what it offers, within this time and unless it is to stop. Whatever comes
    /// in between, its process has ended when this resolves without a conversation.
    pub(super) async fn open(
        name: &str,
        launch: &Launch,
        within: Duration,
        stop: &CancellationToken,
    ) -> Result<Self, NotOpened> {
        let limit = Limit {
            name,
            within,
            until: Instant::now() + within,
            stop,
        };
        let connection = limit.of(Self::start(name, launch)).await?;
        let connection = connection.map_err(NotOpened::Failed)?;
        let failed = |why: String| StartError::new(name, why);
        let why = match limit.of(connection.handshake()).await {
            Ok(Ok(catalog)) => {
                connection.set_catalog(catalog);
                return Ok(connection);
            }
            Ok(Err((_, CallError::NotSignedIn(_)))) => not_signed_in(launch, &limit).await,
            Ok(Err((step, error))) => NotOpened::Failed(match (step, error) {
                (step, CallError::Closed(_)) => failed(format!(
                    "handshaking with MCP server failed: connection closed: {step}"
                )),
                (_, error) => failed(format!("handshaking with MCP server failed: {error}")),
            }),
            Err(why) => why,
        };
        connection.end().await;
        Err(why)
    }

    async fn start(name: &str, launch: &Launch) -> Result<Self, StartError> {
        let (peer, link) = match launch {
            Launch::Stdio(launch) => {
                let started = StdioServer::start(name, launch);
                let (peer, server) = started.map_err(|why| StartError::new(name, why))?;
                (peer, Link::Stdio(server))
            }
            Launch::Http(launch) => {
                let (peer, server) = launch.start(name).await?;
                (peer, Link::Http(server))
            }
        };
        Ok(Self {
            peer,
            link,
            catalog: Mutex::default(),
        })
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
            let version = said["protocolVersion"].as_str();
            let version = version.filter(|version| version.len() <= MAX_VERSION);
            server.opened(version.unwrap_or(PROTOCOL));
        }
        let mut taken = |member: &str| {
            let value = taken(&mut said, member);
            let fits = json_size(&value) <= MAX_SAID;
            if fits { value } else { Value::Null }
        };
        let catalog = Catalog {
            server_info: taken("serverInfo"),
            capabilities: taken("capabilities"),
            instructions: said["instructions"]
                .as_str()
                .map(|text| text[..char_boundary::floor(text, MAX_SAID)].to_owned()),
            ..Catalog::default()
        };
        self.with_tools(catalog)
            .await
            .map_err(|error| ("tools/list response", error))
    }

    async fn with_tools(&self, catalog: Catalog) -> Result<Catalog, CallError> {
        let listed = match self.list("tools/list", "tools").await {
            Err(CallError::Rpc {
                code: METHOD_NOT_FOUND,
                ..
            }) => Listed::default(),
            listed => listed?,
        };
        // There may be megabytes of them.
        let read = tokio::task::spawn_blocking(move || tools(listed.entries)).await;
        let (tools, told_schemas) = read.unwrap_or_default();
        Ok(Catalog {
            tools,
            told_schemas,
            tools_meta: listed.meta,
            excess: listed.excess,
            ..catalog
        })
    }

    /// Asks for its tools again. Gives whether they have changed.
    pub(super) async fn reload(&self) -> Result<bool, CallError> {
        let old = self.catalog();
        let catalog = self.with_tools((*old).clone()).await?;
        let has_changed = *old != catalog;
        if has_changed {
            self.set_catalog(catalog);
        }
        Ok(has_changed)
    }

    /// All pages of a list.
    pub(super) async fn list(&self, method: &str, member: &str) -> Result<Listed, CallError> {
        listing::list(&self.peer, method, member).await
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

/// Tools as far as they are taken, and what models are told of their schemas.
fn tools(listed: Vec<Value>) -> (Vec<Value>, HashMap<String, Value>) {
    let (mut names, mut told_schemas) = (HashSet::new(), HashMap::new());
    let tools = listed.into_iter().filter_map(tool);
    let tools: Vec<_> = tools.filter(|tool| names.insert(tool["name"].clone())).collect();
    for tool in &tools {
        if let (Some(name), Some(schema)) = (
            tool["name"].as_str(),
            tool_schema::for_models(&tool["inputSchema"]),
        ) {
            told_schemas.insert(name.to_owned(), schema);
        }
    }
    (tools, told_schemas)
}

/// A tool as far as it is taken. `None`: it can't be read, which costs that tool.
fn tool(mut tool: Value) -> Option<Value> {
    let name = tool["name"].as_str()?;
    // People are asked whether it may run: its name must not write their question.
    if name.is_empty() || name.len() > MAX_NAME || name.chars().any(char::is_control) {
        return None;
    }
    let schema = tool["inputSchema"].as_object()?;
    // Model servers refuse all of a request for one that is none.
    let is_of_object = schema.get("type").is_none_or(|kind| kind == "object");
    let members = schema.get("properties");
    let has_members = members.is_none_or(|members| members.is_object() || members.is_null());
    if !is_of_object || !has_members || json_size(&tool["inputSchema"]) > MAX_SCHEMA {
        return None;
    }
    if let Some(Value::String(description)) = tool.get_mut("description") {
        description.truncate(char_boundary::floor(description, MAX_DESCRIPTION));
    }
    if json_size(&tool["outputSchema"]) > MAX_SCHEMA {
        taken(&mut tool, "outputSchema");
    }
    if json_size(&tool["annotations"]) > MAX_ANNOTATIONS {
        taken(&mut tool, "annotations");
    }
    Some(tool)
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
