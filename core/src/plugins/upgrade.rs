//! Fetching marketplaces again, and with them the plugins that are installed.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use super::PluginError;
use super::cache;
use super::change::Change;
use super::marketplace::{Marketplace, PluginSource};
use super::operations::{COPY_TIME, Plugins, checkout, put_checkout, renew, unwritable};
use super::plugin_id::check_marketplace;
use super::source::Repository;
use crate::config::MarketplaceSource;

/// What became of marketplaces that come from repositories.
#[derive(Debug, Default)]
pub struct UpgradedMarketplaces {
    /// Those that were looked at, by name.
    pub selected: Vec<String>,
    /// Folders of those that have changed.
    pub upgraded: Vec<PathBuf>,
    /// By name: what went wrong.
    pub errors: BTreeMap<String, String>,
}

/// What became of one marketplace.
struct Upgraded {
    /// Its folder, if that has changed.
    root: Option<PathBuf>,
    /// Plugins that stay as they were, and why.
    problems: Vec<String>,
}

impl Plugins {
    /// Fetches marketplaces that come from repositories again, or the one of this name, and copies what differs of plugins
    /// that are installed: what has changed, and what could not be copied earlier.
    pub async fn upgrade_marketplaces(
        &self,
        only: Option<String>,
    ) -> Result<UpgradedMarketplaces, PluginError> {
        let change = self.changes.begin().await?;
        let config = self.load().await?;
        let git = config
            .plugins
            .marketplaces
            .iter()
            .filter_map(|(name, source)| match source {
                MarketplaceSource::Git {
                    url,
                    ref_name,
                    sparse_paths,
                } => Some((
                    name.clone(),
                    (url.clone(), ref_name.clone(), sparse_paths.clone()),
                )),
                MarketplaceSource::Local(_) => None,
            });
        let mut selected: BTreeMap<_, _> = git.collect();
        if let Some(only) = only {
            selected.retain(|name, _| *name == only);
            if selected.is_empty() {
                return Err(PluginError::refused(format!(
                    "marketplace `{only}` is not configured as a Git marketplace"
                )));
            }
        }
        let mut done = UpgradedMarketplaces::default();
        for (name, (url, ref_name, sparse_paths)) in selected {
            let upgraded = async {
                check_marketplace(&name)?;
                change.check().map_err(unwritable)?;
                let repository = Repository::new(&url, ref_name.as_deref(), &sparse_paths)?;
                self.upgrade(&change, &name, &repository).await
            };
            match upgraded.await {
                Ok(Upgraded { root, problems }) => {
                    done.upgraded.extend(root);
                    if !problems.is_empty() {
                        done.errors.insert(name.clone(), problems.join("; "));
                    }
                }
                Err(error) => {
                    done.errors.insert(name.clone(), error.to_string());
                }
            }
            done.selected.push(name);
        }
        self.reload().await?;
        Ok(done)
    }

    async fn upgrade(
        &self,
        change: &Change,
        name: &str,
        repository: &Repository,
    ) -> Result<Upgraded, PluginError> {
        let (staging, commit) = self.fetch(change, repository).await?;
        let name = name.to_owned();
        self.blocking(change, COPY_TIME, move |config, change| {
            let root = checkout(&config.codex_home, &name);
            let marketplace = Marketplace::in_folder(staging.path())?;
            if marketplace.name != name {
                return Err(PluginError::refused(format!(
                    "the repository's marketplace is called `{}` now; remove `{name}` and add it again",
                    marketplace.name
                )));
            }
            let known = fs::read_to_string(root.join(".git/HEAD")).unwrap_or_default();
            let is_new = known.trim() != commit;
            if is_new {
                put_checkout(&staging, &root, change)?;
            }
            let marketplace = Marketplace::in_folder(&root)?;
            let mut problems = Vec::new();
            for plugin in &marketplace.plugins {
                if cache::installed(&config.codex_home, &plugin.id).is_some()
                    && let PluginSource::Local(folder) = &plugin.source
                    && let Err(error) = renew(config, &marketplace.root, folder, plugin, change)
                {
                    tracing::warn!(plugin = %plugin.id, %error, "the plugin stays as it was");
                    problems.push(format!("plugin `{}` stays as it was: {error}", plugin.id));
                }
            }
            Ok(Upgraded {
                root: is_new.then_some(root),
                problems,
            })
        })
        .await
    }
}
