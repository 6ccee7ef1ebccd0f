//! Rate limits and credits (docs/contract/backend.md).

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::account::PlanType;

crate::rpc::methods! {
    client AccountRateLimitsRead "account/rateLimits/read" (GetAccountRateLimitsParams) -> GetAccountRateLimitsResponse, stable, in None, "Reads the account's rate limits.";
    client AccountRateLimitResetCreditConsume "account/rateLimitResetCredit/consume" (ConsumeAccountRateLimitResetCreditParams) -> ConsumeAccountRateLimitResetCreditResponse, stable, in None, "Uses a credit that resets a rate limit.";
    notify AccountRateLimitsUpdated "account/rateLimits/updated" (AccountRateLimitsUpdatedNotification), stable, "A rate limit changed.";
}

/// What to tell about limits.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GetAccountRateLimitsParams {
    /// Leave out the single reset credits.
    #[serde(default)]
    pub exclude_reset_credit_details: bool,
    /// The client can show the reserve. Accepted; without effect.
    #[serde(default)]
    pub supports_luna_reserve: bool,
}

/// How much of the account's limits is used.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GetAccountRateLimitsResponse {
    /// The main limit.
    pub rate_limits: RateLimitSnapshot,
    /// The workspace.
    pub account_id: Option<String>,
    /// Whether ordinary requests are let through.
    pub ordinary_usage_allowed: Option<bool>,
    /// Credits that start a limit afresh.
    pub rate_limit_reset_credits: Option<RateLimitResetCreditsSummary>,
    /// What the service offers at the limit, as it says it.
    pub rate_limit_upsell: Option<Value>,
    /// All limits, by id.
    pub rate_limits_by_limit_id: Option<BTreeMap<String, RateLimitSnapshot>>,
}

/// How much of one limit is used.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RateLimitSnapshot {
    /// Credits of the account.
    pub credits: Option<CreditsSnapshot>,
    /// The user's own spending limit.
    pub individual_limit: Option<SpendControlLimitSnapshot>,
    /// Id of the limit.
    pub limit_id: Option<String>,
    /// Its name, for people.
    pub limit_name: Option<String>,
    /// The model that it is counted for.
    pub normal_model_slug: Option<String>,
    /// The account's plan.
    pub plan_type: Option<PlanType>,
    /// The short window.
    pub primary: Option<RateLimitWindow>,
    /// Which limit stopped the user, if one did.
    pub rate_limit_reached_type: Option<RateLimitReachedType>,
    /// The long window.
    pub secondary: Option<RateLimitWindow>,
    /// Whether the spending limit is reached.
    pub spend_control_reached: Option<bool>,
}

/// A span of time in which use is counted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RateLimitWindow {
    /// How much is used, in percent.
    pub used_percent: i32,
    /// When it starts afresh, in Unix seconds.
    pub resets_at: Option<i64>,
    /// How long the span is, in minutes.
    pub window_duration_mins: Option<i64>,
}

/// Which limit stopped a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RateLimitReachedType {
    /// The rate limit.
    RateLimitReached,
    /// The credits of the workspace, as its owner sees it.
    WorkspaceOwnerCreditsDepleted,
    /// The credits of the workspace, as a member sees it.
    WorkspaceMemberCreditsDepleted,
    /// The limit of the workspace, as its owner sees it.
    WorkspaceOwnerUsageLimitReached,
    /// The limit of the workspace, as a member sees it.
    WorkspaceMemberUsageLimitReached,
}

/// Credits of an account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreditsSnapshot {
    /// Whether there are any.
    pub has_credits: bool,
    /// Whether they never end.
    pub unlimited: bool,
    /// How many, as text.
    pub balance: Option<String>,
}

/// A spending limit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SpendControlLimitSnapshot {
    /// What may be spent.
    pub limit: String,
    /// How much is left, in percent.
    pub remaining_percent: i32,
    /// When it starts afresh, in Unix seconds.
    pub resets_at: i64,
    /// What was spent.
    pub used: String,
}

/// Credits that start a limit afresh.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RateLimitResetCreditsSummary {
    /// How many can be used.
    pub available_count: i64,
    /// All of them.
    pub credits: Option<Vec<RateLimitResetCredit>>,
}

/// A credit that starts a limit afresh.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RateLimitResetCredit {
    /// Its id.
    pub id: String,
    /// When it was given, in Unix seconds.
    pub granted_at: i64,
    /// What it starts afresh.
    pub reset_type: RateLimitResetType,
    /// How it stands.
    pub status: RateLimitResetCreditStatus,
    /// What it is for, for people.
    pub description: Option<String>,
    /// When it ends, in Unix seconds.
    pub expires_at: Option<i64>,
    /// Its title.
    pub title: Option<String>,
}

/// What a reset credit starts afresh.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum RateLimitResetType {
    /// The limits of this program.
    CodexRateLimits,
    /// Something of a later release.
    Unknown,
}

/// How a reset credit stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum RateLimitResetCreditStatus {
    /// It can be used.
    Available,
    /// It is being used.
    Redeeming,
    /// It was used.
    Redeemed,
    /// Something of a later release.
    Unknown,
}

/// How much of a limit is used changed. Members that are null are not known and leave older values in force.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccountRateLimitsUpdatedNotification {
    /// The limit.
    pub rate_limits: RateLimitSnapshot,
}

/// Uses a credit that starts a limit afresh.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConsumeAccountRateLimitResetCreditParams {
    /// Any text; the same text again does not use another credit.
    pub idempotency_key: String,
    /// The credit; absent for any.
    pub credit_id: Option<String>,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConsumeAccountRateLimitResetCreditResponse {
    /// What became of it.
    pub outcome: ConsumeAccountRateLimitResetCreditOutcome,
}

/// What became of a reset credit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ConsumeAccountRateLimitResetCreditOutcome {
    /// The limit started afresh.
    Reset,
    /// There was nothing to start afresh.
    NothingToReset,
    /// There is no credit.
    NoCredit,
    /// It was used before.
    AlreadyRedeemed,
}
