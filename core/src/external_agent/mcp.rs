//! MCP servers.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::{Map, Value};
use toml_edit::{Array, Item, Table, value};

use super::ImportOutcome;
use super::place::{Place, json_table};
use super::settings::{current_config, table};
use crate::external_file::read_text;

/// Largest `.mcp.json`, in bytes.
const MAX_FILE: usize = 1 << 20;
/// Largest `.claude.json`, which holds a lot more, in bytes.
const MAX_CLAUDE_JSON: usize = 32 << 20;

/// What matters of `.claude.json` for the user.
#[derive(Deserialize)]
struct OfUser {
    #[serde(rename = "mcpServers", default)]
    servers: Value,
}

/// What matters of it for projects, by folder.
#[derive(Deserialize)]
struct OfProjects {
    #[serde(default)]
    projects: BTreeMap<String, OfUser>,
}

/// A server as our configuration writes it.
#[derive(Debug, PartialEq)]
enum Server {
    Command {
        command: String,
        args: Vec<String>,
        env: Vec<(String, String)>,
        /// Variables that are passed on.
        env_vars: Vec<String>,
    },
    Url {
        url: String,
        bearer_token_env_var: Option<String>,
        headers: Vec<(String, String)>,
        env_headers: Vec<(String, String)>,
    },
}

/// Names of servers that our configuration does not have.
pub(super) fn new_names(place: &Place) -> Vec<String> {
    new_servers(place).into_iter().map(|(name, _)| name).collect()
}

fn new_servers(place: &Place) -> Vec<(String, Server)> {
    let config = current_config(place);
    let known = config.get("mcp_servers").and_then(toml::Value::as_table);
    let disabled: Vec<String> = place
        .all_settings()
        .iter()
        .filter_map(|settings| settings.get("disabledMcpjsonServers")?.as_array().cloned())
        .flatten()
        .filter_map(|name| Some(name.as_str()?.to_owned()))
        .collect();
    let mut servers: Vec<(String, Server)> = Vec::new();
    for (name, server) in all_servers(place) {
        let is_known = known.is_some_and(|known| known.contains_key(&name));
        let is_name = !name.is_empty()
            && name
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
        if is_known || !is_name || disabled.contains(&name) || servers.iter().any(|(other, _)| *other == name)
        {
            continue;
        }
        servers.extend(read(&server).map(|server| (name, server)));
    }
    servers.sort_by(|a, b| a.0.cmp(&b.0));
    servers
}

fn all_servers(place: &Place) -> Map<String, Value> {
    let mut all = Map::new();
    let mut add = |servers: Value| {
        if let Value::Object(servers) = servers {
            all.extend(servers);
        }
    };
    if place.cwd.is_some()
        && let Some(mut file) = json_table(&place.root.join(".mcp.json"), MAX_FILE)
    {
        add(file.remove("mcpServers").unwrap_or_default());
    }
    let text = read_text(&place.claude_json, MAX_CLAUDE_JSON).unwrap_or_default();
    match place.cwd.as_deref().map(Path::to_str) {
        None => {
            let file = serde_json::from_str::<OfUser>(&text);
            add(file.map(|file| file.servers).unwrap_or_default());
        }
        Some(cwd) => {
            let file = serde_json::from_str::<OfProjects>(&text).ok();
            let project = cwd.and_then(|cwd| file?.projects.remove(cwd));
            add(project.map(|project| project.servers).unwrap_or_default());
        }
    }
    all
}

/// A server in our words; `None` if it can't be said in them.
fn read(server: &Value) -> Option<Server> {
    let text = |key: &str| server.get(key).and_then(Value::as_str);
    if let Some(command) = text("command") {
        let args = match server.get("args") {
            None | Some(Value::Null) => Vec::new(),
            Some(args) => args
                .as_array()?
                .iter()
                .map(|arg| Some(arg.as_str()?.to_owned()))
                .collect::<Option<_>>()?,
        };
        let (mut env, mut env_vars) = (Vec::new(), Vec::new());
        for (name, value) in texts(server.get("env"))? {
            match variable(&value) {
                Some(variable) if variable == name => env_vars.push(name),
                _ => env.push((name, value)),
            }
        }
        let is_open = |part: &str| part.contains("${");
        let any_open = is_open(command)
            || args.iter().any(|arg: &String| is_open(arg))
            || env.iter().any(|(_, value): &(String, String)| is_open(value));
        return (!command.is_empty() && !any_open).then(|| Server::Command {
            command: command.to_owned(),
            args,
            env,
            env_vars,
        });
    }
    let url = text("url").filter(|url| url.starts_with("http://") || url.starts_with("https://"))?;
    if url.contains("${")
        || !matches!(
            text("type"),
            None | Some("http" | "streamable-http" | "streamable_http")
        )
    {
        return None;
    }
    let (mut bearer_token_env_var, mut headers, mut env_headers) = (None, Vec::new(), Vec::new());
    for (name, value) in texts(server.get("headers"))? {
        let bearer = value.strip_prefix("Bearer ").and_then(variable);
        match (
            name.eq_ignore_ascii_case("authorization"),
            bearer,
            variable(&value),
        ) {
            (true, Some(variable), _) => bearer_token_env_var = Some(variable.to_owned()),
            (_, _, Some(variable)) => env_headers.push((name, variable.to_owned())),
            _ if value.contains("${") => return None,
            _ => headers.push((name, value)),
        }
    }
    Some(Server::Url {
        url: url.to_owned(),
        bearer_token_env_var,
        headers,
        env_headers,
    })
}

