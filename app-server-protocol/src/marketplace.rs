//! Marketplaces: where plugins come from (docs/contract/services.md#plugins).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::path::AbsolutePathBuf;

crate::rpc::methods! {
    client MarketplaceAdd "marketplace/add" (MarketplaceAddParams) -> MarketplaceAddResponse, stable, in Global("config"), "Adds a marketplace of plugins: a folder, or a git repository, which is fetched.";
    client MarketplaceRemove "marketplace/remove" (MarketplaceRemoveParams) -> MarketplaceRemoveResponse, stable, in Global("config"), "Removes a marketplace. Its own folder stays, and so do plugins that were installed from it.";
    client MarketplaceUpgrade "marketplace/upgrade" (MarketplaceUpgradeParams) -> MarketplaceUpgradeResponse, stable, in Global("config"), "Fetches marketplaces that come from git repositories again, and renews plugins that were installed from them.";
}

/// A marketplace to add.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MarketplaceAddParams {
    /// An absolute folder, `owner/repo`, or the address of a git repository.
    pub source: String,
    /// Branch, tag or commit of a repository.
    pub ref_name: Option<String>,
    /// Folders of the repository that are wanted; absent for all.
    pub sparse_paths: Option<Vec<String>>,
}

/// It is there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MarketplaceAddResponse {
    /// It was there before.
    pub already_added: bool,
    /// Its folder.
    pub installed_root: AbsolutePathBuf,
    /// Name of the marketplace.
    pub marketplace_name: String,
}

/// A marketplace to remove.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MarketplaceRemoveParams {
    /// Name of the marketplace.
    pub marketplace_name: String,
}

/// It is gone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MarketplaceRemoveResponse {
    /// Name of the marketplace.
    pub marketplace_name: String,
    /// The copy of its repository, which is gone, too.
    pub installed_root: Option<AbsolutePathBuf>,
}

/// Which marketplaces to fetch again.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MarketplaceUpgradeParams {
    /// This one; absent for all that come from repositories.
    pub marketplace_name: Option<String>,
}

/// What became of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MarketplaceUpgradeResponse {
    /// What went wrong with some.
    pub errors: Vec<MarketplaceUpgradeErrorInfo>,
    /// Those that were looked at.
    pub selected_marketplaces: Vec<String>,
    /// Folders of those that have changed.
    pub upgraded_roots: Vec<AbsolutePathBuf>,
}

/// A marketplace that was not fetched.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MarketplaceUpgradeErrorInfo {
    /// Name of the marketplace.
    pub marketplace_name: String,
    /// What is wrong.
    pub message: String,
}
