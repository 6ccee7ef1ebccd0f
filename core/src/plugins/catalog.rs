//! Which plugins there are to be had, and what is in them.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::PluginError;
use super::cache;
use super::confined;
use super::manifest::{Manifest, PluginInterface};
use super::marketplace::{Marketplace, OfferedPlugin, PluginSource, list_in};
use super::operations::checkout;
use super::parts;
use crate::HookEvent;
use crate::config::{Config, MarketplaceSource};
use crate::git::Repository;
use crate::skills::{Skill, skills_of_plugin};

/// Folders that a client may name.
const MAX_FOLDERS: usize = 64;

/// How long the manifests of all plugins of a list may take to be read, less than the list itself. Those of the rest are not
/// looked at: one marketplace must not cost the others.
const MANIFESTS_TIME: Duration = Duration::from_secs(3);

/// Marketplaces, and those that can't be read.
#[derive(Debug, Default)]
pub struct PluginListing {
    /// By the path of their lists.
    pub marketplaces: Vec<FoundMarketplace>,
    /// What is wrong with others.
    pub errors: Vec<LoadError>,
}

/// A marketplace that can't be read.
#[derive(Debug)]
pub struct LoadError {
    /// Its list.
    pub path: PathBuf,
    /// What is wrong.
    pub message: String,
}

/// A marketplace.
#[derive(Debug)]
pub struct FoundMarketplace {
    /// Its name.
    pub name: String,
    /// Its name for people.
    pub display_name: Option<String>,
    /// Its list, absolute.
    pub path: PathBuf,
    /// In the order of its list.
    pub plugins: Vec<FoundPlugin>,
}

/// A plugin of a marketplace.
#[derive(Debug, Clone)]
pub struct FoundPlugin {
    /// `plugin@marketplace`.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Where its files are.
    pub source: PluginSource,
    /// There is a copy of it.
    pub installed: bool,
    /// That copy is on.
    pub enabled: bool,
    /// Whether it may be installed.
    pub install_policy: InstallPolicy,
    /// When it asks for an account.
    pub auth_policy: AuthPolicy,
    /// How it is shown.
    pub interface: Option<PluginInterface>,
    /// Words to find it by.
    pub keywords: Vec<String>,
    /// The version in the marketplace's folder.
    pub local_version: Option<String>,
}

/// Whether a plugin may be installed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InstallPolicy {
    /// No.
    NotAvailable,
    /// Yes.
    Available,
    /// Its marketplace would have it installed. Nothing is installed unasked.
    InstalledByDefault,
}

/// When a plugin asks for an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthPolicy {
    /// When it is installed.
    OnInstall,
    /// When it is used.
    OnUse,
}

/// What is in a plugin.
#[derive(Debug)]
pub struct PluginDetail {
    /// Name of its marketplace.
    pub marketplace_name: String,
    /// Its list.
    pub marketplace_path: PathBuf,
    /// As in lists.
    pub summary: FoundPlugin,
    /// What it is for.
    pub description: Option<String>,
    /// By name.
    pub skills: Vec<PluginSkill>,
    /// Keys of hooks, and when they run.
    pub hooks: Vec<(String, HookEvent)>,
    /// Names of MCP servers.
    pub mcp_servers: Vec<String>,
}

/// A skill of a plugin.
#[derive(Debug)]
pub struct PluginSkill {
    /// The skill.
    pub skill: Arc<Skill>,
    /// The user has not switched it off.
    pub enabled: bool,
}

/// All marketplaces: those that are configured, the user's own, and those in these folders and at the roots of their
/// repositories. Blocks as long as the file system does, as what follows.
pub(super) fn list(config: &Config, folders: &[PathBuf]) -> PluginListing {
    let configured = config
        .plugins
        .marketplaces
        .iter()
        .map(|(name, source)| match source {
            MarketplaceSource::Local(path) => PathBuf::from(path),
            MarketplaceSource::Git { .. } => checkout(&config.codex_home, name),
        });
    let home = std::env::home_dir().filter(|home| home.is_absolute());
    let all = configured
        .chain(home)
        .chain(folders.iter().take(MAX_FOLDERS).flat_map(|folder| {
            let repository = Repository::around(folder).map(|repository| repository.root().to_owned());
            std::iter::once(folder.clone()).chain(repository)
        }));
    let mut paths: Vec<PathBuf> = all.filter_map(|root| list_in(&root)).collect();
    paths.sort();
    paths.dedup();
    let mut listing = PluginListing::default();
    let until = Instant::now() + MANIFESTS_TIME;
    let mut names = HashSet::new();
    for path in paths {
        match Marketplace::read(&path) {
            Ok(marketplace) => {
                // Ids must be clear.
                if names.insert(marketplace.name.clone()) {
                    listing.marketplaces.push(found(config, &marketplace, until));
                }
            }
            Err(error) => listing.errors.push(LoadError {
                path,
                message: error.to_string(),
            }),
        }
    }
    listing
}

