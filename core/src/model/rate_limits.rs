//! Rate limits: one shape for headers, WebSocket events and the usage endpoint (model-and-auth section 5.2).

use serde::{Deserialize, Serialize};

/// How one limit stands.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RateLimitSnapshot {
    /// Identifier, `codex` for the default one.
    pub limit_id: Option<String>,
    /// Name to show.
    pub limit_name: Option<String>,
    /// Short window.
    pub primary: Option<RateLimitWindow>,
    /// Long window.
    pub secondary: Option<RateLimitWindow>,
    /// Credits of the account.
    pub credits: Option<CreditsSnapshot>,
    /// Spend limit of the user in the workspace.
    pub individual_limit: Option<SpendLimit>,
    /// Whether a spend limit is reached.
    pub spend_control_reached: Option<bool>,
    /// Plan, as the server names it.
    pub plan_type: Option<String>,
    /// Which limit was reached, as the server names it.
    pub reached_type: Option<String>,
}

/// A window of a limit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RateLimitWindow {
    /// 0 to 100.
    pub used_percent: f64,
    /// Length.
    pub window_minutes: Option<i64>,
    /// Unix seconds.
    pub resets_at: Option<i64>,
}

/// Credits of an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreditsSnapshot {
    /// There are some.
    pub has_credits: bool,
    /// There is no end of them.
    pub unlimited: bool,
    /// How many, as the server writes it.
    pub balance: Option<String>,
}

/// A spend limit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SpendLimit {
    /// Limit, as the server writes it.
    pub limit: String,
    /// Used, as the server writes it.
    pub used: String,
    /// 0 to 100.
    pub remaining_percent: i64,
    /// Unix seconds.
    pub resets_at: Option<i64>,
}
