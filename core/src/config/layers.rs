//! Where configuration comes from, layer by layer (docs/contract/configuration.md#layers).

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use sha2::{Digest, Sha256};
use toml::{Table, Value};

use super::error::{range_in, without_values};
use super::file::{File, read_cached};
use super::home::expand_tilde;
use super::json::to_json;
use super::last::LastConfig;
use super::locate::range_of;
use super::overrides::{layer, merge};
use super::project_root::WorkingFolder;
use super::projects;
use super::requirements::Requirements;
use super::schema::ConfigToml;
use super::{Config, ConfigError, ConfigOverride, ConfigProblem};
use crate::features::Switches;
use crate::hex::hex;

/// Where the configuration of a process comes from. Files are read when asked for, not at start.
#[derive(Debug, Clone, Default)]
pub struct ConfigSource {
    /// `CODEX_HOME`.
    pub codex_home: PathBuf,
    /// Folder of the administrator's files: `config.toml`, `requirements.toml`, `managed_config.toml`. `None`: there are
    /// none.
    pub system_folder: Option<PathBuf>,
    /// `--profile`: `<home>/<name>.config.toml` lies over `config.toml`.
    pub profile: Option<String>,
    /// `-c`, `--enable`, `--disable`, in order.
    pub overrides: Vec<ConfigOverride>,
    /// Features that clients have switched in this process; below all that is configured.
    pub switches: Switches,
    /// What was read last.
    pub last: LastConfig,
}

impl ConfigSource {
    /// Whether a folder is the home.
    pub(super) fn is_home(&self, folder: &Path) -> bool {
        // The usual way of writing it first: links have to be looked for name by name.
        folder == self.codex_home
            || matches!((folder.canonicalize(), self.codex_home.canonicalize()), (Ok(it), Ok(home)) if it == home)
    }

    /// The file that clients write to.
    pub fn user_file(&self) -> PathBuf {
        self.codex_home.join("config.toml")
    }

    fn system_file(&self, name: &str) -> Option<PathBuf> {
        Some(self.system_folder.as_ref()?.join(name))
    }
}

/// What is wrong with the configuration of the process, for the `configWarning` at the start of a connection
/// (docs/contract/configuration.md#mistakes).
pub fn check(source: &ConfigSource) -> Option<ConfigProblem> {
    match Config::load(source, &source.codex_home, &[]) {
        Err(error) => Some(error.problem()),
        Ok(config) => config.provider_problems.values().next().cloned(),
    }
}

/// What a layer is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LayerSource {
    /// The administrator's defaults.
    System {
        /// `config.toml` of the system.
        file: PathBuf,
    },
    /// The user's own.
    User {
        /// `config.toml` of the home, or the file of a profile.
        file: PathBuf,
        /// Name of the profile.
        profile: Option<String>,
    },
    /// A project's.
    Project {
        /// The folder `.codex` that holds its `config.toml`.
        folder: PathBuf,
    },
    /// The command line, and the `config` of a request.
    SessionFlags,
    /// What the administrator wants whatever others say.
    Managed {
        /// `managed_config.toml`.
        file: PathBuf,
    },
}

impl fmt::Display for LayerSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::System { file } => write!(f, "system ({})", file.display()),
            Self::User { file, profile: None } => write!(f, "user ({})", file.display()),
            Self::User {
                file,
                profile: Some(name),
            } => write!(f, "profile {name} ({})", file.display()),
            Self::Project { folder } => write!(f, "project ({})", folder.join("config.toml").display()),
            Self::SessionFlags => f.write_str("session-flags"),
            Self::Managed { file } => write!(f, "managed ({})", file.display()),
        }
    }
}

/// One layer.
#[derive(Debug, Clone, PartialEq)]
pub struct Layer {
    /// What it is.
    pub source: LayerSource,
    /// Why it does not count, if so.
    pub disabled_reason: Option<String>,
    /// Its file, if it is one that exists.
    pub(super) file: Option<Arc<File>>,
    /// What it says, where that is not what its file says.
    pub(super) own: Option<Table>,
    /// What relative paths count from.
    pub(super) base: PathBuf,
    /// Keys that don't count in such a layer.
    pub(super) ignored: Vec<String>,
}

