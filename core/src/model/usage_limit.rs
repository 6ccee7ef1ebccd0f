//! What a user is told when a usage limit is reached (docs/contract/backend.md#usage-limit-messages).

use chrono::{DateTime, Datelike, Local, TimeZone};
use http::HeaderMap;

use super::rate_limits;

/// The sentence for a 429 of type `usage_limit_reached`. `now` decides how the time of the reset is written.
pub(super) fn message(
    headers: &HeaderMap,
    plan_type: Option<&str>,
    resets_at: Option<i64>,
    now: DateTime<Local>,
) -> String {
    let reset = resets_at.and_then(|at| Some(clock(Local.timestamp_opt(at, 0).single()?, now)));
    let when = |lead: &str, lead_later: &str| match &reset {
        Some(at) => format!("{lead} {at}."),
        None => lead_later.to_owned(),
    };
    let or = when(" or try again at", " or try again later.");
    let hit = "You’ve hit your usage limit";

    let limit = rate_limits::active_limit(headers).limit_name;
    if let Some(name) = limit.filter(|name| !name.eq_ignore_ascii_case("codex")) {
        return format!("{hit} for {name}. Switch to another model now,{or}");
    }
    let header = |name| headers.get(name).and_then(|v| v.to_str().ok()).map(str::trim);
    match header("x-codex-rate-limit-reached-type") {
        Some("workspace_owner_credits_depleted") => {
            return "Your workspace is out of credits. Add credits to continue.".to_owned();
        }
        Some("workspace_member_credits_depleted") => {
            return "Your workspace is out of credits. Ask your workspace owner to refill in order to continue."
                .to_owned();
        }
        Some("workspace_owner_usage_limit_reached") => {
            return "You hit your spend cap set in your workspace. Increase your spend cap to continue."
                .to_owned();
        }
        Some("workspace_member_usage_limit_reached") => {
            return "You hit your spend cap set by the owner of your workspace. Ask an owner to increase your spend \
                    cap to continue."
                .to_owned();
        }
        _ => {}
    }
    if let Some(promo) = header("x-codex-promo-message").filter(|p| !p.is_empty()) {
        return format!("{hit}. {promo},{or}");
    }
    match plan_type.unwrap_or_default() {
        "plus" => format!(
            "{hit}. Upgrade to Pro (https://chatgpt.com/explore/pro), visit https://chatgpt.com/settings/usage to \
             purchase more credits{or}"
        ),
        "pro" | "prolite" | "promax" => {
            format!("{hit}. Visit https://chatgpt.com/settings/usage to purchase more credits{or}")
        }
        "free" | "go" => {
            format!("{hit}. Upgrade to Plus to continue using Codex (https://chatgpt.com/explore/plus),{or}")
        }
        plan if is_managed_by_admin(plan) => {
            format!("{hit}. To get more access now, send a request to your admin{or}")
        }
        _ => format!("{hit}.{}", when(" Try again at", " Try again later.")),
    }
}

fn is_managed_by_admin(plan: &str) -> bool {
    matches!(plan, "team" | "business" | "ent26" | "sci")
        || plan.starts_with("self_serve_business_")
        || plan.starts_with("enterprise_cbp_")
}

/// `3:33 AM` today, else `May 18th, 2033 3:33 AM`.
fn clock(at: DateTime<Local>, now: DateTime<Local>) -> String {
    let time = at.format("%-I:%M %p");
    if at.date_naive() == now.date_naive() {
        return time.to_string();
    }
    let suffix = match at.day() {
        1 | 21 | 31 => "st",
        2 | 22 => "nd",
        3 | 23 => "rd",
        _ => "th",
    };
    format!("{}{suffix}, {} {time}", at.format("%b %-d"), at.year())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn say(pairs: &[(&'static str, &'static str)], plan: Option<&str>, resets_at: Option<i64>) -> String {
        let headers: HeaderMap = pairs
            .iter()
            .map(|(k, v)| (k.parse().unwrap(), v.parse().unwrap()))
            .collect();
        message(&headers, plan, resets_at, Local::now())
    }

    #[test]
    fn names_the_limit_unless_it_is_the_default_one() {
        let named = [
            ("x-codex-active-limit", "codex_other"),
            ("x-codex-other-limit-name", "gpt-x"),
        ];
        assert_eq!(
            say(&named, Some("plus"), None),
            "You’ve hit your usage limit for gpt-x. Switch to another model now, or try again later."
        );
        let default = [("x-codex-limit-name", "codex")];
        assert!(say(&default, Some("plus"), None).contains("Upgrade to Pro"));
    }

    #[test]
    fn tells_workspace_limits() {
        let text = say(
            &[(
                "x-codex-rate-limit-reached-type",
                "workspace_owner_credits_depleted",
            )],
            None,
            None,
        );
        assert_eq!(text, "Your workspace is out of credits. Add credits to continue.");
        let text = say(
            &[("x-codex-rate-limit-reached-type", "rate_limit_reached")],
            Some("free"),
            None,
        );
        assert!(text.contains("Upgrade to Plus"));
    }

    #[test]
    fn a_promotion_comes_before_the_plan() {
        assert_eq!(
            say(&[("x-codex-promo-message", "Try Max")], Some("pro"), None),
            "You’ve hit your usage limit. Try Max, or try again later."
        );
    }

    #[test]
    fn plans_have_their_sentences() {
        assert!(say(&[], Some("enterprise_cbp_usage_based"), None).contains("your admin"));
        assert_eq!(
            say(&[], Some("edu_pro"), None),
            "You’ve hit your usage limit. Try again later."
        );
        assert_eq!(
            say(&[], None, None),
            "You’ve hit your usage limit. Try again later."
        );
    }

    #[test]
    fn tells_the_time_of_the_reset() {
        let at = |text: &str| DateTime::parse_from_rfc3339(text).unwrap().naive_utc();
        let local = |text| Local.from_local_datetime(&at(text)).earliest().unwrap();
        let now = local("2033-05-18T01:00:00Z");
        assert_eq!(clock(local("2033-05-18T03:33:20Z"), now), "3:33 AM");
        assert_eq!(
            clock(local("2033-05-21T15:03:20Z"), now),
            "May 21st, 2033 3:03 PM"
        );
        assert_eq!(
            clock(local("2033-05-13T00:03:20Z"), now),
            "May 13th, 2033 12:03 AM"
        );
    }
}
