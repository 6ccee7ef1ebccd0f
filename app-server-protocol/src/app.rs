//! Apps: services that an account is connected to (docs/contract/services.md#apps).

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

crate::rpc::methods! {
    client AppRead "app/read" (AppsReadParams) -> AppsReadResponse, stable, in None, "Tells of apps by their ids.";
    client AppList "app/list" (AppsListParams) -> AppsListResponse, stable, in None, "Lists the apps of the account.";
    client AppInstalled "app/installed" (AppsInstalledParams) -> AppsInstalledResponse, stable, in None, "Lists the apps that are connected.";
}

/// Apps to read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AppsReadParams {
    /// Their ids.
    pub app_ids: Vec<String>,
    /// Whether their tools are told, too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub include_tools: bool,
    /// The thread that they are for.
    pub thread_id: Option<String>,
}

/// The apps that are known.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AppsReadResponse {
    /// Those that are known.
    pub apps: Vec<ConnectorMetadata>,
    /// Ids of the others.
    pub missing_app_ids: Vec<String>,
}

/// Which apps to list.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AppsListParams {
    /// Where the last page ended (`nextCursor`); absent for the first page.
    pub cursor: Option<String>,
    /// Whether nothing that is kept counts.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub force_refetch: bool,
    /// Most entries of a page.
    pub limit: Option<u32>,
    /// The thread that they are for.
    pub thread_id: Option<String>,
}

/// A page of apps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AppsListResponse {
    /// The page.
    pub data: Vec<AppInfo>,
    /// Where the next page begins; null on the last page.
    pub next_cursor: Option<String>,
}

/// Which installed apps to list.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AppsInstalledParams {
    /// Whether nothing that is kept counts.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub force_refresh: bool,
    /// The thread that they are for.
    pub thread_id: Option<String>,
}

/// Installed apps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AppsInstalledResponse {
    /// The apps.
    pub apps: Vec<InstalledApp>,
}

/// An installed app.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct InstalledApp {
    /// Whether it can be used.
    pub callable: bool,
    /// Whether it is on.
    pub enabled: bool,
    /// Its id.
    pub id: String,
    /// Name of its tools.
    pub runtime_name: Option<String>,
}

/// An app.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConnectorMetadata {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// How it is spread.
    pub distribution_channel: Option<String>,
    /// Icon.
    pub icon_url: Option<String>,
    /// Icon on dark ground.
    pub icon_url_dark: Option<String>,
    /// Where to connect it.
    pub install_url: Option<String>,
    /// Plugins that it belongs to.
    pub plugin_display_names: Vec<String>,
    /// Its tools.
    pub tool_summaries: Option<Vec<AppToolSummary>>,
}

/// A tool of an app.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AppToolSummary {
    /// What it is for.
    pub description: String,
    /// Its name.
    pub name: String,
    /// Why it is off.
    pub disabled_reason: Option<String>,
    /// Whether it is on.
    pub is_enabled: bool,
    /// Whether it changes nothing.
    pub is_read_only: bool,
    /// Name for people.
    pub title: Option<String>,
}

/// An app.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AppInfo {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// More about it.
    pub app_metadata: Option<AppMetadata>,
    /// Who is behind it.
    pub branding: Option<AppBranding>,
    /// What it is for.
    pub description: Option<String>,
    /// How it is spread.
    pub distribution_channel: Option<String>,
    /// Icons.
    pub icon_assets: Option<BTreeMap<String, String>>,
    /// Icons on dark ground.
    pub icon_dark_assets: Option<BTreeMap<String, String>>,
    /// Where to connect it.
    pub install_url: Option<String>,
    /// Whether the account may use it.
    pub is_accessible: bool,
    /// Whether it is on.
    pub is_enabled: bool,
    /// Words for it.
    pub labels: Option<BTreeMap<String, String>>,
    /// Logo.
    pub logo_url: Option<String>,
    /// Logo on dark ground.
    pub logo_url_dark: Option<String>,
    /// Plugins that it belongs to.
    pub plugin_display_names: Vec<String>,
}

/// More about an app.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AppMetadata {
    /// Its kinds.
    pub categories: Option<Vec<String>>,
    /// Who made it.
    pub developer: Option<String>,
    /// Whether it must be installed first.
    pub first_party_requires_install: Option<bool>,
    /// How it was judged.
    pub review: Option<AppReview>,
    /// Pictures of it.
    pub screenshots: Option<Vec<AppScreenshot>>,
    /// Description for search engines.
    pub seo_description: Option<String>,
    /// Whether it is offered unconnected.
    pub show_in_composer_when_unlinked: Option<bool>,
    /// Its kinds, more closely.
    pub sub_categories: Option<Vec<String>>,
    /// Its version.
    pub version: Option<String>,
    /// Id of its version.
    pub version_id: Option<String>,
    /// What is new.
    pub version_notes: Option<String>,
}

/// How an app was judged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AppReview {
    /// The verdict.
    pub status: String,
}

/// A picture of an app.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AppScreenshot {
    /// What was said.
    pub user_prompt: String,
    /// Its file.
    pub file_id: Option<String>,
    /// Its address.
    pub url: Option<String>,
}

/// Who is behind an app.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AppBranding {
    /// Whether it is listed.
    pub is_discoverable_app: bool,
    /// Its kind.
    pub category: Option<String>,
    /// Who made it.
    pub developer: Option<String>,
    /// Its privacy policy.
    pub privacy_policy: Option<String>,
    /// Its terms.
    pub terms_of_service: Option<String>,
    /// Its page.
    pub website: Option<String>,
}

/// An app, in short.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AppSummary {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its kind.
    pub category: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// Where to connect it.
    pub install_url: Option<String>,
}
