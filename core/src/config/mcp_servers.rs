//! `[mcp_servers]`: servers of the Model Context Protocol (docs/contract/mcp.md#configuration). A table that can't be used
//! costs that server only.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use toml::{Table, Value};

use super::requirements::Requirements;
use super::{Config, PluginOfServer};
use crate::LOCAL_ENVIRONMENT;
use crate::secret::Secret;

/// How long a server may take to start, unless its table says how long.
const STARTUP: Duration = Duration::from_secs(30);
/// How long a call may take, unless its table says how long.
const CALL: Duration = Duration::from_secs(120);
/// Most servers of one configuration.
const MAX_SERVERS: usize = 256;
/// How the mistake of a table begins that has neither `command` nor `url`.
const NO_TRANSPORT: &str = "invalid transport: ";
/// Longest time that can be configured.
const MAX_SECONDS: f64 = 86_400.0;

/// The configured servers by name. The error says what is wrong with a table, and what to do.
pub type McpServers = BTreeMap<String, Result<Arc<McpServerConfig>, String>>;

/// A configured server.
#[derive(Debug, Clone, PartialEq)]
pub struct McpServerConfig {
    /// How it is reached.
    pub transport: McpTransport,
    /// Whether it is used at all.
    pub enabled: bool,
    /// Whether threads fail to start without it.
    pub required: bool,
    /// How long it may take to start.
    pub startup_timeout: Duration,
    /// How long a call may take.
    pub tool_timeout: Duration,
    /// The only tools to use; `None` is all of them.
    pub enabled_tools: Option<Vec<String>>,
    /// Tools not to use.
    pub disabled_tools: Vec<String>,
    /// When the user is asked before a tool runs.
    pub approval: McpApprovalMode,
    /// What holds for single tools.
    pub tools: BTreeMap<String, McpToolConfig>,
    /// Whether calls of one thread may run side by side.
    pub parallel: bool,
    /// Longest schema of a tool's input, as JSON in bytes; tools with a longer one are left out.
    pub input_schema_limit: Option<usize>,
    /// The plugin that it belongs to.
    pub plugin: Option<PluginOfServer>,
}

/// How a server is reached.
#[derive(Debug, Clone, PartialEq)]
pub enum McpTransport {
    /// A process, over its standard input and output.
    Stdio(McpStdio),
    /// Streamable HTTP.
    Http(McpHttp),
}

/// `command = …`
#[derive(Debug, Clone, PartialEq)]
pub struct McpStdio {
    /// The program.
    pub command: String,
    /// Its arguments.
    pub args: Vec<String>,
    /// Variables that it gets.
    pub env: BTreeMap<String, Secret>,
    /// Variables of the daemon that it gets.
    pub env_vars: Vec<String>,
    /// Its folder; relative to that of the thread.
    pub cwd: Option<PathBuf>,
}

/// `url = …`
#[derive(Debug, Clone, PartialEq)]
pub struct McpHttp {
    /// Its address.
    pub url: String,
    /// Variable that holds a bearer token.
    pub bearer_token_env_var: Option<String>,
    /// Headers.
    pub http_headers: BTreeMap<String, Secret>,
    /// Headers whose values are in variables.
    pub env_http_headers: BTreeMap<String, String>,
    /// Command that prints headers: a JSON object.
    pub http_headers_helper: Option<String>,
    /// What to ask for when signing in.
    pub scopes: Option<Vec<String>>,
    /// `resource` of a sign-in; the address unless it is given.
    pub oauth_resource: Option<String>,
    /// The client that signs in.
    pub oauth: McpOauth,
}

/// `oauth = { … }`
#[derive(Debug, Clone, Default, PartialEq)]
pub struct McpOauth {
    /// A client that is registered already.
    pub client_id: Option<String>,
    /// Its secret.
    pub client_secret: Option<Secret>,
    /// Whether the secret is sent in the body; otherwise it is a header.
    pub secret_in_body: bool,
    /// Where the browser comes back to.
    pub callback_url: Option<String>,
    /// The port of that on this machine.
    pub callback_port: Option<u16>,
}

/// When the user is asked before a tool runs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum McpApprovalMode {
    /// As the tool's annotations say.
    #[default]
    Auto,
    /// Always.
    Prompt,
    /// Unless it only reads.
    Writes,
    /// Never.
    Approve,
}

