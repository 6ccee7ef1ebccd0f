//! What is written into `config.toml` for plugins and marketplaces.

use toml_edit::{Array, DocumentMut, Item, Table, value};

use super::PluginError;
use super::plugin_id::PluginId;
use crate::config::{Config, MarketplaceSource, edit_user_file};

/// Adds a marketplace, in place of one of the same name. Blocks, as what follows.
pub(super) fn put_marketplace(
    config: &Config,
    name: &str,
    source: &MarketplaceSource,
) -> Result<(), PluginError> {
    edit(config, &|document| {
        let mut entry = Table::new();
        match source {
            MarketplaceSource::Local(path) => {
                entry.insert("source_type", value("local"));
                entry.insert("source", value(path.as_str()));
            }
            MarketplaceSource::Git {
                url,
                ref_name,
                sparse_paths,
            } => {
                entry.insert("source_type", value("git"));
                entry.insert("source", value(url.as_str()));
                if let Some(ref_name) = ref_name {
                    entry.insert("ref", value(ref_name.as_str()));
                }
                if !sparse_paths.is_empty() {
                    let paths: Array = sparse_paths.iter().map(String::as_str).collect();
                    entry.insert("sparse_paths", value(paths));
                }
            }
        }
        insert(document, "marketplaces", name, Item::Table(entry))
    })
}

/// Removes a marketplace.
pub(super) fn remove_marketplace(config: &Config, name: &str) -> Result<(), PluginError> {
    remove(config, "marketplaces", name)
}

/// Removes a plugin.
pub(super) fn remove_plugin(config: &Config, id: &PluginId) -> Result<(), PluginError> {
    remove(config, "plugins", &id.to_string())
}

fn remove(config: &Config, table: &str, name: &str) -> Result<(), PluginError> {
    edit(config, &|document| {
        if let Some(all) = document.get_mut(table).and_then(Item::as_table_like_mut) {
            all.remove(name);
        }
        Ok(())
    })
}

/// Switches a plugin on.
pub(super) fn switch_on(config: &Config, id: &PluginId) -> Result<(), PluginError> {
    edit(config, &|document| {
        let known = document.get_mut("plugins").and_then(Item::as_table_like_mut);
        let known = known.and_then(|all| all.get_mut(&id.to_string()));
        if let Some(entry) = known.and_then(Item::as_table_like_mut) {
            entry.insert("enabled", value(true));
            return Ok(());
        }
        let mut entry = Table::new();
        entry.insert("enabled", value(true));
        insert(document, "plugins", &id.to_string(), Item::Table(entry))
    })
}

/// Puts an entry into a table of tables.
fn insert(document: &mut DocumentMut, table: &str, name: &str, entry: Item) -> Result<(), String> {
    let all = document.entry(table).or_insert_with(|| {
        let mut all = Table::new();
        all.set_implicit(true);
        Item::Table(all)
    });
    let all = all
        .as_table_like_mut()
        .ok_or_else(|| format!("`{table}` is no table; make it one, or remove it"))?;
    all.insert(name, entry);
    Ok(())
}

fn edit(config: &Config, change: &dyn Fn(&mut DocumentMut) -> Result<(), String>) -> Result<(), PluginError> {
    Ok(edit_user_file(&config.codex_home, change)?)
}
