//! What clients ask for: adding, upgrading and removing marketplaces, installing and removing plugins.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::cache::{self, Staging};
use super::catalog::{self, AuthPolicy, InstallPolicy, PluginDetail, PluginListing};
use super::confined;
use super::manifest::Manifest;
use super::marketplace::{Marketplace, OfferedPlugin, PluginSource};
use super::plugin_id::{PluginId, check_marketplace};
use super::source::{GivenSource, Repository, given};
use super::{PluginError, git, installed, settings};
use crate::config::{Config, ConfigSource, ConfigWriteError, MarketplaceSource};
use crate::external_file::{READ_TIMEOUT, in_background};
use crate::skills::SkillCatalog;

/// How long copying a plugin may take.
const COPY_TIME: Duration = Duration::from_secs(60);
/// Where copies of repositories are, as the reference has it.
const CHECKOUTS: &str = ".tmp/marketplaces";

/// The folder of a marketplace that comes from a repository.
pub(super) fn checkout(codex_home: &Path, name: &str) -> PathBuf {
    codex_home.join(CHECKOUTS).join(name)
}

/// Plugins and marketplaces of one home.
pub struct Plugins {
    config: ConfigSource,
    skills: Arc<SkillCatalog>,
    /// One change at a time: each looks at what is there first.
    changing: tokio::sync::Mutex<()>,
}

/// A marketplace to add.
#[derive(Debug, Clone, Default)]
pub struct MarketplaceToAdd {
    /// A folder, `owner/repo`, or the address of a git repository.
    pub source: String,
    /// Branch, tag or commit.
    pub ref_name: Option<String>,
    /// Folders of the repository that are wanted; empty: all.
    pub sparse_paths: Vec<String>,
}

/// A marketplace that is there now.
#[derive(Debug)]
pub struct AddedMarketplace {
    /// Its name.
    pub name: String,
    /// Its folder.
    pub root: PathBuf,
    /// It was there before.
    pub already_added: bool,
}

/// A marketplace that is gone.
#[derive(Debug)]
pub struct RemovedMarketplace {
    /// Its name.
    pub name: String,
    /// The copy of its repository, which is gone, too.
    pub root: Option<PathBuf>,
}

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

impl Plugins {
    /// Those of this home. Reads nothing yet.
    pub(crate) fn new(config: ConfigSource, skills: Arc<SkillCatalog>) -> Arc<Self> {
        Arc::new(Self {
            config,
            skills,
            changing: tokio::sync::Mutex::default(),
        })
    }

    /// Tells the catalogue of skills where plugins have theirs. `config`: as it is now.
    pub async fn refresh(&self, config: &Config) {
        if config.plugins.plugins.is_empty() {
            self.skills.set_plugins(Vec::new());
            return;
        }
        let config = config.clone();
        match in_background(READ_TIMEOUT, move || installed::skills(&config)).await {
            Ok(skills) => self.skills.set_plugins(skills),
            Err(error) => tracing::warn!(%error, "plugins were not looked at"),
        }
    }

    /// All plugins that are to be had: of marketplaces that are configured, of the user's own, and of those in these
    /// folders.
    pub async fn list(&self, folders: Vec<PathBuf>) -> Result<PluginListing, PluginError> {
        self.blocking(READ_TIMEOUT, move |config| Ok(catalog::list(config, &folders)))
            .await
    }

    /// What is in a plugin of the marketplace with this list.
    pub async fn read(&self, list: PathBuf, name: String) -> Result<PluginDetail, PluginError> {
        self.blocking(READ_TIMEOUT, move |config| catalog::read(config, &list, &name))
            .await
    }