impl Layer {
    fn of_file(source: LayerSource, path: &Path) -> Result<Self, ConfigError> {
        Ok(Self {
            source,
            disabled_reason: None,
            file: read_cached(path)?,
            own: None,
            base: path.parent().unwrap_or(path).to_owned(),
            ignored: Vec::new(),
        })
    }

    /// What it says, as it is written.
    pub(super) fn table(&self) -> &Table {
        static EMPTY: LazyLock<Table> = LazyLock::new(Table::new);
        match (&self.own, &self.file) {
            (Some(own), _) => own,
            (None, Some(file)) => &file.table,
            (None, None) => &EMPTY,
        }
    }

    /// What it says, with absolute paths.
    fn resolved(&self) -> Table {
        let mut table = self.table().clone();
        resolve_paths(&mut table, &self.base);
        table
    }

    /// Whether it counts.
    pub fn is_enabled(&self) -> bool {
        self.disabled_reason.is_none()
    }

    /// Changes whenever what it says changes.
    pub fn version(&self) -> String {
        version_of(self.table())
    }
}

/// The version of a layer that says this: a hash of its compact JSON. Tables are sorted by name.
pub(super) fn version_of(table: &Table) -> String {
    let json = to_json(&Value::Table(table.clone())).to_string();
    format!("sha256:{}", hex(&Sha256::digest(json)))
}

/// All layers, the one that the others lie upon first.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Layers(pub(super) Vec<Layer>);

/// Whether layers that don't count are wanted, too: they are read only to be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// Only what counts.
    Enabled,
    /// All of them.
    All,
}

impl Layers {
    /// Reads the layers that hold in a folder; `None`: without those of projects.
    pub(super) fn load(
        source: &ConfigSource,
        folder: Option<&WorkingFolder>,
        extra: &[ConfigOverride],
        wanted: Wanted,
    ) -> Result<Self, ConfigError> {
        let mut layers = Vec::new();
        if let Some(file) = source.system_file("config.toml") {
            layers.push(Layer::of_file(LayerSource::System { file: file.clone() }, &file)?);
        }
        let file = source.user_file();
        let user = LayerSource::User {
            file: file.clone(),
            profile: None,
        };
        layers.push(Layer::of_file(user, &file)?);
        if let Some(name) = &source.profile {
            layers.push(profile(source, name)?);
        }
        let projects_go_at = layers.len();
        if !(source.overrides.is_empty() && extra.is_empty()) {
            let mut own = layer(&source.overrides);
            merge(&mut own, layer(extra));
            layers.push(Layer {
                source: LayerSource::SessionFlags,
                disabled_reason: None,
                file: None,
                own: Some(own),
                base: folder
                    .map_or(source.codex_home.as_path(), |folder| folder.path)
                    .to_owned(),
                ignored: Vec::new(),
            });
        }
        if let Some(file) = source.system_file("managed_config.toml") {
            let managed = Layer::of_file(LayerSource::Managed { file: file.clone() }, &file)?;
            layers.extend(Some(managed).filter(|layer| layer.file.is_some()));
        }
        let mut layers = Self(layers);
        if let Some(folder) = folder.filter(|folder| folder.path.is_absolute()) {
            let found = projects::layers(&layers, source, folder, wanted)?;
            layers.0.splice(projects_go_at..projects_go_at, found);
        }
        Ok(layers)
    }

    /// Those that count, from the lowest to the highest.
    pub(super) fn enabled(&self) -> impl DoubleEndedIterator<Item = &Layer> {
        self.0.iter().filter(|layer| layer.is_enabled())
    }

    /// From the highest to the lowest.
    pub fn from_the_top(&self) -> impl Iterator<Item = &Layer> {
        self.0.iter().rev()
    }

