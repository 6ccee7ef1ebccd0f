//! Plugins that are installed and on, and what they add: skills, MCP servers and hooks.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Map, Value};
use toml::Table;

use super::cache;
use super::confined;
use super::manifest::Manifest;
use super::parts::{self, PluginPlaces};
use super::plugin_id::PluginId;
use crate::config::{Config, ConfigError, ConfigOverride, ConfigSource, PluginOfServer, json_to_toml};
use crate::external_file::{READ_TIMEOUT, in_background};
use crate::features;
use crate::skills::PluginSkills;
use crate::{HookDescription, HookHandler};

/// Longest name that models are told, in characters: somebody else wrote it.
const MAX_NAME_CHARS: usize = 120;

/// An MCP server of a plugin, as a table `[mcp_servers.<name>]` of config.toml would have it.
#[derive(Debug, Clone, PartialEq)]
struct PluginMcpServer {
    /// Its name.
    name: String,
    /// The plugin.
    plugin: PluginOfServer,
    /// What the plugin says of it. `command` is absolute where it names a file of the plugin, and so is `cwd`, if there
    /// is one; it lies inside of the plugin. `${PLUGIN_ROOT}` and the like stand for folders no more. What the user says
    /// of it is in here, too.
    table: Table,
}

/// The hooks of one file of a plugin.
#[derive(Debug)]
pub(crate) struct PluginHooks {
    /// The plugin.
    pub(crate) plugin_id: String,
    /// What the keys of its hooks begin with.
    pub(crate) key: String,
    /// The file.
    pub(crate) path: PathBuf,
    /// From events to groups.
    pub(crate) events: Map<String, Value>,
    /// Hash of everything in the plugin.
    pub(crate) content_hash: String,
    /// What its commands have in their environment.
    pub(crate) variables: Vec<(String, PathBuf)>,
}

impl PluginHooks {
    /// Completes what is known of one of its hooks: trust is in all files of the plugin, and its folders stand where its
    /// command speaks of them.
    pub(crate) fn describe(&self, hook: &mut HookDescription) {
        hook.current_hash = format!("{}/{}", hook.current_hash, self.content_hash);
        if let HookHandler::Command { command, .. } = &mut hook.handler {
            for (name, path) in &self.variables {
                *command = command.replace(&format!("${{{name}}}"), &path.to_string_lossy());
            }
        }
    }
}

/// A plugin that is installed and on.
pub(super) struct Installed {
    pub(super) id: PluginId,
    pub(super) manifest: Manifest,
    places: PluginPlaces,
    /// What the user says of its MCP servers, by name.
    of_servers: BTreeMap<String, Table>,
}

impl Installed {
    /// Its name for people, in one line.
    pub(super) fn display_name(&self) -> String {
        let shown = self.manifest.interface(None);
        let name = shown.as_ref().and_then(|shown| shown.display_name.as_deref());
        let name = name.or_else(|| self.manifest.name());
        let name = name.unwrap_or(&self.id.plugin).chars();
        name.filter(|c| !c.is_control()).take(MAX_NAME_CHARS).collect()
    }
}

/// Reads nothing where no plugin is configured. Blocks as long as the file system does, as all that follows.
pub(super) fn enabled(config: &Config) -> impl Iterator<Item = Installed> {
    let is_on = config.features.enabled(features::PLUGINS);
    let configured = config
        .plugins
        .plugins
        .iter()
        .filter(move |(_, plugin)| is_on && plugin.enabled);
    configured.filter_map(|(id, plugin)| {
        let id = PluginId::parse(id)?;
        let root = cache::installed(&config.codex_home, &id)?;
        let manifest = Manifest::read(&root)
            .inspect_err(|error| tracing::warn!(plugin = %id, %error, "the plugin is left out"))
            .ok()?;
        let places = PluginPlaces::new(&config.codex_home, &id, &root);
        Some(Installed {
            id,
            manifest,
            places,
            of_servers: plugin.mcp_servers.clone(),
        })
    })
}

/// Where the skills of plugins are.
pub(super) fn skills(config: &Config) -> Vec<PluginSkills> {
    enabled(config)
        .flat_map(|plugin| parts::skills(&plugin.manifest, &plugin.id))
        .collect()
}

/// The MCP servers of plugins, by plugin. A server whose table makes no sense is left out.
fn mcp_servers(plugins: impl IntoIterator<Item = Installed>) -> Vec<PluginMcpServer> {
    let servers = plugins.into_iter().flat_map(|plugin| {
        let servers = parts::servers(&plugin.manifest).into_iter();
        let it = PluginOfServer {
            id: plugin.id.to_string(),
            name: plugin.display_name(),
        };
        let of_plugin = move |(name, server)| {
            let mut table = server_table(&plugin.places, server)?;
            table.extend(plugin.of_servers.get(&name).cloned().unwrap_or_default());
            Some(PluginMcpServer {
                table,
                plugin: it.clone(),
                name,
            })
        };
        servers.filter_map(of_plugin)
    });
    servers.collect()
}

/// A configuration with the MCP servers of plugins, and where the skills of plugins are.
pub(crate) fn with_parts(config: Arc<Config>) -> (Arc<Config>, Vec<PluginSkills>) {
    let plugins: Vec<_> = enabled(&config).collect();
    let skills = plugins
        .iter()
        .flat_map(|plugin| parts::skills(&plugin.manifest, &plugin.id))
        .collect();
    (with_servers(config, mcp_servers(plugins)), skills)
}

