//! The configuration as clients read it (docs/contract/configuration.md#reading-and-writing).

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::{Map, Value as Json};
use toml::{Table, Value};

use super::background::within;
use super::json::to_json;
use super::layers::{Layer, LayerSource, Layers, Merged, Wanted};
use super::masking::mask;
use super::project_root::WorkingFolder;
use super::projects::ProjectTrust;
use super::read_shape::complete;
use super::requirements::Requirements;
use super::{Config, ConfigError, ConfigSource};
use crate::external_file::READ_TIMEOUT;
use crate::features::SWITCHABLE;

/// The effective configuration, and where it comes from. Secrets are masked.
#[derive(Debug, Clone)]
pub struct ConfigReading {
    /// Every known key, with what holds.
    pub config: Map<String, Json>,
    /// Dotted path of a value that is set → the layer that it comes from.
    pub origins: BTreeMap<String, LayerVersion>,
    /// The layers, the highest first.
    pub layers: Vec<LayerReading>,
}

/// A layer as it was when it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerVersion {
    /// Which layer.
    pub source: LayerSource,
    /// Its version.
    pub version: String,
}

/// What a layer says.
#[derive(Debug, Clone)]
pub struct LayerReading {
    /// Which layer, and its version.
    pub layer: LayerVersion,
    /// What it says.
    pub config: Json,
    /// Why it doesn't count, if so.
    pub disabled_reason: Option<String>,
}

/// Reads the configuration that holds in a folder; `None`: without those of projects.
pub async fn read(source: &ConfigSource, cwd: Option<PathBuf>) -> Result<ConfigReading, ConfigError> {
    let read = move |source: &ConfigSource| {
        let folder = cwd.as_deref().map(WorkingFolder::new);
        let layers = Layers::load(source, folder.as_ref(), &[], Wanted::All)?;
        reading(source, layers)
    };
    within(READ_TIMEOUT, source, read).await?
}

fn reading(source: &ConfigSource, layers: Layers) -> Result<ConfigReading, ConfigError> {
    let versions: Vec<_> = layers.0.iter().map(version).collect();
    let requirements = Requirements::load(source.system_folder.as_deref(), &layers)?;
    let of_layers = layers.origins().into_iter();
    let of_layers = of_layers.filter(|(path, _)| !requirements.manages(path));
    let origins = of_layers.filter_map(|(path, place)| {
        let path = present_path(path);
        Some((path.join("."), versions.get(place)?.clone()))
    });
    let origins = origins.collect();
    let told = layers.0.iter().zip(&versions).rev();
    let told = told.map(|(layer, version)| LayerReading {
        layer: version.clone(),
        config: masked(layer.table()),
        disabled_reason: layer.disabled_reason.clone(),
    });
    let told = told.collect();
    let merged = Merged::of(layers, requirements)?;
    let mut table = merged.table.clone();
    // Of the rest, only the features are asked for: no project's trust decides over them.
    let config = Config::of_merged(merged, source, ProjectTrust::default())?;
    use_present_names(&mut table);
    let Json::Object(set) = masked(&table) else {
        return Err(ConfigError::Override("the configuration is no table".to_owned()));
    };
    let mut all = complete(set);
    add_features(&mut all, &config);
    add_arguments(&mut all);
    Ok(ConfigReading {
        config: all,
        origins,
        layers: told,
    })
}

pub(super) fn version(layer: &Layer) -> LayerVersion {
    LayerVersion {
        source: layer.source.clone(),
        version: layer.version(),
    }
}

pub(super) fn masked(table: &Table) -> Json {
    let mut json = to_json(&Value::Table(table.clone()));
    mask(&mut json, &mut Vec::new());
    json
}

/// `agents.max_threads` and the reviewer `guardian_subagent` have new names, under which clients look for them.
fn use_present_names(table: &mut Table) {
    if let Some(Value::String(reviewer)) = table.get_mut("approvals_reviewer")
        && reviewer == "guardian_subagent"
    {
        "auto_review".clone_into(reviewer);
    }
    if let Some(Value::Table(agents)) = table.get_mut("agents")
        && let Some(former) = agents.remove("max_threads")
    {
        agents
            .entry("max_concurrent_threads_per_session")
            .or_insert(former);
    }
}

fn present_path(path: Vec<String>) -> Vec<String> {
    if path == ["agents", "max_threads"] {
        return vec![
            "agents".to_owned(),
            "max_concurrent_threads_per_session".to_owned(),
        ];
    }
    path
}

/// Adds what holds of the features that clients can switch, and beside others that of the network.
fn add_features(config: &mut Map<String, Json>, of: &Config) {
    let features = config.entry("features").or_insert(Json::Null);
    let is_set = !features.is_null();
    if !is_set {
        *features = Json::Object(Map::new());
    }
    let Json::Object(features) = features else { return };
    if is_set {
        features.entry("network_proxy").or_insert(Json::Null);
    }
    for key in SWITCHABLE {
        let on = of.features.enabled(key);
        match features.get_mut(key) {
            // The table says more than whether it is on.
            Some(Json::Object(_)) => {}
            _ => {
                features.insert(key.to_owned(), Json::Bool(on));
            }
        }
    }
}

/// A program of an MCP server has arguments, if none.
fn add_arguments(config: &mut Map<String, Json>) {
    let Some(Json::Object(servers)) = config.get_mut("mcp_servers") else {
        return;
    };
    for server in servers.values_mut().filter_map(Json::as_object_mut) {
        if server.get("command").is_some_and(Json::is_string) {
            let arguments = server.entry("args").or_insert(Json::Null);
            if arguments.is_null() {
                *arguments = Json::Array(Vec::new());
            }
        }
    }
}
