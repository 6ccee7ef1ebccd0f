//! `.codex-plugin/plugin.json`: what a plugin says of itself. Members that can't be read count as absent, but for its
//! name and version, which become names of folders. For a plugin that says nothing, its marketplace's entry stands.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::PluginError;
use super::confined::{self, ConfinedError};
use super::plugin_id::{PluginId, check_version};

/// Where manifests are, in the order in which they count.
const PLACES: [&str; 2] = [MANIFEST, ".claude-plugin/plugin.json"];
/// Where a manifest is written.
pub(super) const MANIFEST: &str = ".codex-plugin/plugin.json";
/// Longest one that is written, in bytes.
pub(super) const MAX_MANIFEST: usize = 2 << 20;
/// Version of a plugin that tells none.
const NO_VERSION: &str = "local";
/// Keywords, capabilities, screenshots and prompts that are read at most.
const MAX_LIST: usize = 64;

/// How clients show a plugin. Files are absolute, and inside of the plugin if they are there at all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PluginInterface {
    /// Name for people.
    pub display_name: Option<String>,
    /// One line for people.
    pub short_description: Option<String>,
    /// More for people.
    pub long_description: Option<String>,
    /// Who made it.
    pub developer_name: Option<String>,
    /// Kind of plugin; what its marketplace says comes first.
    pub category: Option<String>,
    /// What it can do.
    pub capabilities: Vec<String>,
    /// Its page.
    pub website_url: Option<String>,
    /// Its privacy policy.
    pub privacy_policy_url: Option<String>,
    /// Its terms.
    pub terms_of_service_url: Option<String>,
    /// What to say to use it.
    pub default_prompt: Option<Vec<String>>,
    /// `#rrggbb`.
    pub brand_color: Option<String>,
    /// Icon in the composer.
    pub composer_icon: Option<PathBuf>,
    /// Logo.
    pub logo: Option<PathBuf>,
    /// Logo on dark ground.
    pub logo_dark: Option<PathBuf>,
    /// Pictures of it.
    pub screenshots: Vec<PathBuf>,
}

/// A manifest that was read.
#[derive(Debug)]
pub(super) struct Manifest {
    /// The folder of the plugin.
    pub(super) root: PathBuf,
    /// The file.
    pub(super) path: PathBuf,
    members: Map<String, Value>,
    /// The file is not there.
    is_made: bool,
}

/// Why there is no manifest.
#[derive(Debug, thiserror::Error)]
pub(super) enum ManifestError {
    #[error("missing plugin.json")]
    Missing,
    #[error("failed to parse plugin.json: {0}")]
    Broken(ConfinedError),
    #[error("failed to parse plugin.json: an object is expected")]
    NoObject,
    #[error("failed to parse plugin.json: `{0}` must be a text")]
    NoText(&'static str),
}

impl Manifest {
    /// Reads the manifest of the plugin in a folder. Blocks as long as the file system does, as what follows.
    pub(super) fn read(root: &Path) -> Result<Self, ManifestError> {
        for place in PLACES {
            let path = root.join(place);
            let members = match confined::json(root, &path) {
                Ok(Value::Object(members)) => members,
                Ok(_) => return Err(ManifestError::NoObject),
                Err(error) if error.is_missing() => continue,
                Err(error) => return Err(ManifestError::Broken(error)),
            };
            let is_text = |value: &Value| value.is_string() || value.is_null();
            for name in ["name", "version"] {
                if !members.get(name).is_none_or(is_text) {
                    return Err(ManifestError::NoText(name));
                }
            }
            return Ok(Self {
                root: root.to_owned(),
                path,
                members,
                is_made: false,
            });
        }
        Err(ManifestError::Missing)
    }

    /// As [`Self::read`]; without a file, what the entry of its marketplace says.
    pub(super) fn read_or_made(root: &Path, entry: &Map<String, Value>) -> Result<Self, ManifestError> {
        match Self::read(root) {
            Err(ManifestError::Missing) => Ok(Self::of_entry(root, entry)),
            read => read,
        }
    }

