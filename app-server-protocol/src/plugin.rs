//! Plugins: skills, hooks and MCP servers that are installed together (docs/contract/services.md#plugins).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::app::AppSummary;
use crate::path::AbsolutePathBuf;
use crate::plugin_data::{PluginAuthPolicy, PluginDetail, PluginMarketplaceEntry, PluginSummary};

crate::rpc::methods! {
    client PluginList "plugin/list" (PluginListParams) -> PluginListResponse, stable, in None, "Lists the plugins that are to be had.";
    client PluginSearch "plugin/search" (PluginSearchParams) -> PluginSearchResponse, experimental, in None, "Finds plugins that are to be had.";
    client PluginInstalled "plugin/installed" (PluginInstalledParams) -> PluginInstalledResponse, stable, in None, "Lists the plugins that are installed.";
    client PluginReconcile "plugin/reconcile" (PluginReconcileParams) -> PluginReconcileResponse, stable, in Global("config"), "Brings installed plugins in line with what an account manages.";
    client PluginRead "plugin/read" (PluginReadParams) -> PluginReadResponse, stable, in None, "Tells what is in a plugin.";
    client PluginInstall "plugin/install" (PluginInstallParams) -> PluginInstallResponse, stable, in Global("config"), "Installs a plugin, and switches it on.";
    client PluginUninstall "plugin/uninstall" (PluginUninstallParams) -> PluginUninstallResponse, stable, in Global("config"), "Removes a plugin.";
}

/// Which plugins to list.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PluginListParams {
    /// Folders whose marketplaces count, too.
    pub cwds: Option<Vec<AbsolutePathBuf>>,
    /// Whether nothing that is kept counts.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub force_refetch: bool,
    /// Only marketplaces of these kinds; absent for all.
    pub marketplace_kinds: Option<Vec<PluginListMarketplaceKind>>,
}

/// Kinds of marketplaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PluginListMarketplaceKind {
    /// In folders.
    Local,
    /// Of an account's line of business.
    Vertical,
    /// Of an account's workspace.
    WorkspaceDirectory,
    /// Shared with the account.
    SharedWithMe,
    /// Made by the account.
    CreatedByMeRemote,
}

/// Plugins on offer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PluginListResponse {
    /// By the path of their lists.
    pub marketplaces: Vec<PluginMarketplaceEntry>,
    /// Those that an account is pointed to.
    pub featured_plugin_ids: Vec<String>,
    /// Marketplaces that could not be read.
    pub marketplace_load_errors: Vec<MarketplaceLoadErrorInfo>,
}

/// A marketplace that could not be read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MarketplaceLoadErrorInfo {
    /// Its list.
    pub marketplace_path: AbsolutePathBuf,
    /// What is wrong.
    pub message: String,
}

/// What to look for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PluginSearchParams {
    /// A part of a name, of the description for people, or of a keyword; any case.
    pub search_term: String,
    /// Where the last page ended (`nextCursor`); absent for the first page.
    pub cursor: Option<String>,
    /// Folders whose marketplaces count, too.
    pub cwds: Option<Vec<AbsolutePathBuf>>,
    /// Most entries of a page.
    pub limit: Option<u32>,
    /// Only plugins of this kind.
    pub scope: Option<PluginSearchScope>,
}

/// Kinds of plugins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PluginSearchScope {
    /// Everybody's.
    Global,
    /// The workspace's.
    Workspace,
    /// The account's own.
    Personal,
}

/// A page of plugins.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PluginSearchResponse {
    /// The page.
    pub data: Vec<PluginSearchResult>,
    /// Where the next page begins; null on the last page.
    pub next_cursor: Option<String>,
}

/// A plugin that was found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PluginSearchResult {
    /// Name of the marketplace.
    pub marketplace_name: String,
    /// The plugin.
    pub plugin: PluginSummary,
    /// List of its marketplace, a file; null for one of an account.
    pub marketplace_path: Option<AbsolutePathBuf>,
}

/// Which installed plugins to list.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PluginInstalledParams {
    /// Folders whose marketplaces count, too.
    pub cwds: Option<Vec<AbsolutePathBuf>>,
    /// Plugins of these names are listed, too, installed or not.
    pub install_suggestion_plugin_names: Option<Vec<String>>,
}

/// Installed plugins, by marketplace.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PluginInstalledResponse {
    /// By the path of their lists.
    pub marketplaces: Vec<PluginMarketplaceEntry>,
    /// Marketplaces that could not be read.
    pub marketplace_load_errors: Vec<MarketplaceLoadErrorInfo>,
}

/// Why an account's plugins are compared.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PluginReconcileParams {
    /// For logs.
    pub reason: Option<String>,
}

/// What was changed; nothing, as no account manages plugins here.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PluginReconcileResponse {
    /// Plugins that were changed.
    pub changed_plugins: Vec<PluginReconcileChangedPlugin>,
    /// Those that could not be written.
    pub failed_materialization_remote_plugin_ids: Vec<String>,
    /// Those that could not be fetched.
    pub failed_remote_plugin_ids: Vec<String>,
}

/// A plugin that was changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PluginReconcileChangedPlugin {
    /// It has apps.
    pub has_apps: bool,
    /// It has hooks.
    pub has_hooks: bool,
    /// It has MCP servers.
    pub has_mcps: bool,
    /// It has skills.
    pub has_skills: bool,
    /// The plugin.
    pub id: String,
}

/// A plugin.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PluginReadParams {
    /// Its name.
    pub plugin_name: String,
    /// List of its marketplace, a file.
    pub marketplace_path: Option<AbsolutePathBuf>,
    /// Name of its marketplace with the account.
    pub remote_marketplace_name: Option<String>,
}

/// What is in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PluginReadResponse {
    /// The plugin.
    pub plugin: PluginDetail,
}

/// A plugin to install.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PluginInstallParams {
    /// Name of the plugin.
    pub plugin_name: String,
    /// Names the attempt, for logs.
    pub install_attempt_id: Option<String>,
    /// List of its marketplace, a file.
    pub marketplace_path: Option<AbsolutePathBuf>,
    /// Name of its marketplace with the account.
    pub remote_marketplace_name: Option<String>,
}

/// It is installed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PluginInstallResponse {
    /// Apps of it that ask for an account first.
    pub apps_needing_auth: Vec<AppSummary>,
    /// When it asks for an account.
    pub auth_policy: PluginAuthPolicy,
}

/// A plugin to remove.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PluginUninstallParams {
    /// The plugin, `plugin@marketplace`.
    pub plugin_id: String,
}

/// It is not there any more.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PluginUninstallResponse {}
