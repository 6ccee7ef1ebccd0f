//! Use of an account, and news of its workspace.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

crate::rpc::methods! {
    client AccountUsageRead "account/usage/read" (GetAccountTokenUsageParams) -> GetAccountTokenUsageResponse, stable, in None, "Reads how many tokens the account or a thread has used.";
    client AccountWorkspaceMessagesRead "account/workspaceMessages/read" () -> GetWorkspaceMessagesResponse, stable, in None, "Reads the workspace's messages to its members.";
    client AccountSendAddCreditsNudgeEmail "account/sendAddCreditsNudgeEmail" (SendAddCreditsNudgeEmailParams) -> SendAddCreditsNudgeEmailResponse, stable, in None, "Asks the workspace's owner for more credits by email.";
    client AccountSecuritySetupRead "account/securitySetup/read" () -> GetAccountSecuritySetupResponse, stable, in None, "Reads what the user should do for the account's security.";
}

/// Whose tokens to count.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GetAccountTokenUsageParams {
    /// Those of one thread; absent for the account's.
    pub thread_id: Option<String>,
}

/// How many tokens were used.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GetAccountTokenUsageResponse {
    /// In sum.
    pub summary: AccountTokenUsageSummary,
    /// Day by day.
    pub daily_usage_buckets: Option<Vec<AccountTokenUsageDailyBucket>>,
    /// Of the thread that was asked for.
    pub thread_usage: Option<ThreadUsage>,
}

/// Tokens of a day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccountTokenUsageDailyBucket {
    /// The day, as `YYYY-MM-DD`.
    pub start_date: String,
    /// How many.
    pub tokens: i64,
}

/// Tokens of an account, in sum.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccountTokenUsageSummary {
    /// Days in a row up to today.
    pub current_streak_days: Option<i64>,
    /// All there ever were.
    pub lifetime_tokens: Option<i64>,
    /// Longest turn, in seconds.
    pub longest_running_turn_sec: Option<i64>,
    /// Most days in a row.
    pub longest_streak_days: Option<i64>,
    /// Most tokens of a day.
    pub peak_daily_tokens: Option<i64>,
}

/// What a thread cost.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadUsage {
    /// The thread.
    pub thread_id: String,
    /// Credits, about, in millionths.
    pub estimated_usage_credits_micros: i64,
    /// By model.
    pub groups: Vec<ThreadUsageBreakdownGroup>,
    /// US dollars, about, in millionths.
    pub estimated_usage_usd_micros: Option<i64>,
    /// US dollars as billed, in millionths.
    pub native_usage_usd_micros: Option<i64>,
}

/// What a thread cost with one model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadUsageBreakdownGroup {
    /// Credits, about, in millionths.
    pub estimated_usage_credits_micros: i64,
    /// Input tokens that came from the cache.
    pub cached_input_tokens: Option<i64>,
    /// Input tokens.
    pub input_tokens: Option<i64>,
    /// Model slug.
    pub model: Option<String>,
    /// Input tokens that did not come from the cache.
    pub net_new_input_tokens: Option<i64>,
    /// Output tokens.
    pub output_tokens: Option<i64>,
    /// How hard the model thought.
    pub reasoning_effort: Option<String>,
    /// Service speed.
    pub speed: Option<String>,
    /// All tokens.
    pub total_tokens: Option<i64>,
}

/// Messages of the workspace to its members.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GetWorkspaceMessagesResponse {
    /// Whether the workspace has messages at all.
    pub feature_enabled: bool,
    /// The messages.
    pub messages: Vec<WorkspaceMessage>,
}

/// A message of the workspace.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WorkspaceMessage {
    /// The text.
    pub message_body: String,
    /// Its id.
    pub message_id: String,
    /// Its kind.
    pub message_type: WorkspaceMessageType,
    /// When it was taken back, in Unix seconds.
    pub archived_at: Option<i64>,
    /// When it was made, in Unix seconds.
    pub created_at: Option<i64>,
}

/// A kind of message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum WorkspaceMessageType {
    /// A headline.
    Headline,
    /// An announcement.
    Announcement,
    /// Something of a later release.
    Unknown,
}

/// Asks the workspace's owner for more.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SendAddCreditsNudgeEmailParams {
    /// More of what.
    pub credit_type: AddCreditsNudgeCreditType,
}

/// What a workspace's owner is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AddCreditsNudgeCreditType {
    /// Credits.
    Credits,
    /// A higher limit.
    UsageLimit,
}

/// What became of the letter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SendAddCreditsNudgeEmailResponse {
    /// How it stands.
    pub status: AddCreditsNudgeEmailStatus,
}

/// What became of a letter to the workspace's owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AddCreditsNudgeEmailStatus {
    /// It was sent.
    Sent,
    /// One was sent not long ago.
    CooldownActive,
}

/// What the account's owner should do for its safety.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GetAccountSecuritySetupResponse {
    /// What to show; null for nothing.
    pub notice: Option<AccountSecuritySetupNotice>,
}

/// Something that the account's owner should do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccountSecuritySetupNotice {
    /// The workspace.
    pub account_id: String,
    /// What to offer.
    pub action: AccountSecuritySetupAction,
    /// Why, for people.
    pub description: String,
    /// Its title.
    pub title: String,
    /// The user.
    pub user_id: String,
}

/// A link to offer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccountSecuritySetupAction {
    /// Its text.
    pub label: String,
    /// Where it leads.
    pub url: String,
}
