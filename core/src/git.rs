//! What requests tell about the git repositories that a turn works in (model-and-auth section 3.2).

use std::collections::BTreeMap;

use serde::Serialize;

/// Root of a repository → what is told of it.
pub type Workspaces = BTreeMap<String, Workspace>;

/// What is told of a repository.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Workspace {
    /// Name of a remote → its URL, without credentials.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub associated_remote_urls: BTreeMap<String, String>,
    /// Hash of the commit that is checked out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latest_git_commit_hash: Option<String>,
    /// Whether there are changes that are not committed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub has_changes: Option<bool>,
}
