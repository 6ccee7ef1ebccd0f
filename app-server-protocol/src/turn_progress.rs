//! News of a running turn as a whole.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

crate::rpc::methods! {
    notify TurnDiffUpdated "turn/diff/updated" (TurnDiffUpdatedNotification), stable, "The changes that the patches of a turn have made.";
    notify TurnPlanUpdated "turn/plan/updated" (TurnPlanUpdatedNotification), stable, "The agent's list of steps changed.";
    notify TurnModerationMetadata "turn/moderationMetadata" (TurnModerationMetadataNotification), stable, "The model server moderated the turn.";
}

/// The changes of a turn, all files together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TurnDiffUpdatedNotification {
    /// The thread.
    pub thread_id: String,
    /// The turn.
    pub turn_id: String,
    /// As a unified diff.
    pub diff: String,
}

/// The agent's list of steps changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TurnPlanUpdatedNotification {
    /// The thread.
    pub thread_id: String,
    /// The turn.
    pub turn_id: String,
    /// All steps.
    pub plan: Vec<TurnPlanStep>,
    /// Why it changed.
    pub explanation: Option<String>,
}

/// A step of a plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TurnPlanStep {
    /// How it stands.
    pub status: TurnPlanStepStatus,
    /// What is to be done.
    pub step: String,
}

/// How a step stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum TurnPlanStepStatus {
    /// Not begun.
    Pending,
    /// Begun.
    InProgress,
    /// Done.
    Completed,
}

/// The model server moderated the turn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TurnModerationMetadataNotification {
    /// The thread.
    pub thread_id: String,
    /// The turn.
    pub turn_id: String,
    /// What it says, any JSON.
    pub metadata: Value,
}

/// The history was summed up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ContextCompactedNotification {
    /// The thread.
    pub thread_id: String,
    /// The turn.
    pub turn_id: String,
}
