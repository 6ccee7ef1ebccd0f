//! Features that can be switched on and off (docs/contract/services.md#features).

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

crate::rpc::methods! {
    client ExperimentalFeatureList "experimentalFeature/list" (ExperimentalFeatureListParams) -> ExperimentalFeatureListResponse, stable, in GlobalRead("features"), "Lists features and whether they are enabled.";
    client ExperimentalFeatureEnablementSet "experimentalFeature/enablement/set" (ExperimentalFeatureEnablementSetParams) -> ExperimentalFeatureEnablementSetResponse, stable, in Global("features"), "Enables or disables features for the life of the process.";
}

/// Which features to list.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExperimentalFeatureListParams {
    /// As they are in this thread; absent for the configuration's.
    pub thread_id: Option<String>,
    /// Where the last page ended (`nextCursor`); absent for the first page.
    pub cursor: Option<String>,
    /// Most entries of a page.
    pub limit: Option<u32>,
}

/// A page of features.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExperimentalFeatureListResponse {
    /// The page.
    pub data: Vec<ExperimentalFeature>,
    /// Where the next page begins; null on the last page.
    pub next_cursor: Option<String>,
}

/// Something that can be switched on or off.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExperimentalFeature {
    /// Whether it is on unless configured.
    pub default_enabled: bool,
    /// Whether it is on.
    pub enabled: bool,
    /// Its name.
    pub name: String,
    /// How mature it is.
    pub stage: ExperimentalFeatureStage,
    /// What to tell users about it.
    pub announcement: Option<String>,
    /// What it does, for people.
    pub description: Option<String>,
    /// Its name, for people.
    pub display_name: Option<String>,
}

/// How mature a feature is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ExperimentalFeatureStage {
    /// Ready to be tried.
    Beta,
    /// Not ready.
    UnderDevelopment,
    /// Ready.
    Stable,
    /// On its way out.
    Deprecated,
    /// Gone; the switch has no effect.
    Removed,
}

/// Switches features on or off while the server runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExperimentalFeatureEnablementSetParams {
    /// On or off, by name.
    pub enablement: BTreeMap<String, bool>,
}

/// What was switched.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExperimentalFeatureEnablementSetResponse {
    /// On or off, by name.
    pub enablement: BTreeMap<String, bool>,
}