    /// Adds a marketplace. One that comes from a repository is fetched first.
    pub async fn add_marketplace(&self, wanted: MarketplaceToAdd) -> Result<AddedMarketplace, PluginError> {
        let _one = self.changing.lock().await;
        let given = off_thread(READ_TIMEOUT, move || {
            given(&wanted.source, wanted.ref_name.as_deref(), &wanted.sparse_paths)
        });
        match given.await? {
            GivenSource::Local(root) => {
                self.blocking(READ_TIMEOUT, move |config| {
                    let marketplace = Marketplace::in_folder(&root)?;
                    let source = MarketplaceSource::Local(path_text(&root)?);
                    configure_marketplace(config, marketplace.name, root, &source)
                })
                .await
            }
            GivenSource::Git(repository) => self.add_repository(repository).await,
        }
    }

    async fn add_repository(&self, repository: Repository) -> Result<AddedMarketplace, PluginError> {
        let source = repository.configured();
        let known = source.clone();
        let already = self.blocking(READ_TIMEOUT, move |config| {
            let same = config
                .plugins
                .marketplaces
                .iter()
                .find(|(_, source)| **source == known);
            let same = same.map(|(name, _)| (name.clone(), checkout(&config.codex_home, name)));
            Ok(same.filter(|(_, root)| root.is_dir()))
        });
        if let Some((name, root)) = already.await? {
            return Ok(AddedMarketplace {
                name,
                root,
                already_added: true,
            });
        }
        let (staging, _) = self.fetch(&repository).await?;
        self.blocking(COPY_TIME, move |config| {
            let marketplace = Marketplace::in_folder(staging.path())?;
            let root = checkout(&config.codex_home, &marketplace.name);
            let name = marketplace.name;
            check_is_new(config, &name, &source)?;
            put_checkout(&staging, &root)?;
            configure_marketplace(config, name, root, &source)
        })
        .await
    }

    /// Removes a marketplace. Its folder stays, unless it is a copy of a repository; so do plugins that were installed
    /// from it.
    pub async fn remove_marketplace(&self, name: String) -> Result<RemovedMarketplace, PluginError> {
        let _one = self.changing.lock().await;
        self.blocking(COPY_TIME, move |config| {
            check_marketplace(&name)?;
            let root = checkout(&config.codex_home, &name);
            let is_copy = fs::symlink_metadata(&root).is_ok();
            let is_configured = config.plugins.marketplaces.contains_key(&name);
            if !is_copy && !is_configured {
                return Err(PluginError::refused(format!(
                    "marketplace `{name}` is not configured or installed"
                )));
            }
            settings::remove_marketplace(config, &name)?;
            if is_copy {
                let staging = Staging::new(&config.codex_home).map_err(unwritable)?;
                fs::rename(&root, staging.path().join("old")).map_err(unwritable)?;
            }
            Ok(RemovedMarketplace {
                root: is_copy.then_some(root),
                name,
            })
        })
        .await
    }