/// A table of texts; empty if there is none, `None` if it is something else.
fn texts(table: Option<&Value>) -> Option<Vec<(String, String)>> {
    match table {
        None | Some(Value::Null) => Some(Vec::new()),
        Some(Value::Object(table)) => table
            .iter()
            .map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
            .collect(),
        Some(_) => None,
    }
}

/// The variable that a value is nothing but a reference to.
fn variable(value: &str) -> Option<&str> {
    let name = value.strip_prefix("${")?.strip_suffix('}')?;
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    is_name.then_some(name)
}

/// Adds servers to our configuration.
pub(super) fn import(place: &Place, wanted: &dyn Fn(&str) -> bool, outcome: &mut ImportOutcome) {
    let mut servers = new_servers(place);
    servers.retain(|(name, _)| wanted(name));
    if servers.is_empty() {
        return;
    }
    let done = place.edit_config(&|document| {
        let all = table(document.as_table_mut(), "mcp_servers")?;
        for (name, server) in &servers {
            if all.get(name).is_none() {
                all.insert(name, Item::Table(write(server)));
            }
        }
        Ok(())
    });
    for (name, _) in &servers {
        match &done {
            Ok(()) => outcome.add(name, Ok(())),
            Err(error) => outcome.fail(Some(name), error),
        }
    }
}

fn write(server: &Server) -> Table {
    let mut table = Table::new();
    let list = |texts: &[String]| value(texts.iter().map(String::as_str).collect::<Array>());
    let map = |pairs: &[(String, String)]| {
        let mut map = Table::new();
        for (name, text) in pairs {
            map.insert(name, value(text.as_str()));
        }
        Item::Table(map)
    };
    match server {
        Server::Command {
            command,
            args,
            env,
            env_vars,
        } => {
            table.insert("command", value(command.as_str()));
            if !args.is_empty() {
                table.insert("args", list(args));
            }
            if !env_vars.is_empty() {
                table.insert("env_vars", list(env_vars));
            }
            if !env.is_empty() {
                table.insert("env", map(env));
            }
        }
        Server::Url {
            url,
            bearer_token_env_var,
            headers,
            env_headers,
        } => {
            table.insert("url", value(url.as_str()));
            if let Some(variable) = bearer_token_env_var {
                table.insert("bearer_token_env_var", value(variable.as_str()));
            }
            if !headers.is_empty() {
                table.insert("http_headers", map(headers));
            }
            if !env_headers.is_empty() {
                table.insert("env_http_headers", map(env_headers));
            }
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use toml_edit::DocumentMut;

    use super::*;

    #[test]
    fn references_to_variables_stay_references_or_the_server_is_left_out() {
        let told = |server: Value| read(&server).map(|server| DocumentMut::from(write(&server)).to_string());
        assert_eq!(
            told(json!({"command": "c", "args": ["-x"], "env": {"A": "b", "T": "${T}"}})).as_deref(),
            Some("command = \"c\"\nargs = [\"-x\"]\nenv_vars = [\"T\"]\n\n[env]\nA = \"b\"\n")
        );
        assert_eq!(
            told(json!({"type": "http", "url": "https://x", "headers": {
                "Authorization": "Bearer ${TOK}", "X-A": "${A}", "X-B": "b"
            }}))
            .as_deref(),
            Some(
                "url = \"https://x\"\nbearer_token_env_var = \"TOK\"\n\n[http_headers]\nX-B = \"b\"\n\n[env_http_headers]\n\
                 X-A = \"A\"\n"
            )
        );
        for odd in [
            json!({"foo": 1}),
            json!("x"),
            json!({"command": "${HOME}/x"}),
            json!({"command": "c", "args": [1]}),
            json!({"command": "c", "env": {"A": "x${B}"}}),
            json!({"type": "sse", "url": "https://x"}),
            json!({"url": "ftp://x"}),
        ] {
            assert_eq!(told(odd.clone()), None, "{odd}");
        }
    }
}
