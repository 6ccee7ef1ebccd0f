//! News of plans and tool calls while they run.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

crate::rpc::methods! {
    notify PlanDelta "item/plan/delta" (PlanDeltaNotification), stable, "More text of a proposed plan.";
}

/// More text of a proposed plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlanDeltaNotification {
    /// The thread.
    pub thread_id: String,
    /// The turn.
    pub turn_id: String,
    /// The item.
    pub item_id: String,
    /// What comes next.
    pub delta: String,
}

/// A tool says how far it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct McpToolCallProgressNotification {
    /// The thread.
    pub thread_id: String,
    /// The turn.
    pub turn_id: String,
    /// The item.
    pub item_id: String,
    /// What it says.
    pub message: String,
}
