//! Permissions beyond a sandbox.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::path::LegacyAppPathString;
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
