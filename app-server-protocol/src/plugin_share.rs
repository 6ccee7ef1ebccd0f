//! Plugins that accounts share (docs/contract/services.md#plugins).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::path::AbsolutePathBuf;
use crate::plugin_data::{
    PluginShareDiscoverability, PluginSharePrincipal, PluginSharePrincipalType, PluginSummary,
};

crate::rpc::methods! {
    client PluginSkillRead "plugin/skill/read" (PluginSkillReadParams) -> PluginSkillReadResponse, stable, in None, "Reads a skill of a plugin of an account.";
    client PluginShareSave "plugin/share/save" (PluginShareSaveParams) -> PluginShareSaveResponse, stable, in None, "Shares a plugin.";
    client PluginShareUpdateTargets "plugin/share/updateTargets" (PluginShareUpdateTargetsParams) -> PluginShareUpdateTargetsResponse, stable, in None, "Says whom a plugin is shared with.";
    client PluginShareList "plugin/share/list" (PluginShareListParams) -> PluginShareListResponse, stable, in None, "Lists the plugins that the account shares.";
    client PluginShareCheckout "plugin/share/checkout" (PluginShareCheckoutParams) -> PluginShareCheckoutResponse, stable, in None, "Copies a plugin that somebody shares.";
    client PluginShareDelete "plugin/share/delete" (PluginShareDeleteParams) -> PluginShareDeleteResponse, stable, in None, "Shares a plugin no longer.";
}

/// A skill of a plugin of an account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PluginSkillReadParams {
    /// Name of its marketplace with the account.
    pub remote_marketplace_name: String,
    /// Id of the plugin with the account.
    pub remote_plugin_id: String,
    /// Name of the skill.
    pub skill_name: String,
}

/// Its text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PluginSkillReadResponse {
    /// The text; null if there is none.
    pub contents: Option<String>,
}

/// A plugin to share.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PluginShareSaveParams {
    /// Folder of the plugin.
    pub plugin_path: AbsolutePathBuf,
    /// Who finds it.
    pub discoverability: Option<PluginShareDiscoverability>,
    /// Id of the plugin with the account.
    pub remote_plugin_id: Option<String>,
    /// Whom it is shared with.
    pub share_targets: Option<Vec<PluginShareTarget>>,
}

/// It is shared.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PluginShareSaveResponse {
    /// Id of the plugin with the account.
    pub remote_plugin_id: String,
    /// Address for others.
    pub share_url: String,
    /// Whether the whole workspace may get it.
    pub can_publish_to_workspace: Option<bool>,
}

/// Whom a plugin is shared with from now on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PluginShareUpdateTargetsParams {
    /// Who finds it.
    pub discoverability: PluginShareUpdateDiscoverability,
    /// Id of the plugin with the account.
    pub remote_plugin_id: String,
    /// Whom it is shared with.
    pub share_targets: Vec<PluginShareTarget>,
}

/// Whom it is shared with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PluginShareUpdateTargetsResponse {
    /// Who finds it.
    pub discoverability: PluginShareDiscoverability,
    /// Who has it.
    pub principals: Vec<PluginSharePrincipal>,
}

/// Asks for the plugins that are shared.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PluginShareListParams {}

/// Shared plugins.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PluginShareListResponse {
    /// The page.
    pub data: Vec<PluginShareListItem>,
}

/// A shared plugin.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PluginShareListItem {
    /// The plugin.
    pub plugin: PluginSummary,
    /// Where it is on this machine.
    pub local_plugin_path: Option<AbsolutePathBuf>,
}

/// A shared plugin to copy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PluginShareCheckoutParams {
    /// Id of the plugin with the account.
    pub remote_plugin_id: String,
}

/// The copy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PluginShareCheckoutResponse {
    /// Name of the marketplace.
    pub marketplace_name: String,
    /// List of its marketplace, a file.
    pub marketplace_path: AbsolutePathBuf,
    /// The plugin, `plugin@marketplace`.
    pub plugin_id: String,
    /// Name of the plugin.
    pub plugin_name: String,
    /// Folder of the plugin.
    pub plugin_path: AbsolutePathBuf,
    /// Id of the plugin with the account.
    pub remote_plugin_id: String,
    /// Its version with the account.
    pub remote_version: Option<String>,
}

/// A plugin to share no longer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PluginShareDeleteParams {
    /// Id of the plugin with the account.
    pub remote_plugin_id: String,
}

/// It is shared no longer.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PluginShareDeleteResponse {}

/// Whom a plugin is shared with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PluginShareTarget {
    /// Who.
    pub principal_id: String,
    /// What they are.
    pub principal_type: PluginSharePrincipalType,
    /// What they may do.
    pub role: PluginShareTargetRole,
}

/// Who finds a shared plugin from now on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PluginShareUpdateDiscoverability {
    /// Who has the address.
    Unlisted,
    /// Nobody else.
    Private,
    /// Everybody.
    Listed,
}

/// What others may do with a plugin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PluginShareTargetRole {
    /// Read it.
    Reader,
    /// Change it.
    Editor,
}
