//! Accounts between which the user can switch. This server keeps one at a time.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

crate::rpc::methods! {
    client AccountSessionList "accountSession/list" (AccountSessionsListParams) -> AccountSessionsResponse, experimental, "Lists the accounts between which the user can switch.";
}

/// How to list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccountSessionsListParams {
    /// Ask the account's servers what has changed.
    #[serde(default)]
    pub refresh_workspace_metadata: bool,
}

/// The accounts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccountSessionsResponse {
    /// The one that is used.
    pub active_session_id: Option<String>,
    /// All of them.
    pub sessions: Vec<AccountSession>,
}

/// An account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccountSession {
    /// What it is called.
    pub display_name: Option<String>,
    /// The user's address.
    pub email: Option<String>,
    /// A picture.
    pub image_url: Option<String>,
    /// It is used.
    pub is_active: bool,
    /// When it was used last, in Unix seconds.
    pub last_used_at: i64,
    /// The workspace that is used.
    pub selected_workspace_account_id: Option<String>,
    /// Its name here.
    pub session_id: String,
    /// The user.
    pub user_id: Option<String>,
    /// Its workspaces.
    pub workspaces: Vec<AccountSessionWorkspace>,
}

/// A workspace of an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccountSessionWorkspace {
    /// Its identifier.
    pub account_id: String,
    /// A picture.
    pub image_url: Option<String>,
    /// Whose it is.
    pub kind: Option<AccountSessionWorkspaceKind>,
    /// What it is called.
    pub name: Option<String>,
}

/// Whose a workspace is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum AccountSessionWorkspaceKind {
    /// The user's.
    Personal,
    /// An organisation's.
    Workspace,
}
