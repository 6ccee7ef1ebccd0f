//! `[plugins]` and `[marketplaces]`: which plugins are on, and where they come from (docs/contract/services.md#plugins).

use std::collections::BTreeMap;

use toml::{Table, Value};

/// Plugins and marketplaces that are read at most.
const MAX_ENTRIES: usize = 512;
/// What users may say of a plugin's MCP server.
const SERVER_KEYS: [&str; 5] = [
    "enabled",
    "enabled_tools",
    "disabled_tools",
    "default_tools_approval_mode",
    "tools",
];

/// What is configured of plugins. An entry that can't be read counts as absent.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PluginsConfig {
    /// By id (`plugin@marketplace`).
    pub plugins: BTreeMap<String, PluginConfig>,
    /// By name.
    pub marketplaces: BTreeMap<String, MarketplaceSource>,
}

/// `[plugins."<plugin>@<marketplace>"]`
#[derive(Debug, Clone, PartialEq)]
pub struct PluginConfig {
    /// It is on.
    pub enabled: bool,
    /// What the user says of its MCP servers, by name: the keys of `[mcp_servers.<name>]` that don't say how one is
    /// reached.
    pub mcp_servers: BTreeMap<String, Table>,
}

/// The plugin that a server belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PluginOfServer {
    /// `plugin@marketplace`.
    pub id: String,
    /// Its name for people, in one line.
    pub name: String,
}

/// Where a marketplace comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MarketplaceSource {
    /// This folder, absolute.
    Local(String),
    /// A repository.
    Git {
        /// Its address.
        url: String,
        /// Branch, tag or commit; `None`: the repository's default.
        ref_name: Option<String>,
        /// The folders that are wanted; empty: all.
        sparse_paths: Vec<String>,
    },
}

impl PluginsConfig {
    /// Reads the tables.
    pub(super) fn read(plugins: Option<&Table>, marketplaces: Option<&Table>) -> Self {
        let plugins = plugins.into_iter().flatten().take(MAX_ENTRIES);
        let marketplaces = marketplaces.into_iter().flatten().take(MAX_ENTRIES);
        Self {
            plugins: plugins
                .filter_map(|(id, entry)| Some((id.clone(), plugin(entry.as_table()?))))
                .collect(),
            marketplaces: marketplaces
                .filter_map(|(name, entry)| Some((name.clone(), source(entry)?)))
                .collect(),
        }
    }
}

fn plugin(entry: &Table) -> PluginConfig {
    let servers = entry.get("mcp_servers").and_then(Value::as_table);
    let of_server = |(name, server): (&String, &Value)| {
        let mut server = server.as_table()?.clone();
        server.retain(|key, _| SERVER_KEYS.contains(&key));
        Some((name.clone(), server))
    };
    PluginConfig {
        enabled: entry.get("enabled").and_then(Value::as_bool).unwrap_or(true),
        mcp_servers: servers
            .into_iter()
            .flatten()
            .take(MAX_ENTRIES)
            .filter_map(of_server)
            .collect(),
    }
}

fn source(entry: &Value) -> Option<MarketplaceSource> {
    let text = |key: &str| entry.get(key).and_then(Value::as_str).map(str::to_owned);
    let source = text("source")?;
    Some(match text("source_type")?.as_str() {
        "local" => MarketplaceSource::Local(source),
        "git" => MarketplaceSource::Git {
            url: source,
            ref_name: text("ref"),
            sparse_paths: entry
                .get("sparse_paths")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .filter_map(|path| path.as_str().map(str::to_owned))
                .collect(),
        },
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_t_be_read_costs_only_itself() {
        let table: Table = "[plugins.'a@m']\nenabled = false\n[plugins.'b@m']\nmcp_servers.x = 7\n\
             [plugins.'b@m'.mcp_servers.s]\nenabled = false\ncommand = 'other'\n\
             [marketplaces.m]\nsource_type = 'git'\nsource = 'https://h/r'\nref = 'main'\nsparse_paths = ['p', 7]\n\
             [marketplaces.n]\nsource_type = 'magic'\nsource = 'x'\n[marketplaces.o]\nsource_type = 'local'\n"
            .parse()
            .expect("TOML");
        let part = |name: &str| table.get(name).and_then(Value::as_table);
        let config = PluginsConfig::read(part("plugins"), part("marketplaces"));
        let [off, on] = ["a@m", "b@m"].map(|id| &config.plugins[id]);
        assert!(!off.enabled && on.enabled);
        let server: Table = "enabled = false".parse().expect("TOML");
        assert_eq!(on.mcp_servers, BTreeMap::from([("s".into(), server)]));
        let source = MarketplaceSource::Git {
            url: "https://h/r".into(),
            ref_name: Some("main".into()),
            sparse_paths: vec!["p".into()],
        };
        assert_eq!(config.marketplaces, BTreeMap::from([("m".into(), source)]));
    }
}
