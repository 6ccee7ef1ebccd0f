//! Goals of threads (docs/contract/threads.md#goals).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::shape::double_option;

crate::rpc::methods! {
    client ThreadGoalSet "thread/goal/set" (ThreadGoalSetParams) -> ThreadGoalSetResponse, stable, in Thread, "Sets or changes the goal of a thread.";
    client ThreadGoalGet "thread/goal/get" (ThreadGoalGetParams) -> ThreadGoalGetResponse, stable, in Thread, "Reads the goal of a thread.";
    client ThreadGoalClear "thread/goal/clear" (ThreadGoalClearParams) -> ThreadGoalClearResponse, stable, in Thread, "Clears the goal of a thread.";
    notify ThreadGoalUpdated "thread/goal/updated" (ThreadGoalUpdatedNotification), stable, "The goal of a thread was set or changed.";
    notify ThreadGoalCleared "thread/goal/cleared" (ThreadGoalClearedNotification), stable, "The goal of a thread was cleared.";
}

/// What a thread is to reach.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadGoal {
    /// The thread.
    pub thread_id: String,
    /// When it was made, in Unix seconds.
    pub created_at: i64,
    /// What is to be reached.
    pub objective: String,
    /// How it stands.
    pub status: ThreadGoalStatus,
    /// Time spent on it, in seconds.
    pub time_used_seconds: i64,
    /// Tokens spent on it.
    pub tokens_used: i64,
    /// When it last changed, in Unix seconds.
    pub updated_at: i64,
    /// Tokens that may be spent on it; null for no limit.
    pub token_budget: Option<i64>,
}

/// How a goal stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ThreadGoalStatus {
    /// It is worked on.
    Active,
    /// It rests.
    Paused,
    /// The agent cannot go on alone.
    Blocked,
    /// The account's limit is reached.
    UsageLimited,
    /// Its budget is spent.
    BudgetLimited,
    /// It is reached.
    Complete,
}

/// Sets a thread's goal, or changes it. What is absent stays.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadGoalSetParams {
    /// The thread.
    pub thread_id: String,
    /// What is to be reached, at most 4,000 characters.
    pub objective: Option<String>,
    /// Who sets it. Accepted; without effect.
    pub origin: Option<ThreadGoalMutationOrigin>,
    /// How it stands.
    pub status: Option<ThreadGoalStatus>,
    /// Tokens that may be spent on it; null for no limit.
    #[serde(default, with = "double_option", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<i64>")]
    pub token_budget: Option<Option<i64>>,
}

/// Who changes a goal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ThreadGoalMutationOrigin {
    /// The user.
    User,
    /// The client on its own.
    Automatic,
}

/// The goal as it is now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadGoalSetResponse {
    /// The goal.
    pub goal: ThreadGoal,
}

/// Reads a thread's goal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadGoalGetParams {
    /// The thread.
    pub thread_id: String,
}

/// The goal, if there is one.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadGoalGetResponse {
    /// The goal.
    pub goal: Option<ThreadGoal>,
}

/// Drops a thread's goal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadGoalClearParams {
    /// The thread.
    pub thread_id: String,
    /// Who drops it. Accepted; without effect.
    pub origin: Option<ThreadGoalMutationOrigin>,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadGoalClearResponse {
    /// Whether there was one.
    pub cleared: bool,
}

/// A thread's goal changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadGoalUpdatedNotification {
    /// The thread.
    pub thread_id: String,
    /// The turn that changed it, if one did.
    pub turn_id: Option<String>,
    /// The goal.
    pub goal: ThreadGoal,
}

/// A thread's goal was dropped.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadGoalClearedNotification {
    /// The thread.
    pub thread_id: String,
}
