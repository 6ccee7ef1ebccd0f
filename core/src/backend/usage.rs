//! How many tokens an account and its threads have used (docs/contract/backend.md#other-reads).

use std::time::Duration;

use chrono::DateTime;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Backend;
use super::request::Call;
use crate::{Error, Result, ThreadId};

/// How long the backend may take to sum up.
const LIMIT: Duration = Duration::from_secs(10);

/// Tokens of an account.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct TokenUsage {
    /// All tokens ever.
    pub lifetime_tokens: Option<i64>,
    /// Tokens of the busiest day.
    pub peak_daily_tokens: Option<i64>,
    /// Seconds of the longest turn.
    pub longest_running_turn_sec: Option<i64>,
    /// Days in a row until today.
    pub current_streak_days: Option<i64>,
    /// Most days in a row ever.
    pub longest_streak_days: Option<i64>,
    /// Tokens per day.
    pub daily_usage_buckets: Option<Vec<DailyUsage>>,
}

/// Tokens of a day.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct DailyUsage {
    /// The day, as the server writes it.
    pub start_date: String,
    /// Tokens.
    pub tokens: i64,
}

/// What a thread has cost.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ThreadUsage {
    /// The thread, as the server writes it.
    pub thread_id: String,
    /// Millionths of a credit.
    pub estimated_usage_credits_micros: i64,
    /// Millionths of a dollar.
    pub estimated_usage_usd_micros: Option<i64>,
    /// Millionths of a dollar.
    pub native_usage_usd_micros: Option<i64>,
    /// By model and the like.
    #[serde(default)]
    pub groups: Vec<ThreadUsageGroup>,
}

/// What a part of a thread has cost.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ThreadUsageGroup {
    /// Model.
    pub model: Option<String>,
    /// Effort.
    pub reasoning_effort: Option<String>,
    /// Speed.
    pub speed: Option<String>,
    /// Millionths of a credit.
    pub estimated_usage_credits_micros: i64,
    /// Input tokens that were not cached.
    pub net_new_input_tokens: Option<i64>,
    /// Input tokens that were cached.
    pub cached_input_tokens: Option<i64>,
    /// Input tokens.
    pub input_tokens: Option<i64>,
    /// Output tokens.
    pub output_tokens: Option<i64>,
    /// All tokens.
    pub total_tokens: Option<i64>,
}

#[derive(Deserialize)]
struct Profile {
    stats: TokenUsage,
}

#[derive(Deserialize)]
struct ThreadUsages {
    threads: Vec<Value>,
}

impl Backend {
    /// Tokens of the account.
    pub async fn token_usage(&self) -> Result<TokenUsage> {
        let auth = self.chatgpt("to read token usage").await?;
        let call = Call {
            limit: LIMIT,
            ..Call::get(self.url("profiles/me").await)
        };
        let answer = self.send(&call, &auth).await;
        let profile: Profile = answer
            .and_then(|answer| answer.decode())
            .map_err(|error| Error::internal(format!("failed to fetch token usage profile: {error}")))?;
        Ok(profile.stats)
    }

    /// What a thread has cost.
    pub async fn thread_usage(&self, thread: ThreadId) -> Result<ThreadUsage> {
        let auth = self.chatgpt("to read token usage").await?;
        let failed = |why: String| Error::internal(format!("failed to fetch thread usage: {why}"));
        let id = thread.to_string();
        let call = Call {
            limit: LIMIT,
            ..Call::post(
                self.url("usage/thread_usage/query").await,
                json!({"thread_ids": [&id]}),
            )
        };
        let answer = self.send(&call, &auth).await.map_err(failed)?;
        let found: ThreadUsages = answer.decode().map_err(failed)?;
        let ours = found
            .threads
            .into_iter()
            .find(|usage| usage["thread_id"] == id.as_str());
        let ours = ours.ok_or_else(|| failed("the backend knows nothing of this thread".to_owned()))?;
        serde_json::from_value(ours).map_err(|error| failed(error.to_string()))
    }
}

/// A time as Unix seconds, or as RFC 3339.
pub(super) fn unix_seconds(value: &Value) -> Option<i64> {
    match value {
        Value::String(text) => DateTime::parse_from_rfc3339(text).ok().map(|at| at.timestamp()),
        other => other.as_i64(),
    }
}
