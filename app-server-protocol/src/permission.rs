//! Permissions beyond a sandbox (docs/contract/items-and-approvals.md#permission-requests).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::path::LegacyAppPathString;

crate::rpc::methods! {
    server PermissionsRequestApproval "item/permissions/requestApproval" (PermissionsRequestApprovalParams) -> PermissionsRequestApprovalResponse, stable, "Asks for permissions beyond the sandbox.";
}

/// Asks for permissions beyond the sandbox.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PermissionsRequestApprovalParams {
    /// The thread.
    pub thread_id: String,
    /// The turn.
    pub turn_id: String,
    /// Id of the call that asks.
    pub item_id: String,
    /// The environment; the machine of the server is `local`.
    #[serde(default)]
    pub environment_id: Option<String>,
    /// When the question came up, in Unix milliseconds.
    pub started_at_ms: i64,
    /// Working folder of the turn.
    pub cwd: LegacyAppPathString,
    /// Why, in the model's words.
    pub reason: Option<String>,
    /// What is asked for.
    pub permissions: RequestPermissionProfile,
}

/// Permissions that are asked for.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RequestPermissionProfile {
    /// Network.
    pub network: Option<AdditionalNetworkPermissions>,
    /// Files.
    pub file_system: Option<AdditionalFileSystemPermissions>,
}

/// The part that is granted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PermissionsRequestApprovalResponse {
    /// The part of the permissions that is granted; nothing is a refusal.
    pub permissions: GrantedPermissionProfile,
    /// For how long.
    #[serde(default)]
    pub scope: PermissionGrantScope,
    /// Whether a model is to review everything that the turn does from now on. With the scope `session` nothing is granted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strict_auto_review: Option<bool>,
}

/// Permissions that are granted.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GrantedPermissionProfile {
    /// Network.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<AdditionalNetworkPermissions>,
    /// Files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_system: Option<AdditionalFileSystemPermissions>,
}

/// How long granted permissions hold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum PermissionGrantScope {
    /// Until the turn ends.
    #[default]
    Turn,
    /// As long as the thread is loaded.
    Session,
}

/// Permissions on top of a sandbox.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AdditionalPermissionProfile {
    /// Files.
    pub file_system: Option<AdditionalFileSystemPermissions>,
    /// Network.
    pub network: Option<AdditionalNetworkPermissions>,
}

/// Files that may be touched beyond the sandbox.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AdditionalFileSystemPermissions {
    /// What may be done where.
    pub entries: Option<Vec<FileSystemSandboxEntry>>,
    /// How many folders deep patterns are looked for.
    pub glob_scan_max_depth: Option<u64>,
    /// Paths that may be read.
    pub read: Option<Vec<LegacyAppPathString>>,
    /// Paths that may be written.
    pub write: Option<Vec<LegacyAppPathString>>,
}

/// Network access beyond the sandbox.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AdditionalNetworkPermissions {
    /// Whether the network may be reached.
    pub enabled: Option<bool>,
}

/// What may be done with a place.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FileSystemSandboxEntry {
    /// What may be done.
    pub access: FileSystemAccessMode,
    /// The place.
    pub path: FileSystemPath,
}

/// What may be done with a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum FileSystemAccessMode {
    /// Read.
    Read,
    /// Read and write.
    Write,
    /// Nothing.
    Deny,
}

/// A place in the file system.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum FileSystemPath {
    /// A path.
    Path {
        /// The path.
        path: LegacyAppPathString,
    },
    /// All that a pattern matches.
    GlobPattern {
        /// The pattern.
        pattern: String,
    },
    /// A place with a name.
    Special {
        /// Which one.
        value: FileSystemSpecialPath,
    },
}

/// A place with a name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum FileSystemSpecialPath {
    /// Everything.
    Root,
    /// What every program needs to start.
    Minimal,
    /// The workspace roots.
    ProjectRoots {
        /// A path below them.
        subpath: Option<LegacyAppPathString>,
    },
    /// The folder that `TMPDIR` names.
    Tmpdir,
    /// `/tmp`.
    SlashTmp,
    /// A name of a later release.
    Unknown {
        /// The name.
        path: String,
        /// A path below it.
        subpath: Option<LegacyAppPathString>,
    },
}
