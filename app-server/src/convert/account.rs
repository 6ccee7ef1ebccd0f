//! Accounts and what the account backend says.

use codex_app_server_protocol as wire;
use codex_core::auth::Account;
use codex_core::backend::{
    ConsumeOutcome, NudgeOutcome, RateLimits, ResetCredit, ResetCredits, SecurityNotice, ThreadUsage,
    TokenUsage, Workspace, WorkspaceMessage,
};
use codex_core::model::{RateLimitSnapshot, RateLimitWindow};
use serde::de::value::{Error as NotKnown, StrDeserializer};
use serde::de::{DeserializeOwned, IntoDeserializer};

/// A word of the contract; `None` for words of a later release.
fn word<T: DeserializeOwned>(text: &str) -> Option<T> {
    let text: StrDeserializer<'_, NotKnown> = text.into_deserializer();
    T::deserialize(text).ok()
}

/// A plan, as servers name it.
pub(crate) fn plan_to_wire(plan: &str) -> wire::PlanType {
    word(plan).unwrap_or(wire::PlanType::Unknown)
}

/// Who is signed in, with what is known of the workspace.
pub(crate) fn to_wire(
    account: Option<&Account>,
    workspace: Option<Workspace>,
    requires_openai_auth: bool,
) -> wire::GetAccountResponse {
    let (name, routing) = workspace.map(|found| (found.name, found.routing)).unzip();
    let user_id = match account {
        Some(Account::ChatGpt { user_id, .. }) => user_id.clone(),
        Some(Account::ApiKey) | None => None,
    };
    wire::GetAccountResponse {
        requires_openai_auth,
        user_id,
        account: account.map(|account| match account {
            Account::ApiKey => wire::Account::ApiKey,
            Account::ChatGpt { email, plan_type, .. } => wire::Account::Chatgpt {
                email: email.clone(),
                plan_type: plan_to_wire(plan_type.as_deref().unwrap_or_default()),
                workspace_name: name.flatten(),
            },
        }),
        workspace_routing: routing.and_then(|routing| {
            Some(wire::WorkspaceRouting {
                account_routing_override: word(&routing.account_routing_override)?,
                backend_origin: routing.backend_origin,
                chatgpt_account_id: routing.account_id,
            })
        }),
    }
}

/// `account/updated` after a change.
pub(crate) fn updated(account: Option<&Account>) -> wire::AccountUpdatedNotification {
    match account {
        None => wire::AccountUpdatedNotification::default(),
        Some(Account::ApiKey) => wire::AccountUpdatedNotification {
            auth_mode: Some(wire::AuthMode::Apikey),
            plan_type: None,
            reason: None,
        },
        Some(Account::ChatGpt {
            plan_type,
            parent_owned,
            ..
        }) => wire::AccountUpdatedNotification {
            auth_mode: Some(if *parent_owned {
                wire::AuthMode::ChatgptAuthTokens
            } else {
                wire::AuthMode::Chatgpt
            }),
            plan_type: Some(plan_to_wire(plan_type.as_deref().unwrap_or_default())),
            reason: None,
        },
    }
}

/// All limits.
pub(crate) fn rate_limits_to_wire(found: RateLimits) -> wire::GetAccountRateLimitsResponse {
    let limits: Vec<_> = found.limits.into_iter().map(rate_limit_to_wire).collect();
    let by_id = limits
        .iter()
        .filter_map(|limit| Some((limit.limit_id.clone()?, limit.clone())))
        .collect();
    wire::GetAccountRateLimitsResponse {
        rate_limits: limits.into_iter().next().unwrap_or_default(),
        rate_limits_by_limit_id: Some(by_id),
        account_id: found.account_id,
        ordinary_usage_allowed: None,
        rate_limit_reset_credits: found.reset_credits.map(reset_credits_to_wire),
        rate_limit_upsell: None,
    }
}

/// One limit.
pub(crate) fn rate_limit_to_wire(limit: RateLimitSnapshot) -> wire::RateLimitSnapshot {
    wire::RateLimitSnapshot {
        credits: limit.credits.map(|credits| wire::CreditsSnapshot {
            has_credits: credits.has_credits,
            unlimited: credits.unlimited,
            balance: credits.balance,
        }),
        individual_limit: limit
            .individual_limit
            .map(|spend| wire::SpendControlLimitSnapshot {
                limit: spend.limit,
                used: spend.used,
                remaining_percent: i32::try_from(spend.remaining_percent).unwrap_or_default(),
                resets_at: spend.resets_at.unwrap_or_default(),
            }),
        limit_id: limit.limit_id,
        limit_name: limit.limit_name,
        normal_model_slug: None,
        plan_type: limit.plan_type.as_deref().map(plan_to_wire),
        primary: limit.primary.map(window_to_wire),
        secondary: limit.secondary.map(window_to_wire),
        rate_limit_reached_type: limit.reached_type.as_deref().and_then(word),
        spend_control_reached: limit.spend_control_reached,
    }
}

fn window_to_wire(window: RateLimitWindow) -> wire::RateLimitWindow {
    #[expect(clippy::cast_possible_truncation, reason = "saturates; a percentage fits")]
    let used_percent = window.used_percent.round() as i32;
    wire::RateLimitWindow {
        used_percent,
        resets_at: window.resets_at,
        window_duration_mins: window.window_minutes,
    }
}

