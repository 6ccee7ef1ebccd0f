//! Machines on which threads can work. There is one: `local`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

crate::rpc::methods! {
    client EnvironmentInfo "environment/info" (EnvironmentInfoParams) -> EnvironmentInfoResponse, experimental, "Tells of the shell and the folder of an environment.";
    client EnvironmentStatus "environment/status" (EnvironmentStatusParams) -> EnvironmentStatusResponse, experimental, "Tells whether an environment can be used.";
}

/// Which environment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EnvironmentInfoParams {
    /// Its name.
    pub environment_id: String,
}

/// An environment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EnvironmentInfoResponse {
    /// The folder that it starts in, as a `file:` URI.
    pub cwd: Option<PathUri>,
    /// Its shell.
    pub shell: EnvironmentShellInfo,
}

/// A path as a `file:` URI.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct PathUri(pub String);

/// A shell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EnvironmentShellInfo {
    /// Which it is, such as `bash`.
    pub name: String,
    /// Its program.
    pub path: String,
}

/// Which environment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EnvironmentStatusParams {
    /// Its name.
    pub environment_id: String,
}

/// How an environment is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EnvironmentStatusResponse {
    /// Why it can't be used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Whether it can be used.
    pub status: EnvironmentStatusKind,
}

/// Whether an environment can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum EnvironmentStatusKind {
    /// It can.
    Ready,
    /// Soon.
    Pending,
    /// It could before.
    Disconnected,
    /// There is none of that name.
    Unknown,
}
