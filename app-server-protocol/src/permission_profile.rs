//! Permission profiles to choose from (docs/contract/services.md#permission-profiles).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

crate::rpc::methods! {
    client PermissionProfileList "permissionProfile/list" (PermissionProfileListParams) -> PermissionProfileListResponse, stable, in GlobalRead("config"), "Lists the permission profiles, and whether they may be chosen.";
}

/// Which permission profiles to list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PermissionProfileListParams {
    /// Where the last page ended (`nextCursor`); absent for the first page.
    pub cursor: Option<String>,
    /// The folder whose configuration counts; relative to the server's working folder.
    pub cwd: Option<String>,
    /// Most entries of a page.
    pub limit: Option<u32>,
}

/// A page of permission profiles.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PermissionProfileListResponse {
    /// The built-in ones first.
    pub data: Vec<PermissionProfileSummary>,
    /// Where the next page begins; null on the last page.
    pub next_cursor: Option<String>,
}

/// A permission profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PermissionProfileSummary {
    /// Its name; those of built-in profiles begin with a colon.
    pub id: String,
    /// What it is for.
    pub description: Option<String>,
    /// Whether it may be chosen.
    pub allowed: bool,
}