fn reset_credits_to_wire(found: ResetCredits) -> wire::RateLimitResetCreditsSummary {
    let credit = |credit: ResetCredit| wire::RateLimitResetCredit {
        id: credit.id,
        granted_at: credit.granted_at,
        expires_at: credit.expires_at,
        reset_type: match credit.reset_type.as_str() {
            "codex_rate_limits" => wire::RateLimitResetType::CodexRateLimits,
            _ => wire::RateLimitResetType::Unknown,
        },
        status: word(&credit.status).unwrap_or(wire::RateLimitResetCreditStatus::Unknown),
        title: credit.title,
        description: credit.description,
    };
    wire::RateLimitResetCreditsSummary {
        available_count: found.available_count,
        credits: found
            .credits
            .map(|credits| credits.into_iter().map(credit).collect()),
    }
}

/// What became of a reset credit.
pub(crate) fn outcome_to_wire(outcome: ConsumeOutcome) -> wire::ConsumeAccountRateLimitResetCreditOutcome {
    use wire::ConsumeAccountRateLimitResetCreditOutcome as Outcome;
    match outcome {
        ConsumeOutcome::Reset => Outcome::Reset,
        ConsumeOutcome::NothingToReset => Outcome::NothingToReset,
        ConsumeOutcome::NoCredit => Outcome::NoCredit,
        ConsumeOutcome::AlreadyRedeemed => Outcome::AlreadyRedeemed,
    }
}

/// Tokens of the account.
pub(crate) fn token_usage_to_wire(usage: TokenUsage) -> wire::GetAccountTokenUsageResponse {
    let day = |day: codex_core::backend::DailyUsage| wire::AccountTokenUsageDailyBucket {
        start_date: day.start_date,
        tokens: day.tokens,
    };
    wire::GetAccountTokenUsageResponse {
        summary: wire::AccountTokenUsageSummary {
            current_streak_days: usage.current_streak_days,
            lifetime_tokens: usage.lifetime_tokens,
            longest_running_turn_sec: usage.longest_running_turn_sec,
            longest_streak_days: usage.longest_streak_days,
            peak_daily_tokens: usage.peak_daily_tokens,
        },
        daily_usage_buckets: usage
            .daily_usage_buckets
            .map(|days| days.into_iter().map(day).collect()),
        thread_usage: None,
    }
}

/// What a thread cost.
pub(crate) fn thread_usage_to_wire(usage: ThreadUsage) -> wire::GetAccountTokenUsageResponse {
    let group = |group: codex_core::backend::ThreadUsageGroup| wire::ThreadUsageBreakdownGroup {
        estimated_usage_credits_micros: group.estimated_usage_credits_micros,
        cached_input_tokens: group.cached_input_tokens,
        input_tokens: group.input_tokens,
        model: group.model,
        net_new_input_tokens: group.net_new_input_tokens,
        output_tokens: group.output_tokens,
        reasoning_effort: group.reasoning_effort,
        speed: group.speed,
        total_tokens: group.total_tokens,
    };
    wire::GetAccountTokenUsageResponse {
        summary: wire::AccountTokenUsageSummary::default(),
        daily_usage_buckets: None,
        thread_usage: Some(wire::ThreadUsage {
            thread_id: usage.thread_id,
            estimated_usage_credits_micros: usage.estimated_usage_credits_micros,
            groups: usage.groups.into_iter().map(group).collect(),
            estimated_usage_usd_micros: usage.estimated_usage_usd_micros,
            native_usage_usd_micros: usage.native_usage_usd_micros,
        }),
    }
}

/// Messages of the workspace.
pub(crate) fn messages_to_wire(
    messages: Option<Vec<WorkspaceMessage>>,
) -> wire::GetWorkspaceMessagesResponse {
    let message = |message: WorkspaceMessage| wire::WorkspaceMessage {
        message_body: message.body,
        message_id: message.id,
        message_type: word(&message.kind).unwrap_or(wire::WorkspaceMessageType::Unknown),
        archived_at: message.archived_at,
        created_at: message.created_at,
    };
    wire::GetWorkspaceMessagesResponse {
        feature_enabled: messages.is_some(),
        messages: messages.unwrap_or_default().into_iter().map(message).collect(),
    }
}

/// What became of a letter.
pub(crate) fn nudge_to_wire(outcome: NudgeOutcome) -> wire::SendAddCreditsNudgeEmailResponse {
    wire::SendAddCreditsNudgeEmailResponse {
        status: match outcome {
            NudgeOutcome::Sent => wire::AddCreditsNudgeEmailStatus::Sent,
            NudgeOutcome::CooldownActive => wire::AddCreditsNudgeEmailStatus::CooldownActive,
        },
    }
}

/// What the user should do.
pub(crate) fn notice_to_wire(notice: Option<SecurityNotice>) -> wire::GetAccountSecuritySetupResponse {
    wire::GetAccountSecuritySetupResponse {
        notice: notice.map(|notice| wire::AccountSecuritySetupNotice {
            account_id: notice.account_id,
            action: wire::AccountSecuritySetupAction {
                label: notice.action_label,
                url: notice.action_url,
            },
            description: notice.description,
            title: notice.title,
            user_id: notice.user_id,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_plan_of_the_contract_is_known_and_others_are_unknown() {
        assert_eq!(
            plan_to_wire("self_serve_business_usage_based"),
            wire::PlanType::SelfServeBusinessUsageBased
        );
        assert_eq!(plan_to_wire("ent26"), wire::PlanType::Ent26);
        assert_eq!(plan_to_wire("of tomorrow"), wire::PlanType::Unknown);
        assert_eq!(plan_to_wire(""), wire::PlanType::Unknown);
    }
}
