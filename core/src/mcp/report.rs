//! What clients ask about servers, and of them, beside turns (docs/contract/mcp.md#methods).

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Map, Value, json};

use super::connection::{Catalog, object, taken};
use super::error::{CallError, SignInNeed};
use super::manager::McpManager;
use super::oauth::{self, LoginOptions, LoginStarted};
use super::thread::{AGAIN, ThreadMcp, call_params};
use super::thread_server::{Status, ThreadServer, servers_of};
use crate::config::Config;

/// What is known of a server.
#[derive(Debug, Clone)]
pub struct ServerReport {
    /// Its name in the configuration.
    pub name: String,
    /// How it stands for the thread; `None` without one.
    pub runtime: Option<RuntimeStatus>,
    /// The plugin that it belongs to.
    pub plugin: Option<String>,
    /// Scheme, host and port of one that is reached over HTTP.
    pub http_origin: Option<String>,
    /// What it offers; only tools that are used.
    pub catalog: Option<Catalog>,
    /// Why its tools are not known.
    pub tools_error: Option<String>,
    /// Its resources, as it describes them.
    pub resources: Vec<Value>,
    /// Its templates of resources, as it describes them.
    pub resource_templates: Vec<Value>,
    /// How users sign in there.
    pub auth: AuthStatus,
}

/// How a server stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RuntimeStatus {
    /// Nobody has started it.
    NotStarted,
    /// It is being started.
    Starting,
    /// It answers.
    Connected,
    /// The user has to sign in.
    AuthenticationRequired,
    /// It could not be started, or has ended.
    Failed,
    /// The user has switched it off.
    Disabled,
}

/// How users sign in at a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthStatus {
    /// Not known: the server can't be reached, or is out of order.
    Unknown,
    /// Not at all.
    Unsupported,
    /// They have yet to.
    NotLoggedIn,
    /// By a token of the configuration.
    BearerToken,
    /// They are signed in.
    OAuth,
}

impl ThreadMcp {
    /// The servers of a configuration, of no thread. They run in the home, and end with the last that asks.
    pub(crate) fn apart(manager: Arc<McpManager>, config: Arc<Config>) -> Arc<Self> {
        let servers = servers_of(&config);
        Self::with(manager, config, servers, None)
    }

    /// What is known of the servers, or of the one of this name, once none is being started any more. `full`: with their
    /// resources. `of_thread`: and how they stand.
    pub(crate) async fn report(&self, name: Option<&str>, full: bool, of_thread: bool) -> Vec<ServerReport> {
        let mut servers = self.all();
        servers.retain(|server| name.is_none_or(|name| server.name() == name));
        if of_thread {
            self.all_started().await;
        }
        join_all(
            servers
                .iter()
                .map(|server| self.report_one(server, full, of_thread)),
        )
        .await
    }

    async fn report_one(&self, server: &Arc<ThreadServer>, full: bool, of_thread: bool) -> ServerReport {
        let sign_in = self.sign_in(server);
        let mut report = ServerReport {
            name: server.name().to_owned(),
            runtime: None,
            plugin: server.plugin().map(|plugin| plugin.id.clone()),
            http_origin: sign_in.as_ref().and_then(|(http, _)| {
                let url = url::Url::parse(&http.url).ok()?;
                Some(url.origin().ascii_serialization())
            }),
            catalog: None,
            tools_error: None,
            resources: Vec::new(),
            resource_templates: Vec::new(),
            auth: AuthStatus::Unsupported,
        };
        let mut need = SignInNeed::Unknown;
        let mut runtime = RuntimeStatus::Disabled;
        if !server.is_disabled() {
            let status = if of_thread {
                server.status()
            } else {
                self.look(server).await
            };
            runtime = match status {
                Status::NotStarted => RuntimeStatus::NotStarted,
                Status::Starting => RuntimeStatus::Starting,
                Status::Ready => RuntimeStatus::Connected,
                Status::Failed(error) => {
                    need = error.sign_in;
                    report.tools_error = Some(error.cause.clone());
                    match need {
                        SignInNeed::First | SignInNeed::Again => RuntimeStatus::AuthenticationRequired,
                        SignInNeed::NotOffered | SignInNeed::Unknown => RuntimeStatus::Failed,
                    }
                }
            };
            if let Some(catalog) = server.catalog() {
                if full && !catalog.capabilities["resources"].is_null() {
                    let resources = self.list(server, "resources/list", "resources");
                    let templates = self.list(server, "resources/templates/list", "resourceTemplates");
                    let (resources, templates) = tokio::join!(resources, templates);
                    report.resources = resources.unwrap_or_default();
                    report.resource_templates = templates.unwrap_or_default();
                }
                let mut catalog = (*catalog).clone();
                catalog.tools.retain(|tool| server.uses(tool));
                if server.plugin().is_some() {
                    for tool in &mut catalog.tools {
                        tool["description"] = server.description(tool).into();
                    }
                }
                report.catalog = Some(catalog);
            }
        }
        if let Some((http, sign_in)) = sign_in {
            let has_header = |name: &String| name.eq_ignore_ascii_case("authorization");
            report.auth = if http.bearer_token_env_var.is_some()
                || http.http_headers.keys().any(has_header)
                || http.env_http_headers.keys().any(has_header)
            {
                AuthStatus::BearerToken
            } else {
                match need {
                    SignInNeed::First | SignInNeed::Again => AuthStatus::NotLoggedIn,
                    SignInNeed::NotOffered => AuthStatus::Unsupported,
                    SignInNeed::Unknown if sign_in.is_signed_in().await => AuthStatus::OAuth,
                    SignInNeed::Unknown if report.tools_error.is_none() || sign_in.is_reachable().await => {
                        AuthStatus::Unsupported
                    }
                    SignInNeed::Unknown => AuthStatus::Unknown,
                }
            };
        }
        report.runtime = of_thread.then_some(runtime);
        report
    }