    /// What the entry of its marketplace says of a plugin.
    pub(super) fn of_entry(root: &Path, entry: &Map<String, Value>) -> Self {
        let mut members = entry.clone();
        // These say how to get it.
        members.retain(|name, _| !matches!(name.as_str(), "source" | "policy"));
        let mut interface = match members.remove("interface") {
            Some(Value::Object(interface)) => interface,
            _ => Map::new(),
        };
        let author = entry.get("author").and_then(|author| author.get("name"));
        for (name, value) in [
            ("developerName", author),
            ("websiteUrl", entry.get("homepage")),
            ("category", entry.get("category")),
        ] {
            if let Some(value) = value.filter(|value| value.is_string()) {
                interface.entry(name).or_insert_with(|| value.clone());
            }
        }
        if !interface.is_empty() {
            members.insert("interface".to_owned(), Value::Object(interface));
        }
        Self {
            root: root.to_owned(),
            path: root.join(MANIFEST),
            members,
            is_made: true,
        }
    }

    /// What has to be written where this is not in a file.
    pub(super) fn made(&self) -> Option<String> {
        let text = || format!("{:#}\n", Value::Object(self.members.clone()));
        self.is_made.then(text)
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.members
            .get(name)?
            .as_str()
            .filter(|text| !text.trim().is_empty())
    }

    pub(super) fn member(&self, name: &str) -> Option<&Value> {
        self.members.get(name).filter(|value| !value.is_null())
    }

    /// Its name; that of its folder, if it tells none.
    pub(super) fn name(&self) -> Option<&str> {
        self.text("name").or_else(|| self.root.file_name()?.to_str())
    }

    pub(super) fn description(&self) -> Option<String> {
        self.text("description").map(str::to_owned)
    }

    /// Its version as it tells it.
    pub(super) fn version(&self) -> Option<String> {
        self.text("version").map(str::to_owned)
    }

    pub(super) fn keywords(&self) -> Vec<String> {
        texts(self.members.get("keywords"))
    }

    /// The name of the folder for this version, if all that it says of its name and version can be used for that.
    pub(super) fn version_of(&self, id: &PluginId) -> Result<String, PluginError> {
        let name = self.name().unwrap_or_default();
        PluginId::new(name, &id.marketplace)?;
        if name != id.plugin {
            return Err(PluginError::refused(format!(
                "plugin.json name `{name}` does not match marketplace plugin name `{}`",
                id.plugin
            )));
        }
        let invalid =
            |why: &str| PluginError::refused(format!("invalid plugin version in plugin.json: {why}"));
        match self.member("version") {
            None => Ok(NO_VERSION.to_owned()),
            Some(Value::String(version)) if version.trim().is_empty() => Err(invalid("must not be blank")),
            Some(Value::String(version)) => {
                check_version(version)?;
                Ok(version.clone())
            }
            // Of a marketplace's entry.
            Some(_) => Err(invalid("expected string")),
        }
    }

    /// How clients show it. `category`: as its marketplace says.
    pub(super) fn interface(&self, category: Option<&str>) -> Option<PluginInterface> {
        let of = self.member("interface").and_then(Value::as_object);
        if of.is_none() && category.is_none() {
            return None;
        }
        let text = |name: &str| {
            let text = of?.get(name)?.as_str().filter(|text| !text.trim().is_empty());
            text.map(str::to_owned)
        };
        let file = |name: &str| confined::not_outside(&self.root, of?.get(name)?.as_str()?);
        let default_prompt = match of.and_then(|of| of.get("defaultPrompt")) {
            Some(Value::String(prompt)) => Some(vec![prompt.clone()]),
            Some(list @ Value::Array(_)) => Some(texts(Some(list))),
            _ => None,
        };
        let screenshots = texts(of.and_then(|of| of.get("screenshots")));
        Some(PluginInterface {
            display_name: text("displayName"),
            short_description: text("shortDescription"),
            long_description: text("longDescription"),
            developer_name: text("developerName"),
            category: category.map(str::to_owned).or_else(|| text("category")),
            capabilities: texts(of.and_then(|of| of.get("capabilities"))),
            website_url: text("websiteURL").or_else(|| text("websiteUrl")),
            privacy_policy_url: text("privacyPolicyURL").or_else(|| text("privacyPolicyUrl")),
            terms_of_service_url: text("termsOfServiceURL").or_else(|| text("termsOfServiceUrl")),
            default_prompt,
            brand_color: text("brandColor"),
            composer_icon: file("composerIcon"),
            logo: file("logo"),
            logo_dark: file("logoDark"),
            screenshots: screenshots
                .iter()
                .filter_map(|path| confined::not_outside(&self.root, path))
                .collect(),
        })
    }
}

/// The texts of a list.
pub(super) fn texts(value: Option<&Value>) -> Vec<String> {
    let list = value.and_then(Value::as_array).into_iter().flatten();
    list.filter_map(|text| text.as_str().map(str::to_owned))
        .take(MAX_LIST)
        .collect()
}
