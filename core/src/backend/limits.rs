//! Rate limits and the credits that reset them (docs/contract/backend.md#rate-limits).

use serde::Deserialize;
use serde_json::{Value, json};

use super::Backend;
use super::request::Call;
use super::usage::unix_seconds;
use crate::model::{CreditsSnapshot, RateLimitSnapshot, RateLimitWindow, SpendLimit};
use crate::{Error, Field, Result};

/// How all limits of an account stand.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RateLimits {
    /// The limits, `codex` first.
    pub limits: Vec<RateLimitSnapshot>,
    /// Credits that reset a limit.
    pub reset_credits: Option<ResetCredits>,
    /// Workspace that they belong to.
    pub account_id: Option<String>,
}

/// Credits that reset a limit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ResetCredits {
    /// How many can be used.
    pub available_count: i64,
    /// Each of them, if asked for and known.
    pub credits: Option<Vec<ResetCredit>>,
}

/// A credit that resets a limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResetCredit {
    /// Its id.
    pub id: String,
    /// What it resets, as the server names it.
    pub reset_type: String,
    /// How it stands, as the server names it.
    pub status: String,
    /// Unix seconds.
    pub granted_at: i64,
    /// Unix seconds.
    pub expires_at: Option<i64>,
    /// To show.
    pub title: Option<String>,
    /// To show.
    pub description: Option<String>,
}

/// What became of a credit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConsumeOutcome {
    /// The limit is reset.
    Reset,
    /// No limit was reached.
    NothingToReset,
    /// There is no credit.
    NoCredit,
    /// This very request was carried out before.
    AlreadyRedeemed,
}

impl Backend {
    /// How the limits stand now. Details of reset credits are left out on request, or when they cannot be had.
    pub async fn rate_limits(&self, with_credit_details: bool) -> Result<RateLimits> {
        let auth = self.chatgpt("to read rate limits").await?;
        let usage = Call::get(self.url("usage").await);
        let details = Call::get(self.url("rate-limit-reset-credits").await);
        let ask_details = async {
            if !with_credit_details {
                return None;
            }
            let answer = self
                .send(&details, &auth)
                .await
                .and_then(|answer| answer.decode::<DetailsPayload>());
            answer
                .inspect_err(|error| tracing::warn!("no details of reset credits: {error}"))
                .ok()
        };
        let (usage, details) = futures_util::join!(self.send(&usage, &auth), ask_details);
        let payload: UsagePayload = usage
            .and_then(|answer| answer.decode())
            .map_err(|error| Error::internal(format!("failed to fetch codex rate limits: {error}")))?;
        let mut found = payload.into_limits();
        if let Some(details) = details {
            found.reset_credits = Some(details.into_credits());
        }
        Ok(found)
    }

    /// Uses a credit that resets a limit. The key makes a repeated request harmless.
    pub async fn consume_reset_credit(&self, key: &str, credit_id: Option<&str>) -> Result<ConsumeOutcome> {
        if key.is_empty() {
            return Err(Error::Empty(Field::IdempotencyKey));
        }
        let auth = self.chatgpt("for rate limit reset credits").await?;
        let mut body = json!({"redeem_request_id": key});
        if let Some(credit_id) = credit_id {
            body["credit_id"] = credit_id.into();
        }
        let failed = |why: String| Error::internal(format!("failed to consume rate limit reset: {why}"));
        let call = Call::post(self.url("rate-limit-reset-credits/consume").await, body);
        let answer = self.send(&call, &auth).await.map_err(failed)?;
        let consumed: Consumed = answer.decode().map_err(failed)?;
        Ok(match consumed.code.as_str() {
            "reset" => ConsumeOutcome::Reset,
            "nothing_to_reset" => ConsumeOutcome::NothingToReset,
            "no_credit" => ConsumeOutcome::NoCredit,
            "already_redeemed" => ConsumeOutcome::AlreadyRedeemed,
            other => {
                return Err(failed(format!(
                    "the backend answered with the unknown code {other:?}"
                )));
            }
        })
    }
}

#[derive(Deserialize)]
struct UsagePayload {
    plan_type: String,
    account_id: Option<String>,
    rate_limit: Option<Windows>,
    credits: Option<CreditsSnapshot>,
    additional_rate_limits: Option<Vec<Additional>>,
    spend_control: Option<SpendControl>,
    rate_limit_reached_type: Option<ReachedType>,
    rate_limit_reset_credits: Option<CreditCount>,
}

