//! Calls of tools that the client carries out (docs/contract/tools.md#dynamic-tools).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::item_tools::DynamicToolCallOutputContentItem;

crate::rpc::methods! {
    server DynamicToolCall "item/tool/call" (DynamicToolCallParams) -> DynamicToolCallResponse, stable, "Has the client carry out one of its tools.";
}

/// A call of one of the client's tools.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DynamicToolCallParams {
    /// The thread.
    pub thread_id: String,
    /// The turn.
    pub turn_id: String,
    /// The call, which is also the id of its item.
    pub call_id: String,
    /// Namespace of the tool; null if it has none.
    pub namespace: Option<String>,
    /// Name of the tool.
    pub tool: String,
    /// What the model gave it.
    pub arguments: Value,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DynamicToolCallResponse {
    /// What the model reads.
    pub content_items: Vec<DynamicToolCallOutputContentItem>,
    /// Whether it went well; if not, the item is `failed`.
    pub success: bool,
}
