//! What clients ask for: adding, upgrading and removing marketplaces, installing and removing plugins.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::cache::{self, Contents, Staging};
use super::catalog::{self, AuthPolicy, InstallPolicy, PluginDetail, PluginListing};
use super::change::{Change, Changes};
use super::confined;
use super::manifest::Manifest;
use super::marketplace::{Marketplace, OfferedPlugin, PluginSource};
use super::plugin_id::{PluginId, check_is_free, check_marketplace};
use super::source::{GivenSource, Repository, given};
use super::{PluginError, git, installed, settings};
use crate::config::{Config, ConfigSource, ConfigWriteError, MarketplaceSource};
use crate::external_file::{READ_TIMEOUT, in_background};
use crate::skills::SkillCatalog;

/// How long copying a plugin may take.
pub(super) const COPY_TIME: Duration = Duration::from_secs(60);
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
    pub(super) changes: Changes,
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

impl Plugins {
    /// Those of this home. Reads nothing yet.
    pub(crate) fn new(config: ConfigSource, skills: Arc<SkillCatalog>) -> Arc<Self> {
        let changes = Changes::new(config.codex_home.clone());
        Arc::new(Self {
            config,
            skills,
            changes,
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
        self.reading(move |config| Ok(catalog::list(config, &folders)))
            .await
    }

    /// What is in a plugin of the marketplace with this list.
    pub async fn read(&self, list: PathBuf, name: String) -> Result<PluginDetail, PluginError> {
        self.reading(move |config| catalog::read(config, &list, &name))
            .await
    }

    /// Adds a marketplace. One that comes from a repository is fetched first.
    pub async fn add_marketplace(&self, wanted: MarketplaceToAdd) -> Result<AddedMarketplace, PluginError> {
        let change = self.changes.begin().await?;
        let given = change.off_thread(READ_TIMEOUT, move |_| {
            given(&wanted.source, wanted.ref_name.as_deref(), &wanted.sparse_paths)
        });
        match given.await? {
            GivenSource::Local(root) => {
                self.blocking(&change, READ_TIMEOUT, move |config, change| {
                    let marketplace = Marketplace::in_folder(&root)?;
                    let source = MarketplaceSource::Local(path_text(&root)?);
                    change.check().map_err(unwritable)?;
                    configure_marketplace(config, marketplace.name, root, &source)
                })
                .await
            }
            GivenSource::Git(repository) => self.add_repository(&change, repository).await,
        }
    }

    async fn add_repository(
        &self,
        change: &Change,
        repository: Repository,
    ) -> Result<AddedMarketplace, PluginError> {
        let source = repository.configured();
        let known = source.clone();
        let already = self.blocking(change, READ_TIMEOUT, move |config, _| {
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
        let (staging, _) = self.fetch(change, &repository).await?;
        self.blocking(change, COPY_TIME, move |config, change| {
            let marketplace = Marketplace::in_folder(staging.path())?;
            let root = checkout(&config.codex_home, &marketplace.name);
            let name = marketplace.name;
            check_is_new(config, &name, &source)?;
            put_checkout(&staging, &root, change)?;
            configure_marketplace(config, name, root, &source)
        })
        .await
    }

    /// Removes a marketplace. Its folder stays, unless it is a copy of a repository; so do plugins that were installed
    /// from it.
    pub async fn remove_marketplace(&self, name: String) -> Result<RemovedMarketplace, PluginError> {
        let change = self.changes.begin().await?;
        self.blocking(&change, COPY_TIME, move |config, _| {
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

    /// Installs a plugin of the marketplace with this list, and switches it on.
    pub async fn install(&self, list: PathBuf, name: String) -> Result<AuthPolicy, PluginError> {
        let change = self.changes.begin().await?;
        let wanted = self.blocking(&change, READ_TIMEOUT, move |_, _| {
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
                self.blocking(&change, COPY_TIME, move |config, change| {
                    copy(config, &marketplace.root, &folder, &plugin, change)?;
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
                let wanted = sha.as_deref().or(ref_name.as_deref());
                let repository = Repository::new(&url, wanted, &[])?;
                let (staging, commit) = self.fetch(&change, &repository).await?;
                self.blocking(&change, COPY_TIME, move |config, change| {
                    check_commit(&commit, sha.as_deref())?;
                    let folder = confined::existing(staging.path(), path.as_deref().unwrap_or("."));
                    let folder = folder.ok_or_else(|| PluginError::refused("missing plugin.json"))?;
                    copy(config, staging.path(), &folder, &plugin, change)?;
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
        let change = self.changes.begin().await?;
        self.blocking(&change, COPY_TIME, move |config, _| {
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
    pub(super) async fn fetch(
        &self,
        change: &Change,
        repository: &Repository,
    ) -> Result<(Staging, String), PluginError> {
        let home = self.config.codex_home.clone();
        let made = change.off_thread(READ_TIMEOUT, move |_| Staging::new(&home).map_err(unwritable));
        let staging = made.await?;
        let home = self.config.codex_home.clone();
        tokio::task::spawn_blocking(move || cache::remove_left_behind(&home));
        match git::fetch(repository, staging.path()).await {
            Ok(commit) => Ok((staging, commit)),
            Err(error) => {
                // It may be large.
                let removed = change.off_thread(COPY_TIME, move |_| {
                    drop(staging);
                    Ok(())
                });
                removed.await?;
                Err(error)
            }
        }
    }

    pub(super) async fn load(&self) -> Result<Arc<Config>, PluginError> {
        let config = Config::load_home(&self.config).await;
        config.map_err(|error| PluginError::Config(ConfigWriteError::Config(error)))
    }

    pub(super) async fn reload(&self) -> Result<(), PluginError> {
        let config = self.load().await?;
        self.refresh(&config).await;
        Ok(())
    }

    /// Works on files with the present configuration, on another thread.
    pub(super) async fn blocking<T: Send + 'static>(
        &self,
        change: &Change,
        limit: Duration,
        work: impl FnOnce(&Config, &Change) -> Result<T, PluginError> + Send + 'static,
    ) -> Result<T, PluginError> {
        let config = self.load().await?;
        let worked = change.off_thread(limit, move |change| work(&config, change));
        worked.await
    }

    /// Reads files with the present configuration, on another thread.
    async fn reading<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Config) -> Result<T, PluginError> + Send + 'static,
    ) -> Result<T, PluginError> {
        let config = self.load().await?;
        let done = in_background(READ_TIMEOUT, move || work(&config)).await;
        done.map_err(|error| PluginError::failed(error.to_string()))?
    }
}

impl std::fmt::Debug for Plugins {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Plugins").finish_non_exhaustive()
    }
}

/// Copies a plugin from a folder inside of `root`.
fn copy(
    config: &Config,
    root: &Path,
    folder: &Path,
    plugin: &OfferedPlugin,
    change: &Change,
) -> Result<(), PluginError> {
    let contents = contents_of(root, folder, plugin)?;
    copy_contents(config, plugin, &contents, change)
}

fn copy_contents(
    config: &Config,
    plugin: &OfferedPlugin,
    contents: &Contents,
    change: &Change,
) -> Result<(), PluginError> {
    cache::install(&config.codex_home, &plugin.id, contents, change)
        .map_err(|error| PluginError::failed(format!("failed to install plugin: {error}")))?;
    Ok(())
}

/// Copies a plugin from a folder inside of `root`, unless the copy that there is has all of it.
pub(super) fn renew(
    config: &Config,
    root: &Path,
    folder: &Path,
    plugin: &OfferedPlugin,
    change: &Change,
) -> Result<(), PluginError> {
    let contents = contents_of(root, folder, plugin)?;
    let is_there = cache::installed(&config.codex_home, &plugin.id).is_some_and(|copy| {
        // One that can't be compared is made anew.
        cache::is_copy_of(&copy, &contents, change).unwrap_or(false)
    });
    if is_there {
        return Ok(());
    }
    copy_contents(config, plugin, &contents, change)
}

/// What a copy of a plugin in a folder inside of `root` has, if that can be copied.
fn contents_of<'a>(
    root: &Path,
    folder: &'a Path,
    plugin: &OfferedPlugin,
) -> Result<Contents<'a>, PluginError> {
    if !folder.is_dir() {
        return Err(PluginError::refused("missing plugin.json"));
    }
    catalog::check_folder(root, folder)?;
    let manifest = Manifest::read_or_made(folder, &plugin.entry)
        .map_err(|error| PluginError::refused(error.to_string()))?;
    Ok(Contents {
        folder,
        version: manifest.version_of(&plugin.id)?,
        made_manifest: manifest.made(),
    })
}

/// That this is the commit which a marketplace names, if it names one: a branch may be called like the beginning of one.
fn check_commit(commit: &str, wanted: Option<&str>) -> Result<(), PluginError> {
    let is_it = |wanted: &str| commit.starts_with(&wanted.to_ascii_lowercase());
    if wanted.is_none_or(is_it) {
        return Ok(());
    }
    Err(PluginError::refused(format!(
        "the repository has commit {commit} where its marketplace names another one"
    )))
}

/// Puts a repository that was fetched in the place of what is there.
pub(super) fn put_checkout(staging: &Staging, root: &Path, change: &Change) -> Result<(), PluginError> {
    if let Some(folder) = root.parent() {
        crate::sys::files::owner_only_folders()
            .recursive(true)
            .create(folder)
            .map_err(unwritable)?;
    }
    change.check().map_err(unwritable)?;
    let aside = staging.path().with_extension("old");
    cache::put(staging.path(), root, &aside).map_err(unwritable)?;
    if let Err(error) = fs::remove_dir_all(&aside)
        && error.kind() != std::io::ErrorKind::NotFound
    {
        tracing::debug!(%error, "a folder stays behind");
    }
    Ok(())
}

/// That the name of a marketplace does not stand for another source.
fn check_is_new(config: &Config, name: &str, source: &MarketplaceSource) -> Result<bool, PluginError> {
    check_is_free(name)?;
    let known = &config.plugins.marketplaces;
    if let Some(other) = known
        .keys()
        .find(|other| *other != name && other.eq_ignore_ascii_case(name))
    {
        // Their folders would be one where capitals don't count.
        return Err(PluginError::refused(format!(
            "marketplace '{name}' is called like '{other}' but for capitals; remove that before adding this one"
        )));
    }
    match known.get(name) {
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
pub(super) fn unwritable(error: std::io::Error) -> PluginError {
    PluginError::failed(format!("the home of this program can't be written: {error}"))
}
