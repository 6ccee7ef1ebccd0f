//! What commands may do, and who is asked.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de};

use crate::path::AbsolutePathBuf;
/// When to ask before a command runs or a file changes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AskForApproval {
    /// Ask for all but commands that are known to be harmless.
    Untrusted,
    /// Ask when the model asks for it, or when the sandbox stands in the way.
    OnRequest,
    /// Do not ask; what is not allowed fails.
    Never,
    /// Choose for each kind of question; a kind that is off is refused without asking.
    #[schemars(extend("x-experimental-value" = "askForApproval.granular"))]
    Granular {
        /// Questions of tool servers.
        mcp_elicitations: bool,
        /// Questions that a rule demands.
        rules: bool,
        /// Questions to leave the sandbox.
        sandbox_approval: bool,
        /// Questions of the model for more permissions.
        #[serde(default)]
        request_permissions: bool,
        /// Questions before a skill's script runs.
        #[serde(default)]
        skill_approval: bool,
    },
}

/// Who answers approval requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ApprovalsReviewer {
    /// The client.
    User,
    /// A reviewing model.
    AutoReview,
    /// A reviewing model, under its former name.
    GuardianSubagent,
}

/// What commands may touch, in short.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SandboxMode {
    /// Read anything, write nothing, no network.
    ReadOnly,
    /// Read anything, write below the workspace roots.
    WorkspaceWrite,
    /// Anything; there is no sandbox.
    DangerFullAccess,
}

/// What commands may touch, in full.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum SandboxPolicy {
    /// Anything; there is no sandbox.
    DangerFullAccess,
    /// Read anything, write nothing.
    ReadOnly {
        /// Whether commands reach the network.
        #[serde(default)]
        network_access: bool,
        /// What earlier releases could limit.
        #[serde(default, skip_serializing, deserialize_with = "FullReadAccess::of_read_only")]
        #[schemars(skip)]
        access: FullReadAccess,
    },
    /// The server itself runs in a sandbox; add none.
    ExternalSandbox {
        /// Whether that sandbox reaches the network.
        #[serde(default)]
        network_access: NetworkAccess,
    },
    /// Read anything, write below the workspace roots.
    WorkspaceWrite {
        /// `/tmp` is not writable.
        #[serde(default)]
        exclude_slash_tmp: bool,
        /// The folder that `TMPDIR` names is not writable.
        #[serde(default)]
        exclude_tmpdir_env_var: bool,
        /// Whether commands reach the network.
        #[serde(default)]
        network_access: bool,
        /// Further folders that are writable, absolute.
        #[serde(default)]
        writable_roots: Vec<AbsolutePathBuf>,
        /// What earlier releases could limit.
        #[serde(
            default,
            skip_serializing,
            deserialize_with = "FullReadAccess::of_workspace_write"
        )]
        #[schemars(skip)]
        read_only_access: FullReadAccess,
    },
}

/// That everything may be read. Earlier releases could limit it here; whoever still does must not get more than they ask
/// for, so anything else is refused. It is in no schema.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FullReadAccess;

impl FullReadAccess {
    fn of_read_only<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::read(deserializer, "readOnly.access")
    }

    fn of_workspace_write<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::read(deserializer, "workspaceWrite.readOnlyAccess")
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D, member: &str) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(tag = "type", rename_all = "camelCase")]
        enum ReadAccess {
            FullAccess,
            Restricted,
        }
        match Option::deserialize(deserializer)? {
            None | Some(ReadAccess::FullAccess) => Ok(Self),
            Some(ReadAccess::Restricted) => Err(de::Error::custom(format_args!(
                "{member} is no longer supported; use permissionProfile for restricted reads"
            ))),
        }
    }
}

/// Whether an outer sandbox reaches the network.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum NetworkAccess {
    /// It does not.
    #[default]
    Restricted,
    /// It does.
    Enabled,
}

/// A permission profile that was chosen by name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ActivePermissionProfile {
    /// Its name; those of built-in profiles begin with a colon.
    pub id: String,
    /// The profile that it builds on.
    pub extends: Option<String>,
}