/// `[mcp_servers.<name>.tools.<tool>]`
#[derive(Debug, Clone, Default, PartialEq)]
pub struct McpToolConfig {
    /// When the user is asked.
    pub approval: Option<McpApprovalMode>,
    /// Tokens of its output that go to the model.
    pub output_token_limit: Option<u64>,
}

impl McpServerConfig {
    /// Whether a tool of the server is used.
    pub fn uses(&self, tool: &str) -> bool {
        let is_enabled = self
            .enabled_tools
            .as_ref()
            .is_none_or(|tools| tools.iter().any(|enabled| enabled == tool));
        is_enabled && !self.disabled_tools.iter().any(|disabled| disabled == tool)
    }

    /// When the user is asked before a tool runs.
    pub fn approval_of(&self, tool: &str) -> McpApprovalMode {
        let own = self.tools.get(tool).and_then(|tool| tool.approval);
        own.unwrap_or(self.approval)
    }
}

/// What is wrong with the server of this name in a configuration that says this as a whole.
pub(super) fn check(name: &str, whole: &Table, requirements: &Requirements) -> Result<(), String> {
    let table = whole.get("mcp_servers").and_then(|servers| servers.get(name));
    table.map_or(Ok(()), |table| server(name, table, requirements).map(drop))
}

/// Reads the table. What the administrator does not allow is an error of that server.
pub(super) fn read(table: Option<&Table>, requirements: &Requirements) -> McpServers {
    let tables = table.into_iter().flatten().take(MAX_SERVERS);
    tables
        .map(|(name, value)| (name.clone(), server(name, value, requirements).map(Arc::new)))
        .collect()
}

impl Config {
    /// Adds a server of a plugin, whose table is as in config.toml. A server of the user's own of that name stays.
    pub(crate) fn add_plugin_server(&mut self, name: String, table: Table, plugin: PluginOfServer) {
        match self.mcp_servers.get(&name) {
            // Other keys alone make no server.
            Some(Err(why)) if why.starts_with(NO_TRANSPORT) => {}
            None if self.mcp_servers.len() < MAX_SERVERS => {}
            _ => return,
        }
        let of_plugin = |config: McpServerConfig| {
            Arc::new(McpServerConfig {
                plugin: Some(plugin),
                ..config
            })
        };
        let read = server(&name, &Value::Table(table), &self.requirements).map(of_plugin);
        self.mcp_servers.insert(name, read);
    }
}

fn server(name: &str, value: &Value, requirements: &Requirements) -> Result<McpServerConfig, String> {
    let is_name_char = |c: char| c.is_ascii_alphanumeric() || "_:@/.-".contains(c);
    if name.is_empty() || !name.chars().all(is_name_char) {
        return Err(format!(
            "Invalid MCP server name '{name}': must match pattern ^[a-zA-Z0-9_:@/.-]+$"
        ));
    }
    let Value::Table(table) = value else {
        return Err(format!(
            "`mcp_servers.{name}` must be a table: `[mcp_servers.{name}]`"
        ));
    };
    let reader = Reader {
        table,
        path: format!("mcp_servers.{name}"),
    };
    let config = reader.server()?;
    let identity = match &config.transport {
        McpTransport::Stdio(stdio) => ("command", stdio.command.as_str()),
        McpTransport::Http(http) => ("url", http.url.as_str()),
    };
    if !requirements.allows_mcp_server(name, identity) {
        return Err(format!(
            "the administrator does not allow the MCP server `{name}` ({} = {:?}); remove it, or have it added to \
             `mcp_servers` in requirements.toml",
            identity.0, identity.1
        ));
    }
    Ok(config)
}

/// Fields of one transport only.
const STDIO_ONLY: [&str; 4] = ["args", "env", "env_vars", "cwd"];
const HTTP_ONLY: [&str; 10] = [
    "bearer_token_env_var",
    "bearer_token",
    "http_headers",
    "env_http_headers",
    "http_headers_helper",
    "scopes",
    "oauth_resource",
    "oauth",
    "auth",
    "url",
];

/// A table that is being read.
struct Reader<'a> {
    table: &'a Table,
    path: String,
}

