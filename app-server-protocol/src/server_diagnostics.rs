//! How the server is.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

crate::rpc::methods! {
    client ServerDiagnostics "server/diagnostics" (ServerDiagnosticsParams) -> ServerDiagnosticsResponse, experimental, "Tells how much memory the server takes, and how busy it is.";
}

/// Nothing to say.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ServerDiagnosticsParams {}

/// How the server is at this moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ServerDiagnosticsResponse {
    /// Numbers, by name.
    pub gauges: Vec<ServerDiagnosticsGauge>,
    /// The process.
    pub process: ServerDiagnosticsProcess,
}

/// A number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ServerDiagnosticsGauge {
    /// What is counted.
    pub name: String,
    /// How many.
    pub value: u64,
}

/// A process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ServerDiagnosticsProcess {
    /// Its number.
    pub id: u32,
    /// What it costs the system, in bytes; null where the system doesn't tell.
    pub physical_footprint_bytes: Option<u64>,
    /// Memory that it occupies, in bytes; null where the system doesn't tell.
    pub resident_memory_bytes: Option<u64>,
}
