//! The account backend: what it is asked, and what becomes of its answers.

use std::sync::Arc;
use std::time::Duration;

use codex_core::auth::{AuthEnvironment, AuthManager, AuthOptions, AuthSettings, Secret};
use codex_core::backend::{
    Backend, ConsumeOutcome, DailyUsage, NudgeOutcome, ResetCredit, ResetCredits, SecurityNotice, TokenUsage,
    WorkspaceMessage,
};
use codex_core::model::RateLimitWindow;
use codex_core::{Error, Field, ThreadId};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::auth::environment;
use crate::authority::{Authority, Reply, Tokens};

struct Fixture {
    authority: Authority,
    _home: TempDir,
    auth: Arc<AuthManager>,
    backend: Arc<Backend>,
    tokens: Tokens,
}

/// A backend below this path, with a signed-in account.
fn fixture_at(path: &str) -> Fixture {
    let (authority, home) = (Authority::start(), tempfile::tempdir().unwrap());
    let tokens = authority.issue("ws");
    Authority::write_auth_json(home.path(), &tokens);
    let auth = AuthManager::with_options(AuthOptions {
        codex_home: home.path().to_owned(),
        settings: Arc::new(AuthSettings::default),
        environment: AuthEnvironment {
            chatgpt_base_url: Some(format!("{}{path}", authority.url())),
            ..environment(&authority)
        },
    });
    let backend = Backend::new(Arc::clone(&auth));
    backend.identify("tests/1");
    Fixture {
        authority,
        _home: home,
        auth,
        backend,
        tokens,
    }
}

fn fixture() -> Fixture {
    fixture_at("/backend-api/")
}

fn usage() -> Value {
    let window = |used: i64, seconds: i64| json!({"used_percent": used, "limit_window_seconds": seconds, "reset_after_seconds": 1, "reset_at": 1_900_000_000});
    json!({
        "plan_type": "pro", "account_id": "ws", "new_field": {},
        "rate_limit": {
            "allowed": true, "limit_reached": false,
            "primary_window": window(12, 18_001), "secondary_window": window(50, 604_800),
        },
        "credits": {"has_credits": true, "unlimited": false, "balance": "12.5"},
        "additional_rate_limits": [
            {"limit_name": "Other", "metered_feature": "codex_other", "rate_limit": {"primary_window": window(3, 3600)}},
        ],
        "spend_control": {"reached": false, "individual_limit": {
            "limit": "100", "used": "20", "remaining_percent": 80, "reset_at": 1_900_000_001,
        }},
        "rate_limit_reached_type": {"type": "rate_limit_reached"},
        "rate_limit_reset_credits": {"available_count": 2},
    })
}

#[tokio::test]
async fn limits_come_with_windows_credits_and_reset_credits_in_both_styles_of_address() {
    for (path, style) in [
        ("/backend-api/", "/backend-api/wham"),
        ("/elsewhere", "/elsewhere/api/codex"),
    ] {
        let f = fixture_at(path);
        f.authority
            .always(&format!("GET {style}/usage"), Reply::new(200, usage()));
        let credit = json!({"id": "c", "reset_type": "codex_rate_limits", "status": "available",
            "granted_at": "2026-11-01T00:00:00Z", "expires_at": "2026-12-01T00:00:00Z", "title": "T"});
        let details = json!({"available_count": 2, "credits": [credit]});
        f.authority.always(
            &format!("GET {style}/rate-limit-reset-credits"),
            Reply::new(200, details),
        );
        let found = f.backend.rate_limits(true).await.unwrap();
        let [main, other] = &found.limits[..] else {
            panic!("{found:?}")
        };
        let window = |used_percent, minutes| RateLimitWindow {
            used_percent,
            window_minutes: Some(minutes),
            resets_at: Some(1_900_000_000),
        };
        assert_eq!(main.limit_id.as_deref(), Some("codex"));
        assert_eq!(
            (main.primary, main.secondary),
            (Some(window(12.0, 301)), Some(window(50.0, 10_080)))
        );
        assert_eq!(main.credits.as_ref().unwrap().balance.as_deref(), Some("12.5"));
        let limit = main.individual_limit.as_ref().unwrap();
        assert_eq!(
            (limit.limit.as_str(), limit.used.as_str(), limit.remaining_percent),
            ("100", "20", 80)
        );
        assert_eq!(main.spend_control_reached, Some(false));
        assert_eq!(main.reached_type.as_deref(), Some("rate_limit_reached"));
        assert_eq!(
            (other.limit_id.as_deref(), other.limit_name.as_deref()),
            (Some("codex_other"), Some("Other"))
        );
        assert_eq!((other.primary, other.secondary), (Some(window(3.0, 60)), None));
        assert_eq!((other.plan_type.as_deref(), &other.credits), (Some("pro"), &None));
        let credit = ResetCredit {
            id: "c".to_owned(),
            reset_type: "codex_rate_limits".to_owned(),
            status: "available".to_owned(),
            granted_at: 1_793_491_200,
            expires_at: Some(1_796_083_200),
            title: Some("T".to_owned()),
            description: None,
        };
        assert_eq!(
            found.reset_credits,
            Some(ResetCredits {
                available_count: 2,
                credits: Some(vec![credit])
            })
        );
        assert_eq!(found.account_id.as_deref(), Some("ws"));

        let seen = &f.authority.seen(&format!("GET {style}/usage"))[0].headers;
        assert_eq!(seen["user-agent"], "tests/1");
        assert_eq!(seen["chatgpt-account-id"], "ws");
        assert_eq!(seen["authorization"], format!("Bearer {}", f.tokens.access));
        assert!(!seen.contains_key("originator"));
    }
}