    /// Starts a server that belongs to no thread, and sees how it stands.
    async fn look(&self, server: &Arc<ThreadServer>) -> Status {
        let failed =
            |why: String| Status::Failed(Arc::new(super::error::StartError::new(server.name(), why)));
        match self.find_server(server) {
            Ok(found) => {
                found.forgive_after(AGAIN);
                match found.connect(server.startup_timeout()).await {
                    Ok(_) => Status::Ready,
                    Err(error) => Status::Failed(error),
                }
            }
            Err(why) => failed(why),
        }
    }

    /// Calls a tool as a client asks for it. Nobody is asked whether it may.
    pub(crate) async fn call_for_client(
        &self,
        server: &str,
        tool: &str,
        arguments: Value,
        meta: Option<Value>,
    ) -> Result<Value, DirectError> {
        let found = self
            .server(server)
            .ok_or_else(|| DirectError::UnknownServer(server.to_owned()))?;
        if found.config().is_some_and(|config| !config.uses(tool)) {
            return Err(DirectError::DisabledTool {
                server: server.to_owned(),
                tool: tool.to_owned(),
            });
        }
        let params = call_params(tool, arguments, meta);
        Ok(self.request(&found, "tools/call", params).await?)
    }

    /// Reads a resource of a server.
    pub(crate) async fn read_resource(
        &self,
        server: &str,
        uri: &str,
        meta: Option<Map<String, Value>>,
    ) -> Result<Vec<Value>, DirectError> {
        let found = self
            .server(server)
            .ok_or_else(|| DirectError::UnknownServer(server.to_owned()))?;
        let mut params = object(json!({"uri": uri}));
        if let Some(meta) = meta {
            params.insert("_meta".to_owned(), meta.into());
        }
        let mut said = self.request(&found, "resources/read", params).await?;
        match taken(&mut said, "contents") {
            Value::Array(contents) => Ok(contents),
            _ => Ok(Vec::new()),
        }
    }

    /// Begins to sign in to a server. `on_end` hears how it ended.
    pub(crate) async fn begin_login(
        &self,
        login: McpLogin,
        on_end: impl FnOnce(Result<(), String>) + Send + 'static,
    ) -> Result<LoginStarted, DirectError> {
        let McpLogin { name, scopes, limit } = login;
        let unknown = || DirectError::UnknownServer(name.clone());
        let server = self.server(&name).ok_or_else(unknown)?;
        server.config().ok_or_else(unknown)?;
        let (http, sign_in) = self.sign_in(&server).ok_or(DirectError::NoSignIn)?;
        let of = self.config();
        let options = LoginOptions {
            scopes: scopes.or_else(|| http.scopes.clone()),
            limit,
            port: of.mcp_callback_port,
            callback_url: of.mcp_callback_url.clone(),
        };
        oauth::begin(sign_in, options, on_end)
            .await
            .map_err(DirectError::Login)
    }

    /// Lets go of servers that belong to no thread.
    pub(crate) fn release_all(&self) {
        for server in self.all() {
            if let Some(found) = server.take_server() {
                self.manager().release(&found);
            }
        }
    }
}

/// A login that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct McpLogin {
    /// The server.
    pub name: String,
    /// What to ask for; `None` is what is configured, or what the server supports.
    pub scopes: Option<Vec<String>>,
    /// How long the user may take.
    pub limit: Duration,
}

/// Why a client can't have what it asks for.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum DirectError {
    /// There is no such server.
    #[error("unknown MCP server '{0}'")]
    UnknownServer(String),
    /// The configuration switches the tool off.
    #[error("tool '{tool}' is disabled for MCP server '{server}'")]
    DisabledTool {
        /// The server.
        server: String,
        /// The tool.
        tool: String,
    },
    /// Users don't sign in to processes.
    #[error("OAuth login is only supported for streamable HTTP servers.")]
    NoSignIn,
    /// The login can't begin.
    #[error("failed to login to MCP server: {0}")]
    Login(String),
    /// The server says no, or nothing.
    #[error(transparent)]
    Call(#[from] CallError),
}
