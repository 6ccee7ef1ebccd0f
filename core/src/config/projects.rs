//! Layers of projects: `.codex/config.toml` of the folders from the project's root down to the working folder. What a
//! repository says counts only if the user trusts it (docs/contract/configuration.md#project-trust).

use std::path::{Path, PathBuf};

use toml::Table;

use super::file::{read_cached, unreadable};
use super::layers::{Layer, LayerSource, Layers, Wanted};
use super::project_root::{WorkingFolder, markers, project_folders};
use super::{ConfigError, ConfigSource, TrustLevel};
use crate::external_file::resolve_inside;
use crate::git::main_work_tree;

/// What a project can't say: where requests and credentials go, which programs run beside the agent, and whom to trust.
pub(super) const IGNORED: [&str; 17] = [
    "apps_mcp_product_sku",
    "chatgpt_base_url",
    "experimental_realtime_webrtc_call_base_url",
    "experimental_realtime_ws_base_url",
    "feedback",
    "marketplaces",
    "model_catalog_json",
    "model_provider",
    "model_providers",
    "notify",
    "openai_base_url",
    "otel",
    "plugins",
    "profile",
    "profiles",
    "projects",
    "sqlite_home",
];

/// Whether the user trusts the project around a folder.
pub(super) struct Trust {
    /// The folder whose trust counts: the one that is configured, else the project's root or, in a linked worktree, its
    /// main repository, else the folder itself.
    pub(super) folder: PathBuf,
    /// What is configured.
    pub(super) level: Option<TrustLevel>,
    /// The project's root; the folder itself if it is in none.
    root: PathBuf,
    /// As `folder` and `level`, of the project's root.
    of_root: (PathBuf, Option<TrustLevel>),
}

impl Trust {
    /// Of what is configured for folders themselves. The folder itself counts first, then its project's root, then the
    /// repository that this is a linked worktree of.
    pub(super) fn of(layers: &Layers, folder: &WorkingFolder) -> Self {
        let level = |folder: &Path| level(layers, folder);
        let cwd = folder.path;
        let project = folder.project_root(&markers(configured_markers(layers)));
        let root = project.unwrap_or(cwd);
        let of_root = match level(root) {
            Some(known) => (root.to_owned(), Some(known)),
            None => {
                let main = project
                    .and_then(main_work_tree)
                    .unwrap_or_else(|| root.to_owned());
                let level = level(&main);
                (main, level)
            }
        };
        let (folder, level) = match level(cwd) {
            Some(known) => (cwd.to_owned(), Some(known)),
            None => of_root.clone(),
        };
        Self {
            folder,
            level,
            root: root.to_owned(),
            of_root,
        }
    }

    /// Of the folder and its project's root, those that are trusted by their own name, or that of the main repository,
    /// the root first. None unless the whole is trusted.
    fn folders(&self, layers: &Layers, cwd: &Path) -> Vec<PathBuf> {
        if self.level != Some(TrustLevel::Trusted) {
            return Vec::new();
        }
        let root = (self.root.as_path(), self.of_root.1);
        let own = Some((cwd, level(layers, cwd))).filter(|(cwd, _)| *cwd != self.root);
        let trusted = [Some(root), own].into_iter().flatten();
        let trusted = trusted.filter(|(_, level)| *level == Some(TrustLevel::Trusted));
        trusted.map(|(folder, _)| folder.to_owned()).collect()
    }

    /// Why a folder of the project doesn't count: the folder that would have to be trusted, and what is configured for
    /// that. Each counts by itself: who trusts one does not trust what is above it.
    fn missing_for<'a>(
        &'a self,
        layers: &Layers,
        folder: &'a Path,
    ) -> Option<(&'a Path, Option<TrustLevel>)> {
        let own = match level(layers, folder) {
            Some(known) => (folder, Some(known)),
            None => (self.of_root.0.as_path(), self.of_root.1),
        };
        let of_whole = (self.folder.as_path(), self.level);
        let is_missing = |(_, level): &(_, _)| *level != Some(TrustLevel::Trusted);
        [of_whole, own].into_iter().find(is_missing)
    }
}

/// Whether the project around a folder is trusted, and which folders in it.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct ProjectTrust {
    /// See [`Trust`].
    pub(super) level: Option<TrustLevel>,
    /// See [`Trust::folders`].
    pub(super) folders: Vec<PathBuf>,
}