    /// Fetches marketplaces that come from repositories again, or the one of this name, and installs what has changed
    /// of plugins that are installed.
    pub async fn upgrade_marketplaces(
        &self,
        only: Option<String>,
    ) -> Result<UpgradedMarketplaces, PluginError> {
        let _one = self.changing.lock().await;
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
                let repository = Repository::new(&url, ref_name.as_deref(), &sparse_paths)?;
                self.upgrade(&name, &repository).await
            };
            match upgraded.await {
                Ok(Some(root)) => done.upgraded.push(root),
                Ok(None) => {}
                Err(error) => {
                    done.errors.insert(name.clone(), error.to_string());
                }
            }
            done.selected.push(name);
        }
        self.reload().await?;
        Ok(done)
    }

    /// Gives the folder of a marketplace that has changed.
    async fn upgrade(&self, name: &str, repository: &Repository) -> Result<Option<PathBuf>, PluginError> {
        let (staging, commit) = self.fetch(repository).await?;
        let name = name.to_owned();
        self.blocking(COPY_TIME, move |config| {
            let root = checkout(&config.codex_home, &name);
            let marketplace = Marketplace::in_folder(staging.path())?;
            if marketplace.name != name {
                return Err(PluginError::refused(format!(
                    "the repository's marketplace is called `{}` now; remove `{name}` and add it again",
                    marketplace.name
                )));
            }
            let known = fs::read_to_string(root.join(".git/HEAD")).unwrap_or_default();
            if known.trim() == commit {
                return Ok(None);
            }
            put_checkout(&staging, &root)?;
            let marketplace = Marketplace::in_folder(&root)?;
            for plugin in &marketplace.plugins {
                if cache::installed(&config.codex_home, &plugin.id).is_some()
                    && let PluginSource::Local(folder) = &plugin.source
                    && let Err(error) = copy(config, &marketplace.root, folder, plugin)
                {
                    tracing::warn!(plugin = %plugin.id, %error, "the plugin stays as it was");
                }
            }
            Ok(Some(root))
        })
        .await
    }

    /// Installs a plugin of the marketplace with this list, and switches it on.
    pub async fn install(&self, list: PathBuf, name: String) -> Result<AuthPolicy, PluginError> {
        let _one = self.changing.lock().await;
        let wanted = self.blocking(READ_TIMEOUT, move |_| {
            let mut marketplace = Marketplace::read(&list)?;
            let plugin = marketplace.plugin(&name)?;
            if plugin.install == InstallPolicy::NotAvailable {
                return Err(PluginError::refused(format!(
                    "plugin `{name}` is not available for install in marketplace `{}`",
                    marketplace.name
                )));
            }
            let id = plugin.id.clone();
            marketplace.plugins.retain(|plugin| plugin.id == id);
            Ok(marketplace)
        });
        let mut marketplace = wanted.await?;
        let Some(plugin) = marketplace.plugins.pop() else {
            return Err(PluginError::failed("the plugin is gone"));
        };
        let auth = plugin.auth;
        match plugin.source.clone() {
            PluginSource::Local(folder) => {
                self.blocking(COPY_TIME, move |config| {
                    copy(config, &marketplace.root, &folder, &plugin)?;
                    settings::switch_on(config, &plugin.id)
                })
                .await?;
            }
            PluginSource::Git {
                url,
                path,
                ref_name,
                sha,
            } => {
                let wanted = sha.or(ref_name);
                let repository = Repository::new(&url, wanted.as_deref(), &[])?;
                let (staging, _) = self.fetch(&repository).await?;
                self.blocking(COPY_TIME, move |config| {
                    let folder = confined::existing(staging.path(), path.as_deref().unwrap_or("."));
                    let folder = folder.ok_or_else(|| PluginError::refused("missing plugin.json"))?;
                    copy(config, staging.path(), &folder, &plugin)?;
                    settings::switch_on(config, &plugin.id)
                })
                .await?;
            }
            PluginSource::Npm { package, .. } => {
                return Err(PluginError::refused(format!(
                    "plugin `{}` is the npm package `{package}`; packages of npm can't be installed as plugins",
                    plugin.id
                )));
            }
        }
        self.reload().await?;
        Ok(auth)
    }

    /// Removes a plugin, `plugin@marketplace`. One that is not installed is no error. `false`: this is no such id.
    pub async fn uninstall(&self, id: &str) -> Result<bool, PluginError> {
        let Some(id) = PluginId::parse(id) else {
            return Ok(false);
        };
        let _one = self.changing.lock().await;
        self.blocking(COPY_TIME, move |config| {
            if config.plugins.plugins.contains_key(&id.to_string()) {
                settings::remove_plugin(config, &id)?;
            }
            cache::remove(&config.codex_home, &id).map_err(unwritable)
        })
        .await?;
        self.reload().await?;
        Ok(true)
    }

    /// Fetches a repository into a folder that is removed unless it is put elsewhere. Gives its commit, too.
    async fn fetch(&self, repository: &Repository) -> Result<(Staging, String), PluginError> {
        let home = self.config.codex_home.clone();
        let staging = off_thread(READ_TIMEOUT, move || Staging::new(&home).map_err(unwritable)).await?;
        let commit = git::fetch(repository, staging.path()).await;
        Ok((staging, commit?))
    }

    async fn load(&self) -> Result<Config, PluginError> {
        let config = Config::load_home(&self.config).await;
        config.map_err(|error| PluginError::Config(ConfigWriteError::Config(error)))
    }

    async fn reload(&self) -> Result<(), PluginError> {
        let config = self.load().await?;
        self.refresh(&config).await;
        Ok(())
    }

    /// Works on files with the present configuration, on another thread.
    async fn blocking<T: Send + 'static>(
        &self,
        limit: Duration,
        work: impl FnOnce(&Config) -> Result<T, PluginError> + Send + 'static,
    ) -> Result<T, PluginError> {
        let config = self.load().await?;
        off_thread(limit, move || work(&config)).await
    }
}