#[tokio::test]
async fn limits_without_anything_but_a_plan_are_limits() {
    let f = fixture();
    f.authority.always(
        "GET /backend-api/wham/usage",
        Reply::new(200, json!({"plan_type": "new"})),
    );
    let found = f.backend.rate_limits(false).await.unwrap();
    assert_eq!(found.limits.len(), 1);
    assert_eq!(found.limits[0].plan_type.as_deref(), Some("new"));
    assert_eq!(found.reset_credits, None);
    assert!(
        f.authority
            .seen("GET /backend-api/wham/rate-limit-reset-credits")
            .is_empty()
    );
}

#[tokio::test]
async fn missing_details_of_reset_credits_do_not_hide_the_limits() {
    let f = fixture();
    f.authority
        .always("GET /backend-api/wham/usage", Reply::new(200, usage()));
    let found = f.backend.rate_limits(true).await.unwrap();
    assert_eq!(
        found.reset_credits,
        Some(ResetCredits {
            available_count: 2,
            credits: None
        })
    );
}

#[tokio::test]
async fn failures_of_the_backend_are_told_whole() {
    let f = fixture();
    let url = format!("{}/backend-api/wham/usage", f.authority.url());
    for (reply, words) in [
        (
            Reply::new(500, json!({"a": 1})),
            format!(
                "GET {url} failed: 500 Internal Server Error; content-type=application/json; body={{\"a\":1}}"
            ),
        ),
        (
            Reply::new(200, json!({})),
            format!("Decode error for {url}: missing field `plan_type`"),
        ),
    ] {
        f.authority.script("GET /backend-api/wham/usage", [reply]);
        let error = f.backend.rate_limits(false).await.unwrap_err();
        assert!(matches!(error, Error::Internal(_)));
        let error = error.to_string();
        assert!(
            error.starts_with(&format!("failed to fetch codex rate limits: {words}")),
            "{error}"
        );
        assert!(!error.contains(&f.tokens.access));
    }
}

#[tokio::test]
async fn only_a_chatgpt_account_is_asked_for() {
    let f = fixture();
    f.auth.logout().await.unwrap().await;
    let refused = async || {
        let thread = ThreadId::new();
        [
            f.backend.rate_limits(true).await.unwrap_err(),
            f.backend.token_usage().await.unwrap_err(),
            f.backend.thread_usage(thread).await.unwrap_err(),
            f.backend.workspace_messages().await.unwrap_err(),
            f.backend.send_add_credits_nudge("credits").await.unwrap_err(),
            f.backend.consume_reset_credit("k", None).await.unwrap_err(),
        ]
    };
    let words = [
        "to read rate limits",
        "to read token usage",
        "to read token usage",
        "to read workspace messages",
        "to notify workspace owner",
        "for rate limit reset credits",
    ];
    let expected = |signed_in| words.map(|purpose| Error::ChatgptRequired { signed_in, purpose });
    assert_eq!(refused().await, expected(false));
    f.auth.login_with_api_key(&Secret::new("k")).await.unwrap();
    assert_eq!(refused().await, expected(true));
    assert_eq!(f.backend.security_notice().await, None);
    assert_eq!(f.backend.workspace(Duration::from_secs(5)).await, None);
    assert_eq!(f.authority.all_seen().len(), 1, "only the logout's revocation");
}