impl ProjectTrust {
    pub(super) fn of(layers: &Layers, folder: &WorkingFolder) -> Self {
        if !has_projects(layers) {
            return Self::default();
        }
        let trust = Trust::of(layers, folder);
        Self {
            level: trust.level,
            folders: trust.folders(layers, folder.path),
        }
    }
}

fn has_projects(layers: &Layers) -> bool {
    layers
        .enabled()
        .any(|layer| layer.table().contains_key("projects"))
}

/// What is configured for a folder itself.
fn level(layers: &Layers, folder: &Path) -> Option<TrustLevel> {
    match layers
        .value(&["projects", folder.to_str()?, "trust_level"])?
        .as_str()?
    {
        "trusted" => Some(TrustLevel::Trusted),
        "untrusted" => Some(TrustLevel::Untrusted),
        _ => None,
    }
}

fn configured_markers(layers: &Layers) -> Option<Vec<String>> {
    let markers = layers.value(&["project_root_markers"])?.as_array()?;
    let texts = markers.iter().filter_map(|marker| marker.as_str());
    Some(texts.map(str::to_owned).collect())
}

/// The layers of the projects around a folder, the outermost first.
pub(super) fn layers(
    others: &Layers,
    source: &ConfigSource,
    folder: &WorkingFolder,
    wanted: Wanted,
) -> Result<Vec<Layer>, ConfigError> {
    if !has_projects(others) && wanted == Wanted::Enabled {
        return Ok(Vec::new());
    }
    let trust = Trust::of(others, folder);
    if trust.level != Some(TrustLevel::Trusted) && wanted == Wanted::Enabled {
        return Ok(Vec::new());
    }
    let root = trust.root.as_path();
    let folders = project_folders(root, folder.path);
    let mut layers = Vec::new();
    for project in folders {
        let folder = project.join(".codex");
        let missing = trust.missing_for(others, project);
        if missing.is_some() && wanted == Wanted::Enabled {
            continue;
        }
        if !folder.is_dir() || source.is_home(&folder) {
            continue;
        }
        let path = folder.join("config.toml");
        let file = match inside(&path, root) {
            Ok(file) => file,
            Err(_) if missing.is_some() => None,
            Err(error) => return Err(error),
        };
        let mut own = None;
        let mut ignored = Vec::new();
        if let Some(file) = &file {
            let (known, rest): (Table, Table) = file
                .table
                .clone()
                .into_iter()
                .partition(|(key, _)| IGNORED.contains(&key.as_str()));
            ignored.extend(known.into_iter().map(|(key, _)| key));
            own = Some(rest).filter(|_| !ignored.is_empty());
        }
        layers.push(Layer {
            source: LayerSource::Project {
                folder: folder.clone(),
            },
            disabled_reason: missing
                .map(|(folder, level)| disabled_reason(folder, level, &source.user_file())),
            file,
            own,
            base: folder,
            ignored,
        });
    }
    Ok(layers)
}

/// Why what a project says does not count, and what to do about it. `folder`: which would have to be trusted.
fn disabled_reason(folder: &Path, level: Option<TrustLevel>, user_file: &Path) -> String {
    let (folder, user_file) = (folder.display(), user_file.display());
    match level {
        Some(TrustLevel::Untrusted) => format!(
            "{folder} is configured as untrusted, so project-local config, hooks, and exec policies are not loaded. To \
             load them, make it a trusted project in {user_file}, unless another layer says that it is untrusted."
        ),
        Some(TrustLevel::Trusted) | None => format!(
            "To load project-local config, hooks, and exec policies, add {folder} as a trusted project in {user_file}."
        ),
    }
}

/// A file of the project, wherever links lead as long as that is inside.
fn inside(path: &Path, root: &Path) -> Result<Option<std::sync::Arc<super::file::File>>, ConfigError> {
    match resolve_inside(path, root) {
        Ok(_) => read_cached(path),
        Err(error) if error.is_missing() => Ok(None),
        Err(error) => Err(unreadable(path, &error)),
    }
}

/// Says which keys of projects don't count.
pub(super) fn ignored_keys(layers: &Layers) -> Option<String> {
    let lines: Vec<_> = layers
        .enabled()
        .flat_map(|layer| {
            let line = move |key| format!("  {}: `{key}` is ignored.", layer.source);
            layer.ignored.iter().map(line)
        })
        .collect();
    let what = match lines.len() {
        0 => return None,
        1 => "1 setting of a project is ignored: projects can't choose it.".to_owned(),
        count => format!("{count} settings of projects are ignored: projects can't choose them."),
    };
    Some(format!(
        "{what} Set it in the user's config.toml.\n{}",
        lines.join("\n")
    ))
}
