//! Tools and folders that a client brings along.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A tool that the client carries out, or a group of such tools.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum DynamicToolSpec {
    /// One tool.
    Function {
        /// What it does, for the model.
        description: String,
        /// JSON Schema of its arguments.
        input_schema: Value,
        /// Its name: letters, digits, `_` and `-`, at most 128.
        name: String,
        /// Show it to the model only when the model searches for it.
        #[serde(default)]
        defer_loading: bool,
    },
    /// Tools under a common name.
    Namespace {
        /// What it does, for the model.
        description: String,
        /// The common name, at most 64 characters.
        name: String,
        /// The tools.
        tools: Vec<DynamicToolNamespaceTool>,
    },
}

/// A tool inside a namespace.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum DynamicToolNamespaceTool {
    /// One tool.
    Function {
        /// What it does, for the model.
        description: String,
        /// JSON Schema of its arguments.
        input_schema: Value,
        /// Its name: letters, digits, `_` and `-`, at most 128.
        name: String,
        /// Show it to the model only when the model searches for it.
        #[serde(default)]
        defer_loading: bool,
    },
}

/// A folder that skills and plugins come from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SelectedCapabilityRoot {
    /// Id, unique in the thread.
    pub id: String,
    /// Where it is.
    pub location: CapabilityRootLocation,
}

/// Where a capability folder is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum CapabilityRootLocation {
    /// In an environment.
    Environment {
        /// The environment; the machine of the server is `local`.
        environment_id: String,
        /// The folder, absolute.
        path: String,
    },
}