fn found(config: &Config, marketplace: &Marketplace, until: Instant) -> FoundMarketplace {
    let manifest = |plugin: &OfferedPlugin| {
        let in_time = Instant::now() < until;
        let read = in_time.then(|| manifest(marketplace, plugin).ok()).flatten();
        // Without one that can be read, clients see what the marketplace says.
        read.unwrap_or_else(|| Manifest::of_entry(&marketplace.root, &plugin.entry))
    };
    FoundMarketplace {
        name: marketplace.name.clone(),
        display_name: marketplace.display_name.clone(),
        path: marketplace.path.clone(),
        plugins: marketplace
            .plugins
            .iter()
            .map(|plugin| found_plugin(config, marketplace, plugin, &manifest(plugin)))
            .collect(),
    }
}

fn found_plugin(
    config: &Config,
    marketplace: &Marketplace,
    plugin: &OfferedPlugin,
    manifest: &Manifest,
) -> FoundPlugin {
    let id = plugin.id.to_string();
    let installed = cache::installed(&config.codex_home, &plugin.id).is_some();
    let on = config.plugins.plugins.get(&id);
    debug_assert_eq!(plugin.id.marketplace, marketplace.name);
    FoundPlugin {
        name: plugin.id.plugin.clone(),
        source: plugin.source.clone(),
        installed,
        enabled: installed && on.is_some_and(|plugin| plugin.enabled),
        install_policy: plugin.install,
        auth_policy: plugin.auth,
        interface: manifest.interface(plugin.category.as_deref()),
        keywords: manifest.keywords(),
        local_version: manifest.version(),
        id,
    }
}

/// The manifest of a plugin that lies in its marketplace's folder.
fn manifest(marketplace: &Marketplace, plugin: &OfferedPlugin) -> Result<Manifest, PluginError> {
    let PluginSource::Local(folder) = &plugin.source else {
        let text = format!(
            "plugin `{}` is not in its marketplace's folder; install it to see what is in it",
            plugin.id
        );
        return Err(PluginError::Refused(text));
    };
    check_folder(&marketplace.root, folder)?;
    let manifest = Manifest::read_or_made(folder, &plugin.entry);
    manifest.map_err(|_| PluginError::refused("missing or invalid plugin.json"))
}

/// That the folder of a plugin is one, and lies in that of its marketplace.
pub(super) fn check_folder(root: &Path, folder: &Path) -> Result<(), PluginError> {
    if !folder.is_dir() {
        return Err(PluginError::refused("path does not exist or is not a directory"));
    }
    if !confined::lies_within(root, folder) {
        return Err(PluginError::refused(
            "the plugin's folder leads out of its marketplace",
        ));
    }
    Ok(())
}

/// What is in a plugin of a marketplace. Of one that lies elsewhere, its copy, if there is one.
pub(super) fn read(config: &Config, list: &Path, name: &str) -> Result<PluginDetail, PluginError> {
    let marketplace = Marketplace::read(list)?;
    let plugin = marketplace.plugin(name)?;
    let manifest = match (&plugin.source, cache::installed(&config.codex_home, &plugin.id)) {
        (PluginSource::Local(_), _) | (_, None) => manifest(&marketplace, plugin)?,
        (_, Some(copy)) => {
            Manifest::read(&copy).map_err(|_| PluginError::refused("missing or invalid plugin.json"))?
        }
    };
    let folders = parts::skills(&manifest, &plugin.id);
    let skills = folders
        .iter()
        .flat_map(skills_of_plugin)
        .map(|skill| PluginSkill {
            enabled: config.skills.is_enabled(&skill.name, &skill.path, &skill.found),
            skill,
        });
    let mut hooks = Vec::new();
    for table in parts::hooks(&manifest, &mut Vec::new()) {
        for event in HookEvent::ALL {
            let groups = table
                .events
                .get(event.name())
                .and_then(|groups| groups.as_array());
            for (number, group) in groups.into_iter().flatten().enumerate() {
                let handlers = group.get("hooks").and_then(|hooks| hooks.as_array());
                for position in 0..handlers.map_or(0, |handlers| handlers.len().min(256)) {
                    let key = format!(
                        "{}:{}:{}:{number}:{position}",
                        plugin.id,
                        table.key,
                        event.snake_name()
                    );
                    hooks.push((key, event));
                }
            }
        }
    }
    Ok(PluginDetail {
        summary: found_plugin(config, &marketplace, plugin, &manifest),
        description: manifest.description(),
        skills: skills.collect(),
        hooks,
        mcp_servers: parts::servers(&manifest)
            .into_iter()
            .map(|(name, _)| name)
            .collect(),
        marketplace_name: marketplace.name.clone(),
        marketplace_path: marketplace.path.clone(),
    })
}