#[derive(Deserialize)]
struct Windows {
    primary_window: Option<Window>,
    secondary_window: Option<Window>,
}

#[derive(Deserialize)]
struct Window {
    used_percent: f64,
    limit_window_seconds: Option<i64>,
    reset_at: Option<i64>,
}

#[derive(Deserialize)]
struct Additional {
    limit_name: Option<String>,
    metered_feature: String,
    rate_limit: Option<Windows>,
}

#[derive(Deserialize)]
struct SpendControl {
    reached: Option<bool>,
    individual_limit: Option<IndividualLimit>,
}

#[derive(Deserialize)]
struct IndividualLimit {
    limit: Value,
    used: Value,
    remaining_percent: i64,
    reset_at: Option<i64>,
}

#[derive(Deserialize)]
struct ReachedType {
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Deserialize)]
struct CreditCount {
    available_count: i64,
}

#[derive(Deserialize)]
struct DetailsPayload {
    available_count: i64,
    #[serde(default)]
    credits: Vec<CreditPayload>,
}

#[derive(Deserialize)]
struct CreditPayload {
    id: String,
    #[serde(default)]
    reset_type: String,
    #[serde(default)]
    status: String,
    granted_at: Value,
    expires_at: Option<Value>,
    title: Option<String>,
    description: Option<String>,
}

#[derive(Deserialize)]
struct Consumed {
    code: String,
}

impl UsagePayload {
    fn into_limits(self) -> RateLimits {
        let plan_type = Some(self.plan_type);
        let (primary, secondary) = windows(self.rate_limit);
        let (spend_control_reached, individual_limit) = match self.spend_control {
            Some(control) => (control.reached, control.individual_limit.map(SpendLimit::from)),
            None => (None, None),
        };
        let main = RateLimitSnapshot {
            limit_id: Some("codex".to_owned()),
            primary,
            secondary,
            credits: self.credits,
            individual_limit,
            spend_control_reached,
            plan_type: plan_type.clone(),
            reached_type: self.rate_limit_reached_type.map(|reached| reached.kind),
            ..RateLimitSnapshot::default()
        };
        let additional = self
            .additional_rate_limits
            .unwrap_or_default()
            .into_iter()
            .map(|additional| {
                let (primary, secondary) = windows(additional.rate_limit);
                RateLimitSnapshot {
                    limit_id: Some(additional.metered_feature),
                    limit_name: additional.limit_name,
                    primary,
                    secondary,
                    plan_type: plan_type.clone(),
                    ..RateLimitSnapshot::default()
                }
            });
        RateLimits {
            limits: std::iter::once(main).chain(additional).collect(),
            reset_credits: self.rate_limit_reset_credits.map(|count| ResetCredits {
                available_count: count.available_count,
                credits: None,
            }),
            account_id: self.account_id,
        }
    }
}

fn windows(limit: Option<Windows>) -> (Option<RateLimitWindow>, Option<RateLimitWindow>) {
    let window = |window: Window| RateLimitWindow {
        used_percent: window.used_percent,
        // Minutes that are begun count.
        window_minutes: window
            .limit_window_seconds
            .map(|seconds| seconds.max(0).unsigned_abs().div_ceil(60).cast_signed()),
        resets_at: window.reset_at,
    };
    match limit {
        Some(limit) => (
            limit.primary_window.map(window),
            limit.secondary_window.map(window),
        ),
        None => (None, None),
    }
}

impl From<IndividualLimit> for SpendLimit {
    fn from(limit: IndividualLimit) -> Self {
        let text = |value: Value| match value {
            Value::String(text) => text,
            other => other.to_string(),
        };
        Self {
            limit: text(limit.limit),
            used: text(limit.used),
            remaining_percent: limit.remaining_percent,
            resets_at: limit.reset_at,
        }
    }
}

impl DetailsPayload {
    fn into_credits(self) -> ResetCredits {
        let credits = self.credits.into_iter().map(|credit| ResetCredit {
            id: credit.id,
            reset_type: credit.reset_type,
            status: credit.status,
            granted_at: unix_seconds(&credit.granted_at).unwrap_or_default(),
            expires_at: credit.expires_at.as_ref().and_then(unix_seconds),
            title: credit.title,
            description: credit.description,
        });
        ResetCredits {
            available_count: self.available_count,
            credits: Some(credits.collect()),
        }
    }
}
