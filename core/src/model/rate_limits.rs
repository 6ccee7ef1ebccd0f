//! Rate limits: one shape for headers, WebSocket events and the usage endpoint (docs/contract/backend.md#rate-limits).

use std::collections::{BTreeMap, BTreeSet};

use http::HeaderMap;
use serde::{Deserialize, Serialize};

/// Id of the limit that every account has.
const DEFAULT_LIMIT: &str = "codex";

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

impl RateLimitSnapshot {
    fn is_empty(&self) -> bool {
        self.limit_name.is_none()
            && self.primary.is_none()
            && self.secondary.is_none()
            && self.credits.is_none()
    }
}

/// The limits told by response headers: the default one first, the others sorted by id. Limits of which nothing is
/// told are left out.
pub(super) fn from_headers(headers: &HeaderMap) -> Vec<RateLimitSnapshot> {
    let families: BTreeSet<&str> = headers
        .keys()
        .filter_map(|name| {
            name.as_str()
                .strip_prefix("x-")?
                .strip_suffix("-primary-used-percent")
        })
        .filter(|family| *family != DEFAULT_LIMIT)
        .collect();
    std::iter::once(DEFAULT_LIMIT)
        .chain(families)
        .map(|family| family_from_headers(headers, family))
        .filter(|limit| !limit.is_empty())
        .collect()
}

/// The limit that a refused request ran into, by `x-codex-active-limit`; the default one if that is not told.
pub(super) fn active_limit(headers: &HeaderMap) -> RateLimitSnapshot {
    let family = text(headers, "x-codex-active-limit").map(|id| id.replace('_', "-"));
    family_from_headers(headers, family.as_deref().unwrap_or(DEFAULT_LIMIT))
}

fn family_from_headers(headers: &HeaderMap, family: &str) -> RateLimitSnapshot {
    let prefix = format!("x-{family}");
    RateLimitSnapshot {
        limit_id: Some(family.replace('-', "_")),
        limit_name: text(headers, &format!("{prefix}-limit-name")),
        primary: window_from_headers(headers, &format!("{prefix}-primary")),
        secondary: window_from_headers(headers, &format!("{prefix}-secondary")),
        credits: (family == DEFAULT_LIMIT)
            .then(|| credits_from_headers(headers))
            .flatten(),
        ..RateLimitSnapshot::default()
    }
}

fn window_from_headers(headers: &HeaderMap, prefix: &str) -> Option<RateLimitWindow> {
    let used_percent: f64 = number(headers, &format!("{prefix}-used-percent"))?;
    let window = RateLimitWindow {
        used_percent,
        window_minutes: number(headers, &format!("{prefix}-window-minutes")),
        resets_at: number(headers, &format!("{prefix}-reset-at")),
    };
    window.is_told().then_some(window)
}

fn credits_from_headers(headers: &HeaderMap) -> Option<CreditsSnapshot> {
    Some(CreditsSnapshot {
        has_credits: flag(headers, "x-codex-credits-has-credits")?,
        unlimited: flag(headers, "x-codex-credits-unlimited")?,
        balance: text(headers, "x-codex-credits-balance"),
    })
}

impl RateLimitWindow {
    /// Servers send all-zero windows for limits that a plan does not have.
    fn is_told(&self) -> bool {
        self.used_percent != 0.0 || self.window_minutes.is_some_and(|m| m != 0) || self.resets_at.is_some()
    }
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    let value = headers.get(name)?.to_str().ok()?.trim();
    (!value.is_empty()).then(|| value.to_owned())
}

fn number<T: std::str::FromStr>(headers: &HeaderMap, name: &str) -> Option<T> {
    text(headers, name)?.parse().ok()
}

fn flag(headers: &HeaderMap, name: &str) -> Option<bool> {
    match text(headers, name)?.to_ascii_lowercase().as_str() {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    }
}

/// The WebSocket event `codex.rate_limits`.
#[derive(Deserialize)]
struct RateLimitsEvent {
    plan_type: Option<String>,
    rate_limits: Option<EventWindows>,
    credits: Option<EventCredits>,
    metered_limit_name: Option<String>,
    limit_name: Option<String>,
}

#[derive(Deserialize)]
struct EventWindows {
    primary: Option<EventWindow>,
    secondary: Option<EventWindow>,
}

#[derive(Deserialize)]
struct EventWindow {
    used_percent: f64,
    window_minutes: Option<i64>,
    reset_at: Option<i64>,
}

#[derive(Deserialize)]
struct EventCredits {
    has_credits: bool,
    unlimited: bool,
    balance: Option<String>,
}

/// The limit told by a `codex.rate_limits` event; `None` if it tells nothing.
pub(super) fn from_event(event: &[u8]) -> Option<RateLimitSnapshot> {
    let event: RateLimitsEvent = serde_json::from_slice(event).ok()?;
    let window = |w: Option<EventWindow>| {
        w.map(|w| RateLimitWindow {
            used_percent: w.used_percent,
            window_minutes: w.window_minutes,
            resets_at: w.reset_at,
        })
    };
    let (primary, secondary) = event
        .rate_limits
        .map_or((None, None), |w| (w.primary, w.secondary));
    let id = event.metered_limit_name.or(event.limit_name);
    let limit = RateLimitSnapshot {
        limit_id: Some(id.map_or_else(|| DEFAULT_LIMIT.to_owned(), |id| id.replace('-', "_"))),
        primary: window(primary),
        secondary: window(secondary),
        credits: event.credits.map(|c| CreditsSnapshot {
            has_credits: c.has_credits,
            unlimited: c.unlimited,
            balance: c.balance.map(|b| b.trim().to_owned()).filter(|b| !b.is_empty()),
        }),
        plan_type: event.plan_type,
        ..RateLimitSnapshot::default()
    };
    (!limit.is_empty() || limit.plan_type.is_some()).then_some(limit)
}