impl Reader<'_> {
    fn server(&self) -> Result<McpServerConfig, String> {
        let seconds = self.seconds("startup_timeout_sec", 1.0)?;
        let milliseconds = self.seconds("startup_timeout_ms", 1000.0)?;
        // Read so that a wrong word is told; every server is ready once its tools are known.
        self.word::<Readiness>("startup_readiness", "\"connection\" or \"catalog\"")?;
        if let Some(environment) = self.text("environment_id")?
            && environment != LOCAL_ENVIRONMENT
        {
            return Err(self.wrong("environment_id", "\"local\": there is no other environment"));
        }
        let modes = "\"auto\", \"prompt\", \"writes\" or \"approve\"";
        Ok(McpServerConfig {
            transport: self.transport()?,
            enabled: self.boolean("enabled")?.unwrap_or(true),
            required: self.boolean("required")?.unwrap_or(false),
            startup_timeout: seconds.or(milliseconds).unwrap_or(STARTUP),
            tool_timeout: self.seconds("tool_timeout_sec", 1.0)?.unwrap_or(CALL),
            enabled_tools: self.texts("enabled_tools")?,
            disabled_tools: self.texts("disabled_tools")?.unwrap_or_default(),
            approval: self
                .word("default_tools_approval_mode", modes)?
                .unwrap_or_default(),
            tools: self.tools(modes)?,
            parallel: self.boolean("supports_parallel_tool_calls")?.unwrap_or(false),
            input_schema_limit: self.number("tool_input_schema_max_bytes")?,
            plugin: None,
        })
    }

    fn transport(&self) -> Result<McpTransport, String> {
        let has = |key: &str| self.table.contains_key(key);
        let without = |kind: &str, fields: &[&str]| match fields.iter().find(|field| has(field)) {
            None => Ok(()),
            Some(field) => Err(format!(
                "{field} is not supported for {kind}; remove `{}.{field}`",
                self.path
            )),
        };
        if has("command") {
            without("stdio", &HTTP_ONLY)?;
            self.stdio().map(McpTransport::Stdio)
        } else if has("url") {
            without("streamable_http", &STDIO_ONLY)?;
            self.http().map(McpTransport::Http)
        } else {
            Err(format!(
                "{NO_TRANSPORT}`{}` needs `command` (a program) or `url` (an HTTP server)",
                self.path
            ))
        }
    }

    fn stdio(&self) -> Result<McpStdio, String> {
        let command = self.text("command")?.filter(|command| !command.is_empty());
        let name = |value: &Value| match value {
            Value::String(name) => Some(Some(name.clone())),
            Value::Table(table) => {
                let name = table.get("name")?.as_str()?.to_owned();
                match table.get("source").map_or(Some("local"), Value::as_str)? {
                    "local" => Some(Some(name)),
                    // Of an environment that there is not.
                    "remote" => Some(None),
                    _ => None,
                }
            }
            _ => None,
        };
        let names = self.get(
            "env_vars",
            "a list of names, or of tables with `name` and `source` (\"local\" or \"remote\")",
            |value| value.as_array()?.iter().map(name).collect::<Option<Vec<_>>>(),
        )?;
        Ok(McpStdio {
            command: command.ok_or_else(|| self.wrong("command", "the path or the name of a program"))?,
            args: self.texts("args")?.unwrap_or_default(),
            env: self.secrets("env")?,
            env_vars: names.into_iter().flatten().flatten().collect(),
            cwd: self.text("cwd")?.map(PathBuf::from),
        })
    }

    fn http(&self) -> Result<McpHttp, String> {
        if self.table.contains_key("bearer_token") {
            return Err(format!(
                "`{0}.bearer_token` is not supported: put the token into an environment variable, and its name into \
                 `{0}.bearer_token_env_var`",
                self.path
            ));
        }
        let url = self.text("url")?.unwrap_or_default();
        let is_http =
            url::Url::parse(&url).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        if !is_http {
            return Err(self.wrong("url", "an address that begins with http:// or https://"));
        }
        match self.text("auth")?.as_deref() {
            None | Some("oauth") => {}
            Some("chatgpt" | "ema_auth") => {
                return Err(self.wrong("auth", "\"oauth\": other ways to sign in are not supported"));
            }
            Some(_) => return Err(self.wrong("auth", "\"oauth\"")),
        }
        Ok(McpHttp {
            url,
            bearer_token_env_var: self.text("bearer_token_env_var")?,
            http_headers: self.secrets("http_headers")?,
            env_http_headers: self.map("env_http_headers")?,
            http_headers_helper: self.text("http_headers_helper")?,
            scopes: self.texts("scopes")?,
            oauth_resource: self.text("oauth_resource")?,
            oauth: self.oauth()?,
        })
    }

    fn oauth(&self) -> Result<McpOauth, String> {
        let Some(reader) = self.inside("oauth")? else {
            return Ok(McpOauth::default());
        };
        if reader.table.contains_key("authorization_server_issuer") {
            let message = "left out: it needs `auth = \"ema_auth\"`, which is not supported";
            return Err(reader.wrong("authorization_server_issuer", message));
        }
        let methods = "\"client_secret_basic\" or \"client_secret_post\"";
        let method = reader.word::<SecretMethod>("token_endpoint_auth_method", methods)?;
        let port = |value: &Value| value.as_integer().and_then(|port| u16::try_from(port).ok());
        Ok(McpOauth {
            client_id: reader.text("client_id")?,
            client_secret: reader.text("client_secret")?.map(Secret::new),
            secret_in_body: method == Some(SecretMethod::ClientSecretPost),
            callback_url: reader.text("callback_url")?,
            callback_port: reader.get("callback_port", "a port", port)?,
        })
    }

    fn tools(&self, modes: &str) -> Result<BTreeMap<String, McpToolConfig>, String> {
        let Some(tools) = self.inside("tools")? else {
            return Ok(BTreeMap::new());
        };
        let read = |(name, _): (&String, &Value)| {
            let Some(tool) = tools.inside(name)? else {
                return Ok((name.clone(), McpToolConfig::default()));
            };
            let config = McpToolConfig {
                approval: tool.word("approval_mode", modes)?,
                output_token_limit: tool.number("output_token_limit")?,
            };
            Ok((name.clone(), config))
        };
        tools.table.iter().map(read).collect()
    }

    /// A table inside of this one.
    fn inside(&self, key: &str) -> Result<Option<Reader<'_>>, String> {
        match self.table.get(key) {
            None => Ok(None),
            Some(Value::Table(table)) => Ok(Some(Reader {
                table,
                path: format!("{}.{key}", self.path),
            })),
            Some(_) => Err(self.wrong(key, "a table")),
        }
    }

    fn text(&self, key: &str) -> Result<Option<String>, String> {
        self.get(key, "a text", |value| value.as_str().map(str::to_owned))
    }

    fn boolean(&self, key: &str) -> Result<Option<bool>, String> {
        self.get(key, "true or false", Value::as_bool)
    }

    fn number<T: TryFrom<i64>>(&self, key: &str) -> Result<Option<T>, String> {
        self.get(key, "a number that is not negative", |value| {
            let number = value.as_integer().filter(|number| *number >= 0)?;
            T::try_from(number).ok()
        })
    }

    /// A time, `unit` of which are a second.
    fn seconds(&self, key: &str, unit: f64) -> Result<Option<Duration>, String> {
        self.get(key, "a positive number", |value| {
            let number = match value {
                Value::Integer(number) => u32::try_from(*number).ok().map(f64::from)?,
                Value::Float(number) => *number,
                _ => return None,
            };
            (number > 0.0).then(|| Duration::from_secs_f64((number / unit).min(MAX_SECONDS)))
        })
    }

    fn texts(&self, key: &str) -> Result<Option<Vec<String>>, String> {
        self.get(key, "a list of texts", |value| {
            let texts = value.as_array()?.iter();
            texts.map(|text| text.as_str().map(str::to_owned)).collect()
        })
    }

    fn map(&self, key: &str) -> Result<BTreeMap<String, String>, String> {
        let texts = |value: &Value| {
            let members = value.as_table()?.iter();
            members
                .map(|(name, text)| Some((name.clone(), text.as_str()?.to_owned())))
                .collect()
        };
        Ok(self.get(key, "a table of texts", texts)?.unwrap_or_default())
    }

    fn secrets(&self, key: &str) -> Result<BTreeMap<String, Secret>, String> {
        let texts = self.map(key)?.into_iter();
        Ok(texts.map(|(name, text)| (name, Secret::new(text))).collect())
    }

    fn word<T: for<'de> Deserialize<'de>>(&self, key: &str, words: &str) -> Result<Option<T>, String> {
        self.get(key, words, |value| value.clone().try_into().ok())
    }

    fn get<T>(&self, key: &str, kind: &str, read: impl Fn(&Value) -> Option<T>) -> Result<Option<T>, String> {
        let Some(value) = self.table.get(key) else {
            return Ok(None);
        };
        read(value).map(Some).ok_or_else(|| self.wrong(key, kind))
    }

    fn wrong(&self, key: &str, kind: &str) -> String {
        format!("`{}.{key}` must be {kind}", self.path)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Readiness {
    Connection,
    Catalog,
}

#[derive(PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum SecretMethod {
    ClientSecretBasic,
    ClientSecretPost,
}
