//! From a table of the configuration to what is started: variables and headers are looked up now.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName};
use serde_json::Value;

use super::error::{SignInNeed, StartError};
use super::http::{HttpServer, Tokens};
use super::oauth::SignIn;
use super::peer::Peer;
use super::stdio::StdioLaunch;
use crate::config::{McpHttp, McpServerConfig, McpStdio, McpTransport};
use crate::exec::{shell_flag, user_shell};
use crate::process::capture::Limits;
use crate::process::launcher::{Launcher, Output, Variables};
use crate::secret::Secret;

/// Variables that every server gets.
const INHERITED: [&str; 10] = [
    "HOME", "LOGNAME", "PATH", "SHELL", "USER", "LANG", "LC_ALL", "TERM", "TMPDIR", "TZ",
];

/// How long a command that prints headers may take, and what it may print.
const HELPER: Limits = Limits {
    time: Duration::from_secs(10),
    output: 64 << 10,
};

/// What is started, with everything that decides about it: servers that are equal here are one.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Launch {
    Stdio(StdioLaunch),
    Http(HttpLaunch),
}

/// A server to be reached.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct HttpLaunch {
    url: String,
    /// Of every request.
    headers: Vec<(String, Secret)>,
    helper: Option<String>,
    sign_in: Arc<SignIn>,
}

impl Launch {
    /// What a server of this configuration is for a thread that works in this folder. The error says what is missing.
    pub(super) fn of(
        name: &str,
        config: &McpServerConfig,
        cwd: &Path,
        sign_in: impl FnOnce(&McpHttp) -> Arc<SignIn>,
    ) -> Result<Self, String> {
        match &config.transport {
            McpTransport::Stdio(stdio) => Ok(Self::Stdio(stdio_launch(stdio, cwd))),
            McpTransport::Http(http) => {
                let headers = http_headers(name, http)?;
                Ok(Self::Http(HttpLaunch {
                    url: http.url.clone(),
                    headers,
                    helper: http.http_headers_helper.clone(),
                    sign_in: sign_in(http),
                }))
            }
        }
    }

    /// Whether tokens of a user were there when it was reached.
    pub(super) fn was_signed_in(&self) -> bool {
        match self {
            Self::Stdio(_) => false,
            Self::Http(http) => http.sign_in.is_known(),
        }
    }

    /// Whether the server, which wants credentials, says how a user can sign in. Asks it.
    pub(super) async fn sign_in_need(&self) -> SignInNeed {
        match self {
            Self::Stdio(_) => SignInNeed::NotOffered,
            Self::Http(http) => http.sign_in.need().await,
        }
    }
}

fn stdio_launch(stdio: &McpStdio, cwd: &Path) -> StdioLaunch {
    let named = INHERITED
        .into_iter()
        .chain(stdio.env_vars.iter().map(String::as_str));
    let inherited = named
        .filter(|name| !stdio.env.contains_key(*name))
        .filter_map(|name| Some((name.to_owned(), Secret::new(std::env::var(name).ok()?))));
    let own = stdio
        .env
        .iter()
        .map(|(name, value)| (name.clone(), value.clone()));
    StdioLaunch {
        program: stdio.command.clone(),
        args: stdio.args.clone(),
        variables: inherited.chain(own).collect(),
        cwd: stdio
            .cwd
            .as_ref()
            .map_or_else(|| cwd.to_owned(), |folder| cwd.join(folder)),
    }
}

fn http_headers(name: &str, http: &McpHttp) -> Result<Vec<(String, Secret)>, String> {
    let variable = |variable: &str| {
        let value = std::env::var(variable).ok().filter(|value| !value.is_empty());
        let value = value
            .ok_or_else(|| format!("Environment variable {variable} for MCP server '{name}' is not set"));
        value.map(Secret::new)
    };
    let mut headers: Vec<_> = http
        .http_headers
        .iter()
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    for (name, source) in &http.env_http_headers {
        // A header whose variable is not set is left out.
        if let Ok(value) = variable(source) {
            headers.push((name.clone(), value));
        }
    }
    if let Some(source) = &http.bearer_token_env_var {
        let token = variable(source)?;
        let value = format!("Bearer {}", token.expose().trim());
        headers.push((AUTHORIZATION.as_str().to_owned(), Secret::new(value)));
    }
    Ok(headers)
}

impl HttpLaunch {
    /// Begins a conversation.
    pub(super) async fn start(&self, name: &str) -> Result<(Peer, HttpServer), StartError> {
        let mut all = self.headers.clone();
        if let Some(command) = &self.helper {
            let printed = printed_headers(command).await;
            all.extend(printed.map_err(|why| StartError::new(name, format!("http_headers_helper: {why}")))?);
        }
        let mut headers = HeaderMap::new();
        for (key, value) in &all {
            let wrong = |why: String| StartError::of_config(name, &why);
            let header = HeaderName::try_from(key.as_str());
            let header = header.map_err(|_| wrong(format!("`{key}` is no name of an HTTP header")))?;
            let value = value.header_value("", &format!("The header `{key}` of the MCP server `{name}`"));
            headers.insert(header, value.map_err(|error| wrong(error.to_string()))?);
        }
        let tokens =
            (!headers.contains_key(AUTHORIZATION)).then(|| Arc::clone(&self.sign_in) as Arc<dyn Tokens>);
        Ok(HttpServer::start(name, &self.url, headers, tokens))
    }
}

async fn printed_headers(command: &str) -> Result<Vec<(String, Secret)>, String> {
    let arguments = [shell_flag(false), command];
    let launcher = Launcher::new(user_shell(), arguments, Variables::Inherited, Output::Stdout);
    let printed = launcher
        .capture(HELPER)
        .await
        .map_err(|error| error.to_string())?;
    let Ok(Value::Object(members)) = serde_json::from_slice(&printed) else {
        return Err("it must print a JSON object of texts".to_owned());
    };
    let headers = members.into_iter().map(|(name, value)| match value {
        Value::String(value) => Ok((name, Secret::new(value))),
        _ => Err(format!("the value of `{name}` is no text")),
    });
    headers.collect()
}