#[tokio::test]
async fn a_401_of_the_backend_is_recovered_from() {
    let f = fixture();
    f.authority.always(
        "GET /backend-api/wham/profiles/me",
        Reply::new(200, json!({"stats": {}})),
    );
    f.authority.script(
        "GET /backend-api/wham/profiles/me",
        [Reply::new(401, json!({})), Reply::new(401, json!({}))],
    );
    assert_eq!(f.backend.token_usage().await.unwrap(), TokenUsage::default());
    assert_eq!(f.authority.refreshes().len(), 1);
}

#[tokio::test]
async fn token_usage_has_a_summary_and_days() {
    let f = fixture();
    let stats = json!({
        "lifetime_tokens": 10, "peak_daily_tokens": 5, "longest_running_turn_sec": 7, "current_streak_days": 1,
        "longest_streak_days": 2, "daily_usage_buckets": [{"start_date": "2026-11-01", "tokens": 5}],
    });
    f.authority.always(
        "GET /backend-api/wham/profiles/me",
        Reply::new(200, json!({"stats": stats})),
    );
    let expected = TokenUsage {
        lifetime_tokens: Some(10),
        peak_daily_tokens: Some(5),
        longest_running_turn_sec: Some(7),
        current_streak_days: Some(1),
        longest_streak_days: Some(2),
        daily_usage_buckets: Some(vec![DailyUsage {
            start_date: "2026-11-01".to_owned(),
            tokens: 5,
        }]),
    };
    assert_eq!(f.backend.token_usage().await.unwrap(), expected);
}

#[tokio::test]
async fn the_usage_of_a_thread_is_found_by_its_id() {
    let f = fixture();
    let route = "POST /backend-api/wham/usage/thread_usage/query";
    let thread = ThreadId::new();
    let ours = json!({"thread_id": thread.to_string(), "estimated_usage_credits_micros": 5,
        "groups": [{"model": "m", "estimated_usage_credits_micros": 1, "total_tokens": 6}]});
    f.authority.script(
        route,
        [Reply::new(
            200,
            json!({"threads": [{"thread_id": "other"}, ours]}),
        )],
    );
    let usage = f.backend.thread_usage(thread).await.unwrap();
    assert_eq!(
        (usage.estimated_usage_credits_micros, usage.groups[0].total_tokens),
        (5, Some(6))
    );
    assert_eq!(
        f.authority.seen(route)[0].body,
        json!({"thread_ids": [thread.to_string()]})
    );
    f.authority
        .script(route, [Reply::new(200, json!({"threads": []}))]);
    let error = f.backend.thread_usage(thread).await.unwrap_err().to_string();
    assert!(error.starts_with("failed to fetch thread usage: "), "{error}");
}

#[tokio::test]
async fn reset_credits_are_used_once_per_key() {
    let f = fixture();
    let route = "POST /backend-api/wham/rate-limit-reset-credits/consume";
    for (code, outcome) in [
        ("reset", ConsumeOutcome::Reset),
        ("nothing_to_reset", ConsumeOutcome::NothingToReset),
        ("no_credit", ConsumeOutcome::NoCredit),
        ("already_redeemed", ConsumeOutcome::AlreadyRedeemed),
    ] {
        f.authority
            .script(route, [Reply::new(200, json!({"code": code}))]);
        assert_eq!(
            f.backend.consume_reset_credit("k", Some("c")).await.unwrap(),
            outcome
        );
    }
    assert_eq!(
        f.authority.seen(route)[0].body,
        json!({"redeem_request_id": "k", "credit_id": "c"})
    );
    let error = f.backend.consume_reset_credit("", None).await.unwrap_err();
    assert_eq!(error, Error::Empty(Field::IdempotencyKey));
    f.authority.script(route, [Reply::new(409, json!({}))]);
    let error = f
        .backend
        .consume_reset_credit("k", None)
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with("failed to consume rate limit reset: POST "),
        "{error}"
    );
}

