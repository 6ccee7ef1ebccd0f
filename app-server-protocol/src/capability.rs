//! Tools and folders that a client brings along.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de};
use serde_json::{Value, json};

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

/// Reads tools. Once they had no `type`, and each named its namespace; such a list is understood as a whole.
pub(crate) fn dynamic_tools<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Vec<DynamicToolSpec>>, D::Error> {
    let Some(mut tools) = Option::<Vec<Value>>::deserialize(deserializer)? else {
        return Ok(None);
    };
    let untyped = tools.iter().filter(|tool| tool.get("type").is_none()).count();
    if untyped > 0 && untyped < tools.len() {
        return Err(de::Error::custom(
            "dynamic tools must use either canonical or legacy format consistently",
        ));
    }
    if untyped > 0 {
        tools = grouped(tools);
    }
    let read = |tool| serde_json::from_value(tool).map_err(de::Error::custom);
    tools.into_iter().map(read).collect::<Result<_, _>>().map(Some)
}

/// Tools without a `type` in groups: each may name its namespace.
fn grouped(tools: Vec<Value>) -> Vec<Value> {
    let mut groups = Vec::<Value>::new();
    for mut tool in tools {
        let namespace = tool.as_object_mut().and_then(|tool| {
            tool.insert("type".to_owned(), "function".into());
            tool.remove("namespace").filter(|namespace| !namespace.is_null())
        });
        let Some(namespace) = namespace else {
            groups.push(tool);
            continue;
        };
        let known = groups
            .iter_mut()
            .find(|group| group["type"] == "namespace" && group["name"] == namespace);
        match known.and_then(|group| group["tools"].as_array_mut()) {
            Some(tools) => tools.push(tool),
            None => groups.push(json!({
                "type": "namespace",
                "name": namespace,
                "description": "",
                "tools": [tool],
            })),
        }
    }
    groups
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
