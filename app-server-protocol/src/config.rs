//! Reading and writing the configuration (docs/contract/configuration.md#reading-and-writing).

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::path::AbsolutePathBuf;
use crate::shape::is_false;

crate::rpc::methods! {
    client ConfigRead "config/read" (ConfigReadParams) -> ConfigReadResponse, stable, in GlobalRead("config"), "Reads the configuration that holds, and where it comes from.";
    client ConfigValueWrite "config/value/write" (ConfigValueWriteParams) -> ConfigWriteResponse, stable, in Global("config"), "Sets or removes one key of the user's configuration.";
    client ConfigBatchWrite "config/batchWrite" (ConfigBatchWriteParams) -> ConfigWriteResponse, stable, in Global("config"), "Sets or removes several keys of the user's configuration, all or none.";
}

/// Which configuration to read.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConfigReadParams {
    /// Whether to tell the layers, too.
    #[serde(default, skip_serializing_if = "is_false")]
    pub include_layers: bool,
    /// The folder that it is to hold in: layers of its project count. Relative to the server's working folder.
    pub cwd: Option<String>,
}

/// The configuration that holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ConfigReadResponse {
    /// Every known key, null where nothing is set and there is no default. Secrets are masked.
    pub config: Config,
    /// Dotted path of a value that is set → the layer that it comes from. Members of lists have numbers.
    pub origins: BTreeMap<String, ConfigLayerMetadata>,
    /// The layers, the highest first; absent unless asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layers: Option<Vec<ConfigLayer>>,
}

/// A configuration: the keys of `config.toml`, as they are written there.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Config(pub Map<String, Value>);

/// A layer of the configuration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConfigLayer {
    /// Which layer.
    pub name: ConfigLayerSource,
    /// Changes whenever what it says changes.
    pub version: String,
    /// What it says; secrets are masked.
    pub config: Value,
    /// Why it does not count, if so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disabled_reason: Option<String>,
}

/// A layer, without what it says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ConfigLayerMetadata {
    /// Which layer.
    pub name: ConfigLayerSource,
    /// Changes whenever what it says changes.
    pub version: String,
}

/// What a layer is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum ConfigLayerSource {
    /// The administrator's defaults.
    System {
        /// Its file, which need not exist.
        file: AbsolutePathBuf,
    },
    /// The user's own.
    User {
        /// Its file, which need not exist.
        file: AbsolutePathBuf,
        /// Name of the profile, if it is one's.
        profile: Option<String>,
    },
    /// A project's.
    Project {
        /// The folder that holds its `config.toml`.
        dot_codex_folder: AbsolutePathBuf,
    },
    /// The command line, and the `config` of `thread/start`.
    SessionFlags,
    /// What the administrator wants whatever others say.
    LegacyManagedConfigTomlFromFile {
        /// Its file.
        file: AbsolutePathBuf,
    },
}

/// Sets or removes one key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConfigValueWriteParams {
    /// Dotted names; those with dots in double quotes.
    pub key_path: String,
    /// What it is to be; null removes it. A mask leaves the secret that it stands for as it is.
    pub value: Value,
    /// What becomes of tables that are there.
    pub merge_strategy: MergeStrategy,
    /// The file; only the user's can be written.
    pub file_path: Option<String>,
    /// The version of the user's layer that the client has seen; another one is a conflict.
    pub expected_version: Option<String>,
}

/// What becomes of a table that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum MergeStrategy {
    /// The new one takes its place.
    Replace,
    /// It keeps members that the new one doesn't have.
    Upsert,
}

/// Sets or removes several keys.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConfigBatchWriteParams {
    /// In this order.
    pub edits: Vec<ConfigEdit>,
    /// The file; only the user's can be written.
    pub file_path: Option<String>,
    /// The version of the user's layer that the client has seen; another one is a conflict.
    pub expected_version: Option<String>,
    /// Whether loaded threads take up what they can.
    #[serde(default, skip_serializing_if = "is_false")]
    pub reload_user_config: bool,
}

/// What to do with one key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConfigEdit {
    /// Dotted names; those with dots in double quotes.
    pub key_path: String,
    /// What it is to be; null removes it.
    pub value: Value,
    /// What becomes of tables that are there.
    pub merge_strategy: MergeStrategy,
}

/// It is written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConfigWriteResponse {
    /// Whether what was written holds.
    pub status: WriteStatus,
    /// The version of the user's layer now.
    pub version: String,
    /// The file.
    pub file_path: AbsolutePathBuf,
    /// Why it does not hold, if so.
    pub overridden_metadata: Option<OverriddenMetadata>,
}

/// Whether what was written holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum WriteStatus {
    /// It does.
    Ok,
    /// A higher layer says something else.
    OkOverridden,
}

/// Why something that was written does not hold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OverriddenMetadata {
    /// For people.
    pub message: String,
    /// The layer that wins.
    pub overriding_layer: ConfigLayerMetadata,
    /// What holds.
    pub effective_value: Value,
}
