//! `[plugins]` and `[marketplaces]`: which plugins are on, and where they come from (docs/contract/services.md#plugins).

use std::collections::BTreeMap;

use toml::{Table, Value};

/// Plugins and marketplaces that are read at most.
const MAX_ENTRIES: usize = 512;

/// What is configured of plugins. An entry that can't be read counts as absent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PluginsConfig {
    /// By id (`plugin@marketplace`): whether it is on.
    pub plugins: BTreeMap<String, bool>,
    /// By name.
    pub marketplaces: BTreeMap<String, MarketplaceSource>,
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
                .filter(|(_, entry)| entry.is_table())
                .map(|(id, entry)| {
                    let enabled = entry.get("enabled").and_then(Value::as_bool);
                    (id.clone(), enabled.unwrap_or(true))
                })
                .collect(),
            marketplaces: marketplaces
                .filter_map(|(name, entry)| Some((name.clone(), source(entry)?)))
                .collect(),
        }
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
        let table: Table = "[plugins.'a@m']\nenabled = false\n[plugins.'b@m']\n\
             [marketplaces.m]\nsource_type = 'git'\nsource = 'https://h/r'\nref = 'main'\nsparse_paths = ['p', 7]\n\
             [marketplaces.n]\nsource_type = 'magic'\nsource = 'x'\n[marketplaces.o]\nsource_type = 'local'\n"
            .parse()
            .expect("TOML");
        let part = |name: &str| table.get(name).and_then(Value::as_table);
        let config = PluginsConfig::read(part("plugins"), part("marketplaces"));
        assert_eq!(
            config.plugins,
            BTreeMap::from([("a@m".into(), false), ("b@m".into(), true)])
        );
        let source = MarketplaceSource::Git {
            url: "https://h/r".into(),
            ref_name: Some("main".into()),
            sparse_paths: vec!["p".into()],
        };
        assert_eq!(config.marketplaces, BTreeMap::from([("m".into(), source)]));
    }
}
