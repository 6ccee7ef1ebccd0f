//! Models, and news about the one at work.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::settings::{CyberAccessProgram, ReasoningEffort};
crate::rpc::methods! {
    client ModelList "model/list" (ModelListParams) -> ModelListResponse, stable, in None, "Lists the available models.";
    notify ModelRerouted "model/rerouted" (ModelReroutedNotification), stable, "Another model than the requested one is answering.";
    notify ModelVerificationNotice "model/verification" (ModelVerificationNotification), stable, "The model server recommends to verify the account.";
    notify ModelSafetyBufferingUpdated "model/safetyBuffering/updated" (ModelSafetyBufferingUpdatedNotification), stable, "The model server is holding its response back for a safety check.";
}

/// Which models to list.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ModelListParams {
    /// Where the last page ended (`nextCursor`); absent for the first page.
    pub cursor: Option<String>,
    /// Also models that are not offered to users.
    pub include_hidden: Option<bool>,
    /// Most entries of a page.
    pub limit: Option<u32>,
    /// Models of this provider; absent for the configured one.
    pub model_provider: Option<String>,
}

/// A page of models.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ModelListResponse {
    /// The page.
    pub data: Vec<Model>,
    /// Where the next page begins; null on the last page.
    pub next_cursor: Option<String>,
}

/// A model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Model {
    /// Its id.
    pub id: String,
    /// How hard it thinks unless told.
    pub default_reasoning_effort: ReasoningEffort,
    /// What it is good for, for people.
    pub description: String,
    /// Its name, for people.
    pub display_name: String,
    /// Whether it is kept from users.
    pub hidden: bool,
    /// Whether it is the one to begin with.
    pub is_default: bool,
    /// Its slug.
    pub model: String,
    /// How hard it can think.
    pub supported_reasoning_efforts: Vec<ReasoningEffortOption>,
    /// Faster tiers, under their former name.
    #[serde(default)]
    pub additional_speed_tiers: Vec<String>,
    /// What to tell users who meet it first.
    pub availability_nux: Option<ModelAvailabilityNux>,
    /// Programmes of extended access; null when unknown.
    pub available_access_programs: Option<ModelAccessPrograms>,
    /// Service tier to begin with.
    pub default_service_tier: Option<String>,
    /// What it takes.
    #[serde(default)]
    pub input_modalities: Vec<InputModality>,
    /// What it is made for, if not everything.
    pub model_specialty: Option<String>,
    /// How it works with other agents.
    pub multi_agent_version: Option<MultiAgentVersion>,
    /// Its service tiers.
    #[serde(default)]
    pub service_tiers: Vec<ModelServiceTier>,
    /// Whether its way of talking can be chosen; no model can any more.
    #[serde(default)]
    pub supports_personality: bool,
    /// A newer model that replaces it.
    pub upgrade: Option<String>,
    /// More about that one.
    pub upgrade_info: Option<ModelUpgradeInfo>,
}

/// What to tell users who meet a model first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ModelAvailabilityNux {
    /// The text.
    pub message: String,
}

/// Programmes of extended access.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ModelAccessPrograms {
    /// For cyber security.
    pub cyber: Vec<CyberAccessProgram>,
}

/// What a model takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum InputModality {
    /// Text.
    Text,
    /// Images.
    Image,
    /// Audio.
    Audio,
}

/// How a model works with other agents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum MultiAgentVersion {
    /// Not at all.
    Disabled,
    /// With the first set of tools.
    V1,
    /// With the second set of tools.
    V2,
}

/// A service tier of a model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ModelServiceTier {
    /// Its id.
    pub id: String,
    /// What it gives, for people.
    pub description: String,
    /// Its name.
    pub name: String,
}

/// How hard a model can think.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReasoningEffortOption {
    /// What it is good for, for people.
    pub description: String,
    /// The word for it.
    pub reasoning_effort: ReasoningEffort,
}

/// A model that replaces another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ModelUpgradeInfo {
    /// Its slug.
    pub model: String,
    /// What changes, in Markdown.
    pub migration_markdown: Option<String>,
    /// A page about it.
    pub model_link: Option<String>,
    /// When the old one ends, in Unix seconds.
    pub retirement_at: Option<i64>,
    /// One line about it, for people.
    pub upgrade_copy: Option<String>,
}

/// Another model answers than was asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ModelReroutedNotification {
    /// The thread.
    pub thread_id: String,
    /// The turn.
    pub turn_id: String,
    /// The one that was asked.
    pub from_model: String,
    /// Why.
    pub reason: ModelRerouteReason,
    /// The one that answers.
    pub to_model: String,
}

/// Why another model answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ModelRerouteReason {
    /// The request looks like dangerous cyber activity.
    HighRiskCyberActivity,
}

/// The model server would like the account to be verified.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ModelVerificationNotification {
    /// The thread.
    pub thread_id: String,
    /// The turn.
    pub turn_id: String,
    /// For what.
    pub verifications: Vec<ModelVerification>,
}

/// What an account can be verified for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ModelVerification {
    /// Cyber security.
    TrustedAccessForCyber,
}

/// The model server holds its answer back for a check.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ModelSafetyBufferingUpdatedNotification {
    /// The thread.
    pub thread_id: String,
    /// The turn.
    pub turn_id: String,
    /// The model that was asked.
    pub model: String,
    /// Why, as the model server names it.
    pub reasons: Vec<String>,
    /// Whether to show it.
    pub show_buffering_ui: bool,
    /// What for, as the model server names it.
    pub use_cases: Vec<String>,
    /// A model that would not have to wait.
    pub faster_model: Option<String>,
}