    /// What they say together at this path: the highest that says something of it counts.
    pub(super) fn value(&self, path: &[&str]) -> Option<&Value> {
        for layer in self.enabled().rev() {
            let (mut table, mut path) = (layer.table(), path.iter());
            while let Some(value) = path.next().and_then(|key| table.get(*key)) {
                match value {
                    value if path.len() == 0 => return Some(value),
                    Value::Table(below) => table = below,
                    // It takes the place of the tables of lower layers.
                    _ => return None,
                }
            }
        }
        None
    }

    /// What they say together.
    pub(super) fn merged(&self) -> Table {
        merged(self.enabled())
    }

    /// Of the two keys that say what commands may touch, the one in the highest layer counts; if that has both, the
    /// profile. Takes the mode out where it does not count.
    fn choose_sandbox(&self, merged: &mut Table) {
        let mut tables = self.enabled().rev().map(Layer::table);
        let has_profile = |table: &Table| table.contains_key("default_permissions");
        let choosing = tables.find(|table| has_profile(table) || table.contains_key("sandbox_mode"));
        if choosing.is_some_and(has_profile) {
            merged.remove("sandbox_mode");
        }
    }

    /// The user's own file.
    pub(super) fn user(&self) -> Option<&Layer> {
        let is_user = |layer: &&Layer| matches!(layer.source, LayerSource::User { profile: None, .. });
        self.0.iter().find(is_user)
    }

    pub(super) fn user_mut(&mut self) -> Option<&mut Layer> {
        let is_user = |layer: &&mut Layer| matches!(layer.source, LayerSource::User { profile: None, .. });
        self.0.iter_mut().find(is_user)
    }

    /// The files, from the highest to the lowest.
    pub(super) fn files(&self) -> impl Iterator<Item = &Arc<File>> {
        self.enabled().rev().filter_map(|layer| layer.file.as_ref())
    }

    /// Which layer each value comes from: paths of values that are no tables or lists, with the layer's place.
    pub(super) fn origins(&self) -> BTreeMap<Vec<String>, usize> {
        let mut origins = Origins::default();
        let mut below = Table::new();
        for (place, layer) in self.0.iter().enumerate() {
            if layer.is_enabled() {
                origins.lay(place, &mut Vec::new(), &below, layer.table());
                merge(&mut below, layer.table().clone());
            }
        }
        origins.0
    }
}

fn merged<'a>(layers: impl Iterator<Item = &'a Layer>) -> Table {
    let mut table = Table::new();
    for layer in layers {
        merge(&mut table, layer.resolved());
    }
    table
}

fn profile(source: &ConfigSource, name: &str) -> Result<Layer, ConfigError> {
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_');
    if name.is_empty() || !name.chars().all(is_plain) {
        return Err(ConfigError::Override(format!(
            "invalid profile name `{name}`: letters, digits, `-` and `_` are possible"
        )));
    }
    let file = source.codex_home.join(format!("{name}.config.toml"));
    let layer = LayerSource::User {
        file: file.clone(),
        profile: Some(name.to_owned()),
    };
    let layer = Layer::of_file(layer, &file)?;
    if layer.file.is_none() {
        return Err(ConfigError::Override(format!(
            "there is no profile `{name}`: {} does not exist",
            file.display()
        )));
    }
    Ok(layer)
}

#[derive(Default)]
struct Origins(BTreeMap<Vec<String>, usize>);

impl Origins {
    fn lay(&mut self, place: usize, path: &mut Vec<String>, below: &Table, over: &Table) {
        for (key, value) in over {
            path.push(key.clone());
            match (below.get(key), value) {
                (Some(Value::Table(below)), Value::Table(over)) => self.lay(place, path, below, over),
                (_, value) => {
                    self.forget(path);
                    self.leaves(place, path, value);
                }
            }
            path.pop();
        }
    }