fn with_servers(config: Arc<Config>, servers: Vec<PluginMcpServer>) -> Arc<Config> {
    if servers.is_empty() {
        return config;
    }
    let mut config = Arc::unwrap_or_clone(config);
    for server in servers {
        config.add_plugin_server(server.name, server.table, server.plugin);
    }
    Arc::new(config)
}

/// As [`Config::load_in_background`], with the MCP servers of plugins.
pub(crate) async fn load_with_mcp_servers(
    source: &ConfigSource,
    cwd: PathBuf,
    extra: Vec<ConfigOverride>,
) -> Result<Arc<Config>, ConfigError> {
    let config = Config::load_in_background(source, cwd, extra).await?;
    if config.plugins.plugins.is_empty() {
        return Ok(config);
    }
    let shared = Arc::clone(&config);
    let servers = in_background(READ_TIMEOUT, move || mcp_servers(enabled(&shared))).await;
    let servers = servers.unwrap_or_else(|error| {
        tracing::warn!(%error, "the MCP servers of plugins are left out");
        Vec::new()
    });
    Ok(with_servers(config, servers))
}

/// The hooks of plugins, by plugin. What can't be read is told.
pub(crate) fn hooks(config: &Config, warnings: &mut Vec<String>) -> Vec<PluginHooks> {
    let mut all = Vec::new();
    for plugin in enabled(config) {
        let tables = parts::hooks(&plugin.manifest, warnings);
        if tables.is_empty() {
            continue;
        }
        let content_hash = match parts::content_hash(&plugin.manifest.root) {
            Ok(hash) => hash,
            Err(error) => {
                warnings.push(format!("the hooks of plugin {} are left out: {error}", plugin.id));
                continue;
            }
        };
        all.extend(tables.into_iter().map(|table| PluginHooks {
            plugin_id: plugin.id.to_string(),
            key: format!("{}:{}", plugin.id, table.key),
            path: table.path,
            events: table.events,
            content_hash: content_hash.clone(),
            variables: plugin.places.variables(),
        }));
    }
    all
}

/// What a plugin says of a server, as config.toml would have it; `None`: it leads out of the plugin, or says nothing
/// that could be started or reached.
fn server_table(places: &PluginPlaces, mut server: Map<String, Value>) -> Option<Table> {
    for value in server.values_mut() {
        places.expand(value);
    }
    if let Some(cwd) = server.get("cwd").filter(|cwd| !cwd.is_null()) {
        let folder = inside(places, cwd.as_str()?)?;
        server.insert("cwd".to_owned(), folder.to_str()?.into());
    }
    match (server.get("command"), server.get("url")) {
        (Some(Value::String(command)), _) => {
            if command.starts_with("./") || command.starts_with("../") {
                let program = inside(places, command)?;
                server.insert("command".to_owned(), program.to_str()?.into());
            }
        }
        (None, Some(Value::String(_))) => {}
        _ => return None,
    }
    // Says what its other members say.
    server.remove("type");
    match json_to_toml(&Value::Object(server))? {
        toml::Value::Table(table) => Some(table),
        _ => None,
    }
}

/// A place in the plugin, by its path in it or by its whole path.
fn inside(places: &PluginPlaces, path: &str) -> Option<PathBuf> {
    let below = match Path::new(path).strip_prefix(&places.root) {
        Ok(below) => Path::new(".").join(below),
        Err(_) => path.into(),
    };
    confined::existing(&places.root, below.to_str()?)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use serde_json::json;

    use super::*;

    #[test]
    fn servers_stay_inside_of_their_plugin() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path().join("root");
        fs::create_dir_all(root.join("bin")).expect("made");
        fs::write(root.join("bin/run"), "").expect("written");
        let places = PluginPlaces {
            root: root.clone(),
            data: "/data".into(),
        };
        let table = |value: Value| server_table(&places, value.as_object().expect("an object").clone());
        let server = table(
            json!({"type": "stdio", "command": "./bin/run", "cwd": "${CLAUDE_PLUGIN_ROOT}/bin",
            "args": ["${PLUGIN_DATA}/x", 1], "env": {"A": "${PLUGIN_ROOT}", "B": "$HOME"}, "none": null}),
        )
        .expect("a server");
        let text = |name: &str| server[name].as_str().expect("a text").to_owned();
        assert_eq!(text("command"), root.join("bin/run").to_str().expect("text"));
        assert_eq!(text("cwd"), root.join("bin").to_str().expect("text"));
        assert_eq!(server["args"][0].as_str(), Some("/data/x"));
        assert_eq!(server["env"]["A"].as_str(), root.to_str());
        assert_eq!(server["env"]["B"].as_str(), Some("$HOME"));
        assert!(!server.contains_key("none") && !server.contains_key("type"));
        assert!(table(json!({"type": "http", "url": "https://h/mcp"})).is_some());
        assert!(table(json!({"command": "npx"})).is_some());
        for other in [
            json!({}),
            json!({"command": 7}),
            json!({"command": "../x"}),
            json!({"command": "./none"}),
            json!({"command": "npx", "cwd": "../.."}),
            json!({"command": "npx", "cwd": "/etc"}),
        ] {
            assert_eq!(table(other.clone()), None, "{other}");
        }
    }
}