/// Works on files on another thread.
async fn off_thread<T: Send + 'static>(
    limit: Duration,
    work: impl FnOnce() -> Result<T, PluginError> + Send + 'static,
) -> Result<T, PluginError> {
    let done = in_background(limit, work).await;
    done.map_err(|error| PluginError::failed(error.to_string()))?
}

impl std::fmt::Debug for Plugins {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Plugins").finish_non_exhaustive()
    }
}

/// Copies a plugin from a folder inside of `root`.
fn copy(config: &Config, root: &Path, folder: &Path, plugin: &OfferedPlugin) -> Result<(), PluginError> {
    if !folder.is_dir() {
        return Err(PluginError::refused("missing plugin.json"));
    }
    catalog::check_folder(root, folder)?;
    let manifest = Manifest::read(folder).map_err(|error| PluginError::refused(error.to_string()))?;
    let version = manifest.version_of(&plugin.id)?;
    cache::install(&config.codex_home, &plugin.id, &version, folder)
        .map_err(|error| PluginError::failed(format!("failed to install plugin: {error}")))?;
    Ok(())
}

/// Puts a repository that was fetched in the place of what is there.
fn put_checkout(staging: &Staging, root: &Path) -> Result<(), PluginError> {
    if let Some(folder) = root.parent() {
        crate::sys::files::owner_only_folders()
            .recursive(true)
            .create(folder)
            .map_err(unwritable)?;
    }
    let old = staging.path().with_extension("old");
    let had = match fs::rename(root, &old) {
        Ok(()) => true,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => false,
        Err(error) => return Err(unwritable(error)),
    };
    let put = fs::rename(staging.path(), root);
    if put.is_err() && had {
        let _ = fs::rename(&old, root);
    }
    put.map_err(unwritable)?;
    if had {
        let _ = fs::remove_dir_all(&old);
    }
    Ok(())
}

/// That the name of a marketplace does not stand for another source.
fn check_is_new(config: &Config, name: &str, source: &MarketplaceSource) -> Result<bool, PluginError> {
    match config.plugins.marketplaces.get(name) {
        None => Ok(true),
        Some(known) if known == source => Ok(false),
        Some(_) => Err(PluginError::refused(format!(
            "marketplace '{name}' is already added from a different source; remove it before adding this source"
        ))),
    }
}

fn configure_marketplace(
    config: &Config,
    name: String,
    root: PathBuf,
    source: &MarketplaceSource,
) -> Result<AddedMarketplace, PluginError> {
    let is_new = check_is_new(config, &name, source)?;
    if is_new {
        settings::put_marketplace(config, &name, source)?;
    }
    Ok(AddedMarketplace {
        name,
        root,
        already_added: !is_new,
    })
}

fn path_text(path: &Path) -> Result<String, PluginError> {
    let text = path.to_str().map(str::to_owned);
    text.ok_or_else(|| PluginError::refused("the path of a marketplace must be valid UTF-8"))
}

#[expect(clippy::needless_pass_by_value, reason = "passed to map_err")]
fn unwritable(error: std::io::Error) -> PluginError {
    PluginError::failed(format!("the home of this program can't be written: {error}"))
}
