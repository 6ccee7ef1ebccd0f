//! `marketplace.json`: which plugins a marketplace has.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Map, Value};

use super::PluginError;
use super::catalog::{AuthPolicy, InstallPolicy};
use super::confined::{self, ConfinedError};
use super::plugin_id::{PluginId, check_marketplace};

/// Where its list is, in the order in which they count.
const PLACES: [&str; 2] = [
    ".agents/plugins/marketplace.json",
    ".claude-plugin/marketplace.json",
];
/// Plugins of a marketplace that are read at most.
const MAX_PLUGINS: usize = 2000;

/// A marketplace.
#[derive(Debug)]
pub(super) struct Marketplace {
    pub(super) name: String,
    /// For people.
    pub(super) display_name: Option<String>,
    /// Its folder.
    pub(super) root: PathBuf,
    /// Its list.
    pub(super) path: PathBuf,
    pub(super) plugins: Vec<OfferedPlugin>,
}

/// A plugin as its marketplace tells of it.
#[derive(Debug)]
pub(super) struct OfferedPlugin {
    pub(super) id: PluginId,
    pub(super) source: PluginSource,
    pub(super) install: InstallPolicy,
    pub(super) auth: AuthPolicy,
    pub(super) category: Option<String>,
    /// All that the marketplace says of it: its manifest, if it brings none.
    pub(super) entry: Map<String, Value>,
}

/// Where the files of a plugin are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PluginSource {
    /// A folder, absolute, inside of its marketplace.
    Local(PathBuf),
    /// A repository, or a folder of one.
    Git {
        /// Its address.
        url: String,
        /// The folder; `None`: all of it.
        path: Option<String>,
        /// Branch or tag.
        ref_name: Option<String>,
        /// Commit.
        sha: Option<String>,
    },
    /// A package of npm; it can't be installed.
    Npm {
        /// Its name.
        package: String,
        /// Its version.
        version: Option<String>,
        /// Where it is registered.
        registry: Option<String>,
    },
}

#[derive(Deserialize)]
struct List {
    name: String,
    #[serde(default)]
    interface: Option<Interface>,
    plugins: Vec<Map<String, Value>>,
}

#[derive(Deserialize)]
struct Interface {
    #[serde(default, rename = "displayName")]
    display_name: Option<String>,
}

#[derive(Deserialize)]
struct Entry {
    name: String,
    source: Value,
    #[serde(default)]
    policy: Option<Value>,
    #[serde(default)]
    category: Option<String>,
}

/// The list of the marketplace in a folder, if there is one. Blocks as long as the file system does, as what follows.
pub(super) fn list_in(root: &Path) -> Option<PathBuf> {
    PLACES
        .iter()
        .map(|place| root.join(place))
        .find(|path| path.is_file())
}

/// The folder of the marketplace with this list.
fn root_of(path: &Path) -> Option<&Path> {
    PLACES.iter().find_map(|place| {
        let depth = Path::new(place).components().count();
        path.ends_with(place)
            .then(|| path.ancestors().nth(depth))
            .flatten()
    })
}

impl Marketplace {
    /// The marketplace in a folder.
    pub(super) fn in_folder(root: &Path) -> Result<Self, PluginError> {
        let path = list_in(root).ok_or_else(|| {
            PluginError::refused(format!(
                "invalid marketplace file `{}`: marketplace root does not contain a supported manifest",
                root.display()
            ))
        })?;
        Self::read(&path)
    }

    /// The marketplace with this list. A plugin whose entry makes no sense is left out, as is one whose name is taken.
    pub(super) fn read(path: &Path) -> Result<Self, PluginError> {
        let shown = path.display();
        let invalid = |why: &str| PluginError::refused(format!("invalid marketplace file `{shown}`: {why}"));
        let missing = || PluginError::refused(format!("marketplace file `{shown}` does not exist"));
        if !path.exists() {
            return Err(missing());
        }
        let root = root_of(path).ok_or_else(|| invalid("its place is none of a marketplace's list"))?;
        let value = confined::json(root, path).map_err(|error| match error {
            error if error.is_missing() => missing(),
            ConfinedError::Json(error) => invalid(&error.to_string()),
            error => invalid(&error.to_string()),
        })?;
        let list: List = serde_json::from_value(value).map_err(|error| invalid(&error.to_string()))?;
        check_marketplace(&list.name)?;
        let mut entries = Vec::new();
        for members in list.plugins.into_iter().take(MAX_PLUGINS) {
            let entry = Value::Object(members.clone());
            let entry: Entry = serde_json::from_value(entry).map_err(|error| invalid(&error.to_string()))?;
            entries.push((entry, members));
        }
        // Names become folders, and those of two that differ in capitals only may be one.
        let mut names = HashSet::new();
        Ok(Self {
            plugins: entries
                .into_iter()
                .filter_map(|(entry, members)| offered(root, &list.name, entry, members))
                .filter(|plugin| names.insert(plugin.id.plugin.to_ascii_lowercase()))
                .collect(),
            display_name: list.interface.and_then(|interface| interface.display_name),
            root: root.to_owned(),
            path: path.to_owned(),
            name: list.name,
        })
    }

    pub(super) fn plugin(&self, name: &str) -> Result<&OfferedPlugin, PluginError> {
        let found = self.plugins.iter().find(|plugin| plugin.id.plugin == name);
        found.ok_or_else(|| {
            PluginError::refused(format!(
                "plugin `{name}` was not found in marketplace `{}`",
                self.name
            ))
        })
    }
}

fn offered(
    root: &Path,
    marketplace: &str,
    entry: Entry,
    members: Map<String, Value>,
) -> Option<OfferedPlugin> {
    let said = |name: &str| entry.policy.as_ref()?.get(name)?.as_str();
    Some(OfferedPlugin {
        id: PluginId::new(&entry.name, marketplace).ok()?,
        source: source(root, &entry.source)?,
        install: match said("installation") {
            Some("NOT_AVAILABLE") => InstallPolicy::NotAvailable,
            Some("INSTALLED_BY_DEFAULT") => InstallPolicy::InstalledByDefault,
            _ => InstallPolicy::Available,
        },
        auth: match said("authentication") {
            Some("ON_USE") => AuthPolicy::OnUse,
            _ => AuthPolicy::OnInstall,
        },
        category: entry.category,
        entry: members,
    })
}

fn source(root: &Path, source: &Value) -> Option<PluginSource> {
    let text = |name: &str| source.get(name).and_then(Value::as_str).map(str::to_owned);
    if let Some(path) = source.as_str() {
        return confined::named(root, path).map(PluginSource::Local);
    }
    Some(match source.get("source")?.as_str()? {
        "local" => PluginSource::Local(confined::named(root, &text("path")?)?),
        kind @ ("url" | "git-subdir") => PluginSource::Git {
            url: text("url")?,
            path: text("path").filter(|_| kind == "git-subdir"),
            ref_name: text("ref"),
            sha: text("sha"),
        },
        "github" => PluginSource::Git {
            url: format!("https://github.com/{}.git", text("repo")?),
            path: None,
            ref_name: text("ref"),
            sha: text("sha"),
        },
        "npm" => PluginSource::Npm {
            package: text("package")?,
            version: text("version"),
            registry: text("registry"),
        },
        _ => return None,
    })
}