/// Remembers how each limit stood, to tell what has changed.
#[derive(Debug, Default)]
pub(super) struct RateLimitTracker {
    known: BTreeMap<String, RateLimitSnapshot>,
    /// What snapshots inherit that don't say.
    credits: Option<CreditsSnapshot>,
    individual_limit: Option<SpendLimit>,
    plan_type: Option<String>,
}

impl RateLimitTracker {
    /// Takes news, completes them with what is known of the account, and gives back what has changed, in order.
    pub(super) fn changed(&mut self, news: Vec<RateLimitSnapshot>) -> Vec<RateLimitSnapshot> {
        news.into_iter()
            .filter_map(|mut limit| {
                inherit(&mut limit.credits, &mut self.credits);
                inherit(&mut limit.individual_limit, &mut self.individual_limit);
                inherit(&mut limit.plan_type, &mut self.plan_type);
                let id = limit.limit_id.clone().unwrap_or_else(|| DEFAULT_LIMIT.to_owned());
                let before = self.known.insert(id, limit.clone());
                (before.as_ref() != Some(&limit)).then_some(limit)
            })
            .collect()
    }
}

fn inherit<T: Clone>(new: &mut Option<T>, known: &mut Option<T>) {
    match new {
        Some(value) => *known = Some(value.clone()),
        None => new.clone_from(known),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(k, v)| (k.parse().unwrap(), v.parse().unwrap()))
            .collect()
    }

    #[test]
    fn reads_the_default_limit_and_further_families() {
        let limits = from_headers(&headers(&[
            ("x-codex-primary-used-percent", "12.5"),
            ("x-codex-primary-window-minutes", "300"),
            ("x-codex-primary-reset-at", "1700000000"),
            ("x-codex-secondary-used-percent", "0"),
            ("x-codex-credits-has-credits", "true"),
            ("x-codex-credits-unlimited", "0"),
            ("x-codex-credits-balance", " 7.5 "),
            ("x-zeta-primary-used-percent", "3"),
            ("x-codex-other-primary-used-percent", "90"),
            ("x-codex-other-limit-name", "codex_other"),
        ]));
        assert_eq!(
            limits
                .iter()
                .map(|l| l.limit_id.as_deref().unwrap())
                .collect::<Vec<_>>(),
            ["codex", "codex_other", "zeta"]
        );
        assert_eq!(limits[0].secondary, None);
        assert_eq!(limits[0].primary.unwrap().window_minutes, Some(300));
        assert_eq!(
            limits[0].credits.as_ref().unwrap().balance.as_deref(),
            Some("7.5")
        );
        assert_eq!(limits[1].limit_name.as_deref(), Some("codex_other"));
    }

    #[test]
    fn says_nothing_when_nothing_is_told() {
        assert!(from_headers(&headers(&[("x-request-id", "1")])).is_empty());
        assert!(from_headers(&headers(&[("x-codex-primary-used-percent", "0")])).is_empty());
    }

    #[test]
    fn an_event_gives_the_same_as_headers() {
        let by_event = from_event(
            br#"{"type":"codex.rate_limits","rate_limits":{"primary":{"used_percent":12.5,"window_minutes":300,
            "reset_at":1700000000}},"credits":{"has_credits":true,"unlimited":false,"balance":"7.5"}}"#,
        );
        let by_headers = from_headers(&headers(&[
            ("x-codex-primary-used-percent", "12.5"),
            ("x-codex-primary-window-minutes", "300"),
            ("x-codex-primary-reset-at", "1700000000"),
            ("x-codex-credits-has-credits", "true"),
            ("x-codex-credits-unlimited", "false"),
            ("x-codex-credits-balance", "7.5"),
        ]));
        assert_eq!(by_event, by_headers.into_iter().next());
    }

    #[test]
    fn an_event_names_its_limit() {
        let event = br#"{"metered_limit_name":"codex-other","rate_limits":{"primary":{"used_percent":1}}}"#;
        assert_eq!(
            from_event(event).unwrap().limit_id.as_deref(),
            Some("codex_other")
        );
    }

    #[test]
    fn only_changes_are_told_and_account_data_is_inherited() {
        let limit = |id: &str, used: f64, plan: Option<&str>| RateLimitSnapshot {
            limit_id: Some(id.into()),
            primary: Some(RateLimitWindow {
                used_percent: used,
                window_minutes: None,
                resets_at: None,
            }),
            plan_type: plan.map(Into::into),
            ..RateLimitSnapshot::default()
        };
        let mut tracker = RateLimitTracker::default();
        let first = tracker.changed(vec![limit("codex", 1.0, Some("plus")), limit("b", 2.0, None)]);
        assert_eq!(first.len(), 2);
        assert_eq!(first[1].plan_type.as_deref(), Some("plus"));
        let second = tracker.changed(vec![limit("codex", 1.0, None), limit("b", 3.0, None)]);
        assert_eq!(second.len(), 1);
        assert_eq!(second[0].limit_id.as_deref(), Some("b"));
    }
}