    fn forget(&mut self, path: &[String]) {
        let below: Vec<_> = self
            .0
            .range(path.to_vec()..)
            .map(|(found, _)| found)
            .take_while(|found| found.starts_with(path))
            .cloned()
            .collect();
        for path in below {
            self.0.remove(&path);
        }
    }

    fn leaves(&mut self, place: usize, path: &mut Vec<String>, value: &Value) {
        match value {
            Value::Table(table) => {
                for (key, value) in table {
                    path.push(key.clone());
                    self.leaves(place, path, value);
                    path.pop();
                }
            }
            Value::Array(items) => {
                for (index, value) in items.iter().enumerate() {
                    path.push(index.to_string());
                    self.leaves(place, path, value);
                    path.pop();
                }
            }
            _ => {
                self.0.insert(path.clone(), place);
            }
        }
    }
}

/// All layers as one.
pub(super) struct Merged {
    /// As written, so that others can read keys that we don't know.
    pub(super) table: Table,
    /// As understood.
    pub(super) toml: ConfigToml,
    /// What it was made of.
    pub(super) layers: Layers,
    /// What the administrator demands.
    pub(super) requirements: Arc<Requirements>,
    /// For people: what does not count because the administrator has set it.
    pub(super) overridden: Vec<String>,
}

impl Merged {
    pub(super) fn of(layers: Layers, requirements: Arc<Requirements>) -> Result<Self, ConfigError> {
        let mut table = layers.merged();
        let overridden = requirements.apply(&mut table);
        let mut effective = table.clone();
        layers.choose_sandbox(&mut effective);
        match effective.try_into::<ConfigToml>() {
            Ok(toml) => Ok(Self {
                table,
                toml,
                layers,
                requirements,
                overridden,
            }),
            Err(error) => Err(match layers.files().find_map(|file| file.type_error()) {
                Some(problem) => ConfigError::File(problem),
                None => ConfigError::Override(without_values(error.to_string().trim()).replace('\n', " ")),
            }),
        }
    }

    /// An error that no single place is to blame for: the files' fault if they also have it without the overrides.
    /// `at`: the key that it is about, where there is one.
    pub(super) fn fault(
        &self,
        message: String,
        at: &[String],
        of: impl Fn(&ConfigToml) -> bool,
    ) -> ConfigError {
        let is_flags = |layer: &&Layer| layer.source == LayerSource::SessionFlags;
        let in_file = !self.layers.enabled().any(|layer| is_flags(&layer)) || {
            let files = merged(self.layers.enabled().filter(|layer| !is_flags(layer)));
            files.try_into::<ConfigToml>().is_ok_and(|toml| of(&toml))
        };
        if !in_file {
            return ConfigError::Override(message);
        }
        let place = self.layers.files().find_map(|file| {
            let range = range_in(&file.text, range_of(&file.text, at)?);
            Some((file.path.clone(), range))
        });
        let (path, range) = place.unzip();
        ConfigError::File(ConfigProblem { path, range, message })
    }
}

/// Makes the paths of a layer absolute: `~/` is the user's home, others count from `base`.
pub(super) fn resolve_paths(table: &mut Table, base: &Path) {
    let resolve = |value: &mut Value| {
        if let Value::String(path) = value {
            let full = base.join(expand_tilde(Path::new(path)));
            if let Some(text) = full.to_str() {
                text.clone_into(path);
            }
        }
    };
    for key in [
        "model_instructions_file",
        "experimental_compact_prompt_file",
        "model_catalog_json",
        "sqlite_home",
    ] {
        if let Some(file) = table.get_mut(key) {
            resolve(file);
        }
    }
    if let Some(Value::Array(roots)) = table
        .get_mut("sandbox_workspace_write")
        .and_then(|details| details.get_mut("writable_roots"))
    {
        roots.iter_mut().for_each(resolve);
    }
    if let Some(Value::Table(agents)) = table.get_mut("agents") {
        for (_, role) in agents.iter_mut() {
            if let Some(file) = role.get_mut("config_file") {
                resolve(file);
            }
        }
    }
}

#[cfg(test)]
mod tests;