#[tokio::test]
async fn workspace_messages_may_be_switched_off() {
    let f = fixture();
    let route = "GET /backend-api/wham/workspace-messages";
    f.authority.script(route, [Reply::new(404, json!({}))]);
    assert_eq!(f.backend.workspace_messages().await.unwrap(), None);
    let message = json!({"message_id": "m", "message_type": "headline", "message_body": "hi",
        "created_at": "2026-11-01T00:00:00Z"});
    f.authority
        .script(route, [Reply::new(200, json!({"messages": [message]}))]);
    let expected = WorkspaceMessage {
        id: "m".to_owned(),
        kind: "headline".to_owned(),
        body: "hi".to_owned(),
        created_at: Some(1_793_491_200),
        archived_at: None,
    };
    assert_eq!(
        f.backend.workspace_messages().await.unwrap(),
        Some(vec![expected])
    );
    f.authority.script(route, [Reply::new(500, json!({}))]);
    assert!(f.backend.workspace_messages().await.is_err());
}

#[tokio::test]
async fn the_owner_of_a_workspace_can_be_nudged() {
    let f = fixture();
    let route = "POST /backend-api/wham/accounts/send_add_credits_nudge_email";
    let replies = [200, 429, 500].map(|status| Reply::new(status, json!({})));
    f.authority.script(route, replies);
    assert_eq!(
        f.backend.send_add_credits_nudge("usage_limit").await.unwrap(),
        NudgeOutcome::Sent
    );
    assert_eq!(
        f.backend.send_add_credits_nudge("credits").await.unwrap(),
        NudgeOutcome::CooldownActive
    );
    let error = f
        .backend
        .send_add_credits_nudge("credits")
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with("failed to notify workspace owner: POST "),
        "{error}"
    );
    assert_eq!(
        f.authority.seen(route)[0].body,
        json!({"credit_type": "usage_limit"})
    );
}

#[tokio::test]
async fn a_security_notice_is_shown_if_there_is_one() {
    for path in ["/backend-api", "/elsewhere"] {
        let f = fixture_at(path);
        let route = format!("GET {path}/wham/security-setup");
        f.authority.script(
            &route,
            [
                Reply::new(500, json!({})),
                Reply::new(200, json!({"notice": null})),
            ],
        );
        assert_eq!(f.backend.security_notice().await, None);
        assert_eq!(f.backend.security_notice().await, None);
        let notice = json!({"title": "t", "description": "d", "action": {"label": "l", "url": "https://u"}});
        f.authority
            .script(&route, [Reply::new(200, json!({"notice": notice}))]);
        let expected = SecurityNotice {
            account_id: "ws".to_owned(),
            user_id: "user-ws".to_owned(),
            title: "t".to_owned(),
            description: "d".to_owned(),
            action_label: "l".to_owned(),
            action_url: "https://u".to_owned(),
        };
        assert_eq!(f.backend.security_notice().await, Some(expected));
    }
}

#[tokio::test]
async fn the_workspace_is_asked_for_once_and_unknown_when_that_fails() {
    let f = fixture();
    let route = "GET /backend-api/wham/accounts/check";
    let patience = Duration::from_secs(20);
    f.authority
        .script(route, [Reply::new(500, json!({})), Reply::new(401, json!({}))]);
    assert_eq!(f.backend.workspace(patience).await, None);
    assert_eq!(f.backend.workspace(patience).await, None);
    let (first, second) = tokio::join!(f.backend.workspace(patience), f.backend.workspace(patience));
    let found = first.unwrap();
    assert_eq!(second, Some(found.clone()));
    assert_eq!(found.name.as_deref(), Some("Workspace"));
    assert_eq!(found.routing.backend_origin, "https://backend.example.com");
    assert_eq!(f.authority.seen(route).len(), 3);
}

#[tokio::test]
async fn a_slow_backend_does_not_keep_anybody_waiting_for_the_workspace() {
    let f = fixture();
    let route = "GET /backend-api/wham/accounts/check";
    f.authority.hold(route);
    assert_eq!(f.backend.workspace(Duration::from_millis(50)).await, None);
    f.authority.release(route);
    assert!(f.backend.workspace(Duration::from_secs(20)).await.is_some());
    assert_eq!(f.authority.seen(route).len(), 1);
}

#[tokio::test]
async fn credentials_do_not_follow_a_redirect() {
    let other = Authority::start();
    let f = fixture();
    let to = |path: &str| Reply::new(307, json!({})).header("location", &format!("{}{path}", other.url()));
    f.authority
        .always("GET /backend-api/wham/usage", to("/backend-api/wham/usage"));
    let error = f.backend.rate_limits(false).await.unwrap_err();
    assert!(error.to_string().contains("307"), "{error}");
    f.authority.always("POST /oauth/token", to("/oauth/token"));
    assert!(f.auth.force_refresh().await.is_err());
    assert!(other.all_seen().is_empty());
}
