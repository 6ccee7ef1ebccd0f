//! Plans that the user has approved (docs/contract/turns.md#plans).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

crate::rpc::methods! {
    client ThreadPrepareApprovedPlan "thread/prepareApprovedPlan" (ThreadPrepareApprovedPlanParams) -> ThreadPrepareApprovedPlanResponse, experimental, in Thread, "Gives the agent a plan that the user has approved.";
}

/// Gives the agent a plan that the user has approved, for the next turn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadPrepareApprovedPlanParams {
    /// The thread.
    pub thread_id: String,
    /// The plan.
    pub markdown: String,
    /// A file that holds it. Accepted and not used.
    pub attachment_path: Option<String>,
}

/// The plan is in the agent's history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadPrepareApprovedPlanResponse {
    /// What to begin the next turn with.
    pub prompt: String,
}
